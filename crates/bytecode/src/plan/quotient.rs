//! A shared dividend divided by a shared divisor, exact, rounded as is asked for ([`Rounding`]); 0 for a
//! divisor 0.
//!
//! Restoring long division in base 2 (Knuth, The Art of Computer Programming 2, 4.3.1). The dividend's
//! magnitude, below 2^k, is taken apart into bits; for each bit of the quotient, from the highest, the
//! rest R becomes 2 R + (next bit), is compared with the divisor, and loses it unless it is smaller.
//! Before, R is below the divisor d, so all differences lie between -d and d: within the range of
//! comparisons, which are exact for all |x| < p / 2. A divisor 0 is taken from R without effect; its quotient
//! is replaced by 0 in the end. Nothing but masked differences is opened.
//!
//! **To nearest**, 1 is added to the magnitude where the last rest R has 2 R >= d, for a negative quotient
//! 2 R > d, so that halves go up in either case.
//!
//! A quotient by normalising and Goldschmidt's iteration would take fewer rounds, but has about 29
//! good bits in this field, whose elements hold products of two numbers of 30 bits at most.
//!
//! With q bits of the largest possible quotient, per value: the k bits of [`super::bits`] and q
//! comparisons with q - 1 products. Signs: 1 comparison and 1 product each for a
//! dividend or divisor that can be on both sides of 0, and 1 product to negate the quotient (2 if both
//! can). A divisor that can be 0: 1 comparison that tells sign and zero together, and 1 product. To nearest: 1
//! comparison and 1 product more. Rounds: 8 for each bit of the quotient.

use enigma_field::PrimeField;

use super::bits;
use super::build::Builder;
use super::compare::{self, Masks};
use super::error::PlanError;
use super::gate::Rounding;
use super::ir::View;
use super::tiling::by_rows;
use super::{product, relation, unmask};
use crate::interval::Wide;
use crate::model::Relation;

/// The quotients of `dividend` by `divisor`, equally long.
pub(super) fn divide<F: PrimeField>(
    b: &mut Builder<F>,
    dividend: Factor,
    divisor: Factor,
    rounding: Rounding,
) -> Result<View, PlanError> {
    let most = largest_quotient(dividend.range, divisor.range, rounding);
    divide_up_to(b, dividend, divisor, rounding, most)
}

/// The same where all quotients, before they are rounded to nearest, are known to be below `most` + 1 in
/// magnitude: fewer bits of them are looked for.
pub(super) fn divide_up_to<F: PrimeField>(
    b: &mut Builder<F>,
    dividend: Factor,
    divisor: Factor,
    rounding: Rounding,
    most: u128,
) -> Result<View, PlanError> {
    let rows = dividend.value.len;
    let steps = Steps {
        // To nearest, a quotient below 1 may become 1.
        width: bit_len(most).max(u32::from(rounding == Rounding::Nearest)),
        rounding,
    };
    if steps.width == 0 || largest(dividend.range) == 0 || largest(divisor.range) == 0 {
        b.begin();
        return Ok(b.constant(F::ZERO, rows));
    }
    let most_rows = super::TILE / (steps.width + 3);
    by_rows(b, rows, 1, most_rows, |b, first, len| {
        let part = |factor: Factor| Factor {
            value: factor.value.part(first, len),
            ..factor
        };
        tile(b, part(dividend), part(divisor), steps)
    })
}

/// What the division leaves, with the sign of the dividend; 0 where the divisor is 0, of which the quotient is 0 but nothing is left.
///
/// Per value beside the quotient: 1 product, and for a divisor that can be 0 a comparison and a product.
pub(super) fn modulo<F: PrimeField>(
    b: &mut Builder<F>,
    dividend: Factor,
    divisor: Factor,
) -> Result<View, PlanError> {
    let quotient = divide(b, dividend, divisor, Rounding::TowardZero)?;
    let multiple = product::product(b, quotient, divisor.value)?;
    b.begin();
    let rest = b.linear(&[(F::ONE, dividend.value), (-F::ONE, multiple)], F::ZERO);
    if divisor.range.low > 0 || divisor.range.high < 0 {
        return Ok(rest);
    }
    let is_zero = relation::holds(b, Relation::Equal, &[(F::ONE, divisor.value)], F::ZERO)?;
    b.begin();
    let divides = b.linear(&[(-F::ONE, is_zero)], F::ONE);
    product::product(b, rest, divides)
}

/// A dividend or divisor, below a quarter of the field in magnitude.
#[derive(Clone, Copy)]
pub(super) struct Factor {
    pub(super) value: View,
    pub(super) range: Wide,
}

/// What is done for each quotient.
#[derive(Clone, Copy)]
struct Steps {
    /// Bits of the largest quotient.
    width: u32,
    rounding: Rounding,
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
    steps: Steps,
) -> Result<View, PlanError> {
    let n = dividend.value.len;
    let may_be_zero = divisor.range.low <= 0 && divisor.range.high >= 0;
    let dividend_masks = signs_differ(dividend.range).then(|| compare::masks(b, n));
    let dividend_masks = dividend_masks.transpose()?;
    let divisor_masks = (may_be_zero || signs_differ(divisor.range)).then(|| compare::masks(b, n));
    let divisor_masks = divisor_masks.transpose()?;
    let bit_masks = unmask::masks(b, n)?;
    let count = steps.width + u32::from(steps.rounding == Rounding::Nearest);
    let made: Result<Vec<Masks>, _> = (0..count).map(|_| compare::masks(b, n)).collect();
    let mut made = made?;
    let nearest = made.split_off(steps.width as usize).pop();
    b.verify_masks();

    // Signs are found side by side.
    b.begin();
    let numerator = magnitude(b, &dividend, dividend_masks, false)?;
    b.begin();
    let denominator = magnitude(b, &divisor, divisor_masks, may_be_zero)?;
    b.begin();
    let len = bit_len(largest(dividend.range));
    let bits = bits::tile(b, numerator.value, bit_masks, len)?;
    let sign = sign_of(b, [&dividend, &divisor], [&numerator, &denominator])?;
    let (mut quotient, last) = long_division(b, bits, denominator.value, made)?;
    if let Some(masks) = nearest {
        let rounded = round(b, &last, denominator.value, &sign, masks)?;
        quotient = b.linear(&[(F::ONE, quotient), (F::ONE, rounded)], F::ZERO);
    }
    finish(b, quotient, denominator.zero, &sign)
}

/// What is left when the last bit of a quotient is found.
struct Last {
    /// The rest less the divisor.
    taken: View,
    /// Whether that is negative.
    less: View,
}

/// The quotient of numbers not negative: one bit for each mask.
fn long_division<F: PrimeField>(
    b: &mut Builder<F>,
    bits: View,
    divisor: View,
    steps: Vec<Masks>,
) -> Result<(View, Last), PlanError> {
    let one = F::ONE;
    let n = divisor.len;
    let width = steps.len() as u32;
    let given = bits.len / n;
    let beyond = given.saturating_sub(width);
    // What is above the quotient's bits is below every divisor but 0.
    let mut rest = if beyond == 0 {
        b.constant(F::ZERO, n)
    } else {
        let weights = (0..beyond).map(|i| F::from_i128(1 << i)).collect();
        b.fold(bits.part(width * n, beyond * n), weights)
    };
    let mut quotient = Vec::new();
    let mut last = None;
    for (place, masks) in (0..width).rev().zip(steps) {
        let mut terms = vec![(F::from_u64(2), rest), (-one, divisor)];
        if place < given {
            terms.push((one, bits.part(place * n, n)));
        }
        let taken = b.linear(&terms, F::ZERO);
        let less = compare::is_negative(b, taken, masks)?;
        quotient.push((-F::from_i128(1 << place), less));
        if place > 0 {
            rest = restored(b, &Last { taken, less }, divisor)?;
        }
        last = Some(Last { taken, less });
    }
    let quotient = b.linear(&quotient, F::from_i128((1 << width) - 1));
    Ok((quotient, last.expect("a quotient has at least one bit")))
}

/// The rest: what was taken away is put back where it was too much.
fn restored<F: PrimeField>(
    b: &mut Builder<F>,
    last: &Last,
    divisor: View,
) -> Result<View, PlanError> {
    let put_back = b.multiply(&[(last.less, divisor)])?;
    Ok(b.linear(&[(F::ONE, last.taken), (F::ONE, put_back)], F::ZERO))
}

/// What is added to the quotient's magnitude to have the nearest one.
fn round<F: PrimeField>(
    b: &mut Builder<F>,
    last: &Last,
    divisor: View,
    sign: &Sign<F>,
    masks: Masks,
) -> Result<View, PlanError> {
    let rest = restored(b, last, divisor)?;
    let mut terms = vec![(F::from_u64(2), rest), (-F::ONE, divisor)];
    // A half of a negative quotient goes up by taking nothing from it.
    let mut constant = F::ZERO;
    match sign.negative {
        Some(negative) if sign.otherwise == F::ONE => terms.push((-F::ONE, negative)),
        Some(negative) => {
            terms.push((F::ONE, negative));
            constant = -F::ONE;
        }
        None if sign.otherwise != F::ONE => constant = -F::ONE,
        None => {}
    }
    let distance = b.linear(&terms, constant);
    let less = compare::is_negative(b, distance, masks)?;
    Ok(b.linear(&[(-F::ONE, less)], F::ONE))
}

/// The sign of a quotient: `otherwise`, 1 or -1, turned where the bit `negative` is 1.
struct Sign<F> {
    negative: Option<View>,
    otherwise: F,
}

fn sign_of<F: PrimeField>(
    b: &mut Builder<F>,
    factors: [&Factor; 2],
    found: [&Magnitude; 2],
) -> Result<Sign<F>, PlanError> {
    let one = F::ONE;
    let negative = match (found[0].negative, found[1].negative) {
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
    let otherwise = public(factors[0], found[0]) * public(factors[1], found[1]);
    Ok(Sign {
        negative,
        otherwise,
    })
}

/// Puts the quotient by 0 and the sign right.
fn finish<F: PrimeField>(
    b: &mut Builder<F>,
    mut quotient: View,
    zero: Option<View>,
    sign: &Sign<F>,
) -> Result<View, PlanError> {
    if let Some(zero) = zero {
        let none = b.multiply(&[(quotient, zero)])?;
        quotient = b.linear(&[(F::ONE, quotient), (-F::ONE, none)], F::ZERO);
    }
    let mut terms = vec![(sign.otherwise, quotient)];
    if let Some(negative) = sign.negative {
        let turned = b.multiply(&[(quotient, negative)])?;
        terms.push((F::from_i64(-2) * sign.otherwise, turned));
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

fn signs_differ(range: Wide) -> bool {
    range.low < 0 && range.high > 0
}

fn largest(range: Wide) -> u128 {
    range.low.unsigned_abs().max(range.high.unsigned_abs())
}

/// The largest magnitude of a quotient.
fn largest_quotient(dividends: Wide, divisors: Wide, rounding: Rounding) -> u128 {
    let least = if divisors.low > 0 {
        divisors.low.unsigned_abs()
    } else if divisors.high < 0 {
        divisors.high.unsigned_abs()
    } else {
        1
    };
    let up = match rounding {
        Rounding::TowardZero => 0,
        Rounding::Nearest => least / 2,
    };
    (largest(dividends) + up) / least
}

fn bit_len(value: u128) -> u32 {
    u128::BITS - value.leading_zeros()
}
