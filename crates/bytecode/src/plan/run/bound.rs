//! What an entry costs at most, for numbers of rows alone.
//!
//! Of what is not known before a run, ranges are taken: of public parameters, of the ledger and of opened values those of their
//! columns. Both sides of every branch are counted, a public divisor is the one that costs most, and a stage ends wherever
//! it could, on any path. So each stage of a run is part of a sequence of stages here, and no run takes more
//! products, openings, bytes or rounds. Of an entry without branches, parameters and ledger the bound is what a run costs.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use enigma_field::{Committee, M61, M127, PrimeField};

use super::check::check;
use super::entry::{Place, Run, Secret};
use super::pieces::ZERO;
use super::walk::{nth, reads, unsound};
use super::{Environment, Walk};
use crate::interval::{Interval, Wide};
use crate::model::{C, Column, Contract, Kind, Op, Profile, PublicOp, Register, S};
use crate::plan::cost::{Cost, Limits};
use crate::plan::error::{GateProblem, PlanError};
use crate::plan::program::{Known, Refusal, narrow, union};
use crate::plan::{Sizes, bounds};

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
    let check = check::<F>(contract, entry, &sizes.rows, committee, limits)?;
    let environment = Environment {
        rows: sizes.rows.clone(),
        ..Environment::default()
    };
    let contract = Arc::new(contract.clone());
    let walk = Walk::unasked(Arc::clone(&contract), entry, environment, limits)?;
    let mut bound = Bound {
        run: Run::<F>::along(walk, committee, limits),
        ranges: BTreeMap::new(),
        awaited: BTreeSet::new(),
        branches: Vec::new(),
        cost: Cost::of_setup(committee).then(&check.plan.cost),
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
    /// Where public registers lie; those that hold bytes are nowhere.
    ranges: BTreeMap<C, Option<Interval>>,
    /// Registers whose values are not known yet, on some path.
    awaited: BTreeSet<C>,
    branches: Vec<Branch>,
    cost: Cost,
}

/// What is awaited at a branch.
struct Branch {
    /// Where it begins.
    before: BTreeSet<C>,
    /// Where its first side ends, if the second has begun.
    first: Option<BTreeSet<C>>,
}

impl<F: PrimeField> Bound<F> {
    fn step(&mut self, op: &Op, place: usize) -> Result<(), PlanError> {
        match op {
            Op::If { condition } => {
                self.need(&[*condition])?;
                self.branches.push(Branch {
                    before: self.awaited.clone(),
                    first: None,
                });
            }
            Op::Else => {
                let branch = self.branches.last_mut().ok_or_else(|| unsound(place))?;
                let before = branch.before.clone();
                branch.first = Some(std::mem::replace(&mut self.awaited, before));
            }
            Op::End => {
                let branch = self.branches.pop().ok_or_else(|| unsound(place))?;
                self.awaited.extend(branch.first.unwrap_or(branch.before));
            }
            Op::EachMember { dst, group } => {
                let declared = self.run.walk.contract().groups.get(usize::from(*group));
                let most = declared.ok_or_else(|| unsound(place))?.max;
                self.run.walk.charge_members(most.into(), place)?;
                // What is read inside must be known before.
                let all: Vec<C> = self.awaited.iter().copied().collect();
                self.need(&all)?;
                self.ranges.insert(*dst, None);
                self.branches.push(Branch {
                    before: BTreeSet::new(),
                    first: None,
                });
            }
            Op::Require { condition, .. } => self.need(&[*condition])?,
            Op::Store { .. } | Op::Transfer { .. } | Op::Pays { .. } => {}
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
            op => match public_range(self, op) {
                Some((dst, range)) => {
                    let operands = reads(op).0;
                    let later = matches!(op, Op::Load { .. }) && !self.awaited.is_empty();
                    if later || operands.iter().any(|c| self.awaited.contains(c)) {
                        self.awaited.insert(dst);
                    }
                    self.ranges.insert(dst, range);
                }
                None => self.secret(op, place)?,
            },
        }
        Ok(())
    }

    /// An operation on secrets: done with the public number that costs most, its result wherever any could make it.
    fn secret(&mut self, op: &Op, place: usize) -> Result<(), PlanError> {
        let operands = reads(op).0;
        self.need(&operands)?;
        for operand in &operands {
            let range = self.ranges.get(operand).copied().flatten();
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
        if let [operand] = operands[..] {
            let range = self.ranges.get(&operand).copied().flatten().unwrap_or(ZERO);
            self.widen(op, range).map_err(|why| why.at(place))?;
        }
        let Op::Out {
            reveal,
            values,
            counts,
            public: Some(first),
        } = op
        else {
            return Ok(());
        };
        let line = self.run.walk.contract().manifest.get(usize::from(*reveal));
        let line = line.ok_or_else(|| unsound(place))?;
        let columns = line.columns.iter().take(values.len()).map(column_range);
        let bits = counts.iter().map(|_| Some(Interval { low: 0, high: 1 }));
        for (at, range) in columns.chain(bits).enumerate() {
            let register = nth(*first, at).ok_or_else(|| unsound(place))?;
            self.ranges.insert(register, range);
            self.awaited.insert(register);
        }
        Ok(())
    }

    /// Ends the stage if any of these is awaited.
    fn need(&mut self, registers: &[C]) -> Result<(), PlanError> {
        if registers.iter().any(|c| self.awaited.contains(c)) {
            self.end_stage()?;
            self.awaited.clear();
        }
        Ok(())
    }

    fn end_stage(&mut self) -> Result<(), PlanError> {
        self.cost = self.cost.then(&self.run.leave_stage()?.plan.cost);
        Ok(())
    }

    /// The longer of both sides' registers, in both ranges.
    fn merged(&mut self, then: S, otherwise: S) -> Result<Secret, Refusal> {
        let [then, otherwise] = [self.run.secret(then)?, self.run.secret(otherwise)?];
        let longer = if then.len < otherwise.len {
            otherwise
        } else {
            then
        };
        self.within(longer, union(then.range, otherwise.range))
    }

    fn widen(&mut self, op: &Op, number: Interval) -> Result<(), Refusal> {
        let number = Wide::from(number);
        let (dst, range) = match *op {
            Op::Hide { dst, .. } => (dst, number),
            Op::AddPublic { dst, a, .. } => (dst, self.range(a)?.plus(number)),
            Op::MulPublic { dst, a, .. } => (dst, self.range(a)?.times(number)),
            Op::DivPublic { dst, a, .. } => (dst, self.range(a)?.divided_by(number)),
            Op::BitwisePublic { dst, op, a, .. } => {
                // Negative ones end the run.
                let number = Wide {
                    low: number.low.max(0),
                    ..number
                };
                let range = bounds::bitwise(op, self.range(a)?, number);
                (dst, range.ok_or(GateProblem::Range)?)
            }
            _ => return Ok(()),
        };
        let secret = self.run.secret(dst)?;
        let range = narrow::<F>(range)?;
        let wide = self.within(secret, union(range, secret.range))?;
        self.run.secrets.insert(dst, wide);
        Ok(())
    }

    fn range(&self, register: S) -> Result<Wide, GateProblem> {
        Ok(self.run.secret(register)?.range.into())
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

/// Of operations of the public bank: the register and where it lies.
fn public_range<F: PrimeField>(bound: &Bound<F>, op: &Op) -> Option<(C, Option<Interval>)> {
    let contract = bound.run.walk.contract();
    let of = |c: &C| bound.ranges.get(c).copied().flatten();
    let exactly = |number: i64| Interval {
        low: number,
        high: number,
    };
    let range = match op {
        Op::Const { value, .. } => Some(exactly(*value)),
        Op::ConstBytes { .. } | Op::Caller { .. } | Op::PartyAccount { .. } => None,
        Op::Rows { collection, .. } => {
            let rows = &bound.run.walk.environment().rows;
            let rows = rows.get(usize::from(*collection));
            rows.map(|rows| exactly(i64::from(*rows)))
        }
        Op::Param { param, column, .. } => {
            let params = &contract.entries[bound.run.walk.entry()].params;
            let param = params.get(usize::from(*param));
            let column = param.and_then(|param| param.columns.get(usize::from(*column)));
            column.and_then(column_range)
        }
        Op::Height { .. } => Some(Interval {
            low: 0,
            high: i64::MAX,
        }),
        Op::Load { slot, column, .. } => {
            let slot = contract.slots.get(usize::from(*slot));
            let column = slot.and_then(|slot| slot.columns.get(usize::from(*column)));
            column.and_then(column_range)
        }
        Op::Public { op, a, b, .. } => computed(*op, of(a), of(b)),
        Op::Choose {
            then, otherwise, ..
        }
        | Op::MergePublic {
            then, otherwise, ..
        } => of(then)
            .zip(of(otherwise))
            .map(|(then, otherwise)| union(then, otherwise)),
        _ => return None,
    };
    match op.clone().destination() {
        Some(Register::Public(dst)) => Some((*dst, range)),
        _ => None,
    }
}

fn computed(op: PublicOp, a: Option<Interval>, b: Option<Interval>) -> Option<Interval> {
    if matches!(op, PublicOp::Less | PublicOp::Equal) {
        return Some(Interval { low: 0, high: 1 });
    }
    let (a, b) = (Wide::from(a?), Wide::from(b?));
    let range = match op {
        PublicOp::Add => a.plus(b),
        PublicOp::Sub => a.minus(b),
        PublicOp::Mul => a.times(b),
        PublicOp::Div => a.divided_by(b),
        // Not farther from 0 than the dividend, and nearer than the divisor.
        _ => {
            let most = b.low.abs().max(b.high.abs()) - 1;
            Wide {
                low: a.low.min(0).max(-most.max(0)),
                high: a.high.max(0).min(most.max(0)),
            }
        }
    };
    // What leaves 64 bits ends the run.
    let (least, most) = (i64::MIN.into(), i64::MAX.into());
    Some(Interval {
        low: range.low.clamp(least, most) as i64,
        high: range.high.clamp(least, most) as i64,
    })
}

fn column_range(column: &Column) -> Option<Interval> {
    let number = !matches!(
        column.kind,
        Kind::Bytes(_) | Kind::Account | Kind::MemberOf(_)
    );
    number.then_some(Interval {
        low: column.low,
        high: column.high,
    })
}

/// The number in a range with which an operation costs most: of divisors the smallest but 0 and 1, which cost nothing.
fn costliest(op: &Op, range: Interval) -> i64 {
    if !matches!(op, Op::DivPublic { .. }) {
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
