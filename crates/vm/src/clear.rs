//! The plaintext back ends: [`run`] gives the meaning of a contract's macro-operations on plain
//! integers; [`run_plan`] runs a plan with values in place of shares, so that the templates of the
//! planner can be tested without a committee. Neither hides anything.

use std::collections::BTreeMap;
use std::fmt;

use enigma_bytecode::model::{C, Contract, Op, Order, PublicOp, S};
use enigma_bytecode::plan::compare::{Layout, Want};
use enigma_bytecode::plan::{Call, MaskReg, Plan, Step};
use enigma_bytecode::ranges::{self, RangeError};
use enigma_field::{M61, PrimeField, Shares, recursion};
use enigma_mpc::{Opened, Wires};

use crate::local;
use crate::memory::Memory;

/// What one manifest line shows.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Shown {
    /// Index into the contract's manifest.
    pub reveal: u16,
    /// One value, or one for each row.
    pub values: Vec<i64>,
}

/// What a plan run in the clear gives.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PlanResult<F = M61> {
    /// Validity of rows: (collection, one bit for each row).
    pub opened: Vec<(u16, Vec<bool>)>,
    /// What is sent to recipients: index into the contract's manifest, and values.
    pub outputs: Vec<(u16, Vec<F>)>,
}

/// Why a contract does not run on these inputs.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum ClearError {
    /// The code or the sizes are not allowed.
    Range(RangeError),
    /// A row lies outside its collection's range.
    OutOfRange {
        /// Index of the collection.
        collection: usize,
        /// The row, counted from 0.
        row: usize,
    },
    /// A value leaves 64 bits; excluded for contracts whose ranges were derived.
    Overflow {
        /// The operation, counted from 0.
        op: usize,
    },
}

impl fmt::Display for ClearError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            ClearError::Range(error) => write!(f, "the entry cannot run: {error:?}"),
            ClearError::OutOfRange { collection, row } => write!(
                f,
                "row {row} of collection {collection} is outside the declared range"
            ),
            ClearError::Overflow { op } => write!(f, "operation {op} leaves 64 bits"),
        }
    }
}

impl std::error::Error for ClearError {}

impl From<RangeError> for ClearError {
    fn from(error: RangeError) -> ClearError {
        ClearError::Range(error)
    }
}

/// Runs an entry on plain values. `inputs`: the rows of each collection of the contract, in order
/// (empty for those that the entry does not use); row k is given by the member numbered k. Gives what
/// each reveal shows, in code order.
///
/// # Errors
/// [`ClearError`] if the sizes are not allowed, a used row is out of range or the code is unsound.
pub fn run(
    contract: &Contract,
    entry: usize,
    inputs: &[Vec<i64>],
) -> Result<Vec<Shown>, ClearError> {
    let rows: Vec<u32> = inputs
        .iter()
        .map(|rows| u32::try_from(rows.len()).unwrap_or(u32::MAX))
        .collect();
    ranges::actual(contract, entry, &rows)?;
    for collection in contract.collections_used(entry) {
        let collection = usize::from(collection);
        let declared = &contract.collections[collection];
        let valid = declared.low..=declared.high;
        let outside = inputs[collection].iter().position(|x| !valid.contains(x));
        if let Some(row) = outside {
            return Err(ClearError::OutOfRange { collection, row });
        }
    }
    let mut state = Plain {
        inputs,
        secret: Vec::new(),
        public: Vec::new(),
        shown: Vec::new(),
    };
    for (place, op) in contract.entries[entry].code.iter().enumerate() {
        state.step(op).ok_or(ClearError::Overflow { op: place })?;
    }
    Ok(state.shown)
}

/// Values in the place of shares.
fn plain<F: PrimeField>(values: Vec<F>) -> Wires<F> {
    Wires::input(Shares::from(values))
}

/// Runs a plan with values in place of shares. `inputs`: (collection, its rows as field elements:
/// any element, so that also rows no honest owner deals can be tried); row k is given by the member
/// numbered k. `random_bit` gives the bits of masks and of components and the orders of shuffles; the
/// results do not depend on them, but for what is left in a shuffle's order.
///
/// # Panics
/// If `inputs` are not those the plan asks for.
pub fn run_plan<F: PrimeField>(
    plan: &Plan<F>,
    inputs: &[(u16, Vec<F>)],
    mut random_bit: impl FnMut() -> bool,
) -> PlanResult<F> {
    let mut memory = Memory::new(plan);
    for (collection, reg) in &plan.inputs {
        let found = inputs.iter().find(|(c, _)| c == collection);
        let (_, rows) = found.expect("every input of the plan is given");
        assert_eq!(rows.len(), plan.lengths[reg.0 as usize] as usize);
        memory.write(*reg, plain(rows.clone()));
    }
    let members: Vec<(u16, Vec<u32>)> = inputs
        .iter()
        .map(|(collection, rows)| (*collection, (0..rows.len() as u32).collect()))
        .collect();
    let given = memory.write_members(plan, &members);
    assert_eq!(given, Ok(()), "members are asked for of inputs only");
    let mut masks: BTreeMap<MaskReg, Vec<F>> = BTreeMap::new();
    let mut shuffles: BTreeMap<u32, Vec<usize>> = BTreeMap::new();
    for step in plan.strands.iter().flat_map(|strand| &strand.steps) {
        match step {
            Step::Local(op) => {
                local::execute(plan, &mut memory, op).expect("a plan opens what it places by");
            }
            Step::Call(Call::Multiply { dst, factors, .. }) => {
                let products = factors.iter().flat_map(|(left, right)| {
                    let pairs = memory.view(*left).iter().zip(memory.view(*right));
                    pairs.map(|(a, b)| *a * *b)
                });
                let products = plain(products.collect());
                memory.write(*dst, products);
            }
            Step::Call(Call::MatrixProduct {
                dst,
                left,
                right,
                inner,
                columns,
                ..
            }) => {
                let (left, right) = (memory.view(*left), memory.view(*right));
                let (inner, columns) = (*inner as usize, *columns as usize);
                let products = left.chunks(inner).flat_map(|row| {
                    let element = move |c: usize| -> F {
                        let column = right.iter().skip(c).step_by(columns);
                        row.iter().zip(column).map(|(a, b)| *a * *b).sum()
                    };
                    (0..columns).map(element)
                });
                let products = plain(products.collect());
                memory.write(*dst, products);
            }
            Step::Call(Call::Dot {
                dst,
                left,
                right,
                width,
                ..
            }) => {
                let (left, right) = (memory.view(*left), memory.view(*right));
                let runs = left.chunks(*width as usize);
                let runs = runs.zip(right.chunks(*width as usize));
                let products = plain(runs.map(|(x, y)| F::dot(x, y)).collect());
                memory.write(*dst, products);
            }
            Step::Call(Call::Shuffle {
                op,
                dst,
                columns,
                back_from,
                ..
            }) => {
                let rows = columns.first().map_or(0, |column| column.len as usize);
                let places = match back_from {
                    None => drawn_places(rows, &mut random_bit),
                    Some(of) => inverse(&shuffles[of]),
                };
                let taken = columns.iter().flat_map(|column| {
                    let column = memory.view(*column);
                    places.iter().map(|row| column[*row])
                });
                let taken = plain(taken.collect());
                memory.write(*dst, taken);
                shuffles.insert(*op, places);
            }
            Step::Call(Call::Open { dst, src, .. }) => {
                let values = memory.view(*src).to_vec();
                memory.write_opened(*dst, Opened::public(values));
            }
            Step::Call(Call::OpenMasked { dst, src, mask, .. }) => {
                let masks = masks.remove(mask).expect("masks are made and used once");
                let values = memory.view(*src).iter().zip(masks);
                let values = values.map(|(value, mask)| *value + mask).collect();
                memory.write_opened(*dst, Opened::public(values));
            }
            Step::Call(Call::Compare { dst, src, want, .. }) => {
                let values = memory.view(*src);
                let less = |x: &F| x.to_i128() < 0;
                let equal = |x: &F| *x == F::ZERO;
                let results: Vec<bool> = match want {
                    Want::Less => values.iter().map(less).collect(),
                    Want::Equal => values.iter().map(equal).collect(),
                    Want::LessAndEqual => {
                        let less = values.iter().map(less);
                        less.chain(values.iter().map(equal)).collect()
                    }
                };
                let components = results.chunks(values.len().max(1)).flat_map(|results| {
                    let mut drawn = || results.iter().map(|_| random_bit()).collect();
                    let (first, second): (Vec<bool>, Vec<bool>) = (drawn(), drawn());
                    let both = first.iter().zip(&second).zip(results);
                    let third = both.map(|((a, b), result)| a ^ b ^ result).collect();
                    [first, second, third].concat()
                });
                let components = plain(components.map(bit).collect());
                memory.write(*dst, components);
            }
            Step::Call(Call::Masks { bits, mask, .. }) => {
                let len = plan.lengths[bits.0 as usize];
                let drawn: Vec<F> = (0..len).map(|_| bit(random_bit())).collect();
                let exponents = Layout::of::<F>().exponents().into_iter();
                let weights: Vec<F> = exponents.map(|e| F::from_i128(1 << e)).collect();
                masks.insert(*mask, recursion::fold(&drawn, &weights));
                memory.write(*bits, plain(drawn));
            }
            Step::Call(Call::Bits { dst, .. }) => {
                let len = plan.lengths[dst.0 as usize];
                let drawn = (0..len).map(|_| bit(random_bit())).collect();
                memory.write(*dst, plain(drawn));
            }
            Step::Call(Call::Bounded {
                whole,
                cut,
                bits,
                shift,
                ..
            }) => {
                // One integer in the place of a sum of several: nobody hides anything here.
                let mut word =
                    || (0..*bits).fold(0, |word, _| word << 1 | i128::from(random_bit()));
                let len = plan.lengths[whole.0 as usize];
                let drawn: Vec<i128> = (0..len).map(|_| word()).collect();
                let shifted = drawn.iter().map(|number| F::from_i128(number >> shift));
                memory.write(*cut, plain(shifted.collect()));
                let drawn = drawn.into_iter().map(F::from_i128);
                memory.write(*whole, plain(drawn.collect()));
            }
            Step::Call(Call::Random { dst, .. }) => {
                let mut word =
                    || (0..F::BITS).fold(0, |word, _| word << 1 | i128::from(random_bit()));
                let len = plan.lengths[dst.0 as usize];
                let drawn = (0..len).map(|_| F::from_i128(word()));
                let drawn = plain(drawn.collect());
                memory.write(*dst, drawn);
            }
            Step::Call(Call::Reshare { dst, src, .. }) => {
                let values = plain(memory.view(*src).to_vec());
                memory.write(*dst, values);
            }
            Step::Call(Call::Verify { .. }) => {}
        }
        memory.done(step, |_, _| {});
    }
    let opened = memory.valid_rows(plan);
    let output = |&(reveal, reg): &(u16, _)| {
        let values = memory.take(reg);
        (
            reveal,
            values.map(|values| values.to_vec()).unwrap_or_default(),
        )
    };
    let outputs = plan.outputs.iter().map(output).collect();
    PlanResult { opened, outputs }
}

fn bit<F: PrimeField>(bit: bool) -> F {
    F::from_u64(bit.into())
}

/// Which row comes where: some order, not a uniform one.
fn drawn_places(rows: usize, mut random_bit: impl FnMut() -> bool) -> Vec<usize> {
    let mut places: Vec<usize> = (0..rows).collect();
    for last in (1..rows).rev() {
        let number = (0..32).fold(0, |number, _| 2 * number + usize::from(random_bit()));
        places.swap(last, number % (last + 1));
    }
    places
}

fn inverse(places: &[usize]) -> Vec<usize> {
    let mut inverse = vec![0; places.len()];
    for (place, row) in places.iter().enumerate() {
        inverse[*row] = place;
    }
    inverse
}

/// Registers as integers. `None` from a helper means overflow; everything else was checked by
/// range derivation.
struct Plain<'a> {
    inputs: &'a [Vec<i64>],
    secret: Vec<Vec<i64>>,
    public: Vec<i64>,
    shown: Vec<Shown>,
}

impl Plain<'_> {
    fn step(&mut self, op: &Op) -> Option<()> {
        match *op {
            Op::Const { value, .. } => self.public.push(value),
            Op::Rows { collection, .. } => {
                let rows = self.inputs[usize::from(collection)].len();
                self.public.push(i64::try_from(rows).ok()?);
            }
            Op::Public { op, a, b, .. } => {
                let value = op.apply(self.known(a), self.known(b))?;
                self.public.push(value);
            }
            Op::Input { collection, .. } => {
                self.secret
                    .push(self.inputs[usize::from(collection)].clone());
            }
            Op::Add { a, b, .. } => self.zip(a, b, i64::checked_add)?,
            Op::Sub { a, b, .. } => self.zip(a, b, i64::checked_sub)?,
            Op::Mul { a, b, .. } => self.zip(a, b, i64::checked_mul)?,
            Op::AddPublic { a, b, .. } => self.map(a, self.known(b), i64::checked_add)?,
            Op::MulPublic { a, b, .. } => self.map(a, self.known(b), i64::checked_mul)?,
            Op::DivPublic { a, b, .. } => {
                self.map(a, self.known(b), |x, y| PublicOp::Div.apply(x, y))?
            }
            Op::Div { a, b, .. } => self.zip(a, b, |x, y| PublicOp::Div.apply(x, y))?,
            Op::SquareRoot { a, .. } => {
                let roots: Option<Vec<i64>> =
                    self.value(a).iter().map(|x| x.checked_isqrt()).collect();
                self.secret.push(roots?);
            }
            Op::Select {
                bit,
                then,
                otherwise,
                ..
            } => self.select(bit, then, otherwise),
            Op::Quantile { a, place, .. } => {
                let mut sorted = self.value(a).to_vec();
                sorted.sort_unstable();
                let last = i64::try_from(sorted.len()).ok()?;
                let place = usize::try_from(self.known(place).clamp(1, last.max(1))).ok()?;
                self.secret
                    .push(vec![sorted.get(place - 1).copied().unwrap_or(0)]);
            }
            Op::Sum { a, .. } => {
                let mut values = self.value(a).iter();
                let sum = values.try_fold(0i64, |sum, x| sum.checked_add(*x))?;
                self.secret.push(vec![sum]);
            }
            Op::Rank { a, order, .. } => {
                let ranks = ranks(self.value(a), order)?;
                self.secret.push(ranks);
            }
            Op::Compare { relation, a, b, .. } => {
                self.zip(a, b, |x, y| Some(relation.holds(x, y).into()))?
            }
            Op::ComparePublic { relation, a, b, .. } => {
                self.map(a, self.known(b), |x, y| Some(relation.holds(x, y).into()))?
            }
            Op::First { a, order, .. } => {
                let values = self.value(a);
                let value = first(values, order).and_then(|row| values.get(row));
                let value = value.copied().unwrap_or(0);
                self.secret.push(vec![value]);
            }
            Op::FirstMember { a, order, .. } => {
                let row = first(self.value(a), order).unwrap_or(0);
                self.secret.push(vec![i64::try_from(row).ok()?]);
            }
            Op::Out { reveal, src } => {
                let values = self.value(src).to_vec();
                self.shown.push(Shown { reveal, values });
            }
        }
        Some(())
    }

    fn select(&mut self, bit: S, then: S, otherwise: S) {
        let operands = [bit, then, otherwise].map(|register| self.value(register));
        let len = operands.iter().map(|values| values.len()).max();
        let selected = (0..len.unwrap_or(0)).map(|k| {
            let [bit, then, otherwise] = operands.map(|values| at(values, k));
            if bit == 1 { then } else { otherwise }
        });
        let selected = selected.collect();
        self.secret.push(selected);
    }

    fn value(&self, register: S) -> &[i64] {
        &self.secret[usize::from(register.0)]
    }

    fn known(&self, register: C) -> i64 {
        self.public[usize::from(register.0)]
    }

    fn map(&mut self, a: S, b: i64, f: impl Fn(i64, i64) -> Option<i64>) -> Option<()> {
        let values: Option<Vec<i64>> = self.value(a).iter().map(|x| f(*x, b)).collect();
        self.secret.push(values?);
        Some(())
    }

    fn zip(&mut self, a: S, b: S, f: impl Fn(i64, i64) -> Option<i64>) -> Option<()> {
        let (a, b) = (self.value(a), self.value(b));
        let len = if a.len() == 1 { b.len() } else { a.len() };
        let values: Option<Vec<i64>> = (0..len).map(|k| f(at(a, k), at(b, k))).collect();
        self.secret.push(values?);
        Some(())
    }
}

/// Element `k`; of a scalar its only one.
fn at(values: &[i64], k: usize) -> i64 {
    values[if values.len() == 1 { 0 } else { k }]
}

/// 1 + how many values come strictly before each.
fn ranks(values: &[i64], order: Order) -> Option<Vec<i64>> {
    let mut sorted = values.to_vec();
    sorted.sort_unstable();
    let before = |x: i64| match order {
        Order::Ascending => sorted.partition_point(|y| *y < x),
        Order::Descending => sorted.len() - sorted.partition_point(|y| *y <= x),
    };
    let rank = |x: &i64| i64::try_from(before(*x)).ok()?.checked_add(1);
    values.iter().map(rank).collect()
}

/// The earliest row with the smallest or largest value; none of no rows.
fn first(values: &[i64], order: Order) -> Option<usize> {
    let best = match order {
        Order::Ascending => values.iter().min(),
        Order::Descending => values.iter().max(),
    }?;
    values.iter().position(|value| value == best)
}
