//! Random code, sound or not: planning never panics and ends, and what it plans, run with values in place of shares, is
//! what the code means.

#[path = "common/calls.rs"]
mod calls;
mod common;
#[path = "common/committee.rs"]
mod network;

use std::collections::BTreeMap;
use std::sync::Arc;

use calls::{Code, environment, on_ledger};
use common::Pick;
use enigma_bytecode::model::{
    BitOp, C, Contract, Known, Noise, Op, Order, PublicOp, Recipient, Relation, RowCount, S, Store,
    Width,
};
use enigma_bytecode::plan::{
    self, Cost, Ended, Environment, GateProblem, Limits, MOST_STAGES, Next, PlanError, Port, Run,
    Sink, Sizes,
};
use enigma_bytecode::ranges;
use enigma_bytecode::stored::StatePlace;
use enigma_field::{Committee, M61};
use enigma_vm::clear::{self, ClearError, Inputs};

/// Code in the making.
struct Draft {
    code: Code,
    pick: Pick,
    secrets: u16,
    publics: u16,
    open: u32,
    /// Whether registers that are not defined are read.
    wild: bool,
}

impl Draft {
    fn below(&mut self, end: u64) -> u64 {
        self.pick.word() % end
    }

    fn s(&mut self) -> S {
        let beyond = u16::from(self.wild && self.below(40) == 0);
        let count = self.secrets.max(1) + beyond;
        let [one, other] = [0; 2].map(|_| self.below(count.into()) as u16);
        S(one.max(other))
    }

    fn c(&mut self) -> C {
        let beyond = u16::from(self.wild && self.below(40) == 0);
        let count = self.publics.max(1) + beyond;
        C(self.below(count.into()) as u16)
    }

    fn some(&mut self, most: u64) -> Vec<S> {
        let count = 1 + self.below(most);
        (0..count).map(|_| self.s()).collect()
    }

    fn order(&mut self) -> Order {
        [Order::Ascending, Order::Descending][self.below(2) as usize]
    }

    fn relation(&mut self) -> Relation {
        [Relation::Less, Relation::Equal, Relation::Greater][self.below(3) as usize]
    }

    fn push(&mut self) {
        let op = match self.below(8) {
            0 => self.public(),
            1 => self.control(),
            2 => self.out(),
            3 => self.table(),
            _ => self.secret(),
        };
        let (publics, secrets) = op.defines();
        self.publics += publics as u16;
        self.secrets += secrets as u16;
        self.code.push(op);
    }

    fn public(&mut self) -> Op {
        let (dst, a, b) = (C(self.publics), self.c(), self.c());
        match self.below(9) {
            0 => Op::Rows { dst, collection: 0 },
            1 => Op::Param {
                dst,
                param: 0,
                column: 0,
            },
            2 => Op::Caller { dst },
            3 => Op::Load {
                dst,
                slot: 0,
                column: 0,
                key: None,
            },
            4 => Op::Load {
                dst,
                slot: 1,
                column: 0,
                key: Some(a),
            },
            5 => Op::Choose {
                dst,
                condition: a,
                then: b,
                otherwise: a,
            },
            6 => Op::Const {
                dst,
                value: self.pick.between(-5, 9),
            },
            _ => {
                let all = [
                    PublicOp::Add,
                    PublicOp::Sub,
                    PublicOp::Mul,
                    PublicOp::Div,
                    PublicOp::Rem,
                    PublicOp::Smaller,
                    PublicOp::Larger,
                    PublicOp::Less,
                    PublicOp::Equal,
                ];
                let op = all[self.below(7) as usize];
                Op::Public { dst, op, a, b }
            }
        }
    }

    fn control(&mut self) -> Op {
        let condition = self.c();
        match self.below(6) {
            0 | 1 => {
                self.open += 1;
                Op::If { condition }
            }
            2 if self.open > 0 || self.wild => Op::Else,
            3 if self.open > 0 || self.wild => {
                self.open = self.open.saturating_sub(1);
                Op::End
            }
            4 => Op::Store {
                slot: 0,
                column: 0,
                key: None,
                src: condition,
            },
            5 => Op::StoreSecret {
                slot: 2,
                column: 0,
                src: self.s(),
            },
            _ => Op::Store {
                slot: 1,
                column: 0,
                key: Some(condition),
                src: condition,
            },
        }
    }

    fn out(&mut self) -> Op {
        let everyone = self.below(3) > 0;
        let recipient = if everyone {
            Recipient::Public
        } else {
            Recipient::Party(0)
        };
        let values = self.some(2);
        let hidden = self.below(3) == 0;
        let counts = if hidden { vec![self.s()] } else { Vec::new() };
        let none = match self.below(2) {
            0 => Noise::Laplace { decay: 16 },
            _ => Noise::Gaussian(Width::table(1 << 16)),
        };
        let noise = (self.below(6) == 0).then_some(none);
        let least = hidden.then_some(2);
        let reveal = self.code.line(recipient, values.len(), least, noise);
        Op::Out {
            reveal,
            values,
            counts,
            public: everyone.then_some(C(self.publics)),
        }
    }

    fn secret(&mut self) -> Op {
        let (dst, a, b, c) = (S(self.secrets), self.s(), self.s(), self.c());
        let order = self.order();
        match self.below(26) {
            0 => Op::Add { dst, a, b },
            1 => Op::Sub { dst, a, b },
            2 => Op::Mul { dst, a, b },
            3 | 4 => Op::Sum { dst, a },
            5 => Op::Dot { dst, a, b },
            6 if self.below(3) == 0 => Op::Modulo { dst, a, b },
            6 => Op::Div { dst, a, b },
            7 => Op::AddPublic { dst, a, b: c },
            8 => Op::MulPublic { dst, a, b: c },
            9 if self.below(3) == 0 => Op::ModuloPublic { dst, a, b: c },
            9 => Op::DivPublic { dst, a, b: c },
            10 => Op::ComparePublic {
                dst,
                relation: self.relation(),
                a,
                b: c,
            },
            11 => Op::Compare {
                dst,
                relation: self.relation(),
                a,
                b,
            },
            12 => Op::Select {
                dst,
                bit: self.s(),
                then: a,
                otherwise: b,
            },
            13 => Op::Rank { dst, a, order },
            14 | 15 => Op::First { dst, a, order },
            16 => Op::Second { dst, a, order },
            17 => Op::FirstMember { dst, a, order },
            18 => Op::Quantile { dst, a, place: c },
            19 => Op::Hide { dst, a: c },
            20 => Op::LoadSecret {
                dst,
                slot: 2,
                column: 0,
            },
            21 => Op::SecretParam {
                dst,
                param: 1,
                column: 0,
            },
            22 => Op::Merge {
                dst,
                condition: c,
                then: a,
                otherwise: b,
            },
            23 => Op::MulFixed { dst, a, b, bits: 2 },
            _ => {
                let op = [BitOp::And, BitOp::Or, BitOp::Xor][self.below(3) as usize];
                Op::BitwisePublic { dst, op, a, b: c }
            }
        }
    }

    fn table(&mut self) -> Op {
        let (dst, a, len) = (S(self.secrets), self.s(), 1 + self.below(4) as u32);
        match self.below(13) {
            0 => Op::Input {
                dst,
                collection: self.below(3) as u16,
                column: 0,
            },
            1 => Op::CountEach { dst, a, len },
            2 => Op::CellSum {
                dst,
                keys: self.s(),
                a,
                len,
            },
            3 => Op::Histogram {
                dst,
                a,
                bounds: vec![-2, 0, 3],
            },
            4 => Op::Gather {
                dst,
                parts: self.some(3),
            },
            5 => Op::Element {
                dst,
                a,
                at: self.below(3) as u32,
            },
            6 => Op::Distinct {
                dst,
                keys: self.some(2),
            },
            7 => Op::Join {
                dst,
                left: vec![a],
                right: vec![self.s()],
                valid: self.s(),
                columns: Vec::new(),
            },
            8 => Op::Sort {
                dst,
                keys: a,
                order: self.order(),
                columns: self.some(2),
            },
            9 | 10 => Op::Top { dst, a, len },
            11 => Op::PrefixSums { dst, a },
            _ => Op::Covariance {
                dst,
                a,
                b: self.s(),
                bits: 0,
            },
        }
    }
}

fn drafted(seed: u64, wild: bool) -> Contract {
    let mut code = Code::over(&[&[(-9, 9)], &[(0, 3)]]);
    code.of_party(RowCount::UpTo(3), &[(0, 1)]);
    code.slot(Store::Ledger, false, &[(-9, 99)]);
    code.slot(Store::Ledger, true, &[(-9, 99)]);
    code.slot(Store::Secret, false, &[(-1_000, 1_000)]);
    code.param(false, &[(0, 5)]);
    code.param(true, &[(0, 5)]);
    for collection in 0..3 {
        code.input(collection, 0);
    }
    let number = code.number(3);
    code.computed(PublicOp::Less, number, number);
    let mut draft = Draft {
        code,
        pick: Pick(seed),
        secrets: 3,
        publics: 2,
        open: 0,
        wild,
    };
    for _ in 0..4 + seed % 20 {
        draft.push();
    }
    for _ in 0..draft.open {
        draft.code.push(Op::End);
    }
    draft.code.contract
}

fn inputs(pick: &mut Pick) -> Inputs {
    let mut rows = |low, high| -> Vec<i64> {
        let count = pick.word() % 5;
        (0..count).map(|_| pick.between(low, high)).collect()
    };
    let collections = vec![vec![rows(-9, 9)], vec![rows(0, 3)], vec![rows(0, 1)]];
    let mut inputs = calls::given(collections);
    inputs.collections[2][0].truncate(3);
    inputs.params = vec![Vec::new(), vec![4]];
    inputs.slots.insert((2, 0), 5);
    inputs
}

/// What a run shows and stores.
type Found = (Vec<(Sink, Vec<i64>)>, BTreeMap<(u16, u16), i64>, Ended);

/// No run of an entry whose ranges are sound costs more than its quote for as many rows, which there is.
fn is_quoted(contract: &Contract, rows: &[u32], committee: Committee, run: &Cost) -> bool {
    let sizes = Sizes {
        rows: rows.to_vec(),
    };
    let quoted = match plan::quote(contract, 0, &sizes, committee) {
        Ok(quoted) => quoted,
        // In a branch that was not taken something is as long as no manifest line allows, which ranges do not say.
        Err(PlanError::Gate { problem, .. }) => return problem == GateProblem::Length,
        Err(error) => return matches!(error, PlanError::OverLimit { .. }),
    };
    let check = plan::check::<M61>(contract, 0, rows, committee, Limits::default());
    let check = check.expect("it was quoted").plan.cost;
    let whole = Cost::of_setup(committee).then(&check).then(run);
    calls::is_at_most(&whole, &quoted)
}

/// Runs the plans of all stages with values in place of shares.
fn planned(
    contract: &Arc<Contract>,
    environment: &Environment,
    inputs: &Inputs,
    pick: &mut Pick,
) -> Result<(Found, Cost), PlanError> {
    let committee = Committee::new(3).expect("an odd size");
    let (limits, contract) = (Limits::default(), Arc::clone(contract));
    let mut run = Run::<M61>::new(contract, 0, environment.clone(), committee, limits)?;
    let mut kept: BTreeMap<S, Vec<i64>> = BTreeMap::new();
    let (mut shown, mut slots) = (Vec::new(), BTreeMap::new());
    let mut opened = Vec::new();
    for _ in 0..=MOST_STAGES {
        let stage = match run.next(&opened)? {
            Next::Done(ended) => return Ok(((shown, slots, ended), run.cost().clone())),
            Next::Stage(stage) => stage,
        };
        let values = stage.inputs.iter().map(|port| match *port {
            Port::Column { collection, column } => {
                inputs.collections[usize::from(collection)][usize::from(column)].clone()
            }
            Port::Param { param, column } => {
                vec![inputs.params[usize::from(param)][usize::from(column)]]
            }
            Port::Slot { slot, column } => {
                let at = (slot, column);
                vec![slots.get(&at).copied().unwrap_or(inputs.slots[&at])]
            }
            Port::Kept(name) => kept[&name].clone(),
        });
        let elements = |values: Vec<i64>| values.into_iter().map(M61::from_i64).collect();
        let given: Vec<(u16, Vec<M61>)> = (0..).zip(values.map(elements)).collect();
        let result = clear::run_plan(&stage.plan, &given, || pick.bit());
        opened = result
            .values
            .into_iter()
            .map(|(_, values)| values)
            .collect();
        for (sink, (_, values)) in stage.outputs.iter().zip(result.outputs) {
            let values: Vec<i64> = values.iter().map(|x| x.to_i64()).collect();
            match *sink {
                Sink::Slot { slot, column } => {
                    slots.insert((slot, column), values[0]);
                }
                Sink::Kept(name) => {
                    kept.insert(name, values);
                }
                sink => shown.push((sink, values)),
            }
        }
    }
    panic!("a run has a bounded number of stages")
}

/// How often something was run to the end, and how often what a verifier accepts.
fn campaign(seeds: std::ops::Range<u64>, wild: bool) -> (u32, u32) {
    let committee = Committee::new(3).expect("an odd size");
    let (mut finished, mut within, mut wrong) = (0, 0, Vec::new());
    for seed in seeds {
        let contract = Arc::new(drafted(seed, wild));
        let mut pick = Pick(seed ^ 0xabcd);
        let inputs = inputs(&mut pick);
        let mut environment = environment(&inputs);
        environment.row_members = Vec::new();
        environment.params = vec![vec![Known::Number(pick.between(0, 5))], Vec::new()];
        let first = StatePlace {
            slot: 0,
            key: None,
            column: 0,
        };
        let stored = Known::Number(pick.between(-9, 99));
        environment.ledger = on_ledger([(first, stored)]);
        let sound = ranges::actual(&contract, 0, &environment.rows).is_ok();
        let meant = clear::call(&contract, 0, &environment, &inputs, |_| 0);
        let found = planned(&contract, &environment, &inputs, &mut pick);
        let agree = match (&found, &meant) {
            (Ok(((shown, slots, ended), cost)), Ok(meant)) => {
                finished += 1;
                within += u32::from(sound);
                (shown, slots, ended) == (&meant.shown, &meant.slots, &meant.ended)
                    && (!sound || is_quoted(&contract, &environment.rows, committee, cost))
            }
            // Planning refuses what could be too large, or small, for other values.
            (Err(PlanError::Gate { .. } | PlanError::OverLimit { .. }), _) => true,
            (Err(found), Err(ClearError::Plan(meant))) => found == meant,
            _ => false,
        };
        if !agree {
            let code = &contract.entries[0].code;
            wrong.push(format!("seed {seed}: {found:?}, {meant:?}: {code:?}"));
        }
    }
    let few: Vec<&String> = wrong.iter().take(3).collect();
    assert!(wrong.is_empty(), "{} are wrong: {few:#?}", wrong.len());
    (finished, within)
}

#[test]
fn random_code_does_what_it_means() {
    let (finished, within) = campaign(0..20_000, false);
    assert!(finished > 2_000, "{finished}");
    assert!(within > 800, "{within}");
}

#[test]
fn code_that_is_not_sound_does_not_panic() {
    campaign(10_000..12_000, true);
}
