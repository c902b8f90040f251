//! How outputs are committed: each member's sealed shares have a Merkle root, and the certificate
//! names the hash of all members' roots in committee order.

use std::fmt;

use borsh::{BorshDeserialize, BorshSerialize};

use crate::eip712::Words;
use crate::id::{CollectionId, Hash, MemberIndex};
use crate::merkle::{self, Tree};
use crate::sign::keccak256;

/// Who receives something of a job. A job's recipients are in this order: members by collection, as the request lists them,
/// then parties, the requester, everyone.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, BorshSerialize, BorshDeserialize,
)]
pub enum Recipient {
    /// A member of one of the job's collections whose row was used.
    Member {
        /// The collection.
        collection: CollectionId,
        /// Its member.
        member: MemberIndex,
    },
    /// A party of the instance, counted from 0 in the contract's order.
    Party(u16),
    /// Who asked for the job.
    Caller,
    /// Everyone: what is in this place of the tree is [`PublicResults`] in the clear.
    Public,
}

/// What a job shows to everyone, as the whole committee opened it: the same bytes at all honest members.
#[derive(Clone, Debug, Default, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct PublicResults {
    /// In manifest order. Lines in branches that were not taken are not there.
    pub lines: Vec<PublicLine>,
}

/// What a manifest line shows to everyone.
#[derive(Clone, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct PublicLine {
    /// The manifest line.
    pub reveal: u16,
    /// By column of the line, its elements. What is hidden is 0, or no bytes.
    pub columns: Vec<Vec<PublicValue>>,
    /// By count of a line that hides what counts too few: which elements are shown. Empty for other lines.
    pub there: Vec<Vec<bool>>,
}

/// One public value.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, BorshSerialize, BorshDeserialize)]
pub enum PublicValue {
    /// A number, or a truth value as 1 or 0.
    Number(i64),
    /// Bytes: an account, a hash, a text.
    Bytes(Vec<u8>),
}

impl fmt::Display for Recipient {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Recipient::Member { collection, member } => {
                write!(f, "member {member} of collection {collection}")
            }
            Recipient::Party(party) => write!(f, "party {party}"),
            Recipient::Caller => f.write_str("its requester"),
            Recipient::Public => f.write_str("everyone"),
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
