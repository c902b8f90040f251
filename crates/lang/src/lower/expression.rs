//! Expressions of every kind: each is one function, here or in the file of its idea.

use super::vector::{Mismatch, base, each, list, meet, with_base};
use super::{Body, has_unknown};
use crate::code::Code;
use crate::diagnostic::{Diagnostic, grouped};
use crate::hir::{Expr, ExprKind, IntType, Length, Type};
use crate::modules;
use crate::resolve::MAX_WIDTH;
use crate::scope::Symbol;
use crate::span::Span;
use crate::suggest::nearest;
use crate::syntax::ast::{self, Arg, Name};

impl Body<'_> {
    /// An expression. `want`: the type that the context asks for, if it does. Numbers with a point and missing values take it,
    /// and arithmetic may be computed in it; the caller sees to the rest.
    pub(super) fn expression(&mut self, expr: &ast::Expr, want: Option<&Type>) -> Expr {
        let span = expr.span();
        if self.is_full() {
            return self.poisoned(span);
        }
        let lowered = self.deeper(span, |body| body.any(expr, want, span));
        lowered.unwrap_or_else(|| self.poisoned(span))
    }

    fn any(&mut self, expr: &ast::Expr, want: Option<&Type>, span: Span) -> Expr {
        match expr.kind() {
            ast::ExprKind::Int(_) | ast::ExprKind::Decimal(_) => self.number(expr, want, span),
            ast::ExprKind::Bool(value) => self.expr(ExprKind::Bool(value), Type::Bool, span),
            ast::ExprKind::Text(text) => self.expr(ExprKind::Text(text), Type::Str, span),
            ast::ExprKind::Name(name) => self.name(&name),
            ast::ExprKind::Caller => self.caller(span),
            ast::ExprKind::Path(of, name, args) => self.path(&of, &name, args.as_deref(), span),
            ast::ExprKind::Unary(sign, operand) => self.unary(&sign, &operand, want, span),
            ast::ExprKind::Binary(a, sign, b) => self.binary(&a, &sign, &b, want, span),
            ast::ExprKind::Cast(operand, ty) => self.cast(&operand, &ty, span),
            ast::ExprKind::Ternary(c, a, b) => self.ternary([&c, &a, &b], want, span),
            ast::ExprKind::Call(name, args) => self.call(&name, &args, want, span),
            ast::ExprKind::Method(of, name, args) => self.method(&of, &name, &args, want, span),
            ast::ExprKind::Field(of, name) => self.field(&of, &name, span),
            ast::ExprKind::Index(of, index) => self.index(&of, &index, span),
            ast::ExprKind::Tuple(parts) => self.tuple(&parts, want, span),
            ast::ExprKind::List(parts) => self.list(&parts, want, span),
            ast::ExprKind::Repeat(part, len) => self.repeat(&part, &len, want, span),
            ast::ExprKind::Missing => self.poisoned(span),
        }
    }

    /// A whole number stays one until it meets something; one with a point is of the wanted type.
    fn number(&mut self, expr: &ast::Expr, want: Option<&Type>, span: Span) -> Expr {
        let want = want.map(base).filter(|ty| matches!(ty, Type::Fix(_)));
        let want = want.filter(|_| matches!(expr.kind(), ast::ExprKind::Decimal(_)));
        let generics = self.frame.generics.clone();
        match self.scope.constant(expr, want, &generics) {
            Ok((Type::Int(_), value)) => self.constant(&Type::Int(IntType::Literal), &value, span),
            Ok((ty, value)) => self.constant(&ty, &value, span),
            Err(diagnostic) => self.wrong(diagnostic),
        }
    }

    fn caller(&mut self, span: Span) -> Expr {
        if self.in_predicate {
            let message = "the condition of a declaration has no caller";
            let diagnostic = Diagnostic::error(Code::E0205, span, message)
                .help("it is about its parameters, and what is in `L`");
            return self.wrong(diagnostic);
        }
        self.expr(ExprKind::Caller, Type::Id, span)
    }

    /// `ENUM::NAME`.
    fn path(&mut self, of: &Name, name: &Name, args: Option<&[Arg]>, span: Span) -> Expr {
        if args.is_some() {
            let message = format!("there is no function `{}::{}`", of.text, name.text);
            let diagnostic = Diagnostic::error(Code::E0203, name.span, message).help(
                match modules::with_function(&name.text) {
                    Some(file) if file == of.text => format!(
                        "write `use {file}::{0};` above the contract, and `{0}(...)` here",
                        name.text
                    ),
                    _ => "functions that are used have no path where they are called".to_owned(),
                },
            );
            return self.wrong(diagnostic);
        }
        let index = match self.scope.symbol(of) {
            Some(Symbol::Enum(index)) => index,
            Some(Symbol::Broken) => return self.poisoned(span),
            Some(_) => {
                let message = format!("`{}` is not an enumeration", of.text);
                return self.wrong(Diagnostic::error(Code::E0205, of.span, message));
            }
            None => {
                let diagnostic = self.scope.unknown(of, "enumeration", std::iter::empty());
                return self.wrong(diagnostic);
            }
        };
        let Some(declared) = self.scope.hir.enums.get(index) else {
            return self.poisoned(span);
        };
        let names = &declared.variants;
        match names.iter().position(|variant| *variant == name.text) {
            Some(place) => {
                let place = u32::try_from(place).unwrap_or(u32::MAX);
                self.expr(ExprKind::Variant(place), Type::Enum(index), span)
            }
            None => {
                let message = format!("`{}` has no value `{}`", of.text, name.text);
                let diagnostic = Diagnostic::error(Code::E0208, name.span, message)
                    .help(one_of(&name.text, names.iter().map(String::as_str)));
                self.wrong(diagnostic)
            }
        }
    }

    /// One truth value, for `what`.
    pub(super) fn condition(&mut self, expr: &ast::Expr, what: &str) -> Expr {
        let condition = self.expression(expr, None);
        if matches!(condition.ty, Type::Bool | Type::Unknown) {
            return condition;
        }
        let message = format!("{what} is one truth value");
        let found = self.describe(&condition.ty);
        let mut diagnostic = Diagnostic::error(Code::E0206, condition.span, message)
            .because(format!("this is {found}"));
        if *base(&condition.ty) == Type::Bool {
            diagnostic = diagnostic.help("`any()` and `all()` make one of many");
        } else if matches!(condition.ty, Type::Int(_)) {
            diagnostic = diagnostic.help("compare it, for example with `!= 0`");
        }
        self.wrong(diagnostic)
    }

    /// One whole number, for `what`.
    pub(super) fn whole(&mut self, expr: &ast::Expr, what: &str) -> Expr {
        let number = self.expression(expr, None);
        let number = self.settled(number);
        if matches!(number.ty, Type::Int(_) | Type::Unknown) {
            return number;
        }
        let message = format!("{what} is one whole number");
        let found = self.describe(&number.ty);
        let diagnostic = Diagnostic::error(Code::E0206, number.span, message)
            .because(format!("this is {found}"));
        self.wrong(diagnostic)
    }

    pub(super) fn ternary(
        &mut self,
        [condition, a, b]: [&ast::Expr; 3],
        want: Option<&Type>,
        span: Span,
    ) -> Expr {
        let condition = self.expression(condition, None);
        let mut a = self.expression(a, want);
        let mut b = self.expression(b, want.or(Some(&a.ty.clone())));
        if *base(&condition.ty) != Type::Bool {
            if has_unknown(&condition.ty) {
                return self.poisoned(span);
            }
            let found = self.describe(&condition.ty);
            let message = "what stands before `?` is a truth value";
            let diagnostic = Diagnostic::error(Code::E0206, condition.span, message)
                .because(format!("this is {found}"));
            return self.wrong(diagnostic);
        }
        self.align(&mut a, &mut b);
        let found = match condition.ty {
            Type::Bool => self.unify(&mut a, &mut b).ok_or(Mismatch::Elements),
            _ => each(&a.ty, &b.ty, &meet)
                .and_then(|ty| each(&condition.ty, &ty, &|_, ty| Some(ty.clone()))),
        };
        match found {
            Ok(ty) => {
                let parts = [condition, a, b].map(Box::new);
                let [condition, a, b] = parts;
                self.expr(ExprKind::Select(condition, a, b), ty, span)
            }
            Err(Mismatch::Elements) => {
                let (first, second) = self.told_apart(&a.ty, &b.ty);
                let message = "both values of `? :` have one type";
                let diagnostic = Diagnostic::error(Code::E0206, b.span, message)
                    .because(format!("this is {second}"))
                    .also(a.span, format!("this is {first}"));
                self.wrong(diagnostic)
            }
            Err(why) => {
                let at = a.span;
                let other = if a.ty.element().is_some() { &a } else { &b };
                let needs = "both values of `? :` need one type";
                self.mismatch(why, (other, &condition), at, needs)
            }
        }
    }

    fn cast(&mut self, operand: &ast::Expr, ty: &ast::Type, span: Span) -> Expr {
        let generics = self.frame.generics.clone();
        let (_, target) = self.scope.ty(ty, &generics, self.diagnostics);
        let mut operand = self.expression(operand, Some(&target));
        let found = base(&operand.ty).clone();
        let into_number = matches!(target, Type::Int(_) | Type::Fix(_));
        match (&found, &target) {
            (Type::Unknown, _) | (_, Type::Unknown) => self.poisoned(span),
            (Type::Int(IntType::Literal), Type::Int(_)) => {
                operand = self.settled(operand);
                let ty = with_base(&operand.ty, &target);
                self.expr(ExprKind::Cast(Box::new(operand)), ty, span)
            }
            (Type::Int(IntType::Literal), Type::Fix(_)) => {
                let ty = with_base(&operand.ty, &target);
                let mut number = self.coerce(operand, &ty, None);
                number.span = span;
                number
            }
            (Type::Int(_) | Type::Fix(_) | Type::Bool | Type::Enum(_), _) if into_number => {
                let ty = with_base(&operand.ty, &target);
                self.expr(ExprKind::Cast(Box::new(operand)), ty, span)
            }
            (found, target) if found == target => operand,
            (found, target) => {
                let (found, target_name) = self.told_apart(found, target);
                let message = format!("{found} is not {target_name}");
                let mut diagnostic = Diagnostic::error(Code::E0211, span, message);
                if *target == Type::Bool && operand.ty.is_numeric() {
                    diagnostic = diagnostic.help("compare it, for example with `!= 0`");
                }
                self.wrong(diagnostic)
            }
        }
    }

    fn tuple(&mut self, parts: &[ast::Expr], want: Option<&Type>, span: Span) -> Expr {
        let wanted = |i: usize| match want {
            Some(Type::Tuple(wanted)) => wanted.get(i),
            _ => None,
        };
        let parts: Vec<Expr> = (0..)
            .zip(parts)
            .map(|(i, part)| self.expression(part, wanted(i)))
            .collect();
        let ty = Type::Tuple(parts.iter().map(|part| part.ty.clone()).collect());
        self.expr(ExprKind::Tuple(parts), ty, span)
    }

    fn list(&mut self, parts: &[ast::Expr], want: Option<&Type>, span: Span) -> Expr {
        let wanted = want.and_then(Type::element).cloned();
        let mut elements: Vec<Expr> = Vec::new();
        let mut common = None;
        for part in parts {
            let mut part = self.expression(part, wanted.as_ref().or(common.as_ref()));
            let Some(first) = elements.first_mut() else {
                common = Some(part.ty.clone());
                elements.push(part);
                continue;
            };
            let known = common.clone().unwrap_or(Type::Unknown);
            self.align(first, &mut part);
            common = match (meet(&known, &part.ty), base(&known), base(&part.ty)) {
                (Some(both), _, _) => Some(both),
                // Whole numbers before one in fixed point are such too.
                (None, Type::Int(IntType::Literal), Type::Fix(_)) => Some(part.ty.clone()),
                _ => return self.not_one_type(&known, &part, span),
            };
            elements.push(part);
        }
        let Some(common) = common.or(wanted) else {
            let message = "a list without elements has no type here";
            let diagnostic = Diagnostic::error(Code::E0206, span, message)
                .help("state it: `let x: [u64; 0] = [];`");
            return self.wrong(diagnostic);
        };
        let len = u64::try_from(elements.len()).unwrap_or(u64::MAX);
        for element in &mut elements {
            super::coerce::retype(element, &common);
        }
        let ty = list(common, Length::known(len));
        self.expr(ExprKind::List(elements), ty, span)
    }

    fn not_one_type(&mut self, known: &Type, part: &Expr, span: Span) -> Expr {
        if let (Type::Rows(_, i), Type::Rows(_, j)) = (known, &part.ty)
            && i != j
        {
            let diagnostic = self.two_spaces(*i, *j, part.span);
            return self.wrong(diagnostic);
        }
        let (first, other) = self.told_apart(known, &part.ty);
        let diagnostic = Diagnostic::error(
            Code::E0206,
            part.span,
            "the elements of a list have one type",
        )
        .because(format!("this is {other}"))
        .also(span, format!("those before are {first}"));
        self.wrong(diagnostic)
    }

    fn repeat(
        &mut self,
        part: &ast::Expr,
        len: &ast::Expr,
        want: Option<&Type>,
        span: Span,
    ) -> Expr {
        let part = self.expression(part, want.and_then(Type::element));
        let generics = self.frame.generics.clone();
        match self.scope.size(len, &generics) {
            Ok(size) if size > MAX_WIDTH => {
                let message = format!("a list has at most {} elements", grouped(MAX_WIDTH.into()));
                self.wrong(Diagnostic::error(Code::E0601, len.span(), message))
            }
            Ok(len) => {
                let ty = list(part.ty.clone(), Length::known(len));
                self.expr(ExprKind::Repeat(Box::new(part), len), ty, span)
            }
            Err(diagnostic) => self.wrong(diagnostic),
        }
    }
}

/// "Did you mean", or what there is.
pub(super) fn one_of<'a>(name: &str, known: impl Iterator<Item = &'a str> + Clone) -> String {
    match nearest(name, known.clone()) {
        Some(near) => format!("did you mean `{near}`?"),
        None => {
            let known: Vec<String> = known.take(12).map(|name| format!("`{name}`")).collect();
            format!("there is {}", known.join(", "))
        }
    }
}
