//! A shared dividend divided by a shared divisor, exact, truncating toward zero; 0 for a divisor 0.
//!
//! Restoring long division in base 2 (Knuth, The Art of Computer Programming 2, 4.3.1). The dividend's
//! magnitude, below 2^k, is taken apart into bits; for each bit of the quotient, from the highest, the
//! rest R becomes 2 R + (next bit), is compared with the divisor, and loses it unless it is smaller.
//! Before, R is below the divisor d, so all differences lie between -d and d: within the range of
//! comparisons for all |x| < 2^59. A divisor 0 is taken from R without effect; its quotient is replaced
//! by 0 in the end. Nothing but masked differences is opened.
//!
//! A quotient by normalising and Goldschmidt's iteration would take fewer rounds, but has about 29
//! good bits in this field, whose elements hold products of two numbers of 30 bits at most.
//!
//! With q bits of the largest possible quotient, per value: the k bits of [`super::bits`] and q
//! comparisons with q - 1 products. Signs: 1 comparison and 1 product each for a
//! dividend or divisor that can be on both sides of 0, and 1 product to negate the quotient (2 if both
//! can). A divisor that can be 0: 1 comparison that tells sign and zero together, and 1 product. Rounds:
//! 8 for each bit of the quotient.

use enigma_field::PrimeField;

use super::bits;
use super::build::Builder;
use super::compare::{self, Masks};
use super::error::PlanError;
use super::ir::View;
use super::tiling::by_rows;
use super::unmask;
use crate::interval::Interval;

/// The quotients of `dividend` by `divisor`, equally long, which lie in these ranges.
pub(super) fn divide<F: PrimeField>(
    b: &mut Builder<F>,
    (dividend, dividends): (View, Interval),
    (divisor, divisors): (View, Interval),
) -> Result<View, PlanError> {
    let most = largest_quotient(dividends, divisors);
    if most == 0 {
        b.begin();
        return Ok(b.constant(F::ZERO, dividend.len));
    }
    let width = bit_len(most);
    by_rows(
        b,
        dividend.len,
        1,
        super::TILE / (width + 3),
        |b, first, len| {
            let dividend = Factor {
                value: dividend.part(first, len),
                range: dividends,
            };
            let divisor = Factor {
                value: divisor.part(first, len),
                range: divisors,
            };
            tile(b, dividend, divisor, width)
        },
    )
}

/// A dividend or divisor.
struct Factor {
    value: View,
    range: Interval,
}

/// What is known of a number beside its magnitude.
struct Magnitude {
    value: View,
    /// Whether the number is negative, if that is not public.
    negative: Option<View>,
    /// Whether it is 0, if that was asked for.
    zero: Option<View>,
}

fn tile<F: PrimeField>(
    b: &mut Builder<F>,
    dividend: Factor,
    divisor: Factor,
    width: u32,
) -> Result<View, PlanError> {
    let n = dividend.value.len;
    let may_be_zero = divisor.range.low <= 0 && divisor.range.high >= 0;
    let dividend_masks = signs_differ(dividend.range).then(|| compare::masks(b, n));
    let dividend_masks = dividend_masks.transpose()?;
    let divisor_masks = (may_be_zero || signs_differ(divisor.range)).then(|| compare::masks(b, n));
    let divisor_masks = divisor_masks.transpose()?;
    let bit_masks = unmask::masks(b, n)?;
    let steps: Result<Vec<Masks>, _> = (0..width).map(|_| compare::masks(b, n)).collect();
    let steps = steps?;
    b.verify_masks();

    // Signs are found side by side.
    b.begin();
    let numerator = magnitude(b, &dividend, dividend_masks, false)?;
    b.begin();
    let denominator = magnitude(b, &divisor, divisor_masks, may_be_zero)?;
    b.begin();
    let len = bit_len(largest(dividend.range));
    let bits = bits::tile(b, numerator.value, bit_masks, len)?;
    let quotient = long_division(b, bits, denominator.value, steps)?;
    finish(b, quotient, &dividend, &divisor, &numerator, &denominator)
}

/// The quotient of numbers not negative: one bit for each mask.
fn long_division<F: PrimeField>(
    b: &mut Builder<F>,
    bits: View,
    divisor: View,
    steps: Vec<Masks>,
) -> Result<View, PlanError> {
    let one = F::ONE;
    let n = divisor.len;
    let width = steps.len() as u32;
    let beyond = bits.len / n - width;
    // What is above the quotient's bits is below every divisor but 0.
    let mut rest = if beyond == 0 {
        b.constant(F::ZERO, n)
    } else {
        let weights = (0..beyond).map(|i| F::from_u64(1 << i)).collect();
        b.fold(bits.part(width * n, beyond * n), weights)
    };
    let mut quotient = Vec::new();
    for (place, masks) in (0..width).rev().zip(steps) {
        let next = bits.part(place * n, n);
        let terms = [(F::from_u64(2), rest), (one, next), (-one, divisor)];
        let taken = b.linear(&terms, F::ZERO);
        let less = compare::is_negative(b, taken, masks)?;
        quotient.push((-F::from_u64(1 << place), less));
        if place > 0 {
            let restored = b.multiply(&[(less, divisor)])?;
            rest = b.linear(&[(one, taken), (one, restored)], F::ZERO);
        }
    }
    Ok(b.linear(&quotient, F::from_u64((1 << width) - 1)))
}

/// Puts signs and the quotient by 0 right.
fn finish<F: PrimeField>(
    b: &mut Builder<F>,
    mut quotient: View,
    dividend: &Factor,
    divisor: &Factor,
    numerator: &Magnitude,
    denominator: &Magnitude,
) -> Result<View, PlanError> {
    let one = F::ONE;
    if let Some(zero) = denominator.zero {
        let none = b.multiply(&[(quotient, zero)])?;
        quotient = b.linear(&[(one, quotient), (-one, none)], F::ZERO);
    }
    let negative = match (numerator.negative, denominator.negative) {
        (Some(x), Some(y)) => {
            let both = b.multiply(&[(x, y)])?;
            Some(b.linear(&[(one, x), (one, y), (F::from_i64(-2), both)], F::ZERO))
        }
        (x, y) => x.or(y),
    };
    let public = |factor: &Factor, found: &Magnitude| {
        if found.negative.is_none() && factor.range.low < 0 {
            -one
        } else {
            one
        }
    };
    let sign = public(dividend, numerator) * public(divisor, denominator);
    let mut terms = vec![(sign, quotient)];
    if let Some(negative) = negative {
        let turned = b.multiply(&[(quotient, negative)])?;
        terms.push((F::from_i64(-2) * sign, turned));
    }
    Ok(b.linear(&terms, F::ZERO))
}

/// The magnitude of a number, in the current strand; also whether it is 0, if it may be.
fn magnitude<F: PrimeField>(
    b: &mut Builder<F>,
    of: &Factor,
    masks: Option<Masks>,
    may_be_zero: bool,
) -> Result<Magnitude, PlanError> {
    let one = F::ONE;
    let (negative, zero) = match masks {
        None => (None, None),
        Some(masks) if may_be_zero => {
            let (negative, zero) = compare::sign(b, of.value, masks)?;
            (Some(negative), Some(zero))
        }
        Some(masks) => (Some(compare::is_negative(b, of.value, masks)?), None),
    };
    match negative.filter(|_| signs_differ(of.range)) {
        Some(negative) => {
            let turned = b.multiply(&[(of.value, negative)])?;
            let terms = [(one, of.value), (F::from_i64(-2), turned)];
            Ok(Magnitude {
                value: b.linear(&terms, F::ZERO),
                negative: Some(negative),
                zero,
            })
        }
        None => {
            let sign = if of.range.low < 0 { -one } else { one };
            Ok(Magnitude {
                value: b.linear(&[(sign, of.value)], F::ZERO),
                negative: None,
                zero,
            })
        }
    }
}

fn signs_differ(range: Interval) -> bool {
    range.low < 0 && range.high > 0
}

fn largest(range: Interval) -> u64 {
    range.low.unsigned_abs().max(range.high.unsigned_abs())
}

/// The largest magnitude of a quotient; 0 also if every divisor is 0.
fn largest_quotient(dividends: Interval, divisors: Interval) -> u64 {
    let least = if divisors.low > 0 {
        divisors.low.unsigned_abs()
    } else if divisors.high < 0 {
        divisors.high.unsigned_abs()
    } else if largest(divisors) > 0 {
        1
    } else {
        return 0;
    };
    largest(dividends) / least
}

fn bit_len(value: u64) -> u32 {
    u64::BITS - value.leading_zeros()
}
