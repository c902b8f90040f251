//! What an instance has stored on the chain and beside it, as runs read it.

use std::collections::BTreeMap;

use enigma_wire::effects::{InstanceState, StatePlace};
use enigma_wire::output::PublicValue;

use crate::model::{Contract, Known, Store};

/// What is stored, by slot and key, then by column. Where nothing was ever written the slot's initial value is.
pub type Stored = BTreeMap<(u16, Option<Known>), BTreeMap<u16, Known>>;

/// What an instance has stored on the chain. Of what nodes keep beside it the chain has hashes.
#[must_use]
pub fn stored(contract: &Contract, state: &InstanceState) -> Stored {
    of_store(contract, &state.values, Store::Ledger)
}

/// What nodes keep for an instance beside the chain, from its values by place.
#[must_use]
pub fn kept(contract: &Contract, values: &BTreeMap<StatePlace, PublicValue>) -> Stored {
    of_store(contract, values, Store::Dht)
}

fn of_store(
    contract: &Contract,
    values: &BTreeMap<StatePlace, PublicValue>,
    store: Store,
) -> Stored {
    let mut stored = Stored::new();
    for (place, value) in values {
        if !contract.is_in(place.slot, store) {
            continue;
        }
        let key = (place.slot, place.key.as_ref().map(known));
        let columns = stored.entry(key).or_default();
        columns.insert(place.column, known(value));
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
