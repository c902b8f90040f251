//! The pairs i < j of a set of rows, numbered in row order: (0,1), (0,2), ..., (1,2), ...

use std::ops::Range;

/// A run of pairs (i, j) of a tile that share i.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Run {
    /// The row they share.
    pub(crate) i: usize,
    /// The rows it meets.
    pub(crate) j: Range<usize>,
    /// Their places in the tile.
    pub(crate) places: Range<usize>,
}

/// The runs of a tile of `len` pairs from the pair numbered `first` on, among `rows` rows.
pub(crate) fn runs(rows: usize, first: u64, len: usize) -> impl Iterator<Item = Run> {
    let mut i = 0;
    let mut skipped = first as usize;
    while i + 1 < rows && skipped >= rows - 1 - i {
        skipped -= rows - 1 - i;
        i += 1;
    }
    let mut place = 0;
    std::iter::from_fn(move || {
        if place == len || i + 1 >= rows {
            return None;
        }
        let start = i + 1 + skipped;
        let count = (rows - start).min(len - place);
        let run = Run {
            i,
            j: start..start + count,
            places: place..place + count,
        };
        place += count;
        i += 1;
        skipped = 0;
        Some(run)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_tiling_visits_every_pair_once_in_order() {
        for rows in 0..9usize {
            let all: Vec<_> = (0..rows)
                .flat_map(|i| (i + 1..rows).map(move |j| (i, j)))
                .collect();
            for tile in 1..=all.len().max(1) {
                let mut seen = Vec::new();
                for first in (0..all.len()).step_by(tile) {
                    let len = tile.min(all.len() - first);
                    let mut place = 0;
                    for run in runs(rows, first as u64, len) {
                        assert_eq!(run.places, place..place + run.j.len());
                        place = run.places.end;
                        seen.extend(run.j.map(|j| (run.i, j)));
                    }
                    assert_eq!(place, len);
                }
                assert_eq!(seen, all);
            }
        }
    }
}
