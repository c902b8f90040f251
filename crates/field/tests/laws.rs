//! The laws of a field, one suite for every instance, and what each field promises beyond them.

use enigma_field::{Accumulator, Field, K, M61, dot, pow_p_minus_3_over_4, slice};
use proptest::prelude::*;
use rand_chacha::ChaCha20Rng;
use rand_core::{Rng, SeedableRng};
use subtle::ConditionallySelectable;

const P: u64 = M61::MODULUS;

/// Elements near the ends of the range, where reduction errs, as often as uniform ones.
fn m61() -> impl Strategy<Value = M61> {
    prop_oneof![
        any::<u64>().prop_map(M61::new),
        prop::sample::select(vec![
            0,
            1,
            2,
            P - 1,
            P - 2,
            P / 2,
            P / 2 + 1,
            1 << 52,
            (1 << 60) - 1
        ])
        .prop_map(M61::new),
    ]
}

fn k() -> impl Strategy<Value = K> {
    (m61(), m61()).prop_map(|(re, im)| K::new(re, im))
}

fn check_laws<F: Field>(a: F, b: F, c: F) {
    assert_eq!((a + b) + c, a + (b + c));
    assert_eq!(a + b, b + a);
    assert_eq!(a + F::ZERO, a);
    assert_eq!(a + -a, F::ZERO);
    assert_eq!(a - b, a + -b);
    assert_eq!((a * b) * c, a * (b * c));
    assert_eq!(a * b, b * a);
    assert_eq!(a * F::ONE, a);
    assert_eq!(a * F::ZERO, F::ZERO);
    assert_eq!(a * (b + c), a * b + a * c);
    assert_eq!(a.square(), a * a);
    assert_eq!([a, b, c].into_iter().sum::<F>(), a + b + c);
    assert_eq!(F::dot(&[a, b], &[b, c]), a * b + b * c);
    let (mut sum, mut difference, mut product) = (a, a, a);
    sum += b;
    difference -= b;
    product *= b;
    assert_eq!((sum, difference, product), (a + b, a - b, a * b));
}

fn check_inverse<F: Field>(a: F) {
    match a.inverse() {
        Some(inverse) => assert_eq!(a * inverse, F::ONE),
        None => assert_eq!(a, F::ZERO),
    }
    assert_eq!(F::ZERO.inverse(), None);
}

fn check_integers<F: Field>(a: u32, b: u32) {
    let (a, b) = (u64::from(a), u64::from(b));
    assert_eq!(F::from_u64(a) + F::from_u64(b), F::from_u64(a + b));
    assert_eq!(F::from_u64(a) * F::from_u64(b), F::from_u64(a * b));
    assert_eq!((F::from_u64(0), F::from_u64(1)), (F::ZERO, F::ONE));
}

fn check_encoding<F: Field>(a: F, b: F) {
    let bytes = slice::encode_slice(&[a, b]);
    assert_eq!(bytes.len(), 2 * F::BYTES);
    assert_eq!(slice::decode_slice::<F>(&bytes), Ok(vec![a, b]));
    for len in 0..bytes.len() {
        let prefix = F::read_from(&bytes[..len]);
        assert_eq!(prefix.is_some(), len == F::BYTES, "{len} bytes");
    }
    assert_eq!(bool::from(a.ct_eq(&b)), a == b);
}

fn check_vectors<F: Field>(left: &[F], right: &[F], factor: F) {
    let each = |combine: fn(F, F) -> F| -> Vec<F> {
        left.iter()
            .zip(right)
            .map(|(a, b)| combine(*a, *b))
            .collect()
    };
    assert_eq!(F::dot(left, right), each(|a, b| a * b).into_iter().sum());
    let mut vector = left.to_vec();
    slice::add_assign(&mut vector, right);
    assert_eq!(vector, each(|a, b| a + b));
    let mut vector = left.to_vec();
    slice::sub_assign(&mut vector, right);
    assert_eq!(vector, each(|a, b| a - b));
    let mut scaled = right.to_vec();
    slice::scale(&mut scaled, factor);
    let mut vector = left.to_vec();
    slice::add_scaled(&mut vector, factor, right);
    let mut sum = left.to_vec();
    slice::add_assign(&mut sum, &scaled);
    assert_eq!(vector, sum);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(512))]

    #[test]
    fn m61_is_a_field(a in m61(), b in m61(), c in m61(), x: u32, y: u32) {
        check_laws(a, b, c);
        check_inverse(a);
        check_integers::<M61>(x, y);
        check_encoding(a, b);
    }

    #[test]
    fn k_is_a_field(a in k(), b in k(), c in k(), x: u32, y: u32) {
        check_laws(a, b, c);
        check_inverse(a);
        check_integers::<K>(x, y);
        check_encoding(a, b);
    }

    #[test]
    fn vectors_agree_with_single_operations(
        pairs in prop::collection::vec((k(), k()), 0..200),
        factor in k(),
    ) {
        let (left, right): (Vec<K>, Vec<K>) = pairs.into_iter().unzip();
        check_vectors(&left, &right, factor);
        let base = |elements: &[K]| -> Vec<M61> { elements.iter().map(|k| k.re).collect() };
        check_vectors(&base(&left), &base(&right), factor.re);
        let one_by_one: K = left.iter().zip(&right).map(|(w, x)| *w * x.im).sum();
        prop_assert_eq!(K::combine(&left, right.iter().map(|k| k.im)), one_by_one);
    }

    #[test]
    fn m61_equals_wide_integers(a: u128, b: u64, c: u64) {
        let modulo = |integer: u128| (integer % u128::from(P)) as u64;
        prop_assert_eq!(M61::reduce_wide(a).value(), modulo(a));
        prop_assert_eq!(M61::new(b).value(), modulo(u128::from(b)));
        let product = (M61::new(b) * M61::new(c)).value();
        prop_assert_eq!(product, modulo(u128::from(modulo(b.into())) * u128::from(modulo(c.into()))));
    }

    #[test]
    fn signed_integers_round_trip(x in -((P as i64 - 1) / 2)..=(P as i64 - 1) / 2, any: i64) {
        prop_assert_eq!(M61::from_i64(x).to_i64(), x);
        prop_assert_eq!(M61::from_i64(-x), -M61::from_i64(x));
        prop_assert_eq!(i128::from(M61::from_i64(any).value()), i128::from(any).rem_euclid(i128::from(P)));
    }

    #[test]
    fn the_root_power_inverts_squares(a in m61()) {
        let power = a.pow((P - 3) / 4);
        prop_assert_eq!(a.sqrt_inverse_candidate(), power);
        let square = a.square();
        let root = square.sqrt_inverse_candidate();
        prop_assert_eq!(root.square() * square, if a == M61::ZERO { M61::ZERO } else { M61::ONE });
        if a != M61::ZERO {
            // -1 is no square, so the negative of a square is none either.
            prop_assert_eq!((-square).sqrt_inverse_candidate().square() * -square, -M61::ONE);
        }
    }

    #[test]
    fn powers_in_k(a in k()) {
        prop_assert_eq!(a.pow(u128::from(P)), a.conjugate());
        prop_assert_eq!(K::from(a.norm()), a * a.conjugate());
        prop_assert_eq!(a.pow(u128::from(P) * u128::from(P)), a);
        prop_assert_eq!(K::I * K::I, -K::ONE);
    }
}

#[test]
fn the_edges_of_m61() {
    let last = M61::from_canonical(P - 1).expect("below p");
    assert_eq!(M61::from_canonical(P), None);
    assert_eq!(M61::from_canonical(u64::MAX), None);
    assert_eq!(M61::from_bytes(P.to_le_bytes()), None);
    assert_eq!(M61::new(P), M61::ZERO);
    assert_eq!(M61::new(u64::MAX), M61::new(7));
    assert_eq!(
        M61::reduce_wide(u128::MAX).value(),
        (u128::MAX % u128::from(P)) as u64
    );
    assert_eq!(M61::from_random_word(P), M61::ZERO);
    assert_eq!(M61::from_random_word(u64::MAX), M61::ZERO);
    assert_eq!(M61::from_random_word(P - 1), last);
    assert_eq!(M61::from_i64(-1), last);
    assert_eq!(last.to_i64(), -1);
    assert_eq!(M61::from_i64(i64::MIN), M61::ZERO - M61::new(1 << 63));
    assert_eq!(last * last, M61::ONE);
    assert_eq!(-M61::ZERO, M61::ZERO);
    assert_eq!(M61::ZERO.sqrt_inverse_candidate(), M61::ZERO);
    assert_eq!(
        M61::conditional_select(&last, &M61::ONE, 1.into()),
        M61::ONE
    );
    assert_eq!(M61::conditional_select(&last, &M61::ONE, 0.into()), last);
}

/// The largest products in the largest groups: an accumulator that reduced too late would overflow.
#[test]
fn lazy_sums_do_not_overflow() {
    let last = -M61::ONE;
    for len in [0, 1, 63, 64, 65, 127, 128, 129, 1000] {
        let vector = vec![last; len];
        assert_eq!(dot(&vector, &vector), M61::new(len as u64));
        let mut sum = Accumulator::new();
        for element in &vector {
            sum.add_product(*element, *element);
        }
        assert_eq!(sum.finish(), M61::new(len as u64));
    }
}

#[test]
fn batched_powers_equal_single_ones() {
    let mut rng = ChaCha20Rng::from_seed([1; 32]);
    for len in 0..35 {
        let elements: Vec<M61> = (0..len).map(|_| M61::random(&mut rng)).collect();
        let mut batch = elements.clone();
        pow_p_minus_3_over_4(&mut batch);
        let single: Vec<M61> = elements
            .iter()
            .map(|c| c.sqrt_inverse_candidate())
            .collect();
        assert_eq!(batch, single);
    }
}

#[test]
fn a_list_names_its_first_bad_element() {
    let mut bytes = slice::encode_slice(&[M61::ONE; 5]);
    bytes[16..24].copy_from_slice(&P.to_le_bytes());
    bytes[39] |= 0x20;
    let error = enigma_field::Error::NonCanonical { index: 2 };
    assert_eq!(slice::decode_slice::<M61>(&bytes), Err(error));
    let odd = enigma_field::Error::Length {
        expected: 8,
        found: 39,
    };
    assert_eq!(slice::decode_slice::<M61>(&bytes[..39]), Err(odd));
    let short = enigma_field::Error::Length {
        expected: 48,
        found: 40,
    };
    assert_eq!(slice::decode_exact::<M61>(&bytes, 6), Err(short));
}

/// Low bits and high bits of random elements are balanced: chi-square over 64 cells each.
#[test]
fn random_elements_are_uniform() {
    let mut rng = ChaCha20Rng::from_seed([2; 32]);
    let (mut low, mut high) = ([0u32; 64], [0u32; 64]);
    let draws = 64_000;
    for _ in 0..draws {
        let element = M61::random(&mut rng).value();
        low[element as usize % 64] += 1;
        high[(element >> 55) as usize] += 1;
    }
    let chi_square = |cells: &[u32; 64]| -> f64 {
        let expected = f64::from(draws) / 64.0;
        cells
            .iter()
            .map(|cell| (f64::from(*cell) - expected).powi(2) / expected)
            .sum()
    };
    // 63 degrees of freedom: above 120 with probability below 2^-15, and the seed is fixed.
    assert!(chi_square(&low) < 120.0 && chi_square(&high) < 120.0);
    // The control: a generator without its lowest bit is caught.
    let mut control = [0u32; 64];
    for _ in 0..draws {
        control[(rng.next_u64() & !1) as usize % 64] += 1;
    }
    assert!(chi_square(&control) > 10_000.0);
}
