//! Logistic regression: a live committee gives bit by bit what the reference says, and the reference is as near to floating point as is
//! stated.
#![allow(clippy::print_stdout)] // The measured errors are documentation.

mod common;
#[path = "common/committee.rs"]
mod network;
#[path = "common/program.rs"]
mod program;

use common::Pick;
use enigma_bytecode::plan::{
    self, Gate, GateProblem, Limits, PlanError, Security, Value, reference,
};
use enigma_field::{M61, M127};
use program::{check, check_rounds, input, meaning, of, planned};

const F: u32 = 16;
const ONE: i64 = 1 << F;
const MOST: i64 = 32 << F;

/// One gate on two columns from -1 to 1 and y from 0 to 1.
fn gates(rows: usize, rate: i64, steps: u32) -> Vec<Gate> {
    vec![
        input(rows, -ONE, ONE),
        input(rows, -ONE, ONE),
        input(rows, 0, ONE),
        Gate::LogisticRegression {
            columns: vec![Value(0), Value(1)],
            y: Value(2),
            bits: F,
            rate,
            steps,
            most: MOST,
        },
    ]
}

/// Rows that are 1 the likelier the larger the first column and the smaller the second is.
fn rows(count: usize, seed: u64) -> Vec<Vec<i64>> {
    let mut pick = Pick(seed);
    let mut columns = vec![Vec::new(); 3];
    for _ in 0..count {
        let (a, b) = (pick.between(-ONE, ONE), pick.between(-ONE, ONE));
        let is_one = 3 * a - 2 * b + pick.between(-ONE, ONE) > ONE / 2;
        for (column, value) in columns.iter_mut().zip([a, b, i64::from(is_one) * ONE]) {
            column.push(value);
        }
    }
    columns
}

/// The same descent in 64-bit floating point.
fn floating(columns: &[Vec<i64>], rate: f64, steps: u32) -> Vec<f64> {
    let real = |column: &Vec<i64>| -> Vec<f64> {
        let values = column.iter().map(|x| *x as f64 / ONE as f64);
        values.collect()
    };
    let real: Vec<Vec<f64>> = columns.iter().map(real).collect();
    let (y, inputs) = real.split_last().expect("y is the last");
    let ones = vec![1.0; y.len()];
    let all: Vec<&Vec<f64>> = std::iter::once(&ones).chain(inputs).collect();
    let mut weights = vec![0.0; all.len()];
    for _ in 0..steps {
        let miss = |row: usize| {
            let score: f64 = all.iter().zip(&weights).map(|(x, w)| x[row] * w).sum();
            y[row] - 1.0 / (1.0 + (-score).exp())
        };
        let misses: Vec<f64> = (0..y.len()).map(miss).collect();
        for (weight, column) in weights.iter_mut().zip(&all) {
            let sum: f64 = column.iter().zip(&misses).map(|(x, miss)| x * miss).sum();
            *weight = (*weight + rate * sum / y.len() as f64).clamp(-32.0, 32.0);
        }
    }
    weights
}

#[test]
fn results_are_those_of_floating_point() {
    for (count, rate, steps) in [(5, 2, 5), (200, 4, 30), (5_000, 8, 200)] {
        let columns = rows(count, count as u64);
        let all: Vec<&[i64]> = columns.iter().map(|column| &column[..]).collect();
        let found = reference::logistic_regression(&all, F, (rate * ONE, steps, MOST));
        let expected = floating(&columns, rate as f64, steps);
        let distances = found.expect("it fits").into_iter().zip(&expected);
        let distances = distances.map(|(x, y)| (x as f64 - y * ONE as f64).abs());
        let distance = distances.fold(0.0, f64::max);
        println!("{count} rows, {steps} steps: {distance:.2} units of the last place");
        let allowed = 1.0 + f64::from(steps) / 40.0;
        assert!(distance < allowed, "{count} rows: {distance}");
    }
}

#[test]
fn committees_compute_what_the_reference_says() {
    for (n, count, rate, steps) in [(3, 1, ONE, 1), (3, 40, 3 * ONE, 3), (5, 6, ONE / 3, 4)] {
        check::<M127>(n, &gates(count, rate, steps), &rows(count, 4), 2);
    }
    check::<M127>(7, &gates(3, ONE, 2), &rows(3, 8), 2);
    let gates = gates(12, 2 * ONE, 3);
    check_rounds::<M127>(3, &gates, &rows(12, 5));
}

/// Far steps end at the bounds; a rate of 0 stays where it began.
#[test]
fn weights_stay_within_their_bounds() {
    let columns = vec![vec![ONE, -ONE, ONE, -ONE], vec![0; 4], vec![ONE, 0, ONE, 0]];
    let far = gates(4, 900 * ONE, 3);
    check::<M127>(3, &far, &columns, 1);
    assert_eq!(meaning::<M127>(&far, &columns)[3], [0, MOST, 0]);
    let still = gates(4, 0, 3);
    check::<M127>(3, &still, &columns, 1);
    assert_eq!(meaning::<M127>(&still, &columns)[3], [0, 0, 0]);
}

/// Steps wait for each other, and cost the same.
#[test]
fn each_step_costs_the_same() {
    let cost = |steps| planned::<M127>(3, &gates(100, ONE, steps)).cost.clone();
    let [first, second, third] = [1, 2, 3].map(cost);
    println!(
        "{} rounds, then {} a step",
        first.rounds,
        second.rounds - first.rounds
    );
    let products = third.multiplications - second.multiplications;
    assert_eq!(products, second.multiplications - first.multiplications);
    assert!(third.rounds - second.rounds <= second.rounds - first.rounds);
}

#[test]
fn what_does_not_fit_is_refused() {
    let refused = |gates: &[Gate]| {
        let (limits, security) = (Limits::default(), Security::Malicious);
        plan::program::<M127>(gates, &[], of(3), security, limits).err()
    };
    let expected = |gate: usize, problem| Some(PlanError::Gate { gate, problem });
    assert_eq!(refused(&gates(4, ONE, 2)), None);
    let small = plan::program::<M61>(
        &gates(4, ONE, 2),
        &[],
        of(3),
        Security::Malicious,
        Limits::default(),
    );
    assert_eq!(small.err(), expected(3, GateProblem::Range));
    for gates in [gates(4, -1, 2), gates(4, ONE, 0), gates(4, ONE, 1_001)] {
        assert_eq!(refused(&gates), expected(3, GateProblem::Parameter));
    }
    let mut uneven = gates(4, ONE, 2);
    uneven[1] = input(5, -ONE, ONE);
    assert_eq!(refused(&uneven), expected(3, GateProblem::Length));
    let mut wide = gates(4, i64::MAX, 2);
    wide[0] = input(4, -(1 << 58), 1 << 58);
    assert_eq!(refused(&wide), expected(3, GateProblem::Range));
}
