//! Random bits from roots of opened squares (protocols F.1 with the public-output form of B.4).
//!
//! n = 2t+1 parties, t corrupt and malicious, up to errors that verification finds; synchronous
//! private links. Two rounds. A chunk's king sends n-1 elements per bit, every other party one; kings
//! rotate by chunk.
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

use enigma_field::{Party, PrimeField, Shares};

use super::context::Context;
use super::gathering::Gathering;
use crate::arrivals::check_length;
use crate::cost::king;
use crate::fault::Fault;
use crate::message::{BITS_CHUNK_LEN, Slot, chunk_count, chunk_range, chunks, decode_each, encode};
use crate::prg::Purpose;

const SQUARE: u8 = 0;
const ROOT: u8 = 1;

pub(super) struct MakingBits<F: PrimeField> {
    /// Half the random values; chunk by chunk replaced by the bits.
    bits: Shares<F>,
    /// Weighted shares of squares.
    squares: Gathering<F>,
    /// By chunk: the digest of its roots, once known.
    digests: Vec<Option<blake3::Hash>>,
    missing: usize,
}

impl<F: PrimeField> MakingBits<F> {
    pub(super) fn start(context: &mut Context<F>, op: u32, len: usize) -> Self {
        let committee = context.committee;
        let lambda = committee.lambda(context.me());
        let parts = chunk_count(len, BITS_CHUNK_LEN);
        let mut bits = Shares::zeros(len);
        let mut squares = Gathering::new(context, parts);
        let mut terms = Shares::zeros(BITS_CHUNK_LEN.min(len));
        for (part, range) in chunks(len, BITS_CHUNK_LEN) {
            let terms = &mut terms[..range.len()];
            let random = &mut bits[range];
            context.add_random(Purpose::Bit, op, part, random);
            terms.copy_from_slice(random);
            F::multiply_each(terms, random);
            F::scale_each(terms, lambda);
            F::scale_each(random, F::HALF);
            context.add_zero(king(committee, part), op, part, terms);
            let step = SQUARE;
            squares.give(context, Slot { op, step, part }, terms);
        }
        Self {
            bits,
            squares,
            digests: vec![None; parts],
            missing: parts,
        }
    }

    pub(super) fn receive(
        &mut self,
        context: &mut Context<F>,
        from: Party,
        slot: Slot,
        payload: &[u8],
    ) -> Result<(), Fault> {
        let unexpected = Fault::Unexpected { from, slot };
        if slot.part as usize >= self.digests.len() {
            return Err(unexpected);
        }
        let king = king(context.committee, slot.part);
        match slot.step {
            SQUARE if king == context.me() => self.receive_squares(context, from, slot, payload),
            ROOT if king == from => self.receive_roots(from, slot, payload),
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
        let unanswered = (0u32..).zip(&self.digests).filter(|(_, d)| d.is_none());
        self.squares
            .waiting_for(context, unanswered.map(|(part, _)| part))
    }

    fn receive_squares(
        &mut self,
        context: &mut Context<F>,
        from: Party,
        slot: Slot,
        payload: &[u8],
    ) -> Result<(), Fault> {
        let Some(squares) = self.squares.receive(context, from, slot, payload)? else {
            return Ok(());
        };
        let mut roots = squares.clone();
        F::inverse_roots(&mut roots);
        let wrong = (squares.iter().zip(&*roots)).position(|(c, s)| s.square() * *c != F::ONE);
        if let Some(place) = wrong {
            let (op, start) = (slot.op, slot.part as usize * BITS_CHUNK_LEN);
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
        let range = chunk_range(self.bits.len(), BITS_CHUNK_LEN, part);
        &mut self.bits[range]
    }

    fn digest(&mut self, part: u32, roots: &[u8]) {
        self.digests[part as usize] = Some(blake3::hash(roots));
        self.missing -= 1;
    }
}
