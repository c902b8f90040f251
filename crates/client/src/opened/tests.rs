//! What recipients make of shares and of what everyone is shown: all kinds of results, and nodes that lie.

use enigma_bytecode::model::{
    Collection, Column, Enum, Group, Kind, Profile, RowCount, Shape, Source,
};
use rand_chacha::ChaCha20Rng;
use rand_chacha::rand_core::SeedableRng as _;
use serde_json::json;

use super::*;

fn column(name: &str, kind: Kind) -> Column {
    Column {
        name: name.to_owned(),
        kind,
        low: 0,
        high: 1 << 40,
    }
}

fn line(
    name: &str,
    to: model::Recipient,
    columns: Vec<Column>,
    hidden_below: Option<u32>,
) -> Reveal {
    Reveal {
        name: name.to_owned(),
        entry: 0,
        recipients: vec![to],
        columns,
        sources: vec![(Source::Collection(0), Shape::Any)],
        min_groups: Vec::new(),
        hidden_below,
        noise: None,
    }
}

/// Lines of every sort: 0 to all members, 1 to each row's owner, 2 and 3 to a party, 4 to everyone, 5 of another entry.
fn contract(profile: Profile) -> Contract {
    let cells = || vec![column("0", Kind::Integer), column("1", Kind::Integer)];
    let single = || vec![column("", Kind::Integer)];
    let mut other = line("other", model::Recipient::EachOf(0), single(), None);
    other.entry = 1;
    Contract {
        name: "Test".to_owned(),
        version: 1,
        profile,
        groups: vec![Group {
            name: "team".to_owned(),
            min: 1,
            max: 9,
            admit: None,
        }],
        parties: vec!["auditor".to_owned()],
        enums: vec![Enum {
            name: "Dept".to_owned(),
            variants: vec!["Eng".to_owned(), "Ops".to_owned()],
        }],
        collections: vec![Collection {
            name: "rows".to_owned(),
            provider: Provider::Each(0),
            rows: RowCount::One,
            columns: single(),
            allows: Vec::new(),
            check: None,
        }],
        slots: Vec::new(),
        budget: None,
        manifest: vec![
            line(
                "pair",
                model::Recipient::EachOf(0),
                vec![column("dept", Kind::Enum(0)), column("n", Kind::Integer)],
                None,
            ),
            line("own", model::Recipient::OwnerOf(0), single(), None),
            line("median", model::Recipient::Party(0), cells(), Some(5)),
            line("whole", model::Recipient::Party(0), cells(), Some(5)),
            line("counts", model::Recipient::Public, cells(), Some(5)),
            other,
        ],
        entries: Vec::new(),
    }
}

const NODES: u8 = 5;

fn committee() -> Committee {
    Committee::new(NODES).expect("a committee")
}

/// A line in the clear: reveal, columns, counts.
type Clear = (u16, Vec<Vec<i64>>, Vec<Vec<i64>>);

/// What honest members hold.
fn members<F: PrimeField>(lines: &[Clear]) -> Vec<(NodeId, OutputShares<F>)> {
    let mut rng = ChaCha20Rng::from_seed([1; 32]);
    let mut members: Vec<_> = (1..=u32::from(NODES))
        .map(|node| (NodeId(node), OutputShares::default()))
        .collect();
    for (reveal, columns, there) in lines {
        for (_, shares) in &mut members {
            shares.lines.push(LineShares {
                reveal: *reveal,
                columns: vec![Vec::new(); columns.len()],
                there: vec![Vec::new(); there.len()],
            });
        }
        for (number, is_count) in [(columns, false), (there, true)] {
            for (at, elements) in number.iter().enumerate() {
                for element in elements {
                    let shares = shamir::share(F::from_i64(*element), &committee(), &mut rng);
                    for ((_, own), share) in members.iter_mut().zip(shares) {
                        let line = own.lines.last_mut().expect("just pushed");
                        let list = if is_count {
                            &mut line.there
                        } else {
                            &mut line.columns
                        };
                        list[at].push(Share(share));
                    }
                }
            }
        }
    }
    members
}

/// As they send it.
fn messages<F: PrimeField>(
    members: &[(NodeId, OutputShares<F>)],
) -> Vec<(NodeId, Zeroizing<Vec<u8>>)> {
    let message = |shares| Zeroizing::new(borsh::to_vec(shares).expect("to memory"));
    let messages = members
        .iter()
        .map(|(node, shares)| (*node, message(shares)));
    messages.collect()
}

fn read_messages(
    recipient: Recipient,
    profile: Profile,
    messages: &[(NodeId, Zeroizing<Vec<u8>>)],
) -> Result<serde_json::Value, ClientError> {
    let contract = contract(profile);
    let reading = Reading {
        program: &contract,
        entry: 0,
        slot: Some(0),
        recipient,
        given: 1,
    };
    let results = reading.combine(committee(), messages, &|_, _| None)?;
    Ok(serde_json::to_value(&results).expect("JSON"))
}

/// What a member sees who gave so many rows, of a collection that takes up to so many from each.
fn read_own(
    (given, each): (u32, RowCount),
    members: &[(NodeId, OutputShares)],
) -> Result<serde_json::Value, ClientError> {
    let mut contract = contract(Profile::ShamirM61V1);
    contract.collections[0].rows = each;
    let reading = Reading {
        program: &contract,
        entry: 0,
        slot: Some(0),
        recipient: MEMBER,
        given,
    };
    let results = reading.combine(committee(), &messages(members), &|_, _| None)?;
    Ok(serde_json::to_value(&results).expect("JSON"))
}

/// An owner of several rows sees a list, of as many elements as are used; more than the rows that were given there are not.
#[test]
fn an_owner_of_several_rows_sees_a_list() {
    let of = |elements: &[i64]| members::<M61>(&[(1, vec![elements.to_vec()], vec![])]);
    let several = RowCount::UpTo(5);
    for (elements, given, expected) in [
        (&[7, 8, 9][..], 3, json!({"own": [7, 8, 9]})),
        (&[7, 9], 3, json!({"own": [7, 9]})),
        (&[7], 3, json!({"own": [7]})),
        (&[7], 1, json!({"own": [7]})),
    ] {
        let seen = read_own((given, several), &of(elements));
        assert_eq!(seen.expect("all fits"), expected);
    }
    let one = read_own((1, RowCount::One), &of(&[7]));
    assert_eq!(one.expect("all fits"), json!({"own": 7}));
    for elements in [&[][..], &[7, 8, 9, 10]] {
        let error = read_own((3, several), &of(elements)).expect_err("not so many");
        let error = error.to_string();
        assert!(error.contains("wrong number of elements"), "{error}");
    }
}

fn read(
    recipient: Recipient,
    members: &[(NodeId, OutputShares)],
) -> Result<serde_json::Value, ClientError> {
    read_messages(recipient, Profile::ShamirM61V1, &messages(members))
}

const MEMBER: Recipient = Recipient::Member {
    collection: enigma_wire::id::CollectionId(1),
    member: enigma_wire::id::MemberIndex(2),
};
const PARTY: Recipient = Recipient::Party(0);

fn of_member() -> Vec<Clear> {
    vec![
        (0, vec![vec![1], vec![44]], vec![]),
        (1, vec![vec![7]], vec![]),
    ]
}

fn of_party() -> Vec<Clear> {
    vec![
        (2, vec![vec![300], vec![0]], vec![vec![1], vec![0]]),
        (3, vec![vec![0], vec![0]], vec![vec![0]]),
    ]
}

#[test]
fn members_and_parties_read_what_is_for_them() {
    let results = read(MEMBER, &members(&of_member())).expect("read");
    assert_eq!(results, json!({"pair": {"dept": "Ops", "n": 44}, "own": 7}));
    let results = read(PARTY, &members(&of_party())).expect("read");
    assert_eq!(results, json!({"median": [300, null], "whole": null}));
}

#[test]
fn lines_of_branches_that_were_not_taken_are_not_there() {
    let results = read(MEMBER, &members(&of_member()[1..])).expect("read");
    assert_eq!(results, json!({"own": 7}));
    assert_eq!(read(PARTY, &members(&[])).expect("read"), json!({}));
}

#[test]
fn several_elements_are_a_list() {
    let lines = [(3, vec![vec![1, 2], vec![3, 4]], vec![vec![1, 0]])];
    let results = read(PARTY, &members(&lines)).expect("read");
    assert_eq!(results, json!({"whole": [[1, 3], null]}));
}

/// A node that holds something else than the others is named, whatever it is.
#[track_caller]
fn named(recipient: Recipient, lines: &[Clear], why: &str, change: impl Fn(&mut OutputShares)) {
    for at in 0..usize::from(NODES) {
        let mut members = members(lines);
        change(&mut members[at].1);
        match read(recipient, &members) {
            Err(ClientError::Misbehaved { node, why: found }) => {
                assert_eq!(node, members[at].0, "{found}");
                assert!(found.contains(why), "{found}");
            }
            other => panic!("{other:?}"),
        }
    }
}

#[test]
fn nodes_that_leave_out_or_add_are_named() {
    named(MEMBER, &of_member(), "left out its share of \"own\"", |s| {
        s.lines.pop();
    });
    named(
        MEMBER,
        &of_member(),
        "left out its share of \"pair\"",
        |s| {
            s.lines.remove(0);
        },
    );
    named(MEMBER, &of_member()[..1], "adds \"own\"", |s| {
        s.lines.push(LineShares {
            reveal: 1,
            columns: vec![vec![Share(M61::ZERO)]],
            there: vec![],
        });
    });
    // Lines for others, of other entries, and that do not exist.
    for reveal in [2, 4, 5, 6] {
        named(MEMBER, &of_member(), "not for member 2", |s| {
            s.lines.push(LineShares {
                reveal,
                columns: vec![vec![Share(M61::ZERO)]],
                there: vec![],
            });
        });
    }
    named(MEMBER, &of_member(), "out of order", |s| s.lines.swap(0, 1));
    named(MEMBER, &of_member(), "out of order", |s| {
        let again = s.lines[1].clone();
        s.lines.push(again);
    });
    named(MEMBER, &of_member(), "1 columns instead of 2", |s| {
        s.lines[0].columns.pop();
    });
    named(MEMBER, &of_member(), "3 columns instead of 2", |s| {
        s.lines[0].columns.push(vec![Share(M61::ZERO)]);
    });
    named(
        MEMBER,
        &of_member(),
        "\"pair\" has a wrong number of elements",
        |s| {
            s.lines[0].columns[1].push(Share(M61::ZERO));
        },
    );
    named(
        MEMBER,
        &of_member(),
        "\"pair\" has a wrong number of elements",
        |s| {
            s.lines[0]
                .columns
                .iter_mut()
                .for_each(|column| column.push(Share(M61::ZERO)));
        },
    );
    named(
        MEMBER,
        &of_member(),
        "\"own\" has a wrong number of elements",
        |s| {
            s.lines[1].columns[0].push(Share(M61::ZERO));
        },
    );
    named(
        PARTY,
        &of_party(),
        "\"median\" has a wrong number of counts",
        |s| {
            s.lines[0].there.clear();
        },
    );
    named(
        PARTY,
        &of_party(),
        "\"median\" has a wrong number of elements",
        |s| {
            s.lines[0].there.pop();
        },
    );
    named(
        MEMBER,
        &of_member(),
        "\"pair\" has a wrong number of counts",
        |s| {
            s.lines[0].there.push(vec![Share(M61::ZERO)]);
        },
    );
}

/// In place of the last share of each member in turn.
#[track_caller]
fn malformed(
    profile: Profile,
    good: &[(NodeId, Zeroizing<Vec<u8>>)],
    spoil: impl Fn(&mut Vec<u8>),
) {
    read_messages(MEMBER, profile, good).expect("read");
    for at in 0..usize::from(NODES) {
        let mut messages = good.to_vec();
        spoil(&mut messages[at].1);
        match read_messages(MEMBER, profile, &messages) {
            Err(ClientError::Misbehaved { node, why }) => {
                assert_eq!(node, messages[at].0, "{why}");
                assert!(why.contains("does not decode"), "{why}");
            }
            other => panic!("{other:?}"),
        }
    }
}

/// A share ends with the four bytes that say that there are no counts.
#[test]
fn nodes_whose_shares_are_not_canonical_are_named() {
    let not_below_p = |width: usize| {
        move |message: &mut Vec<u8>| {
            let end = message.len() - 4;
            message[end - width..end].fill(0xff);
        }
    };
    let small = messages::<M61>(&members(&of_member()));
    malformed(Profile::ShamirM61V1, &small, not_below_p(8));
    let wide = messages::<M127>(&members(&of_member()));
    malformed(Profile::ShamirM127V1, &wide, not_below_p(16));
}

#[test]
fn nodes_that_answer_in_the_other_field_are_named() {
    let small = messages::<M61>(&members(&of_member()));
    let wide = messages::<M127>(&members(&of_member()));
    malformed(Profile::ShamirM61V1, &small, |message| {
        message.clone_from(&wide[0].1);
    });
    malformed(Profile::ShamirM127V1, &wide, |message| {
        message.clone_from(&small[0].1);
    });
}

#[test]
fn wide_shares_are_read_over_the_wide_field() {
    let mut lines = of_member();
    lines[0].1[1] = vec![i64::MAX];
    lines[1].1[0] = vec![-i64::MAX];
    let messages = messages::<M127>(&members(&lines));
    let results = read_messages(MEMBER, Profile::ShamirM127V1, &messages).expect("read");
    let expected = json!({"pair": {"dept": "Ops", "n": i64::MAX}, "own": -i64::MAX});
    assert_eq!(results, expected);
}

/// No result is longer than 64 bits: whoever shares something longer lies.
#[test]
fn values_beyond_all_results_are_inconsistent() {
    let mut members = members::<M127>(&of_member());
    let longer = M127::new(1 << 64);
    for (_, shares) in &mut members {
        shares.lines[1].columns[0][0].0 += longer;
    }
    match read_messages(MEMBER, Profile::ShamirM127V1, &messages(&members)) {
        Err(ClientError::Inconsistent { name }) => assert_eq!(name, "own"),
        other => panic!("{other:?}"),
    }
}

#[test]
fn wrong_shares_spoil_the_result_and_nothing_else() {
    let mut members = members(&of_party());
    members[3].1.lines[0].there[1][0] = Share(M61::new(9));
    match read(PARTY, &members) {
        Err(ClientError::Inconsistent { name }) => assert_eq!(name, "median"),
        other => panic!("{other:?}"),
    }
}

#[test]
fn what_its_kind_has_no_meaning_for_is_inconsistent() {
    // No name of the enumeration; a count that is neither 0 nor 1.
    let lines = [(0, vec![vec![2], vec![44]], vec![])];
    assert!(matches!(
        read(MEMBER, &members(&lines)),
        Err(ClientError::Inconsistent { .. })
    ));
    let lines = [(3, vec![vec![2], vec![44]], vec![vec![2]])];
    assert!(matches!(
        read(PARTY, &members(&lines)),
        Err(ClientError::Inconsistent { .. })
    ));
}

#[test]
fn a_committee_without_a_majority_is_believed_in_nothing() {
    let mut members = members(&of_member());
    members[0].1.lines.clear();
    members[1].1.lines.clear();
    members[2].1.lines.pop();
    assert!(matches!(
        read(MEMBER, &members),
        Err(ClientError::Misuse(_))
    ));
}

fn public(lines: Vec<PublicLine>) -> Result<serde_json::Value, ClientError> {
    let contract = contract(Profile::ShamirM61V1);
    let reading = Reading {
        program: &contract,
        entry: 0,
        slot: Some(0),
        recipient: Recipient::Public,
        given: 0,
    };
    assert!(reading.shows());
    let results = reading.public(&PublicResults { lines }, &|_, _| None)?;
    Ok(serde_json::to_value(&results).expect("JSON"))
}

#[test]
fn everyone_reads_what_is_for_everyone() {
    let number = |n| vec![PublicValue::Number(n)];
    let good = PublicLine {
        reveal: 4,
        columns: vec![number(12), number(0)],
        there: vec![vec![true], vec![false]],
    };
    assert_eq!(
        public(vec![good.clone()]).expect("read"),
        json!({"counts": [12, null]})
    );
    assert_eq!(public(Vec::new()).expect("read"), json!({}));
    let mut other = good.clone();
    other.reveal = 0;
    let mut short = good.clone();
    short.columns.pop();
    let mut bare = good.clone();
    bare.there.clear();
    let mut bytes = good.clone();
    bytes.columns[0] = vec![PublicValue::Bytes(vec![1])];
    for lines in [
        vec![other],
        vec![short],
        vec![bare],
        vec![bytes],
        vec![good.clone(), good],
    ] {
        assert!(public(lines).is_err());
    }
}
