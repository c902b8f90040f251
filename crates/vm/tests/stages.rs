//! Calls in stages, by a live committee, against their meaning on plain integers: branches on opened values, effects,
//! refusals, slots, parameters, accounts, and cheats.

#[path = "common/calls.rs"]
mod calls;
mod common;
#[path = "common/committee.rs"]
mod network;

use std::sync::Arc;

use calls::{Code, Parties, account, by_committee, check, environment, given, on_ledger, shown};
use enigma_bytecode::model::{
    C, Column, Contract, Kind, Known, Op, Order, PublicOp, Recipient, S, Store,
};
use enigma_bytecode::plan::{
    Effect, Environment, FIRST_MAIN_CALL, Limits, Next, PlanError, Port, Run, STAGE_CALLS, Sink,
};
use enigma_bytecode::ranges::RangeError;
use enigma_bytecode::stored::StatePlace;
use enigma_field::{Committee, M61, M127, Party};
use enigma_vm::SessionError;
use enigma_vm::clear::Inputs;

fn bids(rows: &[i64]) -> Inputs {
    given(vec![vec![rows.to_vec()]])
}

fn refused<T: std::fmt::Debug>(result: Result<T, SessionError>) -> String {
    match result {
        Err(SessionError::Plan(PlanError::Refused { why })) => why,
        other => panic!("not refused: {other:?}"),
    }
}

/// A sealed-bid auction: whether it is sold, then the price, the winner, and the transfer.
fn auction() -> Code {
    let mut code = Code::over(&[&[(1, 1_000)]]);
    let price_slot = code.slot(Store::Ledger, false, &[(0, 1_000)]);
    let done = code.slot(Store::Ledger, false, &[(0, 1)]);
    let (a, order) = (code.input(0, 0), Order::Descending);
    let top = code.secret(|dst| Op::First { dst, a, order });
    let second = code.secret(|dst| Op::Second { dst, a, order });
    let some = code.exceeds(top, 99);
    let condition = code.open(some);
    code.push(Op::If { condition });
    let reserve = code.number(100);
    let least = code.secret(|dst| Op::Hide { dst, a: reserve });
    let price = code.secret(|dst| Op::Larger {
        dst,
        a: second,
        b: least,
    });
    let amount = code.open(price);
    let winner = code.secret(|dst| Op::FirstMember { dst, a, order });
    let from = code.open(winner);
    code.contract.manifest[2].columns[0].kind = Kind::MemberOf(0);
    code.store(price_slot, None, amount);
    let to = code.public(|dst| Op::PartyAccount { dst, party: 0 });
    code.push(Op::Transfer {
        from: Some(from),
        to,
        amount,
    });
    code.push(Op::End);
    let one = code.number(1);
    code.store(done, None, one);
    code
}

#[test]
fn an_auction_goes_both_ways() {
    let contract = auction().contract;
    let stored = |slot, value| Effect::Store {
        slot,
        column: 0,
        key: None,
        value: Known::Number(value),
    };
    for (seed, n) in [(1, 3), (2, 5)] {
        let inputs = bids(&[300, 900, 700, 900]);
        let sold = check::<M61>(n, &contract, &environment(&inputs), &inputs, seed);
        let sold = sold.expect("it runs").ended;
        let expected = [
            stored(0, 900),
            Effect::Transfer {
                from: Some(account(2)),
                to: account(200),
                amount: 900,
            },
            stored(1, 1),
        ];
        assert_eq!(sold.effects, expected);
        assert!(sold.skipped.is_empty());
        assert_eq!(sold.public[&2].columns, [[Known::Bytes(account(2))]]);

        let inputs = bids(&[40, 50]);
        let kept = check::<M127>(n, &contract, &environment(&inputs), &inputs, seed);
        let kept = kept.expect("it runs").ended;
        assert_eq!(kept.effects, [stored(1, 1)]);
        assert_eq!(kept.skipped.into_iter().collect::<Vec<u16>>(), [1, 2]);
        assert_eq!(kept.public[&0].columns, [[Known::Number(0)]]);
    }
}

#[test]
fn what_a_stage_found_is_kept_and_not_found_again() {
    let contract = Arc::new(auction().contract);
    let environment = environment(&bids(&[300, 900, 700]));
    let committee = Committee::new(3).expect("an odd size");
    let limits = Limits::default();
    let run = Run::<M61>::new(Arc::clone(&contract), 0, environment, committee, limits);
    let mut run = run.expect("it begins");
    let Ok(Next::Stage(first)) = run.next(&[]) else {
        panic!("a stage");
    };
    assert_eq!(
        first.inputs,
        [Port::Column {
            collection: 0,
            column: 0
        }]
    );
    // The second, and the member under the name of the register that will hold it.
    assert_eq!(first.outputs.len(), 2);
    assert!(
        first
            .outputs
            .iter()
            .all(|sink| matches!(sink, Sink::Kept(_)))
    );
    let Ok(Next::Stage(second)) = run.next(&[vec![M61::ONE]]) else {
        panic!("a stage");
    };
    assert!(
        second
            .inputs
            .iter()
            .all(|port| matches!(port, Port::Kept(_)))
    );
    assert!(second.plan.members.is_empty());
    // One comparison is left: of the second and the reserve.
    assert!(second.plan.cost.gates < first.plan.cost.gates / 2);
    let opened = [vec![M61::from_i64(700)], vec![M61::from_i64(3)]];
    let Ok(Next::Done(ended)) = run.next(&opened) else {
        panic!("the end");
    };
    assert_eq!(ended.effects.len(), 3);
    assert_eq!(
        run.cost().gates,
        first.plan.cost.gates + second.plan.cost.gates
    );
    // Not as many vectors as were opened.
    assert!(run.next(&opened).is_err());
}

#[test]
fn secret_and_public_values_of_both_sides_meet() {
    let mut code = Code::over(&[&[(0, 100)]]);
    let x = code.input(0, 0);
    let total = code.sum(x);
    let some = code.exceeds(total, 50);
    let condition = code.open(some);
    code.push(Op::If { condition });
    let then = code.secret(|dst| Op::Mul { dst, a: x, b: x });
    let large = code.number(7);
    code.push(Op::Else);
    let otherwise = code.secret(|dst| Op::Add { dst, a: x, b: x });
    let opened = code.open(total);
    code.push(Op::End);
    let either = code.secret(|dst| Op::Merge {
        dst,
        condition,
        then,
        otherwise,
    });
    let public = code.public(|dst| Op::MergePublic {
        dst,
        condition,
        then: large,
        otherwise: opened,
    });
    let scaled = code.secret(|dst| Op::MulPublic {
        dst,
        a: either,
        b: public,
    });
    code.show_to(Recipient::OwnerOf(0), &[scaled]);
    code.contract.manifest[1].columns[0].low = 0;
    code.contract.manifest[1].columns[0].high = 5_000;
    for (rows, expected) in [
        (vec![30, 40], vec![6_300, 11_200]),
        (vec![3, 4], vec![42, 56]),
        (vec![50], vec![5_000]),
    ] {
        let inputs = bids(&rows);
        for n in [3, 5] {
            let found = check::<M61>(n, &code.contract, &environment(&inputs), &inputs, 4);
            assert_eq!(shown(&found.expect("it runs"), 2), expected);
        }
    }
}

/// What only passes opened values on does not end a stage.
#[test]
fn effects_wait_for_opened_values_and_stay_in_order() {
    let mut code = Code::over(&[&[(0, 100)]]);
    let total_slot = code.slot(Store::Ledger, false, &[(0, 10_000)]);
    let map = code.slot(Store::Ledger, true, &[(0, 10_000)]);
    let x = code.input(0, 0);
    let sum = code.sum(x);
    let total = code.open(sum);
    let caller = code.public(|dst| Op::Caller { dst });
    let number = code.number(2);
    let twice = code.computed(PublicOp::Mul, total, number);
    code.store(total_slot, None, twice);
    let again = code.public(|dst| Op::Load {
        dst,
        slot: total_slot,
        column: 0,
        key: None,
    });
    code.store(map, Some(caller), again);
    let height = code.public(|dst| Op::Height { dst });
    code.store(map, Some(total), height);
    let rank = code.secret(|dst| Op::Rank {
        dst,
        a: x,
        order: Order::Ascending,
    });
    code.push(Op::Pays { amount: number });
    code.show(&[rank]);
    let more = code.public(|dst| Op::Load {
        dst,
        slot: map,
        column: 0,
        key: Some(caller),
    });
    let member = code.public(|dst| Op::EachMember { dst, group: 0 });
    let before = code.public(|dst| Op::Load {
        dst,
        slot: map,
        column: 0,
        key: Some(member),
    });
    let after = code.computed(PublicOp::Add, before, more);
    code.store(map, Some(member), after);
    code.push(Op::End);

    let inputs = bids(&[5, 101, 40]);
    let mut environment = environment(&inputs);
    let earlier = StatePlace {
        slot: map,
        key: Some(Known::Bytes(account(3))),
        column: 0,
    };
    environment.ledger = on_ledger([(earlier, Known::Number(1))]);
    let found = check::<M61>(3, &code.contract, &environment, &inputs, 5).expect("it runs");
    let stored = |slot, key, value| Effect::Store {
        slot,
        column: 0,
        key,
        value: Known::Number(value),
    };
    // The second row is out of range: neither it nor its member counts.
    let of = |number| Some(Known::Bytes(account(number)));
    let expected = [
        stored(total_slot, None, 90),
        stored(map, of(100), 90),
        stored(map, Some(Known::Number(45)), 7),
        Effect::Pays { amount: 2 },
        stored(map, of(1), 90),
        stored(map, of(3), 91),
    ];
    assert_eq!(found.ended.effects, expected);
    assert_eq!(found.valid[&0], [true, false, true]);
    assert_eq!(shown(&found, 1), [1, 2]);

    let committee = Committee::new(3).expect("an odd size");
    let run = Run::<M61>::new(
        Arc::new(code.contract),
        0,
        environment,
        committee,
        Limits::default(),
    );
    let mut run = run.expect("it begins");
    let Ok(Next::Stage(stage)) = run.next(&[]) else {
        panic!("a stage");
    };
    assert_eq!((stage.outputs.len(), stage.opened.len()), (1, 1));
    let opened = [vec![M61::from_i64(45)]];
    assert!(matches!(run.next(&opened), Ok(Next::Done(_))));
}

#[test]
fn refusals_leave_nothing() {
    // Known at once: nothing is computed.
    let mut code = Code::over(&[&[(0, 100)]]);
    let rows = code.public(|dst| Op::Rows { dst, collection: 0 });
    let three = code.number(3);
    let few = code.computed(PublicOp::Less, rows, three);
    let zero = code.number(0);
    let enough = code.computed(PublicOp::Equal, few, zero);
    let why = "too few".to_owned();
    code.push(Op::Require {
        condition: enough,
        why,
    });
    let x = code.input(0, 0);
    let sum = code.sum(x);
    let total = code.open(sum);
    let limit = code.number(100);
    let small = code.computed(PublicOp::Less, total, limit);
    code.push(Op::Require {
        condition: small,
        why: "too much".to_owned(),
    });
    code.show(&[sum]);
    let two = bids(&[1, 2]);
    let run = |inputs: &Inputs| check::<M61>(3, &code.contract, &environment(inputs), inputs, 6);
    assert_eq!(refused(run(&two)), "too few");
    // Rows that are dropped do not count either.
    assert_eq!(refused(run(&bids(&[1, 2, 101]))), "too few");
    assert_eq!(refused(run(&bids(&[50, 50, 0]))), "too much");
    let found = run(&bids(&[50, 49, 0])).expect("it runs");
    assert_eq!(shown(&found, 1), [99]);
}

#[test]
fn values_that_do_not_fit_are_refused() {
    let stored = |value: i64| {
        let mut code = Code::over(&[&[(0, 100)]]);
        let slot = code.slot(Store::Ledger, false, &[(0, 50)]);
        let x = code.input(0, 0);
        let sum = code.sum(x);
        let total = code.open(sum);
        code.store(slot, None, total);
        let inputs = bids(&[value]);
        check::<M61>(3, &code.contract, &environment(&inputs), &inputs, 7)
    };
    assert!(stored(50).is_ok());
    assert_eq!(refused(stored(51)), "`slot0` takes no such value");

    let paid = |amount: i64| {
        let mut code = Code::over(&[]);
        let amount = code.number(amount);
        code.push(Op::Pays { amount });
        check::<M61>(
            3,
            &code.contract,
            &environment(&given(vec![])),
            &given(vec![]),
            7,
        )
    };
    assert!(paid(0).is_ok());
    assert_eq!(refused(paid(-1)), "an amount is below 0");

    let mut code = Code::over(&[&[(0, 100)]]);
    let x = code.input(0, 0);
    let sum = code.sum(x);
    let total = code.open(sum);
    let most = code.number(i64::MAX);
    code.computed(PublicOp::Add, total, most);
    let inputs = bids(&[1]);
    let found = check::<M61>(3, &code.contract, &environment(&inputs), &inputs, 7);
    assert_eq!(
        found,
        Err(SessionError::Plan(PlanError::PublicOverflow { op: 4 }))
    );
}

#[test]
fn parameters_public_and_private() {
    let mut code = Code::over(&[&[(0, 100)]]);
    let public = code.param(false, &[(1, 9)]);
    let private = code.param(true, &[(0, 20), (-5, 5)]);
    let x = code.input(0, 0);
    let factor = code.public(|dst| Op::Param {
        dst,
        param: public,
        column: 0,
    });
    let [a, b] = [0, 1].map(|column| {
        code.secret(|dst| Op::SecretParam {
            dst,
            param: private,
            column,
        })
    });
    let shifted = code.secret(|dst| Op::Add { dst, a: x, b: a });
    let scaled = code.secret(|dst| Op::MulPublic {
        dst,
        a: shifted,
        b: factor,
    });
    let all = code.secret(|dst| Op::Mul { dst, a: scaled, b });
    code.show_to(Recipient::Caller, &[all]);
    let run = |factor: i64, params: [i64; 2]| {
        let inputs = Inputs {
            params: vec![Vec::new(), params.to_vec()],
            ..bids(&[1, 2])
        };
        let mut environment = environment(&inputs);
        environment.params = vec![vec![Known::Number(factor)], Vec::new()];
        check::<M61>(5, &code.contract, &environment, &inputs, 8)
    };
    let found = run(3, [20, -5]).expect("it runs");
    assert_eq!(shown(&found, 0), [-315, -330]);
    // Also a dealt element that no honest caller deals.
    for wrong in [[21, 0], [0, 6], [-1, 0], [i64::MAX >> 3, 0]] {
        assert_eq!(refused(run(3, wrong)), "`param1` is out of range");
    }
    assert_eq!(refused(run(10, [0, 0])), "`param0` is out of range");
}

#[test]
fn secret_slots_are_loaded_stored_and_added_to() {
    let mut code = Code::over(&[&[(0, 9)]]);
    let slot = code.slot(Store::Secret, false, &[(-1_000, 1_000), (-9, 9)]);
    let tally = code.slot(Store::Secret, false, &[(0, 1 << 40)]);
    code.contract.slots[usize::from(tally)].accumulator = true;
    code.contract.slots[0].initial = vec![Known::Number(4), Known::Number(-2)];
    let load =
        |code: &mut Code, slot, column| code.secret(|dst| Op::LoadSecret { dst, slot, column });
    let (old, other) = (load(&mut code, slot, 0), load(&mut code, slot, 1));
    let x = code.input(0, 0);
    let sum = code.sum(x);
    // In range for the nine members that there may be in this run.
    let new = code.secret(|dst| Op::Sub {
        dst,
        a: sum,
        b: other,
    });
    code.push(Op::StoreSecret {
        slot,
        column: 0,
        src: new,
    });
    code.push(Op::Accumulate {
        slot: tally,
        column: 0,
        src: sum,
    });
    let stored = load(&mut code, slot, 0);
    let some = code.exceeds(stored, 10);
    let condition = code.open(some);
    code.push(Op::If { condition });
    let later = load(&mut code, slot, 0);
    let both = code.secret(|dst| Op::Add {
        dst,
        a: later,
        b: old,
    });
    code.show(&[both]);
    code.push(Op::StoreSecret {
        slot,
        column: 0,
        src: other,
    });
    code.push(Op::Accumulate {
        slot: tally,
        column: 0,
        src: sum,
    });
    code.push(Op::End);

    let inputs = bids(&[9, 8]);
    let run = |inputs: &Inputs| {
        let environment = environment(inputs);
        let found = check::<M61>(3, &code.contract, &environment, inputs, 12);
        assert_eq!(
            check::<M127>(5, &code.contract, &environment, inputs, 13),
            found
        );
        found.expect("it runs")
    };
    let found = run(&inputs);
    assert_eq!(shown(&found, 1), [17 + 2 + 4]);
    assert_eq!(found.slots, [((0, 0), -2), ((1, 0), 34)].into());
    let mut inputs = bids(&[1, 2]);
    inputs
        .slots
        .extend([((0, 0), 500), ((0, 1), 0), ((1, 0), 100)]);
    assert_eq!(run(&inputs).slots, [((0, 0), 3), ((1, 0), 103)].into());
}

/// The committee's refusal of code that is not sound.
fn check_refused(contract: &Contract, environment: &Environment, inputs: &Inputs) -> PlanError {
    match by_committee::<M61>(3, contract, environment, inputs, 1) {
        Err(SessionError::Plan(error)) => error,
        other => panic!("not refused: {other:?}"),
    }
}

#[test]
fn a_store_beyond_a_slots_range_is_not_planned() {
    let mut code = Code::over(&[&[(0, 9)]]);
    let slot = code.slot(Store::Secret, false, &[(0, 20)]);
    let x = code.input(0, 0);
    let src = code.sum(x);
    code.push(Op::StoreSecret {
        slot,
        column: 0,
        src,
    });
    let fits = bids(&[1, 1]);
    assert!(check::<M61>(3, &code.contract, &environment(&fits), &fits, 1).is_ok());
    // Three rows of up to nine could be 27.
    let inputs = bids(&[1, 1, 1]);
    let error = check_refused(&code.contract, &environment(&inputs), &inputs);
    assert!(matches!(error, PlanError::Gate { gate: 2, .. }));
}

#[test]
fn accumulators_need_their_contributions() {
    use enigma_bytecode::model::{Shape, Source};
    let mut code = Code::over(&[]);
    let slot = code.slot(Store::Secret, false, &[(0, 1 << 40), (0, 1 << 40)]);
    code.contract.slots[0].accumulator = true;
    let value = code.secret(|dst| Op::LoadSecret {
        dst,
        slot,
        column: 0,
    });
    code.open(value);
    code.contract.manifest[0].sources = vec![(Source::Slot(0), Shape::Aggregate(20))];
    let mut inputs = given(Vec::new());
    inputs.slots.extend([((0, 0), 77), ((0, 1), 0)]);
    let mut environment = environment(&inputs);
    // To each of its numbers, whichever is shown.
    for (counts, enough) in [
        ([0, 0], false),
        ([19, 40], false),
        ([20, 19], false),
        ([20, 20], true),
    ] {
        environment.contributions = (0..).zip(counts).map(|(k, n)| ((0, k), n)).collect();
        let found = check::<M61>(3, &code.contract, &environment, &inputs, 1);
        assert_eq!(found.is_ok(), enough, "{counts:?}");
    }
    // Of a column nothing is said.
    environment.contributions = [((0, 0), 20)].into();
    assert!(check::<M61>(3, &code.contract, &environment, &inputs, 1).is_err());
}

#[test]
fn rows_of_several_columns_are_dropped_whole() {
    let mut code = Code::over(&[&[(0, 9), (0, 9), (-3, 3)], &[(0, 5)]]);
    let columns = [0, 1, 2].map(|column| code.input(0, column));
    let other = code.input(1, 0);
    let others = code.sum(other);
    code.show_to(Recipient::OwnerOf(0), &[columns[0], columns[2]]);
    code.show(&[others]);
    let inputs = given(vec![
        vec![vec![1, 2, 10, 4], vec![5, -1, 7, 8], vec![0, 0, 0, -3]],
        vec![vec![6, 5]],
    ]);
    for n in [3, 5] {
        let found = check::<M61>(n, &code.contract, &environment(&inputs), &inputs, 2);
        let found = found.expect("it runs");
        assert_eq!(found.valid[&0], [true, false, false, true]);
        assert_eq!(found.valid[&1], [false, true]);
        assert_eq!(shown(&found, 0), [1, 4]);
    }
    let wide = check::<M127>(3, &code.contract, &environment(&inputs), &inputs, 2);
    assert!(wide.is_ok());
}

#[test]
fn too_few_rows_are_refused_before_and_after_the_check() {
    let mut code = Code::over(&[&[(0, 9)]]);
    code.contract.groups[0].min = 3;
    let x = code.input(0, 0);
    let sum = code.sum(x);
    code.show(&[sum]);
    for rows in [vec![1, 2], vec![1, 2, 10]] {
        let inputs = bids(&rows);
        let found = check::<M61>(3, &code.contract, &environment(&inputs), &inputs, 1);
        assert!(matches!(
            found,
            Err(SessionError::Plan(PlanError::Range(
                RangeError::RowsOutside { rows: 2, .. }
            )))
        ));
    }
}

/// Public bytes are compared, stored and used as keys.
#[test]
fn bytes_and_accounts() {
    let mut code = Code::over(&[&[(0, 9)]]);
    let bytes = |kind| Column {
        name: String::new(),
        kind,
        low: 0,
        high: 0,
    };
    let text = code.param(false, &[(0, 0)]);
    code.contract.entries[0].params[0].columns[0] = bytes(Kind::Bytes(4));
    let slot = code.slot(Store::Ledger, false, &[(0, 0)]);
    code.contract.slots[0].columns[0] = bytes(Kind::Account);
    code.contract.slots[0].initial = vec![Known::Bytes(account(0))];
    let given_text = code.public(|dst| Op::Param {
        dst,
        param: text,
        column: 0,
    });
    let wanted = code.public(|dst| Op::ConstBytes {
        dst,
        value: b"abcd".to_vec(),
    });
    let condition = code.computed(PublicOp::Equal, given_text, wanted);
    let caller = code.public(|dst| Op::Caller { dst });
    let party = code.public(|dst| Op::PartyAccount { dst, party: 0 });
    let src = code.public(|dst| Op::Choose {
        dst,
        condition,
        then: caller,
        otherwise: party,
    });
    code.store(slot, None, src);
    let run = |text: &[u8]| {
        let inputs = bids(&[]);
        let mut environment = environment(&inputs);
        environment.params = vec![vec![Known::Bytes(text.to_vec())]];
        check::<M61>(3, &code.contract, &environment, &inputs, 1)
    };
    for (text, expected) in [(&b"abcd"[..], account(100)), (b"", account(200))] {
        let effects = run(text).expect("it runs").ended.effects;
        let value = Known::Bytes(expected);
        let stored =
            matches!(&effects[..], [Effect::Store { value: found, .. }] if *found == value);
        assert!(stored, "{effects:?}");
    }
    assert_eq!(refused(run(b"abcde")), "`param0` is out of range");
}

/// A party that sends something else in a later stage ends the call for all, and nothing is shown.
#[test]
fn a_cheat_in_a_later_stage_is_caught() {
    let contract = Arc::new(auction().contract);
    let inputs = bids(&[300, 900, 700]);
    let environment = environment(&inputs);
    let committee = Committee::new(3).expect("an odd size");
    let cheat = Party::new(2).expect("from 1");
    let later = FIRST_MAIN_CALL + STAGE_CALLS;
    let (mut altered, mut noticed) = (0, 0);
    for victim in 0..40 {
        let parties = Parties::<M61>::new(committee, &contract, &environment, &inputs, 14);
        let mut parties = parties.expect("it begins");
        let mut seen = 0;
        parties.run(|frame| {
            if frame.from != cheat || frame.slot.op < later || frame.payload.is_empty() {
                return;
            }
            if seen == victim {
                frame.payload[0] ^= 1;
            }
            seen += 1;
        });
        if victim >= seen {
            break;
        }
        altered += 1;
        // Whoever notices first ends its session; the others wait for it.
        assert!(parties.errors.iter().any(Option::is_some), "frame {victim}");
        for honest in [0, 2] {
            assert!(
                parties.sessions[honest].outcome().is_none(),
                "frame {victim}"
            );
            let error = &parties.errors[honest];
            noticed += u32::from(matches!(error, Some(SessionError::Engine(_))));
        }
    }
    assert!(
        altered > 10 && noticed > 10,
        "{altered} frames, noticed {noticed} times"
    );
}

/// A public register of a side that is not taken is not read.
#[test]
fn code_that_is_not_sound_is_refused() {
    let inputs = bids(&[1]);
    let environment = environment(&inputs);
    let one = |ops: Vec<Op>| {
        let mut code = Code::over(&[&[(0, 9)]]);
        ops.into_iter().for_each(|op| code.push(op));
        check_refused(&code.contract, &environment, &inputs)
    };
    let zero = Op::Const {
        dst: C(0),
        value: 0,
    };
    let cases = [
        vec![Op::End],
        vec![Op::Else],
        vec![zero.clone(), Op::If { condition: C(0) }],
        vec![Op::Require {
            condition: C(3),
            why: String::new(),
        }],
        vec![zero.clone(), zero.clone()],
        vec![Op::Sum { dst: S(0), a: S(9) }],
        vec![
            zero.clone(),
            Op::If { condition: C(0) },
            Op::Const {
                dst: C(1),
                value: 0,
            },
            Op::End,
            Op::Pays { amount: C(1) },
        ],
        vec![
            Op::EachMember {
                dst: C(0),
                group: 0,
            },
            Op::Input {
                dst: S(0),
                collection: 0,
                column: 0,
            },
            Op::End,
        ],
        vec![Op::Input {
            dst: S(0),
            collection: 0,
            column: 7,
        }],
    ];
    for ops in cases {
        let error = one(ops.clone());
        assert!(matches!(error, PlanError::Gate { .. }), "{ops:?}: {error}");
    }
}
