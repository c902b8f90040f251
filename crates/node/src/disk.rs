//! The disk thread: performs the party's writes and reads in order, sharing one flush among the
//! writes that are waiting. After a failure of the disk the store is opened anew: what failed is answered
//! as failed, and what comes later works again once the disk does.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::sync::mpsc::{Receiver, SyncSender, TryRecvError};
use std::time::{Duration, Instant};

use enigma_core::{EffectId, KEYS_AT_ONCE, Outcome, Table, Write};
use enigma_store::{Batch, Entry, Store, StoreError};

use crate::telemetry::Telemetry;

/// Pause between attempts to open a store that failed: each reads the whole file.
const REOPEN_PAUSE: Duration = Duration::from_secs(2);
/// Most rows a single load returns.
const LOAD_MAX: usize = 2 << 20;
/// Writes that share a flush at most.
const GROUP_MAX: usize = 256;

/// One thing to do.
pub(crate) enum Request {
    Persist {
        id: EffectId,
        batch: Vec<Write>,
    },
    Load {
        id: EffectId,
        table: Table,
        prefix: Vec<u8>,
    },
    ListKeys {
        id: EffectId,
        table: Table,
        prefix: Vec<u8>,
        after: Option<Vec<u8>>,
    },
}

/// What the disk thread needs of a store.
pub(crate) trait Keep {
    /// Applies batches in order with one flush, all or none.
    fn commit_all(&self, batches: &[Batch]) -> Result<(), StoreError>;
    /// All pairs whose keys begin with the prefix, in order.
    fn scan_all(&self, table: Table, prefix: &[u8]) -> Result<Vec<Entry>, StoreError>;
    /// Keys that begin with the prefix, in order: the first of those after a key.
    fn keys_after(
        &self,
        table: Table,
        prefix: &[u8],
        after: Option<&[u8]>,
    ) -> Result<Vec<Vec<u8>>, StoreError>;
}

impl Keep for Store {
    fn commit_all(&self, batches: &[Batch]) -> Result<(), StoreError> {
        Store::commit_all(self, batches)
    }

    fn scan_all(&self, table: Table, prefix: &[u8]) -> Result<Vec<Entry>, StoreError> {
        self.scan(table_of(table), prefix, None, LOAD_MAX)
    }

    fn keys_after(
        &self,
        table: Table,
        prefix: &[u8],
        after: Option<&[u8]>,
    ) -> Result<Vec<Vec<u8>>, StoreError> {
        self.keys(table_of(table), prefix, after, KEYS_AT_ONCE)
    }
}

/// A store, and how to open it again.
pub(crate) struct Disk<S> {
    store: Option<S>,
    open: Box<dyn Fn() -> Result<S, StoreError> + Send>,
    failed_at: Option<Instant>,
    reopen_pause: Duration,
    telemetry: Arc<Telemetry>,
}

impl<S: Keep> Disk<S> {
    /// An open store. `open` opens it anew after the system failed.
    pub(crate) fn new(
        store: S,
        open: impl Fn() -> Result<S, StoreError> + Send + 'static,
        telemetry: Arc<Telemetry>,
    ) -> Self {
        Self {
            store: Some(store),
            open: Box::new(open),
            failed_at: None,
            reopen_pause: REOPEN_PAUSE,
            telemetry,
        }
    }

    /// Works until the party hangs up; outcomes go back in the order of requests.
    pub(crate) fn run(
        mut self,
        requests: &Receiver<Request>,
        done: &SyncSender<(EffectId, Outcome)>,
        wake: &crate::driver::Waker,
    ) {
        let mut next = requests.recv().ok();
        while let Some(request) = next.take() {
            let outcomes = match request {
                Request::Load { id, table, prefix } => vec![(id, self.load(table, &prefix))],
                Request::ListKeys {
                    id,
                    table,
                    prefix,
                    after,
                } => vec![(id, self.list_keys(table, &prefix, after.as_deref()))],
                Request::Persist { id, batch } => {
                    let mut group = vec![(id, to_batch(batch))];
                    while group.len() < GROUP_MAX {
                        match requests.try_recv() {
                            Ok(Request::Persist { id, batch }) => {
                                group.push((id, to_batch(batch)));
                            }
                            Ok(other) => {
                                next = Some(other);
                                break;
                            }
                            Err(TryRecvError::Empty | TryRecvError::Disconnected) => break,
                        }
                    }
                    self.persist(group)
                }
            };
            for outcome in outcomes {
                if done.send(outcome).is_err() {
                    return;
                }
            }
            wake();
            next = next.or_else(|| requests.recv().ok());
        }
    }

    /// What no store would take is answered by itself: it fails nothing of what shares its flush.
    fn persist(&mut self, group: Vec<(EffectId, Batch)>) -> Vec<(EffectId, Outcome)> {
        let (mut outcomes, mut batches) = (Vec::new(), Vec::new());
        for (id, batch) in group {
            match batch.check() {
                Ok(()) => {
                    batches.push(batch);
                    outcomes.push((id, Outcome::Persisted));
                }
                Err(error) => outcomes.push((id, Outcome::Failed(error.to_string()))),
            }
        }
        let result = self.with_store(|store| store.commit_all(&batches));
        let failing = &self.telemetry.disk_failing;
        failing.store(result.is_err(), Ordering::Relaxed);
        if let Err(error) = result {
            let errors = &self.telemetry.disk_write_errors;
            errors.fetch_add(1, Ordering::Relaxed);
            let taken = outcomes.iter_mut().map(|(_, outcome)| outcome);
            for outcome in taken.filter(|outcome| matches!(outcome, Outcome::Persisted)) {
                *outcome = Outcome::Failed(error.to_string());
            }
        }
        outcomes
    }

    fn load(&mut self, table: Table, prefix: &[u8]) -> Outcome {
        match self.with_store(|store| store.scan_all(table, prefix)) {
            Ok(pairs) => Outcome::Loaded(pairs),
            Err(error) => Outcome::Failed(error.to_string()),
        }
    }

    fn list_keys(&mut self, table: Table, prefix: &[u8], after: Option<&[u8]>) -> Outcome {
        match self.with_store(|store| store.keys_after(table, prefix, after)) {
            Ok(keys) => Outcome::Keys(keys),
            Err(error) => Outcome::Failed(error.to_string()),
        }
    }

    fn with_store<T>(
        &mut self,
        work: impl FnOnce(&S) -> Result<T, StoreError>,
    ) -> Result<T, StoreError> {
        let store = match self.store.take() {
            Some(store) => store,
            None if self
                .failed_at
                .is_some_and(|failed| failed.elapsed() < self.reopen_pause) =>
            {
                return Err(StoreError::Failed);
            }
            None => {
                self.failed_at = Some(Instant::now());
                (self.open)()?
            }
        };
        let result = work(&store);
        match &result {
            Err(StoreError::DiskFull | StoreError::Io(_) | StoreError::Failed) => {
                // Dropping it gives up its lock, so that it can be opened again.
                drop(store);
                self.failed_at = Some(Instant::now());
            }
            _ => self.store = Some(store),
        }
        result
    }
}

fn to_batch(writes: Vec<Write>) -> Batch {
    let mut batch = Batch::new();
    for write in writes {
        match write {
            Write::Put { table, key, value } => batch.put(table_of(table), key, value),
            Write::Delete { table, key } => batch.delete(table_of(table), key),
        };
    }
    batch
}

fn table_of(table: Table) -> enigma_store::Table {
    match table {
        Table::Contracts => enigma_store::Table::Contracts,
        Table::Rows => enigma_store::Table::Rows,
        Table::Jobs => enigma_store::Table::Jobs,
        Table::Outputs => enigma_store::Table::Outputs,
        Table::Parameters => enigma_store::Table::Parameters,
        Table::Admitted => enigma_store::Table::Admitted,
        Table::Secrets => enigma_store::Table::Secrets,
        Table::Kept => enigma_store::Table::Kept,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::Mutex;
    use std::sync::mpsc;

    #[test]
    fn outcomes_come_back_in_order_and_reads_see_earlier_writes() {
        let folder = tempfile::tempdir().expect("temporary folder");
        let store = Store::open(folder.path(), b"test").expect("opens");
        let never = || Err(StoreError::Failed);
        let disk = Disk::new(store, never, Arc::default());
        let (ask, requests) = mpsc::sync_channel(1024);
        let (done, outcomes) = mpsc::sync_channel(1024);
        for i in 0..300u64 {
            let write = Write::Put {
                table: Table::Rows,
                key: i.to_be_bytes().to_vec(),
                value: vec![1; 10],
            };
            ask.send(Request::Persist {
                id: EffectId(i),
                batch: vec![write],
            })
            .expect("room");
        }
        ask.send(Request::Load {
            id: EffectId(300),
            table: Table::Rows,
            prefix: Vec::new(),
        })
        .expect("room");
        drop(ask);
        let wake: crate::driver::Waker = Arc::new(|| {});
        disk.run(&requests, &done, &wake);
        drop(done);
        let outcomes: Vec<(EffectId, Outcome)> = outcomes.iter().collect();
        assert!(outcomes.iter().map(|(id, _)| id.0).eq(0..=300));
        match &outcomes[300].1 {
            Outcome::Loaded(pairs) => assert_eq!(pairs.len(), 300),
            other => panic!("expected rows, got {other:?}"),
        }
    }

    /// A store that has failed refuses everything, as the real one does, until it is opened anew.
    struct Failing {
        full: Arc<Mutex<bool>>,
        failed: Mutex<bool>,
    }

    impl Keep for Failing {
        fn commit_all(&self, _: &[Batch]) -> Result<(), StoreError> {
            let mut failed = self.failed.lock().expect("whole");
            if *failed {
                return Err(StoreError::Failed);
            }
            *failed = *self.full.lock().expect("whole");
            if *failed {
                Err(StoreError::DiskFull)
            } else {
                Ok(())
            }
        }

        fn scan_all(&self, _: Table, _: &[u8]) -> Result<Vec<Entry>, StoreError> {
            Ok(Vec::new())
        }

        fn keys_after(
            &self,
            _: Table,
            _: &[u8],
            _: Option<&[u8]>,
        ) -> Result<Vec<Vec<u8>>, StoreError> {
            Ok(Vec::new())
        }
    }

    #[test]
    fn what_cannot_be_stored_fails_alone() {
        let open = || {
            Ok(Failing {
                full: Arc::default(),
                failed: Mutex::default(),
            })
        };
        let telemetry = Arc::new(Telemetry::default());
        let mut disk = Disk::new(open().expect("opens"), open, telemetry.clone());
        let put = |key: Vec<u8>| {
            let mut batch = Batch::new();
            batch.put(enigma_store::Table::Meta, key, vec![1]);
            batch
        };
        let group = vec![
            (EffectId(0), put(vec![1])),
            (EffectId(1), put(Vec::new())),
            (EffectId(2), put(vec![2])),
        ];
        let stored = disk.persist(group).into_iter();
        let stored = stored.map(|(id, outcome)| (id.0, matches!(outcome, Outcome::Persisted)));
        assert!(stored.eq([(0, true), (1, false), (2, true)]));
        assert_eq!(telemetry.disk_write_errors.load(Ordering::Relaxed), 0);
    }

    #[test]
    fn a_full_disk_fails_what_waits_for_it_and_works_again_when_there_is_room() {
        let full = Arc::new(Mutex::new(true));
        let open = {
            let full = full.clone();
            move || {
                Ok(Failing {
                    full: full.clone(),
                    failed: Mutex::new(false),
                })
            }
        };
        let telemetry = Arc::new(Telemetry::default());
        telemetry.chain_answered(1);
        let store = open().expect("opens");
        let mut disk = Disk::new(store, open, telemetry.clone());
        disk.reopen_pause = Duration::ZERO;
        let mut persist = |id| {
            let mut outcomes = disk.persist(vec![(EffectId(id), Batch::new())]);
            outcomes.remove(0).1
        };
        for id in 0..2 {
            match persist(id) {
                Outcome::Failed(why) => assert!(why.contains("no space left"), "{why}"),
                other => panic!("stored on a full disk: {other:?}"),
            }
        }
        assert_eq!(telemetry.disk_write_errors.load(Ordering::Relaxed), 2);
        assert!(telemetry.unready().is_some());
        *full.lock().expect("whole") = false;
        assert!(matches!(persist(2), Outcome::Persisted));
        assert_eq!(telemetry.unready(), None);
    }
}
