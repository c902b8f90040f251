//! Contracts written by hand, for the tests of this crate.
#![allow(dead_code)] // Each test binary uses its part.

use enigma_bytecode::model::{
    C, Collection, Contract, Entry, Group, Kind, Op, Order, Profile, Recipient, Relation, Reveal,
    S, Shape,
};

/// The largest magnitude of a private value.
pub(crate) const EDGE: i64 = (1 << 59) - 1;

/// One group of 1 to `max` members, and for each range one collection from that group. `reveals`
/// manifest lines, all to the owners of collection 0.
pub(crate) fn contract(max: u32, ranges: &[(i64, i64)], code: Vec<Op>, reveals: usize) -> Contract {
    let collection = |(index, &(low, high)): (usize, &(i64, i64))| Collection {
        name: format!("c{index}"),
        group: 0,
        kind: Kind::Integer,
        low,
        high,
        allows: Vec::new(),
    };
    let reveal = |index: usize| Reveal {
        name: format!("r{index}"),
        entry: 0,
        recipient: Recipient::OwnerOf(0),
        kind: Kind::Integer,
        sources: vec![(0, Shape::Any)],
        min_groups: Vec::new(),
    };
    Contract {
        name: "Test".to_owned(),
        version: 1,
        profile: Profile::ShamirM61V1,
        groups: vec![Group {
            name: "g".to_owned(),
            min: 1,
            max,
        }],
        parties: Vec::new(),
        collections: ranges.iter().enumerate().map(collection).collect(),
        manifest: (0..reveals).map(reveal).collect(),
        entries: vec![Entry {
            name: "run".to_owned(),
            code,
        }],
    }
}

/// The average (to everyone) and the rank of each row (to its owner).
pub(crate) fn survey(low: i64, high: i64, max: u32, order: Order) -> Contract {
    let code = vec![
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
            order,
        },
        Op::Out {
            reveal: 1,
            src: S(3),
        },
    ];
    contract(max, &[(low, high)], code, 2)
}

/// Every row divided by a public number.
pub(crate) fn quotient(low: i64, high: i64, max: u32, divisor: i64) -> Contract {
    let code = vec![
        Op::Input {
            dst: S(0),
            collection: 0,
        },
        Op::Const {
            dst: C(0),
            value: divisor,
        },
        Op::DivPublic {
            dst: S(1),
            a: S(0),
            b: C(0),
        },
        Op::Out {
            reveal: 0,
            src: S(1),
        },
    ];
    contract(max, &[(low, high)], code, 1)
}

/// Ranks only.
pub(crate) fn ranking(low: i64, high: i64, max: u32, order: Order) -> Contract {
    let code = vec![
        Op::Input {
            dst: S(0),
            collection: 0,
        },
        Op::Rank {
            dst: S(1),
            a: S(0),
            order,
        },
        Op::Out {
            reveal: 0,
            src: S(1),
        },
    ];
    contract(max, &[(low, high)], code, 1)
}

/// The first of all rows and who holds it, in both orders.
pub(crate) fn firsts(low: i64, high: i64, max: u32) -> Contract {
    let mut code = vec![Op::Input {
        dst: S(0),
        collection: 0,
    }];
    let a = S(0);
    for (place, order) in [(1, Order::Descending), (3, Order::Ascending)] {
        let (value, member) = (S(place), S(place + 1));
        code.extend([
            Op::First {
                dst: value,
                a,
                order,
            },
            Op::FirstMember {
                dst: member,
                a,
                order,
            },
            Op::Out {
                reveal: place - 1,
                src: value,
            },
            Op::Out {
                reveal: place,
                src: member,
            },
        ]);
    }
    contract(max, &[(low, high)], code, 4)
}

/// Every row compared with a public number, and with the sum of another collection, in all relations.
pub(crate) fn comparisons(low: i64, high: i64, max: u32, with: i64) -> Contract {
    let mut code = vec![
        Op::Input {
            dst: S(0),
            collection: 0,
        },
        Op::Input {
            dst: S(1),
            collection: 1,
        },
        Op::Sum { dst: S(2), a: S(1) },
        Op::Const {
            dst: C(0),
            value: with,
        },
    ];
    let relations = [Relation::Less, Relation::Equal, Relation::Greater];
    for (place, relation) in (3..).step_by(2).zip(relations) {
        let (public, secret) = (S(place), S(place + 1));
        code.extend([
            Op::ComparePublic {
                dst: public,
                relation,
                a: S(0),
                b: C(0),
            },
            Op::Compare {
                dst: secret,
                relation,
                a: S(0),
                b: S(2),
            },
            Op::Out {
                reveal: place - 3,
                src: public,
            },
            Op::Out {
                reveal: place - 2,
                src: secret,
            },
        ]);
    }
    contract(max, &[(low, high), (low / 1_000, high / 1_000)], code, 6)
}

/// Quotients by shared divisors, roots, choices by shared bits and places of the sorted rows, with scalars
/// beside vectors.
pub(crate) fn choices(max: u32, place: i64) -> Contract {
    let mut code = vec![
        Op::Input {
            dst: S(0),
            collection: 0,
        },
        Op::Input {
            dst: S(1),
            collection: 1,
        },
        Op::Sum { dst: S(2), a: S(1) },
        Op::Div {
            dst: S(3),
            a: S(0),
            b: S(2),
        },
        Op::Mul {
            dst: S(4),
            a: S(0),
            b: S(0),
        },
        Op::SquareRoot { dst: S(5), a: S(4) },
        Op::Const {
            dst: C(0),
            value: 0,
        },
        Op::ComparePublic {
            dst: S(6),
            relation: Relation::Less,
            a: S(0),
            b: C(0),
        },
        Op::Select {
            dst: S(7),
            bit: S(6),
            then: S(2),
            otherwise: S(0),
        },
        Op::Const {
            dst: C(1),
            value: place,
        },
        Op::Quantile {
            dst: S(8),
            a: S(0),
            place: C(1),
        },
        Op::Div {
            dst: S(9),
            a: S(8),
            b: S(2),
        },
    ];
    for (reveal, src) in (0..).zip([S(3), S(5), S(7), S(8), S(9)]) {
        code.push(Op::Out { reveal, src });
    }
    contract(max, &[(-50, 1_000), (-3, 20)], code, 5)
}

/// Each kind of cheap arithmetic on two collections of one group, scalars beside vectors.
pub(crate) fn arithmetic(max: u32) -> Contract {
    use enigma_bytecode::model::PublicOp;
    let code = vec![
        Op::Input {
            dst: S(0),
            collection: 0,
        },
        Op::Input {
            dst: S(1),
            collection: 1,
        },
        Op::Add {
            dst: S(2),
            a: S(0),
            b: S(0),
        },
        Op::Sum { dst: S(3), a: S(1) },
        Op::Mul {
            dst: S(4),
            a: S(2),
            b: S(3),
        },
        Op::Mul {
            dst: S(5),
            a: S(3),
            b: S(0),
        },
        Op::Const {
            dst: C(0),
            value: -7,
        },
        Op::Rows {
            dst: C(1),
            collection: 1,
        },
        Op::Public {
            dst: C(2),
            op: PublicOp::Mul,
            a: C(0),
            b: C(1),
        },
        Op::AddPublic {
            dst: S(6),
            a: S(4),
            b: C(2),
        },
        Op::MulPublic {
            dst: S(7),
            a: S(5),
            b: C(0),
        },
        Op::Sub {
            dst: S(8),
            a: S(6),
            b: S(7),
        },
        Op::Sub {
            dst: S(9),
            a: S(3),
            b: S(0),
        },
        Op::Mul {
            dst: S(10),
            a: S(0),
            b: S(9),
        },
        Op::Out {
            reveal: 0,
            src: S(8),
        },
        Op::Out {
            reveal: 1,
            src: S(10),
        },
        Op::Out {
            reveal: 2,
            src: S(3),
        },
    ];
    contract(max, &[(-50, 1_000), (-3, 200)], code, 3)
}

/// A small deterministic generator, so that tests need no dependency for picking values.
pub(crate) struct Pick(pub(crate) u64);

impl Pick {
    /// The next 64 bits (splitmix64).
    pub(crate) fn word(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    /// A value from `low` to `high`.
    pub(crate) fn between(&mut self, low: i64, high: i64) -> i64 {
        let span = u128::from(high.abs_diff(low)) + 1;
        let offset = u128::from(self.word()) % span;
        i64::try_from(i128::from(low) + offset as i128).expect("inside the range")
    }

    /// A coin.
    pub(crate) fn bit(&mut self) -> bool {
        self.word() & 1 == 1
    }
}
