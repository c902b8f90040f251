//! Every back end against plain field operations, in lengths that end at every place of a vector.

use super::Backend;
use crate::recursion::{self, coefficients_at};
use crate::traits::Field;
use crate::{K, M61};

/// The interpreter runs the same code a thousand times slower.
const ROUNDS: usize = if cfg!(miri) { 1 } else { 40 };
const LONG: usize = if cfg!(miri) { 40 } else { 5000 };

/// A short generator (SplitMix64): a cipher's would take most of the interpreter's time.
struct Source(u64);

impl Source {
    fn new(seed: u64) -> Self {
        Self(seed)
    }

    fn word(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    /// Values at the ends of the range and at the limbs' ends half of the time.
    fn m61(&mut self) -> M61 {
        const P: u64 = M61::MODULUS;
        const EDGES: [u64; 20] = [
            0,
            1,
            2,
            P - 1,
            P - 2,
            P / 2,
            P / 2 + 1,
            (1 << 52) - 1,
            1 << 52,
            (1 << 52) + 1,
            (1 << 31) - 1,
            1 << 31,
            (1 << 31) + 1,
            (1 << 30) - 1,
            1 << 32,
            (1 << 60) - 1,
            1 << 60,
            P - (1 << 31),
            P - (1 << 52),
            P - 1,
        ];
        let word = self.word();
        match word >> 63 {
            0 => M61::new(EDGES[(word % 20) as usize]),
            _ => M61::from_random_word(word),
        }
    }

    fn vector(&mut self, len: usize) -> Vec<M61> {
        (0..len).map(|_| self.m61()).collect()
    }

    fn k_vector(&mut self, len: usize) -> Vec<K> {
        (0..len).map(|_| K::new(self.m61(), self.m61())).collect()
    }
}

fn lengths() -> impl Iterator<Item = usize> {
    let few = |len: &usize| !cfg!(miri) || [0, 1, 7, 8, 9, 31, 33].contains(len);
    (0..35).filter(few).chain([63, 64, 65, LONG])
}

fn each(left: &[M61], right: &[M61], combine: impl Fn(M61, M61) -> M61) -> Vec<M61> {
    (left.iter().zip(right))
        .map(|(a, b)| combine(*a, *b))
        .collect()
}

#[test]
fn words_become_elements_and_sums_of_elements() {
    let mut source = Source::new(9);
    for back in Backend::available() {
        for len in lengths() {
            for count in [0, 1, 2, 5, 20, 70] {
                let mut word = || match source.word() {
                    // The words that are p or more.
                    word if word % 4 == 0 => word | M61::MODULUS,
                    word => word,
                };
                let words: Vec<Vec<u64>> = (0..count)
                    .map(|_| (0..len).map(|_| word()).collect())
                    .collect();
                let rows: Vec<Vec<u8>> = (words.iter())
                    .map(|row| row.iter().flat_map(|word| word.to_le_bytes()).collect())
                    .collect();
                let elements: Vec<Vec<M61>> = (words.iter())
                    .map(|row| {
                        row.iter()
                            .map(|word| M61::from_random_word(*word))
                            .collect()
                    })
                    .collect();
                for (row, expected) in rows.iter().zip(&elements) {
                    let mut out = vec![M61::ONE; len];
                    back.from_words(row, &mut out);
                    assert_eq!(out, *expected, "{}", back.name());
                }
                // The largest that are allowed, of both signs, among others.
                let most = (i32::MAX / count.max(1)) as u64;
                let coefficients: Vec<i32> = (0..count)
                    .map(|_| match source.word() {
                        word if word % 3 == 0 => most as i32,
                        word if word % 3 == 1 => -(most as i32),
                        word => (word / 3 % (most + 1)) as i32,
                    })
                    .collect();
                let mut out = source.vector(len);
                let expected: Vec<M61> = (0..len)
                    .map(|k| {
                        let terms = coefficients.iter().zip(&elements);
                        out[k]
                            + terms
                                .map(|(c, row)| M61::from_i64(i64::from(*c)) * row[k])
                                .sum::<M61>()
                    })
                    .collect();
                let rows: Vec<&[u8]> = rows.iter().map(Vec::as_slice).collect();
                back.add_combined_words(&coefficients, &rows, &mut out);
                assert_eq!(out, expected, "{}: {count} rows of {len}", back.name());
            }
        }
    }
}

fn sum_of_products<F: Field>(left: &[F], right: &[F]) -> F {
    left.iter().zip(right).map(|(a, b)| *a * *b).sum()
}

#[test]
fn operations_on_each_element() {
    let mut source = Source::new(1);
    for backend in Backend::available() {
        for len in lengths() {
            for _ in 0..ROUNDS {
                let (a, b) = (source.vector(len), source.vector(len));
                let factor = source.m61();
                let run = |change: &dyn Fn(&mut [M61])| {
                    let mut target = a.clone();
                    change(&mut target);
                    target
                };
                let name = backend.name();
                let sum = run(&|target| backend.add_assign(target, &b));
                assert_eq!(sum, each(&a, &b, |a, b| a + b), "{name} {len}");
                let difference = run(&|target| backend.sub_assign(target, &b));
                assert_eq!(difference, each(&a, &b, |a, b| a - b), "{name} {len}");
                let product = run(&|target| backend.multiply_each(target, &b));
                assert_eq!(product, each(&a, &b, |a, b| a * b), "{name} {len}");
                let scaled = run(&|target| backend.scale(target, factor));
                assert_eq!(scaled, each(&a, &b, |a, _| a * factor), "{name} {len}");
                let sum = run(&|target| backend.add_scaled(target, factor, &b));
                assert_eq!(sum, each(&a, &b, |a, b| a + factor * b), "{name} {len}");
            }
        }
    }
}

#[test]
fn inner_products() {
    let mut source = Source::new(2);
    for backend in Backend::available() {
        for len in lengths() {
            for _ in 0..ROUNDS {
                let (a, b) = (source.vector(len), source.vector(len));
                let name = backend.name();
                assert_eq!(backend.dot(&a, &b), sum_of_products(&a, &b), "{name} {len}");
                let (a, b) = (source.k_vector(len), source.k_vector(len));
                let expected = sum_of_products(&a, &b);
                assert_eq!(backend.dot_ext(&a, &b), expected, "{name} {len}");
            }
        }
    }
}

/// The largest products: sums that were tidied too late would overflow.
#[test]
fn sums_do_not_overflow() {
    let len = if cfg!(miri) { 100 } else { 100_000 };
    let last = -M61::ONE;
    let big = vec![last; len];
    let big_ext = vec![K::new(last, last); len];
    // (-1 - i)^2 is 2i.
    let square = K::I * M61::new(2 * len as u64);
    // Limbs of ones in every cut.
    let ones = vec![M61::new((1 << 61) - 1 - (1 << 31) - (1 << 52)); len];
    for backend in Backend::available() {
        assert_eq!(backend.dot(&big, &big), M61::new(len as u64));
        assert_eq!(backend.dot_ext(&big_ext, &big_ext), square);
        assert_eq!(backend.dot(&ones, &ones), sum_of_products(&ones, &ones));
        assert_eq!(backend.dot(&big, &ones), sum_of_products(&big, &ones));
        for blocks in [8, 16, 32] {
            let h = backend.products(&big, &big, blocks);
            assert_eq!(
                h.iter().take(blocks).copied().sum::<M61>(),
                M61::new(len as u64)
            );
            let h = backend.products_ext(&big_ext, &big_ext, blocks);
            assert_eq!(h.iter().take(blocks).copied().sum::<K>(), square);
        }
        for blocks in [8, 16, 32] {
            let coefficients = vec![big_ext[0]; blocks];
            let folded = backend.fold(&big, &coefficients);
            assert_eq!(folded, recursion::fold(&big, &coefficients));
            let folded = backend.fold_ext(&big_ext, &coefficients);
            assert_eq!(folded, recursion::fold(&big_ext, &coefficients));
        }
        // More rows than any sum has room for.
        let mut sums = vec![M61::ZERO; 9];
        let count = len.min(3000);
        backend.combine_rows(&big[..count], &vec![&big[..9]; count], &mut sums);
        assert_eq!(sums, [M61::new(count as u64); 9]);
    }
}

#[test]
fn rows_of_matrices() {
    let mut source = Source::new(3);
    for backend in Backend::available() {
        for count in [0, 1, 2, 3, 4, 5, 6, 9, 70] {
            for len in lengths().filter(|len| *len < if cfg!(miri) { 10 } else { 40 }) {
                let coefficients = source.vector(count);
                let rows: Vec<Vec<M61>> = (0..count).map(|_| source.vector(len)).collect();
                let borrowed: Vec<&[M61]> = rows.iter().map(Vec::as_slice).collect();
                let mut out = source.vector(len);
                backend.combine_rows(&coefficients, &borrowed, &mut out);
                for (place, sum) in out.iter().enumerate() {
                    let at_place: Vec<M61> = rows.iter().map(|row| row[place]).collect();
                    let expected = sum_of_products(&coefficients, &at_place);
                    assert_eq!(*sum, expected, "{} {count} {len}", backend.name());
                }
            }
        }
    }
}

#[test]
fn inverse_roots() {
    let mut source = Source::new(4);
    for backend in Backend::available() {
        for len in lengths().filter(|len| !cfg!(miri) || *len < 12) {
            let elements = source.vector(len);
            let mut roots = elements.clone();
            backend.inverse_roots(&mut roots);
            let expected: Vec<M61> = elements.iter().map(|c| c.pow((1 << 59) - 1)).collect();
            assert_eq!(roots, expected, "{} {len}", backend.name());
        }
    }
}

#[test]
fn steps_of_the_recursion() {
    let mut source = Source::new(5);
    let blocks: &[usize] = if cfg!(miri) { &[8] } else { &[1, 3, 8, 16, 32] };
    let long = if cfg!(miri) {
        vec![]
    } else {
        vec![500, 1023, 5000]
    };
    for backend in Backend::available() {
        for &blocks in blocks {
            for len in [1, 65].into_iter().chain(long.clone()) {
                let about = format!("{} {len} in {blocks}", backend.name());
                let rho = source.k_vector(1)[0] + K::I;
                let over_blocks = coefficients_at(blocks, rho);
                let (x, y) = (source.vector(len), source.vector(len));
                let h = backend.products(&x, &y, blocks);
                assert_eq!(h, recursion::products(&x, &y, blocks), "{about}");
                let f = backend.fold(&x, &over_blocks);
                assert_eq!(f, recursion::fold(&x, &over_blocks), "{about}");
                let (x, y) = (source.k_vector(len), source.k_vector(len));
                let h = backend.products_ext(&x, &y, blocks);
                assert_eq!(h, recursion::products(&x, &y, blocks), "{about}");
                let f = backend.fold_ext(&x, &over_blocks);
                assert_eq!(f, recursion::fold(&x, &over_blocks), "{about}");
            }
        }
    }
}

mod carryless {
    use super::Source;
    use crate::Gf128;
    use crate::simd::{BitShares, Carryless};

    impl Source {
        /// Elements at the ends of words and of the range half of the time.
        fn gf128(&mut self) -> Gf128 {
            const EDGES: [u128; 10] = [
                0,
                1,
                2,
                1 << 63,
                1 << 64,
                1 << 121,
                1 << 127,
                u128::MAX,
                u64::MAX as u128,
                u128::MAX << 64,
            ];
            let word = self.word();
            match word >> 63 {
                0 => Gf128::new(EDGES[(word % 10) as usize]),
                _ => Gf128::from_words([word, self.word()]),
            }
        }

        fn elements(&mut self, len: usize) -> Vec<Gf128> {
            (0..len).map(|_| self.gf128()).collect()
        }

        fn words(&mut self, len: usize) -> Vec<u64> {
            (0..len).map(|_| self.word()).collect()
        }
    }

    /// Bit by bit, from the definition.
    fn multiply(a: Gf128, b: Gf128) -> Gf128 {
        let mut power = a;
        let mut product = Gf128::ZERO;
        for bit in 0..128 {
            if b.coefficients() >> bit & 1 == 1 {
                product += power;
            }
            power = power.times_x();
        }
        product
    }

    fn sum(left: &[Gf128], right: &[Gf128]) -> Gf128 {
        (left.iter().zip(right))
            .map(|(a, b)| multiply(*a, *b))
            .sum()
    }

    #[test]
    fn the_modulus_is_the_one_of_the_definition() {
        // x (x^127) = x^128 = x^7 + x^2 + x + 1, and a product from an independent program.
        assert_eq!(Gf128::new(1 << 127).times_x(), Gf128::new(0x87));
        let a = Gf128::new(0x0123_4567_89ab_cdef_0011_2233_4455_6677);
        let b = Gf128::new(0xfedc_ba98_7654_3210_8899_aabb_ccdd_eeff);
        let expected = Gf128::new(PRODUCT);
        for back_end in Carryless::available() {
            assert_eq!(back_end.dot(&[a], &[b]), expected);
        }
        assert_eq!(multiply(a, b), expected);
    }

    const PRODUCT: u128 = 0x7223_e98d_0756_9cd9_cb3f_cb35_897d_8956;

    #[test]
    fn carryless_kernels_are_plain_field_operations() {
        let mut source = Source::new(7);
        let lens = [0, 1, 2, 3, 7, 64, 65, 130, 300];
        for back_end in Carryless::available() {
            for len in lens.into_iter().filter(|len| !cfg!(miri) || *len < 8) {
                let (x, y) = (source.elements(len), source.elements(len));
                assert_eq!(back_end.dot(&x, &y), sum(&x, &y));
                for blocks in [1, 2, 3, 8] {
                    let pairs = back_end.pair_products(&x, &y, blocks);
                    let part = |v: &[Gf128], b: usize| {
                        let m = v.len().div_ceil(blocks);
                        let mut part = v[(b * m).min(len)..((b + 1) * m).min(len)].to_vec();
                        part.resize(m, Gf128::ZERO);
                        part
                    };
                    for b in 0..blocks {
                        for c in b..blocks {
                            let both = |v| -> Vec<Gf128> {
                                let (b_part, c_part) = (part(v, b), part(v, c));
                                let both = b_part.iter().zip(&c_part);
                                both.map(|(p, q)| if b == c { *p } else { *p + *q })
                                    .collect()
                            };
                            assert_eq!(pairs[b * blocks + c], sum(&both(&x), &both(&y)));
                        }
                    }
                    let coefficients = source.elements(blocks);
                    let folded = back_end.fold(&x, &coefficients);
                    for (k, element) in folded.iter().enumerate() {
                        let column: Vec<Gf128> = (0..blocks).map(|b| part(&x, b)[k]).collect();
                        assert_eq!(*element, sum(&column, &coefficients));
                    }
                }
            }
            let weights = source.elements(3);
            let mut scaled = source.elements(3 * 128);
            let before = scaled.clone();
            back_end.scale_by_powers(&mut scaled, &weights);
            for (k, (now, before)) in scaled.iter().zip(before).enumerate() {
                let power = (0..k % 128).fold(weights[k / 128], |w, _| w.times_x());
                assert_eq!(*now, multiply(before, power));
            }
        }
    }

    #[test]
    fn kernels_of_bits_are_those_of_their_elements() {
        let mut source = Source::new(8);
        for back_end in Carryless::available() {
            for (blocks, packs) in [(1, 1), (3, 2), (2, 65)] {
                let words = 2 * packs * blocks;
                let rows = [0; 4].map(|_| source.words(words));
                let [xf, xs, yf, ys] = &rows;
                let x = BitShares {
                    first: xf,
                    second: xs,
                };
                let y = BitShares {
                    first: yf,
                    second: ys,
                };
                let weights = source.elements(packs);
                let pairs = back_end.bit_pair_products(x, y, &weights, blocks);
                assert_eq!(back_end.packed_dot(&xf[..2 * packs], &weights), {
                    let packs = xf[..2 * packs].as_chunks().0.iter();
                    let packs: Vec<Gf128> = packs.map(|pack| Gf128::from_words(*pack)).collect();
                    sum(&packs, &weights)
                });
                for b in 0..blocks {
                    for c in b..blocks {
                        let both = |row: &[u64], k: usize| {
                            let of_b = row[2 * packs * b + k];
                            if b == c {
                                of_b
                            } else {
                                of_b ^ row[2 * packs * c + k]
                            }
                        };
                        let terms: Vec<u64> = (0..2 * packs)
                            .map(|k| {
                                let (xf, xs) = (both(xf, k), both(xs, k));
                                let (yf, ys) = (both(yf, k), both(ys, k));
                                xf & yf ^ xf & ys ^ xs & yf
                            })
                            .collect();
                        let expected = Carryless::PORTABLE.packed_dot(&terms, &weights);
                        assert_eq!(pairs[b * blocks + c], expected);
                    }
                }
                let coefficients: Vec<[Gf128; 2]> = (0..blocks)
                    .map(|_| [source.gf128(), source.gf128()])
                    .collect();
                let folded = back_end.fold_bits(x, &coefficients, 2 * packs);
                assert_eq!(folded.len(), 128 * packs);
                for (place, element) in folded.iter().enumerate() {
                    let mut expected = Gf128::ZERO;
                    for (b, [first, second]) in coefficients.iter().enumerate() {
                        let word = 2 * packs * b + place / 64;
                        let bit = |row: &[u64]| row[word] >> (place % 64) & 1 == 1;
                        expected += if bit(xf) { *first } else { Gf128::ZERO };
                        expected += if bit(xs) { *second } else { Gf128::ZERO };
                    }
                    assert_eq!(*element, expected);
                }
            }
        }
    }
}
