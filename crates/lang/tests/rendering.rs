//! How diagnostics look. The suite checks codes, places and messages; here are whole reports.

use enigma_lang::{Code, Color, compile, explain, render};

fn report(source: &str) -> String {
    let compilation = compile(source);
    render(
        &compilation.diagnostics,
        "salaries.enigma",
        source,
        Color::Never,
    )
}

const SALARIES: &str = include_str!("../../../examples/salaries/salaries.enigma");

fn changed(from: &str, to: &str) -> String {
    assert!(SALARIES.contains(from), "{from}");
    report(&SALARIES.replace(from, to))
}

#[test]
fn reports_say_what_where_why_and_what_to_do() {
    insta::assert_snapshot!(
        "rank_to_everyone",
        changed("to owner(salary)", "to each workers")
    );
    insta::assert_snapshot!(
        "no_consent",
        changed("    allow per_owner to owner;", "    ;")
    );
    insta::assert_snapshot!(
        "overflow",
        changed("0..=100_000_000", "0..=1_000_000_000_000_000_000")
    );
    insta::assert_snapshot!("misspelt", changed("salary.sum()", "salry.sum()"));
    insta::assert_snapshot!("missing_semicolon", changed("max 1_000;", "max 1_000"));
    insta::assert_snapshot!(
        "used_after_reveal",
        changed("salary.rank_desc()", "average - salary")
    );
}

#[test]
fn colour_is_only_on_demand() {
    let source = "contract X {";
    let diagnostics = compile(source).diagnostics;
    assert!(!render(&diagnostics, "x", source, Color::Never).contains('\u{1b}'));
    assert!(render(&diagnostics, "x", source, Color::Always).contains('\u{1b}'));
}

#[test]
fn every_code_is_explained() {
    for code in Code::ALL {
        let text = explain(code.as_str()).expect("explained");
        let (title, rest) = text.split_once("\n\n").expect("a title and a text");
        assert!(
            title.ends_with('.') && rest.ends_with('.') && rest.len() > 40,
            "{code}"
        );
    }
    assert_eq!(explain("e0310"), explain("E0310"));
    assert_eq!(explain("E0000"), None);
}
