//! What people write and read, and the numbers that stand for it: one for each column of a row or a result.
//!
//! A [`Layout`] gathers the columns of private bytes into one field; every other column is a field of its own.
//! What a number means says the column's [`Kind`], as `crates/lang/src/codegen/columns.rs` lays values out (with `enigma_bytecode::values`):
//! truth values are 0 and 1, fixed point is scaled by a power of two, a name of an enumeration is its place, bytes
//! are padded with zeros at the end and cut into pieces of 52 bits, the lowest first.
//!
//! A number in fixed point is the nearest to what is written, ties up, as the language's own are. What is shown of it is
//! the shortest decimal that reads back to the same number.

mod arguments;
mod decimal;
mod json;
mod pieces;
mod read;
mod rows;
mod state;
mod value;

use std::fmt;

use enigma_bytecode::model::{Column, Contract, Enum, Kind, Reveal};

pub use arguments::{GivenArguments, read as read_arguments};
pub use json::parse as parse_json;
pub use rows::RowsError;
pub use state::read as read_state;
pub(crate) use state::{kept_key, kept_value};
pub(crate) use value::{Cell, Member};
pub use value::{Results, Value};

/// The fields of a row or of a result.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Layout {
    fields: Vec<Field>,
    columns: usize,
}

/// What people see as one value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Field {
    /// What it is called: the way to it from the whole, like `age` or `face.0`; the whole has the name of the
    /// collection or result.
    pub name: String,
    /// The way to it from the whole: none for the whole.
    path: Vec<String>,
    /// Its first column.
    first: usize,
    /// Whether it may be missing: its first column says whether it is there, as the compiler lays out a `maybe`.
    is_optional: bool,
    what: What,
}

/// What a field is.
#[derive(Clone, Debug, PartialEq, Eq)]
enum What {
    Integer {
        low: i64,
        high: i64,
    },
    Truth,
    Decimal {
        fraction: u8,
        low: i64,
        high: i64,
    },
    /// A name of an enumeration: of all names, those that the column can hold are the first.
    Name(Enum),
    /// Private bytes, so many.
    Pieces(u32),
    /// Public bytes, so many at most.
    Bytes(u32),
    Account,
    /// A member of the contract's collection of this number.
    Member(u16),
}

/// What is wrong with what a person wrote.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{message}; {expected}")]
pub struct ValueError {
    /// What is wrong.
    pub message: String,
    /// The field's name, and what it takes.
    pub expected: String,
}

impl Layout {
    /// Of the rows of a collection; none if there is no such collection.
    #[must_use]
    pub fn of_rows(contract: &Contract, collection: usize) -> Option<Self> {
        let collection = contract.collections.get(collection)?;
        Some(Self::new(contract, &collection.columns, &collection.name))
    }

    /// Of a line of the manifest.
    #[must_use]
    pub fn of_result(contract: &Contract, line: &Reveal) -> Self {
        Self::new(contract, &line.columns, &line.name)
    }

    fn new(contract: &Contract, columns: &[Column], whole: &str) -> Self {
        let mut fields = Vec::new();
        let mut first = 0;
        loop {
            let ahead = columns.get(first..).unwrap_or_default();
            let optional = optional(contract, ahead);
            let is_optional = optional.is_some();
            let Some((path, what, width)) = optional.or_else(|| one(contract, ahead)) else {
                break;
            };
            fields.push(Field {
                name: if path.is_empty() { whole } else { path }.to_owned(),
                path: path
                    .split('.')
                    .filter(|part| !part.is_empty())
                    .map(str::to_owned)
                    .collect(),
                first,
                is_optional,
                what,
            });
            first += width;
        }
        Self {
            fields,
            columns: columns.len(),
        }
    }

    /// The fields, in the order of their columns.
    #[must_use]
    pub fn fields(&self) -> &[Field] {
        &self.fields
    }

    /// The fields' names.
    #[must_use]
    pub fn names(&self) -> Vec<&str> {
        self.fields
            .iter()
            .map(|field| field.name.as_str())
            .collect()
    }

    /// How many columns there are.
    #[must_use]
    pub fn columns(&self) -> usize {
        self.columns
    }
}

/// What these columns begin with: the way to it, what it is, and how many columns it has.
fn one<'a>(contract: &Contract, columns: &'a [Column]) -> Option<(&'a str, What, usize)> {
    if let Some(group) = pieces::group(columns) {
        return Some((group.name, What::Pieces(group.len), group.columns));
    }
    let column = columns.first()?;
    Some((&column.name, What::of(contract, column), 1))
}

/// The same of a value that may be missing, as the compiler lays out a `maybe` of one.
fn optional<'a>(contract: &Contract, columns: &'a [Column]) -> Option<(&'a str, What, usize)> {
    let (there, behind) = columns.split_first()?;
    let way = there.way_to_optional()?;
    let (inside, what, width) = one(contract, behind)?;
    let is_inside = inside.strip_prefix(way) == Some("value");
    is_inside.then(|| (way.trim_end_matches('.'), what, width + 1))
}

impl Field {
    /// What it takes, in words, for a person who is to write it.
    #[must_use]
    pub fn expected(&self) -> String {
        match self.is_optional {
            true => format!("{}, or be left empty", self.expected_if_there()),
            false => self.expected_if_there(),
        }
    }

    fn expected_if_there(&self) -> String {
        let name = &self.name;
        match &self.what {
            What::Integer { low, high } => {
                format!("{name} must be a whole number from {low} to {high}")
            }
            What::Truth => format!("{name} must be yes or no (true or false, 1 or 0)"),
            What::Decimal {
                fraction,
                low,
                high,
            } => {
                let text = |scaled: &i64| decimal::text(*scaled, *fraction);
                format!(
                    "{name} must be a number from {} to {}",
                    text(low),
                    text(high)
                )
            }
            What::Name(of) => format!("{name} must be one of {}", listed(&of.variants)),
            What::Pieces(len) => format!(
                "{name} must be a text of at most {len} bytes, or {len} bytes as 0x and {} digits",
                2 * len
            ),
            What::Bytes(most) => format!(
                "{name} must be a text of at most {most} bytes, or bytes as 0x and at most {} digits",
                2 * u64::from(*most)
            ),
            What::Account => format!("{name} must be an account, 0x and 40 digits"),
            What::Member(_) => format!("{name} is not for people to give"),
        }
    }

    /// An example of it, for help.
    #[must_use]
    pub fn example(&self) -> String {
        match &self.what {
            What::Integer { low, high } => 4200.clamp(*low, (*high).max(*low)).to_string(),
            What::Truth => "yes".to_owned(),
            What::Decimal { fraction, high, .. } => decimal::text(*high, *fraction),
            What::Name(of) => of.variants.first().cloned().unwrap_or_default(),
            _ => "text".to_owned(),
        }
    }

    fn wrong(&self, message: impl Into<String>) -> ValueError {
        ValueError {
            message: message.into(),
            expected: self.expected(),
        }
    }
}

impl What {
    fn of(contract: &Contract, column: &Column) -> Self {
        let (low, high) = (column.low, column.high);
        match column.kind {
            Kind::Bool => What::Truth,
            // More bits than a register has are no compiler's.
            Kind::Fixed(fraction) if fraction < 63 => What::Decimal {
                fraction,
                low,
                high,
            },
            Kind::Enum(index) => match contract.enums.get(usize::from(index)) {
                Some(of) => What::Name(of.clone()),
                None => What::Integer { low, high },
            },
            Kind::Bytes(most) => What::Bytes(most),
            Kind::Account => What::Account,
            Kind::MemberOf(collection) => What::Member(collection),
            // A piece that stands alone is the number it is.
            Kind::Integer | Kind::Limb | Kind::Fixed(_) => What::Integer { low, high },
        }
    }
}

/// Names in a message are no more than this.
const LISTED_MAX: usize = 24;

/// Names in a message.
fn listed(names: &[impl fmt::Display]) -> String {
    let mut shown: Vec<String> = names
        .iter()
        .take(LISTED_MAX)
        .map(ToString::to_string)
        .collect();
    if names.len() > LISTED_MAX {
        shown.push(format!("{} more", names.len() - LISTED_MAX));
    }
    shown.join(", ")
}

#[cfg(test)]
mod tests;
