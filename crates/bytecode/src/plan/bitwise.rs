//! Two shared numbers, bit by bit: `a and b` is made of the products of their bits, `a or b` is a + b less that,
//! `a xor b` is a + b less that twice. Where one number is public nothing is multiplied.
//!
//! Of values with k bits in common: the bits of both by [`super::bits`], and k products in 1 round more.

use enigma_field::PrimeField;

use super::bits;
use super::build::Builder;
use super::error::PlanError;
use super::ir::View;
use super::tiling::by_rows;

/// Rows that are treated at once: bits are found of twice as many.
const MOST_ROWS: u32 = super::TILE / 8;

/// `x and y` of equally long vectors of values from 0 on, of which one has at most `width` bits.
pub(super) fn and<F: PrimeField>(
    b: &mut Builder<F>,
    x: View,
    y: View,
    width: u32,
) -> Result<View, PlanError> {
    by_rows(b, x.len, 1, MOST_ROWS, |b, first, len| {
        b.begin();
        let pair = b.concat(&[x.part(first, len), y.part(first, len)]);
        let bits = bits::decompose(b, pair, width)?;
        let of = |place: u32| bits.part(place * len, len);
        let factors: Vec<(View, View)> = (0..width).map(|i| (of(2 * i), of(2 * i + 1))).collect();
        let both = b.multiply(&factors)?;
        Ok(b.fold(both, powers(u64::MAX, width)))
    })
}

/// `x and mask` of values from 0 on, of which no bit from `width` on counts.
pub(super) fn and_mask<F: PrimeField>(
    b: &mut Builder<F>,
    x: View,
    mask: u64,
    width: u32,
) -> Result<View, PlanError> {
    by_rows(b, x.len, 1, MOST_ROWS, |b, first, len| {
        let bits = bits::decompose(b, x.part(first, len), width)?;
        Ok(b.fold(bits, powers(mask, width)))
    })
}

/// What each of the lowest `width` bits of the mask counts.
fn powers<F: PrimeField>(mask: u64, width: u32) -> Vec<F> {
    let power = |i: u32| F::from_i128(i128::from(mask) & 1 << i);
    (0..width).map(power).collect()
}
