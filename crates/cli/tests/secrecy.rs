//! No value stands in any node's files or logs, nor on the chain, nor in what the command prints.

mod support;

use std::path::Path;

use support::{csv, people, survey};

/// Values with enough digits that finding one by chance is out of the question.
const VALUES: [i64; 6] = [
    73_914_652, 48_206_917, 91_357_264, 60_482_913, 85_719_346, 52_093_871,
];

/// Every place where a value stands in a folder's files, in decimal or as a 4 or 8 byte integer.
fn findings(folder: &Path, values: &[i64]) -> Vec<String> {
    let mut found = Vec::new();
    let mut folders = vec![folder.to_owned()];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(&folder).expect("readable").flatten() {
            let path = entry.path();
            if path.is_dir() {
                folders.push(path);
                continue;
            }
            let bytes = std::fs::read(&path).expect("readable");
            for value in values {
                if patterns(*value)
                    .iter()
                    .any(|pattern| contains(&bytes, pattern))
                {
                    found.push(format!("{value} in {}", path.display()));
                }
            }
        }
    }
    found
}

fn patterns(value: i64) -> Vec<Vec<u8>> {
    let word = u32::try_from(value).expect("small");
    vec![
        value.to_string().into_bytes(),
        value.to_le_bytes().to_vec(),
        value.to_be_bytes().to_vec(),
        word.to_le_bytes().to_vec(),
        word.to_be_bytes().to_vec(),
        format!("{value:x}").into_bytes(),
    ]
}

fn contains(bytes: &[u8], pattern: &[u8]) -> bool {
    bytes.windows(pattern.len()).any(|window| window == pattern)
}

#[test]
fn no_value_is_in_any_file_of_the_network() {
    let folder = tempfile::tempdir().expect("temporary folder");
    let path = csv(folder.path(), &people(&VALUES));
    let keep = folder.path().join("kept");
    survey(&path, 3, &["--keep", &keep.display().to_string()]);
    for part in ["node-1", "node-2", "node-3", "chain"] {
        let files = std::fs::read_dir(keep.join(part)).expect("kept").count();
        assert!(files > 0, "{part} is empty");
    }
    assert_eq!(findings(&keep, &VALUES), Vec::<String>::new());
}

#[test]
fn the_search_finds_a_planted_value_in_every_form() {
    for (at, pattern) in patterns(VALUES[0]).into_iter().enumerate() {
        let folder = tempfile::tempdir().expect("temporary folder");
        let inner = folder.path().join("node-1/store");
        std::fs::create_dir_all(&inner).expect("made");
        let leak = [b"before ".to_vec(), pattern, b" after".to_vec()].concat();
        std::fs::write(inner.join("data"), leak).expect("written");
        assert_eq!(findings(folder.path(), &VALUES).len(), 1, "form {at}");
    }
}
