//! Openings (protocols B.7, C.5).
//!
//! n = 2t+1 parties, t corrupt and malicious; synchronous private links. Every party sends its share
//! to all others, and each checks that all n shares lie on one polynomial of degree t before it uses
//! the value. One round; n-1 elements sent per value. The t+1 honest shares determine the polynomial,
//! so a value that passes is the one they hold, for every honest party.
//!
//! Opens to all parties. On abort the values must be taken as known to the adversary.

use enigma_field::shamir::Checker;
use enigma_field::{M61, Party};

use super::context::Context;
use crate::arrivals::{Arrivals, check_length};
use crate::fault::Fault;
use crate::message::{CHUNK_LEN, Slot, chunk_count, chunk_range, chunks, decode_each, encode};

pub(super) struct FullOpening {
    values: Vec<M61>,
    chunks: Vec<Gathering>,
    arrivals: Arrivals,
}

/// The shares of a chunk by all parties; emptied once the chunk is opened.
struct Gathering {
    missing: usize,
    shares: Vec<Vec<M61>>,
}

impl FullOpening {
    pub(super) fn start(context: &mut Context, op: u32, shares: &[M61]) -> Self {
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
            values: vec![M61::ZERO; shares.len()],
            chunks: chunks(shares.len(), CHUNK_LEN).map(gather).collect(),
            arrivals: Arrivals::new(others.clone(), chunk_count(shares.len(), CHUNK_LEN)),
        }
    }

    pub(super) fn receive(
        &mut self,
        checker: &Checker<M61>,
        from: Party,
        slot: Slot,
        payload: &[u8],
    ) -> Result<(), Fault> {
        self.arrivals.note(from, slot, slot.part as usize)?;
        let range = chunk_range(self.values.len(), CHUNK_LEN, slot.part);
        check_length(from, slot, payload, range.len() * M61::BYTES)?;
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
        let mut point = vec![M61::ZERO; columns.len()];
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
    pub(super) fn values(&self) -> &[M61] {
        &self.values
    }

    pub(super) fn into_values(self) -> Vec<M61> {
        self.values
    }

    pub(super) fn waiting_for(&self) -> Vec<Party> {
        self.arrivals.waiting_for().collect()
    }
}

fn send_shares(context: &mut Context, op: u32, shares: &[M61], receivers: &[Party]) {
    for (part, range) in chunks(shares.len(), CHUNK_LEN) {
        let payload = encode(shares[range].iter().copied());
        for to in receivers {
            context.send(*to, Slot { op, step: 0, part }, payload.clone());
        }
    }
}
