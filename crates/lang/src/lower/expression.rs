//! Expressions: names, methods, casts and lists.

use enigma_bytecode::interval::Wide;
use enigma_bytecode::model::Order;

use super::{Body, Bound};
use crate::code::Code;
use crate::constant;
use crate::diagnostic::Diagnostic;
use crate::hir::{BinaryOp, Expr, ExprKind};
use crate::resolve::{Symbol, not_int_type, unsupported};
use crate::span::Span;
use crate::suggest::nearest;
use crate::syntax::ast::{self, Arg, Name};
use crate::types::{IntType, Label, Space, Ty};

/// Methods that the language has and this version does not build.
const LATER: &[&str] = &[
    "argmax",
    "bits",
    "clamp",
    "corr",
    "count",
    "count_true",
    "covariance",
    "distinct",
    "dot",
    "group_by",
    "histogram",
    "lookup",
    "map",
    "max",
    "mean",
    "mean_where",
    "median",
    "min",
    "owner_at",
    "quantile",
    "shuffle",
    "sort",
    "sort_by",
    "stddev",
    "sum_where",
    "top",
    "top2",
    "variance",
];

const METHODS: &[&str] = &["sum", "len", "rank", "rank_desc"];

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
                let op = match operator.as_str() {
                    "+" => BinaryOp::Add,
                    "-" => BinaryOp::Sub,
                    "*" => BinaryOp::Mul,
                    "/" => BinaryOp::Div,
                    other => return self.wrong(unsupported(span, &format!("`{other}`"))),
                };
                let (a, b) = (self.expression(&a, want), self.expression(&b, want));
                self.binary(op, a, b, want, span)
            }
            ast::ExprKind::Cast(operand, ty) => self.cast(&operand, &ty, span),
            ast::ExprKind::Method(receiver, name, args) => {
                self.method(&receiver, &name, &args, want, span)
            }
            ast::ExprKind::Unary(operator, _) => {
                self.wrong(unsupported(span, &format!("`{operator}`")))
            }
            ast::ExprKind::Bool(_) => self.wrong(unsupported(span, "a truth value")),
            ast::ExprKind::List(_) => self.wrong(unsupported(span, "a list")),
            ast::ExprKind::Other(what) => self.wrong(unsupported(span, what)),
            ast::ExprKind::Missing => Expr {
                kind: ExprKind::Error,
                ty: None,
                span,
            },
        }
    }

    pub(super) fn wrong(&mut self, diagnostic: Diagnostic) -> Expr {
        let span = diagnostic.primary.span;
        self.report(diagnostic);
        Expr {
            kind: ExprKind::Error,
            ty: None,
            span,
        }
    }

    fn literal(&mut self, value: i64, int: IntType, span: Span) -> Expr {
        let interval = Wide::exactly(value);
        let mut ty = Ty {
            label: Label::Public,
            int,
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
            Some(Symbol::Unsupported) => Expr {
                kind: ExprKind::Error,
                ty: None,
                span,
            },
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
            int: collection.int,
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
        let int = ty
            .name()
            .filter(|_| ty.is_plain())
            .and_then(|name| IntType::named(&name.text));
        let Some(int) = int else {
            let diagnostic = not_int_type(ty, self.scope);
            return self.wrong(diagnostic);
        };
        let mut value = self.expression(operand, Some(int));
        value.span = span;
        if let Some(ty) = &mut value.ty {
            if !int.holds(ty.interval) {
                let diagnostic = unsupported(span, "a cast of a value that may not fit");
                self.diagnostics
                    .push(super::arithmetic::with_interval(diagnostic, ty.interval));
                ty.interval = None;
            }
            ty.int = int;
        }
        value
    }

    fn method(
        &mut self,
        receiver: &ast::Expr,
        name: &Name,
        args: &[Arg],
        want: Option<IntType>,
        span: Span,
    ) -> Expr {
        let of = self.expression(receiver, None);
        let Some(ty) = of.ty else {
            return Expr {
                kind: ExprKind::Error,
                ty: None,
                span,
            };
        };
        if !METHODS.contains(&name.text.as_str()) {
            let diagnostic = if LATER.contains(&name.text.as_str()) {
                unsupported(name.span, &format!("`{}`", name.text))
            } else {
                unknown_method(name)
            };
            return self.wrong(diagnostic);
        }
        if let Some(arg) = args.first() {
            let message = format!("`{}` takes no arguments", name.text);
            self.report(Diagnostic::error(Code::E0204, arg.span, message));
        }
        let Space::Over(collection) = ty.space else {
            let message = format!("`{}` needs one value per row", name.text);
            let diagnostic = Diagnostic::error(Code::E0211, name.span, message)
                .also(of.span, "this is one number");
            return self.wrong(diagnostic);
        };
        let rows = self.rows(collection);
        match name.text.as_str() {
            "len" => {
                let ty = Ty {
                    label: Label::Public,
                    int: IntType::U64,
                    space: Space::Scalar,
                    interval: rows,
                };
                Expr {
                    kind: ExprKind::Rows(collection),
                    ty: Some(ty),
                    span,
                }
            }
            "sum" => {
                let interval = ty.interval.zip(rows).map(|(each, rows)| each.times(rows));
                let ty = Ty {
                    space: Space::Scalar,
                    interval,
                    ..ty
                };
                let summed = match of.kind {
                    ExprKind::Collection(index) => Some(index),
                    _ => None,
                };
                let kind = ExprKind::Sum(Box::new(of));
                self.fitted(
                    Expr {
                        kind,
                        ty: Some(ty),
                        span,
                    },
                    want,
                    summed,
                )
            }
            word => {
                let order = if word == "rank" {
                    Order::Ascending
                } else {
                    Order::Descending
                };
                let interval = rows.map(|rows| Wide {
                    low: 1,
                    high: rows.high,
                });
                let ty = Ty {
                    int: IntType::U64,
                    interval,
                    ..ty
                };
                Expr {
                    kind: ExprKind::Rank(Box::new(of), order),
                    ty: Some(ty),
                    span,
                }
            }
        }
    }

    /// How many rows a collection can have.
    fn rows(&self, collection: usize) -> Option<Wide> {
        let collection = self.scope.collections.get(collection)?;
        let group = self.scope.groups.get(collection.group)?;
        Some(Wide {
            low: group.min.into(),
            high: group.max.into(),
        })
    }
}

fn unknown_method(name: &Name) -> Diagnostic {
    let message = format!("there is no method `{}`", name.text);
    let diagnostic = Diagnostic::error(Code::E0203, name.span, message);
    match nearest(&name.text, METHODS.iter().chain(LATER).copied()) {
        Some(near) => diagnostic.help(format!("did you mean `{near}`?")),
        None => diagnostic,
    }
}
