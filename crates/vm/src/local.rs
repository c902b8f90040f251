//! The local operations of a plan: loops over contiguous columns.
//!
//! Shares of public constants are the constant itself (a polynomial of degree 0), so the same
//! loops run on shares and, in the clear, on values. No loop branches or indexes on a share;
//! digits of opened values are public.

use enigma_bytecode::model::Order;
use enigma_bytecode::plan::compare::Layout;
use enigma_bytecode::plan::{Local, Plan, View};
use enigma_field::{PrimeField, recursion};
use enigma_mpc::Misuse;

use crate::memory::Memory;
use crate::pairs;

/// Does one local operation.
///
/// # Errors
/// [`Misuse::NotAPermutation`] when rows are to be placed by opened values that are none.
pub(crate) fn execute<F: PrimeField>(
    plan: &Plan<F>,
    memory: &mut Memory<F>,
    local: &Local<F>,
) -> Result<(), Misuse> {
    let len = |reg: enigma_bytecode::plan::Reg| plan.lengths[reg.0 as usize] as usize;
    match local {
        Local::Constant { dst, value } => {
            memory.write_local(*dst, vec![*value; len(*dst)], local);
        }
        Local::Linear {
            dst,
            terms,
            constant,
        } => {
            let result = linear(memory, terms, *constant, len(*dst));
            memory.write_local(*dst, result, local);
        }
        Local::Blocks { dst, src, affine } => {
            let result = blocks(memory.view(*src), affine);
            memory.write_local(*dst, result, local);
        }
        Local::Fold { dst, src, weights } => {
            let result = recursion::fold(memory.view(*src), weights);
            memory.write_local(*dst, result, local);
        }
        Local::Concat { dst, parts } => {
            let mut result = Vec::with_capacity(len(*dst));
            for part in parts {
                result.extend_from_slice(memory.view(*part));
            }
            memory.write_local(*dst, result, local);
        }
        Local::EveryOther { dst, src, offset } => {
            let pairs = memory.view(*src).chunks_exact(2);
            let result: Vec<F> = pairs.map(|pair| pair[*offset as usize]).collect();
            memory.write_local(*dst, result, local);
        }
        Local::Transpose { dst, src, blocks } => {
            let (source, blocks) = (memory.view(*src), *blocks as usize);
            let rows = source.len() / blocks;
            let run = |row: usize| source[row..].iter().step_by(rows.max(1));
            let result: Vec<F> = (0..rows).flat_map(run).copied().collect();
            memory.write_local(*dst, result, local);
        }
        Local::Places { dst } => {
            let places = (0..plan.lengths[dst.0 as usize]).map(|place| F::from_u64(place.into()));
            memory.write_local(*dst, places.collect(), local);
        }
        Local::PrefixSums { dst, src } => {
            let mut sum = F::ZERO;
            let sums = memory.view(*src).iter().map(|x| {
                sum += *x;
                sum
            });
            let result: Vec<F> = sums.collect();
            memory.write_local(*dst, result, local);
        }
        Local::Place { dst, src, at } => {
            let places = memory.opened(*at).permutation()?;
            let mut result = vec![F::ZERO; places.len()];
            for (place, element) in places.into_iter().zip(memory.view(*src)) {
                result[place] = *element;
            }
            memory.write_local(*dst, result, local);
        }
        Local::Take { dst, src, at } => {
            let (places, source) = (memory.opened(*at).permutation()?, memory.view(*src));
            let result = places.into_iter().map(|place| source[place]).collect();
            memory.write_local(*dst, result, local);
        }
        Local::Sum { dst, src } => {
            let sum: F = memory.view(*src).iter().copied().sum();
            memory.write_local(*dst, vec![sum], local);
        }
        Local::PairDifferences { dst, src, first } => {
            let result = pair_differences(memory.view(*src), *first, len(*dst));
            memory.write_local(*dst, result, local);
        }
        Local::DigitLeaves {
            less,
            equal,
            bits,
            both,
            opened,
        } => {
            let (bits, both) = (memory.view(*bits), memory.view(*both));
            let (less_leaves, equal_leaves) = digit_leaves(bits, both, memory.opened(*opened));
            memory.write_local(*less, less_leaves, local);
            memory.write_local(*equal, equal_leaves, local);
        }
        Local::ByOpenedBit {
            dst,
            src,
            opened,
            shifts,
            affine,
        } => {
            let (src, opened) = (memory.view(*src), memory.opened(*opened));
            let result = by_opened_bit(src, opened, shifts, affine);
            memory.write_local(*dst, result, local);
        }
        Local::OpenedLow { dst, opened, bits } => {
            let kept = (1u128 << bits) - 1;
            let opened = memory.opened(*opened).iter();
            let result = opened.map(|c| F::from_i128((c.to_u128() & kept) as i128));
            let result = result.collect();
            memory.write_local(*dst, result, local);
        }
        Local::OpenedZero { dst, opened } => {
            let opened = memory.opened(*opened).iter();
            let result = opened
                .map(|c| F::from_u64((*c == F::ZERO).into()))
                .collect();
            memory.write_local(*dst, result, local);
        }
        Local::RankCounts {
            dst,
            less,
            equal,
            first,
            order,
        } => {
            let (less, equal) = (memory.view(*less), memory.view(*equal));
            let result = rank_counts(less, equal, *first, *order, len(*dst));
            memory.write_local(*dst, result, local);
        }
    }
    Ok(())
}

fn linear<F: PrimeField>(
    memory: &Memory<F>,
    terms: &[(F, View)],
    constant: F,
    len: usize,
) -> Vec<F> {
    let repeated = |view: &View| view.len as usize != len;
    let mut start = constant;
    for (coefficient, view) in terms.iter().filter(|(_, view)| repeated(view)) {
        start += *coefficient * memory.view(*view)[0];
    }
    let mut result = vec![start; len];
    for (coefficient, view) in terms.iter().filter(|(_, view)| !repeated(view)) {
        let source = memory.view(*view);
        let pairs = result.iter_mut().zip(source);
        if *coefficient == F::ONE {
            pairs.for_each(|(sum, x)| *sum += *x);
        } else if *coefficient == -F::ONE {
            pairs.for_each(|(sum, x)| *sum -= *x);
        } else {
            pairs.for_each(|(sum, x)| *sum += *coefficient * *x);
        }
    }
    result
}

fn blocks<F: PrimeField>(source: &[F], affine: &[(F, F)]) -> Vec<F> {
    let mut result = Vec::with_capacity(source.len() * affine.len());
    for &(coefficient, constant) in affine {
        if coefficient == F::ONE {
            result.extend(source.iter().map(|x| *x + constant));
        } else {
            result.extend(source.iter().map(|x| coefficient * *x + constant));
        }
    }
    result
}

fn pair_differences<F: PrimeField>(values: &[F], first: u64, len: usize) -> Vec<F> {
    let mut result = Vec::with_capacity(len);
    for run in pairs::runs(values.len(), first, len) {
        let x = values[run.i];
        result.extend(values[run.j].iter().map(|y| x - *y));
    }
    result
}

/// For each digit place: [c_d < r_d] and [c_d = r_d], linear in the one-hots of r's digit, which
/// are t11 = both, t10 = high - both, t01 = low - both, t00 = 1 - high - low + both.
fn digit_leaves<F: PrimeField>(bits: &[F], both: &[F], opened: &[F]) -> (Vec<F>, Vec<F>) {
    let layout = Layout::of::<F>();
    let (n, pairs) = (opened.len(), layout.pairs() as usize);
    let total = layout.digits() as usize * n;
    let (mut less, mut equal) = (Vec::with_capacity(total), Vec::with_capacity(total));
    for place in 0..layout.digits() {
        let shift = 2 * layout.digit_at(place);
        let Some(block) = layout.pair_block(place) else {
            let top = &bits[2 * pairs * n..];
            for (&bit, c) in top.iter().zip(opened) {
                let digit = (c.to_u128() >> shift & 1) as usize;
                less.push([bit, F::ZERO][digit]);
                equal.push([F::ONE - bit, bit][digit]);
            }
            continue;
        };
        let block = block as usize;
        let low = &bits[block * n..][..n];
        let high = &bits[(pairs + block) * n..][..n];
        let both = &both[block * n..][..n];
        for (((&low, &high), &both), c) in low.iter().zip(high).zip(both).zip(opened) {
            let digit = (c.to_u128() >> shift & 3) as usize;
            let positive = low + high - both;
            less.push([positive, high, both, F::ZERO][digit]);
            equal.push([F::ONE - positive, low - both, high - both, both][digit]);
        }
    }
    (less, equal)
}

fn by_opened_bit<F: PrimeField>(
    source: &[F],
    opened: &[F],
    shifts: &[u32],
    affine: &[(F, F); 2],
) -> Vec<F> {
    let mut result = Vec::with_capacity(source.len());
    for (block, shift) in source.chunks(opened.len().max(1)).zip(shifts) {
        result.extend(block.iter().zip(opened).map(|(x, c)| {
            let (coefficient, constant) = affine[(c.to_u128() >> shift & 1) as usize];
            coefficient * *x + constant
        }));
    }
    result
}

fn rank_counts<F: PrimeField>(
    less: &[F],
    equal: &[F],
    first: u64,
    order: Order,
    rows: usize,
) -> Vec<F> {
    let mut counts = vec![F::ZERO; rows];
    for run in pairs::runs(rows, first, less.len()) {
        let mut own = F::ZERO;
        let tile = less[run.places.clone()].iter().zip(&equal[run.places]);
        for (other, (&less, &equal)) in counts[run.j].iter_mut().zip(tile) {
            let greater = F::ONE - less - equal;
            match order {
                Order::Ascending => {
                    own += greater;
                    *other += less;
                }
                Order::Descending => {
                    own += less;
                    *other += greater;
                }
            }
        }
        counts[run.i] += own;
    }
    counts
}
