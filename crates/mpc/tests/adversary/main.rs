//! One party's frames edited at a named place: who notices, what exactly, and who is named.

mod kings;
mod large;
mod links;

use enigma_field::{Committee, M61, Party, shamir};
use enigma_mpc::testing::{Delivery, Network, share, values};
use enigma_mpc::{
    BITS_CHUNK_LEN, CHUNK_LEN, Engine, Error, FRAME_OVERHEAD_BYTES, Fault, Finished,
    MAX_PAYLOAD_BYTES, Slot, Wires, cost,
};

/// The batch that operations of these tests belong to.
const BATCH: u32 = 99;

const SIZES: [u8; 3] = [3, 5, 7];

fn committee(n: u8) -> Committee {
    Committee::new(n).expect("an odd size")
}

/// Every party's shares of `values`, from no batch.
fn inputs(committee: Committee, values: &[M61]) -> Vec<Wires> {
    let shares = share(committee, values, 2);
    shares.into_iter().map(Wires::input).collect()
}

/// Opens inputs, which are verified from the start.
fn open(network: &mut Network, op: u32, x: &[Wires]) {
    network.start(|engine, k| {
        let x = engine.verified(x[k].clone())?;
        engine.start_open(op, x)
    });
}

fn square(engine: &mut Engine, op: u32, x: &Wires) -> Result<(), Error> {
    engine.start_multiply(op, BATCH, vec![(x.clone(), x.clone())])
}

fn party(number: u8) -> Party {
    Party::new(number).expect("a party")
}

const fn slot(op: u32, step: u8, part: u32) -> Slot {
    Slot { op, step, part }
}

/// Edits the frames of `cheat` at `slot`.
fn edit(
    network: &mut Network,
    cheat: Party,
    place: Slot,
    mut edit: impl FnMut(Delivery) -> Vec<Delivery> + 'static,
) {
    network.tamper = Some(Box::new(move |frame| {
        if frame.from == cheat && frame.slot == place {
            edit(frame)
        } else {
            vec![frame]
        }
    }));
}

/// Adds `delta` to element `index`.
fn add(frame: &mut Delivery, index: usize, delta: u64) {
    let place = &mut frame.payload[index * 8..index * 8 + 8];
    let word: [u8; 8] = (&*place).try_into().expect("eight bytes");
    let element = M61::from_bytes(word).expect("canonical so far") + M61::new(delta);
    place.copy_from_slice(&element.to_bytes());
}

/// Every operation with frames at step 0 that the cheat sends, started on all parties as number 7.
type Start = fn(&mut Network, &[Wires]);
type Edit = fn(Delivery) -> Vec<Delivery>;
type Found = fn(Party, Slot) -> Fault;

/// Frames of four elements that are none.
const MALFORMED: [(Edit, Found); 2] = [
    (
        |mut frame| {
            frame.payload[16..24].copy_from_slice(&M61::MODULUS.to_le_bytes());
            vec![frame]
        },
        |from, slot| Fault::NonCanonical {
            from,
            slot,
            index: 2,
        },
    ),
    (
        |mut frame| {
            frame.payload.pop();
            vec![frame]
        },
        |from, slot| Fault::Length {
            from,
            slot,
            expected: 32,
            found: 31,
        },
    ),
];

fn operations() -> Vec<Start> {
    vec![
        |network, x| network.start(|engine, k| square(engine, 7, &x[k])),
        |network, x| {
            network.start(|engine, k| engine.start_dot(7, BATCH, x[k].clone(), x[k].clone(), 1))
        },
        |network, x| network.start(|engine, k| engine.start_reshare(7, BATCH, x[k].clone())),
        |network, x| open(network, 7, x),
        |network, x| network.start(|engine, k| engine.start_random_bits(7, BATCH, x[k].len())),
    ]
}

/// Runs every operation with the cheat's frames at step 0 edited and asserts the receiver's fault.
fn check_every_operation(
    edit_frame: fn(Delivery) -> Vec<Delivery>,
    expected: impl Fn(Party) -> Fault,
) {
    for n in SIZES {
        let committee = committee(n);
        let x = inputs(committee, &values(10, 1));
        // The last party: king of no chunk here, so that it has squares to send.
        let cheat = party(n);
        for start in operations() {
            for order in 0..4 {
                let mut network = Network::new(committee, order);
                edit(&mut network, cheat, slot(7, 0, 0), edit_frame);
                start(&mut network, &x);
                let (victim, fault) = network.run().expect_err("the edit is noticed");
                assert_ne!(victim, cheat);
                assert_eq!(fault, expected(cheat));
                assert_eq!(fault.culprits(), [cheat]);
            }
        }
    }
}

#[test]
fn elements_that_are_not_canonical_name_the_sender() {
    check_every_operation(
        |mut frame| {
            frame.payload[24..32].copy_from_slice(&M61::MODULUS.to_le_bytes());
            vec![frame]
        },
        |from| Fault::NonCanonical {
            from,
            slot: slot(7, 0, 0),
            index: 3,
        },
    );
    check_every_operation(
        |mut frame| {
            frame.payload[7] |= 0x80;
            vec![frame]
        },
        |from| Fault::NonCanonical {
            from,
            slot: slot(7, 0, 0),
            index: 0,
        },
    );
}

#[test]
fn payloads_of_another_length_name_the_sender() {
    let length = |found| {
        move |from| Fault::Length {
            from,
            slot: slot(7, 0, 0),
            expected: 80,
            found,
        }
    };
    check_every_operation(
        |mut frame| {
            frame.payload.truncate(79);
            vec![frame]
        },
        length(79),
    );
    check_every_operation(
        |mut frame| {
            frame.payload.clear();
            vec![frame]
        },
        length(0),
    );
    check_every_operation(
        |mut frame| {
            frame.payload.extend([0; 8]);
            vec![frame]
        },
        length(88),
    );
    check_every_operation(
        |mut frame| {
            frame.payload = vec![0; MAX_PAYLOAD_BYTES + 1];
            vec![frame]
        },
        |from| Fault::Length {
            from,
            slot: slot(7, 0, 0),
            expected: MAX_PAYLOAD_BYTES,
            found: MAX_PAYLOAD_BYTES + 1,
        },
    );
}

#[test]
fn frames_at_places_that_do_not_exist_name_the_sender() {
    check_every_operation(
        |mut frame| {
            frame.slot.part = 1;
            vec![frame]
        },
        |from| Fault::Unexpected {
            from,
            slot: slot(7, 0, 1),
        },
    );
    check_every_operation(
        |mut frame| {
            frame.slot.step = 2;
            vec![frame]
        },
        |from| Fault::Unexpected {
            from,
            slot: slot(7, 2, 0),
        },
    );
    // The answer of a king by one that is not.
    check_every_operation(
        |mut frame| {
            frame.slot.step = 1;
            vec![frame]
        },
        |from| Fault::Unexpected {
            from,
            slot: slot(7, 1, 0),
        },
    );
}

#[test]
fn a_frame_sent_twice_names_the_sender() {
    for n in SIZES {
        let committee = committee(n);
        let x = inputs(committee, &values(10, 1));
        let cheat = party(n);
        let place = slot(7, 0, 0);
        for start in operations() {
            let mut outcomes = Vec::new();
            for order in 0..40 {
                let mut network = Network::new(committee, order);
                edit(&mut network, cheat, place, |frame| {
                    vec![frame.clone(), frame]
                });
                start(&mut network, &x);
                let (_, fault) = network.run().expect_err("the copy is noticed");
                assert_eq!(fault.culprits(), [cheat]);
                outcomes.push(fault);
            }
            // Whether the operation is still running when the copy comes depends on the order.
            let duplicate = Fault::Duplicate {
                from: cheat,
                slot: place,
            };
            let stale = Fault::Stale {
                from: cheat,
                slot: place,
            };
            assert!(
                outcomes
                    .iter()
                    .all(|fault| *fault == duplicate || *fault == stale)
            );
            assert!(outcomes.contains(&stale) || outcomes.contains(&duplicate));
        }
    }
}

#[test]
fn a_frame_replayed_after_its_operation_is_stale() {
    let committee = committee(3);
    let x = inputs(committee, &values(10, 1));
    let mut network = Network::new(committee, 0);
    open(&mut network, 0, &x);
    network.collect();
    let recorded = network.in_flight.clone();
    network.run().expect("an honest run");
    let frame = &recorded[0];
    let engine = &mut network.engines[frame.to.index()];
    let stale = Fault::Stale {
        from: frame.from,
        slot: frame.slot,
    };
    assert_eq!(
        engine.handle(frame.from, frame.slot, &frame.payload),
        Err(stale.clone())
    );
    // Dead from here on, with the same answer.
    assert_eq!(engine.fault(), Some(&stale));
    assert_eq!(
        engine.handle(party(9), slot(1, 0, 0), &[]),
        Err(stale.clone())
    );
    assert_eq!(
        engine.start_random_bits(1, BATCH, 10),
        Err(Error::Fault(stale.clone()))
    );
    assert_eq!(engine.start_random(2, 10), Err(Error::Fault(stale)));
    assert!(engine.next_send().is_none());
    assert!(engine.take_finished().is_none());
}

#[test]
fn a_frame_moved_to_another_operation_is_noticed_there() {
    let committee = committee(3);
    let x = inputs(committee, &values(10, 1));
    let y = inputs(committee, &values(4, 1));
    let mut network = Network::new(committee, 0);
    let cheat = party(2);
    edit(&mut network, cheat, slot(0, 0, 0), |mut frame| {
        frame.slot.op = 1;
        vec![frame]
    });
    open(&mut network, 0, &x);
    open(&mut network, 1, &y);
    let (_, fault) = network.run().expect_err("the frame does not fit");
    assert_eq!(fault.culprits(), [cheat]);
}

#[test]
fn a_wrong_share_in_an_opening_is_detected_and_names_nobody() {
    for n in SIZES {
        let committee = committee(n);
        let x = inputs(committee, &values(CHUNK_LEN + 3, 1));
        for (part, index) in [(0, 0), (0, CHUNK_LEN - 1), (1, 2)] {
            let mut network = Network::new(committee, 0);
            edit(
                &mut network,
                party(2),
                slot(0, 0, part),
                move |mut frame| {
                    add(&mut frame, index, 1);
                    vec![frame]
                },
            );
            open(&mut network, 0, &x);
            let (_, fault) = network.run().expect_err("the shares are inconsistent");
            let index = part as usize * CHUNK_LEN + index;
            assert_eq!(fault, Fault::Inconsistent { op: 0, index });
            assert!(fault.culprits().is_empty());
        }
    }
}

#[test]
fn wrong_shares_to_one_receiver_stop_that_receiver() {
    // Equivocation: the others see consistent shares, and never a wrong value.
    for n in SIZES {
        let committee = committee(n);
        let plain = values(5, 1);
        let x = inputs(committee, &plain);
        let mut network = Network::new(committee, 0);
        let (cheat, victim) = (party(n), party(1));
        edit(&mut network, cheat, slot(0, 0, 0), move |mut frame| {
            if frame.to == victim {
                add(&mut frame, 4, 77);
            }
            vec![frame]
        });
        open(&mut network, 0, &x);
        let mut stopped = Vec::new();
        loop {
            match network.deliver_one() {
                Ok(true) => {}
                Ok(false) => break,
                Err((receiver, fault)) => {
                    assert_eq!(fault, Fault::Inconsistent { op: 0, index: 4 });
                    stopped.push(receiver);
                }
            }
        }
        assert_eq!(stopped, [victim]);
        for engine in &mut network.engines[1..] {
            let Some((0, Finished::Opened(opened))) = engine.take_finished() else {
                panic!("the others opened");
            };
            assert_eq!(*opened, plain);
        }
    }
}

#[test]
fn a_king_that_sends_different_roots_is_found_by_the_checkpoints() {
    for n in SIZES {
        let committee = committee(n);
        let len = usize::from(n) * BITS_CHUNK_LEN;
        let part = 1;
        let king = cost::king(committee, part);
        let mut network = Network::new(committee, 0);
        // The other root of the same square: every message looks right by itself.
        edit(&mut network, king, slot(0, 1, part), |mut frame| {
            if frame.to.number() == 1 {
                let word: [u8; 8] = frame.payload[..8].try_into().expect("eight bytes");
                let root = M61::from_bytes(word).expect("canonical");
                frame.payload[..8].copy_from_slice(&(-root).to_bytes());
            }
            vec![frame]
        });
        network.start(|engine, _| engine.start_random_bits(0, BATCH, len));
        network.run().expect("the roots pass by themselves");
        network.start(|engine, _| engine.start_verify(BATCH));
        let (receiver, fault) = network.run().expect_err("the roots differ");
        let Fault::Disagreement { op: BATCH, with } = fault else {
            panic!("{fault:?}");
        };
        assert!(receiver == party(1) || with == party(1));
        assert!(fault.culprits().is_empty());
    }
}

#[test]
fn a_king_that_sends_a_zero_or_broken_root_is_named() {
    for n in SIZES {
        let committee = committee(n);
        let len = 2 * BITS_CHUNK_LEN;
        let place = slot(0, 1, 1);
        let king = cost::king(committee, 1);
        let run = |change: fn(&mut Delivery)| {
            let mut network = Network::new(committee, 0);
            edit(&mut network, king, place, move |mut frame| {
                change(&mut frame);
                vec![frame]
            });
            network.start(|engine, _| engine.start_random_bits(0, BATCH, len));
            network.run().expect_err("the root is refused").1
        };
        let index = 9;
        let zero = run(|frame| frame.payload[72..80].fill(0));
        assert_eq!(
            zero,
            Fault::ZeroRoot {
                from: king,
                slot: place,
                index
            }
        );
        assert_eq!(zero.culprits(), [king]);
        let broken = run(|frame| frame.payload[72..80].fill(0xff));
        assert_eq!(
            broken,
            Fault::NonCanonical {
                from: king,
                slot: place,
                index
            }
        );
    }
}

#[test]
fn a_square_without_a_root_restarts_the_session() {
    // A wrong term makes the sum of squares a non-square half of the time, and the king notices.
    let committee = committee(3);
    let mut noticed = 0;
    for seed in 0..40 {
        let mut network = Network::new(committee, seed);
        edit(&mut network, party(2), slot(0, 0, 0), |mut frame| {
            add(&mut frame, 3, 1);
            vec![frame]
        });
        network.start(|engine, _| engine.start_random_bits(0, BATCH, 5));
        if let Err((receiver, fault)) = network.run() {
            assert_eq!(receiver, cost::king(committee, 0));
            assert_eq!(fault, Fault::NoRoot { op: 0, index: 3 });
            assert!(fault.culprits().is_empty());
            noticed += 1;
        }
    }
    assert!((5..=35).contains(&noticed));
}

#[test]
fn a_zero_square_restarts_the_session() {
    // The king's own square and the others' cancel: only an adversary that knows everything, like
    // this test, can do that.
    let committee = committee(3);
    let king = cost::king(committee, 0);
    let sum = |seeds: u64| {
        let mut network = Network::<M61>::new(committee, seeds);
        network.start(|engine, _| engine.start_random_bits(0, BATCH, 1));
        network.run().expect("an honest run");
        // c = 1 / s^2 for the root s that the king sent; read it off a second, equal run.
        let mut network = Network::new(committee, seeds);
        let root = std::rc::Rc::new(std::cell::Cell::new(M61::ZERO));
        let seen = root.clone();
        edit(&mut network, king, slot(0, 1, 0), move |frame| {
            let word = frame.payload[..8].try_into().expect("eight bytes");
            seen.set(M61::from_bytes(word).expect("canonical"));
            vec![frame]
        });
        network.start(|engine, _| engine.start_random_bits(0, BATCH, 1));
        network.run().expect("an honest run");
        root.get().square().inverse().expect("roots are not zero")
    };
    let square = sum(4);
    let mut network = Network::new(committee, 4);
    edit(&mut network, party(3), slot(0, 0, 0), move |mut frame| {
        add(&mut frame, 0, M61::MODULUS - square.value());
        vec![frame]
    });
    network.start(|engine, _| engine.start_random_bits(0, BATCH, 1));
    let (receiver, fault) = network.run().expect_err("zero has no root");
    assert_eq!((receiver, fault), (king, Fault::NoRoot { op: 0, index: 0 }));
}

#[test]
fn a_wrong_product_is_a_sharing_of_the_product_and_an_error_until_it_is_verified() {
    let committee = committee(3);
    let plain = values(4, 1);
    let x = inputs(committee, &plain);
    let mut network = Network::new(committee, 0);
    edit(&mut network, party(2), slot(0, 0, 0), |mut frame| {
        add(&mut frame, 0, 1);
        vec![frame]
    });
    network.start(|engine, k| square(engine, 0, &x[k]));
    network.run().expect("nobody notices");
    let products = network.take_wires(0);
    let honest = [party(1), party(3)].map(|party| party.point());
    let product = |k: usize| {
        shamir::reconstruct(&honest, &[products[0][k], products[2][k]]).expect("two points")
    };
    assert_ne!(product(0), plain[0].square());
    assert_eq!(product(1), plain[1].square());
    network.start(|engine, _| engine.start_verify(BATCH));
    let (_, fault) = network.run().expect_err("verification notices");
    assert!(matches!(fault, Fault::Inconsistent { op: BATCH, .. }));
    assert!(fault.culprits().is_empty());
}

#[test]
fn strangers_and_frames_from_oneself_are_refused() {
    let committee = committee(3);
    for from in [party(1), party(4)] {
        let mut network = Network::<M61>::new(committee, 0);
        let place = slot(0, 0, 0);
        let refused = network.engines[0].handle(from, place, &[0; 8]);
        assert_eq!(refused, Err(Fault::Unexpected { from, slot: place }));
    }
}

#[test]
fn early_frames_are_bounded_for_each_peer() {
    let committee = committee(3);
    let frame = [0; 100];
    let limit = 3 * (frame.len() + FRAME_OVERHEAD_BYTES);
    let mut network = Network::new(committee, 0);
    let engine = network.engines.remove(0).with_early_limit(limit);
    let mut engine: Engine = engine;
    for op in 0..3 {
        for from in [party(2), party(3)] {
            engine
                .handle(from, slot(op, 0, 0), &frame)
                .expect("within the bound");
        }
    }
    let from = party(3);
    let overflow = engine.handle(from, slot(0, 0, 9), &frame);
    let overflow = overflow.expect_err("beyond the bound");
    assert_eq!(overflow, Fault::EarlyOverflow { from, limit });
    // A silent third party may have held us back, so nobody is named.
    assert_eq!(overflow.culprits(), []);
}

#[test]
fn starting_an_operation_frees_and_checks_its_early_frames() {
    let committee = committee(3);
    let x = inputs(committee, &values(4, 1));
    let new_engine = || {
        let mut network = Network::new(committee, 0);
        network
            .engines
            .remove(0)
            .with_early_limit(32 + FRAME_OVERHEAD_BYTES)
    };
    let mut engine = new_engine();
    for op in 0..5 {
        engine
            .handle(party(2), slot(op, 0, 0), &[0; 32])
            .expect("within the bound");
        engine
            .start_reshare(op, BATCH, x[0].clone())
            .expect("the early frame fits");
    }
    // Early frames are checked like others once their operation is known.
    let mut engine = new_engine();
    engine
        .handle(party(2), slot(0, 0, 0), &[0; 24])
        .expect("not known yet");
    let length = Fault::Length {
        from: party(2),
        slot: slot(0, 0, 0),
        expected: 32,
        found: 24,
    };
    let started = engine.start_reshare(0, BATCH, x[0].clone());
    assert_eq!(started, Err(Error::Fault(length)));
    // Local operations expect no frames.
    let mut engine = new_engine();
    engine
        .handle(party(2), slot(0, 0, 0), &[0; 8])
        .expect("not known yet");
    let unexpected = Fault::Unexpected {
        from: party(2),
        slot: slot(0, 0, 0),
    };
    assert_eq!(engine.start_random(0, 1), Err(Error::Fault(unexpected)));
}

#[test]
fn random_bytes_from_a_peer_never_panic() {
    let committee = committee(5);
    let x = inputs(committee, &values(3, 1));
    let mut rng = enigma_mpc::testing::TestRng::new(1);
    for seed in 0..300 {
        let mut network = Network::new(committee, seed);
        network.start(|engine, k| square(engine, 0, &x[k]));
        open(&mut network, 1, &x);
        network.start(|engine, _| engine.start_random_bits(2, BATCH, 3));
        network.start(|engine, k| engine.start_reshare(3, 98, x[k].clone()));
        network.start(|engine, k| {
            engine.start_multiply_by_kings(5, 97, vec![(x[k].clone(), x[k].clone())])
        });
        // Half of the time a verification is running, too.
        if seed % 2 == 0 {
            network.run().expect("an honest run");
            network.start(|engine, _| engine.start_verify(BATCH));
        }
        let engine = &mut network.engines[0];
        for _ in 0..4 {
            let op = [0, 1, 2, 3, 4, 5, 98, BATCH, BATCH, BATCH][rng.below(10)];
            let place = slot(op, rng.below(10) as u8, rng.below(3) as u32);
            // Lengths that verifications expect, or any.
            let len = [rng.below(40), 8, 32, 64, 384, 368, 32 + 3 * 96, 64 + 3 * 96][rng.below(8)];
            let payload: Vec<u8> = (0..len).map(|_| rng.below(256) as u8).collect();
            let from = party(1 + rng.below(6) as u8);
            if engine.handle(from, place, &payload).is_err() {
                break;
            }
        }
    }
}
