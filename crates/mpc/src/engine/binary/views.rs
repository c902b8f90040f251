//! What a party sees in a comparison over bits, over a field of seven elements: every outcome of what is
//! left to chance, counted. See `tests/views.rs`.
//!
//! The mask's words and the words of zero terms that the corrupt party knows are fixed. To chance is left the
//! mask's word that only the two others know, and the words of zero terms that they have in common: one bit
//! for each gate, all strings of them side by side, one for each place of a plane.

use enigma_field::{Committee, Party, PrimeField};

use super::circuit::{Compare, Component, layers};
use super::{bits_of, numbers};
use crate::toy::Toy;

const P: u8 = 7;
type F = Toy<P>;

const BITS: usize = F::BITS as usize;

/// A comparison as three parties do it.
struct Model {
    corrupt: Party,
    compare: Compare,
    /// Whether zero terms hide what parties send.
    masked: bool,
}

/// Both components that a party knows, and what the gates' results add up to there.
struct Side {
    components: [Component; 2],
    terms: Vec<u64>,
}

impl Model {
    fn gates(&self) -> usize {
        self.compare.all_gates(BITS)
    }

    /// One plane for each gate: all strings of so many bits, side by side.
    fn strings(&self) -> Vec<Vec<u64>> {
        let count = 1usize << self.gates();
        let plane = |gate: usize| {
            let bit = |place: usize| (place >> gate & 1) as u64;
            let word = |word: usize| (0..64).map(|k| bit(64 * word + k) << k).sum();
            (0..count / 64).map(word).collect()
        };
        (0..self.gates()).map(plane).collect()
    }

    /// What the corrupt party is told, plane by plane, when the numbers that `opened` and these words
    /// make are added. `words`: of the mask, by the party that does not know it. The results are right.
    fn told(&self, x: F, opened: F, words: [F; 3]) -> Vec<Vec<u64>> {
        let strings = self.strings();
        let count = 1usize << self.gates();
        let planes = count / 64;
        let side = |me: usize| {
            let component = |steps: usize| {
                let number = (me + steps) % 3;
                let all = (vec![opened; count], vec![words[number]; count]);
                let bits = bits_of(&numbers(number as u8 + 1, &all.0, &all.1), BITS);
                let ones = bits_of(&vec![1; count], 1);
                Component::new(number as u8 + 1, self.compare, ones, bits)
            };
            Side {
                components: [component(1), component(2)],
                terms: Vec::new(),
            }
        };
        let mut sides = [0, 1, 2].map(side);
        let me = self.corrupt.index();
        let (next, last) = ((me + 1) % 3, (me + 2) % 3);
        let mut told = Vec::new();
        let mut first = 0;
        for layer in 0..layers(BITS) {
            let gates = self.compare.gates(BITS, layer);
            for (party, side) in sides.iter_mut().enumerate() {
                let [[xf, yf], [xs, ys]] = side.components.each_ref().map(|component| {
                    let (mut x, mut y) = (vec![0; gates * planes], vec![0; gates * planes]);
                    component.factors(layer, &mut x, &mut y);
                    [x, y]
                });
                let terms = (0..gates * planes).map(|k| {
                    let unknown = strings[first + k / planes][k % planes];
                    // What the corrupt party has in common with the others is zero here.
                    let hides = self.masked && (party == next || party == last);
                    let zero = if hides { unknown } else { 0 };
                    xf[k] & (yf[k] ^ ys[k]) ^ xs[k] & yf[k] ^ zero
                });
                side.terms = terms.collect();
            }
            told.extend(sides[next].terms.chunks(planes).map(<[u64]>::to_vec));
            let terms = sides.each_ref().map(|side| side.terms.clone());
            for (party, side) in sides.iter_mut().enumerate() {
                // Our own terms are the component of the party after us; that party tells us the other.
                let [component, other] = &mut side.components;
                component.absorb(layer, &terms[party]);
                other.absorb(layer, &terms[(party + 1) % 3]);
            }
            first += gates;
        }
        let tells = [x.0 > P / 2, x.0 == 0];
        let results = sides.each_ref().map(|side| side.components[0].results());
        let expected = match self.compare {
            Compare::Less => &tells[..1],
            Compare::Equal => &tells[1..],
            Compare::LessAndEqual => &tells,
        };
        for (kind, expected) in expected.iter().enumerate() {
            for plane in 0..planes {
                let bits = results.iter().fold(0, |sum, all| sum ^ all[kind][plane]);
                assert_eq!(bits, if *expected { u64::MAX } else { 0 });
            }
        }
        told
    }

    /// How often each view comes: c, and the bits that the party is told. `known`: words of the mask that
    /// it knows. `unknown`: values that the other one takes.
    fn views(&self, x: F, known: [F; 2], unknown: &[F]) -> Vec<u32> {
        let strings = 1usize << self.gates();
        let mut counts = vec![0; usize::from(P) * strings];
        for unknown in unknown {
            let me = self.corrupt.index();
            let mut words = [*unknown; 3];
            words[(me + 1) % 3] = known[0];
            words[(me + 2) % 3] = known[1];
            // All shares of it that are sent follow from it and the party's own.
            let opened = x + x + Toy(1) + words.iter().copied().sum();
            let told = self.told(x, opened, words);
            for place in 0..strings {
                let bit = |plane: &Vec<u64>| (plane[place / 64] >> (place % 64) & 1) as usize;
                let view = told
                    .iter()
                    .rev()
                    .fold(0, |view, plane| view << 1 | bit(plane));
                counts[usize::from(opened.0) * strings + view] += 1;
            }
        }
        counts
    }
}

fn models(masked: bool) -> impl Iterator<Item = Model> {
    let committee = Committee::new(3).expect("an odd size");
    let all = [Compare::Less, Compare::Equal, Compare::LessAndEqual];
    committee.parties().flat_map(move |corrupt| {
        all.map(|compare| Model {
            corrupt,
            compare,
            masked,
        })
    })
}

#[test]
fn a_comparison_shows_nothing() {
    let all: Vec<F> = F::all().collect();
    for model in models(true) {
        for known in all.iter().flat_map(|a| [0, 3, 6].map(|b| [*a, Toy(b)])) {
            for x in F::all() {
                let views = model.views(x, known, &all);
                assert!(views.iter().all(|count| *count == 1));
            }
        }
    }
}

#[test]
fn without_the_others_words_it_shows_something() {
    let all: Vec<F> = F::all().collect();
    let known = [Toy(2), Toy(5)];
    for model in models(false) {
        let [first, second] = [1, 5].map(|x| model.views(Toy(x), known, &all));
        assert_ne!(first, second);
    }
    for model in models(true) {
        let [first, second] = [1, 5].map(|x| model.views(Toy(x), known, &[Toy(0)]));
        assert_ne!(first, second);
    }
}
