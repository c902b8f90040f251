//! What an entry costs at most, for numbers of rows alone.
//!
//! Of what is not known before a run, ranges are taken: those that [`crate::ranges`] derives for so many rows, as it did when
//! the contract was verified. Both sides of every branch are counted, a public divisor is the one that costs most, and a
//! stage ends wherever it could, on any path ([`awaits`]). So each stage of a run is a sequence of stages here, and no run takes
//! more products, openings or rounds; nor bytes, but for the few by which a proof over fewer products can be longer (0043).
//! Of an entry without branches, parameters and ledger the bound is what a run costs.

mod awaits;

use std::sync::Arc;

use enigma_field::{Committee, M61, M127, PrimeField};

use self::awaits::Awaits;
use super::check::check;
use super::entry::{Place, Run, Secret};
use super::rows::{checked_collections, row_check};
use super::walk::{has_order, is_public, nth, reads, unsound};
use super::{Environment, Walk};
use crate::interval::Interval;
use crate::model::{C, Contract, Op, Profile, Register, S};
use crate::plan::Sizes;
use crate::plan::cost::{Cost, Limits};
use crate::plan::error::{GateProblem, PlanError};
use crate::plan::ir::View;
use crate::plan::program::{Known, Refusal, narrow, union};
use crate::ranges::{self, PublicRange, Ranges};

/// See [`crate::plan::quote`].
pub(in crate::plan) fn quote(
    contract: &Contract,
    entry: usize,
    sizes: &Sizes,
    committee: Committee,
) -> Result<Cost, PlanError> {
    match contract.profile {
        Profile::ShamirM61V1 => quote_over::<M61>(contract, entry, sizes, committee),
        Profile::ShamirM127V1 => quote_over::<M127>(contract, entry, sizes, committee),
    }
}

fn quote_over<F: PrimeField>(
    contract: &Contract,
    entry: usize,
    sizes: &Sizes,
    committee: Committee,
) -> Result<Cost, PlanError> {
    let limits = Limits::default();
    let ranges = ranges::actual(contract, entry, &sizes.rows)?;
    let check = check::<F>(contract, entry, &sizes.rows, committee, limits)?;
    let mut before = Cost::of_setup(committee).then(&check.plan.cost);
    for (stage, collection) in (0..).zip(checked_collections(contract, entry)) {
        let rows = sizes.rows.get(usize::from(collection)).copied();
        let of = (collection, rows.unwrap_or(0));
        if let Some(mut run) = row_check::<F>(contract, of, committee, limits, stage)? {
            run.next(&[])?;
            before = before.then(run.cost());
        }
    }
    let environment = Environment {
        rows: sizes.rows.clone(),
        ..Environment::default()
    };
    let contract = Arc::new(contract.clone());
    let walk = Walk::unasked(Arc::clone(&contract), entry, environment, limits)?;
    let mut bound = Bound {
        run: Run::<F>::along(walk, committee, limits),
        ranges,
        awaits: Awaits::nothing(),
        branches: Vec::new(),
        cost: before,
    };
    for (place, op) in contract.entries[entry].code.iter().enumerate() {
        bound.run.walk.go_to(place);
        bound.step(op, place)?;
    }
    bound.run.walk.go_to(usize::MAX);
    bound.end_stage()?;
    limits.check_all(&bound.cost)?;
    Ok(bound.cost)
}

struct Bound<F: PrimeField> {
    run: Run<F>,
    /// Where registers lie in any run on so many rows, as the verifier derives it.
    ranges: Ranges,
    awaits: Awaits,
    /// How many bytes of public values are held where each branch begins, and at most where one of its sides has ended.
    branches: Vec<(u64, u64)>,
    cost: Cost,
}

impl<F: PrimeField> Bound<F> {
    fn step(&mut self, op: &Op, place: usize) -> Result<(), PlanError> {
        match op {
            Op::If { condition } => {
                self.need(&[*condition])?;
                self.awaits.begin_branch(*condition);
                let held = self.run.walk.held();
                self.branches.push((held, held));
            }
            Op::Else => {
                self.awaits.otherwise().ok_or_else(|| unsound(place))?;
                let (before, most) = self.branches.last_mut().ok_or_else(|| unsound(place))?;
                *most = self.run.walk.held();
                self.run.walk.hold_again(*before);
            }
            Op::End => {
                self.awaits.end().ok_or_else(|| unsound(place))?;
                let (_, most) = self.branches.pop().ok_or_else(|| unsound(place))?;
                let held = self.run.walk.held();
                self.run.walk.hold_again(held.max(most));
            }
            Op::EachMember { group, .. } => {
                let declared = self.run.walk.contract().groups.get(usize::from(*group));
                let most = declared.ok_or_else(|| unsound(place))?.max;
                self.run.walk.charge_members(most.into(), place)?;
                let body = self.run.walk.code().get(place + 1..).unwrap_or_default();
                let body = body.iter().take_while(|op| !matches!(op, Op::End));
                let read: Vec<C> = body.flat_map(|op| reads(op).0).collect();
                if self.awaits.begin_loop(&read) {
                    self.end_stage()?;
                }
                let held = self.run.walk.held();
                self.branches.push((held, held));
            }
            Op::Require { condition, .. } => self.need(&[*condition])?,
            Op::Merge {
                dst,
                condition,
                then,
                otherwise,
            } => {
                self.need(&[*condition])?;
                let merged = self
                    .merged(*then, *otherwise)
                    .map_err(|why| why.at(place))?;
                let defined = self.run.define(*dst, merged);
                defined.map_err(|problem| Refusal::Gate(problem).at(place))?;
            }
            Op::MergePublic {
                dst,
                condition,
                then,
                otherwise,
            } => {
                let because = self.awaits.merged([*condition, *then, *otherwise]);
                self.awaits.wait(because, Some(*dst));
            }
            op if is_public(op) => {
                let mut because = self.awaits.of(&reads(op).0);
                if has_order(op) {
                    because = self.awaits.in_order(because);
                }
                self.awaits.wait(because, public_destination(op));
            }
            op => self.secret(op, place)?,
        }
        Ok(())
    }

    /// An operation on secrets: done with the public number that costs most, its result wherever any could make it.
    fn secret(&mut self, op: &Op, place: usize) -> Result<(), PlanError> {
        let operands = reads(op).0;
        self.need(&operands)?;
        for operand in &operands {
            let range = self.ranges.public(*operand);
            let range = range.and_then(PublicRange::number);
            let range = range.ok_or_else(|| unsound(place))?;
            self.run.walk.assume(*operand, costliest(op, range));
        }
        if let Op::Out { reveal, .. } = op {
            self.run.walk.forget_line(*reveal);
        }
        let done = self.run.operate(place).map_err(|why| why.at(place))?;
        if !done {
            return Err(unsound(place));
        }
        if !operands.is_empty() {
            self.widen(op).map_err(|why| why.at(place))?;
        }
        if let Op::Out {
            values,
            counts,
            public: Some(first),
            ..
        } = op
        {
            let all = (0..values.len() + counts.len()).map(|at| nth(*first, at));
            let all: Option<Vec<C>> = all.collect();
            self.awaits.opens(all.ok_or_else(|| unsound(place))?);
        }
        Ok(())
    }

    /// Ends the stage if any of these may be awaited.
    fn need(&mut self, registers: &[C]) -> Result<(), PlanError> {
        if self.awaits.need(registers) {
            self.end_stage()?;
        }
        Ok(())
    }

    fn end_stage(&mut self) -> Result<(), PlanError> {
        self.cost = self.cost.then(&self.run.leave_stage()?.plan.cost);
        Ok(())
    }

    /// What is there when both sides' registers are, in both ranges. Of registers that no verifier lets meet, the longer.
    fn merged(&mut self, then: S, otherwise: S) -> Result<Secret, Refusal> {
        let [then, otherwise] = [self.run.secret(then)?, self.run.secret(otherwise)?];
        let range = union(then.range, otherwise.range);
        let longer = if then.len < otherwise.len {
            otherwise
        } else {
            then
        };
        if then.len != otherwise.len {
            return self.within(longer, range);
        }
        let views = [self.view(then)?, self.view(otherwise)?];
        let expansion = &mut self.run.stage.expansion;
        expansion.b.begin();
        let view = (expansion.b).linear(&views.map(|view| (F::ONE, view)), F::ZERO);
        let value = expansion.put(Known { view, range });
        Ok(Secret {
            place: Place::Here(value),
            range,
            ..longer
        })
    }

    fn view(&mut self, secret: Secret) -> Result<View, Refusal> {
        let value = self.run.here(secret)?;
        Ok(self.run.stage.expansion.value(value)?.view)
    }

    /// What was made with one public number lies where it does with any.
    fn widen(&mut self, op: &Op) -> Result<(), Refusal> {
        let dst = match op.clone().destination() {
            Some(Register::Secret(dst)) => *dst,
            _ => return Ok(()),
        };
        let secret = self.run.secret(dst)?;
        let any = self.ranges.secret(dst).ok_or(GateProblem::Operand)?;
        let range = narrow::<F>(any.interval.into())?;
        let wide = self.within(secret, union(range, secret.range))?;
        self.run.secrets.insert(dst, wide);
        Ok(())
    }

    /// The same elements in another range.
    fn within(&mut self, secret: Secret, range: Interval) -> Result<Secret, Refusal> {
        let value = self.run.here(secret)?;
        let expansion = &mut self.run.stage.expansion;
        let known = expansion.value(value)?;
        let value = expansion.put(Known { range, ..known });
        Ok(Secret {
            place: Place::Here(value),
            range,
            ..secret
        })
    }
}

/// The register that an operation of the public bank defines.
fn public_destination(op: &Op) -> Option<C> {
    match op.clone().destination() {
        Some(Register::Public(dst)) => Some(*dst),
        _ => None,
    }
}

/// The number in a range with which an operation costs most: of divisors the smallest but 0 and 1, which cost nothing.
fn costliest(op: &Op, range: Interval) -> i64 {
    if !matches!(op, Op::DivPublic { .. } | Op::ModuloPublic { .. }) {
        return range.high;
    }
    let nearest = |from: i64, to: i64| (from <= to).then_some(from);
    let positive = nearest(range.low.max(2), range.high);
    let negative = nearest(
        range.high.min(-2).saturating_neg(),
        range.low.saturating_neg(),
    );
    match (positive, negative) {
        (Some(positive), Some(negative)) => positive.min(negative),
        (Some(only), None) | (None, Some(only)) => only,
        (None, None) => range.high,
    }
}
