//! Random contracts that are well-formed as data and mostly wrong otherwise: every operation, declaration
//! and choice occurs.

use enigma_bytecode::model::{
    Allow, BitOp, Blur, Budget, C, Collection, Column, Contract, Entry, Enum, Group, Kind, Known,
    Noise, Op, Order, Param, Profile, Provider, PublicOp, Recipient, Relation, Reveal, Role,
    RowCount, S, Shape, Slot, Source, Store, Width,
};
use proptest::collection::vec;
use proptest::option;
use proptest::prelude::*;

fn name() -> impl Strategy<Value = String> {
    "[A-Za-z_][A-Za-z0-9_]{0,20}"
}

fn path() -> impl Strategy<Value = String> {
    prop_oneof![
        Just(String::new()),
        "[a-z_]{1,5}(\\.[0-9]{1,3}|\\.[a-z]{1,5}){0,3}"
    ]
}

fn shape() -> impl Strategy<Value = Shape> {
    prop_oneof![
        any::<u32>().prop_map(Shape::Aggregate),
        Just(Shape::Member),
        Just(Shape::Bit),
        Just(Shape::PerOwner),
        Just(Shape::Any)
    ]
}

fn recipient() -> impl Strategy<Value = Recipient> {
    prop_oneof![
        any::<u16>().prop_map(Recipient::EachOf),
        any::<u16>().prop_map(Recipient::OwnerOf),
        any::<u16>().prop_map(Recipient::Party),
        Just(Recipient::Caller),
        Just(Recipient::Public)
    ]
}

fn kind() -> impl Strategy<Value = Kind> {
    prop_oneof![
        Just(Kind::Integer),
        Just(Kind::Bool),
        any::<u8>().prop_map(Kind::Fixed),
        any::<u16>().prop_map(Kind::Enum),
        any::<u32>().prop_map(Kind::Bytes),
        Just(Kind::Limb),
        Just(Kind::Account),
        any::<u16>().prop_map(Kind::MemberOf)
    ]
}

fn source() -> impl Strategy<Value = Source> {
    prop_oneof![
        any::<u16>().prop_map(Source::Collection),
        any::<u16>().prop_map(Source::Slot),
        any::<u16>().prop_map(Source::Param)
    ]
}

fn noise() -> impl Strategy<Value = Noise> {
    prop_oneof![
        any::<u64>().prop_map(|decay| Noise::Laplace { decay }),
        (any::<u8>(), any::<u64>())
            .prop_map(|(steps, decay)| Noise::Gaussian(Width { steps, decay }))
    ]
}

fn blur() -> impl Strategy<Value = Blur> {
    let numbers = (any::<u64>(), any::<u64>());
    (noise(), option::of(noise()), numbers).prop_map(|(values, counts, (epsilon, delta))| Blur {
        values,
        counts,
        epsilon,
        delta,
    })
}

fn known() -> impl Strategy<Value = Known> {
    prop_oneof![
        any::<i64>().prop_map(Known::Number),
        vec(any::<u8>(), 0..40).prop_map(Known::Bytes)
    ]
}

fn column() -> impl Strategy<Value = Column> {
    (path(), kind(), any::<i64>(), any::<i64>()).prop_map(|(name, kind, low, high)| Column {
        name,
        kind,
        low,
        high,
    })
}

fn columns() -> impl Strategy<Value = Vec<Column>> {
    vec(column(), 0..3)
}

fn allows() -> impl Strategy<Value = Vec<Allow>> {
    let allow = (shape(), vec(recipient(), 0..3))
        .prop_map(|(shape, recipients)| Allow { shape, recipients });
    vec(allow, 0..3)
}

fn collection() -> impl Strategy<Value = Collection> {
    let provider = prop_oneof![
        any::<u16>().prop_map(Provider::Each),
        any::<u16>().prop_map(Provider::Party)
    ];
    let rows = prop_oneof![Just(RowCount::One), any::<u32>().prop_map(RowCount::UpTo)];
    (
        name(),
        provider,
        rows,
        columns(),
        allows(),
        option::of(code()),
    )
        .prop_map(
            |(name, provider, rows, columns, allows, check)| Collection {
                name,
                provider,
                rows,
                columns,
                allows,
                check,
            },
        )
}

fn slot() -> impl Strategy<Value = Slot> {
    let store = prop_oneof![Just(Store::Ledger), Just(Store::Secret), Just(Store::Dht)];
    let flags = (option::of(column()), any::<bool>());
    let (initial, access) = (vec(known(), 0..3), option::of(code()));
    (name(), store, flags, columns(), initial, allows(), access).prop_map(
        |(name, store, (key, accumulator), columns, initial, allows, access)| Slot {
            name,
            store,
            key,
            accumulator,
            columns,
            initial,
            allows,
            access,
        },
    )
}

fn reveal() -> impl Strategy<Value = Reveal> {
    (
        (name(), any::<u16>(), vec(recipient(), 0..3), columns()),
        vec((source(), shape()), 0..3),
        vec((any::<u16>(), any::<u32>()), 0..3),
        option::of(any::<u32>()),
        option::of(blur()),
    )
        .prop_map(
            |((name, entry, recipients, columns), sources, min_groups, hidden_below, noise)| {
                Reveal {
                    name,
                    entry,
                    recipients,
                    columns,
                    sources,
                    min_groups,
                    hidden_below,
                    noise,
                }
            },
        )
}

fn entry() -> impl Strategy<Value = Entry> {
    let by = prop_oneof![
        any::<u16>().prop_map(Role::Party),
        any::<u16>().prop_map(Role::Member)
    ];
    let param = (name(), any::<bool>(), columns()).prop_map(|(name, private, columns)| Param {
        name,
        private,
        columns,
    });
    (name(), option::of(by), vec(param, 0..3), code()).prop_map(|(name, by, params, code)| Entry {
        name,
        by,
        params,
        code,
    })
}

fn code() -> impl Strategy<Value = Vec<Op>> {
    vec(op(), 0..30)
}

fn budget() -> impl Strategy<Value = Budget> {
    let total = || option::of(any::<u64>());
    (total(), total(), option::of(any::<u32>())).prop_map(
        |(epsilon_total, delta_total, runs_per_input)| Budget {
            epsilon_total,
            delta_total,
            runs_per_input,
        },
    )
}

/// Any contract that has an encoding.
pub(crate) fn contract() -> impl Strategy<Value = Contract> {
    let group = (name(), any::<u32>(), any::<u32>(), option::of(code())).prop_map(
        |(name, min, max, admit)| Group {
            name,
            min,
            max,
            admit,
        },
    );
    let one = (name(), vec(name(), 0..4)).prop_map(|(name, variants)| Enum { name, variants });
    let profile = prop_oneof![Just(Profile::ShamirM61V1), Just(Profile::ShamirM127V1)];
    (
        (name(), any::<u32>(), profile),
        (vec(group, 0..3), vec(name(), 0..3), vec(one, 0..3)),
        (
            vec(collection(), 0..3),
            vec(slot(), 0..3),
            option::of(budget()),
        ),
        vec(reveal(), 0..3),
        vec(entry(), 0..3),
    )
        .prop_map(
            |(
                (name, version, profile),
                (groups, parties, enums),
                (collections, slots, budget),
                manifest,
                entries,
            )| Contract {
                name,
                version,
                profile,
                groups,
                parties,
                enums,
                collections,
                slots,
                budget,
                manifest,
                entries,
            },
        )
}

/// What operations are made of.
#[derive(Clone, Debug)]
struct Parts {
    /// Registers and indices.
    x: [u16; 6],
    /// Registers in lists.
    lists: [Vec<S>; 4],
    bounds: Vec<i64>,
    value: i64,
    len: u32,
    end: u64,
    bits: u8,
    bytes: Vec<u8>,
    why: String,
    is_some: bool,
    order: Order,
    public: PublicOp,
    relation: Relation,
}

fn parts() -> impl Strategy<Value = Parts> {
    let order = prop_oneof![Just(Order::Ascending), Just(Order::Descending)];
    let public = prop_oneof![
        Just(PublicOp::Add),
        Just(PublicOp::Sub),
        Just(PublicOp::Mul),
        Just(PublicOp::Div),
        Just(PublicOp::Rem),
        Just(PublicOp::Smaller),
        Just(PublicOp::Larger),
        Just(PublicOp::Less),
        Just(PublicOp::Equal)
    ];
    let relation = prop_oneof![
        Just(Relation::Less),
        Just(Relation::Equal),
        Just(Relation::Greater)
    ];
    let list = || vec(any::<u16>().prop_map(S), 0..4);
    (
        any::<[u16; 6]>(),
        [list(), list(), list(), list()],
        (vec(any::<i64>(), 0..4), any::<i64>(), any::<u32>()),
        (any::<u64>(), any::<u8>(), vec(any::<u8>(), 0..40)),
        ("\\PC{0,20}", any::<bool>()),
        (order, public, relation),
    )
        .prop_map(
            |(
                x,
                lists,
                (bounds, value, len),
                (end, bits, bytes),
                (why, is_some),
                (order, public, relation),
            )| Parts {
                x,
                lists,
                bounds,
                value,
                len,
                end,
                bits,
                bytes,
                why,
                is_some,
                order,
                public,
                relation,
            },
        )
}

/// How many kinds of operations [`op`] makes.
const OPS: u8 = 75;

pub(crate) fn op() -> impl Strategy<Value = Op> {
    (0..OPS, parts()).prop_map(|(which, parts)| match which {
        0..20 => public_op(which, parts),
        20..44 => arithmetic_op(which, parts),
        70.. => digits_op(which, parts),
        _ => vector_op(which, parts),
    })
}

/// The public bank, order and effects.
fn public_op(which: u8, parts: Parts) -> Op {
    let [dst, x, y, z, ..] = parts.x;
    let (dst, condition, then, otherwise) = (C(dst), C(x), C(y), C(z));
    let key = parts.is_some.then_some(otherwise);
    let (slot, column) = (x, y);
    match which {
        0 => Op::Const {
            dst,
            value: parts.value,
        },
        1 => Op::ConstBytes {
            dst,
            value: parts.bytes,
        },
        2 => Op::Rows { dst, collection: x },
        3 => Op::Param {
            dst,
            param: x,
            column,
        },
        4 => Op::Caller { dst },
        5 => Op::PartyAccount { dst, party: x },
        6 if parts.is_some => Op::Time { dst },
        6 => Op::Height { dst },
        7 if y % 2 == 0 => Op::LoadAt {
            dst,
            slot,
            column,
            key,
            height: condition,
        },
        7 => Op::Load {
            dst,
            slot,
            column,
            key,
        },
        8 => Op::Public {
            dst,
            op: parts.public,
            a: then,
            b: otherwise,
        },
        9 => Op::Choose {
            dst,
            condition,
            then,
            otherwise,
        },
        10 => Op::Require {
            condition,
            why: parts.why,
        },
        11 => Op::Pays { amount: then },
        12 => Op::Store {
            slot,
            column,
            key,
            src: dst,
        },
        13 => Op::Transfer {
            from: key,
            to: then,
            amount: condition,
        },
        14 => Op::If { condition },
        15 => Op::Else,
        16 => Op::End,
        17 => Op::EachMember { dst, group: x },
        18 => Op::Merge {
            dst: S(dst.0),
            condition,
            then: S(y),
            otherwise: S(z),
        },
        _ => Op::MergePublic {
            dst,
            condition,
            then,
            otherwise,
        },
    }
}

/// Where secrets come from and stay, arithmetic, fixed point.
fn arithmetic_op(which: u8, parts: Parts) -> Op {
    let [dst, x, column, z, ..] = parts.x;
    let (dst, a, b) = (S(dst), S(x), S(z));
    let (collection, slot, public, bits) = (x, x, C(z), parts.bits);
    match which {
        20 => Op::Input {
            dst,
            collection,
            column,
        },
        21 => Op::SecretParam {
            dst,
            param: x,
            column,
        },
        22 => Op::LoadSecret { dst, slot, column },
        23 => Op::StoreSecret {
            slot,
            column,
            src: b,
        },
        24 => Op::Accumulate {
            slot,
            column,
            src: b,
        },
        25 => Op::Hide { dst, a: public },
        26 => Op::Add { dst, a, b },
        27 => Op::Sub { dst, a, b },
        28 => Op::AddPublic { dst, a, b: public },
        29 => Op::MulPublic { dst, a, b: public },
        30 => Op::Mul { dst, a, b },
        31 => Op::Sum { dst, a },
        32 => Op::Dot { dst, a, b },
        33 => Op::DivPublic { dst, a, b: public },
        34 => Op::Div { dst, a, b },
        35 => Op::SquareRoot { dst, a },
        36 => Op::Absolute { dst, a },
        37 => Op::Smaller { dst, a, b },
        38 => Op::Larger { dst, a, b },
        39 => Op::Select {
            dst,
            bit: a,
            then: b,
            otherwise: S(column),
        },
        40 if parts.is_some => Op::RandomLike {
            dst,
            like: a,
            end: parts.end,
        },
        40 => Op::Random {
            dst,
            len: parts.len,
            end: parts.end,
        },
        41 => Op::MulFixed { dst, a, b, bits },
        42 => Op::DotFixed { dst, a, b, bits },
        _ => Op::DivFixed { dst, a, b, bits },
    }
}

/// Functions, vectors, comparisons, cells, keys, models, reveals.
fn vector_op(which: u8, parts: Parts) -> Op {
    let [dst, x, y, z, numerator, denominator] = parts.x;
    let (dst, a, b) = (S(dst), S(x), S(y));
    let (bits, order, relation, len) = (parts.bits, parts.order, parts.relation, parts.len);
    let [first, second, third, _] = parts.lists;
    match which {
        44 => Op::SquareRootFixed { dst, a, bits },
        45 => Op::Logistic { dst, a, bits },
        46 => Op::Exp { dst, a, bits },
        47 => Op::Ln { dst, a, bits },
        48 => Op::Gather { dst, parts: first },
        49 => Op::Element { dst, a, at: len },
        50 => Op::Lookup {
            dst,
            table: a,
            index: b,
        },
        51 => Op::Compare {
            dst,
            relation,
            a,
            b,
        },
        52 => Op::ComparePublic {
            dst,
            relation,
            a,
            b: C(y),
        },
        53 => Op::Rank { dst, a, order },
        54 => Op::First { dst, a, order },
        55 => Op::Second { dst, a, order },
        56 => Op::FirstMember { dst, a, order },
        57 => Op::Quantile {
            dst,
            a,
            place: C(y),
        },
        58 => Op::Histogram {
            dst,
            a,
            bounds: parts.bounds,
        },
        59 => Op::CountEach { dst, a, len },
        60 => Op::CellSum {
            dst,
            keys: b,
            a,
            len,
        },
        61 => Op::CellQuantile {
            dst,
            keys: b,
            a,
            len,
            numerator: numerator.into(),
            denominator: denominator.into(),
        },
        62 => Op::EqualKeys {
            dst,
            a: first,
            b: second,
        },
        63 => Op::Distinct { dst, keys: first },
        64 => Op::Join {
            dst,
            left: first,
            right: second,
            valid: b,
            columns: third,
        },
        65 if parts.is_some => Op::Covariance { dst, a, b, bits },
        65 if parts.bits.is_multiple_of(2) => Op::Correlation { dst, a, b, bits },
        65 => Op::MeanSquare { dst, a, bits },
        66 if parts.is_some => Op::LogisticRegression {
            dst,
            columns: first,
            y: b,
            bits,
            rate: parts.value,
            steps: len,
            most: parts.value.wrapping_neg(),
        },
        66 => Op::Regression {
            dst,
            columns: first,
            y: b,
            bits,
            ridge: parts.value,
            most: parts.value.wrapping_neg(),
        },
        67 => Op::Sort {
            dst,
            keys: b,
            order,
            columns: first,
        },
        68 if parts.is_some => Op::Top { dst, a, len },
        68 if order == Order::Ascending => Op::PrefixSums { dst, a },
        68 => Op::Shuffle {
            dst,
            columns: first,
        },
        _ => Op::Out {
            reveal: x,
            values: first,
            counts: second,
            public: parts.is_some.then_some(C(z)),
        },
    }
}

/// Numbers and their bits.
fn digits_op(which: u8, parts: Parts) -> Op {
    let [dst, x, y, ..] = parts.x;
    let (dst, a, b, bits) = (S(dst), S(x), S(y), parts.bits);
    let op = match parts.relation {
        Relation::Less => BitOp::And,
        Relation::Equal => BitOp::Or,
        Relation::Greater => BitOp::Xor,
    };
    match which {
        70 => Op::Bits {
            dst,
            a,
            width: bits,
        },
        71 => Op::Remainder { dst, a, bits },
        72 => Op::ShiftRight { dst, a, bits },
        73 => Op::Bitwise { dst, op, a, b },
        _ => Op::BitwisePublic {
            dst,
            op,
            a,
            b: C(y),
        },
    }
}
