//! Bytes that change on disk are noticed: never a wrong value, never a silent loss, never a panic.

use std::path::{Path, PathBuf};

use enigma_store::{Batch, Store, StoreError, Table};

const OWNER: &[u8] = b"key of node 1";

fn data_file(dir: &Path) -> PathBuf {
    dir.join("enigma.redb")
}

/// Values in two tables, of one to three pieces, all different and easy to find in the file.
fn contents() -> Vec<(Table, Vec<u8>, Vec<u8>)> {
    let mut contents = Vec::new();
    for number in 0..60u8 {
        let table = if number % 2 == 0 {
            Table::Rows
        } else {
            Table::Journal
        };
        let len = if number % 10 == 0 {
            70_000 + 1000 * usize::from(number)
        } else {
            300
        };
        let value = (0..len)
            .map(|i| (i as u8).wrapping_mul(31) ^ number)
            .collect();
        contents.push((table, format!("key {number}").into_bytes(), value));
    }
    contents
}

fn make(dir: &Path) -> Vec<(Table, Vec<u8>, Vec<u8>)> {
    let store = Store::open(dir, OWNER).expect("a new store");
    let contents = contents();
    let mut batch = Batch::new();
    for (table, key, value) in &contents {
        batch.put(*table, key.as_slice(), value.as_slice());
    }
    store.commit(&batch).expect("the disk works");
    contents
}

/// Changes the only place where `needle` is found.
fn flip(dir: &Path, needle: &[u8], offset: usize) {
    let mut bytes = std::fs::read(data_file(dir)).expect("the file is there");
    let places: Vec<usize> = bytes
        .windows(needle.len())
        .enumerate()
        .filter(|(_, part)| *part == needle)
        .map(|(at, _)| at)
        .collect();
    assert!(!places.is_empty(), "the bytes are in the file");
    for place in places {
        bytes[place + offset] ^= 0x40;
    }
    std::fs::write(data_file(dir), bytes).expect("the disk works");
}

#[test]
fn a_changed_value_is_reported_by_table_and_key() {
    // A short value, and the second piece of a long one.
    for (number, part) in [(3usize, 0..40), (20, 80_000..80_040)] {
        let dir = tempfile::tempdir().expect("a temporary directory");
        let contents = make(dir.path());
        let (table, key, value) = &contents[number];
        flip(dir.path(), &value[part], 7);
        let store = Store::open(dir.path(), OWNER).expect("a store with one bad value opens");
        assert!(
            matches!(store.damage(), Some(StoreError::Damaged { .. })),
            "the check at opening notices"
        );
        assert_eq!(
            store.get(*table, key),
            Err(StoreError::Corrupt {
                table: *table,
                key: key.clone()
            })
        );
        assert_eq!(store.verify(), Ok(vec![(*table, key.clone())]));
        for (other, (table, key, value)) in contents.iter().enumerate() {
            if other != number {
                assert_eq!(store.get(*table, key).as_ref(), Ok(&Some(value.clone())));
            }
        }
        // What is left can be read; nothing is claimed about what is not found, nothing is added.
        let absent = StoreError::Corrupt {
            table: Table::Jobs,
            key: b"never stored".to_vec(),
        };
        assert_eq!(store.get(Table::Jobs, b"never stored"), Err(absent));
        let mut batch = Batch::new();
        batch.put(Table::Meta, b"k", b"v");
        assert!(matches!(
            store.commit(&batch),
            Err(StoreError::Damaged { .. })
        ));
        assert!(matches!(
            store.keys(Table::Rows, b"", None, 10),
            Err(StoreError::Damaged { .. })
        ));
    }
}

#[test]
fn a_value_changed_while_the_store_is_open_is_noticed() {
    let dir = tempfile::tempdir().expect("a temporary directory");
    let contents = make(dir.path());
    let store = Store::open(dir.path(), OWNER).expect("the store opens");
    // More than the cache holds is read first, so that the value comes from the disk.
    let (table, key, value) = &contents[50];
    flip(dir.path(), &value[..40], 0);
    match store.get(*table, key) {
        Err(StoreError::Corrupt {
            table: named,
            key: named_key,
        }) => assert_eq!((named, &named_key), (*table, key)),
        // The page was still cached: then the value is the right one.
        Ok(Some(read)) => assert_eq!(&read, value),
        other => panic!("{other:?}"),
    }
}

#[test]
fn no_changed_byte_anywhere_gives_a_wrong_answer() {
    let dir = tempfile::tempdir().expect("a temporary directory");
    let contents = make(dir.path());
    let original = std::fs::read(data_file(dir.path())).expect("the file is there");
    // Blocks that hold something; most of a new file is empty space.
    let used: Vec<usize> = (0..original.len())
        .step_by(512)
        .filter(|at| {
            original[*at..(at + 512).min(original.len())]
                .iter()
                .any(|byte| *byte != 0)
        })
        .collect();
    let mut random = 0x2545_f491_4f6c_dd1du64;
    let mut next = || {
        random ^= random << 13;
        random ^= random >> 7;
        random ^= random << 17;
        random as usize
    };
    let (mut refused, mut noticed, mut harmless) = (0, 0, 0);
    for _ in 0..300 {
        let mut bytes = original.clone();
        let at = used[next() % used.len()] + next() % 512;
        match next() % 3 {
            0 => bytes[at.min(original.len() - 1)] ^= 1 << (next() % 8),
            1 => bytes[at..].iter_mut().take(512).for_each(|byte| *byte = 0),
            _ => bytes.truncate(at),
        }
        std::fs::write(data_file(dir.path()), bytes).expect("the disk works");
        let Ok(store) = Store::open(dir.path(), OWNER) else {
            refused += 1;
            continue;
        };
        let mut bad = 0;
        for (table, key, value) in &contents {
            match store.get(*table, key) {
                Ok(read) => assert_eq!(read.as_ref(), Some(value), "byte {at}"),
                Err(_) => bad += 1,
            }
        }
        assert!(bad == 0 || store.damage().is_some(), "byte {at}");
        if bad > 0 { noticed += 1 } else { harmless += 1 }
    }
    assert!(
        refused > 10 && noticed > 10,
        "{refused} refused, {noticed} noticed, {harmless} harmless"
    );
}
