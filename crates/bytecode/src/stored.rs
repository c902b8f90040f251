//! What an instance has stored on the chain and beside it, as runs read it.

use std::collections::BTreeMap;
use std::sync::Arc;

pub use enigma_wire::effects::{InstanceState, StatePlace};

use crate::model::{Known, Store};

/// Values by place. Where nothing was ever written the slot's initial value is.
pub type Values = BTreeMap<StatePlace, Known>;

/// What is stored where everyone sees it. Nothing is copied for a run, however much an instance has.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Stored {
    /// On the chain. Of what nodes keep beside it there are hashes, which no run reads.
    pub on_chain: Arc<InstanceState>,
    /// Beside the chain.
    pub beside: Arc<Values>,
}

impl Stored {
    /// What an instance has on the chain, for code that reads nothing else.
    #[must_use]
    pub fn on_chain(state: &Arc<InstanceState>) -> Stored {
        Stored {
            on_chain: Arc::clone(state),
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
}
