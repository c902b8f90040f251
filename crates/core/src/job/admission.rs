//! From the request to the first message: may the job run, on whose rows, and is it paid for?

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use enigma_bytecode::model::{Contract, unsupported};
use enigma_bytecode::plan::{self, Cost};
use enigma_bytecode::verify;
use enigma_field::{Committee, Party as PartyNumber};
use enigma_wire::abi;
use enigma_wire::controller::{Contribution, FailureReason};
use enigma_wire::dealing::{self, Subject};
use enigma_wire::eip712::Domain;
use enigma_wire::id::{Hash, JobId, NodeId};
use enigma_wire::ledger::Ledger;
use enigma_wire::peer::RunKey;
use enigma_wire::pricing;

use super::budget;
use super::contributions::Contributions;
use super::failure::submission_due;
use super::field::Columns;
use super::inputs::{Admitted, inputs};
use super::{Job, Member, Phase, attempt_key, report_phase};
use crate::deposit::row_key;
use crate::party::Shared;
use crate::seam::{Call, Table};
use crate::session::Early;

/// Decodes and verifies a compiled contract as a node must before it runs it.
///
/// # Errors
/// In plain words, when the bytes are not the published contract, break a rule, or need what committees do
/// not do yet.
pub(crate) fn program(contract: Hash, manifest: Hash, bytecode: &[u8]) -> Result<Contract, String> {
    let verified = verify::load(bytecode, Some(contract)).map_err(|error| error.to_string())?;
    if verified.manifest_hash() != manifest {
        return Err("the manifest is not the published one".to_owned());
    }
    match unsupported(verified.contract()) {
        Some(unsupported) => Err(format!("{unsupported}; {}", unsupported.need.hint())),
        None => Ok(verified.contract().clone()),
    }
}

/// A contract that was looked for on the disk, from now on in memory. `pairs`: what is stored under its hash.
///
/// # Errors
/// In plain words, when it is not there or not what the ledger says.
pub(crate) fn stored_program(
    shared: &mut Shared,
    contract: Hash,
    pairs: &[(Vec<u8>, Vec<u8>)],
) -> Result<Arc<Contract>, String> {
    // It may have come since it was looked for.
    if let Some(program) = shared.programs.get(&contract) {
        return Ok(Arc::clone(program));
    }
    let Some((_, bytecode)) = pairs.first() else {
        return Err(format!(
            "this node does not have the bytecode of contract {contract} yet; who deployed it must upload it"
        ));
    };
    let manifest = shared.ledger.contracts.get(&contract).copied();
    let loaded = Arc::new(program(contract, manifest.unwrap_or_default(), bytecode)?);
    shared.programs.insert(contract, Arc::clone(&loaded));
    Ok(loaded)
}

/// The dealing context of a contribution; `None` when the committee cannot compute.
pub(crate) fn dealing_context(
    ledger: &Ledger,
    domain: &Domain,
    contribution: &Contribution,
) -> Option<dealing::Context> {
    let collection = ledger.collections.get(&contribution.collection)?;
    let instance = ledger.instances.get(&collection.terms.instance)?;
    Some(dealing::Context {
        committee: Committee::new(instance.committee.len() as u8).ok()?,
        nodes: instance.committee.clone(),
        owner: contribution.owner,
        subject: Subject::Rows {
            collection: contribution.collection,
            member: contribution.member,
            revision: contribution.revision,
        },
        epoch: 0,
        policy: abi::policy(domain, collection.terms.instance, instance.contract),
    })
}

impl Job {
    /// Begins a job this node's committee was asked for. `None` when the ledger does not hold what the
    /// job refers to, which it always does.
    pub(crate) fn start(shared: &mut Shared, id: JobId, admitted: Admitted) -> Option<Job> {
        let own = shared.node()?;
        let record = shared.ledger.jobs.get(&id)?;
        let member = |node: &NodeId| {
            let info = &shared.ledger.nodes.get(node)?.info;
            Some(Member {
                node: *node,
                peer: info.peer_key,
                signer: info.signer,
            })
        };
        let committee = shared.ledger.job_committee(id)?;
        let position = committee.iter().position(|node| *node == own)?;
        let mut job = Job {
            run: RunKey {
                job: id,
                attempt: 1,
            },
            request: record.request.clone(),
            contract: record.contract,
            inputs_root: shared.ledger.job_inputs(id)?,
            inputs: inputs(&shared.ledger, record, &admitted)?,
            givers: admitted.givers,
            state: admitted.state,
            secrets_of: None,
            kept: Arc::default(),
            contributions: Contributions::default(),
            committee: Committee::new(committee.len() as u8).ok()?,
            members: committee.iter().map(member).collect::<Option<_>>()?,
            me: PartyNumber::new(position as u8 + 1)?,
            phase: Phase::Program,
            program: shared.programs.get(&record.contract).cloned(),
            cost: None,
            early: Early::default(),
            roots: BTreeMap::new(),
            certified: BTreeMap::new(),
            offered: BTreeMap::new(),
            settled: None,
            statements: BTreeMap::new(),
            progress: shared.now,
            bytes_sent: 0,
            closed: false,
            turn_asked: false,
            reason: None,
        };
        report_phase(shared, id, "admission");
        if job.program.is_some() {
            job.phase = Phase::Judging;
        } else {
            shared.load(job.pending(), Table::Contracts, job.contract.0.to_vec());
        }
        Some(job)
    }

    pub(super) fn on_program(&mut self, shared: &mut Shared, pairs: &[(Vec<u8>, Vec<u8>)]) {
        match stored_program(shared, self.contract, pairs) {
            Ok(program) => {
                self.program = Some(program);
                self.phase = Phase::Judging;
            }
            Err(why) => self.refuse(shared, why),
        }
    }

    /// Whether it is still to be judged whether the job may run.
    pub(crate) fn is_unjudged(&self) -> bool {
        matches!(self.phase, Phase::Program | Phase::Judging)
    }

    /// Every earlier job is judged: asks for the turn, once the program is read.
    pub(crate) fn ask_to_be_judged(&mut self, shared: &mut Shared) {
        if matches!(self.phase, Phase::Judging) {
            self.ask_turn(shared);
        }
    }

    /// Entry, recipients, group size and fee; everything that can be judged before data is touched.
    pub(super) fn check_terms(&mut self, shared: &mut Shared) {
        let program = self.program.clone();
        let program = program.ok_or_else(|| "the program is not loaded".to_owned());
        let belong = program.and_then(|program| {
            // What strangers to a group gave counts here, too: whoever is one now may belong to it in another run.
            self.check_roles(&program)?;
            self.drop_strangers(shared, &program)
        });
        match belong.and_then(|()| self.terms(shared)) {
            Ok(cost) => {
                self.cost = Some(cost);
                if let Some(program) = &self.program {
                    self.announce_members(shared, program);
                }
                self.phase = Phase::Attempt;
                shared.load(self.pending(), Table::Jobs, attempt_key(self.run.job));
            }
            Err(why) => self.refuse(shared, why),
        }
    }

    fn terms(&self, shared: &Shared) -> Result<Cost, String> {
        let program = self.program.as_ref().ok_or("the program is not loaded")?;
        let record = shared
            .ledger
            .jobs
            .get(&self.run.job)
            .ok_or("the job is not on the ledger")?;
        let entry = usize::from(self.request.entry);
        if entry >= program.entries.len() {
            return Err(format!(
                "contract {} has no entry number {entry}",
                program.name
            ));
        }
        self.check_collections(program)?;
        self.check_caller(shared, program)?;
        self.check_givers(program)?;
        self.check_recipients(shared, program)?;
        self.check_changes(program)?;
        budget::check(&shared.ledger, program, self.run.job)?;
        // What the chain knows suffices to refuse a wrong parameter, before the run counts as a use.
        let environment = self.environment(shared, program)?;
        let checked = environment.check_params(program, entry);
        checked.map_err(|error| error.to_string())?;
        self.check_dealt(shared, program)?;
        self.check_groups(program, &environment)?;
        let sizes = self.sizes(program);
        let cost = plan::quote(program, entry, &sizes, self.committee)
            .map_err(|error| error.to_string())?;
        let prices = shared
            .ledger
            .config
            .ok_or("the controller's prices are unknown")?
            .prices;
        let price = pricing::price(&prices, cost.multiplications, cost.rounds, cost.bytes_total);
        if record.fee < price {
            return Err(format!(
                "the fee in escrow is {}, the price is {price}",
                record.fee
            ));
        }
        Ok(cost)
    }

    pub(super) fn on_attempt(&mut self, shared: &mut Shared, pairs: &[(Vec<u8>, Vec<u8>)]) {
        if pairs.is_empty() {
            self.load_rows(shared, Vec::new(), 0);
        } else {
            // Resuming needs the others to agree on a new attempt; until that is built, the job is
            // given up and refunded rather than run twice with the same randomness.
            self.refuse(
                shared,
                "this node was restarted while the job was running".to_owned(),
            );
        }
    }

    /// Reads the rows of a collection; after the last one, what else the job needs of this node.
    pub(super) fn load_rows(
        &mut self,
        shared: &mut Shared,
        found: Vec<(Vec<u8>, Vec<u8>)>,
        input: usize,
    ) {
        if let Some(of) = self.inputs.get(input) {
            let prefix = of.collection.0.to_be_bytes().to_vec();
            self.phase = Phase::Loading { found, input };
            return shared.load(self.pending(), Table::Rows, prefix);
        }
        match self.shares(&found.into_iter().collect()) {
            Ok(rows) => self.load_parameters(shared, rows),
            Err(why) => self.refuse(shared, why),
        }
    }

    /// Everything is read, and the attempt is durable: on to the committee's links.
    pub(super) fn on_recorded(&mut self, shared: &mut Shared) {
        if let Phase::Recording { rows } = &mut self.phase {
            self.phase = Phase::Links {
                rows: std::mem::take(rows),
                since: shared.now,
            };
            self.try_start(shared);
        }
    }

    pub(super) fn on_rows(&mut self, shared: &mut Shared, mut pairs: Vec<(Vec<u8>, Vec<u8>)>) {
        if let Phase::Loading { found, input } = &mut self.phase {
            let (mut found, input) = (std::mem::take(found), *input);
            found.append(&mut pairs);
            self.load_rows(shared, found, input + 1);
        }
    }

    /// Once every member can be reached, has the chain say that the job has started, which ends the
    /// requester's right to cancel; whoever sees that goes on to the key set-up.
    pub(crate) fn try_start(&mut self, shared: &mut Shared) {
        let linked = self.unlinked(shared).is_empty();
        match &mut self.phase {
            Phase::Links { rows, .. } if linked => {
                report_phase(shared, self.run.job, "start");
                self.phase = Phase::Starting {
                    rows: std::mem::take(rows),
                    since: shared.now,
                    submitted: None,
                };
            }
            Phase::Starting { rows, .. } if !linked => {
                self.phase = Phase::Links {
                    rows: std::mem::take(rows),
                    since: shared.now,
                };
            }
            _ => {}
        }
        let Phase::Starting {
            rows,
            since,
            submitted,
        } = &mut self.phase
        else {
            return;
        };
        let record = shared.ledger.jobs.get(&self.run.job);
        if record.is_some_and(|record| record.started.is_some()) {
            let rows = std::mem::take(rows);
            return self.set_up(shared, rows);
        }
        let turn = u64::from(self.me.number()) - 1;
        let waited = shared.now.since(*since);
        if submission_due(shared, *submitted) && waited >= turn * shared.config.timeouts.submit_ms {
            *submitted = Some(shared.now);
            shared.submit(Call::StartJob(self.run.job));
        }
    }

    /// This party's shares of the admitted members' rows.
    fn shares(&self, stored: &BTreeMap<Vec<u8>, Vec<u8>>) -> Result<Columns, String> {
        let program = self.program.as_ref().ok_or("the program is not loaded")?;
        let mut rows = Columns::new(program.profile);
        for input in &self.inputs {
            let declared = program.collections.get(usize::from(input.slot));
            let columns_len = declared.map_or(0, |collection| collection.columns.len());
            let mut given = Vec::with_capacity(input.admitted.len());
            for owner in &input.admitted {
                let key = row_key(input.collection, owner.member, owner.root);
                let bytes = stored
                    .get(&key)
                    .ok_or_else(|| format!("the row of member {} is lost", owner.member))?;
                given.push((owner.member, owner.rows, &bytes[..]));
            }
            rows.add(&self.committee, (input.slot, columns_len), &given)?;
        }
        Ok(rows)
    }

    /// The request cannot be served; nobody is to blame.
    pub(super) fn refuse(&mut self, shared: &mut Shared, why: String) {
        self.give_up(shared, BTreeSet::new(), FailureReason::Refused, why);
    }
}
