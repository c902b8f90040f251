//! Agreement on what was opened cheaply (rule R4 of protocols C.5).
//!
//! Every party sends all others one digest over the values that the covered operations opened, and
//! compares. One round, 32 bytes to each. Digests are of values that all parties are meant to know,
//! so they reveal nothing. A difference ends the session; it does not tell who lied.

use std::collections::BTreeMap;

use enigma_field::{M61, Party};

use super::context::Context;
use crate::arrivals::{Arrivals, check_length};
use crate::fault::Fault;
use crate::message::Slot;

const CONTEXT: &str = "enigma mpc v1: agreement on openings";

pub(super) struct Agreement {
    digest: blake3::Hash,
    ops: Vec<u32>,
    arrivals: Arrivals,
}

impl Agreement {
    /// `opened`: the digest of each covered operation.
    pub(super) fn start(
        context: &mut Context,
        op: u32,
        opened: &BTreeMap<u32, blake3::Hash>,
    ) -> Self {
        let mut hasher = blake3::Hasher::new_derive_key(CONTEXT);
        hasher.update(&context.session.0).update(&op.to_le_bytes());
        for (covered, digest) in opened {
            hasher.update(&covered.to_le_bytes());
            hasher.update(digest.as_bytes());
        }
        let digest = hasher.finalize();
        let others: Vec<Party> = context.committee.others(context.me()).collect();
        let (step, part) = (0, 0);
        for to in &others {
            let payload = digest.as_bytes().to_vec();
            context.send(*to, Slot { op, step, part }, payload);
        }
        Self {
            digest,
            ops: opened.keys().copied().collect(),
            arrivals: Arrivals::new(others, 1),
        }
    }

    pub(super) fn receive(&mut self, from: Party, slot: Slot, payload: &[u8]) -> Result<(), Fault> {
        self.arrivals.note(from, slot, slot.part as usize)?;
        check_length(from, slot, payload, blake3::OUT_LEN)?;
        if self.digest == *payload {
            Ok(())
        } else {
            Err(Fault::Disagreement {
                op: slot.op,
                with: from,
            })
        }
    }

    pub(super) fn complete(&self) -> bool {
        self.arrivals.complete()
    }

    pub(super) fn into_ops(self) -> Vec<u32> {
        self.ops
    }

    pub(super) fn waiting_for(&self) -> Vec<Party> {
        self.arrivals.waiting_for().collect()
    }
}

/// The digest of a cheap opening's values.
pub(super) fn digest_of(values: &[M61]) -> blake3::Hash {
    let mut hasher = blake3::Hasher::new();
    for tile in values.chunks(512) {
        hasher.update(&enigma_field::encode_slice(tile));
    }
    hasher.finalize()
}
