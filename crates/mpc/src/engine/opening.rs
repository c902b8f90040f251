//! Openings (protocols B.7, C.5).
//!
//! n = 2t+1 parties, t corrupt and malicious; synchronous private links. Every party sends its share
//! to all others, and each checks that all n shares lie on one polynomial of degree t before it uses
//! the value. One round; n-1 elements sent per value. The t+1 honest shares determine the polynomial,
//! so a value that passes is the one they hold, for every honest party.
//!
//! Opens to all parties. On abort the values must be taken as known to the adversary.

use enigma_field::shamir::Checker;
use enigma_field::{Party, PrimeField};

use super::context::Context;
use crate::arrivals::{Arrivals, check_length};
use crate::fault::Fault;
use crate::message::{Slot, chunk_count, chunk_len, chunk_range, chunks, decode_each, encode};

pub(super) struct FullOpening<F: PrimeField> {
    values: Vec<F>,
    chunks: Vec<Gathering<F>>,
    arrivals: Arrivals,
}

/// The shares of a chunk by all parties; emptied once the chunk is opened.
struct Gathering<F: PrimeField> {
    missing: usize,
    shares: Vec<Vec<F>>,
}

impl<F: PrimeField> FullOpening<F> {
    pub(super) fn start(context: &mut Context<F>, op: u32, shares: &[F]) -> Self {
        let others: Vec<Party> = context.committee.others(context.me()).collect();
        send_shares(context, op, shares, &others);
        let n = context.committee.len();
        let me = context.me();
        let gather = |(_, range): (u32, std::ops::Range<usize>)| {
            let mut columns = vec![Vec::new(); n];
            columns[me.index()] = shares[range].to_vec();
            Gathering {
                missing: others.len(),
                shares: columns,
            }
        };
        Self {
            values: vec![F::ZERO; shares.len()],
            chunks: chunks(shares.len(), chunk_len::<F>()).map(gather).collect(),
            arrivals: Arrivals::new(others.clone(), chunk_count(shares.len(), chunk_len::<F>())),
        }
    }

    pub(super) fn receive(
        &mut self,
        checker: &Checker<F>,
        from: Party,
        slot: Slot,
        payload: &[u8],
    ) -> Result<(), Fault> {
        self.arrivals.note(from, slot, slot.part as usize)?;
        let range = chunk_range(self.values.len(), chunk_len::<F>(), slot.part);
        check_length(from, slot, payload, range.len() * F::BYTES)?;
        let gathering = &mut self.chunks[slot.part as usize];
        let mut column = Vec::with_capacity(range.len());
        decode_each(payload, |_, share| column.push(share))
            .map_err(|index| Fault::NonCanonical { from, slot, index })?;
        gathering.shares[from.index()] = column;
        gathering.missing -= 1;
        if gathering.missing > 0 {
            return Ok(());
        }
        let columns = std::mem::take(&mut gathering.shares);
        let mut point = vec![F::ZERO; columns.len()];
        for (k, value) in self.values[range.clone()].iter_mut().enumerate() {
            for (share, column) in point.iter_mut().zip(&columns) {
                *share = column[k];
            }
            *value = checker
                .reconstruct(&point)
                .map_err(|_| Fault::Inconsistent {
                    op: slot.op,
                    index: range.start + k,
                })?;
        }
        Ok(())
    }

    pub(super) fn complete(&self) -> bool {
        self.arrivals.complete()
    }

    /// The values, once it is complete.
    pub(super) fn values(&self) -> &[F] {
        &self.values
    }

    pub(super) fn into_values(self) -> Vec<F> {
        self.values
    }

    pub(super) fn waiting_for(&self) -> Vec<Party> {
        self.arrivals.waiting_for().collect()
    }
}

fn send_shares<F: PrimeField>(
    context: &mut Context<F>,
    op: u32,
    shares: &[F],
    receivers: &[Party],
) {
    for (part, range) in chunks(shares.len(), chunk_len::<F>()) {
        let payload = encode(shares[range].iter().copied());
        for to in receivers {
            context.send(*to, Slot { op, step: 0, part }, payload.clone());
        }
    }
}
