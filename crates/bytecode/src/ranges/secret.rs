//! Element-wise operations of the secret bank, and where secrets come from and go.

use super::{BIT, Extent, MAX_CONTRIBUTION, MAX_LEN, Numbers, Pass, PublicRange, RangeError};
use super::{SecretRange, Step};
use crate::interval::Wide;
use crate::model::{C, Column, Kind, Noise, Op, S, Slot, Store};
use crate::plan::bounds;

impl Pass<'_> {
    pub(super) fn stored_or_shown(&mut self, code: &Op) -> Step {
        let missing = RangeError::BadIndex { op: self.op };
        match *code {
            Op::Merge {
                dst,
                condition,
                then,
                otherwise,
            } => self.merge(dst, condition, then, otherwise),
            Op::Input {
                dst,
                collection,
                column,
            } => {
                self.rows_of(collection)?;
                let declared = self.collection(collection)?;
                let extent = if declared.is_single() {
                    Extent::Scalar
                } else {
                    Extent::Over(collection)
                };
                let range = self.private_column(&declared.columns, column)?;
                self.define(dst, range, extent)
            }
            Op::SecretParam { dst, param, column } => {
                let entry = self.entry;
                let param = entry.params.get(usize::from(param));
                let param = param.filter(|param| param.private).ok_or(missing)?;
                let range = self.private_column(&param.columns, column)?;
                self.define(dst, range, Extent::Scalar)
            }
            Op::LoadSecret { dst, slot, column } => {
                let slot = self.kept(slot)?;
                let range = self.private_column(&slot.columns, column)?;
                self.define(dst, range, Extent::Scalar)
            }
            Op::StoreSecret { slot, column, src } => {
                let slot = self.kept(slot)?;
                if slot.accumulator {
                    return Err(missing);
                }
                let room = self.private_column(&slot.columns, column)?;
                let value = self.scalar(src)?;
                if value.within(room) {
                    Ok(())
                } else {
                    Err(self.too_large(value))
                }
            }
            Op::Accumulate { slot, column, src } => self.accumulate(slot, column, src),
            Op::Hide { dst, a } => {
                let range = self.hidden_number(a)?;
                self.define(dst, range, Extent::Scalar)
            }
            Op::Random { dst, len, end } => {
                let fits =
                    (1..=MAX_LEN).contains(&len) && (1..=bounds::MOST_UNIFORM).contains(&end);
                if !fits {
                    return Err(RangeError::BadParameter { op: self.op });
                }
                let extent = if len == 1 {
                    Extent::Scalar
                } else {
                    Extent::Fixed(len)
                };
                self.define(dst, below(end), extent)
            }
            Op::RandomLike { dst, like, end } => {
                if !(1..=bounds::MOST_UNIFORM).contains(&end) {
                    return Err(RangeError::BadParameter { op: self.op });
                }
                let extent = self.numbers(like)?.extent;
                self.define(dst, below(end), extent)
            }
            Op::Out {
                reveal,
                ref values,
                ref counts,
                public,
            } => self.out(reveal, values, counts, public),
            _ => unreachable!("sorted by `step`"),
        }
    }

    fn merge(&mut self, dst: S, condition: C, then: S, otherwise: S) -> Step {
        let undefined = RangeError::Undefined { op: self.op };
        self.public_number(condition)?;
        let scopes = &self.scopes;
        if !scopes.secret_is_mergeable(then.0, condition, true)
            || !scopes.secret_is_mergeable(otherwise.0, condition, false)
        {
            return Err(undefined);
        }
        let both = self.ranges.secret(then).zip(self.ranges.secret(otherwise));
        let (a, b) = both.ok_or(undefined)?;
        if a.extent != b.extent {
            return Err(RangeError::MixedSpaces { op: self.op });
        }
        if a.member_of != b.member_of {
            return Err(RangeError::NotANumber { op: self.op });
        }
        let range = Wide::from(a.interval).union(b.interval.into());
        let value = SecretRange {
            interval: self.narrow(range)?,
            ..a
        };
        self.define_secret(dst, value)
    }

    /// A secret slot.
    fn kept(&self, slot: u16) -> Step<&Slot> {
        let found = self.contract.slots.get(usize::from(slot));
        let found = found.filter(|slot| slot.store == Store::Secret);
        found.ok_or(RangeError::BadIndex { op: self.op })
    }

    /// Where private values of a column lie.
    fn private_column(&self, columns: &[Column], index: u16) -> Step<Wide> {
        let column = self.column(columns, index)?;
        let public = matches!(column.kind, Kind::Bytes(_) | Kind::Account);
        if public || column.low > column.high {
            return Err(RangeError::BadIndex { op: self.op });
        }
        Ok(Wide {
            low: column.low.into(),
            high: column.high.into(),
        })
    }

    /// All that an entry adds in one run is within the bound of one contribution, also if both sides of an `If` were
    /// taken. Where the column is not negative, no contribution is.
    fn accumulate(&mut self, slot: u16, column: u16, src: S) -> Step {
        let declared = self.kept(slot)?;
        if !declared.accumulator {
            return Err(RangeError::BadIndex { op: self.op });
        }
        let room = self.private_column(&declared.columns, column)?;
        let value = self.scalar(src)?;
        let so_far = self.contributed.entry((slot, column));
        let all = so_far.or_insert(Wide::exactly(0));
        *all = all.plus(value.with_zero());
        let least = if room.low < 0 { -MAX_CONTRIBUTION } else { 0 };
        let most = Wide {
            low: least.into(),
            high: MAX_CONTRIBUTION.into(),
        };
        let all = *all;
        if all.within(most) {
            Ok(())
        } else {
            Err(self.too_large(all))
        }
    }

    /// What is shown to everyone is public from here on: a value that is hidden is 0. The register's range is that of
    /// the secret, not the manifest's, which is yet to be verified.
    fn out(&mut self, reveal: u16, values: &[S], counts: &[S], public: Option<C>) -> Step {
        let contract = self.contract;
        let line = contract.manifest.get(usize::from(reveal));
        let line = line.ok_or(RangeError::BadIndex { op: self.op })?;
        let counted = counts.is_empty() || counts.len() == 1 || counts.len() == values.len();
        if values.len() != line.columns.len() || !counted {
            return Err(RangeError::BadParameter { op: self.op });
        }
        let noise = self.reach(line.noise.map(|noise| noise.values))?;
        let mut shown = Vec::new();
        for value in values {
            let known = self.secret(*value)?;
            let range = Wide::from(known.interval).plus(noise);
            let range = if counts.is_empty() {
                range
            } else {
                range.with_zero()
            };
            shown.push(match known.member_of {
                Some(_) => PublicRange::ACCOUNT,
                None => PublicRange::Number(self.narrow(range)?),
            });
        }
        let noise = self.reach(line.noise.and_then(|noise| noise.counts))?;
        for count in counts {
            let count = self.scalar(*count)?;
            self.narrow(count.plus(noise))?;
        }
        let Some(first) = public else { return Ok(()) };
        let mut next = usize::from(first.0);
        let mut define = |pass: &mut Self, value| {
            let dst = u16::try_from(next).ok().map(C);
            let dst = dst.ok_or(RangeError::WrongDestination { op: pass.op })?;
            next += 1;
            pass.define_public(dst, value)
        };
        for value in shown {
            define(self, value)?;
        }
        for _ in counts {
            define(self, PublicRange::Number(BIT.saturated()))?;
        }
        Ok(())
    }

    /// Where noise lies.
    fn reach(&self, noise: Option<Noise>) -> Step<Wide> {
        let reach = noise.map_or(Some(0), bounds::reach);
        let reach = i128::from(reach.ok_or(RangeError::BadParameter { op: self.op })?);
        Ok(Wide {
            low: -reach,
            high: reach,
        })
    }

    pub(super) fn arithmetic(&mut self, code: &Op) -> Step {
        match *code {
            Op::Add { dst, a, b } => {
                let [x, y] = self.pair(a, b)?;
                self.define(dst, x.range.plus(y.range), x.extent)
            }
            Op::Sub { dst, a, b } => {
                let [x, y] = self.pair(a, b)?;
                let range = if a == b {
                    Wide::exactly(0)
                } else {
                    x.range.minus(y.range)
                };
                self.define(dst, range, x.extent)
            }
            Op::Mul { dst, a, b } => {
                let (range, extent) = self.product(a, b)?;
                self.define(dst, range, extent)
            }
            Op::AddPublic { dst, a, b } => {
                let (x, y) = (self.numbers(a)?, self.hidden_number(b)?);
                self.define(dst, x.range.plus(y), x.extent)
            }
            Op::MulPublic { dst, a, b } => {
                let (x, y) = (self.numbers(a)?, self.hidden_number(b)?);
                self.define(dst, x.range.times(y), x.extent)
            }
            Op::DivPublic { dst, a, b } => {
                let (x, y) = (self.numbers(a)?, self.public_number(b)?);
                self.define(dst, x.range.divided_by(y), x.extent)
            }
            Op::Div { dst, a, b } => {
                let [x, y] = self.pair(a, b)?;
                self.define(dst, x.range.divided_by(y.range), x.extent)
            }
            Op::ModuloPublic { dst, a, b } => {
                let (x, y) = (self.numbers(a)?, self.public_number(b)?);
                self.define(dst, x.range.modulo(y), x.extent)
            }
            Op::Modulo { dst, a, b } => {
                let [x, y] = self.pair(a, b)?;
                self.define(dst, x.range.modulo(y.range), x.extent)
            }
            Op::SquareRoot { dst, a } => {
                let x = self.not_negative(a)?;
                let range = Wide {
                    low: x.range.low.isqrt(),
                    high: x.range.high.isqrt(),
                };
                self.define(dst, range, x.extent)
            }
            Op::Absolute { dst, a } => {
                let x = self.numbers(a)?;
                let (low, high) = (x.range.low.abs(), x.range.high.abs());
                let inside = x.range.low <= 0 && x.range.high >= 0;
                let range = Wide {
                    low: if inside { 0 } else { low.min(high) },
                    high: low.max(high),
                };
                self.define(dst, range, x.extent)
            }
            Op::Smaller { dst, a, b } => {
                let [x, y] = self.pair(a, b)?;
                self.define(dst, x.range.smaller(y.range), x.extent)
            }
            Op::Larger { dst, a, b } => {
                let [x, y] = self.pair(a, b)?;
                self.define(dst, x.range.larger(y.range), x.extent)
            }
            Op::Select {
                dst,
                bit,
                then,
                otherwise,
            } => {
                let bit = self.bit(bit)?;
                let [x, y] = self.pair(then, otherwise)?;
                let extent = self.common(bit.extent, x.extent)?;
                self.define(dst, x.range.union(y.range), extent)
            }
            Op::Compare { dst, a, b, .. } => {
                let [x, _] = self.pair(a, b)?;
                self.define(dst, BIT, x.extent)
            }
            Op::ComparePublic { dst, a, b, .. } => {
                let x = self.numbers(a)?;
                self.hidden_number(b)?;
                self.define(dst, BIT, x.extent)
            }
            _ => self.fixed_point(code),
        }
    }

    fn fixed_point(&mut self, code: &Op) -> Step {
        let field = self.contract.profile.field_bits();
        match *code {
            Op::MulFixed { dst, a, b, bits } => {
                let bits = self.fraction(bits)?;
                let (range, extent) = self.product(a, b)?;
                let cut = bounds::cut(range, bits, field);
                let cut = cut.ok_or_else(|| self.too_large(range))?;
                self.define(dst, cut, extent)
            }
            Op::DivFixed { dst, a, b, bits } => {
                let bits = self.fraction(bits)?;
                let [x, y] = self.pair(a, b)?;
                let dividend = self.raised(x.range, bits)?;
                let quotient = dividend.divided_by(y.range);
                // To the nearest, which is at most one away.
                let range = quotient.plus(Wide { low: -1, high: 1 });
                self.define(dst, range, x.extent)
            }
            Op::SquareRootFixed { dst, a, bits } => {
                let bits = self.fraction(bits)?;
                let x = self.not_negative(a)?;
                let raised = self.raised(x.range, bits)?;
                let range = Wide {
                    low: raised.low.isqrt(),
                    high: raised.high.isqrt() + 1,
                };
                self.define(dst, range, x.extent)
            }
            Op::Logistic { dst, a, bits } => {
                let x = self.numbers(a)?;
                let range = bounds::logistic(bits.into(), field);
                self.elementary(dst, range, x.extent)
            }
            Op::Exp { dst, a, bits } => {
                let x = self.numbers(a)?;
                let range = bounds::exp(x.range.saturated(), bits.into(), field);
                self.elementary(dst, range, x.extent)
            }
            Op::Ln { dst, a, bits } => {
                let x = self.numbers(a)?;
                let range = bounds::ln(x.range.saturated(), bits.into(), field);
                self.elementary(dst, range, x.extent)
            }
            _ => unreachable!("sorted by `step`"),
        }
    }

    fn elementary(&mut self, dst: S, range: Option<Wide>, extent: Extent) -> Step {
        let range = range.ok_or(RangeError::WrongOperand { op: self.op })?;
        self.define(dst, range, extent)
    }

    // Operands.

    /// Both with the extent that they have together.
    pub(super) fn pair(&self, a: S, b: S) -> Step<[Numbers; 2]> {
        let (x, y) = (self.numbers(a)?, self.numbers(b)?);
        let extent = self.common(x.extent, y.extent)?;
        Ok([x, y].map(|numbers| Numbers { extent, ..numbers }))
    }

    /// Of the products of their elements.
    pub(super) fn product(&self, a: S, b: S) -> Step<(Wide, Extent)> {
        let [x, y] = self.pair(a, b)?;
        let range = if a == b {
            x.range.square()
        } else {
            x.range.times(y.range)
        };
        Ok((range, x.extent))
    }

    pub(super) fn bit(&self, register: S) -> Step<Numbers> {
        let found = self.numbers(register)?;
        if found.range.within(BIT) {
            Ok(found)
        } else {
            Err(RangeError::WrongOperand { op: self.op })
        }
    }

    pub(super) fn not_negative(&self, register: S) -> Step<Numbers> {
        let found = self.numbers(register)?;
        if found.range.low >= 0 {
            Ok(found)
        } else {
            Err(RangeError::WrongOperand { op: self.op })
        }
    }

    pub(super) fn fraction(&self, bits: u8) -> Step<u32> {
        if bits <= bounds::MOST_FRACTION {
            Ok(bits.into())
        } else {
            Err(RangeError::BadParameter { op: self.op })
        }
    }

    /// Times 2^bits, on the way.
    fn raised(&self, range: Wide, bits: u32) -> Step<Wide> {
        let raised = range.times(Wide::exactly(1 << bits));
        if bounds::quarter(raised, self.contract.profile.field_bits()) {
            Ok(raised)
        } else {
            Err(self.too_large(raised))
        }
    }
}

/// Whole numbers from 0.
fn below(end: u64) -> Wide {
    Wide {
        low: 0,
        high: i128::from(end) - 1,
    }
}
