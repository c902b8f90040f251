//! Whole vectors in another order, and sums up to each element, on plain integers. `None` as in [`super::operations`].

use enigma_bytecode::model::{Op, Order, S};
use enigma_bytecode::ranges::MAX_LEN;

/// The results of an operation, one vector for each.
pub(super) fn meaning<'a>(op: &Op, of: impl Fn(S) -> Option<&'a [i64]>) -> Option<Vec<Vec<i64>>> {
    match op {
        Op::Sort {
            keys,
            order,
            columns,
            ..
        } => {
            let keys = of(*keys)?;
            let mut rows: Vec<usize> = (0..keys.len()).collect();
            rows.sort_by(|a, b| match order {
                Order::Ascending => keys[*a].cmp(&keys[*b]),
                Order::Descending => keys[*b].cmp(&keys[*a]),
            });
            columns
                .iter()
                .map(|column| taken(of(*column)?, &rows))
                .collect()
        }
        Op::Top { a, len, .. } => {
            let len = usize::try_from(*len)
                .ok()
                .filter(|len| *len <= MAX_LEN as usize)?;
            let mut largest = of(*a)?.to_vec();
            largest.sort_unstable_by(|x, y| y.cmp(x));
            largest.resize(len, 0);
            Some(vec![largest])
        }
        Op::PrefixSums { a, .. } => {
            let mut sum = 0i64;
            let sums = of(*a)?.iter().map(|x| {
                sum = sum.checked_add(*x)?;
                Some(sum)
            });
            Some(vec![sums.collect::<Option<_>>()?])
        }
        _ => None,
    }
}

/// Columns in one order, each row equally often at each place; where `draw` gives zeros, in theirs. `draw`: a uniform number
/// below its argument.
pub(super) fn shuffled<'a>(
    columns: &[S],
    of: impl Fn(S) -> Option<&'a [i64]>,
    mut draw: impl FnMut(u64) -> u64,
) -> Option<Vec<Vec<i64>>> {
    let mut rows: Vec<usize> = (0..of(*columns.first()?)?.len()).collect();
    for last in (1..rows.len()).rev() {
        let back = usize::try_from(draw(u64::try_from(last).ok()? + 1)).ok()?;
        rows.swap(last, last.checked_sub(back)?);
    }
    let columns = columns.iter();
    columns.map(|column| taken(of(*column)?, &rows)).collect()
}

/// The elements at these places.
fn taken(column: &[i64], places: &[usize]) -> Option<Vec<i64>> {
    places.iter().map(|at| column.get(*at).copied()).collect()
}
