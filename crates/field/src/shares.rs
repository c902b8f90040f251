//! A vector of secret field elements: one party's shares.

use std::fmt;
use std::ops::{Deref, DerefMut};

use zeroize::{Zeroize, ZeroizeOnDrop};

use crate::m61::M61;
use crate::traits::Field;

/// One party's shares of a vector of values. Zeroised when dropped; `Debug` shows the length only.
#[derive(Clone)]
pub struct Shares<F: Field = M61>(Vec<F>);

impl<F: Field> Shares<F> {
    /// A vector of `len` zeros.
    pub fn zeros(len: usize) -> Self {
        Self(vec![F::ZERO; len])
    }

    /// Hands the elements out; zeroising them is now the caller's part.
    pub fn into_inner(mut self) -> Vec<F> {
        std::mem::take(&mut self.0)
    }
}

impl<F: Field> Default for Shares<F> {
    fn default() -> Self {
        Self(Vec::new())
    }
}

impl<F: Field> From<Vec<F>> for Shares<F> {
    fn from(elements: Vec<F>) -> Self {
        Self(elements)
    }
}

impl<F: Field> FromIterator<F> for Shares<F> {
    fn from_iter<I: IntoIterator<Item = F>>(elements: I) -> Self {
        Self(elements.into_iter().collect())
    }
}

impl<F: Field> Deref for Shares<F> {
    type Target = [F];
    fn deref(&self) -> &[F] {
        &self.0
    }
}

impl<F: Field> DerefMut for Shares<F> {
    fn deref_mut(&mut self) -> &mut [F] {
        &mut self.0
    }
}

impl<F: Field> fmt::Debug for Shares<F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Shares({} redacted)", self.0.len())
    }
}

impl<F: Field> Zeroize for Shares<F> {
    fn zeroize(&mut self) {
        self.0.zeroize();
    }
}

impl<F: Field> Drop for Shares<F> {
    fn drop(&mut self) {
        self.zeroize();
    }
}

impl<F: Field> ZeroizeOnDrop for Shares<F> {}
