//! Parts of values: fields of structs, columns of tables, elements of lists.

use super::Body;
use super::expression::one_of;
use super::vector::{base, with_base};
use crate::code::Code;
use crate::diagnostic::Diagnostic;
use crate::hir::{Expr, ExprKind, Type};
use crate::span::Span;
use crate::syntax::ast::{self, Name};

impl Body<'_> {
    /// `a.name`.
    pub(super) fn field(&mut self, of: &ast::Expr, name: &Name, span: Span) -> Expr {
        if let Some(store) = self.store_of(of) {
            return self.load(store, name, span);
        }
        let of = self.expression(of, None);
        match self.field_index(&of.ty, of.span, name) {
            Some((index, ty)) => {
                let ty = with_base(&of.ty, &ty);
                self.expr(ExprKind::Field(Box::new(of), index), ty, span)
            }
            None => self.poisoned(span),
        }
    }

    /// The place and type of a field of a struct, or of the structs of a vector.
    pub(super) fn field_index(
        &mut self,
        of: &Type,
        at: Span,
        name: &Name,
    ) -> Option<(usize, Type)> {
        let Type::Struct(index) = base(of) else {
            if *base(of) != Type::Unknown {
                let message = format!("there is no field `{}`", name.text);
                let mut diagnostic = Diagnostic::error(Code::E0208, name.span, message)
                    .also(at, format!("this is {}", self.describe(base(of))));
                if matches!(base(of), Type::Maybe(_)) {
                    diagnostic =
                        diagnostic.help("`x.or(DEFAULT)` gives a value where it is missing");
                } else if super::method::is_method(&name.text) {
                    diagnostic = diagnostic.help(format!("call it: `.{}()`", name.text));
                }
                self.report(diagnostic);
            }
            return None;
        };
        let declared = self.scope.hir.structs.get(*index)?;
        let mut fields = declared.fields.iter().enumerate();
        if let Some((place, field)) = fields.find(|(_, field)| field.name == name.text) {
            return Some((place, field.ty.clone()));
        }
        let message = format!("`{}` has no field `{}`", declared.name, name.text);
        let known = declared.fields.iter().map(|field| field.name.as_str());
        let diagnostic = Diagnostic::error(Code::E0208, name.span, message)
            .also(declared.span, "declared here")
            .help(one_of(&name.text, known));
        self.report(diagnostic);
        None
    }

    /// `a[i]`.
    pub(super) fn index(&mut self, of: &ast::Expr, index: &ast::Expr, span: Span) -> Expr {
        if let Some((store, name)) = self.map_named(of) {
            return self.load_at(store, &name, Some(index), None, span);
        }
        let of = self.expression(of, None);
        let of = self.settled(of);
        let index = self.whole(index, "the place in a list");
        match of.ty.element().cloned() {
            Some(element) => self.expr(
                ExprKind::Index(Box::new(of), Box::new(index)),
                element,
                span,
            ),
            None if of.ty == Type::Unknown => self.poisoned(span),
            None => {
                let found = self.describe(&of.ty);
                let message = "only lists and rows have elements";
                let diagnostic = Diagnostic::error(Code::E0211, span, message)
                    .also(of.span, format!("this is {found}"));
                self.wrong(diagnostic)
            }
        }
    }
}
