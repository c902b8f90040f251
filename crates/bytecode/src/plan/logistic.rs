//! Logistic regression: the intercept and a weight for each column that make y as likely as it was, by gradient descent.
//!
//! With s the logistic function ([`super::elementary`]), a row x of the columns and one before them that is 1 everywhere, and w the
//! weights, each step is w + rate * mean((y - s(w x)) x), which climbs the likelihood of all y at once (Bishop, "Pattern Recognition and
//! Machine Learning", 4.3.2). It begins with w = 0, where s is one half whatever the rows are.
//!
//! **Rounding.** Scores are cut once, from a whole sum of products. A step's change is one quotient, to the nearest: rate times the
//! sum of products, over n and the bits behind the point. Weights stay within given bounds. What steps lose
//! adds up: tests find some 4 units of the last place after 200 steps.
//!
//! **What it shows** is a mixture of rows of which columns choose how they count: from the second step on, who is far on one side of
//! 0 counts as likely, and who is far on the other does not. With one column a large multiple of what somebody is beyond
//! some number, that is a sum over the rows beyond it ([`crate::release`]).
//!
//! Cost of a step for n rows and p columns: n logistic functions and n cuts, n + p + 1 sums of products, p + 1 divisions by
//! a public number and clamps; the first has no logistic function. Steps wait for each other.

use enigma_field::PrimeField;

use super::bounds::{self, quarter};
use super::build::Builder;
use super::error::PlanError;
use super::gate::Rounding;
use super::ir::View;
use super::reference::{self, cut, nearest};
use super::{division, elementary, fixed};
use crate::interval::{Interval, Wide};

/// Most steps.
pub(super) const MOST_STEPS: u32 = 1_000;

/// A logistic regression of y on columns of numbers with `fraction` bits behind the point.
pub(super) struct Problem {
    /// Where the values of the columns, and then those of y, lie.
    pub(super) ranges: Vec<Interval>,
    pub(super) rows: u32,
    pub(super) fraction: u32,
    /// With `fraction` bits behind the point, not negative.
    pub(super) rate: i64,
    pub(super) steps: u32,
    /// Weights stay within it in magnitude.
    pub(super) most: i64,
}

impl Problem {
    /// 1, with the bits behind the point.
    fn one(&self) -> i64 {
        1 << self.fraction
    }

    /// Where values of the columns lie, that of ones first.
    fn columns(&self) -> impl Iterator<Item = Wide> {
        let inputs = self
            .ranges
            .split_last()
            .map_or(&[][..], |(_, inputs)| inputs);
        let ones = Wide::exactly(self.one());
        std::iter::once(ones).chain(inputs.iter().map(|range| Wide::from(*range)))
    }

    /// Where scores lie before they are cut.
    fn raised_scores(&self) -> Wide {
        let weights = Wide::from(self.bounds());
        let scores = self.columns().map(|column| column.times(weights));
        scores.fold(Wide::exactly(0), Wide::plus)
    }

    /// Where they lie then.
    fn scores(&self) -> Interval {
        fixed::cut_range(self.raised_scores(), self.fraction).saturated()
    }

    /// Where y less what is likely lies.
    fn misses(&self) -> Wide {
        let y = Wide::from(self.ranges[self.ranges.len() - 1]);
        y.minus(Wide {
            low: 0,
            high: self.one().into(),
        })
    }

    /// Where rate times the sums of products lie.
    fn raised_changes(&self) -> Wide {
        let misses = self.misses().times(Wide::exactly(self.rows.into()));
        let sums = self.columns().map(|column| column.times(misses));
        let all = sums.fold(Wide::exactly(0), Wide::union);
        all.times(Wide::exactly(self.rate))
    }

    /// What these are divided by.
    fn divisor(&self) -> i128 {
        i128::from(self.rows) << (2 * self.fraction)
    }

    /// Where weights lie.
    pub(super) fn bounds(&self) -> Interval {
        Interval {
            low: -self.most,
            high: self.most,
        }
    }

    /// Whether the numbers that it is asked for with are within their limits.
    pub(super) fn is_sound(&self) -> bool {
        let few = elementary::LEAST_FRACTION..=elementary::MOST_FRACTION;
        let inside = few.contains(&self.fraction) && (1..=MOST_STEPS).contains(&self.steps);
        inside && self.rate >= 0 && self.most > 0
    }

    /// Whether all steps stay below a quarter of the field, and scores within words.
    pub(super) fn fits(&self, field_bits: u32) -> bool {
        // Rounding adds up to half the divisor, either way.
        let divisors = Wide {
            low: -self.divisor(),
            high: self.divisor(),
        };
        let changes = self.raised_changes().plus(divisors);
        let scores = bounds::cut(self.raised_scores(), self.fraction, field_bits);
        scores.is_some_and(|scores| scores.narrow_to(1 << 62).is_some())
            && quarter(changes, field_bits)
            && elementary::logistic_fits(self.fraction, field_bits)
    }
}

/// The intercept and the weights of the columns, in their order. `columns`: y is the last.
pub(super) fn weights<F: PrimeField>(
    b: &mut Builder<F>,
    of: &Problem,
    columns: &[View],
) -> Result<View, PlanError> {
    let count = columns.len() as u32;
    let y = columns[columns.len() - 1];
    b.begin();
    let ones = b.constant(F::from_i64(of.one()), of.rows);
    let all: Vec<View> = std::iter::once(ones)
        .chain(columns[..columns.len() - 1].iter().copied())
        .collect();
    let all = b.concat(&all);
    let by_row = b.transpose(all, count);
    let half = F::from_i64(reference::logistic(0, of.fraction));
    let mut likely = b.constant(half, of.rows);
    let mut weights = b.constant(F::ZERO, count);
    for step in 0..of.steps {
        if step > 0 {
            b.begin();
            let scores = b.matrix_product((by_row, weights), [of.rows, count, 1])?;
            let scores = fixed::cut(b, scores, of.raised_scores(), of.fraction)?;
            likely = elementary::logistic(b, scores, of.scores(), of.fraction)?;
        }
        b.begin();
        let misses = b.linear(&[(F::ONE, y), (-F::ONE, likely)], F::ZERO);
        let sums = b.matrix_product((all, misses), [count, of.rows, 1])?;
        let raised = b.linear(&[(F::from_i64(of.rate), sums)], F::ZERO);
        let range = of.raised_changes();
        let change = division::divide(b, raised, range, of.divisor(), Rounding::Nearest)?;
        let changes = Wide {
            low: nearest(range.low, of.divisor()),
            high: nearest(range.high, of.divisor()),
        };
        b.begin();
        let moved = b.linear(&[(F::ONE, weights), (F::ONE, change)], F::ZERO);
        let range = changes.plus(of.bounds().into());
        weights = fixed::clamp(b, moved, range, of.bounds())?;
    }
    Ok(weights)
}

/// What [`weights`] gives, on plain integers; `None` where 128 bits do not hold what is on the way.
pub(super) fn meaning(of: &Problem, columns: &[&[i64]]) -> Option<Vec<i64>> {
    let (y, inputs) = columns.split_last()?;
    let ones = vec![of.one(); y.len()];
    let all: Vec<&[i64]> = std::iter::once(&ones[..])
        .chain(inputs.iter().copied())
        .collect();
    let mut weights = vec![0_i64; all.len()];
    for _ in 0..of.steps {
        let mut sums = vec![0_i128; all.len()];
        for (row, y) in y.iter().enumerate() {
            let mut score = 0_i128;
            for (column, weight) in all.iter().zip(&weights) {
                let product = i128::from(column[row]) * i128::from(*weight);
                score = score.checked_add(product)?;
            }
            let score = i64::try_from(cut(score, of.fraction)).ok()?;
            let miss = i128::from(*y) - i128::from(reference::logistic(score, of.fraction));
            for (sum, column) in sums.iter_mut().zip(&all) {
                *sum = sum.checked_add(i128::from(column[row]).checked_mul(miss)?)?;
            }
        }
        for (weight, sum) in weights.iter_mut().zip(sums) {
            let raised = sum.checked_mul(of.rate.into())?;
            let moved = i128::from(*weight) + nearest(raised, of.divisor());
            *weight = moved.clamp((-of.most).into(), of.most.into()) as i64;
        }
    }
    Some(weights)
}

#[cfg(test)]
mod tests {
    use super::Problem;
    use crate::interval::Interval;

    fn of(high: i64, y: Interval, fraction: u32, most: i64) -> Problem {
        Problem {
            ranges: vec![Interval { low: 0, high }, y],
            rows: 2,
            fraction,
            rate: 1,
            steps: 2,
            most,
        }
    }

    #[test]
    fn what_is_rounded_stays_below_a_quarter_too() {
        let bit = Interval { low: 0, high: 1 };
        // 2^59 - 1 is the largest number that does, without the half of a unit.
        let most = 3_203_431_780_337;
        assert!(!of(163_567, bit, 14, most).fits(61));
        assert!(of(163_567, bit, 14, most - 1).fits(61));
        // Changes that are negative.
        let (scale, divisor) = (1 << 14, 2_i64 << 28);
        let below = |least: i64| Interval {
            low: least,
            high: -scale,
        };
        let rate = |y| Problem {
            rate: 1 << 10,
            ..of(scale, y, 14, 1)
        };
        let largest = ((1_i64 << 59) - divisor) / (2 * scale * (1 << 10));
        assert!(rate(below(-largest + scale + 1)).fits(61));
        assert!(!rate(below(-largest + scale - 1)).fits(61));
    }

    #[test]
    fn bounds_and_columns_of_any_size_are_judged() {
        let wide = Interval {
            low: -i64::MAX,
            high: i64::MAX,
        };
        let all = Problem {
            ranges: vec![wide; 9],
            ..of(1, wide, 20, i64::MAX)
        };
        assert!(!all.fits(127) && !all.fits(61));
    }
}
