//! Operators: arithmetic on whole numbers, comparisons, truth values; common types, labels, index
//! spaces, and the proof that nothing overflows.

use enigma_bytecode::interval::{MAGNITUDE_LIMIT, Wide};

use super::Body;
use crate::code::Code;
use crate::diagnostic::{Diagnostic, grouped};
use crate::hir::{BinaryOp, Expr, ExprKind};
use crate::resolve::unsupported;
use crate::span::Span;
use crate::types::{IntType, Kind, Label, Space, Ty};

impl Body<'_> {
    pub(super) fn negate(&mut self, operand: Expr, want: Option<IntType>, span: Span) -> Expr {
        let ty = operand.ty.and_then(|ty| {
            let Some(int) = ty.int() else {
                self.does_not_apply(span, "`-` needs a number", &[(&operand, ty)]);
                return None;
            };
            let interval = ty.interval.map(|interval| Wide::exactly(0).minus(interval));
            let signed = int == IntType::Literal || int.range().low < 0;
            Some(Ty {
                interval,
                kind: Kind::Int(if signed { int } else { IntType::I64 }),
                ..ty
            })
        });
        self.fitted(
            Expr {
                kind: ExprKind::Negate(Box::new(operand)),
                ty,
                span,
            },
            want,
            None,
        )
    }

    pub(super) fn not(&mut self, operand: Expr, span: Span) -> Expr {
        let ty = operand.ty.and_then(|ty| {
            if ty.kind != Kind::Bool {
                self.does_not_apply(span, "`!` needs a truth value", &[(&operand, ty)]);
                return None;
            }
            if ty.label == Label::Public {
                self.report(unsupported(span, "`!` of a public value"));
                return None;
            }
            Some(ty)
        });
        Expr {
            kind: ExprKind::Not(Box::new(operand)),
            ty,
            span,
        }
    }

    pub(super) fn binary(
        &mut self,
        op: BinaryOp,
        a: Expr,
        b: Expr,
        want: Option<IntType>,
        span: Span,
    ) -> Expr {
        let ty = match (a.ty, b.ty) {
            (Some(x), Some(y)) if op.is_arithmetic() => self.combine(op, (&a, x), (&b, y), span),
            (Some(x), Some(y)) => self.truth(op, (&a, x), (&b, y), span),
            _ => None,
        };
        let expr = Expr {
            kind: ExprKind::Binary(op, Box::new(a), Box::new(b)),
            ty,
            span,
        };
        self.fitted(expr, want, None)
    }

    fn combine(&mut self, op: BinaryOp, a: (&Expr, Ty), b: (&Expr, Ty), span: Span) -> Option<Ty> {
        let ((a, x), (b, y)) = (a, b);
        let (Some(first), Some(second)) = (x.int(), y.int()) else {
            let message = format!("`{}` needs numbers", op.sign());
            self.does_not_apply(span, &message, &[(a, x), (b, y)]);
            return None;
        };
        let space = self.common_space((a, x.space), (b, y.space), span)?;
        let int = IntType::common((first, x.interval), (second, y.interval));
        if op == BinaryOp::Div {
            self.check_divisor(b, y)?;
        }
        let interval = x.interval.zip(y.interval).map(|(p, q)| match op {
            BinaryOp::Add => p.plus(q),
            BinaryOp::Sub if same_value(a, b) => Wide::exactly(0),
            BinaryOp::Sub => p.minus(q),
            BinaryOp::Mul if same_value(a, b) => p.square(),
            BinaryOp::Mul => p.times(q),
            _ => p.divided_by(q),
        });
        Some(Ty {
            label: x.label.max(y.label),
            kind: Kind::Int(int),
            space,
            interval,
        })
    }

    /// The type of a comparison, or of `&&` and `||`.
    fn truth(&mut self, op: BinaryOp, a: (&Expr, Ty), b: (&Expr, Ty), span: Span) -> Option<Ty> {
        let ((left, x), (right, y)) = (a, b);
        let numbers = x.int().is_some() && y.int().is_some();
        let truths = x.kind == Kind::Bool && y.kind == Kind::Bool;
        let (applies, needs) = match op {
            BinaryOp::And | BinaryOp::Or => (truths, "truth values"),
            BinaryOp::Equal | BinaryOp::NotEqual => {
                (numbers || truths, "two numbers or two truth values")
            }
            _ => (numbers, "numbers"),
        };
        if !applies {
            let message = format!("`{}` needs {needs}", op.sign());
            self.does_not_apply(span, &message, &[a, b]);
            return None;
        }
        let space = self.common_space((left, x.space), (right, y.space), span)?;
        let label = x.label.max(y.label);
        if label == Label::Public {
            let what = format!("`{}` of public values", op.sign());
            self.report(unsupported(span, &what));
            return None;
        }
        Some(Ty {
            label,
            kind: Kind::Bool,
            space,
            interval: Some(Ty::BITS),
        })
    }

    /// The operands are not what the operator works on.
    fn does_not_apply(&mut self, span: Span, message: &str, operands: &[(&Expr, Ty)]) {
        let mut diagnostic = Diagnostic::error(Code::E0211, span, message);
        for (operand, ty) in operands {
            diagnostic = diagnostic.also(operand.span, format!("this is {}", ty.kind.describe()));
        }
        self.report(diagnostic);
    }

    fn common_space(&mut self, a: (&Expr, Space), b: (&Expr, Space), span: Span) -> Option<Space> {
        let (first, second) = match (a.1, b.1) {
            (Space::Scalar, space) | (space, Space::Scalar) => return Some(space),
            (Space::Over(i), Space::Over(j)) if i == j => return Some(a.1),
            (Space::Over(i), Space::Over(j)) => (i, j),
        };
        let group = |index: usize| self.scope.collections.get(index).map(|c| c.group);
        let (left, right) = (self.collection_name(first), self.collection_name(second));
        let diagnostic = if group(first) == group(second) {
            unsupported(
                span,
                "combining two collections of one group member by member",
            )
        } else {
            Diagnostic::error(Code::E0308, span, "these values belong to different people")
                .help("reduce one of them to a single number first, for example with `sum()`")
        };
        let diagnostic = diagnostic
            .also(a.0.span, format!("one value per row of `{left}`"))
            .also(b.0.span, format!("one value per row of `{right}`"));
        self.report(diagnostic);
        None
    }

    fn check_divisor(&mut self, divisor: &Expr, ty: Ty) -> Option<()> {
        if ty.label == Label::Private {
            self.report(unsupported(divisor.span, "division by a private value"));
            return None;
        }
        if ty.interval == Some(Wide::exactly(0)) {
            let diagnostic = Diagnostic::warning(Code::E0502, divisor.span, "division by zero")
                .because("this is always 0, and so is the result");
            self.report(diagnostic);
        }
        Some(())
    }

    /// Proves that the value fits its type, or the type that the context wants, and the field.
    /// `summed`: the collection whose rows are summed here as they were given.
    pub(super) fn fitted(
        &mut self,
        mut expr: Expr,
        want: Option<IntType>,
        summed: Option<usize>,
    ) -> Expr {
        let Some(ty) = &mut expr.ty else { return expr };
        let (Some(interval), Some(mut int)) = (ty.interval, ty.int()) else {
            return expr;
        };
        if let Some(want) = want.filter(|want| !int.holds(ty.interval) && want.holds(ty.interval)) {
            int = want;
            ty.kind = Kind::Int(want);
        }
        let in_type = interval.within(int.range());
        if in_type && interval.narrow().is_some() {
            return expr;
        }
        let message = if in_type || int == IntType::Literal {
            "this value may reach 2^59, more than a computation on private numbers can hold"
                .to_owned()
        } else {
            format!("this value may not fit in {}", int.name())
        };
        let mut diagnostic = Diagnostic::error(Code::E0501, expr.span, message);
        if let Some(collection) = summed.and_then(|index| self.scope.collections.get(index)) {
            let most = self
                .scope
                .groups
                .get(collection.group)
                .map_or(0, |group| group.max);
            let high = collection.range.map_or(0, |range| range.high);
            let each = format!(
                "up to {} each, from up to {} members",
                grouped(high),
                grouped(most.into())
            );
            diagnostic = diagnostic.also(collection.span, each);
        }
        diagnostic = with_interval(diagnostic, Some(interval));
        diagnostic = diagnostic.help(self.how_to_fit(&expr.kind, int, interval, summed));
        self.report(diagnostic);
        if let Some(ty) = &mut expr.ty {
            ty.interval = None;
        }
        expr
    }

    fn how_to_fit(
        &self,
        kind: &ExprKind,
        int: IntType,
        interval: Wide,
        summed: Option<usize>,
    ) -> String {
        let fits_field = interval.narrow().is_some();
        if fits_field && interval.low < 0 && matches!(kind, ExprKind::Binary(..)) {
            return "the result may be negative: write `as i64` behind an operand".to_owned();
        }
        let wider = if interval.low < 0 { "i64" } else { "u64" };
        let cast = if fits_field {
            format!(", or write `as {wider}` behind it")
        } else {
            String::new()
        };
        let collection = summed.and_then(|index| self.scope.collections.get(index));
        match collection {
            Some(collection) => {
                let group = self.scope.groups.get(collection.group);
                let members = i128::from(group.map_or(1, |group| group.max).max(1));
                let most = int.range().high.min(i128::from(MAGNITUDE_LIMIT) - 1) / members;
                format!(
                    "values of at most {} in `{}` fit{cast}",
                    grouped(most),
                    collection.name
                )
            }
            None => format!("narrow the `range` of the inputs{cast}"),
        }
    }
}

/// The same local or collection: the two operands are equal whatever their value.
fn same_value(a: &Expr, b: &Expr) -> bool {
    match (&a.kind, &b.kind) {
        (ExprKind::Local(i), ExprKind::Local(j))
        | (ExprKind::Collection(i), ExprKind::Collection(j)) => i == j,
        _ => false,
    }
}

/// Says where the value lies.
pub(super) fn with_interval(diagnostic: Diagnostic, interval: Option<Wide>) -> Diagnostic {
    match interval {
        Some(i) => diagnostic.because(format!("from {} to {}", grouped(i.low), grouped(i.high))),
        None => diagnostic,
    }
}
