//! Comparisons over shared bits in a committee of three: right for every element, exactly as dear as
//! predicted, accepted when honest, and what one party spoils is found before anything is opened.

use enigma_field::{Committee, Levels, M61, Party, Shares};
use enigma_mpc::testing::{Delivery, Network, bare, reconstruct, share, values};
use enigma_mpc::{Compare, Engine, Error, Fault, Finished, Misuse, Wires, cost};

const COMPARE: u32 = 1;
const BATCH: u32 = 100;
/// Layers of gates.
const LAYERS: u8 = 8;
const ALL: [Compare; 3] = [Compare::Less, Compare::Equal, Compare::LessAndEqual];

fn three() -> Committee {
    Committee::new(3).expect("a size")
}

fn party(number: u8) -> Party {
    Party::new(number).expect("a party")
}

/// The ends of both halves of the field, small numbers, powers of two, and random elements.
fn elements(len: usize, seed: u64) -> Vec<M61> {
    const P: u64 = M61::MODULUS;
    let half = (P - 1) / 2;
    let mut all = vec![0, 1, 2, 3, P - 1, P - 2, half - 1, half, half + 1, half + 2];
    all.extend((0..61).map(|k| 1u64 << k));
    let mut all: Vec<M61> = all.into_iter().map(M61::new).collect();
    all.extend(values::<M61>(len, seed));
    all.truncate(len);
    all
}

fn wires(x: &[M61], seed: u64) -> Vec<Wires> {
    share(three(), x, seed)
        .into_iter()
        .map(Wires::input)
        .collect()
}

/// A network in which everybody compares the same values.
fn comparing(x: &[M61], compare: Compare, seed: u64) -> Network {
    let mut network = Network::new(three(), seed);
    let shares = wires(x, seed + 1);
    network.start(|engine, k| engine.start_compare(COMPARE, BATCH, &shares[k], compare));
    network
}

/// The bits behind components, block by block.
fn bits(components: &[Shares], len: usize) -> Vec<Vec<bool>> {
    let opened = reconstruct(three(), components);
    let component = |value: &M61| {
        assert!(value.value() < 2, "components are bits");
        value.value() == 1
    };
    let kinds = opened.chunks(3 * len.max(1));
    let kind = |blocks: &[M61]| {
        let bit = |k: usize| (0..3).fold(false, |sum, b| sum ^ component(&blocks[b * len + k]));
        (0..len).map(bit).collect()
    };
    kinds.map(kind).collect()
}

fn expected(x: &[M61], compare: Compare) -> Vec<Vec<bool>> {
    let less = x.iter().map(|x| x.to_i64() < 0).collect();
    let equal = x.iter().map(|x| *x == M61::ZERO).collect();
    match compare {
        Compare::Less => vec![less],
        Compare::Equal => vec![equal],
        Compare::LessAndEqual => vec![less, equal],
    }
}

#[test]
fn every_element_is_compared_rightly_at_the_predicted_cost() {
    for (seed, len) in [1, 2, 63, 64, 65, 80, 500, 4096, 4097, 9000]
        .into_iter()
        .enumerate()
    {
        for compare in ALL {
            let x = elements(len, seed as u64);
            let mut network = comparing(&x, compare, seed as u64);
            network.run().expect("an honest run");
            let predicted = cost::compare::<M61>(three(), compare, len);
            for engine in &network.engines {
                let counters = engine.counters();
                assert_eq!(counters.bytes_sent, predicted.bytes(), "{len} {compare:?}");
                assert_eq!(counters.frames_sent, predicted.frames);
                assert_eq!(counters.openings, len as u64);
                assert_eq!(counters.gates, (compare.all_gates(61) * len) as u64);
                assert_eq!(counters.multiplications, 0);
            }
            let results = network.take_wires(COMPARE);
            assert_eq!(bits(&bare(&results), len), expected(&x, compare));

            // Nothing of it can be opened yet.
            for (engine, wires) in network.engines.iter().zip(&results) {
                let refused = engine.verified(wires.clone()).map(|_| ());
                assert_eq!(refused, Err(Misuse::NotVerified { batch: BATCH }));
            }
            network.start(|engine, _| engine.start_verify(BATCH));
            network.run().expect("an honest run");
            let words = cost::gate_words::<M61>(compare, len);
            let verification = cost::verify_gates(three(), words);
            assert_eq!(
                verification.rounds as usize,
                2 + 2 * Levels::of_bits(words).coins()
            );
            for engine in &network.engines {
                let sent = engine.counters().bytes_sent;
                assert_eq!(sent, predicted.bytes() + verification.bytes());
            }
            for finished in network.take(BATCH) {
                assert!(matches!(finished, Finished::Accepted));
            }
            for (engine, wires) in network.engines.iter().zip(results) {
                engine.verified(wires).expect("all of it is accepted");
            }
        }
    }
}

#[test]
fn a_batch_of_several_operations_and_of_none_is_accepted() {
    let mut network = Network::new(three(), 5);
    let x: Vec<Vec<Wires>> = [0, 3, 70].map(|len| wires(&elements(len, 9), 9)).into();
    for (op, compare) in (1..).zip(ALL) {
        let x = &x[op as usize - 1];
        network.start(|engine, k| engine.start_compare(op, BATCH, &x[k], compare));
    }
    network.start(|engine, k| engine.start_compare(7, BATCH + 1, &x[0][k], Compare::Less));
    network.run().expect("an honest run");
    for op in [1, 2, 3, 7] {
        assert!(
            network
                .engines
                .iter()
                .all(|engine| engine.waiting_for(op).is_empty())
        );
    }
    network.start(|engine, _| engine.start_verify(BATCH));
    network.start(|engine, _| engine.start_verify(BATCH + 1));
    network.run().expect("an honest run");
}

#[test]
fn other_committees_and_mixed_batches_are_refused() {
    let mut network = Network::<M61>::new(Committee::new(5).expect("a size"), 1);
    let nothing = Wires::input(Shares::zeros(1));
    let engine = &mut network.engines[0];
    let refused = engine.start_compare(1, BATCH, &nothing, Compare::Less);
    assert_eq!(refused, Err(Error::Misuse(Misuse::CommitteeSize { n: 5 })));

    let mut network = Network::new(three(), 1);
    let engine = &mut network.engines[0];
    let mixed = Err(Error::Misuse(Misuse::BatchKind { batch: BATCH }));
    let factors = || vec![(nothing.clone(), nothing.clone())];
    engine
        .start_multiply(1, BATCH, factors())
        .expect("a fresh engine");
    assert_eq!(
        engine.start_compare(2, BATCH, &nothing, Compare::Less),
        mixed
    );
    engine
        .start_compare(2, BATCH + 1, &nothing, Compare::Less)
        .expect("another batch");
    let mixed = Err(Error::Misuse(Misuse::BatchKind { batch: BATCH + 1 }));
    assert_eq!(engine.start_multiply(3, BATCH + 1, factors()), mixed);
    let running = Err(Error::Misuse(Misuse::BatchRunning { op: BATCH + 1 }));
    assert_eq!(engine.start_verify(BATCH + 1), running);
}

#[test]
fn what_depends_on_a_comparison_depends_on_what_was_compared() {
    let mut network = Network::new(three(), 3);
    let x = wires(&elements(5, 1), 1);
    network.start(|engine, k| engine.start_multiply(1, 50, vec![(x[k].clone(), x[k].clone())]));
    network.run().expect("an honest run");
    let squares = network.take_wires(1);
    network.start(|engine, k| engine.start_compare(2, BATCH, &squares[k], Compare::Less));
    network.run().expect("an honest run");
    let results = network.take_wires(2);
    network.start(|engine, _| engine.start_verify(BATCH));
    network.run().expect("an honest run");
    for (engine, wires) in network.engines.iter().zip(results) {
        let refused = engine.verified(wires).map(|_| ());
        assert_eq!(refused, Err(Misuse::NotVerified { batch: 50 }));
    }
}

/// Runs comparison and verification with party 2's frames edited. What every honest party saw: its
/// fault, or whether it accepted.
fn spoiled(
    compare: Compare,
    len: usize,
    edit: impl FnMut(Delivery) -> Vec<Delivery> + 'static,
) -> Vec<Result<bool, Fault>> {
    let x = elements(len, 4);
    let mut network = Network::new(three(), 8);
    let mut edit = edit;
    network.tamper = Some(Box::new(move |frame| {
        if frame.from == party(2) {
            edit(frame)
        } else {
            vec![frame]
        }
    }));
    let shares = wires(&x, 9);
    network.start(|engine, k| engine.start_compare(COMPARE, BATCH, &shares[k], compare));
    finish(&mut network);
    for engine in &mut network.engines {
        // Who saw a fault, or has no result, cannot begin.
        let _ = engine.start_verify(BATCH);
    }
    finish(&mut network);
    let [first, _, third] = &mut network.engines[..] else {
        panic!("three engines");
    };
    let outcome = |engine: &mut Engine| match engine.fault() {
        Some(fault) => Err(fault.clone()),
        None => {
            let mut finished = std::iter::from_fn(|| engine.take_finished());
            Ok(finished.any(|(_, finished)| matches!(finished, Finished::Accepted)))
        }
    };
    [first, third].map(outcome).into()
}

/// Delivers everything, whoever has seen a fault.
fn finish(network: &mut Network) {
    loop {
        match network.deliver_one() {
            Ok(true) | Err(_) => {}
            Ok(false) => return,
        }
    }
}

fn no_honest_party_is_named(outcomes: &[Result<bool, Fault>]) {
    for outcome in outcomes {
        let culprits = outcome
            .as_ref()
            .err()
            .map(Fault::culprits)
            .unwrap_or_default();
        assert!(
            culprits.iter().all(|culprit| *culprit == party(2)),
            "{outcome:?}"
        );
    }
}

#[test]
fn one_wrong_bit_of_any_layer_is_rejected() {
    for compare in ALL {
        for layer in 1..=LAYERS {
            for place in [0, 3] {
                let outcomes = spoiled(compare, 70, move |mut frame| {
                    if frame.slot.op == COMPARE && frame.slot.step == layer {
                        frame.payload[place] ^= 2;
                    }
                    vec![frame]
                });
                // Of the cheat's own shares, which do not follow what it sent, others see no more than
                // that they do not fit.
                let found = |outcome: &Result<bool, Fault>| {
                    matches!(
                        outcome,
                        Err(Fault::Rejected { op: BATCH } | Fault::Inconsistent { op: BATCH, .. })
                    )
                };
                assert!(
                    outcomes.iter().all(found),
                    "{compare:?} {layer}: {outcomes:?}"
                );
                assert!(!outcomes.contains(&Ok(true)));
                no_honest_party_is_named(&outcomes);
            }
        }
    }
}

#[test]
fn malformed_layers_name_their_sender() {
    type Edit = fn(Delivery) -> Vec<Delivery>;
    type Right = fn(&Fault) -> bool;
    let edits: [(Edit, Right); 6] = [
        (
            |mut frame| {
                frame.payload.pop();
                vec![frame]
            },
            |fault| matches!(fault, Fault::Length { .. }),
        ),
        (
            |mut frame| {
                frame.payload.push(0);
                vec![frame]
            },
            |fault| matches!(fault, Fault::Length { .. }),
        ),
        (
            // Bits behind the last comparison.
            |mut frame| {
                frame.payload[8] |= 0x80;
                vec![frame]
            },
            |fault| matches!(fault, Fault::NonCanonical { index: 0, .. }),
        ),
        (
            |frame| vec![frame.clone(), frame],
            |fault| matches!(fault, Fault::Duplicate { .. } | Fault::Stale { .. }),
        ),
        (
            |mut frame| {
                frame.slot.part += 1;
                vec![frame]
            },
            |fault| matches!(fault, Fault::Unexpected { .. }),
        ),
        (
            |mut frame| {
                frame.slot.step += LAYERS;
                vec![frame]
            },
            |fault| matches!(fault, Fault::Unexpected { .. }),
        ),
    ];
    for (edit, right) in edits {
        for layer in [1, 4, LAYERS] {
            let outcomes = spoiled(Compare::LessAndEqual, 70, move |frame| {
                if frame.slot.op == COMPARE && frame.slot.step == layer {
                    edit(frame)
                } else {
                    vec![frame]
                }
            });
            // Party 1 gets party 2's bits.
            let fault = outcomes[0].as_ref().expect_err("it is noticed");
            assert!(right(fault), "{fault:?}");
            assert_eq!(fault.culprits(), [party(2)]);
            no_honest_party_is_named(&outcomes);
        }
    }
}

#[test]
fn bits_for_the_wrong_party_are_unexpected() {
    let outcomes = spoiled(Compare::Less, 5, |mut frame| {
        if frame.slot.op == COMPARE && frame.slot.step == 2 {
            frame.to = party(3);
        }
        vec![frame]
    });
    let fault = outcomes[1].as_ref().expect_err("it is noticed");
    assert!(matches!(fault, Fault::Unexpected { .. }));
    assert_eq!(fault.culprits(), [party(2)]);
}

#[test]
fn wrong_shares_of_the_opening_are_inconsistent() {
    for to in [1, 3] {
        let outcomes = spoiled(Compare::Less, 70, move |mut frame| {
            if frame.slot.op == COMPARE && frame.slot.step == 0 && frame.to == party(to) {
                frame.payload[..8].copy_from_slice(&M61::new(5).to_bytes());
            }
            vec![frame]
        });
        let place = usize::from(to == 3);
        let inconsistent = Err(Fault::Inconsistent {
            op: COMPARE,
            index: 0,
        });
        assert_eq!(outcomes[place], inconsistent);
        no_honest_party_is_named(&outcomes);
    }
}

#[test]
fn every_spoiled_message_of_the_verification_is_noticed() {
    let words = cost::gate_words::<M61>(Compare::Less, 70);
    let steps = 2 * Levels::of_bits(words).coins() as u8 + 2;
    for step in 0..steps {
        for place in [0, 20] {
            for to in [None, Some(party(1)), Some(party(3))] {
                let outcomes = spoiled(Compare::Less, 70, move |mut frame| {
                    let meant = to.is_none_or(|to| to == frame.to);
                    if frame.slot.op == BATCH && frame.slot.step == step && meant {
                        frame.payload[place] ^= 1;
                    }
                    vec![frame]
                });
                // Dealings go to party 1 alone.
                let dealing = step >= 2 && step % 2 == 0 && step < steps - 2;
                if !(dealing && to == Some(party(3))) {
                    assert!(
                        outcomes.iter().any(Result::is_err),
                        "step {step}: {outcomes:?}"
                    );
                }
                no_honest_party_is_named(&outcomes);
            }
        }
    }
}

#[test]
fn what_one_party_receives_is_uniform_whatever_is_compared() {
    use std::cell::RefCell;
    use std::rc::Rc;
    let len = 4096;
    for value in [0, 1, M61::MODULUS - 1, 1 << 60] {
        for compare in [Compare::Less, Compare::LessAndEqual] {
            let mut network = Network::new(three(), 17);
            let seen = Rc::new(RefCell::new(Vec::new()));
            let sink = seen.clone();
            network.tamper = Some(Box::new(move |frame| {
                if frame.to == party(2) {
                    sink.borrow_mut()
                        .push((frame.slot.step, frame.payload.clone()));
                }
                vec![frame]
            }));
            let shares = wires(&vec![M61::new(value); len], 3);
            network.start(|engine, k| engine.start_compare(COMPARE, BATCH, &shares[k], compare));
            network.run().expect("an honest run");
            let seen = seen.borrow();
            assert_eq!(seen.len(), 2 + usize::from(LAYERS));
            for (step, payload) in seen.iter() {
                // Planes of bits: each is uniform; of an opening, each bit of shares of 61 bits.
                let planes: Vec<Vec<u8>> = if *step > 0 {
                    payload.chunks(len / 8).map(<[u8]>::to_vec).collect()
                } else {
                    let words = || payload.chunks(8);
                    let bit = |k: usize| words().map(move |w| w[k / 8] >> (k % 8) & 1).collect();
                    (0..61).map(bit).collect()
                };
                for plane in planes {
                    let ones: u32 = plane.iter().map(|byte| byte.count_ones()).sum();
                    let deviation =
                        (f64::from(ones) - len as f64 / 2.0) / (len as f64).sqrt() * 2.0;
                    assert!(deviation.abs() < 6.0, "step {step}: {deviation}");
                }
            }
        }
    }
}
