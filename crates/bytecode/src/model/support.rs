//! What of the language committees do not run yet.
//!
//! Today a job takes one collection, to which each member of a group gave one number, and ends with numbers
//! for members and parties. Nodes refuse other contracts when they are given one, clients before they publish one: both ask
//! [`unsupported`].

use std::fmt;

use super::{
    Collection, Contract, Entry, Kind, Op, Profile, Provider, Recipient, Reveal, RowCount,
};

/// The first thing in a contract that committees do not run yet.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unsupported {
    /// Where it is.
    pub place: Place,
    /// What it needs.
    pub need: Need,
}

/// A part of a contract.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Place {
    /// The contract as a whole.
    Contract,
    /// The slot of this name.
    Slot(String),
    /// The collection of this name.
    Collection(String),
    /// The entry of this name.
    Entry(String),
    /// The result of this name.
    Reveal(String),
}

/// What committees do not do yet.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Need {
    /// Computing over 2^127 - 1.
    WideField,
    /// Accounting for privacy budgets.
    Budget,
    /// State between calls.
    State,
    /// Rows from a party.
    RowsOfParty,
    /// Several rows from each member.
    SeveralRows,
    /// Values of several columns.
    SeveralColumns,
    /// Values that are neither whole numbers nor truth values.
    OtherKinds,
    /// Checking who calls.
    Callers,
    /// Parameters.
    Parameters,
    /// Several collections in one run.
    SeveralCollections,
    /// Results for who calls.
    ToCaller,
    /// Results that everyone sees.
    ToPublic,
    /// Results for more than one recipient.
    SeveralRecipients,
    /// Hiding what too few are counted in.
    HiddenCounts,
    /// Noise.
    Noise,
    /// Branches, and what is done for each member.
    Branches,
    /// Payments, transfers, and what a call knows of its caller and block.
    Ledger,
}

impl fmt::Display for Unsupported {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Unsupported { place, need } = self;
        write!(f, "committees cannot run this contract yet: ")?;
        match place {
            Place::Contract => write!(f, "it needs {need}"),
            Place::Slot(name) => write!(f, "the slot {name} needs {need}"),
            Place::Collection(name) => write!(f, "the collection {name} needs {need}"),
            Place::Entry(name) => write!(f, "the entry {name} needs {need}"),
            Place::Reveal(name) => write!(f, "the result {name} needs {need}"),
        }
    }
}

impl std::error::Error for Unsupported {}

impl fmt::Display for Need {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Need::WideField => "the field of 127 bits",
            Need::Budget => "accounting for a privacy budget",
            Need::State => "state that is kept between calls",
            Need::RowsOfParty => "rows that a party gives",
            Need::SeveralRows => "several rows from each member",
            Need::SeveralColumns => "values of several columns",
            Need::OtherKinds => "values other than whole numbers and truth values",
            Need::Callers => "a check of who calls",
            Need::Parameters => "parameters",
            Need::SeveralCollections => "several collections in one run",
            Need::ToCaller => "results for who calls",
            Need::ToPublic => "results for everyone",
            Need::SeveralRecipients => "several recipients of one result",
            Need::HiddenCounts => "a guard on a private count",
            Need::Noise => "noise",
            Need::Branches => "public control flow",
            Need::Ledger => "the ledger in a call",
        })
    }
}

/// The first thing in the contract that committees do not run yet, if there is one.
#[must_use]
pub fn unsupported(contract: &Contract) -> Option<Unsupported> {
    let whole = [
        (contract.profile != Profile::ShamirM61V1, Need::WideField),
        (contract.budget.is_some(), Need::Budget),
    ];
    let whole = first(whole).map(|need| Unsupported {
        place: Place::Contract,
        need,
    });
    let slots = contract.slots.iter().map(|slot| Unsupported {
        place: Place::Slot(slot.name.clone()),
        need: Need::State,
    });
    let collections = contract.collections.iter().filter_map(|collection| {
        Some(Unsupported {
            need: of_collection(collection)?,
            place: Place::Collection(collection.name.clone()),
        })
    });
    let entries = contract.entries.iter().enumerate();
    let entries = entries.filter_map(|(index, entry)| {
        Some(Unsupported {
            need: of_entry(contract, index, entry)?,
            place: Place::Entry(entry.name.clone()),
        })
    });
    let reveals = contract.manifest.iter().filter_map(|reveal| {
        Some(Unsupported {
            need: of_reveal(reveal)?,
            place: Place::Reveal(reveal.name.clone()),
        })
    });
    let mut parts = whole
        .into_iter()
        .chain(slots)
        .chain(collections)
        .chain(reveals)
        .chain(entries);
    parts.next()
}

fn of_collection(collection: &Collection) -> Option<Need> {
    let number = |kind| matches!(kind, Kind::Integer | Kind::Bool);
    first([
        (
            matches!(collection.provider, Provider::Party(_)),
            Need::RowsOfParty,
        ),
        (collection.rows != RowCount::One, Need::SeveralRows),
        (collection.columns.len() != 1, Need::SeveralColumns),
        (
            !collection.columns.iter().all(|column| number(column.kind)),
            Need::OtherKinds,
        ),
    ])
}

fn of_reveal(reveal: &Reveal) -> Option<Need> {
    let to = |recipient| reveal.recipients.contains(&recipient);
    let number = |kind| matches!(kind, Kind::Integer | Kind::Bool | Kind::MemberOf(_));
    first([
        (to(Recipient::Public), Need::ToPublic),
        (to(Recipient::Caller), Need::ToCaller),
        (reveal.recipients.len() != 1, Need::SeveralRecipients),
        (reveal.columns.len() != 1, Need::SeveralColumns),
        (
            !reveal.columns.iter().all(|column| number(column.kind)),
            Need::OtherKinds,
        ),
        (reveal.hidden_below.is_some(), Need::HiddenCounts),
        (reveal.noise.is_some(), Need::Noise),
    ])
}

fn of_entry(contract: &Contract, index: usize, entry: &Entry) -> Option<Need> {
    let declared = first([
        (entry.by.is_some(), Need::Callers),
        (!entry.params.is_empty(), Need::Parameters),
        (
            contract.collections_used(index).len() > 1,
            Need::SeveralCollections,
        ),
    ]);
    declared.or_else(|| entry.code.iter().find_map(of_operation))
}

fn of_operation(op: &Op) -> Option<Need> {
    match op {
        Op::If { .. }
        | Op::Else
        | Op::End
        | Op::EachMember { .. }
        | Op::Merge { .. }
        | Op::MergePublic { .. } => Some(Need::Branches),
        Op::Caller { .. }
        | Op::PartyAccount { .. }
        | Op::Height { .. }
        | Op::Pays { .. }
        | Op::Transfer { .. } => Some(Need::Ledger),
        Op::Load { .. }
        | Op::Store { .. }
        | Op::LoadSecret { .. }
        | Op::StoreSecret { .. }
        | Op::Accumulate { .. } => Some(Need::State),
        Op::Param { .. } | Op::SecretParam { .. } => Some(Need::Parameters),
        Op::Out {
            public: Some(_), ..
        } => Some(Need::ToPublic),
        _ => None,
    }
}

fn first<const N: usize>(needs: [(bool, Need); N]) -> Option<Need> {
    needs
        .into_iter()
        .find_map(|(needed, need)| needed.then_some(need))
}
