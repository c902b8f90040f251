//! Gaussian noise of any width: where it is wider than a table holds, a sum of draws from short ones.
//!
//! **Sums.** Let X and Y be independent discrete Gaussian numbers of deviations s and t. Completing the square in what Y is, X + k Y
//! is z with a probability proportional to
//!
//! ```text
//! exp(-z^2 / (2 (s^2 + k^2 t^2))) * sum over all y of exp(-(y - c)^2 / (2 v^2)),   1 / v^2 = k^2 / s^2 + 1 / t^2,
//! ```
//!
//! for a c that depends on z. By Poisson's summation formula the sum is the same for every c, but for a factor of 1 +- 2 exp(-2 pi^2
//! v^2) and a little. If v >= 2, X + k Y is then the discrete Gaussian number of deviation sqrt(s^2 + k^2 t^2), each probability within
//! 2^-111 of itself (Peikert, "An efficient and parallel Gaussian sampler for lattices", 2010; Poppelmann, Ducas, Guneysu, "Enhanced
//! lattice-based signatures on reconfigurable hardware", 2014, lemma 2; Micciancio, Walter, "Gaussian sampling over the integers:
//! efficient, generic, constant-time", 2017).
//!
//! **Steps.** Wide noise is X1 + 4 (X2 + 4 (X3 + ... + 4 Y)), with as many X as there are steps, all of deviation s^2 = 77, and a Y of t^2
//! from 34 to 621. What is multiplied by 4 is never narrower than Y, and 16 / 77 + 1 / 34 <= 1 / 4, so that v >= 2 in each step. Together
//! it has a variance of 77 (16^steps - 1) / 15 + 16^steps t^2.
//!
//! **One width has one form.** 621 = 77 + 16 * 34: where Y cannot be wider, one more step begins. The narrowest sum, of two steps, is just wider than
//! the longest table. So [`Width`]s are in the order of what is drawn.
//!
//! **Distance** of each number from the discrete Gaussian one, in statistical distance: that of all its tables, B 2^-58 + 2^-60 for each of B
//! thresholds ([`super::noise`]), and 2^-111 for each step. All tables of a number have less than 2^12 - 2^5 thresholds.
//!
//! | each number | words | comparisons | products |
//! |---|---|---|---|
//! | of one table of B thresholds | 1 | B | 1 |
//! | in S steps, Y having B thresholds | S + 1 | 90 S + B | S + 1 |

use enigma_field::PrimeField;

use super::build::Builder;
use super::error::PlanError;
use super::ir::View;
use super::noise;
use super::tiling::by_rows;
use crate::model::Width;

/// Most steps: more would leave 63 bits.
pub(super) const MOST_STEPS: u8 = 27;
/// Fewer are narrower than the longest table.
pub(super) const FEWEST_STEPS: u8 = 2;

/// The decay of the longest table, in 2^-64.
pub(super) const MOST_OF_TABLE: u64 = 18_445_819_162_256_806_139;

/// Twice the variance of each X.
pub(super) const STEP: u128 = 154;
/// Twice the least variance of Y.
pub(super) const LEAST: u128 = 68;
/// exp(-1 / [`STEP`]) in 2^-64, rounded up.
const STEP_DECAY: u64 = 18_327_348_090_113_831_720;
/// The narrowest Y: exp(-1 / [`LEAST`]) in 2^-64, rounded up.
pub(super) const LEAST_DECAY: u64 = 18_177_453_357_479_385_133;
/// The widest Y: the last one before exp(-1 / 1242) in 2^-64, 1242 being [`STEP`] + 16 [`LEAST`].
pub(super) const MOST_DECAY: u64 = 18_431_897_600_407_684_913;

// v >= 2: half of STEP and of LEAST are s^2 and t^2.
const _: () = assert!(4 * (16 * LEAST + STEP) * 2 <= STEP * LEAST);

/// What a number of some width is drawn from.
pub(super) struct Tables {
    steps: u8,
    /// Of each X; none if there are no steps.
    step: Vec<u64>,
    /// Of Y, or of the number itself.
    last: Vec<u64>,
}

impl Tables {
    /// `None` if there is no such width, or it has another form.
    pub(super) fn of(width: Width) -> Option<Tables> {
        let Width { steps, decay } = width;
        if steps == 0 {
            return Some(Tables {
                steps,
                step: Vec::new(),
                last: noise::gaussian_thresholds(decay)?,
            });
        }
        let inside = (FEWEST_STEPS..=MOST_STEPS).contains(&steps)
            && (LEAST_DECAY..=MOST_DECAY).contains(&decay);
        if !inside {
            return None;
        }
        Some(Tables {
            steps,
            step: noise::gaussian_thresholds(STEP_DECAY)?,
            last: noise::gaussian_thresholds(decay)?,
        })
    }

    /// The largest magnitude.
    pub(super) fn reach(&self) -> i64 {
        // A table of 255 thresholds and 27 steps of 90 end below 2^63.
        (0..self.steps).fold(self.last.len() as i64, |reach, _| {
            4 * reach + self.step.len() as i64
        })
    }
}

/// Discrete Gaussian numbers.
pub(super) fn gaussian<F: PrimeField>(
    b: &mut Builder<F>,
    count: u32,
    tables: &Tables,
) -> Result<View, PlanError> {
    if tables.steps == 0 {
        return noise::gaussian(b, count, &tables.last);
    }
    let steps = u32::from(tables.steps);
    // As many rows as make one tile of comparisons.
    let rows = super::TILE / (steps * tables.step.len() as u32);
    by_rows(b, count, 1, rows, |b, _, len| {
        let drawn = noise::gaussian(b, steps * len, &tables.step)?;
        let last = noise::gaussian(b, len, &tables.last)?;
        let weight = |step: u32| F::from_u64(1 << (2 * step));
        let mut terms = vec![(weight(steps), last)];
        terms.extend((0..steps).map(|step| (weight(step), drawn.part(step * len, len))));
        Ok(b.linear(&terms, F::ZERO))
    })
}

/// Of what is drawn, as steps and decays say.
#[cfg(test)]
pub(super) fn variance(width: Width) -> f64 {
    let of = |decay: u64| -1.0 / (2.0 * (-(decay.wrapping_neg() as f64) / 2f64.powi(64)).ln_1p());
    let step = of(STEP_DECAY);
    (0..width.steps).fold(of(width.decay), |inner, _| step + 16.0 * inner)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn narrow_draws_are_as_wide_as_it_is_said() {
        // Rounded to the side of more noise, but for the widest, which must not be as wide as the narrowest of one more step.
        for (decay, least) in [(STEP_DECAY, 77.0), (LEAST_DECAY, 34.0)] {
            let found = variance(Width::table(decay)) / least;
            assert!((1.0 - 1e-15..1.0 + 1e-14).contains(&found), "{found}");
        }
        let found = variance(Width::table(MOST_DECAY)) / 621.0;
        assert!((1.0 - 1e-14..1.0 + 1e-15).contains(&found), "{found}");
    }

    /// The longest table, and then the ends of each number of steps.
    #[test]
    fn widths_of_more_steps_are_wider_and_leave_nothing_out() {
        let mut before = Width::table(MOST_OF_TABLE);
        assert!(Tables::of(before).is_some_and(|tables| tables.last.len() == 1_024));
        for steps in FEWEST_STEPS..=MOST_STEPS {
            let (least, most) = (LEAST_DECAY, MOST_DECAY);
            let [first, last] = [least, most].map(|decay| Width { steps, decay });
            assert!(first > before && last > first);
            let grown = variance(first) / variance(before);
            assert!((1.0 - 1e-12..1.005).contains(&grown), "{steps}: {grown}");
            assert!(steps == 2 || grown < 1.0 + 1e-12, "{steps}: {grown}");
            before = last;
        }
        for (steps, decay) in [
            (1, LEAST_DECAY),
            (2, LEAST_DECAY - 1),
            (2, MOST_DECAY + 1),
            (28, LEAST_DECAY),
            (u8::MAX, MOST_DECAY),
            (0, 0),
            (0, MOST_OF_TABLE + 1),
        ] {
            assert!(Tables::of(Width { steps, decay }).is_none(), "{steps}");
        }
    }

    #[test]
    fn all_tables_of_a_number_are_short_and_it_has_63_bits() {
        let widest = Width {
            steps: MOST_STEPS,
            decay: MOST_DECAY,
        };
        let tables = Tables::of(widest).expect("the widest");
        assert_eq!([tables.step.len(), tables.last.len()], [90, 255]);
        let all = usize::from(tables.steps) * tables.step.len() + tables.last.len();
        assert!(all < (1 << 12) - (1 << 5));
        let powers = (1i128 << 54, ((1i128 << 54) - 1) / 3);
        assert_eq!(i128::from(tables.reach()), 255 * powers.0 + 90 * powers.1);
    }

    /// Of z from `-reach` to `reach`: X + 4 Y, for both symmetric, without normalisation.
    fn sum(x: &[f64], y: &[f64]) -> Vec<f64> {
        let (of_x, of_y) = ((x.len() / 2) as i64, (y.len() / 2) as i64);
        let reach = of_x + 4 * of_y;
        let mut sum = vec![0.0; (2 * reach + 1) as usize];
        for (at, p) in (-of_y..).zip(y) {
            for (from, q) in (-of_x..).zip(x) {
                sum[(reach + 4 * at + from) as usize] += p * q;
            }
        }
        sum
    }

    /// exp(-x^2 / (2 s^2)) of all x with at most this magnitude.
    fn weights(variance: f64, reach: i64) -> Vec<f64> {
        let weight = |x: i64| (-((x * x) as f64) / (2.0 * variance)).exp();
        (-reach..=reach).map(weight).collect()
    }

    /// Exact weights of narrow numbers, summed up, against those of the wide one: each is within what `f64` tells.
    #[test]
    fn sums_of_narrow_numbers_are_wide_ones() {
        for (steps, last) in [(1, 34.0), (2, 34.0), (2, 345.6), (3, 621.0)] {
            let mut found = weights(last, (12.0 * f64::sqrt(last)) as i64);
            let mut variance = last;
            for _ in 0..steps {
                found = sum(&weights(77.0, 105), &found);
                variance = 77.0 + 16.0 * variance;
            }
            let reach = (found.len() / 2) as i64;
            let total: f64 = found.iter().sum();
            let ideal = weights(variance, reach);
            let of_ideal: f64 = ideal.iter().sum();
            // Up to eight deviations: beyond, what is left out of narrow numbers counts.
            let near = (8.0 * variance.sqrt()) as i64;
            for (z, (found, ideal)) in (-reach..).zip(found.iter().zip(&ideal)) {
                let relative = (found / total) / (ideal / of_ideal) - 1.0;
                assert!(z.abs() > near || relative.abs() < 1e-11, "{z}: {relative}");
            }
        }
    }

    /// With too narrow an X the sum is no Gaussian number: of these two even and odd ones differ.
    #[test]
    fn sums_of_too_narrow_numbers_are_told_apart() {
        let found = sum(&weights(0.8, 10), &weights(34.0, 70));
        let reach = (found.len() / 2) as i64;
        let ideal = weights(0.8 + 16.0 * 34.0, reach);
        let (total, of_ideal): (f64, f64) = (found.iter().sum(), ideal.iter().sum());
        let middle = reach as usize;
        let relative = (found[middle + 2] / total) / (ideal[middle + 2] / of_ideal) - 1.0;
        assert!(relative.abs() > 0.1, "{relative}");
    }

    /// Probabilities as tables of 2^-58 say them.
    fn probabilities(thresholds: &[u64]) -> Vec<f64> {
        let end = 1u64 << noise::WORD_BITS;
        let next = thresholds.iter().skip(1).chain([&end]);
        let sides: Vec<f64> = (thresholds.iter().zip(next))
            .map(|(low, high)| (high - low) as f64 / 2.0 / end as f64)
            .collect();
        let zero = thresholds[0] as f64 / end as f64;
        let left = sides.iter().rev();
        left.chain([&zero]).chain(&sides).copied().collect()
    }

    /// By what the tables say: the probability beyond e^epsilon times that of a neighbour, summed up, is within delta.
    #[test]
    fn what_is_drawn_in_steps_is_private() {
        use super::super::decay::{Demand, gaussian_width};
        for (epsilon, delta, moved, steps) in [
            (1_000_000, 1_000_000, 30, 2),
            (1_000_000, 1_000_000, 60, 2),
            (500_000, 1_000_000_000, 200, 3),
            (3_000_000, 10_000, 150, 2),
        ] {
            let demand = Demand {
                epsilon,
                delta,
                numbers: 1,
                moved,
            };
            let width = gaussian_width(&demand).expect("it is in range");
            assert_eq!(width.steps, steps, "{demand:?}");
            let tables = Tables::of(width).expect("it can be drawn");
            let step = probabilities(&tables.step);
            let drawn = (0..steps).fold(probabilities(&tables.last), |inner, _| sum(&step, &inner));
            let of = |x: i64| {
                let place = x + (drawn.len() / 2) as i64;
                let place = usize::try_from(place).ok();
                place.and_then(|place| drawn.get(place)).copied()
            };
            let grown = (epsilon as f64 / 1e6).exp();
            let (reach, moved) = (tables.reach(), moved as i64);
            let beyond = |x: i64| {
                let other = of(x - moved).unwrap_or(0.0);
                (of(x).unwrap_or(0.0) - grown * other).max(0.0)
            };
            let found: f64 = (-reach..=reach).map(beyond).sum();
            assert!(found <= delta as f64 / 1e12, "{demand:?}: {found}");
            // It is no wider than it must be: a quarter of what moves would cost next to nothing.
            let (deviation, most) = (variance(width).sqrt(), 12.0 * moved as f64);
            assert!(deviation < most, "{demand:?}: {deviation}");
        }
    }
}
