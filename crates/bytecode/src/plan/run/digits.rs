//! Numbers taken apart into their bits.

use enigma_field::PrimeField;

use super::entry::{Run, Secret};
use crate::interval::Interval;
use crate::model::{BitOp, S};
use crate::plan::error::GateProblem;
use crate::plan::gate::Value;
use crate::plan::program::{BIT, Expansion, Known, Refusal, check, narrow};
use crate::plan::{bits, bitwise, bounds};

impl<F: PrimeField> Expansion<F> {
    /// The lowest `width` bits of values from 0 on, the lowest first.
    fn low_bits(&mut self, a: Value, width: u32) -> Result<Vec<Value>, Refusal> {
        let a = self.value(a)?;
        check(a.range.low >= 0, GateProblem::Range)?;
        check((1..F::BITS).contains(&width), GateProblem::Parameter)?;
        self.fits(a.view, width)?;
        let view = bits::decompose(&mut self.b, a.view, width)?;
        let bit = |this: &mut Self, place| {
            let view = view.part(place * a.view.len, a.view.len);
            this.put(Known { view, range: BIT })
        };
        Ok((0..width).map(|place| bit(self, place)).collect())
    }

    /// Two values from 0 on, bit by bit.
    pub(super) fn bitwise(&mut self, op: BitOp, a: Value, b: Value) -> Result<Value, Refusal> {
        let [a, b] = self.together([a, b])?;
        let range = range::<F>(op, a.range, b.range)?;
        let width = width(a.range.high.min(b.range.high));
        let both = bitwise::and(&mut self.b, a.view, b.view, width)?;
        self.b.begin();
        let (of_sum, of_both) = shares(op);
        let of_sum = F::from_i64(of_sum);
        let terms = [
            (of_sum, a.view),
            (of_sum, b.view),
            (F::from_i64(of_both), both),
        ];
        let view = self.b.linear(&terms, F::ZERO);
        Ok(self.put(Known { view, range }))
    }

    /// Values from 0 on and a public number, bit by bit.
    pub(super) fn bitwise_with(
        &mut self,
        op: BitOp,
        a: Value,
        number: i64,
    ) -> Result<Value, Refusal> {
        let a = self.value(a)?;
        let exactly = Interval {
            low: number,
            high: number,
        };
        let range = range::<F>(op, a.range, exactly)?;
        let (mask, width) = (number.unsigned_abs(), width(a.range.high.min(number)));
        let both = bitwise::and_mask(&mut self.b, a.view, mask, width)?;
        self.b.begin();
        let (of_sum, of_both) = shares(op);
        let terms = [(F::from_i64(of_sum), a.view), (F::from_i64(of_both), both)];
        let view = self.b.linear(&terms, F::from_i64(of_sum * number));
        Ok(self.put(Known { view, range }))
    }
}

impl<F: PrimeField> Run<F> {
    /// See [`crate::model::Op::Bits`].
    pub(super) fn bits(&mut self, dst: S, a: S, width: u8) -> Result<(), Refusal> {
        let of = self.secret(a)?;
        let results = if of.len == 0 {
            let nothing = self.stage.expansion.constant(0, 0)?;
            vec![nothing; usize::from(width)]
        } else {
            let a = self.value(a)?;
            self.stage.expansion.low_bits(a, width.into())?
        };
        for (place, value) in results.into_iter().enumerate() {
            let register = u16::try_from(place).ok();
            let register = register.and_then(|place| dst.0.checked_add(place));
            let made: Secret = self.made(value, of.over)?;
            self.define(S(register.ok_or(GateProblem::Operand)?), made)?;
        }
        Ok(())
    }
}

/// How often the sum of both numbers, and what they have in common, are in the result.
fn shares(op: BitOp) -> (i64, i64) {
    match op {
        BitOp::And => (0, 1),
        BitOp::Or => (1, -1),
        BitOp::Xor => (1, -2),
    }
}

/// Bits that numbers up to `high` have, at least one.
fn width(high: i64) -> u32 {
    (i64::BITS - high.leading_zeros()).max(1)
}

fn range<F: PrimeField>(op: BitOp, a: Interval, b: Interval) -> Result<Interval, GateProblem> {
    let range = bounds::bitwise(op, a.into(), b.into()).ok_or(GateProblem::Range)?;
    narrow::<F>(range)
}
