//! What has ever been put into the secret slots.

use super::set::{Origin, Set};
use super::value::Value;
use super::walk;
use crate::model::{Contract, Op, Source, Store};
use crate::ranges::Ranges;

/// What one entry stores, another may read and store on. So often all entries are walked through; whatever still
/// changes then counts as holding everything, so that the time stays linear.
const MOST_PASSES: usize = 6;

/// How the values in one slot depend on their sources.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Mixes {
    pub(super) aggregate: bool,
    pub(super) hidden: bool,
    pub(super) bit: bool,
    pub(super) member: bool,
    pub(super) row: bool,
}

impl Mixes {
    const ALL: Mixes = Mixes {
        aggregate: true,
        hidden: true,
        bit: true,
        member: true,
        row: true,
    };

    /// Of all sources of a value. `to`: an accumulator to which it is added, which holds sums of what callers contribute. Where anything
    /// but their own data has a say, nobody knows whose contributions are in the sum; nor where what it holds itself has one, which could
    /// take it out again.
    fn of(value: &Value, to: Option<u16>) -> Mixes {
        let rows = value.row.or(value.aligned).or(value.joined);
        let (mut contributed, mut others, mut itself) = (Set::default(), false, false);
        for origin in value.present.iter().filter(|_| to.is_some()) {
            match origin {
                Origin::Source(Source::Param(_)) => contributed.add(Set::of(origin)),
                Origin::Source(Source::Slot(slot)) if Some(slot) == to => itself = true,
                Origin::Source(_) | Origin::Strange => others = true,
                Origin::Random => {}
            }
        }
        let chosen = itself || others && !contributed.is_empty();
        Mixes {
            aggregate: !value.aggregate.or(contributed).is_empty(),
            hidden: chosen || !value.hidden.is_empty(),
            bit: !value.bit.without(contributed).is_empty(),
            member: !value.member.is_empty(),
            row: !rows.without(contributed).is_empty(),
        }
    }

    fn or(self, other: Mixes) -> Mixes {
        Mixes {
            aggregate: self.aggregate || other.aggregate,
            hidden: self.hidden || other.hidden,
            bit: self.bit || other.bit,
            member: self.member || other.member,
            row: self.row || other.row,
        }
    }
}

/// The mixes of each slot.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Stored(Vec<Mixes>);

impl Stored {
    /// After any number of calls of all entries.
    pub(super) fn by_all(contract: &Contract, ranges: &[Ranges]) -> Stored {
        let mut stored = Stored(vec![Mixes::default(); contract.slots.len()]);
        if !(contract.slots.iter()).any(|slot| slot.store == Store::Secret) {
            return stored;
        }
        for _ in 0..MOST_PASSES {
            let next = stored.after_all(contract, ranges);
            if next == stored {
                return stored;
            }
            stored = next;
        }
        Stored(vec![Mixes::ALL; contract.slots.len()])
    }

    fn after_all(&self, contract: &Contract, ranges: &[Ranges]) -> Stored {
        let mut next = self.clone();
        for (entry, ranges) in contract.entries.iter().zip(ranges) {
            let values = walk::values(contract, entry, ranges, self);
            for op in &entry.code {
                let (slot, src, to) = match *op {
                    Op::StoreSecret { slot, src, .. } => (slot, src, None),
                    Op::Accumulate { slot, src, .. } => (slot, src, Some(slot)),
                    _ => continue,
                };
                let value = values.get(usize::from(src.0)).cloned();
                let mixes = Mixes::of(&value.unwrap_or_default().settled(), to);
                if let Some(own) = next.0.get_mut(usize::from(slot)) {
                    *own = own.or(mixes);
                }
            }
        }
        next
    }

    /// What is in a slot.
    pub(super) fn of(&self, slot: u16) -> Mixes {
        let mixes = self.0.get(usize::from(slot)).copied();
        mixes.unwrap_or(Mixes::ALL)
    }
}
