//! Who belongs to a group that has a condition, and who may read a slot: decided from the ledger alone.

use std::sync::Arc;

use super::Environment;
use super::walk::{At, Part, Walk, fits};
use crate::model::{Contract, Known};
use crate::plan::cost::Limits;
use crate::plan::error::PlanError;

/// Answers for one account after the other.
#[derive(Clone, Debug)]
pub struct Admission(Walk);

impl Admission {
    /// `environment` says how the ledger is, and who the parties are; none for a group without a condition.
    ///
    /// # Errors
    /// [`PlanError`] if the code is not sound.
    pub fn new(
        contract: &Arc<Contract>,
        group: usize,
        environment: &Environment,
    ) -> Result<Option<Admission>, PlanError> {
        if !contract.admits(group) {
            return Ok(None);
        }
        let walk = asked(contract, Part::Admits(group), environment, Vec::new())?;
        Ok(Some(Admission(walk)))
    }

    /// Whether an account belongs to the group. Where the condition cannot be computed, as when a sum overflows, it does not hold.
    pub fn admits(&mut self, account: &[u8]) -> bool {
        self.0.begin_again(account);
        matches!(self.0.advance(), Ok(At::End))
    }
}

/// Whether an account may read a slot, of a map at this key. Where the condition cannot be computed it does not hold; nor where there is
/// no such slot, or no such key.
///
/// # Errors
/// [`PlanError`] if the code is not sound.
pub fn may_read(
    contract: &Arc<Contract>,
    (slot, key): (u16, Option<&Known>),
    environment: &Environment,
    account: &[u8],
) -> Result<bool, PlanError> {
    let declared = contract.slots.get(usize::from(slot));
    let fits = match (declared.and_then(|slot| slot.key.as_ref()), key) {
        (Some(column), Some(key)) => fits(column, key),
        (None, None) => true,
        _ => false,
    };
    if !fits || declared.is_none_or(|slot| slot.access.is_none()) {
        return Ok(false);
    }
    let params = key.iter().map(|key| vec![(*key).clone()]).collect();
    let mut walk = asked(contract, Part::Reads(slot.into()), environment, params)?;
    walk.begin_again(account);
    Ok(matches!(walk.advance(), Ok(At::End)))
}

/// A condition's code with what it may know.
fn asked(
    contract: &Arc<Contract>,
    part: Part,
    environment: &Environment,
    params: Vec<Vec<Known>>,
) -> Result<Walk, PlanError> {
    let environment = Environment {
        height: environment.height,
        time: environment.time,
        parties: environment.parties.clone(),
        ledger: environment.ledger.clone(),
        params,
        ..Environment::default()
    };
    Walk::through(Arc::clone(contract), part, environment, Limits::default())
}
