//! Operations on whole vectors: reductions, cells, keys and models.

use super::{BIT, Extent, MAX_LEN, Numbers, Pass, RangeError, SecretRange, Step};
use crate::interval::{Interval, Wide};
use crate::model::{Op, Provider, S};
use crate::plan::{bounds, reference};

/// Of members' numbers, which have 32 bits.
const MEMBER_NUMBERS: Wide = Wide {
    low: 0,
    high: u32::MAX as i128,
};

impl Pass<'_> {
    pub(super) fn vector(&mut self, code: &Op) -> Step {
        match *code {
            Op::Sum { dst, a } => {
                let x = self.numbers(a)?;
                let sum = x.range.times(self.count(x.extent)?);
                self.define(dst, sum, Extent::Scalar)
            }
            Op::Dot { dst, a, b } => {
                let (products, extent) = self.product(a, b)?;
                let sum = products.times(self.count(extent)?);
                self.define(dst, sum, Extent::Scalar)
            }
            Op::DotFixed { dst, a, b, bits } => {
                let bits = self.fraction(bits)?;
                let (products, extent) = self.product(a, b)?;
                let sum = products.times(self.count(extent)?);
                let cut = bounds::cut(sum, bits, self.contract.profile.field_bits());
                let cut = cut.ok_or_else(|| self.too_large(sum))?;
                self.define(dst, cut, Extent::Scalar)
            }
            Op::Gather { dst, ref parts } => self.gather(dst, parts),
            Op::Element { dst, a, at } => {
                let x = self.numbers(a)?;
                let (fewest, _) = self.len(x.extent)?;
                let range = match x.extent {
                    _ if at < fewest => x.range,
                    Extent::Over(_) if at < MAX_LEN => x.range.with_zero(),
                    _ => return Err(RangeError::BadParameter { op: self.op }),
                };
                self.define(dst, range, Extent::Scalar)
            }
            Op::Lookup { dst, table, index } => {
                let (table, index) = (self.numbers(table)?, self.numbers(index)?);
                let Extent::Fixed(len) = table.extent else {
                    return Err(RangeError::NotAVector { op: self.op });
                };
                self.entries(len)?;
                let places = Wide {
                    low: 0,
                    high: i128::from(len) - 1,
                };
                if !index.range.within(places) {
                    return Err(RangeError::WrongOperand { op: self.op });
                }
                self.define(dst, table.range, index.extent)
            }
            Op::Rank { dst, a, .. } => {
                let x = self.numbers(a)?;
                let (_, most) = self.len(x.extent)?;
                let range = Wide {
                    low: 1,
                    high: most.max(1).into(),
                };
                self.define(dst, range, x.extent)
            }
            Op::First { dst, a, .. } => {
                let x = self.numbers(a)?;
                let range = self.one_of(x, 1)?;
                self.define(dst, range, Extent::Scalar)
            }
            Op::Second { dst, a, .. } => {
                let x = self.numbers(a)?;
                let range = self.one_of(x, 2)?;
                self.define(dst, range, Extent::Scalar)
            }
            Op::Quantile { dst, a, place } => {
                let x = self.numbers(a)?;
                self.public_number(place)?;
                let range = self.one_of(x, 1)?;
                self.define(dst, range, Extent::Scalar)
            }
            Op::FirstMember { dst, a, .. } => self.first_member(dst, a),
            Op::Histogram { .. }
            | Op::CountEach { .. }
            | Op::CellSum { .. }
            | Op::CellQuantile { .. } => self.cells(code),
            Op::EqualKeys { .. } | Op::Distinct { .. } | Op::Join { .. } => self.keys(code),
            Op::Sort { .. } | Op::Top { .. } | Op::PrefixSums { .. } | Op::Shuffle { .. } => {
                self.reordered(code)
            }
            _ => self.models(code),
        }
    }

    fn gather(&mut self, dst: S, parts: &[S]) -> Step {
        let len = u32::try_from(parts.len()).ok();
        let len = len.filter(|len| (1..=MAX_LEN).contains(len));
        let len = len.ok_or(RangeError::BadParameter { op: self.op })?;
        let mut range: Option<Wide> = None;
        for part in parts {
            let part = self.scalar(*part)?;
            range = Some(range.map_or(part, |range| range.union(part)));
        }
        let range = range.ok_or(RangeError::BadParameter { op: self.op })?;
        self.define(dst, range, Extent::Fixed(len))
    }

    fn first_member(&mut self, dst: S, a: S) -> Step {
        let x = self.numbers(a)?;
        let Extent::Over(collection) = x.extent else {
            return Err(RangeError::NotAVector { op: self.op });
        };
        // A party's rows have one giver, whom everyone knows.
        if let Provider::Party(_) = self.collection(collection)?.provider {
            return Err(RangeError::BadCollection { op: self.op });
        }
        let value = SecretRange {
            interval: self.narrow(MEMBER_NUMBERS)?,
            extent: Extent::Scalar,
            member_of: Some(collection),
        };
        self.define_secret(dst, value)
    }

    fn cells(&mut self, code: &Op) -> Step {
        match *code {
            Op::Histogram {
                dst,
                a,
                bounds: ref ends,
            } => {
                let x = self.numbers(a)?;
                let count = self.count(x.extent)?.with_zero();
                let ascending = ends.is_sorted_by(|a, b| a < b);
                if !ascending || !(1..=bounds::MOST_BOUNDS).contains(&ends.len()) {
                    return Err(RangeError::BadParameter { op: self.op });
                }
                for end in ends {
                    self.narrow(Wide::exactly(*end))?;
                }
                let len = u32::try_from(ends.len()).unwrap_or(u32::MAX - 1) + 1;
                self.define(dst, count, Extent::Fixed(len))
            }
            Op::CountEach { dst, a, len } => {
                let x = self.numbers(a)?;
                let count = self.count(x.extent)?.with_zero();
                self.entries(len)?;
                self.define(dst, count, Extent::Fixed(len))
            }
            Op::CellSum { dst, keys, a, len } => {
                let x = self.keyed(keys, a, len)?;
                let sum = x.range.times(self.count(x.extent)?.with_zero());
                self.define(dst, sum, Extent::Fixed(len))
            }
            Op::CellQuantile {
                dst,
                keys,
                a,
                len,
                numerator,
                denominator,
            } => {
                let x = self.keyed(keys, a, len)?;
                let part = (1..=denominator).contains(&numerator);
                if !part || denominator > bounds::MOST_PARTS {
                    return Err(RangeError::BadParameter { op: self.op });
                }
                self.define(dst, x.range.with_zero(), Extent::Fixed(len))
            }
            _ => unreachable!("sorted by `vector`"),
        }
    }

    /// A column and as many keys.
    fn keyed(&self, keys: S, a: S, len: u32) -> Step<Numbers> {
        let (keys, x) = (self.numbers(keys)?, self.numbers(a)?);
        self.len(keys.extent)?;
        if keys.extent != x.extent {
            return Err(RangeError::MixedSpaces { op: self.op });
        }
        self.entries(len)?;
        Ok(x)
    }

    fn keys(&mut self, code: &Op) -> Step {
        match *code {
            Op::EqualKeys { dst, ref a, ref b } => {
                self.limbs(a.len(), b.len())?;
                let mut extent = Extent::Scalar;
                for part in a.iter().chain(b) {
                    extent = self.common(extent, self.numbers(*part)?.extent)?;
                }
                self.define(dst, BIT, extent)
            }
            Op::Distinct { dst, ref keys } => {
                self.limbs(keys.len(), keys.len())?;
                let extent = self.all_alike(keys)?;
                self.len(extent)?;
                self.define(dst, BIT, extent)
            }
            Op::Join {
                dst,
                ref left,
                ref right,
                valid,
                ref columns,
            } => {
                self.limbs(left.len(), right.len())?;
                let extent = self.all_alike(left)?;
                let other = self.all_alike(right)?;
                self.len(other)?;
                let valid = self.bit(valid)?;
                let mut brought = Vec::new();
                for column in columns {
                    let column = self.numbers(*column)?;
                    if column.extent != other {
                        return Err(RangeError::MixedSpaces { op: self.op });
                    }
                    brought.push(column.range.with_zero());
                }
                if valid.extent != other && valid.extent != Extent::Scalar {
                    return Err(RangeError::MixedSpaces { op: self.op });
                }
                let found = std::iter::once(BIT).chain(brought);
                self.define_each(dst, found, extent)
            }
            _ => unreachable!("sorted by `vector`"),
        }
    }

    /// Keys have equally many columns on both sides.
    fn limbs(&self, a: usize, b: usize) -> Step {
        if a == b && (1..=bounds::MOST_LIMBS).contains(&a) {
            Ok(())
        } else {
            Err(RangeError::BadParameter { op: self.op })
        }
    }

    /// Results of one extent, in consecutive registers.
    pub(super) fn define_each(
        &mut self,
        dst: S,
        ranges: impl IntoIterator<Item = Wide>,
        extent: Extent,
    ) -> Step {
        let mut next = Some(dst.0);
        for range in ranges {
            let register = next.ok_or(RangeError::WrongDestination { op: self.op })?;
            self.define(S(register), range, extent)?;
            next = register.checked_add(1);
        }
        Ok(())
    }

    /// The one extent of several columns.
    pub(super) fn all_alike(&self, columns: &[S]) -> Step<Extent> {
        let mut all: Option<Extent> = None;
        for column in columns {
            let extent = self.numbers(*column)?.extent;
            if all.is_some_and(|all| all != extent) {
                return Err(RangeError::MixedSpaces { op: self.op });
            }
            all = Some(extent);
        }
        all.ok_or(RangeError::BadParameter { op: self.op })
    }

    fn models(&mut self, code: &Op) -> Step {
        let field = self.contract.profile.field_bits();
        match *code {
            Op::Covariance { dst, a, b, bits } => {
                let bits = self.fraction(bits)?;
                let extent = self.all_alike(&[a, b])?;
                let (_, most) = self.len(extent)?;
                let (x, y) = (self.numbers(a)?.range, self.numbers(b)?.range);
                let range = self.covariance(x, y, (most, bits), a == b)?;
                self.define(dst, range, Extent::Scalar)
            }
            Op::Correlation { dst, a, b, bits } => {
                let bits = u32::from(bits);
                if bits > reference::MOST_CORRELATION_FRACTION {
                    return Err(RangeError::BadParameter { op: self.op });
                }
                let extent = self.all_alike(&[a, b])?;
                let (_, most) = self.len(extent)?;
                let columns = [self.numbers(a)?.range, self.numbers(b)?.range];
                let value = bounds::correlation(most, columns.map(Wide::saturated), bits);
                if !bounds::quarter(value, field) {
                    return Err(self.too_large(value));
                }
                let one = 1 << bits;
                let range = Wide {
                    low: -one,
                    high: one,
                };
                self.define(dst, range, Extent::Scalar)
            }
            Op::MeanSquare { dst, a, bits } => {
                let bits = self.fraction(bits)?;
                let x = self.numbers(a)?;
                let (fewest, most) = self.len(x.extent)?;
                let square = x.range.square();
                let rows = Wide::exactly(most.into());
                for value in [square.times(rows), rows.times(Wide::exactly(1 << bits))] {
                    if !bounds::quarter(value, field) {
                        return Err(self.too_large(value));
                    }
                }
                let cut = bounds::cut(square, bits, field);
                let cut = cut.ok_or_else(|| self.too_large(square))?;
                let range = if fewest == 0 { cut.with_zero() } else { cut };
                self.define(dst, range, Extent::Scalar)
            }
            Op::Regression {
                dst,
                ref columns,
                y,
                bits,
                ridge,
                most,
            } => {
                let bits = u32::from(bits);
                if bits > bounds::MOST_REGRESSION_FRACTION || ridge < 0 || most <= 0 {
                    return Err(RangeError::BadParameter { op: self.op });
                }
                let (ranges, rows) = self.model(columns, y)?;
                let constants = (bits, ridge, most);
                let fits = rows
                    .iter()
                    .all(|&rows| bounds::regression_fits(&ranges, rows, constants, field));
                self.coefficients(dst, (fits, &ranges), most)
            }
            Op::LogisticRegression {
                dst,
                ref columns,
                y,
                bits,
                rate,
                steps,
                most,
            } => {
                let (ranges, rows) = self.model(columns, y)?;
                let constants = (bits.into(), rate, steps, most);
                let found =
                    rows.map(|rows| bounds::logistic_regression(&ranges, rows, constants, field));
                if found.iter().any(|(is_sound, _)| !is_sound) {
                    return Err(RangeError::BadParameter { op: self.op });
                }
                let fits = found.iter().all(|(_, fits)| *fits);
                self.coefficients(dst, (fits, &ranges), most)
            }
            _ => unreachable!("sorted by `vector`"),
        }
    }

    /// Where the columns of a model lie, and y last; and the fewest and the most rows.
    fn model(&self, columns: &[S], y: S) -> Step<(Vec<Interval>, [u32; 2])> {
        if !(1..=bounds::MOST_COLUMNS).contains(&columns.len()) {
            return Err(RangeError::BadParameter { op: self.op });
        }
        let all: Vec<S> = columns.iter().copied().chain([y]).collect();
        let extent = self.all_alike(&all)?;
        let (fewest, longest) = self.len(extent)?;
        let mut ranges = Vec::new();
        for column in &all {
            ranges.push(self.numbers(*column)?.range.saturated());
        }
        Ok((ranges, [fewest.max(1), longest.max(1)]))
    }

    /// One number more than there are columns beside y, of at most `most` in magnitude, if all on the way fits.
    fn coefficients(&mut self, dst: S, (fits, ranges): (bool, &[Interval]), most: i64) -> Step {
        if !fits {
            return Err(RangeError::WrongOperand { op: self.op });
        }
        let result = Wide {
            low: -i128::from(most),
            high: most.into(),
        };
        let len = u32::try_from(ranges.len()).unwrap_or(u32::MAX);
        self.define(dst, result, Extent::Fixed(len))
    }

    /// At most a quarter of the product of the widths. On the way there are n^2 times that, and n^2 2^bits.
    fn covariance(&self, x: Wide, y: Wide, (rows, bits): (u32, u32), same: bool) -> Step<Wide> {
        let width = |range: Wide| range.high.saturating_sub(range.low);
        let product = width(x).saturating_mul(width(y));
        let square = i128::from(rows) * i128::from(rows);
        let scaled = product.saturating_mul(square) / 4;
        let divisor = square.saturating_mul(1 << bits);
        for magnitude in [scaled, divisor] {
            let value = Wide {
                low: 0,
                high: magnitude,
            };
            if !bounds::quarter(value, self.contract.profile.field_bits()) {
                return Err(self.too_large(value));
            }
        }
        let most = (product >> (bits + 2)) + i128::from(product > 0);
        Ok(Wide {
            low: if same { 0 } else { -most },
            high: most,
        })
    }

    /// One of a vector's elements, or 0 if there may be fewer than `least`.
    fn one_of(&self, x: Numbers, least: u32) -> Step<Wide> {
        let (fewest, _) = self.len(x.extent)?;
        let short = fewest < least;
        Ok(if short { x.range.with_zero() } else { x.range })
    }

    /// How many elements a vector has.
    fn count(&self, extent: Extent) -> Step<Wide> {
        let (fewest, most) = self.len(extent)?;
        Ok(Wide {
            low: fewest.into(),
            high: most.into(),
        })
    }

    /// Tables and one-hots are so long at most.
    fn entries(&self, len: u32) -> Step {
        if (1..=bounds::MOST_ENTRIES).contains(&len) {
            Ok(())
        } else {
            Err(RangeError::BadParameter { op: self.op })
        }
    }
}
