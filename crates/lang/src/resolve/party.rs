//! Groups, and who may call an entry.

use enigma_bytecode::verify::MAX_GROUP;

use super::Pass;
use crate::code::Code;
use crate::diagnostic::grouped;
use crate::hir::{Group, Role};
use crate::scope::Symbol;
use crate::span::Span;
use crate::syntax::ast::{Expr, Item};

/// A group with wrong bounds gets the narrowest ones: they cause no further errors.
pub(super) fn narrowest(name: String, span: Span) -> Group {
    Group {
        name,
        min: 1,
        max: 1,
        admit: None,
        span,
    }
}

impl Pass<'_> {
    pub(super) fn groups(&mut self, members: &[Item]) {
        let groups = members.iter().filter_map(|item| match item {
            Item::Group(item) => Some(item),
            _ => None,
        });
        for (index, item) in groups.filter(|item| item.name().is_some()).enumerate() {
            let bounds = item.bounds().and_then(|bounds| self.bounds(&bounds));
            if let (Some(group), Some(bounds)) = (self.scope.hir.groups.get_mut(index), bounds) {
                (group.min, group.max) = bounds;
            }
        }
    }

    fn bounds(&mut self, (min_expr, max_expr): &(Expr, Expr)) -> Option<(u32, u32)> {
        let (min, max) = (self.integer(min_expr), self.integer(max_expr));
        let (min, max) = (min?, max?);
        let size = |value: i128| {
            u32::try_from(value)
                .ok()
                .filter(|v| (1..=MAX_GROUP).contains(v))
        };
        if size(max).is_none() {
            let message = format!("a group has 1 to {} members", grouped(MAX_GROUP.into()));
            self.error(Code::E0601, max_expr.span(), message);
        } else if size(min).is_none() || min > max {
            let message = format!("`min` must be between 1 and `max`, which is {max}");
            self.error(Code::E0212, min_expr.span(), message);
        }
        size(min).zip(size(max)).filter(|(min, max)| min <= max)
    }

    /// `by`.
    pub(super) fn entries(&mut self) {
        for (index, entry) in self.scope.entries.iter().enumerate() {
            let Some(name) = entry.by() else { continue };
            let role = match self.scope.symbol(&name) {
                Some(Symbol::Party(party)) => Some(Role::Party(party)),
                Some(Symbol::Group(group)) => Some(Role::Member(group)),
                Some(Symbol::Broken) => None,
                Some(_) => {
                    let message = format!("`{}` is neither a party nor a group", name.text);
                    self.diagnostics.push(self.scope.misused(&name, message));
                    None
                }
                None => {
                    let none = std::iter::empty();
                    let diagnostic = self.scope.unknown(&name, "party or group", none);
                    self.diagnostics.push(diagnostic);
                    None
                }
            };
            if let Some(entry) = self.scope.hir.entries.get_mut(index) {
                entry.by = role;
            }
        }
    }
}
