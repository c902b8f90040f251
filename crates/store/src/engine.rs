//! The database engine behind the store, with its errors and panics turned into ours.

use std::{
    panic::{AssertUnwindSafe, catch_unwind},
    sync::atomic::{AtomicBool, Ordering},
};

use redb::{Database, Error, StorageBackend, TableDefinition};

use crate::{StoreError, Table};

/// Memory the engine may use for pages, instead of its default of 1 GiB.
const CACHE_BYTES: usize = 48 << 20;

pub(crate) type Bytes = &'static [u8];
/// Keys of pieces: the table as a number, the key, the number of the piece.
pub(crate) type PieceKey = (u8, Bytes, u32);

pub(crate) const PIECES: TableDefinition<'static, PieceKey, Bytes> = TableDefinition::new("pieces");
pub(crate) const ABOUT: TableDefinition<'static, &str, Bytes> = TableDefinition::new("about");

pub(crate) fn records(table: Table) -> TableDefinition<'static, Bytes, Bytes> {
    TableDefinition::new(table.name())
}

/// An open database.
pub(crate) struct Engine {
    database: Database,
    failed: AtomicBool,
}

impl Engine {
    /// Opens the database in `backend` and checks all of it, or makes an empty one if it has no bytes.
    ///
    /// The check reads the whole file (the operating system's cache is usually warm after a crash). It
    /// is what tells a lost key from one that never was.
    pub(crate) fn open(backend: impl StorageBackend) -> Result<Self, StoreError> {
        Self::build(
            backend,
            Database::builder().set_check_integrity_on_open(true),
        )
    }

    /// Opens the database without the check, to read what is left of a damaged one.
    pub(crate) fn open_damaged(backend: impl StorageBackend) -> Result<Self, StoreError> {
        Self::build(backend, &mut Database::builder())
    }

    fn build(
        backend: impl StorageBackend,
        builder: &mut redb::Builder,
    ) -> Result<Self, StoreError> {
        let builder = builder.set_cache_size(CACHE_BYTES);
        let database = guard(|| builder.create_with_backend(backend).map_err(world))?;
        Ok(Self {
            database,
            failed: AtomicBool::new(false),
        })
    }

    /// Runs `work` on the database.
    ///
    /// The engine checks the structure of its file when it opens it, not on every read; on a file that
    /// was changed behind its back it may panic. Such a panic becomes `Damaged`, and the engine
    /// is not used again.
    pub(crate) fn run<T>(
        &self,
        work: impl FnOnce(&Database) -> Result<T, StoreError>,
    ) -> Result<T, StoreError> {
        if self.failed.load(Ordering::Acquire) {
            return Err(StoreError::Failed);
        }
        let result = guard(|| work(&self.database));
        if matches!(
            result,
            Err(StoreError::Damaged { .. } | StoreError::DiskFull | StoreError::Io(_))
        ) {
            self.failed.store(true, Ordering::Release);
        }
        result
    }
}

fn guard<T>(work: impl FnOnce() -> Result<T, StoreError>) -> Result<T, StoreError> {
    // What is broken by a panic is the database, which is not used after it.
    catch_unwind(AssertUnwindSafe(work)).unwrap_or_else(|panic| {
        let what = panic.downcast_ref::<&str>().map(|text| (*text).to_owned());
        let what = what.or_else(|| panic.downcast_ref::<String>().cloned());
        Err(StoreError::Damaged {
            what: what.unwrap_or_else(|| "the database engine panicked".into()),
        })
    })
}

/// What an error of the engine means to us.
pub(crate) fn world(error: impl Into<Error>) -> StoreError {
    use std::io::ErrorKind;
    match error.into() {
        Error::Io(error) => match error.kind() {
            ErrorKind::StorageFull | ErrorKind::QuotaExceeded | ErrorKind::FileTooLarge => {
                StoreError::DiskFull
            }
            kind => StoreError::Io(kind),
        },
        Error::PreviousIo | Error::DatabaseClosed | Error::LockPoisoned(_) => StoreError::Failed,
        other => StoreError::Damaged {
            what: other.to_string(),
        },
    }
}
