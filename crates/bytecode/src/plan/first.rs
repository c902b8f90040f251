//! The first of a vector in an order, the smallest or the largest, and who holds it.
//!
//! A tournament of neighbours: rows 2k and 2k+1 meet, the later row goes on only if it comes strictly
//! before the other, so among equal ones the earliest row wins on every level and hence in the end.
//! A row without a partner goes on to the next level. Value and member's number of the winner are
//! selected by one batch of products.
//!
//! n rows take n-1 comparisons and n-1 products for the value, n-1 more for the
//! member. Masks are made and verified before, at once, so a level takes 8 rounds: 1 opening, 5 tree,
//! 1 xor, 1 selection; levels of more than a tile make their masks tile by tile, since masks of all
//! rows would take too much memory.

use enigma_field::PrimeField;

use super::build::Builder;
use super::compare::{self, Masks};
use super::error::PlanError;
use super::ir::View;
use super::tiles;
use crate::model::Order;

/// Who is left after some levels.
#[derive(Clone, Copy)]
pub(super) struct Field {
    /// Values, in the order of rows.
    pub(super) values: View,
    /// Members' numbers, if wanted.
    pub(super) members: Option<View>,
}

/// The winner of `field`: one value, and one member's number if they are wanted. Of no rows, zeros.
pub(super) fn first<F: PrimeField>(
    b: &mut Builder<F>,
    field: Field,
    order: Order,
) -> Result<Field, PlanError> {
    let mut field = field;
    if field.values.len == 0 {
        b.begin();
        let zero = b.constant(F::ZERO, 1);
        let members = field.members.map(|_| zero);
        return Ok(Field {
            values: zero,
            members,
        });
    }
    let mut prepared = Vec::new();
    let mut left = field.values.len;
    while left > 1 {
        let pairs = left / 2;
        prepared.push(if pairs <= super::TILE {
            Some(compare::masks(b, pairs)?)
        } else {
            None
        });
        left = left.div_ceil(2);
    }
    b.verify_masks();
    for masks in prepared {
        field = level(b, field, order, masks)?;
    }
    Ok(field)
}

/// One level: half of them, rounded up, are left.
fn level<F: PrimeField>(
    b: &mut Builder<F>,
    field: Field,
    order: Order,
    mut prepared: Option<Masks>,
) -> Result<Field, PlanError> {
    let pairs = field.values.len / 2;
    let (mut values, mut members) = (Vec::new(), Vec::new());
    for (first, len) in tiles(pairs.into(), super::TILE) {
        let masks = match prepared.take() {
            Some(masks) => masks,
            None => {
                let masks = compare::masks(b, len)?;
                b.verify_masks();
                masks
            }
        };
        b.begin();
        let place = 2 * first as u32;
        let tile = Field {
            values: field.values.part(place, 2 * len),
            members: field.members.map(|all| all.part(place, 2 * len)),
        };
        let winners = meet(b, tile, order, masks)?;
        values.push(winners.values);
        members.extend(winners.members);
    }
    if values.len() > 1 {
        // Joining several tiles must not make one of them wait for the others.
        b.begin();
    }
    // The last row, if it has no partner.
    let (rest, odd) = (2 * pairs, field.values.len % 2);
    if odd == 1 {
        values.push(field.values.part(rest, 1));
        members.extend(field.members.map(|all| all.part(rest, 1)));
    }
    let mut joined = |parts: Vec<View>| match parts[..] {
        [only] => only,
        _ => b.concat(&parts),
    };
    Ok(Field {
        values: joined(values),
        members: field.members.map(|_| joined(members)),
    })
}

/// The winners of neighbours.
fn meet<F: PrimeField>(
    b: &mut Builder<F>,
    tile: Field,
    order: Order,
    masks: Masks,
) -> Result<Field, PlanError> {
    let minus_one = -F::ONE;
    let mut sides = |all: View| {
        let (earlier, later) = (b.every_other(all, 0), b.every_other(all, 1));
        let step = b.linear(&[(F::ONE, later), (minus_one, earlier)], F::ZERO);
        (earlier, step)
    };
    let (value, step) = sides(tile.values);
    let member = tile.members.map(&mut sides);
    // The later one wins if it is smaller, or larger, by at least one.
    let lead = match order {
        Order::Ascending => step,
        Order::Descending => b.linear(&[(minus_one, step)], F::ZERO),
    };
    let wins = compare::is_negative(b, lead, masks)?;
    let mut factors = vec![(wins, step)];
    factors.extend(member.map(|(_, step)| (wins, step)));
    let gains = b.multiply(&factors)?;
    let mut moved = |from: View, block: u32| {
        let gain = gains.part(block * wins.len, wins.len);
        b.linear(&[(F::ONE, from), (F::ONE, gain)], F::ZERO)
    };
    Ok(Field {
        values: moved(value, 0),
        members: member.map(|(from, _)| moved(from, 1)),
    })
}
