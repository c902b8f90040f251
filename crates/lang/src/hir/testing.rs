//! `test` blocks. Their expressions are about known values only, and are typed when they run.

use super::types::Type;
use crate::span::Span;

/// `test "TITLE" { ... }`.
#[derive(Clone, Debug)]
pub struct Test {
    /// Its title.
    pub title: String,
    /// The whole test.
    pub span: Span,
    /// What it does, in order.
    pub steps: Vec<TestStep>,
}

/// A statement of a test.
#[derive(Clone, Debug)]
pub enum TestStep {
    /// `given NAME = e`: the rows of a collection, by index, or its value.
    Given(usize, TestExpr, Span),
    /// `set PLACE = e count n`: what is in a slot, and how many contributions that stands for.
    Set {
        /// The slot or a part of it.
        target: TestTarget,
        /// The value.
        value: TestExpr,
        /// Of an accumulator: so many contributions.
        count: Option<TestExpr>,
        /// The statement.
        span: Span,
    },
    /// `set L.height = e`, `set L.time = e`: the next block is that one, or of that time.
    SetClock(Clock, TestExpr, Span),
    /// `run NAME(args) as WHO`: it must not be refused.
    Run(TestRun),
    /// `expect fail run ...`: it must be refused, and changes nothing.
    ExpectFail(TestRun),
    /// `expect e`: must be true of the stores and of what the last run revealed.
    Expect(TestExpr, Span),
}

/// What `L` has beside slots.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Clock {
    /// `L.height`.
    Height,
    /// `L.time`.
    Time,
}

impl Clock {
    /// By its name.
    #[must_use]
    pub fn named(name: &str) -> Option<Clock> {
        match name {
            "height" => Some(Clock::Height),
            "time" => Some(Clock::Time),
            _ => None,
        }
    }
}

/// A call of an entry.
#[derive(Clone, Debug)]
pub struct TestRun {
    /// The entry, by index.
    pub entry: usize,
    /// A value for each parameter, in order.
    pub args: Vec<TestExpr>,
    /// Who calls; an account that is nobody else when nothing is stated.
    pub caller: Option<TestCaller>,
    /// The statement.
    pub span: Span,
}

/// An account of a test.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum TestCaller {
    /// A party, by index.
    Party(usize),
    /// Member k of a group, by index.
    Member(usize, Box<TestExpr>),
    /// Somebody who is neither, by name: the same name is the same account.
    Other(String),
}

/// What `set` sets.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TestTarget {
    /// The slot, by index.
    pub slot: usize,
    /// The key, of a map.
    pub key: Option<TestExpr>,
    /// The way to the part that is set.
    pub way: Vec<TestPart>,
}

/// A step to a part of a value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum TestPart {
    /// An element of a list.
    Index(TestExpr),
    /// A field of a struct, by its place.
    Field(usize),
}

/// An expression of a test.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum TestExpr {
    /// A whole number.
    Int(i128),
    /// A number with a point: units of 10^-decimals.
    Decimal {
        /// Without the point.
        units: i128,
        /// Digits behind the point.
        decimals: u32,
    },
    /// `true` or `false`.
    Bool(bool),
    /// A text.
    Text(String),
    /// A name of an enumeration: its index, and the name's place.
    Variant(usize, u32),
    /// A struct of this index, its fields in order.
    Struct(usize, Vec<TestExpr>),
    /// A list.
    List(Vec<TestExpr>),
    /// `[a; n]`.
    Repeat(Box<TestExpr>, Box<TestExpr>),
    /// What the last run revealed under this name.
    Result(String),
    /// What is in a slot, at a key of a map.
    Slot(usize, Option<Box<TestExpr>>),
    /// An account.
    Account(TestCaller),
    /// A part of a list.
    Index(Box<TestExpr>, Box<TestExpr>),
    /// A field of a struct.
    Field(Box<TestExpr>, String),
    /// The height or the time of the block in which the next run is.
    Clock(Clock),
    /// `c ? a : b`: only one of them is looked at.
    Choose(Box<[TestExpr; 3]>),
    /// A function for tests.
    Call(TestFunction, Vec<TestExpr>),
    /// `a as T`.
    Cast(Box<TestExpr>, Type),
    /// `-a` or `!a`.
    Unary(super::UnaryOp, Box<TestExpr>),
    /// `a op b`.
    Binary(super::BinaryOp, Box<TestExpr>, Box<TestExpr>),
}

/// Functions that tests have.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TestFunction {
    /// `iota(from, to)`: the numbers from `from` to `to` - 1; as `hash` or `bytes` big-endian.
    Iota,
    /// `fill(n, value)`.
    Fill,
    /// `concat(list, list, ...)`.
    Concat,
    /// `some(value)`.
    Some,
    /// `none()`.
    None,
    /// `digest_of("text")`: the BLAKE3 hash of the text.
    DigestOf,
    /// `abs(number)`.
    Abs,
    /// `len(list)`.
    Len,
}
