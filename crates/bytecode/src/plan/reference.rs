//! What templates in fixed point give, on plain integers: bit by bit what a committee computes, for interpreters and
//! tests.

use super::correlation::{self, raised_by};
use super::elementary::{self, SEGMENT_BITS, Shape};
use super::logistic;
use super::regression::{self, Problem};
use crate::interval::Interval;

/// `numerator / denominator` to the nearest integer, halves up; 0 for a denominator 0.
#[must_use]
pub fn nearest(numerator: i128, denominator: i128) -> i128 {
    if denominator == 0 {
        return 0;
    }
    let (x, d) = (numerator * denominator.signum(), denominator.abs());
    (2 * x + d).div_euclid(2 * d)
}

/// `x / 2^bits` to the nearest integer, halves up.
#[must_use]
pub fn cut(x: i128, bits: u32) -> i128 {
    if bits == 0 {
        return x;
    }
    (x + (1 << (bits - 1))) >> bits
}

/// The square root of a number that is not negative, to the nearest integer.
#[must_use]
pub fn root(x: i128) -> i128 {
    let root = x.isqrt();
    if x - root * root > root {
        root + 1
    } else {
        root
    }
}

/// [`Gate::Logistic`](super::Gate::Logistic), of one value.
#[must_use]
pub fn logistic(x: i64, f: u32) -> i64 {
    let (magnitude, one) = (x.unsigned_abs(), 1i64 << f);
    let upper = if magnitude >> f >= 1 << elementary::LOGISTIC_BITS {
        one
    } else {
        let shape = Shape::of(f, f, 3);
        let value = at(magnitude.into(), f, shape, elementary::logistic_series);
        cut(value, shape.scale - f) as i64
    };
    if x < 0 { one - upper } else { upper }
}

/// [`Gate::Exp`](super::Gate::Exp), of one value that the gate takes.
#[must_use]
pub fn exp(x: i64, f: u32) -> i64 {
    let floor = elementary::exp_floor(f);
    let x = i128::from(x).max(i128::from(floor) << f);
    let (whole, shape) = ((x >> f) as i64, Shape::of(f, f, 3));
    let value = at(
        x - (i128::from(whole) << f),
        f,
        shape,
        elementary::exp_series,
    );
    let bits = elementary::exp_bits(f);
    let product = value.wrapping_mul(elementary::exp_power(whole, bits));
    cut(product, shape.scale + bits - f) as i64
}

/// [`Gate::Ln`](super::Gate::Ln), of one value.
#[must_use]
pub fn ln(x: i64, f: u32) -> i64 {
    if x <= 0 {
        return 0;
    }
    let (kept, leading) = (elementary::ln_bits(f), x.ilog2());
    let below = i128::from(x) - (1 << leading);
    let mantissa = if leading > kept {
        below >> (leading - kept)
    } else {
        below << (kept - leading)
    };
    let shape = Shape::of(kept, f, 4);
    let value = at(mantissa, kept, shape, elementary::ln_series);
    let whole = elementary::ln_power(i128::from(leading) - i128::from(f), shape);
    cut(value + whole, shape.scale - f) as i64
}

/// The polynomial of the segment of a number with `f` bits behind the point, `series` giving its coefficients.
fn at(x: i128, f: u32, shape: Shape, series: impl Fn(i128) -> Vec<i128>) -> i128 {
    let below = f - SEGMENT_BITS;
    let segment = x >> below;
    let distance = x - (segment << below) - (1 << (below - 1));
    let series = series(segment);
    let mut power = 1;
    let mut sum = 0;
    for (order, coefficient) in (0..).zip(series.iter().take(shape.degree as usize + 1)) {
        sum += shape.coefficient(order, *coefficient) * power;
        power *= distance;
    }
    sum
}

/// [`Gate::LogisticRegression`](super::Gate::LogisticRegression): the intercept and one weight for each column. `columns`: y is the
/// last. Numbers of it have `f` bits behind the point. `None` where 128 bits do not hold what is on the way; they do if the gate takes
/// the columns.
#[must_use]
pub fn logistic_regression(
    columns: &[&[i64]],
    f: u32,
    (rate, steps, most): (i64, u32, i64),
) -> Option<Vec<i64>> {
    let rows = columns.first().map_or(0, |column| column.len());
    let problem = logistic::Problem {
        ranges: Vec::new(),
        rows: u32::try_from(rows).ok()?,
        fraction: f,
        rate,
        steps,
        most,
    };
    logistic::meaning(&problem, columns)
}

/// Most columns of a model, beside y.
pub const MOST_COLUMNS: usize = regression::MOST_COLUMNS;

/// Most steps of a logistic regression.
pub const MOST_LOGISTIC_STEPS: u32 = logistic::MOST_STEPS;

/// Fewest and most bits behind the point of the logistic function, of exp and of ln.
pub const ELEMENTARY_FRACTIONS: (u32, u32) =
    (elementary::LEAST_FRACTION, elementary::MOST_FRACTION);

/// Most bits behind the point of a correlation.
pub const MOST_CORRELATION_FRACTION: u32 = correlation::MOST_FRACTION;

/// By how many bits the roots of a correlation with so many bits behind the point are more precise than whole numbers.
#[must_use]
pub fn correlation_bits(fraction: u32) -> u32 {
    raised_by(fraction)
}

/// [`Gate::Correlation`](super::Gate::Correlation), of two columns of one length. `None` where 128 bits do not hold what is on
/// the way; they do if the gate takes the columns.
#[must_use]
pub fn correlation(x: &[i64], y: &[i64], fraction: u32) -> Option<i64> {
    let raise = 2 * raised_by(fraction);
    let raised = |value: i128| value.checked_mul(1 << raise);
    let (of_x, of_y) = (
        raised(spread(x, x)?)?.isqrt(),
        raised(spread(y, y)?)?.isqrt(),
    );
    let first = nearest(raised(spread(x, y)?)?, of_x);
    i64::try_from(nearest(first.checked_mul(1 << fraction)?, of_y)).ok()
}

/// n sum(x y) - sum(x) sum(y).
#[must_use]
pub fn spread(x: &[i64], y: &[i64]) -> Option<i128> {
    let sum = |values: &[i64]| values.iter().map(|x| i128::from(*x)).sum::<i128>();
    let mut products = 0_i128;
    for (x, y) in x.iter().zip(y) {
        products = products.checked_add(i128::from(*x) * i128::from(*y))?;
    }
    let rows = i128::try_from(x.len()).ok()?;
    products
        .checked_mul(rows)?
        .checked_sub(sum(x).checked_mul(sum(y))?)
}

/// [`Gate::Regression`](super::Gate::Regression): the intercept and one coefficient for each column. `columns`: the
/// columns and then y, of one length, with the ranges that the gate derives for them. Results are right as
/// long as the gate takes these ranges and results before they are clamped fit into 128 bits.
#[must_use]
pub fn regression(columns: &[(&[i64], Interval)], f: u32, ridge: i64, most: i64) -> Vec<i64> {
    let problem = Problem {
        ranges: columns.iter().map(|(_, range)| *range).collect(),
        rows: columns.first().map_or(0, |(rows, _)| rows.len()) as u32,
        fraction: f,
        ridge,
        bounds: Interval {
            low: -most,
            high: most,
        },
    };
    regression::meaning(&problem, columns)
}
