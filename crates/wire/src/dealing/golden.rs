//! The golden dealings of `testdata`, which a script recomputes with Python integers.

use enigma_field::slice;
use rand_chacha::ChaCha20Rng;
use rand_core::SeedableRng;
use serde::Deserialize;

use super::tests::{committee, party, verdict};
use super::*;

#[derive(Deserialize)]
struct GoldenFile {
    cases: Vec<GoldenCase>,
}

#[derive(Deserialize)]
struct GoldenCase {
    n: u8,
    nodes: Vec<u32>,
    owner: Address,
    collection: u64,
    member: u32,
    revision: u32,
    epoch: u64,
    policy: Hash,
    seed: String,
    values: Vec<String>,
    root: Hash,
    first_weight: String,
    response: String,
    package_hashes: Vec<Hash>,
    #[serde(default)]
    packages: Vec<String>,
    #[serde(default)]
    shares: Vec<Vec<String>>,
    #[serde(default)]
    refused_by_party_2: Vec<GoldenRefusal>,
}

#[derive(Deserialize)]
struct GoldenRefusal {
    why: String,
    package: String,
    error: String,
}

fn elements<F: Dealt>(decimals: &[String]) -> Vec<F> {
    let parse = |text: &String| F::read_from(&text.parse::<u128>().ok()?.to_le_bytes()[..F::BYTES]);
    decimals
        .iter()
        .map(|text| parse(text).expect("an element"))
        .collect()
}

#[test]
fn golden_dealings() {
    check_golden::<M61>(include_str!("../../../../testdata/dealing.json"));
    check_golden::<M127>(include_str!("../../../../testdata/dealing_wide.json"));
}

#[derive(Deserialize)]
struct GoldenRows {
    cases: Vec<GoldenRowsCase>,
}

#[derive(Deserialize)]
struct GoldenRowsCase {
    n: u8,
    nodes: Vec<u32>,
    owner: Address,
    collection: u64,
    member: u32,
    revision: u32,
    epoch: u64,
    policy: Hash,
    seed: String,
    rows: Vec<Vec<String>>,
    root: Hash,
    package_hashes: Vec<Hash>,
    /// By party, column and row.
    shares: Vec<Vec<Vec<String>>>,
}

/// Several rows of one member are one dealing, row after row, and each party's shares of it fall into columns.
#[test]
fn golden_rows() {
    let file = include_str!("../../../../testdata/dealing_rows.json");
    let file: GoldenRows = serde_json::from_str(file).expect("the golden file has its form");
    assert_eq!(file.cases.len(), 1);
    for case in &file.cases {
        let rows = &case.rows;
        let context = Context {
            committee: committee(case.n),
            nodes: case.nodes.iter().copied().map(NodeId).collect(),
            owner: case.owner,
            subject: Subject::Rows {
                collection: CollectionId(case.collection),
                member: MemberIndex(case.member),
                revision: case.revision,
            },
            epoch: case.epoch,
            policy: case.policy,
        };
        let seed: Vec<u8> = hex::decode(&case.seed).expect("hexadecimal");
        let mut rng = ChaCha20Rng::from_seed(seed.try_into().expect("32 bytes"));
        let columns_len = rows[0].len();
        assert!(rows.len() > 1 && columns_len > 1);
        let values: Vec<M61> = elements(&rows.concat());
        let dealing = deal(&context, &values, &mut rng).expect("valid");
        assert_eq!(dealing.root, case.root);
        let expected = case.package_hashes.iter().zip(&case.shares);
        for (package, (hash, expected)) in dealing.rows.iter().zip(expected) {
            assert_eq!(Hash(*blake3::hash(&package.encode()).as_bytes()), *hash);
            let own = package.row.shares();
            let columns: Vec<Vec<M61>> = by_column(&own[..], columns_len)
                .map(Iterator::collect)
                .collect();
            let expected: Vec<Vec<M61>> = expected.iter().map(|of| elements(of)).collect();
            assert_eq!(columns, expected);
        }
    }
}

fn check_golden<F: Dealt>(file: &str) {
    let file: GoldenFile =
        serde_json::from_str(file).expect("the golden file has the expected form");
    assert_eq!(
        file.cases.iter().map(|case| case.n).collect::<Vec<_>>(),
        [3, 5, 7]
    );
    for case in &file.cases {
        let context = Context {
            committee: committee(case.n),
            nodes: case.nodes.iter().copied().map(NodeId).collect(),
            owner: case.owner,
            subject: Subject::Rows {
                collection: CollectionId(case.collection),
                member: MemberIndex(case.member),
                revision: case.revision,
            },
            epoch: case.epoch,
            policy: case.policy,
        };
        let seed: Vec<u8> = hex::decode(&case.seed).expect("hexadecimal");
        let mut rng = ChaCha20Rng::from_seed(seed.try_into().expect("32 bytes"));
        let values: Vec<F> = elements(&case.values);
        let dealing = deal(&context, &values, &mut rng).expect("valid");
        assert_eq!(dealing.root, case.root);
        let weight: F::Ext = weights(dealing.root, values.len())[0];
        let weight = slice::encode_slice(&[weight]);
        assert_eq!(hex::encode(weight), case.first_weight);
        let packages: Vec<_> = dealing.rows.iter().map(RowPackage::encode).collect();
        let hashes: Vec<_> = packages
            .iter()
            .map(|p| Hash(*blake3::hash(p).as_bytes()))
            .collect();
        assert_eq!(hashes, case.package_hashes);
        let response = slice::encode_slice(&dealing.rows[0].response);
        assert_eq!(hex::encode(response), case.response);
        for (package, expected) in packages.iter().zip(&case.packages) {
            assert_eq!(hex::encode(&package[..]), *expected);
        }
        for (package, expected) in dealing.rows.iter().zip(&case.shares) {
            assert_eq!(package.row.shares()[..], elements(expected)[..]);
        }
        for refusal in &case.refused_by_party_2 {
            let package = hex::decode(&refusal.package).expect("hexadecimal");
            let error = verdict::<F>(&context, values.len(), party(2), case.root, &package)
                .expect_err(&refusal.why);
            assert_eq!(golden_name(error), refusal.error, "{}", refusal.why);
        }
    }
    assert_eq!(
        (file.cases[0].packages.len(), file.cases[0].shares.len()),
        (3, 3)
    );
    assert!(file.cases[0].refused_by_party_2.len() > 25);
}

/// The language-neutral name under which golden files know an error.
fn golden_name(error: DealingError) -> String {
    match error {
        DealingError::Context => "context".to_owned(),
        DealingError::ValuesLen { found, .. } => format!("values {found}"),
        DealingError::Version { found } => format!("version {found}"),
        DealingError::Field { found, .. } => format!("field {found}"),
        DealingError::CommitteeSize { found, .. } => format!("committee size {found}"),
        DealingError::Party { found, .. } => format!("party {found}"),
        DealingError::RowDegree { found, .. } => format!("row degree {found}"),
        DealingError::Length { .. } => "length".to_owned(),
        DealingError::NonCanonical { section, index } => {
            format!(
                "non-canonical {} {index}",
                format!("{section:?}").to_lowercase()
            )
        }
        DealingError::PairRoot { pair: (low, high) } => format!("pair root {low} {high}"),
        DealingError::RootMismatch { .. } => "root".to_owned(),
        DealingError::CombinedCheck { coefficient } => format!("combined check {coefficient}"),
    }
}
