//! Erases what no run can read any more of what committees keep between runs, secret or beside the chain: what was there before a run
//! that was settled, and what a run has left that was not.
//!
//! Values are not read for that, and keys a page at a time: however much there is, a node has room for it.

use enigma_wire::id::JobId;
use enigma_wire::ledger::JobState;

use crate::party::{Party, Pending};
use crate::seam::{KEYS_AT_ONCE, Table, Write};

/// The tables of what runs leave. Keys begin with the instance and end with the job that has left the value; the later value of the same
/// begin takes the place of the earlier one.
const TABLES: [Table; 2] = [Table::Secrets, Table::Kept];

/// Whether a table has been looked through since this process has begun: an earlier one may have left something.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Swept {
    #[default]
    NotYet,
    Looking,
    Done,
}

/// Looks through the keys of a table that begin alike.
pub(crate) struct Sweep {
    pub(crate) table: Table,
    prefix: Vec<u8>,
    /// Of what was found so far the last key that a settled run has left: it goes if the next one is of the same place.
    last: Option<Vec<u8>>,
}

fn swept(party: &mut Party, table: Table) -> &mut Swept {
    party.left.entry(table).or_default()
}

/// Begins to look through keys.
fn begin(party: &mut Party, table: Table, prefix: Vec<u8>) {
    let sweep = Sweep {
        table,
        prefix: prefix.clone(),
        last: None,
    };
    let pending = Pending::Left(sweep);
    party.shared.list_keys(pending, (table, prefix), None);
}

/// Called when the ledger is up to date.
pub(crate) fn sweep(party: &mut Party) {
    for table in TABLES {
        let swept = swept(party, table);
        if *swept == Swept::NotYet {
            *swept = Swept::Looking;
            begin(party, table, Vec::new());
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
            Swept::NotYet => {}
            // One that is under way may be past this instance.
            Swept::Looking | Swept::Done => begin(party, table, instance.clone()),
        }
    }
}

/// What is before the job in a key, and the job.
fn parts(key: &[u8]) -> Option<(&[u8], JobId)> {
    let (place, job) = key.split_last_chunk()?;
    Some((place, JobId(u64::from_be_bytes(*job))))
}

/// Keys in their order, hence those of a place one after the other and the earlier job before the later one: of each place, what the
/// last settled run has left stays, and what a run has left that may still settle.
pub(crate) fn found(party: &mut Party, mut sweep: Sweep, keys: Vec<Vec<u8>>) {
    let table = sweep.table;
    let after = keys.last().filter(|_| keys.len() >= KEYS_AT_ONCE).cloned();
    let jobs = &party.shared.ledger.jobs;
    let mut gone = Vec::new();
    for key in keys {
        let Some((place, job)) = parts(&key) else {
            continue;
        };
        match jobs.get(&job).map(|record| &record.state) {
            // A job that the ledger does not know is one that it does not know yet: what tells of the chain may lag behind what told
            // of it before.
            None | Some(JobState::Open) => {}
            Some(JobState::Settled(_)) => {
                let before = sweep.last.take();
                let is_same = |before: &Vec<u8>| parts(before).is_some_and(|(of, _)| of == place);
                gone.extend(before.filter(is_same));
                sweep.last = Some(key);
            }
            Some(_) => gone.push(key),
        }
    }
    if !gone.is_empty() {
        let gone = gone.into_iter().map(|key| Write::Delete { table, key });
        let gone = gone.collect();
        party.shared.persist(Pending::LeftErased(table), gone);
    }
    if after.is_some() {
        let at = (table, sweep.prefix.clone());
        return party.shared.list_keys(Pending::Left(sweep), at, after);
    }
    let swept = swept(party, table);
    // What has failed meanwhile is looked through again.
    if sweep.prefix.is_empty() && *swept == Swept::Looking {
        *swept = Swept::Done;
    }
}

/// The disk could not be looked through, or something not be erased: all of it, later, again.
pub(crate) fn failed(party: &mut Party, table: Table) {
    *swept(party, table) = Swept::NotYet;
}
