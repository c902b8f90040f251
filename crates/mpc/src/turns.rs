//! How a vector is cut when everybody deals random values for it, in committees too large for a seed for each
//! subset of t + 1 parties.

use std::ops::Range;

use enigma_field::Committee;

use crate::message::{chunk_count, chunk_range};

/// A vector in chunks. So many chunks in a row are a turn, for which every party deals as many values as a
/// chunk has: from the k-th values of all dealers come the k-th elements of all chunks of the turn.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Turns {
    len: usize,
    rows: usize,
    chunk_len: usize,
}

impl Turns {
    /// `rows` chunks in a turn, none longer than `most`: as few turns as there can be, and as even chunks.
    pub(crate) fn new(len: usize, rows: usize, most: usize) -> Self {
        let turns = len.div_ceil(rows * most).max(1);
        Self {
            len,
            rows,
            chunk_len: len.div_ceil(rows * turns).max(1),
        }
    }

    /// For values that are independent: t + 1 of what n parties deal.
    pub(crate) fn of_independent(committee: Committee, len: usize, most: usize) -> Self {
        Self::new(len, committee.degree() + 1, most)
    }

    /// Elements of the vector.
    pub(crate) fn len(&self) -> usize {
        self.len
    }

    /// Elements of every chunk but the last.
    pub(crate) fn chunk_len(&self) -> usize {
        self.chunk_len
    }

    /// How many chunks there are.
    pub(crate) fn parts(&self) -> usize {
        chunk_count(self.len, self.chunk_len)
    }

    /// Which chunk of its turn a chunk is, from 0.
    pub(crate) fn row(&self, part: u32) -> usize {
        part as usize % self.rows
    }

    /// The chunks of a turn.
    pub(crate) fn parts_of(&self, turn: u32) -> Range<u32> {
        let (rows, parts) = (self.rows as u32, self.parts() as u32);
        turn * rows..parts.min((turn + 1) * rows)
    }

    /// The elements of a chunk.
    pub(crate) fn range(&self, part: u32) -> Range<usize> {
        chunk_range(self.len, self.chunk_len, part)
    }

    /// How many values every party deals, in a chunk for each turn.
    pub(crate) fn dealt_len(&self) -> usize {
        let turn = self.rows * self.chunk_len;
        self.len / turn * self.chunk_len + (self.len % turn).min(self.chunk_len)
    }

    /// The dealt values that a chunk comes from.
    pub(crate) fn dealt_range(&self, part: u32) -> Range<usize> {
        let start = part as usize / self.rows * self.chunk_len;
        start..start + self.range(part).len()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_element_has_dealt_values_of_its_own_but_for_its_row() {
        for (len, rows, most) in [(0, 6, 4), (1, 6, 4), (7, 6, 4), (24, 6, 4), (100, 6, 4)] {
            let turns = Turns::new(len, rows, most);
            assert!(turns.chunk_len() <= most);
            let mut used = vec![vec![false; turns.dealt_len()]; rows];
            let mut covered = 0;
            for turn in 0..turns.parts().div_ceil(rows) as u32 {
                for part in turns.parts_of(turn) {
                    assert_eq!(turns.range(part).start, covered);
                    covered = turns.range(part).end;
                    for place in turns.dealt_range(part) {
                        let used = &mut used[turns.row(part)][place];
                        assert!(!std::mem::replace(used, true));
                    }
                }
            }
            assert_eq!(covered, len);
            // Nothing is dealt for nothing.
            assert!(used[0].iter().all(|used| *used));
        }
    }
}
