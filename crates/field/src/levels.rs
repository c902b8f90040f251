//! How many steps the verification of a batch takes, and how long each is (protocols C.2): public,
//! a function of the batch's length alone, and read by whoever runs it and whoever predicts its cost.

use crate::gf128::Gf128;

/// A claim of at most this length goes into the final, masked step.
pub const FINAL_LEN: usize = 32;

/// Blocks of the first level of a claim about bits. Products of bits are so cheap, and what is left of
/// them after a challenge so much longer than they are, that it pays to cut them into many.
const BIT_BLOCKS: usize = 32;

/// Words of bits in a pack, whose bits weight as the powers of X; see [`crate::binary`].
const PACK_WORDS: usize = 2;

/// The steps of a claim about vectors of `len` elements.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Levels {
    /// Blocks of each level, in order.
    pub blocks: Vec<usize>,
    /// Elements that are left for the final step, 1 to [`FINAL_LEN`].
    pub last_len: usize,
}

impl Levels {
    /// The steps for vectors of `len` elements.
    ///
    /// Long claims are cut into few blocks, because extrapolating many is what costs time; short
    /// ones into many, because rounds are.
    pub fn new(len: usize) -> Self {
        let mut blocks = Vec::new();
        let mut left = len.max(1);
        while left > FINAL_LEN {
            let count = match left {
                ..=1024 => 32,
                1025..=16_384 => 16,
                _ => 8,
            };
            blocks.push(count);
            left = left.div_ceil(count);
        }
        Self {
            blocks,
            last_len: left,
        }
    }

    /// The steps for vectors of so many words of 64 bits each. The first challenge leaves an element for
    /// each place of a block.
    pub fn of_bits(words: usize) -> Self {
        let left = Self::packs_of_block(words) * Gf128::BITS;
        let mut levels = Self::new(left);
        levels.blocks.insert(0, BIT_BLOCKS);
        levels
    }

    /// Packs of 128 bits that a block of the first level has, for vectors of so many words.
    pub fn packs_of_block(words: usize) -> usize {
        words.div_ceil(PACK_WORDS * BIT_BLOCKS).max(1)
    }

    /// Challenges drawn in all: the weights, one for each level, and the final one.
    pub fn coins(&self) -> usize {
        self.blocks.len() + 2
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_level_shortens_the_claim_to_its_end() {
        for len in (0..5000).chain([1 << 20, (1 << 20) + 1, 3 << 20, 1 << 24]) {
            let levels = Levels::new(len);
            let mut left = len.max(1);
            for blocks in &levels.blocks {
                assert!(left > FINAL_LEN);
                left = left.div_ceil(*blocks);
            }
            assert_eq!(left, levels.last_len);
            assert!((1..=FINAL_LEN).contains(&left));
        }
        assert_eq!(Levels::new(1 << 20).blocks, [8, 8, 16, 32]);
        assert_eq!(Levels::of_bits(0).blocks, [32, 32]);
        assert_eq!(Levels::of_bits(65).last_len, 8);
        assert_eq!(Levels::of_bits(1 << 18).blocks, [32, 8, 8, 16, 32]);
    }
}
