//! The rules on parties, kinds of values, members and guards, each against a contract that breaks it
//! and is otherwise valid.

use crate::common::{auction, out};
use crate::verify::{not_allowed, refused};
use enigma_bytecode::model::{C, Contract, Kind, Op, Order, Recipient, Relation, S, Shape, Source};
use enigma_bytecode::ranges::RangeError;
use enigma_bytecode::verify::{MAX_PARTIES, VerifyError, verify};

fn auction_code_refused(change: impl FnOnce(&mut Vec<Op>)) -> RangeError {
    match refused(auction(), |c| change(&mut c.entries[0].code)) {
        VerifyError::Code { entry: 0, error } => error,
        other => panic!("{other:?}"),
    }
}

#[test]
fn parties_have_names_of_their_own() {
    let bad = refused(auction(), |c| c.parties[1] = "the auditor".to_owned());
    assert!(matches!(bad, VerifyError::BadName { .. }));
    let twice = refused(auction(), |c| c.parties[1] = "seller".to_owned());
    assert!(matches!(twice, VerifyError::DuplicateName { .. }));
    let many = |c: &mut Contract| {
        c.parties = (0..=MAX_PARTIES).map(|i| format!("p{i}")).collect();
    };
    assert_eq!(refused(auction(), many), VerifyError::TooMany);
}

#[test]
fn parties_exist_and_get_one_value() {
    let wrong = |reveal| VerifyError::BadRecipient { reveal };
    assert_eq!(
        refused(auction(), |c| c.manifest[1].recipients =
            vec![Recipient::Party(2)]),
        wrong(1)
    );
    // A vector of rows to a party.
    assert_eq!(
        refused(auction(), |c| c.entries[0].code[4] = out(1, 0)),
        wrong(1)
    );
    let nobody =
        |c: &mut Contract| c.collections[1].allows[0].recipients = vec![Recipient::Party(2)];
    assert_eq!(
        refused(auction(), nobody),
        VerifyError::BadCollection { collection: 1 }
    );
}

#[test]
fn a_party_sees_what_it_is_allowed_and_no_other_party_does() {
    let not_allowed = |reveal, collection| not_allowed(reveal, Source::Collection(collection));
    assert_eq!(
        refused(auction(), |c| c.manifest[1].recipients =
            vec![Recipient::Party(1)]),
        not_allowed(1, 0)
    );
    assert_eq!(
        refused(auction(), |c| c.manifest[2].recipients =
            vec![Recipient::Party(0)]),
        not_allowed(2, 0)
    );
    // Consent to aggregates is not consent to say who it is, nor the reverse.
    assert_eq!(
        refused(auction(), |c| c.collections[0].allows[1].shape =
            Shape::Aggregate(5)),
        not_allowed(1, 0)
    );
    assert_eq!(
        refused(auction(), |c| c.collections[0].allows[0].shape =
            Shape::Member),
        not_allowed(0, 0)
    );
    assert_eq!(
        refused(auction(), |c| c.manifest[1].sources[0].1 =
            Shape::Aggregate(5)),
        VerifyError::ManifestSources { reveal: 1 }
    );
}

#[test]
fn comparisons_do_not_mix_rows() {
    // Which bids are over 100, to the owners, who allowed aggregates only.
    let error = refused(auction(), |c| {
        c.entries[0].code[1] = Op::ComparePublic {
            dst: S(1),
            relation: Relation::Greater,
            a: S(0),
            b: C(0),
        };
        c.entries[0].code.insert(
            1,
            Op::Const {
                dst: C(0),
                value: 100,
            },
        );
        c.entries[0].code.remove(6);
        c.manifest[0].recipients = vec![Recipient::OwnerOf(0)];
    });
    assert_eq!(error, not_allowed(0, Source::Collection(0)));
    // The vote is mixed into the second comparison, whatever the manifest says.
    let error = refused(auction(), |c| c.manifest[2].sources.truncate(1));
    assert_eq!(error, VerifyError::ManifestSources { reveal: 2 });
    let error = refused(auction(), |c| c.collections[1].allows.clear());
    assert_eq!(error, not_allowed(2, Source::Collection(1)));
}

#[test]
fn values_are_what_the_manifest_says() {
    let wrong = |reveal| VerifyError::BadKind { reveal };
    // A number is no truth value and no member; a member is no number, nor one of another collection.
    for (reveal, kind) in [
        (0, Kind::Bool),
        (0, Kind::MemberOf(0)),
        (1, Kind::Integer),
        (1, Kind::Bool),
        (1, Kind::MemberOf(1)),
        (2, Kind::MemberOf(0)),
    ] {
        assert_eq!(
            refused(auction(), |c| c.manifest[reveal].columns[0].kind = kind),
            wrong(reveal)
        );
    }
    // What is 0 or 1 may be called a number.
    let mut contract = auction();
    contract.manifest[2].columns[0].kind = Kind::Integer;
    assert_eq!(verify(&contract), Ok(()));
}

#[test]
fn truth_values_are_0_or_1_when_they_are_given() {
    let wrong = VerifyError::BadCollection { collection: 1 };
    assert_eq!(
        refused(auction(), |c| c.collections[1].columns[0].high = 2),
        wrong
    );
    assert_eq!(
        refused(auction(), |c| c.collections[1].columns[0].low = -1),
        wrong
    );
    let member = |c: &mut Contract| c.collections[1].columns[0].kind = Kind::MemberOf(0);
    assert_eq!(refused(auction(), member), wrong);
}

#[test]
fn nothing_is_computed_with_a_member() {
    let (a, b, dst) = (S(2), S(1), S(8));
    for op in [
        Op::Add { dst, a, b },
        Op::Sub { dst, a: b, b: a },
        Op::Mul { dst, a, b: a },
        Op::AddPublic { dst, a, b: C(0) },
        Op::MulPublic { dst, a, b: C(0) },
        Op::DivPublic { dst, a, b: C(0) },
        Op::Compare {
            dst,
            relation: Relation::Equal,
            a,
            b,
        },
        Op::ComparePublic {
            dst,
            relation: Relation::Equal,
            a,
            b: C(0),
        },
    ] {
        assert_eq!(
            auction_code_refused(|code| code.push(op)),
            RangeError::NotANumber { op: 12 }
        );
    }
}

#[test]
fn firsts_are_of_vectors_and_comparisons_of_one_space() {
    let order = Order::Ascending;
    for op in [
        Op::First {
            dst: S(8),
            a: S(1),
            order,
        },
        Op::FirstMember {
            dst: S(8),
            a: S(1),
            order,
        },
    ] {
        assert_eq!(
            auction_code_refused(|code| code.push(op)),
            RangeError::NotAVector { op: 12 }
        );
    }
    let compare = |a, b| Op::Compare {
        dst: S(8),
        relation: Relation::Less,
        a,
        b,
    };
    assert_eq!(
        auction_code_refused(|code| code.push(compare(S(0), S(4)))),
        RangeError::MixedSpaces { op: 12 }
    );
    assert_eq!(
        auction_code_refused(|code| code.push(compare(S(0), S(9)))),
        RangeError::Undefined { op: 12 }
    );
    let public = Op::ComparePublic {
        dst: S(8),
        relation: Relation::Less,
        a: S(0),
        b: C(1),
    };
    assert_eq!(
        auction_code_refused(|code| code.push(public)),
        RangeError::Undefined { op: 12 }
    );
}

#[test]
fn what_selects_is_a_bit_and_roots_are_of_no_negative_number() {
    let select = |bit, then, otherwise| Op::Select {
        dst: S(8),
        bit,
        then,
        otherwise,
    };
    let root = |a| Op::SquareRoot { dst: S(9), a };
    // S(1) is the highest bid, S(3) and S(6) are truth values.
    let wrong = |op| RangeError::WrongOperand { op };
    let refused = auction_code_refused(|code| code.push(select(S(1), S(3), S(6))));
    assert_eq!(refused, wrong(12));
    let refused = auction_code_refused(|code| {
        code.push(Op::Sub {
            dst: S(8),
            a: S(3),
            b: S(6),
        });
        code.push(root(S(8)));
    });
    assert_eq!(refused, wrong(13));
    let mixed = auction_code_refused(|code| code.push(select(S(3), S(0), S(4))));
    assert_eq!(mixed, RangeError::MixedSpaces { op: 12 });
    let of_one = Op::Quantile {
        dst: S(8),
        a: S(1),
        place: C(0),
    };
    let refused = auction_code_refused(|code| code.push(of_one));
    assert_eq!(refused, RangeError::NotAVector { op: 12 });
}

#[test]
fn guards_raise_the_minimum() {
    let contract = auction();
    // `aggregate(6)` asks for more than the guard of 4; the guard of 7 for more than `aggregate(3)`.
    assert_eq!(contract.minimum_rows(0, 0), 6);
    assert_eq!(contract.minimum_rows(0, 1), 7);
    let wrong = VerifyError::BadGuard { reveal: 2 };
    assert_eq!(
        refused(auction(), |c| c.manifest[2].min_groups[0].1 = 0),
        wrong
    );
    assert_eq!(
        refused(auction(), |c| c.manifest[2].min_groups.reverse()),
        wrong
    );
    assert_eq!(
        refused(auction(), |c| c.manifest[2].min_groups.push((1, 8))),
        wrong
    );
    assert_eq!(
        refused(auction(), |c| c.manifest[2].min_groups.push((2, 8))),
        wrong
    );
    assert_eq!(
        refused(auction(), |c| c.manifest[2].min_groups[1].1 = 1_001),
        VerifyError::Unreachable {
            entry: 0,
            collection: 1
        }
    );
}
