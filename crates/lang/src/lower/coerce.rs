//! What a context asks for: literals take the type of what they meet, whole numbers go into other whole-number types
//! (`flow` proves that they fit), and all else is equal.

use super::vector::{base, meet, with_base};
use super::{Body, has_unknown};
use crate::code::Code;
use crate::diagnostic::Diagnostic;
use crate::hir::{BinaryOp, Expr, ExprKind, FixType, IntType, Type, UnaryOp};
use crate::span::Span;

impl Body<'_> {
    /// The value as one of the wanted type; otherwise an error, with the place that asks for it.
    pub(super) fn coerce(&mut self, mut expr: Expr, want: &Type, asked: Option<Span>) -> Expr {
        retype(&mut expr, want);
        if has_unknown(&expr.ty) || has_unknown(want) || self.fits(&expr.ty, want) {
            return expr;
        }
        let (found, needed) = self.told_apart(&expr.ty, want);
        let message = format!("this is {found}, not {needed}");
        let mut diagnostic = Diagnostic::error(Code::E0206, expr.span, message);
        if let Some(asked) = asked {
            diagnostic = diagnostic.also(asked, format!("{needed} is needed here"));
        }
        if let Some(help) = how_to_convert(&expr.ty, want) {
            diagnostic = diagnostic.help(help);
        }
        self.report(diagnostic);
        expr.ty = Type::Unknown;
        expr
    }

    /// Whether values of the type are values of the wanted type, or whole numbers that may fit.
    pub(super) fn fits(&self, found: &Type, want: &Type) -> bool {
        match (found, want) {
            (Type::Unknown, _) | (_, Type::Unknown) | (Type::Int(_), Type::Int(_)) => true,
            (Type::Maybe(x), Type::Maybe(y)) => self.fits(x, y),
            (Type::Tuple(xs), Type::Tuple(ys)) => {
                xs.len() == ys.len() && xs.iter().zip(ys).all(|(x, y)| self.fits(x, y))
            }
            (Type::List(x, m), Type::List(y, n)) => m == n && self.fits(x, y),
            (Type::Rows(x, i), Type::Rows(y, j)) => i == j && self.fits(x, y),
            // Rows go into a list of as many as there can be; those that are missing are zero.
            (Type::Rows(x, i), Type::List(y, length)) => {
                let most = self.scope.hir.collections.get(*i);
                let most = most.map(|c| c.max_rows(&self.scope.hir.groups));
                let holds = length.rows == [*i] && length.fixed == 0;
                (holds || length.constant() == most) && self.fits(x, y)
            }
            (found, want) => found == want,
        }
    }

    /// A literal becomes a number of the type that literals have by themselves, and a missing value must say what
    /// is missing.
    pub(super) fn settled(&mut self, mut expr: Expr) -> Expr {
        settle(&mut expr);
        if lacks_type(&expr.ty) {
            let message = "the type of what is missing here is not known";
            let diagnostic = Diagnostic::error(Code::E0206, expr.span, message)
                .help("state it, as in `let x: maybe<u64> = none();`");
            self.report(diagnostic);
            expr.ty = Type::Unknown;
        }
        expr
    }

    /// Both as numbers of one kind: a literal becomes what it meets.
    pub(super) fn align(&self, a: &mut Expr, b: &mut Expr) {
        let (left, right) = (base(&a.ty).clone(), base(&b.ty).clone());
        align_to(a, &right);
        align_to(b, &left);
    }

    /// Two values of which one is taken: both get the type that holds both, if there is one.
    pub(super) fn unify(&self, a: &mut Expr, b: &mut Expr) -> Option<Type> {
        self.align(a, b);
        let both = meet(&a.ty, &b.ty)?;
        retype(a, &both);
        retype(b, &both);
        Some(both)
    }
}

fn align_to(literal: &mut Expr, other: &Type) {
    if *base(&literal.ty) != Type::Int(IntType::Literal) {
        return;
    }
    let target = match other {
        Type::Fix(_) => other.clone(),
        Type::Int(int) => Type::Int(beside(literal, *int)),
        _ => return,
    };
    let target = with_base(&literal.ty, &target);
    retype(literal, &target);
}

/// The type of a literal beside a number of type `int`: that type, unless its value is none of it.
fn beside(literal: &Expr, int: IntType) -> IntType {
    match value(literal) {
        Some(value) if !(int.range().low..=int.range().high).contains(&value) => IntType::I64,
        _ => int,
    }
}

/// The value of an expression of literals.
fn value(expr: &Expr) -> Option<i128> {
    match &expr.kind {
        ExprKind::Int(value) => Some(*value),
        ExprKind::Unary(UnaryOp::Negate, a) => value(a)?.checked_neg(),
        ExprKind::Binary(BinaryOp::Add, a, b) => value(a)?.checked_add(value(b)?),
        ExprKind::Binary(BinaryOp::Sub, a, b) => value(a)?.checked_sub(value(b)?),
        ExprKind::Binary(BinaryOp::Mul, a, b) => value(a)?.checked_mul(value(b)?),
        _ => None,
    }
}

/// A value of the type that may be missing, unless it is unknown.
pub(super) fn maybe(ty: Type) -> Type {
    if has_unknown(&ty) {
        return Type::Unknown;
    }
    Type::Maybe(Box::new(ty))
}

pub(super) fn settle(expr: &mut Expr) {
    let want = settled_type(&expr.ty);
    if want != expr.ty {
        retype(expr, &want);
    }
}

/// Whether the type is of `none()` alone, or has such a part.
fn lacks_type(ty: &Type) -> bool {
    match ty {
        Type::Maybe(inner) => **inner == Type::Unknown || lacks_type(inner),
        Type::Tuple(parts) => parts.iter().any(lacks_type),
        Type::List(inner, _) | Type::Rows(inner, _) => lacks_type(inner),
        _ => false,
    }
}

/// The type with `i64` for literals.
pub(super) fn settled_type(ty: &Type) -> Type {
    match ty {
        Type::Int(IntType::Literal) => Type::Int(IntType::I64),
        Type::Maybe(inner) => Type::Maybe(Box::new(settled_type(inner))),
        Type::Tuple(parts) => Type::Tuple(parts.iter().map(settled_type).collect()),
        Type::List(inner, length) => Type::List(Box::new(settled_type(inner)), length.clone()),
        Type::Rows(inner, index) => Type::Rows(Box::new(settled_type(inner)), *index),
        ty => ty.clone(),
    }
}

/// Gives literals inside the expression the type that is wanted of it, as far as they can have it.
pub(super) fn retype(expr: &mut Expr, want: &Type) {
    match (&mut expr.kind, &expr.ty, want) {
        (ExprKind::Int(number), Type::Int(IntType::Literal), Type::Fix(fix)) => {
            expr.kind = ExprKind::Fix(scaled(*number, *fix));
            expr.ty = want.clone();
        }
        (_, Type::Int(IntType::Literal), Type::Int(_) | Type::Fix(_)) => {
            operands(&mut expr.kind, |operand| retype(operand, want));
            expr.ty = want.clone();
        }
        (ExprKind::Text(text), Type::Str, Type::Text(len)) => {
            let len = *len as usize;
            if text.len() <= len {
                let mut bytes = std::mem::take(text).into_bytes();
                bytes.resize(len, 0);
                expr.kind = ExprKind::Bytes(bytes);
                expr.ty = want.clone();
            }
        }
        (ExprKind::Nothing, _, Type::Maybe(_)) => expr.ty = want.clone(),
        (ExprKind::Something(inner), _, Type::Maybe(wanted)) => {
            retype(inner, wanted);
            expr.ty = maybe(inner.ty.clone());
        }
        (ExprKind::List(parts), Type::List(_, length), Type::List(wanted, _)) => {
            let length = length.clone();
            parts.iter_mut().for_each(|part| retype(part, wanted));
            let mut types = parts.iter().map(|part| &part.ty);
            let first = types.next().cloned();
            let element = first.and_then(|first| types.try_fold(first, |a, b| meet(&a, b)));
            let element = element.unwrap_or_else(|| (**wanted).clone());
            expr.ty = Type::List(Box::new(element), length);
        }
        (ExprKind::Repeat(part, _), Type::List(_, length), Type::List(wanted, _)) => {
            let length = length.clone();
            retype(part, wanted);
            expr.ty = Type::List(Box::new(part.ty.clone()), length);
        }
        (ExprKind::Tuple(parts), _, Type::Tuple(wanted)) if parts.len() == wanted.len() => {
            parts
                .iter_mut()
                .zip(wanted)
                .for_each(|(part, want)| retype(part, want));
            expr.ty = Type::Tuple(parts.iter().map(|part| part.ty.clone()).collect());
        }
        (ExprKind::Select(_, a, b), _, _) => {
            // Of a condition per row the branches may be single values.
            let (for_a, for_b) = (part_of(want, &a.ty), part_of(want, &b.ty));
            retype(a, &for_a);
            retype(b, &for_b);
            if let Some(both) = meet(base(&a.ty), base(&b.ty)) {
                if expr.ty.element().is_some() {
                    expr.ty = with_base(&expr.ty, &both);
                } else if let Some(both) = meet(&a.ty, &b.ty) {
                    expr.ty = both;
                }
            }
        }
        (ExprKind::Binary(..) | ExprKind::Unary(..), ty, want)
            if *base(ty) == Type::Int(IntType::Literal) =>
        {
            let element = base(want).clone();
            operands(&mut expr.kind, |operand| {
                let want = with_base(&operand.ty, &element);
                retype(operand, &want);
            });
            expr.ty = with_base(&expr.ty, &element);
        }
        _ => {}
    }
}

/// The wanted type of a branch that is as single as it is.
fn part_of(want: &Type, branch: &Type) -> Type {
    if want.element().is_some() && branch.element().is_none() {
        base(want).clone()
    } else {
        want.clone()
    }
}

/// Those operands that have the type of the result.
fn operands(kind: &mut ExprKind, mut each: impl FnMut(&mut Expr)) {
    match kind {
        ExprKind::Unary(_, a) | ExprKind::Binary(BinaryOp::Shl | BinaryOp::Shr, a, _) => each(a),
        ExprKind::Binary(_, a, b) | ExprKind::Select(_, a, b) => {
            each(a);
            each(b);
        }
        _ => {}
    }
}

/// The number as `fix` has it; far beyond every limit it stays there.
pub(super) fn scaled(number: i128, fix: FixType) -> i128 {
    number.saturating_mul(1_i128 << fix.fraction.min(120))
}

fn how_to_convert(found: &Type, want: &Type) -> Option<String> {
    Some(match (found, want) {
        (Type::Int(_), Type::Fix(_)) => "write `as fix` behind it".to_owned(),
        (Type::Fix(_), Type::Fix(_)) => "convert it with `as`".to_owned(),
        (Type::Fix(_), Type::Int(int)) => format!("`as {}` rounds toward zero", int.name()),
        (Type::Bool, Type::Int(int)) => format!("`as {}` makes it 0 or 1", int.name()),
        (Type::Int(_), Type::Bool) => "compare it, for example with `!= 0`".to_owned(),
        (Type::Maybe(inner), want) if **inner == *want => {
            "`x.or(DEFAULT)` gives a value where it is missing".to_owned()
        }
        (found, Type::Maybe(inner)) if *found == **inner => "write `some(...)`".to_owned(),
        (Type::Rows(..), want) if want.element().is_none() => {
            "reduce it to one value, for example with `sum()`, or go through it with `map`"
                .to_owned()
        }
        _ => return None,
    })
}
