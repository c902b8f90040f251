//! Guards of a reveal: `with min_group(COLLECTION.len(), K)`.
//!
//! The number of rows is public, so a run with too few is refused before anything is computed, as
//! it is below the group's `min`. A guard on a private number would have to hide the value, which is
//! another thing and not built.

use std::collections::BTreeMap;

use super::Body;
use crate::code::Code;
use crate::constant;
use crate::diagnostic::{Diagnostic, grouped};
use crate::hir::ExprKind;
use crate::resolve::unsupported;
use crate::syntax::ast::{self, Expr, Guard};
use crate::types::Label;

impl Body<'_> {
    /// The guards of a reveal: at most one for each collection, the strictest.
    pub(super) fn guards(&mut self, statement: &ast::Reveal) -> Vec<(usize, u32)> {
        let mut strictest: BTreeMap<usize, u32> = BTreeMap::new();
        for guard in statement.guards() {
            if let Some((collection, rows)) = self.guard(&guard) {
                let most = strictest.entry(collection).or_default();
                *most = rows.max(*most);
            }
        }
        strictest.into_iter().collect()
    }

    fn guard(&mut self, guard: &Guard) -> Option<(usize, u32)> {
        if guard.word()?.text() != "min_group" {
            self.report(unsupported(guard.span(), "`noise`"));
            return None;
        }
        let args: Vec<Expr> = guard
            .args()
            .into_iter()
            .filter_map(|arg| arg.value)
            .collect();
        let [count, least] = &args[..] else {
            let message = "`min_group` takes a number of rows and the fewest there may be";
            let diagnostic = Diagnostic::error(Code::E0204, guard.span(), message)
                .help("write `with min_group(COLLECTION.len(), NUMBER)`");
            self.report(diagnostic);
            return None;
        };
        let collection = self.guarded(count);
        let least_span = least.span();
        let least = match constant::evaluate(least, &self.scope.constants) {
            Ok(value) => value?,
            Err(diagnostic) => {
                self.report(diagnostic);
                return None;
            }
        };
        let collection = collection?;
        let most = self.most_rows(collection);
        let rows = u32::try_from(least).ok();
        let rows = rows.filter(|rows| (1..=most).contains(rows));
        if rows.is_none() {
            let message = format!(
                "`min_group` takes a number from 1 to {}, the most rows there can be",
                grouped(most.into())
            );
            self.report(Diagnostic::error(Code::E0212, least_span, message));
        }
        rows.map(|rows| (collection, rows))
    }

    /// The collection whose rows are counted.
    fn guarded(&mut self, count: &Expr) -> Option<usize> {
        let count = self.expression(count, None);
        let ty = count.ty?;
        match count.kind {
            ExprKind::Rows(collection) => return Some(collection),
            _ if ty.label == Label::Private => {
                self.report(unsupported(count.span, "a guard on a private number"));
            }
            _ => {
                let what = "a guard on another number than that of rows";
                let diagnostic =
                    unsupported(count.span, what).help("write `COLLECTION.len()` here");
                self.report(diagnostic);
            }
        }
        None
    }

    fn most_rows(&self, collection: usize) -> u32 {
        let collection = self.scope.collections.get(collection);
        let group = collection.and_then(|c| self.scope.groups.get(c.group));
        group.map_or(0, |group| group.max)
    }
}
