//! Reads what an instance's committee keeps beside the chain. Whoever gives it, it is compared with the hashes that the chain has.

use enigma_bytecode::model::Store;
use enigma_wire::api::KeptValues;
use enigma_wire::effects::{InstanceState, StatePlace, kept_hash};
use enigma_wire::id::Hash;
use enigma_wire::output::PublicValue;
use enigma_wire::sign::SecretKey;

use crate::values::{Value, ValueError, kept_key, kept_value};
use crate::{ClientError, Network, Program};

/// What is read: a slot of the contract, of a map at a key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Kept {
    slot: u16,
    key: Option<PublicValue>,
}

impl Kept {
    /// Of a map by what a person writes for the key.
    ///
    /// # Errors
    /// What is wrong with the key, or that one is missing.
    pub fn at(program: &Program, slot: u16, key: Option<&str>) -> Result<Kept, ValueError> {
        let key = kept_key(program.contract(), slot, key)?;
        Ok(Kept { slot, key })
    }

    /// Asks one member after the other until one gives what the chain has the hashes of.
    ///
    /// # Errors
    /// When none does: that the contract does not let the reader, if a member says so, else what was wrong with the first.
    pub async fn read(
        &self,
        network: &Network,
        program: &Program,
        instance: Hash,
        reader: &SecretKey,
    ) -> Result<Value, ClientError> {
        let record = network.instance(instance)?;
        let mut failed: Option<ClientError> = None;
        for node in network.apis(&record.committee)? {
            let given = node.kept(reader, instance, (self.slot, &self.key)).await;
            let columns = given.and_then(|given| {
                let columns = self.columns(instance, &record.state, &given);
                // A member that is a block ahead has other values, and is as honest.
                columns.ok_or_else(|| ClientError::Unreachable {
                    node: node.node,
                    why: "what it gives is not what the chain has the hashes of; ask again"
                        .to_owned(),
                })
            });
            match columns {
                Ok(columns) => {
                    let value = kept_value(program.contract(), self.slot, &columns);
                    let unreadable =
                        || ClientError::Misuse("the contract cannot show it".to_owned());
                    return value.ok_or_else(unreadable);
                }
                Err(error) if matches!(error, ClientError::Refused { .. }) => failed = Some(error),
                Err(error) => failed = failed.or(Some(error)),
            }
        }
        let none = || ClientError::Misuse(format!("instance {instance} has no committee yet"));
        Err(failed.unwrap_or_else(none))
    }

    /// The columns that a member gave, if they are those that were written, and no others.
    fn columns(
        &self,
        instance: Hash,
        state: &InstanceState,
        given: &KeptValues,
    ) -> Option<Vec<(u16, PublicValue)>> {
        let written = state.written(self.slot, &self.key);
        let places = written.map(|(place, _)| place.column);
        if !places.eq(given.columns.iter().map(|given| given.column)) {
            return None;
        }
        let columns = given.columns.iter().map(|given| {
            let value: PublicValue = borsh::from_slice(&hex::decode(&given.value).ok()?).ok()?;
            let place = StatePlace {
                slot: self.slot,
                key: self.key.clone(),
                column: given.column,
            };
            let hash = PublicValue::Bytes(kept_hash(instance, &place, &value).0.to_vec());
            (state.values.get(&place) == Some(&hash)).then_some((given.column, value))
        });
        columns.collect()
    }
}

impl Program {
    /// The number of a slot that is kept beside the chain.
    ///
    /// # Errors
    /// When there is none of that name; the message lists those there are.
    pub fn kept_slot(&self, name: &str) -> Result<u16, ClientError> {
        let slots = (0..).zip(&self.contract().slots);
        let kept: Vec<(u16, &str)> = slots
            .filter(|(_, slot)| slot.store == Store::Dht)
            .map(|(number, slot)| (number, slot.name.as_str()))
            .collect();
        let found = kept.iter().find(|(_, known)| *known == name);
        found.map(|(number, _)| *number).ok_or_else(|| {
            let known: Vec<&str> = kept.iter().map(|(_, name)| *name).collect();
            ClientError::Unknown {
                what: format!(
                    "slot {name:?} of `state DHT` in contract {}",
                    self.contract().name
                ),
                known: match known.is_empty() {
                    true => "none".to_owned(),
                    false => known.join(", "),
                },
            }
        })
    }
}
