//! Sets and keys.

use enigma_bytecode::model::{Op, S};

use super::super::statement::Execution;
use super::super::value::{Secret, Value};
use super::super::{Done, stop};
use super::Call;
use crate::hir::{BinaryOp, Builtin, Type};
use crate::span::Span;

/// A vector of keys: their pieces, and which of them are there, if some may be missing.
struct Keys {
    pieces: Vec<S>,
    there: Option<Value>,
    like: Secret,
}

/// Whether it is a vector that stands for all rows at once.
fn is_whole(value: &Value) -> bool {
    matches!(value, Value::Secret(secret) if secret.vector && !secret.lifted)
}

impl Execution<'_> {
    pub(super) fn sets(&mut self, call: &Call) -> Done<Value> {
        use Builtin as B;
        let span = call.span;
        match (call.builtin, &call.values[..]) {
            (B::Distinct, [all]) => {
                let (all, len) = self.side_by_side(all, &call.args[0].ty, span)?;
                let keys = self.keys(&all, span)?;
                if keys.there.is_some() {
                    return self.unknown(call);
                }
                let first = self.firsts(&keys)?;
                self.one_after_the_other(Value::Maybe(Box::new(first), Box::new(all)), len)
            }
            (B::Psi | B::PsiCount, [a, b]) => {
                let (a, len) = self.side_by_side(a, &call.args[0].ty, span)?;
                let (b, _) = self.side_by_side(b, &call.args[1].ty, span)?;
                let (found, _) = self.join(&a, &b, &[], span)?;
                match call.builtin {
                    B::Psi => self.one_after_the_other(found, len),
                    _ => self.sum(&found, span),
                }
            }
            (B::Join, [a, b, values]) => {
                let (a, len) = self.side_by_side(a, &call.args[0].ty, span)?;
                let (b, _) = self.side_by_side(b, &call.args[1].ty, span)?;
                let (values, _) = self.side_by_side(values, &call.args[2].ty, span)?;
                let mut columns = Vec::new();
                let plain = values.clone().leaves(&mut |leaf| {
                    columns.push(leaf.clone());
                    leaf
                });
                let (found, brought) = self.join(&a, &b, &columns, span)?;
                let mut brought = brought.into_iter();
                let value = plain.leaves(&mut |_| brought.next().unwrap_or(Value::Known(0)));
                let found = Value::Maybe(Box::new(found), Box::new(value));
                self.one_after_the_other(found, len)
            }
            // For each row, whether it is in the whole of others.
            (B::Contains, [all, one]) if one.is_lifted() && all.any(&is_whole) => {
                let one = one.clone().with_lifted(false);
                let (found, _) = self.join(&one, all, &[], span)?;
                let found = self.or_both_missing(found, (&one, all), span)?;
                Ok(found.with_lifted(true))
            }
            (B::Contains, [all, one]) => {
                let inner = match &call.args[0].ty {
                    Type::Rows(row, _) | Type::List(row, _) => (**row).clone(),
                    _ => return self.unknown(call),
                };
                let pair = ((&call.args[0].ty, all), (&inner, one));
                let hits = self.binary(BinaryOp::Equal, pair.0, pair.1, span)?;
                let count = self.sum(&hits, span)?;
                (self.arithmetic(span)).compare(BinaryOp::Greater, &count, &Value::Known(0))
            }
            _ => self.unknown(call),
        }
    }

    /// A value that is missing is found where one is missing, too.
    fn or_both_missing(
        &mut self,
        found: Value,
        (one, all): (&Value, &Value),
        span: Span,
    ) -> Done<Value> {
        let (Value::Maybe(one, _), Value::Maybe(all, _)) = (one, all) else {
            return Ok(found);
        };
        let of_all = self.arithmetic(span).not(all)?;
        let count = self.sum(&of_all, span)?;
        let mut arithmetic = self.arithmetic(span);
        let any = arithmetic.compare(BinaryOp::Greater, &count, &Value::Known(0))?;
        let missing = arithmetic.not(one)?;
        let both = arithmetic.truth(BinaryOp::And, &missing, &any)?;
        arithmetic.truth(BinaryOp::Or, &found, &both)
    }

    fn keys(&mut self, value: &Value, span: Span) -> Done<Keys> {
        let (there, value) = match value {
            Value::Maybe(there, value) => (Some((**there).clone()), &**value),
            value => (None, value),
        };
        let mut leaves = Vec::new();
        value.clone().leaves(&mut |leaf| {
            leaves.push(leaf.clone());
            leaf
        });
        let mut pieces = Vec::new();
        let mut like = None;
        for leaf in leaves {
            let secret = self.vector(&leaf, span)?;
            pieces.push(secret.register);
            like = Some(secret);
        }
        match like {
            Some(like) => Ok(Keys {
                pieces,
                there,
                like,
            }),
            None => stop(span, "keys without a part"),
        }
    }

    /// Which keys are the first of their equals.
    fn firsts(&mut self, keys: &Keys) -> Done<Value> {
        let register = (self.registers).secret(|dst| Op::Distinct {
            dst,
            keys: keys.pieces.clone(),
        })?;
        Ok(Value::Secret(Secret {
            register,
            ..keys.like
        }))
    }

    /// For each key of `a` whether it is among those of `b`, and what `columns` have where it stands first there.
    fn join(
        &mut self,
        a: &Value,
        b: &Value,
        columns: &[Value],
        span: Span,
    ) -> Done<(Value, Vec<Value>)> {
        let (left, right) = (self.keys(a, span)?, self.keys(b, span)?);
        // The template wants different keys.
        let valid = match (&right.there, columns.is_empty()) {
            (Some(there), true) => there.clone(),
            (None, _) => self.firsts(&right)?,
            (Some(_), false) => {
                return stop(span, "a join with keys that may be missing");
            }
        };
        let Value::Secret(valid) = valid else {
            return stop(span, "keys of which some are known to be missing");
        };
        let mut brought = Vec::new();
        for column in columns {
            brought.push(self.vector(column, span)?.register);
        }
        let count = 1 + columns.len();
        let register = self.registers.secrets(count, |dst| Op::Join {
            dst,
            left: left.pieces.clone(),
            right: right.pieces.clone(),
            valid: valid.register,
            columns: brought.clone(),
        })?;
        let result = |k: usize| {
            Value::Secret(Secret {
                register: S(register.0.saturating_add(k as u16)),
                ..left.like
            })
        };
        let found = match &left.there {
            Some(there) => (self.arithmetic(span)).truth(BinaryOp::And, there, &result(0))?,
            None => result(0),
        };
        Ok((found, (1..count).map(result).collect()))
    }
}
