//! What travels between engines: field elements at a place that names them.

use std::fmt;
use std::ops::Range;

use enigma_field::interpolation::deals_randoms;
use enigma_field::{Committee, M61, Party, PrimeField};
pub use enigma_wire::peer::{HEADER_BYTES, MAX_PAYLOAD_BYTES};

use crate::turns::Turns;

/// Most elements of the field in one frame.
pub const fn chunk_len<F: PrimeField>() -> usize {
    MAX_PAYLOAD_BYTES / F::BYTES
}

/// Most elements of the field of 2^61 - 1 in one frame.
pub const CHUNK_LEN: usize = chunk_len::<M61>();

/// Most elements of a chunk of random bits. Smaller than a frame so that the work of kings, who compute
/// a power per bit and rotate by chunk, spreads over the committee.
pub const BITS_CHUNK_LEN: usize = 4096;

/// Most elements of a chunk of products through kings, so that kings of a long vector soon answer.
pub const KINGS_CHUNK_LEN: usize = 8192;

/// Elements of a chunk of random bits. What is dealt for them in a large committee is for several chunks,
/// which are therefore as short as that allows.
pub fn bits_chunk_len(committee: Committee, len: usize) -> usize {
    if deals_randoms(&committee) {
        Turns::of_independent(committee, len, BITS_CHUNK_LEN).chunk_len()
    } else {
        BITS_CHUNK_LEN
    }
}

/// Elements of a chunk of products through kings: every party is king of as many chunks, or nearly.
pub fn kings_chunk_len(committee: Committee, len: usize) -> usize {
    Turns::new(len, committee.len(), KINGS_CHUNK_LEN).chunk_len()
}

/// The place of a message in the schedule; every party derives the same places from the program.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Slot {
    /// The operation.
    pub op: u32,
    /// The message of the operation: 0, but for random bits and products through kings, where a
    /// king's answer is 1 and what everybody deals before is 2, and for comparisons over bits, shuffles and
    /// verifications, whose steps are numbered.
    pub step: u8,
    /// The chunk of a long vector.
    pub part: u32,
}

/// A message to send.
#[derive(Clone, PartialEq, Eq)]
pub struct Outgoing {
    /// The receiver.
    pub to: Party,
    /// Its place.
    pub slot: Slot,
    /// Elements in canonical encoding, or a verification's statements, at most [`MAX_PAYLOAD_BYTES`]. For the
    /// receiver's eyes only; the transport that encrypts it also decides how long it stays in memory.
    pub payload: Vec<u8>,
}

impl fmt::Debug for Outgoing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Outgoing")
            .field("to", &self.to)
            .field("slot", &self.slot)
            .field("bytes", &self.payload.len())
            .finish()
    }
}

/// The chunks of a vector of `len` elements, in order; none for an empty vector.
pub(crate) fn chunks(len: usize, chunk_len: usize) -> impl Iterator<Item = (u32, Range<usize>)> {
    (0u32..)
        .zip((0..len).step_by(chunk_len))
        .map(move |(part, start)| (part, start..len.min(start + chunk_len)))
}

/// How many chunks a vector of `len` elements has.
pub(crate) fn chunk_count(len: usize, chunk_len: usize) -> usize {
    len.div_ceil(chunk_len)
}

/// The elements of chunk `part`; the part exists.
pub(crate) fn chunk_range(len: usize, chunk_len: usize, part: u32) -> Range<usize> {
    let start = part as usize * chunk_len;
    start..len.min(start + chunk_len)
}

/// The canonical encoding of elements that an iterator yields.
pub(crate) fn encode<F: PrimeField>(elements: impl ExactSizeIterator<Item = F>) -> Vec<u8> {
    let mut bytes = vec![0; elements.len() * F::BYTES];
    for (place, element) in bytes.chunks_exact_mut(F::BYTES).zip(elements) {
        element.put(place);
    }
    bytes
}

/// The elements of a payload whose length was checked: `Err` holds the index of the first that is
/// not canonical. The caller's `use_element` has then seen the elements before it.
pub(crate) fn decode_each<F: PrimeField>(
    payload: &[u8],
    mut use_element: impl FnMut(usize, F),
) -> Result<(), usize> {
    for (index, bytes) in payload.chunks_exact(F::BYTES).enumerate() {
        match F::read_from(bytes) {
            Some(element) => use_element(index, element),
            None => return Err(index),
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn chunks_cover_a_vector_once() {
        for len in [0, 1, 9, 10, 11, 20, 25] {
            let all: Vec<_> = chunks(len, 10).collect();
            assert_eq!(all.len(), chunk_count(len, 10));
            assert!(all.iter().flat_map(|(_, range)| range.clone()).eq(0..len));
            for (part, range) in all {
                assert_eq!(range, chunk_range(len, 10, part));
            }
        }
    }
}
