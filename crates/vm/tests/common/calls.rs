//! Contracts in the making, and whole calls by a committee in memory against their meaning on plain integers.
#![allow(dead_code)] // Each test binary uses its part.

use std::collections::BTreeMap;
use std::sync::Arc;

use enigma_bytecode::model::{
    Blur, C, Collection, Column, Contract, Group, Known, Noise, Op, Param, Profile, Provider,
    PublicOp, Recipient, Relation, RowCount, S, Slot as StateSlot, Store,
};
use enigma_bytecode::plan::{self, Cost, Ended, Environment, Limits, Sink, Sizes};
use enigma_bytecode::ranges;
use enigma_bytecode::stored::{InstanceState, Past, StatePlace, Stored};
use enigma_field::{Committee, Party, PrimeField, Shares};
use enigma_mpc::testing::{self, Delivery, TestRng};
use enigma_vm::clear::{self, ClearError, Inputs};
use enigma_vm::{Called, Given, Session, SessionError, Turn};

use crate::common::{column, empty, entry, line, rows_of_each};
use crate::network::engines;

/// An account.
pub(crate) fn account(number: u8) -> Vec<u8> {
    vec![number; 20]
}

/// A contract with one entry in the making: a group of up to 50 members, party 0, and collections.
pub(crate) struct Code {
    pub(crate) contract: Contract,
    secrets: u16,
    publics: u16,
}

impl Code {
    /// Collections of each member's rows, one each, of columns with these ranges.
    pub(crate) fn over(collections: &[&[(i64, i64)]]) -> Code {
        let mut contract = empty();
        contract.groups.push(Group {
            name: "g".to_owned(),
            min: 0,
            max: 50,
            admit: None,
        });
        contract.parties.push("p".to_owned());
        for (at, columns) in collections.iter().enumerate() {
            let columns = columns.iter().map(|(low, high)| column(*low, *high));
            let rows = rows_of_each(&format!("c{at}"), columns.collect());
            contract.collections.push(rows);
        }
        contract.entries.push(entry(Vec::new()));
        Code {
            contract,
            secrets: 0,
            publics: 0,
        }
    }

    pub(crate) fn push(&mut self, op: Op) {
        self.contract.entries[0].code.push(op);
    }

    /// An operation with one secret result.
    pub(crate) fn secret(&mut self, op: impl FnOnce(S) -> Op) -> S {
        self.secrets(1, op)
    }

    /// An operation with several; the first.
    pub(crate) fn secrets(&mut self, count: u16, op: impl FnOnce(S) -> Op) -> S {
        let dst = S(self.secrets);
        self.secrets += count;
        self.push(op(dst));
        dst
    }

    /// An operation with one public result.
    pub(crate) fn public(&mut self, op: impl FnOnce(C) -> Op) -> C {
        let dst = C(self.publics);
        self.publics += 1;
        self.push(op(dst));
        dst
    }

    pub(crate) fn number(&mut self, value: i64) -> C {
        self.public(|dst| Op::Const { dst, value })
    }

    pub(crate) fn computed(&mut self, op: PublicOp, a: C, b: C) -> C {
        self.public(|dst| Op::Public { dst, op, a, b })
    }

    pub(crate) fn input(&mut self, collection: u16, column: u16) -> S {
        self.secret(|dst| Op::Input {
            dst,
            collection,
            column,
        })
    }

    pub(crate) fn sum(&mut self, a: S) -> S {
        self.secret(|dst| Op::Sum { dst, a })
    }

    /// Is a number larger than another: a secret bit.
    pub(crate) fn exceeds(&mut self, a: S, number: i64) -> S {
        let b = self.number(number);
        let relation = Relation::Greater;
        self.secret(|dst| Op::ComparePublic {
            dst,
            relation,
            a,
            b,
        })
    }

    /// Shows values to party 0; the line.
    pub(crate) fn show(&mut self, values: &[S]) -> u16 {
        self.show_to(Recipient::Party(0), values)
    }

    pub(crate) fn show_to(&mut self, recipient: Recipient, values: &[S]) -> u16 {
        let reveal = self.line(recipient, values.len(), None, None);
        self.push(Op::Out {
            reveal,
            values: values.to_vec(),
            counts: Vec::new(),
            public: None,
        });
        reveal
    }

    /// Opens a value; the register.
    pub(crate) fn open(&mut self, value: S) -> C {
        self.open_all(&[value], &[], None, None)
    }

    /// Opens values, hidden where counts are small, with noise; the first register.
    pub(crate) fn open_all(
        &mut self,
        values: &[S],
        counts: &[S],
        hidden_below: Option<u32>,
        noise: Option<Noise>,
    ) -> C {
        let reveal = self.line(Recipient::Public, values.len(), hidden_below, noise);
        let first = C(self.publics);
        self.publics += (values.len() + counts.len()) as u16;
        self.push(Op::Out {
            reveal,
            values: values.to_vec(),
            counts: counts.to_vec(),
            public: Some(first),
        });
        first
    }

    /// A new manifest line.
    pub(crate) fn line(
        &mut self,
        recipient: Recipient,
        columns: usize,
        hidden_below: Option<u32>,
        noise: Option<Noise>,
    ) -> u16 {
        let reveal = self.contract.manifest.len() as u16;
        let mut new = line(&format!("r{reveal}"), vec![recipient], columns);
        new.hidden_below = hidden_below;
        new.noise = noise.map(|values| Blur {
            values,
            counts: hidden_below.map(|_| values),
            epsilon: 0,
            delta: 0,
        });
        self.contract.manifest.push(new);
        reveal
    }

    /// A slot of numbers in these ranges, 0 at first.
    pub(crate) fn slot(&mut self, store: Store, keyed: bool, columns: &[(i64, i64)]) -> u16 {
        let slot = self.contract.slots.len() as u16;
        self.contract.slots.push(StateSlot {
            name: format!("slot{slot}"),
            store,
            key: keyed.then(|| column(0, i64::MAX)),
            accumulator: false,
            columns: columns
                .iter()
                .map(|(low, high)| column(*low, *high))
                .collect(),
            initial: vec![Known::Number(0); columns.len()],
            allows: Vec::new(),
            access: None,
        });
        slot
    }

    pub(crate) fn param(&mut self, private: bool, columns: &[(i64, i64)]) -> u16 {
        let params = &mut self.contract.entries[0].params;
        let param = params.len() as u16;
        params.push(Param {
            name: format!("param{param}"),
            private,
            columns: columns
                .iter()
                .map(|(low, high)| column(*low, *high))
                .collect(),
        });
        param
    }

    pub(crate) fn store(&mut self, slot: u16, key: Option<C>, src: C) {
        self.push(Op::Store {
            slot,
            column: 0,
            key,
            src,
        });
    }

    /// A collection of party 0's.
    pub(crate) fn of_party(&mut self, rows: RowCount, columns: &[(i64, i64)]) -> u16 {
        let at = self.contract.collections.len() as u16;
        let columns: Vec<Column> = columns
            .iter()
            .map(|(low, high)| column(*low, *high))
            .collect();
        self.contract.collections.push(Collection {
            provider: Provider::Party(0),
            rows,
            ..rows_of_each(&format!("c{at}"), columns)
        });
        at
    }
}

/// Inputs of collections only, by column.
pub(crate) fn given(collections: Vec<Vec<Vec<i64>>>) -> Inputs {
    Inputs {
        collections,
        ..Inputs::default()
    }
}

/// Row k of every collection comes from account k + 1, who is member 2 k + 1.
pub(crate) fn environment(inputs: &Inputs) -> Environment {
    let rows: Vec<usize> = inputs
        .collections
        .iter()
        .map(|columns| columns.first().map_or(0, Vec::len))
        .collect();
    let accounts = |count: &usize| (1..=*count as u8).map(account).collect::<Vec<_>>();
    let most = rows.iter().max().copied().unwrap_or(0);
    Environment {
        rows: rows.iter().map(|count| *count as u32).collect(),
        caller: account(100),
        height: 7,
        time: 84,
        parties: vec![account(200)],
        row_accounts: rows.iter().map(accounts).collect(),
        row_members: rows
            .iter()
            .map(|count| (0..*count as u32).map(|k| 2 * k + 1).collect())
            .collect(),
        groups: vec![accounts(&most)],
        params: Vec::new(),
        ledger: Stored::default(),
        contributions: BTreeMap::new(),
    }
}

/// What is stored on the chain alone.
pub(crate) fn on_ledger(values: impl IntoIterator<Item = (StatePlace, Known)>) -> Stored {
    let state = InstanceState {
        values: values.into_iter().collect(),
        ..InstanceState::default()
    };
    Stored::on_chain(&Arc::new(state), &Past::default())
}

/// Parties of one committee in a call, and frames on their way.
pub(crate) struct Parties<F: PrimeField> {
    pub(crate) sessions: Vec<Session<F>>,
    /// By party: what ended its call.
    pub(crate) errors: Vec<Option<SessionError>>,
    turns: Vec<Turn>,
    in_flight: Vec<Delivery>,
    rng: TestRng,
}

impl<F: PrimeField> Parties<F> {
    pub(crate) fn new(
        committee: Committee,
        contract: &Arc<Contract>,
        environment: &Environment,
        inputs: &Inputs,
        seed: u64,
    ) -> Result<Parties<F>, SessionError> {
        let shared = dealt::<F>(committee, inputs, seed);
        let sessions = engines(committee, seed)
            .into_iter()
            .zip(shared)
            .map(|(engine, given)| {
                let contract = Arc::clone(contract);
                Session::new(
                    contract,
                    0,
                    environment.clone(),
                    given,
                    Limits::default(),
                    engine,
                )
            });
        let sessions: Vec<Session<F>> = sessions.collect::<Result<_, SessionError>>()?;
        Ok(Parties {
            errors: vec![None; sessions.len()],
            turns: vec![Turn::Working; sessions.len()],
            sessions,
            in_flight: Vec::new(),
            rng: TestRng::new(seed ^ 0x6f72_6465_7200),
        })
    }

    /// Runs until nothing can happen any more. `cheat` may change what is sent.
    pub(crate) fn run(&mut self, mut cheat: impl FnMut(&mut Delivery)) {
        loop {
            let working: Vec<usize> = (0..self.sessions.len())
                .filter(|&at| self.turns[at] == Turn::Working && self.errors[at].is_none())
                .collect();
            let choices = working.len() + self.in_flight.len();
            if choices == 0 {
                return;
            }
            let choice = self.rng.below(choices);
            if let Some(&at) = working.get(choice) {
                self.compute(at, &mut cheat);
            } else {
                let frame = self.in_flight.swap_remove(choice - working.len());
                let to = frame.to.index();
                let session = &mut self.sessions[to];
                match session.handle(frame.from, frame.slot, &frame.payload) {
                    Ok(()) => self.turns[to] = Turn::Working,
                    Err(error) => {
                        self.errors[to].get_or_insert(error);
                    }
                }
            }
        }
    }

    fn compute(&mut self, at: usize, cheat: &mut impl FnMut(&mut Delivery)) {
        let session = &mut self.sessions[at];
        let turn = match session.run() {
            Ok(Turn::Checked) => session.go_on().map(|()| Turn::Working),
            other => other,
        };
        match turn {
            Ok(turn) => self.turns[at] = turn,
            Err(error) => self.errors[at] = Some(error),
        }
        let from = Party::new(at as u8 + 1).expect("from 1");
        while let Some(outgoing) = session.next_send() {
            let honest = outgoing.payload.clone();
            let mut frame = Delivery {
                from,
                to: outgoing.to,
                slot: outgoing.slot,
                payload: outgoing.payload,
            };
            cheat(&mut frame);
            if frame.payload != honest {
                session.sent_instead(frame.to, frame.slot, &frame.payload);
            }
            self.in_flight.push(frame);
        }
    }

    /// What the call left, after all have finished.
    pub(crate) fn outcomes(&mut self) -> Vec<Called<F>> {
        let sessions = self.sessions.iter_mut();
        sessions
            .map(|session| session.outcome().expect("the call is done"))
            .collect()
    }
}

/// Shares of inputs, by party.
fn dealt<F: PrimeField>(committee: Committee, inputs: &Inputs, seed: u64) -> Vec<Given<F>> {
    let empty = |_| Given {
        collections: Vec::new(),
        params: Vec::new(),
        slots: BTreeMap::new(),
    };
    let mut given: Vec<Given<F>> = committee.parties().map(empty).collect();
    let mut number = seed;
    let mut share = |values: &[i64]| {
        number += 1;
        let values: Vec<F> = values.iter().map(|x| F::from_i64(*x)).collect();
        testing::share(committee, &values, number)
    };
    for columns in &inputs.collections {
        let columns: Vec<Vec<Shares<F>>> = columns.iter().map(|rows| share(rows)).collect();
        for (party, given) in given.iter_mut().enumerate() {
            let mine = columns.iter().map(|column| column[party].clone());
            given.collections.push(mine.collect());
        }
    }
    for columns in &inputs.params {
        let columns: Vec<Vec<Shares<F>>> = columns.iter().map(|x| share(&[*x])).collect();
        for (party, given) in given.iter_mut().enumerate() {
            let mine = columns.iter().map(|column| column[party].clone());
            given.params.push(mine.collect());
        }
    }
    for (at, value) in &inputs.slots {
        for (given, shares) in given.iter_mut().zip(share(&[*value])) {
            given.slots.insert(*at, shares);
        }
    }
    given
}

/// What a call by a committee came to, put together.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Together {
    pub(crate) valid: BTreeMap<u16, Vec<bool>>,
    pub(crate) shown: Vec<(Sink, Vec<i64>)>,
    pub(crate) slots: BTreeMap<(u16, u16), i64>,
    pub(crate) ended: Ended,
}

/// Runs a call by a committee of `n`. All parties end alike; what they did was predicted.
pub(crate) fn by_committee<F: PrimeField>(
    n: u8,
    contract: &Contract,
    environment: &Environment,
    inputs: &Inputs,
    seed: u64,
) -> Result<Together, SessionError> {
    let committee = Committee::new(n).expect("an odd size");
    let contract = Arc::new(contract.clone());
    let mut parties = Parties::<F>::new(committee, &contract, environment, inputs, seed)?;
    parties.run(|_| {});
    if let Some(error) = parties.errors[0].clone() {
        assert!(parties.errors.iter().all(|e| *e == Some(error.clone())));
        return Err(error);
    }
    assert!(parties.errors.iter().all(Option::is_none));
    let outcomes = parties.outcomes();
    for (party, outcome) in outcomes.iter().enumerate() {
        let (counted, cost) = (outcome.counters, &outcome.cost);
        assert_eq!(counted.multiplications, cost.multiplications);
        assert_eq!(counted.reshares, cost.reshares);
        assert_eq!(counted.gates, cost.gates);
        assert_eq!(counted.random_bits, cost.random_bits);
        assert_eq!(counted.openings, cost.openings);
        assert_eq!(counted.verifications, cost.verifications);
        assert_eq!(counted.bytes_sent, cost.bytes_sent[party], "party {party}");
        assert_eq!(outcome.ended, outcomes[0].ended);
        assert_eq!(outcome.valid, outcomes[0].valid);
    }
    assert_quoted(&contract, environment, committee, &outcomes[0].cost);
    let reconstructed = |columns: Vec<Shares<F>>| {
        let values = testing::reconstruct(committee, &columns);
        let integer = |x: F| i64::try_from(x.to_i128()).expect("values fit into 64 bits");
        values.into_iter().map(integer).collect::<Vec<i64>>()
    };
    let first = &outcomes[0];
    let shown = first.shown.iter().enumerate().map(|(at, (sink, _))| {
        let columns = outcomes.iter().map(|o| o.shown[at].1.clone()).collect();
        (*sink, reconstructed(columns))
    });
    let slots = first.slots.keys().map(|at| {
        let columns = outcomes.iter().map(|o| o.slots[at].clone()).collect();
        (*at, reconstructed(columns)[0])
    });
    Ok(Together {
        valid: first.valid.clone(),
        shown: shown.collect(),
        slots: slots.collect(),
        ended: first.ended.clone(),
    })
}

/// No run costs more than was quoted.
fn assert_quoted(
    contract: &Contract,
    environment: &Environment,
    committee: Committee,
    cost: &Cost,
) {
    let rows = environment.rows.clone();
    if ranges::actual(contract, 0, &rows).is_err() {
        // What no verifier accepts has no quote.
        return;
    }
    let quoted = plan::quote(contract, 0, &Sizes { rows }, committee).expect("it can be quoted");
    let cost = Cost::of_setup(committee).then(cost);
    let within = is_at_most(&cost, &quoted);
    assert!(within, "{cost:?} is more than {quoted:?}");
}

/// Whether a cost is in nothing more than another.
pub(crate) fn is_at_most(cost: &Cost, most: &Cost) -> bool {
    let counts = |cost: &Cost| {
        [
            cost.multiplications,
            cost.reshares,
            cost.rounds,
            cost.bytes_per_party,
            cost.bytes_total,
            cost.gates,
            cost.random_bits,
            cost.openings,
            cost.verifications,
        ]
    };
    let mut pairs = counts(cost).into_iter().zip(counts(most));
    pairs.all(|(found, most)| found <= most)
}

/// The meaning of a call.
pub(crate) fn meant(
    contract: &Contract,
    environment: &Environment,
    inputs: &Inputs,
) -> Result<Together, ClearError> {
    let contract = Arc::new(contract.clone());
    let called = clear::call(&contract, 0, environment, inputs, |_| 0)?;
    Ok(Together {
        valid: called.valid,
        shown: called.shown,
        slots: called.slots,
        ended: called.ended,
    })
}

/// A committee does what is meant: gives what comes of it.
pub(crate) fn check<F: PrimeField>(
    n: u8,
    contract: &Contract,
    environment: &Environment,
    inputs: &Inputs,
    seed: u64,
) -> Result<Together, SessionError> {
    let mut contract = contract.clone();
    contract.profile = if F::BITS == 61 {
        Profile::ShamirM61V1
    } else {
        Profile::ShamirM127V1
    };
    let found = by_committee::<F>(n, &contract, environment, inputs, seed);
    match (meant(&contract, environment, inputs), &found) {
        (Ok(meant), Ok(found)) => assert_eq!(*found, meant),
        (Err(ClearError::Plan(meant)), Err(SessionError::Plan(found))) => assert_eq!(*found, meant),
        (Err(ClearError::Range(meant)), Err(found)) => {
            assert_eq!(*found, SessionError::Plan(meant.into()));
        }
        (meant, found) => panic!("{found:?}, and {meant:?} was meant"),
    }
    found
}

/// The values shown by a line's first column.
pub(crate) fn shown(together: &Together, reveal: u16) -> &[i64] {
    let sink = Sink::Shown { reveal, column: 0 };
    let found = together.shown.iter().find(|(at, _)| *at == sink);
    &found.expect("the line is shown").1
}
