//! The interactive part: session keys, the range check, the entry; both plans share one engine.

use std::collections::BTreeSet;
use std::sync::Arc;

use borsh::BorshSerialize;
use enigma_bytecode::model::Contract;
use enigma_bytecode::plan::{self, Plan};
use enigma_field::{Committee, Party as PartyNumber, Shares};
use enigma_mpc::{Engine, Error, Fault, SessionId, Setup};
use enigma_vm::{Machine, Outcome, Progress};
use enigma_wire::controller::FailureReason;
use enigma_wire::id::{Address, CollectionId, Hash, MemberIndex, NodeId};
use enigma_wire::peer::{Place, RunKey};

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
    collection: CollectionId,
    inputs: Hash,
    contract: Hash,
    entry: u16,
    committee: Vec<NodeId>,
    rows: &'a [MemberIndex],
}

impl Job {
    /// Begins the key set-up.
    pub(super) fn set_up(&mut self, shared: &mut Shared, rows: Shares) {
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
        let rows: Vec<MemberIndex> = self
            .rows
            .admitted
            .iter()
            .map(|owner| owner.member)
            .collect();
        let terms = SessionTerms {
            domain: "enigma session v1",
            chain_id: shared.config.domain.chain_id,
            controller: shared.config.domain.controller,
            run: self.run,
            collection: self.collection,
            inputs: self.inputs,
            contract: self.contract,
            entry: self.entry,
            committee: self.members.iter().map(|member| member.node).collect(),
            rows: &rows,
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
        let engine = Engine::new(self.committee, self.me, seeds);
        match self.plan(shared, plan::prologue) {
            Ok(plan) => {
                report_phase(shared, self.run.job, "range check");
                let kept = rows.clone();
                self.compute(shared, plan, engine, &rows, |machine| Phase::Checking {
                    machine,
                    rows: kept,
                });
                self.replay_early(shared);
            }
            Err(why) => self.refuse(shared, why),
        }
    }

    /// A plan for the rows that are left.
    fn plan(&self, shared: &Shared, expand: Expand) -> Result<Plan, String> {
        let program = self.program.as_ref().ok_or("the program is not loaded")?;
        let slot = self
            .slot(shared)
            .ok_or("the collection is not on the ledger")?;
        let rows = self.rows.admitted.len() - self.rows.dropped.len();
        let sizes = plan::Sizes::single(program, slot, rows as u32);
        expand(program, usize::from(self.entry), &sizes, self.committee)
            .map_err(|error| error.to_string())
    }

    /// Which of the contract's collections the job's is.
    pub(super) fn slot(&self, shared: &Shared) -> Option<u16> {
        Some(shared.ledger.collections.get(&self.collection)?.terms.slot)
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
        let (Phase::Checking { machine, .. } | Phase::Computing { machine }) = &mut self.phase
        else {
            return;
        };
        match machine.handle(from, session::slot(place), payload) {
            Ok(()) => {
                self.progress = shared.now;
                self.ask_turn(shared);
            }
            Err(fault) => self.on_fault(shared, &fault),
        }
    }

    /// Asks for a turn unless one is under way. Frames alone compute and send nothing: whoever
    /// performs the effects can so hold this job's work back until what it made has left.
    fn ask_turn(&mut self, shared: &mut Shared) {
        if !self.turn_asked {
            self.turn_asked = true;
            shared.push(Effect::Compute { job: self.run.job });
        }
    }

    /// The turn that was asked for has come.
    pub(crate) fn on_compute_turn(&mut self, shared: &mut Shared) {
        self.turn_asked = false;
        self.advance(shared);
    }

    /// Lets the machine do one piece of work, sends what it has to send, asks for another turn when
    /// there is more, and moves on when it is done.
    fn advance(&mut self, shared: &mut Shared) {
        let (Phase::Checking { machine, .. } | Phase::Computing { machine }) = &mut self.phase
        else {
            return;
        };
        let result = machine.run();
        self.send_queued(shared);
        match result {
            Ok(Progress::Blocked) => {}
            Ok(Progress::Working) => self.ask_turn(shared),
            Ok(Progress::Finished) => self.on_finished(shared),
            Err(Error::Fault(fault)) => self.on_fault(shared, &fault),
            Err(Error::Misuse(misuse)) => self.refuse(shared, misuse.to_string()),
            Err(other) => self.refuse(shared, other.to_string()),
        }
    }

    fn on_finished(&mut self, shared: &mut Shared) {
        let (Phase::Checking { machine, .. } | Phase::Computing { machine }) = &mut self.phase
        else {
            return;
        };
        let outcome = match machine.outcome() {
            Ok(Some(outcome)) => outcome,
            Ok(None) => return,
            Err(unverified) => return self.refuse(shared, unverified.to_string()),
        };
        match std::mem::replace(&mut self.phase, Phase::Loading) {
            Phase::Checking { machine, rows } => {
                self.on_checked(shared, &outcome, machine.into_engine(), &rows);
            }
            _ => self.on_outputs(shared, &outcome),
        }
    }

    /// The validity bits are open: drop invalid rows and run the entry on the rest.
    fn on_checked(
        &mut self,
        shared: &mut Shared,
        outcome: &Outcome,
        engine: Engine,
        rows: &Shares,
    ) {
        let Some((_, valid)) = outcome.opened.first() else {
            return self.refuse(shared, "the range check opened nothing".to_owned());
        };
        let kept = rows
            .iter()
            .zip(valid)
            .filter(|(_, valid)| **valid)
            .map(|(row, _)| *row);
        let mut all = Vec::with_capacity(rows.len());
        all.extend(kept);
        let kept = Shares::from(all);
        let dropped = self
            .rows
            .admitted
            .iter()
            .zip(valid)
            .filter(|(_, valid)| !**valid);
        self.rows.dropped = dropped.map(|(owner, _)| owner.member).collect();
        // Rows that were dropped must not count for anybody's smallest group.
        if self
            .used()
            .any(|owner| owner.min_group as usize > kept.len())
        {
            let why = "after invalid rows were dropped the group is smaller than an owner allows";
            return self.refuse(shared, why.to_owned());
        }
        match self.plan(shared, plan::main) {
            Ok(plan) => {
                report_phase(shared, self.run.job, "entry");
                self.compute(shared, plan, engine, &kept, |machine| Phase::Computing {
                    machine,
                });
            }
            // Too few valid rows are left, most likely.
            Err(why) => self.refuse(shared, why),
        }
    }

    /// Builds the machine for a plan and asks for its first turn.
    fn compute(
        &mut self,
        shared: &mut Shared,
        plan: Plan,
        engine: Engine,
        rows: &Shares,
        phase: impl FnOnce(Box<Machine>) -> Phase,
    ) {
        let inputs = plan
            .inputs
            .iter()
            .map(|(collection, _)| (*collection, rows.clone()))
            .collect();
        let givers = self.used().map(|owner| owner.member.0).collect();
        let members: Vec<(u16, Vec<u32>)> = match plan.members.first() {
            Some((collection, _)) => vec![(*collection, givers)],
            None => Vec::new(),
        };
        match Machine::new(Arc::new(plan), inputs, &members, engine) {
            Ok(machine) => {
                self.phase = phase(Box::new(machine));
                self.ask_turn(shared);
            }
            Err(refused) => self.refuse(shared, refused.to_string()),
        }
    }

    fn send_queued(&mut self, shared: &mut Shared) {
        let (Phase::Checking { machine, .. } | Phase::Computing { machine }) = &mut self.phase
        else {
            return;
        };
        while let Some(outgoing) = machine.next_send() {
            let frame = session::compute_frame(self.run, &outgoing);
            self.bytes_sent += frame.len() as u64;
            shared.push(Effect::Send {
                to: self.members[outgoing.to.index()].peer,
                frame,
            });
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
            Phase::Checking { machine, .. } | Phase::Computing { machine } => {
                machine.waiting_for().into_iter().collect()
            }
            _ => self
                .committee
                .parties()
                .filter(|party| *party != self.me && !self.roots.contains_key(party))
                .collect(),
        }
    }
}

/// How a plan is made: the range check's or the entry's.
type Expand = fn(&Contract, usize, &plan::Sizes, Committee) -> Result<Plan, plan::PlanError>;
