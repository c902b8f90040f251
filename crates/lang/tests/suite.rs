//! Programs with the diagnostics that are expected of them beside the lines.
//!
//! A file of `tests/suite` holds several cases, each under a line `=== TITLE`. A case titled
//! `frame` is no program: later cases of the file are put in place of its word `BODY`, until the
//! next frame. Below a line, a comment with carets marks a place on it and says what is reported
//! there:
//!
//! ```text
//!   reveal x = a to each g;
//! //                ^^^^^^ E0310 rows of `a`
//! ```
//!
//! The carets cover the primary span, or its part on that line; the text is part of the message. A
//! case without marks must compile without a word.

use std::fmt::Write;
use std::path::Path;

use enigma_lang::{Code, Color, compile, has_errors, render};

/// A diagnostic as a mark says it, or as the compiler did.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Mark {
    line: usize,
    column: usize,
    width: usize,
    code: String,
    message: String,
}

struct Case {
    title: String,
    source: String,
}

#[test]
fn programs_are_accepted_or_refused_as_marked() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/suite");
    let mut files: Vec<_> = std::fs::read_dir(folder)
        .expect("suite")
        .map(|file| file.expect("entry").path())
        .collect();
    files.sort();
    let mut report = String::new();
    let mut count = 0;
    for path in &files {
        let text = std::fs::read_to_string(path).expect("readable");
        for case in cases(&text) {
            count += 1;
            let name = path.file_name().unwrap_or_default().to_string_lossy();
            if let Some(difference) = check(&case) {
                write!(report, "\n==== {name}: {}\n{difference}", case.title).expect("a string");
            }
        }
    }
    assert!(report.is_empty(), "{report}");
    assert!(count > 60, "only {count} cases were found");
}

/// Every code of the language is expected somewhere in the suite.
#[test]
fn every_rule_has_a_case() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/suite");
    let texts: String = std::fs::read_dir(folder)
        .expect("suite")
        .map(|file| std::fs::read_to_string(file.expect("entry").path()).expect("readable"))
        .collect();
    // A source of 256 KiB, a nest of 64 and an expression with 65_536 registers are built by the
    // tests of the parser; E0999 has no program.
    let elsewhere = [Code::E0104, Code::E0105, Code::E0999];
    for code in Code::ALL.iter().filter(|code| !elsewhere.contains(code)) {
        assert!(
            texts.contains(&format!("^ {code}")),
            "no case expects {code}"
        );
    }
}

fn cases(text: &str) -> Vec<Case> {
    let mut frame = "BODY".to_owned();
    let mut cases = Vec::new();
    for part in text.split("\n=== ").skip(1) {
        let (title, body) = part.split_once('\n').expect("a title line");
        let body = format!("{body}\n");
        if title == "frame" {
            frame = body;
        } else {
            let source = frame.replace("BODY", body.trim_end());
            cases.push(Case {
                title: title.to_owned(),
                source,
            });
        }
    }
    cases
}

fn check(case: &Case) -> Option<String> {
    let expected = expected(&case.source);
    let compilation = compile(&case.source);
    let actual: Vec<Mark> = compilation
        .diagnostics
        .iter()
        .map(|d| {
            let range = d.primary.span.range();
            let before = &case.source[..range.start];
            let line_start = before.rfind('\n').map_or(0, |at| at + 1);
            let rest = case.source[range.start..]
                .lines()
                .next()
                .unwrap_or("")
                .len();
            Mark {
                line: before.matches('\n').count(),
                column: range.start - line_start,
                width: range.len().min(rest).max(1),
                code: d.code.to_string(),
                message: d.message.clone(),
            }
        })
        .collect();
    let same = |(e, a): (&Mark, &Mark)| {
        (e.line, e.column, e.width, &e.code) == (a.line, a.column, a.width, &a.code)
            && a.message.contains(&e.message)
    };
    assert_eq!(
        compilation.contract.is_none(),
        has_errors(&compilation.diagnostics)
    );
    if expected.len() == actual.len() && expected.iter().zip(&actual).all(same) {
        return None;
    }
    let mut report = String::new();
    for mark in actual {
        let line = case.source.lines().nth(mark.line).unwrap_or("");
        let carets = format!(
            "//{}{}",
            " ".repeat(mark.column.saturating_sub(2)),
            "^".repeat(mark.width)
        );
        writeln!(report, "{line}\n{carets} {} {}", mark.code, mark.message).expect("a string");
    }
    report.push_str(&render(
        &compilation.diagnostics,
        "case",
        &case.source,
        Color::Never,
    ));
    Some(report)
}

/// The marks, sorted as the compiler sorts.
fn expected(source: &str) -> Vec<Mark> {
    let mut marks = Vec::new();
    let mut line_of_code = 0;
    for (number, line) in source.lines().enumerate() {
        let carets = line
            .strip_prefix("//")
            .map(|rest| rest.trim_start())
            .filter(|r| r.starts_with('^'));
        let Some(carets) = carets else {
            line_of_code = number;
            continue;
        };
        let width = carets.bytes().take_while(|b| *b == b'^').count();
        let (code, message) = carets[width..]
            .trim()
            .split_once(' ')
            .expect("a code and a text");
        marks.push(Mark {
            line: line_of_code,
            column: line.len() - carets.len(),
            width,
            code: code.to_owned(),
            message: message.trim().to_owned(),
        });
    }
    marks.sort();
    marks
}
