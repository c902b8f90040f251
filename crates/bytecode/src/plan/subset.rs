//! Sums and means over rows that nobody knows, given by shared bits; covariances of whole columns.
//!
//! Bits come in blocks, each as long as the column: one block for a filter, one for each cell of a grouping by
//! one-hots. All results of a call take one layer.
//!
//! - **Sum** where a bit is 1: an inner product with the column, 1 product for each block, 1 round.
//! - **Mean** where a bit is 1: that sum divided by the number of ones ([`super::quotient`]), 0 for none.
//!   A mean is not beyond the column's values, so the quotient has no more bits than they have.
//! - **Covariance**: n sum(x y) - sum(x) sum(y), an integer, exact, divided by n^2 2^f ([`super::division`]): 2
//!   products and that division. No mean is rounded on the way. It divides by n^2: the covariance of
//!   these rows, not an estimate for others. The square root of a variance is the standard deviation.
//!
//! |sum of distances' products| is at most n^2 w v / 4 for columns with values in intervals of widths w and v
//! (Popoviciu's inequality, and Cauchy's and Schwarz's), so the range is narrower than that of its terms.

use enigma_field::PrimeField;

use super::build::Builder;
use super::error::PlanError;
use super::gate::Rounding;
use super::ir::View;
use super::quotient::{self, Factor};
use super::{division, statistics};
use crate::interval::{Interval, Wide};

/// The sum of the column's values where the bit is 1, one for each block of bits.
pub(super) fn sums<F: PrimeField>(
    b: &mut Builder<F>,
    bits: View,
    column: View,
) -> Result<View, PlanError> {
    b.begin();
    let blocks = bits.len / column.len;
    b.matrix_product((bits, column), [blocks, column.len, 1])
}

/// Where the sums lie.
pub(super) fn sum_range(rows: u32, range: Interval) -> Wide {
    let all = Wide::from(range).times(Wide::exactly(rows.into()));
    Wide {
        low: all.low.min(0),
        high: all.high.max(0),
    }
}

/// The mean of the column's values where the bit is 1, one for each block of bits; 0 where none is.
/// `range`: where the column's values lie.
pub(super) fn means<F: PrimeField>(
    b: &mut Builder<F>,
    bits: View,
    (column, range): (View, Interval),
    rounding: Rounding,
) -> Result<View, PlanError> {
    let dividend = Factor {
        value: sums(b, bits, column)?,
        range: sum_range(column.len, range),
    };
    b.begin();
    let divisor = Factor {
        value: statistics::block_sums(b, bits, bits.len / column.len),
        range: Wide {
            low: 0,
            high: column.len.into(),
        },
    };
    let most = range.low.unsigned_abs().max(range.high.unsigned_abs());
    quotient::divide_up_to(b, dividend, divisor, rounding, most.into())
}

/// n^2 times the covariance of two columns.
pub(super) fn scaled_covariance<F: PrimeField>(
    b: &mut Builder<F>,
    x: View,
    y: View,
) -> Result<View, PlanError> {
    b.begin();
    let products = b.matrix_product((x, y), [1, x.len, 1])?;
    b.begin();
    let (sum_x, sum_y) = (b.sum(x), b.sum(y));
    let product = b.multiply(&[(sum_x, sum_y)])?;
    let rows = F::from_u64(x.len.into());
    b.begin();
    Ok(b.linear(&[(rows, products), (-F::ONE, product)], F::ZERO))
}

/// Where [`scaled_covariance`] lies; `same` for a column with itself.
pub(super) fn scaled_covariance_range(rows: u32, (x, y): (Interval, Interval), same: bool) -> Wide {
    let width = |range: Interval| i128::from(range.high.abs_diff(range.low));
    let square = i128::from(rows) * i128::from(rows);
    let most = width(x).saturating_mul(width(y)).saturating_mul(square) / 4;
    Wide {
        low: if same { 0 } else { -most },
        high: most,
    }
}

/// The covariance of two columns, divided by 2^`bits`. `range`: of [`scaled_covariance_range`].
pub(super) fn covariance<F: PrimeField>(
    b: &mut Builder<F>,
    (x, y): (View, View),
    range: Wide,
    bits: u32,
    rounding: Rounding,
) -> Result<View, PlanError> {
    let scaled = scaled_covariance(b, x, y)?;
    let divisor = i128::from(x.len).pow(2) << bits;
    division::divide(b, scaled, range, divisor, rounding)
}
