//! Random sharings that everybody deals (Damgard-Nielsen 07, section 4; protocols B.2), for committees too
//! large for a seed for each subset of t + 1 parties.
//!
//! n = 2t+1 parties, t corrupt and malicious; synchronous private links. One round; t elements sent by
//! each party for t + 1 random values.
//!
//! Party j deals s_j by a polynomial of degree t all of whose t + 1 free values are uniform: s_j from a
//! generator that it shares with nobody, and the values at the t parties after it from those it shares
//! with them, as products are dealt ([`super::dealing`]). From ([s_1], ..., [s_n]) come t + 1 random
//! values, by the rows of a Vandermonde matrix over the parties' points.
//!
//! **Nobody knows anything about them.** Of n dealings t are the adversary's, who knows them, and may choose them
//! after it saw its t points of the others; those are uniform whatever the others' values are. The columns
//! of the t + 1 honest dealers are a square Vandermonde matrix of different points, which is invertible:
//! for whatever the corrupt parties dealt, the t + 1 results are a bijective function of t + 1 uniform and
//! independent values. Likewise for the polynomials that share them: they are uniform but for the
//! adversary's own points.
//!
//! **No degree is checked** (S9). Whatever a corrupt party deals, the points that the t + 1 honest parties get are
//! values of exactly one polynomial of degree t, which the adversary knows, having chosen them. So what honest
//! parties hold always is a sharing of a uniform value, and the corrupt parties' points of it are known to
//! them. (Where fewer are corrupt, any others may be counted among them, who merely follow the protocol.) What they
//! then say of their points is an error that they know, as with any sharing. A wrong degree shows when
//! all n shares are compared, and concerns blame alone.
//!
//! On abort nothing leaks: each turn's dealings are used once, and each result once.

use std::ops::Range;

use enigma_field::{Committee, Party, PrimeField, Shares};

use super::context::{Context, Keys};
use super::dealing::{Local, deal};
use crate::arrivals::{Arrivals, check_length};
use crate::fault::Fault;
use crate::message::{Slot, chunk_len, chunks, decode_each};
use crate::prg::{Keystream, Purpose, TILE_LEN};
use crate::turns::Turns;

/// What all parties deal for a vector: our points, and those that are awaited. One in an operation.
pub(super) struct Dealt<F: PrimeField> {
    turns: Turns,
    /// By dealer.
    points: Vec<Shares<F>>,
    arrivals: Arrivals,
    /// By turn: dealers whose points are missing.
    missing: Vec<usize>,
}

impl<F: PrimeField> Dealt<F> {
    /// Deals our random values, and computes the points that need no message. The points sent come as
    /// `step` of operation `op`, and a part for each turn.
    pub(super) fn start(context: &mut Context<F>, op: u32, step: u8, turns: Turns) -> Self {
        let len = turns.dealt_len();
        let me = context.me();
        let n = context.committee.len();
        let mut points: Vec<Shares<F>> = (0..n).map(|_| Shares::zeros(len)).collect();
        let mut values = Shares::zeros(turns.chunk_len().min(len));
        let mut parts = 0;
        for (part, range) in chunks(len, turns.chunk_len()) {
            let slot = Slot { op, step, part };
            let values = &mut values[..range.len()];
            let keystream = &mut context.scratch.keystream;
            draw(&context.keys, keystream, me, slot, values);
            let (local, own) = (Local::Same(values), &mut points[me.index()][range.clone()]);
            let sent = deal(context, Purpose::DealRandom, slot, local, 0, own);
            context.send_points(slot, sent);
            let keystream = &mut context.scratch.keystream;
            for dealer in &context.before {
                let points = &mut points[dealer.index()][range.clone()];
                draw(&context.keys, keystream, *dealer, slot, points);
            }
            parts += 1;
        }
        // Who we derive points for sends us its own, and the other way round.
        let senders = context.dealing.derived.clone();
        Self {
            turns,
            points,
            missing: vec![senders.len(); parts],
            arrivals: Arrivals::new(senders, parts),
        }
    }

    /// Takes the points that another party dealt for a turn; if they were the turn's last, its chunks.
    pub(super) fn receive(
        &mut self,
        from: Party,
        slot: Slot,
        payload: &[u8],
    ) -> Result<Option<Range<u32>>, Fault> {
        let turn = slot.part as usize;
        self.arrivals.note(from, slot, turn)?;
        let points = &mut self.points[from.index()];
        let start = turn * self.turns.chunk_len();
        let end = points.len().min(start + self.turns.chunk_len());
        let points = &mut points[start..end];
        check_length(from, slot, payload, points.len() * F::BYTES)?;
        decode_each(payload, |k, point| points[k] = point)
            .map_err(|index| Fault::NonCanonical { from, slot, index })?;
        self.missing[turn] -= 1;
        Ok((self.missing[turn] == 0).then(|| self.turns.parts_of(slot.part)))
    }

    pub(super) fn complete(&self) -> bool {
        self.arrivals.complete()
    }

    /// The parties that owe us points.
    pub(super) fn waiting_for(&self) -> Vec<Party> {
        self.arrivals.waiting_for().collect()
    }

    /// Our shares of the sum of all dealings, each times its dealer's coefficient, for a chunk whose
    /// turn is complete.
    pub(super) fn combine(&self, coefficients: &[F], part: u32, out: &mut [F]) {
        let start = self.turns.dealt_range(part).start;
        for (tile, out) in out.chunks_mut(TILE_LEN).enumerate() {
            let start = start + tile * TILE_LEN;
            let rows = self.points.iter();
            let rows: Vec<&[F]> = rows.map(|points| &points[start..][..out.len()]).collect();
            F::combine_rows(coefficients, &rows, out);
        }
    }

    /// Our shares of all random values, when everything is complete and turns have at most t + 1 chunks.
    pub(super) fn extract_all(&self, committee: Committee, out: &mut [F]) {
        for part in 0..self.turns.parts() as u32 {
            self.extract(committee, part, &mut out[self.turns.range(part)]);
        }
    }

    /// Our shares of the random values of a chunk, whose turn is complete and has at most t + 1 chunks.
    pub(super) fn extract(&self, committee: Committee, part: u32, out: &mut [F]) {
        let row = powers(committee, self.turns.row(part));
        self.combine(&row, part, out);
    }
}

/// The elements of a dealer's stream that it shares with us; ours are our random values themselves.
fn draw<F: PrimeField>(
    keys: &Keys<F>,
    keystream: &mut Keystream,
    dealer: Party,
    slot: Slot,
    out: &mut [F],
) {
    let prg = if dealer == keys.me {
        keys.own()
    } else {
        keys.pair(dealer)
    };
    let mut stream = prg.stream(Purpose::DealRandom(dealer), slot.op, slot.part);
    for tile in out.chunks_mut(TILE_LEN) {
        stream.fill(keystream, tile);
    }
}

/// A row of the Vandermonde matrix over the parties' points: their powers.
fn powers<F: PrimeField>(committee: Committee, exponent: usize) -> Vec<F> {
    let power = |point: F| (0..exponent).fold(F::ONE, |power, _| power * point);
    committee
        .parties()
        .map(|party| power(party.point()))
        .collect()
}

/// How t + 1 values, extracted from what everybody deals, are expanded to a mask for each king: by king, the
/// coefficients of what was dealt. A Vandermonde matrix after the other.
pub(super) fn expansion<F: PrimeField>(committee: Committee) -> Vec<Vec<F>> {
    let extracted: Vec<Vec<F>> = (0..=committee.degree())
        .map(|row| powers(committee, row))
        .collect();
    let mask = |king: usize| {
        let dealer = |dealer: usize| {
            let rows = extracted.iter();
            rows.map(|row| row[king] * row[dealer]).sum()
        };
        (0..committee.len()).map(dealer).collect()
    };
    (0..committee.len()).map(mask).collect()
}

/// Random values that nobody knows, as an operation of their own.
pub(super) struct RandomValues<F: PrimeField> {
    dealt: Dealt<F>,
}

impl<F: PrimeField> RandomValues<F> {
    pub(super) fn start(context: &mut Context<F>, op: u32, len: usize) -> Self {
        let turns = Turns::of_independent(context.committee, len, chunk_len::<F>());
        let dealt = Dealt::start(context, op, 0, turns);
        Self { dealt }
    }

    pub(super) fn receive(&mut self, from: Party, slot: Slot, payload: &[u8]) -> Result<(), Fault> {
        self.dealt.receive(from, slot, payload).map(|_| ())
    }

    pub(super) fn complete(&self) -> bool {
        self.dealt.complete()
    }

    pub(super) fn finish(self, committee: Committee) -> Shares<F> {
        let mut shares = Shares::zeros(self.dealt.turns.len());
        self.dealt.extract_all(committee, &mut shares);
        shares
    }

    pub(super) fn waiting_for(&self) -> Vec<Party> {
        self.dealt.waiting_for()
    }
}

#[cfg(test)]
mod tests {
    use enigma_field::{Field, M61};

    use super::*;
    use crate::message::CHUNK_LEN;
    use crate::testing::{TestRng, dealt_seeds, reconstruct};

    /// The rank of a matrix given by rows.
    fn rank(mut rows: Vec<Vec<M61>>) -> usize {
        let columns = rows.first().map_or(0, Vec::len);
        let mut rank = 0;
        for column in 0..columns {
            let Some(pivot) = (rank..rows.len()).find(|row| rows[*row][column] != M61::ZERO) else {
                continue;
            };
            rows.swap(rank, pivot);
            let inverse = rows[rank][column].inverse().expect("not zero");
            let (above, below) = rows.split_at_mut(rank + 1);
            for row in below {
                let factor = row[column] * inverse;
                M61::add_scaled_each(row, -factor, &above[rank]);
            }
            rank += 1;
        }
        rank
    }

    /// Sets of t of n parties: all, or some where there are many.
    fn corrupt_sets(committee: Committee, seed: u64) -> Vec<Vec<Party>> {
        let mut rng = TestRng::new(seed);
        let t = committee.degree();
        let draw = |_| {
            let mut parties: Vec<Party> = committee.parties().collect();
            while parties.len() > t {
                parties.swap_remove(rng.below(parties.len()));
            }
            parties
        };
        (0..100).map(draw).collect()
    }

    #[test]
    fn whatever_t_parties_deal_the_results_are_a_bijection_of_what_the_others_deal() {
        for n in [11, 21, 31] {
            let committee = Committee::new(n).expect("an odd size");
            let t = committee.degree();
            for corrupt in corrupt_sets(committee, 1) {
                let honest = committee.parties().filter(|party| !corrupt.contains(party));
                let honest: Vec<Party> = honest.collect();
                let row = |row| -> Vec<M61> {
                    let all = powers(committee, row);
                    honest.iter().map(|party| all[party.index()]).collect()
                };
                assert_eq!(rank((0..=t).map(row).collect()), t + 1);
            }
        }
    }

    #[test]
    fn the_masks_of_any_t_kings_are_independent_of_what_t_parties_deal() {
        for n in [11, 21, 31] {
            let committee = Committee::new(n).expect("an odd size");
            let t = committee.degree();
            let masks = expansion::<M61>(committee);
            for corrupt in corrupt_sets(committee, 2) {
                let of_honest = |king: &Party| -> Vec<M61> {
                    let coefficients = masks[king.index()].iter().copied();
                    let all = committee.parties().zip(coefficients);
                    let honest = all.filter(|(dealer, _)| !corrupt.contains(dealer));
                    honest.map(|(_, coefficient)| coefficient).collect()
                };
                assert_eq!(rank(corrupt.iter().map(of_honest).collect()), t);
                // All masks are not: that is why a king does not tell what it learns.
                let all = committee.parties().map(|king| of_honest(&king));
                assert_eq!(rank(all.collect()), t + 1);
            }
        }
    }

    #[test]
    fn what_is_dealt_is_the_dealers_own_word_at_degree_t_leave_its_value_open() {
        let committee = Committee::new(11).expect("an odd size");
        let seeds = dealt_seeds(committee, 3);
        let turns = Turns::of_independent(committee, 6 * 40, CHUNK_LEN);
        let mut sent = Vec::new();
        let mut dealt: Vec<(Context<M61>, Dealt<M61>)> = (committee.parties().zip(seeds))
            .map(|(party, seeds)| {
                let mut context = Context::new(committee, party, &seeds);
                let dealt = Dealt::start(&mut context, 4, 7, turns);
                while let Some(outgoing) = context.outbox.pop_front() {
                    sent.push((party, outgoing));
                }
                (context, dealt)
            })
            .collect();
        assert_eq!(sent.len(), committee.len() * committee.degree());
        for (from, outgoing) in sent {
            let (_, dealt) = &mut dealt[outgoing.to.index()];
            dealt
                .receive(from, outgoing.slot, &outgoing.payload)
                .expect("honest");
        }
        for dealer in committee.parties() {
            let points = dealt
                .iter()
                .map(|(_, dealt)| dealt.points[dealer.index()].clone());
            let values = reconstruct(committee, &points.collect::<Vec<_>>());
            // Of degree t, and the dealer's value is its own word times its Lagrange coefficient.
            let (context, _) = &mut dealt[dealer.index()];
            let slot = Slot {
                op: 4,
                step: 7,
                part: 0,
            };
            let mut words = vec![M61::ZERO; 40];
            draw(
                &context.keys,
                &mut Keystream::new(),
                dealer,
                slot,
                &mut words,
            );
            let lambda = committee.lambda::<M61>(dealer);
            assert!(
                values
                    .iter()
                    .zip(&words)
                    .all(|(value, word)| *value == lambda * *word)
            );
        }
    }
}
