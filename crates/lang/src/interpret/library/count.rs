//! Counts and cells.

use super::{Call, inner, of_type, quotient, reduce};
use crate::hir::Builtin;
use crate::value::Value;

/// `histogram()` of names, or `histogram(edges)` of numbers.
pub(super) fn histogram(call: &Call) -> Option<Value> {
    let counts = match call.arg(1) {
        None => places(call)?.into_iter().try_fold(
            vec![0_i128; call.variants(0)?],
            |mut counts, place| {
                *counts.get_mut(place)? += 1;
                Some(counts)
            },
        )?,
        Some(_) => {
            let (numbers, edges) = (call.numbers(0)?, call.numbers(1)?);
            let mut counts = vec![0_i128; edges.len() + 1];
            for number in numbers {
                // Ascending edges: so many of them lie at or below the number.
                let cell = edges.partition_point(|edge| *edge <= number);
                *counts.get_mut(cell)? += 1;
            }
            counts
        }
    };
    Some(Value::list(counts.into_iter().map(Value::Number).collect()))
}

/// The cell of each row.
fn places(call: &Call) -> Option<Vec<usize>> {
    let place = |key: &Value| match key {
        Value::Variant { place, .. } => usize::try_from(*place).ok(),
        _ => None,
    };
    call.elements(0)?.iter().map(place).collect()
}

/// One value per name of the keys' enumeration.
pub(super) fn cells(builtin: Builtin, call: &Call) -> Option<Value> {
    use Builtin as B;
    if builtin == B::CellCount {
        return histogram(call);
    }
    let mut cells: Vec<Vec<i128>> = vec![Vec::new(); call.variants(0)?];
    let (places, numbers) = (places(call)?, call.numbers(1)?);
    if places.len() != numbers.len() {
        return None;
    }
    for (place, number) in places.into_iter().zip(numbers) {
        cells.get_mut(place)?.push(number);
    }
    let ty = inner(call.ty);
    let result = |cell: Vec<i128>| {
        let number = match builtin {
            B::CellSum => reduce::sum(&cell)?,
            B::CellMean => quotient(reduce::sum(&cell)?, cell.len() as i128, ty)?,
            B::CellMedian => reduce::median(cell),
            B::CellMin => cell.into_iter().min().unwrap_or(0),
            B::CellMax => cell.into_iter().max().unwrap_or(0),
            _ => return None,
        };
        Some(of_type(number, ty))
    };
    let results: Option<Vec<Value>> = cells.into_iter().map(result).collect();
    results.map(Value::list)
}
