//! A committee in memory: real parties, the reference controller as their chain, a network that
//! delivers each link in order and the links in any order, disks that are maps, and a tap on
//! everything a node stores and receives.
#![allow(dead_code)] // Every test file uses its own part of the harness.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use enigma_bytecode::container;
use enigma_bytecode::model::Contract;
use enigma_bytecode::plan::{self, Sizes};
use enigma_core::controller::{Call, Revert, SignedContribution, Transaction};
use enigma_core::{
    ClientRequest, Config, Controller, Effect, EffectId, Fact, Input, Keys, Millis, Outcome, Party,
    ReplyId, Response, Table, Timeouts, Write,
};
use enigma_field::{Committee, M61, shamir};
use enigma_wire::api::{Deposit, OutputShares};
use enigma_wire::controller::{
    Amount, BlockEvents, CollectionTerms, Consent, Contribution, Event, NodeInfo, Prices, RightKey,
};
use enigma_wire::dealing::{self, Dealing};
use enigma_wire::eip712::{Domain, NodeBinding};
use enigma_wire::id::{Address, CollectionId, Hash, JobId, MemberIndex, NodeId, PeerKey};
use enigma_wire::ledger::Head;
use enigma_wire::merkle::Tree;
use enigma_wire::seal::{self, Purpose, SealSecret};
use enigma_wire::sign::{SecretKey, keccak256};
use enigma_wire::{abi, pricing};
use rand_chacha::ChaCha20Rng;
use rand_core::{Rng as _, SeedableRng};

const COIN: Amount = 1_000_000_000;
const PRICES: Prices = Prices {
    base: 1_000,
    per_multiplication: 1,
    per_round: 10,
    per_kilobyte: 1,
};
pub(crate) const COLLECTION: CollectionId = CollectionId(1);

/// What one node stored and received.
#[derive(Default)]
pub(crate) struct Tap {
    /// Values written to the table of rows.
    pub(crate) rows: Vec<Vec<u8>>,
    /// Every value written.
    pub(crate) stored: Vec<Vec<u8>>,
    /// Every frame, with its header.
    pub(crate) frames: Vec<Vec<u8>>,
    /// Every deposit's bytes.
    pub(crate) requests: Vec<Vec<u8>>,
    /// What it reported.
    pub(crate) facts: Vec<Fact>,
}

pub(crate) struct Node {
    pub(crate) party: Party,
    peer: PeerKey,
    pub(crate) disk: BTreeMap<(Table, Vec<u8>), Vec<u8>>,
    pub(crate) tap: Tap,
    alive: bool,
    operator: SecretKey,
}

pub(crate) struct Owner {
    pub(crate) key: SecretKey,
    pub(crate) seal: SealSecret,
}

pub(crate) struct World {
    pub(crate) nodes: Vec<Node>,
    pub(crate) controller: Controller,
    pub(crate) domain: Domain,
    pub(crate) program: Contract,
    pub(crate) contract: Hash,
    pub(crate) owners: Vec<Owner>,
    pub(crate) rng: ChaCha20Rng,
    organiser: SecretKey,
    instance: Hash,
    members: Tree,
    links: BTreeMap<(usize, usize), VecDeque<Vec<u8>>>,
    up: BTreeSet<(usize, usize)>,
    inputs: VecDeque<(usize, Input)>,
    replies: BTreeMap<u64, Response>,
    next_reply: u64,
    block: u64,
    pub(crate) now: u64,
    pub(crate) steps: u64,
    /// Kill this node after so many steps.
    pub(crate) kill: Option<(usize, u64)>,
}

impl World {
    /// n registered nodes, a published contract, and an open collection of `people` with a committee.
    pub(crate) fn new(n: usize, people: usize, seed: u64) -> Self {
        let mut rng = ChaCha20Rng::seed_from_u64(seed);
        let source = include_str!("../../../../examples/salaries/salaries.enigma");
        let program = enigma_lang::compile(source).contract.expect("compiles");
        let bytecode = container::encode(&program);
        let domain = Domain {
            chain_id: 7,
            controller: Address([9; 20]),
        };
        let (controller, configured) = Controller::deploy(domain, head(1), PRICES, COIN, 100);
        let nodes = (0..n).map(|at| new_node(at, domain, &mut rng)).collect();
        let owners: Vec<Owner> = (0..people)
            .map(|_| Owner {
                key: SecretKey::random(&mut rng),
                seal: SealSecret::random(&mut rng),
            })
            .collect();
        let members = Tree::of_members(
            &owners
                .iter()
                .map(|owner| owner.key.address())
                .collect::<Vec<_>>(),
        );
        let mut world = Self {
            nodes,
            controller,
            domain,
            contract: container::contract_hash(&bytecode),
            owners,
            organiser: SecretKey::random(&mut rng),
            rng,
            instance: Hash::default(),
            members,
            links: BTreeMap::new(),
            up: BTreeSet::new(),
            inputs: VecDeque::new(),
            replies: BTreeMap::new(),
            next_reply: 0,
            block: 1,
            now: 0,
            steps: 0,
            kill: None,
            program,
        };
        world.announce(vec![configured]);
        world.open(&bytecode, people as u32);
        world
    }

    fn open(&mut self, bytecode: &[u8], people: u32) {
        for at in 0..self.nodes.len() {
            let (operator, info) = (self.nodes[at].operator.clone(), self.info(at));
            let binding = NodeBinding {
                operator: operator.address(),
                info: &info,
            };
            let proof = self.signer(at).sign(&self.domain.digest(&binding));
            self.call(
                operator.address(),
                COIN,
                &Call::RegisterNode { info, proof },
            )
            .expect("registers");
        }
        let organiser = self.organiser.address();
        let manifest = container::manifest_hash(&self.program);
        self.call(
            organiser,
            0,
            &Call::Publish {
                contract: self.contract,
                manifest,
            },
        )
        .expect("publishes");
        let events = self
            .call(
                organiser,
                0,
                &Call::Deploy {
                    contract: self.contract,
                },
            )
            .expect("deploys");
        self.instance = match events[..] {
            [Event::InstanceDeployed { instance, .. }] => instance,
            _ => panic!("one instance"),
        };
        let terms = CollectionTerms {
            instance: self.instance,
            slot: 0,
            member_root: self.members.root(),
            member_count: people,
            min_rows: 5,
            committee_size: self.nodes.len() as u8,
        };
        self.call(organiser, 0, &Call::OpenCollection(terms))
            .expect("opens");
        self.announce(Vec::new());
        self.announce(Vec::new());
        self.call(organiser, 0, &Call::DrawCommittee(COLLECTION))
            .expect("draws");
        self.run();
        for at in 0..self.nodes.len() {
            let request = ClientRequest::PutContract {
                contract: self.contract,
                bytecode: bytecode.to_vec(),
            };
            assert_eq!(self.ask(at, request), Response::ContractAccepted);
        }
    }

    /// The node's place among the nodes, by its number in the registry.
    pub(crate) fn place(node: NodeId) -> usize {
        node.0 as usize - 1
    }

    pub(crate) fn committee(&self) -> Vec<NodeId> {
        self.controller.ledger().collections[&COLLECTION]
            .committee
            .clone()
    }

    fn signer(&self, at: usize) -> SecretKey {
        secret(at, 2)
    }

    fn info(&self, at: usize) -> NodeInfo {
        NodeInfo {
            peer_key: self.nodes[at].peer,
            seal_key: seal_secret(at).public(),
            signer: secret(at, 2).address(),
            peer_address: format!("node-{at}"),
            api_address: format!("http://node-{at}"),
        }
    }

    /// A transaction in a block of its own, told to every node.
    pub(crate) fn call(
        &mut self,
        sender: Address,
        value: Amount,
        call: &Call,
    ) -> Result<Vec<Event>, Revert> {
        let block = head(self.block + 1);
        let tx = Transaction {
            sender,
            value,
            block,
            block_hash: &|number| Some(head(number).hash),
        };
        let events = self.controller.call(&tx, call)?;
        self.announce(events.clone());
        Ok(events)
    }

    fn announce(&mut self, events: Vec<Event>) {
        self.block += 1;
        let at = head(self.block);
        let block = BlockEvents {
            number: at.number,
            time: at.time,
            hash: at.hash,
            events,
        };
        for node in 0..self.nodes.len() {
            self.inputs.push_back((
                node,
                Input::Chain {
                    block: block.clone(),
                    caught_up: true,
                },
            ));
        }
    }

    /// Deals an owner's value.
    pub(crate) fn deal(&mut self, member: usize, value: i64) -> Dealing {
        let context = self.context(member);
        dealing::deal(&context, &[M61::from_i64(value)], &mut self.rng).expect("a usable committee")
    }

    fn context(&self, member: usize) -> dealing::Context {
        let nodes = self.committee();
        dealing::Context {
            committee: Committee::new(nodes.len() as u8).expect("odd"),
            nodes,
            owner: self.owners[member].key.address(),
            collection: COLLECTION,
            member: MemberIndex(member as u32),
            revision: 0,
            epoch: 0,
            policy: abi::policy(&self.domain, self.instance, self.contract),
        }
    }

    /// The contribution to a dealing, and its deposits in committee order; `rows` may be another
    /// dealing's.
    pub(crate) fn deposits(&mut self, member: usize, root: Hash, rows: &Dealing) -> Vec<Deposit> {
        let owner = &self.owners[member];
        let contribution = Contribution {
            collection: COLLECTION,
            member: MemberIndex(member as u32),
            owner: owner.key.address(),
            root,
            seal_key: owner.seal.public(),
            revision: 0,
        };
        let signature = owner.key.sign(&self.domain.digest(&contribution));
        let member_proof = self.members.proof(member).expect("a member");
        let mut deposits = Vec::new();
        for (node, row) in self.committee().into_iter().zip(&rows.rows) {
            let purpose = Purpose::Row {
                owner: contribution.owner,
                collection: COLLECTION,
                member: contribution.member,
                revision: 0,
                root,
                node,
            };
            let key = seal_secret(Self::place(node)).public();
            let sealed_row =
                seal::seal(&key, &row.encode(), &purpose, &mut self.rng).expect("usable key");
            let contribution = contribution.clone();
            deposits.push(Deposit {
                contribution,
                signature,
                member_proof: member_proof.clone(),
                sealed_row,
            });
        }
        deposits
    }

    /// Everyone gives a value and consents; the collection is sealed.
    pub(crate) fn share(&mut self, values: &[i64]) {
        let committee = self.committee();
        for (member, value) in values.iter().enumerate() {
            let dealt = self.deal(member, *value);
            let deposits = self.deposits(member, dealt.root, &dealt);
            let item = deposits[0].clone();
            let mut receipts = Vec::new();
            for (node, deposit) in committee.iter().zip(deposits) {
                match self.ask(
                    Self::place(*node),
                    ClientRequest::Deposit(Box::new(deposit)),
                ) {
                    Response::DepositAccepted(accepted) => receipts.push(accepted.receipt),
                    other => panic!("refused: {other:?}"),
                }
            }
            let contribution = SignedContribution {
                contribution: item.contribution,
                signature: item.signature,
                member_proof: item.member_proof,
                receipts,
            };
            let organiser = self.organiser.address();
            self.call(organiser, 0, &Call::Contribute(vec![contribution]))
                .expect("recorded");
            let consent = self.consent(member);
            self.call(organiser, 0, &Call::Grant(vec![consent]))
                .expect("granted");
        }
        self.call(
            self.organiser.address(),
            0,
            &Call::SealCollection(COLLECTION),
        )
        .expect("sealed");
        self.run();
    }

    fn consent(&self, member: usize) -> (Consent, enigma_wire::sign::Signature) {
        let owner = &self.owners[member];
        let right = RightKey {
            collection: COLLECTION,
            member: MemberIndex(member as u32),
            contract: self.contract,
            entry: 0,
            requester: self.organiser.address(),
        };
        let consent = Consent {
            right,
            instance: self.instance,
            owner: owner.key.address(),
            uses: 1,
            expiry: u64::MAX,
            min_group: 5,
            nonce: 1,
        };
        let signature = owner.key.sign(&self.domain.digest(&consent));
        (consent, signature)
    }

    /// Requests the job for exactly its price.
    pub(crate) fn request(&mut self, rows: u32) -> JobId {
        let committee = Committee::new(self.nodes.len() as u8).expect("odd");
        let sizes = Sizes::single(&self.program, 0, rows);
        let cost = plan::quote(&self.program, 0, &sizes, committee).expect("a plan");
        let price = pricing::price(&PRICES, cost.multiplications, cost.rounds, cost.bytes_total);
        self.request_for(price)
    }

    pub(crate) fn request_for(&mut self, fee: Amount) -> JobId {
        let deadline = head(self.block).time + 1_000_000;
        let call = Call::RequestJob {
            collection: COLLECTION,
            entry: 0,
            deadline,
        };
        let events = self
            .call(self.organiser.address(), fee, &call)
            .expect("requested");
        match events[..] {
            [Event::JobRequested { job, .. }] => job,
            _ => panic!("one job"),
        }
    }

    /// The account that publishes, opens and requests.
    pub(crate) fn organiser(&self) -> Address {
        self.organiser.address()
    }

    pub(crate) fn refund(&self) -> Amount {
        self.controller.credit(self.organiser.address())
    }

    /// What a recipient learns: results by manifest line.
    pub(crate) fn collect(&mut self, job: JobId, member: usize) -> BTreeMap<u16, i64> {
        let committee = self.committee();
        let mut shares: BTreeMap<u16, Vec<M61>> = BTreeMap::new();
        for node in &committee {
            let request = ClientRequest::Output {
                job,
                member: MemberIndex(member as u32),
            };
            let Response::Output(sealed) = self.ask(Self::place(*node), request) else {
                panic!("node {node} has no output for member {member}");
            };
            let purpose = Purpose::Output {
                job,
                node: *node,
                recipient: self.owners[member].key.address(),
            };
            let ciphertext = hex::decode(sealed.ciphertext).expect("hexadecimal");
            let message = self.owners[member]
                .seal
                .open(&ciphertext, &purpose)
                .expect("for this recipient");
            let output: OutputShares = borsh::from_slice(&message).expect("decodes");
            for (reveal, share) in output.shares {
                shares
                    .entry(reveal)
                    .or_default()
                    .push(M61::from_bytes(share).expect("canonical"));
            }
        }
        let committee = Committee::new(committee.len() as u8).expect("odd");
        let combine = |shares: &Vec<M61>| {
            shamir::reconstruct_checked(&committee, shares).expect("consistent")
        };
        shares
            .iter()
            .map(|(reveal, shares)| (*reveal, combine(shares).to_i64()))
            .collect()
    }

    /// Asks a node as somebody who may, and runs until it has answered.
    pub(crate) fn ask(&mut self, at: usize, request: ClientRequest) -> Response {
        let caller = match &request {
            ClientRequest::Output { member, .. } => {
                Some(self.owners[member.0 as usize].key.address())
            }
            _ => Some(self.organiser.address()),
        };
        self.ask_as(caller, at, request)
    }

    /// Asks a node as this account, or as nobody, and runs until it has answered.
    pub(crate) fn ask_as(
        &mut self,
        caller: Option<Address>,
        at: usize,
        request: ClientRequest,
    ) -> Response {
        if let ClientRequest::Deposit(deposit) = &request {
            self.nodes[at]
                .tap
                .requests
                .push(borsh::to_vec(deposit).expect("memory"));
        }
        self.next_reply += 1;
        let reply = self.next_reply;
        self.inputs.push_back((
            at,
            Input::Client {
                reply: ReplyId(reply),
                request,
                caller,
                min_block: 0,
            },
        ));
        self.run();
        self.replies.remove(&reply).expect("answered")
    }

    /// Runs until nothing moves.
    pub(crate) fn run(&mut self) {
        loop {
            if let Some((victim, at)) = self.kill
                && self.steps >= at
            {
                self.kill = None;
                self.take_down(victim);
            }
            if let Some((at, input)) = self.next_input() {
                self.steps += 1;
                self.handle(at, input);
            } else {
                return;
            }
        }
    }

    /// Lets virtual time pass, with ticks.
    pub(crate) fn pass(&mut self, millis: u64) {
        for _ in 0..millis / 100 {
            self.now += 100;
            for at in 0..self.nodes.len() {
                self.inputs.push_back((at, Input::Tick));
            }
            self.run();
        }
    }

    fn take_down(&mut self, victim: usize) {
        self.nodes[victim].alive = false;
        let up = std::mem::take(&mut self.up);
        for (a, b) in up {
            if a != victim && b != victim {
                self.up.insert((a, b));
            } else if a != victim {
                // What was under way from the victim may still arrive before the link is seen down.
                self.links.remove(&(a, b));
                self.inputs.push_back((
                    a,
                    Input::Link {
                        peer: self.nodes[victim].peer,
                        up: false,
                    },
                ));
            }
        }
    }

    fn next_input(&mut self) -> Option<(usize, Input)> {
        if let Some(input) = self.inputs.pop_front() {
            return Some(input);
        }
        self.links.retain(|_, frames| !frames.is_empty());
        let busy: Vec<(usize, usize)> = self.links.keys().copied().collect();
        let link = *busy.get(self.rng.next_u32() as usize % busy.len().max(1))?;
        let frame = self.links.get_mut(&link)?.pop_front()?;
        self.nodes[link.1].tap.frames.push(frame.clone());
        Some((
            link.1,
            Input::Peer {
                from: self.nodes[link.0].peer,
                frame,
            },
        ))
    }

    fn handle(&mut self, at: usize, input: Input) {
        if !self.nodes[at].alive {
            return;
        }
        self.nodes[at].party.handle(Millis(self.now), input);
        while let Some(effect) = self.nodes[at].party.next_effect() {
            self.perform(at, effect);
        }
    }

    fn perform(&mut self, at: usize, effect: Effect) {
        match effect {
            Effect::Send { to, frame } => {
                let to = self
                    .nodes
                    .iter()
                    .position(|node| node.peer == to)
                    .expect("a node");
                if self.up.contains(&(at, to)) {
                    self.links.entry((at, to)).or_default().push_back(frame);
                }
            }
            Effect::Persist { id, batch } => {
                for write in batch {
                    self.write(at, write);
                }
                self.done(at, id, Outcome::Persisted);
            }
            Effect::Load { id, table, prefix } => {
                let disk = &self.nodes[at].disk;
                let found = disk
                    .iter()
                    .filter(|((t, key), _)| *t == table && key.starts_with(&prefix));
                let pairs = found
                    .map(|((_, key), value)| (key.clone(), value.clone()))
                    .collect();
                self.done(at, id, Outcome::Loaded(pairs));
            }
            Effect::Submit { id, call } => {
                let call = match call {
                    enigma_core::Call::Settle {
                        certificate,
                        members,
                        signatures,
                    } => Call::Settle {
                        certificate,
                        members,
                        signatures,
                    },
                    enigma_core::Call::FailJob {
                        failure,
                        members,
                        signatures,
                    } => Call::FailJob {
                        failure,
                        members,
                        signatures,
                    },
                };
                let operator = self.nodes[at].operator.address();
                let outcome = match self.call(operator, 0, &call) {
                    Ok(_) => Outcome::Submitted,
                    Err(revert) => Outcome::Failed(format!("{revert:?}")),
                };
                self.done(at, id, outcome);
            }
            Effect::Reply { to, response } => drop(self.replies.insert(to.0, response)),
            Effect::Peers(peers) => {
                for (peer, _) in peers {
                    let to = self
                        .nodes
                        .iter()
                        .position(|node| node.peer == peer)
                        .expect("a node");
                    let both_alive = self.nodes[at].alive && self.nodes[to].alive;
                    if both_alive && self.up.insert((at, to)) {
                        self.inputs.push_back((at, Input::Link { peer, up: true }));
                    }
                }
            }
            Effect::Compute { job } => self.inputs.push_back((at, Input::Compute { job })),
            Effect::Report(fact) => self.nodes[at].tap.facts.push(fact),
        }
    }

    fn write(&mut self, at: usize, write: Write) {
        let node = &mut self.nodes[at];
        match write {
            Write::Put { table, key, value } => {
                if table == Table::Rows {
                    node.tap.rows.push(value.clone());
                }
                node.tap.stored.push(value.clone());
                node.disk.insert((table, key), value);
            }
            Write::Delete { table, key } => drop(node.disk.remove(&(table, key))),
        }
    }

    fn done(&mut self, at: usize, id: EffectId, outcome: Outcome) {
        self.inputs.push_back((at, Input::Done { id, outcome }));
    }
}

/// A node's keys follow from its place, so that the harness can make them again.
fn new_node(at: usize, domain: Domain, rng: &mut ChaCha20Rng) -> Node {
    let peer = PeerKey([at as u8 + 1; 32]);
    let config = Config {
        peer_key: peer,
        domain,
        timeouts: Timeouts::default(),
        version: "test".to_owned(),
    };
    let keys = Keys {
        signer: secret(at, 2),
        seal: seal_secret(at),
    };
    let mut seed = [0; 32];
    rng.fill_bytes(&mut seed);
    Node {
        party: Party::new(config, keys, seed),
        peer,
        disk: BTreeMap::new(),
        tap: Tap::default(),
        alive: true,
        operator: secret(at, 1),
    }
}

fn secret(at: usize, kind: u8) -> SecretKey {
    SecretKey::random(&mut ChaCha20Rng::seed_from_u64(
        1_000 + at as u64 * 10 + u64::from(kind),
    ))
}

fn seal_secret(at: usize) -> SealSecret {
    SealSecret::random(&mut ChaCha20Rng::seed_from_u64(5_000 + at as u64))
}

fn head(number: u64) -> Head {
    Head {
        number,
        time: 1_000_000 + number,
        hash: keccak256(&number.to_be_bytes()),
    }
}
