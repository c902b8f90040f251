//! Whether numbers stand in a relation: a comparison with zero of each difference.
//!
//! Masks of up to one tile are made before the numbers are known; longer vectors go tile by tile.

use enigma_field::PrimeField;

use super::build::Builder;
use super::compare::{self, Masks, Want};
use super::error::PlanError;
use super::ir::View;
use super::{statistical, tiles};
use crate::model::Relation;

/// 1 where `a` stands to `b` in the relation, else 0. The difference is `sum of coefficient * view +
/// constant`, so that the right side can be shared or public.
pub(super) fn holds<F: PrimeField>(
    b: &mut Builder<F>,
    relation: Relation,
    difference: &[(F, View)],
    constant: F,
) -> Result<View, PlanError> {
    if statistical::compares(b, Builder::joint_len(difference)) {
        let sign: F = sign(relation);
        let terms: Vec<(F, View)> = difference.iter().map(|&(c, v)| (sign * c, v)).collect();
        let want = match relation {
            Relation::Less | Relation::Greater => Want::Less,
            Relation::Equal => Want::LessAndEqual,
        };
        b.begin();
        let difference = b.linear(&terms, sign * constant);
        return statistical::compared(b, difference, want);
    }
    exactly(b, relation, difference, constant)
}

/// The same for differences anywhere in the field, as elements from -(p-1)/2 to (p-1)/2.
pub(super) fn exactly<F: PrimeField>(
    b: &mut Builder<F>,
    relation: Relation,
    difference: &[(F, View)],
    constant: F,
) -> Result<View, PlanError> {
    let sign: F = sign(relation);
    let terms: Vec<(F, View)> = difference.iter().map(|&(c, v)| (sign * c, v)).collect();
    let rows = Builder::joint_len(&terms);
    let mut prepared = None;
    if rows <= super::TILE {
        prepared = Some(compare::masks(b, rows)?);
        b.verify_masks();
    }
    b.begin();
    let difference = b.linear(&terms, sign * constant);
    if let Some(masks) = prepared {
        return compared(b, relation, difference, masks);
    }
    let mut parts = Vec::new();
    for (first, len) in tiles(rows.into(), super::TILE) {
        let masks = compare::masks(b, len)?;
        b.verify_masks();
        b.begin();
        let part = difference.part(first as u32, len);
        parts.push(compared(b, relation, part, masks)?);
    }
    b.begin();
    Ok(b.concat(&parts))
}

/// Of which the difference is taken to be compared with zero.
fn sign<F: PrimeField>(relation: Relation) -> F {
    match relation {
        Relation::Less | Relation::Equal => F::ONE,
        Relation::Greater => -F::ONE,
    }
}

fn compared<F: PrimeField>(
    b: &mut Builder<F>,
    relation: Relation,
    difference: View,
    masks: Masks,
) -> Result<View, PlanError> {
    match relation {
        Relation::Less | Relation::Greater => compare::is_negative(b, difference, masks),
        Relation::Equal => compare::is_zero(b, difference, masks),
    }
}
