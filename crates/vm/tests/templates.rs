//! Every template of programs, run by a live committee: results are those of plain integers, and cost
//! is what the plan says and what the templates' formulas say.

mod common;
#[path = "common/committee.rs"]
mod network;
#[path = "common/program.rs"]
mod program;

use common::{EDGE, Pick};
use enigma_bytecode::interval::Interval;
use enigma_bytecode::model::{Order, Relation};
use enigma_bytecode::plan::{
    self, Call, Cost, Form, Gate, GateProblem, Limit, Limits, Operation, PlanError, Security, Step,
    Value,
};
use enigma_field::M61;
use program::{check, check_rounds, input, of, planned};

const SIZES: [u8; 5] = [3, 5, 7, 9, 11];

const X: Value = Value(0);
const Y: Value = Value(1);
const Z: Value = Value(2);

/// The ends of a range, what is near them and near 0, and values in between.
fn values(low: i64, high: i64, count: usize, seed: u64) -> Vec<i64> {
    let mut pick = Pick(seed);
    let special = [low, low + 1, high - 1, high, -1, 0, 1, 2, -2];
    let mut all: Vec<i64> = special
        .into_iter()
        .filter(|x| (low..=high).contains(x))
        .collect();
    while all.len() < count {
        all.push(pick.between(low, high));
    }
    all
}

/// Products of a comparison beside the one-hots.
const LESS: u64 = 30 + 55 + 1;

/// Products of a comparison that tells equality too.
const LESS_AND_EQUAL: u64 = 30 + 60 + 1;

/// What a program of one gate costs in a committee of five, which has no other path for comparisons:
/// products, random bits, openings.
fn spent(gates: &[Gate]) -> [u64; 3] {
    let Cost {
        multiplications,
        random_bits,
        openings,
        ..
    } = planned::<M61>(5, gates).cost;
    [multiplications, random_bits, openings]
}

/// The cost of so many products and masks.
fn cost(products: u64, masks: u64) -> [u64; 3] {
    [products, 61 * masks, masks]
}

fn ones(q: u32) -> u64 {
    q.count_ones().into()
}

fn log2(q: u32) -> u64 {
    q.checked_ilog2().unwrap_or(0).into()
}

#[test]
fn remainders_and_truncation_round_down_over_the_whole_range() {
    let rows = values(-EDGE, EDGE, 12, 1);
    let mut gates = vec![input(rows.len(), -EDGE, EDGE)];
    for bits in [0, 1, 2, 3, 16, 31, 32, 47, 58, 59] {
        gates.push(Gate::Remainder { a: X, bits });
        gates.push(Gate::Truncate { a: X, bits });
    }
    gates.push(Gate::Truncate { a: X, bits: 60 });
    check::<M61>(3, &gates, &[rows], 1);
    for (seed, n) in (0..).zip(SIZES) {
        let rows = values(-1000, 5000, 20, seed);
        let gates = [
            input(rows.len(), -1000, 5000),
            Gate::Remainder { a: X, bits: 5 },
            Gate::Truncate { a: X, bits: 8 },
            Gate::Truncate { a: X, bits: 20 },
        ];
        check::<M61>(n, &gates, &[rows], seed);
    }
}

#[test]
fn every_number_of_bits_is_cut_right() {
    let rows = values(0, EDGE, 6, 8);
    let mut gates = vec![input(rows.len(), 0, EDGE)];
    gates.extend((1..60).map(|bits| Gate::Remainder { a: X, bits }));
    check::<M61>(3, &gates, &[rows], 2);
}

#[test]
fn truncation_costs_what_its_formula_says() {
    for bits in 1..=60 {
        let gates = [input(3, -EDGE, EDGE), Gate::Truncate { a: X, bits }];
        let q = bits / 2;
        let products = 30 + 55 + log2(q) + ones(q) + u64::from(bits % 2);
        assert_eq!(spent(&gates), cost(3 * products, 3), "{bits} bits");
    }
    let small = [input(3, 0, 255), Gate::Remainder { a: X, bits: 8 }];
    assert_eq!(spent(&small), cost(0, 0));
}

#[test]
fn bits_of_values_in_known_ranges_and_of_all_elements() {
    let rows = values(-EDGE, EDGE, 10, 3);
    let gates = [
        input(rows.len(), -EDGE, EDGE),
        Gate::Bits { a: X, width: 61 },
    ];
    let inputs = [rows];
    check::<M61>(3, &gates, &inputs, 1);
    check::<M61>(5, &gates, &inputs, 2);
    for (seed, (n, width)) in (0..).zip([
        (3, 1),
        (3, 2),
        (3, 3),
        (5, 4),
        (3, 5),
        (7, 8),
        (9, 16),
        (11, 17),
        (3, 32),
        (3, 33),
        (3, 59),
    ]) {
        let high = (1 << width) - 1;
        let rows = values(0, high, 7, seed);
        let gates = [
            input(rows.len(), 0, high),
            Gate::Bits { a: X, width },
            Gate::Compose { bits: Y, width },
        ];
        check::<M61>(n, &gates, &[rows], seed);
    }
}

#[test]
fn bits_cost_what_their_formula_says() {
    for width in 1..=59 {
        let gates = [input(3, 0, (1 << width) - 1), Gate::Bits { a: X, width }];
        let digits = width.div_ceil(2);
        let products = 30 + 55 + log2(digits - 1) + u64::from(digits - 1 + width);
        assert_eq!(spent(&gates), cost(3 * products, 3), "{width} bits");
    }
    let all = [input(1, -EDGE, EDGE), Gate::Bits { a: X, width: 61 }];
    assert_eq!(spent(&all), cost(30 + 150, 1));
}

#[test]
fn selection_and_lookup() {
    let (x, y) = (values(-EDGE, EDGE, 9, 1), values(-EDGE, EDGE, 9, 2));
    let bits: Vec<i64> = (0..9).map(|k| k / 2 % 2).collect();
    let table: Vec<i64> = (0..9).map(|k| 1000 - k * k * k).collect();
    let index = vec![0, 8, 1, 7, 2, 2, 4, 5, 3];
    for (seed, n) in (0..).zip(SIZES) {
        let gates = [
            input(9, -EDGE, EDGE),
            input(9, -EDGE, EDGE),
            input(9, 0, 1),
            input(9, 0, 8),
            Gate::Select {
                bit: Z,
                then: X,
                otherwise: Y,
            },
            Gate::OneHots {
                index: Value(3),
                len: 9,
            },
            Gate::Lookup {
                index: Value(3),
                table: table.clone(),
            },
            Gate::LookupShared {
                index: Value(3),
                table: X,
            },
            Gate::Part {
                a: Z,
                start: 2,
                len: 1,
            },
            Gate::Select {
                bit: Value(8),
                then: X,
                otherwise: Value(8),
            },
        ];
        let inputs = [x.clone(), y.clone(), bits.clone(), index.clone()];
        check::<M61>(n, &gates, &inputs, seed);
    }
    // A table of one entry, of one with a bit of index more than needed, and one that takes two folds.
    for len in [1, 2, 17, 100] {
        let index = vec![0, len - 1, len / 2];
        let gates = [
            input(3, 0, len - 1),
            Gate::Lookup {
                index: X,
                table: (0..len).map(|k| 7 - k).collect(),
            },
            Gate::OneHots {
                index: X,
                len: len as u32,
            },
        ];
        check::<M61>(3, &gates, &[index], 5);
    }
}

#[test]
fn selection_and_lookup_cost_what_their_formulas_say() {
    let select = [
        input(7, -EDGE, EDGE),
        input(7, 0, 1),
        Gate::Select {
            bit: Y,
            then: X,
            otherwise: Y,
        },
    ];
    assert_eq!(spent(&select), [7, 0, 0]);
    for width in 1..=8u32 {
        let len = 1 << width;
        let digits = width.div_ceil(2);
        let bits = 30 + 55 + log2(digits - 1) + u64::from(digits - 1 + width);
        let one_hot = bits + len - 1 - u64::from(width);
        let index = input(5, 0, len as i64 - 1);
        let table = input(len as usize, -3, 3);
        let hots = Gate::OneHots {
            index: X,
            len: len as u32,
        };
        assert_eq!(spent(&[index.clone(), hots]), cost(5 * one_hot, 5));
        let shared = Gate::LookupShared { index: X, table: Y };
        // Two steps from 16 entries on: 2^low columns, as many rows or twice as many.
        let (low, high) = (width / 2, width - width / 2);
        let halves = (1u64 << low) - 1 + (1 << high) - 1 - u64::from(width);
        let reading = if width < 4 {
            one_hot + 1
        } else {
            bits + halves + (1 << high) + 1
        };
        assert_eq!(spent(&[index, table, shared]), cost(5 * reading, 5));
    }
}

#[test]
fn firsts_of_vectors_with_ties() {
    let cases: [(u8, Vec<i64>); 8] = [
        (3, vec![5, 5]),
        (3, vec![-1, 7, 7, -1, 7]),
        (3, vec![EDGE, -EDGE, EDGE, -EDGE, 0, EDGE - 1]),
        (3, vec![4; 7]),
        (5, vec![3, 2, 1]),
        (7, vec![1, 2, 3, 4]),
        (9, values(-EDGE, EDGE, 11, 6)),
        (11, values(-3, 3, 9, 7)),
    ];
    for (seed, (n, rows)) in (0..).zip(cases) {
        let mut gates = vec![input(rows.len(), -EDGE, EDGE)];
        for order in [Order::Ascending, Order::Descending] {
            gates.push(Gate::First { a: X, order });
            gates.push(Gate::FirstPlace { a: X, order });
            gates.push(Gate::FirstTwo { a: X, order });
        }
        check::<M61>(n, &gates, &[rows], seed);
    }
    let order = Order::Ascending;
    let one = [
        input(1, -9, 9),
        Gate::First { a: X, order },
        Gate::FirstPlace { a: X, order },
    ];
    check::<M61>(3, &one, &[vec![-7]], 1);
}

#[test]
fn firsts_cost_what_their_formulas_say() {
    let order = Order::Descending;
    for rows in 2..40u64 {
        let vector = || input(rows as usize, -EDGE, EDGE);
        let comparisons = rows - 1;
        let first = [vector(), Gate::First { a: X, order }];
        assert_eq!(spent(&first), cost(comparisons * (LESS + 1), comparisons));
        let place = [vector(), Gate::FirstPlace { a: X, order }];
        assert_eq!(spent(&place), cost(comparisons * (LESS + 2), comparisons));
        let merges = rows.div_ceil(2) - 1;
        let comparisons = rows / 2 + 2 * merges;
        let products = comparisons * LESS + rows / 2 + 3 * merges;
        let two = [vector(), Gate::FirstTwo { a: X, order }];
        assert_eq!(spent(&two), cost(products, comparisons), "{rows} rows");
    }
}

#[test]
fn zeros_are_shown_and_equality_stays_hidden() {
    let rows = values(-EDGE, EDGE, 10, 4);
    for (seed, n) in (0..).zip(SIZES) {
        let gates = [
            input(10, -EDGE, EDGE),
            input(1, -EDGE, EDGE),
            Gate::Compare {
                relation: Relation::Equal,
                a: X,
                b: Y,
            },
            Gate::Multiply { a: Z, b: Z },
            Gate::ShowZeros { a: Value(3) },
            Gate::ShowZeros { a: X },
            Gate::Linear {
                terms: vec![(2, Value(4)), (-3, Value(5))],
                constant: 1,
            },
        ];
        check::<M61>(n, &gates, &[rows.clone(), vec![rows[3]]], seed);
    }
    let gates = [input(6, -EDGE, EDGE), Gate::ShowZeros { a: X }];
    assert_eq!(spent(&gates), [6, 0, 6]);
}

#[test]
fn counts_sums_and_quantiles() {
    for (seed, n) in (0..).zip(SIZES) {
        let rows = values(-50, 50, 13, seed);
        let mut gates = vec![
            input(rows.len(), -50, 50),
            Gate::PrefixSums { a: X },
            Gate::Histogram {
                a: X,
                bounds: vec![-50, -3, 0, 1, 49],
            },
            Gate::Histogram {
                a: X,
                bounds: vec![0],
            },
            Gate::Linear {
                terms: vec![(1, X)],
                constant: 50,
            },
            Gate::CountEach {
                a: Value(4),
                len: 101,
            },
        ];
        gates.extend([1, 7, 13].map(|position| Gate::Quantile { a: X, position }));
        check::<M61>(n, &gates, &[rows], seed);
    }
    let mut wide = vec![input(8, -EDGE, EDGE)];
    wide.extend((1..=8).map(|position| Gate::Quantile { a: X, position }));
    check::<M61>(3, &wide, &[vec![3, EDGE, 3, -EDGE, 3, 0, EDGE, -7]], 3);
    let one = [input(1, -9, 9), Gate::Quantile { a: X, position: 1 }];
    check::<M61>(3, &one, &[vec![-7]], 1);
}

#[test]
fn counts_and_quantiles_cost_what_their_formulas_say() {
    for rows in 2..20u64 {
        let vector = || input(rows as usize, 0, 7);
        let bounds = vec![1, 4, 6];
        let histogram = [vector(), Gate::Histogram { a: X, bounds }];
        assert_eq!(spent(&histogram), cost(3 * rows * LESS, 3 * rows));
        let each = [vector(), Gate::CountEach { a: X, len: 8 }];
        let one_hot = (30 + 55 + 1 + 3) + (8 - 1 - 3);
        assert_eq!(spent(&each), cost(rows * one_hot, rows));
        let pairs = rows * (rows - 1) / 2;
        let quantile = [vector(), Gate::Quantile { a: X, position: 2 }];
        let products = pairs * LESS + rows * LESS_AND_EQUAL - rows + 1;
        assert_eq!(spent(&quantile), cost(products + rows, pairs + rows));
    }
}

#[test]
fn quotients_by_shared_divisors_are_exact() {
    let wide = [values(-EDGE, EDGE, 9, 1), values(-EDGE, EDGE, 9, 2)];
    let mut crossed = [Vec::new(), Vec::new()];
    for x in &wide[0] {
        for y in [-EDGE, -7, -1, 0, 1, 2, 1 << 30, EDGE] {
            crossed[0].push(*x);
            crossed[1].push(y);
        }
    }
    let rows = crossed[0].len();
    let gates = [
        input(rows, -EDGE, EDGE),
        input(rows, -EDGE, EDGE),
        Gate::Divide { a: X, b: Y },
        Gate::Modulo { a: X, b: Y },
    ];
    check::<M61>(3, &gates, &crossed, 1);
    for (seed, n, (low, high), (least, most)) in [
        (1, 3, (0, 1000), (1, 30)),
        (2, 3, (0, 1000), (0, 30)),
        (3, 3, (-1000, 0), (-30, 0)),
        (4, 3, (-1000, 1000), (3, 30)),
        (5, 3, (0, 1000), (-30, 30)),
        (6, 5, (-1000, 1000), (-30, -4)),
        (7, 7, (0, 15), (3, 4)),
        (8, 9, (0, 15), (0, 15)),
        (9, 11, (-7, 7), (-7, 7)),
        (10, 3, (0, 9), (10, 20)),
        (11, 3, (-9, 9), (0, 0)),
    ] {
        let inputs = [
            values(low, high, 20, seed),
            values(least, most, 20, seed + 50),
        ];
        let gates = [
            input(inputs[0].len(), low, high),
            input(inputs[1].len(), least, most),
            Gate::Divide { a: X, b: Y },
            Gate::Modulo { a: X, b: Y },
        ];
        let longest = inputs[0].len().max(inputs[1].len());
        assert!(inputs.iter().all(|rows| rows.len() == longest));
        check::<M61>(n, &gates, &inputs, seed);
    }
}

#[test]
fn quotients_and_roots_cost_what_their_formulas_say() {
    // 10 bits of a dividend below 2^10, 8 bits of a quotient.
    let digits = 5;
    let bits = 30 + 55 + log2(digits - 1) + u64::from(digits - 1) + 10;
    let gates = |low: i64, least: i64, most: i64| {
        [
            input(3, low, 1023),
            input(3, least, most),
            Gate::Divide { a: X, b: Y },
        ]
    };
    let steps = |width: u64| width * LESS + width - 1;
    let plain = spent(&gates(0, 4, 9));
    assert_eq!(plain, cost(3 * (bits + steps(8)), 3 * 9));
    let signed = spent(&gates(-1023, 4, 9));
    assert_eq!(signed, cost(3 * (bits + steps(8) + LESS + 2), 3 * 10));
    let zero = spent(&gates(0, 0, 9));
    assert_eq!(
        zero,
        cost(3 * (bits + steps(10) + LESS_AND_EQUAL + 1), 3 * 12)
    );
    let both = spent(&gates(-5, -9, 9));
    let signs = LESS + 1 + LESS_AND_EQUAL + 1 + 1 + 2;
    assert_eq!(both, cost(3 * (bits + steps(10) + signs), 3 * 13));

    for width in 1..=59u32 {
        let root = u64::from(width.div_ceil(2));
        let gates = [input(2, 0, (1 << width) - 1), Gate::SquareRoot { a: X }];
        let products = root * LESS + root.saturating_sub(2);
        assert_eq!(spent(&gates), cost(2 * products, 2 * root), "{width} bits");
    }
}

#[test]
fn roots_are_rounded_down() {
    let mut rows = values(0, EDGE, 8, 1);
    for root in [2, 3, 1000, 1 << 29, 759_250_124] {
        rows.extend([root * root - 1, root * root, root * root + 1]);
    }
    let gates = [input(rows.len(), 0, EDGE), Gate::SquareRoot { a: X }];
    check::<M61>(3, &gates, &[rows], 1);
    for (seed, (n, high)) in (0..).zip([(3, 1), (3, 3), (5, 4), (7, 24), (9, 99), (11, 17)]) {
        let rows: Vec<i64> = (0..=high).collect();
        let gates = [input(rows.len(), 0, high), Gate::SquareRoot { a: X }];
        check::<M61>(n, &gates, &[rows], seed);
    }
    let zero = [input(1, 0, 0), Gate::SquareRoot { a: X }];
    check::<M61>(3, &zero, &[vec![0]], 1);
}

#[test]
fn messages_are_exchanged_as_often_as_predicted() {
    let rows = vec![0, 7, 5, 5, 3];
    let vector = || input(rows.len(), 0, 7);
    let order = Order::Ascending;
    for gate in [
        Gate::Truncate { a: X, bits: 2 },
        Gate::Truncate { a: X, bits: 1 },
        Gate::Bits { a: X, width: 3 },
        Gate::Bits { a: X, width: 61 },
        Gate::Select {
            bit: Y,
            then: X,
            otherwise: Y,
        },
        Gate::OneHots { index: X, len: 8 },
        Gate::LookupShared { index: X, table: X },
        Gate::FirstPlace { a: X, order },
        Gate::FirstTwo { a: X, order },
        Gate::ShowZeros { a: X },
        Gate::Quantile { a: X, position: 2 },
        Gate::CountEach { a: X, len: 8 },
        Gate::Divide { a: X, b: Y },
        Gate::SquareRoot { a: X },
    ] {
        let table = Gate::LookupShared { index: X, table: X };
        if gate == table {
            let gates = [input(rows.len(), 0, 4), gate];
            check_rounds::<M61>(3, &gates, &[vec![0, 4, 2, 2, 1]]);
            continue;
        }
        let gates = [vector(), input(rows.len(), 0, 1), gate];
        check_rounds::<M61>(3, &gates, &[rows.clone(), vec![0, 1, 1, 0, 1]]);
    }
}

#[test]
fn every_operation_has_a_plan_with_and_without_verification() {
    for operation in Operation::ALL {
        let plan = |security| plan::operation(operation, 20, of(5), security).expect("a plan");
        let [verified, unverified] = [Security::Malicious, Security::SemiHonest].map(plan);
        let spent = |plan: &plan::Plan| (plan.cost.multiplications, plan.cost.openings);
        assert_eq!(spent(&verified), spent(&unverified), "{operation}");
        assert!(verified.cost.verifications > 0, "{operation}");
        assert_eq!(unverified.cost.verifications, 0, "{operation}");
    }
}

#[test]
fn long_vectors_go_in_tiles() {
    let len = plan::TILE as usize + 9;
    let rows: Vec<i64> = (0..len as i64).map(|k| k * 7 % 4096).collect();
    let gates = [
        input(len, 0, 4095),
        Gate::Truncate { a: X, bits: 5 },
        Gate::Part {
            a: X,
            start: 0,
            len: plan::TILE / 4 + 3,
        },
        Gate::Bits {
            a: Value(2),
            width: 12,
        },
    ];
    check::<M61>(3, &gates, &[rows], 1);
}

#[test]
fn gates_refuse_operands_that_do_not_fit() {
    use GateProblem::{Length, Operand, Parameter, Range};
    let order = Order::Ascending;
    let vectors = [input(3, -10, 10), input(2, 0, 1), input(1, 0, 99)];
    let two = |a, b| Gate::Multiply { a, b };
    for (gate, problem) in [
        (two(X, Value(3)), Operand),
        (two(X, Y), Length),
        (input(0, 0, 1), Length),
        (input(1, 0, EDGE + 1), Range),
        (Gate::SquareRoot { a: X }, Range),
        (Gate::Bits { a: X, width: 5 }, Range),
        (Gate::Bits { a: Y, width: 62 }, Parameter),
        (Gate::Bits { a: Z, width: 6 }, Range),
        (Gate::Compose { bits: Z, width: 1 }, Range),
        (Gate::Compose { bits: Y, width: 3 }, Length),
        (Gate::Truncate { a: X, bits: 61 }, Parameter),
        (Gate::OneHots { index: Z, len: 99 }, Range),
        (
            Gate::Lookup {
                index: Y,
                table: vec![],
            },
            Parameter,
        ),
        (Gate::LookupShared { index: X, table: Y }, Range),
        (Gate::FirstTwo { a: Z, order }, Length),
        (Gate::Quantile { a: X, position: 4 }, Parameter),
        (Gate::Quantile { a: X, position: 0 }, Parameter),
        (
            Gate::Histogram {
                a: X,
                bounds: vec![3, 3],
            },
            Parameter,
        ),
        (
            Gate::Select {
                bit: X,
                then: X,
                otherwise: X,
            },
            Range,
        ),
        (
            Gate::Part {
                a: X,
                start: 1,
                len: 3,
            },
            Length,
        ),
        (
            Gate::Linear {
                terms: vec![(1 << 57, X)],
                constant: 0,
            },
            Range,
        ),
    ] {
        let gates: Vec<Gate> = vectors.iter().cloned().chain([gate]).collect();
        let refused =
            plan::program::<M61>(&gates, &[], of(3), Security::Malicious, Limits::default());
        let expected = PlanError::Gate { gate: 3, problem };
        assert_eq!(refused, Err(expected), "{:?}", gates[3]);
    }
    let mut wide = vec![Gate::Input {
        len: 1,
        range: Interval { low: 0, high: EDGE },
    }];
    wide.push(two(X, X));
    let refused = plan::program::<M61>(&wide, &[], of(3), Security::Malicious, Limits::default());
    let expected = PlanError::Gate {
        gate: 1,
        problem: Range,
    };
    assert_eq!(refused, Err(expected));
}

#[test]
fn a_vector_too_large_for_memory_is_refused_with_the_figure_needed() {
    let bits = |len: usize, memory_bytes: u64| {
        let gates = [input(len, -EDGE, EDGE), Gate::Bits { a: X, width: 61 }];
        let limits = Limits {
            memory_bytes,
            ..Limits::default()
        };
        plan::program::<M61>(&gates, &[Y], of(3), Security::Malicious, limits)
    };
    let len = 100_000;
    let needed = bits(len, u64::MAX)
        .expect("memory enough")
        .cost
        .memory_bytes;
    // Bits are held twice while the tiles are joined.
    let result = len as u64 * 61 * 8;
    assert!(2 * result < needed && needed < 8 * result, "{needed}");
    assert!(bits(len, needed).is_ok());
    let refused = bits(len, needed - 1).expect_err("a byte is missing");
    let expected = PlanError::OverLimit {
        limit: Limit::Memory,
        allowed: needed - 1,
        needed,
    };
    assert_eq!(refused, expected);
    let text = format!(
        "the run needs at least {needed} bytes of memory at one node; the network allows {}",
        needed - 1
    );
    assert_eq!(refused.to_string(), text);
    // A result that is too large by itself is refused before anything is expanded.
    let hots = [
        input(1 << 20, 0, 4095),
        Gate::OneHots {
            index: X,
            len: 4096,
        },
    ];
    let limits = Limits::default();
    let refused = plan::program::<M61>(&hots, &[], of(3), Security::Malicious, limits);
    let expected = PlanError::OverLimit {
        limit: Limit::Memory,
        allowed: limits.memory_bytes,
        needed: 8 << 32,
    };
    assert_eq!(refused, Err(expected));
}

#[test]
fn large_committees_draw_multiply_and_open_what_others_do() {
    // Long products go through kings, short ones are dealt; comparisons use random bits, tests for zero random
    // values.
    let len = 1_012;
    let product = [
        input(len, -9, 9),
        input(len, -9, 9),
        Gate::Multiply { a: X, b: Y },
    ];
    let rows: Vec<i64> = (0..len as i64).map(|k| k % 19 - 9).collect();
    let rows = [rows.clone(), rows];
    check::<M61>(21, &product, &rows, 3);
    check_rounds::<M61>(21, &product, &rows);
    let short = [
        input(4, -9, 9),
        input(4, -9, 9),
        Gate::Multiply { a: X, b: Y },
        Gate::ShowZeros { a: Z },
        Gate::Compare {
            relation: Relation::Less,
            a: X,
            b: Y,
        },
    ];
    let rows = vec![vec![0, 5, -9, 9], vec![7, 5, 9, 0]];
    for n in [21, 31] {
        check::<M61>(n, &short, &rows, u64::from(n));
    }
}

#[test]
fn products_go_through_kings_where_that_saves_the_traffic_of_the_rounds_it_takes() {
    // Each result saves t (n - 3) / n elements and a round is worth 32 KiB; where random values are dealt it
    // saves t (n - 4) / n and takes two rounds more.
    let kings = |n: u8, len: usize| {
        let gates = [
            input(len, -9, 9),
            input(len, -9, 9),
            Gate::Multiply { a: X, b: Y },
        ];
        let (limits, security) = (Limits::default(), Security::Malicious);
        let plan = plan::program::<M61>(&gates, &[], of(n), security, limits).expect("a plan");
        let steps = plan.strands.iter().flat_map(|strand| &strand.steps);
        let mut forms = steps.filter_map(|step| match step {
            Step::Call(Call::Multiply { form, .. }) => Some(*form),
            _ => None,
        });
        forms.all(|form| form == Form::Kings)
    };
    for (n, least) in [(5, 5_120), (7, 2_390), (11, 2_575), (21, 1_012), (31, 628)] {
        assert!(kings(n, least), "{n}");
        assert!(!kings(n, least - 1), "{n}");
    }
    assert!(!kings(9, 100_000));
}
