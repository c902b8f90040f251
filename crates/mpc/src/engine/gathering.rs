//! What kings gather: for each chunk of a vector one party, the chunk's king, gets a term from everybody
//! and learns their sum. Kings rotate by chunk ([`crate::cost::king`]).

use enigma_field::{Party, PrimeField, Shares};

use super::context::Context;
use crate::arrivals::{Arrivals, check_length};
use crate::cost::king;
use crate::fault::Fault;
use crate::message::{Slot, chunks, decode_each, encode};

/// The sums of the chunks that we are king of.
pub(super) struct Gathering<F: PrimeField> {
    /// Frames of terms, by chunk of ours.
    arrivals: Arrivals,
    sums: Vec<Sum<F>>,
}

struct Sum<F: PrimeField> {
    /// Parties whose terms are missing, at first all.
    missing: usize,
    terms: Shares<F>,
}

impl<F: PrimeField> Gathering<F> {
    /// Of a vector of `len` elements in chunks of `chunk_len`.
    pub(super) fn new(context: &Context<F>, len: usize, chunk_len: usize) -> Self {
        let (committee, me) = (context.committee, context.me());
        let ours = chunks(len, chunk_len).filter(|(part, _)| king(committee, *part) == me);
        let sums: Vec<Sum<F>> = ours
            .map(|(_, range)| Sum {
                missing: committee.len(),
                terms: Shares::zeros(range.len()),
            })
            .collect();
        Self {
            arrivals: Arrivals::new(committee.others(me).collect(), sums.len()),
            sums,
        }
    }

    /// Our terms for a chunk, whose place is `slot`: sent to its king, or added to its sum. Once for each
    /// chunk; the sum, if all others' terms have come before.
    pub(super) fn give(
        &mut self,
        context: &mut Context<F>,
        slot: Slot,
        terms: &[F],
    ) -> Option<Shares<F>> {
        let king = king(context.committee, slot.part);
        if king != context.me() {
            context.send(king, slot, encode(terms.iter().copied()));
            return None;
        }
        let sum = &mut self.sums[slot.part as usize / context.committee.len()];
        F::add_each(&mut sum.terms, terms);
        sum.count()
    }

    /// Adds a party's terms for a chunk of ours; the sum, once they are the last.
    pub(super) fn receive(
        &mut self,
        context: &Context<F>,
        from: Party,
        slot: Slot,
        payload: &[u8],
    ) -> Result<Option<Shares<F>>, Fault> {
        // Every n-th chunk is ours.
        let place = slot.part as usize / context.committee.len();
        self.arrivals.note(from, slot, place)?;
        let sum = &mut self.sums[place];
        check_length(from, slot, payload, sum.terms.len() * F::BYTES)?;
        let terms = &mut sum.terms;
        decode_each(payload, |k, term| terms[k] += term).map_err(|index| Fault::NonCanonical {
            from,
            slot,
            index,
        })?;
        Ok(sum.count())
    }

    /// Parties that owe us terms; the kings of these chunks, which owe us answers, only if all terms are
    /// here, since a king may itself be waiting for the same silent party.
    pub(super) fn waiting_for(
        &self,
        context: &Context<F>,
        unanswered: impl Iterator<Item = u32>,
    ) -> Vec<Party> {
        let mut parties: Vec<Party> = self.arrivals.waiting_for().collect();
        if parties.is_empty() {
            parties = unanswered
                .map(|part| king(context.committee, part))
                .collect();
            parties.sort_unstable();
            parties.dedup();
        }
        parties
    }
}

impl<F: PrimeField> Sum<F> {
    /// Counts one party's terms; the sum, if they were the last.
    fn count(&mut self) -> Option<Shares<F>> {
        self.missing -= 1;
        (self.missing == 0).then(|| std::mem::take(&mut self.terms))
    }
}
