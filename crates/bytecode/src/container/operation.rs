//! Which operation has which tag, and its operands in the order in which they are written.

use super::part::Part;
use super::reader::Reader;
use super::writer::Writer;
use super::{DecodeError, tag};
use crate::model::{BitOp, Op, Order, PublicOp, Relation};

/// An operation is its tag and its operands; behind `|` is what the tag says besides. The match is
/// exhaustive, so that no operation lacks a tag.
macro_rules! operations {
    ($($tag:ident: $variant:ident {
        $($operand:ident),* $(| $fixed:ident: $value:path)?
    }),* $(,)?) => {
        impl Part for Op {
            fn write(&self, out: &mut Writer) {
                match self {
                    Op::Const { dst, value } => {
                        out.byte(tag::CONST);
                        dst.write(out);
                        out.constant(*value);
                    }
                    Op::Require { condition, why } => {
                        out.byte(tag::REQUIRE);
                        condition.write(out);
                        out.bytes(why.as_bytes());
                    }
                    $(Op::$variant { $($operand,)* $($fixed: $value,)? } => {
                        out.byte(tag::$tag);
                        $($operand.write(out);)*
                    })*
                }
            }

            fn read(input: &mut Reader<'_>) -> Result<Self, DecodeError> {
                let at = input.at();
                match input.byte()? {
                    tag::CONST => Ok(Op::Const {
                        dst: Part::read(input)?,
                        value: input.constant()?,
                    }),
                    tag::REQUIRE => Ok(Op::Require {
                        condition: Part::read(input)?,
                        why: input.text(|_| true)?,
                    }),
                    $(tag::$tag => {
                        $(let $operand = Part::read(input)?;)*
                        Ok(Op::$variant { $($operand,)* $($fixed: $value,)? })
                    })*
                    tag => Err(DecodeError::BadTag { choice: "operation", tag, at }),
                }
            }
        }
    };
}

operations! {
    // The public bank.
    CONST_BYTES: ConstBytes { dst, value },
    ROWS: Rows { dst, collection },
    PARAM: Param { dst, param, column },
    CALLER: Caller { dst },
    PARTY_ACCOUNT: PartyAccount { dst, party },
    HEIGHT: Height { dst },
    TIME: Time { dst },
    LOAD: Load { dst, slot, column, key },
    LOAD_AT: LoadAt { dst, slot, column, key, height },
    PUBLIC_ADD: Public { dst, a, b | op: PublicOp::Add },
    PUBLIC_SUB: Public { dst, a, b | op: PublicOp::Sub },
    PUBLIC_MUL: Public { dst, a, b | op: PublicOp::Mul },
    PUBLIC_DIV: Public { dst, a, b | op: PublicOp::Div },
    PUBLIC_REM: Public { dst, a, b | op: PublicOp::Rem },
    PUBLIC_SMALLER: Public { dst, a, b | op: PublicOp::Smaller },
    PUBLIC_LARGER: Public { dst, a, b | op: PublicOp::Larger },
    PUBLIC_LESS: Public { dst, a, b | op: PublicOp::Less },
    PUBLIC_EQUAL: Public { dst, a, b | op: PublicOp::Equal },
    CHOOSE: Choose { dst, condition, then, otherwise },
    // Order and effects.
    PAYS: Pays { amount },
    STORE: Store { slot, column, key, src },
    TRANSFER: Transfer { from, to, amount },
    IF: If { condition },
    ELSE: Else {},
    END: End {},
    EACH_MEMBER: EachMember { dst, group },
    MERGE: Merge { dst, condition, then, otherwise },
    MERGE_PUBLIC: MergePublic { dst, condition, then, otherwise },
    // Where secrets come from and where they stay.
    INPUT: Input { dst, collection, column },
    SECRET_PARAM: SecretParam { dst, param, column },
    LOAD_SECRET: LoadSecret { dst, slot, column },
    STORE_SECRET: StoreSecret { slot, column, src },
    ACCUMULATE: Accumulate { slot, column, src },
    HIDE: Hide { dst, a },
    // Arithmetic.
    ADD: Add { dst, a, b },
    SUB: Sub { dst, a, b },
    ADD_PUBLIC: AddPublic { dst, a, b },
    MUL_PUBLIC: MulPublic { dst, a, b },
    MUL: Mul { dst, a, b },
    SUM: Sum { dst, a },
    DOT: Dot { dst, a, b },
    DIV_PUBLIC: DivPublic { dst, a, b },
    MODULO_PUBLIC: ModuloPublic { dst, a, b },
    MODULO: Modulo { dst, a, b },
    DIV: Div { dst, a, b },
    SQUARE_ROOT: SquareRoot { dst, a },
    ABSOLUTE: Absolute { dst, a },
    SMALLER: Smaller { dst, a, b },
    LARGER: Larger { dst, a, b },
    SELECT: Select { dst, bit, then, otherwise },
    RANDOM: Random { dst, len, end },
    RANDOM_LIKE: RandomLike { dst, like, end },
    // Fixed point.
    MUL_FIXED: MulFixed { dst, a, b, bits },
    DOT_FIXED: DotFixed { dst, a, b, bits },
    DIV_FIXED: DivFixed { dst, a, b, bits },
    SQUARE_ROOT_FIXED: SquareRootFixed { dst, a, bits },
    LOGISTIC: Logistic { dst, a, bits },
    EXP: Exp { dst, a, bits },
    LN: Ln { dst, a, bits },
    // Vectors.
    GATHER: Gather { dst, parts },
    ELEMENT: Element { dst, a, at },
    LOOKUP: Lookup { dst, table, index },
    // Comparisons and orders.
    LESS: Compare { dst, a, b | relation: Relation::Less },
    EQUAL: Compare { dst, a, b | relation: Relation::Equal },
    GREATER: Compare { dst, a, b | relation: Relation::Greater },
    LESS_PUBLIC: ComparePublic { dst, a, b | relation: Relation::Less },
    EQUAL_PUBLIC: ComparePublic { dst, a, b | relation: Relation::Equal },
    GREATER_PUBLIC: ComparePublic { dst, a, b | relation: Relation::Greater },
    RANK_ASCENDING: Rank { dst, a | order: Order::Ascending },
    RANK_DESCENDING: Rank { dst, a | order: Order::Descending },
    FIRST_ASCENDING: First { dst, a | order: Order::Ascending },
    FIRST_DESCENDING: First { dst, a | order: Order::Descending },
    SECOND_ASCENDING: Second { dst, a | order: Order::Ascending },
    SECOND_DESCENDING: Second { dst, a | order: Order::Descending },
    FIRST_MEMBER_ASCENDING: FirstMember { dst, a | order: Order::Ascending },
    FIRST_MEMBER_DESCENDING: FirstMember { dst, a | order: Order::Descending },
    QUANTILE: Quantile { dst, a, place },
    // Counts and cells.
    HISTOGRAM: Histogram { dst, a, bounds },
    COUNT_EACH: CountEach { dst, a, len },
    CELL_SUM: CellSum { dst, keys, a, len },
    CELL_QUANTILE: CellQuantile { dst, keys, a, len, numerator, denominator },
    // Keys of several columns.
    EQUAL_KEYS: EqualKeys { dst, a, b },
    DISTINCT: Distinct { dst, keys },
    JOIN: Join { dst, left, right, valid, columns },
    // Models.
    COVARIANCE: Covariance { dst, a, b, bits },
    CORRELATION: Correlation { dst, a, b, bits },
    MEAN_SQUARE: MeanSquare { dst, a, bits },
    REGRESSION: Regression { dst, columns, y, bits, ridge, most },
    LOGISTIC_REGRESSION: LogisticRegression { dst, columns, y, bits, rate, steps, most },
    OUT: Out { reveal, values, counts, public },
    // Numbers and their bits.
    BITS: Bits { dst, a, width },
    REMAINDER: Remainder { dst, a, bits },
    SHIFT_RIGHT: ShiftRight { dst, a, bits },
    AND: Bitwise { dst, a, b | op: BitOp::And },
    OR: Bitwise { dst, a, b | op: BitOp::Or },
    XOR: Bitwise { dst, a, b | op: BitOp::Xor },
    AND_PUBLIC: BitwisePublic { dst, a, b | op: BitOp::And },
    OR_PUBLIC: BitwisePublic { dst, a, b | op: BitOp::Or },
    XOR_PUBLIC: BitwisePublic { dst, a, b | op: BitOp::Xor },
    // Whole vectors in another order.
    SORT_ASCENDING: Sort { dst, keys, columns | order: Order::Ascending },
    SORT_DESCENDING: Sort { dst, keys, columns | order: Order::Descending },
    TOP: Top { dst, a, len },
    PREFIX_SUMS: PrefixSums { dst, a },
    SHUFFLE: Shuffle { dst, columns },
}
