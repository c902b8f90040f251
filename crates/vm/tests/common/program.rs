//! What programs mean, on plain integers, and their run by a committee in memory.
#![allow(dead_code)] // Each test binary uses its part.

#[path = "library.rs"]
mod library;

use std::sync::Arc;

use enigma_bytecode::interval::Interval;
use enigma_bytecode::model::Order;
use enigma_bytecode::plan::{self, Gate, Limits, Plan, Security, Value};
use enigma_field::{Committee, PrimeField};

use crate::network::{Machines, assert_predicted, engines, shown};

/// An input of a program.
pub(crate) fn input(len: usize, low: i64, high: i64) -> Gate {
    Gate::Input {
        len: len as u32,
        range: Interval { low, high },
    }
}

/// A committee of `n`.
pub(crate) fn of(n: u8) -> Committee {
    Committee::new(n).expect("an odd size")
}

/// The plan of a program that shows all its gates but inputs.
pub(crate) fn planned<F: PrimeField>(n: u8, gates: &[Gate]) -> Arc<Plan<F>> {
    let plan = plan::program(
        gates,
        &results(gates),
        of(n),
        Security::Malicious,
        Limits::default(),
    );
    Arc::new(plan.expect("a plan"))
}

/// Runs a program by a live committee: what it shows is what the gates mean, and costs what was
/// predicted.
pub(crate) fn check<F: PrimeField>(n: u8, gates: &[Gate], inputs: &[Vec<i64>], seed: u64) {
    let plan = planned::<F>(n, gates);
    let outcomes = Machines::new(&plan, &elements(inputs), engines(of(n), seed), seed).run();
    let all = meaning::<F>(gates, inputs);
    let results = results(gates).into_iter();
    let expected: Vec<_> = (0..)
        .zip(results.map(|value| all[value.0 as usize].clone()))
        .collect();
    let found = shown(of(n), &outcomes);
    for (gate, (found, expected)) in gates
        .iter()
        .filter(|g| !is_input(g))
        .zip(found.iter().zip(&expected))
    {
        assert_eq!(
            found, expected,
            "{gate:?}, seed {seed}: {gates:?} on {inputs:?}"
        );
    }
    assert_eq!(found.len(), expected.len());
    assert_predicted(&plan, &outcomes);
}

/// Messages are exchanged as often as predicted.
pub(crate) fn check_rounds<F: PrimeField>(n: u8, gates: &[Gate], inputs: &[Vec<i64>]) {
    let plan = planned::<F>(n, gates);
    let machines = Machines::new(&plan, &elements(inputs), engines(of(n), 3), 3);
    assert_eq!(machines.rounds(), plan.cost.rounds, "{gates:?}");
}

pub(crate) fn elements<F: PrimeField>(inputs: &[Vec<i64>]) -> Vec<(u16, Vec<F>)> {
    let rows = |rows: &Vec<i64>| rows.iter().map(|x| F::from_i64(*x)).collect();
    (0u16..).zip(inputs.iter().map(rows)).collect()
}

fn is_input(gate: &Gate) -> bool {
    matches!(gate, Gate::Input { .. })
}

fn results(gates: &[Gate]) -> Vec<Value> {
    let results = (0..).zip(gates).filter(|(_, gate)| !is_input(gate));
    results.map(|(place, _)| Value(place)).collect()
}

/// What every gate gives.
pub(crate) fn meaning<F: PrimeField>(gates: &[Gate], inputs: &[Vec<i64>]) -> Vec<Vec<i64>> {
    let mut inputs = inputs.iter();
    let mut all: Vec<Vec<i64>> = Vec::new();
    for gate in gates {
        let of = |value: &Value| &all[value.0 as usize];
        let result = match gate {
            Gate::Input { len, range } => {
                let rows = inputs.next().expect("an input for each gate").clone();
                assert_eq!(rows.len(), *len as usize);
                assert!(rows.iter().all(|x| (range.low..=range.high).contains(x)));
                rows
            }
            Gate::Linear { terms, constant } => {
                let len = terms.iter().map(|(_, value)| of(value).len()).max();
                let sum = |k: usize| {
                    let terms = terms.iter();
                    let parts =
                        terms.map(|(c, value)| i128::from(*c) * i128::from(at(of(value), k)));
                    small(parts.sum::<i128>() + i128::from(*constant))
                };
                (0..len.unwrap_or(0)).map(sum).collect()
            }
            Gate::Multiply { a, b } => zip(of(a), of(b), |x, y| x * y),
            Gate::Sum { a } => vec![of(a).iter().sum()],
            Gate::PrefixSums { a } => (1..=of(a).len()).map(|k| of(a)[..k].iter().sum()).collect(),
            Gate::Part { a, start, len } => of(a)[*start as usize..][..*len as usize].to_vec(),
            Gate::Compare { relation, a, b } => {
                zip(of(a), of(b), |x, y| relation.holds(x, y).into())
            }
            Gate::ShowZeros { a } => map(of(a), |x| (x == 0).into()),
            Gate::DividePublic { a, divisor } => map(of(a), |x| quotient(x, *divisor)),
            Gate::Divide { a, b } => zip(of(a), of(b), quotient),
            Gate::ModuloPublic { a, divisor } => map(of(a), |x| rest(x, *divisor)),
            Gate::Modulo { a, b } => zip(of(a), of(b), rest),
            Gate::SquareRoot { a } => map(of(a), i64::isqrt),
            Gate::Remainder { a, bits } => map(of(a), |x| x.rem_euclid(1 << bits)),
            Gate::Truncate { a, bits } => {
                map(of(a), |x| small(i128::from(x).div_euclid(1 << bits)))
            }
            Gate::MultiplyFixed { a, b, bits } => zip(of(a), of(b), |x, y| {
                small((i128::from(x) * i128::from(y)) >> bits)
            }),
            Gate::Bits { a, width } => {
                let bit = |i: u32| map(of(a), |x| (F::from_i64(x).to_u128() >> i & 1) as i64);
                (0..*width).flat_map(bit).collect()
            }
            Gate::Compose { bits, width } => {
                let rows = of(bits).len() / *width as usize;
                let blocks = || of(bits).chunks(rows).enumerate();
                let number = |row: usize| blocks().map(|(i, block)| block[row] << i).sum();
                (0..rows).map(number).collect()
            }
            Gate::Select {
                bit,
                then,
                otherwise,
            } => {
                let (bit, then, otherwise) = (of(bit), of(then), of(otherwise));
                let len = bit.len().max(then.len()).max(otherwise.len());
                let chosen = |k: usize| {
                    if at(bit, k) == 1 {
                        at(then, k)
                    } else {
                        at(otherwise, k)
                    }
                };
                (0..len).map(chosen).collect()
            }
            Gate::OneHots { index, len } => {
                let block = |g: i64| map(of(index), |x| (x == g).into());
                (0..i64::from(*len)).flat_map(block).collect()
            }
            Gate::Lookup { index, table } => map(of(index), |x| table[x as usize]),
            Gate::LookupShared { index, table } => map(of(index), |x| of(table)[x as usize]),
            _ => library::meaning(gates, gate, of).unwrap_or_else(|| ordered(gate, of)),
        };
        all.push(result);
    }
    all
}

/// What gates give that sort or count.
fn ordered<'a>(gate: &Gate, of: impl Fn(&Value) -> &'a Vec<i64>) -> Vec<i64> {
    let sorted = |a: &Value, order: &Order| {
        let mut sorted = of(a).clone();
        sorted.sort_unstable();
        if *order == Order::Descending {
            sorted.reverse();
        }
        sorted
    };
    match gate {
        Gate::Rank { a, order } => {
            let sorted = sorted(a, order);
            map(of(a), |x| 1 + place(&sorted, x))
        }
        Gate::First { a, order } => vec![sorted(a, order)[0]],
        Gate::FirstPlace { a, order } => vec![place(of(a), sorted(a, order)[0])],
        Gate::FirstTwo { a, order } => sorted(a, order)[..2].to_vec(),
        Gate::Sort { keys, a, order } => {
            let mut rows: Vec<(i64, i64)> = (of(keys).iter().copied())
                .zip(of(a).iter().copied())
                .collect();
            rows.sort_by_key(|(key, _)| match order {
                Order::Ascending => *key,
                Order::Descending => -key,
            });
            rows.into_iter().map(|(_, value)| value).collect()
        }
        Gate::Quantile { a, position } => {
            vec![sorted(a, &Order::Ascending)[*position as usize - 1]]
        }
        Gate::Histogram { a, bounds } => {
            let mut counts = vec![0; bounds.len() + 1];
            for x in of(a) {
                counts[bounds.partition_point(|bound| bound <= x)] += 1;
            }
            counts
        }
        Gate::CountEach { a, len } => {
            let mut counts = vec![0; *len as usize];
            for x in of(a) {
                counts[*x as usize] += 1;
            }
            counts
        }
        _ => unreachable!("{gate:?} has no meaning"),
    }
}

fn place(values: &[i64], wanted: i64) -> i64 {
    let place = values.iter().position(|x| *x == wanted);
    place.expect("it is there") as i64
}

fn quotient(x: i64, divisor: i64) -> i64 {
    x.checked_div(divisor).unwrap_or(0)
}

fn rest(x: i64, divisor: i64) -> i64 {
    x.checked_rem(divisor).unwrap_or(0)
}

fn small(x: i128) -> i64 {
    i64::try_from(x).expect("values fit into 64 bits")
}

fn at(values: &[i64], k: usize) -> i64 {
    values[if values.len() == 1 { 0 } else { k }]
}

fn map(values: &[i64], f: impl Fn(i64) -> i64) -> Vec<i64> {
    values.iter().map(|x| f(*x)).collect()
}

fn zip(a: &[i64], b: &[i64], f: impl Fn(i64, i64) -> i64) -> Vec<i64> {
    let len = a.len().max(b.len());
    (0..len).map(|k| f(at(a, k), at(b, k))).collect()
}
