//! JSON as people write a row: every name of an object once.

use std::fmt;

use serde::de::{Deserialize, Deserializer, Error, MapAccess, SeqAccess, Visitor};
use serde_json::{Map, Number, Value};

/// One value in JSON, and nothing after it. Readers of JSON commonly take the last of two values with the same name: of a
/// row nobody could say which was meant.
///
/// # Errors
/// When it is no JSON, or an object has a name twice.
pub fn parse(text: &str) -> Result<Value, serde_json::Error> {
    serde_json::from_str(text).map(|Unique(value)| value)
}

struct Unique(Value);

impl<'de> Deserialize<'de> for Unique {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(UniqueVisitor).map(Unique)
    }
}

struct UniqueVisitor;

impl<'de> Visitor<'de> for UniqueVisitor {
    type Value = Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a value in JSON")
    }

    fn visit_unit<E>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_bool<E>(self, truth: bool) -> Result<Value, E> {
        Ok(Value::Bool(truth))
    }

    fn visit_i64<E>(self, number: i64) -> Result<Value, E> {
        Ok(Value::Number(number.into()))
    }

    fn visit_u64<E>(self, number: u64) -> Result<Value, E> {
        Ok(Value::Number(number.into()))
    }

    fn visit_f64<E: Error>(self, number: f64) -> Result<Value, E> {
        let number = Number::from_f64(number);
        number
            .map(Value::Number)
            .ok_or_else(|| E::custom("a number is not finite"))
    }

    fn visit_str<E>(self, text: &str) -> Result<Value, E> {
        Ok(Value::String(text.to_owned()))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut parts: A) -> Result<Value, A::Error> {
        let mut list = Vec::new();
        while let Some(Unique(value)) = parts.next_element()? {
            list.push(value);
        }
        Ok(Value::Array(list))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut parts: A) -> Result<Value, A::Error> {
        let mut object = Map::new();
        while let Some(name) = parts.next_key::<String>()? {
            if object.contains_key(&name) {
                return Err(A::Error::custom(format!("{name:?} is given twice")));
            }
            let Unique(value) = parts.next_value()?;
            object.insert(name, value);
        }
        Ok(Value::Object(object))
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn json_is_read_as_it_stands() {
        let value = json!({
            "none": null, "yes": true, "low": i64::MIN, "high": u64::MAX, "point": -12.5, "text": "Z\u{fc}rich \n",
            "list": [1, [], {}, {"a": {"a": 1}}],
        });
        assert_eq!(parse(&value.to_string()).expect("JSON"), value);
        for bad in ["", "{", "{} {}", "1 2", "nan", "1e999"] {
            assert!(parse(bad).is_err(), "{bad}");
        }
        // Deeper than a stack should go.
        assert!(parse(&"[".repeat(100_000)).is_err());
    }

    #[test]
    fn a_name_stands_once_in_its_object() {
        for (text, name) in [
            (r#"{"income": 1, "dept": "Eng", "income": 1}"#, "\"income\""),
            (
                r#"[{"home": {"city": "Bern", "city": "Basel"}}]"#,
                "\"city\"",
            ),
            (r#"{"a": 1, "\u0061": 2}"#, "\"a\""),
        ] {
            let error = parse(text).expect_err("twice").to_string();
            assert!(
                error.starts_with(&format!("{name} is given twice")),
                "{error}"
            );
        }
    }
}
