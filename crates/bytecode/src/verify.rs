//! What a node checks before it accepts a contract, in time linear in its size. A node does not
//! trust the compiler: everything a contract promises its owners is derived again from the code.
//!
//! 1. canonical form and hash ([`load`]; the decoder is strict, see [`crate::container`]);
//! 2. names, bounds and indices of all declarations;
//! 3. every register defined before use, once, in order, in its bank; index spaces do not mix;
//!    no value can overflow ([`crate::ranges`]);
//! 4. the `Out` operations and the manifest are the same list in the same order;
//! 5. vectors go to the owners of their rows only, one value each;
//! 6. the manifest says what each value is, a number, a truth value or a member, and its guards are
//!    on collections that exist, one for each at most;
//! 7. the manifest's sources and shapes are those that data flow finds, and the owners' `allow`
//!    clauses cover each of them for its recipient ([`crate::release`]).
//!
//! Cost is bounded where sizes are known: see [`crate::plan`].

use std::collections::BTreeSet;
use std::fmt;

use enigma_wire::id::Hash;

use crate::container::{self, DecodeError, is_name};
use crate::interval::MAGNITUDE_LIMIT;
use crate::model::{Contract, Kind, Op, Recipient, Reveal, S, Shape};
use crate::ranges::{self, Extent, RangeError, Ranges};
use crate::release::{self, Sources};

/// Most members of a group.
pub const MAX_GROUP: u32 = 1_048_576;
/// Most groups, collections and entries of a contract, each.
pub const MAX_DECLARATIONS: usize = 64;
/// Most parties of a contract: as many as the controller lets an instance have.
pub const MAX_PARTIES: usize = 16;
/// Most reveals of one entry.
pub const MAX_REVEALS: usize = 64;

/// A contract that has passed every rule, with its hashes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Verified {
    contract: Contract,
    hash: Hash,
    manifest_hash: Hash,
}

impl Verified {
    /// The contract.
    #[must_use]
    pub fn contract(&self) -> &Contract {
        &self.contract
    }

    /// BLAKE3 of its bytes.
    #[must_use]
    pub fn hash(&self) -> Hash {
        self.hash
    }

    /// BLAKE3 of its manifest section.
    #[must_use]
    pub fn manifest_hash(&self) -> Hash {
        self.manifest_hash
    }
}

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
    /// Two groups, parties, collections, entries, or reveals of an entry have the same name.
    DuplicateName {
        /// The name.
        name: String,
    },
    /// There are more than [`MAX_DECLARATIONS`] of a kind, more than [`MAX_PARTIES`], or more reveals
    /// than those can have.
    TooMany,
    /// A group's bounds are not 1 <= min <= max <= 1_048_576.
    BadGroup {
        /// Its index.
        group: usize,
    },
    /// A collection's group, range or `allow` clause is not valid.
    BadCollection {
        /// Its index.
        collection: usize,
    },
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
    /// The recipient does not exist, or gets a vector where it should get one value or the reverse.
    BadRecipient {
        /// The manifest line.
        reveal: usize,
    },
    /// The manifest says that the value is another kind of thing than the code makes.
    BadKind {
        /// The manifest line.
        reveal: usize,
    },
    /// A guard is on a collection that does not exist, out of order, or on no rows.
    BadGuard {
        /// The manifest line.
        reveal: usize,
    },
    /// No `allow` covers what the value contains of this collection.
    NotAllowed {
        /// The manifest line.
        reveal: usize,
        /// The collection's index.
        collection: u16,
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
            VerifyError::BadCollection { collection } => {
                write!(f, "collection {collection} is not declared correctly")
            }
            VerifyError::Unreachable { entry, collection } => {
                write!(
                    f,
                    "entry {entry} needs more rows of collection {collection} than can be"
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
            VerifyError::BadRecipient { reveal } => {
                write!(
                    f,
                    "manifest line {reveal} has a recipient that does not fit its value"
                )
            }
            VerifyError::BadKind { reveal } => {
                write!(f, "manifest line {reveal} says the value is what it is not")
            }
            VerifyError::BadGuard { reveal } => {
                write!(f, "manifest line {reveal} has a guard that is not valid")
            }
            VerifyError::NotAllowed { reveal, collection } => {
                write!(
                    f,
                    "manifest line {reveal}: collection {collection} does not allow it"
                )
            }
            VerifyError::ManifestSources { reveal } => {
                write!(
                    f,
                    "manifest line {reveal} states other sources than the code has"
                )
            }
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

/// Decodes and verifies. `expected`: the hash under which the contract is known, for example on
/// chain.
///
/// # Errors
/// [`LoadError`] with the first rule that is broken.
pub fn load(bytes: &[u8], expected: Option<Hash>) -> Result<Verified, LoadError> {
    let hash = container::contract_hash(bytes);
    if expected.is_some_and(|expected| expected != hash) {
        return Err(LoadError::WrongHash { found: hash });
    }
    let contract = container::decode(bytes).map_err(LoadError::Decode)?;
    verify(&contract).map_err(LoadError::Verify)?;
    let manifest_hash = container::manifest_hash(&contract);
    Ok(Verified {
        contract,
        hash,
        manifest_hash,
    })
}

/// Checks every rule but those on bytes.
///
/// # Errors
/// [`VerifyError`], the first rule that is broken.
pub fn verify(contract: &Contract) -> Result<(), VerifyError> {
    check_declarations(contract)?;
    let mut next = 0;
    for (index, entry) in contract.entries.iter().enumerate() {
        for collection in contract.collections_used(index) {
            let position = usize::from(collection);
            if position < contract.collections.len()
                && contract.minimum_rows(index, position) > contract.maximum_rows(position)
            {
                return Err(VerifyError::Unreachable {
                    entry: index,
                    collection,
                });
            }
        }
        let ranges = ranges::declared(contract, index).map_err(|error| VerifyError::Code {
            entry: index,
            error,
        })?;
        let sources = release::flow(entry, &ranges);
        let first = next;
        for op in &entry.code {
            if let Op::Out { reveal, src } = *op {
                if usize::from(reveal) != next {
                    return Err(VerifyError::ManifestOrder { reveal: next });
                }
                check_reveal(contract, index, next, src, &ranges, &sources)?;
                next += 1;
            }
        }
        if next - first > MAX_REVEALS {
            return Err(VerifyError::TooManyReveals { entry: index });
        }
        let shown = contract.manifest.get(first..next).unwrap_or(&[]);
        distinct(shown.iter().map(|reveal| &reveal.name))?;
    }
    if next != contract.manifest.len() {
        return Err(VerifyError::ManifestOrder { reveal: next });
    }
    Ok(())
}

fn check_declarations(contract: &Contract) -> Result<(), VerifyError> {
    let Contract {
        groups,
        parties,
        collections,
        manifest,
        entries,
        ..
    } = contract;
    let counts = [groups.len(), collections.len(), entries.len()];
    if counts.into_iter().any(|n| n > MAX_DECLARATIONS)
        || parties.len() > MAX_PARTIES
        || manifest.len() > MAX_DECLARATIONS * MAX_REVEALS
    {
        return Err(VerifyError::TooMany);
    }
    distinct([&contract.name])?;
    distinct(groups.iter().map(|group| &group.name))?;
    distinct(parties)?;
    distinct(collections.iter().map(|collection| &collection.name))?;
    distinct(entries.iter().map(|entry| &entry.name))?;
    for (index, group) in groups.iter().enumerate() {
        if group.min == 0 || group.min > group.max || group.max > MAX_GROUP {
            return Err(VerifyError::BadGroup { group: index });
        }
    }
    for index in 0..collections.len() {
        if !collection_is_valid(contract, index) {
            return Err(VerifyError::BadCollection { collection: index });
        }
    }
    Ok(())
}

fn distinct<'a>(names: impl IntoIterator<Item = &'a String>) -> Result<(), VerifyError> {
    let mut seen = BTreeSet::new();
    for name in names {
        if !is_name(name) {
            return Err(VerifyError::BadName { name: name.clone() });
        }
        if !seen.insert(name) {
            return Err(VerifyError::DuplicateName { name: name.clone() });
        }
    }
    Ok(())
}

fn collection_is_valid(contract: &Contract, index: usize) -> bool {
    let Some(collection) = contract.collections.get(index) else {
        return false;
    };
    let inside = |value: i64| -MAGNITUDE_LIMIT < value && value < MAGNITUDE_LIMIT;
    let range =
        collection.low <= collection.high && inside(collection.low) && inside(collection.high);
    let own = u16::try_from(index).ok().map(Recipient::OwnerOf);
    let allows = collection.allows.iter().all(|allow| {
        let exist = allow
            .recipients
            .iter()
            .all(|&recipient| exists(contract, recipient));
        let shape = match allow.shape {
            Shape::Aggregate(k) => (1..=MAX_GROUP).contains(&k),
            Shape::PerOwner => allow
                .recipients
                .iter()
                .all(|&recipient| Some(recipient) == own),
            Shape::Member | Shape::Any => true,
        };
        exist && shape && !allow.recipients.is_empty()
    });
    let kind = match collection.kind {
        Kind::Integer => true,
        Kind::Bool => (collection.low, collection.high) == (0, 1),
        Kind::MemberOf(_) => false,
    };
    usize::from(collection.group) < contract.groups.len() && range && kind && allows
}

fn exists(contract: &Contract, recipient: Recipient) -> bool {
    match recipient {
        Recipient::EachOf(group) => usize::from(group) < contract.groups.len(),
        Recipient::OwnerOf(collection) => usize::from(collection) < contract.collections.len(),
        Recipient::Party(party) => usize::from(party) < contract.parties.len(),
    }
}

fn check_reveal(
    contract: &Contract,
    entry: usize,
    index: usize,
    src: S,
    ranges: &Ranges,
    sources: &[Sources],
) -> Result<(), VerifyError> {
    let order = VerifyError::ManifestOrder { reveal: index };
    let Some(reveal) = contract.manifest.get(index) else {
        return Err(order);
    };
    if usize::from(reveal.entry) != entry {
        return Err(order);
    }
    let value = ranges.secret(src);
    let extent = value.map(|s| s.extent);
    let fits = match reveal.recipient {
        Recipient::EachOf(_) | Recipient::Party(_) => extent == Some(Extent::Scalar),
        Recipient::OwnerOf(collection) => extent == Some(Extent::Over(collection)),
    };
    if !fits || !exists(contract, reveal.recipient) {
        return Err(VerifyError::BadRecipient { reveal: index });
    }
    let member_of = value.and_then(|s| s.member_of);
    let is_bit = value.is_some_and(|s| s.interval.low >= 0 && s.interval.high <= 1);
    let kind_fits = match reveal.kind {
        Kind::Integer => member_of.is_none(),
        Kind::Bool => member_of.is_none() && is_bit,
        Kind::MemberOf(collection) => member_of == Some(collection),
    };
    if !kind_fits {
        return Err(VerifyError::BadKind { reveal: index });
    }
    if !guards_are_valid(contract, reveal) {
        return Err(VerifyError::BadGuard { reveal: index });
    }
    let mut derived = Vec::new();
    for (&collection, mixes) in sources.get(usize::from(src.0)).into_iter().flatten() {
        match release::release(contract, collection, mixes, reveal.recipient) {
            Some(shape) => derived.push((collection, shape)),
            None => {
                return Err(VerifyError::NotAllowed {
                    reveal: index,
                    collection,
                });
            }
        }
    }
    if derived != reveal.sources {
        return Err(VerifyError::ManifestSources { reveal: index });
    }
    Ok(())
}

/// One guard at most for each collection, in their order.
fn guards_are_valid(contract: &Contract, reveal: &Reveal) -> bool {
    let ascending = reveal.min_groups.is_sorted_by(|a, b| a.0 < b.0);
    let exists = |collection: u16| usize::from(collection) < contract.collections.len();
    let mut guards = reveal.min_groups.iter();
    ascending && guards.all(|&(collection, rows)| rows > 0 && exists(collection))
}
