//! The computing part of a job, simulated: a whole committee in one thread from one seed, with a bad
//! network and corrupt parties, and rules that say which outcomes are impossible.
//!
//! A [`Case`] is one run as data: a contract, sizes, a seed, a [`Network`], an [`Adversary`]. It has
//! a form of one line, so that a run that broke a rule can be repeated, shrunk and kept. [`simulate`]
//! runs a case; [`check`] runs it as often as the rules need and says which it broke; [`Campaign`]
//! draws cases; [`shrink`] looks for the smallest case that still breaks a rule.
//!
//! Parties are real: key set-up with signatures, then the input check and the entry's stages in one session, as in a job. Corrupt ones run the same code; what they say, and if wanted
//! what they hear, is edited on the way.
//!
//! Invariants: no clock, no files, no randomness but the seed's: one case, one trace.

mod adversary;
mod campaign;
mod case;
mod corrupt;
mod draw;
mod network;
mod node;
mod notary;
mod oracle;
mod program;
mod run;
mod scene;
mod schedule;
mod shrink;

pub use adversary::{Action, Adversary, AdversaryError, Direction, Mutation};
pub use campaign::{AdversaryChoice, Campaign, Coverage};
pub use case::{Case, CaseError, cases};
pub use network::{Network, NetworkError, Partition};
pub use node::Ending;
pub use oracle::{Verdict, Violation, check};
pub use program::{Program, ProgramError};
pub use run::{Run, Twin, simulate};
pub use scene::SceneError;
pub use schedule::Kind;
pub use shrink::shrink;
