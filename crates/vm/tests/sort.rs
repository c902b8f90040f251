//! Shuffles and sorts by a live committee: what they give, what they cost, what they refuse.

mod common;
#[path = "common/committee.rs"]
mod network;
#[path = "common/program.rs"]
mod program;

use std::sync::Arc;

use common::{EDGE, Pick};
use enigma_bytecode::model::Order;
use enigma_bytecode::plan::{
    self, Call, Gate, GateProblem, Limits, Local, Operation, Plan, PlanError, Security, Step, Value,
};
use enigma_field::M61;
use network::{Machines, assert_predicted, engines, shown};
use program::{check, check_rounds, input, of, planned};

const KEYS: Value = Value(0);
const ROWS: Value = Value(1);

fn drawn(low: i64, high: i64, count: usize, seed: u64) -> Vec<i64> {
    let mut pick = Pick(seed);
    (0..count).map(|_| pick.between(low, high)).collect()
}

/// Keys in a range and a column that tells rows with equal keys apart, both sorted by the keys.
fn sorts(low: i64, high: i64, count: usize) -> Vec<Gate> {
    let mut gates = vec![input(count, low, high), input(count, 0, count as i64)];
    for order in [Order::Ascending, Order::Descending] {
        for a in [KEYS, ROWS] {
            let keys = KEYS;
            gates.push(Gate::Sort { keys, a, order });
        }
    }
    gates
}

fn check_sorts(n: u8, low: i64, high: i64, count: usize, seed: u64) {
    let keys = drawn(low, high, count, seed);
    let places = (0..count as i64).collect();
    check::<M61>(n, &sorts(low, high, count), &[keys, places], seed);
}

#[test]
fn few_rows_are_sorted_by_pairs() {
    for (seed, (n, count)) in (1..).zip([(3, 1), (3, 2), (3, 3), (3, 64), (5, 7), (7, 3)]) {
        check_sorts(n, -2, 2, count, seed);
        check_sorts(n, -EDGE, EDGE, count, seed);
    }
}

#[test]
fn a_key_outside_its_range_gives_an_order_all_the_same() {
    // Compared with each other, these three are in no order.
    let keys: Vec<M61> = [(1 << 60) + 1000, 5, 2000].map(M61::new).to_vec();
    for n in [3, 5] {
        let plan = Arc::new(operation(Operation::Sort, 3, n));
        let inputs = vec![(0, keys.clone())];
        let outcomes = Machines::new(&plan, &inputs, engines(of(n), 1), 1).run();
        let mut sorted: Vec<i64> = shown(of(n), &outcomes)[0].1.clone();
        let mut all: Vec<i64> = keys.iter().map(|key| key.to_i64()).collect();
        sorted.sort_unstable();
        all.sort_unstable();
        assert_eq!(sorted, all);
    }
}

#[test]
fn many_rows_are_sorted_by_bits() {
    // Keys of one bit, of whole digits, and of one bit and of two more than that.
    for (seed, (n, low, high)) in (1..).zip([
        (3, 0, 1),
        (3, 0, 0),
        (3, 5, 12),
        (3, -8, 7),
        (3, -100, 20),
        (3, 0, 255),
        (3, -EDGE, EDGE),
        (5, -3, 9),
        (7, -1, 2),
    ]) {
        check_sorts(n, low, high, 65, seed);
    }
    check_sorts(3, 0, 63, 1000, 1);
}

#[test]
fn rounds_are_as_predicted() {
    for (n, count) in [(3, 1), (3, 2), (3, 20), (3, 70), (5, 5), (5, 70)] {
        let keys = drawn(-9, 9, count, 1);
        let order = Order::Ascending;
        let sort = Gate::Sort {
            keys: KEYS,
            a: KEYS,
            order,
        };
        check_rounds::<M61>(n, &[input(count, -9, 9), sort], &[keys]);
    }
}

fn operation(operation: Operation, count: u32, n: u8) -> Arc<Plan> {
    let plan = plan::operation(operation, count, of(n), Security::Malicious);
    Arc::new(plan.expect("a plan"))
}

#[test]
fn a_shuffle_keeps_the_elements_and_costs_what_was_predicted() {
    for (n, count) in [(3, 1), (3, 500), (5, 40_000), (7, 3)] {
        let plan = operation(Operation::Shuffle, count, n);
        let values: Vec<M61> = (0..count).map(M61::from).collect();
        let inputs = [(0, values)];
        let outcomes = Machines::new(&plan, &inputs, engines(of(n), 5), 5).run();
        let mut found = shown(of(n), &outcomes).swap_remove(0).1;
        assert_eq!(
            found.is_sorted(),
            count == 1 || (n, count) == (7, 3) && found == [0, 1, 2]
        );
        found.sort_unstable();
        assert!(found.into_iter().eq(0..i64::from(count)));
        assert_predicted(&plan, &outcomes);
        if count < 1000 {
            let machines = Machines::new(&plan, &inputs, engines(of(n), 6), 6);
            assert_eq!(machines.rounds(), plan.cost.rounds);
        }
    }
}

#[test]
fn sorts_cost_what_the_template_says() {
    // 32-bit keys: 11 digits, the last of two bits. Each shuffles its places and bits and puts the
    // new places back, but the first; then the rows follow.
    let rows = 1000;
    let cost = operation(Operation::Sort, rows, 5).cost.clone();
    let one_hots = 10 * 4 + 1;
    let bits = 30 + 55 + 3 + 15 + 32;
    assert_eq!(
        cost.multiplications,
        u64::from(rows) * (bits + one_hots + 11)
    );
    assert_eq!(cost.openings, u64::from(rows) * (1 + 10 + 1));
    let shuffles = shuffled(&operation(Operation::Sort, rows, 5));
    assert_eq!(shuffles, (22 - 1, rows * (9 * (4 + 1) + (3 + 1) + 2)));
    // By pairs: the bits of each, one comparison for each pair, and the rows follow.
    let few = operation(Operation::Sort, 40, 5);
    assert_eq!(few.cost.random_bits, 61 * (40 + 40 * 39 / 2));
    assert_eq!(few.cost.openings, 40 + 40 * 39 / 2 + 40);
    assert_eq!(shuffled(&few), (1, 2 * 40));
}

/// Shuffles, either way, and elements in their columns.
fn shuffled(plan: &Plan) -> (u32, u32) {
    let mut all = (0, 0);
    for step in plan.strands.iter().flat_map(|strand| &strand.steps) {
        if let Step::Call(Call::Shuffle { columns, .. }) = step {
            all.0 += 1;
            all.1 += columns.iter().map(|column| column.len).sum::<u32>();
        }
    }
    all
}

#[test]
fn what_is_opened_in_a_sort_is_the_shuffled_places_only() {
    // Every opening but those under masks is of the first column of a shuffle, and each shuffle that
    // is not a way back has one.
    for count in [40, 200] {
        let plan = operation(Operation::Sort, count, 3);
        let steps = || plan.strands.iter().flat_map(|strand| &strand.steps);
        let mut fresh: Vec<_> = steps()
            .filter_map(|step| match step {
                Step::Call(Call::Shuffle {
                    dst,
                    back_from: None,
                    ..
                }) => Some(*dst),
                _ => None,
            })
            .collect();
        let opened: Vec<_> = steps()
            .filter_map(|step| match step {
                Step::Call(Call::Open { src, .. }) => Some(*src),
                _ => None,
            })
            .collect();
        assert!(
            opened
                .iter()
                .all(|view| (view.start, view.len) == (0, count))
        );
        let mut registers: Vec<_> = opened.iter().map(|view| view.reg).collect();
        registers.sort_unstable();
        fresh.sort_unstable();
        assert_eq!(registers, fresh);
        // What is put back was taken from the places that its own shuffle's opening gave.
        let taken = steps().filter(|step| matches!(step, Step::Local(Local::Take { .. })));
        let back = |step: &&Step| matches!(step, Step::Call(Call::Shuffle { back_from, .. }) if back_from.is_some());
        assert_eq!(taken.count(), steps().filter(back).count());
    }
}

#[test]
fn large_committees_and_uneven_columns_are_refused() {
    for operation in [Operation::Shuffle, Operation::Sort] {
        for n in [9, 11] {
            let refused = plan::operation::<M61>(operation, 100, of(n), Security::Malicious);
            assert_eq!(refused.err(), Some(PlanError::ShuffleCommittee { n }));
        }
    }
    let order = Order::Ascending;
    let uneven = Gate::Sort {
        keys: KEYS,
        a: ROWS,
        order,
    };
    let gates = [input(3, 0, 1), input(2, 0, 1), uneven];
    let refused = plan::program::<M61>(
        &gates,
        &[Value(2)],
        of(3),
        Security::Malicious,
        Limits::default(),
    );
    let problem = GateProblem::Length;
    assert_eq!(refused.err(), Some(PlanError::Gate { gate: 2, problem }));
}

#[test]
fn a_semi_honest_sort_is_right_too() {
    let gates = sorts(0, 99, 80);
    let plan = planned::<M61>(3, &gates);
    assert!(plan.cost.verifications > 0);
    let shown_all: Vec<Value> = (2..6).map(Value).collect();
    let bare = plan::program::<M61>(
        &gates,
        &shown_all,
        of(3),
        Security::SemiHonest,
        Limits::default(),
    );
    let bare = Arc::new(bare.expect("a plan"));
    assert_eq!(bare.cost.verifications, 0);
    let keys = drawn(0, 99, 80, 3);
    let places: Vec<i64> = (0..80).collect();
    let inputs = program::elements(&[keys.clone(), places.clone()]);
    let engines = engines(of(3), 1);
    let engines = engines
        .into_iter()
        .map(enigma_mpc::Engine::without_verification);
    let outcomes = Machines::new(&bare, &inputs, engines.collect(), 1).run();
    let all = program::meaning::<M61>(&gates, &[keys, places]);
    for (gate, (_, found)) in (2..).zip(shown(of(3), &outcomes)) {
        assert_eq!(found, all[gate]);
    }
}
