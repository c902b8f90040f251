//! The formatter changes layout and nothing else, and what it has formatted stays as it is.

#[allow(dead_code)] // Only the sources are of use here.
mod random;

use std::path::Path;

use enigma_lang::syntax::{SyntaxKind as K, parse, tokenize};
use enigma_lang::{Code, MAX_SOURCE_LEN, compile, format};
use proptest::prelude::*;
use random::{body, private};

/// One source for every construct of the grammar.
const GRAMMAR: &str = include_str!("grammar.enigma");

/// The example contracts of the language's specification, by name.
fn contracts() -> Vec<(String, String)> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/contracts");
    let mut contracts: Vec<_> = std::fs::read_dir(folder)
        .expect("contracts")
        .map(|file| {
            let path = file.expect("entry").path();
            let name = path.file_stem().expect("a name").to_string_lossy();
            let source = std::fs::read_to_string(&path).expect("readable");
            (name.into_owned(), source)
        })
        .collect();
    contracts.sort();
    assert!(contracts.len() >= 8);
    contracts
}

/// Tokens in order, without commas before closing brackets; and comments in order.
fn content(source: &str) -> (Vec<(K, &str)>, Vec<&str>) {
    let (mut tokens, mut comments) = (Vec::new(), Vec::new());
    for token in tokenize(source) {
        let text = &source[token.span.range()];
        match token.kind {
            K::Whitespace => {}
            K::Comment => comments.push(text.trim_end()),
            kind => {
                if matches!(kind, K::RParen | K::RBracket | K::RBrace)
                    && tokens.last().is_some_and(|(kind, _)| *kind == K::Comma)
                {
                    tokens.pop();
                }
                tokens.push((kind, text));
            }
        }
    }
    (tokens, comments)
}

/// Formats a source that parses, and holds what must hold of every formatted text.
#[track_caller]
fn formatted(source: &str) -> String {
    let once = format(source).unwrap_or_else(|errors| panic!("{errors:?}\n{source}"));
    assert_eq!(content(&once), content(source), "{source}");
    assert_eq!(parse(&once).diagnostics, [], "{source}\n{once}");
    assert_eq!(format(&once).as_deref(), Ok(once.as_str()), "{source}");
    assert!(once.is_empty() || once.ends_with('\n') && !once.ends_with("\n\n"));
    for (at, line) in once.lines().enumerate() {
        assert_eq!(line, line.trim_end(), "line {at} of\n{once}");
    }
    once
}

/// The same source with every token on a line of its own, or all on one.
fn shaken(source: &str, between: &str) -> String {
    let tokens = tokenize(source);
    let mut out = String::new();
    for (at, token) in tokens.iter().enumerate() {
        let text = &source[token.span.range()];
        match token.kind {
            K::Whitespace => {}
            K::Comment => return source.to_owned(),
            // Both halves of `>>` stay together: apart they are two comparisons.
            K::Greater
                if tokens
                    .get(at + 1)
                    .is_some_and(|next| next.kind == K::Greater) =>
            {
                out.push_str(text);
            }
            _ => {
                out.push_str(text);
                out.push_str(between);
            }
        }
    }
    out
}

fn without_comments(source: &str) -> String {
    let tokens = tokenize(source);
    let kept = tokens.iter().filter(|token| token.kind != K::Comment);
    kept.map(|token| &source[token.span.range()]).collect()
}

#[test]
fn every_construct() {
    insta::assert_snapshot!("grammar", formatted(GRAMMAR));
}

#[test]
fn the_contracts_of_the_specification() {
    for (name, source) in contracts() {
        insta::assert_snapshot!(name, formatted(&source));
    }
}

#[test]
fn how_lines_were_broken_does_not_matter() {
    let sources = contracts().into_iter().map(|(_, source)| source);
    for source in sources.chain([GRAMMAR.to_owned()]) {
        // Without blank lines and comments the tokens alone decide.
        let bare = without_comments(&source);
        let expected = formatted(&shaken(&bare, " "));
        for between in ["\n", "\r\n\t", "   "] {
            assert_eq!(formatted(&shaken(&bare, between)), expected);
        }
    }
}

/// A comment between any two tokens, on the line's end or on a line of its own.
#[test]
fn comments_anywhere() {
    let tokens = tokenize(GRAMMAR);
    // Apart, the halves of `>>` are two comparisons.
    let halves = |at: usize| {
        let greater = |at: usize| tokens.get(at).is_some_and(|token| token.kind == K::Greater);
        greater(at) && greater(at + 1)
    };
    let comments = [
        " // here \n",
        "\n// here\n",
        "\n\n  // one\n\n\n//two\n\n",
        " // a\n // b\n",
    ];
    for comment in comments {
        for (at, token) in tokens.iter().enumerate() {
            if !token.kind.is_trivia() && !halves(at) {
                let (before, after) = GRAMMAR.split_at(token.span.end as usize);
                formatted(&format!("{before}{comment}{after}"));
            }
        }
    }
    for (_, source) in contracts() {
        let everywhere: String = tokenize(&source)
            .iter()
            .map(|token| match token.kind {
                K::Whitespace => " //\n".to_owned(),
                K::Comment => "// as it was\n".to_owned(),
                K::Greater => ">".to_owned(),
                _ => format!("{} // behind\n\n", &source[token.span.range()]),
            })
            .collect();
        formatted(&everywhere);
    }
}

#[test]
fn comments_and_blank_lines_stay_where_they_are() {
    let source = "
// Head of the file.


// Second part.
contract A version 1 { // behind the brace

  party p; // behind a declaration
  // before a declaration

  // alone
  group g min 1 // behind a bound
    max 2;
  entry e() {

    // first
    let x = f(a, // the first
      // the second
      b // also
      ,
      // the end
    );


    let y = 1; let z = [1, 2 // two
      , 3];
    // last

  }
  entry nothing() { }
  entry only_a_comment() {
    // nothing yet
  }
}
// The end.
";
    insta::assert_snapshot!(formatted(source));
}

#[test]
fn long_lines_are_broken_at_the_outermost_place() {
    let long = "a_rather_long_name_for_a_value";
    let statements = [
        format!("let x = {long}.first({long}).second({long}, {long}).third()[0].fourth;"),
        format!("let x = {long} + {long} * 2 - {long} + ({long} == 3 && {long} != 4) as u64;"),
        format!("let x = {long} ? f({long}, {long}, {long}) : g({long}, {long}, {long}, {long});"),
        format!(
            "if {long} > 3 && {long} > 4 || {long} >> 2 == 1 && {long} {{ return; }} else {{ break; }}"
        ),
        format!("while {long} + {long} + {long} max {long} + {long} {{ x = 1; }}"),
        format!("for (i, v) in {long}.pairs({long}, {long}, {long}, {long}) {{ x -= v; }}"),
        format!("require {long} > {long} && {long} < 3, \"the text of a long message\";"),
        format!(
            "reveal x = {long}.sum_where({long}) to public, each g, owner({long}) with noise(laplace(epsilon: 0.5));"
        ),
        format!("let x = [{}];", "1_000, -2, ".repeat(30)),
        format!("let x = [{}];", "Row(v: 1), ".repeat(12)),
        format!("transfer(from: {long}, to: ({long}, {long}, {long}, 1), amount: {long});"),
        "let x = a.b().c();".to_owned(),
        format!("let x = a.b(|v, w| {long} > {long} && {long} > {long}).c();"),
    ];
    let body = statements.join("\n");
    let source = format!(
        "contract A version 1 {{
  enum Choice {{ {long}, {long}_b, {long}_c, {long}_d }}
  group g min {long} max {long} admit |who| L.members[who] && {long} && {long};
  collect a: private u64 from each g max_rows {long} range 0..={long} check |v| v < 9 allow any to p;
  collect b: private u64 from each g allow any to p allow bit to public;
  collect c: private u64 from each g range 0..=1_000_000_000 allow aggregate({long}) to public, each g;
  fn f<const N>(x: private [u64; N] range 0..=9, y: hash, {long}: private u64 from caller range 0..={long}) -> u8 {{ }}
  entry e(x: hash) by {long} when {long} > {long} && {long} == 3 pays {long} {{ {body} }}
}}"
    );
    let text = formatted(&source);
    insta::assert_snapshot!(text);
    for line in text.lines() {
        assert!(line.chars().count() <= 100, "{line}");
    }
}

#[test]
fn what_cannot_be_formatted_is_refused() {
    let errors = format("contract A version 1 { party p }").expect_err("a `;` is missing");
    assert_eq!(errors[0].code, Code::E0101);
    let large = " ".repeat(MAX_SOURCE_LEN + 1);
    assert_eq!(format(&large).expect_err("large")[0].code, Code::E0105);
    // A line for each `;` is too much.
    let dense = "x;".repeat(MAX_SOURCE_LEN / 2 - 50);
    let grows = format!("contract A version 1 {{ entry e() {{ {dense} }} }}");
    assert_eq!(parse(&grows).diagnostics, []);
    assert_eq!(format(&grows).expect_err("grows")[0].code, Code::E0105);
    assert_eq!(format(""), Ok(String::new()));
    assert_eq!(format(" \r\n\n"), Ok(String::new()));
    assert_eq!(
        format("\n\n// only this  \n\n"),
        Ok("// only this\n".to_owned())
    );
}

/// A source of the largest size takes no noticeable time per line.
#[test]
fn a_large_source() {
    let line = "    let x = f(a.sum(), b.sum() + 1, [1, 2, 3]);\n";
    let lines = (MAX_SOURCE_LEN - 100) / line.len();
    let source = format!(
        "contract A version 1 {{\n  entry e() {{\n{}  }}\n}}\n",
        line.repeat(lines)
    );
    assert_eq!(formatted(&source), source);
    let list = format!("const X: u8 = [{}];", "1, ".repeat(80_000));
    assert_eq!(
        format(&list).expect("parses").lines().count(),
        2 + 80_000_usize.div_ceil(33)
    );
}

/// The contracts that the repository shows are in the style that it tells.
#[test]
fn the_examples_are_formatted() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../examples");
    let mut count = 0;
    for example in std::fs::read_dir(folder).expect("examples") {
        for file in std::fs::read_dir(example.expect("entry").path()).expect("a folder") {
            let path = file.expect("entry").path();
            if path.extension().is_some_and(|ending| ending == "enigma") {
                let source = std::fs::read_to_string(&path).expect("readable");
                let formatted = format(&source);
                assert_eq!(
                    formatted.as_deref(),
                    Ok(source.as_str()),
                    "run `enigma fmt`: {path:?}"
                );
                count += 1;
            }
        }
    }
    assert!(count > 3);
}

/// Formatting cannot change what is compiled.
#[test]
fn the_compiled_contract_is_the_same() {
    let source = include_str!("../../../examples/salaries/salaries.enigma");
    let shaken = shaken(&without_comments(source), "\n");
    let (before, after) = (compile(source), compile(&formatted(&shaken)));
    assert!(before.contract.is_some());
    assert_eq!(before.contract, after.contract);
}

/// Pieces of the language in random order.
fn soup() -> impl Strategy<Value = String> {
    let tokens: Vec<&str> = tokenize(GRAMMAR)
        .iter()
        .map(|token| &GRAMMAR[token.span.range()])
        .collect();
    proptest::collection::vec(proptest::sample::select(tokens), 0..30).prop_map(|t| t.concat())
}

/// A small change of the source that has every construct: some bytes replaced by others of it.
fn mutation() -> impl Strategy<Value = String> {
    let tokens = tokenize(GRAMMAR);
    let count = tokens.len();
    proptest::collection::vec((0..count, 0..count), 1..6).prop_map(move |changes| {
        let mut tokens = tokens.clone();
        for (at, from) in changes {
            tokens[at] = tokens[from];
        }
        tokens
            .iter()
            .map(|token| &GRAMMAR[token.span.range()])
            .collect()
    })
}

fn formats_if_it_parses(source: &str) -> bool {
    let parses = parse(source).diagnostics.is_empty();
    assert_eq!(format(source).is_ok(), parses);
    if parses {
        formatted(source);
    }
    parses
}

proptest! {
    #[test]
    fn random_programs(rows in proptest::collection::vec(private(), 1..4)) {
        let source = format!("contract X version 1 {{ entry e() {{ {} }} }}", body(&rows));
        prop_assert!(formats_if_it_parses(&source));
    }

    #[test]
    fn any_text(text in any::<String>()) {
        formats_if_it_parses(&text);
        formats_if_it_parses(&format!("// {text}"));
    }

    #[test]
    fn any_tokens(text in soup()) {
        formats_if_it_parses(&text);
        formats_if_it_parses(&format!("contract X version 1 {{ entry e() {{ {text} }} }}"));
        formats_if_it_parses(&format!("contract X version 1 {{ entry e() {{ let x = {text}; }} }}"));
    }

    #[test]
    fn mutations(text in mutation()) {
        formats_if_it_parses(&text);
    }
}
