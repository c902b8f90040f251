//! The quadratic extension K = F[i] / (i^2 + 1) of the field of 2^61 - 1 elements.
//!
//! -1 is not a square modulo p, so this is a field, of p^2 > 2^120 elements: large enough for
//! challenges derived by hashing, where a weight from the small field could be ground for.

use std::fmt;
use std::iter::Sum;
use std::ops::{Add, AddAssign, Mul, MulAssign, Neg, Sub, SubAssign};

use rand_core::CryptoRng;
use subtle::{Choice, ConditionallySelectable, ConstantTimeEq};
use zeroize::DefaultIsZeroes;

use crate::m61::{Accumulator, M61, SHORT};
use crate::simd::Backend;
use crate::traits::{Extension, Field};

/// An element `re + im * i` of K.
///
/// `==` compares in variable time and is for public values; compare secrets with
/// [`ConstantTimeEq`].
#[derive(Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[repr(C)]
pub struct K {
    /// The part in the base field.
    pub re: M61,
    /// The coefficient of i.
    pub im: M61,
}

impl K {
    /// The additive identity.
    pub const ZERO: Self = Self::new(M61::ZERO, M61::ZERO);
    /// The multiplicative identity.
    pub const ONE: Self = Self::new(M61::ONE, M61::ZERO);
    /// The square root of -1.
    pub const I: Self = Self::new(M61::ZERO, M61::ONE);
    /// Width of the canonical encoding in bytes.
    pub const BYTES: usize = 16;

    /// The element `re + im * i`.
    pub const fn new(re: M61, im: M61) -> Self {
        Self { re, im }
    }

    /// The element given by the low 61 bits of each of two words; see [`M61::from_random_word`].
    pub const fn from_random_words(re: u64, im: u64) -> Self {
        Self::new(M61::from_random_word(re), M61::from_random_word(im))
    }

    /// A uniform element, up to 2^-60; consumes two 64-bit words, `re` first.
    pub fn random<R: CryptoRng + ?Sized>(rng: &mut R) -> Self {
        let re = rng.next_u64();
        Self::from_random_words(re, rng.next_u64())
    }

    /// The canonical encoding: `re`, then `im`.
    pub fn to_bytes(self) -> [u8; 16] {
        let mut bytes = [0; 16];
        bytes[..8].copy_from_slice(&self.re.to_bytes());
        bytes[8..].copy_from_slice(&self.im.to_bytes());
        bytes
    }

    /// Reads a canonical encoding; `None` when either half is not canonical.
    pub fn from_bytes(bytes: [u8; 16]) -> Option<Self> {
        Self::read_from(&bytes)
    }

    /// The conjugate `re - im * i`, which is the element to the power p.
    pub fn conjugate(self) -> Self {
        Self::new(self.re, -self.im)
    }

    /// The norm `re^2 + im^2` in the base field; zero for zero only.
    pub fn norm(self) -> M61 {
        M61::dot(&[self.re, self.im], &[self.re, self.im])
    }

    /// The multiplicative inverse, or `None` for zero.
    pub fn inverse(self) -> Option<Self> {
        self.norm()
            .inverse()
            .map(|inverse| self.conjugate() * inverse)
    }

    /// The element to a public power.
    pub fn pow(self, mut exponent: u128) -> Self {
        let mut base = self;
        let mut result = Self::ONE;
        while exponent > 0 {
            if exponent & 1 == 1 {
                result *= base;
            }
            base *= base;
            exponent >>= 1;
        }
        result
    }
}

impl Field for K {
    const ZERO: Self = Self::ZERO;
    const ONE: Self = Self::ONE;
    const BYTES: usize = Self::BYTES;

    fn from_u64(integer: u64) -> Self {
        M61::new(integer).into()
    }

    fn random<R: CryptoRng + ?Sized>(rng: &mut R) -> Self {
        Self::random(rng)
    }

    fn inverse(self) -> Option<Self> {
        self.inverse()
    }

    fn write_to(self, out: &mut Vec<u8>) {
        out.extend_from_slice(&self.to_bytes());
    }

    fn read_from(bytes: &[u8]) -> Option<Self> {
        let (re, im) = bytes.split_at_checked(M61::BYTES)?;
        Some(Self::new(M61::read_from(re)?, M61::read_from(im)?))
    }

    fn dot(left: &[Self], right: &[Self]) -> Self {
        if left.len() > SHORT {
            return Backend::best().dot_ext(left, right);
        }
        assert_eq!(
            left.len(),
            right.len(),
            "an inner product needs equal lengths"
        );
        let mut re = Accumulator::new();
        let mut im = Accumulator::new();
        for (a, b) in left.iter().zip(right) {
            re.add_product(a.re, b.re);
            re.add_product(a.im, -b.im);
            im.add_product(a.re, b.im);
            im.add_product(a.im, b.re);
        }
        Self::new(re.finish(), im.finish())
    }
}

impl Extension for K {
    type Base = M61;
    const DEGREE: usize = 2;

    fn push_coordinates(self, out: &mut Vec<M61>) {
        out.extend([self.re, self.im]);
    }

    fn from_coordinates(coordinates: &[M61]) -> Self {
        let [re, im] = *coordinates else {
            panic!("an element has two coordinates");
        };
        Self::new(re, im)
    }

    fn from_random_bytes(bytes: [u8; 16]) -> Self {
        let [re, im] = [0, 8].map(|start| {
            let word = bytes[start..].first_chunk().expect("16 bytes");
            u64::from_le_bytes(*word)
        });
        Self::from_random_words(re, im)
    }

    /// Lazily reduced.
    fn combine(weights: &[Self], elements: impl ExactSizeIterator<Item = M61>) -> Self {
        assert_eq!(weights.len(), elements.len(), "a weight for each element");
        let mut re = Accumulator::new();
        let mut im = Accumulator::new();
        for (weight, element) in weights.iter().zip(elements) {
            re.add_product(weight.re, element);
            im.add_product(weight.im, element);
        }
        Self::new(re.finish(), im.finish())
    }
}

impl From<M61> for K {
    fn from(element: M61) -> Self {
        Self::new(element, M61::ZERO)
    }
}

impl fmt::Debug for K {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "K({} + {}i)", self.re, self.im)
    }
}

impl Add for K {
    type Output = Self;
    #[inline]
    fn add(self, other: Self) -> Self {
        Self::new(self.re + other.re, self.im + other.im)
    }
}

impl Sub for K {
    type Output = Self;
    #[inline]
    fn sub(self, other: Self) -> Self {
        Self::new(self.re - other.re, self.im - other.im)
    }
}

impl Mul for K {
    type Output = Self;
    #[inline]
    fn mul(self, other: Self) -> Self {
        let mut re = Accumulator::new();
        re.add_product(self.re, other.re);
        re.add_product(self.im, -other.im);
        let mut im = Accumulator::new();
        im.add_product(self.re, other.im);
        im.add_product(self.im, other.re);
        Self::new(re.finish(), im.finish())
    }
}

impl Mul<M61> for K {
    type Output = Self;
    #[inline]
    fn mul(self, factor: M61) -> Self {
        Self::new(self.re * factor, self.im * factor)
    }
}

impl Neg for K {
    type Output = Self;
    #[inline]
    fn neg(self) -> Self {
        Self::new(-self.re, -self.im)
    }
}

impl AddAssign for K {
    #[inline]
    fn add_assign(&mut self, other: Self) {
        *self = *self + other;
    }
}

impl SubAssign for K {
    #[inline]
    fn sub_assign(&mut self, other: Self) {
        *self = *self - other;
    }
}

impl MulAssign for K {
    #[inline]
    fn mul_assign(&mut self, other: Self) {
        *self = *self * other;
    }
}

impl Sum for K {
    fn sum<I: Iterator<Item = Self>>(elements: I) -> Self {
        elements.fold(Self::ZERO, Add::add)
    }
}

impl ConstantTimeEq for K {
    fn ct_eq(&self, other: &Self) -> Choice {
        self.re.ct_eq(&other.re) & self.im.ct_eq(&other.im)
    }
}

impl ConditionallySelectable for K {
    fn conditional_select(a: &Self, b: &Self, choice: Choice) -> Self {
        Self::new(
            M61::conditional_select(&a.re, &b.re, choice),
            M61::conditional_select(&a.im, &b.im, choice),
        )
    }
}

impl DefaultIsZeroes for K {}
