//! The golden vectors of `testdata`, which a script recomputes with Python integers.

use enigma_field::interpolation::{GrrDealing, prss_coefficients};
use enigma_field::{
    Committee, Error, Field, K, M61, M127, Party, PrimeField, decode_slice, dot, shamir,
};
use rand_chacha::ChaCha20Rng;
use rand_core::SeedableRng;
use serde::Deserialize;

fn read<T: serde::de::DeserializeOwned>(text: &str) -> T {
    serde_json::from_str(text).expect("the golden file has the expected form")
}

fn bytes(digits: &str) -> Vec<u8> {
    hex::decode(digits).expect("hexadecimal")
}

/// Lists that end in the middle of an element or hold a non-canonical one.
fn check_refused_lists<F: Field>(cases: &[Refused]) {
    for case in cases {
        let list = bytes(&case.bytes);
        let error = match case.index {
            Some(index) => Error::NonCanonical { index },
            None => Error::Length {
                expected: F::BYTES,
                found: list.len(),
            },
        };
        assert_eq!(decode_slice::<F>(&list), Err(error), "{}", case.why);
    }
}

fn element(decimal: &str) -> M61 {
    let integer = decimal.parse().expect("a decimal number");
    M61::from_canonical(integer).expect("below p")
}

fn elements(decimals: &[String]) -> Vec<M61> {
    decimals.iter().map(|decimal| element(decimal)).collect()
}

#[derive(Deserialize)]
struct Refused {
    why: String,
    bytes: String,
    index: Option<usize>,
}

#[derive(Deserialize)]
struct M61File {
    modulus: String,
    operations: Vec<M61Operation>,
    signed: Vec<Signed>,
    dot: Dot,
    words: Vec<Word>,
    refused_encodings: Vec<Refused>,
    refused_lists: Vec<Refused>,
}

#[derive(Deserialize)]
struct M61Operation {
    a: String,
    b: String,
    sum: String,
    difference: String,
    product: String,
    inverse: Option<String>,
    root_power: String,
    encoding: String,
}

#[derive(Deserialize)]
struct Signed {
    integer: String,
    element: String,
}

#[derive(Deserialize)]
struct Dot {
    left: Vec<String>,
    right: Vec<String>,
    result: String,
}

#[derive(Deserialize)]
struct Word {
    word: String,
    element: String,
}

#[test]
fn m61_vectors() {
    let file: M61File = read(include_str!("../../../testdata/m61.json"));
    assert_eq!(file.modulus, M61::MODULUS.to_string());
    assert!(file.operations.len() > 80 && file.signed.len() > 5 && file.words.len() > 5);
    for case in &file.operations {
        let (a, b) = (element(&case.a), element(&case.b));
        assert_eq!(a + b, element(&case.sum), "{a} + {b}");
        assert_eq!(a - b, element(&case.difference), "{a} - {b}");
        assert_eq!(a * b, element(&case.product), "{a} * {b}");
        assert_eq!(a.inverse(), case.inverse.as_deref().map(element), "1 / {a}");
        assert_eq!(a.sqrt_inverse_candidate(), element(&case.root_power), "{a}");
        assert_eq!(a.to_bytes()[..], bytes(&case.encoding)[..]);
        assert_eq!(M61::read_from(&bytes(&case.encoding)), Some(a));
    }
    for case in &file.signed {
        let integer = case.integer.parse().expect("a signed number");
        assert_eq!(M61::from_i64(integer), element(&case.element), "{integer}");
    }
    for case in &file.words {
        let word = case.word.parse().expect("a word");
        assert_eq!(
            M61::from_random_word(word),
            element(&case.element),
            "{word}"
        );
    }
    let (left, right) = (elements(&file.dot.left), elements(&file.dot.right));
    assert_eq!(dot(&left, &right), element(&file.dot.result));
    for case in &file.refused_encodings {
        assert_eq!(M61::read_from(&bytes(&case.bytes)), None, "{}", case.why);
    }
    check_refused_lists::<M61>(&file.refused_lists);
}

#[derive(Deserialize)]
struct M127File {
    modulus: String,
    half: String,
    operations: Vec<M127Operation>,
    signed: Vec<Signed>,
    dot: Dot,
    wide: Vec<Halves>,
    words: Vec<Halves>,
    refused_encodings: Vec<Refused>,
    refused_lists: Vec<Refused>,
}

#[derive(Deserialize)]
struct M127Operation {
    a: String,
    b: String,
    sum: String,
    difference: String,
    product: String,
    inverse: Option<String>,
    root: Option<String>,
    root_power: String,
    encoding: String,
}

#[derive(Deserialize)]
struct Halves {
    low: String,
    high: String,
    element: String,
}

#[test]
fn m127_vectors() {
    let file: M127File = read(include_str!("../../../testdata/m127.json"));
    let element = |decimal: &str| {
        let integer = decimal.parse().expect("a decimal number");
        M127::from_canonical(integer).expect("below p")
    };
    assert_eq!(file.modulus, M127::MODULUS.to_string());
    assert_eq!(M127::HALF, element(&file.half));
    assert!(file.operations.len() > 80 && file.wide.len() > 5 && file.words.len() > 5);
    for case in &file.operations {
        let (a, b) = (element(&case.a), element(&case.b));
        assert_eq!(a + b, element(&case.sum), "{a} + {b}");
        assert_eq!(a - b, element(&case.difference), "{a} - {b}");
        assert_eq!(a * b, element(&case.product), "{a} * {b}");
        assert_eq!(a.inverse(), case.inverse.as_deref().map(element), "1 / {a}");
        let root = case.root.as_deref().map(element);
        assert_eq!(a.sqrt(), root, "root of {a}");
        assert!(root.is_none_or(|root| root == a.sqrt_candidate()), "{a}");
        assert_eq!(a.sqrt_inverse_candidate(), element(&case.root_power), "{a}");
        assert_eq!(a.to_bytes()[..], bytes(&case.encoding)[..]);
        assert_eq!(M127::read_from(&bytes(&case.encoding)), Some(a));
    }
    for case in &file.signed {
        let integer = case.integer.parse().expect("a signed number");
        assert_eq!(
            M127::from_i128(integer),
            element(&case.element),
            "{integer}"
        );
    }
    for case in &file.wide {
        let [low, high] = [&case.low, &case.high].map(|half| half.parse().expect("128 bits"));
        let reduced = M127::reduce_wide(low, high);
        assert_eq!(reduced, element(&case.element), "{low} {high}");
    }
    for case in &file.words {
        let words = [&case.low, &case.high].map(|word| word.parse().expect("a word"));
        let drawn = <M127 as PrimeField>::from_random_words(&words);
        assert_eq!(drawn, element(&case.element), "{words:?}");
    }
    let vector = |list: &[String]| -> Vec<M127> { list.iter().map(|x| element(x)).collect() };
    let (left, right) = (vector(&file.dot.left), vector(&file.dot.right));
    assert_eq!(M127::dot(&left, &right), element(&file.dot.result));
    for case in &file.refused_encodings {
        assert_eq!(M127::read_from(&bytes(&case.bytes)), None, "{}", case.why);
    }
    check_refused_lists::<M127>(&file.refused_lists);
}

#[derive(Deserialize)]
struct KFile {
    operations: Vec<KOperation>,
    refused_encodings: Vec<Refused>,
}

#[derive(Deserialize)]
struct KOperation {
    a: String,
    b: String,
    sum: String,
    product: String,
    inverse: Option<String>,
}

#[test]
fn k_vectors() {
    let file: KFile = read(include_str!("../../../testdata/k.json"));
    assert!(file.operations.len() > 60);
    let k = |digits: &str| K::read_from(&bytes(digits)).expect("canonical");
    for case in &file.operations {
        let (a, b) = (k(&case.a), k(&case.b));
        assert_eq!(a + b, k(&case.sum));
        assert_eq!(a * b, k(&case.product));
        assert_eq!(a.inverse(), case.inverse.as_deref().map(k));
        assert_eq!(a.to_bytes()[..], bytes(&case.a)[..]);
    }
    for case in &file.refused_encodings {
        assert_eq!(K::read_from(&bytes(&case.bytes)), None, "{}", case.why);
    }
}

#[derive(Deserialize)]
struct SharingFile {
    committees: Vec<CommitteeCase>,
}

#[derive(Deserialize)]
struct CommitteeCase {
    n: u8,
    lambda: Vec<String>,
    prss: Vec<Vec<PrssCase>>,
    grr: Vec<GrrCase>,
    seed: String,
    secret: String,
    shares: Vec<String>,
    refused_shares: Vec<RefusedShares>,
}

#[derive(Deserialize)]
struct PrssCase {
    set: u32,
    coefficient: String,
}

#[derive(Deserialize)]
struct GrrCase {
    derived: Vec<u8>,
    computed: Vec<u8>,
    matrix: Vec<Vec<String>>,
}

#[derive(Deserialize)]
struct RefusedShares {
    why: String,
    shares: Vec<String>,
}

#[test]
fn sharing_vectors() {
    let file: SharingFile = read(include_str!("../../../testdata/sharing.json"));
    assert_eq!(
        file.committees
            .iter()
            .map(|case| case.n)
            .collect::<Vec<_>>(),
        [3, 5, 7]
    );
    for case in &file.committees {
        let committee = Committee::new(case.n).expect("odd");
        assert_eq!(committee.lambdas::<M61>(), elements(&case.lambda));
        for party in committee.parties() {
            let own: Vec<_> = prss_coefficients(&committee, party)
                .expect("small")
                .into_iter()
                .map(|(set, coefficient)| (set.bits(), coefficient))
                .collect();
            let expected: Vec<_> = case.prss[party.index()]
                .iter()
                .map(|entry| (entry.set, element(&entry.coefficient)))
                .collect();
            assert_eq!(own, expected);
            let dealing = GrrDealing::new(&committee, party);
            let numbers = |parties: &[Party]| -> Vec<u8> {
                parties.iter().map(|party| party.number()).collect()
            };
            let expected = &case.grr[party.index()];
            assert_eq!(numbers(&dealing.derived), expected.derived);
            assert_eq!(numbers(&dealing.computed), expected.computed);
            let rows: Vec<Vec<M61>> = dealing.matrix.rows().map(<[M61]>::to_vec).collect();
            let expected: Vec<Vec<M61>> = expected.matrix.iter().map(|row| elements(row)).collect();
            assert_eq!(rows, expected);
        }
        let seed: [u8; 32] = bytes(&case.seed).try_into().expect("32 bytes");
        let secret = element(&case.secret);
        let shares = shamir::share(secret, &committee, &mut ChaCha20Rng::from_seed(seed));
        assert_eq!(shares, elements(&case.shares));
        assert_eq!(shamir::reconstruct_checked(&committee, &shares), Ok(secret));
        for refused in &case.refused_shares {
            let verdict = shamir::reconstruct_checked(&committee, &elements(&refused.shares));
            assert_eq!(verdict, Err(Error::Inconsistent), "{}", refused.why);
        }
    }
}
