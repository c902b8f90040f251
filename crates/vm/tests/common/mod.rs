//! Contracts written by hand, for the tests of this crate.
#![allow(dead_code)] // Each test binary uses its part.

use enigma_bytecode::model::{
    C, Collection, Column, Contract, Entry, Group, Kind, Op, Order, Profile, Provider, Recipient,
    Relation, Reveal, RowCount, S, Shape, Source,
};

/// The largest magnitude of a private value.
pub(crate) const EDGE: i64 = (1 << 59) - 1;

/// One group of 1 to `max` members, and for each range one collection from that group. `reveals`
/// manifest lines, all to the owners of collection 0.
pub(crate) fn contract(max: u32, ranges: &[(i64, i64)], code: Vec<Op>, reveals: usize) -> Contract {
    let collections = ranges.iter().enumerate();
    let collections = collections
        .map(|(index, &(low, high))| rows_of_each(&format!("c{index}"), vec![column(low, high)]));
    let line = |index: usize| line(&format!("r{index}"), vec![Recipient::OwnerOf(0)], 1);
    Contract {
        groups: vec![Group {
            name: "g".to_owned(),
            min: 1,
            max,
            admit: None,
        }],
        collections: collections.collect(),
        manifest: (0..reveals).map(line).collect(),
        entries: vec![entry(code)],
        ..empty()
    }
}

/// A contract with nothing in it.
pub(crate) fn empty() -> Contract {
    Contract {
        name: "Test".to_owned(),
        version: 1,
        profile: Profile::ShamirM61V1,
        groups: Vec::new(),
        parties: Vec::new(),
        enums: Vec::new(),
        collections: Vec::new(),
        slots: Vec::new(),
        budget: None,
        manifest: Vec::new(),
        entries: Vec::new(),
    }
}

/// A number in a range.
pub(crate) fn column(low: i64, high: i64) -> Column {
    Column {
        name: String::new(),
        kind: Kind::Integer,
        low,
        high,
    }
}

/// One row of these columns from each member of group 0.
pub(crate) fn rows_of_each(name: &str, columns: Vec<Column>) -> Collection {
    Collection {
        name: name.to_owned(),
        provider: Provider::Each(0),
        rows: RowCount::One,
        columns,
        allows: Vec::new(),
        check: None,
    }
}

/// A manifest line of entry 0, of so many numbers.
pub(crate) fn line(name: &str, recipients: Vec<Recipient>, columns: usize) -> Reveal {
    Reveal {
        name: name.to_owned(),
        entry: 0,
        recipients,
        columns: vec![column(-EDGE, EDGE); columns],
        sources: vec![(Source::Collection(0), Shape::Any)],
        min_groups: Vec::new(),
        hidden_below: None,
        noise: None,
    }
}

/// An entry that anyone calls, without parameters.
pub(crate) fn entry(code: Vec<Op>) -> Entry {
    Entry {
        name: "run".to_owned(),
        by: None,
        params: Vec::new(),
        code,
    }
}

/// Shows one value to the recipients of a line.
pub(crate) fn out(reveal: u16, src: S) -> Op {
    Op::Out {
        reveal,
        values: vec![src],
        counts: Vec::new(),
        public: None,
    }
}

/// The average (to everyone) and the rank of each row (to its owner).
pub(crate) fn survey(low: i64, high: i64, max: u32, order: Order) -> Contract {
    let code = vec![
        Op::Input {
            dst: S(0),
            collection: 0,
            column: 0,
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
        out(0, S(2)),
        Op::Rank {
            dst: S(3),
            a: S(0),
            order,
        },
        out(1, S(3)),
    ];
    contract(max, &[(low, high)], code, 2)
}

/// Every row divided by a public number.
pub(crate) fn quotient(low: i64, high: i64, max: u32, divisor: i64) -> Contract {
    let code = vec![
        Op::Input {
            dst: S(0),
            collection: 0,
            column: 0,
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
        out(0, S(1)),
    ];
    contract(max, &[(low, high)], code, 1)
}

/// Ranks only.
pub(crate) fn ranking(low: i64, high: i64, max: u32, order: Order) -> Contract {
    let code = vec![
        Op::Input {
            dst: S(0),
            collection: 0,
            column: 0,
        },
        Op::Rank {
            dst: S(1),
            a: S(0),
            order,
        },
        out(0, S(1)),
    ];
    contract(max, &[(low, high)], code, 1)
}

/// The first of all rows and who holds it, in both orders.
pub(crate) fn firsts(low: i64, high: i64, max: u32) -> Contract {
    let mut code = vec![Op::Input {
        dst: S(0),
        collection: 0,
        column: 0,
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
            out(place - 1, value),
            out(place, member),
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
            column: 0,
        },
        Op::Input {
            dst: S(1),
            collection: 1,
            column: 0,
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
            out(place - 3, public),
            out(place - 2, secret),
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
            column: 0,
        },
        Op::Input {
            dst: S(1),
            collection: 1,
            column: 0,
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
        code.push(out(reveal, src));
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
            column: 0,
        },
        Op::Input {
            dst: S(1),
            collection: 1,
            column: 0,
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
        out(0, S(8)),
        out(1, S(10)),
        out(2, S(3)),
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
