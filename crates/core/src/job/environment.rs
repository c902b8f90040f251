//! What a call knows when it begins, all of it from the ledger as of the request's block, hence the same at every member: who
//! calls and when, whose accounts the parties are, who gave which row. And whether the entry can be called like that at all.

use enigma_bytecode::model::{Contract, Provider, Role, RowCount};
use enigma_bytecode::plan::{Environment, Sizes};
use enigma_wire::id::Address;
use enigma_wire::ledger::InstanceRecord;

use super::{Job, RowOwner};
use crate::party::Shared;

impl Job {
    /// Which of the contract's collections the job's is.
    pub(super) fn slot(&self, shared: &Shared) -> Result<u16, String> {
        let collection = shared.ledger.collections.get(&self.collection);
        let collection = collection.ok_or("the collection is not on the ledger")?;
        Ok(collection.terms.slot)
    }

    /// How many rows each collection of the contract has in this job, before any is dropped.
    pub(super) fn sizes(&self, shared: &Shared, program: &Contract) -> Result<Sizes, String> {
        let rows = self.rows.submitted();
        Ok(Sizes::single(program, self.slot(shared)?, rows))
    }

    /// What the call knows of the ledger. Rows stand in member order, those of a member together; only the group that gives them has members here.
    pub(super) fn environment(
        &self,
        shared: &Shared,
        program: &Contract,
    ) -> Result<Environment, String> {
        let record = shared.ledger.jobs.get(&self.run.job);
        let record = record.ok_or("the job is not on the ledger")?;
        let at = usize::from(self.slot(shared)?);
        let account = |address: &Address| address.0.to_vec();
        let admitted = &self.rows.admitted;
        let of_rows = || {
            let each = admitted.iter();
            each.flat_map(|giver| std::iter::repeat_n(giver, giver.rows as usize))
        };
        let parties = self.instance(shared)?.parties.iter();
        let mut environment = Environment {
            rows: self.sizes(shared, program)?.rows,
            caller: account(&record.requester),
            height: i64::try_from(record.requested).unwrap_or(i64::MAX),
            parties: parties.map(|party| account(&party.account)).collect(),
            row_accounts: vec![Vec::new(); program.collections.len()],
            row_members: vec![Vec::new(); program.collections.len()],
            groups: vec![Vec::new(); program.groups.len()],
            ..Environment::default()
        };
        let collection = program.collections.get(at);
        if let Some(Provider::Each(group)) = collection.map(|collection| collection.provider)
            && let Some(givers) = environment.groups.get_mut(usize::from(group))
        {
            *givers = admitted.iter().map(|giver| account(&giver.owner)).collect();
        }
        if let Some(rows) = environment.row_accounts.get_mut(at) {
            *rows = of_rows().map(|giver| account(&giver.owner)).collect();
        }
        if let Some(rows) = environment.row_members.get_mut(at) {
            *rows = of_rows().map(|giver| giver.member.0).collect();
        }
        Ok(environment)
    }

    /// Whether the entry computes from the job's collection, and from no other.
    pub(super) fn check_collection(
        &self,
        shared: &Shared,
        program: &Contract,
    ) -> Result<(), String> {
        let slot = self.slot(shared)?;
        let used = program.collections_used(usize::from(self.entry));
        if used.iter().eq([&slot]) {
            return Ok(());
        }
        let name = |of: &u16| match program.collections.get(usize::from(*of)) {
            Some(collection) => collection.name.clone(),
            None => format!("number {of}"),
        };
        let used: Vec<String> = used.iter().map(name).collect();
        Err(format!(
            "the entry {} computes from the collection {}, and the job is over {}",
            self.entry_name(program),
            if used.is_empty() {
                "none".to_owned()
            } else {
                used.join(" and ")
            },
            name(&slot)
        ))
    }

    /// Whether as many members give rows as the group may have. Where each gives one, the number of rows says it.
    pub(super) fn check_givers(&self, shared: &Shared, program: &Contract) -> Result<(), String> {
        let collection = program.collections.get(usize::from(self.slot(shared)?));
        let Some((Provider::Each(group), RowCount::UpTo(_))) =
            collection.map(|collection| (collection.provider, collection.rows))
        else {
            return Ok(());
        };
        let Some(group) = program.groups.get(usize::from(group)) else {
            return Ok(());
        };
        let givers = self.rows.admitted.len() as u64;
        if (u64::from(group.min)..=u64::from(group.max)).contains(&givers) {
            return Ok(());
        }
        Err(format!(
            "rows of {givers} members may be used, and the group {} has from {} to {}",
            group.name, group.min, group.max
        ))
    }

    /// Whether who asked for the job may call the entry: the account of the party, or of one of the members whose rows are used.
    pub(super) fn check_caller(&self, shared: &Shared, program: &Contract) -> Result<(), String> {
        let entry = program.entries.get(usize::from(self.entry));
        let Some(role) = entry.and_then(|entry| entry.by) else {
            return Ok(());
        };
        let record = shared.ledger.jobs.get(&self.run.job);
        let caller = record.ok_or("the job is not on the ledger")?.requester;
        let (may, who) = match role {
            Role::Party(party) => {
                let at = usize::from(party);
                let named = self.instance(shared)?.parties.get(at);
                let name = program.parties.get(at).map_or("?", |name| name);
                let may = named.is_some_and(|party| party.account == caller);
                (may, format!("the party {name}"))
            }
            Role::Member(group) => {
                let at = usize::from(group);
                let name = program.groups.get(at).map_or("?", |group| &group.name);
                let collection = program.collections.get(usize::from(self.slot(shared)?));
                let gives = collection.is_some_and(|of| of.provider == Provider::Each(group));
                let is_caller = |row: &RowOwner| row.owner == caller;
                let may = gives && self.rows.admitted.iter().any(is_caller);
                (
                    may,
                    format!("members of the group {name} whose rows are used"),
                )
            }
        };
        if may {
            return Ok(());
        }
        let name = self.entry_name(program);
        Err(format!(
            "the entry {name} may be called by {who} alone, and {caller} is not"
        ))
    }

    /// The instance whose collection the job is over.
    pub(super) fn instance<'a>(&self, shared: &'a Shared) -> Result<&'a InstanceRecord, String> {
        let ledger = &shared.ledger;
        let collection = ledger.collections.get(&self.collection);
        let collection = collection.ok_or("the collection is not on the ledger")?;
        let instance = ledger.instances.get(&collection.terms.instance);
        instance.ok_or_else(|| "the instance is not on the ledger".to_owned())
    }

    fn entry_name<'a>(&self, program: &'a Contract) -> &'a str {
        let entry = program.entries.get(usize::from(self.entry));
        entry.map_or("?", |entry| &entry.name)
    }
}
