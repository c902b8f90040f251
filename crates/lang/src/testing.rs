//! Runs the `test` blocks of a contract in the interpreter.

use std::collections::BTreeMap;

use crate::hir::{Hir, Test, TestExpr, TestStep};
use crate::interpret::{Datum, Value, interpret};
use crate::span::Span;

/// How one test ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TestOutcome {
    /// Its title.
    pub title: String,
    /// What went wrong, if anything.
    pub failure: Option<TestFailure>,
}

impl TestOutcome {
    /// Whether the test passed.
    #[must_use]
    pub fn passed(&self) -> bool {
        self.failure.is_none()
    }
}

/// Why a test failed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TestFailure {
    /// The statement.
    pub span: Span,
    /// What happened, in one line.
    pub message: String,
}

/// Runs all tests, in source order.
#[must_use]
pub fn run_tests(hir: &Hir) -> Vec<TestOutcome> {
    let outcome = |test: &Test| TestOutcome {
        title: test.title.clone(),
        failure: run(hir, test).err(),
    };
    hir.tests.iter().map(outcome).collect()
}

fn run(hir: &Hir, test: &Test) -> Result<(), TestFailure> {
    let mut inputs = BTreeMap::new();
    let mut results = BTreeMap::new();
    let entry = |index: usize| hir.entries.get(index).map_or("", |entry| &entry.name);
    for step in &test.steps {
        match step {
            TestStep::Given(collection, values) => {
                if let Some(collection) = hir.collections.get(*collection) {
                    inputs.insert(collection.name.clone(), values.clone());
                }
            }
            TestStep::Run(index, span) => {
                let run = interpret(hir, entry(*index), &inputs);
                results = run.map_err(|refusal| failure(*span, format!("refused: {refusal}")))?;
            }
            TestStep::ExpectFail(index, span) => {
                if interpret(hir, entry(*index), &inputs).is_ok() {
                    return Err(failure(
                        *span,
                        "ran, and should have been refused".to_owned(),
                    ));
                }
            }
            TestStep::Expect(expr, span) => {
                expect(expr, &results).map_err(|m| failure(*span, m))?
            }
        }
    }
    Ok(())
}

fn failure(span: Span, message: String) -> TestFailure {
    TestFailure { span, message }
}

/// A value in a test.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Item {
    Number(i64),
    Truth(bool),
    /// By number.
    Member(i64),
    List(Vec<Item>),
    /// Of a row that was refused.
    Nothing,
}

fn expect(expr: &TestExpr, results: &BTreeMap<String, Value>) -> Result<(), String> {
    match evaluate(expr, results)? {
        Item::Truth(true) => Ok(()),
        Item::Truth(false) => Err(match expr {
            TestExpr::Binary(operator, a, b) => {
                let (a, b) = (evaluate(a, results)?, evaluate(b, results)?);
                format!("not true: {} {operator} {}", show(&a), show(&b))
            }
            _ => "not true".to_owned(),
        }),
        other => Err(format!("{} is neither true nor false", show(&other))),
    }
}

fn evaluate(expr: &TestExpr, results: &BTreeMap<String, Value>) -> Result<Item, String> {
    Ok(match expr {
        TestExpr::Int(value) => Item::Number(*value),
        TestExpr::Bool(value) => Item::Truth(*value),
        TestExpr::Member(number) => Item::Member(*number),
        TestExpr::Result(name) => match results.get(name) {
            Some(Value::One(datum)) => item(*datum),
            Some(Value::PerOwner(rows)) => Item::List(
                rows.iter()
                    .map(|row| row.map_or(Item::Nothing, item))
                    .collect(),
            ),
            None => return Err(format!("the last run did not reveal `{name}`")),
        },
        TestExpr::List(items) => Item::List(
            items
                .iter()
                .map(|item| evaluate(item, results))
                .collect::<Result<_, _>>()?,
        ),
        TestExpr::Negate(operand) => match evaluate(operand, results)? {
            Item::Number(value) => Item::Number(value.checked_neg().ok_or("too large")?),
            other => return Err(format!("`-` does not apply to {}", show(&other))),
        },
        TestExpr::Not(operand) => match evaluate(operand, results)? {
            Item::Truth(value) => Item::Truth(!value),
            other => return Err(format!("`!` does not apply to {}", show(&other))),
        },
        TestExpr::Binary(operator, a, b) => {
            binary(operator, evaluate(a, results)?, evaluate(b, results)?)?
        }
    })
}

fn item(datum: Datum) -> Item {
    match datum {
        Datum::Number(value) => Item::Number(value),
        Datum::Truth(value) => Item::Truth(value),
        Datum::Member(number) => Item::Member(number),
    }
}

fn binary(operator: &str, a: Item, b: Item) -> Result<Item, String> {
    let number = |value: Option<i64>| {
        value
            .map(Item::Number)
            .ok_or("the number is too large".to_owned())
    };
    match (operator, &a, &b) {
        ("==", _, _) => Ok(Item::Truth(a == b)),
        ("!=", _, _) => Ok(Item::Truth(a != b)),
        ("<", Item::Number(x), Item::Number(y)) => Ok(Item::Truth(x < y)),
        ("<=", Item::Number(x), Item::Number(y)) => Ok(Item::Truth(x <= y)),
        (">", Item::Number(x), Item::Number(y)) => Ok(Item::Truth(x > y)),
        (">=", Item::Number(x), Item::Number(y)) => Ok(Item::Truth(x >= y)),
        ("&&", Item::Truth(x), Item::Truth(y)) => Ok(Item::Truth(*x && *y)),
        ("||", Item::Truth(x), Item::Truth(y)) => Ok(Item::Truth(*x || *y)),
        ("+", Item::Number(x), Item::Number(y)) => number(x.checked_add(*y)),
        ("-", Item::Number(x), Item::Number(y)) => number(x.checked_sub(*y)),
        ("*", Item::Number(x), Item::Number(y)) => number(x.checked_mul(*y)),
        ("/", Item::Number(_), Item::Number(0)) => Ok(Item::Number(0)),
        ("/", Item::Number(x), Item::Number(y)) => number(x.checked_div(*y)),
        _ => Err(format!(
            "`{operator}` does not apply to {} and {}",
            show(&a),
            show(&b)
        )),
    }
}

fn show(item: &Item) -> String {
    match item {
        Item::Number(value) => value.to_string(),
        Item::Truth(value) => value.to_string(),
        Item::Member(number) => format!("member {number}"),
        Item::Nothing => "nothing".to_owned(),
        Item::List(items) => {
            let items: Vec<String> = items.iter().map(show).collect();
            format!("[{}]", items.join(", "))
        }
    }
}
