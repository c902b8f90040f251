//! What can go wrong with the store.

use std::{io::ErrorKind, path::PathBuf};

use crate::{FORMAT_VERSION, MAX_KEY, MAX_VALUE, Table};

/// Why the store did not do what was asked. After an error of [`Store::commit`](crate::Store::commit)
/// none of the batch counts as stored.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum StoreError {
    /// Misuse: another process, or another part of this one, has the directory open.
    #[error("{} is in use by another process", .path.display())]
    InUse {
        /// The directory.
        path: PathBuf,
    },
    /// Misuse: the directory holds the data of another owner.
    #[error("{} holds the data of another node, chain or controller", .path.display())]
    ForeignOwner {
        /// The directory.
        path: PathBuf,
    },
    /// Misuse: a key is empty or too long.
    #[error("a key of {len} bytes in {table}: 1 to {MAX_KEY} are allowed")]
    KeyLength {
        /// Where the key was to be used.
        table: Table,
        /// Its length.
        len: usize,
    },
    /// Misuse: a value is too long.
    #[error("a value of {len} bytes in {table}: at most {MAX_VALUE} are allowed")]
    ValueTooLong {
        /// Where the value was to be put.
        table: Table,
        /// Under which key.
        key: Vec<u8>,
        /// Its length.
        len: usize,
    },
    /// Misuse: the file was written by a version of this program that stores things otherwise.
    #[error("the data is in format {found}, this program reads format {FORMAT_VERSION}")]
    Version {
        /// The format of the file.
        found: u32,
    },
    /// World: the file is not a store.
    #[error("{} is not a data file of this program", .path.display())]
    NotAStore {
        /// The file.
        path: PathBuf,
    },
    /// World: the disk or the quota is full. What was stored before stays readable after opening anew.
    #[error("no space left for data")]
    DiskFull,
    /// World: the system refused a file operation.
    #[error("cannot access {}: {kind}", .path.display())]
    File {
        /// The file or directory.
        path: PathBuf,
        /// Why.
        kind: ErrorKind,
    },
    /// World: reading or writing the data file failed.
    #[error("the data file failed: {0}")]
    Io(ErrorKind),
    /// World: the bytes of one value are not those that were stored.
    #[error("the value of key {} in {table} is corrupt", hex(.key))]
    Corrupt {
        /// The table of the value.
        table: Table,
        /// Its key.
        key: Vec<u8>,
    },
    /// World: the structure of the file is broken beyond single values.
    #[error("the data file is damaged: {what}")]
    Damaged {
        /// What the database engine found.
        what: String,
    },
    /// World: an earlier failure made the open file unusable; it must be opened anew.
    #[error("the store failed earlier and must be opened anew")]
    Failed,
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}
