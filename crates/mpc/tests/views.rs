//! What a corrupt party sees, over a field of seven elements: every outcome of everything that is left
//! to chance, counted. Three parties; how values are dealt, shared, folded is computed by the code that the
//! engine uses.
//!
//! A party knows its own shares and the words that it has in common with others. Given these, a view is
//! what it receives and what is opened. Over all that the others' common words may be, each view must come
//! equally often whatever is secret. And where a mask is taken away the same count must tell secrets apart.
//!
//! Comparisons over bits, whose circuit is inside the crate, and products through kings are counted there.

mod toy;

use enigma_field::interpolation::{
    GrrDealing, PartySet, lagrange_at, prss_coefficients, prss_subsets,
};
use enigma_field::recursion::{coefficients_at, fold, products};
use enigma_field::{Committee, Field, Party, PrimeField};
use toy::Toy;

const P: u8 = 7;
type F = Toy<P>;

/// A word that the corrupt party knows; which one makes no difference.
const KNOWN: F = Toy(3);

/// Strings of elements, all of them once.
fn all<const N: usize>() -> impl Iterator<Item = [F; N]> {
    let count = u64::from(P).pow(N as u32);
    (0..count).map(|mut number| {
        [(); N].map(|()| {
            let digit = number % u64::from(P);
            number /= u64::from(P);
            Toy(digit as u8)
        })
    })
}

/// How often each view comes over all that chance may do.
fn count<const N: usize, const V: usize>(mut view: impl FnMut([F; N]) -> [F; V]) -> Vec<u32> {
    let mut counts = vec![0; usize::from(P).pow(V as u32)];
    for chance in all::<N>() {
        let place = view(chance).iter().fold(0, |place, element| {
            place * usize::from(P) + usize::from(element.0)
        });
        counts[place] += 1;
    }
    counts
}

fn each_once(counts: &[u32]) -> bool {
    counts.iter().all(|count| *count == 1)
}

/// Everything by party.
type Shares = [F; 3];

/// Three parties, one of them corrupt, and what their protocols compute of elements, as coefficients.
struct Model {
    corrupt: Party,
    /// What a share adds for each point of distance: shares of zero that the corrupt party has one of.
    slope: Shares,
    /// The value behind shares of the first two, and what share the third must have then.
    value: [[F; 2]; 2],
    /// Dealings by dealer and receiver: of the local value, and of the word.
    dealings: [[[F; 2]; 3]; 3],
    /// Lagrange coefficients at 0.
    lambda: Shares,
    /// Shares of random values: what the words that the corrupt party knows make, and the factor of the one
    /// that it does not know (protocols B.2).
    random: [Shares; 2],
}

impl Model {
    fn all() -> Vec<Self> {
        let committee = Committee::new(3).expect("an odd size");
        committee
            .parties()
            .map(|corrupt| Self::new(committee, corrupt))
            .collect()
    }

    fn new(committee: Committee, corrupt: Party) -> Self {
        let parties = [1, 2, 3].map(|number| committee.party(number).expect("a party"));
        let points = parties.map(|party| party.point::<F>());
        let at = points[corrupt.index()]
            .inverse()
            .expect("points are not zero");
        let first_two = |x: F| -> [F; 2] {
            let all = lagrange_at(&points[..2], x).expect("distinct points");
            [all[0], all[1]]
        };
        let deals = |dealer: Party| {
            let dealing = GrrDealing::<F>::new(&committee, dealer);
            let [of_local, of_word] = [[F::ONE, F::ZERO], [F::ZERO, F::ONE]]
                .map(|argument| dealing.matrix.apply(&argument));
            parties.map(|receiver| {
                let place = dealing.computed.iter().position(|party| *party == receiver);
                // Who needs no message has the word itself.
                place.map_or([F::ZERO, F::ONE], |place| [of_local[place], of_word[place]])
            })
        };
        let random = |known: F, unknown: F| {
            parties.map(|party| {
                let coefficients = prss_coefficients::<F>(&committee, party);
                let coefficients = coefficients.expect("a small committee").into_iter();
                let word = |subset: PartySet| match subset.contains(corrupt) {
                    true => known,
                    false => unknown,
                };
                coefficients.map(|(subset, f)| word(subset) * f).sum()
            })
        };
        Self {
            corrupt,
            slope: points.map(|point| point * at),
            value: [first_two(F::ZERO), first_two(points[2])],
            dealings: parties.map(deals),
            lambda: parties.map(|party| committee.lambda(party)),
            random: [random(KNOWN, F::ZERO), random(F::ZERO, F::ONE)],
        }
    }

    /// Shares of a value of which the corrupt party has this one.
    fn share(&self, secret: F, own: F) -> Shares {
        self.slope.map(|slope| secret + slope * (own - secret))
    }

    /// Shares of a random value.
    fn random(&self, unknown: F) -> Shares {
        let [known, factor] = self.random;
        [0, 1, 2].map(|k| known[k] + factor[k] * unknown)
    }

    /// The honest party whose word is unknown: the one after the corrupt one, which it sends a point.
    fn sender(&self) -> usize {
        (self.corrupt.index() + 1) % 3
    }

    /// A dealer's points by receiver.
    fn deal(&self, dealer: usize, local: F, word: F) -> Shares {
        self.dealings[dealer].map(|[of_local, of_word]| of_local * local + of_word * word)
    }

    /// Shares of the sum of what these parties deal, and what the corrupt party receives of it.
    fn sum(&self, locals: [Option<F>; 3], unknown: F) -> (F, Shares) {
        let mut sum = [F::ZERO; 3];
        let mut received = F::ZERO;
        for (dealer, local) in locals.into_iter().enumerate() {
            let Some(local) = local else { continue };
            let word = if dealer == self.sender() {
                unknown
            } else {
                KNOWN
            };
            let points = self.deal(dealer, local, word);
            F::add_each(&mut sum, &points);
            if dealer == self.sender() {
                received = points[self.corrupt.index()];
            }
        }
        (received, sum)
    }

    /// Shares of a product from local products, and what the corrupt party receives.
    fn multiply(&self, locals: Shares, unknown: F) -> (F, Shares) {
        let weighted = [0, 1, 2].map(|k| Some(self.lambda[k] * locals[k]));
        self.sum(weighted, unknown)
    }

    /// The value behind shares, which are consistent.
    fn value(&self, shares: Shares) -> F {
        let [at_zero, third] = self.value.map(|c| c[0] * shares[0] + c[1] * shares[1]);
        assert_eq!(third, shares[2], "shares of degree 1");
        at_zero
    }
}

fn each(x: Shares, y: Shares) -> Shares {
    [0, 1, 2].map(|k| x[k] * y[k])
}

/// What a party sees in a multiplication by dealing of two shared values.
fn multiplication(model: &Model, own: [F; 2], [x, y]: [F; 2], masked: bool) -> Vec<u32> {
    count(|[word]: [F; 1]| {
        let (xs, ys) = (model.share(x, own[0]), model.share(y, own[1]));
        let (received, shares) = model.multiply(each(xs, ys), if masked { word } else { KNOWN });
        assert_eq!(model.value(shares), x * y);
        [received]
    })
}

#[test]
fn multiplications_show_nothing() {
    for model in Model::all() {
        for own in all() {
            for secrets in all() {
                assert!(each_once(&multiplication(&model, own, secrets, true)));
            }
        }
    }
}

#[test]
fn multiplications_without_the_common_word_show_something() {
    for model in Model::all() {
        let differ = all::<2>().any(|own| {
            let views = [[0, 0], [1, 1]].map(|x| multiplication(&model, own, x.map(Toy), false));
            views[0] != views[1]
        });
        assert!(differ);
    }
}

#[test]
fn what_any_dealer_sends_to_any_t_others_is_uniform_whatever_it_deals() {
    // Of five and seven parties: dealers are independent, and what is left to chance in a dealing are the
    // words of receivers that are honest.
    type G = Toy<31>;
    for n in [5, 7] {
        let committee = Committee::new(n).expect("an odd size");
        let t = committee.degree();
        for dealer in committee.parties() {
            let dealing = GrrDealing::<G>::new(&committee, dealer);
            let others: Vec<Party> = committee.others(dealer).collect();
            let subsets = (0u32..1 << others.len()).filter(|set| set.count_ones() as usize == t);
            for subset in subsets {
                let corrupt = |party: &Party| {
                    let place = others.iter().position(|other| other == party);
                    place.is_some_and(|place| subset >> place & 1 == 1)
                };
                let unknown = dealing
                    .derived
                    .iter()
                    .filter(|party| !corrupt(party))
                    .count();
                for local in [0, 1, 17].map(Toy) {
                    let mut seen = vec![false; 31usize.pow(unknown as u32)];
                    for chance in 0..seen.len() {
                        let mut rest = chance;
                        let mut argument = vec![local];
                        argument.extend(dealing.derived.iter().map(|party| {
                            if corrupt(party) {
                                return Toy(5);
                            }
                            let word = Toy((rest % 31) as u8);
                            rest /= 31;
                            word
                        }));
                        let points = dealing.matrix.apply(&argument);
                        let sent = dealing.computed.iter().zip(points);
                        let view = sent
                            .filter(|(party, _)| corrupt(party))
                            .fold(0, |view, (_, point)| view * 31 + usize::from(point.0));
                        // As many views as words: each comes once.
                        assert!(!std::mem::replace(&mut seen[view], true));
                    }
                }
            }
        }
    }
}

/// What a comparison over digits takes away from its mask.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Missing {
    Nothing,
    /// The highest bit of the mask.
    Bit,
    /// What hides products.
    Words,
}

/// What a party sees when x is compared with zero over digits (protocols F.2, F.3), beside its shares of x
/// and of the mask's three bits: what is opened, and a point of each of three products. The result is right.
fn comparison(model: &Model, own: [F; 4], x: F, missing: Missing) -> Vec<u32> {
    let mut counts = vec![0; usize::from(P).pow(4)];
    let values = match missing {
        Missing::Bit => 4,
        _ => 8,
    };
    let linear = |shares: &[Shares], factors: &[i64], constant: i64| -> Shares {
        [0, 1, 2].map(|k| {
            let terms = shares.iter().zip(factors);
            let sum: F = terms.map(|(column, f)| column[k] * F::from_i64(*f)).sum();
            sum + F::from_i64(constant)
        })
    };
    for mask in 0..values {
        let bit = |k: u8| Toy(mask >> k & 1);
        let xs = model.share(x, own[0]);
        let [low, high, top] = [0, 1, 2].map(|k| model.share(bit(k), own[1 + usize::from(k)]));
        // c = 2x + r is opened in full: all other shares of it follow from c and one's own.
        let c = model.value(linear(&[xs, low, high, top], &[2, 1, 2, 4], 0));
        let of_mask = count(|words: [F; 3]| {
            let [w0, w1, w2] = match missing {
                Missing::Words => [KNOWN; 3],
                _ => words,
            };
            // One-hots of the low digit of r: [r = 0] to [r = 3].
            let (seen0, both) = model.multiply(each(low, high), w0);
            let hots = [
                linear(&[low, high, both], &[-1, -1, 1], 1),
                linear(&[low, both], &[1, -1], 0),
                linear(&[high, both], &[1, -1], 0),
                both,
            ];
            let above = &hots[usize::from(c.0 & 3) + 1..];
            let less_low = linear(above, &[1; 3], 0);
            let (less_top, equal_top) = match c.0 >> 2 {
                0 => (top, linear(&[top], &[-1], 1)),
                _ => ([F::ZERO; 3], top),
            };
            let (seen1, joined) = model.multiply(each(equal_top, less_low), w1);
            let wrapped = linear(&[less_top, joined], &[1, 1], 0);
            // [x < 0] = c_0 xor r_0 xor [c < r].
            let lowest = match c.0 & 1 {
                0 => low,
                _ => linear(&[low], &[-1], 1),
            };
            let (seen2, product) = model.multiply(each(lowest, wrapped), w2);
            let result = linear(&[lowest, wrapped, product], &[1, 1, -2], 0);
            assert_eq!(model.value(result), Toy(u8::from(x.0 > P / 2)));
            [c, seen0, seen1, seen2]
        });
        for (sum, count) in counts.iter_mut().zip(of_mask) {
            *sum += count;
        }
    }
    counts
}

/// Some shares that a party may have, of `N` values: all in a diagonal that meets every value in every place.
fn some_shares<const N: usize>() -> impl Iterator<Item = [F; N]> {
    F::all().map(|first| {
        let mut next = first;
        [(); N].map(|()| {
            next = next * Toy(3) + Toy(1);
            next
        })
    })
}

/// The part of all outcomes by which two counts differ.
fn distance(first: &[u32], second: &[u32]) -> f64 {
    let all: u32 = first.iter().sum();
    let apart: u32 = first.iter().zip(second).map(|(a, b)| a.abs_diff(*b)).sum();
    f64::from(apart) / f64::from(2 * all)
}

#[test]
fn comparisons_over_digits_show_nothing_but_that_a_mask_stands_for_zero_twice() {
    // Three bits are one of eight numbers, which are seven elements: what two values show differs by
    // 1/8, with 61 bits by 2^-61.
    for model in Model::all() {
        for own in some_shares() {
            let views: Vec<Vec<u32>> = F::all()
                .map(|x| comparison(&model, own, x, Missing::Nothing))
                .collect();
            for other in &views[1..] {
                assert_eq!(distance(&views[0], other), 0.125);
            }
        }
    }
}

#[test]
fn comparisons_with_less_of_a_mask_show_something() {
    for model in Model::all() {
        for (missing, least) in [(Missing::Bit, 0.5), (Missing::Words, 0.25)] {
            let apart = some_shares().map(|own| {
                let views = [0, 2].map(|x| comparison(&model, own, Toy(x), missing));
                distance(&views[0], &views[1])
            });
            let apart = apart.fold(0.0, f64::max);
            assert!(apart >= least, "{apart}");
        }
    }
}

/// How often each c is opened for x under masks that hide statistically (protocols F.3): all random bits below
/// 2^`width`, and all integers of `hiding` bits above them that the others have in common. What the party
/// knows of the mask is a number that it can take away.
fn opened_under_integers(x: i64, width: u32, hiding: u32) -> Vec<u32> {
    let value = 1 << width;
    let mut counts = vec![0; ((1 << hiding) + 3) << width];
    for low in 0..value {
        for high in 0..1 << hiding {
            counts[(value + x + low + (high << width)) as usize] += 1;
        }
    }
    counts
}

#[test]
fn masks_of_bounded_integers_hide_up_to_their_length() {
    let width = 4;
    for hiding in [3, 6, 9] {
        let all: Vec<Vec<u32>> = (1 - (1 << width)..1 << width)
            .map(|x| opened_under_integers(x, width, hiding))
            .collect();
        let apart = |one: &Vec<u32>| {
            all.iter()
                .map(|other| distance(one, other))
                .fold(0.0, f64::max)
        };
        let most = all.iter().map(apart).fold(0.0, f64::max);
        // Two values are at most 2^(width + 1) apart, and the integers above the bits begin there.
        let bound = 2f64.powi(1 - hiding as i32);
        assert!(most <= bound, "{most}");
        // And integers that are shorter hide less.
        assert!(most > bound / 2.0, "{most}");
    }
}

/// What a party sees in the last step of a verification of one product x y, beside its shares of x and y: a
/// point of each of two dealings, f and g. (All shares of f, g and h are opened; those of others follow
/// from the values and its own. h is f g.)
fn last_step(model: &Model, own: [F; 2], [x, y]: [F; 2], challenge: F, masked: bool) -> Vec<u32> {
    let (xs, ys) = (model.share(x, own[0]), model.share(y, own[1]));
    let over_blocks = coefficients_at(2, challenge);
    let points = coefficients_at(3, challenge);
    count(|[for_x, for_y, w0, w2]: [F; 4]| {
        let mask = |unknown| match masked {
            true => model.random(unknown),
            false => [F::ZERO; 3],
        };
        let (x0, y0) = (mask(for_x), mask(for_y));
        let locals = [0, 1, 2].map(|k| products(&[x0[k], xs[k]], &[y0[k], ys[k]], 2));
        let at = |point: usize| [0, 1, 2].map(|k: usize| locals[k][point]);
        let (seen0, h0) = model.multiply(at(0), w0);
        let (seen2, h2) = model.multiply(at(2), w2);
        // h at 1 is the product that is claimed; the corrupt party's share of it was in its view of that.
        let h1 = model.share(x * y, KNOWN);
        let [f, g] = [(&x0, &xs), (&y0, &ys)].map(|(mask, value)| {
            let share = |k: usize| fold(&[mask[k], value[k]], &over_blocks)[0];
            model.value([0, 1, 2].map(share))
        });
        let h = [0, 1, 2].map(|k| F::dot(&points, &[h0[k], h1[k], h2[k]]));
        assert_eq!(model.value(h), f * g);
        [seen0, seen2, f, g]
    })
}

#[test]
fn the_last_step_of_a_verification_shows_nothing() {
    // Challenges are drawn outside the points of h, which are 0, 1 and 2.
    for model in Model::all() {
        for challenge in (3..P).map(Toy) {
            for own in some_shares() {
                for secrets in [[0, 0], [1, 0], [2, 6], [5, 3]] {
                    let views = last_step(&model, own, secrets.map(Toy), challenge, true);
                    assert!(each_once(&views));
                }
            }
        }
    }
}

#[test]
fn the_last_step_without_masks_or_at_a_point_shows_something() {
    for model in Model::all() {
        for (challenge, masked) in [(3, false), (1, true)] {
            let differ = some_shares().any(|own| {
                let views = [[0, 0], [2, 6]]
                    .map(|x| last_step(&model, own, x.map(Toy), Toy(challenge), masked));
                views[0] != views[1]
            });
            assert!(differ);
        }
    }
}

/// The phases of a shuffle, in the engine's order on the way forth, with the Lagrange coefficients of their
/// members at 0.
fn phases() -> [[Option<F>; 3]; 3] {
    let committee = Committee::new(3).expect("an odd size");
    let subsets = prss_subsets(&committee).expect("a small committee");
    let of = |subset: PartySet| {
        let members: Vec<Party> = subset.members().collect();
        let points: Vec<F> = members.iter().map(|party| party.point()).collect();
        let lagrange = lagrange_at(&points, F::ZERO).expect("distinct points");
        let mut phase = [None; 3];
        for (party, lagrange) in members.iter().zip(lagrange) {
            phase[party.index()] = Some(lagrange);
        }
        phase
    };
    [2, 1, 0].map(|place: usize| of(subsets[place]))
}

/// What a party sees in a shuffle of two rows, beside its shares of them: points of both in the two phases
/// in which the party after it deals. `swaps`: which phases exchange the rows.
fn shuffle(
    model: &Model,
    own: [F; 2],
    secrets: [F; 2],
    swaps: [bool; 3],
    masked: bool,
) -> Vec<u32> {
    let phases = phases();
    count(|words: [F; 4]| {
        let mut rows = [0, 1].map(|row| model.share(secrets[row], own[row]));
        let mut view = words;
        let mut next = 0;
        for (phase, swap) in phases.iter().zip(swaps) {
            let before = if swap { [rows[1], rows[0]] } else { rows };
            let deals = phase[model.sender()].is_some();
            for (row, shares) in before.iter().enumerate() {
                let parts = [0, 1, 2].map(|k| phase[k].map(|lagrange| lagrange * shares[k]));
                let word = match masked && deals {
                    true => words[next],
                    false => KNOWN,
                };
                let (received, after) = model.sum(parts, word);
                if deals {
                    view[next] = received;
                    next += 1;
                }
                rows[row] = after;
            }
        }
        assert_eq!(next, view.len());
        let swapped = swaps.iter().filter(|swap| **swap).count() % 2;
        let expected = [secrets[swapped], secrets[1 - swapped]];
        assert_eq!(rows.map(|row| model.value(row)), expected);
        view
    })
}

/// Every way in which three phases may exchange rows.
fn all_swaps() -> impl Iterator<Item = [bool; 3]> {
    (0..8).map(|bits| [0, 1, 2].map(|phase| bits >> phase & 1 == 1))
}

#[test]
fn shuffles_show_neither_rows_nor_the_permutation_that_a_party_does_not_know() {
    for model in Model::all() {
        for swaps in all_swaps() {
            for own in some_shares() {
                for secrets in [[0, 0], [1, 5], [5, 1]] {
                    let views = shuffle(&model, own, secrets.map(Toy), swaps, true);
                    assert!(each_once(&views));
                }
            }
        }
        // Of one phase it is no member: whatever it sees, both orders are equally likely.
        let unknown = phases()
            .iter()
            .filter(|phase| phase[model.corrupt.index()].is_none())
            .count();
        assert_eq!(unknown, 1);
    }
}

#[test]
fn shuffles_without_common_words_show_something() {
    for model in Model::all() {
        let differ = some_shares().any(|own| {
            let views =
                [[1, 5], [5, 1]].map(|rows| shuffle(&model, own, rows.map(Toy), [false; 3], false));
            views[0] != views[1]
        });
        assert!(differ);
    }
}

/// Does a check of every phase accept (decision 0028)? The weights are of rows and of the column, for
/// each phase; `errors` are added to what phases make of the rows.
fn phases_accept(
    rows: [F; 2],
    swaps: [bool; 3],
    errors: [[F; 2]; 3],
    weights: [[F; 3]; 3],
) -> bool {
    let mut input = rows;
    (0..3).all(|phase| {
        let permute = |rows: [F; 2]| match swaps[phase] {
            true => [rows[1], rows[0]],
            false => rows,
        };
        let permuted = permute(input);
        let output = [0, 1].map(|row| permuted[row] + errors[phase][row]);
        let [first, second, column] = weights[phase];
        let u = permute([first, second]);
        let claim = column * F::dot(&u, &input) == column * F::dot(&[first, second], &output);
        input = output;
        claim
    })
}

/// All weights that are not zero.
fn weights() -> impl Iterator<Item = [F; 3]> {
    all::<3>().filter(|weights| weights.iter().all(|weight| *weight != F::ZERO))
}

#[test]
fn whether_phases_are_accepted_depends_on_errors_and_weights_alone() {
    // One phase at a time has free weights; the others have their own of the same kind.
    for errors in all::<4>() {
        let [e0, e1, e2, e3] = errors;
        let errors = [[e0, e1], [F::ZERO; 2], [e2, e3]];
        let mut accepted = Vec::new();
        for secrets in [[0, 0], [1, 5], [4, 4]] {
            for swaps in all_swaps() {
                let accepts = |free: [F; 3]| {
                    let [a, b, c] = free;
                    let all = [free, [b, c, a], [a, c, b]];
                    phases_accept(secrets.map(Toy), swaps, errors, all)
                };
                accepted.push(weights().map(accepts).collect::<Vec<bool>>());
            }
        }
        assert!(accepted.windows(2).all(|two| two[0] == two[1]));
    }
}

#[test]
fn comparing_rows_before_and_after_all_phases_would_tell_where_a_row_went() {
    // The check that decision 0028 replaces: are the rows after the last phase those before the first?
    // One party is in the first and the last phase; it adds to a row and takes the same away again.
    let accepts = |middle: bool| {
        let rows = [1, 5].map(Toy);
        let moved = if middle {
            [rows[1], rows[0] + Toy(3)]
        } else {
            [rows[0] + Toy(3), rows[1]]
        };
        let after = [moved[0] - Toy(3), moved[1]];
        let product = |rows: [F; 2], rho: F| (rho - rows[0]) * (rho - rows[1]);
        F::all()
            .filter(|rho| product(rows, *rho) == product(after, *rho))
            .count()
    };
    // Every challenge accepts if the middle phase left rows where they were, few do otherwise.
    assert_eq!(accepts(false), usize::from(P));
    assert!(accepts(true) <= 2);
}

#[test]
fn a_wrong_phase_passes_few_weights() {
    // Below 2/p for each column and row together: over all weights, for every error of a phase.
    let total = weights().count() as f64;
    for [e0, e1] in all::<2>().filter(|errors| *errors != [F::ZERO; 2]) {
        let errors = [[F::ZERO; 2], [e0, e1], [F::ZERO; 2]];
        let accepts = |w: &[F; 3]| phases_accept([1, 5].map(Toy), [true; 3], errors, [*w; 3]);
        let passed = weights().filter(accepts).count() as f64 / total;
        assert!(passed <= 2.0 / f64::from(P), "{passed}");
    }
}
