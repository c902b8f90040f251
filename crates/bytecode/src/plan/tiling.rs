//! Long vectors, some rows at a time.

use enigma_field::PrimeField;

use super::build::Builder;
use super::error::PlanError;
use super::ir::View;
use super::tiles;

/// A result of `blocks` blocks of `rows` elements, made at most `most` rows at a time: `tile(first,
/// len)` gives the blocks of `len` rows from `first` on, and begins its own strands.
pub(super) fn by_rows<F: PrimeField>(
    b: &mut Builder<F>,
    rows: u32,
    blocks: u32,
    most: u32,
    mut tile: impl FnMut(&mut Builder<F>, u32, u32) -> Result<View, PlanError>,
) -> Result<View, PlanError> {
    let mut parts = Vec::new();
    for (first, len) in tiles(rows.into(), most.max(1)) {
        parts.push((len, tile(b, first as u32, len)?));
    }
    if let [(_, only)] = parts[..] {
        return Ok(only);
    }
    // Joining several tiles must not make one of them wait for the others.
    b.begin();
    let all: Vec<View> = (0..blocks)
        .flat_map(|block| {
            let parts = parts.iter();
            parts.map(move |(len, part)| part.part(block * len, *len))
        })
        .collect();
    Ok(b.concat(&all))
}
