//! Shared random numbers of public distributions, which nobody knows: uniform ones, and noise for
//! differential privacy.
//!
//! All come from words of 58 random bits in verified batches (R1), of which nothing is opened. An event of
//! probability P is `[word < round(2^58 P)]`, which is 2^-59 away from it at most. Tables are computed in
//! fixed-point integers, so that every node plans the same ones. **Distance** below is statistical
//! distance from the exact distribution, for each number drawn.
//!
//! **Uniform** in [0, m) is floor(U m / 2^T) for a uniform U of T bits: each number has floor or ceil of
//! 2^T / m of the U's, so the distance is below m / 2^(T+1) <= 2^-61. U is made of J limbs of L = 59 -
//! bits(m) bits, J the least with T = J L >= bits(m) + 60, so that a limb's product with m stays below
//! 2^59; from the lowest limb on, v becomes floor((limb m + v) / 2^L), an exact truncation. If m = 2^k, k
//! bits are enough and the distance is 0. Rejection is no choice, since it would open what was rejected.
//!
//! **Discrete Laplace** gives x with probability proportional to q^|x|: the difference of two geometric
//! numbers (Ghosh, Roughgarden, Sundararajan, "Universally utility-maximizing privacy mechanisms", 2009).
//! The bits of a geometric number are independent, bit j being 1 with probability r / (1 + r) for r =
//! q^(2^j) (Dwork, Kenthapadi, McSherry, Mironov, Naor, "Our data, ourselves", 2006). J bits are drawn, J
//! the least with q^(2^J) < 2^-60: the distance is below 2 (J 2^-59 + 2^-60).
//!
//! **Discrete Gaussian** gives x with probability proportional to rho^(x^2), that is rho = exp(-1 / (2
//! sigma^2)) (Canonne, Kamath, Steinke, "The discrete Gaussian for differential privacy", 2020), by
//! inversion: |x| is the number of thresholds of its public cumulative table that a word reaches, its sign
//! is a random bit. With B thresholds the distance is below B 2^-58 + 2^-60. Wider ones are sums of several ([`super::spread`]).
//!
//! | each number | words | comparisons | other |
//! |---|---|---|---|
//! | uniform, m = 2^k | 1 | 0 | |
//! | uniform, else | J | 0 | J remainders of L bits |
//! | discrete Laplace | 2 J | 2 J | |
//! | discrete Gaussian | 1 | B | 1 product |
//!
//! A word costs 61 random bits.

use enigma_field::PrimeField;

use super::build::Builder;
use super::compare::Layout;
use super::error::PlanError;
use super::ir::View;
use super::tiling::by_rows;
use super::{product, relation, truncation};
use crate::interval::Wide;
use crate::model::Relation;

/// Bits of a word.
pub(super) const WORD_BITS: u32 = 58;

/// Bits of the largest product with a limb of a uniform number.
const PRODUCT_BITS: u32 = 59;

/// The largest range of uniform numbers.
pub(super) const MOST_UNIFORM: u64 = 1 << 30;

/// Most bits of a geometric number.
const MOST_GEOMETRIC_BITS: u32 = 40;

/// Most thresholds of a discrete Gaussian number: so each is within 2^-47 of its distribution, which [`super::decay`] counts.
pub(super) const MOST_THRESHOLDS: usize = 1 << 10;

/// Bits after the point of fixed-point numbers in [0, 1).
pub(super) const FRACTION_BITS: u32 = 124;

/// Probabilities below 2^-60 are left out; weights below this one together are.
const NEGLIGIBLE: u128 = 1 << (FRACTION_BITS - 76);

/// Uniform numbers below `end`, from 1 to [`MOST_UNIFORM`].
pub(super) fn uniform<F: PrimeField>(
    b: &mut Builder<F>,
    count: u32,
    end: u64,
) -> Result<View, PlanError> {
    by_rows(b, count, 1, super::TILE, |b, _, len| {
        if end.is_power_of_two() {
            return Ok(words(b, len, end.trailing_zeros())?.0);
        }
        uniform_tile(b, len, end)
    })
}

fn uniform_tile<F: PrimeField>(
    b: &mut Builder<F>,
    count: u32,
    end: u64,
) -> Result<View, PlanError> {
    let bits = end.ilog2() + 1;
    let limb_bits = PRODUCT_BITS - bits;
    let limbs = (bits + 60).div_ceil(limb_bits);
    let mut value: Option<View> = None;
    for _ in 0..limbs {
        let (limb, _) = words(b, count, limb_bits)?;
        let mut terms = vec![(F::from_u64(end), limb)];
        terms.extend(value.map(|value| (F::ONE, value)));
        let scaled = b.linear(&terms, F::ZERO);
        let range = Wide {
            low: 0,
            high: (1 << PRODUCT_BITS) - 1,
        };
        value = Some(truncation::truncate(b, scaled, range, limb_bits)?);
    }
    Ok(value.expect("there is a limb"))
}

/// Discrete Laplace numbers for geometric bits with these thresholds; see [`geometric_thresholds`].
pub(super) fn laplace<F: PrimeField>(
    b: &mut Builder<F>,
    count: u32,
    thresholds: &[u64],
) -> Result<View, PlanError> {
    let both = 2 * thresholds.len() as u32;
    by_rows(b, count, 1, super::TILE / both, |b, _, len| {
        let (drawn, _) = words(b, both * len, WORD_BITS)?;
        // Each bit of both numbers has a block; a threshold is repeated for the rows.
        let mut bits = Vec::new();
        for (block, threshold) in (0..).zip(thresholds.iter().chain(thresholds)) {
            let part = drawn.part(block * len, len);
            bits.push(b.linear(&[(F::ONE, part)], -F::from_u64(*threshold)));
        }
        let distances = b.concat(&bits);
        let set = relation::holds(b, Relation::Less, &[(F::ONE, distances)], F::ZERO)?;
        let positive = (0..thresholds.len()).map(|j| F::from_u64(1 << j));
        let weights: Vec<F> = positive.clone().chain(positive.map(|w| -w)).collect();
        let mut sums = Vec::new();
        for (place, weights) in (0..).zip(weights.chunks(thresholds.len())) {
            let half = set.part(place * set.len / 2, set.len / 2);
            sums.push((F::ONE, b.fold(half, weights.to_vec())));
        }
        Ok(b.linear(&sums, F::ZERO))
    })
}

/// Discrete Gaussian numbers for these thresholds; see [`gaussian_thresholds`].
pub(super) fn gaussian<F: PrimeField>(
    b: &mut Builder<F>,
    count: u32,
    thresholds: &[u64],
) -> Result<View, PlanError> {
    let most = thresholds.len() as u32;
    by_rows(b, count, 1, super::TILE / most, |b, _, len| {
        let (drawn, sign) = words(b, len, WORD_BITS)?;
        let affine = thresholds
            .iter()
            .map(|threshold| (F::ONE, -F::from_u64(*threshold)));
        let distances = b.blocks(drawn, affine.collect());
        let less = relation::holds(b, Relation::Less, &[(F::ONE, distances)], F::ZERO)?;
        let blocks: Vec<_> = (0..most)
            .map(|block| (-F::ONE, less.part(block * len, len)))
            .collect();
        let magnitude = b.linear(&blocks, F::from_u64(most.into()));
        let turned = product::product(b, magnitude, sign)?;
        let terms = [(F::ONE, magnitude), (F::from_i64(-2), turned)];
        Ok(b.linear(&terms, F::ZERO))
    })
}

/// The thresholds of the bits of a geometric number of decay q = `decay` / 2^64, the lowest first; none
/// if q is 0 or too close to 1.
pub(super) fn geometric_thresholds(decay: u64) -> Option<Vec<u64>> {
    let mut power = fraction(decay);
    let mut thresholds = Vec::new();
    while power >> (FRACTION_BITS - 60) > 0 {
        // r / (1 + r) in numbers of 68 bits.
        let (r, one) = (power >> 56, 1 << (FRACTION_BITS - 56));
        thresholds.push(rounded(r, one + r));
        power = multiplied(power, power);
    }
    let some = 1..=MOST_GEOMETRIC_BITS as usize;
    some.contains(&thresholds.len()).then_some(thresholds)
}

/// The thresholds of |x| for a discrete Gaussian x of decay rho = `decay` / 2^64: how many words lie
/// below 1, 2, ...; none if rho is 0 or too close to 1.
pub(super) fn gaussian_thresholds(decay: u64) -> Option<Vec<u64>> {
    let rho = fraction(decay);
    let square = multiplied(rho, rho);
    // Weights of 1, 2, ..., and the quotient of the next one and the last.
    let (mut weight, mut step) = (rho, rho);
    let mut weights = Vec::new();
    while weight >= NEGLIGIBLE {
        if weights.len() == MOST_THRESHOLDS {
            return None;
        }
        weights.push(weight);
        step = multiplied(step, square);
        weight = multiplied(weight, step);
    }
    // In as many bits as leave 69 to the sum of all.
    let kept = 68 - (2 * weights.len() + 1).ilog2();
    let scaled = |weight: u128| weight >> (FRACTION_BITS - kept);
    let zero = scaled(1 << FRACTION_BITS);
    let total = zero
        + weights
            .iter()
            .map(|weight| 2 * scaled(*weight))
            .sum::<u128>();
    let mut sum = zero;
    let mut thresholds = Vec::new();
    for weight in weights {
        thresholds.push(rounded(sum, total));
        sum += 2 * scaled(weight);
    }
    (!thresholds.is_empty()).then_some(thresholds)
}

/// `count` uniform numbers of `bits` bits, and one further random bit for each. The next step is in a
/// strand of its own.
fn words<F: PrimeField>(
    b: &mut Builder<F>,
    count: u32,
    bits: u32,
) -> Result<(View, View), PlanError> {
    b.begin_masks();
    let (random, masks) = b.masks(count)?;
    b.verify_masks();
    b.begin();
    b.wait_for_masks(masks);
    let weight = |exponent: u32| {
        if exponent < bits {
            F::from_u64(1 << exponent)
        } else {
            F::ZERO
        }
    };
    let words = b.fold(
        random,
        Layout::of::<F>()
            .exponents()
            .into_iter()
            .map(weight)
            .collect(),
    );
    // The last block is the top bit.
    Ok((words, random.part((F::BITS - 1) * count, count)))
}

fn fraction(decay: u64) -> u128 {
    u128::from(decay) << (FRACTION_BITS - 64)
}

/// 2^[`WORD_BITS`] times a probability, given as a quotient of numbers of at most 69 bits.
fn rounded(part: u128, whole: u128) -> u64 {
    (((part << WORD_BITS) + whole / 2) / whole) as u64
}

/// The product of two fixed-point numbers, rounded down; it is at most 2^-123 too small.
pub(super) fn multiplied(a: u128, b: u128) -> u128 {
    const HALF: u32 = FRACTION_BITS / 2;
    let split = |x: u128| (x >> HALF, x & ((1 << HALF) - 1));
    let ((a, a_low), (b, b_low)) = (split(a), split(b));
    let middle = a * b_low + a_low * b + ((a_low * b_low) >> HALF);
    a * b + (middle >> HALF)
}

#[cfg(test)]
mod tests {
    use super::*;

    const WORD: f64 = (1u64 << WORD_BITS) as f64;

    /// A decay given as a fraction.
    fn decay(fraction: f64) -> u64 {
        (fraction * 2f64.powi(64)) as u64
    }

    #[test]
    fn fixed_point_products_are_right() {
        for (a, b) in [(0.5, 0.25), (0.999_999, 0.999_999), (1e-9, 0.3), (0.7, 0.0)] {
            let product = multiplied(fraction(decay(a)), fraction(decay(b)));
            let found = product as f64 / 2f64.powi(FRACTION_BITS as i32);
            assert!((found - a * b).abs() < 1e-15);
        }
        let most = (1 << FRACTION_BITS) - 1;
        assert_eq!(multiplied(most, most), most - 1);
    }

    #[test]
    fn geometric_bits_have_the_probabilities_of_the_geometric_distribution() {
        for q in [0.1, 0.5, 0.9, 0.999] {
            let thresholds = geometric_thresholds(decay(q)).expect("a decay that is allowed");
            for (j, threshold) in (0..).zip(&thresholds) {
                let power = q.powf(2f64.powi(j));
                let found = *threshold as f64 / WORD;
                assert!((found - power / (1.0 + power)).abs() < 1e-12, "{q} bit {j}");
            }
            let left_out = q.powf(2f64.powi(thresholds.len() as i32));
            assert!(left_out < 2f64.powi(-60));
        }
        assert_eq!(geometric_thresholds(0), None);
        assert_eq!(geometric_thresholds(u64::MAX), None);
        // exp(-10^-8) is 1 - 10^-8 but for 10^-16.
        let gentle = geometric_thresholds(decay(1.0 - 1e-8)).expect("it is allowed");
        assert_eq!(gentle.len(), 32);
    }

    #[test]
    fn gaussian_thresholds_are_the_cumulative_distribution() {
        for sigma in [0.2f64, 1.0, 7.5, 60.0] {
            let rho = (-1.0 / (2.0 * sigma * sigma)).exp();
            let thresholds = gaussian_thresholds(decay(rho)).expect("a decay that is allowed");
            let weight = |x: i32| rho.powi(x * x);
            let total = 1.0 + 2.0 * (1..2000).map(weight).sum::<f64>();
            let mut sum = 1.0;
            for (x, threshold) in (1..).zip(&thresholds) {
                let found = *threshold as f64 / WORD;
                assert!((found - sum / total).abs() < 1e-9, "sigma {sigma}, {x}");
                sum += 2.0 * weight(x);
            }
            assert!(thresholds.is_sorted());
        }
        assert_eq!(gaussian_thresholds(0), None);
        assert_eq!(gaussian_thresholds(u64::MAX), None);
    }
}
