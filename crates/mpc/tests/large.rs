//! Committees of 11 and more, whose random values are dealt: every operation that they have, against
//! plain arithmetic and against prediction.

use enigma_field::{Committee, M61};
use enigma_mpc::testing::{Network, bare, reconstruct, share, values};
use enigma_mpc::{
    BITS_CHUNK_LEN, CHUNK_LEN, Engine, Error, Fault, Finished, KINGS_CHUNK_LEN, OpCost, RandomBits,
    Shape, Wires, cost,
};

/// The batch that operations of these tests belong to.
const BATCH: u32 = 99;

const SIZES: [u8; 3] = [11, 21, 31];

fn committee(n: u8) -> Committee {
    Committee::new(n).expect("an odd size")
}

fn inputs(committee: Committee, values: &[M61], seed: u64) -> Vec<Wires> {
    let shares = share(committee, values, seed);
    shares.into_iter().map(Wires::input).collect()
}

/// Starts an operation everywhere, delivers all frames, round by round, and holds rounds and traffic of
/// everybody against prediction.
fn run_at(
    network: &mut Network,
    start: impl FnMut(&mut Engine, usize) -> Result<(), Error>,
    predicted: impl Fn(&Engine) -> OpCost,
) {
    let before: Vec<_> = network.engines.iter().map(|e| e.counters()).collect();
    network.start(start);
    let mut rounds = 0;
    loop {
        network.collect();
        let frames = std::mem::take(&mut network.in_flight);
        if frames.is_empty() {
            break;
        }
        rounds += 1;
        for frame in frames {
            let engine = &mut network.engines[frame.to.index()];
            let taken = engine.handle(frame.from, frame.slot, &frame.payload);
            taken.expect("an honest run");
        }
    }
    for (engine, before) in network.engines.iter().zip(before) {
        let (now, predicted) = (engine.counters(), predicted(engine));
        assert_eq!(rounds, predicted.rounds);
        assert_eq!(now.frames_sent - before.frames_sent, predicted.frames);
        assert_eq!(now.bytes_sent - before.bytes_sent, predicted.bytes());
        assert!(engine.waiting_for_any().is_empty());
    }
}

/// Verifies the batch, whose claim has so many elements.
fn verify(network: &mut Network, len: usize) {
    run_at(
        network,
        |engine, _| engine.start_verify(BATCH),
        |engine| cost::verify::<M61>(engine.committee(), len),
    );
    for finished in network.take(BATCH) {
        assert!(matches!(finished, Finished::Accepted));
    }
}

fn take_bits(network: &mut Network, op: u32) -> Vec<Wires> {
    let bits = |finished| match finished {
        Finished::Bits(bits) => RandomBits::into_wires(bits),
        other => panic!("not bits: {other:?}"),
    };
    network.take(op).into_iter().map(bits).collect()
}

#[test]
fn random_values_are_shared_by_all_and_no_two_are_equal() {
    for n in SIZES {
        let committee = committee(n);
        let t = committee.degree();
        // Around turns, and around frames where that is not too much.
        let frames = [(t + 1) * CHUNK_LEN, (t + 1) * CHUNK_LEN + 1];
        let frames = frames.into_iter().filter(|_| n == 11);
        for len in [0, 1, t, t + 1, t + 2, 1000].into_iter().chain(frames) {
            let mut network = Network::new(committee, 5);
            let mut all = Vec::new();
            for op in 0..2 {
                run_at(
                    &mut network,
                    |engine, _| engine.start_random(op, len),
                    |_| cost::random::<M61>(committee, len),
                );
                let wires = network.take_wires(op);
                assert!(wires.iter().all(|wires| wires.len() == len));
                // They are right by construction: no batch vouches for them.
                for (engine, wires) in network.engines.iter().zip(&wires) {
                    engine.verified(wires.clone()).expect("no batch");
                }
                all.extend(reconstruct(committee, &bare(&wires)));
            }
            all.sort_unstable();
            all.dedup();
            assert_eq!(all.len(), 2 * len);
        }
    }
}

#[test]
fn a_random_value_costs_t_elements_for_each_t_plus_1() {
    let committee = committee(21);
    assert_eq!(
        cost::random::<M61>(committee, 11_000).payload_bytes,
        10 * 1000 * 8
    );
}

#[test]
fn bits_are_bits_and_are_accepted() {
    for n in SIZES {
        let committee = committee(n);
        let turn = (committee.degree() + 1) * BITS_CHUNK_LEN;
        let long = [turn, turn + 1].into_iter().filter(|_| n == 11);
        for len in [0, 1, 61, 610, 5000].into_iter().chain(long) {
            let mut network = Network::new(committee, len as u64);
            run_at(
                &mut network,
                |engine, _| engine.start_random_bits(0, BATCH, len),
                |engine| cost::random_bits::<M61>(committee, engine.me(), len),
            );
            let wires = take_bits(&mut network, 0);
            let bits = reconstruct(committee, &bare(&wires));
            assert!(bits.iter().all(|bit| bit.value() < 2));
            let ones = bits.iter().filter(|bit| **bit == M61::ONE).count();
            // Six standard deviations.
            let deviation = 6.0 * (len as f64 / 4.0).sqrt();
            assert!((ones as f64 - len as f64 / 2.0).abs() <= deviation.max(1.0));
            verify(&mut network, len);
        }
    }
}

#[test]
fn products_are_accepted_and_open() {
    for n in SIZES {
        let committee = committee(n);
        for len in [1, 5, 33, 1025] {
            let (x, y) = (values(len, 1), values(len, 2));
            let (xs, ys) = (inputs(committee, &x, 3), inputs(committee, &y, 4));
            let mut network = Network::new(committee, 0);
            run_at(
                &mut network,
                |engine, k| engine.start_multiply(1, BATCH, vec![(xs[k].clone(), ys[k].clone())]),
                |_| cost::multiply::<M61>(committee, len),
            );
            let products = network.take_wires(1);
            verify(&mut network, len);
            run_at(
                &mut network,
                |engine, k| {
                    let product = engine.verified(products[k].clone())?;
                    engine.start_open(2, product)
                },
                |_| cost::open::<M61>(committee, len),
            );
            for finished in network.take(2) {
                let Finished::Opened(opened) = finished else {
                    panic!("not opened: {finished:?}");
                };
                let expected = x.iter().zip(&y).map(|(x, y)| *x * *y);
                assert!(opened.iter().copied().eq(expected));
            }
        }
    }
}

#[test]
fn products_through_kings_are_products_and_cost_4t_elements_together() {
    for n in SIZES {
        let committee = committee(n);
        let parties = committee.len();
        // Around the lengths where parties become kings, and where they become kings twice.
        let turn = parties * KINGS_CHUNK_LEN;
        let long = [turn - 1, turn, turn + 1].into_iter().filter(|_| n == 11);
        let short = [0, 1, 2, parties - 1, parties, parties + 1, 50 * parties];
        for len in short.into_iter().chain(long) {
            let (x, y) = (values(len, 1), values(len, 2));
            let (xs, ys) = (inputs(committee, &x, 3), inputs(committee, &y, 4));
            let mut network = Network::new(committee, len as u64);
            run_at(
                &mut network,
                |engine, k| {
                    let factors = vec![(xs[k].clone(), ys[k].clone())];
                    engine.start_multiply_by_kings(1, BATCH, factors)
                },
                |engine| cost::multiply_by_kings::<M61>(committee, engine.me(), len),
            );
            let mut elements = 0;
            for engine in &network.engines {
                assert_eq!(engine.counters().multiplications, len as u64);
                let predicted = cost::multiply_by_kings::<M61>(committee, engine.me(), len);
                elements += predicted.payload_bytes / 8;
            }
            if len.is_multiple_of(parties) {
                assert_eq!(elements, (4 * committee.degree() * len) as u64);
            }
            let products = network.take_wires(1);
            let expected: Vec<M61> = x.iter().zip(&y).map(|(x, y)| *x * *y).collect();
            assert_eq!(reconstruct(committee, &bare(&products)), expected);
            verify(&mut network, len);
        }
    }
}

#[test]
fn a_matrix_product_goes_through_kings() {
    let committee = committee(11);
    let shape = Shape {
        rows: 6,
        inner: 3,
        columns: 7,
    };
    let (x, y) = (values(18, 1), values(21, 2));
    let (xs, ys) = (inputs(committee, &x, 3), inputs(committee, &y, 4));
    let mut network = Network::new(committee, 1);
    run_at(
        &mut network,
        |engine, k| {
            let (x, y) = (xs[k].clone(), ys[k].clone());
            engine.start_matrix_product_by_kings(1, BATCH, x, y, shape)
        },
        |engine| cost::multiply_by_kings::<M61>(committee, engine.me(), 42),
    );
    let expected: Vec<M61> = (0..42)
        .map(|k| (0..3).map(|l| x[k / 7 * 3 + l] * y[l * 7 + k % 7]).sum())
        .collect();
    let product = network.take_wires(1);
    assert_eq!(reconstruct(committee, &bare(&product)), expected);
    verify(&mut network, 3);
}

#[test]
fn a_product_of_21_parties_costs_less_than_16_bytes() {
    let committee = committee(21);
    for party in committee.parties() {
        let products = cost::multiply_by_kings::<M61>(committee, party, 1 << 20).bytes();
        let all = products + cost::verify::<M61>(committee, 1 << 20).bytes();
        assert!(all < 16 << 20, "{all}");
    }
}

#[test]
fn a_wrong_product_is_accepted_by_nobody() {
    for n in SIZES {
        let committee = committee(n);
        let x = inputs(committee, &values(40, 1), 3);
        let mut network = Network::new(committee, 7);
        network.start(|engine, k| {
            // One party's factor is not what it ought to be.
            let mut factor: Vec<M61> = x[k].to_vec();
            if k == 3 {
                factor[17] += M61::ONE;
            }
            let factor = Wires::input(factor.into());
            engine.start_multiply(1, BATCH, vec![(factor, x[k].clone())])
        });
        network.run().expect("nobody notices");
        network.take(1);
        network.start(|engine, _| engine.start_verify(BATCH));
        let (_, fault) = network.run().expect_err("verification notices");
        let found = matches!(
            fault,
            Fault::Rejected { op: BATCH } | Fault::Inconsistent { op: BATCH, .. }
        );
        assert!(found, "{fault}");
    }
}

#[test]
fn operations_may_start_in_any_order_while_frames_arrive() {
    let committee = committee(11);
    let x = inputs(committee, &values(40, 1), 3);
    for seed in 0..10 {
        let mut rng = enigma_mpc::testing::TestRng::new(seed);
        let mut network = Network::new(committee, seed);
        let mut todo: Vec<Vec<u32>> = vec![(0..6).collect(); committee.len()];
        while todo.iter().any(|ops| !ops.is_empty()) {
            let k = rng.below(committee.len());
            if !todo[k].is_empty() {
                let place = rng.below(todo[k].len());
                let op = todo[k].swap_remove(place);
                let engine = &mut network.engines[k];
                let started = match op % 3 {
                    0 => engine.start_random(op, 8),
                    1 => {
                        let factors = vec![(x[k].clone(), x[k].clone())];
                        engine.start_multiply_by_kings(op, BATCH, factors)
                    }
                    _ => engine.start_random_bits(op, BATCH, 13),
                };
                started.expect("an honest run");
            }
            for _ in 0..rng.below(30) {
                network.deliver_one().expect("an honest run");
            }
        }
        network.run().expect("an honest run");
        network.start(|engine, _| {
            while engine.take_finished().is_some() {}
            engine.start_verify(BATCH)
        });
        network.run().expect("honest parties accept");
        network.take(BATCH);
    }
}
