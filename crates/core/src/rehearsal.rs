//! One party of a rehearsal, as a deterministic machine in the style of the seam: calls of a contract on values
//! that whoever asks has dealt, without ledger, permission and storage. Tests of contracts run so. Key
//! set-up, frames, engine and session are those of jobs.

mod values;

use std::collections::{BTreeSet, VecDeque};
use std::fmt;
use std::sync::Arc;

use enigma_bytecode::model::Contract;
use enigma_bytecode::plan::{Environment, Limits};
use enigma_field::Party as PartyNumber;
pub use enigma_field::{Committee, M61, M127, PrimeField};
use enigma_mpc::{Engine, SessionId, Setup};
pub use enigma_vm::{Called, Given, SessionError};
use enigma_vm::{Session, Turn};
use enigma_wire::id::{JobId, PeerKey};
use enigma_wire::peer::{self, Frame, RunKey};
use enigma_wire::sign::SecretKey;
use rand_chacha::ChaCha20Rng;
use rand_core::SeedableRng as _;

pub use values::{Opened, Unopened, Values, deal, open};

pub use crate::session::Member;
use crate::session::{self, Early, Signer};

/// A call, and this party's shares of what it is given.
#[derive(Debug)]
pub struct Order<F: PrimeField> {
    /// The contract.
    pub contract: Arc<Contract>,
    /// The entry, by index.
    pub entry: usize,
    /// What everyone knows.
    pub environment: Environment,
    /// This party's shares.
    pub given: Given<F>,
}

/// What the party wants done, or says.
#[derive(Debug)]
#[allow(missing_docs)] // The fields' names and types say what they are.
pub enum Effect<F: PrimeField> {
    /// Send a frame.
    Send { to: PeerKey, frame: Vec<u8> },
    /// Come back with [`Rehearsal::compute`] once earlier effects are performed.
    Compute,
    /// All members are linked.
    Linked,
    /// The call is over: its result at this party, or why it is refused.
    Called(Box<Result<Called<F>, SessionError>>),
    /// The party has stopped for good.
    Failed(String),
}

/// One party. See the module's documentation.
pub struct Rehearsal<F: PrimeField> {
    committee: Committee,
    members: Vec<Member>,
    me: PartyNumber,
    signer: SecretKey,
    rng: ChaCha20Rng,
    run: RunKey,
    links: BTreeSet<PeerKey>,
    was_linked: bool,
    phase: Phase<F>,
    /// Frames of a call that this party has not begun, or not yet the keys for.
    early: Early,
    turn_asked: bool,
    effects: VecDeque<Effect<F>>,
}

enum Phase<F: PrimeField> {
    Idle,
    Setup(Box<Setup>, Box<Order<F>>),
    Calling(Box<Session<F>>),
    Failed,
}

impl<F: PrimeField> Rehearsal<F> {
    /// A party that waits for its links. `members`: parties 1 to n, in order. `seed` feeds its own randomness.
    /// `None` if they are not a committee, or this party is not one of them.
    #[must_use]
    pub fn new(members: Vec<Member>, signer: SecretKey, seed: [u8; 32]) -> Option<Rehearsal<F>> {
        let committee = Committee::new(u8::try_from(members.len()).ok()?).ok()?;
        let account = signer.address();
        let at = members.iter().position(|member| member.signer == account)?;
        Some(Rehearsal {
            committee,
            me: committee.party(at as u8 + 1)?,
            members,
            signer,
            rng: ChaCha20Rng::from_seed(seed),
            run: RunKey {
                job: JobId(0),
                attempt: 0,
            },
            links: BTreeSet::new(),
            was_linked: false,
            phase: Phase::Idle,
            early: Early::default(),
            turn_asked: false,
            effects: VecDeque::new(),
        })
    }

    /// The next effect to perform, in order.
    pub fn next_effect(&mut self) -> Option<Effect<F>> {
        self.effects.pop_front()
    }

    /// A link came up.
    pub fn on_up(&mut self, peer: PeerKey) {
        self.links.insert(peer);
        if self.links.len() + 1 == self.members.len() && !self.was_linked {
            self.was_linked = true;
            self.effects.push_back(Effect::Linked);
        }
    }

    /// A link went down; a call does not outlive it.
    pub fn on_down(&mut self, peer: PeerKey, why: &str) {
        self.links.remove(&peer);
        if self.was_linked {
            self.fail(format!("the link to {peer} went down: {why}"));
        }
    }

    /// Begins the next call. All parties get the same calls in the same order.
    pub fn begin(&mut self, order: Order<F>) {
        if !matches!(self.phase, Phase::Idle) {
            return self.fail("a call was begun before the last one was over".to_owned());
        }
        self.run.job = JobId(self.run.job.0 + 1);
        let signer = Signer(&self.signer);
        let session = self.session();
        match Setup::new(session, self.committee, self.me, &signer, &mut self.rng) {
            Ok(setup) => {
                self.phase = Phase::Setup(Box::new(setup), Box::new(order));
                self.after_setup_step();
                self.replay_early();
            }
            Err(misuse) => self.fail(misuse.to_string()),
        }
    }

    fn session(&self) -> SessionId {
        let terms = (
            "enigma rehearsal session v1",
            self.run,
            &self.members,
            F::BITS,
        );
        let bytes = borsh::to_vec(&terms).expect("writing to memory cannot fail");
        SessionId(*blake3::hash(&bytes).as_bytes())
    }

    /// A frame from an authenticated peer.
    pub fn on_frame(&mut self, from: PeerKey, bytes: &[u8]) {
        let party = session::party_of(&self.members, from);
        let Some(party) = party.filter(|party| *party != self.me) else {
            return self.fail(format!("{from} is not a member"));
        };
        let frame = match peer::decode(bytes) {
            Ok(frame) => frame,
            Err(error) => return self.fail(format!("{from}: {error}")),
        };
        let (run, is_setup) = match &frame {
            Frame::Setup(run, _) => (*run, true),
            Frame::Compute(run, ..) => (*run, false),
            Frame::Control(..) => return self.fail(format!("{from} sent a frame of a job")),
        };
        let ahead = run.job > self.run.job
            || (run == self.run && !is_setup && matches!(self.phase, Phase::Setup(..)));
        if ahead {
            if let Err(overflow) = self.early.keep(party, bytes) {
                self.fail(overflow.to_string());
            }
            return;
        }
        // Frames of a call that is over here mean nothing.
        if run != self.run {
            return;
        }
        match frame {
            Frame::Setup(_, payload) => self.on_setup(party, payload),
            Frame::Compute(_, place, payload) => {
                if let Phase::Calling(call) = &mut self.phase {
                    match call.handle(party, session::slot(place), payload) {
                        Ok(()) => self.ask_turn(),
                        Err(error) => self.end(Err(error)),
                    }
                }
            }
            Frame::Control(..) => {}
        }
    }

    fn on_setup(&mut self, from: PartyNumber, message: &[u8]) {
        let Phase::Setup(setup, _) = &mut self.phase else {
            return;
        };
        let handled = setup.handle(from, message, &session::signers(&self.members));
        match handled {
            Ok(()) => self.after_setup_step(),
            Err(fault) => self.fail(fault.to_string()),
        }
    }

    fn after_setup_step(&mut self) {
        let Phase::Setup(setup, _) = &mut self.phase else {
            return;
        };
        let frames: Vec<_> = session::setup_frames(self.run, setup).collect();
        let seeds = setup.finish();
        for (to, frame) in frames {
            self.send(to, frame);
        }
        let Some(seeds) = seeds else { return };
        let Phase::Setup(_, order) = std::mem::replace(&mut self.phase, Phase::Idle) else {
            return;
        };
        let engine = Engine::new(self.committee, self.me, seeds);
        let Order {
            contract,
            entry,
            environment,
            given,
        } = *order;
        match Session::new(
            contract,
            entry,
            environment,
            given,
            Limits::default(),
            engine,
        ) {
            Ok(call) => {
                self.phase = Phase::Calling(Box::new(call));
                self.ask_turn();
                self.replay_early();
            }
            Err(error) => self.end(Err(error)),
        }
    }

    fn replay_early(&mut self) {
        for (from, bytes) in self.early.take() {
            let peer = self.members[from.index()].peer;
            self.on_frame(peer, &bytes);
        }
    }

    fn ask_turn(&mut self) {
        if !self.turn_asked {
            self.turn_asked = true;
            self.effects.push_back(Effect::Compute);
        }
    }

    /// Does one piece of work, as asked for by [`Effect::Compute`], and sends what comes of it.
    pub fn compute(&mut self) {
        self.turn_asked = false;
        let Phase::Calling(call) = &mut self.phase else {
            return;
        };
        let result = call.run();
        while let Phase::Calling(call) = &mut self.phase
            && let Some(outgoing) = call.next_send()
        {
            let frame = session::compute_frame(self.run, &outgoing);
            self.send(outgoing.to, frame);
        }
        match result {
            Ok(Turn::Blocked) => {}
            Ok(Turn::Working) => self.ask_turn(),
            Ok(Turn::Checked) => self.on_checked(),
            Ok(Turn::Finished) => {
                let Phase::Calling(call) = &mut self.phase else {
                    return;
                };
                if let Some(called) = call.outcome() {
                    self.end(Ok(called));
                }
            }
            Err(error) => self.end(Err(error)),
        }
    }

    /// Whoever rehearses has all rows, and goes on with those that are valid.
    fn on_checked(&mut self) {
        let Phase::Calling(call) = &mut self.phase else {
            return;
        };
        match call.go_on() {
            Ok(()) => self.ask_turn(),
            Err(error) => self.end(Err(error)),
        }
    }

    /// The call is over. One that is refused leaves the committee as it was; a fault ends it for good.
    fn end(&mut self, result: Result<Called<F>, SessionError>) {
        self.phase = match &result {
            Err(SessionError::Engine(_)) => Phase::Failed,
            _ => Phase::Idle,
        };
        self.effects.push_back(Effect::Called(Box::new(result)));
    }

    fn send(&mut self, to: PartyNumber, frame: Vec<u8>) {
        let to = self.members[to.index()].peer;
        self.effects.push_back(Effect::Send { to, frame });
    }

    fn fail(&mut self, why: String) {
        if !matches!(self.phase, Phase::Failed) {
            self.phase = Phase::Failed;
            self.effects.push_back(Effect::Failed(why));
        }
    }
}

impl<F: PrimeField> fmt::Debug for Rehearsal<F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Rehearsal")
    }
}
