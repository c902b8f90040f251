//! Quotes of entries whose stages end where values must be known: never less than a run takes, and just that where it can be told.

#[path = "common/calls.rs"]
mod calls;
mod common;
#[path = "common/committee.rs"]
mod network;

use std::sync::Arc;

use calls::{Code, environment, given};
use enigma_bytecode::model::{C, Contract, Known, Op, Order, PublicOp, Recipient, S, Store};
use enigma_bytecode::plan::{self, Cost, Limit, Limits, Next, PlanError, Run, Sizes};
use enigma_field::{Committee, M61};

const ROWS: usize = 9;

fn three() -> Committee {
    Committee::new(3).expect("an odd size")
}

fn quote(contract: &Contract, rows: usize) -> Result<Cost, PlanError> {
    let sizes = Sizes {
        rows: vec![rows as u32],
    };
    plan::quote(contract, 0, &sizes, three())
}

/// What a run costs in all to which the caller gives `k`, where everything that is opened is 1.
fn taken(contract: &Contract, k: i64) -> Cost {
    let inputs = given(vec![vec![vec![5; ROWS]; 3]]);
    let mut environment = environment(&inputs);
    environment.params = vec![vec![Known::Number(k)]];
    let (limits, rows) = (Limits::default(), environment.rows.clone());
    let check = plan::check::<M61>(contract, 0, &rows, three(), limits).expect("a check");
    let contract = Arc::new(contract.clone());
    let run = Run::<M61>::new(contract, 0, environment, three(), limits);
    let (mut run, mut opened) = (run.expect("it begins"), Vec::new());
    while let Next::Stage(stage) = run.next(&opened).expect("it goes on") {
        opened = vec![vec![M61::ONE]; stage.opened.len()];
    }
    Cost::of_setup(three())
        .then(&check.plan.cost)
        .then(run.cost())
}

/// An entry with a parameter `k`, over three columns of the same people.
struct Draft {
    code: Code,
    k: C,
}

impl Draft {
    fn new() -> Draft {
        let mut code = Code::over(&[&[(0, 1_000), (0, 1_000), (0, 1_000)]]);
        let param = code.param(false, &[(0, 1)]);
        let k = code.public(|dst| Op::Param {
            dst,
            param,
            column: 0,
        });
        Draft { code, k }
    }

    /// Opens a sum: a cheap thing to wait for.
    fn opened(&mut self) -> C {
        let all = self.code.input(0, 0);
        let sum = self.code.sum(all);
        self.code.open(sum)
    }

    fn found(&mut self, column: u16) -> S {
        let (a, order) = (self.code.input(0, column), Order::Descending);
        self.code.secret(|dst| Op::First { dst, a, order })
    }

    /// A branch in which nothing is done.
    fn asks(&mut self, condition: C) {
        self.code.push(Op::If { condition });
        self.code.push(Op::End);
    }

    /// Something long, a branch on what may be awaited, something as long.
    fn ends_with(mut self, condition: C) -> Contract {
        let before = self.found(1);
        self.asks(condition);
        let after = self.found(2);
        self.code.show(&[before]);
        self.code.show(&[after]);
        self.code.contract
    }

    fn merged(&mut self, then: C, otherwise: C) -> C {
        let condition = self.k;
        self.code.public(|dst| Op::MergePublic {
            dst,
            condition,
            then,
            otherwise,
        })
    }
}

fn exact(contract: &Contract, k: i64) {
    assert_eq!(quote(contract, ROWS).as_ref(), Ok(&taken(contract, k)));
}

/// No run takes more, whatever it is given, and whatever a quote has more than one.
fn enough(contract: &Contract) {
    let quoted = quote(contract, ROWS).expect("a quote");
    for k in [0, 1] {
        let taken = taken(contract, k);
        assert!(
            calls::is_at_most(&taken, &quoted),
            "{k}: {taken:?}, {quoted:?}"
        );
    }
}

/// What is read from the ledger is known at once where nothing waits, whatever is being opened.
#[test]
fn what_is_loaded_is_not_awaited_where_nothing_waits() {
    for back in [false, true] {
        let mut draft = Draft::new();
        let slot = draft.code.slot(Store::Ledger, false, &[(0, 9)]);
        let height = draft.code.number(3);
        let x = draft.opened();
        let (column, key) = (0, None);
        let loaded = draft.code.public(|dst| match back {
            false => Op::Load {
                dst,
                slot,
                column,
                key,
            },
            true => Op::LoadAt {
                dst,
                slot,
                column,
                key,
                height,
            },
        });
        draft.asks(loaded);
        let contract = draft.ends_with(x);
        enough(&contract);
        exact(&contract, 0);
    }
}

/// Behind what waits it waits, and then everything is known.
#[test]
fn what_is_loaded_behind_what_waits_is_awaited() {
    let mut draft = Draft::new();
    let slot = draft.code.slot(Store::Ledger, false, &[(0, 9)]);
    let x = draft.opened();
    draft.code.computed(PublicOp::Add, x, x);
    let loaded = draft.code.public(|dst| Op::Load {
        dst,
        slot,
        column: 0,
        key: None,
    });
    draft.asks(loaded);
    let contract = draft.ends_with(x);
    enough(&contract);
    exact(&contract, 0);
}

/// What only one path opens does not make other things known on the other one.
#[test]
fn what_is_awaited_on_one_path_ends_no_stage_of_the_other() {
    let mut draft = Draft::new();
    let (k, zero) = (draft.k, draft.code.number(0));
    draft.code.push(Op::If { condition: k });
    let x = draft.opened();
    draft.code.push(Op::End);
    let x = draft.merged(x, zero);
    let z = draft.opened();
    draft.asks(x);
    let contract = draft.ends_with(z);
    enough(&contract);
    // One run ends a stage at the first branch, the other at the second, and no run at both.
    let quoted = quote(&contract, ROWS).expect("a quote");
    for k in [0, 1] {
        assert_ne!(quoted, taken(&contract, k));
    }
}

/// What waits on one path only is perhaps waited for behind it.
#[test]
fn what_waits_on_one_path_does_not_on_the_other() {
    let mut draft = Draft::new();
    let slot = draft.code.slot(Store::Ledger, false, &[(0, 9)]);
    let (k, x) = (draft.k, draft.opened());
    draft.code.push(Op::If { condition: k });
    draft.code.computed(PublicOp::Add, x, x);
    draft.code.push(Op::End);
    let loaded = draft.code.public(|dst| Op::Load {
        dst,
        slot,
        column: 0,
        key: None,
    });
    draft.asks(loaded);
    let contract = draft.ends_with(x);
    enough(&contract);
}

/// What is opened together is known together, on whatever path.
#[test]
fn what_one_operation_opens_is_known_together() {
    let mut draft = Draft::new();
    let (k, zero) = (draft.k, draft.code.number(0));
    draft.code.push(Op::If { condition: k });
    let [a, b] = [0, 1].map(|column| {
        let all = draft.code.input(0, column);
        draft.code.sum(all)
    });
    let first = draft.code.open_all(&[a, b], &[], None, None);
    draft.code.push(Op::End);
    let x = draft.merged(first, zero);
    let y = draft.merged(C(first.0 + 1), zero);
    draft.asks(x);
    let contract = draft.ends_with(y);
    enough(&contract);
    exact(&contract, 1);
}

/// What is awaited on both paths, for other reasons, is awaited.
#[test]
fn what_both_sides_open_surely_ends_a_stage() {
    let mut draft = Draft::new();
    let (k, z) = (draft.k, draft.opened());
    draft.code.push(Op::If { condition: k });
    let x = draft.opened();
    draft.code.push(Op::Else);
    let y = draft.opened();
    draft.code.push(Op::End);
    let either = draft.merged(x, y);
    draft.asks(either);
    let contract = draft.ends_with(z);
    enough(&contract);
    // Everything is known behind the first branch; a run opens one value less.
    let quoted = quote(&contract, ROWS).expect("a quote");
    for k in [0, 1] {
        assert_eq!(quoted.rounds, taken(&contract, k).rounds);
    }
}

/// A loop needs what it reads and what is stored before it, and nothing else.
#[test]
fn loops_over_members_end_a_stage_only_for_what_they_need() {
    for waits in [false, true] {
        let mut draft = Draft::new();
        let x = draft.opened();
        if waits {
            draft.code.computed(PublicOp::Add, x, x);
        }
        draft.code.public(|dst| Op::EachMember { dst, group: 0 });
        draft.code.number(1);
        draft.code.push(Op::End);
        let contract = draft.ends_with(x);
        enough(&contract);
        exact(&contract, 0);
    }
}

/// A run shows one side of a branch, and what it shows stays in memory; what it shows one after the other counts together.
#[test]
fn what_both_sides_of_a_branch_show_does_not_count_together() {
    let many = 16_384;
    // Of 24 bytes each, some 38 MiB.
    let columns = 100;
    let show = |draft: &mut Draft| {
        let all = draft.code.input(0, 0);
        draft.code.show_to(Recipient::Public, &vec![all; columns]);
    };
    let contract = |sides: bool| {
        let mut draft = Draft::new();
        draft.code.contract.groups[0].max = 20_000;
        let condition = draft.k;
        draft.code.push(Op::If { condition });
        show(&mut draft);
        if sides {
            draft.code.push(Op::Else);
            show(&mut draft);
        }
        draft.code.push(Op::End);
        if !sides {
            show(&mut draft);
        }
        draft.code.contract
    };
    assert!(quote(&contract(true), many).is_ok());
    let found = quote(&contract(false), many);
    let is_over = matches!(
        found,
        Err(PlanError::OverLimit {
            limit: Limit::PublicBytes,
            ..
        })
    );
    assert!(is_over, "{found:?}");
}
