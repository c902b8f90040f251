//! Input validity (decisions 15): which rows of a collection lie in its declared range.
//!
//! Both comparisons of a row, [x < low] and [high < x], are made in one layer; valid =
//! (1 - [x < low]) (1 - [high < x]) is opened. It is a product, and not 1 minus both bits, because
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

/// Opens one validity bit for each row.
pub(super) fn check_rows<F: PrimeField>(
    b: &mut Builder<F>,
    collection: u16,
    rows: View,
    low: i64,
    high: i64,
) -> Result<(), PlanError> {
    let mut parts = Vec::new();
    for (first, len) in tiles(u64::from(rows.len), super::TILE / 2) {
        let masks = compare::masks(b, 2 * len)?;
        b.verify_masks();
        b.begin();
        let distances = b.blocks(
            rows.part(first as u32, len),
            vec![(F::ONE, -F::from_i64(low)), (-F::ONE, F::from_i64(high))],
        );
        let outside = compare::is_negative(b, distances, masks)?;
        let (below, above) = (outside.part(0, len), outside.part(len, len));
        let both = b.multiply(&[(below, above)])?;
        parts.push(b.linear(
            &[(-F::ONE, below), (-F::ONE, above), (F::ONE, both)],
            F::ONE,
        ));
    }
    if parts.is_empty() {
        return Ok(());
    }
    b.begin();
    let valid = b.concat(&parts);
    let bits = b.open_verified(valid)?;
    b.opened_rows(collection, bits);
    Ok(())
}
