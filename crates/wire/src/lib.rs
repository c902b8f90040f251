//! What every participant must encode, hash and check in the same way: identifiers, controller
//! events and calls, typed signatures, sealing, deposits, peer messages, and the pure rules that
//! client, node and auditor share.
//!
//! Invariants: no I/O, no clock, no ambient randomness; decoding is the only door in and returns
//! valid values or an error; encodings are canonical (decode then encode gives the same bytes).

pub mod abi;
pub mod api;
pub mod arguments;
pub mod controller;
pub mod dealing;
pub mod effects;
pub mod eip712;
pub mod id;
pub mod ledger;
pub mod merkle;
pub mod output;
pub mod parameters;
pub mod past;
pub mod peer;
pub mod pricing;
pub mod salted;
pub mod seal;
pub mod sign;
pub mod sortition;
