//! Which frames of one step of an operation have arrived.

use enigma_field::Party;

use crate::fault::Fault;
use crate::message::Slot;

/// The frames expected: every part from every sender.
pub(crate) struct Arrivals {
    senders: Vec<Party>,
    parts: usize,
    seen: Vec<bool>,
    missing: usize,
}

impl Arrivals {
    pub(crate) fn new(senders: Vec<Party>, parts: usize) -> Self {
        let frames = senders.len() * parts;
        Self {
            senders,
            parts,
            seen: vec![false; frames],
            missing: frames,
        }
    }

    /// Notes a frame, which is number `part` of those expected from its sender. Its step was
    /// checked, its content not yet.
    pub(crate) fn note(&mut self, from: Party, slot: Slot, part: usize) -> Result<(), Fault> {
        let sender = self.senders.iter().position(|sender| *sender == from);
        let Some(sender) = sender.filter(|_| part < self.parts) else {
            return Err(Fault::Unexpected { from, slot });
        };
        let seen = &mut self.seen[sender * self.parts + part];
        if std::mem::replace(seen, true) {
            return Err(Fault::Duplicate { from, slot });
        }
        self.missing -= 1;
        Ok(())
    }

    pub(crate) fn complete(&self) -> bool {
        self.missing == 0
    }

    /// The senders of which a frame is missing.
    pub(crate) fn waiting_for(&self) -> impl Iterator<Item = Party> + '_ {
        let lacks = |(sender, party): (usize, &Party)| {
            let frames = &self.seen[sender * self.parts..][..self.parts];
            frames.contains(&false).then_some(*party)
        };
        self.senders.iter().enumerate().filter_map(lacks)
    }
}

/// Refuses a payload of another length.
pub(crate) fn check_length(
    from: Party,
    slot: Slot,
    payload: &[u8],
    expected: usize,
) -> Result<(), Fault> {
    if payload.len() == expected {
        Ok(())
    } else {
        Err(Fault::Length {
            from,
            slot,
            expected,
            found: payload.len(),
        })
    }
}
