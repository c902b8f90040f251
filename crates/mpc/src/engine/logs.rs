//! What went over the links of batches, kept for localisation (protocols D.3, D.4, S24).
//!
//! A disputed sum is halved until one element of one link is left, which the two ends then show. For that
//! each needs what it sent and got, place by place; points that come from generators can be computed anew.
//! The frames of a batch are needed as long as any value is in use whose shares were computed from
//! them, which the program knows and not the engine: it says when to forget them.
//!
//! Costs as much memory as the traffic of what is kept (16 bytes for each product of three parties), within a
//! limit. Logs are secrets: cleared when dropped, and never printed. They outlive a fault, which is what they
//! are for.

use std::collections::BTreeMap;

use enigma_field::Party;

use super::early::FRAME_OVERHEAD_BYTES;
use super::transcript::{Frame, LinkWay};
use crate::message::Slot;

/// The frames that a party sent and got for a batch's operations, and from the first coin to the last of its
/// verification.
#[derive(Default)]
pub struct LinkLog {
    frames: Vec<Frame>,
}

/// Logs of all batches that were closed and not forgotten.
pub(super) struct Logs {
    limit: usize,
    /// Bytes kept here, and in the frames of running operations.
    kept: usize,
    batches: BTreeMap<u32, LinkLog>,
}

impl LinkLog {
    /// The frames in the order of their places: which way, the other party, place and content.
    pub fn frames(&self) -> impl Iterator<Item = (LinkWay, Party, Slot, &[u8])> {
        let frames = self.frames.iter();
        frames.map(|frame| (frame.way, frame.other, frame.slot, frame.payload()))
    }
}

impl std::fmt::Debug for LinkLog {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "LinkLog({} frames, redacted)", self.frames.len())
    }
}

impl Logs {
    pub(super) fn new(limit: usize) -> Self {
        Self {
            limit,
            kept: 0,
            batches: BTreeMap::new(),
        }
    }

    /// The limit, if it is reached: what is being computed may still be noted, and nothing more.
    pub(super) fn full(&self) -> Option<usize> {
        (self.kept >= self.limit).then_some(self.limit)
    }

    /// Counts a frame that is kept from now on.
    pub(super) fn count(&mut self, bytes: usize) {
        self.kept += bytes + FRAME_OVERHEAD_BYTES;
    }

    /// Takes back a frame that is replaced.
    pub(super) fn uncount(&mut self, bytes: usize) {
        self.kept -= bytes + FRAME_OVERHEAD_BYTES;
    }

    /// Takes frames of a batch, in order.
    pub(super) fn keep(&mut self, batch: u32, frames: Vec<Frame>) {
        let log = self.batches.entry(batch).or_default();
        log.frames.extend(frames);
        log.frames.sort_unstable_by_key(|frame| frame.slot);
    }

    pub(super) fn of(&self, batch: u32) -> Option<&LinkLog> {
        self.batches.get(&batch)
    }

    pub(super) fn forget(&mut self, batch: u32) {
        let log = self.batches.remove(&batch).unwrap_or_default();
        for frame in &log.frames {
            self.uncount(frame.payload().len());
        }
    }
}
