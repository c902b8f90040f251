//! Nodes, programs, collections and consents.

use std::collections::BTreeSet;

use enigma_wire::controller::{
    CollectionTerms, Consent, Event, NodeInfo, PartyBinding, Receipt, Revocation, RightKey,
};
use enigma_wire::eip712::{NodeBinding, Typed};
use enigma_wire::id::{Address, CollectionId, Hash, NodeId, SealKey};
use enigma_wire::ledger::{CollectionRecord, NodeRecord};
use enigma_wire::sign::Signature;
use enigma_wire::{abi, merkle, sortition};

use super::{Call, Controller, Revert, SignedContribution, Transaction};

/// Longest address string of a node, in bytes.
const ADDRESS_BYTES_MAX: usize = 256;
/// Most parties of an instance.
const PARTIES_MAX: usize = 16;
/// Committee sizes the controller accepts.
const COMMITTEE_SIZES: std::ops::RangeInclusive<u8> = 3..=31;

type Outcome = Result<Vec<Event>, Revert>;

impl Controller {
    pub(super) fn dispatch(&mut self, tx: &Transaction<'_>, call: &Call) -> Outcome {
        match call {
            Call::RegisterNode { info, proof } => self.register_node(tx, info, proof),
            Call::RetireNode => self.retire_node(tx),
            Call::ReleaseDeposit => self.release_deposit(tx),
            Call::Publish { contract, manifest } => self.publish(tx, *contract, *manifest),
            Call::Deploy {
                contract,
                committee_size,
                parties,
            } => self.deploy_instance(tx, *contract, *committee_size, parties),
            Call::BindParty { binding, signature } => {
                self.bind_party(tx, binding, signature.as_ref())
            }
            Call::OpenCollection(terms) => self.open_collection(tx, terms),
            Call::DrawCommittee(instance) => self.draw_committee(tx, *instance),
            Call::Contribute(items) => items.iter().map(|item| self.contribute(item)).collect(),
            Call::Grant(items) => items
                .iter()
                .map(|(consent, by)| self.grant(consent, by))
                .collect(),
            Call::Revoke {
                revocation,
                signature,
            } => self.revoke(tx, revocation, signature.as_ref()),
            Call::SealCollection(collection) => self.seal_collection(tx, *collection),
            Call::RequestJob(request) => self.request_job(tx, request),
            Call::PutIn(instance) => self.put_in(tx, *instance),
            Call::TakeOut { instance, amount } => self.take_out(tx, *instance, *amount),
            Call::StartJob(job) => self.start_job(tx, *job),
            Call::CancelJob(job) => self.cancel_job(tx, *job),
            Call::Settle {
                certificate,
                effects,
                members,
                signatures,
            } => self.settle(certificate, effects, (members, signatures)),
            Call::FailJob {
                failure,
                members,
                signatures,
            } => self.fail_job(failure, members, signatures),
            Call::ExpireJob(job) => self.expire_job(tx, *job),
            Call::Withdraw => self.withdraw(tx),
        }
    }

    /// Records one event and reports it.
    pub(super) fn emit(&mut self, event: Event) -> Outcome {
        self.record(&event);
        Ok(vec![event])
    }

    fn register_node(
        &mut self,
        tx: &Transaction<'_>,
        info: &NodeInfo,
        proof: &Signature,
    ) -> Outcome {
        let config = self.ledger.config.ok_or(Revert::NotRegistered)?;
        check(tx.value >= config.min_deposit, Revert::DepositTooSmall)?;
        let longest = info.peer_address.len().max(info.api_address.len());
        check(longest <= ADDRESS_BYTES_MAX, Revert::AddressTooLong)?;
        let no_key = info.peer_key.0 == [0; 32] || info.seal_key.0 == [0; 32];
        check(!no_key, Revert::EmptyKey)?;
        let clashes = |record: &NodeRecord| {
            record.info.peer_key == info.peer_key
                || record.info.signer == info.signer
                || (record.operator == tx.sender && record.until.is_none())
        };
        check(
            !self.ledger.nodes.values().any(clashes),
            Revert::AlreadyRegistered,
        )?;
        let digest = self.domain.digest(&NodeBinding {
            operator: tx.sender,
            info,
        });
        check(
            proof.signer(&digest) == Some(info.signer),
            Revert::BadSignature,
        )?;
        let node = NodeId(self.next_node);
        self.next_node += 1;
        self.emit(Event::NodeRegistered {
            node,
            operator: tx.sender,
            info: info.clone(),
            deposit: tx.value,
        })
    }

    fn retire_node(&mut self, tx: &Transaction<'_>) -> Outcome {
        let (node, _) = self.live_node(tx.sender).ok_or(Revert::NotRegistered)?;
        let unbonding = self
            .ledger
            .config
            .map_or(0, |config| config.unbonding_seconds);
        self.emit(Event::NodeRetired {
            node,
            releasable_at: tx.block.time + unbonding,
        })
    }

    fn live_node(&self, operator: Address) -> Option<(NodeId, &NodeRecord)> {
        let mut nodes = self.ledger.nodes.iter();
        let (node, record) =
            nodes.find(|(_, record)| record.operator == operator && record.until.is_none())?;
        Some((*node, record))
    }

    fn release_deposit(&mut self, tx: &Transaction<'_>) -> Outcome {
        let retired = |(_, record): &(&NodeId, &NodeRecord)| {
            record.operator == tx.sender && record.until.is_some() && record.deposit > 0
        };
        let (node, record) = self
            .ledger
            .nodes
            .iter()
            .find(retired)
            .ok_or(Revert::NotRetired)?;
        check(
            record.releasable_at.is_some_and(|at| at <= tx.block.time),
            Revert::DepositLocked,
        )?;
        let (node, amount) = (*node, record.deposit);
        self.add_credit(tx.sender, amount);
        self.emit(Event::DepositReleased { node, amount })
    }

    fn publish(&mut self, tx: &Transaction<'_>, contract: Hash, manifest: Hash) -> Outcome {
        let no_hash = contract == Hash::default() || manifest == Hash::default();
        check(!no_hash, Revert::EmptyHash)?;
        check(
            !self.ledger.contracts.contains_key(&contract),
            Revert::AlreadyPublished,
        )?;
        self.emit(Event::ContractPublished {
            contract,
            manifest,
            publisher: tx.sender,
        })
    }

    fn deploy_instance(
        &mut self,
        tx: &Transaction<'_>,
        contract: Hash,
        committee_size: u8,
        parties: &[Address],
    ) -> Outcome {
        check(
            self.ledger.contracts.contains_key(&contract),
            Revert::UnknownContract,
        )?;
        check(
            committee_size % 2 == 1 && COMMITTEE_SIZES.contains(&committee_size),
            Revert::BadCommitteeSize,
        )?;
        check(
            self.eligible_nodes(tx.block.number).len() >= usize::from(committee_size),
            Revert::NotEnoughNodes,
        )?;
        check(parties.len() <= PARTIES_MAX, Revert::TooManyParties)?;
        check(!parties.contains(&Address::default()), Revert::EmptyAccount)?;
        let nonce = self.deploy_nonces.entry(tx.sender).or_default();
        let used = *nonce;
        *nonce += 1;
        let instance = abi::instance_id(contract, tx.sender, used, committee_size, parties);
        self.emit(Event::InstanceDeployed {
            instance,
            contract,
            deployer: tx.sender,
            nonce: used,
            committee_size,
            parties: parties.to_vec(),
            draw_block: tx.block.number + 1,
        })
    }

    fn bind_party(
        &mut self,
        tx: &Transaction<'_>,
        binding: &PartyBinding,
        by: Option<&Signature>,
    ) -> Outcome {
        let instance = self
            .ledger
            .instances
            .get(&binding.instance)
            .ok_or(Revert::UnknownInstance)?;
        let party = instance
            .parties
            .get(usize::from(binding.party))
            .ok_or(Revert::UnknownParty)?;
        check(binding.seal_key != SealKey::default(), Revert::EmptyKey)?;
        check(party.key.is_none(), Revert::AlreadyBound)?;
        self.check_signed_or_sent(tx, binding, by, party.account)?;
        self.emit(Event::PartyBound {
            binding: binding.clone(),
        })
    }

    /// Signed by the account, or without a signature sent by it.
    fn check_signed_or_sent(
        &self,
        tx: &Transaction<'_>,
        message: &impl Typed,
        by: Option<&Signature>,
        account: Address,
    ) -> Result<(), Revert> {
        let signer = match by {
            Some(signature) => signature.signer(&self.domain.digest(message)),
            None => Some(tx.sender),
        };
        check(signer == Some(account), Revert::BadSignature)
    }

    fn open_collection(&mut self, tx: &Transaction<'_>, terms: &CollectionTerms) -> Outcome {
        let instance = self
            .ledger
            .instances
            .get(&terms.instance)
            .ok_or(Revert::UnknownInstance)?;
        check(instance.deployer == tx.sender, Revert::NotDeployer)?;
        check(!instance.committee.is_empty(), Revert::NotDrawn)?;
        let retired = |node: &NodeId| {
            let record = self.ledger.nodes.get(node);
            record.is_some_and(|record| record.until.is_some())
        };
        check(
            !instance.committee.iter().any(retired),
            Revert::CommitteeRetired,
        )?;
        check(
            terms.member_root != Hash::default(),
            Revert::MemberListMissing,
        )?;
        check(
            terms.min_rows >= 1 && terms.member_count >= terms.min_rows,
            Revert::BadSize,
        )?;
        let collection = CollectionId(self.next_collection);
        self.next_collection += 1;
        self.terms.insert(collection, abi::terms_start(collection));
        self.emit(Event::CollectionOpened {
            collection,
            opener: tx.sender,
            terms: terms.clone(),
        })
    }

    /// Nodes registered by a block and not retired by then. Judged as of the block of the deployment, so that
    /// joining or leaving after the seed is known changes nothing.
    fn eligible_nodes(&self, block: u64) -> Vec<NodeId> {
        let eligible = |record: &NodeRecord| {
            record.since <= block && record.until.is_none_or(|until| until > block)
        };
        self.ledger
            .nodes
            .iter()
            .filter(|(_, record)| eligible(record))
            .map(|(node, _)| *node)
            .collect()
    }

    fn draw_committee(&mut self, tx: &Transaction<'_>, id: Hash) -> Outcome {
        let instance = self
            .ledger
            .instances
            .get(&id)
            .ok_or(Revert::UnknownInstance)?;
        check(instance.committee.is_empty(), Revert::AlreadyDrawn)?;
        check(tx.block.number > instance.draw_block, Revert::TooEarly)?;
        let Some(hash) = (tx.block_hash)(instance.draw_block) else {
            return self.emit(Event::DrawPostponed {
                instance: id,
                draw_block: tx.block.number + 1,
            });
        };
        let eligible = self.eligible_nodes(instance.deployed);
        let seed = sortition::seed(hash, id);
        let nodes = sortition::draw(seed, &eligible, usize::from(instance.committee_size))
            .ok_or(Revert::NotEnoughNodes)?;
        self.emit(Event::CommitteeDrawn {
            instance: id,
            seed,
            nodes,
        })
    }

    /// A collection that takes contributions.
    fn open_for_rows(&self, id: CollectionId) -> Result<&CollectionRecord, Revert> {
        let collection = self
            .ledger
            .collections
            .get(&id)
            .ok_or(Revert::UnknownCollection)?;
        check(collection.sealed.is_none(), Revert::AlreadySealed)?;
        Ok(collection)
    }

    fn contribute(&mut self, item: &SignedContribution) -> Result<Event, Revert> {
        let contribution = &item.contribution;
        let collection = self.open_for_rows(contribution.collection)?;
        let leaf = merkle::member_leaf(contribution.member, contribution.owner);
        check(
            contribution.member.0 < collection.terms.member_count
                && merkle::verify(&item.member_proof, collection.terms.member_root, leaf),
            Revert::NotMember,
        )?;
        let earlier = collection.contributions.get(&contribution.member);
        check(
            earlier.is_none_or(|earlier| earlier.owner == contribution.owner),
            Revert::MemberTaken,
        )?;
        check(
            contribution.revision == earlier.map_or(0, |c| c.revision + 1),
            Revert::WrongRevision,
        )?;
        check(contribution.rows > 0, Revert::NoRows)?;
        let digest = self.domain.digest(contribution);
        check(
            item.signature.signer(&digest) == Some(contribution.owner),
            Revert::BadSignature,
        )?;
        let committee = self.committee(contribution.collection);
        check(
            item.receipts.len() == committee.len(),
            Revert::LengthMismatch,
        )?;
        let receipt = self.domain.digest(&Receipt {
            contribution: contribution.clone(),
        });
        for (node, signature) in committee.iter().zip(&item.receipts) {
            check(
                signature.signer(&receipt) == Some(self.signer(*node)),
                Revert::BadReceipt,
            )?;
        }
        self.extend_terms(contribution.collection, contribution.struct_hash());
        let event = Event::Contributed {
            contribution: contribution.clone(),
        };
        self.record(&event);
        Ok(event)
    }

    /// The committee that serves a collection; empty when there is no such collection.
    pub(super) fn committee(&self, collection: CollectionId) -> &[NodeId] {
        self.ledger.committee(collection).unwrap_or_default()
    }

    pub(super) fn signer(&self, node: NodeId) -> Address {
        self.ledger
            .nodes
            .get(&node)
            .map(|record| record.info.signer)
            .unwrap_or_default()
    }

    fn extend_terms(&mut self, collection: CollectionId, hash: Hash) {
        let terms = self.terms.entry(collection).or_default();
        *terms = abi::terms_step(*terms, hash);
    }

    fn grant(&mut self, consent: &Consent, signature: &Signature) -> Result<Event, Revert> {
        let right = &consent.right;
        let collection = self
            .ledger
            .collections
            .get(&right.collection)
            .ok_or(Revert::UnknownCollection)?;
        check(
            collection.terms.instance == consent.instance,
            Revert::WrongInstance,
        )?;
        let contract = self
            .ledger
            .instances
            .get(&consent.instance)
            .map(|instance| instance.contract);
        check(contract == Some(right.contract), Revert::WrongContract)?;
        let owner = collection.contributions.get(&right.member).map(|c| c.owner);
        check(owner == Some(consent.owner), Revert::NotContributor)?;
        check(consent.nonce > self.last_nonce(right), Revert::StaleNonce)?;
        check(
            signature.signer(&self.domain.digest(consent)) == Some(consent.owner),
            Revert::BadSignature,
        )?;
        if collection.sealed.is_none() {
            self.extend_terms(right.collection, consent.struct_hash());
        }
        let event = Event::ConsentGranted {
            consent: consent.clone(),
        };
        self.record(&event);
        Ok(event)
    }

    /// The nonce of a right's latest grant or revocation; 0 before any.
    fn last_nonce(&self, right: &RightKey) -> u64 {
        self.ledger
            .rights
            .get(right)
            .map_or(0, |record| record.nonce)
    }

    fn revoke(
        &mut self,
        tx: &Transaction<'_>,
        revocation: &Revocation,
        by: Option<&Signature>,
    ) -> Outcome {
        let right = &revocation.right;
        let collection = self.ledger.collections.get(&right.collection);
        let given = collection.and_then(|record| record.contributions.get(&right.member));
        let owner = given.map(|contribution| contribution.owner);
        check(owner == Some(revocation.owner), Revert::NotContributor)?;
        check(
            revocation.nonce > self.last_nonce(right),
            Revert::StaleNonce,
        )?;
        self.check_signed_or_sent(tx, revocation, by, revocation.owner)?;
        self.emit(Event::ConsentRevoked {
            revocation: revocation.clone(),
        })
    }

    fn seal_collection(&mut self, tx: &Transaction<'_>, id: CollectionId) -> Outcome {
        let collection = self.open_for_rows(id)?;
        check(collection.opener == tx.sender, Revert::NotOpener)?;
        let rows = collection.contributions.len() as u32;
        check(rows >= collection.terms.min_rows, Revert::TooFewRows)?;
        let terms_root = self.terms.get(&id).copied().unwrap_or_default();
        self.emit(Event::CollectionSealed {
            collection: id,
            rows,
            terms_root,
        })
    }
}

pub(super) fn check(holds: bool, otherwise: Revert) -> Result<(), Revert> {
    if holds { Ok(()) } else { Err(otherwise) }
}

/// No member twice; used where a set is given as a list.
pub(super) fn strictly_increasing(members: &[u8]) -> bool {
    members.iter().collect::<BTreeSet<_>>().len() == members.len() && members.is_sorted()
}
