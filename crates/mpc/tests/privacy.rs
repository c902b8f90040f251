//! What t parties see: the same statistics whatever the inputs. A necessary condition only, over
//! marginals of received elements; the same test finds a planted leak.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::rc::Rc;

use enigma_field::{Committee, Levels, M61};
use enigma_mpc::testing::{Network, share};
use enigma_mpc::{BITS_CHUNK_LEN, Engine, Wires};

const CELLS: usize = 64;

/// The number of a shuffle, all of whose steps are dealings.
const SHUFFLE: u32 = 5;

/// Elements that the first t parties receive from the others, by (sender, receiver, place).
fn view(
    n: u8,
    inputs: [u64; 2],
    len: usize,
    start: impl Fn(&mut Engine, &Wires, &Wires),
    leak: Option<M61>,
) -> Vec<Vec<M61>> {
    let committee = Committee::new(n).expect("an odd size");
    let corrupt = committee.degree();
    let [x, y] = inputs.map(|value| vec![M61::new(value); len]);
    let wires = |values: &[M61], seed| -> Vec<Wires> {
        let shares = share(committee, values, seed);
        shares.into_iter().map(Wires::input).collect()
    };
    let (xs, ys) = (wires(&x, 11), wires(&y, 12));
    let mut network = Network::new(committee, 21);
    let seen = Rc::new(RefCell::new(Vec::new()));
    let sink = seen.clone();
    network.tamper = Some(Box::new(move |frame| {
        // Only what does not depend on answers: squares and dealings, not the public roots.
        let inside = frame.from.index() >= corrupt && frame.to.index() < corrupt;
        if inside && (frame.slot.step == 0 || frame.slot.op == SHUFFLE) {
            let elements = enigma_field::decode_slice::<M61>(&frame.payload);
            let mut elements = elements.expect("an honest frame");
            if let Some(factor) = leak {
                let place = elements.len() / 2;
                elements[place..].fill(factor);
            }
            sink.borrow_mut().push(elements);
        }
        vec![frame]
    }));
    for (k, engine) in network.engines.iter_mut().enumerate() {
        start(engine, &xs[k], &ys[k]);
    }
    network.run().expect("an honest run");
    drop(network);
    Rc::try_unwrap(seen)
        .expect("the network is gone")
        .into_inner()
}

/// Chi-square of one digit of the elements against the uniform distribution, as the number of
/// standard deviations from its mean.
fn deviation(elements: impl Iterator<Item = M61>, shift: u32) -> f64 {
    let mut counts = [0f64; CELLS];
    let mut total = 0.0;
    for element in elements {
        counts[(element.value() >> shift) as usize % CELLS] += 1.0;
        total += 1.0;
    }
    let expected = total / CELLS as f64;
    let chi: f64 = counts
        .iter()
        .map(|count| (count - expected).powi(2) / expected)
        .sum();
    let freedom = (CELLS - 1) as f64;
    (chi - freedom) / (2.0 * freedom).sqrt()
}

/// The largest deviation over low, middle and high digits of single elements and of sums of two.
fn worst(view: &[Vec<M61>]) -> f64 {
    let mut worst = 0f64;
    for shift in [0, 30, 55] {
        for (k, one) in view.iter().enumerate() {
            worst = worst.max(deviation(one.iter().copied(), shift));
            for other in &view[..k] {
                let sums = one.iter().zip(other).map(|(a, b)| *a + *b);
                worst = worst.max(deviation(sums, shift));
            }
        }
    }
    worst
}

type Start = fn(&mut Engine, &Wires, &Wires);

fn operations() -> [Start; 5] {
    [
        |engine, x, y| {
            let factors = vec![(x.clone(), y.clone())];
            engine
                .start_multiply(0, 1, factors)
                .expect("a fresh engine");
        },
        |engine, x, y| {
            let factors = vec![(x.clone(), y.clone())];
            engine
                .start_multiply_by_kings(0, 1, factors)
                .expect("a fresh engine");
        },
        |engine, x, _| {
            engine
                .start_reshare(0, 1, x.clone())
                .expect("a fresh engine");
        },
        |engine, x, _| {
            engine
                .start_random_bits(0, 1, x.len())
                .expect("a fresh engine");
        },
        |engine, x, _| {
            engine
                .start_shuffle(SHUFFLE, 1, vec![x.clone()])
                .expect("a fresh engine");
        },
    ]
}

#[test]
fn what_t_parties_receive_is_uniform_for_all_inputs() {
    let len = 3 * BITS_CHUNK_LEN;
    for n in [3, 5, 7] {
        for start in operations() {
            for inputs in [[0, 0], [3, M61::MODULUS - 5]] {
                let view = view(n, inputs, len, start, None);
                assert!(!view.is_empty());
                let worst = worst(&view);
                assert!(worst < 6.0, "n = {n}: {worst}");
            }
        }
    }
}

#[test]
fn the_test_finds_a_planted_leak() {
    let len = 3 * BITS_CHUNK_LEN;
    for n in [3, 5, 7] {
        for start in operations() {
            let view = view(n, [3, 4], len, start, Some(M61::new(12)));
            assert!(worst(&view) > 100.0);
        }
    }
}

#[test]
fn the_views_of_different_inputs_differ() {
    // The positive half: elements do carry the inputs, blinded.
    let views = [[0, 0], [3, 4]].map(|inputs| view(3, inputs, 100, operations()[0], None));
    let same = views[0][0].iter().zip(&views[1][0]).filter(|(a, b)| a == b);
    assert_eq!(same.count(), 0);
}

/// Elements that the first t parties receive from the others while batches of products of these
/// inputs are verified: points dealt, and shares of f and g, each by sender and receiver.
fn verification_view(n: u8, inputs: [u64; 2], batches: u32) -> Vec<Vec<M61>> {
    const LEN: usize = 20;
    const FIRST: u32 = 1000;
    let committee = Committee::new(n).expect("an odd size");
    let corrupt = committee.degree();
    let wires = |value, seed| -> Vec<Wires> {
        let shares = share(committee, &[M61::new(value); LEN], seed);
        shares.into_iter().map(Wires::input).collect()
    };
    let (xs, ys) = (wires(inputs[0], 11), wires(inputs[1], 12));
    let mut network = Network::new(committee, 21);
    let opening = Levels::new(LEN).coins() as u8 * 2;
    let seen: Rc<RefCell<BTreeMap<_, Vec<M61>>>> = Rc::default();
    let sink = seen.clone();
    network.tamper = Some(Box::new(move |frame| {
        let inside = frame.from.index() >= corrupt && frame.to.index() < corrupt;
        let step = frame.slot.step;
        if inside && frame.slot.op >= FIRST && step > 0 && step <= opening && step % 2 == 0 {
            // The opening ends with h, which is the product of the others, and a signature.
            let elements = match step == opening {
                true => &frame.payload[..32],
                false => &frame.payload,
            };
            let elements = enigma_field::decode_slice::<M61>(elements).expect("an honest frame");
            let mut sink = sink.borrow_mut();
            let place = (frame.from, frame.to, step == opening);
            sink.entry(place).or_default().extend(elements);
        }
        vec![frame]
    }));
    for op in 0..batches {
        network.start(|engine, k| {
            engine.start_multiply(op, FIRST + op, vec![(xs[k].clone(), ys[k].clone())])
        });
        network.run().expect("an honest run");
        network.start(|engine, _| engine.start_verify(FIRST + op));
        network.run().expect("honest parties accept");
    }
    drop(network);
    let seen = Rc::try_unwrap(seen).expect("the network is gone");
    seen.into_inner().into_values().collect()
}

#[test]
fn what_t_parties_receive_in_verifications_is_uniform_for_all_inputs() {
    for n in [3, 5] {
        for inputs in [[0, 0], [3, M61::MODULUS - 5]] {
            let view = verification_view(n, inputs, 150);
            assert!(view.iter().all(|elements| elements.len() >= 600));
            for shift in [0, 30, 55] {
                for elements in &view {
                    let deviation = deviation(elements.iter().copied(), shift);
                    assert!(deviation < 6.0, "n = {n}: {deviation}");
                }
            }
        }
    }
}
