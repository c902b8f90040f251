//! What a node checks before it accepts a contract, in time linear in its size. A node does not
//! trust the compiler: everything a contract promises its owners is derived again from the code.
//!
//! 1. canonical form and hash ([`load`]; the decoder is strict, see [`crate::container`]);
//! 2. names, bounds, indices, kinds and first values of all declarations;
//! 3. every register defined before use, once, in order, in its bank, and read where it is known; index spaces do not
//!    mix; no value can overflow ([`crate::ranges`]);
//! 4. the `Out` operations and the manifest are the same list in the same order;
//! 5. vectors go to the owners of their rows only, one value each; what becomes public goes to everyone;
//! 6. the manifest says what each column is and where it lies, noise included, and its guards are on what exists;
//! 7. the manifest's sources and shapes are those that data flow finds, the owners' `allow` clauses cover each of them
//!    for all recipients, what goes into slots may be shown as the slots may, what mixes hidden rows has a guard on
//!    their number, of what `allow bit` covers an entry shows or stores one bit of each source, and none shows an
//!    accumulator under `aggregate(k)` and adds to it ([`crate::release`]);
//! 8. noise is as wide as its epsilon says, on the counts that guard a blurred value, too ([`crate::privacy`]).
//!
//! Cost is bounded where sizes are known: see [`crate::plan`].

mod conditions;
mod declarations;
mod error;
mod repeated;
mod reveals;

use std::collections::BTreeMap;

use enigma_wire::id::Hash;

pub use error::{LoadError, VerifyError};
pub use repeated::condition_steps;

use crate::container;
use crate::model::{Contract, Entry, Op, S, Source};
use crate::privacy::Moved;
use crate::ranges::{self, Ranges};
use crate::release::Release;

/// Most members of a group, and rows of a collection.
pub const MAX_GROUP: u32 = 1_048_576;
/// Most groups, enumerations, collections, slots and entries of a contract, and parameters of an entry, each.
pub const MAX_DECLARATIONS: usize = 64;
/// Most parties of a contract: as many as the controller lets an instance have.
pub const MAX_PARTIES: usize = 16;
/// Most reveals of one entry.
pub const MAX_REVEALS: usize = 64;
/// Most columns of one value, and names of one enumeration.
pub const MAX_COLUMNS: usize = 4_096;
/// Longest public bytes of one value.
pub const MAX_VALUE_BYTES: u32 = 65_536;
/// Most bytes that a slot beside the ledger can hold, of a map at one key: nodes give it as one answer.
pub const MAX_TOGETHER_BYTES: u64 = 1 << 20;
/// What a value takes beside its bytes and its key, where it is kept and on the way.
pub const VALUE_BYTES: u64 = 160;
/// Longest key of a map in bytes: a value is looked for among many.
pub const MAX_KEY_BYTES: u32 = 256;
/// Longest public value, in bytes, of what is done for one account after the other: loops over members, and conditions.
pub const MAX_REPEATED_BYTES: u32 = 1_024;
/// Most operations that one entry does for members: of all loops over members, members times operations. Each costs a
/// microsecond and may change the ledger.
pub const MAX_MEMBER_STEPS: u64 = 1 << 20;
/// As how many operations of a condition one counts that reads the ledger as it was: it looks among all that ever was there.
pub const LOAD_AT_STEPS: u64 = 4;
/// Most operations of the condition on who reads a slot. Nodes answer anybody who asks.
pub const MAX_ACCESS_STEPS: u64 = 1 << 7;
/// Most contributions to accumulators that are counted: the numbers of each times the largest `k` of its `aggregate(k)`. Nodes
/// keep whose they are with every number, some 24 bytes for each.
pub const MAX_COUNTED: u64 = 1 << 20;
/// Longest text that says why a call is refused, in bytes.
pub const MAX_TEXT: usize = 1_024;

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
    declarations::check(contract)?;
    conditions::check(contract)?;
    // Before anything is found out for each: tables of noise take a while.
    let shows = |op: &&Op| matches!(op, Op::Out { .. });
    let many = |entry: &Entry| entry.code.iter().filter(shows).count() > MAX_REVEALS;
    if let Some(entry) = contract.entries.iter().position(many) {
        return Err(VerifyError::TooManyReveals { entry });
    }
    let ranges = (0..contract.entries.len())
        .map(|entry| ranges_of(contract, entry))
        .collect::<Result<Vec<Ranges>, VerifyError>>()?;
    for (index, (entry, ranges)) in contract.entries.iter().zip(&ranges).enumerate() {
        if repeated::steps(contract, &entry.code) > MAX_MEMBER_STEPS {
            return Err(VerifyError::TooManyMemberSteps { entry: index });
        }
        repeated::bodies_are_short(&entry.code, ranges).map_err(|error| VerifyError::Code {
            entry: index,
            error,
        })?;
    }
    let release = Release::new(contract, &ranges);
    let mut next = 0;
    for (index, (entry, ranges)) in contract.entries.iter().zip(&ranges).enumerate() {
        let flow = release.flow(index);
        let moved = Moved::new(contract, entry, ranges);
        let (first, mut bits) = (next, BTreeMap::new());
        for op in &entry.code {
            match op {
                Op::Out {
                    reveal,
                    values,
                    counts,
                    public,
                } => {
                    if usize::from(*reveal) != next {
                        return Err(VerifyError::ManifestOrder { reveal: next });
                    }
                    let out = reveals::Out {
                        entry: index,
                        line: next,
                        values,
                        counts,
                        is_public: public.is_some(),
                    };
                    let shown = out.check(contract, ranges, &flow, &moved)?;
                    let of = match (&values[..], counts.is_empty()) {
                        ([value], true) => Some(*value),
                        _ => None,
                    };
                    one_of_each(index, &mut bits, (of, shown))?;
                    next += 1;
                }
                Op::StoreSecret { slot, src, .. } | Op::Accumulate { slot, src, .. } => {
                    flow.stored(*slot, *src)
                        .map_err(|refusal| VerifyError::NotStorable {
                            entry: index,
                            slot: *slot,
                            refusal,
                        })?;
                    let bit = (Some(*src), flow.bits_stored(*slot, *src));
                    one_of_each(index, &mut bits, bit)?;
                }
                _ => {}
            }
        }
        shows_or_adds(contract, index, &entry.code)?;
        let shown = contract.manifest.get(first..next).unwrap_or(&[]);
        declarations::distinct(shown.iter().map(|reveal| &reveal.name))?;
    }
    if next != contract.manifest.len() {
        return Err(VerifyError::ManifestOrder { reveal: next });
    }
    Ok(())
}

/// Whether what shows or stores a truth value of these sources is the first of the entry, or the same register again.
fn one_of_each(
    entry: usize,
    bits: &mut BTreeMap<Source, Option<S>>,
    (of, sources): (Option<S>, Vec<Source>),
) -> Result<(), VerifyError> {
    let mut is_another = |source: &Source| match bits.insert(*source, of) {
        Some(before) => before.is_none() || before != of,
        None => false,
    };
    match sources.into_iter().find(|source| is_another(source)) {
        Some(source) => Err(VerifyError::SecondBit { entry, source }),
        None => Ok(()),
    }
}

/// Of an accumulator that is shown under `aggregate(k)` no caller's contribution comes between two lines: their difference would be
/// of that one.
fn shows_or_adds(contract: &Contract, entry: usize, code: &[Op]) -> Result<(), VerifyError> {
    let added = code.iter().filter_map(|op| match op {
        Op::Accumulate { slot, .. } => Some(*slot),
        _ => None,
    });
    let mut both = added.filter(|&slot| contract.minimum_contributions(entry, slot.into()) > 0);
    match both.next() {
        Some(slot) => Err(VerifyError::ShownAndAdded { entry, slot }),
        None => Ok(()),
    }
}

fn ranges_of(contract: &Contract, entry: usize) -> Result<Ranges, VerifyError> {
    for collection in contract.collections_used(entry) {
        let position = usize::from(collection);
        if position < contract.collections.len()
            && contract.minimum_rows(entry, position) > contract.maximum_rows(position)
        {
            return Err(VerifyError::Unreachable { entry, collection });
        }
    }
    ranges::declared(contract, entry).map_err(|error| VerifyError::Code { entry, error })
}
