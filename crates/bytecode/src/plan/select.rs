//! Oblivious selection: which of two values goes on is known to nobody.
//!
//! y + b (x - y): 1 product and 1 round per value.

use enigma_field::M61;

use super::build::Builder;
use super::error::PlanError;
use super::ir::View;
use super::product;

/// `then` where the shared bit is 1, `otherwise` where it is 0. All are equally long.
pub(super) fn select(
    b: &mut Builder,
    bit: View,
    then: View,
    otherwise: View,
) -> Result<View, PlanError> {
    b.begin();
    let step = b.linear(&[(M61::ONE, then), (-M61::ONE, otherwise)], M61::ZERO);
    let gain = product::product(b, bit, step)?;
    Ok(b.linear(&[(M61::ONE, otherwise), (M61::ONE, gain)], M61::ZERO))
}
