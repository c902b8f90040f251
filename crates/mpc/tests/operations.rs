//! Every operation against plain arithmetic, for all small committees, frames arriving in any order,
//! at lengths around the boundaries of chunks; and traffic against prediction.

use enigma_field::{Committee, M61, Shares};
use enigma_mpc::testing::{Network, TestRng, reconstruct, share, values};
use enigma_mpc::{
    BITS_CHUNK_LEN, CHUNK_LEN, CheapOpened, Counters, Engine, Error, Finished, Misuse, OpCost,
    Opened, RandomBits, cost,
};

const SIZES: [u8; 4] = [3, 5, 7, 9];
const LENS: [usize; 6] = [0, 1, 2, CHUNK_LEN - 1, CHUNK_LEN, CHUNK_LEN + 1];

fn committee(n: u8) -> Committee {
    Committee::new(n).expect("an odd size")
}

/// Runs one operation on every party, for every size and length, and hands its results out.
fn check_all(
    lens: &[usize],
    start: impl Fn(&mut Engine, &Shares, &Shares) -> Result<(), Error>,
    predicted: impl Fn(Committee, usize) -> OpCost,
    check: impl Fn(Committee, &[M61], &[M61], Vec<Finished>),
) {
    for n in SIZES {
        let committee = committee(n);
        for &len in lens {
            let (x, y) = (values(len, 1), values(len, 2));
            let (xs, ys) = (share(committee, &x, 3), share(committee, &y, 4));
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
    let shares = |finished| match finished {
        Finished::Shares(shares) => shares,
        other => panic!("not shares: {other:?}"),
    };
    finished.into_iter().map(shares).collect()
}

fn opened(finished: Vec<Finished>) -> Vec<Opened> {
    let opened = |finished| match finished {
        Finished::Opened(opened) => opened,
        other => panic!("not opened: {other:?}"),
    };
    finished.into_iter().map(opened).collect()
}

fn cheap(finished: Vec<Finished>) -> Vec<CheapOpened> {
    let cheap = |finished| match finished {
        Finished::Cheap(cheap) => cheap,
        other => panic!("not cheaply opened: {other:?}"),
    };
    finished.into_iter().map(cheap).collect()
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
        |engine, x, y| engine.start_multiply(7, x, y),
        cost::multiply,
        |committee, x, y, finished| {
            assert_eq!(reconstruct(committee, &shares(finished)), products(x, y));
        },
    );
}

#[test]
fn inner_products_are_sums_of_products() {
    let width = 3;
    let lens = [0, 3, 6, 3 * CHUNK_LEN, 3 * CHUNK_LEN + 3];
    check_all(
        &lens,
        |engine, x, y| engine.start_dot(7, x, y, width),
        |committee, len| cost::dot(committee, len / width),
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
    let (xs, ys) = (share(committee, &x, 3), share(committee, &y, 4));
    let mut network = Network::new(committee, 0);
    network.start(|engine, k| engine.start_dot(0, &xs[k], &ys[k], 1000));
    network.run().expect("an honest run");
    let sum: M61 = products(&x, &y).iter().sum();
    assert_eq!(reconstruct(committee, &network.take_shares(0)), [sum]);
}

#[test]
fn resharing_keeps_values_and_changes_every_share() {
    check_all(
        &LENS,
        |engine, x, _| engine.start_reshare(7, x),
        cost::reshare,
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
fn full_openings_open_to_all() {
    check_all(
        &LENS,
        |engine, x, _| engine.start_open_full(7, x),
        cost::open_full,
        |_, x, _, finished| {
            assert!(opened(finished).iter().all(|opened| opened[..] == *x));
        },
    );
}

#[test]
fn cheap_openings_add_to_shares_and_confirm_after_agreement() {
    for n in SIZES {
        let committee = committee(n);
        for len in LENS {
            let (x, y) = (values(len, 1), values(len, 2));
            let (xs, ys) = (share(committee, &x, 3), share(committee, &y, 4));
            let mut network = Network::new(committee, 9);
            network.start(|engine, k| engine.start_open_cheap(0, &xs[k]));
            network.run().expect("an honest run");
            for engine in &network.engines {
                assert_traffic(engine.counters(), cost::open_cheap(committee, len));
            }
            let opened = cheap(network.take(0));
            let mut sums = ys.clone();
            let mut differences = ys.clone();
            for k in 0..committee.len() {
                opened[k].add_to(&mut sums[k]);
                opened[k].subtract_from(&mut differences[k]);
            }
            let expected: Vec<M61> = y.iter().zip(&x).map(|(y, x)| *y + *x).collect();
            assert_eq!(reconstruct(committee, &sums), expected);
            let expected: Vec<M61> = y.iter().zip(&x).map(|(y, x)| *y - *x).collect();
            assert_eq!(reconstruct(committee, &differences), expected);

            network.start(|engine, _| engine.start_agree(1, &[0]));
            network.run().expect("an honest run");
            let predicted = cost::open_cheap(committee, len) + cost::agree(committee);
            for engine in &network.engines {
                assert_traffic(engine.counters(), predicted);
            }
            for (cheap, finished) in opened.into_iter().zip(network.take(1)) {
                let Finished::Agreed(agreed) = finished else {
                    panic!("not an agreement: {finished:?}");
                };
                let confirmed = cheap.confirm(&agreed).expect("the agreement covers it");
                assert_eq!(*confirmed, *x);
            }
        }
    }
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
            network.start(|engine, _| engine.start_random_bits(0, len));
            network.run().expect("an honest run");
            let made = bits(network.take(0));
            for engine in &network.engines {
                let predicted = cost::random_bits(committee, engine.me(), len);
                assert_traffic(engine.counters(), predicted);
            }
            network.start(|engine, _| engine.start_agree(1, &[0]));
            network.run().expect("an honest run");
            let unlock = |(bits, finished): (RandomBits, Finished)| match finished {
                Finished::Agreed(agreed) => bits.unlock(&agreed).expect("covered"),
                other => panic!("not an agreement: {other:?}"),
            };
            let agreed = network.take(1);
            let shares: Vec<Shares> = made.into_iter().zip(agreed).map(unlock).collect();
            let bits = reconstruct(committee, &shares);
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
                let draw = |engine: &mut Engine| engine.random(op, len).expect("a number not used");
                let shares: Vec<Shares> = network.engines.iter_mut().map(draw).collect();
                reconstruct(committee, &shares)
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
            let (xs, ys) = (share(committee, &x, 3), share(committee, &y, 4));
            let mut network = Network::new(committee, seed);
            let mut rng = TestRng::new(seed);
            let mut todo: Vec<Vec<u32>> = vec![(0..OPS).collect(); committee.len()];
            while todo.iter().any(|ops| !ops.is_empty()) {
                let k = rng.below(committee.len());
                if !todo[k].is_empty() {
                    let place = rng.below(todo[k].len());
                    let op = todo[k].swap_remove(place);
                    let engine = &mut network.engines[k];
                    match op % 3 {
                        0 => engine.start_multiply(op, &xs[k], &ys[k]),
                        1 => engine.start_open_full(op, &xs[k]),
                        _ => engine.start_random_bits(op, 5),
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
                match op % 3 {
                    0 => {
                        let shares = shares(finished);
                        assert_eq!(reconstruct(committee, &shares), products(&x, &y));
                    }
                    1 => assert!(opened(finished).iter().all(|opened| opened[..] == *x)),
                    _ => assert!(bits(finished).iter().all(|bits| bits.len() == 5)),
                }
            }
        }
    }
}

#[test]
fn results_do_not_depend_on_the_order_of_delivery() {
    let committee = committee(5);
    let x = share(committee, &values(100, 1), 2);
    let run = |order: u64| {
        let seeds = enigma_mpc::testing::dealt_seeds(committee, 0);
        let engines = (committee.parties().zip(seeds))
            .map(|(party, seeds)| Engine::new(committee, party, seeds))
            .collect();
        let mut network = Network::with_engines(engines, order);
        network.start(|engine, k| engine.start_multiply(0, &x[k], &x[k]));
        network.run().expect("an honest run");
        network
            .take_shares(0)
            .iter()
            .map(|shares| shares.to_vec())
            .collect::<Vec<_>>()
    };
    assert_eq!(run(1), run(2));
}

#[test]
fn a_silent_party_is_waited_for() {
    let committee = committee(3);
    let x = share(committee, &values(4, 1), 2);
    let silent = committee.party(3).expect("a member");
    let mut network = Network::new(committee, 0);
    network.tamper = Some(Box::new(move |frame| {
        if frame.from == silent {
            Vec::new()
        } else {
            vec![frame]
        }
    }));
    network.start(|engine, k| engine.start_open_full(0, &x[k]));
    network.start(|engine, _| engine.start_random_bits(1, 3 * BITS_CHUNK_LEN));
    network.run().expect("silence is no fault");
    for engine in &network.engines[..2] {
        assert_eq!(engine.waiting_for(0), [silent]);
        assert_eq!(engine.waiting_for(1), [silent]);
        assert_eq!(engine.waiting_for_any(), [silent]);
        assert_eq!(engine.waiting_for(2), []);
    }
}

#[test]
fn misuse_is_told_and_harmless() {
    let committee = committee(3);
    let mut network = Network::new(committee, 0);
    let engine = &mut network.engines[0];
    let one = [M61::ONE];
    let two = [M61::ONE; 2];
    let lengths = |left, right| Err(Misuse::Lengths { left, right }.into());
    assert_eq!(engine.start_multiply(0, &one, &two), lengths(1, 2));
    assert_eq!(engine.start_dot(0, &two, &two, 0), lengths(2, 0));
    assert_eq!(engine.start_dot(0, &[], &[], 0), lengths(0, 0));
    let three = [M61::ONE; 3];
    assert_eq!(engine.start_dot(0, &three, &three, 2), lengths(3, 2));
    assert_eq!(
        engine.start_agree(0, &[5]),
        Err(Misuse::NothingToAgree { op: 5 }.into())
    );
    engine.random(0, 1).expect("no refusal used the number up");
    let reused = Error::Misuse(Misuse::OpReused { op: 0 });
    assert_eq!(engine.start_multiply(0, &one, &one), Err(reused.clone()));
    assert_eq!(engine.random(0, 1).map(|_| ()), Err(reused.clone()));
    assert_eq!(engine.start_random_bits(0, 1), Err(reused));
    assert_eq!(engine.fault(), None);
}

#[test]
fn an_agreement_unlocks_what_it_covers_only() {
    let committee = committee(3);
    let mut network = Network::new(committee, 0);
    for op in [0, 1] {
        network.start(|engine, _| engine.start_random_bits(op, 8));
        network.run().expect("an honest run");
    }
    let mut first = bits(network.take(0));
    let mut second = bits(network.take(1));
    network.start(|engine, _| engine.start_agree(2, &[0]));
    network.run().expect("an honest run");
    let Some(Finished::Agreed(agreed)) = network.take(2).pop() else {
        panic!("an agreement finished");
    };
    let first = first.pop().expect("three parties").unlock(&agreed);
    assert_eq!(first.expect("covered").len(), 8);
    let second = second.pop().expect("three parties").unlock(&agreed);
    assert_eq!(second.map(|_| ()), Err(Misuse::NotAgreed { op: 1 }));
    // Nor does it open a value of the same number in another session.
    let mut other = Network::new(committee, 1);
    other.start(|engine, _| engine.start_random_bits(0, 8));
    other.run().expect("an honest run");
    let foreign = bits(other.take(0))
        .pop()
        .expect("three parties")
        .unlock(&agreed);
    assert_eq!(foreign.map(|_| ()), Err(Misuse::NotAgreed { op: 0 }));
    // Agreed once is agreed.
    assert_eq!(
        network.engines[0].start_agree(3, &[0]),
        Err(Misuse::NothingToAgree { op: 0 }.into())
    );
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
                engine.random(0, 4).expect("a fresh engine")
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
    let mut network = Network::new(committee, 0);
    network.start(|engine, _| engine.start_random_bits(0, 1));
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
