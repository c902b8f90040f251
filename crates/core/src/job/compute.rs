//! The interactive part: session keys, then the call: input check and stages of the entry, over one engine.

use std::collections::BTreeSet;
use std::sync::Arc;

use borsh::BorshSerialize;
use enigma_bytecode::plan::Environment;
use enigma_bytecode::stored::Stored;
use enigma_field::Party as PartyNumber;
use enigma_mpc::{Error, Fault, SessionId, SessionSeeds, Setup};
use enigma_vm::{SessionError, Turn};
use enigma_wire::controller::{FailureReason, JobRequest};
use enigma_wire::id::{Address, Hash, JobId, MemberIndex, NodeId};
use enigma_wire::peer::{Place, RunKey};

use super::field::{Call, CallResult, Columns, Terms};
use super::inputs::Input;
use super::{Job, Phase, report_phase};
use crate::party::Shared;
use crate::seam::Effect;
use crate::session::{self, Registry, Signer};

/// What every member must agree on before session keys are made (protocols S1).
#[derive(BorshSerialize)]
struct SessionTerms<'a> {
    domain: &'static str,
    chain_id: u64,
    controller: Address,
    run: RunKey,
    request: &'a JobRequest,
    inputs: Hash,
    contract: Hash,
    committee: Vec<NodeId>,
    /// By collection of the request.
    rows: Vec<Vec<MemberIndex>>,
    /// The run that has left what the committee keeps secret.
    secrets: Option<JobId>,
}

impl Job {
    /// Begins the key set-up.
    pub(super) fn set_up(&mut self, shared: &mut Shared, rows: Columns) {
        let session = self.session(shared);
        let signer = Signer(&shared.keys.signer);
        match Setup::new(session, self.committee, self.me, &signer, &mut shared.rng) {
            Ok(setup) => {
                report_phase(shared, self.run.job, "set-up");
                self.progress = shared.now;
                self.phase = Phase::Setup {
                    setup: Box::new(setup),
                    rows,
                };
                self.after_setup_step(shared);
                self.replay_early(shared);
            }
            Err(misuse) => self.refuse(shared, misuse.to_string()),
        }
    }

    fn session(&self, shared: &Shared) -> SessionId {
        let rows = self.inputs.iter().map(|input| {
            let admitted = input.admitted.iter();
            admitted.map(|owner| owner.member).collect()
        });
        let terms = SessionTerms {
            domain: "enigma session v3",
            chain_id: shared.config.domain.chain_id,
            controller: shared.config.domain.controller,
            run: self.run,
            request: &self.request,
            inputs: self.inputs_root,
            contract: self.contract,
            committee: self.members.iter().map(|member| member.node).collect(),
            rows: rows.collect(),
            secrets: self.secrets_of,
        };
        let bytes = borsh::to_vec(&terms).expect("writing to memory cannot fail");
        SessionId(*blake3::hash(&bytes).as_bytes())
    }

    pub(super) fn on_setup_message(
        &mut self,
        shared: &mut Shared,
        from: PartyNumber,
        message: &[u8],
    ) {
        let Phase::Setup { setup, .. } = &mut self.phase else {
            return;
        };
        let members = &self.members;
        let peers = Registry(|party: PartyNumber| {
            let member = members.get(party.index())?;
            Some(member.signer)
        });
        match setup.handle(from, message, &peers) {
            Ok(()) => {
                self.progress = shared.now;
                self.after_setup_step(shared);
            }
            Err(fault) => self.on_fault(shared, &fault),
        }
    }

    fn after_setup_step(&mut self, shared: &mut Shared) {
        let Phase::Setup { setup, .. } = &mut self.phase else {
            return;
        };
        for (to, frame) in session::setup_frames(self.run, setup) {
            self.bytes_sent += frame.len() as u64;
            shared.push(Effect::Send {
                to: self.members[to.index()].peer,
                frame,
            });
        }
        let Some(seeds) = setup.finish() else { return };
        let Phase::Setup { rows, .. } = &mut self.phase else {
            return;
        };
        let rows = std::mem::take(rows);
        match self.call(shared, rows, seeds) {
            Ok(session) => {
                report_phase(shared, self.run.job, "range check");
                self.phase = Phase::Calling { session };
                self.ask_turn(shared);
                self.replay_early(shared);
            }
            Err(why) => self.refuse(shared, why),
        }
    }

    /// The call on this member's shares of the admitted rows.
    fn call(
        &self,
        shared: &Shared,
        rows: Columns,
        seeds: SessionSeeds,
    ) -> Result<Box<dyn Call>, String> {
        let program = self.program.as_ref().ok_or("the program is not loaded")?;
        let entry = usize::from(self.request.entry);
        let past = &self.instance(shared)?.past;
        rows.call(Terms {
            program: Arc::clone(program),
            entry,
            environment: Environment {
                ledger: Stored {
                    on_chain: Arc::clone(&self.state),
                    past: past.of(&program.slots_read_back(entry)),
                    beside: Arc::clone(&self.kept),
                },
                contributions: self.contributions.found(),
                ..self.environment(shared, program)?
            },
            committee: self.committee,
            me: self.me,
            seeds,
        })
    }

    pub(super) fn on_compute(
        &mut self,
        shared: &mut Shared,
        from: PartyNumber,
        place: Place,
        payload: &[u8],
        bytes: &[u8],
    ) {
        if self.phase.is_before_setup() || matches!(self.phase, Phase::Setup { .. }) {
            return self.keep_early(shared, from, bytes);
        }
        // After the last opening this party needs no more frames; others may still wait for its own.
        let Phase::Calling { session } = &mut self.phase else {
            return;
        };
        match session.handle(from, session::slot(place), payload) {
            Ok(()) => {
                self.progress = shared.now;
                self.ask_turn(shared);
            }
            Err(error) => self.on_error(shared, &error),
        }
    }

    /// Asks for a turn unless one is under way. Frames alone compute and send nothing: whoever
    /// performs the effects can so hold this job's work back until what it made has left.
    pub(super) fn ask_turn(&mut self, shared: &mut Shared) {
        if !self.turn_asked {
            self.turn_asked = true;
            shared.push(Effect::Compute { job: self.run.job });
        }
    }

    /// The turn that was asked for has come.
    pub(crate) fn on_compute_turn(&mut self, shared: &mut Shared) {
        self.turn_asked = false;
        match self.phase {
            Phase::Judging => self.check_terms(shared),
            _ => self.advance(shared),
        }
    }

    /// Lets the call do one piece of work, sends what it has to send, asks for another turn when
    /// there is more, and moves on when it has come to a stop.
    fn advance(&mut self, shared: &mut Shared) {
        let Phase::Calling { session } = &mut self.phase else {
            return;
        };
        let result = session.run();
        self.send_queued(shared);
        match result {
            Ok(Turn::Blocked) => {}
            Ok(Turn::Working) => self.ask_turn(shared),
            Ok(Turn::Checked) => self.on_checked(shared),
            Ok(Turn::Finished) => self.on_finished(shared),
            Err(error) => self.on_error(shared, &error),
        }
    }

    fn on_finished(&mut self, shared: &mut Shared) {
        let mut session = match std::mem::replace(&mut self.phase, Phase::Program) {
            Phase::Calling { session } => session,
            other => {
                self.phase = other;
                return;
            }
        };
        let result = session.result(self, shared);
        // The engine's keys go; what is left is sealed.
        drop(session);
        match result {
            Some(Ok(CallResult {
                outputs,
                effects,
                secrets,
                kept,
            })) => self.keep(shared, (secrets, kept), outputs, effects),
            Some(Err(why)) => self.refuse(shared, why),
            None => self.refuse(shared, "the call ended without a result".to_owned()),
        }
    }

    /// The validity bits are open: whose rows are invalid is known, and the entry runs on the rest, if it may.
    fn on_checked(&mut self, shared: &mut Shared) {
        let Phase::Calling { session } = &mut self.phase else {
            return;
        };
        let valid = session.valid();
        let mut inputs = self.inputs.iter_mut();
        let checked = inputs.try_for_each(|input| input.drop_invalid(valid.get(&input.slot)?));
        if checked.is_none() {
            return self.refuse(shared, "the input check opened nothing".to_owned());
        }
        self.remember_nothing(shared);
        let nothing = |input: &&Input| input.used_rows() == 0 && input.dropped_rows() > 0;
        if let Some(input) = self.inputs.iter().find(nothing) {
            let why = format!("no row of collection {} is in its range", input.collection);
            return self.refuse(shared, why);
        }
        if !self.inputs.iter().all(Input::is_large_enough) {
            let why = "after invalid rows were dropped the group is smaller than an owner allows";
            return self.refuse(shared, why.to_owned());
        }
        let Phase::Calling { session } = &mut self.phase else {
            return;
        };
        let result = session.go_on();
        // What the entry takes before it computes anything is known now.
        let paid = session.paid().into();
        match result.map(|()| self.check_payment(paid)) {
            Ok(Err(why)) => self.refuse(shared, why),
            Ok(Ok(())) => {
                report_phase(shared, self.run.job, "entry");
                self.ask_turn(shared);
            }
            // Too few valid rows are left, most likely.
            Err(error) => self.on_error(shared, &error),
        }
    }

    fn send_queued(&mut self, shared: &mut Shared) {
        let Phase::Calling { session } = &mut self.phase else {
            return;
        };
        while let Some(outgoing) = session.next_send() {
            let frame = session::compute_frame(self.run, &outgoing);
            self.bytes_sent += frame.len() as u64;
            shared.push(Effect::Send {
                to: self.members[outgoing.to.index()].peer,
                frame,
            });
        }
    }

    /// The call ended without a result: through a peer's fault, or for a reason that all honest members find.
    fn on_error(&mut self, shared: &mut Shared, error: &SessionError) {
        match error {
            SessionError::Engine(Error::Fault(fault)) => self.on_fault(shared, fault),
            error => self.refuse(shared, error.to_string()),
        }
    }

    fn on_fault(&mut self, shared: &mut Shared, fault: &Fault) {
        // What was queued before the fault lets others see it as well, instead of waiting for us.
        self.send_queued(shared);
        let culprits: BTreeSet<PartyNumber> = fault.culprits().into_iter().collect();
        match culprits.first() {
            Some(party) if culprits.len() == 1 => self.accuse(shared, *party, fault.to_string()),
            _ => self.give_up(
                shared,
                culprits,
                FailureReason::Misbehaved,
                fault.to_string(),
            ),
        }
    }

    /// Whose messages are missing.
    pub(super) fn waiting_for(&self) -> BTreeSet<PartyNumber> {
        match &self.phase {
            Phase::Setup { setup, .. } => setup.waiting_for().into_iter().collect(),
            Phase::Calling { session } => session.waiting_for().into_iter().collect(),
            _ => self
                .committee
                .parties()
                .filter(|party| *party != self.me && !self.roots.contains_key(party))
                .collect(),
        }
    }
}
