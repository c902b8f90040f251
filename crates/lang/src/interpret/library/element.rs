//! Functions of single values, element by element.

use super::Call;
use crate::hir::{BinaryOp, Builtin, IntType, Type};
use crate::interpret::elementary;
use crate::interpret::operator::{binary, depth, lift, saturate, scalar};
use crate::value::Value;

/// `result`: how many vectors the result nests.
pub(super) fn apply(builtin: Builtin, call: &Call, result: usize) -> Option<Value> {
    use Builtin as B;
    let ty = scalar(call.ty);
    let args: Vec<(&Value, usize)> = call
        .args
        .iter()
        .zip(call.types.iter().map(|ty| depth(ty)))
        .collect();
    match (builtin, &args[..]) {
        (B::Bits, [(a, vectors), (count, _)]) => {
            let count = u32::try_from(count.number()?).ok()?.min(128);
            lift([(a, *vectors)], *vectors, &mut |[a]| bits(a, count))
        }
        // A list in a `maybe` is one value: what counts is how many vectors are around the `maybe`.
        (B::Or, [(maybe, vectors), (default, deep)]) => {
            let deep = if *deep == result { *vectors } else { 0 };
            lift(
                [(maybe, *vectors), (default, deep)],
                *vectors,
                &mut |[maybe, default]| match maybe {
                    Value::Maybe(Some(value)) => Some((**value).clone()),
                    Value::Maybe(None) => Some(default.clone()),
                    _ => None,
                },
            )
        }
        (_, [a]) => lift([*a], result, &mut |[a]| one(builtin, a, ty)),
        (_, [a, b]) => lift([*a, *b], result, &mut |[a, b]| two(builtin, a, b, ty)),
        (B::Clamp, [a, low, high]) => lift([*a, *low, *high], result, &mut |[a, low, high]| {
            let least = two(B::Min2, a, high, ty)?;
            two(B::Max2, low, &least, ty)
        }),
        _ => None,
    }
}

/// `v.lookup(i)`: one value for each `i`.
pub(super) fn lookup(call: &Call, zero: &Value) -> Option<Value> {
    let items = call.elements(0)?;
    let (place, vectors) = (call.arg(1)?, depth(call.types.get(1)?));
    lift([(place, vectors)], vectors, &mut |[place]| {
        let found = usize::try_from(place.number()?)
            .ok()
            .and_then(|i| items.get(i));
        Some(found.unwrap_or(zero).clone())
    })
}

fn one(builtin: Builtin, a: &Value, ty: &Type) -> Option<Value> {
    use Builtin as B;
    Some(match (builtin, a) {
        (B::IsSome, Value::Maybe(value)) => Value::Truth(value.is_some()),
        (B::Abs, Value::Number(a)) => Value::Number(a.checked_abs()?),
        (B::Abs, Value::Fixed { fraction, scaled }) => Value::Fixed {
            fraction: *fraction,
            scaled: scaled.checked_abs()?,
        },
        (B::Sqrt, Value::Number(a)) => {
            Value::Number(elementary::narrow(&elementary::sqrt_floor(&(*a).into())))
        }
        (_, Value::Fixed { fraction, scaled }) => {
            let Type::Fix(fix) = ty else {
                return None;
            };
            let scaled = match builtin {
                B::Sqrt => elementary::sqrt_fixed(*scaled, *fraction),
                B::Exp => elementary::exp(*scaled, *fix),
                B::Ln => elementary::ln(*scaled, *fix),
                B::Sigmoid => elementary::sigmoid(*scaled, *fix),
                _ => return None,
            };
            Value::Fixed {
                fraction: *fraction,
                scaled,
            }
        }
        _ => return None,
    })
}

fn two(builtin: Builtin, a: &Value, b: &Value, ty: &Type) -> Option<Value> {
    use Builtin as B;
    Some(match builtin {
        B::Max2 | B::Min2 => {
            let op = if builtin == B::Max2 {
                BinaryOp::Less
            } else {
                BinaryOp::Greater
            };
            let other = binary(op, a, b)?.truth()?;
            in_type(if other { b } else { a }, ty)
        }
        B::CheckedDiv => match b.number()? {
            0 => Value::Maybe(None),
            _ => Value::some(binary(BinaryOp::Div, a, b)?),
        },
        B::WrappingAdd => wrap(binary(BinaryOp::Add, a, b)?.number()?, ty)?,
        B::WrappingSub => wrap(binary(BinaryOp::Sub, a, b)?.number()?, ty)?,
        B::WrappingMul => wrap(binary(BinaryOp::Mul, a, b)?.number()?, ty)?,
        B::SaturatingAdd => nearest(&binary(BinaryOp::Add, a, b)?, ty)?,
        B::SaturatingSub => nearest(&binary(BinaryOp::Sub, a, b)?, ty)?,
        B::SaturatingMul => nearest(&binary(BinaryOp::Mul, a, b)?, ty)?,
        B::StartsWith => match (a, b) {
            (Value::Text(text), Value::Text(prefix)) => Value::Truth(text.starts_with(&**prefix)),
            _ => return None,
        },
        _ => return None,
    })
}

/// A whole number that meets a `fix` is one.
fn in_type(value: &Value, ty: &Type) -> Value {
    match ty {
        Type::Fix(fix) => value.as_fix(*fix).unwrap_or_else(|| value.clone()),
        _ => value.clone(),
    }
}

/// Modulo 2^bits of the type.
fn wrap(number: i128, ty: &Type) -> Option<Value> {
    let Type::Int(int) = ty else {
        return None;
    };
    let range = match int {
        IntType::Literal => IntType::I64.range(),
        int => int.range(),
    };
    let size = range.high - range.low + 1;
    Some(Value::Number(
        (number - range.low).rem_euclid(size) + range.low,
    ))
}

fn nearest(value: &Value, ty: &Type) -> Option<Value> {
    Some(super::of_type(saturate(value.number()?, ty), ty))
}

/// The lowest bits, lowest first. Of a negative number, those of its two's complement.
fn bits(a: &Value, count: u32) -> Option<Value> {
    let number = a.number()?;
    let bit = |place: u32| Value::Truth((number >> place.min(127)) & 1 == 1);
    Some(Value::list((0..count).map(bit).collect()))
}
