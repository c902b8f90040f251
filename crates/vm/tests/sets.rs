//! Keys of several limbs, by a live committee over both fields: equality, first occurrences, intersections and
//! joins, by pairs and by sorting.

mod common;
#[path = "common/committee.rs"]
mod network;
#[path = "common/program.rs"]
mod program;

use common::{EDGE, Pick};
use enigma_bytecode::plan::{
    self, Call, Gate, GateProblem, Limits, Plan, PlanError, Security, Step, Value,
};
use enigma_field::{M61, M127};
use program::{check, check_rounds, input, of, planned};

const LEFT: Value = Value(0);
const RIGHT: Value = Value(1);
const VALID: Value = Value(2);
const COLUMN: Value = Value(3);

/// Bits of a limb.
const LIMB_BITS: u32 = 52;

/// The limbs of the keys numbered so: a number decides all limbs of a key, as in a hash.
fn keys(numbers: &[i64], limbs: usize) -> Vec<i64> {
    let limb = |limb: usize| {
        numbers.iter().map(move |number| {
            let mut pick = Pick((*number as u64) << 8 | limb as u64);
            (pick.word() >> (64 - LIMB_BITS)) as i64
        })
    };
    (0..limbs).flat_map(limb).collect()
}

fn numbers(end: i64, count: usize, seed: u64) -> Vec<i64> {
    let mut pick = Pick(seed);
    (0..count).map(|_| pick.between(0, end)).collect()
}

fn limbs_input(rows: usize, limbs: usize) -> Gate {
    input(rows * limbs, 0, (1 << LIMB_BITS) - 1)
}

/// Keys of two lists, bits of the second, a column of it; a join without columns and one with it.
fn joins(left: usize, right: usize, limbs: usize) -> Vec<Gate> {
    let join = |columns| Gate::Join {
        left: LEFT,
        right: RIGHT,
        limbs: limbs as u32,
        valid: VALID,
        columns,
    };
    vec![
        limbs_input(left, limbs),
        limbs_input(right, limbs),
        input(right, 0, 1),
        input(right, -EDGE, EDGE),
        join(vec![]),
        join(vec![COLUMN, VALID]),
        Gate::Joined {
            join: Value(5),
            column: 0,
        },
        Gate::Joined {
            join: Value(5),
            column: 1,
        },
    ]
}

fn lists(left: usize, right: usize, limbs: usize, seed: u64) -> [Vec<i64>; 4] {
    let end = (left + right) as i64 / 2;
    let mut pick = Pick(seed + 77);
    [
        keys(&numbers(end, left, seed), limbs),
        keys(&numbers(end, right, seed + 1), limbs),
        (0..right).map(|_| pick.between(0, 1)).collect(),
        (0..right).map(|_| pick.between(-EDGE, EDGE)).collect(),
    ]
}

fn check_both(n: u8, gates: &[Gate], inputs: &[Vec<i64>], seed: u64) {
    check::<M61>(n, gates, inputs, seed);
    check::<M127>(n, gates, inputs, seed);
}

/// Whether rows are sorted.
fn sorts<F: enigma_field::PrimeField>(plan: &Plan<F>) -> bool {
    let mut steps = plan.strands.iter().flat_map(|strand| &strand.steps);
    steps.any(|step| matches!(step, Step::Call(Call::Shuffle { .. })))
}

#[test]
fn rows_are_equal_in_all_limbs() {
    for (seed, (n, limbs)) in (0..).zip([(3, 1), (3, 2), (5, 5), (7, 3), (9, 2)]) {
        let rows = 6;
        let x = keys(&numbers(99, rows, seed), limbs);
        let mut y = x.clone();
        // A row differs in its first limb, another in its last.
        y[1] += 1;
        y[(limbs - 1) * rows + 3] -= 1;
        let gates = [
            limbs_input(rows, limbs),
            limbs_input(rows, limbs),
            Gate::EqualRows {
                a: LEFT,
                b: RIGHT,
                limbs: limbs as u32,
            },
        ];
        check_both(n, &gates, &[x, y], seed);
    }
}

fn distinct(rows: usize, limbs: usize) -> Vec<Gate> {
    let limbs_of_each = limbs as u32;
    vec![
        limbs_input(rows, limbs),
        Gate::Distinct {
            a: LEFT,
            limbs: limbs_of_each,
        },
    ]
}

#[test]
fn the_first_of_equal_keys_is_marked() {
    for (seed, (n, rows, limbs, end)) in (0..).zip([
        (3, 1, 3, 5),
        (3, 2, 1, 0),
        (3, 9, 5, 4),
        (5, 20, 5, 9),
        (7, 5, 2, 3),
        (9, 12, 5, 5),
        (11, 6, 1, 3),
        (3, 150, 5, 60),
        (5, 90, 1, 40),
        (3, 40, 5, 0),
    ]) {
        let rows_given = keys(&numbers(end, rows, seed), limbs);
        check_both(n, &distinct(rows, limbs), &[rows_given], seed);
    }
}

#[test]
fn joins_find_the_row_with_the_key() {
    for (seed, (n, left, right, limbs)) in (0..).zip([
        (3, 1, 1, 1),
        (3, 5, 3, 5),
        (3, 12, 20, 2),
        (5, 10, 7, 5),
        (7, 3, 4, 5),
        (3, 60, 70, 5),
        (5, 50, 40, 1),
    ]) {
        let inputs = lists(left, right, limbs, seed);
        check_both(n, &joins(left, right, limbs), &inputs, seed);
    }
}

#[test]
fn intersections_of_large_committees_go_by_pairs() {
    for n in [9, 11] {
        let gates = &joins(4, 5, 5)[..5];
        check_both(n, gates, &lists(4, 5, 5, 3), 4);
    }
    let refused = plan::program::<M61>(
        &joins(4, 5, 5),
        &[],
        of(9),
        Security::Malicious,
        Limits::default(),
    );
    assert_eq!(refused.err(), Some(PlanError::ShuffleCommittee { n: 9 }));
}

#[test]
fn the_cheaper_way_is_taken() {
    let sorted = |n: u8, rows: usize| {
        let intersection = planned::<M127>(n, &joins(rows, rows, 5)[..5]);
        let first = planned::<M127>(n, &distinct(2 * rows, 5));
        (sorts(&intersection), sorts(&first))
    };
    assert_eq!(sorted(3, 20), (false, false));
    assert_eq!(sorted(3, 1000), (true, true));
    assert_eq!(sorted(5, 20), (false, false));
    assert_eq!(sorted(5, 1000), (true, true));
}

/// The fourth example at its largest: 4,096 hashes each, of five limbs.
#[test]
fn the_overlap_of_the_longest_lists_is_within_the_network_s_limits() {
    let gates = &joins(4096, 4096, 5)[..5];
    for n in [3, 5] {
        let cost = &planned::<M127>(n, gates).cost;
        assert!(cost.rounds < 2_000, "{n}: {}", cost.rounds);
        assert!(
            cost.bytes_per_party < 800 << 20,
            "{n}: {}",
            cost.bytes_per_party
        );
    }
}

/// What is opened beside masked values are places after shuffles, each once.
#[test]
fn what_sets_open_is_shuffled_places_only() {
    let plan = planned::<M61>(3, &joins(300, 300, 5));
    let steps = || plan.strands.iter().flat_map(|strand| &strand.steps);
    let mut fresh: Vec<_> = steps()
        .filter_map(|step| match step {
            Step::Call(Call::Shuffle {
                dst,
                back_from: None,
                ..
            }) => Some((*dst, 0, 600)),
            _ => None,
        })
        .collect();
    let mut opened: Vec<_> = steps()
        .filter_map(|step| match step {
            Step::Call(Call::Open { src, .. }) => Some((src.reg, src.start, src.len)),
            _ => None,
        })
        .collect();
    fresh.sort_unstable();
    opened.sort_unstable();
    assert!(fresh.len() > 20);
    assert_eq!(opened, fresh);
}

#[test]
fn costs_are_what_the_formulas_say() {
    // 100 left and 100 right rows of one limb of 52 bits, 18 passes; five parties.
    let mut gates = joins(100, 100, 1);
    gates.truncate(4);
    gates.push(Gate::Join {
        left: LEFT,
        right: RIGHT,
        limbs: 1,
        valid: VALID,
        columns: vec![COLUMN],
    });
    let cost = &planned::<M61>(5, &gates).cost;
    let rows = 200u64;
    let digits = 26;
    let bits = 30 + 55 + 4 + (digits - 1) + 52;
    let passes = 17 * (4 + 1) + 1;
    let equalities = (rows - 1) * (30 + 60 + 1);
    // Of layers at distance 1, 2, 4, ... 128.
    let scan: u64 = (0..8).map(|layer| 3 * (rows - (1 << layer))).sum();
    let taking_part = 100;
    let expected = rows * (bits + passes) + equalities + rows + scan + taking_part;
    assert_eq!(cost.multiplications, expected);
    // Digests of five limbs over 2^127 - 1: three powers and a product for each row.
    let (wide, narrow) = (
        planned::<M127>(5, &distinct(10, 5)),
        planned::<M127>(5, &distinct(10, 1)),
    );
    let more = wide.cost.multiplications - narrow.cost.multiplications;
    assert_eq!(more, 3 + 10);
}

#[test]
fn messages_are_exchanged_as_often_as_predicted() {
    for (n, left, right) in [(3, 4, 3), (5, 4, 3), (3, 50, 40)] {
        let inputs = lists(left, right, 5, 1);
        check_rounds::<M61>(n, &joins(left, right, 5), &inputs);
        check_rounds::<M127>(n, &distinct(left, 5), &inputs[..1]);
    }
}

#[test]
fn what_does_not_fit_is_refused() {
    use GateProblem::{Length, Operand, Parameter, Range};
    let vectors = [
        input(6, 0, 9),
        input(4, 0, 9),
        input(2, 0, 1),
        input(2, 0, 5),
    ];
    let join = |limbs, valid, columns| Gate::Join {
        left: LEFT,
        right: RIGHT,
        limbs,
        valid,
        columns,
    };
    for (gate, problem) in [
        (Gate::Distinct { a: LEFT, limbs: 4 }, Length),
        (Gate::Distinct { a: LEFT, limbs: 0 }, Parameter),
        (Gate::Distinct { a: LEFT, limbs: 65 }, Parameter),
        (join(2, COLUMN, vec![]), Range),
        (join(1, VALID, vec![]), Length),
        (join(2, VALID, vec![LEFT]), Length),
        (
            Gate::Joined {
                join: LEFT,
                column: 0,
            },
            Operand,
        ),
        (
            Gate::EqualRows {
                a: LEFT,
                b: RIGHT,
                limbs: 2,
            },
            Length,
        ),
    ] {
        let gates: Vec<Gate> = vectors.iter().cloned().chain([gate]).collect();
        let limits = Limits::default();
        let refused = plan::program::<M61>(&gates, &[], of(3), Security::Malicious, limits);
        let expected = PlanError::Gate { gate: 4, problem };
        assert_eq!(refused.err(), Some(expected), "{:?}", gates[4]);
    }
}
