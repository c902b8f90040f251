//! The bits of a shared value, found below a mask (protocols F.6, S17, S18).
//!
//! For a shared x in [0, p), with r the integer of b shared random bits (b is 61 over
//! 2^61 - 1, to which all figures here belong, and 127 over 2^127 - 1), the committee opens
//! c = x + r mod p: a full opening (R4), under a mask of a batch that was verified before (R1); x need
//! not be verified, because the mask is uniform (R3). With w = `[c < r]`, which tells whether the sum
//! wrapped around p, x = c - r + w p = c - r - w + 2^61 w. So the bits of x are those of c - r - w
//! modulo 2^61: a subtraction of 61-bit integers whose borrow into the lowest bit is the borrow out of
//! the highest. That holds for every r from 0 to 2^61 - 1, also for r = p; nothing here errs.
//!
//! **Borrows** come from a look-ahead tree (Brent, Kung, "A regular layout for parallel adders", 1982)
//! over the 31 digits of [`super::compare`]. Going up, neighbours are joined as in a comparison; the
//! root says w. Going down, the borrow into a segment is the borrow into its lower half, and `less +
//! equal * borrow` of the lower half is the borrow into its upper half. Only segments above wanted
//! digits are visited. A scan that carries (less, equal) of all prefixes (Sklansky) would take 4 rounds
//! less and, for all 61 bits, 241 products in place of 150; traffic is what a committee lacks first.
//!
//! Per value: 61 random bits, 1 full opening, 30 one-hots; going up 55 + e products, where e is the
//! number of the top bit of the highest digit wanted (0 for digit 0); going down one product for each
//! segment visited that is an upper half. Rounds: 2 for the bits, 1 one-hots, their verification, then
//! 1 opening, 5 up, 1 for each level on which an upper half is visited.

use std::collections::BTreeMap;

use enigma_field::PrimeField;

use super::build::Builder;
pub(super) use super::compare::{DigitMasks as Masks, digit_masks as masks};
use super::compare::{Layout, Segments};
use super::error::PlanError;
use super::ir::{Local, Pub, View};

/// Values opened under masks, and the tree of their borrows.
pub(super) struct Hidden {
    layout: Layout,
    n: u32,
    opened: Pub,
    bits: View,
    /// From the digits to the root.
    levels: Vec<Segments>,
}

impl Hidden {
    /// Opens `x`, each element in [0, p), and goes up the tree. `highest`: the highest digit into which
    /// a borrow will be asked for.
    pub(super) fn open<F: PrimeField>(
        b: &mut Builder<F>,
        x: View,
        masks: Masks,
        highest: u32,
    ) -> Result<Hidden, PlanError> {
        let (n, layout) = (x.len, Layout::of::<F>());
        let opened = b.open_masked(x, masks.mask)?;
        let less = b.register(layout.digits() * n);
        let equal = b.register(layout.digits() * n);
        b.local(Local::DigitLeaves {
            less,
            equal,
            bits: masks.bits,
            both: masks.both,
            opened,
        });
        let mut levels = vec![Segments::digits(
            b.view(less),
            b.view(equal),
            layout.digits(),
        )];
        // Whether the lowest segment of a level is equal matters if its neighbour is visited.
        let edge = highest.checked_ilog2().unwrap_or(0);
        for level in 1..=layout.levels() {
            let skip = u32::from(level > edge);
            let below = &levels[level as usize - 1];
            levels.push(below.join(b, n, skip)?);
        }
        Ok(Hidden {
            layout,
            n,
            opened,
            bits: masks.bits,
            levels,
        })
    }

    /// [c < r]: the borrow into the lowest bit.
    pub(super) fn wrapped(&self) -> View {
        self.levels[self.layout.levels() as usize].less
    }

    /// The borrows into the wanted digits, none of them above `highest` of [`Hidden::open`].
    pub(super) fn borrows<F: PrimeField>(
        &self,
        b: &mut Builder<F>,
        wanted: &[u32],
    ) -> Result<BTreeMap<u32, View>, PlanError> {
        let mut into = BTreeMap::from([(0, self.wrapped())]);
        for level in (0..self.layout.levels()).rev() {
            let visited = |index: u32| wanted.iter().any(|digit| digit >> level == index);
            let mut next = BTreeMap::new();
            let mut upper = Vec::new();
            for (&parent, &borrow) in &into {
                let low = 2 * parent;
                if visited(low) {
                    next.insert(low, borrow);
                }
                if visited(low + 1) {
                    upper.push((low, borrow));
                }
            }
            if !upper.is_empty() {
                let factors: Vec<_> = upper
                    .iter()
                    .map(|&(low, borrow)| (self.equal(level, low), borrow))
                    .collect();
                let passed = b.multiply(&factors)?;
                let less: Vec<_> = upper
                    .iter()
                    .map(|&(low, _)| self.less(level, low))
                    .collect();
                let less = b.concat(&less);
                let borrows = b.linear(&[(F::ONE, less), (F::ONE, passed)], F::ZERO);
                for (place, (low, _)) in (0..).zip(upper) {
                    next.insert(low + 1, borrows.part(place * self.n, self.n));
                }
            }
            into = next;
        }
        Ok(into)
    }

    /// The bits of c xor those of r, one block for each exponent.
    pub(super) fn differing<F: PrimeField>(&self, b: &mut Builder<F>, exponents: &[u32]) -> View {
        let (zero, one) = (F::ZERO, F::ONE);
        self.by_bit(b, exponents, [(one, zero), (-one, one)])
    }

    /// (1 - bit of c) times bit of r, one block for each exponent: whether r's bit alone borrows.
    pub(super) fn generating<F: PrimeField>(&self, b: &mut Builder<F>, exponents: &[u32]) -> View {
        let (zero, one) = (F::ZERO, F::ONE);
        self.by_bit(b, exponents, [(one, zero), (zero, zero)])
    }

    /// `(c mod 2^f) - (r mod 2^f)`, an integer.
    pub(super) fn low_difference<F: PrimeField>(&self, b: &mut Builder<F>, f: u32) -> View {
        let dst = b.register(self.n);
        b.local(Local::OpenedLow {
            dst,
            opened: self.opened,
            bits: f,
        });
        let weight = |exponent: u32| {
            if exponent < f {
                F::from_i128(1 << exponent)
            } else {
                F::ZERO
            }
        };
        let low = b.fold(
            self.bits,
            self.layout.exponents().into_iter().map(weight).collect(),
        );
        let opened = b.view(dst);
        b.linear(&[(F::ONE, opened), (-F::ONE, low)], F::ZERO)
    }

    fn by_bit<F: PrimeField>(
        &self,
        b: &mut Builder<F>,
        exponents: &[u32],
        affine: [(F, F); 2],
    ) -> View {
        let blocks: Vec<_> = exponents.iter().map(|&e| self.bit(e)).collect();
        let src = b.concat(&blocks);
        let dst = b.register(src.len);
        b.local(Local::ByOpenedBit {
            dst,
            src,
            opened: self.opened,
            shifts: exponents.to_vec(),
            affine,
        });
        b.view(dst)
    }

    /// The block of a bit of the masks.
    fn bit(&self, exponent: u32) -> View {
        let block = self.layout.exponents().iter().position(|&e| e == exponent);
        let block = block.expect("a mask has this bit") as u32;
        self.bits.part(block * self.n, self.n)
    }

    fn less(&self, level: u32, index: u32) -> View {
        let segments = &self.levels[level as usize];
        segments
            .less
            .part(self.place(level, index) * self.n, self.n)
    }

    fn equal(&self, level: u32, index: u32) -> View {
        let segments = &self.levels[level as usize];
        let place = self.place(level, index) - segments.first;
        segments.equal.part(place * self.n, self.n)
    }

    fn place(&self, level: u32, index: u32) -> u32 {
        place(self.layout, level, index)
    }
}

/// Where the segment of 2^level digits from digit index * 2^level on lies among those of its level.
const fn place(layout: Layout, level: u32, index: u32) -> u32 {
    index.reverse_bits() >> (u32::BITS - (layout.levels() - level))
}

#[cfg(test)]
mod tests {
    use enigma_field::{M61, M127};

    use super::*;

    #[test]
    fn places_are_those_of_the_digits() {
        for layout in [Layout::of::<M61>(), Layout::of::<M127>()] {
            for at in 0..layout.digits() {
                assert_eq!(place(layout, 0, layout.digit_at(at)), at);
            }
            // Joining places k and k + half gives place k: the neighbours 2i and 2i + 1 give i.
            for level in 1..layout.levels() {
                for index in 0..1 << (layout.levels() - level) {
                    let half = 1 << (layout.levels() - level);
                    let at = place(layout, level, index);
                    assert_eq!(place(layout, level - 1, 2 * index), at);
                    assert_eq!(place(layout, level - 1, 2 * index + 1), at + half);
                }
            }
        }
    }
}
