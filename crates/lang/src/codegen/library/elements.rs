//! Functions of single values, element by element.

use enigma_bytecode::model::Op;

use super::super::statement::Execution;
use super::super::value::{Secret, Value};
use super::super::{Done, stop};
use super::Call;
use crate::hir::{BinaryOp, Builtin, Type};
use crate::span::Span;

impl Execution<'_> {
    pub(super) fn elements(&mut self, call: &Call) -> Done<Value> {
        use Builtin as B;
        let span = call.span;
        match (call.builtin, &call.values[..]) {
            (B::Max2, [a, b]) => self.further(BinaryOp::Greater, a, b, span),
            (B::Min2, [a, b]) => self.further(BinaryOp::Less, a, b, span),
            (B::Clamp, [value, low, high]) => {
                let value = self.further(BinaryOp::Less, value, high, span)?;
                self.further(BinaryOp::Greater, &value, low, span)
            }
            (B::Abs, [value]) => self.one_by_one(value, &mut |this, value| match value {
                Value::Known(number) => match number.checked_abs() {
                    Some(number) => Ok(Value::Known(number)),
                    None => stop(span, "this magnitude"),
                },
                Value::Secret(secret) => {
                    let a = secret.register;
                    (this.arithmetic(span)).mapped(*secret, |dst| Op::Absolute { dst, a })
                }
                _ => {
                    let minus = this.arithmetic(span).negate(value)?;
                    this.further(BinaryOp::Greater, value, &minus, span)
                }
            }),
            (B::Sqrt | B::Exp | B::Ln | B::Sigmoid, [value]) => self.function(call, value),
            (B::CheckedDiv, [a, b]) => {
                let zero = Value::Known(0);
                let there = self.each_compare(BinaryOp::NotEqual, b, &zero, span)?;
                let types = (&call.args[0].ty, &call.args[1].ty);
                let value = self.binary(BinaryOp::Div, (types.0, a), (types.1, b), span)?;
                Ok(Value::Maybe(Box::new(there), Box::new(value)))
            }
            (B::IsSome, [Value::Maybe(there, _)]) => Ok((**there).clone()),
            (B::Or, [Value::Maybe(there, value), otherwise]) => {
                self.arithmetic(span).select(there, value, otherwise)
            }
            (B::Lookup, [Value::Many(table), index]) => self.lookup(call, table, index),
            (B::Random, [Value::Known(end)]) => {
                let Ok(end @ 1..) = u64::try_from(*end) else {
                    return self.unknown(call);
                };
                // Each call draws anew.
                self.draws += 1;
                if self.draws > 1 {
                    return stop(span, "several random numbers");
                }
                self.reduced(|dst| Op::Random { dst, len: 1, end })
            }
            _ => self.unknown(call),
        }
    }

    /// Applies `f` to each element of lists.
    fn one_by_one(
        &mut self,
        value: &Value,
        f: &mut impl FnMut(&mut Self, &Value) -> Done<Value>,
    ) -> Done<Value> {
        match value {
            Value::Many(parts) => {
                let parts = parts.iter().map(|part| self.one_by_one(part, f));
                Ok(Value::Many(parts.collect::<Done<_>>()?))
            }
            single => f(self, single),
        }
    }

    /// The one of both that stands to the other in the relation.
    fn further(&mut self, relation: BinaryOp, a: &Value, b: &Value, span: Span) -> Done<Value> {
        match (a, b) {
            (Value::Many(x), Value::Many(y)) if x.len() == y.len() => {
                let parts = x
                    .iter()
                    .zip(y)
                    .map(|(a, b)| self.further(relation, a, b, span));
                return Ok(Value::Many(parts.collect::<Done<_>>()?));
            }
            (Value::Many(x), _) => {
                let parts = x.iter().map(|a| self.further(relation, a, b, span));
                return Ok(Value::Many(parts.collect::<Done<_>>()?));
            }
            (_, Value::Many(y)) => {
                let parts = y.iter().map(|b| self.further(relation, a, b, span));
                return Ok(Value::Many(parts.collect::<Done<_>>()?));
            }
            _ => {}
        }
        let is_number = |value: &Value| matches!(value, Value::Secret(_) | Value::Known(_));
        let is_secret = |value: &Value| matches!(value, Value::Secret(_));
        if is_number(a) && is_number(b) && (is_secret(a) || is_secret(b)) {
            // Nodes see from one operation that the result lies on this side of a bound.
            let (x, y) = (
                self.arithmetic(span).secret(a)?,
                self.arithmetic(span).secret(b)?,
            );
            let like = Secret {
                vector: x.vector || y.vector,
                lifted: x.lifted || y.lifted,
                ..x
            };
            let (a, b) = (x.register, y.register);
            return self.arithmetic(span).mapped(like, |dst| match relation {
                BinaryOp::Greater => Op::Larger { dst, a, b },
                _ => Op::Smaller { dst, a, b },
            });
        }
        let further = self.arithmetic(span).compare(relation, a, b)?;
        self.arithmetic(span).select(&further, a, b)
    }

    fn each_compare(&mut self, op: BinaryOp, a: &Value, b: &Value, span: Span) -> Done<Value> {
        self.one_by_one(a, &mut |this, a| this.arithmetic(span).compare(op, a, b))
    }

    fn function(&mut self, call: &Call, value: &Value) -> Done<Value> {
        let (builtin, span, fraction) = (call.builtin, call.span, call.fraction(0));
        let not_negative = self
            .range(&call.args[0])
            .is_some_and(|range| range.low >= 0);
        if builtin == Builtin::Sqrt && !not_negative {
            return stop(span, "the root of a number that may be negative");
        }
        self.one_by_one(value, &mut |this, value| {
            let secret = this.arithmetic(span).secret(value)?;
            let a = secret.register;
            let op = |dst| match (builtin, fraction) {
                (Builtin::Sqrt, None) => Some(Op::SquareRoot { dst, a }),
                (Builtin::Sqrt, Some(bits)) => Some(Op::SquareRootFixed { dst, a, bits }),
                (Builtin::Exp, Some(bits)) => Some(Op::Exp { dst, a, bits }),
                (Builtin::Ln, Some(bits)) => Some(Op::Ln { dst, a, bits }),
                (Builtin::Sigmoid, Some(bits)) => Some(Op::Logistic { dst, a, bits }),
                _ => None,
            };
            match op(enigma_bytecode::model::S(0)) {
                Some(_) => (this.arithmetic(span))
                    .mapped(secret, |dst| op(dst).unwrap_or(Op::SquareRoot { dst, a })),
                None => stop(span, "this function of these values"),
            }
        })
    }

    /// An element of a list of single values at a place that may be private; 0 outside.
    fn lookup(&mut self, call: &Call, table: &[Value], place: &Value) -> Done<Value> {
        let span = call.span;
        if let Value::Known(place) = place {
            let part = usize::try_from(*place).ok().and_then(|k| table.get(k));
            return match part {
                Some(part) => Ok(part.clone()),
                None => self.zero(call.ty, span),
            };
        }
        let inside = self.range(&call.args[1]).is_some_and(|range| {
            range.low >= 0 && range.high < i128::try_from(table.len()).unwrap_or(i128::MAX)
        });
        let Value::Secret(secret) = place else {
            return self.unknown(call);
        };
        if !inside || matches!(call.args[0].ty, Type::Rows(..)) {
            return stop(span, "`lookup` at places that may lie outside");
        }
        let table = self.vector(&Value::Many(table.to_vec()), span)?.register;
        let index = secret.register;
        (self.arithmetic(span)).mapped(*secret, |dst| Op::Lookup { dst, table, index })
    }
}
