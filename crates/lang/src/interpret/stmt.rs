//! Statements.

use super::enter::in_range;
use super::machine::{EXPRESSION, Machine, WRITE};
use super::operator::{binary, depth, lift};
use super::refusal::{Refusal, Run, internal};
use super::transcript::Event;
use crate::hir::{
    BinaryOp, Block, Expr, Hir, LocalId, Place, PlaceStep, Root, Stmt, StmtKind, Store, Type,
};
use crate::value::Value;

/// What comes after a statement.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Then {
    /// The next one.
    Next,
    /// The end of the innermost loop.
    Break,
    /// The end of the entry.
    Return,
}

/// Slots of `MPC` hold numbers strictly below this in magnitude.
const SLOT_LIMIT: i128 = 1 << 59;
/// Most that one contribution adds to an accumulator.
const CONTRIBUTION_MAX: i128 = 1 << 28;

impl Machine<'_> {
    /// Runs statements until one leaves.
    pub(super) fn block(&mut self, block: &Block) -> Run<Then> {
        for stmt in &block.stmts {
            self.work(EXPRESSION)?;
            let then = self.nested(|machine| machine.stmt(stmt))?;
            if then != Then::Next {
                return Ok(then);
            }
        }
        Ok(Then::Next)
    }

    fn stmt(&mut self, stmt: &Stmt) -> Run<Then> {
        match &stmt.kind {
            StmtKind::Let(local, expr) => {
                let value = self.value(expr)?;
                self.see_public(expr, &value);
                self.put(*local, value, expr)?;
            }
            StmtKind::LetTuple(locals, expr) => {
                let Value::Tuple(parts) = self.value(expr)? else {
                    return internal(expr.span, "not a tuple");
                };
                for (local, part) in locals.iter().zip(parts.iter()) {
                    self.put(*local, part.clone(), expr)?;
                }
            }
            StmtKind::Assign(place, expr) => self.assign(place, expr)?,
            StmtKind::Accumulate(place, expr) => self.accumulate(place, expr)?,
            StmtKind::If {
                condition,
                then,
                otherwise,
            } => {
                return self.branch(condition, then, otherwise);
            }
            StmtKind::For { .. }
            | StmtKind::ForEach { .. }
            | StmtKind::ForMembers { .. }
            | StmtKind::While { .. } => return self.repeat(stmt),
            StmtKind::Break => return Ok(Then::Break),
            StmtKind::Return => return Ok(Then::Return),
            StmtKind::Require(condition, message) => {
                if !self.truth(condition)? {
                    let message = message.clone();
                    return Err(Box::new(Refusal::Require { message }));
                }
            }
            StmtKind::Reveal(reveal) => self.reveal(reveal)?,
            StmtKind::Transfer { from, to, amount } => self.transfer(from.as_ref(), to, amount)?,
        }
        Ok(Then::Next)
    }

    fn see_public(&mut self, expr: &Expr, value: &Value) {
        if self.is_public(expr.id) {
            let span = expr.span;
            self.see(|| Event::Public {
                span,
                value: value.clone(),
            });
        }
    }

    /// Gives a local a value, which must fit its type.
    fn put(&mut self, local: LocalId, value: Value, expr: &Expr) -> Run<()> {
        let value = match self.types.get(local.0 as usize) {
            Some(ty) => self.conform(value, ty, expr)?,
            None => value,
        };
        self.bind(local, value);
        Ok(())
    }

    /// A condition that is not public has both branches computed, and nobody sees which one holds: here it is enough to
    /// run that one.
    fn branch(&mut self, condition: &Expr, then: &Block, otherwise: &Block) -> Run<Then> {
        let taken = self.truth(condition)?;
        let block = if taken { then } else { otherwise };
        if self.is_public(condition.id) {
            let span = condition.span;
            self.see(|| Event::Branch { span, taken });
            self.block(block)
        } else {
            self.quietly(|machine| machine.block(block))
        }
    }

    fn repeat(&mut self, stmt: &Stmt) -> Run<Then> {
        let span = stmt.span;
        let mut times = 0_i128;
        let then = match &stmt.kind {
            StmtKind::For {
                counter,
                from,
                to,
                body,
            } => {
                let (from, to) = (self.whole(from)?, self.whole(to)?);
                let mut counter_value = from;
                self.rounds(&mut times, body, |machine| {
                    let more = counter_value < to;
                    machine.bind(*counter, Value::Number(counter_value));
                    counter_value += 1;
                    Ok(more)
                })
            }
            StmtKind::ForEach {
                element,
                over,
                body,
            } => {
                let Value::List(items) = self.value(over)? else {
                    return internal(over.span, "not a vector");
                };
                let mut items = items.iter();
                self.rounds(&mut times, body, |machine| {
                    let item = items.next();
                    if let Some(item) = item {
                        machine.bind(*element, item.clone());
                    }
                    Ok(item.is_some())
                })
            }
            StmtKind::ForMembers {
                member,
                group,
                body,
            } => {
                let members = self.members.get(group).cloned().unwrap_or_default();
                let mut members = members.into_iter();
                self.rounds(&mut times, body, |machine| {
                    let next = members.next();
                    let more = next.is_some();
                    if let Some(account) = next {
                        machine.bind(*member, Value::Account(account));
                    }
                    Ok(more)
                })
            }
            StmtKind::While {
                condition,
                max,
                body,
            } => {
                let max = self.whole(max)?;
                let mut left = max;
                let mut next = |machine: &mut Self| {
                    left -= 1;
                    Ok(left >= 0 && machine.truth(condition)?)
                };
                if self.is_public(condition.id) {
                    self.rounds(&mut times, body, next)
                } else {
                    let then = self.quietly(|m| m.rounds(&mut times, body, &mut next));
                    times = max;
                    then
                }
            }
            _ => return internal(span, "not a loop"),
        }?;
        self.see(|| Event::Loop { span, times });
        Ok(then)
    }

    /// Runs the body as long as there is a next time. A `break` ends here.
    fn rounds(
        &mut self,
        times: &mut i128,
        body: &Block,
        mut next: impl FnMut(&mut Self) -> Run<bool>,
    ) -> Run<Then> {
        while next(self)? {
            self.work(EXPRESSION)?;
            *times += 1;
            match self.block(body)? {
                Then::Next => {}
                Then::Break => break,
                Then::Return => return Ok(Then::Return),
            }
        }
        Ok(Then::Next)
    }

    fn assign(&mut self, place: &Place, expr: &Expr) -> Run<()> {
        let value = self.value(expr)?;
        self.see_public(expr, &value);
        let part = self.part_type(place)?;
        let value = self.conform(value, part, expr)?;
        if let (Root::Local(local), true) = (&place.root, place.path.is_empty()) {
            self.bind(*local, value);
            return Ok(());
        }
        if let Root::Slot(slot, _) = &place.root {
            let is_private = self.slot(*slot, place.span)?.store == Store::Mpc;
            let large = |x: i128| matches!(part, Type::Int(_)) && x.abs() >= SLOT_LIMIT;
            if is_private && value.number().is_some_and(large) {
                return internal(expr.span, "a number is too large for a slot of MPC");
            }
            // What is loaded again is taken for a number of the slot's type, also where it is `fix`.
            if !is_private && !in_range(self.hir, &value, part, None) {
                return self.overflow(expr);
            }
        }
        self.change(place, |part| {
            *part = value;
            Some(())
        })?;
        Ok(())
    }

    fn accumulate(&mut self, place: &Place, expr: &Expr) -> Run<()> {
        let value = self.value(expr)?;
        let many = depth(self.part_type(place)?);
        let of = depth(&expr.ty);
        let Root::Slot(slot, _) = &place.root else {
            return internal(place.span, "only slots accumulate");
        };
        let (mut large, mut reached) = (false, false);
        let mut add = |[sum, x]: [&Value; 2]| {
            let sum = binary(BinaryOp::Add, sum, x)?;
            large |= x.number()?.abs() > CONTRIBUTION_MAX || sum.number()?.abs() >= SLOT_LIMIT;
            (!large).then_some(sum)
        };
        let way = self.change(place, |part| {
            reached = true;
            *part = lift([(part, many), (&value, of)], many, &mut add)?;
            Some(())
        })?;
        // What counts must not tell anything: what a private condition decides does not, and neither does what nobody gives.
        let facts = self.facts.entries.get(self.entry);
        let given = facts.is_some_and(|entry| entry.contributions.contains(&place.span));
        if reached && given && self.is_seen() {
            let way = way.into_iter().flatten().collect();
            self.accumulated.insert((*slot, way));
        }
        Ok(())
    }

    /// Changes what a place names, and returns the way to it. Places outside of a list are no places: nothing happens there.
    fn change(
        &mut self,
        place: &Place,
        f: impl FnOnce(&mut Value) -> Option<()>,
    ) -> Run<Vec<Option<usize>>> {
        let span = place.span;
        let mut way = Vec::with_capacity(place.path.len());
        for step in &place.path {
            way.push(match step {
                PlaceStep::Field(field) => Some(*field),
                PlaceStep::Index(index) => {
                    let place = self.whole(index)?;
                    self.see(|| Event::Index { span, place });
                    usize::try_from(place).ok()
                }
            });
        }
        let done = match &place.root {
            Root::Local(local) => {
                // Taken out, so that it is changed in place.
                let slot = self.locals.get_mut(local.0 as usize);
                let Some(mut value) = slot.and_then(Option::take) else {
                    return internal(span, "a variable is changed before it has a value");
                };
                let done = change_part(&mut value, &way, f);
                self.bind(*local, value);
                done
            }
            Root::Slot(slot, key) => {
                let key = key.as_deref().map(|key| self.value(key)).transpose()?;
                self.work(WRITE)?;
                let at = (*slot, key);
                let mut value = match self.writes.remove(&at) {
                    Some(value) => value,
                    None => self.load(*slot, at.1.clone(), span)?,
                };
                let done = change_part(&mut value, &way, f);
                self.writes.insert(at.clone(), value);
                self.wrote(*slot, at.1);
                done
            }
        };
        match done {
            Some(()) => Ok(way),
            None => internal(span, "a part that is not there, or too large a number"),
        }
    }
}

impl<'a> Machine<'a> {
    /// The type of what a place names.
    fn part_type(&self, place: &Place) -> Run<&'a Type> {
        let root = match &place.root {
            Root::Local(local) => self.types.get(local.0 as usize).copied(),
            Root::Slot(slot, _) => Some(&self.slot(*slot, place.span)?.ty),
        };
        let hir = self.hir;
        let mut steps = place.path.iter();
        let part = root.and_then(|root| steps.try_fold(root, |ty, step| part_of(hir, ty, step)));
        part.map_or_else(|| internal(place.span, "no such part"), Ok)
    }
}

fn part_of<'a>(hir: &'a Hir, ty: &'a Type, step: &PlaceStep) -> Option<&'a Type> {
    match (step, ty) {
        (PlaceStep::Field(field), Type::Tuple(parts)) => parts.get(*field),
        (PlaceStep::Field(field), Type::Struct(index)) => {
            hir.structs.get(*index)?.fields.get(*field).map(|f| &f.ty)
        }
        (PlaceStep::Index(_), ty) => ty.element(),
        _ => None,
    }
}

/// `way`: of each step the place of the part, none of a place that no list has.
fn change_part(
    value: &mut Value,
    way: &[Option<usize>],
    f: impl FnOnce(&mut Value) -> Option<()>,
) -> Option<()> {
    let mut part = value;
    for step in way {
        match step.and_then(|place| part.parts()?.get(place).map(|_| place)) {
            Some(place) => part = part.parts_mut()?.get_mut(place)?,
            None => return Some(()),
        }
    }
    f(part)
}
