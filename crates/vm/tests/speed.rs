//! How long ranks of 300 people take with all parties in one process and no network in between:
//! `cargo test --release -p enigma-vm --test speed -- --ignored --nocapture`.
#![allow(clippy::print_stdout)] // The measurement is the point.

mod common;

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Instant;

use common::{Pick, ranking, survey};
use enigma_bytecode::model::{Contract, Order};
use enigma_bytecode::plan::{self, Sizes};
use enigma_field::{Committee, M61};
use enigma_mpc::{Engine, testing};
use enigma_vm::{Machine, Progress, clear};

fn measure(what: &str, contract: &Contract, people: usize, n: u8) {
    let committee = Committee::new(n).expect("an odd size");
    let mut pick = Pick(1);
    let rows: Vec<i64> = (0..people).map(|_| pick.between(0, 100_000_000)).collect();
    let sizes = Sizes {
        rows: vec![people as u32],
    };
    let start = Instant::now();
    let plan = Arc::new(plan::main(contract, 0, &sizes, committee).expect("a plan"));
    let planned = start.elapsed();

    let values: Vec<M61> = rows.iter().map(|x| M61::from_i64(*x)).collect();
    let shares = testing::share(committee, &values, 5);
    let seeds = testing::dealt_seeds(committee, 5);
    let parties = committee.parties().zip(seeds).zip(shares);
    let mut machines: Vec<Machine> = parties
        .map(|((party, seeds), shares)| {
            let engine = Engine::new(committee, party, seeds);
            Machine::new(Arc::clone(&plan), vec![(0, shares)], &[], engine).expect("inputs fit")
        })
        .collect();
    let start = Instant::now();
    let mut links = VecDeque::new();
    let mut finished = 0;
    while finished < machines.len() {
        finished = 0;
        for (index, machine) in machines.iter_mut().enumerate() {
            match machine.run().expect("no fault") {
                Progress::Finished => finished += 1,
                Progress::Working | Progress::Blocked => {}
            }
            while let Some(frame) = machine.next_send() {
                links.push_back((index, frame));
            }
        }
        while let Some((from, frame)) = links.pop_front() {
            let from = committee.party(from as u8 + 1).expect("a member");
            let to = &mut machines[frame.to.index()];
            to.handle(from, frame.slot, &frame.payload)
                .expect("no fault");
        }
    }
    let took = start.elapsed();
    let outcome = |machine: &mut Machine| {
        let outcome = machine.outcome().expect("everything shown is verified");
        outcome.expect("all finished")
    };
    let outcomes: Vec<_> = machines.iter_mut().map(outcome).collect();
    let columns: Vec<_> = outcomes.iter().map(|o| o.outputs[0].1.clone()).collect();
    let first: Vec<i64> = testing::reconstruct(committee, &columns)
        .into_iter()
        .map(M61::to_i64)
        .collect();
    let expected = clear::run(contract, 0, &[rows]).expect("the entry runs");
    assert_eq!(first, expected[0].values);
    let cost = &plan.cost;
    println!(
        "{what}, {people} people, n = {n}: {} ms for all parties one after another (plan {} ms), \
         {} multiplications, {} bits, {} rounds, {:.1} MB sent per party, registers {:.1} MB, \
         estimate {:.1} MB",
        took.as_millis(),
        planned.as_millis(),
        cost.multiplications,
        cost.random_bits,
        cost.rounds,
        cost.bytes_per_party as f64 / 1e6,
        outcomes[0].register_bytes as f64 / 1e6,
        cost.memory_bytes as f64 / 1e6,
    );
}

#[test]
#[ignore = "a measurement"]
fn ranks_of_300_people() {
    let ranks = ranking(0, 100_000_000, 1_000, Order::Descending);
    let whole = survey(0, 100_000_000, 1_000, Order::Descending);
    for n in [3, 5, 7] {
        measure("ranks", &ranks, 300, n);
    }
    measure("survey", &whole, 20, 3);
    measure("survey", &whole, 300, 3);
    measure("ranks", &ranks, 1_000, 3);
}
