//! Gates on columns of tables: filters, cells, covariances, correlations.

use enigma_field::PrimeField;

use super::{BIT, Expansion, Known, Refusal, check, is_bit, narrow, union};
use crate::interval::{Interval, Wide};
use crate::model::Relation;
use crate::plan::error::GateProblem;
use crate::plan::gate::{Gate, Value};
use crate::plan::{cells, correlation, relation, statistics, subset};

impl<F: PrimeField> Expansion<F> {
    pub(super) fn subsets(&mut self, gate: &Gate) -> Result<Known, Refusal> {
        match gate {
            Gate::AtLeast { a, least } => {
                let a = self.value(*a)?;
                narrow::<F>(Wide::exactly(*least))?;
                let below = [(F::ONE, a.view)];
                let constant = F::ONE - F::from_i64(*least);
                let view = relation::holds(&mut self.b, Relation::Greater, &below, constant)?;
                Ok(Known { view, range: BIT })
            }
            Gate::BlockSums { a, blocks } => {
                let a = self.value(*a)?;
                let rows = blocks_of(a, *blocks)?;
                let sums = Wide::from(a.range).times(Wide::exactly(rows.into()));
                let range = narrow::<F>(sums)?;
                self.b.begin();
                let view = statistics::block_sums(&mut self.b, a.view, *blocks);
                Ok(Known { view, range })
            }
            Gate::SumWhere { bits, a } => {
                let (bits, a) = self.filter(*bits, *a)?;
                let range = narrow::<F>(subset::sum_range(a.view.len, a.range))?;
                let view = subset::sums(&mut self.b, bits.view, a.view)?;
                Ok(Known { view, range })
            }
            Gate::MeanWhere { bits, a, rounding } => {
                let (bits, a) = self.filter(*bits, *a)?;
                quarter::<F>(subset::sum_range(a.view.len, a.range))?;
                let column = (a.view, a.range);
                let view = subset::means(&mut self.b, bits.view, column, *rounding)?;
                Ok(Known {
                    view,
                    range: with_zero(a.range),
                })
            }
            Gate::Covariance {
                a,
                b,
                bits,
                rounding,
            } => {
                check(*bits < 64, GateProblem::Parameter)?;
                let same = a == b;
                let (a, b) = (self.value(*a)?, self.value(*b)?);
                check(a.view.len == b.view.len, GateProblem::Length)?;
                let ranges = (a.range, b.range);
                let scaled = subset::scaled_covariance_range(a.view.len, ranges, same);
                let square = i128::from(a.view.len).pow(2);
                let divisor = square << bits;
                quarter::<F>(Wide {
                    low: -divisor,
                    high: divisor,
                })?;
                quarter::<F>(scaled)?;
                let nearest = i128::from(scaled.high > 0);
                let range = narrow::<F>(Wide {
                    low: scaled.low / divisor - if same { 0 } else { nearest },
                    high: scaled.high / divisor + nearest,
                })?;
                let columns = (a.view, b.view);
                let view = subset::covariance(&mut self.b, columns, scaled, *bits, *rounding)?;
                Ok(Known { view, range })
            }
            Gate::Correlation { a, b, bits } => {
                check(*bits <= correlation::MOST_FRACTION, GateProblem::Parameter)?;
                let (a, b) = (self.value(*a)?, self.value(*b)?);
                check(a.view.len == b.view.len, GateProblem::Length)?;
                let ranges = [a.range, b.range];
                quarter::<F>(correlation::largest(a.view.len, ranges, *bits))?;
                let one = 1 << bits;
                let range = narrow::<F>(Wide {
                    low: -one,
                    high: one,
                })?;
                let columns = [a.view, b.view];
                let view = correlation::correlation(&mut self.b, columns, ranges, *bits)?;
                Ok(Known { view, range })
            }
            Gate::CellQuantile {
                hots,
                a,
                numerator,
                denominator,
            } => {
                let few = (1..=cells::MOST_PARTS).contains(denominator);
                let part = (1..=*denominator).contains(numerator);
                check(few && part, GateProblem::Parameter)?;
                let (hots, a) = self.filter(*hots, *a)?;
                let (column, part) = ((a.view, a.range), (*numerator, *denominator));
                let view = cells::quantiles(&mut self.b, hots.view, column, part)?;
                Ok(Known {
                    view,
                    range: with_zero(a.range),
                })
            }
            _ => unreachable!("sorted by `gate`"),
        }
    }

    /// Blocks of bits, each as long as a column, and the column.
    fn filter(&self, bits: Value, column: Value) -> Result<(Known, Known), GateProblem> {
        let (bits, column) = (self.value(bits)?, self.value(column)?);
        is_bit(bits)?;
        let whole = bits.view.len.is_multiple_of(column.view.len);
        check(whole, GateProblem::Length)?;
        Ok((bits, column))
    }
}

/// The length of each of so many blocks.
pub(super) fn blocks_of(of: Known, blocks: u32) -> Result<u32, GateProblem> {
    let whole = blocks > 0 && of.view.len.is_multiple_of(blocks);
    check(whole, GateProblem::Length)?;
    Ok(of.view.len / blocks)
}

/// Values inside a computation are below a quarter of the field in magnitude.
pub(super) fn quarter<F: PrimeField>(range: Wide) -> Result<(), GateProblem> {
    let magnitude = range.low.unsigned_abs().max(range.high.unsigned_abs());
    check(magnitude >> (F::BITS - 2) == 0, GateProblem::Range)
}

pub(super) fn with_zero(range: Interval) -> Interval {
    union(range, Interval { low: 0, high: 0 })
}
