//! Values of the language, as the interpreter and tests have them.
//!
//! A value says itself what it is, so that messages and tests need no types beside it. Vectors are shared: a copy of one costs
//! nothing, and a change in place copies only what others still hold.

mod show;
mod typed;

use std::sync::Arc;

pub(crate) use typed::ELEMENTS_MAX;
pub use typed::Lengths;

/// A value.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Value {
    /// `true` or `false`.
    Truth(bool),
    /// A whole number.
    Number(i128),
    /// A number in fixed point: `scaled` / 2^`fraction`.
    Fixed {
        /// Bits behind the point.
        fraction: u32,
        /// In units of 2^-`fraction`.
        scaled: i128,
    },
    /// A number with a point that has not met its type yet, in units of 10^-`decimals`. Tests have them; entries do not.
    Decimal {
        /// Digits behind the point.
        decimals: u32,
        /// Without the point.
        units: i128,
    },
    /// A name of an enumeration.
    Variant {
        /// The enumeration, by index.
        of: usize,
        /// Its place.
        place: u32,
    },
    /// An account.
    Account(Account),
    /// Bytes, of `bytes` and `hash`.
    Bytes(Arc<[u8]>),
    /// A text, without the zeros that pad it.
    Text(Arc<str>),
    /// A value that may be missing.
    Maybe(Option<Arc<Value>>),
    /// A struct, by index, with its fields in order.
    Struct(usize, Arc<Vec<Value>>),
    /// Values side by side.
    Tuple(Arc<Vec<Value>>),
    /// A list, or one value per row that counts.
    List(Arc<Vec<Value>>),
    /// A place among the rows that count, from 0.
    Place(usize),
    /// A signing key: the number of the `keygen()` that made it, none before.
    Key(Option<u64>),
}

/// An account.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Account {
    /// No account: the zero of `id`.
    Nobody,
    /// A party, by index.
    Party(usize),
    /// Member k of a group, by index.
    Member(usize, u32),
    /// Somebody who is neither, by name.
    Other(Arc<str>),
    /// Who calls when nobody is named.
    Anyone,
}

impl Account {
    /// The 20 bytes that stand for it where a test leaves the interpreter: of nobody, zeros.
    #[must_use]
    pub fn address(&self) -> Vec<u8> {
        if *self == Account::Nobody {
            return vec![0; 20];
        }
        let text = format!("{self:?}");
        blake3::hash(text.as_bytes()).as_bytes()[..20].to_vec()
    }
}

impl Value {
    /// A list.
    #[must_use]
    pub fn list(items: Vec<Value>) -> Value {
        Value::List(Arc::new(items))
    }

    /// A value that is there.
    #[must_use]
    pub fn some(value: Value) -> Value {
        Value::Maybe(Some(Arc::new(value)))
    }

    /// Bytes.
    #[must_use]
    pub fn bytes(bytes: &[u8]) -> Value {
        Value::Bytes(Arc::from(bytes))
    }

    /// A text; zeros at its end are padding.
    #[must_use]
    pub fn text(bytes: &[u8]) -> Value {
        let end = bytes
            .iter()
            .rposition(|b| *b != 0)
            .map_or(0, |last| last + 1);
        let bytes = bytes.get(..end).unwrap_or(bytes);
        Value::Text(Arc::from(String::from_utf8_lossy(bytes)))
    }

    /// The number of a number, of `fix` scaled.
    #[must_use]
    pub fn number(&self) -> Option<i128> {
        match self {
            Value::Number(number) => Some(*number),
            Value::Fixed { scaled, .. } => Some(*scaled),
            _ => None,
        }
    }

    /// The truth of a truth value.
    #[must_use]
    pub fn truth(&self) -> Option<bool> {
        match self {
            Value::Truth(truth) => Some(*truth),
            _ => None,
        }
    }

    /// The elements of a list, or of one value per row.
    #[must_use]
    pub fn elements(&self) -> Option<&[Value]> {
        match self {
            Value::List(items) => Some(items),
            _ => None,
        }
    }

    /// The parts of a list, a struct or a tuple.
    #[must_use]
    pub fn parts(&self) -> Option<&[Value]> {
        match self {
            Value::List(parts) | Value::Struct(_, parts) | Value::Tuple(parts) => Some(parts),
            _ => None,
        }
    }

    /// The same, to change them.
    pub(crate) fn parts_mut(&mut self) -> Option<&mut Vec<Value>> {
        match self {
            Value::List(parts) | Value::Struct(_, parts) | Value::Tuple(parts) => {
                Some(Arc::make_mut(parts))
            }
            _ => None,
        }
    }
}

impl From<bool> for Value {
    fn from(truth: bool) -> Value {
        Value::Truth(truth)
    }
}

impl From<i128> for Value {
    fn from(number: i128) -> Value {
        Value::Number(number)
    }
}
