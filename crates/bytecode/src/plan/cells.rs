//! Order statistics of hidden cells: rows grouped by a shared key over few values, given by its one-hots.
//!
//! Rows are sorted once, by (cell, value); then the cells are runs. Where each begins follows from the counts,
//! which are local, and so does the place wanted in it: for a quantile numerator/denominator of c rows the
//! position ceil(c numerator / denominator), 1 to c. The sorted column is read at these places
//! ([`super::lookup`]), which stay hidden. An empty cell reads place 0, and gives 0. Nothing is opened but
//! what the sort opens and masked differences: neither counts nor places become known.
//!
//! For n rows in g cells: the sort by the bits of value and cell ([`super::sort`]); the cell's bits are sums of
//! one-hots. For each cell 1 division by the public denominator, 1 comparison, 2 products, 1 reading of a table
//! of n entries.

use enigma_field::PrimeField;

use super::build::Builder;
use super::error::PlanError;
use super::gate::Rounding;
use super::ir::View;
use super::{bits, division, lookup, product, relation, sort, statistics};
use crate::interval::{Interval, Wide};
use crate::model::Relation;

/// Largest denominator of a quantile.
pub(super) const MOST_PARTS: u32 = 1000;

/// The quantile of each cell. `hots`: one block for each cell; `range`: where the column's values lie.
pub(super) fn quantiles<F: PrimeField>(
    b: &mut Builder<F>,
    hots: View,
    (column, range): (View, Interval),
    (numerator, denominator): (u32, u32),
) -> Result<View, PlanError> {
    let (rows, cells) = (column.len, hots.len / column.len);
    let sorted = sorted_by_cells(b, hots, column, range)?;

    b.begin();
    let one = F::ONE;
    let counts = statistics::block_sums(b, hots, cells);
    let up_to = b.prefix_sums(counts);
    let scaled = b.linear(
        &[(F::from_u64(numerator.into()), counts)],
        F::from_u64((denominator - 1).into()),
    );
    let scaled_range = Wide {
        low: 0,
        high: i128::from(rows) * i128::from(numerator) + i128::from(denominator),
    };
    let occupied = relation::holds(b, Relation::Greater, &[(one, counts)], F::ZERO)?;
    let (toward_zero, denominator) = (Rounding::TowardZero, denominator.into());
    let position = division::divide(b, scaled, scaled_range, denominator, toward_zero)?;

    b.begin();
    let terms = [(one, up_to), (-one, counts), (one, position)];
    let place = b.linear(&terms, -one);
    let place = product::product(b, place, occupied)?;
    let found = lookup::shared_table(b, place, sorted)?;
    product::product(b, found, occupied)
}

/// The column in the order of (cell, value).
fn sorted_by_cells<F: PrimeField>(
    b: &mut Builder<F>,
    hots: View,
    column: View,
    range: Interval,
) -> Result<View, PlanError> {
    let (rows, cells) = (column.len, hots.len / column.len);
    b.begin();
    let numbers = b.linear(&[(F::ONE, column)], -F::from_i64(range.low));
    let mut width = sort::width(range);
    let of_values = bits::decompose(b, numbers, width)?;
    b.begin();
    let mut all = vec![of_values];
    for bit in 0..cells.next_power_of_two().ilog2() {
        let weight = |cell: u32| {
            if cell >> bit & 1 == 1 {
                F::ONE
            } else {
                F::ZERO
            }
        };
        all.push(b.fold(hots, (0..cells).map(weight).collect()));
        width += 1;
    }
    let all = b.concat(&all);
    debug_assert_eq!(all.len, width * rows);
    let order = sort::by_digits(b, all, width)?;
    Ok(order.apply(b, &[column])?[0])
}
