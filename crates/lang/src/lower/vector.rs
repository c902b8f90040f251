//! Types of vectors: where two meet, and what an operation on each element makes of them.

use super::{Body, has_unknown};
use crate::code::Code;
use crate::diagnostic::Diagnostic;
use crate::hir::{Expr, IntType, Length, Type};
use crate::span::Span;

/// Why two operands do not go together.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Mismatch {
    /// Rows of these two collections.
    Spaces(usize, usize),
    /// Lists that are not known to have the same length, or a list and rows.
    Lengths,
    /// The elements.
    Elements,
}

/// Wraps a type, unless it is unknown.
pub(super) fn list(element: Type, length: Length) -> Type {
    if has_unknown(&element) {
        return Type::Unknown;
    }
    Type::List(Box::new(element), length)
}

/// Wraps a type, unless it is unknown.
pub(super) fn rows(element: Type, collection: usize) -> Type {
    if has_unknown(&element) {
        return Type::Unknown;
    }
    Type::Rows(Box::new(element), collection)
}

/// What the elements of a vector are, at any depth; what is no vector is its own.
pub(super) fn base(ty: &Type) -> &Type {
    ty.element().map_or(ty, base)
}

/// The same vector with other elements.
pub(super) fn with_base(ty: &Type, new: &Type) -> Type {
    match ty {
        Type::List(element, length) => list(with_base(element, new), length.clone()),
        Type::Rows(element, index) => rows(with_base(element, new), *index),
        _ => new.clone(),
    }
}

/// How many elements a vector has.
pub(super) fn length_of(ty: &Type) -> Option<Length> {
    match ty {
        Type::List(_, length) => Some(length.clone()),
        Type::Rows(_, index) => Some(Length::rows_of(*index)),
        _ => None,
    }
}

/// The type of an operation on each element: of two vectors, of one and a single value, or of two values.
pub(super) fn each(
    a: &Type,
    b: &Type,
    operation: &dyn Fn(&Type, &Type) -> Option<Type>,
) -> Result<Type, Mismatch> {
    let (x, y) = (base(a), base(b));
    if *x != Type::Unknown && *y != Type::Unknown && operation(x, y).is_none() {
        return Err(Mismatch::Elements);
    }
    one_by_one(a, b, operation)
}

fn one_by_one(
    a: &Type,
    b: &Type,
    operation: &dyn Fn(&Type, &Type) -> Option<Type>,
) -> Result<Type, Mismatch> {
    match (a, b) {
        (Type::Unknown, _) | (_, Type::Unknown) => Ok(Type::Unknown),
        (Type::Rows(_, i), Type::Rows(_, j)) if i != j => Err(Mismatch::Spaces(*i, *j)),
        (Type::Rows(x, i), Type::Rows(y, _)) => Ok(rows(one_by_one(x, y, operation)?, *i)),
        (Type::Rows(x, _), Type::List(..)) if x.element().is_none() => Err(Mismatch::Lengths),
        (Type::List(..), Type::Rows(y, _)) if y.element().is_none() => Err(Mismatch::Lengths),
        (Type::Rows(x, i), y) => Ok(rows(one_by_one(x, y, operation)?, *i)),
        (x, Type::Rows(y, i)) => Ok(rows(one_by_one(x, y, operation)?, *i)),
        (Type::List(_, m), Type::List(_, n)) if m != n => Err(Mismatch::Lengths),
        (Type::List(x, m), Type::List(y, _)) => Ok(list(one_by_one(x, y, operation)?, m.clone())),
        (Type::List(x, m), y) => Ok(list(one_by_one(x, y, operation)?, m.clone())),
        (x, Type::List(y, n)) => Ok(list(one_by_one(x, y, operation)?, n.clone())),
        (x, y) => operation(x, y).ok_or(Mismatch::Elements),
    }
}

/// The type that holds values of both: integers meet, all else is equal.
pub(super) fn meet(a: &Type, b: &Type) -> Option<Type> {
    match (a, b) {
        (Type::Unknown, ty) | (ty, Type::Unknown) => Some(ty.clone()),
        (Type::Int(x), Type::Int(y)) => Some(Type::Int(x.common(*y))),
        (Type::Maybe(x), Type::Maybe(y)) => Some(Type::Maybe(Box::new(meet(x, y)?))),
        (Type::List(x, m), Type::List(y, n)) if m == n => {
            Some(Type::List(Box::new(meet(x, y)?), m.clone()))
        }
        (Type::Rows(x, i), Type::Rows(y, j)) if i == j => {
            Some(Type::Rows(Box::new(meet(x, y)?), *i))
        }
        (Type::Tuple(xs), Type::Tuple(ys)) if xs.len() == ys.len() => {
            let parts = xs.iter().zip(ys).map(|(x, y)| meet(x, y));
            Some(Type::Tuple(parts.collect::<Option<Vec<_>>>()?))
        }
        (a, b) => (a == b).then(|| a.clone()),
    }
}

/// Where two numbers meet.
pub(super) fn numbers(a: &Type, b: &Type) -> Option<Type> {
    match (a, b) {
        (Type::Int(x), Type::Int(y)) => Some(Type::Int(x.common(*y))),
        (Type::Fix(x), Type::Fix(y)) if x == y => Some(a.clone()),
        _ => None,
    }
}

/// Whether all values of `own`, as far as programs have them, are values of `want`: none is 2^63 or more.
pub(super) fn widens(own: IntType, want: IntType) -> bool {
    let high = own.range().high.min(i64::MAX.into());
    own != IntType::Literal && want.range().low <= own.range().low && high <= want.range().high
}

impl Body<'_> {
    /// Says why two operands do not go together.
    pub(super) fn mismatch(
        &mut self,
        why: Mismatch,
        operands: (&Expr, &Expr),
        span: Span,
        needs: &str,
    ) -> Expr {
        let diagnostic = self.mismatched(why, operands, span, needs);
        self.wrong(diagnostic)
    }

    /// The same, to be reported.
    pub(super) fn mismatched(
        &self,
        why: Mismatch,
        (a, b): (&Expr, &Expr),
        span: Span,
        needs: &str,
    ) -> Diagnostic {
        match why {
            Mismatch::Spaces(first, second) => self
                .two_spaces(first, second, span)
                .also(a.span, self.one_per_row(first))
                .also(b.span, self.one_per_row(second)),
            Mismatch::Lengths => {
                let (left, right) = self.told_apart(&a.ty, &b.ty);
                let with_rows = [&a.ty, &b.ty].iter().any(|ty| matches!(ty, Type::Rows(..)));
                let diagnostic = if with_rows {
                    let message = "a list does not belong to rows one by one";
                    Diagnostic::error(Code::E0308, span, message)
                        .help("reduce one of them first, for example with `sum()`")
                } else {
                    let message = "these vectors are not known to have the same length";
                    Diagnostic::error(Code::E0206, span, message)
                };
                diagnostic
                    .also(a.span, format!("this is {left}"))
                    .also(b.span, format!("this is {right}"))
            }
            Mismatch::Elements if is_fix_and_whole(&a.ty, &b.ty) => {
                let whole = if matches!(base(&a.ty), Type::Int(_)) {
                    a
                } else {
                    b
                };
                let message = "whole numbers and numbers in fixed point do not mix";
                Diagnostic::error(Code::E0211, span, message)
                    .also(whole.span, "this is a whole number")
                    .help("write `as fix` behind the whole number, or `as` a whole-number type behind the other")
            }
            Mismatch::Elements => {
                let (left, right) = (self.describe(base(&a.ty)), self.describe(base(&b.ty)));
                let mut diagnostic = Diagnostic::error(Code::E0211, span, needs)
                    .also(a.span, format!("this is {left}"))
                    .also(b.span, format!("this is {right}"));
                if [&a.ty, &b.ty]
                    .iter()
                    .any(|ty| matches!(base(ty), Type::Maybe(_)))
                {
                    diagnostic =
                        diagnostic.help("`x.or(DEFAULT)` gives a value where one is missing");
                }
                if [&a.ty, &b.ty]
                    .iter()
                    .any(|ty| matches!(base(ty), Type::Place(_)))
                {
                    diagnostic = diagnostic.help("a place among the rows is for `owner_at` only");
                }
                diagnostic
            }
        }
    }

    fn one_per_row(&self, collection: usize) -> String {
        format!(
            "one value per row of `{}`",
            self.collection_name(collection)
        )
    }

    /// "Two index spaces do not mix".
    pub(super) fn two_spaces(&self, first: usize, second: usize, span: Span) -> Diagnostic {
        let provider = |index: usize| self.scope.hir.collections.get(index).map(|c| c.provider);
        let diagnostic = if provider(first) == provider(second) {
            Diagnostic::error(
                Code::E0308,
                span,
                "rows of two collections do not belong together one by one",
            )
            .because("rows that were refused differ between collections")
            .help("collect both values in one struct, so that they are one row")
        } else {
            Diagnostic::error(Code::E0308, span, "these values belong to different people")
        };
        diagnostic.help("reduce one of them to a single number first, for example with `sum()`")
    }
}

fn is_fix_and_whole(a: &Type, b: &Type) -> bool {
    matches!(
        (base(a), base(b)),
        (Type::Fix(_), Type::Int(_)) | (Type::Int(_), Type::Fix(_))
    )
}

#[cfg(test)]
mod tests {
    use super::{Mismatch, each, meet, numbers};
    use crate::hir::{IntType, Length, Type};

    const U8: Type = Type::Int(IntType::U8);
    const I64: Type = Type::Int(IntType::I64);

    fn rows(index: usize) -> Type {
        Type::Rows(Box::new(U8), index)
    }

    fn list(len: u64) -> Type {
        Type::List(Box::new(U8), Length::known(len))
    }

    #[test]
    fn vectors_meet_in_one_space_only() {
        assert_eq!(each(&rows(0), &rows(0), &numbers), Ok(rows(0)));
        assert_eq!(each(&rows(0), &U8, &numbers), Ok(rows(0)));
        assert_eq!(
            each(&rows(0), &rows(1), &numbers),
            Err(Mismatch::Spaces(0, 1))
        );
        assert_eq!(each(&list(2), &rows(1), &numbers), Err(Mismatch::Lengths));
        assert_eq!(each(&list(2), &list(3), &numbers), Err(Mismatch::Lengths));
        assert_eq!(each(&U8, &Type::Bool, &numbers), Err(Mismatch::Elements));
    }

    #[test]
    fn a_list_per_row_meets_a_list() {
        let lists = Type::Rows(Box::new(list(2)), 0);
        assert_eq!(each(&lists, &list(2), &numbers), Ok(lists.clone()));
        assert_eq!(each(&lists, &list(3), &numbers), Err(Mismatch::Lengths));
        assert_eq!(each(&lists, &rows(0), &numbers), Ok(lists));
    }

    #[test]
    fn integers_meet_inside_others() {
        let maybe = |ty: Type| Type::Maybe(Box::new(ty));
        assert_eq!(meet(&maybe(U8), &maybe(I64)), Some(maybe(I64)));
        assert_eq!(meet(&maybe(Type::Unknown), &maybe(I64)), Some(maybe(I64)));
        assert_eq!(meet(&maybe(U8), &U8), None);
    }
}
