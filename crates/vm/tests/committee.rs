//! Plans run by a live committee, frames delivered in any order: results equal the plaintext back
//! end's, and what the engine counts equals what the plan predicts.

mod common;
#[path = "common/committee.rs"]
mod network;

use std::sync::Arc;

use common::{EDGE, Pick, arithmetic, choices, comparisons, firsts, quotient, ranking, survey};
use enigma_bytecode::model::{Contract, Order};
use enigma_bytecode::plan::{self, Cost, Plan, Sizes};
use enigma_field::{Committee, M61, Party, Shares};
use enigma_mpc::{Error, Fault, Misuse};
use enigma_vm::{Machine, Progress, Refused, clear};
use network::{Machines, assert_predicted, engines, shown};

fn of(n: u8) -> Committee {
    Committee::new(n).expect("an odd size")
}

fn sizes(inputs: &[Vec<i64>]) -> Sizes {
    let rows = inputs.iter().map(|rows| rows.len() as u32).collect();
    Sizes { rows }
}

fn elements(inputs: &[Vec<i64>]) -> Vec<(u16, Vec<M61>)> {
    let rows = |rows: &Vec<i64>| rows.iter().map(|x| M61::from_i64(*x)).collect();
    (0u16..).zip(inputs.iter().map(rows)).collect()
}

fn check_run(committee: Committee, contract: &Contract, inputs: &[Vec<i64>], seed: u64) {
    let plan = plan::main(contract, 0, &sizes(inputs), committee).expect("a plan");
    let plan = Arc::new(plan);
    let mut machines = Machines::new(&plan, &elements(inputs), engines(committee, seed), seed);
    let outcomes = machines.run();
    let meaning = clear::run(contract, 0, inputs).expect("the entry runs");
    let meaning: Vec<_> = meaning.into_iter().map(|s| (s.reveal, s.values)).collect();
    assert_eq!(shown(committee, &outcomes), meaning);
    assert_predicted(&plan, &outcomes);
}

fn people(count: usize, seed: u64) -> Vec<i64> {
    let mut pick = Pick(seed);
    let mut salaries: Vec<i64> = (0..count).map(|_| pick.between(0, 100_000_000)).collect();
    // Ties at both ends and in the middle.
    for (place, same) in [(1, 0), (3, 2), (4, 2)] {
        salaries[place] = salaries[same];
    }
    salaries
}

#[test]
fn five_people_in_committees_of_3_5_and_7() {
    let contract = survey(0, 100_000_000, 1_000, Order::Descending);
    for n in [3, 5, 7] {
        check_run(
            of(n),
            &contract,
            &[vec![3000, 5000, 4000, 4000, 4000]],
            u64::from(n),
        );
    }
}

#[test]
fn five_people_in_committees_that_deal_random_values() {
    let contract = survey(0, 100_000_000, 1_000, Order::Descending);
    for n in [11, 21] {
        let salaries = vec![3000, 5000, 4000, 4000, 4000];
        check_run(of(n), &contract, &[salaries], u64::from(n));
    }
}

#[test]
fn twenty_people_in_committees_of_3_5_and_7() {
    let contract = survey(0, 100_000_000, 1_000, Order::Descending);
    for n in [3, 5, 7] {
        check_run(of(n), &contract, &[people(20, 11)], u64::from(n));
    }
}

#[test]
fn a_single_row_and_equal_rows() {
    let contract = survey(-10, 10, 1_000, Order::Ascending);
    check_run(of(3), &contract, &[vec![-7]], 1);
    check_run(of(3), &contract, &[vec![4; 9]], 2);
    check_run(of(5), &contract, &[vec![-10, 10, 0, -10]], 3);
}

#[test]
fn arithmetic_division_and_edges() {
    check_run(
        of(3),
        &arithmetic(50),
        &[vec![-50, 0, 1_000, 7], vec![200, -3]],
        4,
    );
    check_run(of(7), &arithmetic(50), &[vec![12], vec![-3, 5, 0]], 5);
    let values = vec![-EDGE, -17, -1, 0, 1, 16, 1 << 40, EDGE];
    for divisor in [-1, 7, -256, 1 << 58] {
        check_run(
            of(3),
            &quotient(-EDGE, EDGE, 100, divisor),
            std::slice::from_ref(&values),
            6,
        );
    }
    check_run(
        of(5),
        &ranking(-EDGE, EDGE, 100, Order::Ascending),
        &[values],
        7,
    );
}

#[test]
fn quotients_roots_choices_and_places() {
    let inputs = [vec![12, -50, 1_000, 0, 7], vec![3, -3, 5]];
    for (n, place) in [(3, 3), (5, 1), (3, 9), (3, -1)] {
        check_run(of(n), &choices(50, place), &inputs, 31);
    }
    // A divisor 0, and one row.
    check_run(of(3), &choices(50, 1), &[vec![-41], vec![3, -3]], 32);
}

#[test]
fn firsts_of_one_row_odd_rows_equal_rows_and_edges() {
    let wide = firsts(-EDGE, EDGE, 100);
    for n in [3, 5, 7] {
        let values = vec![3, -EDGE, EDGE, 0, EDGE, -EDGE, 12];
        check_run(of(n), &wide, &[values], u64::from(n));
    }
    let small = firsts(-10, 10, 100);
    for (seed, values) in (20..).zip([
        vec![-7],
        vec![2, 2],
        vec![2, 3],
        vec![3, 2, 3],
        vec![4; 9],
        vec![-1, 5, 5, -10, -10],
        (0..31).map(|i| i % 7 - 3).collect(),
    ]) {
        check_run(of(3), &small, &[values], seed);
    }
}

#[test]
fn comparisons_with_public_and_shared_numbers() {
    let rows = vec![-EDGE, -1_000, -1, 0, 1, 999, EDGE];
    for (seed, with) in (30..).zip([0, -1, 999, EDGE, -EDGE]) {
        let contract = comparisons(-EDGE, EDGE, 100, with);
        check_run(of(3), &contract, &[rows.clone(), vec![500, 499]], seed);
    }
    let contract = comparisons(-EDGE, EDGE, 100, 5);
    check_run(of(5), &contract, &[vec![7], vec![7]], 40);
    check_run(of(7), &contract, &[vec![5, 4], vec![-5]], 41);
}

/// A member's number is what the machine is told, whatever the row's place.
#[test]
fn who_holds_the_first_is_named_by_the_given_numbers() {
    let contract = firsts(0, 100, 10);
    let inputs = [vec![5, 9, 9, 1, 1]];
    let plan = Arc::new(plan::main(&contract, 0, &sizes(&inputs), of(3)).expect("a plan"));
    let members = [(0, vec![3, 4, 70_000, u32::MAX, 0])];
    let rows = elements(&inputs);
    let outcomes = Machines::given_by(&plan, &rows, &members, engines(of(3), 3), 3).run();
    let shown: Vec<Vec<i64>> = shown(of(3), &outcomes).into_iter().map(|s| s.1).collect();
    assert_eq!(shown, [[9], [4], [1], [i64::from(u32::MAX)]]);
}

#[test]
fn rounds_are_as_predicted() {
    let three = |rows: Vec<i64>| [rows, vec![3, 4]];
    let cases = [
        (survey(-30, 30, 300, Order::Descending), three(vec![5; 7])),
        (firsts(0, 100, 100), three(vec![1])),
        (firsts(0, 100, 100), three(vec![1, 2])),
        (firsts(0, 100, 100), three((0..13).collect())),
        (comparisons(-1_000, 1_000, 100, 3), three(vec![4, 5, 6])),
        (arithmetic(100), three(vec![4, 5, 6])),
        (quotient(-1_000, 1_000, 100, 7), three(vec![4, 5, 6])),
    ];
    for (contract, inputs) in cases {
        let inputs = &inputs[..contract.collections.len()];
        let plan = Arc::new(plan::main(&contract, 0, &sizes(inputs), of(3)).expect("a plan"));
        let machines = Machines::new(&plan, &elements(inputs), engines(of(3), 3), 3);
        assert_eq!(machines.rounds(), plan.cost.rounds);
    }
}

#[test]
fn several_tiles_with_windows_of_different_sizes() {
    // 20,100 pairs: two tiles; and 700 dividends in eight tiles of several strands.
    let mut pick = Pick(2);
    let values: Vec<i64> = (0..201).map(|_| pick.between(-30, 30)).collect();
    let inputs = [values];
    let contract = survey(-30, 30, 300, Order::Descending);
    let plan = Arc::new(plan::main(&contract, 0, &sizes(&inputs), of(3)).expect("a plan"));
    let meaning = clear::run(&contract, 0, &inputs).expect("the entry runs");
    let meaning: Vec<_> = meaning.into_iter().map(|s| (s.reveal, s.values)).collect();
    for window in [0, 30 << 20, u64::MAX] {
        let machines = Machines::new(&plan, &elements(&inputs), engines(of(3), 8), 8);
        let mut machines = machines.with_windows(|party| {
            if party == 1 {
                window
            } else {
                plan::WINDOW_BYTES
            }
        });
        let outcomes = machines.run();
        assert_eq!(shown(of(3), &outcomes), meaning);
        assert_predicted(&plan, &outcomes);
    }
    let values: Vec<i64> = (0..400).map(|_| pick.between(-1_000, 1_000)).collect();
    check_run(of(3), &quotient(-1_000, 1_000, 400, 3), &[values], 9);
}

#[test]
fn the_input_check_and_the_entry_run_in_one_session() {
    let contract = survey(0, 100, 50, Order::Descending);
    let submitted = vec![5, 101, 100, 0, -1, 7, EDGE];
    let valid = [true, false, true, true, false, true, false];
    for n in [3, 5, 7] {
        let committee = of(n);
        let inputs = [submitted.clone()];
        let check = plan::prologue(&contract, 0, &sizes(&inputs), committee).expect("a plan");
        let check = Arc::new(check);
        let mut machines = Machines::new(&check, &elements(&inputs), engines(committee, 1), 1);
        let outcomes = machines.run();
        assert_predicted(&check, &outcomes);
        for outcome in &outcomes {
            assert_eq!(outcome.opened, [(0, valid.to_vec())]);
            assert!(outcome.outputs.is_empty());
        }
        let kept = submitted.iter().zip(valid).filter(|(_, valid)| *valid);
        let kept = [kept.map(|(x, _)| *x).collect::<Vec<i64>>()];
        let main = plan::main(&contract, 0, &sizes(&kept), committee).expect("a plan");
        let main = Arc::new(main);
        let engines = machines.into_engines();
        let outcomes = Machines::new(&main, &elements(&kept), engines, 2).run();
        assert_predicted(&main, &outcomes);
        let expected = [(0, vec![28]), (1, vec![3, 1, 4, 2])];
        assert_eq!(shown(committee, &outcomes), expected);
    }
}

#[test]
fn quoted_setup_is_what_setup_sends() {
    for n in [3, 5, 7] {
        let quoted = Cost::of_setup(of(n));
        for party in of(n).parties() {
            let counted = enigma_mpc::cost::setup(of(n), party);
            assert_eq!(counted.bytes(), quoted.bytes_sent[party.index()]);
            assert_eq!(u64::from(counted.rounds), quoted.rounds);
        }
    }
}

#[test]
fn frames_are_as_the_plan_assumes() {
    assert_eq!(plan::HEADER_BYTES, enigma_mpc::HEADER_BYTES as u64);
    assert_eq!(plan::frame_elements(8) as usize, enigma_mpc::CHUNK_LEN);
}

#[test]
fn a_dead_party_is_waited_for() {
    let contract = survey(0, 100, 50, Order::Descending);
    let inputs = [vec![5, 9, 9, 1]];
    let plan = Arc::new(plan::main(&contract, 0, &sizes(&inputs), of(3)).expect("a plan"));
    let dead = Party::new(2).expect("from 1");
    for steps in [0, 5, 40, 120] {
        let mut machines = Machines::new(&plan, &elements(&inputs), engines(of(3), 3), 3);
        for _ in 0..steps {
            machines.step().expect("no fault");
        }
        machines.dead.push(dead);
        while machines.step().expect("no fault") {}
        for index in [0, 2] {
            assert_eq!(machines.progress[index], Progress::Blocked);
            let outcome = machines.machines[index].outcome().expect("nothing to show");
            assert!(outcome.is_none());
        }
        let waited = |index: usize| machines.machines[index].waiting_for();
        assert!(waited(0).contains(&dead) || waited(2).contains(&dead));
    }
}

#[test]
fn outputs_have_fresh_polynomials() {
    // The same rank for all: without a fresh sharing, shares would be public constants.
    let contract = ranking(0, 100, 50, Order::Descending);
    let inputs = [vec![7]];
    let plan = Arc::new(plan::main(&contract, 0, &sizes(&inputs), of(3)).expect("a plan"));
    let outcomes = Machines::new(&plan, &elements(&inputs), engines(of(3), 3), 3).run();
    let first = outcomes[0].outputs[0].1[0];
    assert_ne!(first, M61::ONE);
    assert!(outcomes.iter().skip(1).any(|o| o.outputs[0].1[0] != first));
}

#[test]
fn a_wrong_frame_names_its_sender() {
    let contract = ranking(0, 100, 50, Order::Descending);
    let inputs = [vec![7, 8]];
    let plan = Arc::new(plan::main(&contract, 0, &sizes(&inputs), of(3)).expect("a plan"));
    let mut machines = Machines::new(&plan, &elements(&inputs), engines(of(3), 3), 3);
    // Party 1 gathers the squares of the first random bits; party 2 sends it some.
    let [king, sender] = [1, 2].map(|k| Party::new(k).expect("from 1"));
    for party in [king, sender] {
        let machine = &mut machines.machines[party.index()];
        while machine.run().expect("no fault") == Progress::Working {}
    }
    let sent = machines.machines[sender.index()].next_send();
    let mut sent = sent.expect("squares for the king");
    assert_eq!(sent.to, king);
    sent.payload.pop();
    let machine = &mut machines.machines[king.index()];
    let fault = machine.handle(sender, sent.slot, &sent.payload);
    let fault = fault.expect_err("too short");
    assert_eq!(fault.culprits(), [sender]);
    assert_eq!(machine.run(), Err(Error::Fault(fault.clone())));
    assert!(matches!(fault, Fault::Length { .. }));
}

#[test]
fn inputs_that_do_not_fit_are_refused() {
    let contract = ranking(0, 100, 50, Order::Descending);
    let sizes = Sizes { rows: vec![3] };
    let plan =
        |n| -> Arc<Plan> { Arc::new(plan::main(&contract, 0, &sizes, of(n)).expect("a plan")) };
    let engine = || engines(of(3), 1).swap_remove(0);
    let refused = |plan, inputs| Machine::new(plan, inputs, &[], engine()).expect_err("refused");
    assert_eq!(
        refused(plan(5), vec![(0, Shares::zeros(3))]),
        Refused::Committee { plan: 5, engine: 3 }
    );
    assert_eq!(
        refused(plan(3), vec![(1, Shares::zeros(3))]),
        Refused::MissingInput { collection: 0 }
    );
    assert_eq!(
        refused(plan(3), vec![(0, Shares::zeros(4))]),
        Refused::InputLength {
            collection: 0,
            expected: 3,
            found: 4
        }
    );
    let firsts = plan::main(&firsts(0, 100, 50), 0, &sizes, of(3)).expect("a plan");
    let firsts = Arc::new(firsts);
    for members in [vec![], vec![(0, vec![1, 2])], vec![(1, vec![1, 2, 3])]] {
        let inputs = vec![(0, Shares::zeros(3))];
        assert_eq!(
            Machine::new(firsts.clone(), inputs, &members, engine()).expect_err("refused"),
            Refused::Members { collection: 0 }
        );
    }
}

#[test]
fn a_plan_does_not_run_twice_in_one_session() {
    let contract = ranking(0, 100, 50, Order::Descending);
    let inputs = [vec![7, 8]];
    let plan = Arc::new(plan::main(&contract, 0, &sizes(&inputs), of(3)).expect("a plan"));
    let mut machines = Machines::new(&plan, &elements(&inputs), engines(of(3), 3), 3);
    machines.run();
    let mut again = Machines::new(&plan, &elements(&inputs), machines.into_engines(), 3);
    let refused = again.machines[0].run();
    assert!(matches!(
        refused,
        Err(Error::Misuse(Misuse::BatchClosed { .. }))
    ));
}
