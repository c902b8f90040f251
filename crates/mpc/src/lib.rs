//! Secret-sharing protocols among a committee of n = 2t+1 parties, as deterministic machines.
//!
//! The pieces, in the order in which a session uses them:
//! - [`Setup`]: two rounds of messages that end in [`SessionSeeds`], the keys from which pairs and, up to
//!   nine parties, subsets of the committee derive common randomness (protocols B.1).
//! - [`Engine`]: runs operations on vectors of shares: multiplication and inner products, by dealing or
//!   through kings, fresh polynomials, openings, random values, random bits, comparisons over bits, and
//!   shuffles (protocols B.2 to B.5, B.7, F.1, F.8, F.11), and the verification of batches of them
//!   (protocols C).
//! - [`cost`]: what each operation sends, exactly.
//!
//! # Security
//! **Malicious with abort**, for at most t of n = 2t+1 parties: whatever they do, nothing is opened
//! or handed out unless it is right, but for a probability below 2^-59 for each batch, and they
//! learn nothing but that. The types of the module `wires` make it so: what depends on a product
//! can be opened only when all parties accepted the product's batch, or under a mask that they
//! accepted. A session that ends with a [`Fault`] names culprits where a message proves them; who
//! made a wrong product is not found yet (protocols D); what that takes, parties sign, and an engine that
//! is told to keeps ([`LinkLog`]).
//!
//! # Invariants
//! No I/O, no clock, no randomness of its own beyond the seeds: the same calls and messages give the
//! same messages and results, in whatever order operations are started and frames arrive. A frame
//! of a peer never causes a panic. Links are authenticated and encrypted by the caller.

mod arrivals;
pub mod cost;
mod engine;
mod fault;
mod keys;
mod message;
mod prg;
mod setup;
#[cfg(any(test, feature = "testing"))]
pub mod testing;
#[cfg(test)]
#[path = "../tests/toy/mod.rs"]
mod toy;
mod turns;
mod wires;

pub use cost::OpCost;
pub use engine::{
    COMPARE_PART_LEN, Compare, Counters, EARLY_LIMIT_BYTES, Engine, FRAME_OVERHEAD_BYTES, Finished,
    LinkLog, LinkWay, MAX_SHUFFLE_PARTIES, Shape, compare_layers,
};
pub use fault::{Error, Fault, Misuse};
pub use keys::{SessionId, SessionSeeds};
pub use message::{
    BITS_CHUNK_LEN, CHUNK_LEN, HEADER_BYTES, KINGS_CHUNK_LEN, MAX_PAYLOAD_BYTES, Outgoing, Slot,
    bits_chunk_len, chunk_len, kings_chunk_len,
};
pub use setup::{IDENTITY_SIGNATURE_BYTES, Identity, Peers, Setup};
pub use wires::{Mask, Opened, RandomBits, Sourced, Verified, Wires};
