//! Runs an entry on plain numbers, directly on the checked contract. It is the meaning of a
//! contract against which bytecode and committee are tested, and it runs `test` blocks.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use enigma_bytecode::model::Order;

use crate::hir::{BinaryOp, Entry, Expr, ExprKind, Hir, Recipient};
use crate::types::{Kind, Space};

/// What a reveal shows.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Value {
    /// One value to all recipients.
    One(Datum),
    /// One value per given row, to its owner; `None` for a row that was refused because it is
    /// outside the declared range.
    PerOwner(Vec<Option<Datum>>),
}

/// One revealed value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Datum {
    /// A whole number.
    Number(i64),
    /// A truth value.
    Truth(bool),
    /// A member, by number: who gave the row of this number, counted from 0 over all given rows.
    Member(i64),
}

/// Why an entry did not run.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Refusal {
    /// There is no such entry.
    UnknownEntry {
        /// The name asked for.
        entry: String,
    },
    /// No values were given for a collection that the entry reads.
    NoInput {
        /// Its name.
        collection: String,
    },
    /// After dropping rows outside the range there are too few.
    TooFewRows {
        /// The collection's name.
        collection: String,
        /// Valid rows.
        valid: usize,
        /// How many the entry needs.
        minimum: u32,
    },
    /// There are more rows than the group has members.
    TooManyRows {
        /// The collection's name.
        collection: String,
        /// Given rows.
        given: usize,
        /// The group's `max`.
        maximum: u32,
    },
    /// The contract has errors: a value is missing or does not fit.
    NotCompiled,
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Refusal::UnknownEntry { entry } => write!(f, "there is no entry `{entry}`"),
            Refusal::NoInput { collection } => write!(f, "no values were given for `{collection}`"),
            Refusal::TooFewRows {
                collection,
                valid,
                minimum,
            } => {
                write!(
                    f,
                    "`{collection}` has {valid} valid rows, and {minimum} are needed"
                )
            }
            Refusal::TooManyRows {
                collection,
                given,
                maximum,
            } => {
                write!(
                    f,
                    "`{collection}` has {given} rows, and {maximum} is the most"
                )
            }
            Refusal::NotCompiled => f.write_str("the contract has errors"),
        }
    }
}

impl std::error::Error for Refusal {}

/// Runs `entry`. `inputs`: the rows of each collection, by its name, in the order of members, truth
/// values as 1 and 0; row k is given by the member numbered k.
/// Returns what is revealed, by name.
///
/// # Errors
/// [`Refusal`] if a real run would be refused, or if the contract has errors.
pub fn interpret(
    hir: &Hir,
    entry: &str,
    inputs: &BTreeMap<String, Vec<i64>>,
) -> Result<BTreeMap<String, Value>, Refusal> {
    let index = hir.entries.iter().position(|e| e.name == entry);
    let found = index.and_then(|index| Some((index, hir.entries.get(index)?)));
    let Some((index, body)) = found else {
        return Err(Refusal::UnknownEntry {
            entry: entry.to_owned(),
        });
    };
    let mut rows = BTreeMap::new();
    for collection in collections_used(body) {
        rows.insert(collection, admit(hir, index, collection, inputs)?);
    }
    let mut run = Run {
        rows: &rows,
        locals: BTreeMap::new(),
    };
    for local in body.needed_locals() {
        let value = body.locals.get(local).and_then(|expr| run.value(expr));
        run.locals.insert(local, value.ok_or(Refusal::NotCompiled)?);
    }
    let mut results = BTreeMap::new();
    for reveal in &body.reveals {
        let value = run.value(&reveal.value).ok_or(Refusal::NotCompiled)?;
        let owner = reveal.recipients.iter().find_map(|(who, _)| match who {
            Recipient::OwnerOf(collection) => Some(*collection),
            _ => None,
        });
        let kind = reveal.value.ty.map(|ty| ty.kind);
        let shown = kind.and_then(|kind| present(value, kind, owner.and_then(|o| rows.get(&o))));
        let shown = shown.ok_or(Refusal::NotCompiled)?;
        results.insert(reveal.name.clone(), shown);
    }
    Ok(results)
}

/// Rows given, with those outside the range marked.
type Rows = Vec<Option<i64>>;

fn admit(
    hir: &Hir,
    entry: usize,
    index: usize,
    inputs: &BTreeMap<String, Vec<i64>>,
) -> Result<Rows, Refusal> {
    let collection = hir.collections.get(index).ok_or(Refusal::NotCompiled)?;
    let name = || collection.name.clone();
    let range = collection.range.ok_or(Refusal::NotCompiled)?;
    let Some(given) = inputs.get(&collection.name) else {
        return Err(Refusal::NoInput { collection: name() });
    };
    let maximum = hir
        .groups
        .get(collection.group)
        .map_or(0, |group| group.max);
    if given.len() > maximum as usize {
        return Err(Refusal::TooManyRows {
            collection: name(),
            given: given.len(),
            maximum,
        });
    }
    let inside = |v: i64| range.low <= v.into() && i128::from(v) <= range.high;
    let rows: Rows = given
        .iter()
        .map(|&v| Some(v).filter(|&v| inside(v)))
        .collect();
    let valid = rows.iter().flatten().count();
    let minimum = hir.minimum_rows(entry, index);
    if valid < minimum as usize {
        return Err(Refusal::TooFewRows {
            collection: name(),
            valid,
            minimum,
        });
    }
    Ok(rows)
}

/// The collections that what is revealed depends on, and those that guards count.
fn collections_used(entry: &Entry) -> BTreeSet<usize> {
    let guards = entry.reveals.iter().flat_map(|r| &r.min_groups);
    let mut used: BTreeSet<usize> = guards.map(|(collection, _)| *collection).collect();
    let reveals = entry.reveals.iter().map(|reveal| &reveal.value);
    let locals = entry
        .needed_locals()
        .into_iter()
        .filter_map(|index| entry.locals.get(index));
    for expr in reveals.chain(locals) {
        expr.visit(&mut |part| {
            if let ExprKind::Collection(index) | ExprKind::Rows(index) = part.kind {
                used.insert(index);
            }
        });
    }
    used
}

/// A value on the way: one number, or one per valid row.
#[derive(Clone)]
enum Plain {
    One(i64),
    Many(Vec<i64>),
}

fn present(value: Plain, kind: Kind, rows: Option<&Rows>) -> Option<Value> {
    let datum = |value: i64| match kind {
        Kind::Bool => Datum::Truth(value != 0),
        Kind::Member(_) => Datum::Member(value),
        Kind::Int(_) | Kind::Place(_) => Datum::Number(value),
    };
    match value {
        Plain::One(value) => Some(Value::One(datum(value))),
        Plain::Many(values) => {
            let mut values = values.into_iter().map(datum);
            let shown = rows?.iter().map(|row| row.and_then(|_| values.next()));
            Some(Value::PerOwner(shown.collect()))
        }
    }
}

struct Run<'a> {
    rows: &'a BTreeMap<usize, Rows>,
    locals: BTreeMap<usize, Plain>,
}

impl Run<'_> {
    /// `None` for expressions with errors and for overflow, which a compiled contract excludes.
    fn value(&self, expr: &Expr) -> Option<Plain> {
        Some(match &expr.kind {
            ExprKind::Int(value) => Plain::One(*value),
            ExprKind::Rows(index) => {
                let valid = self.rows.get(index)?.iter().flatten().count();
                Plain::One(i64::try_from(valid).ok()?)
            }
            ExprKind::Collection(index) => {
                Plain::Many(self.rows.get(index)?.iter().flatten().copied().collect())
            }
            ExprKind::Local(index) => self.locals.get(index)?.clone(),
            ExprKind::Negate(operand) => match self.value(operand)? {
                Plain::One(a) => Plain::One(a.checked_neg()?),
                Plain::Many(a) => {
                    Plain::Many(a.into_iter().map(i64::checked_neg).collect::<Option<_>>()?)
                }
            },
            ExprKind::Not(operand) => match self.value(operand)? {
                Plain::One(a) => Plain::One((a == 0).into()),
                Plain::Many(a) => Plain::Many(a.into_iter().map(|a| (a == 0).into()).collect()),
            },
            ExprKind::Binary(op, a, b) => {
                let (a, b) = (self.value(a)?, self.value(b)?);
                elementwise(*op, a, b)?
            }
            ExprKind::Sum(operand) => match self.value(operand)? {
                Plain::One(_) => return None,
                Plain::Many(values) => {
                    Plain::One(values.into_iter().try_fold(0_i64, i64::checked_add)?)
                }
            },
            ExprKind::Rank(operand, order) => match self.value(operand)? {
                Plain::One(_) => return None,
                Plain::Many(values) => Plain::Many(ranks(&values, *order)),
            },
            ExprKind::First(operand, order) => {
                let Plain::Many(values) = self.value(operand)? else {
                    return None;
                };
                let best = match order {
                    Order::Ascending => values.into_iter().min(),
                    Order::Descending => values.into_iter().max(),
                };
                Plain::One(best?)
            }
            ExprKind::FirstMember(operand, order) => {
                let Some(Space::Over(collection)) = operand.ty.map(|ty| ty.space) else {
                    return None;
                };
                let Plain::Many(values) = self.value(operand)? else {
                    return None;
                };
                let givers = self.rows.get(&collection)?.iter().enumerate();
                let givers = givers.filter_map(|(member, row)| row.map(|_| member));
                let best = earliest_first(givers.zip(values), *order)?;
                Plain::One(i64::try_from(best).ok()?)
            }
            ExprKind::Error => return None,
        })
    }
}

/// The first member, of those in order, whose value no other comes before.
fn earliest_first(rows: impl Iterator<Item = (usize, i64)>, order: Order) -> Option<usize> {
    let mut best: Option<(usize, i64)> = None;
    for (member, value) in rows {
        let better = best.is_none_or(|(_, so_far)| match order {
            Order::Ascending => value < so_far,
            Order::Descending => value > so_far,
        });
        if better {
            best = Some((member, value));
        }
    }
    best.map(|(member, _)| member)
}

fn elementwise(op: BinaryOp, a: Plain, b: Plain) -> Option<Plain> {
    Some(match (a, b) {
        (Plain::One(a), Plain::One(b)) => Plain::One(op.apply(a, b)?),
        (Plain::Many(a), Plain::One(b)) => Plain::Many(
            a.into_iter()
                .map(|a| op.apply(a, b))
                .collect::<Option<_>>()?,
        ),
        (Plain::One(a), Plain::Many(b)) => Plain::Many(
            b.into_iter()
                .map(|b| op.apply(a, b))
                .collect::<Option<_>>()?,
        ),
        (Plain::Many(a), Plain::Many(b)) if a.len() == b.len() => {
            let pairs = a.into_iter().zip(b);
            Plain::Many(pairs.map(|(a, b)| op.apply(a, b)).collect::<Option<_>>()?)
        }
        _ => return None,
    })
}

/// 1 + how many come strictly before: ties share a rank, and the next rank is left out.
fn ranks(values: &[i64], order: Order) -> Vec<i64> {
    let mut sorted = values.to_vec();
    sorted.sort_unstable();
    let rank = |value: &i64| {
        let before = match order {
            Order::Ascending => sorted.partition_point(|other| other < value),
            Order::Descending => sorted.len() - sorted.partition_point(|other| other <= value),
        };
        i64::try_from(before).unwrap_or(i64::MAX).saturating_add(1)
    };
    values.iter().map(rank).collect()
}

impl BinaryOp {
    /// The result, unless it leaves `i64`. Division truncates toward zero; by 0 it gives 0. Truth
    /// values are 1 and 0.
    #[must_use]
    pub fn apply(self, a: i64, b: i64) -> Option<i64> {
        let truth = |value: bool| Some(value.into());
        match self {
            BinaryOp::Add => a.checked_add(b),
            BinaryOp::Sub => a.checked_sub(b),
            BinaryOp::Mul => a.checked_mul(b),
            BinaryOp::Div if b == 0 => Some(0),
            BinaryOp::Div => a.checked_div(b),
            BinaryOp::And => truth(a != 0 && b != 0),
            BinaryOp::Or => truth(a != 0 || b != 0),
            BinaryOp::Equal => truth(a == b),
            BinaryOp::NotEqual => truth(a != b),
            BinaryOp::Less => truth(a < b),
            BinaryOp::LessEqual => truth(a <= b),
            BinaryOp::Greater => truth(a > b),
            BinaryOp::GreaterEqual => truth(a >= b),
        }
    }
}
