//! Whole vectors in another order, and sums up to each element.

use super::{Extent, MAX_LEN, MAX_MOVED, Pass, RangeError, Step};
use crate::interval::Wide;
use crate::model::{Op, S};

impl Pass<'_> {
    pub(super) fn reordered(&mut self, code: &Op) -> Step {
        match *code {
            Op::Sort {
                dst,
                keys,
                ref columns,
                ..
            } => {
                let extent = self.rows_alike(columns)?;
                if self.numbers(keys)?.extent != extent {
                    return Err(RangeError::MixedSpaces { op: self.op });
                }
                self.moved(dst, columns, extent)
            }
            Op::Top { dst, a, len } => {
                let x = self.numbers(a)?;
                let (fewest, _) = self.len(x.extent)?;
                if !(1..=MAX_LEN).contains(&len) {
                    return Err(RangeError::BadParameter { op: self.op });
                }
                let range = if fewest < len {
                    x.range.with_zero()
                } else {
                    x.range
                };
                self.define(dst, range, Extent::Fixed(len))
            }
            Op::PrefixSums { dst, a } => {
                let x = self.numbers(a)?;
                let (_, most) = self.len(x.extent)?;
                let counts = Wide {
                    low: 1,
                    high: most.max(1).into(),
                };
                self.define(dst, x.range.times(counts), x.extent)
            }
            Op::Shuffle { dst, ref columns } => {
                let extent = self.rows_alike(columns)?;
                self.moved(dst, columns, extent)
            }
            _ => unreachable!("sorted by `vector`"),
        }
    }

    /// The one extent of the columns of rows that are moved together.
    fn rows_alike(&self, columns: &[S]) -> Step<Extent> {
        if columns.len() > MAX_MOVED {
            return Err(RangeError::BadParameter { op: self.op });
        }
        let extent = self.all_alike(columns)?;
        self.len(extent)?;
        Ok(extent)
    }

    /// Columns whose elements stand elsewhere.
    fn moved(&mut self, dst: S, columns: &[S], extent: Extent) -> Step {
        let mut ranges = Vec::new();
        for column in columns {
            ranges.push(self.numbers(*column)?.range);
        }
        self.define_each(dst, ranges, extent)
    }
}
