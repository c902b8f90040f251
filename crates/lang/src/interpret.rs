//! Runs an entry on plain numbers, directly on the checked contract. It is the meaning of a
//! contract against which bytecode and committee are tested, and it runs `test` blocks.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use enigma_bytecode::model::Order;

use crate::hir::{BinaryOp, Entry, Expr, ExprKind, Hir, Recipient};

/// What a reveal shows.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Value {
    /// One number to all recipients.
    Number(i64),
    /// One number per given row, to its owner; `None` for a row that was refused because it is
    /// outside the declared range.
    PerOwner(Vec<Option<i64>>),
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

/// Runs `entry`. `inputs`: the rows of each collection, by its name, in the order of members.
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
        let shown = present(value, owner.and_then(|o| rows.get(&o))).ok_or(Refusal::NotCompiled)?;
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

/// The collections that what is revealed depends on.
fn collections_used(entry: &Entry) -> BTreeSet<usize> {
    let mut used = BTreeSet::new();
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

fn present(value: Plain, rows: Option<&Rows>) -> Option<Value> {
    match value {
        Plain::One(value) => Some(Value::Number(value)),
        Plain::Many(values) => {
            let mut values = values.into_iter();
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
            ExprKind::Error => return None,
        })
    }
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
    /// The result, unless it leaves `i64`. Division truncates toward zero; by 0 it gives 0.
    #[must_use]
    pub fn apply(self, a: i64, b: i64) -> Option<i64> {
        match self {
            BinaryOp::Add => a.checked_add(b),
            BinaryOp::Sub => a.checked_sub(b),
            BinaryOp::Mul => a.checked_mul(b),
            BinaryOp::Div if b == 0 => Some(0),
            BinaryOp::Div => a.checked_div(b),
        }
    }
}
