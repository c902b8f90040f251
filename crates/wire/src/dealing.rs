//! Dealing an owner's values to a committee: commitments, the challenge, and the row package that
//! one node receives and checks alone (protocols E.1, S3, S4).
//!
//! Goal: n = 2t+1 nodes, at most t corrupt, receive shares of M values from a dealer who may be
//! malicious and is offline afterwards. The values are of the field that the contract computes over ([`Dealt`]); K is the one
//! that its challenges are drawn from. The algebra is `enigma_field::bivariate`. In order:
//!
//! 1. For every pair i <= j a salted Merkle root binds the pair values F_u(i, j) of all values u,
//!    behind the pair value of the mask polynomial. ROOT hashes all pair roots and everything the
//!    dealing is about.
//! 2. ROOT gives the weights (Fiat-Shamir, sound here because weights are in K, > 2^120 elements, over either field).
//! 3. The dealer answers with B = mask + sum of weight * F_u.
//!
//! A node recomputes its n pair roots from its own row, recomputes ROOT, and compares its combined
//! row with B. Honest nodes that accept under one ROOT therefore hold pairwise equal values, hence
//! rows of one symmetric polynomial of degree t per value. No messages between nodes; error at most
//! q / |K| for a dealer who tries q roots. Nothing is revealed by a refusal but which check failed.

mod package;

use std::fmt;

use enigma_field::bivariate::{self, Symmetric};
use enigma_field::{Committee, Extension, Field, M61, M127, Party, PrimeField, slice};
use rand_core::CryptoRng;
use zeroize::Zeroizing;

use crate::id::{Address, CollectionId, Hash, MemberIndex, NodeId};
use crate::salted;

pub use enigma_field::bivariate::Row;
pub use package::RowPackage;

/// The largest number of values in one dealing.
pub const MAX_VALUES: usize = 1 << 20;

/// A field whose elements are dealt.
pub trait Dealt: PrimeField {
    /// Its number in ROOT, which is the version of its packages.
    const NUMBER: u8;
}

impl Dealt for M61 {
    const NUMBER: u8 = package::VERSION;
}

impl Dealt for M127 {
    const NUMBER: u8 = package::WIDE_VERSION;
}

/// What a dealing is about: bound by ROOT, so that nobody can re-submit rows under other terms.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Context {
    /// The committee's size and points.
    pub committee: Committee,
    /// The committee's nodes; party k is the k-th.
    pub nodes: Vec<NodeId>,
    /// The dealer.
    pub owner: Address,
    /// What the values are for.
    pub subject: Subject,
    /// The epoch of the committee's keys.
    pub epoch: u64,
    /// Hash of the terms under which the values may be used.
    pub policy: Hash,
}

/// What values are dealt for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Subject {
    /// Rows of a collection.
    Rows {
        /// The collection the values are for.
        collection: CollectionId,
        /// The dealer's place in the collection.
        member: MemberIndex,
        /// How many dealings of this member came before.
        revision: u32,
    },
    /// The private parameters of one call.
    Parameters {
        /// The entry that is called.
        entry: u16,
        /// Unix seconds until which the call may be requested.
        until: u64,
    },
}

/// Why a dealing was refused. Everything but `Context` and `ValuesLen` from [`deal`] blames the
/// dealer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum DealingError {
    /// The context does not list each of the committee's n nodes once, or the party is no member.
    Context,
    /// The number of values is not the expected one, or not between 1 and [`MAX_VALUES`].
    ValuesLen {
        /// Values expected.
        expected: usize,
        /// Values dealt.
        found: usize,
    },
    /// The package has a version this program does not know.
    Version {
        /// The version found.
        found: u8,
    },
    /// The package is of another field.
    Field {
        /// Bits of the field that values are expected in.
        expected: u32,
        /// Bits of the field found.
        found: u32,
    },
    /// The package was made for a committee of another size.
    CommitteeSize {
        /// The committee's size.
        expected: u8,
        /// The size found.
        found: u8,
    },
    /// The package's rows are for another party.
    Party {
        /// The number of the party that checks.
        expected: u8,
        /// The number found.
        found: u8,
    },
    /// The rows have another degree than t.
    RowDegree {
        /// The degree t.
        expected: u8,
        /// The degree found.
        found: u8,
    },
    /// The package is shorter or longer than its header says.
    Length {
        /// Bytes needed.
        expected: usize,
        /// Bytes present.
        found: usize,
    },
    /// An element is not the canonical encoding of a field element.
    NonCanonical {
        /// Where it is.
        section: Section,
        /// Its place in that section, counted from 0.
        index: usize,
    },
    /// The row does not match what the dealer committed to for this pair.
    PairRoot {
        /// The parties of the pair, the lower first.
        pair: (Party, Party),
    },
    /// The pair roots and the context do not hash to the root the owner signed.
    RootMismatch {
        /// The root the owner signed.
        expected: Hash,
        /// The root found.
        found: Hash,
    },
    /// The combined row differs from the dealer's response.
    CombinedCheck {
        /// The first coefficient that differs, as a power of Y.
        coefficient: usize,
    },
}

/// The parts of a row package that hold field elements.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Section {
    /// The values' rows.
    Rows,
    /// The mask's row.
    Mask,
    /// The response.
    Response,
}

impl fmt::Display for DealingError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match *self {
            Self::Context => f.write_str("the committee's nodes are not those of the dealing"),
            Self::ValuesLen { expected, found } => {
                write!(f, "expected {expected} values, found {found}")
            }
            Self::Version { found } => write!(f, "unknown row package version {found}"),
            Self::Field { expected, found } => write!(
                f,
                "the row package is over the field of {found} bits, the contract computes over that of {expected}"
            ),
            Self::CommitteeSize { expected, found } => {
                write!(
                    f,
                    "the row package is for {found} nodes, the committee has {expected}"
                )
            }
            Self::Party { expected, found } => {
                write!(
                    f,
                    "the row package is for party {found}, not party {expected}"
                )
            }
            Self::RowDegree { expected, found } => {
                write!(f, "the rows have degree {found}, not {expected}")
            }
            Self::Length { expected, found } => {
                write!(f, "the row package has {found} bytes, not {expected}")
            }
            Self::NonCanonical { section, index } => write!(
                f,
                "element {index} of the {} is not a canonical field element",
                match section {
                    Section::Rows => "rows",
                    Section::Mask => "mask row",
                    Section::Response => "response",
                }
            ),
            Self::PairRoot { pair: (low, high) } => {
                write!(
                    f,
                    "the row does not match the commitment for parties {low} and {high}"
                )
            }
            Self::RootMismatch { expected, found } => {
                write!(
                    f,
                    "the commitments hash to {found}, the owner signed {expected}"
                )
            }
            Self::CombinedCheck { coefficient } => {
                write!(
                    f,
                    "the combined row differs from the response at coefficient {coefficient}"
                )
            }
        }
    }
}

impl std::error::Error for DealingError {}

/// A finished dealing: the root to sign, and one package per party in order.
#[derive(Debug)]
pub struct Dealing<F: Dealt = M61> {
    /// ROOT, which the owner signs.
    pub root: Hash,
    /// The packages in the parties' order, to be sealed to their nodes.
    pub rows: Vec<RowPackage<F>>,
}

/// Deals values to the committee.
///
/// Draws from `rng`, in this order: for each value the coefficients of its polynomial but the
/// first; the mask's coefficients; 32 bytes of salt seed for each pair.
///
/// # Errors
/// [`DealingError::Context`] and [`DealingError::ValuesLen`].
pub fn deal<F: Dealt, R: CryptoRng + ?Sized>(
    context: &Context,
    values: &[F],
    rng: &mut R,
) -> Result<Dealing<F>, DealingError> {
    context.validate(values.len())?;
    let degree = context.committee.degree();
    let polynomials: Vec<_> = values
        .iter()
        .map(|value| Symmetric::random(*value, degree, rng))
        .collect();
    let mask = Symmetric::random(F::Ext::random(rng), degree, rng);
    let salts: Vec<Zeroizing<[u8; 32]>> = pairs(&context.committee)
        .map(|_| {
            let mut seed = Zeroizing::new([0; 32]);
            rng.fill_bytes(&mut seed[..]);
            seed
        })
        .collect();
    Ok(commit(context, &polynomials, &mask, &salts))
}

/// The shares of several rows by column: one member's rows are dealt one after the other, each in the order of its columns.
pub fn by_column<F: Copy>(
    shares: &[F],
    columns_len: usize,
) -> impl Iterator<Item = impl Iterator<Item = F>> {
    let column = move |place| shares.iter().copied().skip(place).step_by(columns_len);
    (0..columns_len).map(column)
}

/// Everything after the draws; apart so that tests can deal what an honest dealer would not.
fn commit<F: Dealt>(
    context: &Context,
    polynomials: &[Symmetric<F>],
    mask: &Symmetric<F::Ext>,
    salts: &[Zeroizing<[u8; 32]>],
) -> Dealing<F> {
    let committee = &context.committee;
    let held: Vec<_> = committee
        .parties()
        .map(|party| {
            let row = Row::of(polynomials, committee, party);
            (row, Zeroizing::new(mask.row(party.point())))
        })
        .collect();
    let pair_roots: Vec<Hash> = pairs(committee)
        .zip(salts)
        .map(|((low, high), salt)| {
            let (row, mask_row) = &held[low.index()];
            pair_root(salt, row, mask_row, high)
        })
        .collect();
    let root = context.root::<F>(polynomials.len(), &pair_roots);
    let weights = weights(root, polynomials.len());
    let response = bivariate::respond(polynomials, mask, &weights);
    let rows = committee
        .parties()
        .zip(held)
        .map(|(party, (row, mask_row))| RowPackage {
            party,
            row,
            mask_row,
            salts: committee
                .parties()
                .map(|other| salts[pair_index(committee, party, other)].clone())
                .collect(),
            pair_roots: pair_roots.clone(),
            response: response.coefficients().to_vec(),
        })
        .collect();
    Dealing { root, rows }
}

impl Context {
    /// ROOT: binds the pair roots and everything the dealing is about (protocols S3).
    fn root<F: Dealt>(&self, values_len: usize, pair_roots: &[Hash]) -> Hash {
        let mut hasher = blake3::Hasher::new_derive_key(match self.subject {
            Subject::Rows { .. } => "enigma dealing root v1",
            Subject::Parameters { .. } => "enigma dealing root of parameters v1",
        });
        // For each kind of subject every entry has a fixed width or a number of entries that the committee's size gives, so the
        // encoding is injective.
        hasher
            .update(&[F::NUMBER, self.committee.n(), self.committee.t()])
            .update(&(values_len as u64).to_le_bytes())
            .update(&self.owner.0);
        match self.subject {
            Subject::Rows {
                collection,
                member,
                revision,
            } => hasher
                .update(&collection.0.to_le_bytes())
                .update(&member.0.to_le_bytes())
                .update(&revision.to_le_bytes()),
            Subject::Parameters { entry, until } => hasher
                .update(&entry.to_le_bytes())
                .update(&until.to_le_bytes()),
        };
        for node in &self.nodes {
            hasher.update(&node.0.to_le_bytes());
        }
        hasher
            .update(&self.epoch.to_le_bytes())
            .update(&self.policy.0);
        for root in pair_roots {
            hasher.update(&root.0);
        }
        Hash(*hasher.finalize().as_bytes())
    }

    fn validate(&self, values_len: usize) -> Result<(), DealingError> {
        let mut distinct = self.nodes.clone();
        distinct.sort_unstable();
        distinct.dedup();
        if self.nodes.len() != self.committee.len() || distinct.len() != self.nodes.len() {
            return Err(DealingError::Context);
        }
        if values_len == 0 || values_len > MAX_VALUES {
            let expected = values_len.clamp(1, MAX_VALUES);
            return Err(DealingError::ValuesLen {
                expected,
                found: values_len,
            });
        }
        Ok(())
    }
}

/// The commitment to what the row's party and `other` both know.
///
/// The mask's pair value comes first and so is in leaf 0 of every pair root: a dealer who could
/// choose the mask after the weights would choose it to cancel wrong rows in the combined check.
fn pair_root<F: Dealt>(salt: &[u8; 32], row: &Row<F>, mask_row: &[F::Ext], other: Party) -> Hash {
    let values = row.pair_values(other);
    let len = F::Ext::BYTES + values.len() * F::BYTES;
    let mut content = Zeroizing::new(Vec::with_capacity(len));
    enigma_field::interpolation::evaluate(mask_row, other.point()).write_to(&mut content);
    slice::encode_into(&values, &mut content);
    salted::root(salt, &content)
}

/// The weights that ROOT determines, one per value.
fn weights<E: Extension>(root: Hash, values_len: usize) -> Vec<E> {
    let mut hasher = blake3::Hasher::new_derive_key("enigma dealing weights v1");
    let mut stream = hasher.update(&root.0).finalize_xof();
    (0..values_len)
        .map(|_| {
            let mut bytes = [0; 16];
            stream.fill(&mut bytes);
            E::from_random_bytes(bytes)
        })
        .collect()
}

/// The pairs i <= j in the order of their roots: by i, then j.
fn pairs(committee: &Committee) -> impl Iterator<Item = (Party, Party)> + use<> {
    let committee = *committee;
    committee.parties().flat_map(move |low| {
        committee
            .parties()
            .skip(low.index())
            .map(move |high| (low, high))
    })
}

/// The place of a pair, in either order, among [`pairs`].
fn pair_index(committee: &Committee, a: Party, b: Party) -> usize {
    let (low, high) = (a.min(b).index(), a.max(b).index());
    low * (2 * committee.len() + 1 - low) / 2 + (high - low)
}

#[cfg(test)]
mod golden;
#[cfg(test)]
mod tests;
