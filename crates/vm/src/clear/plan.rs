//! Plans with values in the place of shares.

use std::collections::BTreeMap;

use enigma_bytecode::plan::compare::{Layout, Want};
use enigma_bytecode::plan::{Call, MaskReg, Plan, Step};
use enigma_field::{M61, PrimeField, Shares, recursion};
use enigma_mpc::{Opened, Wires};

use crate::local;
use crate::machine::valid_rows;
use crate::memory::Memory;

/// What a plan run in the clear gives.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PlanResult<F = M61> {
    /// Validity of rows: (collection, one bit for each row).
    pub opened: Vec<(u16, Vec<bool>)>,
    /// The same as field elements: of a stage, what it opened, by place.
    pub values: Vec<(u16, Vec<F>)>,
    /// What is sent to recipients: index into the contract's manifest, and values.
    pub outputs: Vec<(u16, Vec<F>)>,
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
    let members: Vec<(u16, Vec<u32>)> = plan
        .members
        .iter()
        .map(|(collection, reg)| (*collection, (0..plan.lengths[reg.0 as usize]).collect()))
        .collect();
    let given = memory.write_members(plan, &members);
    assert_eq!(given, Ok(()), "as many as the plan wants");
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
    let values = memory.opened_values(plan);
    let output = |&(reveal, reg): &(u16, _)| {
        let values = memory.take(reg);
        (
            reveal,
            values.map(|values| values.to_vec()).unwrap_or_default(),
        )
    };
    let outputs = plan.outputs.iter().map(output).collect();
    PlanResult {
        opened: valid_rows(&values),
        values,
        outputs,
    }
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
