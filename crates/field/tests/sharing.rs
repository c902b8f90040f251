//! Sharing: any t + 1 shares determine the secret, any t say nothing, and errors are noticed.

mod toy;

use enigma_field::bivariate::{Row, Symmetric, check_response, respond, triangle_len};
use enigma_field::interpolation::{
    GrrDealing, Matrix, evaluate, lagrange_at, prss_coefficients, prss_subsets,
};
use enigma_field::shamir::{self, Checker};
use enigma_field::{Committee, Error, Field, K, M61, M127, MAX_PARTIES, Party, PrimeField, Shares};
use proptest::prelude::*;
use rand_chacha::ChaCha20Rng;
use rand_core::SeedableRng;
use toy::F7;

fn committee(n: u8) -> Committee {
    Committee::new(n).expect("odd and in range")
}

fn rng(seed: u64) -> ChaCha20Rng {
    ChaCha20Rng::seed_from_u64(seed)
}

fn points<F: Field>(n: u8) -> Vec<F> {
    committee(n).parties().map(|party| party.point()).collect()
}

/// Every subset of `0..n` with `size` members.
fn subsets(n: usize, size: usize) -> Vec<Vec<usize>> {
    (0..1usize << n)
        .filter(|bits| bits.count_ones() as usize == size)
        .map(|bits| (0..n).filter(|k| bits >> k & 1 == 1).collect())
        .collect()
}

fn check_shamir<F: Field>(n: u8, secret: F, error: F, seed: u64) {
    let committee = committee(n);
    let shares = shamir::share(secret, &committee, &mut rng(seed));
    assert_eq!(shamir::reconstruct_checked(&committee, &shares), Ok(secret));
    let points = points::<F>(n);
    for subset in subsets(n.into(), committee.degree() + 1) {
        let pick = |all: &[F]| -> Vec<F> { subset.iter().map(|k| all[*k]).collect() };
        assert_eq!(
            shamir::reconstruct(&pick(&points), &pick(&shares)),
            Ok(secret)
        );
    }
    // A single wrong share is noticed wherever it is.
    for place in 0..shares.len() {
        let mut wrong = shares.clone();
        wrong[place] += error;
        let expected = if error == F::ZERO {
            Ok(secret)
        } else {
            Err(Error::Inconsistent)
        };
        assert_eq!(shamir::reconstruct_checked(&committee, &wrong), expected);
    }
    let count = Error::Count {
        expected: n.into(),
        found: usize::from(n) - 1,
    };
    assert_eq!(
        shamir::reconstruct_checked(&committee, &shares[1..]),
        Err(count)
    );
    assert!(shamir::reconstruct(&points, &shares[1..]).is_err());
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn shamir_over_both_fields(a: u64, b: u64, error: u64, seed: u64) {
        for n in [3, 5, 7] {
            check_shamir(n, M61::new(a), M61::new(error), seed);
            check_shamir(n, K::from_random_words(a, b), K::from_random_words(error, 0), seed);
            check_shamir(n, K::from_random_words(a, b), K::ZERO, seed);
        }
    }

    #[test]
    fn sharing_is_linear_and_products_have_degree_2t(a: u64, b: u64, c: u64, seed: u64) {
        let (a, b, c) = (M61::new(a), M61::new(b), M61::new(c));
        let mut rng = rng(seed);
        for n in [3, 5, 7, 9] {
            let committee = committee(n);
            let x = shamir::share(a, &committee, &mut rng);
            let y = shamir::share(b, &committee, &mut rng);
            let sum: Vec<M61> = x.iter().zip(&y).map(|(x, y)| *x * c + *y).collect();
            prop_assert_eq!(shamir::reconstruct_checked(&committee, &sum), Ok(a * c + b));
            let product: Vec<M61> = x.iter().zip(&y).map(|(x, y)| *x * *y).collect();
            prop_assert_eq!(M61::dot(&committee.lambdas(), &product), a * b);
        }
    }

    #[test]
    fn interpolation_recovers_polynomials(
        coefficients in prop::collection::vec(any::<u64>().prop_map(M61::new), 1..9),
        x: u64,
    ) {
        let x = M61::new(x);
        let known: Vec<M61> = (0..coefficients.len() as u64).map(|k| M61::new(k * k + 1)).collect();
        let values: Vec<M61> = known.iter().map(|point| evaluate(&coefficients, *point)).collect();
        let at_x = lagrange_at(&known, x).expect("distinct");
        prop_assert_eq!(M61::dot(&at_x, &values), evaluate(&coefficients, x));
    }

    #[test]
    fn grr_dealings_are_of_degree_t(seed: u64) {
        let mut rng = rng(seed);
        for n in [3, 5, 7, 9, 11] {
            let committee = committee(n);
            for dealer in committee.parties() {
                let dealing = GrrDealing::<M61>::new(&committee, dealer);
                prop_assert_eq!(dealing.computed[0], dealer);
                prop_assert_eq!(dealing.derived.len(), committee.degree());
                prop_assert_eq!(dealing.matrix.columns(), committee.degree() + 1);
                let known: Vec<M61> =
                    (0..=committee.degree()).map(|_| M61::random(&mut rng)).collect();
                let mut shares = vec![None; committee.len()];
                for (party, share) in dealing.derived.iter().zip(&known[1..]) {
                    prop_assert_eq!(shares[party.index()].replace(*share), None);
                }
                for (party, share) in dealing.computed.iter().zip(dealing.matrix.apply(&known)) {
                    prop_assert_eq!(shares[party.index()].replace(share), None);
                }
                let shares: Option<Vec<M61>> = shares.into_iter().collect();
                let shares = shares.expect("each party has a share");
                prop_assert_eq!(shamir::reconstruct_checked(&committee, &shares), Ok(known[0]));
            }
        }
    }
}

#[test]
fn committees_are_odd_and_bounded() {
    for n in 0..=u8::MAX {
        let valid = n % 2 == 1 && (3..=MAX_PARTIES).contains(&n);
        assert_eq!(Committee::new(n).map(|c| c.n()).ok(), valid.then_some(n));
        if !valid {
            assert_eq!(Committee::new(n).err(), Some(Error::CommitteeSize { n }));
        }
    }
    for n in (3..=MAX_PARTIES).step_by(2) {
        let committee = committee(n);
        assert_eq!(2 * committee.t() + 1, n);
        let expected = lagrange_at(&points::<M61>(n), M61::ZERO).expect("distinct");
        assert_eq!(committee.lambdas::<M61>(), expected);
        let numbers: Vec<u8> = committee.parties().map(Party::number).collect();
        assert_eq!(numbers, (1..=n).collect::<Vec<_>>());
        assert_eq!((committee.party(0), committee.party(n + 1)), (None, None));
        let last = committee.party(n).expect("a member");
        assert_eq!(
            committee.after(last, 1),
            committee.party(1).expect("a member")
        );
        assert_eq!(committee.others(last).count(), usize::from(n) - 1);
    }
    assert_eq!((Party::new(0), Party::new(MAX_PARTIES + 1)), (None, None));
}

#[test]
fn equal_points_are_refused_and_named() {
    let points = [1, 4, 9, 4].map(M61::new);
    assert_eq!(
        lagrange_at(&points, M61::ZERO),
        Err(Error::EqualPoints { index: 3 })
    );
    assert_eq!(
        Matrix::transfer(&points, &[M61::ZERO]),
        Err(Error::EqualPoints { index: 3 })
    );
}

#[test]
fn prss_coefficients_give_sharings_of_the_sum() {
    let mut rng = rng(3);
    for n in [3, 5, 7, 9] {
        let committee = committee(n);
        let subsets = prss_subsets(&committee).expect("small");
        let words: Vec<M61> = subsets.iter().map(|_| M61::random(&mut rng)).collect();
        let shares: Vec<M61> = committee
            .parties()
            .map(|party| {
                let own = prss_coefficients::<M61>(&committee, party).expect("small");
                own.iter()
                    .map(|(subset, coefficient)| {
                        assert!(subset.members().any(|member| member == party));
                        let place = subsets.iter().position(|other| other == subset);
                        *coefficient * words[place.expect("one of the subsets")]
                    })
                    .sum()
            })
            .collect();
        let sum = words.iter().sum();
        assert_eq!(shamir::reconstruct_checked(&committee, &shares), Ok(sum));
        for subset in &subsets {
            assert_eq!(subset.members().count(), committee.degree() + 1);
            assert_eq!(subset.lowest(), subset.members().next());
            assert_eq!(
                subset.members().map(|p| 1 << p.index()).sum::<u32>(),
                subset.bits()
            );
        }
    }
    assert_eq!(
        prss_subsets(&committee(11)),
        Err(Error::TooManySubsets { n: 11 })
    );
}

/// Exhaustive over a field of 7 elements: the t shares of any t parties take every combination of
/// values equally often, whatever the secret.
#[test]
fn t_shamir_shares_say_nothing() {
    for n in [3u8, 5] {
        let t = committee(n).degree();
        let points = points::<F7>(n);
        for subset in subsets(n.into(), t) {
            for secret in F7::all() {
                let mut seen = std::collections::BTreeMap::<Vec<u8>, u32>::new();
                for tail in F7::vectors(t) {
                    let coefficients = [vec![secret], tail].concat();
                    let view = subset.iter().map(|k| evaluate(&coefficients, points[*k]).0);
                    *seen.entry(view.collect()).or_default() += 1;
                }
                assert_eq!(seen.len(), 7usize.pow(t as u32));
                assert!(seen.values().all(|count| *count == 1));
            }
        }
    }
}

/// The same for rows of symmetric polynomials: the rows of any t parties have one distribution.
#[test]
fn t_rows_say_nothing() {
    for n in [3u8, 5] {
        let t = committee(n).degree();
        let points = points::<F7>(n);
        for subset in subsets(n.into(), t) {
            let view_of = |value: F7| {
                let mut seen = std::collections::BTreeMap::<Vec<u8>, u32>::new();
                for tail in F7::vectors(triangle_len(t) - 1) {
                    let polynomial = Symmetric::from_coefficients(t, [vec![value], tail].concat())
                        .expect("one for each place");
                    let rows = subset.iter().flat_map(|k| polynomial.row(points[*k]));
                    *seen
                        .entry(rows.map(|element| element.0).collect())
                        .or_default() += 1;
                }
                seen
            };
            let view = view_of(F7(0));
            assert!(view.len() > 1, "the rows vary");
            for value in F7::all().skip(1) {
                assert_eq!(view_of(value), view);
            }
            // The control: t + 1 rows do tell.
            let all: Vec<usize> = (0..=t).collect();
            let share_sum = |value: F7| -> F7 {
                let coefficients = [vec![value], vec![F7(3); triangle_len(t) - 1]].concat();
                let polynomial = Symmetric::from_coefficients(t, coefficients).expect("all");
                let held: Vec<F7> = all.iter().map(|k| polynomial.row(points[*k])[0]).collect();
                let at: Vec<F7> = all.iter().map(|k| points[*k]).collect();
                shamir::reconstruct(&at, &held).expect("distinct")
            };
            assert!(F7::all().all(|value| share_sum(value) == value));
        }
    }
}

#[test]
fn rows_are_symmetric_and_share_the_values() {
    check_rows::<M61>();
    check_rows::<M127>();
}

fn check_rows<F: PrimeField>() {
    let mut rng = rng(5);
    for n in [3, 5, 7] {
        let committee = committee(n);
        let values: Vec<F> = (0..9).map(|_| F::random(&mut rng)).collect();
        let polynomials: Vec<_> = values
            .iter()
            .map(|value| Symmetric::random(*value, committee.degree(), &mut rng))
            .collect();
        let rows: Vec<Row<F>> = committee
            .parties()
            .map(|p| Row::of(&polynomials, &committee, p))
            .collect();
        let shares: Vec<Shares<F>> = rows.iter().map(Row::shares).collect();
        let checker = Checker::new(&committee);
        for (u, value) in values.iter().enumerate() {
            let of_value: Vec<F> = shares.iter().map(|shares| shares[u]).collect();
            assert_eq!(checker.reconstruct(&of_value), Ok(*value));
        }
        for a in committee.parties() {
            for b in committee.parties() {
                let (of_a, of_b) = (&rows[a.index()], &rows[b.index()]);
                assert_eq!(of_a.pair_values(b)[..], of_b.pair_values(a)[..]);
            }
            let bytes = rows[a.index()].encode();
            assert_eq!(bytes.len(), 9 * (committee.degree() + 1) * F::BYTES);
            let again = Row::<F>::decode(&committee, 9, &bytes).expect("canonical");
            assert_eq!(again.encode(), bytes);
            assert!(Row::<F>::decode(&committee, 8, &bytes).is_err());
            assert!(Row::<F>::decode(&committee, usize::MAX, &bytes).is_err());
        }
    }
}

#[test]
fn the_combined_check_accepts_true_rows_and_no_others() {
    check_the_combined_check::<M61>(K::I);
    check_the_combined_check::<M127>(M127::ONE);
}

fn check_the_combined_check<F: PrimeField>(other: F::Ext) {
    let mut rng = rng(6);
    for n in [3, 5, 7] {
        let committee = committee(n);
        let degree = committee.degree();
        let polynomials: Vec<_> = (0..5)
            .map(|u| Symmetric::random(F::from_u64(u), degree, &mut rng))
            .collect();
        let mask = Symmetric::random(F::Ext::random(&mut rng), degree, &mut rng);
        let weights: Vec<F::Ext> = polynomials
            .iter()
            .map(|_| F::Ext::random(&mut rng))
            .collect();
        let response = respond(&polynomials, &mask, &weights);
        for party in committee.parties() {
            let row = Row::of(&polynomials, &committee, party);
            let mask_row = mask.row(party.point());
            assert_eq!(
                check_response(party, &row, &mask_row, &weights, &response),
                Ok(())
            );
            let bytes = row.encode();
            for place in 0..5 * (degree + 1) {
                let mut wrong = bytes.to_vec();
                wrong[F::BYTES * place] ^= 1;
                let wrong = Row::<F>::decode(&committee, 5, &wrong).expect("still canonical");
                let verdict = check_response(party, &wrong, &mask_row, &weights, &response);
                assert_eq!(verdict, Err(place % (degree + 1)));
            }
            for place in 0..=degree {
                let mut wrong = mask_row.clone();
                wrong[place] += other;
                let verdict = check_response(party, &row, &wrong, &weights, &response);
                assert_eq!(verdict, Err(place));
            }
            let short = check_response(party, &row, &mask_row[1..], &weights, &response);
            assert_eq!(short, Err(degree));
        }
    }
}

#[test]
fn secrets_do_not_print() {
    let polynomial = Symmetric::random(M61::new(123_456_789), 1, &mut rng(7));
    let row = Row::of(
        std::slice::from_ref(&polynomial),
        &committee(3),
        committee(3).after(Party::new(1).expect("in range"), 1),
    );
    assert_eq!(format!("{polynomial:?}"), "Symmetric(degree 1, redacted)");
    assert_eq!(format!("{row:?}"), "Row(1 values, redacted)");
    assert_eq!(format!("{:?}", row.shares()), "Shares(1 redacted)");
    assert_eq!(Shares::<M61>::zeros(2).into_inner(), [M61::ZERO; 2]);
}
