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
