//! Lagrange interpolation, and the matrices that protocols precompute from it once per committee.
//!
//! Points are public and few, so nothing here is on a hot path except [`Matrix::apply`].

use crate::committee::{Committee, Party};
use crate::error::Error;
use crate::m61::M61;
use crate::traits::Field;

/// The coefficients `l` such that every polynomial f of degree below `points.len()` satisfies
/// `f(x) = sum of l[k] * f(points[k])`.
///
/// # Errors
/// [`Error::EqualPoints`] when a point occurs twice.
pub fn lagrange_at<F: Field>(points: &[F], x: F) -> Result<Vec<F>, Error> {
    let mut coefficients = Vec::with_capacity(points.len());
    for (k, point) in points.iter().enumerate() {
        let mut numerator = F::ONE;
        let mut denominator = F::ONE;
        for (j, other) in points.iter().enumerate() {
            if j != k {
                numerator *= x - *other;
                denominator *= *point - *other;
            }
        }
        let inverse = denominator.inverse().ok_or_else(|| {
            // Name the later of the two equal points.
            let twin = (0..points.len())
                .rev()
                .find(|j| *j != k && points[*j] == *point);
            Error::EqualPoints {
                index: twin.unwrap_or(k),
            }
        })?;
        coefficients.push(numerator * inverse);
    }
    Ok(coefficients)
}

/// The value at `x` of the polynomial with these coefficients, constant first.
#[inline]
pub fn evaluate<F: Field>(coefficients: &[F], x: F) -> F {
    coefficients
        .iter()
        .rev()
        .fold(F::ZERO, |value, coefficient| value * x + *coefficient)
}

/// A public matrix, stored by rows.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Matrix<F> {
    columns: usize,
    entries: Vec<F>,
}

impl<F: Field> Matrix<F> {
    /// The matrix that takes a polynomial's values at `known` to its values at `wanted`, for
    /// polynomials of degree below `known.len()`.
    ///
    /// # Errors
    /// [`Error::EqualPoints`] when a known point occurs twice.
    pub fn transfer(known: &[F], wanted: &[F]) -> Result<Self, Error> {
        let mut entries = Vec::with_capacity(known.len() * wanted.len());
        for x in wanted {
            entries.extend(lagrange_at(known, *x)?);
        }
        Ok(Self {
            columns: known.len(),
            entries,
        })
    }

    /// The number of entries of a row, which is the length of an argument.
    pub fn columns(&self) -> usize {
        self.columns
    }

    /// The rows in order.
    pub fn rows(&self) -> impl ExactSizeIterator<Item = &[F]> {
        self.entries.chunks_exact(self.columns.max(1))
    }

    /// The product with a column vector of length [`Self::columns`].
    ///
    /// # Panics
    /// When the argument has another length.
    pub fn apply(&self, argument: &[F]) -> Vec<F> {
        self.rows().map(|row| F::dot(row, argument)).collect()
    }
}

/// How one party deals a product in GRR multiplication with compression (protocols B.3).
///
/// The dealing D has degree t, D(0) is the dealer's local value, and D at the t parties after the
/// dealer comes from the generator the dealer shares with each. That determines D; the matrix gives
/// its values at the other n - t parties.
#[derive(Clone, Debug)]
pub struct GrrDealing<F = M61> {
    /// The t parties that derive their value from the shared generator, in the order of the
    /// matrix's columns from the second on.
    pub derived: Vec<Party>,
    /// The parties whose values the matrix gives, in the order of its rows: the dealer itself
    /// first, then the t parties that are sent theirs.
    pub computed: Vec<Party>,
    /// Takes (D(0), D at `derived`) to D at `computed`; n - t rows, t + 1 columns.
    pub matrix: Matrix<F>,
}

impl<F: Field> GrrDealing<F> {
    /// The dealing of `dealer`.
    pub fn new(committee: &Committee, dealer: Party) -> Self {
        let t = committee.degree();
        let derived: Vec<_> = (1..=t)
            .map(|steps| committee.after(dealer, steps))
            .collect();
        let computed: Vec<_> = std::iter::once(dealer)
            .chain((t + 1..committee.len()).map(|steps| committee.after(dealer, steps)))
            .collect();
        let known: Vec<F> = std::iter::once(F::ZERO)
            .chain(derived.iter().map(|party| party.point()))
            .collect();
        let wanted: Vec<F> = computed.iter().map(|party| party.point()).collect();
        let matrix = Matrix::transfer(&known, &wanted).expect("zero and the parties are distinct");
        Self {
            derived,
            computed,
            matrix,
        }
    }
}

/// A set of parties of one committee.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct PartySet(u32);

impl PartySet {
    /// Bit k - 1 stands for party k.
    pub const fn bits(self) -> u32 {
        self.0
    }

    /// Is the party in the set?
    pub const fn contains(self, party: Party) -> bool {
        self.0 >> party.index() & 1 == 1
    }

    /// The members in order.
    pub fn members(self) -> impl Iterator<Item = Party> {
        (1..=32 - self.0.leading_zeros() as u8)
            .filter_map(Party::new)
            .filter(move |party| self.contains(*party))
    }

    /// The member with the lowest number, who samples the set's seed.
    pub fn lowest(self) -> Option<Party> {
        Party::new(self.0.trailing_zeros() as u8 + 1)
    }
}

/// The largest committee for which pseudo-random secret sharing is offered: 126 subsets of 5. Larger
/// ones deal random values (protocols B.2).
pub const MAX_PRSS_PARTIES: u8 = 9;

/// Does the committee deal its random values? Smaller ones have pseudo-random secret sharing.
pub const fn deals_randoms(committee: &Committee) -> bool {
    committee.n() > MAX_PRSS_PARTIES
}

/// The subsets of t + 1 parties, ordered by [`PartySet::bits`]. Each shares one seed, and every
/// set of t parties misses exactly one of them.
///
/// # Errors
/// [`Error::TooManySubsets`] for more than [`MAX_PRSS_PARTIES`] parties.
pub fn prss_subsets(committee: &Committee) -> Result<Vec<PartySet>, Error> {
    let n = committee.n();
    if deals_randoms(committee) {
        return Err(Error::TooManySubsets { n });
    }
    let size = u32::from(committee.t()) + 1;
    Ok((0..1u32 << n)
        .filter(|bits| bits.count_ones() == size)
        .map(PartySet)
        .collect())
}

/// For each subset A that contains `party`, in the order of [`prss_subsets`], the value at the
/// party's point of f_A: the polynomial of degree t with f_A(0) = 1 and f_A = 0 at the parties
/// outside A. The party's share of a random value is the sum of `coefficient * word_A`.
///
/// # Errors
/// [`Error::TooManySubsets`] for more than [`MAX_PRSS_PARTIES`] parties.
pub fn prss_coefficients<F: Field>(
    committee: &Committee,
    party: Party,
) -> Result<Vec<(PartySet, F)>, Error> {
    let subsets = prss_subsets(committee)?;
    let own = subsets.into_iter().filter(|subset| subset.contains(party));
    Ok(own
        .map(|subset| (subset, vanishing_outside(committee, subset, party)))
        .collect())
}

/// f_A at the party's point: the product over z outside A of (x - z) / (0 - z).
fn vanishing_outside<F: Field>(committee: &Committee, subset: PartySet, party: Party) -> F {
    let x: F = party.point();
    let mut numerator = F::ONE;
    let mut denominator = F::ONE;
    for outside in committee.parties().filter(|other| !subset.contains(*other)) {
        numerator *= x - outside.point();
        denominator *= -outside.point::<F>();
    }
    numerator
        * denominator
            .inverse()
            .expect("evaluation points are not zero")
}
