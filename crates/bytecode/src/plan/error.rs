//! Why no plan exists.

use std::fmt;

use crate::model::Param;
use crate::ranges::RangeError;

/// Why an entry cannot be planned for the given sizes and committee. All of these are the
/// asker's mistake or the network's limits; no peer can cause them.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum PlanError {
    /// The code, or the sizes, do not pass range derivation.
    Range(RangeError),
    /// So many parties cannot shuffle, nor sort.
    ShuffleCommittee {
        /// The size asked for.
        n: u8,
    },
    /// A public value leaves 64 bits.
    PublicOverflow {
        /// The operation, counted from 0.
        op: usize,
    },
    /// A manifest line that is not this entry's, or does not exist, is sent out.
    UnknownReveal {
        /// The operation, counted from 0.
        op: usize,
        /// The manifest line.
        reveal: u16,
    },
    /// A gate of a program cannot be applied to its operands.
    Gate {
        /// The gate, counted from 0.
        gate: usize,
        /// What is wrong.
        problem: GateProblem,
    },
    /// The entry refuses the call, with its reason. Nothing of the call stays.
    Refused {
        /// Why.
        why: String,
    },
    /// The entry has no single plan: it runs in stages, has effects, or takes or shows more than one number at a
    /// place.
    Staged,
    /// The run would cost more than the network allows.
    OverLimit {
        /// What there is too much of.
        limit: Limit,
        /// The most that is allowed.
        allowed: u64,
        /// What the run needs at least (planning stops when a limit is passed).
        needed: u64,
    },
}

/// Why a gate cannot be applied to its operands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum GateProblem {
    /// There is no such earlier gate.
    Operand,
    /// Operands are not as long as the gate needs them.
    Length,
    /// An operand, or the result, can lie outside the range that the gate needs.
    Range,
    /// A public parameter is outside its range.
    Parameter,
}

/// A limit of one run.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[non_exhaustive]
pub enum Limit {
    /// Multiplications.
    Multiplications,
    /// Message rounds.
    Rounds,
    /// Bytes that one party sends.
    BytesPerParty,
    /// Numbers for calls.
    Calls,
    /// Elements of one vector.
    VectorLength,
    /// Manifest lines of one entry.
    Reveals,
    /// Bytes of memory at one node.
    Memory,
    /// Bytes of public values that a run holds: in registers, of what it stores and transfers, and of what everyone is shown.
    PublicBytes,
    /// Operations that are done for members one after the other: members times the operations of the body of
    /// [`crate::model::Op::EachMember`], all such loops together.
    MemberSteps,
}

impl PlanError {
    /// The refusal of a call whose parameter is out of range.
    #[must_use]
    pub fn refused_param(param: &Param) -> PlanError {
        PlanError::Refused {
            why: format!("`{}` is out of range", param.name),
        }
    }
}

impl fmt::Display for Limit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Limit::Multiplications => "multiplications",
            Limit::Rounds => "rounds",
            Limit::BytesPerParty => "bytes sent by one node",
            Limit::Calls => "interactive operations",
            Limit::VectorLength => "elements of one vector",
            Limit::Reveals => "reveals of one entry",
            Limit::Memory => "bytes of memory at one node",
            Limit::PublicBytes => "bytes of public values",
            Limit::MemberSteps => "operations for members",
        })
    }
}

impl fmt::Display for GateProblem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            GateProblem::Operand => "there is no such operand",
            GateProblem::Length => "an operand is too short, too long or not as long as another",
            GateProblem::Range => "a value can lie outside the range that is allowed here",
            GateProblem::Parameter => "a public parameter is outside its range",
        })
    }
}

impl fmt::Display for PlanError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            PlanError::Range(RangeError::RowsOutside {
                collection,
                rows,
                minimum,
                maximum,
            }) => write!(
                f,
                "collection {collection} has {rows} rows; this entry needs {minimum} to {maximum}"
            ),
            PlanError::Range(error) => write!(f, "the entry's ranges are not sound: {error:?}"),
            PlanError::ShuffleCommittee { n } => write!(
                f,
                "{n} parties are too many to shuffle or to sort; 7 are the most"
            ),
            PlanError::PublicOverflow { op } => {
                write!(f, "operation {op}: a public value leaves 64 bits")
            }
            PlanError::UnknownReveal { op, reveal } => write!(
                f,
                "operation {op}: manifest line {reveal} does not belong to this entry"
            ),
            PlanError::Gate { gate, problem } => write!(f, "gate {gate}: {problem}"),
            PlanError::Refused { why } => write!(f, "the call is refused: {why}"),
            PlanError::Staged => f.write_str("the entry runs in stages; it has no single plan"),
            PlanError::OverLimit {
                limit,
                allowed,
                needed,
            } => write!(
                f,
                "the run needs at least {needed} {limit}; the network allows {allowed}"
            ),
        }
    }
}

impl std::error::Error for PlanError {}

impl From<RangeError> for PlanError {
    fn from(error: RangeError) -> PlanError {
        PlanError::Range(error)
    }
}
