//! What an entry reads: found by walking through it, whatever way a run takes.

use std::collections::BTreeSet;

use crate::hir::{
    Block, Entry, Expr, ExprKind, Guard, Hir, Place, PlaceStep, Provider, Root, StmtKind,
};

/// What an entry reads.
#[derive(Debug, Default)]
pub(super) struct Uses {
    /// Collections, by index.
    pub(super) collections: BTreeSet<usize>,
    /// Groups whose contributors it counts or names.
    pub(super) groups: BTreeSet<usize>,
}

/// What an entry reads. Whoever contributes to an entry that only asks for members of a group gives to all collections of the group.
pub(super) fn uses(hir: &Hir, entry: &Entry) -> Uses {
    let mut uses = Uses::default();
    let mut visit = |expr: &Expr| match &expr.kind {
        ExprKind::Collection(collection) | ExprKind::RowCount(collection) => {
            uses.collections.insert(*collection);
        }
        ExprKind::MemberCount(group) => {
            uses.groups.insert(*group);
        }
        _ => {}
    };
    for expr in entry.when.iter().chain(&entry.pays) {
        in_expr(expr, &mut visit);
    }
    in_block(&entry.body, &mut visit);
    looped_groups(&entry.body, &mut uses.groups);
    for group in uses.groups.clone() {
        let of_group = |c: &usize| {
            let collection = hir.collections.get(*c);
            collection.is_some_and(|collection| collection.provider == Provider::Each(group))
        };
        if !uses.collections.iter().any(of_group) {
            uses.collections
                .extend((0..hir.collections.len()).filter(of_group));
        }
    }
    uses
}

/// Slots that some entry reads as they were at an earlier block.
pub(super) fn slots_read_back(hir: &Hir) -> BTreeSet<usize> {
    let mut slots = BTreeSet::new();
    let mut visit = |expr: &Expr| {
        if let ExprKind::Load {
            slot,
            height: Some(_),
            ..
        } = &expr.kind
        {
            slots.insert(*slot);
        }
    };
    for entry in &hir.entries {
        for expr in entry.when.iter().chain(&entry.pays) {
            in_expr(expr, &mut visit);
        }
        in_block(&entry.body, &mut visit);
    }
    let predicates = hir.groups.iter().filter_map(|group| group.admit.as_ref());
    let predicates = predicates.chain(hir.slots.iter().filter_map(|slot| slot.access.as_ref()));
    for predicate in predicates {
        in_expr(&predicate.condition, &mut visit);
    }
    slots
}

fn looped_groups(block: &Block, groups: &mut BTreeSet<usize>) {
    for stmt in &block.stmts {
        if let StmtKind::ForMembers { group, .. } = &stmt.kind {
            groups.insert(*group);
        }
        for inner in blocks(&stmt.kind) {
            looped_groups(inner, groups);
        }
    }
}

fn blocks(stmt: &StmtKind) -> Vec<&Block> {
    match stmt {
        StmtKind::If {
            then, otherwise, ..
        } => vec![then, otherwise],
        StmtKind::For { body, .. }
        | StmtKind::ForEach { body, .. }
        | StmtKind::ForMembers { body, .. }
        | StmtKind::While { body, .. } => vec![body],
        _ => Vec::new(),
    }
}

/// Visits all expressions of a block, whole ones before their parts.
fn in_block(block: &Block, visit: &mut dyn FnMut(&Expr)) {
    for stmt in &block.stmts {
        match &stmt.kind {
            StmtKind::Let(_, expr) | StmtKind::LetTuple(_, expr) | StmtKind::Require(expr, _) => {
                in_expr(expr, visit);
            }
            StmtKind::Assign(place, expr) | StmtKind::Accumulate(place, expr) => {
                in_place(place, visit);
                in_expr(expr, visit);
            }
            StmtKind::If { condition, .. } => in_expr(condition, visit),
            StmtKind::For { from, to, .. } => {
                in_expr(from, visit);
                in_expr(to, visit);
            }
            StmtKind::ForEach { over, .. } => in_expr(over, visit),
            StmtKind::While { condition, max, .. } => {
                in_expr(condition, visit);
                in_expr(max, visit);
            }
            StmtKind::Reveal(reveal) => {
                in_expr(&reveal.value, visit);
                for guard in &reveal.guards {
                    if let Guard::MinGroup { count, least, .. } = guard {
                        in_expr(count, visit);
                        in_expr(least, visit);
                    }
                }
            }
            StmtKind::Transfer { from, to, amount } => {
                for expr in from.iter().chain([to, amount]) {
                    in_expr(expr, visit);
                }
            }
            StmtKind::ForMembers { .. } | StmtKind::Break | StmtKind::Return => {}
        }
        for inner in blocks(&stmt.kind) {
            in_block(inner, visit);
        }
    }
}

fn in_place(place: &Place, visit: &mut dyn FnMut(&Expr)) {
    if let Root::Slot(_, Some(key)) = &place.root {
        in_expr(key, visit);
    }
    for step in &place.path {
        if let PlaceStep::Index(index) = step {
            in_expr(index, visit);
        }
    }
}

fn in_expr(expr: &Expr, visit: &mut dyn FnMut(&Expr)) {
    visit(expr);
    match &expr.kind {
        ExprKind::Something(a)
        | ExprKind::Unary(_, a)
        | ExprKind::Cast(a)
        | ExprKind::Field(a, _)
        | ExprKind::Repeat(a, _) => in_expr(a, visit),
        ExprKind::Binary(_, a, b) | ExprKind::Index(a, b) => {
            in_expr(a, visit);
            in_expr(b, visit);
        }
        ExprKind::Select(c, a, b) => {
            for part in [c, a, b] {
                in_expr(part, visit);
            }
        }
        ExprKind::Load { key, height, .. } => {
            for part in key.iter().chain(height) {
                in_expr(part, visit);
            }
        }
        ExprKind::Struct(parts)
        | ExprKind::Tuple(parts)
        | ExprKind::List(parts)
        | ExprKind::Call(_, parts) => {
            for part in parts {
                in_expr(part, visit);
            }
        }
        ExprKind::Map { over, body, .. } => {
            in_expr(over, visit);
            in_expr(body, visit);
        }
        ExprKind::Inline { block, .. } => in_block(block, visit),
        ExprKind::Bool(_)
        | ExprKind::Int(_)
        | ExprKind::Fix(_)
        | ExprKind::Variant(_)
        | ExprKind::Bytes(_)
        | ExprKind::Text(_)
        | ExprKind::Nothing
        | ExprKind::Local(_)
        | ExprKind::Collection(_)
        | ExprKind::RowCount(_)
        | ExprKind::MemberCount(_)
        | ExprKind::Caller
        | ExprKind::Party(_)
        | ExprKind::Height
        | ExprKind::Time
        | ExprKind::Error => {}
    }
}
