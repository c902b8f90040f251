//! What all operations of an engine share: who we are, keys, precomputed coefficients, counters,
//! and the queue of frames to send.

use std::collections::VecDeque;

use enigma_field::interpolation::{GrrDealing, prss_coefficients};
use enigma_field::shamir::Checker;
use enigma_field::{Committee, Field, Gf128, K, M61, Party, PrimeField};
use zeroize::{Zeroize, ZeroizeOnDrop};

use super::Counters;
use crate::keys::{SessionId, SessionIdentity, SessionSeeds};
use crate::message::{HEADER_BYTES, Outgoing, Slot};
use crate::prg::{Keystream, Prg, Purpose, TILE_LEN};

/// Rows of a scratch space at least: enough for the subsets with a party in a committee of three.
const LEAST_ROWS: usize = 4;

pub(super) struct Context {
    pub(super) session: SessionId,
    pub(super) committee: Committee,
    pub(super) keys: Keys,
    pub(super) identity: SessionIdentity,
    /// For openings of verifications.
    pub(super) checkers: Checkers,
    /// How we deal products. The column of D(0) carries our Lagrange coefficient at 0 as well.
    pub(super) dealing: Dealing,
    /// The t parties before us, who deal us points that need no message.
    pub(super) before: Vec<Party>,
    pub(super) scratch: Scratch,
    pub(super) counters: Counters,
    pub(super) outbox: VecDeque<Outgoing>,
}

/// Of shares over the fields that challenges are drawn from.
pub(super) struct Checkers {
    pub(super) extension: Checker<K>,
    pub(super) binary: Checker<Gf128>,
}

/// The generators that this party shares with others.
pub(super) struct Keys {
    pub(super) me: Party,
    /// With every other party, in order.
    pairs: Vec<(Party, Prg)>,
    /// For every subset with this party, and the coefficient of its words in our share.
    pub(super) subsets: Vec<(Prg, M61)>,
}

/// The matrix of [`GrrDealing`] by rows, each row with the party whose point it computes.
pub(super) struct Dealing {
    /// Receivers that derive their points, in the order of the coefficients from the second on.
    pub(super) derived: Vec<Party>,
    /// The coefficients of our own point.
    pub(super) own: Vec<M61>,
    /// The coefficients of the points that we send.
    pub(super) sent: Vec<(Party, Vec<M61>)>,
}

/// Buffers of one tile, reused so that no element costs an allocation.
pub(super) struct Scratch {
    pub(super) keystream: Keystream,
    /// t+1 rows, and no fewer than a sum of random words takes at a time.
    pub(super) rows: Vec<Vec<M61>>,
    /// What is computed from the rows.
    pub(super) point: Vec<M61>,
}

impl Context {
    /// Drops the keys and clears the buffers.
    pub(super) fn forget(&mut self) {
        self.keys.pairs.clear();
        self.keys.subsets.clear();
        self.identity.forget();
        self.scratch.clear();
    }

    pub(super) fn new(committee: Committee, me: Party, seeds: &SessionSeeds) -> Self {
        let t = committee.degree();
        let GrrDealing {
            derived,
            computed,
            matrix,
        } = GrrDealing::new(&committee, me);
        let lambda = committee.lambda()[me.index()];
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
        let coefficients =
            prss_coefficients(&committee, me).expect("the setup refused larger committees");
        let subsets = seeds.subsets.iter().zip(coefficients);
        Self {
            session: seeds.session,
            committee,
            keys: Keys {
                me,
                pairs: (seeds.pairs.iter())
                    .map(|(party, seed)| (*party, Prg::new(seed)))
                    .collect(),
                subsets: subsets
                    .map(|((subset, seed), (expected, coefficient))| {
                        assert_eq!(*subset, expected, "seeds are in the order of the subsets");
                        (Prg::new(seed), coefficient)
                    })
                    .collect(),
            },
            identity: seeds.identity.clone(),
            checkers: Checkers {
                extension: Checker::new(&committee),
                binary: Checker::new(&committee),
            },
            dealing: Dealing { derived, own, sent },
            before,
            scratch: Scratch::new(t),
            counters: Counters::default(),
            outbox: VecDeque::new(),
        }
    }

    pub(super) fn me(&self) -> Party {
        self.keys.me
    }

    pub(super) fn send(&mut self, to: Party, slot: Slot, payload: Vec<u8>) {
        self.counters.frames_sent += 1;
        self.counters.bytes_sent += (payload.len() + HEADER_BYTES) as u64;
        self.outbox.push_back(Outgoing { to, slot, payload });
    }

    /// Adds to `out` our shares of random values (protocols B.2): the sum over the subsets A with us
    /// of a common word of A times f_A at our point.
    pub(super) fn add_random(&mut self, purpose: Purpose, op: u32, part: u32, out: &mut [M61]) {
        let mut streams: Vec<_> = (self.keys.subsets.iter())
            .map(|(prg, coefficient)| (prg.stream(purpose, op, part), *coefficient))
            .collect();
        let Scratch {
            keystream,
            rows,
            point,
        } = &mut self.scratch;
        for tile in out.chunks_mut(TILE_LEN) {
            let len = tile.len();
            for group in streams.chunks_mut(rows.len()) {
                let mut coefficients = Vec::with_capacity(group.len());
                for ((stream, coefficient), row) in group.iter_mut().zip(&mut *rows) {
                    stream.fill(keystream, &mut row[..len]);
                    coefficients.push(*coefficient);
                }
                let used = rows[..group.len()].iter();
                let used: Vec<&[M61]> = used.map(|row| &row[..len]).collect();
                M61::combine_rows(&coefficients, &used, &mut point[..len]);
                M61::add_each(tile, &point[..len]);
            }
        }
    }

    /// Adds to `out` terms that sum to zero over all parties (protocols B.2). Divided by the
    /// Lagrange coefficients at 0 they are shares of degree 2t of zero.
    pub(super) fn add_zero(&mut self, op: u32, part: u32, out: &mut [M61]) {
        let Self { keys, scratch, .. } = self;
        for (party, prg) in &keys.pairs {
            let mut stream = prg.stream(Purpose::Zero, op, part);
            for tile in out.chunks_mut(TILE_LEN) {
                let words = &mut scratch.rows[0][..tile.len()];
                stream.fill(&mut scratch.keystream, words);
                if *party > keys.me {
                    M61::add_each(tile, words);
                } else {
                    M61::sub_each(tile, words);
                }
            }
        }
    }
}

impl Keys {
    /// The generators shared with a subset, in the order of subsets, each with the coefficient of its
    /// words in our share.
    pub(super) fn subsets(&self) -> &[(Prg, M61)] {
        &self.subsets
    }

    /// The generator shared with another party.
    pub(super) fn pair(&self, party: Party) -> &Prg {
        let place = party.index() - usize::from(party > self.me);
        &self.pairs[place].1
    }
}

impl Scratch {
    fn new(t: usize) -> Self {
        Self {
            keystream: Keystream::new(),
            rows: vec![vec![M61::ZERO; TILE_LEN]; (t + 1).max(LEAST_ROWS)],
            point: vec![M61::ZERO; TILE_LEN],
        }
    }

    fn clear(&mut self) {
        self.rows.iter_mut().for_each(Zeroize::zeroize);
        self.point.zeroize();
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        self.clear();
    }
}

impl ZeroizeOnDrop for Scratch {}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::dealt_seeds;

    #[test]
    fn zero_masks_sum_to_zero_and_no_smaller_sum_does() {
        for n in [3, 5, 7, 9] {
            let committee = Committee::new(n).expect("an odd size");
            let len = 2 * TILE_LEN + 3;
            let mask = |(party, seeds)| {
                let mut terms = vec![M61::ZERO; len];
                Context::new(committee, party, &seeds).add_zero(4, 2, &mut terms);
                terms
            };
            let seeds = dealt_seeds(committee, 1);
            let masks: Vec<_> = committee.parties().zip(seeds).map(mask).collect();
            for k in 0..len {
                let mut sum = M61::ZERO;
                for terms in &masks {
                    sum += terms[k];
                    let last = std::ptr::eq(terms, &masks[masks.len() - 1]);
                    assert_eq!(sum == M61::ZERO, last);
                }
            }
        }
    }

    #[test]
    fn random_shares_are_what_their_definition_says() {
        // More subsets with a party than fit into one sum: C(10, 5) = 252.
        let committee = Committee::new(11).expect("an odd size");
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
                    *element += coefficient * word;
                }
            }
            assert_eq!(drawn, expected);
            shares.push(drawn.into());
        }
        // And they are consistent.
        crate::testing::reconstruct(committee, &shares);
    }
}
