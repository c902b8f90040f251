//! Statements: all that happens in order, and the only effects there are.

use super::Recipient;
use super::expr::Expr;
use crate::span::Span;

/// A local, by its place among those of the entry or predicate.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct LocalId(pub u32);

/// Statements, one behind the other.
#[derive(Clone, Debug, Default)]
pub struct Block {
    /// In order.
    pub stmts: Vec<Stmt>,
}

/// A statement.
#[derive(Clone, Debug)]
pub struct Stmt {
    /// What it does.
    pub kind: StmtKind,
    /// Where it stands.
    pub span: Span,
}

/// What a statement does.
#[derive(Clone, Debug)]
pub enum StmtKind {
    /// `let x = e`: the local gets its first value.
    Let(LocalId, Expr),
    /// `let (x, y) = e`: each local gets its part of a tuple.
    LetTuple(Vec<LocalId>, Expr),
    /// `place = e`. `place += e` and the like are written out, except for accumulators.
    /// Rows may go into a list of as many as there can be: those that are missing are zero.
    Assign(Place, Expr),
    /// `MPC.slot[i] += e` of an `accumulator` slot; of a list without an index, element by element.
    Accumulate(Place, Expr),
    /// `if c { } else { }`. When `c` is private both run, and each local and `MPC` slot that is assigned gets what the branch that
    /// holds has put into it.
    If {
        /// The condition, one truth value.
        condition: Expr,
        /// When it holds.
        then: Block,
        /// When not.
        otherwise: Block,
    },
    /// `for i in from..to`, `to` not included; bounds are public.
    For {
        /// The counter.
        counter: LocalId,
        /// First.
        from: Expr,
        /// One past the last.
        to: Expr,
        /// What is done each time.
        body: Block,
    },
    /// `for x in vector`: each element in order.
    ForEach {
        /// The element.
        element: LocalId,
        /// A list or rows.
        over: Expr,
        /// What is done each time.
        body: Block,
    },
    /// `for who in group`: each account that contributes to this run, in order of members.
    ForMembers {
        /// The account.
        member: LocalId,
        /// The group, by index.
        group: usize,
        /// What is done each time.
        body: Block,
    },
    /// `while c max N`. When `c` is private it runs N times, and changes nothing from when `c` is false on.
    While {
        /// The condition.
        condition: Expr,
        /// Most times; public.
        max: Expr,
        /// What is done each time.
        body: Block,
    },
    /// Leaves the innermost loop.
    Break,
    /// Ends the entry.
    Return,
    /// `require c, "why"`: a public condition; when it does not hold the call is refused and nothing of it stays.
    Require(Expr, Option<String>),
    /// `reveal`.
    Reveal(Reveal),
    /// `transfer(from:, to:, amount:)`, from what that account has deposited; without `from`, `transfer_out(to:, amount:)`, from
    /// the contract's own funds.
    Transfer {
        /// Who pays.
        from: Option<Expr>,
        /// Who gets it.
        to: Expr,
        /// How much.
        amount: Expr,
    },
}

/// What is assigned: a part of a local or of a slot.
#[derive(Clone, Debug)]
pub struct Place {
    /// The local or slot.
    pub root: Root,
    /// The way to the part.
    pub path: Vec<PlaceStep>,
    /// Where it stands.
    pub span: Span,
}

/// Where a place begins.
#[derive(Clone, Debug)]
pub enum Root {
    /// A local.
    Local(LocalId),
    /// A slot, by index, at a key if it is a map.
    Slot(usize, Option<Box<Expr>>),
}

/// A step to a part.
#[derive(Clone, Debug)]
pub enum PlaceStep {
    /// A field or a part of a tuple.
    Field(usize),
    /// An element; the place is public.
    Index(Expr),
}

/// `reveal NAME = VALUE to RECIPIENTS with GUARDS`.
#[derive(Clone, Debug)]
pub struct Reveal {
    /// Its name in the results.
    pub name: String,
    /// Where the name stands.
    pub name_span: Span,
    /// What is revealed.
    pub value: Expr,
    /// To whom.
    pub recipients: Vec<(Recipient, Span)>,
    /// Under which conditions and how blurred.
    pub guards: Vec<Guard>,
    /// Shown to `public`: the local of that name, which holds the value from here on. With a guard on a private count it is a
    /// `maybe`, of a list one per element.
    pub local: Option<LocalId>,
}

/// What stands behind `with`.
#[derive(Clone, Debug)]
#[expect(
    clippy::large_enum_variant,
    reason = "a contract has a handful of them"
)]
pub enum Guard {
    /// `min_group(count, least)`. When `count` is public, fewer refuse the entry. When it is private, what is shown is `maybe`: nothing
    /// where the count is below `least`. A list of counts guards a list of values, element by element.
    MinGroup {
        /// How many.
        count: Expr,
        /// How many at least; public.
        least: Expr,
        /// The guard.
        span: Span,
    },
    /// `noise(...)`. The plaintext interpreter of tests adds none; sensitivity is computed by `flow`.
    Noise {
        /// How it is distributed.
        noise: Noise,
        /// The guard.
        span: Span,
    },
}

/// How noise is distributed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Noise {
    /// Discrete Laplace, epsilon in millionths.
    Laplace {
        /// In millionths.
        epsilon: u64,
    },
    /// Discrete Gaussian; epsilon in millionths, delta in units of 10^-12.
    Gaussian {
        /// In millionths.
        epsilon: u64,
        /// In units of 10^-12.
        delta: u64,
    },
}

impl Noise {
    /// What it costs, in millionths.
    #[must_use]
    pub fn epsilon(self) -> u64 {
        match self {
            Noise::Laplace { epsilon } | Noise::Gaussian { epsilon, .. } => epsilon,
        }
    }

    /// With which probability it may hide less, in units of 10^-12.
    #[must_use]
    pub fn delta(self) -> u64 {
        match self {
            Noise::Laplace { .. } => 0,
            Noise::Gaussian { delta, .. } => delta,
        }
    }
}
