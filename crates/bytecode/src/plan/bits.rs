//! A shared value as shared bits, and back (protocols F.6, S18).
//!
//! Bit i of x is c_i xor r_i xor (borrow into i), with the names of [`super::unmask`]. Borrows into
//! even bits come from the tree over two-bit digits. For such a bit i, with s = c_i xor r_i and d the
//! borrow into it, the product s d serves twice: s + d - 2 s d is the bit, and d - s d + (1 - c_i) r_i
//! is the borrow into the odd bit above.
//!
//! k bits of a value in [0, 2^k), with D = ceil(k / 2) digits: 61 random bits, 1 opening, 30 one-hots,
//! (55 + log2(D - 1)) + (D - 1) + k products (the log counts as 0 for D = 1, 2); 150 for all 61. Rounds
//! after the masks: 6, 1 for each bit of the number D - 1, 1 for even bits, 1 for odd ones.

use enigma_field::PrimeField;

use super::build::Builder;
use super::error::PlanError;
use super::ir::View;
use super::tiling::by_rows;
use super::unmask::{self, Hidden};

/// Rows whose bits are found at once.
const MOST_ROWS: u32 = super::TILE / 4;

/// The lowest `width` bits of each x, from 1 to all of them, one block for each, the lowest first.
/// They are all bits of x, as an integer in [0, p), if that is below 2^width.
pub(super) fn decompose<F: PrimeField>(
    b: &mut Builder<F>,
    x: View,
    width: u32,
) -> Result<View, PlanError> {
    by_rows(b, x.len, width, MOST_ROWS, |b, first, len| {
        let masks = unmask::masks(b, len)?;
        b.verify_masks();
        b.begin();
        tile(b, x.part(first, len), masks, width)
    })
}

/// The integers whose bits are these blocks, the lowest first.
pub(super) fn compose<F: PrimeField>(b: &mut Builder<F>, bits: View, width: u32) -> View {
    b.begin();
    b.fold(bits, (0..width).map(|i| F::from_i128(1 << i)).collect())
}

/// The bits of at most [`MOST_ROWS`] values, in the current strand.
pub(super) fn tile<F: PrimeField>(
    b: &mut Builder<F>,
    x: View,
    masks: unmask::Masks,
    width: u32,
) -> Result<View, PlanError> {
    let n = x.len;
    let digits: Vec<u32> = (0..width.div_ceil(2)).collect();
    let even: Vec<u32> = (0..width).step_by(2).collect();
    let odd: Vec<u32> = (1..width).step_by(2).collect();

    let hidden = Hidden::open(b, x, masks, digits[digits.len() - 1])?;
    let borrows = hidden.borrows(b, &digits)?;
    let borrows: Vec<View> = borrows.into_values().collect();
    let borrows = b.concat(&borrows);
    let differing = hidden.differing(b, &even);
    let both = b.multiply(&[(differing, borrows)])?;
    let even_bits = xor(b, differing, borrows, both);
    if odd.is_empty() {
        return Ok(even_bits);
    }

    let below = odd.len() as u32 * n;
    let alone = hidden.generating(b, &even[..odd.len()]);
    let borrows = b.linear(
        &[
            (F::ONE, borrows.part(0, below)),
            (-F::ONE, both.part(0, below)),
            (F::ONE, alone),
        ],
        F::ZERO,
    );
    let differing = hidden.differing(b, &odd);
    let both = b.multiply(&[(differing, borrows)])?;
    let odd_bits = xor(b, differing, borrows, both);
    let block = |i: u32| {
        let bits = if i.is_multiple_of(2) {
            even_bits
        } else {
            odd_bits
        };
        bits.part(i / 2 * n, n)
    };
    let blocks: Vec<View> = (0..width).map(block).collect();
    Ok(b.concat(&blocks))
}

/// x xor y, whose product is given.
fn xor<F: PrimeField>(b: &mut Builder<F>, x: View, y: View, both: View) -> View {
    let terms = [(F::ONE, x), (F::ONE, y), (F::from_i64(-2), both)];
    b.linear(&terms, F::ZERO)
}
