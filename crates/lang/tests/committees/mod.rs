//! Who runs calls of tests beside the interpreter: committees in memory, and bytecode in the clear.
#![allow(dead_code)] // Each test binary uses its part.

mod clear;
#[path = "../../../vm/tests/common/committee.rs"]
// The committee in memory is shared with the machine's own tests.
mod network;

pub(crate) use clear::InTheClear;

use std::sync::Arc;

use enigma_bytecode::container::{decode, encode};
use enigma_bytecode::model::{Contract, Profile};
use enigma_bytecode::plan::{Ended, Environment, Limits};
use enigma_core::rehearsal::{self, Opened, Values};
use enigma_field::{Committee, M61, M127, PrimeField};
use enigma_lang::testing::{self, Call, CallError, Returned};
use enigma_lang::{compile, run_test_on};
use enigma_mpc::testing::TestRng;
use enigma_vm::{Called, Session, SessionError, Turn};
use network::engines;

/// Tests that hold in the interpreter, and come to the same in the clear and on committees.
pub(crate) fn agrees(source: &str, sizes: &[u8]) {
    let compilation = compile(source);
    assert_eq!(compilation.diagnostics, [], "{source}");
    let checked = compilation.checked.expect("no errors");
    let contract = compilation.contract.expect("it can be built");
    assert!(!checked.hir.tests.is_empty());
    for test in &checked.hir.tests {
        let outcome = run_test_on(&checked, &contract, test, &mut InTheClear::new(&contract));
        assert!(outcome.passed(), "in the clear: {outcome:?}");
        for nodes in sizes {
            let mut committee = InMemory::new(&contract, *nodes, 5);
            let outcome = run_test_on(&checked, &contract, test, &mut committee);
            assert!(outcome.passed(), "{nodes} nodes: {outcome:?}");
        }
    }
}

/// Who sent how many bytes to whom, in which place of the protocol.
pub(crate) type Trace = Vec<(usize, usize, String, usize)>;

/// A call that a committee ran.
pub(crate) struct Heard {
    entry: usize,
    environment: Environment,
    /// Effects and what everyone was shown, or why there is none.
    done: Result<Ended, CallError>,
    /// What was sent.
    pub(crate) trace: Trace,
}

impl Heard {
    /// Whether everyone knew and learned the same in two calls.
    pub(crate) fn is_like(&self, other: &Heard) -> bool {
        self.entry == other.entry
            && self.environment == other.environment
            && self.done == other.done
    }
}

/// A committee in memory, for one contract.
pub(crate) struct InMemory {
    contract: Arc<Contract>,
    nodes: u8,
    seed: u64,
    pub(crate) calls: Vec<Heard>,
    trace: Trace,
}

impl InMemory {
    pub(crate) fn new(contract: &Contract, nodes: u8, seed: u64) -> InMemory {
        let contract = decode(&encode(contract)).expect("canonical");
        InMemory {
            contract: Arc::new(contract),
            nodes,
            seed,
            calls: Vec::new(),
            trace: Vec::new(),
        }
    }

    fn run<F: PrimeField>(&mut self, call: &Call) -> Result<Returned, CallError> {
        let committee = Committee::new(self.nodes).expect("an odd size");
        let seed = self.seed + 1000 * (1 + self.calls.len() as u64);
        let mut sessions = Vec::new();
        let values = Values {
            collections: call.collections.clone(),
            params: call.params.clone(),
            slots: call.slots.clone(),
        };
        let dealt = rehearsal::deal(&committee, &values, &mut TestRng::new(seed));
        for (engine, given) in engines::<F>(committee, seed).into_iter().zip(dealt) {
            let contract = Arc::clone(&self.contract);
            let environment = call.environment.clone();
            let limits = Limits::default();
            sessions.push(Session::new(
                contract,
                call.entry,
                environment,
                given,
                limits,
                engine,
            ));
        }
        let sessions: Result<Vec<Session<F>>, SessionError> = sessions.into_iter().collect();
        let mut sessions = sessions.map_err(refused)?;
        self.drive(&mut sessions)?;
        let called: Vec<Called<F>> = (sessions.iter_mut())
            .map(|session| session.outcome().expect("it is done"))
            .collect();
        for (party, called) in called.iter().enumerate() {
            let (counted, predicted) = (&called.counters, &called.cost);
            assert_eq!(counted.multiplications, predicted.multiplications);
            assert_eq!(counted.openings, predicted.openings);
            assert_eq!(counted.bytes_sent, predicted.bytes_sent[party]);
        }
        let Opened { outputs, ended } = rehearsal::open(&committee, called).expect("shares fit");
        Ok(Returned { outputs, ended })
    }

    /// Lets all parties compute and hands on what they send, until all are done.
    fn drive<F: PrimeField>(&mut self, sessions: &mut [Session<F>]) -> Result<(), CallError> {
        loop {
            let mut moved = false;
            let mut finished = 0;
            for from in 0..sessions.len() {
                match sessions[from].run().map_err(refused)? {
                    Turn::Working => moved = true,
                    Turn::Blocked => {}
                    Turn::Checked => {
                        sessions[from].go_on().map_err(refused)?;
                        moved = true;
                    }
                    Turn::Finished => finished += 1,
                }
                while let Some(frame) = sessions[from].next_send() {
                    moved = true;
                    let place = format!("{:?}", frame.slot);
                    self.trace
                        .push((from, frame.to.index(), place, frame.payload.len()));
                    let sender = enigma_field::Party::new(from as u8 + 1).expect("from 1");
                    let receiver = &mut sessions[frame.to.index()];
                    receiver
                        .handle(sender, frame.slot, &frame.payload)
                        .map_err(refused)?;
                }
            }
            if finished == sessions.len() {
                return Ok(());
            }
            assert!(moved, "all parties wait for each other");
        }
    }
}

impl testing::Committee for InMemory {
    fn call(&mut self, call: &Call) -> Result<Returned, CallError> {
        let returned = match self.contract.profile {
            Profile::ShamirM61V1 => self.run::<M61>(call),
            Profile::ShamirM127V1 => self.run::<M127>(call),
        };
        self.calls.push(Heard {
            entry: call.entry,
            environment: call.environment.clone(),
            done: returned
                .as_ref()
                .map_or_else(|why| Err(why.clone()), |r| Ok(r.ended.clone())),
            trace: std::mem::take(&mut self.trace),
        });
        returned
    }
}

fn refused(error: SessionError) -> CallError {
    match error {
        SessionError::Plan(error) => CallError::Refused(error.to_string()),
        other => CallError::Failed(other.to_string()),
    }
}
