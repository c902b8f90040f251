//! Form: one encoding per contract, and no bytes that make the decoder fail in another way than by
//! an error.

use crate::common::{auction, club, market, survey, two_groups};
use crate::random::contract;
use enigma_bytecode::container::{
    DecodeError, MAX_BYTES, MAX_NAME, decode, encode, is_path, manifest_hash,
};
use enigma_bytecode::disasm::disassemble;
use enigma_bytecode::interface::{Interface, to_json};
use enigma_bytecode::model::Shape;
use proptest::collection::vec;
use proptest::prelude::*;

/// Pin the format: a change of these bytes is a new format, with another magic number.
const SURVEY: &str = include_str!("golden/survey.hex");
const AUCTION: &str = include_str!("golden/auction.hex");
const MARKET: &str = include_str!("golden/market.hex");
const CLUB: &str = include_str!("golden/club.hex");

#[test]
fn the_format_is_pinned() {
    let pinned = [
        (survey(), SURVEY),
        (auction(), AUCTION),
        (market(), MARKET),
        (club(), CLUB),
    ];
    for (contract, golden) in pinned {
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
    assert_eq!(decode(b"ENB8"), Err(DecodeError::Truncated { at: 4 }));
    assert_eq!(changed(3, b'2'), Err(DecodeError::BadMagic));
    assert_eq!(
        changed(4, 9),
        Err(DecodeError::UnknownProfile { profile: 9 })
    );
    // The section of types, no enumerations, has a byte too many.
    assert_eq!(changed(5, 2), Err(DecodeError::Trailing { at: 7 }));
    // Two enumerations have no place in it.
    assert_eq!(changed(6, 2), Err(DecodeError::Truncated { at: 6 }));
    // The name of the contract begins with a digit.
    assert_eq!(changed(9, b'1'), Err(DecodeError::BadName { at: 8 }));
    let mut longer = good.clone();
    longer.push(0);
    assert_eq!(
        decode(&longer),
        Err(DecodeError::Trailing { at: good.len() })
    );
    assert_eq!(decode(&vec![0; MAX_BYTES + 1]), Err(DecodeError::TooLarge));
    // The last byte counts secret registers.
    assert_eq!(changed(good.len() - 1, 5), Err(DecodeError::NotCanonical));
    // `01` as two bytes, `81 00`.
    let mut padded = good.clone();
    padded.splice(5..6, [0x81, 0x00]);
    assert_eq!(decode(&padded), Err(DecodeError::BadNumber { at: 5 }));
}

/// The code of [`survey`] is its last part but for two register counts, and ends with `OUT`, its reveal, one
/// value, no counts and nothing public.
#[test]
fn unknown_tags_are_named() {
    let good = encode(&survey());
    let limits = 3;
    let out = good.len() - limits - 6;
    assert_eq!(good[out..good.len() - limits], [32, 1, 1, 3, 0, 0]);
    let mut unknown = good.clone();
    unknown[out] = 250;
    let error = decode(&unknown).expect_err("no operation has this tag");
    assert_eq!(
        error,
        DecodeError::BadTag {
            choice: "operation",
            tag: 250,
            at: out
        }
    );
    assert_eq!(
        error.to_string(),
        format!("unknown operation 250 at byte {out}")
    );
    let mut neither = good;
    neither[out + 5] = 2;
    assert_eq!(
        decode(&neither),
        Err(DecodeError::BadTag {
            choice: "truth value",
            tag: 2,
            at: out + 5
        })
    );
}

/// A length that does not fit into what is left is refused before anything is read for it.
#[test]
fn lengths_are_bounded_by_what_is_there() {
    let mut long = encode(&survey());
    // 2^63 enumerations in a section of ten bytes.
    long.splice(5..7, [10].into_iter().chain([0x80; 9]).chain([1]));
    assert_eq!(decode(&long), Err(DecodeError::Truncated { at: 6 }));
}

#[test]
fn ways_to_columns_are_names_and_places() {
    let long = "x".repeat(MAX_NAME);
    for good in [
        "",
        "age",
        "face.0",
        "0",
        "a.12.b_c",
        &long,
        &format!("{long}.7"),
    ] {
        assert!(is_path(good), "{good}");
    }
    for bad in [
        ".",
        "a.",
        ".a",
        "a..b",
        "1a",
        "a b",
        "a.1b",
        "ä",
        &format!("{long}x"),
    ] {
        assert!(!is_path(bad), "{bad}");
    }
}

#[test]
fn every_prefix_is_refused() {
    for contract in [auction(), market()] {
        let bytes = encode(&contract);
        for end in 0..bytes.len() {
            assert!(decode(&bytes[..end]).is_err(), "{end} bytes");
        }
    }
}

/// No change of one byte decodes to the same contract.
#[test]
fn every_changed_byte_is_refused_or_another_contract() {
    for contract in [auction(), market()] {
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

proptest! {
    #[test]
    fn what_is_encoded_decodes(contract in contract()) {
        prop_assert_eq!(decode(&encode(&contract)), Ok(contract));
    }

    #[test]
    fn any_bytes_decode_to_their_own_contract_or_an_error(
        mut bytes in vec(any::<u8>(), 0..200),
        prefix in 0_usize..400,
        long in any::<bool>(),
    ) {
        let good = encode(&if long { market() } else { two_groups() });
        let mut spliced = good[..prefix.min(good.len())].to_vec();
        spliced.append(&mut bytes);
        if let Ok(contract) = decode(&spliced) {
            prop_assert_eq!(encode(&contract), spliced);
        }
    }

    /// Some bytes of a random contract are others: whatever decodes is what was decoded.
    #[test]
    fn mutations_decode_to_their_own_contract_or_an_error(
        contract in contract(),
        changes in vec((any::<prop::sample::Index>(), any::<u8>()), 1..4),
    ) {
        let mut bytes = encode(&contract);
        for (at, byte) in changes {
            let at = at.index(bytes.len());
            bytes[at] = byte;
        }
        if let Ok(other) = decode(&bytes) {
            prop_assert_eq!(encode(&other), bytes);
        }
    }

    #[test]
    fn any_contract_can_be_shown(contract in contract()) {
        let listing = disassemble(&contract);
        for entry in &contract.entries {
            prop_assert!(listing.lines().count() > entry.code.len());
        }
        let shown: Interface = serde_json::from_str(&to_json(&contract)).expect("an interface");
        prop_assert_eq!(shown, Interface::of(&contract));
    }
}
