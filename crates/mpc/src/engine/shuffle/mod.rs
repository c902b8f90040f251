//! The secret shuffle: rows in an order that no t parties know (Laur-Willemson-Zhang 11 by resharing;
//! protocols F.8), and back.
//!
//! n = 2t+1 parties, n at most 7, t corrupt and malicious, up to errors that verification finds;
//! synchronous private links. One phase for each subset A of t+1 parties, one after the other: C(n, t)
//! rounds, one less forth among three. Each party sends C(2t, t) t elements for each row and column: 2, 12 or 60.
//!
//! In the phase of A the shares of its members, times their Lagrange coefficients for A at 0, are an
//! additive sharing. Every member permutes its part by a permutation drawn from the seed of A, and
//! deals it to all n as it deals products; new shares are the sums of the dealings. Whichever t parties
//! are corrupt, one subset has none of them, so that the product of all permutations is uniform to
//! them. Points received are uniform to any t parties: the phases show nothing, also on abort.
//!
//! A corrupt member can add to the phase's result an error that it knows and nothing else, as with
//! products (protocols B.6); another permutation is such an error. What each phase claims is verified
//! with its batch: see [`claim`]. Going back takes the same permutations inverted, in reverse order,
//! with dealings of its own. Whoever opens a value both before and after a shuffle opens its
//! permutation: what is opened is for the caller to choose, as everywhere.

mod claim;
mod permutation;
#[cfg(test)]
mod tests;

use enigma_field::interpolation::{PartySet, lagrange_at, prss_subsets};
use enigma_field::{Party, PrimeField, Shares};

pub(super) use self::claim::Shuffled;
use self::claim::{Known, Phase};
use self::permutation::Permutation;
use super::context::Context;
use super::dealing::deal_step;
use crate::arrivals::{Arrivals, check_length};
use crate::fault::Fault;
use crate::message::{Slot, chunk_count, chunk_len, chunk_range, decode_each};
use crate::wires::{Sources, Wires};

/// The largest committee that shuffles: 35 phases.
pub const MAX_SHUFFLE_PARTIES: u8 = 7;

/// Most elements of a shuffle, all columns together.
pub(super) const MAX_SHUFFLE_LEN: usize = 1 << 31;

/// Which way rows go.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Way {
    Forth,
    /// Back to where the shuffle of this number took them from.
    Back {
        of: u32,
    },
}

/// One party's side of a shuffle.
pub(super) struct Shuffling<F: PrimeField> {
    op: u32,
    rows: usize,
    columns: Vec<Wires<F>>,
    /// Of all elements of `columns` and of what is made of them.
    sources: Sources,
    phases: Vec<Running<F>>,
    /// The phase whose dealings are awaited.
    current: usize,
}

/// A phase and what has come of it.
struct Running<F: PrimeField> {
    members: PartySet,
    /// If we are one of them.
    mine: Option<Mine<F>>,
    /// Our shares of the result, column by column, as far as they are known. Nothing before the first
    /// points.
    sum: Shares<F>,
    arrivals: Arrivals,
}

struct Mine<F: PrimeField> {
    known: Known<F>,
    /// What our share is multiplied with, beside our Lagrange coefficient over all parties.
    scale: F,
}

impl<F: PrimeField> Shuffling<F> {
    /// Begins: deals the first phase. `columns` have one length; `sources` are theirs and the batch.
    pub(super) fn start(
        context: &mut Context<F>,
        op: u32,
        way: Way,
        columns: Vec<Wires<F>>,
        sources: Sources,
    ) -> Self {
        let rows = columns.first().map_or(0, |column| column.len());
        let mut shuffling = Self {
            op,
            rows,
            phases: phases(context, op, way, rows, rows * columns.len()),
            columns,
            sources,
            current: 0,
        };
        shuffling.deal(context);
        shuffling.advance(context);
        shuffling
    }

    /// Adds a chunk of a member's dealing, which may come before its phase.
    pub(super) fn receive(
        &mut self,
        context: &mut Context<F>,
        from: Party,
        slot: Slot,
        payload: &[u8],
    ) -> Result<(), Fault> {
        let len = self.len();
        let Some(phase) = self.phases.get_mut(usize::from(slot.step)) else {
            return Err(Fault::Unexpected { from, slot });
        };
        phase.arrivals.note(from, slot, slot.part as usize)?;
        let range = chunk_range(len, chunk_len::<F>(), slot.part);
        check_length(from, slot, payload, range.len() * F::BYTES)?;
        let chunk = &mut phase.sum(len)[range];
        decode_each(payload, |k, point| chunk[k] += point)
            .map_err(|index| Fault::NonCanonical { from, slot, index })?;
        self.advance(context);
        Ok(())
    }

    pub(super) fn complete(&self) -> bool {
        self.current == self.phases.len()
    }

    /// What all phases claim, the result among it.
    pub(super) fn finish(self) -> Shuffled<F> {
        let phases = self.phases.into_iter().map(|phase| Phase {
            known: phase.mine.map(|mine| mine.known),
            result: Wires::new(phase.sum, self.sources.clone()),
        });
        Shuffled {
            rows: self.rows,
            columns: self.columns,
            phases: phases.collect(),
        }
    }

    pub(super) fn waiting_for(&self) -> Vec<Party> {
        let phase = self.phases.get(self.current);
        phase.map_or_else(Vec::new, |phase| phase.arrivals.waiting_for().collect())
    }

    fn len(&self) -> usize {
        self.rows * self.columns.len()
    }

    /// Goes on to the first phase that lacks dealings.
    fn advance(&mut self, context: &mut Context<F>) {
        while self.phases[self.current].arrivals.complete() {
            self.current += 1;
            if self.complete() {
                return;
            }
            self.deal(context);
        }
    }

    /// Deals our part of the current phase, if we have one, and adds all points that need no message.
    fn deal(&mut self, context: &mut Context<F>) {
        let len = self.len();
        let (done, rest) = self.phases.split_at_mut(self.current);
        let phase = &mut rest[0];
        let parts = phase.mine.as_ref().map(|mine| {
            let mut parts = Vec::with_capacity(len);
            let mut take = |column: &[F]| {
                let rows = mine.known.permutation.rows();
                parts.extend(rows.map(|row| mine.scale * column[row]));
            };
            match done.last() {
                None => self.columns.iter().for_each(|column| take(column)),
                Some(before) => before.sum.chunks(self.rows.max(1)).for_each(take),
            }
            Shares::from(parts)
        });
        let (members, place) = (phase.members, (self.op, self.current as u8));
        deal_step(context, place, members, parts.as_deref(), phase.sum(len));
    }
}

impl<F: PrimeField> Running<F> {
    fn sum(&mut self, len: usize) -> &mut [F] {
        if self.sum.len() != len {
            self.sum = Shares::zeros(len);
        }
        &mut self.sum
    }
}

/// The phases in order, the last subset's first, with what we know of each.
fn phases<F: PrimeField>(
    context: &mut Context<F>,
    op: u32,
    way: Way,
    rows: usize,
    len: usize,
) -> Vec<Running<F>> {
    let committee = context.committee;
    let me = context.me();
    let lambda: F = committee.lambda(me);
    let to_subset = lambda.inverse().expect("Lagrange coefficients are not 0");
    let subsets = prss_subsets(&committee).expect("starting refused larger committees");
    let mut seeds = context.keys.subsets().iter();
    let phase = |members: PartySet| {
        let mine = members.contains(me).then(|| {
            let (prg, share) = seeds.next().expect("seeds are in the order of the subsets");
            let keystream = &mut context.scratch.keystream;
            let permutation = match way {
                Way::Forth => Permutation::draw(prg, op, rows, keystream),
                Way::Back { of } => Permutation::draw(prg, of, rows, keystream).inverse(),
            };
            Mine {
                known: Known {
                    permutation,
                    share: *share,
                },
                scale: lagrange_of::<F>(members, me) * to_subset,
            }
        });
        // Who we derive points for sends us its own, and the other way round.
        let derived = context.dealing.derived.iter().copied();
        let senders = derived.filter(|party| members.contains(*party)).collect();
        Running {
            members,
            mine,
            sum: Shares::default(),
            arrivals: Arrivals::new(senders, chunk_count(len, chunk_len::<F>())),
        }
    };
    let mut phases: Vec<Running<F>> = subsets.into_iter().map(phase).collect();
    // Any order would do. This one takes three parties 2 rounds, the other one 3: who is no member of a
    // phase waits for some of its dealers only.
    if way == Way::Forth {
        phases.reverse();
    }
    phases
}

/// A member's Lagrange coefficient at 0 over the members alone.
fn lagrange_of<F: PrimeField>(members: PartySet, me: Party) -> F {
    let points: Vec<F> = members.members().map(|party| party.point()).collect();
    let all = lagrange_at(&points, F::ZERO).expect("points of parties are distinct");
    let place = members.members().position(|party| party == me);
    all[place.expect("we are a member")]
}
