//! The ledger as it was: what may be read back, and what is read.

use std::sync::Arc;

use crate::common::club;
use crate::verify::refused;
use crate::world::{COUNT, EARNED, check, contract};
use enigma_bytecode::container::encode;
use enigma_bytecode::disasm::disassemble;
use enigma_bytecode::model::{C, Known, Op};
use enigma_bytecode::plan::{At, Effect, Environment, Limits, Walk};
use enigma_bytecode::ranges::RangeError;
use enigma_bytecode::stored::{InstanceState, Past, StatePlace, Stored};
use enigma_bytecode::verify::VerifyError;

/// `count` and what the caller has earned, after a block, stored in `count` and for the caller.
fn looks(height: i64) -> enigma_bytecode::model::Contract {
    let mut contract = contract(|code| {
        let (caller, height) = (code.c(|dst| Op::Caller { dst }), code.constant(height));
        let stored = code.constant(77);
        let store = |slot, key, src| Op::Store {
            slot,
            column: 0,
            key,
            src,
        };
        code.emit(store(COUNT, None, stored));
        let then = |slot, key| {
            move |dst| Op::LoadAt {
                dst,
                slot,
                column: 0,
                key,
                height,
            }
        };
        let count = code.c(then(COUNT, None));
        let earned = code.c(then(EARNED, Some(caller)));
        code.emit(store(EARNED, Some(caller), earned));
        code.emit(store(COUNT, None, count));
        None
    });
    contract.entries[0].params.clear();
    contract
}

fn place(slot: u16, key: Option<u8>) -> StatePlace {
    StatePlace {
        slot,
        key: key.map(|byte| Known::Bytes(vec![byte; 20])),
        column: 0,
    }
}

/// A call in block 10: `count` was written in blocks 4, 8 and, by others while it runs, 11 and 12; what account 1 has earned in block 9.
fn environment() -> Environment {
    let number = Known::Number;
    let mut past = Past::default();
    for (block, before) in [(4, None), (8, Some(40)), (11, Some(80)), (12, Some(110))] {
        past.replace(block, place(COUNT, None), before.map(number));
    }
    past.replace(9, place(EARNED, Some(1)), Some(number(5)));
    let state = InstanceState {
        values: [
            (place(COUNT, None), number(80)),
            (place(EARNED, Some(1)), number(9)),
        ]
        .into(),
        ..InstanceState::default()
    };
    Environment {
        rows: vec![5, 0, 0, 1],
        groups: vec![(0..5).map(|k| vec![k; 20]).collect()],
        caller: vec![1; 20],
        height: 10,
        ledger: Stored::on_chain(&Arc::new(state), &past),
        ..Environment::default()
    }
}

#[test]
fn a_run_reads_what_was_there_after_a_block() {
    let at = |height: i64| {
        let contract = Arc::new(looks(height));
        let mut walk = Walk::new(contract, 0, environment(), Limits::default()).expect("sound");
        assert_eq!(walk.advance(), Ok(At::End));
        let effects = walk.end().effects;
        let stored = effects.into_iter().map(|effect| match effect {
            Effect::Store {
                value: Known::Number(number),
                ..
            } => number,
            other => panic!("{other:?}"),
        });
        stored.collect::<Vec<i64>>()
    };
    // First what the entry itself has stored, which does not count.
    for height in [i64::MIN, -1, 0, 3] {
        assert_eq!(at(height), [77, 5, 0]);
    }
    assert_eq!(at(4), [77, 5, 40]);
    assert_eq!(at(7), [77, 5, 40]);
    assert_eq!(at(8), [77, 5, 80]);
    assert_eq!(at(9), [77, 9, 80]);
    // Of later blocks some members know already what others do not.
    for height in [10, 11, 12, i64::MAX] {
        assert_eq!(at(height), [77, 9, 80]);
    }
}

#[test]
fn the_ledger_alone_is_read_back_by_a_number() {
    assert_eq!(check(looks(4)), Ok(vec![]));
    let bytes = encode(&looks(4));
    let of = |op: &[u8]| bytes.windows(op.len()).filter(|part| *part == op).count();
    // Code 138, dst, slot, column, key, height.
    assert_eq!(of(&[138, 3, 0, 0, 0, 1]), 1, "{bytes:?}");
    assert_eq!(of(&[138, 4, 1, 0, 1, 0, 1]), 1, "{bytes:?}");
    let listing = disassemble(&looks(4));
    assert!(listing.contains("c3 = load count at c1"), "{listing}");
    assert!(listing.contains("c4 = load earned[c0] at c1"), "{listing}");
    let with = |change: fn(&mut Op)| {
        let mut contract = looks(4);
        change(&mut contract.entries[0].code[4]);
        check(contract)
    };
    let error = |error| Err(VerifyError::Code { entry: 0, error });
    let height_is_an_account = |op: &mut Op| match op {
        Op::LoadAt { height, .. } => *height = C(0),
        other => panic!("{other:?}"),
    };
    assert_eq!(
        with(height_is_an_account),
        error(RangeError::NotANumber { op: 4 })
    );
    let of_a_map = |op: &mut Op| match op {
        Op::LoadAt { slot, .. } => *slot = EARNED,
        other => panic!("{other:?}"),
    };
    assert_eq!(with(of_a_map), error(RangeError::BadIndex { op: 4 }));
    // Conditions look back, too, and what nodes keep beside the ledger has no past.
    let of = |slot| {
        move |contract: &mut enigma_bytecode::model::Contract| {
            let code = contract.groups[0].admit.as_mut().expect("it has one");
            let (last, column) = (code.pop().expect("a condition"), 0);
            let (height, key) = (C(code.len() as u16), Some(C(0)));
            code.push(Op::Height { dst: height });
            code.push(Op::LoadAt {
                dst: C(height.0 + 1),
                slot,
                column,
                key,
                height,
            });
            code.push(last);
        }
    };
    let mut sound = club();
    of(0)(&mut sound);
    assert_eq!(enigma_bytecode::verify::verify(&sound), Ok(()));
    let found = refused(club(), of(1));
    assert_eq!(found, VerifyError::BadAdmission { group: 0 });
    let mut code = club();
    code.entries[0].code.splice(
        0..0,
        [
            Op::Caller { dst: C(0) },
            Op::Height { dst: C(1) },
            Op::LoadAt {
                dst: C(2),
                slot: 1,
                column: 0,
                key: Some(C(0)),
                height: C(1),
            },
        ],
    );
    let error = RangeError::BadIndex { op: 2 };
    assert_eq!(check(code), Err(VerifyError::Code { entry: 0, error }));
}
