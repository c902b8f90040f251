//! Expands an entry, for given sizes and committee, into primitive vector operations with their
//! exact cost (decisions 1). The machine executes the plan; quote, bill and limits read it;
//! nothing else predicts.
//!
//! A plan is a graph of strands, each a straight line of steps. Long layers of comparisons are cut
//! into tiles (decisions 5) that are strands of their own, so that one tile waits for messages
//! while another is computed, and memory is bounded by how many tiles are in flight.
//!
//! Entries of contracts, [`program`]s of vector operations and bare [`operation`]s share the same
//! templates; each template's file says what it costs.
//!
//! Invariants: planning is a pure function of its arguments, the same on every node; it reads no
//! clock and no randomness; every register is written once; a strand depends on lower numbers only.

mod binary;
mod bits;
mod bitwise;
pub(crate) mod bounds;
mod build;
mod cells;
pub mod compare;
mod correlation;
mod cost;
mod decay;
mod division;
mod elementary;
mod error;
mod extremes;
mod first;
mod fixed;
mod gate;
mod ir;
mod locals;
mod logistic;
mod lookup;
mod noise;
mod operation;
mod product;
mod program;
mod quotient;
mod range_check;
mod rank;
mod reals;
pub mod reference;
mod regression;
mod relation;
mod root;
mod run;
mod select;
mod sets;
mod sort;
mod spread;
mod statistical;
mod statistics;
mod subset;
mod tiling;
mod top;
mod truncation;
mod unmask;
mod zero;

pub use bounds::reach as noise_reach;
pub use cost::{Cost, HEADER_BYTES, Limits, frame_elements};
pub use decay::{Demand, gaussian_width, is_gaussian_enough};
pub use error::{GateProblem, Limit, PlanError};
pub use gate::{Gate, Rounding, Value};
pub use ir::{Call, Form, Local, MaskReg, Plan, Pub, Reg, Step, Strand, View};
pub use operation::{FieldName, Operation, Security, UnknownField, UnknownOperation, operation};
pub use program::program;
pub use run::{
    Admission, At, Check, Checked, Effect, Ended, Environment, MOST_STAGES, Next, Port, Run,
    STAGE_CALLS, Shown, Shows, Sink, Stage, Walk, check, checked_collections, keep_fulfilled,
    may_read, row_check, row_condition,
};

use enigma_field::Committee;

use crate::model::Contract;

/// Most comparisons, or products, in one tile.
pub const TILE: u32 = 1 << 14;

/// Memory for strands in flight, in bytes: a machine starts another strand while the sum of
/// [`Strand::memory_bytes`] stays below. One strand is always allowed.
pub const WINDOW_BYTES: u64 = 160 << 20;

/// Calls of a prologue are numbered below, those of an entry proper from here on: both run in one
/// session of the engine, where a number may be used once.
pub const FIRST_MAIN_CALL: u32 = 1 << 31;

/// How many rows each collection of the contract has in this run, in the contract's order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sizes {
    /// One count for each collection; those the entry does not use are ignored.
    pub rows: Vec<u32>,
}

impl Sizes {
    /// One collection has rows, the others none.
    pub fn single(contract: &Contract, collection: u16, rows: u32) -> Self {
        let count = |at: usize| {
            if at == usize::from(collection) {
                rows
            } else {
                0
            }
        };
        Self {
            rows: (0..contract.collections.len()).map(count).collect(),
        }
    }
}

/// The input check that comes before an entry: one validity bit for each row of every collection
/// the entry uses, opened to the committee. `sizes` counts submitted rows.
///
/// # Errors
/// [`PlanError`] if the sizes are not allowed or the check would pass a limit.
pub fn prologue(
    contract: &Contract,
    entry: usize,
    sizes: &Sizes,
    committee: Committee,
) -> Result<Plan, PlanError> {
    run::prologue(contract, entry, sizes, committee, Limits::default())
}

/// The entry itself. `sizes` counts the rows that passed the input check.
///
/// # Errors
/// [`PlanError`] if the sizes are not allowed, the code is not sound or the run would pass a limit.
pub fn main(
    contract: &Contract,
    entry: usize,
    sizes: &Sizes,
    committee: Committee,
) -> Result<Plan, PlanError> {
    run::main(contract, entry, sizes, committee, Limits::default())
}

/// What a whole run costs at most if all submitted rows are valid: session setup, input check and entry. What an entry without
/// branches, parameters and ledger costs is exactly that; else the bound counts both sides of every branch, and takes what is
/// not known yet from the ranges of its columns, where it costs most.
///
/// # Errors
/// [`PlanError`] if the sizes are not allowed, the code is not sound or the run could pass a limit.
pub fn quote(
    contract: &Contract,
    entry: usize,
    sizes: &Sizes,
    committee: Committee,
) -> Result<Cost, PlanError> {
    run::quote(contract, entry, sizes, committee)
}

/// Cuts `total` into tiles of at most `most`, all of nearly the same size: (first, length).
fn tiles(total: u64, most: u32) -> impl Iterator<Item = (u64, u32)> {
    let count = total.div_ceil(u64::from(most)).max(1);
    (0..count).filter_map(move |tile| {
        // Not total * tile / count: that could overflow for sizes that a limit refuses later.
        let (each, extra) = (total / count, total % count);
        let first = tile * each + tile.min(extra);
        let len = each + u64::from(tile < extra);
        (len > 0).then_some((first, len as u32))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tiles_cover_everything_once_and_are_nearly_equal() {
        for most in [1, 2, 7, TILE] {
            for total in [0, 1, 2, 6, 7, 8, 100, 44_850, 499_500] {
                let all: Vec<_> = tiles(total, most).collect();
                let mut next = 0;
                for &(first, len) in &all {
                    assert_eq!(first, next);
                    assert!(0 < len && len <= most);
                    next += u64::from(len);
                }
                assert_eq!(next, total);
                let lens = all.iter().map(|(_, len)| *len);
                assert!(lens.clone().max().unwrap_or(0) <= lens.min().unwrap_or(0) + 1);
            }
        }
    }
}
