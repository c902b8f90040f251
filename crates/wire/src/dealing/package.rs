//! The package one node receives: its rows, the salts of its pairs, all commitments, the response.
//!
//! Layout, all integers little-endian: version, n, party, degree (one byte each); number of
//! values (4 bytes); rows (t+1 elements per value, of 8 bytes over 2^61 - 1, of 16 over 2^127 - 1); mask row (t+1 elements of
//! 16 bytes); n salt seeds (32 bytes, by the other party); n(n+1)/2 pair roots (32 bytes, by i, then j >= i);
//! response ((t+1)(t+2)/2 elements of 16 bytes: coefficients of X^a Y^b by a, then b >= a). The version says which field
//! the package is of, and so do ROOT and whoever decodes.

use std::fmt;

use enigma_field::bivariate::{Symmetric, check_response, triangle_len};
use enigma_field::{Committee, Error, Field, M61, M127, Party, PrimeField, slice};
use zeroize::{Zeroize, ZeroizeOnDrop, Zeroizing};

use super::{Context, DealingError, Dealt, Row, Section, pair_index, pair_root, weights};
use crate::id::Hash;

/// Packages over 2^61 - 1.
pub(super) const VERSION: u8 = 1;
/// Packages over 2^127 - 1.
pub(super) const WIDE_VERSION: u8 = 2;
const HEADER_BYTES: usize = 8;

/// One party's part of a dealing, not yet checked; only [`RowPackage::check`] gives the row.
pub struct RowPackage<F: Dealt = M61> {
    pub(super) party: Party,
    pub(super) row: Row<F>,
    pub(super) mask_row: Zeroizing<Vec<F::Ext>>,
    /// By the other party's index, own pair included.
    pub(super) salts: Vec<Zeroizing<[u8; 32]>>,
    pub(super) pair_roots: Vec<Hash>,
    pub(super) response: Vec<F::Ext>,
}

impl<F: Dealt> RowPackage<F> {
    /// The party the package is for.
    pub fn party(&self) -> Party {
        self.party
    }

    /// The length of an encoded package, which depends on public sizes only.
    pub fn encoded_len(committee: &Committee, values_len: usize) -> usize {
        Layout::new::<F>(committee, values_len).total()
    }

    /// The package's bytes. Secret: to be sealed to the party's node.
    pub fn encode(&self) -> Zeroizing<Vec<u8>> {
        let n = self.salts.len() as u8;
        let degree = self.mask_row.len() as u8 - 1;
        let row = self.row.encode();
        let len = HEADER_BYTES
            + row.len()
            + (self.mask_row.len() + self.response.len()) * F::Ext::BYTES
            + (self.salts.len() + self.pair_roots.len()) * 32;
        // The capacity is exact, so no copy of a secret stays behind in a smaller buffer.
        let mut bytes = Zeroizing::new(Vec::with_capacity(len));
        bytes.extend_from_slice(&[F::NUMBER, n, self.party.number(), degree]);
        bytes.extend_from_slice(&(self.row.len() as u32).to_le_bytes());
        bytes.extend_from_slice(&row);
        slice::encode_into(&self.mask_row, &mut bytes);
        for salt in &self.salts {
            bytes.extend_from_slice(&salt[..]);
        }
        for root in &self.pair_roots {
            bytes.extend_from_slice(&root.0);
        }
        slice::encode_into(&self.response, &mut bytes);
        bytes
    }

    /// Reads a package of `values_len` values. Every length is known beforehand, so nothing is
    /// allocated at a sender's word.
    ///
    /// # Errors
    /// The first thing that is wrong in the header, the length, or an element; and
    /// [`DealingError::Context`] when the context itself is unusable.
    pub fn decode(
        context: &Context,
        values_len: usize,
        bytes: &[u8],
    ) -> Result<Self, DealingError> {
        context.validate(values_len)?;
        let layout = Layout::new::<F>(&context.committee, values_len);
        let wrong_length = DealingError::Length {
            expected: layout.total(),
            found: bytes.len(),
        };
        let (header, mut rest) = bytes
            .split_first_chunk::<HEADER_BYTES>()
            .ok_or(wrong_length)?;
        let party = read_header::<F>(&context.committee, values_len, header)?;
        if bytes.len() != layout.total() {
            return Err(wrong_length);
        }
        let mut section = |len: usize| {
            let (section, after) = rest.split_at(len);
            rest = after;
            section
        };
        let row = Row::decode(&context.committee, values_len, section(layout.rows))
            .map_err(|error| element(Section::Rows, error))?;
        let mask_row = decode_elements(Section::Mask, section(layout.mask))?;
        let salts = hashes(section(layout.salts)).map(Zeroizing::new).collect();
        let pair_roots = hashes(section(layout.pair_roots)).map(Hash).collect();
        let response = decode_elements(Section::Response, section(layout.response))?;
        Ok(Self {
            party,
            row,
            mask_row: Zeroizing::new(mask_row),
            salts,
            pair_roots,
            response,
        })
    }

    /// The party's row, once everything the dealer claims holds: the row matches the n commitments
    /// that concern the party, these hash with the context to `root`, which the owner signed, and
    /// the combined row is the response's.
    ///
    /// # Errors
    /// Which check failed: [`DealingError::Party`], [`DealingError::PairRoot`],
    /// [`DealingError::RootMismatch`], [`DealingError::CombinedCheck`]. All blame the dealer.
    pub fn check(
        self,
        context: &Context,
        party: Party,
        root: Hash,
    ) -> Result<Row<F>, DealingError> {
        let committee = &context.committee;
        context.validate(self.row.len())?;
        if !committee.contains(party) {
            return Err(DealingError::Context);
        }
        if self.party != party {
            let (expected, found) = (party.number(), self.party.number());
            return Err(DealingError::Party { expected, found });
        }
        if self.salts.len() != committee.len() {
            let (expected, found) = (committee.n(), self.salts.len() as u8);
            return Err(DealingError::CommitteeSize { expected, found });
        }
        for (other, salt) in committee.parties().zip(&self.salts) {
            let committed = self.pair_roots[pair_index(committee, party, other)];
            if pair_root(salt, &self.row, &self.mask_row, other) != committed {
                return Err(DealingError::PairRoot {
                    pair: (party.min(other), party.max(other)),
                });
            }
        }
        let found = context.root::<F>(self.row.len(), &self.pair_roots);
        if found != root {
            return Err(DealingError::RootMismatch {
                expected: root,
                found,
            });
        }
        let response = Symmetric::from_coefficients(committee.degree(), self.response.clone())
            .expect("decoding and dealing give one coefficient for each place");
        let weights = weights(root, self.row.len());
        match check_response(party, &self.row, &self.mask_row, &weights, &response) {
            Ok(()) => Ok(self.row.clone()),
            Err(coefficient) => Err(DealingError::CombinedCheck { coefficient }),
        }
    }
}

impl<F: Dealt> fmt::Debug for RowPackage<F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "RowPackage(party {}, {} values, redacted)",
            self.party,
            self.row.len()
        )
    }
}

impl<F: Dealt> Drop for RowPackage<F> {
    fn drop(&mut self) {
        // The mask zeroises itself, as row and salts do; the response is public but for the few
        // who never need it.
        self.response.zeroize();
    }
}

impl<F: Dealt> ZeroizeOnDrop for RowPackage<F> {}

/// The lengths of a package's sections in bytes.
struct Layout {
    rows: usize,
    mask: usize,
    salts: usize,
    pair_roots: usize,
    response: usize,
}

impl Layout {
    fn new<F: PrimeField>(committee: &Committee, values_len: usize) -> Self {
        let (n, width) = (committee.len(), committee.degree() + 1);
        Self {
            rows: values_len.saturating_mul(width * F::BYTES),
            mask: width * F::Ext::BYTES,
            salts: n * 32,
            pair_roots: n * (n + 1) / 2 * 32,
            response: triangle_len(committee.degree()) * F::Ext::BYTES,
        }
    }

    fn total(&self) -> usize {
        (HEADER_BYTES + self.mask + self.salts + self.pair_roots + self.response)
            .saturating_add(self.rows)
    }
}

fn read_header<F: Dealt>(
    committee: &Committee,
    values_len: usize,
    header: &[u8; HEADER_BYTES],
) -> Result<Party, DealingError> {
    let [version, n, party, degree, values @ ..] = *header;
    let found = match version {
        VERSION => M61::BITS,
        WIDE_VERSION => M127::BITS,
        found => return Err(DealingError::Version { found }),
    };
    if found != F::BITS {
        let expected = F::BITS;
        return Err(DealingError::Field { expected, found });
    }
    if n != committee.n() {
        return Err(DealingError::CommitteeSize {
            expected: committee.n(),
            found: n,
        });
    }
    if degree != committee.t() {
        return Err(DealingError::RowDegree {
            expected: committee.t(),
            found: degree,
        });
    }
    let found = u32::from_le_bytes(values) as usize;
    if found != values_len {
        return Err(DealingError::ValuesLen {
            expected: values_len,
            found,
        });
    }
    // Any member will do here: who the receiver is, `check` is told.
    committee.party(party).ok_or(DealingError::Party {
        expected: committee.n(),
        found: party,
    })
}

fn decode_elements<F: Field>(section: Section, bytes: &[u8]) -> Result<Vec<F>, DealingError> {
    slice::decode_slice(bytes).map_err(|error| element(section, error))
}

/// Places an element error in its section; lengths were settled before any element was read.
fn element(section: Section, error: Error) -> DealingError {
    match error {
        Error::NonCanonical { index } => DealingError::NonCanonical { section, index },
        Error::Length { expected, found } => DealingError::Length { expected, found },
        _ => DealingError::NonCanonical { section, index: 0 },
    }
}

fn hashes(bytes: &[u8]) -> impl Iterator<Item = [u8; 32]> {
    bytes.as_chunks::<32>().0.iter().copied()
}
