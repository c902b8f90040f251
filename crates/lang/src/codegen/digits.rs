//! Numbers and their bits: bitwise operators, shifts, remainders of powers of two.

use enigma_bytecode::model::{BitOp, Op, S};

use super::Done;
use super::arithmetic::Arithmetic;
use super::value::{Secret, Value};
use crate::hir::BinaryOp;

/// Most bits that are cut off at once, over both fields. Values of the small one have no more.
const MOST_PLACES: u8 = 59;

/// Bits that are cut off a public number at once: 2 to this power, and twice as much, is far from 2^63.
const FEW_PLACES: u8 = 31;

impl Arithmetic<'_> {
    /// `a & b`, `a | b`, `a ^ b` of numbers that are not negative.
    pub(super) fn bitwise(&mut self, op: BinaryOp, a: &Value, b: &Value) -> Done<Value> {
        let op = match op {
            BinaryOp::BitAnd => BitOp::And,
            BinaryOp::BitOr => BitOp::Or,
            _ => BitOp::Xor,
        };
        match (a, b) {
            (Value::Known(x), Value::Known(y)) => Ok(Value::Known(op.apply(*x, *y))),
            (Value::Secret(x), Value::Secret(y)) => {
                let (a, b) = (x.register, y.register);
                self.made(&[*x, *y], |dst| Op::Bitwise { dst, op, a, b })
            }
            (Value::Secret(x), public) | (public, Value::Secret(x)) => {
                let (a, b) = (x.register, self.public(public)?);
                self.made(&[*x], |dst| Op::BitwisePublic { dst, op, a, b })
            }
            _ => self.stop("this operator on public numbers"),
        }
    }

    /// `a >> places`, toward minus infinity.
    pub(super) fn shift_right(&mut self, a: &Value, places: u8) -> Done<Value> {
        // Beyond 63 nothing but the sign is left.
        let mut left = places.min(63);
        let mut value = a.clone();
        while left > 0 {
            value = match &value {
                Value::Known(known) => return Ok(Value::Known(known >> left)),
                Value::Secret(secret) => {
                    let (a, bits) = (secret.register, left.min(MOST_PLACES));
                    left -= bits;
                    self.mapped(*secret, |dst| Op::ShiftRight { dst, a, bits })?
                }
                public => {
                    let bits = left.min(FEW_PLACES);
                    left -= bits;
                    let low = self.modulo(public, bits)?;
                    let whole = self.number(BinaryOp::Sub, public, &low)?;
                    self.number(BinaryOp::Div, &whole, &Value::Known(1 << bits))?
                }
            };
        }
        Ok(value)
    }

    /// `a` modulo 2^`bits`, from 0 on, also of a negative number. `bits`: of a public number at most 32.
    pub(super) fn modulo(&mut self, a: &Value, bits: u8) -> Done<Value> {
        let size = 1_i64 << bits;
        match a {
            Value::Known(known) => Ok(Value::Known(known.rem_euclid(size))),
            Value::Secret(secret) => {
                let a = secret.register;
                self.mapped(*secret, |dst| Op::Remainder { dst, a, bits })
            }
            public => {
                let size = Value::Known(size);
                let rest = self.number(BinaryOp::Rem, public, &size)?;
                let positive = self.number(BinaryOp::Add, &rest, &size)?;
                self.number(BinaryOp::Rem, &positive, &size)
            }
        }
    }

    /// The lowest bits of a number that is not negative, the lowest first. `width`: those of a private number that may
    /// be 1.
    pub(super) fn bits(&mut self, a: &Value, count: u32, width: u32) -> Done<Value> {
        let bits = match a {
            Value::Known(known) => (0..count)
                .map(|k| Value::Known(known >> k.min(63) & 1))
                .collect(),
            Value::Secret(secret) => self.private_bits(*secret, count, width)?,
            public => {
                let mut rest = public.clone();
                let mut bits = Vec::new();
                for _ in 0..count.min(width) {
                    bits.push(self.number(BinaryOp::Rem, &rest, &Value::Known(2))?);
                    rest = self.number(BinaryOp::Div, &rest, &Value::Known(2))?;
                }
                bits.resize(count as usize, Value::Known(0));
                bits
            }
        };
        Ok(Value::Many(bits))
    }

    fn private_bits(&mut self, of: Secret, count: u32, width: u32) -> Done<Vec<Value>> {
        let (a, width) = (of.register, count.min(width) as u8);
        let S(first) = self
            .registers
            .secrets(width.into(), |dst| Op::Bits { dst, a, width })?;
        let bit = |place: u16| {
            let register = S(first.saturating_add(place));
            Value::Secret(Secret { register, ..of })
        };
        let mut bits: Vec<Value> = (0..u16::from(width)).map(bit).collect();
        // What is 0 for sure comes from the number, too.
        let zero = self.hidden(0, of)?;
        bits.resize(count as usize, Value::Secret(zero));
        Ok(bits)
    }
}
