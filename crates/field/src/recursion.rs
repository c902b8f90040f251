//! The two vector steps of batch verification's recursion (protocols C.2), for any field.
//!
//! A claim <X, Y> = Z is cut into `blocks` blocks of one length m. Coordinate by coordinate the
//! blocks of X are values at 0..blocks of a polynomial f of degree below `blocks`, those of Y of g.
//! [`products`] gives h(s) = <f(s), g(s)> at the 2 `blocks` - 1 points that determine h, and [`fold`]
//! goes on with f at a challenge. On shares these are local steps.
//!
//! [`crate::PrimeField`] has methods of the same names, which a field may compute faster.

use crate::interpolation::lagrange_at;
use crate::traits::{Extension, Field};

/// Positions handled side by side, so that a table of differences stays in registers.
const LANES: usize = 8;

/// h(s) for s in 0..2 `blocks` - 1. Vectors whose length is not a multiple of `blocks` count as
/// padded with zeros.
///
/// Points from `blocks` on are extrapolated by finite differences: additions only.
///
/// # Panics
/// When the lengths differ or there are no blocks.
pub fn products<E: Field>(x: &[E], y: &[E], blocks: usize) -> Vec<E> {
    assert_eq!(x.len(), y.len(), "a claim is about vectors of one length");
    assert!(blocks > 0, "a claim has at least one block");
    let m = x.len().div_ceil(blocks);
    let mut h = vec![E::ZERO; 2 * blocks - 1];
    let mut f = vec![[E::ZERO; LANES]; blocks];
    let mut g = f.clone();
    for start in (0..m).step_by(LANES) {
        load(x, m, start, &mut f);
        load(y, m, start, &mut g);
        for (h, (f, g)) in h.iter_mut().zip(f.iter().zip(&g)) {
            *h += E::dot(f, g);
        }
        differences(&mut f);
        differences(&mut g);
        for h in &mut h[blocks..] {
            *h += E::dot(next(&mut f), next(&mut g));
        }
    }
    h
}

/// f at the point whose Lagrange coefficients over 0..blocks are given, one per block: a vector of
/// one block's length. A length that is no multiple counts as padded with zeros.
pub fn fold<B, E>(x: &[B], coefficients: &[E]) -> Vec<E>
where
    B: Field,
    E: Field + std::ops::Mul<B, Output = E>,
{
    let m = x.len().div_ceil(coefficients.len().max(1));
    let mut folded = vec![E::ZERO; m];
    for (block, coefficient) in x.chunks(m.max(1)).zip(coefficients) {
        for (sum, element) in folded.iter_mut().zip(block) {
            *sum += *coefficient * *element;
        }
    }
    folded
}

/// The Lagrange coefficients over the points 0..count at a point of the extension.
pub fn coefficients_at<E: Extension>(count: usize, point: E) -> Vec<E> {
    let points: Vec<E> = (0..count as u64).map(E::from_u64).collect();
    lagrange_at(&points, point).expect("small integers are distinct in the field")
}

/// Coordinates `start..start + LANES` of every block; zeros beyond the end.
fn load<E: Field>(x: &[E], m: usize, start: usize, table: &mut [[E; LANES]]) {
    let lanes = LANES.min(m - start);
    for (block, row) in table.iter_mut().enumerate() {
        *row = [E::ZERO; LANES];
        let from = (block * m + start).min(x.len());
        let to = (from + lanes).min(x.len());
        row[..to - from].copy_from_slice(&x[from..to]);
    }
}

/// Turns values at 0..k into differences: row k-1-j becomes the j-th difference at the last point.
fn differences<E: Field>(table: &mut [[E; LANES]]) {
    for order in 1..table.len() {
        for row in 0..table.len() - order {
            let (low, high) = table.split_at_mut(row + 1);
            for (value, next) in low[row].iter_mut().zip(&high[0]) {
                *value = *next - *value;
            }
        }
    }
}

/// Moves a table of differences on by one point and gives the values there.
fn next<E: Field>(table: &mut [[E; LANES]]) -> &[E] {
    for row in 1..table.len() {
        let (low, high) = table.split_at_mut(row);
        for (value, difference) in high[0].iter_mut().zip(&low[row - 1]) {
            *value += *difference;
        }
    }
    table.last().expect("there is a block")
}

#[cfg(test)]
mod tests {
    use rand_chacha::ChaCha20Rng;
    use rand_core::SeedableRng;

    use super::*;
    use crate::{M61, M127, PrimeField};

    fn random<E: Field>(len: usize, seed: u64) -> Vec<E> {
        let mut rng = ChaCha20Rng::seed_from_u64(seed);
        (0..len).map(|_| E::random(&mut rng)).collect()
    }

    /// h at a challenge, from its values at the points, is <f, g> there.
    fn check<F: PrimeField>(len: usize, blocks: usize) {
        let (x, y): (Vec<F>, Vec<F>) = (random(len, 1), random(len, 2));
        let rho: F::Ext = random(1, 3)[0];
        let h = F::products(&x, &y, blocks);
        assert_eq!(h, products(&x, &y, blocks), "{len} in {blocks} blocks");
        let at = coefficients_at(2 * blocks - 1, rho);
        let expected: F::Ext = at.iter().zip(&h).map(|(c, h)| *c * *h).sum();
        let over_blocks = coefficients_at(blocks, rho);
        let (f, g) = (F::fold(&x, &over_blocks), F::fold(&y, &over_blocks));
        assert_eq!(f, fold(&x, &over_blocks), "{len} in {blocks} blocks");
        assert_eq!(F::Ext::dot(&f, &g), expected, "{len} in {blocks} blocks");
        // The claim itself is the sum over the blocks.
        let claim: F = h[..blocks].iter().copied().sum();
        assert_eq!(claim, F::dot(&x, &y));
        // And one level further, now over the extension.
        let h = F::products_ext(&f, &g, blocks);
        assert_eq!(h, products(&f, &g, blocks), "{len} in {blocks} blocks");
        let expected: F::Ext = at.iter().zip(&h).map(|(c, h)| *c * *h).sum();
        let (f, g) = (F::fold_ext(&f, &over_blocks), F::fold_ext(&g, &over_blocks));
        assert_eq!(F::Ext::dot(&f, &g), expected);
    }

    #[test]
    fn the_claim_at_a_challenge_follows_from_the_products() {
        for blocks in [1, 2, 3, 8, 16, 32] {
            for len in [0, 1, 2, 7, 8, 9, 64, 100, 1000] {
                check::<M61>(len, blocks);
                check::<M127>(len, blocks);
            }
        }
    }
}
