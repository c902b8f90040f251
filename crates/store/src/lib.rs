//! What a node must not lose: contracts, rows of shares, jobs, outputs and a journal, in one file.
//!
//! The store knows tables, keys and values; it never decides when something may be sent. It promises:
//!
//! - **All or nothing.** A [`Batch`] is applied whole or not at all.
//! - **Durable.** When [`Store::commit`] returns `Ok`, the batch survives `kill -9` and power loss (as
//!   far as the disk keeps what it acknowledged). Several batches can share the cost of one flush
//!   through [`Store::commit_all`].
//! - **Never silently wrong.** Each value carries a BLAKE3 checksum over its table, key and bytes. A
//!   value that changed on disk is reported as [`StoreError::Corrupt`] with its table and key, so that
//!   the row can be rebuilt from peers. Opening checks the whole file; one with a broken structure opens
//!   for reading what is left ([`Store::damage`]), or not at all ([`StoreError::Damaged`]).
//! - **One owner.** A directory belongs to one node: it is locked while open, and opening it with
//!   another owner tag is refused.
//! - **Private.** Files are readable by their owner only. Values are not encrypted.
//!
//! Values of any size up to [`MAX_VALUE`] are accepted; long ones are kept in pieces of 64 KiB. Store a
//! whole deposit row under one key, never one share per key: each key costs a checksum and a tree
//! entry of about 100 bytes.
//!
//! ```
//! use enigma_store::{Batch, Store, Table};
//!
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! # let dir = tempfile::tempdir()?;
//! # let dir = dir.path();
//! let store = Store::open(dir, b"key of node 1")?;
//! let mut batch = Batch::new();
//! batch.put(Table::Rows, b"collection 1, member 0", b"a row of shares");
//! batch.put(Table::Journal, b"0001", b"row accepted");
//! store.commit(&batch)?;
//! assert_eq!(store.get(Table::Rows, b"collection 1, member 0")?.as_deref(), Some(&b"a row of shares"[..]));
//! assert_eq!(store.keys(Table::Rows, b"collection 1,", None, 10)?.len(), 1);
//! # Ok(())
//! # }
//! ```

mod batch;
mod directory;
mod engine;
mod error;
#[cfg(test)]
mod faults;
mod record;
mod store;

pub use batch::{Batch, MAX_KEY, MAX_VALUE, Table, Write};
pub use error::StoreError;
pub use store::{Entry, FORMAT_VERSION, Store};
