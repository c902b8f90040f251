//! One party's part of a whole call: input check, stages one after the other, results; all with one engine.
//!
//! Every party goes the same way, since only what was opened to all of them decides it. Nothing is handed out before the last
//! stage has ended. Between the input check and the first stage a session stops, so that its owner can judge which rows are left
//! before anything is computed from them.

use std::collections::{BTreeMap, VecDeque};
use std::fmt;
use std::sync::Arc;

use enigma_bytecode::model::{Contract, Known};
use enigma_bytecode::plan::{
    Check, Checked, Cost, Ended, Environment, Limits, Next, Plan, PlanError, Port, Run, Sink,
    Stage, check, checked_collections, keep_fulfilled, row_check,
};
use enigma_field::{M61, Party, PrimeField, Shares};
use enigma_mpc::{Counters, Engine, Error, Fault, Misuse, Outgoing, Slot};

use crate::machine::since;
use crate::{Machine, Progress, Refused};

/// One party's shares of what a call is given.
#[derive(Debug)]
pub struct Given<F: PrimeField = M61> {
    /// By collection and column: the submitted rows. Empty for collections that the entry does not use.
    pub collections: Vec<Vec<Shares<F>>>,
    /// By parameter: one element for each column of private ones; empty for public ones.
    pub params: Vec<Vec<Shares<F>>>,
    /// What is stored in columns of secret slots, one element each; where nothing is, the slot's initial value is.
    pub slots: BTreeMap<(u16, u16), Shares<F>>,
}

/// What a call leaves at one party.
#[derive(Debug)]
pub struct Called<F: PrimeField = M61> {
    /// By collection of those that the entry uses: which submitted rows are valid.
    pub valid: BTreeMap<u16, Vec<bool>>,
    /// Shares for recipients, re-randomised, in the order of stages and code.
    pub shown: Vec<(Sink, Shares<F>)>,
    /// Shares of columns of secret slots that the call changed.
    pub slots: BTreeMap<(u16, u16), Shares<F>>,
    /// Effects, and what everyone is shown.
    pub ended: Ended,
    /// What the engine did.
    pub counters: Counters,
    /// What was predicted for that.
    pub cost: Cost,
}

/// Why a call ended without a result.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum SessionError {
    /// The call is refused or cannot be planned: at all parties for the same reason.
    Plan(PlanError),
    /// What this party gave does not fit the plan: its caller's mistake.
    Refused(Refused),
    /// The engine's session ended.
    Engine(Error),
    /// The session has ended before.
    Ended,
}

/// What [`Session::run`] came to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Turn {
    /// There is more to compute: send what is queued, then call again.
    Working,
    /// Nothing can go on before a frame arrives from one of [`Session::waiting_for`].
    Blocked,
    /// The input check is over and [`Session::valid`] says which rows are left; the first stage begins with
    /// [`Session::go_on`].
    Checked,
    /// The call is over; [`Session::outcome`] has the result.
    Finished,
}

/// Drives one party through a call, like [`Machine`]: take frames in with [`Session::handle`]; call [`Session::run`]; send
/// what [`Session::next_send`] gives; while `run` says [`Turn::Working`], repeat at once, at [`Turn::Checked`] go on or drop the
/// session, else wait for a frame.
pub struct Session<F: PrimeField = M61> {
    contract: Arc<Contract>,
    entry: usize,
    limits: Limits,
    environment: Environment,
    given: Given<F>,
    phase: Phase<F>,
    /// What stages kept for later ones.
    kept: BTreeMap<enigma_bytecode::model::S, Shares<F>>,
    called: Called<F>,
    before: Counters,
    /// How many conditions on rows were checked, or have nothing to check.
    filtered: u32,
    /// What a machine that is done has still to send: also if the call ends with it, since others need it to come as far.
    queued: VecDeque<Outgoing>,
    outcome_taken: bool,
}

enum Phase<F: PrimeField> {
    Checking(Box<Machine<F>>, Vec<Checked>),
    /// The condition on the rows of a collection, of those that are in their ranges.
    Filtering(Box<Machine<F>>, u16, Box<Run<F>>),
    /// Stopped after the input check.
    Checked(Box<Engine<F>>),
    Computing(Box<Machine<F>>, Vec<Sink>, Box<Run<F>>),
    Done(Box<Engine<F>>),
    /// An error ended it.
    Failed,
}

impl<F: PrimeField> Session<F> {
    /// A call that has not begun. `environment` counts what was submitted.
    ///
    /// # Errors
    /// [`SessionError::Plan`] if the numbers of rows are not allowed or the check would pass a limit,
    /// [`SessionError::Refused`] if shares are missing.
    pub fn new(
        contract: Arc<Contract>,
        entry: usize,
        environment: Environment,
        given: Given<F>,
        limits: Limits,
        engine: Engine<F>,
    ) -> Result<Session<F>, SessionError> {
        let committee = engine.committee();
        let before = engine.counters();
        let Check {
            plan,
            inputs,
            opened,
        } = check::<F>(&contract, entry, &environment.rows, committee, limits)?;
        let mut session = Session {
            contract,
            entry,
            limits,
            environment,
            given,
            phase: Phase::Failed,
            kept: BTreeMap::new(),
            called: Called {
                valid: BTreeMap::new(),
                shown: Vec::new(),
                slots: BTreeMap::new(),
                ended: Ended::default(),
                counters: Counters::default(),
                cost: plan.cost.clone(),
            },
            before,
            filtered: 0,
            queued: VecDeque::new(),
            outcome_taken: false,
        };
        if opened.is_empty() {
            session.checked(&[], Vec::new(), engine)?;
        } else {
            let machine = session.machine(plan, &inputs, engine)?;
            session.phase = Phase::Checking(machine, opened);
        }
        Ok(session)
    }

    /// Takes a frame that `from` sent over its authenticated link.
    ///
    /// # Errors
    /// The fault, now or earlier, that ended the engine's session; [`SessionError::Ended`] after another error.
    pub fn handle(&mut self, from: Party, slot: Slot, payload: &[u8]) -> Result<(), SessionError> {
        let handled = match &mut self.phase {
            Phase::Checking(machine, _)
            | Phase::Filtering(machine, ..)
            | Phase::Computing(machine, ..) => machine.handle(from, slot, payload),
            Phase::Checked(engine) | Phase::Done(engine) => engine.handle(from, slot, payload),
            Phase::Failed => return Err(SessionError::Ended),
        };
        handled.map_err(SessionError::from)
    }

    /// Does some local work, if any can be done.
    ///
    /// # Errors
    /// [`SessionError`]: the call ends without a result.
    pub fn run(&mut self) -> Result<Turn, SessionError> {
        let progress = match &mut self.phase {
            Phase::Checking(machine, _)
            | Phase::Filtering(machine, ..)
            | Phase::Computing(machine, ..) => machine.run()?,
            Phase::Checked(_) => return Ok(Turn::Checked),
            Phase::Done(_) => return Ok(Turn::Finished),
            Phase::Failed => return Err(SessionError::Ended),
        };
        match progress {
            Progress::Working => return Ok(Turn::Working),
            Progress::Blocked => return Ok(Turn::Blocked),
            Progress::Finished => {}
        }
        match std::mem::replace(&mut self.phase, Phase::Failed) {
            Phase::Checking(mut machine, checked) => {
                self.queue(&mut machine);
                let outcome = machine.outcome()?.ok_or(SessionError::Ended)?;
                let bits = outcome.opened.into_iter().map(|(_, bits)| bits).collect();
                self.checked(&checked, bits, machine.into_engine())?;
            }
            Phase::Filtering(mut machine, collection, run) => {
                self.queue(&mut machine);
                let outcome = machine.outcome()?.ok_or(SessionError::Ended)?;
                let opened = outcome.values.into_iter().map(|(_, values)| values);
                let opened: Vec<Vec<F>> = opened.collect();
                self.filtered(collection, run, &opened)?;
                self.filter(machine.into_engine())?;
            }
            Phase::Computing(mut machine, sinks, run) => {
                self.queue(&mut machine);
                let outcome = machine.outcome()?.ok_or(SessionError::Ended)?;
                for (sink, (_, shares)) in sinks.into_iter().zip(outcome.outputs) {
                    self.take(sink, shares);
                }
                let opened: Vec<Vec<F>> = outcome
                    .values
                    .into_iter()
                    .map(|(_, values)| values)
                    .collect();
                self.next_stage(run, &opened, machine.into_engine())?;
            }
            Phase::Checked(_) | Phase::Done(_) | Phase::Failed => return Err(SessionError::Ended),
        }
        Ok(match &self.phase {
            Phase::Checked(_) => Turn::Checked,
            Phase::Done(_) => Turn::Finished,
            _ => Turn::Working,
        })
    }

    fn queue(&mut self, machine: &mut Machine<F>) {
        self.queued
            .extend(std::iter::from_fn(|| machine.next_send()));
    }

    /// By collection of those that the entry uses: which submitted rows are valid. Empty before the input check is over.
    pub fn valid(&self) -> &BTreeMap<u16, Vec<bool>> {
        &self.called.valid
    }

    /// What the caller has been asked to pay, by the part of the entry that has run: what stands before an entry's body is known
    /// with [`Session::go_on`].
    pub fn paid(&self) -> u64 {
        match &self.phase {
            Phase::Computing(_, _, run) => run.walk().paid(),
            _ => 0,
        }
    }

    /// Goes on to the first stage on the rows that are valid, after [`Turn::Checked`]; at other times it does nothing.
    ///
    /// # Errors
    /// [`SessionError`]: the call ends without a result.
    pub fn go_on(&mut self) -> Result<(), SessionError> {
        match std::mem::replace(&mut self.phase, Phase::Failed) {
            Phase::Checked(engine) => self.begin(*engine),
            other => {
                self.phase = other;
                Ok(())
            }
        }
    }

    /// The next frame to send.
    pub fn next_send(&mut self) -> Option<Outgoing> {
        if let Some(outgoing) = self.queued.pop_front() {
            return Some(outgoing);
        }
        match &mut self.phase {
            Phase::Checking(machine, _)
            | Phase::Filtering(machine, ..)
            | Phase::Computing(machine, ..) => machine.next_send(),
            Phase::Checked(engine) | Phase::Done(engine) => engine.next_send(),
            Phase::Failed => None,
        }
    }

    /// Notes what a simulated cheat sent in place of a frame; see
    /// [`Engine::sent_instead`](enigma_mpc::Engine::sent_instead).
    pub fn sent_instead(&mut self, to: Party, slot: Slot, payload: &[u8]) {
        match &mut self.phase {
            Phase::Checking(machine, _)
            | Phase::Filtering(machine, ..)
            | Phase::Computing(machine, ..) => machine.sent_instead(to, slot, payload),
            Phase::Checked(engine) | Phase::Done(engine) => {
                engine.sent_instead(to, slot, payload);
            }
            Phase::Failed => {}
        }
    }

    /// The parties whose frames some call waits for, in order.
    pub fn waiting_for(&self) -> Vec<Party> {
        match &self.phase {
            Phase::Checking(machine, _)
            | Phase::Filtering(machine, ..)
            | Phase::Computing(machine, ..) => machine.waiting_for(),
            Phase::Checked(_) | Phase::Done(_) | Phase::Failed => Vec::new(),
        }
    }

    /// The result, once, when the call is done.
    pub fn outcome(&mut self) -> Option<Called<F>> {
        let Phase::Done(engine) = &self.phase else {
            return None;
        };
        if std::mem::replace(&mut self.outcome_taken, true) {
            return None;
        }
        let cost = Cost::zero(engine.committee());
        let empty = Called {
            valid: BTreeMap::new(),
            shown: Vec::new(),
            slots: BTreeMap::new(),
            ended: Ended::default(),
            counters: Counters::default(),
            cost,
        };
        let counters = since(self.before, engine.counters());
        Some(Called {
            counters,
            ..std::mem::replace(&mut self.called, empty)
        })
    }

    /// The engine, for the next call of the same session of the engine; none while the call runs or after an error.
    pub fn into_engine(self) -> Option<Engine<F>> {
        match self.phase {
            Phase::Done(engine) => Some(*engine),
            _ => None,
        }
    }

    /// Takes in what the input check found, and goes on to conditions on rows.
    fn checked(
        &mut self,
        checked: &[Checked],
        bits: Vec<Vec<bool>>,
        engine: Engine<F>,
    ) -> Result<(), SessionError> {
        let mut valid = BTreeMap::new();
        for (checked, bits) in checked.iter().zip(bits) {
            match checked {
                Checked::Rows(collection) => {
                    valid.insert(*collection, bits);
                }
                Checked::Param(param) => {
                    let params = &self.contract.entries[self.entry].params;
                    if let Some(param) = params.get(usize::from(*param))
                        && bits.iter().any(|valid| !valid)
                    {
                        return Err(PlanError::refused_param(param).into());
                    }
                }
            }
        }
        for collection in self.contract.collections_used(self.entry) {
            valid.entry(collection).or_default();
        }
        self.called.valid = valid;
        self.filter(engine)
    }

    /// Checks the next condition on rows; after the last one, stops.
    fn filter(&mut self, engine: Engine<F>) -> Result<(), SessionError> {
        let conditions = checked_collections(&self.contract, self.entry);
        while let Some(collection) = conditions.get(self.filtered as usize).copied() {
            let stage = self.filtered;
            self.filtered += 1;
            let valid = self
                .called
                .valid
                .get(&collection)
                .map_or(&[][..], |bits| bits);
            let rows = valid.iter().filter(|valid| **valid).count() as u32;
            let of = (collection, rows);
            let run = row_check::<F>(&self.contract, of, engine.committee(), self.limits, stage)?;
            let Some(mut run) = run else { continue };
            // One stage, that opens a bit for each row.
            let Next::Stage(stage) = run.next(&[])? else {
                continue;
            };
            self.called.cost = self.called.cost.then(&stage.plan.cost);
            let shares = |port: &Port| self.shares(*port).map(|column| kept(&column, valid));
            let given = stage.inputs.iter().map(shares).collect();
            let machine = machine(stage.plan, given, &self.environment, engine)?;
            self.phase = Phase::Filtering(machine, collection, Box::new(run));
            return Ok(());
        }
        self.phase = Phase::Checked(Box::new(engine));
        Ok(())
    }

    /// Of the rows that are in their ranges, those stay that fulfil the condition.
    fn filtered(
        &mut self,
        collection: u16,
        mut run: Box<Run<F>>,
        opened: &[Vec<F>],
    ) -> Result<(), SessionError> {
        let valid = self.called.valid.entry(collection).or_default();
        let kept = match run.next(opened)? {
            Next::Done(ended) => keep_fulfilled(valid, &ended),
            Next::Stage(_) => None,
        };
        kept.ok_or(SessionError::Ended)
    }

    /// Drops the rows that are not valid, and plans the first stage.
    fn begin(&mut self, engine: Engine<F>) -> Result<(), SessionError> {
        let valid = &self.called.valid;
        for (collection, bits) in valid {
            let columns = self.given.collections.get_mut(usize::from(*collection));
            for column in columns.into_iter().flatten() {
                *column = kept(column, bits);
            }
        }
        self.environment.drop_rows(&self.contract, valid);
        let run = Run::new(
            Arc::clone(&self.contract),
            self.entry,
            self.environment.clone(),
            engine.committee(),
            self.limits,
        )?;
        let run = run.from_stage(self.filtered);
        self.next_stage(Box::new(run), &[], engine)
    }

    fn next_stage(
        &mut self,
        mut run: Box<Run<F>>,
        opened: &[Vec<F>],
        engine: Engine<F>,
    ) -> Result<(), SessionError> {
        match run.next(opened)? {
            Next::Stage(stage) => {
                let Stage {
                    plan,
                    inputs,
                    outputs,
                    ..
                } = *stage;
                self.called.cost = self.called.cost.then(&plan.cost);
                let machine = self.machine(plan, &inputs, engine)?;
                self.phase = Phase::Computing(machine, outputs, run);
            }
            Next::Done(ended) => {
                self.called.ended = ended;
                self.phase = Phase::Done(Box::new(engine));
            }
        }
        Ok(())
    }

    fn take(&mut self, sink: Sink, shares: Shares<F>) {
        match sink {
            Sink::Shown { .. } | Sink::Bit { .. } => self.called.shown.push((sink, shares)),
            Sink::Slot { slot, column } => {
                self.called.slots.insert((slot, column), shares);
            }
            Sink::Kept(name) => {
                self.kept.insert(name, shares);
            }
        }
    }

    fn machine(
        &self,
        plan: Plan<F>,
        inputs: &[Port],
        engine: Engine<F>,
    ) -> Result<Box<Machine<F>>, SessionError> {
        let given = inputs.iter().map(|port| self.shares(*port)).collect();
        machine(plan, given, &self.environment, engine)
    }

    fn shares(&self, port: Port) -> Option<Shares<F>> {
        match port {
            Port::Column { collection, column } => {
                let columns = self.given.collections.get(usize::from(collection))?;
                columns.get(usize::from(column)).cloned()
            }
            Port::Param { param, column } => {
                let columns = self.given.params.get(usize::from(param))?;
                columns.get(usize::from(column)).cloned()
            }
            Port::Slot { slot, column } => {
                let stored = self.called.slots.get(&(slot, column));
                let stored = stored.or_else(|| self.given.slots.get(&(slot, column)));
                if let Some(stored) = stored {
                    return Some(stored.clone());
                }
                // A share of a public number is the number itself.
                let declared = self.contract.slots.get(usize::from(slot))?;
                match declared.initial.get(usize::from(column))? {
                    Known::Number(number) => Some(Shares::from(vec![F::from_i64(*number)])),
                    Known::Bytes(_) => None,
                }
            }
            Port::Kept(name) => self.kept.get(&name).cloned(),
        }
    }
}

/// A machine for a plan, given what each input takes.
fn machine<F: PrimeField>(
    plan: Plan<F>,
    given: Vec<Option<Shares<F>>>,
    environment: &Environment,
    engine: Engine<F>,
) -> Result<Box<Machine<F>>, SessionError> {
    let given = (0..).zip(given).map(|(place, shares)| {
        let shares = shares.ok_or(Refused::MissingInput { collection: place })?;
        Ok((place, shares))
    });
    let given = given.collect::<Result<Vec<_>, Refused>>()?;

    let members: Vec<(u16, Vec<u32>)> = plan
        .members
        .iter()
        .map(|(collection, _)| {
            let at = usize::from(*collection);
            let numbers = environment.row_members.get(at);
            let rows = environment.rows.get(at).copied().unwrap_or(0);
            let numbers = numbers.filter(|numbers| !numbers.is_empty()).cloned();
            (*collection, numbers.unwrap_or_else(|| (0..rows).collect()))
        })
        .collect();
    let machine = Machine::new(Arc::new(plan), given, &members, engine)?;
    Ok(Box::new(machine))
}

/// The elements whose bit is set.
fn kept<F: PrimeField>(column: &Shares<F>, bits: &[bool]) -> Shares<F> {
    let rows = column.iter().zip(bits).filter(|(_, valid)| **valid);
    rows.map(|(share, _)| *share).collect()
}

impl<F: PrimeField> fmt::Debug for Session<F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Session")
            .field("contract", &self.contract.name)
            .field("entry", &self.entry)
            .finish_non_exhaustive()
    }
}

impl fmt::Display for SessionError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            SessionError::Plan(error) => error.fmt(f),
            SessionError::Refused(error) => error.fmt(f),
            SessionError::Engine(error) => error.fmt(f),
            SessionError::Ended => f.write_str("the session has ended"),
        }
    }
}

impl std::error::Error for SessionError {}

impl From<PlanError> for SessionError {
    fn from(error: PlanError) -> SessionError {
        SessionError::Plan(error)
    }
}

impl From<Refused> for SessionError {
    fn from(error: Refused) -> SessionError {
        SessionError::Refused(error)
    }
}

impl From<Error> for SessionError {
    fn from(error: Error) -> SessionError {
        SessionError::Engine(error)
    }
}

impl From<Fault> for SessionError {
    fn from(fault: Fault) -> SessionError {
        SessionError::Engine(fault.into())
    }
}

impl From<Misuse> for SessionError {
    fn from(misuse: Misuse) -> SessionError {
        SessionError::Engine(misuse.into())
    }
}
