//! A committee of machines in memory, whose frames arrive in any order.
#![allow(dead_code)] // Each test binary uses its part.

use std::sync::Arc;

use enigma_bytecode::plan::{Call, Plan, Step};
use enigma_field::{Committee, M61, Party, PrimeField, Shares};
use enigma_mpc::testing::{self, Delivery, TestRng};
use enigma_mpc::{Engine, Error};
use enigma_vm::{Machine, Outcome, Progress};

/// Machines of one committee, and frames on their way.
pub(crate) struct Machines<F: PrimeField = M61> {
    /// By party.
    pub(crate) machines: Vec<Machine<F>>,
    in_flight: Vec<Delivery>,
    /// What each party's last step came to.
    pub(crate) progress: Vec<Progress>,
    /// Parties that have crashed: they neither compute nor receive.
    pub(crate) dead: Vec<Party>,
    rng: TestRng,
}

/// Fresh engines.
pub(crate) fn engines<F: PrimeField>(committee: Committee, seed: u64) -> Vec<Engine<F>> {
    let seeds = testing::dealt_seeds(committee, seed);
    let parties = committee.parties().zip(seeds);
    parties
        .map(|(party, seeds)| Engine::new(committee, party, seeds))
        .collect()
}

impl<F: PrimeField> Machines<F> {
    /// Machines for a plan on these inputs: (collection, rows). Row k is given by the member numbered
    /// k, as in the plaintext back ends.
    pub(crate) fn new(
        plan: &Arc<Plan<F>>,
        inputs: &[(u16, Vec<F>)],
        engines: Vec<Engine<F>>,
        seed: u64,
    ) -> Machines<F> {
        let members: Vec<(u16, Vec<u32>)> = inputs
            .iter()
            .map(|(collection, rows)| (*collection, (0..rows.len() as u32).collect()))
            .collect();
        Machines::given_by(plan, inputs, &members, engines, seed)
    }

    /// As [`Machines::new`], with the numbers of the members who gave the rows.
    pub(crate) fn given_by(
        plan: &Arc<Plan<F>>,
        inputs: &[(u16, Vec<F>)],
        members: &[(u16, Vec<u32>)],
        engines: Vec<Engine<F>>,
        seed: u64,
    ) -> Machines<F> {
        let committee = plan.committee;
        let mut given: Vec<Vec<(u16, Shares<F>)>> = vec![Vec::new(); committee.len()];
        for (collection, rows) in inputs {
            let shares = testing::share(committee, rows, seed ^ u64::from(*collection));
            for (party, shares) in given.iter_mut().zip(shares) {
                party.push((*collection, shares));
            }
        }
        let machines = engines.into_iter().zip(given).map(|(engine, inputs)| {
            Machine::new(Arc::clone(plan), inputs, members, engine).expect("the inputs fit")
        });
        Machines {
            machines: machines.collect(),
            in_flight: Vec::new(),
            progress: vec![Progress::Working; committee.len()],
            dead: Vec::new(),
            rng: TestRng::new(seed ^ 0x6f72_6465_7200),
        }
    }

    /// As [`Machines::new`], every machine with a window of its own size.
    pub(crate) fn with_windows(mut self, windows: impl Fn(usize) -> u64) -> Machines<F> {
        let machines = self.machines.into_iter().enumerate();
        self.machines = machines
            .map(|(index, machine)| machine.with_window(windows(index)))
            .collect();
        self
    }

    /// One action of the network: either some party computes, or some frame arrives. `false` when
    /// nothing can happen any more.
    pub(crate) fn step(&mut self) -> Result<bool, Error> {
        let working: Vec<usize> = (0..self.machines.len())
            .filter(|&index| self.progress[index] == Progress::Working)
            .filter(|&index| !self.dead.iter().any(|dead| dead.index() == index))
            .collect();
        let choices = working.len() + self.in_flight.len();
        if choices == 0 {
            return Ok(false);
        }
        let choice = self.rng.below(choices);
        if let Some(&index) = working.get(choice) {
            let machine = &mut self.machines[index];
            self.progress[index] = machine.run()?;
            let from = Party::new(index as u8 + 1).expect("from 1");
            while let Some(outgoing) = machine.next_send() {
                self.in_flight.push(Delivery {
                    from,
                    to: outgoing.to,
                    slot: outgoing.slot,
                    payload: outgoing.payload,
                });
            }
        } else {
            let Delivery {
                from,
                to,
                slot,
                payload,
            } = self.in_flight.swap_remove(choice - working.len());
            if !self.dead.contains(&to) {
                self.machines[to.index()].handle(from, slot, &payload)?;
                self.progress[to.index()] = Progress::Working;
            }
        }
        Ok(true)
    }

    /// Runs to the end.
    pub(crate) fn run(&mut self) -> Vec<Outcome<F>> {
        while self.step().expect("no fault among honest parties") {}
        assert!(self.progress.iter().all(|p| *p == Progress::Finished));
        let outcomes = self.machines.iter_mut().map(|machine| machine.outcome());
        outcomes
            .map(|outcome| {
                let outcome = outcome.expect("everything shown is verified");
                outcome.expect("finished machines have an outcome")
            })
            .collect()
    }

    /// Runs to the end in lockstep: all compute as far as they can, then all frames arrive. How many
    /// times frames were sent.
    pub(crate) fn rounds(mut self) -> u64 {
        let mut rounds = 0;
        loop {
            let mut sent = Vec::new();
            for (from, machine) in (1..).zip(&mut self.machines) {
                while machine.run().expect("no fault") == Progress::Working {}
                let from = Party::new(from).expect("from 1");
                while let Some(outgoing) = machine.next_send() {
                    sent.push((from, outgoing));
                }
            }
            if sent.is_empty() {
                return rounds;
            }
            rounds += 1;
            for (from, outgoing) in sent {
                let to = &mut self.machines[outgoing.to.index()];
                to.handle(from, outgoing.slot, &outgoing.payload)
                    .expect("no fault");
            }
        }
    }

    /// The engines, for the next plan of the session.
    pub(crate) fn into_engines(self) -> Vec<Engine<F>> {
        let machines = self.machines.into_iter();
        machines.map(Machine::into_engine).collect()
    }
}

/// What each reveal shows, from all parties' output shares.
pub(crate) fn shown<F: PrimeField>(
    committee: Committee,
    outcomes: &[Outcome<F>],
) -> Vec<(u16, Vec<i64>)> {
    let reveals = outcomes[0].outputs.iter().enumerate();
    reveals
        .map(|(place, (reveal, _))| {
            let columns: Vec<Shares<F>> = outcomes
                .iter()
                .map(|outcome| outcome.outputs[place].1.clone())
                .collect();
            let values = testing::reconstruct(committee, &columns);
            (*reveal, values.into_iter().map(integer).collect())
        })
        .collect()
}

fn integer<F: PrimeField>(value: F) -> i64 {
    let integer = value.to_i128();
    i64::try_from(integer).expect("results fit into 64 bits")
}

/// What every party's engine counted is what the plan says.
pub(crate) fn assert_predicted<F: PrimeField>(plan: &Plan<F>, outcomes: &[Outcome<F>]) {
    let cost = &plan.cost;
    let steps = plan.strands.iter().flat_map(|strand| &strand.steps);
    let drawn = steps.map(|step| match step {
        Step::Call(Call::Random { dst, .. }) => u64::from(plan.lengths[dst.0 as usize]),
        _ => 0,
    });
    let random_values: u64 = drawn.sum();
    for (party, outcome) in outcomes.iter().enumerate() {
        let counted = outcome.counters;
        assert_eq!(counted.multiplications, cost.multiplications);
        assert_eq!(counted.reshares, cost.reshares);
        assert_eq!(counted.gates, cost.gates);
        assert_eq!(counted.random_bits, cost.random_bits);
        assert_eq!(counted.openings, cost.openings);
        assert_eq!(counted.verifications, cost.verifications);
        assert_eq!(counted.random_values, random_values);
        assert_eq!(counted.bytes_sent, cost.bytes_sent[party], "party {party}");
        assert!(outcome.register_bytes <= cost.memory_bytes);
    }
    let total: u64 = outcomes.iter().map(|o| o.counters.bytes_sent).sum();
    let most = outcomes.iter().map(|o| o.counters.bytes_sent).max();
    assert_eq!(
        (total, most),
        (cost.bytes_total, Some(cost.bytes_per_party))
    );
}
