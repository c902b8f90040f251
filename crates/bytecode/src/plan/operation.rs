//! One operation alone, over inputs of its own, as benchmarks run it: the templates of entries,
//! without the re-randomising that an output to recipients needs.

use std::fmt;
use std::str::FromStr;

use enigma_field::{Committee, M61};

use super::build::Builder;
use super::cost::Limits;
use super::error::{Limit, PlanError};
use super::ir::{Plan, View};
use super::{FIRST_MAIN_CALL, product, rank, relation};
use crate::model::{Order, Relation};

/// What a benchmark measures.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Operation {
    /// `x[k] * y[k]`.
    Multiply,
    /// `[x[k] < y[k]]`, for values with |x| < 2^59.
    Less,
    /// Ascending rank of each `x[k]` among all, for values with |x| < 2^59.
    Rank,
}

impl Operation {
    /// How many input vectors it has.
    #[must_use]
    pub const fn inputs(self) -> u16 {
        match self {
            Operation::Multiply | Operation::Less => 2,
            Operation::Rank => 1,
        }
    }
}

impl fmt::Display for Operation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Operation::Multiply => "mul",
            Operation::Less => "lt",
            Operation::Rank => "rank",
        })
    }
}

impl FromStr for Operation {
    type Err = UnknownOperation;

    fn from_str(name: &str) -> Result<Operation, UnknownOperation> {
        let all = [Operation::Multiply, Operation::Less, Operation::Rank];
        let known = all.into_iter().find(|known| known.to_string() == name);
        known.ok_or(UnknownOperation)
    }
}

/// What a benchmark's parties are protected against.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Security {
    /// Parties that do anything: as in every job.
    #[default]
    Malicious,
    /// Parties that follow the protocol; nothing is verified. For comparison only.
    SemiHonest,
}

impl fmt::Display for Security {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Security::Malicious => "malicious",
            Security::SemiHonest => "semi-honest",
        })
    }
}

/// No operation has this name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct UnknownOperation;

impl fmt::Display for UnknownOperation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the operations are mul, lt and rank")
    }
}

impl std::error::Error for UnknownOperation {}

/// The plan of one operation on vectors of `count` elements. Its inputs are numbered from 0 in
/// place of collections; its one output is the result **as computed**, fit to be opened only for
/// values that are nobody's secret.
///
/// # Errors
/// [`PlanError`] if the committee is not supported or the run would pass a limit.
pub fn operation(
    operation: Operation,
    count: u32,
    committee: Committee,
    security: Security,
) -> Result<Plan, PlanError> {
    super::entry::check_committee(committee)?;
    let limits = Limits::default();
    limits.check(Limit::VectorLength, u64::from(count))?;
    let mut b = Builder::new(committee, (FIRST_MAIN_CALL, u32::MAX), limits);
    if security == Security::SemiHonest {
        b.leave_unverified();
    }
    let inputs: Vec<View> = (0..operation.inputs())
        .map(|input| b.input(input, count))
        .collect();
    let result = match (operation, &inputs[..]) {
        (Operation::Multiply, [x, y]) => product::product(&mut b, *x, *y)?,
        (Operation::Less, [x, y]) => {
            let difference = [(M61::ONE, *x), (-M61::ONE, *y)];
            relation::holds(&mut b, Relation::Less, &difference, M61::ZERO)?
        }
        (_, values) => rank::rank(&mut b, values[0], Order::Ascending)?,
    };
    b.output(0, result);
    b.finish()
}
