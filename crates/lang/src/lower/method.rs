//! Methods of private vectors: reductions, ranks, and who holds the largest value.

use enigma_bytecode::interval::Wide;
use enigma_bytecode::model::Order;

use super::Body;
use super::expression::poisoned;
use crate::code::Code;
use crate::diagnostic::Diagnostic;
use crate::hir::{BinaryOp, Expr, ExprKind};
use crate::resolve::unsupported;
use crate::span::Span;
use crate::suggest::nearest;
use crate::syntax::ast::{self, Arg, Name};
use crate::types::{IntType, Kind, Label, Space, Ty};

/// Methods that the language has and this version does not build.
const LATER: &[&str] = &[
    "bits",
    "clamp",
    "corr",
    "count",
    "covariance",
    "distinct",
    "dot",
    "group_by",
    "histogram",
    "lookup",
    "map",
    "mean_where",
    "median",
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

const METHODS: &[&str] = &[
    "sum",
    "len",
    "mean",
    "count_true",
    "max",
    "min",
    "argmax",
    "argmin",
    "owner_at",
    "rank",
    "rank_desc",
];

/// Where members' numbers lie.
const MEMBER_NUMBERS: Wide = Wide {
    low: 0,
    high: u32::MAX as i128,
};

/// A vector over a collection on which a method is called.
struct Vector {
    expr: Expr,
    ty: Ty,
    collection: usize,
    /// How many rows it can have.
    rows: Option<Wide>,
}

impl Body<'_> {
    /// `receiver.name(args)`.
    pub(super) fn method(
        &mut self,
        receiver: &ast::Expr,
        name: &Name,
        args: &[Arg],
        want: Option<IntType>,
        span: Span,
    ) -> Expr {
        let of = self.expression(receiver, None);
        let Some(ty) = of.ty else {
            return poisoned(span);
        };
        if !METHODS.contains(&name.text.as_str()) {
            let diagnostic = if LATER.contains(&name.text.as_str()) {
                unsupported(name.span, &format!("`{}`", name.text))
            } else {
                unknown_method(name)
            };
            return self.wrong(diagnostic);
        }
        let Space::Over(collection) = ty.space else {
            let message = format!("`{}` needs one value per row", name.text);
            let diagnostic = Diagnostic::error(Code::E0211, name.span, message)
                .also(of.span, format!("this is {}", one_of(ty.kind)));
            return self.wrong(diagnostic);
        };
        let vector = Vector {
            expr: of,
            ty,
            collection,
            rows: self.rows(collection),
        };
        if name.text == "owner_at" {
            return self.owner_at(&vector, name, args, span);
        }
        if let Some(arg) = args.first() {
            let message = format!("`{}` takes no arguments", name.text);
            self.report(Diagnostic::error(Code::E0204, arg.span, message));
        }
        if name.text == "len" {
            return length(&vector, span);
        }
        let needs = if name.text == "count_true" {
            Kind::Bool
        } else {
            Kind::Int(IntType::U64)
        };
        if std::mem::discriminant(&needs) != std::mem::discriminant(&ty.kind) {
            let diagnostic = wrong_elements(name, needs, &vector);
            return self.wrong(diagnostic);
        }
        match name.text.as_str() {
            "sum" => self.sum(vector, want, span),
            "mean" => self.mean(vector, want, span),
            "count_true" => count_true(vector, span),
            "max" => first(vector, Order::Descending, span),
            "min" => first(vector, Order::Ascending, span),
            "argmax" => place_of_first(vector, Order::Descending, span),
            "argmin" => place_of_first(vector, Order::Ascending, span),
            "rank" => rank(vector, Order::Ascending, span),
            _ => rank(vector, Order::Descending, span),
        }
    }

    fn sum(&mut self, of: Vector, want: Option<IntType>, span: Span) -> Expr {
        let summed = match of.expr.kind {
            ExprKind::Collection(index) => Some(index),
            _ => None,
        };
        let interval = of
            .ty
            .interval
            .zip(of.rows)
            .map(|(each, rows)| each.times(rows));
        let ty = Ty {
            space: Space::Scalar,
            interval,
            ..of.ty
        };
        let kind = ExprKind::Sum(Box::new(of.expr));
        let ty = Some(ty);
        self.fitted(Expr { kind, ty, span }, want, summed)
    }

    /// The sum divided by the number of rows. The sum is never shown, so it may be as wide as a
    /// private number can be, whatever the type of the elements.
    fn mean(&mut self, of: Vector, want: Option<IntType>, span: Span) -> Expr {
        let negative = of.ty.interval.is_some_and(|interval| interval.low < 0);
        let wide = if negative { IntType::I64 } else { IntType::U64 };
        let rows = length(&of, span);
        let of = Vector {
            ty: Ty {
                kind: Kind::Int(wide),
                ..of.ty
            },
            ..of
        };
        let sum = self.sum(of, None, span);
        self.binary(BinaryOp::Div, sum, rows, want, span)
    }

    /// Who gave the row at a place: the place itself, seen as a member.
    fn owner_at(&mut self, of: &Vector, name: &Name, args: &[Arg], span: Span) -> Expr {
        let values: Vec<&ast::Expr> = args.iter().filter_map(|arg| arg.value.as_ref()).collect();
        let [place] = values[..] else {
            let message = "`owner_at` takes one place among the rows";
            let diagnostic = Diagnostic::error(Code::E0204, name.span, message)
                .help("for example `x.owner_at(x.argmax())`");
            return self.wrong(diagnostic);
        };
        let mut place = self.expression(place, None);
        let Some(ty) = place.ty else {
            return poisoned(span);
        };
        match ty.kind {
            Kind::Place(collection) if collection == of.collection => {
                place.ty = Some(Ty {
                    kind: Kind::Member(collection),
                    ..ty
                });
                place.span = span;
                place
            }
            Kind::Place(other) => {
                let (own, other) = (of.collection, other);
                let message = "this is a place among other rows";
                let diagnostic = Diagnostic::error(Code::E0308, place.span, message)
                    .because(format!("among those of `{}`", self.collection_name(other)))
                    .also(
                        of.expr.span,
                        format!("one value per row of `{}`", self.collection_name(own)),
                    );
                self.wrong(diagnostic)
            }
            Kind::Int(_) => {
                let diagnostic = unsupported(place.span, "the owner at a number")
                    .help("a place is what `argmax()` and `argmin()` give");
                self.wrong(diagnostic)
            }
            found => {
                let message = format!("{} is not a place among the rows", found.describe());
                let diagnostic = Diagnostic::error(Code::E0211, place.span, message)
                    .help("a place is what `argmax()` and `argmin()` give");
                self.wrong(diagnostic)
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

fn length(of: &Vector, span: Span) -> Expr {
    let ty = Ty {
        label: Label::Public,
        kind: Kind::Int(IntType::U64),
        space: Space::Scalar,
        interval: of.rows,
    };
    Expr {
        kind: ExprKind::Rows(of.collection),
        ty: Some(ty),
        span,
    }
}

/// The sum of bits.
fn count_true(of: Vector, span: Span) -> Expr {
    let ty = Ty {
        kind: Kind::Int(IntType::U64),
        space: Space::Scalar,
        interval: of.rows.map(|rows| Ty::BITS.times(rows)),
        ..of.ty
    };
    Expr {
        kind: ExprKind::Sum(Box::new(of.expr)),
        ty: Some(ty),
        span,
    }
}

fn first(of: Vector, order: Order, span: Span) -> Expr {
    let ty = Ty {
        space: Space::Scalar,
        ..of.ty
    };
    Expr {
        kind: ExprKind::First(Box::new(of.expr), order),
        ty: Some(ty),
        span,
    }
}

fn place_of_first(of: Vector, order: Order, span: Span) -> Expr {
    let ty = Ty {
        kind: Kind::Place(of.collection),
        space: Space::Scalar,
        interval: Some(MEMBER_NUMBERS),
        ..of.ty
    };
    Expr {
        kind: ExprKind::FirstMember(Box::new(of.expr), order),
        ty: Some(ty),
        span,
    }
}

fn rank(of: Vector, order: Order, span: Span) -> Expr {
    let interval = of.rows.map(|rows| Wide {
        low: 1,
        high: rows.high,
    });
    let ty = Ty {
        kind: Kind::Int(IntType::U64),
        interval,
        ..of.ty
    };
    Expr {
        kind: ExprKind::Rank(Box::new(of.expr), order),
        ty: Some(ty),
        span,
    }
}

/// One value of a kind, in words.
fn one_of(kind: Kind) -> &'static str {
    match kind {
        Kind::Int(_) => "one number",
        Kind::Bool => "one truth value",
        Kind::Place(_) => "one place",
        Kind::Member(_) => "one member",
    }
}

fn wrong_elements(name: &Name, needs: Kind, of: &Vector) -> Diagnostic {
    let (needed, help) = match needs {
        Kind::Bool => (
            "truth values",
            "compare first, for example `(x > 0).count_true()`",
        ),
        _ => ("numbers", "`count_true()` counts how many are true"),
    };
    Diagnostic::error(
        Code::E0211,
        name.span,
        format!("`{}` needs {needed}", name.text),
    )
    .also(
        of.expr.span,
        format!("this is {} per row", one_of(of.ty.kind)),
    )
    .help(help)
}

fn unknown_method(name: &Name) -> Diagnostic {
    let message = format!("there is no method `{}`", name.text);
    let diagnostic = Diagnostic::error(Code::E0203, name.span, message);
    match nearest(&name.text, METHODS.iter().chain(LATER).copied()) {
        Some(near) => diagnostic.help(format!("did you mean `{near}`?")),
        None => diagnostic,
    }
}
