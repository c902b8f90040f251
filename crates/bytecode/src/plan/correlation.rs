//! The correlation of two shared columns, in fixed point: of these rows, 0 if one of them does not vary.
//!
//! With C = n sum(x y) - sum(x) sum(y) and V and W the same of each column with itself, all exact, it is
//! C / sqrt(V W). For f bits behind the point and g = f + [`GUARD_BITS`]:
//!
//! - S and T are the roots of 2^(2g) V and 2^(2g) W, rounded down ([`super::root`]), side by side;
//! - Q = 2^(2g) C / S, and the result 2^f Q / T, both to the nearest ([`super::quotient`]).
//!
//! **Error.** Let e = 2^-g. Where V and W are not 0 they are at least 1, so S is sqrt(V) 2^g but for a factor from 1 - e to 1, T
//! likewise. Q is off by a half, which T makes e / 2 of the result at most. So before it is rounded the last time the result is off by
//! less than 2.7 e, which is 0.17 of the last place, and what is exactly 1 or -1 stays so. Nothing is beyond 1.
//!
//! **Ranges.** C^2 <= V W (Cauchy, Schwarz) and V <= n^2 w^2 / 4 for a column of width w (Popoviciu). 2^(2g) times that must be
//! below a quarter of the field: for 16 bits behind the point and 2^127 - 1, n w < 2^43. Q is at most (sqrt(W) 2^g) / (1 - e) +
//! 1/2, hence has half as many bits.
//!
//! Cost: 6 products, two roots in one layer and two quotients; none of them grows with rows.

use enigma_field::PrimeField;

use super::build::Builder;
use super::error::PlanError;
use super::gate::Rounding;
use super::ir::View;
use super::quotient::{self, Factor};
use super::{root, subset};
use crate::interval::{Interval, Wide};

/// By how many bits roots are more precise than the result.
const GUARD_BITS: u32 = 4;
/// Most bits behind the point.
pub(super) const MOST_FRACTION: u32 = 40;

/// By how many bits columns are raised before roots are taken, for so many bits behind the point.
pub(super) fn raised_by(fraction: u32) -> u32 {
    fraction + GUARD_BITS
}

/// The largest value on the way, of columns with values from these ranges.
pub(super) fn largest(rows: u32, columns: [Interval; 2], fraction: u32) -> Wide {
    let largest = |range| raised_spread(rows, range, fraction);
    let [x, y] = columns.map(largest);
    Wide {
        low: 0,
        high: x.max(y),
    }
}

/// 2^(2g) times the largest spread of a column.
fn raised_spread(rows: u32, range: Interval, fraction: u32) -> i128 {
    let spread = subset::scaled_covariance_range(rows, (range, range), true).high;
    spread.saturating_mul(1 << (2 * raised_by(fraction)))
}

/// The correlation of two columns from these ranges, for which [`largest`] is below a quarter of the field.
pub(super) fn correlation<F: PrimeField>(
    b: &mut Builder<F>,
    columns: [View; 2],
    ranges: [Interval; 2],
    fraction: u32,
) -> Result<View, PlanError> {
    let ([x, y], rows) = (columns, columns[0].len);
    let both = subset::scaled_covariance(b, x, y)?;
    let spreads = [
        subset::scaled_covariance(b, x, x)?,
        subset::scaled_covariance(b, y, y)?,
    ];
    let highs = ranges.map(|range| raised_spread(rows, range, fraction));
    let raise = 2 * raised_by(fraction);
    b.begin();
    let spreads = b.concat(&spreads);
    let raised = b.linear(&[(F::from_i128(1 << raise), spreads)], F::ZERO);
    let high = highs[0].max(highs[1]).unsigned_abs();
    let roots = root::root(b, raised, high, Rounding::TowardZero)?;
    let divisor = |place: u32| Factor {
        value: roots.part(place, 1),
        range: Wide {
            low: 0,
            high: highs[place as usize].isqrt(),
        },
    };
    let most = most_first(highs[1].unsigned_abs(), fraction);
    let first = Raised {
        value: both,
        most: (subset::scaled_covariance_range(rows, ranges.into(), false).high).unsigned_abs(),
        by: raise,
    };
    let first = first.over(b, divisor(0), most)?;
    let second = Raised {
        value: first,
        most: most + 1,
        by: fraction,
    };
    second.over(b, divisor(1), 1 << fraction)
}

/// The largest Q, before it is rounded, of a second column whose raised spread is at most `high`: with r one more
/// than its root, r / (1 - e) <= r (1 + 2 e).
fn most_first(high: u128, fraction: u32) -> u128 {
    let root = high.isqrt() + 1;
    root + (root >> (raised_by(fraction) - 1)) + 1
}

/// A number of at most `most` in magnitude, to be multiplied by 2^`by`.
struct Raised {
    value: View,
    most: u128,
    by: u32,
}

impl Raised {
    /// Divided, to the nearest; `quotient`: no quotient is as large as one more than that.
    fn over<F: PrimeField>(
        self,
        b: &mut Builder<F>,
        divisor: Factor,
        quotient: u128,
    ) -> Result<View, PlanError> {
        b.begin();
        let most = (self.most << self.by) as i128;
        let dividend = Factor {
            value: b.linear(&[(F::from_i128(1 << self.by), self.value)], F::ZERO),
            range: Wide {
                low: -most,
                high: most,
            },
        };
        quotient::divide_up_to(b, dividend, divisor, Rounding::Nearest, quotient)
    }
}
