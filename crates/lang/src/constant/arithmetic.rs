//! Operators on constants. They mean what they mean in entries; what cannot be represented is an error.

use super::number;
use super::{UNKNOWN, not_constant};
use crate::code::Code;
use crate::diagnostic::{Diagnostic, grouped};
use crate::hir::{BinaryOp, Constant, FixType, IntType, Type};
use crate::span::Span;

type Value = (Type, Constant);

/// Whether an operator makes a number from numbers of its type.
pub(super) fn makes_numbers(operator: &str) -> bool {
    BinaryOp::written(operator).is_some_and(BinaryOp::is_arithmetic)
}

/// `-a` or `!a`.
pub(super) fn unary(operator: &str, operand: Value, span: Span) -> Result<Value, Diagnostic> {
    match (operator, operand) {
        (_, (Type::Unknown, _)) => Ok(UNKNOWN),
        ("-", (Type::Int(IntType::Literal), Constant::Int(v))) => int(IntType::Literal, -v, span),
        ("-", (Type::Int(ty), Constant::Int(v))) => int(ty.common(IntType::I8), -v, span),
        ("-", (Type::Fix(ty), Constant::Fix(v))) => fix(ty, v.checked_neg(), span),
        ("!", (Type::Bool, Constant::Bool(v))) => Ok((Type::Bool, Constant::Bool(!v))),
        (operator, _) => Err(inapplicable(operator, span)),
    }
}

/// `a op b`.
pub(super) fn binary(operator: &str, a: Value, b: Value, span: Span) -> Result<Value, Diagnostic> {
    let Some(op) = BinaryOp::written(operator) else {
        return Err(not_constant(span));
    };
    match (a, b) {
        ((Type::Unknown, _), _) | (_, (Type::Unknown, _)) => Ok(UNKNOWN),
        ((Type::Int(s), Constant::Int(a)), (Type::Int(t), Constant::Int(b))) => {
            if op.is_comparison() {
                return Ok(truth(compared(op, &a, &b)));
            }
            let value = whole(op, a, b, span)?;
            int(s.common(t), value, span)
        }
        ((Type::Fix(s), Constant::Fix(a)), (Type::Fix(t), Constant::Fix(b))) if s == t => {
            points(op, s, a, b, span)
        }
        ((Type::Fix(s), Constant::Fix(a)), (Type::Int(IntType::Literal), Constant::Int(b))) => {
            let b = number::shifted(b, s.fraction).ok_or_else(|| number::too_large(span))?;
            points(op, s, a, b, span)
        }
        ((Type::Int(IntType::Literal), Constant::Int(a)), (Type::Fix(t), Constant::Fix(b))) => {
            let a = number::shifted(a, t.fraction).ok_or_else(|| number::too_large(span))?;
            points(op, t, a, b, span)
        }
        ((Type::Bool, Constant::Bool(a)), (Type::Bool, Constant::Bool(b))) => match op {
            BinaryOp::And | BinaryOp::BitAnd => Ok(truth(a && b)),
            BinaryOp::Or | BinaryOp::BitOr => Ok(truth(a || b)),
            BinaryOp::BitXor | BinaryOp::NotEqual => Ok(truth(a != b)),
            BinaryOp::Equal => Ok(truth(a == b)),
            _ => Err(inapplicable(operator, span)),
        },
        ((s, a), (t, b)) if s == t => match op {
            BinaryOp::Equal => Ok(truth(a == b)),
            BinaryOp::NotEqual => Ok(truth(a != b)),
            _ => Err(inapplicable(operator, span)),
        },
        _ => Err(inapplicable(operator, span)),
    }
}

/// `a as T`: to the nearest number of the type, of numbers with a point toward zero.
pub(super) fn cast(value: Value, target: &Type, span: Span) -> Result<Value, Diagnostic> {
    let nearest = |v: i128, ty: IntType| v.clamp(ty.range().low, ty.range().high);
    let whole = match value {
        (Type::Unknown, _) => return Ok(UNKNOWN),
        (Type::Int(_) | Type::Enum(_), Constant::Int(v)) => v,
        (Type::Bool, Constant::Bool(v)) => v.into(),
        (Type::Fix(from), Constant::Fix(v)) => match target {
            Type::Fix(to) if from == *to => return Ok((Type::Fix(from), Constant::Fix(v))),
            Type::Int(_) => v / (1_i128 << from.fraction),
            _ => return Err(not_constant(span)),
        },
        _ => return Err(inapplicable("as", span)),
    };
    match target {
        Type::Int(ty) => Ok((target.clone(), Constant::Int(nearest(whole, *ty)))),
        Type::Fix(ty) => {
            let range = ty.range();
            let scaled = number::shifted(whole, ty.fraction);
            let scaled = scaled.map(|v| v.clamp(range.low, range.high));
            fix(*ty, scaled, span)
        }
        _ => Err(not_constant(span)),
    }
}

fn whole(op: BinaryOp, a: i128, b: i128, span: Span) -> Result<i128, Diagnostic> {
    let places = |b: i128| u32::try_from(b).ok().filter(|places| *places < 64);
    let bits = a >= 0 && b >= 0;
    let value = match op {
        BinaryOp::Add => a.checked_add(b),
        BinaryOp::Sub => a.checked_sub(b),
        BinaryOp::Mul => a.checked_mul(b),
        BinaryOp::Div | BinaryOp::Rem if b == 0 => return Err(by_zero(span)),
        BinaryOp::Div => a.checked_div(b),
        BinaryOp::Rem => a.checked_rem(b),
        BinaryOp::BitAnd if bits => Some(a & b),
        BinaryOp::BitOr if bits => Some(a | b),
        BinaryOp::BitXor if bits => Some(a ^ b),
        BinaryOp::Shl if bits => places(b).and_then(|places| number::shifted(a, places)),
        BinaryOp::Shr if bits => Some(places(b).map_or(0, |places| a >> places)),
        _ => return Err(inapplicable(op.sign(), span)),
    };
    value.ok_or_else(|| number::too_large(span))
}

fn points(op: BinaryOp, ty: FixType, a: i128, b: i128, span: Span) -> Result<Value, Diagnostic> {
    if op.is_comparison() {
        return Ok(truth(compared(op, &a, &b)));
    }
    let value = match op {
        BinaryOp::Add => a.checked_add(b),
        BinaryOp::Sub => a.checked_sub(b),
        BinaryOp::Mul => a.checked_mul(b).map(|v| number::halved(v, ty.fraction)),
        BinaryOp::Div if b == 0 => return Err(by_zero(span)),
        // To nearest, ties up: floor((2 a 2^f + b) / 2 b) for a positive divisor.
        BinaryOp::Div => {
            let (a, b) = if b < 0 { (-a, -b) } else { (a, b) };
            let doubled = number::shifted(a, ty.fraction + 1).and_then(|v| v.checked_add(b));
            doubled.and_then(|v| Some(v.div_euclid(b.checked_mul(2)?)))
        }
        _ => return Err(inapplicable(op.sign(), span)),
    };
    fix(ty, value, span)
}

fn compared<T: PartialOrd>(op: BinaryOp, a: &T, b: &T) -> bool {
    match op {
        BinaryOp::Equal => a == b,
        BinaryOp::NotEqual => a != b,
        BinaryOp::Less => a < b,
        BinaryOp::LessEqual => a <= b,
        BinaryOp::Greater => a > b,
        _ => a >= b,
    }
}

fn truth(value: bool) -> Value {
    (Type::Bool, Constant::Bool(value))
}

fn int(ty: IntType, value: i128, span: Span) -> Result<Value, Diagnostic> {
    let range = ty.range();
    if (range.low..=range.high).contains(&value) {
        return Ok((Type::Int(ty), Constant::Int(value)));
    }
    // It may fit what it is for: that is seen where it is used.
    let literal = IntType::Literal.range();
    if (literal.low..=literal.high).contains(&value) {
        return Ok((Type::Int(IntType::Literal), Constant::Int(value)));
    }
    Err(number::too_large(span).because(format!("it is {}", grouped(value))))
}

fn fix(ty: FixType, scaled: Option<i128>, span: Span) -> Result<Value, Diagnostic> {
    match scaled.filter(|scaled| number::fits(*scaled, ty)) {
        Some(scaled) => Ok((Type::Fix(ty), Constant::Fix(scaled))),
        None => {
            let (integer, fraction) = (ty.integer, ty.fraction);
            let message = format!("this value does not fit in fix<{integer}, {fraction}>");
            Err(Diagnostic::error(Code::E0501, span, message))
        }
    }
}

fn by_zero(span: Span) -> Diagnostic {
    not_constant(span).because("division by zero")
}

fn inapplicable(operator: &str, span: Span) -> Diagnostic {
    let message = format!("`{operator}` does not apply to these constants");
    Diagnostic::error(Code::E0211, span, message)
}
