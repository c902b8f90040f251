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
    /// The sum of `x[k] * y[k]`.
    Dot,
    /// The product of two square matrices with `count` rows.
    MatrixProduct,
    /// A chain of `count` products, each of the last result with the next element.
    Depth,
    /// `[x[k] < y[k]]`, for values with |x| < 2^59.
    Less,
    /// `[x[k] = y[k]]`, for values with |x| < 2^59.
    Equal,
    /// Ascending rank of each `x[k]` among all, for values with |x| < 2^59.
    Rank,
}

impl Operation {
    /// All of them.
    pub const ALL: [Operation; 7] = [
        Operation::Multiply,
        Operation::Dot,
        Operation::MatrixProduct,
        Operation::Depth,
        Operation::Less,
        Operation::Equal,
        Operation::Rank,
    ];

    /// How many input vectors it has.
    #[must_use]
    pub const fn inputs(self) -> u16 {
        match self {
            Operation::Rank | Operation::Depth => 1,
            _ => 2,
        }
    }

    /// Elements of each input vector.
    #[must_use]
    pub const fn input_len(self, count: u32) -> u64 {
        match self {
            Operation::MatrixProduct => count as u64 * count as u64,
            Operation::Depth => count as u64 + 1,
            _ => count as u64,
        }
    }
}

impl fmt::Display for Operation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Operation::Multiply => "mul",
            Operation::Dot => "dot",
            Operation::MatrixProduct => "matmul",
            Operation::Depth => "depth",
            Operation::Less => "lt",
            Operation::Equal => "eq",
            Operation::Rank => "rank",
        })
    }
}

impl FromStr for Operation {
    type Err = UnknownOperation;

    fn from_str(name: &str) -> Result<Operation, UnknownOperation> {
        let mut all = Operation::ALL.into_iter();
        let known = all.find(|known| known.to_string() == name);
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
        let all = Operation::ALL.map(|operation| operation.to_string());
        write!(f, "the operations are {}", all.join(", "))
    }
}

impl std::error::Error for UnknownOperation {}

/// The plan of one operation of size `count`. Its inputs are numbered from 0 in
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
    let len = operation.input_len(count);
    limits.check(Limit::VectorLength, len)?;
    let mut b = Builder::new(committee, (FIRST_MAIN_CALL, u32::MAX), limits);
    if security == Security::SemiHonest {
        b.leave_unverified();
    }
    let inputs: Vec<View> = (0..operation.inputs())
        .map(|input| b.input(input, len as u32))
        .collect();
    let result = match (operation, &inputs[..]) {
        (Operation::Multiply, [x, y]) => product::product(&mut b, *x, *y)?,
        (Operation::Dot, [x, y]) => {
            b.begin();
            b.matrix_product((*x, *y), [1, count, 1])?
        }
        (Operation::MatrixProduct, [x, y]) => {
            b.begin();
            b.matrix_product((*x, *y), [count; 3])?
        }
        (Operation::Depth, [x]) => {
            b.begin();
            let mut last = x.part(0, 1);
            for place in 1..=count {
                last = b.multiply(&[(last, x.part(place, 1))])?;
            }
            last
        }
        (Operation::Less | Operation::Equal, [x, y]) => {
            let relation = match operation {
                Operation::Less => Relation::Less,
                _ => Relation::Equal,
            };
            let difference = [(M61::ONE, *x), (-M61::ONE, *y)];
            relation::holds(&mut b, relation, &difference, M61::ZERO)?
        }
        (_, values) => rank::rank(&mut b, values[0], Order::Ascending)?,
    };
    // An output is a whole register; a comparison's result can be a part of one.
    let result = b.concat(&[result]);
    b.output(0, result);
    b.finish()
}
