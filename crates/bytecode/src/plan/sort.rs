//! Sorting rows by a key (protocols F.9, S12). Rows with equal keys stay in their order.
//!
//! **By bits** (Chida et al. 19, Asharov et al. 22): the key's bits in digits of three, lowest first.
//! What a pass ends with is secret: for each row, its place in the order by all digits so far. For the
//! next digit these places and the digit's bits are shuffled, the places are opened and the bits put
//! there: in the order so far, which no party can relate to the rows. There every row learns, in
//! secret, where a stable sort by the digit puts it: with a one-hot for each digit, one inner product.
//! Taken from the same places and put back from the shuffle, that is what the pass ends with.
//! A last shuffle carries the places and what is sorted.
//!
//! **By pairs**, for few rows: each of the n (n-1) / 2 pairs is compared once, the earlier row wins a
//! draw, the sum is each row's place. One shuffle then, and none of the passes' rounds. What is compared
//! are the keys' lowest bits, put together again: were it the keys, one outside its range could make
//! an order that is none, and places that are no permutation would tell of other keys.
//!
//! What is opened is a permutation, whatever the keys are, in an order that is uniform to any t parties,
//! hence itself uniform.
//! It is opened when everything before is verified (S12), the shuffle's phases included: `Call::Open`
//! takes nothing else.
//!
//! Per row and pass of a sort by bits: 4 + 1 products, 4 + 1 columns shuffled, 1 opening.

use enigma_field::PrimeField;

use super::bits;
use super::build::Builder;
use super::error::PlanError;
use super::ir::{Pub, View};
use super::rank;
use crate::interval::Interval;
use crate::model::Order;

/// Bits of a digit. Three send least with 3 parties; with 5 and 7 four would send 1 and 9 % less
/// (decision 0028).
const DIGIT_BITS: u32 = 3;

/// Up to so many rows go by pairs. That sends more from 6 rows on, but has some 200 rounds less.
const FEW_ROWS: u32 = 64;

/// A permutation of rows that nobody knows.
#[derive(Clone, Copy)]
pub(super) struct Permutation {
    /// Of each row, where it goes.
    places: View,
}

impl Permutation {
    /// Puts rows, given by columns, to their places. Ends in a strand of its own.
    pub(super) fn apply<F: PrimeField>(
        self,
        b: &mut Builder<F>,
        columns: &[View],
    ) -> Result<Vec<View>, PlanError> {
        if self.places.len < 2 {
            return Ok(columns.to_vec());
        }
        Ok(self.apply_and_remember(b, columns)?.0)
    }

    /// The same for two rows or more, and the way back.
    pub(super) fn apply_and_remember<F: PrimeField>(
        self,
        b: &mut Builder<F>,
        columns: &[View],
    ) -> Result<(Vec<View>, WayBack), PlanError> {
        b.begin();
        let all: Vec<View> = std::iter::once(self.places)
            .chain(columns.iter().copied())
            .collect();
        let (opened, shuffle, columns) = placed(b, &all)?;
        Ok((columns, WayBack { opened, shuffle }))
    }
}

/// From sorted rows to where they came from.
pub(super) struct WayBack {
    opened: Pub,
    shuffle: u32,
}

impl WayBack {
    /// Puts rows, given by columns, to where the rows of their sorted places came from.
    pub(super) fn put_back<F: PrimeField>(
        self,
        b: &mut Builder<F>,
        columns: &[View],
    ) -> Result<Vec<View>, PlanError> {
        b.begin();
        let taken: Vec<View> = columns.iter().map(|c| b.take(*c, self.opened)).collect();
        let all = b.unshuffle(&taken, self.shuffle)?;
        let rows = all.len / columns.len() as u32;
        let column = |k: u32| all.part(k * rows, rows);
        Ok((0..columns.len() as u32).map(column).collect())
    }
}

/// The stable order of rows by keys in a range, by pairs or by bits, as is better.
pub(super) fn by_keys<F: PrimeField>(
    b: &mut Builder<F>,
    keys: View,
    range: Interval,
    order: Order,
) -> Result<Permutation, PlanError> {
    // Numbers from 0 on, in the order that is wanted.
    let (sign, first) = match order {
        Order::Ascending => (F::ONE, range.low),
        Order::Descending => (-F::ONE, range.high),
    };
    b.begin();
    let numbers = b.linear(&[(sign, keys)], -sign * F::from_i64(first));
    let width = width(range);
    let bits = bits::decompose(b, numbers, width)?;
    if keys.len <= FEW_ROWS {
        let numbers = bits::compose(b, bits, width);
        return by_pairs(b, numbers);
    }
    b.begin();
    by_bits(b, bits, width)
}

/// Bits of numbers from 0 to the width of a range.
pub(super) fn width(range: Interval) -> u32 {
    range.high.abs_diff(range.low).max(1).ilog2() + 1
}

/// The stable order by keys of `width` shared bits, the smallest first, by pairs or by bits, as is better: one
/// block of bits for each place, the lowest first.
pub(super) fn by_digits<F: PrimeField>(
    b: &mut Builder<F>,
    bits: View,
    width: u32,
) -> Result<Permutation, PlanError> {
    let comparable = width < F::BITS;
    if bits.len / width <= FEW_ROWS && comparable {
        let numbers = bits::compose(b, bits, width);
        return by_pairs(b, numbers);
    }
    b.begin();
    by_bits(b, bits, width)
}

/// The stable order by keys of `width` bits, given one block for each, the lowest first.
fn by_bits<F: PrimeField>(
    b: &mut Builder<F>,
    bits: View,
    width: u32,
) -> Result<Permutation, PlanError> {
    let rows = bits.len / width;
    let bit = |place: u32| bits.part(place * rows, rows);
    let first: Vec<View> = (0..width.min(DIGIT_BITS)).map(bit).collect();
    let mut places = destinations(b, &first)?;
    for start in (DIGIT_BITS..width).step_by(DIGIT_BITS as usize) {
        let end = width.min(start + DIGIT_BITS);
        let columns: Vec<View> = std::iter::once(places)
            .chain((start..end).map(bit))
            .collect();
        let (opened, shuffle, digit) = placed(b, &columns)?;
        let sorted = destinations(b, &digit)?;
        let shuffled = b.take(sorted, opened);
        places = b.unshuffle(&[shuffled], shuffle)?;
    }
    Ok(Permutation { places })
}

/// The stable order by few numbers of fewer bits than the field's, the smallest first.
fn by_pairs<F: PrimeField>(b: &mut Builder<F>, numbers: View) -> Result<Permutation, PlanError> {
    let positions = rank::positions(b, numbers)?;
    let places = b.linear(&[(F::ONE, positions)], -F::ONE);
    Ok(Permutation { places })
}

/// Shuffles columns, opens the first, which says where each row goes, and puts the others there. Gives
/// what was opened, and the shuffle's number, too. Goes on in a strand of its own.
fn placed<F: PrimeField>(
    b: &mut Builder<F>,
    columns: &[View],
) -> Result<(Pub, u32, Vec<View>), PlanError> {
    let rows = columns[0].len;
    let (shuffled, shuffle) = b.shuffle(columns)?;
    let opened = b.open_verified(shuffled.part(0, rows))?;
    let column = |k: usize| shuffled.part(k as u32 * rows, rows);
    let others = (1..columns.len()).map(|k| b.place(column(k), opened));
    Ok((opened, shuffle, others.collect()))
}

/// Where a stable sort by a digit, given by its bits, lowest first, puts each row.
fn destinations<F: PrimeField>(b: &mut Builder<F>, bits: &[View]) -> Result<View, PlanError> {
    let one_hots = one_hots(b, bits)?;
    let digits = 1 << bits.len();
    // If its digit were v, a row would come after all rows with smaller digits, whose one-hots are in
    // the blocks before, and after the rows before it with this digit.
    let counted = b.prefix_sums(one_hots);
    let places = b.linear(&[(F::ONE, counted), (-F::ONE, one_hots)], F::ZERO);
    let (left, right) = (b.transpose(one_hots, digits), b.transpose(places, digits));
    b.dot(left, right, digits)
}

/// Block v tells of each row whether its digit is v.
fn one_hots<F: PrimeField>(b: &mut Builder<F>, bits: &[View]) -> Result<View, PlanError> {
    let rows = bits[0].len;
    let one = F::ONE;
    let mut hots = vec![b.linear(&[(-one, bits[0])], one), bits[0]];
    for &bit in &bits[1..] {
        // The bit is the sum of its products with all of them, so that one follows.
        let known = hots.len() - 1;
        let factors: Vec<(View, View)> = hots[..known].iter().map(|&hot| (hot, bit)).collect();
        let products = b.multiply(&factors)?;
        let mut high: Vec<View> = (0..known as u32)
            .map(|k| products.part(k * rows, rows))
            .collect();
        let rest: Vec<(F, View)> = std::iter::once((one, bit))
            .chain(high.iter().map(|&product| (-one, product)))
            .collect();
        high.push(b.linear(&rest, F::ZERO));
        let low = hots.iter().zip(&high);
        let low: Vec<View> = low
            .map(|(&hot, &high)| b.linear(&[(one, hot), (-one, high)], F::ZERO))
            .collect();
        hots = [low, high].concat();
    }
    Ok(b.concat(&hots))
}
