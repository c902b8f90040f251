//! The gates of programs; [`super::program`] expands them.

use crate::interval::Interval;
use crate::model::{Order, Relation};

/// The result of a gate, by its place in the program.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Value(pub u32);

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
    /// The largest integer whose square is not above the value, which is not negative.
    SquareRoot { a: Value },
    /// `a mod 2^bits`, from 0 to 2^bits - 1 also for negative values.
    Remainder { a: Value, bits: u32 },
    /// `a / 2^bits`, rounded toward minus infinity.
    Truncate { a: Value, bits: u32 },
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
    /// Discrete Gaussian numbers: x has probability proportional to (decay / 2^64)^(x^2).
    Gaussian { len: u32, decay: u64 },
}
