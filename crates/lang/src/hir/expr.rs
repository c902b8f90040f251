//! Expressions. All are pure and total; all parts of one are evaluated, also of `c ? a : b`.

use super::builtin::Builtin;
use super::stmt::{Block, LocalId};
use super::types::Type;
use crate::span::Span;

/// The number of an expression, unique in a contract: `flow` keeps what it finds in a table.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct ExprId(pub u32);

/// An expression with its type.
#[derive(Clone, Debug)]
pub struct Expr {
    /// What it does.
    pub kind: ExprKind,
    /// What it is; [`Type::Unknown`] if an error has been reported for it or for a part of it.
    pub ty: Type,
    /// Where it stands.
    pub span: Span,
    /// Its number.
    pub id: ExprId,
}

/// What an expression does.
///
/// *Element by element*: where an operand is a vector (`Rows` or `List`) the operation applies to each element; both operands
/// are vectors of one index space and length, or one of them is single and repeated.
#[derive(Clone, Debug)]
pub enum ExprKind {
    /// `true` or `false`.
    Bool(bool),
    /// A whole number.
    Int(i128),
    /// A number in fixed point, scaled as the type says.
    Fix(i128),
    /// A name of an enumeration, by its place.
    Variant(u32),
    /// Bytes, as of a hash.
    Bytes(Vec<u8>),
    /// A public text.
    Text(String),
    /// `none()`.
    Nothing,
    /// `some(a)`.
    Something(Box<Expr>),
    /// The value of a local.
    Local(LocalId),
    /// A collection: its rows, or the value of a single one.
    Collection(usize),
    /// How many rows a collection has in this run: the number of those that were not refused. Public.
    RowCount(usize),
    /// How many members of a group contribute in this run. Public.
    MemberCount(usize),
    /// The account that calls.
    Caller,
    /// The account of a party, by index.
    Party(usize),
    /// `L.height`: the block whose state the run is judged by.
    Height,
    /// `L.time`: that block's time in seconds.
    Time,
    /// What is in a slot; of a map, at a key; of an `L` slot perhaps at an earlier block.
    Load {
        /// The slot, by index.
        slot: usize,
        /// The key of a map.
        key: Option<Box<Expr>>,
        /// `L.get(NAME, HEIGHT)`.
        height: Option<Box<Expr>>,
    },
    /// Element by element.
    Unary(UnaryOp, Box<Expr>),
    /// Element by element.
    Binary(BinaryOp, Box<Expr>, Box<Expr>),
    /// `a as T`, element by element, to the type of this expression: whole numbers and `fix` saturate, unless they provably fit;
    /// `fix` to a whole number rounds toward zero; truth values are 0 and 1; an enum's name is its place.
    Cast(Box<Expr>),
    /// `c ? a : b`, element by element in `c`.
    Select(Box<Expr>, Box<Expr>, Box<Expr>),
    /// A field of a struct or a part of a tuple; of rows, the column.
    Field(Box<Expr>, usize),
    /// A struct, its fields in order of the declaration.
    Struct(Vec<Expr>),
    /// A tuple.
    Tuple(Vec<Expr>),
    /// `[a, b]`.
    List(Vec<Expr>),
    /// `[a; N]`.
    Repeat(Box<Expr>, u64),
    /// `a[i]` of a list or of rows, from 0. A place outside gives zeros (see [`Builtin::Lookup`] for private places).
    Index(Box<Expr>, Box<Expr>),
    /// `vector.map(|x| body)`: one value per element, in the vector's space. The local is new for each element, and so are the
    /// locals of `body`.
    Map {
        /// The vector.
        over: Box<Expr>,
        /// The parameter.
        element: LocalId,
        /// What each element becomes.
        body: Box<Expr>,
    },
    /// A function of the library.
    Call(Builtin, Vec<Expr>),
    /// A function of the source put in place: its parameters are bound by the first statements of the block, and the last ones put
    /// what it returns into `result`. Its locals are new whenever it is evaluated.
    Inline {
        /// The function's name.
        function: String,
        /// What it does. No reveals, writes, `require` or transfers.
        block: Block,
        /// What it returns.
        result: LocalId,
    },
    /// An error has been reported.
    Error,
}

/// Operators with one operand.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum UnaryOp {
    /// `-`
    Negate,
    /// `!`
    Not,
}

/// Operators with two operands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BinaryOp {
    /// `+`
    Add,
    /// `-`
    Sub,
    /// `*`; of `fix`, rounded to nearest, ties up.
    Mul,
    /// `/`: of whole numbers toward zero, of `fix` to nearest; 0 when the divisor is 0.
    Div,
    /// `%`: a - (a / b) * b, the sign of `a`; 0 when the divisor is 0.
    Rem,
    /// `&&`
    And,
    /// `||`
    Or,
    /// `&` of whole numbers that are not negative, or of truth values.
    BitAnd,
    /// `|` of the same.
    BitOr,
    /// `^` of the same.
    BitXor,
    /// `<<` by a public number of places.
    Shl,
    /// `>>` by a public number of places.
    Shr,
    /// `==`, of any type but keys, lists part by part.
    Equal,
    /// `!=`
    NotEqual,
    /// `<`, of numbers.
    Less,
    /// `<=`
    LessEqual,
    /// `>`
    Greater,
    /// `>=`
    GreaterEqual,
}

impl BinaryOp {
    const SIGNS: [(BinaryOp, &'static str); 18] = [
        (BinaryOp::Add, "+"),
        (BinaryOp::Sub, "-"),
        (BinaryOp::Mul, "*"),
        (BinaryOp::Div, "/"),
        (BinaryOp::Rem, "%"),
        (BinaryOp::And, "&&"),
        (BinaryOp::Or, "||"),
        (BinaryOp::BitAnd, "&"),
        (BinaryOp::BitOr, "|"),
        (BinaryOp::BitXor, "^"),
        (BinaryOp::Shl, "<<"),
        (BinaryOp::Shr, ">>"),
        (BinaryOp::Equal, "=="),
        (BinaryOp::NotEqual, "!="),
        (BinaryOp::Less, "<"),
        (BinaryOp::LessEqual, "<="),
        (BinaryOp::Greater, ">"),
        (BinaryOp::GreaterEqual, ">="),
    ];

    /// The operator as written.
    #[must_use]
    pub fn written(sign: &str) -> Option<BinaryOp> {
        let mut signs = BinaryOp::SIGNS.into_iter();
        signs.find(|(_, s)| *s == sign).map(|(op, _)| op)
    }

    /// As it is written.
    #[must_use]
    pub fn sign(self) -> &'static str {
        let mut signs = BinaryOp::SIGNS.into_iter();
        signs.find(|(op, _)| *op == self).map_or("", |(_, s)| s)
    }

    /// Whether the result is a number of the operands' type.
    #[must_use]
    pub fn is_arithmetic(self) -> bool {
        use BinaryOp as B;
        matches!(self, B::Add | B::Sub | B::Mul | B::Div | B::Rem)
    }

    /// Whether the result is a truth value that compares the operands.
    #[must_use]
    pub fn is_comparison(self) -> bool {
        use BinaryOp as B;
        matches!(
            self,
            B::Equal | B::NotEqual | B::Less | B::LessEqual | B::Greater | B::GreaterEqual
        )
    }
}
