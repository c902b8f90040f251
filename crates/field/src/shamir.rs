//! Shamir sharing of degree t among the n = 2t+1 parties of a committee.
//!
//! Any t shares are uniform and independent of the secret; any t + 1 determine it. Nothing is
//! sent here: callers move the shares.

use rand_core::CryptoRng;
use zeroize::Zeroizing;

use crate::committee::Committee;
use crate::error::Error;
use crate::interpolation::{evaluate, lagrange_at};
use crate::traits::Field;

/// Shares a secret: one share per party in order, on a random polynomial of degree t.
pub fn share<F: Field, R: CryptoRng + ?Sized>(
    secret: F,
    committee: &Committee,
    rng: &mut R,
) -> Vec<F> {
    let mut coefficients = Zeroizing::new(Vec::with_capacity(committee.degree() + 1));
    coefficients.push(secret);
    coefficients.extend((0..committee.degree()).map(|_| F::random(rng)));
    committee
        .parties()
        .map(|party| evaluate(&coefficients, party.point()))
        .collect()
}

/// The secret of `shares`, one per party in order, all of which must agree.
///
/// # Errors
/// [`Error::Count`] when there are not n shares, [`Error::Inconsistent`] when they do not lie on
/// one polynomial of degree t.
pub fn reconstruct_checked<F: Field>(committee: &Committee, shares: &[F]) -> Result<F, Error> {
    let checker = Checker::new(committee);
    checker.reconstruct(shares)
}

/// The secret of `shares` held at `points`, at least t + 1 of them. With exactly t + 1 there is no
/// redundancy: a wrong share gives a wrong secret.
///
/// # Errors
/// [`Error::Count`] when the lists differ in length, [`Error::EqualPoints`] when a point occurs
/// twice.
pub fn reconstruct<F: Field>(points: &[F], shares: &[F]) -> Result<F, Error> {
    if points.len() != shares.len() {
        return Err(Error::Count {
            expected: points.len(),
            found: shares.len(),
        });
    }
    Ok(F::dot(&lagrange_at(points, F::ZERO)?, shares))
}

/// The coefficients for checking and reconstructing many sharings of one committee.
#[derive(Clone, Debug)]
pub struct Checker<F> {
    n: usize,
    /// Coefficients at 0 over the first t + 1 points.
    at_zero: Vec<F>,
    /// For each of the other t points, its coefficients over the first t + 1.
    at_rest: Vec<Vec<F>>,
}

impl<F: Field> Checker<F> {
    /// Precomputes the coefficients.
    pub fn new(committee: &Committee) -> Self {
        let points: Vec<F> = committee.parties().map(|party| party.point()).collect();
        let (first, rest) = points.split_at(committee.degree() + 1);
        let over_first = |x| lagrange_at(first, x).expect("the parties' points are distinct");
        Self {
            n: points.len(),
            at_zero: over_first(F::ZERO),
            at_rest: rest.iter().copied().map(over_first).collect(),
        }
    }

    /// The secret of n shares; see [`reconstruct_checked`].
    ///
    /// # Errors
    /// As [`reconstruct_checked`].
    pub fn reconstruct(&self, shares: &[F]) -> Result<F, Error> {
        if shares.len() != self.n {
            return Err(Error::Count {
                expected: self.n,
                found: shares.len(),
            });
        }
        let (first, rest) = shares.split_at(self.at_zero.len());
        // Compares every point before it answers: which one differs is nobody's business.
        let mut consistent = subtle::Choice::from(1);
        for (coefficients, share) in self.at_rest.iter().zip(rest) {
            consistent &= F::dot(coefficients, first).ct_eq(share);
        }
        if bool::from(consistent) {
            Ok(F::dot(&self.at_zero, first))
        } else {
            Err(Error::Inconsistent)
        }
    }
}
