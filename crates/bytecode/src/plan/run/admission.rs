//! Who belongs to a group that has a condition: decided from the ledger alone.

use std::sync::Arc;

use super::Environment;
use super::walk::{At, Walk};
use crate::model::Contract;
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
        contract: &Contract,
        group: usize,
        environment: &Environment,
    ) -> Result<Option<Admission>, PlanError> {
        let Some(admission) = contract.admission(group) else {
            return Ok(None);
        };
        let environment = Environment {
            rows: vec![0; admission.collections.len()],
            height: environment.height,
            time: environment.time,
            parties: environment.parties.clone(),
            ledger: environment.ledger.clone(),
            ..Environment::default()
        };
        let walk = Walk::unasked(Arc::new(admission), 0, environment, Limits::default())?;
        Ok(Some(Admission(walk)))
    }

    /// Whether an account belongs to the group. Where the condition cannot be computed, as when a sum overflows, it does not hold.
    pub fn admits(&mut self, account: &[u8]) -> bool {
        self.0.begin_again(account);
        matches!(self.0.advance(), Ok(At::End))
    }
}
