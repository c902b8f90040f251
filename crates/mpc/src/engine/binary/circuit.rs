//! The circuit of a comparison over bits (protocols F.11, S13): what one component of replicated
//! sharings contributes, 64 comparisons to a word.
//!
//! A number y of the field is a sum modulo p = 2^b - 1 of three integers from 0 to p, each known to a pair
//! of parties: number k to all but party k. Shared as bits, number k has its bits in component k and zeros
//! in the others.
//! 1. Carry-save: the sum of three numbers is that of the exclusive or of their bits, A, and of twice
//!    their majorities, B; doubling modulo p turns the b bits by one place. b gates, since
//!    maj(a, b, c) = ((a + c) (b + c)) + c.
//! 2. g = A B and p = A + B, bit by bit: b gates.
//! 3. Segments of neighbouring places are joined, (g, p) o (g', p') = (g + p g', p p') for the more and
//!    the less significant, until one is left: its g is the carry out of A + B, and modulo p the carry
//!    *into* bit 0. So bit 0 of y is p_0 + g. The least significant segment needs no p: for b = 61 that
//!    takes 114 gates.
//!
//! The result is the canonical y for every y but zero: A + B is at most 2p, and one carry brings it into 1
//! to p. For y = 0 it is p or, if A = B = 0, zero; that needs all three numbers to be zero, and two of
//! them never are: see [`super::numbers`]. So bit 0 of zero counts as 1, like that of the odd numbers.
//!
//! *Equal to one.* A + B = 1 modulo p exactly if A + B is 1 or p + 1 = 2^b, hence exactly if there are
//! carries c_i, turning around, with a_i + b_i + c_i = k_i + 2 c_{i+1}, where k is 1. At every place the
//! digit k_i fixes both: c_i = p_i + k_i, and c_{i+1} is a_i or b_i for k_i = 0, a_i and b_i for k_i = 1.
//! Comparing what two neighbours demand is linear in p and g, so that equality costs b - 1 gates:
//! that all places agree.

use zeroize::Zeroizing;

/// Layers of gates for numbers of so many bits, one round each: carry-save, generate, and the levels of a
/// tree over the places.
pub(crate) const fn layers(bits: usize) -> usize {
    2 + bits.next_power_of_two().trailing_zeros() as usize
}

/// Segments before a layer, which is a level of the tree.
const fn places(bits: usize, layer: usize) -> usize {
    bits.div_ceil(1 << (layer - 2))
}

/// What a comparison with zero tells.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Compare {
    /// `[x < 0]`.
    Less,
    /// `[x = 0]`.
    Equal,
    /// `[x < 0]`, and `[x = 0]`.
    LessAndEqual,
}

impl Compare {
    /// How many bits it tells.
    pub const fn results(self) -> usize {
        match self {
            Self::Less | Self::Equal => 1,
            Self::LessAndEqual => 2,
        }
    }

    pub(super) const fn less(self) -> bool {
        matches!(self, Self::Less | Self::LessAndEqual)
    }

    pub(super) const fn equal(self) -> bool {
        matches!(self, Self::Equal | Self::LessAndEqual)
    }

    /// Gates of a layer, for numbers of so many bits.
    pub(crate) const fn gates(self, bits: usize, layer: usize) -> usize {
        if layer < 2 {
            return bits;
        }
        let pairs = places(bits, layer) / 2;
        let mut gates = 0;
        if self.less() {
            gates += 2 * pairs - 1;
        }
        if self.equal() {
            gates += pairs;
        }
        gates
    }

    /// Gates of a comparison of numbers of so many bits.
    pub const fn all_gates(self, bits: usize) -> usize {
        let (mut sum, mut layer) = (0, 0);
        while layer < layers(bits) {
            sum += self.gates(bits, layer);
            layer += 1;
        }
        sum
    }
}

/// Words of one component, plane after plane: a plane holds one bit of each comparison.
pub(super) type Planes = Zeroizing<Vec<u64>>;

/// One component of everything that is shared in some comparisons.
pub(super) struct Component {
    /// Which: what all but this party know.
    number: u8,
    compare: Compare,
    /// Bits of a number.
    width: usize,
    /// Words of a plane.
    words: usize,
    /// Ones for the comparisons there are.
    ones: Planes,
    /// The bits of this component's number; then A, which has the same.
    bits: Planes,
    /// p and g by segment.
    propagate: Planes,
    generate: Planes,
    /// Where what places demand agrees, by segment.
    agree: Planes,
    /// p of place 0.
    lowest: Planes,
}

impl Component {
    /// `bits`: the planes of this component's number. There are comparisons.
    pub(super) fn new(number: u8, compare: Compare, ones: Planes, bits: Planes) -> Self {
        Self {
            number,
            compare,
            width: bits.len() / ones.len(),
            words: ones.len(),
            ones,
            bits,
            propagate: Planes::default(),
            generate: Planes::default(),
            agree: Planes::default(),
            lowest: Planes::default(),
        }
    }

    /// Writes the factors of a layer's gates, plane by plane.
    pub(super) fn factors(&self, layer: usize, x: &mut [u64], y: &mut [u64]) {
        let w = self.words;
        match layer {
            0 => {
                // The factors are a + c and b + c, of the numbers 1, 2 and 3.
                for (row, without) in [(x, 2), (y, 1)] {
                    if self.number == without {
                        row.fill(0);
                    } else {
                        row.copy_from_slice(&self.bits);
                    }
                }
            }
            1 => {
                x.copy_from_slice(&self.bits);
                // B, which `absorb` left there.
                y.copy_from_slice(&self.generate);
            }
            _ => {
                let pairs = places(self.width, layer) / 2;
                let mut gate = 0;
                let mut put = |left: &[u64], i: usize, right: &[u64], j: usize| {
                    x[gate * w..][..w].copy_from_slice(&left[i * w..][..w]);
                    y[gate * w..][..w].copy_from_slice(&right[j * w..][..w]);
                    gate += 1;
                };
                if self.compare.less() {
                    let (p, g) = (&self.propagate, &self.generate);
                    (0..pairs).for_each(|k| put(p, 2 * k + 1, g, 2 * k));
                    (1..pairs).for_each(|k| put(p, 2 * k + 1, p, 2 * k));
                }
                if self.compare.equal() {
                    (0..pairs).for_each(|k| put(&self.agree, 2 * k + 1, &self.agree, 2 * k));
                }
            }
        }
    }

    /// Takes the results of a layer's gates.
    pub(super) fn absorb(&mut self, layer: usize, z: &[u64]) {
        match layer {
            0 => self.take_majorities(z),
            1 => self.take_generated(z),
            _ => self.join(layer, z),
        }
    }

    /// The component of the results, in the order of [`Compare`].
    pub(super) fn results(&self) -> Vec<Planes> {
        let mut results = Vec::with_capacity(2);
        if self.compare.less() {
            // [x < 0] is the complement of bit 0 of y.
            let mut less = self.lowest.clone();
            add(&mut less, &self.generate[..self.words]);
            self.complement(&mut less);
            results.push(less);
        }
        if self.compare.equal() {
            results.push(Zeroizing::new(self.agree[..self.words].to_vec()));
        }
        results
    }

    /// B, turned by a place.
    fn take_majorities(&mut self, z: &[u64]) {
        let mut majorities = Zeroizing::new(z.to_vec());
        if self.number == 3 {
            add(&mut majorities, &self.bits);
        }
        majorities.rotate_right(self.words);
        self.generate = majorities;
    }

    fn take_generated(&mut self, z: &[u64]) {
        let mut propagate = std::mem::take(&mut self.bits);
        add(&mut propagate, &self.generate);
        self.lowest = Zeroizing::new(propagate[..self.words].to_vec());
        if self.compare.equal() {
            self.agree = self.agreements(&propagate, z);
        }
        self.propagate = propagate;
        self.generate = Zeroizing::new(z.to_vec());
    }

    /// Whether the carry that place i demands is the one that the place before gives.
    fn agreements(&self, propagate: &[u64], generate: &[u64]) -> Planes {
        let w = self.words;
        let mut agree = Zeroizing::new(propagate.to_vec());
        for place in 0..self.width {
            let before = (place + self.width - 1) % self.width;
            let plane = &mut agree[place * w..][..w];
            add(plane, &generate[before * w..][..w]);
            // a or b = p + g, except behind place 0, whose digit is 1: a and b = g.
            if before != 0 {
                add(plane, &propagate[before * w..][..w]);
            }
            // Equal bits have sum zero; place 0 demands p_0 + 1.
            if place != 0 {
                self.complement(plane);
            }
        }
        agree
    }

    fn join(&mut self, layer: usize, z: &[u64]) {
        let w = self.words;
        let places = places(self.width, layer);
        let pairs = places / 2;
        let mut rest = z;
        if self.compare.less() {
            let (carries, others) = rest.split_at(pairs * w);
            let (both, others) = others.split_at((pairs - 1) * w);
            rest = others;
            for k in 0..pairs {
                self.generate
                    .copy_within((2 * k + 1) * w..(2 * k + 2) * w, k * w);
                add(&mut self.generate[k * w..][..w], &carries[k * w..][..w]);
            }
            self.propagate[w..pairs * w].copy_from_slice(both);
            for planes in [&mut self.generate, &mut self.propagate] {
                move_up(planes, places, w);
            }
        }
        if self.compare.equal() {
            self.agree[..pairs * w].copy_from_slice(rest);
            move_up(&mut self.agree, places, w);
        }
    }

    /// Adds one, which is shared as a one in component 1.
    fn complement(&self, plane: &mut [u64]) {
        if self.number == 1 {
            add(plane, &self.ones);
        }
    }
}

/// A segment without a partner goes on as it is.
fn move_up(planes: &mut [u64], places: usize, words: usize) {
    if places % 2 == 1 {
        planes.copy_within((places - 1) * words..places * words, places / 2 * words);
    }
}

fn add(target: &mut [u64], other: &[u64]) {
    for (a, b) in target.iter_mut().zip(other) {
        *a ^= b;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn gates_are_as_many_as_the_specification_says() {
        assert_eq!(Compare::Less.all_gates(61), 61 + 61 + 114);
        assert_eq!(Compare::Equal.all_gates(61), 61 + 61 + 60);
        assert_eq!(Compare::LessAndEqual.all_gates(61), 61 + 61 + 114 + 60);
    }
}
