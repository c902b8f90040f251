//! What contracts mean: the interpreter against plain arithmetic, bytecode against the interpreter
//! on random programs, and test blocks that fail when they should.

use std::collections::BTreeMap;

use enigma_bytecode::container::{decode, encode};
use enigma_bytecode::disasm::disassemble;
use enigma_bytecode::model::Recipient;
use enigma_bytecode::verify::verify;
use enigma_lang::{Refusal, Value, compile, interpret};
use enigma_vm::clear;
use proptest::collection::vec;
use proptest::prelude::*;

const SALARIES: &str = include_str!("../../../examples/salaries/salaries.enigma");

/// A contract with two collections of small signed numbers, for bodies of an entry.
fn program(body: &str) -> String {
    format!(
        "contract Random version 1 {{
           group g min 1 max 20;
           group h min 1 max 20;
           collect a: private i64 from each g range -9..=9 allow aggregate(1) to each g allow per_owner to owner;
           collect b: private i64 from each h range -5..=30 allow aggregate(1) to each g;
           entry e() {{ {body} }}
         }}"
    )
}

fn inputs(a: &[i64], b: &[i64]) -> BTreeMap<String, Vec<i64>> {
    BTreeMap::from([("a".to_owned(), a.to_vec()), ("b".to_owned(), b.to_vec())])
}

/// One value computed by a program, in the interpreter.
fn value(expression: &str, a: &[i64], b: &[i64]) -> Value {
    let source = program(&format!("reveal x = {expression} to each g;"));
    let compilation = compile(&source);
    assert_eq!(compilation.diagnostics, [], "{expression}");
    let hir = compilation.hir.expect("no errors");
    interpret(&hir, "e", &inputs(a, b))
        .expect("runs")
        .remove("x")
        .expect("revealed")
}

fn rows(expression: &str, a: &[i64]) -> Vec<Option<i64>> {
    let source = program(&format!("reveal x = {expression} to owner(a);"));
    let compilation = compile(&source);
    assert_eq!(compilation.diagnostics, [], "{expression}");
    let hir = compilation.hir.expect("no errors");
    match interpret(&hir, "e", &inputs(a, &[0]))
        .expect("runs")
        .remove("x")
    {
        Some(Value::PerOwner(rows)) => rows,
        other => panic!("{other:?}"),
    }
}

#[test]
fn arithmetic_is_that_of_whole_numbers() {
    let one = |expression| value(expression, &[3, -7, 2], &[10, 20]);
    assert_eq!(one("a.sum()"), Value::Number(-2));
    assert_eq!(one("a.sum() + b.sum() * 2 - 3"), Value::Number(55));
    assert_eq!(one("(a * a).sum()"), Value::Number(9 + 49 + 4));
    assert_eq!(one("-a.sum() * -a.sum()"), Value::Number(4));
    assert_eq!(one("(a - b.sum()).sum()"), Value::Number(-2 - 90));
    assert_eq!(one("a.sum() + a.len() * 100 + b.len()"), Value::Number(300));
    assert_eq!(one("10 - a.sum() - 1"), Value::Number(11));
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
        assert_eq!(
            value(&private, &[0], &[0]),
            Value::Number(quotient),
            "{private}"
        );
        let public = format!("a.sum() + ({dividend}) / ({divisor})");
        assert_eq!(
            value(&public, &[0], &[0]),
            Value::Number(quotient),
            "{public}"
        );
    }
    // The divisor is 0 in this run only, so there is no warning.
    assert_eq!(
        value("b.sum() / (a.len() as i64 - 2)", &[1, 2], &[9]),
        Value::Number(0)
    );
    assert_eq!(
        value("b.sum() / (a.len() as i64 - 2)", &[1, 2, 3], &[9]),
        Value::Number(9)
    );
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
    assert_eq!(
        value("a.sum() + a.len()", &[5, 10, -10], &[0]),
        Value::Number(6)
    );
}

#[test]
fn a_run_is_refused_when_a_real_one_would_be() {
    let hir = compile(SALARIES).hir.expect("no errors");
    let run = |entry: &str, salaries: &[i64]| {
        let inputs = BTreeMap::from([("salary".to_owned(), salaries.to_vec())]);
        interpret(&hir, entry, &inputs).expect_err("refused")
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
    let none = interpret(&hir, "compute", &BTreeMap::new());
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
    let hir = compilation.hir.expect("no errors");
    assert_eq!(hir.minimum_rows(0, 0), 7);
    let six = BTreeMap::from([("salary".to_owned(), vec![1; 6])]);
    assert!(matches!(
        interpret(&hir, "compute", &six),
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
      test "nothing was run" { expect x == 4; }
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
            "nothing was run",
            "the last run did not reveal `x`: expect x == 4;",
        ),
        (
            "rows",
            "not true: [1, nothing] == [1, 1]: expect y == [1, 1];",
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

/// Public expressions: known when the sizes are.
fn public() -> impl Strategy<Value = String> {
    let leaf = prop_oneof![
        (-12_i64..12).prop_map(|v| format!("({v})")),
        Just("(a.len() as i64)".to_owned()),
        Just("(b.len() as i64)".to_owned()),
    ];
    leaf.prop_recursive(2, 6, 2, |inner| {
        (inner.clone(), "[-+*/]", inner).prop_map(|(x, op, y)| format!("({x} {op} {y})"))
    })
}

/// Private expressions, either one number or one for each row of `a`.
fn private() -> impl Strategy<Value = (String, bool)> {
    let leaf = prop_oneof![
        Just(("a".to_owned(), true)),
        Just(("a.sum()".to_owned(), false)),
        Just(("b.sum()".to_owned(), false)),
        Just(("(b * b).sum()".to_owned(), false)),
        Just(("b.rank_desc().sum()".to_owned(), false)),
    ];
    leaf.prop_recursive(5, 24, 2, |inner| {
        prop_oneof![
            (inner.clone(), "[-+*]", inner.clone()).prop_map(|((x, many_x), op, (y, many_y))| (
                format!("({x} {op} {y})"),
                many_x || many_y
            )),
            (inner.clone(), "[-+*/]", public())
                .prop_map(|((x, many), op, y)| (format!("({x} {op} {y})"), many)),
            (public(), "[-+*]", inner.clone())
                .prop_map(|(x, op, (y, many))| (format!("({x} {op} {y})"), many)),
            inner.clone().prop_map(|(x, many)| (format!("-{x}"), many)),
            (inner, "(sum|rank|rank_desc)").prop_map(|((x, many), method)| {
                match (many, method.as_str()) {
                    (false, _) => (x, false),
                    (true, "sum") => (format!("({x}).sum()"), false),
                    (true, method) => (format!("({x}).{method}()"), true),
                }
            }),
        ]
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    /// The interpreter on the checked contract, and the clear back end on its bytecode, after a
    /// passage through bytes.
    #[test]
    fn bytecode_means_what_the_source_means(
        expressions in vec(private(), 1..4),
        a in vec(-9_i64..=9, 1..8),
        b in vec(-5_i64..=30, 1..8),
    ) {
        let mut body = String::new();
        for (i, (expression, many)) in expressions.iter().enumerate() {
            let to = if *many { "owner(a)" } else { "each g" };
            body.push_str(&format!("let v{i} = {expression}; reveal r{i} = v{i} to {to}; "));
        }
        let compilation = compile(&program(&body));
        // Some random programs may overflow and are refused for that; no other error is right.
        prop_assume!(!compilation.diagnostics.iter().any(|d| d.code == enigma_lang::Code::E0501));
        let only_zero_divisors =
            compilation.diagnostics.iter().all(|d| d.code == enigma_lang::Code::E0502);
        prop_assert!(only_zero_divisors, "{body} {:?}", compilation.diagnostics);
        let contract = compilation.contract.expect("no errors");
        prop_assert_eq!(verify(&contract), Ok(()));
        let contract = decode(&encode(&contract)).expect("canonical");
        let meant = interpret(&compilation.hir.expect("no errors"), "e", &inputs(&a, &b)).expect("runs");
        // A collection that is not read must not be given to the back end.
        let used = contract.collections_used(0);
        let given = [&a, &b];
        let rows: Vec<Vec<i64>> = (0_u16..2)
            .map(|c| if used.contains(&c) { given[usize::from(c)].clone() } else { Vec::new() })
            .collect();
        for shown in clear::run(&contract, 0, &rows).expect("runs") {
            let reveal = &contract.manifest[usize::from(shown.reveal)];
            let expected = match &meant[&reveal.name] {
                Value::Number(value) => vec![*value],
                Value::PerOwner(rows) => rows.iter().flatten().copied().collect(),
            };
            prop_assert_eq!(&shown.values, &expected, "{}", &reveal.name);
            let is_many = matches!(reveal.recipient, Recipient::OwnerOf(_));
            prop_assert_eq!(is_many, matches!(meant[&reveal.name], Value::PerOwner(_)));
        }
    }
}
