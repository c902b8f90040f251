//! Operators: on numbers, truth values, and element by element on vectors.

use super::vector::{Mismatch, base, each, meet, numbers, widens, with_base};
use super::{Body, has_unknown};
use crate::code::Code;
use crate::diagnostic::Diagnostic;
use crate::hir::{BinaryOp, Expr, ExprKind, IntType, Type, UnaryOp};
use crate::span::Span;
use crate::syntax::ast;

impl Body<'_> {
    /// `-a` and `!a`.
    pub(super) fn unary(
        &mut self,
        sign: &str,
        operand: &ast::Expr,
        want: Option<&Type>,
        span: Span,
    ) -> Expr {
        if sign == "-" {
            let operand = self.expression(operand, want);
            return self.negate(operand, span);
        }
        let operand = self.expression(operand, None);
        match base(&operand.ty) {
            Type::Bool | Type::Unknown => {
                let ty = operand.ty.clone();
                self.expr(ExprKind::Unary(UnaryOp::Not, Box::new(operand)), ty, span)
            }
            _ => self.does_not_apply(span, "`!` needs a truth value", &operand),
        }
    }

    fn negate(&mut self, operand: Expr, span: Span) -> Expr {
        let ty = match base(&operand.ty) {
            Type::Int(IntType::Literal) => {
                if let ExprKind::Int(value) = operand.kind {
                    let ty = operand.ty.clone();
                    return self.expr(ExprKind::Int(-value), ty, span);
                }
                operand.ty.clone()
            }
            Type::Int(int) if int.range().low == 0 => {
                with_base(&operand.ty, &Type::Int(IntType::I64))
            }
            Type::Int(_) | Type::Fix(_) | Type::Unknown => operand.ty.clone(),
            _ => return self.does_not_apply(span, "`-` needs a number", &operand),
        };
        if let ExprKind::Fix(value) = operand.kind {
            return self.expr(ExprKind::Fix(value.saturating_neg()), ty, span);
        }
        self.expr(
            ExprKind::Unary(UnaryOp::Negate, Box::new(operand)),
            ty,
            span,
        )
    }

    fn does_not_apply(&mut self, span: Span, message: &str, operand: &Expr) -> Expr {
        let diagnostic = Diagnostic::error(Code::E0211, span, message).also(
            operand.span,
            format!("this is {}", self.describe(base(&operand.ty))),
        );
        self.wrong(diagnostic)
    }

    /// `a op b`. `want`: what the context asks for, in which a number may be computed if its own type is smaller.
    pub(super) fn binary(
        &mut self,
        a: &ast::Expr,
        sign: &str,
        b: &ast::Expr,
        want: Option<&Type>,
        span: Span,
    ) -> Expr {
        let Some(op) = BinaryOp::written(sign) else {
            return self.poisoned(span);
        };
        // The operands of a comparison are not computed in the type of its result.
        let want = want.filter(|_| op.is_arithmetic());
        let (a, b) = if is_decimal(a) {
            // A number with a point takes the type of the other.
            let b = self.expression(b, want);
            let beside = Some(base(&b.ty))
                .filter(|ty| matches!(ty, Type::Fix(_)))
                .cloned();
            (self.expression(a, beside.as_ref().or(want)), b)
        } else {
            let a = self.expression(a, want);
            let beside = match base(&a.ty) {
                Type::Fix(_) => Some(base(&a.ty).clone()),
                _ if op.is_comparison() => Some(a.ty.clone()),
                _ => want.cloned(),
            };
            let b = self.expression(b, beside.as_ref());
            (a, b)
        };
        self.operation(op, a, b, want, span)
    }

    /// An operation on two expressions.
    pub(super) fn operation(
        &mut self,
        op: BinaryOp,
        mut a: Expr,
        mut b: Expr,
        want: Option<&Type>,
        span: Span,
    ) -> Expr {
        use BinaryOp as B;
        if has_unknown(&a.ty) || has_unknown(&b.ty) {
            return self.poisoned(span);
        }
        let (ty, needs) = match op {
            B::Add | B::Sub | B::Mul | B::Div | B::Rem => {
                self.align(&mut a, &mut b);
                let found = each(&a.ty, &b.ty, &|x, y| {
                    numbers(x, y).filter(|ty| op != B::Rem || matches!(ty, Type::Int(_)))
                });
                let needs = if op == B::Rem {
                    "whole numbers"
                } else {
                    "numbers"
                };
                (found.map(|ty| widened(ty, want)), needs)
            }
            B::And | B::Or => {
                let found = each(&a.ty, &b.ty, &|x, y| both(x, y, |ty| *ty == Type::Bool));
                (found, "truth values")
            }
            B::BitAnd | B::BitOr | B::BitXor => {
                self.align(&mut a, &mut b);
                let found = each(&a.ty, &b.ty, &|x, y| {
                    both(x, y, |ty| matches!(ty, Type::Bool | Type::Int(_)))
                });
                (found, "whole numbers or truth values")
            }
            B::Shl | B::Shr => {
                super::coerce::settle(&mut b);
                let found = each(&a.ty, &b.ty, &|x, y| {
                    let whole = matches!((x, y), (Type::Int(_), Type::Int(_)));
                    whole.then(|| x.clone())
                });
                (found.map(|ty| widened(ty, want)), "whole numbers")
            }
            B::Equal | B::NotEqual => {
                (a, b) = self.places_of_names(a, b);
                let found = self.equality(&mut a, &mut b);
                (
                    found,
                    "two numbers or two truth values, or two other values of one type",
                )
            }
            B::Less | B::LessEqual | B::Greater | B::GreaterEqual => {
                self.align(&mut a, &mut b);
                let found = each(&a.ty, &b.ty, &|x, y| numbers(x, y).map(|_| Type::Bool));
                (found, "numbers")
            }
        };
        match ty {
            Ok(ty) => self.expr(ExprKind::Binary(op, Box::new(a), Box::new(b)), ty, span),
            Err(why) => {
                let needs = format!("`{}` needs {needs}", op.sign());
                self.mismatch(why, (&a, &b), span, &needs)
            }
        }
    }

    /// The type of `a == b`.
    fn equality(&self, a: &mut Expr, b: &mut Expr) -> Result<Type, Mismatch> {
        self.align(a, b);
        if let Some(whole) = meet(&a.ty, &b.ty).filter(|ty| ty.element().is_none()) {
            // A value that is missing, or a text, is of the type of the other.
            super::coerce::retype(a, &whole);
            super::coerce::retype(b, &whole);
        }
        // The same beside a vector of such values.
        let (left, right) = (base(&a.ty).clone(), base(&b.ty).clone());
        for (value, other) in [(&mut *a, right), (&mut *b, left)] {
            if value.ty.element().is_none() {
                super::coerce::retype(value, &other);
            }
        }
        each(&a.ty, &b.ty, &|x, y| {
            let ty = meet(x, y)?;
            is_comparable(&ty).then_some(Type::Bool)
        })
    }

    /// A name of an enumeration beside a whole number is its place.
    fn places_of_names(&mut self, a: Expr, b: Expr) -> (Expr, Expr) {
        match (base(&a.ty), base(&b.ty)) {
            (Type::Enum(_), Type::Int(_)) => (self.place_of_name(a), b),
            (Type::Int(_), Type::Enum(_)) => (a, self.place_of_name(b)),
            _ => (a, b),
        }
    }

    fn place_of_name(&mut self, name: Expr) -> Expr {
        let ty = with_base(&name.ty, &Type::Int(IntType::U64));
        let span = name.span;
        self.expr(ExprKind::Cast(Box::new(name)), ty, span)
    }
}

/// Whether equality says something about two values of the type, and shows nothing that must not be shown.
pub(super) fn is_comparable(ty: &Type) -> bool {
    match ty {
        Type::Key(_) | Type::Place(_) | Type::Unknown => false,
        Type::Maybe(inner) | Type::List(inner, _) => is_comparable(inner),
        Type::Tuple(parts) => parts.iter().all(is_comparable),
        _ => true,
    }
}

fn both(x: &Type, y: &Type, is: impl Fn(&Type) -> bool) -> Option<Type> {
    meet(x, y).filter(|ty| is(x) && is(y) && is(ty))
}

/// A result in the wider type that the context wants.
pub(super) fn widened(ty: Type, want: Option<&Type>) -> Type {
    match (base(&ty), want.map(base)) {
        (Type::Int(own), Some(Type::Int(want))) if widens(*own, *want) => {
            with_base(&ty, &Type::Int(*want))
        }
        _ => ty,
    }
}

fn is_decimal(expr: &ast::Expr) -> bool {
    match expr.kind() {
        ast::ExprKind::Decimal(_) => true,
        ast::ExprKind::Unary(_, operand) => is_decimal(&operand),
        _ => false,
    }
}
