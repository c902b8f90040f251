//! Products through kings that deal what they learn (Goyal et al. 21, protocols B.5), for committees too large
//! for pseudo-random secret sharing.
//!
//! n = 2t+1 parties, t corrupt and malicious; synchronous private links. Three rounds; all parties
//! together send 4t elements per result, 4t/n each, where dealing takes t each. A vector has turns of n
//! chunks, or of fewer where it ends; the king of the j-th chunk of a turn is P_j.
//!
//! 1. Everybody deals as many random values s_d as a chunk has ([`super::randoms`]), which takes t elements
//!    for n results. What is extracted from them is t + 1 values, too few to hide n results one by
//!    one; a Vandermonde matrix over the parties' points expands them to n masks:
//!    r_j = sum over k <= t of j^k (sum over d of d^k s_d).
//! 2. Party i sends the king of chunk j m_i = o_i + λ_i (x_i y_i + r_ij), where r_ij is its share of r_j, λ_i
//!    its Lagrange coefficient at 0 for degree 2t, and the o_i sum to zero ([`Context::add_zero`]).
//! 3. The king learns e = sum of m_i = x y + r_j and deals it by a fresh polynomial of degree t: t points
//!    are derived, t are sent, as for a product that is dealt. The share of the result is the share of e
//!    minus that of r_j.
//!
//! **What is seen.** What t corrupt parties do not know of s is t + 1 uniform values, which the extraction keeps.
//! Any t + 1 rows of the expansion are independent, and the adversary has t kings at most: the masks of all
//! that its kings learn are independent and uniform, whatever the products. To a corrupt king the m_i of
//! honest parties are uniform but for their sum. All n masks together are dependent: n sums in the
//! clear would be equations about products. So a king must not tell e: of what an honest king learned the
//! adversary gets t points of a fresh polynomial, which are uniform whatever e is. When a result is opened
//! later, its polynomial is uniform but for its value and the adversary's points: that of an honest king's e
//! is fresh, and of a corrupt king's e, which the adversary knows, the mask's is. Nothing leaks, also on abort.
//!
//! **What a cheat can do** (protocols B.6). What it deals for a mask is a sharing of a value that it knows, whatever it
//! deals. A wrong m_i adds to e a number that its sender knows. Of a king's dealing the t + 1 honest parties
//! derive some points and are sent others; these are values of exactly one polynomial E' of degree t, which the
//! king knows. Hence their shares are a sharing of x y + (E'(0) - e), with an error that the corrupt parties
//! know. They may choose it late, when parties that derive their points, who wait for nothing, have sent
//! shares of a masked opening; what is opened then is uniform before and its error known after. No honest
//! party sends its checkpoint before it has its points, so errors are fixed before the first coin, which is
//! what verification needs. Nothing is multiplied by what a king says, so these batches need no digest of it.

use enigma_field::{Party, PrimeField, Shares};

use super::batch::Factors;
use super::context::Context;
use super::dealing::{Local, add_derived, deal};
use super::gathering::Gathering;
use super::randoms::{Dealt, expansion};
use crate::arrivals::check_length;
use crate::cost::king;
use crate::fault::Fault;
use crate::message::{KINGS_CHUNK_LEN, Slot, decode_each};
use crate::prg::Purpose;
use crate::turns::Turns;

/// The terms m_i, to the king.
const TERM: u8 = 0;
/// A point of the king's dealing.
const POINT: u8 = 1;
/// A point of a random value.
const DEALT: u8 = 2;

pub(super) struct DealingKings<F: PrimeField> {
    turns: Turns,
    /// By chunk: local products; then minus the shares of masks; then the results.
    shares: Shares<F>,
    dealt: Dealt<F>,
    /// By king: how the masks come from what was dealt.
    expansion: Vec<Vec<F>>,
    terms: Gathering<F>,
    chunks: Vec<Chunk>,
    missing: usize,
}

/// How far a chunk is.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Chunk {
    /// Its masks are not here.
    Unmasked,
    /// Our terms are given; the king's point is missing.
    Given,
    Complete,
}

impl<F: PrimeField> DealingKings<F> {
    /// Deals our random values.
    pub(super) fn start(context: &mut Context<F>, op: u32, factors: &Factors<F>) -> Self {
        let (committee, len) = (context.committee, factors.results());
        let turns = Turns::new(len, committee.len(), KINGS_CHUNK_LEN);
        let mut multiplied = Shares::default();
        let mut shares = Shares::zeros(len);
        Local::of(factors, &mut multiplied).fill(0, &mut shares);
        Self {
            turns,
            shares,
            dealt: Dealt::start(context, op, DEALT, turns),
            expansion: expansion(committee),
            terms: Gathering::new(context, len, turns.chunk_len()),
            chunks: vec![Chunk::Unmasked; turns.parts()],
            missing: turns.parts(),
        }
    }

    pub(super) fn receive(
        &mut self,
        context: &mut Context<F>,
        from: Party,
        slot: Slot,
        payload: &[u8],
    ) -> Result<(), Fault> {
        if slot.step == DEALT {
            if let Some(parts) = self.dealt.receive(from, slot, payload)? {
                parts.for_each(|part| self.give(context, slot.op, part));
            }
            return Ok(());
        }
        let unexpected = Fault::Unexpected { from, slot };
        if slot.part as usize >= self.chunks.len() {
            return Err(unexpected);
        }
        let king = king(context.committee, slot.part);
        match slot.step {
            TERM if king == context.me() => {
                if let Some(sums) = self.terms.receive(context, from, slot, payload)? {
                    self.deal_sums(context, slot.op, slot.part, sums);
                }
                Ok(())
            }
            POINT if king == from => self.receive_points(context, from, slot, payload),
            _ => Err(unexpected),
        }
    }

    pub(super) fn complete(&self) -> bool {
        self.missing == 0
    }

    pub(super) fn into_shares(self) -> Shares<F> {
        self.shares
    }

    pub(super) fn waiting_for(&self, context: &Context<F>) -> Vec<Party> {
        let owing = self.dealt.waiting_for();
        if !owing.is_empty() {
            return owing;
        }
        let chunks = (0u32..).zip(&self.chunks);
        let unanswered = chunks.filter(|(_, chunk)| **chunk != Chunk::Complete);
        self.terms
            .waiting_for(context, unanswered.map(|(part, _)| part))
    }

    /// Masks a chunk of local products and gives them to its king.
    fn give(&mut self, context: &mut Context<F>, op: u32, part: u32) {
        let committee = context.committee;
        let king = king(committee, part);
        let lambda: F = committee.lambda(context.me());
        let shares = &mut self.shares[self.turns.range(part)];
        let mut masks = Shares::zeros(shares.len());
        let coefficients = &self.expansion[self.turns.row(part)];
        self.dealt.combine(coefficients, part, &mut masks);
        let mut terms = Shares::from(shares.to_vec());
        F::add_each(&mut terms, &masks);
        F::scale_each(&mut terms, lambda);
        context.add_zero(king, op, part, &mut terms);
        shares.fill(F::ZERO);
        F::sub_each(shares, &masks);
        self.chunks[part as usize] = Chunk::Given;
        let step = TERM;
        let sums = self.terms.give(context, Slot { op, step, part }, &terms);
        if let Some(sums) = sums {
            self.deal_sums(context, op, part, sums);
        } else if context.before.contains(&king) {
            let step = POINT;
            let slot = Slot { op, step, part };
            add_derived(context, |party| party == king, slot, self.take_chunk(part));
        }
    }

    /// Deals, as king, the sums of a chunk.
    fn deal_sums(&mut self, context: &mut Context<F>, op: u32, part: u32, mut sums: Shares<F>) {
        // What is dealt is weighted with our Lagrange coefficient, as a part of a product is.
        let lambda: F = context.committee.lambda(context.me());
        let inverse = lambda.inverse().expect("binomials below p are not zero");
        F::scale_each(&mut sums, inverse);
        let slot = Slot {
            op,
            step: POINT,
            part,
        };
        let (local, own) = (Local::Same(&sums), self.take_chunk(part));
        let points = deal(context, Purpose::Deal, slot, local, 0, own);
        context.send_points(slot, points);
    }

    fn receive_points(
        &mut self,
        context: &Context<F>,
        from: Party,
        slot: Slot,
        payload: &[u8],
    ) -> Result<(), Fault> {
        // A king whose point we derive sends none, and an honest one needs our terms first.
        let sent = !context.before.contains(&from);
        match self.chunks[slot.part as usize] {
            Chunk::Given if sent => {}
            Chunk::Complete if sent => return Err(Fault::Duplicate { from, slot }),
            _ => return Err(Fault::Unexpected { from, slot }),
        }
        let chunk = self.take_chunk(slot.part);
        check_length(from, slot, payload, chunk.len() * F::BYTES)?;
        decode_each(payload, |k, point| chunk[k] += point).map_err(|index| Fault::NonCanonical {
            from,
            slot,
            index,
        })
    }

    /// The shares of a chunk, which are now complete.
    fn take_chunk(&mut self, part: u32) -> &mut [F] {
        self.chunks[part as usize] = Chunk::Complete;
        self.missing -= 1;
        &mut self.shares[self.turns.range(part)]
    }
}

#[cfg(test)]
mod tests {
    use enigma_field::Committee;

    use super::super::context::neighbours;

    /// The protocol of three parties, of which the first is corrupt, over a field so small that everything
    /// can happen before our eyes.
    const P: i64 = 31;

    /// What is left for chance: what the two honest parties deal (their polynomials vanish at party 1), the word that
    /// hides their terms from king 1, and the fresh polynomials of the other kings.
    struct Chance {
        dealt: [i64; 2],
        word: i64,
    }

    fn all_chances() -> impl Iterator<Item = Chance> {
        let words = (0..P * P * P).map(|k| [k % P, k / P % P, k / P / P]);
        words.map(|[a, b, word]| Chance {
            dealt: [a, b],
            word,
        })
    }

    /// The mask of a king, but for what party 1 dealt: the sum over k <= 1 of j^k d^k.
    fn mask(king: i64, dealt: [i64; 2]) -> i64 {
        [2, 3]
            .iter()
            .zip(dealt)
            .map(|(dealer, value)| (1 + king * dealer) * value)
            .sum()
    }

    /// A polynomial of degree 1 that vanishes at 1 and is `value` at 0, at party 2 or 3.
    fn at(party: i64, value: i64) -> i64 {
        value * (1 - party)
    }

    /// What the honest parties send king 1 for factors that vanish at its point.
    fn terms(factors: [i64; 2], chance: &Chance) -> [i64; 2] {
        // The Lagrange coefficients at 0 of points 1, 2, 3 are 3, -3, 1.
        let term = |party: i64, lambda: i64, sign: i64| {
            let [x, y] = factors.map(|factor| at(party, factor));
            let hidden = x * y + at(party, mask(1, chance.dealt));
            (lambda * hidden + sign * chance.word).rem_euclid(P)
        };
        [term(2, -3, 1), term(3, 1, -1)]
    }

    #[test]
    fn two_honest_parties_share_a_word_that_the_king_does_not_know() {
        let committee = Committee::new(3).expect("an odd size");
        let party = |number| committee.party(number).expect("a member");
        let others: Vec<_> = neighbours(committee, party(1), party(2)).collect();
        assert_eq!(others, [party(3)]);
    }

    #[test]
    fn to_a_corrupt_king_all_terms_are_equally_likely_whatever_the_factors() {
        for factors in [[0, 0], [1, 1], [5, 29]] {
            let mut counts = vec![0; (P * P) as usize];
            for chance in all_chances() {
                let [a, b] = terms(factors, &chance);
                counts[(a * P + b) as usize] += 1;
            }
            assert!(counts.iter().all(|count| *count == P));
        }
    }

    #[test]
    fn kings_that_told_what_they_learn_would_show_an_equation_about_products() {
        // One value of each king's chunk; its mask is one of three in a space of two dimensions.
        let views = |products: [i64; 3]| {
            let mut counts = vec![0; (P * P * P) as usize];
            for chance in all_chances().filter(|chance| chance.word == 0) {
                let sum = |king: i64| {
                    (products[king as usize - 1] + mask(king, chance.dealt)).rem_euclid(P)
                };
                counts[((sum(1) * P + sum(2)) * P + sum(3)) as usize] += 1;
            }
            counts
        };
        assert_ne!(views([0, 0, 0]), views([0, 0, 1]));
        // Any single one of them shows nothing.
        for king in [1, 2, 3] {
            let seen = |product: i64| {
                let mut counts = vec![0; P as usize];
                for chance in all_chances() {
                    counts[(product + mask(king, chance.dealt)).rem_euclid(P) as usize] += 1;
                }
                counts
            };
            assert_eq!(seen(0), seen(1));
        }
    }
}
