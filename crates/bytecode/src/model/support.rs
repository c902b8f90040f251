//! What of the language committees do not run yet.
//!
//! Today a job takes collections to which the members of a group or a party gave rows, and parameters, reads and changes
//! the instance's public and secret state, moves money, and ends with results, blurred within a budget, for members, parties, who asked for it
//! and everyone. Nodes refuse other contracts when they are given one, clients before they publish one: both
//! ask [`unsupported`].

use std::fmt;

use super::{Blur, Contract, Entry, Op, Provider, Reveal, Role};

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
    /// The entry of this name.
    Entry(String),
    /// The result of this name.
    Reveal(String),
}

/// What committees do not do yet.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Need {
    /// Noise that no budget bounds.
    UnboundedNoise,
    /// Noise with a delta that no budget bounds.
    UnboundedDelta,
    /// Random numbers in an entry that shows something to everyone.
    OpenRandomness,
    /// Members of a group that gives to no collection.
    MembersWithoutRows,
}

impl Need {
    /// What a contract can do in place of it, in plain words.
    #[must_use]
    pub fn hint(self) -> &'static str {
        match self {
            Need::UnboundedNoise => {
                "say in `privacy` how much all noise may cost: `epsilon_total: 2.0`"
            }
            Need::UnboundedDelta => {
                "say in `privacy` how much that may be for all noise: `delta_total: 0.000001`; or take `laplace`, which has none"
            }
            Need::OpenRandomness => {
                "show the results of this entry to members or parties, who see them once the run is over"
            }
            Need::MembersWithoutRows => {
                "collect something from the group: who has given is known to be a member; who may call, `admit` can say, too"
            }
        }
    }
}

impl fmt::Display for Unsupported {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Unsupported { place, need } = self;
        write!(f, "committees cannot run this contract yet: ")?;
        match place {
            Place::Entry(name) => write!(f, "the entry {name} needs {need}"),
            Place::Reveal(name) => write!(f, "the result {name} needs {need}"),
        }
    }
}

impl std::error::Error for Unsupported {}

impl fmt::Display for Need {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Need::UnboundedNoise => "a budget for its noise",
            Need::UnboundedDelta => "a budget for the delta of its noise",
            Need::OpenRandomness => "random numbers beside results for everyone",
            Need::MembersWithoutRows => "members of a group that gives to no collection",
        })
    }
}

/// The first thing in the contract that committees do not run yet, if there is one.
#[must_use]
pub fn unsupported(contract: &Contract) -> Option<Unsupported> {
    let entries = contract.entries.iter().enumerate();
    let entries = entries.filter_map(|(index, entry)| {
        Some(Unsupported {
            need: of_entry(contract, index, entry)?,
            place: Place::Entry(entry.name.clone()),
        })
    });
    let reveals = contract.manifest.iter().filter_map(|reveal| {
        Some(Unsupported {
            need: of_reveal(contract, reveal)?,
            place: Place::Reveal(reveal.name.clone()),
        })
    });
    reveals.chain(entries).next()
}

fn of_reveal(contract: &Contract, reveal: &Reveal) -> Option<Need> {
    let noise = reveal.noise.as_ref();
    let budget = contract.budget.unwrap_or_default();
    let has_delta = noise.is_some_and(Blur::is_gaussian);
    // A run that is broken off is drawn for anew, and averages cancel noise.
    first([
        (
            noise.is_some() && budget.epsilon_total.is_none(),
            Need::UnboundedNoise,
        ),
        (
            has_delta && budget.delta_total.is_none(),
            Need::UnboundedDelta,
        ),
    ])
}

fn of_entry(contract: &Contract, index: usize, entry: &Entry) -> Option<Need> {
    let gives = |group: u16| {
        let mut collections = contract.collections.iter();
        collections.any(|collection| collection.provider == Provider::Each(group))
    };
    // A condition says of an account whether it belongs, and nothing lists all that do.
    let by_known = match entry.by {
        Some(Role::Member(group)) => gives(group) || contract.admits(group.into()),
        Some(Role::Party(_)) | None => true,
    };
    let is_known = by_known && contract.groups_walked(index).into_iter().all(gives);
    let declared = (!is_known).then_some(Need::MembersWithoutRows);
    // The committee sees what everyone is shown before the run is over: a member that does not like what was drawn
    // breaks off, and the next run draws anew.
    let draw = |op: &Op| op.draws();
    let draws = entry.code.iter().any(draw);
    let is_open = draws && contract.shows_everyone(index);
    declared.or_else(|| is_open.then_some(Need::OpenRandomness))
}

fn first<const N: usize>(needs: [(bool, Need); N]) -> Option<Need> {
    needs
        .into_iter()
        .find_map(|(needed, need)| needed.then_some(need))
}
