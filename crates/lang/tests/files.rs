//! Contracts of several files: what they come to does not depend on the files.

use std::collections::BTreeMap;

use enigma_bytecode::container::encode;
use enigma_lang::{
    Alone, Color, Compilation, FileError, Files, Manifest, check_library, compile, compile_with,
    is_library,
};
use proptest::prelude::*;

const TYPES: &str = "
struct Visit { days: u32 range 0..=400; ward: Ward; }
enum Ward { East, West }
";
const FUNCTIONS: &str = "
const MOST: u64 = 400;
fn days(v: private Visit) -> private u64 { return min2(v.days, MOST); }
";
const CONTRACT: &str = r#"
contract Stays version 1 {
  group hospitals min 3 max 10;
  enum Open { No, Yes }
  collect visits: private table<Visit> from each hospitals max_rows 20
    allow aggregate(3) to public;
  state L { open: Open = Open::Yes; ward: Ward = Ward::East; }
  entry total() when L.open == Open::Yes {
    reveal all = visits.map(|v| days(v)).sum() to public;
  }
  test "three stays" {
    given visits = [Visit(days: 1, ward: Ward::East), Visit(days: 2, ward: Ward::West), Visit(days: 3, ward: Ward::East)];
    run total();
    expect all == 6;
  }
}
"#;

fn files<const N: usize>(named: [(&str, &str); N]) -> BTreeMap<String, String> {
    let named = named.into_iter();
    named
        .map(|(path, text)| (path.into(), text.into()))
        .collect()
}

#[track_caller]
fn bytes(compilation: &Compilation) -> Vec<u8> {
    let shown = compilation.render("contract", Color::Never);
    assert!(compilation.diagnostics.is_empty(), "{shown}");
    encode(compilation.contract.as_ref().expect("compiled"))
}

/// One text, several files, other folders, other names, another order, and things beside it that nobody needs.
#[test]
fn files_and_names_make_no_difference() {
    let alone = compile(&format!("{TYPES}{FUNCTIONS}{CONTRACT}"));
    assert!(alone.run_tests().iter().all(|test| test.passed()));
    let alone = bytes(&alone);
    let behind = compile(&format!("{CONTRACT}{FUNCTIONS}{TYPES}"));
    assert_eq!(bytes(&behind), alone);

    let functions = format!("use types::Visit;{FUNCTIONS}");
    let all = files([("types.enigma", TYPES), ("functions.enigma", &functions)]);
    let uses = "use types::Visit; use types::Ward; use functions::days;";
    let several = compile_with(&format!("{uses}{CONTRACT}"), &all);
    assert!(several.run_tests().iter().all(|test| test.passed()));
    assert_eq!(several.run_tests().len(), 1);
    assert_eq!(bytes(&several), alone);
    let uses = "use functions::days; use types::Ward; use types::Visit;";
    assert_eq!(
        bytes(&compile_with(&format!("{uses}{CONTRACT}"), &all)),
        alone
    );

    let rows = FUNCTIONS.replace("Visit", "Row");
    let rows = format!("use b::types::Visit as Row;{rows}");
    let all = files([("a/b/types.enigma", TYPES), ("a/functions.enigma", &rows)]);
    let uses =
        "use a::b::types::Visit; use a::b::types::Ward as Side; use a::functions::days as length;";
    let renamed = CONTRACT
        .replace("Ward", "Side")
        .replace("days(v)", "length(v)");
    assert_eq!(
        bytes(&compile_with(&format!("{uses}{renamed}"), &all)),
        alone
    );

    let more = format!(
        "enum Other {{ A }} const N: u64 = 3; {TYPES} fn f(x: u64) -> u64 {{ return x + N; }}"
    );
    let all = files([
        ("types.enigma", &more),
        ("functions.enigma", &functions),
        ("unrelated.enigma", "contract Y version 1 { }"),
    ]);
    let uses = "use types::Visit; use types::Ward; use functions::days;";
    assert_eq!(
        bytes(&compile_with(&format!("{uses}{CONTRACT}"), &all)),
        alone
    );
}

/// Where a file is read from is no part of it.
#[test]
fn paths_are_not_in_the_bytes() {
    let functions = format!("use types::Visit;{FUNCTIONS}");
    let all = files([
        ("lib/types.enigma", TYPES),
        ("lib/functions.enigma", &functions),
    ]);
    let uses = "use lib::types::Visit; use lib::types::Ward; use lib::functions::days;";
    let made = bytes(&compile_with(&format!("{uses}{CONTRACT}"), &all));
    let text = String::from_utf8_lossy(&made);
    assert!(text.contains("hospitals"));
    for hidden in ["lib", "types", "functions", "enigma", "Visit"] {
        assert!(!text.contains(hidden), "{hidden}");
    }
}

#[test]
fn the_manifest_quotes_used_files() {
    let all = files([("sizes.enigma", "fn price() -> u64 { return 7; }")]);
    let source = "use sizes::price;
        contract X version 1 {
          group g min 3 max 9;
          collect a: private u64 from each g range 0..=9 allow aggregate(3) to public;
          entry e() pays price() { reveal x = a.sum() to public; }
        }";
    let compilation = compile_with(source, &all);
    let checked = compilation.checked.as_ref().expect("checked");
    let manifest = Manifest::of(checked, &compilation.sources);
    assert_eq!(manifest.entries[0].pays.as_deref(), Some("`price()`"));
}

#[test]
fn findings_name_their_files() {
    let all = files([("lib/a.enigma", "const N: u64 = true;\n")]);
    let source = "use lib::a::N;\ncontract X version 1 { state L { n: u64 = N; } }\n";
    let compilation = compile_with(source, &all);
    let shown = compilation.render("contracts/x.enigma", Color::Never);
    assert!(shown.contains("contracts/lib/a.enigma:1:16"), "{shown}");
    let place = compilation
        .sources
        .place(compilation.diagnostics[0].primary.span);
    assert_eq!((place.file, place.span.range()), (1, 15..19));
    assert_eq!(compilation.sources.line(place), 1);
}

#[test]
fn a_file_for_others_is_checked_by_itself() {
    let all = files([("b.enigma", "const N: u64 = 3;")]);
    let good = "use b::N; fn f(x: private u64) -> private u64 { return x * N; }";
    assert!(is_library(good));
    assert_eq!(check_library(good, &all).diagnostics, []);
    let bad = "use b::N; fn f(x: private u64) -> private bool { return x * N; }";
    let codes = |text| {
        let found = check_library(text, &all).diagnostics;
        found.iter().map(|d| d.code.to_string()).collect::<Vec<_>>()
    };
    assert_eq!(codes(bad), ["E0206"]);
    for other in ["", "use b::N;", "contract X version 1 { }"] {
        assert!(!is_library(other), "{other}");
        let compilation = compile_with(other, &Alone);
        assert_eq!(compilation.sources.files(), 1);
    }
}

/// Any text for each file that is asked for, up to a depth.
struct Any(Vec<String>);

impl Files for Any {
    fn read(&self, path: &str) -> Result<String, FileError> {
        let at = path.bytes().fold(7_usize, |sum, byte| {
            sum.wrapping_mul(31).wrapping_add(usize::from(byte))
        });
        let text = self.0.get(at % (self.0.len() + 1));
        text.cloned().ok_or(FileError::Missing)
    }
}

fn piece() -> impl Strategy<Value = String> {
    prop_oneof![
        "use [a-c](::[a-c]){0,3}( as [a-c])?;",
        "fn [a-c]\\(x: private u64\\) -> private u64 \\{ return [a-c]\\(x\\) \\+ [a-c]; \\}",
        "const [a-c]: u64 = [a-c];",
        "const [a-c]: [a-c] = 1;",
        "struct [a-c] \\{ x: [a-c]; y: u64; \\}",
        "enum [a-c] \\{ x, y \\}",
        "contract [a-c] version 1 \\{ entry e\\(\\) \\{ let v = [a-c]\\(1\\); \\} \\}",
        "\\PC{0,8}",
        "//é\n",
    ]
}

fn text() -> impl Strategy<Value = String> {
    prop::collection::vec(piece(), 0..6).prop_map(|pieces| pieces.concat())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(96))]

    /// Whatever is in used files comes to an end with findings at places that exist.
    #[test]
    fn any_files_give_findings(main in text(), others in prop::collection::vec(text(), 0..5)) {
        let main = format!("{main}\ncontract M version 1 {{ entry e() {{ let v = a(1); }} }}");
        let others = Any(others);
        for compilation in [compile_with(&main, &others), check_library(&main, &others)] {
            let text = compilation.sources.text();
            for found in &compilation.diagnostics {
                let range = found.primary.span.range();
                prop_assert!(text.get(range.clone()).is_some(), "{found:?}");
                let place = compilation.sources.place(found.primary.span);
                prop_assert_eq!(compilation.sources.span_of(place), found.primary.span);
            }
            let shown = compilation.render("main", Color::Never);
            prop_assert_eq!(shown.is_empty(), compilation.diagnostics.is_empty());
        }
        let (found, sources) = enigma_lang::ide::diagnostics(&main, &others);
        for found in found {
            prop_assert_eq!(sources.place(found.primary.span).file, 0);
        }
        let analysis = enigma_lang::ide::Analysis::with(&main, &others);
        for at in (0..main.len()).step_by(5) {
            let _ = (analysis.definition(at), analysis.references(at), analysis.completions(at));
            let _ = (analysis.hover(at), analysis.rename(at, "other"));
        }
    }
}
