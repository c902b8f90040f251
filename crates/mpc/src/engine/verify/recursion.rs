//! The recursion of batch verification on one party's shares (protocols C.2; fully linear proofs,
//! Boneh et al. 19, Goyal-Song 20). Local arithmetic only; who sends what is in the parent module.
//!
//! A level cuts the claim <X, Y> = Z into blocks, which are values at 0..k of vectors of polynomials
//! f and g; h(s) = <f(s), g(s)> is shared at all its 2k-1 points but one, which follows from the
//! claim; and a challenge picks the point at which the claim is continued. The last step puts one
//! random value, known to nobody, in front of what is left of X and of Y, so that f and g at the
//! challenge can be opened.

use enigma_field::recursion::coefficients_at;
use enigma_field::shamir::Checker;
use enigma_field::{Extension, Field, Levels, PrimeField, Shares};
use zeroize::Zeroizing;

use super::coins::Coin;
use super::{Recursion, masks};
use crate::engine::batch::{Batch, Claim};
use crate::engine::context::Context;
use crate::engine::dealing;
use crate::message::{Slot, decode_each};
use crate::prg::Purpose;

/// The claim that is left of one about products of elements.
pub(in crate::engine) struct OverElements<F: PrimeField> {
    vectors: Vectors<F>,
    z: F::Ext,
    /// h at its points, once they are known.
    h: Zeroizing<Vec<F::Ext>>,
    /// Our shares of what was dealt for masks.
    masks: Shares<F>,
    blocks: usize,
    last: bool,
}

/// Vectors are over the base field until the first challenge.
enum Vectors<F: PrimeField> {
    Base(Zeroizing<Vec<F>>, Zeroizing<Vec<F>>),
    Extended(Zeroizing<Vec<F::Ext>>, Zeroizing<Vec<F::Ext>>),
}

impl<F: PrimeField> Recursion<F> for OverElements<F> {
    type Element = F::Ext;
    type Dealt = Shares<F>;

    fn levels(batch: &Batch<F>) -> Levels {
        Levels::new(batch.len())
    }

    fn dealt_bytes(levels: &Levels, level: usize) -> usize {
        dealt_bytes::<F>(levels, level)
    }

    fn checker(context: &Context<F>) -> &Checker<F::Ext> {
        &context.checkers.extension
    }

    fn element(bytes: [u8; 16]) -> F::Ext {
        F::Ext::from_random_bytes(bytes)
    }

    fn deal_masks(context: &mut Context<F>, slot: Slot) -> (Shares<F>, dealing::SentPoints) {
        let own = masks::own(context, slot.op);
        let mut values = Shares::zeros(2 * <F::Ext as Extension>::DEGREE);
        let mut stream = own.stream(Purpose::Random, slot.op, 0);
        stream.fill(&mut context.scratch.keystream, &mut values);
        let (sum, points) = dealing::points_of_values(context, slot.op, slot.step, &values);
        (sum.into(), points)
    }

    fn new(context: &mut Context<F>, batch: Batch<F>, coin: &Coin, masks: Shares<F>) -> Self {
        let claim = batch.claim(&coin.weights(), &mut context.scratch);
        Self {
            masks,
            ..Self::of_claim(claim)
        }
    }

    fn deal(&mut self, context: &mut Context<F>, slot: Slot, blocks: Option<usize>) -> Shares<F> {
        let blocks = blocks.unwrap_or_else(|| {
            let mut masks = std::mem::take(&mut self.masks);
            context.add_random(Purpose::Random, slot.op, 0, &mut masks[..]);
            let (x0, y0) = masks.split_at(<F::Ext as Extension>::DEGREE);
            self.mask(F::Ext::from_coordinates(x0), F::Ext::from_coordinates(y0))
        });
        let products = self.products(blocks);
        dealing::deal_values(context, slot.op, slot.step, &products).into()
    }

    fn add(dealt: &mut Shares<F>, message: &[u8]) -> Result<(), usize> {
        decode_each(message, |k, point| dealt[k] += point)
    }

    fn take(&mut self, dealt: Shares<F>) {
        self.take_shares(&dealt);
    }

    fn points(&self) -> usize {
        2 * self.blocks - 1
    }

    fn fold(&mut self, challenge: F::Ext) {
        let over_blocks = coefficients_at(self.blocks, challenge);
        let (x, y) = match &self.vectors {
            Vectors::Base(x, y) => (F::fold(x, &over_blocks), F::fold(y, &over_blocks)),
            Vectors::Extended(x, y) => (F::fold_ext(x, &over_blocks), F::fold_ext(y, &over_blocks)),
        };
        self.vectors = Vectors::Extended(Zeroizing::new(x), Zeroizing::new(y));
        self.z = F::Ext::dot(&coefficients_at(self.points(), challenge), &self.h);
    }

    fn last(&self) -> [F::Ext; 3] {
        let (f, g) = match &self.vectors {
            Vectors::Extended(x, y) => (x[0], y[0]),
            Vectors::Base(x, y) => (x[0].into(), y[0].into()),
        };
        [f, g, self.z]
    }
}

impl<F: PrimeField> OverElements<F> {
    fn of_claim(claim: Claim<F>) -> Self {
        Self {
            vectors: Vectors::Base(claim.x, claim.y),
            z: claim.z.into(),
            h: Zeroizing::default(),
            masks: Shares::default(),
            blocks: 0,
            last: false,
        }
    }

    /// What is in front of a claim about nothing when nobody dealt anything for masks.
    #[cfg(test)]
    pub(super) fn words_in_front(context: &mut Context<F>, slot: Slot) -> [F::Ext; 2] {
        let nothing = Claim {
            x: Zeroizing::default(),
            y: Zeroizing::default(),
            z: F::ZERO,
        };
        let mut claim = Self {
            masks: Shares::zeros(2 * <F::Ext as Extension>::DEGREE),
            ..Self::of_claim(nothing)
        };
        claim.deal(context, slot, None);
        match &claim.vectors {
            Vectors::Extended(x, y) => [x[0], y[0]],
            Vectors::Base(..) => unreachable!("masks are of the extension"),
        }
    }

    /// Our local products of a level of so many blocks, as coordinates: h at all points but
    /// `blocks` - 1. They are additive shares once weighted.
    fn products(&mut self, blocks: usize) -> Shares<F> {
        self.blocks = blocks;
        match &self.vectors {
            Vectors::Base(x, y) => {
                let mut h = F::products(x, y, blocks);
                h.remove(blocks - 1);
                Shares::from(h)
            }
            Vectors::Extended(x, y) => {
                let h = Zeroizing::new(F::products_ext(x, y, blocks));
                let others = h.iter().enumerate().filter(|(s, _)| *s != blocks - 1);
                let mut coordinates =
                    Vec::with_capacity((2 * blocks - 2) * <F::Ext as Extension>::DEGREE);
                others.for_each(|(_, h)| h.push_coordinates(&mut coordinates));
                Shares::from(coordinates)
            }
        }
    }

    /// Puts the masks in front; then [`Self::products`] with one block for each element.
    fn mask(&mut self, x0: F::Ext, y0: F::Ext) -> usize {
        let lift = |shares: &[F]| -> Zeroizing<Vec<F::Ext>> {
            Zeroizing::new(shares.iter().map(|share| F::Ext::from(*share)).collect())
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

    /// Takes our shares of what [`Self::products`] had.
    fn take_shares(&mut self, shares: &[F]) {
        let degree = match self.vectors {
            Vectors::Base(..) => 1,
            Vectors::Extended(..) => <F::Ext as Extension>::DEGREE,
        };
        // With place for the point left out: a vector that grows would leave shares behind.
        let mut h = Zeroizing::new(Vec::with_capacity(2 * self.blocks - 1));
        h.extend(
            shares
                .chunks_exact(degree)
                .map(|coordinates| match coordinates {
                    [base] => F::Ext::from(*base),
                    _ => F::Ext::from_coordinates(coordinates),
                }),
        );
        complete(&mut h, self.z, self.blocks, self.last);
        self.h = h;
    }
}

/// A vector with a mask in front.
pub(super) fn behind<E: Field>(mask: E, rest: &[E]) -> Zeroizing<Vec<E>> {
    let mut all = Zeroizing::new(Vec::with_capacity(1 + rest.len()));
    all.push(mask);
    all.extend_from_slice(rest);
    all
}

/// Puts into h, which has place for it, its value at the point left out: it follows from the claim `z`, which
/// sums over the blocks, in the last step without the mask's.
pub(super) fn complete<E: Field>(h: &mut Vec<E>, z: E, blocks: usize, last: bool) {
    let others: E = h[usize::from(last)..blocks - 1].iter().copied().sum();
    h.insert(blocks - 1, z - others);
}

/// Bytes of a level's dealing.
pub(crate) fn dealt_bytes<F: PrimeField>(levels: &Levels, level: usize) -> usize {
    let elements = match levels.blocks.get(level) {
        // Before the first challenge the claim is over the base field.
        Some(blocks) if level == 0 => 2 * blocks - 2,
        Some(blocks) => (2 * blocks - 2) * <F::Ext as Extension>::DEGREE,
        None => 2 * levels.last_len * <F::Ext as Extension>::DEGREE,
    };
    elements * F::BYTES
}
