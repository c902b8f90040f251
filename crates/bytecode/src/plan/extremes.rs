//! The first of a vector in an order, where it is, and the first two.
//!
//! Values lie in |x| < 2^59 (S15). The first, and its place, come from the tournament of
//! [`super::first`]: n - 1 comparisons, n - 1 products for the value and n - 1 for the place; among
//! equal values the lowest place wins.
//!
//! **The first two**: neighbours are put in order, then pairs of (first, second) are merged: the better
//! of two firsts goes on, and second is the better of the other first and the second that stood behind
//! the winner. A row without a neighbour is merged as if it stood before the last possible value. n
//! rows (at least 2) take floor(n/2) comparisons and products for the first level and, for each of
//! ceil(n/2) - 1 merges, 2 comparisons, one after the other, and 3 products.

use enigma_field::PrimeField;

use super::build::Builder;
use super::error::PlanError;
use super::first::{self, Field};
use super::ir::View;
use super::{product, relation};
use crate::interval::Interval;
use crate::model::{Order, Relation};

/// The first of at least one value.
pub(super) fn first<F: PrimeField>(
    b: &mut Builder<F>,
    values: View,
    order: Order,
) -> Result<View, PlanError> {
    b.begin();
    let field = Field {
        values,
        members: None,
    };
    Ok(first::first(b, field, order)?.values)
}

/// Where the first of at least one value is, counted from 0.
pub(super) fn place<F: PrimeField>(
    b: &mut Builder<F>,
    values: View,
    order: Order,
) -> Result<View, PlanError> {
    b.begin();
    let places = b.places(values.len);
    let field = Field {
        values,
        members: Some(places),
    };
    let first = first::first(b, field, order)?;
    Ok(first.members.expect("places go along"))
}

/// The first two of at least two values, in order. `range`: where the values lie.
pub(super) fn first_two<F: PrimeField>(
    b: &mut Builder<F>,
    values: View,
    range: Interval,
    order: Order,
) -> Result<View, PlanError> {
    // Below, larger is better.
    let (sign, worst) = match order {
        Order::Descending => (F::ONE, F::from_i64(range.low)),
        Order::Ascending => (-F::ONE, -F::from_i64(range.high)),
    };
    b.begin();
    let all = b.linear(&[(sign, values)], F::ZERO);
    let paired = all.part(0, values.len / 2 * 2);
    let (x, y) = (b.every_other(paired, 0), b.every_other(paired, 1));
    let first = larger(b, x, y)?;
    let minus = -F::ONE;
    let second = b.linear(&[(F::ONE, x), (F::ONE, y), (minus, first)], F::ZERO);
    let mut best = [first, second];
    if paired.len < all.len {
        let none = b.constant(worst, 1);
        let last = [all.part(paired.len, 1), none];
        best = [0, 1].map(|k| b.concat(&[best[k], last[k]]));
    }
    while best[0].len > 1 {
        let paired = best[0].len / 2 * 2;
        let merged = merge(b, best.map(|column| column.part(0, paired)))?;
        best = if paired < best[0].len {
            [0, 1].map(|k| b.concat(&[merged[k], best[k].part(paired, 1)]))
        } else {
            merged
        };
    }
    let both = b.concat(&best);
    Ok(b.linear(&[(sign, both)], F::ZERO))
}

/// Merges neighbours, each (first, second).
fn merge<F: PrimeField>(b: &mut Builder<F>, pairs: [View; 2]) -> Result<[View; 2], PlanError> {
    let one = F::ONE;
    b.begin();
    let [x, behind_x] = pairs.map(|column| b.every_other(column, 0));
    let [y, behind_y] = pairs.map(|column| b.every_other(column, 1));
    let step = b.linear(&[(one, y), (-one, x)], F::ZERO);
    let step_behind = b.linear(&[(one, behind_y), (-one, behind_x)], F::ZERO);
    let wins = relation::holds(b, Relation::Less, &[(one, x), (-one, y)], F::ZERO)?;
    // Both products in one round.
    let gain = product::product(b, wins, step)?;
    let gain_behind = product::product(b, wins, step_behind)?;
    b.begin();
    let first = b.linear(&[(one, x), (one, gain)], F::ZERO);
    let loser = b.linear(&[(one, y), (-one, gain)], F::ZERO);
    let behind = b.linear(&[(one, behind_x), (one, gain_behind)], F::ZERO);
    let second = larger(b, loser, behind)?;
    Ok([first, second])
}

/// The larger of each x and y.
fn larger<F: PrimeField>(b: &mut Builder<F>, x: View, y: View) -> Result<View, PlanError> {
    let one = F::ONE;
    b.begin();
    let step = b.linear(&[(one, y), (-one, x)], F::ZERO);
    let wins = relation::holds(b, Relation::Less, &[(one, x), (-one, y)], F::ZERO)?;
    let gain = product::product(b, wins, step)?;
    Ok(b.linear(&[(one, x), (one, gain)], F::ZERO))
}
