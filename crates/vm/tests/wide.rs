//! What is particular to 2^127 - 1: values that fill 64 bits, and masks that hide statistically.

mod common;
#[path = "common/committee.rs"]
mod network;
#[path = "common/program.rs"]
mod program;

use common::Pick;
use enigma_bytecode::model::{Order, Relation};
use enigma_bytecode::plan::{self, Call, Gate, Limits, Security, Step, Value};
use enigma_field::{Committee, M61, M127, PrimeField};
use network::{Machines, assert_predicted, engines, shown};
use program::{check, check_rounds, elements, input, of, planned};

const X: Value = Value(0);
const Y: Value = Value(1);

/// Ends and neighbours of ends, then values of all lengths.
fn values(count: usize, seed: u64) -> Vec<i64> {
    let mut pick = Pick(seed);
    let mut values = vec![
        0,
        i64::MAX,
        -i64::MAX,
        1,
        -1,
        i64::MAX - 1,
        1 << 32,
        -(1 << 62),
    ];
    while values.len() < count {
        let bits = pick.word() % 63;
        values.push(pick.between(-(1 << bits), 1 << bits));
    }
    values.truncate(count);
    values
}

fn comparisons(count: usize) -> Vec<Gate> {
    let relations = [Relation::Less, Relation::Equal, Relation::Greater];
    let compare = |relation| Gate::Compare {
        relation,
        a: X,
        b: Y,
    };
    let inputs = [0, 1].map(|_| input(count, -i64::MAX, i64::MAX));
    inputs.into_iter().chain(relations.map(compare)).collect()
}

/// Two vectors of 64-bit values with ties, and the ends against each other.
fn pairs(count: usize, seed: u64) -> [Vec<i64>; 2] {
    let x = values(count, seed);
    let mut y = x.clone();
    y.rotate_left(1);
    for at in (0..count).step_by(5) {
        y[at] = x[at];
    }
    [x, y]
}

fn opens_bounded(gates: &[Gate], n: u8) -> bool {
    let plan = planned::<M127>(n, gates);
    let mut steps = plan.strands.iter().flat_map(|strand| &strand.steps);
    steps.any(|step| matches!(step, Step::Call(Call::Bounded { .. })))
}

#[test]
fn long_vectors_are_compared_under_bounded_masks() {
    for (n, seed) in [(5, 1), (7, 2), (9, 3)] {
        let count = 256 + usize::from(n);
        assert!(opens_bounded(&comparisons(count), n));
        check::<M127>(n, &comparisons(count), &pairs(count, seed), seed);
    }
    check_rounds::<M127>(5, &comparisons(256), &pairs(256, 4));
}

#[test]
fn other_vectors_are_compared_exactly() {
    for (n, count) in [(3, 300), (5, 40), (11, 20)] {
        assert!(!opens_bounded(&comparisons(count), n));
        check::<M127>(n, &comparisons(count), &pairs(count, 5), 5);
    }
}

#[test]
fn values_of_64_bits_are_ranked_cut_and_taken_apart() {
    let rows = values(20, 6);
    let gates = [
        input(rows.len(), -i64::MAX, i64::MAX),
        Gate::Rank {
            a: X,
            order: Order::Ascending,
        },
        Gate::Bits {
            a: X,
            width: M127::BITS,
        },
        Gate::Truncate { a: X, bits: 63 },
        Gate::Truncate { a: X, bits: 1 },
        Gate::Remainder { a: X, bits: 62 },
        Gate::FirstTwo {
            a: X,
            order: Order::Descending,
        },
    ];
    for n in [3, 5] {
        check::<M127>(n, &gates, std::slice::from_ref(&rows), 7);
    }
}

/// Products of numbers of 64 bits with 32 behind the point, which have up to 94 bits.
fn fixed(count: usize) -> [Gate; 3] {
    let most = 1 << 47;
    [
        input(count, -most, most),
        input(count, -most, most),
        Gate::MultiplyFixed {
            a: X,
            b: Y,
            bits: 32,
        },
    ]
}

fn factors(count: usize) -> [Vec<i64>; 2] {
    let most = 1i64 << 47;
    let mut pick = Pick(8);
    let mut draw = || {
        let mut values = vec![most, -most, 0, 1, -1];
        values.extend((5..count).map(|_| pick.between(-most, most)));
        values.rotate_left(pick.word() as usize % count);
        values
    };
    [draw(), draw()]
}

#[test]
fn products_in_fixed_point_are_right_up_to_the_stated_error() {
    let count = 60;
    let [x, y] = factors(count);
    for (n, subsets) in [(3, 3), (5, 10), (7, 35), (9, 126)] {
        let plan = planned::<M127>(n, &fixed(count));
        let inputs = elements(&[x.clone(), y.clone()]);
        let outcomes = Machines::new(&plan, &inputs, engines(of(n), 9), 9).run();
        assert_predicted(&plan, &outcomes);
        let found = shown(of(n), &outcomes).remove(0).1;
        let errors = found.iter().zip(x.iter().zip(&y)).map(|(found, (x, y))| {
            let exact = (i128::from(*x) * i128::from(*y)) >> 32;
            i128::from(*found) - exact
        });
        let errors: Vec<i128> = errors.collect();
        let allowed = -(subsets / 2)..=subsets - subsets / 2;
        assert!(errors.iter().all(|e| allowed.contains(e)), "{errors:?}");
        // It is centred: no error always has one sign.
        assert!(errors.iter().any(|e| *e >= 0) && errors.iter().any(|e| *e <= 0));
    }
    check_rounds::<M127>(5, &fixed(count), &factors(count));
}

#[test]
fn products_in_fixed_point_are_exact_where_masks_cannot_be_bounded() {
    check::<M127>(11, &fixed(10), &factors(10), 1);
    let most = 1 << 29;
    let gates = [
        input(7, -most, most),
        input(7, -most, most),
        Gate::MultiplyFixed {
            a: X,
            b: Y,
            bits: 16,
        },
    ];
    let rows = vec![most, -most, 0, 1, -1, 77_777, -65_536];
    let mut other = rows.clone();
    other.reverse();
    check::<M61>(3, &gates[..], &[rows.clone(), other.clone()], 2);
    check::<M61>(5, &gates[..], &[rows, other], 3);
}

#[test]
fn products_that_leave_the_field_s_quarter_are_refused() {
    let gates = [
        input(2, -i64::MAX, i64::MAX),
        Gate::MultiplyFixed {
            a: X,
            b: X,
            bits: 63,
        },
    ];
    let committee = Committee::new(3).expect("an odd size");
    let plan = |gates: &[Gate]| {
        let limits = Limits::default();
        plan::program::<M127>(gates, &[Y], committee, Security::Malicious, limits)
    };
    assert!(plan(&gates).is_err(), "the product reaches 2^126");
    let mut narrower = gates.clone();
    narrower[0] = input(2, -(1 << 62), 1 << 62);
    assert!(plan(&narrower).is_ok());
}
