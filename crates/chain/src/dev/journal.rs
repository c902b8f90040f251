//! The durable list of blocks.

use std::path::Path;

use borsh::{BorshDeserialize, BorshSerialize};
use rand::RngExt as _;
use redb::{Database, DatabaseError, ReadableDatabase as _, ReadableTable as _, TableDefinition};

use super::{DevConfig, DevError};

/// Of records and of block hashes; a folder of another format is another chain.
const FORMAT: u32 = 3;
const META: TableDefinition<'_, &str, &[u8]> = TableDefinition::new("meta");
const BLOCKS: TableDefinition<'_, u64, &[u8]> = TableDefinition::new("blocks");

/// A block as it is kept: the rest follows by execution.
#[derive(Clone, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub(super) struct Kept {
    pub(super) time: u64,
    pub(super) transaction: Option<Vec<u8>>,
    /// To notice damage, or a changed execution, when the list is replayed.
    pub(super) hash: [u8; 32],
}

/// The open database.
pub(super) struct Journal {
    database: Database,
}

/// What a folder holds.
pub(super) struct Opened {
    pub(super) journal: Journal,
    /// Drawn when the chain began, so that no two chains have the same first block.
    pub(super) birth: [u8; 32],
    /// All blocks in order; the first is number 1.
    pub(super) blocks: Vec<Kept>,
}

impl Journal {
    /// Opens the folder and reads all blocks.
    pub(super) fn open(config: &DevConfig) -> Result<Opened, DevError> {
        let dir = &config.dir;
        std::fs::create_dir_all(dir).map_err(|error| storage(dir, error))?;
        let database = Database::create(dir.join("chain.redb")).map_err(|error| match error {
            DatabaseError::DatabaseAlreadyOpen => DevError::InUse { dir: dir.clone() },
            other => storage(dir, other),
        })?;
        let origin = origin(config);
        let write = database
            .begin_write()
            .map_err(|error| storage(dir, error))?;
        let birth = {
            write
                .open_table(BLOCKS)
                .map_err(|error| storage(dir, error))?;
            let mut meta = write
                .open_table(META)
                .map_err(|error| storage(dir, error))?;
            let mut known = |name, new: &[u8]| -> Result<Vec<u8>, redb::StorageError> {
                if let Some(known) = meta.get(name)? {
                    return Ok(known.value().to_vec());
                }
                meta.insert(name, new)?;
                Ok(new.to_vec())
            };
            let kept = known("origin", &origin).map_err(|error| storage(dir, error))?;
            if kept != origin {
                return Err(DevError::OtherChain { dir: dir.clone() });
            }
            let birth = known("birth", &rand::rng().random::<[u8; 32]>())
                .map_err(|error| storage(dir, error))?;
            let other = |_| DevError::OtherChain { dir: dir.clone() };
            birth.try_into().map_err(other)?
        };
        write.commit().map_err(|error| storage(dir, error))?;
        let read = database.begin_read().map_err(|error| storage(dir, error))?;
        let table = read
            .open_table(BLOCKS)
            .map_err(|error| storage(dir, error))?;
        let mut blocks = Vec::new();
        for entry in table.iter().map_err(|error| storage(dir, error))? {
            let (number, bytes) = entry.map_err(|error| storage(dir, error))?;
            let damaged = DevError::Damaged {
                number: number.value(),
            };
            let kept = Kept::try_from_slice(bytes.value()).ok();
            let in_order = number.value() == blocks.len() as u64 + 1;
            blocks.push(kept.filter(|_| in_order).ok_or(damaged)?);
        }
        drop(table);
        Ok(Opened {
            journal: Self { database },
            birth,
            blocks,
        })
    }

    /// Makes a block durable.
    pub(super) fn append(&self, number: u64, kept: &Kept) -> Result<(), String> {
        let bytes = borsh::to_vec(kept).map_err(|error| error.to_string())?;
        let write = self
            .database
            .begin_write()
            .map_err(|error| error.to_string())?;
        {
            let mut table = write
                .open_table(BLOCKS)
                .map_err(|error| error.to_string())?;
            table
                .insert(number, &bytes[..])
                .map_err(|error| error.to_string())?;
        }
        write.commit().map_err(|error| error.to_string())
    }
}

fn origin(config: &DevConfig) -> Vec<u8> {
    borsh::to_vec(&(FORMAT, config.chain_id, &config.funded))
        .expect("writing to memory cannot fail")
}

fn storage(dir: &Path, error: impl std::fmt::Display) -> DevError {
    DevError::Storage {
        dir: dir.to_owned(),
        why: error.to_string(),
    }
}
