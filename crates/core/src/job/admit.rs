//! Who belongs to groups that have a condition, as the ledger stood at the end of the request's block: alike at all members.

use std::collections::BTreeSet;
use std::sync::Arc;

use enigma_bytecode::model::Contract;
use enigma_bytecode::plan::Admission;
use enigma_bytecode::verify::condition_steps;
use enigma_wire::id::Address;

use super::Job;
use super::inputs::Input;
use crate::party::Shared;

/// Most operations that conditions of groups do at the start of one job, over all groups and accounts: each costs about a microsecond, of
/// places that are looked up in a large ledger a few. They are done in a turn of their own, while everything else at the node waits.
const MAX_STEPS: u64 = 1 << 21;

impl Job {
    /// Drops what strangers to a group gave as its members, before anything is judged by who is left.
    pub(super) fn drop_strangers(
        &mut self,
        shared: &Shared,
        program: &Arc<Contract>,
    ) -> Result<(), String> {
        let mut steps = 0_u64;
        // Those who give nothing to the job are asked about where it does something for them.
        let walked = program.groups_walked(usize::from(self.request.entry));
        for group in 0..program.groups.len() {
            let Some(mut admission) = self.admission(shared, program, group)? else {
                continue;
            };
            let gives = |of: Option<u16>| of.map(usize::from) == Some(group);
            let inputs = self
                .inputs
                .iter()
                .filter(|input| gives(input.group(program)));
            let of_inputs = inputs
                .flat_map(|input| &input.admitted)
                .map(|giver| giver.owner);
            let is_walked = walked.iter().any(|of| usize::from(*of) == group);
            let others = self.givers.iter().filter(|_| is_walked);
            let others = others.filter(|(slot, _)| gives(Input::group_of(program, **slot)));
            let others = others.flat_map(|(_, owners)| owners.iter().copied());
            let accounts: BTreeSet<Address> = of_inputs.chain(others).collect();
            let each = program
                .groups
                .get(group)
                .and_then(|group| group.admit.as_ref());
            let each = each.map_or(0, |code| condition_steps(code));
            steps = steps.saturating_add(each.saturating_mul(accounts.len() as u64));
            if steps > MAX_STEPS {
                return Err(format!(
                    "the conditions on who belongs to groups take {steps} operations for all who have given; at most {MAX_STEPS} are done for a run"
                ));
            }
            let mut strangers = accounts;
            strangers.retain(|owner| !admission.admits(&owner.0));
            for input in &mut self.inputs {
                if gives(input.group(program)) {
                    input.keep(|giver| !strangers.contains(&giver.owner));
                }
            }
            for (slot, owners) in &mut self.givers {
                if is_walked && gives(Input::group_of(program, *slot)) {
                    owners.retain(|owner| !strangers.contains(owner));
                }
            }
        }
        Ok(())
    }

    /// Who belongs to a group; none if it has no condition.
    pub(super) fn admission(
        &self,
        shared: &Shared,
        program: &Arc<Contract>,
        group: usize,
    ) -> Result<Option<Admission>, String> {
        let environment = self.on_chain(shared)?;
        Admission::new(program, group, &environment).map_err(|error| error.to_string())
    }
}
