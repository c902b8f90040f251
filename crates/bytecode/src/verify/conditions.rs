//! Rules of conditions of declarations: code that looks at what its condition is about, and at nothing else.

use super::{MAX_ACCESS_STEPS, MAX_MEMBER_STEPS, VerifyError, condition_steps, repeated};
use crate::model::{Collection, Contract, Op, Store};
use crate::ranges::{self, Extent, RangeError, SecretRange};

/// Every condition of a contract whose declarations are valid.
pub(super) fn check(contract: &Contract) -> Result<(), VerifyError> {
    (0..contract.groups.len()).try_for_each(|group| admission(contract, group))?;
    (0..contract.collections.len()).try_for_each(|collection| row_check(contract, collection))?;
    (0..contract.slots.len()).try_for_each(|slot| access(contract, slot))
}

/// Whether a condition, as the one entry of a contract, only reads the ledger and ends with its one `Require`.
fn reads_the_ledger(condition: &Contract) -> bool {
    let code = condition.entries.first().map_or(&[][..], |e| &e.code);
    let Some((Op::Require { why, .. }, reads)) = code.split_last() else {
        return false;
    };
    let is_read = |op: &Op| match op {
        Op::Rows { .. } | Op::Store { .. } => false,
        Op::Load { slot, .. } | Op::LoadAt { slot, .. } => condition.is_in(*slot, Store::Ledger),
        Op::Param { .. } | Op::If { .. } | Op::Else | Op::End | Op::MergePublic { .. } => true,
        op => op.may_stand_in_a_body(),
    };
    why.is_empty() && reads.iter().all(is_read)
}

/// How many operations a condition takes.
fn steps(condition: &Contract) -> u64 {
    let code = condition.entries.first().map_or(&[][..], |e| &e.code);
    condition_steps(code)
}

/// Whether a condition is well formed, and short whatever it reads.
fn is_sound(condition: &Contract) -> Result<(), RangeError> {
    let ranges = ranges::declared(condition, 0)?;
    let code = condition.entries.first().map_or(&[][..], |e| &e.code);
    repeated::is_all_short(code, &ranges)
}

/// Who belongs to a group depends on the ledger and on who is asked about, and on nothing else. It has no parameters.
fn admission(contract: &Contract, group: usize) -> Result<(), VerifyError> {
    let Some(admission) = contract.admission(group) else {
        return Ok(());
    };
    if !reads_the_ledger(&admission) {
        return Err(VerifyError::BadAdmission { group });
    }
    let members = contract.groups.get(group).map_or(0, |group| group.max);
    if u64::from(members).saturating_mul(steps(&admission)) > MAX_MEMBER_STEPS {
        return Err(VerifyError::LongAdmission { group });
    }
    is_sound(&admission).map_err(|error| VerifyError::AdmissionCode { group, error })
}

/// Who may read a slot depends on the ledger, on who asks and on the key, and on nothing else.
fn access(contract: &Contract, slot: usize) -> Result<(), VerifyError> {
    let Some(access) = contract.access(slot) else {
        return Ok(());
    };
    if !reads_the_ledger(&access) || steps(&access) > MAX_ACCESS_STEPS {
        return Err(VerifyError::BadAccess { slot });
    }
    is_sound(&access).map_err(|error| VerifyError::AccessCode { slot, error })
}

/// Whether a row counts depends on the row, and on nothing else.
fn row_check(contract: &Contract, collection: usize) -> Result<(), VerifyError> {
    let Some(check) = contract.row_check(collection) else {
        return Ok(());
    };
    let bad = Err(VerifyError::BadRowCheck { collection });
    let code = check.entries.first().map_or(&[][..], |e| &e.code);
    let Some((
        Op::Out {
            reveal: 0,
            values,
            counts,
            public: None,
        },
        computed,
    )) = code.split_last()
    else {
        return bad;
    };
    let is_own = |op: &Op| match op {
        Op::Input { collection: of, .. } => usize::from(*of) == collection,
        Op::Const { .. }
        | Op::ConstBytes { .. }
        | Op::Public { .. }
        | Op::Choose { .. }
        | Op::Hide { .. } => true,
        // There are no branches.
        Op::Merge { .. } => false,
        op => op.is_element_wise(),
    };
    let ([valid], true) = (
        &values[..],
        counts.is_empty() && computed.iter().all(is_own),
    ) else {
        return bad;
    };
    let ranges = ranges::declared(&check, 0);
    let ranges = ranges.map_err(|error| VerifyError::RowCheckCode { collection, error })?;
    let single = check
        .collections
        .get(collection)
        .is_some_and(Collection::is_single);
    let own = match u16::try_from(collection) {
        Ok(collection) if !single => Extent::Over(collection),
        _ => Extent::Scalar,
    };
    let is_bit = |found: SecretRange| {
        found.extent == own && found.interval.low >= 0 && found.interval.high <= 1
    };
    match ranges.secret(*valid).is_some_and(is_bit) {
        true => Ok(()),
        false => bad,
    }
}
