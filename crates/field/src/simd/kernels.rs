//! The kernels, for any back end.
//!
//! Everything here is inlined into a function that has the back end's instructions switched on. What
//! is compiled apart from it, a closure for one, is correct and slow; hence the plain loops.

use super::complex::Complex;
use super::{LEN_MAX, Lanes, Vector};
use crate::k::K;
use crate::m61::M61;
use crate::recursion;
use crate::traits::Field;

/// Vectors worked on by turns where each operation waits for the one before.
const CHAINS: usize = 2;
/// Sums kept side by side in inner products, for the same reason.
const SUMS: usize = 4;
/// Points extrapolated, and orders of differences taken, in one pass over a table.
const STEPS: usize = 4;
/// The most blocks with a kernel of their own.
const BLOCKS_MAX: usize = 32;

/// Replaces each element of `$target` by what `$combine` makes of it and the one of `$other`.
macro_rules! combine_each {
    ($vector:ident, $target:ident, $other:ident, |$a:ident, $b:ident| $combine:expr) => {
        assert_eq!($target.len(), $other.len(), "vectors of one length");
        let mut groups = $target.chunks_exact_mut($vector::LEN);
        let others = $other.chunks_exact($vector::LEN);
        let rest = others.remainder();
        for (group, other) in (&mut groups).zip(others) {
            let ($a, $b) = ($vector::load(group), $vector::load(other));
            $combine.store(group);
        }
        let group = groups.into_remainder();
        let ($a, $b) = (load_part::<$vector>(group), load_part::<$vector>(rest));
        store_part($combine, group);
    };
}

#[inline(always)]
pub(super) fn add_assign<V: Vector>(target: &mut [V::Item], other: &[V::Item]) {
    combine_each!(V, target, other, |a, b| a.add(b));
}

#[inline(always)]
pub(super) fn sub_assign<V: Vector>(target: &mut [V::Item], other: &[V::Item]) {
    combine_each!(V, target, other, |a, b| a.sub(b));
}

#[inline(always)]
pub(super) fn multiply_each<V: Vector>(target: &mut [V::Item], factors: &[V::Item]) {
    combine_each!(V, target, factors, |a, b| a.mul(b));
}

#[inline(always)]
pub(super) fn add_scaled<V: Vector>(target: &mut [V::Item], factor: V::Item, other: &[V::Item]) {
    let factor = V::splat(factor);
    combine_each!(V, target, other, |a, b| a.add(factor.mul(b)));
}

#[inline(always)]
pub(super) fn scale<V: Vector>(target: &mut [V::Item], factor: V::Item) {
    let factor = V::splat(factor);
    let mut groups = target.chunks_exact_mut(V::LEN);
    for group in &mut groups {
        V::load(group).mul(factor).store(group);
    }
    let rest = groups.into_remainder();
    store_part(load_part::<V>(rest).mul(factor), rest);
}

#[inline(always)]
pub(super) fn dot<V: Vector>(left: &[V::Item], right: &[V::Item]) -> V::Item {
    assert_eq!(
        left.len(),
        right.len(),
        "an inner product needs equal lengths"
    );
    let mut sums = [V::empty(); SUMS];
    let mut pending = 0;
    let lefts = left.chunks_exact(SUMS * V::LEN);
    let rights = right.chunks_exact(SUMS * V::LEN);
    let rest = (lefts.remainder(), rights.remainder());
    for (left, right) in lefts.zip(rights) {
        if pending == V::CAPACITY {
            tidy::<V>(&mut sums);
            pending = 0;
        }
        pending += 1;
        for (k, sum) in sums.iter_mut().enumerate() {
            let (left, right) = (V::load(&left[k * V::LEN..]), V::load(&right[k * V::LEN..]));
            V::add_product(sum, left.factor(), right.factor());
        }
    }
    tidy::<V>(&mut sums);
    let rest = rest.0.chunks(V::LEN).zip(rest.1.chunks(V::LEN));
    for (sum, (left, right)) in sums.iter_mut().zip(rest) {
        let (left, right): (V, V) = (load_part(left), load_part(right));
        V::add_product(sum, left.factor(), right.factor());
    }
    let mut lanes = V::splat(V::Item::ZERO);
    for sum in sums {
        lanes = lanes.add(V::finish(sum));
    }
    total(lanes)
}

#[inline(always)]
pub(super) fn combine_rows<V: Vector>(
    coefficients: &[V::Item],
    rows: &[&[V::Item]],
    out: &mut [V::Item],
) {
    crate::traits::check_rows(coefficients, rows, out);
    // The number of terms as a constant makes the inner loop straight code. A dealing has a term
    // more than there are corrupt parties.
    match rows.len() {
        2 => combine_rows_of::<V, 2>(coefficients, rows, out),
        3 => combine_rows_of::<V, 3>(coefficients, rows, out),
        4 => combine_rows_of::<V, 4>(coefficients, rows, out),
        5 => combine_rows_of::<V, 5>(coefficients, rows, out),
        6 => combine_rows_of::<V, 6>(coefficients, rows, out),
        _ => {
            let factors = factors::<V>(coefficients);
            for (number, out) in out.chunks_mut(V::LEN).enumerate() {
                let sum = sum_of_rows::<V>(&factors, rows, number * V::LEN);
                store_part(V::finish(sum), out);
            }
        }
    }
}

#[inline(always)]
fn combine_rows_of<V: Vector, const COUNT: usize>(
    coefficients: &[V::Item],
    rows: &[&[V::Item]],
    out: &mut [V::Item],
) {
    let mut factors = [V::splat(V::Item::ZERO).factor(); COUNT];
    let mut parts: [&[V::Item]; COUNT] = [&[]; COUNT];
    for k in 0..COUNT {
        factors[k] = V::splat(coefficients[k]).factor();
        parts[k] = &rows[k][..out.len()];
    }
    let whole = out.len() - out.len() % V::LEN;
    for start in (0..whole).step_by(V::LEN) {
        let sum = sum_of_rows::<V>(&factors, &parts, start);
        V::finish(sum).store(&mut out[start..]);
    }
    let sum = sum_of_rows::<V>(&factors, &parts, whole);
    store_part(V::finish(sum), &mut out[whole..]);
}

/// The elements from `start` on of each row, times the row's factor.
#[inline(always)]
fn sum_of_rows<V: Vector>(factors: &[V::Factor], rows: &[&[V::Item]], start: usize) -> V::Sum {
    let mut sum = V::empty();
    for (count, (factor, row)) in factors.iter().zip(rows).enumerate() {
        if count > 0 && count.is_multiple_of(V::CAPACITY) {
            V::tidy(&mut sum);
        }
        let elements = load_part::<V>(&row[start.min(row.len())..]);
        V::add_product(&mut sum, *factor, elements.factor());
    }
    sum
}

#[inline(always)]
pub(super) fn from_words<L: Lanes>(words: &[u8], out: &mut [M61]) {
    assert_eq!(words.len(), 8 * out.len(), "a word for each element");
    let zero = L::splat(M61::ZERO);
    let mut groups = out.chunks_exact_mut(L::LEN);
    let mut words = words.chunks_exact(8 * L::LEN);
    for (out, words) in (&mut groups).zip(&mut words) {
        // A sum is canonical.
        L::load_words(words).add(zero).store(out);
    }
    let words = load_words_part::<L>(words.remainder());
    store_part(words.add(zero), groups.into_remainder());
}

#[inline(always)]
pub(super) fn add_combined_words<L: Lanes>(coefficients: &[i32], rows: &[&[u8]], out: &mut [M61]) {
    assert_eq!(coefficients.len(), rows.len(), "a coefficient for each row");
    let mut magnitude = 0u64;
    let mut small = Vec::with_capacity(rows.len());
    for (coefficient, row) in coefficients.iter().zip(rows) {
        assert_eq!(row.len(), 8 * out.len(), "a word for each element");
        magnitude += u64::from(coefficient.unsigned_abs());
        small.push(L::small(*coefficient));
    }
    assert!(magnitude < 1 << 31, "small coefficients");
    let width = 8 * L::LEN;
    for (number, out) in out.chunks_mut(CHAINS * L::LEN).enumerate() {
        let start = number * CHAINS * width;
        let whole = out.len() == CHAINS * L::LEN;
        let mut sums = [L::empty(); CHAINS];
        let mut pending = 0;
        for (small, row) in small.iter().zip(rows) {
            if pending == L::WORDS_CAPACITY {
                tidy::<L>(&mut sums);
                pending = 0;
            }
            pending += 1;
            if whole {
                let words = &row[start..start + CHAINS * width];
                for k in 0..CHAINS {
                    L::add_words(&mut sums[k], *small, &words[k * width..]);
                }
            } else {
                let words = padded_words(&row[start..]);
                for k in 0..CHAINS {
                    L::add_words(&mut sums[k], *small, &words[k * width..]);
                }
            }
        }
        for (sum, out) in sums.iter().zip(out.chunks_mut(L::LEN)) {
            store_part(load_part::<L>(out).add(L::finish_words(*sum)), out);
        }
    }
}

/// The first words of the slice; zeros where it ends.
#[inline(always)]
fn load_words_part<L: Lanes>(from: &[u8]) -> L {
    if from.len() >= 8 * L::LEN {
        return L::load_words(from);
    }
    L::load_words(&padded_words(from))
}

/// Apart, so that what is rare stands in nobody's way.
#[cold]
#[inline(never)]
fn padded_words(from: &[u8]) -> [u8; CHAINS * 8 * LEN_MAX] {
    let mut buffer = [0; CHAINS * 8 * LEN_MAX];
    buffer[..from.len()].copy_from_slice(from);
    buffer
}

/// The chain of powers is the one of [`M61::sqrt_inverse_candidate`].
#[inline(always)]
pub(super) fn inverse_roots<L: Lanes>(elements: &mut [M61]) {
    for group in elements.chunks_mut(CHAINS * L::LEN) {
        let mut roots = [L::splat(M61::ZERO); CHAINS];
        for (root, part) in roots.iter_mut().zip(group.chunks(L::LEN)) {
            *root = load_part(part);
        }
        let roots = inverse_root(roots);
        for (root, part) in roots.iter().zip(group.chunks_mut(L::LEN)) {
            store_part(*root, part);
        }
    }
}

#[inline(always)]
fn inverse_root<L: Lanes>(c: [L; CHAINS]) -> [L; CHAINS] {
    let c2 = power_step(c, 1, c);
    let c4 = power_step(c2, 2, c2);
    let c8 = power_step(c4, 4, c4);
    let c16 = power_step(c8, 8, c8);
    let c17 = power_step(c16, 1, c);
    let c34 = power_step(c17, 17, c17);
    let c51 = power_step(c34, 17, c17);
    power_step(c51, 8, c8)
}

#[inline(always)]
fn power_step<L: Lanes>(high: [L; CHAINS], shift: usize, low: [L; CHAINS]) -> [L; CHAINS] {
    let mut lanes = high;
    for _ in 0..shift {
        for lane in &mut lanes {
            *lane = lane.mul(*lane);
        }
    }
    for (lane, low) in lanes.iter_mut().zip(low) {
        *lane = lane.mul(low);
    }
    lanes
}

#[inline(always)]
pub(super) fn products<V: Vector>(x: &[V::Item], y: &[V::Item], blocks: usize) -> Vec<V::Item> {
    match blocks {
        8 => products_of::<V, 8>(x, y),
        16 => products_of::<V, 16>(x, y),
        32 => products_of::<V, 32>(x, y),
        // The last level of a recursion, which is short.
        _ => recursion::products(x, y, blocks),
    }
}

#[inline(always)]
fn products_of<V: Vector, const BLOCKS: usize>(x: &[V::Item], y: &[V::Item]) -> Vec<V::Item> {
    const { assert!(BLOCKS.is_multiple_of(STEPS) && BLOCKS <= BLOCKS_MAX) };
    assert_eq!(x.len(), y.len(), "a claim is about vectors of one length");
    let m = x.len().div_ceil(BLOCKS);
    let mut sums = [V::empty(); 2 * BLOCKS_MAX - 1];
    let (given, extrapolated) = sums[..2 * BLOCKS - 1].split_at_mut(BLOCKS);
    let (x, y) = (blocks(x, m), blocks(y, m));
    let mut pending = 0;
    for start in (0..m).step_by(V::LEN) {
        if pending == V::CAPACITY {
            tidy::<V>(given);
            tidy::<V>(extrapolated);
            pending = 0;
        }
        pending += 1;
        let mut f: [V; BLOCKS] = column(&x, start);
        let mut g: [V; BLOCKS] = column(&y, start);
        for (sum, (f, g)) in given.iter_mut().zip(f.iter().zip(&g)) {
            V::add_product(sum, f.factor(), g.factor());
        }
        differences(&mut f);
        differences(&mut g);
        // BLOCKS - 1 is three more than a multiple of STEPS.
        let (groups, last) = extrapolated.as_chunks_mut::<STEPS>();
        for group in groups {
            add_next_products(group, &mut f, &mut g);
        }
        if let Ok(last) = <&mut [_; STEPS - 1]>::try_from(last) {
            add_next_products(last, &mut f, &mut g);
        }
    }
    let mut h = Vec::with_capacity(2 * BLOCKS - 1);
    for sum in &sums[..2 * BLOCKS - 1] {
        h.push(total(V::finish(*sum)));
    }
    h
}

/// The elements from `start` on of every block; zeros beyond the end.
#[inline(always)]
fn column<V: Vector, const BLOCKS: usize>(x: &[&[V::Item]; BLOCKS], start: usize) -> [V; BLOCKS] {
    let mut rows = [V::splat(V::Item::ZERO); BLOCKS];
    for (row, block) in rows.iter_mut().zip(x) {
        *row = load_part(&block[start.min(block.len())..]);
    }
    rows
}

/// As in [`recursion`]: row BLOCKS-1-j becomes the j-th difference at the last point.
#[inline(always)]
fn differences<V: Vector, const BLOCKS: usize>(rows: &mut [V; BLOCKS]) {
    // Several orders in one pass, so that rows are read and written less often.
    for len in (STEPS..=BLOCKS).rev().step_by(STEPS) {
        // For each order, the difference that ends at the row before.
        let mut before = [V::splat(V::Item::ZERO); STEPS];
        for row in 0..STEPS {
            before[row] = difference(rows[row], &mut before[..row]);
        }
        for row in STEPS..len {
            rows[row - STEPS] = difference(rows[row], &mut before);
        }
        for (order, last) in before.iter().enumerate() {
            rows[len - 1 - order] = *last;
        }
    }
}

/// Takes each order's difference from the one below and remembers that; gives the highest.
#[inline(always)]
fn difference<V: Vector>(value: V, before: &mut [V]) -> V {
    let mut value = value;
    for before in before {
        let higher = value.sub(*before);
        *before = value;
        value = higher;
    }
    value
}

/// Adds the products at the next points.
#[inline(always)]
fn add_next_products<V: Vector, const POINTS: usize, const BLOCKS: usize>(
    sums: &mut [V::Sum; POINTS],
    f: &mut [V; BLOCKS],
    g: &mut [V; BLOCKS],
) {
    let (f, g) = (next::<V, POINTS, BLOCKS>(f), next::<V, POINTS, BLOCKS>(g));
    for (sum, (f, g)) in sums.iter_mut().zip(f.iter().zip(&g)) {
        V::add_product(sum, f.factor(), g.factor());
    }
}

/// Moves differences on by some points and gives the values there.
///
/// Going on by one point is a chain in which each row waits for the one before; with several points
/// a row waits for less, and is read and written once.
#[inline(always)]
fn next<V: Vector, const POINTS: usize, const BLOCKS: usize>(
    rows: &mut [V; BLOCKS],
) -> [V; POINTS] {
    // The highest difference is the same everywhere.
    let mut points = [rows[0]; POINTS];
    for row in &mut rows[1..] {
        for point in &mut points {
            *row = row.add(*point);
            *point = *row;
        }
    }
    points
}

#[inline(always)]
pub(super) fn fold<L: Lanes>(x: &[M61], coefficients: &[K]) -> Vec<K> {
    match coefficients.len() {
        8 => fold_of::<L, 8>(x, coefficients),
        16 => fold_of::<L, 16>(x, coefficients),
        32 => fold_of::<L, 32>(x, coefficients),
        _ => recursion::fold(x, coefficients),
    }
}

#[inline(always)]
fn fold_of<L: Lanes, const BLOCKS: usize>(x: &[M61], coefficients: &[K]) -> Vec<K> {
    let zero = L::splat(M61::ZERO).factor();
    let mut factors = [(zero, zero); BLOCKS];
    for (factor, coefficient) in factors.iter_mut().zip(coefficients) {
        *factor = Complex::<L>::splat(*coefficient).factor();
    }
    let m = x.len().div_ceil(BLOCKS);
    let blocks: [&[M61]; BLOCKS] = blocks(x, m);
    let mut folded = vec![K::ZERO; m];
    for (number, out) in folded.chunks_mut(L::LEN).enumerate() {
        let start = number * L::LEN;
        let (mut re, mut im) = (L::empty(), L::empty());
        for count in 0..BLOCKS {
            if count > 0 && count.is_multiple_of(L::CAPACITY) {
                L::tidy(&mut re);
                L::tidy(&mut im);
            }
            let block = blocks[count];
            let part = load_part::<L>(&block[start.min(block.len())..]).factor();
            L::add_product(&mut re, factors[count].0, part);
            L::add_product(&mut im, factors[count].1, part);
        }
        let (re, im) = (L::finish(re), L::finish(im));
        store_part(Complex { re, im }, out);
    }
    folded
}

#[inline(always)]
pub(super) fn fold_ext<V: Vector>(x: &[V::Item], coefficients: &[V::Item]) -> Vec<V::Item> {
    match coefficients.len() {
        8 => fold_ext_of::<V, 8>(x, coefficients),
        16 => fold_ext_of::<V, 16>(x, coefficients),
        32 => fold_ext_of::<V, 32>(x, coefficients),
        _ => recursion::fold(x, coefficients),
    }
}

#[inline(always)]
fn fold_ext_of<V: Vector, const BLOCKS: usize>(
    x: &[V::Item],
    coefficients: &[V::Item],
) -> Vec<V::Item> {
    let m = x.len().div_ceil(BLOCKS);
    let mut folded = vec![V::Item::ZERO; m];
    let blocks: [&[V::Item]; BLOCKS] = blocks(x, m);
    let factors = factors::<V>(coefficients);
    for (number, out) in folded.chunks_mut(V::LEN).enumerate() {
        let sum = sum_of_rows::<V>(&factors, &blocks, number * V::LEN);
        store_part(V::finish(sum), out);
    }
    folded
}

/// Blocks of length `m`, the last ones shorter or empty where the vector ends.
#[inline(always)]
fn blocks<T, const BLOCKS: usize>(x: &[T], m: usize) -> [&[T]; BLOCKS] {
    let mut blocks: [&[T]; BLOCKS] = [&[]; BLOCKS];
    for (block, part) in blocks.iter_mut().zip(x.chunks(m.max(1))) {
        *block = part;
    }
    blocks
}

/// Every coefficient, everywhere in a vector.
#[inline(always)]
fn factors<V: Vector>(coefficients: &[V::Item]) -> Vec<V::Factor> {
    let mut factors = Vec::with_capacity(coefficients.len());
    for coefficient in coefficients {
        factors.push(V::splat(*coefficient).factor());
    }
    factors
}

#[inline(always)]
fn tidy<V: Vector>(sums: &mut [V::Sum]) {
    for sum in sums {
        V::tidy(sum);
    }
}

/// The first elements of the slice; zeros where it ends.
#[inline(always)]
fn load_part<V: Vector>(from: &[V::Item]) -> V {
    if from.len() >= V::LEN {
        return V::load(from);
    }
    V::load(&padded(from))
}

/// Apart, so that what is rare stands in nobody's way.
#[cold]
#[inline(never)]
fn padded<F: Field>(from: &[F]) -> [F; LEN_MAX] {
    let mut buffer = [F::ZERO; LEN_MAX];
    buffer[..from.len()].copy_from_slice(from);
    buffer
}

/// Writes as many elements as there is room for.
#[inline(always)]
fn store_part<V: Vector>(vector: V, to: &mut [V::Item]) {
    if to.len() >= V::LEN {
        return vector.store(to);
    }
    let mut buffer = [V::Item::ZERO; LEN_MAX];
    vector.store(&mut buffer);
    copy_start(&buffer, to);
}

#[cold]
#[inline(never)]
fn copy_start<F: Field>(buffer: &[F; LEN_MAX], to: &mut [F]) {
    to.copy_from_slice(&buffer[..to.len()]);
}

/// The sum of a vector's elements.
#[inline(always)]
fn total<V: Vector>(vector: V) -> V::Item {
    let mut buffer = [V::Item::ZERO; LEN_MAX];
    vector.store(&mut buffer);
    buffer.into_iter().sum()
}
