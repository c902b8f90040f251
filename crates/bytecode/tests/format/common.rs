//! A contract built by hand, as the compiler would build it, for tests to change.

use enigma_bytecode::model::{
    Allow, C, Collection, Contract, Entry, Group, Op, Order, Profile, Recipient, Reveal, S, Shape,
};

/// Average to everyone and rank to each owner, over at least five rows.
pub(crate) fn survey() -> Contract {
    Contract {
        name: "Survey".to_owned(),
        version: 1,
        profile: Profile::ShamirM61V1,
        groups: vec![Group {
            name: "people".to_owned(),
            min: 5,
            max: 1_000,
        }],
        collections: vec![Collection {
            name: "answer".to_owned(),
            group: 0,
            low: 0,
            high: 100_000_000,
            allows: vec![
                Allow {
                    shape: Shape::Aggregate(5),
                    recipients: vec![Recipient::EachOf(0)],
                },
                Allow {
                    shape: Shape::PerOwner,
                    recipients: vec![Recipient::OwnerOf(0)],
                },
            ],
        }],
        manifest: vec![
            Reveal {
                name: "average".to_owned(),
                entry: 0,
                recipient: Recipient::EachOf(0),
                sources: vec![(0, Shape::Aggregate(5))],
            },
            Reveal {
                name: "rank".to_owned(),
                entry: 0,
                recipient: Recipient::OwnerOf(0),
                sources: vec![(0, Shape::PerOwner)],
            },
        ],
        entries: vec![Entry {
            name: "compute".to_owned(),
            code: vec![
                Op::Input {
                    dst: S(0),
                    collection: 0,
                },
                Op::Sum { dst: S(1), a: S(0) },
                Op::Rows {
                    dst: C(0),
                    collection: 0,
                },
                Op::DivPublic {
                    dst: S(2),
                    a: S(1),
                    b: C(0),
                },
                Op::Out {
                    reveal: 0,
                    src: S(2),
                },
                Op::Rank {
                    dst: S(3),
                    a: S(0),
                    order: Order::Descending,
                },
                Op::Out {
                    reveal: 1,
                    src: S(3),
                },
            ],
        }],
    }
}

/// [`survey`] with a second group and a second collection over it, which nothing reads.
pub(crate) fn two_groups() -> Contract {
    let mut contract = survey();
    contract.groups.push(Group {
        name: "others".to_owned(),
        min: 1,
        max: 10,
    });
    contract.collections.push(Collection {
        name: "other".to_owned(),
        group: 1,
        low: -5,
        high: 5,
        allows: vec![Allow {
            shape: Shape::Any,
            recipients: vec![Recipient::OwnerOf(1)],
        }],
    });
    contract
}
