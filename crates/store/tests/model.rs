//! The store against a map in memory, with reopening at any moment.

use std::collections::BTreeMap;

use enigma_store::{Batch, Store, Table};
use proptest::prelude::*;

const OWNER: &[u8] = b"key of node 1";

#[derive(Clone, Debug)]
enum Step {
    Commit(Vec<Vec<Change>>),
    Reopen,
    Get(Table, Vec<u8>),
    Scan(Table, Vec<u8>, Option<Vec<u8>>, usize),
}

/// A value is given by its length and a byte; none deletes the key.
type Change = (Table, Vec<u8>, Option<(usize, u8)>);

fn tables() -> impl Strategy<Value = Table> {
    prop::sample::select(&Table::ALL[1..4])
}

/// Few different keys, so that they meet again.
fn keys() -> impl Strategy<Value = Vec<u8>> {
    prop::collection::vec(prop::sample::select(&[0u8, 1, 255][..]), 1..4)
}

fn lengths() -> impl Strategy<Value = usize> {
    prop_oneof![8 => 0usize..200, 1 => 64_500usize..64_520, 1 => 100_000usize..300_000]
}

fn steps() -> impl Strategy<Value = Step> {
    let change = (
        tables(),
        keys(),
        prop::option::weighted(0.7, (lengths(), any::<u8>())),
    );
    let batches = prop::collection::vec(prop::collection::vec(change, 0..5), 1..3);
    let prefix = prop_oneof![Just(Vec::new()), keys()];
    prop_oneof![
        4 => batches.prop_map(Step::Commit),
        1 => Just(Step::Reopen),
        2 => (tables(), keys()).prop_map(|(table, key)| Step::Get(table, key)),
        3 => (tables(), prefix, prop::option::of(keys()), 0usize..6)
            .prop_map(|(table, prefix, after, limit)| Step::Scan(table, prefix, after, limit)),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 40, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn behaves_like_a_map(steps in prop::collection::vec(steps(), 1..25)) {
        let dir = tempfile::tempdir().expect("a temporary directory");
        let mut store = Store::open(dir.path(), OWNER).expect("a new store");
        let mut model: BTreeMap<(Table, Vec<u8>), Vec<u8>> = BTreeMap::new();
        for step in steps {
            match step {
                Step::Commit(lists) => {
                    let mut batches = Vec::new();
                    for changes in lists {
                        let mut batch = Batch::new();
                        for (table, key, change) in changes {
                            if let Some((len, byte)) = change {
                                batch.put(table, key.clone(), vec![byte; len]);
                                model.insert((table, key), vec![byte; len]);
                            } else {
                                batch.delete(table, key.clone());
                                model.remove(&(table, key));
                            }
                        }
                        batches.push(batch);
                    }
                    store.commit_all(&batches).expect("the disk works");
                }
                Step::Reopen => {
                    drop(store);
                    store = Store::open(dir.path(), OWNER).expect("the store opens again");
                    prop_assert_eq!(store.verify(), Ok(vec![]));
                }
                Step::Get(table, key) => {
                    prop_assert_eq!(store.get(table, &key), Ok(model.get(&(table, key)).cloned()));
                }
                Step::Scan(table, prefix, after, limit) => {
                    let expected: Vec<_> = model
                        .iter()
                        .filter(|((at, key), _)| *at == table && key.starts_with(&prefix))
                        .filter(|((_, key), _)| after.as_ref().is_none_or(|after| key > after))
                        .take(limit)
                        .map(|((_, key), value)| (key.clone(), value.clone()))
                        .collect();
                    let keys: Vec<_> = expected.iter().map(|(key, _)| key.clone()).collect();
                    prop_assert_eq!(store.scan(table, &prefix, after.as_deref(), limit), Ok(expected));
                    prop_assert_eq!(store.keys(table, &prefix, after.as_deref(), limit), Ok(keys));
                }
            }
        }
    }
}
