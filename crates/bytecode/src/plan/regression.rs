//! Least squares: the coefficients of a linear model with an intercept, from the normal equations, and mean squares.
//!
//! **Equations.** All sums of products of the p columns and y are one matrix product; with the sums of columns
//! they give N = n sum(u v) - sum(u) sum(v), exact integers, n times the sums of products of distances from means.
//! So the intercept is out of the equations, which makes them as well conditioned as the columns allow. A ridge
//! adds n times itself to each N of a column with itself; the intercept is not held back by it.
//!
//! **Scales.** The solution does not change with the scales of columns, so each column u, and y, gets a power of
//! two 2^k(u), from its range, with which its N, divided by 2^(2 k(u)), has [`BITS`] bits at most.
//!
//! **Solution** by L D L^T (Golub, Van Loan, "Matrix Computations", 4.1), which needs no pivoting for what is
//! positive semidefinite: entries of every step stay below the geometric mean of their diagonal entries. For each
//! column one division of its row by its pivot ([`super::quotient`], [`FACTOR_BITS`] behind the point, to nearest),
//! one layer of products, cut to nearest. A pivot below 2^[`LEAST_PIVOT_BITS`], 2^-32 of what the range
//! allows, is taken for 0, and the quotient by it is 0: **a column that depends on those before it gets the
//! coefficient 0**, and the others are fitted without it.
//!
//! **Results** are clamped to given bounds. Everything goes under masks that are uniform over the field, so that
//! also data for which intermediate values would leave their ranges can make results wrong, but shows nothing.
//!
//! **Error.** Coefficients have half a unit of 2^-f from rounding, and what the rounding of N to [`BITS`] bits makes
//! of the condition number c of the scaled columns: of the order of c 2^-56 for each of a few steps, in units in which
//! columns and y have their ranges. Tests measure it against 64-bit floating point (decision 0036).
//!
//! Cost: (p + 1)^2 products for sums of products and as many for sums; per column a division of 75 bits by
//! a shared divisor for p + 1 values at most, 1 comparison for the pivot, up to p (p + 3) / 2 products and cuts; p (p - 1) /
//! 2 products, cuts and p clamps to go back; p + 1 divisions by the public n for means, 1 product and 1 cut for the
//! intercept.

use enigma_field::PrimeField;

use super::build::Builder;
use super::error::PlanError;
use super::gate::Rounding;
use super::ir::View;
use super::quotient::{self, Factor};
use super::reference::{cut, nearest};
use super::{division, fixed, product, relation, subset};
use crate::interval::{Interval, Wide};
use crate::model::Relation;

/// Most columns.
pub(super) const MOST_COLUMNS: usize = 8;

/// Most bits behind the point.
pub(super) const MOST_FRACTION: u32 = 32;

/// Bits of scaled sums of products.
const BITS: u32 = 56;

/// The least pivot.
const LEAST_PIVOT_BITS: u32 = 24;

/// Bits behind the point of quotients by pivots.
const FACTOR_BITS: u32 = 56;

/// Such a quotient is at most sqrt(2^56 / 2^24) = 2^16; twice that leaves room for what was rounded.
const MOST_FACTOR_BITS: u32 = 17;

/// Bits behind the point of scaled coefficients.
const COEFFICIENT_BITS: u32 = 32;

/// Bits behind the point of coefficients and means for the intercept, beside those of numbers.
const GUARD_BITS: u32 = 16;

/// A regression of y on columns of numbers with `fraction` bits behind the point.
pub(super) struct Problem {
    /// Where the values of the columns, and then those of y, lie.
    pub(super) ranges: Vec<Interval>,
    pub(super) rows: u32,
    pub(super) fraction: u32,
    /// With `fraction` bits behind the point, not negative.
    pub(super) ridge: i64,
    /// Results are clamped to these.
    pub(super) bounds: Interval,
}

impl Problem {
    /// How many columns there are beside y.
    fn inputs(&self) -> usize {
        self.ranges.len() - 1
    }

    /// n lambda, scaled as sums of products are.
    fn scaled_ridge(&self) -> i128 {
        (i128::from(self.rows) * i128::from(self.ridge)) << self.fraction
    }

    /// Where n times the sums of products of two of the columns' distances from their means lie.
    fn product_range(&self, i: usize, j: usize) -> Wide {
        let ranges = (self.ranges[i], self.ranges[j]);
        let mut range = subset::scaled_covariance_range(self.rows, ranges, i == j);
        if i == j && i < self.inputs() {
            range.high = range.high.saturating_add(self.scaled_ridge());
        }
        range
    }

    /// k(u): by which power of two a column is divided.
    fn scale(&self, i: usize) -> i32 {
        let high = self.product_range(i, i).high.max(1);
        let bits = i128::BITS - high.leading_zeros();
        (bits as i32 - BITS as i32).div_euclid(2) + (bits as i32 - BITS as i32).rem_euclid(2)
    }

    /// By how many bits a scaled coefficient is to be cut to have the guard bits; to be multiplied if that is
    /// negative.
    fn cut_of(&self, i: usize) -> i32 {
        let behind = COEFFICIENT_BITS as i32 - (self.fraction + GUARD_BITS) as i32;
        behind + self.scale(i) - self.scale(self.inputs())
    }

    /// Bounds of results with the guard bits; none if they have 64 bits or more.
    fn guarded(&self) -> Option<Interval> {
        let guarded = |bound: i64| bound.checked_mul(1 << GUARD_BITS);
        Some(Interval {
            low: guarded(self.bounds.low)?,
            high: guarded(self.bounds.high)?,
        })
    }

    /// Whether all steps stay below a quarter of the field.
    pub(super) fn fits(&self, field_bits: u32) -> bool {
        let fits = |range: Wide| {
            let magnitude = range.low.unsigned_abs().max(range.high.unsigned_abs());
            magnitude >> (field_bits - 2) == 0
        };
        let all = 0..self.ranges.len();
        let products = all.clone().flat_map(|i| all.clone().map(move |j| (i, j)));
        let Some(bounds) = self.guarded() else {
            return false;
        };
        let sums = all.clone().map(|i| self.raised_sum(i));
        // A product with a quotient has 2 bits of room; a scaled coefficient is below 2^50.
        FACTOR_BITS + BITS + 2 < field_bits - 2
            && products
                .into_iter()
                .all(|(i, j)| fits(self.product_range(i, j)))
            && sums.into_iter().all(fits)
            && (0..self.inputs()).all(|i| self.cut_of(i) > 50 - (field_bits as i32 - 2))
            && (0..self.inputs()).all(|i| self.cut_of(i) < field_bits as i32 - 2)
            && fits(self.intercept_range(bounds))
    }

    /// The sum of a column, with the guard bits.
    fn raised_sum(&self, i: usize) -> Wide {
        let sums = Wide::from(self.ranges[i]).times(Wide::exactly(self.rows.into()));
        sums.times(Wide::exactly(1 << GUARD_BITS))
    }

    /// The intercept before it is cut.
    fn intercept_range(&self, bounds: Interval) -> Wide {
        let means = |i: usize| {
            let mean = Wide::from(self.ranges[i]);
            mean.times(Wide::exactly(1 << GUARD_BITS))
        };
        let last = means(self.inputs());
        let one = Wide::exactly(1 << (self.fraction + GUARD_BITS));
        let products = (0..self.inputs()).map(|i| means(i).times(bounds.into()));
        products.fold(last.times(one), Wide::minus)
    }
}

/// The intercept and the coefficients of the columns, in their order. `columns`: y is the last.
pub(super) fn coefficients<F: PrimeField>(
    b: &mut Builder<F>,
    of: &Problem,
    columns: &[View],
) -> Result<View, PlanError> {
    let inputs = of.inputs();
    let (products, means) = sums(b, of, columns)?;
    let scaled = solve(b, of, products)?;

    let guarded = of.guarded().expect("the gate has checked that they fit");
    let mut exact = Vec::new();
    for (i, value) in scaled.into_iter().enumerate() {
        let most = 1 << (MOST_FACTOR_BITS + COEFFICIENT_BITS);
        let range = Wide {
            low: -most,
            high: most,
        };
        let (value, range) = shifted(b, value, range, of.cut_of(i))?;
        exact.push(fixed::clamp(b, value, range, guarded)?);
    }
    b.begin();
    let exact = b.concat(&exact);
    let coefficients = fixed::cut(b, exact, guarded.into(), GUARD_BITS)?;
    let explained = fixed::dot(b, exact, means.part(0, inputs as u32))?;
    let one = F::from_i128(1 << (of.fraction + GUARD_BITS));
    let last = means.part(inputs as u32, 1);
    b.begin();
    let rest = b.linear(&[(one, last), (-F::ONE, explained)], F::ZERO);
    let range = of.intercept_range(guarded);
    let behind = of.fraction + 2 * GUARD_BITS;
    let intercept = fixed::cut(b, rest, range, behind)?;
    let range = fixed::cut_range(range, behind);
    let intercept = fixed::clamp(b, intercept, range, of.bounds)?;
    b.begin();
    Ok(b.concat(&[intercept, coefficients]))
}

/// n times the sums of products of distances from means, by rows; and the means, with the guard bits.
fn sums<F: PrimeField>(
    b: &mut Builder<F>,
    of: &Problem,
    columns: &[View],
) -> Result<(View, View), PlanError> {
    let (rows, count) = (of.rows, columns.len() as u32);
    b.begin();
    let all = b.concat(columns);
    let lines = b.transpose(all, count);
    let products = b.matrix_product((all, lines), [count, rows, count])?;
    b.begin();
    let sums: Vec<View> = columns.iter().map(|view| b.sum(*view)).collect();
    let sums = b.concat(&sums);
    let of_sums = b.matrix_product((sums, sums), [count, 1, count])?;
    b.begin();
    let n = F::from_u64(rows.into());
    let products = b.linear(&[(n, products), (-F::ONE, of_sums)], F::ZERO);
    let raised = b.linear(&[(F::from_i128(1 << GUARD_BITS), sums)], F::ZERO);
    let ranges = (0..of.ranges.len()).map(|i| of.raised_sum(i));
    let range = ranges.reduce(|x, y| Wide {
        low: x.low.min(y.low),
        high: x.high.max(y.high),
    });
    let range = range.expect("there is a column");
    let means = division::divide(b, raised, range, rows.into(), Rounding::Nearest)?;
    Ok((products, means))
}

/// The scaled coefficients of the columns, with [`COEFFICIENT_BITS`] behind the point.
fn solve<F: PrimeField>(
    b: &mut Builder<F>,
    of: &Problem,
    products: View,
) -> Result<Vec<View>, PlanError> {
    let inputs = of.inputs();
    let mut rows = scaled_rows(b, of, products)?;
    // Of each column, what is to be taken from the columns behind it and from y.
    let mut factors: Vec<Vec<View>> = Vec::new();
    for k in 0..inputs {
        let quotients = by_pivot(b, &rows[k])?;
        for i in k + 1..inputs {
            // Row i from its own column on, and y.
            let above = &rows[k][i - k..];
            rows[i] = reduced(b, &rows[i], above, quotients[i - k - 1])?;
        }
        factors.push(quotients);
    }
    back(b, &factors)
}

/// Of each column the products with it and the columns behind it, and with y: one element each.
fn scaled_rows<F: PrimeField>(
    b: &mut Builder<F>,
    of: &Problem,
    products: View,
) -> Result<Vec<Vec<View>>, PlanError> {
    let (inputs, count) = (of.inputs(), of.ranges.len());
    let mut rows = Vec::new();
    for i in 0..inputs {
        let mut row = Vec::new();
        for j in i..count {
            let mut entry = products.part((i * count + j) as u32, 1);
            if i == j && of.ridge > 0 {
                b.begin();
                entry = b.linear(&[(F::ONE, entry)], F::from_i128(of.scaled_ridge()));
            }
            let bits = of.scale(i) + of.scale(j);
            row.push(shifted(b, entry, of.product_range(i, j), bits)?.0);
        }
        rows.push(row);
    }
    Ok(rows)
}

/// The entries of a row behind its pivot, divided by it; 0 if it is too small.
fn by_pivot<F: PrimeField>(b: &mut Builder<F>, row: &[View]) -> Result<Vec<View>, PlanError> {
    let (pivot, others) = (row[0], &row[1..]);
    let least = F::ONE - F::from_i128(1 << LEAST_PIVOT_BITS);
    let large = relation::exactly(b, Relation::Greater, &[(F::ONE, pivot)], least)?;
    let pivot = product::product(b, pivot, large)?;
    b.begin();
    let all = b.concat(others);
    let raised = b.linear(&[(F::from_i128(1 << FACTOR_BITS), all)], F::ZERO);
    let most = 1 << (BITS + 1);
    let dividend = Factor {
        value: raised,
        range: Wide {
            low: -(most << FACTOR_BITS),
            high: most << FACTOR_BITS,
        },
    };
    let divisor = Factor {
        value: b.repeated(pivot, raised),
        range: Wide { low: 0, high: most },
    };
    let most = (1 << (MOST_FACTOR_BITS + FACTOR_BITS)) - 1;
    let quotients = quotient::divide_up_to(b, dividend, divisor, Rounding::Nearest, most)?;
    Ok((0..quotients.len).map(|k| quotients.part(k, 1)).collect())
}

/// A row less `factor` times what stands above it.
fn reduced<F: PrimeField>(
    b: &mut Builder<F>,
    row: &[View],
    above: &[View],
    factor: View,
) -> Result<Vec<View>, PlanError> {
    b.begin();
    let above = b.concat(above);
    let factor = b.repeated(factor, above);
    let products = b.multiply(&[(above, factor)])?;
    let most = 1 << (FACTOR_BITS + BITS + 2);
    let range = Wide {
        low: -most,
        high: most,
    };
    let taken = fixed::cut(b, products, range, FACTOR_BITS)?;
    b.begin();
    let own = b.concat(row);
    let left = b.linear(&[(F::ONE, own), (-F::ONE, taken)], F::ZERO);
    Ok((0..left.len).map(|k| left.part(k, 1)).collect())
}

/// From the last coefficient to the first: of each, its share of y less what the columns behind it have.
fn back<F: PrimeField>(b: &mut Builder<F>, factors: &[Vec<View>]) -> Result<Vec<View>, PlanError> {
    let bounds = Interval {
        low: -(1 << (MOST_FACTOR_BITS + COEFFICIENT_BITS)),
        high: 1 << (MOST_FACTOR_BITS + COEFFICIENT_BITS),
    };
    let mut solved: Vec<View> = Vec::new();
    for quotients in factors.iter().rev() {
        let (of_y, of_columns) = quotients.split_last().expect("y is behind every column");
        let most = 1 << (MOST_FACTOR_BITS + FACTOR_BITS);
        let range = Wide {
            low: -most,
            high: most,
        };
        let mut value = fixed::cut(b, *of_y, range, FACTOR_BITS - COEFFICIENT_BITS)?;
        if !solved.is_empty() {
            b.begin();
            // `solved` has the last column first.
            let behind: Vec<View> = solved.iter().rev().copied().collect();
            let (left, right) = (b.concat(of_columns), b.concat(&behind));
            let products = b.multiply(&[(left, right)])?;
            let range = range.times(bounds.into());
            let taken = fixed::cut(b, products, range, FACTOR_BITS)?;
            b.begin();
            let taken = b.sum(taken);
            value = b.linear(&[(F::ONE, value), (-F::ONE, taken)], F::ZERO);
        }
        let most = most << 4;
        let range = Wide {
            low: -most,
            high: most,
        };
        solved.push(fixed::clamp(b, value, range, bounds)?);
    }
    solved.reverse();
    Ok(solved)
}

/// `value / 2^bits`, to nearest, or multiplied if `bits` is negative; and where it lies.
fn shifted<F: PrimeField>(
    b: &mut Builder<F>,
    value: View,
    range: Wide,
    bits: i32,
) -> Result<(View, Wide), PlanError> {
    if bits > 0 {
        let bits = bits as u32;
        return Ok((
            fixed::cut(b, value, range, bits)?,
            fixed::cut_range(range, bits),
        ));
    }
    b.begin();
    let factor = 1 << -bits;
    let raised = b.linear(&[(F::from_i128(factor), value)], F::ZERO);
    let range = Wide {
        low: range.low * factor,
        high: range.high * factor,
    };
    Ok((raised, range))
}

/// The mean of squares, divided by 2^`bits`, to nearest. `range`: of the sum of squares.
pub(super) fn mean_square<F: PrimeField>(
    b: &mut Builder<F>,
    x: View,
    range: Wide,
    bits: u32,
) -> Result<View, PlanError> {
    let squares = fixed::dot(b, x, x)?;
    let divisor = i128::from(x.len) << bits;
    division::divide(b, squares, range, divisor, Rounding::Nearest)
}

/// What [`coefficients`] gives, on plain integers.
pub(super) fn meaning(of: &Problem, columns: &[(&[i64], Interval)]) -> Vec<i64> {
    let (inputs, rows) = (of.inputs(), i128::from(of.rows));
    let sum = |i: usize| columns[i].0.iter().map(|x| i128::from(*x)).sum::<i128>();
    let scaled = |i: usize, j: usize| {
        let pairs = columns[i].0.iter().zip(columns[j].0);
        let products: i128 = pairs.map(|(x, y)| i128::from(*x) * i128::from(*y)).sum();
        let ridge = if i == j { of.scaled_ridge() } else { 0 };
        let exact = rows * products - sum(i) * sum(j) + ridge;
        moved(exact, of.scale(i) + of.scale(j))
    };
    let mut left: Vec<Vec<i128>> = (0..inputs)
        .map(|i| (i..=inputs).map(|j| scaled(i, j)).collect())
        .collect();
    let mut factors: Vec<Vec<i128>> = Vec::new();
    for k in 0..inputs {
        let row = left[k].clone();
        let pivot = if row[0] < 1 << LEAST_PIVOT_BITS {
            0
        } else {
            row[0]
        };
        let quotients = row[1..].iter();
        let quotients: Vec<i128> = quotients
            .map(|x| nearest(x << FACTOR_BITS, pivot))
            .collect();
        for i in k + 1..inputs {
            for (own, above) in left[i].iter_mut().zip(&row[i - k..]) {
                *own -= cut(above * quotients[i - k - 1], FACTOR_BITS);
            }
        }
        factors.push(quotients);
    }
    let bound = 1 << (MOST_FACTOR_BITS + COEFFICIENT_BITS);
    let mut solved: Vec<i128> = Vec::new();
    for (of_y, of_columns) in factors.iter().rev().filter_map(|all| all.split_last()) {
        let taken = of_columns.iter().zip(solved.iter().rev());
        let taken: i128 = taken.map(|(x, y)| cut(x * y, FACTOR_BITS)).sum();
        let value = cut(*of_y, FACTOR_BITS - COEFFICIENT_BITS) - taken;
        solved.push(value.clamp(-bound, bound));
    }
    let high = i128::from(of.bounds.high);
    let guarded = high << GUARD_BITS;
    let mut rest = nearest(sum(inputs) << GUARD_BITS, rows) << (of.fraction + GUARD_BITS);
    let mut all = vec![0];
    for (i, value) in solved.into_iter().rev().enumerate() {
        let exact = moved(value, of.cut_of(i)).clamp(-guarded, guarded);
        rest -= exact * nearest(sum(i) << GUARD_BITS, rows);
        all.push(cut(exact, GUARD_BITS) as i64);
    }
    all[0] = cut(rest, of.fraction + 2 * GUARD_BITS).clamp(-high, high) as i64;
    all
}

/// A number divided by 2^`bits`, to nearest, or multiplied if `bits` is negative.
fn moved(x: i128, bits: i32) -> i128 {
    if bits > 0 {
        cut(x, bits as u32)
    } else {
        x << -bits
    }
}
