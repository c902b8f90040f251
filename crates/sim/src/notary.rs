//! The parties' long-term keys. Signatures are real; what one party computed another need not compute
//! again, nor the next run of a case: signing and checking are pure functions, and most of the time of
//! a small run.

use std::cell::RefCell;
use std::collections::BTreeMap;

use enigma_field::{Committee, Party};
use enigma_mpc::{Identity, Peers};
use enigma_wire::id::{Address, Hash};
use enigma_wire::sign::{SecretKey, Signature};

use crate::draw::Draw;

type Digest = [u8; 32];
type Signed = [u8; 65];

/// Keys of a committee: the same in every run, because sessions differ.
pub(crate) struct Notary {
    keys: Vec<SecretKey>,
    addresses: Vec<Address>,
    signed: RefCell<BTreeMap<(Party, Digest), Signed>>,
    signers: RefCell<BTreeMap<(Digest, Signed), Option<Address>>>,
}

/// A party that signs.
pub(crate) struct Signer<'a> {
    pub(crate) notary: &'a Notary,
    pub(crate) party: Party,
}

impl Notary {
    pub(crate) fn new(committee: Committee) -> Notary {
        let key = |party: Party| {
            let seed = u64::from(party.number());
            SecretKey::random(&mut Draw::new(seed, "signing key").0)
        };
        let keys: Vec<SecretKey> = committee.parties().map(key).collect();
        Notary {
            addresses: keys.iter().map(SecretKey::address).collect(),
            keys,
            signed: RefCell::default(),
            signers: RefCell::default(),
        }
    }
}

impl Identity for Signer<'_> {
    fn sign(&self, digest: Digest) -> Signed {
        let mut signed = self.notary.signed.borrow_mut();
        let signature = signed.entry((self.party, digest));
        let key = &self.notary.keys[self.party.index()];
        *signature.or_insert_with(|| key.sign(&Hash(digest)).0)
    }
}

impl Peers for Notary {
    fn verify(&self, party: Party, digest: Digest, signature: &Signed) -> bool {
        let mut signers = self.signers.borrow_mut();
        let signer = signers.entry((digest, *signature));
        let signer = signer.or_insert_with(|| Signature(*signature).signer(&Hash(digest)));
        signer.is_some() && signer.as_ref() == self.addresses.get(party.index())
    }
}
