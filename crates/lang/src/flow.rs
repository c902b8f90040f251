//! Labels, ranges, sources and policy: section 3.4 of the language, on the [`Hir`].
//!
//! One abstract interpretation finds all of them, in the order of the statements: who knows a value, where its numbers lie, whose
//! data it comes from and how far that is mixed. Every rule of secrecy is a check on the way. The analysis walks through each
//! entry once for what it reports; loops and slots, whose content depends on all entries, are iterated silently before.
//!
//! Invariants: what is private is never taken for public, a range holds every value that any run can have, and a source is
//! never forgotten, but for results of keys, which say themselves what is made of them. What a policy does not promise is said in
//! section 3.4: it limits shapes and recipients, and no arithmetic inside an aggregate.

mod expression;
mod facts;
mod guard;
mod library;
mod loops;
mod noise;
mod numbers;
mod operator;
mod release;
mod report;
mod sources;
mod statement;
mod value;
mod walk;

#[cfg(test)]
mod tests;

pub(crate) use expression::STORED_LIMIT;
pub use facts::{
    EntryFacts, Exposure, Facts, LocalFacts, NoiseFacts, RevealFacts, Source, SourceSet,
};
pub(crate) use guard::unguarded;

use crate::constant::{lacks_zero, without_zero};
use crate::diagnostic::Diagnostic;
use crate::hir::{Hir, Type};
use crate::span::Span;
use walk::Walk;

/// Checks the rules of secrecy, policy, ranges and noise, and finds what later passes need.
///
/// Facts of a contract with errors are as good as they can be: enough for an editor, not for running it.
pub(crate) fn check(hir: &Hir, diagnostics: &mut Vec<Diagnostic>) -> Facts {
    let wrong = declared(hir).filter(|(ty, _)| has_no_nothing(ty, hir, false));
    diagnostics.extend(wrong.map(|(_, span)| without_zero(span)));
    let mut walk = Walk::new(hir);
    if !hir.slots.is_empty() {
        walk.muted = 1;
        // Mixes only grow, and there are few.
        loop {
            let before = walk.slots.clone();
            for entry in &hir.entries {
                walk.entry(entry);
            }
            if walk.slots == before || walk.is_exhausted() {
                break;
            }
        }
        walk.muted = 0;
    }
    for entry in &hir.entries {
        walk.entry(entry);
        let facts = std::mem::take(&mut walk.entry);
        walk.facts.entries.push(facts);
    }
    for predicate in predicates(hir) {
        walk.enter(&predicate.locals);
        for (local, declared) in predicate
            .locals
            .iter()
            .take(predicate.parameters)
            .enumerate()
        {
            let id = crate::hir::LocalId(u32::try_from(local).unwrap_or(u32::MAX));
            let value = walk.public(&declared.ty);
            walk.set(id, std::rc::Rc::new(value));
        }
        let value = walk.eval(&predicate.condition);
        walk.needs_public(
            predicate.condition.span,
            &value,
            "a condition of a declaration",
        );
    }
    for (index, collection) in hir.collections.iter().enumerate() {
        let Some(check) = &collection.check else {
            continue;
        };
        // Of each row by itself: nothing is mixed, and everyone sees whether it counts.
        walk.enter(&check.locals);
        let row = walk.collection(index).element();
        walk.set(crate::hir::LocalId(0), std::rc::Rc::new(row));
        walk.eval(&check.condition);
        let facts = std::mem::take(&mut walk.entry);
        walk.facts.checks.push(facts);
    }
    let (facts, found) = walk.finish();
    diagnostics.extend(found);
    facts
}

/// Public conditions of declarations. Those of `check` are about rows.
fn predicates(hir: &Hir) -> impl Iterator<Item = &crate::hir::Predicate> {
    let admits = hir.groups.iter().filter_map(|group| group.admit.as_ref());
    let accesses = hir.slots.iter().filter_map(|slot| slot.access.as_ref());
    admits.chain(accesses)
}

/// The types of all that people give and slots keep, and where they are declared.
fn declared(hir: &Hir) -> impl Iterator<Item = (&Type, Span)> {
    let collections = hir.collections.iter().map(|c| (&c.row, c.span));
    let slots = hir.slots.iter().map(|slot| (&slot.ty, slot.span));
    let params = hir.entries.iter().flat_map(|entry| {
        let locals = entry.params.iter();
        let locals = locals.filter_map(|param| entry.locals.get(param.local.0 as usize));
        locals.map(|local| (&local.ty, local.span))
    });
    collections.chain(slots).chain(params)
}

/// Whether something in it may be missing that has a range without 0. `is_inside`: of what may be missing as a whole.
fn has_no_nothing(ty: &Type, hir: &Hir, is_inside: bool) -> bool {
    match ty {
        Type::Maybe(inner) => has_no_nothing(inner, hir, true),
        Type::List(inner, _) | Type::Rows(inner, _) => has_no_nothing(inner, hir, is_inside),
        Type::Tuple(types) => types.iter().any(|ty| has_no_nothing(ty, hir, is_inside)),
        Type::Struct(index) => {
            let fields = hir.structs.get(*index).map_or(&[][..], |s| &s.fields);
            fields.iter().any(|field| {
                let range = field.range.filter(|_| is_inside);
                range.is_some_and(lacks_zero) || has_no_nothing(&field.ty, hir, is_inside)
            })
        }
        _ => false,
    }
}
