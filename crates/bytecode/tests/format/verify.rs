//! Each rule of the verifier against a contract that breaks it and is otherwise valid.

use std::sync::Arc;

use crate::common::{allow, auction, club, input, out, survey, two_groups};
use enigma_bytecode::container::{contract_hash, encode, manifest_hash};
use enigma_bytecode::model::{
    C, Contract, Kind, Known, Op, Order, Provider, PublicOp, Recipient, RowCount, S, Shape, Source,
};
use enigma_bytecode::plan::{Admission, Environment, may_read};
use enigma_bytecode::ranges::RangeError;
use enigma_bytecode::release::Refusal;
use enigma_bytecode::stored::{InstanceState, Past, StatePlace, Stored};
use enigma_bytecode::verify::{
    LoadError, MAX_ACCESS_STEPS, MAX_DECLARATIONS, MAX_MEMBER_STEPS, MAX_REVEALS, VerifyError,
    load, verify,
};
use enigma_wire::id::Hash;

pub(crate) fn refused(base: Contract, change: impl FnOnce(&mut Contract)) -> VerifyError {
    assert_eq!(verify(&base), Ok(()), "the unchanged contract is valid");
    let mut contract = base;
    change(&mut contract);
    verify(&contract).expect_err("the changed contract is refused")
}

pub(crate) fn not_allowed(reveal: usize, source: Source) -> VerifyError {
    let refusal = Refusal::NotAllowed { source };
    VerifyError::NotAllowed { reveal, refusal }
}

fn code_refused(change: impl FnOnce(&mut Vec<Op>)) -> RangeError {
    match refused(two_groups(), |c| change(&mut c.entries[0].code)) {
        VerifyError::Code { entry: 0, error } => error,
        other => panic!("{other:?}"),
    }
}

#[test]
fn valid_contracts_load_with_their_hashes() {
    for contract in [survey(), two_groups(), auction()] {
        let bytes = encode(&contract);
        let verified = load(&bytes, Some(contract_hash(&bytes))).expect("valid");
        assert_eq!(verified.contract(), &contract);
        assert_eq!(verified.hash(), contract_hash(&bytes));
        assert_eq!(verified.manifest_hash(), manifest_hash(&contract));
    }
}

#[test]
fn another_contract_than_asked_for() {
    let bytes = encode(&survey());
    let found = contract_hash(&bytes);
    assert_eq!(
        load(&bytes, Some(Hash([7; 32]))),
        Err(LoadError::WrongHash { found })
    );
    assert!(matches!(load(b"ENB7", None), Err(LoadError::Decode(_))));
    let mut invalid = survey();
    invalid.groups[0].min = 0;
    assert!(matches!(
        load(&encode(&invalid), None),
        Err(LoadError::Verify(_))
    ));
}

#[test]
fn names() {
    let long = "x".repeat(65);
    for bad in ["", "1st", "a b", "ä", long.as_str()] {
        let error = VerifyError::BadName {
            name: bad.to_owned(),
        };
        assert_eq!(refused(survey(), |c| c.name = bad.to_owned()), error);
        assert_eq!(
            refused(survey(), |c| c.groups[0].name = bad.to_owned()),
            error
        );
        assert_eq!(
            refused(survey(), |c| c.collections[0].name = bad.to_owned()),
            error
        );
        assert_eq!(
            refused(survey(), |c| c.entries[0].name = bad.to_owned()),
            error
        );
        assert_eq!(
            refused(survey(), |c| c.manifest[1].name = bad.to_owned()),
            error
        );
    }
    let twice = |name: &str| VerifyError::DuplicateName {
        name: name.to_owned(),
    };
    assert_eq!(
        refused(two_groups(), |c| c.groups[1].name = "people".to_owned()),
        twice("people")
    );
    assert_eq!(
        refused(two_groups(), |c| c.collections[1].name =
            "answer".to_owned()),
        twice("answer")
    );
    assert_eq!(
        refused(survey(), |c| c.entries.push(c.entries[0].clone())),
        twice("compute")
    );
    assert_eq!(
        refused(survey(), |c| c.manifest[1].name = "average".to_owned()),
        twice("average")
    );
}

#[test]
fn counts() {
    let many = |c: &mut Contract| {
        for i in 0..MAX_DECLARATIONS {
            let mut group = c.groups[0].clone();
            group.name = format!("g{i}");
            c.groups.push(group);
        }
    };
    assert_eq!(refused(survey(), many), VerifyError::TooMany);
    let many = |c: &mut Contract| {
        for i in 0..MAX_REVEALS {
            let mut reveal = c.manifest[0].clone();
            reveal.name = format!("r{i}");
            c.entries[0].code.push(out(2 + i as u16, 2));
            c.manifest.push(reveal);
        }
    };
    assert_eq!(
        refused(survey(), many),
        VerifyError::TooManyReveals { entry: 0 }
    );
}

#[test]
fn groups() {
    let wrong = VerifyError::BadGroup { group: 0 };
    assert_eq!(refused(survey(), |c| c.groups[0].min = 0), wrong);
    assert_eq!(refused(survey(), |c| c.groups[0].min = 1_001), wrong);
    assert_eq!(
        refused(survey(), |c| c.groups[0].max = (1 << 20) + 1),
        wrong
    );
}

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

#[test]
fn collections() {
    let wrong = VerifyError::BadCollection { collection: 0 };
    let changes: [fn(&mut Contract); 13] = [
        |c| c.collections[0].provider = Provider::Each(1),
        |c| c.collections[0].provider = Provider::Party(0),
        |c| c.collections[0].rows = RowCount::UpTo(0),
        |c| c.collections[0].rows = RowCount::UpTo(2_000),
        |c| c.collections[0].columns.clear(),
        |c| c.collections[0].columns[0].low = 100_000_001,
        |c| c.collections[0].columns[0].high = 1 << 59,
        |c| c.collections[0].columns[0].low = i64::MIN,
        |c| c.collections[0].allows[0].shape = Shape::Aggregate(0),
        |c| c.collections[0].allows[0].recipients = vec![],
        |c| c.collections[0].allows[0].recipients = vec![Recipient::EachOf(1)],
        |c| c.collections[0].allows[1].recipients = vec![Recipient::OwnerOf(1)],
        // `per_owner` is consent to show a row to its owner, never to a group.
        |c| {
            c.collections[0].allows[1]
                .recipients
                .push(Recipient::EachOf(0))
        },
    ];
    for change in changes {
        assert_eq!(refused(survey(), change), wrong);
    }
}

#[test]
fn more_rows_asked_for_than_can_be() {
    let error = refused(survey(), |c| {
        c.collections[0].allows[0].shape = Shape::Aggregate(1_001);
        c.manifest[0].sources[0].1 = Shape::Aggregate(1_001);
    });
    assert_eq!(
        error,
        VerifyError::Unreachable {
            entry: 0,
            collection: 0
        }
    );
}

#[test]
fn registers_are_defined_once_in_order_before_use() {
    let wrong = |op| RangeError::WrongDestination { op };
    assert_eq!(
        code_refused(|code| code[1] = Op::Sum { dst: S(0), a: S(0) }),
        wrong(1)
    );
    assert_eq!(
        code_refused(|code| code[1] = Op::Sum { dst: S(2), a: S(0) }),
        wrong(1)
    );
    assert_eq!(
        code_refused(|code| code[2] = Op::Rows {
            dst: C(1),
            collection: 0
        }),
        wrong(2)
    );
    let undefined = |op| RangeError::Undefined { op };
    assert_eq!(
        code_refused(|code| code[1] = Op::Sum { dst: S(1), a: S(1) }),
        undefined(1)
    );
    assert_eq!(code_refused(|code| code[6] = out(1, 9)), undefined(6));
    let divide = Op::DivPublic {
        dst: S(2),
        a: S(1),
        b: C(1),
    };
    assert_eq!(code_refused(|code| code[3] = divide), undefined(3));
    let public = Op::Public {
        dst: C(1),
        op: PublicOp::Add,
        a: C(0),
        b: C(1),
    };
    assert_eq!(code_refused(|code| code.insert(3, public)), undefined(3));
}

#[test]
fn indices_and_index_spaces() {
    let bad = |op| RangeError::BadCollection { op };
    assert_eq!(code_refused(|code| code[0] = input(0, 2, 0)), bad(0));
    assert_eq!(
        code_refused(|code| code[2] = Op::Rows {
            dst: C(0),
            collection: 9
        }),
        bad(2)
    );
    let scalar = |op| RangeError::NotAVector { op };
    assert_eq!(
        code_refused(|code| code.push(Op::Sum { dst: S(4), a: S(1) })),
        scalar(7)
    );
    let rank = Op::Rank {
        dst: S(4),
        a: S(2),
        order: Order::Ascending,
    };
    assert_eq!(code_refused(|code| code.push(rank)), scalar(7));
    for mixed in [
        Op::Add {
            dst: S(5),
            a: S(0),
            b: S(4),
        },
        Op::Sub {
            dst: S(5),
            a: S(4),
            b: S(0),
        },
        Op::Mul {
            dst: S(5),
            a: S(0),
            b: S(4),
        },
    ] {
        let error = code_refused(|code| {
            code.extend([input(4, 1, 0), mixed]);
        });
        assert_eq!(error, RangeError::MixedSpaces { op: 8 });
    }
}

#[test]
fn overflow() {
    // The sum reaches 10^11, its square 10^22.
    let error = code_refused(|code| {
        code.push(Op::Mul {
            dst: S(4),
            a: S(1),
            b: S(1),
        })
    });
    assert!(
        matches!(error, RangeError::TooLarge { op: 7, low: 0, high } if high == 10_i128.pow(22))
    );
    let error = refused(survey(), |c| {
        c.collections[0].columns[0].high = (1 << 59) - 1;
    });
    assert!(matches!(
        error,
        VerifyError::Code {
            error: RangeError::TooLarge { op: 1, .. },
            ..
        }
    ));
}

#[test]
fn outputs_and_manifest_are_the_same_list() {
    let order = |reveal| VerifyError::ManifestOrder { reveal };
    // The code shows a line that does not exist.
    let code = VerifyError::Code {
        entry: 0,
        error: RangeError::BadIndex { op: 6 },
    };
    assert_eq!(refused(survey(), |c| c.manifest.truncate(1)), code);
    assert_eq!(
        refused(survey(), |c| c.manifest.push(c.manifest[0].clone())),
        order(2)
    );
    assert_eq!(
        refused(survey(), |c| c.entries[0].code.truncate(5)),
        order(1)
    );
    assert_eq!(
        refused(survey(), |c| c.entries[0].code[4] = out(1, 2)),
        order(0)
    );
    assert_eq!(refused(survey(), |c| c.manifest[1].entry = 1), order(1));
    // The same line twice: one more value than the manifest says.
    let again = out(0, 1);
    assert_eq!(
        refused(survey(), |c| c.entries[0].code.push(again)),
        order(2)
    );
}

#[test]
fn recipients_fit_the_value() {
    let wrong = |reveal| VerifyError::BadRecipient { reveal };
    // A vector to a group, a number to owners, rows to the owners of other rows, nobody.
    assert_eq!(
        refused(survey(), |c| c.manifest[1].recipients =
            vec![Recipient::EachOf(0)]),
        wrong(1)
    );
    assert_eq!(
        refused(survey(), |c| c.manifest[0].recipients =
            vec![Recipient::OwnerOf(0)]),
        wrong(0)
    );
    assert_eq!(
        refused(two_groups(), |c| c.manifest[1].recipients =
            vec![Recipient::OwnerOf(1)]),
        wrong(1)
    );
    assert_eq!(
        refused(survey(), |c| c.manifest[0].recipients =
            vec![Recipient::EachOf(7)]),
        wrong(0)
    );
}

#[test]
fn nothing_is_shown_without_an_allow() {
    let not_allowed = |reveal, collection| not_allowed(reveal, Source::Collection(collection));
    assert_eq!(
        refused(survey(), |c| c.collections[0].allows.clear()),
        not_allowed(0, 0)
    );
    // Consent to aggregates is not consent to rows, nor the reverse.
    assert_eq!(
        refused(survey(), |c| c.collections[0].allows.truncate(1)),
        not_allowed(1, 0)
    );
    assert_eq!(
        refused(survey(), |c| drop(c.collections[0].allows.remove(0))),
        not_allowed(0, 0)
    );
    // To another group than the one that may see it.
    assert_eq!(
        refused(two_groups(), |c| c.manifest[0].recipients =
            vec![Recipient::EachOf(1)]),
        not_allowed(0, 0)
    );
}

#[test]
fn every_source_needs_its_own_allow() {
    // The sum of the other collection is mixed into the average, whose owners allow nothing to
    // `people`; also if the compiler keeps quiet about it in the manifest.
    let mix = |c: &mut Contract| {
        let code = &mut c.entries[0].code;
        code.splice(
            4..5,
            [
                input(3, 1, 0),
                Op::Sum { dst: S(4), a: S(3) },
                Op::Add {
                    dst: S(5),
                    a: S(2),
                    b: S(4),
                },
                out(0, 5),
                Op::Rank {
                    dst: S(6),
                    a: S(0),
                    order: Order::Descending,
                },
                out(1, 6),
            ],
        );
        code.truncate(10);
    };
    let not_allowed = not_allowed(0, Source::Collection(1));
    assert_eq!(refused(two_groups(), mix), not_allowed);
    let allowed = |c: &mut Contract| {
        mix(c);
        let mixed = allow(Shape::Aggregate(1), Recipient::EachOf(0));
        c.collections[1].allows.push(mixed);
    };
    assert_eq!(
        refused(two_groups(), allowed),
        VerifyError::ManifestSources { reveal: 0 }
    );
    let mut said = two_groups();
    allowed(&mut said);
    said.manifest[0]
        .sources
        .push((Source::Collection(1), Shape::Aggregate(1)));
    let wider = &mut said.manifest[0].columns[0];
    (wider.low, wider.high) = (-50, 20_000_000_050);
    assert_eq!(verify(&said), Ok(()));
}

#[test]
fn a_sum_behind_a_row_that_cancels_is_still_a_sum() {
    let launder = |c: &mut Contract, shape| {
        c.manifest.truncate(1);
        c.manifest[0].recipients = vec![Recipient::OwnerOf(0)];
        c.manifest[0].sources = vec![(Source::Collection(0), shape)];
        c.manifest[0].columns[0].high = 100_000_000_000;
        c.entries[0].code = vec![
            input(0, 0, 0),
            Op::Sum { dst: S(1), a: S(0) },
            Op::Sub {
                dst: S(2),
                a: S(0),
                b: S(0),
            },
            Op::Add {
                dst: S(3),
                a: S(2),
                b: S(1),
            },
            out(0, 3),
        ];
    };
    let error = refused(survey(), |c| {
        launder(c, Shape::PerOwner);
        c.collections[0].allows.remove(0);
    });
    let not_allowed = not_allowed(0, Source::Collection(0));
    assert_eq!(error, not_allowed);
    // Where both are allowed, the sum's threshold holds; a manifest that hides it is refused.
    let mut both = survey();
    launder(&mut both, Shape::Aggregate(5));
    assert_eq!(verify(&both), Ok(()));
    refused(survey(), |c| launder(c, Shape::PerOwner));
}

#[test]
fn an_average_of_one_row_each_is_still_a_row() {
    // Element-wise work does not mix rows, however much arithmetic there is.
    let error = refused(survey(), |c| {
        let code = &mut c.entries[0].code;
        code.truncate(5);
        code.extend([
            Op::Add {
                dst: S(3),
                a: S(0),
                b: S(2),
            },
            out(1, 3),
        ]);
        c.collections[0].allows.truncate(1);
    });
    assert_eq!(error, not_allowed(1, Source::Collection(0)));
}

#[test]
fn the_manifest_says_what_the_code_does() {
    let wrong = |reveal| VerifyError::ManifestSources { reveal };
    assert_eq!(
        refused(survey(), |c| c.manifest[0].sources.clear()),
        wrong(0)
    );
    // A smaller threshold than the owners asked for.
    assert_eq!(
        refused(survey(), |c| c.manifest[0].sources[0].1 =
            Shape::Aggregate(4)),
        wrong(0)
    );
    assert_eq!(
        refused(survey(), |c| c.manifest[1].sources[0].1 = Shape::Any),
        wrong(1)
    );
    assert_eq!(
        refused(survey(), |c| c.manifest[0]
            .sources
            .push((Source::Slot(0), Shape::Any))),
        wrong(0)
    );
}

#[test]
fn the_threshold_of_an_allow_raises_the_minimum() {
    let mut contract = survey();
    contract.collections[0].allows[0].shape = Shape::Aggregate(12);
    contract.manifest[0].sources[0].1 = Shape::Aggregate(12);
    assert_eq!(verify(&contract), Ok(()));
    assert_eq!(contract.minimum_rows(0, 0), 12);
    assert_eq!(survey().minimum_rows(0, 0), 5);
}
