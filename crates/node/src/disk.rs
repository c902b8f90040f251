//! The disk thread: performs the party's writes and reads in order, sharing one flush among the
//! writes that are waiting.

use std::sync::mpsc::{Receiver, SyncSender, TryRecvError};

use enigma_core::{EffectId, Outcome, Table, Write};
use enigma_store::{Batch, Store};

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
}

/// Works until the party hangs up; outcomes go back in the order of requests.
pub(crate) fn run(
    store: &Store,
    requests: &Receiver<Request>,
    done: &SyncSender<(EffectId, Outcome)>,
    wake: &enigma_net::Waker,
) {
    let mut next = requests.recv().ok();
    while let Some(request) = next.take() {
        let outcomes = match request {
            Request::Load { id, table, prefix } => vec![(id, load(store, table, &prefix))],
            Request::Persist { id, batch } => {
                let mut group = vec![(id, to_batch(batch))];
                while group.len() < GROUP_MAX {
                    match requests.try_recv() {
                        Ok(Request::Persist { id, batch }) => group.push((id, to_batch(batch))),
                        Ok(other) => {
                            next = Some(other);
                            break;
                        }
                        Err(TryRecvError::Empty | TryRecvError::Disconnected) => break,
                    }
                }
                persist(store, group)
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

fn persist(store: &Store, group: Vec<(EffectId, Batch)>) -> Vec<(EffectId, Outcome)> {
    let (ids, batches): (Vec<EffectId>, Vec<Batch>) = group.into_iter().unzip();
    match store.commit_all(&batches) {
        Ok(()) => ids.into_iter().map(|id| (id, Outcome::Persisted)).collect(),
        Err(error) => ids
            .into_iter()
            .map(|id| (id, Outcome::Failed(error.to_string())))
            .collect(),
    }
}

fn load(store: &Store, table: Table, prefix: &[u8]) -> Outcome {
    match store.scan(table_of(table), prefix, None, LOAD_MAX) {
        Ok(pairs) => Outcome::Loaded(pairs),
        Err(error) => Outcome::Failed(error.to_string()),
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
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::{Arc, mpsc};

    #[test]
    fn outcomes_come_back_in_order_and_reads_see_earlier_writes() {
        let folder = tempfile::tempdir().expect("temporary folder");
        let store = Store::open(folder.path(), b"test").expect("opens");
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
        let wake: enigma_net::Waker = Arc::new(|| {});
        run(&store, &requests, &done, &wake);
        drop(done);
        let outcomes: Vec<(EffectId, Outcome)> = outcomes.iter().collect();
        assert!(outcomes.iter().map(|(id, _)| id.0).eq(0..=300));
        match &outcomes[300].1 {
            Outcome::Loaded(pairs) => assert_eq!(pairs.len(), 300),
            other => panic!("expected rows, got {other:?}"),
        }
    }
}
