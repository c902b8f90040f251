//! The recursion of batch verification on one party's shares (protocols C.2; fully linear proofs,
//! Boneh et al. 19, Goyal-Song 20). Local arithmetic only; who sends what is in the parent module.
//!
//! A level cuts the claim <X, Y> = Z into blocks, which are values at 0..k of vectors of polynomials
//! f and g; h(s) = <f(s), g(s)> is shared at all its 2k-1 points but one, which follows from the
//! claim; and a challenge picks the point at which the claim is continued. The last step puts one
//! random value, known to nobody, in front of what is left of X and of Y, so that f and g at the
//! challenge can be opened.

use enigma_field::recursion::coefficients_at;
use enigma_field::{Extension, Field, K, M61, PrimeField, Shares};
use zeroize::Zeroizing;

use crate::engine::batch::Claim;

/// The claim that is left.
pub(super) struct Recursion {
    vectors: Vectors,
    z: K,
    /// h at its points, once they are known.
    h: Zeroizing<Vec<K>>,
    blocks: usize,
    last: bool,
}

/// Vectors are over the base field until the first challenge.
enum Vectors {
    Base(Zeroizing<Vec<M61>>, Zeroizing<Vec<M61>>),
    Extended(Zeroizing<Vec<K>>, Zeroizing<Vec<K>>),
}

/// A party's shares of f, g and h at the last challenge.
pub(super) struct Last {
    pub(super) f: K,
    pub(super) g: K,
    pub(super) h: K,
}

impl Recursion {
    pub(super) fn new(claim: Claim) -> Self {
        Self {
            vectors: Vectors::Base(claim.x, claim.y),
            z: claim.z.into(),
            h: Zeroizing::default(),
            blocks: 0,
            last: false,
        }
    }

    /// Our local products of a level of so many blocks, as coordinates: h at all points but
    /// `blocks` - 1. They are additive shares once weighted.
    pub(super) fn products(&mut self, blocks: usize) -> Shares {
        self.blocks = blocks;
        match &self.vectors {
            Vectors::Base(x, y) => {
                let mut h = M61::products(x, y, blocks);
                h.remove(blocks - 1);
                Shares::from(h)
            }
            Vectors::Extended(x, y) => {
                let h = Zeroizing::new(M61::products_ext(x, y, blocks));
                let others = h.iter().enumerate().filter(|(s, _)| *s != blocks - 1);
                let mut coordinates = Vec::with_capacity((2 * blocks - 2) * K::DEGREE);
                others.for_each(|(_, h)| h.push_coordinates(&mut coordinates));
                Shares::from(coordinates)
            }
        }
    }

    /// Puts the masks in front; then [`Self::products`] with one block for each element.
    pub(super) fn mask(&mut self, x0: K, y0: K) -> usize {
        let behind = |mask: K, rest: &[K]| {
            let all = std::iter::once(mask).chain(rest.iter().copied());
            Zeroizing::new(all.collect::<Vec<K>>())
        };
        let lift = |shares: &[M61]| -> Zeroizing<Vec<K>> {
            Zeroizing::new(shares.iter().map(|share| K::from(*share)).collect())
        };
        self.vectors = match &self.vectors {
            Vectors::Base(x, y) => Vectors::Extended(behind(x0, &lift(x)), behind(y0, &lift(y))),
            Vectors::Extended(x, y) => Vectors::Extended(behind(x0, x), behind(y0, y)),
        };
        self.last = true;
        match &self.vectors {
            Vectors::Base(x, _) => x.len(),
            Vectors::Extended(x, _) => x.len(),
        }
    }

    /// Takes our shares of what [`Self::products`] had; h at the point left out follows from the
    /// claim, which sums over the blocks without the mask's.
    pub(super) fn take(&mut self, shares: &[M61]) {
        let degree = match self.vectors {
            Vectors::Base(..) => 1,
            Vectors::Extended(..) => K::DEGREE,
        };
        // With place for the point left out: a vector that grows would leave shares behind.
        let mut h = Zeroizing::new(Vec::with_capacity(2 * self.blocks - 1));
        h.extend(
            shares
                .chunks_exact(degree)
                .map(|coordinates| match coordinates {
                    [base] => K::from(*base),
                    _ => K::from_coordinates(coordinates),
                }),
        );
        let first = usize::from(self.last);
        let others: K = h[first..self.blocks - 1].iter().copied().sum();
        h.insert(self.blocks - 1, self.z - others);
        self.h = h;
    }

    /// How many points a challenge must avoid.
    pub(super) fn points(&self) -> usize {
        2 * self.blocks - 1
    }

    /// Continues at a challenge.
    pub(super) fn fold(&mut self, challenge: K) {
        let over_blocks = coefficients_at(self.blocks, challenge);
        let (x, y) = match &self.vectors {
            Vectors::Base(x, y) => (M61::fold(x, &over_blocks), M61::fold(y, &over_blocks)),
            Vectors::Extended(x, y) => (
                M61::fold_ext(x, &over_blocks),
                M61::fold_ext(y, &over_blocks),
            ),
        };
        self.vectors = Vectors::Extended(Zeroizing::new(x), Zeroizing::new(y));
        self.z = K::dot(&coefficients_at(self.points(), challenge), &self.h);
    }

    /// What is left after the last challenge.
    pub(super) fn last(&self) -> Last {
        let (f, g) = match &self.vectors {
            Vectors::Extended(x, y) => (x[0], y[0]),
            Vectors::Base(x, y) => (x[0].into(), y[0].into()),
        };
        Last { f, g, h: self.z }
    }
}
