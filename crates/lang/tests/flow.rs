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
type Case = (&'static str, &'static str);

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
