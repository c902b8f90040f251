//! What all operations of an engine share: who we are, keys, precomputed coefficients, counters,
//! and the queue of frames to send.

use std::collections::VecDeque;

use enigma_field::interpolation::{GrrDealing, prss_coefficients};
use enigma_field::shamir::Checker;
use enigma_field::{Committee, Gf128, Party, PrimeField};
use zeroize::{Zeroize, ZeroizeOnDrop};

use super::Counters;
use super::dealing::SentPoints;
use super::transcript::{LinkWay, Transcript};
use crate::keys::{Seed, SessionId, SessionIdentity, SessionSeeds};
use crate::message::{HEADER_BYTES, Outgoing, Slot};
use crate::prg::{Keystream, Prg, Purpose, Stream, TILE_BLOCKS, TILE_LEN};

/// Streams that are added up at a time, and words of each: together they stay in the nearest cache.
const WORDS_ROWS: usize = 20;
const WORDS_LEN: usize = 128;

pub(super) struct Context<F: PrimeField> {
    pub(super) session: SessionId,
    pub(super) committee: Committee,
    pub(super) keys: Keys<F>,
    pub(super) identity: SessionIdentity,
    /// For openings of verifications.
    pub(super) checkers: Checkers<F>,
    /// How we deal products. The column of D(0) carries our Lagrange coefficient at 0 as well.
    pub(super) dealing: Dealing<F>,
    /// The t parties before us, who deal us points that need no message.
    pub(super) before: Vec<Party>,
    /// By king: our point of the polynomial of degree t that is 1 at zero and vanishes at the t
    /// parties before the king.
    of_king: Vec<F>,
    pub(super) scratch: Scratch<F>,
    pub(super) counters: Counters,
    pub(super) outbox: VecDeque<Outgoing>,
    pub(super) transcript: Transcript,
}

/// Of shares over the fields that challenges are drawn from.
pub(super) struct Checkers<F: PrimeField> {
    pub(super) extension: Checker<F::Ext>,
    pub(super) binary: Checker<Gf128>,
}

/// The generators that this party shares with others, and its own.
pub(super) struct Keys<F: PrimeField> {
    pub(super) me: Party,
    /// Known to this party alone.
    own: Prg,
    /// With every other party, in order.
    pairs: Vec<(Party, Prg)>,
    /// For every subset A with this party, and f_A at our point (protocols B.2): our share of what the
    /// subset has in common is that times f_A. None in a committee of more than nine, which has other
    /// random values ([`super::randoms`]), and for which products have other kings.
    pub(super) subsets: Vec<(Prg, F)>,
    /// n! f_A, in the same order.
    scaled: Vec<F>,
}

/// The words of a stream, and what they are multiplied by.
pub(super) type Term<'a, F> = (Stream<'a>, F);

/// The matrix of [`GrrDealing`] by rows, each row with the party whose point it computes.
pub(super) struct Dealing<F: PrimeField> {
    /// Receivers that derive their points, in the order of the coefficients from the second on.
    pub(super) derived: Vec<Party>,
    /// The coefficients of our own point.
    pub(super) own: Vec<F>,
    /// The coefficients of the points that we send.
    pub(super) sent: Vec<(Party, Vec<F>)>,
}

/// Buffers of one tile, reused so that no element costs an allocation.
pub(super) struct Scratch<F: PrimeField> {
    pub(super) keystream: Keystream,
    /// Of streams that are added up.
    words: Vec<Keystream>,
    /// t+1 rows.
    pub(super) rows: Vec<Vec<F>>,
    /// What is computed from the rows.
    pub(super) point: Vec<F>,
}

impl<F: PrimeField> Context<F> {
    /// Drops the keys and clears the buffers.
    pub(super) fn forget(&mut self) {
        self.keys.own = Prg::new(&Seed::default());
        self.keys.pairs.clear();
        self.keys.subsets.clear();
        self.identity.forget();
        self.scratch.clear();
        self.transcript.forget();
    }

    pub(super) fn new(committee: Committee, me: Party, seeds: &SessionSeeds) -> Self {
        let t = committee.degree();
        let GrrDealing {
            derived,
            computed,
            matrix,
        } = GrrDealing::new(&committee, me);
        let lambda = committee.lambda(me);
        let mut rows = matrix.rows().map(|row| {
            let mut row = row.to_vec();
            row[0] *= lambda;
            row
        });
        let own = rows.next().expect("the dealer's own point is computed");
        let sent = computed[1..].iter().copied().zip(rows).collect();
        let before: Vec<Party> = (1..=t)
            .map(|steps| committee.after(me, committee.len() - steps))
            .collect();
        let coefficients = prss_coefficients(&committee, me).unwrap_or_default();
        let of_king = (committee.parties())
            .map(|king| {
                let holders = (0..=t).map(|steps| committee.after(king, steps));
                let holders: u32 = holders.map(|party| 1 << party.index()).sum();
                let mut all = coefficients.iter();
                let own = all.find(|(subset, _)| subset.bits() == holders);
                own.map_or(F::ZERO, |(_, coefficient)| *coefficient)
            })
            .collect();
        let factorial: F = (1..=u64::from(committee.n())).fold(F::ONE, |f, k| f * F::from_u64(k));
        let scaled = coefficients
            .iter()
            .map(|(_, coefficient)| factorial * *coefficient);
        let scaled = scaled.collect();
        let subsets = seeds.subsets.iter().zip(coefficients);
        Self {
            session: seeds.session,
            committee,
            keys: Keys {
                me,
                own: Prg::new(&seeds.identity.own),
                pairs: (seeds.pairs.iter())
                    .map(|(party, seed)| (*party, Prg::new(seed)))
                    .collect(),
                subsets: subsets
                    .map(|((subset, seed), (expected, coefficient))| {
                        assert_eq!(*subset, expected, "seeds are in the order of the subsets");
                        (Prg::new(seed), coefficient)
                    })
                    .collect(),
                scaled,
            },
            identity: seeds.identity.clone(),
            checkers: Checkers {
                extension: Checker::new(&committee),
                binary: Checker::new(&committee),
            },
            dealing: Dealing { derived, own, sent },
            before,
            of_king,
            scratch: Scratch::new(t),
            counters: Counters::default(),
            outbox: VecDeque::new(),
            transcript: Transcript::new(me, &seeds.pairs),
        }
    }

    pub(super) fn me(&self) -> Party {
        self.keys.me
    }

    pub(super) fn send(&mut self, to: Party, slot: Slot, payload: Vec<u8>) {
        self.counters.frames_sent += 1;
        self.counters.bytes_sent += (payload.len() + HEADER_BYTES) as u64;
        self.transcript.note(LinkWay::Sent, to, slot, &payload);
        self.outbox.push_back(Outgoing { to, slot, payload });
    }

    /// Sends points of a dealing, a payload for each receiver.
    pub(super) fn send_points(&mut self, slot: Slot, points: SentPoints) {
        for (to, payload) in points {
            self.send(to, slot, payload);
        }
    }

    /// What the sum that a king announces is multiplied by in our share: zero when the king does not
    /// tell us.
    pub(super) fn factor_of_king(&self, king: Party) -> F {
        self.of_king[king.index()]
    }

    /// Adds to `out` our shares of random values; see [`Keys::random`].
    pub(super) fn add_random(&mut self, purpose: Purpose, op: u32, part: u32, out: &mut [F]) {
        let mut words = self.keys.random(purpose, op, part);
        self.scratch.add_words(&mut words, out);
    }

    /// Adds to `whole` our shares of sums of integers below 2^`bits`, one integer for each subset of t+1
    /// parties (protocols F.4), and to `cut` those of the sums of the integers without their `shift` low
    /// bits.
    pub(super) fn add_bounded(
        &mut self,
        (op, part): (u32, u32),
        (bits, shift): (u32, u32),
        whole: &mut [F],
        cut: &mut [F],
    ) {
        let kept = (1 << bits) - 1;
        for (prg, factor) in &self.keys.subsets {
            let mut stream = prg.stream(Purpose::Bounded, op, part);
            let tiles = whole.chunks_mut(TILE_BLOCKS);
            for (whole, cut) in tiles.zip(cut.chunks_mut(TILE_BLOCKS)) {
                let numbers = stream.numbers(&mut self.scratch.keystream, whole.len());
                for ((whole, cut), number) in whole.iter_mut().zip(cut).zip(numbers) {
                    let number = (number & kept) as i128;
                    *whole += *factor * F::from_i128(number);
                    *cut += *factor * F::from_i128(number >> shift);
                }
            }
        }
    }

    /// Adds to `out` our terms of a zero mask; see [`Keys::zero`].
    pub(super) fn add_zero(&mut self, king: Party, op: u32, part: u32, out: &mut [F]) {
        let mut words = self.keys.zero(self.committee, king, op, part);
        self.scratch.add_words(&mut words, out);
    }
}

impl<F: PrimeField> Keys<F> {
    /// The generators shared with a subset A, in the order of subsets, each with f_A at our point.
    pub(super) fn subsets(&self) -> &[(Prg, F)] {
        &self.subsets
    }

    /// The generator that is ours alone.
    pub(super) fn own(&self) -> &Prg {
        &self.own
    }

    /// The generator shared with another party.
    pub(super) fn pair(&self, party: Party) -> &Prg {
        let place = party.index() - usize::from(party > self.me);
        &self.pairs[place].1
    }

    /// Our shares of random values (protocols B.2): the sum over the subsets A with us of a common
    /// word of A times n! f_A at our point. The factor n! keeps random values uniform and makes the
    /// coefficients integers, small ones up to nine parties.
    pub(super) fn random(&self, purpose: Purpose, op: u32, part: u32) -> Vec<Term<'_, F>> {
        let subsets = self.subsets.iter().zip(&self.scaled);
        subsets
            .map(|((prg, _), factor)| (prg.stream(purpose, op, part), *factor))
            .collect()
    }

    /// Our terms of sums that are zero over all parties, to hide from a king all but the sum of what
    /// is sent to it (protocols B.2). Divided by the Lagrange coefficients at 0 they are shares of
    /// degree 2t of zero.
    ///
    /// Two parties of which neither is the king share a word, which one adds and the other
    /// subtracts, if they are [`neighbours`]. The king's own words would hide nothing from it. Who is
    /// not king together with t-1 others knows the words of those; the others remain connected by
    /// words that it does not know, so that their terms are uniform but for their sum.
    pub(super) fn zero(
        &self,
        committee: Committee,
        king: Party,
        op: u32,
        part: u32,
    ) -> Vec<Term<'_, F>> {
        let term = |other: Party| {
            let sign = if other > self.me { F::ONE } else { -F::ONE };
            let prg = self.pair(other);
            (prg.stream(Purpose::Zero, op, part), sign)
        };
        neighbours(committee, king, self.me).map(term).collect()
    }
}

/// The factors as integers, if these are small enough to be added up together.
fn small<F: PrimeField>(terms: &[Term<'_, F>]) -> Option<Vec<i32>> {
    let integers = terms.iter().map(|(_, factor)| factor.to_i128());
    let magnitude = integers
        .clone()
        .map(i128::unsigned_abs)
        .fold(0, u128::saturating_add);
    (magnitude < 1 << 31).then(|| integers.map(|integer| integer as i32).collect())
}

/// The parties that share words of a zero mask with a party: of the 2t parties beside the king, in a
/// circle, the t/2 next ones on either side, and for odd t the opposite one. None of the king's.
///
/// This is Harary's graph: no t-1 of its 2t vertices disconnect the others (Harary 62).
pub(super) fn neighbours(
    committee: Committee,
    king: Party,
    party: Party,
) -> impl Iterator<Item = Party> {
    let (n, t) = (committee.len(), committee.degree());
    // From 0 for the king.
    let place = (party.index() + n - king.index()) % n;
    let opposite = (t % 2 == 1).then_some(t);
    let either_side = (1..=t / 2).flat_map(move |steps| [steps, 2 * t - steps]);
    let steps = either_side.chain(opposite).filter(move |_| place > 0);
    steps.map(move |steps| committee.after(king, 1 + (place + steps - 1) % (2 * t)))
}

impl<F: PrimeField> Scratch<F> {
    fn new(t: usize) -> Self {
        Self {
            keystream: Keystream::new(),
            words: (0..WORDS_ROWS).map(|_| Keystream::new()).collect(),
            rows: vec![vec![F::ZERO; TILE_LEN]; t + 1],
            point: vec![F::ZERO; TILE_LEN],
        }
    }

    /// Adds to `out` the sum of the next words of all streams, each times its factor.
    pub(super) fn add_words(&mut self, terms: &mut [Term<'_, F>], out: &mut [F]) {
        let Some(factors) = small(terms) else {
            for (stream, factor) in terms {
                let row = &mut self.rows[0];
                for tile in out.chunks_mut(TILE_LEN) {
                    stream.fill(&mut self.keystream, &mut row[..tile.len()]);
                    F::add_scaled_each(tile, *factor, &row[..tile.len()]);
                }
            }
            return;
        };
        // An odd number of words ends a stream: only the last tile has one.
        for tile in out.chunks_mut(WORDS_LEN) {
            let groups = terms.chunks_mut(WORDS_ROWS);
            for (terms, factors) in groups.zip(factors.chunks(WORDS_ROWS)) {
                let rows = terms.iter_mut().zip(&mut self.words);
                let rows = rows.map(|((stream, _), row)| stream.words::<F>(row, tile.len()));
                let rows: Vec<&[u8]> = rows.collect();
                F::add_combined_words(factors, &rows, tile);
            }
        }
    }

    fn clear(&mut self) {
        self.keystream.zeroize();
        self.words.iter_mut().for_each(Zeroize::zeroize);
        self.rows.iter_mut().for_each(Zeroize::zeroize);
        self.point.zeroize();
    }
}

impl<F: PrimeField> Drop for Scratch<F> {
    fn drop(&mut self) {
        self.clear();
    }
}

impl<F: PrimeField> ZeroizeOnDrop for Scratch<F> {}

#[cfg(test)]
mod tests {
    use enigma_field::M61;

    use super::*;
    use crate::testing::dealt_seeds;

    #[test]
    fn zero_masks_sum_to_zero_and_no_smaller_sum_does() {
        for n in [3, 5, 7, 9] {
            let committee = Committee::new(n).expect("an odd size");
            let len = 2 * TILE_LEN + 3;
            for king in committee.parties() {
                let mask = |(party, seeds)| {
                    let mut terms = vec![M61::ZERO; len];
                    Context::new(committee, party, &seeds).add_zero(king, 4, 2, &mut terms);
                    terms
                };
                let seeds = dealt_seeds(committee, 1);
                let masks: Vec<_> = committee.parties().zip(seeds).map(mask).collect();
                assert!(masks[king.index()].iter().all(|term| *term == M61::ZERO));
                let all = 1usize << n;
                for some in 1..all - 1 {
                    let sum = |k: usize| -> M61 {
                        let parties = (0..usize::from(n)).filter(|party| some >> party & 1 == 1);
                        parties.map(|party| masks[party][k]).sum()
                    };
                    let beside_king = some | 1 << king.index();
                    let whole = beside_king == all - 1 || beside_king == 1 << king.index();
                    assert_eq!(sum(len - 1) == M61::ZERO, whole);
                }
                for k in 0..len {
                    assert_eq!(masks.iter().map(|mask| mask[k]).sum::<M61>(), M61::ZERO);
                }
            }
        }
    }

    #[test]
    fn a_king_and_fewer_than_t_others_do_not_come_between_the_parties_left() {
        for n in [3, 5, 7, 9, 11, 13] {
            let committee = Committee::new(n).expect("an odd size");
            let t = committee.degree();
            for king in committee.parties() {
                let linked: Vec<u32> = (committee.parties())
                    .map(|party| {
                        neighbours(committee, king, party)
                            .map(|other| 1 << other.index())
                            .sum()
                    })
                    .collect();
                for party in committee.others(king) {
                    assert_eq!(linked[party.index()].count_ones() as usize, t);
                    assert_eq!(linked[party.index()] >> party.index() & 1, 0);
                }
                let all: u32 = (1 << n) - 1;
                let corrupt = (0..=all)
                    .filter(|set| set >> king.index() & 1 == 1 && set.count_ones() as usize == t);
                for corrupt in corrupt {
                    let honest = all & !corrupt;
                    let mut reached = 1 << honest.trailing_zeros();
                    for _ in 0..n {
                        for (party, linked) in linked.iter().enumerate() {
                            if reached >> party & 1 == 1 {
                                reached |= linked & honest;
                            }
                        }
                    }
                    assert_eq!(reached, honest, "n = {n}, corrupt {corrupt:b}");
                }
            }
        }
    }

    #[test]
    fn random_shares_are_what_their_definition_says() {
        // Few coefficients, and more than are added up at a time.
        for n in [3, 9] {
            check_random_shares(Committee::new(n).expect("an odd size"));
        }
    }

    fn check_random_shares(committee: Committee) {
        let n = u64::from(committee.n());
        let factorial: M61 = (1..=n).map(M61::new).fold(M61::ONE, |all, k| all * k);
        let seeds = dealt_seeds(committee, 1);
        let mut shares = Vec::new();
        for (party, seeds) in committee.parties().zip(seeds) {
            let mut drawn = vec![M61::ZERO; 5];
            Context::new(committee, party, &seeds).add_random(Purpose::Random, 1, 0, &mut drawn);
            let mut expected = vec![M61::ZERO; 5];
            let coefficients = prss_coefficients::<M61>(&committee, party).expect("not too many");
            for ((_, seed), (_, coefficient)) in seeds.subsets.iter().zip(coefficients) {
                let mut words = vec![M61::ZERO; 5];
                let prg = Prg::new(seed);
                let mut stream = prg.stream(Purpose::Random, 1, 0);
                stream.fill(&mut Keystream::new(), &mut words);
                for (element, word) in expected.iter_mut().zip(words) {
                    *element += factorial * coefficient * word;
                }
            }
            assert_eq!(drawn, expected);
            shares.push(drawn.into());
        }
        // And they are consistent.
        crate::testing::reconstruct(committee, &shares);
    }
}
