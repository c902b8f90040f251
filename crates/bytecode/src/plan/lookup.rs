//! Shared indices as one-hot vectors, and tables read at shared indices.
//!
//! An index below m has k = bits of m - 1. One-hots of groups of bits are joined two by two until one
//! group is left: a one-hot of a entries and one of b entries take (a-1)(b-1) products, because the
//! products of a row or column add up to an entry that is known. Altogether 2^k - 1 - k products in
//! ceil(log2 k) rounds per index, beside the bits of [`super::bits`].
//!
//! A public table is then read locally. A shared one of m entries is read in two steps from 16 entries on: as a
//! matrix of R rows and C columns, with a = floor(k / 2), C = 2^a and R = ceil(m / C), by one-hots of the
//! index's low a and high k - a bits: C - 1 - a and 2^(k-a) - 1 - (k - a) products for them, R for the column's
//! entries, 1 for the row's: some 3 sqrt(m) instead of m, for one round more. A shorter one takes the whole
//! one-hot and one dot product per index: 1 product, 1 round.

use enigma_field::PrimeField;

use super::bits;
use super::build::Builder;
use super::error::PlanError;
use super::ir::View;
use super::tiling::by_rows;

/// Most entries of a table, or of a one-hot vector.
pub(super) const MOST_ENTRIES: u32 = 1 << 12;

/// Most weights of one fold.
const FOLD: usize = 64;

/// The shortest shared table that is read in two steps.
const TWO_STEPS: u32 = 16;

/// Elements of one-hot vectors in a tile.
const TILE_ELEMENTS: u32 = super::TILE * 32;

/// `len` blocks, 1 in block g where the index is g. Indices are below `len`, which is from 1 to
/// [`MOST_ENTRIES`].
pub(super) fn one_hots<F: PrimeField>(
    b: &mut Builder<F>,
    index: View,
    len: u32,
) -> Result<View, PlanError> {
    by_rows(b, index.len, len, rows(len), |b, first, rows| {
        one_hots_tile(b, index.part(first, rows), len)
    })
}

/// The entries of a public table at the indices, which are below its length.
pub(super) fn public_table<F: PrimeField>(
    b: &mut Builder<F>,
    index: View,
    table: &[F],
) -> Result<View, PlanError> {
    let len = table.len() as u32;
    by_rows(b, index.len, 1, rows(len), |b, first, rows| {
        let index = index.part(first, rows);
        let hot = one_hots_tile(b, index, len)?;
        let mut sums = Vec::new();
        for (place, entries) in (0..).step_by(FOLD).zip(table.chunks(FOLD)) {
            let hot = hot.part(place * rows, entries.len() as u32 * rows);
            sums.push((F::ONE, b.fold(hot, entries.to_vec())));
        }
        Ok(match sums[..] {
            [(_, only)] => only,
            _ => b.linear(&sums, F::ZERO),
        })
    })
}

/// The entries of a shared table at the indices, which are below its length.
pub(super) fn shared_table<F: PrimeField>(
    b: &mut Builder<F>,
    index: View,
    table: View,
) -> Result<View, PlanError> {
    if table.len >= TWO_STEPS {
        return in_two_steps(b, index, table);
    }
    by_rows(b, index.len, 1, rows(table.len), |b, first, rows| {
        let hot = one_hots_tile(b, index.part(first, rows), table.len)?;
        b.matrix_product((table, hot), [1, table.len, rows])
    })
}

fn in_two_steps<F: PrimeField>(
    b: &mut Builder<F>,
    index: View,
    table: View,
) -> Result<View, PlanError> {
    let width = (table.len - 1).ilog2() + 1;
    let low_width = width / 2;
    let columns = 1 << low_width;
    let lines = table.len.div_ceil(columns);
    b.begin();
    let rest = b.constant(F::ZERO, lines * columns - table.len);
    let matrix = b.concat(&[table, rest]);
    by_rows(b, index.len, 1, rows(lines + columns), |b, first, rows| {
        let bits = bits::decompose(b, index.part(first, rows), width)?;
        let cut = low_width * rows;
        let low = demultiplex(b, bits.part(0, cut), low_width)?;
        let high = demultiplex(b, bits.part(cut, bits.len - cut), width - low_width)?;
        let low = b.concat(&low);
        let high = b.concat(&high[..lines as usize]);
        let line_entries = b.matrix_product((matrix, low), [lines, columns, rows])?;
        let (left, right) = (b.transpose(high, lines), b.transpose(line_entries, lines));
        b.dot(left, right, lines)
    })
}

/// How many indices are treated at once.
pub(super) fn rows(len: u32) -> u32 {
    (TILE_ELEMENTS / len.next_power_of_two()).clamp(1, super::TILE / 4)
}

fn one_hots_tile<F: PrimeField>(
    b: &mut Builder<F>,
    index: View,
    len: u32,
) -> Result<View, PlanError> {
    let width = (len - 1).checked_ilog2().map_or(0, |top| top + 1);
    if width == 0 {
        b.begin();
        return Ok(b.constant(F::ONE, index.len));
    }
    let bits = bits::decompose(b, index, width)?;
    let hot = demultiplex(b, bits, width)?;
    Ok(b.concat(&hot[..len as usize]))
}

/// The 2^width blocks of the one-hot vectors of numbers given by their bits, in the current strand.
pub(super) fn demultiplex<F: PrimeField>(
    b: &mut Builder<F>,
    bits: View,
    width: u32,
) -> Result<Vec<View>, PlanError> {
    let n = bits.len / width;
    let mut groups: Vec<Vec<View>> = Vec::new();
    let unset = b.linear(&[(-F::ONE, bits)], F::ONE);
    for bit in 0..width {
        groups.push(vec![unset.part(bit * n, n), bits.part(bit * n, n)]);
    }
    while groups.len() > 1 {
        let mut factors = Vec::new();
        for pair in groups.chunks_exact(2) {
            for high in &pair[1][1..] {
                factors.extend(pair[0][1..].iter().map(|low| (*low, *high)));
            }
        }
        let products = b.multiply(&factors)?;
        let mut products = (0..factors.len() as u32).map(|at| products.part(at * n, n));
        let mut joined = Vec::new();
        for pair in groups.chunks(2) {
            joined.push(match pair {
                [low, high] => join(b, low, high, &mut products),
                rest => rest.concat(),
            });
        }
        groups = joined;
    }
    Ok(groups.concat())
}

/// The one-hot of a low and a high group, whose products without their first entries are given.
fn join<F: PrimeField>(
    b: &mut Builder<F>,
    low: &[View],
    high: &[View],
    products: &mut impl Iterator<Item = View>,
) -> Vec<View> {
    let rest = |b: &mut Builder<F>, of: View, parts: &[View]| {
        let mut terms = vec![(F::ONE, of)];
        terms.extend(parts.iter().map(|part| (-F::ONE, *part)));
        b.linear(&terms, F::ZERO)
    };
    let mut rows: Vec<Vec<View>> = Vec::new();
    for &entry in &high[1..] {
        let known: Vec<View> = products.take(low.len() - 1).collect();
        let mut row = vec![rest(b, entry, &known)];
        row.extend(known);
        rows.push(row);
    }
    let first = low.iter().enumerate().map(|(at, &entry)| {
        let column: Vec<View> = rows.iter().map(|row| row[at]).collect();
        rest(b, entry, &column)
    });
    let mut all: Vec<View> = first.collect();
    all.extend(rows.into_iter().flatten());
    all
}
