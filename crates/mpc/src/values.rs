//! Results of openings and random bits, as types that allow what is safe and nothing more
//! (rules R1 and R4 of protocols C.5).

use std::collections::BTreeSet;
use std::fmt;
use std::ops::Deref;

use enigma_field::{M61, Shares, slice};

use crate::fault::Misuse;
use crate::keys::SessionId;

/// Values opened in full: every party checked that all n shares are consistent, so that all honest
/// parties hold the same values. They may be used for anything.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Opened(Vec<M61>);

/// Values opened cheaply: the opener has no redundancy, so that a corrupt party can make honest
/// parties see different values. Until they agreed, the values may only be added to shares.
#[derive(Clone)]
pub struct CheapOpened {
    origin: Origin,
    values: Vec<M61>,
}

/// Shares of random bits, locked until the parties agreed on the values opened to make them.
#[derive(Clone)]
pub struct RandomBits {
    origin: Origin,
    bits: Shares,
}

/// The parties hold the same values for all that these operations opened.
#[derive(Clone, Debug)]
pub struct Agreed {
    session: SessionId,
    ops: BTreeSet<u32>,
}

/// Which operation of which session made a value.
#[derive(Clone, Copy)]
pub(crate) struct Origin {
    pub(crate) session: SessionId,
    pub(crate) op: u32,
}

impl Opened {
    pub(crate) fn new(values: Vec<M61>) -> Self {
        Self(values)
    }

    /// The values.
    pub fn into_inner(self) -> Vec<M61> {
        self.0
    }
}

impl Deref for Opened {
    type Target = [M61];
    fn deref(&self) -> &[M61] {
        &self.0
    }
}

impl CheapOpened {
    pub(crate) fn new(origin: Origin, values: Vec<M61>) -> Self {
        Self { origin, values }
    }

    /// The number of values.
    pub fn len(&self) -> usize {
        self.values.len()
    }

    /// Are there no values?
    pub fn is_empty(&self) -> bool {
        self.values.is_empty()
    }

    /// Adds the values to shares of as many others.
    ///
    /// # Panics
    /// When the lengths differ.
    pub fn add_to(&self, shares: &mut Shares) {
        slice::add_assign(shares, &self.values);
    }

    /// Subtracts the values from shares of as many others.
    ///
    /// # Panics
    /// When the lengths differ.
    pub fn subtract_from(&self, shares: &mut Shares) {
        slice::sub_assign(shares, &self.values);
    }

    /// The values for any use, once the parties agreed on them.
    ///
    /// # Errors
    /// [`Misuse::NotAgreed`] when the agreement does not cover this opening.
    pub fn confirm(self, agreed: &Agreed) -> Result<Opened, Misuse> {
        agreed.covers(self.origin)?;
        Ok(Opened(self.values))
    }
}

impl fmt::Debug for CheapOpened {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "CheapOpened({} of {})",
            self.values.len(),
            self.origin.op
        )
    }
}

impl RandomBits {
    pub(crate) fn new(origin: Origin, bits: Shares) -> Self {
        Self { origin, bits }
    }

    /// The number of bits.
    pub fn len(&self) -> usize {
        self.bits.len()
    }

    /// Are there no bits?
    pub fn is_empty(&self) -> bool {
        self.bits.is_empty()
    }

    /// The shares of the bits, once the parties agreed.
    ///
    /// # Errors
    /// [`Misuse::NotAgreed`] when the agreement does not cover the making of these bits.
    pub fn unlock(self, agreed: &Agreed) -> Result<Shares, Misuse> {
        agreed.covers(self.origin)?;
        Ok(self.bits)
    }
}

impl fmt::Debug for RandomBits {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "RandomBits({} redacted)", self.bits.len())
    }
}

impl Agreed {
    pub(crate) fn new(session: SessionId, ops: BTreeSet<u32>) -> Self {
        Self { session, ops }
    }

    fn covers(&self, origin: Origin) -> Result<(), Misuse> {
        if self.session == origin.session && self.ops.contains(&origin.op) {
            Ok(())
        } else {
            Err(Misuse::NotAgreed { op: origin.op })
        }
    }
}
