//! What an entry reads: found by walking through it, whatever way a run takes.

use std::collections::BTreeSet;

use crate::hir::visit::{blocks, in_entry, in_expr};
use crate::hir::{Block, Entry, Expr, ExprKind, Hir, Provider, StmtKind};

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
    in_entry(entry, &mut visit);
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

/// Collections that take part in a call of an entry.
pub(crate) fn collections_used(hir: &Hir, entry: &Entry) -> BTreeSet<usize> {
    uses(hir, entry).collections
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
        in_entry(entry, &mut visit);
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
