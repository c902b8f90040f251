//! Runs the `test` blocks of a contract in the interpreter.

mod evaluate;

use std::collections::BTreeMap;

use crate::Checked;
use crate::hir::{BinaryOp, Test, TestExpr, TestRun, TestStep, TestTarget, Type};
use crate::interpret::{Outcome, Refusal, Shown, World};
use crate::span::Span;
use crate::value::{Account, Value};

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

/// Runs all tests, in source order, each on a new instance of the contract.
#[must_use]
pub fn run_tests(checked: &Checked) -> Vec<TestOutcome> {
    let outcome = |test: &Test| TestOutcome {
        title: test.title.clone(),
        failure: Session::new(checked).test(test).err(),
    };
    checked.hir.tests.iter().map(outcome).collect()
}

/// A test in progress.
struct Session<'a> {
    checked: &'a Checked,
    world: World<'a>,
    /// What the last run that was not refused revealed.
    results: BTreeMap<String, Shown>,
}

/// What went wrong, in one line.
type Checkpoint<T> = Result<T, String>;

impl<'a> Session<'a> {
    fn new(checked: &'a Checked) -> Session<'a> {
        Session {
            checked,
            world: World::new(checked),
            results: BTreeMap::new(),
        }
    }

    fn test(mut self, test: &Test) -> Result<(), TestFailure> {
        for step in &test.steps {
            let (span, done) = match step {
                TestStep::Given(collection, value, span) => (*span, self.give(*collection, value)),
                TestStep::Set {
                    target,
                    value,
                    count,
                    span,
                } => (*span, self.set(target, value, count.as_ref())),
                TestStep::Run(run) => (run.span, self.must_run(run)),
                TestStep::ExpectFail(run) => (run.span, self.must_fail(run)),
                TestStep::Expect(expr, span) => (*span, self.expect(expr)),
            };
            done.map_err(|message| TestFailure { span, message })?;
        }
        Ok(())
    }

    /// `given NAME = value`: rows in order of givers. A list of lists, where a row is no list, is one list per giver.
    fn give(&mut self, index: usize, value: &TestExpr) -> Checkpoint<()> {
        let hir = &self.checked.hir;
        let value = self.evaluate(value)?;
        let Some(collection) = hir.collections.get(index) else {
            return Err("there is no such collection".to_owned());
        };
        let row = |value: &Value| match value.typed(&collection.row, hir) {
            Some(row) => Ok(Some(row)),
            None => Err(format!(
                "{} is no value for `{}`",
                value.show(hir),
                collection.name
            )),
        };
        if collection.is_single() {
            self.world.give(index, vec![row(&value)?]);
            return Ok(());
        }
        let Value::List(items) = &value else {
            return Err(format!(
                "`{}` is given as a list, not as {}",
                collection.name,
                value.show(hir)
            ));
        };
        let nested = items.iter().map(Value::elements);
        let nested = nested.collect::<Option<Vec<&[Value]>>>();
        match nested.filter(|_| !matches!(collection.row, Type::List(..))) {
            Some(givers) if !items.is_empty() => {
                let mut rows = Vec::new();
                for (giver, values) in (0..).zip(givers) {
                    let account = match collection.provider {
                        crate::hir::Provider::Each(group) => Account::Member(group, giver),
                        crate::hir::Provider::Party(party) => Account::Party(party),
                    };
                    for value in values {
                        rows.push((account.clone(), row(value)?));
                    }
                }
                self.world.give_by(index, rows);
            }
            _ => self
                .world
                .give(index, items.iter().map(row).collect::<Result<_, _>>()?),
        }
        Ok(())
    }

    /// `set PLACE = value count n`.
    fn set(
        &mut self,
        target: &TestTarget,
        value: &TestExpr,
        count: Option<&TestExpr>,
    ) -> Checkpoint<()> {
        let hir = &self.checked.hir;
        let Some(slot) = hir.slots.get(target.slot) else {
            return Err("there is no such slot".to_owned());
        };
        let key = self.key(target.slot, target.key.as_ref())?;
        let mut ty = &slot.ty;
        let mut way = Vec::new();
        for index in &target.indices {
            way.push(self.place(index)?);
            ty = ty
                .element()
                .ok_or_else(|| format!("`{}` has no elements there", slot.name))?;
        }
        let value = self.evaluate(value)?;
        let Some(value) = value.typed(ty, hir) else {
            return Err(format!(
                "{} is no value for `{}`",
                value.show(hir),
                slot.name
            ));
        };
        let mut whole = self.stored(target.slot, key.as_ref())?;
        let mut part = &mut whole;
        for place in way {
            let len = part.elements().map_or(0, <[Value]>::len);
            part = match part.parts_mut().and_then(|parts| parts.get_mut(place)) {
                Some(part) => part,
                None => return Err(format!("`{}` has {len} elements there", slot.name)),
            };
        }
        *part = value;
        self.world.set(target.slot, key, whole);
        if let Some(count) = count {
            let count = self.place(count)?;
            self.world.set_contributions(target.slot, count as u64);
        }
        Ok(())
    }

    fn must_run(&mut self, run: &TestRun) -> Checkpoint<()> {
        match self.run(run)? {
            Ok(outcome) => {
                self.results = outcome.results;
                Ok(())
            }
            Err(refusal) if refusal.is_internal() => Err(refusal.to_string()),
            Err(refusal) => Err(format!("refused: {refusal}")),
        }
    }

    fn must_fail(&mut self, run: &TestRun) -> Checkpoint<()> {
        match self.run(run)? {
            Ok(_) => Err("ran, and should have been refused".to_owned()),
            Err(refusal) if refusal.is_internal() => Err(refusal.to_string()),
            Err(_) => Ok(()),
        }
    }

    fn run(&mut self, run: &TestRun) -> Checkpoint<Result<Outcome, Refusal>> {
        let args: Vec<Value> = run
            .args
            .iter()
            .map(|arg| self.evaluate(arg))
            .collect::<Result<_, _>>()?;
        let caller = match &run.caller {
            Some(caller) => self.account(caller)?,
            None => Account::Anyone,
        };
        Ok(self.world.run(run.entry, &args, caller))
    }

    fn expect(&self, expr: &TestExpr) -> Checkpoint<()> {
        let hir = &self.checked.hir;
        match self.evaluate(expr)? {
            Value::Truth(true) => Ok(()),
            Value::Truth(false) => Err(match expr {
                TestExpr::Binary(op, a, b) if op.is_comparison() => {
                    let (a, b) = self.sides(a, b)?;
                    let hint = match (op, &a, &b) {
                        (BinaryOp::Equal, Value::Maybe(_), Value::Maybe(_)) => "",
                        (BinaryOp::Equal, Value::Maybe(_), _) => {
                            " (compare with `some(...)` or `none()`)"
                        }
                        _ => "",
                    };
                    format!(
                        "not true: {} {} {}{hint}",
                        a.show(hir),
                        op.sign(),
                        b.show(hir)
                    )
                }
                _ => "not true".to_owned(),
            }),
            other => Err(format!("{} is neither true nor false", other.show(hir))),
        }
    }
}
