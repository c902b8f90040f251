//! One party's run of a plan: starts strands, does their local steps, hands calls to the engine.
//!
//! Several strands are in flight, so that one waits for messages while another computes. A strand
//! starts when those before it are finished and memory allows; strands start in order, and the
//! lowest unfinished one may always start. So parties never wait for each other in a circle: of all
//! strands that some party has not finished, the lowest is in flight, or can start, at every party
//! that has not finished it, and who has finished it has sent all that it needs.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::sync::Arc;

use enigma_bytecode::plan::compare::{Layout, Want};
use enigma_bytecode::plan::{Call, Form, MaskReg, Plan, Reg, Step, View, WINDOW_BYTES};
use enigma_field::{M61, Party, PrimeField, Shares};
use enigma_mpc::{
    Compare, Counters, Engine, Error, Fault, Finished, Mask, Misuse, Outgoing, Shape, Slot, Wires,
};

use crate::local;
use crate::memory::Memory;

/// Runs a plan for one party. Drive it so: take frames in with [`Machine::handle`]; call
/// [`Machine::run`]; send what [`Machine::next_send`] gives; while `run` says
/// [`Progress::Working`], repeat at once, else wait for a frame.
pub struct Machine<F: PrimeField = M61> {
    plan: Arc<Plan<F>>,
    engine: Engine<F>,
    memory: Memory<F>,
    /// Masks that are made and not used yet.
    masks: BTreeMap<MaskReg, Mask<F>>,
    window_bytes: u64,
    /// Which strand writes each register; none for inputs.
    homes: Vec<Option<u32>>,
    /// What each strand is doing.
    states: Vec<State>,
    /// Strands that can do their next step.
    ready: BTreeSet<u32>,
    /// Strands not yet started.
    unstarted: BTreeSet<u32>,
    /// Which strand waits for which call.
    waiting: BTreeMap<u32, u32>,
    unfinished: usize,
    /// Memory promised to strands in flight.
    reserved_bytes: u64,
    /// Memory of registers that finished strands left for later ones.
    held_bytes: u64,
    counters_before: Counters,
    outcome_taken: bool,
}

/// What [`Machine::run`] came to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Progress {
    /// There is more to compute: send what is queued, then call again.
    Working,
    /// Nothing can go on before a frame arrives from one of [`Machine::waiting_for`].
    Blocked,
    /// The run is over; [`Machine::outcome`] has the results.
    Finished,
}

/// What a finished run leaves. The output shares are secrets of their recipients.
#[derive(Debug)]
pub struct Outcome<F: PrimeField = M61> {
    /// Validity of rows, of an input check: (collection, one bit for each row).
    pub opened: Vec<(u16, Vec<bool>)>,
    /// The same as field elements: of a stage, what it opened, by place.
    pub values: Vec<(u16, Vec<F>)>,
    /// This party's shares of each output: of what a manifest line shows, re-randomised.
    pub outputs: Vec<(u16, Shares<F>)>,
    /// What the engine did during this run.
    pub counters: Counters,
    /// The most bytes that registers held at once.
    pub register_bytes: u64,
}

/// Why a machine was not built: the caller's mistake.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Refused {
    /// The plan is for a committee of another size than the engine's.
    Committee {
        /// Parties of the plan.
        plan: u8,
        /// Parties of the engine.
        engine: u8,
    },
    /// A collection that the plan needs is not given.
    MissingInput {
        /// Index of the collection.
        collection: u16,
    },
    /// A collection has another number of rows than planned.
    InputLength {
        /// Index of the collection.
        collection: u16,
        /// Rows planned.
        expected: usize,
        /// Shares given.
        found: usize,
    },
    /// The members who gave a collection's rows are not given, or are not as many as its rows.
    Members {
        /// Index of the collection.
        collection: u16,
    },
}

#[derive(Default)]
struct State {
    finished: bool,
    /// The next step.
    next: usize,
}

impl<F: PrimeField> Machine<F> {
    /// A machine that has not begun. `inputs`: this party's shares of the rows of each collection
    /// the plan needs. `members`: the numbers of the members who gave those rows, in the order of
    /// rows, of each collection for which the plan asks for them; the same at every party.
    ///
    /// # Errors
    /// [`Refused`] if engine, inputs or members do not fit the plan.
    pub fn new(
        plan: Arc<Plan<F>>,
        inputs: Vec<(u16, Shares<F>)>,
        members: &[(u16, Vec<u32>)],
        engine: Engine<F>,
    ) -> Result<Machine<F>, Refused> {
        if plan.committee != engine.committee() {
            return Err(Refused::Committee {
                plan: plan.committee.n(),
                engine: engine.committee().n(),
            });
        }
        let mut memory = Memory::new(&plan);
        let mut given: BTreeMap<u16, Shares<F>> = inputs.into_iter().collect();
        for &(collection, reg) in &plan.inputs {
            let rows = given.remove(&collection);
            let rows = rows.ok_or(Refused::MissingInput { collection })?;
            let expected = plan.lengths[reg.0 as usize] as usize;
            if rows.len() != expected {
                let found = rows.len();
                return Err(Refused::InputLength {
                    collection,
                    expected,
                    found,
                });
            }
            memory.write(reg, Wires::input(rows));
        }
        memory.write_members(&plan, members)?;
        let mut homes = vec![None; plan.lengths.len()];
        for (number, strand) in (0u32..).zip(&plan.strands) {
            for reg in strand.steps.iter().flat_map(Step::writes).flatten() {
                homes[reg.0 as usize] = Some(number);
            }
        }
        let strands = plan.strands.len();
        Ok(Machine {
            memory,
            masks: BTreeMap::new(),
            window_bytes: WINDOW_BYTES,
            homes,
            states: (0..strands).map(|_| State::default()).collect(),
            ready: BTreeSet::new(),
            unstarted: (0..strands as u32).collect(),
            waiting: BTreeMap::new(),
            unfinished: strands,
            reserved_bytes: 0,
            held_bytes: 0,
            counters_before: engine.counters(),
            outcome_taken: false,
            plan,
            engine,
        })
    }

    /// Bounds the memory of strands in flight, in place of [`WINDOW_BYTES`]. 0: one at a time.
    #[must_use]
    pub fn with_window(mut self, bytes: u64) -> Machine<F> {
        self.window_bytes = bytes;
        self
    }

    /// Takes a frame that `from` sent over its authenticated link.
    ///
    /// # Errors
    /// The fault, now or earlier, that ended the session.
    pub fn handle(&mut self, from: Party, slot: Slot, payload: &[u8]) -> Result<(), Fault> {
        self.engine.handle(from, slot, payload)
    }

    /// Does the local work of one strand up to its next call, if any strand can go on.
    ///
    /// # Errors
    /// The fault that ended the session, found in frames that came early; or a misuse of the
    /// engine, if a plan is run twice with the same engine.
    pub fn run(&mut self) -> Result<Progress, Error> {
        if let Some(fault) = self.engine.fault() {
            return Err(fault.clone().into());
        }
        self.collect()?;
        self.start_strands();
        let Some(strand) = self.ready.pop_first() else {
            return Ok(if self.unfinished == 0 {
                Progress::Finished
            } else {
                Progress::Blocked
            });
        };
        self.advance(strand)?;
        Ok(Progress::Working)
    }

    /// The next frame to send.
    pub fn next_send(&mut self) -> Option<Outgoing> {
        self.engine.next_send()
    }

    /// Notes what a simulated cheat sent in place of a frame; see
    /// [`Engine::sent_instead`](enigma_mpc::Engine::sent_instead).
    pub fn sent_instead(&mut self, to: Party, slot: Slot, payload: &[u8]) {
        self.engine.sent_instead(to, slot, payload);
    }

    /// The results, once, when the run is finished.
    ///
    /// # Errors
    /// `Misuse::NotVerified` when the plan left something unverified that it shows.
    pub fn outcome(&mut self) -> Result<Option<Outcome<F>>, Misuse> {
        if self.unfinished > 0 || self.outcome_taken {
            return Ok(None);
        }
        self.outcome_taken = true;
        let plan = Arc::clone(&self.plan);
        let values = self.memory.opened_values(&plan);
        let outputs = plan.outputs.iter().map(|&(reveal, reg)| {
            let value = self.memory.take(reg);
            let value = value.expect("outputs are kept to the end");
            Ok((reveal, self.engine.verified(value)?.release()))
        });
        Ok(Some(Outcome {
            opened: valid_rows(&values),
            values,
            outputs: outputs.collect::<Result<_, Misuse>>()?,
            counters: since(self.counters_before, self.engine.counters()),
            register_bytes: self.memory.peak_bytes(),
        }))
    }

    /// The parties whose frames some call waits for, in order. One of them may itself be waiting
    /// for another.
    pub fn waiting_for(&self) -> Vec<Party> {
        self.engine.waiting_for_any()
    }

    /// The plan.
    pub fn plan(&self) -> &Plan<F> {
        &self.plan
    }

    /// The engine, for the next run of the same session.
    pub fn into_engine(self) -> Engine<F> {
        self.engine
    }

    /// Stores what calls gave, and makes their strands ready.
    fn collect(&mut self) -> Result<(), Error> {
        while let Some((op, finished)) = self.engine.take_finished() {
            let Some(strand) = self.waiting.remove(&op) else {
                continue;
            };
            let plan = Arc::clone(&self.plan);
            let next = self.states[strand as usize].next;
            let step = &plan.strands[strand as usize].steps[next];
            let Step::Call(call) = step else {
                unreachable!("a strand waits at calls only");
            };
            match (call, finished) {
                (
                    Call::Multiply { dst, .. }
                    | Call::MatrixProduct { dst, .. }
                    | Call::Dot { dst, .. }
                    | Call::Shuffle { dst, .. }
                    | Call::Compare { dst, .. }
                    | Call::Random { dst, .. }
                    | Call::Reshare { dst, .. },
                    Finished::Wires(z),
                ) => self.memory.write(*dst, z),
                (
                    Call::Open { dst, .. } | Call::OpenMasked { dst, .. },
                    Finished::Opened(values),
                ) => self.memory.write_opened(*dst, values),
                (Call::Masks { bits, mask, .. }, Finished::Bits(made)) => {
                    let (made, masks) = made.into_masks(&Layout::of::<F>().exponents())?;
                    self.memory.write(*bits, made);
                    self.masks.insert(*mask, masks);
                }
                (Call::Bits { dst, .. }, Finished::Bits(made)) => {
                    self.memory.write(*dst, made.into_wires());
                }
                (Call::Verify { .. }, Finished::Accepted) => {}
                _ => unreachable!("the engine finishes what was started under a number"),
            }
            self.states[strand as usize].next += 1;
            self.end_step(step);
            self.ready.insert(strand);
        }
        Ok(())
    }

    /// Starts strands in order while memory allows.
    fn start_strands(&mut self) {
        let lowest = self.states.iter().position(|state| !state.finished);
        let mut started = Vec::new();
        for &number in &self.unstarted {
            let strand = &self.plan.strands[number as usize];
            let before = strand.after.iter();
            if !before.copied().all(|s| self.states[s as usize].finished) {
                continue;
            }
            let needed = self.reserved_bytes + self.held_bytes + strand.memory_bytes;
            if needed > self.window_bytes && Some(number as usize) != lowest {
                break;
            }
            self.reserved_bytes += strand.memory_bytes;
            started.push(number);
        }
        for number in started {
            self.unstarted.remove(&number);
            self.ready.insert(number);
        }
    }

    /// Does a strand's local steps up to and including the start of its next call.
    fn advance(&mut self, strand: u32) -> Result<(), Error> {
        let plan = Arc::clone(&self.plan);
        let steps = &plan.strands[strand as usize].steps;
        loop {
            match steps.get(self.states[strand as usize].next) {
                None => {
                    self.finish_strand(strand);
                    return Ok(());
                }
                Some(
                    step @ Step::Call(Call::Bounded {
                        op,
                        whole,
                        cut,
                        bits,
                        shift,
                    }),
                ) => {
                    let len = plan.lengths[whole.0 as usize] as usize;
                    let [drawn, shifted] = self.engine.bounded(*op, len, *bits, *shift)?;
                    self.memory.write(*whole, drawn);
                    self.memory.write(*cut, shifted);
                    self.states[strand as usize].next += 1;
                    self.end_step(step);
                }
                Some(Step::Call(call)) => return self.start_call(strand, call),
                Some(step @ Step::Local(op)) => {
                    local::execute(&plan, &mut self.memory, op)?;
                    self.states[strand as usize].next += 1;
                    self.end_step(step);
                }
            }
        }
    }

    fn start_call(&mut self, strand: u32, call: &Call) -> Result<(), Error> {
        let part = |view: &View| self.memory.part(*view);
        self.waiting.insert(call.op(), strand);
        match call {
            Call::Multiply {
                op,
                batch,
                form,
                factors,
                ..
            } => {
                let factors = factors.iter().map(|(x, y)| (part(x), part(y)));
                let (engine, factors) = (&mut self.engine, factors.collect());
                match form {
                    Form::Dealt => engine.start_multiply(*op, *batch, factors),
                    Form::Kings => engine.start_multiply_by_kings(*op, *batch, factors),
                }
            }
            Call::MatrixProduct {
                op,
                batch,
                form,
                left,
                right,
                rows,
                inner,
                columns,
                ..
            } => {
                let [rows, inner, columns] = [rows, inner, columns].map(|side| *side as usize);
                let shape = Shape {
                    rows,
                    inner,
                    columns,
                };
                let (x, y, engine) = (part(left), part(right), &mut self.engine);
                match form {
                    Form::Dealt => engine.start_matrix_product(*op, *batch, x, y, shape),
                    Form::Kings => engine.start_matrix_product_by_kings(*op, *batch, x, y, shape),
                }
            }
            Call::Dot {
                op,
                batch,
                left,
                right,
                width,
                ..
            } => {
                let (x, y, width) = (part(left), part(right), *width as usize);
                self.engine.start_dot(*op, *batch, x, y, width)
            }
            Call::Shuffle {
                op,
                batch,
                columns,
                back_from,
                ..
            } => {
                let columns = columns.iter().map(part).collect();
                match back_from {
                    None => self.engine.start_shuffle(*op, *batch, columns),
                    Some(of) => self.engine.start_unshuffle(*op, *batch, *of, columns),
                }
            }
            Call::Open { op, src, .. } => {
                let verified = self.engine.verified(part(src))?;
                self.engine.start_open(*op, verified)
            }
            Call::OpenMasked { op, src, mask, .. } => {
                let value = part(src);
                let mask = self.masks.remove(mask);
                let mask = mask.expect("a plan uses masks once, after they are made");
                let mask = self.engine.verified(mask)?;
                self.engine.start_open_masked(*op, &value, mask)
            }
            Call::Compare {
                op,
                batch,
                src,
                want,
                ..
            } => {
                let compare = match want {
                    Want::Less => Compare::Less,
                    Want::Equal => Compare::Equal,
                    Want::LessAndEqual => Compare::LessAndEqual,
                };
                let value = part(src);
                self.engine.start_compare(*op, *batch, &value, compare)
            }
            Call::Masks {
                op, batch, bits, ..
            }
            | Call::Bits {
                op,
                batch,
                dst: bits,
            } => {
                let len = self.plan.lengths[bits.0 as usize] as usize;
                self.engine.start_random_bits(*op, *batch, len)
            }
            Call::Reshare { op, batch, src, .. } => {
                self.engine.start_reshare(*op, *batch, part(src))
            }
            Call::Verify { op } => self.engine.start_verify(*op),
            Call::Random { op, dst } => {
                let len = self.plan.lengths[dst.0 as usize] as usize;
                self.engine.start_random(*op, len)
            }
            Call::Bounded { .. } => unreachable!("done at once, without the others"),
        }
    }

    /// Frees what a step was the last to read.
    fn end_step(&mut self, step: &Step<F>) {
        let (homes, states) = (&self.homes, &self.states);
        let held = &mut self.held_bytes;
        self.memory.done(step, |reg, bytes| {
            let home = homes[reg.0 as usize];
            if home.is_some_and(|home| states[home as usize].finished) {
                *held = held.saturating_sub(bytes);
            }
        });
    }

    fn finish_strand(&mut self, strand: u32) {
        let plan = Arc::clone(&self.plan);
        let strand_plan = &plan.strands[strand as usize];
        self.states[strand as usize].finished = true;
        self.unfinished -= 1;
        self.reserved_bytes -= strand_plan.memory_bytes;
        let written = strand_plan.steps.iter().flat_map(Step::writes).flatten();
        let left: u64 = written.map(|reg: Reg| self.memory.bytes(reg)).sum();
        self.held_bytes += left;
    }
}

impl<F: PrimeField> fmt::Debug for Machine<F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Machine")
            .field("engine", &self.engine)
            .field("strands", &self.states.len())
            .field("unfinished", &self.unfinished)
            .finish_non_exhaustive()
    }
}

impl fmt::Display for Refused {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Refused::Committee { plan, engine } => {
                write!(f, "the plan is for {plan} parties, the engine has {engine}")
            }
            Refused::MissingInput { collection } => {
                write!(f, "shares of collection {collection} are missing")
            }
            Refused::InputLength {
                collection,
                expected,
                found,
            } => write!(
                f,
                "collection {collection} has {found} shares, {expected} were planned"
            ),
            Refused::Members { collection } => write!(
                f,
                "it is not known which members gave the rows of collection {collection}"
            ),
        }
    }
}

impl std::error::Error for Refused {}

/// Which rows of which collection an input check found valid.
pub(crate) fn valid_rows<F: PrimeField>(opened: &[(u16, Vec<F>)]) -> Vec<(u16, Vec<bool>)> {
    let rows = opened.iter().map(|(collection, bits)| {
        let valid = bits.iter().map(|bit| *bit == F::ONE);
        (*collection, valid.collect())
    });
    rows.collect()
}

/// What an engine did between two counts.
pub(crate) fn since(before: Counters, now: Counters) -> Counters {
    Counters {
        bytes_sent: now.bytes_sent - before.bytes_sent,
        frames_sent: now.frames_sent - before.frames_sent,
        bytes_received: now.bytes_received - before.bytes_received,
        frames_received: now.frames_received - before.frames_received,
        multiplications: now.multiplications - before.multiplications,
        reshares: now.reshares - before.reshares,
        openings: now.openings - before.openings,
        verifications: now.verifications - before.verifications,
        gates: now.gates - before.gates,
        random_bits: now.random_bits - before.random_bits,
        random_values: now.random_values - before.random_values,
    }
}
