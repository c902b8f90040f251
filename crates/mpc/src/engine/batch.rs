//! What a batch claims: the products of its operations, kept until they are verified (protocols C).
//!
//! Inputs and results are kept by reference, so that a log costs no copies. The order of operations
//! in a claim is the order of their numbers, the same for every party.

use std::collections::BTreeMap;

use enigma_field::{Gf128, PrimeField};
use zeroize::Zeroizing;

use super::binary::gates::{BitClaim, Gates};
use super::context::Scratch;
use super::shuffle::Shuffled;
use crate::prg::{Keystream, Prg, Purpose, TILE_LEN};
use crate::wires::{Sources, Wires};

/// Operations whose results have not been verified yet.
#[derive(Default)]
pub(super) struct Batch<F: PrimeField> {
    /// Operations that were started and have not finished.
    pub(super) running: usize,
    /// All batches that the results depend on.
    pub(super) sources: Sources,
    /// Whether gates of bits belong to it: these and products of elements are verified apart.
    pub(super) of_bits: bool,
    entries: BTreeMap<u32, Entry<F>>,
    gates: BTreeMap<u32, Gates>,
}

/// Two vectors of one length.
type Pair<F> = (Wires<F>, Wires<F>);

/// What an operation multiplied, without its result.
pub(super) enum Factors<F: PrimeField> {
    /// The left vectors, one after the other, with the right ones.
    Products(Vec<(Wires<F>, Wires<F>)>),
    /// Inner products of consecutive runs of `width` elements.
    Dots {
        x: Wires<F>,
        y: Wires<F>,
        width: usize,
    },
    /// The product of two matrices, by rows.
    Matrices {
        x: Wires<F>,
        y: Wires<F>,
        shape: Shape,
    },
    /// Values with one.
    Same(Wires<F>),
}

/// The shape of a matrix product: `rows` times `inner` by `inner` times `columns`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Shape {
    /// Rows of the left matrix and of the result.
    pub rows: usize,
    /// Columns of the left matrix, rows of the right one.
    pub inner: usize,
    /// Columns of the right matrix and of the result.
    pub columns: usize,
}

/// One operation's claim.
pub(super) enum Entry<F: PrimeField> {
    /// Products and their results.
    Products(Factors<F>, Wires<F>),
    /// Bits: for each b, (2 b - 1)^2 = 1. With the digest of what was opened to make them.
    Bits(Wires<F>, blake3::Hash),
    /// The phases of a shuffle.
    Shuffle(Shuffled<F>),
}

/// The claim <x, y> = z of a batch under its weights; x, y and z are shares.
pub(super) struct Claim<F: PrimeField> {
    pub(super) x: Zeroizing<Vec<F>>,
    pub(super) y: Zeroizing<Vec<F>>,
    pub(super) z: F,
}

impl<F: PrimeField> Batch<F> {
    pub(super) fn log(&mut self, op: u32, entry: Entry<F>) {
        self.running -= 1;
        self.sources.join(entry.results().sources());
        self.entries.insert(op, entry);
    }

    /// The same of gates, from which results came.
    pub(super) fn log_gates(&mut self, op: u32, gates: Gates, results: &Sources) {
        self.running -= 1;
        self.sources.join(results);
        self.gates.insert(op, gates);
    }

    /// The numbers of its operations.
    pub(super) fn operations(&self) -> impl Iterator<Item = u32> {
        self.entries.keys().chain(self.gates.keys()).copied()
    }

    /// Words of 64 gates.
    pub(super) fn gate_words(&self) -> usize {
        self.gates.values().map(Gates::words).sum()
    }

    /// Combines all gates with weights from `prg`.
    pub(super) fn bit_claim(
        self,
        prg: &Prg,
        keystream: &mut Keystream,
        shares: [Gf128; 2],
    ) -> BitClaim {
        BitClaim::new(self.gates, prg, keystream, shares)
    }

    /// Elements of the claim's vectors.
    pub(super) fn len(&self) -> usize {
        self.entries.values().map(Entry::len).sum()
    }

    /// A digest of everything opened for the batch on the word of one party.
    pub(super) fn openings(&self) -> blake3::Hash {
        let mut hasher = blake3::Hasher::new_derive_key("enigma mpc v1: openings of a batch");
        for (op, entry) in &self.entries {
            if let Entry::Bits(_, digest) = entry {
                hasher.update(&op.to_le_bytes()).update(digest.as_bytes());
            }
        }
        hasher.finalize()
    }

    /// Combines all products with weights from `prg`, one for each result.
    pub(super) fn claim(self, prg: &Prg, scratch: &mut Scratch<F>) -> Claim<F> {
        // All elements fit from the start: a vector that grows would leave shares behind.
        let len = self.len().max(1);
        let mut claim = Claim {
            x: Zeroizing::new(Vec::with_capacity(len)),
            y: Zeroizing::new(Vec::with_capacity(len)),
            z: F::ZERO,
        };
        for (op, entry) in &self.entries {
            if let Entry::Shuffle(shuffled) = entry {
                claim.add_shuffle(shuffled, prg, *op, scratch);
                continue;
            }
            let weights = Weights::new(prg, *op, 0, scratch);
            match entry {
                Entry::Products(Factors::Products(factors), z) => {
                    claim.add_products(factors, z, weights);
                }
                Entry::Products(Factors::Dots { x, y, width }, z) => {
                    claim.add_dots(x, y, *width, z, weights);
                }
                Entry::Products(Factors::Matrices { x, y, shape }, z) => {
                    claim.add_matrices(x, y, *shape, z, weights);
                }
                Entry::Products(Factors::Same(x), z) => claim.add_same(x, z, weights),
                Entry::Bits(bits, _) => claim.add_bits(bits, weights),
                Entry::Shuffle(_) => {}
            }
        }
        // A batch of no elements is verified as 0 * 0 = 0, so that its steps are like any other's.
        if claim.x.is_empty() {
            claim.x.push(F::ZERO);
            claim.y.push(F::ZERO);
        }
        claim
    }
}

impl<F: PrimeField> Claim<F> {
    fn add_products(
        &mut self,
        factors: &[(Wires<F>, Wires<F>)],
        z: &[F],
        mut weights: Weights<'_, F>,
    ) {
        let start = self.x.len();
        for (left, right) in factors {
            self.x.extend_from_slice(left);
            self.y.extend_from_slice(right);
        }
        let tiles = self.x[start..].chunks_mut(TILE_LEN);
        for (x, z) in tiles.zip(z.chunks(TILE_LEN)) {
            let weights = weights.next(x.len());
            F::multiply_each(x, weights);
            self.z += F::dot(weights, z);
        }
    }

    fn add_dots(&mut self, x: &[F], y: &[F], width: usize, z: &[F], mut weights: Weights<'_, F>) {
        self.y.extend_from_slice(y);
        for (x, z) in x.chunks(width * TILE_LEN).zip(z.chunks(TILE_LEN)) {
            let weights = weights.next(z.len());
            self.z += F::dot(weights, z);
            for (run, weight) in x.chunks(width).zip(weights) {
                self.x.extend(run.iter().map(|x| *weight * *x));
            }
        }
    }

    /// Freivalds' check: with u and v random, u (A B) v = (u A) (B v) is one inner product as long as
    /// the inner side, and false for a wrong product but with probability about 2/p.
    fn add_matrices(
        &mut self,
        x: &[F],
        y: &[F],
        shape: Shape,
        z: &[F],
        mut weights: Weights<'_, F>,
    ) {
        let Shape {
            rows,
            inner,
            columns,
        } = shape;
        if rows == 0 || inner == 0 || columns == 0 {
            return;
        }
        let (u, v) = (weights.many(rows), weights.many(columns));
        let start = self.x.len();
        self.x.resize(start + inner, F::ZERO);
        for (row, weight) in x.chunks(inner).zip(&u) {
            F::add_scaled_each(&mut self.x[start..], *weight, row);
        }
        self.y.extend(y.chunks(columns).map(|row| F::dot(row, &v)));
        for (row, weight) in z.chunks(columns).zip(&u) {
            self.z += *weight * F::dot(row, &v);
        }
    }

    /// With one factor public the claim is linear and needs one element only.
    fn add_same(&mut self, x: &[F], z: &[F], mut weights: Weights<'_, F>) {
        let mut sum = F::ZERO;
        for (x, z) in x.chunks(TILE_LEN).zip(z.chunks(TILE_LEN)) {
            let weights = weights.next(x.len());
            sum += F::dot(weights, x);
            self.z += F::dot(weights, z);
        }
        self.x.push(sum);
        self.y.push(F::ONE);
    }

    fn add_bits(&mut self, bits: &[F], mut weights: Weights<'_, F>) {
        for bits in bits.chunks(TILE_LEN) {
            let weights = weights.next(bits.len());
            let signs = bits.iter().map(|bit| *bit + *bit - F::ONE);
            self.y.extend(signs.clone());
            self.x
                .extend(signs.zip(&*weights).map(|(sign, w)| sign * *w));
            self.z += weights.iter().copied().sum();
        }
    }
}

impl Shape {
    /// Elements of the left matrix, the right one, and the result.
    pub(super) fn sizes(self) -> [usize; 3] {
        [
            self.rows * self.inner,
            self.inner * self.columns,
            self.rows * self.columns,
        ]
    }

    /// Elements of the claim that verifies the product.
    pub fn claim_len(self) -> usize {
        if self.rows == 0 || self.columns == 0 {
            0
        } else {
            self.inner
        }
    }
}

impl<F: PrimeField> Factors<F> {
    /// Results.
    pub(super) fn results(&self) -> usize {
        match self {
            Self::Products(factors) => factors.iter().map(|(left, _)| left.len()).sum(),
            Self::Dots { x, width, .. } => x.len() / width,
            Self::Matrices { shape, .. } => shape.rows * shape.columns,
            Self::Same(values) => values.len(),
        }
    }

    /// All wires that the results depend on.
    pub(super) fn wires(&self) -> impl Iterator<Item = &Wires<F>> {
        let none: &[Pair<F>] = &[];
        let (pairs, single) = match self {
            Self::Products(factors) => (factors.as_slice(), [None, None]),
            Self::Dots { x, y, .. } | Self::Matrices { x, y, .. } => (none, [Some(x), Some(y)]),
            Self::Same(values) => (none, [Some(values), None]),
        };
        let pairs = pairs.iter().flat_map(|(left, right)| [left, right]);
        pairs.chain(single.into_iter().flatten())
    }
}

impl<F: PrimeField> Entry<F> {
    fn len(&self) -> usize {
        match self {
            Self::Products(Factors::Products(factors), _) => {
                factors.iter().map(|(left, _)| left.len()).sum()
            }
            Self::Products(Factors::Dots { x, .. }, _) => x.len(),
            Self::Products(Factors::Matrices { shape, .. }, _) => shape.claim_len(),
            Self::Products(Factors::Same(_), _) => 1,
            Self::Bits(bits, _) => bits.len(),
            Self::Shuffle(shuffled) => shuffled.claim_len(),
        }
    }

    fn results(&self) -> &Wires<F> {
        match self {
            Self::Products(_, results) | Self::Bits(results, _) => results,
            Self::Shuffle(shuffled) => shuffled.result(),
        }
    }
}

/// The weights of one operation's results, or of one part of them.
pub(super) struct Weights<'a, F: PrimeField> {
    stream: crate::prg::Stream<'a>,
    scratch: &'a mut Scratch<F>,
}

impl<'a, F: PrimeField> Weights<'a, F> {
    pub(super) fn new(prg: &'a Prg, op: u32, part: u32, scratch: &'a mut Scratch<F>) -> Self {
        let stream = prg.stream(Purpose::Weight, op, part);
        Self { stream, scratch }
    }

    /// The next `len` weights, however many, copied; none after an odd number.
    pub(super) fn many(&mut self, len: usize) -> Vec<F> {
        // Whole blocks of the stream, so that more can follow.
        let mut all = vec![F::ZERO; len.next_multiple_of(2)];
        for tile in all.chunks_mut(TILE_LEN) {
            let len = tile.len();
            tile.copy_from_slice(self.next(len));
        }
        all.truncate(len);
        all
    }

    /// The next `len` weights, at most a tile; fewer for the last ones only.
    fn next(&mut self, len: usize) -> &mut [F] {
        let words = &mut self.scratch.rows[0][..len];
        self.stream.fill(&mut self.scratch.keystream, words);
        // Zero would let one wrong product pass, and two words stand for it.
        for weight in &mut *words {
            if *weight == F::ZERO {
                *weight = F::ONE;
            }
        }
        words
    }
}
