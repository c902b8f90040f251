//! What a call finds of its instance on the chain, and what it changes there.
//!
//! Both are settled by the request's block: a job that may change the instance is the only one until it is over, and nothing is
//! taken out meanwhile. So what a call found is what its effects are applied to, and every member derives the same effects.

use std::collections::BTreeMap;

use enigma_bytecode::model::Contract;
use enigma_bytecode::plan::Effect;
use enigma_wire::effects::{
    Effects, InstanceState, StatePlace, TRANSFERS_MAX, Transfer, WRITES_MAX_BYTES, encode_writes,
    kept_hash,
};
use enigma_wire::id::Address;
use enigma_wire::output::PublicValue;

use super::Job;

impl Job {
    /// Whether the request says that the entry changes its instance exactly if it does.
    pub(super) fn check_changes(&self, program: &Contract) -> Result<(), String> {
        let changes = program.changes_instance(usize::from(self.request.entry));
        match (changes, self.request.changes) {
            (true, false) => {
                Err("the entry changes its instance, and the request does not say so".to_owned())
            }
            (false, true) => Err(
                "the request says that the entry changes its instance, and it does not".to_owned(),
            ),
            _ => Ok(()),
        }
    }

    /// What a call's effects are on the chain.
    ///
    /// # Errors
    /// In plain words, when they cannot take place: the call is refused as a whole.
    pub(super) fn effects(&self, ended: &[Effect]) -> Result<Effects, String> {
        let mut writes = BTreeMap::new();
        let mut effects = Effects::default();
        for effect in ended {
            match effect {
                Effect::Store {
                    slot,
                    column,
                    key,
                    value,
                } => {
                    let place = StatePlace {
                        slot: *slot,
                        key: key.clone(),
                        column: *column,
                    };
                    let mut value = value.clone();
                    if self.is_kept(*slot) {
                        let hash = kept_hash(self.request.instance, &place, &value);
                        value = PublicValue::Bytes(hash.0.to_vec());
                    }
                    writes.insert(place, value);
                }
                Effect::Pays { amount } => effects.paid += magnitude(*amount)?,
                Effect::Transfer { amount: 0, .. } => {}
                Effect::Transfer { from, to, amount } => effects.transfers.push(Transfer {
                    from: from.as_deref().map(account).transpose()?,
                    to: account(to)?,
                    amount: magnitude(*amount)?,
                }),
            }
        }
        effects.writes = encode_writes(&writes);
        self.check_effects(&effects)?;
        Ok(effects)
    }

    fn check_effects(&self, effects: &Effects) -> Result<(), String> {
        if effects.writes.len() > WRITES_MAX_BYTES || effects.transfers.len() > TRANSFERS_MAX {
            return Err(format!(
                "the call writes {} bytes and makes {} transfers; the chain takes {WRITES_MAX_BYTES} and {TRANSFERS_MAX} at once",
                effects.writes.len(),
                effects.transfers.len()
            ));
        }
        self.check_payment(effects.paid)?;
        let mut state = InstanceState {
            balances: self.state.balances.clone(),
            ..InstanceState::default()
        };
        // Whose money and how much may be what the run has opened: of a run that is refused nobody is told that.
        let applied = state.apply(effects);
        applied.map(drop).map_err(|error| match error.account {
            Some(_) => {
                "an account has less in the instance than the run transfers from it".to_owned()
            }
            None => "the instance has less funds than the run transfers".to_owned(),
        })
    }

    /// Whether the requester has escrowed what the entry asks it to pay.
    pub(super) fn check_payment(&self, paid: u128) -> Result<(), String> {
        match self.request.pays {
            most if paid <= most => Ok(()),
            most => Err(format!(
                "the entry takes a payment of {paid}, and the request pays {most} at most"
            )),
        }
    }
}

/// Nobody is no account: the chain's zero account is the instance itself.
fn account(bytes: &[u8]) -> Result<Address, String> {
    let address = <[u8; 20]>::try_from(bytes).map(Address);
    let address = address
        .ok()
        .filter(|address| *address != Address::default());
    address.ok_or_else(|| "a transfer is from or to nobody".to_owned())
}

fn magnitude(amount: i64) -> Result<u128, String> {
    u128::try_from(amount).map_err(|_| format!("{amount} is no amount of money"))
}
