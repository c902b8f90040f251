//! Statements. What happens depends on known conditions only; private ones select what variables hold.

use std::collections::{BTreeMap, BTreeSet};

use enigma_bytecode::interval::Wide;
use enigma_bytecode::model::{self, Op, S};

use super::contract::{number, recipient, shape};
use super::registers::Registers;
use super::value::Value;
use super::{Done, Stop, stop};
use crate::Checked;
use crate::flow::Source;
use crate::hir::{
    BinaryOp, Block, Entry, Expr, ExprKind, Guard, LocalId, Place, PlaceStep, Reveal, Root, Stmt,
    StmtKind, Type,
};
use crate::span::Span;

/// Whether the statements behind run.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Next {
    Goes,
    Breaks,
    Returns,
}

/// An entry that is run on registers.
pub(super) struct Execution<'a> {
    pub(super) checked: &'a Checked,
    index: usize,
    entry: &'a Entry,
    pub(super) registers: Registers,
    locals: Vec<Option<Value>>,
    /// Variables that got a value since this was last emptied.
    written: BTreeSet<LocalId>,
    manifest: &'a mut Vec<model::Reveal>,
    /// Registers that hold the number of a member, of which collection.
    pub(super) members: BTreeMap<S, u16>,
    /// Whether the body of a `map` over rows is computed.
    pub(super) mapping: bool,
}

impl<'a> Execution<'a> {
    pub(super) fn new(
        checked: &'a Checked,
        index: usize,
        entry: &'a Entry,
        manifest: &'a mut Vec<model::Reveal>,
    ) -> Execution<'a> {
        Execution {
            checked,
            index,
            entry,
            registers: Registers::default(),
            locals: vec![None; entry.locals.len()],
            written: BTreeSet::new(),
            manifest,
            members: BTreeMap::new(),
            mapping: false,
        }
    }

    pub(super) fn into_code(self) -> Vec<Op> {
        self.registers.into_code()
    }

    pub(super) fn entry(&mut self) -> Done<()> {
        let entry = self.entry;
        self.block(&entry.body).map(|_| ())
    }

    pub(super) fn local(&self, local: LocalId) -> Option<&Value> {
        self.locals.get(local.0 as usize)?.as_ref()
    }

    pub(super) fn set(&mut self, local: LocalId, value: Value) {
        self.written.insert(local);
        if let Some(place) = self.locals.get_mut(local.0 as usize) {
            *place = Some(value);
        }
    }

    /// Where an expression's numbers lie.
    pub(super) fn range(&self, expr: &Expr) -> Option<Wide> {
        self.checked.facts.range(expr.id)
    }

    pub(super) fn row_count(&mut self, collection: usize, span: Span) -> Done<Value> {
        let Some(collection) = number(collection) else {
            return stop(span, "so many collections");
        };
        let register = (self.registers).public(|dst| Op::Rows { dst, collection })?;
        Ok(Value::Public(register))
    }

    pub(super) fn block(&mut self, block: &Block) -> Done<Next> {
        for stmt in &block.stmts {
            let next = self.statement(stmt)?;
            if next != Next::Goes {
                return Ok(next);
            }
        }
        Ok(Next::Goes)
    }

    fn statement(&mut self, stmt: &Stmt) -> Done<Next> {
        let span = stmt.span;
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
                let Value::Many(parts) = self.expression(over)? else {
                    return stop(span, "a loop over rows");
                };
                for part in parts {
                    self.set(*element, part);
                    match self.block(body)? {
                        Next::Goes => {}
                        Next::Breaks => break,
                        Next::Returns => return Ok(Next::Returns),
                    }
                }
            }
            StmtKind::While {
                condition,
                max,
                body,
            } => return self.repeat(condition, max, body),
            StmtKind::Break => return Ok(Next::Breaks),
            StmtKind::Return => return Ok(Next::Returns),
            StmtKind::Require(condition, _) => {
                // A condition on the sizes of a run is public, and there is no opcode that refuses.
                if self.expression(condition)? != Value::Known(1) {
                    return stop(span, "`require`");
                }
            }
            StmtKind::Reveal(reveal) => self.reveal(reveal)?,
            StmtKind::Accumulate(..) => return stop(span, "stored state"),
            StmtKind::ForMembers { .. } => return stop(span, "a loop over members"),
            StmtKind::Transfer { .. } => return stop(span, "a transfer"),
        }
        Ok(Next::Goes)
    }

    fn assign(&mut self, place: &Place, value: Value) -> Done<()> {
        let Root::Local(local) = place.root else {
            return stop(place.span, "stored state");
        };
        let mut way = Vec::new();
        for step in &place.path {
            way.push(match step {
                PlaceStep::Field(field) => *field,
                PlaceStep::Index(index) => match self.expression(index)? {
                    Value::Known(index) => usize::try_from(index).unwrap_or(usize::MAX),
                    _ => return stop(place.span, "an element of rows"),
                },
            });
        }
        self.written.insert(local);
        let root = self.locals.get_mut(local.0 as usize);
        let mut part = match root {
            Some(root) if way.is_empty() => {
                *root = Some(value);
                return Ok(());
            }
            Some(Some(root)) => root,
            _ => return stop(place.span, "this variable"),
        };
        for step in way {
            part = match part {
                Value::Many(parts) => match parts.get_mut(step) {
                    Some(part) => part,
                    // An element that is not there is not set.
                    None => return Ok(()),
                },
                _ => return stop(place.span, "a part of this variable"),
            };
        }
        *part = value;
        Ok(())
    }

    fn branch(&mut self, condition: &Expr, then: &Block, otherwise: &Block) -> Done<Next> {
        match self.expression(condition)? {
            Value::Known(0) => self.block(otherwise),
            Value::Known(_) => self.block(then),
            bit @ Value::Secret(_) => {
                self.either(&bit, then, otherwise, condition.span)?;
                Ok(Next::Goes)
            }
            _ => stop(condition.span, "a condition on the number of rows"),
        }
    }

    /// Runs both blocks; each variable that one of them sets gets what the one that holds has put into it.
    fn either(&mut self, bit: &Value, then: &Block, otherwise: &Block, span: Span) -> Done<()> {
        let outside = std::mem::take(&mut self.written);
        let before = self.locals.clone();
        self.block(then)?;
        let with = std::mem::replace(&mut self.locals, before);
        self.block(otherwise)?;
        let written = std::mem::take(&mut self.written);
        for local in &written {
            let place = local.0 as usize;
            let (with, without) = (with.get(place).cloned(), self.locals.get(place).cloned());
            // A variable of one branch alone is not read behind it.
            if let (Some(Some(with)), Some(Some(without))) = (with, without) {
                let selected = self.arithmetic(span).select(bit, &with, &without)?;
                self.set(*local, selected);
            }
        }
        self.written = outside.union(&written).copied().collect();
        Ok(())
    }

    fn count(&mut self, counter: LocalId, (from, to): (&Expr, &Expr), body: &Block) -> Done<Next> {
        let (Value::Known(from), Value::Known(end)) =
            (self.expression(from)?, self.expression(to)?)
        else {
            return stop(to.span, "a loop to a number of rows");
        };
        for k in from..end {
            self.set(counter, Value::Known(k));
            match self.block(body)? {
                Next::Goes => {}
                Next::Breaks => break,
                Next::Returns => return Ok(Next::Returns),
            }
        }
        Ok(Next::Goes)
    }

    fn repeat(&mut self, condition: &Expr, max: &Expr, body: &Block) -> Done<Next> {
        let Value::Known(max) = self.expression(max)? else {
            return stop(max.span, "a loop to a number of rows");
        };
        // Whether all conditions so far held.
        let mut active = Value::Known(1);
        for _ in 0..max {
            let holds = self.expression(condition)?;
            let truth = &mut self.arithmetic(condition.span);
            active = truth.truth(BinaryOp::And, &active, &holds)?;
            match &active {
                Value::Known(0) => break,
                Value::Known(_) => match self.block(body)? {
                    Next::Goes => {}
                    Next::Breaks => break,
                    Next::Returns => return Ok(Next::Returns),
                },
                Value::Secret(_) => {
                    let bit = active.clone();
                    self.either(&bit, body, &Block::default(), condition.span)?;
                }
                _ => return stop(condition.span, "a condition on the number of rows"),
            }
        }
        Ok(Next::Goes)
    }

    fn reveal(&mut self, reveal: &Reveal) -> Done<()> {
        let span = reveal.name_span;
        let [(who, who_span)] = reveal.recipients[..] else {
            return stop(span, "a reveal to several recipients");
        };
        let recipient = recipient(who, who_span).map_err(Stop::NotBuilt)?;
        let min_groups = self.guards(reveal)?;
        let Value::Secret(value) = self.expression(&reveal.value)? else {
            return stop(span, "a reveal of several values at once");
        };
        let kind = self.kind(value.register, &reveal.value)?;
        let sources = self.sources(reveal)?;
        let (Some(line), Some(entry)) = (number(self.manifest.len()), number(self.index)) else {
            return Err(Stop::TooLong);
        };
        self.registers.out(line, value.register);
        self.manifest.push(model::Reveal {
            name: reveal.name.clone(),
            entry,
            recipient,
            kind,
            sources,
            min_groups,
        });
        Ok(())
    }

    /// From which collections the value comes, and under which shape each lets it go.
    fn sources(&self, reveal: &Reveal) -> Done<Vec<(u16, model::Shape)>> {
        let facts = self.checked.facts.entries.get(self.index);
        let facts = facts.and_then(|entry| entry.reveals.iter().find(|r| r.name == reveal.name));
        let mut sources = Vec::new();
        for (source, allowed) in facts.map_or(&[][..], |reveal| &reveal.sources) {
            let collection = match source {
                Source::Collection(collection) => number(*collection),
                Source::Slot(_) | Source::Param(_) | Source::Random => None,
            };
            match (collection, shape(*allowed)) {
                (Some(collection), Some(shape)) => sources.push((collection, shape)),
                _ => return stop(reveal.name_span, "a value of this kind"),
            }
        }
        Ok(sources)
    }

    /// What a revealed value is.
    fn kind(&self, register: S, value: &Expr) -> Done<model::Kind> {
        match super::expression::leaf(&value.ty) {
            Type::Int(_) => Ok(model::Kind::Integer),
            Type::Bool => Ok(model::Kind::Bool),
            Type::Id => match self.members.get(&register) {
                Some(collection) => Ok(model::Kind::MemberOf(*collection)),
                None => stop(value.span, "an account"),
            },
            _ => stop(value.span, "a value of this type"),
        }
    }

    /// The fewest rows that guards ask for, by collection.
    fn guards(&mut self, reveal: &Reveal) -> Done<Vec<(u16, u32)>> {
        let mut fewest = BTreeMap::new();
        for guard in &reveal.guards {
            let (count, least, span) = match guard {
                Guard::Noise { span, .. } => return stop(*span, "noise"),
                Guard::MinGroup { count, least, span } => (count, least, *span),
            };
            let ExprKind::RowCount(collection) = count.kind else {
                return stop(span, "a guard on anything but the number of rows");
            };
            let least = match self.expression(least)? {
                Value::Known(least) => u32::try_from(least).ok(),
                _ => None,
            };
            let (Some(collection), Some(least)) = (number(collection), least) else {
                return stop(span, "this guard");
            };
            let so_far = fewest.entry(collection).or_insert(least);
            *so_far = least.max(*so_far);
        }
        Ok(fewest.into_iter().collect())
    }
}
