//! Comparison with zero in a committee of three (protocols F.11, S13): the engine computes over bits that
//! are shared three ways, and tells each result as three components, which are shares of bits. Their sum
//! modulo 2 is the result: two products.
//!
//! Per comparison: 1 full opening, 236 gates for [x < 0], 182 for [x = 0] or 296 for both, a bit each, and 2
//! products for each result. Nothing is prepared. Rounds: 9, and 2.

use enigma_field::PrimeField;

use super::build::Builder;
use super::compare::Want;
use super::error::PlanError;
use super::ir::View;

/// The size of a committee that can.
const PARTIES: u8 = 3;

impl Want {
    /// How many bits are wanted.
    #[must_use]
    pub const fn results(self) -> u32 {
        match self {
            Want::Less | Want::Equal => 1,
            Want::LessAndEqual => 2,
        }
    }

    /// Gates of a comparison over bits, for elements of so many: carry-save and generate for each bit,
    /// then a tree that joins all bits but one, with two gates for a carry but at its least significant
    /// edge, and one for equality.
    #[must_use]
    pub const fn gates(self, bits: u32) -> u32 {
        let carry = 2 * (bits - 1) - bits.next_power_of_two().ilog2();
        let equal = bits - 1;
        2 * bits
            + match self {
                Want::Less => carry,
                Want::Equal => equal,
                Want::LessAndEqual => carry + equal,
            }
    }

    /// Layers of gates of a comparison over bits.
    #[must_use]
    pub const fn layers(bits: u32) -> u32 {
        2 + bits.next_power_of_two().ilog2()
    }
}

/// Can this committee compare so?
pub(super) fn available<F: PrimeField>(b: &Builder<F>) -> bool {
    b.committee().n() == PARTIES
}

/// Compares every element of `x` with zero: a vector for each result wanted.
pub(super) fn with_zero<F: PrimeField>(
    b: &mut Builder<F>,
    x: View,
    want: Want,
) -> Result<Vec<View>, PlanError> {
    let n = x.len;
    let components = b.compare(x, want)?;
    let component = |result: u32, k: u32| components.part((3 * result + k) * n, n);
    let results = 0..want.results();
    let first: Vec<View> = results.clone().map(|r| component(r, 0)).collect();
    let second: Vec<View> = results.clone().map(|r| component(r, 1)).collect();
    let third: Vec<View> = results.map(|r| component(r, 2)).collect();
    let sums = exclusive_or(b, &first, &second)?;
    exclusive_or(b, &sums, &third)
}

/// Bits that are 1 where exactly one of two is, in one layer.
fn exclusive_or<F: PrimeField>(
    b: &mut Builder<F>,
    left: &[View],
    right: &[View],
) -> Result<Vec<View>, PlanError> {
    let factors: Vec<(View, View)> = left.iter().copied().zip(right.iter().copied()).collect();
    let both = b.multiply(&factors)?;
    let mut start = 0;
    let sums = factors.into_iter().map(|(left, right)| {
        let both = both.part(start, left.len);
        start += left.len;
        let terms = [(F::ONE, left), (F::ONE, right), (F::from_i64(-2), both)];
        b.linear(&terms, F::ZERO)
    });
    Ok(sums.collect())
}
