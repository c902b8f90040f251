//! Functions of single values, element by element.

use enigma_bytecode::interval::Wide;
use enigma_bytecode::model::Op;
use enigma_bytecode::ranges::MAX_LEN;
use enigma_bytecode::values;

use super::super::statement::Execution;
use super::super::value::{Secret, Value};
use super::super::{Done, stop};
use super::{Call, first_vector};
use crate::hir::{BinaryOp, Builtin, Type};
use crate::span::Span;

/// Random numbers are at most as many as this.
const MOST_UNIFORM: u64 = 1 << 30;

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
            (B::StartsWith, [text, Value::Bytes(prefix)]) if !prefix.contains(&0) => {
                self.starts_with((&call.args[0].ty, text), prefix, span)
            }
            (B::Lookup, [Value::Many(table), index]) => self.lookup(call, table, index),
            (B::Random, [Value::Known(end)]) => match u64::try_from(*end) {
                Ok(end @ 1..=MOST_UNIFORM) => self.drawn_number(end),
                _ => stop(span, "random numbers of 2^30 and more"),
            },
            (B::RandomBits, [Value::Known(count)]) => match u32::try_from(*count) {
                Ok(count) if count < 2 || (self.mapping.is_some() && count <= MAX_LEN) => {
                    let bits = (0..count).map(|_| self.drawn_number(2));
                    Ok(Value::Many(bits.collect::<Done<_>>()?))
                }
                Ok(len) if len <= MAX_LEN => {
                    let end = 2;
                    let bits = (self.registers).fresh_secret(|dst| Op::Random { dst, len, end })?;
                    self.listed(bits, len)
                }
                _ => stop(span, "so many random bits"),
            },
            _ => self.unknown(call),
        }
    }

    /// A random number below `end`, inside of a `map` over rows one for each of them. Each call draws anew.
    fn drawn_number(&mut self, end: u64) -> Done<Value> {
        let Some(rows) = self.mapping else {
            let len = 1;
            let drawn = (self.registers).fresh_secret(|dst| Op::Random { dst, len, end })?;
            return Ok(Value::scalar(drawn));
        };
        let like = rows.register;
        let register = (self.registers).fresh_secret(|dst| Op::RandomLike { dst, like, end })?;
        Ok(Value::Secret(Secret {
            register,
            vector: true,
            lifted: true,
        }))
    }

    /// Applies `f` to each element of lists.
    pub(in crate::codegen) fn one_by_one(
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
    pub(in crate::codegen) fn further(
        &mut self,
        relation: BinaryOp,
        a: &Value,
        b: &Value,
        span: Span,
    ) -> Done<Value> {
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
        if !(is_secret(a) || is_secret(b)) {
            return self.arithmetic(span).further_of_public(relation, a, b);
        }
        let further = self.arithmetic(span).compare(relation, a, b)?;
        self.arithmetic(span).select(&further, a, b)
    }

    /// Whether texts begin with the prefix: their first bytes are the lowest bits of their pieces.
    fn starts_with(
        &mut self,
        (ty, text): (&Type, &Value),
        prefix: &[u8],
        span: Span,
    ) -> Done<Value> {
        match (ty, text) {
            (Type::Rows(text_type, _), text) => {
                let found = self.starts_with((text_type, text), prefix, span)?;
                match (found, first_vector(text)) {
                    // Of any text it is so, or of none.
                    (found @ Value::Known(_), Some(rows)) => self.repeated(found, rows, span),
                    (found, _) => Ok(found),
                }
            }
            (Type::List(text_type, _), Value::Many(texts)) => {
                let found = texts
                    .iter()
                    .map(|text| self.starts_with((text_type, text), prefix, span));
                Ok(Value::Many(found.collect::<Done<_>>()?))
            }
            (Type::Text(_), Value::Bytes(text)) => {
                Ok(Value::Known(text.starts_with(prefix).into()))
            }
            (Type::Text(len), Value::Many(pieces)) if prefix.len() <= *len as usize => {
                let (mut own, mut wanted) = (Vec::new(), Vec::new());
                let mut left = 8 * prefix.len() as u32;
                let known = values::limbs(prefix, *len).into_iter().map(Value::Known);
                for ((piece, known), bits) in pieces.iter().zip(known).zip(values::limb_bits(*len))
                {
                    if left == 0 {
                        break;
                    }
                    let used = left.min(bits);
                    left -= used;
                    own.push(if used == bits {
                        piece.clone()
                    } else {
                        self.arithmetic(span).modulo(piece, used as u8)?
                    });
                    wanted.push(known);
                }
                self.equal_keys(&own, &wanted, span)
            }
            (Type::Text(_), Value::Many(_)) => Ok(Value::Known(0)),
            _ => stop(span, "the beginning of this text"),
        }
    }

    fn each_compare(&mut self, op: BinaryOp, a: &Value, b: &Value, span: Span) -> Done<Value> {
        self.one_by_one(a, &mut |this, a| this.arithmetic(span).compare(op, a, b))
    }

    fn function(&mut self, call: &Call, value: &Value) -> Done<Value> {
        let (builtin, span, fraction) = (call.builtin, call.span, call.fraction(0));
        let not_negative = self
            .range(&call.args[0])
            .is_some_and(|range| range.low >= 0);
        // The root of a negative number is 0.
        let lifted = builtin == Builtin::Sqrt && !not_negative;
        self.one_by_one(value, &mut |this, value| {
            let mut value = value.clone();
            if lifted {
                value = this.further(BinaryOp::Greater, &value, &Value::Known(0), span)?;
            }
            let secret = this.arithmetic(span).secret(&value)?;
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

    /// An element of a list at a place that may be private; 0 outside.
    fn lookup(&mut self, call: &Call, table: &[Value], place: &Value) -> Done<Value> {
        let span = call.span;
        if let Value::Known(_) = place {
            return self.element(table, place, call.ty, span);
        }
        let (Some(range), Ok(len)) = (self.range(&call.args[1]), i64::try_from(table.len())) else {
            return self.unknown(call);
        };
        if len == 0 || matches!(call.args[0].ty, Type::Rows(..)) {
            return stop(span, "`lookup` in these rows");
        }
        let element = call.args[0].ty.element().unwrap_or(call.ty);
        self.one_by_one(place, &mut |this, place| match place {
            Value::Secret(place) => {
                let (place, inside) = this.placed(*place, range, len, span)?;
                let found = this.looked_up(table, place, span)?;
                this.or_zero(&inside, found, span)
            }
            place => this.element(table, place, element, span),
        })
    }

    /// A place that is brought inside of a list, and whether it was there.
    fn placed(
        &mut self,
        place: Secret,
        range: Wide,
        len: i64,
        span: Span,
    ) -> Done<(Secret, Value)> {
        let (mut moved, mut inside) = (Value::Secret(place), Value::Known(1));
        for (outside, inner, outer, end) in [
            (range.low < 0, BinaryOp::GreaterEqual, BinaryOp::Greater, 0),
            (
                range.high >= len.into(),
                BinaryOp::LessEqual,
                BinaryOp::Less,
                len - 1,
            ),
        ] {
            if outside {
                let end = Value::Known(end);
                let fits = (self.arithmetic(span)).compare(inner, &Value::Secret(place), &end)?;
                inside = self.arithmetic(span).truth(BinaryOp::And, &inside, &fits)?;
                moved = self.further(outer, &moved, &end, span)?;
            }
        }
        match moved {
            Value::Secret(moved) => Ok((moved, inside)),
            _ => stop(span, "this place"),
        }
    }

    /// The entry at a place inside of the list, part by part.
    fn looked_up(&mut self, table: &[Value], place: Secret, span: Span) -> Done<Value> {
        let part = |of: &dyn Fn(&Value) -> Option<Value>| {
            let parts = table.iter().map(of).collect::<Option<Vec<Value>>>();
            parts.map_or_else(|| stop(span, "a list of these values"), Ok)
        };
        match table.first() {
            Some(Value::Many(parts)) => {
                let mut found = Vec::new();
                for k in 0..parts.len() {
                    let column = part(&|entry| match entry {
                        Value::Many(parts) => parts.get(k).cloned(),
                        _ => None,
                    })?;
                    found.push(self.looked_up(&column, place, span)?);
                }
                Ok(Value::Many(found))
            }
            Some(Value::Maybe(..)) => {
                let there = part(&|entry| match entry {
                    Value::Maybe(there, _) => Some((**there).clone()),
                    _ => None,
                })?;
                let content = part(&|entry| match entry {
                    Value::Maybe(_, content) => Some((**content).clone()),
                    _ => None,
                })?;
                let there = self.looked_up(&there, place, span)?;
                let content = self.looked_up(&content, place, span)?;
                Ok(Value::Maybe(Box::new(there), Box::new(content)))
            }
            Some(Value::Bytes(_)) => stop(span, "a list of bytes that everyone knows"),
            // Of lists with a value for each row, too.
            _ if table.iter().any(|entry| entry.any(&is_vector)) => {
                let mut found = Value::Known(0);
                for (k, entry) in (0..).zip(table) {
                    self.step()?;
                    let mut arithmetic = self.arithmetic(span);
                    let place = Value::Secret(place);
                    let here = arithmetic.compare(BinaryOp::Equal, &place, &Value::Known(k))?;
                    let there = arithmetic.number(BinaryOp::Mul, &here, entry)?;
                    found = arithmetic.number(BinaryOp::Add, &found, &there)?;
                }
                Ok(found)
            }
            _ => {
                let table = self.vector(&Value::Many(table.to_vec()), span)?.register;
                let index = place.register;
                (self.arithmetic(span)).mapped(place, |dst| Op::Lookup { dst, table, index })
            }
        }
    }

    /// What was found, zeros where the place was outside.
    fn or_zero(&mut self, inside: &Value, found: Value, span: Span) -> Done<Value> {
        match found {
            _ if *inside == Value::Known(1) => Ok(found),
            Value::Many(parts) => {
                let parts = parts
                    .into_iter()
                    .map(|part| self.or_zero(inside, part, span));
                Ok(Value::Many(parts.collect::<Done<_>>()?))
            }
            Value::Maybe(there, content) => {
                let there = self.or_zero(inside, *there, span)?;
                let content = self.or_zero(inside, *content, span)?;
                Ok(Value::Maybe(Box::new(there), Box::new(content)))
            }
            found => (self.arithmetic(span)).select(inside, &found, &Value::Known(0)),
        }
    }
}

fn is_vector(value: &Value) -> bool {
    matches!(value, Value::Secret(secret) if secret.vector)
}
