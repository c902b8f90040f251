//! What can go wrong in this crate, with the data needed to name the fault.

use std::fmt;

use crate::committee::MAX_PARTIES;

/// Why a value, an encoding or a sharing was refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Error {
    /// A committee of `n` parties is not supported.
    CommitteeSize {
        /// The size asked for.
        n: u8,
    },
    /// A byte string does not have the length its content needs.
    Length {
        /// Bytes needed; for a list, the width of which the length must be a multiple.
        expected: usize,
        /// Bytes present.
        found: usize,
    },
    /// The element at this place is not the canonical encoding of a field element.
    NonCanonical {
        /// Place of the first such element, counted from 0.
        index: usize,
    },
    /// A list does not have one entry for each party, point or coefficient.
    Count {
        /// Entries needed.
        expected: usize,
        /// Entries present.
        found: usize,
    },
    /// Two evaluation points are equal, so that no polynomial is determined.
    EqualPoints {
        /// Place of the second of them, counted from 0.
        index: usize,
    },
    /// The shares do not lie on one polynomial of degree t.
    Inconsistent,
    /// The committee has too many subsets of t+1 members for pseudo-random secret sharing.
    TooManySubsets {
        /// The committee's size.
        n: u8,
    },
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match *self {
            Self::CommitteeSize { n } => write!(
                f,
                "a committee has an odd number of parties from 3 to {MAX_PARTIES}, not {n}"
            ),
            Self::Length { expected, found } => {
                write!(
                    f,
                    "expected {expected} bytes or a multiple of that, found {found}"
                )
            }
            Self::NonCanonical { index } => {
                write!(f, "element {index} is not a canonical field element")
            }
            Self::Count { expected, found } => {
                write!(f, "expected {expected} entries, found {found}")
            }
            Self::EqualPoints { index } => {
                write!(f, "evaluation point {index} occurs twice")
            }
            Self::Inconsistent => {
                f.write_str("the shares do not lie on one polynomial of degree t")
            }
            Self::TooManySubsets { n } => write!(
                f,
                "pseudo-random secret sharing is not available for {n} parties"
            ),
        }
    }
}

impl std::error::Error for Error {}
