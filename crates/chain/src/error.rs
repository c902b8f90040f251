//! What can go wrong on the way to the chain: the controller refused, we were misused, the world failed.

use enigma_wire::controller::Amount;
use enigma_wire::id::Address;

/// An error of the chain client.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ChainError {
    /// The chain cannot be reached or does not answer.
    #[error("the chain at {url} cannot be reached: {why}")]
    Unreachable {
        /// The endpoint.
        url: String,
        /// Why.
        why: String,
    },
    /// The endpoint serves a chain with another id.
    #[error(
        "the chain at {url} is not the one this controller lives on: its id is {found}, not {expected}"
    )]
    WrongChain {
        /// The endpoint.
        url: String,
        /// The id of the chain that was meant.
        expected: u64,
        /// The id of the chain that answered.
        found: u64,
    },
    /// The endpoint serves a chain with the same id but another history: it began again, or is another.
    #[error("the chain at {url} is not the one this controller lives on: its history is another")]
    Replaced {
        /// The endpoint.
        url: String,
    },
    /// The chain dropped blocks that were handed on as final.
    #[error(
        "the chain at {url} was reorganised too deep: block {block}, taken as final after {confirmations} later blocks, is no longer part of it (at least {depth} blocks were replaced)"
    )]
    Reorganised {
        /// The endpoint.
        url: String,
        /// The first block known to be gone.
        block: u64,
        /// How many blocks were replaced, at least.
        depth: u64,
        /// How many later blocks were waited for.
        confirmations: u64,
    },
    /// There is no contract at the controller's address.
    #[error("there is no contract at {controller} on the chain at {url}")]
    NoContract {
        /// The endpoint.
        url: String,
        /// The address.
        controller: Address,
    },
    /// The contract at the address is something else.
    #[error("the contract at {controller} is not a controller of this version")]
    NotController {
        /// The address.
        controller: Address,
    },
    /// An account cannot pay.
    #[error(
        "the account {account} has {available} but needs {needed} (in the chain's smallest unit)"
    )]
    OutOfFunds {
        /// The account.
        account: Address,
        /// What the transaction may cost, with its value; at least, where the gas is not known.
        needed: Amount,
        /// What the account has.
        available: Amount,
    },
    /// The chain refused a request.
    #[error("the chain refused: {0}")]
    Refused(String),
    /// The controller refused a call.
    #[error("the controller refused: {name} ({meaning})")]
    Reverted {
        /// The Solidity error's name.
        name: String,
        /// What it means, in plain words.
        meaning: String,
    },
    /// Others keep sending transactions of the same account, and each time were first.
    #[error("other programs use the account {account} at the same time and are always first")]
    Crowded {
        /// The account.
        account: Address,
    },
    /// A transaction was not mined in time. It may still be.
    #[error("transaction {0} was not mined in time; it may still be mined")]
    NotMined(String),
    /// A transaction was mined, but the blocks that make it final did not come in time.
    #[error(
        "transaction {transaction} is in block {block}, but {confirmations} later blocks did not come in time"
    )]
    NotFinal {
        /// The transaction.
        transaction: String,
        /// Its block.
        block: u64,
        /// How many later blocks are waited for.
        confirmations: u64,
    },
    /// What the chain answered is not what a controller answers.
    #[error("unexpected answer of the chain: {0}")]
    Unexpected(String),
    /// The endpoint or an argument is not usable.
    #[error("{0}")]
    Misuse(String),
}

impl ChainError {
    /// Did the controller refuse for this rule, by its name in the Solidity source?
    pub fn is_revert(&self, rule: &str) -> bool {
        matches!(self, Self::Reverted { name, .. } if name == rule)
    }

    /// Is it of no use to ask the same chain again? What was read from it no longer holds.
    pub fn is_fatal(&self) -> bool {
        matches!(
            self,
            Self::WrongChain { .. } | Self::Replaced { .. } | Self::Reorganised { .. }
        )
    }
}
