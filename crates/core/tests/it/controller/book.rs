//! A chain with keys for everybody on it, and calls that are good before a test spoils them.

use enigma_core::controller::{Call, Revert, SignedContribution};
use enigma_wire::abi;
use enigma_wire::controller::{
    Amount, Certificate, CollectionTerms, Consent, Contribution, Event, Failure, FailureReason,
    JobRequest, NodeInfo, PartyBinding, Receipt, Revocation, RightKey,
};
use enigma_wire::effects::Effects;
use enigma_wire::eip712::{NodeBinding, Typed};
use enigma_wire::id::{Address, CollectionId, Hash, JobId, MemberIndex, PeerKey, SealKey};
use enigma_wire::ledger::Ledger;
use enigma_wire::merkle::Tree;
use enigma_wire::sign::{SecretKey, Signature, keccak256};

use crate::committee::{Chain, MIN_DEPOSIT, derive};

pub(super) const OPENER: Address = Address([0xaa; 20]);
pub(super) const OTHER: Address = Address([0xbb; 20]);
pub(super) const CONTRACT: Hash = Hash([0xc0; 32]);
pub(super) const MANIFEST: Hash = Hash([0xc1; 32]);
pub(super) const FIRST: CollectionId = CollectionId(1);
pub(super) const FEE: Amount = 1_003;

pub(super) fn key(label: &str, number: u64) -> SecretKey {
    SecretKey::from_bytes(&derive(label, number)).expect("below the order")
}

pub(super) fn operator(node: u64) -> Address {
    key("operator", node).address()
}

/// The accounts of the instance's two parties.
pub(super) fn parties() -> Vec<Address> {
    (0..2).map(|at| key("party", at).address()).collect()
}

/// A chain and the keys of everybody on it.
pub(super) struct Book {
    pub(super) chain: Chain,
    pub(super) tree: Tree,
}

impl Book {
    /// `nodes` registered nodes.
    pub(super) fn new(nodes: u64) -> Self {
        let owners: Vec<Address> = (0..6).map(|at| key("owner", at).address()).collect();
        let mut book = Self {
            chain: Chain::new(),
            tree: Tree::of_members(&owners),
        };
        for node in 1..=nodes {
            let call = book.registration(node);
            book.ok(operator(node), MIN_DEPOSIT, &call);
        }
        book
    }

    /// Published, deployed, with a committee of three.
    pub(super) fn deployed(nodes: u64) -> Self {
        let mut book = Self::new(nodes);
        let publish = Call::Publish {
            contract: CONTRACT,
            manifest: MANIFEST,
        };
        book.ok(OPENER, 0, &publish);
        let deploy = Call::Deploy {
            contract: CONTRACT,
            committee_size: 3,
            parties: parties(),
        };
        book.ok(OPENER, 0, &deploy);
        book
    }

    /// Drawn.
    pub(super) fn drawn(nodes: u64) -> Self {
        let mut book = Self::deployed(nodes);
        book.chain.idle(1);
        let draw = Call::DrawCommittee(book.instance());
        book.ok(OTHER, 0, &draw);
        book
    }

    /// Opened.
    pub(super) fn opened() -> Self {
        let mut book = Self::drawn(5);
        let terms = book.terms();
        book.ok(OPENER, 0, &Call::OpenCollection(terms));
        book
    }

    /// Two contributions and their consents, sealed.
    pub(super) fn sealed() -> Self {
        let mut book = Self::opened();
        for member in 0..2 {
            let item = book.contribution(member, 0);
            book.ok(OTHER, 0, &Call::Contribute(vec![item]));
            let consent = book.consent(member, 1);
            book.ok(OTHER, 0, &Call::Grant(vec![consent]));
        }
        book.ok(OPENER, 0, &Call::SealCollection(FIRST));
        book
    }

    /// A job is started.
    pub(super) fn started() -> Self {
        let mut book = Self::requested();
        let first = operator(book.committee()[0]);
        book.ok(first, 0, &Call::StartJob(JobId(1)));
        book
    }

    /// A job is open.
    pub(super) fn requested() -> Self {
        let mut book = Self::sealed();
        let call = book.request();
        book.ok(OPENER, FEE, &call);
        book
    }

    pub(super) fn ok(&mut self, sender: Address, value: Amount, call: &Call) -> Vec<Event> {
        let events = self.chain.call(sender, value, call);
        events.unwrap_or_else(|revert| panic!("{call:?}: {revert:?}"))
    }

    /// The call breaks this rule and changes nothing.
    #[track_caller]
    pub(super) fn reverts(&mut self, sender: Address, value: Amount, call: &Call, rule: Revert) {
        let before = format!("{:?}", self.chain.controller);
        assert_eq!(self.chain.call(sender, value, call), Err(rule));
        assert_eq!(format!("{:?}", self.chain.controller), before);
    }

    pub(super) fn ledger(&self) -> &Ledger {
        self.chain.ledger()
    }

    pub(super) fn sign(&self, by: &SecretKey, message: &impl Typed) -> Signature {
        by.sign(&self.chain.domain.digest(message))
    }

    pub(super) fn info(&self, node: u64) -> NodeInfo {
        NodeInfo {
            peer_key: PeerKey(derive("peer", node)),
            seal_key: SealKey(derive("seal", node)),
            signer: key("signer", node).address(),
            peer_address: format!("node{node}.example:7000"),
            api_address: format!("http://node{node}.example"),
        }
    }

    pub(super) fn registration(&self, node: u64) -> Call {
        self.registration_of(node, self.info(node), &key("signer", node))
    }

    pub(super) fn registration_of(&self, node: u64, info: NodeInfo, by: &SecretKey) -> Call {
        let binding = NodeBinding {
            operator: operator(node),
            info: &info,
        };
        let proof = self.sign(by, &binding);
        Call::RegisterNode { info, proof }
    }

    pub(super) fn instance(&self) -> Hash {
        abi::instance_id(CONTRACT, OPENER, 0, 3, &parties())
    }

    pub(super) fn binding(&self, party: u16) -> (PartyBinding, Signature) {
        let binding = PartyBinding {
            instance: self.instance(),
            party,
            seal_key: SealKey(derive("party seal", u64::from(party))),
        };
        let signature = self.sign(&key("party", u64::from(party)), &binding);
        (binding, signature)
    }

    pub(super) fn terms(&self) -> CollectionTerms {
        CollectionTerms {
            instance: self.instance(),
            slot: 0,
            member_root: self.tree.root(),
            member_count: 6,
            min_rows: 2,
        }
    }

    pub(super) fn committee(&self) -> Vec<u64> {
        let nodes = self.ledger().instances[&self.instance()].committee.iter();
        nodes.map(|node| u64::from(node.0)).collect()
    }

    /// The signer of the committee's member at this position.
    pub(super) fn signer(&self, position: usize) -> SecretKey {
        key("signer", self.committee()[position])
    }

    pub(super) fn contribution(&self, member: u64, revision: u32) -> SignedContribution {
        let owner = key("owner", member);
        let contribution = Contribution {
            collection: FIRST,
            member: MemberIndex(member as u32),
            owner: owner.address(),
            root: keccak256(&[member as u8, revision as u8]),
            seal_key: SealKey([7; 32]),
            revision,
            rows: 1,
        };
        self.signed(contribution, &owner)
    }

    pub(super) fn signed(&self, contribution: Contribution, by: &SecretKey) -> SignedContribution {
        let receipt = Receipt {
            contribution: contribution.clone(),
        };
        let positions = 0..self.committee().len();
        let at = contribution.member.0 as usize;
        SignedContribution {
            signature: self.sign(by, &contribution),
            member_proof: self.tree.proof(at).unwrap_or_default(),
            receipts: positions
                .map(|position| self.sign(&self.signer(position), &receipt))
                .collect(),
            contribution,
        }
    }

    pub(super) fn right(&self, member: u64) -> RightKey {
        RightKey {
            collection: FIRST,
            member: MemberIndex(member as u32),
            contract: CONTRACT,
            entry: 0,
            requester: OPENER,
        }
    }

    pub(super) fn consent(&self, member: u64, nonce: u64) -> (Consent, Signature) {
        let owner = key("owner", member);
        let consent = Consent {
            right: self.right(member),
            instance: self.instance(),
            owner: owner.address(),
            uses: 2,
            expiry: u64::MAX,
            min_group: 1,
            nonce,
        };
        let signature = self.sign(&owner, &consent);
        (consent, signature)
    }

    pub(super) fn revocation(&self, member: u64, nonce: u64) -> Call {
        let owner = key("owner", member);
        let revocation = Revocation {
            right: self.right(member),
            owner: owner.address(),
            nonce,
        };
        let signature = Some(self.sign(&owner, &revocation));
        Call::Revoke {
            revocation,
            signature,
        }
    }

    pub(super) fn request(&self) -> Call {
        Call::RequestJob(self.job_request())
    }

    pub(super) fn job_request(&self) -> JobRequest {
        JobRequest {
            instance: self.ledger().collections[&FIRST].terms.instance,
            entry: 0,
            collections: vec![FIRST],
            arguments: Vec::new(),
            seal_key: None,
            changes: false,
            pays: 0,
            deadline: self.chain.time() + 500,
        }
    }

    pub(super) fn certificate(&self) -> Certificate {
        Certificate {
            job: JobId(1),
            contract: CONTRACT,
            inputs: self.ledger().job_inputs(JobId(1)).expect("sealed"),
            outputs: Hash([5; 32]),
            effects: Effects::default().hash(),
            rows: 2,
            multiplications: 10,
            rounds: 4,
            bytes: 1_000,
        }
    }

    pub(super) fn settle(&self, certificate: Certificate, members: &[u8]) -> Call {
        let signatures = members
            .iter()
            .map(|at| self.sign(&self.signer(usize::from(*at)), &certificate));
        Call::Settle {
            signatures: signatures.collect(),
            certificate,
            effects: Effects::default(),
            members: members.to_vec(),
        }
    }

    pub(super) fn fail(&self, culprits: u32, members: &[u8]) -> Call {
        let failure = Failure {
            job: JobId(1),
            culprits,
            reason: FailureReason::Unresponsive,
        };
        let signatures = members
            .iter()
            .map(|at| self.sign(&self.signer(usize::from(*at)), &failure));
        Call::FailJob {
            signatures: signatures.collect(),
            failure,
            members: members.to_vec(),
        }
    }
}
