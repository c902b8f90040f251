//! What can go wrong, kept apart by whose doing it is.

use std::fmt;

use enigma_field::Party;

use crate::message::Slot;

/// Why an operation could not be started.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Error {
    /// The caller broke the contract of the call.
    Misuse(Misuse),
    /// The session is over.
    Fault(Fault),
}

/// How the caller broke the contract of a call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Misuse {
    /// The number was used for an operation before: its randomness would be used twice.
    OpReused {
        /// The operation.
        op: u32,
    },
    /// Two vectors that must have one length, or a length that must be a multiple of a width.
    Lengths {
        /// Elements of the first vector.
        left: usize,
        /// Elements of the second vector, or the width.
        right: usize,
    },
    /// The operation opened nothing cheaply, has not finished, or was agreed on before.
    NothingToAgree {
        /// The operation.
        op: u32,
    },
    /// The agreement does not cover the operation that made the value.
    NotAgreed {
        /// The operation.
        op: u32,
    },
    /// Pseudo-random secret sharing is not available for so many parties.
    CommitteeSize {
        /// The size asked for.
        n: u8,
    },
    /// The party is not a member of the committee.
    NotAMember {
        /// The party.
        party: Party,
    },
}

/// Why a session ended: a message that no honest party sends, or a check that failed. Of the
/// latter, some cannot name anybody without localisation, which is not built yet.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Fault {
    /// A frame at a place where this sender has nothing to send, or from no other member.
    Unexpected {
        /// The sender.
        from: Party,
        /// The place.
        slot: Slot,
    },
    /// A second frame for one place of a running operation.
    Duplicate {
        /// The sender.
        from: Party,
        /// The place.
        slot: Slot,
    },
    /// A frame for an operation that has all its frames.
    Stale {
        /// The sender.
        from: Party,
        /// The place.
        slot: Slot,
    },
    /// The payload does not have the length that the schedule demands.
    Length {
        /// The sender.
        from: Party,
        /// The place.
        slot: Slot,
        /// Bytes demanded; for a frame that came early, the most that any frame may have.
        expected: usize,
        /// Bytes received.
        found: usize,
    },
    /// An element is not the canonical encoding of a field element.
    NonCanonical {
        /// The sender.
        from: Party,
        /// The place.
        slot: Slot,
        /// The first such element of the frame, from 0.
        index: usize,
    },
    /// More bytes for operations that have not started here than the engine keeps for one peer.
    EarlyOverflow {
        /// The sender.
        from: Party,
        /// Bytes kept for one peer.
        limit: usize,
    },
    /// A king sent zero as the root of an inverse.
    ZeroRoot {
        /// The king.
        from: Party,
        /// The place.
        slot: Slot,
        /// The element of the frame, from 0.
        index: usize,
    },
    /// An opened square has no root: it is zero, or no square at all. Zero happens to honest
    /// parties once in 2^61 bits; otherwise somebody lied. The session must be restarted.
    NoRoot {
        /// The operation.
        op: u32,
        /// The element, from 0.
        index: usize,
    },
    /// The shares of an opened value do not lie on one polynomial of degree t.
    Inconsistent {
        /// The operation.
        op: u32,
        /// The element, from 0.
        index: usize,
    },
    /// Parties hold different values for something that was opened. Either side may be lying.
    Disagreement {
        /// The agreement.
        op: u32,
        /// A party whose digest differs from ours.
        with: Party,
    },
    /// A message of the session's setup is not of its format.
    SetupFormat {
        /// The sender.
        from: Party,
    },
    /// A second setup message of one round.
    SetupRepeated {
        /// The sender.
        from: Party,
        /// The round, 1 or 2.
        round: u8,
    },
    /// A signature by the sender's long-term key does not verify.
    SetupSignature {
        /// The sender.
        from: Party,
    },
    /// The sender did not prove that it has the secret of its session key.
    SetupPossession {
        /// The sender.
        from: Party,
    },
    /// Two parties use one session key, although both proved possession of its secret.
    SetupSharedKey {
        /// The parties.
        parties: [Party; 2],
    },
    /// The sender claims a seed for which it shows no signature of the party that sampled it.
    SetupClaim {
        /// The sender.
        from: Party,
    },
    /// A party signed two different seeds for one subset.
    SetupTwoSeeds {
        /// The party that sampled the seed.
        sampler: Party,
        /// The subset, bit k - 1 for party k.
        subset: u32,
    },
}

impl Fault {
    /// The parties that provably (to this party) broke the protocol; empty when nobody can be named.
    pub fn culprits(&self) -> Vec<Party> {
        match self {
            Self::Unexpected { from, .. }
            | Self::Duplicate { from, .. }
            | Self::Stale { from, .. }
            | Self::Length { from, .. }
            | Self::NonCanonical { from, .. }
            | Self::ZeroRoot { from, .. }
            | Self::SetupFormat { from }
            | Self::SetupRepeated { from, .. }
            | Self::SetupSignature { from }
            | Self::SetupPossession { from }
            | Self::SetupClaim { from } => vec![*from],
            Self::SetupSharedKey { parties } => parties.to_vec(),
            Self::SetupTwoSeeds { sampler, .. } => vec![*sampler],
            // Products need frames of the t parties after us only, so that a silent party can make an
            // honest one run ahead of us: that one proves nothing.
            Self::EarlyOverflow { .. }
            | Self::NoRoot { .. }
            | Self::Inconsistent { .. }
            | Self::Disagreement { .. } => Vec::new(),
        }
    }
}

impl From<Misuse> for Error {
    fn from(misuse: Misuse) -> Self {
        Self::Misuse(misuse)
    }
}

impl From<Fault> for Error {
    fn from(fault: Fault) -> Self {
        Self::Fault(fault)
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Misuse(misuse) => misuse.fmt(f),
            Self::Fault(fault) => fault.fmt(f),
        }
    }
}

impl fmt::Display for Misuse {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::OpReused { op } => write!(f, "operation number {op} was used before"),
            Self::Lengths { left, right } => {
                write!(f, "lengths {left} and {right} do not fit together")
            }
            Self::NothingToAgree { op } => {
                write!(f, "operation {op} has nothing to agree on")
            }
            Self::NotAgreed { op } => {
                write!(f, "the agreement does not cover operation {op}")
            }
            Self::CommitteeSize { n } => write!(f, "sessions of {n} parties are not supported"),
            Self::NotAMember { party } => write!(f, "party {party} is not in the committee"),
        }
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unexpected { from, slot } => {
                write!(f, "party {from} sent an unexpected frame at {slot}")
            }
            Self::Duplicate { from, slot } => write!(f, "party {from} sent {slot} twice"),
            Self::Stale { from, slot } => {
                write!(
                    f,
                    "party {from} sent {slot} after the operation was complete"
                )
            }
            Self::Length {
                from,
                slot,
                expected,
                found,
            } => write!(
                f,
                "party {from} sent {found} bytes at {slot} instead of {expected}"
            ),
            Self::NonCanonical { from, slot, index } => write!(
                f,
                "element {index} that party {from} sent at {slot} is not canonical"
            ),
            Self::EarlyOverflow { from, limit } => {
                write!(f, "party {from} is more than {limit} bytes ahead")
            }
            Self::ZeroRoot { from, slot, index } => {
                write!(f, "king {from} sent a zero root at {slot}, element {index}")
            }
            Self::NoRoot { op, index } => {
                write!(f, "square {index} of operation {op} has no inverse root")
            }
            Self::Inconsistent { op, index } => write!(
                f,
                "the shares of value {index} opened by operation {op} are inconsistent"
            ),
            Self::Disagreement { op, with } => write!(
                f,
                "party {with} disagrees about opened values at operation {op}"
            ),
            Self::SetupFormat { from } => {
                write!(f, "party {from} sent a malformed setup message")
            }
            Self::SetupRepeated { from, round } => {
                write!(f, "party {from} sent its setup message {round} twice")
            }
            Self::SetupSignature { from } => {
                write!(f, "a setup signature of party {from} does not verify")
            }
            Self::SetupPossession { from } => {
                write!(
                    f,
                    "party {from} did not prove possession of its session key"
                )
            }
            Self::SetupSharedKey {
                parties: [first, second],
            } => write!(f, "parties {first} and {second} use one session key"),
            Self::SetupClaim { from } => {
                write!(f, "party {from} claims a seed that nobody signed")
            }
            Self::SetupTwoSeeds { sampler, subset } => {
                write!(f, "party {sampler} signed two seeds for subset {subset:#b}")
            }
        }
    }
}

impl fmt::Display for Slot {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}.{}", self.op, self.step, self.part)
    }
}

impl std::error::Error for Error {}
impl std::error::Error for Misuse {}
impl std::error::Error for Fault {}
