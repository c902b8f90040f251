//! Form: one encoding per contract, and no bytes that make the decoder fail in another way than by
//! an error.

use crate::common::{auction, survey, two_groups};
use enigma_bytecode::container::{DecodeError, MAX_BYTES, decode, encode, manifest_hash};
use enigma_bytecode::model::{
    Allow, C, Collection, Contract, Entry, Group, Kind, Op, Order, Profile, PublicOp, Recipient,
    Relation, Reveal, S, Shape,
};
use proptest::collection::vec;
use proptest::prelude::*;

/// Pin the format: a change of these bytes is a new format, with another magic number.
const SURVEY: &str = include_str!("golden/survey.hex");
const AUCTION: &str = include_str!("golden/auction.hex");

#[test]
fn the_format_is_pinned() {
    for (contract, golden) in [(survey(), SURVEY), (auction(), AUCTION)] {
        let bytes = encode(&contract);
        let hex: String = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
        assert_eq!(hex, golden.split_whitespace().collect::<String>());
        assert_eq!(decode(&bytes), Ok(contract));
    }
}

#[test]
fn malformed_bytes_say_what_is_wrong() {
    let good = encode(&survey());
    let changed = |at: usize, byte: u8| {
        let mut bytes = good.clone();
        bytes[at] = byte;
        decode(&bytes)
    };
    assert_eq!(decode(b""), Err(DecodeError::BadMagic));
    assert_eq!(decode(b"ENB2"), Err(DecodeError::Truncated { at: 4 }));
    assert_eq!(changed(3, b'1'), Err(DecodeError::BadMagic));
    assert_eq!(
        changed(4, 9),
        Err(DecodeError::UnknownProfile { profile: 9 })
    );
    // The empty section of types has a byte.
    assert_eq!(changed(5, 1), Err(DecodeError::Trailing { at: 6 }));
    // The name of the contract begins with a digit.
    assert_eq!(changed(8, b'1'), Err(DecodeError::BadName { at: 7 }));
    let mut longer = good.clone();
    longer.push(0);
    assert_eq!(
        decode(&longer),
        Err(DecodeError::Trailing { at: good.len() })
    );
    assert_eq!(decode(&vec![0; MAX_BYTES + 1]), Err(DecodeError::TooLarge));
    // The last byte counts secret registers.
    assert_eq!(changed(good.len() - 1, 5), Err(DecodeError::NotCanonical));
    // `00` as two bytes, `80 00`.
    let mut padded = good.clone();
    padded.splice(5..6, [0x80, 0x00]);
    assert_eq!(decode(&padded), Err(DecodeError::BadNumber { at: 5 }));
}

#[test]
fn every_prefix_is_refused() {
    let bytes = encode(&auction());
    for end in 0..bytes.len() {
        assert!(decode(&bytes[..end]).is_err(), "{end} bytes");
    }
}

/// No change of one byte decodes to the same contract.
#[test]
fn every_changed_byte_is_refused_or_another_contract() {
    let contract = auction();
    let bytes = encode(&contract);
    for at in 0..bytes.len() {
        for bit in 0..8 {
            let mut changed = bytes.clone();
            changed[at] ^= 1 << bit;
            if let Ok(other) = decode(&changed) {
                assert_ne!(other, contract, "byte {at}");
                assert_eq!(encode(&other), changed);
            }
        }
    }
}

#[test]
fn the_manifest_hash_covers_the_manifest_alone() {
    let mut renamed = survey();
    renamed.name = "Other".to_owned();
    assert_eq!(manifest_hash(&renamed), manifest_hash(&survey()));
    let mut wider = survey();
    wider.manifest[0].sources[0].1 = Shape::Aggregate(4);
    assert_ne!(manifest_hash(&wider), manifest_hash(&survey()));
}

fn name() -> impl Strategy<Value = String> {
    "[A-Za-z_][A-Za-z0-9_]{0,20}"
}

fn shape() -> impl Strategy<Value = Shape> {
    prop_oneof![
        any::<u32>().prop_map(Shape::Aggregate),
        Just(Shape::Member),
        Just(Shape::PerOwner),
        Just(Shape::Any)
    ]
}

fn recipient() -> impl Strategy<Value = Recipient> {
    prop_oneof![
        any::<u16>().prop_map(Recipient::EachOf),
        any::<u16>().prop_map(Recipient::OwnerOf),
        any::<u16>().prop_map(Recipient::Party)
    ]
}

fn kind() -> impl Strategy<Value = Kind> {
    prop_oneof![
        Just(Kind::Integer),
        Just(Kind::Bool),
        any::<u16>().prop_map(Kind::MemberOf)
    ]
}

fn op() -> impl Strategy<Value = Op> {
    let order = prop_oneof![Just(Order::Ascending), Just(Order::Descending)];
    let public = prop_oneof![
        Just(PublicOp::Add),
        Just(PublicOp::Sub),
        Just(PublicOp::Mul),
        Just(PublicOp::Div)
    ];
    let relation = prop_oneof![
        Just(Relation::Less),
        Just(Relation::Equal),
        Just(Relation::Greater)
    ];
    (
        0..20,
        any::<[u16; 3]>(),
        any::<i64>(),
        order,
        public,
        relation,
    )
        .prop_map(
            |(which, [x, y, z], value, order, op, relation)| match which {
                0 => Op::Const { dst: C(x), value },
                1 => Op::Rows {
                    dst: C(x),
                    collection: y,
                },
                2 => Op::Public {
                    dst: C(x),
                    op,
                    a: C(y),
                    b: C(z),
                },
                3 => Op::Input {
                    dst: S(x),
                    collection: y,
                },
                4 => Op::Add {
                    dst: S(x),
                    a: S(y),
                    b: S(z),
                },
                5 => Op::Sub {
                    dst: S(x),
                    a: S(y),
                    b: S(z),
                },
                6 => Op::AddPublic {
                    dst: S(x),
                    a: S(y),
                    b: C(z),
                },
                7 => Op::MulPublic {
                    dst: S(x),
                    a: S(y),
                    b: C(z),
                },
                8 => Op::Mul {
                    dst: S(x),
                    a: S(y),
                    b: S(z),
                },
                9 => Op::DivPublic {
                    dst: S(x),
                    a: S(y),
                    b: C(z),
                },
                10 => Op::Rank {
                    dst: S(x),
                    a: S(y),
                    order,
                },
                11 => Op::Compare {
                    dst: S(x),
                    relation,
                    a: S(y),
                    b: S(z),
                },
                12 => Op::ComparePublic {
                    dst: S(x),
                    relation,
                    a: S(y),
                    b: C(z),
                },
                13 => Op::First {
                    dst: S(x),
                    a: S(y),
                    order,
                },
                14 => Op::FirstMember {
                    dst: S(x),
                    a: S(y),
                    order,
                },
                15 => Op::Div {
                    dst: S(x),
                    a: S(y),
                    b: S(z),
                },
                16 => Op::SquareRoot { dst: S(x), a: S(y) },
                17 => Op::Select {
                    dst: S(x),
                    bit: S(y),
                    then: S(z),
                    otherwise: S(x ^ z),
                },
                18 => Op::Quantile {
                    dst: S(x),
                    a: S(y),
                    place: C(z),
                },
                _ => Op::Out {
                    reveal: x,
                    src: S(y),
                },
            },
        )
}

fn contract() -> impl Strategy<Value = Contract> {
    let group =
        (name(), any::<u32>(), any::<u32>()).prop_map(|(name, min, max)| Group { name, min, max });
    let allow = (shape(), vec(recipient(), 0..3))
        .prop_map(|(shape, recipients)| Allow { shape, recipients });
    let collection = (
        name(),
        any::<u16>(),
        kind(),
        any::<i64>(),
        any::<i64>(),
        vec(allow, 0..3),
    )
        .prop_map(|(name, group, kind, low, high, allows)| Collection {
            name,
            group,
            kind,
            low,
            high,
            allows,
        });
    let reveal = (
        name(),
        any::<u16>(),
        recipient(),
        kind(),
        vec((any::<u16>(), shape()), 0..3),
        vec((any::<u16>(), any::<u32>()), 0..3),
    )
        .prop_map(
            |(name, entry, recipient, kind, sources, min_groups)| Reveal {
                name,
                entry,
                recipient,
                kind,
                sources,
                min_groups,
            },
        );
    let entry = (name(), vec(op(), 0..20)).prop_map(|(name, code)| Entry { name, code });
    let parts = (
        name(),
        any::<u32>(),
        vec(group, 0..3),
        vec(name(), 0..3),
        vec(collection, 0..3),
        vec(reveal, 0..3),
        vec(entry, 0..3),
    );
    parts.prop_map(
        |(name, version, groups, parties, collections, manifest, entries)| Contract {
            name,
            version,
            profile: Profile::ShamirM61V1,
            groups,
            parties,
            collections,
            manifest,
            entries,
        },
    )
}

proptest! {
    #[test]
    fn what_is_encoded_decodes(contract in contract()) {
        prop_assert_eq!(decode(&encode(&contract)), Ok(contract));
    }

    #[test]
    fn any_bytes_decode_to_their_own_contract_or_an_error(
        mut bytes in vec(any::<u8>(), 0..200),
        prefix in 0_usize..120,
    ) {
        let good = encode(&two_groups());
        let mut spliced = good[..prefix.min(good.len())].to_vec();
        spliced.append(&mut bytes);
        if let Ok(contract) = decode(&spliced) {
            prop_assert_eq!(encode(&contract), spliced);
        }
    }

    #[test]
    fn verification_never_panics(contract in contract()) {
        let _ = enigma_bytecode::verify::verify(&contract);
        let _ = enigma_bytecode::disasm::disassemble(&contract);
        let _ = enigma_bytecode::interface::to_json(&contract);
    }
}
