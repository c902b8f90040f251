//! Counts and order statistics of a shared vector of n rows.
//!
//! - **Histogram** over m public bounds: n m comparisons in one layer; counts are local.
//! - **Count of each small value** from 0 to m - 1: the one-hots of [`super::lookup`], summed; cheaper
//!   than m bounds from m = 3 on.
//! - **Quantile**: positions from n(n-1)/2 comparisons, then n equalities with the public position
//!   wanted and one dot product. That grows with the square of n; for long vectors a sort by shuffling
//!   takes its place, and this one stays for short ones.

use enigma_field::PrimeField;

use super::build::Builder;
use super::error::PlanError;
use super::ir::View;
use super::{lookup, rank, relation, tiles};
use crate::model::Relation;

/// Most public bounds of a histogram.
pub(super) const MOST_BOUNDS: usize = 1 << 10;

/// How many values lie below the first bound, from each bound up to the next, and from the last one
/// on. Bounds ascend strictly; there are from 1 to [`MOST_BOUNDS`].
pub(super) fn histogram<F: PrimeField>(
    b: &mut Builder<F>,
    values: View,
    bounds: &[i64],
) -> Result<View, PlanError> {
    let m = bounds.len() as u32;
    let distances: Vec<_> = bounds
        .iter()
        .map(|&bound| (F::ONE, -F::from_i64(bound)))
        .collect();
    let mut below = Vec::new();
    for (first, len) in tiles(values.len.into(), super::TILE / m) {
        b.begin();
        let distances = b.blocks(values.part(first as u32, len), distances.clone());
        let difference = [(F::ONE, distances)];
        let less = relation::holds(b, Relation::Less, &difference, F::ZERO)?;
        below.push((F::ONE, block_sums(b, less, m)));
    }
    b.begin();
    let below = b.linear(&below, F::ZERO);
    let least = below.part(0, 1);
    let last = b.linear(
        &[(-F::ONE, below.part(m - 1, 1))],
        F::from_u64(values.len.into()),
    );
    if m == 1 {
        return Ok(b.concat(&[least, last]));
    }
    let (upper, lower) = (below.part(1, m - 1), below.part(0, m - 1));
    let between = b.linear(&[(F::ONE, upper), (-F::ONE, lower)], F::ZERO);
    Ok(b.concat(&[least, between, last]))
}

/// How often each number from 0 to `len` - 1 occurs; all values are among them.
pub(super) fn count_each<F: PrimeField>(
    b: &mut Builder<F>,
    values: View,
    len: u32,
) -> Result<View, PlanError> {
    let mut counts = Vec::new();
    for (first, rows) in tiles(values.len.into(), lookup::rows(len)) {
        let hot = lookup::one_hots(b, values.part(first as u32, rows), len)?;
        counts.push((F::ONE, block_sums(b, hot, len)));
    }
    b.begin();
    Ok(b.linear(&counts, F::ZERO))
}

/// The value at a position of the sorted vector, counted from 1: `position` is from 1 to the length.
pub(super) fn quantile<F: PrimeField>(
    b: &mut Builder<F>,
    values: View,
    position: u32,
) -> Result<View, PlanError> {
    let positions = rank::positions(b, values)?;
    let distance = [(F::ONE, positions)];
    let wanted = -F::from_u64(position.into());
    let hot = relation::holds(b, Relation::Equal, &distance, wanted)?;
    b.matrix_product((values, hot), [1, values.len, 1])
}

/// The sum of each of `count` blocks, in the current strand.
pub(super) fn block_sums<F: PrimeField>(b: &mut Builder<F>, blocks: View, count: u32) -> View {
    let n = blocks.len / count;
    if n == 1 {
        return blocks;
    }
    let sums: Vec<View> = (0..count)
        .map(|block| b.sum(blocks.part(block * n, n)))
        .collect();
    b.concat(&sums)
}
