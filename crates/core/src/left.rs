//! Erases what no run can read any more of what committees keep between runs, secret or beside the chain: what was there before a run
//! that was settled, and what a run has left that was not.

use std::collections::BTreeMap;

use enigma_wire::id::JobId;
use enigma_wire::ledger::JobState;

use crate::party::{Party, Pending};
use crate::seam::{Table, Write};

/// The tables of what runs leave. Keys begin with the instance and end with the job that has left the value; the later value of the same
/// begin takes the place of the earlier one.
const TABLES: [Table; 2] = [Table::Secrets, Table::Kept];

/// Whether a table has been looked through since this process has begun: an earlier one may have left something.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Swept {
    #[default]
    NotYet,
    Looking,
    /// A job has ended meanwhile.
    LookingAgain,
    Done,
}

fn swept(party: &mut Party, table: Table) -> &mut Swept {
    party.left.entry(table).or_default()
}

/// Called when the ledger is up to date.
pub(crate) fn sweep(party: &mut Party) {
    for table in TABLES {
        let swept = swept(party, table);
        if *swept == Swept::NotYet {
            *swept = Swept::Looking;
            party.shared.load(Pending::Left(table), table, Vec::new());
        }
    }
}

/// A job is over: what an instance kept before it, or what the job itself has left, goes.
pub(crate) fn job_over(party: &mut Party, job: JobId) {
    let record = party.shared.ledger.jobs.get(&job);
    let Some(record) = record.filter(|record| record.request.changes) else {
        return;
    };
    let instance = record.request.instance.0.to_vec();
    for table in TABLES {
        let swept = swept(party, table);
        match swept {
            // Of jobs of the past the first sweep takes care.
            Swept::NotYet | Swept::LookingAgain => {}
            Swept::Looking => *swept = Swept::LookingAgain,
            Swept::Done => {
                let pending = Pending::Left(table);
                party.shared.load(pending, table, instance.clone());
            }
        }
    }
}

/// What is before the job in a key, and the job.
fn parts(key: &[u8]) -> Option<(&[u8], JobId)> {
    let (place, job) = key.split_last_chunk()?;
    Some((place, JobId(u64::from_be_bytes(*job))))
}

/// What is on the disk: of each place, what the last settled run has left stays, and what a run has left that may still settle.
pub(crate) fn found(party: &mut Party, table: Table, pairs: &[(Vec<u8>, Vec<u8>)]) {
    let swept = swept(party, table);
    *swept = match swept {
        Swept::LookingAgain => Swept::NotYet,
        _ => Swept::Done,
    };
    let ledger = &party.shared.ledger;
    let state = |job: &JobId| ledger.jobs.get(job).map(|record| &record.state);
    let is_settled = |job: &JobId| matches!(state(job), Some(JobState::Settled(_)));
    let keys = || pairs.iter().filter_map(|(key, _)| Some((key, parts(key)?)));
    let mut last: BTreeMap<&[u8], JobId> = BTreeMap::new();
    for (_, (place, job)) in keys().filter(|(_, (_, job))| is_settled(job)) {
        let known = last.entry(place).or_insert(job);
        *known = job.max(*known);
    }
    // A job that the ledger does not know is one that it does not know yet: what tells of the chain may lag behind what told of it before.
    let may_settle = |job: &JobId| state(job).is_none_or(|state| *state == JobState::Open);
    let gone = keys().filter(|(_, (place, job))| last.get(place) != Some(job) && !may_settle(job));
    let erase = |(key, _): (&Vec<u8>, _)| Write::Delete {
        table,
        key: key.clone(),
    };
    let gone: Vec<Write> = gone.map(erase).collect();
    if !gone.is_empty() {
        party.shared.persist(Pending::LeftErased(table), gone);
    }
}

/// The disk could not be looked through, or something not be erased: all of it, later, again.
pub(crate) fn failed(party: &mut Party, table: Table) {
    *swept(party, table) = Swept::NotYet;
}
