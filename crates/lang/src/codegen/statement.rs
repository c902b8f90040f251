//! Statements. What happens depends on known conditions, or on public ones that a run decides; private ones
//! select what variables hold.

use std::collections::{BTreeMap, BTreeSet};

use enigma_bytecode::interval::Wide;
use enigma_bytecode::model::{self, Op, S};

use super::leave::Next;
use super::registers::Registers;
use super::value::{Secret, Value};
use super::{Done, Stop, index, not_built, stop};
use crate::Checked;
use crate::diagnostic::grouped;
use crate::hir::{
    BinaryOp, Block, Entry, Expr, LocalId, Place, PlaceStep, Predicate, Root, Stmt, StmtKind,
    Store, Type,
};
use crate::span::Span;

/// An entry that is run on registers.
pub(super) struct Execution<'a> {
    pub(super) checked: &'a Checked,
    /// Magnitudes stay below.
    pub(super) limit: i128,
    pub(super) index: usize,
    pub(super) entry: &'a Entry,
    pub(super) registers: Registers,
    /// What variables and secret slots hold.
    pub(super) memory: Memory,
    pub(super) manifest: &'a mut Vec<model::Reveal>,
    /// Registers that hold the number of a member, of which collection.
    pub(super) members: BTreeMap<S, u16>,
    /// While the body of a `map` over rows is computed: one of the rows' columns.
    pub(super) mapping: Option<Secret>,
    /// Private conditions under which statements run, outermost first.
    pub(super) active: Vec<Value>,
    /// Statements and turns of loops so far.
    steps: u32,
}

/// What variables and secret slots hold.
#[derive(Clone, Default)]
pub(super) struct Memory {
    pub(super) locals: Vec<Option<Value>>,
    /// Of secret slots that are no accumulators, by index.
    pub(super) slots: BTreeMap<usize, Value>,
    /// What got a value since this was last emptied.
    pub(super) written: BTreeSet<Variable>,
}

/// What a statement can set.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Variable {
    Local(LocalId),
    Slot(usize),
}

impl Memory {
    pub(super) fn get(&self, variable: Variable) -> Option<&Value> {
        match variable {
            Variable::Local(local) => self.locals.get(local.0 as usize)?.as_ref(),
            Variable::Slot(slot) => self.slots.get(&slot),
        }
    }

    pub(super) fn set(&mut self, variable: Variable, value: Value) {
        self.written.insert(variable);
        match variable {
            Variable::Local(local) => {
                if let Some(place) = self.locals.get_mut(local.0 as usize) {
                    *place = Some(value);
                }
            }
            Variable::Slot(slot) => {
                self.slots.insert(slot, value);
            }
        }
    }

    /// What a variable of one branch alone held is not there behind it.
    pub(super) fn forget(&mut self, variable: Variable) {
        if let Variable::Local(local) = variable
            && let Some(place) = self.locals.get_mut(local.0 as usize)
        {
            *place = None;
        }
    }
}

impl<'a> Execution<'a> {
    pub(super) fn new(
        checked: &'a Checked,
        (index, entry): (usize, &'a Entry),
        limit: i128,
        manifest: &'a mut Vec<model::Reveal>,
    ) -> Execution<'a> {
        Execution {
            checked,
            limit,
            index,
            entry,
            registers: Registers::default(),
            memory: Memory {
                locals: vec![None; entry.locals.len()],
                ..Memory::default()
            },
            manifest,
            members: BTreeMap::new(),
            mapping: None,
            active: Vec::new(),
            steps: 0,
        }
    }

    pub(super) fn into_code(self) -> Vec<Op> {
        self.registers.into_code()
    }

    /// What must hold before anything is computed, then the body, then what stays in secret slots. `counted`: collections
    /// whose rows are counted whatever is computed of them.
    pub(super) fn entry(&mut self, counted: &BTreeSet<usize>) -> Done<()> {
        let entry = self.entry;
        self.parameters()?;
        self.load_slots()?;
        let mut needed = self.rows_needed();
        let fewest = |collection: usize| {
            let checked = self.checked;
            checked
                .facts
                .minimum_rows(&checked.hir, self.index, collection)
        };
        needed.extend(
            counted
                .iter()
                .map(|collection| (*collection, fewest(*collection))),
        );
        for (collection, least) in needed {
            let rows = self.row_count(collection)?;
            let enough = (self.arithmetic(entry.span)).compare(
                BinaryOp::GreaterEqual,
                &rows,
                &Value::Known(least.into()),
            )?;
            let name = &self.checked.hir.collections[collection].name;
            self.require(
                &enough,
                format!("`{name}` has fewer than {least} rows"),
                entry.span,
            )?;
        }
        if let Some(condition) = &entry.when {
            let holds = self.expression(condition)?;
            self.require(
                &holds,
                "the condition of `when` does not hold".to_owned(),
                condition.span,
            )?;
        }
        if let Some(amount) = &entry.pays {
            let value = self.expression(amount)?;
            let amount = self.arithmetic(amount.span).public(&value)?;
            self.registers.emit(Op::Pays { amount });
        }
        self.memory.written.clear();
        self.block(&entry.body)?;
        self.store_slots()
    }

    /// The condition of a group or on who reads, about who calls, and of a map about the key.
    pub(super) fn condition(&mut self, predicate: &Predicate) -> Done<()> {
        let who = self.registers.public(|dst| Op::Caller { dst })?;
        self.set(LocalId(0), Value::Public(who));
        if predicate.parameters > 1 {
            let key = self.registers.fresh(|dst| Op::Param {
                dst,
                param: 0,
                column: 0,
            })?;
            self.set(LocalId(1), Value::Public(key));
        }
        let condition = &predicate.condition;
        let holds = self.expression(condition)?;
        let condition = self.arithmetic(condition.span).public(&holds)?;
        let why = String::new();
        self.registers.emit(Op::Require { condition, why });
        Ok(())
    }

    /// The condition on the rows of a collection: of all of them at once, as in a `map`.
    pub(super) fn row_check(&mut self, check: &Predicate, collection: usize) -> Done<()> {
        let condition = &check.condition;
        let span = condition.span;
        let rows = self.rows(collection, span)?;
        let declared = self.checked.hir.collections.get(collection);
        let fulfilled = match declared.is_some_and(|declared| declared.is_single()) {
            true => {
                self.set(LocalId(0), rows);
                self.expression(condition)?
            }
            false => self.map((rows, &Type::Unknown), LocalId(0), condition, span)?,
        };
        let valid = self.arithmetic(span).secret(&fulfilled)?.register;
        self.registers.emit(Op::Out {
            reveal: 0,
            values: vec![valid],
            counts: Vec::new(),
            public: None,
        });
        Ok(())
    }

    /// Rows that the entry needs beyond what follows from its reveals and the group: of what it stores.
    fn rows_needed(&self) -> BTreeMap<usize, u32> {
        let Some(facts) = self.checked.facts.entries.get(self.index) else {
            return BTreeMap::new();
        };
        let shown = |collection: usize| {
            let sources = facts.reveals.iter().flat_map(|reveal| {
                let sources = reveal.sources.iter().filter_map(move |(source, shape)| {
                    match (source, shape) {
                        (
                            crate::flow::Source::Collection(c),
                            crate::hir::AllowShape::Aggregate(k),
                        ) if *c == collection => Some(*k),
                        _ => None,
                    }
                });
                let guards = reveal
                    .row_guards
                    .iter()
                    .filter(move |(c, _)| *c == collection);
                sources.chain(guards.map(|(_, k)| *k))
            });
            sources.max().unwrap_or(0)
        };
        let needed = facts.minimum_rows.iter();
        needed
            .filter(|(collection, least)| **least > shown(**collection))
            .map(|(collection, least)| (*collection, *least))
            .collect()
    }

    /// Refuses the call unless a public condition holds.
    pub(super) fn require(&mut self, condition: &Value, why: String, span: Span) -> Done<()> {
        if *condition == Value::Known(1) {
            return Ok(());
        }
        let condition = self.arithmetic(span).public(condition)?;
        self.registers.emit(Op::Require { condition, why });
        Ok(())
    }

    pub(super) fn local(&self, local: LocalId) -> Option<&Value> {
        self.memory.get(Variable::Local(local))
    }

    pub(super) fn set(&mut self, local: LocalId, value: Value) {
        self.memory.set(Variable::Local(local), value);
    }

    /// Where an expression's numbers lie.
    pub(super) fn range(&self, expr: &Expr) -> Option<Wide> {
        self.checked.facts.range(expr.id)
    }

    pub(super) fn row_count(&mut self, collection: usize) -> Done<Value> {
        let collection = index(collection)?;
        let register = (self.registers).public(|dst| Op::Rows { dst, collection })?;
        Ok(Value::Public(register))
    }

    /// Loops are written out: an entry that is too long for that ends here.
    pub(super) fn step(&mut self) -> Done<()> {
        self.steps += 1;
        if self.steps > MOST_STEPS || self.registers.is_full() {
            return Err(Stop::TooLong);
        }
        Ok(())
    }

    pub(super) fn block(&mut self, block: &Block) -> Done<Next> {
        self.statements(&block.stmts)
    }

    pub(super) fn statement(&mut self, stmt: &Stmt) -> Done<Next> {
        self.step()?;
        let span = stmt.span;
        self.check_effect(stmt)?;
        match &stmt.kind {
            StmtKind::Let(local, value) => {
                let value = self.expression(value)?;
                self.set(*local, value);
            }
            StmtKind::LetTuple(locals, value) => match self.expression(value)? {
                Value::Many(parts) if parts.len() == locals.len() => {
                    locals
                        .iter()
                        .zip(parts)
                        .for_each(|(local, part)| self.set(*local, part));
                }
                _ => return stop(span, "this tuple"),
            },
            StmtKind::Assign(place, value) => {
                let value = self.expression(value)?;
                self.assign(place, value)?;
            }
            StmtKind::If {
                condition,
                then,
                otherwise,
            } => return self.branch(condition, then, otherwise),
            StmtKind::For {
                counter,
                from,
                to,
                body,
            } => return self.count(*counter, (from, to), body),
            StmtKind::ForEach {
                element,
                over,
                body,
            } => {
                let known =
                    matches!(&over.ty, Type::List(_, length) if length.constant().is_some());
                let parts = match (self.expression(over)?, &over.ty) {
                    (Value::Many(parts), _) if known => parts,
                    (rows, Type::Rows(_, collection)) => {
                        return self.each_row(*element, (rows, *collection), body, span);
                    }
                    _ => return stop(span, "a loop over rows"),
                };
                return self.turns(parts, span, |this, part, _| {
                    this.set(*element, part);
                    this.block(body)
                });
            }
            StmtKind::While {
                condition,
                max,
                body,
            } => return self.repeat(condition, max, body),
            StmtKind::Break => return Ok(Next::Breaks),
            StmtKind::Return => return Ok(Next::Returns),
            StmtKind::Require(condition, why) => {
                let holds = self.expression(condition)?;
                let why = why
                    .clone()
                    .unwrap_or_else(|| "a `require` does not hold".to_owned());
                self.require(&holds, why, span)?;
            }
            StmtKind::Reveal(reveal) => self.reveal(reveal)?,
            StmtKind::Accumulate(place, value) => {
                let value = self.expression(value)?;
                self.accumulate(place, &value)?;
            }
            StmtKind::ForMembers {
                member,
                group,
                body,
            } => self.each_member(*member, *group, body, span)?,
            StmtKind::Transfer { from, to, amount } => self.transfer(from.as_ref(), to, amount)?,
        }
        Ok(Next::Goes)
    }

    /// What everyone sees cannot follow a condition that is computed on shares. The checker calls some of these public: what a
    /// function of the library makes of numbers that all know.
    fn check_effect(&self, stmt: &Stmt) -> Done<()> {
        let on_ledger = |place: &Place| match place.root {
            Root::Slot(slot, _) => {
                let slot = self.checked.hir.slots.get(slot);
                slot.is_some_and(|slot| slot.store != Store::Mpc)
            }
            Root::Local(_) => false,
        };
        let effect = match &stmt.kind {
            StmtKind::Require(..) | StmtKind::ForMembers { .. } | StmtKind::Transfer { .. } => true,
            StmtKind::Assign(place, _) => on_ledger(place),
            _ => false,
        };
        match effect && !self.active.is_empty() {
            true => stop(stmt.span, "an effect under a condition over shared numbers"),
            false => Ok(()),
        }
    }

    fn assign(&mut self, place: &Place, value: Value) -> Done<()> {
        let steps = self.steps(place)?;
        let way: Vec<usize> = steps.iter().map_while(Step::known).collect();
        let rest = steps.get(way.len()..).unwrap_or_default();
        if !rest.is_empty() {
            // All elements are set that may be meant, most of them to what they are.
            let Some(part) = self.part(place, &way)? else {
                return Ok(());
            };
            let value = self.replaced(&part, rest, &value, place.span)?;
            return self.assign_part(place, &way, value);
        }
        self.assign_part(place, &way, value)
    }

    fn assign_part(&mut self, place: &Place, way: &[usize], value: Value) -> Done<()> {
        let variable = match &place.root {
            Root::Local(local) => Variable::Local(*local),
            Root::Slot(slot, key) => match self.slot_variable(*slot) {
                Some(variable) => variable,
                None => return self.store(*slot, key.as_deref(), way, &value, place.span),
            },
        };
        if way.is_empty() {
            self.memory.set(variable, value);
            return Ok(());
        }
        let Some(mut whole) = self.memory.get(variable).cloned() else {
            return stop(place.span, "this variable");
        };
        // An element that is not there is not set.
        if let Some(part) = part_mut(&mut whole, way, place.span)? {
            *part = value;
        }
        self.memory.set(variable, whole);
        Ok(())
    }

    /// The way to a part.
    fn steps(&mut self, place: &Place) -> Done<Vec<Step>> {
        let mut steps = Vec::new();
        for step in &place.path {
            steps.push(match step {
                PlaceStep::Field(field) => Step::Known(*field),
                PlaceStep::Index(index) => match self.expression(index)? {
                    Value::Known(index) => {
                        Step::Known(usize::try_from(index).unwrap_or(usize::MAX))
                    }
                    index @ Value::Public(_) => Step::Run(index),
                    _ => return stop(place.span, "an element at this place"),
                },
            });
        }
        Ok(steps)
    }

    /// The way to a part, whose places are known.
    pub(super) fn way(&mut self, place: &Place) -> Done<Vec<usize>> {
        let steps = self.steps(place)?;
        let way: Option<Vec<usize>> = steps.iter().map(Step::known).collect();
        match way {
            Some(way) => Ok(way),
            None => stop(place.span, "an element at a place that a run decides"),
        }
    }

    /// What is at the end of a way; `None` if nothing is.
    fn part(&mut self, place: &Place, way: &[usize]) -> Done<Option<Value>> {
        let mut whole = match &place.root {
            Root::Local(local) => match self.local(*local) {
                Some(value) => value.clone(),
                None => return stop(place.span, "this variable"),
            },
            Root::Slot(slot, key) => self.load(*slot, key.as_deref(), None, place.span)?,
        };
        Ok(part_mut(&mut whole, way, place.span)?.cloned())
    }

    /// A value with something else at the end of these steps.
    fn replaced(
        &mut self,
        whole: &Value,
        steps: &[Step],
        value: &Value,
        span: Span,
    ) -> Done<Value> {
        let Some((step, rest)) = steps.split_first() else {
            return Ok(value.clone());
        };
        let Value::Many(parts) = whole else {
            return stop(span, "a part of this variable");
        };
        let mut parts = parts.clone();
        for (k, part) in parts.iter_mut().enumerate() {
            let here = match step {
                Step::Known(place) => Value::Known((*place == k).into()),
                Step::Run(place) => {
                    let here = Value::Known(i64::try_from(k).unwrap_or(i64::MAX));
                    (self.arithmetic(span)).compare(BinaryOp::Equal, place, &here)?
                }
            };
            if here != Value::Known(0) {
                self.step()?;
                let with = self.replaced(part, rest, value, span)?;
                *part = self.pick(&here, &with, part, span)?;
            }
        }
        Ok(Value::Many(parts))
    }

    /// One turn after the other, until one leaves. A turn is told whether all before it were done to their ends.
    fn turns<T>(
        &mut self,
        turns: impl IntoIterator<Item = T>,
        span: Span,
        mut turn: impl FnMut(&mut Self, T, bool) -> Done<Next>,
    ) -> Done<Next> {
        let mut next = Next::Goes;
        for which in turns {
            self.step()?;
            let is_open = next == Next::Goes;
            next = self.unless_left(next, span, |this| turn(this, which, is_open))?;
            if next.ends() {
                break;
            }
        }
        Ok(next.behind_loop())
    }

    /// A turn for each number from `first` to `end`, as many as there can be; a turn is told how many there were before.
    fn turns_between(
        &mut self,
        (first, end): (&Value, &Value),
        most: i64,
        span: Span,
        mut turn: impl FnMut(&mut Self, i64) -> Done<Next>,
    ) -> Done<Next> {
        self.turns(0..most, span, |this, before, _| {
            // What is computed whether or not the turn is done must not leave 64 bits.
            let mut left = this.arithmetic(span);
            let left = left.number(BinaryOp::Sub, end, &Value::Known(before))?;
            match (this.arithmetic(span)).compare(BinaryOp::Less, first, &left)? {
                Value::Known(0) => Ok(Next::Goes),
                Value::Known(_) => turn(this, before),
                Value::Public(register) => {
                    let turn = |this: &mut Self| turn(this, before);
                    this.sides(register, turn, |_| Ok(Next::Goes), span)
                }
                _ => stop(span, "a loop to this end"),
            }
        })
    }

    fn count(&mut self, counter: LocalId, (from, to): (&Expr, &Expr), body: &Block) -> Done<Next> {
        let (first, end) = (self.expression(from)?, self.expression(to)?);
        let most = match (&first, &end) {
            (Value::Known(first), Value::Known(end)) => end.saturating_sub(*first),
            _ => self.most_turns(self.range(from), self.range(to), to.span)?,
        };
        self.turns_between((&first, &end), most, to.span, |this, before| {
            let mut sum = this.arithmetic(from.span);
            let k = sum.number(BinaryOp::Add, &first, &Value::Known(before))?;
            this.set(counter, k);
            this.block(body)
        })
    }

    /// One turn for each row that there is.
    fn each_row(
        &mut self,
        element: LocalId,
        (rows, collection): (Value, usize),
        body: &Block,
        span: Span,
    ) -> Done<Next> {
        let declared = self.checked.hir.collections.get(collection);
        let most = declared.map_or(0, |declared| declared.max_rows(&self.checked.hir.groups));
        let most = Wide::exactly(i64::try_from(most).unwrap_or(i64::MAX));
        let (first, count) = (Value::Known(0), self.row_count(collection)?);
        let most = self.most_turns(Some(Wide::exactly(0)), Some(most), span)?;
        self.turns_between((&first, &count), most, span, |this, place| {
            let row = this.row(rows.clone(), place, span)?;
            this.set(element, row);
            this.block(body)
        })
    }

    /// How many turns a loop has at most whose end a run decides.
    fn most_turns(&self, from: Option<Wide>, to: Option<Wide>, span: Span) -> Done<i64> {
        let most = from
            .zip(to)
            .map(|(from, to)| to.high.saturating_sub(from.low).max(0));
        let lowest = to.map_or(i128::MIN, |to| to.low.saturating_sub(MOST_RUN_TURNS.into()));
        match most.and_then(|most| i64::try_from(most).ok()) {
            Some(most) if most <= MOST_RUN_TURNS && lowest >= i64::MIN.into() => Ok(most),
            _ => {
                let message = format!(
                    "a loop of which nothing says that it has no more than {} turns",
                    grouped(MOST_RUN_TURNS.into())
                );
                Err(Stop::NotBuilt(not_built(span, &message).help(
                    "give the end a `range`, or `clamp` it: a run decides how many turns are done",
                )))
            }
        }
    }

    fn repeat(&mut self, condition: &Expr, max: &Expr, body: &Block) -> Done<Next> {
        let most = self.expression(max)?;
        let turns = match most {
            Value::Known(most) => most,
            _ => self.most_turns(Some(Wide::exactly(0)), self.range(max), max.span)?,
        };
        // Whether all private conditions so far held.
        let mut active = Value::Known(1);
        self.turns(0..turns, condition.span, |this, turn, is_open| {
            let mut holds = this.expression(condition)?;
            if most != Value::Known(turns) {
                let mut truth = this.arithmetic(max.span);
                let more = truth.compare(BinaryOp::Less, &Value::Known(turn), &most)?;
                holds = truth.truth(BinaryOp::And, &more, &holds)?;
            }
            if let (Value::Public(register), Value::Known(1)) = (&holds, &active) {
                let body = |this: &mut Self| this.block(body);
                return this.sides(*register, body, |_| Ok(Next::Breaks), condition.span);
            }
            let mut truth = this.arithmetic(condition.span);
            active = truth.truth(BinaryOp::And, &active, &holds)?;
            match &active {
                Value::Known(0) => Ok(Next::Breaks),
                Value::Known(_) => this.block(body),
                // What is known on a side of a branch is not known in the next turn.
                Value::Secret(_) if is_open => {
                    let bit = active.clone();
                    this.either(&bit, body, &Block::default(), condition.span)?;
                    Ok(Next::Goes)
                }
                _ => stop(condition.span, "a loop whose end a run decides"),
            }
        })
    }
}

/// Most statements and turns of loops of one entry.
const MOST_STEPS: u32 = 1 << 20;
/// Most turns of a loop whose end a run decides: each is written out, with its condition.
const MOST_RUN_TURNS: i64 = 4_096;

/// A step to a part of a variable.
enum Step {
    /// Which field, or which element.
    Known(usize),
    /// The element at a place that a run decides.
    Run(Value),
}

impl Step {
    fn known(&self) -> Option<usize> {
        match self {
            Step::Known(place) => Some(*place),
            Step::Run(_) => None,
        }
    }
}

/// The part of a value at the end of a way.
pub(super) fn part_mut<'v>(
    whole: &'v mut Value,
    way: &[usize],
    span: Span,
) -> Done<Option<&'v mut Value>> {
    let mut part = whole;
    for step in way {
        part = match part {
            Value::Many(parts) => match parts.get_mut(*step) {
                Some(part) => part,
                None => return Ok(None),
            },
            _ => return stop(span, "a part of this variable"),
        };
    }
    Ok(Some(part))
}
