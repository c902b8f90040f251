//! The parameters of an entry, from what a person writes.

use std::fmt;

use enigma_bytecode::model::{Contract, Param};
use enigma_wire::output::PublicValue;
use zeroize::Zeroizing;

use super::{Field, Layout, ValueError, listed};

/// What a caller gives an entry.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct GivenArguments {
    /// By parameter, the values of its columns; none for a private one.
    pub public: Vec<Vec<PublicValue>>,
    /// The values of all columns of the private ones, in the entry's order.
    pub private: Zeroizing<Vec<i64>>,
}

/// How many secrets there are, not which.
impl fmt::Debug for GivenArguments {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("GivenArguments")
            .field("public", &self.public)
            .field("private", &format_args!("<{} values>", self.private.len()))
            .finish()
    }
}

/// The arguments of an entry from texts by name: of a parameter that consists of several values, as in rows, the name
/// of each after the parameter's, like `from.city`.
///
/// # Errors
/// A name that no parameter has, that stands twice or is missing; else what is wrong with a text.
pub fn read(
    contract: &Contract,
    entry: usize,
    texts: &[(String, String)],
) -> Result<GivenArguments, ValueError> {
    let declared = contract.entries.get(entry);
    let params = declared.map_or(&[][..], |entry| &entry.params);
    let stray = |name: &str| !params.iter().any(|param| part(param, name).is_some());
    if let Some((name, _)) = texts.iter().find(|(name, _)| stray(name)) {
        let names: Vec<&str> = params.iter().map(|param| param.name.as_str()).collect();
        return Err(ValueError {
            message: format!("there is no parameter {name:?}"),
            expected: match names.is_empty() {
                true => "the entry takes none".to_owned(),
                false => format!("the entry takes {}", listed(&names)),
            },
        });
    }
    let private_len = declared.map_or(0, |entry| entry.private_columns().count());
    let mut given = GivenArguments {
        public: Vec::with_capacity(params.len()),
        // The capacity is exact, so no copy of a value stays behind in a smaller buffer.
        private: Zeroizing::new(Vec::with_capacity(private_len)),
    };
    for param in params {
        let own = own_texts(param, texts);
        let layout = Layout::new(contract, &param.columns, &param.name);
        if own.is_empty() {
            let expected: Vec<String> = layout.fields().iter().map(Field::expected).collect();
            return Err(ValueError {
                message: format!("the parameter {:?} is missing", param.name),
                expected: listed(&expected),
            });
        }
        let public = match param.private {
            true => {
                let values = layout.read_named(&own);
                // An error's text may come to stand where the value must not.
                let values = values.map_err(|error| ValueError {
                    message: format!(
                        "what is given for the private parameter {:?} is not what it may be",
                        param.name
                    ),
                    ..error
                });
                let values = Zeroizing::new(values?);
                given.private.extend_from_slice(&values);
                Vec::new()
            }
            false => layout.read_public(&own)?,
        };
        given.public.push(public);
    }
    Ok(given)
}

/// What is given of a parameter, by the names of its fields.
fn own_texts(param: &Param, texts: &[(String, String)]) -> Zeroizing<Vec<(String, String)>> {
    let own = texts.iter().filter_map(|(name, text)| {
        let name = part(param, name)?;
        Some((name.to_owned(), text.clone()))
    });
    Zeroizing::new(own.collect())
}

/// Which field of a parameter a name means: the whole has the parameter's name.
fn part<'a>(param: &Param, name: &'a str) -> Option<&'a str> {
    if name == param.name {
        return Some(name);
    }
    name.strip_prefix(&param.name)?.strip_prefix('.')
}

#[cfg(test)]
mod tests {
    use enigma_bytecode::model::{Column, Entry, Kind, Profile};
    use enigma_wire::output::PublicValue::{Bytes, Number};

    use super::*;

    fn column(name: &str, kind: Kind, low: i64, high: i64) -> Column {
        Column {
            name: name.to_owned(),
            kind,
            low,
            high,
        }
    }

    fn param(name: &str, private: bool, columns: Vec<Column>) -> Param {
        Param {
            name: name.to_owned(),
            private,
            columns,
        }
    }

    /// An entry that takes a number, something private, two numbers, bytes and an account.
    fn contract() -> Contract {
        let params = vec![
            param("limit", false, vec![column("", Kind::Integer, -5, 9)]),
            param("secret", true, vec![column("", Kind::Integer, 0, 9)]),
            param(
                "from",
                false,
                vec![
                    column("dose", Kind::Fixed(1), 0, 8),
                    column("active", Kind::Bool, 0, 1),
                ],
            ),
            param("digest", false, vec![column("", Kind::Bytes(4), 0, 0)]),
            param("who", false, vec![column("", Kind::Account, 0, 0)]),
        ];
        Contract {
            name: "C".to_owned(),
            version: 1,
            profile: Profile::ShamirM61V1,
            groups: Vec::new(),
            parties: Vec::new(),
            enums: Vec::new(),
            collections: Vec::new(),
            slots: Vec::new(),
            budget: None,
            manifest: Vec::new(),
            entries: vec![Entry {
                name: "run".to_owned(),
                by: None,
                params,
                code: Vec::new(),
            }],
        }
    }

    const GOOD: [(&str, &str); 6] = [
        ("secret", "7"),
        ("from.active", "yes"),
        ("limit", "-2"),
        ("digest", "0x00ff"),
        ("from.dose", "2.5"),
        ("who", "0x0101010101010101010101010101010101010101"),
    ];

    fn read_all(texts: &[(&str, &str)]) -> Result<GivenArguments, String> {
        let texts = texts
            .iter()
            .map(|(name, text)| (String::from(*name), String::from(*text)));
        read(&contract(), 0, &texts.collect::<Vec<_>>()).map_err(|error| error.to_string())
    }

    #[test]
    fn parameters_are_read_by_name_in_any_order() {
        let expected = GivenArguments {
            public: vec![
                vec![Number(-2)],
                vec![],
                vec![Number(5), Number(1)],
                vec![Bytes(vec![0, 255])],
                vec![Bytes(vec![1; 20])],
            ],
            private: Zeroizing::new(vec![7]),
        };
        assert_eq!(read_all(&GOOD), Ok(expected));
    }

    #[test]
    fn what_is_wrong_is_named() {
        let with = |name: &str, text: &str| {
            let mut texts = GOOD.to_vec();
            match texts.iter_mut().find(|(known, _)| *known == name) {
                Some(place) => place.1 = text,
                None => texts.push((name, text)),
            }
            read_all(&texts).expect_err("wrong")
        };
        for (name, text, said) in [
            ("limit", "10", "10 is above 9"),
            ("limit", "", "limit is empty"),
            (
                "secret",
                "10",
                "private parameter \"secret\" is not what it may be; secret must be a whole",
            ),
            (
                "public",
                "1",
                "there is no parameter \"public\"; the entry takes limit, secret, from",
            ),
            ("from.height", "1", "\"height\" is unknown"),
            ("digest", "0x0", "is no bytes in hexadecimal"),
            (
                "digest",
                "longer",
                "wrong length; digest must be a text of at most 4 bytes",
            ),
            ("who", "me", "wrong length; who must be an account"),
        ] {
            let error = with(name, text);
            assert!(error.contains(said), "{name} = {text}: {error}");
        }
        let without = |gone: &str| {
            let left = GOOD.iter().copied().filter(|(name, _)| *name != gone);
            read_all(&left.collect::<Vec<_>>()).expect_err("missing")
        };
        assert!(
            without("limit").contains("the parameter \"limit\" is missing; limit must be a whole")
        );
        assert!(without("secret").contains("the parameter \"secret\" is missing"));
        assert!(!with("secret", "10").contains("10"));
        assert!(without("from.dose").contains("\"dose\" is missing"));
        let twice = [&GOOD[..], &[("limit", "1")]].concat();
        assert!(read_all(&twice).expect_err("twice").contains("given twice"));
    }
}
