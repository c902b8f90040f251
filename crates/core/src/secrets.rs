//! Erases what no run can read any more of what committees keep secret: the secrets that were there before a run that was settled,
//! and those that a run has left that was not.

use std::collections::BTreeMap;

use enigma_wire::id::{Hash, JobId};
use enigma_wire::ledger::JobState;

use crate::job::key_of;
use crate::party::{Party, Pending};
use crate::seam::{Table, Write};

/// Whether the disk has been looked through since this process has begun: an earlier one may have left something.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Swept {
    #[default]
    NotYet,
    Looking,
    /// A job has ended meanwhile.
    LookingAgain,
    Done,
}

/// Called when the ledger is up to date.
pub(crate) fn sweep(party: &mut Party) {
    if party.secrets == Swept::NotYet {
        party.secrets = Swept::Looking;
        party
            .shared
            .load(Pending::Secrets, Table::Secrets, Vec::new());
    }
}

/// A job is over: what an instance kept before it, or what the job itself has left, goes.
pub(crate) fn job_over(party: &mut Party, job: JobId) {
    let record = party.shared.ledger.jobs.get(&job);
    let Some(record) = record.filter(|record| record.request.changes) else {
        return;
    };
    match party.secrets {
        // Of jobs of the past the first sweep takes care.
        Swept::NotYet | Swept::LookingAgain => {}
        Swept::Looking => party.secrets = Swept::LookingAgain,
        Swept::Done => {
            let instance = record.request.instance.0.to_vec();
            let pending = Pending::Secrets;
            party.shared.load(pending, Table::Secrets, instance);
        }
    }
}

/// What instances have on the disk: of each, what the last settled run has left stays, and what a run has left that may still settle.
pub(crate) fn found(party: &mut Party, pairs: &[(Vec<u8>, Vec<u8>)]) {
    party.secrets = match party.secrets {
        Swept::LookingAgain => Swept::NotYet,
        _ => Swept::Done,
    };
    let ledger = &party.shared.ledger;
    let state = |job: &JobId| ledger.jobs.get(job).map(|record| &record.state);
    let is_settled = |job: &JobId| matches!(state(job), Some(JobState::Settled(_)));
    let keys = || {
        pairs
            .iter()
            .filter_map(|(key, _)| Some((key, key_of(key)?)))
    };
    let mut last: BTreeMap<Hash, JobId> = BTreeMap::new();
    for (_, (instance, job)) in keys().filter(|(_, (_, job))| is_settled(job)) {
        let known = last.entry(instance).or_insert(job);
        *known = job.max(*known);
    }
    // A job that the ledger does not know is one that it does not know yet: what tells of the chain may lag behind what told of it before.
    let may_settle = |job: &JobId| state(job).is_none_or(|state| *state == JobState::Open);
    let stays =
        |(instance, job): &(Hash, JobId)| last.get(instance) == Some(job) || may_settle(job);
    let gone = keys().filter(|(_, of)| !stays(of));
    let erase = |(key, _): (&Vec<u8>, _)| Write::Delete {
        table: Table::Secrets,
        key: key.clone(),
    };
    let gone: Vec<Write> = gone.map(erase).collect();
    if !gone.is_empty() {
        party.shared.persist(Pending::SecretsErased, gone);
    }
}

/// The disk could not be looked through, or something not be erased: all of it, later, again.
pub(crate) fn failed(party: &mut Party) {
    party.secrets = Swept::NotYet;
}
