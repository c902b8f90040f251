//! How slowly noise must decay for what it costs: in integers, alike on all machines, and where they cannot be exact to the side of
//! more noise.
//!
//! **Laplace**: numbers that one giver moves by s together cost s ln(1 / q) of epsilon if each gets noise of decay q.
//!
//! **Gaussian**: noise of decay exp(-1 / (2 sigma^2)) on numbers that one giver moves by s, as the root of the sum of squares, is
//! rho-concentrated for rho = s^2 / (2 sigma^2) (Canonne, Kamath, Steinke, "The discrete Gaussian for differential privacy",
//! 2020, theorem 14), and so (rho + 2 sqrt(rho ln(1 / delta)), delta)-private (Bun, Steinke, "Concentrated differential privacy",
//! 2016, proposition 1.3). That is epsilon for sqrt(rho) = sqrt(ln(1 / delta) + epsilon) - sqrt(ln(1 / delta)), which holds for every
//! epsilon. The sum of how far numbers move is no less than the root of the sum of squares, and is what callers know.
//!
//! What is drawn is not exactly that, but from a table of [`super::noise`], or a sum of draws from several ([`super::spread`]), each number within
//! tau of its distribution, 2^-47 or 2^-46: of N numbers any event has a probability that is N tau off at most. If exact noise is (epsilon,
//! d)-private, what is drawn is so with d + N tau (1 + e^epsilon). So of a line's delta that much is set aside, and d is what is left: delta
//! counts cut-off, rounding and sums, too. From an epsilon of 33 on nothing is ever left.

use super::noise::{FRACTION_BITS, MOST_THRESHOLDS, WORD_BITS, multiplied};
use super::spread;
use crate::model::{DELTA_END, Width};

/// What Gaussian noise must hide, and what that may cost.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Demand {
    /// In millionths.
    pub epsilon: u64,
    /// In units of 10^-12.
    pub delta: u64,
    /// How many numbers get noise.
    pub numbers: u64,
    /// How far one giver moves all of them together, summed up.
    pub moved: i128,
}

/// As far as numbers of one table are off their distributions: 2^-47 each. With B <= 2^10 thresholds it is B 2^-58 + 2^-60.
const DRAWN_BITS: u32 = 47;
const _: () = assert!(MOST_THRESHOLDS < 1 << (WORD_BITS - DRAWN_BITS));
/// A number that is drawn in steps is off as far as two of these: its tables have less than 2^12 thresholds together.
const IN_STEPS: u64 = 2;
/// From here on e^epsilon 2^-47 is above 1, so that no delta is large enough; in millionths.
const EPSILON_END: u64 = 33_000_000;
/// Bits after the point of what grows with epsilon, which is below 2^48.
const GROWN_BITS: u32 = 40;
/// Bits after the point of logarithms, which are below 2^7.
const LOGARITHM_BITS: u32 = 96;
/// Bits after the point of their roots.
const ROOT_BITS: u32 = 60;

/// Bits after the point of what is to be drawn at first, as a deviation.
const FIRST_BITS: u32 = 50;

/// The narrowest Gaussian noise that is wide enough: any wider one is, too. `None` if nothing moves, or no noise is enough, or none that
/// could be drawn.
#[must_use]
pub fn gaussian_width(demand: &Demand) -> Option<Width> {
    let moved = u64::try_from(demand.moved).ok().filter(|m| *m > 0)?;
    let of_table = decay_of_table(moved, root_of_rho(demand, demand.numbers)?);
    let one = of_table.filter(|decay| *decay <= spread::MOST_OF_TABLE);
    match one {
        Some(decay) => Some(Width::table(decay)),
        None => width_in_steps(demand),
    }
}

/// Whether Gaussian noise of this width is enough. What is drawn in steps is off further than what one table would do for.
#[must_use]
pub fn is_gaussian_enough(demand: &Demand, width: Width) -> bool {
    let enough = match (gaussian_width(demand), width.steps) {
        (Some(Width { steps: 0, .. }), 1..) => width_in_steps(demand),
        (enough, _) => enough,
    };
    enough.is_some_and(|enough| width >= enough)
}

/// The narrowest that is drawn in steps.
fn width_in_steps(demand: &Demand) -> Option<Width> {
    let moved = u64::try_from(demand.moved).ok().filter(|m| *m > 0)?;
    let numbers = demand.numbers.checked_mul(IN_STEPS)?;
    in_steps(moved, root_of_rho(demand, numbers)?)
}

/// sqrt(rho) in 2^-[`ROOT_BITS`], rounded down, if so many numbers are as far off as those of a table.
fn root_of_rho(demand: &Demand, numbers: u64) -> Option<u128> {
    // A small delta and a small epsilon ask for more noise: one is rounded up in its logarithm, the other down.
    let logarithm = logarithm_of_inverse(left_of_delta(demand, numbers)?);
    let epsilon = (u128::from(demand.epsilon) << LOGARITHM_BITS) / 1_000_000;
    let root = |x: u128| (x << (2 * ROOT_BITS - LOGARITHM_BITS)).isqrt() + 1;
    // The difference of the roots is the quotient of epsilon and their sum.
    let both = root(logarithm + epsilon) + root(logarithm);
    Some((epsilon << (2 * ROOT_BITS - LOGARITHM_BITS)) / both)
}

/// exp(-rho / moved^2) in 2^-64, rounded up; `None` if that is 1.
fn decay_of_table(moved: u64, root_of_rho: u128) -> Option<u64> {
    let squares = u128::from(moved) * u128::from(moved);
    let exponent = root_of_rho * root_of_rho / squares;
    let decay = (power_of(exponent) >> (FRACTION_BITS - 64)) + 1;
    u64::try_from(decay).ok()
}

/// The fewest steps, and the narrowest start, that give 2 sigma^2 >= (moved / sqrt(rho))^2: twice the variance of what is drawn at first
/// is that, divided by 16 for each step, less what the steps themselves give.
fn in_steps(moved: u64, root_of_rho: u128) -> Option<Width> {
    if root_of_rho == 0 {
        return None;
    }
    let narrowest = |steps: u8| {
        // Where this leaves 128 bits, or a root is 64 or more, what is drawn at first would be too wide by far.
        let bits = FIRST_BITS + ROOT_BITS - 2 * u32::from(steps);
        let moved = u128::from(moved);
        let moved = (moved.leading_zeros() >= bits).then(|| moved << bits)?;
        let root = moved.div_ceil(root_of_rho);
        if root >> (FIRST_BITS + 6) > 0 {
            return None;
        }
        let all = spread::STEP << (2 * FIRST_BITS);
        let of_steps = (all - (all >> (4 * u32::from(steps))) - 1) / 15;
        let twice = (root * root).saturating_sub(of_steps);
        let twice = twice.max(spread::LEAST << (2 * FIRST_BITS));
        let exponent = quotient(1 << (2 * FIRST_BITS), twice) >> (FRACTION_BITS - 2 * ROOT_BITS);
        let decay = (power_of(exponent) >> (FRACTION_BITS - 64)) + 1;
        let decay = u64::try_from(decay).ok()?.max(spread::LEAST_DECAY);
        (decay <= spread::MOST_DECAY).then_some(Width { steps, decay })
    };
    (spread::FEWEST_STEPS..=spread::MOST_STEPS).find_map(narrowest)
}

/// What is left of a demand's delta beside what draws of so many numbers are off, in 2^-64, rounded down.
fn left_of_delta(demand: &Demand, numbers: u64) -> Option<u64> {
    if !(1..DELTA_END).contains(&demand.delta) || demand.epsilon >= EPSILON_END {
        return None;
    }
    let whole = (u128::from(demand.delta) << 64) / u128::from(DELTA_END);
    let each = (1 << GROWN_BITS) + grown(demand.epsilon);
    let off = u128::from(numbers).checked_mul(each)?;
    let off = (off >> (GROWN_BITS + DRAWN_BITS - 64)) + 1;
    let left = whole.checked_sub(off).filter(|left| *left > 0)?;
    u64::try_from(left).ok()
}

/// e^epsilon of less than [`EPSILON_END`] millionths, in 2^-[`GROWN_BITS`], rounded up.
fn grown(epsilon: u64) -> u128 {
    // Of the power series 200 terms are enough: all further ones together are below 10^-60.
    let (mut term, mut sum) = (1 << GROWN_BITS, (1 << GROWN_BITS) + 1);
    for k in 1..200 {
        // The largest term is below e^33 < 2^48.
        term = (term * u128::from(epsilon)).div_ceil(k * 1_000_000);
        sum += term;
    }
    sum
}

/// ln(1 / delta) of a delta in 2^-64, at least 1 of them, in 2^-[`LOGARITHM_BITS`], rounded up.
fn logarithm_of_inverse(delta: u64) -> u128 {
    // 2^64 / delta is 2^(64 - bits) / f for an f from 1 to 2, and ln f = 2 artanh((f - 1) / (f + 1)).
    let bits = delta.ilog2();
    let (delta, power) = (u128::from(delta), 1 << bits);
    // Sums are below 2^7, so they have fewer bits after the point than their parts.
    const SUM_BITS: u32 = 100;
    let half = |x: u128| x >> (FRACTION_BITS - SUM_BITS - 1);
    let ln2 = half(artanh(quotient(1, 3))) + 2;
    let rest = half(artanh(quotient(delta - power, delta + power)));
    let sum = ln2 * u128::from(64 - bits) - rest;
    (sum >> (SUM_BITS - LOGARITHM_BITS)) + 1
}

/// x + x^3/3 + x^5/5 + ..., for a fixed-point number of at most 1/3, rounded down, by less than 2^-116.
fn artanh(x: u128) -> u128 {
    let square = multiplied(x, x);
    let (mut power, mut sum, mut odd) = (x, 0, 1);
    while power > 0 {
        sum += power / odd;
        power = multiplied(power, square);
        odd += 2;
    }
    sum
}

/// exp(-x) of an x below 40 in 2^-(2 [`ROOT_BITS`]), as a fixed-point number, rounded up.
fn power_of(exponent: u128) -> u128 {
    // Each of at most 40 factors is off by less than 2^-112.
    const SLACK: u128 = 1 << (FRACTION_BITS - 100);
    let whole = exponent >> (2 * ROOT_BITS);
    let rest = (exponent - (whole << (2 * ROOT_BITS))) << (FRACTION_BITS - 2 * ROOT_BITS);
    let each = falling(1 << FRACTION_BITS);
    let power = (0..whole).fold(falling(rest), |power, _| multiplied(power, each));
    power + SLACK
}

/// The largest decay, in 2^-64, of discrete Laplace noise that hides too little: one more, and numbers that move by `moved`
/// together cost no more than `epsilon`, in millionths. That is exp(-epsilon / moved), by at most 2^-110 too small. `None`
/// if they move too far for any noise.
pub(super) fn least_decay(epsilon: u64, moved: i128) -> Option<u64> {
    const SLACK: u128 = 1 << (FRACTION_BITS - 110);
    let scale = u128::try_from(moved).ok()?.checked_mul(1_000_000)?;
    if scale == 0 || scale >> 126 > 0 {
        return None;
    }
    let whole = u128::from(epsilon) / scale;
    // exp(-45) < 2^-64.
    if whole >= 45 {
        return Some(0);
    }
    let part = quotient(u128::from(epsilon) % scale, scale);
    let each = falling(1 << FRACTION_BITS);
    let power = (0..whole).fold(falling(part + 1), |power, _| multiplied(power, each));
    Some((power.saturating_sub(SLACK) >> (FRACTION_BITS - 64)) as u64)
}

/// exp(-x) of a fixed-point number from 0 to 1, by its power series.
fn falling(x: u128) -> u128 {
    let (mut term, mut sum) = (1 << FRACTION_BITS, 1 << FRACTION_BITS);
    for k in 1.. {
        term = multiplied(term, x) / k;
        if term == 0 {
            break;
        }
        sum = if k % 2 == 1 { sum - term } else { sum + term };
    }
    sum
}

/// part / whole of part < whole < 2^127, as a fixed-point number, rounded down.
fn quotient(part: u128, whole: u128) -> u128 {
    let (mut rest, mut digits) = (part, 0);
    for _ in 0..FRACTION_BITS {
        rest *= 2;
        digits = digits * 2 + u128::from(rest >= whole);
        rest %= whole;
    }
    digits
}

#[cfg(test)]
mod tests {
    use super::super::noise::gaussian_thresholds;
    use super::*;

    #[test]
    fn the_least_decay_is_that_of_epsilon() {
        for (epsilon, moved) in [
            (500_000, 1),
            (1_000, 1),
            (1_000_000, 4),
            (10_000_000, 1),
            (1, 3),
            (44_900_000, 1),
        ] {
            let least = least_decay(epsilon, moved).expect("in range");
            let expected = (-(epsilon as f64) / 1e6 / moved as f64).exp() * 2f64.powi(64);
            let distance = (least as f64 - expected).abs();
            assert!(distance <= expected * 1e-15 + 1.0, "{epsilon} {moved}");
        }
        assert_eq!(least_decay(45_000_000, 1), Some(0));
        assert_eq!(least_decay(u64::MAX, 1), Some(0));
        assert_eq!(least_decay(1, 0), None);
        assert_eq!(least_decay(1, i128::MAX), None);
        // Of no epsilon at all no noise is enough.
        assert_eq!(least_decay(0, 1), Some(u64::MAX));
    }

    const DEMANDS: [Demand; 6] = [
        demand(500_000, 1_000_000, 1, 1),
        demand(1_000_000, 1, 1, 3),
        demand(3_000_000, 999_999_999_999, 1, 1),
        demand(100_000, 12_345, 4, 7),
        demand(10_000_000, 1_000_000, 12, 1),
        demand(1_000_000, 1_000_000_000, 100, 2),
    ];

    const fn demand(epsilon: u64, delta: u64, numbers: u64, moved: i128) -> Demand {
        Demand {
            epsilon,
            delta,
            numbers,
            moved,
        }
    }

    #[test]
    fn gaussian_noise_is_as_wide_as_epsilon_and_delta_say() {
        for demand in DEMANDS {
            let width = gaussian_width(&demand).expect("it is in range");
            let (e, s) = (demand.epsilon as f64 / 1e6, demand.moved as f64);
            let drawn = demand.numbers as f64 * if width.steps == 0 { 1.0 } else { 2.0 };
            let off = drawn * (1.0 + e.exp()) * 2f64.powi(-47);
            let l = -(demand.delta as f64 / 1e12 - off).ln();
            let rho = ((l + e).sqrt() - l.sqrt()).powi(2);
            // What these mean: epsilon is spent.
            assert!((rho + 2.0 * (rho * l).sqrt() - e).abs() < 1e-9);
            let found = s * s / (2.0 * spread::variance(width));
            assert!((found / rho - 1.0).abs() < 1e-6, "{demand:?}");
            assert!(found <= rho * (1.0 + 1e-9), "{demand:?}");
        }
    }

    /// Up to what is left of 63 bits, and then no more.
    #[test]
    fn steps_begin_where_the_longest_table_ends() {
        let of = |moved| gaussian_width(&demand(1_000_000, 1_000_000, 1, moved));
        let widths: Vec<Width> = (1..60).map(|bits| of(1 << bits)).map_while(|w| w).collect();
        assert!(widths.is_sorted_by(|a, b| a < b));
        let steps: Vec<u8> = widths.iter().map(|width| width.steps).collect();
        let tables = steps.iter().filter(|steps| **steps == 0).count();
        assert_eq!((tables, steps[tables]), (4, spread::FEWEST_STEPS));
        assert_eq!(steps.last(), Some(&spread::MOST_STEPS));
        // Twice as far is half a step more.
        assert!(
            steps[tables..]
                .windows(3)
                .all(|three| three[2] == three[0] + 1)
        );
        // One table for 18, and not for 19.
        assert_eq!(of(18).map(|width| width.steps), Some(0));
        assert_eq!(of(19).map(|width| width.steps), Some(2));
        assert_eq!(of(1 << 60), None);
    }

    /// Noise in steps where a table would do is wider, and takes more of delta.
    #[test]
    fn steps_are_paid_for_where_a_table_would_do() {
        // Twenty numbers of one table leave a little of this delta; in steps they leave nothing.
        let all = Demand {
            numbers: 20,
            ..demand(1_000_000, 1, 1, 1)
        };
        let table = gaussian_width(&all).expect("a table is enough");
        let steps = Width {
            steps: 2,
            decay: spread::MOST_DECAY,
        };
        assert_eq!(table.steps, 0);
        assert!(is_gaussian_enough(&all, table));
        let few = Demand { numbers: 1, ..all };
        assert!(is_gaussian_enough(&few, steps));
        let off = |numbers: f64| numbers * (1.0 + 1f64.exp()) * 2f64.powi(-47);
        for numbers in 1..60 {
            let some = Demand { numbers, ..all };
            let fits = off(numbers as f64) < 1e-12;
            let fits_in_steps = off(2.0 * numbers as f64) < 1e-12;
            assert_eq!(gaussian_width(&some).is_some(), fits, "{numbers}");
            assert_eq!(is_gaussian_enough(&some, steps), fits_in_steps, "{numbers}");
        }
    }

    /// By what the table says: the probability beyond e^epsilon times that of a neighbour, summed up, is within delta.
    #[test]
    fn what_is_drawn_is_private() {
        for demand in DEMANDS.into_iter().filter(|demand| demand.numbers == 1) {
            let width = gaussian_width(&demand).expect("it is in range");
            assert_eq!(width.steps, 0, "{demand:?}");
            let thresholds = gaussian_thresholds(width.decay).expect("it can be drawn");
            let end = 1u64 << WORD_BITS;
            let next = thresholds.iter().skip(1).chain([&end]);
            let of: Vec<f64> = (thresholds.iter().zip(next))
                .map(|(low, high)| (high - low) as f64 / 2.0 / end as f64)
                .collect();
            let probability = |x: i64| match x.unsigned_abs() as usize {
                0 => thresholds[0] as f64 / end as f64,
                magnitude => of.get(magnitude - 1).copied().unwrap_or(0.0),
            };
            let (e, s) = (demand.epsilon as f64 / 1e6, demand.moved as i64);
            let beyond = |x| (probability(x) - e.exp() * probability(x - s)).max(0.0);
            let delta: f64 = (-1_100..=1_100).map(beyond).sum();
            assert!(delta <= demand.delta as f64 / 1e12, "{demand:?}: {delta}");
        }
    }

    /// What a table leaves out and rounds, against weights that are not cut off and have 116 bits.
    #[test]
    fn draws_are_within_their_distance() {
        // The last but two has a sigma of 94, and nearly fills the longest table; those two are drawn for wider ones.
        for decay in [
            1,
            1 << 32,
            1 << 63,
            u64::MAX - (1 << 56),
            u64::MAX - (1 << 51),
            u64::MAX - 945 * (1 << 40),
            spread::LEAST_DECAY,
            spread::MOST_DECAY,
        ] {
            let Some(thresholds) = gaussian_thresholds(decay) else {
                panic!("{decay} is drawn")
            };
            let rho = u128::from(decay) << (FRACTION_BITS - 64);
            let power = |x: u128| {
                let (mut left, mut square, mut power) = (x * x, rho, 1 << FRACTION_BITS);
                while left > 0 {
                    if left % 2 == 1 {
                        power = multiplied(power, square);
                    }
                    square = multiplied(square, square);
                    left /= 2;
                }
                power >> 8
            };
            let weights: Vec<u128> = (1..2_000).map(power).collect();
            let zero = 1 << (FRACTION_BITS - 8);
            let total = zero + 2 * weights.iter().sum::<u128>();
            let end = 1u64 << WORD_BITS;
            let words = |from: u64, to: u64| u128::from(to - from) << (FRACTION_BITS - WORD_BITS);
            let mut apart = words(0, thresholds[0]).abs_diff(quotient(zero, total));
            for (x, weight) in weights.iter().enumerate() {
                let low = thresholds.get(x).copied().unwrap_or(end);
                let high = thresholds.get(x + 1).copied().unwrap_or(end);
                apart += words(low, high).abs_diff(quotient(2 * weight, total));
            }
            let distance = apart / 2;
            assert!(distance < 1 << (FRACTION_BITS - DRAWN_BITS), "{decay}");
        }
    }

    #[test]
    fn a_stricter_demand_takes_no_less_noise() {
        for demand in DEMANDS {
            let width = gaussian_width(&demand);
            for stricter in [
                Demand {
                    epsilon: demand.epsilon - 1,
                    ..demand
                },
                Demand {
                    delta: demand.delta - 1,
                    ..demand
                },
                Demand {
                    moved: demand.moved + 1,
                    ..demand
                },
                Demand {
                    numbers: demand.numbers + 1_000,
                    ..demand
                },
            ] {
                let wider = gaussian_width(&stricter);
                assert!(
                    wider.is_none_or(|wider| Some(wider) >= width),
                    "{stricter:?}"
                );
            }
        }
    }

    #[test]
    fn where_no_noise_is_enough_there_is_none() {
        for demand in [
            demand(0, 1_000_000, 1, 1),
            demand(1, 0, 1, 1),
            demand(1, DELTA_END, 1, 1),
            demand(1_000_000, 1, 1, 0),
            demand(1_000_000, 1, 1, -1),
            demand(1_000_000, 1, 1, i128::MAX),
            demand(1, 1, 1, u64::MAX.into()),
            // Draws alone are off by more.
            demand(1_000_000, 1, 1_000, 1),
            demand(6_000_000, 1, 1, 1),
            demand(1_000_000, 1_000, u64::MAX, 1),
            demand(33_000_000, DELTA_END - 1, 1, 1),
            demand(u64::MAX, DELTA_END - 1, u64::MAX, 1),
        ] {
            assert_eq!(gaussian_width(&demand), None, "{demand:?}");
        }
        // The largest numbers that are computed with.
        let most = demand(EPSILON_END - 1, DELTA_END - 1, 0, 1);
        assert!(gaussian_width(&most).is_some_and(|width| width < Width::table(1 << 20)));
        // One table is exact enough, where it is long enough.
        let [table, steps] = [1, 20].map(|moved| gaussian_width(&demand(500_000, 1, 40, moved)));
        assert!(table.is_some_and(|width| width.steps == 0) && steps.is_none());
        assert!(gaussian_width(&demand(500_000, 1, 20, 20)).is_some());
    }

    #[test]
    fn powers_and_logarithms_are_rounded_up() {
        for epsilon in [0, 1, 1_000_000, 10_000_000, EPSILON_END - 1] {
            let exact = (epsilon as f64 / 1e6).exp();
            let found = grown(epsilon) as f64 / 2f64.powi(40);
            assert!(found / exact >= 1.0 - 1e-15 && found / exact < 1.0 + 1e-8);
        }
        for delta in [1, 2, 3, 1 << 63, (1 << 63) + 1, u64::MAX] {
            let exact = 64.0 * 2f64.ln() - (delta as f64).ln();
            let found = logarithm_of_inverse(delta) as f64 / 2f64.powi(96);
            assert!((found - exact).abs() < 1e-13, "{delta}: {found} {exact}");
        }
        // 1 - 2^-64 has a logarithm of 2^-64 and a little.
        assert_eq!(logarithm_of_inverse(u64::MAX) >> 32, 1);
    }
}
