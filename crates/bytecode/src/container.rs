//! The bytes of a compiled contract (`.enb`). Canonical: each contract has exactly one encoding,
//! and bytes that decode are that encoding. Decoding is total: any bytes give a contract or an
//! error.
//!
//! ```text
//! "ENB8" | profile: u8 | six sections, each a length and so many bytes:
//! types      enumerations with the names of their values
//! interface  name, version | groups, collections and slots, and which have a condition | names of parties | privacy budget |
//!            entries with callers and parameters
//! manifest   every reveal: name, entry, recipients, columns, shape per source, guards, noise
//! constants  the numbers that `const` names by their place, ascending, each once
//! code       per group, then per collection, then per slot with a condition, then per entry, its operations
//! limits     per such code how many public and secret registers it defines
//! ```
//! Numbers are LEB128 of minimal length, signed ones zigzag first; lists, bytes and texts are preceded
//! by their length; there is no padding. Cost formulas are not stored: `plan` is their one home.
//!
//! Reader and writer are one description: `part` says of each declaration, `operation` of each
//! operation which parts it has in which order.

mod operation;
mod part;
mod reader;
mod sections;
mod tag;
mod writer;

use std::fmt;

use enigma_wire::id::Hash;

use crate::model::Contract;

/// First bytes of every container.
pub const MAGIC: [u8; 4] = *b"ENB8";
/// Largest container, in bytes.
pub const MAX_BYTES: usize = 1 << 20;
/// Longest name, in bytes.
pub const MAX_NAME: usize = 64;

/// Why bytes are not a container. `at` is the offset at which reading stopped.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum DecodeError {
    /// More than 1 MiB.
    TooLarge,
    /// Does not begin with [`MAGIC`].
    BadMagic,
    /// Compiled for another network's profile.
    UnknownProfile {
        /// The profile's number.
        profile: u8,
    },
    /// Ends too early, or a section does, or a list or text says it is longer than what is left.
    Truncated {
        /// Offset.
        at: usize,
    },
    /// A number is too large for its place or longer than needed.
    BadNumber {
        /// Offset.
        at: usize,
    },
    /// A text is not a name, not the way to a column, or not UTF-8.
    BadName {
        /// Offset.
        at: usize,
    },
    /// An unknown operation, shape, recipient or other choice.
    BadTag {
        /// What is chosen, like `operation`.
        choice: &'static str,
        /// What the bytes say.
        tag: u8,
        /// Offset.
        at: usize,
    },
    /// A section or the container has bytes left over.
    Trailing {
        /// Offset.
        at: usize,
    },
    /// All parts can be read, but they are not the encoding of what they say: for example
    /// constants out of order or wrong register counts.
    NotCanonical,
}

impl fmt::Display for DecodeError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            DecodeError::TooLarge => write!(f, "more than {MAX_BYTES} bytes"),
            DecodeError::BadMagic => f.write_str("not a compiled contract"),
            DecodeError::UnknownProfile { profile } => write!(f, "unknown profile {profile}"),
            DecodeError::Truncated { at } => write!(f, "ends too early at byte {at}"),
            DecodeError::BadNumber { at } => write!(f, "bad number at byte {at}"),
            DecodeError::BadName { at } => write!(f, "bad name at byte {at}"),
            DecodeError::BadTag { choice, tag, at } => {
                write!(f, "unknown {choice} {tag} at byte {at}")
            }
            DecodeError::Trailing { at } => write!(f, "bytes left over at byte {at}"),
            DecodeError::NotCanonical => f.write_str("not in canonical form"),
        }
    }
}

impl std::error::Error for DecodeError {}

/// The bytes of a contract.
#[must_use]
pub fn encode(contract: &Contract) -> Vec<u8> {
    sections::encode(contract)
}

/// The contract in the bytes. Nothing is verified but form: see [`crate::verify`].
///
/// # Errors
/// [`DecodeError`] if the bytes are not the one encoding of a contract.
pub fn decode(bytes: &[u8]) -> Result<Contract, DecodeError> {
    if bytes.len() > MAX_BYTES {
        return Err(DecodeError::TooLarge);
    }
    let contract = sections::decode(bytes)?;
    if encode(&contract) != bytes {
        return Err(DecodeError::NotCanonical);
    }
    Ok(contract)
}

/// By which the chain knows a contract: BLAKE3 of all its bytes.
#[must_use]
pub fn contract_hash(bytes: &[u8]) -> Hash {
    Hash(*blake3::hash(bytes).as_bytes())
}

/// By which consents name what is shown: BLAKE3 of the manifest section.
#[must_use]
pub fn manifest_hash(contract: &Contract) -> Hash {
    Hash(*blake3::hash(&sections::manifest(contract)).as_bytes())
}

/// Whether a text can be a name: 1 to 64 letters, digits and `_`, not beginning with a digit.
#[must_use]
pub fn is_name(text: &str) -> bool {
    let begins = text
        .bytes()
        .next()
        .is_some_and(|b| b == b'_' || b.is_ascii_alphabetic());
    begins && is_step(text)
}

/// Whether a text can lead from a whole to one of its columns: nothing when the whole is the column, else
/// names of fields and places in lists and tuples, with points between them, like `face.0`.
#[must_use]
pub fn is_path(text: &str) -> bool {
    let is_place = |step: &str| is_step(step) && step.bytes().all(|b| b.is_ascii_digit());
    text.is_empty() || text.split('.').all(|step| is_name(step) || is_place(step))
}

fn is_step(text: &str) -> bool {
    let all = text.bytes().all(|b| b == b'_' || b.is_ascii_alphanumeric());
    all && (1..=MAX_NAME).contains(&text.len())
}
