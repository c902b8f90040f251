//! From what a person writes to numbers.

use std::collections::BTreeMap;

use enigma_bytecode::model::Enum;
use enigma_bytecode::values::{limb_bits, limbs};
use enigma_wire::id::Address;
use enigma_wire::output::PublicValue;
use serde_json::{Number, Value as Json};

use super::decimal::{self, NotDecimal};
use super::{Field, Layout, ValueError, What, listed, pieces};

impl Field {
    /// The numbers of a text, one for each of the field's columns. Where it may be missing, an empty text is nothing.
    ///
    /// # Errors
    /// What is wrong with the text.
    pub fn read(&self, text: &str) -> Result<Vec<i64>, ValueError> {
        match self.is_optional {
            true if text.is_empty() => Ok(self.missing()),
            true => Ok([vec![1], self.read_content(text)?].concat()),
            false => self.read_content(text),
        }
    }

    /// That it is not there, and numbers in their ranges in place of it.
    fn missing(&self) -> Vec<i64> {
        let content = match &self.what {
            What::Integer { low, high } | What::Decimal { low, high, .. } => {
                vec![0.clamp(*low, (*low).max(*high))]
            }
            What::Pieces(len) => limb_bits(*len).map(|_| 0).collect(),
            What::Truth | What::Name(_) | What::Bytes(_) | What::Account | What::Member(_) => {
                vec![0]
            }
        };
        [vec![0], content].concat()
    }

    fn read_content(&self, text: &str) -> Result<Vec<i64>, ValueError> {
        match &self.what {
            What::Integer { low, high } => self.whole(text, *low, *high).map(|number| vec![number]),
            What::Truth => self.truth(text).map(|number| vec![number]),
            What::Decimal {
                fraction,
                low,
                high,
            } => {
                let number = self.decimal(text, *fraction, (*low, *high))?;
                Ok(vec![number])
            }
            What::Name(of) => self.name(text, of).map(|number| vec![number]),
            What::Pieces(len) => match pieces::parse(text, *len) {
                Ok(bytes) => Ok(limbs(&bytes, *len)),
                Err(why) => Err(self.wrong(format!("{}: {why}", self.name))),
            },
            What::Bytes(_) | What::Account | What::Member(_) => {
                Err(self.wrong(format!("{} cannot be given", self.name)))
            }
        }
    }

    /// The values of a text that everyone may see, one for each of the field's columns: also bytes and accounts.
    ///
    /// # Errors
    /// What is wrong with the text.
    pub fn read_public(&self, text: &str) -> Result<Vec<PublicValue>, ValueError> {
        let there = |is_there: i64| vec![PublicValue::Number(is_there)];
        match (self.is_optional, &self.what) {
            (false, _) => self.read_public_content(text),
            (true, _) if !text.is_empty() => {
                Ok([there(1), self.read_public_content(text)?].concat())
            }
            (true, What::Bytes(_)) => Ok([there(0), vec![PublicValue::Bytes(Vec::new())]].concat()),
            (true, What::Account) => {
                let nobody = PublicValue::Bytes(Address::default().0.to_vec());
                Ok([there(0), vec![nobody]].concat())
            }
            (true, _) => Ok(self
                .missing()
                .into_iter()
                .map(PublicValue::Number)
                .collect()),
        }
    }

    fn read_public_content(&self, text: &str) -> Result<Vec<PublicValue>, ValueError> {
        let digits = text.strip_prefix("0x");
        let bytes = match digits.map(hex::decode) {
            Some(Ok(bytes)) => bytes,
            Some(Err(_)) if matches!(self.what, What::Bytes(_) | What::Account) => {
                return Err(self.wrong(format!("{text} is no bytes in hexadecimal")));
            }
            _ => text.as_bytes().to_vec(),
        };
        let is_right = match self.what {
            What::Bytes(most) => bytes.len() <= most as usize,
            What::Account => digits.is_some() && bytes.len() == Address::default().0.len(),
            _ => {
                let numbers = self.read_content(text)?.into_iter();
                return Ok(numbers.map(PublicValue::Number).collect());
            }
        };
        match is_right {
            true => Ok(vec![PublicValue::Bytes(bytes)]),
            false => Err(self.wrong(format!("{text:?} has a wrong length"))),
        }
    }

    fn truth(&self, text: &str) -> Result<i64, ValueError> {
        match text.to_lowercase().as_str() {
            "yes" | "true" | "1" => Ok(1),
            "no" | "false" | "0" => Ok(0),
            _ => Err(self.wrong(format!("{text:?} is neither yes nor no"))),
        }
    }

    fn whole(&self, text: &str, low: i64, high: i64) -> Result<i64, ValueError> {
        let digits = text.strip_prefix(['-', '+']).unwrap_or(text);
        if text.is_empty() {
            return Err(self.wrong(format!("{} is empty", self.name)));
        }
        if digits.is_empty() || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
            let fraction = text.parse::<f64>().is_ok_and(f64::is_finite);
            let mut error = self.wrong(format!("{text:?} is not a whole number"));
            error.expected += if fraction {
                "; use the smallest unit, for example cents, instead of a fraction"
            } else {
                ", written with digits only"
            };
            return Err(error);
        }
        match text.parse::<i64>() {
            Ok(value) if (low..=high).contains(&value) => Ok(value),
            Ok(value) => Err(self.beyond(&value.to_string(), value < low)),
            // More digits than 64 bits hold are above or below every range.
            Err(_) => Err(self.beyond(text, text.starts_with('-'))),
        }
    }

    fn decimal(
        &self,
        text: &str,
        fraction: u8,
        (low, high): (i64, i64),
    ) -> Result<i64, ValueError> {
        if text.is_empty() {
            return Err(self.wrong(format!("{} is empty", self.name)));
        }
        let scaled = decimal::scaled(text, fraction).map_err(|why| match why {
            NotDecimal::NotNumber => {
                let mut error = self.wrong(format!("{text:?} is not a number"));
                error.expected += ", written with digits and a point, like 12.5";
                error
            }
            NotDecimal::TooLong => self.wrong(format!("{text} has too many digits")),
        })?;
        match i64::try_from(scaled) {
            Ok(number) if (low..=high).contains(&number) => Ok(number),
            _ => Err(self.beyond(text, scaled < i128::from(low))),
        }
    }

    /// A number that the column cannot hold.
    fn beyond(&self, text: &str, below: bool) -> ValueError {
        let (least, most, low) = match &self.what {
            What::Integer { low, high } => (low.to_string(), high.to_string(), *low),
            What::Decimal {
                fraction,
                low,
                high,
            } => {
                let text = |scaled: i64| decimal::text(scaled, *fraction);
                (text(*low), text(*high), *low)
            }
            _ => (String::new(), String::new(), 0),
        };
        match below {
            true if low >= 0 && text.starts_with('-') => self.wrong(format!("{text} is negative")),
            true => self.wrong(format!("{text} is below {least}")),
            false => self.wrong(format!(
                "{text} is above {most}, the most the contract allows"
            )),
        }
    }

    fn name(&self, text: &str, of: &Enum) -> Result<i64, ValueError> {
        let name = match text.split_once("::") {
            Some((enumeration, name)) if enumeration == of.name => name,
            _ => text,
        };
        let place = of.variants.iter().position(|known| known == name);
        let place = place.and_then(|place| i64::try_from(place).ok());
        place.ok_or_else(|| self.wrong(format!("{text:?} is no name of {}", of.name)))
    }

    /// The numbers of a value in JSON that is neither object nor list.
    fn read_json(&self, value: &Json) -> Result<Vec<i64>, ValueError> {
        let is_text = matches!(self.what, What::Pieces(_) | What::Name(_));
        match value {
            Json::String(text) => self.read(text),
            Json::Bool(_) if self.what == What::Truth => self.read(&value.to_string()),
            Json::Number(number) if number.is_f64() && !is_text => self.read_double(number),
            Json::Number(number) if !is_text => self.read(&number.to_string()),
            Json::Null if self.is_optional => Ok(self.missing()),
            Json::Null => Err(self.wrong(format!("{} is null", self.name))),
            other => Err(self.wrong(format!("{}: {other} is of another kind", self.name))),
        }
    }

    /// A number of JSON with a point, an exponent or more digits than 64 bits hold, of which a reader may have lost the
    /// last digits: 49999.99999999999999999 arrives as 50000.
    fn read_double(&self, number: &Number) -> Result<Vec<i64>, ValueError> {
        if !matches!(self.what, What::Decimal { .. }) {
            let mut error = self.wrong(format!(
                "{}: a JSON number with a point, an exponent or too many digits is not exact",
                self.name
            ));
            error.expected += ", written with digits only";
            return Err(error);
        }
        // The shortest decimal that is this number, never with an exponent.
        let text = number.as_f64().unwrap_or(f64::NAN).to_string();
        if !decimal::is_json(&text) {
            let mut error = self.wrong(format!("{text} has more digits than a JSON number keeps"));
            error.expected += "; write it in quotes";
            return Err(error);
        }
        self.read(&text)
    }
}

impl Layout {
    /// The numbers of texts by field, in the fields' order.
    ///
    /// # Errors
    /// What is wrong with the first that is.
    pub fn read(&self, texts: &[impl AsRef<str>]) -> Result<Vec<i64>, ValueError> {
        let named = self.fields.iter().zip(texts);
        let named = named.map(|(field, text)| (field.name.clone(), text.as_ref().to_owned()));
        self.read_named(&named.collect::<Vec<_>>())
    }

    /// The numbers of texts by field name, in any order.
    ///
    /// # Errors
    /// A name that no field has, that stands twice or is missing; else what is wrong with a text.
    pub fn read_named(&self, texts: &[(String, String)]) -> Result<Vec<i64>, ValueError> {
        let texts = texts.iter().map(|(name, text)| (name.clone(), text));
        self.gather(texts, |field, text| field.read(text))
    }

    /// As [`Layout::read_named`], of values that everyone may see.
    ///
    /// # Errors
    /// The same.
    pub fn read_public(&self, texts: &[(String, String)]) -> Result<Vec<PublicValue>, ValueError> {
        let texts = texts.iter().map(|(name, text)| (name.clone(), text));
        self.gather(texts, |field, text| field.read_public(text))
    }

    /// The numbers of a row in JSON: an object by field name, in which `{"face": [1, 2]}` is the same as
    /// `{"face.0": 1, "face.1": 2}`. Of a single field that is the whole the value alone will do.
    ///
    /// # Errors
    /// As [`Layout::read_named`].
    pub fn read_json(&self, value: &Json) -> Result<Vec<i64>, ValueError> {
        if let ([only], false) = (&self.fields[..], value.is_object())
            && only.path.is_empty()
        {
            return only.read_json(value);
        }
        let mut leaves = Vec::new();
        flatten(None, value, &mut leaves);
        self.gather(leaves.into_iter(), |field, value| field.read_json(value))
    }

    fn gather<T, N>(
        &self,
        given: impl Iterator<Item = (String, T)>,
        read: impl Fn(&Field, T) -> Result<Vec<N>, ValueError>,
    ) -> Result<Vec<N>, ValueError> {
        let expected = || format!("a row has the values {}", listed(&self.names()));
        let wrong = |message: String| ValueError {
            message,
            expected: expected(),
        };
        let mut by_name = BTreeMap::new();
        for (name, value) in given {
            if !self.fields.iter().any(|field| field.name == name) {
                return Err(wrong(match name.is_empty() {
                    true => "this is no row of several values".to_owned(),
                    false => format!("{name:?} is unknown"),
                }));
            }
            if by_name.insert(name.clone(), value).is_some() {
                return Err(wrong(format!("{name:?} is given twice")));
            }
        }
        let mut numbers = Vec::with_capacity(self.columns);
        for field in &self.fields {
            let value = by_name.remove(&field.name);
            let value = value.ok_or_else(|| wrong(format!("{:?} is missing", field.name)))?;
            numbers.extend(read(field, value)?);
        }
        Ok(numbers)
    }
}

/// What is in objects and lists, by the way to it from the whole. Those in which nothing is are leaves themselves, so
/// that their names are looked at.
fn flatten<'a>(way: Option<&str>, value: &'a Json, leaves: &mut Vec<(String, &'a Json)>) {
    let below = |part: &str| match way {
        None => part.to_owned(),
        Some(way) => format!("{way}.{part}"),
    };
    match (value, way) {
        (Json::Object(parts), _) if !parts.is_empty() => {
            for (part, value) in parts {
                flatten(Some(&below(part)), value, leaves);
            }
        }
        (Json::Array(parts), _) if !parts.is_empty() => {
            for (place, value) in parts.iter().enumerate() {
                flatten(Some(&below(&place.to_string())), value, leaves);
            }
        }
        // An empty whole: every value of it is missing.
        (Json::Object(_) | Json::Array(_), None) => {}
        (leaf, way) => leaves.push((way.unwrap_or_default().to_owned(), leaf)),
    }
}
