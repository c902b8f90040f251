//! What sharing and interpolation need from a field, so that they are written once.

use std::fmt::Debug;
use std::iter::Sum;
use std::ops::{Add, AddAssign, Mul, MulAssign, Neg, Sub, SubAssign};

use rand_core::CryptoRng;
use subtle::ConstantTimeEq;
use zeroize::Zeroize;

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
