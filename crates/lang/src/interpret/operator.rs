//! Operators on single values, and how they apply element by element.

use std::cmp::Ordering;

use crate::hir::{BinaryOp, IntType, Type, UnaryOp};
use crate::value::Value;

/// Numbers stay below this in magnitude, of `fix` scaled.
const MAGNITUDE_LIMIT: i128 = 1 << 63;

/// How many vectors a type nests: 0 of a single value.
pub(super) fn depth(ty: &Type) -> usize {
    match ty.element() {
        Some(element) => 1 + depth(element),
        None => 0,
    }
}

/// What single values a type is made of.
pub(super) fn scalar(ty: &Type) -> &Type {
    ty.element().map_or(ty, scalar)
}

/// Applies `f` to single values. `args`: each with the depth of its type; those that are as deep as the result are taken
/// apart, the others are repeated. `None` if lengths differ or `f` gives none.
pub(super) fn lift<const N: usize>(
    args: [(&Value, usize); N],
    depth: usize,
    f: &mut impl FnMut([&Value; N]) -> Option<Value>,
) -> Option<Value> {
    if depth == 0 {
        return f(args.map(|(value, _)| value));
    }
    let vectors = args.map(|(value, of)| (of == depth).then(|| value.elements()));
    let mut lengths = vectors
        .iter()
        .flatten()
        .map(|items| items.map(<[Value]>::len));
    let len = lengths.next()??;
    if !lengths.all(|other| other == Some(len)) {
        return None;
    }
    let mut results = Vec::with_capacity(len);
    for i in 0..len {
        let mut parts = args;
        for (part, vector) in parts.iter_mut().zip(&vectors) {
            if let Some(items) = vector {
                *part = ((*items)?.get(i)?, depth - 1);
            }
        }
        results.push(lift(parts, depth - 1, f)?);
    }
    Some(Value::list(results))
}

/// The values of an integer type that exist.
pub(super) fn int_range(int: IntType) -> (i128, i128) {
    let range = int.range();
    (
        range.low.max(1 - MAGNITUDE_LIMIT),
        range.high.min(MAGNITUDE_LIMIT - 1),
    )
}

/// Where the numbers of a type lie, of `fix` scaled; none of other types.
pub(super) fn range(ty: &Type) -> Option<(i128, i128)> {
    match ty {
        Type::Int(int) => Some(int_range(*int)),
        Type::Fix(fix) => {
            let range = fix.range();
            let (least, most) = (1 - MAGNITUDE_LIMIT, MAGNITUDE_LIMIT - 1);
            Some((range.low.max(least), range.high.min(most)))
        }
        _ => None,
    }
}

/// Whether a single value lies in the range of its type. `fix` may leave its type between input and store, as far as
/// all numbers may.
pub(super) fn fits(value: &Value, ty: &Type) -> bool {
    match (value, ty) {
        (Value::Number(number), Type::Int(int)) => {
            let (low, high) = int_range(*int);
            low <= *number && *number <= high
        }
        (Value::Number(x) | Value::Fixed { scaled: x, .. }, _) => {
            x.unsigned_abs() < MAGNITUDE_LIMIT.unsigned_abs()
        }
        _ => true,
    }
}

/// The nearest number of the type.
pub(super) fn saturate(number: i128, ty: &Type) -> i128 {
    range(ty).map_or(number, |(low, high)| number.clamp(low, high))
}

/// `op a`; none where it does not apply.
pub(crate) fn unary(op: UnaryOp, a: &Value) -> Option<Value> {
    Some(match (op, a) {
        (UnaryOp::Negate, Value::Number(a)) => Value::Number(a.checked_neg()?),
        (UnaryOp::Negate, Value::Fixed { fraction, scaled }) => Value::Fixed {
            fraction: *fraction,
            scaled: scaled.checked_neg()?,
        },
        (UnaryOp::Not, Value::Truth(a)) => Value::Truth(!a),
        _ => return None,
    })
}

/// `a op b`; none where it does not apply, or where the result is far beyond all limits.
pub(crate) fn binary(op: BinaryOp, a: &Value, b: &Value) -> Option<Value> {
    use BinaryOp as B;
    Some(match op {
        B::Equal => Value::Truth(equal(a, b)),
        B::NotEqual => Value::Truth(!equal(a, b)),
        B::Less => Value::Truth(compare(a, b)? == Ordering::Less),
        B::LessEqual => Value::Truth(compare(a, b)? != Ordering::Greater),
        B::Greater => Value::Truth(compare(a, b)? == Ordering::Greater),
        B::GreaterEqual => Value::Truth(compare(a, b)? != Ordering::Less),
        B::And => Value::Truth(a.truth()? && b.truth()?),
        B::Or => Value::Truth(a.truth()? || b.truth()?),
        B::BitAnd | B::BitOr | B::BitXor => bitwise(op, a, b)?,
        B::Shl | B::Shr => shift(op, a, b)?,
        B::Add | B::Sub | B::Mul | B::Div | B::Rem => match (a, b) {
            (Value::Number(a), Value::Number(b)) => Value::Number(whole(op, *a, *b)?),
            _ => {
                let (a, b, fraction) = meet(a, b)?;
                let scaled = fixed(op, a, b, fraction)?;
                Value::Fixed { fraction, scaled }
            }
        },
    })
}

/// Two numbers of which one is `fix`, both scaled like it.
fn meet(a: &Value, b: &Value) -> Option<(i128, i128, u32)> {
    let fraction = match (a, b) {
        (Value::Fixed { fraction: f, .. }, Value::Fixed { fraction: g, .. }) => (*f).max(*g),
        (Value::Fixed { fraction, .. }, _) | (_, Value::Fixed { fraction, .. }) => *fraction,
        _ => return None,
    };
    let scaled = |value: &Value| match value {
        Value::Number(number) => number.checked_mul(1_i128.checked_shl(fraction)?),
        Value::Fixed {
            fraction: f,
            scaled,
        } => scaled.checked_mul(1_i128.checked_shl(fraction - f)?),
        _ => None,
    };
    Some((scaled(a)?, scaled(b)?, fraction))
}

fn equal(a: &Value, b: &Value) -> bool {
    match meet(a, b) {
        Some((a, b, _)) => a == b,
        None => a == b,
    }
}

fn compare(a: &Value, b: &Value) -> Option<Ordering> {
    match (a, b) {
        (Value::Number(a), Value::Number(b)) => Some(a.cmp(b)),
        _ => meet(a, b).map(|(a, b, _)| a.cmp(&b)),
    }
}

fn whole(op: BinaryOp, a: i128, b: i128) -> Option<i128> {
    match op {
        BinaryOp::Add => a.checked_add(b),
        BinaryOp::Sub => a.checked_sub(b),
        BinaryOp::Mul => a.checked_mul(b),
        BinaryOp::Div | BinaryOp::Rem if b == 0 => Some(0),
        BinaryOp::Div => a.checked_div(b),
        BinaryOp::Rem => a.checked_rem(b),
        _ => None,
    }
}

/// On numbers scaled by 2^`fraction`.
fn fixed(op: BinaryOp, a: i128, b: i128, fraction: u32) -> Option<i128> {
    match op {
        BinaryOp::Add => a.checked_add(b),
        BinaryOp::Sub => a.checked_sub(b),
        BinaryOp::Mul => rounded_shift(a.checked_mul(b)?, fraction),
        BinaryOp::Div => nearest(a.checked_mul(1_i128.checked_shl(fraction)?)?, b),
        BinaryOp::Rem if b == 0 => Some(0),
        BinaryOp::Rem => {
            let quotient = fixed(BinaryOp::Div, a, b, fraction)?;
            a.checked_sub(fixed(BinaryOp::Mul, quotient, b, fraction)?)
        }
        _ => None,
    }
}

/// a / 2^bits to nearest, ties up.
pub(super) fn rounded_shift(a: i128, bits: u32) -> Option<i128> {
    match bits.checked_sub(1) {
        Some(below) => Some(a.checked_add(1_i128.checked_shl(below)?)? >> bits.min(127)),
        None => Some(a),
    }
}

/// a / b to nearest, ties up; 0 when b is 0.
pub(super) fn nearest(a: i128, b: i128) -> Option<i128> {
    if b == 0 {
        return Some(0);
    }
    let (a, b) = if b < 0 {
        (a.checked_neg()?, b.checked_neg()?)
    } else {
        (a, b)
    };
    // floor(a / b + 1 / 2), without doubling `a`: the rest is at least half of b when rest >= b - rest.
    let (floor, rest) = (a.div_euclid(b), a.rem_euclid(b));
    Some(floor + i128::from(rest >= b - rest))
}

fn bitwise(op: BinaryOp, a: &Value, b: &Value) -> Option<Value> {
    let apply = |a: i128, b: i128| match op {
        BinaryOp::BitAnd => Some(a & b),
        BinaryOp::BitOr => Some(a | b),
        BinaryOp::BitXor => Some(a ^ b),
        _ => None,
    };
    match (a, b) {
        (Value::Truth(a), Value::Truth(b)) => {
            let bit = apply((*a).into(), (*b).into())?;
            Some(Value::Truth(bit != 0))
        }
        (Value::Number(a), Value::Number(b)) => apply(*a, *b).map(Value::Number),
        _ => None,
    }
}

fn shift(op: BinaryOp, a: &Value, places: &Value) -> Option<Value> {
    let (Value::Number(a), Value::Number(places)) = (a, places) else {
        return None;
    };
    let places = u32::try_from(*places).ok()?;
    let shifted = match op {
        BinaryOp::Shr => a >> places.min(127),
        _ if *a == 0 => 0,
        _ => a.checked_mul(1_i128.checked_shl(places).filter(|power| *power > 0)?)?,
    };
    Some(Value::Number(shifted))
}

/// `a as T`; none where it does not apply.
pub(crate) fn cast(a: &Value, ty: &Type) -> Option<Value> {
    let number = match a {
        Value::Truth(truth) => Value::Number((*truth).into()),
        Value::Variant { place, .. } => Value::Number((*place).into()),
        other => other.clone(),
    };
    Some(match (&number, ty) {
        (_, Type::Bool) => Value::Truth(match a {
            Value::Truth(truth) => *truth,
            _ => number.number()? != 0,
        }),
        (Value::Number(number), Type::Int(_)) => Value::Number(saturate(*number, ty)),
        (Value::Fixed { fraction, scaled }, Type::Int(_)) => {
            // `/` of i128 is toward zero.
            Value::Number(saturate(scaled / 1_i128.checked_shl(*fraction)?, ty))
        }
        (Value::Number(number), Type::Fix(fix)) => Value::Fixed {
            fraction: fix.fraction,
            scaled: saturate(number.saturating_mul(1_i128.checked_shl(fix.fraction)?), ty),
        },
        (Value::Fixed { fraction, scaled }, Type::Fix(fix)) => {
            let rescaled = if fix.fraction >= *fraction {
                scaled.saturating_mul(1_i128.checked_shl(fix.fraction - fraction)?)
            } else {
                rounded_shift(*scaled, fraction - fix.fraction)?
            };
            Value::Fixed {
                fraction: fix.fraction,
                scaled: saturate(rescaled, ty),
            }
        }
        (Value::Number(_) | Value::Fixed { .. }, _) => return None,
        _ => a.clone(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::hir::FixType;

    fn fix(scaled: i128) -> Value {
        Value::Fixed {
            fraction: 4,
            scaled,
        }
    }

    #[test]
    fn fixed_point_rounds_to_nearest_and_ties_up() {
        let apply = |op, a, b| binary(op, &fix(a), &fix(b)).and_then(|v| v.number());
        // 1/16 * 1/2 = 1/32: a tie, up. -1/32 is between -1/16 and 0: up is 0.
        assert_eq!(apply(BinaryOp::Mul, 1, 8), Some(1));
        assert_eq!(apply(BinaryOp::Mul, -1, 8), Some(0));
        assert_eq!(apply(BinaryOp::Mul, 3, 5), Some(1));
        assert_eq!(apply(BinaryOp::Div, 1, 32), Some(1));
        assert_eq!(apply(BinaryOp::Div, -1, 32), Some(0));
        assert_eq!(apply(BinaryOp::Div, 1, -32), Some(0));
        assert_eq!(apply(BinaryOp::Div, 16, 48), Some(5));
        assert_eq!(apply(BinaryOp::Div, 16, 0), Some(0));
        assert_eq!(nearest(i128::MAX, 2), Some((i128::MAX - 1) / 2 + 1));
        for (a, b) in [
            (0_i128, 1_i128),
            (7, 2),
            (-7, 2),
            (7, -2),
            (-7, -2),
            (5, 3),
            (-5, 3),
            (6, 4),
            (-6, 4),
        ] {
            let twice = 2 * a * b.signum() + b.abs();
            assert_eq!(
                nearest(a, b),
                Some(twice.div_euclid(2 * b.abs())),
                "{a} / {b}"
            );
        }
    }

    #[test]
    fn whole_numbers_divide_toward_zero_and_by_zero() {
        let apply =
            |op, a, b| binary(op, &Value::Number(a), &Value::Number(b)).and_then(|v| v.number());
        assert_eq!(apply(BinaryOp::Div, -7, 2), Some(-3));
        assert_eq!(apply(BinaryOp::Rem, -7, 2), Some(-1));
        assert_eq!(apply(BinaryOp::Div, 7, 0), Some(0));
        assert_eq!(apply(BinaryOp::Rem, 7, 0), Some(0));
        assert_eq!(apply(BinaryOp::Shl, 3, 4), Some(48));
        assert_eq!(apply(BinaryOp::Shl, 1, 127), None);
        assert_eq!(apply(BinaryOp::Shr, 48, 200), Some(0));
        assert_eq!(apply(BinaryOp::Add, i128::MAX, 1), None);
    }

    #[test]
    fn casts_saturate() {
        let small = Type::Int(IntType::I8);
        let cast = |value, ty| cast(&value, &ty).and_then(|v: Value| v.number());
        assert_eq!(cast(Value::Number(300), small.clone()), Some(127));
        assert_eq!(cast(Value::Number(-300), Type::Int(IntType::U16)), Some(0));
        assert_eq!(cast(Value::Truth(true), small.clone()), Some(1));
        assert_eq!(cast(fix(-31), small.clone()), Some(-1));
        assert_eq!(cast(fix(31), small), Some(1));
        let tight = Type::Fix(FixType {
            integer: 3,
            fraction: 1,
        });
        assert_eq!(cast(fix(4), tight.clone()), Some(1));
        assert_eq!(cast(fix(-4), tight.clone()), Some(0));
        assert_eq!(cast(Value::Number(9), tight), Some(7));
    }

    #[test]
    fn vectors_meet_single_values_and_each_other() {
        let list = |items: &[i128]| Value::list(items.iter().copied().map(Value::Number).collect());
        let mut add = |[a, b]: [&Value; 2]| binary(BinaryOp::Add, a, b);
        let (a, b, one) = (list(&[1, 2]), list(&[10, 20]), Value::Number(1));
        assert_eq!(lift([(&a, 1), (&b, 1)], 1, &mut add), Some(list(&[11, 22])));
        assert_eq!(lift([(&a, 1), (&one, 0)], 1, &mut add), Some(list(&[2, 3])));
        let nested = Value::list(vec![a.clone(), b.clone()]);
        let shifted = Value::list(vec![list(&[2, 4]), list(&[11, 22])]);
        assert_eq!(lift([(&nested, 2), (&a, 1)], 2, &mut add), Some(shifted));
        assert_eq!(lift([(&a, 1), (&list(&[1]), 1)], 1, &mut add), None);
    }
}
