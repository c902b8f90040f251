//! Tests of contracts on committees: every call of every test of the examples runs on shares, over the field and through the
//! bytes of the compiled contract, and comes to what the interpreter says, at exactly the predicted cost. What is sent does not
//! depend on secrets.

#[path = "../../vm/tests/common/committee.rs"]
// The committee in memory is shared with the machine's own tests.
mod network;

use std::path::Path;
use std::sync::Arc;

use enigma_bytecode::container::{decode, encode};
use enigma_bytecode::model::{Contract, Profile};
use enigma_bytecode::plan::Limits;
use enigma_core::rehearsal::{self, Opened, Values};
use enigma_field::{Committee, M61, M127, PrimeField};
use enigma_lang::testing::{self, Call, CallError, Returned};
use enigma_lang::{Checked, compile, run_test_on};
use enigma_mpc::testing::TestRng;
use enigma_vm::{Called, Session, SessionError, Turn};
use network::engines;

/// Who sent how many bytes to whom, in which place of the protocol.
type Trace = Vec<(usize, usize, String, usize)>;

/// A committee in memory, for one contract.
struct InMemory {
    contract: Arc<Contract>,
    nodes: u8,
    seed: u64,
    calls: usize,
    trace: Trace,
}

impl InMemory {
    fn new(contract: &Contract, nodes: u8, seed: u64) -> InMemory {
        let contract = decode(&encode(contract)).expect("canonical");
        InMemory {
            contract: Arc::new(contract),
            nodes,
            seed,
            calls: 0,
            trace: Vec::new(),
        }
    }

    fn run<F: PrimeField>(&mut self, call: &Call) -> Result<Returned, CallError> {
        let committee = Committee::new(self.nodes).expect("an odd size");
        self.calls += 1;
        let seed = self.seed + 1000 * self.calls as u64;
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
        match self.contract.profile {
            Profile::ShamirM61V1 => self.run::<M61>(call),
            Profile::ShamirM127V1 => self.run::<M127>(call),
        }
    }
}

fn refused(error: SessionError) -> CallError {
    match error {
        SessionError::Plan(error) => CallError::Refused(error.to_string()),
        other => CallError::Failed(other.to_string()),
    }
}

/// Every example but the vault, which signs, and that no network can do yet.
const EXAMPLES: [&str; 7] = [
    "salaries/salaries",
    "auction/auction",
    "voting/voting",
    "overlap/overlap",
    "risk_model/risk_model",
    "income_by_department/income_by_department",
    "data_market/data_market",
];

fn example(name: &str) -> (Checked, Contract) {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../examples");
    let source =
        std::fs::read_to_string(folder.join(format!("{name}.enigma"))).expect("it is there");
    let compilation = compile(&source);
    assert_eq!(compilation.diagnostics, [], "{name}");
    (
        compilation.checked.expect("no errors"),
        compilation.contract.expect("it can be built"),
    )
}

fn examples_on(nodes: u8) {
    for name in EXAMPLES {
        let (checked, contract) = example(name);
        for test in &checked.hir.tests {
            let mut committee = InMemory::new(&contract, nodes, 7);
            let outcome = run_test_on(&checked, &contract, test, &mut committee);
            assert!(outcome.passed(), "{name}: {outcome:?}");
            assert!(committee.calls > 0, "{name}: {}", test.title);
        }
    }
}

#[test]
fn examples_pass_their_tests_on_a_committee_of_three() {
    examples_on(3);
}

#[test]
fn examples_pass_their_tests_on_a_committee_of_five() {
    examples_on(5);
}

/// The same test with other secrets that lead to the same results.
#[test]
fn what_is_sent_does_not_depend_on_secrets() {
    let source = |bids: &str| {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../examples");
        let source =
            std::fs::read_to_string(folder.join("auction/auction.enigma")).expect("it is there");
        source.replace(
            "given bid = [300, 900, 700];",
            &format!("given bid = {bids};"),
        )
    };
    let trace = |bids: &str| {
        let compilation = compile(&source(bids));
        let checked = compilation.checked.expect("no errors");
        let contract = compilation.contract.expect("it can be built");
        let mut committee = InMemory::new(&contract, 3, 11);
        let outcome = run_test_on(&checked, &contract, &checked.hir.tests[0], &mut committee);
        assert!(outcome.passed(), "{outcome:?}");
        committee.trace
    };
    let first = trace("[300, 900, 700]");
    assert_eq!(first, trace("[1, 1000000000, 700]"));
    assert_eq!(first, trace("[700, 701, 2]"));
    assert!(first.len() > 100);
}
