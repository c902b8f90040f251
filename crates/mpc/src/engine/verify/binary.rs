//! The recursion of batch verification on one party's shares of bits (protocols C.2, C.3).
//!
//! The claim is about bits shared three ways; the party's terms of their products are additive shares of
//! h as they are. The first challenge makes of the components that a party knows its shares, of degree t,
//! of elements of the field of 2^128 elements. From there on it is as for elements of a prime field, but
//! for the points at which polynomials are fixed.
//!
//! Points of parties are 1, X and X + 1. Any two determine a polynomial of degree 1, so the third share
//! that is opened is redundant as in any other field.

use enigma_field::binary::{Points, fold, products};
use enigma_field::interpolation::{GrrDealing, lagrange_at, prss_coefficients};
use enigma_field::shamir::Checker;
use enigma_field::{Field, Gf128, Levels, PrimeField};
use zeroize::Zeroizing;

use super::coins::Coin;
use super::recursion::{behind, complete};
use super::{Recursion, masks};
use crate::engine::batch::Batch;
use crate::engine::binary::gates::{BitClaim, component_shares};
use crate::engine::context::Context;
use crate::engine::dealing::SentPoints;
use crate::message::Slot;
use crate::prg::Purpose;

type Elements = Zeroizing<Vec<Gf128>>;

/// The claim that is left of one about gates.
pub(in crate::engine) struct OverBits {
    vectors: Vectors,
    z: Gf128,
    /// h at its points, once they are known.
    h: Elements,
    /// Our shares of what was dealt for masks.
    masks: Elements,
    blocks: usize,
    last: bool,
    /// Our Lagrange coefficient at 0.
    lambda: Gf128,
    /// What our share has of each component that we know.
    shares: [Gf128; 2],
}

/// Bits until the first challenge.
enum Vectors {
    Bits(Box<BitClaim>),
    Elements(Elements, Elements),
}

impl<F: PrimeField> Recursion<F> for OverBits {
    type Element = Gf128;
    type Dealt = Elements;

    fn levels(batch: &Batch<F>) -> Levels {
        Levels::of_bits(batch.gate_words())
    }

    fn dealt_bytes(levels: &Levels, level: usize) -> usize {
        dealt_bytes(levels, level)
    }

    fn checker(context: &Context<F>) -> &Checker<Gf128> {
        &context.checkers.binary
    }

    fn element(bytes: [u8; 16]) -> Gf128 {
        Gf128::from_bytes(bytes)
    }

    fn deal_masks(context: &mut Context<F>, slot: Slot) -> (Elements, SentPoints) {
        let own = masks::own(context, slot.op);
        let mut values = Zeroizing::new([Gf128::ZERO; 2]);
        let mut stream = own.stream(Purpose::Random, slot.op, 0);
        stream.fill_binary(&mut context.scratch.keystream, &mut values[..]);
        points(context, slot, &values[..])
    }

    fn new(context: &mut Context<F>, batch: Batch<F>, coin: &Coin, masks: Elements) -> Self {
        let shares = component_shares(context);
        let points: Vec<Gf128> = context.committee.parties().map(|p| p.point()).collect();
        let lambda = lagrange_at(&points, Gf128::ZERO).expect("points of parties are distinct");
        let keystream = &mut context.scratch.keystream;
        let claim = batch.bit_claim(&coin.weights(), keystream, shares);
        Self {
            z: claim.z,
            vectors: Vectors::Bits(Box::new(claim)),
            h: Elements::default(),
            masks,
            blocks: 0,
            last: false,
            lambda: lambda[context.me().index()],
            shares,
        }
    }

    fn deal(&mut self, context: &mut Context<F>, slot: Slot, blocks: Option<usize>) -> Elements {
        self.blocks = blocks.unwrap_or_else(|| self.mask(context, slot.op));
        let mut terms = match &self.vectors {
            Vectors::Bits(claim) => Elements::new(claim.products()),
            Vectors::Elements(x, y) => {
                let mut h = Elements::new(products(x, y, self.blocks));
                h.iter_mut().for_each(|h| *h *= self.lambda);
                h
            }
        };
        terms.remove(self.blocks - 1);
        deal(context, slot, &terms)
    }

    fn add(dealt: &mut Elements, message: &[u8]) -> Result<(), usize> {
        let (points, _) = message.as_chunks::<{ Gf128::BYTES }>();
        for (sum, point) in dealt.iter_mut().zip(points) {
            *sum += Gf128::from_bytes(*point);
        }
        Ok(())
    }

    fn take(&mut self, dealt: Elements) {
        // With place for the point left out: a vector that grows would leave shares behind.
        let mut h = Zeroizing::new(Vec::with_capacity(2 * self.blocks - 1));
        h.extend_from_slice(&dealt);
        complete(&mut h, self.z, self.blocks, self.last);
        self.h = h;
    }

    fn points(&self) -> usize {
        2 * self.blocks - 1
    }

    fn fold(&mut self, challenge: Gf128) {
        let over_blocks = Points::new(self.blocks).at(challenge);
        let [x, y] = match &self.vectors {
            Vectors::Bits(claim) => claim.fold(&over_blocks, self.shares),
            Vectors::Elements(x, y) => [x, y].map(|v| Zeroizing::new(fold(v, &over_blocks))),
        };
        self.vectors = Vectors::Elements(x, y);
        self.z = Gf128::dot(&Points::new(self.h.len()).at(challenge), &self.h);
    }

    fn last(&self) -> [Gf128; 3] {
        let Vectors::Elements(x, y) = &self.vectors else {
            unreachable!("there was a challenge");
        };
        [x[0], y[0], self.z]
    }
}

impl OverBits {
    /// Puts random elements in front, and gives the number of blocks: one for each element.
    fn mask<F: PrimeField>(&mut self, context: &mut Context<F>, op: u32) -> usize {
        let Vectors::Elements(x, y) = &self.vectors else {
            unreachable!("there was a challenge");
        };
        let mut masks = std::mem::take(&mut self.masks);
        let coefficients = prss_coefficients::<Gf128>(&context.committee, context.me());
        let coefficients = coefficients.expect("the setup refused larger committees");
        for ((prg, _), (_, coefficient)) in context.keys.subsets().iter().zip(coefficients) {
            let mut words = Zeroizing::new([Gf128::ZERO; 2]);
            let mut stream = prg.stream(Purpose::Random, op, 0);
            stream.fill_binary(&mut context.scratch.keystream, &mut words[..]);
            let terms = masks.iter_mut().zip(&*words);
            terms.for_each(|(mask, word)| *mask += coefficient * *word);
        }
        self.vectors = Vectors::Elements(behind(masks[0], x), behind(masks[1], y));
        self.last = true;
        self.len()
    }

    /// What is in front of a claim about nothing when nobody dealt anything for masks.
    #[cfg(test)]
    pub(super) fn words_in_front<F: PrimeField>(
        context: &mut Context<F>,
        slot: Slot,
    ) -> [Gf128; 2] {
        let mut claim = Self {
            vectors: Vectors::Elements(Elements::default(), Elements::default()),
            z: Gf128::ZERO,
            h: Elements::default(),
            masks: Elements::new(vec![Gf128::ZERO; 2]),
            blocks: 0,
            last: false,
            lambda: Gf128::ONE,
            shares: [Gf128::ZERO; 2],
        };
        claim.mask(context, slot.op);
        match &claim.vectors {
            Vectors::Elements(x, y) => [x[0], y[0]],
            Vectors::Bits(_) => unreachable!("masks are elements"),
        }
    }

    fn len(&self) -> usize {
        match &self.vectors {
            Vectors::Elements(x, _) => x.len(),
            Vectors::Bits(_) => 0,
        }
    }
}

/// Bytes of a level's dealing.
pub(crate) fn dealt_bytes(levels: &Levels, level: usize) -> usize {
    let elements = match levels.blocks.get(level) {
        Some(blocks) => 2 * blocks - 2,
        None => 2 * levels.last_len,
    };
    elements * Gf128::BYTES
}

/// Deals additive shares as a multiplication's dealing does, and gives the sum of the points that need
/// no message.
fn deal<F: PrimeField>(context: &mut Context<F>, slot: Slot, terms: &[Gf128]) -> Elements {
    let (sum, points) = points(context, slot, terms);
    context.send_points(slot, points);
    sum
}

/// As [`deal`], but gives the points that are to be sent to their receivers.
fn points<F: PrimeField>(
    context: &mut Context<F>,
    slot: Slot,
    terms: &[Gf128],
) -> (Elements, SentPoints) {
    let mut payloads = Vec::with_capacity(context.committee.degree());
    let me = context.me();
    let dealing = GrrDealing::<Gf128>::new(&context.committee, me);
    let mut derived = |dealer, other| {
        let prg = context.keys.pair(other);
        // Steps take the place of chunks in the address of a stream, as for other dealings.
        let mut stream = prg.stream(Purpose::Deal(dealer), slot.op, u32::from(slot.step));
        let mut words = Zeroizing::new(vec![Gf128::ZERO; terms.len()]);
        stream.fill_binary(&mut context.scratch.keystream, &mut words);
        words
    };
    let points: Vec<Elements> = dealing.derived.iter().map(|to| derived(me, *to)).collect();
    let mut sum = Zeroizing::new(vec![Gf128::ZERO; terms.len()]);
    for dealer in &context.before {
        Gf128::add_each(&mut sum, &derived(*dealer, *dealer));
    }
    for (to, row) in dealing.computed.iter().zip(dealing.matrix.rows()) {
        let mut column = Zeroizing::new(terms.to_vec());
        Gf128::scale_each(&mut column, row[0]);
        for (coefficient, known) in row[1..].iter().zip(&points) {
            Gf128::add_scaled_each(&mut column, *coefficient, known);
        }
        if *to == me {
            Gf128::add_each(&mut sum, &column);
            continue;
        }
        let mut payload = Vec::with_capacity(column.len() * Gf128::BYTES);
        column.iter().for_each(|point| point.write_to(&mut payload));
        payloads.push((*to, payload));
    }
    (sum, payloads)
}
