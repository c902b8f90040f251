//! Expressions: names, methods, casts and lists.

use enigma_bytecode::interval::Wide;

use super::{Body, Bound};
use crate::code::Code;
use crate::constant;
use crate::diagnostic::Diagnostic;
use crate::hir::{BinaryOp, Expr, ExprKind};
use crate::resolve::{Symbol, named_kind, unknown_type, unsupported};
use crate::span::Span;
use crate::syntax::ast::{self, Name};
use crate::types::{IntType, Kind, Label, Space, Ty};

impl Body<'_> {
    /// An expression. `want`: the type that the context asks for, in which the result may be
    /// computed if its own is too small.
    pub(super) fn expression(&mut self, expr: &ast::Expr, want: Option<IntType>) -> Expr {
        let span = expr.span();
        match expr.kind() {
            ast::ExprKind::Int(text) => match constant::number(&text, span) {
                Ok(value) => self.literal(value, IntType::Literal, span),
                Err(diagnostic) => self.wrong(diagnostic),
            },
            ast::ExprKind::Name(name) => self.name(&name),
            ast::ExprKind::Unary(operator, operand) if operator == "-" => {
                let operand = self.expression(&operand, want);
                self.negate(operand, want, span)
            }
            ast::ExprKind::Binary(a, operator, b) => {
                let Some(op) = BinaryOp::written(&operator) else {
                    return self.wrong(unsupported(span, &format!("`{operator}`")));
                };
                // The operands of a comparison are not computed in the type of its result.
                let want = want.filter(|_| op.is_arithmetic());
                let (a, b) = (self.expression(&a, want), self.expression(&b, want));
                self.binary(op, a, b, want, span)
            }
            ast::ExprKind::Cast(operand, ty) => self.cast(&operand, &ty, span),
            ast::ExprKind::Method(receiver, name, args) => {
                self.method(&receiver, &name, &args, want, span)
            }
            ast::ExprKind::Unary(_, operand) => {
                let operand = self.expression(&operand, None);
                self.not(operand, span)
            }
            ast::ExprKind::Bool(value) => Expr {
                kind: ExprKind::Int(value.into()),
                ty: Some(Ty {
                    label: Label::Public,
                    kind: Kind::Bool,
                    space: Space::Scalar,
                    interval: Some(Wide::exactly(value.into())),
                }),
                span,
            },
            ast::ExprKind::Index(..) => self.wrong(unsupported(span, "an index")),
            ast::ExprKind::List(_) => self.wrong(unsupported(span, "a list")),
            ast::ExprKind::Other(what) => self.wrong(unsupported(span, what)),
            ast::ExprKind::Missing => poisoned(span),
        }
    }

    pub(super) fn wrong(&mut self, diagnostic: Diagnostic) -> Expr {
        let span = diagnostic.primary.span;
        self.report(diagnostic);
        poisoned(span)
    }

    fn literal(&mut self, value: i64, int: IntType, span: Span) -> Expr {
        let interval = Wide::exactly(value);
        let mut ty = Ty {
            label: Label::Public,
            kind: Kind::Int(int),
            space: Space::Scalar,
            interval: Some(interval),
        };
        if interval.narrow().is_none() {
            let message = "numbers in an entry must stay below 2^59 in magnitude";
            self.report(Diagnostic::error(Code::E0501, span, message));
            ty.interval = None;
        }
        Expr {
            kind: ExprKind::Int(value),
            ty: Some(ty),
            span,
        }
    }

    fn name(&mut self, name: &Name) -> Expr {
        let span = name.span;
        match self.names.get(&name.text) {
            Some((Bound::Local(index), _)) => {
                let ty = self.locals.get(*index).and_then(|local| local.ty);
                return Expr {
                    kind: ExprKind::Local(*index),
                    ty,
                    span,
                };
            }
            Some((Bound::Revealed, at)) => {
                let message = format!(
                    "`{}` was revealed, and is no value to compute with",
                    name.text
                );
                let diagnostic = Diagnostic::error(Code::E0205, span, message)
                    .also(*at, "its recipients learn it here; the nodes do not")
                    .help("bind the private value first: `let x = ...; reveal NAME = x to ...;`");
                return self.wrong(diagnostic);
            }
            None => {}
        }
        match self.scope.symbol(&name.text) {
            Some(Symbol::Collection(index)) => self.collection(index, span),
            Some(Symbol::Constant(value, int)) => self.literal(value, int, span),
            Some(Symbol::Unsupported) => poisoned(span),
            Some(symbol) => {
                let what = match symbol {
                    Symbol::Group(_) => "a group",
                    Symbol::Party(_) => "a party",
                    _ => "an entry",
                };
                let message = format!("`{}` is {what}, not a value", name.text);
                self.wrong(Diagnostic::error(Code::E0205, span, message))
            }
            None => {
                let locals = self.names.keys().map(String::as_str);
                let diagnostic = self.scope.unknown(name, "value", locals);
                self.wrong(diagnostic)
            }
        }
    }

    fn collection(&mut self, index: usize, span: Span) -> Expr {
        let ty = self.scope.collections.get(index).map(|collection| Ty {
            label: Label::Private,
            kind: collection.kind,
            space: Space::Over(index),
            interval: collection.range,
        });
        Expr {
            kind: ExprKind::Collection(index),
            ty,
            span,
        }
    }

    fn cast(&mut self, operand: &ast::Expr, ty: &ast::Type, span: Span) -> Expr {
        let Some(target) = named_kind(ty) else {
            let diagnostic = unknown_type(ty, self.scope);
            return self.wrong(diagnostic);
        };
        let want = match target {
            Kind::Int(int) => Some(int),
            _ => None,
        };
        let mut value = self.expression(operand, want);
        value.span = span;
        let Some(ty) = &mut value.ty else {
            return value;
        };
        match (target, ty.kind) {
            (Kind::Int(int), Kind::Int(_) | Kind::Bool) => {
                if !int.holds(ty.interval) {
                    let diagnostic = unsupported(span, "a cast of a value that may not fit");
                    self.diagnostics
                        .push(super::arithmetic::with_interval(diagnostic, ty.interval));
                    ty.interval = None;
                }
                ty.kind = target;
                value
            }
            (Kind::Bool, Kind::Bool) => value,
            (_, found) => {
                let message = format!("{} is not {}", found.describe(), target.describe());
                let mut diagnostic = Diagnostic::error(Code::E0211, span, message);
                if matches!(found, Kind::Int(_)) {
                    diagnostic = diagnostic.help("compare it, for example with `!= 0`");
                }
                self.wrong(diagnostic)
            }
        }
    }
}

/// An expression for which an error has been reported.
pub(super) fn poisoned(span: Span) -> Expr {
    Expr {
        kind: ExprKind::Error,
        ty: None,
        span,
    }
}
