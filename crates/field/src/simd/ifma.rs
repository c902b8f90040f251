//! Eight elements in 512 bits, with products of 52-bit words.
//!
//! `madd52` multiplies the low 52 bits of two lanes and adds the low or the high 52 bits of the
//! product to a sum. A factor is its low 52 bits and the 9 bits above. Of the eight halves of the
//! four limb products one is always zero: the high half of the product of two 9-bit limbs. A sum
//! is `low + middle * 2^52 + high * 2^104`, and 2^104 is 2^43 modulo p.

use std::arch::x86_64::*;

use super::{Lanes, Vector};
use crate::k::K;
use crate::m61::M61;

const P: i64 = M61::MODULUS as i64;

/// Each lane is the canonical representative.
#[derive(Clone, Copy)]
pub(super) struct Ifma(__m512i);

#[derive(Clone, Copy)]
pub(super) struct Sum {
    low: __m512i,
    middle: __m512i,
    high: __m512i,
}

impl Vector for Ifma {
    type Item = M61;
    /// The element, of which `madd52` sees the low 52 bits, and its 9 bits above.
    type Factor = (__m512i, __m512i);
    type Sum = Sum;
    const LEN: usize = 8;
    // A product adds three terms below 2^52 to `middle`, the fullest: 1024 * 3 * 2^52 < 2^64. It
    // adds one to `low`, which keeps less than 2^61 when tidied.
    const CAPACITY: usize = 1024;

    #[inline(always)]
    fn load(from: &[M61]) -> Self {
        let from = &from[..Self::LEN];
        // SAFETY: the slice has 64 bytes; M61 is a transparent u64.
        Self(unsafe { _mm512_loadu_si512(from.as_ptr().cast()) })
    }

    #[inline(always)]
    fn store(self, to: &mut [M61]) {
        let to = &mut to[..Self::LEN];
        // SAFETY: the slice has 64 bytes; lanes are canonical representatives.
        unsafe { _mm512_storeu_si512(to.as_mut_ptr().cast(), self.0) }
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
        // A negative difference is a large word, and smaller when p is added; any other is larger.
        let difference = sub(self.0, other.0);
        Self(min(difference, add(difference, splat(P))))
    }

    #[inline(always)]
    fn mul(self, other: Self) -> Self {
        let mut sum = Self::empty();
        Self::add_product(&mut sum, self.factor(), other.factor());
        Self::finish(sum)
    }

    #[inline(always)]
    fn factor(self) -> Self::Factor {
        (self.0, shr::<52>(self.0))
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
        sum.low = madd_low(sum.low, left.0, right.0);
        sum.middle = madd_high(sum.middle, left.0, right.0);
        sum.middle = madd_low(sum.middle, left.0, right.1);
        sum.middle = madd_low(sum.middle, left.1, right.0);
        sum.high = madd_high(sum.high, left.0, right.1);
        sum.high = madd_high(sum.high, left.1, right.0);
        sum.high = madd_low(sum.high, left.1, right.1);
    }

    #[inline(always)]
    fn tidy(sum: &mut Sum) {
        *sum = Sum {
            low: Self::finish(*sum).0,
            ..Self::empty()
        };
    }

    #[inline(always)]
    fn finish(sum: Sum) -> Self {
        // Rotations in 61 bits, by 52 and by 43. Each term is below 2^61 + 2^55.
        let middle = rotate::<52, 9>(sum.middle);
        let high = rotate::<43, 18>(sum.high);
        let total = add(add(fold(sum.low), middle), high);
        Self(reduce_once(fold(total)))
    }
}

impl Lanes for Ifma {
    const WORDS_CAPACITY: usize = Self::CAPACITY;

    #[inline(always)]
    fn small(integer: i32) -> Self::Factor {
        Self::splat(M61::from_i64(i64::from(integer))).factor()
    }

    #[inline(always)]
    fn add_words(sum: &mut Sum, small: Self::Factor, from: &[u8]) {
        Self::add_product(sum, small, Self::load_words(from).factor());
    }

    #[inline(always)]
    fn finish_words(sum: Sum) -> Self {
        Self::finish(sum)
    }

    #[inline(always)]
    fn load_words(from: &[u8]) -> Self {
        let from = &from[..8 * Self::LEN];
        // SAFETY: the slice has 64 bytes; the processor is little-endian.
        let words = unsafe { _mm512_loadu_si512(from.as_ptr().cast()) };
        Self(and(words, splat(P)))
    }

    #[inline(always)]
    fn load_pairs(from: &[K]) -> (Self, Self) {
        let from = &from[..Self::LEN];
        let from: *const __m512i = from.as_ptr().cast();
        // SAFETY: the slice has 128 bytes; K is re, im in C order.
        let (first, second) =
            unsafe { (_mm512_loadu_si512(from), _mm512_loadu_si512(from.add(1))) };
        (
            Self(gather(first, [0, 2, 4, 6, 8, 10, 12, 14], second)),
            Self(gather(first, [1, 3, 5, 7, 9, 11, 13, 15], second)),
        )
    }

    #[inline(always)]
    fn store_pairs(re: Self, im: Self, to: &mut [K]) {
        let to = &mut to[..Self::LEN];
        let to: *mut __m512i = to.as_mut_ptr().cast();
        let first = gather(re.0, [0, 8, 1, 9, 2, 10, 3, 11], im.0);
        let second = gather(re.0, [4, 12, 5, 13, 6, 14, 7, 15], im.0);
        // SAFETY: the slice has 128 bytes; lanes are canonical representatives.
        unsafe {
            _mm512_storeu_si512(to, first);
            _mm512_storeu_si512(to.add(1), second);
        }
    }
}

/// Subtracts p unless that is negative, which is then the larger word; lanes are below 2p.
#[inline(always)]
fn reduce_once(lanes: __m512i) -> __m512i {
    min(lanes, sub(lanes, splat(P)))
}

/// Brings any lane to at most p + 7.
#[inline(always)]
fn fold(lanes: __m512i) -> __m512i {
    add(and(lanes, splat(P)), shr::<61>(lanes))
}

/// The lane times 2^LEFT modulo p, where RIGHT = 61 - LEFT: the upper bits come round.
#[inline(always)]
fn rotate<const LEFT: u32, const RIGHT: u32>(lanes: __m512i) -> __m512i {
    let low = and(lanes, splat((1 << RIGHT) - 1));
    add(shl::<LEFT>(low), shr::<RIGHT>(lanes))
}

/// Lane k is lane `from[k]` of both vectors, counted on.
#[inline(always)]
fn gather(first: __m512i, from: [i64; 8], second: __m512i) -> __m512i {
    let [a, b, c, d, e, f, g, h] = from;
    // SAFETY: as for the instructions below.
    unsafe {
        let from = _mm512_setr_epi64(a, b, c, d, e, f, g, h);
        _mm512_permutex2var_epi64(first, from, second)
    }
}

#[inline(always)]
fn splat(word: i64) -> __m512i {
    // SAFETY: as for the instructions below.
    unsafe { _mm512_set1_epi64(word) }
}

macro_rules! instructions {
    ($(fn $name:ident($($lanes:ident),*) = $intrinsic:ident;)*) => {
        $(#[inline(always)]
        fn $name($($lanes: __m512i),*) -> __m512i {
            // SAFETY: no memory is touched, and by the module's assumption there are AVX-512 F
            // and IFMA.
            unsafe { $intrinsic($($lanes),*) }
        })*
    };
    (shifts $($name:ident = $intrinsic:ident;)*) => {
        $(#[inline(always)]
        fn $name<const BITS: u32>(lanes: __m512i) -> __m512i {
            // SAFETY: as above.
            unsafe { $intrinsic::<BITS>(lanes) }
        })*
    };
}

instructions! {
    fn add(a, b) = _mm512_add_epi64;
    fn sub(a, b) = _mm512_sub_epi64;
    fn and(a, b) = _mm512_and_si512;
    fn min(a, b) = _mm512_min_epu64;
}

instructions! { shifts
    shl = _mm512_slli_epi64;
    shr = _mm512_srli_epi64;
}

#[cfg(not(miri))]
instructions! {
    fn madd_low(sum, a, b) = _mm512_madd52lo_epu64;
    fn madd_high(sum, a, b) = _mm512_madd52hi_epu64;
}

// Where no processor has the instructions, Miri runs the tests, with RUSTFLAGS switching on
// avx2,avx512f,avx512ifma. It knows every instruction used here but these two.
#[cfg(miri)]
use model::{madd_high, madd_low};

#[cfg(miri)]
mod model {
    use std::arch::x86_64::__m512i;

    pub(super) fn madd_low(sum: __m512i, a: __m512i, b: __m512i) -> __m512i {
        each(sum, a, b, |product| product as u64 & MASK)
    }

    pub(super) fn madd_high(sum: __m512i, a: __m512i, b: __m512i) -> __m512i {
        each(sum, a, b, |product| (product >> 52) as u64)
    }

    const MASK: u64 = (1 << 52) - 1;

    fn each(sum: __m512i, a: __m512i, b: __m512i, half: fn(u128) -> u64) -> __m512i {
        // SAFETY: both are 64 bytes of which every pattern is valid.
        let words = |lanes| unsafe { std::mem::transmute::<__m512i, [u64; 8]>(lanes) };
        let (sum, a, b) = (words(sum), words(a), words(b));
        let lanes: [u64; 8] = std::array::from_fn(|k| {
            let product = u128::from(a[k] & MASK) * u128::from(b[k] & MASK);
            sum[k].wrapping_add(half(product))
        });
        // SAFETY: as above.
        unsafe { std::mem::transmute::<[u64; 8], __m512i>(lanes) }
    }
}
