//! Which rule a contract breaks.

use std::fmt;

use enigma_wire::id::Hash;

use super::{MAX_ACCESS_STEPS, MAX_COUNTED, MAX_MEMBER_STEPS, MAX_REVEALS, MAX_TOGETHER_BYTES};
use crate::container::DecodeError;
use crate::model::Source;
use crate::privacy::Fault;
use crate::ranges::RangeError;
use crate::release::{Refusal, named};

/// Why bytes are not an acceptable contract.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum LoadError {
    /// They are another contract than the one asked for.
    WrongHash {
        /// Of the bytes.
        found: Hash,
    },
    /// They are not a contract in canonical form.
    Decode(DecodeError),
    /// It breaks a rule.
    Verify(VerifyError),
}

/// A rule that a contract breaks, and where.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum VerifyError {
    /// A name is empty, too long, or not made of letters, digits and `_`.
    BadName {
        /// The name.
        name: String,
    },
    /// Two things of one kind in one place have the same name.
    DuplicateName {
        /// The name.
        name: String,
    },
    /// There are more declarations of a kind than are allowed, or more reveals than those can have.
    TooMany,
    /// A group's bounds are not 1 <= min <= max <= 1_048_576.
    BadGroup {
        /// Its index.
        group: usize,
    },
    /// The condition of a group does more than read the ledger, or does not end with its one `Require`.
    BadAdmission {
        /// The group's index.
        group: usize,
    },
    /// A slot beside the ledger, of a map at one key, can hold more than [`MAX_TOGETHER_BYTES`].
    LargeSlot {
        /// Its index.
        slot: usize,
    },
    /// The condition of a group does more than [`MAX_MEMBER_STEPS`] operations for all members.
    LongAdmission {
        /// The group's index.
        group: usize,
    },
    /// The condition of a group is ill-formed.
    AdmissionCode {
        /// The group's index.
        group: usize,
        /// What is wrong.
        error: RangeError,
    },
    /// The condition on a collection's rows does not look at each row by itself, or does not end with its one `Out`.
    BadRowCheck {
        /// The collection's index.
        collection: usize,
    },
    /// The condition on a collection's rows is ill-formed.
    RowCheckCode {
        /// The collection's index.
        collection: usize,
        /// What is wrong.
        error: RangeError,
    },
    /// The condition on who reads a slot does more than read the ledger and the key, does not end with its one `Require`, or has
    /// more than [`MAX_ACCESS_STEPS`] operations.
    BadAccess {
        /// The slot's index.
        slot: usize,
    },
    /// The condition on who reads a slot is ill-formed.
    AccessCode {
        /// The slot's index.
        slot: usize,
        /// What is wrong.
        error: RangeError,
    },
    /// An enumeration has no names, or too many.
    BadEnum {
        /// Its index.
        index: usize,
    },
    /// A collection's provider, rows, columns or `allow` clauses are not valid.
    BadCollection {
        /// Its index.
        collection: usize,
    },
    /// A slot's columns, first values or `allow` clauses are not valid, or not for its store.
    BadSlot {
        /// Its index.
        slot: usize,
    },
    /// More than [`MAX_COUNTED`] contributions to accumulators would have to be counted.
    TooManyContributions,
    /// A parameter's columns are not valid.
    BadParam {
        /// The entry's index.
        entry: usize,
        /// Its index.
        param: usize,
    },
    /// Who may call an entry does not exist.
    BadRole {
        /// The entry's index.
        entry: usize,
    },
    /// A budget allows nothing, or a delta of 1.
    BadBudget,
    /// An entry asks for more rows of a collection than there can be.
    Unreachable {
        /// The entry's index.
        entry: usize,
        /// The collection's index.
        collection: u16,
    },
    /// The code is ill-formed, or a value may overflow.
    Code {
        /// The entry's index.
        entry: usize,
        /// What is wrong.
        error: RangeError,
    },
    /// `Out` operations and manifest differ in count, order or entry.
    ManifestOrder {
        /// The manifest line, or one past the last.
        reveal: usize,
    },
    /// An entry has more than 64 reveals.
    TooManyReveals {
        /// The entry's index.
        entry: usize,
    },
    /// An entry does more than 1_048_576 operations for members, one after the other.
    TooManyMemberSteps {
        /// The entry's index.
        entry: usize,
    },
    /// A recipient does not exist, stands where it may not, or gets a vector where it should get one value or the
    /// reverse; or what is not for everyone becomes public.
    BadRecipient {
        /// The manifest line.
        reveal: usize,
    },
    /// The manifest says that a column is another kind of thing than the code makes.
    BadKind {
        /// The manifest line.
        reveal: usize,
    },
    /// What is shown, with its noise, may lie outside the range that the manifest says.
    BadRange {
        /// The manifest line.
        reveal: usize,
    },
    /// A guard is on a collection that does not exist, out of order, on no rows, or on counts that are not there.
    BadGuard {
        /// The manifest line.
        reveal: usize,
    },
    /// Noise is added to what is no number.
    BadNoise {
        /// The manifest line.
        reveal: usize,
    },
    /// Values are blurred and the counts that guard them are not, or the reverse.
    CountsNotBlurred {
        /// The manifest line.
        reveal: usize,
    },
    /// The noise does not hide what its epsilon says.
    Noise {
        /// The manifest line.
        reveal: usize,
        /// What is wrong.
        fault: Fault,
    },
    /// The owners do not allow what the value shows.
    NotAllowed {
        /// The manifest line.
        reveal: usize,
        /// Whose, and what is missing.
        refusal: Refusal,
    },
    /// An entry shows, or stores where it can be shown, a second truth value of a source under `allow bit`: whoever knows one can
    /// ask for the next.
    SecondBit {
        /// The entry's index.
        entry: usize,
        /// Whose.
        source: Source,
    },
    /// An entry shows an accumulator under `aggregate(k)` and adds to it: two lines could differ by its caller's contribution.
    ShownAndAdded {
        /// The entry's index.
        entry: usize,
        /// The slot's index.
        slot: u16,
    },
    /// The owners do not allow that what is stored is shown as the slot may be.
    NotStorable {
        /// The entry's index.
        entry: usize,
        /// The slot's index.
        slot: u16,
        /// Whose.
        refusal: Refusal,
    },
    /// The manifest states other sources or shapes than the code has.
    ManifestSources {
        /// The manifest line.
        reveal: usize,
    },
}

impl fmt::Display for VerifyError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            VerifyError::BadName { name } => write!(f, "{name:?} is not a name"),
            VerifyError::DuplicateName { name } => write!(f, "two things are named {name:?}"),
            VerifyError::TooMany => f.write_str("too many declarations"),
            VerifyError::BadGroup { group } => write!(f, "group {group} has wrong bounds"),
            VerifyError::LargeSlot { slot } => write!(
                f,
                "slot {slot} can hold more than {MAX_TOGETHER_BYTES} bytes beside the ledger"
            ),
            VerifyError::BadAccess { slot } => write!(
                f,
                "the condition on who reads slot {slot} does more than read the ledger, or more than {MAX_ACCESS_STEPS} operations"
            ),
            VerifyError::AccessCode { slot, error } => {
                write!(f, "the condition on who reads slot {slot}: {error}")
            }
            VerifyError::BadEnum { index } => {
                write!(f, "enumeration {index} has no names, or too many")
            }
            VerifyError::BadCollection { collection } => {
                write!(f, "collection {collection} is not declared correctly")
            }
            VerifyError::BadSlot { slot } => write!(f, "slot {slot} is not declared correctly"),
            VerifyError::TooManyContributions => write!(
                f,
                "more than {MAX_COUNTED} contributions to accumulators would have to be counted"
            ),
            VerifyError::BadParam { entry, param } => write!(
                f,
                "entry {entry}: parameter {param} is not declared correctly"
            ),
            VerifyError::BadRole { entry } => {
                write!(f, "entry {entry}: there is nobody who may call it")
            }
            VerifyError::BadBudget => f.write_str("the budget allows nothing, or a delta of 1"),
            VerifyError::Unreachable { entry, collection } => {
                write!(
                    f,
                    "entry {entry} needs more rows of collection {collection} than can be"
                )
            }
            VerifyError::BadAdmission { group } => {
                write!(
                    f,
                    "the condition of group {group} is not of the ledger alone"
                )
            }
            VerifyError::LongAdmission { group } => write!(
                f,
                "the condition of group {group} takes more than {MAX_MEMBER_STEPS} steps for all members"
            ),
            VerifyError::AdmissionCode { group, error } => {
                write!(f, "the condition of group {group}: {error}")
            }
            VerifyError::BadRowCheck { collection } => {
                write!(
                    f,
                    "the condition on rows of collection {collection} is not of each row alone"
                )
            }
            VerifyError::RowCheckCode { collection, error } => {
                write!(
                    f,
                    "the condition on rows of collection {collection}: {error}"
                )
            }
            VerifyError::Code { entry, error } => write!(f, "entry {entry}: {error}"),
            VerifyError::ManifestOrder { reveal } => {
                write!(
                    f,
                    "manifest line {reveal} and the code's outputs do not agree"
                )
            }
            VerifyError::TooManyReveals { entry } => {
                write!(f, "entry {entry} has more than {MAX_REVEALS} reveals")
            }
            VerifyError::TooManyMemberSteps { entry } => write!(
                f,
                "entry {entry} does more than {MAX_MEMBER_STEPS} operations for members"
            ),
            VerifyError::NotAllowed { reveal, refusal } => {
                write!(f, "manifest line {reveal}: {refusal}")
            }
            VerifyError::SecondBit { entry, source } => write!(
                f,
                "entry {entry} shows or stores one more bit of {}",
                named(*source)
            ),
            VerifyError::ShownAndAdded { entry, slot } => write!(
                f,
                "entry {entry} shows slot {slot} and adds to it: do one of both in another entry"
            ),
            VerifyError::NotStorable {
                entry,
                slot,
                refusal,
            } => write!(
                f,
                "entry {entry}: what is stored in slot {slot} may be shown there, but {refusal}"
            ),
            VerifyError::Noise { reveal, fault } => {
                write!(f, "manifest line {reveal} {fault}")
            }
            VerifyError::BadRecipient { reveal }
            | VerifyError::BadKind { reveal }
            | VerifyError::BadRange { reveal }
            | VerifyError::BadGuard { reveal }
            | VerifyError::BadNoise { reveal }
            | VerifyError::CountsNotBlurred { reveal }
            | VerifyError::ManifestSources { reveal } => {
                write!(f, "manifest line {reveal} {}", self.about_line())
            }
        }
    }
}

impl VerifyError {
    /// What is wrong with a line.
    fn about_line(&self) -> &'static str {
        match self {
            VerifyError::BadRecipient { .. } => "has a recipient that does not fit its value",
            VerifyError::BadKind { .. } => "says the value is what it is not",
            VerifyError::BadRange { .. } => "says the value is narrower than it is",
            VerifyError::BadGuard { .. } => "has a guard that is not valid",
            VerifyError::BadNoise { .. } => "adds noise to what is no number",
            VerifyError::CountsNotBlurred { .. } => {
                "adds noise to its values and none to their counts, or the reverse"
            }
            _ => "states other sources than the code has",
        }
    }
}

impl std::error::Error for VerifyError {}

impl fmt::Display for LoadError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            LoadError::WrongHash { found } => write!(f, "this is another contract, {found}"),
            LoadError::Decode(error) => write!(f, "{error}"),
            LoadError::Verify(error) => write!(f, "{error}"),
        }
    }
}

impl std::error::Error for LoadError {}
