//! Least squares: a live committee gives bit by bit what the reference says, and the reference is as near to
//! floating point as is stated.
#![allow(clippy::print_stdout)] // The measured errors are documentation.

mod common;
#[path = "common/committee.rs"]
mod network;
#[path = "common/program.rs"]
mod program;

use common::Pick;
use enigma_bytecode::interval::Interval;
use enigma_bytecode::plan::{
    self, Gate, GateProblem, Limits, PlanError, Security, Value, reference,
};
use enigma_field::{M61, M127};
use enigma_vm::clear;
use program::{check, check_rounds, elements, input, meaning, of, planned};

const F: u32 = 16;
const UNIT: f64 = (1 << F) as f64;
const MOST: i64 = (1 << 47) - 1;

/// Where the columns of the fifth example lie: age, dose, outcome.
const RANGES: [Interval; 3] = [
    Interval {
        low: 0,
        high: 120 << F,
    },
    Interval {
        low: 0,
        high: 100 << F,
    },
    Interval {
        low: 0,
        high: 1 << F,
    },
];

fn fixed(x: f64) -> i64 {
    (x * UNIT).round() as i64
}

fn gates(rows: usize, ranges: &[Interval], ridge: i64) -> Vec<Gate> {
    let inputs = ranges.iter().map(|r| input(rows, r.low, r.high));
    let last = ranges.len() as u32 - 1;
    let regression = Gate::Regression {
        columns: (0..last).map(Value).collect(),
        y: Value(last),
        bits: F,
        ridge,
        most: MOST,
    };
    inputs.chain([regression]).collect()
}

/// Rows around a plane: ages, doses and outcomes with noise.
fn rows(count: usize, seed: u64) -> Vec<Vec<i64>> {
    let mut pick = Pick(seed);
    let mut columns = vec![Vec::new(); 3];
    for _ in 0..count {
        let (age, dose) = (pick.between(0, 120 << F), pick.between(0, 100 << F));
        let noise = pick.between(-(1 << 13), 1 << 13);
        let outcome = (fixed(0.05) + age / 400 + dose / 500 + noise).clamp(0, 1 << F);
        for (column, value) in columns.iter_mut().zip([age, dose, outcome]) {
            column.push(value);
        }
    }
    columns
}

/// The solution in 64-bit floating point: normal equations of distances from means, solved by elimination with
/// pivots.
fn floating(columns: &[Vec<i64>], ridge: f64) -> Vec<f64> {
    let real: Vec<Vec<f64>> = columns
        .iter()
        .map(|column| column.iter().map(|x| *x as f64 / UNIT).collect())
        .collect();
    let n = real[0].len() as f64;
    let means: Vec<f64> = real.iter().map(|c| c.iter().sum::<f64>() / n).collect();
    let p = real.len() - 1;
    let product = |i: usize, j: usize| {
        let pairs = real[i].iter().zip(&real[j]);
        let sum: f64 = pairs.map(|(x, y)| (x - means[i]) * (y - means[j])).sum();
        sum + if i == j { ridge } else { 0.0 }
    };
    let mut lines: Vec<Vec<f64>> = (0..p)
        .map(|i| (0..=p).map(|j| product(i, j)).collect())
        .collect();
    for k in 0..p {
        let best = (k..p).max_by(|a, b| lines[*a][k].abs().total_cmp(&lines[*b][k].abs()));
        lines.swap(k, best.expect("a line is left"));
        let pivot = lines[k].clone();
        for (i, line) in lines.iter_mut().enumerate() {
            if i != k {
                let factor = line[k] / pivot[k];
                line.iter_mut()
                    .zip(&pivot)
                    .for_each(|(x, y)| *x -= factor * y);
            }
        }
    }
    let slopes: Vec<f64> = (0..p).map(|k| lines[k][p] / lines[k][k]).collect();
    let explained: f64 = slopes.iter().zip(&means).map(|(w, m)| w * m).sum();
    std::iter::once(means[p] - explained)
        .chain(slopes)
        .collect()
}

fn referenced(columns: &[Vec<i64>], ranges: &[Interval], ridge: i64) -> Vec<i64> {
    let columns: Vec<(&[i64], Interval)> = columns
        .iter()
        .zip(ranges)
        .map(|(column, range)| (&column[..], *range))
        .collect();
    reference::regression(&columns, F, ridge, MOST)
}

/// The largest distance from floating point, in units of the last place.
fn distance(columns: &[Vec<i64>], ranges: &[Interval], ridge: i64) -> f64 {
    let found = referenced(columns, ranges, ridge);
    let real = floating(columns, ridge as f64 / UNIT);
    let distances = found
        .iter()
        .zip(&real)
        .map(|(x, y)| (*x as f64 - y * UNIT).abs());
    distances.fold(0.0, f64::max)
}

#[test]
fn results_are_those_of_floating_point() {
    for (seed, count) in (1..).zip([3, 4, 5, 10, 100, 2_000, 100_000]) {
        let columns = rows(count, seed);
        let distance = distance(&columns, &RANGES, 0);
        println!("{count} rows: {distance:.4} units of the last place");
        assert!(distance < 0.52, "{count} rows: {distance}");
    }
    let columns = rows(200, 9);
    for ridge in [fixed(0.5), fixed(1_000.0), fixed(1e6)] {
        assert!(distance(&columns, &RANGES, ridge) < 0.52);
    }
}

/// Doses that follow ages but for `noise` of them: the more, the worse the equations.
#[test]
fn equations_that_are_nearly_singular_lose_little() {
    let mut pick = Pick(5);
    for (noise, allowed) in [(1.0, 0.6), (0.1, 0.6), (0.01, 1.0)] {
        let mut columns = rows(1000, 6);
        for (age, dose) in columns[0].clone().into_iter().zip(&mut columns[1]) {
            let off = fixed(noise);
            *dose = (age / 2 + pick.between(-off, off)).clamp(0, 100 << F);
        }
        let distance = distance(&columns, &RANGES, 0);
        println!("doses within {noise}: {distance:.4} units of the last place");
        assert!(distance < allowed, "{noise}: {distance}");
    }
}

#[test]
fn the_example_recovers_its_line() {
    let columns = [
        [10.0, 20.0, 10.0, 40.0],
        [1.0, 1.0, 2.0, 3.0],
        [0.2, 0.3, 0.3, 0.7],
    ]
    .map(|column| column.map(fixed).to_vec());
    let gates = gates(4, &RANGES, 0);
    for n in [3, 5] {
        check::<M127>(n, &gates, &columns, 1);
    }
    check_rounds::<M127>(3, &gates, &columns);
    let found = referenced(&columns, &RANGES, 0);
    let expected = floating(&columns, 0.0);
    for (found, expected) in found.iter().zip(&expected) {
        assert!((*found as f64 / UNIT - expected).abs() < 2e-5);
    }
}

/// One more column than the example has, with and without a ridge; sizes up to 2 rows.
#[test]
fn committees_compute_what_the_reference_says() {
    let mut ranges = RANGES.to_vec();
    ranges.insert(
        2,
        Interval {
            low: -3,
            high: 1 << 30,
        },
    );
    let mut pick = Pick(3);
    for (n, count, ridge) in [(3, 2, 0), (3, 30, fixed(2.5)), (5, 7, 0)] {
        let mut columns = rows(count, 4);
        let more = (0..count).map(|_| pick.between(-3, 1 << 30)).collect();
        columns.insert(2, more);
        check::<M127>(n, &gates(count, &ranges, ridge), &columns, 2);
    }
    check::<M127>(7, &gates(3, &RANGES, 0), &rows(3, 8), 2);
}

#[test]
fn thousands_of_rows_in_the_clear() {
    let columns = rows(5_000, 2);
    let gates = gates(5_000, &RANGES, 0);
    let plan = planned::<M127>(3, &gates);
    let mut pick = Pick(4);
    let found = clear::run_plan(&plan, &elements(&columns), || pick.bit());
    let found: Vec<i64> = found.outputs[0]
        .1
        .iter()
        .map(|x| x.to_i128() as i64)
        .collect();
    assert_eq!(found, meaning::<M127>(&gates, &columns)[3]);
}

#[test]
fn columns_that_depend_on_others_get_zero() {
    let three = rows(50, 3);
    let constant = vec![vec![7 << F; 50], three[1].clone(), three[2].clone()];
    let twice = vec![
        three[0].clone(),
        three[0].iter().map(|x| x / 2).collect(),
        three[2].clone(),
    ];
    let constant_y = vec![three[0].clone(), three[1].clone(), vec![fixed(0.25); 50]];
    let found = [&constant, &twice, &constant_y].map(|columns| referenced(columns, &RANGES, 0));
    let alone = floating(&three[1..], 0.0);
    assert_eq!(found[0][1], 0);
    assert!((found[0][0] as f64 - alone[0] * UNIT).abs() < 1.0);
    assert!((found[0][2] as f64 - alone[1] * UNIT).abs() < 1.0);
    assert_eq!(found[2], [fixed(0.25), 0, 0]);
    // Halves that are cut are not quite halves: they stay below the least pivot.
    assert_eq!(found[1][2], 0);
    let one_row: Vec<Vec<i64>> = three.iter().map(|column| column[..1].to_vec()).collect();
    assert_eq!(referenced(&one_row, &RANGES, 0), [one_row[2][0], 0, 0]);
    check::<M127>(3, &gates(50, &RANGES, 0), &constant, 1);
    check::<M127>(3, &gates(50, &RANGES, 0), &twice, 2);
    check::<M127>(5, &gates(1, &RANGES, 0), &one_row, 3);
}

/// Results stay within their bounds whatever the data are.
#[test]
fn results_are_clamped() {
    let columns = [vec![0, 1, 0, 0], vec![0, 1 << F, 0, 0]];
    let ranges = [RANGES[0], RANGES[2]];
    let mut gates = gates(4, &ranges, 0);
    let Some(Gate::Regression { most, .. }) = gates.last_mut() else {
        unreachable!("it is the last gate");
    };
    *most = 100 << F;
    check::<M127>(3, &gates, &columns, 1);
    let found = &meaning::<M127>(&gates, &columns)[2];
    assert_eq!(
        found[1], 0,
        "one unit in a column of 23 bits is below the least pivot"
    );
    let columns = [vec![0, 1 << 10, 0, 0], vec![0, 1 << F, 0, 0]];
    check::<M127>(3, &gates, &columns, 1);
    let found = &meaning::<M127>(&gates, &columns)[2];
    assert_eq!(found[1], 64 << F);
    let Some(Gate::Regression { most, .. }) = gates.last_mut() else {
        unreachable!("it is the last gate");
    };
    *most = 10 << F;
    check::<M127>(3, &gates, &columns, 1);
    let found = &meaning::<M127>(&gates, &columns)[2];
    assert_eq!(found[1], 10 << F);
}

#[test]
fn the_example_s_largest_size_is_within_the_network_s_limits() {
    for n in [3, 5] {
        let cost = &planned::<M127>(n, &gates(100_000, &RANGES, 0)).cost;
        println!(
            "{n} parties: {} rounds, {} bytes",
            cost.rounds, cost.bytes_per_party
        );
        assert!(cost.rounds < 4_000, "{n}: {}", cost.rounds);
        assert!(
            cost.bytes_per_party < 16 << 20,
            "{n}: {}",
            cost.bytes_per_party
        );
        // However many rows there are, but for the bits of their sums.
        let small = &planned::<M127>(n, &gates(100, &RANGES, 0)).cost;
        assert!(cost.multiplications < 2 * small.multiplications);
    }
}

#[test]
fn what_does_not_fit_is_refused() {
    let refused = |gates: &[Gate], large: bool| {
        let (limits, security) = (Limits::default(), Security::Malicious);
        if large {
            plan::program::<M127>(gates, &[], of(3), security, limits).err()
        } else {
            plan::program::<M61>(gates, &[], of(3), security, limits).err()
        }
    };
    let expected = |gate: usize, problem| Some(PlanError::Gate { gate, problem });
    let example = gates(4, &RANGES, 0);
    assert_eq!(refused(&example, true), None);
    assert_eq!(refused(&example, false), expected(3, GateProblem::Range));
    let long = [RANGES[0], RANGES[2]].map(|range| Interval {
        low: -(1 << 52),
        ..range
    });
    let wide = gates(1 << 20, &long, 0);
    assert_eq!(refused(&wide, true), expected(2, GateProblem::Range));
    let negative = gates(4, &RANGES, -1);
    assert_eq!(
        refused(&negative, true),
        expected(3, GateProblem::Parameter)
    );
    let uneven = [
        input(3, 0, 9),
        input(4, 0, 9),
        Gate::Regression {
            columns: vec![Value(0)],
            y: Value(1),
            bits: F,
            ridge: 0,
            most: MOST,
        },
    ];
    assert_eq!(refused(&uneven, true), expected(2, GateProblem::Length));
}
