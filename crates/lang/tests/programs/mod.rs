//! The programs of `tests/suite`, each in its frame. Below a line `--- lib/geo.enigma` stands that file, for the program to use.

use std::collections::BTreeMap;
use std::path::Path;

/// A program of the suite.
pub(crate) struct Case {
    pub(crate) title: String,
    pub(crate) source: String,
    /// Files beside it.
    pub(crate) files: BTreeMap<String, String>,
}

/// The files of the suite: name and text.
pub(crate) fn suite() -> Vec<(String, String)> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/suite");
    let mut files: Vec<_> = std::fs::read_dir(folder)
        .expect("a folder")
        .map(|file| file.expect("an entry").path())
        .collect();
    files.sort();
    let named = |path: &std::path::PathBuf| {
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        let text = std::fs::read_to_string(path).expect("readable");
        (name.into_owned(), text)
    };
    files.iter().map(named).collect()
}

/// The cases of a file of the suite, each in its frame.
pub(crate) fn cases(text: &str) -> Vec<Case> {
    let mut frame = "BODY".to_owned();
    let mut cases = Vec::new();
    for part in text.split("\n=== ").skip(1) {
        let (title, body) = part.split_once('\n').expect("a title line");
        let body = format!("{body}\n");
        if title == "frame" {
            frame = body;
        } else {
            let mut parts = body.split("\n--- ");
            let body = parts.next().unwrap_or_default();
            let files = parts.map(|file| {
                let (path, text) = file.split_once('\n').expect("a line with a path");
                (path.to_owned(), format!("{text}\n"))
            });
            cases.push(Case {
                title: title.to_owned(),
                source: frame.replace("BODY", body.trim_end()),
                files: files.collect(),
            });
        }
    }
    cases
}
