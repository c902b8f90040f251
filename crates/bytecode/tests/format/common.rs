//! A contract built by hand, as the compiler would build it, for tests to change.

use enigma_bytecode::model::{
    Allow, C, Collection, Contract, Entry, Group, Kind, Op, Order, Profile, Recipient, Relation,
    Reveal, S, Shape,
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
        parties: Vec::new(),
        collections: vec![Collection {
            name: "answer".to_owned(),
            group: 0,
            kind: Kind::Integer,
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
                kind: Kind::Integer,
                sources: vec![(0, Shape::Aggregate(5))],
                min_groups: Vec::new(),
            },
            Reveal {
                name: "rank".to_owned(),
                entry: 0,
                recipient: Recipient::OwnerOf(0),
                kind: Kind::Integer,
                sources: vec![(0, Shape::PerOwner)],
                min_groups: Vec::new(),
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
        kind: Kind::Integer,
        low: -5,
        high: 5,
        allows: vec![Allow {
            shape: Shape::Any,
            recipients: vec![Recipient::OwnerOf(1)],
        }],
    });
    contract
}

/// The highest bid to all bidders, who holds it to one party, and to the other whether many said yes
/// and the highest bid is over 100; with a guard on the votes.
pub(crate) fn auction() -> Contract {
    let mut contract = survey();
    contract.parties = vec!["seller".to_owned(), "auditor".to_owned()];
    let (seller, auditor) = (Recipient::Party(0), Recipient::Party(1));
    let allow = |shape, recipient| Allow {
        shape,
        recipients: vec![recipient],
    };
    contract.collections[0].allows = vec![
        allow(Shape::Aggregate(5), Recipient::EachOf(0)),
        allow(Shape::Member, seller),
        allow(Shape::Aggregate(6), auditor),
    ];
    contract.collections.push(Collection {
        name: "vote".to_owned(),
        group: 0,
        kind: Kind::Bool,
        low: 0,
        high: 1,
        allows: vec![allow(Shape::Aggregate(3), auditor)],
    });
    let line = |name: &str, recipient, kind, sources| Reveal {
        name: name.to_owned(),
        entry: 0,
        recipient,
        kind,
        sources,
        min_groups: Vec::new(),
    };
    contract.manifest = vec![
        line(
            "price",
            Recipient::EachOf(0),
            Kind::Integer,
            vec![(0, Shape::Aggregate(5))],
        ),
        line(
            "winner",
            seller,
            Kind::MemberOf(0),
            vec![(0, Shape::Member)],
        ),
        line(
            "wanted",
            auditor,
            Kind::Bool,
            vec![(0, Shape::Aggregate(6)), (1, Shape::Aggregate(3))],
        ),
    ];
    contract.manifest[2].min_groups = vec![(0, 4), (1, 7)];
    let order = Order::Descending;
    contract.entries[0].code = vec![
        Op::Input {
            dst: S(0),
            collection: 0,
        },
        Op::First {
            dst: S(1),
            a: S(0),
            order,
        },
        Op::Out {
            reveal: 0,
            src: S(1),
        },
        Op::FirstMember {
            dst: S(2),
            a: S(0),
            order,
        },
        Op::Out {
            reveal: 1,
            src: S(2),
        },
        Op::Const {
            dst: C(0),
            value: 100,
        },
        Op::ComparePublic {
            dst: S(3),
            relation: Relation::Greater,
            a: S(1),
            b: C(0),
        },
        Op::Input {
            dst: S(4),
            collection: 1,
        },
        Op::Sum { dst: S(5), a: S(4) },
        Op::Compare {
            dst: S(6),
            relation: Relation::Less,
            a: S(3),
            b: S(5),
        },
        Op::Mul {
            dst: S(7),
            a: S(3),
            b: S(6),
        },
        Op::Out {
            reveal: 2,
            src: S(7),
        },
    ];
    contract
}
