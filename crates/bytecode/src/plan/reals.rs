//! Values of exp, ln and the logistic function as fixed-point integers, for tables that every node must plan alike:
//! no floating point.
//!
//! All have [`FRACTION_BITS`] bits behind the point and are within 2^-48 of what they stand for (relative, for
//! exp), which tests hold against floating point: series of these numbers, of at most 40 terms.

/// Bits behind the point.
pub(super) const FRACTION_BITS: u32 = 62;

const ONE: i128 = 1 << FRACTION_BITS;

/// ln(`numerator` / `denominator`) for quotients from 1/2 to 2: 2 artanh(z) with z = (n - d) / (n + d) (Abramowitz,
/// Stegun, "Handbook of Mathematical Functions", 4.1.27).
pub(super) fn ln(numerator: i128, denominator: i128) -> i128 {
    let z = (numerator - denominator) * ONE / (numerator + denominator);
    let square = times(z, z);
    let (mut power, mut sum) = (z, 0);
    for k in 0..40 {
        sum += power / (2 * k + 1);
        power = times(power, square);
    }
    2 * sum
}

/// exp(`numerator` / 2^`bits`) as a mantissa from 1 up to 2 and a power of two: the quotient less a multiple of
/// ln 2, and a power series (4.2.1).
pub(super) fn exp(numerator: i128, bits: u32) -> (i128, i32) {
    let ln_2 = ln(2, 1);
    let x = numerator << (FRACTION_BITS - bits);
    let power = x.div_euclid(ln_2);
    let rest = x - power * ln_2;
    let (mut term, mut sum) = (ONE, 0);
    for k in 1..40 {
        sum += term;
        term = times(term, rest) / k;
    }
    (sum, power as i32)
}

/// 1 / (1 + exp(-`numerator` / 2^`bits`)), for quotients of 0 and more.
pub(super) fn logistic(numerator: i128, bits: u32) -> i128 {
    let (mantissa, power) = exp(-numerator, bits);
    let small = scaled(mantissa, FRACTION_BITS as i32 + power);
    ((ONE << (FRACTION_BITS - 1)) / (ONE + small)) << 1
}

/// A number with [`FRACTION_BITS`] behind the point, as an integer with `bits` behind it, rounded.
pub(super) fn scaled(number: i128, bits: i32) -> i128 {
    let cut = FRACTION_BITS as i32 - bits;
    match cut {
        ..=0 => number << -cut,
        1..=126 => ((number >> (cut - 1)) + 1) >> 1,
        _ => 0,
    }
}

/// A product, rounded down.
pub(super) fn times(a: i128, b: i128) -> i128 {
    (a * b) >> FRACTION_BITS
}

#[cfg(test)]
mod tests {
    use super::*;

    fn float(number: i128) -> f64 {
        number as f64 / ONE as f64
    }

    #[test]
    fn values_are_those_of_floating_point() {
        for k in -200..400 {
            let x = f64::from(k) / 16.0;
            let (mantissa, power) = exp(k.into(), 4);
            assert!((ONE..=2 * ONE).contains(&mantissa));
            let found = float(mantissa) * 2f64.powi(power);
            assert!((found / x.exp() - 1.0).abs() < 1e-14, "exp {x}");
            if k >= 0 {
                let found = float(logistic(k.into(), 4));
                assert!(
                    (found - 1.0 / (1.0 + (-x).exp())).abs() < 1e-15,
                    "logistic {x}"
                );
            }
        }
        for k in 16..=64 {
            let x = f64::from(k) / 32.0;
            assert!((float(ln(k.into(), 32)) - x.ln()).abs() < 1e-15, "ln {x}");
        }
    }

    #[test]
    fn scaling_rounds() {
        assert_eq!(scaled(3 * ONE / 2, 0), 2);
        assert_eq!(scaled(ONE / 4, 0), 0);
        assert_eq!(scaled(ONE, 70), 1 << 70);
        assert_eq!(scaled(ONE, -300), 0);
    }
}
