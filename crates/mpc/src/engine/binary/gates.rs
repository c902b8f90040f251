//! Gates of shared bits: what a batch keeps of them until they are verified.
//!
//! Bits are shared three ways, x = x_1 + x_2 + x_3 modulo 2, and party i knows all components but x_i:
//! first that of the party after it, then that of the one after that. A product's nine terms fall to
//! three parties, three to each; a party's terms, hidden by a share of zero, become the component of the
//! party after it, which the party before it has to be told: one bit for each gate (Araki, Furukawa, Lindell,
//! Nof, Ohara 16).

use std::collections::BTreeMap;

use enigma_field::simd::BitShares;
use enigma_field::{Field, Gf128, Levels, PrimeField, binary};
use zeroize::Zeroizing;

use super::circuit::Planes;
use crate::engine::context::Context;
use crate::prg::{Keystream, Prg, Purpose, TILE_LEN};

/// The factors and results of an operation's gates, 64 to a word.
pub(in crate::engine) struct Gates {
    pub(super) x: Known,
    pub(super) y: Known,
    pub(super) z: Known,
}

/// The two components that we know.
#[derive(Default)]
pub(super) struct Known {
    pub(super) first: Planes,
    pub(super) second: Planes,
}

/// The claim of a batch: x y = z at every place, where z is already summed up.
pub(in crate::engine) struct BitClaim {
    pub(in crate::engine) weights: binary::Weights,
    /// Our share of the weighted sum of results.
    pub(in crate::engine) z: Gf128,
    x: Known,
    y: Known,
}

impl Gates {
    /// Place for so many words.
    pub(super) fn new(words: usize) -> Self {
        let known = || Known {
            first: Zeroizing::new(vec![0; words]),
            second: Zeroizing::new(vec![0; words]),
        };
        Self {
            x: known(),
            y: known(),
            z: known(),
        }
    }

    /// Words of 64 gates.
    pub(in crate::engine) fn words(&self) -> usize {
        self.x.first.len()
    }
}

impl Known {
    fn shares(&self) -> BitShares<'_> {
        BitShares {
            first: &self.first,
            second: &self.second,
        }
    }
}

impl BitClaim {
    /// Combines all gates with weights from `prg`. `shares`: see [`component_shares`].
    pub(in crate::engine) fn new(
        gates: BTreeMap<u32, Gates>,
        prg: &Prg,
        keystream: &mut Keystream,
        shares: [Gf128; 2],
    ) -> Self {
        let words = gates.values().map(Gates::words).sum();
        let levels = Levels::of_bits(words);
        let blocks = levels.blocks[0];
        let packs = Levels::packs_of_block(words);
        let mut stream = prg.stream(Purpose::Weight, 0, 0);
        let mut weights = |len: usize| {
            let mut weights = vec![Gf128::ZERO; len];
            for tile in weights.chunks_mut(TILE_LEN / 2) {
                stream.fill_binary(keystream, tile);
            }
            weights
        };
        let weights = binary::Weights {
            blocks: weights(blocks),
            packs: weights(packs),
        };
        // All words fit from the start: a vector that grows would leave shares behind.
        let padded = 2 * packs * blocks;
        let join = |row: fn(&Gates) -> &Planes| -> Planes {
            let mut all = Zeroizing::new(Vec::with_capacity(padded));
            gates
                .values()
                .for_each(|gates| all.extend_from_slice(row(gates)));
            all.resize(padded, 0);
            all
        };
        let of_first = binary::weighted_sum(&join(|gates| &gates.z.first), &weights);
        let of_second = binary::weighted_sum(&join(|gates| &gates.z.second), &weights);
        Self {
            z: Gf128::dot(&shares, &[of_first, of_second]),
            x: Known {
                first: join(|gates| &gates.x.first),
                second: join(|gates| &gates.x.second),
            },
            y: Known {
                first: join(|gates| &gates.y.first),
                second: join(|gates| &gates.y.second),
            },
            weights,
        }
    }

    /// Our terms of h at its points.
    pub(in crate::engine) fn products(&self) -> Vec<Gf128> {
        binary::bit_products(self.x.shares(), self.y.shares(), &self.weights)
    }

    /// Our shares of f and g at the point with these Lagrange coefficients.
    pub(in crate::engine) fn fold(
        &self,
        coefficients: &[Gf128],
        shares: [Gf128; 2],
    ) -> [Zeroizing<Vec<Gf128>>; 2] {
        let fold = |factor: &Known| {
            binary::fold_bits(factor.shares(), coefficients, &self.weights, shares)
        };
        let [mut f, g] = [&self.x, &self.y].map(|factor| Zeroizing::new(fold(factor)));
        binary::scale_by_packs(&mut f, &self.weights);
        [f, g]
    }
}

/// What our share of a bit has, over the field of 2^128 elements, of the components that we know: a
/// component is a bit times the polynomial that is 1 at 0 and 0 at the party that does not know it.
pub(in crate::engine) fn component_shares<F: PrimeField>(context: &Context<F>) -> [Gf128; 2] {
    let me: Gf128 = context.me().point();
    [1, 2].map(|steps| {
        let missing: Gf128 = context.committee.after(context.me(), steps).point();
        let inverse = missing.inverse().expect("points of parties are not zero");
        Gf128::ONE - me * inverse
    })
}
