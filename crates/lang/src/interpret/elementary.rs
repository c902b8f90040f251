//! Functions of real numbers in integers: no floating point anywhere.
//!
//! Each is computed in fixed point with so many guard bits that its error is below 2^-40 of the last place of the result, and
//! then rounded to nearest, ties up: what comes out is the nearest number of the type, unless the exact value lies within 2^-40 of
//! the middle between two. Method: reduction of the argument and power series, as in R. Brent and P. Zimmermann, *Modern Computer
//! Arithmetic* (2010), sections 4.3 (argument reduction), 4.4 (power series).

use num_bigint::{BigInt, Sign};

use crate::hir::FixType;

/// Bits beyond those of the type. Series lose a unit of the last guard bit per term and there are fewer than 2^10 terms.
const GUARD_BITS: u32 = 64;

/// e^x saturated to the type. `x` and the result are scaled as the type says.
pub(super) fn exp(x: i128, fix: FixType) -> i128 {
    let FixType { integer, fraction } = fix;
    let range = fix.range();
    // e^x > 2^x, so from 2^(integer - 1) on it is outside; below, e^x < 2^x < 2^-(fraction + 1).
    if x >> fraction.min(127) >= i128::from(integer) {
        return range.high;
    }
    if x >> fraction.min(127) < -i128::from(fraction + 2) {
        return 0;
    }
    let precision = integer + fraction + GUARD_BITS;
    let power = exp_series(&(BigInt::from(x) << (precision - fraction)), precision);
    narrow(&rounded_shift(power, precision - fraction)).clamp(range.low, range.high)
}

/// The natural logarithm; 0 for x <= 0.
pub(super) fn ln(x: i128, fix: FixType) -> i128 {
    if x <= 0 {
        return 0;
    }
    let precision = fix.integer + fix.fraction + GUARD_BITS;
    // x = m * 2^e with 1/2 <= m < 1, and ln m = 2 artanh((m - 1) / (m + 1)), whose argument is at most 1/3.
    let bits = 128 - x.leading_zeros();
    let exponent = i128::from(bits) - i128::from(fix.fraction);
    let mantissa = BigInt::from(x) << (precision - bits.min(precision));
    let one = BigInt::from(1) << precision;
    let argument = ((&mantissa - &one) << precision) / (&mantissa + &one);
    let ln = ln2(precision) * exponent + 2 * artanh(&argument, precision);
    let range = fix.range();
    narrow(&rounded_shift(ln, precision - fix.fraction)).clamp(range.low, range.high)
}

/// 1 / (1 + e^-x).
pub(super) fn sigmoid(x: i128, fix: FixType) -> i128 {
    let fraction = fix.fraction;
    let precision = fix.integer + fraction + GUARD_BITS;
    // From there on e^-|x| < 2^-(fraction + 2), which rounds away.
    let far = x.unsigned_abs() >> fraction.min(127) > u128::from(fraction + 2);
    let power = if far {
        BigInt::ZERO
    } else {
        let magnitude = -(BigInt::from(x.unsigned_abs()) << (precision - fraction));
        exp_series(&magnitude, precision)
    };
    let one = BigInt::from(1) << precision;
    let above = if x >= 0 { one.clone() } else { power.clone() };
    let range = fix.range();
    narrow(&nearest(&(above << fraction), &(one + power))).clamp(range.low, range.high)
}

/// The square root of a number of the type, to nearest; 0 of negative numbers.
pub(super) fn sqrt_fixed(x: i128, fraction: u32) -> i128 {
    if x <= 0 {
        return 0;
    }
    narrow(&sqrt_nearest(&(BigInt::from(x) << fraction)))
}

/// The square root of a whole number, rounded down; 0 of negative numbers.
pub(super) fn sqrt_floor(x: &BigInt) -> BigInt {
    if x.sign() == Sign::Plus {
        x.sqrt()
    } else {
        BigInt::ZERO
    }
}

/// The square root to nearest. There are no ties: (r + 1/2)^2 is no whole number.
pub(super) fn sqrt_nearest(x: &BigInt) -> BigInt {
    let root = sqrt_floor(x);
    let rest = x - &root * &root;
    // (r + 1/2)^2 = r^2 + r + 1/4
    if rest > root { root + 1 } else { root }
}

/// a / b to nearest, ties up; 0 when b is 0.
pub(super) fn nearest(a: &BigInt, b: &BigInt) -> BigInt {
    match b.sign() {
        Sign::NoSign => BigInt::ZERO,
        Sign::Minus => nearest(&-a, &-b),
        // `>>` rounds down, as a division by a power of two; in general one must say so.
        Sign::Plus => floor_div(&(2 * a + b), &(2 * b)),
    }
}

fn floor_div(a: &BigInt, b: &BigInt) -> BigInt {
    let quotient = a / b;
    if (&quotient * b) > *a {
        quotient - 1
    } else {
        quotient
    }
}

/// As `i128`, with what is beyond at its ends.
pub(super) fn narrow(x: &BigInt) -> i128 {
    let end = if x.sign() == Sign::Minus {
        i128::MIN
    } else {
        i128::MAX
    };
    i128::try_from(x).unwrap_or(end)
}

fn rounded_shift(x: BigInt, bits: u32) -> BigInt {
    match bits.checked_sub(1) {
        Some(below) => (x + (BigInt::from(1) << below)) >> bits,
        None => x,
    }
}

/// e^x, both in units of 2^-precision: x = n ln 2 + r, and the series of e^r.
fn exp_series(x: &BigInt, precision: u32) -> BigInt {
    let ln2 = ln2(precision);
    let n = nearest(x, &ln2);
    let r = x - &n * ln2;
    let mut term = BigInt::from(1) << precision;
    let mut sum = BigInt::ZERO;
    let mut k = 0;
    while term != BigInt::ZERO {
        sum += &term;
        k += 1;
        // Toward zero: a negative term must vanish too.
        term = (term * &r) / (BigInt::from(k) << precision);
    }
    match i64::try_from(&n) {
        Ok(n) if n >= 0 => sum << n.unsigned_abs(),
        Ok(n) => sum >> n.unsigned_abs(),
        Err(_) => BigInt::ZERO,
    }
}

/// exp(-epsilon / sensitivity) in units of 2^-64, rounded up: of discrete Laplace noise that hides how far one
/// giver moves a value. `epsilon` in millionths. `None` when that is nearly 1, or nothing at all.
pub(crate) fn laplace_decay(epsilon: u64, sensitivity: u64) -> Option<u64> {
    const PRECISION: u32 = 192;
    if epsilon == 0 || sensitivity == 0 {
        return None;
    }
    let scale: BigInt = BigInt::from(sensitivity) * 1_000_000;
    let exponent: BigInt = (BigInt::from(epsilon) << PRECISION) / scale;
    let power = exp_series(&-exponent, PRECISION) >> (PRECISION - 64);
    // More noise rather than less.
    u64::try_from(power + 1).ok()
}

/// ln 2 = 2 artanh(1/3).
fn ln2(precision: u32) -> BigInt {
    2 * artanh(&((BigInt::from(1) << precision) / 3), precision)
}

/// x + x^3/3 + x^5/5 + ..., |x| <= 1/3, in units of 2^-precision.
fn artanh(x: &BigInt, precision: u32) -> BigInt {
    let one = BigInt::from(1) << precision;
    let square = x * x / &one;
    let mut power = x.clone();
    let mut sum = BigInt::ZERO;
    let mut odd = 1;
    while power != BigInt::ZERO {
        sum += &power / odd;
        power = power * &square / &one;
        odd += 2;
    }
    sum
}

#[cfg(test)]
mod tests {
    use super::*;

    const FIX: FixType = FixType::DEFAULT;

    /// The nearest number of `FIX`, by floating point: good to far less than its last place.
    #[expect(clippy::cast_possible_truncation, reason = "small numbers in a test")]
    fn scaled(x: f64) -> i128 {
        (x * 65_536.0).round() as i128
    }

    #[test]
    fn they_are_the_nearest_numbers() {
        for k in (-1_300_000..1_300_000).step_by(7_919) {
            let x = k as f64 / 65_536.0;
            assert_eq!(exp(k, FIX), scaled(x.exp()), "exp {x}");
            assert_eq!(
                sigmoid(k, FIX),
                scaled(1.0 / (1.0 + (-x).exp())),
                "sigmoid {x}"
            );
            if k > 0 {
                assert_eq!(ln(k, FIX), scaled(x.ln()), "ln {x}");
                assert_eq!(sqrt_fixed(k, 16), scaled(x.sqrt()), "sqrt {x}");
            }
        }
    }

    #[test]
    fn they_are_total() {
        let range = FIX.range();
        let ends = [
            range.low,
            range.low + 1,
            -1,
            0,
            1,
            range.high - 1,
            range.high,
        ];
        assert_eq!(
            ends.map(|x| exp(x, FIX)),
            [0, 0, 65_535, 65_536, 65_537, range.high, range.high]
        );
        assert_eq!(ends.map(|x| sigmoid(x, FIX))[0], 0);
        assert_eq!(ends.map(|x| sigmoid(x, FIX))[6], 65_536);
        assert_eq!(ends.map(|x| ln(x, FIX))[..4], [0; 4]);
        for fix in [
            FixType {
                integer: 1,
                fraction: 62,
            },
            FixType {
                integer: 62,
                fraction: 1,
            },
            FixType {
                integer: 63,
                fraction: 0,
            },
        ] {
            let range = fix.range();
            for x in [range.low, -1, 0, 1, range.high] {
                for y in [exp(x, fix), ln(x, fix), sigmoid(x, fix)] {
                    assert!(range.low <= y && y <= range.high);
                }
            }
        }
    }

    #[test]
    fn noise_decays_as_epsilon_says() {
        // exp(-1/2) and exp(-1/1000) in units of 2^-64, by floating point.
        for (epsilon, sensitivity, power) in [
            (500_000, 1, -0.5_f64),
            (1_000, 1, -0.001),
            (1_000_000, 4, -0.25),
        ] {
            let decay = laplace_decay(epsilon, sensitivity).expect("it is in range");
            let expected = power.exp() * 2_f64.powi(64);
            assert!(
                (decay as f64 - expected).abs() < 2_f64.powi(14),
                "{epsilon} {sensitivity}"
            );
        }
        assert_eq!(laplace_decay(0, 1), None);
        assert_eq!(laplace_decay(1, 0), None);
        // Nothing is left of it: no noise, and no panic.
        assert_eq!(laplace_decay(u64::MAX, 1), Some(1));
    }

    #[test]
    fn quotients_round_to_nearest_and_ties_up() {
        for a in -40_i64..40 {
            for b in (-9_i64..9).filter(|b| *b != 0) {
                let (num, den) = (2 * a * b.signum() + b.abs(), 2 * b.abs());
                let expected = BigInt::from(num.div_euclid(den));
                assert_eq!(nearest(&a.into(), &b.into()), expected, "{a} / {b}");
            }
        }
    }
}
