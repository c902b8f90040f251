//! The harness: everything around `Party` that a node, a network and a chain do, made deterministic.

mod chain;
mod dealing;
mod jobs;
mod machine;
mod parameters;
mod results;
mod survey;
mod world;

pub(crate) use chain::{Chain, MIN_DEPOSIT, PRICES, UNBONDING_SECONDS};
pub(crate) use dealing::row_purpose;
pub(crate) use machine::{Disk, Node};
pub(crate) use results::{Seen, expected};
pub(crate) use survey::{Consented, FOREVER, Owner, PAST_ANY_FEE, Setting, Survey};
pub(crate) use world::World;

use rand_chacha::ChaCha20Rng;
use rand_core::SeedableRng;

/// 32 bytes that depend on a label and a seed.
pub(crate) fn derive(label: &str, seed: u64) -> [u8; 32] {
    let mut hasher = blake3::Hasher::new_derive_key("enigma core tests v1");
    hasher.update(&seed.to_le_bytes()).update(label.as_bytes());
    *hasher.finalize().as_bytes()
}

/// A generator that depends on a label and a seed.
pub(crate) fn generator(label: &str, seed: u64) -> ChaCha20Rng {
    ChaCha20Rng::from_seed(derive(label, seed))
}
