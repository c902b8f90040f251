//! Who receives what of a job under a key of their own: members whose rows were used, collection by collection in member order,
//! then the parties to which the entry reveals something, in the contract's order, then who asked for the job, if it
//! reveals something to its caller. What everyone sees needs no key; see [`super::outputs`].
//!
//! A party counts only with a key that was bound before each of the job's collections was opened: owners knew
//! before they gave who would learn what (and under which key), and nobody can name another party, or
//! another key, afterwards. The requester names the key with the request; owners have consented to its account.

use enigma_bytecode::model::{self, Contract, Reveal};
use enigma_wire::id::{Address, SealKey};
use enigma_wire::output::Recipient;

use super::Job;
use crate::party::Shared;

/// Somebody who receives shares of results.
pub(super) struct Receiver {
    pub(super) recipient: Recipient,
    /// Whose account it is.
    pub(super) account: Address,
    /// The key to which the shares are sealed.
    pub(super) seal_key: SealKey,
    /// Of a member, what is theirs.
    rows: Option<UsedRows>,
}

/// Rows that were used, of one member.
#[derive(Clone, Copy)]
struct UsedRows {
    /// Which of the contract's collections they are of.
    slot: u16,
    /// The group whose members gave to it.
    group: Option<u16>,
    /// Which of the collection's used rows they are: from here,
    first: usize,
    /// to before here.
    end: usize,
}

/// Which elements of a manifest line somebody gets.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Elements {
    /// All that there are.
    All,
    /// Of a line for the owners of rows, those of the rows from the first to before the second, counted among those that are used.
    Rows(usize, usize),
}

impl Receiver {
    /// Which elements of a manifest line this recipient gets, if any.
    pub(super) fn elements_of(&self, line: &Reveal) -> Option<Elements> {
        let elements_of = |to: &model::Recipient| match (*to, self.recipient) {
            (model::Recipient::EachOf(to), Recipient::Member { .. }) => {
                let is_in = |rows: UsedRows| rows.group == Some(to);
                self.rows.is_some_and(is_in).then_some(Elements::All)
            }
            (model::Recipient::OwnerOf(of), Recipient::Member { .. }) => {
                let own = self.rows.filter(|rows| rows.slot == of);
                own.map(|rows| Elements::Rows(rows.first, rows.end))
            }
            (model::Recipient::Caller, Recipient::Caller) => Some(Elements::All),
            (model::Recipient::Party(to), Recipient::Party(party)) => {
                (to == party).then_some(Elements::All)
            }
            _ => None,
        };
        line.recipients.iter().find_map(elements_of)
    }
}

impl Job {
    /// All of them, in the order of the ciphertext tree; or why there is one who cannot receive.
    pub(super) fn receivers(
        &self,
        shared: &Shared,
        program: &Contract,
    ) -> Result<Vec<Receiver>, String> {
        let mut receivers = Vec::new();
        for input in &self.inputs {
            let (slot, group) = (input.slot, input.group(program));
            let mut end = 0;
            let members = input.used().map(|owner| {
                let first = end;
                end += owner.used as usize;
                Receiver {
                    recipient: Recipient::Member {
                        collection: input.collection,
                        member: owner.member,
                    },
                    account: owner.owner,
                    seal_key: owner.seal_key,
                    rows: Some(UsedRows {
                        slot,
                        group,
                        first,
                        end,
                    }),
                }
            });
            receivers.extend(members);
        }
        receivers.extend(self.parties(shared, program)?);
        receivers.extend(self.caller(shared, program)?);
        Ok(receivers)
    }

    /// Who asked for the job, if the entry reveals something to its caller.
    fn caller(&self, shared: &Shared, program: &Contract) -> Result<Option<Receiver>, String> {
        let lines = program.manifest.iter();
        let mut own = lines.filter(|line| line.entry == self.request.entry);
        let Some(line) = own.find(|line| line.recipients.contains(&model::Recipient::Caller))
        else {
            return Ok(None);
        };
        let Some(seal_key) = self.request.seal_key else {
            return Err(format!(
                "the entry reveals {} to who calls, and the request names no key to seal it to",
                line.name
            ));
        };
        let record = shared.ledger.jobs.get(&self.run.job);
        Ok(Some(Receiver {
            recipient: Recipient::Caller,
            account: record.ok_or("the job is not on the ledger")?.requester,
            seal_key,
            rows: None,
        }))
    }

    /// The parties to which the entry reveals something.
    fn parties(&self, shared: &Shared, program: &Contract) -> Result<Vec<Receiver>, String> {
        let ledger = &shared.ledger;
        let id = self.request.instance;
        let record = ledger.jobs.get(&self.run.job);
        let requested = record.ok_or("the job is not on the ledger")?.requested;
        // The first of the collections; a run over none knows its parties since the request.
        let first = self.inputs.iter().min_by_key(|input| input.opened);
        let opened = first.map_or(requested, |input| input.opened);
        let (named, needed) = (self.instance(shared)?.parties.len(), program.parties.len());
        if named != needed {
            return Err(format!(
                "the instance names {named} parties, and contract {} has {needed}",
                program.name
            ));
        }
        let mut parties = Vec::new();
        for party in program.parties_used(usize::from(self.request.entry)) {
            let Some(bound) = ledger.party(id, party, opened) else {
                let name = program
                    .parties
                    .get(usize::from(party))
                    .map_or("?", |name| name);
                let since = first.map_or("the job was asked for".to_owned(), |input| {
                    format!("collection {} was opened", input.collection)
                });
                return Err(format!(
                    "the entry reveals to the party {name}, which had not bound its key when {since}"
                ));
            };
            parties.push(Receiver {
                recipient: Recipient::Party(party),
                account: bound.account,
                seal_key: bound.seal_key,
                rows: None,
            });
        }
        Ok(parties)
    }

    /// Whether everybody to whom the entry reveals something can receive it: members of the group that gives to a
    /// collection of the job, parties that are bound in time, who calls, everyone. Of several recipients of a line each has to.
    pub(super) fn check_recipients(
        &self,
        shared: &Shared,
        program: &Contract,
    ) -> Result<(), String> {
        self.parties(shared, program)?;
        self.caller(shared, program)?;
        let lines = program.manifest.iter();
        for line in lines.filter(|line| line.entry == self.request.entry) {
            let inputs = || self.inputs.iter();
            let reached = |to: &model::Recipient| match *to {
                model::Recipient::EachOf(to) => {
                    inputs().any(|input| input.group(program) == Some(to))
                }
                model::Recipient::OwnerOf(of) => inputs().any(|input| input.slot == of),
                model::Recipient::Party(_)
                | model::Recipient::Public
                | model::Recipient::Caller => true,
            };
            if !line.recipients.iter().all(reached) {
                return Err(format!(
                    "the entry reveals {} to people who do not give to {}",
                    line.name,
                    self.collection_names()
                ));
            }
        }
        Ok(())
    }

    /// The job's collections as text.
    fn collection_names(&self) -> String {
        let numbers = self.inputs.iter().map(|input| input.collection.to_string());
        match &numbers.collect::<Vec<_>>()[..] {
            [] => "no collection".to_owned(),
            [one] => format!("collection {one}"),
            several => format!("collections {}", several.join(" and ")),
        }
    }
}
