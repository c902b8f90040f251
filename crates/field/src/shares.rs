//! A vector of secret field elements: one party's shares.

use std::fmt;
use std::ops::{Deref, DerefMut};

use zeroize::{Zeroize, ZeroizeOnDrop};

use crate::m61::M61;

/// One party's shares of a vector of values. Zeroised when dropped; `Debug` shows the length only.
#[derive(Clone, Default)]
pub struct Shares(Vec<M61>);

impl Shares {
    /// A vector of `len` zeros.
    pub fn zeros(len: usize) -> Self {
        Self(vec![M61::ZERO; len])
    }

    /// Hands the elements out; zeroising them is now the caller's part.
    pub fn into_inner(mut self) -> Vec<M61> {
        std::mem::take(&mut self.0)
    }
}

impl From<Vec<M61>> for Shares {
    fn from(elements: Vec<M61>) -> Self {
        Self(elements)
    }
}

impl FromIterator<M61> for Shares {
    fn from_iter<I: IntoIterator<Item = M61>>(elements: I) -> Self {
        Self(elements.into_iter().collect())
    }
}

impl Deref for Shares {
    type Target = [M61];
    fn deref(&self) -> &[M61] {
        &self.0
    }
}

impl DerefMut for Shares {
    fn deref_mut(&mut self) -> &mut [M61] {
        &mut self.0
    }
}

impl fmt::Debug for Shares {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Shares({} redacted)", self.0.len())
    }
}

impl Zeroize for Shares {
    fn zeroize(&mut self) {
        self.0.zeroize();
    }
}

impl Drop for Shares {
    fn drop(&mut self) {
        self.zeroize();
    }
}

impl ZeroizeOnDrop for Shares {}
