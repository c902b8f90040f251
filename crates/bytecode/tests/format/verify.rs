//! Each rule of the verifier against a contract that breaks it and is otherwise valid.

use crate::common::{allow, auction, input, out, survey, two_groups};
use enigma_bytecode::container::{contract_hash, encode, manifest_hash};
use enigma_bytecode::model::{
    C, Contract, Op, Order, Provider, PublicOp, Recipient, RowCount, S, Shape, Source,
};
use enigma_bytecode::ranges::RangeError;
use enigma_bytecode::release::Refusal;
use enigma_bytecode::verify::{
    LoadError, MAX_DECLARATIONS, MAX_REVEALS, VerifyError, load, verify,
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
    assert!(matches!(load(b"ENB8", None), Err(LoadError::Decode(_))));
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
