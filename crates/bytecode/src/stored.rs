//! What an instance has stored on the chain, as runs read it.

use std::collections::BTreeMap;

use enigma_wire::effects::InstanceState;
use enigma_wire::output::PublicValue;

use crate::model::{Contract, Known};

/// What is stored, by slot and key: all columns.
pub type Stored = BTreeMap<(u16, Option<Known>), Vec<Known>>;

/// What an instance has stored: where a column was never written it has its initial value.
#[must_use]
pub fn stored(contract: &Contract, state: &InstanceState) -> Stored {
    let mut stored = Stored::new();
    for (place, value) in &state.values {
        let Some(slot) = contract.slots.get(usize::from(place.slot)) else {
            continue;
        };
        let key = (place.slot, place.key.as_ref().map(known));
        let columns = stored.entry(key).or_insert_with(|| slot.initial.clone());
        if let Some(column) = columns.get_mut(usize::from(place.column)) {
            *column = known(value);
        }
    }
    stored
}

/// A value of the log, as code has it.
#[must_use]
pub fn known(value: &PublicValue) -> Known {
    match value {
        PublicValue::Number(number) => Known::Number(*number),
        PublicValue::Bytes(bytes) => Known::Bytes(bytes.clone()),
    }
}
