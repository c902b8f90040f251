//! What t parties see: the same statistics whatever the inputs. A necessary condition only, over
//! marginals of received elements; the same test finds a planted leak.

use std::cell::RefCell;
use std::rc::Rc;

use enigma_field::{Committee, M61, Shares};
use enigma_mpc::testing::{Network, share};
use enigma_mpc::{BITS_CHUNK_LEN, Engine};

const CELLS: usize = 64;

/// Elements that the first t parties receive from the others, by (sender, receiver, place).
fn view(
    n: u8,
    inputs: [u64; 2],
    len: usize,
    start: impl Fn(&mut Engine, &Shares, &Shares),
    leak: Option<M61>,
) -> Vec<Vec<M61>> {
    let committee = Committee::new(n).expect("an odd size");
    let corrupt = committee.degree();
    let [x, y] = inputs.map(|value| vec![M61::new(value); len]);
    let (xs, ys) = (share(committee, &x, 11), share(committee, &y, 12));
    let mut network = Network::new(committee, 21);
    let seen = Rc::new(RefCell::new(Vec::new()));
    let sink = seen.clone();
    network.tamper = Some(Box::new(move |frame| {
        // Only what does not depend on answers: squares and dealings, not the public roots.
        let inside = frame.from.index() >= corrupt && frame.to.index() < corrupt;
        if inside && frame.slot.step == 0 {
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

type Start = fn(&mut Engine, &Shares, &Shares);

fn operations() -> [Start; 3] {
    [
        |engine, x, y| engine.start_multiply(0, x, y).expect("a fresh engine"),
        |engine, x, _| engine.start_reshare(0, x).expect("a fresh engine"),
        |engine, x, _| {
            engine
                .start_random_bits(0, x.len())
                .expect("a fresh engine")
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
