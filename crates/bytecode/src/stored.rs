//! What an instance has stored on the chain and beside it, as runs read it.

use std::collections::BTreeMap;
use std::sync::Arc;

pub use enigma_wire::effects::{InstanceState, StatePlace};
pub use enigma_wire::past::Past;

use crate::model::{Known, Store};

/// Values by place. Where nothing was ever written the slot's initial value is.
pub type Values = BTreeMap<StatePlace, Known>;

/// What is stored where everyone sees it. Nothing is copied for a run, however much an instance has.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Stored {
    /// On the chain. Of what nodes keep beside it there are hashes, which no run reads.
    pub on_chain: Arc<InstanceState>,
    /// What was on the chain before.
    pub past: Past,
    /// Beside the chain.
    pub beside: Arc<Values>,
}

impl Stored {
    /// What an instance has on the chain and had there, for code that reads nothing else.
    #[must_use]
    pub fn on_chain(state: &Arc<InstanceState>, past: &Past) -> Stored {
        Stored {
            on_chain: Arc::clone(state),
            past: past.clone(),
            ..Stored::default()
        }
    }

    /// What was written at a place of a slot in this store.
    pub(crate) fn value(&self, store: Store, place: &StatePlace) -> Option<&Known> {
        match store {
            Store::Ledger => self.on_chain.values.get(place),
            Store::Dht => self.beside.get(place),
            Store::Secret => None,
        }
    }

    /// What had been written at a place on the chain after a block; of a block to come, what is there now.
    pub(crate) fn after(&self, block: u64, place: &StatePlace) -> Option<&Known> {
        let now = || self.on_chain.values.get(place);
        self.past.after(block, place, now)
    }
}
