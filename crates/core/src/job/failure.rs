//! Giving up: each member says, signed, whom it names; t+1 equal statements fail the job on chain and
//! refund the requester. When the members do not agree on names in time, nobody is named.

use std::collections::BTreeSet;

use enigma_field::Party as PartyNumber;
use enigma_wire::controller::{Failure, FailureReason};
use enigma_wire::peer::{self, Control};
use enigma_wire::sign::Signature;

use super::{Job, Phase};
use crate::party::Shared;
use crate::seam::{Call, Effect, Fact, Millis};

/// Different statements kept of one member: its first, restatements while further links go down, and
/// the one without names.
const STATEMENTS_MAX: usize = 8;
/// Milliseconds before a submission is repeated.
const SUBMISSION_RETRY_MS: u64 = 10_000;

impl Job {
    /// Stops the job here and tells the others.
    pub(super) fn give_up(
        &mut self,
        shared: &mut Shared,
        culprits: BTreeSet<PartyNumber>,
        reason: FailureReason,
        why: String,
    ) {
        if matches!(self.phase, Phase::GivingUp { .. } | Phase::Closed) {
            return;
        }
        let names = culprits
            .iter()
            .map(|party| self.member(*party).node)
            .collect();
        shared.push(Effect::Report(Fact::JobGivenUp {
            job: self.run.job,
            culprits: names,
            why: why.clone(),
        }));
        self.reason = Some(why);
        if self.phase.is_before_setup() {
            shared.may_use.retain(|(_, job), _| *job != self.run.job);
        }
        // Replacing the phase drops the machine and with it every secret of the run.
        self.phase = Phase::GivingUp {
            since: shared.now,
            own: None,
            submitted: None,
        };
        self.state_failure(shared, &culprits, reason);
    }

    /// Another link went down while giving up: name everybody who is gone.
    pub(super) fn restate_failure(&mut self, shared: &mut Shared) {
        let Phase::GivingUp { own, .. } = &self.phase else {
            return;
        };
        if own
            .as_ref()
            .is_none_or(|failure| failure.reason == FailureReason::Unresponsive)
        {
            let culprits = self.unlinked(shared);
            self.state_failure(shared, &culprits, FailureReason::Unresponsive);
        }
    }

    /// A link came up while giving up: its member has not heard this one's statement.
    pub(super) fn repeat_failure(&mut self, shared: &mut Shared, to: PartyNumber) {
        let Phase::GivingUp {
            own: Some(failure), ..
        } = &self.phase
        else {
            return;
        };
        let own = self.statements.get(failure);
        if let Some(signature) = own.and_then(|signers| signers.get(&self.me)) {
            let message = Control::Failed(failure.clone(), *signature);
            let frame = peer::encode_control(self.run, &message);
            let to = self.member(to).peer;
            shared.push(Effect::Send { to, frame });
        }
    }

    fn state_failure(
        &mut self,
        shared: &mut Shared,
        culprits: &BTreeSet<PartyNumber>,
        reason: FailureReason,
    ) {
        let bits = culprits
            .iter()
            .fold(0u32, |bits, party| bits | 1 << party.index());
        let failure = Failure {
            job: self.run.job,
            culprits: bits,
            reason,
        };
        let signature = shared
            .keys
            .signer
            .sign(&shared.config.domain.digest(&failure));
        self.statements
            .entry(failure.clone())
            .or_default()
            .insert(self.me, signature);
        if let Phase::GivingUp { own, .. } = &mut self.phase {
            *own = Some(failure.clone());
        }
        self.broadcast(shared, &Control::Failed(failure, signature));
        self.try_fail(shared);
    }

    /// A member's signed statement that it gave up.
    pub(super) fn on_failed(
        &mut self,
        shared: &mut Shared,
        from: PartyNumber,
        failure: Failure,
        signature: Signature,
    ) {
        let signer = signature.signer(&shared.config.domain.digest(&failure));
        if failure.job != self.run.job || signer != Some(self.member(from).signer) {
            return self.accuse(
                shared,
                from,
                "a failure statement without a valid signature".to_owned(),
            );
        }
        let known = self
            .statements
            .values()
            .filter(|signers| signers.contains_key(&from))
            .count();
        if known >= STATEMENTS_MAX || matches!(self.phase, Phase::Closed) {
            return;
        }
        self.statements
            .entry(failure)
            .or_default()
            .insert(from, signature);
        if !matches!(self.phase, Phase::GivingUp { .. }) {
            // The run is over for everybody; this member names nobody until it has seen why itself.
            let node = self.member(from).node;
            self.reason = Some(format!("node {node} gave the job up"));
            self.phase = Phase::GivingUp {
                since: shared.now,
                own: None,
                submitted: None,
            };
            if !self.unlinked(shared).is_empty() {
                self.restate_failure(shared);
            }
        }
        self.try_fail(shared);
    }

    /// Submits an agreed failure when it is this member's turn; after a while, agrees on nobody.
    pub(super) fn try_fail(&mut self, shared: &mut Shared) {
        let Phase::GivingUp {
            since,
            own,
            submitted,
        } = &self.phase
        else {
            return;
        };
        let (waited, due) = (shared.now.since(*since), submission_due(shared, *submitted));
        let timeouts = shared.config.timeouts;
        let unnamed = Failure {
            job: self.run.job,
            culprits: 0,
            reason: FailureReason::Refused,
        };
        let already_unnamed = own.as_ref() == Some(&unnamed);
        if let Some((failure, signers)) = self.agreed() {
            let turn = self.turn(signers.iter().map(|(party, _)| *party));
            if due && waited >= turn * timeouts.submit_ms {
                let members = signers
                    .iter()
                    .map(|(party, _)| party.index() as u8)
                    .collect();
                let signatures = signers.iter().map(|(_, signature)| *signature).collect();
                shared.submit(Call::FailJob {
                    failure,
                    members,
                    signatures,
                });
                if let Phase::GivingUp { submitted, .. } = &mut self.phase {
                    *submitted = Some(shared.now);
                }
            }
        } else if waited > timeouts.agreement_ms && !already_unnamed {
            self.state_failure(shared, &BTreeSet::new(), FailureReason::Refused);
        }
    }

    /// A statement with t+1 signatures of members it does not name.
    fn agreed(&self) -> Option<(Failure, Vec<(PartyNumber, Signature)>)> {
        let needed = usize::from(self.committee.t()) + 1;
        self.statements.iter().find_map(|(failure, signers)| {
            let unnamed: Vec<_> = signers
                .iter()
                .filter(|(party, _)| failure.culprits & (1 << party.index()) == 0)
                .map(|(party, signature)| (*party, *signature))
                .collect();
            (unnamed.len() >= needed).then(|| (failure.clone(), unnamed))
        })
    }

    /// How many members come before this one in submitting, by their numbers.
    pub(super) fn turn(&self, signers: impl Iterator<Item = PartyNumber>) -> u64 {
        signers.filter(|party| *party < self.me).count() as u64
    }
}

/// A submission that was refused is repeated after a while: another member may have been first, which
/// the ledger will tell.
pub(super) fn submission_due(shared: &Shared, submitted: Option<Millis>) -> bool {
    submitted.is_none_or(|at| shared.now.since(at) > SUBMISSION_RETRY_MS)
}
