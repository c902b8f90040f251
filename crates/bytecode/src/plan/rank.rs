//! Ranks with ties (decisions 8): each of the n(n-1)/2 pairs is compared once; [x_i < x_j] and
//! [x_i = x_j] tell both rows who comes before whom. Pairs go in tiles of equal size; a tile's
//! comparisons are summed per row locally, so that only one vector per tile stays.

use enigma_field::PrimeField;

use super::build::Builder;
use super::compare::{self, Masks};
use super::error::PlanError;
use super::ir::{Local, View};
use super::tiles;
use crate::model::Order;

/// 1 + how many elements come strictly before, for each element of `values`.
pub(super) fn rank<F: PrimeField>(
    b: &mut Builder<F>,
    values: View,
    order: Order,
) -> Result<View, PlanError> {
    count_before(b, values, order, compare::sign)
}

/// 1 + how many elements come before in ascending order, for each element of `values`; among equal
/// ones the lower place comes first, so that no two have the same position. Each pair is compared once,
/// and equality need not be known.
pub(super) fn positions<F: PrimeField>(
    b: &mut Builder<F>,
    values: View,
) -> Result<View, PlanError> {
    // Of which x_i is counted behind x_j where `less` is 1, else x_j behind x_i.
    count_before(b, values, Order::Descending, |b, difference, masks| {
        // Of a pair i < j, x_j comes first only if it is smaller.
        let later = b.linear(&[(-F::ONE, difference)], F::ZERO);
        let less = compare::is_negative(b, later, masks)?;
        let equal = b.constant(F::ZERO, difference.len);
        Ok((less, equal))
    })
}

/// How many rows before each are equal to it in all columns.
pub(super) fn earlier_equals<F: PrimeField>(
    b: &mut Builder<F>,
    columns: &[View],
) -> Result<View, PlanError> {
    let rows = columns[0].len;
    let mut counts = Vec::new();
    for (first, len) in tiles(pairs(rows), super::TILE) {
        let masks: Result<Vec<Masks>, _> = columns.iter().map(|_| compare::masks(b, len)).collect();
        let masks = masks?;
        b.verify_masks();
        b.begin();
        let mut all_equal: Option<View> = None;
        for (&src, masks) in columns.iter().zip(masks) {
            let dst = b.register(len);
            b.local(Local::PairDifferences { dst, src, first });
            let equal = compare::is_zero(b, b.view(dst), masks)?;
            all_equal = Some(match all_equal {
                Some(others) => b.multiply(&[(others, equal)])?,
                None => equal,
            });
        }
        let less = all_equal.expect("there is a column");
        // An equal pair counts the earlier row before the later one, another pair counts none.
        let equal = b.linear(&[(-F::ONE, less)], F::ONE);
        let dst = b.register(rows);
        b.local(Local::RankCounts {
            dst,
            less,
            equal,
            first,
            order: Order::Ascending,
        });
        counts.push((F::ONE, b.view(dst)));
    }
    b.begin();
    Ok(b.linear(&counts, F::ZERO))
}

/// 1 + how many elements come before each, where `less_and_equal` tells of x_i - x_j for all pairs i < j
/// whether x_i is the smaller, and whether they are equal.
fn count_before<F: PrimeField>(
    b: &mut Builder<F>,
    values: View,
    order: Order,
    less_and_equal: impl Fn(&mut Builder<F>, View, Masks) -> Result<(View, View), PlanError>,
) -> Result<View, PlanError> {
    let rows = values.len;
    if rows < 2 {
        b.begin();
        return Ok(b.constant(F::ONE, rows));
    }
    let mut counts = Vec::new();
    for (first, len) in tiles(pairs(rows), super::TILE) {
        let masks = compare::masks(b, len)?;
        b.verify_masks();
        b.begin();
        let difference = b.register(len);
        b.local(Local::PairDifferences {
            dst: difference,
            src: values,
            first,
        });
        let (less, equal) = less_and_equal(b, b.view(difference), masks)?;
        let dst = b.register(rows);
        b.local(Local::RankCounts {
            dst,
            less,
            equal,
            first,
            order,
        });
        counts.push((F::ONE, b.view(dst)));
    }
    b.begin();
    Ok(b.linear(&counts, F::ONE))
}

fn pairs(rows: u32) -> u64 {
    u64::from(rows) * u64::from(rows - 1) / 2
}
