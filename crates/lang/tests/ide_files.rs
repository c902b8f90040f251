//! What an editor is told about a contract that uses another file.

use std::collections::BTreeMap;

use enigma_lang::ide::{self, Analysis, RenameError};
use enigma_lang::{Code, Span};

/// A contract, and below the file that it uses.
const USER: &str = "use lib::shapes::Shape; use lib::shapes::area as size;
contract X version 1 {
  state L { n: u64 = 0; }
  entry e() { let s = Shape(w: 2, h: 3); L.n = size(s); }
}
";
const SHAPES: &str = "// A rectangle.
struct Shape { w: u64; h: u64; }
fn area(s: Shape) -> u64 { return s.w * s.h; }
";

fn shapes() -> BTreeMap<String, String> {
    BTreeMap::from([("lib/shapes.enigma".to_owned(), SHAPES.to_owned())])
}

/// Places as the file's path and the text from there to the end of the line.
fn places(analysis: &Analysis, spans: Vec<Span>) -> Vec<String> {
    let sources = analysis.sources();
    let place = |span: &Span| {
        let place = sources.place(*span);
        let text = &sources.file_text(place.file)[place.span.range().start..];
        let line = text.lines().next().unwrap_or("");
        format!(
            "{}:{}",
            sources.path(place.file),
            line.chars().take(8).collect::<String>()
        )
    };
    spans.iter().map(place).collect()
}

#[test]
fn names_lead_into_other_files() {
    let analysis = Analysis::with(USER, &shapes());
    let at = |text, n| nth(USER, text, n);
    let shape = ["lib/shapes.enigma:Shape { "];
    for n in [0, 1] {
        assert_eq!(
            places(&analysis, analysis.definition(at("Shape", n))),
            shape
        );
    }
    assert_eq!(
        places(&analysis, analysis.references(at("Shape", 1))),
        [
            ":Shape; u",
            ":Shape(w:",
            "lib/shapes.enigma:Shape { ",
            "lib/shapes.enigma:Shape) -"
        ]
    );
    // A name given here leads to the line that gives it, and that line to the other file.
    assert_eq!(
        places(&analysis, analysis.definition(at("size(s)", 0))),
        [":size;"]
    );
    assert_eq!(
        places(&analysis, analysis.definition(at("area", 0))),
        ["lib/shapes.enigma:area(s: "]
    );
    assert_eq!(
        places(&analysis, analysis.definition(at("w: 2", 0))),
        ["lib/shapes.enigma:w: u64; "]
    );
    let hover = analysis.hover(at("Shape", 1)).expect("known");
    assert!(
        hover.text.contains("struct Shape") && hover.text.contains("A rectangle."),
        "{hover:?}"
    );
}

#[test]
fn renaming_goes_through_all_files() {
    let analysis = Analysis::with(USER, &shapes());
    let rename = |text, n, new| {
        let spans = analysis.rename(nth(USER, text, n), new);
        spans.map(|spans| places(&analysis, spans))
    };
    assert_eq!(
        rename("Shape", 1, "Box").as_deref(),
        Ok(&[
            ":Shape; u",
            ":Shape(w:",
            "lib/shapes.enigma:Shape { ",
            "lib/shapes.enigma:Shape) -"
        ]
        .map(str::to_owned)[..])
    );
    assert_eq!(
        rename("size(s)", 0, "extent").as_deref(),
        Ok(&[":size;".to_owned(), ":size(s);".to_owned()][..])
    );
    assert_eq!(
        rename("area", 0, "extent").as_deref(),
        Ok(&[":area as ", "lib/shapes.enigma:area(s: "].map(str::to_owned)[..])
    );
    assert_eq!(
        rename("Shape", 1, "size"),
        Err(RenameError::Taken("size".to_owned()))
    );
    assert_eq!(
        rename("Shape", 1, "area"),
        Err(RenameError::Taken("area".to_owned()))
    );
    let from_there = analysis.sources().span(1).range().start + nth(SHAPES, "Shape", 0);
    assert_eq!(
        analysis.rename(from_there, "Box"),
        analysis.rename(nth(USER, "Shape", 0), "Box")
    );
}

#[test]
fn what_has_another_name_here_has_its_own_parts() {
    let user = "use shapes::Shape as Box; use shapes::Dept as D; use shapes::area as size;
contract X version 1 {
  state L { n: u64 = 0; }
  entry e() { let b = Box(w: 1, h: 2); let d = D::Legal; L.n = d == D::Sales ? size(s: b) : b.w; }
}
";
    let shapes = "enum Dept { Sales, Legal }
struct Shape { w: u64; h: u64; }
fn area(s: Shape) -> u64 { return s.w * s.h; }
";
    let files = BTreeMap::from([("shapes.enigma".to_owned(), shapes.to_owned())]);
    let analysis = Analysis::with(user, &files);
    let rename = |text, n, new| {
        let spans = analysis.rename(nth(user, text, n), new);
        spans.map(|spans| places(&analysis, spans))
    };
    assert_eq!(
        rename("w: 1", 0, "wide").as_deref(),
        Ok(&[
            ":w: 1, h:",
            ":w; }",
            "shapes.enigma:w: u64; ",
            "shapes.enigma:w * s.h;"
        ]
        .map(str::to_owned)[..])
    );
    assert_eq!(
        rename("Legal", 0, "Law").as_deref(),
        Ok(&[":Legal; L", "shapes.enigma:Legal }"].map(str::to_owned)[..])
    );
    assert_eq!(
        rename("s: b", 0, "shape").as_deref(),
        Ok(&[
            ":s: b) : ",
            "shapes.enigma:s: Shape",
            "shapes.enigma:s.w * s.",
            "shapes.enigma:s.h; }"
        ]
        .map(str::to_owned)[..])
    );
    let typed = user.replace("D::Legal;", "D::");
    let analysis = Analysis::with(&typed, &files);
    let offered = analysis.completions(nth(&typed, "D::", 0) + 3);
    assert!(offered.iter().any(|found| found.text == "Sales"));
}

#[test]
fn what_is_not_there_is_not_renamed() {
    let analysis = Analysis::with(USER, &BTreeMap::<String, String>::new());
    let refused = analysis.rename(nth(USER, "Shape", 1), "Box");
    assert_eq!(refused, Err(RenameError::Unsure("Shape".to_owned())));
}

#[test]
fn used_names_are_offered_as_what_they_are() {
    let source = USER.replace("L.n = size(s);", "L.n = ");
    let analysis = Analysis::with(&source, &shapes());
    let offered = analysis.completions(nth(&source, "L.n = ", 0) + 6);
    let kind = |text: &str| {
        offered
            .iter()
            .find(|c| c.text == text)
            .map(|c| c.detail.clone())
    };
    assert_eq!(kind("size").as_deref(), Some("function"));
    assert!(kind("Shape").is_some());
    assert_eq!(kind("area"), None, "it is called otherwise here");
}

#[test]
fn findings_of_other_files_stand_at_their_use() {
    let files = BTreeMap::from([("lib/shapes.enigma".to_owned(), SHAPES.replace("s.h", "s.z"))]);
    let (found, sources) = ide::diagnostics(USER, &files);
    let found: Vec<_> = found
        .iter()
        .map(|d| (d.code, &d.message, d.primary.span))
        .collect();
    let message = "in `lib/shapes.enigma`: `Shape` has no field `z`".to_owned();
    assert_eq!(found.len(), 1, "{found:?}");
    assert_eq!((found[0].0, found[0].1), (Code::E0208, &message));
    assert_eq!(
        &sources.text()[found[0].2.range()],
        "use lib::shapes::Shape;"
    );
}

/// The place of the n-th occurrence of a text.
#[track_caller]
fn nth(source: &str, text: &str, n: usize) -> usize {
    let found = source.match_indices(text).nth(n);
    found.unwrap_or_else(|| panic!("no {text:?}")).0
}
