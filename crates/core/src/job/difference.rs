//! The rule against differences: two runs over nearly the same people show, by subtraction, what the few gave in whom they differ.
//!
//! A collection's rows never change once it is sealed, and what the input check and the collection's condition drop is the same each
//! time. So runs over it differ by whose rows they may use. Of two runs that mix `k` people's rows, so many accounts differ, gone and
//! new together, as by none or by at least `k`: then what the difference shows mixes as many as each run must. That `k` is the larger one
//! of both runs ([`Contract::mixes`]). Accounts of whom no row is left are not counted: everybody knows that they add nothing. Where
//! both runs show sums over parts that private data chose, of which each may differ by one person, none may differ. Runs that show
//! nothing mixed, or nothing but what noise covers, which the budget counts, are not compared.
//!
//! Every started run counts, however it ended: it may have shown something before. So does one that may still start. Each member
//! writes down whose rows a run may use before it may start, so all have it of whatever was started; and of whom it found no row.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use borsh::{BorshDeserialize, BorshSerialize};
use enigma_bytecode::model::Contract;
use enigma_wire::id::{Address, CollectionId, JobId, MemberIndex};
use enigma_wire::ledger::{JobRecord, JobState, Ledger};

use super::field::Columns;
use super::inputs::Input;
use super::{Job, Phase};
use crate::party::{Pending, Shared};
use crate::seam::{Table, Write};

/// Members, ascending.
type Members = Vec<MemberIndex>;

/// Whose rows of a collection a run may use, as it is stored.
#[derive(Clone, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
enum Stored {
    Members(Members),
    /// The same as an earlier run.
    As(JobId),
}

/// Where it is written down.
fn key(collection: CollectionId, job: JobId) -> Vec<u8> {
    [collection.0.to_be_bytes(), job.0.to_be_bytes()].concat()
}

/// Where it is written down of whom no row of a collection was left: no run has this number.
fn key_of_none(collection: CollectionId) -> Vec<u8> {
    key(collection, JobId(u64::MAX))
}

/// What is written down of a collection.
#[derive(Default)]
struct Written {
    /// Whose rows its runs may use.
    runs: BTreeMap<JobId, Arc<Members>>,
    /// Of whom no row was left.
    nothing: BTreeSet<MemberIndex>,
}

/// References are followed.
fn read(pairs: &[(Vec<u8>, Vec<u8>)]) -> Option<Written> {
    let mut found = Written::default();
    for (key, value) in pairs {
        let (_, job) = key.split_first_chunk::<8>()?;
        let job = JobId(u64::from_be_bytes(job.try_into().ok()?));
        if job == JobId(u64::MAX) {
            found.nothing = borsh::from_slice(value).ok()?;
            continue;
        }
        let members = match borsh::from_slice(value).ok()? {
            Stored::Members(members) => Arc::new(members),
            // It stands before: its number is lower.
            Stored::As(earlier) => Arc::clone(found.runs.get(&earlier)?),
        };
        found.runs.insert(job, members);
    }
    Some(found)
}

/// Other runs over a collection that mix rows of it, and were started or still may be.
fn others<'a>(
    ledger: &'a Ledger,
    program: &'a Contract,
    (own, collection, slot): (JobId, CollectionId, u16),
) -> impl Iterator<Item = (JobId, &'a JobRecord, u32)> {
    let all = ledger.jobs.iter().filter(move |(job, _)| **job != own);
    let over = all.filter(move |(_, job)| job.request.collections.contains(&collection));
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
        shared: &mut Shared,
        pairs: &[(Vec<u8>, Vec<u8>)],
        at: usize,
    ) -> Result<Write, String> {
        let program = self.program.as_ref().ok_or("the program is not loaded")?;
        let mixed = self.mixed(program).nth(at).ok_or("no such collection")?;
        let (collection, ours) = (mixed.0.collection, mixed.0.members());
        let written = read(pairs).ok_or("what this node wrote down of earlier runs is damaged")?;
        let nothing = shared.nothing.entry(collection).or_default();
        nothing.extend(&written.nothing);
        self.check_differences(shared, program, mixed, &written.runs)?;
        let same = written.runs.range(..self.run.job);
        let mut same = same.filter(|(_, members)| ***members == ours);
        let value = match same.next() {
            Some((earlier, _)) => Stored::As(*earlier),
            None => Stored::Members(ours),
        };
        Ok(Write::Put {
            table: Table::Admitted,
            key: key(collection, self.run.job),
            value: borsh::to_vec(&value).expect("writing to memory cannot fail"),
        })
    }

    /// Whether whose rows the job may use differs enough from each other run's.
    fn check_differences(
        &self,
        shared: &Shared,
        program: &Contract,
        (input, mixed): (&Input, u32),
        written: &BTreeMap<JobId, Arc<Members>>,
    ) -> Result<(), String> {
        let (collection, slot, ours) = (input.collection, input.slot, input.members());
        let nothing = shared.nothing.get(&collection);
        let record = shared.ledger.collections.get(&collection);
        let accounts = |members: &[MemberIndex]| -> BTreeSet<Address> {
            let counts = |member: &&MemberIndex| !nothing.is_some_and(|of| of.contains(member));
            let owner = |member| Some(record?.contributions.get(member)?.owner);
            members.iter().filter(counts).filter_map(owner).collect()
        };
        let shows_parts = |entry: u16| program.shows_parts(entry.into(), slot.into());
        let own = accounts(&ours);
        let place = (self.run.job, collection, slot);
        for (job, record, theirs_mixed) in others(&shared.ledger, program, place) {
            // One that was asked for later counts when this member has written it down: after a restart it may have come first.
            let announced = shared.may_use.get(&(collection, job));
            let announced = announced.filter(|_| job < self.run.job);
            let theirs = announced.or_else(|| Some(&**written.get(&job)?));
            // Without this member nothing was computed, and it takes part in nothing that it has not written down.
            let Some(theirs) = theirs.filter(|theirs| **theirs != ours) else {
                continue;
            };
            let differ = own.symmetric_difference(&accounts(theirs)).count();
            let both = shows_parts(self.request.entry) && shows_parts(record.request.entry);
            let needed = (!both).then_some(mixed.max(theirs_mixed) as usize);
            if (1..needed.unwrap_or(usize::MAX)).contains(&differ) {
                return Err(refusal((collection, job), differ, needed));
            }
        }
        Ok(())
    }

    /// Writes down of whom no row is left. Nothing waits for it: a member that does not know it counts too many, and one that knows is
    /// enough to refuse.
    pub(super) fn remember_nothing(&self, shared: &mut Shared) {
        let mut writes = Vec::new();
        for input in &self.inputs {
            let Some(known) = shared.nothing.get_mut(&input.collection) else {
                continue;
            };
            let before = known.len();
            let empty = input.admitted.iter().filter(|giver| giver.used == 0);
            known.extend(empty.map(|giver| giver.member));
            if known.len() > before {
                writes.push(Write::Put {
                    table: Table::Admitted,
                    key: key_of_none(input.collection),
                    value: borsh::to_vec(known).expect("writing to memory cannot fail"),
                });
            }
        }
        if !writes.is_empty() {
            shared.persist(Pending::Cleanup, writes);
        }
    }
}

fn refusal(
    (collection, job): (CollectionId, JobId),
    differ: usize,
    needed: Option<usize>,
) -> String {
    let may = match needed {
        Some(needed) => format!("it may differ by none, or by {needed} and more"),
        None => "where both show sums over parts that private data chose, it may differ by none"
            .to_owned(),
    };
    format!(
        "whose rows of collection {collection} may be used differs from job {job} by {differ} people, and what both runs show would tell \
         what they gave; {may}: wait for further consents to begin or to end, or collect anew"
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn members(of: &[u32]) -> Members {
        of.iter().map(|member| MemberIndex(*member)).collect()
    }

    #[test]
    fn what_is_written_down_is_read_again() {
        let place = |job: u64| key(CollectionId(7), JobId(job));
        let bytes = |stored: Stored| borsh::to_vec(&stored).expect("memory");
        let list = members(&[0, 3]);
        let pairs = vec![
            (place(2), bytes(Stored::Members(list.clone()))),
            (place(300), bytes(Stored::As(JobId(2)))),
            (
                key_of_none(CollectionId(7)),
                borsh::to_vec(&list).expect("memory"),
            ),
        ];
        let written = read(&pairs).expect("whole");
        let expected = [
            (JobId(2), Arc::new(list.clone())),
            (JobId(300), Arc::new(list.clone())),
        ];
        assert_eq!(written.runs, BTreeMap::from(expected));
        assert!(written.nothing.iter().eq(&list));
        assert!(
            read(&pairs[1..]).is_none(),
            "it refers to what is not there"
        );
        for broken in [(place(2), vec![9]), (vec![1], bytes(Stored::As(JobId(1))))] {
            assert!(read(&[broken]).is_none());
        }
    }
}
