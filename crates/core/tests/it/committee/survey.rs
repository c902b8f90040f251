//! A survey: the sample contract, people with keys, an open collection, consents.

use enigma_bytecode::container;
use enigma_bytecode::model::Contract;
use enigma_core::controller::Call;
use enigma_core::{ClientRequest, Response};
use enigma_wire::controller::{
    Amount, CollectionTerms, Consent, Event, PartyBinding, Revocation, RightKey,
};
use enigma_wire::eip712::Domain;
use enigma_wire::id::{Address, CollectionId, Hash, MemberIndex, NodeId, SealKey};
use enigma_wire::ledger::CollectionRecord;
use enigma_wire::merkle::Tree;
use enigma_wire::seal::SealSecret;
use enigma_wire::sign::{SecretKey, Signature};
use rand_chacha::ChaCha20Rng;

use super::{World, derive, generator};

const SOURCE: &str = include_str!("../../../../../examples/salaries/salaries.enigma");
/// An expiry that no test reaches.
pub(crate) const FOREVER: u64 = u64::MAX;
/// Parties' keys are those of owners from this number on.
const FIRST_PARTY: usize = 1_000_000;
/// A fee that covers every job of the tests.
pub(crate) const PAST_ANY_FEE: Amount = 1_000_000_000;

/// Somebody with a value.
pub(crate) struct Owner {
    pub(crate) key: SecretKey,
    pub(crate) seal: SealSecret,
}

impl Owner {
    pub(crate) fn new(number: usize, seed: u64) -> Self {
        let key = derive(&format!("owner {number}"), seed);
        Self {
            key: SecretKey::from_bytes(&key).expect("below the order"),
            seal: SealSecret::from_bytes(&derive(&format!("owner seal {number}"), seed)),
        }
    }

    /// The keys of the instance's party of this number.
    pub(crate) fn of_party(number: usize, seed: u64) -> Self {
        Self::new(FIRST_PARTY + number, seed)
    }

    pub(crate) fn address(&self) -> Address {
        self.key.address()
    }

    pub(crate) fn seal_key(&self) -> SealKey {
        self.seal.public()
    }
}

/// What is run and who its parties are.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Setting<'a> {
    /// The contract's source.
    pub(crate) source: &'a str,
    /// How many parties the instance names.
    pub(crate) parties: usize,
    /// Those of them that bind their keys before the collection is opened.
    pub(crate) bound: &'a [u16],
}

/// The sample contract, which has no parties.
const SAMPLE: Setting<'_> = Setting {
    source: SOURCE,
    parties: 0,
    bound: &[],
};

/// What an owner agrees to.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Consented {
    pub(crate) requester: Address,
    pub(crate) uses: u32,
    pub(crate) expiry: u64,
    pub(crate) min_group: u32,
    pub(crate) nonce: u64,
}

/// The survey.
pub(crate) struct Survey {
    pub(crate) world: World,
    pub(crate) contract: Contract,
    pub(crate) bytecode: Vec<u8>,
    pub(crate) hash: Hash,
    pub(crate) instance: Hash,
    /// The one that is being filled.
    pub(crate) collection: CollectionId,
    /// All that were opened, in the contract's order: what jobs are requested on.
    pub(crate) collections: Vec<CollectionId>,
    pub(crate) owners: Vec<Owner>,
    pub(crate) parties: Vec<Owner>,
    pub(crate) tree: Tree,
    /// Publishes, opens, seals, requests and pays.
    pub(crate) requester: Address,
    /// The keys of who requests, if results are sealed to them.
    pub(crate) caller: Option<Owner>,
    /// The owners' randomness.
    pub(crate) random: ChaCha20Rng,
}

fn bind(world: &mut World, instance: Hash, parties: &[Owner], party: u16) {
    let owner = &parties[usize::from(party)];
    let binding = PartyBinding {
        instance,
        party,
        seal_key: owner.seal.public(),
    };
    let call = Call::BindParty {
        binding,
        signature: None,
    };
    world
        .call(owner.address(), 0, &call)
        .expect("its own account");
}

fn open(
    world: &mut World,
    requester: Address,
    (instance, slot): (Hash, u16),
    tree: &Tree,
    people: usize,
) -> CollectionId {
    let terms = CollectionTerms {
        instance,
        slot,
        member_root: tree.root(),
        member_count: people as u32,
        min_rows: 1,
    };
    let opened = world.call(requester, 0, &Call::OpenCollection(terms));
    match opened.as_deref() {
        Ok([Event::CollectionOpened { collection, .. }]) => *collection,
        other => panic!("not opened: {other:?}"),
    }
}

impl Survey {
    /// Up to an open collection.
    pub(crate) fn open(nodes: usize, committee: u8, people: usize, seed: u64) -> Self {
        Self::open_in(SAMPLE, nodes, committee, people, seed)
    }

    /// As [`Survey::open`], with another contract.
    pub(crate) fn open_in(
        setting: Setting<'_>,
        nodes: usize,
        committee: u8,
        people: usize,
        seed: u64,
    ) -> Self {
        let mut world = World::new(nodes, seed);
        let compiled = enigma_lang::compile(setting.source);
        let found = compiled.diagnostics;
        let contract = compiled.contract.unwrap_or_else(|| panic!("{found:?}"));
        let bytecode = container::encode(&contract);
        let hash = container::contract_hash(&bytecode);
        let requester = Address([0xaa; 20]);
        let owners: Vec<Owner> = (0..people).map(|number| Owner::new(number, seed)).collect();
        let parties = (0..setting.parties).map(|number| Owner::of_party(number, seed));
        let parties: Vec<Owner> = parties.collect();
        let addresses: Vec<Address> = owners.iter().map(Owner::address).collect();
        let tree = Tree::of_members(&addresses);
        let publish = Call::Publish {
            contract: hash,
            manifest: container::manifest_hash(&contract),
        };
        world.call(requester, 0, &publish).expect("new");
        let deploy = Call::Deploy {
            contract: hash,
            committee_size: committee,
            parties: parties.iter().map(Owner::address).collect(),
        };
        let deployed = world.call(requester, 0, &deploy);
        let instance = match deployed.as_deref() {
            Ok([Event::InstanceDeployed { instance, .. }]) => *instance,
            other => panic!("not deployed: {other:?}"),
        };
        for &party in setting.bound {
            bind(&mut world, instance, &parties, party);
        }
        world.idle_blocks(1);
        let draw = Call::DrawCommittee(instance);
        world
            .call(requester, 0, &draw)
            .expect("after the draw block");
        let collection = open(&mut world, requester, (instance, 0), &tree, people);
        world.settle_down();
        Self {
            world,
            contract,
            bytecode,
            hash,
            instance,
            collection,
            collections: vec![collection],
            owners,
            parties,
            tree,
            requester,
            caller: None,
            random: generator("owners", seed),
        }
    }

    /// Opens a collection of the contract's next `collect`, with the same members, and turns to it.
    pub(crate) fn open_next(&mut self) {
        let slot = self.collections.len() as u16;
        let of = (self.instance, slot);
        let people = self.owners.len();
        let opened = open(&mut self.world, self.requester, of, &self.tree, people);
        self.collection = opened;
        self.collections.push(opened);
        self.world.settle_down();
    }

    /// Gives every node of the committee the program.
    pub(crate) fn upload(&mut self) {
        for node in self.committee() {
            let response = self.put_contract(node, self.bytecode.clone());
            assert_eq!(response, Response::ContractAccepted);
        }
    }

    pub(crate) fn put_contract(&mut self, node: usize, bytecode: Vec<u8>) -> Response {
        let contract = self.hash;
        let request = ClientRequest::PutContract { contract, bytecode };
        self.world.answer(node, request)
    }

    /// An open collection, as many nodes as the committee has, the program everywhere.
    pub(crate) fn ready(committee: u8, people: usize, seed: u64) -> Self {
        Self::ready_in(SAMPLE, committee, people, seed)
    }

    pub(crate) fn ready_in(setting: Setting<'_>, committee: u8, people: usize, seed: u64) -> Self {
        let nodes = usize::from(committee);
        let mut survey = Self::open_in(setting, nodes, committee, people, seed);
        survey.upload();
        survey
    }

    /// Everybody has given a value and wide consent; the collection is sealed.
    pub(crate) fn sealed(committee: u8, values: &[i64], seed: u64) -> Self {
        Self::sealed_in(SAMPLE, committee, values, seed)
    }

    /// As [`Survey::sealed`], with another contract.
    pub(crate) fn sealed_in(
        setting: Setting<'_>,
        committee: u8,
        values: &[i64],
        seed: u64,
    ) -> Self {
        let rows: Vec<Vec<i64>> = values.iter().map(|value| vec![*value]).collect();
        Self::sealed_rows(setting, committee, &rows, seed)
    }

    /// The same with rows of several columns.
    pub(crate) fn sealed_rows(
        setting: Setting<'_>,
        committee: u8,
        rows: &[Vec<i64>],
        seed: u64,
    ) -> Self {
        let mut survey = Self::ready_in(setting, committee, rows.len(), seed);
        for (member, row) in rows.iter().enumerate() {
            let deposits = survey.deal_row(member, row);
            survey.contribute_dealt(&deposits);
            survey.consent(member);
        }
        survey.seal();
        survey
    }

    /// A party binds its key now.
    pub(crate) fn bind(&mut self, party: u16) {
        bind(&mut self.world, self.instance, &self.parties, party);
    }

    pub(crate) fn record(&self) -> &CollectionRecord {
        &self.world.chain.ledger().collections[&self.collection]
    }

    pub(crate) fn domain(&self) -> Domain {
        self.world.chain.domain
    }

    /// The committee's nodes in drawn order.
    pub(crate) fn nodes(&self) -> &[NodeId] {
        let committee = self.world.chain.ledger().committee(self.collection);
        committee.expect("an open collection")
    }

    /// The same by their index in the world.
    pub(crate) fn committee(&self) -> Vec<usize> {
        let nodes = self.nodes().iter();
        nodes.map(|node| self.world.index(*node)).collect()
    }

    /// Who may do what with whose value.
    pub(crate) fn right(&self, member: usize, requester: Address) -> RightKey {
        RightKey {
            collection: self.collection,
            member: MemberIndex(member as u32),
            contract: self.hash,
            entry: 0,
            requester,
        }
    }

    /// Consent without limits that matter.
    pub(crate) fn wide(&self) -> Consented {
        Consented {
            requester: self.requester,
            uses: 1_000,
            expiry: FOREVER,
            min_group: 1,
            nonce: 1,
        }
    }

    pub(crate) fn consent(&mut self, member: usize) {
        self.consent_to(member, self.wide());
    }

    pub(crate) fn consent_to(&mut self, member: usize, terms: Consented) {
        let call = Call::Grant(vec![self.signed_consent(member, terms)]);
        let sender = self.requester;
        self.world.call(sender, 0, &call).expect("a good consent");
    }

    pub(crate) fn signed_consent(&self, member: usize, terms: Consented) -> (Consent, Signature) {
        let consent = Consent {
            right: self.right(member, terms.requester),
            instance: self.instance,
            owner: self.owners[member].address(),
            uses: terms.uses,
            expiry: terms.expiry,
            min_group: terms.min_group,
            nonce: terms.nonce,
        };
        let signature = self.owners[member]
            .key
            .sign(&self.domain().digest(&consent));
        (consent, signature)
    }

    pub(crate) fn revoke(&mut self, member: usize, nonce: u64) {
        let revocation = Revocation {
            right: self.right(member, self.requester),
            owner: self.owners[member].address(),
            nonce,
        };
        let signature = self.owners[member]
            .key
            .sign(&self.domain().digest(&revocation));
        let call = Call::Revoke {
            revocation,
            signature: Some(signature),
        };
        let sender = self.requester;
        self.world.call(sender, 0, &call).expect("granted before");
    }

    pub(crate) fn seal(&mut self) {
        let call = Call::SealCollection(self.collection);
        let sender = self.requester;
        self.world.call(sender, 0, &call).expect("enough rows");
    }
}
