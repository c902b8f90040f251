//! The documentation of the language runs: every `enigma` snippet of `docs/language` is compiled.
//!
//! The word behind the fence says what must come of it:
//!
//! * nothing: it compiles without a word, and its `test` blocks pass;
//! * codes, as `E0310`: it is refused (or warned about) with exactly these, in order;
//! * `frame`: no program. Later snippets without a contract of their own stand in it, in place of its word
//!   `BODY`, until the next frame.
//!
//! Below a line `--- lib/geo.enigma` of a snippet stands that file, for the program to use.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use enigma_lang::{Code, Color, compile_with};

struct Snippet {
    /// The line of the fence, from 1.
    line: usize,
    /// The codes that are expected, in the order of the source.
    codes: Vec<String>,
    source: String,
}

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/language")
}

fn page(name: &str) -> String {
    std::fs::read_to_string(folder().join(name)).expect("readable")
}

/// The programs of a page, each in its frame.
fn snippets(page: &str) -> Vec<Snippet> {
    let mut snippets = Vec::new();
    let mut frame: Option<String> = None;
    let mut lines = page.lines().enumerate();
    while let Some((number, line)) = lines.next() {
        let Some(info) = line.strip_prefix("```enigma") else {
            continue;
        };
        let text: String = lines
            .by_ref()
            .map(|(_, line)| line)
            .take_while(|line| *line != "```")
            .map(|line| format!("{line}\n"))
            .collect();
        let words: Vec<&str> = info.split_whitespace().collect();
        if words == ["frame"] {
            assert!(
                text.contains("BODY"),
                "line {}: a frame for what?",
                number + 1
            );
            frame = Some(text);
            continue;
        }
        let whole = text.contains("contract ");
        let source = match &frame {
            Some(frame) if !whole => frame.replace("BODY", text.trim_end()),
            _ => text,
        };
        snippets.push(Snippet {
            line: number + 1,
            codes: words.into_iter().map(str::to_owned).collect(),
            source,
        });
    }
    snippets
}

/// What is wrong with a snippet, if anything is.
fn difference(snippet: &Snippet) -> Option<String> {
    let mut parts = snippet.source.split("\n--- ");
    let source = format!("{}\n", parts.next().unwrap_or_default());
    let files: BTreeMap<String, String> = parts
        .filter_map(|file| file.split_once('\n'))
        .map(|(path, text)| (path.to_owned(), text.to_owned()))
        .collect();
    let compilation = compile_with(&source, &files);
    // That bytecode is not made of something is no matter of the language.
    let found: Vec<String> = compilation
        .diagnostics
        .iter()
        .map(|diagnostic| (diagnostic.code.is_unbuilt(), diagnostic.code.to_string()))
        .filter(|(unbuilt, code)| !unbuilt || snippet.codes.contains(code))
        .map(|(_, code)| code)
        .collect();
    if found != snippet.codes {
        let shown = compilation.render("snippet", Color::Never);
        return Some(format!("{:?} expected\n{shown}", snippet.codes));
    }
    let outcomes = compilation.run_tests();
    let failed = outcomes.iter().find(|outcome| !outcome.passed());
    failed.map(|outcome| format!("{outcome:?}"))
}

#[test]
fn every_snippet_does_what_its_page_says() {
    let mut report = String::new();
    let mut count = 0;
    for file in [
        "tour.md",
        "declarations.md",
        "refusals.md",
        "limits.md",
        "library.md",
    ] {
        for snippet in snippets(&page(file)) {
            count += 1;
            if let Some(difference) = difference(&snippet) {
                report.push_str(&format!("\n==== {file}:{}: {difference}", snippet.line));
            }
        }
    }
    assert!(report.is_empty(), "{report}");
    assert!(count > 100, "only {count} snippets were found");
}

/// Codes for which no short program can be shown: too deep, too large, too long, no text, and our own mistakes.
const WITHOUT_PROGRAM: [Code; 4] = [Code::E0104, Code::E0105, Code::E0114, Code::E0999];

/// Each code has its section, in order, with a program that shows it.
#[test]
fn every_code_is_explained_by_a_program() {
    let page = page("refusals.md");
    let sections: Vec<(&str, &str)> = page
        .split("\n## ")
        .skip(1)
        .filter_map(|section| section.split_once('\n'))
        .filter(|(title, _)| {
            title.starts_with(['E', 'W']) && title[1..].starts_with(|c: char| c.is_ascii_digit())
        })
        .collect();
    let titles: Vec<&str> = sections.iter().map(|(title, _)| *title).collect();
    let wanted: Vec<String> = Code::ALL
        .iter()
        .map(|code| {
            let title = code.explanation().lines().next().unwrap_or_default();
            format!("{code}: {title}")
        })
        .collect();
    assert_eq!(titles, wanted);
    for (code, (title, text)) in Code::ALL.iter().zip(sections) {
        let shown = text
            .lines()
            .filter_map(|line| line.strip_prefix("```enigma"))
            .any(|info| info.split_whitespace().any(|word| word == code.as_str()));
        assert!(
            shown || WITHOUT_PROGRAM.contains(code),
            "no program shows {title}"
        );
    }
}

/// Every function that the compiler knows is in the reference, and the other way round.
#[test]
fn pages_name_each_other() {
    let names: BTreeSet<String> = std::fs::read_dir(folder())
        .expect("docs")
        .map(|file| {
            file.expect("entry")
                .file_name()
                .to_string_lossy()
                .into_owned()
        })
        .collect();
    let readme = page("README.md");
    for name in names.iter().filter(|name| *name != "README.md") {
        assert!(readme.contains(&format!("({name})")), "{name} has no link");
    }
}
