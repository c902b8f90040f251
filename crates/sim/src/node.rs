//! One party: key set-up, the input check, the entry's stages, in one session, as a job does them.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;

use enigma_bytecode::plan::{Ended, Limits, Sink};
use enigma_field::{Party, PrimeField, Shares};
use enigma_mpc::{Engine, Error, Fault, SessionId, Setup, Slot};
use enigma_vm::{Given, Session, SessionError, Turn};

use crate::draw::Draw;
use crate::notary::Signer;
use crate::scene::Scene;
use crate::schedule::Kind;

/// What travels.
#[derive(Clone, PartialEq, Eq)]
pub(crate) enum Frame {
    Setup(Vec<u8>),
    Compute(Slot, Vec<u8>),
}

/// How a run went for a party.
#[derive(Clone, Debug)]
pub enum Ending {
    /// It has its shares of all results.
    Finished {
        /// Which rows are valid: of each collection the entry uses, in order.
        opened: Vec<(u16, Vec<bool>)>,
        /// Its shares of what each manifest line shows, by column and by count, as integers below the field's size.
        outputs: Vec<(Sink, Vec<u128>)>,
        /// What everyone is shown.
        ended: Ended,
    },
    /// It saw a fault.
    Fault(Fault),
    /// It could not go on for a reason that is nobody else's fault.
    Refused(String),
    /// It waits for messages that do not come.
    Waiting(Vec<Party>),
}

impl Ending {
    /// Has it its results?
    #[must_use]
    pub fn is_finished(&self) -> bool {
        matches!(self, Ending::Finished { .. })
    }

    /// Whom it names, by number.
    #[must_use]
    pub fn culprits(&self) -> Vec<u8> {
        match self {
            Ending::Fault(fault) => fault
                .culprits()
                .iter()
                .map(|party| party.number())
                .collect(),
            _ => Vec::new(),
        }
    }
}

impl fmt::Display for Ending {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Ending::Finished { .. } => f.write_str("finished"),
            Ending::Fault(fault) => fault.fmt(f),
            Ending::Refused(why) => f.write_str(why),
            Ending::Waiting(parties) => {
                let parties: Vec<String> = parties.iter().map(Party::to_string).collect();
                write!(f, "waits for party {}", parties.join(", "))
            }
        }
    }
}

/// A party that runs the honest code.
pub(crate) struct Node<'a, F: PrimeField> {
    scene: &'a Scene,
    me: Party,
    /// Shares of all rows, by collection and column.
    rows: Vec<Vec<Shares<F>>>,
    phase: Phase<F>,
    /// Frames of the computation that came during the set-up.
    early: Vec<(Party, Slot, Vec<u8>)>,
    outbox: Vec<(Party, Frame)>,
}

enum Phase<F: PrimeField> {
    Setup(Box<Setup>),
    Calling(Box<Session<F>>),
    Over(Ending),
}

impl Frame {
    pub(crate) fn payload_mut(&mut self) -> &mut Vec<u8> {
        match self {
            Frame::Setup(payload) | Frame::Compute(_, payload) => payload,
        }
    }

    pub(crate) fn payload(&self) -> &[u8] {
        match self {
            Frame::Setup(payload) | Frame::Compute(_, payload) => payload,
        }
    }

    /// What a set-up message is, by its tag.
    pub(crate) fn setup_kind(&self) -> Option<Kind> {
        match self {
            Frame::Setup(payload) => match payload.first() {
                Some(1) => Some(Kind::Hello),
                Some(2) => Some(Kind::Claims),
                _ => None,
            },
            Frame::Compute(..) => None,
        }
    }

    /// For the trace.
    pub(crate) fn hash_into(&self, hasher: &mut blake3::Hasher) {
        let (place, payload) = match self {
            Frame::Setup(payload) => ([0; 9], payload),
            Frame::Compute(slot, payload) => {
                let mut place = [0; 9];
                place[..4].copy_from_slice(&slot.op.to_le_bytes());
                place[4] = slot.step;
                place[5..].copy_from_slice(&slot.part.to_le_bytes());
                (place, payload)
            }
        };
        hasher.update(&place);
        hasher.update(&(payload.len() as u64).to_le_bytes());
        hasher.update(payload);
    }
}

impl<'a, F: PrimeField> Node<'a, F> {
    /// A party that has its shares of all rows; its first messages are queued.
    pub(crate) fn new(scene: &'a Scene, me: Party, rows: Vec<Vec<Shares<F>>>) -> Node<'a, F> {
        let seed = scene.seed;
        let session = SessionId(blake3::derive_key(
            "enigma sim v1: session",
            &seed.to_le_bytes(),
        ));
        let mut rng = Draw::new(seed, &format!("party {me}")).0;
        let signer = Signer {
            notary: &scene.notary,
            party: me,
        };
        let setup = Setup::new(session, scene.committee, me, &signer, &mut rng);
        let phase = match setup {
            Ok(setup) => Phase::Setup(Box::new(setup)),
            Err(misuse) => Phase::Over(Ending::Refused(misuse.to_string())),
        };
        let mut node = Node {
            scene,
            me,
            rows,
            phase,
            early: Vec::new(),
            outbox: Vec::new(),
        };
        node.after_setup_step();
        node
    }

    /// Takes a frame. Nothing is computed before the next turn.
    pub(crate) fn handle(&mut self, from: Party, frame: Frame) {
        let result = match (&mut self.phase, frame) {
            (Phase::Setup(setup), Frame::Setup(message)) => {
                let result = setup.handle(from, &message, &self.scene.notary);
                match result {
                    Ok(()) => return self.after_setup_step(),
                    Err(fault) => return self.end(Ending::Fault(fault)),
                }
            }
            (Phase::Setup(_), Frame::Compute(slot, payload)) => {
                self.early.push((from, slot, payload));
                Ok(())
            }
            (Phase::Calling(session), Frame::Compute(slot, payload)) => {
                session.handle(from, slot, &payload)
            }
            // A party whose run is over needs nothing; others may still need what it sent.
            (_, Frame::Setup(_)) | (Phase::Over(_), _) => Ok(()),
        };
        if let Err(error) = result {
            self.on_error(error);
        }
    }

    /// Does one piece of work; says whether there is more to do at once.
    pub(crate) fn turn(&mut self) -> bool {
        let Phase::Calling(session) = &mut self.phase else {
            return false;
        };
        let result = session.run();
        self.collect();
        let result = match (result, &mut self.phase) {
            (Ok(Turn::Checked), Phase::Calling(session)) => session.go_on().map(|()| Turn::Working),
            (result, _) => result,
        };
        match result {
            Ok(Turn::Working | Turn::Checked) => true,
            Ok(Turn::Blocked) => false,
            Ok(Turn::Finished) => {
                self.on_finished();
                true
            }
            Err(error) => {
                self.on_error(error);
                false
            }
        }
    }

    /// What it wants to send.
    pub(crate) fn sends(&mut self) -> Vec<(Party, Frame)> {
        // Also what a frame made it send: a cheat's edits must be known before it signs for them.
        self.collect();
        std::mem::take(&mut self.outbox)
    }

    /// Notes what left in place of a frame: a cheat signs hashes of what it sent.
    pub(crate) fn sent_instead(&mut self, to: Party, frame: &Frame) {
        if let (Phase::Calling(session), Frame::Compute(slot, payload)) = (&mut self.phase, frame) {
            session.sent_instead(to, *slot, payload);
        }
    }

    /// How it went, when nothing more happens.
    pub(crate) fn ending(self) -> Ending {
        match self.phase {
            Phase::Setup(setup) => Ending::Waiting(setup.waiting_for()),
            Phase::Calling(session) => Ending::Waiting(session.waiting_for()),
            Phase::Over(ending) => ending,
        }
    }

    fn after_setup_step(&mut self) {
        let Phase::Setup(setup) = &mut self.phase else {
            return;
        };
        while let Some((to, message)) = setup.next_send() {
            self.outbox.push((to, Frame::Setup(message)));
        }
        let Some(seeds) = setup.finish() else { return };
        let engine = Engine::new(self.scene.committee, self.me, seeds);
        match self.call(engine) {
            Ok(session) => self.phase = Phase::Calling(Box::new(session)),
            Err(error) => return self.on_error(error),
        }
        for (from, slot, payload) in std::mem::take(&mut self.early) {
            self.handle(from, Frame::Compute(slot, payload));
        }
    }

    fn call(&mut self, engine: Engine<F>) -> Result<Session<F>, SessionError> {
        let given = Given {
            collections: std::mem::take(&mut self.rows),
            params: Vec::new(),
            slots: BTreeMap::new(),
        };
        Session::new(
            Arc::clone(&self.scene.contract),
            self.scene.program.entry,
            self.scene.environment.clone(),
            given,
            Limits::default(),
            engine,
        )
    }

    fn on_finished(&mut self) {
        let Phase::Calling(session) = &mut self.phase else {
            return;
        };
        if let Some(called) = session.outcome() {
            let integers =
                |shares: &Shares<F>| shares.iter().map(|share| share.to_u128()).collect();
            let shown = called.shown.iter();
            self.end(Ending::Finished {
                opened: called.valid.into_iter().collect(),
                outputs: shown
                    .map(|(sink, shares)| (*sink, integers(shares)))
                    .collect(),
                ended: called.ended,
            });
        }
    }

    fn on_error(&mut self, error: SessionError) {
        self.end(match error {
            SessionError::Engine(Error::Fault(fault)) => Ending::Fault(fault),
            error => Ending::Refused(error.to_string()),
        });
    }

    /// Takes what the call wants to send.
    fn collect(&mut self) {
        let Phase::Calling(session) = &mut self.phase else {
            return;
        };
        while let Some(outgoing) = session.next_send() {
            let frame = Frame::Compute(outgoing.slot, outgoing.payload);
            self.outbox.push((outgoing.to, frame));
        }
    }

    fn end(&mut self, ending: Ending) {
        // What was queued before a fault still leaves: others would wait for it.
        self.collect();
        self.phase = Phase::Over(ending);
    }
}
