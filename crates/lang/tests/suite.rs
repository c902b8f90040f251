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
//! case without marks must compile without a word. That bytecode is not made of something (`W0901`, `W0902`) is
//! looked at only where a mark expects it.

mod programs;

use std::fmt::Write;

use enigma_lang::{Code, Color, Compilation, compile_with, has_errors};
use programs::{Case, cases};

/// A diagnostic as a mark says it, or as the compiler did.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Mark {
    line: usize,
    column: usize,
    width: usize,
    code: String,
    message: String,
}

#[test]
fn programs_are_accepted_or_refused_as_marked() {
    let mut report = String::new();
    let (mut accepted, mut refused) = (0, 0);
    for (name, text) in programs::suite() {
        for case in cases(&text) {
            if expected(&case.source).is_empty() {
                accepted += 1;
            } else {
                refused += 1;
            }
            if let Some(difference) = check(&case) {
                write!(report, "\n==== {name}: {}\n{difference}", case.title).expect("a string");
            }
        }
    }
    assert!(report.is_empty(), "{report}");
    assert!(accepted > 120, "only {accepted} accepted cases were found");
    assert!(refused > 250, "only {refused} refused cases were found");
}

/// Every code of the language is expected somewhere in the suite.
#[test]
fn every_rule_has_a_case() {
    let texts: String = programs::suite()
        .into_iter()
        .map(|(_, text)| text)
        .collect();
    // A source of 256 KiB and a nest of 64 are built by the tests of the parser, what is no text is tried where files are
    // read; E0999 has no program.
    let elsewhere = [Code::E0104, Code::E0105, Code::E0114, Code::E0999];
    for code in Code::ALL.iter().filter(|code| !elsewhere.contains(code)) {
        assert!(
            texts.contains(&format!("^ {code}")),
            "no case expects {code}"
        );
    }
}

fn check(case: &Case) -> Option<String> {
    let compilation = compile_with(&case.source, &case.files);
    // Marks stand in all files that are read.
    let text = compilation.sources.text();
    let expected = expected(text);
    let about_building = expected.iter().any(|mark| {
        [Code::W0901, Code::W0902]
            .map(Code::as_str)
            .contains(&mark.code.as_str())
    });
    let actual: Vec<Mark> = compilation
        .diagnostics
        .iter()
        .filter(|d| !d.code.is_unbuilt() || about_building)
        .map(|d| {
            let range = d.primary.span.range();
            let before = &text[..range.start];
            let line_start = before.rfind('\n').map_or(0, |at| at + 1);
            let rest = text[range.start..].lines().next().unwrap_or("");
            Mark {
                line: before.matches('\n').count(),
                column: range.start - line_start,
                width: range.len().min(rest.len()).max(1),
                code: d.code.to_string(),
                message: d.message.clone(),
            }
        })
        .collect();
    let same = |(e, a): (&Mark, &Mark)| {
        (e.line, e.column, e.width, &e.code) == (a.line, a.column, a.width, &a.code)
            && a.message.contains(&e.message)
    };
    consistent(&compilation);
    if expected.len() == actual.len() && expected.iter().zip(&actual).all(same) {
        return None;
    }
    let mut report = String::new();
    for mark in actual {
        let line = text.lines().nth(mark.line).unwrap_or("");
        let carets = format!(
            "//{}{}",
            " ".repeat(mark.column.saturating_sub(2)),
            "^".repeat(mark.width)
        );
        writeln!(report, "{line}\n{carets} {} {}", mark.code, mark.message).expect("a string");
    }
    report.push_str(&compilation.render("case", Color::Never));
    Some(report)
}

/// What is checked has no errors, and what is built has nothing that cannot be built.
fn consistent(compilation: &Compilation) {
    let refused = has_errors(&compilation.diagnostics);
    assert_eq!(compilation.checked.is_none(), refused);
    let mut diagnostics = compilation.diagnostics.iter();
    let unbuilt = diagnostics.any(|d| d.code.is_unbuilt());
    assert_eq!(compilation.contract.is_none(), refused || unbuilt);
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
        let text = carets[width..].trim();
        let (code, message) = text.split_once(' ').unwrap_or((text, ""));
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
