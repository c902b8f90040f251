//! A corrupt party's edits at work: between its honest code and the network.

use std::collections::BTreeMap;

use enigma_field::{M61, Party, PrimeField, Shares};

use crate::adversary::{Action, Adversary, Direction, Mutation};
use crate::draw::Draw;
use crate::node::Frame;
use crate::schedule::{Kind, Schedule};

/// How much later a message comes that is held back, in ticks: longer than a short run.
const LATE: u64 = 3000;

/// The edits of one corrupt party.
pub(crate) struct Corrupt<'a, F: PrimeField> {
    schedule: &'a Schedule,
    edits: Vec<Edit<'a, F>>,
}

struct Edit<'a, F: PrimeField> {
    /// Its number in the adversary.
    number: usize,
    mutation: &'a Mutation,
    /// What is added to an element.
    summand: F,
    /// Messages kept until the link's next one, by the link's other end.
    kept: BTreeMap<Party, Frame>,
    crashed: bool,
    done: bool,
}

impl<'a, F: PrimeField> Corrupt<'a, F> {
    /// The edits of a party; none for one that is honest.
    pub(crate) fn new(
        adversary: &'a Adversary,
        schedule: &'a Schedule,
        party: Party,
        seed: u64,
    ) -> Option<Corrupt<'a, F>> {
        let me = party.number();
        let edit = |(number, mutation): (usize, &'a Mutation)| {
            // Colluders draw the same number.
            let mut draw = Draw::new(seed, &format!("edit {number}"));
            let summand = F::from_u64(1 + draw.below(M61::MODULUS - 1));
            let summand = match (mutation.party == me, mutation.partner == Some(me)) {
                (true, _) => summand,
                (false, true) => -summand,
                (false, false) => return None,
            };
            Some(Edit {
                number,
                mutation,
                summand,
                kept: BTreeMap::new(),
                crashed: false,
                done: false,
            })
        };
        let edits: Vec<Edit<'a, F>> = adversary
            .mutations
            .iter()
            .enumerate()
            .filter_map(edit)
            .collect();
        adversary
            .parties()
            .contains(&me)
            .then_some(Corrupt { schedule, edits })
    }

    /// Lies about the party's own shares of all rows, one collection and column after the other.
    pub(crate) fn edit_rows(&mut self, rows: &mut [Vec<Shares<F>>]) {
        for edit in &mut self.edits {
            if edit.mutation.kind != Kind::Input {
                continue;
            }
            let mut all: Vec<&mut F> = rows
                .iter_mut()
                .flatten()
                .flat_map(|shares| shares.iter_mut())
                .collect();
            let count = all.len().max(1);
            if let Some(share) = all.get_mut(edit.mutation.element as usize % count) {
                **share = edited(**share, edit.mutation.action, edit.summand);
                edit.done = true;
            }
        }
    }

    /// What leaves in place of a message, and how much later each leaves.
    pub(crate) fn says(&mut self, to: Party, frame: Frame) -> Vec<(Frame, u64)> {
        self.pass(Direction::Out, to, frame)
    }

    /// What the party hears in place of a message.
    pub(crate) fn hears(&mut self, from: Party, frame: Frame) -> Vec<Frame> {
        let heard = self.pass(Direction::In, from, frame).into_iter();
        heard.map(|(frame, _)| frame).collect()
    }

    /// The numbers of the edits that met their message.
    pub(crate) fn done(&self) -> impl Iterator<Item = usize> + '_ {
        let done = self.edits.iter().filter(|edit| edit.done);
        done.map(|edit| edit.number)
    }

    fn pass(&mut self, direction: Direction, other: Party, frame: Frame) -> Vec<(Frame, u64)> {
        let schedule = self.schedule;
        let edits = self.edits.iter_mut();
        let edits = edits.filter(|edit| edit.mutation.direction == direction);
        edits.fold(vec![(frame, 0)], |frames, edit| {
            let frames = frames.into_iter();
            frames
                .flat_map(|(frame, late)| {
                    let edited = edit.pass(schedule, other, frame);
                    edited
                        .into_iter()
                        .map(move |(frame, more)| (frame, late + more))
                })
                .collect()
        })
    }
}

impl<F: PrimeField> Edit<'_, F> {
    fn pass(&mut self, schedule: &Schedule, other: Party, mut frame: Frame) -> Vec<(Frame, u64)> {
        if self.crashed {
            return Vec::new();
        }
        // Elements in place of a set-up's message would be judged by their first byte: how a run ends would
        // depend on shares, which are uniform, but not the same with other values.
        let of_one_phase =
            |kept: &Frame| std::mem::discriminant(kept) == std::mem::discriminant(&frame);
        if self.kept.get(&other).is_some_and(of_one_phase)
            && let Some(mut kept) = self.kept.remove(&other)
        {
            std::mem::swap(kept.payload_mut(), frame.payload_mut());
            return vec![(kept, 0), (frame, 0)];
        }
        if !self.aims_at(schedule, other, &frame) {
            return vec![(frame, 0)];
        }
        self.done = true;
        let Mutation {
            action,
            kind,
            element,
            ..
        } = *self.mutation;
        match action {
            Action::Drop => Vec::new(),
            Action::Crash => {
                self.crashed = true;
                Vec::new()
            }
            Action::Swap => {
                self.kept.insert(other, frame);
                Vec::new()
            }
            Action::Misplace => {
                if let Frame::Compute(slot, _) = &mut frame {
                    match element % 3 {
                        0 => slot.part = slot.part.wrapping_add(1),
                        1 => slot.step = slot.step.wrapping_add(1),
                        _ => slot.op = slot.op.wrapping_add(1),
                    }
                }
                vec![(frame, 0)]
            }
            Action::Repeat => vec![(frame.clone(), 0), (frame, 0)],
            Action::Replay => vec![(frame.clone(), 0), (frame, LATE)],
            Action::Delay => vec![(frame, LATE)],
            _ => {
                let summand = match action {
                    Action::Equivocate => self.summand * other.point(),
                    _ => self.summand,
                };
                edit_payload(frame.payload_mut(), kind, action, element, summand);
                vec![(frame, 0)]
            }
        }
    }

    fn aims_at(&self, schedule: &Schedule, other: Party, frame: &Frame) -> bool {
        let mutation = self.mutation;
        if mutation.other.is_some_and(|aimed| aimed != other.number()) {
            return false;
        }
        // Summands cancel only where both colluders send one.
        let colluders = [Some(mutation.party), mutation.partner];
        let sends = |from: u8| schedule.sends(from, other, mutation.kind);
        if mutation.action == Action::Cancel && !colluders.into_iter().flatten().all(sends) {
            return false;
        }
        match frame {
            Frame::Setup(_) => frame.setup_kind() == Some(mutation.kind),
            Frame::Compute(slot, _) => {
                schedule.place(mutation.kind, mutation.number) == Some(*slot)
                    && schedule.kind(*slot) == Some(mutation.kind)
            }
        }
    }
}

fn edit_payload<F: PrimeField>(
    payload: &mut Vec<u8>,
    kind: Kind,
    action: Action,
    element: u32,
    summand: F,
) {
    let element = element as usize;
    let unit = match kind.has_elements() {
        true => F::BYTES,
        false => 1,
    };
    match action {
        Action::Truncate => payload.truncate(payload.len().saturating_sub(unit)),
        Action::Extend => payload.extend(vec![0; unit]),
        Action::Flip if !payload.is_empty() => {
            let bit = element % (8 * payload.len());
            payload[bit / 8] ^= 1 << (bit % 8);
        }
        Action::Noncanonical => {
            let start = place::<F>(payload.len(), kind, element) * unit;
            let end = payload.len().min(start + F::BYTES);
            payload[start..end].fill(0xff);
        }
        _ if !kind.has_elements() => {
            let place = place::<F>(payload.len(), kind, element);
            if let Some(byte) = payload.get_mut(place) {
                *byte = match action {
                    Action::Zero => 0,
                    Action::Negate => !*byte,
                    // Not zero modulo 256, and different for receivers that are told different things.
                    _ => byte.wrapping_add(1 + (summand.to_u128() % 255) as u8),
                };
            }
        }
        _ => {
            let place = place::<F>(payload.len(), kind, element);
            if let Some(word) = payload.chunks_exact_mut(F::BYTES).nth(place) {
                // An element of the field of 2^128 elements, or half of one, may be any word: it changes as well.
                edited(element_of::<F>(word), action, summand).put(word);
            }
        }
    }
}

/// The element that little-endian bytes stand for, whatever they are.
fn element_of<F: PrimeField>(bytes: &[u8]) -> F {
    let half = F::from_u64(1 << 32);
    let words = bytes.chunks_exact(8).rev().map(|word| {
        let word = word.first_chunk().expect("eight bytes");
        F::from_i128(u64::from_le_bytes(*word).into())
    });
    words.fold(F::ZERO, |sum, word| sum * half * half + word)
}

/// Which element of a message is meant.
fn place<F: PrimeField>(payload_len: usize, kind: Kind, element: usize) -> usize {
    let elements = match kind {
        // Shares of f, g and h, of 16 bytes each; a signature follows.
        Kind::CheckOpening => 48 / F::BYTES,
        _ if kind.has_elements() => payload_len / F::BYTES,
        _ => payload_len,
    };
    element % elements.max(1)
}

fn edited<F: PrimeField>(value: F, action: Action, summand: F) -> F {
    match action {
        Action::Zero => F::ZERO,
        Action::Negate => -value,
        _ => value + summand,
    }
}
