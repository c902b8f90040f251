//! Field elements from a seed: AES-128 in counter mode, addressed by what the elements are for.
//!
//! A stream's nonce is (operation, chunk, purpose, dealer) and its counter starts at zero, so
//! streams never overlap and the order in which operations run does not matter. The engine refuses
//! to use an operation number twice.

use aes::Aes128;
use aes::cipher::{Array, Block, InnerIvInit, KeyInit, StreamCipherCore};
use ctr::CtrCore;
use ctr::flavors::Ctr32BE;
use enigma_field::{Gf128, Party, PrimeField};
use zeroize::{Zeroize, ZeroizeOnDrop, Zeroizing};

use crate::keys::Seed;

const KEY_CONTEXT: &str = "enigma mpc v1: AES-128 key of a seed";

/// Elements made and used at a time, so that they stay in the nearest cache.
pub(crate) const TILE_LEN: usize = 512;
/// Numbers of 128 bits made and used at a time.
pub(crate) const TILE_BLOCKS: usize = TILE_LEN / 2;
/// A block of cipher output.
const BLOCK_BYTES: usize = 16;

/// What a stream's elements are for.
#[derive(Clone, Copy)]
pub(crate) enum Purpose {
    /// Points of the dealer's polynomials that dealer and receiver both derive.
    Deal(Party),
    /// Terms of a zero mask.
    Zero,
    /// Terms of a random value.
    Random,
    /// Terms of the random value behind a random bit.
    Bit,
    /// Public weights of a verification.
    Weight,
    /// A subset's permutation of a shuffle.
    Permutation,
    /// Terms of zero masks of bits, of this layer of gates.
    ZeroBits(u8),
    /// Terms of the random value that hides a product from its king.
    Hiding,
    /// Terms of a random integer in a range.
    Bounded,
    /// Salts of a frame's pieces, at this step of its operation.
    Salt(u8),
    /// As [`Self::Deal`], of random values; and these values, from the dealer's own generator.
    DealRandom(Party),
}

impl Purpose {
    fn code(self) -> [u8; 2] {
        match self {
            Self::Deal(dealer) => [1, dealer.number()],
            Self::Zero => [2, 0],
            Self::Random => [3, 0],
            Self::Bit => [4, 0],
            Self::Weight => [5, 0],
            Self::Permutation => [8, 0],
            Self::ZeroBits(layer) => [6, layer],
            Self::Hiding => [7, 0],
            Self::Bounded => [9, 0],
            Self::Salt(step) => [10, step],
            Self::DealRandom(dealer) => [11, dealer.number()],
        }
    }
}

/// A keyed generator.
pub(crate) struct Prg {
    // Zeroised on drop by the cipher's own feature.
    cipher: Aes128,
}

impl Prg {
    pub(crate) fn new(seed: &Seed) -> Self {
        let key = Zeroizing::new(blake3::derive_key(KEY_CONTEXT, &seed[..]));
        let key = key.first_chunk::<16>().expect("a hash has 32 bytes");
        Self {
            cipher: Aes128::new(key.into()),
        }
    }

    /// The stream of chunk `part` of operation `op`.
    pub(crate) fn stream(&self, purpose: Purpose, op: u32, part: u32) -> Stream<'_> {
        let mut nonce = [0; 16];
        nonce[0..4].copy_from_slice(&op.to_le_bytes());
        nonce[4..8].copy_from_slice(&part.to_le_bytes());
        nonce[8..10].copy_from_slice(&purpose.code());
        // The last four bytes count blocks; a vector has fewer than 2^32 elements.
        Stream(CtrCore::inner_iv_init(&self.cipher, &nonce.into()))
    }
}

/// A stream of elements.
pub(crate) struct Stream<'a>(CtrCore<&'a Aes128, Ctr32BE>);

impl Stream<'_> {
    /// The stream's next elements, at most [`TILE_LEN`]; after an odd number the stream is over.
    pub(crate) fn fill<F: PrimeField>(&mut self, buffer: &mut Keystream, out: &mut [F]) {
        let words = self.words::<F>(buffer, out.len());
        F::from_words(words, out);
    }

    /// The words behind the stream's next elements; `len` as for [`Self::fill`].
    pub(crate) fn words<'b, F: PrimeField>(
        &mut self,
        buffer: &'b mut Keystream,
        len: usize,
    ) -> &'b [u8] {
        let bytes = 8 * F::WORDS * len;
        let blocks = &mut buffer.0[..bytes.div_ceil(BLOCK_BYTES)];
        self.0.write_keystream_blocks(blocks);
        &Array::slice_as_flattened(blocks)[..bytes]
    }

    /// The stream's next whole blocks, at most half a tile of them.
    pub(crate) fn blocks<'b>(&mut self, buffer: &'b mut Keystream, count: usize) -> &'b [u8] {
        let blocks = &mut buffer.0[..count];
        self.0.write_keystream_blocks(blocks);
        Array::slice_as_flattened(blocks)
    }

    /// The stream's next numbers of 128 bits, at most half a tile of them.
    pub(crate) fn numbers<'a>(
        &mut self,
        buffer: &'a mut Keystream,
        count: usize,
    ) -> impl Iterator<Item = u128> + 'a {
        let blocks = &mut buffer.0[..count];
        self.0.write_keystream_blocks(blocks);
        blocks.iter().map(|block| u128::from_le_bytes(block.0))
    }
}

impl Stream<'_> {
    /// The stream's next words, at most [`TILE_LEN`]; after an odd number the stream is over.
    pub(crate) fn fill_words(&mut self, buffer: &mut Keystream, out: &mut [u64]) {
        let blocks = &mut buffer.0[..out.len().div_ceil(2)];
        self.0.write_keystream_blocks(blocks);
        for (pair, block) in out.chunks_mut(2).zip(&*blocks) {
            let words = u128::from_le_bytes(block.0);
            let words = [words as u64, (words >> 64) as u64];
            pair.copy_from_slice(&words[..pair.len()]);
        }
    }

    /// The stream's next elements of the field of 2^128, a block each, at most half [`TILE_LEN`].
    pub(crate) fn fill_binary(&mut self, buffer: &mut Keystream, out: &mut [Gf128]) {
        let blocks = &mut buffer.0[..out.len()];
        self.0.write_keystream_blocks(blocks);
        for (element, block) in out.iter_mut().zip(&*blocks) {
            *element = Gf128::from_bytes(block.0);
        }
    }
}

/// Space for raw cipher output, reused.
pub(crate) struct Keystream(Vec<Block<Aes128>>);

impl Keystream {
    pub(crate) fn new() -> Self {
        // Of the larger field every element takes a block.
        Self(vec![Block::<Aes128>::default(); TILE_LEN])
    }
}

impl Zeroize for Keystream {
    fn zeroize(&mut self) {
        for block in &mut self.0 {
            block.as_mut_slice().zeroize();
        }
    }
}

impl Drop for Keystream {
    fn drop(&mut self) {
        self.zeroize();
    }
}

impl ZeroizeOnDrop for Keystream {}

#[cfg(test)]
mod tests {
    use enigma_field::M61;

    use super::*;

    fn elements(seed: u8, purpose: Purpose, op: u32, part: u32, lens: &[usize]) -> Vec<M61> {
        let prg = Prg::new(&Zeroizing::new([seed; 32]));
        let mut stream = prg.stream(purpose, op, part);
        let mut buffer = Keystream::new();
        let mut all = Vec::new();
        for len in lens {
            let mut out = vec![M61::ZERO; *len];
            stream.fill(&mut buffer, &mut out);
            all.extend(out);
        }
        all
    }

    #[test]
    fn a_stream_does_not_depend_on_how_it_is_read() {
        let whole = elements(1, Purpose::Zero, 7, 3, &[511]);
        assert_eq!(whole, elements(1, Purpose::Zero, 7, 3, &[2, 100, 408, 1]));
    }

    #[test]
    fn streams_are_told_apart_by_each_part_of_their_address() {
        let party = |number| Party::new(number).expect("a party");
        let first = |seed, purpose, op, part| elements(seed, purpose, op, part, &[4]);
        let all = [
            first(1, Purpose::Zero, 0, 0),
            first(2, Purpose::Zero, 0, 0),
            first(1, Purpose::Zero, 1, 0),
            first(1, Purpose::Zero, 0, 1),
            first(1, Purpose::Random, 0, 0),
            first(1, Purpose::Bit, 0, 0),
            first(1, Purpose::Permutation, 0, 0),
            first(1, Purpose::Hiding, 0, 0),
            first(1, Purpose::Bounded, 0, 0),
            first(1, Purpose::Deal(party(1)), 0, 0),
            first(1, Purpose::Deal(party(2)), 0, 0),
            first(1, Purpose::DealRandom(party(1)), 0, 0),
            first(1, Purpose::DealRandom(party(2)), 0, 0),
            first(1, Purpose::ZeroBits(0), 0, 0),
            first(1, Purpose::ZeroBits(1), 0, 0),
            first(1, Purpose::Salt(0), 0, 0),
            first(1, Purpose::Salt(1), 0, 0),
        ];
        for (k, one) in all.iter().enumerate() {
            assert!(all[..k].iter().all(|other| other != one));
        }
    }

    #[test]
    fn the_generator_is_pinned() {
        // From `openssl enc -aes-128-ecb -nopad -K e91def0bcde481ddbdb68f20624165da` (the first 16
        // bytes of BLAKE3's derive_key over 32 bytes of 1) of 07000000 03000000 0200 000000000000,
        // each half cut to 61 bits.
        let pinned: Vec<u64> = elements(1, Purpose::Zero, 7, 3, &[2])
            .iter()
            .map(|element| element.value())
            .collect();
        assert_eq!(pinned, [1_806_515_388_431_719_180, 57_791_902_723_007_702]);
    }
}
