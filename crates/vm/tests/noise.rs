//! Shared random numbers: their distribution, in the clear and with fixed seeds, and their run by a live
//! committee.

mod common;
#[path = "common/committee.rs"]
mod network;
#[path = "common/program.rs"]
mod program;

use std::collections::BTreeMap;
use std::sync::Arc;

use common::Pick;
use enigma_bytecode::model::Width;
use enigma_bytecode::plan::{
    Gate, GateProblem, Limits, Plan, PlanError, Security, Value, program as plan,
};
use enigma_field::{M61, M127};
use enigma_vm::clear;
use network::{Machines, assert_predicted, engines, shown};
use program::{check_rounds, of, planned};

/// A decay given as a fraction.
fn decay(fraction: f64) -> u64 {
    (fraction * 2f64.powi(64)) as u64
}

/// The narrowest that is drawn in steps: of a variance of 77 + 16 (77 + 16 * 34).
const WIDE: Width = Width {
    steps: 2,
    decay: 18_177_453_357_479_385_133,
};

/// What a gate draws, in the clear.
fn drawn(gate: Gate, seed: u64) -> Vec<i64> {
    let plan = planned::<M61>(3, &[gate]);
    let mut pick = Pick(seed);
    let mut outputs = clear::run_plan(&plan, &[], || pick.bit()).outputs;
    let (_, values) = outputs.pop().expect("one output");
    values.iter().map(|value| value.to_i64()).collect()
}

/// Pearson's chi-square statistic of `values` against probabilities, in units of its standard deviation
/// from its mean. Cells that expect fewer than 5 are taken together.
fn deviation(values: &[i64], probability: impl Fn(i64) -> f64, ends: (i64, i64)) -> f64 {
    let mut counts: BTreeMap<i64, f64> = BTreeMap::new();
    for value in values {
        *counts.entry(*value).or_default() += 1.0;
    }
    let total = values.len() as f64;
    let (mut rare, mut rare_expected) = (total, total);
    let (mut statistic, mut cells) = (0.0, 0);
    for value in ends.0..=ends.1 {
        let expected = total * probability(value);
        if expected < 5.0 {
            continue;
        }
        let found = counts.get(&value).copied().unwrap_or(0.0);
        statistic += (found - expected).powi(2) / expected;
        cells += 1;
        rare -= found;
        rare_expected -= expected;
    }
    if rare_expected >= 5.0 {
        statistic += (rare - rare_expected).powi(2) / rare_expected;
        cells += 1;
    } else {
        assert!(rare < 30.0, "{rare} values that should be rare");
    }
    let freedom = f64::from(cells - 1);
    (statistic - freedom) / (2.0 * freedom).sqrt()
}

#[test]
fn uniform_numbers_are_uniform() {
    for (seed, end) in (1..).zip([2, 3, 10, 16, 257, 1000]) {
        let values = drawn(Gate::Uniform { len: 20_000, end }, seed);
        let high = end as i64 - 1;
        assert!(values.iter().all(|x| (0..=high).contains(x)));
        let deviation = deviation(&values, |_| 1.0 / end as f64, (0, high));
        assert!(deviation.abs() < 4.0, "{end}: {deviation}");
    }
    let wide = drawn(
        Gate::Uniform {
            len: 500,
            end: 999_999_937,
        },
        9,
    );
    assert!(wide.iter().all(|x| (0..999_999_937).contains(x)));
    let mean = wide.iter().sum::<i64>() as f64 / 500.0;
    assert!((mean / 999_999_937.0 - 0.5).abs() < 0.05);
    assert_eq!(drawn(Gate::Uniform { len: 5, end: 1 }, 1), [0; 5]);
}

#[test]
fn laplace_numbers_have_the_discrete_laplace_distribution() {
    for (seed, q) in (1..).zip([0.2, 0.5, 0.9]) {
        let values = drawn(
            Gate::Laplace {
                len: 10_000,
                decay: decay(q),
            },
            seed,
        );
        let probability = |x: i64| (1.0 - q) / (1.0 + q) * q.powi(x.unsigned_abs() as i32);
        let deviation = deviation(&values, probability, (-200, 200));
        assert!(deviation.abs() < 4.0, "{q}: {deviation}");
    }
}

#[test]
fn gaussian_numbers_have_the_discrete_gaussian_distribution() {
    for (seed, sigma) in (1..).zip([0.5f64, 1.0, 4.0]) {
        let rho = (-1.0 / (2.0 * sigma * sigma)).exp();
        let values = drawn(
            Gate::Gaussian {
                len: 10_000,
                width: Width::table(decay(rho)),
            },
            seed,
        );
        let weight = |x: i64| rho.powi((x * x) as i32);
        let total: f64 = (-99..=99).map(weight).sum();
        let deviation = deviation(&values, |x| weight(x) / total, (-99, 99));
        assert!(deviation.abs() < 4.0, "{sigma}: {deviation}");
    }
}

/// So many tiles that each step's numbers are joined from several of them.
#[test]
fn wide_numbers_have_the_discrete_gaussian_distribution() {
    let variance = 77.0 + 16.0 * (77.0 + 16.0 * 34.0);
    let values = drawn(
        Gate::Gaussian {
            len: 4_000,
            width: WIDE,
        },
        17,
    );
    let weight = |x: i64| (-((x * x) as f64) / (2.0 * variance)).exp();
    let total: f64 = (-1_200..=1_200).map(weight).sum();
    let deviation = deviation(&values, |x| weight(x) / total, (-1_200, 1_200));
    assert!(deviation.abs() < 4.0, "{deviation}");
    // Each remainder of 4 is as frequent as the others.
    let rests: Vec<i64> = values.iter().map(|x| x.rem_euclid(4)).collect();
    let deviation = self::deviation(&rests, |_| 0.25, (0, 3));
    assert!(deviation.abs() < 4.0, "{deviation}");
}

/// What leaves the field's numbers is refused before anything is drawn.
#[test]
fn noise_is_not_wider_than_the_field() {
    let widest = Gate::Gaussian {
        len: 1,
        width: Width { steps: 27, ..WIDE },
    };
    let plan = |gates: &[Gate]| {
        plan::<M61>(
            gates,
            &[Value(0)],
            of(3),
            Security::Malicious,
            Limits::default(),
        )
    };
    let expected = PlanError::Gate {
        gate: 0,
        problem: GateProblem::Range,
    };
    assert_eq!(plan(std::slice::from_ref(&widest)).err(), Some(expected));
    let large = planned::<M127>(3, &[widest]);
    assert!(large.cost.openings >= 27 * 90 + 59);
}

/// A test that holds wrong values to be right would not be one.
#[test]
fn the_statistic_tells_distributions_apart() {
    let values = drawn(
        Gate::Uniform {
            len: 20_000,
            end: 10,
        },
        1,
    );
    let tilted = |x: i64| 0.1 + (x as f64 - 4.5) * 0.002;
    assert!(deviation(&values, tilted, (0, 9)) > 4.0);
}

#[test]
fn a_committee_draws_numbers_in_range_at_the_predicted_cost() {
    for (seed, n) in (0..).zip([3, 5, 7, 9, 11]) {
        let gates = [
            Gate::Uniform { len: 9, end: 6 },
            Gate::Uniform { len: 3, end: 8 },
            Gate::Laplace {
                len: 4,
                decay: decay(0.7),
            },
            Gate::Gaussian {
                len: 4,
                width: Width::table(decay(0.5)),
            },
            Gate::Gaussian {
                len: 3,
                width: WIDE,
            },
        ];
        let plan: Arc<Plan> = planned::<M61>(n, &gates);
        let outcomes = Machines::new(&plan, &[], engines(of(n), seed), seed).run();
        assert_predicted(&plan, &outcomes);
        let shown = shown(of(n), &outcomes);
        assert!(shown[0].1.iter().all(|x| (0..6).contains(x)));
        assert!(shown[1].1.iter().all(|x| (0..8).contains(x)));
        assert!(shown[2].1.iter().all(|x| x.abs() < 100));
        assert!(shown[3].1.iter().all(|x| x.abs() < 10));
        assert!(shown[4].1.iter().all(|x| x.abs() < 10 * 100));
        assert!(shown[0].1.iter().any(|x| *x != shown[0].1[0]));
        if n == 3 {
            check_rounds::<M61>(n, &gates, &[]);
        }
    }
}

#[test]
fn random_numbers_cost_what_their_formulas_say() {
    let less = 30 + 55 + 1;
    let spent = |gate: Gate| {
        let cost = planned::<M61>(5, &[gate]).cost.clone();
        [cost.multiplications, cost.random_bits, cost.openings]
    };
    assert_eq!(spent(Gate::Uniform { len: 7, end: 64 }), [0, 7 * 61, 0]);
    // 4 bits: limbs of 55, two of them; 27 is 11011 in bits.
    let remainder = 30 + 55 + 4 + 4 + 1;
    assert_eq!(
        spent(Gate::Uniform { len: 7, end: 10 }),
        [7 * 2 * remainder, 7 * 4 * 61, 14]
    );
    // 0.5^64 is below 2^-60, 0.5^32 is not: 6 bits of each geometric number.
    let decay = 1 << 63;
    let laplace = spent(Gate::Laplace { len: 5, decay });
    assert_eq!(laplace, [5 * 12 * less, 5 * 24 * 61, 60]);
    // 2^-64 and 2^-81 are weights of 8 and 9; from 2^-76 on they are left out.
    let width = Width::table(decay);
    let gaussian = spent(Gate::Gaussian { len: 5, width });
    assert_eq!(gaussian, [5 * (8 * less + 1), 5 * 9 * 61, 40]);
    // Two steps of 90 thresholds, and 59 of what they start with.
    let all = 2 * 90 + 59;
    let wide = spent(Gate::Gaussian {
        len: 5,
        width: WIDE,
    });
    assert_eq!(wide, [5 * (all * less + 3), 5 * (all + 3) * 61, 5 * all]);
}

#[test]
fn parameters_outside_their_range_are_refused() {
    for gate in [
        Gate::Uniform { len: 1, end: 0 },
        Gate::Uniform {
            len: 1,
            end: (1 << 30) + 1,
        },
        Gate::Laplace { len: 1, decay: 0 },
        Gate::Laplace {
            len: 1,
            decay: u64::MAX,
        },
        Gate::Gaussian {
            len: 1,
            width: Width::table(0),
        },
        Gate::Gaussian {
            len: 1,
            width: Width::table(u64::MAX),
        },
        Gate::Gaussian {
            len: 1,
            width: Width { steps: 1, ..WIDE },
        },
    ] {
        let refused = plan::<M61>(
            &[gate],
            &[Value(0)],
            of(3),
            Security::Malicious,
            Limits::default(),
        );
        let expected = PlanError::Gate {
            gate: 0,
            problem: GateProblem::Parameter,
        };
        assert_eq!(refused, Err(expected));
    }
}
