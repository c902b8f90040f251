//! The contract after names, types, labels and ranges are settled. Policy, code generation and the
//! interpreter read it; none of them looks at the tree again.

use std::collections::BTreeSet;

use enigma_bytecode::interval::Wide;
use enigma_bytecode::model;

use crate::span::Span;
use crate::types::{Kind, Ty};

/// A checked contract.
#[derive(Clone, Debug)]
pub struct Hir {
    /// Its name.
    pub name: String,
    /// Its version.
    pub version: u32,
    /// Groups, in source order.
    pub groups: Vec<Group>,
    /// Parties, in source order.
    pub parties: Vec<String>,
    /// Collections, in source order.
    pub collections: Vec<Collection>,
    /// Entries, in source order.
    pub entries: Vec<Entry>,
    /// Tests, in source order.
    pub tests: Vec<Test>,
}

impl Hir {
    /// How many valid rows of `collection` an entry needs: the group's `min`, raised by every
    /// `aggregate(k)` under which the entry reveals the collection and by every guard on it.
    #[must_use]
    pub fn minimum_rows(&self, entry: usize, collection: usize) -> u32 {
        let group = self
            .collections
            .get(collection)
            .and_then(|c| self.groups.get(c.group));
        let reveals = self.entries.get(entry).map_or(&[][..], |e| &e.reveals[..]);
        let thresholds = reveals
            .iter()
            .flat_map(|r| &r.released)
            .filter_map(|(source, shape)| match shape {
                model::Shape::Aggregate(k) => Some((*source, *k)),
                _ => None,
            });
        let guards = reveals.iter().flat_map(|r| &r.min_groups).copied();
        thresholds
            .chain(guards)
            .filter(|(source, _)| *source == collection)
            .fold(group.map_or(0, |g| g.min), |most, (_, k)| most.max(k))
    }

    /// Who is meant, in words.
    #[must_use]
    pub fn describe(&self, recipient: Recipient) -> String {
        let name = |name: Option<&String>| name.map_or("?", String::as_str).to_owned();
        match recipient {
            Recipient::Public => "everyone".to_owned(),
            Recipient::Caller => "the caller".to_owned(),
            Recipient::Party(i) => format!("`{}`", name(self.parties.get(i))),
            Recipient::EachOf(i) => {
                format!("each of `{}`", name(self.groups.get(i).map(|g| &g.name)))
            }
            Recipient::OwnerOf(i) => {
                format!(
                    "the owners of `{}`",
                    name(self.collections.get(i).map(|c| &c.name))
                )
            }
        }
    }
}

/// `group NAME min MIN max MAX`.
#[derive(Clone, Debug)]
pub struct Group {
    /// Its name.
    pub name: String,
    /// Fewest contributors.
    pub min: u32,
    /// Most members.
    pub max: u32,
}

/// `collect NAME: private TYPE from each GROUP range LOW..=HIGH allow ...`.
#[derive(Clone, Debug)]
pub struct Collection {
    /// Its name.
    pub name: String,
    /// Where the name is declared.
    pub span: Span,
    /// Index into [`Hir::groups`].
    pub group: usize,
    /// What a value is: a number or a truth value.
    pub kind: Kind,
    /// Where valid values lie; `None` after an error in the declaration.
    pub range: Option<Wide>,
    /// What the owners allow.
    pub allows: Vec<Allow>,
}

/// `allow SHAPE to RECIPIENTS`.
#[derive(Clone, Debug)]
pub struct Allow {
    /// What may be shown.
    pub shape: AllowShape,
    /// To whom.
    pub recipients: Vec<(Recipient, Span)>,
    /// The whole clause.
    pub span: Span,
}

/// What an `allow` is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AllowShape {
    /// Values that mix at least so many rows.
    Aggregate(u32),
    /// One value per row, to its owner.
    PerOwner,
    /// Anything.
    Any,
    /// Which member.
    Member,
    /// One bit.
    Bit,
}

/// Who sees a value.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Recipient {
    /// Everyone.
    Public,
    /// Who calls the entry.
    Caller,
    /// A party, by index.
    Party(usize),
    /// Every member of a group, by index.
    EachOf(usize),
    /// The owner of each row of a collection, by index.
    OwnerOf(usize),
}

/// `entry NAME() { ... }`. Locals are pure values, so their order does not matter after names are
/// settled; reveals happen in order.
#[derive(Clone, Debug)]
pub struct Entry {
    /// Its name.
    pub name: String,
    /// What `let` binds; each refers to earlier ones only.
    pub locals: Vec<Expr>,
    /// What is revealed, in order.
    pub reveals: Vec<Reveal>,
}

impl Entry {
    /// The locals that what is revealed depends on, ascending. Computing them in this order needs
    /// no recursion from local to local, since each refers to earlier ones only.
    #[must_use]
    pub fn needed_locals(&self) -> Vec<usize> {
        let mut needed = BTreeSet::new();
        for reveal in &self.reveals {
            reveal.value.visit_locals(&mut |local| {
                needed.insert(local);
            });
        }
        for (index, local) in self.locals.iter().enumerate().rev() {
            if needed.contains(&index) {
                local.visit_locals(&mut |earlier| {
                    needed.insert(earlier);
                });
            }
        }
        needed.into_iter().collect()
    }
}

/// `reveal NAME = VALUE to RECIPIENTS`.
#[derive(Clone, Debug)]
pub struct Reveal {
    /// Its name in the results.
    pub name: String,
    /// The whole statement.
    pub span: Span,
    /// What is revealed.
    pub value: Expr,
    /// To whom.
    pub recipients: Vec<(Recipient, Span)>,
    /// Under which shape each source is released; filled by the policy pass.
    pub released: Vec<(usize, model::Shape)>,
    /// Guards on public sizes: a collection and its fewest rows. With fewer the entry is refused.
    pub min_groups: Vec<(usize, u32)>,
}

/// An expression with what is known of its value.
#[derive(Clone, Debug)]
pub struct Expr {
    /// What it does.
    pub kind: ExprKind,
    /// Its type; `None` if an error has been reported for it or for a part of it.
    pub ty: Option<Ty>,
    /// Where it stands.
    pub span: Span,
}

impl Expr {
    /// Calls `visit` for this expression and every one inside it.
    pub fn visit(&self, visit: &mut impl FnMut(&Expr)) {
        visit(self);
        match &self.kind {
            ExprKind::Negate(a)
            | ExprKind::Not(a)
            | ExprKind::Sum(a)
            | ExprKind::Rank(a, _)
            | ExprKind::First(a, _)
            | ExprKind::FirstMember(a, _) => a.visit(visit),
            ExprKind::Binary(_, a, b) => {
                a.visit(visit);
                b.visit(visit);
            }
            ExprKind::Int(_)
            | ExprKind::Rows(_)
            | ExprKind::Collection(_)
            | ExprKind::Local(_)
            | ExprKind::Error => {}
        }
    }

    fn visit_locals(&self, visit: &mut impl FnMut(usize)) {
        self.visit(&mut |expr| {
            if let ExprKind::Local(index) = expr.kind {
                visit(index);
            }
        });
    }
}

/// What an expression does.
#[derive(Clone, Debug)]
pub enum ExprKind {
    /// A known number; of truth values 1 or 0.
    Int(i64),
    /// The number of rows of a collection.
    Rows(usize),
    /// The rows of a collection.
    Collection(usize),
    /// A local, by index into [`Entry::locals`].
    Local(usize),
    /// `-a`.
    Negate(Box<Expr>),
    /// `!a`.
    Not(Box<Expr>),
    /// Element by element; a scalar operand is repeated.
    Binary(BinaryOp, Box<Expr>, Box<Expr>),
    /// Sum over the rows.
    Sum(Box<Expr>),
    /// Rank of each row.
    Rank(Box<Expr>, model::Order),
    /// The smallest or largest of the rows.
    First(Box<Expr>, model::Order),
    /// In whose row that is; of equal rows the earliest.
    FirstMember(Box<Expr>, model::Order),
    /// An error has been reported.
    Error,
}

/// Operators on two whole numbers, or on two truth values.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BinaryOp {
    /// `+`
    Add,
    /// `-`
    Sub,
    /// `*`
    Mul,
    /// `/`, truncating toward zero; 0 when the divisor is 0.
    Div,
    /// `&&`, on truth values.
    And,
    /// `||`, on truth values.
    Or,
    /// `==`
    Equal,
    /// `!=`
    NotEqual,
    /// `<`
    Less,
    /// `<=`
    LessEqual,
    /// `>`
    Greater,
    /// `>=`
    GreaterEqual,
}

impl BinaryOp {
    /// The operator as written; `None` for those that are not built.
    #[must_use]
    pub fn written(operator: &str) -> Option<BinaryOp> {
        Some(match operator {
            "+" => BinaryOp::Add,
            "-" => BinaryOp::Sub,
            "*" => BinaryOp::Mul,
            "/" => BinaryOp::Div,
            "&&" => BinaryOp::And,
            "||" => BinaryOp::Or,
            "==" => BinaryOp::Equal,
            "!=" => BinaryOp::NotEqual,
            "<" => BinaryOp::Less,
            "<=" => BinaryOp::LessEqual,
            ">" => BinaryOp::Greater,
            ">=" => BinaryOp::GreaterEqual,
            _ => return None,
        })
    }

    /// As it is written.
    #[must_use]
    pub fn sign(self) -> &'static str {
        match self {
            BinaryOp::Add => "+",
            BinaryOp::Sub => "-",
            BinaryOp::Mul => "*",
            BinaryOp::Div => "/",
            BinaryOp::And => "&&",
            BinaryOp::Or => "||",
            BinaryOp::Equal => "==",
            BinaryOp::NotEqual => "!=",
            BinaryOp::Less => "<",
            BinaryOp::LessEqual => "<=",
            BinaryOp::Greater => ">",
            BinaryOp::GreaterEqual => ">=",
        }
    }

    /// Whether the result is a number.
    #[must_use]
    pub fn is_arithmetic(self) -> bool {
        matches!(
            self,
            BinaryOp::Add | BinaryOp::Sub | BinaryOp::Mul | BinaryOp::Div
        )
    }
}

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
    /// Sets the rows of a collection, by index; of truth values 1 and 0.
    Given(usize, Vec<i64>),
    /// Runs an entry, by index; it must not be refused.
    Run(usize, Span),
    /// Runs an entry, by index; it must be refused.
    ExpectFail(usize, Span),
    /// Must be true of the last results.
    Expect(TestExpr, Span),
}

/// An expression over results.
#[derive(Clone, Debug)]
pub enum TestExpr {
    /// A number.
    Int(i64),
    /// A truth value.
    Bool(bool),
    /// The member with this number, of any group.
    Member(i64),
    /// A revealed value.
    Result(String),
    /// A list.
    List(Vec<TestExpr>),
    /// `-a`
    Negate(Box<TestExpr>),
    /// `!a`
    Not(Box<TestExpr>),
    /// `a op b`, the operator as written.
    Binary(String, Box<TestExpr>, Box<TestExpr>),
}
