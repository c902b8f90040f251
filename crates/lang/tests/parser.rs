//! The parser takes any text, keeps every byte of it, and stays within its bounds.

use std::path::Path;

use enigma_lang::syntax::{MAX_EXPRESSION_HEIGHT, MAX_NESTING, parse};
use enigma_lang::{Code, MAX_DIAGNOSTICS, MAX_SOURCE_LEN, compile};
use proptest::prelude::*;

/// One source for every construct of the grammar, supported by later passes or not.
const GRAMMAR: &str = include_str!("grammar.enigma");
const SALARIES: &str = include_str!("../../../examples/salaries/salaries.enigma");

fn codes(source: &str) -> Vec<Code> {
    compile(source).diagnostics.iter().map(|d| d.code).collect()
}

#[test]
fn the_whole_grammar_parses() {
    let parsed = parse(GRAMMAR);
    assert_eq!(parsed.diagnostics, []);
    assert_eq!(parsed.root().text(), GRAMMAR);
}

/// Every contract in the examples folder of the repository.
#[test]
fn all_examples_parse() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../examples");
    let mut count = 0;
    for example in std::fs::read_dir(folder).expect("examples") {
        for file in std::fs::read_dir(example.expect("entry").path()).expect("a folder per example")
        {
            let path = file.expect("entry").path();
            if path
                .extension()
                .is_some_and(|extension| extension == "enigma")
            {
                let source = std::fs::read_to_string(&path).expect("readable");
                assert_eq!(parse(&source).diagnostics, [], "{path:?}");
                count += 1;
            }
        }
    }
    assert!(count > 0);
}

/// Cutting a file anywhere never panics, loses no byte and is always an error in the end.
#[test]
fn every_prefix_parses_to_itself() {
    for source in [GRAMMAR, SALARIES] {
        let whole = source.trim_end();
        for end in (0..whole.len()).filter(|&end| whole.is_char_boundary(end)) {
            let prefix = &whole[..end];
            assert_eq!(parse(prefix).root().text(), prefix);
            assert!(compile(prefix).contract.is_none(), "{end}");
        }
    }
}

/// Every token left out, and every token doubled.
#[test]
fn missing_and_doubled_tokens() {
    let tokens = enigma_lang::syntax::tokenize(GRAMMAR);
    for token in tokens.iter().filter(|token| !token.kind.is_trivia()) {
        let range = token.span.range();
        let (before, at, after) = (
            &GRAMMAR[..range.start],
            &GRAMMAR[range.clone()],
            &GRAMMAR[range.end..],
        );
        for changed in [
            format!("{before}{after}"),
            format!("{before}{at} {at}{after}"),
        ] {
            assert_eq!(parse(&changed).root().text(), changed.as_str());
            let _ = compile(&changed);
        }
    }
}

#[test]
fn deep_nesting_is_one_error_and_no_overflow() {
    let many = 100_000;
    let deep = [
        format!("{}1{}", "(".repeat(many), ")".repeat(many)),
        "[".repeat(many),
        format!("{}1", "-".repeat(many)),
        format!("{}true", "!".repeat(many)),
        format!("1{}", " + 1".repeat(many / 2)),
        format!("a{}", ".b()".repeat(many / 2)),
        format!("a{}", "[0]".repeat(many / 2)),
        format!("1{}", " as u8".repeat(many / 4)),
        format!("f({}", "f(".repeat(many)),
        format!("1 {}", "? 1 : ".repeat(many / 4)),
    ];
    for expression in deep {
        let source = format!("contract X version 1 {{ entry e() {{ let x = {expression}; }} }}");
        assert_eq!(parse(&source).root().text(), source.as_str());
        let found = codes(&source);
        assert_eq!(
            found.iter().filter(|code| **code == Code::E0104).count(),
            1,
            "{found:?}"
        );
    }
    for block in ["if x { ", "if x {} else ", "for i in 0..1 { "] {
        let source = format!(
            "contract X version 1 {{ entry e() {{ {} }} }}",
            block.repeat(10_000)
        );
        assert!(codes(&source).contains(&Code::E0104));
    }
    let source = format!("const x: {}", "[".repeat(many));
    assert!(codes(&source).contains(&Code::E0104));
}

/// The bounds themselves: as much as is allowed, and one more.
#[test]
fn nesting_up_to_the_bound() {
    // The entry's block is one level, and the outermost expression another.
    let nested = |depth: usize| {
        let value = format!("{}1{}", "(".repeat(depth), ")".repeat(depth));
        parse(&format!(
            "contract X version 1 {{ entry e() {{ let x = {value}; }} }}"
        ))
        .diagnostics
    };
    assert_eq!(nested(MAX_NESTING - 2), []);
    assert_eq!(nested(MAX_NESTING - 1).len(), 1);
    let chain = |operations: usize| {
        let value = format!("1{}", " + 1".repeat(operations));
        parse(&format!(
            "contract X version 1 {{ entry e() {{ let x = {value}; }} }}"
        ))
        .diagnostics
    };
    assert_eq!(chain(MAX_EXPRESSION_HEIGHT - 1), []);
    assert_eq!(chain(MAX_EXPRESSION_HEIGHT).len(), 1);
}

/// Long lists of declarations and chains of locals are no deep trees.
#[test]
fn length_is_not_depth() {
    let mut body = String::from("let a0 = 1; ");
    for i in 1..5_000 {
        body.push_str(&format!("let a{i} = a{} + 1; ", i - 1));
    }
    let frame = SALARIES.replace("entry compute() {", &format!("entry compute() {{ {body}"));
    let source = frame.replace("salary.len()", "salary.len() + a4999");
    let compilation = compile(&source);
    let contract = compilation.contract.expect("valid");
    assert!(
        contract.entries[0].code.len() < 12,
        "constants fold, and what is unused is left out"
    );
    let doubled = source
        .replace("a0 = 1", "a0 = 0")
        .replace(" + 1; ", " + salary.len() * 0; ");
    assert!(doubled.len() < MAX_SOURCE_LEN);
    assert!(compile(&doubled).contract.is_some());
}

#[test]
fn large_sources_are_refused_at_once() {
    let blank = " ".repeat(MAX_SOURCE_LEN - SALARIES.len());
    assert!(compile(&format!("{SALARIES}{blank}")).contract.is_some());
    assert_eq!(codes(&format!("{SALARIES}{blank} ")), [Code::E0105]);
}

#[test]
fn a_flood_of_errors_is_cut_off() {
    let source =
        "contract X version 1 { entry e() { ".to_owned() + &"let x = y; ".repeat(10_000) + "} }";
    assert_eq!(codes(&source).len(), MAX_DIAGNOSTICS);
}

/// Pieces of the language in random order come nearer to the corners than random characters.
fn soup() -> impl Strategy<Value = String> {
    let tokens: Vec<&str> = enigma_lang::syntax::tokenize(GRAMMAR)
        .iter()
        .map(|token| &GRAMMAR[token.span.range()])
        .collect();
    proptest::collection::vec(proptest::sample::select(tokens), 0..80).prop_map(|t| t.concat())
}

proptest! {
    #[test]
    fn any_text_parses_to_itself(text in any::<String>()) {
        prop_assert_eq!(parse(&text).root().text(), text.as_str());
        let _ = compile(&text);
    }

    #[test]
    fn any_tokens_parse_to_themselves(text in soup()) {
        prop_assert_eq!(parse(&text).root().text(), text.as_str());
        let _ = compile(&text);
        let inside = format!("contract X version 1 {{ entry e() {{ {text} }} }}");
        prop_assert_eq!(parse(&inside).root().text(), inside.as_str());
        let rendered = compile(&inside);
        let _ = enigma_lang::render(&rendered.diagnostics, "x", &inside, enigma_lang::Color::Never);
    }
}
