//! Contract to bytes.

use super::{MAGIC, tag};
use crate::model::{
    Contract, Entry, Kind, Op, Order, Profile, PublicOp, Recipient, Relation, Shape,
};

pub(super) fn encode(contract: &Contract) -> Vec<u8> {
    let mut constants: Vec<i64> = contract.entries.iter().flat_map(constants_of).collect();
    constants.sort_unstable();
    constants.dedup();
    let mut out = Writer {
        bytes: MAGIC.to_vec(),
    };
    out.byte(match contract.profile {
        Profile::ShamirM61V1 => tag::PROFILE_SHAMIR_M61_V1,
    });
    out.section(&[]);
    out.section(&interface(contract));
    out.section(&manifest(contract));
    out.section(&constant_table(&constants));
    out.section(&code(contract, &constants));
    out.section(&limits(contract));
    out.bytes
}

pub(super) fn manifest(contract: &Contract) -> Vec<u8> {
    let mut out = Writer::default();
    out.length(contract.manifest.len());
    for reveal in &contract.manifest {
        out.text(&reveal.name);
        out.number(reveal.entry.into());
        out.recipient(reveal.recipient);
        out.kind(reveal.kind);
        out.length(reveal.sources.len());
        for &(collection, shape) in &reveal.sources {
            out.number(collection.into());
            out.shape(shape);
        }
        out.length(reveal.min_groups.len());
        for &(collection, rows) in &reveal.min_groups {
            out.number(collection.into());
            out.number(rows.into());
        }
    }
    out.bytes
}

fn constants_of(entry: &Entry) -> impl Iterator<Item = i64> {
    entry.code.iter().filter_map(|op| match op {
        Op::Const { value, .. } => Some(*value),
        _ => None,
    })
}

fn interface(contract: &Contract) -> Vec<u8> {
    let mut out = Writer::default();
    out.text(&contract.name);
    out.number(contract.version.into());
    out.length(contract.groups.len());
    for group in &contract.groups {
        out.text(&group.name);
        out.number(group.min.into());
        out.number(group.max.into());
    }
    out.length(contract.parties.len());
    contract.parties.iter().for_each(|party| out.text(party));
    out.length(contract.collections.len());
    for collection in &contract.collections {
        out.text(&collection.name);
        out.number(collection.group.into());
        out.kind(collection.kind);
        out.signed(collection.low);
        out.signed(collection.high);
        out.length(collection.allows.len());
        for allow in &collection.allows {
            out.shape(allow.shape);
            out.length(allow.recipients.len());
            allow
                .recipients
                .iter()
                .for_each(|&recipient| out.recipient(recipient));
        }
    }
    out.length(contract.entries.len());
    contract
        .entries
        .iter()
        .for_each(|entry| out.text(&entry.name));
    out.bytes
}

fn constant_table(constants: &[i64]) -> Vec<u8> {
    let mut out = Writer::default();
    out.length(constants.len());
    constants.iter().for_each(|&value| out.signed(value));
    out.bytes
}

fn code(contract: &Contract, constants: &[i64]) -> Vec<u8> {
    let mut out = Writer::default();
    for entry in &contract.entries {
        out.length(entry.code.len());
        entry.code.iter().for_each(|op| out.op(op, constants));
    }
    out.bytes
}

fn limits(contract: &Contract) -> Vec<u8> {
    let mut out = Writer::default();
    for entry in &contract.entries {
        let is_public =
            |op: &&Op| matches!(op, Op::Const { .. } | Op::Rows { .. } | Op::Public { .. });
        let public = entry.code.iter().filter(is_public).count();
        let outs = entry
            .code
            .iter()
            .filter(|op| matches!(op, Op::Out { .. }))
            .count();
        out.length(public);
        out.length(entry.code.len() - public - outs);
    }
    out.bytes
}

fn by_order(order: Order, ascending: u8, descending: u8) -> u8 {
    match order {
        Order::Ascending => ascending,
        Order::Descending => descending,
    }
}

#[derive(Default)]
struct Writer {
    bytes: Vec<u8>,
}

impl Writer {
    fn byte(&mut self, byte: u8) {
        self.bytes.push(byte);
    }

    fn number(&mut self, mut value: u64) {
        while value >= 0x80 {
            self.byte((value & 0x7f) as u8 | 0x80);
            value >>= 7;
        }
        self.byte(value as u8);
    }

    fn length(&mut self, value: usize) {
        self.number(value as u64);
    }

    /// Zigzag: 0, -1, 1, -2, ... become 0, 1, 2, 3, ...
    fn signed(&mut self, value: i64) {
        self.number(((value << 1) ^ (value >> 63)) as u64);
    }

    fn text(&mut self, text: &str) {
        self.length(text.len());
        self.bytes.extend_from_slice(text.as_bytes());
    }

    fn section(&mut self, bytes: &[u8]) {
        self.length(bytes.len());
        self.bytes.extend_from_slice(bytes);
    }

    fn shape(&mut self, shape: Shape) {
        match shape {
            Shape::Aggregate(k) => {
                self.byte(tag::SHAPE_AGGREGATE);
                self.number(k.into());
            }
            Shape::PerOwner => self.byte(tag::SHAPE_PER_OWNER),
            Shape::Any => self.byte(tag::SHAPE_ANY),
            Shape::Member => self.byte(tag::SHAPE_MEMBER),
        }
    }

    fn kind(&mut self, kind: Kind) {
        match kind {
            Kind::Integer => self.byte(tag::KIND_INTEGER),
            Kind::Bool => self.byte(tag::KIND_BOOL),
            Kind::MemberOf(collection) => {
                self.byte(tag::KIND_MEMBER_OF);
                self.number(collection.into());
            }
        }
    }

    fn recipient(&mut self, recipient: Recipient) {
        let (tag, index) = match recipient {
            Recipient::EachOf(group) => (tag::TO_EACH_OF, group),
            Recipient::OwnerOf(collection) => (tag::TO_OWNER_OF, collection),
            Recipient::Party(party) => (tag::TO_PARTY, party),
        };
        self.byte(tag);
        self.number(index.into());
    }

    fn op(&mut self, op: &Op, constants: &[i64]) {
        let (tag, operands): (u8, [Option<u16>; 4]) = match *op {
            Op::Const { dst, value } => {
                // The table was made from these very constants.
                let place = constants.binary_search(&value).unwrap_or(constants.len());
                self.byte(tag::CONST);
                self.number(dst.0.into());
                self.length(place);
                return;
            }
            Op::Rows { dst, collection } => {
                (tag::ROWS, [Some(dst.0), Some(collection), None, None])
            }
            Op::Public { dst, op, a, b } => {
                let tag = match op {
                    PublicOp::Add => tag::PUBLIC_ADD,
                    PublicOp::Sub => tag::PUBLIC_SUB,
                    PublicOp::Mul => tag::PUBLIC_MUL,
                    PublicOp::Div => tag::PUBLIC_DIV,
                };
                (tag, [Some(dst.0), Some(a.0), Some(b.0), None])
            }
            Op::Input { dst, collection } => {
                (tag::INPUT, [Some(dst.0), Some(collection), None, None])
            }
            Op::Add { dst, a, b } => (tag::ADD, [Some(dst.0), Some(a.0), Some(b.0), None]),
            Op::Sub { dst, a, b } => (tag::SUB, [Some(dst.0), Some(a.0), Some(b.0), None]),
            Op::AddPublic { dst, a, b } => {
                (tag::ADD_PUBLIC, [Some(dst.0), Some(a.0), Some(b.0), None])
            }
            Op::MulPublic { dst, a, b } => {
                (tag::MUL_PUBLIC, [Some(dst.0), Some(a.0), Some(b.0), None])
            }
            Op::Mul { dst, a, b } => (tag::MUL, [Some(dst.0), Some(a.0), Some(b.0), None]),
            Op::Sum { dst, a } => (tag::SUM, [Some(dst.0), Some(a.0), None, None]),
            Op::DivPublic { dst, a, b } => {
                (tag::DIV_PUBLIC, [Some(dst.0), Some(a.0), Some(b.0), None])
            }
            Op::Rank { dst, a, order } => {
                let tag = by_order(order, tag::RANK_ASCENDING, tag::RANK_DESCENDING);
                (tag, [Some(dst.0), Some(a.0), None, None])
            }
            Op::Compare {
                dst,
                relation,
                a,
                b,
            } => {
                let tag = match relation {
                    Relation::Less => tag::LESS,
                    Relation::Equal => tag::EQUAL,
                    Relation::Greater => tag::GREATER,
                };
                (tag, [Some(dst.0), Some(a.0), Some(b.0), None])
            }
            Op::ComparePublic {
                dst,
                relation,
                a,
                b,
            } => {
                let tag = match relation {
                    Relation::Less => tag::LESS_PUBLIC,
                    Relation::Equal => tag::EQUAL_PUBLIC,
                    Relation::Greater => tag::GREATER_PUBLIC,
                };
                (tag, [Some(dst.0), Some(a.0), Some(b.0), None])
            }
            Op::First { dst, a, order } => {
                let tag = by_order(order, tag::FIRST_ASCENDING, tag::FIRST_DESCENDING);
                (tag, [Some(dst.0), Some(a.0), None, None])
            }
            Op::FirstMember { dst, a, order } => {
                let (up, down) = (tag::FIRST_MEMBER_ASCENDING, tag::FIRST_MEMBER_DESCENDING);
                (
                    by_order(order, up, down),
                    [Some(dst.0), Some(a.0), None, None],
                )
            }
            Op::Div { dst, a, b } => (tag::DIV, [Some(dst.0), Some(a.0), Some(b.0), None]),
            Op::SquareRoot { dst, a } => (tag::SQUARE_ROOT, [Some(dst.0), Some(a.0), None, None]),
            Op::Select {
                dst,
                bit,
                then,
                otherwise,
            } => {
                let operands = [dst, bit, then, otherwise].map(|register| Some(register.0));
                (tag::SELECT, operands)
            }
            Op::Quantile { dst, a, place } => {
                (tag::QUANTILE, [Some(dst.0), Some(a.0), Some(place.0), None])
            }
            Op::Out { reveal, src } => (tag::OUT, [Some(reveal), Some(src.0), None, None]),
        };
        self.byte(tag);
        operands
            .into_iter()
            .flatten()
            .for_each(|operand| self.number(operand.into()));
    }
}
