//! Jobs and money.

use enigma_wire::arguments::ARGUMENTS_MAX_BYTES;
use enigma_wire::controller::{Amount, Certificate, Event, Failure, FailureReason, JobRequest};
use enigma_wire::effects::{Effects, TRANSFERS_MAX, WRITES_MAX_BYTES};
use enigma_wire::eip712::Typed;
use enigma_wire::id::{Address, Hash, JobId, NodeId};
use enigma_wire::ledger::{JobRecord, JobState};
use enigma_wire::sign::Signature;

use super::rules::{check, strictly_increasing};
use super::{Controller, Revert, Transaction};

type Outcome = Result<Vec<Event>, Revert>;

/// Seconds within which a job that may change its instance must be over.
const LONGEST_CHANGE: u64 = 7 * 86_400;

impl Controller {
    pub(super) fn request_job(&mut self, tx: &Transaction<'_>, request: &JobRequest) -> Outcome {
        let instance = self.ledger.instances.get(&request.instance);
        let instance = instance.ok_or(Revert::UnknownInstance)?;
        check(!instance.committee.is_empty(), Revert::NotDrawn)?;
        let length = request.arguments.len();
        check(length <= ARGUMENTS_MAX_BYTES, Revert::ArgumentsTooLong)?;
        check(request.deadline > tx.block.time, Revert::DeadlinePassed)?;
        let base = self.ledger.config.map_or(0, |config| config.prices.base);
        let fee = tx.value.checked_sub(request.pays);
        let fee = fee.filter(|fee| *fee >= base).ok_or(Revert::FeeTooLow)?;
        if request.changes {
            let pending = self.change_pending(request.instance);
            check(!pending, Revert::ChangePending)?;
            let latest = tx.block.time.saturating_add(LONGEST_CHANGE);
            check(request.deadline <= latest, Revert::DeadlineTooFar)?;
        } else {
            check(request.pays == 0, Revert::WrongEffects)?;
        }
        let use_indexes = self.claimable(request, instance.contract)?;
        let job = JobId(self.next_job);
        self.next_job += 1;
        self.emit(Event::JobRequested {
            job,
            requester: tx.sender,
            request: request.clone(),
            fee,
            use_indexes,
        })
    }

    /// Whether a run that may change the instance is not finished.
    fn change_pending(&self, instance: Hash) -> bool {
        self.ledger.jobs.values().any(|job| {
            job.state == JobState::Open && job.request.changes && job.request.instance == instance
        })
    }

    pub(super) fn put_in(&mut self, tx: &Transaction<'_>, instance: Hash) -> Outcome {
        let is_known = self.ledger.instances.contains_key(&instance);
        check(is_known, Revert::UnknownInstance)?;
        check(tx.value > 0, Revert::EmptyAmount)?;
        self.emit(Event::PutIn {
            instance,
            account: tx.sender,
            amount: tx.value,
        })
    }

    pub(super) fn take_out(
        &mut self,
        tx: &Transaction<'_>,
        instance: Hash,
        amount: Amount,
    ) -> Outcome {
        check(amount > 0, Revert::EmptyAmount)?;
        let pending = self.change_pending(instance);
        check(!pending, Revert::ChangePending)?;
        let record = self.ledger.instances.get(&instance);
        let balance = record.map_or(0, |record| record.state.balance(Some(tx.sender)));
        check(balance >= amount, Revert::BalanceTooSmall)?;
        self.add_credit(tx.sender, amount);
        self.emit(Event::TakenOut {
            instance,
            account: tx.sender,
            amount,
        })
    }

    /// Whether a settled run can have the effects that come with its certificate.
    fn check_effects(&self, job: &JobRecord, hash: Hash, effects: &Effects) -> Result<(), Revert> {
        let fits = effects.writes.len() <= WRITES_MAX_BYTES;
        let few = effects.transfers.len() <= TRANSFERS_MAX;
        check(fits && few, Revert::EffectsTooLarge)?;
        let is_certified = hash == effects.hash() && effects.paid <= job.request.pays;
        check(is_certified, Revert::WrongEffects)?;
        let changes = !effects.writes.is_empty() || !effects.transfers.is_empty();
        check(job.request.changes || !changes, Revert::WrongEffects)
    }

    /// Whether a job can have the collections; how many runs of the entry were started on each.
    fn claimable(&self, request: &JobRequest, contract: Hash) -> Result<Vec<u32>, Revert> {
        let mut use_indexes = Vec::with_capacity(request.collections.len());
        let mut last = None;
        for collection in &request.collections {
            let record = self.ledger.collections.get(collection);
            let record = record.ok_or(Revert::UnknownCollection)?;
            let is_own = record.terms.instance == request.instance;
            check(is_own, Revert::WrongInstance)?;
            check(record.sealed.is_some(), Revert::NotSealed)?;
            check(last < Some(record.terms.slot), Revert::SlotOutOfOrder)?;
            last = Some(record.terms.slot);
            let pending = self.ledger.jobs.values().any(|job| {
                job.state == JobState::Open
                    && job.request.entry == request.entry
                    && job.request.collections.contains(collection)
            });
            check(!pending, Revert::JobPending)?;
            let uses = self
                .ledger
                .uses
                .get(&(*collection, contract, request.entry));
            use_indexes.push(uses.copied().unwrap_or(0));
        }
        Ok(use_indexes)
    }

    pub(super) fn start_job(&mut self, tx: &Transaction<'_>, job: JobId) -> Outcome {
        let committee = self.open_job_committee(job)?;
        check(!self.is_started(job), Revert::AlreadyStarted)?;
        let mut records = committee
            .iter()
            .filter_map(|node| self.ledger.nodes.get(node));
        let operates = records.any(|record| record.operator == tx.sender);
        check(operates, Revert::NotOnCommittee)?;
        self.emit(Event::JobStarted { job })
    }

    pub(super) fn cancel_job(&mut self, tx: &Transaction<'_>, job: JobId) -> Outcome {
        self.open_job_committee(job)?;
        let (requester, refund) = self.refund(job)?;
        check(requester == tx.sender, Revert::NotRequester)?;
        check(!self.is_started(job), Revert::AlreadyStarted)?;
        self.add_credit(requester, refund);
        self.emit(Event::JobCancelled { job, refund })
    }

    fn is_started(&self, job: JobId) -> bool {
        let record = self.ledger.jobs.get(&job);
        record.is_some_and(|record| record.started.is_some())
    }

    pub(super) fn settle(
        &mut self,
        certificate: &Certificate,
        effects: &Effects,
        (members, signatures): (&[u8], &[Signature]),
    ) -> Outcome {
        let committee = self.open_job_committee(certificate.job)?;
        check(self.is_started(certificate.job), Revert::NotStarted)?;
        let job = self
            .ledger
            .jobs
            .get(&certificate.job)
            .ok_or(Revert::UnknownJob)?;
        check(job.contract == certificate.contract, Revert::WrongContract)?;
        let inputs = self.ledger.job_inputs(certificate.job);
        check(inputs == Some(certificate.inputs), Revert::WrongInputs)?;
        self.check_effects(job, certificate.effects, effects)?;
        let (fee, requester, instance) = (job.fee, job.requester, job.request.instance);
        let unpaid = job.request.pays - effects.paid;
        self.check_signatures(certificate, &committee, members, signatures)?;
        let record = self.ledger.instances.get(&instance);
        let mut state = (*record.ok_or(Revert::UnknownInstance)?.state).clone();
        let applied = state.apply(effects);
        applied.map_err(|_| Revert::BalanceTooSmall)?;
        self.pay_committee(&committee, fee);
        self.add_credit(requester, unpaid);
        for transfer in &effects.transfers {
            self.add_credit(transfer.to, transfer.amount);
        }
        let digest = self.domain.digest(certificate);
        self.emit(Event::JobSettled {
            certificate: certificate.clone(),
            digest,
            effects: effects.clone(),
        })
    }

    /// In equal parts; what does not divide goes to the first.
    fn pay_committee(&mut self, committee: &[NodeId], fee: Amount) {
        let share = fee / committee.len() as u128;
        let rest = fee - share * committee.len() as u128;
        for (position, node) in committee.iter().enumerate() {
            let record = self.ledger.nodes.get(node);
            let operator = record.map(|record| record.operator).unwrap_or_default();
            self.add_credit(operator, if position == 0 { share + rest } else { share });
        }
    }

    pub(super) fn fail_job(
        &mut self,
        failure: &Failure,
        members: &[u8],
        signatures: &[Signature],
    ) -> Outcome {
        let committee = self.open_job_committee(failure.job)?;
        check(
            u64::from(failure.culprits) < 1 << committee.len(),
            Revert::BadCulprits,
        )?;
        let accuses_itself = members
            .iter()
            .filter_map(|member| failure.culprits.checked_shr(u32::from(*member)))
            .any(|culprits| culprits & 1 != 0);
        check(!accuses_itself, Revert::BadCulprits)?;
        self.check_signatures(failure, &committee, members, signatures)?;
        let (requester, escrow) = self.refund(failure.job)?;
        let job = self.ledger.jobs.get(&failure.job);
        let changes = job.is_some_and(|job| job.request.changes);
        let kept = match failure.reason {
            FailureReason::Refused if changes => {
                self.ledger.config.map_or(0, |config| config.prices.base)
            }
            _ => 0,
        };
        self.pay_committee(&committee, kept);
        let refund = escrow - kept;
        self.add_credit(requester, refund);
        self.emit(Event::JobFailed {
            failure: failure.clone(),
            refund,
        })
    }

    pub(super) fn expire_job(&mut self, tx: &Transaction<'_>, job: JobId) -> Outcome {
        self.open_job_committee(job)?;
        let deadline = self
            .ledger
            .jobs
            .get(&job)
            .map_or(u64::MAX, |record| record.request.deadline);
        check(tx.block.time > deadline, Revert::DeadlineNotReached)?;
        let (requester, refund) = self.refund(job)?;
        self.add_credit(requester, refund);
        self.emit(Event::JobExpired { job, refund })
    }

    pub(super) fn withdraw(&mut self, tx: &Transaction<'_>) -> Outcome {
        let amount = self.credits.remove(&tx.sender).unwrap_or_default();
        check(amount > 0, Revert::NothingToWithdraw)?;
        self.emit(Event::Withdrawn {
            account: tx.sender,
            amount,
        })
    }

    fn open_job_committee(&self, job: JobId) -> Result<Vec<NodeId>, Revert> {
        let committee = self.ledger.job_committee(job);
        let committee = committee.ok_or(Revert::UnknownJob)?;
        check(self.job_is_open(job), Revert::JobNotOpen)?;
        Ok(committee.to_vec())
    }

    fn refund(&self, job: JobId) -> Result<(Address, u128), Revert> {
        let record = self.ledger.jobs.get(&job).ok_or(Revert::UnknownJob)?;
        Ok((record.requester, record.fee + record.request.pays))
    }

    /// At least t+1 different members signed.
    fn check_signatures(
        &self,
        message: &impl Typed,
        committee: &[NodeId],
        members: &[u8],
        signatures: &[Signature],
    ) -> Result<(), Revert> {
        check(members.len() == signatures.len(), Revert::LengthMismatch)?;
        check(
            members.len() > (committee.len() - 1) / 2,
            Revert::NotEnoughSignatures,
        )?;
        check(strictly_increasing(members), Revert::SignerOutOfOrder)?;
        let last = members.last().map_or(0, |last| usize::from(*last));
        check(last < committee.len(), Revert::SignerOutOfOrder)?;
        let digest = self.domain.digest(message);
        for (member, signature) in members.iter().zip(signatures) {
            let node = committee
                .get(usize::from(*member))
                .ok_or(Revert::SignerOutOfOrder)?;
            check(
                signature.signer(&digest) == Some(self.signer(*node)),
                Revert::BadSignature,
            )?;
        }
        Ok(())
    }
}
