//! What kings gather: for each chunk of a vector one party, the chunk's king, gets a term from everybody
//! and learns their sum. Kings rotate by chunk ([`crate::cost::king`]).

use enigma_field::{Party, PrimeField, Shares};

use super::context::Context;
use crate::arrivals::{Arrivals, check_length};
use crate::cost::king;
use crate::fault::Fault;
use crate::message::{Slot, decode_each, encode};

/// The sums of the chunks that we are king of.
pub(super) struct Gathering<F: PrimeField> {
    /// Frames of terms, by chunk of ours.
    arrivals: Arrivals,
    sums: Vec<Sum<F>>,
}

struct Sum<F: PrimeField> {
    /// Parties whose terms are missing.
    missing: usize,
    terms: Shares<F>,
}

impl<F: PrimeField> Gathering<F> {
    /// Of a vector of so many chunks.
    pub(super) fn new(context: &Context<F>, parts: usize) -> Self {
        let (committee, me) = (context.committee, context.me());
        let ours = (0..parts as u32).filter(|part| king(committee, *part) == me);
        Self {
            arrivals: Arrivals::new(committee.others(me).collect(), ours.count()),
            sums: Vec::new(),
        }
    }

    /// Our terms for the next chunk, whose place is `slot`: sent to its king, or the first of its sum.
    pub(super) fn give(&mut self, context: &mut Context<F>, slot: Slot, terms: &[F]) {
        let king = king(context.committee, slot.part);
        if king == context.me() {
            self.sums.push(Sum {
                missing: context.committee.len() - 1,
                terms: Shares::from(terms.to_vec()),
            });
        } else {
            context.send(king, slot, encode(terms.iter().copied()));
        }
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
        sum.missing -= 1;
        Ok((sum.missing == 0).then(|| std::mem::take(&mut sum.terms)))
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
