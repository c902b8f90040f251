//! The back end for every processor: words and 128-bit sums.

use super::{Lanes, Vector};
use crate::k::K;
use crate::m61::{M61, fold};

/// Some elements, so that compilers find what vectors any processor has; kernels with many sums take
/// one element, or the sums would not stay in registers.
#[derive(Clone, Copy)]
pub(super) struct Portable<const LEN: usize>([M61; LEN]);

impl<const LEN: usize> Vector for Portable<LEN> {
    type Item = M61;
    type Factor = Self;
    type Sum = [u128; LEN];
    const LEN: usize = LEN;
    // 64 (p-1)^2 + 2^68 < 2^128.
    const CAPACITY: usize = 64;

    #[inline(always)]
    fn load(from: &[M61]) -> Self {
        Self(std::array::from_fn(|k| from[..LEN][k]))
    }

    #[inline(always)]
    fn store(self, to: &mut [M61]) {
        to[..LEN].copy_from_slice(&self.0);
    }

    #[inline(always)]
    fn splat(element: M61) -> Self {
        Self([element; LEN])
    }

    #[inline(always)]
    fn add(self, other: Self) -> Self {
        Self(std::array::from_fn(|k| self.0[k] + other.0[k]))
    }

    #[inline(always)]
    fn sub(self, other: Self) -> Self {
        Self(std::array::from_fn(|k| self.0[k] - other.0[k]))
    }

    #[inline(always)]
    fn mul(self, other: Self) -> Self {
        Self(std::array::from_fn(|k| self.0[k] * other.0[k]))
    }

    #[inline(always)]
    fn factor(self) -> Self {
        self
    }

    #[inline(always)]
    fn empty() -> Self::Sum {
        [0; LEN]
    }

    #[inline(always)]
    fn add_product(sum: &mut Self::Sum, left: Self, right: Self) {
        for (k, sum) in sum.iter_mut().enumerate() {
            *sum += u128::from(left.0[k].value()) * u128::from(right.0[k].value());
        }
    }

    #[inline(always)]
    fn tidy(sum: &mut Self::Sum) {
        *sum = sum.map(fold);
    }

    #[inline(always)]
    fn finish(sum: Self::Sum) -> Self {
        Self(sum.map(M61::reduce_wide))
    }
}

impl<const LEN: usize> Lanes for Portable<LEN> {
    const WORDS_CAPACITY: usize = Self::CAPACITY;

    #[inline(always)]
    fn small(integer: i32) -> Self {
        Self::splat(M61::from_i64(i64::from(integer)))
    }

    #[inline(always)]
    fn add_words(sum: &mut Self::Sum, small: Self, from: &[u8]) {
        Self::add_product(sum, small, Self::load_words(from));
    }

    #[inline(always)]
    fn finish_words(sum: Self::Sum) -> Self {
        Self::finish(sum)
    }

    #[inline(always)]
    fn load_words(from: &[u8]) -> Self {
        let (words, _) = from[..8 * LEN].as_chunks::<8>();
        Self(std::array::from_fn(|k| {
            M61::from_random_word(u64::from_le_bytes(words[k]))
        }))
    }

    #[inline(always)]
    fn load_pairs(from: &[K]) -> (Self, Self) {
        let from = &from[..LEN];
        (
            Self(std::array::from_fn(|k| from[k].re)),
            Self(std::array::from_fn(|k| from[k].im)),
        )
    }

    #[inline(always)]
    fn store_pairs(re: Self, im: Self, to: &mut [K]) {
        for (k, to) in to[..LEN].iter_mut().enumerate() {
            *to = K::new(re.0[k], im.0[k]);
        }
    }
}
