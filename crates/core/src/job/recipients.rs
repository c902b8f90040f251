//! Who receives what of a job: members whose rows were used, in member order, then the parties to
//! which the entry reveals something, in the contract's order.
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
    /// Of a member, which of the used rows is theirs.
    place: Option<usize>,
}

impl Receiver {
    /// Which of a manifest line's values this recipient gets, if any.
    pub(super) fn value_of(&self, line: &Reveal) -> Option<usize> {
        let value_of = |to: &model::Recipient| match (*to, self.recipient) {
            (model::Recipient::EachOf(_), Recipient::Member(_)) => Some(0),
            (model::Recipient::OwnerOf(_), Recipient::Member(_)) => self.place,
            (model::Recipient::Party(to), Recipient::Party(party)) => (to == party).then_some(0),
            _ => None,
        };
        line.recipients.iter().find_map(value_of)
    }
}

impl Job {
    /// All recipients, in the order of the ciphertext tree; or why there is one who cannot receive.
    pub(super) fn receivers(
        &self,
        shared: &Shared,
        program: &Contract,
    ) -> Result<Vec<Receiver>, String> {
        let members = self.used().enumerate().map(|(place, owner)| Receiver {
            recipient: Recipient::Member(owner.member),
            account: owner.owner,
            seal_key: owner.seal_key,
            place: Some(place),
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
        let instance = ledger
            .instances
            .get(&id)
            .ok_or("the instance is not on the ledger")?;
        let (named, needed) = (instance.parties.len(), program.parties.len());
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
                place: None,
            });
        }
        Ok(parties)
    }

    /// Whether everybody to whom the entry reveals something can receive it: members of the
    /// collection's group, and parties that are bound in time.
    pub(super) fn check_recipients(
        &self,
        shared: &Shared,
        program: &Contract,
    ) -> Result<(), String> {
        self.parties(shared, program)?;
        let slot = self
            .slot(shared)
            .ok_or("the collection is not on the ledger")?;
        let provider = program
            .collections
            .get(usize::from(slot))
            .map(|collection| collection.provider);
        let lines = program.manifest.iter();
        for line in lines.filter(|line| line.entry == self.entry) {
            let reached = |to: &model::Recipient| match *to {
                model::Recipient::EachOf(to) => provider == Some(Provider::Each(to)),
                model::Recipient::OwnerOf(of) => of == slot,
                model::Recipient::Party(_) => true,
                model::Recipient::Caller | model::Recipient::Public => false,
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
