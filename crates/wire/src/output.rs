//! How outputs are committed: each member's sealed shares have a Merkle root, and the certificate
//! names the hash of all members' roots in committee order.

use std::fmt;

use borsh::{BorshDeserialize, BorshSerialize};

use crate::eip712::Words;
use crate::id::{Hash, MemberIndex};
use crate::merkle::{self, Tree};
use crate::sign::keccak256;

/// Who receives something of a job. A job's recipients are in this order: members, then parties.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, BorshSerialize, BorshDeserialize,
)]
pub enum Recipient {
    /// A member of the collection whose row was used.
    Member(MemberIndex),
    /// A party of the instance, counted from 0 in the contract's order.
    Party(u16),
}

impl fmt::Display for Recipient {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Recipient::Member(member) => write!(f, "member {member}"),
            Recipient::Party(party) => write!(f, "party {party}"),
        }
    }
}

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
