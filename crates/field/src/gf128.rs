//! The field of 2^128 elements, in which claims about shared bits are verified (protocols C.3, F.11).
//!
//! Elements are polynomials over the field of two elements, modulo X^128 + X^7 + X^2 + X + 1; bit k of
//! the integer is the coefficient of X^k. Every string of 16 bytes is an element. Addition is exclusive
//! or, so that subtraction is the same and every element is its own negative: points at which
//! polynomials are fixed are therefore not multiples of one but the polynomials that the bits of a
//! number spell, see [`Field::point`].

use std::fmt;
use std::iter::Sum;
use std::ops::{Add, AddAssign, BitXor, Mul, MulAssign, Neg, Sub, SubAssign};

use rand_core::CryptoRng;
use subtle::{Choice, ConstantTimeEq};
use zeroize::DefaultIsZeroes;

use crate::simd::Carryless;
use crate::traits::Field;

/// An element of the field of 2^128 elements.
///
/// `==` compares in variable time and is for public values; compare secrets with
/// [`ConstantTimeEq`].
#[derive(Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[repr(transparent)]
pub struct Gf128(u128);

impl Gf128 {
    /// The additive identity.
    pub const ZERO: Self = Self(0);
    /// The multiplicative identity.
    pub const ONE: Self = Self(1);
    /// Width of the encoding in bytes.
    pub const BYTES: usize = 16;
    /// Bits of an element: the powers of X below make a basis over the field of two elements.
    pub const BITS: usize = 128;

    /// The polynomial with these coefficients, bit k for X^k.
    #[inline]
    pub const fn new(coefficients: u128) -> Self {
        Self(coefficients)
    }

    /// The coefficients, bit k for X^k.
    #[inline]
    pub const fn coefficients(self) -> u128 {
        self.0
    }

    /// The polynomial with the coefficients of two words, the lower powers in the first.
    #[inline]
    pub const fn from_words(words: [u64; 2]) -> Self {
        Self(words[0] as u128 | (words[1] as u128) << 64)
    }

    /// The encoding, little-endian.
    #[inline]
    pub const fn to_bytes(self) -> [u8; 16] {
        self.0.to_le_bytes()
    }

    /// The element with this encoding.
    #[inline]
    pub const fn from_bytes(bytes: [u8; 16]) -> Self {
        Self(u128::from_le_bytes(bytes))
    }

    /// The element times X.
    #[inline]
    pub const fn times_x(self) -> Self {
        // The overflow, without a branch: elements are secret.
        let overflow = self.0 >> 127;
        Self((self.0 << 1) ^ overflow ^ (overflow << 1) ^ (overflow << 2) ^ (overflow << 7))
    }

    /// The remainder of `low + high X^128`.
    #[inline]
    pub(crate) const fn reduce(low: u128, high: u128) -> Self {
        // X^128 is X^7 + X^2 + X + 1; what that lifts beyond X^127 again has degree below 7.
        let high = high ^ (high >> 127) ^ (high >> 126) ^ (high >> 121);
        Self(low ^ high ^ (high << 1) ^ (high << 2) ^ (high << 7))
    }

    /// The element to the power 2^128 - 2, which inverts all but zero: 127 squarings, 126 products.
    fn power_of_inverse(self) -> Self {
        let mut square = self;
        let mut result = Self::ONE;
        for _ in 1..Self::BITS {
            square = square.square();
            result *= square;
        }
        result
    }
}

impl Field for Gf128 {
    const ZERO: Self = Self::ZERO;
    const ONE: Self = Self::ONE;
    const BYTES: usize = Self::BYTES;

    fn from_u64(integer: u64) -> Self {
        Self(u128::from(integer & 1))
    }

    fn point(number: u64) -> Self {
        Self(u128::from(number))
    }

    fn random<R: CryptoRng + ?Sized>(rng: &mut R) -> Self {
        let low = rng.next_u64();
        Self::from_words([low, rng.next_u64()])
    }

    fn inverse(self) -> Option<Self> {
        (self != Self::ZERO).then(|| self.power_of_inverse())
    }

    fn write_to(self, out: &mut Vec<u8>) {
        out.extend_from_slice(&self.to_bytes());
    }

    fn read_from(bytes: &[u8]) -> Option<Self> {
        Some(Self::from_bytes(bytes.try_into().ok()?))
    }

    fn dot(left: &[Self], right: &[Self]) -> Self {
        Carryless::best().dot(left, right)
    }
}

impl fmt::Debug for Gf128 {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Gf128({:#x})", self.0)
    }
}

impl Add for Gf128 {
    type Output = Self;
    #[inline]
    fn add(self, other: Self) -> Self {
        Self(self.0.bitxor(other.0))
    }
}

impl Sub for Gf128 {
    type Output = Self;
    #[inline]
    fn sub(self, other: Self) -> Self {
        Self(self.0.bitxor(other.0))
    }
}

impl Mul for Gf128 {
    type Output = Self;
    #[inline]
    fn mul(self, other: Self) -> Self {
        Carryless::best().dot(&[self], &[other])
    }
}

impl Neg for Gf128 {
    type Output = Self;
    #[inline]
    fn neg(self) -> Self {
        self
    }
}

impl AddAssign for Gf128 {
    #[inline]
    fn add_assign(&mut self, other: Self) {
        *self = *self + other;
    }
}

impl SubAssign for Gf128 {
    #[inline]
    fn sub_assign(&mut self, other: Self) {
        *self = *self - other;
    }
}

impl MulAssign for Gf128 {
    #[inline]
    fn mul_assign(&mut self, other: Self) {
        *self = *self * other;
    }
}

impl Sum for Gf128 {
    fn sum<I: Iterator<Item = Self>>(elements: I) -> Self {
        elements.fold(Self::ZERO, Add::add)
    }
}

impl ConstantTimeEq for Gf128 {
    fn ct_eq(&self, other: &Self) -> Choice {
        self.0.ct_eq(&other.0)
    }
}

impl DefaultIsZeroes for Gf128 {}
