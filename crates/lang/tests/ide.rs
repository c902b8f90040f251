//! What an editor is told about a source. In these sources `$0` is the place that is asked about.

use std::collections::BTreeSet;
use std::time::Instant;

use enigma_lang::ide::{self, Analysis, Completion, CompletionKind, Outline, RenameError};
use enigma_lang::syntax::tokenize;
use enigma_lang::{Alone, Code, Diagnostic, Span};
use proptest::prelude::*;

const GRAMMAR: &str = include_str!("grammar.enigma");
const AUCTION: &str = include_str!("contracts/2_auction.enigma");
const VOTING: &str = include_str!("contracts/3_voting.enigma");
const REGRESSION: &str = include_str!("contracts/5_regression.enigma");
const VAULT: &str = include_str!("contracts/7_vault.enigma");

fn said(source: &str) -> Vec<Diagnostic> {
    ide::diagnostics(source, &Alone).0
}

/// A source and the place of its `$0`.
#[track_caller]
fn marked(source: &str) -> (Analysis, usize) {
    let (before, after) = source.split_once("$0").expect("a mark");
    (Analysis::of(format!("{before}{after}")), before.len())
}

/// The place of the n-th occurrence of a text.
#[track_caller]
fn nth(source: &str, text: &str, n: usize) -> usize {
    let found = source.match_indices(text).nth(n);
    found.unwrap_or_else(|| panic!("no {text:?}")).0
}

fn line_of(source: &str, span: Span) -> usize {
    source[..span.range().start].matches('\n').count() + 1
}

/// The lines that a name's declarations are on, and those where it is found, by the n-th occurrence of a text.
#[track_caller]
fn found(source: &str, text: &str, n: usize) -> (Vec<usize>, Vec<usize>) {
    let analysis = Analysis::of(source);
    let at = nth(source, text, n);
    let lines = |spans: Vec<Span>| spans.iter().map(|span| line_of(source, *span)).collect();
    (
        lines(analysis.definition(at)),
        lines(analysis.references(at)),
    )
}

#[test]
fn names_are_found_where_they_are_declared_and_used() {
    // Of a collection, a party, a group, a local, an entry.
    assert_eq!(
        found(AUCTION, "bid.top2", 0),
        (vec![14], vec![14, 19, 23, 32, 40, 46])
    );
    assert_eq!(found(AUCTION, "seller when", 0).0, [3]);
    assert_eq!(found(AUCTION, "bidders[1]", 0), (vec![4], vec![4, 14, 36]));
    assert_eq!(found(AUCTION, "second, L", 0), (vec![19], vec![19, 22]));
    assert_eq!(
        found(AUCTION, "close() as", 1),
        (vec![18], vec![18, 33, 41, 47])
    );
    // A stored value is not the reveal of its name.
    assert_eq!(
        found(AUCTION, "price  =", 0),
        (vec![22], vec![22, 24, 26, 35, 42])
    );
    assert_eq!(found(AUCTION, "price:", 0), (vec![11], vec![11, 24]));
    assert_eq!(
        found(AUCTION, "L.price", 0),
        (vec![], vec![]),
        "`L` is no name"
    );
    assert_eq!(found(AUCTION, "reserve to", 0), (vec![7], vec![7, 20, 22]));
    // Values of an enum, arguments by name, the local of a loop.
    assert_eq!(found(VOTING, "Yes)", 0), (vec![3], vec![3, 35, 37, 38]));
    assert_eq!(found(VOTING, "Choice::", 0).0, [3]);
    assert_eq!(
        found(VOTING, "choice:", 1),
        (vec![19], vec![19, 22, 35, 36, 37, 38])
    );
    assert_eq!(found(VOTING, "c] +=", 0), (vec![21], vec![21, 22, 22]));
    // The parameters of two entries with the same names.
    assert_eq!(found(VAULT, "pin == MPC", 0).0, [35]);
    assert_eq!(found(VAULT, "pin;", 0).0, [21]);
    // Types, functions, the local of a lambda.
    assert_eq!(
        found(REGRESSION, "Visit>", 0),
        (vec![3], vec![3, 9, 38, 39, 40, 41])
    );
    assert_eq!(found(REGRESSION, "predict(w, v", 0).0, [15]);
    assert_eq!(
        found(REGRESSION, "v.age", 0),
        (vec![25], vec![25, 25, 25, 25])
    );
}

#[test]
fn a_local_is_visible_below_its_line_in_its_block() {
    let source = "contract A version 1 {
  fn f(x: u8) -> u8 {
    let y = x;
    if y > 1 {
      let y = 2;
      return y;
    }
    return y;
  }
  fn g() -> u8 { return y; }
}";
    assert_eq!(found(source, "y;", 0), (vec![5], vec![5, 6]));
    assert_eq!(found(source, "y;", 1), (vec![3], vec![3, 4, 8]));
    assert_eq!(found(source, "y;", 2), (vec![], vec![]));
}

#[test]
fn fields_of_one_name_are_all_shown_and_not_renamed() {
    let at = nth(REGRESSION, "age + w", 0);
    let analysis = Analysis::of(REGRESSION);
    assert_eq!(
        found(REGRESSION, "age,", 0).0,
        [3, 4],
        "`visits.age` may be either's"
    );
    assert_eq!(
        line_of(REGRESSION, analysis.definition(at)[0]),
        15,
        "`age` is a parameter"
    );
    let field = nth(REGRESSION, "age:", 0);
    let unsure = Err(RenameError::Unsure("age".to_owned()));
    assert_eq!(analysis.prepare_rename(field), unsure);
    // That of one struct alone is sure.
    assert!(
        analysis
            .prepare_rename(nth(REGRESSION, "outcome", 0))
            .is_ok()
    );
}

#[track_caller]
fn hover(source: &str) -> Option<String> {
    let (analysis, at) = marked(source);
    analysis.hover(at).map(|hover| hover.text)
}

/// Who knows a value, where it lies, and whose data it is made from.
#[test]
fn hover_shows_labels_ranges_and_sources() {
    let source = |body: &str| {
        format!(
            "contract A version 1 {{
              group g min 2 max 10;
              state MPC {{ s: private u64 allow aggregate(2) to public; }}
              collect a: private u64 from each g range 0..=9 allow aggregate(2) to public;
              fn twice(x: private u64) -> private u64 {{ let y = 2 * x; return y; }}
              entry e(k: private u64 from caller range 3..=4, n: u8) {{ {body} }}
            }}"
        )
    };
    let known = |body: &str| {
        let text = hover(&source(body)).expect("something");
        let line = text.lines().last().expect("a line").to_owned();
        assert!(line.starts_with("**"), "{text}");
        line
    };
    let total = "**private**, 0 to 90, made from `a`";
    assert_eq!(known("let to$0tal = a.sum();"), total);
    assert_eq!(known("let total = a.su$0m();"), total);
    assert_eq!(known("let total = a.sum(); let z = tot$0al + k;"), total);
    assert_eq!(
        known("let total = a.sum(); let $0z = total + k;"),
        "**private**, 3 to 94, made from `a`, `k`"
    );
    assert_eq!(known("let z = n$0;"), "**public**, 0 to 255");
    assert_eq!(known("let $0z = 7;"), "**public**, 7");
    assert_eq!(
        known("MPC.s = k; let $0z = MPC.s == 3;"),
        "**private**, 0 to 1, made from `MPC.s`"
    );
    assert_eq!(
        known("reveal tota$0l = a.sum() to g;"),
        "**private**, 0 to 90, made from `a`",
        "in spite of an error"
    );
    assert_eq!(
        known("let z = random$0(5);"),
        "**private**, 0 to 4, made from random numbers"
    );
    // In a function, of all its calls.
    let twice = source("let p = twice(k); let q = twice(n);").replace("let y", "let $0y");
    let text = hover(&twice).expect("something");
    assert!(
        text.ends_with("**private**, 0 to 510, made from `k`"),
        "{text}"
    );
    // Where nothing is known yet the declaration is shown all the same.
    assert_eq!(
        hover("contract A version 1 { entry e() { let $0x = ; } }").as_deref(),
        Some("```enigma\nlet x = ;\n```\n\nlocal")
    );
}

/// Completion and hover are about the library that there is.
#[test]
fn the_library_is_one_table() {
    use enigma_lang::{LibraryKind, library};
    let offered = |source: &str, kind: CompletionKind| {
        let (analysis, at) = marked(source);
        let all = analysis.completions(at).into_iter();
        let all = all.filter(|found| found.kind == kind);
        all.map(|found| found.text).collect::<BTreeSet<String>>()
    };
    let named = |kind: LibraryKind| {
        let all = library()
            .into_iter()
            .filter(|function| function.kind == kind);
        all.map(|function| function.name.to_owned())
            .collect::<BTreeSet<String>>()
    };
    let entry = |body: &str| format!("contract A version 1 {{ entry e() {{ {body} }} }}");
    let test = |body: &str| format!("contract A version 1 {{ test \"t\" {{ {body} }} }}");
    let methods = offered(&entry("let x = y.$0;"), CompletionKind::Method);
    assert_eq!(methods, named(LibraryKind::Method));
    assert!(methods.contains("sum") && !methods.contains("linreg") && !methods.contains("get"));
    let functions = offered(&entry("let x = $0;"), CompletionKind::Function);
    assert_eq!(functions, named(LibraryKind::Function));
    assert!(functions.contains("linreg") && !functions.contains("iota"));
    assert!(!functions.contains("commit"), "not built");
    assert_eq!(
        offered(&test("expect $0;"), CompletionKind::Function),
        named(LibraryKind::Test)
    );
    assert_eq!(
        offered(&entry("let x = L.$0;"), CompletionKind::Method),
        named(LibraryKind::StoreMethod)
    );
    for function in library() {
        let call = match function.kind {
            LibraryKind::Method | LibraryKind::StoreMethod => {
                entry(&format!("x.$0{}();", function.name))
            }
            LibraryKind::Function => entry(&format!("let x = $0{}();", function.name)),
            LibraryKind::Test => test(&format!("expect $0{}();", function.name)),
        };
        let text = hover(&call).expect(function.name);
        assert!(
            text.contains(&function.call) && text.contains(function.meaning),
            "{text}"
        );
    }
}

#[test]
fn hover_shows_declarations_words_and_codes() {
    let shown = |text: &str, n| {
        let hover = Analysis::of(AUCTION).hover(nth(AUCTION, text, n));
        hover.expect("something").text
    };
    assert_eq!(
        shown("bid.top2", 0),
        "```enigma\ncollect bid: private u64 from each bidders range 1..=1_000_000_000 \
         allow aggregate(2) to public allow member to public;\n```\n\ncollection\n\n\
         **private**, 1 to 1_000_000_000, made from `bid`"
    );
    assert_eq!(
        shown("sold {", 0),
        "```enigma\nreveal sold = top >= L.reserve to public;\n```\n\nrevealed value\n\n**public**, 0 to 1"
    );
    assert_eq!(
        shown("close() as", 0),
        "```enigma\nentry close() by seller when L.height >= L.closes_at && !L.done\n```\n\nentry"
    );
    assert_eq!(
        shown("Auction", 0),
        "```enigma\ncontract Auction version 1\n```\n\ncontract\n\n\
         Sealed-bid second-price (Vickrey) auction. Losing bids are never opened."
    );
    assert!(shown("top2", 0).contains("values.top2()"));
    assert!(shown("max(second", 0).contains("max(a, b)"));
    assert!(shown("L.price", 0).contains("public ledger"));
    assert!(shown("reveal", 0).contains("The only way out of secrecy."));
    assert!(shown("u64", 0).contains("2^64 - 1"));
    let word = |source| hover(source).unwrap_or_default();
    assert!(word("contract A version 1 { group g m$0in 1 max 2; }").contains("fewest members"));
    assert!(word("// see E0$0310\n").starts_with("**E0310** No `allow` covers this reveal."));
    assert_eq!(hover("// see E9$0999\n"), None);
    assert_eq!(hover("contract A version 1 { $0 }"), None);
    assert_eq!(
        hover("contract A version 1 { entry e() { x.m$0in; } }"),
        None,
        "a field is no word"
    );
    assert_eq!(hover("$0"), None);
}

#[test]
fn rename_changes_every_place() {
    let (analysis, at) = (Analysis::of(VOTING), nth(VOTING, "choice:", 1));
    let mut text = VOTING.to_owned();
    for span in analysis.rename(at, "ballot").expect("free").iter().rev() {
        text.replace_range(span.range(), "ballot");
    }
    assert_eq!(text, VOTING.replace("choice", "ballot"));
}

#[test]
fn rename_refuses_words_and_names_that_are_taken() {
    let refused = |source: &str, name: &str| {
        let (analysis, at) = marked(source);
        analysis.rename(at, name).expect_err("refused")
    };
    let frame = |body: &str| {
        format!(
            "contract A version 1 {{ party p; state L {{ n: u64; m: u64; }} entry e(x: u8) {{ {body} }} \
             entry f() {{ let other = 1; }} }}"
        )
    };
    let local = frame("let y$0 = 1; let z = y;");
    for name in ["", "1a", "a b", "a-b", "\u{e9}", "a;", &"a".repeat(65)] {
        assert_eq!(
            refused(&local, name),
            RenameError::NotAName(name.to_owned())
        );
    }
    for name in ["let", "reveal", "u64", "L", "range", "linreg"] {
        assert_eq!(refused(&local, name), RenameError::Word(name.to_owned()));
    }
    for name in ["z", "x", "p", "e"] {
        assert_eq!(
            refused(&local, name),
            RenameError::Taken(name.to_owned()),
            "{name}"
        );
    }
    let party = frame("let y = 1;").replace("party p", "party p$0");
    assert_eq!(refused(&party, "y"), RenameError::Taken("y".to_owned()));
    let slot = frame("L.n$0 = 1;");
    assert_eq!(refused(&slot, "m"), RenameError::Taken("m".to_owned()));
    let (analysis, at) = marked(&slot);
    assert_eq!(
        analysis.rename(at, "p").map(|spans| spans.len()),
        Ok(2),
        "`L.p` is not `p`"
    );
    // What is declared in another entry is out of sight.
    let (analysis, at) = marked(&local);
    assert_eq!(analysis.rename(at, "other").map(|spans| spans.len()), Ok(2));
    assert_eq!(analysis.rename(at, "y"), Ok(vec![]), "nothing changes");
    // What the source does not declare.
    for source in [
        frame("l$0et y = 1;"),
        frame("let y = xs.su$0m();"),
        frame("unknown$0;"),
        frame("$0"),
    ] {
        assert_eq!(refused(&source, "q"), RenameError::NotHere, "{source}");
    }
}

#[track_caller]
fn complete(source: &str) -> (Vec<String>, Vec<Completion>) {
    let (analysis, at) = marked(source);
    let completions = analysis.completions(at);
    for completion in &completions {
        let range = completion.span.range();
        assert_eq!(range.end, at);
        let typed = &analysis.source()[range];
        assert!(
            typed
                .bytes()
                .all(|b| b.is_ascii_alphanumeric() || b == b'_'),
            "{typed}"
        );
    }
    (
        completions.iter().map(|c| c.text.clone()).collect(),
        completions,
    )
}

#[track_caller]
fn offers(source: &str, wanted: &[&str], unwanted: &[&str]) {
    let (texts, _) = complete(source);
    for text in wanted {
        assert!(
            texts.iter().any(|t| t == text),
            "{text} is not among {texts:?}"
        );
    }
    for text in unwanted {
        assert!(
            !texts.iter().any(|t| t == text),
            "{text} is among {texts:?}"
        );
    }
}

const MEMBERS: &str = "  party auditor; group staff min 2 max 9; enum Dept { Eng, Ops }
  struct Row { dept: Dept; pay: u64; }
  state L { total: u64; }
  collect rows: private Row from each staff;
  fn half(v: private u64) -> private u64 { return v; }
";

#[test]
fn completions_fit_the_place() {
    let member = |text: &str| format!("contract A version 1 {{\n{MEMBERS}{text}\n}}");
    let inside = |text: &str| member(&format!("entry e(x: u8) {{ let early = 1; {text} }}"));
    offers("$0", &["contract", "use"], &["let"]);
    offers(
        &member("$0"),
        &["collect", "entry", "test"],
        &["let", "auditor"],
    );
    offers(&member("col$0"), &["collect"], &["let"]);
    offers(
        &member("collect a: $0"),
        &["private", "u64", "Row"],
        &["auditor", "let"],
    );
    offers(
        &member("collect a: private $0"),
        &["u64", "Dept"],
        &["auditor"],
    );
    offers(
        &member("collect a: private u64 from $0"),
        &["each", "auditor"],
        &["staff", "u64"],
    );
    offers(
        &member("collect a: private u64 from each $0"),
        &["staff"],
        &["auditor", "each"],
    );
    offers(
        &member("collect a: private u64 from each staff allow $0"),
        &["aggregate"],
        &["public"],
    );
    offers(
        &member("collect a: private u64 from each staff allow bit to $0"),
        &["public", "owner", "auditor", "each"],
        &["u64"],
    );
    offers(&member("entry e() by $0"), &["auditor", "staff"], &["u64"]);
    offers(
        &inside("$0"),
        &["let", "reveal", "rows", "half", "early", "x", "max"],
        &["collect", "late", "e"],
    );
    offers(
        &inside("let y = ea$0"),
        &["early", "rows", "caller"],
        &["let", "y"],
    );
    offers(
        &inside("let y = rows.$0"),
        &["sum", "pay", "len"],
        &["rows", "linreg", "total"],
    );
    offers(
        &inside("let y = rows.su$0; let late = 1;"),
        &["sum"],
        &["late"],
    );
    offers(&inside("L.$0"), &["total", "get"], &["sum", "pay"]);
    offers(&inside("let y = Dept::$0"), &["Eng", "Ops"], &["rows"]);
    offers(
        &inside("reveal y = rows.sum() to $0"),
        &["public", "auditor"],
        &["rows"],
    );
    offers(
        &inside("reveal y = rows.sum() to public with $0"),
        &["min_group", "noise"],
        &["rows"],
    );
    offers(&inside("let y = x as $0"), &["u64"], &["rows"]);
    offers(
        &member("test \"t\" { $0 }"),
        &["given", "run", "expect"],
        &["let"],
    );
    offers(
        &member("entry e() { } test \"t\" { run $0 }"),
        &["e"],
        &["rows"],
    );
    offers(
        &member("entry e() { reveal out = 1 to public; } test \"t\" { expect $0 }"),
        &["out", "auditor"],
        &["given"],
    );
    for nothing in [
        "// a comment $0",
        "contract A version 1$0",
        "contract $0",
        "party \"te$0xt\"",
    ] {
        assert_eq!(complete(nothing).0, Vec::<String>::new(), "{nothing}");
    }
    let (_, completions) = complete(&inside("let y = rows.su$0"));
    let sum = completions
        .iter()
        .find(|completion| completion.text == "sum")
        .expect("offered");
    assert_eq!(
        (sum.kind, sum.span.range().len()),
        (CompletionKind::Method, 2)
    );
}

#[test]
fn the_outline_is_a_tree() {
    fn show(outline: &[Outline], depth: usize, out: &mut String) {
        for item in outline {
            assert!(item.span.start <= item.name_span.start && item.name_span.end <= item.span.end);
            assert!(!item.name.is_empty());
            out.push_str(&format!(
                "{}{}  [{}]\n",
                "  ".repeat(depth),
                item.name,
                item.detail
            ));
            show(&item.children, depth + 1, out);
        }
    }
    let mut out = String::new();
    for source in [AUCTION, VOTING] {
        show(&Analysis::of(source).symbols(), 0, &mut out);
    }
    insta::assert_snapshot!("outline", out);
}

#[test]
fn fixes_are_offered_where_they_apply() {
    let source = "contract A version 1 {\n  party p\n  group g min 1 max 2;\n}\n";
    let diagnostics = said(source);
    let at = nth(source, "p\n", 0);
    let actions = ide::code_actions(&diagnostics, Span::new(at, at));
    let [(diagnostic, fix)] = &actions[..] else {
        panic!("{diagnostics:?}")
    };
    assert_eq!(
        (diagnostic.code, fix.title.as_str()),
        (Code::E0101, "add `;`")
    );
    let mut fixed = source.to_owned();
    fixed.replace_range(fix.span.range(), &fix.replacement);
    assert_eq!(fixed, source.replace("party p", "party p;"));
    assert_eq!(ide::code_actions(&diagnostics, Span::new(0, 3)), []);
    // What stands behind on the same line could belong to the declaration.
    let diagnostics = said("contract A version 1 { party p q; }");
    assert!(
        diagnostics
            .iter()
            .all(|diagnostic| diagnostic.fix.is_none())
    );
}

/// Every question at one place.
fn ask(analysis: &Analysis, at: usize) {
    let _ = analysis.hover(at);
    let _ = analysis.definition(at);
    let _ = analysis.completions(at);
    let _ = analysis.prepare_rename(at);
    let len = analysis.source().len();
    for span in analysis.references(at) {
        assert!(span.range().end <= len);
    }
    if let Ok(spans) = analysis.rename(at, "new_name") {
        assert!(
            spans
                .iter()
                .any(|span| (span.range().start..=span.range().end).contains(&at.min(len)))
        );
    }
}

/// At every byte of a source, in every state of writing it.
#[test]
fn every_place_of_every_prefix() {
    for end in (0..VOTING.len())
        .step_by(7)
        .filter(|&end| VOTING.is_char_boundary(end))
    {
        let analysis = Analysis::of(&VOTING[..end]);
        let _ = analysis.symbols();
        for at in [end, end + 1, end.saturating_sub(3), end / 2, usize::MAX] {
            ask(&analysis, at);
        }
    }
    let analysis = Analysis::of(GRAMMAR);
    for at in 0..GRAMMAR.len() + 3 {
        ask(&analysis, at);
    }
}

fn soup() -> impl Strategy<Value = String> {
    let tokens: Vec<&str> = tokenize(GRAMMAR)
        .iter()
        .map(|token| &GRAMMAR[token.span.range()])
        .collect();
    proptest::collection::vec(proptest::sample::select(tokens), 0..60).prop_map(|t| t.concat())
}

proptest! {
    #[test]
    fn any_text_at_any_place(text in any::<String>(), at in 0_usize..200) {
        let analysis = Analysis::of(text);
        let _ = analysis.symbols();
        ask(&analysis, at);
    }

    #[test]
    fn any_tokens_at_any_place(text in soup(), at in 0_usize..400) {
        for text in [text.clone(), format!("contract A version 1 {{ entry e() {{ {text} }} }}")] {
            let analysis = Analysis::of(text);
            let _ = analysis.symbols();
            ask(&analysis, at);
        }
    }
}

/// Sources that are made to be slow: a hundred thousand names in one space.
#[test]
fn many_names_are_no_problem() {
    let sources = [
        "if x { let a = 1; } a; ".repeat(8_000),
        "let a = a; ".repeat(16_000),
        "x.a; ".repeat(30_000),
    ];
    for body in sources {
        let fields = "struct S { a: u8; } ".repeat(1_000);
        let source = format!("{fields}contract A version 1 {{ entry e() {{ {body} }} }}");
        assert!(source.len() < enigma_lang::MAX_SOURCE_LEN);
        let analysis = Analysis::of(source);
        ask(&analysis, analysis.source().len() / 2);
    }
}

/// A contract of about a thousand lines that compiles.
fn long_contract() -> String {
    let mut source = String::from(
        "contract Long version 1 {\n  group g min 5 max 1_000;\n\n  \
         collect pay: private u64 from each g range 0..=1_000\n    allow aggregate(5) to each g;\n",
    );
    for entry in 0..60 {
        source.push_str(&format!(
            "\n  entry e{entry}() {{\n    let a0 = pay.sum();\n"
        ));
        for line in 1..12 {
            source.push_str(&format!(
                "    let a{line} = a{} + pay.sum() / {};\n",
                line - 1,
                line + 1
            ));
        }
        source.push_str("    reveal total = a11 to each g;\n  }\n");
    }
    source.push_str("}\n");
    source
}

/// `cargo nextest run -p enigma-lang --test ide --run-ignored only --no-capture`: the time of a keystroke.
#[test]
#[ignore = "a measurement"]
#[allow(clippy::print_stdout)] // The measurement's result.
fn time_of_a_keystroke() {
    let source = long_contract();
    let lines = source.lines().count();
    let broken = source.replacen("pay.sum()", "pay.", 1);
    for (what, source) in [("compiles", &source), ("is broken", &broken)] {
        let start = Instant::now();
        let found = said(source).len();
        let diagnostics = start.elapsed();
        let start = Instant::now();
        let analysis = Analysis::of(source.as_str());
        let read = start.elapsed();
        let start = Instant::now();
        let completions = analysis.completions(nth(source, "pay.", 3) + 4).len();
        let completion = start.elapsed();
        println!(
            "{lines} lines, {what}: {found} diagnostics in {diagnostics:?}, names in {read:?}, \
             {completions} completions in {completion:?}"
        );
    }
    assert!(said(&source).is_empty(), "{:?}", said(&source));
}
