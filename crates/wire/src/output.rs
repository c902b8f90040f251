//! How outputs are committed: each member's sealed shares have a Merkle root, and the certificate
//! names the hash of all members' roots in committee order.

use crate::eip712::Words;
use crate::id::Hash;
use crate::merkle::{self, Tree};
use crate::sign::keccak256;

/// The tree over one member's ciphertexts, in recipient order.
pub fn ciphertext_tree<'a>(ciphertexts: impl IntoIterator<Item = &'a [u8]>) -> Tree {
    Tree::new(
        ciphertexts
            .into_iter()
            .map(|bytes| merkle::leaf(keccak256(bytes)))
            .collect(),
    )
}

/// Does a ciphertext belong to a member's root?
pub fn verify_ciphertext(ciphertext: &[u8], proof: &[Hash], root: Hash) -> bool {
    merkle::verify(proof, root, merkle::leaf(keccak256(ciphertext)))
}

/// The certificate's `outputs`: hash of all members' roots in committee order.
pub fn commitment(roots: &[Hash]) -> Hash {
    roots
        .iter()
        .fold(Words::plain(), |words, root| words.hash(*root))
        .finish()
}
