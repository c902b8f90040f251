//! Comparison and truncation under masks that hide statistically (protocols F.3 and F.4: Catrina-de
//! Hoogh 10), over 2^127 - 1, for up to nine parties.
//!
//! What is opened are integers: a value plus a random integer that is so much longer that the sum tells
//! next to nothing, and so short that it does not reach p. The random integers are sums of one for every
//! subset of t+1 parties ([`Call::Bounded`](super::Call::Bounded)); one of them is uniform to any t
//! parties. Such a mask hides a value only if it lies where it should, and an error in an earlier product
//! would show: so everything before is verified first (R3), once for all values of a vector, and
//! [`Call::Open`](super::Call::Open) takes nothing else. S16: the sums stay below p; [`room`] gives the
//! bits that integers may have, for C(n, t) of them beside a value.
//!
//! **Comparison with zero**, |x| < 2^64: with r of 64 shared random bits and s a sum of integers of
//! [`HIDING_BITS`] bits, c = 2^64 + x + r + 2^64 s is opened. The low 64 bits of c are uniform, because r
//! is; what is above is s and at most 2, which s hides but for 2^-53. x mod 2^64 = c - r + 2^64 w, modulo
//! 2^64, with w = `[c mod 2^64 < r]` from a tree over 32 digits ([`super::compare`]); `[x < 0]` is
//! (x mod 2^64 - x) / 2^64, and x = 0 exactly if c mod 2^64 = r. Exact.
//! Per value: 64 random bits, 32 one-hots, 62 products in the tree (57 if equality is not wanted), 1
//! opening. Rounds: 2 for the bits, 1 one-hots, their verification; a verification of what was
//! computed before; 1 opening, 5 tree.
//!
//! **Truncation** of |x| < 2^k by f bits: with q_A the integers of [`room`] bits, c = 2^k + x + sum of q_A
//! is opened; the result is (c / 2^f) - 2^(k-f) - sum of (q_A / 2^f), all quotients rounded down, less
//! half the number of subsets to centre it. Between the sum of the integers' low bits and a multiple of 2^f
//! lies an error of the last place for each subset at most: the result is x / 2^f rounded down, plus an
//! integer from -h to C(n, t) - h with h half of C(n, t) ([`error`]). Each opening hides but for 2^(k + 2 - room), which is 2^-39 at
//! most; many in a job add up.
//! Per value: 1 opening, nothing prepared. Rounds: a verification of what was computed before, 1 opening.

use enigma_field::{Committee, PrimeField, interpolation};

use super::binary;
use super::build::{Builder, Flushed};
use super::compare::{self, Layout, Want};
use super::error::PlanError;
use super::ir::{Local, View};
use super::tiles;

/// Bits of the values that are compared.
const VALUE_BITS: u32 = 64;

/// Bits of each integer above a comparison's random bits.
const HIDING_BITS: u32 = 54;

/// Bits by which masks of a truncation are longer than the value, at least.
const LONGER_BITS: u32 = 40;

/// A vector for which the verification of what was before pays off; shorter ones are compared exactly.
const LEAST_ROWS: u32 = 256;

/// Can values be compared so?
pub(super) fn compares<F: PrimeField>(b: &Builder<F>, rows: u32) -> bool {
    let fits = room::<F>(b.committee()) > VALUE_BITS + HIDING_BITS;
    fits && rows >= LEAST_ROWS && !binary::available(b)
}

/// Can values below 2^k in magnitude be cut so?
pub(super) fn cuts<F: PrimeField>(committee: Committee, k: u32) -> bool {
    room::<F>(committee) > k + LONGER_BITS
}

/// By how much a truncation can be below and above the quotient rounded down.
pub(super) fn error(committee: Committee) -> (i128, i128) {
    let most = subsets(committee) as i128;
    (most / 2, most - most / 2)
}

/// [x < 0], or [x = 0] for each element of `difference`, which lies strictly between -2^64 and 2^64.
pub(super) fn compared<F: PrimeField>(
    b: &mut Builder<F>,
    difference: View,
    want: Want,
) -> Result<View, PlanError> {
    let flushed = b.flush();
    let mut parts = Vec::new();
    for (first, len) in tiles(difference.len.into(), super::TILE) {
        let part = difference.part(first as u32, len);
        parts.push(compare_tile(b, part, want, &flushed)?);
    }
    b.begin();
    Ok(b.concat(&parts))
}

fn compare_tile<F: PrimeField>(
    b: &mut Builder<F>,
    x: View,
    want: Want,
    flushed: &Flushed,
) -> Result<View, PlanError> {
    let (n, layout) = (x.len, Layout::of_bits(VALUE_BITS));
    b.begin_masks();
    let (bits, made) = b.bits(VALUE_BITS, n)?;
    let half = layout.pairs() * n;
    let both = b.multiply(&[(bits.part(0, half), bits.part(half, half))])?;
    b.verify_masks();

    b.begin();
    b.wait_for_masks(made);
    let weights = layout.exponents().into_iter();
    let low_mask = b.fold(bits, weights.map(|e| F::from_i128(1 << e)).collect());
    let [high_mask, _] = b.bounded(n, HIDING_BITS, 0)?;
    let top = F::from_i128(1 << VALUE_BITS);
    let terms = [(F::ONE, x), (F::ONE, low_mask), (top, high_mask)];
    let hidden = b.linear(&terms, top);
    let opened = b.open_flushed(hidden, flushed)?;

    let less = b.register(layout.digits() * n);
    let equal = b.register(layout.digits() * n);
    b.local(Local::DigitLeaves {
        less,
        equal,
        bits,
        both,
        opened,
        layout,
    });
    let (wrapped, equal) = compare::tree(b, layout, (b.view(less), b.view(equal)), want)?;
    if let Some(equal) = equal {
        return Ok(equal);
    }
    let low = b.register(n);
    b.local(Local::OpenedLow {
        dst: low,
        opened,
        bits: VALUE_BITS,
    });
    let low = b.view(low);
    // 2^b = 1 in a field of 2^b - 1 elements.
    let inverse = F::from_i128(1 << (F::BITS - VALUE_BITS));
    let terms = [
        (inverse, low),
        (-inverse, low_mask),
        (F::ONE, wrapped),
        (-inverse, x),
    ];
    Ok(b.linear(&terms, F::ZERO))
}

/// `x / 2^f` for |x| < 2^k and f <= k, up to [`error`].
pub(super) fn truncate<F: PrimeField>(
    b: &mut Builder<F>,
    x: View,
    k: u32,
    f: u32,
) -> Result<View, PlanError> {
    let bits = room::<F>(b.committee()) - 1;
    let (below, _) = error(b.committee());
    let flushed = b.flush();
    let mut parts = Vec::new();
    for (first, len) in tiles(x.len.into(), super::TILE) {
        b.begin();
        let part = x.part(first as u32, len);
        let [mask, cut_mask] = b.bounded(len, bits, f)?;
        let terms = [(F::ONE, part), (F::ONE, mask)];
        let hidden = b.linear(&terms, F::from_i128(1 << k));
        let opened = b.open_flushed(hidden, &flushed)?;
        let cut = b.register(len);
        b.local(Local::OpenedHigh {
            dst: cut,
            opened,
            bits: f,
        });
        let terms = [(F::ONE, b.view(cut)), (-F::ONE, cut_mask)];
        parts.push(b.linear(&terms, -F::from_i128((1 << (k - f)) + below)));
    }
    b.begin();
    Ok(b.concat(&parts))
}

/// One more than the bits that an integer for each subset may have, so that their sum and a shorter value
/// stay below p.
fn room<F: PrimeField>(committee: Committee) -> u32 {
    match subsets(committee) {
        // Committees without seeds of subsets (S25).
        0 => 0,
        terms => (F::BITS - 1).saturating_sub(terms.next_power_of_two().ilog2()),
    }
}

fn subsets(committee: Committee) -> u32 {
    let subsets = interpolation::prss_subsets(&committee);
    subsets.map_or(0, |subsets| subsets.len() as u32)
}

#[cfg(test)]
mod tests {
    use enigma_field::{M61, M127};

    use super::*;

    #[test]
    fn sums_of_masks_and_values_stay_below_the_field_s_size() {
        for n in [3, 5, 7, 9] {
            let committee = Committee::new(n).expect("an odd size");
            let (terms, bits) = (u128::from(subsets(committee)), room::<M127>(committee) - 1);
            // S16, with the longest value that is allowed beside the masks.
            let value = 1 << (bits - LONGER_BITS + 1);
            assert!(terms * ((1 << bits) - 1) + value < M127::MODULUS);
            let high = terms * ((1 << HIDING_BITS) - 1) + 3;
            assert!(high << VALUE_BITS < M127::MODULUS);
            assert!(!cuts::<M61>(committee, 20), "no room for 40 bits more");
        }
        let eleven = Committee::new(11).expect("an odd size");
        assert!(!cuts::<M127>(eleven, 10));
    }
}
