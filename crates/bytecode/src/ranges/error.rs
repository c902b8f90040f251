//! Why no ranges exist.

use std::fmt;

use super::MAX_OPS;
use crate::verify::MAX_REPEATED_BYTES;

/// Why no ranges exist. `op` counts operations of the entry from 0.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum RangeError {
    /// There is no such entry.
    UnknownEntry,
    /// Not one row count per collection was given.
    WrongSizes,
    /// This run has too few or too many rows for the entry.
    RowsOutside {
        /// Index of the collection.
        collection: u16,
        /// How many rows there are.
        rows: u32,
        /// Fewest allowed.
        minimum: u32,
        /// Most allowed.
        maximum: u32,
    },
    /// The entry has more operations than are allowed.
    TooLong,
    /// `dst` is not the next unused register of its bank.
    WrongDestination {
        /// The operation.
        op: usize,
    },
    /// An operand is read before it is defined, or outside the side or body that defines it.
    Undefined {
        /// The operation.
        op: usize,
    },
    /// A collection index is out of bounds, or the collection's declaration is not usable.
    BadCollection {
        /// The operation.
        op: usize,
    },
    /// There is no such column, parameter, slot, party, group or manifest line, or it is of another kind than this
    /// operation needs.
    BadIndex {
        /// The operation.
        op: usize,
    },
    /// A constant of the operation, or the number of its operands, is outside its limits.
    BadParameter {
        /// The operation.
        op: usize,
    },
    /// In what is done for one account after the other: a public value may have more than [`crate::verify::MAX_REPEATED_BYTES`] bytes.
    LongValue {
        /// The operation.
        op: usize,
    },
    /// `Else` or `End` without a beginning, a side or body that does not end or is nested too deeply, or an operation
    /// that may not stand in the body of `EachMember`.
    BadNesting {
        /// The operation, or one past the last.
        op: usize,
    },
    /// A scalar where a vector is needed.
    NotAVector {
        /// The operation.
        op: usize,
    },
    /// A vector where a scalar is needed.
    NotAScalar {
        /// The operation.
        op: usize,
    },
    /// The number of a member is for its recipients and public bytes are for storing, not for computing.
    NotANumber {
        /// The operation.
        op: usize,
    },
    /// A public number, or bytes of another length, where an account is needed.
    NotAnAccount {
        /// The operation.
        op: usize,
    },
    /// The operation is not defined for all values that an operand can have.
    WrongOperand {
        /// The operation.
        op: usize,
    },
    /// Vectors over different collections, or of different lengths, do not combine element by element.
    MixedSpaces {
        /// The operation.
        op: usize,
    },
    /// The value may leave what the profile's field holds, or a step on the way may.
    TooLarge {
        /// The operation.
        op: usize,
        /// Smallest possible value.
        low: i128,
        /// Largest possible value.
        high: i128,
    },
}

impl fmt::Display for RangeError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (op, text) = match self {
            RangeError::UnknownEntry => return f.write_str("there is no such entry"),
            RangeError::WrongSizes => return f.write_str("one row count per collection is needed"),
            RangeError::RowsOutside {
                collection,
                rows,
                minimum,
                maximum,
            } => {
                return write!(
                    f,
                    "collection {collection} has {rows} rows, and {minimum} to {maximum} are allowed"
                );
            }
            RangeError::TooLong => return write!(f, "more than {MAX_OPS} operations"),
            RangeError::TooLarge { op, low, high } => {
                return write!(
                    f,
                    "operation {op} gives values from {low} to {high}, beyond what the field holds"
                );
            }
            RangeError::WrongDestination { op } => (op, "does not define the next register"),
            RangeError::Undefined { op } => (op, "reads a register that is not defined here"),
            RangeError::BadCollection { op } => (op, "reads no valid collection"),
            RangeError::BadIndex { op } => (op, "names what does not exist or does not fit"),
            RangeError::BadParameter { op } => (op, "has a constant outside its limits"),
            RangeError::LongValue { op } => {
                return write!(
                    f,
                    "operation {op} is done for one account after the other, on more than {MAX_REPEATED_BYTES} bytes"
                );
            }
            RangeError::BadNesting { op } => (op, "does not fit into its side or body"),
            RangeError::NotAVector { op } => (op, "needs a vector"),
            RangeError::NotAScalar { op } => (op, "needs a scalar"),
            RangeError::NotANumber { op } => (op, "computes with what is no number"),
            RangeError::NotAnAccount { op } => (op, "needs an account"),
            RangeError::WrongOperand { op } => (op, "does not apply to all values of its operand"),
            RangeError::MixedSpaces { op } => (op, "combines vectors of different rows"),
        };
        write!(f, "operation {op} {text}")
    }
}

impl std::error::Error for RangeError {}
