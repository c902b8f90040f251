//! Operations on the bits of numbers.

use super::{BIT, Pass, RangeError, Step};
use crate::interval::Wide;
use crate::model::{Op, S};
use crate::plan::bounds;

impl Pass<'_> {
    pub(super) fn digits(&mut self, code: &Op) -> Step {
        match *code {
            Op::Bits { dst, a, width } => {
                let x = self.not_negative(a)?;
                let most = self.contract.profile.magnitude_limit().ilog2();
                if !(1..=most).contains(&u32::from(width)) {
                    return Err(RangeError::BadParameter { op: self.op });
                }
                for place in 0..u16::from(width) {
                    let dst = dst.0.checked_add(place).map(S);
                    let dst = dst.ok_or(RangeError::WrongDestination { op: self.op })?;
                    self.define(dst, BIT, x.extent)?;
                }
                Ok(())
            }
            Op::Remainder { dst, a, bits } => {
                let (x, bits) = (self.numbers(a)?, self.places(bits)?);
                self.define(dst, bounds::remainder(x.range, bits), x.extent)
            }
            Op::ShiftRight { dst, a, bits } => {
                let (x, bits) = (self.numbers(a)?, self.places(bits)?);
                let range = Wide {
                    low: x.range.low >> bits,
                    high: x.range.high >> bits,
                };
                self.define(dst, range, x.extent)
            }
            Op::Bitwise { dst, op, a, b } => {
                let [x, y] = self.pair(a, b)?;
                let range = bounds::bitwise(op, x.range, y.range);
                let range = range.ok_or(RangeError::WrongOperand { op: self.op })?;
                self.define(dst, range, x.extent)
            }
            Op::BitwisePublic { dst, op, a, b } => {
                let (x, y) = (self.numbers(a)?, self.hidden_number(b)?);
                let range = bounds::bitwise(op, x.range, y);
                let range = range.ok_or(RangeError::WrongOperand { op: self.op })?;
                self.define(dst, range, x.extent)
            }
            _ => unreachable!("sorted by `step`"),
        }
    }

    /// How many bits are cut off.
    fn places(&self, bits: u8) -> Step<u32> {
        let bits = u32::from(bits);
        if bits <= bounds::most_places(self.contract.profile.field_bits()) {
            Ok(bits)
        } else {
            Err(RangeError::BadParameter { op: self.op })
        }
    }
}
