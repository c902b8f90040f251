//! Whose rows a job uses: in each of its collections those of the members whom their consent admits, without those that
//! break the declared range.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use enigma_bytecode::model::Contract;
use enigma_wire::api::DroppedRow;
use enigma_wire::effects::InstanceState;
use enigma_wire::id::{Address, CollectionId, Hash, JobId, MemberIndex, SealKey};
use enigma_wire::ledger::{JobRecord, Ledger, RightQuestion};

use super::Job;
use crate::party::Shared;

/// One of a job's collections.
pub(super) struct Input {
    pub(super) collection: CollectionId,
    /// Which of the contract's collections it is.
    pub(super) slot: u16,
    /// The block in which it was opened.
    pub(super) opened: u64,
    /// Members admitted by consent, in member order, with what is needed to serve them.
    pub(super) admitted: Vec<RowOwner>,
    /// Members of whom the range check dropped a row, ascending.
    pub(super) dropped: Vec<MemberIndex>,
}

#[derive(Clone)]
pub(super) struct RowOwner {
    pub(super) member: MemberIndex,
    pub(super) owner: Address,
    pub(super) root: Hash,
    pub(super) seal_key: SealKey,
    /// Smallest group this owner agreed to.
    pub(super) min_group: u32,
    /// How many rows the owner gave. They stand together, in the owner's order.
    pub(super) rows: u32,
    /// How many of them are used: all, before the range check is over.
    pub(super) used: u32,
}

/// What a job is judged by, as the ledger stood at the end of its request's block.
pub(crate) struct Admitted {
    /// By collection of the job, the members whose rows it may use, with the smallest group each agreed to.
    members: Vec<Vec<(MemberIndex, u32)>>,
    /// By collection of the contract, who has given to any of the instance's, in the order of collections and members.
    pub(super) givers: BTreeMap<u16, Vec<Address>>,
    /// What the instance has on the chain.
    pub(super) state: Arc<InstanceState>,
}

/// To be called when the request's block has been applied; `None` when this node is not on the committee.
pub(crate) fn admitted(shared: &Shared, id: JobId) -> Option<Admitted> {
    let ledger = &shared.ledger;
    let committee = ledger.job_committee(id)?;
    shared.node().filter(|node| committee.contains(node))?;
    let job = ledger.jobs.get(&id)?;
    let instance = job.request.instance;
    let mut givers: BTreeMap<u16, Vec<Address>> = BTreeMap::new();
    let collections = ledger.collections.values();
    for collection in collections.filter(|collection| collection.terms.instance == instance) {
        let owners = collection.contributions.values().map(|given| given.owner);
        givers
            .entry(collection.terms.slot)
            .or_default()
            .extend(owners);
    }
    Some(Admitted {
        members: job.questions().map(|of| eligible(ledger, &of)).collect(),
        givers,
        state: Arc::clone(&ledger.instances.get(&instance)?.state),
    })
}

/// A job's collections in the request's order. `None` when the ledger does not hold what the job refers to, which it always
/// does.
pub(super) fn inputs(ledger: &Ledger, job: &JobRecord, admitted: &Admitted) -> Option<Vec<Input>> {
    let collections = job.questions().zip(&admitted.members);
    collections
        .map(|(question, admitted)| Input::new(ledger, &question, admitted))
        .collect()
}

/// The members whose rows may be used, with the smallest group each agreed to. Of an account that a list names more than once, the
/// first one: groups are people, and noise covers what one of them gives.
fn eligible(ledger: &Ledger, question: &RightQuestion) -> Vec<(MemberIndex, u32)> {
    let collection = ledger.collections.get(&question.collection);
    let mut seen = BTreeSet::new();
    let mut is_first = |member: &MemberIndex| {
        let given = collection.and_then(|collection| collection.contributions.get(member));
        given.is_some_and(|given| seen.insert(given.owner))
    };
    let min_group = |member: MemberIndex| {
        let record = ledger.rights.get(&question.key(member));
        let grant = record.and_then(|record| record.grant.as_ref());
        grant.map_or(u32::MAX, |grant| grant.consent.min_group)
    };
    let members = ledger.eligible_members(question).into_iter();
    let mut members: Vec<(MemberIndex, u32)> = members
        .filter(|member| is_first(member))
        .map(|member| (member, min_group(member)))
        .collect();
    // Who counted a place too much may want more than are left.
    keep_content(&mut members, |(_, least)| *least);
    members
}

/// Drops whoever wants a larger group than is left, until nobody does.
fn keep_content<T>(members: &mut Vec<T>, least: impl Fn(&T) -> u32) {
    loop {
        let count = members.len();
        members.retain(|member| least(member) as usize <= count);
        if members.len() == count {
            return;
        }
    }
}

impl Input {
    fn new(
        ledger: &Ledger,
        question: &RightQuestion,
        admitted: &[(MemberIndex, u32)],
    ) -> Option<Self> {
        let collection = ledger.collections.get(&question.collection)?;
        let owner = |(member, min_group): &(MemberIndex, u32)| {
            let contribution = collection.contributions.get(member)?;
            Some(RowOwner {
                member: *member,
                owner: contribution.owner,
                root: contribution.root,
                seal_key: contribution.seal_key,
                min_group: *min_group,
                rows: contribution.rows,
                used: contribution.rows,
            })
        };
        Some(Self {
            collection: question.collection,
            slot: collection.terms.slot,
            opened: collection.opened,
            admitted: admitted.iter().filter_map(owner).collect(),
            dropped: Vec::new(),
        })
    }

    /// Drops members, and then who wants a larger group than is left: those who are left are content, whichever of both was asked
    /// first.
    pub(super) fn keep(&mut self, stays: impl FnMut(&RowOwner) -> bool) {
        let mut stays = stays;
        self.admitted.retain(&mut stays);
        keep_content(&mut self.admitted, |owner| owner.min_group);
    }

    /// Whose rows may be used, in member order.
    pub(super) fn members(&self) -> Vec<MemberIndex> {
        self.admitted.iter().map(|owner| owner.member).collect()
    }

    /// How many rows were submitted.
    pub(super) fn submitted(&self) -> u32 {
        let rows = self.admitted.iter().map(|owner| owner.rows);
        rows.fold(0, u32::saturating_add)
    }

    /// How many of them are used: all, before the range check is over.
    pub(super) fn used_rows(&self) -> u32 {
        let rows = self.admitted.iter().map(|owner| owner.used);
        rows.fold(0, u32::saturating_add)
    }

    /// How many of them were dropped.
    pub(super) fn dropped_rows(&self) -> u32 {
        self.submitted() - self.used_rows()
    }

    /// Whose rows the entry uses, in member order: who has one left.
    pub(super) fn used(&self) -> impl Iterator<Item = &RowOwner> {
        self.admitted.iter().filter(|owner| owner.used > 0)
    }

    /// Takes in what the range check found: for each submitted row whether it is valid. `None` if it is not that.
    pub(super) fn drop_invalid(&mut self, valid: &[bool]) -> Option<()> {
        if valid.len() != self.submitted() as usize {
            return None;
        }
        let mut rest = valid;
        for owner in &mut self.admitted {
            let (own, others) = rest.split_at_checked(owner.rows as usize)?;
            owner.used = own.iter().filter(|valid| **valid).count() as u32;
            if owner.used < owner.rows {
                self.dropped.push(owner.member);
            }
            rest = others;
        }
        Some(())
    }

    /// Whether as many members have rows left as each owner of one wants. Members of whom no row is left count for nobody.
    pub(super) fn is_large_enough(&self) -> bool {
        let left = self.used().count();
        self.used().all(|owner| owner.min_group as usize <= left)
    }

    /// The group whose members give the rows.
    pub(super) fn group(&self, program: &Contract) -> Option<u16> {
        Self::group_of(program, self.slot)
    }

    /// The group whose members give to a collection of the contract.
    pub(super) fn group_of(program: &Contract, slot: u16) -> Option<u16> {
        program.collections.get(usize::from(slot))?.group()
    }
}

impl Job {
    /// Of whom rows were dropped.
    pub(super) fn dropped(&self) -> Vec<DroppedRow> {
        let inputs = self.inputs.iter();
        let dropped = inputs.flat_map(|input| {
            let collection = input.collection;
            let members = input.dropped.iter();
            members.map(move |member| DroppedRow {
                collection,
                member: *member,
            })
        });
        dropped.collect()
    }
}
