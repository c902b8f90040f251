//! Secret-sharing protocols among a committee of n = 2t+1 parties, as deterministic machines.
//!
//! The pieces, in the order in which a session uses them:
//! - [`Setup`]: two rounds of messages that end in [`SessionSeeds`], the keys from which pairs and
//!   subsets of the committee derive common randomness (protocols B.1).
//! - [`Engine`]: runs operations on vectors of shares: multiplication, inner products, fresh
//!   polynomials, openings, random values and random bits (protocols B.2, B.3, B.7, F.1).
//! - [`cost`]: what each operation sends, exactly.
//!
//! # Security
//! This version is **semi-honest**: shares stay private against t parties that follow the protocol,
//! and results are right if all follow it. Messages that no honest party would send (wrong shape,
//! wrong place, not a field element, an inconsistent opening) are detected and end the session with
//! a [`Fault`], but a wrong product or a random bit that is not 0 or 1 goes unnoticed until batch
//! verification exists. Nothing here may be described as maliciously secure.
//!
//! Two rules that keep privacy once parties misbehave are already types (protocols C.5): a value
//! from a cheap opening can only be added to shares ([`CheapOpened`]), and random bits cannot be
//! used before the parties agreed on what was opened to make them ([`RandomBits`], [`Agreed`]).
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
mod values;

pub use cost::OpCost;
pub use engine::{Counters, EARLY_LIMIT_BYTES, Engine, FRAME_OVERHEAD_BYTES, Finished};
pub use fault::{Error, Fault, Misuse};
pub use keys::{SessionId, SessionSeeds};
pub use message::{BITS_CHUNK_LEN, CHUNK_LEN, HEADER_BYTES, MAX_PAYLOAD_BYTES, Outgoing, Slot};
pub use setup::{IDENTITY_SIGNATURE_BYTES, Identity, Peers, Setup};
pub use values::{Agreed, CheapOpened, Opened, RandomBits};
