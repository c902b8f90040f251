//! What can be assigned: mutable locals, slots, and their parts.

use super::names::Bound;
use super::{Body, has_unknown};
use crate::code::Code;
use crate::diagnostic::Diagnostic;
use crate::hir::{Place, PlaceStep, Root, Type};
use crate::syntax::ast::{self, Name};

impl Body<'_> {
    /// The place and its type; `None` if an error has been reported.
    pub(super) fn place(&mut self, target: &ast::Expr) -> Option<(Place, Type)> {
        let span = target.span();
        match target.kind() {
            ast::ExprKind::Name(name) => {
                let (local, ty) = self.assigned_local(&name)?;
                let path = Vec::new();
                let root = Root::Local(local);
                Some((Place { root, path, span }, ty))
            }
            ast::ExprKind::Field(of, name) => {
                if let Some(store) = self.store_of(&of) {
                    return self.slot_place(store, &name, None, span);
                }
                let (mut place, ty) = self.place(&of)?;
                let (index, ty) = self.field_index(&ty, of.span(), &name)?;
                place.path.push(PlaceStep::Field(index));
                place.span = span;
                Some((place, ty))
            }
            ast::ExprKind::Index(of, index) => {
                if let Some((store, name)) = self.map_named(&of) {
                    return self.slot_place(store, &name, Some(&index), span);
                }
                let (mut place, ty) = self.place(&of)?;
                let index = self.whole(&index, "the place in a list");
                let Type::List(element, _) = ty else {
                    if !has_unknown(&ty) {
                        let found = self.describe(&ty);
                        let message = "only elements of lists can be assigned";
                        let diagnostic = Diagnostic::error(Code::E0207, span, message)
                            .also(of.span(), format!("this is {found}"));
                        self.report(diagnostic);
                    }
                    return None;
                };
                place.path.push(PlaceStep::Index(index));
                place.span = span;
                Some((place, *element))
            }
            ast::ExprKind::Missing => None,
            _ => {
                let message = "this is a value, and nothing can be put into it";
                let diagnostic = Diagnostic::error(Code::E0207, span, message)
                    .help("`let mut x = ...;` makes a variable");
                self.report(diagnostic);
                None
            }
        }
    }

    fn assigned_local(&mut self, name: &Name) -> Option<(crate::hir::LocalId, Type)> {
        let diagnostic = match self.bound(&name.text) {
            Some((Bound::Broken, _)) => return None,
            Some((Bound::Local(id), at)) => {
                let local = self.local(id)?;
                if local.mutable {
                    return Some((id, local.ty.clone()));
                }
                let message = format!("`{}` cannot be assigned", name.text);
                Diagnostic::error(Code::E0207, name.span, message)
                    .also(at, "it gets its only value here")
                    .help(format!("write `let mut {}`", name.text))
            }
            Some((_, at)) => {
                let message = format!("`{}` cannot be assigned", name.text);
                Diagnostic::error(Code::E0207, name.span, message)
                    .also(at, "it gets its only value here")
            }
            None => match self.scope.symbol(name) {
                Some(symbol) => {
                    let message = format!(
                        "`{}` is {}, and cannot be assigned",
                        name.text,
                        symbol.describe()
                    );
                    Diagnostic::error(Code::E0207, name.span, message)
                }
                None => {
                    // Says that there is no such name, or that it is a store.
                    self.name(name);
                    return None;
                }
            },
        };
        self.report(diagnostic);
        None
    }

    pub(super) fn is_accumulator(&self, place: &Place) -> bool {
        let Root::Slot(slot, _) = place.root else {
            return false;
        };
        let slot = self.scope.hir.slots.get(slot);
        slot.is_some_and(|slot| slot.accumulator)
    }
}
