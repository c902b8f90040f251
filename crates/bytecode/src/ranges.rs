//! Derives what every register of an entry can hold: the interval of its numbers, how many elements it has, whether
//! it is a member or public bytes; and checks on the way that the code is well formed. Compiler, planner and verifier
//! share this pass, so that none has to trust another's idea of a range.
//!
//! **The bound** (decisions 7): a private value x satisfies |x| < 2^59 over 2^61-1 and |x| < 2^63 over 2^127-1, so
//! that the difference of two fits the signed half of the field. Rules of operations are those of the templates
//! ([`crate::plan`]), for every number of rows that is allowed.
//!
//! **Public numbers** are i64. A run in which public arithmetic leaves them is refused, so their intervals end there;
//! what is loaded from the ledger or given as a parameter lies in its column's range, which is checked when it is
//! stored or given; what has been shown lies where the secret did. Where a public number meets private ones, it must keep the bound, too.
//!
//! **Sides** of an `If` number their registers one after the other. A register can be read in the side that defines it;
//! behind `End` only a merge on the same condition reads it.
//!
//! Time and memory are linear in the code.

mod digits;
mod error;
mod library;
mod orders;
mod public;
mod scope;
mod secret;

pub use error::RangeError;
pub use scope::MAX_NESTING;

use crate::interval::Wide;
pub use crate::interval::{Interval, MAGNITUDE_LIMIT};
use crate::model::{C, Collection, Column, Contract, Entry, Op, Profile, S};
use scope::Scopes;

/// Most operations of one entry.
pub const MAX_OPS: usize = 65_536;
/// Most elements of a vector.
pub const MAX_LEN: u32 = 1 << 20;
/// Most columns of rows that are sorted or shuffled together.
pub const MAX_MOVED: usize = 64;
/// One contribution to an accumulator, and what an entry contributes in one run, is at most this in magnitude: an
/// instance takes fewer than 2^31 calls, so that the sum of all stays below 2^59.
pub const MAX_CONTRIBUTION: i64 = 1 << 28;

/// Of truth values.
const BIT: Wide = Wide { low: 0, high: 1 };

/// Bytes of an account.
const ACCOUNT_LEN: u32 = 20;

/// How many elements a secret register has.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Extent {
    /// One value.
    Scalar,
    /// One value for each row of this collection.
    Over(u16),
    /// So many values, in every run.
    Fixed(u32),
}

/// What is known of a secret register without running anything.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SecretRange {
    /// Where each element lies.
    pub interval: Interval,
    /// How many elements there are.
    pub extent: Extent,
    /// Set if the value is the number of a member of this collection.
    pub member_of: Option<u16>,
}

/// What is known of a public register without running anything.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PublicRange {
    /// A number, and where it lies.
    Number(Interval),
    /// Bytes, and how many.
    Bytes {
        /// Fewest.
        least: u32,
        /// Most.
        most: u32,
    },
}

impl PublicRange {
    /// Of an account.
    pub const ACCOUNT: PublicRange = PublicRange::Bytes {
        least: ACCOUNT_LEN,
        most: ACCOUNT_LEN,
    };

    /// Where the number lies, if it is one.
    #[must_use]
    pub fn number(self) -> Option<Interval> {
        match self {
            PublicRange::Number(interval) => Some(interval),
            PublicRange::Bytes { .. } => None,
        }
    }

    /// Of a value that is one of both, if they are of one kind.
    fn union(self, other: PublicRange) -> Option<PublicRange> {
        match (self, other) {
            (PublicRange::Number(a), PublicRange::Number(b)) => {
                let both = Wide::from(a).union(b.into());
                Some(PublicRange::Number(both.saturated()))
            }
            (
                PublicRange::Bytes { least, most },
                PublicRange::Bytes {
                    least: other_least,
                    most: other_most,
                },
            ) => Some(PublicRange::Bytes {
                least: least.min(other_least),
                most: most.max(other_most),
            }),
            _ => None,
        }
    }
}

/// The derived facts of an entry, indexed by register number.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ranges {
    /// Bank `c`.
    pub public: Vec<PublicRange>,
    /// Bank `s`.
    pub secret: Vec<SecretRange>,
}

impl Ranges {
    /// The facts of a public register; `None` if the entry does not define it.
    #[must_use]
    pub fn public(&self, register: C) -> Option<PublicRange> {
        self.public.get(usize::from(register.0)).copied()
    }

    /// The facts of a secret register; `None` if the entry does not define it.
    #[must_use]
    pub fn secret(&self, register: S) -> Option<SecretRange> {
        self.secret.get(usize::from(register.0)).copied()
    }
}

impl Profile {
    /// Bits of the field's prime.
    #[must_use]
    pub fn field_bits(self) -> u32 {
        match self {
            Profile::ShamirM61V1 => 61,
            Profile::ShamirM127V1 => 127,
        }
    }

    /// Private values are strictly below this in magnitude.
    #[must_use]
    pub fn magnitude_limit(self) -> i128 {
        match self {
            Profile::ShamirM61V1 => 1 << 59,
            Profile::ShamirM127V1 => 1 << 63,
        }
    }
}

/// Ranges that hold for every run the contract allows: each collection has between its minimum
/// for this entry and its maximum of rows.
///
/// # Errors
/// [`RangeError`] if the code is ill-formed or a value may be too large.
pub fn declared(contract: &Contract, entry: usize) -> Result<Ranges, RangeError> {
    let bounds: Vec<(u32, u32)> = (0..contract.collections.len())
        .map(|i| (contract.minimum_rows(entry, i), contract.maximum_rows(i)))
        .collect();
    derive(contract, entry, &bounds)
}

/// Ranges for one run. `rows`: one count per collection of the contract, in order.
///
/// # Errors
/// [`RangeError`] if the sizes are not allowed for this entry, the code is ill-formed or a value
/// may be too large.
pub fn actual(contract: &Contract, entry: usize, rows: &[u32]) -> Result<Ranges, RangeError> {
    allowed_rows(contract, entry, rows)?;
    let bounds: Vec<(u32, u32)> = rows.iter().map(|&n| (n, n)).collect();
    derive(contract, entry, &bounds)
}

/// Checks whether an entry runs on so many rows: one count per collection of the contract, in order.
///
/// # Errors
/// [`RangeError::UnknownEntry`], [`RangeError::WrongSizes`], [`RangeError::RowsOutside`].
pub fn allowed_rows(contract: &Contract, entry: usize, rows: &[u32]) -> Result<(), RangeError> {
    if contract.entries.get(entry).is_none() {
        return Err(RangeError::UnknownEntry);
    }
    if rows.len() != contract.collections.len() {
        return Err(RangeError::WrongSizes);
    }
    for collection in contract.collections_used(entry) {
        let index = usize::from(collection);
        let Some(&rows) = rows.get(index) else {
            continue;
        };
        let (minimum, maximum) = (
            contract.minimum_rows(entry, index),
            contract.maximum_rows(index),
        );
        if !(minimum..=maximum).contains(&rows) {
            return Err(RangeError::RowsOutside {
                collection,
                rows,
                minimum,
                maximum,
            });
        }
    }
    Ok(())
}

/// `rows`: fewest and most rows, per collection.
fn derive(contract: &Contract, entry: usize, rows: &[(u32, u32)]) -> Result<Ranges, RangeError> {
    let entry = contract
        .entries
        .get(entry)
        .ok_or(RangeError::UnknownEntry)?;
    if entry.code.len() > MAX_OPS {
        return Err(RangeError::TooLong);
    }
    let mut pass = Pass {
        contract,
        entry,
        rows,
        op: 0,
        scopes: Scopes::new(),
        ranges: Ranges {
            public: Vec::new(),
            secret: Vec::new(),
        },
        contributed: std::collections::BTreeMap::new(),
    };
    for (index, op) in entry.code.iter().enumerate() {
        pass.op = index;
        pass.step(op)?;
    }
    if !pass.scopes.is_complete() {
        let op = entry.code.len();
        return Err(RangeError::BadNesting { op });
    }
    Ok(pass.ranges)
}

type Step<T = ()> = Result<T, RangeError>;

/// A secret register that holds numbers.
#[derive(Clone, Copy)]
struct Numbers {
    range: Wide,
    extent: Extent,
}

struct Pass<'a> {
    contract: &'a Contract,
    entry: &'a Entry,
    rows: &'a [(u32, u32)],
    /// The operation that is looked at.
    op: usize,
    scopes: Scopes,
    ranges: Ranges,
    /// What the entry adds to each column of an accumulator, by slot and column, if all of it is done.
    contributed: std::collections::BTreeMap<(u16, u16), Wide>,
}

impl Pass<'_> {
    fn step(&mut self, code: &Op) -> Step {
        if self.scopes.kind() == scope::Kind::EachMember
            && !(code.may_stand_in_a_body() || *code == Op::End)
        {
            return Err(RangeError::BadNesting { op: self.op });
        }
        match code {
            Op::Const { .. }
            | Op::ConstBytes { .. }
            | Op::Rows { .. }
            | Op::Param { .. }
            | Op::Caller { .. }
            | Op::PartyAccount { .. }
            | Op::Height { .. }
            | Op::Time { .. }
            | Op::Load { .. }
            | Op::LoadAt { .. }
            | Op::Public { .. }
            | Op::Choose { .. }
            | Op::MergePublic { .. } => self.public_value(code),
            Op::Require { .. }
            | Op::Pays { .. }
            | Op::Store { .. }
            | Op::Transfer { .. }
            | Op::If { .. }
            | Op::Else
            | Op::End
            | Op::EachMember { .. } => self.effect(code),
            Op::Merge { .. }
            | Op::Input { .. }
            | Op::SecretParam { .. }
            | Op::LoadSecret { .. }
            | Op::StoreSecret { .. }
            | Op::Accumulate { .. }
            | Op::Hide { .. }
            | Op::Random { .. }
            | Op::RandomLike { .. }
            | Op::Out { .. } => self.stored_or_shown(code),
            Op::Sum { .. }
            | Op::Dot { .. }
            | Op::DotFixed { .. }
            | Op::Gather { .. }
            | Op::Element { .. }
            | Op::Lookup { .. }
            | Op::Rank { .. }
            | Op::First { .. }
            | Op::Second { .. }
            | Op::FirstMember { .. }
            | Op::Quantile { .. }
            | Op::Histogram { .. }
            | Op::CountEach { .. }
            | Op::CellSum { .. }
            | Op::CellQuantile { .. }
            | Op::EqualKeys { .. }
            | Op::Distinct { .. }
            | Op::Join { .. }
            | Op::Covariance { .. }
            | Op::Correlation { .. }
            | Op::MeanSquare { .. }
            | Op::Regression { .. }
            | Op::LogisticRegression { .. }
            | Op::Sort { .. }
            | Op::Top { .. }
            | Op::PrefixSums { .. }
            | Op::Shuffle { .. } => self.vector(code),
            Op::Bits { .. }
            | Op::Remainder { .. }
            | Op::ShiftRight { .. }
            | Op::Bitwise { .. }
            | Op::BitwisePublic { .. } => self.digits(code),
            _ => self.arithmetic(code),
        }
    }

    // What operations name.

    fn collection(&self, index: u16) -> Step<&Collection> {
        let found = self.contract.collections.get(usize::from(index));
        found.ok_or(RangeError::BadCollection { op: self.op })
    }

    fn rows_of(&self, collection: u16) -> Step<(u32, u32)> {
        let bounds = self.rows.get(usize::from(collection)).copied();
        bounds
            .filter(|(low, high)| low <= high)
            .ok_or(RangeError::BadCollection { op: self.op })
    }

    /// Fewest and most elements of a vector.
    fn len(&self, extent: Extent) -> Step<(u32, u32)> {
        match extent {
            Extent::Scalar => Err(RangeError::NotAVector { op: self.op }),
            Extent::Over(collection) => self.rows_of(collection),
            Extent::Fixed(len) => Ok((len, len)),
        }
    }

    fn column<'c>(&self, columns: &'c [Column], index: u16) -> Step<&'c Column> {
        let found = columns.get(usize::from(index));
        found.ok_or(RangeError::BadIndex { op: self.op })
    }

    // Operands.

    fn public(&self, register: C) -> Step<PublicRange> {
        let undefined = RangeError::Undefined { op: self.op };
        if !self.scopes.public_is_readable(register.0) {
            return Err(undefined);
        }
        self.ranges.public(register).ok_or(undefined)
    }

    fn public_number(&self, register: C) -> Step<Wide> {
        let number = self.public(register)?.number();
        let number = number.ok_or(RangeError::NotANumber { op: self.op })?;
        Ok(number.into())
    }

    /// A public number that meets private ones.
    fn hidden_number(&self, register: C) -> Step<Wide> {
        let number = self.public_number(register)?;
        self.narrow(number).map(Wide::from)
    }

    fn secret(&self, register: S) -> Step<SecretRange> {
        let undefined = RangeError::Undefined { op: self.op };
        if !self.scopes.secret_is_readable(register.0) {
            return Err(undefined);
        }
        self.ranges.secret(register).ok_or(undefined)
    }

    fn numbers(&self, register: S) -> Step<Numbers> {
        let found = self.secret(register)?;
        if found.member_of.is_some() {
            return Err(RangeError::NotANumber { op: self.op });
        }
        Ok(Numbers {
            range: found.interval.into(),
            extent: found.extent,
        })
    }

    fn scalar(&self, register: S) -> Step<Wide> {
        let found = self.numbers(register)?;
        if found.extent != Extent::Scalar {
            return Err(RangeError::NotAScalar { op: self.op });
        }
        Ok(found.range)
    }

    /// The extent of an element-wise result.
    fn common(&self, a: Extent, b: Extent) -> Step<Extent> {
        match (a, b) {
            (Extent::Scalar, other) | (other, Extent::Scalar) => Ok(other),
            (a, b) if a == b => Ok(a),
            _ => Err(RangeError::MixedSpaces { op: self.op }),
        }
    }

    // Results.

    fn narrow(&self, value: Wide) -> Step<Interval> {
        let narrow = value.narrow_to(self.contract.profile.magnitude_limit());
        narrow.ok_or_else(|| self.too_large(value))
    }

    fn too_large(&self, value: Wide) -> RangeError {
        RangeError::TooLarge {
            op: self.op,
            low: value.low,
            high: value.high,
        }
    }

    fn define_public(&mut self, dst: C, value: PublicRange) -> Step {
        if usize::from(dst.0) != self.ranges.public.len() {
            return Err(RangeError::WrongDestination { op: self.op });
        }
        self.ranges.public.push(value);
        self.scopes.define_public();
        Ok(())
    }

    fn define_number(&mut self, dst: C, value: Wide) -> Step {
        self.define_public(dst, PublicRange::Number(value.saturated()))
    }

    fn define_secret(&mut self, dst: S, value: SecretRange) -> Step {
        if usize::from(dst.0) != self.ranges.secret.len() {
            return Err(RangeError::WrongDestination { op: self.op });
        }
        self.ranges.secret.push(value);
        self.scopes.define_secret();
        Ok(())
    }

    fn define(&mut self, dst: S, range: Wide, extent: Extent) -> Step {
        let value = SecretRange {
            interval: self.narrow(range)?,
            extent,
            member_of: None,
        };
        self.define_secret(dst, value)
    }
}
