//! Operations on values, element by element; what is known is computed here. What comes from private values
//! stays in a register, also where it could be known, like `x && false`: the manifest names its sources.

use enigma_bytecode::model::{C, Op, PublicOp, Relation, S};

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
    pub(super) fn stop<T>(&self, what: &str) -> Done<T> {
        stop(self.span, what)
    }

    pub(super) fn made(&mut self, like: &[Secret], op: impl Fn(S) -> Op) -> Done<Value> {
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

    /// `a op b` of whole numbers.
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
                    BinaryOp::Rem => PublicOp::Rem,
                    _ => return self.stop("this operator on public numbers"),
                };
                self.of_public(op, a, b)
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

    fn of_public(&mut self, op: PublicOp, a: &Value, b: &Value) -> Done<Value> {
        let (a, b) = (self.public(a)?, self.public(b)?);
        let register = self.registers.public(|dst| Op::Public { dst, op, a, b })?;
        Ok(Value::Public(register))
    }

    /// The smaller or the larger of numbers that everyone knows.
    pub(super) fn further_of_public(
        &mut self,
        relation: BinaryOp,
        a: &Value,
        b: &Value,
    ) -> Done<Value> {
        let larger = relation == BinaryOp::Greater;
        if let (Value::Known(a), Value::Known(b)) = (a, b) {
            return Ok(Value::Known(if larger { *a.max(b) } else { *a.min(b) }));
        }
        let op = if larger {
            PublicOp::Larger
        } else {
            PublicOp::Smaller
        };
        self.of_public(op, a, b)
    }

    /// The register of a public value.
    pub(super) fn public(&mut self, value: &Value) -> Done<C> {
        match value {
            Value::Known(value) => self.registers.constant(*value),
            Value::Public(register) => Ok(*register),
            Value::Bytes(value) => {
                let value = value.clone();
                (self.registers).public(|dst| Op::ConstBytes {
                    dst,
                    value: value.clone(),
                })
            }
            _ => self.stop("this value where everyone has to know it"),
        }
    }

    /// A scalar in a secret register; a public number is hidden.
    pub(super) fn secret(&mut self, value: &Value) -> Done<Secret> {
        if let Value::Secret(secret) = value {
            return Ok(*secret);
        }
        let a = self.public(value)?;
        let register = self.registers.secret(|dst| Op::Hide { dst, a })?;
        Ok(Secret {
            register,
            vector: false,
            lifted: false,
        })
    }

    /// `a op b` of numbers in fixed point, scaled by 2^`fraction`.
    pub(super) fn fixed(
        &mut self,
        op: BinaryOp,
        fraction: u32,
        a: &Value,
        b: &Value,
    ) -> Done<Value> {
        if let (Value::Known(x), Value::Known(y)) = (a, b) {
            let fix = |scaled: i64| crate::value::Value::Fixed {
                fraction,
                scaled: scaled.into(),
            };
            let result = crate::interpret::binary(op, &fix(*x), &fix(*y));
            let result = result.and_then(|value| i64::try_from(value.number()?).ok());
            return match result {
                Some(result) => Ok(Value::Known(result)),
                None => self.stop("a constant beyond 64 bits"),
            };
        }
        if matches!(op, BinaryOp::Add | BinaryOp::Sub) {
            return self.number(op, a, b);
        }
        if !(a.is_secret() || b.is_secret()) {
            return self.stop("this operator on public numbers with a point");
        }
        let Ok(bits) = u8::try_from(fraction) else {
            return self.stop("this type");
        };
        let (x, y) = (self.secret(a)?, self.secret(b)?);
        let (a, b) = (x.register, y.register);
        match op {
            BinaryOp::Mul => self.made(&[x, y], |dst| Op::MulFixed { dst, a, b, bits }),
            BinaryOp::Div => self.made(&[x, y], |dst| Op::DivFixed { dst, a, b, bits }),
            _ => self.stop("this operator on numbers with a point"),
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
            (public, Value::Secret(_)) => {
                let x = self.secret(public)?;
                self.divide(&Value::Secret(x), b)
            }
            _ => self.stop("this quotient"),
        }
    }

    /// What a division leaves; 0 for a divisor 0.
    fn remainder(&mut self, a: &Value, b: &Value) -> Done<Value> {
        match (a, b) {
            (Value::Secret(x), Value::Secret(y)) => {
                let (a, b) = (x.register, y.register);
                self.made(&[*x, *y], |dst| Op::Modulo { dst, a, b })
            }
            (Value::Secret(x), public) => {
                let (a, b) = (x.register, self.public(public)?);
                self.made(&[*x], |dst| Op::ModuloPublic { dst, a, b })
            }
            (public, Value::Secret(_)) => {
                let x = self.secret(public)?;
                self.remainder(&Value::Secret(x), b)
            }
            _ => self.stop("this remainder"),
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
            _ => match relation {
                Relation::Less => self.of_public(PublicOp::Less, a, b)?,
                Relation::Greater => self.of_public(PublicOp::Less, b, a)?,
                Relation::Equal => self.of_public(PublicOp::Equal, a, b)?,
            },
        };
        if negated { self.not(&holds) } else { Ok(holds) }
    }

    /// `bit ? a : b`, of equal shape.
    pub(super) fn select(&mut self, bit: &Value, a: &Value, b: &Value) -> Done<Value> {
        let bit = match bit {
            Value::Known(0) => return Ok(b.clone()),
            Value::Known(_) => return Ok(a.clone()),
            Value::Secret(bit) => *bit,
            Value::Public(condition) => return self.choose(*condition, a, b),
            Value::Many(bits) => return self.select_each(bits, a, b),
            _ => return self.stop("this choice"),
        };
        let extends = |value: &Value| matches!(value, Value::Secret(x) if !x.vector && bit.vector);
        if a == b && !a.any(&extends) {
            // The same register is the same value: nothing of it comes from the bit.
            return Ok(a.clone());
        }
        if let (Value::Secret(a), true) = (a, a == b) {
            return Ok(Value::Secret(self.spread(*a, bit)?));
        }
        let of = Value::Secret(bit);
        match (a, b) {
            (Value::Many(a), Value::Many(b)) if a.len() == b.len() => {
                let parts = a.iter().zip(b).map(|(a, b)| self.select(&of, a, b));
                Ok(Value::Many(parts.collect::<Done<_>>()?))
            }
            (Value::Maybe(there, value), Value::Maybe(other_there, other)) => {
                let there = self.select(&of, there, other_there)?;
                let value = self.select(&of, value, other)?;
                Ok(Value::Maybe(Box::new(there), Box::new(value)))
            }
            (Value::Known(x), Value::Known(y)) => {
                let Some(step) = x.checked_sub(*y) else {
                    return self.stop("a choice between these constants");
                };
                let gain = self.multiply(&of, &Value::Known(step))?;
                self.add(&gain, b)
            }
            (
                Value::Secret(_) | Value::Known(_) | Value::Public(_),
                Value::Secret(_) | Value::Known(_) | Value::Public(_),
            ) => {
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

    /// A scalar, the same for each row of `like`.
    pub(super) fn spread(&mut self, scalar: Secret, like: Secret) -> Done<Secret> {
        let zeros = self.hidden(0, like)?;
        match self.add(&Value::Secret(zeros), &Value::Secret(scalar))? {
            Value::Secret(spread) => Ok(spread),
            _ => self.stop("this sum"),
        }
    }

    /// One choice for each element of lists.
    fn select_each(&mut self, bits: &[Value], a: &Value, b: &Value) -> Done<Value> {
        let of = |value: &Value, place: usize| match value {
            Value::Many(parts) => parts.get(place).cloned(),
            single => Some(single.clone()),
        };
        let mut parts = Vec::new();
        for (place, bit) in bits.iter().enumerate() {
            let (Some(a), Some(b)) = (of(a, place), of(b, place)) else {
                return self.stop("a choice between lists of different lengths");
            };
            parts.push(self.select(bit, &a, &b)?);
        }
        Ok(Value::Many(parts))
    }

    /// `condition ? a : b` with a public condition.
    fn choose(&mut self, condition: C, a: &Value, b: &Value) -> Done<Value> {
        match (a, b) {
            _ if a == b => Ok(a.clone()),
            (Value::Many(a), Value::Many(b)) if a.len() == b.len() => {
                let parts = a.iter().zip(b).map(|(a, b)| self.choose(condition, a, b));
                Ok(Value::Many(parts.collect::<Done<_>>()?))
            }
            (Value::Maybe(there, value), Value::Maybe(other_there, other)) => {
                let there = self.choose(condition, there, other_there)?;
                let value = self.choose(condition, value, other)?;
                Ok(Value::Maybe(Box::new(there), Box::new(value)))
            }
            (Value::Place { .. }, _) | (_, Value::Place { .. }) => self.stop("a choice of places"),
            (Value::Known(_), Value::Secret(_)) => {
                // (b - a) * (1 - condition) + a: nodes derive the range of both, as below where `b` is known.
                let difference = self.number(BinaryOp::Sub, b, a)?;
                let otherwise = self.not(&Value::Public(condition))?;
                let gain = self.multiply(&difference, &otherwise)?;
                self.number(BinaryOp::Add, &gain, a)
            }
            _ if a.is_secret() || b.is_secret() => {
                // (a - b) * condition + b.
                let difference = self.number(BinaryOp::Sub, a, b)?;
                let gain = self.multiply(&difference, &Value::Public(condition))?;
                self.number(BinaryOp::Add, &gain, b)
            }
            _ => {
                let (then, otherwise) = (self.public(a)?, self.public(b)?);
                let register = (self.registers).public(|dst| Op::Choose {
                    dst,
                    condition,
                    then,
                    otherwise,
                })?;
                Ok(Value::Public(register))
            }
        }
    }

    /// A value in a secret register; a known one as long as `like` is.
    fn shared(&mut self, value: &Value, like: Secret) -> Done<Secret> {
        match value {
            Value::Secret(secret) => Ok(*secret),
            Value::Known(value) => self.hidden(*value, like),
            Value::Public(_) => self.secret(value),
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
        BinaryOp::Rem => Some(a.wrapping_rem(b)),
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
