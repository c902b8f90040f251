//! Methods: those of vectors that are written out here, and those of the library.

use super::library::{self, Form};
use super::vector::length_of;
use super::{Body, has_unknown};
use crate::code::Code;
use crate::diagnostic::Diagnostic;
use crate::hir::{BinaryOp, Builtin, Expr, ExprKind, IntType, Length, Type};
use crate::scope::{Symbol, unsupported};
use crate::span::Span;
use crate::suggest::nearest;
use crate::syntax::ast::{self, Arg, Name};

/// Methods that are written here, with their meaning, beside those of the library's tables.
pub(crate) const OWN: [(&str, &str); 5] = [
    ("len", "how many elements there are; public"),
    (
        "count",
        "how many elements there are; with a lambda, for how many it is true",
    ),
    ("map", "what the lambda makes of each element"),
    (
        "filter",
        "each element for which the lambda is true, and nothing in place of the others",
    ),
    (
        "group_by",
        "one hidden cell of rows for each name that the lambda can give",
    ),
];

impl Body<'_> {
    /// `of.name(args)`.
    pub(super) fn method(
        &mut self,
        of: &ast::Expr,
        name: &Name,
        args: &[Arg],
        want: Option<&Type>,
        span: Span,
    ) -> Expr {
        if let Some(store) = self.store_of(of) {
            return self.store_method(store, name, args, span);
        }
        if let Some(cells) = self.cells(of) {
            return self.cells_method(&cells, name, args, span);
        }
        if let ast::ExprKind::Name(group) = of.kind()
            && let Some(Symbol::Group(index)) = self.symbol(&group)
        {
            return self.group_method(index, name, args, span);
        }
        match name.text.as_str() {
            "group_by" => {
                let message = "cells are no value";
                let diagnostic = Diagnostic::error(Code::E0205, span, message)
                    .help("give them a name, `let cells = rows.group_by(|r| ...);`, or call a method of them");
                self.wrong(diagnostic)
            }
            "len" | "count" | "map" | "filter" => self.own_method(of, name, args, span),
            known if library::is_known(known, Form::Method) => {
                self.library_call(name, Some(of), args, want, span)
            }
            _ => {
                let of = self.expression(of, None);
                if has_unknown(&of.ty) {
                    return self.poisoned(span);
                }
                let diagnostic = self.unknown_method(name, &of.ty);
                self.wrong(diagnostic)
            }
        }
    }

    fn group_method(&mut self, group: usize, name: &Name, args: &[Arg], span: Span) -> Expr {
        if !matches!(name.text.as_str(), "len" | "count") {
            let message = format!("a group has no method `{}`", name.text);
            let diagnostic = Diagnostic::error(Code::E0203, name.span, message)
                .help("`len()` is how many take part");
            return self.wrong(diagnostic);
        }
        if self.in_predicate {
            let message = "the condition of a declaration cannot count who takes part";
            return self.wrong(Diagnostic::error(Code::E0205, span, message));
        }
        match args.first() {
            Some(arg) => self.no_arguments(name, arg),
            None => self.expr(ExprKind::MemberCount(group), Type::Int(IntType::U64), span),
        }
    }

    fn own_method(&mut self, of: &ast::Expr, name: &Name, args: &[Arg], span: Span) -> Expr {
        let of = self.expression(of, None);
        let of = self.settled(of);
        if has_unknown(&of.ty) {
            return self.poisoned(span);
        }
        let Some(length) = length_of(&of.ty) else {
            let diagnostic = self.no_vector(name, &of);
            return self.wrong(diagnostic);
        };
        match (name.text.as_str(), args) {
            (
                "map",
                [
                    Arg {
                        lambda: Some(lambda),
                        ..
                    },
                ],
            ) => self.map(of, lambda, span),
            (
                "filter",
                [
                    Arg {
                        lambda: Some(lambda),
                        ..
                    },
                ],
            ) => self.filter(of, lambda, span),
            (own @ ("map" | "filter"), _) => {
                let message = format!("`{own}` takes a lambda");
                let diagnostic = Diagnostic::error(Code::E0204, name.span, message).help(format!(
                    "for example `rows.{own}(|r| r {})`",
                    if own == "map" { "+ 1" } else { "> 1" }
                ));
                self.wrong(diagnostic)
            }
            (
                "count",
                [
                    Arg {
                        lambda: Some(lambda),
                        ..
                    },
                ],
            ) => {
                let truths = self.map(of, lambda, lambda.span());
                match truths.ty.element() {
                    Some(Type::Bool) => {
                        let kind = ExprKind::Call(Builtin::CountTrue, vec![truths]);
                        self.expr(kind, Type::Int(IntType::U64), span)
                    }
                    _ if has_unknown(&truths.ty) => self.poisoned(span),
                    _ => {
                        let message = "`count` needs truth values";
                        self.wrong(Diagnostic::error(Code::E0211, lambda.span(), message))
                    }
                }
            }
            (_, [arg, ..]) => self.no_arguments(name, arg),
            ("count", []) if matches!(of.ty.element(), Some(Type::Maybe(_) | Type::Bool)) => {
                let help = match of.ty.element() {
                    Some(Type::Bool) => "`count_true()` counts those that are true",
                    _ => "`count(|x| x.is_some())` counts those that are there",
                };
                let message = "`count` without a condition counts all, which `len()` says, too";
                self.wrong(Diagnostic::error(Code::E0205, span, message).help(help))
            }
            (_, []) => self.length(&length, span),
        }
    }

    /// A length as a number.
    fn length(&mut self, length: &Length, span: Span) -> Expr {
        let ty = Type::Int(IntType::U64);
        let fixed = (length.fixed > 0 || length.rows.is_empty())
            .then(|| self.expr(ExprKind::Int(length.fixed.into()), ty.clone(), span));
        let counts: Vec<Expr> = length
            .rows
            .iter()
            .map(|index| self.expr(ExprKind::RowCount(*index), ty.clone(), span))
            .collect();
        let mut parts = counts.into_iter().chain(fixed);
        let Some(first) = parts.next() else {
            return self.poisoned(span);
        };
        parts.fold(first, |sum, part| {
            let kind = ExprKind::Binary(BinaryOp::Add, Box::new(sum), Box::new(part));
            self.expr(kind, ty.clone(), span)
        })
    }

    pub(super) fn no_arguments(&mut self, name: &Name, arg: &Arg) -> Expr {
        let message = format!("`{}` takes no arguments", name.text);
        self.wrong(Diagnostic::error(Code::E0204, arg.span, message))
    }

    /// The method is for vectors, and this is none.
    pub(super) fn no_vector(&self, name: &Name, of: &Expr) -> Diagnostic {
        let found = match self.describe(&of.ty).strip_prefix("a ") {
            Some(what) if !matches!(of.ty, Type::Maybe(_)) => format!("one {what}"),
            _ => self.describe(&of.ty),
        };
        let message = format!("`{}` needs one value per row, or a list", name.text);
        Diagnostic::error(Code::E0211, name.span, message).also(of.span, format!("this is {found}"))
    }

    fn unknown_method(&self, name: &Name, of: &Type) -> Diagnostic {
        if library::is_later(&name.text) {
            return unsupported(name.span, &format!("`{}`", name.text));
        }
        let message = format!("there is no method `{}`", name.text);
        let diagnostic = Diagnostic::error(Code::E0203, name.span, message);
        if library::is_known(&name.text, Form::Function) {
            return diagnostic.help(format!("it is a function: write `{}(x, ...)`", name.text));
        }
        let own = OWN
            .iter()
            .map(|(own, _)| *own)
            .filter(|_| of.element().is_some());
        let known: Vec<&str> = own.chain(library::methods_of(of)).collect();
        let everywhere = OWN
            .iter()
            .map(|(own, _)| *own)
            .chain(library::names(Form::Method));
        match nearest(&name.text, known.iter().copied()).or_else(|| nearest(&name.text, everywhere))
        {
            Some(near) => diagnostic.did_you_mean(near),
            None if known.is_empty() => diagnostic,
            None => diagnostic.help(format!("{} has {}", self.describe(of), known.join(", "))),
        }
    }
}

/// Whether some value has a method of this name.
pub(super) fn is_method(name: &str) -> bool {
    OWN.iter().any(|(own, _)| *own == name) || library::is_known(name, Form::Method)
}
