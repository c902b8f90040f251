//! Reading files: what is asked for, and what ends.

use std::cell::RefCell;

use super::*;

/// Files that are made when they are asked for, and remembered.
struct Made<F>(F, RefCell<Vec<String>>);

impl<F: Fn(&str) -> Result<String, FileError>> Files for Made<F> {
    fn read(&self, path: &str) -> Result<String, FileError> {
        self.1.borrow_mut().push(path.to_owned());
        (self.0)(path)
    }
}

/// The paths that were asked for, how many files there are, and what was said.
fn read(
    source: &str,
    files: impl Fn(&str) -> Result<String, FileError>,
) -> (Vec<String>, usize, Vec<Diagnostic>) {
    let files = Made(files, RefCell::default());
    let mut diagnostics = Vec::new();
    let program = Program::read(source, &files, &mut diagnostics);
    assert_eq!(program.root.text().to_string(), program.sources.text());
    assert_eq!(program.modules.len(), program.sources.files());
    for (index, module) in program.modules.iter().enumerate() {
        let at: Span = module.file.syntax().text_range().into();
        assert_eq!(at, program.sources.span(index));
    }
    (files.1.into_inner(), program.modules.len(), diagnostics)
}

fn number(path: &str) -> usize {
    let digits: String = path.chars().filter(char::is_ascii_digit).collect();
    digits.parse().expect("a number")
}

#[test]
fn each_file_is_asked_for_once() {
    let (asked, files, said) = read("use a::X; use b::Y; use b::Z;", |path| {
        Ok(match path {
            "a.enigma" => "use lib::c::X;",
            "b.enigma" => "use lib::c::X; use a::X;",
            _ => "",
        }
        .to_owned())
    });
    assert_eq!(asked, ["a.enigma", "b.enigma", "lib/c.enigma"]);
    assert_eq!((files, said.len()), (4, 0));
}

#[test]
fn what_is_not_there_is_asked_for_and_said_once() {
    let (asked, files, said) = read("use a::X; use a::Y;", |_| Err(FileError::Missing));
    assert_eq!((asked.len(), files, said.len()), (1, 1, 1));
}

/// A chain without an end, and one that goes down a folder with each step.
#[test]
fn chains_end() {
    for step in ["use f{}::X;", "use d::f{}::X;"] {
        let (asked, files, said) = read(&step.replace("{}", "1"), |path| {
            Ok(step.replace("{}", &(number(path) + 1).to_string()))
        });
        assert_eq!((files, asked.len()), (MAX_FILES, MAX_FILES - 1));
        let codes: Vec<Code> = said.iter().map(|d| d.code).collect();
        assert_eq!(codes, [Code::E0601], "{said:?}");
    }
}

#[test]
fn a_program_has_a_size() {
    let large = format!("//{}", " ".repeat(MAX_SOURCE_LEN - 2));
    let source: String = (0..10).map(|n| format!("use f{n}::X; ")).collect();
    let (asked, files, said) = read(&source, |_| Ok(large.clone()));
    // What would be too much ends it.
    let most = MAX_PROGRAM_LEN / MAX_SOURCE_LEN;
    assert_eq!((asked.len(), files), (most, most));
    assert_eq!(said.len(), 1);
    assert_eq!(said[0].code, Code::E0601);
}

#[test]
fn what_cannot_be_read_says_why() {
    let errors = [
        (FileError::NoFolder, Code::E0109),
        (FileError::Missing, Code::E0109),
        (FileError::OtherCase("A.enigma".to_owned()), Code::E0109),
        (FileError::Outside, Code::E0109),
        (FileError::TooLarge, Code::E0105),
        (FileError::NotText(3), Code::E0114),
        (FileError::Unreadable("locked".to_owned()), Code::E0109),
    ];
    let mut messages = std::collections::BTreeSet::new();
    for (error, code) in errors {
        let (_, _, said) = read("use lib::a::X;", |_| Err(error.clone()));
        assert_eq!(said.len(), 1);
        let found = &said[0];
        assert_eq!((found.code, found.primary.span.range()), (code, 4..10));
        assert!(found.message.contains("`lib/a.enigma`"), "{found:?}");
        messages.insert(format!("{found:?}"));
    }
    assert_eq!(messages.len(), 7);
    let (_, _, said) = read("use a::X;", |_| Ok(" ".repeat(MAX_SOURCE_LEN + 1)));
    assert_eq!(said[0].code, Code::E0105);
}

#[test]
fn circles_show_their_way() {
    let (_, files, said) = read("use a::X;", |path| {
        Ok(match path {
            "a.enigma" => "use b::X;",
            "b.enigma" => "use c::X; use b::Y;",
            _ => "use a::X;",
        }
        .to_owned())
    });
    assert_eq!(files, 4);
    let ways: Vec<&str> = said.iter().map(|d| d.primary.text.as_str()).collect();
    assert_eq!(
        ways,
        [
            "`a.enigma` uses `b.enigma` uses `c.enigma` uses `a.enigma`",
            "`b.enigma` uses `b.enigma`"
        ]
    );
    assert!(said.iter().all(|d| d.code == Code::E0111));
}
