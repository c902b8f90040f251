//! The security rules of protocols 0a and C.5 that this crate is to keep, one test each; a test
//! fails when its rule is taken out.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::rc::Rc;

use enigma_field::{Committee, Field, Gf128, K, Levels, M61, Party, Shares};
use enigma_mpc::testing::{Delivery, Network, bare, dealt_seeds, reconstruct, share, values};
use enigma_mpc::{Compare, Engine, Error, Fault, Finished, Mask, Misuse, RandomBits, Wires, cost};

fn committee(n: u8) -> Committee {
    Committee::new(n).expect("an odd size")
}

/// Every party's shares of `values`, from no batch.
fn inputs(committee: Committee, values: &[M61]) -> Vec<Wires> {
    let shares = share(committee, values, 2);
    shares.into_iter().map(Wires::input).collect()
}

fn bits(finished: Vec<Finished>) -> Vec<RandomBits> {
    let bits = |finished| match finished {
        Finished::Bits(bits) => bits,
        other => panic!("not bits: {other:?}"),
    };
    finished.into_iter().map(bits).collect()
}

/// A network that has made bits as this operation of a batch.
fn make_bits(network: &mut Network, op: u32, batch: u32, len: usize) -> Vec<RandomBits> {
    network.start(|engine, _| engine.start_random_bits(op, batch, len));
    network.run().expect("an honest run");
    bits(network.take(op))
}

fn verify(network: &mut Network, batch: u32) {
    network.start(|engine, _| engine.start_verify(batch));
    network.run().expect("honest parties accept");
    network.take(batch);
}

#[test]
fn r4_nothing_computed_from_bits_is_opened_or_verified_before_they_are() {
    // Were it otherwise: a king tells parties different roots, so that their shares of the bit b are
    // of no sharing that the king knows its part of. What is opened of such shares, and be it under a
    // mask, as f is in the verification of the batch of b * y, then shows b: of t + 1 honest shares the
    // mask hides one.
    let committee = committee(3);
    let y = inputs(committee, &values(1, 1));
    let mut network = Network::new(committee, 0);
    let mut masks = masks(&mut network, 0, 100).into_iter();
    let made = make_bits(&mut network, 1, 101, 1);
    let made: Vec<Wires> = made.into_iter().map(RandomBits::into_wires).collect();
    network.start(|engine, k| {
        // Directly, and through another batch.
        engine.start_multiply(2, 102, vec![(made[k].clone(), y[k].clone())])
    });
    network.run().expect("an honest run");
    let product = network.take_wires(2);
    network.start(|engine, k| engine.start_reshare(3, 103, product[k].clone()));
    network.start(|engine, k| engine.start_reshare(4, 104, y[k].clone()));
    network.run().expect("an honest run");

    let refused = Err(Error::Misuse(Misuse::NotVerified { batch: 101 }));
    for (k, engine) in network.engines.iter_mut().enumerate() {
        assert_eq!(engine.start_verify(102), refused);
        assert_eq!(engine.start_verify(103), refused);
        let mask = engine
            .verified(masks.next().expect("one each"))
            .expect("accepted");
        let opened = match k {
            0 => &made[k],
            _ => &product[k],
        };
        assert_eq!(engine.start_open_masked(5, opened, mask), refused);
        engine
            .start_verify(104)
            .expect("it has nothing to do with bits");
        engine
            .start_verify(101)
            .expect("the bits themselves come first");
        assert_eq!(engine.start_verify(102), refused);
    }
    network.run().expect("honest parties accept");
    // Among batches that opened nothing on one party's word, the order is free.
    network.start(|engine, _| engine.start_verify(103));
    network.start(|engine, _| engine.start_verify(102));
    network.run().expect("honest parties accept");
}

/// One verified mask for each party, made as this operation of a batch of its own.
fn masks(network: &mut Network, op: u32, batch: u32) -> Vec<Mask> {
    let exponents: Vec<u32> = (0..61).collect();
    let made = make_bits(network, op, batch, 61);
    verify(network, batch);
    let mask = |bits: RandomBits| bits.into_masks(&exponents).expect("complete").1;
    made.into_iter().map(mask).collect()
}

#[test]
fn s8_verified_means_all_ancestors_also_through_what_was_opened_under_a_mask() {
    let committee = committee(3);
    let x = inputs(committee, &values(1, 1));
    let mut network = Network::new(committee, 0);
    let mut masks = masks(&mut network, 0, 100).into_iter();
    // x^2 of batch 101 is opened under a mask; what that gives chooses how batch 102 goes on.
    network.start(|engine, k| engine.start_multiply(1, 101, vec![(x[k].clone(), x[k].clone())]));
    network.run().expect("an honest run");
    let square = network.take_wires(1);
    network.start(|engine, k| {
        let mask = engine.verified(masks.next().expect("one each"))?;
        engine.start_open_masked(2, &square[k], mask)
    });
    network.run().expect("an honest run");
    let opened = network.take(2);
    network.start(|engine, k| {
        let Finished::Opened(opened) = &opened[k] else {
            panic!("not opened");
        };
        let scaled = Shares::from(vec![x[k][0] * opened[0]]);
        let scaled = Wires::computed(scaled, [&x[k]]).depending_on(opened);
        engine.start_reshare(3, 102, scaled)
    });
    network.run().expect("an honest run");
    let result = network.take_wires(3);
    verify(&mut network, 102);
    let refused = network.engines[0].verified(result[0].clone());
    assert_eq!(refused.map(drop), Err(Misuse::NotVerified { batch: 101 }));
    verify(&mut network, 101);
    network.engines[0]
        .verified(result[0].clone())
        .expect("all ancestors are accepted");
}

#[test]
fn s8_verified_means_all_ancestors() {
    let committee = committee(3);
    let x = inputs(committee, &values(4, 1));
    let mut network = Network::new(committee, 0);
    network.start(|engine, k| engine.start_reshare(0, 100, x[k].clone()));
    network.run().expect("an honest run");
    let first = network.take_wires(0);
    network.start(|engine, k| engine.start_reshare(1, 101, first[k].part(1..2)));
    network.run().expect("an honest run");
    let second = network.take_wires(1);
    verify(&mut network, 101);
    let refused = network.engines[0].verified(second[0].clone());
    assert_eq!(refused.map(drop), Err(Misuse::NotVerified { batch: 100 }));
    verify(&mut network, 100);
    network.engines[0]
        .verified(second[0].clone())
        .expect("all are accepted");
}

type Frames = Rc<RefCell<Vec<Delivery>>>;

/// Multiplies in a batch and starts its verification; gives the frames that parties send in it, all
/// of them, and those that a hook keeps back.
fn verification(
    network: &mut Network,
    batch: u32,
    len: usize,
    mut keep_back: impl FnMut(&Delivery) -> bool + 'static,
) -> (Frames, Frames) {
    let x = inputs(network.committee(), &values(len, 1));
    network.start(|engine, k| engine.start_multiply(1, batch, vec![(x[k].clone(), x[k].clone())]));
    network.run().expect("an honest run");
    let (sent, held) = (
        Rc::new(RefCell::new(Vec::new())),
        Rc::new(RefCell::new(Vec::new())),
    );
    let (log, keep) = (sent.clone(), held.clone());
    network.tamper = Some(Box::new(move |frame| {
        log.borrow_mut().push(frame.clone());
        if keep_back(&frame) {
            keep.borrow_mut().push(frame);
            return Vec::new();
        }
        vec![frame]
    }));
    network.start(|engine, _| engine.start_verify(batch));
    (sent, held)
}

#[test]
fn s1_a_retry_has_fresh_randomness_for_the_same_operations() {
    // Attempts have sessions of their own, hence seeds of their own; here: the stages of one setup.
    let committee = committee(3);
    let masks_of = |stage: usize| {
        let seeds = dealt_seeds(committee, 0).into_iter();
        let engines = (committee.parties().zip(seeds))
            .map(|(me, seeds)| Engine::new(committee, me, seeds.into_stages(2).remove(stage)));
        let mut network = Network::with_engines(engines.collect(), 0);
        let (sent, _) = verification(&mut network, 100, 10, |_| false);
        network.run().expect("honest parties accept");
        let sent = sent.borrow();
        let mut payloads: Vec<Vec<u8>> = sent.iter().map(|frame| frame.payload.clone()).collect();
        payloads.sort();
        payloads
    };
    let (first, second) = (masks_of(0), masks_of(1));
    // No anchor, coin, point or opening of one is seen in the other.
    assert!(first.iter().all(|payload| !second.contains(payload)));
}

#[test]
fn s5_no_operation_number_is_used_twice() {
    type Start = fn(&mut Engine, u32, &Wires) -> Result<(), Error>;
    let starts: [Start; 8] = [
        |engine, op, x| engine.start_multiply(op, 90, vec![(x.clone(), x.clone())]),
        |engine, op, x| engine.start_multiply_by_kings(op, 90, vec![(x.clone(), x.clone())]),
        |engine, op, x| engine.start_dot(op, 90, x.clone(), x.clone(), 1),
        |engine, op, x| engine.start_reshare(op, 90, x.clone()),
        |engine, op, _| engine.start_random_bits(op, 90, 1),
        |engine, op, x| {
            let x = engine.verified(x.clone())?;
            engine.start_open(op, x)
        },
        |engine, op, _| engine.start_random(op, 1),
        // A batch that is being verified has a number, too.
        |engine, op, _| {
            engine.start_random_bits(op + 50, op, 0)?;
            engine.start_verify(op)
        },
    ];
    let committee = committee(3);
    let one = inputs(committee, &values(1, 1));
    let reused = Err(Error::Misuse(Misuse::OpReused { op: 7 }));
    for first in starts {
        for second in starts {
            let engine = &mut Network::new(committee, 0).engines[0];
            assert_eq!(first(engine, 7, &one[0]), Ok(()));
            let refused = second(engine, 7, &one[0]);
            // Whose number is taken cannot be a batch either.
            let closed = Err(Error::Misuse(Misuse::BatchClosed { batch: 7 }));
            let no_number = Err(Error::Misuse(Misuse::OpReused { op: 57 }));
            assert!(
                refused == reused || refused == closed || refused == no_number,
                "{refused:?}"
            );
        }
    }
}

#[test]
fn s6_no_coin_leaves_before_all_messages_of_the_step_before_it_came() {
    const BATCH: u32 = 100;
    for n in [3, 5] {
        let committee = committee(n);
        // Checkpoint, then a dealing before each later coin; three levels at this length.
        let steps = cost::verify::<M61>(committee, 200).rounds as u8 - 2;
        for before in (0..steps).step_by(2) {
            for late in committee.parties() {
                for victim in committee.others(late) {
                    let mut network = Network::new(committee, u64::from(before));
                    let late_frame = move |frame: &Delivery| {
                        let slot = (frame.slot.op, frame.slot.step);
                        slot == (BATCH, before) && (frame.from, frame.to) == (late, victim)
                    };
                    let (sent, held) = verification(&mut network, BATCH, 200, late_frame);
                    network.run().expect("nobody misbehaves");
                    if held.borrow().is_empty() {
                        // These two parties need no message for their dealings.
                        assert!(before > 0);
                        continue;
                    }
                    let revealed = |party: Party| {
                        let of_step = |frame: &&Delivery| frame.slot.step > before;
                        let sent = sent.borrow();
                        sent.iter().filter(of_step).any(|frame| frame.from == party)
                    };
                    assert!(!revealed(victim), "step {before}, {late} to {victim}");
                    // Others, who have everything, did reveal theirs, and no more than that.
                    assert!(committee.others(victim).all(revealed));
                    assert!(
                        sent.borrow()
                            .iter()
                            .all(|frame| frame.slot.step <= before + 1)
                    );
                    assert_eq!(network.engines[victim.index()].waiting_for(BATCH), [late]);
                    network.in_flight.append(&mut held.borrow_mut());
                    network.run().expect("honest parties accept");
                    for engine in &mut network.engines {
                        let last = std::iter::from_fn(|| engine.take_finished()).last();
                        assert!(matches!(last, Some((BATCH, Finished::Accepted))));
                    }
                }
            }
        }
    }
}

#[test]
fn s8_a_batch_is_accepted_with_all_acceptances_only() {
    const BATCH: u32 = 100;
    for n in [3, 5] {
        let committee = committee(n);
        let last_step = cost::verify::<M61>(committee, 10).rounds as u8 - 1;
        for late in committee.parties() {
            for victim in committee.others(late) {
                let mut network = Network::new(committee, 1);
                let (_, held) = verification(&mut network, BATCH, 10, move |frame| {
                    let slot = (frame.slot.op, frame.slot.step);
                    slot == (BATCH, last_step) && (frame.from, frame.to) == (late, victim)
                });
                network.run().expect("nobody misbehaves");
                let engine = &mut network.engines[victim.index()];
                let Some((1, Finished::Wires(product))) = engine.take_finished() else {
                    panic!("the product comes first");
                };
                assert!(engine.take_finished().is_none());
                assert_eq!(engine.waiting_for(BATCH), [late]);
                let refused = engine.verified(product.clone());
                assert_eq!(refused.map(drop), Err(Misuse::NotVerified { batch: BATCH }));
                network.in_flight.append(&mut held.borrow_mut());
                network.run().expect("honest parties accept");
                let engine = &network.engines[victim.index()];
                engine.verified(product).expect("accepted");
            }
        }
    }
}

/// What the verification of a batch of nothing opens: f and g, from everybody's shares.
fn opened_of_nothing<E: Field>(n: u8, seed: u64, of_bits: bool) -> [E; 2] {
    const BATCH: u32 = 100;
    let committee = committee(n);
    let mut network: Network = Network::new(committee, seed);
    let nothing = Wires::input(Shares::zeros(0));
    network.start(|engine, _| match of_bits {
        true => engine.start_compare(1, BATCH, &nothing, Compare::Less),
        false => engine.start_multiply(1, BATCH, vec![(nothing.clone(), nothing.clone())]),
    });
    network.run().expect("an honest run");
    let shares: Rc<RefCell<BTreeMap<Party, [E; 2]>>> = Rc::default();
    let seen = shares.clone();
    network.tamper = Some(Box::new(move |frame| {
        // Three elements, hashes of what went over links, and a signature.
        if frame.payload.len() == 3 * E::BYTES + 64 * usize::from(n - 1) + 64 {
            let element = |k: usize| E::read_from(&frame.payload[k * E::BYTES..][..E::BYTES]);
            let both = [0, 1].map(|k| element(k).expect("canonical"));
            seen.borrow_mut().insert(frame.from, both);
        }
        vec![frame]
    }));
    network.start(|engine, _| engine.start_verify(BATCH));
    network.run().expect("honest parties accept");
    let shares = shares.borrow();
    let points: Vec<E> = shares.keys().map(|party| party.point()).collect();
    assert_eq!(points.len(), usize::from(n));
    [0, 1].map(|k| {
        let shares: Vec<E> = shares.values().map(|both| both[k]).collect();
        enigma_field::shamir::reconstruct(&points, &shares).expect("distinct points")
    })
}

fn check_masks<E: Field>(n: u8, of_bits: bool) {
    let mut seen = vec![E::ZERO];
    for seed in 0..4 {
        for value in opened_of_nothing::<E>(n, seed, of_bits) {
            assert!(!seen.contains(&value), "n = {n}: {value:?}");
            seen.push(value);
        }
    }
}

#[test]
fn s9_what_a_verification_opens_is_masked() {
    // Of zeros, f and g are their masks times what is public: one for each, another one each time.
    for n in [3, 5, 7] {
        check_masks::<K>(n, false);
    }
    check_masks::<Gf128>(3, true);
}

#[test]
fn s10_errors_are_weighted() {
    // An error and its negative, in two results: without weights they cancel in the claim.
    for n in [3, 5] {
        let committee = committee(n);
        let x = inputs(committee, &values(50, 1));
        let mut network = Network::new(committee, 1);
        let cheat = Party::new(1).expect("a party");
        let victim = committee.after(cheat, committee.len() - 1);
        network.tamper = Some(Box::new(move |mut frame| {
            if (frame.from, frame.to) == (cheat, victim) {
                for (place, error) in [(3, M61::ONE), (40, -M61::ONE)] {
                    let bytes = &mut frame.payload[8 * place..][..8];
                    let word = *bytes.first_chunk().expect("an element");
                    let share = M61::from_bytes(word).expect("canonical") + error;
                    bytes.copy_from_slice(&share.to_bytes());
                }
            }
            vec![frame]
        }));
        network
            .start(|engine, k| engine.start_multiply(1, 100, vec![(x[k].clone(), x[k].clone())]));
        network.run().expect("nobody notices yet");
        network.tamper = None;
        network.start(|engine, _| engine.start_verify(100));
        let (_, fault) = network.run().expect_err("the batch is wrong");
        let found = matches!(
            fault,
            Fault::Rejected { op: 100 } | Fault::Inconsistent { op: 100, .. }
        );
        assert!(found, "{fault}");
    }
}

#[test]
fn s10_a_job_of_many_batches_errs_with_probability_below_2_to_the_minus_40() {
    // 2/p for the weights of matrix products and of phases, (2k - 2)/|K| for each level and the last
    // step; over the binary field 2/|K| for the weights.
    let extension = 2f64.powi(122) * (1.0 - 2f64.powi(-60));
    let levels = |levels: &Levels| -> f64 {
        let last = levels.last_len + 1;
        let all = levels.blocks.iter().chain(std::iter::once(&last));
        all.map(|blocks| (2 * blocks - 2) as f64 / extension).sum()
    };
    for exponent in 0..=30 {
        let products = 2f64.powi(-60) + levels(&Levels::new(1 << exponent));
        let gates = 2f64.powi(-127) + levels(&Levels::of_bits(1 << exponent));
        for batch in [products, gates] {
            assert!(batch < 2f64.powi(-59), "2^{exponent}: {batch}");
            assert!(batch * 2f64.powi(19) <= 2f64.powi(-40));
        }
    }
}

#[test]
fn r1_masks_of_unverified_bits_hide_nothing() {
    let committee = committee(3);
    let mut network = Network::new(committee, 0);
    let exponents: Vec<u32> = (0..61).collect();
    for bits in make_bits(&mut network, 0, 100, 61) {
        let (_, mask) = bits.into_masks(&exponents).expect("complete");
        // One mask for each party, whichever engine is asked.
        let refused = network.engines[0].verified(mask);
        assert_eq!(refused.map(drop), Err(Misuse::NotVerified { batch: 100 }));
    }
    // Bits of another batch than the accepted one are as bad.
    verify(&mut network, 100);
    for bits in make_bits(&mut network, 1, 101, 61) {
        let (_, mask) = bits.into_masks(&exponents).expect("complete");
        let refused = network.engines[0].verified(mask);
        assert_eq!(refused.map(drop), Err(Misuse::NotVerified { batch: 101 }));
    }
}

#[test]
fn r1_nor_do_accepted_batches_of_another_session_verify_anything() {
    let committee = committee(3);
    let (mut network, mut other) = (Network::new(committee, 0), Network::new(committee, 1));
    let made = make_bits(&mut network, 0, 100, 1);
    make_bits(&mut other, 0, 100, 1);
    verify(&mut other, 100);
    for bits in made {
        let refused = other.engines[0].verified(bits.into_wires());
        assert_eq!(refused.map(drop), Err(Misuse::NotVerified { batch: 100 }));
    }
}

#[test]
fn r2_outputs_are_opened_or_released_only_when_verified() {
    // Both take `Verified<Wires>`, which only `Engine::verified` makes.
    let committee = committee(3);
    let plain = values(2, 1);
    let x = inputs(committee, &plain);
    let mut network = Network::new(committee, 0);
    network.start(|engine, k| engine.start_multiply(0, 100, vec![(x[k].clone(), x[k].clone())]));
    network.run().expect("an honest run");
    let squares = network.take_wires(0);
    let sums: Vec<Wires> = (squares.iter().zip(&x))
        .map(|(square, x)| {
            let sum = square.iter().zip(&**x).map(|(a, b)| *a + *b).collect();
            Wires::computed(sum, [x, square])
        })
        .collect();
    for (engine, wires) in network.engines.iter().zip(squares.iter().chain(&sums)) {
        let refused = engine.verified(wires.clone());
        assert_eq!(refused.map(drop), Err(Misuse::NotVerified { batch: 100 }));
        // Nor is a part any better, or an empty one.
        let refused = engine.verified(wires.part(1..1));
        assert_eq!(refused.map(drop), Err(Misuse::NotVerified { batch: 100 }));
    }
    verify(&mut network, 100);
    let released: Vec<Shares> = (network.engines.iter().zip(&sums))
        .map(|(engine, sum)| engine.verified(sum.clone()).expect("accepted").release())
        .collect();
    let expected: Vec<M61> = plain.iter().map(|x| x.square() + *x).collect();
    assert_eq!(reconstruct(committee, &released), expected);
}

#[test]
fn r3_only_masks_uniform_over_the_whole_field_can_be_made() {
    let committee = committee(3);
    let mut network = Network::new(committee, 0);
    // Sixty bits, or 61 with one of them twice, leave some elements out.
    let most: Vec<u32> = (0..60).collect();
    let twice: Vec<u32> = (0..60).chain([59]).collect();
    for (op, exponents) in [(0, most), (1, twice)] {
        for bits in make_bits(&mut network, op, 100, exponents.len()) {
            let refused = bits.into_masks(&exponents);
            assert_eq!(refused.map(drop), Err(Misuse::MaskLayout));
        }
    }
    let all: Vec<u32> = (0..61).collect();
    let made = make_bits(&mut network, 2, 100, 61 * 300);
    let (bits, masks): (Vec<Wires>, Vec<Mask>) = (made.into_iter())
        .map(|bits| bits.into_masks(&all).expect("complete"))
        .unzip();
    assert!(masks.iter().all(|mask| mask.len() == 300));
    // Every bit of a mask is balanced: within six standard deviations.
    for bits in reconstruct(committee, &bare(&bits)).chunks(300) {
        let ones = bits.iter().filter(|bit| **bit == M61::ONE).count();
        assert!((98..=202).contains(&ones), "{ones}");
    }
}

#[test]
fn r4_different_roots_end_in_disagreement_before_anything_is_opened() {
    for n in [3, 5, 7] {
        let committee = committee(n);
        let king = cost::king(committee, 0);
        for victim in committee.others(king) {
            let mut network = Network::<M61>::new(committee, 0);
            network.tamper = Some(Box::new(move |mut frame| {
                if (frame.from, frame.to) == (king, victim) && frame.slot.step == 1 {
                    let word = *frame.payload.first_chunk().expect("a root");
                    let root = M61::from_bytes(word).expect("canonical");
                    frame.payload[..8].copy_from_slice(&(-root).to_bytes());
                }
                vec![frame]
            }));
            network.start(|engine, _| engine.start_random_bits(0, 100, 3));
            network.run().expect("every root fits its square");
            let sent = Rc::new(RefCell::new(Vec::new()));
            let log = sent.clone();
            network.tamper = Some(Box::new(move |frame| {
                log.borrow_mut().push(frame.slot.step);
                vec![frame]
            }));
            network.start(|engine, _| engine.start_verify(100));
            loop {
                match network.deliver_one() {
                    Ok(more) if more => {}
                    Ok(_) => break,
                    Err((receiver, fault)) => {
                        let Fault::Disagreement { op: 100, with } = fault else {
                            panic!("{fault}");
                        };
                        assert!(receiver == victim || with == victim);
                        assert!(fault.culprits().is_empty());
                    }
                }
            }
            for engine in &network.engines {
                assert!(engine.fault().is_some());
            }
            // Checkpoints, and not even a coin.
            assert!(sent.borrow().iter().all(|step| *step == 0));
        }
    }
}

#[test]
fn s20_kings_send_no_zero_and_receivers_take_none() {
    let committee = committee(3);
    let king = cost::king(committee, 0);
    let mut network = Network::<M61>::new(committee, 0);
    network.tamper = Some(Box::new(move |mut frame| {
        if frame.from == king && frame.slot.step == 1 {
            frame.payload[8..16].fill(0);
        }
        vec![frame]
    }));
    network.start(|engine, _| engine.start_random_bits(0, 100, 3));
    let (_, fault) = network.run().expect_err("zero would make the bit one half");
    assert!(matches!(fault, Fault::ZeroRoot { from, index: 1, .. } if from == king));
    assert_eq!(fault.culprits(), [king]);
    // A king that gets no square tells nobody a root: half of all wrong squares are none.
    let mut refused = 0;
    for seed in 0..20 {
        let mut network = Network::<M61>::new(committee, seed);
        let roots = Rc::new(RefCell::new(0));
        let count = roots.clone();
        network.tamper = Some(Box::new(move |mut frame| {
            *count.borrow_mut() += u32::from(frame.slot.step == 1);
            if frame.from != king && frame.slot.step == 0 {
                let word = *frame.payload.first_chunk().expect("a term");
                let term = M61::from_bytes(word).expect("canonical") + M61::ONE;
                frame.payload[..8].copy_from_slice(&term.to_bytes());
            }
            vec![frame]
        }));
        network.start(|engine, _| engine.start_random_bits(0, 100, 1));
        if let Err((receiver, fault)) = network.run() {
            assert_eq!((receiver, fault), (king, Fault::NoRoot { op: 0, index: 0 }));
            assert_eq!(*roots.borrow(), 0);
            refused += 1;
        }
    }
    assert!((2..=18).contains(&refused));
}
