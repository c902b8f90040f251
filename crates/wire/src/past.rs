//! What an instance had on the chain before it was replaced.

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::effects::StatePlace;
use crate::output::PublicValue;

/// Of each place what was there before, and until the end of which block; none where nothing had been written.
///
/// It only grows, at its end: what was there after a block that is over stays the same whoever looks, and when. Slots are shared, so that
/// a run that looks back copies none.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Past {
    slots: BTreeMap<u16, Arc<SlotPast>>,
}

type SlotPast = BTreeMap<StatePlace, Vec<Replaced>>;

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
        let slot = Arc::make_mut(self.slots.entry(place.slot).or_default());
        let of_place = slot.entry(place).or_default();
        // What was there during a block only is nowhere to be seen.
        if of_place.last().is_none_or(|last| last.in_block < in_block) {
            of_place.push(Replaced {
                in_block,
                value: before,
            });
        }
    }

    /// What was at a place after a block, where `now` is what is there.
    #[must_use]
    pub fn after<'a>(
        &'a self,
        block: u64,
        place: &StatePlace,
        now: Option<&'a PublicValue>,
    ) -> Option<&'a PublicValue> {
        let slot = self.slots.get(&place.slot);
        let replaced = slot
            .and_then(|slot| slot.get(place))
            .map_or(&[][..], Vec::as_slice);
        let later = replaced.partition_point(|replaced| replaced.in_block <= block);
        match replaced.get(later) {
            Some(replaced) => replaced.value.as_ref(),
            None => now,
        }
    }

    /// The past of these slots alone.
    #[must_use]
    pub fn of(&self, slots: impl IntoIterator<Item = u16>) -> Past {
        let shared = slots.into_iter().filter_map(|slot| {
            let past = self.slots.get(&slot)?;
            Some((slot, Arc::clone(past)))
        });
        Past {
            slots: shared.collect(),
        }
    }
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
        let found = (0..12).map(|block| match past.after(block, &place(0), Some(&now)) {
            Some(PublicValue::Number(number)) => *number,
            _ => 0,
        });
        let expected = [0, 0, 0, 0, 0, 10, 10, 30, 30, 40, 40, 40];
        assert_eq!(found.collect::<Vec<i64>>(), expected);
        // Elsewhere nothing has changed.
        assert_eq!(past.after(0, &place(1), Some(&now)), Some(&now));
        assert_eq!(past.after(0, &place(1), None), None);
        // What is taken along stays as it is.
        let taken = past.of([3, 4]);
        assert_eq!(taken, past);
        past.replace(12, place(0), Some(value(40)));
        assert_eq!(taken.after(11, &place(0), Some(&now)), Some(&now));
        assert_eq!(past.after(11, &place(0), None), Some(&now));
        assert_eq!(past.of([4]), Past::default());
    }
}
