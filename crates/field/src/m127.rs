//! The prime field of p = 2^127 - 1 elements.
//!
//! The field of wide integers and fixed point: 64-bit values with 40 bits of statistical slack fit.
//! It is large enough for challenges, so it is its own extension. Like 2^61 - 1, p is a Mersenne
//! prime and 3 mod 4: reduction is a shift and an addition, 127 uniform bits are a uniform element
//! up to 2^-127, and square roots are a power. Constants are recomputed by
//! `testdata/field_vectors.py`.

use std::fmt;
use std::iter::Sum;
use std::ops::{Add, AddAssign, Mul, MulAssign, Neg, Sub, SubAssign};

use rand_core::CryptoRng;
use subtle::{Choice, ConditionallySelectable, ConstantTimeEq};
use zeroize::DefaultIsZeroes;

use crate::traits::{Extension, Field, PrimeField, check_rows};

const P: u128 = (1 << 127) - 1;

/// An element of the field of 2^127 - 1 elements; always the canonical representative below p.
///
/// `==` compares in variable time and is for public values; compare secrets with
/// [`ConstantTimeEq`]. `Debug` prints the value: keep secrets in [`crate::Shares`].
#[derive(Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct M127(u128);

impl M127 {
    /// The additive identity.
    pub const ZERO: Self = Self(0);
    /// The multiplicative identity.
    pub const ONE: Self = Self(1);
    /// The field's size p.
    pub const MODULUS: u128 = P;
    /// Width of the canonical encoding in bytes.
    pub const BYTES: usize = 16;

    /// The integer modulo p.
    #[inline]
    pub const fn new(integer: u128) -> Self {
        Self(reduce_once((integer & P) + (integer >> 127)))
    }

    /// The element with this representative, or `None` when it is not below p.
    #[inline]
    pub const fn from_canonical(representative: u128) -> Option<Self> {
        if representative < P {
            Some(Self(representative))
        } else {
            None
        }
    }

    /// The signed integer modulo p: a negative x is p - |x|.
    #[inline]
    pub const fn from_i128(integer: i128) -> Self {
        let magnitude = Self::new(integer.unsigned_abs()).0;
        // All ones when negative; selects without a branch because inputs are secret.
        let negative = (integer >> 127) as u128;
        Self(reduce_once(
            (magnitude & !negative) | ((P - magnitude) & negative),
        ))
    }

    /// The signed integer modulo p.
    #[inline]
    pub const fn from_i64(integer: i64) -> Self {
        Self::from_i128(integer as i128)
    }

    /// The representative of smallest magnitude, from -(p-1)/2 to (p-1)/2.
    #[inline]
    pub const fn to_i128(self) -> i128 {
        let above_half = (((P - 1) / 2).wrapping_sub(self.0) as i128 >> 127) as u128;
        self.0 as i128 - (P & above_half) as i128
    }

    /// The canonical representative.
    #[inline]
    pub const fn value(self) -> u128 {
        self.0
    }

    /// Reduces the 256-bit integer `low + high * 2^128` modulo p.
    #[inline]
    pub const fn reduce_wide(low: u128, high: u128) -> Self {
        // Limbs of 127, 127 and 2 bits. Reducing between the additions keeps them below 2^128.
        let middle = ((high << 1) | (low >> 127)) & P;
        let outer = reduce_once((low & P) + (high >> 126));
        Self(reduce_once(outer + middle))
    }

    /// The element given by the low 127 bits; all ones, which is p, gives zero.
    ///
    /// Uniform bits give a uniform element up to 2^-127, without rejection, so that every party
    /// consumes the same number of words from a shared generator.
    #[inline]
    pub const fn from_random_bits(bits: u128) -> Self {
        Self(reduce_once(bits & P))
    }

    /// A uniform element, up to 2^-127; consumes two 64-bit words, the low one first.
    #[inline]
    pub fn random<R: CryptoRng + ?Sized>(rng: &mut R) -> Self {
        let low = rng.next_u64();
        Self::from_random_words(&[low, rng.next_u64()])
    }

    /// The canonical encoding, little-endian.
    #[inline]
    pub const fn to_bytes(self) -> [u8; 16] {
        self.0.to_le_bytes()
    }

    /// Reads a canonical encoding; `None` when the integer is p or more.
    #[inline]
    pub const fn from_bytes(bytes: [u8; 16]) -> Option<Self> {
        Self::from_canonical(u128::from_le_bytes(bytes))
    }

    /// The element times itself.
    #[inline]
    pub const fn square(self) -> Self {
        multiply(self, self)
    }

    /// The element to a public power, in time that depends on the exponent only.
    pub const fn pow(self, mut exponent: u128) -> Self {
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

    /// The power (p-3)/4 = 2^125 - 1. For a nonzero square c its square is 1/c; for a non-square it
    /// is -1/c; for zero it is zero. 124 squarings and 9 products.
    #[inline]
    pub fn sqrt_inverse_candidate(self) -> Self {
        inverse_root_lanes([self])[0]
    }

    /// The power (p+1)/4 = 2^125, which is a square root of every square: 125 squarings. For a
    /// non-square c it is a square root of -c.
    #[inline]
    pub const fn sqrt_candidate(self) -> Self {
        let mut root = self;
        let mut squarings = 0;
        while squarings < 125 {
            root = root.square();
            squarings += 1;
        }
        root
    }

    /// The multiplicative inverse, or `None` for zero.
    #[inline]
    pub fn inverse(self) -> Option<Self> {
        // p - 2 = 4 (2^125 - 1) + 1.
        let inverse = multiply(self.sqrt_inverse_candidate().square().square(), self);
        (self.0 != 0).then_some(inverse)
    }
}

/// A sum of products that is reduced once, however many there are.
#[derive(Clone, Copy, Default)]
pub struct WideAccumulator {
    low: u128,
    high: u128,
    /// Multiples of 2^256, which is 4 modulo p.
    top: u64,
}

impl WideAccumulator {
    /// An empty sum.
    #[inline]
    pub const fn new() -> Self {
        Self {
            low: 0,
            high: 0,
            top: 0,
        }
    }

    /// Adds `left * right`. A sum has room for 2^64 products.
    #[inline]
    pub const fn add_product(&mut self, left: M127, right: M127) {
        let (low, high) = multiply_wide(left, right);
        let (low, carry) = self.low.overflowing_add(low);
        // The high half of a product is below 2^126.
        let (high, overflow) = self.high.overflowing_add(high + carry as u128);
        self.low = low;
        self.high = high;
        self.top += overflow as u64;
    }

    /// The sum as a field element.
    #[inline]
    pub const fn finish(self) -> M127 {
        let sum = M127::reduce_wide(self.low, self.high).0;
        M127(reduce_once(sum + 4 * self.top as u128))
    }
}

impl Field for M127 {
    const ZERO: Self = Self::ZERO;
    const ONE: Self = Self::ONE;
    const BYTES: usize = Self::BYTES;

    fn from_u64(integer: u64) -> Self {
        Self(u128::from(integer))
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

    fn dot(left: &[Self], right: &[Self]) -> Self {
        assert_eq!(
            left.len(),
            right.len(),
            "an inner product needs equal lengths"
        );
        let mut sum = WideAccumulator::new();
        for (a, b) in left.iter().zip(right) {
            sum.add_product(*a, *b);
        }
        sum.finish()
    }

    fn square(self) -> Self {
        self.square()
    }
}

impl PrimeField for M127 {
    type Ext = Self;
    const BITS: u32 = 127;
    const WORDS: usize = 2;
    const HALF: Self = Self(P.div_ceil(2));

    #[inline]
    fn from_random_words(words: &[u64]) -> Self {
        Self::from_random_bits(u128::from(words[0]) | u128::from(words[1]) << 64)
    }

    fn from_words(words: &[u8], out: &mut [Self]) {
        let words = in_words(words, out.len());
        for (element, word) in out.iter_mut().zip(words) {
            *element = Self::from_random_bits(u128::from_le_bytes(*word));
        }
    }

    /// Words are cut in halves, so that sums of products with small coefficients fit into two integers
    /// and are reduced once.
    fn add_combined_words(coefficients: &[i32], rows: &[&[u8]], out: &mut [Self]) {
        assert_eq!(coefficients.len(), rows.len(), "a coefficient for each row");
        let magnitudes = coefficients.iter().map(|c| u64::from(c.unsigned_abs()));
        assert!(magnitudes.sum::<u64>() < 1 << 31, "coefficients are small");
        let rows: Vec<_> = rows.iter().map(|row| in_words(row, out.len())).collect();
        for (place, element) in out.iter_mut().enumerate() {
            let (mut low, mut high) = (0i128, 0i128);
            for (coefficient, row) in coefficients.iter().zip(&rows) {
                let word = u128::from_le_bytes(row[place]) & P;
                low += i128::from(*coefficient) * i128::from(word as u64);
                high += i128::from(*coefficient) * i128::from((word >> 64) as u64);
            }
            // The magnitudes of both are below 2^95.
            *element += Self::from_i128(low) + Self::from_i128(high) * Self(1 << 64);
        }
    }

    #[inline]
    fn from_i64(integer: i64) -> Self {
        Self::from_i64(integer)
    }

    #[inline]
    fn from_i128(integer: i128) -> Self {
        Self::from_i128(integer)
    }

    #[inline]
    fn to_u128(self) -> u128 {
        self.0
    }

    #[inline]
    fn to_i128(self) -> i128 {
        self.to_i128()
    }

    /// Four chains run interleaved: one chain alone waits for each of its multiplications.
    fn inverse_roots(elements: &mut [Self]) {
        let (groups, rest) = elements.as_chunks_mut::<4>();
        for group in groups {
            *group = inverse_root_lanes(*group);
        }
        for element in rest {
            *element = element.sqrt_inverse_candidate();
        }
    }

    fn combine_rows(coefficients: &[Self], rows: &[&[Self]], out: &mut [Self]) {
        check_rows(coefficients, rows, out);
        for (place, element) in out.iter_mut().enumerate() {
            let mut sum = WideAccumulator::new();
            for (coefficient, row) in coefficients.iter().zip(rows) {
                sum.add_product(*coefficient, row[place]);
            }
            *element = sum.finish();
        }
    }

    fn fold(x: &[Self], coefficients: &[Self]) -> Vec<Self> {
        let m = x.len().div_ceil(coefficients.len().max(1));
        let sum_at = |place| {
            let mut sum = WideAccumulator::new();
            for (element, coefficient) in x[place..].iter().step_by(m).zip(coefficients) {
                sum.add_product(*element, *coefficient);
            }
            sum.finish()
        };
        (0..m).map(sum_at).collect()
    }

    fn fold_ext(x: &[Self], coefficients: &[Self]) -> Vec<Self> {
        Self::fold(x, coefficients)
    }
}

/// Words of 16 bytes.
fn in_words(bytes: &[u8], len: usize) -> &[[u8; 16]] {
    let (words, rest) = bytes.as_chunks();
    assert!(
        words.len() == len && rest.is_empty(),
        "a word for each element"
    );
    words
}

/// The field itself, as a space of dimension one.
impl Extension for M127 {
    type Base = Self;
    const DEGREE: usize = 1;

    fn push_coordinates(self, out: &mut Vec<Self>) {
        out.push(self);
    }

    fn from_coordinates(coordinates: &[Self]) -> Self {
        let [element] = *coordinates else {
            panic!("an element has one coordinate");
        };
        element
    }

    fn from_random_bytes(bytes: [u8; 16]) -> Self {
        Self::from_random_bits(u128::from_le_bytes(bytes))
    }

    fn combine(weights: &[Self], elements: impl ExactSizeIterator<Item = Self>) -> Self {
        assert_eq!(weights.len(), elements.len(), "a weight for each element");
        let mut sum = WideAccumulator::new();
        for (weight, element) in weights.iter().zip(elements) {
            sum.add_product(*weight, element);
        }
        sum.finish()
    }
}

impl fmt::Debug for M127 {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "M127({})", self.0)
    }
}

impl fmt::Display for M127 {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&self.0, f)
    }
}

impl From<u64> for M127 {
    fn from(integer: u64) -> Self {
        Self(u128::from(integer))
    }
}

impl From<bool> for M127 {
    fn from(bit: bool) -> Self {
        Self(u128::from(bit))
    }
}

impl Add for M127 {
    type Output = Self;
    #[inline]
    fn add(self, other: Self) -> Self {
        Self(reduce_once(self.0 + other.0))
    }
}

impl Sub for M127 {
    type Output = Self;
    #[inline]
    fn sub(self, other: Self) -> Self {
        Self(reduce_once(self.0 + P - other.0))
    }
}

impl Mul for M127 {
    type Output = Self;
    #[inline]
    fn mul(self, other: Self) -> Self {
        multiply(self, other)
    }
}

impl Neg for M127 {
    type Output = Self;
    #[inline]
    fn neg(self) -> Self {
        Self(reduce_once(P - self.0))
    }
}

impl AddAssign for M127 {
    #[inline]
    fn add_assign(&mut self, other: Self) {
        *self = *self + other;
    }
}

impl SubAssign for M127 {
    #[inline]
    fn sub_assign(&mut self, other: Self) {
        *self = *self - other;
    }
}

impl MulAssign for M127 {
    #[inline]
    fn mul_assign(&mut self, other: Self) {
        *self = *self * other;
    }
}

impl Sum for M127 {
    fn sum<I: Iterator<Item = Self>>(elements: I) -> Self {
        elements.fold(Self::ZERO, Add::add)
    }
}

impl<'a> Sum<&'a M127> for M127 {
    fn sum<I: Iterator<Item = &'a M127>>(elements: I) -> Self {
        elements.copied().sum()
    }
}

impl ConstantTimeEq for M127 {
    fn ct_eq(&self, other: &Self) -> Choice {
        self.0.ct_eq(&other.0)
    }
}

impl ConditionallySelectable for M127 {
    fn conditional_select(a: &Self, b: &Self, choice: Choice) -> Self {
        Self(u128::conditional_select(&a.0, &b.0, choice))
    }
}

impl DefaultIsZeroes for M127 {}

/// Subtracts p unless that is negative; `integer` is below 2p.
#[inline]
const fn reduce_once(integer: u128) -> u128 {
    let difference = integer.wrapping_sub(P);
    let borrow = (difference as i128 >> 127) as u128;
    difference.wrapping_add(P & borrow)
}

#[inline]
const fn multiply(left: M127, right: M127) -> M127 {
    // Below 2^254, so both limbs are at most p and their sum is below 2p.
    let (low, high) = multiply_wide(left, right);
    M127(reduce_once((low & P) + ((high << 1) | (low >> 127))))
}

/// The product as an integer of two halves: (low 128 bits, the others, below 2^126).
#[inline]
const fn multiply_wide(left: M127, right: M127) -> (u128, u128) {
    const LOW: u128 = u64::MAX as u128;
    let (a0, a1) = (left.0 & LOW, left.0 >> 64);
    let (b0, b1) = (right.0 & LOW, right.0 >> 64);
    // High words have 63 bits, so each cross product is below 2^127.
    let cross = a0 * b1 + a1 * b0;
    let (low, carry) = (a0 * b0).overflowing_add(cross << 64);
    (low, a1 * b1 + (cross >> 64) + carry as u128)
}

/// Raises every lane to the power 2^125 - 1.
///
/// With a(k) = c^(2^k - 1), a(k+j) = a(k)^(2^j) a(j); the indices form an addition chain for 125 in
/// which each member adds an earlier one, so the squarings sum to 124.
#[inline]
fn inverse_root_lanes<const LANES: usize>(c: [M127; LANES]) -> [M127; LANES] {
    let step = |high: [M127; LANES], shift: usize, low: [M127; LANES]| {
        let mut lanes = high;
        for _ in 0..shift {
            for lane in &mut lanes {
                *lane = lane.square();
            }
        }
        for (lane, low) in lanes.iter_mut().zip(low) {
            *lane *= low;
        }
        lanes
    };
    let c2 = step(c, 1, c);
    let c4 = step(c2, 2, c2);
    let c5 = step(c4, 1, c);
    let c10 = step(c5, 5, c5);
    let c20 = step(c10, 10, c10);
    let c25 = step(c20, 5, c5);
    let c50 = step(c25, 25, c25);
    let c100 = step(c50, 50, c50);
    step(c100, 25, c25)
}
