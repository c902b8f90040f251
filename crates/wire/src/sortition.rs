//! Which nodes serve an instance: a partial Fisher-Yates shuffle of the eligible nodes, seeded by a
//! block that was not known when the instance was deployed. The controller computes the same.

use crate::eip712::Words;
use crate::id::{Hash, NodeId};

/// The seed: `keccak256(abi.encode(block hash, instance))`.
pub fn seed(block_hash: Hash, instance: Hash) -> Hash {
    Words::plain().hash(block_hash).hash(instance).finish()
}

/// Draws `size` nodes from `eligible` (in order of their numbers), or `None` when there are fewer.
pub fn draw(seed: Hash, eligible: &[NodeId], size: usize) -> Option<Vec<NodeId>> {
    if eligible.len() < size {
        return None;
    }
    let mut nodes = eligible.to_vec();
    for i in 0..size {
        let word = Words::plain().hash(seed).uint(i as u128).finish();
        let offset = remainder(&word.0, (nodes.len() - i) as u64);
        nodes.swap(i, i + offset as usize);
    }
    nodes.truncate(size);
    Some(nodes)
}

/// A big-endian 256-bit number modulo `modulus`.
fn remainder(word: &[u8; 32], modulus: u64) -> u64 {
    word.iter().fold(0u128, |rest, byte| {
        ((rest << 8) | u128::from(*byte)) % u128::from(modulus)
    }) as u64
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn draws_distinct_eligible_nodes() {
        let eligible: Vec<NodeId> = [2, 3, 5, 8, 13, 21, 34].map(NodeId).to_vec();
        for i in 0..200 {
            let drawn = draw(seed(Hash([i; 32]), Hash([7; 32])), &eligible, 5).expect("enough");
            let mut unique = drawn.clone();
            unique.sort();
            unique.dedup();
            assert_eq!(unique.len(), 5);
            assert!(unique.iter().all(|node| eligible.contains(node)));
        }
        assert_eq!(draw(Hash::default(), &eligible, 8), None);
    }

    #[test]
    fn every_node_is_drawn_about_equally_often() {
        let eligible: Vec<NodeId> = (1..=6).map(NodeId).collect();
        let mut counts = [0u32; 6];
        let word = |i: u64| Words::plain().uint(u128::from(i)).finish();
        for i in 0..6_000u64 {
            let drawn = draw(seed(Hash::default(), word(i)), &eligible, 3).expect("enough");
            for node in drawn {
                counts[node.0 as usize - 1] += 1;
            }
        }
        // Each count is binomial(6000, 1/2): mean 3000, standard deviation 39.
        assert!(
            counts.iter().all(|count| (2_750..=3_250).contains(count)),
            "{counts:?}"
        );
    }

    #[test]
    fn remainder_matches_long_division() {
        let mut word = [0u8; 32];
        word[30] = 1;
        word[31] = 44;
        assert_eq!(remainder(&word, 7), 300 % 7);
        assert_eq!(remainder(&[255; 32], 256), 255);
    }
}
