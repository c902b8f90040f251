//! What every participant must encode, hash and check in the same way: identifiers, controller
//! events and calls, typed signatures, sealing, deposits, peer messages, and the pure rules that
//! client, node and auditor share.
//!
//! Invariants: no I/O, no clock, no ambient randomness; decoding is the only door in and returns
//! valid values or an error; encodings are canonical (decode then encode gives the same bytes).

pub mod controller;
pub mod id;
