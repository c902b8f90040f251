//! Executes plans of [`enigma_bytecode::plan`].
//!
//! - [`Machine`] runs a plan for one party on its shares, with an [`enigma_mpc::Engine`]: a state
//!   machine that takes frames in and gives frames out.
//! - [`Session`] drives one party through a whole call: input check, stages, results.
//! - [`clear`] gives the meaning of contracts, and of plans, on plain values.
//!
//! Invariants: no I/O, no clock, no randomness of its own; what a machine sends depends on its
//! inputs, its engine and the order of frames only; no frame causes a panic; nothing here expands
//! an operation or counts cost, the plan does.

pub mod clear;
#[cfg(all(feature = "testing", not(test)))]
pub mod instances;
mod local;
mod machine;
mod memory;
mod pairs;
mod session;

pub use machine::{Machine, Outcome, Progress, Refused};
pub use session::{Called, Given, Session, SessionError, Turn};
