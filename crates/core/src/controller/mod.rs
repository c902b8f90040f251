//! The reference model of the on-chain controller: the same rules as the Solidity, over the same
//! events. A differential test in `chain` drives both with the same calls; the simulator's chain is
//! this model.
//!
//! A call is checked completely before its first event; events are the only way state changes.

mod calls;
mod jobs;
mod rules;

use std::collections::BTreeMap;

use enigma_wire::controller::{Amount, Event, Prices};
use enigma_wire::eip712::Domain;
use enigma_wire::id::{Address, CollectionId, Hash, JobId};
use enigma_wire::ledger::{Head, Ledger};

pub use calls::{Call, Revert, SignedContribution};

/// The model.
#[derive(Clone, Debug)]
pub struct Controller {
    domain: Domain,
    ledger: Ledger,
    credits: BTreeMap<Address, Amount>,
    deploy_nonces: BTreeMap<Address, u64>,
    /// Running hash of each collection's contributions and consents.
    terms: BTreeMap<CollectionId, Hash>,
    next_node: u32,
    next_collection: u64,
    next_job: u64,
}

/// The transaction a call is part of.
#[derive(Clone, Copy)]
pub struct Transaction<'a> {
    /// Who sends it.
    pub sender: Address,
    /// What is paid with it.
    pub value: Amount,
    /// The block it is in.
    pub block: Head,
    /// Hashes of earlier blocks, as far back as the chain gives them (256 blocks).
    pub block_hash: &'a dyn Fn(u64) -> Option<Hash>,
}

impl Controller {
    /// Deploys the controller in `block`; the event is the first one of its log.
    pub fn deploy(
        domain: Domain,
        block: Head,
        prices: Prices,
        min_deposit: Amount,
        unbonding_seconds: u64,
    ) -> (Self, Event) {
        let mut controller = Self {
            domain,
            ledger: Ledger {
                head: block,
                ..Ledger::default()
            },
            credits: BTreeMap::new(),
            deploy_nonces: BTreeMap::new(),
            terms: BTreeMap::new(),
            next_node: 1,
            next_collection: 1,
            next_job: 1,
        };
        let event = Event::Configured {
            prices,
            min_deposit,
            unbonding_seconds,
        };
        controller.record(&event);
        (controller, event)
    }

    /// Executes a call: all of its events, or a revert that changes nothing.
    ///
    /// # Errors
    /// The rule that the call breaks.
    pub fn call(
        &mut self,
        transaction: &Transaction<'_>,
        call: &Call,
    ) -> Result<Vec<Event>, Revert> {
        let before = self.clone();
        self.ledger.head = transaction.block;
        self.dispatch(transaction, call)
            .inspect_err(|_| *self = before)
    }

    /// The state as the events give it.
    pub fn ledger(&self) -> &Ledger {
        &self.ledger
    }

    /// What an account may withdraw.
    pub fn credit(&self, account: Address) -> Amount {
        self.credits.get(&account).copied().unwrap_or_default()
    }

    fn record(&mut self, event: &Event) {
        self.ledger
            .apply(event)
            .expect("the model only reports events about things that exist");
    }

    fn add_credit(&mut self, account: Address, amount: Amount) {
        *self.credits.entry(account).or_default() += amount;
    }

    fn job_is_open(&self, job: JobId) -> bool {
        use enigma_wire::ledger::JobState;
        self.ledger
            .jobs
            .get(&job)
            .is_some_and(|record| record.state == JobState::Open)
    }
}
