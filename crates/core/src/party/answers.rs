//! What clients ask of a node, and what they hear.

use std::sync::Arc;

use enigma_wire::api::{ErrorCode, JobPhase, JobStatus, SealedOutput};
use enigma_wire::id::{Hash, JobId};
use enigma_wire::ledger::JobState;
use enigma_wire::output::Recipient;

use super::{Asked, Party, Pending, SECURITY};
use crate::access;
use crate::deposit;
use crate::job::{StoredOutput, output_key};
use crate::kept;
use crate::parameters;
use crate::seam::{ClientRequest, ReplyId, Response, Standing, Table, Write};

impl Party {
    pub(super) fn serve(&mut self, asked: Asked) {
        let Asked {
            reply,
            request,
            caller,
            ..
        } = asked;
        if let Err(denied) = access::check(&self.shared.ledger, caller, &request) {
            return self.shared.reply(reply, Response::Error(denied));
        }
        match request {
            ClientRequest::Deposit(deposit) => deposit::accept(self, reply, deposit),
            ClientRequest::DepositParameters(deposit) => parameters::accept(self, reply, deposit),
            ClientRequest::PutContract { contract, bytecode } => {
                self.put_contract(reply, contract, bytecode)
            }
            ClientRequest::Contract(contract) => {
                let pending = Pending::Contract { reply };
                self.shared
                    .load(pending, Table::Contracts, contract.0.to_vec());
            }
            ClientRequest::Job(job) => self.job_status(reply, job),
            ClientRequest::Output { job, recipient } => self.output(reply, job, recipient),
            ClientRequest::Kept {
                instance,
                slot,
                key,
            } => {
                let who = caller.unwrap_or_default();
                let asks = kept::Asks {
                    reply,
                    who,
                    instance,
                    slot,
                    key,
                };
                kept::ask(self, asks);
            }
            ClientRequest::Status => {
                let running = self.jobs.values().filter(|job| !job.is_over());
                let standing = Standing {
                    node: self.shared.node(),
                    version: self.shared.config.version.clone(),
                    block: self.shared.ledger.head.number,
                    jobs: running.count() as u32,
                    links: self.shared.links.len() as u32,
                };
                self.shared.reply(reply, Response::Status(standing));
            }
        }
    }

    /// Outputs leave only once the job is settled: before, it could still fail and be refunded, and the
    /// use would not be counted.
    fn output(&mut self, reply: ReplyId, job: JobId, recipient: Recipient) {
        let state = self
            .shared
            .ledger
            .jobs
            .get(&job)
            .map(|record| &record.state);
        match state {
            Some(JobState::Settled(_)) => {
                let key = output_key(job, recipient);
                let pending = Pending::Output { reply, job };
                self.shared.load(pending, Table::Outputs, key);
            }
            Some(_) => {
                let message = format!("job {job} is not settled");
                self.shared.refuse(reply, ErrorCode::NotAllowed, message);
            }
            None => {
                let message = format!("no job {job}");
                self.shared.refuse(reply, ErrorCode::NotFound, message);
            }
        }
    }

    /// Does this node serve an instance of this contract?
    fn serves(&self, contract: Hash) -> bool {
        let Some(own) = self.shared.node() else {
            return false;
        };
        let mut instances = self.shared.ledger.instances.values();
        instances.any(|instance| instance.contract == contract && instance.committee.contains(&own))
    }

    fn put_contract(&mut self, reply: ReplyId, contract: Hash, bytecode: Vec<u8>) {
        let Some(manifest) = self.shared.ledger.contracts.get(&contract).copied() else {
            let message = format!("contract {contract} is not published on the chain");
            return self.shared.refuse(reply, ErrorCode::NotAllowed, message);
        };
        if self.shared.programs.contains_key(&contract) {
            return self.shared.reply(reply, Response::ContractAccepted);
        }
        if !self.serves(contract) {
            let message = format!("this node serves no instance of contract {contract}");
            return self.shared.refuse(reply, ErrorCode::NotAllowed, message);
        }
        match crate::job::program(contract, manifest, &bytecode) {
            Ok(program) => {
                let pending = Pending::Program {
                    reply,
                    contract,
                    program: Arc::new(program),
                };
                let write = Write::Put {
                    table: Table::Contracts,
                    key: contract.0.to_vec(),
                    value: bytecode,
                };
                self.shared.persist(pending, vec![write]);
            }
            Err(why) => self.shared.refuse(reply, ErrorCode::Malformed, why),
        }
    }

    fn job_status(&mut self, reply: ReplyId, id: JobId) {
        let Some(record) = self.shared.ledger.jobs.get(&id) else {
            return self
                .shared
                .refuse(reply, ErrorCode::NotFound, format!("no job {id}"));
        };
        let settled_on_chain = match record.state {
            JobState::Open => None,
            JobState::Settled(_) => Some(JobPhase::Settled),
            JobState::Failed(_) | JobState::Expired | JobState::Cancelled => Some(JobPhase::Failed),
        };
        let status = match self.jobs.get(&id) {
            Some(job) => job.status(settled_on_chain),
            None => JobStatus {
                job: id,
                phase: settled_on_chain.unwrap_or(JobPhase::Starting),
                reason: None,
                dropped: Vec::new(),
                dropped_rows: 0,
                security: SECURITY.to_owned(),
                bytes_sent: 0,
            },
        };
        self.shared.reply(reply, Response::Job(status));
    }

    pub(super) fn reply_output(
        &mut self,
        reply: ReplyId,
        job: JobId,
        pairs: &[(Vec<u8>, Vec<u8>)],
    ) {
        let stored = pairs
            .first()
            .map(|(_, value)| borsh::from_slice::<StoredOutput>(value));
        match stored {
            Some(Ok(output)) => {
                let sealed = SealedOutput {
                    ciphertext: output.ciphertext_hex(),
                    proof: output.proof,
                    index: output.index,
                    roots: output.roots,
                };
                self.shared.reply(reply, Response::Output(sealed));
            }
            Some(Err(_)) => {
                self.shared
                    .refuse(reply, ErrorCode::Internal, "the stored output is damaged")
            }
            None if self.jobs.get(&job).is_some_and(|job| !job.is_over()) => {
                let message = "the outputs are not stored yet";
                self.shared.refuse(reply, ErrorCode::Unavailable, message);
            }
            None => self.shared.refuse(
                reply,
                ErrorCode::NotFound,
                "no output for this recipient of this job",
            ),
        }
    }
}
