//! Operations on whole vectors of elements: canonical encoding, inner products, and the linear
//! combinations that protocols perform on shares.

use zeroize::Zeroizing;

use crate::error::Error;
use crate::m61::M61;
use crate::traits::Field;

/// The canonical encoding: each element in turn, without a length.
pub fn encode_slice<F: Field>(elements: &[F]) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(elements.len() * F::BYTES);
    encode_into(elements, &mut bytes);
    bytes
}

/// Appends the canonical encoding to `out`.
pub fn encode_into<F: Field>(elements: &[F], out: &mut Vec<u8>) {
    out.reserve(elements.len() * F::BYTES);
    for element in elements {
        element.write_to(out);
    }
}

/// Reads as many elements as the bytes hold.
///
/// # Errors
/// [`Error::Length`] when a part of an element is left over, [`Error::NonCanonical`] at the first
/// element that is not the canonical encoding.
pub fn decode_slice<F: Field>(bytes: &[u8]) -> Result<Vec<F>, Error> {
    if !bytes.len().is_multiple_of(F::BYTES) {
        return Err(Error::Length {
            expected: F::BYTES,
            found: bytes.len(),
        });
    }
    let mut elements = Vec::with_capacity(bytes.len() / F::BYTES);
    for (index, element) in bytes.chunks_exact(F::BYTES).enumerate() {
        elements.push(F::read_from(element).ok_or(Error::NonCanonical { index })?);
    }
    Ok(elements)
}

/// Reads exactly `len` elements.
///
/// # Errors
/// As [`decode_slice`]; [`Error::Length`] also when there are more or fewer bytes.
pub fn decode_exact<F: Field>(bytes: &[u8], len: usize) -> Result<Vec<F>, Error> {
    match len.checked_mul(F::BYTES) {
        Some(expected) if expected == bytes.len() => decode_slice(bytes),
        expected => Err(Error::Length {
            expected: expected.unwrap_or(usize::MAX),
            found: bytes.len(),
        }),
    }
}

/// The inner product of two vectors of equal length, lazily reduced.
///
/// # Panics
/// When the lengths differ.
pub fn dot(left: &[M61], right: &[M61]) -> M61 {
    M61::dot(left, right)
}

/// `target[k] += other[k]`.
///
/// # Panics
/// When the lengths differ.
pub fn add_assign<F: Field>(target: &mut [F], other: &[F]) {
    F::add_each(target, other);
}

/// `target[k] -= other[k]`.
///
/// # Panics
/// When the lengths differ.
pub fn sub_assign<F: Field>(target: &mut [F], other: &[F]) {
    F::sub_each(target, other);
}

/// `target[k] *= factor`.
pub fn scale<F: Field>(target: &mut [F], factor: F) {
    F::scale_each(target, factor);
}

/// `target[k] += factor * other[k]`.
///
/// # Panics
/// When the lengths differ.
pub fn add_scaled<F: Field>(target: &mut [F], factor: F, other: &[F]) {
    F::add_scaled_each(target, factor, other);
}

/// Replaces every element by its inverse: one inversion and three products for each element.
///
/// `None`, and nothing is changed, when one of them is zero. Only that and the length show in the
/// time taken.
#[must_use = "a zero has no inverse"]
pub fn batch_inverse<F: Field>(elements: &mut [F]) -> Option<()> {
    // What stands before each element; a product of secrets is secret.
    let mut before = Zeroizing::new(Vec::with_capacity(elements.len()));
    let mut product = F::ONE;
    for element in &*elements {
        before.push(product);
        product *= *element;
    }
    // A product in a field is zero when, and only when, a factor is.
    let mut inverse = product.inverse()?;
    for (element, before) in elements.iter_mut().zip(before.iter()).rev() {
        let rest = inverse * *element;
        *element = inverse * *before;
        inverse = rest;
    }
    Some(())
}
