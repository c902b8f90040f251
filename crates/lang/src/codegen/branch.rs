//! Branches. Under a private condition both sides run, and what they set is selected; under a public one a run
//! takes one side, and what it has set goes on. Loops over members have only effects.

use enigma_bytecode::model::{C, Op};
use enigma_bytecode::ranges::MAX_NESTING;

use super::leave::{Left, Next};
use super::statement::{Execution, Memory, Variable};
use super::value::{Secret, Value};
use super::{Done, index, stop};
use crate::hir::{BinaryOp, Block, Expr, LocalId};
use crate::span::Span;

/// A side of a public branch: its operations, what is in memory at its end, and whether it leaves.
struct Taken {
    code: Vec<Op>,
    memory: Memory,
    next: Next,
}

impl Execution<'_> {
    pub(super) fn branch(
        &mut self,
        condition: &Expr,
        then: &Block,
        otherwise: &Block,
    ) -> Done<Next> {
        match self.expression(condition)? {
            Value::Known(0) => self.block(otherwise),
            Value::Known(_) => self.block(then),
            bit @ Value::Secret(_) => {
                self.either(&bit, then, otherwise, condition.span)?;
                Ok(Next::Goes)
            }
            Value::Public(register) => self.sides(
                register,
                |this| this.block(then),
                |this| this.block(otherwise),
                condition.span,
            ),
            _ => stop(condition.span, "this condition"),
        }
    }

    /// Runs both blocks; each variable that one of them sets gets what the one that holds has put into it.
    pub(super) fn either(
        &mut self,
        bit: &Value,
        then: &Block,
        otherwise: &Block,
        span: Span,
    ) -> Done<()> {
        let outside = std::mem::take(&mut self.memory.written);
        let before = self.memory.clone();
        self.active.push(bit.clone());
        let ended = self.block(then)?;
        self.active.pop();
        let with = std::mem::replace(&mut self.memory, before);
        let not = self.arithmetic(span).not(bit)?;
        self.active.push(not);
        let ended = ended == Next::Goes && self.block(otherwise)? == Next::Goes;
        self.active.pop();
        if !ended {
            return stop(span, "leaving under a private condition");
        }
        let written: Vec<Variable> = with.written.union(&self.memory.written).copied().collect();
        self.memory.written = outside;
        for variable in written {
            // A variable of one branch alone is not read behind it.
            if let (Some(with), Some(without)) = (with.get(variable), self.memory.get(variable)) {
                let (with, without) = (with.clone(), without.clone());
                let selected = self.arithmetic(span).select(bit, &with, &without)?;
                self.memory.set(variable, selected);
            }
        }
        Ok(())
    }

    /// A run takes one of the sides.
    pub(super) fn sides(
        &mut self,
        condition: C,
        then: impl FnOnce(&mut Self) -> Done<Next>,
        otherwise: impl FnOnce(&mut Self) -> Done<Next>,
        span: Span,
    ) -> Done<Next> {
        if self.registers.depth() >= MAX_NESTING {
            return stop(span, "so many branches inside of each other");
        }
        let outside = std::mem::take(&mut self.memory.written);
        let before = self.memory.clone();
        let mut first = self.side(then)?;
        self.memory = before.clone();
        let mut second = self.side(otherwise)?;
        self.memory = before;
        self.memory.written = outside;
        let written: Vec<Variable> = (first.memory.written.union(&second.memory.written))
            .copied()
            .collect();
        let mut merges = Vec::new();
        for variable in written {
            let (Some(a), Some(b)) = (first.memory.get(variable), second.memory.get(variable))
            else {
                self.memory.forget(variable);
                continue;
            };
            let (a, b) = (a.clone(), b.clone());
            merges.push((
                variable,
                self.prepared([&mut first.code, &mut second.code], &a, &b, span)?,
            ));
        }
        let mut left = Vec::new();
        for (a, b) in Left::pairs(&first.next, &second.next) {
            left.push(match (&a, &b) {
                (Value::Known(1), Value::Known(0)) => Both::Same(Value::Public(condition)),
                _ => self.prepared([&mut first.code, &mut second.code], &a, &b, span)?,
            });
        }
        self.emit_sides(condition, first.code, second.code);
        for (variable, both) in merges {
            let value = self.merged(condition, both)?;
            self.memory.set(variable, value);
        }
        let mut parts = left.into_iter().map(|both| self.merged(condition, both));
        match (parts.next(), parts.next()) {
            (Some(breaks), Some(returns)) => Ok(Left::joined([breaks?, returns?])),
            _ => Ok(Next::Goes),
        }
    }

    /// `a` if a public condition holds, else `b`. What is secret is taken and not computed: nodes derive that it is one of both.
    pub(super) fn pick(
        &mut self,
        condition: &Value,
        a: &Value,
        b: &Value,
        span: Span,
    ) -> Done<Value> {
        let Value::Public(register) = condition else {
            return self.arithmetic(span).select(condition, a, b);
        };
        if a == b || !(a.is_secret() || b.is_secret()) {
            return self.arithmetic(span).select(condition, a, b);
        }
        if self.registers.depth() >= MAX_NESTING {
            return stop(span, "so many branches inside of each other");
        }
        let (mut first, mut second) = (Vec::new(), Vec::new());
        let both = self.prepared([&mut first, &mut second], a, b, span)?;
        self.emit_sides(*register, first, second);
        self.merged(*register, both)
    }

    fn emit_sides(&mut self, condition: C, then: Vec<Op>, otherwise: Vec<Op>) {
        self.registers.emit(Op::If { condition });
        then.into_iter().for_each(|op| self.registers.emit(op));
        self.registers.emit(Op::Else);
        otherwise.into_iter().for_each(|op| self.registers.emit(op));
        self.registers.emit(Op::End);
    }

    fn side(&mut self, run: impl FnOnce(&mut Self) -> Done<Next>) -> Done<Taken> {
        self.registers.begin_side();
        let next = run(self);
        let code = self.registers.end_side();
        Ok(Taken {
            code,
            memory: self.memory.clone(),
            next: next?,
        })
    }

    /// Brings what both sides have put into a variable into registers of one bank; each in its side.
    fn prepared(
        &mut self,
        sides: [&mut Vec<Op>; 2],
        a: &Value,
        b: &Value,
        span: Span,
    ) -> Done<Both> {
        if a == b {
            return Ok(Both::Same(a.clone()));
        }
        let [first, second] = sides;
        match (a, b) {
            (Value::Many(a), Value::Many(b)) if a.len() == b.len() => {
                let mut parts = Vec::new();
                for (a, b) in a.iter().zip(b) {
                    parts.push(self.prepared([&mut *first, &mut *second], a, b, span)?);
                }
                Ok(Both::Many(parts))
            }
            (Value::Maybe(there, value), Value::Maybe(other_there, other)) => {
                let sides = [&mut *first, &mut *second];
                let there = self.prepared(sides, there, other_there, span)?;
                let value = self.prepared([first, second], value, other, span)?;
                Ok(Both::Maybe(Box::new(there), Box::new(value)))
            }
            (Value::Place { .. } | Value::Many(_) | Value::Maybe(..), _)
            | (_, Value::Place { .. } | Value::Many(_) | Value::Maybe(..)) => {
                stop(span, "a choice between values of this kind")
            }
            _ if a.is_secret() || b.is_secret() => {
                let a = self.inside(first, |this| this.arithmetic(span).secret(a))?;
                let b = self.inside(second, |this| this.arithmetic(span).secret(b))?;
                Ok(match (a.vector, b.vector, self.mapping) {
                    (true, true, _) | (false, false, _) => Both::Secret(a, b),
                    // The same for each of the rows that are being computed.
                    (false, true, Some(rows)) => {
                        let a = self.inside(first, |this| this.arithmetic(span).spread(a, rows))?;
                        Both::Secret(a, b)
                    }
                    (true, false, Some(rows)) => {
                        let b =
                            self.inside(second, |this| this.arithmetic(span).spread(b, rows))?;
                        Both::Secret(a, b)
                    }
                    _ => return stop(span, "a choice between a vector and a single value"),
                })
            }
            _ => {
                let a = self.inside(first, |this| this.arithmetic(span).public(a))?;
                let b = self.inside(second, |this| this.arithmetic(span).public(b))?;
                Ok(Both::Public(a, b))
            }
        }
    }

    /// Adds to a side that has ended.
    fn inside<T>(&mut self, side: &mut Vec<Op>, add: impl FnOnce(&mut Self) -> Done<T>) -> Done<T> {
        self.registers.resume_side(std::mem::take(side));
        let added = add(self);
        *side = self.registers.end_side();
        added
    }

    fn merged(&mut self, condition: C, both: Both) -> Done<Value> {
        match both {
            Both::Same(value) => Ok(value),
            Both::Many(parts) => {
                let parts = parts.into_iter().map(|part| self.merged(condition, part));
                Ok(Value::Many(parts.collect::<Done<_>>()?))
            }
            Both::Maybe(there, value) => {
                let there = self.merged(condition, *there)?;
                let value = self.merged(condition, *value)?;
                Ok(Value::Maybe(Box::new(there), Box::new(value)))
            }
            Both::Secret(a, b) => {
                let (then, otherwise) = (a.register, b.register);
                let register = self.registers.secret(|dst| Op::Merge {
                    dst,
                    condition,
                    then,
                    otherwise,
                })?;
                Ok(Value::Secret(Secret { register, ..a }))
            }
            Both::Public(then, otherwise) => {
                let register = self.registers.public(|dst| Op::MergePublic {
                    dst,
                    condition,
                    then,
                    otherwise,
                })?;
                Ok(Value::Public(register))
            }
        }
    }

    /// `for who in group`: effects for each account.
    pub(super) fn each_member(
        &mut self,
        member: LocalId,
        group: usize,
        body: &Block,
        span: Span,
    ) -> Done<()> {
        let outside = self.memory.clone();
        let dst = self.registers.new_public(1)?;
        self.memory.written.clear();
        self.registers.begin_side();
        self.set(member, Value::Public(dst));
        let ended = self.block(body);
        let code = self.registers.end_side();
        if ended? != Next::Goes {
            return stop(span, "leaving a loop over members");
        }
        let changed = |variable: &Variable| {
            let (before, after) = (outside.get(*variable), self.memory.get(*variable));
            before.is_some() && before != after
        };
        let public = code.iter().all(Op::may_stand_in_a_body);
        if self.memory.written.iter().any(changed) || !public {
            return stop(span, "a loop over members that does more than storing");
        }
        self.memory = outside;
        let group = index(group)?;
        self.registers.emit(Op::EachMember { dst, group });
        code.into_iter().for_each(|op| self.registers.emit(op));
        self.registers.emit(Op::End);
        Ok(())
    }

    /// Whether all private conditions around hold; `None` when there is none.
    pub(super) fn all_active(&mut self, span: Span) -> Done<Option<Value>> {
        let mut all: Option<Value> = None;
        for bit in self.active.clone() {
            all = Some(match all {
                None => bit,
                Some(others) => (self.arithmetic(span)).truth(BinaryOp::And, &others, &bit)?,
            });
        }
        Ok(all)
    }
}

/// What both sides have put into a variable.
enum Both {
    Same(Value),
    Many(Vec<Both>),
    Maybe(Box<Both>, Box<Both>),
    Secret(Secret, Secret),
    Public(C, C),
}
