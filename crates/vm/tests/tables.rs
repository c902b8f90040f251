//! Filters, cells of a grouping, covariances and correlations, by a live committee over both fields: results are those of
//! plain integers, and cost is what plan and formulas say.

mod common;
#[path = "common/committee.rs"]
mod network;
#[path = "common/program.rs"]
mod program;

use common::{EDGE, Pick};
use enigma_bytecode::plan::{
    self, Gate, GateProblem, Limits, PlanError, Rounding, Security, Value, reference,
};
use enigma_field::{M61, M127};
use program::{check, check_rounds, input, of, planned};

const X: Value = Value(0);
const Y: Value = Value(1);
const BITS: Value = Value(2);

const ROUNDINGS: [Rounding; 2] = [Rounding::TowardZero, Rounding::Nearest];

fn drawn(low: i64, high: i64, count: usize, seed: u64) -> Vec<i64> {
    let mut pick = Pick(seed);
    (0..count).map(|_| pick.between(low, high)).collect()
}

/// Runs over both fields.
fn check_both(n: u8, gates: &[Gate], inputs: &[Vec<i64>], seed: u64) {
    check::<M61>(n, gates, inputs, seed);
    check::<M127>(n, gates, inputs, seed);
}

/// Products, random bits and openings of five parties over 2^61 - 1.
fn spent(gates: &[Gate]) -> [u64; 3] {
    let cost = planned::<M61>(5, gates).cost.clone();
    [cost.multiplications, cost.random_bits, cost.openings]
}

/// Products of a comparison, of one that tells equality too, and of `width` bits, without the masks'.
const LESS: u64 = 30 + 55 + 1;
const LESS_AND_EQUAL: u64 = 30 + 60 + 1;

fn bits(width: u32) -> u64 {
    let digits = width.div_ceil(2);
    let log = (digits - 1).checked_ilog2().unwrap_or(0);
    30 + 55 + u64::from(log + digits - 1 + width)
}

#[test]
fn sums_and_means_over_hidden_rows() {
    for (seed, n) in (0..).zip([3, 5, 7]) {
        let columns = [drawn(-50, 90, 12, seed), drawn(0, 7, 12, seed + 9)];
        let mut bits = drawn(0, 1, 36, seed);
        // The second block takes no row, the third all.
        bits[12..24].fill(0);
        bits[24..].fill(1);
        let mut gates = vec![input(12, -50, 90), input(12, 0, 7), input(36, 0, 1)];
        for a in [X, Y] {
            gates.push(Gate::SumWhere { bits: BITS, a });
            let mean = |rounding| Gate::MeanWhere {
                bits: BITS,
                a,
                rounding,
            };
            gates.extend(ROUNDINGS.map(mean));
        }
        gates.push(Gate::BlockSums { a: BITS, blocks: 3 });
        gates.push(Gate::AtLeast { a: X, least: 7 });
        let inputs = [columns[0].clone(), columns[1].clone(), bits];
        check_both(n, &gates, &inputs, seed);
    }
}

#[test]
fn means_of_large_values_stay_exact() {
    let rows = vec![EDGE / 4, EDGE / 4 - 1, -EDGE / 4, EDGE / 8];
    let gates = [
        input(4, -EDGE / 4, EDGE / 4),
        input(4, 0, 1),
        Gate::MeanWhere {
            bits: Y,
            a: X,
            rounding: Rounding::Nearest,
        },
    ];
    check_both(3, &gates, &[rows.clone(), vec![1, 1, 0, 0]], 1);
    check_both(5, &gates, &[rows, vec![0, 0, 1, 1]], 2);
}

#[test]
fn halves_are_rounded_up_and_quotients_toward_zero() {
    // Two rows each: sums of -3 to 3.
    let bits = vec![1; 2];
    for sum in -3..=3 {
        let mut gates = vec![input(2, -3, 3), input(2, 1, 1)];
        gates.extend(ROUNDINGS.map(|rounding| Gate::MeanWhere {
            bits: Y,
            a: X,
            rounding,
        }));
        check_both(3, &gates, &[vec![sum, 0], bits.clone()], 1);
    }
}

#[test]
fn covariances_and_variances() {
    for (seed, n, rows) in [(1, 3, 9), (2, 5, 6), (3, 7, 1), (4, 3, 40)] {
        let inputs = [drawn(-200, 300, rows, seed), drawn(0, 1000, rows, seed + 7)];
        let mut gates = vec![input(rows, -200, 300), input(rows, 0, 1000)];
        for (a, b) in [(X, X), (X, Y)] {
            for (bits, rounding) in [(0, ROUNDINGS[0]), (0, ROUNDINGS[1]), (5, ROUNDINGS[1])] {
                gates.push(Gate::Covariance {
                    a,
                    b,
                    bits,
                    rounding,
                });
            }
        }
        // The standard deviation.
        gates.push(Gate::SquareRoot { a: Value(2) });
        check_both(n, &gates, &inputs, seed);
    }
    // Over 2^127 - 1 columns of 40 bits.
    let most = 1 << 30;
    let rows = drawn(-most, most, 8, 5);
    let wide = [
        input(8, -most, most),
        Gate::Covariance {
            a: X,
            b: X,
            bits: 3,
            rounding: Rounding::Nearest,
        },
    ];
    check::<M127>(3, &wide, &[rows], 6);
}

fn correlated(columns: &[Vec<i64>; 2], ranges: [(i64, i64); 2], bits: u32) -> [Gate; 4] {
    let rows = columns[0].len();
    let [x, y] = ranges.map(|(low, high)| input(rows, low, high));
    let (same, both) = ((X, X), (X, Y));
    let of = |(a, b)| Gate::Correlation { a, b, bits };
    [x, y, of(same), of(both)]
}

#[test]
fn correlations() {
    let one = 1 << 16;
    // Salaries in cents, of as many people as the field holds with their range, drawn close together; ages.
    let ranges = [(0, 100_000_000), (0, 120)];
    for (seed, n) in (1..).zip([3, 5, 7]) {
        let columns = [
            drawn(300_000, 500_000, 40, seed),
            drawn(20, 70, 40, seed + 9),
        ];
        let gates = correlated(&columns, ranges, 16);
        check::<M127>(n, &gates, &columns, seed);
    }
    // As far apart as can be, one alone, all alike, one line up and down.
    let far = [vec![0, 100_000_000, 0, 100_000_000], vec![0, 120, 120, 0]];
    let line: Vec<i64> = (0..9).collect();
    for (columns, expected) in [
        (far, [one, 0]),
        ([vec![7], vec![9]], [0, 0]),
        ([vec![5; 4], vec![1, 2, 3, 4]], [0, 0]),
        (
            [line.clone(), line.iter().map(|x| 100 - 7 * x).collect()],
            [one, -one],
        ),
    ] {
        let gates = correlated(&columns, ranges, 16);
        check::<M127>(3, &gates, &columns, 1);
        let [x, y] = &columns;
        let found = [
            reference::correlation(x, x, 16),
            reference::correlation(x, y, 16),
        ];
        assert_eq!(found, expected.map(Some), "{columns:?}");
    }
    // Few bits behind the point leave room in the small field; ranges that hold one value, or none but negative ones.
    for (ranges, seed) in [
        ([(-9, 9), (-50, -3)], 1),
        ([(4, 4), (0, 90)], 2),
        ([(0, 0), (0, 0)], 3),
    ] {
        let columns = ranges.map(|(low, high)| drawn(low, high, 9, seed));
        for bits in [0, 5] {
            let gates = correlated(&columns, ranges, bits);
            check_both(3, &gates, &columns, seed);
            check_both(5, &gates, &columns, seed);
        }
    }
    let columns = [vec![3, 9, 1], vec![1, 4, 4]];
    check_rounds::<M127>(3, &correlated(&columns, [(0, 9); 2], 16), &columns);
    check_rounds::<M127>(5, &correlated(&columns, [(0, 9); 2], 16), &columns);
}

#[test]
fn correlations_are_within_two_thirds_of_the_last_place() {
    let mut largest: f64 = 0.0;
    for seed in 0..4_000 {
        let mut pick = Pick(seed);
        let rows = pick.between(2, 12) as usize;
        let most = 1 << pick.between(0, 30);
        let x = drawn(0, most, rows, seed + 1);
        let noise = drawn(-most, most, rows, seed + 2);
        let share = pick.between(0, 64);
        let y: Vec<i64> = (x.iter().zip(&noise))
            .map(|(x, noise)| 64 * x + share * noise)
            .collect();
        let spread = |a, b| reference::spread(a, b).expect("short columns") as f64;
        let (of_x, of_y) = (spread(&x, &x), spread(&y, &y));
        if of_x == 0.0 || of_y == 0.0 {
            continue;
        }
        let real = spread(&x, &y) / of_x.sqrt() / of_y.sqrt();
        for bits in [8, 16, 20] {
            let found = reference::correlation(&x, &y, bits).expect("short columns");
            let unit = f64::from(1 << bits);
            largest = largest.max((found as f64 - real * unit).abs());
        }
    }
    assert!((0.49..=0.67).contains(&largest), "{largest}");
}

/// Rows in cells: the one-hots of shared keys, counts, means and quantiles.
fn cells(rows: usize, cells: u32, low: i64, high: i64) -> Vec<Gate> {
    let mut gates = vec![
        input(rows, 0, i64::from(cells) - 1),
        input(rows, low, high),
        Gate::OneHots {
            index: X,
            len: cells,
        },
        Gate::BlockSums {
            a: BITS,
            blocks: cells,
        },
    ];
    for (numerator, denominator) in [(1, 2), (9, 10), (1, 1)] {
        gates.push(Gate::CellQuantile {
            hots: BITS,
            a: Y,
            numerator,
            denominator,
        });
    }
    gates
}

#[test]
fn quantiles_of_cells() {
    for (seed, (n, rows, count)) in (1..).zip([
        (3, 1, 1),
        (3, 7, 3),
        (3, 40, 4),
        (5, 12, 2),
        (7, 5, 3),
        (3, 90, 4),
        (5, 70, 5),
    ]) {
        let mut keys = drawn(0, i64::from(count) - 1, rows, seed);
        // A cell stays empty where there are several.
        if count > 2 {
            keys.iter_mut()
                .filter(|key| **key == 1)
                .for_each(|key| *key = 2);
        }
        let inputs = [keys, drawn(-20, 25, rows, seed + 100)];
        check_both(n, &cells(rows, count, -20, 25), &inputs, seed);
    }
}

#[test]
fn small_cells_are_suppressed() {
    // Two rows, three, none.
    let mut gates = cells(5, 3, 0, 100);
    gates.push(Gate::AtLeast {
        a: Value(3),
        least: 3,
    });
    let last = gates.len() as u32 - 1;
    gates.push(Gate::Multiply {
        a: Value(last),
        b: Value(4),
    });
    let inputs = [vec![0, 1, 1, 0, 1], vec![70, 30, 20, 80, 50]];
    check_both(3, &gates, &inputs, 1);
    let meaning = program::meaning::<M61>(&gates, &inputs);
    assert_eq!(meaning[last as usize], [0, 1, 0]);
    assert_eq!(meaning[last as usize + 1], [0, 30, 0]);
}

#[test]
fn costs_are_what_the_formulas_say() {
    for rows in [2u64, 5, 30] {
        let vector = || input(rows as usize, 0, 99);
        let chosen = || input(2 * rows as usize, 0, 1);
        let sums = [vector(), chosen(), Gate::SumWhere { bits: Y, a: X }];
        assert_eq!(spent(&sums), [2, 0, 0]);
        // Seven bits of a quotient, a divisor that can be 0, and a rounding.
        let width = (rows * 99).ilog2() + 1;
        let mean = [
            vector(),
            chosen(),
            Gate::MeanWhere {
                bits: Y,
                a: X,
                rounding: Rounding::Nearest,
            },
        ];
        let steps = 8 * LESS + 7 + LESS_AND_EQUAL + 1;
        let products = 2 * (1 + bits(width) + steps);
        assert_eq!(spent(&mean), [products, 2 * 10 * 61, 2 * 10], "{rows}");
    }
    let least = [input(9, 0, 99), Gate::AtLeast { a: X, least: 50 }];
    assert_eq!(spent(&least), [9 * LESS, 9 * 61, 9]);
    // 100 rows in 4 cells: 7 bits of a value and 2 of the cell are sorted in three passes.
    let gates = &cells(100, 4, 0, 99)[..5];
    let without = &gates[..4];
    let [products, random_bits, openings] = spent(gates);
    let [products_before, random_before, openings_before] = spent(without);
    let sort = 100 * (bits(7) + 3 * (4 + 1));
    // Counts up to 100, halved: up to 3 times 16, then up to 15. A place below 100 has 7 bits: 8 columns, 13
    // rows.
    let halving = 3 + 15;
    let lookup = bits(7) + (8 - 1 - 3) + (16 - 1 - 4) + 13 + 1;
    let cells = 4 * ((1 + halving) * LESS + lookup + 2);
    assert_eq!(products - products_before, sort + cells);
    let masks = 4 * (2 + halving);
    assert_eq!(openings - openings_before, 100 + 3 * 100 + masks);
    assert_eq!(random_bits - random_before, 61 * (100 + masks));
}

#[test]
fn messages_are_exchanged_as_often_as_predicted() {
    let inputs = [vec![0, 1, 1, 0, 1], vec![70, 30, 20, 80, 50]];
    for n in [3, 5] {
        let gates = cells(5, 3, 0, 100);
        check_rounds::<M61>(n, &gates, &inputs);
        for gate in [
            Gate::MeanWhere {
                bits: X,
                a: Y,
                rounding: Rounding::Nearest,
            },
            Gate::Covariance {
                a: Y,
                b: Y,
                bits: 0,
                rounding: Rounding::Nearest,
            },
        ] {
            let gates = [input(5, 0, 1), input(5, 0, 100), gate];
            check_rounds::<M61>(n, &gates, &inputs);
        }
    }
}

#[test]
fn what_does_not_fit_is_refused() {
    use GateProblem::{Length, Parameter, Range};
    let vectors = [
        input(3, -10, 10),
        input(7, 0, 1),
        input(6, 0, 1),
        input(3, 0, EDGE),
    ];
    let quantile = |numerator, denominator| Gate::CellQuantile {
        hots: BITS,
        a: X,
        numerator,
        denominator,
    };
    let rounding = Rounding::Nearest;
    let covariance = |a, b| Gate::Covariance {
        a,
        b,
        bits: 0,
        rounding,
    };
    let correlation = |a, b, bits| Gate::Correlation { a, b, bits };
    for (gate, problem) in [
        (Gate::SumWhere { bits: Y, a: X }, Length),
        (Gate::SumWhere { bits: X, a: X }, Range),
        (Gate::BlockSums { a: X, blocks: 2 }, Length),
        (Gate::BlockSums { a: X, blocks: 0 }, Length),
        (quantile(0, 2), Parameter),
        (quantile(3, 2), Parameter),
        (quantile(1, 1001), Parameter),
        (covariance(X, Y), Length),
        (covariance(X, Value(3)), Range),
        (correlation(X, Y, 0), Length),
        (correlation(X, Value(3), 0), Range),
        (correlation(X, X, 41), Parameter),
        (
            Gate::MeanWhere {
                bits: BITS,
                a: Value(3),
                rounding,
            },
            Range,
        ),
    ] {
        let gates: Vec<Gate> = vectors.iter().cloned().chain([gate]).collect();
        let limits = Limits::default();
        let refused = plan::program::<M61>(&gates, &[], of(3), Security::Malicious, limits);
        let expected = PlanError::Gate { gate: 4, problem };
        assert_eq!(refused.err(), Some(expected), "{:?}", gates[4]);
    }
}
