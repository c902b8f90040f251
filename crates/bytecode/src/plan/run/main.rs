//! Entries of one stage, whose collections and results are one number each: their one plan, numbered by collection
//! and manifest line.

use std::sync::Arc;

use enigma_field::{Committee, M61};

use super::check::{Checked, check};
use super::{Environment, Next, Port, Run, Sink};
use crate::model::Contract;
use crate::plan::cost::Limits;
use crate::plan::error::PlanError;
use crate::plan::ir::Plan;
use crate::plan::{FIRST_MAIN_CALL, Sizes, build};

pub(in crate::plan) fn prologue(
    contract: &Contract,
    entry: usize,
    sizes: &Sizes,
    committee: Committee,
    limits: Limits,
) -> Result<Plan, PlanError> {
    let check = check::<M61>(contract, entry, &sizes.rows, committee, limits)?;
    let mut plan = check.plan;
    for ((number, _), port) in plan.inputs.iter_mut().zip(&check.inputs) {
        *number = whole_collection(contract, *port)?;
    }
    for ((number, _), checked) in plan.opened.iter_mut().zip(&check.opened) {
        *number = match checked {
            Checked::Rows(collection) => *collection,
            Checked::Param(_) => return Err(PlanError::Staged),
        };
    }
    Ok(plan)
}

pub(in crate::plan) fn main(
    contract: &Contract,
    entry: usize,
    sizes: &Sizes,
    committee: Committee,
    limits: Limits,
) -> Result<Plan, PlanError> {
    let environment = Environment {
        rows: sizes.rows.clone(),
        ..Environment::default()
    };
    let contract = Arc::new(contract.clone());
    let mut run = Run::<M61>::new(Arc::clone(&contract), entry, environment, committee, limits)?;
    let stage = match run.next(&[])? {
        Next::Stage(stage) => *stage,
        Next::Done(_) => {
            return build::Builder::new(committee, (FIRST_MAIN_CALL, u32::MAX), limits).finish();
        }
    };
    let ended = match run.next(&[])? {
        Next::Done(ended) if stage.opened.is_empty() => ended,
        _ => return Err(PlanError::Staged),
    };
    if !ended.effects.is_empty() {
        return Err(PlanError::Staged);
    }
    let mut plan = stage.plan;
    for ((number, _), port) in plan.inputs.iter_mut().zip(&stage.inputs) {
        *number = whole_collection(&contract, *port)?;
    }
    for ((number, _), sink) in plan.outputs.iter_mut().zip(&stage.outputs) {
        *number = match sink {
            Sink::Shown { reveal, column: 0 } => *reveal,
            _ => return Err(PlanError::Staged),
        };
    }
    Ok(plan)
}

/// The collection whose one column this is.
fn whole_collection(contract: &Contract, port: Port) -> Result<u16, PlanError> {
    let Port::Column { collection, .. } = port else {
        return Err(PlanError::Staged);
    };
    let declared = contract.collections.get(usize::from(collection));
    match declared.map(|declared| declared.columns.len()) {
        Some(1) => Ok(collection),
        _ => Err(PlanError::Staged),
    }
}
