//! Shared values as types that allow what is safe and nothing more (rules R1 to R4 of protocols C.5).
//!
//! - [`Wires`] carry shares and remember which batches of products they came from. They can be
//!   computed with at any time: additive errors known to the adversary do not endanger privacy
//!   as long as nothing is opened.
//! - [`Verified`] is proof that all batches something came from were accepted by all parties. Only
//!   verified wires can be opened or handed to a recipient (R2).
//! - [`Mask`] is a uniform field element made of random bits. A verified mask lets any wires be
//!   opened under it, once (R1, R3, S5); it is used up by that.
//! - [`Opened`] values were checked by every party to be the same everywhere, so they may multiply,
//!   select and branch (R4).

use std::collections::BTreeSet;
use std::fmt;
use std::ops::{Deref, Range};
use std::sync::Arc;

use enigma_field::{M61, PrimeField, Shares, recursion};

use crate::fault::Misuse;
use crate::keys::SessionId;

/// One party's shares of a vector of values, and the batches they came from. Cloning and cutting
/// copies no elements.
#[derive(Clone)]
pub struct Wires<F: PrimeField = M61> {
    shares: Arc<Shares<F>>,
    range: Range<usize>,
    sources: Sources,
}

/// The batches that something was computed from, directly or not.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct Sources(Option<Arc<Batches>>);

#[derive(PartialEq, Eq)]
struct Batches {
    session: SessionId,
    batches: BTreeSet<u32>,
}

/// Something all of whose sources were accepted; see [`crate::Engine::verified`].
///
/// Nothing else can be opened (R2):
/// ```compile_fail,E0308
/// # use enigma_mpc::{Engine, Error, Wires};
/// fn open(engine: &mut Engine, wires: Wires) -> Result<(), Error> {
///     engine.start_open(1, wires)
/// }
/// ```
/// ```
/// # use enigma_mpc::{Engine, Error, Wires};
/// fn open(engine: &mut Engine, wires: Wires) -> Result<(), Error> {
///     engine.start_open(1, engine.verified(wires)?)
/// }
/// ```
#[derive(Clone, Debug)]
pub struct Verified<T> {
    inner: T,
    /// Of the engine that says so: another must not believe it.
    session: SessionId,
}

/// What [`Verified`] can be about.
pub trait Sourced: sealed::Sourced {}

pub(crate) mod sealed {
    pub trait Sourced {
        fn sources(&self) -> &super::Sources;
    }
}

/// Values opened in full: every party checked that all n shares are consistent, so that all honest
/// parties hold the same values. They may be used for anything; but what was opened under a mask is
/// right only if its batches are, so that results that depend on it must say so:
/// [`Wires::depending_on`].
#[derive(Clone, PartialEq, Eq)]
pub struct Opened<F: PrimeField = M61> {
    values: Vec<F>,
    sources: Sources,
}

/// Fresh shared bits.
pub struct RandomBits<F: PrimeField = M61>(Wires<F>);

/// Uniform field elements that nobody knows, each made of as many random bits as the modulus has.
///
/// An opening uses masks up, and there are no copies (S5):
/// ```compile_fail,E0382
/// # use enigma_mpc::{Engine, Error, Mask, Verified, Wires};
/// fn open(engine: &mut Engine, x: &Wires, mask: Verified<Mask>) -> Result<(), Error> {
///     engine.start_open_masked(1, x, mask)?;
///     engine.start_open_masked(2, x, mask)
/// }
/// ```
/// ```compile_fail,E0599
/// # use enigma_mpc::{Engine, Error, Mask, Verified, Wires};
/// fn open(engine: &mut Engine, x: &Wires, mask: Verified<Mask>) -> Result<(), Error> {
///     engine.start_open_masked(1, x, mask.clone())
/// }
/// ```
/// ```
/// # use enigma_mpc::{Engine, Error, Mask, Verified, Wires};
/// fn open(engine: &mut Engine, x: &Wires, mask: Verified<Mask>) -> Result<(), Error> {
///     engine.start_open_masked(1, x, mask)
/// }
/// ```
/// Other masks than these do not open what is unverified (R3):
/// ```compile_fail,E0308
/// # use enigma_mpc::{Engine, Error, Verified, Wires};
/// fn open(engine: &mut Engine, x: &Wires, mask: Verified<Wires>) -> Result<(), Error> {
///     engine.start_open_masked(1, x, mask)
/// }
/// ```
pub struct Mask<F: PrimeField = M61>(Wires<F>);

impl<F: PrimeField> Wires<F> {
    /// Shares that came from no product: rows whose dealing was checked, and public values.
    pub fn input(shares: Shares<F>) -> Self {
        Self::new(shares, Sources::default())
    }

    /// Shares computed without interaction from `from`: **all** wires that they depend on. Leaving
    /// one out would let unverified values pass as verified.
    pub fn computed<'a>(shares: Shares<F>, from: impl IntoIterator<Item = &'a Wires<F>>) -> Self {
        let mut sources = Sources::default();
        for wires in from {
            sources.join(&wires.sources);
        }
        Self::new(shares, sources)
    }

    /// The same, computed also from opened values, or chosen by them. Leaving that out would let
    /// results of unverified values pass as verified (S8).
    pub fn depending_on(mut self, opened: &Opened<F>) -> Self {
        self.sources.join(&opened.sources);
        self
    }

    pub(crate) fn new(shares: Shares<F>, sources: Sources) -> Self {
        let range = 0..shares.len();
        Self {
            shares: Arc::new(shares),
            range,
            sources,
        }
    }

    /// A part of the vector.
    ///
    /// # Panics
    /// When the range does not lie inside.
    pub fn part(&self, range: Range<usize>) -> Self {
        let (start, end) = (self.range.start + range.start, self.range.start + range.end);
        assert!(
            start <= end && end <= self.range.end,
            "a part lies inside its vector"
        );
        Self {
            shares: Arc::clone(&self.shares),
            range: start..end,
            sources: self.sources.clone(),
        }
    }

    pub(crate) fn sources(&self) -> &Sources {
        &self.sources
    }

    pub(crate) fn joined_sources<'a>(wires: impl IntoIterator<Item = &'a Wires<F>>) -> Sources {
        let mut sources = Sources::default();
        for wires in wires {
            sources.join(&wires.sources);
        }
        sources
    }
}

impl<F: PrimeField> Deref for Wires<F> {
    type Target = [F];
    fn deref(&self) -> &[F] {
        &self.shares[self.range.clone()]
    }
}

impl<F: PrimeField> From<Shares<F>> for Wires<F> {
    fn from(shares: Shares<F>) -> Self {
        Self::input(shares)
    }
}

impl<F: PrimeField> fmt::Debug for Wires<F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Wires({} redacted)", self.range.len())
    }
}

impl Sources {
    /// One batch of a session.
    pub(crate) fn batch(session: SessionId, batch: u32) -> Self {
        let batches = BTreeSet::from([batch]);
        Self(Some(Arc::new(Batches { session, batches })))
    }

    /// These and the others'.
    ///
    /// # Panics
    /// When they are of different sessions, whose shares have nothing to do with each other.
    pub(crate) fn join(&mut self, other: &Sources) {
        let Some(theirs) = &other.0 else { return };
        let Some(ours) = &mut self.0 else {
            *self = other.clone();
            return;
        };
        if Arc::ptr_eq(ours, theirs) {
            return;
        }
        assert!(
            ours.session == theirs.session,
            "values of two sessions cannot be combined"
        );
        if !theirs.batches.is_subset(&ours.batches) {
            let mut batches = ours.batches.clone();
            batches.extend(&theirs.batches);
            let session = ours.session;
            *ours = Arc::new(Batches { session, batches });
        }
    }

    /// Are these of this session, or of none?
    pub(crate) fn fit(&self, session: SessionId) -> bool {
        self.0.as_ref().is_none_or(|all| all.session == session)
    }

    pub(crate) fn contains(&self, batch: u32) -> bool {
        (self.0.as_ref()).is_some_and(|all| all.batches.contains(&batch))
    }

    /// The first batch that is not among the accepted ones of the session.
    pub(crate) fn open(&self, session: SessionId, accepted: &BTreeSet<u32>) -> Option<u32> {
        let sources = self.0.as_ref()?;
        if sources.session != session {
            return sources.batches.first().copied();
        }
        sources.batches.difference(accepted).next().copied()
    }
}

impl<T> Verified<T> {
    pub(crate) fn new(inner: T, session: SessionId) -> Self {
        Self { inner, session }
    }

    /// What was verified in this session.
    pub(crate) fn into_inner(self, session: SessionId) -> Result<T, Misuse> {
        if self.session == session {
            Ok(self.inner)
        } else {
            Err(Misuse::OtherSession)
        }
    }
}

impl<F: PrimeField> Verified<Wires<F>> {
    /// This party's shares, to be handed to whom the value belongs.
    pub fn release(&self) -> Shares<F> {
        Shares::from(self.inner.to_vec())
    }
}

impl<F: PrimeField> sealed::Sourced for Wires<F> {
    fn sources(&self) -> &Sources {
        &self.sources
    }
}

impl<F: PrimeField> sealed::Sourced for Mask<F> {
    fn sources(&self) -> &Sources {
        &self.0.sources
    }
}

impl<F: PrimeField> Sourced for Wires<F> {}
impl<F: PrimeField> Sourced for Mask<F> {}

impl<F: PrimeField> Opened<F> {
    pub(crate) fn new(values: Vec<F>, sources: Sources) -> Self {
        Self { values, sources }
    }

    /// Values that nothing private went into.
    pub fn public(values: Vec<F>) -> Self {
        Self::new(values, Sources::default())
    }

    /// The values as a permutation: each of the numbers below their number, once.
    ///
    /// # Errors
    /// [`Misuse::NotAPermutation`] when they are not.
    pub fn permutation(&self) -> Result<Vec<usize>, Misuse> {
        let mut seen = vec![false; self.values.len()];
        let place = |value: &F| {
            let place = usize::try_from(value.to_u128()).ok()?;
            let seen = seen.get_mut(place)?;
            (!std::mem::replace(seen, true)).then_some(place)
        };
        let places: Option<Vec<usize>> = self.values.iter().map(place).collect();
        places.ok_or(Misuse::NotAPermutation)
    }

    /// The values, which no longer know what they came from; see [`Wires::depending_on`].
    pub fn into_inner(self) -> Vec<F> {
        self.values
    }
}

impl<F: PrimeField> Deref for Opened<F> {
    type Target = [F];
    fn deref(&self) -> &[F] {
        &self.values
    }
}

impl<F: PrimeField> fmt::Debug for Opened<F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Opened").field(&self.values).finish()
    }
}

impl<F: PrimeField> RandomBits<F> {
    pub(crate) fn new(bits: Wires<F>) -> Self {
        Self(bits)
    }

    /// The bits.
    pub fn into_wires(self) -> Wires<F> {
        self.0
    }

    /// The bits, and the masks they make: with k masks the bits are as many blocks of k bits as the modulus
    /// has bits, and block g is bit `exponents[g]` of each mask.
    ///
    /// # Errors
    /// [`Misuse::MaskLayout`] when the exponents are not all below the number of the modulus's bits in some
    /// order, or the bits are not a multiple of that number. Then the masks would not be uniform.
    pub fn into_masks(self, exponents: &[u32]) -> Result<(Wires<F>, Mask<F>), Misuse> {
        let bits = self.0;
        let each: BTreeSet<u32> = exponents.iter().copied().collect();
        let blocks = F::BITS;
        let complete = exponents.len() == each.len() && each == (0..blocks).collect();
        if !complete || !bits.len().is_multiple_of(exponents.len()) {
            return Err(Misuse::MaskLayout);
        }
        let weights: Vec<F> = exponents.iter().map(|e| F::from_i128(1 << e)).collect();
        let masks = recursion::fold(&bits, &weights);
        let masks = Wires::computed(Shares::from(masks), [&bits]);
        Ok((bits, Mask(masks)))
    }
}

impl<F: PrimeField> Mask<F> {
    /// How many masks.
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Are there no masks?
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    pub(crate) fn into_wires(self) -> Wires<F> {
        self.0
    }
}

impl<F: PrimeField> fmt::Debug for RandomBits<F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "RandomBits({} redacted)", self.0.len())
    }
}

impl<F: PrimeField> fmt::Debug for Mask<F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Mask({} redacted)", self.0.len())
    }
}
