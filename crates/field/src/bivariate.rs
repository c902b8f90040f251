//! Dealing by symmetric bivariate polynomials, and the combined check (protocols E.1).
//!
//! Goal: a dealer gives each of n = 2t+1 parties one row per value, such that wrong rows are refused
//! by their receivers without any of them talking to another. For a value u the dealer draws a
//! symmetric F_u(X, Y) of degree t in each variable with F_u(0, 0) = u. Party i's row is
//! F_u(i, Y), its Shamir share F_u(i, 0); the pair value F_u(i, j) is known to i and j alone, and t
//! rows are independent of u.
//!
//! The combined check: for weights w_u in K that the dealer cannot foresee, the dealer publishes
//! B(X, Y) = mask + sum of w_u F_u, and party i compares its own combined row with B(i, Y). A
//! uniform symmetric mask over K hides everything else about the values. Wrong rows pass with
//! probability at most 1/|K| per guess of the weights; K is the field that challenges are drawn from, of more than 2^120
//! elements: the quadratic extension of 2^61 - 1, or 2^127 - 1 itself. The commitments that bind the dealer before
//! the weights exist are in `wire::dealing`.

use std::fmt;

use rand_core::CryptoRng;
use zeroize::{Zeroize, ZeroizeOnDrop, Zeroizing};

use crate::committee::{Committee, Party};
use crate::error::Error;
use crate::interpolation::evaluate;
use crate::m61::M61;
use crate::shares::Shares;
use crate::slice::{decode_exact, encode_slice};
use crate::traits::{Extension, Field, PrimeField};

/// The number of free coefficients of a symmetric polynomial of this degree in each variable.
pub const fn triangle_len(degree: usize) -> usize {
    (degree + 1) * (degree + 2) / 2
}

/// A symmetric polynomial in two variables, of bounded degree in each.
///
/// Coefficients c(a, b) of X^a Y^b for a <= b, ordered by a, then b. Zeroised when dropped;
/// `Debug` shows the degree only.
#[derive(Clone, PartialEq, Eq)]
pub struct Symmetric<F: Field> {
    degree: usize,
    coefficients: Vec<F>,
}

impl<F: Field> Symmetric<F> {
    /// A uniform polynomial with this value at (0, 0). Draws the other coefficients in order.
    pub fn random<R: CryptoRng + ?Sized>(value: F, degree: usize, rng: &mut R) -> Self {
        let mut coefficients = Vec::with_capacity(triangle_len(degree));
        coefficients.push(value);
        coefficients.extend((1..triangle_len(degree)).map(|_| F::random(rng)));
        Self {
            degree,
            coefficients,
        }
    }

    /// The polynomial with these coefficients.
    ///
    /// # Errors
    /// [`Error::Count`] unless there are [`triangle_len`] of them.
    pub fn from_coefficients(degree: usize, coefficients: Vec<F>) -> Result<Self, Error> {
        let expected = triangle_len(degree);
        if coefficients.len() != expected {
            return Err(Error::Count {
                expected,
                found: coefficients.len(),
            });
        }
        Ok(Self {
            degree,
            coefficients,
        })
    }

    /// The degree in each variable.
    pub fn degree(&self) -> usize {
        self.degree
    }

    /// The coefficients of X^a Y^b for a <= b, ordered by a, then b.
    pub fn coefficients(&self) -> &[F] {
        &self.coefficients
    }

    /// The coefficients of F(x, Y), constant first: degree + 1 of them.
    pub fn row(&self, x: F) -> Vec<F> {
        let mut row = vec![F::ZERO; self.degree + 1];
        let mut power = F::ONE;
        for a in 0..=self.degree {
            for (b, coefficient) in row.iter_mut().enumerate() {
                *coefficient += power * self.coefficients[self.position(a, b)];
            }
            power *= x;
        }
        row
    }

    fn position(&self, a: usize, b: usize) -> usize {
        let (low, high) = if a <= b { (a, b) } else { (b, a) };
        // Rows 0..low have degree + 1, degree, ... entries.
        low * (2 * self.degree + 3 - low) / 2 + (high - low)
    }
}

impl<E: Extension> Symmetric<E> {
    /// Adds `weight` times a polynomial over the base field, of the same degree.
    ///
    /// # Panics
    /// When the degrees differ.
    pub fn add_weighted(&mut self, weight: E, other: &Symmetric<E::Base>) {
        assert_eq!(self.degree, other.degree, "one committee, one degree");
        for (sum, coefficient) in self.coefficients.iter_mut().zip(&other.coefficients) {
            *sum += weight * *coefficient;
        }
    }
}

impl<F: Field> fmt::Debug for Symmetric<F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Symmetric(degree {}, redacted)", self.degree)
    }
}

impl<F: Field> Drop for Symmetric<F> {
    fn drop(&mut self) {
        self.coefficients.zeroize();
    }
}

impl<F: Field> ZeroizeOnDrop for Symmetric<F> {}

/// One party's rows of a batch of values: t + 1 coefficients per value, constant first.
///
/// Secret: zeroised when dropped, `Debug` shows the length only, no `==`.
#[derive(Clone)]
pub struct Row<F: PrimeField = M61> {
    width: usize,
    coefficients: Shares<F>,
}

impl<F: PrimeField> Row<F> {
    /// The rows of `party` in a batch of dealt polynomials.
    pub fn of(polynomials: &[Symmetric<F>], committee: &Committee, party: Party) -> Self {
        let width = committee.degree() + 1;
        let mut coefficients = Vec::with_capacity(polynomials.len() * width);
        for polynomial in polynomials {
            coefficients.extend_from_slice(&Zeroizing::new(polynomial.row(party.point())));
        }
        Self {
            width,
            coefficients: coefficients.into(),
        }
    }

    /// The number of values.
    pub fn len(&self) -> usize {
        self.coefficients.len() / self.width
    }

    /// Is the batch empty?
    pub fn is_empty(&self) -> bool {
        self.coefficients.is_empty()
    }

    /// The party's Shamir share of each value: F_u(i, 0).
    pub fn shares(&self) -> Shares<F> {
        self.rows().map(|row| row[0]).collect()
    }

    /// The pair value with another party (or with itself) of each value: F_u(i, j).
    pub fn pair_values(&self, with: Party) -> Shares<F> {
        let point = with.point();
        self.rows().map(|row| evaluate(row, point)).collect()
    }

    /// The weighted sum of the rows: t + 1 coefficients in K.
    ///
    /// # Panics
    /// When there is not one weight for each value.
    pub fn combine(&self, weights: &[F::Ext]) -> Vec<F::Ext> {
        (0..self.width)
            .map(|power| F::Ext::combine(weights, self.rows().map(|row| row[power])))
            .collect()
    }

    /// The canonical encoding: all coefficients in order.
    pub fn encode(&self) -> Zeroizing<Vec<u8>> {
        Zeroizing::new(encode_slice(&self.coefficients))
    }

    /// Reads the rows of `values_len` values.
    ///
    /// # Errors
    /// [`Error::Length`] or [`Error::NonCanonical`], with the place of the coefficient.
    pub fn decode(committee: &Committee, values_len: usize, bytes: &[u8]) -> Result<Self, Error> {
        let width = committee.degree() + 1;
        let len = values_len.saturating_mul(width);
        Ok(Self {
            width,
            coefficients: decode_exact(bytes, len)?.into(),
        })
    }

    fn rows(&self) -> impl ExactSizeIterator<Item = &[F]> {
        self.coefficients.chunks_exact(self.width)
    }
}

impl<F: PrimeField> fmt::Debug for Row<F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Row({} values, redacted)", self.len())
    }
}

impl<F: PrimeField> ZeroizeOnDrop for Row<F> {}

/// The response B to the weights: the mask plus the weighted sum of all polynomials.
///
/// # Panics
/// When there is not one weight for each polynomial, or degrees differ.
pub fn respond<F: PrimeField>(
    polynomials: &[Symmetric<F>],
    mask: &Symmetric<F::Ext>,
    weights: &[F::Ext],
) -> Symmetric<F::Ext> {
    assert_eq!(polynomials.len(), weights.len(), "a weight for each value");
    let mut response = mask.clone();
    for (polynomial, weight) in polynomials.iter().zip(weights) {
        response.add_weighted(*weight, polynomial);
    }
    response
}

/// Does the party's combined row, mask included, equal the response's row as a polynomial?
///
/// # Errors
/// The place of the first coefficient that differs.
pub fn check_response<F: PrimeField>(
    party: Party,
    row: &Row<F>,
    mask_row: &[F::Ext],
    weights: &[F::Ext],
    response: &Symmetric<F::Ext>,
) -> Result<(), usize> {
    let expected = response.row(party.point());
    let combined = Zeroizing::new(row.combine(weights));
    if expected.len() != combined.len() || mask_row.len() != combined.len() {
        return Err(expected.len().min(combined.len()).min(mask_row.len()));
    }
    // Everything compared is public by now: the response is, and so is what should equal it.
    let mut places = expected.iter().zip(mask_row).zip(combined.iter());
    match places.position(|((expected, mask), sum)| *expected != *mask + *sum) {
        Some(place) => Err(place),
        None => Ok(()),
    }
}
