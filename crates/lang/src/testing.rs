//! Runs the `test` blocks of a contract in the interpreter.

mod committee;
mod evaluate;
mod keyless;
mod leak;

pub use committee::{Call, CallError, Committee, Returned};
pub use keyless::{Keyless, LeftOut};
use leak::Secrets;
pub use leak::{LeakDifference, LeakOutcome, test_leak};

use std::collections::BTreeMap;

use enigma_bytecode::interval::Wide;
use enigma_bytecode::model::Contract;

use crate::Checked;
use crate::diagnostic::{Color, render_marked};
use crate::hir::{
    BinaryOp, Clock, Hir, Store, Test, TestExpr, TestPart, TestRun, TestStep, TestTarget, Type,
};
use crate::interpret::{Outcome, Refusal, Shown, World};
use crate::sources::Sources;
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

    /// The failure as text for a person, with the statement in its source; nothing if the test passed.
    #[must_use]
    pub fn render(&self, file_name: &str, sources: &Sources, color: Color) -> String {
        let Some(failure) = &self.failure else {
            return String::new();
        };
        let message = format!("test {:?} failed", self.title);
        let notes: Vec<String> = (failure.results.iter())
            .map(|(name, value)| format!("the last run revealed {name} = {value}"))
            .collect();
        let mark = (failure.span, failure.message.as_str());
        render_marked(&message, mark, &notes, file_name, sources, color)
    }
}

/// Why a test failed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TestFailure {
    /// The statement.
    pub span: Span,
    /// What happened, in one line.
    pub message: String,
    /// What the last run that was not refused revealed: names with values as text.
    pub results: Vec<(String, String)>,
}

/// Runs all tests, in source order, each on a new instance of the contract.
#[must_use]
pub fn run_tests(checked: &Checked) -> Vec<TestOutcome> {
    let tests = checked.hir.tests.iter();
    tests.map(|test| run_test(checked, test)).collect()
}

/// Runs one of the contract's tests on a new instance.
#[must_use]
pub fn run_test(checked: &Checked, test: &Test) -> TestOutcome {
    TestOutcome {
        title: test.title.clone(),
        failure: Session::new(checked).test(test).err(),
    }
}

/// Runs one of the contract's tests, and every call of it on a committee, too: both must come to the same. `contract`: what
/// `checked` compiles to.
#[must_use]
pub fn run_test_on(
    checked: &Checked,
    contract: &Contract,
    test: &Test,
    committee: &mut dyn Committee,
) -> TestOutcome {
    let running = committee::Running {
        checked,
        contract,
        committee,
    };
    run_with(checked, test, running)
}

/// The same of a contract with keys, which the interpreter runs, and without what depends on them a committee. `keyless`: what is left
/// of `checked`.
#[must_use]
pub fn run_test_without_keys(
    checked: &Checked,
    keyless: &Keyless,
    test: &Test,
    committee: &mut dyn Committee,
) -> TestOutcome {
    let running = committee::Running {
        checked: keyless.checked(),
        contract: keyless.contract(),
        committee,
    };
    run_with(checked, test, running)
}

fn run_with<'a>(checked: &'a Checked, test: &Test, running: committee::Running<'a>) -> TestOutcome {
    let mut session = Session::new(checked);
    session.running = Some(running);
    TestOutcome {
        title: test.title.clone(),
        failure: session.test(test).err(),
    }
}

/// A test in progress.
struct Session<'a> {
    checked: &'a Checked,
    world: World<'a>,
    /// What the last run that was not refused revealed.
    results: BTreeMap<String, Shown>,
    /// The private numbers that it sets, when others are tried.
    secrets: Option<Secrets>,
    /// Who runs every call, too.
    running: Option<committee::Running<'a>>,
}

/// What went wrong, in one line.
type Checkpoint<T> = Result<T, String>;

impl<'a> Session<'a> {
    fn new(checked: &'a Checked) -> Session<'a> {
        Session {
            checked,
            world: World::new(checked),
            results: BTreeMap::new(),
            secrets: None,
            running: None,
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
                TestStep::SetClock(clock, value, span) => (*span, self.set_clock(*clock, value)),
                TestStep::Run(run) => (run.span, self.must_run(run)),
                TestStep::ExpectFail(run) => (run.span, self.must_fail(run)),
                TestStep::Expect(expr, span) => (*span, self.expect(expr)),
            };
            done.map_err(|message| TestFailure {
                span,
                message,
                results: self.shown(),
            })?;
        }
        Ok(())
    }

    fn shown(&self) -> Vec<(String, String)> {
        let hir = &self.checked.hir;
        let show = |shown: &Shown| match shown {
            Shown::One(value) => value.show(hir),
            Shown::PerOwner(rows) => {
                let row = |row: &Option<Value>| row.clone().unwrap_or(Value::Maybe(None));
                Value::list(rows.iter().map(row).collect()).show(hir)
            }
        };
        let results = self.results.iter();
        results
            .map(|(name, shown)| (name.clone(), show(shown)))
            .collect()
    }

    /// A value that nobody may know, or another one in its place.
    fn secret(&mut self, value: Value, ty: &Type, range: Option<Wide>) -> Value {
        match &mut self.secrets {
            Some(secrets) => secrets.take(value, ty, range, &self.checked.hir),
            None => value,
        }
    }

    /// `given NAME = value`: rows in order of givers. A list of lists, where a row is no list, is one list per giver.
    fn give(&mut self, index: usize, value: &TestExpr) -> Checkpoint<()> {
        let checked = self.checked;
        let hir = &checked.hir;
        let value = self.evaluate(value)?;
        let Some(collection) = hir.collections.get(index) else {
            return Err("there is no such collection".to_owned());
        };
        let mut row = |value: &Value| match value.typed(&collection.row, hir) {
            Some(row) => Ok(Some(self.secret(row, &collection.row, collection.range))),
            None => Err(format!(
                "{} is no value for `{}`",
                value.show(hir),
                collection.name
            )),
        };
        if collection.is_single() {
            let row = row(&value)?;
            self.world.give(index, vec![row]);
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
            _ => {
                let rows = items.iter().map(row).collect::<Result<_, _>>()?;
                self.world.give(index, rows);
            }
        }
        Ok(())
    }

    /// `set L.height = value`, `set L.time = value`: time does not go back.
    fn set_clock(&mut self, clock: Clock, value: &TestExpr) -> Checkpoint<()> {
        let (what, now) = match clock {
            Clock::Height => ("height", &self.world.height),
            Clock::Time => ("time", &self.world.time),
        };
        let wanted = match self.evaluate(value)? {
            Value::Number(number) if (0..1 << 62).contains(&number) => number,
            other => return Err(format!("{} is no {what}", other.show(&self.checked.hir))),
        };
        if wanted < *now {
            return Err(format!("the {what} is {now} already, and does not go back"));
        }
        match clock {
            Clock::Height => self.world.height = wanted,
            Clock::Time => self.world.time = wanted,
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
        let checked = self.checked;
        let hir = &checked.hir;
        let Some(slot) = hir.slots.get(target.slot) else {
            return Err("there is no such slot".to_owned());
        };
        let key = self.key(target.slot, target.key.as_ref())?;
        let mut ty = &slot.ty;
        let mut way = Vec::new();
        for part in &target.way {
            let (place, inner) = match part {
                TestPart::Index(index) => (self.place(index)?, ty.element()),
                TestPart::Field(place) => (*place, field_type(hir, ty, *place)),
            };
            way.push(place);
            ty = inner.ok_or_else(|| format!("`{}` has no such part", slot.name))?;
        }
        let value = self.evaluate(value)?;
        let Some(value) = value.typed(ty, hir) else {
            return Err(format!(
                "{} is no value for `{}`",
                value.show(hir),
                slot.name
            ));
        };
        let value = match slot.store {
            Store::Mpc => self.secret(value, ty, None),
            Store::Ledger | Store::Dht => value,
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
        let mut args: Vec<Value> = run
            .args
            .iter()
            .map(|arg| self.evaluate(arg))
            .collect::<Result<_, _>>()?;
        if self.secrets.is_some() {
            self.secret_args(run.entry, &mut args);
        }
        let caller = match &run.caller {
            Some(caller) => self.account(caller)?,
            None => Account::Anyone,
        };
        let Some(running) = &mut self.running else {
            return Ok(self.world.run(run.entry, &args, caller));
        };
        let (contract, checked) = (running.contract, running.checked);
        let compiled = (contract, &checked.hir);
        let call = committee::prepare(compiled, &self.world, run.entry, &args, &caller);
        let interpreted = self.world.run(run.entry, &args, caller);
        let Some(call) = call else {
            return Err("this call cannot be given to a committee".to_owned());
        };
        let returned = running.committee.call(&call);
        let world = &self.world;
        let compiled = (contract, checked);
        committee::compare(compiled, world, &call, &interpreted, &returned)?;
        Ok(interpreted)
    }

    fn secret_args(&mut self, entry: usize, args: &mut [Value]) {
        let checked = self.checked;
        let Some(entry) = checked.hir.entries.get(entry) else {
            return;
        };
        for (param, arg) in entry.params.iter().zip(args) {
            let local = entry.locals.get(param.local.0 as usize);
            let typed = local.and_then(|local| Some((arg.typed(&local.ty, &checked.hir)?, local)));
            if let (true, Some((value, local))) = (param.private, typed) {
                *arg = self.secret(value, &local.ty, param.range);
            }
        }
    }

    fn expect(&self, expr: &TestExpr) -> Checkpoint<()> {
        match self.evaluate(expr)? {
            Value::Truth(true) => Ok(()),
            Value::Truth(false) => Err(self.why_false(expr)?),
            other => Err(format!(
                "{} is neither true nor false",
                other.show(&self.checked.hir)
            )),
        }
    }

    /// The part by which a condition is false, with the values of both sides.
    fn why_false(&self, expr: &TestExpr) -> Checkpoint<String> {
        let hir = &self.checked.hir;
        Ok(match expr {
            TestExpr::Binary(BinaryOp::And, a, b) => match self.evaluate(a)? {
                Value::Truth(false) => self.why_false(a)?,
                _ => self.why_false(b)?,
            },
            TestExpr::Binary(op, a, b) if op.is_comparison() => {
                let (a, b) = self.sides(a, b)?;
                let hint = match (op, &a, &b) {
                    (BinaryOp::Equal, Value::Maybe(_), Value::Maybe(_)) => String::new(),
                    (BinaryOp::Equal, Value::Maybe(_), _) => {
                        " (compare with `some(...)` or `none()`)".to_owned()
                    }
                    (BinaryOp::Equal, Value::List(a), Value::List(b)) => {
                        let mut pairs = a.iter().zip(b.iter()).enumerate();
                        match pairs.find(|(_, (a, b))| a != b) {
                            Some((place, (a, b))) => {
                                let (a, b) = (a.show(hir), b.show(hir));
                                format!(" (at place {place}: {a}, not {b})")
                            }
                            None => format!(" ({} elements, not {})", a.len(), b.len()),
                        }
                    }
                    _ => String::new(),
                };
                let (a, b) = (a.show(hir), b.show(hir));
                format!("not true: {a} {} {b}{hint}", op.sign())
            }
            _ => "not true".to_owned(),
        })
    }
}

fn field_type<'h>(hir: &'h Hir, ty: &Type, place: usize) -> Option<&'h Type> {
    let Type::Struct(index) = ty else {
        return None;
    };
    let field = hir.structs.get(*index)?.fields.get(place)?;
    Some(&field.ty)
}
