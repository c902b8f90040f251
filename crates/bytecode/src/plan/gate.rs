//! The gates of programs; [`super::program`] expands them.

use crate::interval::Interval;
use crate::model::{Order, Relation, Width};

/// The result of a gate, by its place in the program.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Value(pub u32);

/// How what is no integer becomes one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Rounding {
    /// What is behind the point is cut off.
    TowardZero,
    /// To the nearest integer; halves go up, toward plus infinity.
    Nearest,
}

/// One operation on vectors. Operands are equally long, or one of them has one element, which is
/// repeated.
#[derive(Clone, Debug, PartialEq, Eq)]
#[allow(missing_docs)] // The fields' names and the gates' texts say what they are.
pub enum Gate {
    /// The next input: `len` shared values in a range.
    Input { len: u32, range: Interval },
    /// The sum of coefficient times value, and a constant.
    Linear {
        terms: Vec<(i64, Value)>,
        constant: i64,
    },
    /// `a[k] * b[k]`.
    Multiply { a: Value, b: Value },
    /// The sum of all elements.
    Sum { a: Value },
    /// `a[0] + ... + a[k]`.
    PrefixSums { a: Value },
    /// `len` elements from `start` on.
    Part { a: Value, start: u32, len: u32 },
    /// 1 where the relation holds, else 0.
    Compare {
        relation: Relation,
        a: Value,
        b: Value,
    },
    /// 1 where the value is 0, else 0. **Every party learns it.**
    ShowZeros { a: Value },
    /// 1 + how many elements come strictly before.
    Rank { a: Value, order: Order },
    /// The quotient by a public divisor, truncated toward zero; 0 for a divisor 0.
    DividePublic { a: Value, divisor: i64 },
    /// The quotient, truncated toward zero; 0 for a divisor 0.
    Divide { a: Value, b: Value },
    /// What a division by a public divisor leaves, with the sign of `a`; 0 for a divisor 0.
    ModuloPublic { a: Value, divisor: i64 },
    /// What a division leaves, with the sign of `a`; 0 for a divisor 0.
    Modulo { a: Value, b: Value },
    /// The largest integer whose square is not above the value, which is not negative.
    SquareRoot { a: Value },
    /// `a mod 2^bits`, from 0 to 2^bits - 1 also for negative values.
    Remainder { a: Value, bits: u32 },
    /// `a / 2^bits`, rounded toward minus infinity.
    Truncate { a: Value, bits: u32 },
    /// The product of numbers in fixed point: `a[k] * b[k] / 2^bits`, where the product may be longer than
    /// values are. Over 2^127 - 1, for up to nine parties, it is the quotient rounded down plus an
    /// integer of C(n, t) / 2 in magnitude at most, else the quotient rounded down.
    MultiplyFixed { a: Value, b: Value, bits: u32 },
    /// The lowest `width` bits, one block for each, the lowest first. Values are from 0 to 2^width - 1;
    /// for as many bits as the field has they may also be negative, and x < 0 has those of p + x.
    Bits { a: Value, width: u32 },
    /// The numbers whose bits are `width` blocks, the lowest first.
    Compose { bits: Value, width: u32 },
    /// `then` where the bit is 1, else `otherwise`.
    Select {
        bit: Value,
        then: Value,
        otherwise: Value,
    },
    /// `len` blocks, 1 in block g where the index is g, else 0.
    OneHots { index: Value, len: u32 },
    /// The entries of a public table at shared indices.
    Lookup { index: Value, table: Vec<i64> },
    /// The entries of a shared table at shared indices.
    LookupShared { index: Value, table: Value },
    /// The first in an order: the smallest or the largest.
    First { a: Value, order: Order },
    /// The place of the first, counted from 0; of equal values the lowest.
    FirstPlace { a: Value, order: Order },
    /// The first two in an order.
    FirstTwo { a: Value, order: Order },
    /// The values in the stable order of as many keys.
    Sort { keys: Value, a: Value, order: Order },
    /// How many values lie below the first public bound, between neighbours, and from the last one on.
    Histogram { a: Value, bounds: Vec<i64> },
    /// How often each number from 0 to `len` - 1 occurs.
    CountEach { a: Value, len: u32 },
    /// The value at a position of the sorted vector, counted from 1.
    Quantile { a: Value, position: u32 },
    /// Uniform numbers from 0 to `end` - 1, which nobody knows; `end` is at most 2^30.
    Uniform { len: u32, end: u64 },
    /// Discrete Laplace numbers: x has probability proportional to (decay / 2^64)^|x|.
    Laplace { len: u32, decay: u64 },
    /// Discrete Gaussian numbers.
    Gaussian { len: u32, width: Width },
    /// 1 where the value is at least the public number, else 0.
    AtLeast { a: Value, least: i64 },
    /// The sum of each of `blocks` blocks of equal length.
    BlockSums { a: Value, blocks: u32 },
    /// The sum of `a[k]` where the bit is 1: one sum for each block of bits as long as `a`.
    SumWhere { bits: Value, a: Value },
    /// The mean of `a[k]` where the bit is 1, 0 where none is: one mean for each block of bits.
    MeanWhere {
        bits: Value,
        a: Value,
        rounding: Rounding,
    },
    /// The covariance of two columns, divided by 2^bits: the mean product of their distances from their
    /// means. Of a column with itself, its variance.
    Covariance {
        a: Value,
        b: Value,
        bits: u32,
        rounding: Rounding,
    },
    /// The correlation of two columns, with `bits` bits behind the point ([`super::reference::correlation`]); 0 if
    /// one of them does not vary.
    Correlation { a: Value, b: Value, bits: u32 },
    /// Of each cell of `a`, given by the one-hots of rows over cells: the value at the position
    /// ceil(count * numerator / denominator) of its sorted values, counted from 1; 0 of an empty cell.
    CellQuantile {
        hots: Value,
        a: Value,
        numerator: u32,
        denominator: u32,
    },
    /// Whether rows of `limbs` blocks are equal in all of them.
    EqualRows { a: Value, b: Value, limbs: u32 },
    /// 1 where a row of `limbs` blocks is the first of those equal to it, else 0.
    Distinct { a: Value, limbs: u32 },
    /// For each left key, a row of `limbs` blocks, whether a right row with the bit `valid` has it. The
    /// columns of that row are what [`Gate::Joined`] gives; of several such rows they are the last one's.
    Join {
        left: Value,
        right: Value,
        limbs: u32,
        valid: Value,
        columns: Vec<Value>,
    },
    /// What a join brings from one of its columns, counted from 0; 0 where no row was found.
    Joined { join: Value, column: u32 },
    /// `a[k] * b[k] / 2^bits` to the nearest integer, where the product may be longer than values are.
    MultiplyRounded { a: Value, b: Value, bits: u32 },
    /// The sum of `a[k] * b[k]`, divided by 2^bits, to the nearest integer, where the sum may be longer than
    /// values are.
    DotRounded { a: Value, b: Value, bits: u32 },
    /// `a[k] * 2^bits / b[k]` to the nearest integer; 0 for a divisor 0.
    DivideRounded { a: Value, b: Value, bits: u32 },
    /// The square root of `a[k] * 2^bits`, which is not negative, to the nearest integer.
    SquareRootRounded { a: Value, bits: u32 },
    /// The magnitude.
    Absolute { a: Value },
    /// The smaller of both.
    Smaller { a: Value, b: Value },
    /// The larger of both.
    Larger { a: Value, b: Value },
    /// The value, or the public bound that it passes.
    Clamp { a: Value, low: i64, high: i64 },
    /// 1 / (1 + exp(-x)), in fixed point with `bits` bits behind the point, from 8 to 20.
    Logistic { a: Value, bits: u32 },
    /// exp(x), in the same way.
    Exp { a: Value, bits: u32 },
    /// ln(x), in the same way; 0 for x <= 0.
    Ln { a: Value, bits: u32 },
    /// Least squares: the intercept, then for each column its coefficient, of the linear model of y on up to 8
    /// columns, all in fixed point. `ridge` is added to the sums of squares. Coefficients of columns that depend on
    /// those before them are 0; results are clamped to `most` in magnitude.
    Regression {
        columns: Vec<Value>,
        y: Value,
        bits: u32,
        ridge: i64,
        most: i64,
    },
    /// Logistic regression: the intercept, then for each of up to 8 columns its weight, after `steps` steps of gradient descent from 0,
    /// all in fixed point; y is 1 for rows that are so and 0 for others. Each step goes `rate` times the gradient of the mean; weights
    /// stay within `most` in magnitude.
    LogisticRegression {
        columns: Vec<Value>,
        y: Value,
        bits: u32,
        rate: i64,
        steps: u32,
        most: i64,
    },
    /// The mean of all squares, divided by 2^bits, to the nearest integer.
    MeanSquare { a: Value, bits: u32 },
}
