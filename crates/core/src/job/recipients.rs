//! Who receives what of a job under a key of their own: members whose rows were used, in member order, then the parties to
//! which the entry reveals something, in the contract's order. What everyone sees needs no key; see [`super::outputs`].
//!
//! A party counts only with a key that was bound before the job's collection was opened: owners knew
//! before they gave who would learn what (and under which key), and nobody can name another party, or
//! another key, afterwards.

use enigma_bytecode::model::{self, Contract, Provider, Reveal};
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
    /// Of a member, which of the used rows are theirs.
    places: Option<(usize, usize)>,
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
            (model::Recipient::EachOf(_), Recipient::Member(_)) => Some(Elements::All),
            (model::Recipient::OwnerOf(_), Recipient::Member(_)) => {
                self.places.map(|(first, end)| Elements::Rows(first, end))
            }
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
        let mut end = 0;
        let members = self.used().map(|owner| {
            let first = end;
            end += owner.used as usize;
            Receiver {
                recipient: Recipient::Member(owner.member),
                account: owner.owner,
                seal_key: owner.seal_key,
                places: Some((first, end)),
            }
        });
        let mut receivers: Vec<Receiver> = members.collect();
        receivers.extend(self.parties(shared, program)?);
        Ok(receivers)
    }

    /// The parties to which the entry reveals something.
    fn parties(&self, shared: &Shared, program: &Contract) -> Result<Vec<Receiver>, String> {
        let ledger = &shared.ledger;
        let collection = ledger
            .collections
            .get(&self.collection)
            .ok_or("the collection is not on the ledger")?;
        let id = collection.terms.instance;
        let (named, needed) = (self.instance(shared)?.parties.len(), program.parties.len());
        if named != needed {
            return Err(format!(
                "the instance names {named} parties, and contract {} has {needed}",
                program.name
            ));
        }
        let mut parties = Vec::new();
        for party in program.parties_used(usize::from(self.entry)) {
            let Some(bound) = ledger.party(id, party, collection.opened) else {
                let name = program
                    .parties
                    .get(usize::from(party))
                    .map_or("?", |name| name);
                return Err(format!(
                    "the entry reveals to the party {name}, which had not bound its key when \
                     collection {} was opened",
                    self.collection
                ));
            };
            parties.push(Receiver {
                recipient: Recipient::Party(party),
                account: bound.account,
                seal_key: bound.seal_key,
                places: None,
            });
        }
        Ok(parties)
    }

    /// Whether everybody to whom the entry reveals something can receive it: members of the
    /// collection's group, parties that are bound in time, everyone. Of several recipients of a line each has to.
    pub(super) fn check_recipients(
        &self,
        shared: &Shared,
        program: &Contract,
    ) -> Result<(), String> {
        self.parties(shared, program)?;
        let slot = self.slot(shared)?;
        let provider = program
            .collections
            .get(usize::from(slot))
            .map(|collection| collection.provider);
        let lines = program.manifest.iter();
        for line in lines.filter(|line| line.entry == self.entry) {
            let reached = |to: &model::Recipient| match *to {
                model::Recipient::EachOf(to) => provider == Some(Provider::Each(to)),
                model::Recipient::OwnerOf(of) => of == slot,
                model::Recipient::Party(_) | model::Recipient::Public => true,
                model::Recipient::Caller => false,
            };
            if !line.recipients.iter().all(reached) {
                return Err(format!(
                    "the entry reveals {} to people who do not give to collection {}",
                    line.name, self.collection
                ));
            }
        }
        Ok(())
    }
}
