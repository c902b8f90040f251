//! What sharing and interpolation need from a field, so that they are written once.

use std::fmt::Debug;
use std::iter::Sum;
use std::ops::{Add, AddAssign, Mul, MulAssign, Neg, Sub, SubAssign};

use rand_core::CryptoRng;
use subtle::{ConditionallySelectable, ConstantTimeEq};
use zeroize::{Zeroize, Zeroizing};

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

    /// Writes the canonical encoding to its place.
    ///
    /// # Panics
    /// When that does not have [`Self::BYTES`] bytes.
    fn put(self, place: &mut [u8]) {
        let mut bytes = Zeroizing::new(Vec::with_capacity(Self::BYTES));
        self.write_to(&mut bytes);
        place.copy_from_slice(&bytes);
    }

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

    /// The elements of little-endian words, [`Self::WORDS`] for each, as [`Self::from_random_words`] has
    /// them.
    ///
    /// # Panics
    /// When there are not as many for each element.
    fn from_words(words: &[u8], out: &mut [Self]) {
        let width = 8 * Self::WORDS;
        assert_eq!(words.len(), width * out.len(), "words for each element");
        let mut buffer = [0; 4];
        for (element, bytes) in out.iter_mut().zip(words.chunks_exact(width)) {
            let (bytes, _) = bytes.as_chunks();
            for (word, bytes) in buffer.iter_mut().zip(bytes) {
                *word = u64::from_le_bytes(*bytes);
            }
            *element = Self::from_random_words(&buffer);
        }
    }

    /// Adds to `out[k]` the sum over the rows of `coefficients[row]` times the element of word k of the
    /// row, as [`Self::from_words`] has it: of elements from generators that are needed for nothing
    /// else.
    ///
    /// # Panics
    /// When there is not one coefficient for each row, or in a row one word for each element, or when
    /// the magnitudes of the coefficients add up to 2^31 or more.
    fn add_combined_words(coefficients: &[i32], rows: &[&[u8]], out: &mut [Self]) {
        assert_eq!(coefficients.len(), rows.len(), "a coefficient for each row");
        let mut elements = Zeroizing::new(vec![Self::ZERO; out.len()]);
        for (coefficient, row) in coefficients.iter().zip(rows) {
            Self::from_words(row, &mut elements);
            Self::add_scaled_each(out, Self::from_i64(i64::from(*coefficient)), &elements);
        }
    }

    /// The signed integer modulo p: a negative x is p - |x|.
    fn from_i128(integer: i128) -> Self;

    /// The same of a shorter integer.
    fn from_i64(integer: i64) -> Self {
        Self::from_i128(i128::from(integer))
    }

    /// The canonical representative, from 0 to p - 1.
    fn to_u128(self) -> u128;

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

    /// The element of uniform bytes, uniform up to a bias of one in the field's size.
    fn from_random_bytes(bytes: [u8; 16]) -> Self;

    /// The combination of elements of the field below with weights from here.
    ///
    /// # Panics
    /// When there is not one weight for each element.
    fn combine(weights: &[Self], elements: impl ExactSizeIterator<Item = Self::Base>) -> Self;
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
