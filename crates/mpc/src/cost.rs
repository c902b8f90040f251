//! What each operation sends, exactly: `bytecode::plan` predicts with these formulas and tests hold
//! the engine's counters against them.
//!
//! With C(L) frames per vector of L elements, which is L divided by [`chunk_len`], rounded up, and 24 bytes
//! of header per frame, every party sends:
//!
//! | operation | rounds | frames | elements |
//! |---|---|---|---|
//! | multiply, reshare, dot, matrix product (L results) | 1 | t C(L) | t L |
//! | products through kings (L results) | 2, or 3 | see below | see below |
//! | opening | 1 | (n-1) C(L) | (n-1) L |
//! | random values | 0, or 1 | see below | see below |
//! | comparison with zero (n = 3) | 9 or 10 | see [`compare`] | 2 L, and a bit for each gate |
//! | random bits | 2, or 3 | see below | see below |
//! | shuffle, and back (L elements in all columns) | C(n, t); 2 forth for n = 3 | C(2t, t) t C(L) | C(2t, t) t L |
//! | verification | see [`verify`] | | |
//!
//! Operations on no elements send nothing and take no round. Random bits go in chunks of 4096, of fewer in committees that deal random values; the
//! king of chunk k is party 1 + k mod n. For each chunk of c bits the king sends n-1 frames of c
//! elements, every other party one. Products through kings go in chunks of [`kings_chunk_len`], a
//! multiple of n chunks but for short vectors; the king is found likewise. For each chunk of c results
//! the king sends t frames of c elements, every other party one: 3t/n elements for each result.
//!
//! A committee of more than nine deals random values: where it needs some, every party sends in a round of
//! its own t frames for each turn of chunks (`turns`), with as many elements as the turn's first chunk
//! has. Random values and bits have t + 1 chunks in a turn, so that this adds t/(t+1) elements for each;
//! products through kings have n, which makes 4t/n elements for each result.

use std::ops::{Add, AddAssign, Mul};

use enigma_field::interpolation::{PartySet, deals_randoms, prss_subsets};
use enigma_field::{Committee, Levels, Party, PrimeField};

use crate::engine::binary::layer_bytes;
use crate::engine::{
    ACCEPTANCE_BYTES, COIN_BYTES, COMPARE_PART_LEN, Compare, MASK_BYTES, PASSED_ON_BYTES, Shape,
    binary, checkpoint_bytes, compare_layers, dealt_bytes, dealt_bytes_of_bits, opening_bytes,
};
use crate::message::{
    BITS_CHUNK_LEN, HEADER_BYTES, KINGS_CHUNK_LEN, bits_chunk_len, chunk_count, chunk_len, chunks,
    kings_chunk_len,
};
use crate::setup;
use crate::turns::Turns;

/// What one party sends for an operation, and how many rounds the operation takes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct OpCost {
    /// Messages that depend on each other, one after the other.
    pub rounds: u32,
    /// Frames sent.
    pub frames: u64,
    /// Bytes sent, without headers.
    pub payload_bytes: u64,
}

impl OpCost {
    /// Bytes sent, with headers.
    pub const fn bytes(&self) -> u64 {
        self.payload_bytes + self.frames * HEADER_BYTES as u64
    }

    fn vector<F: PrimeField>(len: usize) -> Self {
        Self {
            rounds: u32::from(len > 0),
            frames: chunk_count(len, chunk_len::<F>()) as u64,
            payload_bytes: (len * F::BYTES) as u64,
        }
    }
}

/// One after the other.
impl Add for OpCost {
    type Output = Self;
    fn add(self, other: Self) -> Self {
        Self {
            rounds: self.rounds + other.rounds,
            frames: self.frames + other.frames,
            payload_bytes: self.payload_bytes + other.payload_bytes,
        }
    }
}

impl AddAssign for OpCost {
    fn add_assign(&mut self, other: Self) {
        *self = *self + other;
    }
}

/// The same to several receivers, side by side.
impl Mul<usize> for OpCost {
    type Output = Self;
    fn mul(self, receivers: usize) -> Self {
        Self {
            rounds: self.rounds,
            frames: self.frames * receivers as u64,
            payload_bytes: self.payload_bytes * receivers as u64,
        }
    }
}

/// The session's setup, for one party.
pub fn setup(committee: Committee, me: Party) -> OpCost {
    let subsets = prss_subsets(&committee).unwrap_or_default();
    let mine = subsets.iter().filter(|subset| subset.contains(me));
    let claims = mine.clone().count();
    let deliveries: usize = mine
        .filter(|subset| subset.lowest() == Some(me))
        .map(|subset| subset.members().count() - 1)
        .sum();
    let receivers = committee.len() - 1;
    let shown = (receivers - 1) * setup::SHOWN_BYTES;
    let bytes = receivers * (setup::HELLO_BYTES + setup::CLAIMS_TAG_BYTES + shown)
        + deliveries * setup::DELIVERY_BYTES
        + receivers * claims * setup::CLAIM_BYTES;
    OpCost {
        rounds: 2,
        frames: 2 * receivers as u64,
        payload_bytes: bytes as u64,
    }
}

/// `len` products of shares.
pub fn multiply<F: PrimeField>(committee: Committee, len: usize) -> OpCost {
    OpCost::vector::<F>(len) * committee.degree()
}

/// `len` inner products, of whatever width.
pub fn dot<F: PrimeField>(committee: Committee, len: usize) -> OpCost {
    multiply::<F>(committee, len)
}

/// A matrix product.
pub fn matrix_product<F: PrimeField>(committee: Committee, shape: Shape) -> OpCost {
    multiply::<F>(committee, shape.rows * shape.columns)
}

/// `len` products of shares, or elements of a matrix product, through kings; for one party.
pub fn multiply_by_kings<F: PrimeField>(committee: Committee, me: Party, len: usize) -> OpCost {
    let chunk_len = kings_chunk_len(committee, len);
    let cost = through_kings::<F>(committee, me, len, chunk_len, committee.degree());
    if !deals_randoms(&committee) {
        return cost;
    }
    let turns = Turns::new(len, committee.len(), KINGS_CHUNK_LEN);
    dealt_randoms::<F>(committee, &turns) + cost
}

/// Fresh polynomials for `len` values.
pub fn reshare<F: PrimeField>(committee: Committee, len: usize) -> OpCost {
    multiply::<F>(committee, len)
}

/// A shuffle of columns with `len` elements in all. In each subset of t + 1 parties every member deals,
/// and each party is a member of C(2t, t).
pub fn shuffle<F: PrimeField>(committee: Committee, len: usize) -> OpCost {
    let mut subsets = prss_subsets(&committee).unwrap_or_default();
    subsets.reverse();
    shuffle_in::<F>(committee, &subsets, len)
}

/// The way back of a shuffle. See [`shuffle`].
pub fn unshuffle<F: PrimeField>(committee: Committee, len: usize) -> OpCost {
    let subsets = prss_subsets(&committee).unwrap_or_default();
    shuffle_in::<F>(committee, &subsets, len)
}

fn shuffle_in<F: PrimeField>(committee: Committee, subsets: &[PartySet], len: usize) -> OpCost {
    let t = committee.degree();
    let mine = subsets.len() * (t + 1) / committee.len();
    OpCost {
        rounds: if len > 0 {
            relays(committee, subsets)
        } else {
            0
        },
        ..OpCost::vector::<F>(len) * (mine * t)
    }
}

/// Messages one after the other in a shuffle: in each phase a party waits for those of the t parties
/// after it who deal.
fn relays(committee: Committee, phases: &[PartySet]) -> u32 {
    let mut ready = vec![0; committee.len()];
    for members in phases {
        let after = |party: Party| {
            let dealers = (1..=committee.degree()).map(|steps| committee.after(party, steps));
            let dealers = dealers.filter(|dealer| members.contains(*dealer));
            dealers.map(|dealer| ready[dealer.index()] + 1).max()
        };
        let own = committee.parties().zip(&ready);
        ready = own
            .map(|(party, own)| after(party).unwrap_or(0).max(*own))
            .collect();
    }
    ready.into_iter().max().unwrap_or(0)
}

/// An opening of `len` values.
pub fn open<F: PrimeField>(committee: Committee, len: usize) -> OpCost {
    OpCost::vector::<F>(len) * (committee.len() - 1)
}

/// `len` random values.
pub fn random<F: PrimeField>(committee: Committee, len: usize) -> OpCost {
    if !deals_randoms(&committee) {
        return OpCost::default();
    }
    let turns = Turns::of_independent(committee, len, chunk_len::<F>());
    dealt_randoms::<F>(committee, &turns)
}

/// What everybody deals for a vector of random values, or made with some.
fn dealt_randoms<F: PrimeField>(committee: Committee, turns: &Turns) -> OpCost {
    let len = turns.dealt_len();
    let cost = OpCost {
        frames: chunk_count(len, turns.chunk_len()) as u64,
        ..OpCost::vector::<F>(len)
    };
    cost * committee.degree()
}

/// The verification of a batch whose claim has `len` elements: one for each product and bit,
/// `width` for each inner product, the inner side of each matrix product, one for each reshare
/// operation, and C(n, t) times its rows for each shuffle.
pub fn verify<F: PrimeField>(committee: Committee, len: usize) -> OpCost {
    verification(committee, &Levels::new(len), dealt_bytes::<F>)
}

/// The verification of a batch of gates in so many words of 64: see [`gate_words`].
pub fn verify_gates(committee: Committee, words: usize) -> OpCost {
    verification(committee, &Levels::of_bits(words), dealt_bytes_of_bits)
}

/// To t parties go the dealings, to all others checkpoint, coins, opening and acceptance.
fn verification(
    committee: Committee,
    levels: &Levels,
    dealt_bytes: fn(&Levels, usize) -> usize,
) -> OpCost {
    let others = committee.len() - 1;
    let message = |bytes: usize| OpCost {
        rounds: 1,
        frames: 1,
        payload_bytes: bytes as u64,
    };
    let mut cost = message(checkpoint_bytes(committee)) * others;
    cost += message(COIN_BYTES + (others - 1) * PASSED_ON_BYTES) * others;
    // Masks go with the first coin to those who get dealings.
    cost.payload_bytes += (committee.degree() * MASK_BYTES) as u64;
    for level in 0..=levels.blocks.len() {
        cost += message(dealt_bytes(levels, level)) * committee.degree();
        cost += message(COIN_BYTES) * others;
    }
    cost += message(opening_bytes(committee)) * others;
    cost += message(ACCEPTANCE_BYTES) * others;
    cost
}

/// `len` comparisons with zero, in a committee of three: an opening, and a frame for each layer of each
/// 4096 comparisons, with a bit for each gate.
pub fn compare<F: PrimeField>(committee: Committee, compare: Compare, len: usize) -> OpCost {
    let mut cost = open::<F>(committee, len);
    let layers = compare_layers::<F>();
    if len > 0 {
        cost.rounds += u32::from(layers);
    }
    for (_, range) in chunks(len, COMPARE_PART_LEN) {
        cost.frames += u64::from(layers);
        let bytes =
            (0..usize::from(layers)).map(|layer| layer_bytes::<F>(compare, layer, range.len()));
        cost.payload_bytes += bytes.sum::<usize>() as u64;
    }
    cost
}

/// Words of 64 gates that `len` comparisons add to their batch.
pub fn gate_words<F: PrimeField>(compare: Compare, len: usize) -> usize {
    binary::gate_words::<F>(compare, len)
}

/// `len` random bits, for one party: kings send more.
pub fn random_bits<F: PrimeField>(committee: Committee, me: Party, len: usize) -> OpCost {
    let chunk_len = bits_chunk_len(committee, len);
    let cost = through_kings::<F>(committee, me, len, chunk_len, committee.len() - 1);
    if !deals_randoms(&committee) {
        return cost;
    }
    let turns = Turns::of_independent(committee, len, BITS_CHUNK_LEN);
    dealt_randoms::<F>(committee, &turns) + cost
}

/// A vector whose chunks everybody sends to their kings, who tell so many others what comes of it.
fn through_kings<F: PrimeField>(
    committee: Committee,
    me: Party,
    len: usize,
    chunk: usize,
    told: usize,
) -> OpCost {
    let mut cost = OpCost {
        rounds: if len > 0 { 2 } else { 0 },
        ..OpCost::default()
    };
    for (part, range) in chunks(len, chunk) {
        let receivers = if king(committee, part) == me { told } else { 1 };
        cost.frames += receivers as u64;
        cost.payload_bytes += (receivers * range.len() * F::BYTES) as u64;
    }
    cost
}

/// The king of a chunk: who gathers the squares of random bits and computes their roots, or gathers
/// the terms of products and adds them.
pub fn king(committee: Committee, part: u32) -> Party {
    let n = u32::from(committee.n());
    committee
        .parties()
        .nth((part % n) as usize)
        .expect("a remainder is below n")
}
