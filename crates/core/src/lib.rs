//! One node as a deterministic machine, and the reference model of the on-chain controller.
//!
//! [`Party`] takes [`Input`]s and yields [`Effect`]s; it owns no socket, clock, file or task. Two
//! drivers perform the effects: the node's and the tests'. Same inputs and seed, same effects.
//!
//! Invariants: permission is checked against the ledger before anything is stored or computed;
//! nothing that depends on a write leaves before the write is confirmed; a party never panics on a
//! peer's or a client's bytes.

mod access;
pub mod bench;
pub mod controller;
mod deposit;
mod job;
mod kept;
mod left;
mod parameters;
mod party;
pub mod rehearsal;
mod seam;
mod session;

pub use controller::Controller;
pub use party::{Config, Keys, Party, Timeouts};
pub use seam::{
    Call, ClientRequest, Effect, EffectId, Fact, Input, KEYS_AT_ONCE, Millis, Outcome, ReplyId,
    Response, Standing, Table, Write,
};
