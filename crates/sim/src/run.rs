//! One run of a case: events in order of virtual time, until nothing is left to happen.

use std::collections::BTreeSet;

use enigma_bytecode::model::Profile;
use enigma_bytecode::plan::Sink;
use enigma_field::{M61, M127, Party, PrimeField};
use enigma_vm::clear::Called;

use crate::case::Case;
use crate::corrupt::Corrupt;
use crate::draw::Draw;
use crate::network::{Agenda, Links};
use crate::node::{Ending, Frame, Node};
use crate::program::Program;
use crate::scene::{Scene, SceneError, Values};

/// Longest pause before a party's next piece of work, in ticks.
const PAUSE: u64 = 3;

/// Two runs of a case that differ in their values alone: the same rows are valid, all other draws are
/// the same.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Twin {
    /// The case's own values.
    First,
    /// Other values.
    Second,
}

/// What came of a run.
#[derive(Clone, Debug)]
pub struct Run {
    /// How it went, by party; also for corrupt ones.
    pub endings: Vec<Ending>,
    /// What the call should come to.
    pub expected: Called,
    /// A hash of the plans that the values lead to: of several stages, some depend on what others opened.
    pub route: [u8; 32],
    /// A hash of all frames that arrived, and of all endings.
    pub trace: [u8; 32],
    /// A hash of what somebody sees who can see that, but not what, parties send.
    pub traffic: [u8; 32],
    /// The adversary's edits that met their message, by number.
    pub edits_done: BTreeSet<usize>,
    /// Frames that arrived.
    pub frames: u64,
    /// When the last thing happened.
    pub ticks: u64,
}

/// Runs a case with a twin's values.
///
/// # Errors
/// [`SceneError`] if there is no such run.
pub fn simulate(case: &Case, program: &Program, twin: Twin) -> Result<Run, SceneError> {
    run(case, &Scene::new(case, program)?, twin)
}

pub(crate) fn run(case: &Case, scene: &Scene, twin: Twin) -> Result<Run, SceneError> {
    match scene.profile() {
        Profile::ShamirM61V1 => run_over::<M61>(case, scene, twin),
        Profile::ShamirM127V1 => run_over::<M127>(case, scene, twin),
    }
}

fn run_over<F: PrimeField>(case: &Case, scene: &Scene, twin: Twin) -> Result<Run, SceneError> {
    let Values {
        shares,
        expected,
        route,
    } = scene.values::<F>(twin)?;
    let committee = scene.committee;
    let mut simulation = Simulation {
        agenda: Agenda::new(),
        links: Links::new(case.network.clone(), case.seed),
        pauses: Draw::new(case.seed, "pauses"),
        players: Vec::new(),
        trace: blake3::Hasher::new_derive_key("enigma sim v1: trace"),
        traffic: blake3::Hasher::new_derive_key("enigma sim v1: traffic"),
        frames: 0,
    };
    for (party, mut rows) in committee.parties().zip(shares) {
        let adversary = &case.adversary;
        let mut corrupt = Corrupt::new(adversary, &scene.schedule, party, case.seed);
        if let Some(corrupt) = &mut corrupt {
            corrupt.edit_rows(&mut rows);
        }
        let node = Node::new(scene, party, rows);
        simulation.players.push(Player {
            node,
            corrupt,
            has_turn: false,
        });
    }
    for party in committee.parties() {
        simulation.send(party);
    }
    while let Some(event) = simulation.agenda.next() {
        simulation.happen(event);
    }
    Ok(simulation.end(expected, route.hash()))
}

impl Twin {
    pub(crate) fn stream(self) -> &'static str {
        match self {
            Twin::First => "values",
            Twin::Second => "other values",
        }
    }
}

enum Event {
    Arrival {
        from: Party,
        to: Party,
        frame: Frame,
    },
    Turn(Party),
}

struct Player<'a, F: PrimeField> {
    node: Node<'a, F>,
    corrupt: Option<Corrupt<'a, F>>,
    /// Its next turn is planned.
    has_turn: bool,
}

struct Simulation<'a, F: PrimeField> {
    agenda: Agenda<Event>,
    links: Links,
    pauses: Draw,
    players: Vec<Player<'a, F>>,
    trace: blake3::Hasher,
    traffic: blake3::Hasher,
    frames: u64,
}

impl<F: PrimeField> Simulation<'_, F> {
    fn happen(&mut self, event: Event) {
        match event {
            Event::Arrival { from, to, frame } => self.arrive(from, to, frame),
            Event::Turn(party) => {
                let player = &mut self.players[party.index()];
                player.has_turn = false;
                if player.node.turn() {
                    self.plan_turn(party);
                }
                self.send(party);
            }
        }
    }

    fn arrive(&mut self, from: Party, to: Party, frame: Frame) {
        self.frames += 1;
        let mut seen = blake3::Hasher::new();
        seen.update(&self.agenda.now().to_le_bytes());
        seen.update(&[from.number(), to.number()]);
        let seen = seen.finalize();
        self.trace.update(seen.as_bytes());
        frame.hash_into(&mut self.trace);
        self.traffic.update(seen.as_bytes());
        self.traffic
            .update(&(frame.payload().len() as u64).to_le_bytes());
        let player = &mut self.players[to.index()];
        let frames = match &mut player.corrupt {
            Some(corrupt) => corrupt.hears(from, frame),
            None => vec![frame],
        };
        for frame in frames {
            player.node.handle(from, frame);
        }
        self.send(to);
        self.plan_turn(to);
    }

    fn plan_turn(&mut self, party: Party) {
        let player = &mut self.players[party.index()];
        if !std::mem::replace(&mut player.has_turn, true) {
            let at = self.agenda.now() + self.pauses.below(PAUSE + 1);
            self.agenda.plan(at, Event::Turn(party));
        }
    }

    /// Puts what a party says on its way.
    fn send(&mut self, from: Party) {
        let player = &mut self.players[from.index()];
        for (to, frame) in player.node.sends() {
            let frames = match &mut player.corrupt {
                Some(corrupt) => corrupt.says(to, frame),
                None => vec![(frame, 0)],
            };
            for (frame, late) in frames {
                if player.corrupt.is_some() {
                    player.node.sent_instead(to, &frame);
                }
                let now = self.agenda.now();
                for at in self.links.arrivals(now, from, to, late) {
                    let frame = frame.clone();
                    self.agenda.plan(at, Event::Arrival { from, to, frame });
                }
            }
        }
    }

    fn end(mut self, expected: Called, route: [u8; 32]) -> Run {
        let players = self.players.iter().filter_map(|p| p.corrupt.as_ref());
        let edits_done = players.flat_map(Corrupt::done).collect();
        let ticks = self.agenda.now();
        let endings: Vec<Ending> = (self.players.into_iter())
            .map(|player| player.node.ending())
            .collect();
        for ending in &endings {
            hash_ending::<F>(&mut self.trace, ending);
        }
        Run {
            endings,
            expected,
            route,
            trace: *self.trace.finalize().as_bytes(),
            traffic: *self.traffic.finalize().as_bytes(),
            edits_done,
            frames: self.frames,
            ticks,
        }
    }
}

fn hash_ending<F: PrimeField>(hasher: &mut blake3::Hasher, ending: &Ending) {
    hasher.update(ending.to_string().as_bytes());
    if let Ending::Finished {
        opened,
        outputs,
        ended,
    } = ending
    {
        for (collection, bits) in opened {
            hasher.update(&collection.to_le_bytes());
            bits.iter().for_each(|bit| {
                hasher.update(&[u8::from(*bit)]);
            });
        }
        for (sink, shares) in outputs {
            if let Sink::Shown { reveal, .. } | Sink::Bit { reveal, .. } = sink {
                hasher.update(&reveal.to_le_bytes());
            }
            shares.iter().for_each(|share| {
                hasher.update(&share.to_le_bytes()[..F::BYTES]);
            });
        }
        for shown in &ended.public {
            hasher.update(format!("{shown:?}").as_bytes());
        }
    }
}
