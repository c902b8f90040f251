//! Derives, for every register of an entry, the interval its value lies in and whether it is a
//! scalar or a vector; and checks on the way that the code is well formed. Compiler, planner and
//! verifier share this pass, so that none has to trust another's idea of a range.
//!
//! The bound (decisions 7): every private value x satisfies |x| < 2^59, so that the difference of
//! two stays below 2^60 and fits the signed half of the field 2^61-1.

use std::fmt;

use crate::interval::Wide;
pub use crate::interval::{Interval, MAGNITUDE_LIMIT};
use crate::model::{C, Collection, Contract, Op, PublicOp, S};

/// Most operations of one entry: registers are numbered with 16 bits.
pub const MAX_OPS: usize = 65_536;

/// Of a comparison.
const BIT: Wide = Wide { low: 0, high: 1 };

/// Of members' numbers, which have 32 bits.
const MEMBER_NUMBERS: Wide = Wide {
    low: 0,
    high: u32::MAX as i128,
};

/// How many elements a secret register has.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Extent {
    /// One value.
    Scalar,
    /// One value for each row of this collection.
    Over(u16),
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

/// The derived facts of an entry, indexed by register number.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ranges {
    /// Bank `c`.
    pub public: Vec<Interval>,
    /// Bank `s`.
    pub secret: Vec<SecretRange>,
}

impl Ranges {
    /// The interval of a public register; `None` if the entry does not define it.
    #[must_use]
    pub fn public(&self, register: C) -> Option<Interval> {
        self.public.get(usize::from(register.0)).copied()
    }

    /// The facts of a secret register; `None` if the entry does not define it.
    #[must_use]
    pub fn secret(&self, register: S) -> Option<SecretRange> {
        self.secret.get(usize::from(register.0)).copied()
    }
}

/// Why no ranges exist. `op` counts operations of the entry from 0.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum RangeError {
    /// There is no such entry.
    UnknownEntry,
    /// Not one row count per collection was given.
    WrongSizes,
    /// This run has too few or too many rows for the entry.
    RowsOutside {
        /// Index of the collection.
        collection: u16,
        /// How many rows there are.
        rows: u32,
        /// Fewest allowed.
        minimum: u32,
        /// Most allowed.
        maximum: u32,
    },
    /// The entry has more operations than registers can be numbered.
    TooLong,
    /// `dst` is not the next unused register of its bank.
    WrongDestination {
        /// The operation.
        op: usize,
    },
    /// An operand is read before it is defined.
    Undefined {
        /// The operation.
        op: usize,
    },
    /// A collection index is out of bounds, or the collection's declaration is not usable.
    BadCollection {
        /// The operation.
        op: usize,
    },
    /// A sum or a rank of a scalar.
    NotAVector {
        /// The operation.
        op: usize,
    },
    /// The number of a member is for its recipients, not for computing.
    NotANumber {
        /// The operation.
        op: usize,
    },
    /// What selects is not 0 or 1, or a number whose root is taken may be negative.
    WrongOperand {
        /// The operation.
        op: usize,
    },
    /// Vectors over different collections do not combine element by element.
    MixedSpaces {
        /// The operation.
        op: usize,
    },
    /// The value may reach 2^59 in magnitude.
    TooLarge {
        /// The operation.
        op: usize,
        /// Smallest possible value.
        low: i128,
        /// Largest possible value.
        high: i128,
    },
}

impl fmt::Display for RangeError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            RangeError::UnknownEntry => f.write_str("there is no such entry"),
            RangeError::WrongSizes => f.write_str("one row count per collection is needed"),
            RangeError::RowsOutside {
                collection,
                rows,
                minimum,
                maximum,
            } => write!(
                f,
                "collection {collection} has {rows} rows, and {minimum} to {maximum} are allowed"
            ),
            RangeError::TooLong => write!(f, "more than {MAX_OPS} operations"),
            RangeError::WrongDestination { op } => {
                write!(f, "operation {op} does not define the next register")
            }
            RangeError::Undefined { op } => write!(f, "operation {op} reads an undefined register"),
            RangeError::BadCollection { op } => {
                write!(f, "operation {op} reads no valid collection")
            }
            RangeError::NotAVector { op } => write!(f, "operation {op} needs a vector"),
            RangeError::NotANumber { op } => {
                write!(f, "operation {op} computes with the number of a member")
            }
            RangeError::WrongOperand { op } => {
                write!(
                    f,
                    "operation {op} does not apply to all values of its operand"
                )
            }
            RangeError::MixedSpaces { op } => {
                write!(
                    f,
                    "operation {op} combines vectors over different collections"
                )
            }
            RangeError::TooLarge { op, low, high } => {
                write!(
                    f,
                    "operation {op} gives values from {low} to {high}, beyond 2^59"
                )
            }
        }
    }
}

impl std::error::Error for RangeError {}

/// Ranges that hold for every run the contract allows: each collection has between its minimum
/// for this entry and its group's `max` rows.
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
    let bounds: Vec<(u32, u32)> = rows.iter().map(|&n| (n, n)).collect();
    derive(contract, entry, &bounds)
}

/// `rows`: fewest and most rows, per collection.
fn derive(contract: &Contract, entry: usize, rows: &[(u32, u32)]) -> Result<Ranges, RangeError> {
    let code = &contract
        .entries
        .get(entry)
        .ok_or(RangeError::UnknownEntry)?
        .code;
    if code.len() > MAX_OPS {
        return Err(RangeError::TooLong);
    }
    let mut pass = Pass {
        contract,
        rows,
        ranges: Ranges {
            public: Vec::new(),
            secret: Vec::new(),
        },
    };
    for (index, op) in code.iter().enumerate() {
        pass.step(index, op)?;
    }
    Ok(pass.ranges)
}

struct Pass<'a> {
    contract: &'a Contract,
    rows: &'a [(u32, u32)],
    ranges: Ranges,
}

impl Pass<'_> {
    fn step(&mut self, op: usize, code: &Op) -> Result<(), RangeError> {
        match *code {
            Op::Const { dst, value } => self.define_public(op, dst, Wide::exactly(value)),
            Op::Rows { dst, collection } => {
                let (low, high) = self.rows_of(op, collection)?;
                self.define_public(
                    op,
                    dst,
                    Wide {
                        low: low.into(),
                        high: high.into(),
                    },
                )
            }
            Op::Public {
                dst,
                op: kind,
                a,
                b,
            } => {
                let (x, y) = (self.public(op, a)?, self.public(op, b)?);
                let value = match kind {
                    PublicOp::Add => x.plus(y),
                    PublicOp::Sub => x.minus(y),
                    PublicOp::Mul => x.times(y),
                    PublicOp::Div => x.divided_by(y),
                };
                self.define_public(op, dst, value)
            }
            Op::Input { dst, collection } => {
                self.rows_of(op, collection)?;
                let declared = self.collection(op, collection)?;
                let value = Wide {
                    low: declared.low.into(),
                    high: declared.high.into(),
                };
                if value.low > value.high {
                    return Err(RangeError::BadCollection { op });
                }
                self.define_secret(op, dst, value, Extent::Over(collection))
            }
            Op::Add { dst, a, b } => {
                let ((x, ex), (y, ey)) = (self.secret(op, a)?, self.secret(op, b)?);
                self.define_secret(op, dst, x.plus(y), common(op, ex, ey)?)
            }
            Op::Sub { dst, a, b } => {
                let ((x, ex), (y, ey)) = (self.secret(op, a)?, self.secret(op, b)?);
                let value = if a == b { Wide::exactly(0) } else { x.minus(y) };
                self.define_secret(op, dst, value, common(op, ex, ey)?)
            }
            Op::Mul { dst, a, b } => {
                let ((x, ex), (y, ey)) = (self.secret(op, a)?, self.secret(op, b)?);
                let value = if a == b { x.square() } else { x.times(y) };
                self.define_secret(op, dst, value, common(op, ex, ey)?)
            }
            Op::AddPublic { dst, a, b } => {
                let ((x, extent), y) = (self.secret(op, a)?, self.public(op, b)?);
                self.define_secret(op, dst, x.plus(y), extent)
            }
            Op::MulPublic { dst, a, b } => {
                let ((x, extent), y) = (self.secret(op, a)?, self.public(op, b)?);
                self.define_secret(op, dst, x.times(y), extent)
            }
            Op::DivPublic { dst, a, b } => {
                let ((x, extent), y) = (self.secret(op, a)?, self.public(op, b)?);
                self.define_secret(op, dst, x.divided_by(y), extent)
            }
            Op::Div { dst, a, b } => {
                let ((x, ex), (y, ey)) = (self.secret(op, a)?, self.secret(op, b)?);
                self.define_secret(op, dst, x.divided_by(y), common(op, ex, ey)?)
            }
            Op::SquareRoot { dst, a } => {
                let (x, extent) = self.secret(op, a)?;
                if x.low < 0 {
                    return Err(RangeError::WrongOperand { op });
                }
                let value = Wide {
                    low: x.low.isqrt(),
                    high: x.high.isqrt(),
                };
                self.define_secret(op, dst, value, extent)
            }
            Op::Select {
                dst,
                bit,
                then,
                otherwise,
            } => {
                let (bit, eb) = self.secret(op, bit)?;
                if !bit.within(BIT) {
                    return Err(RangeError::WrongOperand { op });
                }
                let ((x, ex), (y, ey)) = (self.secret(op, then)?, self.secret(op, otherwise)?);
                let extent = common(op, eb, common(op, ex, ey)?)?;
                let value = Wide {
                    low: x.low.min(y.low),
                    high: x.high.max(y.high),
                };
                self.define_secret(op, dst, value, extent)
            }
            Op::Quantile { dst, a, place } => {
                let (x, extent) = self.secret(op, a)?;
                self.rows_under(op, extent)?;
                self.public(op, place)?;
                self.define_secret(op, dst, x, Extent::Scalar)
            }
            Op::Sum { dst, a } => {
                let (x, extent) = self.secret(op, a)?;
                let (fewest, most) = self.rows_under(op, extent)?;
                let count = Wide {
                    low: fewest.into(),
                    high: most.into(),
                };
                self.define_secret(op, dst, x.times(count), Extent::Scalar)
            }
            Op::Rank { dst, a, .. } => {
                let (_, extent) = self.secret(op, a)?;
                let (_, most) = self.rows_under(op, extent)?;
                self.define_secret(
                    op,
                    dst,
                    Wide {
                        low: 1,
                        high: most.max(1).into(),
                    },
                    extent,
                )
            }
            Op::Compare { dst, a, b, .. } => {
                let ((_, ex), (_, ey)) = (self.secret(op, a)?, self.secret(op, b)?);
                self.define_secret(op, dst, BIT, common(op, ex, ey)?)
            }
            Op::ComparePublic { dst, a, b, .. } => {
                let (_, extent) = self.secret(op, a)?;
                self.public(op, b)?;
                self.define_secret(op, dst, BIT, extent)
            }
            Op::First { dst, a, .. } => {
                let (x, extent) = self.secret(op, a)?;
                self.rows_under(op, extent)?;
                self.define_secret(op, dst, x, Extent::Scalar)
            }
            Op::FirstMember { dst, a, .. } => {
                let (_, extent) = self.secret(op, a)?;
                let Extent::Over(collection) = extent else {
                    return Err(RangeError::NotAVector { op });
                };
                self.define_secret(op, dst, MEMBER_NUMBERS, Extent::Scalar)?;
                if let Some(defined) = self.ranges.secret.last_mut() {
                    defined.member_of = Some(collection);
                }
                Ok(())
            }
            Op::Out { src, .. } => {
                let defined = self.ranges.secret(src).map(|_| ());
                defined.ok_or(RangeError::Undefined { op })
            }
        }
    }

    fn collection(&self, op: usize, index: u16) -> Result<&Collection, RangeError> {
        self.contract
            .collections
            .get(usize::from(index))
            .ok_or(RangeError::BadCollection { op })
    }

    fn rows_of(&self, op: usize, index: u16) -> Result<(u32, u32), RangeError> {
        let bounds = self.rows.get(usize::from(index)).copied();
        bounds
            .filter(|(low, high)| low <= high)
            .ok_or(RangeError::BadCollection { op })
    }

    fn rows_under(&self, op: usize, extent: Extent) -> Result<(u32, u32), RangeError> {
        match extent {
            Extent::Scalar => Err(RangeError::NotAVector { op }),
            Extent::Over(collection) => self.rows_of(op, collection),
        }
    }

    fn public(&self, op: usize, register: C) -> Result<Wide, RangeError> {
        self.ranges
            .public(register)
            .map(Wide::from)
            .ok_or(RangeError::Undefined { op })
    }

    fn secret(&self, op: usize, register: S) -> Result<(Wide, Extent), RangeError> {
        let found = self
            .ranges
            .secret(register)
            .ok_or(RangeError::Undefined { op })?;
        if found.member_of.is_some() {
            return Err(RangeError::NotANumber { op });
        }
        Ok((found.interval.into(), found.extent))
    }

    fn define_public(&mut self, op: usize, dst: C, value: Wide) -> Result<(), RangeError> {
        if usize::from(dst.0) != self.ranges.public.len() {
            return Err(RangeError::WrongDestination { op });
        }
        self.ranges.public.push(narrow(op, value)?);
        Ok(())
    }

    fn define_secret(
        &mut self,
        op: usize,
        dst: S,
        value: Wide,
        extent: Extent,
    ) -> Result<(), RangeError> {
        if usize::from(dst.0) != self.ranges.secret.len() {
            return Err(RangeError::WrongDestination { op });
        }
        self.ranges.secret.push(SecretRange {
            interval: narrow(op, value)?,
            extent,
            member_of: None,
        });
        Ok(())
    }
}

fn common(op: usize, a: Extent, b: Extent) -> Result<Extent, RangeError> {
    match (a, b) {
        (Extent::Scalar, other) | (other, Extent::Scalar) => Ok(other),
        (a, b) if a == b => Ok(a),
        _ => Err(RangeError::MixedSpaces { op }),
    }
}

fn narrow(op: usize, value: Wide) -> Result<Interval, RangeError> {
    value.narrow().ok_or(RangeError::TooLarge {
        op,
        low: value.low,
        high: value.high,
    })
}
