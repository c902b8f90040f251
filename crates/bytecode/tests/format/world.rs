//! A contract with a bit of everything, and code for it written register by register.

use enigma_bytecode::model::{
    Blur, C, Collection, Column, Contract, Entry, Enum, Group, Kind, Known, Op, Order, Param,
    Profile, Provider, PublicOp, Recipient, Relation, Reveal, RowCount, S, Shape, Slot, Source,
    Store,
};
use enigma_bytecode::ranges::{Extent, RangeError, Ranges, declared};
use enigma_bytecode::release::derived;
use enigma_bytecode::verify::{VerifyError, verify};

use crate::common::{allow, column, whole};

/// Rows of people: their department, income and a truth value.
pub(crate) const PEOPLE: u16 = 0;
/// A list of Alice's: keys and amounts.
pub(crate) const HERS: u16 = 1;
/// A list of Bob's.
pub(crate) const HIS: u16 = 2;
/// One number of Alice's.
pub(crate) const SECRET: u16 = 3;

pub(crate) const COUNT: u16 = 0;
pub(crate) const EARNED: u16 = 1;
pub(crate) const WINNER: u16 = 2;
pub(crate) const TALLY: u16 = 3;
pub(crate) const MODEL: u16 = 4;
pub(crate) const PIN: u16 = 5;
pub(crate) const SHUT: u16 = 6;
pub(crate) const COPY: u16 = 7;

pub(crate) const ALICE: Recipient = Recipient::Party(0);
pub(crate) const BOB: Recipient = Recipient::Party(1);
pub(crate) const OWNERS: Recipient = Recipient::OwnerOf(PEOPLE);

/// Nothing is computed in its one entry `run` yet.
pub(crate) fn world() -> Contract {
    let integer = |name: &str, high| column(name, Kind::Integer, 0, high);
    let list = |name: &str, party| Collection {
        name: name.to_owned(),
        provider: Provider::Party(party),
        rows: RowCount::UpTo(50),
        columns: vec![integer("key", 1_000_000), integer("amount", 100)],
        allows: vec![
            allow(Shape::Aggregate(3), ALICE),
            allow(Shape::Aggregate(3), BOB),
        ],
        check: None,
    };
    Contract {
        name: "World".to_owned(),
        version: 1,
        profile: Profile::ShamirM61V1,
        groups: vec![Group {
            name: "people".to_owned(),
            min: 5,
            max: 100,
            admit: None,
        }],
        parties: vec!["alice".to_owned(), "bob".to_owned()],
        enums: vec![Enum {
            name: "Dept".to_owned(),
            variants: ["a", "b", "c"].map(str::to_owned).to_vec(),
        }],
        collections: vec![
            Collection {
                name: "rows".to_owned(),
                provider: Provider::Each(0),
                rows: RowCount::One,
                columns: vec![
                    column("dept", Kind::Enum(0), 0, 2),
                    integer("income", 1_000),
                    column("flag", Kind::Bool, 0, 1),
                ],
                allows: vec![
                    allow(Shape::Aggregate(5), Recipient::Public),
                    allow(Shape::PerOwner, OWNERS),
                    allow(Shape::Member, ALICE),
                ],
                check: None,
            },
            list("hers", 0),
            list("his", 1),
            Collection {
                name: "secret".to_owned(),
                provider: Provider::Party(0),
                rows: RowCount::One,
                columns: vec![whole(Kind::Integer, 0, 100)],
                allows: vec![
                    allow(Shape::Bit, Recipient::Public),
                    allow(Shape::PerOwner, Recipient::OwnerOf(SECRET)),
                ],
                check: None,
            },
        ],
        slots: slots(),
        budget: None,
        manifest: Vec::new(),
        entries: vec![Entry {
            name: "run".to_owned(),
            by: None,
            params: vec![
                param("k", true, whole(Kind::Integer, 0, 100)),
                param("m", false, whole(Kind::Integer, 0, 100)),
                param("note", false, whole(Kind::Bytes(32), 0, 0)),
                param("who", false, whole(Kind::Account, 0, 0)),
            ],
            code: Vec::new(),
        }],
    }
}

fn param(name: &str, private: bool, column: Column) -> Param {
    Param {
        name: name.to_owned(),
        private,
        columns: vec![column],
    }
}

fn slots() -> Vec<Slot> {
    let most = (1_i64 << 59) - 1;
    let ledger = |name: &str, keyed: bool, column, initial| Slot {
        name: name.to_owned(),
        store: Store::Ledger,
        key: keyed.then(|| whole(Kind::Account, 0, 0)),
        accumulator: false,
        columns: vec![column],
        initial: vec![initial],
        allows: Vec::new(),
        access: None,
    };
    let secret = |name: &str, accumulator, high, allows| Slot {
        name: name.to_owned(),
        store: Store::Secret,
        key: None,
        accumulator,
        columns: vec![whole(Kind::Integer, 0, high)],
        initial: vec![Known::Number(0)],
        allows,
        access: None,
    };
    let counts = whole(Kind::Integer, 0, i64::MAX);
    let of_twenty = || vec![allow(Shape::Aggregate(20), Recipient::Public)];
    vec![
        ledger("count", false, counts.clone(), Known::Number(0)),
        ledger("earned", true, counts, Known::Number(0)),
        ledger(
            "winner",
            false,
            whole(Kind::Account, 0, 0),
            Known::Bytes(vec![0; 20]),
        ),
        secret("tally", true, most, of_twenty()),
        secret(
            "model",
            false,
            1_000_000,
            vec![allow(Shape::Aggregate(5), Recipient::Caller)],
        ),
        secret(
            "pin",
            false,
            9_999,
            vec![allow(Shape::Bit, Recipient::Public)],
        ),
        secret("shut", false, 1_000_000, Vec::new()),
        secret("copy", false, most, of_twenty()),
    ]
}

/// The code of an entry as it grows.
#[derive(Default)]
pub(crate) struct Code {
    pub(crate) ops: Vec<Op>,
    public: u16,
    secret: u16,
}

impl Code {
    pub(crate) fn emit(&mut self, op: Op) {
        self.ops.push(op);
    }

    /// An operation that defines a secret register.
    pub(crate) fn s(&mut self, op: impl FnOnce(S) -> Op) -> S {
        let dst = S(self.secret);
        self.secret += 1;
        self.ops.push(op(dst));
        dst
    }

    /// An operation that defines a public register.
    pub(crate) fn c(&mut self, op: impl FnOnce(C) -> Op) -> C {
        let dst = C(self.public);
        self.public += 1;
        self.ops.push(op(dst));
        dst
    }

    pub(crate) fn constant(&mut self, value: i64) -> C {
        self.c(|dst| Op::Const { dst, value })
    }

    pub(crate) fn hide(&mut self, value: i64) -> S {
        let a = self.constant(value);
        self.s(|dst| Op::Hide { dst, a })
    }

    pub(crate) fn input(&mut self, collection: u16, column: u16) -> S {
        self.s(|dst| Op::Input {
            dst,
            collection,
            column,
        })
    }

    /// The private parameter.
    pub(crate) fn param(&mut self) -> S {
        self.s(|dst| Op::SecretParam {
            dst,
            param: 0,
            column: 0,
        })
    }

    pub(crate) fn load(&mut self, slot: u16) -> S {
        self.s(|dst| Op::LoadSecret {
            dst,
            slot,
            column: 0,
        })
    }

    pub(crate) fn store(&mut self, slot: u16, src: S) {
        self.emit(Op::StoreSecret {
            slot,
            column: 0,
            src,
        });
    }

    pub(crate) fn accumulate(&mut self, slot: u16, src: S) {
        self.emit(Op::Accumulate {
            slot,
            column: 0,
            src,
        });
    }

    pub(crate) fn add(&mut self, a: S, b: S) -> S {
        self.s(|dst| Op::Add { dst, a, b })
    }

    pub(crate) fn sub(&mut self, a: S, b: S) -> S {
        self.s(|dst| Op::Sub { dst, a, b })
    }

    pub(crate) fn mul(&mut self, a: S, b: S) -> S {
        self.s(|dst| Op::Mul { dst, a, b })
    }

    pub(crate) fn div(&mut self, a: S, b: S) -> S {
        self.s(|dst| Op::Div { dst, a, b })
    }

    pub(crate) fn sum(&mut self, a: S) -> S {
        self.s(|dst| Op::Sum { dst, a })
    }

    pub(crate) fn dot(&mut self, a: S, b: S) -> S {
        self.s(|dst| Op::Dot { dst, a, b })
    }

    pub(crate) fn greater(&mut self, a: S, b: S) -> S {
        let relation = Relation::Greater;
        self.s(|dst| Op::Compare {
            dst,
            relation,
            a,
            b,
        })
    }

    pub(crate) fn greater_than(&mut self, a: S, value: i64) -> S {
        let (relation, b) = (Relation::Greater, self.constant(value));
        self.s(|dst| Op::ComparePublic {
            dst,
            relation,
            a,
            b,
        })
    }

    pub(crate) fn select(&mut self, bit: S, then: S, otherwise: S) -> S {
        self.s(|dst| Op::Select {
            dst,
            bit,
            then,
            otherwise,
        })
    }

    pub(crate) fn gather(&mut self, parts: &[S]) -> S {
        let parts = parts.to_vec();
        self.s(|dst| Op::Gather { dst, parts })
    }

    pub(crate) fn element(&mut self, a: S, at: u32) -> S {
        self.s(|dst| Op::Element { dst, a, at })
    }

    pub(crate) fn count_each(&mut self, a: S, len: u32) -> S {
        self.s(|dst| Op::CountEach { dst, a, len })
    }

    pub(crate) fn first(&mut self, a: S) -> S {
        let order = Order::Descending;
        self.s(|dst| Op::First { dst, a, order })
    }

    pub(crate) fn first_member(&mut self, a: S) -> S {
        let order = Order::Descending;
        self.s(|dst| Op::FirstMember { dst, a, order })
    }

    pub(crate) fn distinct(&mut self, keys: &[S]) -> S {
        let keys = keys.to_vec();
        self.s(|dst| Op::Distinct { dst, keys })
    }

    /// Which rows are found, and what is brought.
    pub(crate) fn join(&mut self, left: S, right: S, valid: S, column: S) -> (S, S) {
        let found = self.s(|dst| Op::Join {
            dst,
            left: vec![left],
            right: vec![right],
            valid,
            columns: vec![column],
        });
        self.secret += 1;
        (found, S(found.0 + 1))
    }

    /// Which rows are found.
    pub(crate) fn intersect(&mut self, left: S, right: S, valid: S) -> S {
        self.s(|dst| Op::Join {
            dst,
            left: vec![left],
            right: vec![right],
            valid,
            columns: Vec::new(),
        })
    }

    pub(crate) fn public(&mut self, op: PublicOp, a: C, b: C) -> C {
        self.c(|dst| Op::Public { dst, op, a, b })
    }
}

/// What a line shows, to whom, and its guards.
pub(crate) struct Shown {
    pub(crate) values: Vec<S>,
    pub(crate) counts: Vec<S>,
    pub(crate) recipients: Vec<Recipient>,
    pub(crate) hidden_below: Option<u32>,
    pub(crate) noise: Option<Blur>,
}

pub(crate) fn to(recipient: Recipient, values: impl IntoIterator<Item = S>) -> Shown {
    Shown {
        values: values.into_iter().collect(),
        counts: Vec::new(),
        recipients: vec![recipient],
        hidden_below: None,
        noise: None,
    }
}

pub(crate) fn guarded(recipient: Recipient, value: S, count: S, least: u32) -> Shown {
    Shown {
        counts: vec![count],
        hidden_below: Some(least),
        ..to(recipient, [value])
    }
}

/// The world with this code and, if it shows something, a line that says what the code has.
pub(crate) fn contract(write: impl FnOnce(&mut Code) -> Option<Shown>) -> Contract {
    let mut code = Code::default();
    let shown = write(&mut code);
    let mut contract = world();
    contract.entries[0].code = code.ops;
    if let Some(shown) = shown {
        show(&mut contract, shown);
    }
    contract
}

/// Appends a line to the last entry.
pub(crate) fn show(contract: &mut Contract, shown: Shown) {
    let entry = contract.entries.len() - 1;
    let ranges = declared(contract, entry).expect("well-formed code");
    let columns = shown.values.iter().enumerate().map(|(place, value)| {
        let known = ranges.secret(*value).expect("defined");
        let kind = known.member_of.map_or(Kind::Integer, Kind::MemberOf);
        let (low, high) = match shown.noise {
            Some(_) => (1 - (1 << 59), (1 << 59) - 1),
            None => (known.interval.low, known.interval.high),
        };
        column(&place.to_string(), kind, low, high)
    });
    let line = Reveal {
        name: format!("line_{}", contract.manifest.len()),
        entry: entry as u16,
        recipients: shown.recipients,
        columns: columns.collect(),
        sources: Vec::new(),
        min_groups: Vec::new(),
        hidden_below: shown.hidden_below,
        noise: shown.noise,
    };
    contract.entries[entry].code.push(Op::Out {
        reveal: contract.manifest.len() as u16,
        values: shown.values,
        counts: shown.counts,
        public: None,
    });
    contract.manifest.push(line);
}

/// Writes into the manifest what data flow finds, and verifies.
pub(crate) fn check(mut contract: Contract) -> Result<Vec<(Source, Shape)>, VerifyError> {
    for (line, sources) in derived(&contract) {
        contract.manifest[line].sources = sources;
    }
    verify(&contract)?;
    let last = contract.manifest.last();
    Ok(last.map_or_else(Vec::new, |line| line.sources.clone()))
}

/// Of what a line shows: its sources, or why it is refused.
pub(crate) fn shows(
    write: impl FnOnce(&mut Code) -> Shown,
) -> Result<Vec<(Source, Shape)>, VerifyError> {
    check(contract(|code| Some(write(code))))
}

/// The ranges of code.
pub(crate) fn ranges_of(write: impl FnOnce(&mut Code)) -> Result<Ranges, RangeError> {
    let contract = contract(|code| {
        write(code);
        None
    });
    declared(&contract, 0)
}

/// Low and high end and extent of the last secret register.
pub(crate) fn last_of(write: impl FnOnce(&mut Code)) -> Result<(i64, i64, Extent), RangeError> {
    let ranges = ranges_of(write)?;
    let last = ranges.secret.last().expect("a register");
    Ok((last.interval.low, last.interval.high, last.extent))
}
