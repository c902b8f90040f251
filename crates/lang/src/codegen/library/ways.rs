//! Sums, differences and products that cannot leave their type, and bits.

use enigma_bytecode::interval::Wide;

use super::super::statement::Execution;
use super::super::value::Value;
use super::super::{Done, stop};
use super::Call;
use crate::codegen::expression::leaf;
use crate::hir::{BinaryOp, Builtin, IntType, Type};
use crate::span::Span;

/// Numbers of computations stay below this in magnitude.
const LIMIT: i128 = 1 << 63;

/// What an operation does with results outside of the type of 32 bits at most.
struct Fitting {
    op: BinaryOp,
    /// Where the operands lie.
    ranges: [Wide; 2],
    /// The numbers of the type.
    ends: Wide,
    span: Span,
}

impl Fitting {
    /// Where the result lies before it is made to fit.
    fn exact(&self) -> Wide {
        let [x, y] = self.ranges;
        match self.op {
            BinaryOp::Add => x.plus(y),
            BinaryOp::Sub => x.minus(y),
            _ => x.times(y),
        }
    }

    fn is_small(&self) -> bool {
        is_small(self.exact())
    }

    /// Bits of the type.
    fn bits(&self) -> u32 {
        (self.ends.high - self.ends.low + 1).ilog2()
    }
}

impl Execution<'_> {
    /// `wrapping_add` and the like, `saturating_add` and the like, `bits`.
    pub(super) fn ways(&mut self, call: &Call) -> Done<Value> {
        use Builtin as B;
        let span = call.span;
        if let (B::Bits, [value, Value::Known(count)]) = (call.builtin, &call.values[..]) {
            return self.lowest_bits(call, value, *count);
        }
        let [a, b] = &call.values[..] else {
            return self.unknown(call);
        };
        let op = match call.builtin {
            B::WrappingAdd | B::SaturatingAdd => BinaryOp::Add,
            B::WrappingSub | B::SaturatingSub => BinaryOp::Sub,
            _ => BinaryOp::Mul,
        };
        let wraps = matches!(
            call.builtin,
            B::WrappingAdd | B::WrappingSub | B::WrappingMul
        );
        let ranges = [0, 1].map(|place| self.range(&call.args[place]));
        let [Some(x), Some(y)] = ranges else {
            return self.unknown(call);
        };
        let fitting = |ends| Fitting {
            op,
            ranges: [x, y],
            ends,
            span,
        };
        match leaf(call.ty) {
            Type::Int(int) => {
                let ends = match int {
                    IntType::Literal => IntType::I64.range(),
                    int => int.range(),
                };
                let fitting = fitting(ends);
                self.both(a, b, span, &mut |this, a, b| match wraps {
                    true => this.wrapped(&fitting, a, b),
                    false => this.saturating(&fitting, a, b),
                })
            }
            Type::Fix(fix) => {
                let fitting = fitting(fix.range());
                let fraction = fix.fraction;
                let types = [0, 1].map(|place| leaf(&call.args[place].ty));
                self.both(a, b, span, &mut |this, a, b| {
                    let (a, b) = this.meet((types[0], a), (types[1], b), span)?;
                    let exact = this.arithmetic(span).fixed(op, fraction, &a, &b)?;
                    this.nearest(exact, fitting.ends, span)
                })
            }
            _ => self.unknown(call),
        }
    }

    /// Applies `f` to two values; where one is a list, to each of its elements.
    fn both(
        &mut self,
        a: &Value,
        b: &Value,
        span: Span,
        f: &mut impl FnMut(&mut Self, &Value, &Value) -> Done<Value>,
    ) -> Done<Value> {
        match (a, b) {
            (Value::Many(x), Value::Many(y)) if x.len() != y.len() => {
                stop(span, "lists of these lengths together")
            }
            (Value::Many(x), Value::Many(y)) => {
                let parts = x.iter().zip(y).map(|(a, b)| self.both(a, b, span, f));
                Ok(Value::Many(parts.collect::<Done<_>>()?))
            }
            (Value::Many(x), _) => {
                let parts = x.iter().map(|a| self.both(a, b, span, f));
                Ok(Value::Many(parts.collect::<Done<_>>()?))
            }
            (_, Value::Many(y)) => {
                let parts = y.iter().map(|b| self.both(a, b, span, f));
                Ok(Value::Many(parts.collect::<Done<_>>()?))
            }
            _ => f(self, a, b),
        }
    }

    /// Modulo 2^bits of the type.
    fn wrapped(&mut self, of: &Fitting, a: &Value, b: &Value) -> Done<Value> {
        if of.exact().within(of.ends) && of.is_small() {
            return self.arithmetic(of.span).number(of.op, a, b);
        }
        let Ok(bits @ 1..=32) = u8::try_from(of.bits()) else {
            return stop(of.span, "numbers modulo 2^64 that a run decides");
        };
        let exact = match of.is_small() {
            true => self.arithmetic(of.span).number(of.op, a, b)?,
            false => self.low_product(bits, a, b, of.span)?,
        };
        // Into the type, whose numbers may begin below 0.
        let low = i64::try_from(of.ends.low).unwrap_or(0);
        let mut arithmetic = self.arithmetic(of.span);
        let moved = arithmetic.number(BinaryOp::Sub, &exact, &Value::Known(low))?;
        let rest = arithmetic.modulo(&moved, bits)?;
        arithmetic.number(BinaryOp::Add, &rest, &Value::Known(low))
    }

    /// A number that is the product modulo 2^`bits`, of factors with so many bits, and below 2^63. With h for half of
    /// 2^bits it is (a - h)(b - h) + h(a + b), and of the last product only whether a + b is odd counts.
    fn low_product(&mut self, bits: u8, a: &Value, b: &Value, span: Span) -> Done<Value> {
        let half = Value::Known(1 << (bits - 1));
        let mut arithmetic = self.arithmetic(span);
        let x = arithmetic.number(BinaryOp::Sub, a, &half)?;
        let y = arithmetic.number(BinaryOp::Sub, b, &half)?;
        let product = arithmetic.number(BinaryOp::Mul, &x, &y)?;
        let sum = arithmetic.number(BinaryOp::Add, a, b)?;
        let odd = arithmetic.modulo(&sum, 1)?;
        let rest = arithmetic.number(BinaryOp::Mul, &odd, &half)?;
        arithmetic.number(BinaryOp::Add, &product, &rest)
    }

    /// The nearest number of the type.
    fn saturating(&mut self, of: &Fitting, a: &Value, b: &Value) -> Done<Value> {
        let exact = of.exact();
        if of.is_small() {
            let value = self.arithmetic(of.span).number(of.op, a, b)?;
            return match exact.within(of.ends) {
                true => Ok(value),
                false => self.nearest(value, of.ends, of.span),
            };
        }
        if of.op != BinaryOp::Mul || of.ends != IntType::U32.range() {
            return stop(of.span, "a result beyond 63 bits before it is cut");
        }
        // a b = 2^16 (a high) + a low. Once `a high` reaches 2^16, so that the result is beyond the type, it may stop.
        let (half, most) = (16, 1 << 16);
        let high = self.arithmetic(of.span).shift_right(b, half)?;
        let low = self.arithmetic(of.span).modulo(b, half)?;
        let upper = self.arithmetic(of.span).number(BinaryOp::Mul, a, &high)?;
        let upper = self.further(BinaryOp::Less, &upper, &Value::Known(most), of.span)?;
        let mut arithmetic = self.arithmetic(of.span);
        let upper = arithmetic.number(BinaryOp::Mul, &upper, &Value::Known(most))?;
        let lower = arithmetic.number(BinaryOp::Mul, a, &low)?;
        let value = arithmetic.number(BinaryOp::Add, &upper, &lower)?;
        self.nearest(value, of.ends, of.span)
    }

    /// The number of the type that is nearest to one.
    fn nearest(&mut self, value: Value, ends: Wide, span: Span) -> Done<Value> {
        let mut value = value;
        for (relation, end) in [(BinaryOp::Less, ends.high), (BinaryOp::Greater, ends.low)] {
            // No number of a computation is beyond.
            if let Ok(end) = i64::try_from(end) {
                value = self.further(relation, &value, &Value::Known(end), span)?;
            }
        }
        Ok(value)
    }

    /// `a.bits(n)`, of a negative number those of its two's complement.
    fn lowest_bits(&mut self, call: &Call, value: &Value, count: i64) -> Done<Value> {
        let (span, range) = (call.span, self.range(&call.args[0]));
        let (Ok(count @ 1..=128), Some(range)) = (u32::try_from(count), range) else {
            return self.unknown(call);
        };
        self.one_by_one(value, &mut |this, value| {
            if range.low >= 0 {
                let width = (i128::BITS - range.high.leading_zeros()).max(1);
                return this.arithmetic(span).bits(value, count, width);
            }
            match (value, u8::try_from(count)) {
                (Value::Known(_), _) => this.arithmetic(span).bits(value, count, count),
                (_, Ok(places @ 1..=32)) => {
                    let rest = this.arithmetic(span).modulo(value, places)?;
                    this.arithmetic(span).bits(&rest, count, count)
                }
                _ => stop(span, "so many bits of a number that may be negative"),
            }
        })
    }
}

fn is_small(range: Wide) -> bool {
    range.low.abs() < LIMIT && range.high.abs() < LIMIT
}
