//! Tests on disks that fill up, fail, or lose power in the middle of things.

use std::{
    io,
    sync::{Arc, Mutex, MutexGuard},
};

use redb::StorageBackend;

use crate::{
    Batch, Store, StoreError, Table,
    directory::Directory,
    engine::Engine,
    store::{check_about, initialise},
};

const OWNER: &[u8] = b"owner";
// The unit in which a losing disk keeps or forgets what was written.
const SECTOR: usize = 512;

/// A disk in memory that knows what has been flushed.
#[derive(Clone, Debug, Default)]
struct Disk(Arc<Mutex<State>>);

#[derive(Debug, Default)]
struct State {
    bytes: Vec<u8>,
    flushed: Vec<u8>,
    /// Sectors written since the last flush.
    dirty: Vec<usize>,
    /// Writes until the disk fails, and how it does.
    fuse: Option<(u32, io::ErrorKind)>,
    /// Writes and flushes so far.
    operations: u32,
}

impl Disk {
    fn state(&self) -> MutexGuard<'_, State> {
        self.0
            .lock()
            .expect("no test panics while it holds the disk")
    }

    /// Makes the operation after the next `count` fail, and all after it.
    fn fail_after(&self, count: u32, kind: io::ErrorKind) {
        self.state().fuse = Some((count, kind));
    }

    fn operation(&self) -> io::Result<MutexGuard<'_, State>> {
        let mut state = self.state();
        state.operations += 1;
        match &mut state.fuse {
            Some((0, kind)) => return Err((*kind).into()),
            Some((left, _)) => *left -= 1,
            None => {}
        }
        Ok(state)
    }

    /// The disk after a power cut: of the sectors that were not flushed, those that `keep` picks.
    fn after_power_cut(&self, mut keep: impl FnMut() -> bool) -> Disk {
        let state = self.state();
        let mut bytes = state.flushed.clone();
        // The length may have changed without a flush; a file system keeps either.
        if keep() {
            bytes.resize(state.bytes.len(), 0);
        }
        for sector in &state.dirty {
            let range = *sector..(*sector + SECTOR).min(state.bytes.len()).min(bytes.len());
            if range.start < range.end && keep() {
                bytes[range.clone()].copy_from_slice(&state.bytes[range]);
            }
        }
        Disk(Arc::new(Mutex::new(State {
            flushed: bytes.clone(),
            bytes,
            ..State::default()
        })))
    }
}

impl StorageBackend for Disk {
    fn len(&self) -> Result<u64, io::Error> {
        Ok(self.state().bytes.len() as u64)
    }

    fn read(&self, offset: u64, out: &mut [u8]) -> Result<(), io::Error> {
        let state = self.state();
        let from = state
            .bytes
            .get(offset as usize..)
            .and_then(|tail| tail.get(..out.len()));
        out.copy_from_slice(from.ok_or(io::ErrorKind::UnexpectedEof)?);
        Ok(())
    }

    fn set_len(&self, len: u64) -> Result<(), io::Error> {
        self.operation()?.bytes.resize(len as usize, 0);
        Ok(())
    }

    fn sync_data(&self) -> Result<(), io::Error> {
        let mut state = self.operation()?;
        state.flushed = state.bytes.clone();
        state.dirty.clear();
        Ok(())
    }

    fn write(&self, offset: u64, data: &[u8]) -> Result<(), io::Error> {
        let mut state = self.operation()?;
        let start = offset as usize;
        state.bytes[start..start + data.len()].copy_from_slice(data);
        let first = start / SECTOR * SECTOR;
        state
            .dirty
            .extend((first..start + data.len()).step_by(SECTOR));
        Ok(())
    }
}

/// A small generator, so that a failing case is found again.
struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0
    }
}

fn open(disk: &Disk) -> Result<Store, StoreError> {
    let dir = tempfile::tempdir().expect("a temporary directory");
    let directory = Directory::lock(dir.path())?;
    let is_new = disk.state().bytes.is_empty();
    let engine = Engine::open(disk.clone())?;
    if is_new {
        initialise(&engine, OWNER)?;
    }
    check_about(&engine, OWNER, &directory)?;
    Ok(Store {
        engine,
        damage: None,
        directory,
    })
}

/// Batch number `number`: two keys that belong together, one of them long, and one key rewritten.
fn batch(number: u32) -> Batch {
    let key = number.to_be_bytes();
    let mut batch = Batch::new();
    batch.put(Table::Rows, key, vec![number as u8; 70_000]);
    batch.put(Table::Journal, key, b"accepted");
    batch.put(Table::Meta, b"last", key);
    batch
}

/// Checks that exactly the first batches are there, and returns how many.
fn check_prefix(store: &Store) -> u32 {
    let rows = store
        .scan(Table::Rows, b"", None, usize::MAX)
        .expect("rows are readable");
    let journal = store
        .keys(Table::Journal, b"", None, usize::MAX)
        .expect("the journal is readable");
    let last = store
        .get(Table::Meta, b"last")
        .expect("the last number is readable");
    let count = rows.len() as u32;
    for (number, (key, value)) in (0..count).zip(&rows) {
        assert_eq!(key, &number.to_be_bytes());
        assert_eq!(value, &vec![number as u8; 70_000]);
    }
    assert_eq!(
        journal,
        rows.into_iter().map(|(key, _)| key).collect::<Vec<_>>()
    );
    assert_eq!(
        last,
        count
            .checked_sub(1)
            .map(|number| number.to_be_bytes().to_vec())
    );
    assert_eq!(store.verify(), Ok(vec![]));
    count
}

#[test]
fn a_full_disk_stores_nothing_of_the_batch_and_loses_nothing_before() {
    for (kind, expected) in [
        (io::ErrorKind::StorageFull, StoreError::DiskFull),
        (io::ErrorKind::Other, StoreError::Io(io::ErrorKind::Other)),
    ] {
        let mut failures = 0;
        for operations in (0..60).step_by(3) {
            let disk = Disk::default();
            let store = open(&disk).expect("an empty disk works");
            store.commit(&batch(0)).expect("the disk works");
            disk.fail_after(operations, kind);
            let result = store.commit(&batch(1));
            if result == Ok(()) {
                continue;
            }
            failures += 1;
            assert_eq!(
                result,
                Err(expected.clone()),
                "after {operations} operations"
            );
            assert_eq!(store.commit(&batch(1)), Err(StoreError::Failed));
            assert_eq!(store.get(Table::Rows, &[0; 4]), Err(StoreError::Failed));
            drop(store);
            disk.state().fuse = None;
            let store = open(&disk).expect("the disk works again");
            // A batch whose last flush failed may have reached the disk, but then whole.
            assert!(check_prefix(&store) >= 1);
        }
        assert!(failures > 3, "only {failures} cases made the commit fail");
    }
}

#[test]
fn power_cuts_lose_nothing_acknowledged_and_split_nothing() {
    let mut random = Random(0x9e37_79b9_7f4a_7c15);
    let mut cut_short = 0;
    for round in 0..60 {
        let mut disk = Disk::default();
        let mut acknowledged = 0;
        // A disk that lives through several cuts, each in the middle of a commit.
        for _ in 0..3 {
            disk.state().fuse = None;
            let store = open(&disk).expect("a cut leaves a readable file");
            let count = check_prefix(&store);
            assert!(
                count >= acknowledged,
                "round {round}: {acknowledged} acknowledged, {count} found"
            );
            acknowledged = count;
            disk.fail_after((random.next() % 60) as u32, io::ErrorKind::Other);
            while store.commit(&batch(acknowledged)).is_ok() {
                acknowledged += 1;
            }
            cut_short += 1;
            // The image is taken before the store closes, as when the machine stops.
            let odds = random.next() % 5;
            let image = disk.after_power_cut(|| random.next() % 4 < odds);
            drop(store);
            disk = image;
        }
        let store = open(&disk).expect("a cut leaves a readable file");
        assert!(check_prefix(&store) >= acknowledged);
    }
    assert_eq!(cut_short, 180);
}

/// The guard above is only worth something if this disk can lose data at all.
#[test]
fn the_losing_disk_loses_what_was_not_flushed() {
    let disk = Disk::default();
    disk.set_len(2 * SECTOR as u64).expect("no fuse is set");
    disk.sync_data().expect("no fuse is set");
    disk.write(0, &[1; SECTOR]).expect("no fuse is set");
    let lost = disk.after_power_cut(|| false);
    let kept = disk.after_power_cut(|| true);
    assert_eq!(lost.state().bytes, [0; 2 * SECTOR]);
    assert_eq!(kept.state().bytes[..SECTOR], [1; SECTOR]);
}
