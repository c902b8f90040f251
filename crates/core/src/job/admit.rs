//! Who belongs to groups that have a condition, as the ledger stood at the end of the request's block: alike at all members.

use enigma_bytecode::model::Contract;
use enigma_bytecode::plan::{Admission, Environment};
use enigma_bytecode::stored::stored;
use enigma_wire::id::Address;

use super::Job;
use super::inputs::Input;
use crate::party::Shared;

impl Job {
    /// Drops what strangers to a group gave as its members, before anything is judged by who is left.
    pub(super) fn drop_strangers(
        &mut self,
        shared: &Shared,
        program: &Contract,
    ) -> Result<(), String> {
        for group in 0..program.groups.len() {
            let Some(mut admission) = self.admission(shared, program, group)? else {
                continue;
            };
            let mut admits = |owner: &Address| admission.admits(&owner.0);
            let gives = |of: Option<u16>| of.map(usize::from) == Some(group);
            for input in &mut self.inputs {
                if gives(input.group(program)) {
                    input.keep(|giver| admits(&giver.owner));
                }
            }
            for (slot, owners) in &mut self.givers {
                if gives(Input::group_of(program, *slot)) {
                    owners.retain(&mut admits);
                }
            }
        }
        Ok(())
    }

    /// Who belongs to a group; none if it has no condition.
    pub(super) fn admission(
        &self,
        shared: &Shared,
        program: &Contract,
        group: usize,
    ) -> Result<Option<Admission>, String> {
        // What is stored is not copied for nothing.
        if !program.admits(group) {
            return Ok(None);
        }
        let environment = Environment {
            ledger: stored(program, &self.state),
            ..self.on_chain(shared)?
        };
        Admission::new(program, group, &environment).map_err(|error| error.to_string())
    }
}
