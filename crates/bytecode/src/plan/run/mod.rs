//! Staged execution of an entry: a walk through its code that turns what is done with secrets into plans,
//! one after the other, and does the public part itself.
//!
//! A stage goes on as long as no opened value has to be known. Where one has to, to branch, to refuse, or as an
//! operand of an operation on secrets, the stage ends: its plan verifies everything, then opens what is shown
//! to everyone; shares that later stages read are kept. So there are at most [`MOST_STAGES`] stages, since each but the last
//! opens a manifest line and each line is shown once.
//!
//! Effects are collected and take place when the run is done: a run that fails has none. What it had opened
//! before is known to the committee all the same, so whoever starts runs must charge failed ones, too (0043).
//!
//! Invariants: pure and deterministic, hence the same at every party; no contract causes a panic, whether it was
//! verified or not; nothing is opened or handed out that the manifest line does not say.

mod admission;
mod bound;
mod check;
mod digits;
mod entry;
mod firsts;
mod main;
mod orders;
mod outputs;
mod pieces;
mod rows;
mod secret;
mod stage;
mod tables;
mod walk;

use std::collections::{BTreeMap, BTreeSet};

pub use admission::{Admission, may_read};
pub(super) use bound::quote;
pub use check::{Check, Checked, check};
pub use entry::Run;
pub(super) use main::{main, prologue};
pub use rows::{checked_collections, keep_fulfilled, row_check, row_condition};
pub use walk::{At, Walk};

use enigma_field::{M61, PrimeField};
use enigma_wire::ledger::InstanceRecord;

use super::FIRST_MAIN_CALL;
use super::ir::Plan;
use crate::model::{Known, S};
use crate::stored::Stored;

/// Most stages of a run. Each has its own [`STAGE_CALLS`] numbers of calls, from [`FIRST_MAIN_CALL`] on, so that all
/// can run in one session.
pub const MOST_STAGES: u32 = 128;

/// Numbers for calls of one stage.
pub const STAGE_CALLS: u32 = FIRST_MAIN_CALL / MOST_STAGES;

/// What everyone knows when a call begins.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Environment {
    /// Rows that passed the input check, by collection.
    pub rows: Vec<u32>,
    /// The account that calls, 20 bytes.
    pub caller: Vec<u8>,
    /// Height of the block with the call.
    pub height: i64,
    /// The time of that block, in seconds since 1970.
    pub time: i64,
    /// The account that each party is bound to.
    pub parties: Vec<Vec<u8>>,
    /// By collection: the account that gave each row, of those that count in `rows`.
    pub row_accounts: Vec<Vec<Vec<u8>>>,
    /// By collection: the number of the member who gave each row. It is what recipients are told who are shown a
    /// member; a collection whose list is empty numbers its rows.
    pub row_members: Vec<Vec<u32>>,
    /// By group: the accounts that contribute to this run, in order of members.
    pub groups: Vec<Vec<Vec<u8>>>,
    /// By parameter: the columns of public ones; empty for private ones.
    pub params: Vec<Vec<Known>>,
    /// What is stored on the ledger and beside it. Where nothing is stored the slot's initial values are.
    pub ledger: Stored,
    /// By `accumulator` slot and column: how many different accounts have contributed to this number since it was shown
    /// last; 0 where nothing is said.
    ///
    /// An account counts once, however often it calls, and from a call on of which a private parameter was added to the
    /// number. A number was shown when an entry ran for which [`crate::model::Contract::minimum_contributions`] asks for any of its slot:
    /// then all numbers of the slot begin at 0 again, also with what that run itself added. Whoever starts runs counts this from the
    /// calls that took effect: otherwise two shows around one contribution show the contribution.
    pub contributions: BTreeMap<(u16, u16), u32>,
}

impl Environment {
    /// Of code that knows the ledger alone, as it is at a height and time: what the instance has there, and who its parties are.
    #[must_use]
    pub fn on_ledger(record: &InstanceRecord, height: u64, time: u64) -> Environment {
        let parties = record.parties.iter();
        Environment {
            height: i64::try_from(height).unwrap_or(i64::MAX),
            time: i64::try_from(time).unwrap_or(i64::MAX),
            parties: parties.map(|party| party.account.0.to_vec()).collect(),
            ledger: Stored::on_chain(&record.state, &record.past),
            ..Environment::default()
        }
    }
}

/// What a run wants next.
#[derive(Debug)]
pub enum Next<F: PrimeField = M61> {
    /// A plan is to be run; then [`Run::next`] is to be told what it opened.
    Stage(Box<Stage<F>>),
    /// Nothing more.
    Done(Ended),
}

/// A plan, and what its numbers mean: input, output or opening number k of the plan is what stands at place k
/// here.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Stage<F: PrimeField = M61> {
    /// What the committee runs.
    pub plan: Plan<F>,
    /// Where the inputs come from.
    pub inputs: Vec<Port>,
    /// Where the outputs go.
    pub outputs: Vec<Sink>,
    /// What is opened to everyone.
    pub opened: Vec<Shows>,
}

/// Where shares come from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Port {
    /// A column of a collection's rows that passed the input check.
    Column {
        /// Index into the contract's collections.
        collection: u16,
        /// Index into its columns.
        column: u16,
    },
    /// A column of a private parameter: one element.
    Param {
        /// Index into the entry's parameters.
        param: u16,
        /// Index into its columns.
        column: u16,
    },
    /// A column of a secret slot, as earlier stages of this run left it, else as it is stored: one element.
    Slot {
        /// Index into the contract's slots.
        slot: u16,
        /// Index into its columns.
        column: u16,
    },
    /// What an earlier stage kept under this name.
    Kept(S),
}

/// Where shares go.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Sink {
    /// Re-randomised, to the recipients of a manifest line.
    Shown {
        /// The manifest line.
        reveal: u16,
        /// Index into its columns.
        column: u16,
    },
    /// Re-randomised, to the same: whether something is shown, of the line's counts the one at a place.
    Bit {
        /// The manifest line.
        reveal: u16,
        /// Which of the counts.
        count: u16,
    },
    /// A column of a secret slot, if the run succeeds. A later stage's takes the place of an earlier one's.
    Slot {
        /// Index into the contract's slots.
        slot: u16,
        /// Index into its columns.
        column: u16,
    },
    /// For later stages, under this name. Nobody is shown it.
    Kept(S),
}

/// What is opened at one place.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Shows {
    /// A column of a manifest line.
    Column {
        /// The manifest line.
        reveal: u16,
        /// Index into its columns.
        column: u16,
    },
    /// Whether something is shown.
    Bit {
        /// The manifest line.
        reveal: u16,
        /// Which of the counts.
        count: u16,
    },
}

/// What a run came to.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Ended {
    /// What takes place, in order.
    pub effects: Vec<Effect>,
    /// What everyone is shown, by manifest line.
    pub public: BTreeMap<u16, Shown>,
    /// Manifest lines of the entry that nobody is shown, since they are in branches not taken.
    pub skipped: BTreeSet<u16>,
    /// The numbers of accumulators, as slot and column, to which something was added that depends on a private parameter: the caller
    /// has contributed to them ([`Environment::contributions`]).
    pub contributed: BTreeSet<(u16, u16)>,
}

/// What a manifest line shows to everyone.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Shown {
    /// By column: its elements. What is hidden is 0, or the account of nobody.
    pub columns: Vec<Vec<Known>>,
    /// By count: which elements are there; empty if the line hides nothing.
    pub there: Vec<Vec<bool>>,
}

/// A change of the ledger.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Effect {
    /// A column of a slot is stored.
    Store {
        /// Index into the contract's slots.
        slot: u16,
        /// Index into its columns.
        column: u16,
        /// Where in a map.
        key: Option<Known>,
        /// The value.
        value: Known,
    },
    /// A transfer, of 0 or more.
    Transfer {
        /// From what this account has deposited; else from the contract's funds.
        from: Option<Vec<u8>>,
        /// To whom.
        to: Vec<u8>,
        /// How much.
        amount: i64,
    },
    /// The caller pays, 0 or more.
    Pays {
        /// How much.
        amount: i64,
    },
}

/// The calls of a stage.
const fn calls(stage: u32) -> (u32, u32) {
    let first = FIRST_MAIN_CALL + stage * STAGE_CALLS;
    (first, first + (STAGE_CALLS - 1))
}
