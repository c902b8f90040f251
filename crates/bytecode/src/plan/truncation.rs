//! Division of a shared value by a public power of two, exact, and what it leaves (protocols S17).
//!
//! `x mod 2^f` is in [0, 2^f) for every integer x, also below 0, and truncation is the exact quotient
//! `(x - x mod 2^f) / 2^f`: it **rounds toward minus infinity**, so that -1 becomes -1.
//!
//! A range that reaches below 0 is moved up by a multiple of 2^f, so that what is opened under a mask
//! is an integer in [0, p). Then, with c, r and w of [`super::unmask`], the low f bits of x are
//! c_lo - r_lo - w + 2^f borrow, where borrow, the borrow into bit f, is `[c_lo < r_lo]` or, if c_lo =
//! r_lo, w. For an odd f it is found from the borrow d into the bit below, with one product more: if
//! bits c' and r' there are equal it is d, else (1 - c') r'.
//!
//! Per value, with q = floor(f / 2): what [`super::unmask`] takes for the one digit q, that is 61 random
//! bits, 1 opening, 30 one-hots, 55 + log2(q) + (ones of q) products, and 1 more if f is odd. Rounds
//! after the masks: 6 + (ones of q) + (f odd).

use enigma_field::PrimeField;

use super::build::Builder;
use super::error::PlanError;
use super::ir::View;
use super::tiling::by_rows;
use super::unmask::{self, Hidden};
use crate::interval::Interval;

/// `x mod 2^f` for f from 0 to 60, over 2^127 - 1 to 63. `range`: where x lies.
pub(super) fn remainder<F: PrimeField>(
    b: &mut Builder<F>,
    x: View,
    range: Interval,
    f: u32,
) -> Result<View, PlanError> {
    if f == 0 {
        b.begin();
        return Ok(b.constant(F::ZERO, x.len));
    }
    if range.low >= 0 && i128::from(range.high) < 1 << f {
        b.begin();
        return Ok(x);
    }
    by_rows(b, x.len, 1, super::TILE, |b, first, len| {
        let masks = unmask::masks(b, len)?;
        b.verify_masks();
        b.begin();
        let lifted = b.linear(
            &[(F::ONE, x.part(first, len))],
            F::from_u64(lift(range.low, f)),
        );
        let hidden = Hidden::open(b, lifted, masks, f / 2)?;
        let borrow = borrow_into(b, &hidden, f)?;
        let low = hidden.low_difference(b, f);
        let terms = [
            (F::ONE, low),
            (-F::ONE, hidden.wrapped()),
            (F::from_u64(1 << f), borrow),
        ];
        Ok(b.linear(&terms, F::ZERO))
    })
}

/// `x / 2^f`, rounded toward minus infinity, for f as in [`remainder`].
pub(super) fn truncate<F: PrimeField>(
    b: &mut Builder<F>,
    x: View,
    range: Interval,
    f: u32,
) -> Result<View, PlanError> {
    let low = remainder(b, x, range, f)?;
    // 2^b = 1 in a field of 2^b - 1 elements.
    let inverse = F::from_i128(1 << (F::BITS - f.max(1)));
    let inverse = if f == 0 { F::ONE } else { inverse };
    Ok(b.linear(&[(inverse, x), (-inverse, low)], F::ZERO))
}

/// The least multiple of 2^f that added to `low` gives no negative number.
fn lift(low: i64, f: u32) -> u64 {
    let below = if low < 0 { low.unsigned_abs() } else { 0 };
    below.div_ceil(1 << f) << f
}

/// The borrow into bit f.
fn borrow_into<F: PrimeField>(
    b: &mut Builder<F>,
    hidden: &Hidden,
    f: u32,
) -> Result<View, PlanError> {
    let digit = f / 2;
    let borrow = hidden.borrows(b, &[digit])?[&digit];
    if f.is_multiple_of(2) {
        return Ok(borrow);
    }
    let below = [f - 1];
    let (differing, alone) = (hidden.differing(b, &below), hidden.generating(b, &below));
    let stopped = b.multiply(&[(differing, borrow)])?;
    let terms = [(F::ONE, borrow), (-F::ONE, stopped), (F::ONE, alone)];
    Ok(b.linear(&terms, F::ZERO))
}

#[cfg(test)]
mod tests {
    use enigma_field::{M61, M127};

    use super::*;

    #[test]
    fn lifted_values_are_integers_below_the_field_s_size() {
        let fields = [
            ((1 << 59) - 1, 60, u128::from(M61::MODULUS)),
            (i64::MAX, 63, M127::MODULUS),
        ];
        for (most, most_bits, modulus) in fields {
            for f in 1..=most_bits {
                for low in [0, -1, 1 - (1 << 20), -most] {
                    let lift = lift(low, f);
                    assert!(lift.is_multiple_of(1 << f));
                    assert!(i128::from(low) + i128::from(lift) >= 0);
                    assert!(u128::from(lift) + (most as u128) < modulus);
                }
            }
        }
    }
}
