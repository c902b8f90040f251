//! How a value lies in the file, and how a change of it is noticed.
//!
//! ```text
//! short value    0 tag[32] value
//! long value     1 tag[32] len:u64le        value in pieces of PIECE bytes in a table of pieces
//! tag            BLAKE3, derive-key mode, over  table:u8  key_len:u64le  key  value
//! ```
//!
//! The tag binds a value to its place, so that a value moved elsewhere is noticed as well. It is a
//! checksum, not a signature: whoever can write the file can make a new one.

use crate::{MAX_VALUE, StoreError, Table};

/// Values up to this length, and the pieces of longer ones, leave room for a key and the tree's own
/// bookkeeping in a page of 64 KiB; a value of the full 64 KiB would take a page of 128.
pub(crate) const PIECE: usize = (64 << 10) - 1024;

const CONTEXT: &str = "enigma store record, format 1";
const SHORT: u8 = 0;
const LONG: u8 = 1;
const TAG_LEN: usize = 32;
const LEN_LEN: usize = 8;

/// A record as found in the file, not checked yet.
pub(crate) enum Record<'a> {
    Short { tag: [u8; TAG_LEN], value: &'a [u8] },
    Long { tag: [u8; TAG_LEN], len: usize },
}

/// Gathers the checksum of a value.
pub(crate) struct Tag(blake3::Hasher);

impl Tag {
    pub(crate) fn new(table: Table, key: &[u8]) -> Self {
        let mut hasher = blake3::Hasher::new_derive_key(CONTEXT);
        hasher
            .update(&[table as u8])
            .update(&(key.len() as u64).to_le_bytes())
            .update(key);
        Self(hasher)
    }

    pub(crate) fn add(&mut self, bytes: &[u8]) {
        self.0.update(bytes);
    }

    pub(crate) fn matches(&self, tag: &[u8; TAG_LEN]) -> bool {
        self.0.finalize() == *tag
    }
}

/// The record of a value. A value longer than `PIECE` also needs its pieces stored.
pub(crate) fn encode(table: Table, key: &[u8], value: &[u8]) -> Vec<u8> {
    let mut tag = Tag::new(table, key);
    tag.add(value);
    let tag = tag.0.finalize();
    let (kind, rest) = match value.len() {
        0..=PIECE => (SHORT, value),
        _ => (LONG, &(value.len() as u64).to_le_bytes()[..]),
    };
    let mut record = Vec::with_capacity(1 + TAG_LEN + rest.len());
    record.push(kind);
    record.extend_from_slice(tag.as_bytes());
    record.extend_from_slice(rest);
    record
}

/// Whether pieces belong to this record. When it is unreadable they may.
pub(crate) fn may_have_pieces(record: &[u8]) -> bool {
    record.first() != Some(&SHORT)
}

/// Reads a record.
///
/// # Errors
/// `Corrupt` if it is not one.
pub(crate) fn decode<'a>(
    table: Table,
    key: &[u8],
    record: &'a [u8],
) -> Result<Record<'a>, StoreError> {
    let parse = || {
        let (kind, rest) = record.split_first()?;
        let (tag, rest) = rest.split_first_chunk::<TAG_LEN>()?;
        match *kind {
            SHORT if rest.len() <= PIECE => Some(Record::Short {
                tag: *tag,
                value: rest,
            }),
            LONG => {
                let len = u64::from_le_bytes(*<&[u8; LEN_LEN]>::try_from(rest).ok()?);
                let len = usize::try_from(len)
                    .ok()
                    .filter(|len| (PIECE + 1..=MAX_VALUE).contains(len))?;
                Some(Record::Long { tag: *tag, len })
            }
            _ => None,
        }
    };
    parse().ok_or_else(|| StoreError::Corrupt {
        table,
        key: key.to_vec(),
    })
}
