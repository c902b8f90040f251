//! What an instance had on the chain before it was replaced.

use std::collections::{BTreeMap, BTreeSet};
use std::hash::{DefaultHasher, Hash as _, Hasher as _};
use std::sync::Arc;

use crate::effects::StatePlace;
use crate::output::PublicValue;

/// Of each place what was there before, and until the end of which block; none where nothing had been written.
///
/// It only grows, at its end: what was there after a block that is over stays the same whoever looks, and when. It is kept in parts
/// that are shared: a run that looks back copies none, and what is written meanwhile copies one.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Past {
    /// By slot, and a hash of the place.
    parts: BTreeMap<(u16, u8), Arc<Part>>,
}

/// By place values in order of blocks, in chunks of [`CHUNK`].
type Part = BTreeMap<StatePlace, Vec<Arc<Vec<Replaced>>>>;

/// Values that are shared together.
const CHUNK: usize = 256;

/// A value that is no longer there.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Replaced {
    /// In which block another one took its place.
    in_block: u64,
    value: Option<PublicValue>,
}

impl Past {
    /// In this block something was written at a place. Blocks do not go back.
    pub fn replace(&mut self, in_block: u64, place: StatePlace, before: Option<PublicValue>) {
        let part = Arc::make_mut(self.parts.entry(part_of(&place)).or_default());
        let chunks = part.entry(place).or_default();
        let last = chunks.last().and_then(|chunk| chunk.last());
        // What was there during a block only is nowhere to be seen.
        if last.is_some_and(|last| last.in_block >= in_block) {
            return;
        }
        let replaced = Replaced {
            in_block,
            value: before,
        };
        match chunks.last_mut() {
            Some(chunk) if chunk.len() < CHUNK => Arc::make_mut(chunk).push(replaced),
            _ => chunks.push(Arc::new(vec![replaced])),
        }
    }

    /// What was at a place after a block, where `now` is what is there.
    pub fn after<'a>(
        &'a self,
        block: u64,
        place: &StatePlace,
        now: impl FnOnce() -> Option<&'a PublicValue>,
    ) -> Option<&'a PublicValue> {
        let part = self.parts.get(&part_of(place));
        let chunks = part
            .and_then(|part| part.get(place))
            .map_or(&[][..], Vec::as_slice);
        let is_over = |replaced: &Replaced| replaced.in_block <= block;
        let later = chunks.partition_point(|chunk| chunk.last().is_none_or(is_over));
        let later = chunks.get(later).and_then(|chunk| {
            let first = chunk.partition_point(is_over);
            chunk.get(first)
        });
        match later {
            Some(replaced) => replaced.value.as_ref(),
            None => now(),
        }
    }

    /// The past of these slots alone.
    #[must_use]
    pub fn of(&self, slots: &BTreeSet<u16>) -> Past {
        let own = self
            .parts
            .iter()
            .filter(|((slot, _), _)| slots.contains(slot));
        let shared = own.map(|(at, part)| (*at, Arc::clone(part)));
        Past {
            parts: shared.collect(),
        }
    }
}

/// In which part a place is: alike for equal places, in one process.
fn part_of(place: &StatePlace) -> (u16, u8) {
    let mut hasher = DefaultHasher::new();
    place.hash(&mut hasher);
    let [byte, ..] = hasher.finish().to_le_bytes();
    (place.slot, byte)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn after_each_block_there_is_what_was_written_last() {
        let place = |column| StatePlace {
            slot: 3,
            key: None,
            column,
        };
        let value = PublicValue::Number;
        let mut past = Past::default();
        // Block 5 writes 10; block 7 writes 20, then 30; block 9 writes 40.
        past.replace(5, place(0), None);
        past.replace(7, place(0), Some(value(10)));
        past.replace(7, place(0), Some(value(20)));
        past.replace(9, place(0), Some(value(30)));
        let now = value(40);
        let found = (0..12).map(|block| match past.after(block, &place(0), || Some(&now)) {
            Some(PublicValue::Number(number)) => *number,
            _ => 0,
        });
        let expected = [0, 0, 0, 0, 0, 10, 10, 30, 30, 40, 40, 40];
        assert_eq!(found.collect::<Vec<i64>>(), expected);
        // Elsewhere nothing has changed.
        assert_eq!(past.after(0, &place(1), || Some(&now)), Some(&now));
        assert_eq!(past.after(0, &place(1), || None), None);
        // What is taken along stays as it is.
        let taken = past.of(&[3, 4].into());
        assert_eq!(taken, past);
        past.replace(12, place(0), Some(value(40)));
        assert_eq!(taken.after(11, &place(0), || Some(&now)), Some(&now));
        assert_eq!(past.after(11, &place(0), || None), Some(&now));
        assert_eq!(past.of(&[4].into()), Past::default());
    }

    /// More than is shared together, with a copy that looks on meanwhile.
    #[test]
    fn a_long_past_is_found_like_a_short_one() {
        let place = StatePlace {
            slot: 0,
            key: Some(PublicValue::Number(7)),
            column: 1,
        };
        let (mut past, mut copies) = (Past::default(), Vec::new());
        // In block 2k the value k was replaced.
        for k in 0..3 * CHUNK as u64 + 5 {
            let value = i64::try_from(k).expect("small");
            past.replace(2 * k, place.clone(), Some(PublicValue::Number(value)));
            if k % 100 == 0 {
                copies.push((2 * k, past.clone()));
            }
        }
        let now = PublicValue::Number(-1);
        let last = 2 * (3 * CHUNK as u64 + 4);
        for block in 0..last + 4 {
            let value = i64::try_from(block / 2 + 1).expect("small");
            let expected = PublicValue::Number(if block < last { value } else { -1 });
            assert_eq!(past.after(block, &place, || Some(&now)), Some(&expected));
            for (until, copy) in &copies {
                let expected = if block < *until { &expected } else { &now };
                assert_eq!(copy.after(block, &place, || Some(&now)), Some(expected));
            }
        }
    }
}
