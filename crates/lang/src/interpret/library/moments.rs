//! Sums of products: exact in wide integers, and rounded once at the end, but for a standard deviation of `fix`, which is the root
//! of the variance as it is shown, and a correlation, which is rounded as committees do. Of `fix` the last place is rounded to
//! nearest, ties up; of whole numbers quotients are toward zero.

use enigma_bytecode::plan::reference::correlation_bits;
use num_bigint::BigInt;

use super::Call;
use crate::hir::{Builtin, Type};
use crate::interpret::elementary::{narrow, nearest, sqrt_floor, sqrt_nearest};
use crate::interpret::operator::scalar;
use crate::value::Value;

pub(super) fn apply(builtin: Builtin, call: &Call) -> Option<Value> {
    use Builtin as B;
    let a = call.numbers(0)?;
    let b = match builtin {
        B::Variance | B::StdDev | B::MeanSquare => a.clone(),
        _ => call.numbers(1)?,
    };
    if a.len() != b.len() {
        return None;
    }
    let count = BigInt::from(a.len());
    // Bits behind the point of the numbers; products have twice as many.
    let fraction = match scalar(call.types.first()?) {
        Type::Fix(fix) => Some(fix.fraction),
        _ => None,
    };
    let result = match builtin {
        B::Dot => divided(products(&a, &b), 1.into(), fraction),
        B::Distance2 => {
            let difference = |(x, y): (&i128, &i128)| x.checked_sub(*y);
            let d: Option<Vec<i128>> = a.iter().zip(&b).map(difference).collect();
            let d = d?;
            divided(products(&d, &d), 1.into(), fraction)
        }
        B::MeanSquare => divided(products(&a, &b), count, fraction),
        B::Variance | B::Covariance => divided(spread(&a, &b), &count * &count, fraction),
        B::StdDev => {
            let variance = divided(spread(&a, &b), &count * &count, fraction);
            match fraction {
                Some(fraction) => sqrt_nearest(&(variance << fraction)),
                None => sqrt_floor(&variance),
            }
        }
        B::Corr => match scalar(call.ty) {
            Type::Fix(fix) => correlation(&a, &b, fix.fraction),
            _ => return None,
        },
        _ => return None,
    };
    Some(call.of_result(narrow(&result)))
}

/// The sum of products.
pub(super) fn products(a: &[i128], b: &[i128]) -> BigInt {
    let mut sum = BigInt::ZERO;
    // Products of numbers below 2^63 fit: they are collected in i128 as long as their sum does.
    let mut part = 0_i128;
    for (x, y) in a.iter().zip(b) {
        match x
            .checked_mul(*y)
            .and_then(|product| part.checked_add(product))
        {
            Some(more) => part = more,
            None => {
                sum += std::mem::take(&mut part);
                sum += BigInt::from(*x) * y;
            }
        }
    }
    sum + part
}

/// n times the sum of products less the product of the sums.
fn spread(a: &[i128], b: &[i128]) -> BigInt {
    let sum = |numbers: &[i128]| numbers.iter().map(|x| BigInt::from(*x)).sum::<BigInt>();
    BigInt::from(a.len()) * products(a, b) - sum(a) * sum(b)
}

/// A quotient of products; 0 when the divisor is 0.
fn divided(products: BigInt, divisor: BigInt, fraction: Option<u32>) -> BigInt {
    match fraction {
        Some(fraction) => nearest(&products, &(divisor << fraction)),
        None if divisor == BigInt::ZERO => BigInt::ZERO,
        None => products / divisor,
    }
}

/// cov(a, b) / sqrt(var(a) var(b)), within 0.67 of the last place; 0 when one of them does not vary. As
/// [`enigma_bytecode::plan::reference::correlation`], for numbers of any size.
fn correlation(a: &[i128], b: &[i128], fraction: u32) -> BigInt {
    let raise = 2 * correlation_bits(fraction);
    let root = |of: &[i128]| sqrt_floor(&(spread(of, of) << raise));
    let first = nearest(&(spread(a, b) << raise), &root(a));
    nearest(&(first << fraction), &root(b))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn correlations_are_exact_at_the_ends_and_in_between() {
        let one = BigInt::from(1 << 16);
        let a = [1, 2, 3, 9];
        assert_eq!(correlation(&a, &a.map(|x| 5 * x - 7), 16), one);
        assert_eq!(correlation(&a, &a.map(|x| 5 - 2 * x), 16), -one);
        assert_eq!(correlation(&a, &[4; 4], 16), BigInt::ZERO);
        assert_eq!(correlation(&[], &[], 16), BigInt::ZERO);
        // cov = 4, vars = 5 * 4 * 2 ... by hand: a = 0 1, 1 0 gives -1; three points give 1/2.
        assert_eq!(
            correlation(&[0, 1, 2], &[0, 2, 1], 16),
            BigInt::from(1 << 15)
        );
        assert_eq!(correlation(&[0, 1, 2], &[2, 0, 1], 1), BigInt::from(-1));
        assert_eq!(correlation(&[1, 1], &[1, 2], 16), BigInt::ZERO);
    }

    #[test]
    fn sums_of_products_are_exact_beyond_all_words() {
        let large = [i128::from(i64::MAX); 9];
        let expected = BigInt::from(i64::MAX) * BigInt::from(i64::MAX) * 9;
        assert_eq!(products(&large, &large), expected);
    }
}
