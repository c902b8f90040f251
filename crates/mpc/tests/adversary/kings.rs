//! Frames of products through kings, edited.

use super::*;

/// Starts products through kings as number 7, `per_king` results for each party.
pub(crate) fn multiply_by_kings(network: &mut Network, per_king: usize) -> Vec<M61> {
    let committee = network.committee();
    let plain = values(per_king * committee.len(), 1);
    let x = inputs(committee, &plain);
    network.start(|engine, k| {
        engine.start_multiply_by_kings(7, BATCH, vec![(x[k].clone(), x[k].clone())])
    });
    plain
}

#[test]
fn terms_and_sums_that_do_not_fit_name_their_sender() {
    let edits: [(Edit, Found); 5] = [
        (
            |mut frame| {
                frame.payload.extend([0; 8]);
                vec![frame]
            },
            |from, slot| Fault::Length {
                from,
                slot,
                expected: 32,
                found: 40,
            },
        ),
        (
            |mut frame| {
                frame.slot.step = 2;
                vec![frame]
            },
            |from, slot| Fault::Unexpected {
                from,
                slot: Slot { step: 2, ..slot },
            },
        ),
        // There is no such chunk.
        (
            |mut frame| {
                frame.slot.part += 100;
                vec![frame]
            },
            |from, slot| Fault::Unexpected {
                from,
                slot: Slot {
                    part: slot.part + 100,
                    ..slot
                },
            },
        ),
        // The chunk of the next king, who is told no sums by this one, and gets no terms of this chunk.
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
            |frame| vec![frame.clone(), frame],
            |from, slot| Fault::Duplicate { from, slot },
        ),
    ];
    for n in SIZES {
        let committee = committee(n);
        // Of the first chunk: terms of party 2 to party 1, sums of party 1.
        for (cheat, step) in [(party(2), 0), (party(1), 1)] {
            let place = slot(7, step, 0);
            for (number, (change, expected)) in MALFORMED.into_iter().chain(edits).enumerate() {
                for order in 0..4 {
                    let mut network = Network::new(committee, order);
                    edit(&mut network, cheat, place, change);
                    multiply_by_kings(&mut network, 4);
                    let (_, fault) = network.run().expect_err("the edit is noticed");
                    assert_eq!(fault.culprits(), [cheat], "{number}: {fault:?}");
                    let stale = Fault::Stale {
                        from: cheat,
                        slot: place,
                    };
                    // Whether the operation is still running when a copy comes depends on the order.
                    assert!(fault == expected(cheat, place) || number == 6 && fault == stale);
                }
            }
        }
    }
}

#[test]
fn sums_are_told_by_their_king_to_those_outside_its_set_only() {
    for n in SIZES {
        let committee = committee(n);
        for from in committee.parties() {
            for to in committee.others(from) {
                for part in 0..u32::from(n) {
                    let mut network = Network::new(committee, 1);
                    multiply_by_kings(&mut network, 2);
                    let told = (1..=committee.degree()).any(|steps| {
                        cost::king(committee, part) == from && committee.after(from, steps) == to
                    });
                    let place = slot(7, 1, part);
                    let engine = &mut network.engines[to.index()];
                    let taken = engine.handle(from, place, &[0; 16]);
                    let unexpected = Fault::Unexpected { from, slot: place };
                    assert_eq!(taken, if told { Ok(()) } else { Err(unexpected) });
                    // Terms go to the chunk's king.
                    let mut network = Network::new(committee, 1);
                    multiply_by_kings(&mut network, 2);
                    let place = slot(7, 0, part);
                    let engine = &mut network.engines[to.index()];
                    let taken = engine.handle(from, place, &[0; 16]);
                    let unexpected = Fault::Unexpected { from, slot: place };
                    let fits = cost::king(committee, part) == to;
                    assert_eq!(taken, if fits { Ok(()) } else { Err(unexpected) });
                }
            }
        }
    }
}

#[test]
fn wrong_terms_and_sums_add_an_error_until_verification_finds_it() {
    // Each: who cheats, at which step of the first chunk, towards whom.
    let lies: [(u8, u8, Option<u8>); 3] = [(2, 0, None), (1, 1, None), (1, 1, Some(2))];
    for n in SIZES {
        let committee = committee(n);
        for (cheat, step, victim) in lies {
            let cheat = party(cheat);
            let mut network = Network::new(committee, 5);
            edit(&mut network, cheat, slot(7, step, 0), move |mut frame| {
                if victim.is_none_or(|victim| victim == frame.to.number()) {
                    add(&mut frame, 1, 9);
                }
                vec![frame]
            });
            let plain = multiply_by_kings(&mut network, 2);
            network.run().expect("nobody notices");
            let products = network.take_wires(7);
            // Any t + 1 honest parties have shares of one value; only the one lied about is wrong.
            let honest: Vec<Party> = committee.others(cheat).collect();
            for some in honest.windows(committee.degree() + 1) {
                let points: Vec<M61> = some.iter().map(|party| party.point()).collect();
                for (k, plain) in plain.iter().enumerate() {
                    let shares: Vec<M61> = some
                        .iter()
                        .map(|party| products[party.index()][k])
                        .collect();
                    let value = shamir::reconstruct(&points, &shares).expect("distinct points");
                    assert!(k == 1 || value == plain.square(), "n = {n}, element {k}");
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
}

#[test]
fn a_silent_king_is_waited_for() {
    for n in SIZES {
        let committee = committee(n);
        let silent = party(2);
        let mut network = Network::new(committee, 0);
        edit(&mut network, silent, slot(7, 1, 1), |_| Vec::new());
        multiply_by_kings(&mut network, 3);
        network.run().expect("silence is no fault");
        for other in committee.others(silent) {
            let told =
                (1..=committee.degree()).any(|steps| committee.after(silent, steps) == other);
            let engine = &network.engines[other.index()];
            let expected: &[Party] = if told { &[silent] } else { &[] };
            assert_eq!(engine.waiting_for(7), expected);
        }
    }
}
