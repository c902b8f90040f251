//! exp, ln and the logistic function of numbers in fixed point, x standing for x / 2^f, with f from
//! [`LEAST_FRACTION`] to [`MOST_FRACTION`].
//!
//! Range reduction by bits, then a table of Taylor polynomials, one for each segment of the reduced argument
//! (Tang, "Table-lookup algorithms for elementary functions and their error analysis", 1991; Muller, "Elementary
//! Functions", ch. 4 to 6). With t the distance from the segment's centre, an integer, the polynomial sum(c_i t^i)
//! has coefficients scaled by 2^(s - i f), so that all of it is one exact integer, which is cut **once**, to the
//! nearest. Coefficients are looked up locally, by one-hots of the segment's number; they are integers that
//! every node computes alike ([`super::reals`]).
//!
//! | | reduced argument | segments | degree | error at most |
//! |---|---|---|---|---|
//! | logistic | \|x\|, 16 and more give 1; 1 - y for x < 0 | 256 of 2^-4 | 3 | 0.6 |
//! | exp | x = k + u + t; exp of k from a table of its own, one exact product; 0 below -ceil(0.7 (f + 2)) | 16 of 2^-4 | 3 | 0.6 + 2^(f - 24) exp(x) |
//! | ln | x = 2^e m with 1 <= m < 2, from the leading bit; e ln 2 is a table's entry | 16 of 2^-4 | 4 | 0.6 |
//!
//! Errors are in units of the last place, 2^-f: half a unit from the cut, and what Taylor's remainder leaves: with
//! |t| <= 2^-5 below 2^-20 / 24 of the value for degree 3, 2^-25 / 5 for ln, whose argument loses bits below
//! 2^-(f + 5).
//!
//! Per value: signs and clamps (logistic: 2 comparisons, 4 products; exp: 1 and 2 where the range reaches so
//! low; ln: 1 and 2 where it reaches 0), the bits of the reduced argument, one-hots (247; 11 and at most 57; 11), 2 or
//! 3 products for the powers of t, 1 for the polynomial, 1 more in exp, 1 cut; ln: the bits of x and some W
//! log2 W products for its leading one of W, 1 product and W bits more.

use enigma_field::PrimeField;

use super::build::Builder;
use super::error::PlanError;
use super::ir::View;
use super::tiling::by_rows;
use super::{bits, fixed, lookup, product, reals, relation};
use crate::interval::{Interval, Wide};
use crate::model::Relation;

/// Fewest and most bits behind the point.
pub(super) const LEAST_FRACTION: u32 = 8;
pub(super) const MOST_FRACTION: u32 = 20;

/// Segments are 2^-4 wide.
pub(super) const SEGMENT_BITS: u32 = 4;

/// The logistic function is 1 from 2^4 on.
pub(super) const LOGISTIC_BITS: u32 = 4;

/// Bits that the last coefficient of a polynomial has behind the point.
const LAST_BITS: u32 = 12;

/// Rows that are treated at once.
const ROWS: u32 = super::TILE / 32;

/// 1 / (1 + exp(-x)).
pub(super) fn logistic<F: PrimeField>(
    b: &mut Builder<F>,
    x: View,
    range: Interval,
    f: u32,
) -> Result<View, PlanError> {
    let (one, unit) = (F::ONE, F::from_i128(1 << f));
    let negative = relation::holds(b, Relation::Less, &[(one, x)], F::ZERO)?;
    let turned = product::product(b, x, negative)?;
    b.begin();
    let magnitude = b.linear(&[(one, x), (F::from_i64(-2), turned)], F::ZERO);
    let end = 1i128 << (f + LOGISTIC_BITS);
    let most = range.low.unsigned_abs().max(range.high.unsigned_abs());
    let inside = if u128::from(most) < end as u128 {
        b.constant(one, x.len)
    } else {
        let last = -F::from_i128(end);
        relation::holds(b, Relation::Less, &[(one, magnitude)], last)?
    };
    let reduced = product::product(b, magnitude, inside)?;

    let series: Vec<Vec<i128>> = (0..1 << (LOGISTIC_BITS + SEGMENT_BITS))
        .map(logistic_series)
        .collect();
    let shape = Shape::of(f, f, 3);
    let value = by_rows(b, x.len, 1, ROWS, |b, first, len| {
        let bits = bits::decompose(b, reduced.part(first, len), f + LOGISTIC_BITS)?;
        let split = Split::of(b, bits, len, f, LOGISTIC_BITS + SEGMENT_BITS)?;
        let value = polynomial(b, &split, &series, shape)?;
        let range = Wide {
            low: 0,
            high: 1 << (shape.scale + 1),
        };
        fixed::cut(b, value, range, shape.scale - f)
    })?;
    // Where x is too large, 1; where it was negative, what is missing to 1.
    b.begin();
    let missing = b.linear(&[(one, value)], -unit);
    let missing = product::product(b, missing, inside)?;
    b.begin();
    let upper = b.linear(&[(one, missing)], unit);
    let step = b.linear(&[(F::from_i64(-2), upper)], unit);
    let gain = product::product(b, step, negative)?;
    b.begin();
    Ok(b.linear(&[(one, upper), (one, gain)], F::ZERO))
}

/// Whether the logistic function stays below a quarter of the field.
pub(super) fn logistic_fits(f: u32, field_bits: u32) -> bool {
    Shape::of(f, f, 3).scale + 2 < field_bits - 2
}

/// Below which exp is 0: of 2^-f less than a quarter is left.
pub(super) fn exp_floor(f: u32) -> i64 {
    -i64::from((7 * (f + 2)).div_ceil(10))
}

/// Where exp of a range lies; none if that is beyond what can be computed.
pub(super) fn exp_range(range: Interval, f: u32, field_bits: u32) -> Option<Interval> {
    let top = range.high >> f;
    // The last whole power whose successor has 64 bits.
    if top > 43 {
        return None;
    }
    // The table of whole powers and the polynomial, side by side.
    let whole = exp_power(i64::max(top, exp_floor(f)), exp_bits(f));
    let product = whole.checked_ilog2().unwrap_or(0) + 1 + Shape::of(f, f, 3).scale + 2;
    if product > field_bits - 2 {
        return None;
    }
    Some(Interval {
        low: 0,
        high: i64::try_from(exp_power(top + 1, f) + 2).ok()?,
    })
}

/// Bits that whole powers have behind the point.
pub(super) fn exp_bits(f: u32) -> u32 {
    f + 6
}

/// exp of a whole number, with so many bits behind the point.
pub(super) fn exp_power(power: i64, bits: u32) -> i128 {
    let (mantissa, binary) = reals::exp(power.into(), 0);
    reals::scaled(mantissa, binary + bits as i32)
}

/// exp(x), for a range that [`exp_range`] takes.
pub(super) fn exp<F: PrimeField>(
    b: &mut Builder<F>,
    x: View,
    range: Interval,
    f: u32,
) -> Result<View, PlanError> {
    let one = F::ONE;
    let floor = exp_floor(f).max(range.low >> f);
    let bottom = F::from_i128(i128::from(floor) << f);
    b.begin();
    let mut distance = b.linear(&[(one, x)], -bottom);
    if range.low >> f < floor {
        // What lies below is taken for the lowest, whose result is 0, too.
        let above = relation::holds(b, Relation::Greater, &[(one, distance)], F::ZERO)?;
        distance = product::product(b, distance, above)?;
    }
    let top = (range.high >> f).max(floor);
    let whole_bits = (top - floor).checked_ilog2().map_or(0, |log| log + 1);
    let wholes: Vec<F> = (floor..=top)
        .map(|power| F::from_i128(exp_power(power, exp_bits(f))))
        .collect();
    let series: Vec<Vec<i128>> = (0..1 << SEGMENT_BITS).map(exp_series).collect();
    let shape = Shape::of(f, f, 3);
    let most = exp_power(top + 1, exp_bits(f));
    // The polynomial can be too large by a little.
    let most = (most + (most >> 10) + 1) << shape.scale;
    by_rows(b, x.len, 1, ROWS, |b, first, len| {
        let width = f + whole_bits;
        let bits = bits::decompose(b, distance.part(first, len), width)?;
        let split = Split::of(b, bits.part(0, f * len), len, f, SEGMENT_BITS)?;
        let mut value = polynomial(b, &split, &series, shape)?;
        let high = bits.part(f * len, whole_bits * len);
        let whole = entries(b, high, len, &wholes)?;
        value = b.multiply(&[(value, whole)])?;
        let range = Wide { low: 0, high: most };
        fixed::cut(b, value, range, shape.scale + exp_bits(f) - f)
    })
}

/// Where ln of a range lies.
pub(super) fn ln_range(range: Interval, f: u32) -> Interval {
    let log2 = |x: i64| i64::from(x.max(1).ilog2()) - i64::from(f);
    // ln 2 is below 3/4.
    let scaled = |power: i64| (power << f) / 4 * 3;
    Interval {
        low: scaled(log2(range.low)).min(0) - 1,
        high: scaled(log2(range.high) + 1).max(0) + 1,
    }
}

/// ln(x), 0 for x <= 0.
pub(super) fn ln<F: PrimeField>(
    b: &mut Builder<F>,
    x: View,
    range: Interval,
    f: u32,
) -> Result<View, PlanError> {
    let one = F::ONE;
    if range.high <= 0 {
        b.begin();
        return Ok(b.constant(F::ZERO, x.len));
    }
    let positive = if range.low > 0 {
        None
    } else {
        Some(relation::holds(b, Relation::Greater, &[(one, x)], F::ZERO)?)
    };
    let reduced = match positive {
        Some(positive) => product::product(b, x, positive)?,
        None => x,
    };
    let width = range.high.ilog2() + 1;
    let kept = ln_bits(f);
    let series: Vec<Vec<i128>> = (0..1 << SEGMENT_BITS).map(ln_series).collect();
    let shape = Shape::of(kept, f, 4);
    let result = by_rows(b, x.len, 1, ROWS, |b, first, len| {
        let x = reduced.part(first, len);
        let bits = bits::decompose(b, x, width)?;
        b.begin();
        let leading = leading_one(b, bits, width)?;
        let shifts = (0..width).rev().map(|shift| F::from_i128(1 << shift));
        let factor = b.fold(leading, shifts.collect());
        let exponents = (0..i128::from(width))
            .map(|place| F::from_i128(ln_power(place - i128::from(f), shape)));
        let of_exponent = b.fold(leading, exponents.collect());
        let normal = b.multiply(&[(x, factor)])?;
        let below = width - 1;
        let mantissa = if below == 0 {
            None
        } else {
            let all = bits::decompose(b, normal, width)?;
            let used = below.min(kept);
            Some(all.part((below - used) * len, used * len))
        };
        b.begin();
        // Bits below the lowest one are zeros.
        let missing = kept - mantissa.map_or(0, |m| m.len / len);
        let zeros = b.constant(F::ZERO, missing * len);
        let parts: Vec<View> = std::iter::once(zeros).chain(mantissa).collect();
        let mantissa = b.concat(&parts);
        let split = Split::of(b, mantissa, len, kept, SEGMENT_BITS)?;
        let value = polynomial(b, &split, &series, shape)?;
        let value = b.linear(&[(one, value), (one, of_exponent)], F::ZERO);
        let most = 64 << shape.scale;
        let range = Wide {
            low: -most,
            high: most,
        };
        fixed::cut(b, value, range, shape.scale - f)
    })?;
    match positive {
        Some(positive) => product::product(b, result, positive),
        None => Ok(result),
    }
}

/// Bits behind the point of arguments of ln from 1 to 2.
pub(super) fn ln_bits(f: u32) -> u32 {
    f + 5
}

/// ln of 2^power, scaled as polynomials are.
pub(super) fn ln_power(power: i128, shape: Shape) -> i128 {
    reals::scaled(reals::ln(2, 1) * power, shape.scale as i32)
}

/// Whether ln stays below a quarter of the field.
pub(super) fn ln_fits(f: u32, field_bits: u32) -> bool {
    Shape::of(ln_bits(f), f, 4).scale + 7 < field_bits - 2
}

/// The one-hots of the leading ones of numbers, given by `width` blocks of bits; zeros for 0.
fn leading_one<F: PrimeField>(
    b: &mut Builder<F>,
    bits: View,
    width: u32,
) -> Result<View, PlanError> {
    let rows = bits.len / width;
    // Block i: whether no bit from i on is set; one block after another of more bits.
    let mut none = b.linear(&[(-F::ONE, bits)], F::ONE);
    let mut distance = 1;
    while distance < width {
        let left = (width - distance) * rows;
        let joined = b.multiply(&[(none.part(0, left), none.part(distance * rows, left))])?;
        none = b.concat(&[joined, none.part(left, distance * rows)]);
        distance *= 2;
    }
    let one = b.constant(F::ONE, rows);
    let above = b.concat(&[none.part(rows, (width - 1) * rows), one]);
    Ok(b.linear(&[(F::ONE, above), (-F::ONE, none)], F::ZERO))
}

/// How the terms of a polynomial are scaled.
#[derive(Clone, Copy)]
pub(super) struct Shape {
    /// Bits behind the point of t.
    argument: u32,
    pub(super) degree: u32,
    /// Bits behind the point of the sum.
    pub(super) scale: u32,
}

impl Shape {
    pub(super) fn of(argument: u32, f: u32, degree: u32) -> Shape {
        // The result is cut, so it must have more bits than are wanted.
        let scale = degree * argument + LAST_BITS;
        debug_assert!(scale > f, "a sum has more bits than its result");
        Shape {
            argument,
            degree,
            scale,
        }
    }

    /// A coefficient as it stands in the sum.
    pub(super) fn coefficient(self, power: u32, coefficient: i128) -> i128 {
        reals::scaled(coefficient, (self.scale - power * self.argument) as i32)
    }
}

/// Reduced arguments: one-hots of their segments, and their distances from the segments' centres.
struct Split {
    hots: View,
    distance: View,
}

impl Split {
    /// Of numbers with `f` bits behind the point, given by blocks of bits of which the highest say the
    /// segment. In the current strand.
    fn of<F: PrimeField>(
        b: &mut Builder<F>,
        bits: View,
        rows: u32,
        f: u32,
        segment_width: u32,
    ) -> Result<Split, PlanError> {
        let below = f - SEGMENT_BITS;
        let cut = below * rows;
        let hots = lookup::demultiplex(b, bits.part(cut, bits.len - cut), segment_width)?;
        let hots = b.concat(&hots);
        let weights = (0..below).map(|place| F::from_i128(1 << place));
        let offset = b.fold(bits.part(0, cut), weights.collect());
        let centre = F::from_i128(1 << (below - 1));
        let distance = b.linear(&[(F::ONE, offset)], -centre);
        Ok(Split { hots, distance })
    }
}

/// The entries of a public table at numbers given by their bits; a table of one entry needs none. In the
/// current strand.
fn entries<F: PrimeField>(
    b: &mut Builder<F>,
    bits: View,
    rows: u32,
    table: &[F],
) -> Result<View, PlanError> {
    if bits.len == 0 {
        return Ok(b.constant(table[0], rows));
    }
    let hots = lookup::demultiplex(b, bits, bits.len / rows)?;
    let hots = b.concat(&hots[..table.len()]);
    Ok(b.fold(hots, table.to_vec()))
}

/// The polynomial of each row's segment at its distance, with [`Shape::scale`] bits behind the point. `series`: for
/// each segment its coefficients, the constant first. In the current strand.
fn polynomial<F: PrimeField>(
    b: &mut Builder<F>,
    split: &Split,
    series: &[Vec<i128>],
    shape: Shape,
) -> Result<View, PlanError> {
    let coefficient = |power: u32| {
        let of =
            |segment: &Vec<i128>| F::from_i128(shape.coefficient(power, segment[power as usize]));
        series.iter().map(of).collect::<Vec<F>>()
    };
    let constant = b.fold(split.hots, coefficient(0));
    let (mut factors, mut powers) = (Vec::new(), vec![split.distance]);
    for power in 1..=shape.degree {
        factors.push(b.fold(split.hots, coefficient(power)));
        if power < shape.degree {
            let last = powers[powers.len() - 1];
            powers.push(b.multiply(&[(last, split.distance)])?);
        }
    }
    let (factors, powers) = (b.concat(&factors), b.concat(&powers));
    let degree = shape.degree;
    let (left, right) = (b.transpose(factors, degree), b.transpose(powers, degree));
    let sum = b.dot(left, right, degree)?;
    Ok(b.linear(&[(F::ONE, constant), (F::ONE, sum)], F::ZERO))
}

/// Taylor coefficients of the logistic function around the centre of a segment: y' = y - y^2.
pub(super) fn logistic_series(segment: i128) -> Vec<i128> {
    let mut series = vec![reals::logistic(2 * segment + 1, SEGMENT_BITS + 1)];
    for order in 1..4usize {
        let square: i128 = (0..order)
            .map(|k| reals::times(series[k], series[order - 1 - k]))
            .sum();
        series.push((series[order - 1] - square) / order as i128);
    }
    series
}

/// Taylor coefficients of exp around the centre of a segment between 0 and 1.
pub(super) fn exp_series(segment: i128) -> Vec<i128> {
    let (mantissa, power) = reals::exp(2 * segment + 1, SEGMENT_BITS + 1);
    let mut term = reals::scaled(mantissa, reals::FRACTION_BITS as i32 + power);
    let mut series = Vec::new();
    for order in 1..=4 {
        series.push(term);
        term /= order;
    }
    series
}

/// Taylor coefficients of ln around the centre of a segment between 1 and 2.
pub(super) fn ln_series(segment: i128) -> Vec<i128> {
    let one = 1i128 << (SEGMENT_BITS + 1);
    let centre = one + 2 * segment + 1;
    let mut series = vec![reals::ln(centre, one)];
    // (-1)^(i + 1) / (i c^i).
    let mut power = 1 << reals::FRACTION_BITS;
    for order in 1..=4 {
        power = power * one / centre;
        let sign = if order % 2 == 1 { 1 } else { -1 };
        series.push(sign * power / order);
    }
    series
}
