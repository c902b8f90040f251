//! Every operation against plain arithmetic, for all small committees, frames arriving in any order,
//! at lengths around the boundaries of chunks; and traffic against prediction.

use enigma_field::{Committee, M61, Shares};
use enigma_mpc::testing::{Network, TestRng, bare, draw, reconstruct, share, values};
use enigma_mpc::{
    BITS_CHUNK_LEN, CHUNK_LEN, Counters, Engine, Error, Finished, KINGS_CHUNK_LEN, Mask, Misuse,
    OpCost, Opened, RandomBits, Shape, Wires, cost,
};

/// The batch that operations of these tests belong to.
const BATCH: u32 = 99;

const SIZES: [u8; 4] = [3, 5, 7, 9];
const LENS: [usize; 6] = [0, 1, 2, CHUNK_LEN - 1, CHUNK_LEN, CHUNK_LEN + 1];

fn committee(n: u8) -> Committee {
    Committee::new(n).expect("an odd size")
}

/// Every party's shares of `values`, from no batch.
fn inputs(committee: Committee, values: &[M61], seed: u64) -> Vec<Wires> {
    let shares = share(committee, values, seed);
    shares.into_iter().map(Wires::input).collect()
}

/// Runs one operation on every party, for every size and length, and hands its results out.
fn check_all(
    lens: &[usize],
    start: impl Fn(&mut Engine, &Wires, &Wires) -> Result<(), Error>,
    predicted: impl Fn(Committee, usize) -> OpCost,
    check: impl Fn(Committee, &[M61], &[M61], Vec<Finished>),
) {
    for n in SIZES {
        let committee = committee(n);
        for &len in lens {
            let (x, y) = (values(len, 1), values(len, 2));
            let (xs, ys) = (inputs(committee, &x, 3), inputs(committee, &y, 4));
            let mut network = Network::new(committee, len as u64);
            network.start(|engine, k| start(engine, &xs[k], &ys[k]));
            network.run().expect("an honest run");
            check(committee, &x, &y, network.take(7));
            for engine in &network.engines {
                assert_traffic(engine.counters(), predicted(committee, len));
                assert!(engine.waiting_for_any().is_empty());
            }
        }
    }
}

fn assert_traffic(counters: Counters, predicted: OpCost) {
    assert_eq!(counters.bytes_sent, predicted.bytes());
    assert_eq!(counters.frames_sent, predicted.frames);
}

fn shares(finished: Vec<Finished>) -> Vec<Shares> {
    let wires = |finished| match finished {
        Finished::Wires(wires) => wires,
        other => panic!("not wires: {other:?}"),
    };
    let all: Vec<Wires> = finished.into_iter().map(wires).collect();
    bare(&all)
}

fn opened(finished: Vec<Finished>) -> Vec<Opened> {
    let opened = |finished| match finished {
        Finished::Opened(opened) => opened,
        other => panic!("not opened: {other:?}"),
    };
    finished.into_iter().map(opened).collect()
}

fn bits(finished: Vec<Finished>) -> Vec<RandomBits> {
    let bits = |finished| match finished {
        Finished::Bits(bits) => bits,
        other => panic!("not bits: {other:?}"),
    };
    finished.into_iter().map(bits).collect()
}

fn products(x: &[M61], y: &[M61]) -> Vec<M61> {
    x.iter().zip(y).map(|(a, b)| *a * *b).collect()
}

#[test]
fn products_are_products() {
    check_all(
        &LENS,
        |engine, x, y| engine.start_multiply(7, BATCH, vec![(x.clone(), y.clone())]),
        cost::multiply::<M61>,
        |committee, x, y, finished| {
            assert_eq!(reconstruct(committee, &shares(finished)), products(x, y));
        },
    );
}

#[test]
fn products_through_kings_are_products_and_cost_3t_elements_together() {
    for n in SIZES {
        let committee = committee(n);
        let parties = committee.len();
        // Around the lengths where parties become kings, and where they become kings twice.
        let turn = parties * KINGS_CHUNK_LEN;
        let short = [0, 1, 2, parties - 1, parties, parties + 1, 1000];
        let long = [turn - 1, turn, turn + 1];
        let lens = short.into_iter().chain(long.into_iter().filter(|_| n < 9));
        for len in lens {
            let (x, y) = (values(len, 1), values(len, 2));
            let (xs, ys) = (inputs(committee, &x, 3), inputs(committee, &y, 4));
            let mut network = Network::new(committee, len as u64);
            network.start(|engine, k| {
                // In two parts, the first of one element.
                let cut = len.min(1);
                let part = |wires: &Wires, range| wires.part(range);
                let factors = [0..cut, cut..len]
                    .map(|range| (part(&xs[k], range.clone()), part(&ys[k], range)));
                engine.start_multiply_by_kings(7, BATCH, factors.to_vec())
            });
            network.run().expect("an honest run");
            let results = shares(network.take(7));
            assert_eq!(reconstruct(committee, &results), products(&x, &y));
            let mut elements = 0;
            let mut least = u64::MAX;
            let mut most = 0;
            for engine in &network.engines {
                let predicted = cost::multiply_by_kings::<M61>(committee, engine.me(), len);
                assert_traffic(engine.counters(), predicted);
                assert_eq!(engine.counters().multiplications, len as u64);
                assert!(engine.waiting_for_any().is_empty());
                elements += predicted.payload_bytes / 8;
                least = least.min(predicted.bytes());
                most = most.max(predicted.bytes());
            }
            assert_eq!(elements, (3 * committee.degree() * len) as u64);
            // Everybody does the same work.
            assert!(len < 1000 || most - least <= most / 50, "n = {n}, {len}");
        }
    }
}

#[test]
fn a_matrix_product_through_kings_is_one() {
    let shape = Shape {
        rows: 7,
        inner: 5,
        columns: 11,
    };
    for n in SIZES {
        let committee = committee(n);
        let (x, y) = (values(35, 1), values(55, 2));
        let (xs, ys) = (inputs(committee, &x, 3), inputs(committee, &y, 4));
        let mut network = Network::new(committee, 0);
        network.start(|engine, k| {
            engine.start_matrix_product_by_kings(7, BATCH, xs[k].clone(), ys[k].clone(), shape)
        });
        network.run().expect("an honest run");
        let product = |k: usize| -> M61 {
            let (row, column) = (k / 11, k % 11);
            (0..5).map(|l| x[row * 5 + l] * y[l * 11 + column]).sum()
        };
        let expected: Vec<M61> = (0..77).map(product).collect();
        assert_eq!(reconstruct(committee, &shares(network.take(7))), expected);
        for engine in &network.engines {
            let predicted = cost::multiply_by_kings::<M61>(committee, engine.me(), 77);
            assert_traffic(engine.counters(), predicted);
        }
        // And it is verified like any other.
        network.start(|engine, _| engine.start_verify(BATCH));
        network.run().expect("honest parties accept");
        network.take(BATCH);
    }
}

#[test]
fn inner_products_are_sums_of_products() {
    let width = 3;
    let lens = [0, 3, 6, 3 * CHUNK_LEN, 3 * CHUNK_LEN + 3];
    check_all(
        &lens,
        |engine, x, y| engine.start_dot(7, BATCH, x.clone(), y.clone(), width),
        |committee, len| cost::dot::<M61>(committee, len / width),
        |committee, x, y, finished| {
            let expected: Vec<M61> = products(x, y)
                .chunks(width)
                .map(|run| run.iter().sum())
                .collect();
            assert_eq!(reconstruct(committee, &shares(finished)), expected);
        },
    );
}

#[test]
fn a_long_inner_product_is_one_result() {
    let committee = committee(5);
    let (x, y) = (values(1000, 1), values(1000, 2));
    let (xs, ys) = (inputs(committee, &x, 3), inputs(committee, &y, 4));
    let mut network = Network::new(committee, 0);
    network.start(|engine, k| engine.start_dot(0, BATCH, xs[k].clone(), ys[k].clone(), 1000));
    network.run().expect("an honest run");
    let sum: M61 = products(&x, &y).iter().sum();
    assert_eq!(reconstruct(committee, &bare(&network.take_wires(0))), [sum]);
}

#[test]
fn resharing_keeps_values_and_changes_every_share() {
    check_all(
        &LENS,
        |engine, x, _| engine.start_reshare(7, BATCH, x.clone()),
        cost::reshare::<M61>,
        |committee, x, _, finished| {
            let fresh = shares(finished);
            assert_eq!(reconstruct(committee, &fresh), x);
            let old = share(committee, x, 3);
            for (old, fresh) in old.iter().zip(&fresh) {
                assert!(old.iter().zip(fresh.iter()).all(|(a, b)| a != b));
            }
        },
    );
}

#[test]
fn openings_open_to_all() {
    check_all(
        &LENS,
        |engine, x, _| {
            let x = engine.verified(x.clone())?;
            engine.start_open(7, x)
        },
        cost::open::<M61>,
        |_, x, _, finished| {
            assert!(opened(finished).iter().all(|opened| opened[..] == *x));
        },
    );
}

#[test]
fn random_bits_are_bits_and_balanced() {
    let lens = [
        0,
        1,
        2,
        BITS_CHUNK_LEN - 1,
        BITS_CHUNK_LEN,
        BITS_CHUNK_LEN + 1,
        30_000,
    ];
    for n in SIZES {
        let committee = committee(n);
        for len in lens {
            let mut network = Network::new(committee, 17);
            network.start(|engine, _| engine.start_random_bits(0, BATCH, len));
            network.run().expect("an honest run");
            let made = bits(network.take(0));
            for engine in &network.engines {
                let predicted = cost::random_bits::<M61>(committee, engine.me(), len);
                assert_traffic(engine.counters(), predicted);
            }
            let wires: Vec<Wires> = made.into_iter().map(RandomBits::into_wires).collect();
            let bits = reconstruct(committee, &bare(&wires));
            assert!(bits.iter().all(|bit| *bit == M61::ZERO || *bit == M61::ONE));
            let ones = bits.iter().filter(|bit| **bit == M61::ONE).count();
            // Six standard deviations.
            let deviation = 6.0 * (len as f64 / 4.0).sqrt();
            assert!((ones as f64 - len as f64 / 2.0).abs() <= deviation.max(1.0));
        }
    }
}

#[test]
fn random_values_have_degree_t_and_differ_by_operation() {
    for n in SIZES {
        let committee = committee(n);
        for len in LENS {
            let mut network = Network::new(committee, 5);
            let mut draw = |op| -> Vec<M61> {
                let draw = |engine| draw(engine, op, len);
                let wires: Vec<Wires> = network.engines.iter_mut().map(draw).collect();
                reconstruct(committee, &bare(&wires))
            };
            let (first, second) = (draw(0), draw(1));
            assert!(first.iter().zip(&second).all(|(a, b)| a != b));
            let mut all = first;
            all.extend(second);
            all.sort_unstable();
            all.dedup();
            assert_eq!(all.len(), 2 * len);
            network.collect();
            assert!(network.in_flight.is_empty());
        }
    }
}

#[test]
fn operations_may_start_in_any_order_while_frames_arrive() {
    const OPS: u32 = 12;
    for n in [3, 5, 7] {
        let committee = committee(n);
        for seed in 0..20 {
            let (x, y) = (values(5, seed), values(5, seed + 100));
            let (xs, ys) = (inputs(committee, &x, 3), inputs(committee, &y, 4));
            let mut network = Network::new(committee, seed);
            let mut rng = TestRng::new(seed);
            let mut todo: Vec<Vec<u32>> = vec![(0..OPS).collect(); committee.len()];
            while todo.iter().any(|ops| !ops.is_empty()) {
                let k = rng.below(committee.len());
                if !todo[k].is_empty() {
                    let place = rng.below(todo[k].len());
                    let op = todo[k].swap_remove(place);
                    let engine = &mut network.engines[k];
                    match op % 4 {
                        0 => {
                            let factors = vec![(xs[k].clone(), ys[k].clone())];
                            engine.start_multiply(op, BATCH, factors)
                        }
                        3 => {
                            let factors = vec![(xs[k].clone(), ys[k].clone())];
                            engine.start_multiply_by_kings(op, BATCH, factors)
                        }
                        1 => {
                            let x = engine.verified(xs[k].clone()).expect("an input");
                            engine.start_open(op, x)
                        }
                        _ => engine.start_random_bits(op, BATCH, 5),
                    }
                    .expect("an honest run");
                }
                for _ in 0..rng.below(8) {
                    network.deliver_one().expect("an honest run");
                }
            }
            network.run().expect("an honest run");
            let mut results: Vec<Vec<(u32, Finished)>> = Vec::new();
            for engine in &mut network.engines {
                let mut own: Vec<_> = std::iter::from_fn(|| engine.take_finished()).collect();
                own.sort_by_key(|(op, _)| *op);
                assert!(own.iter().map(|(op, _)| *op).eq(0..OPS));
                results.push(own);
            }
            for op in (0..OPS as usize).rev() {
                let finished = results.iter_mut().map(|own| own.remove(op).1).collect();
                match op % 4 {
                    0 | 3 => {
                        let shares = shares(finished);
                        assert_eq!(reconstruct(committee, &shares), products(&x, &y));
                    }
                    1 => assert!(opened(finished).iter().all(|opened| opened[..] == *x)),
                    _ => {
                        let made = bits(finished).into_iter().map(RandomBits::into_wires);
                        let wires: Vec<Wires> = made.collect();
                        let bits = reconstruct(committee, &bare(&wires));
                        assert!(bits.iter().all(|bit| bit.value() < 2));
                        assert_eq!(bits.len(), 5);
                    }
                }
            }
        }
    }
}

#[test]
fn results_do_not_depend_on_the_order_of_delivery() {
    let committee = committee(5);
    let x = inputs(committee, &values(100, 1), 2);
    let run = |order: u64| {
        let seeds = enigma_mpc::testing::dealt_seeds(committee, 0);
        let engines = (committee.parties().zip(seeds))
            .map(|(party, seeds)| Engine::new(committee, party, seeds))
            .collect();
        let mut network = Network::with_engines(engines, order);
        network
            .start(|engine, k| engine.start_multiply(0, BATCH, vec![(x[k].clone(), x[k].clone())]));
        network.run().expect("an honest run");
        network
            .take_wires(0)
            .iter()
            .map(|wires| wires.to_vec())
            .collect::<Vec<_>>()
    };
    assert_eq!(run(1), run(2));
}

#[test]
fn a_silent_party_is_waited_for() {
    let committee = committee(3);
    let x = inputs(committee, &values(4, 1), 2);
    let silent = committee.party(3).expect("a member");
    let mut network = Network::new(committee, 0);
    network.tamper = Some(Box::new(move |frame| {
        if frame.from == silent {
            Vec::new()
        } else {
            vec![frame]
        }
    }));
    network.start(|engine, k| {
        let x = engine.verified(x[k].clone())?;
        engine.start_open(0, x)
    });
    network.start(|engine, _| engine.start_random_bits(1, BATCH, 3 * BITS_CHUNK_LEN));
    network.start(|engine, k| {
        engine.start_multiply_by_kings(2, BATCH, vec![(x[k].clone(), x[k].clone())])
    });
    network.run().expect("silence is no fault");
    for engine in &network.engines[..2] {
        assert_eq!(engine.waiting_for(0), [silent]);
        assert_eq!(engine.waiting_for(1), [silent]);
        assert_eq!(engine.waiting_for(2), [silent]);
        assert_eq!(engine.waiting_for_any(), [silent]);
        assert_eq!(engine.waiting_for(3), []);
    }
}

#[test]
fn misuse_is_told_and_harmless() {
    let committee = committee(3);
    let mut network = Network::new(committee, 0);
    let engine = &mut network.engines[0];
    let ones = |len| Wires::input(vec![M61::ONE; len].into());
    let factors = |left, right| vec![(ones(left), ones(right))];
    let lengths = |left, right| Err(Misuse::Lengths { left, right }.into());
    let multiply = engine.start_multiply(0, BATCH, factors(1, 2));
    assert_eq!(multiply, lengths(1, 2));
    let multiply = engine.start_multiply_by_kings(0, BATCH, factors(1, 2));
    assert_eq!(multiply, lengths(1, 2));
    for (len, width) in [(2, 0), (0, 0), (3, 2)] {
        let dot = engine.start_dot(0, BATCH, ones(len), ones(len), width);
        assert_eq!(dot, lengths(len, width));
    }
    let dot = engine.start_dot(0, BATCH, ones(2), ones(4), 2);
    assert_eq!(dot, lengths(2, 4));
    engine
        .start_random(0, 1)
        .expect("no refusal used the number up");
    let reused = Error::Misuse(Misuse::OpReused { op: 0 });
    let multiply = engine.start_multiply(0, BATCH, factors(1, 1));
    assert_eq!(multiply, Err(reused.clone()));
    assert_eq!(engine.start_random(0, 1), Err(reused.clone()));
    assert_eq!(engine.start_random_bits(0, BATCH, 1), Err(reused.clone()));
    let one = engine.verified(ones(1)).expect("an input");
    assert_eq!(engine.start_open(0, one), Err(reused));
    assert_eq!(engine.fault(), None);
}

#[test]
fn batches_are_verified_once_and_when_their_operations_are_done() {
    let committee = committee(3);
    let x = inputs(committee, &values(4, 1), 2);
    let mut network = Network::new(committee, 0);
    let closed = |batch| Err(Error::Misuse(Misuse::BatchClosed { batch }));
    let nothing = Err(Error::Misuse(Misuse::NothingToVerify { op: BATCH }));
    let running = Err(Error::Misuse(Misuse::BatchRunning { op: BATCH }));
    let engine = &mut network.engines[0];
    assert_eq!(engine.start_verify(BATCH), nothing);
    // A batch's own number is no number of its operations.
    assert_eq!(engine.start_reshare(1, 1, x[0].clone()), closed(1));

    network.start(|engine, k| engine.start_reshare(0, BATCH, x[k].clone()));
    assert_eq!(network.engines[0].start_verify(BATCH), running);
    network.run().expect("an honest run");
    let fresh = network.take_wires(0);
    let unverified = network.engines[0].verified(fresh[0].clone());
    let not_verified = Misuse::NotVerified { batch: BATCH };
    assert_eq!(unverified.map(drop), Err(not_verified));

    network.start(|engine, _| engine.start_verify(BATCH));
    let engine = &mut network.engines[0];
    assert_eq!(engine.start_verify(BATCH), nothing);
    assert_eq!(engine.start_reshare(1, BATCH, x[0].clone()), closed(BATCH));
    assert_eq!(engine.start_random_bits(1, BATCH, 1), closed(BATCH));
    let unverified = engine.verified(fresh[0].clone());
    assert_eq!(unverified.map(drop), Err(not_verified));
    network.run().expect("an honest run");
    network.take(BATCH);
    let engine = &mut network.engines[0];
    assert_eq!(engine.start_verify(BATCH), nothing);
    assert_eq!(engine.start_reshare(1, BATCH, x[0].clone()), closed(BATCH));
    engine.verified(fresh[0].clone()).expect("accepted");
    // No refusal used a number up.
    engine.start_random(1, 1).expect("a number not used");
    assert_eq!(engine.fault(), None);
}

/// Bits of operation 0, verified; by party.
fn verified_bits(committee: Committee, len: usize, seed: u64) -> (Network, Vec<RandomBits>) {
    let mut network = Network::new(committee, seed);
    network.start(|engine, _| engine.start_random_bits(0, BATCH, len));
    network.run().expect("an honest run");
    let made = bits(network.take(0));
    network.start(|engine, _| engine.start_verify(BATCH));
    network.run().expect("honest parties accept");
    network.take(BATCH);
    (network, made)
}

#[test]
fn verified_bits_open_as_bits() {
    for n in SIZES {
        let (mut network, made) = verified_bits(committee(n), 1000, 1);
        let made: Vec<Wires> = made.into_iter().map(RandomBits::into_wires).collect();
        network.start(|engine, k| {
            let bits = engine.verified(made[k].clone())?;
            engine.start_open(1, bits)
        });
        network.run().expect("an honest run");
        for opened in opened(network.take(1)) {
            assert_eq!(opened.len(), 1000);
            assert!(opened.iter().all(|bit| bit.value() < 2));
        }
    }
}

#[test]
fn a_batch_of_no_elements_is_accepted() {
    for n in SIZES {
        let committee = committee(n);
        let mut network = Network::<M61>::new(committee, 0);
        network.start(|engine, _| {
            let none = Wires::input(Shares::default());
            engine.start_multiply(0, BATCH, vec![(none.clone(), none)])?;
            engine.start_random_bits(1, BATCH, 0)
        });
        network.start(|engine, _| engine.start_verify(BATCH));
        network.run().expect("honest parties accept");
        for engine in &mut network.engines {
            assert_traffic(engine.counters(), cost::verify::<M61>(committee, 0));
            let last = std::iter::from_fn(|| engine.take_finished()).last();
            assert!(matches!(last, Some((BATCH, Finished::Accepted))));
        }
    }
}

#[test]
fn masks_are_made_of_every_bit_of_a_field_element() {
    let layout = |exponents: &[u32], len: usize| {
        let (_, mut made) = verified_bits(committee(3), len, 2);
        made.remove(0)
            .into_masks(exponents)
            .map(|(_, mask)| mask.len())
    };
    let up: Vec<u32> = (0..61).collect();
    let down: Vec<u32> = (0..61).rev().collect();
    for exponents in [&up, &down] {
        assert_eq!(layout(exponents, 0), Ok(0));
        assert_eq!(layout(exponents, 61), Ok(1));
        assert_eq!(layout(exponents, 3 * 61), Ok(3));
        for len in [1, 60, 62, 3 * 61 + 1] {
            assert_eq!(layout(exponents, len), Err(Misuse::MaskLayout));
        }
    }
    let wrong = |edit: fn(&mut Vec<u32>)| {
        let mut exponents = up.clone();
        edit(&mut exponents);
        // As many bits as fit the exponents in number.
        assert_eq!(layout(&exponents, exponents.len()), Err(Misuse::MaskLayout));
    };
    wrong(|exponents| exponents[3] = 4);
    wrong(|exponents| exponents[60] = 61);
    wrong(|exponents| exponents[60] = u32::MAX);
    wrong(|exponents| exponents.truncate(60));
    wrong(|exponents| exponents.push(0));
    wrong(|exponents| exponents.push(61));
    assert_eq!(layout(&[], 61), Err(Misuse::MaskLayout));
    assert_eq!(layout(&[], 0), Err(Misuse::MaskLayout));
}

#[test]
fn an_opening_under_a_mask_gives_the_sum_and_uses_the_mask_up() {
    const MASKS: usize = 4;
    for n in SIZES {
        let committee = committee(n);
        let plain = values(MASKS, 1);
        let (mut network, made) = verified_bits(committee, 61 * MASKS, 3);
        // Some order of the blocks.
        let exponents: Vec<u32> = (0..61).map(|block| block * 7 % 61).collect();
        let masks = made.into_iter().map(|bits| {
            let (bits, mask) = bits.into_masks(&exponents).expect("a complete layout");
            assert_eq!((bits.len(), mask.len()), (61 * MASKS, MASKS));
            assert!(!mask.is_empty());
            (bits, mask)
        });
        let (bits, masks): (Vec<Wires>, Vec<Mask>) = masks.unzip();
        let bits = reconstruct(committee, &bare(&bits));
        let mask = |k: usize| -> M61 {
            let block = |(block, exponent): (usize, &u32)| {
                bits[block * MASKS + k] * M61::new(1 << exponent)
            };
            exponents.iter().enumerate().map(block).sum()
        };
        let expected: Vec<M61> = (0..MASKS).map(|k| plain[k] + mask(k)).collect();

        // Of something unverified. That a mask cannot open twice is a matter of types: it is moved
        // and cannot be cloned.
        let x = inputs(committee, &plain, 5);
        network.start(|engine, k| engine.start_reshare(1, 98, x[k].clone()));
        network.run().expect("an honest run");
        let x = network.take_wires(1);
        let before: Vec<Counters> = network.engines.iter().map(|e| e.counters()).collect();
        let mut masks = masks.into_iter();
        network.start(|engine, k| {
            let mask = engine.verified(masks.next().expect("one for each party"))?;
            engine.start_open_masked(2, &x[k], mask)
        });
        network.run().expect("an honest run");
        for opened in opened(network.take(2)) {
            assert_eq!(*opened, expected);
        }
        for (engine, before) in network.engines.iter().zip(before) {
            let (now, predicted) = (engine.counters(), cost::open::<M61>(committee, MASKS));
            assert_eq!(now.bytes_sent - before.bytes_sent, predicted.bytes());
            assert_eq!(now.frames_sent - before.frames_sent, predicted.frames);
        }
    }
}

#[test]
fn values_of_another_session_are_refused() {
    let committee = committee(3);
    let x = inputs(committee, &values(1, 1), 2);
    let mut other = Network::new(committee, 1);
    other.start(|engine, k| engine.start_reshare(0, BATCH, x[k].clone()));
    other.run().expect("an honest run");
    let foreign = other.take_wires(0).remove(0);
    let (mut network, mut made) = verified_bits(committee, 61, 3);
    let engine = &mut network.engines[0];
    let refused = Err(Error::Misuse(Misuse::OtherSession));
    let factors = vec![
        (x[0].clone(), x[0].clone()),
        (x[0].clone(), foreign.clone()),
    ];
    assert_eq!(engine.start_multiply(5, 98, factors.clone()), refused);
    assert_eq!(engine.start_multiply_by_kings(5, 98, factors), refused);
    let dot = engine.start_dot(5, 98, foreign.clone(), x[0].clone(), 1);
    assert_eq!(dot, refused);
    assert_eq!(engine.start_reshare(5, 98, foreign.clone()), refused);
    let exponents: Vec<u32> = (0..61).collect();
    let (_, mask) = made.remove(0).into_masks(&exponents).expect("complete");
    let mask = engine.verified(mask).expect("accepted");
    assert_eq!(engine.start_open_masked(5, &foreign, mask), refused);
    engine
        .start_random(5, 1)
        .expect("the number is not used up");
}

#[test]
fn as_many_masks_as_values_are_needed() {
    let (mut network, mut made) = verified_bits(committee(3), 61 * 2, 3);
    let exponents: Vec<u32> = (0..61).collect();
    let (_, mask) = made.remove(0).into_masks(&exponents).expect("complete");
    let engine = &mut network.engines[0];
    let mask = engine.verified(mask).expect("accepted");
    let three = Wires::input(vec![M61::ONE; 3].into());
    let refused = engine.start_open_masked(5, &three, mask);
    assert_eq!(refused, Err(Misuse::Lengths { left: 3, right: 2 }.into()));
    engine
        .start_random(5, 1)
        .expect("the number is not used up");
}

#[test]
fn stages_have_randomness_of_their_own() {
    let committee = committee(3);
    let seeds = enigma_mpc::testing::dealt_seeds(committee, 0);
    let first_values = |stage: usize| {
        let seeds = enigma_mpc::testing::dealt_seeds(committee, 0).into_iter();
        let shares: Vec<Shares> = (committee.parties().zip(seeds))
            .map(|(party, seeds)| {
                let seeds = seeds.into_stages(2).remove(stage);
                let mut engine = Engine::new(committee, party, seeds);
                let wires = draw(&mut engine, 0, 4);
                Shares::from(wires.to_vec())
            })
            .collect();
        reconstruct(committee, &shares)
    };
    assert_ne!(first_values(0), first_values(1));
    let stages = seeds
        .into_iter()
        .next()
        .expect("three parties")
        .into_stages(2);
    assert_ne!(stages[0].session(), stages[1].session());
}

#[test]
fn secrets_do_not_print() {
    let committee = committee(3);
    let mut network = Network::<M61>::new(committee, 0);
    network.start(|engine, _| engine.start_random_bits(0, BATCH, 1));
    let outgoing = network.engines[0].next_send();
    network.run().expect("silence is no fault");
    let _ = outgoing.map(|outgoing| {
        assert_eq!(
            format!("{outgoing:?}"),
            format!(
                "Outgoing {{ to: {:?}, slot: {:?}, bytes: 8 }}",
                outgoing.to, outgoing.slot
            )
        );
    });
    let seeds = enigma_mpc::testing::dealt_seeds(committee, 0);
    assert!(format!("{:?}", seeds[0]).ends_with("redacted)"));
    assert!(format!("{:?}", network.engines[1]).len() < 200);
}
