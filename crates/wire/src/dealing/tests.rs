//! Tests of dealing: acceptance, and refusal of every kind of wrong package by the node it is for.

use enigma_field::bivariate::triangle_len;
use enigma_field::shamir::Checker;
use proptest::prelude::*;
use rand_chacha::ChaCha20Rng;
use rand_core::SeedableRng;

use super::*;

pub(super) fn committee(n: u8) -> Committee {
    Committee::new(n).expect("odd and in range")
}

pub(super) fn party(number: u8) -> Party {
    Party::new(number).expect("in range")
}

fn context(n: u8) -> Context {
    Context {
        committee: committee(n),
        nodes: (0..u32::from(n)).map(|k| NodeId(100 - k)).collect(),
        owner: Address([0xAA; 20]),
        subject: rows(4, 2, 1),
        epoch: 9,
        policy: Hash([0xBB; 32]),
    }
}

fn values<F: Dealt>(len: usize) -> Vec<F> {
    (0..len)
        .map(|u| F::from_i64(u as i64 * 1_000_003 - 50))
        .collect()
}

fn rng(seed: u64) -> ChaCha20Rng {
    ChaCha20Rng::seed_from_u64(seed)
}

fn dealt<F: Dealt>(n: u8, values_len: usize) -> (Context, Dealing<F>) {
    let context = context(n);
    let dealing = deal(&context, &values(values_len), &mut rng(n.into())).expect("valid");
    (context, dealing)
}

/// What a node says to a package's bytes.
pub(super) fn verdict<F: Dealt>(
    context: &Context,
    values_len: usize,
    party: Party,
    root: Hash,
    bytes: &[u8],
) -> Result<Row<F>, DealingError> {
    RowPackage::<F>::decode(context, values_len, bytes)?.check(context, party, root)
}

#[test]
fn honest_dealings_are_accepted_and_share_the_values() {
    check_honest::<M61>();
    check_honest::<M127>();
}

fn check_honest<F: Dealt>() {
    // So many values fill the first piece of a pair's commitment; 1 and 122 more need others.
    let full = (salted::PIECE_BYTES - 16) / F::BYTES;
    for (n, len) in [
        (3, 1),
        (3, full),
        (3, full + 1),
        (5, full + 123),
        (7, 5),
        (31, 2),
    ] {
        let (context, dealing) = dealt::<F>(n, len);
        let mut shares = Vec::new();
        for (package, number) in dealing.rows.iter().zip(1..) {
            let bytes = package.encode();
            assert_eq!(
                bytes.len(),
                RowPackage::<F>::encoded_len(&context.committee, len)
            );
            let decoded = RowPackage::<F>::decode(&context, len, &bytes).expect("canonical");
            assert_eq!(decoded.encode(), bytes);
            assert_eq!(decoded.party(), party(number));
            let row = decoded
                .check(&context, party(number), dealing.root)
                .expect("honest");
            shares.push(row.shares());
        }
        let checker = Checker::new(&context.committee);
        for (u, value) in values(len).into_iter().enumerate() {
            let of_value: Vec<F> = shares.iter().map(|shares| shares[u]).collect();
            assert_eq!(checker.reconstruct(&of_value), Ok(value));
        }
    }
}

/// Every byte of a package, changed in its lowest and its highest bit, with the verdict that the
/// byte's section demands.
#[test]
fn a_change_of_any_byte_is_refused_with_the_right_verdict() {
    check_changed_bytes::<M61>();
    check_changed_bytes::<M127>();
}

fn check_changed_bytes<F: Dealt>() {
    for (n, number, len) in [(3, 2, 2), (5, 4, 3), (7, 1, 1)] {
        let (context, dealing) = dealt::<F>(n, len);
        let me = party(number);
        let bytes = dealing.rows[me.index()].encode();
        for place in 0..bytes.len() {
            for bit in [0x01, 0x80] {
                let mut wrong = bytes.to_vec();
                wrong[place] ^= bit;
                let error = verdict::<F>(&context, len, me, dealing.root, &wrong)
                    .expect_err("a changed byte is refused");
                assert!(
                    fits::<F>(&context.committee, me, len, place, error),
                    "n = {n}, byte {place}, bit {bit:#x}: {error:?}"
                );
            }
        }
        for cut in 0..bytes.len() {
            let error = verdict::<F>(&context, len, me, dealing.root, &bytes[..cut]).err();
            let expected = DealingError::Length {
                expected: bytes.len(),
                found: cut,
            };
            assert_eq!(error, Some(expected));
        }
    }
}

/// Is `error` what a change of this byte of party `me`'s package must lead to?
fn fits<F: Dealt>(
    committee: &Committee,
    me: Party,
    values_len: usize,
    place: usize,
    error: DealingError,
) -> bool {
    let width = committee.degree() + 1;
    let n = committee.len();
    let mut start = 8;
    let mut section = |len: usize| {
        let offset = place.checked_sub(start).filter(|offset| *offset < len);
        start += len;
        offset
    };
    let rows = section(values_len * width * F::BYTES);
    let mask = section(width * 16);
    let salts = section(n * 32);
    let pair_roots = section(n * (n + 1) / 2 * 32);
    let response = section(triangle_len(committee.degree()) * 16);
    let sorted = |other: Party| (me.min(other), me.max(other));
    let first_pair = DealingError::PairRoot {
        pair: sorted(party(1)),
    };
    let non_canonical =
        |section: Section, index: usize| error == DealingError::NonCanonical { section, index };
    match (rows, mask, salts, pair_roots, response) {
        (Some(at), ..) => error == first_pair || non_canonical(Section::Rows, at / F::BYTES),
        (_, Some(at), ..) => error == first_pair || non_canonical(Section::Mask, at / 16),
        (_, _, Some(at), ..) => {
            error
                == DealingError::PairRoot {
                    pair: sorted(party((at / 32) as u8 + 1)),
                }
        }
        (.., Some(at), _) => {
            let (low, high) = pairs(committee).nth(at / 32).expect("one of the pairs");
            if low == me || high == me {
                error == DealingError::PairRoot { pair: (low, high) }
            } else {
                matches!(error, DealingError::RootMismatch { .. })
            }
        }
        (.., Some(at)) => {
            matches!(error, DealingError::CombinedCheck { .. })
                || non_canonical(Section::Response, at / 16)
        }
        _ => match place {
            0 => matches!(
                error,
                DealingError::Version { .. } | DealingError::Field { .. }
            ),
            1 => matches!(error, DealingError::CommitteeSize { .. }),
            2 => matches!(error, DealingError::Party { .. }),
            3 => matches!(error, DealingError::RowDegree { .. }),
            _ => matches!(error, DealingError::ValuesLen { .. }),
        },
    }
}

/// ROOT binds everything the dealing is about: the same packages fail under any other terms (S3).
#[test]
fn rows_cannot_be_submitted_under_other_terms() {
    check_other_terms::<M61>();
    check_other_terms::<M127>();
}

fn rows(collection: u64, member: u32, revision: u32) -> Subject {
    Subject::Rows {
        collection: CollectionId(collection),
        member: MemberIndex(member),
        revision,
    }
}

fn check_other_terms<F: Dealt>() {
    check_terms_of::<F>(
        rows(4, 2, 1),
        &[
            rows(5, 2, 1),
            rows(4, 3, 1),
            rows(4, 2, 2),
            Subject::Parameters { entry: 4, until: 2 },
        ],
    );
    check_terms_of::<F>(
        Subject::Parameters { entry: 4, until: 2 },
        &[
            Subject::Parameters { entry: 5, until: 2 },
            Subject::Parameters { entry: 4, until: 3 },
            rows(4, 2, 0),
        ],
    );
}

fn check_terms_of<F: Dealt>(subject: Subject, others: &[Subject]) {
    let context = Context {
        subject,
        ..context(3)
    };
    let dealing = deal::<F, _>(&context, &values(2), &mut rng(3)).expect("valid");
    let changes: [fn(&mut Context); 5] = [
        |context| context.nodes[1] = NodeId(7),
        |context| context.nodes.swap(0, 2),
        |context| context.owner = Address([0xAB; 20]),
        |context| context.epoch = 10,
        |context| context.policy = Hash([0xBC; 32]),
    ];
    let changed = changes.iter().map(|change| {
        let mut other = context.clone();
        change(&mut other);
        other
    });
    let about_others = others.iter().map(|subject| Context {
        subject: *subject,
        ..context.clone()
    });
    for other in changed.chain(about_others) {
        for (package, number) in dealing.rows.iter().zip(1..) {
            let error =
                verdict::<F>(&other, 2, party(number), dealing.root, &package.encode()).err();
            assert!(
                matches!(error, Some(DealingError::RootMismatch { .. })),
                "{error:?}"
            );
        }
    }
    let other_root = Hash([1; 32]);
    let error = verdict::<F>(&context, 2, party(1), other_root, &dealing.rows[0].encode()).err();
    let expected = DealingError::RootMismatch {
        expected: other_root,
        found: dealing.root,
    };
    assert_eq!(error, Some(expected));
}

/// A package for one party is refused by each other party.
#[test]
fn packages_do_not_change_hands() {
    check_other_hands::<M61>();
    check_other_hands::<M127>();
}

fn check_other_hands<F: Dealt>() {
    let (context, dealing) = dealt::<F>(5, 2);
    for (package, found) in dealing.rows.iter().zip(1..) {
        for expected in (1..=5).filter(|expected| *expected != found) {
            let error = verdict::<F>(
                &context,
                2,
                party(expected),
                dealing.root,
                &package.encode(),
            )
            .err();
            assert_eq!(error, Some(DealingError::Party { expected, found }));
        }
    }
}

/// A dealer who deals two different value lists and mixes the packages of both.
#[test]
fn a_row_of_another_dealing_is_refused_by_the_node_that_receives_it() {
    check_mixed::<M61>();
    check_mixed::<M127>();
}

fn check_mixed<F: Dealt>() {
    let context = context(3);
    let one = deal(&context, &values::<F>(2), &mut rng(1)).expect("valid");
    let two = deal(&context, &values(2), &mut rng(2)).expect("valid");
    let mut mixed = RowPackage::<F>::decode(&context, 2, &one.rows[1].encode()).expect("canonical");
    mixed.row = two.rows[1].row.clone();
    let error = mixed.check(&context, party(2), one.root).err();
    assert_eq!(
        error,
        Some(DealingError::PairRoot {
            pair: (party(1), party(2))
        })
    );
}

/// A dealer and the corrupt party 1: party 2's row leaves the polynomial at party 1's point only,
/// and the commitments for pairs (1, 2) and (2, 2) are made from the wrong row.
fn off_polynomial<F: Dealt>() -> (Context, Dealing<F>, RowPackage<F>, Hash) {
    let (context, dealing) = dealt::<F>(3, 1);
    let honest = dealing.rows[1].encode();
    let mut wrong = RowPackage::<F>::decode(&context, 1, &honest).expect("canonical");
    // Add Y - 3, which vanishes at party 3's point.
    let row = slice::decode_slice::<F>(&wrong.row.encode()).expect("canonical");
    let row = slice::encode_slice(&[row[0] - F::from_u64(3), row[1] + F::ONE]);
    wrong.row = Row::decode(&context.committee, 1, &row).expect("canonical");
    for other in [party(1), party(2)] {
        let root = pair_root(
            &wrong.salts[other.index()],
            &wrong.row,
            &wrong.mask_row,
            other,
        );
        wrong.pair_roots[pair_index(&context.committee, other, party(2))] = root;
    }
    let root = context.root::<F>(1, &wrong.pair_roots);
    (context, dealing, wrong, root)
}

/// The response that the honest polynomials of [`off_polynomial`] give to another root.
fn response_to<F: Dealt>(root: Hash) -> Vec<F::Ext> {
    // The draws of `dealt(3, 1)` once more.
    let mut rng = rng(3);
    let polynomial = Symmetric::random(values::<F>(1)[0], 1, &mut rng);
    let mask = Symmetric::random(F::Ext::random(&mut rng), 1, &mut rng);
    bivariate::respond(&[polynomial], &mask, &weights(root, 1))
        .coefficients()
        .to_vec()
}

#[test]
fn a_row_off_the_polynomial_fails_the_combined_check() {
    check_off_polynomial::<M61>();
    check_off_polynomial::<M127>();
}

fn check_off_polynomial<F: Dealt>() {
    let (context, dealing, mut wrong, root) = off_polynomial::<F>();
    wrong.response = response_to::<F>(root);
    // Party 3, whose row is right, accepts the dealing: its own row is on the polynomial.
    let mut right =
        RowPackage::<F>::decode(&context, 1, &dealing.rows[2].encode()).expect("canonical");
    right.pair_roots = wrong.pair_roots.clone();
    right.response = wrong.response.clone();
    right
        .check(&context, party(3), root)
        .expect("its row is on the polynomial");
    let error = wrong.check(&context, party(2), root).err();
    assert_eq!(error, Some(DealingError::CombinedCheck { coefficient: 0 }));
}

/// With the wrong row committed, the dealer learns the weight and bends the mask to cancel the
/// difference. The mask's pair values were committed before, so this is noticed.
#[test]
fn the_mask_cannot_be_chosen_after_the_challenge() {
    check_late_mask::<M61>();
    check_late_mask::<M127>();
}

fn check_late_mask<F: Dealt>() {
    let (context, _, mut wrong, root) = off_polynomial::<F>();
    let weight: F::Ext = weights(root, 1)[0];
    wrong.mask_row[0] += weight * F::from_u64(3);
    wrong.mask_row[1] -= weight;
    wrong.response = response_to::<F>(root);
    // Without the commitment the combined check itself would pass:
    let party_2 = party(2);
    let response = Symmetric::from_coefficients(1, wrong.response.clone()).expect("three");
    let passed =
        bivariate::check_response(party_2, &wrong.row, &wrong.mask_row, &[weight], &response);
    assert_eq!(passed, Ok(()));
    let error = wrong.check(&context, party_2, root).err();
    assert_eq!(
        error,
        Some(DealingError::PairRoot {
            pair: (party(1), party_2)
        })
    );
}

#[test]
fn misuse_is_refused_before_anything_is_drawn() {
    let mut one_short = context(3);
    one_short.nodes.pop();
    let mut doubled = context(3);
    doubled.nodes[2] = doubled.nodes[0];
    for context in [one_short, doubled] {
        let error = deal(&context, &values::<M61>(1), &mut rng(1)).err();
        assert_eq!(error, Some(DealingError::Context));
        let error = RowPackage::<M61>::decode(&context, 1, &[]).err();
        assert_eq!(error, Some(DealingError::Context));
    }
    let error = deal::<M61, _>(&context(3), &[], &mut rng(1)).err();
    assert_eq!(
        error,
        Some(DealingError::ValuesLen {
            expected: 1,
            found: 0
        })
    );
    let error = RowPackage::<M61>::decode(&context(3), MAX_VALUES + 1, &[]).err();
    let expected = DealingError::ValuesLen {
        expected: MAX_VALUES,
        found: MAX_VALUES + 1,
    };
    assert_eq!(error, Some(expected));
    let (context, mut dealing) = dealt::<M61>(3, 1);
    let package = dealing.rows.remove(0);
    let error = package.check(&context, party(4), dealing.root).err();
    assert_eq!(error, Some(DealingError::Context));
}

/// Rows are never misread: neither as they are, nor with the other field's version on them, where twice as many values
/// over one field are as long as those over the other.
#[test]
fn packages_of_the_other_field_are_refused() {
    let (context, small) = dealt::<M61>(3, 4);
    let (_, wide) = dealt::<M127>(3, 2);
    let (of_small, of_wide) = (small.rows[0].encode(), wide.rows[0].encode());
    assert_eq!(of_small.len(), of_wide.len());
    let error = verdict::<M127>(&context, 4, party(1), small.root, &of_small).err();
    let field = |expected, found| Some(DealingError::Field { expected, found });
    assert_eq!(error, field(127, 61));
    let error = verdict::<M61>(&context, 2, party(1), wide.root, &of_wide).err();
    assert_eq!(error, field(61, 127));
    let mut dressed = of_small.to_vec();
    dressed[0] = of_wide[0];
    dressed[4] = of_wide[4];
    let error = verdict::<M127>(&context, 2, party(1), small.root, &dressed).err();
    let pair = (party(1), party(1));
    assert_eq!(error, Some(DealingError::PairRoot { pair }));
}

/// ROOT binds the field, so that commitments made over one cannot be answered over the other.
#[test]
fn roots_differ_by_field() {
    let (context, dealing) = dealt::<M61>(3, 1);
    let roots = &dealing.rows[0].pair_roots;
    assert_ne!(
        context.root::<M61>(1, roots),
        context.root::<M127>(1, roots)
    );
}

#[test]
fn packages_do_not_print_their_content() {
    let (_, dealing) = dealt::<M61>(3, 1);
    assert_eq!(
        format!("{:?}", dealing.rows[1]),
        "RowPackage(party 2, 1 values, redacted)"
    );
}

#[test]
fn pairs_are_numbered_in_order() {
    for n in [3, 5, 7, 31] {
        let committee = committee(n);
        for (place, (low, high)) in pairs(&committee).enumerate() {
            assert!(low <= high);
            assert_eq!(pair_index(&committee, low, high), place);
            assert_eq!(pair_index(&committee, high, low), place);
        }
        assert_eq!(
            pairs(&committee).count(),
            committee.len() * (committee.len() + 1) / 2
        );
    }
}

/// What one node is given for two very different value lists: equal lengths, and the bytes of the
/// rows are uniform (chi-square over their lowest bits). The control shares nothing at random.
#[test]
fn a_node_sees_uniform_rows_whatever_the_values() {
    let low_bits = |row: &Row| -> f64 {
        let bytes = row.encode();
        let elements = slice::decode_slice::<M61>(&bytes).expect("canonical");
        let mut cells = [0f64; 16];
        for element in &elements {
            cells[element.value() as usize % 16] += 1.0;
        }
        let expected = elements.len() as f64 / 16.0;
        cells
            .iter()
            .map(|cell| (cell - expected).powi(2) / expected)
            .sum()
    };
    let context = context(3);
    let mut lens = Vec::new();
    for (value, seed) in [(0, 1), (1, 2), (-1, 3), (1 << 58, 4)] {
        let list = vec![M61::from_i64(value); 8000];
        let dealing = deal(&context, &list, &mut rng(seed)).expect("valid");
        for package in &dealing.rows {
            // 15 degrees of freedom: above 50 with probability below 2^-16, and seeds are fixed.
            assert!(low_bits(&package.row) < 50.0);
            lens.push(package.encode().len());
        }
    }
    lens.dedup();
    assert_eq!(lens.len(), 1);
    let plain = slice::encode_slice(&vec![M61::ONE; 16_000]);
    let plain = Row::decode(&context.committee, 8000, &plain).expect("canonical");
    assert!(low_bits(&plain) > 10_000.0);
}

/// What decoding makes of bytes that were drawn, and of a package with some bytes changed.
fn check_arbitrary_bytes<F: Dealt>(
    prefix: &[u8],
    edits: &[(prop::sample::Index, u8)],
) -> Result<(), TestCaseError> {
    let (context, dealing) = dealt::<F>(3, 2);
    prop_assert!(RowPackage::<F>::decode(&context, 2, prefix).is_err());
    let mut bytes = dealing.rows[0].encode().to_vec();
    for (place, byte) in edits {
        let place = place.index(bytes.len());
        bytes[place] = *byte;
    }
    if let Ok(package) = RowPackage::<F>::decode(&context, 2, &bytes) {
        prop_assert_eq!(&package.encode()[..], &bytes[..]);
    }
    Ok(())
}

proptest! {
    /// No bytes whatever make decoding panic, and what it accepts is canonical.
    #[test]
    fn arbitrary_bytes_are_refused_or_round_trip(
        prefix in prop::collection::vec(any::<u8>(), 0..500),
        edits in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 0..4),
    ) {
        check_arbitrary_bytes::<M61>(&prefix, &edits)?;
        check_arbitrary_bytes::<M127>(&prefix, &edits)?;
    }
}
