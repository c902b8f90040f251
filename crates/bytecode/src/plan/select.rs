//! Oblivious selection: which of two values goes on is known to nobody.
//!
//! y + b (x - y): 1 product and 1 round per value.

use enigma_field::PrimeField;

use super::build::Builder;
use super::error::PlanError;
use super::ir::View;
use super::product;

/// `then` where the shared bit is 1, `otherwise` where it is 0. All are equally long.
pub(super) fn select<F: PrimeField>(
    b: &mut Builder<F>,
    bit: View,
    then: View,
    otherwise: View,
) -> Result<View, PlanError> {
    b.begin();
    let step = b.linear(&[(F::ONE, then), (-F::ONE, otherwise)], F::ZERO);
    let gain = product::product(b, bit, step)?;
    Ok(b.linear(&[(F::ONE, otherwise), (F::ONE, gain)], F::ZERO))
}
