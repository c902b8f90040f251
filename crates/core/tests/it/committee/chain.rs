//! A chain that runs the reference controller: one block for each call, every block kept.

use enigma_core::controller::{Call, Revert, Transaction};
use enigma_core::{Controller, controller};
use enigma_wire::controller::{Amount, BlockEvents, Event, Prices};
use enigma_wire::eip712::Domain;
use enigma_wire::id::{Address, Hash};
use enigma_wire::ledger::{Head, Ledger};
use enigma_wire::sign::keccak256;

/// What every job of the tests costs.
pub(crate) const PRICES: Prices = Prices {
    base: 1_000,
    per_multiplication: 2,
    per_round: 30,
    per_kilobyte: 5,
};
/// Smallest deposit of a node.
pub(crate) const MIN_DEPOSIT: Amount = 50;
/// How long a retired node waits for its deposit.
pub(crate) const UNBONDING_SECONDS: u64 = 1_000;
/// Seconds between blocks.
pub(crate) const BLOCK_SECONDS: u64 = 10;
const START: u64 = 1_800_000_000;
/// How many blocks' hashes a chain gives.
const HASHES_KEPT: u64 = 256;

/// The chain.
pub(crate) struct Chain {
    pub(crate) controller: Controller,
    pub(crate) domain: Domain,
    pub(crate) blocks: Vec<BlockEvents>,
    /// Seconds that passed without blocks.
    passed: u64,
}

impl Chain {
    pub(crate) fn new() -> Self {
        let domain = Domain {
            chain_id: 31_337,
            controller: Address([0xce; 20]),
        };
        let block = head(1);
        let (controller, event) =
            Controller::deploy(domain, block, PRICES, MIN_DEPOSIT, UNBONDING_SECONDS);
        let blocks = vec![events(block, vec![event])];
        Self {
            controller,
            domain,
            blocks,
            passed: 0,
        }
    }

    /// Time passes without blocks.
    pub(crate) fn pass(&mut self, seconds: u64) {
        self.passed += seconds;
    }

    fn next(&self) -> Head {
        let block = head(self.height() + 1);
        Head {
            time: block.time + self.passed,
            ..block
        }
    }

    /// Executes a call in a block of its own; a call that reverts makes no block.
    pub(crate) fn call(
        &mut self,
        sender: Address,
        value: Amount,
        call: &Call,
    ) -> Result<Vec<Event>, Revert> {
        self.calls(sender, value, std::slice::from_ref(call))
    }

    /// Executes calls in one block. If one reverts there is no block, and what those before it did must not matter.
    pub(crate) fn calls(
        &mut self,
        sender: Address,
        value: Amount,
        calls: &[Call],
    ) -> Result<Vec<Event>, Revert> {
        let block = self.next();
        let oldest = block.number.saturating_sub(HASHES_KEPT);
        let block_hash = |number: u64| {
            (oldest..block.number)
                .contains(&number)
                .then(|| hash(number))
        };
        let transaction = Transaction {
            sender,
            value,
            block,
            block_hash: &block_hash,
        };
        let mut reported = Vec::new();
        for call in calls {
            reported.extend(self.controller.call(&transaction, call)?);
        }
        self.blocks.push(events(block, reported.clone()));
        Ok(reported)
    }

    /// Makes blocks without calls.
    pub(crate) fn idle(&mut self, blocks: u64) {
        for _ in 0..blocks {
            let block = self.next();
            self.blocks.push(events(block, Vec::new()));
        }
    }

    pub(crate) fn height(&self) -> u64 {
        self.blocks.last().map_or(0, |block| block.number)
    }

    /// The time of the next block.
    pub(crate) fn time(&self) -> u64 {
        self.next().time
    }

    pub(crate) fn ledger(&self) -> &Ledger {
        self.controller.ledger()
    }
}

fn head(number: u64) -> Head {
    Head {
        number,
        time: START + number * BLOCK_SECONDS,
        hash: hash(number),
    }
}

fn hash(number: u64) -> Hash {
    keccak256(&number.to_le_bytes())
}

fn events(block: Head, events: Vec<Event>) -> BlockEvents {
    BlockEvents {
        number: block.number,
        time: block.time,
        hash: block.hash,
        events,
    }
}

/// A node's call, as its operator's transaction.
pub(crate) fn of_node(call: enigma_core::Call) -> Call {
    match call {
        enigma_core::Call::StartJob(job) => controller::Call::StartJob(job),
        enigma_core::Call::Settle {
            certificate,
            effects,
            members,
            signatures,
        } => controller::Call::Settle {
            certificate: *certificate,
            effects,
            members,
            signatures,
        },
        enigma_core::Call::FailJob {
            failure,
            members,
            signatures,
        } => controller::Call::FailJob {
            failure,
            members,
            signatures,
        },
    }
}
