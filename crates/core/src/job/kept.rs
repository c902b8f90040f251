//! What an instance's committee keeps beside the chain, which has its hashes: read before a run, and written by one that changes it.
//!
//! A run that depends on it is the only one of its instance, as with secrets ([`super::secrets`]). What the chain has the hash of is what
//! a run reads, whoever left it; what it writes is durable before anybody is told that it has ended.

use std::collections::BTreeMap;

use enigma_bytecode::model::Store;
use enigma_bytecode::plan::Effect;
use enigma_wire::effects::StatePlace;
use enigma_wire::output::PublicValue;

use super::effects::public;
use super::field::Columns;
use super::{Job, Phase};
use crate::kept::{current, encode, kept_key};
use crate::party::Shared;
use crate::seam::{Table, Write};

/// Most bytes that an instance keeps beside the chain, places included: all of it is read for a run that depends on some.
const KEPT_MAX_BYTES: usize = 16 << 20;

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
        self.kept = current(self.request.instance, &self.state, pairs);
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
                let key = key.as_ref().map(public);
                written.insert(StatePlace { slot, key, column }, public(value));
            }
        }
        let stays = self
            .kept
            .iter()
            .filter(|(place, _)| !written.contains_key(place));
        let bytes = stays
            .chain(&written)
            .map(|(at, value)| encode(at, value).len());
        let bytes: usize = bytes.sum();
        if !written.is_empty() && bytes > KEPT_MAX_BYTES {
            return Err(format!(
                "the instance would keep {bytes} bytes beside the chain; at most {KEPT_MAX_BYTES} are kept"
            ));
        }
        let write = |(place, value): (&StatePlace, &PublicValue)| Write::Put {
            table: Table::Kept,
            key: kept_key(self.request.instance, place, self.run.job),
            value: encode(place, value),
        };
        Ok(written.iter().map(write).collect())
    }
}
