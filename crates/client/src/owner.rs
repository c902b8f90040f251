//! A data owner: keys, dealing a value to a committee, signing the contribution and the consent.

use borsh::{BorshDeserialize, BorshSerialize};
use enigma_bytecode::model::Profile;
use enigma_field::{M61, M127};
use enigma_wire::abi;
use enigma_wire::api::Deposit;
use enigma_wire::controller::{Consent, Contribution, PartyBinding, Receipt, Revocation, RightKey};
use enigma_wire::dealing::{self, Dealt, Subject};
use enigma_wire::eip712::Domain;
use enigma_wire::id::{Address, CollectionId, MemberIndex, SealKey};
use enigma_wire::ledger::{CollectionRecord, Ledger};
use enigma_wire::merkle::Tree;
use enigma_wire::seal::{Purpose, SealSecret};
use enigma_wire::sign::{SecretKey, Signature};
use rand_core::CryptoRng;
use zeroize::Zeroizing;

use crate::{ClientError, Network, dealt, http};

/// An owner's keys. Owners need no coins: what they sign, anybody may post.
#[derive(Debug)]
pub struct Owner {
    key: SecretKey,
    seal: SealSecret,
}

/// A collection that rows are given to.
#[derive(Clone, Copy, Debug)]
pub struct GivenTo<'a> {
    /// Which.
    pub collection: CollectionId,
    /// Its member list.
    pub members: &'a Tree,
    /// Its contract's profile, which says what field rows are dealt over.
    pub profile: Profile,
}

/// A contribution that every committee node has stored, ready to be posted.
#[derive(Clone, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct Contributed {
    /// What the owner signed.
    pub contribution: Contribution,
    /// The owner's signature.
    pub signature: Signature,
    /// Proof that the owner is on the member list.
    pub member_proof: Vec<enigma_wire::id::Hash>,
    /// One receipt from each node, in committee order.
    pub receipts: Vec<Signature>,
    /// Bytes uploaded to all nodes together.
    pub bytes: u64,
}

impl Owner {
    /// The owner with this account; the key that opens results follows from it.
    pub fn new(key: SecretKey) -> Self {
        let seal = SealSecret::of_account(&key);
        Self { key, seal }
    }

    /// Draws fresh keys.
    pub fn random(rng: &mut impl CryptoRng) -> Self {
        Self::new(SecretKey::random(rng))
    }

    /// The owner's account.
    pub fn address(&self) -> Address {
        self.key.address()
    }

    /// The key to which what this account receives is sealed.
    pub fn seal_key(&self) -> SealKey {
        self.seal.public()
    }

    pub(crate) fn key(&self) -> &SecretKey {
        &self.key
    }

    pub(crate) fn seal(&self) -> &SealSecret {
        &self.seal
    }

    /// Recognises rows that this owner gave before, by the numbers of all their columns: a keyed hash, so that whoever
    /// finds it cannot try out values without the owner's key. All rows of a collection have as many columns.
    pub(crate) fn tag(&self, collection: CollectionId, rows: &[Vec<i64>]) -> [u8; 32] {
        let key = blake3::derive_key("enigma given value v1", &self.key.to_bytes()[..]);
        let key = Zeroizing::new(key);
        let mut hash = blake3::Hasher::new_keyed(&key);
        hash.update(&collection.0.to_be_bytes());
        for value in rows.iter().flatten() {
            hash.update(&Zeroizing::new(value.to_be_bytes())[..]);
        }
        *hash.finalize().as_bytes()
    }

    /// Signs a consent: who may run which entry on this owner's value, how often, until when.
    pub fn consent(&self, domain: &Domain, terms: ConsentTerms) -> (Consent, Signature) {
        let consent = Consent {
            right: terms.right,
            instance: terms.instance,
            owner: self.address(),
            uses: terms.uses,
            expiry: terms.expiry,
            min_group: terms.min_group,
            nonce: terms.nonce,
        };
        let signature = self.key.sign(&domain.digest(&consent));
        (consent, signature)
    }

    /// Signs the binding of a party's sealing key: what the party receives can be opened with this key.
    pub fn binding(
        &self,
        domain: &Domain,
        instance: enigma_wire::id::Hash,
        party: u16,
    ) -> (PartyBinding, Signature) {
        let binding = PartyBinding {
            instance,
            party,
            seal_key: self.seal_key(),
        };
        let signature = self.key.sign(&domain.digest(&binding));
        (binding, signature)
    }

    /// Signs the end of a right.
    pub fn revocation(
        &self,
        domain: &Domain,
        right: RightKey,
        nonce: u64,
    ) -> (Revocation, Signature) {
        let revocation = Revocation {
            right,
            owner: self.address(),
            nonce,
        };
        let signature = self.key.sign(&domain.digest(&revocation));
        (revocation, signature)
    }

    /// Deals rows: one sealed package for each committee node, and the signed contribution. `rows`: of each its
    /// numbers, one for each column of the collection.
    ///
    /// # Errors
    /// When the collection's committee is not usable, or so many rows do not fit into one request.
    pub fn deal(
        &self,
        ledger: &Ledger,
        domain: &Domain,
        to: &GivenTo<'_>,
        (member, rows): (MemberIndex, &[Vec<i64>]),
        rng: &mut impl CryptoRng,
    ) -> Result<Vec<Deposit>, ClientError> {
        let deal = match to.profile {
            Profile::ShamirM61V1 => Self::deal_over::<M61, _>,
            Profile::ShamirM127V1 => Self::deal_over::<M127, _>,
        };
        deal(self, ledger, domain, to, (member, rows), rng)
    }

    fn deal_over<F: Dealt, R: CryptoRng>(
        &self,
        ledger: &Ledger,
        domain: &Domain,
        to: &GivenTo<'_>,
        (member, rows): (MemberIndex, &[Vec<i64>]),
        rng: &mut R,
    ) -> Result<Vec<Deposit>, ClientError> {
        let id = to.collection;
        let misuse = |why: String| ClientError::Misuse(why);
        let record = ledger
            .collections
            .get(&id)
            .ok_or_else(|| misuse(format!("no collection {id}")))?;
        let context = self.context(ledger, domain, record, (id, member))?;
        let dealing = dealt::deal::<F, _>(&context, rows, rng)?;
        let contribution = Contribution {
            collection: id,
            member,
            owner: self.address(),
            root: dealing.root,
            seal_key: self.seal_key(),
            revision: revision(record, member),
            // As many as fit into a request.
            rows: rows.len() as u32,
        };
        let signature = self.key.sign(&domain.digest(&contribution));
        let member_proof = to
            .members
            .proof(member.0 as usize)
            .ok_or_else(|| misuse(format!("member {member} is not on the member list")))?;
        let purpose = |node| Purpose::Row {
            owner: contribution.owner,
            collection: id,
            member,
            revision: contribution.revision,
            root: contribution.root,
            node,
        };
        let sealed = dealt::seal(ledger, &context, &dealing, purpose, rng)?;
        let deposits = sealed.into_iter().map(|sealed_row| Deposit {
            contribution: contribution.clone(),
            signature,
            member_proof: member_proof.clone(),
            sealed_row,
        });
        Ok(deposits.collect())
    }

    fn context(
        &self,
        ledger: &Ledger,
        domain: &Domain,
        record: &CollectionRecord,
        (collection, member): (CollectionId, MemberIndex),
    ) -> Result<dealing::Context, ClientError> {
        let misuse = |why: String| ClientError::Misuse(why);
        let instance = ledger
            .instances
            .get(&record.terms.instance)
            .ok_or_else(|| misuse("the collection's instance is unknown".to_owned()))?;
        Ok(dealing::Context {
            committee: crate::request::committee(instance.committee.len())?,
            nodes: instance.committee.clone(),
            owner: self.address(),
            subject: Subject::Rows {
                collection,
                member,
                revision: revision(record, member),
            },
            epoch: 0,
            policy: abi::policy(domain, record.terms.instance, instance.contract),
        })
    }
}

/// Which dealing of a member the next one is.
fn revision(record: &CollectionRecord, member: MemberIndex) -> u32 {
    let earlier = record.contributions.get(&member);
    earlier.map_or(0, |earlier| earlier.revision + 1)
}

/// What a consent allows.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ConsentTerms {
    /// Who may run what on which value.
    pub right: RightKey,
    /// The instance.
    pub instance: enigma_wire::id::Hash,
    /// How often in all.
    pub uses: u32,
    /// Unix seconds after which it is over.
    pub expiry: u64,
    /// Smallest group.
    pub min_group: u32,
    /// Greater than every earlier nonce of this right.
    pub nonce: u64,
}

/// Sends each committee node its deposit and gathers the receipts.
///
/// # Errors
/// When a node refuses, cannot be reached, or signs something else than the receipt.
pub async fn contribute(
    network: &Network,
    deposits: Vec<Deposit>,
) -> Result<Contributed, ClientError> {
    let first = deposits
        .first()
        .ok_or_else(|| ClientError::Misuse("nothing was dealt".to_owned()))?;
    let (contribution, signature) = (first.contribution.clone(), first.signature);
    let member_proof = first.member_proof.clone();
    let nodes = network.committee(contribution.collection)?;
    let nodes = network.with_signers(nodes)?;
    let receipt = Receipt {
        contribution: contribution.clone(),
    };
    let bytes = deposits
        .iter()
        .map(|deposit| deposit.sealed_row.len() as u64);
    let bytes = bytes.sum();
    let digest = network.domain().digest(&receipt);
    Ok(Contributed {
        contribution,
        signature,
        member_proof,
        receipts: http::receipts(nodes, "deposits", deposits, digest).await?,
        bytes,
    })
}
