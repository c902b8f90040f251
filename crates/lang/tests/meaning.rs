//! What contracts mean: the interpreter against plain arithmetic, bytecode against the interpreter
//! on random programs, and test blocks that fail when they should.

#[path = "../../vm/tests/common/committee.rs"]
// The committee in memory is shared with the machine's own tests.
mod network;
mod random;

use std::collections::BTreeMap;
use std::sync::Arc;

use enigma_bytecode::container::{decode, encode};
use enigma_bytecode::disasm::disassemble;
use enigma_bytecode::model::{Contract, Kind, Recipient};
use enigma_bytecode::plan::{self, Sizes};
use enigma_bytecode::verify::verify;
use enigma_field::{Committee, M61};
use enigma_lang::{Account, Code, Refusal, Shown, Value, compile, interpret};
use enigma_vm::clear;
use network::{Machines, engines, shown};
use proptest::collection::vec;
use proptest::prelude::*;
use proptest::test_runner::TestCaseError;
use random::{FUNCTIONS, body, private};

const SALARIES: &str = include_str!("../../../examples/salaries/salaries.enigma");

/// A contract with two collections of small signed numbers, for bodies of an entry.
fn program(body: &str) -> String {
    format!(
        "contract Random version 1 {{
           group g min 1 max 20;
           group h min 1 max 20;
           collect a: private i64 from each g range -9..=9 allow aggregate(1) to each g allow per_owner to owner allow member to each g;
           collect b: private i64 from each h range -5..=30 allow aggregate(1) to each g;
           {FUNCTIONS}
           entry e() {{ {body} }}
         }}"
    )
}

fn inputs(a: &[i64], b: &[i64]) -> BTreeMap<String, Vec<i64>> {
    BTreeMap::from([("a".to_owned(), a.to_vec()), ("b".to_owned(), b.to_vec())])
}

/// One value computed by a program, in the interpreter.
fn value(expression: &str, a: &[i64], b: &[i64]) -> Shown {
    let source = program(&format!("reveal x = {expression} to each g;"));
    let compilation = compile(&source);
    assert_eq!(compilation.diagnostics, [], "{expression}");
    let checked = compilation.checked.expect("no errors");
    interpret(&checked, "e", &inputs(a, b))
        .expect("runs")
        .remove("x")
        .expect("revealed")
}

fn number(value: i64) -> Shown {
    Shown::One(Value::Number(value.into()))
}

fn plain(value: &Value) -> i64 {
    match value {
        Value::Number(number) => i64::try_from(*number).expect("small"),
        Value::Account(Account::Member(_, number)) => (*number).into(),
        Value::Truth(value) => (*value).into(),
        other => panic!("{other:?}"),
    }
}

fn rows(expression: &str, a: &[i64]) -> Vec<Option<i64>> {
    let source = program(&format!("reveal x = {expression} to owner(a);"));
    let compilation = compile(&source);
    assert_eq!(compilation.diagnostics, [], "{expression}");
    let checked = compilation.checked.expect("no errors");
    match interpret(&checked, "e", &inputs(a, &[0]))
        .expect("runs")
        .remove("x")
    {
        Some(Shown::PerOwner(rows)) => rows.iter().map(|row| row.as_ref().map(plain)).collect(),
        other => panic!("{other:?}"),
    }
}

#[test]
fn arithmetic_is_that_of_whole_numbers() {
    let one = |expression| value(expression, &[3, -7, 2], &[10, 20]);
    assert_eq!(one("a.sum()"), number(-2));
    assert_eq!(one("a.sum() + b.sum() * 2 - 3"), number(55));
    assert_eq!(one("(a * a).sum()"), number(9 + 49 + 4));
    assert_eq!(one("-a.sum() * -a.sum()"), number(4));
    assert_eq!(one("(a - b.sum()).sum()"), number(-2 - 90));
    assert_eq!(one("a.sum() + a.len() * 100 + b.len()"), number(300));
    assert_eq!(one("10 - a.sum() - 1"), number(11));
}

#[test]
fn division_truncates_toward_zero_and_never_fails() {
    for (dividend, divisor, quotient) in [
        ("7", "2", 3),
        ("-7", "2", -3),
        ("7", "-2", -3),
        ("-7", "-2", 3),
        ("6", "3", 2),
        ("-1", "2", 0),
    ] {
        let private = format!("(a.sum() + {dividend}) / {divisor}");
        assert_eq!(value(&private, &[0], &[0]), number(quotient), "{private}");
        let public = format!("a.sum() + ({dividend}) / ({divisor})");
        assert_eq!(value(&public, &[0], &[0]), number(quotient), "{public}");
    }
    // The divisor is 0 in this run only, so there is no warning.
    assert_eq!(
        value("b.sum() / (a.len() as i64 - 2)", &[1, 2], &[9]),
        number(0)
    );
    assert_eq!(
        value("b.sum() / (a.len() as i64 - 2)", &[1, 2, 3], &[9]),
        number(9)
    );
}

#[test]
fn means_and_extremes() {
    let one = |expression| value(expression, &[3, -7, 2, -7], &[10, 20, 20]);
    assert_eq!(one("a.mean()"), number(-2));
    assert_eq!(one("b.mean()"), number(16));
    assert_eq!(one("a.max()"), number(3));
    assert_eq!(one("a.min()"), number(-7));
    assert_eq!(one("(a * a).max() + b.min()"), number(59));
    assert_eq!(value("a.max()", &[10, 4, -10], &[0]), number(4));
}

#[test]
fn the_earliest_of_equals_is_named_by_its_number_among_all_given_rows() {
    let who =
        |expression: &str, a: &[i64]| match value(&format!("a.owner_at({expression})"), a, &[0]) {
            Shown::One(Value::Account(Account::Member(0, number))) => number,
            other => panic!("{other:?}"),
        };
    assert_eq!(who("a.argmax()", &[3, 5, 4, 5]), 1);
    assert_eq!(who("a.argmin()", &[3, 5, 3, 5]), 0);
    assert_eq!(who("(-a).argmax()", &[3, 2, 2]), 1);
    assert_eq!(who("a.argmax()", &[7, 7, 7]), 0);
    // The first two are outside the range and dropped; the others keep their numbers.
    assert_eq!(who("a.argmax()", &[10, -10, 4, 9]), 3);
}

#[test]
fn truth_values() {
    let truth = |expression| match value(expression, &[3, -7, 2], &[10, 20]) {
        Shown::One(Value::Truth(value)) => value,
        other => panic!("{other:?}"),
    };
    assert!(truth("a.sum() < 0"));
    assert!(!truth("a.sum() >= -1"));
    assert!(truth("a.sum() == -2 && b.sum() != 0"));
    assert!(truth("a.sum() > 0 || true"));
    assert!(truth("!(a.sum() > 0) == true"));
    let one = |expression| value(expression, &[3, -7, 2], &[10, 20]);
    assert_eq!(one("(a > 0).count_true()"), number(2));
    assert_eq!(one("(a > 0 && a != 3).count_true()"), number(1));
    assert_eq!(one("(a >= 3 || 0 > a).count_true()"), number(2));
    assert_eq!(rows("a < 2", &[3, 10, 1]), [Some(0), None, Some(1)]);
}

/// An instance cannot name more.
#[test]
fn sixteen_parties_are_enough() {
    let with = |count: usize| {
        let parties: String = (0..count).map(|i| format!("party p{i}; ")).collect();
        let source = program("").replace("group g", &format!("{parties} group g"));
        let codes = compile(&source).diagnostics.into_iter().map(|d| d.code);
        codes.collect::<Vec<Code>>()
    };
    assert_eq!(with(16), []);
    assert_eq!(with(17), [Code::E0601]);
}

#[test]
fn a_guard_is_a_minimum() {
    let source = program("reveal x = a.sum() to each g with min_group(a.len(), 4);");
    let compilation = compile(&source);
    let contract = compilation.contract.expect("no errors");
    assert_eq!(contract.minimum_rows(0, 0), 4);
    assert_eq!(verify(&contract), Ok(()));
    let checked = compilation.checked.expect("no errors");
    assert_eq!(checked.facts.minimum_rows(&checked.hir, 0, 0), 4);
    let run = |a: &[i64]| interpret(&checked, "e", &inputs(a, &[]));
    assert!(matches!(
        run(&[1; 3]),
        Err(Refusal::TooFewRows {
            valid: 3,
            minimum: 4,
            ..
        })
    ));
    assert!(run(&[1; 4]).is_ok());
}

#[test]
fn ties_share_a_rank() {
    let some = |ranks: &[i64]| ranks.iter().map(|rank| Some(*rank)).collect::<Vec<_>>();
    assert_eq!(
        rows("a.rank_desc()", &[3, 5, 4, 4, 4]),
        some(&[5, 1, 2, 2, 2])
    );
    assert_eq!(rows("a.rank()", &[3, 5, 4, 4, 4]), some(&[1, 5, 2, 2, 2]));
    assert_eq!(rows("(a / 2).rank()", &[3, 2, -1, 0]), some(&[3, 3, 1, 1]));
    assert_eq!(rows("a.rank()", &[7]), some(&[1]));
}

#[test]
fn rows_outside_the_range_are_refused_and_never_counted() {
    assert_eq!(
        rows("a * a.len()", &[1, 10, 2, -10]),
        [Some(2), None, Some(4), None]
    );
    assert_eq!(value("a.sum() + a.len()", &[5, 10, -10], &[0]), number(6));
}

#[test]
fn a_run_is_refused_when_a_real_one_would_be() {
    let checked = compile(SALARIES).checked.expect("no errors");
    let run = |entry: &str, salaries: &[i64]| {
        let inputs = BTreeMap::from([("salary".to_owned(), salaries.to_vec())]);
        interpret(&checked, entry, &inputs).expect_err("refused")
    };
    let salary = || "salary".to_owned();
    assert_eq!(
        run("pay", &[]),
        Refusal::UnknownEntry {
            entry: "pay".to_owned()
        }
    );
    let few = Refusal::TooFewRows {
        collection: salary(),
        valid: 4,
        minimum: 5,
    };
    assert_eq!(run("compute", &[1, 2, 3, 4]), few);
    // The fifth is outside the range.
    assert_eq!(run("compute", &[1, 2, 3, 4, -1]), few);
    let many = Refusal::TooManyRows {
        collection: salary(),
        given: 1_001,
        maximum: 1_000,
    };
    assert_eq!(run("compute", &[1; 1_001]), many);
    let none = interpret(&checked, "compute", &BTreeMap::new());
    assert_eq!(
        none,
        Err(Refusal::NoInput {
            collection: salary()
        })
    );
}

#[test]
fn the_threshold_of_an_allow_is_a_minimum() {
    let source = SALARIES.replace("aggregate(5)", "aggregate(7)");
    let compilation = compile(&source);
    let contract = compilation.contract.expect("no errors");
    assert_eq!(contract.minimum_rows(0, 0), 7);
    let checked = compilation.checked.expect("no errors");
    assert_eq!(checked.facts.minimum_rows(&checked.hir, 0, 0), 7);
    let six = BTreeMap::from([("salary".to_owned(), vec![1; 6])]);
    assert!(matches!(
        interpret(&checked, "compute", &six),
        Err(Refusal::TooFewRows { minimum: 7, .. })
    ));
}

#[test]
fn failing_tests_fail_and_say_why() {
    let tests = r#"
      test "right" { given a = [1, 2]; run e(); expect x == 3; }
      test "wrong" { given a = [1, 2]; run e(); expect x == 4; }
      test "refused" { given a = []; run e(); }
      test "not refused" { given a = [1]; expect fail run e(); }
      test "rows" { given a = [1, 10]; run e(); expect y == [1, 1]; }
      test "no truth" { given a = [1]; run e(); expect x; }
      test "no number" { given a = [1]; run e(); expect y < 3; }
    "#;
    let body = "reveal x = a.sum() to each g; reveal y = a to owner;";
    let source = program(body).replace("entry e", &format!("{tests} entry e"));
    let compilation = compile(&source);
    assert_eq!(compilation.diagnostics, []);
    let outcomes: Vec<(String, String)> = compilation
        .run_tests()
        .into_iter()
        .map(|outcome| {
            let message = outcome.failure.map_or("passed".to_owned(), |failure| {
                let at = &source[failure.span.range()];
                format!("{}: {at}", failure.message)
            });
            (outcome.title, message)
        })
        .collect();
    let expected = [
        ("right", "passed"),
        ("wrong", "not true: 3 == 4: expect x == 4;"),
        (
            "refused",
            "refused: `a` has 0 valid rows, and 1 are needed: run e();",
        ),
        (
            "not refused",
            "ran, and should have been refused: expect fail run e();",
        ),
        (
            "rows",
            "not true: [1, none()] == [1, 1] (at place 1: none(), not 1): expect y == [1, 1];",
        ),
        ("no truth", "1 is neither true nor false: expect x;"),
        (
            "no number",
            "`<` does not apply to [1] and 3: expect y < 3;",
        ),
    ];
    let expected: Vec<(String, String)> = expected
        .into_iter()
        .map(|(title, message)| (title.to_owned(), message.to_owned()))
        .collect();
    assert_eq!(outcomes, expected);
}

/// Equal work is done once, and what is not shown is not done.
#[test]
fn code_has_no_waste() {
    let body = "let unused = a.rank(); let t = a.sum();
                reveal x = t + a.sum() + 2 * 3 to each g; reveal y = a.sum() + t + 6 to each g;";
    let contract = compile(&program(body)).contract.expect("no errors");
    let listing = disassemble(&contract);
    let code: Vec<&str> = listing
        .lines()
        .skip_while(|line| !line.starts_with("entry"))
        .map(str::trim)
        .collect();
    assert_eq!(
        code,
        [
            "entry e",
            "s0 = input a",
            "s1 = sum s0",
            "s2 = s1 + s1",
            "c0 = 6",
            "s3 = s2 + c0",
            "out s3 as x to each g",
            "out s3 as y to each g",
        ]
    );
}

/// What the interpreter reveals, by name.
type Meant = BTreeMap<String, Shown>;

/// The contract of a random body and what the interpreter says of it; none if it may overflow or shows a part of
/// the rows that a private choice hides, or nodes cannot see that it does not: for that alone a random body is refused.
fn meant(body: &str, a: &[i64], b: &[i64]) -> Option<(Contract, Vec<Vec<i64>>, Meant)> {
    let compilation = compile(&program(body));
    let refused = |code| matches!(code, Code::E0501 | Code::E0312 | Code::W0901);
    if compilation.diagnostics.iter().any(|d| refused(d.code)) {
        return None;
    }
    let only_zero_divisors = compilation
        .diagnostics
        .iter()
        .all(|d| d.code == Code::E0502);
    assert!(only_zero_divisors, "{body} {:?}", compilation.diagnostics);
    let contract = compilation.contract.expect("no errors");
    assert_eq!(verify(&contract), Ok(()));
    let contract = decode(&encode(&contract)).expect("canonical");
    let meant =
        interpret(&compilation.checked.expect("no errors"), "e", &inputs(a, b)).expect("runs");
    // A collection that is not read must not be given to the back end.
    let used = contract.collections_used(0);
    let given = [a, b];
    let rows = (0_u16..2).map(|c| {
        let rows = given[usize::from(c)];
        if used.contains(&c) {
            rows.to_vec()
        } else {
            Vec::new()
        }
    });
    let rows = rows.collect();
    Some((contract, rows, meant))
}

/// What was computed for a manifest line is what the interpreter says.
fn check_shown(
    contract: &Contract,
    meant: &Meant,
    reveal: u16,
    values: &[i64],
) -> Result<(), TestCaseError> {
    let reveal = &contract.manifest[usize::from(reveal)];
    let expected = match &meant[&reveal.name] {
        Shown::One(value) => vec![plain(value)],
        Shown::PerOwner(rows) => rows.iter().flatten().map(plain).collect(),
    };
    prop_assert_eq!(values, &expected, "{}", &reveal.name);
    let is_many = matches!(reveal.recipients[..], [Recipient::OwnerOf(_)]);
    prop_assert_eq!(is_many, matches!(meant[&reveal.name], Shown::PerOwner(_)));
    let is_member = matches!(reveal.columns[0].kind, Kind::MemberOf(0));
    let member = matches!(meant[&reveal.name], Shown::One(Value::Account(_)));
    prop_assert_eq!(is_member, member);
    Ok(())
}

/// A committee of three computes it, frames in any order, at exactly the predicted cost.
fn check_live(
    contract: &Contract,
    rows: &[Vec<i64>],
    meant: &Meant,
    seed: u64,
) -> Result<(), TestCaseError> {
    let committee = Committee::new(3).expect("an odd size");
    let sizes = Sizes {
        rows: rows.iter().map(|rows| rows.len() as u32).collect(),
    };
    let plan = Arc::new(plan::main(contract, 0, &sizes, committee).expect("a plan"));
    let elements = |rows: &Vec<i64>| rows.iter().map(|x| M61::from_i64(*x)).collect();
    let given: Vec<(u16, Vec<M61>)> = (0_u16..).zip(rows.iter().map(elements)).collect();
    let outcomes = Machines::new(&plan, &given, engines(committee, seed), seed).run();
    for (reveal, values) in shown(committee, &outcomes) {
        check_shown(contract, meant, reveal, &values)?;
    }
    for (party, outcome) in outcomes.iter().enumerate() {
        let counted = outcome.counters;
        prop_assert_eq!(counted.multiplications, plan.cost.multiplications);
        prop_assert_eq!(counted.openings, plan.cost.openings);
        prop_assert_eq!(counted.bytes_sent, plan.cost.bytes_sent[party]);
    }
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig {
        cases: 400,
        max_global_rejects: 40_000,
        ..ProptestConfig::default()
    })]

    /// The interpreter on the checked contract, and the clear back end on its bytecode, after a
    /// passage through bytes.
    #[test]
    fn bytecode_means_what_the_source_means(
        expressions in vec(private(), 1..4),
        a in vec(-9_i64..=9, 1..8),
        b in vec(-5_i64..=30, 1..8),
    ) {
        let meant = meant(&body(&expressions), &a, &b);
        prop_assume!(meant.is_some());
        let Some((contract, rows, meant)) = meant else { return Ok(()) };
        for shown in clear::run(&contract, 0, &rows).expect("runs") {
            check_shown(&contract, &meant, shown.reveal, &shown.values)?;
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig {
        cases: 24,
        max_global_rejects: 4_000,
        ..ProptestConfig::default()
    })]

    #[test]
    fn a_live_committee_computes_what_the_source_means(
        expression in private(),
        a in vec(-9_i64..=9, 1..8),
        b in vec(-5_i64..=30, 1..4),
        seed: u64,
    ) {
        let meant = meant(&body(&[expression]), &a, &b);
        prop_assume!(meant.is_some());
        let Some((contract, rows, meant)) = meant else { return Ok(()) };
        check_live(&contract, &rows, &meant, seed)?;
    }
}
