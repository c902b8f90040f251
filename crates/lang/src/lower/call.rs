//! Calls by name: functions of the source and of the library, structs, and the effects that look like calls.

use super::coerce::maybe;
use super::describe::counted;
use super::library::{self, Form};
use super::{Body, method};
use crate::code::Code;
use crate::diagnostic::Diagnostic;
use crate::hir::{Expr, ExprKind, IntType, StmtKind, Type};
use crate::modules;
use crate::scope::{Symbol, unsupported};
use crate::span::Span;
use crate::suggest::nearest;
use crate::syntax::ast::{self, Arg, Name};

/// Functions that are written here, beside those of the library's tables: a call of each, and what it is.
pub(crate) const OWN: [(&str, &str, &str); 5] = [
    ("some", "some(value)", "a `maybe` that holds the value"),
    ("none", "none()", "a `maybe` that holds nothing"),
    (
        "select",
        "select(condition, a, b)",
        "`a` where the condition is true, else `b`, like `condition ? a : b`",
    ),
    (
        "transfer",
        "transfer(from: a, to: b, amount: n);",
        "moves what `a` has deposited; a statement",
    ),
    (
        "transfer_out",
        "transfer_out(to: b, amount: n);",
        "pays from what the contract has received; a statement",
    ),
];

impl Body<'_> {
    /// `name(args)`.
    pub(super) fn call(
        &mut self,
        name: &Name,
        args: &[Arg],
        want: Option<&Type>,
        span: Span,
    ) -> Expr {
        if let Some((_, at)) = self.bound(&name.text) {
            let message = format!("`{}` is a value, not a function", name.text);
            let diagnostic =
                Diagnostic::error(Code::E0205, name.span, message).also(at, "declared here");
            return self.wrong(diagnostic);
        }
        match self.scope.symbol(name) {
            Some(Symbol::Function(index)) => return self.call_function(index, name, args, span),
            Some(Symbol::Struct(item)) => return self.build(item, name, args, want, span),
            Some(Symbol::Broken) => return self.poisoned(span),
            Some(Symbol::Entry(_)) => {
                let message = format!("`{}` is an entry", name.text);
                let diagnostic = self
                    .scope
                    .misused(name, message)
                    .help("entries are called from outside; put what both need into a function");
                return self.wrong(diagnostic);
            }
            Some(symbol) => {
                let message = format!("`{}` is {}, not a function", name.text, symbol.describe());
                let diagnostic = self.scope.misused(name, message);
                return self.wrong(diagnostic);
            }
            None => {}
        }
        match name.text.as_str() {
            "some" => self.some(name, args, want, span),
            "none" => self.none(name, args, want, span),
            "select" => self.select(name, args, want, span),
            "transfer" | "transfer_out" => {
                let message = format!("`{}` gives no value", name.text);
                let diagnostic = Diagnostic::error(Code::E0205, span, message)
                    .help("it is a statement of its own");
                self.wrong(diagnostic)
            }
            _ if library::is_known(&name.text, Form::Function) => {
                self.library_call(name, None, args, want, span)
            }
            _ => {
                let diagnostic = self.unknown_function(name);
                self.wrong(diagnostic)
            }
        }
    }

    fn unknown_function(&self, name: &Name) -> Diagnostic {
        if library::is_later(&name.text) {
            return unsupported(name.span, &format!("`{}`", name.text));
        }
        if let Some(file) = modules::with_function(&name.text) {
            let message = format!("there is no function `{}`", name.text);
            return Diagnostic::error(Code::E0203, name.span, message).help(format!(
                "the library has one: write `use {file}::{};` above the contract",
                name.text
            ));
        }
        if ["laplace", "gaussian"].contains(&name.text.as_str()) {
            let message = format!("`{}` is no value", name.text);
            return Diagnostic::error(Code::E0205, name.span, message).help(
                "noise is added where a value is revealed: `with noise(laplace(epsilon: 0.5))`",
            );
        }
        let message = format!("there is no function `{}`", name.text);
        let diagnostic = Diagnostic::error(Code::E0203, name.span, message);
        if method::is_method(&name.text) {
            return diagnostic.help(format!("it is a method: write `x.{}(...)`", name.text));
        }
        let declared = self.scope.names_at(name.span);
        let declared = declared.filter_map(|(declared, symbol)| match symbol {
            Symbol::Function(_) | Symbol::Struct(_) => Some(declared),
            _ => None,
        });
        let mut known: Vec<&str> = declared.collect();
        known.extend(OWN.iter().map(|(name, ..)| *name));
        known.extend(library::names(Form::Function).map(|name| -> &str { name }));
        match nearest(&name.text, known.into_iter()) {
            Some(near) => diagnostic.did_you_mean(near),
            None => diagnostic,
        }
    }

    /// The arguments in the order of the parameters; errors are reported.
    pub(super) fn arranged(
        &mut self,
        of: &Name,
        args: &[Arg],
        names: &[&str],
        span: Span,
    ) -> Option<Vec<Arg>> {
        let mut places: Vec<Option<Arg>> = vec![None; names.len()];
        let mut by_name = false;
        for (i, arg) in args.iter().enumerate() {
            let place = match &arg.name {
                Some(name) => {
                    by_name = true;
                    let Some(place) = names.iter().position(|known| *known == name.text) else {
                        let message = format!("`{}` has no parameter `{}`", of.text, name.text);
                        let diagnostic = Diagnostic::error(Code::E0204, name.span, message)
                            .help(super::expression::one_of(&name.text, names.iter().copied()));
                        self.report(diagnostic);
                        return None;
                    };
                    place
                }
                None if by_name => {
                    let message = "an argument without a name behind one with a name";
                    let diagnostic =
                        Diagnostic::error(Code::E0204, arg.span, message).help("name it too");
                    self.report(diagnostic);
                    return None;
                }
                None => i,
            };
            match places.get_mut(place) {
                Some(free @ None) => *free = Some(arg.clone()),
                Some(Some(first)) => {
                    let diagnostic =
                        Diagnostic::error(Code::E0204, arg.span, "an argument is given twice")
                            .also(first.span, "given here first");
                    self.report(diagnostic);
                    return None;
                }
                None => {
                    let message =
                        format!("`{}` takes {}", of.text, counted(names.len(), "argument"));
                    self.report(Diagnostic::error(Code::E0204, arg.span, message));
                    return None;
                }
            }
        }
        let missing: Vec<String> = names
            .iter()
            .zip(&places)
            .filter(|(_, arg)| arg.is_none())
            .map(|(name, _)| format!("`{name}`"))
            .collect();
        if !missing.is_empty() {
            let message = format!("`{}` needs {}", of.text, missing.join(" and "));
            self.report(Diagnostic::error(Code::E0204, span, message));
            return None;
        }
        for arg in places.iter().flatten() {
            if let Some(lambda) = &arg.lambda {
                let message = "a lambda is no value";
                let diagnostic = Diagnostic::error(Code::E0204, lambda.span(), message)
                    .help("only methods of vectors take one, like `rows.map(|r| ...)`");
                self.report(diagnostic);
                return None;
            }
        }
        Some(places.into_iter().flatten().collect())
    }

    fn some(&mut self, name: &Name, args: &[Arg], want: Option<&Type>, span: Span) -> Expr {
        let inner = match want {
            Some(Type::Maybe(inner)) if **inner != Type::Unknown => Some(&**inner),
            _ => None,
        };
        let args = self.arranged(name, args, &["value"], span);
        let value = args.and_then(|args| args.into_iter().next()?.value);
        let Some(value) = value else {
            return self.poisoned(span);
        };
        let value = self.expression(&value, inner);
        let ty = maybe(value.ty.clone());
        self.expr(ExprKind::Something(Box::new(value)), ty, span)
    }

    fn none(&mut self, name: &Name, args: &[Arg], want: Option<&Type>, span: Span) -> Expr {
        if self.arranged(name, args, &[], span).is_none() {
            return self.poisoned(span);
        }
        let ty = match want {
            Some(Type::Maybe(inner)) => Type::Maybe(inner.clone()),
            _ => Type::Maybe(Box::new(Type::Unknown)),
        };
        self.expr(ExprKind::Nothing, ty, span)
    }

    /// `select(c, a, b)`, as `c ? a : b`.
    fn select(&mut self, name: &Name, args: &[Arg], want: Option<&Type>, span: Span) -> Expr {
        let Some(args) = self.arranged(name, args, &["condition", "a", "b"], span) else {
            return self.poisoned(span);
        };
        let mut values = args.into_iter().map(|arg| arg.value);
        let (Some(Some(c)), Some(Some(a)), Some(Some(b))) =
            (values.next(), values.next(), values.next())
        else {
            return self.poisoned(span);
        };
        self.ternary([&c, &a, &b], want, span)
    }

    /// `expr;`: a transfer, or `STORE.set(...)`. Nothing else does anything.
    pub(super) fn expression_statement(&mut self, statement: &ast::ExprStmt) -> Option<StmtKind> {
        let expr = statement.expr()?;
        match expr.kind() {
            ast::ExprKind::Call(name, args) if is_transfer(&name) && !self.is_taken(&name) => {
                self.effect(statement.span(), &format!("`{}`", name.text))?;
                return self.transfer(&name, &args, expr.span());
            }
            ast::ExprKind::Method(of, name, args) if name.text == "set" => {
                if let Some(store) = self.store_of(&of) {
                    self.effect(statement.span(), "a write to a store")?;
                    return self.store_set(store, &name, &args, expr.span());
                }
            }
            _ => {}
        }
        let value = self.expression(&expr, None);
        if value.ty != Type::Unknown {
            let message = "this computes a value and does nothing with it";
            let diagnostic = Diagnostic::error(Code::E0211, expr.span(), message)
                .help("bind it with `let`, or leave it out");
            self.report(diagnostic);
        }
        None
    }

    /// `transfer(from: a, to: b, amount: n)`, `transfer_out(to: b, amount: n)`.
    fn transfer(&mut self, name: &Name, args: &[Arg], span: Span) -> Option<StmtKind> {
        let has_from = name.text == "transfer";
        let names: &[&str] = if has_from {
            &["from", "to", "amount"]
        } else {
            &["to", "amount"]
        };
        let args = self.arranged(name, args, names, span)?;
        let mut values = args.into_iter().filter_map(|arg| arg.value);
        let from = if has_from {
            Some(self.account(&values.next()?))
        } else {
            None
        };
        let to = self.account(&values.next()?);
        let amount = self.whole(&values.next()?, "what is transferred");
        let amount = self.coerce(amount, &Type::Int(IntType::U64), None);
        Some(StmtKind::Transfer { from, to, amount })
    }

    fn account(&mut self, expr: &ast::Expr) -> Expr {
        let account = self.expression(expr, Some(&Type::Id));
        self.coerce(account, &Type::Id, None)
    }
}

fn is_transfer(name: &Name) -> bool {
    matches!(name.text.as_str(), "transfer" | "transfer_out")
}
