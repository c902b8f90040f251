//! Expands the macro-operations of an entry, and the input check before it.

use std::collections::{BTreeMap, BTreeSet};

use enigma_field::{Committee, M61};

use super::build::Builder;
use super::cost::Limits;
use super::error::{Limit, PlanError};
use super::first::Field;
use super::gate::Rounding;
use super::ir::{Plan, View};
use super::quotient::Factor;
use super::{
    FIRST_MAIN_CALL, Sizes, division, first, product, quotient, range_check, rank, relation, root,
    select, statistics,
};
use crate::interval::{Interval, Wide};
use crate::model::{C, Contract, Op, Order, S};
use crate::ranges::{self, Extent, Ranges};

pub(super) fn prologue(
    contract: &Contract,
    entry: usize,
    sizes: &Sizes,
    committee: Committee,
    limits: Limits,
) -> Result<Plan, PlanError> {
    ranges::actual(contract, entry, &sizes.rows)?;
    let mut b = Builder::new(committee, (0, FIRST_MAIN_CALL - 1), limits);
    for collection in contract.collections_used(entry) {
        let index = usize::from(collection);
        // Both exist: the ranges were derived.
        let (Some(declared), Some(&rows)) =
            (contract.collections.get(index), sizes.rows.get(index))
        else {
            continue;
        };
        limits.check(Limit::VectorLength, u64::from(rows))?;
        let view = b.input(collection, rows);
        range_check::check_rows(&mut b, collection, view, declared.low, declared.high)?;
    }
    b.finish()
}

pub(super) fn main(
    contract: &Contract,
    entry: usize,
    sizes: &Sizes,
    committee: Committee,
    limits: Limits,
) -> Result<Plan, PlanError> {
    let ranges = ranges::actual(contract, entry, &sizes.rows)?;
    let code = contract.entries.get(entry).map_or(&[][..], |e| &e.code[..]);
    let mut expansion = Expansion {
        b: Builder::new(committee, (FIRST_MAIN_CALL, u32::MAX), limits),
        ranges,
        inputs: vec![None; sizes.rows.len()],
        secret: Vec::new(),
        public: Vec::new(),
        members: vec![None; sizes.rows.len()],
        holders: holders(code),
        firsts: BTreeMap::new(),
        reveals: 0,
    };
    for (place, op) in code.iter().enumerate() {
        expansion.step(contract, entry, sizes, place, op)?;
    }
    expansion.b.finish()
}

/// Where the macro-registers are. The ranges were derived for the same code, so every register an
/// operation reads is defined and operands of different spaces do not meet.
struct Expansion {
    b: Builder<M61>,
    ranges: Ranges,
    inputs: Vec<Option<View>>,
    secret: Vec<View>,
    public: Vec<i64>,
    members: Vec<Option<View>>,
    /// Of which vectors, in which order, the code asks who holds the first.
    holders: BTreeSet<(S, Order)>,
    /// Firsts that are found already.
    firsts: BTreeMap<(S, Order), Field>,
    reveals: u64,
}

/// The vectors and orders of all [`Op::FirstMember`]: value and member come from one tournament.
fn holders(code: &[Op]) -> BTreeSet<(S, Order)> {
    let holders = code.iter().filter_map(|op| match *op {
        Op::FirstMember { a, order, .. } => Some((a, order)),
        _ => None,
    });
    holders.collect()
}

impl Expansion {
    fn step(
        &mut self,
        contract: &Contract,
        entry: usize,
        sizes: &Sizes,
        place: usize,
        op: &Op,
    ) -> Result<(), PlanError> {
        let one = M61::ONE;
        match *op {
            Op::Const { value, .. } => self.public.push(value),
            Op::Rows { collection, .. } => {
                let rows = sizes.rows[usize::from(collection)];
                self.public.push(i64::from(rows));
            }
            Op::Public { op, a, b, .. } => {
                let value = op.apply(self.known(a), self.known(b));
                self.public
                    .push(value.ok_or(PlanError::PublicOverflow { op: place })?);
            }
            Op::Input { collection, .. } => {
                let rows = sizes.rows[usize::from(collection)];
                let view = self.input(collection, rows)?;
                self.secret.push(view);
            }
            Op::Add { a, b, .. } => self.linear(&[(one, a), (one, b)], M61::ZERO),
            Op::Sub { a, b, .. } => self.linear(&[(one, a), (-one, b)], M61::ZERO),
            Op::AddPublic { a, b, .. } => {
                let constant = M61::from_i64(self.known(b));
                self.linear(&[(one, a)], constant);
            }
            Op::MulPublic { a, b, .. } => {
                let factor = M61::from_i64(self.known(b));
                self.linear(&[(factor, a)], M61::ZERO);
            }
            Op::Mul { a, b, .. } => {
                let [a, b] = self.together([a, b]);
                let product = product::product(&mut self.b, a, b)?;
                self.secret.push(product);
            }
            Op::Sum { a, .. } => {
                let src = self.value(a);
                self.b.begin();
                let sum = self.b.sum(src);
                self.secret.push(sum);
            }
            Op::DivPublic { a, b, .. } => {
                let range = self.interval(a);
                let (dividend, divisor) = (self.value(a), self.known(b));
                let quotient = division::divide(
                    &mut self.b,
                    dividend,
                    range.into(),
                    divisor.into(),
                    Rounding::TowardZero,
                )?;
                self.secret.push(quotient);
            }
            Op::Div { a, b, .. } => {
                let ranges = [a, b].map(|register| Wide::from(self.interval(register)));
                let [a, b] = self.together([a, b]);
                let [a, b] =
                    [(a, ranges[0]), (b, ranges[1])].map(|(value, range)| Factor { value, range });
                let quotient = quotient::divide(&mut self.b, a, b, Rounding::TowardZero)?;
                self.secret.push(quotient);
            }
            Op::SquareRoot { a, .. } => {
                let high = self.interval(a).high.unsigned_abs();
                let values = self.value(a);
                let root = root::root(&mut self.b, values, high.into(), Rounding::TowardZero)?;
                self.secret.push(root);
            }
            Op::Select {
                bit,
                then,
                otherwise,
                ..
            } => {
                let [bit, then, otherwise] = self.together([bit, then, otherwise]);
                let selected = select::select(&mut self.b, bit, then, otherwise)?;
                self.secret.push(selected);
            }
            Op::Quantile { a, place, .. } => {
                let values = self.value(a);
                let place = self.known(place).clamp(1, i64::from(values.len.max(1)));
                let place = u32::try_from(place).unwrap_or(1);
                let found = statistics::quantile(&mut self.b, values, place)?;
                self.secret.push(found);
            }
            Op::Rank { a, order, .. } => {
                let values = self.value(a);
                let ranks = rank::rank(&mut self.b, values, order)?;
                self.secret.push(ranks);
            }
            Op::Compare { relation, a, b, .. } => {
                let difference = [(one, self.value(a)), (-one, self.value(b))];
                let bits = relation::holds(&mut self.b, relation, &difference, M61::ZERO)?;
                self.secret.push(bits);
            }
            Op::ComparePublic { relation, a, b, .. } => {
                let constant = -M61::from_i64(self.known(b));
                let difference = [(one, self.value(a))];
                let bits = relation::holds(&mut self.b, relation, &difference, constant)?;
                self.secret.push(bits);
            }
            Op::First { a, order, .. } => {
                let first = self.first(a, order)?;
                self.secret.push(first.values);
            }
            Op::FirstMember { a, order, .. } => {
                let first = self.first(a, order)?;
                let member = first.members.expect("the code asks for the member");
                self.secret.push(member);
            }
            Op::Out { reveal, src } => {
                let known = contract.manifest.get(usize::from(reveal));
                if known.is_none_or(|line| usize::from(line.entry) != entry) {
                    return Err(PlanError::UnknownReveal { op: place, reveal });
                }
                self.reveals += 1;
                self.b.limits().check(Limit::Reveals, self.reveals)?;
                let src = self.value(src);
                self.b.begin();
                let fresh = self.b.reshare(src)?;
                self.b.output(reveal, fresh);
            }
        }
        Ok(())
    }

    /// The register with a collection's rows: one for each collection, however often it is read.
    fn input(&mut self, collection: u16, rows: u32) -> Result<View, PlanError> {
        self.b
            .limits()
            .check(Limit::VectorLength, u64::from(rows))?;
        let slot = &mut self.inputs[usize::from(collection)];
        Ok(*slot.get_or_insert_with(|| self.b.input(collection, rows)))
    }

    /// The first of a vector, found once for value and member.
    fn first(&mut self, vector: S, order: Order) -> Result<Field, PlanError> {
        if let Some(found) = self.firsts.get(&(vector, order)) {
            return Ok(*found);
        }
        let values = self.value(vector);
        let extent = self.ranges.secret[usize::from(vector.0)].extent;
        let members = match extent {
            Extent::Over(collection) if self.holders.contains(&(vector, order)) => {
                let slot = &mut self.members[usize::from(collection)];
                Some(*slot.get_or_insert_with(|| self.b.members(collection, values.len)))
            }
            _ => None,
        };
        let found = first::first(&mut self.b, Field { values, members }, order)?;
        self.firsts.insert((vector, order), found);
        Ok(found)
    }

    fn linear(&mut self, terms: &[(M61, S)], constant: M61) {
        let terms: Vec<_> = terms.iter().map(|&(c, s)| (c, self.value(s))).collect();
        self.b.begin();
        let result = self.b.linear(&terms, constant);
        self.secret.push(result);
    }

    /// Operands of one length: scalars are repeated.
    fn together<const N: usize>(&mut self, registers: [S; N]) -> [View; N] {
        let views = registers.map(|register| self.value(register));
        self.b.together(views)
    }

    fn interval(&self, register: S) -> Interval {
        self.ranges.secret[usize::from(register.0)].interval
    }

    fn value(&self, register: S) -> View {
        self.secret[usize::from(register.0)]
    }

    fn known(&self, register: C) -> i64 {
        self.public[usize::from(register.0)]
    }
}
