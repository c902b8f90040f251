//! Reductions of a vector.

use std::sync::Arc;

use super::{Call, of_type, quotient};
use crate::hir::{Builtin, Type};
use crate::interpret::operator::{binary, scalar};
use crate::value::Value;

/// Of numbers.
pub(super) fn numbers(builtin: Builtin, call: &Call) -> Option<Value> {
    use Builtin as B;
    let numbers = call.numbers(0)?;
    let count = numbers.len() as i128;
    let ends = |best: Option<&i128>| Some(call.of_result(best.copied().unwrap_or(0)));
    match builtin {
        B::Sum => Some(call.of_result(sum(&numbers)?)),
        B::Mean => Some(call.of_result(quotient(sum(&numbers)?, count, scalar(call.ty))?)),
        B::Min => ends(numbers.iter().min()),
        B::Max => ends(numbers.iter().max()),
        B::ArgMin => Some(place(best(&numbers, |new, old| new < old), call.ty)),
        B::ArgMax => Some(place(best(&numbers, |new, old| new > old), call.ty)),
        B::Top2 => top2(&numbers, call),
        B::Median => Some(call.of_result(median(numbers))),
        B::Quantile => {
            let (a, b) = (call.known(1)?, call.known(2)?);
            let place = count.checked_mul(a)?.checked_add(b - 1)?.checked_div(b)?;
            Some(call.of_result(nth(numbers, place)))
        }
        B::Highest => {
            let place = (count + 1).checked_sub(call.known(1)?)?;
            Some(call.of_result(nth(numbers, place)))
        }
        _ => None,
    }
}

/// With truth values.
pub(super) fn truths(builtin: Builtin, call: &Call) -> Option<Value> {
    use Builtin as B;
    match builtin {
        B::CountTrue => {
            let count = call.truths(0)?.into_iter().filter(|truth| *truth).count();
            Some(Value::Number(count as i128))
        }
        B::Any => Some(Value::Truth(call.truths(0)?.contains(&true))),
        B::All => Some(Value::Truth(!call.truths(0)?.contains(&false))),
        B::Contains => {
            let (vector, x) = (call.elements(0)?, call.arg(1)?);
            let is = |element: &&Value| {
                let same = binary(crate::hir::BinaryOp::Equal, element, x);
                same.as_ref().and_then(Value::truth) == Some(true)
            };
            Some(Value::Truth(vector.iter().any(|element| is(&element))))
        }
        B::SumWhere | B::MeanWhere => {
            let (numbers, mask) = (call.numbers(0)?, call.truths(1)?);
            if numbers.len() != mask.len() {
                return None;
            }
            let chosen = numbers.into_iter().zip(mask).filter(|(_, truth)| *truth);
            let chosen: Vec<i128> = chosen.map(|(number, _)| number).collect();
            let total = sum(&chosen)?;
            let result = match builtin {
                B::SumWhere => total,
                _ => quotient(total, chosen.len() as i128, scalar(call.ty))?,
            };
            Some(call.of_result(result))
        }
        _ => None,
    }
}

pub(super) fn sum(numbers: &[i128]) -> Option<i128> {
    numbers
        .iter()
        .try_fold(0_i128, |sum, x| sum.checked_add(*x))
}

/// The first place that no other is better than.
fn best(numbers: &[i128], better: impl Fn(i128, i128) -> bool) -> usize {
    let mut best: Option<(usize, i128)> = None;
    for (place, number) in numbers.iter().copied().enumerate() {
        if best.is_none_or(|(_, so_far)| better(number, so_far)) {
            best = Some((place, number));
        }
    }
    best.map_or(0, |(place, _)| place)
}

fn place(place: usize, ty: &Type) -> Value {
    match ty {
        Type::Place(_) => Value::Place(place),
        _ => Value::Number(place as i128),
    }
}

fn top2(numbers: &[i128], call: &Call) -> Option<Value> {
    let Type::Tuple(types) = call.ty else {
        return None;
    };
    let [place_ty, first_ty, second_ty] = &types[..] else {
        return None;
    };
    let top = best(numbers, |new, old| new > old);
    let others = numbers
        .iter()
        .enumerate()
        .filter(|(place, _)| *place != top);
    let second = others.map(|(_, number)| *number).max().unwrap_or(0);
    let first = numbers.get(top).copied().unwrap_or(0);
    let parts = vec![
        place(top, place_ty),
        of_type(first, first_ty),
        of_type(second, second_ty),
    ];
    Some(Value::Tuple(Arc::new(parts)))
}

/// The lower one of two in the middle.
pub(super) fn median(numbers: Vec<i128>) -> i128 {
    let place = (numbers.len() as i128 + 1) / 2;
    nth(numbers, place)
}

/// The value at a place of the sorted numbers, counted from 1; before the first the first.
fn nth(mut numbers: Vec<i128>, place: i128) -> i128 {
    if numbers.is_empty() {
        return 0;
    }
    let last = numbers.len() - 1;
    let place = usize::try_from(place - 1).unwrap_or(0).min(last);
    let (_, found, _) = numbers.select_nth_unstable(place);
    *found
}
