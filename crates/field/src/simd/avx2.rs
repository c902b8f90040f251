//! Four elements in 256 bits, with products of 32-bit words.
//!
//! A factor is cut at 2^31 into limbs of 31 and 30 bits, whose products leave room for a few sums
//! in 64 bits. A sum is `low + middle * 2^31 + high * 2^62`, and 2^62 is 2 modulo p.

use std::arch::x86_64::*;

use super::{Lanes, Vector};
use crate::k::K;
use crate::m61::M61;

const P: i64 = M61::MODULUS as i64;
const MASK_31: i64 = (1 << 31) - 1;
const MASK_30: i64 = (1 << 30) - 1;

/// Each lane is the canonical representative.
#[derive(Clone, Copy)]
pub(super) struct Avx2(__m256i);

#[derive(Clone, Copy)]
pub(super) struct Sum {
    low: __m256i,
    middle: __m256i,
    high: __m256i,
}

impl Vector for Avx2 {
    type Item = M61;
    /// The limbs: 31 bits and 30 bits.
    type Factor = (__m256i, __m256i);
    type Sum = Sum;
    const LEN: usize = 4;
    // Beside what a tidied sum keeps: 4 (2^31-1)^2 + 2^31 < 2^64 in `low`,
    // 8 (2^31-1)(2^30-1) + 2^31 + 2^33 < 2^64 in `middle`, and far less in `high`.
    const CAPACITY: usize = 4;

    #[inline(always)]
    fn load(from: &[M61]) -> Self {
        let from = &from[..Self::LEN];
        // SAFETY: the slice has 32 bytes; M61 is a transparent u64.
        Self(unsafe { _mm256_loadu_si256(from.as_ptr().cast()) })
    }

    #[inline(always)]
    fn store(self, to: &mut [M61]) {
        let to = &mut to[..Self::LEN];
        // SAFETY: the slice has 32 bytes; lanes are canonical representatives.
        unsafe { _mm256_storeu_si256(to.as_mut_ptr().cast(), self.0) }
    }

    #[inline(always)]
    fn splat(element: M61) -> Self {
        Self(splat(element.value() as i64))
    }

    #[inline(always)]
    fn add(self, other: Self) -> Self {
        Self(reduce_once(add(self.0, other.0)))
    }

    #[inline(always)]
    fn sub(self, other: Self) -> Self {
        let difference = sub(self.0, other.0);
        let raised = add(difference, splat(P));
        Self(select_negative(difference, raised, difference))
    }

    #[inline(always)]
    fn mul(self, other: Self) -> Self {
        let mut sum = Self::empty();
        Self::add_product(&mut sum, self.factor(), other.factor());
        // One product: below 2^62 + (2^61 + 2^32) + 2^61.
        let total = add(sum.low, shift_31(sum.middle));
        let total = add(total, shl::<1>(sum.high));
        Self(reduce_once(fold(total)))
    }

    #[inline(always)]
    fn factor(self) -> Self::Factor {
        (and(self.0, splat(MASK_31)), shr::<31>(self.0))
    }

    #[inline(always)]
    fn empty() -> Sum {
        let zero = splat(0);
        Sum {
            low: zero,
            middle: zero,
            high: zero,
        }
    }

    #[inline(always)]
    fn add_product(sum: &mut Sum, left: Self::Factor, right: Self::Factor) {
        sum.low = add(sum.low, mul(left.0, right.0));
        sum.middle = add(sum.middle, mul(left.0, right.1));
        sum.middle = add(sum.middle, mul(left.1, right.0));
        sum.high = add(sum.high, mul(left.1, right.1));
    }

    #[inline(always)]
    fn tidy(sum: &mut Sum) {
        let middle = add(sum.middle, shr::<31>(sum.low));
        let high = add(sum.high, shr::<31>(middle));
        *sum = Sum {
            low: and(sum.low, splat(MASK_31)),
            middle: and(middle, splat(MASK_31)),
            high: fold(high),
        };
    }

    #[inline(always)]
    fn finish(sum: Sum) -> Self {
        // The first two terms are below 2^61 + 2^34, the last below 2^62 + 2^4.
        let total = add(fold(sum.low), shift_31(sum.middle));
        let total = add(total, shl::<1>(fold(sum.high)));
        Self(reduce_once(fold(total)))
    }
}

impl Lanes for Avx2 {
    // The magnitudes of the integers bound the sum, however many there are.
    const WORDS_CAPACITY: usize = usize::MAX;

    #[inline(always)]
    fn small(integer: i32) -> Self::Factor {
        (splat(i64::from(integer)), splat(0))
    }

    #[inline(always)]
    fn add_words(sum: &mut Sum, small: Self::Factor, from: &[u8]) {
        let (low, high) = Self::load_words(from).factor();
        sum.low = add(sum.low, mul_signed(low, small.0));
        sum.middle = add(sum.middle, mul_signed(high, small.0));
    }

    #[inline(always)]
    fn finish_words(sum: Sum) -> Self {
        // Both are signed, and above -(2^31-1)^2 > -2p.
        Self::finish(Sum {
            low: add(sum.low, splat(2 * P)),
            middle: add(sum.middle, splat(2 * P)),
            high: sum.high,
        })
    }

    #[inline(always)]
    fn load_words(from: &[u8]) -> Self {
        let from = &from[..8 * Self::LEN];
        // SAFETY: the slice has 32 bytes; the processor is little-endian.
        let words = unsafe { _mm256_loadu_si256(from.as_ptr().cast()) };
        Self(and(words, splat(P)))
    }

    #[inline(always)]
    fn load_pairs(from: &[K]) -> (Self, Self) {
        let from = &from[..Self::LEN];
        let from: *const __m256i = from.as_ptr().cast();
        // SAFETY: the slice has 64 bytes; K is re, im in C order.
        let (first, second) =
            unsafe { (_mm256_loadu_si256(from), _mm256_loadu_si256(from.add(1))) };
        let (re, im) = (even(first, second), odd(first, second));
        // Elements come as 0, 2, 1, 3, because unpacking works within halves.
        (Self(swap_middle(re)), Self(swap_middle(im)))
    }

    #[inline(always)]
    fn store_pairs(re: Self, im: Self, to: &mut [K]) {
        let to = &mut to[..Self::LEN];
        let to: *mut __m256i = to.as_mut_ptr().cast();
        let (re, im) = (swap_middle(re.0), swap_middle(im.0));
        // SAFETY: the slice has 64 bytes; lanes are canonical representatives.
        unsafe {
            _mm256_storeu_si256(to, even(re, im));
            _mm256_storeu_si256(to.add(1), odd(re, im));
        }
    }
}

/// Subtracts p unless that is negative; lanes are below 2p.
#[inline(always)]
fn reduce_once(lanes: __m256i) -> __m256i {
    let difference = sub(lanes, splat(P));
    select_negative(difference, lanes, difference)
}

/// Brings any lane to at most p + 7.
#[inline(always)]
fn fold(lanes: __m256i) -> __m256i {
    add(and(lanes, splat(P)), shr::<61>(lanes))
}

/// The lane times 2^31 modulo p, below 2^61 + 2^34: the upper bits come round.
#[inline(always)]
fn shift_31(lanes: __m256i) -> __m256i {
    add(shl::<31>(and(lanes, splat(MASK_30))), shr::<30>(lanes))
}

/// Elements 0, 2, 1, 3.
#[inline(always)]
fn swap_middle(lanes: __m256i) -> __m256i {
    // SAFETY: as for the instructions below. Numbers are from the highest lane: 3, 1, 2, 0.
    unsafe { _mm256_permute4x64_epi64::<0b11_01_10_00>(lanes) }
}

/// `negative` where the sign is set, `other` elsewhere.
#[inline(always)]
fn select_negative(sign: __m256i, negative: __m256i, other: __m256i) -> __m256i {
    // SAFETY: as for the instructions below.
    unsafe {
        let (negative, other) = (_mm256_castsi256_pd(negative), _mm256_castsi256_pd(other));
        let selected = _mm256_blendv_pd(other, negative, _mm256_castsi256_pd(sign));
        _mm256_castpd_si256(selected)
    }
}

#[inline(always)]
fn splat(word: i64) -> __m256i {
    // SAFETY: as for the instructions below.
    unsafe { _mm256_set1_epi64x(word) }
}

macro_rules! instructions {
    ($($(#[$about:meta])* fn $name:ident = $intrinsic:ident;)*) => {
        $($(#[$about])*
        #[inline(always)]
        fn $name(a: __m256i, b: __m256i) -> __m256i {
            // SAFETY: no memory is touched, and by the module's assumption there is AVX2.
            unsafe { $intrinsic(a, b) }
        })*
    };
    (shifts $($name:ident = $intrinsic:ident;)*) => {
        $(#[inline(always)]
        fn $name<const BITS: i32>(lanes: __m256i) -> __m256i {
            // SAFETY: as above.
            unsafe { $intrinsic::<BITS>(lanes) }
        })*
    };
}

instructions! {
    fn add = _mm256_add_epi64;
    fn sub = _mm256_sub_epi64;
    fn and = _mm256_and_si256;
    /// Products of the low 32 bits of each lane.
    fn mul = _mm256_mul_epu32;
    /// The same for signed words.
    fn mul_signed = _mm256_mul_epi32;
    /// Lanes 0 and 2 of both, by turns; so for each half of the vector.
    fn even = _mm256_unpacklo_epi64;
    /// Lanes 1 and 3 of both, by turns.
    fn odd = _mm256_unpackhi_epi64;
}

instructions! { shifts
    shl = _mm256_slli_epi64;
    shr = _mm256_srli_epi64;
}
