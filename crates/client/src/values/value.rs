//! From numbers to what a person reads.

use std::collections::BTreeMap;
use std::fmt;

use enigma_bytecode::model::Enum;
use enigma_bytecode::values::{from_limbs, limb_bits};
use enigma_wire::id::{Address, MemberIndex};
use serde::ser::{SerializeMap as _, SerializeSeq as _};
use serde::{Serialize, Serializer};

use super::{Field, Layout, What, decimal, pieces};

/// One result, as the contract's manifest types it. In JSON: a number, a truth value, a text, an object with
/// `member` and `account`, a list, an object by field name, or `null` for what is hidden.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Value {
    /// A whole number.
    Integer(i64),
    /// A truth value.
    Bool(bool),
    /// A number in fixed point: a number in JSON, or a text with its exact digits if JSON's numbers have too few.
    Decimal {
        /// In units of 2^-`fraction`.
        scaled: i64,
        /// Bits behind the point.
        fraction: u8,
    },
    /// A name of an enumeration, or a text.
    Text(String),
    /// An account; nobody's is all zeros.
    Account(Address),
    /// A member of one of the job's collections.
    Member {
        /// Its number in the collection's list.
        member: MemberIndex,
        /// Its account, from the ledger.
        account: Address,
    },
    /// Values in order.
    List(Vec<Value>),
    /// Values by name, in the contract's order.
    Record(Vec<(String, Value)>),
    /// Not shown, since it counts too few; or a `maybe` without a value.
    Hidden,
}

/// What stands in a column.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Cell {
    /// A number.
    Number(i64),
    /// Public bytes.
    Bytes(Vec<u8>),
    /// Not shown.
    Hidden,
}

/// Who a member is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Member {
    pub(crate) member: MemberIndex,
    pub(crate) account: Address,
}

/// A column holds what its kind has no meaning for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Unreadable;

impl Layout {
    /// What cells mean, one for each column. `member`: who gave the row that a member's cell names, of the contract's
    /// collection of this number.
    pub(crate) fn value(
        &self,
        cells: &[Cell],
        member: &dyn Fn(u16, &Cell) -> Option<Member>,
    ) -> Result<Value, Unreadable> {
        let mut leaves = Vec::with_capacity(self.fields.len());
        for field in &self.fields {
            leaves.push((&field.path[..], field.value(cells, member)?));
        }
        Ok(tree(leaves))
    }
}

impl Field {
    fn value(
        &self,
        cells: &[Cell],
        member: &dyn Fn(u16, &Cell) -> Option<Member>,
    ) -> Result<Value, Unreadable> {
        let cells = cells.get(self.first..).ok_or(Unreadable)?;
        match (self.is_optional, cells.split_first()) {
            (true, Some((Cell::Hidden | Cell::Number(0), _))) => Ok(Value::Hidden),
            (true, Some((Cell::Number(1), content))) => self.content(content, member),
            (true, _) => Err(Unreadable),
            (false, _) => self.content(cells, member),
        }
    }

    /// What it is if it is there.
    fn content(
        &self,
        cells: &[Cell],
        member: &dyn Fn(u16, &Cell) -> Option<Member>,
    ) -> Result<Value, Unreadable> {
        let cell = cells.first().ok_or(Unreadable)?;
        if let What::Pieces(len) = self.what {
            return bytes(cells, len);
        }
        let value = match (&self.what, cell) {
            (_, Cell::Hidden) => Some(Value::Hidden),
            // Nobody, as everyone is shown it.
            (What::Member(_), Cell::Bytes(bytes)) if bytes.is_empty() => Some(Value::Hidden),
            (What::Account, Cell::Bytes(bytes)) if bytes.is_empty() => {
                Some(Value::Account(Address::default()))
            }
            (What::Member(collection), cell) => member(*collection, cell)
                .map(|Member { member, account }| Value::Member { member, account }),
            (What::Integer { .. }, Cell::Number(number)) => Some(Value::Integer(*number)),
            (What::Truth, Cell::Number(truth @ (0 | 1))) => Some(Value::Bool(*truth == 1)),
            (What::Decimal { fraction, .. }, Cell::Number(scaled)) => Some(Value::Decimal {
                scaled: *scaled,
                fraction: *fraction,
            }),
            (What::Name(of), Cell::Number(place)) => name(of, *place),
            (What::Bytes(_), Cell::Bytes(bytes)) => Some(Value::Text(pieces::text(bytes))),
            (What::Account, Cell::Bytes(bytes)) => {
                let address = <[u8; 20]>::try_from(&bytes[..]).ok();
                address.map(|address| Value::Account(Address(address)))
            }
            _ => None,
        };
        value.ok_or(Unreadable)
    }
}

fn name(of: &Enum, place: i64) -> Option<Value> {
    let name = of.variants.get(usize::try_from(place).ok()?)?;
    Some(Value::Text(name.clone()))
}

/// Bytes of which one piece is hidden are hidden.
fn bytes(cells: &[Cell], len: u32) -> Result<Value, Unreadable> {
    let pieces = limb_bits(len).count();
    let cells = cells.get(..pieces).ok_or(Unreadable)?;
    if cells.contains(&Cell::Hidden) {
        return Ok(Value::Hidden);
    }
    let numbers = cells.iter().map(|cell| match cell {
        Cell::Number(number) => Some(*number),
        _ => None,
    });
    let numbers: Option<Vec<i64>> = numbers.collect();
    let bytes = numbers.and_then(|numbers| from_limbs(&numbers, len));
    Ok(Value::Text(pieces::text(&bytes.ok_or(Unreadable)?)))
}

/// Values, and the ways to them.
type Leaves<'a> = Vec<(&'a [String], Value)>;

/// Values as the ways to them say: numbers count the places of a list, other names are those of a record.
fn tree(leaves: Leaves<'_>) -> Value {
    let mut parts: Vec<(&str, Leaves<'_>)> = Vec::new();
    for (path, value) in leaves {
        let Some((part, rest)) = path.split_first() else {
            return value;
        };
        match parts.last_mut() {
            Some((last, inside)) if *last == part => inside.push((rest, value)),
            _ => parts.push((part, vec![(rest, value)])),
        }
    }
    let mut places = (0..).zip(&parts);
    if places.all(|(place, (part, _))| *part == format!("{place}")) {
        return Value::List(parts.into_iter().map(|(_, inside)| part(inside)).collect());
    }
    let record = parts
        .into_iter()
        .map(|(name, inside)| (name.to_owned(), part(inside)));
    let record: Vec<(String, Value)> = record.collect();
    match &record[..] {
        // A value that may be missing, as the compiler lays out a `maybe`.
        [(some, Value::Bool(there)), (inside, value)] if some == "some" && inside == "value" => {
            if *there {
                value.clone()
            } else {
                Value::Hidden
            }
        }
        _ => Value::Record(record),
    }
}

/// A part of a list or record: of which nothing is shown, nothing is there.
fn part(leaves: Leaves<'_>) -> Value {
    if leaves.iter().all(|(_, value)| *value == Value::Hidden) {
        return Value::Hidden;
    }
    tree(leaves)
}

impl fmt::Display for Value {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Value::Integer(number) => write!(f, "{number}"),
            Value::Bool(truth) => write!(f, "{truth}"),
            Value::Decimal { scaled, fraction } => f.write_str(&decimal::text(*scaled, *fraction)),
            Value::Text(text) => f.write_str(text),
            Value::Account(account) | Value::Member { account, .. } => write!(f, "{account}"),
            Value::List(values) => {
                let values: Vec<String> = values.iter().map(ToString::to_string).collect();
                write!(f, "[{}]", values.join(", "))
            }
            Value::Record(parts) => {
                let parts = parts.iter().map(|(name, value)| format!("{name}: {value}"));
                write!(f, "{{{}}}", parts.collect::<Vec<_>>().join(", "))
            }
            Value::Hidden => f.write_str("hidden"),
        }
    }
}

impl Serialize for Value {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Value::Integer(number) => serializer.serialize_i64(*number),
            Value::Bool(truth) => serializer.serialize_bool(*truth),
            Value::Decimal { scaled, fraction } => {
                let text = decimal::text(*scaled, *fraction);
                match text.parse::<f64>() {
                    Ok(number) if decimal::is_json(&text) => serializer.serialize_f64(number),
                    _ => serializer.serialize_str(&text),
                }
            }
            Value::Text(text) => serializer.serialize_str(text),
            Value::Account(account) => account.serialize(serializer),
            Value::Member { member, account } => {
                let mut map = serializer.serialize_map(Some(2))?;
                map.serialize_entry("member", member)?;
                map.serialize_entry("account", account)?;
                map.end()
            }
            Value::List(values) => {
                let mut list = serializer.serialize_seq(Some(values.len()))?;
                for value in values {
                    list.serialize_element(value)?;
                }
                list.end()
            }
            Value::Record(parts) => serializer.collect_map(parts.iter().map(|(k, v)| (k, v))),
            Value::Hidden => serializer.serialize_unit(),
        }
    }
}

/// A recipient's results by name.
pub type Results = BTreeMap<String, Value>;
