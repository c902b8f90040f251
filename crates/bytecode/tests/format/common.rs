//! Contracts built by hand, as the compiler would build them, for tests to change.

use enigma_bytecode::model::{
    Allow, Blur, Budget, C, Collection, Column, Contract, Entry, Enum, Group, Kind, Known, Noise,
    Op, Order, Param, Profile, Provider, PublicOp, Recipient, Relation, Reveal, Role, RowCount, S,
    Shape, Slot, Source, Store,
};

/// A column that is the whole.
pub(crate) fn whole(kind: Kind, low: i64, high: i64) -> Column {
    column("", kind, low, high)
}

pub(crate) fn column(name: &str, kind: Kind, low: i64, high: i64) -> Column {
    Column {
        name: name.to_owned(),
        kind,
        low,
        high,
    }
}

pub(crate) fn allow(shape: Shape, recipient: Recipient) -> Allow {
    Allow {
        shape,
        recipients: vec![recipient],
    }
}

/// Each number further from 0 is half as probable as its neighbour.
pub(crate) const HALF: Noise = Noise::Laplace { decay: 1 << 63 };

/// Noise on values alone, of a price that any noise of Laplace has, and of Gauss one that is not very narrow.
pub(crate) fn blur(values: Noise) -> Blur {
    let (epsilon, delta) = match values {
        Noise::Laplace { .. } => (u64::MAX, 0),
        Noise::Gaussian(_) => (30_000_000, 999_999_999_999),
    };
    Blur {
        values,
        counts: None,
        epsilon,
        delta,
    }
}

/// A manifest line of entry 0 without guards and noise.
pub(crate) fn line(
    name: &str,
    recipient: Recipient,
    column: Column,
    sources: Vec<(Source, Shape)>,
) -> Reveal {
    Reveal {
        name: name.to_owned(),
        entry: 0,
        recipients: vec![recipient],
        columns: vec![column],
        sources,
        min_groups: Vec::new(),
        hidden_below: None,
        noise: None,
    }
}

/// One value from each member of a group.
pub(crate) fn one_each(name: &str, group: u16, column: Column, allows: Vec<Allow>) -> Collection {
    Collection {
        name: name.to_owned(),
        provider: Provider::Each(group),
        rows: RowCount::One,
        columns: vec![column],
        allows,
        check: None,
    }
}

pub(crate) fn input(dst: u16, collection: u16, column: u16) -> Op {
    Op::Input {
        dst: S(dst),
        collection,
        column,
    }
}

/// Shows one register.
pub(crate) fn out(reveal: u16, value: u16) -> Op {
    Op::Out {
        reveal,
        values: vec![S(value)],
        counts: Vec::new(),
        public: None,
    }
}

/// Average to everyone and rank to each owner, over at least five rows.
pub(crate) fn survey() -> Contract {
    let answer = (Source::Collection(0), Shape::Aggregate(5));
    Contract {
        name: "Survey".to_owned(),
        version: 1,
        profile: Profile::ShamirM61V1,
        groups: vec![Group {
            name: "people".to_owned(),
            min: 5,
            max: 1_000,
            admit: None,
        }],
        parties: Vec::new(),
        enums: Vec::new(),
        collections: vec![one_each(
            "answer",
            0,
            whole(Kind::Integer, 0, 100_000_000),
            vec![
                allow(Shape::Aggregate(5), Recipient::EachOf(0)),
                allow(Shape::PerOwner, Recipient::OwnerOf(0)),
            ],
        )],
        slots: Vec::new(),
        budget: None,
        manifest: vec![
            line(
                "average",
                Recipient::EachOf(0),
                whole(Kind::Integer, 0, 20_000_000_000),
                vec![answer],
            ),
            line(
                "rank",
                Recipient::OwnerOf(0),
                whole(Kind::Integer, 1, 1_000),
                vec![(Source::Collection(0), Shape::PerOwner)],
            ),
        ],
        entries: vec![Entry {
            name: "compute".to_owned(),
            by: None,
            params: Vec::new(),
            code: vec![
                input(0, 0, 0),
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
                out(0, 2),
                Op::Rank {
                    dst: S(3),
                    a: S(0),
                    order: Order::Descending,
                },
                out(1, 3),
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
        admit: None,
    });
    contract.collections.push(one_each(
        "other",
        1,
        whole(Kind::Integer, -5, 5),
        vec![allow(Shape::Any, Recipient::OwnerOf(1))],
    ));
    contract
}

/// The highest bid to all bidders, who holds it to one party, and to the other whether many said yes
/// and the highest bid is over 100; with a guard on the votes.
pub(crate) fn auction() -> Contract {
    let mut contract = survey();
    contract.parties = vec!["seller".to_owned(), "auditor".to_owned()];
    let (seller, auditor) = (Recipient::Party(0), Recipient::Party(1));
    contract.collections[0].allows = vec![
        allow(Shape::Aggregate(5), Recipient::EachOf(0)),
        allow(Shape::Member, seller),
        allow(Shape::Aggregate(6), auditor),
    ];
    contract.collections.push(one_each(
        "vote",
        0,
        whole(Kind::Bool, 0, 1),
        vec![allow(Shape::Aggregate(3), auditor)],
    ));
    let (bids, votes) = (Source::Collection(0), Source::Collection(1));
    contract.manifest = vec![
        line(
            "price",
            Recipient::EachOf(0),
            whole(Kind::Integer, 0, 100_000_000),
            vec![(bids, Shape::Aggregate(5))],
        ),
        line(
            "winner",
            seller,
            whole(Kind::MemberOf(0), 0, 999),
            vec![(bids, Shape::Member)],
        ),
        line(
            "wanted",
            auditor,
            whole(Kind::Bool, 0, 1),
            vec![(bids, Shape::Aggregate(6)), (votes, Shape::Aggregate(3))],
        ),
    ];
    contract.manifest[2].min_groups = vec![(0, 4), (1, 7)];
    let order = Order::Descending;
    contract.entries[0].code = vec![
        input(0, 0, 0),
        Op::First {
            dst: S(1),
            a: S(0),
            order,
        },
        out(0, 1),
        Op::FirstMember {
            dst: S(2),
            a: S(0),
            order,
        },
        out(1, 2),
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
        input(4, 1, 0),
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
        out(2, 7),
    ];
    contract
}

/// A buyer asks for the average of what people of a city spend, and pays each; a tally that entries add
/// to is opened later.
pub(crate) fn market() -> Contract {
    Contract {
        name: "Market".to_owned(),
        version: 3,
        profile: Profile::ShamirM127V1,
        groups: vec![Group {
            name: "sellers".to_owned(),
            min: 3,
            max: 20_000,
            admit: None,
        }],
        parties: vec!["clerk".to_owned()],
        enums: vec![Enum {
            name: "City".to_owned(),
            variants: vec!["Bonn".to_owned(), "Ulm".to_owned()],
        }],
        collections: vec![
            Collection {
                name: "profile".to_owned(),
                provider: Provider::Each(0),
                rows: RowCount::UpTo(4),
                columns: vec![
                    column("city", Kind::Enum(0), 0, 1),
                    column("spend", Kind::Fixed(16), 0, 1 << 40),
                ],
                allows: vec![allow(Shape::Aggregate(3), Recipient::Caller)],
                check: None,
            },
            Collection {
                name: "factor".to_owned(),
                provider: Provider::Party(0),
                rows: RowCount::One,
                columns: vec![whole(Kind::Integer, 1, 9)],
                allows: vec![allow(Shape::Any, Recipient::Public)],
                check: None,
            },
        ],
        slots: vec![
            Slot {
                name: "earned".to_owned(),
                store: Store::Ledger,
                key: Some(whole(Kind::Account, 0, 0)),
                accumulator: false,
                columns: vec![whole(Kind::Integer, 0, i64::MAX)],
                initial: vec![Known::Number(0)],
                allows: Vec::new(),
                access: None,
            },
            Slot {
                name: "last".to_owned(),
                store: Store::Ledger,
                key: None,
                accumulator: false,
                columns: vec![whole(Kind::Account, 0, 0)],
                initial: vec![Known::Bytes(vec![0; 20])],
                allows: Vec::new(),
                access: None,
            },
            Slot {
                name: "tally".to_owned(),
                store: Store::Secret,
                key: None,
                accumulator: true,
                columns: vec![
                    column("0", Kind::Integer, 0, 1 << 40),
                    column("1", Kind::Integer, 0, 1 << 40),
                ],
                initial: vec![Known::Number(0), Known::Number(0)],
                allows: vec![allow(Shape::Aggregate(20), Recipient::Public)],
                access: None,
            },
        ],
        budget: Some(Budget {
            epsilon_total: Some(2_500_000),
            delta_total: Some(1_500_000),
            runs_per_input: Some(1),
        }),
        manifest: vec![average(), tally()],
        entries: vec![ask(), close()],
    }
}

fn average() -> Reveal {
    let sources = vec![
        (Source::Collection(0), Shape::Aggregate(3)),
        (Source::Collection(1), Shape::Any),
        (Source::Param(0), Shape::Any),
    ];
    let shown = whole(Kind::Fixed(16), 0, 9 << 40);
    Reveal {
        hidden_below: Some(3),
        noise: Some(Blur {
            values: HALF,
            counts: Some(HALF),
            epsilon: 100_000,
            delta: 0,
        }),
        ..line("average", Recipient::Caller, shown, sources)
    }
}

fn tally() -> Reveal {
    Reveal {
        name: "tally".to_owned(),
        entry: 1,
        recipients: vec![Recipient::Party(0), Recipient::Public],
        columns: vec![
            column("0", Kind::Integer, 0, 1 << 40),
            column("1", Kind::Integer, 0, 1 << 40),
        ],
        sources: vec![(Source::Slot(2), Shape::Aggregate(20))],
        min_groups: Vec::new(),
        hidden_below: None,
        noise: None,
    }
}

fn ask() -> Entry {
    let add = Op::Public {
        dst: C(5),
        op: PublicOp::Add,
        a: C(4),
        b: C(1),
    };
    let load = Op::Load {
        dst: C(4),
        slot: 0,
        column: 0,
        key: Some(C(3)),
    };
    let store = Op::Store {
        slot: 0,
        column: 0,
        key: Some(C(3)),
        src: C(5),
    };
    Entry {
        name: "ask".to_owned(),
        by: None,
        params: vec![
            Param {
                name: "city".to_owned(),
                private: true,
                columns: vec![whole(Kind::Enum(0), 0, 1)],
            },
            Param {
                name: "note".to_owned(),
                private: false,
                columns: vec![whole(Kind::Bytes(512), 0, 0)],
            },
        ],
        code: vec![
            Op::Rows {
                dst: C(0),
                collection: 0,
            },
            Op::Const {
                dst: C(1),
                value: 2,
            },
            Op::Public {
                dst: C(2),
                op: PublicOp::Mul,
                a: C(0),
                b: C(1),
            },
            Op::Pays { amount: C(2) },
            input(0, 0, 0),
            Op::SecretParam {
                dst: S(1),
                param: 0,
                column: 0,
            },
            Op::Compare {
                dst: S(2),
                relation: Relation::Equal,
                a: S(0),
                b: S(1),
            },
            Op::Sum { dst: S(3), a: S(2) },
            input(4, 0, 1),
            Op::Dot {
                dst: S(5),
                a: S(2),
                b: S(4),
            },
            Op::Div {
                dst: S(6),
                a: S(5),
                b: S(3),
            },
            input(7, 1, 0),
            Op::Mul {
                dst: S(8),
                a: S(6),
                b: S(7),
            },
            Op::Out {
                reveal: 0,
                values: vec![S(8)],
                counts: vec![S(3)],
                public: None,
            },
            Op::EachMember {
                dst: C(3),
                group: 0,
            },
            load,
            add,
            store,
            Op::End,
            Op::Caller { dst: C(6) },
            Op::Store {
                slot: 1,
                column: 0,
                key: None,
                src: C(6),
            },
        ],
    }
}

fn close() -> Entry {
    let load = |column| Op::LoadSecret {
        dst: S(column),
        slot: 2,
        column,
    };
    let add = |slot, column, src| Op::Accumulate { slot, column, src };
    Entry {
        name: "close".to_owned(),
        by: Some(Role::Party(0)),
        params: Vec::new(),
        code: vec![
            load(0),
            load(1),
            Op::Out {
                reveal: 1,
                values: vec![S(0), S(1)],
                counts: Vec::new(),
                public: Some(C(0)),
            },
            Op::Public {
                dst: C(2),
                op: PublicOp::Less,
                a: C(0),
                b: C(1),
            },
            Op::Require {
                condition: C(2),
                why: "no \"majority\"".to_owned(),
            },
            Op::If { condition: C(2) },
            Op::Hide { dst: S(2), a: C(1) },
            add(2, 0, S(2)),
            Op::Else,
            Op::PartyAccount {
                dst: C(3),
                party: 0,
            },
            Op::Transfer {
                from: None,
                to: C(3),
                amount: C(0),
            },
            Op::End,
            Op::ConstBytes {
                dst: C(4),
                value: vec![0xab, 0xcd],
            },
        ],
    }
}

/// The survey of those whom the ledger lists, but for its party, and of numbers that are not their own square; everybody reads the note
/// that is theirs.
pub(crate) fn club() -> Contract {
    let mut contract = survey();
    contract.name = "Club".to_owned();
    contract.parties = vec!["clerk".to_owned()];
    let who_is_named = vec![
        Op::Caller { dst: C(0) },
        Op::Param {
            dst: C(1),
            param: 0,
            column: 0,
        },
        Op::Public {
            dst: C(2),
            op: PublicOp::Equal,
            a: C(0),
            b: C(1),
        },
        Op::Require {
            condition: C(2),
            why: String::new(),
        },
    ];
    let slot = |name: &str, store, kind, first, access| Slot {
        name: name.to_owned(),
        store,
        key: Some(whole(Kind::Account, 0, 0)),
        accumulator: false,
        columns: vec![whole(kind, 0, i64::from(kind == Kind::Bool))],
        initial: vec![first],
        allows: Vec::new(),
        access,
    };
    let (no, blank) = (Known::Number(0), Known::Bytes(vec![0; 8]));
    contract.slots = vec![
        slot("listed", Store::Ledger, Kind::Bool, no, None),
        slot(
            "note",
            Store::Dht,
            Kind::Bytes(8),
            blank,
            Some(who_is_named),
        ),
    ];
    contract.collections[0].check = Some(vec![
        input(0, 0, 0),
        Op::Const {
            dst: C(0),
            value: 1,
        },
        Op::ComparePublic {
            dst: S(1),
            relation: Relation::Greater,
            a: S(0),
            b: C(0),
        },
        out(0, 1),
    ]);
    let (who, clerk) = (C(0), C(2));
    contract.groups[0].admit = Some(vec![
        Op::Caller { dst: who },
        Op::Load {
            dst: C(1),
            slot: 0,
            column: 0,
            key: Some(who),
        },
        Op::PartyAccount {
            dst: clerk,
            party: 0,
        },
        Op::Public {
            dst: C(3),
            op: PublicOp::Equal,
            a: who,
            b: clerk,
        },
        Op::Const {
            dst: C(4),
            value: 0,
        },
        Op::Choose {
            dst: C(5),
            condition: C(3),
            then: C(4),
            otherwise: C(1),
        },
        Op::Require {
            condition: C(5),
            why: String::new(),
        },
    ]);
    contract
}
