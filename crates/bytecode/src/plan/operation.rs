//! One operation alone, over inputs of its own, as benchmarks run it: the templates of entries,
//! without the re-randomising that an output to recipients needs.

use std::fmt;
use std::str::FromStr;

use enigma_field::{Committee, PrimeField};

use super::build::Builder;
use super::cost::Limits;
use super::error::{Limit, PlanError};
use super::gate::Rounding;
use super::ir::{Plan, View};
use super::program::magnitude_limit;
use super::{
    FIRST_MAIN_CALL, bits, extremes, lookup, product, quotient, rank, relation, root, select, sort,
    statistics, truncation,
};
use crate::interval::Interval;
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
    /// The elements in an order that nobody knows.
    Shuffle,
    /// The elements, ascending, for values from 0 to 2^32 - 1.
    Sort,
    /// `x[k] / 2^16`, rounded toward minus infinity, for values with |x| < 2^59.
    Truncate,
    /// The bits of each `x[k]`, from 0 to 2^32 - 1: one block for each bit, the lowest first.
    Bits,
    /// `y[k]` where the bit `x[k]` is 1, else `z[k]`.
    Select,
    /// The entry of a public table at each shared index `x[k]`.
    Lookup,
    /// The largest of all, for values with |x| < 2^59.
    Max,
    /// `x[k] / y[k]`, exact and rounded down, for x from 0 to 2^32 - 1 and y from 0 to 2^16 - 1; 0 where y
    /// is 0.
    Divide,
    /// The integer square root of each `x[k]`, from 0 to 2^32 - 1.
    SquareRoot,
    /// The element in the middle, the lower of two, for values with |x| < 2^59.
    Median,
    /// How many values lie between public bounds, for values from 0 to 2^16 - 1.
    Histogram,
}

impl Operation {
    /// All of them.
    pub const ALL: [Operation; 18] = [
        Operation::Multiply,
        Operation::Dot,
        Operation::MatrixProduct,
        Operation::Depth,
        Operation::Less,
        Operation::Equal,
        Operation::Rank,
        Operation::Shuffle,
        Operation::Sort,
        Operation::Truncate,
        Operation::Bits,
        Operation::Select,
        Operation::Lookup,
        Operation::Max,
        Operation::Divide,
        Operation::SquareRoot,
        Operation::Median,
        Operation::Histogram,
    ];

    /// How many bits [`Operation::Truncate`] cuts off.
    pub const CUT_BITS: u32 = 16;

    /// How many bits [`Operation::Bits`] gives.
    pub const BITS: u32 = 32;

    /// The table of [`Operation::Lookup`].
    pub const TABLE: [i64; 16] = [3, 1, 4, 1, 5, 9, 2, 6, 5, 3, 5, 8, 9, 7, 9, 3];

    /// The bounds of [`Operation::Histogram`].
    pub const BOUNDS: [i64; 3] = [1 << 10, 1 << 15, 3 << 14];

    /// How many input vectors it has.
    #[must_use]
    pub const fn inputs(self) -> u16 {
        match self {
            Operation::Multiply
            | Operation::Dot
            | Operation::MatrixProduct
            | Operation::Less
            | Operation::Equal
            | Operation::Divide => 2,
            Operation::Select => 3,
            _ => 1,
        }
    }

    /// Where the values of an input lie, all of them below 2^59 in magnitude, over 2^127 - 1 below 2^63; `None`: anywhere in the
    /// field.
    #[must_use]
    pub const fn range<F: PrimeField>(self, input: u16) -> Option<Interval> {
        let (low, high) = match (self, input) {
            (
                Operation::Multiply
                | Operation::Dot
                | Operation::MatrixProduct
                | Operation::Depth
                | Operation::Shuffle,
                _,
            ) => return None,
            (Operation::Select, 1 | 2) => return None,
            (Operation::Select, _) => (0, 1),
            (Operation::Lookup, _) => (0, Operation::TABLE.len() as i64 - 1),
            (Operation::Divide, 1) | (Operation::Histogram, _) => (0, (1 << 16) - 1),
            (Operation::Bits | Operation::Divide | Operation::SquareRoot | Operation::Sort, _) => {
                (0, (1 << 32) - 1)
            }
            _ => {
                let most = (magnitude_limit::<F>() - 1) as i64;
                (-most, most)
            }
        };
        Some(Interval { low, high })
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
            Operation::Shuffle => "shuffle",
            Operation::Sort => "sort",
            Operation::Truncate => "trunc",
            Operation::Bits => "bits",
            Operation::Select => "select",
            Operation::Lookup => "lookup",
            Operation::Max => "max",
            Operation::Divide => "div",
            Operation::SquareRoot => "sqrt",
            Operation::Median => "median",
            Operation::Histogram => "histogram",
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

/// The field that a benchmark's values are shared over.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum FieldName {
    /// 2^61 - 1 elements.
    #[default]
    M61,
    /// 2^127 - 1 elements.
    M127,
}

impl fmt::Display for FieldName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            FieldName::M61 => "m61",
            FieldName::M127 => "m127",
        })
    }
}

impl FromStr for FieldName {
    type Err = UnknownField;

    fn from_str(name: &str) -> Result<FieldName, UnknownField> {
        let mut all = [FieldName::M61, FieldName::M127].into_iter();
        all.find(|field| field.to_string() == name)
            .ok_or(UnknownField)
    }
}

/// No field has this name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct UnknownField;

impl fmt::Display for UnknownField {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the fields are m61 and m127")
    }
}

impl std::error::Error for UnknownField {}

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

/// The operations that are one template over inputs in known ranges.
fn non_linear<F: PrimeField>(
    b: &mut Builder<F>,
    operation: Operation,
    inputs: &[View],
) -> Result<View, PlanError> {
    let x = inputs[0];
    let range = |input| {
        let range = operation.range::<F>(input);
        range.expect("values that are taken apart have a range")
    };
    match operation {
        Operation::Truncate => truncation::truncate(b, x, range(0).into(), Operation::CUT_BITS),
        Operation::Bits => bits::decompose(b, x, Operation::BITS),
        Operation::Select => select::select(b, x, inputs[1], inputs[2]),
        Operation::Lookup => {
            let table = Operation::TABLE.map(F::from_i64);
            lookup::public_table(b, x, &table)
        }
        Operation::Max => extremes::first(b, x, Order::Descending),
        Operation::Divide => {
            let factor = |input: usize| quotient::Factor {
                value: inputs[input],
                range: range(input as u16).into(),
            };
            quotient::divide(b, factor(0), factor(1), Rounding::TowardZero)
        }
        Operation::SquareRoot => {
            let high = range(0).high.unsigned_abs();
            root::root(b, x, high.into(), Rounding::TowardZero)
        }
        Operation::Median => statistics::quantile(b, x, x.len.div_ceil(2)),
        Operation::Sort => {
            let sorted = sort::by_keys(b, x, range(0), Order::Ascending)?;
            Ok(sorted.apply(b, &[x])?[0])
        }
        Operation::Histogram => statistics::histogram(b, x, &Operation::BOUNDS),
        _ => rank::rank(b, x, Order::Ascending),
    }
}

/// The plan of one operation of size `count`. Its inputs are numbered from 0 in
/// place of collections; its one output is the result **as computed**, fit to be opened only for
/// values that are nobody's secret.
///
/// # Errors
/// [`PlanError`] if the committee cannot do this operation or the run would pass a limit.
pub fn operation<F: PrimeField>(
    operation: Operation,
    count: u32,
    committee: Committee,
    security: Security,
) -> Result<Plan<F>, PlanError> {
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
            let difference = [(F::ONE, *x), (-F::ONE, *y)];
            relation::holds(&mut b, relation, &difference, F::ZERO)?
        }
        (Operation::Shuffle, [x]) => {
            b.begin();
            b.shuffle(&[*x])?.0
        }
        (_, values) => non_linear(&mut b, operation, values)?,
    };
    // An output is a whole register; a comparison's result can be a part of one.
    let result = b.concat(&[result]);
    b.output(0, result);
    b.finish()
}
