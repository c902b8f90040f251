//! Products through kings (Damgard-Nielsen 07 with pseudo-random secret sharing; protocols B.4).
//!
//! n = 2t+1 parties, t corrupt and malicious; synchronous private links. Two rounds; all parties
//! together send 3t elements per result, 3t/n each, where dealing takes t each. A chunk has a king and
//! a set Z of t other parties, those before the king; kings rotate by chunk, and a vector has n chunks,
//! or a multiple, so that all do the same work.
//!
//! 1. With [r] from pseudo-random secret sharing, party i sends the king m_i = o_i + λ_i (x_i y_i +
//!    r_i), where λ_i is its Lagrange coefficient at 0 for degree 2t and the o_i sum to zero
//!    ([`Context::add_zero`]). As for dealings, x_i y_i may be an inner product.
//! 2. The king learns e = sum of m_i = x y + r. E is the polynomial of degree t with E(0) = e that
//!    vanishes at Z; the king sends e to the t parties outside Z, who compute their point of E, a
//!    public multiple of e. The points of Z are zero and need no message.
//! 3. The share of the result is E(α_i) - r_i.
//!
//! **What is seen.** t corrupt parties miss the word of one subset in r, so that e is uniform to them;
//! to a corrupt king the m_i of honest parties are uniform but for their sum, which is e and its own
//! knowledge. So nothing leaks, also on abort.
//!
//! **What a cheat can do** (protocols B.6). A wrong m_i adds to e a number that its sender knows. A
//! king may tell each of the t parties another e: then the points that the t + 1 honest parties hold
//! (zero for those in Z) still are values of exactly one polynomial E' of degree t, all of whose values
//! the king knows. Hence their shares are a sharing of x y + (E'(0) - e), with an error that the
//! corrupt parties know, as they know their own points of it. They may choose it late, when parties in Z,
//! who wait for nothing, have sent shares of a masked opening; what is opened then is uniform before
//! and its error known after. Errors are fixed before the first coin, which is what verification needs. This is because e is only added to
//! shares, times public constants: unlike the roots of random bits (R4) nothing is multiplied by what a
//! king says, so these batches need no digest of it, and values computed from the results may be opened
//! under a verified mask like those of dealings. Verification finds the error.

use enigma_field::{Party, PrimeField, Shares};

use super::batch::Factors;
use super::context::Context;
use super::dealing::Local;
use super::gathering::Gathering;
use crate::arrivals::check_length;
use crate::cost::king;
use crate::fault::Fault;
use crate::message::{
    Slot, chunk_count, chunk_range, chunks, decode_each, encode, kings_chunk_len,
};
use crate::prg::{Purpose, TILE_LEN};

/// The terms m_i, to the king.
const TERM: u8 = 0;
/// The king's sum e.
const SUM: u8 = 1;

pub(super) struct KingProduct<F: PrimeField> {
    /// -r_i; where e is known, or not needed, the results.
    shares: Shares<F>,
    chunk_len: usize,
    terms: Gathering<F>,
    /// By chunk: does its e concern us and is not here?
    awaited: Vec<bool>,
    missing: usize,
}

impl<F: PrimeField> KingProduct<F> {
    /// Sends the kings our terms.
    pub(super) fn start(context: &mut Context<F>, op: u32, factors: &Factors<F>) -> Self {
        let len = factors.results();
        let committee = context.committee;
        let chunk_len = kings_chunk_len(committee, len);
        let parts = chunk_count(len, chunk_len);
        let mut multiplied = Shares::default();
        let local = Local::of(factors, &mut multiplied);
        let mut shares = Shares::zeros(len);
        let mut gathering = Gathering::new(context, len, chunk_len);
        let mut terms = Shares::zeros(chunk_len.min(len));
        let mut awaited = vec![false; parts];
        for (part, range) in chunks(len, chunk_len) {
            let slot = Slot {
                op,
                step: TERM,
                part,
            };
            let terms = &mut terms[..range.len()];
            hide(context, slot, local, range.start, terms, &mut shares[range]);
            awaited[part as usize] = context.factor_of_king(king(committee, part)) != F::ZERO;
            let sums = gathering.give(context, slot, terms);
            debug_assert!(sums.is_none(), "nobody else's terms have come");
        }
        Self {
            shares,
            chunk_len,
            terms: gathering,
            missing: awaited.iter().filter(|awaited| **awaited).count(),
            awaited,
        }
    }

    pub(super) fn receive(
        &mut self,
        context: &mut Context<F>,
        from: Party,
        slot: Slot,
        payload: &[u8],
    ) -> Result<(), Fault> {
        let unexpected = Fault::Unexpected { from, slot };
        if slot.part as usize >= self.awaited.len() {
            return Err(unexpected);
        }
        let king = king(context.committee, slot.part);
        match slot.step {
            TERM if king == context.me() => self.receive_terms(context, from, slot, payload),
            SUM if king == from => self.receive_sums(context, from, slot, payload),
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
        let unanswered = (0u32..).zip(&self.awaited).filter(|(_, awaited)| **awaited);
        self.terms
            .waiting_for(context, unanswered.map(|(part, _)| part))
    }

    fn receive_terms(
        &mut self,
        context: &mut Context<F>,
        from: Party,
        slot: Slot,
        payload: &[u8],
    ) -> Result<(), Fault> {
        let Some(sums) = self.terms.receive(context, from, slot, payload)? else {
            return Ok(());
        };
        let me = context.me();
        let payload = encode(sums.iter().copied());
        let slot = Slot { step: SUM, ..slot };
        let committee = context.committee;
        for steps in 1..=committee.degree() {
            context.send(committee.after(me, steps), slot, payload.clone());
        }
        let factor = context.factor_of_king(me);
        F::add_scaled_each(self.take_chunk(slot.part), factor, &sums);
        Ok(())
    }

    fn receive_sums(
        &mut self,
        context: &mut Context<F>,
        from: Party,
        slot: Slot,
        payload: &[u8],
    ) -> Result<(), Fault> {
        let factor = context.factor_of_king(from);
        if factor == F::ZERO {
            return Err(Fault::Unexpected { from, slot });
        }
        if !self.awaited[slot.part as usize] {
            return Err(Fault::Duplicate { from, slot });
        }
        let range = chunk_range(self.shares.len(), self.chunk_len, slot.part);
        check_length(from, slot, payload, range.len() * F::BYTES)?;
        let chunk = self.take_chunk(slot.part);
        decode_each(payload, |k, sum| chunk[k] += factor * sum)
            .map_err(|index| Fault::NonCanonical { from, slot, index })
    }

    /// The shares of a chunk, which are now complete.
    fn take_chunk(&mut self, part: u32) -> &mut [F] {
        self.awaited[part as usize] = false;
        self.missing -= 1;
        let range = chunk_range(self.shares.len(), self.chunk_len, part);
        &mut self.shares[range]
    }
}

/// Computes a chunk's local values, from number `start` on, and from them what the king gets; `shares`,
/// zeros, become minus our shares of the random values.
fn hide<F: PrimeField>(
    context: &mut Context<F>,
    slot: Slot,
    local: Local<'_, F>,
    start: usize,
    terms: &mut [F],
    shares: &mut [F],
) {
    let Context {
        committee,
        keys,
        scratch,
        ..
    } = context;
    let lambda = committee.lambda(keys.me);
    let mut random = keys.random(Purpose::Hiding, slot.op, slot.part);
    for (_, factor) in &mut random {
        *factor = -*factor;
    }
    let mut zero = keys.zero(*committee, king(*committee, slot.part), slot.op, slot.part);
    let tiles = terms
        .chunks_mut(TILE_LEN)
        .zip(shares.chunks_mut(TILE_LEN))
        .enumerate();
    for (tile, (terms, shares)) in tiles {
        local.fill(start + tile * TILE_LEN, terms);
        scratch.add_words(&mut random, shares);
        F::sub_each(terms, shares);
        F::scale_each(terms, lambda);
        scratch.add_words(&mut zero, terms);
    }
}

#[cfg(test)]
mod tests {
    use enigma_field::{Committee, M61};

    use super::super::context::neighbours;
    use super::*;

    /// The protocol over a field so small that everything can happen before our eyes.
    const P: i64 = 31;

    fn inverse(a: i64) -> i64 {
        let inverse = (1..P).find(|b| (a * b).rem_euclid(P) == 1);
        inverse.expect("not zero")
    }

    /// What is left for chance when t parties are corrupt: the word of the one subset without them,
    /// and the words that honest parties share.
    struct View {
        committee: Committee,
        king: Party,
        honest: Vec<Party>,
        /// Pairs of honest parties with a common word.
        pairs: Vec<[Party; 2]>,
    }

    impl View {
        fn new(committee: Committee, king: Party, corrupt: &[Party]) -> Self {
            let honest: Vec<Party> = (committee.parties())
                .filter(|party| !corrupt.contains(party))
                .collect();
            let pairs = (honest.iter())
                .flat_map(|low| {
                    let high = neighbours(committee, king, *low).filter(move |high| high > low);
                    high.map(|high| [*low, high])
                })
                .filter(|[_, high]| honest.contains(high))
                .collect();
            Self {
                committee,
                king,
                honest,
                pairs,
            }
        }

        /// The terms of honest parties, but for what the corrupt ones know of them. The honest
        /// parties' shares of both factors are `secret` times a polynomial that the corrupt know to be
        /// zero at their points.
        fn terms(&self, secret: [i64; 2], random: i64, words: &[i64]) -> Vec<i64> {
            let term = |party: &Party| {
                let number = |party: Party| i64::from(party.number());
                let outside = self
                    .committee
                    .parties()
                    .filter(|z| !self.honest.contains(z));
                let vanishing = outside.fold(1, |product, z| {
                    product * (number(*party) - number(z)) * inverse(-number(z)) % P
                });
                let [x, y] = secret.map(|secret| secret * vanishing);
                let lambda = self.committee.lambda::<M61>(*party).to_i64();
                let local = lambda * (x * y + random * vanishing);
                let zero = self.pairs.iter().zip(words).map(|([low, high], word)| {
                    i64::from(low == party) * word - i64::from(high == party) * word
                });
                (local + zero.sum::<i64>()).rem_euclid(P)
            };
            self.honest.iter().map(term).collect()
        }

        /// How often each view of a corrupt king occurs, over all randomness.
        fn counts(&self, secret: [i64; 2], masked: bool) -> Vec<u32> {
            let words = if masked { self.pairs.len() } else { 0 };
            let sent = self
                .honest
                .iter()
                .filter(|party| **party != self.king)
                .count();
            let mut counts = vec![0; P.pow(sent as u32) as usize];
            for mut chance in 0..P.pow(1 + words as u32) {
                let mut draw = || {
                    let word = chance % P;
                    chance /= P;
                    word
                };
                let random = draw();
                let words: Vec<i64> = (0..words).map(|_| draw()).collect();
                let terms = self.terms(secret, random, &words);
                let view = terms.iter().fold(0, |view, term| view * P + term);
                counts[view as usize] += 1;
            }
            counts
        }
    }

    /// Every set of t corrupt parties with a king among them.
    fn views() -> Vec<View> {
        let mut views = Vec::new();
        for n in [3, 5] {
            let committee = Committee::new(n).expect("an odd size");
            for king in committee.parties() {
                if n == 3 {
                    views.push(View::new(committee, king, &[king]));
                    continue;
                }
                for other in committee.others(king) {
                    views.push(View::new(committee, king, &[king, other]));
                }
            }
        }
        views
    }

    #[test]
    fn to_a_corrupt_king_all_terms_are_equally_likely_whatever_the_factors() {
        for view in views() {
            for secret in [[0, 0], [1, 1], [5, 29]] {
                let counts = view.counts(secret, true);
                assert!(counts.iter().all(|count| *count == counts[0]));
            }
        }
    }

    #[test]
    fn without_the_zero_mask_they_are_not() {
        for view in views() {
            let [first, second] = [[0, 0], [1, 1]].map(|secret| view.counts(secret, false));
            assert_ne!(first, second);
        }
    }
}
