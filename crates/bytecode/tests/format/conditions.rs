//! Conditions of declarations: who belongs to a group, who may read a slot, which rows count.

use std::sync::Arc;

use crate::common::{club, input, out, survey, two_groups};
use crate::verify::refused;
use enigma_bytecode::model::{C, Kind, Known, Op, Order, S};
use enigma_bytecode::plan::{Admission, Environment, may_read};
use enigma_bytecode::ranges::RangeError;
use enigma_bytecode::stored::{InstanceState, Past, StatePlace, Stored};
use enigma_bytecode::verify::{
    LOAD_AT_STEPS, MAX_ACCESS_STEPS, MAX_MEMBER_STEPS, VerifyError, verify,
};

/// A condition reads the ledger and who is asked about, and ends with its one `Require`.
#[test]
fn conditions_of_groups() {
    let changed = |change: fn(&mut Vec<Op>)| {
        refused(club(), |contract| {
            change(contract.groups[0].admit.as_mut().expect("it has one"));
        })
    };
    let bad = VerifyError::BadAdmission { group: 0 };
    let rows = |code: &mut Vec<Op>| {
        code[4] = Op::Rows {
            dst: C(4),
            collection: 0,
        };
    };
    let says_why = |code: &mut Vec<Op>| {
        code[6] = Op::Require {
            condition: C(5),
            why: "no".to_owned(),
        };
    };
    let pays = |code: &mut Vec<Op>| code.insert(6, Op::Pays { amount: C(4) });
    let twice = |code: &mut Vec<Op>| code.push(code[6].clone());
    let changes: [fn(&mut Vec<Op>); 6] = [
        rows,
        says_why,
        pays,
        twice,
        |code: &mut Vec<Op>| code.clear(),
        |code: &mut Vec<Op>| {
            code.pop();
        },
    ];
    for change in changes {
        assert_eq!(changed(change), bad);
    }
    // It is sound as entries are.
    let changes: [fn(&mut Vec<Op>); 3] = [
        |code: &mut Vec<Op>| {
            code.remove(3);
        },
        |code: &mut Vec<Op>| {
            code[6] = Op::Require {
                condition: C(0),
                why: String::new(),
            };
        },
        |code: &mut Vec<Op>| {
            code[2] = Op::PartyAccount {
                dst: C(2),
                party: 1,
            };
        },
    ];
    for change in changes {
        let found = changed(change);
        assert!(
            matches!(found, VerifyError::AdmissionCode { group: 0, .. }),
            "{found:?}"
        );
    }
}

/// Nodes ask it about all who gave.
#[test]
fn conditions_of_large_groups_are_short() {
    let of = |max: u32| {
        let mut contract = club();
        contract.groups[0].max = max;
        verify(&contract)
    };
    let most = (MAX_MEMBER_STEPS / 7) as u32;
    assert_ne!(of(most), Err(VerifyError::LongAdmission { group: 0 }));
    assert_eq!(of(most + 1), Err(VerifyError::LongAdmission { group: 0 }));
    // To look at what was there takes longer.
    let looks_back = |max: u32| {
        let mut contract = club();
        contract.groups[0].max = max;
        let code = contract.groups[0].admit.as_mut().expect("it has one");
        let height = C(0);
        let load = |op: &Op| matches!(op, Op::Load { .. });
        let at = code.iter().position(load).expect("it reads the ledger");
        let Op::Load {
            dst,
            slot,
            column,
            key,
        } = code[at]
        else {
            unreachable!("found");
        };
        code[at] = Op::LoadAt {
            dst,
            slot,
            column,
            key,
            height,
        };
        verify(&contract)
    };
    let most = (MAX_MEMBER_STEPS / (6 + LOAD_AT_STEPS)) as u32;
    let long = Err(VerifyError::LongAdmission { group: 0 });
    assert_ne!(looks_back(most), long);
    assert_eq!(looks_back(most + 1), long);
}

/// A ledger on which these accounts are listed.
fn listed(accounts: &[u8]) -> Stored {
    let place = |byte: &u8| StatePlace {
        slot: 0,
        key: Some(Known::Bytes(vec![*byte; 20])),
        column: 0,
    };
    let values = accounts.iter().map(|byte| (place(byte), Known::Number(1)));
    let state = InstanceState {
        values: values.collect(),
        ..InstanceState::default()
    };
    Stored::on_chain(&Arc::new(state), &Past::default())
}

/// It answers for one account after the other, and nothing of one is left for the next.
#[test]
fn a_condition_is_asked_about_accounts() {
    let account = |byte: u8| vec![byte; 20];
    let environment = Environment {
        parties: vec![account(9)],
        ledger: listed(&[1, 3, 9]),
        ..Environment::default()
    };
    let mut club = Admission::new(&club().into(), 0, &environment)
        .expect("sound")
        .expect("it has one");
    let admitted = (0..10).filter(|byte| club.admits(&account(*byte)));
    assert_eq!(admitted.collect::<Vec<u8>>(), [1, 3]);
    assert!(
        Admission::new(&survey().into(), 0, &environment)
            .expect("sound")
            .is_none()
    );
}

/// Who may read depends on who asks, on the key and on the ledger, and on nothing else.
#[test]
fn conditions_on_readers() {
    let (account, environment) = (|byte: u8| vec![byte; 20], Environment::default());
    let note = 1;
    let asked = |key: Option<Known>, who: u8| {
        let place = (note, key.as_ref());
        may_read(&club().into(), place, &environment, &account(who)).expect("sound")
    };
    let key = |byte| Some(Known::Bytes(account(byte)));
    assert!(asked(key(7), 7));
    assert!(!asked(key(7), 8));
    // Keys that the map cannot have, and what is not kept beside the chain.
    for wrong in [
        None,
        Some(Known::Number(7)),
        Some(Known::Bytes(vec![7; 19])),
    ] {
        assert!(!asked(wrong, 7));
    }
    let listed = may_read(
        &club().into(),
        (0, key(7).as_ref()),
        &environment,
        &account(7),
    );
    assert_eq!(listed, Ok(false));
    let changed = |change: fn(&mut Vec<Op>)| {
        refused(club(), |contract| {
            change(contract.slots[1].access.as_mut().expect("it has one"));
        })
    };
    let bad = VerifyError::BadAccess { slot: 1 };
    let reads_itself = |code: &mut Vec<Op>| {
        code[2] = Op::Load {
            dst: C(2),
            slot: 1,
            column: 0,
            key: Some(C(1)),
        };
    };
    let changes: [fn(&mut Vec<Op>); 4] = [
        reads_itself,
        |code| code.clear(),
        |code| {
            code.pop();
        },
        |code| {
            let last = code.pop().expect("a condition");
            let ops = 0..MAX_ACCESS_STEPS as u16;
            code.extend(ops.map(|at| Op::Const {
                dst: C(3 + at),
                value: 1,
            }));
            code.push(last);
        },
    ];
    for change in changes {
        assert_eq!(changed(change), bad);
    }
    let no_such_parameter = |code: &mut Vec<Op>| {
        code[1] = Op::Param {
            dst: C(1),
            param: 1,
            column: 0,
        };
    };
    let found = changed(no_such_parameter);
    assert!(
        matches!(found, VerifyError::AccessCode { slot: 1, .. }),
        "{found:?}"
    );
    // Anybody may have it judged: it is short, and so is what it reads.
    let long = |len: usize| {
        let mut contract = club();
        let code = contract.slots[1].access.as_mut().expect("a condition");
        let last = code.pop().expect("a condition");
        let dst = C(code.len() as u16);
        code.push(Op::ConstBytes {
            dst,
            value: vec![1; len],
        });
        code.push(last);
        verify(&contract)
    };
    assert_eq!(long(1_024), Ok(()));
    let found = long(1_025);
    assert!(
        matches!(
            found,
            Err(VerifyError::AccessCode {
                slot: 1,
                error: RangeError::LongValue { .. }
            })
        ),
        "{found:?}"
    );
    // The ledger's slots have no condition, those beside it have one.
    let swapped = refused(club(), |contract| contract.slots[1].access = None);
    assert_eq!(swapped, VerifyError::BadSlot { slot: 1 });
    let swapped = refused(club(), |contract| {
        contract.slots[0].access = Some(Vec::new())
    });
    assert_eq!(swapped, VerifyError::BadSlot { slot: 0 });
}

/// However short the code is, and however small what the chain takes.
#[test]
fn a_condition_holds_no_more_than_a_node_has_room_for() {
    let admits = |copies: u16| {
        let mut large = club();
        let code = large.groups[0].admit.as_mut().expect("it has one");
        let last = code.pop().expect("a condition");
        let (text, condition) = (C(6), C(3));
        code.push(Op::ConstBytes {
            dst: text,
            value: vec![1; 60_000],
        });
        code.extend((0..copies).map(|at| Op::Choose {
            dst: C(7 + at),
            condition,
            then: text,
            otherwise: text,
        }));
        code.push(last);
        let environment = Environment {
            parties: vec![vec![9; 20]],
            ledger: listed(&[1]),
            ..Environment::default()
        };
        let admission = Admission::new(&large.into(), 0, &environment).expect("sound");
        admission.expect("it has one").admits(&[1; 20])
    };
    assert!(admits(1_000));
    assert!(!admits(1_200));
}

/// Keys are looked for among many.
#[test]
fn keys_of_maps_are_short() {
    let with = |most: u32, len: usize| {
        let mut contract = club();
        let key = contract.slots[0].key.as_mut().expect("a map");
        key.kind = Kind::Bytes(most);
        let code = contract.groups[0].admit.as_mut().expect("it has one");
        code[0] = Op::ConstBytes {
            dst: C(0),
            value: vec![1; len],
        };
        verify(&contract)
    };
    assert_eq!(with(256, 256), Ok(()));
    assert_eq!(with(257, 20), Err(VerifyError::BadSlot { slot: 0 }));
    let error = RangeError::BadParameter { op: 1 };
    assert_eq!(
        with(256, 257),
        Err(VerifyError::AdmissionCode { group: 0, error })
    );
}

/// A condition on rows looks at each row of its collection by itself, and ends with a truth value for each.
#[test]
fn conditions_on_rows() {
    let changed = |change: fn(&mut Vec<Op>)| {
        refused(club(), |contract| {
            change(contract.collections[0].check.as_mut().expect("it has one"));
        })
    };
    let changes: [fn(&mut Vec<Op>); 8] = [
        |code| code.clear(),
        |code| {
            code.pop();
        },
        |code| code.push(out(0, 1)),
        // Not of each row.
        |code| code[2] = Op::Sum { dst: S(1), a: S(0) },
        |code| {
            code[2] = Op::Rank {
                dst: S(1),
                a: S(0),
                order: Order::Ascending,
            };
        },
        |code| {
            code[1] = Op::Rows {
                dst: C(0),
                collection: 0,
            };
        },
        |code| code[1] = Op::Height { dst: C(0) },
        // No truth value.
        |code| code[3] = out(0, 0),
    ];
    for (number, change) in changes.into_iter().enumerate() {
        let bad = VerifyError::BadRowCheck { collection: 0 };
        assert_eq!(changed(change), bad, "{number}");
    }
    let found = changed(|code| {
        code.remove(1);
    });
    assert!(
        matches!(found, VerifyError::RowCheckCode { collection: 0, .. }),
        "{found:?}"
    );
    // Of another collection.
    let mut two = two_groups();
    two.collections[0].check = Some(vec![input(0, 1, 0), out(0, 0)]);
    assert_eq!(
        verify(&two),
        Err(VerifyError::BadRowCheck { collection: 0 })
    );
}
