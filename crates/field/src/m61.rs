//! The prime field of p = 2^61 - 1 elements.
//!
//! p is a Mersenne prime: reduction is a shift and an addition, and 61 uniform bits are a uniform
//! element up to 2^-61. Three spare bits in a word let 64 products share one reduction. p = 3 mod 4,
//! so square roots are a power and -1 has none. Constants are recomputed by
//! `testdata/field_vectors.py`.

use std::fmt;
use std::iter::Sum;
use std::ops::{Add, AddAssign, Mul, MulAssign, Neg, Sub, SubAssign};

use rand_core::CryptoRng;
use subtle::{Choice, ConditionallySelectable, ConstantTimeEq};
use zeroize::DefaultIsZeroes;

use crate::k::K;
use crate::simd::Backend;
use crate::traits::{Field, PrimeField};

const P: u64 = (1 << 61) - 1;
/// The longest inner product that is computed on the spot; at most 64 products fit into the sum.
pub(crate) const SHORT: usize = 32;

/// An element of the field of 2^61 - 1 elements; always the canonical representative below p.
///
/// `==` compares in variable time and is for public values; compare secrets with
/// [`ConstantTimeEq`]. `Debug` prints the value: keep secrets in [`crate::Shares`].
#[derive(Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[repr(transparent)]
pub struct M61(u64);

impl M61 {
    /// The additive identity.
    pub const ZERO: Self = Self(0);
    /// The multiplicative identity.
    pub const ONE: Self = Self(1);
    /// The field's size p.
    pub const MODULUS: u64 = P;
    /// Width of the canonical encoding in bytes.
    pub const BYTES: usize = 8;

    /// The integer modulo p.
    #[inline]
    pub const fn new(integer: u64) -> Self {
        Self(reduce_once((integer & P) + (integer >> 61)))
    }

    /// The element with this representative, or `None` when it is not below p.
    #[inline]
    pub const fn from_canonical(representative: u64) -> Option<Self> {
        if representative < P {
            Some(Self(representative))
        } else {
            None
        }
    }

    /// The signed integer modulo p: a negative x is p - |x|.
    #[inline]
    pub const fn from_i64(integer: i64) -> Self {
        let magnitude = Self::new(integer.unsigned_abs()).0;
        // All ones when negative; selects without a branch because inputs are secret.
        let negative = (integer >> 63) as u64;
        Self(reduce_once(
            (magnitude & !negative) | ((P - magnitude) & negative),
        ))
    }

    /// The representative of smallest magnitude, from -(p-1)/2 to (p-1)/2.
    #[inline]
    pub const fn to_i64(self) -> i64 {
        let above_half = (((P - 1) / 2).wrapping_sub(self.0) as i64 >> 63) as u64;
        self.0 as i64 - (P & above_half) as i64
    }

    /// The canonical representative.
    #[inline]
    pub const fn value(self) -> u64 {
        self.0
    }

    /// Reduces a 128-bit integer modulo p.
    #[inline]
    pub const fn reduce_wide(integer: u128) -> Self {
        let low = integer as u64 & P;
        let middle = (integer >> 61) as u64 & P;
        let high = (integer >> 122) as u64;
        let sum = low + middle + high;
        Self(reduce_once((sum & P) + (sum >> 61)))
    }

    /// The element given by a word's low 61 bits; all ones, which is p, gives zero.
    ///
    /// A uniform word gives a uniform element up to 2^-61, without rejection, so that every party
    /// consumes the same number of words from a shared generator.
    #[inline]
    pub const fn from_random_word(word: u64) -> Self {
        Self(reduce_once(word & P))
    }

    /// A uniform element, up to 2^-61; consumes one 64-bit word.
    #[inline]
    pub fn random<R: CryptoRng + ?Sized>(rng: &mut R) -> Self {
        Self::from_random_word(rng.next_u64())
    }

    /// The canonical encoding, little-endian.
    #[inline]
    pub const fn to_bytes(self) -> [u8; 8] {
        self.0.to_le_bytes()
    }

    /// Reads a canonical encoding; `None` when the integer is p or more.
    #[inline]
    pub const fn from_bytes(bytes: [u8; 8]) -> Option<Self> {
        Self::from_canonical(u64::from_le_bytes(bytes))
    }

    /// The element times itself.
    #[inline]
    pub const fn square(self) -> Self {
        multiply(self, self)
    }

    /// The element to a public power, in time that depends on the exponent only.
    pub const fn pow(self, mut exponent: u64) -> Self {
        let mut base = self;
        let mut result = Self::ONE;
        while exponent > 0 {
            if exponent & 1 == 1 {
                result = multiply(result, base);
            }
            base = base.square();
            exponent >>= 1;
        }
        result
    }

    /// The power (p-3)/4 = 2^59 - 1. For a nonzero square c its square is 1/c; for a non-square it
    /// is -1/c; for zero it is zero. 58 squarings and 8 products.
    #[inline]
    pub const fn sqrt_inverse_candidate(self) -> Self {
        // With a(k) = c^(2^k - 1), a(k+j) = a(k)^(2^j) a(j); the indices form an addition chain for
        // 59 in which each member adds an earlier one, so the squarings sum to 58.
        let c = self;
        let c2 = power_step(c, 1, c);
        let c4 = power_step(c2, 2, c2);
        let c8 = power_step(c4, 4, c4);
        let c16 = power_step(c8, 8, c8);
        let c17 = power_step(c16, 1, c);
        let c34 = power_step(c17, 17, c17);
        let c51 = power_step(c34, 17, c17);
        power_step(c51, 8, c8)
    }

    /// The multiplicative inverse, or `None` for zero.
    #[inline]
    pub fn inverse(self) -> Option<Self> {
        // p - 2 = 4 (2^59 - 1) + 1.
        let inverse = multiply(self.sqrt_inverse_candidate().square().square(), self);
        (self.0 != 0).then_some(inverse)
    }
}

/// A sum of products that is reduced once per 64 products.
#[derive(Clone, Copy, Default)]
pub struct Accumulator {
    sum: u128,
    pending: u32,
}

impl Accumulator {
    /// Products that fit beside a folded sum: 64 (p-1)^2 + 2^68 < 2^128.
    pub const CAPACITY: u32 = 64;

    /// An empty sum.
    #[inline]
    pub const fn new() -> Self {
        Self { sum: 0, pending: 0 }
    }

    /// Adds `left * right`.
    #[inline]
    pub const fn add_product(&mut self, left: M61, right: M61) {
        if self.pending == Self::CAPACITY {
            self.sum = fold(self.sum);
            self.pending = 0;
        }
        self.sum += left.0 as u128 * right.0 as u128;
        self.pending += 1;
    }

    /// The sum as a field element.
    #[inline]
    pub const fn finish(self) -> M61 {
        M61::reduce_wide(self.sum)
    }
}

impl Field for M61 {
    const ZERO: Self = Self::ZERO;
    const ONE: Self = Self::ONE;
    const BYTES: usize = Self::BYTES;

    fn from_u64(integer: u64) -> Self {
        Self::new(integer)
    }

    fn random<R: CryptoRng + ?Sized>(rng: &mut R) -> Self {
        Self::random(rng)
    }

    fn inverse(self) -> Option<Self> {
        self.inverse()
    }

    #[inline]
    fn write_to(self, out: &mut Vec<u8>) {
        out.extend_from_slice(&self.to_bytes());
    }

    #[inline]
    fn put(self, place: &mut [u8]) {
        place.copy_from_slice(&self.to_bytes());
    }

    #[inline]
    fn read_from(bytes: &[u8]) -> Option<Self> {
        Self::from_bytes(bytes.try_into().ok()?)
    }

    #[inline]
    fn dot(left: &[Self], right: &[Self]) -> Self {
        // Interpolation and sharing multiply a few elements; choosing a back end would take longer.
        if left.len() > SHORT {
            return Backend::best().dot(left, right);
        }
        assert_eq!(
            left.len(),
            right.len(),
            "an inner product needs equal lengths"
        );
        let mut sum = 0u128;
        for (a, b) in left.iter().zip(right) {
            sum += u128::from(a.0) * u128::from(b.0);
        }
        Self::reduce_wide(sum)
    }

    fn add_each(target: &mut [Self], other: &[Self]) {
        Backend::best().add_assign(target, other);
    }

    fn sub_each(target: &mut [Self], other: &[Self]) {
        Backend::best().sub_assign(target, other);
    }

    fn scale_each(target: &mut [Self], factor: Self) {
        Backend::best().scale(target, factor);
    }

    fn add_scaled_each(target: &mut [Self], factor: Self, other: &[Self]) {
        Backend::best().add_scaled(target, factor, other);
    }

    fn square(self) -> Self {
        self.square()
    }
}

impl PrimeField for M61 {
    type Ext = K;
    const BITS: u32 = 61;
    const WORDS: usize = 1;
    const HALF: Self = Self(P.div_ceil(2));

    #[inline]
    fn from_random_words(words: &[u64]) -> Self {
        Self::from_random_word(words[0])
    }

    fn from_words(words: &[u8], out: &mut [Self]) {
        Backend::best().from_words(words, out);
    }

    fn add_combined_words(coefficients: &[i32], rows: &[&[u8]], out: &mut [Self]) {
        Backend::best().add_combined_words(coefficients, rows, out);
    }

    #[inline]
    fn from_i64(integer: i64) -> Self {
        Self::from_i64(integer)
    }

    #[inline]
    fn from_i128(integer: i128) -> Self {
        let magnitude = Self::reduce_wide(integer.unsigned_abs());
        Self::conditional_select(
            &magnitude,
            &-magnitude,
            (((integer >> 127) & 1) as u8).into(),
        )
    }

    #[inline]
    fn to_u128(self) -> u128 {
        self.0.into()
    }

    #[inline]
    fn to_i128(self) -> i128 {
        self.to_i64().into()
    }

    fn inverse_roots(elements: &mut [Self]) {
        Backend::best().inverse_roots(elements);
    }

    fn multiply_each(target: &mut [Self], factors: &[Self]) {
        Backend::best().multiply_each(target, factors);
    }

    fn combine_rows(coefficients: &[Self], rows: &[&[Self]], out: &mut [Self]) {
        Backend::best().combine_rows(coefficients, rows, out);
    }

    fn products(x: &[Self], y: &[Self], blocks: usize) -> Vec<Self> {
        Backend::best().products(x, y, blocks)
    }

    fn products_ext(x: &[K], y: &[K], blocks: usize) -> Vec<K> {
        Backend::best().products_ext(x, y, blocks)
    }

    fn fold(x: &[Self], coefficients: &[K]) -> Vec<K> {
        Backend::best().fold(x, coefficients)
    }

    fn fold_ext(x: &[K], coefficients: &[K]) -> Vec<K> {
        Backend::best().fold_ext(x, coefficients)
    }
}

impl fmt::Debug for M61 {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "M61({})", self.0)
    }
}

impl fmt::Display for M61 {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&self.0, f)
    }
}

impl From<u32> for M61 {
    fn from(integer: u32) -> Self {
        Self(u64::from(integer))
    }
}

impl From<bool> for M61 {
    fn from(bit: bool) -> Self {
        Self(u64::from(bit))
    }
}

impl Add for M61 {
    type Output = Self;
    #[inline]
    fn add(self, other: Self) -> Self {
        Self(reduce_once(self.0 + other.0))
    }
}

impl Sub for M61 {
    type Output = Self;
    #[inline]
    fn sub(self, other: Self) -> Self {
        Self(reduce_once(self.0 + P - other.0))
    }
}

impl Mul for M61 {
    type Output = Self;
    #[inline]
    fn mul(self, other: Self) -> Self {
        multiply(self, other)
    }
}

impl Neg for M61 {
    type Output = Self;
    #[inline]
    fn neg(self) -> Self {
        Self(reduce_once(P - self.0))
    }
}

impl AddAssign for M61 {
    #[inline]
    fn add_assign(&mut self, other: Self) {
        *self = *self + other;
    }
}

impl SubAssign for M61 {
    #[inline]
    fn sub_assign(&mut self, other: Self) {
        *self = *self - other;
    }
}

impl MulAssign for M61 {
    #[inline]
    fn mul_assign(&mut self, other: Self) {
        *self = *self * other;
    }
}

impl Sum for M61 {
    fn sum<I: Iterator<Item = Self>>(elements: I) -> Self {
        elements.fold(Self::ZERO, Add::add)
    }
}

impl<'a> Sum<&'a M61> for M61 {
    fn sum<I: Iterator<Item = &'a M61>>(elements: I) -> Self {
        elements.copied().sum()
    }
}

impl ConstantTimeEq for M61 {
    fn ct_eq(&self, other: &Self) -> Choice {
        self.0.ct_eq(&other.0)
    }
}

impl ConditionallySelectable for M61 {
    fn conditional_select(a: &Self, b: &Self, choice: Choice) -> Self {
        Self(u64::conditional_select(&a.0, &b.0, choice))
    }
}

impl DefaultIsZeroes for M61 {}

/// Subtracts p unless that is negative; `word` is below 2p.
#[inline]
const fn reduce_once(word: u64) -> u64 {
    let difference = word.wrapping_sub(P);
    let borrow = (difference as i64 >> 63) as u64;
    difference.wrapping_add(P & borrow)
}

/// Brings a sum below 2^68 without changing it modulo p.
#[inline]
pub(crate) const fn fold(sum: u128) -> u128 {
    (sum & P as u128) + (sum >> 61)
}

#[inline]
const fn multiply(left: M61, right: M61) -> M61 {
    // Below 2^122, so both parts are at most p and their sum is below 2p.
    let product = left.0 as u128 * right.0 as u128;
    M61(reduce_once((product as u64 & P) + (product >> 61) as u64))
}

/// `high` to the power 2^shift, times `low`.
#[inline]
const fn power_step(high: M61, mut shift: u32, low: M61) -> M61 {
    let mut power = high;
    while shift > 0 {
        power = power.square();
        shift -= 1;
    }
    multiply(power, low)
}
