//! Permutations that the members of a subset draw from their common seed.

use zeroize::Zeroizing;

use crate::prg::{Keystream, Prg, Purpose, TILE_BLOCKS};

/// Where the rows of a phase's result come from. Secret; as its drawing and its use go through memory
/// in its order, whoever can watch a member's memory accesses learns it.
pub(super) struct Permutation(Zeroizing<Vec<u32>>);

impl Permutation {
    /// The permutation of `rows` rows for operation `op` (Fisher-Yates). Each number below m is drawn
    /// as the upper part of m times a number of 128 bits, so that all of them together are within
    /// rows^2 / 2^129 of uniform: 2^-89 for 2^20 rows.
    pub(super) fn draw(prg: &Prg, op: u32, rows: usize, keystream: &mut Keystream) -> Self {
        let rows = u32::try_from(rows).expect("the engine refuses more");
        let mut places: Zeroizing<Vec<u32>> = Zeroizing::new((0..rows).collect());
        let mut stream = prg.stream(Purpose::Permutation, op, 0);
        let mut last = places.len();
        while last > 1 {
            for number in stream.numbers(keystream, TILE_BLOCKS.min(last - 1)) {
                places.swap(last - 1, below(number, last));
                last -= 1;
            }
        }
        Self(places)
    }

    /// What puts everything back.
    pub(super) fn inverse(&self) -> Self {
        let mut inverse = Zeroizing::new(vec![0; self.0.len()]);
        for (place, row) in (0u32..).zip(self.0.iter()) {
            inverse[*row as usize] = place;
        }
        Self(inverse)
    }

    /// By row of the result: the row that comes there.
    pub(super) fn rows(&self) -> impl Iterator<Item = usize> + '_ {
        self.0.iter().map(|row| *row as usize)
    }
}

/// `bound * number / 2^128`, rounded down.
fn below(number: u128, bound: usize) -> usize {
    let bound = bound as u128;
    let (high, low) = (number >> 64, number & u128::from(u64::MAX));
    ((high * bound + ((low * bound) >> 64)) >> 64) as usize
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;

    fn drawn(seed: u32, op: u32, rows: usize) -> Permutation {
        let mut key = [0; 32];
        key[..4].copy_from_slice(&seed.to_le_bytes());
        let prg = Prg::new(&Zeroizing::new(key));
        Permutation::draw(&prg, op, rows, &mut Keystream::new())
    }

    #[test]
    fn every_row_comes_once_and_the_inverse_puts_it_back() {
        for rows in [
            0,
            1,
            2,
            3,
            TILE_BLOCKS,
            TILE_BLOCKS + 1,
            2 * TILE_BLOCKS + 2,
        ] {
            let permutation = drawn(1, 2, rows);
            let mut seen: Vec<usize> = permutation.rows().collect();
            let inverse: Vec<usize> = permutation.inverse().rows().collect();
            assert!((0..rows).all(|place| inverse[seen[place]] == place));
            seen.sort_unstable();
            assert!(seen.into_iter().eq(0..rows));
        }
    }

    #[test]
    fn numbers_below_a_bound_are_the_upper_parts() {
        assert_eq!(below(0, 7), 0);
        assert_eq!(below(u128::MAX, 7), 6);
        assert_eq!(below(1 << 127, 1000), 500);
        assert_eq!(below((1 << 127) - 1, 1000), 499);
        // A third of 2^128, from below and from above.
        assert_eq!(below(u128::MAX / 3, 3), 0);
        assert_eq!(below(u128::MAX / 3 + 1, 3), 1);
    }

    #[test]
    fn all_permutations_of_four_rows_come_equally_often() {
        let draws = 24_000u32;
        let mut counts: BTreeMap<Vec<usize>, u32> = BTreeMap::new();
        for draw in 0..draws {
            // Over seeds and over operations.
            let rows = drawn(draw / 100, draw % 100, 4).rows().collect();
            *counts.entry(rows).or_default() += 1;
        }
        assert_eq!(counts.len(), 24);
        let expected = f64::from(draws) / 24.0;
        let chi: f64 = (counts.values())
            .map(|count| (f64::from(*count) - expected).powi(2) / expected)
            .sum();
        // 23 degrees of freedom: above 58.6 with probability below 2^-14.
        assert!(chi < 58.6, "chi-square {chi}");
    }
}
