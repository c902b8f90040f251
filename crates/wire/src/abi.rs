//! Hashes the controller makes with `abi.encode`, other than EIP-712 ones.

use crate::eip712::{Domain, Words};
use crate::id::{Address, CollectionId, Hash};

/// An instance's id: `keccak256(abi.encode(contract, deployer, nonce, committee_size, parties))`.
pub fn instance_id(
    contract: Hash,
    deployer: Address,
    nonce: u64,
    committee_size: u8,
    parties: &[Address],
) -> Hash {
    // A list's word in the head says how many bytes after the head's start it begins.
    const HEAD_BYTES: u128 = 5 * 32;
    let head = Words::plain()
        .hash(contract)
        .address(deployer)
        .uint(u128::from(nonce))
        .uint(u128::from(committee_size))
        .uint(HEAD_BYTES)
        .uint(parties.len() as u128);
    parties
        .iter()
        .fold(head, |words, party| words.address(*party))
        .finish()
}

/// Where a collection's terms hash starts: the collection's number as a word.
pub fn terms_start(collection: CollectionId) -> Hash {
    let mut word = [0; 32];
    word[24..].copy_from_slice(&collection.0.to_be_bytes());
    Hash(word)
}

/// The terms hash after one more contribution or consent: `keccak256(abi.encode(terms, hash))`.
pub fn terms_step(terms: Hash, hash: Hash) -> Hash {
    Words::plain().hash(terms).hash(hash).finish()
}

/// The policy a dealing is bound to: the controller on its chain, the instance and the program, so that
/// rows dealt for one deployment open and check nowhere else.
pub fn policy(domain: &Domain, instance: Hash, contract: Hash) -> Hash {
    Words::plain()
        .hash(domain.separator())
        .hash(instance)
        .hash(contract)
        .finish()
}
