//! What was acknowledged is there again: after closing, after `kill -9`, and for its owner only.

use std::{
    io::{BufRead, BufReader, Write},
    path::Path,
    process::{Child, Command, Stdio},
};

use enigma_store::{Batch, Store, StoreError, Table};

const OWNER: &[u8] = b"key of node 1";
// Tells the child process below which directory to write to.
const CHILD_DIR: &str = "ENIGMA_STORE_TEST_DIR";

fn temporary() -> tempfile::TempDir {
    tempfile::tempdir().expect("a temporary directory")
}

fn open(dir: &Path) -> Store {
    Store::open(dir, OWNER).expect("the store opens")
}

fn put(store: &Store, table: Table, key: &[u8], value: &[u8]) {
    let mut batch = Batch::new();
    batch.put(table, key, value);
    store.commit(&batch).expect("the disk works");
}

#[test]
fn values_of_all_sizes_come_back_after_reopening() {
    let dir = temporary();
    // Around the length of a piece, and several pieces.
    let lengths = [0, 1, 1000, 64511, 64512, 64513, 129_024, 129_025, 1_000_000];
    let value = |len: usize| (0..len).map(|i| (i * 7 + len) as u8).collect::<Vec<u8>>();
    let store = open(dir.path());
    let mut batch = Batch::new();
    for len in lengths {
        batch.put(Table::Rows, (len as u64).to_be_bytes(), value(len));
    }
    store.commit(&batch).expect("the disk works");
    drop(store);

    let store = open(dir.path());
    for len in lengths {
        assert_eq!(
            store.get(Table::Rows, &(len as u64).to_be_bytes()),
            Ok(Some(value(len))),
            "{len} bytes"
        );
        assert_eq!(
            store.get(Table::Jobs, &(len as u64).to_be_bytes()),
            Ok(None),
            "tables are separate"
        );
    }
    // Shrinking, growing and deleting leave nothing behind that another value could pick up.
    for (from, to) in [(1_000_000, 10), (0, 200_000), (129_025, 129_024)] {
        put(
            &store,
            Table::Rows,
            &(from as u64).to_be_bytes(),
            &value(to),
        );
        assert_eq!(
            store.get(Table::Rows, &(from as u64).to_be_bytes()),
            Ok(Some(value(to)))
        );
    }
    assert_eq!(store.verify(), Ok(vec![]));
}

#[test]
fn the_order_within_and_between_batches_counts() {
    let dir = temporary();
    let store = open(dir.path());
    let mut first = Batch::new();
    first
        .put(Table::Meta, b"a", b"1")
        .put(Table::Meta, b"a", b"2")
        .delete(Table::Meta, b"b");
    let mut second = Batch::new();
    second
        .delete(Table::Meta, b"a")
        .put(Table::Meta, b"b", b"3")
        .put(Table::Meta, b"c", vec![1; 100_000]);
    let mut third = Batch::new();
    third.put(Table::Meta, b"a", b"4").delete(Table::Meta, b"c");
    store
        .commit_all(&[first, second, third])
        .expect("the disk works");
    let expected = vec![
        (b"a".to_vec(), b"4".to_vec()),
        (b"b".to_vec(), b"3".to_vec()),
    ];
    assert_eq!(store.scan(Table::Meta, b"", None, 10), Ok(expected));
    assert_eq!(store.verify(), Ok(vec![]));
}

#[test]
fn scanning_follows_a_prefix_in_pages() {
    let dir = temporary();
    let store = open(dir.path());
    let mut batch = Batch::new();
    for key in [
        &b"a"[..],
        b"ab",
        b"ab\0",
        b"abc",
        b"ab\xff",
        b"ac",
        b"\xff",
        b"\xff\xff",
    ] {
        batch.put(Table::Journal, key, key);
    }
    store.commit(&batch).expect("the disk works");
    let keys = |prefix: &[u8], after: Option<&[u8]>, limit| {
        store
            .keys(Table::Journal, prefix, after, limit)
            .expect("the store is whole")
    };
    assert_eq!(
        keys(b"ab", None, 10),
        [&b"ab"[..], b"ab\0", b"abc", b"ab\xff"]
    );
    assert_eq!(keys(b"ab", None, 2), [&b"ab"[..], b"ab\0"]);
    assert_eq!(keys(b"ab", Some(b"ab\0"), 2), [&b"abc"[..], b"ab\xff"]);
    assert_eq!(keys(b"ab", Some(b"ab\xff"), 2), Vec::<Vec<u8>>::new());
    assert_eq!(keys(b"ab", Some(b"a"), 1), [b"ab"]);
    assert_eq!(keys(b"\xff", None, 10), [&b"\xff"[..], b"\xff\xff"]);
    assert_eq!(keys(b"", None, usize::MAX).len(), 8);
    assert_eq!(keys(b"", None, 0).len(), 0);
}

#[test]
fn misuse_is_refused_before_anything_is_written() {
    let dir = temporary();
    let store = open(dir.path());
    let mut good = Batch::new();
    good.put(Table::Meta, b"k", b"v");
    let mut bad = Batch::new();
    bad.put(Table::Rows, b"", b"v");
    let refused = store.commit_all(&[good, bad]);
    assert_eq!(
        refused,
        Err(StoreError::KeyLength {
            table: Table::Rows,
            len: 0
        })
    );
    let mut long = Batch::new();
    long.delete(Table::Jobs, vec![0; 257]);
    assert_eq!(
        store.commit(&long),
        Err(StoreError::KeyLength {
            table: Table::Jobs,
            len: 257
        })
    );
    assert_eq!(store.get(Table::Meta, b"k"), Ok(None));
}

#[test]
fn a_directory_has_one_owner_and_one_user() {
    let dir = temporary();
    let store = open(dir.path());
    put(&store, Table::Meta, b"k", b"v");
    let in_use = StoreError::InUse {
        path: dir.path().to_owned(),
    };
    assert_eq!(Store::open(dir.path(), OWNER).map(|_| ()), Err(in_use));
    drop(store);
    let foreign = StoreError::ForeignOwner {
        path: dir.path().to_owned(),
    };
    assert_eq!(
        Store::open(dir.path(), b"key of node 2").map(|_| ()),
        Err(foreign)
    );
    assert_eq!(
        open(dir.path()).get(Table::Meta, b"k"),
        Ok(Some(b"v".to_vec()))
    );
}

#[test]
fn other_files_are_not_taken_for_a_store() {
    let dir = temporary();
    let file = dir.path().join("enigma.redb");
    for content in [
        &b""[..],
        b"red",
        b"a letter to my aunt, long enough for a header",
    ] {
        std::fs::write(&file, content).expect("the disk works");
        let refused = Store::open(dir.path(), OWNER).map(|_| ());
        assert_eq!(refused, Err(StoreError::NotAStore { path: file.clone() }));
        assert_eq!(
            std::fs::read(&file).expect("the file is still there"),
            content
        );
    }
}

#[test]
fn a_crash_while_making_the_store_does_not_matter() {
    let dir = temporary();
    std::fs::write(dir.path().join("enigma.redb.new"), b"half of a header")
        .expect("the disk works");
    put(&open(dir.path()), Table::Meta, b"k", b"v");
    assert_eq!(
        open(dir.path()).get(Table::Meta, b"k"),
        Ok(Some(b"v".to_vec()))
    );
}

#[test]
#[cfg(unix)]
fn files_are_private() {
    use std::os::unix::fs::PermissionsExt;
    let mode = |path: &Path| {
        std::fs::metadata(path)
            .expect("the path exists")
            .permissions()
            .mode()
            & 0o777
    };
    let parent = temporary();
    let dir = parent.path().join("deep/down");
    let file = dir.join("enigma.redb");
    drop(open(&dir));
    assert_eq!((mode(&dir), mode(&file)), (0o700, 0o600));
    // A file that became readable to all is made private again.
    std::fs::set_permissions(&file, std::fs::Permissions::from_mode(0o644))
        .expect("it is our file");
    drop(open(&dir));
    assert_eq!(mode(&file), 0o600);
}

#[test]
fn many_threads_share_a_store() {
    let dir = temporary();
    let store = open(dir.path());
    std::thread::scope(|scope| {
        for thread in 0..4u8 {
            let store = &store;
            scope.spawn(move || {
                for number in 0..10u8 {
                    put(store, Table::Jobs, &[thread, number], &[number; 100]);
                    assert_eq!(
                        store.get(Table::Jobs, &[thread, number]),
                        Ok(Some(vec![number; 100]))
                    );
                }
            });
        }
    });
    assert_eq!(
        store
            .keys(Table::Jobs, b"", None, 100)
            .expect("the store is whole")
            .len(),
        40
    );
}

// Values of the child's commit `number`: one short, one long, which must appear together.
fn child_values(number: u32) -> (Vec<u8>, Vec<u8>) {
    (number.to_le_bytes().to_vec(), vec![number as u8; 80_000])
}

/// Not a test: the process that is killed by the tests below, started by [`start_child`].
#[test]
#[ignore = "runs as the child of other tests"]
fn child_that_commits_until_killed() {
    let Some(dir) = std::env::var_os(CHILD_DIR) else {
        return;
    };
    let store = open(Path::new(&dir));
    let mut out = std::io::stdout();
    let first = store
        .keys(Table::Journal, b"", None, usize::MAX)
        .expect("the store is whole")
        .len() as u32;
    for number in first.. {
        let (short, long) = child_values(number);
        let mut batch = Batch::new();
        batch.put(Table::Journal, number.to_be_bytes(), short).put(
            Table::Rows,
            number.to_be_bytes(),
            long,
        );
        store.commit(&batch).expect("the disk works");
        writeln!(out, "\nstored {number}")
            .and_then(|()| out.flush())
            .expect("the parent reads");
    }
}

fn start_child(dir: &Path) -> Child {
    Command::new(std::env::current_exe().expect("the test binary has a path"))
        .args([
            "--exact",
            "child_that_commits_until_killed",
            "--ignored",
            "--nocapture",
        ])
        .env(CHILD_DIR, dir)
        .stdout(Stdio::piped())
        .spawn()
        .expect("the test binary starts again")
}

/// Numbers the child has reported as stored.
fn acknowledgements(child: &mut Child) -> impl Iterator<Item = u32> + use<> {
    let lines = BufReader::new(child.stdout.take().expect("the output is piped")).lines();
    // A line cut short by the kill is dropped with the newline it lacks.
    lines
        .map_while(Result::ok)
        .filter_map(|line| line.strip_prefix("stored ")?.parse().ok())
}

#[test]
fn kill_9_loses_nothing_acknowledged() {
    let dir = temporary();
    let mut next = 0;
    for round in 0..6u64 {
        let mut child = start_child(dir.path());
        let mut acknowledged = acknowledgements(&mut child);
        let first = acknowledged.next().expect("the child commits");
        assert!(
            first >= next,
            "round {round}: the child saw {first} entries, {next} were acknowledged"
        );
        // Killed at some moment of a later commit; what it said before counts.
        std::thread::sleep(std::time::Duration::from_micros(1000 + 3777 * round));
        child.kill().expect("the child runs");
        child.wait().expect("the child was killed");
        next = acknowledged.last().unwrap_or(first) + 1;

        let store = open(dir.path());
        assert_eq!(store.damage(), None);
        let keys = store
            .keys(Table::Journal, b"", None, usize::MAX)
            .expect("the store is whole");
        assert!(
            keys.len() as u32 >= next,
            "round {round}: {next} acknowledged, {} found",
            keys.len()
        );
        for number in 0..keys.len() as u32 {
            let (short, long) = child_values(number);
            assert_eq!(
                store.get(Table::Journal, &number.to_be_bytes()),
                Ok(Some(short))
            );
            assert_eq!(
                store.get(Table::Rows, &number.to_be_bytes()),
                Ok(Some(long))
            );
        }
        assert_eq!(store.keys(Table::Rows, b"", None, usize::MAX), Ok(keys));
    }
    assert!(next > 6, "the child had time for {next} commits only");
}

#[test]
fn two_processes_do_not_share_a_directory() {
    let dir = temporary();
    let mut child = start_child(dir.path());
    acknowledgements(&mut child)
        .next()
        .expect("the child commits");
    let in_use = StoreError::InUse {
        path: dir.path().to_owned(),
    };
    assert_eq!(Store::open(dir.path(), OWNER).map(|_| ()), Err(in_use));
    child.kill().expect("the child runs");
    child.wait().expect("the child was killed");
    // The lock went with the process.
    assert!(
        open(dir.path())
            .get(Table::Journal, &0u32.to_be_bytes())
            .expect("the store is whole")
            .is_some()
    );
}
