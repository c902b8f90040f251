//! An instance's public state, as its contract names and types it.

use std::collections::BTreeMap;

use enigma_bytecode::model::{Contract, Known, Store};
use enigma_wire::effects::InstanceState;
use enigma_wire::output::PublicValue;

use super::{Cell, Field, Layout, Results, Value, ValueError, pieces};

/// By slot of `state L`: its value, or of a map its values by key. What was never written has its initial value; a map has
/// the keys that were written. Left out is what no run of the contract can have written.
#[must_use]
pub fn read(contract: &Contract, state: &InstanceState) -> Results {
    let mut results = Results::new();
    for (number, slot) in (0..).zip(&contract.slots) {
        if slot.store != Store::Ledger {
            continue;
        }
        let layout = Layout::new(contract, &slot.columns, &slot.name);
        let initial: Vec<Cell> = slot.initial.iter().map(cell_of_known).collect();
        let mut by_key: BTreeMap<Option<&PublicValue>, Vec<Cell>> = BTreeMap::new();
        if slot.key.is_none() {
            by_key.insert(None, initial.clone());
        }
        let written = state
            .values
            .iter()
            .filter(|(place, _)| place.slot == number);
        for (place, value) in written {
            let cells = by_key.entry(place.key.as_ref());
            let cells = cells.or_insert_with(|| initial.clone());
            if let Some(cell) = cells.get_mut(usize::from(place.column)) {
                *cell = cell_of(value);
            }
        }
        let value = |cells: &[Cell]| layout.value(cells, &|_, _| None).ok();
        let value = match slot.key.is_some() {
            false => by_key.get(&None).and_then(|cells| value(cells)),
            true => {
                let all = by_key.iter();
                let all = all.filter_map(|(key, cells)| Some((text(key.as_ref()?), value(cells)?)));
                Some(Value::Record(all.collect()))
            }
        };
        if let Some(value) = value {
            results.insert(slot.name.clone(), value);
        }
    }
    results
}

/// The key of a map that is kept beside the chain, from what a person writes; of another slot there is none.
///
/// # Errors
/// A key that is missing, or that there cannot be; or what is wrong with the text.
pub(crate) fn kept_key(
    contract: &Contract,
    slot: u16,
    text: Option<&str>,
) -> Result<Option<PublicValue>, ValueError> {
    let declared = contract.slots.get(usize::from(slot));
    let name = declared.map_or("?", |slot| &slot.name);
    match (declared.and_then(|slot| slot.key.as_ref()), text) {
        (None, None) => Ok(None),
        (None, Some(_)) => Err(ValueError {
            message: format!("`{name}` is no map"),
            expected: "leave the key out".to_owned(),
        }),
        (Some(column), text) => {
            let layout = Layout::new(contract, std::slice::from_ref(column), "key");
            let field = layout.fields().first();
            let text = text.ok_or_else(|| ValueError {
                message: format!("`{name}` is a map: at which key?"),
                expected: field.map_or(String::new(), Field::expected),
            })?;
            let values = layout.read_public(&[("key".to_owned(), text.to_owned())])?;
            Ok(values.into_iter().next())
        }
    }
}

/// What is kept beside the chain in a slot: what was never written is as at first. `None` if it is not of the slot's kinds.
pub(crate) fn kept_value(
    contract: &Contract,
    slot: u16,
    written: &[(u16, PublicValue)],
) -> Option<Value> {
    let declared = contract.slots.get(usize::from(slot))?;
    let mut cells: Vec<Cell> = declared.initial.iter().map(cell_of_known).collect();
    for (column, value) in written {
        *cells.get_mut(usize::from(*column))? = cell_of(value);
    }
    let layout = Layout::new(contract, &declared.columns, &declared.name);
    layout.value(&cells, &|_, _| None).ok()
}

fn cell_of(value: &PublicValue) -> Cell {
    match value {
        PublicValue::Number(number) => Cell::Number(*number),
        PublicValue::Bytes(bytes) => Cell::Bytes(bytes.clone()),
    }
}

fn cell_of_known(value: &Known) -> Cell {
    match value {
        Known::Number(number) => Cell::Number(*number),
        Known::Bytes(bytes) => Cell::Bytes(bytes.clone()),
    }
}

/// A map's key.
fn text(key: &PublicValue) -> String {
    match key {
        PublicValue::Number(number) => number.to_string(),
        PublicValue::Bytes(bytes) => match <[u8; 20]>::try_from(&bytes[..]) {
            Ok(account) => enigma_wire::id::Address(account).to_string(),
            Err(_) => pieces::text(bytes),
        },
    }
}

#[cfg(test)]
mod tests {
    use enigma_bytecode::model::{Column, Kind, Profile, Slot};
    use enigma_wire::effects::StatePlace;

    use super::*;

    fn slot(name: &str, kind: Kind, keyed: bool, initial: Known) -> Slot {
        Slot {
            name: name.to_owned(),
            store: Store::Ledger,
            key: keyed.then(account),
            accumulator: false,
            columns: vec![Column {
                name: String::new(),
                kind,
                low: 0,
                high: 1_000,
            }],
            initial: vec![initial],
            allows: Vec::new(),
            access: None,
        }
    }

    fn account() -> Column {
        Column {
            name: String::new(),
            kind: Kind::Account,
            low: 0,
            high: 0,
        }
    }

    /// Slots 0 to 3: a price, whether it is open, what people earned, who won; and one that nodes keep secret.
    fn contract() -> Contract {
        let nobody = || Known::Bytes(vec![0; 20]);
        let secret = Slot {
            store: Store::Secret,
            ..slot("secret", Kind::Integer, false, Known::Number(0))
        };
        Contract {
            name: "Shop".to_owned(),
            version: 1,
            profile: Profile::ShamirM61V1,
            groups: Vec::new(),
            parties: Vec::new(),
            enums: Vec::new(),
            collections: Vec::new(),
            slots: vec![
                slot("price", Kind::Integer, false, Known::Number(7)),
                slot("open", Kind::Bool, false, Known::Number(1)),
                slot("earned", Kind::Integer, true, Known::Number(0)),
                slot("winner", Kind::Account, false, nobody()),
                secret,
            ],
            budget: None,
            manifest: Vec::new(),
            entries: Vec::new(),
        }
    }

    #[test]
    fn state_has_the_contracts_names_and_initial_values() {
        let contract = contract();
        let mut state = InstanceState::default();
        let fresh = serde_json::to_value(read(&contract, &state)).expect("JSON");
        let nobody = enigma_wire::id::Address::default();
        assert_eq!(
            fresh,
            serde_json::json!({"price": 7, "open": true, "earned": {}, "winner": nobody})
        );
        let account = enigma_wire::id::Address([3; 20]);
        let mut write = |slot: u16, key: Option<PublicValue>, value: PublicValue| {
            state.values.insert(
                StatePlace {
                    slot,
                    key,
                    column: 0,
                },
                value,
            );
        };
        let key = PublicValue::Bytes(account.0.to_vec());
        write(0, None, PublicValue::Number(9));
        write(2, Some(key.clone()), PublicValue::Number(4));
        write(3, None, key);
        // What no run writes is not shown, and harms nobody.
        write(1, None, PublicValue::Bytes(vec![1]));
        let written = serde_json::to_value(read(&contract, &state)).expect("JSON");
        assert_eq!(
            written,
            serde_json::json!({"price": 9, "earned": {account.to_string(): 4}, "winner": account})
        );
    }
}
