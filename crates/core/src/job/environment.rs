//! What a call knows when it begins, all of it from the ledger as of the request's block, hence the same at every member: who
//! calls, when and with which public parameters, whose accounts the parties are, who gave which row. And whether the
//! entry can be called like that at all.

use std::collections::BTreeSet;

use enigma_bytecode::model::{Contract, Known, Role};
use enigma_bytecode::plan::{Environment, Sizes};
use enigma_wire::arguments;
use enigma_wire::id::Address;
use enigma_wire::ledger::InstanceRecord;
use enigma_wire::output::PublicValue;

use super::Job;
use super::inputs::RowOwner;
use crate::party::Shared;

impl Job {
    /// How many rows each collection of the contract has in this job, before any is dropped.
    pub(super) fn sizes(&self, program: &Contract) -> Sizes {
        let mut rows = vec![0; program.collections.len()];
        for input in &self.inputs {
            if let Some(rows) = rows.get_mut(usize::from(input.slot)) {
                *rows = input.admitted.len() as u32;
            }
        }
        Sizes { rows }
    }

    /// What the call knows of the ledger. Rows stand in member order; only groups that give to the job have members here: each
    /// account once, by its first row.
    pub(super) fn environment(
        &self,
        shared: &Shared,
        program: &Contract,
    ) -> Result<Environment, String> {
        let record = shared.ledger.jobs.get(&self.run.job);
        let record = record.ok_or("the job is not on the ledger")?;
        let account = |address: &Address| address.0.to_vec();
        let parties = self.instance(shared)?.parties.iter();
        let mut environment = Environment {
            rows: self.sizes(program).rows,
            caller: account(&record.requester),
            height: i64::try_from(record.requested).unwrap_or(i64::MAX),
            parties: parties.map(|party| account(&party.account)).collect(),
            row_accounts: vec![Vec::new(); program.collections.len()],
            row_members: vec![Vec::new(); program.collections.len()],
            groups: vec![Vec::new(); program.groups.len()],
            params: self.params(program)?,
            ..Environment::default()
        };
        let mut seen = BTreeSet::new();
        for input in &self.inputs {
            let at = usize::from(input.slot);
            let owners = input.admitted.iter().map(|row| &row.owner);
            if let Some(group) = input.group(program)
                && let Some(givers) = environment.groups.get_mut(usize::from(group))
            {
                let new = owners.clone().filter(|owner| seen.insert((group, **owner)));
                givers.extend(new.map(account));
            }
            if let Some(rows) = environment.row_accounts.get_mut(at) {
                *rows = owners.map(account).collect();
            }
            if let Some(rows) = environment.row_members.get_mut(at) {
                *rows = input.admitted.iter().map(|row| row.member.0).collect();
            }
        }
        Ok(environment)
    }

    /// The public parameters. Whether they are what the entry takes, the contract's rules say.
    fn params(&self, program: &Contract) -> Result<Vec<Vec<Known>>, String> {
        let given =
            arguments::decode(&self.request.arguments).map_err(|error| error.to_string())?;
        let entry = program.entries.get(usize::from(self.request.entry));
        let needed = entry.map_or(0, |entry| entry.params.len());
        if given.len() != needed {
            return Err(format!(
                "the entry {} has {needed} parameters, and the request gives {}",
                self.entry_name(program),
                given.len()
            ));
        }
        let known = |value| match value {
            PublicValue::Number(number) => Known::Number(number),
            PublicValue::Bytes(bytes) => Known::Bytes(bytes),
        };
        let params = given
            .into_iter()
            .map(|columns| columns.into_iter().map(known));
        Ok(params.map(Iterator::collect).collect())
    }

    /// Whether the entry computes from the job's collections, and from no others.
    pub(super) fn check_collections(&self, program: &Contract) -> Result<(), String> {
        let used = program.collections_used(usize::from(self.request.entry));
        let given: BTreeSet<u16> = self.inputs.iter().map(|input| input.slot).collect();
        // A run without rows has nothing to compute from before state is kept.
        if used == given && !used.is_empty() {
            return Ok(());
        }
        let names = |of: &BTreeSet<u16>| {
            let name = |of: &u16| match program.collections.get(usize::from(*of)) {
                Some(collection) => collection.name.clone(),
                None => format!("number {of}"),
            };
            match &of.iter().map(name).collect::<Vec<_>>()[..] {
                [] => "none".to_owned(),
                some => some.join(" and "),
            }
        };
        Err(format!(
            "the entry {} computes from the collection {}, and the job is over {}",
            self.entry_name(program),
            names(&used),
            names(&given)
        ))
    }

    /// Whether who asked for the job may call the entry: the account of the party, or of one of the members whose rows are used.
    pub(super) fn check_caller(&self, shared: &Shared, program: &Contract) -> Result<(), String> {
        let entry = program.entries.get(usize::from(self.request.entry));
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
                let gives = self
                    .inputs
                    .iter()
                    .filter(|of| of.group(program) == Some(group));
                let mut rows = gives.flat_map(|input| &input.admitted);
                let is_caller = |row: &RowOwner| row.owner == caller;
                (
                    rows.any(is_caller),
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

    /// The instance that the job runs.
    pub(super) fn instance<'a>(&self, shared: &'a Shared) -> Result<&'a InstanceRecord, String> {
        let instance = shared.ledger.instances.get(&self.request.instance);
        instance.ok_or_else(|| "the instance is not on the ledger".to_owned())
    }

    fn entry_name<'a>(&self, program: &'a Contract) -> &'a str {
        let entry = program.entries.get(usize::from(self.request.entry));
        entry.map_or("?", |entry| &entry.name)
    }
}
