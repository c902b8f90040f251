//! The masks in front of what is left of a claim (protocols D.2).
//!
//! A share of a wire is put together from two kinds of sources: points of dealings, which two parties know,
//! and words that subsets have in common. Each kind puts its own part into a mask: every party deals two
//! random elements that it alone knows, beside the first coin, at no round of their own and before any challenge that opens what they hide; and pseudo-random
//! secret sharing adds an element that no t parties know. A sum over all sources of one kind is then
//! padded by itself, which is what localisation will publish; one honest dealer is enough for either
//! part to be uniform. A committee too large for pseudo-random secret sharing has no words in common, and so the
//! first part alone.

use enigma_field::PrimeField;
use zeroize::Zeroizing;

use super::ELEMENT_BYTES;
use crate::engine::context::Context;
use crate::prg::Prg;

const OWN: &str = "enigma mpc v1: what a party puts into masks";

/// Points of an x and a y, to each of t parties.
pub(crate) const MASK_BYTES: usize = 2 * ELEMENT_BYTES;

/// The generator of what we put into the masks of one verification: nobody else has its seed.
pub(super) fn own<F: PrimeField>(context: &Context<F>, op: u32) -> Prg {
    let mut hasher = blake3::Hasher::new_derive_key(OWN);
    hasher.update(&context.session.0);
    hasher.update(&context.identity.own[..]);
    hasher.update(&op.to_le_bytes());
    Prg::new(&Zeroizing::new(*hasher.finalize().as_bytes()))
}

#[cfg(test)]
mod tests {
    use enigma_field::{Committee, Extension, Field, Gf128, M61, M127, Party, shamir};

    use super::super::{OverBits, OverElements, Recursion};
    use super::*;
    use crate::message::Slot;
    use crate::testing::dealt_seeds;

    /// Deals among all parties, and gives their shares by party as `coordinates` reads them.
    fn dealt<F: PrimeField, R: Recursion<F>, E: Field>(
        n: u8,
        op: u32,
        coordinates: fn(&R::Dealt) -> Vec<E>,
    ) -> Vec<Vec<E>> {
        let committee = Committee::new(n).expect("an odd size");
        let slot = Slot {
            op,
            step: 1,
            part: 0,
        };
        let mut shares: Vec<R::Dealt> = Vec::new();
        let mut sent: Vec<(Party, Vec<u8>)> = Vec::new();
        for (party, seeds) in committee.parties().zip(dealt_seeds(committee, 1)) {
            let mut context = Context::<F>::new(committee, party, &seeds);
            let (own, points) = R::deal_masks(&mut context, slot);
            assert_eq!(points.len(), committee.degree());
            shares.push(own);
            sent.extend(points);
        }
        for (to, points) in sent {
            assert_eq!(points.len(), MASK_BYTES);
            R::add(&mut shares[to.index()], &points).expect("canonical");
        }
        shares.iter().map(coordinates).collect()
    }

    /// The values behind shares, of degree t.
    fn values<E: Field>(n: u8, shares: &[Vec<E>]) -> Vec<E> {
        let committee = Committee::new(n).expect("an odd size");
        let value = |k: usize| {
            let point: Vec<E> = shares.iter().map(|column| column[k]).collect();
            shamir::reconstruct_checked(&committee, &point).expect("shares of degree t")
        };
        (0..shares[0].len()).map(value).collect()
    }

    fn check<F: PrimeField>() {
        for n in [3, 5, 7, 9] {
            let elements = |op| {
                let shares = dealt::<F, OverElements<F>, F>(n, op, |dealt| dealt.to_vec());
                values(n, &shares)
            };
            let (first, second) = (elements(4), elements(5));
            assert_eq!(first.len(), 2 * <F::Ext as Extension>::DEGREE);
            // Random elements, of each verification its own.
            let all = [first, second].concat();
            for (k, one) in all.iter().enumerate() {
                assert!(*one != F::ZERO && all[..k].iter().all(|other| other != one));
            }
        }
    }

    #[test]
    fn what_parties_deal_for_masks_is_a_sharing_of_random_elements() {
        check::<M61>();
        check::<M127>();
        let shares = dealt::<M61, OverBits, Gf128>(3, 4, |dealt| dealt.to_vec());
        let masks = values(3, &shares);
        assert_eq!(masks.len(), 2);
        assert!(masks[0] != masks[1] && masks.iter().all(|mask| *mask != Gf128::ZERO));
    }

    /// What subsets have in common is a mask by itself: random elements, of each verification its own.
    fn check_words<F: PrimeField, E: Field>(
        n: u8,
        words_in_front: fn(&mut Context<F>, Slot) -> [E; 2],
    ) {
        let committee = Committee::new(n).expect("an odd size");
        let masks = |op: u32| {
            let slot = Slot {
                op,
                step: 1,
                part: 0,
            };
            let parties = committee.parties().zip(dealt_seeds(committee, 1));
            let shares = parties.map(|(party, seeds)| {
                let mut context = Context::<F>::new(committee, party, &seeds);
                words_in_front(&mut context, slot).to_vec()
            });
            values(n, &shares.collect::<Vec<_>>())
        };
        let all = [masks(4), masks(5)].concat();
        for (k, one) in all.iter().enumerate() {
            assert!(*one != E::ZERO && all[..k].iter().all(|other| other != one));
        }
    }

    #[test]
    fn words_in_common_are_a_mask_by_themselves() {
        for n in [3, 5, 7, 9] {
            check_words(n, OverElements::<M61>::words_in_front);
            check_words(n, OverElements::<M127>::words_in_front);
        }
        check_words(3, OverBits::words_in_front::<M61>);
    }

    /// Every party's part matters: with one seed of a party changed, the mask is another.
    #[test]
    fn each_party_puts_something_into_a_mask() {
        let committee = Committee::new(3).expect("an odd size");
        let word = |party: usize, own: u8| {
            let mut seeds = dealt_seeds(committee, 1).swap_remove(party);
            seeds.identity.own = Zeroizing::new([own; 32]);
            let me = seeds.me;
            let mut context = Context::<M61>::new(committee, me, &seeds);
            let slot = Slot {
                op: 4,
                step: 1,
                part: 0,
            };
            let (_, points) = OverElements::<M61>::deal_masks(&mut context, slot);
            points[0].1.clone()
        };
        for party in 0..3 {
            assert_ne!(word(party, 1), word(party, 2));
        }
    }
}
