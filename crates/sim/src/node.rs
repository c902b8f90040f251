//! One party: key set-up, the input check, the entry, in one session, as a job does them.

use std::fmt;
use std::sync::Arc;

use enigma_bytecode::plan::Plan;
use enigma_field::{Party, Shares};
use enigma_mpc::{Engine, Error, Fault, SessionId, Setup, Slot};
use enigma_vm::{Machine, Progress};

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
        /// Its shares of what each manifest line shows.
        outputs: Vec<(u16, Shares)>,
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
pub(crate) struct Node<'a> {
    scene: &'a Scene,
    me: Party,
    rows: Vec<(u16, Shares)>,
    phase: Phase,
    /// Frames of the computation that came during the set-up.
    early: Vec<(Party, Slot, Vec<u8>)>,
    outbox: Vec<(Party, Frame)>,
    opened: Vec<(u16, Vec<bool>)>,
}

enum Phase {
    Setup(Box<Setup>),
    Checking(Box<Machine>),
    Computing(Box<Machine>),
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

impl<'a> Node<'a> {
    /// A party that has its shares of all rows; its first messages are queued.
    pub(crate) fn new(scene: &'a Scene, me: Party, rows: Vec<(u16, Shares)>) -> Node<'a> {
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
            opened: Vec::new(),
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
                    Err(fault) => Err(fault),
                }
            }
            (Phase::Setup(_), Frame::Compute(slot, payload)) => {
                self.early.push((from, slot, payload));
                Ok(())
            }
            (
                Phase::Checking(machine) | Phase::Computing(machine),
                Frame::Compute(slot, payload),
            ) => machine.handle(from, slot, &payload),
            // A party whose run is over needs nothing; others may still need what it sent.
            (_, Frame::Setup(_)) | (Phase::Over(_), _) => Ok(()),
        };
        if let Err(fault) = result {
            self.end(Ending::Fault(fault));
        }
    }

    /// Does one piece of work; says whether there is more to do at once.
    pub(crate) fn turn(&mut self) -> bool {
        let (Phase::Checking(machine) | Phase::Computing(machine)) = &mut self.phase else {
            return false;
        };
        let result = machine.run();
        self.collect();
        match result {
            Ok(Progress::Working) => true,
            Ok(Progress::Blocked) => false,
            Ok(Progress::Finished) => {
                self.on_finished();
                true
            }
            Err(Error::Fault(fault)) => {
                self.end(Ending::Fault(fault));
                false
            }
            Err(error) => {
                self.end(Ending::Refused(error.to_string()));
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
        if let (
            Phase::Checking(machine) | Phase::Computing(machine),
            Frame::Compute(slot, payload),
        ) = (&mut self.phase, frame)
        {
            machine.sent_instead(to, *slot, payload);
        }
    }

    /// How it went, when nothing more happens.
    pub(crate) fn ending(self) -> Ending {
        match self.phase {
            Phase::Setup(setup) => Ending::Waiting(setup.waiting_for()),
            Phase::Checking(machine) | Phase::Computing(machine) => {
                Ending::Waiting(machine.waiting_for())
            }
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
        let plan = Arc::clone(&self.scene.prologue);
        self.begin(plan, engine, None, Phase::Checking);
        for (from, slot, payload) in std::mem::take(&mut self.early) {
            self.handle(from, Frame::Compute(slot, payload));
        }
    }

    /// Builds the machine for a plan. `valid`: which rows take part.
    fn begin(
        &mut self,
        plan: Arc<Plan>,
        engine: Engine,
        valid: Option<&[(u16, Vec<bool>)]>,
        phase: impl FnOnce(Box<Machine>) -> Phase,
    ) {
        let takes_part = |collection: u16, row: usize| {
            let bits = valid.and_then(|valid| valid.iter().find(|(c, _)| *c == collection));
            bits.is_none_or(|(_, bits)| bits.get(row).copied().unwrap_or(false))
        };
        let mut inputs = Vec::new();
        let mut members = Vec::new();
        for (collection, shares) in &self.rows {
            let rows = shares.iter().enumerate();
            let kept = rows.filter(|(row, _)| takes_part(*collection, *row));
            let (numbers, shares): (Vec<u32>, Vec<_>) =
                kept.map(|(row, share)| (row as u32, *share)).unzip();
            inputs.push((*collection, Shares::from(shares)));
            members.push((*collection, numbers));
        }
        match Machine::new(plan, inputs, &members, engine) {
            Ok(machine) => self.phase = phase(Box::new(machine)),
            Err(refused) => self.end(Ending::Refused(refused.to_string())),
        }
    }

    fn on_finished(&mut self) {
        let (Phase::Checking(machine) | Phase::Computing(machine)) = &mut self.phase else {
            return;
        };
        let outcome = match machine.outcome() {
            Ok(Some(outcome)) => outcome,
            Ok(None) => return,
            Err(unverified) => return self.end(Ending::Refused(unverified.to_string())),
        };
        let over = Phase::Over(Ending::Waiting(Vec::new()));
        match std::mem::replace(&mut self.phase, over) {
            Phase::Checking(machine) => match self.scene.main_for(&outcome.opened) {
                Ok(plan) => {
                    let engine = machine.into_engine();
                    self.begin(plan, engine, Some(&outcome.opened), Phase::Computing);
                    self.opened = outcome.opened;
                }
                Err(why) => self.end(Ending::Refused(why)),
            },
            _ => {
                let opened = std::mem::take(&mut self.opened);
                let outputs = outcome.outputs;
                self.end(Ending::Finished { opened, outputs });
            }
        }
    }

    /// Takes what the machine wants to send.
    fn collect(&mut self) {
        let (Phase::Checking(machine) | Phase::Computing(machine)) = &mut self.phase else {
            return;
        };
        while let Some(outgoing) = machine.next_send() {
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
