//! Frames of operations that have not started here yet, and the numbers of those that have.
//!
//! A peer can be ahead, so its frames wait, up to a number of bytes for each peer; one that goes
//! beyond ends the session, without blame: others may have held this party back.

use std::collections::{BTreeMap, BTreeSet};

use enigma_field::Party;
use zeroize::Zeroizing;

use crate::fault::Fault;
use crate::message::Slot;

/// What a kept frame costs beside its payload: its place, its allocation, its part of the tree.
pub const FRAME_OVERHEAD_BYTES: usize = 256;

/// A frame that waits; it may hold shares.
type Frame = (Party, Slot, Zeroizing<Vec<u8>>);

pub(super) struct Early {
    limit: usize,
    /// Bytes kept, by party.
    kept: Vec<usize>,
    frames: BTreeMap<u32, Vec<Frame>>,
}

impl Early {
    pub(super) fn new(parties: usize, limit: usize) -> Self {
        Self {
            limit,
            kept: vec![0; parties],
            frames: BTreeMap::new(),
        }
    }

    pub(super) fn set_limit(&mut self, limit: usize) {
        self.limit = limit;
    }

    pub(super) fn keep(&mut self, from: Party, slot: Slot, payload: &[u8]) -> Result<(), Fault> {
        // No honest party sends an empty frame, and each kept frame has a cost of its own.
        if payload.is_empty() {
            return Err(Fault::Unexpected { from, slot });
        }
        let kept = &mut self.kept[from.index()];
        *kept += payload.len() + FRAME_OVERHEAD_BYTES;
        if *kept > self.limit {
            let limit = self.limit;
            return Err(Fault::EarlyOverflow { from, limit });
        }
        let frames = self.frames.entry(slot.op).or_default();
        frames.push((from, slot, Zeroizing::new(payload.to_vec())));
        Ok(())
    }

    /// The operation's frames, in the order in which they came.
    pub(super) fn take(&mut self, op: u32) -> Vec<Frame> {
        let frames = self.frames.remove(&op).unwrap_or_default();
        for (from, _, payload) in &frames {
            self.kept[from.index()] -= payload.len() + FRAME_OVERHEAD_BYTES;
        }
        frames
    }
}

/// The operation numbers used so far: all below a mark, and some above it.
#[derive(Default)]
pub(super) struct UsedOps {
    below: u64,
    above: BTreeSet<u32>,
}

impl UsedOps {
    pub(super) fn contains(&self, op: u32) -> bool {
        u64::from(op) < self.below || self.above.contains(&op)
    }

    /// Notes a number that was not used before.
    pub(super) fn insert(&mut self, op: u32) {
        self.above.insert(op);
        while self
            .above
            .first()
            .is_some_and(|first| u64::from(*first) == self.below)
        {
            self.above.pop_first();
            self.below += 1;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn used_numbers_are_remembered_in_any_order() {
        let mut used = UsedOps::default();
        for op in [3, 0, 2, 7, u32::MAX, 1] {
            assert!(!used.contains(op));
            used.insert(op);
            assert!(used.contains(op));
        }
        assert!((0..=3).all(|op| used.contains(op)));
        assert!(!used.contains(4) && !used.contains(u32::MAX - 1));
        assert_eq!(used.above.len(), 2);
    }
}
