//! `group_by`: one hidden cell of rows for each name of an enumeration. Cells are no value; their methods are functions of
//! the vector of keys, and of the vector of what is asked of each row.

use super::names::Bound;
use super::vector::list;
use super::{Body, has_unknown};
use crate::code::Code;
use crate::diagnostic::Diagnostic;
use crate::hir::{Builtin, Expr, ExprKind, IntType, Length, LocalId, Stmt, StmtKind, Type};
use crate::span::Span;
use crate::suggest::nearest;
use crate::syntax::ast::{self, Arg, Name};

/// Methods of cells, with what they say of each cell.
pub(crate) const METHODS: [(&str, Builtin, &str); 6] = [
    ("count", Builtin::CellCount, "how many rows"),
    ("sum", Builtin::CellSum, "the sum"),
    ("mean", Builtin::CellMean, "the mean"),
    ("median", Builtin::CellMedian, "the median"),
    ("min", Builtin::CellMin, "the smallest"),
    ("max", Builtin::CellMax, "the largest"),
];

/// Where cells come from.
#[derive(Clone)]
pub(super) enum Cells {
    /// A name for them.
    Bound(LocalId, LocalId),
    /// `rows.group_by(...)` itself.
    Here(ast::Expr, Vec<Arg>),
}

impl Body<'_> {
    /// The cells that an expression stands for.
    pub(super) fn cells(&self, expr: &ast::Expr) -> Option<Cells> {
        match expr.kind() {
            ast::ExprKind::Name(name) => {
                let (keys, rows) = self.frame.find_cells(&name.text)?;
                Some(Cells::Bound(keys, rows))
            }
            ast::ExprKind::Method(of, name, args) if name.text == "group_by" => {
                Some(Cells::Here(of, args))
            }
            _ => None,
        }
    }

    /// `let cells = rows.group_by(|r| key);`, if it is one.
    pub(super) fn let_cells(
        &mut self,
        name: &Name,
        value: &ast::Expr,
        statement: &ast::Let,
        out: &mut Vec<Stmt>,
    ) -> bool {
        let Some(cells) = self.cells(value) else {
            return false;
        };
        if let Some(stated) = statement.ty() {
            let message = "cells have no type that can be written";
            self.report(Diagnostic::error(Code::E0206, stated.span(), message));
        }
        let span = statement.span();
        let bound = match cells {
            Cells::Bound(keys, rows) => Bound::Cells(keys, rows),
            Cells::Here(of, args) => {
                let over = self.expression(&of, None);
                let over = self.settled(over);
                let hidden = self.may_be_private(&over);
                let rows = self.hidden_local("rows", over.ty.clone(), hidden, of.span());
                out.push(Stmt {
                    kind: StmtKind::Let(rows, over),
                    span,
                });
                let over = self.local_value(rows, of.span());
                match self.keys(over, &args, value.span()) {
                    Some(keys) => {
                        let hidden = self.may_be_private(&keys);
                        let local = self.hidden_local("keys", keys.ty.clone(), hidden, keys.span);
                        out.push(Stmt {
                            kind: StmtKind::Let(local, keys),
                            span,
                        });
                        Bound::Cells(local, rows)
                    }
                    None => Bound::Broken,
                }
            }
        };
        self.bind(name, bound);
        true
    }

    /// The keys of the rows: one name of an enumeration each.
    fn keys(&mut self, over: Expr, args: &[Arg], span: Span) -> Option<Expr> {
        let [
            Arg {
                lambda: Some(lambda),
                ..
            },
        ] = args
        else {
            let message = "`group_by` takes a lambda that gives the key of a row";
            let diagnostic = Diagnostic::error(Code::E0204, span, message)
                .help("for example `rows.group_by(|r| r.dept)`");
            self.report(diagnostic);
            return None;
        };
        let keys = self.map(over, lambda, span);
        match keys.ty.element() {
            Some(Type::Enum(_)) => Some(keys),
            None if has_unknown(&keys.ty) => None,
            _ => {
                let found = keys
                    .ty
                    .element()
                    .map_or_else(String::new, |ty| self.describe(ty));
                let message = "the key of a cell is a name of an enumeration";
                let diagnostic = Diagnostic::error(Code::E0206, lambda.span(), message)
                    .because(format!("this is {found}"))
                    .help("how many cells there are is public, so all keys are known before: declare an `enum`");
                self.report(diagnostic);
                None
            }
        }
    }

    /// A method of cells.
    pub(super) fn cells_method(
        &mut self,
        cells: &Cells,
        name: &Name,
        args: &[Arg],
        span: Span,
    ) -> Expr {
        let Some((_, builtin, _)) = METHODS.iter().find(|(known, ..)| *known == name.text) else {
            let diagnostic = unknown(name);
            return self.wrong(diagnostic);
        };
        let Some(keys) = self.keys_of(cells, span) else {
            return self.poisoned(span);
        };
        let Some(Type::Enum(index)) = keys.ty.element().cloned() else {
            return self.poisoned(span);
        };
        let names = self
            .scope
            .hir
            .enums
            .get(index)
            .map_or(0, |e| e.variants.len() as u64);
        let per_name = |ty| list(ty, Length::known(names));
        if *builtin == Builtin::CellCount {
            if let Some(arg) = args.first() {
                let message = "`count` takes no arguments";
                return self.wrong(Diagnostic::error(Code::E0204, arg.span, message));
            }
            let ty = per_name(Type::Int(IntType::U64));
            return self.expr(ExprKind::Call(*builtin, vec![keys]), ty, span);
        }
        let [
            Arg {
                lambda: Some(lambda),
                ..
            },
        ] = args
        else {
            let message = format!("`{0}` of cells takes a lambda: what of each row", name.text);
            let diagnostic = Diagnostic::error(Code::E0204, name.span, message)
                .help(format!("for example `cells.{}(|r| r.income)`", name.text));
            return self.wrong(diagnostic);
        };
        let rows = match cells {
            Cells::Bound(_, rows) => self.local_value(*rows, span),
            Cells::Here(of, _) => self.expression(of, None),
        };
        let values = self.map(rows, lambda, lambda.span());
        let element = match values.ty.element() {
            Some(element @ (Type::Int(_) | Type::Fix(_))) => element.clone(),
            None if has_unknown(&values.ty) => return self.poisoned(span),
            _ => {
                let message = format!("`{}` needs numbers", name.text);
                return self.wrong(Diagnostic::error(Code::E0211, lambda.span(), message));
            }
        };
        let ty = per_name(element);
        self.expr(ExprKind::Call(*builtin, vec![keys, values]), ty, span)
    }

    fn keys_of(&mut self, cells: &Cells, span: Span) -> Option<Expr> {
        match cells {
            Cells::Bound(keys, _) => Some(self.local_value(*keys, span)),
            Cells::Here(of, args) => {
                let over = self.expression(of, None);
                let over = self.settled(over);
                self.keys(over, args, span)
            }
        }
    }
}

fn unknown(name: &Name) -> Diagnostic {
    let message = format!("cells have no method `{}`", name.text);
    let diagnostic = Diagnostic::error(Code::E0203, name.span, message);
    let known = METHODS.iter().map(|(name, ..)| *name);
    match nearest(&name.text, known.clone()) {
        Some(near) => diagnostic.did_you_mean(near),
        None => {
            let known: Vec<String> = known.map(|name| format!("`{name}`")).collect();
            diagnostic.help(format!("there is {}", known.join(", ")))
        }
    }
}
