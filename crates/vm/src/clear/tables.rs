//! Vectors of constant length, cells, keys and joins on plain integers. `None` as in [`super::operations`].

use enigma_bytecode::model::{Op, S};

use super::operations::at;

/// The results of an operation, one vector for each.
pub(super) fn meaning<'a>(op: &Op, of: impl Fn(S) -> Option<&'a [i64]>) -> Option<Vec<Vec<i64>>> {
    if let Op::Bits { a, width, .. } = op {
        let bit = |place: u8| -> Option<Vec<i64>> {
            let bits = of(*a)?
                .iter()
                .map(|x| Some(x.checked_shr(place.into())? & 1));
            bits.collect()
        };
        return (0..*width).map(bit).collect();
    }
    let result = match op {
        Op::Gather { parts, .. } => {
            let scalars = parts.iter().map(|part| match of(*part)? {
                [only] => Some(*only),
                _ => None,
            });
            scalars.collect::<Option<Vec<i64>>>()?
        }
        Op::Element { a, at, .. } => {
            let element = of(*a)?.get(usize::try_from(*at).ok()?);
            vec![element.copied().unwrap_or(0)]
        }
        Op::Lookup { table, index, .. } => {
            let table = of(*table)?;
            let entry = |index: &i64| table.get(usize::try_from(*index).ok()?).copied();
            of(*index)?
                .iter()
                .map(entry)
                .collect::<Option<Vec<i64>>>()?
        }
        Op::Histogram { a, bounds, .. } => {
            let mut counts = vec![0; bounds.len() + 1];
            for x in of(*a)? {
                counts[bounds.partition_point(|bound| bound <= x)] += 1;
            }
            counts
        }
        Op::CountEach { a, len, .. } => {
            let counts = cells(of(*a)?, None, *len)?.into_iter();
            let counts = counts.map(|cell| i64::try_from(cell.len()).ok());
            counts.collect::<Option<Vec<i64>>>()?
        }
        Op::CellSum { keys, a, len, .. } => {
            let sum = |cell: Vec<i64>| {
                let mut values = cell.into_iter();
                values.try_fold(0i64, i64::checked_add)
            };
            let cells = cells(of(*keys)?, Some(of(*a)?), *len)?.into_iter();
            cells.map(sum).collect::<Option<Vec<i64>>>()?
        }
        Op::CellQuantile {
            keys,
            a,
            len,
            numerator,
            denominator,
            ..
        } => {
            let part = (*numerator, *denominator);
            let cells = cells(of(*keys)?, Some(of(*a)?), *len)?.into_iter();
            cells
                .map(|cell| quantile(cell, part))
                .collect::<Option<Vec<i64>>>()?
        }
        Op::EqualKeys { a, b, .. } => {
            let (a, b) = (columns(a, &of)?, columns(b, &of)?);
            let rows = rows(&a).max(rows(&b));
            let equal = (0..rows).map(|row| Some((key(&a, row)? == key(&b, row)?).into()));
            equal.collect::<Option<Vec<i64>>>()?
        }
        Op::Distinct { keys, .. } => {
            let keys = columns(keys, &of)?;
            let keys: Vec<Vec<i64>> = (0..rows(&keys))
                .map(|row| key(&keys, row))
                .collect::<Option<_>>()?;
            let first = |row: usize| i64::from(!keys[..row].contains(&keys[row]));
            (0..keys.len()).map(first).collect()
        }
        Op::Join {
            left,
            right,
            valid,
            columns: brought,
            ..
        } => {
            let (left, right) = (columns(left, &of)?, columns(right, &of)?);
            let (valid, brought) = (of(*valid)?, columns(brought, &of)?);
            return join(&left, &right, valid, &brought);
        }
        _ => return None,
    };
    Some(vec![result])
}

/// The values of each cell; the keys themselves where no column is given.
fn cells(keys: &[i64], column: Option<&[i64]>, len: u32) -> Option<Vec<Vec<i64>>> {
    let mut cells = vec![Vec::new(); usize::try_from(len).ok()?];
    for (row, key) in keys.iter().enumerate() {
        let cell = usize::try_from(*key)
            .ok()
            .and_then(|key| cells.get_mut(key));
        if let Some(cell) = cell {
            cell.push(column.map_or(Some(*key), |column| at(column, row))?);
        }
    }
    Some(cells)
}

fn quantile(mut cell: Vec<i64>, (numerator, denominator): (u32, u32)) -> Option<i64> {
    cell.sort_unstable();
    let position = u64::try_from(cell.len()).ok()? * u64::from(numerator);
    let position = position.div_ceil(u64::from(denominator).max(1)).max(1);
    let place = usize::try_from(position).ok()? - 1;
    if cell.is_empty() {
        Some(0)
    } else {
        cell.get(place).copied()
    }
}

fn columns<'a>(registers: &[S], of: impl Fn(S) -> Option<&'a [i64]>) -> Option<Vec<&'a [i64]>> {
    registers.iter().map(|register| of(*register)).collect()
}

/// How many rows columns have: single elements are repeated.
fn rows(columns: &[&[i64]]) -> usize {
    super::operations::joint_len(columns)
}

fn key(columns: &[&[i64]], row: usize) -> Option<Vec<i64>> {
    columns.iter().map(|column| at(column, row)).collect()
}

fn join(
    left: &[&[i64]],
    right: &[&[i64]],
    valid: &[i64],
    brought: &[&[i64]],
) -> Option<Vec<Vec<i64>>> {
    let mut results = vec![Vec::new(); 1 + brought.len()];
    for row in 0..rows(left) {
        let wanted = key(left, row)?;
        let mut found = None;
        for other in 0..rows(right) {
            if at(valid, other)? == 1 && key(right, other)? == wanted {
                found = Some(other);
            }
        }
        results[0].push(found.is_some().into());
        for (result, column) in results[1..].iter_mut().zip(brought) {
            result.push(match found {
                Some(other) => at(column, other)?,
                None => 0,
            });
        }
    }
    Some(results)
}
