//! Element-wise products. A long vector goes in tiles, so that one tile travels while the next is
//! multiplied.

use enigma_field::PrimeField;

use super::build::Builder;
use super::error::PlanError;
use super::ir::View;
use super::tiles;

/// The products of `x` and `y`, which are equally long.
pub(super) fn product<F: PrimeField>(
    b: &mut Builder<F>,
    x: View,
    y: View,
) -> Result<View, PlanError> {
    if x.len <= super::TILE {
        b.begin();
        return b.multiply(&[(x, y)]);
    }
    let mut parts = Vec::new();
    for (first, len) in tiles(u64::from(x.len), super::TILE) {
        let first = first as u32;
        b.begin();
        parts.push(b.multiply(&[(x.part(first, len), y.part(first, len))])?);
    }
    b.begin();
    Ok(b.concat(&parts))
}
