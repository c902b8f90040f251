//! What can go wrong, kept apart by whose doing it is.

use std::fmt;

use enigma_field::Party;

use crate::engine::LinkWay;
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
    /// No operation belongs to the batch.
    NothingToVerify {
        /// The batch.
        op: u32,
    },
    /// Operations of the batch have not finished.
    BatchRunning {
        /// The batch.
        op: u32,
    },
    /// The batch is verified already, or being verified.
    BatchClosed {
        /// The batch.
        batch: u32,
    },
    /// Products of elements and gates of bits do not belong to one batch.
    BatchKind {
        /// The batch.
        batch: u32,
    },
    /// A batch that the value came from is not accepted.
    NotVerified {
        /// The batch.
        batch: u32,
    },
    /// A value comes from a batch of another session, whose shares have nothing to do with this one.
    OtherSession,
    /// The bits do not make uniform masks.
    MaskLayout,
    /// Random integers of so many bits could add up to the field's size.
    Bounds {
        /// Bits of each.
        bits: u32,
    },
    /// Opened values that rows were to be placed by are not a permutation: what they were computed from
    /// was not what it was taken for.
    NotAPermutation,
    /// So many parties cannot shuffle.
    ShuffleCommittee {
        /// Parties.
        n: u8,
    },
    /// What is to be put back was not shuffled by an operation of this number, or has another number of
    /// rows.
    NoShuffle {
        /// The number.
        of: u32,
    },
    /// The operation is not available in committees of this size.
    CommitteeSize {
        /// The size asked for.
        n: u8,
    },
    /// The logs for localisation are full: batches must be forgotten first.
    LogFull {
        /// Bytes that are kept.
        limit: usize,
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
    /// parties once in p bits; otherwise somebody lied. The session must be restarted.
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
        /// The verification.
        op: u32,
        /// A party whose digest differs from ours.
        with: Party,
    },
    /// A statement in a verification does not bear its sender's signature, or the sender passed on
    /// a statement that was never signed.
    Unsigned {
        /// The sender.
        from: Party,
        /// The verification.
        op: u32,
    },
    /// A party signed two different checkpoints of one batch.
    Equivocation {
        /// The party.
        from: Party,
        /// The verification.
        op: u32,
    },
    /// A party signed hashes of what went over the link between us, and they are not of what we sent to it,
    /// or got from it. We know that it lies; nobody else can.
    Link {
        /// The party.
        from: Party,
        /// The verification.
        op: u32,
        /// Which way the frames went, as seen by the party.
        way: LinkWay,
    },
    /// Two other parties signed different hashes of what went over the link between them. One of them lies.
    LinkBetween {
        /// The parties.
        parties: [Party; 2],
        /// The verification.
        op: u32,
    },
    /// What a party revealed for a coin is not what it had committed to.
    Coin {
        /// The party.
        from: Party,
        /// The verification.
        op: u32,
    },
    /// A product of the batch is wrong, or somebody lied in its verification. Nothing that depends
    /// on the batch was opened.
    Rejected {
        /// The verification.
        op: u32,
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
    /// A party signed two different session keys, or gave others another than us.
    SetupTwoKeys {
        /// The party.
        from: Party,
    },
    /// The sender claims a seed for which it shows no signature of the party that sampled it, or
    /// somebody's session key without that one's signature.
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
            | Self::Unsigned { from, .. }
            | Self::Equivocation { from, .. }
            | Self::Link { from, .. }
            | Self::Coin { from, .. }
            | Self::SetupFormat { from }
            | Self::SetupRepeated { from, .. }
            | Self::SetupSignature { from }
            | Self::SetupPossession { from }
            | Self::SetupTwoKeys { from }
            | Self::SetupClaim { from } => vec![*from],
            Self::SetupSharedKey { parties } => parties.to_vec(),
            Self::SetupTwoSeeds { sampler, .. } => vec![*sampler],
            // Products need frames of the t parties after us only, so that a silent party can make an
            // honest one run ahead of us: that one proves nothing.
            Self::EarlyOverflow { .. }
            | Self::NoRoot { .. }
            | Self::Inconsistent { .. }
            | Self::Rejected { .. }
            | Self::LinkBetween { .. }
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
            Self::NothingToVerify { op } => write!(f, "batch {op} is empty"),
            Self::BatchRunning { op } => write!(f, "operations of batch {op} have not finished"),
            Self::BatchClosed { batch } => write!(f, "batch {batch} is closed"),
            Self::BatchKind { batch } => {
                write!(f, "batch {batch} is not of elements and of bits")
            }
            Self::NotVerified { batch } => {
                write!(
                    f,
                    "the value depends on batch {batch}, which is not verified"
                )
            }
            Self::OtherSession => f.write_str("the value is of another session"),
            Self::MaskLayout => f.write_str("the bits do not make uniform masks"),
            Self::Bounds { bits } => {
                write!(
                    f,
                    "sums of integers of {bits} bits do not fit into the field"
                )
            }
            Self::NotAPermutation => f.write_str("the opened values are not a permutation"),
            Self::ShuffleCommittee { n } => write!(f, "{n} parties are too many to shuffle"),
            Self::NoShuffle { of } => write!(f, "operation {of} shuffled no such rows"),
            Self::CommitteeSize { n } => write!(f, "sessions of {n} parties are not supported"),
            Self::LogFull { limit } => write!(f, "the logs have {limit} bytes"),
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
                "party {with} disagrees about opened values of batch {op}"
            ),
            Self::Unsigned { from, op } => {
                write!(
                    f,
                    "party {from} did not sign what it stated about batch {op}"
                )
            }
            Self::Equivocation { from, op } => {
                write!(f, "party {from} signed two checkpoints of batch {op}")
            }
            Self::Link { from, op, way } => {
                let way = match way {
                    LinkWay::Sent => "to have sent us",
                    LinkWay::Received => "to have got from us",
                };
                write!(
                    f,
                    "party {from} signed {way} something else than it did for batch {op}"
                )
            }
            Self::LinkBetween {
                parties: [first, second],
                op,
            } => write!(
                f,
                "parties {first} and {second} signed different things about their link for batch {op}"
            ),
            Self::Coin { from, op } => {
                write!(
                    f,
                    "party {from} broke its commitment to a coin of batch {op}"
                )
            }
            Self::Rejected { op } => write!(f, "the products of batch {op} are not right"),
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
            Self::SetupTwoKeys { from } => {
                write!(f, "party {from} signed two session keys")
            }
            Self::SetupClaim { from } => {
                write!(f, "party {from} claims a seed or key that nobody signed")
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
