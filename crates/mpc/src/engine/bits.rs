//! Random bits from roots of opened squares (protocols F.1 with the public-output form of B.4).
//!
//! n = 2t+1 parties, t corrupt and malicious, up to errors that verification finds; synchronous
//! private links. Two rounds, or three. A chunk's king sends n-1 elements per bit, every other party one; kings
//! rotate by chunk.
//!
//! A committee that has no pseudo-random secret sharing deals its random values [r] first
//! ([`super::randoms`]), one round more. No two bits come from one value, so that all squares can be told.
//!
//! For [r] from pseudo-random secret sharing, every party sends the king its Lagrange-weighted share
//! of r^2, masked by a share of zero, so that the king learns c = r^2 and nothing else. The king
//! answers with s = c^((p-3)/4), for which s^2 c = 1, and [b] = (s [r] + 1) / 2 is a bit: s r is 1 or
//! -1. The sign of r stays uniform and hidden; r^2 is public, also on abort.
//!
//! The king checks s^2 c = 1 (S20): that fails for c = 0, and for a non-square, which only a lie
//! makes. Receivers refuse s = 0. A king that sends different roots to different parties is found by
//! the digests in the checkpoints of the bits' batch, a king that sends one wrong root to all by its
//! products: (2 b - 1)^2 = 1 for bits. Until then nothing made of the bits can mask an opening.

use enigma_field::interpolation::deals_randoms;
use enigma_field::{Party, PrimeField, Shares};

use super::context::Context;
use super::gathering::Gathering;
use super::randoms::Dealt;
use crate::arrivals::check_length;
use crate::cost::king;
use crate::fault::Fault;
use crate::message::{
    BITS_CHUNK_LEN, Slot, bits_chunk_len, chunk_count, chunk_range, decode_each, encode,
};
use crate::prg::Purpose;
use crate::turns::Turns;

const SQUARE: u8 = 0;
const ROOT: u8 = 1;
/// Of random values, before all else.
const DEALT: u8 = 2;

pub(super) struct MakingBits<F: PrimeField> {
    chunk_len: usize,
    /// Half the random values; chunk by chunk replaced by the bits.
    bits: Shares<F>,
    /// Where the random values come from, if they are dealt.
    dealt: Option<Dealt<F>>,
    /// Weighted shares of squares.
    squares: Gathering<F>,
    /// By chunk: have we given our shares of squares?
    given: Vec<bool>,
    /// By chunk: the digest of its roots, once known.
    digests: Vec<Option<blake3::Hash>>,
    missing: usize,
}

impl<F: PrimeField> MakingBits<F> {
    pub(super) fn start(context: &mut Context<F>, op: u32, len: usize) -> Self {
        let committee = context.committee;
        let chunk_len = bits_chunk_len(committee, len);
        let parts = chunk_count(len, chunk_len);
        let mut making = Self {
            chunk_len,
            bits: Shares::zeros(len),
            dealt: None,
            squares: Gathering::new(context, len, chunk_len),
            given: vec![false; parts],
            digests: vec![None; parts],
            missing: parts,
        };
        if deals_randoms(&committee) {
            let turns = Turns::of_independent(committee, len, BITS_CHUNK_LEN);
            making.dealt = Some(Dealt::start(context, op, DEALT, turns));
            return making;
        }
        for part in 0..parts as u32 {
            context.add_random(Purpose::Bit, op, part, making.chunk(part));
            let sums = making.give(context, op, part);
            debug_assert!(sums.is_none(), "nobody else's terms have come");
        }
        making
    }

    pub(super) fn receive(
        &mut self,
        context: &mut Context<F>,
        from: Party,
        slot: Slot,
        payload: &[u8],
    ) -> Result<(), Fault> {
        if slot.step == DEALT {
            return self.receive_dealt(context, from, slot, payload);
        }
        let unexpected = Fault::Unexpected { from, slot };
        if slot.part as usize >= self.digests.len() {
            return Err(unexpected);
        }
        let king = king(context.committee, slot.part);
        match slot.step {
            SQUARE if king == context.me() => {
                match self.squares.receive(context, from, slot, payload)? {
                    Some(squares) => self.answer(context, slot, squares),
                    None => Ok(()),
                }
            }
            // An honest king needs our share of the square.
            ROOT if king == from && self.given[slot.part as usize] => {
                self.receive_roots(from, slot, payload)
            }
            _ => Err(unexpected),
        }
    }

    pub(super) fn complete(&self) -> bool {
        self.missing == 0
    }

    /// The bits, and a digest of all roots.
    pub(super) fn finish(self) -> (Shares<F>, blake3::Hash) {
        let mut hasher = blake3::Hasher::new();
        for digest in self.digests.iter().flatten() {
            hasher.update(digest.as_bytes());
        }
        (self.bits, hasher.finalize())
    }

    pub(super) fn waiting_for(&self, context: &Context<F>) -> Vec<Party> {
        let owing = self.dealt.iter().flat_map(Dealt::waiting_for);
        let owing: Vec<Party> = owing.collect();
        if !owing.is_empty() {
            return owing;
        }
        let unanswered = (0u32..).zip(&self.digests).filter(|(_, d)| d.is_none());
        self.squares
            .waiting_for(context, unanswered.map(|(part, _)| part))
    }

    fn receive_dealt(
        &mut self,
        context: &mut Context<F>,
        from: Party,
        slot: Slot,
        payload: &[u8],
    ) -> Result<(), Fault> {
        let Some(dealt) = &mut self.dealt else {
            return Err(Fault::Unexpected { from, slot });
        };
        let Some(chunks) = dealt.receive(from, slot, payload)? else {
            return Ok(());
        };
        for part in chunks {
            let range = chunk_range(self.bits.len(), self.chunk_len, part);
            if let Some(dealt) = &self.dealt {
                dealt.extract(context.committee, part, &mut self.bits[range]);
            }
            if let Some(squares) = self.give(context, slot.op, part) {
                let (op, step) = (slot.op, SQUARE);
                self.answer(context, Slot { op, step, part }, squares)?;
            }
        }
        Ok(())
    }

    /// Gives the king of a chunk, which holds random values, our shares of their squares; the squares, if
    /// it is us and all others have given theirs.
    fn give(&mut self, context: &mut Context<F>, op: u32, part: u32) -> Option<Shares<F>> {
        let committee = context.committee;
        let lambda: F = committee.lambda(context.me());
        self.given[part as usize] = true;
        let random = self.chunk(part);
        let mut terms = Shares::from(random.to_vec());
        F::multiply_each(&mut terms, random);
        F::scale_each(&mut terms, lambda);
        F::scale_each(random, F::HALF);
        context.add_zero(king(committee, part), op, part, &mut terms);
        let step = SQUARE;
        self.squares.give(context, Slot { op, step, part }, &terms)
    }

    /// Answers as king: with the roots of squares.
    fn answer(
        &mut self,
        context: &mut Context<F>,
        slot: Slot,
        squares: Shares<F>,
    ) -> Result<(), Fault> {
        let mut roots = squares.clone();
        F::inverse_roots(&mut roots);
        let wrong = (squares.iter().zip(&*roots)).position(|(c, s)| s.square() * *c != F::ONE);
        if let Some(place) = wrong {
            let (op, start) = (slot.op, slot.part as usize * self.chunk_len);
            return Err(Fault::NoRoot {
                op,
                index: start + place,
            });
        }
        let payload = encode(roots.iter().copied());
        self.digest(slot.part, &payload);
        for (r, root) in self.chunk(slot.part).iter_mut().zip(&*roots) {
            *r = *r * *root + F::HALF;
        }
        let slot = Slot { step: ROOT, ..slot };
        for to in context.committee.others(context.me()) {
            context.send(to, slot, payload.clone());
        }
        Ok(())
    }

    fn receive_roots(&mut self, from: Party, slot: Slot, payload: &[u8]) -> Result<(), Fault> {
        if self.digests[slot.part as usize].is_some() {
            return Err(Fault::Duplicate { from, slot });
        }
        let chunk = self.chunk(slot.part);
        check_length(from, slot, payload, chunk.len() * F::BYTES)?;
        let mut zero = None;
        decode_each(payload, |k, root| {
            if root == F::ZERO {
                zero = zero.or(Some(k));
            }
            chunk[k] = chunk[k] * root + F::HALF;
        })
        .map_err(|index| Fault::NonCanonical { from, slot, index })?;
        if let Some(index) = zero {
            return Err(Fault::ZeroRoot { from, slot, index });
        }
        self.digest(slot.part, payload);
        Ok(())
    }

    fn chunk(&mut self, part: u32) -> &mut [F] {
        let range = chunk_range(self.bits.len(), self.chunk_len, part);
        &mut self.bits[range]
    }

    fn digest(&mut self, part: u32, roots: &[u8]) {
        self.digests[part as usize] = Some(blake3::hash(roots));
        self.missing -= 1;
    }
}
