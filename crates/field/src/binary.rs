//! The vector steps of batch verification's recursion for shared bits (protocols C.2, C.3).
//!
//! A claim says of bits x, y and z that z is x y at every place. Places are weighted: place i of pack q
//! of block b by `block[b]^2 pack[q] X^i`, with 128 places to a pack. Errors in z are bits, so that
//! those of one pack make a polynomial in X that is zero only if all are; with uniform `block` and `pack`
//! a wrong claim is zero in the sum with probability 2/2^128. As the weight of a block is a square, both
//! factors carry its root, and products of two blocks can be had from those of their sums.
//!
//! The first challenge turns bits into elements. From there on it is the recursion of
//! [`crate::recursion`], but that differences do not extrapolate in characteristic two: polynomials
//! are fixed at [`Field::point`]s, and h at all its points comes from the products of all pairs of blocks.

use zeroize::Zeroizing;

use crate::gf128::Gf128;
use crate::simd::{BitShares, Carryless};
use crate::traits::Field;

/// The weights of a claim about bits.
pub struct Weights {
    /// Roots of the weights of blocks.
    pub blocks: Vec<Gf128>,
    /// Weights of the packs of a block.
    pub packs: Vec<Gf128>,
}

/// Points 0..count at which polynomials are fixed.
pub struct Points {
    points: Vec<Gf128>,
    /// For each point, the inverse of the product of its distances from the others.
    inverses: Vec<Gf128>,
}

impl Points {
    /// The first `count` points.
    pub fn new(count: usize) -> Self {
        let points: Vec<Gf128> = (0..count as u64).map(Gf128::point).collect();
        let distances = |at: &Gf128| -> Gf128 {
            let others = points.iter().filter(|other| *other != at);
            others.fold(Gf128::ONE, |product, other| product * (*at - *other))
        };
        let mut inverses: Vec<Gf128> = points.iter().map(distances).collect();
        crate::batch_inverse(&mut inverses).expect("points are distinct");
        Self { points, inverses }
    }

    /// The Lagrange coefficients at `x`.
    pub fn at(&self, x: Gf128) -> Vec<Gf128> {
        let mut coefficients = self.inverses.clone();
        let mut before = Gf128::ONE;
        for (coefficient, point) in coefficients.iter_mut().zip(&self.points) {
            *coefficient *= before;
            before *= x - *point;
        }
        let mut after = Gf128::ONE;
        for (coefficient, point) in coefficients.iter_mut().zip(&self.points).rev() {
            *coefficient *= after;
            after *= x - *point;
        }
        coefficients
    }
}

/// h(s) for s in 0..2 `blocks` - 1. Vectors whose length is not a multiple of `blocks` count as padded
/// with zeros.
///
/// # Panics
/// When the lengths differ or there are no blocks.
pub fn products(x: &[Gf128], y: &[Gf128], blocks: usize) -> Vec<Gf128> {
    let mut pairs = Zeroizing::new(Carryless::best().pair_products(x, y, blocks));
    separate(&mut pairs, blocks);
    mixed_at_points(&pairs, blocks)
}

/// The terms of one party: those of all three sum to h(s) for s in 0..2 `blocks` - 1. A block has two
/// words for each pack.
///
/// # Panics
/// When a vector does not have as many words.
pub fn bit_products(x: BitShares<'_>, y: BitShares<'_>, weights: &Weights) -> Vec<Gf128> {
    let blocks = weights.blocks.len();
    let pairs = Carryless::best().bit_pair_products(x, y, &weights.packs, blocks);
    let mut pairs = Zeroizing::new(pairs);
    // Sums of two blocks are weighted by neither's root: apart first, as the products that they mix.
    separate(&mut pairs, blocks);
    for (place, pair) in pairs.iter_mut().enumerate() {
        *pair *= weights.blocks[place / blocks] * weights.blocks[place % blocks];
    }
    mixed_at_points(&pairs, blocks)
}

/// The weighted sum of bits of which a party holds a component.
///
/// # Panics
/// When there are not two words for each pack of each block.
pub fn weighted_sum(words: &[u64], weights: &Weights) -> Gf128 {
    let len = 2 * weights.packs.len();
    assert_eq!(
        words.len(),
        len * weights.blocks.len(),
        "words of all blocks"
    );
    let blocks = words.chunks_exact(len.max(1)).zip(&weights.blocks);
    let sums = blocks.map(|(block, root)| {
        let sum = Carryless::best().packed_dot(block, &weights.packs);
        sum * root.square()
    });
    sums.sum()
}

/// One party's shares of f at the point with these Lagrange coefficients, without the weights of packs;
/// `shares` are what the party's share has of each of its two components.
pub fn fold_bits(
    x: BitShares<'_>,
    coefficients: &[Gf128],
    weights: &Weights,
    shares: [Gf128; 2],
) -> Vec<Gf128> {
    let both = coefficients.iter().zip(&weights.blocks);
    let both: Vec<[Gf128; 2]> = both
        .map(|(coefficient, root)| shares.map(|share| *coefficient * *root * share))
        .collect();
    Carryless::best().fold_bits(x, &both, 2 * weights.packs.len())
}

/// Multiplies by the weights of packs, bit by bit.
pub fn scale_by_packs(folded: &mut [Gf128], weights: &Weights) {
    Carryless::best().scale_by_powers(folded, &weights.packs);
}

/// f at the point with these Lagrange coefficients, one for each block.
pub fn fold(x: &[Gf128], coefficients: &[Gf128]) -> Vec<Gf128> {
    Carryless::best().fold(x, coefficients)
}

/// From the products of sums of two blocks to what both products across them sum to.
fn separate(pairs: &mut [Gf128], blocks: usize) {
    for b in 0..blocks {
        for c in b + 1..blocks {
            let own = pairs[b * blocks + b] + pairs[c * blocks + c];
            pairs[b * blocks + c] += own;
        }
    }
}

/// h(s) is the sum over blocks b and c of L_b(s) L_c(s) times the product of block b with block c.
fn mixed_at_points(pairs: &[Gf128], blocks: usize) -> Vec<Gf128> {
    let points = Points::new(blocks);
    let at = |s: usize| {
        if s < blocks {
            return pairs[s * blocks + s];
        }
        let coefficients = points.at(Gf128::point(s as u64));
        let rows = pairs.chunks_exact(blocks);
        let rows: Vec<Gf128> = rows.map(|row| Gf128::dot(row, &coefficients)).collect();
        Gf128::dot(&Zeroizing::new(rows), &coefficients)
    };
    (0..2 * blocks - 1).map(at).collect()
}

#[cfg(test)]
mod tests {
    use rand_chacha::ChaCha20Rng;
    use rand_core::{Rng, SeedableRng};

    use super::*;
    use crate::Committee;
    use crate::interpolation::{lagrange_at, prss_coefficients};

    fn random(len: usize, rng: &mut ChaCha20Rng) -> Vec<Gf128> {
        (0..len).map(|_| Gf128::random(rng)).collect()
    }

    #[test]
    fn coefficients_at_points_are_lagranges() {
        let mut rng = ChaCha20Rng::seed_from_u64(1);
        for count in [1, 2, 3, 17, 63] {
            let points: Vec<Gf128> = (0..count as u64).map(Gf128::point).collect();
            for x in [Gf128::random(&mut rng), Gf128::ZERO, Gf128::point(5)] {
                let expected = lagrange_at(&points, x).expect("distinct points");
                assert_eq!(Points::new(count).at(x), expected);
            }
        }
    }

    #[test]
    fn the_claim_at_a_challenge_follows_from_the_products() {
        let mut rng = ChaCha20Rng::seed_from_u64(2);
        for blocks in [1, 2, 3, 8, 16, 32] {
            for len in [1, 2, 7, 8, 9, 64, 100, 1000] {
                let (x, y) = (random(len, &mut rng), random(len, &mut rng));
                let h = products(&x, &y, blocks);
                let claim: Gf128 = h[..blocks].iter().copied().sum();
                assert_eq!(claim, Gf128::dot(&x, &y), "{len} in {blocks} blocks");
                let rho = Gf128::random(&mut rng);
                let over = Points::new(blocks).at(rho);
                let expected = Gf128::dot(&fold(&x, &over), &fold(&y, &over));
                let at = Points::new(2 * blocks - 1).at(rho);
                assert_eq!(Gf128::dot(&at, &h), expected, "{len} in {blocks} blocks");
            }
        }
    }

    /// Bits of three components, and what each party knows of them.
    struct Shared([Vec<u64>; 3]);

    impl Shared {
        fn random(len: usize, rng: &mut ChaCha20Rng) -> Self {
            Self([0; 3].map(|_| (0..len).map(|_| rng.next_u64()).collect()))
        }

        fn of(&self, party: usize) -> BitShares<'_> {
            BitShares {
                first: &self.0[(party + 1) % 3],
                second: &self.0[(party + 2) % 3],
            }
        }

        fn bit(&self, place: usize) -> bool {
            let bits = self
                .0
                .iter()
                .map(|words| words[place / 64] >> (place % 64) & 1);
            bits.sum::<u64>() % 2 == 1
        }
    }

    /// Component k is what all but party k + 1 know: the party's share has f of that pair.
    fn shares_of_components(party: usize) -> [Gf128; 2] {
        let committee = Committee::new(3).expect("a size");
        let me = committee.parties().nth(party).expect("a party");
        let coefficients = prss_coefficients::<Gf128>(&committee, me).expect("a small committee");
        [1, 2].map(|steps| {
            let missing = committee.after(me, steps);
            let pair = coefficients
                .iter()
                .find(|(pair, _)| !pair.contains(missing));
            pair.expect("a pair without the third").1
        })
    }

    #[test]
    fn terms_of_three_parties_are_products_and_folded_shares_are_shares() {
        let mut rng = ChaCha20Rng::seed_from_u64(3);
        for (blocks, packs) in [(1, 1), (2, 3), (3, 1), (32, 2), (8, 70)] {
            let words = 2 * packs * blocks;
            let [x, y] = [0; 2].map(|_| Shared::random(words, &mut rng));
            let weights = Weights {
                blocks: random(blocks, &mut rng),
                packs: random(packs, &mut rng),
            };
            let mut h = vec![Gf128::ZERO; 2 * blocks - 1];
            for party in 0..3 {
                let terms = bit_products(x.of(party), y.of(party), &weights);
                h.iter_mut().zip(terms).for_each(|(sum, term)| *sum += term);
            }
            // The definition, place by place.
            let lifted = |bits: &Shared, place: usize| {
                let block = place / (128 * packs);
                if bits.bit(place) {
                    weights.blocks[block]
                } else {
                    Gf128::ZERO
                }
            };
            let mut power = vec![Gf128::ONE; 128];
            (1..128).for_each(|k| power[k] = power[k - 1].times_x());
            let weight = |place: usize| weights.packs[place / 128 % packs] * power[place % 128];
            let xs: Vec<Gf128> = (0..64 * words).map(|k| lifted(&x, k) * weight(k)).collect();
            let ys: Vec<Gf128> = (0..64 * words).map(|k| lifted(&y, k)).collect();
            assert_eq!(
                h,
                products(&xs, &ys, blocks),
                "{packs} packs in {blocks} blocks"
            );
            let z: Vec<u64> = (0..words)
                .map(|w| {
                    (0..64)
                        .map(|i| u64::from(x.bit(64 * w + i) && y.bit(64 * w + i)) << i)
                        .sum()
                })
                .collect();
            let claim: Gf128 = h[..blocks].iter().copied().sum();
            assert_eq!(claim, weighted_sum(&z, &weights));

            let rho = Gf128::random(&mut rng);
            let over = Points::new(blocks).at(rho);
            let (f, g) = (fold(&xs, &over), fold(&ys, &over));
            let committee = Committee::new(3).expect("a size");
            let mut columns = [Vec::new(), Vec::new()];
            for party in 0..3 {
                let shares = shares_of_components(party);
                let mut fx = fold_bits(x.of(party), &over, &weights, shares);
                scale_by_packs(&mut fx, &weights);
                columns[0].push(fx);
                columns[1].push(fold_bits(y.of(party), &over, &weights, shares));
            }
            for (shares, expected) in columns.iter().zip([f, g]) {
                for (k, value) in expected.iter().enumerate() {
                    let point = [0, 1, 2].map(|party| shares[party][k]);
                    let opened = crate::shamir::reconstruct_checked(&committee, &point);
                    assert_eq!(opened, Ok(*value));
                }
            }
        }
    }
}
