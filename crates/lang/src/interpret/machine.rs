//! One run: what it may read, what it has done so far, and what everyone saw of it.

use std::collections::{BTreeMap, BTreeSet};

use super::operator::{fits, scalar};
use super::refusal::{Refusal, Run, internal};
use super::transcript::{Event, Transcript};
use super::world::{Transfer, World};
use super::{Rows, Shown};
use crate::flow::Facts;
use crate::hir::{Expr, ExprId, Hir, Label, LocalId, Predicate, Slot, Store, Type};
use crate::span::Span;
use crate::value::{Account, Lengths, Value};

/// Work of one run, in elements of vectors touched; see [`EXPRESSION`] and [`WRITE`].
const STEPS_MAX: u64 = 1 << 27;
/// What an expression or statement costs.
pub(super) const EXPRESSION: usize = 4;
/// What a change of a slot costs.
pub(super) const WRITE: usize = 16;
/// Expressions inside each other, with functions put in place. Far more than contracts have, and far less than a thread's stack.
const DEPTH_MAX: u32 = 400;

/// The interpreter in the middle of a run.
pub(super) struct Machine<'a> {
    pub(super) hir: &'a Hir,
    pub(super) facts: &'a Facts,
    pub(super) world: &'a World<'a>,
    /// Who calls.
    pub(super) caller: Account,
    /// The entry that runs, by index.
    pub(super) entry: usize,
    /// Rows that count, of each collection that the entry reads.
    pub(super) rows: BTreeMap<usize, Rows>,
    /// How many.
    pub(super) lengths: Lengths,
    /// Members of groups that contribute.
    pub(super) members: BTreeMap<usize, Vec<Account>>,
    pub(super) locals: Vec<Option<Value>>,
    /// Of the locals.
    pub(super) types: Vec<&'a Type>,
    /// What has been written, by slot and key: nothing of it is in the world before the run is over.
    pub(super) writes: BTreeMap<(usize, Option<Value>), Value>,
    /// Places of accumulators, by slot, that have got a contribution: ways from the whole to the part.
    pub(super) accumulated: BTreeSet<(usize, Vec<usize>)>,
    /// Accumulators of which the entry shows something.
    pub(super) taken: BTreeSet<usize>,
    /// What accounts have paid from their deposits.
    pub(super) paid: BTreeMap<Account, i128>,
    /// What the contract has received, less what it has paid.
    pub(super) earned: i128,
    pub(super) transfers: Vec<Transfer>,
    pub(super) results: BTreeMap<String, Shown>,
    /// Keys made.
    pub(super) keys: u64,
    /// What noise costs the givers of each collection, in millionths.
    pub(super) epsilon: BTreeMap<usize, u64>,
    /// The same of delta, in units of 10^-12.
    pub(super) delta: BTreeMap<usize, u64>,
    pub(super) transcript: Transcript,
    /// Inside so many private branches, whose steps nobody sees.
    quiet: u32,
    steps: u64,
    depth: u32,
}

impl<'a> Machine<'a> {
    /// Before the first step.
    pub(super) fn new(world: &'a World<'a>, caller: Account) -> Machine<'a> {
        Machine {
            hir: &world.checked.hir,
            facts: &world.checked.facts,
            world,
            caller,
            entry: 0,
            rows: BTreeMap::new(),
            lengths: Lengths::default(),
            members: BTreeMap::new(),
            locals: Vec::new(),
            types: Vec::new(),
            writes: BTreeMap::new(),
            accumulated: BTreeSet::new(),
            taken: BTreeSet::new(),
            paid: BTreeMap::new(),
            earned: 0,
            transfers: Vec::new(),
            results: BTreeMap::new(),
            keys: 0,
            epsilon: BTreeMap::new(),
            delta: BTreeMap::new(),
            transcript: Transcript::default(),
            quiet: 0,
            steps: 0,
            depth: 0,
        }
    }

    /// Whether a predicate holds of its arguments.
    pub(super) fn holds(&mut self, predicate: &'a Predicate, args: Vec<Value>) -> Run<bool> {
        let mut locals: Vec<Option<Value>> = args.into_iter().map(Some).collect();
        locals.resize(predicate.locals.len(), None);
        let types = predicate.locals.iter().map(|local| &local.ty).collect();
        let saved_locals = std::mem::replace(&mut self.locals, locals);
        let saved_types = std::mem::replace(&mut self.types, types);
        let result = self.quietly(|machine| machine.truth(&predicate.condition));
        (self.locals, self.types) = (saved_locals, saved_types);
        result
    }

    /// Whether everyone knows the value of an expression.
    pub(super) fn is_public(&self, id: ExprId) -> bool {
        self.facts.label(id) == Label::Public
    }

    /// Whether everyone sees that this is done.
    pub(super) fn is_seen(&self) -> bool {
        self.quiet == 0
    }

    /// Notes what everyone sees.
    pub(super) fn see(&mut self, event: impl FnOnce() -> Event) {
        if self.quiet == 0 {
            self.transcript.push(event());
        }
    }

    /// Does something of which nobody sees the steps.
    pub(super) fn quietly<T>(&mut self, f: impl FnOnce(&mut Self) -> T) -> T {
        self.quiet += 1;
        let result = f(self);
        self.quiet -= 1;
        result
    }

    /// Counts work.
    pub(super) fn work(&mut self, steps: usize) -> Run<()> {
        self.steps = self.steps.saturating_add(steps as u64);
        if self.steps > STEPS_MAX {
            return Err(Box::new(Refusal::TooMuchWork));
        }
        Ok(())
    }

    /// Goes one level deeper.
    pub(super) fn nested<T>(&mut self, f: impl FnOnce(&mut Self) -> Run<T>) -> Run<T> {
        if self.depth >= DEPTH_MAX {
            return Err(Box::new(Refusal::TooMuchWork));
        }
        self.depth += 1;
        let result = f(self);
        self.depth -= 1;
        result
    }

    /// The value of a local.
    pub(super) fn local(&self, local: LocalId, span: Span) -> Run<Value> {
        match self.locals.get(local.0 as usize) {
            Some(Some(value)) => Ok(value.clone()),
            _ => internal(span, "a variable is read before it has a value"),
        }
    }

    /// Gives a local its value.
    pub(super) fn bind(&mut self, local: LocalId, value: Value) {
        let place = local.0 as usize;
        if self.locals.len() <= place {
            self.locals.resize(place + 1, None);
        }
        if let Some(local) = self.locals.get_mut(place) {
            *local = Some(value);
        }
    }

    /// A number that has left its type: seen by everyone it ends the run, and the checker excludes it of others.
    pub(super) fn overflow<T>(&self, expr: &Expr) -> Run<T> {
        let span = expr.span;
        let ty = match scalar(&expr.ty) {
            Type::Int(int) => int.name().to_owned(),
            Type::Fix(fix) => format!("fix<{}, {}>", fix.integer, fix.fraction),
            _ => String::new(),
        };
        if self.is_public(expr.id) {
            return Err(Box::new(Refusal::DoesNotFit { span, ty }));
        }
        internal(span, format!("a private number leaves {ty}"))
    }

    /// A single number as one of a type that holds it: whole numbers go between integer types, and into `fix`.
    pub(super) fn conform(&self, value: Value, ty: &Type, expr: &Expr) -> Run<Value> {
        let value = match (value, ty) {
            (value @ Value::Number(_), Type::Fix(fix)) => {
                value.as_fix(*fix).map_or_else(|| self.overflow(expr), Ok)?
            }
            (value, _) => value,
        };
        if fits(&value, ty) {
            Ok(value)
        } else {
            self.overflow(expr)
        }
    }

    /// A slot.
    pub(super) fn slot(&self, slot: usize, span: Span) -> Run<&'a Slot> {
        match self.hir.slots.get(slot) {
            Some(slot) => Ok(slot),
            None => internal(span, "no such slot"),
        }
    }

    /// What is in a slot now.
    pub(super) fn load(&self, slot: usize, key: Option<Value>, span: Span) -> Run<Value> {
        let at = (slot, key);
        if let Some(value) = self.writes.get(&at) {
            return Ok(value.clone());
        }
        match self.world.stored(slot, at.1.as_ref()) {
            Some(value) => Ok(value),
            None => internal(span, "nothing is in the slot"),
        }
    }

    /// Notes that a slot has been written. What everyone reads everyone sees.
    pub(super) fn wrote(&mut self, slot: usize, key: Option<Value>) {
        let Some(store) = self.hir.slots.get(slot).map(|slot| slot.store) else {
            return;
        };
        let value = match store {
            Store::Ledger | Store::Dht => self.writes.get(&(slot, key.clone())).cloned(),
            Store::Mpc => None,
        };
        self.see(|| Event::Write { slot, key, value });
    }
}
