//! Which values are 0, as a fact that every party learns (protocols F.5: open x rho).
//!
//! With rho uniform and known to nobody, x rho is 0 if x is 0 and else uniform over the field without
//! telling more about x. rho is a pseudo-random sharing, right by construction (R1). x rho hides
//! nothing that another product's error could not show, so it is opened only after its batch and all
//! batches that x comes from are verified (R2); then a corrupt party can neither make a 0 look like
//! something else nor the other way round. rho is 0 with probability 1/p, and then x looks like 0.
//!
//! Per value: 1 product, 1 opening; 2 rounds and a verification. Even an aborted run shows which
//! values are 0. For a result that stays hidden see [`super::relation`].

use enigma_field::PrimeField;

use super::build::Builder;
use super::error::PlanError;
use super::ir::{Local, View};
use super::product;

/// 1 for each value that is 0, else 0: public bits, as shares.
pub(super) fn show_zeros<F: PrimeField>(b: &mut Builder<F>, x: View) -> Result<View, PlanError> {
    b.begin();
    let rho = b.random(x.len)?;
    let hidden = product::product(b, x, rho)?;
    let opened = b.open_verified(hidden)?;
    let dst = b.register(x.len);
    b.local(Local::OpenedZero { dst, opened });
    Ok(b.view(dst))
}
