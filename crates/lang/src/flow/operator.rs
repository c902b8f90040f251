//! Operators with two operands, and the proof that numbers fit.

use enigma_bytecode::interval::Wide;
use enigma_bytecode::release::Form;

use super::expression::{scalar, shifted_up};
use super::numbers::{Numbers, Op};
use super::sources::Combination;
use super::value::{LIMIT, Leaf, Moves, Value, around, clamped, magnitude, natural, weighted};
use super::walk::Walk;
use crate::code::Code;
use crate::diagnostic::{Diagnostic, grouped};
use crate::hir::{BinaryOp, Expr, ExprKind, IntType, Type};
use crate::span::Span;

const BIT: Wide = Wide { low: 0, high: 1 };

/// Rounds of a comparison, roughly; see the cost classes of section 3.10.
pub(super) const COMPARISON_ROUNDS: u64 = 7;
/// Multiplications of a comparison, roughly.
pub(super) const COMPARISON_COST: u64 = 120;

impl<'a> Walk<'a> {
    pub(super) fn binary(
        &mut self,
        expr: &'a Expr,
        op: BinaryOp,
        a: (&'a Expr, &Value),
        b: (&'a Expr, &Value),
    ) -> Value {
        let ((left, x), (right, y)) = (a, b);
        if matches!(op, BinaryOp::Shl | BinaryOp::Shr) {
            let message = "a private number of places to shift by";
            let text = "this is private, and everyone would see how far the bits move";
            self.shown(Code::E0307, right.span, y, message, Some(text));
        }
        if matches!(op, BinaryOp::Div | BinaryOp::Rem) {
            self.check_divisor(right, y);
        }
        if matches!(op, BinaryOp::BitAnd | BinaryOp::BitOr | BinaryOp::BitXor) {
            self.check_bits(left, x);
            self.check_bits(right, y);
        }
        let operation = Operation {
            op,
            ty: scalar(&expr.ty),
            operand: scalar(&left.ty),
        };
        let mut value = broadcast(x, y, &mut self.numbers, &|a, b, numbers| {
            operation.apply(a, b, numbers)
        });
        if matches!(op, BinaryOp::Shl | BinaryOp::Shr) && y.is_private() {
            value.each_leaf(&mut |leaf| leaf.range = None);
        }
        if value.is_private() {
            self.account(&operation, x, y, &expr.ty);
        }
        self.fitted(expr, &[left, right], value)
    }

    /// Notes magnitudes and costs of an operation on private numbers.
    fn account(&mut self, operation: &Operation<'_>, x: &Value, y: &Value, ty: &Type) {
        for leaf in [x.leaf(), y.leaf()].into_iter().flatten() {
            if let Some(range) = leaf.range {
                self.notice(range);
            }
        }
        if matches!(operation.ty, Type::Fix(_))
            && matches!(operation.op, BinaryOp::Mul | BinaryOp::Div)
            && self.muted == 0
        {
            self.entry.scaled_products = true;
        }
        let both = x.is_private() && y.is_private();
        self.spend(operation.cost(both), self.size(ty));
    }

    /// Negative numbers have no bits.
    fn check_bits(&mut self, operand: &'a Expr, value: &Value) {
        let ty = scalar(&operand.ty);
        if matches!(ty, Type::Int(_)) {
            let limits = Wide {
                low: 0,
                high: LIMIT - 1,
            };
            self.fits_limits(
                operand.span,
                value.clone(),
                ty,
                limits,
                "an operation on bits, which takes no negative numbers",
            );
        }
    }

    fn check_divisor(&mut self, divisor: &'a Expr, value: &Value) {
        if value.leaf().and_then(Leaf::constant) == Some(0) {
            let diagnostic = Diagnostic::warning(Code::E0502, divisor.span, "division by zero")
                .because("this is always 0, and so is the result");
            self.report(diagnostic);
        }
    }

    /// Proves that numbers fit their type. `operands`: of which they were made, for the message.
    ///
    /// Public numbers that may not fit are checked when the entry runs, for a refusal tells nothing that is not known.
    pub(super) fn fitted(&mut self, expr: &'a Expr, operands: &[&'a Expr], value: Value) -> Value {
        let ty = match scalar(&expr.ty) {
            Type::Maybe(content) => scalar(content),
            ty => ty,
        };
        if !matches!(ty, Type::Int(_) | Type::Fix(_)) {
            return value;
        }
        let mut value = value;
        let mut wrong = None;
        let limits = limits(ty, self.hir);
        value.each_leaf(&mut |leaf| {
            let Some(range) = leaf.range else { return };
            if range.within(limits) {
                return;
            }
            let never = range.high < limits.low || range.low > limits.high;
            if leaf.private || never {
                wrong = Some((range, leaf.clone()));
            }
            leaf.range = (!leaf.private || self.muted > 0).then(|| clamped(range, limits));
            leaf.base = None;
        });
        if let Some((range, leaf)) = wrong {
            let fits = Misfit {
                span: expr.span,
                ty,
                range,
                limits,
            };
            let diagnostic = fits.diagnostic(matches!(expr.kind, ExprKind::Binary(..)));
            let diagnostic = self.why_large(diagnostic, expr, operands, &leaf, limits);
            self.report(diagnostic);
        }
        value
    }

    /// Proves that a value fits where it is put; `what` says where that is.
    pub(super) fn fits(
        &mut self,
        span: Span,
        value: Value,
        from: &Type,
        to: &Type,
        what: &str,
    ) -> Value {
        let (inner, outer) = (scalar(from), scalar(to));
        let mut value = value;
        match (inner, outer) {
            (Type::Tuple(a), Type::Tuple(b)) if a.len() == b.len() => {
                if let Some(parts) = parts_of(&mut value) {
                    for ((part, a), b) in parts.iter_mut().zip(a).zip(b) {
                        *part = self.fits(span, part.clone(), a, b, what);
                    }
                }
                value
            }
            (Type::Maybe(a), Type::Maybe(b)) => {
                if let Some([_, content]) = parts_of(&mut value) {
                    *content = self.fits(span, content.clone(), a, b, what);
                }
                value
            }
            (Type::Int(a), Type::Int(b)) if a != b => {
                let limits = limits(outer, self.hir);
                self.fits_limits(span, value, outer, limits, what)
            }
            _ => value,
        }
    }

    /// Proves that a part of a struct lies where its declaration says.
    pub(super) fn fits_field(
        &mut self,
        part: &'a Expr,
        value: Value,
        of: &Type,
        index: usize,
    ) -> Value {
        let hir = self.hir;
        let Type::Struct(of) = scalar(of) else {
            return value;
        };
        let field = hir.structs.get(*of).and_then(|s| s.fields.get(index));
        let Some(field) = field else { return value };
        let what = format!("`{}`", field.name);
        let value = self.fits(part.span, value, &part.ty, &field.ty, &what);
        match field.range {
            Some(range) => self.fits_limits(part.span, value, scalar(&field.ty), range, &what),
            None => value,
        }
    }

    /// Proves that numbers lie within limits.
    pub(super) fn fits_limits(
        &mut self,
        span: Span,
        value: Value,
        ty: &Type,
        limits: Wide,
        what: &str,
    ) -> Value {
        let mut value = value;
        let mut wrong = None;
        value.each_leaf(&mut |leaf| {
            let Some(range) = leaf.range else { return };
            if !range.within(limits) {
                wrong = Some(range);
                leaf.range = Some(clamped(range, limits));
                leaf.base = None;
            }
        });
        if let Some(range) = wrong {
            let message = format!("this value may not fit in {what}");
            let text = format!("from {} to {}", grouped(range.low), grouped(range.high));
            let mut diagnostic = Diagnostic::error(Code::E0501, span, message).because(text);
            diagnostic = diagnostic.help(format!(
                "values from {} to {} fit: narrow the `range` of what goes in, or take `clamp` of it",
                grouped(limits.low),
                grouped(limits.high)
            ));
            if let Type::Int(int) = ty {
                let text = format!(
                    "or write `as {}` behind it, which takes the nearest number",
                    int.name()
                );
                diagnostic = diagnostic.help(text);
            }
            self.report(diagnostic);
        }
        value
    }
}

/// Values that a scalar type has in a computation. `fix` may go beyond its type between input and store, as far as all numbers may.
pub(super) fn limits(ty: &Type, hir: &crate::hir::Hir) -> Wide {
    let all = Wide {
        low: 1 - LIMIT,
        high: LIMIT - 1,
    };
    match ty {
        Type::Int(IntType::Literal) | Type::Fix(_) => all,
        _ => natural(ty, hir).unwrap_or(all),
    }
}

pub(super) fn parts_of(value: &mut Value) -> Option<&mut [Value]> {
    match value {
        Value::Leaf(_) => None,
        Value::Parts(parts) => Some(parts),
        Value::Many(element) => parts_of(element),
    }
}

/// A number that does not fit its type.
struct Misfit<'t> {
    span: Span,
    ty: &'t Type,
    range: Wide,
    limits: Wide,
}

impl Misfit<'_> {
    fn diagnostic(&self, is_operator: bool) -> Diagnostic {
        let (name, wider) = match self.ty {
            Type::Int(IntType::Literal) | Type::Fix(_) => (None, None),
            Type::Int(int) => (Some(int.name()), self.wider(*int)),
            _ => (None, None),
        };
        let beyond = magnitude(self.range) >= LIMIT;
        let message = match name {
            Some(name) if !beyond || wider.is_some() => format!("this value may not fit in {name}"),
            _ => "this value may reach 2^63, more than a computation on private numbers can hold"
                .to_owned(),
        };
        let text = format!(
            "from {} to {}",
            grouped(self.range.low),
            grouped(self.range.high)
        );
        let diagnostic = Diagnostic::error(Code::E0501, self.span, message).because(text);
        match wider {
            Some(_) if self.range.low < 0 && self.limits.low >= 0 && is_operator => {
                diagnostic.help("the result may be negative: write `as i64` behind an operand, or `saturating_sub(a, b)`, which stops at 0")
            }
            Some(int) => diagnostic.help(format!("or write `as {}` behind it", int.name())),
            None => diagnostic,
        }
    }

    /// A type in which the value fits.
    fn wider(&self, int: IntType) -> Option<IntType> {
        let signed = int.range().low < 0 || self.range.low < 0;
        let wider = if signed { IntType::I64 } else { IntType::U64 };
        let fits = magnitude(self.range) < LIMIT;
        (fits && wider != int).then_some(wider)
    }
}

/// Applies a function to scalars; where an operand is a vector, to each element.
pub(super) fn broadcast(
    a: &Value,
    b: &Value,
    numbers: &mut Numbers,
    f: &impl Fn(&Leaf, &Leaf, &mut Numbers) -> Leaf,
) -> Value {
    match (a, b) {
        (Value::Many(x), Value::Many(y)) => Value::Many(Box::new(broadcast(x, y, numbers, f))),
        (Value::Many(x), y) => Value::Many(Box::new(broadcast(x, y, numbers, f))),
        (x, Value::Many(y)) => Value::Many(Box::new(broadcast(x, y, numbers, f))),
        (x, y) => {
            let x = x.whole(Combination::Number, numbers);
            let y = y.whole(Combination::Number, numbers);
            Value::Leaf(f(&x, &y, numbers))
        }
    }
}

/// An operator on scalars.
struct Operation<'t> {
    op: BinaryOp,
    /// Of the result.
    ty: &'t Type,
    operand: &'t Type,
}

impl Operation<'_> {
    fn apply(&self, a: &Leaf, b: &Leaf, numbers: &mut Numbers) -> Leaf {
        let number = numbers.of(Op::Binary, &[self.op as u32, a.number, b.number]);
        let same = a.number == b.number;
        let range = a
            .range
            .zip(b.range)
            .and_then(|(x, y)| self.range(x, y, same));
        let ordered = self.op == BinaryOp::Sub && b.at_most == Some(a.number);
        let range = match range {
            Some(range) if ordered => Some(Wide {
                low: range.low.max(0),
                high: range.high.max(0),
            }),
            range => self.mean(a, b).or(range),
        };
        let mut value = a.combine(b, self.combination(a, b, range), number);
        let linear = self.moves(a, b);
        value = value.lying(range, linear.as_ref());
        value.form = self.form(a, b);
        value.base = self.base(a, b);
        if value.private {
            value.rounds = value
                .rounds
                .saturating_add(self.rounds(a.private && b.private));
        }
        value
    }

    /// How many rows fulfil a condition, on whatever columns, is a count of them: a truth value lets nothing through but itself.
    fn combination(&self, a: &Leaf, b: &Leaf, range: Option<Wide>) -> Combination {
        use BinaryOp as B;
        let is_bit = range.is_some_and(|range| range.within(BIT));
        let picks = || match self.op {
            B::Div => b.divides_and_picks(a),
            // What is left of a number is all of it where the other is larger.
            B::Rem | B::Shl | B::Shr => b.lets_through(a),
            // Bits of one are let through where the other has ones.
            B::BitAnd | B::BitOr | B::BitXor if a.private && b.private => {
                (&a.columns | &b.columns).len() > 1
            }
            _ => a.combine(b, Combination::Number, a.number).picks_itself(),
        };
        match self.op {
            B::Mul if !is_bit && a.picks(b) => Combination::Selection,
            B::Add | B::Sub | B::Mul => Combination::Number,
            // A product with a power of two.
            B::Shl if !b.private => Combination::Number,
            _ if *self.ty == Type::Bool => Combination::Truth,
            _ if !is_bit && picks() => Combination::Selection,
            _ => Combination::Choice,
        }
    }

    fn form(&self, a: &Leaf, b: &Leaf) -> Form {
        use BinaryOp as B;
        let apart = a.columns.is_disjoint(&b.columns);
        match self.op {
            // What no row is behind is the same for all of them.
            B::Add | B::Sub if b.columns.is_empty() => a.form.shifted(),
            B::Add | B::Sub if a.columns.is_empty() => b.form.shifted(),
            B::Add | B::Sub => a.form.plus(b.form, apart),
            B::Shl if !b.private => a.form.scaled(),
            B::Mul if b.columns.is_empty() => a.form.scaled(),
            B::Mul if a.columns.is_empty() => b.form.scaled(),
            B::Mul => a.form.times(b.form),
            _ => Form::Other,
        }
    }

    fn range(&self, x: Wide, y: Wide, same: bool) -> Option<Wide> {
        use BinaryOp as B;
        let fraction = match self.ty {
            Type::Fix(fix) => Some(fix.fraction),
            _ => None,
        };
        Some(match self.op {
            B::Add => x.plus(y),
            B::Sub if same => Wide::exactly(0),
            B::Sub => x.minus(y),
            B::Mul => {
                let product = if same { x.square() } else { x.times(y) };
                match fraction {
                    None => product,
                    Some(fraction) => shifted_down(product, fraction),
                }
            }
            B::Div => match fraction {
                None => x.divided_by(y),
                // To nearest, which is at most one away from toward zero.
                Some(fraction) => shifted_up(x, fraction)
                    .divided_by(y)
                    .plus(Wide { low: -1, high: 1 }),
            },
            B::Rem => remainder(x, y),
            B::Shl => x.times(powers(y)?),
            B::Shr => {
                let places = powers(y)?;
                let ends = [
                    x.low.div_euclid(places.low),
                    x.low.div_euclid(places.high),
                    x.high.div_euclid(places.low),
                    x.high.div_euclid(places.high),
                ];
                Wide {
                    low: ends.into_iter().min()?,
                    high: ends.into_iter().max()?,
                }
            }
            _ if *self.ty == Type::Bool => decided(self.op, x, y, self.operand),
            B::BitAnd => Wide {
                low: 0,
                high: x.high.min(y.high).max(0),
            },
            _ => {
                let most = x.high.max(y.high).clamp(0, LIMIT - 1);
                let bits = 128 - most.leading_zeros();
                Wide {
                    low: 0,
                    high: (1 << bits) - 1,
                }
            }
        })
    }

    /// A sum over rows divided by how many there are lies where the rows lie, or is 0.
    fn mean(&self, a: &Leaf, b: &Leaf) -> Option<Wide> {
        let (mask, range) = a.sums?;
        let mean =
            self.op == BinaryOp::Div && matches!(self.ty, Type::Int(_)) && b.counts == Some(mask);
        mean.then(|| around(range, Wide::exactly(0)))
    }

    fn moves(&self, a: &Leaf, b: &Leaf) -> Option<Moves> {
        use BinaryOp as B;
        let (x, y) = (a.range?, b.range?);
        match self.op {
            B::Add | B::Sub => Some(weighted(&a.moves, 1, &b.moves, 1)),
            // |xy - x'y'| <= |x| |y - y'| + |y'| |x - x'|; `fix` is scaled down again, and rounded.
            B::Mul => {
                let moves = weighted(&a.moves, magnitude(y), &b.moves, magnitude(x));
                Some(match self.ty {
                    Type::Fix(fix) => divided(moves, 1 << fix.fraction.min(100)),
                    _ => moves,
                })
            }
            // Division by a number that does not move: |x/d - x'/d| <= |x - x'| / |d|, and rounding adds one.
            B::Div if b.moves.is_empty() && !(y.low <= 0 && y.high >= 0) => {
                let least = y.low.abs().min(y.high.abs()).max(1);
                Some(match self.ty {
                    Type::Fix(fix) => {
                        let scale = 1 << fix.fraction.min(100);
                        divided(weighted(&a.moves, scale, &Moves::new(), 1), least)
                    }
                    _ => divided(a.moves.clone(), least),
                })
            }
            _ => None,
        }
    }

    fn base(&self, a: &Leaf, b: &Leaf) -> Option<(u32, Wide)> {
        let (x, y) = (a.range?, b.range?);
        match (self.op, a.base, b.base) {
            (BinaryOp::Add, Some((base, offset)), None) => Some((base, offset.plus(y))),
            (BinaryOp::Add, None, Some((base, offset))) => Some((base, offset.plus(x))),
            (BinaryOp::Add, Some((p, offset)), Some((q, _))) if p != q => Some((p, offset.plus(y))),
            (BinaryOp::Sub, Some((base, offset)), None) => Some((base, offset.minus(y))),
            (BinaryOp::Sub, Some((p, offset)), Some((q, _))) if p != q => {
                Some((p, offset.minus(y)))
            }
            _ => None,
        }
    }

    fn rounds(&self, both: bool) -> u64 {
        use BinaryOp as B;
        let fix = matches!(self.ty, Type::Fix(_));
        match self.op {
            B::Add | B::Sub | B::Shl => 0,
            B::Mul => u64::from(both) + u64::from(fix),
            B::And | B::Or => u64::from(both),
            B::Div | B::Rem => 16,
            _ if *self.ty == Type::Bool && *self.operand == Type::Bool => u64::from(both),
            _ => COMPARISON_ROUNDS,
        }
    }

    fn cost(&self, both: bool) -> u64 {
        use BinaryOp as B;
        match self.op {
            B::Add | B::Sub | B::Shl => 0,
            B::Mul | B::And | B::Or => u64::from(both),
            B::Div | B::Rem => 4 * COMPARISON_COST,
            _ if *self.operand == Type::Bool => u64::from(both),
            _ => COMPARISON_COST,
        }
    }
}

/// Each move divided by `least` at least, rounded up, and one more for the rounding of the quotient.
fn divided(moves: Moves, least: i128) -> Moves {
    let quotient = |x: i128| x / least + 2;
    let mut moves = moves;
    for moved in moves.values_mut() {
        moved.each = quotient(moved.each);
        // Every element of a list rounds by itself.
        moved.together = None;
    }
    moves
}

/// Where the product of two `fix` lies after rounding to nearest.
pub(super) fn shifted_down(product: Wide, fraction: u32) -> Wide {
    let scale = 1_i128 << fraction.min(100);
    let half = scale / 2;
    Wide {
        low: product.low.saturating_add(half).div_euclid(scale),
        high: product.high.saturating_add(half).div_euclid(scale),
    }
}

fn powers(places: Wide) -> Option<Wide> {
    let power = |places: i128| 1_i128.checked_shl(u32::try_from(places.clamp(0, 100)).ok()?);
    Some(Wide {
        low: power(places.low)?,
        high: power(places.high)?,
    })
}

/// a - (a / b) * b has the sign of a, is no larger than a, and smaller than b.
fn remainder(x: Wide, y: Wide) -> Wide {
    let most = magnitude(y).saturating_sub(1).max(0);
    Wide {
        low: if x.low < 0 { x.low.max(-most) } else { 0 },
        high: if x.high > 0 { x.high.min(most) } else { 0 },
    }
}

/// Of a truth value: one number if the ranges decide it.
fn decided(op: BinaryOp, x: Wide, y: Wide, operand: &Type) -> Wide {
    use BinaryOp as B;
    let known = |value: bool| Wide::exactly(i64::from(value));
    if *operand == Type::Bool && !op.is_comparison() {
        return match op {
            B::And | B::BitAnd if x.high == 0 || y.high == 0 => known(false),
            B::Or | B::BitOr if x.low == 1 || y.low == 1 => known(true),
            _ => BIT,
        };
    }
    let (below, above) = (x.high < y.low, x.low > y.high);
    let (at_most, at_least) = (x.high <= y.low, x.low >= y.high);
    match op {
        B::Less if below => known(true),
        B::Less if at_least => known(false),
        B::LessEqual if at_most => known(true),
        B::LessEqual if above => known(false),
        B::Greater if above => known(true),
        B::Greater if at_most => known(false),
        B::GreaterEqual if at_least => known(true),
        B::GreaterEqual if below => known(false),
        B::Equal if below || above => known(false),
        B::NotEqual if below || above => known(true),
        _ => BIT,
    }
}
