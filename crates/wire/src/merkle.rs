//! Merkle trees over keccak-256 in the form OpenZeppelin's `MerkleProof` verifies: pairs are sorted
//! before hashing and leaves are hashed twice, so that no inner node can pass for a leaf.

use crate::eip712::Words;
use crate::id::{Address, Hash, MemberIndex};
use crate::sign::keccak256;

/// The leaf of a member: its place in the list and its account.
pub fn member_leaf(index: MemberIndex, owner: Address) -> Hash {
    leaf(
        Words::plain()
            .uint(u128::from(index.0))
            .address(owner)
            .finish(),
    )
}

/// The leaf of an arbitrary hash.
pub fn leaf(inner: Hash) -> Hash {
    keccak256(&inner.0)
}

/// A tree over leaves in order. An odd node at the end of a level moves up unhashed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Tree {
    levels: Vec<Vec<Hash>>,
}

impl Tree {
    /// Builds the tree. An empty list has the root of 32 zero bytes, which the controller refuses.
    pub fn new(leaves: Vec<Hash>) -> Self {
        let mut levels = vec![leaves];
        while let Some(last) = levels.last().filter(|level| level.len() > 1) {
            let next = last
                .chunks(2)
                .map(|pair| {
                    if pair.len() == 2 {
                        join(pair[0], pair[1])
                    } else {
                        pair[0]
                    }
                })
                .collect();
            levels.push(next);
        }
        Self { levels }
    }

    /// The tree over a member list.
    pub fn of_members(members: &[Address]) -> Self {
        let leaf =
            |(index, owner): (usize, &Address)| member_leaf(MemberIndex(index as u32), *owner);
        Self::new(members.iter().enumerate().map(leaf).collect())
    }

    /// The root.
    pub fn root(&self) -> Hash {
        self.levels
            .last()
            .and_then(|level| level.first())
            .copied()
            .unwrap_or_default()
    }

    /// The siblings on the way from leaf `index` to the root, or `None` when there is no such leaf.
    pub fn proof(&self, index: usize) -> Option<Vec<Hash>> {
        self.levels[0].get(index)?;
        let mut position = index;
        let mut proof = Vec::new();
        for level in &self.levels {
            if let Some(sibling) = level.get(position ^ 1) {
                proof.push(*sibling);
            }
            position /= 2;
        }
        Some(proof)
    }
}

/// Does `proof` lead from `leaf` to `root`?
pub fn verify(proof: &[Hash], root: Hash, leaf: Hash) -> bool {
    proof
        .iter()
        .fold(leaf, |node, sibling| join(node, *sibling))
        == root
}

fn join(a: Hash, b: Hash) -> Hash {
    let (low, high) = if a <= b { (a, b) } else { (b, a) };
    Words::plain().hash(low).hash(high).finish()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_member_has_a_proof_and_nobody_else() {
        for count in 1..20usize {
            let members: Vec<Address> = (0..count).map(|i| Address([i as u8 + 1; 20])).collect();
            let tree = Tree::of_members(&members);
            for (index, owner) in members.iter().enumerate() {
                let proof = tree.proof(index).expect("a leaf");
                let position = MemberIndex(index as u32);
                assert!(verify(&proof, tree.root(), member_leaf(position, *owner)));
                assert!(!verify(
                    &proof,
                    tree.root(),
                    member_leaf(position, Address([0; 20]))
                ));
                assert!(!verify(
                    &proof,
                    tree.root(),
                    member_leaf(MemberIndex(99), *owner)
                ));
            }
            assert_eq!(tree.proof(count), None);
        }
    }

    #[test]
    fn no_members_no_root() {
        assert_eq!(Tree::of_members(&[]).root(), Hash::default());
    }
}
