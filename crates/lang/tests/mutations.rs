//! No text makes the compiler, its messages or the test runner panic: programs of the repository with words and
//! lines taken out, doubled, exchanged and brought in from others.

mod programs;

use std::collections::BTreeMap;
use std::path::Path;

use enigma_lang::{Color, compile_with, has_errors};
use enigma_mpc::testing::TestRng;
use programs::Case;

/// Mutated programs of one run.
const MUTATIONS: usize = 1_000;

#[test]
fn mutated_programs_never_panic() {
    let mut programs = examples();
    for (_, text) in programs::suite() {
        programs.extend(programs::cases(&text));
    }
    assert!(programs.len() > 400, "only {} programs", programs.len());
    let pieces: Vec<Vec<&str>> = programs.iter().map(|p| words(&p.source)).collect();
    let mut rng = TestRng::new(5);
    for count in 0..MUTATIONS {
        let own = count % pieces.len();
        let other = &pieces[rng.below(pieces.len())];
        let source = mutated(&pieces[own], other, &mut rng);
        let title = &programs[own].title;
        let files = &programs[own].files;
        let outcome = std::panic::catch_unwind(|| run(&source, files));
        assert!(outcome.is_ok(), "{title}:\n{source}");
    }
}

/// The example contracts, with their folders as titles.
fn examples() -> Vec<Case> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../examples");
    let mut names: Vec<String> = std::fs::read_dir(&folder)
        .expect("examples")
        .map(|file| file.expect("an entry").file_name())
        .map(|name| name.to_string_lossy().into_owned())
        .collect();
    names.sort();
    let example = |title: String| {
        let file = folder.join(&title).join(format!("{title}.enigma"));
        let source = std::fs::read_to_string(file).ok()?;
        let files = BTreeMap::new();
        Some(Case {
            title,
            source,
            files,
        })
    };
    names.into_iter().filter_map(example).collect()
}

/// Compiles, renders and tests a text.
fn run(source: &str, files: &BTreeMap<String, String>) {
    let compilation = compile_with(source, files);
    let refused = has_errors(&compilation.diagnostics);
    assert_eq!(compilation.checked.is_none(), refused);
    let rendered = compilation.render("mutated", Color::Never);
    assert_eq!(rendered.is_empty(), compilation.diagnostics.is_empty());
    for diagnostic in &compilation.diagnostics {
        assert!(!diagnostic.message.is_empty());
        let span = diagnostic.primary.span.range();
        assert!(
            compilation.sources.text().get(span).is_some(),
            "a span inside the text"
        );
    }
    let _outcomes = compilation.run_tests();
}

/// Words, numbers, white space, and every other character by itself.
fn words(source: &str) -> Vec<&str> {
    let kind = |c: char| match c {
        'a'..='z' | 'A'..='Z' | '0'..='9' | '_' => 1,
        c if c.is_whitespace() => 2,
        _ => 3,
    };
    let mut words = Vec::new();
    let mut start = 0;
    let mut before = None;
    for (at, c) in source.char_indices() {
        if before.is_some_and(|before| before != kind(c) || before == 3) {
            words.push(&source[start..at]);
            start = at;
        }
        before = Some(kind(c));
    }
    words.push(&source[start..]);
    words
}

/// A few words or runs of words taken out, doubled, exchanged, or replaced by those of another program.
fn mutated(own: &[&str], other: &[&str], rng: &mut TestRng) -> String {
    let mut words = own.to_vec();
    for _ in 0..1 + rng.below(3) {
        if words.is_empty() {
            break;
        }
        let start = rng.below(words.len());
        let end = (start + 1 + rng.below(12)).min(words.len());
        let from = rng.below(other.len());
        let to = (from + 1 + rng.below(12)).min(other.len());
        match rng.below(6) {
            0 => drop(words.drain(start..end)),
            1 => words.extend_from_within(start..end),
            2 => drop(words.splice(start..end, other[from..to].iter().copied())),
            3 => drop(words.splice(start..start, other[from..to].iter().copied())),
            4 => words.swap(start, end - 1),
            // One word for one word keeps the most programs grammatical.
            _ => words[start] = other[from],
        }
    }
    words.concat()
}
