//! Jobs of a survey: price, request, how they end and who is named.

use enigma_bytecode::plan::{self, Cost};
use enigma_core::controller::{Call, Revert};
use enigma_core::{ClientRequest, Fact, Response};
use enigma_field::Committee;
use enigma_wire::api::{DroppedRow, JobPhase, JobStatus};
use enigma_wire::controller::{Amount, Certificate, Event, Failure, FailureReason, JobRequest};
use enigma_wire::id::{Address, JobId, MemberIndex};
use enigma_wire::ledger::JobState;
use enigma_wire::pricing;

use super::chain::PRICES;
use super::{Owner, Survey};

/// Long enough for every timeout of a job, one after the other.
const JOB_MS: u64 = 180_000;

impl Survey {
    /// The plan's cost for so many rows.
    pub(crate) fn quote(&self, rows: usize) -> Cost {
        let sizes = plan::Sizes::single(&self.contract, 0, rows as u32);
        let committee = Committee::new(self.nodes().len() as u8).expect("an odd size");
        plan::quote(&self.contract, 0, &sizes, committee).expect("within limits")
    }

    /// The price for so many rows.
    pub(crate) fn price(&self, rows: usize) -> Amount {
        let cost = self.quote(rows);
        pricing::price(&PRICES, cost.multiplications, cost.rounds, cost.bytes_total)
    }

    /// Requests the only entry for this fee.
    pub(crate) fn request(&mut self, fee: Amount) -> JobId {
        self.request_entry(self.requester, 0, fee)
            .expect("a good request")
    }

    pub(crate) fn request_entry(
        &mut self,
        requester: Address,
        entry: u16,
        fee: Amount,
    ) -> Result<JobId, Revert> {
        let request = self.job_request(entry);
        self.request_job(requester, &request, fee)
    }

    /// What is asked for when an entry is requested on all of the survey's collections.
    pub(crate) fn job_request(&self, entry: u16) -> JobRequest {
        JobRequest {
            instance: self.instance,
            entry,
            collections: self.collections.clone(),
            arguments: Vec::new(),
            seal_key: self.caller.as_ref().map(Owner::seal_key),
            changes: self.contract.changes_instance(usize::from(entry)),
            pays: 0,
            deadline: self.world.chain.time() + 500_000,
        }
    }

    pub(crate) fn request_job(
        &mut self,
        requester: Address,
        request: &JobRequest,
        fee: Amount,
    ) -> Result<JobId, Revert> {
        let call = Call::RequestJob(request.clone());
        let events = self.world.call(requester, fee, &call)?;
        match events.as_slice() {
            [Event::JobRequested { job, .. }] => Ok(*job),
            other => panic!("no job: {other:?}"),
        }
    }

    /// Runs until the job is over on the chain and everything said about it has arrived.
    pub(crate) fn finish(&mut self, job: JobId) -> JobState {
        self.world.run_until("end of the job", JOB_MS, |world| {
            world.chain.ledger().jobs[&job].state != JobState::Open
        });
        self.world.settle_down();
        self.state(job)
    }

    pub(crate) fn state(&self, job: JobId) -> JobState {
        self.world.chain.ledger().jobs[&job].state.clone()
    }

    /// Runs a job that must settle.
    pub(crate) fn settle(&mut self, job: JobId) -> Certificate {
        match self.finish(job) {
            JobState::Settled(certificate) => certificate,
            other => panic!("not settled: {other:?}; {:#?}", self.given_up(job)),
        }
    }

    /// Runs a job that must fail, and checks that its fee is credited.
    pub(crate) fn fail(&mut self, job: JobId) -> Failure {
        match self.finish(job) {
            JobState::Failed(failure) => {
                self.assert_refunds();
                failure
            }
            other => panic!("not failed: {other:?}"),
        }
    }

    /// The requester's credit is exactly the escrow of all jobs that failed or were cancelled, but for the base price of those that
    /// would have changed the instance and were refused.
    pub(crate) fn assert_refunds(&self) {
        let jobs = self.world.chain.ledger().jobs.values();
        let own = jobs.filter(|job| job.requester == self.requester);
        let refunds = own.map(|job| match &job.state {
            JobState::Cancelled => job.fee + job.request.pays,
            JobState::Failed(failure) => {
                let refused = failure.reason == FailureReason::Refused && job.request.changes;
                job.fee + job.request.pays - if refused { PRICES.base } else { 0 }
            }
            _ => 0,
        });
        let credit = self.world.chain.controller.credit(self.requester);
        assert_eq!(credit, refunds.sum());
    }

    /// Whose rows of the only collection a node has dropped.
    pub(crate) fn dropped(&mut self, node: usize, job: JobId) -> Vec<MemberIndex> {
        let dropped = self.status(node, job).dropped.into_iter();
        let of = |row: DroppedRow| {
            assert_eq!(row.collection, self.collection);
            row.member
        };
        dropped.map(of).collect()
    }

    /// Who gave the job up, naming whom, why.
    pub(crate) fn given_up(&self, of: JobId) -> Vec<(usize, Vec<usize>, String)> {
        let mut all = Vec::new();
        for (node, record) in self.world.nodes.iter().enumerate() {
            for fact in &record.reports {
                if let Fact::JobGivenUp { job, culprits, why } = fact
                    && *job == of
                {
                    let culprits = culprits.iter().map(|id| self.world.index(*id)).collect();
                    all.push((node, culprits, why.clone()));
                }
            }
        }
        all
    }

    /// Committee positions a failure names, as indices of nodes.
    pub(crate) fn named(&self, failure: &Failure) -> Vec<usize> {
        let committee = self.committee().into_iter().enumerate();
        committee
            .filter(|(position, _)| failure.culprits & (1 << position) != 0)
            .map(|(_, node)| node)
            .collect()
    }

    pub(crate) fn status(&mut self, node: usize, job: JobId) -> JobStatus {
        match self.world.answer(node, ClientRequest::Job(job)) {
            Response::Job(status) => status,
            other => panic!("no status: {other:?}"),
        }
    }

    pub(crate) fn assert_phase(&mut self, job: JobId, phase: JobPhase) {
        for node in self.committee() {
            assert_eq!(self.status(node, job).phase, phase, "node {node}");
        }
    }
}
