//! Where results of templates lie, and what must hold of their operands, for [`crate::ranges`], which derives the
//! same without planning anything. `field_bits`: of the field's prime.

use super::{
    cells, correlation, decay, elementary, logistic, lookup, noise, regression, sets, spread,
    statistics,
};
use crate::interval::{Interval, Wide};
use crate::model::{BitOp, Noise};

/// Most bits behind the point.
pub(crate) const MOST_FRACTION: u8 = 62;
/// Most bounds of a histogram.
pub(crate) const MOST_BOUNDS: usize = statistics::MOST_BOUNDS;
/// Most entries of a table that is looked into, and most cells.
pub(crate) const MOST_ENTRIES: u32 = lookup::MOST_ENTRIES;
/// Most columns of a key.
pub(crate) const MOST_LIMBS: usize = sets::MOST_LIMBS as usize;
/// Most columns of a regression.
pub(crate) const MOST_COLUMNS: usize = regression::MOST_COLUMNS;
/// Most bits behind the point of a regression.
pub(crate) const MOST_REGRESSION_FRACTION: u32 = regression::MOST_FRACTION;
/// Largest denominator of a quantile.
pub(crate) const MOST_PARTS: u32 = cells::MOST_PARTS;
/// Largest range of random numbers.
pub(crate) const MOST_UNIFORM: u64 = noise::MOST_UNIFORM;

/// Whether values on the way stay below a quarter of the field in magnitude.
pub(crate) fn quarter(range: Wide, field_bits: u32) -> bool {
    let magnitude = range.low.unsigned_abs().max(range.high.unsigned_abs());
    magnitude >> (field_bits - 2) == 0
}

/// Of values that are divided by 2^`bits`, to the nearest.
pub(crate) fn cut(range: Wide, bits: u32, field_bits: u32) -> Option<Wide> {
    let half = Wide {
        low: 0,
        high: 1 << bits,
    };
    quarter(range.plus(half), field_bits).then(|| super::fixed::cut_range(range, bits))
}

/// Of the logistic function.
pub(crate) fn logistic(bits: u32, field_bits: u32) -> Option<Wide> {
    let fits = is_elementary(bits) && elementary::logistic_fits(bits, field_bits);
    fits.then(|| Wide {
        low: 0,
        high: 1 << bits,
    })
}

/// Of exp.
pub(crate) fn exp(range: Interval, bits: u32, field_bits: u32) -> Option<Wide> {
    if !is_elementary(bits) {
        return None;
    }
    // exp ascends, and is 0 below this.
    let floor = elementary::exp_floor(bits) << bits;
    let range = Interval {
        low: range.low.max(floor),
        high: range.high.max(floor),
    };
    elementary::exp_range(range, bits, field_bits).map(Wide::from)
}

/// Of ln.
pub(crate) fn ln(range: Interval, bits: u32, field_bits: u32) -> Option<Wide> {
    let fits = is_elementary(bits) && elementary::ln_fits(bits, field_bits);
    fits.then(|| elementary::ln_range(range, bits).into())
}

fn is_elementary(bits: u32) -> bool {
    (elementary::LEAST_FRACTION..=elementary::MOST_FRACTION).contains(&bits)
}

/// Whether a regression stays below a quarter of the field. `ranges`: of the columns, then of y. `fraction`, `ridge`
/// and `most` as in [`crate::model::Op::Regression`], and already known to be within their limits.
pub(crate) fn regression_fits(
    ranges: &[Interval],
    rows: u32,
    (fraction, ridge, most): (u32, i64, i64),
    field_bits: u32,
) -> bool {
    let problem = regression::Problem {
        ranges: ranges.to_vec(),
        rows,
        fraction,
        ridge,
        bounds: Interval {
            low: -most,
            high: most,
        },
    };
    problem.fits(field_bits)
}

/// Whether a logistic regression's numbers are within their limits, and whether it stays below a quarter of the field. `ranges`: of the
/// columns, then of y. `fraction`, `rate`, `steps` and `most` as in [`crate::model::Op::LogisticRegression`].
pub(crate) fn logistic_regression(
    ranges: &[Interval],
    rows: u32,
    (fraction, rate, steps, most): (u32, i64, u32, i64),
    field_bits: u32,
) -> (bool, bool) {
    let problem = logistic::Problem {
        ranges: ranges.to_vec(),
        rows,
        fraction,
        rate,
        steps,
        most,
    };
    let is_sound = problem.is_sound();
    (is_sound, is_sound && problem.fits(field_bits))
}

/// The largest value on the way to a correlation of two columns from these ranges.
pub(crate) fn correlation(rows: u32, columns: [Interval; 2], fraction: u32) -> Wide {
    correlation::largest(rows, columns, fraction)
}

/// Most bits that are cut off a value: 2 to this power is a value.
pub(crate) const fn most_places(field_bits: u32) -> u32 {
    let bits = field_bits - 2;
    if bits < 62 { bits } else { 62 }
}

/// Of values modulo 2^`bits`.
pub(crate) fn remainder(range: Wide, bits: u32) -> Wide {
    let most = (1 << bits) - 1;
    let high = if range.low < 0 {
        most
    } else {
        most.min(range.high)
    };
    Wide { low: 0, high }
}

/// Of two values that are not negative, bit by bit; `None` where they may be.
pub(crate) fn bitwise(op: BitOp, a: Wide, b: Wide) -> Option<Wide> {
    if a.low < 0 || b.low < 0 {
        return None;
    }
    let ones = |high: i128| (1 << (i128::BITS - high.leading_zeros())) - 1;
    let all = ones(a.high.max(b.high));
    let (low, high) = match op {
        BitOp::And => (0, a.high.min(b.high)),
        BitOp::Or => (a.low.max(b.low), all),
        BitOp::Xor => (0, all),
    };
    Some(Wide { low, high })
}

/// The largest decay of discrete Laplace noise that is too little for `epsilon` millionths on numbers that one giver moves
/// by `moved` together; `None` if none is enough.
pub(crate) fn least_decay(epsilon: u64, moved: i128) -> Option<u64> {
    decay::least_decay(epsilon, moved)
}

/// The largest magnitude of noise; `None` if no template draws it.
pub fn reach(noise: Noise) -> Option<i64> {
    match noise {
        Noise::Laplace { decay } => {
            let thresholds = noise::geometric_thresholds(decay)?;
            Some((1 << thresholds.len()) - 1)
        }
        Noise::Gaussian(width) => Some(spread::Tables::of(width)?.reach()),
    }
}
