//! Secrecy, policy and ranges on whole programs: the table of section 3.13 of the specification, and attempts to get
//! single rows past it.

use enigma_lang::{Color, Compilation, Severity, compile, render};

const FRAME: &str = "contract X version 1 {
  group g min 5 max 10;  party p;
  state L { n: u64 = 0; }
  state MPC { s: private u64;  ok: private u64 allow aggregate(5) to public; }
  collect a: private u64 from each g range 0..=9 allow aggregate(5) to public allow per_owner to owner;
  BODY
}
";

/// A verdict (`OK` or the code of an error that must be reported) and a body.
type Case<'c> = (&'c str, &'c str);

/// The codes of all errors, once each.
fn errors(compilation: &Compilation) -> String {
    let errors = compilation
        .diagnostics
        .iter()
        .filter(|d| d.severity == Severity::Error);
    let mut codes: Vec<String> = errors.map(|d| d.code.to_string()).collect();
    codes.dedup();
    if codes.is_empty() {
        "OK".to_owned()
    } else {
        codes.join(" ")
    }
}

fn check_all(frame: &str, cases: &[Case]) {
    let mut wrong = String::new();
    for (verdict, body) in cases {
        let source = frame.replace("BODY", body);
        let compilation = compile(&source);
        let found = errors(&compilation);
        if !found.contains(verdict) {
            let shown = render(&compilation.diagnostics, "case", &source, Color::Never);
            wrong.push_str(&format!(
                "\n==== {body}\nexpected {verdict}, found {found}\n{shown}"
            ));
        }
    }
    assert!(wrong.is_empty(), "{wrong}");
}

#[test]
fn table_of_the_specification() {
    check_all(FRAME, TABLE);
}

const TABLE: &[Case] = &[
    ("E0310", "entry e() { reveal x = a to public; }"),
    ("E0310", "entry e() { reveal x = MPC.s + 1 to public; }"),
    (
        "E0310",
        "collect b: private u64 from each g allow aggregate(5) to p; entry e() { reveal x = b.sum() to public; }",
    ),
    ("OK", "entry e() { reveal x = a.sum() to p; }"),
    (
        "E0304",
        "entry e(k: private u64 from caller) { if k > 3 { reveal x = a.sum() to public; } }",
    ),
    (
        "E0303",
        "entry e(k: private u64 from caller) { if k > 3 { L.n = 1; } }",
    ),
    ("E0301", "entry e(k: private u64 from caller) { L.n = k; }"),
    (
        "E0302",
        "entry e(k: private u64 from caller) { require k > 3; }",
    ),
    (
        "E0306",
        "entry e(k: private u64 from caller) { let mut t = 0; for i in 0..k { t += 1; } }",
    ),
    (
        "E0307",
        "entry e(k: private u64 from caller) { let v = a[k]; }",
    ),
    (
        "E0301",
        "entry e(k: private u64 from caller) { let mut b = 0; if k > 3 { b = 1; } L.n = b; }",
    ),
    (
        "E0305",
        "fn f(x: private u64) -> private u64 { reveal z = x to public; return x; } entry e(k: private u64 from caller) { let y = f(k); }",
    ),
    (
        "E0301",
        "fn f(x: private u64) -> private u64 { return x * 2; } entry e(k: private u64 from caller range 0..=9) { L.n = f(k); }",
    ),
    (
        "E0320",
        "fn f(x: private u64) -> private u64 { return f(x); } entry e(k: private u64 from caller) { let y = f(k); }",
    ),
    (
        "E0312",
        "entry e(k: private u64 from caller) { let h = a.map(|v| v > k); reveal x = a.sum_where(h) to public; }",
    ),
    (
        "OK",
        "entry e(k: private u64 from caller) { let mut b = 0; if k > 3 { b = 1; } else { b = 2; } reveal r = b to caller; }",
    ),
    (
        "E0310",
        "entry e() { let one = [a[3]]; reveal x = one.sum() to public; }",
    ),
    (
        "E0310",
        "state MPC { v: private [u64; 10] allow aggregate(5) to public; } entry e() { MPC.v = a; } entry f() { reveal x = MPC.v to public; }",
    ),
    ("E0310", "entry e() { reveal x = a[2] + 0 to public; }"),
    (
        "E0310",
        "entry e() { let mut t = 0; for v in a { t += v; } reveal x = t to public; }",
    ),
];

/// The facts of the only entry of a contract with people who give `b`.
fn facts(body: &str) -> enigma_lang::flow::EntryFacts {
    let source = format!(
        "contract X version 1 {{ group g min 5 max 10; privacy {{ epsilon_total: 100.0; }} {body} }}"
    );
    let compilation = compile(&source);
    let shown = render(&compilation.diagnostics, "case", &source, Color::Never);
    let checked = compilation.checked.unwrap_or_else(|| panic!("{shown}"));
    checked.facts.entries[0].clone()
}

/// What a result is computed from counts, not only the result.
#[test]
fn magnitudes_are_those_on_the_way() {
    let most = |range: &str, value: &str| {
        facts(&format!(
            "collect b: private u64 from each g range 0..={range} allow aggregate(5) to public; entry e() {{ reveal x = {value} to public; }}"
        ))
        .magnitude
    };
    assert_eq!(most("1_000", "b.mean()"), 10_000);
    assert_eq!(
        most("500_000_000_000_000_000", "b.mean()"),
        5_000_000_000_000_000_000
    );
    // n sum(x^2) of ten values.
    assert_eq!(most("1_000", "b.variance()"), 100_000_000);
    assert!(most("1_000_000_000", "b.stddev()") >= 1 << 59);
    assert_eq!(most("1_000", "mean_square(b)"), 10_000_000);
}

#[test]
fn noise_hides_all_that_one_person_gives() {
    let noise = |value: &str| {
        let found = facts(&format!(
            "collect a: private u64 from each g range 0..=9 allow aggregate(5) to public;
             collect b: private u64 from each g range 0..=1_000 allow aggregate(5) to public;
             entry e() {{ reveal x = {value} with noise(laplace(epsilon: 1.0)); }}"
        ));
        let noise = found.reveals[0].noise.expect("noise");
        (noise.sensitivity, found.epsilon)
    };
    // One person gives a row of each, and both rows move the sum.
    let (both, epsilon) = noise("a.sum() + b.sum() to public");
    assert_eq!(both, 9 + 1_000);
    assert_eq!(
        epsilon.into_values().collect::<Vec<_>>(),
        [1_000_000, 1_000_000]
    );
    // What it costs a person it costs all that the person gave.
    let (_, epsilon) = noise("a.sum() to public");
    assert_eq!(
        epsilon.into_values().collect::<Vec<_>>(),
        [1_000_000, 1_000_000]
    );
    // One row moves the ranks of all others, or whether they are above the mean.
    let (ranks, _) = noise("a.rank().map(|r| r >= 2 ? 1_000 : 0).sum() to public");
    assert!(ranks >= 10_000, "{ranks}");
    let mask = "b.map(|v| v > b.mean())";
    let guarded = format!("b.sum_where({mask}) to public with min_group({mask}.count_true(), 5)");
    let (masked, _) = noise(&guarded);
    assert!(masked >= 10_000, "{masked}");
}

/// Loops inside loops are given up together.
#[test]
fn a_nest_of_loops_is_refused_at_once() {
    let mut body = "t += 1;".to_owned();
    for i in 0..24 {
        body = format!("for i{i} in 0..2 {{ {body} }}");
    }
    check_all(
        FRAME,
        &[("E0601", &format!("entry e() {{ let mut t = 0; {body} }}"))],
    );
}

#[test]
fn the_eight_contracts_follow_all_rules() {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/../../examples");
    let names = [
        "salaries",
        "auction",
        "voting",
        "overlap",
        "risk_model",
        "income_by_department",
        "vault",
        "data_market",
    ];
    for name in names {
        let path = format!("{folder}/{name}/{name}.enigma");
        let source = std::fs::read_to_string(&path).expect("an example");
        let compilation = compile(&source);
        let shown = render(&compilation.diagnostics, name, &source, Color::Never);
        assert_eq!(errors(&compilation), "OK", "{name}\n{shown}");
    }
}
