//! What an instance's committee keeps beside the chain, which has its hashes: read before a run, and written by one that changes it.
//!
//! A run that depends on it is the only one of its instance, as with secrets ([`super::secrets`]). What the chain has the hash of is what
//! a run reads, whoever left it; what it writes is durable before anybody is told that it has ended.

use std::collections::BTreeMap;
use std::sync::Arc;

use enigma_bytecode::model::Store;
use enigma_bytecode::plan::Effect;
use enigma_bytecode::verify::VALUE_BYTES;
use enigma_wire::effects::StatePlace;
use enigma_wire::output::PublicValue;

use super::field::Columns;
use super::{Job, Phase};
use crate::kept::{current, encode, kept_key};
use crate::party::Shared;
use crate::seam::{Table, Write};

/// Most bytes that an instance keeps beside the chain, places included: all of it is read for a run that depends on some.
const KEPT_MAX_BYTES: u64 = 16 << 20;
impl Job {
    /// With secrets read, reads what is kept beside the chain, if the entry depends on that.
    pub(super) fn load_kept(&mut self, shared: &mut Shared, rows: Columns) {
        let entry = usize::from(self.request.entry);
        if !self.program.as_ref().is_some_and(|of| of.uses_dht(entry)) {
            return self.compare(shared, rows, Vec::new(), 0);
        }
        self.phase = Phase::Kept { rows };
        let instance = self.request.instance.0.to_vec();
        shared.load(self.pending(), Table::Kept, instance);
    }

    pub(super) fn on_kept(&mut self, shared: &mut Shared, pairs: &[(Vec<u8>, Vec<u8>)]) {
        let Phase::Kept { rows } = &mut self.phase else {
            return;
        };
        let rows = std::mem::take(rows);
        self.kept = Arc::new(current(self.request.instance, &self.state, pairs));
        let written = self.state.values.keys();
        let mut kept = written.filter(|place| self.is_kept(place.slot));
        if kept.all(|place| self.kept.contains_key(place)) {
            return self.compare(shared, rows, Vec::new(), 0);
        }
        let why = "this node no longer has all that the instance keeps beside the chain";
        self.refuse(shared, why.to_owned());
    }

    /// Whether a slot is kept beside the chain.
    pub(super) fn is_kept(&self, slot: u16) -> bool {
        let program = self.program.as_ref();
        program.is_some_and(|program| program.is_in(slot, Store::Dht))
    }

    /// What the member writes after a call that has these effects.
    ///
    /// # Errors
    /// In plain words, when it would be more than is kept of an instance.
    pub(super) fn kept_after(&self, ended: &[Effect]) -> Result<Vec<Write>, String> {
        let mut written: BTreeMap<StatePlace, PublicValue> = BTreeMap::new();
        for effect in ended {
            if let Effect::Store {
                slot,
                column,
                key,
                value,
            } = effect
                && self.is_kept(*slot)
            {
                let (slot, column) = (*slot, *column);
                let key = key.clone();
                written.insert(StatePlace { slot, key, column }, value.clone());
            }
        }
        let stays = self
            .kept
            .iter()
            .filter(|(place, _)| !written.contains_key(place));
        if !written.is_empty() {
            check_room(stays.chain(&written))?;
        }
        let write = |(place, value): (&StatePlace, &PublicValue)| Write::Put {
            table: Table::Kept,
            key: kept_key(self.request.instance, place, self.run.job),
            value: encode(place, value),
        };
        Ok(written.iter().map(write).collect())
    }
}

/// Whether there is room for all that an instance keeps.
fn check_room<'a>(
    kept: impl Iterator<Item = (&'a StatePlace, &'a PublicValue)>,
) -> Result<(), String> {
    let bytes = kept.map(|(place, value)| encode(place, value).len() as u64 + VALUE_BYTES);
    let bytes: u64 = bytes.sum();
    if bytes > KEPT_MAX_BYTES {
        return Err(format!(
            "the instance would keep {bytes} bytes beside the chain; at most {KEPT_MAX_BYTES} are kept"
        ));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn room(places: std::ops::Range<i64>, len: usize) -> Result<(), String> {
        let value = PublicValue::Bytes(vec![7; len]);
        let places = places.map(|key| StatePlace {
            slot: 1,
            key: Some(PublicValue::Number(key)),
            column: 0,
        });
        let places: Vec<StatePlace> = places.collect();
        check_room(places.iter().map(|place| (place, &value)))
    }

    /// One run reads all of it.
    #[test]
    fn there_is_room_for_so_much_in_all() {
        assert_eq!(room(0..278, 60_000), Ok(()));
        let all = room(0..280, 60_000);
        assert!(all.is_err_and(|why| why.ends_with("at most 16777216 are kept")));
        // What is short takes room, too.
        assert_eq!(room(0..80_000, 1), Ok(()));
        assert!(room(0..100_000, 1).is_err());
    }
}
