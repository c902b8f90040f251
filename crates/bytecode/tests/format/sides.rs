//! Public control flow: where registers may be read, and what bodies may hold.

use crate::world::{COUNT, Code, EARNED, PEOPLE, WINNER, ranges_of};
use enigma_bytecode::model::{C, Op, PublicOp, S};
use enigma_bytecode::ranges::{MAX_NESTING, PublicRange, RangeError};

fn refused(write: impl FnOnce(&mut Code)) -> RangeError {
    ranges_of(write).expect_err("ill-formed")
}

/// One side makes 1, the other 2.
fn sides(code: &mut Code) -> (C, S, S) {
    let condition = code.constant(1);
    code.emit(Op::If { condition });
    let then = code.hide(1);
    code.emit(Op::Else);
    let otherwise = code.hide(2);
    code.emit(Op::End);
    (condition, then, otherwise)
}

fn merge(code: &mut Code, condition: C, then: S, otherwise: S) -> S {
    code.s(|dst| Op::Merge {
        dst,
        condition,
        then,
        otherwise,
    })
}

#[test]
fn a_merge_holds_either() {
    let ranges = ranges_of(|code| {
        let (condition, then, otherwise) = sides(code);
        merge(code, condition, then, otherwise);
        let before = code.hide(7);
        merge(code, condition, then, before);
        merge(code, condition, before, otherwise);
    });
    let ranges = ranges.expect("well-formed");
    let ends: Vec<_> = (ranges.secret.iter())
        .map(|known| (known.interval.low, known.interval.high))
        .collect();
    assert_eq!(ends, [(1, 1), (2, 2), (1, 2), (7, 7), (1, 7), (2, 7)]);
}

#[test]
fn only_merges_on_the_same_condition_read_a_side() {
    let undefined = |op| RangeError::Undefined { op };
    let use_of_side = refused(|code| {
        let (_, then, _) = sides(code);
        code.add(then, then);
    });
    assert_eq!(use_of_side, undefined(8));
    let crossed = refused(|code| {
        let (condition, then, otherwise) = sides(code);
        merge(code, condition, otherwise, then);
    });
    assert_eq!(crossed, undefined(8));
    let other = refused(|code| {
        let (_, then, otherwise) = sides(code);
        let condition = code.constant(1);
        merge(code, condition, then, otherwise);
    });
    assert_eq!(other, undefined(9));
    let in_the_other_side = refused(|code| {
        let condition = code.constant(1);
        code.emit(Op::If { condition });
        let then = code.hide(1);
        code.emit(Op::Else);
        code.add(then, then);
    });
    assert_eq!(in_the_other_side, undefined(5));
    // A side within a side that has ended is gone with it.
    let nested = refused(|code| {
        let condition = code.constant(1);
        code.emit(Op::If { condition });
        code.emit(Op::If { condition });
        let inner = code.hide(1);
        code.emit(Op::End);
        code.emit(Op::End);
        merge(code, condition, inner, inner);
    });
    assert_eq!(nested, undefined(7));
    let public = refused(|code| {
        let condition = code.constant(1);
        code.emit(Op::If { condition });
        let then = code.constant(1);
        code.emit(Op::End);
        code.c(|dst| Op::MergePublic {
            dst,
            condition: then,
            then,
            otherwise: condition,
        });
    });
    assert_eq!(public, undefined(4));
}

#[test]
fn merged_values_are_of_one_kind_and_extent() {
    let mixed = refused(|code| {
        let (condition, then, _) = sides(code);
        let rows = code.input(PEOPLE, 1);
        merge(code, condition, then, rows);
    });
    assert_eq!(mixed, RangeError::MixedSpaces { op: 9 });
    let member = refused(|code| {
        let (condition, then, _) = sides(code);
        let rows = code.input(PEOPLE, 1);
        let member = code.first_member(rows);
        merge(code, condition, then, member);
    });
    assert_eq!(member, RangeError::NotANumber { op: 10 });
    let bytes = refused(|code| {
        let (condition, ..) = sides(code);
        let account = code.c(|dst| Op::Caller { dst });
        code.c(|dst| Op::MergePublic {
            dst,
            condition,
            then: account,
            otherwise: condition,
        });
    });
    assert_eq!(bytes, RangeError::NotANumber { op: 9 });
}

#[test]
fn what_begins_ends() {
    let wrong = |op| RangeError::BadNesting { op };
    let begin = |code: &mut Code| {
        let condition = code.constant(1);
        code.emit(Op::If { condition });
    };
    assert_eq!(refused(begin), wrong(2));
    assert_eq!(refused(|code| code.emit(Op::End)), wrong(0));
    assert_eq!(refused(|code| code.emit(Op::Else)), wrong(0));
    let twice = refused(|code| {
        begin(code);
        code.emit(Op::Else);
        code.emit(Op::Else);
    });
    assert_eq!(twice, wrong(3));
    let deep = |depth: usize| {
        ranges_of(|code| {
            let condition = code.constant(1);
            (0..depth).for_each(|_| code.emit(Op::If { condition }));
            (0..depth).for_each(|_| code.emit(Op::End));
        })
    };
    assert!(deep(MAX_NESTING).is_ok());
    assert_eq!(deep(MAX_NESTING + 1), Err(wrong(MAX_NESTING + 1)));
    let of_a_member = refused(|code| {
        code.c(|dst| Op::EachMember { dst, group: 0 });
        code.emit(Op::Else);
    });
    assert_eq!(of_a_member, wrong(1));
}

fn each(code: &mut Code) -> C {
    code.c(|dst| Op::EachMember { dst, group: 0 })
}

#[test]
fn bodies_for_members_are_public_and_close() {
    let paid = ranges_of(|code| {
        let who = each(code);
        let earned = code.c(|dst| Op::Load {
            dst,
            slot: EARNED,
            column: 0,
            key: Some(who),
        });
        let more = code.public(PublicOp::Add, earned, earned);
        code.emit(Op::Store {
            slot: EARNED,
            column: 0,
            key: Some(who),
            src: more,
        });
        code.emit(Op::End);
    });
    assert_eq!(
        paid.expect("well-formed").public(C(0)),
        Some(PublicRange::ACCOUNT)
    );
    let wrong = RangeError::BadNesting { op: 2 };
    for op in [
        Op::If { condition: C(0) },
        Op::EachMember {
            dst: C(2),
            group: 0,
        },
        Op::Require {
            condition: C(0),
            why: String::new(),
        },
        Op::Pays { amount: C(0) },
        Op::Transfer {
            from: None,
            to: C(1),
            amount: C(0),
        },
        Op::Hide { dst: S(0), a: C(0) },
        Op::Input {
            dst: S(0),
            collection: 0,
            column: 0,
        },
    ] {
        let found = refused(|code| {
            code.constant(1);
            each(code);
            code.emit(op);
        });
        assert_eq!(found, wrong);
    }
    let behind = refused(|code| {
        let who = each(code);
        code.emit(Op::End);
        code.emit(Op::Transfer {
            from: None,
            to: who,
            amount: who,
        });
    });
    assert_eq!(behind, RangeError::Undefined { op: 2 });
    let nobody = refused(|code| {
        code.c(|dst| Op::EachMember { dst, group: 1 });
    });
    assert_eq!(nobody, RangeError::BadIndex { op: 0 });
}

#[test]
fn the_ledger_holds_what_it_says() {
    let stores = |slot, key: bool, account: bool| {
        ranges_of(|code| {
            let (number, caller) = (code.constant(1), code.c(|dst| Op::Caller { dst }));
            code.emit(Op::Store {
                slot,
                column: 0,
                key: key.then_some(caller),
                src: if account { caller } else { number },
            });
        })
        .map(|_| ())
    };
    assert_eq!(stores(COUNT, false, false), Ok(()));
    assert_eq!(stores(EARNED, true, false), Ok(()));
    assert_eq!(stores(WINNER, false, true), Ok(()));
    let kind = Err(RangeError::NotANumber { op: 2 });
    assert_eq!(stores(COUNT, false, true), kind);
    assert_eq!(stores(WINNER, false, false), kind);
    // A map has a key, what is no map has none, and a secret slot is not on the ledger.
    let wrong = Err(RangeError::BadIndex { op: 2 });
    assert_eq!(stores(COUNT, true, false), wrong);
    assert_eq!(stores(EARNED, false, false), wrong);
    assert_eq!(stores(3, false, false), wrong);
    assert_eq!(stores(99, false, false), wrong);
}

#[test]
fn accounts_and_numbers_are_not_confused() {
    let transfer = |to: fn(&mut Code) -> C| {
        ranges_of(|code| {
            let (amount, to) = (code.constant(1), to(code));
            code.emit(Op::Transfer {
                from: Some(to),
                to,
                amount,
            });
        })
        .map(|_| ())
    };
    assert_eq!(transfer(|code| code.c(|dst| Op::Caller { dst })), Ok(()));
    let party = |code: &mut Code| code.c(|dst| Op::PartyAccount { dst, party: 1 });
    assert_eq!(transfer(party), Ok(()));
    let named = |code: &mut Code| {
        code.c(|dst| Op::Param {
            dst,
            param: 3,
            column: 0,
        })
    };
    assert_eq!(transfer(named), Ok(()));
    let text = |code: &mut Code| {
        code.c(|dst| Op::Param {
            dst,
            param: 2,
            column: 0,
        })
    };
    let wrong = Err(RangeError::NotAnAccount { op: 2 });
    assert_eq!(transfer(text), wrong);
    assert_eq!(transfer(|code| code.constant(0)), wrong);
    let nobody = |code: &mut Code| code.c(|dst| Op::PartyAccount { dst, party: 2 });
    assert_eq!(transfer(nobody), Err(RangeError::BadIndex { op: 1 }));
    // Bytes can be compared with bytes only, and for equality.
    let compared = |op, bytes: bool| {
        ranges_of(|code| {
            let (number, caller) = (code.constant(1), code.c(|dst| Op::Caller { dst }));
            code.public(op, caller, if bytes { caller } else { number });
        })
        .map(|_| ())
    };
    assert_eq!(compared(PublicOp::Equal, true), Ok(()));
    let wrong = Err(RangeError::NotANumber { op: 2 });
    assert_eq!(compared(PublicOp::Equal, false), wrong);
    assert_eq!(compared(PublicOp::Less, true), wrong);
    let private = refused(|code| {
        code.c(|dst| Op::Param {
            dst,
            param: 0,
            column: 0,
        });
    });
    assert_eq!(private, RangeError::BadIndex { op: 0 });
}

#[test]
fn slots_keep_their_ranges() {
    let stored = |slot, value| {
        ranges_of(|code| {
            let value = code.hide(value);
            code.store(slot, value);
        })
        .map(|_| ())
    };
    assert_eq!(stored(4, 1_000_000), Ok(()));
    assert!(matches!(
        stored(4, 1_000_001),
        Err(RangeError::TooLarge { .. })
    ));
    assert!(matches!(stored(4, -1), Err(RangeError::TooLarge { .. })));
    // An accumulator is only added to, the ledger holds no secrets, and a vector is no scalar.
    let wrong = Err(RangeError::BadIndex { op: 2 });
    assert_eq!(stored(3, 1), wrong);
    assert_eq!(stored(COUNT, 1), wrong);
    let vector = refused(|code| {
        let rows = code.input(PEOPLE, 1);
        code.store(4, rows);
    });
    assert_eq!(vector, RangeError::NotAScalar { op: 1 });

    let added = |slot, values: &[i64]| {
        ranges_of(|code| {
            for value in values {
                let value = code.hide(*value);
                code.accumulate(slot, value);
            }
        })
        .map(|_| ())
    };
    assert_eq!(added(3, &[1 << 28]), Ok(()));
    assert_eq!(added(3, &[1 << 27, 1 << 27]), Ok(()));
    let large = |found| matches!(found, Err(RangeError::TooLarge { .. }));
    assert!(large(added(3, &[(1 << 28) + 1])));
    // Together they are one contribution, and a count is never taken back.
    assert!(large(added(3, &[1 << 28, 1])));
    assert!(large(added(3, &[-1])));
    assert_eq!(added(4, &[1]), Err(RangeError::BadIndex { op: 2 }));
}
