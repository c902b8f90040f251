//! Arithmetic of numbers in fixed point: x stands for x / 2^f. All results are exact and rounded to the nearest
//! integer, halves up, so that every committee and the interpreter agree bit by bit.
//!
//! - **Products and inner products**: the exact sum of products, cut once ([`super::truncation`]): 1 product and 1
//!   cut for each result, however long the vectors are. The cut may take a value up to a quarter of the field.
//! - **Absolute value, smaller, larger**: 1 comparison and 1 product. **Clamping** to public bounds: both
//!   comparisons in one layer, 2 products; bounds that no value passes cost nothing.
//!
//! Quotients are [`super::quotient`]s of a 2^f by b, roots are [`super::root`]s of a 2^f.

use enigma_field::PrimeField;

use super::build::Builder;
use super::error::PlanError;
use super::ir::View;
use super::{product, relation, select, truncation};
use crate::interval::{Interval, Wide};
use crate::model::Relation;

/// `x / 2^bits`, to the nearest. `range`: where x lies, below a quarter of the field.
pub(super) fn cut<F: PrimeField>(
    b: &mut Builder<F>,
    x: View,
    range: Wide,
    bits: u32,
) -> Result<View, PlanError> {
    if bits == 0 {
        return Ok(x);
    }
    b.begin();
    let raised = b.linear(&[(F::ONE, x)], F::from_i128(half(bits)));
    truncation::truncate(b, raised, range.plus(exactly(half(bits))), bits)
}

/// Where [`cut`] takes a range.
pub(super) fn cut_range(range: Wide, bits: u32) -> Wide {
    let end = |x: i128| (x + half(bits)) >> bits;
    Wide {
        low: end(range.low),
        high: end(range.high),
    }
}

fn half(bits: u32) -> i128 {
    if bits == 0 { 0 } else { 1 << (bits - 1) }
}

fn exactly(value: i128) -> Wide {
    Wide {
        low: value,
        high: value,
    }
}

/// The sum of all products, in a strand of its own.
pub(super) fn dot<F: PrimeField>(b: &mut Builder<F>, x: View, y: View) -> Result<View, PlanError> {
    b.begin();
    b.matrix_product((x, y), [1, x.len, 1])
}

/// |x|.
pub(super) fn absolute<F: PrimeField>(b: &mut Builder<F>, x: View) -> Result<View, PlanError> {
    let negative = relation::holds(b, Relation::Less, &[(F::ONE, x)], F::ZERO)?;
    let turned = product::product(b, x, negative)?;
    b.begin();
    Ok(b.linear(&[(F::ONE, x), (F::from_i64(-2), turned)], F::ZERO))
}

/// The smaller of x and y, or the larger: the one that stands in the relation to the other.
pub(super) fn better<F: PrimeField>(
    b: &mut Builder<F>,
    relation: Relation,
    x: View,
    y: View,
) -> Result<View, PlanError> {
    let wins = relation::holds(b, relation, &[(F::ONE, x), (-F::ONE, y)], F::ZERO)?;
    select::select(b, wins, x, y)
}

/// x, or the bound that it passes. `range`: where x lies.
pub(super) fn clamp<F: PrimeField>(
    b: &mut Builder<F>,
    x: View,
    range: Wide,
    bounds: Interval,
) -> Result<View, PlanError> {
    let mut ends = Vec::new();
    if range.low < bounds.low.into() {
        ends.push((Relation::Less, bounds.low));
    }
    if range.high > bounds.high.into() {
        ends.push((Relation::Greater, bounds.high));
    }
    let mut passed = Vec::new();
    for (relation, bound) in ends {
        let bound = F::from_i64(bound);
        let difference = [(F::ONE, x)];
        // A value of 64 bits can be compared under shorter masks.
        let beyond = if range.narrow_to(1 << 62).is_some() {
            relation::holds(b, relation, &difference, -bound)?
        } else {
            relation::exactly(b, relation, &difference, -bound)?
        };
        b.begin();
        let step = b.linear(&[(-F::ONE, x)], bound);
        passed.push((F::ONE, product::product(b, beyond, step)?));
    }
    if passed.is_empty() {
        return Ok(x);
    }
    b.begin();
    passed.push((F::ONE, x));
    Ok(b.linear(&passed, F::ZERO))
}
