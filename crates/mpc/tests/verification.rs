//! Verification of batches: right products are accepted by all, wrong ones by nobody; and nothing
//! unverified can be opened.

use enigma_field::{Committee, M61};
use enigma_mpc::testing::{Delivery, Network, bare, reconstruct, share, values};
use enigma_mpc::{Error, Fault, Finished, Misuse, Shape, Wires, cost};

const BATCH: u32 = 99;

fn committee(n: u8) -> Committee {
    Committee::new(n).expect("an odd size")
}

fn wires(committee: Committee, values: &[M61], seed: u64) -> Vec<Wires> {
    let shares = share(committee, values, seed);
    shares.into_iter().map(Wires::input).collect()
}

/// A network that has multiplied two vectors of `len` elements as operation 1 of the batch.
fn multiplied(committee: Committee, len: usize) -> (Network, Vec<Wires>) {
    let (x, y) = (values(len, 1), values(len, 2));
    let (xs, ys) = (wires(committee, &x, 3), wires(committee, &y, 4));
    let mut network = Network::new(committee, len as u64);
    network
        .start(|engine, k| engine.start_multiply(1, BATCH, vec![(xs[k].clone(), ys[k].clone())]));
    network.run().expect("an honest run");
    let products = network.take_wires(1);
    (network, products)
}

/// Runs a verification to its end, at which every party has found the batch wrong.
fn nobody_accepts(network: &mut Network) {
    let mut faults = 0;
    loop {
        match network.deliver_one() {
            Ok(true) => {}
            Ok(false) => break,
            // Points on no common polynomial cannot be opened; otherwise f g = h fails. Who has
            // found that out answers every frame with it.
            Err((_, Fault::Rejected { op: BATCH } | Fault::Inconsistent { op: BATCH, .. })) => {
                faults += 1;
            }
            Err((_, fault)) => panic!("{fault}"),
        }
    }
    assert!(faults > 0);
    for engine in &mut network.engines {
        assert!(engine.fault().is_some());
        assert!(engine.take_finished().is_none());
    }
}

#[test]
fn right_products_are_accepted_at_the_predicted_price() {
    for n in [3, 5, 7, 9] {
        for len in [1, 2, 4, 5, 32, 33, 1000, 1025, 40_000] {
            let committee = committee(n);
            let (mut network, products) = multiplied(committee, len);
            let before: Vec<_> = network.engines.iter().map(|e| e.counters()).collect();
            network.start(|engine, _| engine.start_verify(BATCH));
            network.run().expect("honest parties accept");
            for finished in network.take(BATCH) {
                assert!(matches!(finished, Finished::Accepted));
            }
            for (engine, before) in network.engines.iter().zip(before) {
                let predicted = cost::verify::<M61>(committee, len);
                let now = engine.counters();
                assert_eq!(now.bytes_sent - before.bytes_sent, predicted.bytes());
                assert_eq!(now.frames_sent - before.frames_sent, predicted.frames);
            }
            let expected: Vec<M61> = (values::<M61>(len, 1).iter().zip(values(len, 2)))
                .map(|(x, y)| *x * y)
                .collect();
            assert_eq!(reconstruct(committee, &bare(&products)), expected);
            network.start(|engine, k| {
                let verified = engine.verified(products[k].clone())?;
                engine.start_open(2, verified)
            });
            network.run().expect("verified products open");
        }
    }
}

#[test]
fn a_batch_of_every_kind_of_operation_is_accepted() {
    for n in [3, 5, 7] {
        let committee = committee(n);
        let (x, y) = (
            wires(committee, &values(600, 1), 3),
            wires(committee, &values(600, 2), 4),
        );
        let mut network = Network::new(committee, 5);
        network.start(|engine, k| {
            let (x, y) = (&x[k], &y[k]);
            let parts = vec![
                (x.part(0..100), y.part(0..100)),
                (x.part(90..600), x.part(90..600)),
            ];
            engine.start_multiply(1, BATCH, parts)?;
            engine.start_dot(2, BATCH, x.clone(), y.clone(), 6)?;
            engine.start_dot(3, BATCH, x.clone(), y.clone(), 600)?;
            engine.start_reshare(4, BATCH, x.clone())?;
            engine.start_matrix_product(6, BATCH, x.clone(), y.part(0..450), shape(20, 30, 15))?;
            engine.start_random_bits(5, BATCH, 5000)
        });
        network.run().expect("an honest run");
        network.start(|engine, _| engine.start_verify(BATCH));
        network.run().expect("honest parties accept");
    }
}

fn shape(rows: usize, inner: usize, columns: usize) -> Shape {
    Shape {
        rows,
        inner,
        columns,
    }
}

#[test]
fn matrix_products_are_right_and_cost_their_results() {
    for (n, rows, inner, columns) in [(3, 3, 5, 2), (5, 1, 700, 1), (7, 40, 1, 33), (3, 0, 4, 4)] {
        let committee = committee(n);
        let (x, y) = (values(rows * inner, 1), values(inner * columns, 2));
        let (xs, ys) = (wires(committee, &x, 3), wires(committee, &y, 4));
        let mut network = Network::new(committee, 7);
        let shape = shape(rows, inner, columns);
        network.start(|engine, k| {
            engine.start_matrix_product(1, BATCH, xs[k].clone(), ys[k].clone(), shape)
        });
        network.run().expect("an honest run");
        let predicted = cost::matrix_product::<M61>(committee, shape);
        for engine in &network.engines {
            assert_eq!(engine.counters().bytes_sent, predicted.bytes());
            assert_eq!(engine.counters().multiplications, (rows * columns) as u64);
        }
        let element = |place: usize| -> M61 {
            let (row, column) = (place / columns, place % columns);
            (0..inner)
                .map(|k| x[row * inner + k] * y[k * columns + column])
                .sum()
        };
        let expected: Vec<M61> = (0..rows * columns).map(element).collect();
        let products = network.take_wires(1);
        assert_eq!(reconstruct(committee, &bare(&products)), expected);
        network.start(|engine, _| engine.start_verify(BATCH));
        network.run().expect("honest parties accept");
        for engine in &network.engines {
            let verified = cost::verify::<M61>(committee, shape.claim_len());
            let both = predicted.bytes() + verified.bytes();
            assert_eq!(engine.counters().bytes_sent, both);
        }
    }
}

#[test]
fn results_that_no_claim_would_be_about_are_refused() {
    let none = Wires::input(Vec::<M61>::new().into());
    let mut network = Network::new(committee(3), 7);
    let engine = &mut network.engines[0];
    let refused = engine.start_matrix_product(1, BATCH, none.clone(), none, shape(2, 0, 3));
    let lengths = Misuse::Lengths { left: 0, right: 6 };
    assert_eq!(refused, Err(Error::Misuse(lengths)));
}

#[test]
fn an_engine_does_not_believe_what_another_calls_verified() {
    let committee = committee(3);
    let x = wires(committee, &values(4, 1), 3);
    let engine = |seed| Network::new(committee, seed).engines.swap_remove(0);
    let (mut verifying, other) = (engine(1), engine(2));
    let of_other = other.verified(x[0].clone()).expect("inputs are verified");
    let refused = Err(Error::Misuse(Misuse::OtherSession));
    assert_eq!(verifying.start_open(1, of_other), refused);
    // Least of all one of the same session that verifies nothing.
    let lax = engine(1).without_verification();
    let of_lax = lax.verified(x[0].clone()).expect("it says so of anything");
    assert_eq!(verifying.start_open(1, of_lax), refused);
}

#[test]
fn a_wrong_element_of_a_matrix_product_is_rejected() {
    let committee = committee(5);
    let (x, y) = (
        wires(committee, &values(60, 1), 3),
        wires(committee, &values(40, 2), 4),
    );
    for place in [0, 23] {
        let mut network = Network::new(committee, place as u64);
        // The last party adds one to a point that it deals.
        network.tamper = Some(Box::new(move |mut delivery: Delivery| {
            if delivery.slot.op == 1 && delivery.from.number() == 5 {
                let at = 8 * place;
                let old: [u8; 8] = delivery.payload[at..at + 8].try_into().expect("8 bytes");
                let new = M61::from_bytes(old).expect("canonical") + M61::ONE;
                delivery.payload[at..at + 8].copy_from_slice(&new.to_bytes());
            }
            vec![delivery]
        }));
        network.start(|engine, k| {
            engine.start_matrix_product(1, BATCH, x[k].clone(), y[k].clone(), shape(6, 10, 4))
        });
        network.run().expect("the error does not show");
        network.take_wires(1);
        network.start(|engine, _| engine.start_verify(BATCH));
        nobody_accepts(&mut network);
    }
}

#[test]
fn one_wrong_point_anywhere_is_rejected_by_every_honest_party() {
    for n in [3, 5, 7] {
        let committee = committee(n);
        let len = 300;
        let (x, y) = (
            wires(committee, &values(len, 1), 3),
            wires(committee, &values(len, 2), 4),
        );
        for place in [0, 17, len - 1] {
            let mut network = Network::new(committee, place as u64);
            // Party 1 adds one to a point that it deals to the first who gets one.
            let mut done = false;
            network.tamper = Some(Box::new(move |mut delivery: Delivery| {
                if delivery.slot.op == 1 && delivery.from.number() == 1 && !done {
                    done = true;
                    let at = 8 * place;
                    let old: [u8; 8] = delivery.payload[at..at + 8].try_into().expect("8 bytes");
                    let new = M61::from_bytes(old).expect("canonical") + M61::ONE;
                    delivery.payload[at..at + 8].copy_from_slice(&new.to_bytes());
                }
                vec![delivery]
            }));
            network.start(|engine, k| {
                engine.start_multiply(1, BATCH, vec![(x[k].clone(), y[k].clone())])
            });
            network.run().expect("the error does not show");
            network.take_wires(1);
            network.start(|engine, _| engine.start_verify(BATCH));
            nobody_accepts(&mut network);
        }
    }
}

#[test]
fn a_wrong_product_on_right_polynomials_is_rejected_by_everybody() {
    for n in [3, 5, 7, 9] {
        let committee = committee(n);
        let len = 300;
        let (x, y) = (
            wires(committee, &values(len, 1), 3),
            wires(committee, &values(len, 2), 4),
        );
        let mut network = Network::new(committee, 0);
        network.start(|engine, k| {
            // The last party multiplies something else, and then claims otherwise.
            let mut mine = x[k].to_vec();
            if k == usize::from(n) - 1 {
                mine[17] += M61::ONE;
            }
            let mine = Wires::input(mine.into());
            engine.start_multiply(1, BATCH, vec![(mine, y[k].clone())])
        });
        network.run().expect("the error does not show");
        network.take_wires(1);
        network.start(|engine, _| engine.start_verify(BATCH));
        nobody_accepts(&mut network);
    }
}

#[test]
fn nothing_unverified_can_be_opened() {
    let committee = committee(3);
    let (mut network, products) = multiplied(committee, 8);
    let engine = &mut network.engines[0];
    let refused = Misuse::NotVerified { batch: BATCH };
    assert_eq!(
        engine
            .verified(products[0].clone())
            .expect_err("unverified"),
        refused
    );
    // Nor what is computed from it, directly or through another product.
    let sum = Wires::computed(vec![products[0][0] + M61::ONE].into(), [&products[0]]);
    assert_eq!(
        engine.verified(sum.clone()).expect_err("unverified"),
        refused
    );
    network.start(|engine, _| engine.start_multiply(2, 98, vec![(sum.clone(), sum.clone())]));
    network
        .run()
        .expect("the shares are of no sharing, which nobody sees yet");
    let squares = network.take_wires(2);
    let refused = Misuse::NotVerified { batch: 98 };
    let engine = &mut network.engines[0];
    assert_eq!(
        engine.verified(squares[0].clone()).expect_err("unverified"),
        refused
    );
    // A closed batch takes no more operations.
    engine.start_verify(BATCH).expect("it is open");
    let late = engine.start_reshare(5, BATCH, sum);
    assert_eq!(
        late,
        Err(Error::Misuse(Misuse::BatchClosed { batch: BATCH }))
    );
}
