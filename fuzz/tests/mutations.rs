//! Every target returns on valid inputs and on mutations of them.

use enigma_mpc::testing::TestRng;
use fuzz::{TARGETS, seeds};

/// Mutations of each target's seeds together.
const MUTATIONS: usize = 2_000;

#[test]
fn no_target_panics_on_seeds_and_mutations_of_them() {
    let mut rng = TestRng::new(1);
    for (name, target) in TARGETS {
        let seeds = seeds(name);
        assert!(!seeds.is_empty(), "{name} has seeds");
        for seed in &seeds {
            target(seed);
            for _ in 0..MUTATIONS.div_ceil(seeds.len()) {
                target(&mutated(seed, &mut rng));
            }
        }
    }
}

/// A few bytes changed, cut out or doubled.
fn mutated(seed: &[u8], rng: &mut TestRng) -> Vec<u8> {
    let mut bytes = seed.to_vec();
    for _ in 0..1 + rng.below(4) {
        let start = rng.below(bytes.len().max(1)).min(bytes.len());
        let end = (start + rng.below(9)).min(bytes.len());
        match rng.below(5) {
            0 => bytes.truncate(start),
            1 => drop(bytes.drain(start..end)),
            2 => bytes.extend_from_within(start..end),
            3 => bytes
                .splice(start..start, [rng.below(256) as u8])
                .for_each(drop),
            _ => {
                for byte in &mut bytes[start..end] {
                    *byte ^= rng.below(256) as u8;
                }
            }
        }
    }
    bytes
}
