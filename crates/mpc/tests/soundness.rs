//! How often a wrong batch is accepted, measured where it happens: the recursion of protocols C.2
//! over a field of 127 elements, on plain values. What one party can add to h by its dealings is
//! added here; opened are the values themselves.
//!
//! Over this field a cheat that adds at random gets through about once in p times; one that places the
//! roots of its error as best it can gets the bound of the paper, 1/p + sum of (2k-2)/|K| over the
//! levels. Both are held against the experiment, from both sides: a check that refuses what it should
//! not is as wrong as one that lets too much through.
//!
//! The recursion over the binary field has too many challenges to ever see an error: here they are drawn
//! from 127 of its elements, the rest is the engine's own code.
//!
//! And what is opened at the end, which over so small a field can be looked at for every mask.

mod toy;

use enigma_field::binary::{self, Points};
use enigma_field::recursion::{coefficients_at, fold, products};
use enigma_field::{Field, Gf128};
use enigma_mpc::testing::TestRng;
use toy::Toy;

const P: u8 = 127;
type F127 = Toy<P>;

/// Tuples of a batch, and the blocks of its levels; 3 elements are left for the masked step.
const LEN: usize = 24;
const LEVELS: [usize; 3] = [2, 2, 2];
const LAST_LEN: usize = LEN.div_ceil(8);

/// A field whose recursion is measured.
trait Measured: Field {
    /// How often a wrong product passes the weights.
    const WEIGHTS: f64;

    /// How often it is tried.
    const RUNS: u32;

    /// A challenge by its number, of 127.
    fn challenge(number: u8) -> Self;

    fn products(x: &[Self], y: &[Self], blocks: usize) -> Vec<Self>;

    fn fold(x: &[Self], coefficients: &[Self]) -> Vec<Self>;

    /// Lagrange coefficients over so many points.
    fn coefficients_at(count: usize, challenge: Self) -> Vec<Self>;
}

impl Measured for F127 {
    const WEIGHTS: f64 = 1.0 / P as f64;
    const RUNS: u32 = 60_000;

    fn challenge(number: u8) -> Self {
        Toy(number)
    }

    fn products(x: &[Self], y: &[Self], blocks: usize) -> Vec<Self> {
        products(x, y, blocks)
    }

    fn fold(x: &[Self], coefficients: &[Self]) -> Vec<Self> {
        fold(x, coefficients)
    }

    fn coefficients_at(count: usize, challenge: Self) -> Vec<Self> {
        coefficients_at(count, challenge)
    }
}

/// Weights are of the whole field; challenges are the first points, as they are of the other field.
impl Measured for Gf128 {
    const WEIGHTS: f64 = 0.0;
    const RUNS: u32 = 10_000;

    fn challenge(number: u8) -> Self {
        Gf128::point(number.into())
    }

    fn products(x: &[Self], y: &[Self], blocks: usize) -> Vec<Self> {
        binary::products(x, y, blocks)
    }

    fn fold(x: &[Self], coefficients: &[Self]) -> Vec<Self> {
        binary::fold(x, coefficients)
    }

    fn coefficients_at(count: usize, challenge: Self) -> Vec<Self> {
        Points::new(count).at(challenge)
    }
}

/// What the adversary adds to h at the points that are dealt, given how far the claim is off.
trait Adversary<E> {
    /// Errors of the products, one for each tuple; not all zero.
    fn tuples(&mut self, rng: &mut TestRng) -> Vec<E>;

    /// Errors of h at 0..2 `blocks` - 1; the one at `blocks` - 1 is not looked at, since h there
    /// follows from the claim. `first` is 1 when the point 0 is a mask's, which the claim leaves out.
    fn level(&mut self, rng: &mut TestRng, off: E, blocks: usize, first: usize) -> Vec<E>;
}

/// Adds at random.
struct Random;

impl<E: Measured> Adversary<E> for Random {
    fn tuples(&mut self, rng: &mut TestRng) -> Vec<E> {
        loop {
            let errors: Vec<E> = (0..LEN).map(|_| E::random(rng)).collect();
            if errors.iter().any(|error| *error != E::ZERO) {
                return errors;
            }
        }
    }

    fn level(&mut self, rng: &mut TestRng, _: E, blocks: usize, _: usize) -> Vec<E> {
        (0..2 * blocks - 1).map(|_| E::random(rng)).collect()
    }
}

/// One wrong product, and nothing else.
struct Honest;

impl<E: Measured> Adversary<E> for Honest {
    fn tuples(&mut self, rng: &mut TestRng) -> Vec<E> {
        let mut errors = vec![E::ZERO; LEN];
        errors[rng.below(LEN)] = E::ONE;
        errors
    }

    fn level(&mut self, _: &mut TestRng, _: E, blocks: usize, _: usize) -> Vec<E> {
        vec![E::ZERO; 2 * blocks - 1]
    }
}

/// Places the roots of the error polynomial at as many challenges as its degree allows.
struct Best;

impl<E: Measured> Adversary<E> for Best {
    fn tuples(&mut self, rng: &mut TestRng) -> Vec<E> {
        Honest.tuples(rng)
    }

    fn level(&mut self, _: &mut TestRng, off: E, blocks: usize, first: usize) -> Vec<E> {
        let points = 2 * blocks - 1;
        let value = |roots: &[E], at: E| -> E {
            roots
                .iter()
                .fold(E::ONE, |product, root| product * (at - *root))
        };
        let point = |s: usize| E::point(s as u64);
        // Any roots that are challenges and for which the errors do not sum to zero over the blocks.
        for start in points..P as usize - points {
            let roots: Vec<E> = (start..start + points - 1)
                .map(|number| E::challenge(number as u8))
                .collect();
            let sum: E = (first..blocks).map(|s| value(&roots, point(s))).sum();
            if let Some(inverse) = sum.inverse() {
                let scale = off * inverse;
                return (0..points)
                    .map(|s| scale * value(&roots, point(s)))
                    .collect();
            }
        }
        panic!("some roots do");
    }
}

/// One verification of a batch with errors; is it accepted?
fn accepts<E: Measured>(adversary: &mut dyn Adversary<E>, rng: &mut TestRng) -> bool {
    let random = |rng: &mut TestRng| E::random(rng);
    let x: Vec<E> = (0..LEN).map(|_| random(rng)).collect();
    let mut y: Vec<E> = (0..LEN).map(|_| random(rng)).collect();
    let errors = adversary.tuples(rng);
    let z = |k: usize| x[k] * y[k] + errors[k];
    let weights: Vec<E> = (0..LEN).map(|_| random(rng)).collect();
    let mut claim: E = (0..LEN).map(|k| weights[k] * z(k)).sum();
    let mut x: Vec<E> = x.iter().zip(&weights).map(|(x, w)| *x * *w).collect();
    for level in 0..=LEVELS.len() {
        let (blocks, first) = match LEVELS.get(level) {
            Some(blocks) => (*blocks, 0),
            None => {
                assert_eq!(x.len(), LAST_LEN);
                x.insert(0, random(rng));
                y.insert(0, random(rng));
                (x.len(), 1)
            }
        };
        let mut h = E::products(&x, &y, blocks);
        let right: E = h[first..blocks].iter().copied().sum();
        let added = adversary.level(rng, claim - right, blocks, first);
        for (h, error) in h.iter_mut().zip(added) {
            *h += error;
        }
        let others: E = h[first..blocks - 1].iter().copied().sum();
        h[blocks - 1] = claim - others;
        let challenge = loop {
            let number = rng.below(P.into());
            if number >= 2 * blocks - 1 {
                break E::challenge(number as u8);
            }
        };
        let over_blocks = E::coefficients_at(blocks, challenge);
        (x, y) = (E::fold(&x, &over_blocks), E::fold(&y, &over_blocks));
        claim = E::dot(&E::coefficients_at(2 * blocks - 1, challenge), &h);
    }
    assert_eq!((x.len(), y.len()), (1, 1));
    x[0] * y[0] == claim
}

fn rate<E: Measured>(adversary: &mut dyn Adversary<E>, seed: u64) -> f64 {
    let mut rng = TestRng::new(seed);
    let accepted = (0..E::RUNS)
        .filter(|_| accepts(adversary, &mut rng))
        .count();
    accepted as f64 / f64::from(E::RUNS)
}

/// 1 - (1 - weights) times the product of (1 - caught(blocks)) over the levels, the masked one included.
fn predicted<E: Measured>(by_level: impl Fn(usize) -> f64) -> f64 {
    let levels = LEVELS.into_iter().chain([LAST_LEN + 1]);
    let passes = levels.fold(1.0 - E::WEIGHTS, |all, blocks| {
        all * (1.0 - by_level(blocks))
    });
    1.0 - passes
}

/// Within five standard deviations of a binomial distribution.
fn agree<E: Measured>(measured: f64, predicted: f64) {
    let deviation = (predicted * (1.0 - predicted) / f64::from(E::RUNS)).sqrt();
    assert!(
        (measured - predicted).abs() <= 5.0 * deviation,
        "measured {measured}, predicted {predicted}, deviation {deviation}"
    );
}

/// Challenges are drawn outside the points.
fn challenges(blocks: usize) -> f64 {
    f64::from(P) - (2 * blocks - 1) as f64
}

/// 1/p + sum (2k-2) / (|K| - (2k-1)), what the documentation of the verification claims.
fn bound<E: Measured>() -> f64 {
    let levels = LEVELS.into_iter().chain([LAST_LEN + 1]);
    let sum: f64 = levels
        .map(|blocks| (2 * blocks - 2) as f64 / challenges(blocks))
        .sum();
    E::WEIGHTS + sum
}

#[test]
fn right_batches_are_always_accepted() {
    struct Nothing;
    impl<E: Measured> Adversary<E> for Nothing {
        fn tuples(&mut self, _: &mut TestRng) -> Vec<E> {
            vec![E::ZERO; LEN]
        }
        fn level(&mut self, _: &mut TestRng, _: E, blocks: usize, _: usize) -> Vec<E> {
            vec![E::ZERO; 2 * blocks - 1]
        }
    }
    let mut rng = TestRng::new(1);
    assert!((0..5000).all(|_| accepts::<F127>(&mut Nothing, &mut rng)));
    assert!((0..500).all(|_| accepts::<Gf128>(&mut Nothing, &mut rng)));
}

#[test]
fn a_wrong_product_alone_passes_the_weights_only() {
    // From then on the error of the claim is multiplied by what is not zero at any challenge.
    let measured = rate::<F127>(&mut Honest, 2);
    agree::<F127>(measured, 1.0 / f64::from(P));
    assert!(measured < bound::<F127>());
}

#[test]
fn random_errors_pass_as_often_as_random_challenges_hit_roots() {
    let measured = rate::<F127>(&mut Random, 3);
    // The errors of h are a uniform polynomial as far as the last challenge can tell, so that only
    // the last level counts: the claim after it is off by a uniform amount.
    agree::<F127>(measured, 1.0 / f64::from(P));
    assert!(measured < bound::<F127>());
}

fn check_best<E: Measured>(seed: u64) {
    let measured = rate::<E>(&mut Best, seed);
    agree::<E>(
        measured,
        predicted::<E>(|blocks| (2 * blocks - 2) as f64 / challenges(blocks)),
    );
    assert!(measured < bound::<E>());
    // And the bound is not idle: it is reached but for events that coincide.
    assert!(measured > 0.9 * bound::<E>());
}

#[test]
fn the_best_placed_roots_pass_as_often_as_the_bound_says() {
    check_best::<F127>(4);
}

#[test]
fn the_same_holds_over_the_binary_field_with_as_few_challenges() {
    check_best::<Gf128>(5);
}

/// f and g at a challenge of the masked step, for every pair of masks; how often each pair of values
/// comes.
fn opened(x: &[F127], y: &[F127], challenge: F127) -> Vec<u32> {
    let at = coefficients_at(x.len() + 1, challenge);
    let masked = |mask: F127, rest: &[F127]| -> F127 {
        let all: Vec<F127> = std::iter::once(mask).chain(rest.iter().copied()).collect();
        fold(&all, &at)[0]
    };
    let mut counts = vec![0; usize::from(P) * usize::from(P)];
    for x0 in F127::all() {
        for y0 in F127::all() {
            let (f, g) = (masked(x0, x), masked(y0, y));
            counts[usize::from(f.0) * usize::from(P) + usize::from(g.0)] += 1;
        }
    }
    counts
}

#[test]
fn what_a_verification_opens_says_nothing_about_the_inputs() {
    let mut rng = TestRng::new(5);
    let zeros = vec![F127::ZERO; LAST_LEN];
    let random: Vec<F127> = (0..LAST_LEN).map(|_| F127::random(&mut rng)).collect();
    let points = 2 * (LAST_LEN + 1) - 1;
    for challenge in points as u64..u64::from(P) {
        for (x, y) in [(&zeros, &zeros), (&random, &zeros), (&random, &random)] {
            // Every pair once: a one-time pad. h is the product of both.
            let counts = opened(x, y, F127::from_u64(challenge));
            assert!(counts.iter().all(|count| *count == 1));
        }
    }
}

#[test]
fn a_challenge_at_a_point_would_open_an_input() {
    // Which is why challenges are drawn elsewhere.
    let x: Vec<F127> = (1..=LAST_LEN as u64).map(F127::from_u64).collect();
    for place in 1..=LAST_LEN {
        let counts = opened(&x, &x, F127::from_u64(place as u64));
        let input = usize::from(x[place - 1].0);
        let all = u32::from(P) * u32::from(P);
        assert_eq!(counts[input * usize::from(P) + input], all);
    }
}
