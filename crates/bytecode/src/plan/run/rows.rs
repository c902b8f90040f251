//! The conditions on rows, between the input check and an entry: for each collection that the entry uses and that has one, a run of its
//! own on the rows that are in their ranges, in one stage.
//!
//! They are no part of the range check: what a condition computes is only bounded for rows that are in their ranges.

use std::sync::Arc;

use enigma_field::{Committee, PrimeField};

use super::{Ended, Environment, Run};
use crate::model::{Contract, Known};
use crate::plan::cost::Limits;
use crate::plan::error::PlanError;

/// The collections that an entry uses whose rows have a condition, in order. Number k of them takes stage k of the session, and the
/// entry those behind.
#[must_use]
pub fn checked_collections(contract: &Contract, entry: usize) -> Vec<u16> {
    let used = contract.collections_used(entry).into_iter();
    let has_check = |collection: &u16| {
        let declared = contract.collections.get(usize::from(*collection));
        declared.is_some_and(|declared| declared.check.is_some())
    };
    used.filter(has_check).collect()
}

/// The condition on so many rows of a collection as a call: the contract whose one entry it is, and what that begins with; none if
/// there is nothing to check.
#[must_use]
pub fn row_condition(
    contract: &Contract,
    collection: u16,
    rows: u32,
) -> Option<(Arc<Contract>, Environment)> {
    let at = usize::from(collection);
    let check = contract.row_check(at).filter(|_| rows > 0)?;
    let mut environment = Environment {
        rows: vec![0; check.collections.len()],
        ..Environment::default()
    };
    *environment.rows.get_mut(at)? = rows;
    Some((Arc::new(check), environment))
}

/// The run of such a call, as this stage of the session.
///
/// # Errors
/// [`PlanError`] if the code is not sound, or there are too many rows.
pub fn row_check<F: PrimeField>(
    contract: &Contract,
    (collection, rows): (u16, u32),
    committee: Committee,
    limits: Limits,
    stage: u32,
) -> Result<Option<Run<F>>, PlanError> {
    let Some((check, environment)) = row_condition(contract, collection, rows) else {
        return Ok(None);
    };
    let run = Run::new(check, 0, environment, committee, limits)?;
    Ok(Some(run.from_stage(stage)))
}

/// Of the rows that are valid, those stay that fulfil the condition, as such a run has found; none if it has not.
#[must_use]
pub fn keep_fulfilled(valid: &mut [bool], ended: &Ended) -> Option<()> {
    let shown = ended.public.get(&0)?.columns.first()?;
    let bit = |value: &Known| match value {
        Known::Number(number) => Some(*number == 1),
        Known::Bytes(_) => None,
    };
    let bits = shown.iter().map(bit).collect::<Option<Vec<bool>>>()?;
    if bits.len() != valid.iter().filter(|valid| **valid).count() {
        return None;
    }
    let inside = valid.iter_mut().filter(|valid| **valid);
    inside.zip(bits).for_each(|(valid, bit)| *valid = bit);
    Some(())
}
