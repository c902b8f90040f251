//! What sharing and interpolation need from a field, so that they are written once.

use std::fmt::Debug;
use std::iter::Sum;
use std::ops::{Add, AddAssign, Mul, MulAssign, Neg, Sub, SubAssign};

use rand_core::CryptoRng;
use subtle::{ConditionallySelectable, ConstantTimeEq};
use zeroize::Zeroize;

use crate::recursion;

/// A finite field whose elements have one canonical encoding of fixed width.
///
/// The operations on vectors are here, and in [`PrimeField`], so that a field can compute them with
/// what the processor offers; whatever it does, the result is the one of plain field operations.
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

    /// The element that this number stands for where points must be distinct: different elements for
    /// different numbers, zero for zero. In a field of characteristic two integers would not do.
    fn point(number: u64) -> Self {
        Self::from_u64(number)
    }

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

    /// `target[k] += other[k]`.
    ///
    /// # Panics
    /// When the lengths differ.
    fn add_each(target: &mut [Self], other: &[Self]) {
        assert_eq!(target.len(), other.len(), "vectors of one length");
        for (a, b) in target.iter_mut().zip(other) {
            *a += *b;
        }
    }

    /// `target[k] -= other[k]`.
    ///
    /// # Panics
    /// When the lengths differ.
    fn sub_each(target: &mut [Self], other: &[Self]) {
        assert_eq!(target.len(), other.len(), "vectors of one length");
        for (a, b) in target.iter_mut().zip(other) {
            *a -= *b;
        }
    }

    /// `target[k] *= factor`.
    fn scale_each(target: &mut [Self], factor: Self) {
        for a in target {
            *a *= factor;
        }
    }

    /// `target[k] += factor * other[k]`.
    ///
    /// # Panics
    /// When the lengths differ.
    fn add_scaled_each(target: &mut [Self], factor: Self, other: &[Self]) {
        assert_eq!(target.len(), other.len(), "vectors of one length");
        for (a, b) in target.iter_mut().zip(other) {
            *a += factor * *b;
        }
    }

    /// The element times itself.
    fn square(self) -> Self {
        self * self
    }
}

/// A prime field that values are shared over; its modulus is 3 mod 4.
pub trait PrimeField: Field + ConditionallySelectable {
    /// The field that challenges of verification are drawn from: more than 2^120 elements.
    type Ext: Extension<Base = Self>;
    /// Bits of the modulus.
    const BITS: u32;
    /// Words of 64 bits that [`Self::from_random_words`] uses.
    const WORDS: usize;
    /// The inverse of two.
    const HALF: Self;

    /// The element of uniform words, up to a bias of one in the field's size; uses the first
    /// [`Self::WORDS`].
    fn from_random_words(words: &[u64]) -> Self;

    /// The signed integer modulo p: a negative x is p - |x|.
    fn from_i64(integer: i64) -> Self;

    /// The representative of smallest magnitude, from -(p-1)/2 to (p-1)/2.
    fn to_i128(self) -> i128;

    /// Raises every element to the power (p-3)/4. For a nonzero square c the square of that is 1/c;
    /// for a non-square it is -1/c; zero stays zero.
    fn inverse_roots(elements: &mut [Self]);

    /// A square root, or `None` for a non-square. Which of the two roots is not specified.
    fn sqrt(self) -> Option<Self> {
        let mut power = [self];
        Self::inverse_roots(&mut power);
        let root = self * power[0];
        bool::from(root.square().ct_eq(&self)).then_some(root)
    }

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

    /// `out[k]` is the sum over the rows of `coefficients[row] * rows[row][k]`: one row of a public
    /// matrix times vectors of shares.
    ///
    /// # Panics
    /// When there is not one coefficient for each row, or a row's length is not that of `out`.
    fn combine_rows(coefficients: &[Self], rows: &[&[Self]], out: &mut [Self]) {
        check_rows(coefficients, rows, out);
        out.fill(Self::ZERO);
        for (coefficient, row) in coefficients.iter().zip(rows) {
            for (sum, element) in out.iter_mut().zip(*row) {
                *sum += *coefficient * *element;
            }
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

/// The shapes [`PrimeField::combine_rows`] asks for.
pub(crate) fn check_rows<F>(coefficients: &[F], rows: &[&[F]], out: &[F]) {
    assert_eq!(coefficients.len(), rows.len(), "a coefficient for each row");
    let len = out.len();
    assert!(
        rows.iter().all(|row| row.len() == len),
        "rows of one length"
    );
}
