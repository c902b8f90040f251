//! Operations on values, element by element; what is known is computed here. What comes from private values
//! stays in a register, also where it could be known, like `x && false`: the manifest names its sources.

use enigma_bytecode::model::{Op, PublicOp, Relation, S};

use super::registers::Registers;
use super::value::{Secret, Value};
use super::{Done, stop};
use crate::hir::BinaryOp;
use crate::span::Span;

/// Emits operations; `span` is where messages point.
pub(super) struct Arithmetic<'a> {
    pub(super) registers: &'a mut Registers,
    pub(super) span: Span,
}

impl Arithmetic<'_> {
    fn stop<T>(&self, what: &str) -> Done<T> {
        stop(self.span, what)
    }

    fn made(&mut self, like: &[Secret], op: impl Fn(S) -> Op) -> Done<Value> {
        let register = self.registers.secret(op)?;
        Ok(Value::Secret(Secret {
            register,
            vector: like.iter().any(|secret| secret.vector),
            lifted: like.iter().any(|secret| secret.lifted),
        }))
    }

    /// Like a function from secret to secret that keeps extent and mark.
    pub(super) fn mapped(&mut self, of: Secret, op: impl Fn(S) -> Op) -> Done<Value> {
        self.made(&[of], op)
    }

    /// A single value of a whole vector.
    pub(super) fn reduced(&mut self, of: Secret, op: impl Fn(S) -> Op) -> Done<Value> {
        let register = self.registers.secret(op)?;
        Ok(Value::Secret(Secret {
            register,
            vector: false,
            ..of
        }))
    }

    /// A known value in a secret register, as long as `like` is.
    pub(super) fn hidden(&mut self, value: i64, like: Secret) -> Done<Secret> {
        let zero = self.registers.constant(0)?;
        let (dst_zero, b) = (like.register, zero);
        let zeros = self.registers.secret(|dst| Op::MulPublic {
            dst,
            a: dst_zero,
            b,
        })?;
        let value = self.registers.constant(value)?;
        let register = self.registers.secret(|dst| Op::AddPublic {
            dst,
            a: zeros,
            b: value,
        })?;
        Ok(Secret { register, ..like })
    }

    /// `a op b` of numbers.
    pub(super) fn number(&mut self, op: BinaryOp, a: &Value, b: &Value) -> Done<Value> {
        use Value::{Known, Public};
        match (a, b) {
            (Known(x), Known(y)) => match folded(op, *x, *y) {
                Some(value) => Ok(Known(value)),
                None => self.stop("a constant beyond 64 bits"),
            },
            (Known(_) | Public(_), Known(_) | Public(_)) => {
                let op = match op {
                    BinaryOp::Add => PublicOp::Add,
                    BinaryOp::Sub => PublicOp::Sub,
                    BinaryOp::Mul => PublicOp::Mul,
                    BinaryOp::Div => PublicOp::Div,
                    BinaryOp::Rem => return self.remainder(a, b),
                    _ => return self.stop("this operator on public numbers"),
                };
                let (a, b) = (self.public(a)?, self.public(b)?);
                let register = self.registers.public(|dst| Op::Public { dst, op, a, b })?;
                Ok(Public(register))
            }
            _ => match op {
                BinaryOp::Add => self.add(a, b),
                BinaryOp::Sub => self.subtract(a, b),
                BinaryOp::Mul => self.multiply(a, b),
                BinaryOp::Div => self.divide(a, b),
                BinaryOp::Rem => self.remainder(a, b),
                _ => self.stop("this operator on private numbers"),
            },
        }
    }

    fn public(&mut self, value: &Value) -> Done<enigma_bytecode::model::C> {
        match value {
            Value::Known(value) => self.registers.constant(*value),
            Value::Public(register) => Ok(*register),
            _ => self.stop("this value"),
        }
    }

    fn add(&mut self, a: &Value, b: &Value) -> Done<Value> {
        match (a, b) {
            (Value::Secret(x), Value::Secret(y)) => {
                let (a, b) = (x.register, y.register);
                self.made(&[*x, *y], |dst| Op::Add { dst, a, b })
            }
            (Value::Secret(x), public) | (public, Value::Secret(x)) => {
                let (a, b) = (x.register, self.public(public)?);
                self.made(&[*x], |dst| Op::AddPublic { dst, a, b })
            }
            _ => self.stop("this sum"),
        }
    }

    fn subtract(&mut self, a: &Value, b: &Value) -> Done<Value> {
        match (a, b) {
            (Value::Secret(x), Value::Secret(y)) => {
                let (a, b) = (x.register, y.register);
                self.made(&[*x, *y], |dst| Op::Sub { dst, a, b })
            }
            (_, Value::Secret(_)) => {
                let minus = self.negate(b)?;
                self.add(&minus, a)
            }
            _ => {
                let minus = self.negate(b)?;
                self.add(a, &minus)
            }
        }
    }

    fn multiply(&mut self, a: &Value, b: &Value) -> Done<Value> {
        match (a, b) {
            (Value::Secret(x), Value::Secret(y)) => {
                let (a, b) = (x.register, y.register);
                self.made(&[*x, *y], |dst| Op::Mul { dst, a, b })
            }
            (Value::Secret(x), public) | (public, Value::Secret(x)) => {
                let (a, b) = (x.register, self.public(public)?);
                self.made(&[*x], |dst| Op::MulPublic { dst, a, b })
            }
            _ => self.stop("this product"),
        }
    }

    fn divide(&mut self, a: &Value, b: &Value) -> Done<Value> {
        match (a, b) {
            (Value::Secret(x), Value::Secret(y)) => {
                let (a, b) = (x.register, y.register);
                self.made(&[*x, *y], |dst| Op::Div { dst, a, b })
            }
            (Value::Secret(x), public) => {
                let (a, b) = (x.register, self.public(public)?);
                self.made(&[*x], |dst| Op::DivPublic { dst, a, b })
            }
            (Value::Known(value), Value::Secret(y)) => {
                let x = self.hidden(*value, *y)?;
                self.divide(&Value::Secret(x), b)
            }
            _ => self.stop("the quotient of a number of rows by a private value"),
        }
    }

    /// a - (a / b) b, which is a - 0 for a divisor 0, so that 0 is chosen there: refused unless the divisor
    /// is known.
    fn remainder(&mut self, a: &Value, b: &Value) -> Done<Value> {
        match b {
            Value::Known(0) => self.number(BinaryOp::Mul, a, b),
            Value::Known(_) => {
                let quotient = self.number(BinaryOp::Div, a, b)?;
                let multiple = self.number(BinaryOp::Mul, &quotient, b)?;
                self.number(BinaryOp::Sub, a, &multiple)
            }
            _ => self.stop("`%` by a value that is not a constant"),
        }
    }

    /// `-a`.
    pub(super) fn negate(&mut self, a: &Value) -> Done<Value> {
        if let Value::Public(register) = a
            && let Some(value) = self.registers.constant_in(*register)
        {
            return self.negate(&Value::Known(value));
        }
        match a {
            Value::Secret(_) => self.multiply(a, &Value::Known(-1)),
            _ => self.number(BinaryOp::Sub, &Value::Known(0), a),
        }
    }

    /// `1 - a`, of a truth value.
    pub(super) fn not(&mut self, a: &Value) -> Done<Value> {
        self.number(BinaryOp::Sub, &Value::Known(1), a)
    }

    /// `a && b`, `a || b`, and whether truth values are equal or not.
    pub(super) fn truth(&mut self, op: BinaryOp, a: &Value, b: &Value) -> Done<Value> {
        match op {
            BinaryOp::And | BinaryOp::BitAnd => match (a, b) {
                (Value::Known(1), other) | (other, Value::Known(1)) => Ok(other.clone()),
                _ => self.number(BinaryOp::Mul, a, b),
            },
            BinaryOp::Or | BinaryOp::BitOr => {
                let (a, b) = (self.not(a)?, self.not(b)?);
                let neither = self.truth(BinaryOp::And, &a, &b)?;
                self.not(&neither)
            }
            BinaryOp::NotEqual | BinaryOp::BitXor => self.differ(a, b),
            BinaryOp::Equal => {
                let differ = self.differ(a, b)?;
                self.not(&differ)
            }
            _ => self.stop("this operator on truth values"),
        }
    }

    /// Whether two truth values differ: the square of their difference. Beside a known one nothing is
    /// squared: it is the other value or its negation.
    fn differ(&mut self, a: &Value, b: &Value) -> Done<Value> {
        match (a, b) {
            (Value::Known(0), other) | (other, Value::Known(0)) => Ok(other.clone()),
            (Value::Known(_), other) | (other, Value::Known(_)) => self.not(other),
            _ => {
                let difference = self.number(BinaryOp::Sub, a, b)?;
                self.number(BinaryOp::Mul, &difference, &difference)
            }
        }
    }

    /// A comparison of numbers. There are opcodes for three relations; the others are their negations.
    pub(super) fn compare(&mut self, op: BinaryOp, a: &Value, b: &Value) -> Done<Value> {
        if let (Value::Known(x), Value::Known(y)) = (a, b) {
            return Ok(Value::Known(compared(op, *x, *y).into()));
        }
        let (relation, negated) = match op {
            BinaryOp::Less => (Relation::Less, false),
            BinaryOp::GreaterEqual => (Relation::Less, true),
            BinaryOp::Greater => (Relation::Greater, false),
            BinaryOp::LessEqual => (Relation::Greater, true),
            BinaryOp::Equal => (Relation::Equal, false),
            _ => (Relation::Equal, true),
        };
        let swapped = match relation {
            Relation::Less => Relation::Greater,
            Relation::Equal => Relation::Equal,
            Relation::Greater => Relation::Less,
        };
        let holds = match (a, b) {
            (Value::Secret(x), Value::Secret(y)) => {
                let (a, b) = (x.register, y.register);
                self.made(&[*x, *y], |dst| Op::Compare {
                    dst,
                    relation,
                    a,
                    b,
                })?
            }
            (Value::Secret(x), public) => {
                let (a, b) = (x.register, self.public(public)?);
                self.made(&[*x], |dst| Op::ComparePublic {
                    dst,
                    relation,
                    a,
                    b,
                })?
            }
            (public, Value::Secret(x)) => {
                let (a, b) = (x.register, self.public(public)?);
                self.made(&[*x], |dst| Op::ComparePublic {
                    dst,
                    relation: swapped,
                    a,
                    b,
                })?
            }
            _ => return self.stop("a comparison of numbers of rows"),
        };
        if negated { self.not(&holds) } else { Ok(holds) }
    }

    /// `bit ? a : b`, of equal shape.
    pub(super) fn select(&mut self, bit: &Value, a: &Value, b: &Value) -> Done<Value> {
        let bit = match bit {
            Value::Known(0) => return Ok(b.clone()),
            Value::Known(_) => return Ok(a.clone()),
            Value::Secret(bit) => *bit,
            _ => return self.stop("a choice by a number of rows"),
        };
        if let (Value::Secret(x), true) = (a, a == b)
            && (x.vector || !bit.vector)
        {
            // The same register is the same value: nothing of it comes from the bit.
            return Ok(a.clone());
        }
        let of = Value::Secret(bit);
        match (a, b) {
            (Value::Many(a), Value::Many(b)) if a.len() == b.len() => {
                let parts = a.iter().zip(b).map(|(a, b)| self.select(&of, a, b));
                Ok(Value::Many(parts.collect::<Done<_>>()?))
            }
            (Value::Known(x), Value::Known(y)) => {
                let Some(step) = x.checked_sub(*y) else {
                    return self.stop("a choice between these constants");
                };
                let gain = self.multiply(&of, &Value::Known(step))?;
                self.add(&gain, b)
            }
            (Value::Secret(_) | Value::Known(_), Value::Secret(_) | Value::Known(_)) => {
                let then = self.shared(a, bit)?;
                let otherwise = self.shared(b, bit)?;
                let all = [bit, then, otherwise];
                let [bit, then, otherwise] = all.map(|secret| secret.register);
                self.made(&all, |dst| Op::Select {
                    dst,
                    bit,
                    then,
                    otherwise,
                })
            }
            _ => self.stop("a private choice between values of this kind"),
        }
    }

    /// A value in a secret register; a known one as long as `like` is.
    fn shared(&mut self, value: &Value, like: Secret) -> Done<Secret> {
        match value {
            Value::Secret(secret) => Ok(*secret),
            Value::Known(value) => self.hidden(*value, like),
            _ => self.stop("this value under a private condition"),
        }
    }
}

fn folded(op: BinaryOp, a: i64, b: i64) -> Option<i64> {
    match op {
        BinaryOp::Add => a.checked_add(b),
        BinaryOp::Sub => a.checked_sub(b),
        BinaryOp::Mul => a.checked_mul(b),
        BinaryOp::Div | BinaryOp::Rem if b == 0 => Some(0),
        BinaryOp::Div => a.checked_div(b),
        BinaryOp::Rem => a.checked_rem(b),
        BinaryOp::BitAnd => Some(a & b),
        BinaryOp::BitOr => Some(a | b),
        BinaryOp::BitXor => Some(a ^ b),
        BinaryOp::Shl => 1_i64
            .checked_shl(u32::try_from(b).ok()?)
            .and_then(|power| a.checked_mul(power)),
        BinaryOp::Shr => Some(a >> u32::try_from(b).ok()?.min(63)),
        _ => None,
    }
}

fn compared(op: BinaryOp, a: i64, b: i64) -> bool {
    match op {
        BinaryOp::Less => a < b,
        BinaryOp::LessEqual => a <= b,
        BinaryOp::Greater => a > b,
        BinaryOp::GreaterEqual => a >= b,
        BinaryOp::Equal => a == b,
        _ => a != b,
    }
}
