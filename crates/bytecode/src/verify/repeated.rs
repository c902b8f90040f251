//! Rules of what is done for one account after the other, in loops over members and in conditions: not too much, and on short values.

use super::{LOAD_AT_STEPS, MAX_REPEATED_BYTES};
use crate::model::{Contract, Op, Register};
use crate::ranges::{PublicRange, RangeError, Ranges};

/// How many operations well-formed code does for members, if all of them contribute and every branch is taken.
pub(super) fn steps(contract: &Contract, code: &[Op]) -> u64 {
    let (mut steps, mut members) = (0_u64, 0);
    for op in code {
        match op {
            Op::EachMember { group, .. } => {
                let group = contract.groups.get(usize::from(*group));
                members = group.map_or(0, |group| u64::from(group.max));
                // Each turn takes time, also when nothing is done in it.
                steps = steps.saturating_add(members);
            }
            // In the body there are no other blocks.
            Op::End => members = 0,
            _ => steps = steps.saturating_add(members),
        }
    }
    steps
}

/// How many operations a condition takes for one account.
#[must_use]
pub fn condition_steps(condition: &[Op]) -> u64 {
    let each = |op: &Op| match op {
        Op::LoadAt { .. } => LOAD_AT_STEPS,
        _ => 1,
    };
    condition.iter().map(each).sum()
}

/// Whether well-formed code makes and reads short values only in loops over members.
pub(super) fn bodies_are_short(code: &[Op], ranges: &Ranges) -> Result<(), RangeError> {
    let mut in_body = false;
    for (at, op) in code.iter().enumerate() {
        match op {
            Op::EachMember { .. } => in_body = true,
            Op::End => in_body = false,
            op if in_body && !is_short(op, ranges) => return Err(RangeError::LongValue { op: at }),
            _ => {}
        }
    }
    Ok(())
}

/// Whether a condition makes and reads short values only.
pub(super) fn is_all_short(condition: &[Op], ranges: &Ranges) -> Result<(), RangeError> {
    let long = condition.iter().position(|op| !is_short(op, ranges));
    long.map_or(Ok(()), |op| Err(RangeError::LongValue { op }))
}

fn is_short(op: &Op, ranges: &Ranges) -> bool {
    let mut longest = 0;
    op.clone().each_register(|register, _| {
        if let Register::Public(register) = register
            && let Some(PublicRange::Bytes { most, .. }) = ranges.public(*register)
        {
            longest = longest.max(most);
        }
    });
    longest <= MAX_REPEATED_BYTES
}
