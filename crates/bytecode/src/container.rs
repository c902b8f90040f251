//! The bytes of a compiled contract (`.enb`). Canonical: each contract has exactly one encoding,
//! and bytes that decode are that encoding. Decoding is total: any bytes give a contract or an
//! error.
//!
//! ```text
//! "ENB2" | profile: u8 | six sections, each a length and so many bytes:
//! types      empty in this version
//! interface  name, version | groups | names of parties | collections with kind, range and allows |
//!            names of entries
//! manifest   every reveal: name, entry, recipient, kind, shape per source, guards
//! constants  ascending, each once
//! code       per entry its operations; `const` names a constant by its place
//! limits     per entry how many public and secret registers it defines
//! ```
//! Numbers are LEB128 of minimal length, signed ones zigzag first; lists and texts are preceded by
//! their length; there is no padding. Cost formulas are not stored: `plan` is their one home.

mod reader;
mod writer;

use std::fmt;

use enigma_wire::id::Hash;

use crate::model::Contract;

/// First bytes of every container.
pub const MAGIC: [u8; 4] = *b"ENB2";
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
    /// Ends too early, or a section does.
    Truncated {
        /// Offset.
        at: usize,
    },
    /// A number is too large for its place or longer than needed.
    BadNumber {
        /// Offset.
        at: usize,
    },
    /// A text is not a name.
    BadName {
        /// Offset.
        at: usize,
    },
    /// An unknown operation, shape, recipient or other choice.
    BadTag {
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
            DecodeError::BadTag { at } => write!(f, "unknown choice at byte {at}"),
            DecodeError::Trailing { at } => write!(f, "bytes left over at byte {at}"),
            DecodeError::NotCanonical => f.write_str("not in canonical form"),
        }
    }
}

impl std::error::Error for DecodeError {}

/// The bytes of a contract.
#[must_use]
pub fn encode(contract: &Contract) -> Vec<u8> {
    writer::encode(contract)
}

/// The contract in the bytes. Nothing is verified but form: see [`crate::verify`].
///
/// # Errors
/// [`DecodeError`] if the bytes are not the one encoding of a contract.
pub fn decode(bytes: &[u8]) -> Result<Contract, DecodeError> {
    if bytes.len() > MAX_BYTES {
        return Err(DecodeError::TooLarge);
    }
    let contract = reader::decode(bytes)?;
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
    Hash(*blake3::hash(&writer::manifest(contract)).as_bytes())
}

/// Whether a text can be a name: 1 to 64 letters, digits and `_`, not beginning with a digit.
#[must_use]
pub fn is_name(text: &str) -> bool {
    let begins = text
        .bytes()
        .next()
        .is_some_and(|b| b == b'_' || b.is_ascii_alphabetic());
    let goes_on = text.bytes().all(|b| b == b'_' || b.is_ascii_alphanumeric());
    begins && goes_on && text.len() <= MAX_NAME
}

/// Numbers that stand for choices, in one place for reader and writer.
mod tag {
    pub(super) const PROFILE_SHAMIR_M61_V1: u8 = 1;

    pub(super) const SHAPE_AGGREGATE: u8 = 0;
    pub(super) const SHAPE_PER_OWNER: u8 = 1;
    pub(super) const SHAPE_ANY: u8 = 2;
    pub(super) const SHAPE_MEMBER: u8 = 3;

    pub(super) const KIND_INTEGER: u8 = 0;
    pub(super) const KIND_BOOL: u8 = 1;
    pub(super) const KIND_MEMBER_OF: u8 = 2;

    pub(super) const TO_EACH_OF: u8 = 0;
    pub(super) const TO_OWNER_OF: u8 = 1;
    pub(super) const TO_PARTY: u8 = 2;

    pub(super) const CONST: u8 = 0;
    pub(super) const ROWS: u8 = 1;
    pub(super) const PUBLIC_ADD: u8 = 2;
    pub(super) const PUBLIC_SUB: u8 = 3;
    pub(super) const PUBLIC_MUL: u8 = 4;
    pub(super) const PUBLIC_DIV: u8 = 5;
    pub(super) const INPUT: u8 = 16;
    pub(super) const ADD: u8 = 17;
    pub(super) const SUB: u8 = 18;
    pub(super) const ADD_PUBLIC: u8 = 19;
    pub(super) const MUL_PUBLIC: u8 = 20;
    pub(super) const MUL: u8 = 21;
    pub(super) const SUM: u8 = 22;
    pub(super) const DIV_PUBLIC: u8 = 23;
    pub(super) const RANK_ASCENDING: u8 = 24;
    pub(super) const RANK_DESCENDING: u8 = 25;
    pub(super) const LESS: u8 = 26;
    pub(super) const EQUAL: u8 = 27;
    pub(super) const GREATER: u8 = 28;
    pub(super) const LESS_PUBLIC: u8 = 29;
    pub(super) const EQUAL_PUBLIC: u8 = 30;
    pub(super) const GREATER_PUBLIC: u8 = 31;
    pub(super) const OUT: u8 = 32;
    pub(super) const FIRST_ASCENDING: u8 = 33;
    pub(super) const FIRST_DESCENDING: u8 = 34;
    pub(super) const FIRST_MEMBER_ASCENDING: u8 = 35;
    pub(super) const FIRST_MEMBER_DESCENDING: u8 = 36;
    pub(super) const DIV: u8 = 37;
    pub(super) const SQUARE_ROOT: u8 = 38;
    pub(super) const SELECT: u8 = 39;
    pub(super) const QUANTILE: u8 = 40;
}
