//! The laws of a field, one suite for every instance, and what each field promises beyond them.

use enigma_field::interpolation::lagrange_at;
use enigma_field::{
    Accumulator, Extension, Field, Gf128, K, M61, M127, PrimeField, WideAccumulator, batch_inverse,
    dot, recursion, slice,
};
use proptest::prelude::*;
use rand_chacha::ChaCha20Rng;
use rand_core::{Rng, SeedableRng};
use subtle::ConditionallySelectable;

mod toy;

use toy::F7;

const P: u64 = M61::MODULUS;
const Q: u128 = M127::MODULUS;

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

fn gf128() -> impl Strategy<Value = Gf128> {
    prop_oneof![
        any::<u128>().prop_map(Gf128::new),
        prop::sample::select(vec![0, 1, 2, 3, 1 << 63, 1 << 64, 1 << 127, u128::MAX])
            .prop_map(Gf128::new),
    ]
}

fn m127() -> impl Strategy<Value = M127> {
    prop_oneof![
        any::<u128>().prop_map(M127::new),
        prop::sample::select(vec![
            0,
            1,
            2,
            Q - 1,
            Q - 2,
            Q / 2,
            Q / 2 + 1,
            1 << 64,
            (1 << 64) - 1,
            Q - (1 << 64),
        ])
        .prop_map(M127::new),
    ]
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

fn check_prime_field<F: PrimeField>(a: F, integer: i64) {
    assert_eq!(F::HALF + F::HALF, F::ONE);
    assert_eq!(F::from_i64(integer) + F::from_i64(!integer), -F::ONE);
    let distance = F::from_u64(a.to_i128().unsigned_abs() as u64);
    if a.to_i128().unsigned_abs() <= u128::from(u64::MAX) {
        assert_eq!(a, if a.to_i128() < 0 { -distance } else { distance });
    }
    let square = a.square();
    let root = square.sqrt().expect("a square");
    assert!(root == a || root == -a);
    // -1 is no square, so the negative of a square is none either.
    assert_eq!((-square).sqrt().is_some(), a == F::ZERO);
    let mut powers = [square, -square];
    F::inverse_roots(&mut powers);
    let unit = if a == F::ZERO { F::ZERO } else { F::ONE };
    assert_eq!(powers[0].square() * square, unit);
    assert_eq!(powers[1].square() * -square, -unit);
    assert_eq!(F::conditional_select(&a, &F::HALF, 0.into()), a);
    assert_eq!(F::conditional_select(&a, &F::HALF, 1.into()), F::HALF);
}

fn check_extension<E: Extension>(a: E, factor: E::Base) {
    let mut coordinates = Vec::new();
    a.push_coordinates(&mut coordinates);
    assert_eq!(coordinates.len(), E::DEGREE);
    assert_eq!(E::from_coordinates(&coordinates), a);
    assert_eq!(a * factor, a * E::from(factor));
}

/// All of them at once, or none of them when there is a zero.
fn check_batch_inverse<F: Field>(elements: &[F]) {
    let mut batch = elements.to_vec();
    let one_by_one: Option<Vec<F>> = elements.iter().map(|a| a.inverse()).collect();
    match (batch_inverse(&mut batch), one_by_one) {
        (Some(()), Some(inverses)) => assert_eq!(batch, inverses),
        (None, None) => assert_eq!(batch, elements),
        _ => panic!("a zero is refused, and nothing else"),
    }
}

/// What a prime field may compute faster equals the operations one by one.
fn check_rows<F: PrimeField>(left: &[F], right: &[F], coefficients: [F; 3]) {
    let mut product = left.to_vec();
    F::multiply_each(&mut product, right);
    let expected: Vec<F> = left.iter().zip(right).map(|(a, b)| *a * *b).collect();
    assert_eq!(product, expected);
    let mut row = vec![F::ONE; left.len()];
    F::combine_rows(&coefficients, &[left, right, &product], &mut row);
    let [a, b, c] = coefficients;
    for (place, sum) in row.iter().enumerate() {
        assert_eq!(
            *sum,
            a * left[place] + b * right[place] + c * product[place]
        );
    }
    F::combine_rows(&[], &[], &mut row);
    assert!(row.iter().all(|sum| *sum == F::ZERO));
    let mut roots = left.to_vec();
    F::inverse_roots(&mut roots);
    for (root, element) in roots.iter().zip(left) {
        let mut single = [*element];
        F::inverse_roots(&mut single);
        assert_eq!(*root, single[0]);
    }
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
    fn gf128_is_a_field(a in gf128(), b in gf128(), c in gf128()) {
        check_laws(a, b, c);
        check_inverse(a);
        check_encoding(a, b);
        prop_assert_eq!(a + a, Gf128::ZERO);
        prop_assert_eq!((a + b).square(), a.square() + b.square());
    }

    #[test]
    fn m127_is_a_field(a in m127(), b in m127(), c in m127(), x: u32, y: u32) {
        check_laws(a, b, c);
        check_inverse(a);
        check_integers::<M127>(x, y);
        check_encoding(a, b);
    }

    #[test]
    fn prime_fields_and_their_extensions(a in m61(), b in m127(), c in k(), integer: i64) {
        check_prime_field(a, integer);
        check_prime_field(b, integer);
        check_prime_field(M127::from_i64(integer), integer);
        check_extension(c, a);
        check_extension(b, b);
    }

    #[test]
    fn inverses_by_the_batch(
        a in prop::collection::vec(m61(), 0..12),
        b in prop::collection::vec(m127(), 0..12),
        c in prop::collection::vec(k(), 0..12),
    ) {
        check_batch_inverse(&a);
        check_batch_inverse(&b);
        check_batch_inverse(&c);
    }

    #[test]
    fn rows_agree_with_single_operations(
        pairs in prop::collection::vec((m127(), m127()), 0..40),
        coefficients in [m127(), m127(), m127()],
    ) {
        let (left, right): (Vec<_>, Vec<_>) = pairs.into_iter().unzip();
        check_vectors(&left, &right, coefficients[0]);
        check_rows(&left, &right, coefficients);
        let small = |elements: &[M127]| -> Vec<M61> {
            elements.iter().map(|a| M61::reduce_wide(a.value())).collect()
        };
        check_rows(&small(&left), &small(&right), coefficients.map(|c| M61::reduce_wide(c.value())));
    }

    #[test]
    fn m127_products_of_integers(a: u64, b: u64, c: u128) {
        let product = M127::new(u128::from(a) * u128::from(b));
        prop_assert_eq!(M127::from(a) * M127::from(b), product);
        prop_assert_eq!(M127::new(c).value(), c % Q);
        // 2^128 is 2.
        let wide = M127::reduce_wide(c, u128::from(a));
        prop_assert_eq!(wide, M127::new(c) + M127::from(a) + M127::from(a));
    }

    #[test]
    fn signed_integers_of_m127_round_trip(x in -((Q as i128 - 1) / 2)..=(Q as i128 - 1) / 2, any: i64) {
        prop_assert_eq!(M127::from_i128(x).to_i128(), x);
        prop_assert_eq!(M127::from_i128(-x), -M127::from_i128(x));
        prop_assert_eq!(M127::from_i64(any).to_i128(), i128::from(any));
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
    fn combinations_over_m127_agree_with_single_operations(
        pairs in prop::collection::vec((m127(), m127()), 0..200),
    ) {
        let (left, right): (Vec<M127>, Vec<M127>) = pairs.into_iter().unzip();
        let one_by_one: M127 = left.iter().zip(&right).map(|(w, x)| *w * *x).sum();
        prop_assert_eq!(M127::combine(&left, right.iter().copied()), one_by_one);
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

#[test]
fn the_edges_of_m127() {
    let last = M127::from_canonical(Q - 1).expect("below p");
    assert_eq!(M127::from_canonical(Q), None);
    assert_eq!(M127::from_canonical(u128::MAX), None);
    assert_eq!(M127::from_bytes(Q.to_le_bytes()), None);
    assert_eq!(M127::new(Q), M127::ZERO);
    assert_eq!(M127::new(u128::MAX), M127::ONE);
    assert_eq!(M127::from_random_bits(Q), M127::ZERO);
    assert_eq!(M127::from_random_bits(u128::MAX), M127::ZERO);
    assert_eq!(M127::from_random_bits(Q - 1), last);
    assert_eq!(M127::from_i128(-1), last);
    assert_eq!(last.to_i128(), -1);
    assert_eq!(M127::from_i128(i128::MIN), -M127::ONE);
    assert_eq!(last * last, M127::ONE);
    assert_eq!(-M127::ZERO, M127::ZERO);
    assert_eq!(M127::ZERO.sqrt_inverse_candidate(), M127::ZERO);
    assert_eq!(last.sqrt(), None);
}

/// The two words of a random element come in order, and a generator is read no further.
#[test]
fn m127_draws_two_words() {
    let mut words = ChaCha20Rng::from_seed([3; 32]);
    let mut rng = words.clone();
    for _ in 0..5 {
        let pair = [words.next_u64(), words.next_u64()];
        let element = M127::random(&mut rng);
        assert_eq!(element, <M127 as PrimeField>::from_random_words(&pair));
    }
}

#[test]
fn every_short_vector_of_a_toy_field_is_inverted() {
    for len in 0..5 {
        for vector in F7::vectors(len) {
            check_batch_inverse(&vector);
        }
    }
}

/// In a field so small that blocks of values are nearly all there is.
#[test]
fn recursion_steps_in_a_toy_field() {
    let mut rng = ChaCha20Rng::from_seed([4; 32]);
    for (len, blocks) in [(1, 1), (2, 2), (9, 2), (9, 3), (20, 4), (64, 4)] {
        let mut draw = || -> Vec<F7> { (0..len).map(|_| F7::random(&mut rng)).collect() };
        let (x, y) = (draw(), draw());
        let points: Vec<F7> = F7::all().take(blocks).collect();
        for (point, h) in F7::all().zip(recursion::products(&x, &y, blocks)) {
            let at = lagrange_at(&points, point).expect("distinct");
            let (f, g) = (recursion::fold(&x, &at), recursion::fold(&y, &at));
            assert_eq!(F7::dot(&f, &g), h, "{len} in {blocks} blocks at {point:?}");
        }
    }
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
        let mut sum = WideAccumulator::new();
        for _ in 0..len {
            sum.add_product(-M127::ONE, -M127::ONE);
        }
        assert_eq!(sum.finish(), M127::from(len as u64));
    }
}

#[test]
fn batched_powers_equal_single_ones() {
    let mut rng = ChaCha20Rng::from_seed([1; 32]);
    for len in 0..35 {
        let elements: Vec<M61> = (0..len).map(|_| M61::random(&mut rng)).collect();
        let mut batch = elements.clone();
        M61::inverse_roots(&mut batch);
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
