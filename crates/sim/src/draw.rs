//! Randomness: every use has a stream of its own, named, so that one use does not shift another's.

use rand_chacha::ChaCha20Rng;
use rand_core::{Rng as _, SeedableRng as _};

/// A stream of a seed.
pub(crate) struct Draw(pub(crate) ChaCha20Rng);

impl Draw {
    /// The stream of this name.
    pub(crate) fn new(seed: u64, stream: &str) -> Draw {
        let mut hasher = blake3::Hasher::new_derive_key("enigma sim v1: a stream of a seed");
        hasher.update(&seed.to_le_bytes()).update(stream.as_bytes());
        Draw(ChaCha20Rng::from_seed(*hasher.finalize().as_bytes()))
    }

    pub(crate) fn word(&mut self) -> u64 {
        self.0.next_u64()
    }

    /// A number below `bound`, which is not 0; nearly uniform.
    pub(crate) fn below(&mut self, bound: u64) -> u64 {
        self.word() % bound
    }

    /// True so many times in a thousand.
    pub(crate) fn chance(&mut self, permille: u16) -> bool {
        self.below(1000) < u64::from(permille)
    }

    /// A value from `low` to `high`.
    pub(crate) fn between(&mut self, low: i64, high: i64) -> i64 {
        let span = u128::from(high.abs_diff(low)) + 1;
        let offset = u128::from(self.word()) % span;
        // Inside the range, hence in 64 bits.
        (i128::from(low) + offset as i128) as i64
    }

    /// One of a list that is not empty.
    pub(crate) fn pick<'a, T>(&mut self, list: &'a [T]) -> &'a T {
        &list[self.below(list.len() as u64) as usize]
    }
}
