//! Release policy: for every reveal, which collections its value comes from and how far each is
//! mixed, and whether the owners' `allow` clauses cover that for every recipient.
//!
//! Nodes derive the same again from bytecode (`enigma_bytecode::verify`), on purpose by other code.

use std::collections::{BTreeMap, BTreeSet};

use enigma_bytecode::model::Shape;

use crate::code::Code;
use crate::diagnostic::Diagnostic;
use crate::hir::{AllowShape, Collection, Entry, Expr, ExprKind, Hir, Recipient, Reveal};
use crate::span::Span;
use crate::types::{Label, Space};

/// How far the rows of a source are mixed in one part of a value.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Mix {
    /// Over the whole collection.
    Aggregate,
    /// Over the whole collection, and the value points at a member.
    Member,
    /// Not: one value per row.
    Row,
}

/// Sources of a value, by index of the collection, with every mix that is part of it: what looks like a
/// row may show a sum as well.
type Flow = BTreeMap<usize, BTreeSet<Mix>>;

/// Checks every reveal and writes down under which shapes its sources are released.
pub(crate) fn check(hir: &mut Hir, diagnostics: &mut Vec<Diagnostic>) {
    let mut released = Vec::new();
    for entry in &hir.entries {
        let flows = local_flows(entry);
        for reveal in &entry.reveals {
            released.push(release(hir, reveal, &flows, diagnostics));
        }
    }
    let reveals = hir.entries.iter_mut().flat_map(|entry| &mut entry.reveals);
    for (reveal, released) in reveals.zip(released) {
        reveal.released = released;
    }
}

fn local_flows(entry: &Entry) -> Vec<Flow> {
    let mut flows = Vec::new();
    for local in &entry.locals {
        let next = flow(local, &flows);
        flows.push(next);
    }
    flows
}

fn flow(expr: &Expr, locals: &[Flow]) -> Flow {
    match &expr.kind {
        ExprKind::Int(_) | ExprKind::Rows(_) | ExprKind::Error => Flow::new(),
        ExprKind::Collection(index) => Flow::from([(*index, BTreeSet::from([Mix::Row]))]),
        ExprKind::Local(index) => locals.get(*index).cloned().unwrap_or_default(),
        ExprKind::Negate(operand) | ExprKind::Not(operand) | ExprKind::Rank(operand, _) => {
            flow(operand, locals)
        }
        ExprKind::Binary(_, a, b) => {
            let mut both = flow(a, locals);
            for (source, mixes) in flow(b, locals) {
                both.entry(source).or_default().extend(mixes);
            }
            both
        }
        ExprKind::Sum(operand) | ExprKind::First(operand, _) => {
            reduced(operand, locals, Mix::Aggregate)
        }
        ExprKind::FirstMember(operand, _) => reduced(operand, locals, Mix::Member),
    }
}

/// A reduction mixes the rows of the collection it runs over, since every vector is an element-wise
/// image of a whole collection. Others keep their shape.
fn reduced(operand: &Expr, locals: &[Flow], to: Mix) -> Flow {
    let mut sources = flow(operand, locals);
    if let Some(Space::Over(index)) = operand.ty.map(|ty| ty.space) {
        sources.entry(index).and_modify(|mixes| {
            mixes.remove(&Mix::Row);
            mixes.insert(to);
        });
    }
    sources
}

fn release(
    hir: &Hir,
    reveal: &Reveal,
    locals: &[Flow],
    diagnostics: &mut Vec<Diagnostic>,
) -> Vec<(usize, Shape)> {
    let Some(ty) = reveal.value.ty else {
        return Vec::new();
    };
    if ty.label == Label::Public {
        return Vec::new();
    }
    let mut released = Vec::new();
    for (source, mixes) in flow(&reveal.value, locals) {
        let Some(collection) = hir.collections.get(source) else {
            continue;
        };
        let mut strictest: Option<Shape> = None;
        for &(recipient, span) in &reveal.recipients {
            // The most revealing mix that nobody allows says most.
            let uncovered =
                |mix: &&Mix| covering(hir, source, collection, **mix, recipient).is_none();
            if let Some(&mix) = mixes.iter().rev().find(uncovered) {
                diagnostics.push(refused(hir, reveal, collection, mix, (recipient, span)));
                continue;
            }
            let shapes = mixes
                .iter()
                .filter_map(|&mix| covering(hir, source, collection, mix, recipient));
            for shape in shapes {
                strictest = Some(strictest.map_or(shape, |s| stricter(s, shape)));
            }
        }
        released.extend(strictest.map(|shape| (source, shape)));
    }
    released
}

/// The least demanding of the shapes whose `allow` covers the value for the recipient.
fn covering(
    hir: &Hir,
    source: usize,
    collection: &Collection,
    mix: Mix,
    recipient: Recipient,
) -> Option<Shape> {
    let to_owner = recipient == Recipient::OwnerOf(source);
    let allows = collection.allows.iter();
    let covering = allows.filter(|a| a.recipients.iter().any(|(r, _)| covers(hir, *r, recipient)));
    let shapes = covering.filter_map(|allow| match (allow.shape, mix) {
        (AllowShape::Any, Mix::Aggregate | Mix::Member) => Some(Shape::Any),
        (AllowShape::Member, Mix::Member) => Some(Shape::Member),
        (AllowShape::Any, Mix::Row) if to_owner => Some(Shape::Any),
        (AllowShape::Aggregate(k), Mix::Aggregate) => Some(Shape::Aggregate(k)),
        (AllowShape::PerOwner, Mix::Row) if to_owner => Some(Shape::PerOwner),
        _ => None,
    });
    shapes.min_by_key(|shape| demand(*shape))
}

/// How much a shape demands of a run: what was agreed to by name first, then nothing, then more and
/// more rows.
fn demand(shape: Shape) -> (u8, u32) {
    match shape {
        Shape::PerOwner | Shape::Member => (0, 0),
        Shape::Any => (1, 0),
        Shape::Aggregate(k) => (2, k),
    }
}

fn stricter(a: Shape, b: Shape) -> Shape {
    if demand(a) >= demand(b) { a } else { b }
}

/// Whether an `allow` to `allowed` lets `wanted` see a value.
fn covers(hir: &Hir, allowed: Recipient, wanted: Recipient) -> bool {
    if allowed == Recipient::Public || allowed == wanted {
        return true;
    }
    let owners_group = match wanted {
        Recipient::OwnerOf(collection) => hir.collections.get(collection).map(|c| c.group),
        _ => None,
    };
    matches!((allowed, owners_group), (Recipient::EachOf(group), Some(own)) if group == own)
}

fn refused(
    hir: &Hir,
    reveal: &Reveal,
    collection: &Collection,
    mix: Mix,
    (recipient, at): (Recipient, Span),
) -> Diagnostic {
    let (name, who) = (&collection.name, hir.describe(recipient));
    let single = matches!(recipient, Recipient::OwnerOf(_));
    let (message, what) = match mix {
        Mix::Row if single => (
            format!("no `allow` of `{name}` lets {who} learn a value per row"),
            format!("this has one value per row of `{name}`"),
        ),
        Mix::Row => (
            format!("rows of `{name}` would be shown to {who}"),
            format!("this has one value per row of `{name}`"),
        ),
        Mix::Member => (
            format!("no `allow` of `{name}` lets {who} learn which member this is"),
            format!("this points at the giver of a row of `{name}`"),
        ),
        Mix::Aggregate => (
            format!("no `allow` of `{name}` covers this for {who}"),
            format!("this mixes all rows of `{name}`"),
        ),
    };
    let mut diagnostic = Diagnostic::error(Code::E0310, at, message)
        .because(format!("{who} would learn it"))
        .also(reveal.value.span, what);
    if collection.allows.is_empty() {
        diagnostic = diagnostic.also(collection.span, "no `allow` means never");
    }
    for allow in &collection.allows {
        diagnostic = diagnostic.also(allow.span, "this does not cover it");
    }
    match mix {
        Mix::Row if single => diagnostic.help(format!(
            "if the owners are to agree, add `allow per_owner to owner` to `{name}`"
        )),
        Mix::Row => diagnostic
            .help(format!("mix all rows first, for example `{name}.sum()`"))
            .help(format!(
                "or show each owner their own value: `to owner({name})`"
            )),
        Mix::Member => diagnostic.help(format!(
            "if the owners are to agree, add an `allow member` for {who} to `{name}`"
        )),
        Mix::Aggregate => diagnostic.help(format!(
            "if the owners are to agree, add an `allow aggregate(N)` for {who} to `{name}`"
        )),
    }
}
