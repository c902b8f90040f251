//! What a call knows when it begins, all of it from the ledger as of the request's block, hence the same at every member: who
//! calls, when and with which public parameters, whose accounts the parties are, who gave which row. And whether the
//! entry can be called like that at all.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use enigma_bytecode::model::{Contract, Known, Provider, Role, RowCount};
use enigma_bytecode::plan::{Environment, Sizes};
use enigma_bytecode::stored::Stored;
use enigma_wire::arguments::{self, Arguments};
use enigma_wire::id::Address;
use enigma_wire::ledger::InstanceRecord;

use super::Job;
use super::inputs::Input;
use crate::party::Shared;

impl Job {
    /// How many rows each collection of the contract has in this job, before any is dropped.
    pub(super) fn sizes(&self, program: &Contract) -> Sizes {
        let mut rows = vec![0; program.collections.len()];
        for input in &self.inputs {
            if let Some(rows) = rows.get_mut(usize::from(input.slot)) {
                *rows = input.submitted();
            }
        }
        Sizes { rows }
    }

    /// What the call knows of the ledger, but for what the instance has stored there. Rows stand in member order, those of a member
    /// together. Of a group that gives to the job the members are those whose rows are used, of another one all who ever gave
    /// as its members: each account once, by its first row.
    pub(super) fn environment(
        &self,
        shared: &Shared,
        program: &Contract,
    ) -> Result<Environment, String> {
        let account = |address: &Address| address.0.to_vec();
        let mut environment = Environment {
            rows: self.sizes(program).rows,
            row_accounts: vec![Vec::new(); program.collections.len()],
            row_members: vec![Vec::new(); program.collections.len()],
            groups: vec![Vec::new(); program.groups.len()],
            params: self.params(program)?,
            ..self.on_chain(shared)?
        };
        let mut seen = BTreeSet::new();
        for input in &self.inputs {
            let at = usize::from(input.slot);
            let owners = input.admitted.iter().map(|giver| &giver.owner);
            if let Some(group) = input.group(program)
                && let Some(givers) = environment.groups.get_mut(usize::from(group))
            {
                let new = owners.filter(|owner| seen.insert((group, **owner)));
                givers.extend(new.map(account));
            }
            let of_rows = || {
                let each = input.admitted.iter();
                each.flat_map(|giver| std::iter::repeat_n(giver, giver.rows as usize))
            };
            if let Some(rows) = environment.row_accounts.get_mut(at) {
                *rows = of_rows().map(|giver| account(&giver.owner)).collect();
            }
            if let Some(rows) = environment.row_members.get_mut(at) {
                *rows = of_rows().map(|giver| giver.member.0).collect();
            }
        }
        for (group, members) in (0..).zip(&mut environment.groups) {
            let mut groups = self.inputs.iter().map(|input| input.group(program));
            if groups.all(|gives| gives != Some(group)) {
                let givers = self.members_ever(program, group);
                let new = givers.filter(|owner| seen.insert((group, **owner)));
                members.extend(new.map(account));
            }
        }
        Ok(environment)
    }

    /// Who calls, when, whose accounts the parties are, and what the instance has on the chain.
    pub(super) fn on_chain(&self, shared: &Shared) -> Result<Environment, String> {
        let record = shared.ledger.jobs.get(&self.run.job);
        let record = record.ok_or("the job is not on the ledger")?;
        let instance = self.instance(shared)?;
        Ok(Environment {
            caller: record.requester.0.to_vec(),
            ledger: Stored::on_chain(&self.state, &instance.past),
            ..Environment::on_ledger(instance, record.requested, record.requested_at)
        })
    }

    /// The parameters, as the request has them.
    pub(super) fn arguments(&self) -> Result<Arguments, String> {
        arguments::decode(&self.request.arguments).map_err(|error| error.to_string())
    }

    /// The public parameters. Whether they are what the entry takes, the contract's rules say.
    fn params(&self, program: &Contract) -> Result<Vec<Vec<Known>>, String> {
        let given = self.arguments()?.values;
        let entry = program.entries.get(usize::from(self.request.entry));
        let needed = entry.map_or(0, |entry| entry.params.len());
        if given.len() != needed {
            return Err(format!(
                "the entry {} has {needed} parameters, and the request gives {}",
                self.entry_name(program),
                given.len()
            ));
        }
        Ok(given)
    }

    /// Whether the entry computes from the job's collections, and from no others.
    pub(super) fn check_collections(&self, program: &Contract) -> Result<(), String> {
        let used = program.collections_used(usize::from(self.request.entry));
        let given: BTreeSet<u16> = self.inputs.iter().map(|input| input.slot).collect();
        if used == given {
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

    /// Whether as many members give rows as the group may have. Where each gives one, the number of rows says it.
    pub(super) fn check_givers(&self, program: &Contract) -> Result<(), String> {
        for input in &self.inputs {
            // A list of nobody's is not an empty list.
            if input.admitted.is_empty() {
                return Err(format!(
                    "nobody who gave to collection {} lets the requester run this entry now",
                    input.collection
                ));
            }
            let collection = program.collections.get(usize::from(input.slot));
            let Some((Provider::Each(group), RowCount::UpTo(_))) =
                collection.map(|collection| (collection.provider, collection.rows))
            else {
                continue;
            };
            let Some(group) = program.groups.get(usize::from(group)) else {
                continue;
            };
            let givers = input.admitted.len() as u64;
            if !(u64::from(group.min)..=u64::from(group.max)).contains(&givers) {
                return Err(format!(
                    "rows of {givers} members may be used, and the group {} has from {} to {}",
                    group.name, group.min, group.max
                ));
            }
        }
        Ok(())
    }

    /// Whether everybody gives in one role, if there is noise: it covers what one giver of a group, or one party, moves, and budgets are
    /// charged for each of these by itself.
    pub(super) fn check_roles(&self, program: &Contract) -> Result<(), String> {
        if program.manifest.iter().all(|line| line.noise.is_none()) {
            return Ok(());
        }
        let mut roles: BTreeMap<Address, Provider> = BTreeMap::new();
        for (slot, owners) in &self.givers {
            let Some(collection) = program.collections.get(usize::from(*slot)) else {
                continue;
            };
            for owner in owners {
                let role = *roles.entry(*owner).or_insert(collection.provider);
                if role != collection.provider {
                    return Err(format!(
                        "account {owner} gives in two roles, and the noise of this contract covers what it gives in one"
                    ));
                }
            }
        }
        Ok(())
    }

    /// Whether no more members are there, of each group for whose members the entry does something, than the contract declares and the
    /// price is for: several collections of a group can have more givers together.
    pub(super) fn check_groups(
        &self,
        program: &Contract,
        environment: &Environment,
    ) -> Result<(), String> {
        for group in program.groups_walked(usize::from(self.request.entry)) {
            let members = environment.groups.get(usize::from(group));
            let members = members.map_or(0, Vec::len);
            let declared = program.groups.get(usize::from(group));
            if let Some(group) = declared.filter(|group| members > group.max as usize) {
                return Err(format!(
                    "{members} people have given as members of the group {}, which has {} at most",
                    group.name, group.max
                ));
            }
        }
        Ok(())
    }

    /// Who gave to any of the instance's collections as members of a group, before the request.
    fn members_ever<'a>(
        &'a self,
        program: &'a Contract,
        group: u16,
    ) -> impl Iterator<Item = &'a Address> {
        let of_group = self.givers.iter().filter(move |(slot, _)| {
            let collection = program.collections.get(usize::from(**slot));
            collection.is_some_and(|of| of.provider == Provider::Each(group))
        });
        of_group.flat_map(|(_, owners)| owners)
    }

    /// Whether who asked for the job may call the entry: the account of the party, or of one of the members whose rows are used,
    /// or of who ever gave if the entry computes from no row of the group.
    pub(super) fn check_caller(
        &self,
        shared: &Shared,
        program: &Arc<Contract>,
    ) -> Result<(), String> {
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
                let inputs = self.inputs.iter();
                let gives: Vec<&Input> = inputs
                    .filter(|of| of.group(program) == Some(group))
                    .collect();
                let condition = self.admission(shared, program, at)?;
                let (may, which) = match (condition, gives.is_empty()) {
                    (Some(mut condition), _) => (condition.admits(&caller.0), "by its condition"),
                    (None, true) => {
                        let mut members = self.members_ever(program, group);
                        (members.any(|owner| *owner == caller), "who have given")
                    }
                    (None, false) => {
                        let mut rows = gives.iter().flat_map(|input| &input.admitted);
                        (rows.any(|row| row.owner == caller), "whose rows are used")
                    }
                };
                (may, format!("members of the group {name} {which}"))
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

    pub(super) fn entry_name<'a>(&self, program: &'a Contract) -> &'a str {
        let entry = program.entries.get(usize::from(self.request.entry));
        entry.map_or("?", |entry| &entry.name)
    }
}
