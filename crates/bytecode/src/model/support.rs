//! What of the language committees do not run yet.
//!
//! Today a job takes one collection, to which the members of a group or a party gave rows, keeps nothing, and ends with results
//! for members, parties and everyone. Nodes refuse other contracts when they are given one, clients before they publish one: both
//! ask [`unsupported`].

use std::fmt;

use super::{Contract, Entry, Op, Recipient, Reveal};

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
    /// The entry of this name.
    Entry(String),
    /// The result of this name.
    Reveal(String),
}

/// What committees do not do yet.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Need {
    /// Accounting for privacy budgets.
    Budget,
    /// State between calls.
    State,
    /// Parameters.
    Parameters,
    /// Several collections in one run.
    SeveralCollections,
    /// Results for who calls.
    ToCaller,
    /// Noise.
    Noise,
    /// Random numbers in an entry that shows something to everyone.
    OpenRandomness,
    /// What is done for each member.
    EachMember,
    /// Payments and transfers.
    Payments,
}

impl Need {
    /// What a contract can do in place of it, in plain words.
    #[must_use]
    pub fn hint(self) -> &'static str {
        match self {
            Need::Budget => {
                "leave `privacy` out: owners limit uses and group sizes when they consent"
            }
            Need::State => "return what is to be kept as a result, and collect it again",
            Need::Parameters => "write one entry for each value, or collect the values",
            Need::SeveralCollections => "collect one row with the fields of both",
            Need::ToCaller => "reveal to a party, and let `by` say that it alone calls",
            Need::Noise => "guard the result with `min_group` instead",
            Need::OpenRandomness => {
                "show the results of this entry to members or parties, who see them once the run is over"
            }
            Need::EachMember => "leave the loop out: nothing can be stored or paid in it yet",
            Need::Payments => {
                "pay outside of the contract for now; the fee of a run is paid as always"
            }
        }
    }
}

impl fmt::Display for Unsupported {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Unsupported { place, need } = self;
        write!(f, "committees cannot run this contract yet: ")?;
        match place {
            Place::Contract => write!(f, "it needs {need}"),
            Place::Slot(name) => write!(f, "the slot {name} needs {need}"),
            Place::Entry(name) => write!(f, "the entry {name} needs {need}"),
            Place::Reveal(name) => write!(f, "the result {name} needs {need}"),
        }
    }
}

impl std::error::Error for Unsupported {}

impl fmt::Display for Need {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Need::Budget => "accounting for a privacy budget",
            Need::State => "state that is kept between calls",
            Need::Parameters => "parameters",
            Need::SeveralCollections => "several collections in one run",
            Need::ToCaller => "results for who calls",
            Need::Noise => "noise",
            Need::OpenRandomness => "random numbers beside results for everyone",
            Need::EachMember => "something done for each member",
            Need::Payments => "payments and transfers",
        })
    }
}

/// The first thing in the contract that committees do not run yet, if there is one.
#[must_use]
pub fn unsupported(contract: &Contract) -> Option<Unsupported> {
    let whole = contract.budget.is_some().then_some(Unsupported {
        place: Place::Contract,
        need: Need::Budget,
    });
    let slots = contract.slots.iter().map(|slot| Unsupported {
        place: Place::Slot(slot.name.clone()),
        need: Need::State,
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
    let mut parts = whole.into_iter().chain(slots).chain(reveals).chain(entries);
    parts.next()
}

fn of_reveal(reveal: &Reveal) -> Option<Need> {
    first([
        (
            reveal.recipients.contains(&Recipient::Caller),
            Need::ToCaller,
        ),
        (reveal.noise.is_some(), Need::Noise),
    ])
}

fn of_entry(contract: &Contract, index: usize, entry: &Entry) -> Option<Need> {
    let declared = first([
        (!entry.params.is_empty(), Need::Parameters),
        (
            contract.collections_used(index).len() > 1,
            Need::SeveralCollections,
        ),
    ]);
    // The committee sees what everyone is shown before the run is over: a member that does not like what was drawn
    // breaks off, and the next run draws anew.
    let draw = |op: &Op| matches!(op, Op::Random { .. } | Op::Shuffle { .. });
    let draws = entry.code.iter().any(draw);
    let is_open = draws && contract.shows_everyone(index);
    let declared = declared.or_else(|| is_open.then_some(Need::OpenRandomness));
    declared.or_else(|| entry.code.iter().find_map(of_operation))
}

fn of_operation(op: &Op) -> Option<Need> {
    match op {
        Op::EachMember { .. } => Some(Need::EachMember),
        Op::Pays { .. } | Op::Transfer { .. } => Some(Need::Payments),
        Op::Load { .. }
        | Op::Store { .. }
        | Op::LoadSecret { .. }
        | Op::StoreSecret { .. }
        | Op::Accumulate { .. } => Some(Need::State),
        Op::Param { .. } | Op::SecretParam { .. } => Some(Need::Parameters),
        _ => None,
    }
}

fn first<const N: usize>(needs: [(bool, Need); N]) -> Option<Need> {
    needs
        .into_iter()
        .find_map(|(needed, need)| needed.then_some(need))
}
