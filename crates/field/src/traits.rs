//! What sharing and interpolation need from a field, so that they are written once.

use std::fmt::Debug;
use std::iter::Sum;
use std::ops::{Add, AddAssign, Mul, MulAssign, Neg, Sub, SubAssign};

use rand_core::CryptoRng;
use subtle::ConstantTimeEq;
use zeroize::Zeroize;

use crate::recursion;

/// A finite field whose elements have one canonical encoding of fixed width.
pub trait Field:
    Copy
    + Eq
    + Debug
    + Default
    + Send
    + Sync
    + 'static
    + Add<Output = Self>
    + AddAssign
    + Sub<Output = Self>
    + SubAssign
    + Mul<Output = Self>
    + MulAssign
    + Neg<Output = Self>
    + Sum
    + ConstantTimeEq
    + Zeroize
{
    /// The additive identity.
    const ZERO: Self;
    /// The multiplicative identity.
    const ONE: Self;
    /// Width of the canonical encoding in bytes.
    const BYTES: usize;

    /// The image of a non-negative integer (the integer modulo the characteristic).
    fn from_u64(integer: u64) -> Self;

    /// A uniform element, up to a bias of one in the field's size.
    fn random<R: CryptoRng + ?Sized>(rng: &mut R) -> Self;

    /// The multiplicative inverse, or `None` for zero.
    fn inverse(self) -> Option<Self>;

    /// Appends the canonical encoding, [`Self::BYTES`] bytes.
    fn write_to(self, out: &mut Vec<u8>);

    /// Reads a canonical encoding; `None` for any other string or length.
    fn read_from(bytes: &[u8]) -> Option<Self>;

    /// The inner product of two lists of equal length.
    ///
    /// # Panics
    /// When the lengths differ.
    fn dot(left: &[Self], right: &[Self]) -> Self {
        assert_eq!(
            left.len(),
            right.len(),
            "an inner product needs equal lengths"
        );
        left.iter().zip(right).map(|(a, b)| *a * *b).sum()
    }

    /// The element times itself.
    fn square(self) -> Self {
        self * self
    }
}

/// A prime field that values are shared over.
///
/// The vector operations are here so that a field can compute them with what the processor offers;
/// whatever it does, the result is the one of plain field operations.
pub trait PrimeField: Field {
    /// The field that challenges of verification are drawn from: more than 2^120 elements.
    type Ext: Extension<Base = Self>;
    /// Bits of the modulus.
    const BITS: u32;
    /// Words of 64 bits that [`Self::from_random_words`] uses.
    const WORDS: usize;

    /// The element of uniform words, up to a bias of one in the field's size; uses the first
    /// [`Self::WORDS`].
    fn from_random_words(words: &[u64]) -> Self;

    /// `target[k] *= factors[k]`.
    ///
    /// # Panics
    /// When the lengths differ.
    fn multiply_each(target: &mut [Self], factors: &[Self]) {
        assert_eq!(target.len(), factors.len(), "vectors of one length");
        for (element, factor) in target.iter_mut().zip(factors) {
            *element *= *factor;
        }
    }

    /// [`recursion::products`] over the field itself.
    fn products(x: &[Self], y: &[Self], blocks: usize) -> Vec<Self> {
        recursion::products(x, y, blocks)
    }

    /// [`recursion::products`] over the extension.
    fn products_ext(x: &[Self::Ext], y: &[Self::Ext], blocks: usize) -> Vec<Self::Ext> {
        recursion::products(x, y, blocks)
    }

    /// [`recursion::fold`] from the field into the extension.
    fn fold(x: &[Self], coefficients: &[Self::Ext]) -> Vec<Self::Ext> {
        recursion::fold(x, coefficients)
    }

    /// [`recursion::fold`] over the extension.
    fn fold_ext(x: &[Self::Ext], coefficients: &[Self::Ext]) -> Vec<Self::Ext> {
        recursion::fold(x, coefficients)
    }
}

/// An extension of a prime field, as a vector space over it.
pub trait Extension: Field + From<Self::Base> + Mul<Self::Base, Output = Self> {
    /// The field below.
    type Base: PrimeField<Ext = Self>;
    /// Coordinates of an element.
    const DEGREE: usize;

    /// The coordinates, [`Self::DEGREE`] of them, appended.
    fn push_coordinates(self, out: &mut Vec<Self::Base>);

    /// The element with these coordinates.
    ///
    /// # Panics
    /// When there are not [`Self::DEGREE`].
    fn from_coordinates(coordinates: &[Self::Base]) -> Self;
}
