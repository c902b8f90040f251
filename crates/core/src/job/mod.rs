//! One job at one node, from the request's block to the settlement's: admission, key set-up, the
//! call (input check, then the entry's stages), sealed outputs, the certificate; or a failure that names who.

mod admission;
mod admit;
mod budget;
mod compute;
mod contributions;
mod difference;
mod effects;
mod environment;
mod failure;
mod field;
mod finish;
mod inputs;
mod kept;
mod outputs;
mod parameters;
mod recipients;
mod secrets;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use enigma_bytecode::model::Contract;
use enigma_bytecode::plan::Cost;
use enigma_bytecode::stored::Values;
use enigma_field::{Committee, Party as PartyNumber};
use enigma_mpc::Setup;
use enigma_wire::api::{JobPhase, JobStatus};
use enigma_wire::controller::{Certificate, Failure, FailureReason, JobRequest};
use enigma_wire::effects::{Effects, InstanceState};
use enigma_wire::id::{Address, Hash, JobId, NodeId, PeerKey};
use enigma_wire::peer::{self, Control, Frame, RunKey};
use enigma_wire::sign::Signature;

pub(crate) use admission::{dealing_context, program, stored_program};
pub(crate) use finish::{StoredOutput, output_key};
pub(crate) use inputs::{Admitted, admitted};

use self::contributions::Contributions;
use self::field::{Call, Columns};
use self::inputs::Input;
use crate::party::{Pending, SECURITY, Shared};
use crate::seam::{Effect, Fact, Millis, Outcome, Table, Write};
use crate::session::Early;

/// A member of the committee, as its position makes it party 1..n.
#[derive(Clone)]
struct Member {
    node: NodeId,
    peer: PeerKey,
    signer: Address,
}

/// One job at one node.
pub(crate) struct Job {
    run: RunKey,
    /// As it was asked for.
    request: JobRequest,
    contract: Hash,
    /// What the certificate says of the collections.
    inputs_root: Hash,
    /// The collections, in the request's order.
    inputs: Vec<Input>,
    /// Who gave to the instance before the request, by collection of the contract.
    givers: BTreeMap<u16, Vec<Address>>,
    /// What the instance had on the chain then.
    state: Arc<InstanceState>,
    /// The run that has left what the committee keeps secret for the instance, if the entry depends on that and there was one.
    secrets_of: Option<JobId>,
    /// What the committee kept beside the chain for it then, if the entry depends on that.
    kept: Arc<Values>,
    /// Who had contributed to the instance's accumulators.
    contributions: Contributions,
    committee: Committee,
    members: Vec<Member>,
    me: PartyNumber,
    phase: Phase,
    program: Option<Arc<Contract>>,
    /// What the submitted rows cost: admission compares it with the fee, the certificate states it.
    cost: Option<Cost>,
    /// Frames for the set-up or the computation before this party is ready for them.
    early: Early,
    roots: BTreeMap<PartyNumber, Hash>,
    certified: BTreeMap<PartyNumber, (Certificate, Signature)>,
    /// All members' roots as other members have them.
    offered: BTreeMap<PartyNumber, Vec<Hash>>,
    /// The outputs that the chain has settled.
    settled: Option<Hash>,
    statements: BTreeMap<Failure, BTreeMap<PartyNumber, Signature>>,
    /// When the last input moved the job on.
    progress: Millis,
    bytes_sent: u64,
    /// Over on the chain.
    closed: bool,
    /// An [`Effect::Compute`] is under way: asked for to be judged, by a new call, by each piece of work that
    /// leaves more, and by frames; the job is judged and the call runs nowhere else.
    turn_asked: bool,
    reason: Option<String>,
}

/// Where a job stands.
enum Phase {
    /// Reading the program.
    Program,
    /// Waiting for the turn in which it is judged whether the job may run: conditions of groups and the plan may take seconds.
    Judging,
    /// Reading whether an earlier process of this node already attempted the job.
    Attempt,
    /// Reading the rows, one collection after the other: what was found of those before.
    Loading {
        found: Vec<(Vec<u8>, Vec<u8>)>,
        input: usize,
    },
    /// Reading the caller's private parameters.
    Parameters { rows: Columns },
    /// Reading what the committee keeps secret for the instance. `broken`: runs that were started since it was kept, did not take effect,
    /// and may have shown some of it, with their entries; up to `at` this member took part in them.
    Secrets {
        rows: Columns,
        broken: Vec<(JobId, usize)>,
        at: usize,
    },
    /// Reading what the committee keeps beside the chain for the instance.
    Kept { rows: Columns },
    /// Comparing whose rows the job may use with the runs before it, of its collections one after the other. `writes`: what is to be
    /// written down of those before.
    Comparing {
        rows: Columns,
        writes: Vec<Write>,
        at: usize,
    },
    /// Making the attempt durable before anything is sent (protocols S1).
    Recording { rows: Columns },
    /// Waiting for the committee's links.
    Links { rows: Columns, since: Millis },
    /// Waiting for the chain to say that the job has started; submitting that when it is this member's
    /// turn. Until then the requester may cancel, and nothing is computed.
    Starting {
        rows: Columns,
        since: Millis,
        submitted: Option<Millis>,
    },
    /// Agreeing on session keys.
    Setup { setup: Box<Setup>, rows: Columns },
    /// Input check and entry.
    Calling { session: Box<dyn Call> },
    /// Outputs are sealed; making durable what the call leaves.
    Keeping {
        outputs: Vec<outputs::Output>,
        effects: Effects,
    },
    /// Outputs are sealed; waiting for the other members' roots.
    Publishing {
        outputs: Vec<outputs::Output>,
        effects: Effects,
    },
    /// Making outputs durable before the certificate is signed.
    Storing {
        certificate: Certificate,
        effects: Effects,
    },
    /// Collecting signatures; submitting when it is this member's turn.
    Certifying {
        certificate: Certificate,
        effects: Effects,
        since: Millis,
        submitted: Option<Millis>,
    },
    /// Telling the others and collecting signatures for the failure.
    GivingUp {
        since: Millis,
        own: Option<Failure>,
        submitted: Option<Millis>,
    },
    /// Over on the chain.
    Closed,
}

impl Phase {
    fn is_before_setup(&self) -> bool {
        use Phase::{
            Attempt, Comparing, Judging, Kept, Links, Loading, Parameters, Program, Recording,
            Secrets, Starting,
        };
        matches!(
            self,
            Program
                | Judging
                | Attempt
                | Comparing { .. }
                | Recording { .. }
                | Loading { .. }
                | Parameters { .. }
                | Secrets { .. }
                | Kept { .. }
                | Links { .. }
                | Starting { .. }
        )
    }
}

impl Job {
    /// How the job stands here; `on_chain` is what the chain says when it is over.
    pub(crate) fn status(&self, on_chain: Option<JobPhase>) -> JobStatus {
        let here = match self.phase {
            ref phase if phase.is_before_setup() => JobPhase::Starting,
            // The chain says when it was settled; without its word, a closed job is one whose time is over.
            Phase::Closed | Phase::GivingUp { .. } => JobPhase::Failed,
            Phase::Publishing { .. } | Phase::Storing { .. } | Phase::Certifying { .. } => {
                JobPhase::Certifying
            }
            _ => JobPhase::Running,
        };
        JobStatus {
            job: self.run.job,
            phase: on_chain.unwrap_or(here),
            reason: self.reason.clone(),
            dropped: self.dropped(),
            dropped_rows: self.inputs.iter().map(Input::dropped_rows).sum(),
            security: SECURITY.to_owned(),
            bytes_sent: self.bytes_sent,
        }
    }

    /// A frame of this job from a peer.
    pub(crate) fn on_frame(
        &mut self,
        shared: &mut Shared,
        from: PeerKey,
        run: RunKey,
        bytes: &[u8],
    ) {
        let Some(party) = self.party_of(from).filter(|party| *party != self.me) else {
            let why = format!(
                "sent a frame for job {} without being on its committee",
                self.run.job
            );
            return shared.push(Effect::Report(Fact::PeerMisbehaved { peer: from, why }));
        };
        if run != self.run {
            // Late frames of an earlier attempt mean nothing.
            return;
        }
        match peer::decode(bytes) {
            Ok(Frame::Compute(_, place, payload)) => {
                self.on_compute(shared, party, place, payload, bytes)
            }
            Ok(Frame::Setup(_, payload)) => self.on_setup(shared, party, payload, bytes),
            Ok(Frame::Control(_, message)) => self.on_control(shared, party, *message),
            Err(error) => self.accuse(shared, party, error.to_string()),
        }
    }

    fn on_control(&mut self, shared: &mut Shared, from: PartyNumber, message: Control) {
        match message {
            Control::OutputRoot(root) => {
                if let std::collections::btree_map::Entry::Vacant(vacant) = self.roots.entry(from) {
                    vacant.insert(root);
                    self.progress = shared.now;
                }
                self.try_store_outputs(shared);
            }
            Control::Certified(certificate, roots, signature) => {
                self.on_certified(shared, from, (certificate, roots), signature);
            }
            Control::Failed(failure, signature) => self.on_failed(shared, from, failure, signature),
        }
    }

    fn on_setup(&mut self, shared: &mut Shared, from: PartyNumber, payload: &[u8], bytes: &[u8]) {
        match &self.phase {
            Phase::Setup { .. } => self.on_setup_message(shared, from, payload),
            phase if phase.is_before_setup() => self.keep_early(shared, from, bytes),
            _ => {}
        }
    }

    /// A committee link changed.
    pub(crate) fn on_link(&mut self, shared: &mut Shared, peer: PeerKey, up: bool) {
        let Some(party) = self.party_of(peer) else {
            return;
        };
        match (&self.phase, up) {
            (Phase::Closed, _) => {}
            // Who has certified has stored its outputs and is no longer needed.
            (Phase::Certifying { .. }, _) if self.certified.contains_key(&party) => {}
            (Phase::Links { .. } | Phase::Starting { .. }, _) => self.try_start(shared),
            (Phase::GivingUp { .. }, true) => self.repeat_failure(shared, party),
            (_, true) => {}
            (phase, false) if phase.is_before_setup() => {}
            (Phase::GivingUp { .. }, false) => self.restate_failure(shared),
            (_, false) => {
                let node = self.member(party).node;
                let why =
                    format!("node {node} stopped answering: its link went down during the job");
                self.give_up(
                    shared,
                    BTreeSet::from([party]),
                    FailureReason::Unresponsive,
                    why,
                );
            }
        }
    }

    /// The outcome of this job's one pending read or write.
    pub(crate) fn on_done(&mut self, shared: &mut Shared, outcome: Outcome) {
        match (&self.phase, outcome) {
            (Phase::Program, Outcome::Loaded(pairs)) => self.on_program(shared, &pairs),
            (Phase::Attempt, Outcome::Loaded(pairs)) => self.on_attempt(shared, &pairs),
            (Phase::Comparing { .. }, Outcome::Loaded(pairs)) => self.on_earlier(shared, &pairs),
            (Phase::Recording { .. }, Outcome::Persisted) => self.on_recorded(shared),
            (Phase::Loading { .. }, Outcome::Loaded(pairs)) => self.on_rows(shared, pairs),
            (Phase::Parameters { .. }, Outcome::Loaded(pairs)) => {
                self.on_parameters(shared, &pairs);
            }
            (Phase::Secrets { .. }, Outcome::Loaded(pairs)) => self.on_secrets(shared, &pairs),
            (Phase::Kept { .. }, Outcome::Loaded(pairs)) => self.on_kept(shared, &pairs),
            (Phase::Keeping { .. }, Outcome::Persisted) => self.on_left(shared),
            (Phase::Storing { .. }, Outcome::Persisted) => self.on_outputs_stored(shared),
            (Phase::Certifying { .. } | Phase::GivingUp { .. }, Outcome::Failed(why)) => {
                shared.push(Effect::Report(Fact::Trouble { why }));
            }
            (Phase::Closed | Phase::Certifying { .. } | Phase::GivingUp { .. }, _) => {}
            (_, Outcome::Failed(why)) => {
                self.give_up(
                    shared,
                    BTreeSet::new(),
                    FailureReason::Refused,
                    format!("own storage: {why}"),
                );
            }
            _ => {}
        }
    }

    /// Time passes: timeouts and turns to submit.
    pub(crate) fn on_tick(&mut self, shared: &mut Shared) {
        let (timeouts, t) = (shared.config.timeouts, usize::from(self.committee.t()));
        let late = shared.ledger.head.time > self.request.deadline;
        if late && !self.has_outputs() {
            // Anybody may have it refunded. Until somebody does, the chain still takes a certificate,
            // so outputs are kept until its end is on record or the committee gives up.
            self.phase = Phase::Closed;
            return;
        }
        match &self.phase {
            Phase::Links { since, .. } if shared.now.since(*since) > timeouts.links_ms => {
                let missing = self.unlinked(shared);
                let names = self.names(&missing);
                let why = format!(
                    "{names} could not be reached within {} s",
                    timeouts.links_ms / 1000
                );
                self.give_up(shared, missing, FailureReason::Unresponsive, why);
            }
            Phase::Starting { .. } => self.try_start(shared),
            Phase::Setup { .. } | Phase::Calling { .. } | Phase::Publishing { .. }
                if shared.now.since(self.progress) > timeouts.peer_ms =>
            {
                if self.closed {
                    self.phase = Phase::Closed;
                    return;
                }
                let missing = self.waiting_for();
                let names = self.names(&missing);
                // A member that is waited for may itself be kept waiting: only one whose link is down
                // is named.
                let unlinked = self.unlinked(shared);
                let missing = missing.intersection(&unlinked).copied().collect();
                let seconds = timeouts.peer_ms / 1000;
                let why = format!(
                    "waited {seconds} s for {names}, who may have been kept waiting in turn"
                );
                self.give_up(shared, missing, FailureReason::Unresponsive, why);
            }
            Phase::Certifying { since, .. }
                if shared.now.since(*since) > timeouts.peer_ms && self.agreeing().len() <= t =>
            {
                let why = "too few members certify the same result".to_owned();
                self.refuse(shared, why);
            }
            Phase::Certifying { .. } => self.try_settle(shared),
            Phase::GivingUp { .. } => self.try_fail(shared),
            _ => {}
        }
    }

    /// The chain says the job is over; `settled`: the `outputs` of the certificate that it has. When it was settled by faster
    /// members, this one still stores the outputs it has computed: recipients need every member's.
    pub(crate) fn on_closed(&mut self, shared: &mut Shared, settled: Option<Hash>) {
        let storing = matches!(self.phase, Phase::Publishing { .. } | Phase::Storing { .. });
        self.closed = true;
        self.settled = settled;
        self.early = Early::default();
        self.state = Arc::default();
        self.kept = Arc::default();
        self.givers.clear();
        if settled.is_some() && storing {
            self.take_settled_roots(shared);
        } else {
            self.phase = Phase::Closed;
        }
    }

    /// Has this member sealed outputs that a settlement may still need?
    fn has_outputs(&self) -> bool {
        use Phase::{Certifying, Publishing, Storing};
        matches!(
            self.phase,
            Publishing { .. } | Storing { .. } | Certifying { .. }
        )
    }

    /// Is nothing more to be expected of this job?
    pub(crate) fn is_over(&self) -> bool {
        matches!(self.phase, Phase::Closed)
    }

    fn keep_early(&mut self, shared: &mut Shared, from: PartyNumber, bytes: &[u8]) {
        if let Err(overflow) = self.early.keep(from, bytes) {
            self.refuse(shared, overflow.to_string());
        }
    }

    /// Handles again what arrived before this party was ready for it.
    fn replay_early(&mut self, shared: &mut Shared) {
        for (from, bytes) in self.early.take() {
            let peer = self.member(from).peer;
            self.on_frame(shared, peer, self.run, &bytes);
        }
    }

    /// A peer broke the protocol.
    fn accuse(&mut self, shared: &mut Shared, party: PartyNumber, why: String) {
        let peer = self.member(party).peer;
        shared.push(Effect::Report(Fact::PeerMisbehaved {
            peer,
            why: why.clone(),
        }));
        let why = format!("node {} broke the protocol: {why}", self.member(party).node);
        self.give_up(
            shared,
            BTreeSet::from([party]),
            FailureReason::Misbehaved,
            why,
        );
    }

    fn broadcast(&mut self, shared: &mut Shared, message: &Control) {
        let frame = peer::encode_control(self.run, message);
        for member in self.others() {
            shared.push(Effect::Send {
                to: member.peer,
                frame: frame.clone(),
            });
        }
    }

    /// The other members.
    pub(crate) fn peers(&self) -> impl Iterator<Item = PeerKey> {
        self.others().map(|member| member.peer)
    }

    fn others(&self) -> impl Iterator<Item = &Member> {
        let me = self.me.index();
        self.members
            .iter()
            .enumerate()
            .filter(move |(at, _)| *at != me)
            .map(|(_, member)| member)
    }

    fn member(&self, party: PartyNumber) -> &Member {
        &self.members[party.index()]
    }

    fn party_of(&self, peer: PeerKey) -> Option<PartyNumber> {
        let at = self.members.iter().position(|member| member.peer == peer)?;
        PartyNumber::new(at as u8 + 1)
    }

    fn unlinked(&self, shared: &Shared) -> BTreeSet<PartyNumber> {
        self.committee
            .parties()
            .filter(|party| *party != self.me && !shared.links.contains(&self.member(*party).peer))
            .collect()
    }

    fn names(&self, parties: &BTreeSet<PartyNumber>) -> String {
        let names: Vec<String> = parties
            .iter()
            .map(|party| format!("node {}", self.member(*party).node))
            .collect();
        if names.is_empty() {
            "a committee member".to_owned()
        } else {
            names.join(" and ")
        }
    }

    fn pending(&self) -> Pending {
        Pending::Job(self.run.job)
    }

    fn attempt(&self) -> Write {
        Write::Put {
            table: Table::Jobs,
            key: attempt_key(self.run.job),
            value: self.run.attempt.to_le_bytes().to_vec(),
        }
    }
}

/// Where an attempt at a job is written down.
fn attempt_key(job: JobId) -> Vec<u8> {
    job.0.to_be_bytes().to_vec()
}

/// Which job a phase report is about.
fn report_phase(shared: &mut Shared, job: JobId, phase: &'static str) {
    shared.push(Effect::Report(Fact::JobPhase { job, phase }));
}
