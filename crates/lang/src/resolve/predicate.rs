//! Conditions of declarations: who belongs to a group, which rows count, who may read.

use super::Pass;
use crate::hir::{Predicate, Store, Type};
use crate::syntax::ast::{Item, Lambda};

impl Pass<'_> {
    /// All that is declared is settled, so that they may read it.
    pub(super) fn predicates(&mut self, members: &[Item]) {
        let (mut groups, mut collections, mut slots) = (0, 0, 0);
        for item in members {
            match item {
                Item::Group(item) if item.name().is_some() => {
                    let admit = item.admit();
                    let admit = admit.and_then(|lambda| self.predicate(&lambda, &[Type::Id]));
                    if let Some(group) = self.scope.hir.groups.get_mut(groups) {
                        group.admit = admit;
                    }
                    groups += 1;
                }
                Item::Collect(item) if item.name().is_some() => {
                    let row = self.scope.hir.collections.get(collections);
                    let row = row.map_or(Type::Unknown, |collection| collection.row.clone());
                    let check = item.check();
                    let check = check.and_then(|lambda| self.predicate(&lambda, &[row]));
                    if let Some(collection) = self.scope.hir.collections.get_mut(collections) {
                        collection.check = check;
                    }
                    collections += 1;
                }
                Item::State(item) if item.store().is_some() => {
                    for slot in item.slots().filter(|slot| slot.name().is_some()) {
                        let access = slot.access();
                        let access = access.and_then(|lambda| self.access(&lambda, slots));
                        if let Some(slot) = self.scope.hir.slots.get_mut(slots) {
                            slot.access = access;
                        }
                        slots += 1;
                    }
                }
                _ => {}
            }
        }
    }

    /// Who reads, and of a map at which key.
    fn access(&mut self, lambda: &Lambda, slot: usize) -> Option<Predicate> {
        let slot = self.scope.hir.slots.get(slot)?;
        if slot.store != Store::Dht {
            return None;
        }
        let key = slot.key.clone();
        let parameters: Vec<Type> = [Type::Id].into_iter().chain(key).collect();
        self.predicate(lambda, &parameters)
    }

    fn predicate(&mut self, lambda: &Lambda, parameters: &[Type]) -> Option<Predicate> {
        crate::lower::predicate(&mut self.scope, lambda, parameters, self.diagnostics)
    }
}
