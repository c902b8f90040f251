//! Matrices and linear models, of `fix`: exact in wide integers, and each result rounded once to nearest, ties up.

use num_bigint::BigInt;

use super::Call;
use super::moments::products;
use crate::hir::Type;
use crate::interpret::elementary::{narrow, nearest, sigmoid};
use crate::interpret::operator::{saturate, scalar};
use crate::value::Value;

/// So that what is predicted with a coefficient has a bound.
const MOST_COEFFICIENT: i128 = 32_768;
/// The same of a logistic regression.
const MOST_WEIGHT: i128 = 32;

/// `matmul(a, b)`.
pub(super) fn product(call: &Call) -> Option<Value> {
    let (a, b) = (matrix(call.elements(0)?)?, matrix(call.elements(1)?)?);
    let inner = b.len();
    if a.iter().any(|row| row.len() != inner) {
        return None;
    }
    let width = b.first().map_or(0, Vec::len);
    let column = |k: usize| {
        b.iter()
            .map(|row| row.get(k).copied())
            .collect::<Option<Vec<i128>>>()
    };
    let columns: Vec<Vec<i128>> = (0..width).map(column).collect::<Option<_>>()?;
    let scale = match scalar(call.ty) {
        Type::Fix(fix) => BigInt::from(1) << fix.fraction,
        _ => BigInt::from(1),
    };
    let entry = |row: &[i128], column: &[i128]| {
        call.of_result(narrow(&nearest(&products(row, column), &scale)))
    };
    let rows = a
        .iter()
        .map(|row| Value::list(columns.iter().map(|column| entry(row, column)).collect()));
    Some(Value::list(rows.collect()))
}

fn matrix(rows: &[Value]) -> Option<Vec<Vec<i128>>> {
    let row = |row: &Value| {
        row.elements()?
            .iter()
            .map(Value::number)
            .collect::<Option<Vec<i128>>>()
    };
    rows.iter().map(row).collect()
}

/// `linreg(x: [columns], y: v, ridge: c)`: the solution of the normal equations (X'X + cI) w = X'y, where X has a column of ones
/// first, to which `c` is not added. What is outside of the type, or beyond 32,768 in magnitude, is the nearest number inside.
pub(super) fn regression(call: &Call) -> Option<Value> {
    let Type::Fix(fix) = scalar(call.ty) else {
        return None;
    };
    let mut columns = matrix(call.elements(0)?)?;
    let y = call.numbers(1)?;
    let ridge = call.arg(2)?.number()?;
    if columns.iter().any(|column| column.len() != y.len()) {
        return None;
    }
    let one = 1_i128.checked_shl(fix.fraction)?;
    columns.insert(0, vec![one; y.len()]);
    // Everything in units of 2^-(2 fraction).
    let equation = |(i, column): (usize, &Vec<i128>)| {
        let mut row: Vec<BigInt> = columns
            .iter()
            .map(|other| products(column, other))
            .collect();
        if let Some(diagonal) = row.get_mut(i).filter(|_| i > 0) {
            *diagonal += BigInt::from(ridge) << fix.fraction;
        }
        row.push(products(column, &y));
        row
    };
    let equations = columns.iter().enumerate().map(equation).collect();
    let coefficients: Vec<i128> = match solve(equations) {
        Some((numerators, determinant)) => {
            let scaled = |x: &BigInt| narrow(&nearest(&(x << fix.fraction), &determinant));
            numerators.iter().map(scaled).collect()
        }
        None => vec![0; columns.len()],
    };
    let most = MOST_COEFFICIENT.checked_shl(fix.fraction)?;
    let shown = coefficients
        .into_iter()
        .map(|x| call.of_result(saturate(x.clamp(-most, most), scalar(call.ty))));
    Some(Value::list(shown.collect()))
}

/// `logreg_train(x: [columns], y: v, rate: c, steps: n)`: each of n steps from 0 adds c times the mean of what `y` is more than likely, times
/// the column, where `sigmoid` of the sum of columns times weights is how likely a row is. Numbers stay within 32 in magnitude.
pub(super) fn logistic_regression(call: &Call) -> Option<Value> {
    let Type::Fix(fix) = scalar(call.ty) else {
        return None;
    };
    let mut columns = matrix(call.elements(0)?)?;
    let (y, steps) = (call.numbers(1)?, call.size(3)?);
    let rate = call.arg(2)?.number()?;
    if columns.iter().any(|column| column.len() != y.len()) {
        return None;
    }
    let one = 1_i128.checked_shl(fix.fraction)?;
    columns.insert(0, vec![one; y.len()]);
    let unit = BigInt::from(one);
    let most = MOST_WEIGHT.checked_mul(one)?;
    let mut weights = vec![0_i128; columns.len()];
    for _ in 0..steps {
        let likely = (0..y.len()).map(|row| {
            let of_row: Vec<i128> = columns.iter().map(|column| column[row]).collect();
            sigmoid(narrow(&nearest(&products(&of_row, &weights), &unit)), *fix)
        });
        let misses: Vec<i128> = y.iter().zip(likely).map(|(y, p)| y - p).collect();
        let divisor = BigInt::from(y.len()) * &unit * &unit;
        for (weight, column) in weights.iter_mut().zip(&columns) {
            let raised = products(column, &misses) * rate;
            // Steps of wide types may be as far as numbers go.
            let step = narrow(&nearest(&raised, &divisor));
            *weight = weight.saturating_add(step).clamp(-most, most);
        }
    }
    let shown = weights.into_iter().map(|weight| call.of_result(weight));
    Some(Value::list(shown.collect()))
}

/// Solves n equations with n unknowns, `rows` of n coefficients and the right side. Gives the numerators of the solution and their
/// common denominator; nothing if there is not exactly one solution.
///
/// Elimination without fractions: E. Bareiss, "Sylvester's identity and multistep integer-preserving Gaussian elimination",
/// Mathematics of Computation 22 (1968). All divisions are exact, so nothing is rounded.
fn solve(mut rows: Vec<Vec<BigInt>>) -> Option<(Vec<BigInt>, BigInt)> {
    let n = rows.len();
    let mut previous = BigInt::from(1);
    for k in 0..n {
        let pivot_row = (k..n).find(|i| rows[*i][k] != BigInt::ZERO)?;
        rows.swap(k, pivot_row);
        let (done, rest) = rows.split_at_mut(k + 1);
        let pivot = &done[k];
        for row in rest {
            for j in (k + 1)..=n {
                row[j] = (&pivot[k] * &row[j] - &row[k] * &pivot[j]) / &previous;
            }
            row[k] = BigInt::ZERO;
        }
        previous = done[k][k].clone();
    }
    // The last pivot is the determinant D up to sign; by Cramer's rule all D x_i are whole.
    let determinant = previous;
    let mut numerators = vec![BigInt::ZERO; n];
    for i in (0..n).rev() {
        let known: BigInt = ((i + 1)..n).map(|j| &rows[i][j] * &numerators[j]).sum();
        numerators[i] = (&determinant * &rows[i][n] - known) / &rows[i][i];
    }
    Some((numerators, determinant))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn solved(rows: &[&[i64]]) -> Option<(Vec<i64>, i64)> {
        let rows = rows
            .iter()
            .map(|row| row.iter().map(|x| BigInt::from(*x)).collect())
            .collect();
        let narrow = |x: BigInt| i64::try_from(x).expect("small");
        solve(rows).map(|(xs, d)| (xs.into_iter().map(narrow).collect(), narrow(d)))
    }

    #[test]
    fn equations_are_solved_exactly() {
        // x + 2y = 4, 3x + 5y = 11: x = 2, y = 1, determinant -1.
        assert_eq!(solved(&[&[1, 2, 4], &[3, 5, 11]]), Some((vec![-2, -1], -1)));
        // The first pivot is 0.
        assert_eq!(solved(&[&[0, 1, 3], &[2, 0, 8]]), Some((vec![8, 6], 2)));
        assert_eq!(solved(&[&[1, 2, 4], &[2, 4, 8]]), None);
        assert_eq!(solved(&[&[0, 0],]), None);
        assert_eq!(
            solved(&[&[2, 0, 0, 1], &[0, 3, 0, 1], &[0, 0, 5, 1]]),
            Some((vec![15, 10, 6], 30))
        );
    }
}
