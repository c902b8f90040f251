//! Nodes, their network and their chain under one seeded scheduler: each channel keeps its order,
//! between channels anything may come first.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use enigma_core::controller::{Call, Revert};
use enigma_core::{
    ClientRequest, Effect, EffectId, Fact, Input, Millis, Outcome, ReplyId, Response, Table, Write,
};
use enigma_wire::controller::{Amount, Event};
use enigma_wire::id::{Address, JobId, NodeId};
use enigma_wire::output::Recipient;
use rand_chacha::ChaCha20Rng;
use rand_core::Rng as _;

use super::chain::{self, Chain};
use super::{Disk, Node, generator};

/// Changes what an adversary sends: (receiver, frame) to the frames that go out instead.
type Tamper = Box<dyn FnMut(usize, &[u8]) -> Vec<Vec<u8>>>;

/// An account that nothing is registered for.
const SOMEBODY: Address = Address([0xdd; 20]);
/// Virtual milliseconds that pass when nothing else is left to do.
const TICK_MS: u64 = 250;

/// Where an input of a node comes from; each keeps its order.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Source {
    Chain,
    Client,
    Disk,
    Submission,
    Compute,
    Peer(usize),
}

/// Everything.
pub(crate) struct World {
    pub(crate) chain: Chain,
    pub(crate) nodes: Vec<Node>,
    pub(crate) now: Millis,
    /// Effects performed so far, by all nodes.
    pub(crate) effects: u64,
    /// A hash over all effects of all nodes, in order.
    trace: blake3::Hasher,
    pub(crate) replies: BTreeMap<ReplyId, Response>,
    next_reply: u64,
    channels: BTreeMap<(usize, Source), VecDeque<Input>>,
    /// How eagerly a channel is served: some nodes are slow, some links are.
    weights: BTreeMap<(usize, Source), u64>,
    links: BTreeSet<(usize, usize)>,
    /// A node whose turns to compute do not come, as when its queues are crowded.
    pub(crate) held: Option<usize>,
    /// Links that cannot come up.
    cut: BTreeSet<(usize, usize)>,
    random: ChaCha20Rng,
    tamper: Option<(usize, Tamper)>,
    /// Calls of nodes that the controller refused.
    pub(crate) reverted: Vec<Revert>,
}

impl World {
    /// `count` registered nodes.
    pub(crate) fn new(count: usize, seed: u64) -> Self {
        let mut world = Self::unregistered(count, seed);
        for node in 0..count {
            world.register(node);
        }
        world.settle_down();
        world
    }

    fn unregistered(count: usize, seed: u64) -> Self {
        let chain = Chain::new();
        let nodes = (0..count)
            .map(|number| Node::new(number as u64 + 1, seed, chain.domain))
            .collect();
        let mut world = Self {
            chain,
            nodes,
            now: Millis(0),
            effects: 0,
            trace: blake3::Hasher::new(),
            replies: BTreeMap::new(),
            next_reply: 0,
            channels: BTreeMap::new(),
            weights: BTreeMap::new(),
            links: BTreeSet::new(),
            held: None,
            cut: BTreeSet::new(),
            random: generator("schedule", seed),
            tamper: None,
            reverted: Vec::new(),
        };
        for node in 0..count {
            world.send_blocks(node, 0);
        }
        world
    }

    fn register(&mut self, node: usize) {
        let record = &self.nodes[node];
        let call = Call::RegisterNode {
            info: record.info(),
            proof: record.binding(&self.chain.domain),
        };
        let operator = record.operator();
        self.call(operator, chain::MIN_DEPOSIT, &call)
            .expect("a node may register");
    }

    /// The index of a registered node.
    pub(crate) fn index(&self, node: NodeId) -> usize {
        node.0 as usize - 1
    }

    /// A transaction; its block is on its way to every node.
    pub(crate) fn call(
        &mut self,
        sender: Address,
        value: Amount,
        call: &Call,
    ) -> Result<Vec<Event>, Revert> {
        self.calls(sender, value, std::slice::from_ref(call))
    }

    /// Transactions in one block, each with so much money.
    pub(crate) fn calls(
        &mut self,
        sender: Address,
        value: Amount,
        calls: &[Call],
    ) -> Result<Vec<Event>, Revert> {
        let known = self.chain.blocks.len();
        let result = self.chain.calls(sender, value, calls);
        self.announce_blocks(known);
        result
    }

    /// Blocks without transactions.
    pub(crate) fn idle_blocks(&mut self, blocks: u64) {
        let known = self.chain.blocks.len();
        self.chain.idle(blocks);
        self.announce_blocks(known);
    }

    fn announce_blocks(&mut self, known: usize) {
        for node in 0..self.nodes.len() {
            if self.nodes[node].party.is_some() {
                self.send_blocks(node, known);
            }
        }
    }

    /// Blocks from this place on. Whether one is the last, delivery says.
    fn send_blocks(&mut self, node: usize, from: usize) {
        let channel = self.channels.entry((node, Source::Chain)).or_default();
        for block in &self.chain.blocks[from..] {
            channel.push_back(Input::Chain {
                block: block.clone(),
                caught_up: true,
            });
        }
    }

    /// A node's last block comes to it once more.
    pub(crate) fn repeat_block(&mut self, node: usize) {
        self.send_blocks(node, self.chain.blocks.len() - 1);
    }

    /// A client's request, which may refer to the newest block.
    pub(crate) fn ask(&mut self, node: usize, request: ClientRequest) -> ReplyId {
        self.ask_after(node, request, self.chain.height())
    }

    /// A client's request that refers to a block, by somebody who may if anybody may.
    pub(crate) fn ask_after(
        &mut self,
        node: usize,
        request: ClientRequest,
        min_block: u64,
    ) -> ReplyId {
        let caller = self.rightful(&request).unwrap_or(SOMEBODY);
        self.ask_as(node, Some(caller), request, min_block)
    }

    /// An account that may ask this.
    fn rightful(&self, request: &ClientRequest) -> Option<Address> {
        let ledger = self.chain.ledger();
        match request {
            ClientRequest::PutContract { contract, .. } => {
                let mut instances = ledger.instances.values();
                let instance = instances.find(|instance| instance.contract == *contract);
                instance.map(|instance| instance.deployer)
            }
            ClientRequest::Job(job) => ledger.jobs.get(job).map(|record| record.requester),
            ClientRequest::Output { job, recipient } => {
                let record = ledger.jobs.get(job)?;
                match recipient {
                    Recipient::Member { collection, member } => {
                        let collection = ledger.collections.get(collection)?;
                        let given = collection.contributions.get(member);
                        given.map(|given| given.owner)
                    }
                    Recipient::Caller => Some(record.requester),
                    Recipient::Party(party) => {
                        let instance = ledger.instances.get(&record.request.instance)?;
                        let party = instance.parties.get(usize::from(*party));
                        party.map(|party| party.account)
                    }
                    Recipient::Public => None,
                }
            }
            _ => None,
        }
    }

    /// A client's request by this account, or by nobody, that refers to a block.
    pub(crate) fn ask_as(
        &mut self,
        node: usize,
        caller: Option<Address>,
        request: ClientRequest,
        min_block: u64,
    ) -> ReplyId {
        self.next_reply += 1;
        let reply = ReplyId(self.next_reply);
        let body = match &request {
            ClientRequest::Deposit(deposit) => {
                borsh::to_vec(&**deposit).expect("writing to memory cannot fail")
            }
            ClientRequest::PutContract { bytecode, .. } => bytecode.clone(),
            other => format!("{other:?}").into_bytes(),
        };
        self.nodes[node].requests.push(body);
        let input = Input::Client {
            reply,
            request,
            caller,
            min_block,
        };
        self.queue(node, Source::Client, input);
        reply
    }

    /// Asks and waits for the answer.
    pub(crate) fn answer(&mut self, node: usize, request: ClientRequest) -> Response {
        let reply = self.ask(node, request);
        self.await_answer(reply)
    }

    /// Asks as this account, or as nobody, and waits for the answer.
    pub(crate) fn answer_as(
        &mut self,
        node: usize,
        caller: Option<Address>,
        request: ClientRequest,
    ) -> Response {
        let reply = self.ask_as(node, caller, request, self.chain.height());
        self.await_answer(reply)
    }

    pub(crate) fn await_answer(&mut self, reply: ReplyId) -> Response {
        self.run_until("a reply", 60_000, |world| {
            world.replies.contains_key(&reply)
        });
        self.replies.remove(&reply).expect("it has come")
    }

    /// Lets `adversary` send what `tamper` makes of its frames.
    pub(crate) fn corrupt(&mut self, adversary: usize, tamper: Tamper) {
        self.tamper = Some((adversary, tamper));
    }

    /// No adversary any more.
    pub(crate) fn reform(&mut self) {
        self.tamper = None;
    }

    /// A frame that `from` sends although its party did not ask for it.
    pub(crate) fn inject(&mut self, from: usize, to: usize, frame: Vec<u8>) {
        if self.links.contains(&ordered(from, to)) {
            self.queue(
                to,
                Source::Peer(from),
                Input::Peer {
                    from: self.nodes[from].peer_key(),
                    frame,
                },
            );
        }
    }

    /// A frame of a node that has no link for this collection.
    pub(crate) fn inject_from_outside(&mut self, from: usize, to: usize, frame: Vec<u8>) {
        let from_key = self.nodes[from].peer_key();
        let input = Input::Peer {
            from: from_key,
            frame,
        };
        self.queue(to, Source::Peer(from), input);
    }

    /// kill -9: what it has not yet said is lost, what is under way to it too.
    pub(crate) fn kill(&mut self, node: usize) {
        self.nodes[node].party = None;
        self.channels.retain(|(of, _), _| *of != node);
        for other in 0..self.nodes.len() {
            if self.links.contains(&ordered(node, other)) {
                self.down(node, other);
            }
        }
    }

    /// Starts a killed node again with its disk.
    pub(crate) fn restart(&mut self, node: usize) {
        assert!(self.nodes[node].party.is_none(), "it is running");
        self.nodes[node].start(self.chain.domain);
        self.send_blocks(node, 0);
    }

    /// A link breaks and stays broken until [`World::heal`].
    pub(crate) fn cut(&mut self, a: usize, b: usize) {
        self.cut.insert(ordered(a, b));
        if self.links.contains(&ordered(a, b)) {
            self.down(a, b);
        }
    }

    /// Cut links may come up again.
    pub(crate) fn heal(&mut self) {
        self.cut.clear();
        self.connect();
    }

    fn read(&mut self, node: usize, id: EffectId, table: Table, prefix: &[u8]) {
        let outcome = Outcome::Loaded(self.nodes[node].load(table, prefix));
        self.queue(node, Source::Disk, Input::Done { id, outcome });
    }

    /// Performs what a slow disk held back.
    pub(crate) fn release(&mut self, node: usize) {
        self.nodes[node].disk_mode = Disk::Works;
        for (id, batch) in std::mem::take(&mut self.nodes[node].waiting_writes) {
            self.nodes[node].apply(batch);
            let outcome = Outcome::Persisted;
            self.queue(node, Source::Disk, Input::Done { id, outcome });
        }
        for (id, table, prefix) in std::mem::take(&mut self.nodes[node].waiting_reads) {
            self.read(node, id, table, &prefix);
        }
    }

    /// Of the frames under way, some prefix still arrives.
    fn down(&mut self, a: usize, b: usize) {
        self.links.remove(&ordered(a, b));
        for (to, from) in [(a, b), (b, a)] {
            if self.nodes[to].party.is_none() {
                continue;
            }
            let peer = self.nodes[from].peer_key();
            let under_way = self
                .channels
                .entry((to, Source::Peer(from)))
                .or_default()
                .len();
            let kept = self.below(under_way as u64 + 1) as usize;
            let channel = self.channels.entry((to, Source::Peer(from))).or_default();
            // Links that went up or down before still did.
            let tail = channel.split_off(kept);
            channel.extend(
                tail.into_iter()
                    .filter(|input| matches!(input, Input::Link { .. })),
            );
            self.queue(to, Source::Peer(from), Input::Link { peer, up: false });
        }
    }

    fn connect(&mut self) {
        for a in 0..self.nodes.len() {
            for b in a + 1..self.nodes.len() {
                let (left, right) = (&self.nodes[a], &self.nodes[b]);
                let wanted = left.party.is_some()
                    && right.party.is_some()
                    && left.wanted.contains_key(&right.peer_key())
                    && right.wanted.contains_key(&left.peer_key());
                if wanted && !self.cut.contains(&(a, b)) && self.links.insert((a, b)) {
                    for (to, from) in [(a, b), (b, a)] {
                        let peer = self.nodes[from].peer_key();
                        self.queue(to, Source::Peer(from), Input::Link { peer, up: true });
                    }
                }
            }
        }
    }

    fn queue(&mut self, node: usize, source: Source, input: Input) {
        self.channels
            .entry((node, source))
            .or_default()
            .push_back(input);
    }

    /// One input reaches one node; when none is waiting, time passes for all. Says whether anything
    /// was waiting.
    pub(crate) fn step(&mut self) -> bool {
        let waiting: Vec<(usize, Source)> = self
            .channels
            .iter()
            .filter(|(_, inputs)| !inputs.is_empty())
            .map(|(channel, _)| *channel)
            .filter(|(node, source)| *source != Source::Compute || !self.is_held(*node))
            .collect();
        let Some(channel) = self.pick(&waiting) else {
            self.tick();
            return false;
        };
        let queue = self.channels.get_mut(&channel);
        let mut input = queue
            .and_then(VecDeque::pop_front)
            .expect("it is not empty");
        let last = self.channels[&channel].is_empty();
        if let Input::Chain { caught_up, .. } = &mut input {
            *caught_up = last;
        }
        self.deliver(channel.0, input);
        true
    }

    /// Whether a node's next turn would send to those who are crowded.
    fn is_held(&self, node: usize) -> bool {
        let next = self.channels.get(&(node, Source::Compute));
        let (Some(Input::Compute { job }), Some(party)) =
            (next.and_then(VecDeque::front), &self.nodes[node].party)
        else {
            return false;
        };
        self.held == Some(node) && party.committee_peers(*job).next().is_some()
    }

    fn pick(&mut self, waiting: &[(usize, Source)]) -> Option<(usize, Source)> {
        let mut total = 0;
        for channel in waiting {
            if !self.weights.contains_key(channel) {
                let weight = 1 << self.below(7);
                self.weights.insert(*channel, weight);
            }
            total += self.weights[channel];
        }
        if total == 0 {
            return None;
        }
        let mut at = self.below(total);
        waiting.iter().copied().find(|channel| {
            let weight = self.weights[channel];
            let found = at < weight;
            at = at.saturating_sub(weight);
            found
        })
    }

    fn tick(&mut self) {
        self.now.0 += TICK_MS;
        let first = self.below(self.nodes.len() as u64) as usize;
        for offset in 0..self.nodes.len() {
            self.deliver((first + offset) % self.nodes.len(), Input::Tick);
        }
    }

    fn deliver(&mut self, node: usize, input: Input) {
        let now = self.now;
        let sender = match &input {
            Input::Peer { from, .. } => {
                (0..self.nodes.len()).find(|at| self.nodes[*at].peer_key() == *from)
            }
            _ => None,
        };
        let record = &mut self.nodes[node];
        let Some(party) = &mut record.party else {
            return;
        };
        if let (Input::Peer { frame, .. }, Some(sender)) = (&input, sender) {
            record.received.push((sender, frame.clone()));
        }
        let in_turn = matches!(input, Input::Compute { .. });
        party.handle(now, input);
        let mut effects = Vec::new();
        while let Some(effect) = party.next_effect() {
            effects.push(effect);
        }
        let judged: Vec<JobId> = effects.iter().filter_map(may_run).collect();
        if !judged.is_empty() {
            record.judged.push((in_turn, judged));
        }
        for effect in effects {
            self.effects += 1;
            self.record(node, &effect);
            self.perform(node, effect);
        }
    }

    /// Adds an effect to the trace, with the bytes that `Debug` leaves out.
    fn record(&mut self, node: usize, effect: &Effect) {
        self.trace.update(&(node as u64).to_le_bytes());
        self.trace.update(format!("{effect:?}").as_bytes());
        match effect {
            Effect::Send { frame, .. } => {
                self.trace.update(frame);
            }
            Effect::Persist { batch, .. } => {
                for write in batch {
                    if let Write::Put { value, .. } = write {
                        self.trace.update(value);
                    }
                }
            }
            _ => {}
        }
    }

    fn perform(&mut self, node: usize, effect: Effect) {
        match effect {
            Effect::Send { to, frame } => {
                let Some(to) = (0..self.nodes.len()).find(|at| self.nodes[*at].peer_key() == to)
                else {
                    return;
                };
                self.nodes[node].sent.push((to, frame.clone()));
                match &mut self.tamper {
                    Some((adversary, tamper)) if *adversary == node => {
                        for frame in tamper(to, &frame) {
                            self.inject(node, to, frame);
                        }
                    }
                    _ => self.inject(node, to, frame),
                }
            }
            Effect::Persist { id, batch } => match self.nodes[node].disk_mode {
                Disk::Works | Disk::ReadsWait => {
                    self.nodes[node].apply(batch);
                    let outcome = Outcome::Persisted;
                    self.queue(node, Source::Disk, Input::Done { id, outcome });
                }
                Disk::Fails => {
                    let outcome = Outcome::Failed("the disk is full".to_owned());
                    self.queue(node, Source::Disk, Input::Done { id, outcome });
                }
                Disk::Waits => self.nodes[node].waiting_writes.push((id, batch)),
            },
            Effect::Load { id, table, prefix } => match self.nodes[node].disk_mode {
                Disk::ReadsWait => self.nodes[node].waiting_reads.push((id, table, prefix)),
                Disk::Works | Disk::Fails | Disk::Waits => self.read(node, id, table, &prefix),
            },
            Effect::ListKeys {
                id,
                table,
                prefix,
                after,
            } => {
                let keys = self.nodes[node].keys_after(table, &prefix, after.as_deref());
                let outcome = Outcome::Keys(keys);
                self.queue(node, Source::Disk, Input::Done { id, outcome });
            }
            Effect::Compute { job } => self.queue(node, Source::Compute, Input::Compute { job }),
            Effect::Submit { id, call } => {
                let operator = self.nodes[node].operator();
                let outcome = match self.call(operator, 0, &chain::of_node(call)) {
                    Ok(_) => Outcome::Submitted,
                    Err(revert) => {
                        self.reverted.push(revert);
                        match revert {
                            Revert::AlreadyStarted | Revert::JobNotOpen => Outcome::Overtaken,
                            _ => Outcome::Failed(format!("{revert:?}")),
                        }
                    }
                };
                self.queue(node, Source::Submission, Input::Done { id, outcome });
            }
            Effect::Reply { to, response } => {
                self.nodes[node].replies.push(format!("{response:?}"));
                self.replies.insert(to, response);
            }
            Effect::Peers(peers) => {
                self.nodes[node].wanted = peers;
                self.connect();
            }
            Effect::Report(fact) => self.nodes[node].reports.push(fact),
        }
    }

    /// Runs until the condition holds.
    pub(crate) fn run_until(
        &mut self,
        what: &str,
        patience_ms: u64,
        condition: impl Fn(&World) -> bool,
    ) {
        let end = self.now.0 + patience_ms;
        while !condition(self) {
            assert!(
                self.now.0 <= end,
                "no {what} within {patience_ms} ms of virtual time; reports: {:#?}",
                self.nodes
                    .iter()
                    .map(|node| &node.reports)
                    .collect::<Vec<_>>()
            );
            self.step();
        }
    }

    /// Delivers everything that is under way; no time passes.
    pub(crate) fn settle_down(&mut self) {
        while self.channels.values().any(|queue| !queue.is_empty()) {
            self.step();
        }
    }

    /// What nodes reported about their own disk and chain, and about peers.
    pub(crate) fn trouble(&self) -> Vec<String> {
        let all = self.nodes.iter().flat_map(|node| &node.reports);
        all.filter(|fact| matches!(fact, Fact::Trouble { .. } | Fact::PeerMisbehaved { .. }))
            .map(|fact| format!("{fact:?}"))
            .collect()
    }

    /// What all nodes did, in one number.
    pub(crate) fn trace(&self) -> blake3::Hash {
        self.trace.finalize()
    }

    fn below(&mut self, bound: u64) -> u64 {
        self.random.next_u64() % bound
    }
}

/// The job that a party has judged and will take part in: it looks whether it has before.
fn may_run(effect: &Effect) -> Option<JobId> {
    let Effect::Load {
        table: Table::Jobs,
        prefix,
        ..
    } = effect
    else {
        return None;
    };
    let job = prefix.as_slice().try_into().ok()?;
    Some(JobId(u64::from_be_bytes(job)))
}

fn ordered(a: usize, b: usize) -> (usize, usize) {
    (a.min(b), a.max(b))
}
