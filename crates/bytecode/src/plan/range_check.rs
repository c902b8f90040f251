//! Input validity (decisions 15): which rows lie in the declared ranges of all their columns.
//!
//! Both comparisons of a value, [x < low] and [high < x], are made in one layer with those of the row's other
//! columns; valid = (1 - [x < low]) (1 - [high < x]), and a row is valid if all its columns are: one product for each
//! column, and one fewer for the row. The bit is opened. It is a product, and not 1 minus both bits, because
//! a dishonest owner may deal any field element: far outside the range both bits can be 1 and the
//! difference would be -1, a value that tells more than "invalid". The product of two bits is a
//! bit whatever was dealt.
//!
//! No field element passes that is not in the range: u = x - low and w = high - low satisfy
//! 0 <= w < p/2; if u is in the lower half of the field but above w, w - u is in the upper half.

use enigma_field::PrimeField;

use super::build::Builder;
use super::compare;
use super::error::PlanError;
use super::ir::View;
use super::tiles;
use crate::interval::Interval;

/// One validity bit for each row, in a new strand. The columns, at least one, are equally long.
pub(super) fn valid_rows<F: PrimeField>(
    b: &mut Builder<F>,
    columns: &[(View, Interval)],
) -> Result<View, PlanError> {
    let rows = columns.first().map_or(0, |(column, _)| column.len);
    let most = (super::TILE / 2 / columns.len().max(1) as u32).max(1);
    let mut parts = Vec::new();
    for (first, len) in tiles(u64::from(rows), most) {
        let masks = compare::masks(b, 2 * len * columns.len() as u32)?;
        b.verify_masks();
        b.begin();
        let distances: Vec<View> = columns
            .iter()
            .map(|(column, range)| {
                let ends = [
                    (F::ONE, -F::from_i64(range.low)),
                    (-F::ONE, F::from_i64(range.high)),
                ];
                b.blocks(column.part(first as u32, len), ends.to_vec())
            })
            .collect();
        let distances = match distances[..] {
            [only] => only,
            _ => b.concat(&distances),
        };
        let outside = compare::is_negative(b, distances, masks)?;
        parts.push(all_inside(b, outside, len)?);
    }
    b.begin();
    Ok(b.concat(&parts))
}

/// Of blocks of bits, below and above for each column: where none is set.
fn all_inside<F: PrimeField>(
    b: &mut Builder<F>,
    outside: View,
    len: u32,
) -> Result<View, PlanError> {
    let block = |at: u32| outside.part(at * len, len);
    let pairs: Vec<(View, View)> = (0..outside.len / len)
        .step_by(2)
        .map(|at| (block(at), block(at + 1)))
        .collect();
    let both = b.multiply(&pairs)?;
    let mut valid = Vec::new();
    for (at, (below, above)) in (0..).zip(pairs) {
        let both = both.part(at * len, len);
        let terms = [(-F::ONE, below), (-F::ONE, above), (F::ONE, both)];
        valid.push(b.linear(&terms, F::ONE));
    }
    while valid.len() > 1 {
        let pairs = valid.chunks_exact(2).map(|pair| (pair[0], pair[1]));
        let products = b.multiply(&pairs.collect::<Vec<_>>())?;
        let odd = valid.chunks_exact(2).remainder().to_vec();
        let joined = (0..products.len / len).map(|at| products.part(at * len, len));
        valid = joined.chain(odd).collect();
    }
    Ok(valid[0])
}
