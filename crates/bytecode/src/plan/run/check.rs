//! The input check that comes before an entry: which rows, and which private parameters, lie in their ranges.

use std::collections::BTreeMap;

use enigma_field::{Committee, M61, PrimeField};

use super::{Environment, Port};
use crate::interval::Interval;
use crate::model::{Collection, Column, Contract};
use crate::plan::build::Builder;
use crate::plan::cost::Limits;
use crate::plan::error::{Limit, PlanError};
use crate::plan::ir::{Plan, View};
use crate::plan::{FIRST_MAIN_CALL, range_check};
use crate::ranges::allowed_rows;

/// The input check of an entry: input or opening number k of the plan is what stands at place k here.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Check<F: PrimeField = M61> {
    /// What the committee runs.
    pub plan: Plan<F>,
    /// Where the inputs come from: all columns of what is checked.
    pub inputs: Vec<Port>,
    /// What the bits are about that are opened.
    pub opened: Vec<Checked>,
}

/// What is checked.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Checked {
    /// The rows of this collection: one bit for each. A row whose bit is not 1 is dropped.
    Rows(u16),
    /// A private parameter: one bit. If it is not 1 the call is refused.
    Param(u16),
}

/// The input check of an entry. `rows` counts submitted rows by collection.
///
/// # Errors
/// [`PlanError`] if the numbers of rows are not allowed or the check would pass a limit.
pub fn check<F: PrimeField>(
    contract: &Contract,
    entry: usize,
    rows: &[u32],
    committee: Committee,
    limits: Limits,
) -> Result<Check<F>, PlanError> {
    allowed_rows(contract, entry, rows)?;
    let mut checking = Checking {
        b: Builder::new(committee, (0, FIRST_MAIN_CALL - 1), limits),
        inputs: Vec::new(),
        bits: Vec::new(),
    };
    for collection in contract.collections_used(entry) {
        let at = usize::from(collection);
        let (Some(declared), Some(&rows)) = (contract.collections.get(at), rows.get(at)) else {
            continue;
        };
        limits.check(Limit::VectorLength, u64::from(rows))?;
        let port = |column| Port::Column { collection, column };
        checking.add(Checked::Rows(collection), &declared.columns, rows, port)?;
    }
    let params = contract.entries[entry].params.iter();
    for (param, declared) in (0..).zip(params).filter(|(_, declared)| declared.private) {
        let port = |column| Port::Param { param, column };
        checking.add(Checked::Param(param), &declared.columns, 1, port)?;
    }
    checking.finish()
}

impl Environment {
    /// Drops the rows that did not pass the input check, `valid` saying of each row of a collection whether it did. A member
    /// none of whose rows is left does not contribute to the run.
    pub fn drop_rows(&mut self, contract: &Contract, valid: &BTreeMap<u16, Vec<bool>>) {
        let mut left_out: BTreeMap<usize, BTreeMap<Vec<u8>, bool>> = BTreeMap::new();
        for (collection, bits) in valid {
            let at = usize::from(*collection);
            let group = contract.collections.get(at).and_then(Collection::group);
            let group = group.map(usize::from);
            if let Some(accounts) = self.row_accounts.get_mut(at) {
                if let Some(group) = group {
                    let givers = left_out.entry(group).or_default();
                    for (account, valid) in accounts.iter().zip(bits) {
                        *givers.entry(account.clone()).or_default() |= *valid;
                    }
                }
                *accounts = kept(accounts, bits);
            }
            if let Some(members) = self.row_members.get_mut(at) {
                *members = kept(members, bits);
            }
            if let Some(rows) = self.rows.get_mut(at) {
                *rows = bits.iter().filter(|valid| **valid).count() as u32;
            }
        }
        for (group, givers) in left_out {
            if let Some(accounts) = self.groups.get_mut(group) {
                accounts.retain(|account| givers.get(account) != Some(&false));
            }
        }
    }
}

/// The elements whose bit is set.
fn kept<T: Clone>(elements: &[T], bits: &[bool]) -> Vec<T> {
    let pairs = elements.iter().zip(bits);
    let kept = pairs.filter(|(_, valid)| **valid);
    kept.map(|(element, _)| element.clone()).collect()
}

struct Checking<F: PrimeField> {
    b: Builder<F>,
    inputs: Vec<Port>,
    bits: Vec<(Checked, View)>,
}

impl<F: PrimeField> Checking<F> {
    fn add(
        &mut self,
        what: Checked,
        columns: &[Column],
        rows: u32,
        port: impl Fn(u16) -> Port,
    ) -> Result<(), PlanError> {
        let mut views = Vec::new();
        for (column, declared) in (0..).zip(columns) {
            let place = number_of(self.inputs.len())?;
            let range = Interval {
                low: declared.low,
                high: declared.high,
            };
            views.push((self.b.input(place, rows), range));
            self.inputs.push(port(column));
        }
        if rows > 0 && !views.is_empty() {
            let valid = range_check::valid_rows(&mut self.b, &views)?;
            self.bits.push((what, valid));
        }
        Ok(())
    }

    fn finish(mut self) -> Result<Check<F>, PlanError> {
        let mut opened = Vec::new();
        if !self.bits.is_empty() {
            let flushed = self.b.flush();
            for (what, valid) in self.bits {
                self.b.begin();
                let bits = self.b.open_flushed(valid, &flushed)?;
                self.b.opened_rows(number_of(opened.len())?, bits);
                opened.push(what);
            }
        }
        Ok(Check {
            plan: self.b.finish()?,
            inputs: self.inputs,
            opened,
        })
    }
}

/// What is numbered with 16 bits.
pub(super) fn number_of(place: usize) -> Result<u16, PlanError> {
    u16::try_from(place).map_err(|_| PlanError::OverLimit {
        limit: Limit::Calls,
        allowed: u16::MAX.into(),
        needed: place as u64,
    })
}
