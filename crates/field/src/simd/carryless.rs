//! Vector kernels of the field of 2^128 elements, over sums of carry-less products that are reduced
//! once.
//!
//! As with the prime field, every kernel is written once, here over the trait `Products`; the portable
//! form is the reference, and PCLMULQDQ is used where the processor has it, together with AVX2 for what
//! the compiler makes of loops over words. Nothing branches or indexes on values.

use super::bit_kernels;
use crate::gf128::Gf128;

/// Elements of a block handled before the next pair of blocks: they stay in the nearest caches.
const TILE: usize = 64;

/// A way to compute in the field of 2^128 elements that this processor has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Carryless(Kind);

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    Portable,
    #[cfg(target_arch = "x86_64")]
    Clmul,
}

/// Bits that are shared three ways, 64 to a word, of which a party knows two of the three components
/// (replicated sharing over the field of two elements). Both are of one length.
#[derive(Clone, Copy, Debug)]
pub struct BitShares<'a> {
    /// The component of the party after.
    pub first: &'a [u64],
    /// The component of the party after that.
    pub second: &'a [u64],
}

impl Carryless {
    /// Plain integers: the reference for the other.
    pub const PORTABLE: Self = Self(Kind::Portable);

    /// The fastest one.
    #[inline]
    pub fn best() -> Self {
        #[cfg(target_arch = "x86_64")]
        if has_clmul() {
            return Self(Kind::Clmul);
        }
        Self::PORTABLE
    }

    /// All that this processor has, slowest first.
    pub fn available() -> Vec<Self> {
        #[allow(unused_mut, reason = "other processors have one")]
        let mut all = vec![Self::PORTABLE];
        #[cfg(target_arch = "x86_64")]
        all.extend(has_clmul().then_some(Self(Kind::Clmul)));
        all
    }
}

#[cfg(target_arch = "x86_64")]
#[inline]
fn has_clmul() -> bool {
    is_x86_feature_detected!("pclmulqdq") && is_x86_feature_detected!("avx2")
}

/// Gives every kernel as a method that runs it with the back end's products.
macro_rules! dispatch {
    ($($(#[$about:meta])* fn $name:ident($($argument:ident: $type:ty),*) $(-> $result:ty)?
        = $($kernel:ident)::+ $(<$products:ident>)?;)*) => {
        impl Carryless {
            $($(#[$about])*
            pub fn $name(self, $($argument: $type),*) $(-> $result)? {
                match self.0 {
                    Kind::Portable => dispatch!(@call Portable, $($kernel)::+ $(<$products>)?, $($argument),*),
                    #[cfg(target_arch = "x86_64")]
                    Kind::Clmul => {
                        #[target_feature(enable = "pclmulqdq,avx2")]
                        fn run($($argument: $type),*) $(-> $result)? {
                            dispatch!(@call clmul::Clmul, $($kernel)::+ $(<$products>)?, $($argument),*)
                        }
                        // SAFETY: the kind exists only where both were found.
                        unsafe { run($($argument),*) }
                    }
                }
            })*
        }
    };
    (@call $back_end:path, $($kernel:ident)::+ <$products:ident>, $($argument:ident),*) => {
        $($kernel)::+::<$back_end>($($argument),*)
    };
    (@call $back_end:path, $($kernel:ident)::+, $($argument:ident),*) => {
        $($kernel)::+($($argument),*)
    };
}

dispatch! {
    /// The inner product of slices of one length.
    fn dot(left: &[Gf128], right: &[Gf128]) -> Gf128 = dot<P>;
    /// `target[128 q + i] *= weights[q] X^i`, for 128 times as many elements as weights.
    fn scale_by_powers(target: &mut [Gf128], weights: &[Gf128]) = scale_by_powers<P>;
    /// For blocks of one length (the last may be cut short, as by zeros): at place b blocks + c, for
    /// b <= c, the inner product of the sums of blocks b and c of both vectors, or of block b for b = c.
    fn pair_products(x: &[Gf128], y: &[Gf128], blocks: usize) -> Vec<Gf128> = pair_products<P>;
    /// `out[k]` is the sum over the blocks of `coefficients[block] * block[k]`.
    fn fold(x: &[Gf128], coefficients: &[Gf128]) -> Vec<Gf128> = fold<P>;
    /// As [`Self::pair_products`] for bits: a party's terms of the products of shared bits, which sum
    /// to the products over the three parties, bit i of pack q weighted by `weights[q] X^i`. A block
    /// has two words for each weight.
    fn bit_pair_products(x: BitShares<'_>, y: BitShares<'_>, weights: &[Gf128], blocks: usize)
        -> Vec<Gf128> = bit_pair_products<P>;
    /// The sum over packs of 128 bits of `weights[q]` times the pack as an element.
    fn packed_dot(words: &[u64], weights: &[Gf128]) -> Gf128 = packed_dot<P>;
    /// For each place of a block of `len` words, as an element: the sum over the blocks of the first
    /// bit's coefficient times that bit and of the second's.
    fn fold_bits(x: BitShares<'_>, coefficients: &[[Gf128; 2]], len: usize) -> Vec<Gf128>
        = bit_kernels::fold_bits;
}

/// Sums of products of polynomials, not reduced.
trait Products {
    /// A polynomial of degree below 128.
    type Word: Copy;
    /// A sum.
    type Sum: Copy;

    fn load(words: [u64; 2]) -> Self::Word;
    fn element(element: &Gf128) -> Self::Word;
    fn xor(left: Self::Word, right: Self::Word) -> Self::Word;
    fn and(left: Self::Word, right: Self::Word) -> Self::Word;
    fn empty() -> Self::Sum;
    fn add_product(sum: &mut Self::Sum, left: Self::Word, right: Self::Word);
    fn finish(sum: Self::Sum) -> Gf128;
}

#[inline(always)]
fn dot<P: Products>(left: &[Gf128], right: &[Gf128]) -> Gf128 {
    assert_eq!(left.len(), right.len(), "vectors of one length");
    let mut sum = P::empty();
    for (a, b) in left.iter().zip(right) {
        P::add_product(&mut sum, P::element(a), P::element(b));
    }
    P::finish(sum)
}

#[inline(always)]
fn scale_by_powers<P: Products>(target: &mut [Gf128], weights: &[Gf128]) {
    assert_eq!(
        target.len(),
        Gf128::BITS * weights.len(),
        "a weight for each pack"
    );
    for (pack, weight) in target.chunks_exact_mut(Gf128::BITS).zip(weights) {
        let mut weight = *weight;
        for element in pack {
            let mut product = P::empty();
            P::add_product(&mut product, P::element(element), P::element(&weight));
            *element = P::finish(product);
            weight = weight.times_x();
        }
    }
}

#[inline(always)]
fn pair_products<P: Products>(x: &[Gf128], y: &[Gf128], blocks: usize) -> Vec<Gf128> {
    assert_eq!(x.len(), y.len(), "a claim is about vectors of one length");
    let len = x.len().div_ceil(blocks);
    let mut sums = vec![P::empty(); blocks * blocks];
    for start in (0..len).step_by(TILE) {
        for b in 0..blocks {
            let (xb, yb) = (tile(x, len, b, start), tile(y, len, b, start));
            let mut own = sums[b * blocks + b];
            for (x, y) in xb.iter().zip(yb) {
                P::add_product(&mut own, P::element(x), P::element(y));
            }
            sums[b * blocks + b] = own;
            for c in b + 1..blocks {
                let (xc, yc) = (tile(x, len, c, start), tile(y, len, c, start));
                let mut sum = sums[b * blocks + c];
                let both = xb.iter().zip(yb).zip(xc.iter().zip(yc));
                for ((xb, yb), (xc, yc)) in both {
                    let x = P::xor(P::element(xb), P::element(xc));
                    let y = P::xor(P::element(yb), P::element(yc));
                    P::add_product(&mut sum, x, y);
                }
                // Only the last blocks can be shorter, so that what is left pairs with zeros.
                let rest = xc.len()..xb.len();
                for (x, y) in xb[rest.clone()].iter().zip(&yb[rest]) {
                    P::add_product(&mut sum, P::element(x), P::element(y));
                }
                sums[b * blocks + c] = sum;
            }
        }
    }
    finish_all::<P>(&sums)
}

#[inline(always)]
fn fold<P: Products>(x: &[Gf128], coefficients: &[Gf128]) -> Vec<Gf128> {
    let len = x.len().div_ceil(coefficients.len().max(1));
    let mut folded = vec![Gf128::ZERO; len];
    for (k, element) in folded.iter_mut().enumerate() {
        let mut sum = P::empty();
        for (block, coefficient) in coefficients.iter().enumerate() {
            let Some(x) = x.get(block * len + k) else {
                break;
            };
            P::add_product(&mut sum, P::element(coefficient), P::element(x));
        }
        *element = P::finish(sum);
    }
    folded
}

#[inline(always)]
fn bit_pair_products<P: Products>(
    x: BitShares<'_>,
    y: BitShares<'_>,
    weights: &[Gf128],
    blocks: usize,
) -> Vec<Gf128> {
    let len = weights.len();
    let [xf, xs, yf, ys] = [x.first, x.second, y.first, y.second].map(|words| words.as_chunks().0);
    for words in [xf, xs, yf, ys] {
        assert_eq!(words.len(), len * blocks, "blocks of one length");
    }
    let mut sums = vec![P::empty(); blocks * blocks];
    for start in (0..len).step_by(TILE) {
        let end = len.min(start + TILE);
        let weights = &weights[start..end];
        for b in 0..blocks {
            let (from, to) = (b * len + start, b * len + end);
            let own = [&xf[from..to], &xs[from..to], &yf[from..to], &ys[from..to]];
            add_terms::<P, false>(&mut sums[b * blocks + b], own, own, weights);
            for c in b + 1..blocks {
                let (from, to) = (c * len + start, c * len + end);
                let other = [&xf[from..to], &xs[from..to], &yf[from..to], &ys[from..to]];
                add_terms::<P, true>(&mut sums[b * blocks + c], own, other, weights);
            }
        }
    }
    finish_all::<P>(&sums)
}

/// Adds a party's terms of products of bits, given as components of left and of right factors: of one
/// block, or of the sums of two.
#[inline(always)]
fn add_terms<P: Products, const TWO: bool>(
    sum: &mut P::Sum,
    own: [&[[u64; 2]]; 4],
    other: [&[[u64; 2]]; 4],
    weights: &[Gf128],
) {
    let mut total = *sum;
    let [own, other] = [own, other].map(|rows| rows.map(|row| &row[..weights.len()]));
    for (k, weight) in weights.iter().enumerate() {
        let mut words = [P::load(own[0][k]); 4];
        for row in 0..4 {
            words[row] = P::load(own[row][k]);
            if TWO {
                words[row] = P::xor(words[row], P::load(other[row][k]));
            }
        }
        let [xf, xs, yf, ys] = words;
        let term = P::xor(P::and(xf, P::xor(yf, ys)), P::and(xs, yf));
        P::add_product(&mut total, term, P::element(weight));
    }
    *sum = total;
}

#[inline(always)]
fn packed_dot<P: Products>(words: &[u64], weights: &[Gf128]) -> Gf128 {
    let (packs, rest) = words.as_chunks();
    assert!(
        rest.is_empty() && packs.len() == weights.len(),
        "a weight for each pack"
    );
    let mut sum = P::empty();
    for (pack, weight) in packs.iter().zip(weights) {
        P::add_product(&mut sum, P::load(*pack), P::element(weight));
    }
    P::finish(sum)
}

/// A block's elements from place `start` on; fewer or none where the vector ends.
#[inline(always)]
fn tile(x: &[Gf128], len: usize, block: usize, start: usize) -> &[Gf128] {
    let from = (block * len + start).min(x.len());
    let to = (block * len + len.min(start + TILE)).min(x.len());
    &x[from..to]
}

#[inline(always)]
fn finish_all<P: Products>(sums: &[P::Sum]) -> Vec<Gf128> {
    let mut all = Vec::with_capacity(sums.len());
    for sum in sums {
        all.push(P::finish(*sum));
    }
    all
}

/// Integer products of bits spread so far apart that no carry reaches another.
struct Portable;

impl Products for Portable {
    type Word = u128;
    /// The low and the high half.
    type Sum = (u128, u128);

    #[inline(always)]
    fn load(words: [u64; 2]) -> u128 {
        Gf128::from_words(words).coefficients()
    }

    #[inline(always)]
    fn element(element: &Gf128) -> u128 {
        element.coefficients()
    }

    #[inline(always)]
    fn xor(left: u128, right: u128) -> u128 {
        left ^ right
    }

    #[inline(always)]
    fn and(left: u128, right: u128) -> u128 {
        left & right
    }

    #[inline(always)]
    fn empty() -> Self::Sum {
        (0, 0)
    }

    #[inline(always)]
    fn add_product(sum: &mut Self::Sum, left: u128, right: u128) {
        let (a, b) = (left as u64, (left >> 64) as u64);
        let (c, d) = (right as u64, (right >> 64) as u64);
        let (low, high) = (multiply_words(a, c), multiply_words(b, d));
        let middle = multiply_words(a ^ b, c ^ d) ^ low ^ high;
        sum.0 ^= low ^ middle << 64;
        sum.1 ^= high ^ middle >> 64;
    }

    #[inline(always)]
    fn finish(sum: Self::Sum) -> Gf128 {
        Gf128::reduce(sum.0, sum.1)
    }
}

/// The product of two polynomials of degree below 64.
fn multiply_words(left: u64, right: u64) -> u128 {
    let halves = |word: u64| [word & 0xffff_ffff, word >> 32];
    let ([a, b], [c, d]) = (halves(left), halves(right));
    let (low, high) = (multiply_halves(a, c), multiply_halves(b, d));
    let middle = multiply_halves(a ^ b, c ^ d) ^ low ^ high;
    u128::from(low) ^ u128::from(middle) << 32 ^ u128::from(high) << 64
}

/// The product of two polynomials of degree below 32. With every fourth bit alone, at most 8 bits of
/// products meet in one place, and their number fits into the three places above.
fn multiply_halves(left: u64, right: u64) -> u64 {
    const EVERY_FOURTH: u64 = 0x1111_1111_1111_1111;
    let mut product = 0;
    for k in 0..4 {
        let mut sum = 0;
        for j in 0..4 {
            let a = left & EVERY_FOURTH << j;
            let b = right & EVERY_FOURTH << ((k + 4 - j) % 4);
            sum ^= a.wrapping_mul(b);
        }
        product |= sum & EVERY_FOURTH << k;
    }
    product
}

#[cfg(target_arch = "x86_64")]
mod clmul {
    use std::arch::x86_64::*;

    use super::{Gf128, Products};

    /// PCLMULQDQ. As everywhere in this module, its functions only run where the processor has it.
    pub(super) struct Clmul;

    /// Products of the low words, of the high words, and of the sums of both.
    #[derive(Clone, Copy)]
    pub(super) struct Sum {
        low: __m128i,
        high: __m128i,
        middle: __m128i,
    }

    impl Products for Clmul {
        type Word = __m128i;
        type Sum = Sum;

        #[inline(always)]
        fn load(words: [u64; 2]) -> __m128i {
            // SAFETY: the array has 16 bytes; the instruction needs no alignment.
            unsafe { _mm_loadu_si128(words.as_ptr().cast()) }
        }

        #[inline(always)]
        fn element(element: &Gf128) -> __m128i {
            // SAFETY: an element is a transparent u128.
            unsafe { _mm_loadu_si128(std::ptr::from_ref(element).cast()) }
        }

        #[inline(always)]
        fn xor(left: __m128i, right: __m128i) -> __m128i {
            // SAFETY: every x86-64 processor has SSE2.
            unsafe { _mm_xor_si128(left, right) }
        }

        #[inline(always)]
        fn and(left: __m128i, right: __m128i) -> __m128i {
            // SAFETY: every x86-64 processor has SSE2.
            unsafe { _mm_and_si128(left, right) }
        }

        #[inline(always)]
        fn empty() -> Sum {
            // SAFETY: every x86-64 processor has SSE2.
            let zero = unsafe { _mm_setzero_si128() };
            Sum {
                low: zero,
                high: zero,
                middle: zero,
            }
        }

        #[inline(always)]
        fn add_product(sum: &mut Sum, left: __m128i, right: __m128i) {
            // SAFETY: the back end runs only where PCLMULQDQ was found.
            unsafe {
                let a = _mm_xor_si128(left, _mm_shuffle_epi32::<0x4e>(left));
                let b = _mm_xor_si128(right, _mm_shuffle_epi32::<0x4e>(right));
                let low = _mm_clmulepi64_si128::<0x00>(left, right);
                let high = _mm_clmulepi64_si128::<0x11>(left, right);
                let middle = _mm_clmulepi64_si128::<0x00>(a, b);
                sum.low = _mm_xor_si128(sum.low, low);
                sum.high = _mm_xor_si128(sum.high, high);
                sum.middle = _mm_xor_si128(sum.middle, middle);
            }
        }

        #[inline(always)]
        fn finish(sum: Sum) -> Gf128 {
            let (low, high) = (integer(sum.low), integer(sum.high));
            let middle = integer(sum.middle) ^ low ^ high;
            Gf128::reduce(low ^ middle << 64, high ^ middle >> 64)
        }
    }

    #[inline(always)]
    fn integer(word: __m128i) -> u128 {
        let mut words = [0u64; 2];
        // SAFETY: the array has 16 bytes; the instruction needs no alignment.
        unsafe { _mm_storeu_si128(words.as_mut_ptr().cast(), word) }
        u128::from(words[0]) | u128::from(words[1]) << 64
    }
}
