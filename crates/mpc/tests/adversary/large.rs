//! Frames of committees that deal random values, edited: random values, bits, and products through kings that
//! deal.

use super::*;

const N: u8 = 11;
/// The step of what is dealt for bits and for products through kings.
const DEALT: u8 = 2;

type Start = fn(&mut Network);

/// Starts an operation that uses random values, as number 7: one of what is dealt has four elements.
fn start_random(network: &mut Network) {
    network.start(|engine, _| engine.start_random(7, 24));
}

fn start_bits(network: &mut Network) {
    network.start(|engine, _| engine.start_random_bits(7, BATCH, 24));
}

fn start_products(network: &mut Network) -> Vec<M61> {
    kings::multiply_by_kings(network, 4)
}

#[test]
fn dealt_points_that_do_not_fit_name_their_sender() {
    let starts: [(Start, u8); 3] = [
        (start_random, 0),
        (start_bits, DEALT),
        (|network| drop(start_products(network)), DEALT),
    ];
    let edits: [(Edit, Found); 4] = [
        (
            |mut frame| {
                frame.slot.part += 1;
                vec![frame]
            },
            |from, slot| Fault::Unexpected {
                from,
                slot: Slot {
                    part: slot.part + 1,
                    ..slot
                },
            },
        ),
        (
            |mut frame| {
                frame.slot.step = 3;
                vec![frame]
            },
            |from, slot| Fault::Unexpected {
                from,
                slot: Slot { step: 3, ..slot },
            },
        ),
        // Instead of those who are sent points, somebody who derives them.
        (
            |mut frame| {
                frame.to = party(1 + frame.from.number() % N);
                vec![frame]
            },
            |from, slot| Fault::Unexpected { from, slot },
        ),
        (
            |frame| vec![frame.clone(), frame],
            |from, slot| Fault::Duplicate { from, slot },
        ),
    ];
    let cheat = party(2);
    for (start, step) in starts {
        let place = slot(7, step, 0);
        for (number, (change, expected)) in MALFORMED.into_iter().chain(edits).enumerate() {
            let mut network = Network::new(committee(N), number as u64);
            edit(&mut network, cheat, place, change);
            start(&mut network);
            let (_, fault) = network.run().expect_err("the edit is noticed");
            assert_eq!(fault.culprits(), [cheat], "{number}: {fault:?}");
            let stale = Fault::Stale {
                from: cheat,
                slot: place,
            };
            // Whether the operation is still running when a copy comes depends on the order.
            assert!(
                fault == expected(cheat, place) || number == 5 && fault == stale,
                "{number}: {fault:?}"
            );
        }
    }
}

#[test]
fn kings_that_deal_are_heard_by_those_they_send_points_to_and_not_before_their_turn() {
    let committee = committee(N);
    for from in committee.parties() {
        let part = u32::from(from.number()) - 1;
        for to in committee.others(from) {
            // Before the masks are here: no honest king can know a sum.
            let mut network = Network::new(committee, 1);
            start_products(&mut network);
            let place = slot(7, 1, part);
            let unexpected = Err(Fault::Unexpected { from, slot: place });
            let engine = &mut network.engines[to.index()];
            assert_eq!(engine.handle(from, place, &[0; 32]), unexpected);
        }
    }
}

#[test]
fn wrong_dealings_terms_and_points_add_an_error_until_verification_finds_it() {
    // Who cheats, at which step, and towards whom: what is dealt for masks, terms of the first chunk, and points
    // of its king.
    let lies: [(u8, u8, Option<u8>); 4] = [
        (2, DEALT, Some(1)),
        (2, 0, None),
        (1, 1, None),
        (1, 1, Some(9)),
    ];
    let committee = committee(N);
    for (cheat, step, victim) in lies {
        let cheat = party(cheat);
        let mut network = Network::new(committee, 5);
        edit(&mut network, cheat, slot(7, step, 0), move |mut frame| {
            if victim.is_none_or(|victim| victim == frame.to.number()) {
                add(&mut frame, 1, 9);
            }
            vec![frame]
        });
        let plain = start_products(&mut network);
        network.run().expect("nobody notices");
        let products = network.take_wires(7);
        // Other elements are right: an error spreads to masks of the same place only.
        for (k, plain) in plain.iter().enumerate().filter(|(k, _)| k % 4 != 1) {
            let points: Vec<M61> = committee.parties().map(|party| party.point()).collect();
            let shares: Vec<M61> = products.iter().map(|wires| wires[k]).collect();
            let t = committee.degree();
            for some in [0..t + 1, t..2 * t + 1] {
                let value = shamir::reconstruct(&points[some.clone()], &shares[some]);
                assert_eq!(value, Ok(plain.square()));
            }
        }
        network.start(|engine, _| engine.start_verify(BATCH));
        let (_, fault) = network.run().expect_err("verification notices");
        assert!(matches!(
            fault,
            Fault::Inconsistent { op: BATCH, .. } | Fault::Rejected { op: BATCH }
        ));
        assert!(fault.culprits().is_empty());
    }
}

#[test]
fn roots_before_our_shares_of_squares_name_the_king() {
    let committee = committee(N);
    let mut network = Network::new(committee, 5);
    start_bits(&mut network);
    let place = slot(7, 1, 0);
    let king = cost::king(committee, 0);
    let taken = network.engines[4].handle(king, place, &[1; 32]);
    let unexpected = Fault::Unexpected {
        from: king,
        slot: place,
    };
    assert_eq!(taken, Err(unexpected));
}

#[test]
fn a_silent_dealer_is_waited_for() {
    let committee = committee(N);
    let silent = party(2);
    let mut network = Network::new(committee, 0);
    edit(&mut network, silent, slot(7, DEALT, 0), |_| Vec::new());
    start_products(&mut network);
    network.run().expect("silence is no fault");
    for steps in 1..=committee.degree() {
        let waiting = committee.after(silent, committee.len() - steps);
        assert_eq!(network.engines[waiting.index()].waiting_for(7), [silent]);
    }
}
