//! The integer square root of a shared value, exact, rounded down or to the nearest.
//!
//! Digit by digit in base 2. s is the root's bits found so far, R = x - s^2. The next bit, of weight u =
//! 2^i, belongs to it if (s + u)^2 <= x, that is, if D = R - 2 u s - u^2 is not negative; then R becomes
//! D. s + u is at most 2^h - 1 for h = ceil(k / 2) bits of the root of a value below 2^k, so for k two bits
//! shorter than the field's size all D are below p / 2 in magnitude: their sign is right. Nothing but masked
//! D are opened.
//!
//! **To nearest**: the root is s + 1 where the last R is above s, because x > (s + 1/2)^2 = s^2 + s + 1/4.
//!
//! Per value h comparisons and h - 2 products (none for h = 1): the first bit needs none,
//! because s is 0, nor does the last, because R ends. To nearest: 1 comparison more, and 1 product if h > 1.
//! Rounds: 7 for each bit, and 1 for each product.

use enigma_field::PrimeField;

use super::build::Builder;
use super::compare::{self, Masks};
use super::error::PlanError;
use super::gate::Rounding;
use super::ir::View;
use super::tiling::by_rows;

/// The roots of values from 0 to `high`.
pub(super) fn root<F: PrimeField>(
    b: &mut Builder<F>,
    x: View,
    high: u128,
    rounding: Rounding,
) -> Result<View, PlanError> {
    let width = (u128::BITS - high.leading_zeros()).div_ceil(2);
    if width == 0 {
        b.begin();
        return Ok(b.constant(F::ZERO, x.len));
    }
    let count = width + u32::from(rounding == Rounding::Nearest);
    by_rows(b, x.len, 1, super::TILE / count, |b, first, len| {
        let made: Result<Vec<Masks>, _> = (0..count).map(|_| compare::masks(b, len)).collect();
        let mut steps = made?;
        let nearest = steps.split_off(width as usize).pop();
        b.verify_masks();
        b.begin();
        tile(b, x.part(first, len), steps, nearest)
    })
}

fn tile<F: PrimeField>(
    b: &mut Builder<F>,
    x: View,
    steps: Vec<Masks>,
    nearest: Option<Masks>,
) -> Result<View, PlanError> {
    let one = F::ONE;
    let mut rest = x;
    let mut root: Option<View> = None;
    for (place, masks) in (0..steps.len() as u32).rev().zip(steps) {
        let (unit, square) = (F::from_i128(1 << place), F::from_i128(1 << (2 * place)));
        let twice = F::from_u64(2) * unit;
        let mut terms = vec![(one, rest)];
        terms.extend(root.map(|root| (-twice, root)));
        let distance = b.linear(&terms, -square);
        let less = compare::is_negative(b, distance, masks)?;
        if place > 0 || nearest.is_some() {
            // What was taken away is put back where it was too much.
            let mut terms = vec![(one, distance), (square, less)];
            if let Some(root) = root {
                terms.push((twice, b.multiply(&[(less, root)])?));
            }
            rest = b.linear(&terms, F::ZERO);
        }
        let mut terms = vec![(-unit, less)];
        terms.extend(root.map(|root| (one, root)));
        root = Some(b.linear(&terms, unit));
    }
    let root = root.expect("a root has at least one bit");
    let Some(masks) = nearest else {
        return Ok(root);
    };
    let above = b.linear(&[(one, root), (-one, rest)], F::ZERO);
    let up = compare::is_negative(b, above, masks)?;
    Ok(b.linear(&[(one, root), (one, up)], F::ZERO))
}
