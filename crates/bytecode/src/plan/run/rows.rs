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

/// The run of the condition on so many rows of a collection, as this stage of the session; none if there is nothing to check.
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
    let at = usize::from(collection);
    let check = contract.row_check(at).filter(|_| rows > 0);
    let Some(check) = check else { return Ok(None) };
    let mut environment = Environment {
        rows: vec![0; check.collections.len()],
        ..Environment::default()
    };
    if let Some(of) = environment.rows.get_mut(at) {
        *of = rows;
    }
    let run = Run::new(Arc::new(check), 0, environment, committee, limits)?;
    Ok(Some(run.from_stage(stage)))
}

/// What such a run has found: whether each row fulfils the condition.
#[must_use]
pub fn fulfilled(ended: &Ended) -> Option<Vec<bool>> {
    let shown = ended.public.get(&0)?.columns.first()?;
    let bit = |value: &Known| match value {
        Known::Number(number) => Some(*number == 1),
        Known::Bytes(_) => None,
    };
    shown.iter().map(bit).collect()
}
