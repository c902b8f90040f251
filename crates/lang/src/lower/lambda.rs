//! Lambdas: what is done with each element of a vector.

use super::coerce::maybe;
use super::names::Bound;
use super::vector::{list, rows};
use super::{Body, has_unknown};
use crate::code::Code;
use crate::diagnostic::Diagnostic;
use crate::hir::{Expr, ExprKind, Type};
use crate::span::Span;
use crate::syntax::ast::Lambda;

impl Body<'_> {
    /// `vector.map(|x| body)`.
    pub(super) fn map(&mut self, over: Expr, lambda: &Lambda, span: Span) -> Expr {
        self.mapped(over, lambda, span, |_, _, value| value)
    }

    /// `vector.filter(|x| condition)`: as many values that may be missing.
    pub(super) fn filter(&mut self, over: Expr, lambda: &Lambda, span: Span) -> Expr {
        self.mapped(over, lambda, span, |body, element, condition| {
            if condition.ty != Type::Bool {
                if has_unknown(&condition.ty) {
                    return body.poisoned(span);
                }
                let message = "`filter` needs a truth value for each element";
                return body.wrong(Diagnostic::error(Code::E0211, lambda.span(), message));
            }
            let at = condition.span;
            let ty = maybe(element.ty.clone());
            let there = body.expr(ExprKind::Something(Box::new(element)), ty.clone(), at);
            let nothing = body.expr(ExprKind::Nothing, ty.clone(), at);
            let [condition, there, nothing] = [condition, there, nothing].map(Box::new);
            body.expr(ExprKind::Select(condition, there, nothing), ty, at)
        })
    }

    /// The same with what is made of an element and of what the lambda gives for it.
    fn mapped(
        &mut self,
        over: Expr,
        lambda: &Lambda,
        span: Span,
        make: impl FnOnce(&mut Self, Expr, Expr) -> Expr,
    ) -> Expr {
        let names = lambda.params();
        let Some(element) = over.ty.element().cloned() else {
            if has_unknown(&over.ty) {
                return self.poisoned(span);
            }
            let found = self.describe(&over.ty);
            let message = "a lambda needs a vector, to go through its elements";
            let diagnostic = Diagnostic::error(Code::E0211, lambda.span(), message)
                .also(over.span, format!("this is {found}"));
            return self.wrong(diagnostic);
        };
        let [name] = &names[..] else {
            let message = "this lambda takes one parameter, the element";
            return self.wrong(Diagnostic::error(Code::E0204, lambda.span(), message));
        };
        let hidden = self.may_be_private(&over);
        let (local, body) = self.in_block(|body| {
            let local = body.new_local(name, element.clone(), hidden);
            body.bind_parameter(name, Bound::Local(local));
            let value = lambda.body().map(|value| {
                let value = body.expression(&value, None);
                let value = body.settled(value);
                let element = body.expr(ExprKind::Local(local), element, name.span);
                make(body, element, value)
            });
            (local, value)
        });
        let Some(body) = body else {
            return self.poisoned(span);
        };
        if has_rows(&body.ty) {
            let found = self.describe(&body.ty);
            let diagnostic = Diagnostic::error(
                Code::E0211,
                body.span,
                "a lambda gives one value for each element",
            )
            .because(format!("this is {found}"))
            .help("reduce the rows first, for example with `sum()`");
            return self.wrong(diagnostic);
        }
        let ty = match &over.ty {
            Type::Rows(_, index) => rows(body.ty.clone(), *index),
            Type::List(_, length) => list(body.ty.clone(), length.clone()),
            _ => Type::Unknown,
        };
        let (over, body) = (Box::new(over), Box::new(body));
        self.expr(
            ExprKind::Map {
                over,
                element: local,
                body,
            },
            ty,
            span,
        )
    }
}

fn has_rows(ty: &Type) -> bool {
    match ty {
        Type::Rows(..) => true,
        Type::Maybe(inner) | Type::List(inner, _) => has_rows(inner),
        Type::Tuple(parts) => parts.iter().any(has_rows),
        _ => false,
    }
}
