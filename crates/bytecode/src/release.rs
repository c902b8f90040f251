//! Release policy on bytecode: from which collections each register comes and how far their rows
//! are mixed, and whether an owner's `allow` covers a recipient. The verifier's half of rule C in
//! section 3.4 of the language; the compiler has its own.

use std::collections::{BTreeMap, BTreeSet};

use crate::model::{Contract, Entry, Op, Recipient, S, Shape};
use crate::ranges::{Extent, Ranges};

/// How far the rows of a source are mixed in one part of a value.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Mix {
    /// Over the whole collection.
    Aggregate,
    /// Over the whole collection, and the value points at a row.
    Member,
    /// Not: one value per row.
    Row,
}

/// The collections a value comes from, and in which mixes. All of them count: `row - row + sum` shows the
/// sum, however little of the row is left in it.
pub type Sources = BTreeMap<u16, BTreeSet<Mix>>;

/// Sources of every secret register of an entry, by forward data flow. `ranges`: those of the same
/// entry, which also say that the code is well formed; of ill-formed code some registers are missing.
#[must_use]
pub fn flow(entry: &Entry, ranges: &Ranges) -> Vec<Sources> {
    let mut registers: Vec<Sources> = Vec::new();
    for op in &entry.code {
        let of = |register: S| {
            registers
                .get(usize::from(register.0))
                .cloned()
                .unwrap_or_default()
        };
        let sources = match *op {
            Op::Const { .. } | Op::Rows { .. } | Op::Public { .. } | Op::Out { .. } => continue,
            Op::Input { collection, .. } => {
                Sources::from([(collection, BTreeSet::from([Mix::Row]))])
            }
            Op::AddPublic { a, .. }
            | Op::MulPublic { a, .. }
            | Op::DivPublic { a, .. }
            | Op::ComparePublic { a, .. }
            | Op::SquareRoot { a, .. }
            | Op::Rank { a, .. } => of(a),
            Op::Add { a, b, .. }
            | Op::Sub { a, b, .. }
            | Op::Mul { a, b, .. }
            | Op::Div { a, b, .. }
            | Op::Compare { a, b, .. } => united([of(a), of(b)]),
            Op::Select {
                bit,
                then,
                otherwise,
                ..
            } => united([bit, then, otherwise].map(of)),
            Op::Sum { a, .. } | Op::First { a, .. } | Op::Quantile { a, .. } => {
                reduced(of(a), a, ranges, Mix::Aggregate)
            }
            Op::FirstMember { a, .. } => reduced(of(a), a, ranges, Mix::Member),
        };
        registers.push(sources);
    }
    registers
}

/// Everything that any of the operands comes from.
fn united<const N: usize>(operands: [Sources; N]) -> Sources {
    let mut all = Sources::new();
    for (source, mixes) in operands.into_iter().flatten() {
        all.entry(source).or_default().extend(mixes);
    }
    all
}

/// A reduction over a whole collection mixes the rows of that collection. There is no operation that
/// takes single rows, so every vector is an image of a whole collection.
fn reduced(mut sources: Sources, vector: S, ranges: &Ranges, to: Mix) -> Sources {
    if let Some(Extent::Over(collection)) = ranges.secret(vector).map(|s| s.extent) {
        sources.entry(collection).and_modify(|mixes| {
            mixes.remove(&Mix::Row);
            mixes.insert(to);
        });
    }
    sources
}

/// Under which shape `allow` clauses release a value with these mixes of `source` to a recipient: every
/// mix must be covered, and the most demanding of their shapes counts. `None`: never.
#[must_use]
pub fn release(
    contract: &Contract,
    source: u16,
    mixes: &BTreeSet<Mix>,
    recipient: Recipient,
) -> Option<Shape> {
    let shapes: Option<Vec<Shape>> = mixes
        .iter()
        .map(|&mix| release_of(contract, source, mix, recipient))
        .collect();
    shapes?.into_iter().max_by_key(|&shape| demand(shape))
}

/// Of one mix: the least demanding shape that covers it.
fn release_of(contract: &Contract, source: u16, mix: Mix, recipient: Recipient) -> Option<Shape> {
    let collection = contract.collections.get(usize::from(source))?;
    let to_owner = recipient == Recipient::OwnerOf(source);
    let allows = collection.allows.iter();
    let shapes = allows
        .filter(|allow| {
            allow
                .recipients
                .iter()
                .any(|&r| covers(contract, r, recipient))
        })
        .filter_map(|allow| match (allow.shape, mix) {
            (Shape::Any, Mix::Row) | (Shape::PerOwner, Mix::Row) => to_owner.then_some(allow.shape),
            (Shape::Any | Shape::Aggregate(_), Mix::Aggregate) => Some(allow.shape),
            (Shape::Any | Shape::Member, Mix::Member) => Some(allow.shape),
            (Shape::Aggregate(_) | Shape::Member, Mix::Row)
            | (Shape::PerOwner | Shape::Member, Mix::Aggregate)
            | (Shape::PerOwner | Shape::Aggregate(_), Mix::Member) => None,
        });
    shapes.min_by_key(|&shape| demand(shape))
}

/// How much a shape demands of a run: what was agreed to by name, then nothing, then more and more rows.
fn demand(shape: Shape) -> (u8, u32) {
    match shape {
        Shape::PerOwner | Shape::Member => (0, 0),
        Shape::Any => (1, 0),
        Shape::Aggregate(k) => (2, k),
    }
}

/// Whether an `allow` to `allowed` lets `wanted` see a value: owners of rows are members of the
/// collection's group.
fn covers(contract: &Contract, allowed: Recipient, wanted: Recipient) -> bool {
    match (allowed, wanted) {
        (Recipient::EachOf(group), Recipient::OwnerOf(collection)) => contract
            .collections
            .get(usize::from(collection))
            .is_some_and(|c| c.group == group),
        _ => allowed == wanted,
    }
}
