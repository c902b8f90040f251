//! A node: follows the ledger, routes inputs to deposits and jobs, and queues their effects.

mod answers;

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::fmt;
use std::sync::Arc;

use enigma_bytecode::model::Contract;
use enigma_wire::api::{ApiError, Deposit, DepositAccepted, ErrorCode, ParametersDeposit};
use enigma_wire::controller::{BlockEvents, Event, Receipt};
use enigma_wire::eip712::{Domain, Typed};
use enigma_wire::id::{Address, CollectionId, Hash, JobId, MemberIndex, NodeId, PeerKey};
use enigma_wire::ledger::Ledger;
use enigma_wire::parameters::ParametersReceipt;
use enigma_wire::peer::{self, Frame, RunKey};
use enigma_wire::seal::SealSecret;
use enigma_wire::sign::SecretKey;
use rand_chacha::ChaCha20Rng;
use rand_core::SeedableRng;

use crate::deposit;
use crate::job::{Admitted, Job};
use crate::kept::{self, Asks};
use crate::left::{self, Swept};
use crate::parameters::{self, KeptParameters};
use crate::seam::{
    ClientRequest, Effect, EffectId, Fact, Input, Millis, Outcome, ReplyId, Response, Table, Write,
};

/// `security` of every result until openings are verified (decisions 24).
pub(crate) const SECURITY: &str = "malicious-abort";

/// Longest row of a request that waits for a block.
const PARKED_BYTES_MAX: usize = 1 << 20;
/// Requests that wait for a block the party has not seen; the oldest is refused when full.
const PARKED_MAX: usize = 256;
/// How far beyond the last block a request may refer.
const PARKED_BLOCKS_MAX: u64 = 1_000;
/// Frames of one peer kept for runs this party has not started; further ones of this peer are dropped
/// and reported, those of others are not touched.
const EARLY_FRAMES_MAX: usize = 64;

/// What a party must be told.
#[derive(Clone, Debug)]
pub struct Config {
    /// This node's transport identity; the registry entry with this key is ours.
    pub peer_key: PeerKey,
    /// The controller whose signatures we make and check.
    pub domain: Domain,
    /// How long to wait for what.
    pub timeouts: Timeouts,
    /// Software version, for `status`.
    pub version: String,
}

/// How long to wait, in milliseconds.
#[derive(Clone, Copy, Debug)]
pub struct Timeouts {
    /// For the committee's links to come up before a job.
    pub links_ms: u64,
    /// For a peer's next message during a job.
    pub peer_ms: u64,
    /// For t+1 members to name the same culprits before nobody is named.
    pub agreement_ms: u64,
    /// For an earlier member to submit before the next one does.
    pub submit_ms: u64,
    /// For a block a request refers to.
    pub block_ms: u64,
}

impl Default for Timeouts {
    fn default() -> Self {
        Self {
            links_ms: 10_000,
            peer_ms: 30_000,
            agreement_ms: 3_000,
            submit_ms: 2_000,
            block_ms: 10_000,
        }
    }
}

/// A node's secrets.
#[derive(Debug)]
pub struct Keys {
    /// Signs receipts, certificates, failures and session keys.
    pub signer: SecretKey,
    /// Opens rows sealed to this node.
    pub seal: SealSecret,
}

/// One node. See the crate's documentation.
pub struct Party {
    pub(crate) shared: Shared,
    jobs: BTreeMap<JobId, Job>,
    /// Members whose rows a job may use, judged when its request's block was applied.
    admitted: BTreeMap<JobId, Admitted>,
    /// Jobs of which it is still to be judged whether they may run, in order; of the first a turn is asked for.
    unjudged: VecDeque<JobId>,
    early: Vec<(PeerKey, RunKey, Vec<u8>)>,
    parked: VecDeque<Asked>,
    /// The event log contradicted itself: nothing may be decided from it any more.
    broken: bool,
    /// Roots of each member's dealings that may still be recorded, and of the one that is, until the
    /// collection is sealed: so that an owner cannot fill the disk.
    pub(crate) pending_roots: BTreeMap<(CollectionId, MemberIndex), BTreeSet<Hash>>,
    /// Sealed collections that may still have rows of dealings that were not recorded.
    pub(crate) unswept: BTreeSet<CollectionId>,
    /// The rows of one of them are being read.
    pub(crate) sweeping: bool,
    /// Private parameters that wait for their runs.
    pub(crate) parameters: KeptParameters,
    /// Whether what no run can read any more of what runs have left has been looked for, by table.
    pub(crate) left: BTreeMap<Table, Swept>,
}

/// What deposits and jobs share.
pub(crate) struct Shared {
    pub(crate) config: Config,
    pub(crate) keys: Keys,
    pub(crate) rng: ChaCha20Rng,
    pub(crate) ledger: Ledger,
    pub(crate) links: BTreeSet<PeerKey>,
    pub(crate) programs: BTreeMap<Hash, Arc<Contract>>,
    /// Whose rows of its collections each open job may use that mixes them, ascending.
    pub(crate) may_use: BTreeMap<(CollectionId, JobId), Vec<MemberIndex>>,
    /// Of whom no row of a collection was left, of those that were compared since this process has begun.
    pub(crate) nothing: BTreeMap<CollectionId, BTreeSet<MemberIndex>>,
    /// Whether this process has seen the chain's last block once.
    pub(crate) caught_up: bool,
    pub(crate) now: Millis,
    effects: VecDeque<Effect>,
    pending: BTreeMap<EffectId, Pending>,
    next_effect: u64,
}

/// What to do when an effect is done.
pub(crate) enum Pending {
    Deposit {
        reply: ReplyId,
        receipt: Receipt,
    },
    /// Reading the contract whose collection a deposit is for.
    DepositProgram {
        reply: ReplyId,
        deposit: Box<Deposit>,
    },
    /// Writing private parameters.
    Parameters {
        reply: ReplyId,
        receipt: ParametersReceipt,
    },
    /// Reading the contract whose private parameters a deposit has.
    ParametersProgram {
        reply: ReplyId,
        deposit: Box<ParametersDeposit>,
    },
    /// Looking through the private parameters on the disk.
    KeptParameters,
    /// Erasing private parameters.
    ParametersErased,
    /// Looking for what no run can read any more of what runs have left.
    Left(left::Sweep),
    /// Erasing that.
    LeftErased(Table),
    /// Reading the contract of an instance of which something is asked that is kept beside the chain.
    KeptProgram(Asks),
    /// Reading what is asked for.
    Kept(Asks, Arc<Contract>),
    Program {
        reply: ReplyId,
        contract: Hash,
        program: Arc<Contract>,
    },
    Contract {
        reply: ReplyId,
    },
    Output {
        reply: ReplyId,
        job: JobId,
    },
    Job(JobId),
    /// A call to the controller; a failure is reported. Another member may have been first, which the
    /// ledger will tell; otherwise it is repeated.
    Submission,
    /// Reading a sealed collection's rows, to erase those that were not recorded.
    Sweep(CollectionId),
    /// Housekeeping; a failure is reported and nothing waits for it.
    Cleanup,
}

/// A client's request, when it came and from which proven account.
struct Asked {
    since: Millis,
    reply: ReplyId,
    request: ClientRequest,
    caller: Option<Address>,
    min_block: u64,
}

/// Where it stands; nothing it holds.
impl fmt::Debug for Party {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Party")
            .field("peer", &self.shared.config.peer_key)
            .field("block", &self.shared.ledger.head.number)
            .field("jobs", &self.jobs.keys())
            .field("broken", &self.broken)
            .finish_non_exhaustive()
    }
}

impl Shared {
    pub(crate) fn push(&mut self, effect: Effect) {
        self.effects.push_back(effect);
    }

    pub(crate) fn reply(&mut self, to: ReplyId, response: Response) {
        self.push(Effect::Reply { to, response });
    }

    pub(crate) fn refuse(&mut self, to: ReplyId, code: ErrorCode, message: impl Into<String>) {
        self.reply(
            to,
            Response::Error(ApiError {
                code,
                message: message.into(),
            }),
        );
    }

    /// Answers with this node's signature: what the receipt is for is checked and durable.
    pub(crate) fn sign_receipt(&mut self, to: ReplyId, receipt: &impl Typed) {
        let digest = self.config.domain.digest(receipt);
        let receipt = self.keys.signer.sign(&digest);
        match self.node() {
            Some(node) => {
                let accepted = DepositAccepted { node, receipt };
                self.reply(to, Response::DepositAccepted(accepted));
            }
            None => self.refuse(to, ErrorCode::Internal, "this node is not registered"),
        }
    }

    fn begin(&mut self, pending: Pending) -> EffectId {
        self.next_effect += 1;
        let id = EffectId(self.next_effect);
        self.pending.insert(id, pending);
        id
    }

    pub(crate) fn persist(&mut self, pending: Pending, batch: Vec<Write>) {
        let id = self.begin(pending);
        self.push(Effect::Persist { id, batch });
    }

    pub(crate) fn load(&mut self, pending: Pending, table: Table, prefix: Vec<u8>) {
        let id = self.begin(pending);
        self.push(Effect::Load { id, table, prefix });
    }

    pub(crate) fn list_keys(
        &mut self,
        pending: Pending,
        (table, prefix): (Table, Vec<u8>),
        after: Option<Vec<u8>>,
    ) {
        let id = self.begin(pending);
        self.push(Effect::ListKeys {
            id,
            table,
            prefix,
            after,
        });
    }

    pub(crate) fn submit(&mut self, call: crate::seam::Call) {
        let id = self.begin(Pending::Submission);
        self.push(Effect::Submit { id, call });
    }

    /// This node's number, once it is registered.
    pub(crate) fn node(&self) -> Option<NodeId> {
        let own = |(_, record): &(&NodeId, &enigma_wire::ledger::NodeRecord)| {
            record.info.peer_key == self.config.peer_key
        };
        self.ledger.nodes.iter().find(own).map(|(node, _)| *node)
    }
}

impl Party {
    /// A party that has seen no block yet. `seed` must be fresh randomness in every real run; a
    /// recovered node never reuses randomness.
    pub fn new(config: Config, keys: Keys, seed: [u8; 32]) -> Self {
        let shared = Shared {
            config,
            keys,
            rng: ChaCha20Rng::from_seed(seed),
            ledger: Ledger::default(),
            links: BTreeSet::new(),
            caught_up: false,
            programs: BTreeMap::new(),
            may_use: BTreeMap::new(),
            nothing: BTreeMap::new(),
            now: Millis(0),
            effects: VecDeque::new(),
            pending: BTreeMap::new(),
            next_effect: 0,
        };
        Self {
            shared,
            jobs: BTreeMap::new(),
            admitted: BTreeMap::new(),
            unjudged: VecDeque::new(),
            early: Vec::new(),
            parked: VecDeque::new(),
            broken: false,
            pending_roots: BTreeMap::new(),
            unswept: BTreeSet::new(),
            sweeping: false,
            parameters: KeptParameters::default(),
            left: BTreeMap::new(),
        }
    }

    /// Takes an input; afterwards drain [`Party::next_effect`].
    pub fn handle(&mut self, now: Millis, input: Input) {
        self.shared.now = self.shared.now.max(now);
        if self.broken {
            if let Input::Client { reply, .. } = input {
                let message = "this node's view of the chain is broken; it must be restarted";
                self.shared.refuse(reply, ErrorCode::Internal, message);
            }
            return;
        }
        match input {
            Input::Peer { from, frame } => self.on_frame(from, &frame),
            Input::Link { peer, up } => self.on_link(peer, up),
            Input::Client {
                reply,
                request,
                caller,
                min_block,
            } => self.on_client(Asked {
                since: self.shared.now,
                reply,
                request,
                caller,
                min_block,
            }),
            Input::Chain { block, caught_up } => self.on_block(&block, caught_up),
            Input::Done { id, outcome } => self.on_done(id, outcome),
            Input::Compute { job } => {
                if let Some(job) = self.jobs.get_mut(&job) {
                    job.on_compute_turn(&mut self.shared);
                }
            }
            Input::Tick => self.on_tick(),
        }
        self.judge_next();
    }

    /// Takes a frame as [`Input::Peer`] does, from bytes that stay where they are.
    pub fn take_frame(&mut self, now: Millis, from: PeerKey, frame: &[u8]) {
        self.shared.now = self.shared.now.max(now);
        if !self.broken {
            self.on_frame(from, frame);
            self.judge_next();
        }
    }

    /// The next effect to perform, in order.
    pub fn next_effect(&mut self) -> Option<Effect> {
        self.shared.effects.pop_front()
    }

    /// The other members of a job's committee: whom the job's turns send to. A turn in which it is judged whether the job may
    /// run sends nothing that must wait, and other jobs wait for it: there is nobody then.
    pub fn committee_peers(&self, job: JobId) -> impl Iterator<Item = PeerKey> {
        let job = self.jobs.get(&job).filter(|job| !job.is_unjudged());
        job.into_iter().flat_map(Job::peers)
    }

    /// The controller's state as this party knows it.
    pub fn ledger(&self) -> &Ledger {
        &self.shared.ledger
    }

    fn on_frame(&mut self, from: PeerKey, bytes: &[u8]) {
        let run = match peer::decode(bytes) {
            Ok(Frame::Compute(run, ..) | Frame::Setup(run, _) | Frame::Control(run, _)) => run,
            Err(error) => {
                let why = error.to_string();
                self.shared
                    .push(Effect::Report(Fact::PeerMisbehaved { peer: from, why }));
                return;
            }
        };
        match self.jobs.get_mut(&run.job) {
            Some(job) => job.on_frame(&mut self.shared, from, run, bytes),
            // A peer may have seen the job's block before us.
            None if !self.shared.ledger.jobs.contains_key(&run.job)
                || self.admitted.contains_key(&run.job) =>
            {
                self.keep_early(from, run, bytes.to_vec());
            }
            None => {}
        }
    }

    fn keep_early(&mut self, from: PeerKey, run: RunKey, bytes: Vec<u8>) {
        let kept = self.early.iter().filter(|(peer, ..)| *peer == from).count();
        if kept < EARLY_FRAMES_MAX {
            self.early.push((from, run, bytes));
        } else {
            let why = format!("frames for unknown job {} over the limit", run.job);
            self.shared
                .push(Effect::Report(Fact::PeerMisbehaved { peer: from, why }));
        }
    }

    fn on_link(&mut self, peer: PeerKey, up: bool) {
        if up {
            self.shared.links.insert(peer);
        } else {
            self.shared.links.remove(&peer);
        }
        for job in self.jobs.values_mut() {
            job.on_link(&mut self.shared, peer, up);
        }
    }

    fn on_client(&mut self, asked: Asked) {
        let head = self.shared.ledger.head.number;
        if asked.min_block <= head {
            return self.serve(asked);
        }
        if asked.min_block > head.saturating_add(PARKED_BLOCKS_MAX) {
            let message = "the request refers to a block far beyond the last one";
            return self
                .shared
                .refuse(asked.reply, ErrorCode::Unavailable, message);
        }
        let sealed_len = match &asked.request {
            ClientRequest::Deposit(deposit) => deposit.sealed_row.len(),
            ClientRequest::DepositParameters(deposit) => deposit.sealed.len(),
            _ => 0,
        };
        if sealed_len > PARKED_BYTES_MAX {
            let message =
                "the request refers to a block that has not been seen here; it is too long to wait";
            return self
                .shared
                .refuse(asked.reply, ErrorCode::Unavailable, message);
        }
        if self.parked.len() == PARKED_MAX
            && let Some(oldest) = self.parked.pop_front()
        {
            self.shared.refuse(
                oldest.reply,
                ErrorCode::Unavailable,
                "too many requests wait for a block",
            );
        }
        self.parked.push_back(asked);
    }

    fn on_block(&mut self, block: &BlockEvents, caught_up: bool) {
        if let Err(error) = self.shared.ledger.apply_block(block) {
            self.broken = true;
            self.jobs.clear();
            let why = format!("block {}: {error}", block.number);
            self.shared.push(Effect::Report(Fact::Trouble { why }));
            return;
        }
        for event in &block.events {
            self.on_event(event);
        }
        if caught_up {
            self.shared.caught_up = true;
            self.start_jobs();
            deposit::sweep(self);
            parameters::sweep(self);
            left::sweep(self);
        }
        let head = self.shared.ledger.head.number;
        let (ready, waiting) = self
            .parked
            .drain(..)
            .partition::<VecDeque<Asked>, _>(|parked| parked.min_block <= head);
        self.parked = waiting;
        for parked in ready {
            self.serve(parked);
        }
    }

    fn on_event(&mut self, event: &Event) {
        match event {
            Event::NodeRegistered { .. }
            | Event::NodeRetired { .. }
            | Event::CommitteeDrawn { .. } => {
                self.update_peers();
            }
            Event::Contributed { contribution } => {
                deposit::recorded(self, contribution.collection, contribution.member);
            }
            Event::CollectionSealed { collection, .. } => deposit::sealed(self, *collection),
            Event::JobRequested { job, .. } => {
                if let Some(admitted) = crate::job::admitted(&self.shared, *job) {
                    self.admitted.insert(*job, admitted);
                }
            }
            Event::JobStarted { job } => {
                if let Some(job) = self.jobs.get_mut(job) {
                    job.try_start(&mut self.shared);
                }
            }
            Event::JobSettled { certificate, .. } => {
                self.end_job(certificate.job, Some(certificate.outputs));
            }
            Event::JobFailed { failure, .. } => self.end_job(failure.job, None),
            Event::JobExpired { job, .. } | Event::JobCancelled { job, .. } => {
                self.end_job(*job, None)
            }
            _ => {}
        }
    }

    fn end_job(&mut self, id: JobId, settled: Option<Hash>) {
        self.admitted.remove(&id);
        self.shared.may_use.retain(|(_, job), _| *job != id);
        parameters::job_over(self, id);
        if let Some(job) = self.jobs.get_mut(&id) {
            job.on_closed(&mut self.shared, settled);
        }
        left::job_over(self, id);
    }

    /// Links are kept to everybody with whom this node shares a committee.
    fn update_peers(&mut self) {
        let Some(own) = self.shared.node() else {
            return;
        };
        let ledger = &self.shared.ledger;
        let shared_committees = ledger
            .instances
            .values()
            .filter(|instance| instance.committee.contains(&own));
        let peers = shared_committees
            .flat_map(|instance| &instance.committee)
            .filter(|node| **node != own)
            .filter_map(|node| ledger.nodes.get(node))
            .map(|record| (record.info.peer_key, record.info.peer_address.clone()))
            .collect();
        self.shared.push(Effect::Peers(peers));
    }

    fn start_jobs(&mut self) {
        for (id, admitted) in std::mem::take(&mut self.admitted) {
            if let Some(job) = Job::start(&mut self.shared, id, admitted) {
                self.jobs.insert(id, job);
                self.unjudged.push_back(id);
            }
        }
        let (known, early) = std::mem::take(&mut self.early)
            .into_iter()
            .partition::<Vec<_>, _>(|(_, run, _)| self.jobs.contains_key(&run.job));
        self.early = early;
        for (from, run, bytes) in known {
            if let Some(job) = self.jobs.get_mut(&run.job) {
                job.on_frame(&mut self.shared, from, run, &bytes);
            }
        }
    }

    /// Asks for the turn in which the next job is judged, once its program is read. Judging may take seconds, so jobs are judged one a turn,
    /// and of all that wait one asks: whatever else has work to do has a turn between two of them. And in order, since a job is compared
    /// with those that were asked for before it.
    fn judge_next(&mut self) {
        while let Some(id) = self.unjudged.front() {
            if let Some(job) = self.jobs.get_mut(id).filter(|job| job.is_unjudged()) {
                return job.ask_to_be_judged(&mut self.shared);
            }
            self.unjudged.pop_front();
        }
    }

    fn on_done(&mut self, id: EffectId, outcome: Outcome) {
        let Some(pending) = self.shared.pending.remove(&id) else {
            return;
        };
        if let (Outcome::Failed(why), false) = (&outcome, matches!(pending, Pending::Job(_))) {
            self.shared
                .push(Effect::Report(Fact::Trouble { why: why.clone() }));
        }
        match (pending, outcome) {
            (Pending::Deposit { reply, receipt }, Outcome::Persisted) => {
                deposit::acknowledge(&mut self.shared, reply, &receipt);
            }
            (Pending::DepositProgram { reply, deposit }, Outcome::Loaded(pairs)) => {
                deposit::on_program(self, reply, deposit, &pairs);
            }
            (Pending::Parameters { reply, receipt }, Outcome::Persisted) => {
                parameters::acknowledge(self, reply, &receipt);
            }
            (Pending::Parameters { reply, .. }, _) => {
                parameters::on_failed_write(self);
                self.storage_failed(reply);
            }
            (Pending::ParametersProgram { reply, deposit }, Outcome::Loaded(pairs)) => {
                parameters::on_program(self, reply, deposit, &pairs);
            }
            (Pending::KeptParameters, Outcome::Loaded(pairs)) => parameters::found(self, &pairs),
            (
                Pending::Program {
                    reply,
                    contract,
                    program,
                },
                Outcome::Persisted,
            ) => {
                self.shared.programs.insert(contract, program);
                self.shared.reply(reply, Response::ContractAccepted);
            }
            (Pending::Contract { reply }, Outcome::Loaded(pairs)) => {
                match pairs.into_iter().next() {
                    Some((_, bytecode)) => {
                        self.shared.reply(reply, Response::Contract(bytecode));
                    }
                    None => self.shared.refuse(
                        reply,
                        ErrorCode::NotFound,
                        "this contract is not kept here",
                    ),
                }
            }
            (Pending::Output { reply, job }, Outcome::Loaded(pairs)) => {
                self.reply_output(reply, job, &pairs);
            }
            (Pending::Job(job), outcome) => {
                if let Some(job) = self.jobs.get_mut(&job) {
                    job.on_done(&mut self.shared, outcome);
                }
            }
            (
                Pending::Deposit { reply, .. }
                | Pending::DepositProgram { reply, .. }
                | Pending::ParametersProgram { reply, .. }
                | Pending::Program { reply, .. }
                | Pending::Contract { reply }
                | Pending::Output { reply, .. },
                _,
            ) => self.storage_failed(reply),
            (Pending::Sweep(collection), outcome) => {
                self.sweeping = false;
                if let Outcome::Loaded(rows) = outcome {
                    deposit::swept(self, collection, &rows);
                }
                deposit::sweep(self);
            }
            (Pending::KeptParameters, _) => parameters::not_found(self),
            (Pending::ParametersErased, Outcome::Failed(_)) => parameters::on_failed_write(self),
            (Pending::Left(sweep), Outcome::Keys(keys)) => left::found(self, sweep, keys),
            (
                Pending::Left(left::Sweep { table, .. }) | Pending::LeftErased(table),
                Outcome::Failed(_),
            ) => {
                left::failed(self, table);
            }
            (Pending::KeptProgram(asks), Outcome::Loaded(pairs)) => {
                kept::on_program(self, asks, &pairs);
            }
            (Pending::Kept(asks, program), Outcome::Loaded(pairs)) => {
                kept::answer(self, asks, &program, &pairs);
            }
            (Pending::KeptProgram(asks) | Pending::Kept(asks, _), _) => {
                self.storage_failed(asks.reply);
            }
            (
                Pending::Submission
                | Pending::Cleanup
                | Pending::ParametersErased
                | Pending::Left(_)
                | Pending::LeftErased(_),
                _,
            ) => {}
        }
    }

    fn storage_failed(&mut self, reply: ReplyId) {
        let message = "the node's storage failed; nothing was stored";
        self.shared.refuse(reply, ErrorCode::Internal, message);
    }

    fn on_tick(&mut self) {
        for job in self.jobs.values_mut() {
            job.on_tick(&mut self.shared);
        }
        let (now, patience) = (self.shared.now, self.shared.config.timeouts.block_ms);
        while self
            .parked
            .front()
            .is_some_and(|parked| now.since(parked.since) > patience)
        {
            if let Some(parked) = self.parked.pop_front() {
                let message = format!(
                    "block {} has not been seen here; the last one is {}",
                    parked.min_block, self.shared.ledger.head.number
                );
                self.shared
                    .refuse(parked.reply, ErrorCode::Unavailable, message);
            }
        }
    }
}
