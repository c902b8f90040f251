//! The plaintext back ends: [`call`] gives the meaning of a whole call on plain integers, [`run`] that of an entry whose
//! collections and results are one number each; [`run_plan`] runs a plan with values in place of shares, so that the templates
//! of the planner can be tested without a committee. Nothing here hides anything.

mod entry;
mod models;
mod operations;
mod orders;
mod plan;
mod tables;

use std::fmt;
use std::sync::Arc;

pub use entry::{Called, Inputs, call};
pub use plan::{PlanResult, run_plan};

use enigma_bytecode::model::Contract;
use enigma_bytecode::plan::{Environment, PlanError, Sink};
use enigma_bytecode::ranges::RangeError;

/// What one manifest line shows.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Shown {
    /// Index into the contract's manifest.
    pub reveal: u16,
    /// One value, or one for each row.
    pub values: Vec<i64>,
}

/// Why a contract does not run on these inputs.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum ClearError {
    /// The code or the sizes are not allowed.
    Range(RangeError),
    /// A row lies outside its collection's range.
    OutOfRange {
        /// Index of the collection.
        collection: usize,
        /// The row, counted from 0.
        row: usize,
    },
    /// A value leaves 64 bits, or an operation does not apply to a value; excluded for contracts whose ranges were
    /// derived.
    Overflow {
        /// The operation, counted from 0.
        op: usize,
    },
    /// The entry refuses the call, or its code is not sound.
    Plan(PlanError),
}

impl fmt::Display for ClearError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            ClearError::Range(error) => write!(f, "the entry cannot run: {error}"),
            ClearError::OutOfRange { collection, row } => write!(
                f,
                "row {row} of collection {collection} is outside the declared range"
            ),
            ClearError::Overflow { op } => write!(f, "operation {op} leaves 64 bits"),
            ClearError::Plan(error) => error.fmt(f),
        }
    }
}

impl std::error::Error for ClearError {}

impl From<RangeError> for ClearError {
    fn from(error: RangeError) -> ClearError {
        ClearError::Range(error)
    }
}

impl From<PlanError> for ClearError {
    fn from(error: PlanError) -> ClearError {
        match error {
            PlanError::Range(error) => ClearError::Range(error),
            error => ClearError::Plan(error),
        }
    }
}

/// Runs an entry on plain values. `inputs`: the rows of each collection of the contract, in order
/// (empty for those that the entry does not use), of one column each; row k is given by the member numbered k. Gives what
/// each reveal shows, in code order.
///
/// # Errors
/// [`ClearError`] if the sizes are not allowed, a used row is out of range or the code is unsound.
pub fn run(
    contract: &Contract,
    entry: usize,
    inputs: &[Vec<i64>],
) -> Result<Vec<Shown>, ClearError> {
    let rows = inputs.iter().map(|rows| rows.len());
    let environment = Environment {
        rows: rows
            .map(|rows| u32::try_from(rows).unwrap_or(u32::MAX))
            .collect(),
        ..Environment::default()
    };
    let columns = inputs.iter().map(|rows| vec![rows.clone()]);
    let inputs = Inputs {
        collections: columns.collect(),
        ..Inputs::default()
    };
    let contract = Arc::new(contract.clone());
    let called = call(&contract, entry, &environment, &inputs, |_| 0)?;
    for (collection, valid) in &called.valid {
        if let Some(row) = valid.iter().position(|valid| !valid) {
            let collection = usize::from(*collection);
            return Err(ClearError::OutOfRange { collection, row });
        }
    }
    let shown = called.shown.into_iter().filter_map(|(sink, values)| {
        let Sink::Shown { reveal, .. } = sink else {
            return None;
        };
        Some(Shown { reveal, values })
    });
    Ok(shown.collect())
}
