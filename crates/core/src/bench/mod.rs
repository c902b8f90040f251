//! One party of a benchmark, as a deterministic machine in the style of the seam: session keys, the
//! plan of a bare operation, and afterwards the opening of its results, which are compared with
//! plain arithmetic. Keys, frames, engine and machine are those of jobs; there is no ledger, no
//! permission and no storage, because the values are nobody's secret: all parties deal them from
//! one public seed.

#[cfg(test)]
mod tests;
mod values;

use std::collections::{BTreeSet, VecDeque};
use std::fmt;
use std::sync::Arc;

use enigma_bytecode::plan::{self, Cost, FieldName, Operation, Plan, Security};
use enigma_field::{Committee, M61, M127, Party as PartyNumber, PrimeField, Shares};
use enigma_mpc::{Engine, Error, Finished, SessionId, Setup, Wires};
use enigma_vm::{Machine, Progress};
use enigma_wire::id::{JobId, PeerKey};
use enigma_wire::peer::{self, Frame, Place, RunKey};
use enigma_wire::sign::SecretKey;
use rand_chacha::ChaCha20Rng;
use rand_core::SeedableRng as _;

pub use crate::session::Member;
use crate::session::{self, Early, Signer};

/// The number of the opening that checks results; plans of operations start far above.
const CHECK_CALL: u32 = 0;

/// What is measured, and by whom.
#[derive(Clone, Debug)]
pub struct Task {
    /// The operation.
    pub operation: Operation,
    /// What the values are shared over.
    pub field: FieldName,
    /// Elements of each input vector; rows of a matrix; products of a chain.
    pub count: u32,
    /// What the parties are protected against.
    pub security: Security,
    /// Where the values come from.
    pub seed: u64,
    /// Parties 1 to n, in order.
    pub members: Vec<Member>,
}

/// What reaches the party.
#[derive(Debug)]
#[allow(missing_docs)] // The fields' names and types say what they are.
pub enum Input {
    /// A frame from an authenticated peer.
    Peer { from: PeerKey, frame: Vec<u8> },
    /// A link came up.
    Up { peer: PeerKey },
    /// A link went down; a run does not outlive it.
    Down { peer: PeerKey, why: String },
    /// Begin the next run.
    Begin,
    /// Go on with local work, as asked by [`Effect::Compute`].
    Compute,
    /// Open the results of the run that has ended, and compare.
    Check,
}

/// What the party wants done, or says.
#[derive(Debug, PartialEq, Eq)]
#[allow(missing_docs)] // The fields' names and types say what they are.
pub enum Effect {
    /// Send a frame.
    Send { to: PeerKey, frame: Vec<u8> },
    /// Come back with [`Input::Compute`] once earlier effects are performed and no member's outgoing
    /// queue is crowded. Frames are handed in meanwhile.
    Compute,
    /// All members are linked.
    Linked,
    /// The run is over at this party; it sent so many bytes, headers included.
    Computed { bytes_sent: u64 },
    /// The results are what plain arithmetic gives.
    Checked,
    /// The party has stopped for good.
    Failed(String),
}

/// Why a benchmark cannot be run: the asker's mistake.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum TaskError {
    /// There is nothing to compute.
    NoElements,
    /// Not a committee of n = 2t+1 parties.
    Committee(usize),
    /// This party is not one of the members.
    NotAMember,
    /// The planner refuses.
    Plan(plan::PlanError),
}

impl fmt::Display for TaskError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NoElements => f.write_str("there must be at least one element"),
            Self::Committee(n) => write!(f, "{n} parties are not a committee (n = 2t+1)"),
            Self::NotAMember => f.write_str("this party is not one of the members"),
            Self::Plan(error) => error.fmt(f),
        }
    }
}

impl std::error::Error for TaskError {}

/// What a run of a task costs, key set-up included; refuses what is too large before anything is started.
///
/// # Errors
/// [`TaskError`] in all its forms but `NotAMember`.
pub fn cost(
    operation: Operation,
    field: FieldName,
    count: u32,
    n: usize,
    security: Security,
) -> Result<Cost, TaskError> {
    let (committee, cost) = match field {
        FieldName::M61 => {
            let plan = plan::<M61>(operation, count, n, security)?;
            (plan.committee, plan.cost)
        }
        FieldName::M127 => {
            let plan = plan::<M127>(operation, count, n, security)?;
            (plan.committee, plan.cost)
        }
    };
    Ok(Cost::of_setup(committee).then(&cost))
}

fn plan<F: PrimeField>(
    operation: Operation,
    count: u32,
    n: usize,
    security: Security,
) -> Result<Plan<F>, TaskError> {
    if count == 0 {
        return Err(TaskError::NoElements);
    }
    let size = u8::try_from(n).map_err(|_| TaskError::Committee(n))?;
    let committee = Committee::new(size).map_err(|_| TaskError::Committee(n))?;
    plan::operation(operation, count, committee, security).map_err(TaskError::Plan)
}

/// One party, over the task's field. See the module's documentation.
pub struct Bench(Box<dyn Driven>);

/// A party over some field.
trait Driven: Send {
    fn handle(&mut self, input: Input);
    fn take_frame(&mut self, from: PeerKey, frame: &[u8]);
    fn next_effect(&mut self) -> Option<Effect>;
}

impl Bench {
    /// A party that has dealt the values and waits for its links. `seed` feeds its own randomness,
    /// which is fresh for each run.
    ///
    /// # Errors
    /// [`TaskError`].
    pub fn new(task: Task, signer: SecretKey, seed: [u8; 32]) -> Result<Self, TaskError> {
        Ok(Self(match task.field {
            FieldName::M61 => Box::new(Party::<M61>::new(task, signer, seed)?),
            FieldName::M127 => Box::new(Party::<M127>::new(task, signer, seed)?),
        }))
    }

    /// Takes an input.
    pub fn handle(&mut self, input: Input) {
        self.0.handle(input);
    }

    /// Takes a frame as [`Input::Peer`] does, from bytes that stay where they are.
    pub fn take_frame(&mut self, from: PeerKey, frame: &[u8]) {
        self.0.take_frame(from, frame);
    }

    /// The next effect to perform, in order.
    pub fn next_effect(&mut self) -> Option<Effect> {
        self.0.next_effect()
    }
}

impl fmt::Debug for Bench {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Bench")
    }
}

/// One party over the field.
struct Party<F: PrimeField> {
    task: Task,
    run: RunKey,
    me: PartyNumber,
    signer: SecretKey,
    rng: ChaCha20Rng,
    plan: Arc<Plan<F>>,
    inputs: Vec<(u16, Shares<F>)>,
    /// The inputs of the next run, copied between runs: nodes have their rows before a job begins.
    next_inputs: Vec<(u16, Shares<F>)>,
    expected: Vec<F>,
    links: BTreeSet<PeerKey>,
    /// All links were up at once, which is said once.
    was_linked: bool,
    phase: Phase<F>,
    early: Early,
    bytes_sent: u64,
    /// An [`Effect::Compute`] is under way.
    turn_asked: bool,
    effects: VecDeque<Effect>,
}

/// Where a run stands.
enum Phase<F: PrimeField> {
    Idle,
    Setup(Box<Setup>),
    Computing(Box<Machine<F>>),
    Computed {
        engine: Box<Engine<F>>,
        result: Shares<F>,
    },
    Checking(Box<Engine<F>>),
    Failed,
}

impl<F: PrimeField> Party<F> {
    fn new(task: Task, signer: SecretKey, seed: [u8; 32]) -> Result<Self, TaskError> {
        let parties = task.members.len();
        let plan = plan::<F>(task.operation, task.count, parties, task.security)?;
        let account = signer.address();
        let at = task.members.iter().position(|m| m.signer == account);
        let me = at.and_then(|at| plan.committee.party(at as u8 + 1));
        let me = me.ok_or(TaskError::NotAMember)?;
        let columns = values::columns(task.operation, task.count, task.seed);
        let expected = values::expected(task.operation, &columns);
        let inputs: Vec<_> = (0u16..)
            .zip(&columns)
            .map(|(input, column)| {
                let seed = task.seed ^ ((u64::from(input) + 1) << 32);
                (input, values::deal(column, plan.committee, me, seed))
            })
            .collect();
        Ok(Self {
            run: RunKey {
                job: JobId(task.seed),
                attempt: 0,
            },
            me,
            signer,
            rng: ChaCha20Rng::from_seed(seed),
            next_inputs: inputs.clone(),
            inputs,
            expected,
            links: BTreeSet::new(),
            was_linked: false,
            phase: Phase::Idle,
            early: Early::default(),
            bytes_sent: 0,
            turn_asked: false,
            effects: VecDeque::new(),
            plan: Arc::new(plan),
            task,
        })
    }

    fn on_down(&mut self, peer: PeerKey, why: &str) {
        self.links.remove(&peer);
        // While nothing is computed links may come and go, as they do when all parties start.
        if !matches!(self.phase, Phase::Idle) {
            self.fail(format!("the link to {peer} went down: {why}"));
        }
    }

    fn on_up(&mut self, peer: PeerKey) {
        let others = self.task.members.len() - 1;
        self.links.insert(peer);
        if self.links.len() == others && !self.was_linked {
            self.was_linked = true;
            self.effects.push_back(Effect::Linked);
        }
    }

    fn begin(&mut self) {
        if !matches!(self.phase, Phase::Idle) {
            return self.fail("a run was begun before the last one was over".to_owned());
        }
        self.run.attempt += 1;
        self.bytes_sent = 0;
        let session = self.session();
        let signer = Signer(&self.signer);
        match Setup::new(
            session,
            self.plan.committee,
            self.me,
            &signer,
            &mut self.rng,
        ) {
            Ok(setup) => {
                self.phase = Phase::Setup(Box::new(setup));
                self.after_setup_step();
            }
            Err(misuse) => self.fail(misuse.to_string()),
        }
    }

    fn session(&self) -> SessionId {
        let terms = (
            "enigma bench session v1",
            self.run,
            &self.task.members,
            F::BITS,
        );
        let bytes = borsh::to_vec(&terms).expect("writing to memory cannot fail");
        SessionId(*blake3::hash(&bytes).as_bytes())
    }

    fn on_frame(&mut self, from: PeerKey, bytes: &[u8]) {
        let party = session::party_of(&self.task.members, from);
        let Some(party) = party.filter(|party| *party != self.me) else {
            return self.fail(format!("{from} is not a member"));
        };
        match peer::decode(bytes) {
            Ok(Frame::Setup(run, payload)) if run == self.run => self.on_setup(party, payload),
            Ok(Frame::Compute(run, place, payload)) if run == self.run => {
                self.on_compute(party, place, payload, bytes);
            }
            Ok(_) => self.fail(format!("{from} sent a frame of another run")),
            Err(error) => self.fail(format!("{from}: {error}")),
        }
    }

    fn on_setup(&mut self, from: PartyNumber, message: &[u8]) {
        let Phase::Setup(setup) = &mut self.phase else {
            return self.fail(format!("{from:?} sent a late set-up message"));
        };
        let handled = setup.handle(from, message, &session::signers(&self.task.members));
        match handled {
            Ok(()) => self.after_setup_step(),
            Err(fault) => self.fail(fault.to_string()),
        }
    }

    fn after_setup_step(&mut self) {
        let Phase::Setup(setup) = &mut self.phase else {
            return;
        };
        let frames: Vec<_> = session::setup_frames(self.run, setup).collect();
        let seeds = setup.finish();
        for (to, frame) in frames {
            self.send(to, frame);
        }
        let Some(seeds) = seeds else { return };
        let mut engine = Engine::new(self.plan.committee, self.me, seeds);
        if self.task.security == Security::SemiHonest {
            engine = engine.without_verification();
        }
        let inputs = std::mem::take(&mut self.next_inputs);
        match Machine::new(Arc::clone(&self.plan), inputs, &[], engine) {
            Ok(machine) => {
                self.phase = Phase::Computing(Box::new(machine));
                self.ask_turn();
                self.replay_early();
            }
            Err(refused) => self.fail(refused.to_string()),
        }
    }

    fn on_compute(&mut self, from: PartyNumber, place: Place, payload: &[u8], bytes: &[u8]) {
        let result = match &mut self.phase {
            Phase::Setup(_) => {
                return match self.early.keep(from, bytes) {
                    Ok(()) => {}
                    Err(overflow) => self.fail(overflow.to_string()),
                };
            }
            Phase::Computing(machine) => machine.handle(from, session::slot(place), payload),
            Phase::Computed { engine, .. } | Phase::Checking(engine) => {
                engine.handle(from, session::slot(place), payload)
            }
            Phase::Idle | Phase::Failed => return,
        };
        match result {
            Ok(()) => self.ask_turn(),
            Err(fault) => self.fail(fault.to_string()),
        }
    }

    /// Frames alone compute and send nothing, so that whoever performs the effects can hold work
    /// back until what it made has left.
    fn ask_turn(&mut self) {
        if !self.turn_asked {
            self.turn_asked = true;
            self.effects.push_back(Effect::Compute);
        }
    }

    fn replay_early(&mut self) {
        for (from, bytes) in self.early.take() {
            let peer = self.task.members[from.index()].peer;
            self.on_frame(peer, &bytes);
        }
    }

    /// Does one piece of work and sends what comes of it.
    fn advance(&mut self) {
        match &self.phase {
            Phase::Computing(_) => self.advance_machine(),
            Phase::Checking(_) => self.advance_check(),
            _ => {}
        }
    }

    fn advance_machine(&mut self) {
        let Phase::Computing(machine) = &mut self.phase else {
            return;
        };
        let result = machine.run();
        while let Phase::Computing(machine) = &mut self.phase
            && let Some(outgoing) = machine.next_send()
        {
            let frame = session::compute_frame(self.run, &outgoing);
            self.send(outgoing.to, frame);
        }
        match result {
            Ok(Progress::Blocked) => {}
            Ok(Progress::Working) => self.ask_turn(),
            Ok(Progress::Finished) => self.on_finished(),
            Err(error) => self.fail(error.to_string()),
        }
    }

    fn on_finished(&mut self) {
        let Phase::Computing(mut machine) = std::mem::replace(&mut self.phase, Phase::Idle) else {
            return;
        };
        let outcome = match machine.outcome() {
            Ok(outcome) => outcome,
            Err(unverified) => return self.fail(unverified.to_string()),
        };
        let result = outcome.and_then(|outcome| outcome.outputs.into_iter().next());
        let Some((_, result)) = result else {
            return self.fail("the plan has no output".to_owned());
        };
        self.phase = Phase::Computed {
            engine: Box::new(machine.into_engine()),
            result,
        };
        let bytes_sent = self.bytes_sent;
        self.effects.push_back(Effect::Computed { bytes_sent });
    }

    fn check(&mut self) {
        match std::mem::replace(&mut self.phase, Phase::Idle) {
            Phase::Computed { mut engine, result } => {
                let opened = engine.verified(Wires::input(result));
                let opened = opened.map_err(Error::from);
                let opened = opened.and_then(|result| engine.start_open(CHECK_CALL, result));
                self.phase = Phase::Checking(engine);
                match opened {
                    Ok(()) => self.ask_turn(),
                    Err(error) => self.fail(error.to_string()),
                }
            }
            _ => self.fail("there is nothing to check".to_owned()),
        }
    }

    fn advance_check(&mut self) {
        while let Phase::Checking(engine) = &mut self.phase
            && let Some(outgoing) = engine.next_send()
        {
            let frame = session::compute_frame(self.run, &outgoing);
            self.send(outgoing.to, frame);
        }
        let Phase::Checking(engine) = &mut self.phase else {
            return;
        };
        let Some((_, Finished::Opened(opened))) = engine.take_finished() else {
            return;
        };
        let opened = values::comparable(self.task.operation, &opened);
        let wrong = opened.iter().zip(&self.expected).position(|(a, b)| a != b);
        if opened.len() != self.expected.len() {
            self.fail("the result has another length than its inputs".to_owned());
        } else if let Some(at) = wrong {
            let (found, right) = (opened[at].to_i128(), self.expected[at].to_i128());
            self.fail(format!(
                "element {at} is {found}, plain arithmetic gives {right}"
            ));
        } else {
            self.phase = Phase::Idle;
            self.next_inputs = self.inputs.clone();
            self.effects.push_back(Effect::Checked);
        }
    }

    fn send(&mut self, to: PartyNumber, frame: Vec<u8>) {
        self.bytes_sent += frame.len() as u64;
        let to = self.task.members[to.index()].peer;
        self.effects.push_back(Effect::Send { to, frame });
    }

    fn fail(&mut self, why: String) {
        if !matches!(self.phase, Phase::Failed) {
            self.phase = Phase::Failed;
            self.effects.push_back(Effect::Failed(why));
        }
    }
}

impl<F: PrimeField> Driven for Party<F> {
    fn handle(&mut self, input: Input) {
        match input {
            Input::Peer { from, frame } => self.on_frame(from, &frame),
            Input::Up { peer } => self.on_up(peer),
            Input::Down { peer, why } => self.on_down(peer, &why),
            Input::Begin => self.begin(),
            Input::Compute => {
                self.turn_asked = false;
                self.advance();
            }
            Input::Check => self.check(),
        }
    }

    fn take_frame(&mut self, from: PeerKey, frame: &[u8]) {
        self.on_frame(from, frame);
    }

    fn next_effect(&mut self) -> Option<Effect> {
        self.effects.pop_front()
    }
}
