//! The rule against differences: two runs over nearly the same people show, by subtraction, what the few gave in whom they differ.
//!
//! A collection's rows never change once it is sealed, and what the input check drops is the same each time. So runs over it differ by
//! whose rows they may use. Of two runs that mix `k` people's rows, so many differ, gone and new together, as by none or by at
//! least `k`: then what the difference shows mixes as many as each run must. That `k` is the larger one of both runs
//! ([`Contract::mixes`]). Runs that show nothing mixed, or nothing but what noise covers, which the budget counts, are not compared.
//!
//! Every started run counts, however it ended: it may have shown something before. So does one that may still start. Each member
//! writes down whose rows a run may use before it may start, so all have it of whatever was started.

use std::collections::BTreeMap;

use borsh::{BorshDeserialize, BorshSerialize};
use enigma_bytecode::model::Contract;
use enigma_wire::id::{CollectionId, JobId, MemberIndex};
use enigma_wire::ledger::{JobRecord, JobState, Ledger};

use super::field::Columns;
use super::inputs::Input;
use super::{Job, Phase};
use crate::party::Shared;
use crate::seam::{Table, Write};

/// Members, ascending.
type Members = Vec<MemberIndex>;

/// Whose rows of a collection a run may use, as it is stored.
#[derive(Clone, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
enum Stored {
    Members(Members),
    /// The same as an earlier run, that was started.
    As(JobId),
}

/// Where it is written down.
fn key(collection: CollectionId, job: JobId) -> Vec<u8> {
    [collection.0.to_be_bytes(), job.0.to_be_bytes()].concat()
}

/// What is written down of a collection's runs, references followed.
fn read(pairs: &[(Vec<u8>, Vec<u8>)]) -> Option<BTreeMap<JobId, Members>> {
    let mut found: BTreeMap<JobId, Members> = BTreeMap::new();
    for (key, value) in pairs {
        let (_, job) = key.split_first_chunk::<8>()?;
        let job = JobId(u64::from_be_bytes(job.try_into().ok()?));
        let members = match borsh::from_slice(value).ok()? {
            Stored::Members(members) => members,
            // It stands before: its number is lower.
            Stored::As(earlier) => found.get(&earlier)?.clone(),
        };
        found.insert(job, members);
    }
    Some(found)
}

/// In how many members two ascending lists differ.
fn differing(ours: &[MemberIndex], theirs: &[MemberIndex]) -> usize {
    let only = |some: &[MemberIndex], others: &[MemberIndex]| {
        let missing = |member: &&MemberIndex| others.binary_search(member).is_err();
        some.iter().filter(missing).count()
    };
    only(ours, theirs) + only(theirs, ours)
}

/// Runs over a collection before a job that mix rows of it, and were started or still may be.
fn earlier<'a>(
    ledger: &'a Ledger,
    program: &'a Contract,
    (job, collection, slot): (JobId, CollectionId, u16),
) -> impl Iterator<Item = (JobId, &'a JobRecord, u32)> {
    let before = ledger.jobs.range(..job);
    let over = before.filter(move |(_, job)| job.request.collections.contains(&collection));
    let counts = over.filter(|(_, job)| job.started.is_some() || job.state == JobState::Open);
    counts.filter_map(move |(id, record)| {
        let mixed = program.mixes(record.request.entry.into(), slot.into());
        (mixed > 0).then_some((*id, record, mixed))
    })
}

impl Job {
    /// Those of the job's collections of which it mixes rows, so many at least.
    fn mixed<'a>(&'a self, program: &'a Contract) -> impl Iterator<Item = (&'a Input, u32)> {
        let inputs = self.inputs.iter();
        let mixes = |input: &Input| program.mixes(self.request.entry.into(), input.slot.into());
        inputs.filter_map(move |input| Some((input, mixes(input))).filter(|(_, k)| *k > 0))
    }

    /// Lets jobs that were asked for later know whose rows this one may use, before it has written it down.
    pub(super) fn announce_members(&self, shared: &mut Shared, program: &Contract) {
        for (input, _) in self.mixed(program) {
            let place = (input.collection, self.run.job);
            shared.may_use.insert(place, input.members());
        }
    }

    /// With everything read, compares the job with the earlier ones over its collections, from one on; with all of them, the attempt is
    /// recorded.
    pub(super) fn compare(
        &mut self,
        shared: &mut Shared,
        rows: Columns,
        mut writes: Vec<Write>,
        from: usize,
    ) {
        let next = self.program.as_ref().and_then(|program| {
            let place = self.mixed(program).nth(from)?.0.collection;
            Some(place.0.to_be_bytes().to_vec())
        });
        match next {
            Some(prefix) => {
                self.phase = Phase::Comparing {
                    rows,
                    writes,
                    at: from,
                };
                shared.load(self.pending(), Table::Admitted, prefix);
            }
            None => {
                writes.push(self.attempt());
                self.phase = Phase::Recording { rows };
                shared.persist(self.pending(), writes);
            }
        }
    }

    /// What is written down of the runs over a collection was read.
    pub(super) fn on_earlier(&mut self, shared: &mut Shared, pairs: &[(Vec<u8>, Vec<u8>)]) {
        let Phase::Comparing { rows, writes, at } = &mut self.phase else {
            return;
        };
        let (rows, mut writes, at) = (std::mem::take(rows), std::mem::take(writes), *at);
        match self.judged(shared, pairs, at) {
            Ok(write) => {
                writes.push(write);
                self.compare(shared, rows, writes, at + 1);
            }
            Err(why) => self.refuse(shared, why),
        }
    }

    /// What is to be written down of the job's collection at this place, if it may run.
    fn judged(
        &self,
        shared: &Shared,
        pairs: &[(Vec<u8>, Vec<u8>)],
        at: usize,
    ) -> Result<Write, String> {
        let program = self.program.as_ref().ok_or("the program is not loaded")?;
        let (input, mixed) = self.mixed(program).nth(at).ok_or("no such collection")?;
        let stored = read(pairs).ok_or("what this node wrote down of earlier runs is damaged")?;
        let ours = input.members();
        let mut same = None;
        let place = (self.run.job, input.collection, input.slot);
        for (job, record, theirs_mixed) in earlier(&shared.ledger, program, place) {
            let announced = shared.may_use.get(&(input.collection, job));
            let theirs = announced.or_else(|| stored.get(&job));
            // Without this member nothing was computed, and it takes part in nothing that it has not written down.
            let Some(theirs) = theirs else { continue };
            let (differ, needed) = (differing(&ours, theirs), mixed.max(theirs_mixed));
            if (1..needed as usize).contains(&differ) {
                return Err(format!(
                    "whose rows of collection {} may be used differs from job {job} by {differ} members, and what both runs show would tell \
                     what they gave; it may differ by none, or by {needed} and more: wait for further consents to begin or to end, or collect anew",
                    input.collection
                ));
            }
            if differ == 0 && record.started.is_some() && stored.contains_key(&job) {
                same = Some(job);
            }
        }
        let value = same.map_or(Stored::Members(ours), Stored::As);
        Ok(Write::Put {
            table: Table::Admitted,
            key: key(input.collection, self.run.job),
            value: borsh::to_vec(&value).expect("writing to memory cannot fail"),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn members(of: &[u32]) -> Members {
        of.iter().map(|member| MemberIndex(*member)).collect()
    }

    #[test]
    fn who_is_gone_and_who_is_new_counts() {
        let ours = members(&[1, 2, 3, 5, 8]);
        for (theirs, differ) in [
            (&[1, 2, 3, 5, 8][..], 0),
            (&[1, 2, 3, 5], 1),
            (&[1, 2, 3, 5, 8, 9], 1),
            (&[1, 2, 3, 5, 9], 2),
            (&[4, 6, 7], 8),
            (&[], 5),
        ] {
            assert_eq!(differing(&ours, &members(theirs)), differ);
            assert_eq!(differing(&members(theirs), &ours), differ);
        }
    }

    #[test]
    fn what_is_written_down_is_read_again() {
        let place = |job: u64| key(CollectionId(7), JobId(job));
        let bytes = |stored: Stored| borsh::to_vec(&stored).expect("memory");
        let list = members(&[0, 3]);
        let pairs = vec![
            (place(2), bytes(Stored::Members(list.clone()))),
            (place(300), bytes(Stored::As(JobId(2)))),
        ];
        let expected = BTreeMap::from([(JobId(2), list.clone()), (JobId(300), list)]);
        assert_eq!(read(&pairs), Some(expected));
        assert_eq!(read(&pairs[1..]), None, "it refers to what is not there");
        for broken in [(place(2), vec![9]), (vec![1], bytes(Stored::As(JobId(1))))] {
            assert_eq!(read(&[broken]), None);
        }
    }
}
