//! The store: open, commit, read.

use std::{collections::BTreeMap, fmt, ops::Bound, path::Path};

use redb::{ReadTransaction, ReadableDatabase, WriteTransaction, backends::FileBackend};

use crate::{
    Batch, StoreError, Table, Write,
    directory::{Directory, file_error},
    engine::{self, ABOUT, Bytes, Engine, PIECES, PieceKey, world},
    record::{self, PIECE, Record, Tag},
};

/// The layout of the file. A program refuses other versions than its own.
pub const FORMAT_VERSION: u32 = 4;

const VERSION_KEY: &str = "version";
const OWNER_KEY: &str = "owner";

/// A key and its value.
pub type Entry = (Vec<u8>, Vec<u8>);

type Records<'a> = redb::Table<'a, Bytes, Bytes>;
type Pieces<'a> = redb::Table<'a, PieceKey, Bytes>;

/// A node's durable state. Reads run beside each other and beside a commit; commits take turns.
pub struct Store {
    pub(crate) engine: Engine,
    /// What the check at opening found; the store is then for reading only.
    pub(crate) damage: Option<StoreError>,
    // Dropped after the engine: the lock is held until the file is closed.
    pub(crate) directory: Directory,
}

impl Store {
    /// Opens the store in `dir`, or makes a new one that belongs to `owner` (the node's public key).
    ///
    /// The whole file is checked. If the check fails, the store opens for reading what is left of it
    /// and [`Store::damage`] tells so. Whether a key that is not found was lost cannot be known then,
    /// so [`Store::get`] answers `Corrupt` for it, and listing and committing are refused.
    ///
    /// # Errors
    /// `InUse`, `ForeignOwner`, `NotAStore`, `Version`, or the world.
    pub fn open(dir: &Path, owner: &[u8]) -> Result<Self, StoreError> {
        let directory = Directory::lock(dir)?;
        let path = directory.data_path();
        let backend = |file| FileBackend::new(file).map_err(world);
        let file = directory.data_file(|file| initialise(&Engine::open(backend(file)?)?, owner))?;
        check_magic(&file, &path)?;
        let (engine, damage) = match Engine::open(backend(file)?) {
            Err(damage @ StoreError::Damaged { .. }) => {
                let file = directory.data_file(|_| Ok(()))?;
                (Engine::open_damaged(backend(file)?)?, Some(damage))
            }
            opened => (opened?, None),
        };
        check_about(&engine, owner, &directory)?;
        Ok(Self {
            engine,
            damage,
            directory,
        })
    }

    /// What is wrong with the file as a whole, if anything.
    pub fn damage(&self) -> Option<&StoreError> {
        self.damage.as_ref()
    }

    /// The directory the store is in.
    pub fn path(&self) -> &Path {
        self.directory.path()
    }

    /// Applies a batch and returns when it is durable.
    ///
    /// # Errors
    /// Misuse before anything is written; otherwise the world, and nothing of the batch is stored.
    pub fn commit(&self, batch: &Batch) -> Result<(), StoreError> {
        self.commit_all(std::slice::from_ref(batch))
    }

    /// Applies several batches in order with one flush; they are durable together or not at all.
    ///
    /// # Errors
    /// As [`Store::commit`]; a misuse in one batch refuses them all.
    pub fn commit_all(&self, batches: &[Batch]) -> Result<(), StoreError> {
        for batch in batches {
            batch.check()?;
        }
        if batches.iter().all(Batch::is_empty) {
            return Ok(());
        }
        self.check_whole()?;
        self.engine.run(|database| {
            let mut transaction = database.begin_write().map_err(world)?;
            durable(&mut transaction);
            apply(&transaction, batches.iter().flat_map(Batch::writes))?;
            transaction.commit().map_err(world)
        })
    }

    /// The value of a key.
    ///
    /// # Errors
    /// `Corrupt` if the value is not the one that was stored, or the world.
    pub fn get(&self, table: Table, key: &[u8]) -> Result<Option<Vec<u8>>, StoreError> {
        self.read(|transaction| {
            let records = transaction
                .open_table(engine::records(table))
                .map_err(world)?;
            match records.get(key).map_err(world)? {
                Some(record) => load(transaction, table, key, record.value()).map(Some),
                None if self.damage.is_some() => Err(StoreError::Corrupt {
                    table,
                    key: key.to_vec(),
                }),
                None => Ok(None),
            }
        })
    }

    /// Up to `limit` keys that start with `prefix`, in order, with their values. To go on, give the last
    /// key as `after`. All of one call is of one moment.
    ///
    /// # Errors
    /// `Corrupt` names the first bad value; `Damaged` if keys may be missing. Or the world.
    pub fn scan(
        &self,
        table: Table,
        prefix: &[u8],
        after: Option<&[u8]>,
        limit: usize,
    ) -> Result<Vec<Entry>, StoreError> {
        self.check_whole()?;
        let mut found = Vec::new();
        self.read(|transaction| {
            walk(transaction, table, prefix, after, limit, |key, record| {
                found.push((key.to_vec(), load(transaction, table, key, record)?));
                Ok(())
            })
        })?;
        Ok(found)
    }

    /// As [`Store::scan`] without the values, which are not checked.
    ///
    /// # Errors
    /// `Damaged` if keys may be missing, or the world.
    pub fn keys(
        &self,
        table: Table,
        prefix: &[u8],
        after: Option<&[u8]>,
        limit: usize,
    ) -> Result<Vec<Vec<u8>>, StoreError> {
        self.check_whole()?;
        let mut found = Vec::new();
        self.read(|transaction| {
            walk(transaction, table, prefix, after, limit, |key, _| {
                found.push(key.to_vec());
                Ok(())
            })
        })?;
        Ok(found)
    }

    /// Reads everything that can be found, also in a damaged store, and lists the keys whose values are
    /// corrupt.
    ///
    /// # Errors
    /// The world, when the file cannot be walked.
    pub fn verify(&self) -> Result<Vec<(Table, Vec<u8>)>, StoreError> {
        let mut corrupt = Vec::new();
        self.read(|transaction| {
            for table in Table::ALL {
                walk(transaction, table, &[], None, usize::MAX, |key, record| {
                    match load(transaction, table, key, record) {
                        Err(StoreError::Corrupt { table, key }) => corrupt.push((table, key)),
                        Err(error) => return Err(error),
                        Ok(_) => {}
                    }
                    Ok(())
                })?;
            }
            Ok(())
        })?;
        Ok(corrupt)
    }

    fn check_whole(&self) -> Result<(), StoreError> {
        self.damage.clone().map_or(Ok(()), Err)
    }

    fn read<T>(
        &self,
        work: impl FnOnce(&ReadTransaction) -> Result<T, StoreError>,
    ) -> Result<T, StoreError> {
        self.engine
            .run(|database| work(&database.begin_read().map_err(world)?))
    }
}

impl fmt::Debug for Store {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Store")
            .field("path", &self.path())
            .finish_non_exhaustive()
    }
}

/// Commits flush twice: the data, then the switch to it. So a restart after a crash never has to choose
/// an older state because a newer one looks torn: what was acknowledged stays, or is reported damaged.
/// The allocator's state is kept with each commit, so that a damaged file can be read without a repair.
fn durable(transaction: &mut WriteTransaction) {
    transaction.set_quick_repair(true);
}

pub(crate) fn initialise(engine: &Engine, owner: &[u8]) -> Result<(), StoreError> {
    engine.run(|database| {
        let mut transaction = database.begin_write().map_err(world)?;
        durable(&mut transaction);
        {
            // Every table exists from the start, so that reading needs no special case.
            for table in Table::ALL {
                transaction
                    .open_table(engine::records(table))
                    .map_err(world)?;
            }
            transaction.open_table(PIECES).map_err(world)?;
            let mut about = transaction.open_table(ABOUT).map_err(world)?;
            about
                .insert(VERSION_KEY, &FORMAT_VERSION.to_le_bytes()[..])
                .map_err(world)?;
            about.insert(OWNER_KEY, owner).map_err(world)?;
        }
        transaction.commit().map_err(world)
    })
}

/// Tells a file of something else apart from a damaged one.
fn check_magic(mut file: &std::fs::File, path: &Path) -> Result<(), StoreError> {
    use std::io::{ErrorKind, Read, Seek};
    let mut magic = [0u8; 4];
    let read = file.rewind().and_then(|()| file.read_exact(&mut magic));
    match read {
        Ok(()) if magic == *b"redb" => Ok(()),
        Err(error) if error.kind() != ErrorKind::UnexpectedEof => Err(file_error(path, &error)),
        _ => Err(StoreError::NotAStore {
            path: path.to_owned(),
        }),
    }
}

pub(crate) fn check_about(
    engine: &Engine,
    owner: &[u8],
    directory: &Directory,
) -> Result<(), StoreError> {
    let missing = |what: &str| StoreError::Damaged {
        what: format!("the file does not state its {what}"),
    };
    engine.run(|database| {
        let transaction = database.begin_read().map_err(world)?;
        let about = transaction.open_table(ABOUT).map_err(world)?;
        let version = about
            .get(VERSION_KEY)
            .map_err(world)?
            .ok_or_else(|| missing(VERSION_KEY))?;
        let version = version
            .value()
            .try_into()
            .map_err(|_| missing(VERSION_KEY))?;
        let found = u32::from_le_bytes(version);
        if found != FORMAT_VERSION {
            return Err(StoreError::Version { found });
        }
        let stored = about
            .get(OWNER_KEY)
            .map_err(world)?
            .ok_or_else(|| missing(OWNER_KEY))?;
        if stored.value() != owner {
            return Err(StoreError::ForeignOwner {
                path: directory.path().to_owned(),
            });
        }
        Ok(())
    })
}

fn apply<'a>(
    transaction: &WriteTransaction,
    writes: impl Iterator<Item = &'a Write>,
) -> Result<(), StoreError> {
    let mut pieces = transaction.open_table(PIECES).map_err(world)?;
    let mut open: BTreeMap<Table, Records<'_>> = BTreeMap::new();
    for write in writes {
        let (Write::Put { table, key, .. } | Write::Delete { table, key }) = write;
        let records = match open.entry(*table) {
            std::collections::btree_map::Entry::Occupied(entry) => entry.into_mut(),
            std::collections::btree_map::Entry::Vacant(entry) => entry.insert(
                transaction
                    .open_table(engine::records(*table))
                    .map_err(world)?,
            ),
        };
        let old = match write {
            Write::Put { value, .. } => {
                let record = record::encode(*table, key, value);
                let old = records
                    .insert(key.as_slice(), record.as_slice())
                    .map_err(world)?;
                old.is_some_and(|record| record::may_have_pieces(record.value()))
            }
            Write::Delete { .. } => {
                let old = records.remove(key.as_slice()).map_err(world)?;
                old.is_some_and(|record| record::may_have_pieces(record.value()))
            }
        };
        if old {
            remove_pieces(&mut pieces, *table, key)?;
        }
        if let Write::Put { value, .. } = write
            && value.len() > PIECE
        {
            for (number, piece) in (0u32..).zip(value.chunks(PIECE)) {
                pieces
                    .insert((*table as u8, key.as_slice(), number), piece)
                    .map_err(world)?;
            }
        }
    }
    Ok(())
}

fn remove_pieces(pieces: &mut Pieces<'_>, table: Table, key: &[u8]) -> Result<(), StoreError> {
    let all = (table as u8, key, 0)..=(table as u8, key, u32::MAX);
    pieces.retain_in(all, |_, _| false).map_err(world)
}

/// Reads and checks the value of a record.
fn load(
    transaction: &ReadTransaction,
    table: Table,
    key: &[u8],
    record: &[u8],
) -> Result<Vec<u8>, StoreError> {
    let corrupt = || StoreError::Corrupt {
        table,
        key: key.to_vec(),
    };
    let mut sum = Tag::new(table, key);
    match record::decode(table, key, record)? {
        Record::Short { tag, value } => {
            sum.add(value);
            sum.matches(&tag)
                .then(|| value.to_vec())
                .ok_or_else(corrupt)
        }
        Record::Long { tag, len } => {
            let pieces = transaction.open_table(PIECES).map_err(world)?;
            let mut value = Vec::with_capacity(len);
            for number in 0..len.div_ceil(PIECE) as u32 {
                let piece = pieces
                    .get((table as u8, key, number))
                    .map_err(world)?
                    .ok_or_else(corrupt)?;
                if piece.value().len() > len - value.len() {
                    return Err(corrupt());
                }
                value.extend_from_slice(piece.value());
            }
            sum.add(&value);
            (value.len() == len && sum.matches(&tag))
                .then_some(value)
                .ok_or_else(corrupt)
        }
    }
}

/// Calls `visit` with up to `limit` keys of a prefix and their records.
fn walk(
    transaction: &ReadTransaction,
    table: Table,
    prefix: &[u8],
    after: Option<&[u8]>,
    limit: usize,
    mut visit: impl FnMut(&[u8], &[u8]) -> Result<(), StoreError>,
) -> Result<(), StoreError> {
    let records = transaction
        .open_table(engine::records(table))
        .map_err(world)?;
    let start = match after {
        Some(after) if after >= prefix => Bound::Excluded(after),
        _ => Bound::Included(prefix),
    };
    for entry in records
        .range::<&[u8]>((start, Bound::Unbounded))
        .map_err(world)?
        .take(limit)
    {
        let (key, record) = entry.map_err(world)?;
        if !key.value().starts_with(prefix) {
            break;
        }
        visit(key.value(), record.value())?;
    }
    Ok(())
}
