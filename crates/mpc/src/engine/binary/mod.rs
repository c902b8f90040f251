//! Comparisons with zero by three parties over shared bits (protocols F.11, S13; Araki et al. 16 for
//! the gates).
//!
//! n = 3, t = 1, malicious up to errors that verification finds; synchronous private links. Over 2^61 - 1 it
//! takes 9 rounds, and each party sends two elements (the opening) and a bit for each gate: 236 for
//! `[x < 0]`, 182 for `[x = 0]`, 296 for both. Over 2^127 - 1 it takes 10 rounds and about twice as many
//! gates. No preparation.
//!
//! For a shared x the committee opens c = 2x + 1 + r in full, where r = r_1 + r_2 + r_3 comes from
//! pseudo-random secret sharing: r_k is uniform in the field and known to all but party k. c hides x; r is
//! right by construction, so that x need not be verified (R1, R3). Then y = 2x + 1 is the sum of c - r_3,
//! -r_1 and -r_2, each known to a pair, and [`circuit`] computes its lowest bit. 2x + 1 is odd as an
//! integer below p exactly if 0 <= x < (p-1)/2, and x = (p-1)/2 gives y = 0, which counts as odd: so the
//! complement of the bit is `[x < 0]` for every element x of the field.
//!
//! The operation ends with the components of the result bits: v = v_1 + v_2 + v_3 modulo 2, where v_k is
//! known to all but party k. As field elements that is a sharing without interaction, v_k times the
//! polynomial that is 1 at 0 and 0 at party k; two products make a shared bit of them.
//!
//! A corrupt party can add to the result of a gate an error that it knows, and nothing else: of every
//! component an honest party tells, or has been told, one value only (protocols B.6). What it sends in
//! a layer is uniform to who receives it. On abort nothing leaks but c.

pub(crate) mod circuit;
pub(super) mod gates;
#[cfg(test)]
mod views;

use std::collections::BTreeMap;

use enigma_field::bits::transpose;
use enigma_field::shamir::Checker;
use enigma_field::{Party, PrimeField, Shares};
use subtle::Choice;
use zeroize::Zeroizing;

pub use self::circuit::Compare;
use self::circuit::{Component, Planes, layers};
use self::gates::Gates;
use super::context::Context;
use super::opening::FullOpening;
use crate::arrivals::check_length;
use crate::fault::Fault;
use crate::message::{Slot, chunk_count, chunk_range, chunks};
use crate::prg::{Purpose, TILE_LEN};

/// Comparisons that go through the layers together, a frame for each layer: what they need stays in the
/// nearer caches.
pub const COMPARE_PART_LEN: usize = 4096;

/// Layers of gates of a comparison: the steps of its operation from 1 on.
pub const fn compare_layers<F: PrimeField>() -> u8 {
    layers(width::<F>()) as u8
}

/// Bits of an element.
const fn width<F: PrimeField>() -> usize {
    F::BITS as usize
}

/// Comparisons in a word.
const WORD: usize = 64;

/// One party's side of comparisons.
pub(super) struct Comparing<F: PrimeField> {
    compare: Compare,
    len: usize,
    opening: FullOpening<F>,
    opened: bool,
    /// The masks' words that we know: of the party after us, and of the one after that.
    masks: [Shares<F>; 2],
    /// What these components' coefficients are in our share.
    coefficients: [F; 2],
    gates: Gates,
    parts: Vec<Part>,
    missing: usize,
    /// All three components of the results, as shares.
    results: Shares<F>,
}

/// Some of the comparisons, on their way through the layers.
struct Part {
    /// Both components, once the opening is complete.
    components: Option<[Component; 2]>,
    /// The layer whose bits are awaited.
    layer: usize,
    /// Bits that came for this layer and later ones.
    came: BTreeMap<usize, Zeroizing<Vec<u8>>>,
}

impl<F: PrimeField> Comparing<F> {
    /// Opens 2x + 1 under masks.
    pub(super) fn start(context: &mut Context<F>, op: u32, x: &[F], compare: Compare) -> Self {
        let len = x.len();
        let (masks, coefficients) = known_masks(context, op, len);
        let mut shares: Shares<F> = x.iter().map(|x| *x + *x + F::ONE).collect();
        for (mask, coefficient) in masks.iter().zip(coefficients) {
            F::add_scaled_each(&mut shares, coefficient, mask);
        }
        let opening = FullOpening::start(context, op, &shares);
        let part = |_| Part {
            components: None,
            layer: 0,
            came: BTreeMap::new(),
        };
        let parts = chunk_count(len, COMPARE_PART_LEN);
        Self {
            compare,
            len,
            opening,
            opened: false,
            masks,
            coefficients,
            gates: Gates::new(compare.all_gates(width::<F>()) * words(len)),
            parts: (0..parts).map(part).collect(),
            missing: parts,
            results: Shares::zeros(3 * compare.results() * len),
        }
    }

    pub(super) fn receive(
        &mut self,
        context: &mut Context<F>,
        checker: &Checker<F>,
        from: Party,
        slot: Slot,
        payload: &[u8],
    ) -> Result<(), Fault> {
        if slot.step == 0 {
            self.opening.receive(checker, from, slot, payload)?;
            if self.opening.complete() {
                self.begin_layers(context, slot.op)?;
            }
            return Ok(());
        }
        self.keep_bits(context, from, slot, payload)?;
        if self.opened {
            self.advance(context, slot.op, slot.part)?;
        }
        Ok(())
    }

    pub(super) fn complete(&self) -> bool {
        // Of no comparisons there is nothing to wait for.
        self.missing == 0
    }

    /// The components of the results as shares, in three blocks for each kind of result, and the gates.
    pub(super) fn finish(self) -> (Shares<F>, Gates) {
        (self.results, self.gates)
    }

    pub(super) fn waiting_for(&self, context: &Context<F>) -> Vec<Party> {
        if self.opened || self.complete() {
            let waits = self.missing > 0;
            return waits.then(|| sender(context)).into_iter().collect();
        }
        self.opening.waiting_for()
    }

    /// Keeps bits of a layer that has not had them, be it ahead of us: who sends them waits for another
    /// party than us.
    fn keep_bits(
        &mut self,
        context: &Context<F>,
        from: Party,
        slot: Slot,
        payload: &[u8],
    ) -> Result<(), Fault> {
        let layer = usize::from(slot.step) - 1;
        let part = self.parts.get_mut(slot.part as usize);
        let part = part.filter(|_| layer < layers(width::<F>()) && from == sender(context));
        let Some(part) = part else {
            return Err(Fault::Unexpected { from, slot });
        };
        if layer < part.layer || part.came.contains_key(&layer) {
            return Err(Fault::Duplicate { from, slot });
        }
        let range = chunk_range(self.len, COMPARE_PART_LEN, slot.part);
        let expected = layer_bytes::<F>(self.compare, layer, range.len());
        check_length(from, slot, payload, expected)?;
        part.came.insert(layer, Zeroizing::new(payload.to_vec()));
        Ok(())
    }

    /// The numbers whose sum is 2x + 1 are known: all parts begin.
    fn begin_layers(&mut self, context: &mut Context<F>, op: u32) -> Result<(), Fault> {
        self.opened = true;
        for (part, range) in chunks(self.len, COMPARE_PART_LEN) {
            let opened = &self.opening.values()[range.clone()];
            let ones = bits_of(&vec![1; range.len()], 1);
            let component = |place: usize| {
                let number = context.committee.after(context.me(), place + 1).number();
                let bits = numbers(number, opened, &self.masks[place][range.clone()]);
                Component::new(
                    number,
                    self.compare,
                    ones.clone(),
                    bits_of(&bits, width::<F>()),
                )
            };
            self.parts[part as usize].components = Some([component(0), component(1)]);
            self.send_layer(context, op, part);
            self.advance(context, op, part)?;
        }
        self.masks = Default::default();
        Ok(())
    }

    /// Goes through the layers whose bits are here.
    fn advance(&mut self, context: &mut Context<F>, op: u32, number: u32) -> Result<(), Fault> {
        loop {
            let part = &mut self.parts[number as usize];
            let layer = part.layer;
            let Some(payload) = part.came.remove(&layer) else {
                return Ok(());
            };
            let range = chunk_range(self.len, COMPARE_PART_LEN, number);
            let words = words(range.len());
            let place = place::<F>(self.compare, layer, &range);
            let second = &mut self.gates.z.second[place.clone()];
            decode(&payload, range.len(), second).map_err(|index| Fault::NonCanonical {
                from: sender(context),
                slot: Slot {
                    op,
                    step: layer as u8 + 1,
                    part: number,
                },
                index,
            })?;
            let components = part.components.as_mut().expect("the opening is complete");
            let z = [
                &self.gates.z.first[place.clone()],
                &self.gates.z.second[place],
            ];
            for (component, z) in components.iter_mut().zip(z) {
                component.absorb(layer, z);
            }
            part.layer += 1;
            if part.layer < layers(width::<F>()) {
                self.send_layer(context, op, number);
                continue;
            }
            for (place, component) in components.iter().enumerate() {
                let block = (context.me().index() + place + 1) % 3;
                for (kind, bits) in component.results().iter().enumerate() {
                    debug_assert_eq!(bits.len(), words);
                    let start = (3 * kind + block) * self.len + range.start;
                    let shares = &mut self.results[start..start + range.len()];
                    lift(bits, self.coefficients[place], shares);
                }
            }
            part.components = None;
            self.missing -= 1;
        }
    }

    /// Our terms of a layer's gates are our first component of the results; the party before us is told.
    fn send_layer(&mut self, context: &mut Context<F>, op: u32, number: u32) {
        let part = &self.parts[number as usize];
        let layer = part.layer;
        let range = chunk_range(self.len, COMPARE_PART_LEN, number);
        let place = place::<F>(self.compare, layer, &range);
        let Gates { x, y, z } = &mut self.gates;
        let [xf, xs] = [&mut x.first, &mut x.second].map(|planes| &mut planes[place.clone()]);
        let [yf, ys] = [&mut y.first, &mut y.second].map(|planes| &mut planes[place.clone()]);
        let terms = &mut z.first[place];
        let [first, second] = part.components.as_ref().expect("the opening is complete");
        first.factors(layer, xf, yf);
        second.factors(layer, xs, ys);
        zero_terms(context, op, layer, number, terms);
        let factors = xf.iter().zip(&*xs).zip(yf.iter().zip(&*ys));
        for (term, ((xf, xs), (yf, ys))) in terms.iter_mut().zip(factors) {
            *term ^= xf & (yf ^ ys) ^ xs & yf;
        }
        clear_rest(terms, range.len());
        let payload = encode(terms, range.len());
        let step = layer as u8 + 1;
        let to = context.before[0];
        context.send(
            to,
            Slot {
                op,
                step,
                part: number,
            },
            payload,
        );
    }
}

/// Bytes of a layer's bits of so many comparisons: every plane ends with a whole byte.
pub(crate) fn layer_bytes<F: PrimeField>(compare: Compare, layer: usize, len: usize) -> usize {
    compare.gates(width::<F>(), layer) * len.div_ceil(8)
}

/// Words of 64 gates that a batch has of so many comparisons.
pub(crate) fn gate_words<F: PrimeField>(compare: Compare, len: usize) -> usize {
    compare.all_gates(width::<F>()) * words(len)
}

/// Who tells us bits: the party after us.
fn sender<F: PrimeField>(context: &Context<F>) -> Party {
    context.committee.after(context.me(), 1)
}

/// Words of a plane.
fn words(len: usize) -> usize {
    len.div_ceil(WORD)
}

/// Where in an operation's gates those of a layer of a part are.
fn place<F: PrimeField>(
    compare: Compare,
    layer: usize,
    range: &std::ops::Range<usize>,
) -> std::ops::Range<usize> {
    let bits = width::<F>();
    let words = words(range.len());
    let before: usize = (0..layer).map(|layer| compare.gates(bits, layer)).sum();
    let start = compare.all_gates(bits) * (range.start / WORD) + before * words;
    start..start + compare.gates(bits, layer) * words
}

/// The words of masks of which we know all but one, by party after us, with their coefficients in our share.
fn known_masks<F: PrimeField>(
    context: &mut Context<F>,
    op: u32,
    len: usize,
) -> ([Shares<F>; 2], [F; 2]) {
    let Context {
        keys,
        scratch,
        committee,
        ..
    } = context;
    // Subsets are in the order of their members' bits: that without the highest party comes first.
    let mut others: Vec<Party> = committee.others(keys.me).collect();
    others.reverse();
    let place = |steps: usize| {
        let missing = committee.after(keys.me, steps);
        let place = others.iter().position(|other| *other == missing);
        place.expect("it is another party")
    };
    let subsets = [place(1), place(2)].map(|place| &keys.subsets()[place]);
    let masks = subsets.map(|(prg, _)| {
        let mut mask = Shares::zeros(len);
        for (part, range) in chunks(len, COMPARE_PART_LEN) {
            let mut stream = prg.stream(Purpose::Random, op, part);
            for tile in mask[range].chunks_mut(TILE_LEN) {
                stream.fill(&mut scratch.keystream, tile);
            }
        }
        mask
    });
    (masks, subsets.map(|(_, coefficient)| *coefficient))
}

/// The integers that component `number` has of 2x + 1. That of party 3 is what was opened less its mask,
/// the others are p less the mask: the complement of its bits, which is never zero.
fn numbers<F: PrimeField>(number: u8, opened: &[F], mask: &[F]) -> Zeroizing<Vec<u128>> {
    let modulus = (1 << F::BITS) - 1;
    let of = |(opened, mask): (&F, &F)| match number {
        3 => (*opened - *mask).to_u128(),
        _ => modulus - mask.to_u128(),
    };
    Zeroizing::new(opened.iter().zip(mask).map(of).collect())
}

/// The low `bits` bits of values as planes.
fn bits_of(values: &[u128], bits: usize) -> Planes {
    let words = words(values.len());
    let mut planes = Zeroizing::new(vec![0; bits * words]);
    let mut square = Zeroizing::new([0; WORD]);
    for (word, values) in values.chunks(WORD).enumerate() {
        for from in (0..bits).step_by(WORD) {
            square.fill(0);
            for (row, value) in square.iter_mut().zip(values) {
                *row = (value >> from) as u64;
            }
            transpose(&mut square);
            let rows = square.iter().take(bits - from);
            for (bit, row) in rows.enumerate() {
                planes[(from + bit) * words + word] = *row;
            }
        }
    }
    planes
}

/// Bits as shares: the coefficient or zero.
fn lift<F: PrimeField>(bits: &[u64], coefficient: F, shares: &mut [F]) {
    for (shares, word) in shares.chunks_mut(WORD).zip(bits) {
        for (bit, share) in shares.iter_mut().enumerate() {
            let bit = Choice::from((word >> bit & 1) as u8);
            *share = F::conditional_select(&F::ZERO, &coefficient, bit);
        }
    }
}

/// Terms that sum to zero over the three parties.
fn zero_terms<F: PrimeField>(
    context: &mut Context<F>,
    op: u32,
    layer: usize,
    part: u32,
    out: &mut [u64],
) {
    let others: Vec<Party> = context.committee.others(context.me()).collect();
    let Context { keys, scratch, .. } = context;
    let mut words = Zeroizing::new([0; TILE_LEN]);
    out.fill(0);
    for other in others {
        let prg = keys.pair(other);
        let mut stream = prg.stream(Purpose::ZeroBits(layer as u8), op, part);
        for tile in out.chunks_mut(TILE_LEN) {
            let words = &mut words[..tile.len()];
            stream.fill_words(&mut scratch.keystream, words);
            for (sum, word) in tile.iter_mut().zip(&*words) {
                *sum ^= word;
            }
        }
    }
}

/// Zeros behind the last comparison of each plane, where no party computes anything.
fn clear_rest(planes: &mut [u64], len: usize) {
    let used = len % WORD;
    if used != 0 {
        let last = planes.iter_mut().skip(words(len) - 1).step_by(words(len));
        last.for_each(|word| *word &= (1 << used) - 1);
    }
}

fn encode(planes: &[u64], len: usize) -> Vec<u8> {
    let bytes = len.div_ceil(8);
    let mut payload = Vec::with_capacity(planes.len().div_ceil(words(len)) * bytes);
    for plane in planes.chunks_exact(words(len)) {
        let start = payload.len();
        plane
            .iter()
            .for_each(|word| payload.extend_from_slice(&word.to_le_bytes()));
        payload.truncate(start + bytes);
    }
    payload
}

/// Reads planes whose length was checked. `Err` holds the first plane with bits behind the last comparison.
fn decode(payload: &[u8], len: usize, planes: &mut [u64]) -> Result<(), usize> {
    let used = len % 8;
    let rows = payload.chunks_exact(len.div_ceil(8));
    for (index, (row, plane)) in rows.zip(planes.chunks_exact_mut(words(len))).enumerate() {
        if used != 0 && row[row.len() - 1] >> used != 0 {
            return Err(index);
        }
        for (word, bytes) in plane.iter_mut().zip(row.chunks(8)) {
            let mut padded = [0; 8];
            padded[..bytes.len()].copy_from_slice(bytes);
            *word = u64::from_le_bytes(padded);
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::Operation;
    use crate::testing::{Network, share, values};
    use crate::wires::Wires;
    use enigma_field::{Committee, M61};

    const COMPARE: u32 = 1;
    const BATCH: u32 = 9;

    /// A cheat whose own shares follow the wrong bit that it told.
    #[test]
    fn wrong_gates_of_a_consistent_cheat_are_rejected() {
        let committee = Committee::new(3).expect("a size");
        let [one, cheat, three] = [1, 2, 3].map(|k| Party::new(k).expect("a party"));
        for (layer, byte) in [(0, 0), (1, 9), (2, 100), (7, 0)] {
            let mut network = Network::new(committee, 4);
            let x = share(committee, &values(70, 5), 6);
            let x: Vec<Wires> = x.into_iter().map(Wires::input).collect();
            network.start(|e, k| e.start_compare(COMPARE, BATCH, &x[k], Compare::Less));
            let of_layer =
                move |slot: Slot| slot.op == COMPARE && usize::from(slot.step) == layer + 1;
            network.tamper = Some(Box::new(move |mut frame| {
                if frame.from == cheat && of_layer(frame.slot) {
                    assert_eq!(frame.to, one);
                    frame.payload[byte] ^= 1;
                }
                vec![frame]
            }));
            let mut cheated = false;
            loop {
                network.collect();
                // What the cheat waits for comes last.
                let held = |f: &crate::testing::Delivery| f.from == three && of_layer(f.slot);
                let next = network.in_flight.iter().position(|frame| !held(frame));
                if next.is_none() && !network.in_flight.is_empty() && !cheated {
                    cheated = true;
                    let running = network.engines[cheat.index()].running.get_mut(&COMPARE);
                    let Some(Operation::Comparing { comparing, .. }) = running else {
                        panic!("it waits for the held frame");
                    };
                    let place = place::<M61>(Compare::Less, layer, &(0..70));
                    // Nine bytes to a plane, of two words.
                    let word = 2 * (byte / 9) + byte % 9 / 8;
                    comparing.gates.z.first[place][word] ^= 1 << (8 * (byte % 9 % 8));
                }
                if network.in_flight.is_empty() {
                    break;
                }
                let frame = network.in_flight.swap_remove(next.unwrap_or(0));
                let receiver = &mut network.engines[frame.to.index()];
                receiver
                    .handle(frame.from, frame.slot, &frame.payload)
                    .expect("well formed");
            }
            network.take_wires(COMPARE);
            network.tamper = None;
            network.start(|engine, _| engine.start_verify(BATCH));
            let (_, fault) = network.run().expect_err("the batch is wrong");
            assert_eq!(fault, Fault::Rejected { op: BATCH });
        }
    }
}
