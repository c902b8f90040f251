//! Macro-operations: what an entry's code is made of. `dst` is always the next unused register of its bank,
//! also inside [`Op::If`]; an operation with several results gives consecutive registers.

use super::{BitOp, C, Order, PublicOp, Relation, S};

/// A macro-operation.
///
/// Secret registers are scalars or vectors (see [`crate::ranges::Extent`]): element-wise operations repeat a
/// scalar operand. Fixed point means numbers scaled by 2^bits; its results are rounded to the nearest number,
/// halves toward plus infinity, unless said otherwise.
#[allow(missing_docs)] // The fields' names and types say what they are.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Op {
    // The public bank.
    /// A public constant.
    Const { dst: C, value: i64 },
    /// Constant public bytes.
    ConstBytes { dst: C, value: Vec<u8> },
    /// The number of rows of a collection in this run.
    Rows { dst: C, collection: u16 },
    /// A column of a public parameter of the entry.
    Param { dst: C, param: u16, column: u16 },
    /// The account that calls.
    Caller { dst: C },
    /// The account a party is bound to.
    PartyAccount { dst: C, party: u16 },
    /// The height of the block with the call.
    Height { dst: C },
    /// The time of that block, in seconds since 1970.
    Time { dst: C },
    /// A column of a slot on the ledger, of a map at a key; what the entry itself has stored counts.
    Load {
        dst: C,
        slot: u16,
        column: u16,
        key: Option<C>,
    },
    /// The same of the ledger as it was after the block of this height; of a block to come, as it was when the call began. What the entry
    /// itself has stored does not count.
    LoadAt {
        dst: C,
        slot: u16,
        column: u16,
        key: Option<C>,
        height: C,
    },
    /// Arithmetic and comparison on public values.
    Public { dst: C, op: PublicOp, a: C, b: C },
    /// `then` if the condition is not 0, else `otherwise`.
    Choose {
        dst: C,
        condition: C,
        then: C,
        otherwise: C,
    },
    // Order and effects. Conditions are public.
    /// The call is refused, and nothing of it stays, when the condition is 0.
    Require { condition: C, why: String },
    /// The caller pays so much.
    Pays { amount: C },
    /// Stores a column of a slot on the ledger, of a map at a key.
    Store {
        slot: u16,
        column: u16,
        key: Option<C>,
        src: C,
    },
    /// From what `from` has deposited, or from the contract's funds.
    Transfer { from: Option<C>, to: C, amount: C },
    /// What follows, to `Else` or `End`, is done if the condition is not 0. Registers of a side that is not
    /// taken are never defined: behind `End` only [`Op::Merge`] and [`Op::MergePublic`] on the same
    /// condition may read those of either side.
    If { condition: C },
    /// What follows, to `End`, is done if the condition of `If` is 0.
    Else,
    /// The end of `If` or `EachMember`.
    End,
    /// What follows, to `End`, is done for each account that contributes to this run, of a group, in order of
    /// members. Inside are operations of the public bank and `Store` only, and their registers are not read
    /// behind.
    EachMember { dst: C, group: u16 },
    /// The register of the side that was taken.
    Merge {
        dst: S,
        condition: C,
        then: S,
        otherwise: S,
    },
    /// The same of public registers.
    MergePublic {
        dst: C,
        condition: C,
        then: C,
        otherwise: C,
    },
    // Where secrets come from and where they stay.
    /// A column of the rows of a collection, as a vector over its rows; of a party's single value a scalar.
    /// Rows outside the declared range are dropped before (decisions 15).
    Input {
        dst: S,
        collection: u16,
        column: u16,
    },
    /// A column of a private parameter, dealt by the caller.
    SecretParam { dst: S, param: u16, column: u16 },
    /// A column of a secret slot; what the entry itself has stored counts.
    LoadSecret { dst: S, slot: u16, column: u16 },
    /// Stores a scalar in a column of a secret slot, of a range within the column's.
    StoreSecret { slot: u16, column: u16, src: S },
    /// Adds a scalar within +-2^28 to a column of an `accumulator` slot.
    Accumulate { slot: u16, column: u16, src: S },
    /// A public number as a secret scalar.
    Hide { dst: S, a: C },
    // Arithmetic.
    /// Element-wise sum.
    Add { dst: S, a: S, b: S },
    /// Element-wise difference.
    Sub { dst: S, a: S, b: S },
    /// Adds a public value to each element.
    AddPublic { dst: S, a: S, b: C },
    /// Multiplies each element by a public value.
    MulPublic { dst: S, a: S, b: C },
    /// Element-wise product.
    Mul { dst: S, a: S, b: S },
    /// Sum of a vector's elements: a scalar.
    Sum { dst: S, a: S },
    /// Sum of the products of two vectors' elements: a scalar.
    Dot { dst: S, a: S, b: S },
    /// Each element divided by a public value, truncating toward zero; 0 when the divisor is 0.
    DivPublic { dst: S, a: S, b: C },
    /// Each element of `a` divided by that of `b`, truncating toward zero; 0 when the divisor is 0.
    Div { dst: S, a: S, b: S },
    /// What is left of each element by [`Op::DivPublic`]; 0 when the divisor is 0.
    ModuloPublic { dst: S, a: S, b: C },
    /// What is left of each element of `a` by [`Op::Div`]; 0 when the divisor is 0.
    Modulo { dst: S, a: S, b: S },
    /// The largest integer whose square is not above the element, which is not negative.
    SquareRoot { dst: S, a: S },
    /// The magnitude.
    Absolute { dst: S, a: S },
    /// The smaller of both.
    Smaller { dst: S, a: S, b: S },
    /// The larger of both.
    Larger { dst: S, a: S, b: S },
    /// `then` where `bit`, which is 0 or 1, is 1, else `otherwise`.
    Select {
        dst: S,
        bit: S,
        then: S,
        otherwise: S,
    },
    /// Uniform numbers from 0 to `end` - 1 that nobody knows: a vector of `len`, 1 to 2^20; `end` at most 2^30.
    Random { dst: S, len: u32, end: u64 },
    /// The same, one for each element of `like`, which says nothing else.
    RandomLike { dst: S, like: S, end: u64 },
    // Fixed point, `bits` bits behind the point.
    /// `a * b / 2^bits`; the product may be longer than values are.
    MulFixed { dst: S, a: S, b: S, bits: u8 },
    /// The sum of `a[k] * b[k]`, divided by 2^bits once: a scalar.
    DotFixed { dst: S, a: S, b: S, bits: u8 },
    /// `a * 2^bits / b`; 0 for a divisor 0.
    DivFixed { dst: S, a: S, b: S, bits: u8 },
    /// The square root of `a * 2^bits`; `a` is not negative.
    SquareRootFixed { dst: S, a: S, bits: u8 },
    /// 1 / (1 + exp(-a)).
    Logistic { dst: S, a: S, bits: u8 },
    /// exp(a), saturating.
    Exp { dst: S, a: S, bits: u8 },
    /// ln(a); 0 for a <= 0.
    Ln { dst: S, a: S, bits: u8 },
    // Vectors.
    /// Scalars as a vector of that many elements.
    Gather { dst: S, parts: Vec<S> },
    /// The element at a place counted from 0: of a vector of constant length one that is there, of rows 0 where there
    /// are fewer.
    Element { dst: S, a: S, at: u32 },
    /// The element of a vector of constant length at a shared place counted from 0, which lies inside.
    Lookup { dst: S, table: S, index: S },
    // Comparisons and orders.
    /// 1 where `a` stands to `b` in this relation, else 0.
    Compare {
        dst: S,
        relation: Relation,
        a: S,
        b: S,
    },
    /// 1 where an element stands to a public value in this relation, else 0.
    ComparePublic {
        dst: S,
        relation: Relation,
        a: S,
        b: C,
    },
    /// Rank of each element among all (1 + how many come strictly before it): ties share a rank.
    Rank { dst: S, a: S, order: Order },
    /// The element of a vector that ranks first: the smallest (ascending) or largest (descending).
    First { dst: S, a: S, order: Order },
    /// The element that ranks second, of equal ones the first's equal; 0 if there is one element.
    Second { dst: S, a: S, order: Order },
    /// Who gave the row in which [`Op::First`] stands: the member's number. Of equal elements that
    /// of the earliest row counts. Nothing is computed with the result.
    FirstMember { dst: S, a: S, order: Order },
    /// The element of a vector that stands at a public place, counted from 1, when they ascend; the first or
    /// the last when the place is none.
    Quantile { dst: S, a: S, place: C },
    // Counts and cells: vectors of constant length.
    /// How many elements lie below the first bound, between neighbours, and from the last one on. Bounds ascend.
    Histogram { dst: S, a: S, bounds: Vec<i64> },
    /// How often each number from 0 to `len` - 1 occurs, among elements that are such numbers.
    CountEach { dst: S, a: S, len: u32 },
    /// The sum of those elements of `a` whose key is k, for each k from 0 to `len` - 1.
    CellSum { dst: S, keys: S, a: S, len: u32 },
    /// Of the elements of `a` whose key is k, for each k from 0 to `len` - 1: the value at the position
    /// ceil(count * numerator / denominator) of the sorted ones, counted from 1; 0 where there are none.
    CellQuantile {
        dst: S,
        keys: S,
        a: S,
        len: u32,
        numerator: u32,
        denominator: u32,
    },
    // Keys of several columns.
    /// 1 where all columns of `a` equal those of `b`, else 0.
    EqualKeys { dst: S, a: Vec<S>, b: Vec<S> },
    /// 1 where a row is the first of those with the same key, else 0.
    Distinct { dst: S, keys: Vec<S> },
    /// For each row of `left` whether a row of `right` with the bit `valid` has the same key, then, for each of
    /// `columns`, which are over the rows of `right`, what the last such row has there; 0 where there is none.
    /// 1 + as many registers as columns.
    Join {
        dst: S,
        left: Vec<S>,
        right: Vec<S>,
        valid: S,
        columns: Vec<S>,
    },
    // Models, in fixed point.
    /// Variance of `a` when `b` is `a`, else covariance of both: divided by 2^bits once; toward zero when
    /// `bits` is 0.
    Covariance { dst: S, a: S, b: S, bits: u8 },
    /// The correlation of both, with `bits` bits behind the point; 0 if one of them does not vary.
    Correlation { dst: S, a: S, b: S, bits: u8 },
    /// The mean of all squares, divided by 2^bits.
    MeanSquare { dst: S, a: S, bits: u8 },
    /// Least squares: intercept and coefficient of each column, a vector of 1 + as many. `ridge` is added to
    /// the sums of squares; results are cut to `most` in magnitude.
    Regression {
        dst: S,
        columns: Vec<S>,
        y: S,
        bits: u8,
        ridge: i64,
        most: i64,
    },
    /// Logistic regression by `steps` steps of gradient descent from 0: intercept and weight of each column, a vector of 1 + as
    /// many. Each step goes `rate` times the gradient of the mean; results stay within `most` in magnitude.
    LogisticRegression {
        dst: S,
        columns: Vec<S>,
        y: S,
        bits: u8,
        rate: i64,
        steps: u32,
        most: i64,
    },
    /// Shows `values` to the recipients of manifest line `reveal`, one register for each of its columns.
    ///
    /// `counts`: none, one for all values or one for each; a value is shown only where its count is at least
    /// the line's `hidden_below`, and whether it is is shown, too. The line's noise is added to what is
    /// shown, and noise of its own to each count before it is compared. With `public` the values, then one truth value for each count, are defined as public registers
    /// from there on; those that are hidden are 0.
    Out {
        reveal: u16,
        values: Vec<S>,
        counts: Vec<S>,
        public: Option<C>,
    },
    // Numbers and their bits. What is not negative has bits.
    /// The lowest `width` bits of each element, which is not negative, the lowest first: as many registers, from 1 to
    /// the bits that values have.
    Bits { dst: S, a: S, width: u8 },
    /// Each element modulo 2^bits, from 0 to 2^bits - 1, also of negative numbers.
    Remainder { dst: S, a: S, bits: u8 },
    /// Each element divided by 2^bits, rounded toward minus infinity.
    ShiftRight { dst: S, a: S, bits: u8 },
    /// Bit by bit, of elements that are not negative.
    Bitwise { dst: S, op: BitOp, a: S, b: S },
    /// The same of each element and a public value that is not negative.
    BitwisePublic { dst: S, op: BitOp, a: S, b: C },
    // Whole vectors in another order.
    /// Columns in the stable order of as many `keys`: one register for each of `columns`.
    Sort {
        dst: S,
        keys: S,
        order: Order,
        columns: Vec<S>,
    },
    /// The `len` largest elements, descending: a vector of so many, with zeros where there are fewer.
    Top { dst: S, a: S, len: u32 },
    /// The sum of the elements up to each.
    PrefixSums { dst: S, a: S },
    /// Columns in one order that nobody knows: one register for each.
    Shuffle { dst: S, columns: Vec<S> },
}

impl Op {
    /// Whether element i of the result is made of elements i.
    #[must_use]
    pub fn is_element_wise(&self) -> bool {
        matches!(
            self,
            Op::Add { .. }
                | Op::Sub { .. }
                | Op::AddPublic { .. }
                | Op::MulPublic { .. }
                | Op::Mul { .. }
                | Op::MulFixed { .. }
                | Op::DivPublic { .. }
                | Op::Div { .. }
                | Op::ModuloPublic { .. }
                | Op::Modulo { .. }
                | Op::DivFixed { .. }
                | Op::SquareRoot { .. }
                | Op::SquareRootFixed { .. }
                | Op::Absolute { .. }
                | Op::Smaller { .. }
                | Op::Larger { .. }
                | Op::Select { .. }
                | Op::Logistic { .. }
                | Op::Exp { .. }
                | Op::Ln { .. }
                | Op::Compare { .. }
                | Op::ComparePublic { .. }
                | Op::EqualKeys { .. }
                | Op::Bits { .. }
                | Op::Remainder { .. }
                | Op::ShiftRight { .. }
                | Op::Bitwise { .. }
                | Op::BitwisePublic { .. }
                | Op::Merge { .. }
        )
    }

    /// Whether its results are drawn anew in every run.
    #[must_use]
    pub fn draws(&self) -> bool {
        matches!(
            self,
            Op::Random { .. } | Op::RandomLike { .. } | Op::Shuffle { .. }
        )
    }

    /// Whether it may be done for each member, inside of [`Op::EachMember`]: it looks at what everyone knows, or
    /// stores.
    #[must_use]
    pub fn may_stand_in_a_body(&self) -> bool {
        matches!(
            self,
            Op::Const { .. }
                | Op::ConstBytes { .. }
                | Op::Rows { .. }
                | Op::Param { .. }
                | Op::Caller { .. }
                | Op::PartyAccount { .. }
                | Op::Height { .. }
                | Op::Time { .. }
                | Op::Load { .. }
                | Op::LoadAt { .. }
                | Op::Public { .. }
                | Op::Choose { .. }
                | Op::Store { .. }
        )
    }
}
