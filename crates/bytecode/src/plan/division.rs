//! A private dividend divided by a public divisor, exact, truncating toward zero (decisions 10) or rounded to
//! the nearest, halves up.
//!
//! Long division in base 16. For the digit of weight u = divisor * 16^e the rest R is compared
//! with u, 2u, ... up to 15u in one layer; the digit is how many of them do not exceed R. The top
//! digit is compared only with multiples that the dividend's range can reach. Nothing is opened
//! but masked comparisons, so neither dividend nor rest becomes known.
//!
//! Every multiple is at most the dividend's bound, below a quarter of the field, so all differences are right.
//! A dividend that can be negative costs one comparison for its sign and two products more.
//!
//! To nearest, the magnitude is increased by half the divisor before; for negative dividends by half the
//! divisor less one, so that halves go up there, too.

use enigma_field::PrimeField;

use super::build::Builder;
use super::compare::{self, Masks};
use super::error::PlanError;
use super::gate::Rounding;
use super::ir::View;
use super::tiles;
use crate::interval::Wide;

/// Comparisons for one digit.
const MOST_MULTIPLES: u128 = 15;

/// Base of the long division.
const BASE: u128 = 16;

/// `dividend / divisor`, rounded; 0 if the divisor is 0. `range`: where the dividend lies, below a quarter
/// of the field in magnitude, as is the divisor. To nearest, the divisor is positive.
pub(super) fn divide<F: PrimeField>(
    b: &mut Builder<F>,
    dividend: View,
    range: Wide,
    divisor: i128,
    rounding: Rounding,
) -> Result<View, PlanError> {
    let magnitude = divisor.unsigned_abs();
    let half = match rounding {
        Rounding::TowardZero => 0,
        Rounding::Nearest => magnitude / 2,
    };
    let bound = range.low.unsigned_abs().max(range.high.unsigned_abs()) + half;
    let flip = F::from_i128(divisor.signum());
    if magnitude == 0 || bound < magnitude || dividend.len == 0 {
        b.begin();
        return Ok(b.constant(F::ZERO, dividend.len));
    }
    if magnitude == 1 {
        b.begin();
        return Ok(b.linear(&[(flip, dividend)], F::ZERO));
    }
    let digits = digits(bound, magnitude);
    let added = Added {
        half,
        // Without a remainder of a half there is none to go up.
        up: half > 0 && magnitude.is_multiple_of(2),
    };
    let widest: u128 = digits.iter().map(|d| d.multiples).sum();
    let most_rows = (u128::from(super::TILE) / widest).max(1) as u32;
    let mut parts = Vec::new();
    for (first, len) in tiles(u64::from(dividend.len), most_rows) {
        let part = dividend.part(first as u32, len);
        parts.push(divide_tile(b, part, range, &digits, added, flip)?);
    }
    if let [only] = parts[..] {
        return Ok(only);
    }
    b.begin();
    Ok(b.concat(&parts))
}

/// One digit of the quotient.
struct Digit {
    /// 16^e.
    weight: u128,
    /// divisor * 16^e.
    unit: u128,
    /// With how many multiples of the unit the rest is compared.
    multiples: u128,
}

/// What is added to magnitudes to round them.
#[derive(Clone, Copy)]
struct Added {
    half: u128,
    /// Whether it is one less for negative dividends.
    up: bool,
}

/// The digits of a quotient, most significant first, for dividends from 0 to `bound`.
fn digits(bound: u128, divisor: u128) -> Vec<Digit> {
    let mut weight = 1;
    while bound / divisor / weight >= BASE {
        weight *= BASE;
    }
    let mut digits = Vec::new();
    let mut rest = bound;
    while weight > 0 {
        let unit = divisor * weight;
        digits.push(Digit {
            weight,
            unit,
            multiples: (rest / unit).min(MOST_MULTIPLES),
        });
        // After this digit the rest is below its unit.
        rest = rest.min(unit - 1);
        weight /= BASE;
    }
    digits
}

fn divide_tile<F: PrimeField>(
    b: &mut Builder<F>,
    dividend: View,
    range: Wide,
    digits: &[Digit],
    added: Added,
    flip: F,
) -> Result<View, PlanError> {
    // Masks do not depend on the dividend: each digit's in a strand of its own, all at once, verified
    // together.
    let mut prepared: Vec<(&Digit, Masks)> = Vec::new();
    for digit in digits.iter().filter(|digit| digit.multiples > 0) {
        let masks = compare::masks(b, digit.multiples as u32 * dividend.len)?;
        prepared.push((digit, masks));
    }
    let sign_masks = if range.low < 0 && range.high > 0 {
        Some(compare::masks(b, dividend.len)?)
    } else {
        None
    };
    b.verify_masks();

    b.begin();
    let (mut rest, negative) = match sign_masks {
        Some(masks) => {
            let negative = compare::is_negative(b, dividend, masks)?;
            (negated_where(b, dividend, negative)?, Some(negative))
        }
        None => (dividend, None),
    };
    let mut flip = flip;
    if negative.is_none() && range.low < 0 {
        rest = b.linear(&[(-F::ONE, rest)], F::ZERO);
        flip = -flip;
    }
    if added.half > 0 {
        let mut terms = vec![(F::ONE, rest)];
        let mut half = added.half;
        match negative {
            Some(negative) if added.up => terms.push((-F::ONE, negative)),
            None if added.up && range.low < 0 => half -= 1,
            _ => {}
        }
        rest = b.linear(&terms, element(half));
    }

    let mut quotient = Vec::new();
    let mut offset = F::ZERO;
    for (digit, masks) in prepared {
        let thresholds = (1..=digit.multiples)
            .map(|k| (F::ONE, -element::<F>(k * digit.unit)))
            .collect();
        let distances = b.blocks(rest, thresholds);
        let less = compare::is_negative(b, distances, masks)?;
        // The digit is `multiples` minus how many multiples exceed the rest.
        let exceeding = b.fold(less, vec![F::ONE; digit.multiples as usize]);
        let (unit, weight) = (element::<F>(digit.unit), element::<F>(digit.weight));
        let multiples = element::<F>(digit.multiples);
        rest = b.linear(&[(F::ONE, rest), (unit, exceeding)], -(unit * multiples));
        quotient.push((-(weight * flip), exceeding));
        offset += weight * multiples * flip;
    }
    let quotient = b.linear(&quotient, offset);
    match negative {
        Some(negative) => negated_where(b, quotient, negative),
        None => Ok(quotient),
    }
}

/// `value`, negated where the shared bit is 1.
fn negated_where<F: PrimeField>(
    b: &mut Builder<F>,
    value: View,
    bit: View,
) -> Result<View, PlanError> {
    let product = b.multiply(&[(value, bit)])?;
    Ok(b.linear(&[(F::ONE, value), (F::from_i64(-2), product)], F::ZERO))
}

/// An integer below half the field's size.
fn element<F: PrimeField>(integer: u128) -> F {
    F::from_i128(integer as i128)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn digits_reach_the_largest_quotient_and_no_further() {
        for (bound, divisor) in [
            (1, 1),
            (15, 1),
            (16, 1),
            (999, 7),
            (1 << 58, 3),
            ((1 << 59) - 1, 2),
            ((1 << 125) - 1, 100_000 << 16),
        ] {
            let mut rest: u128 = bound;
            let mut quotient = 0;
            for digit in digits(bound, divisor) {
                let value = rest / digit.unit;
                assert!(value <= digit.multiples, "{bound} / {divisor}");
                assert!(digit.multiples * digit.unit <= bound);
                rest -= value * digit.unit;
                quotient += value * digit.weight;
            }
            assert_eq!(quotient, bound / divisor);
        }
    }
}
