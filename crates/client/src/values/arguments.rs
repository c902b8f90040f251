//! The public parameters of an entry, from what a person writes.

use enigma_bytecode::model::{Contract, Param};
use enigma_wire::arguments::Arguments;

use super::{Field, Layout, ValueError, listed};

/// The arguments of an entry from texts by name: of a parameter that consists of several values, as in rows, the name
/// of each after the parameter's, like `from.city`.
///
/// # Errors
/// A name that no parameter has, that stands twice or is missing; a parameter that is private; else what is wrong with a
/// text.
pub fn read(
    contract: &Contract,
    entry: usize,
    texts: &[(String, String)],
) -> Result<Arguments, ValueError> {
    let params = contract.entries.get(entry).map_or(&[][..], |e| &e.params);
    let public = || params.iter().filter(|param| !param.private);
    let stray = |name: &str| !public().any(|param| part(param, name).is_some());
    if let Some((name, _)) = texts.iter().find(|(name, _)| stray(name)) {
        let names: Vec<&str> = public().map(|param| param.name.as_str()).collect();
        return Err(ValueError {
            message: format!("there is no public parameter {name:?}"),
            expected: match names.is_empty() {
                true => "the entry takes none".to_owned(),
                false => format!("the entry takes {}", listed(&names)),
            },
        });
    }
    let read = |param: &Param| {
        if param.private {
            return Ok(Vec::new());
        }
        let own = texts.iter().filter_map(|(name, text)| {
            let name = part(param, name)?;
            Some((name.to_owned(), text.clone()))
        });
        let own: Vec<(String, String)> = own.collect();
        let layout = Layout::new(contract, &param.columns, &param.name);
        if own.is_empty() {
            let expected: Vec<String> = layout.fields().iter().map(Field::expected).collect();
            return Err(ValueError {
                message: format!("the parameter {:?} is missing", param.name),
                expected: listed(&expected),
            });
        }
        layout.read_public(&own)
    };
    params.iter().map(read).collect()
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

    const GOOD: [(&str, &str); 5] = [
        ("from.active", "yes"),
        ("limit", "-2"),
        ("digest", "0x00ff"),
        ("from.dose", "2.5"),
        ("who", "0x0101010101010101010101010101010101010101"),
    ];

    fn read_all(texts: &[(&str, &str)]) -> Result<Arguments, String> {
        let texts = texts
            .iter()
            .map(|(name, text)| (String::from(*name), String::from(*text)));
        read(&contract(), 0, &texts.collect::<Vec<_>>()).map_err(|error| error.to_string())
    }

    #[test]
    fn parameters_are_read_by_name_in_any_order() {
        let expected = vec![
            vec![Number(-2)],
            vec![],
            vec![Number(5), Number(1)],
            vec![Bytes(vec![0, 255])],
            vec![Bytes(vec![1; 20])],
        ];
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
                "1",
                "there is no public parameter \"secret\"; the entry takes limit, from",
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
        assert!(without("from.dose").contains("\"dose\" is missing"));
        let twice = [&GOOD[..], &[("limit", "1")]].concat();
        assert!(read_all(&twice).expect_err("twice").contains("given twice"));
    }
}
