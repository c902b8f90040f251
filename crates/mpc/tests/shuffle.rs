//! The secret shuffle as its users see it: what it gives, what it costs, what may be opened when; and
//! parties that cheat in it.

use std::cell::Cell;
use std::collections::BTreeMap;
use std::rc::Rc;

use enigma_field::{Committee, M61, Party};
use enigma_mpc::testing::{Delivery, Network, bare, reconstruct, share, values};
use enigma_mpc::{
    CHUNK_LEN, Engine, Error, Finished, HEADER_BYTES, Misuse, OpCost, Slot, Wires, cost,
};

const SHUFFLE: u32 = 1;
const BACK: u32 = 2;
const OPEN: u32 = 3;
const BATCH: u32 = 9;

fn committee(n: u8) -> Committee {
    Committee::new(n).expect("an odd size")
}

/// Every party's shares of columns.
fn inputs(n: u8, columns: &[Vec<M61>]) -> Vec<Vec<Wires>> {
    let mut all = vec![Vec::new(); usize::from(n)];
    for (seed, column) in (0u64..).zip(columns) {
        for (party, shares) in all.iter_mut().zip(share(committee(n), column, seed)) {
            party.push(Wires::input(shares));
        }
    }
    all
}

fn shuffle(network: &mut Network, inputs: &[Vec<Wires>]) {
    network.start(|engine, k| engine.start_shuffle(SHUFFLE, BATCH, inputs[k].clone()));
}

/// Rows, given by columns one after the other.
fn rows(values: &[M61], rows: usize) -> Vec<Vec<u64>> {
    let row = |k| {
        values
            .iter()
            .skip(k)
            .step_by(rows)
            .map(|x| x.value())
            .collect()
    };
    (0..rows).map(row).collect()
}

fn sorted(mut rows: Vec<Vec<u64>>) -> Vec<Vec<u64>> {
    rows.sort_unstable();
    rows
}

fn assert_traffic(engine: &Engine, predicted: OpCost) {
    assert_eq!(engine.counters().bytes_sent, predicted.bytes());
    assert_eq!(engine.counters().frames_sent, predicted.frames);
}

#[test]
fn rows_come_in_another_order_and_go_back() {
    let chunks = CHUNK_LEN / 2;
    for (n, lens) in [
        (3, &[0, 1, 2, 100, chunks, chunks + 1][..]),
        (5, &[1, 50, chunks + 1]),
        (7, &[1, 20]),
    ] {
        for &len in lens {
            let columns = [values(len, 1), values(len, 2)];
            let inputs = inputs(n, &columns);
            let mut network = Network::new(committee(n), len as u64);
            shuffle(&mut network, &inputs);
            network.run().expect("an honest run");
            let shuffled = network.take_wires(SHUFFLE);
            let once = cost::shuffle::<M61>(committee(n), 2 * len);
            let way_back = cost::unshuffle::<M61>(committee(n), 2 * len);
            network
                .engines
                .iter()
                .for_each(|engine| assert_traffic(engine, once));

            let before = rows(&columns.concat(), len);
            let after = rows(&reconstruct(committee(n), &bare(&shuffled)), len);
            assert_eq!(
                before != after,
                len > 2 || (len == 2 && before[0] == after[1])
            );
            assert_eq!(sorted(before.clone()), sorted(after));

            network.start(|engine, k| {
                let column = |c| shuffled[k].part(c * len..(c + 1) * len);
                engine.start_unshuffle(BACK, BATCH, SHUFFLE, vec![column(0), column(1)])
            });
            network.run().expect("an honest run");
            let back = network.take_wires(BACK);
            assert_eq!(rows(&reconstruct(committee(n), &bare(&back)), len), before);

            network.start(|engine, _| engine.start_verify(BATCH));
            network.run().expect("everybody accepts");
            let phases = [3, 10, 35][usize::from(n) / 2 - 1];
            let mut all = once + way_back;
            all += cost::verify::<M61>(committee(n), 2 * phases * len);
            network
                .engines
                .iter()
                .for_each(|engine| assert_traffic(engine, all));
        }
    }
}

#[test]
fn what_a_shuffle_sends_is_what_the_design_says() {
    for (n, rounds, back, per_row) in [(3, 2, 3, 2), (5, 10, 10, 12), (7, 35, 35, 60)] {
        let cost = cost::shuffle::<M61>(committee(n), 1000);
        let unshuffle = cost::unshuffle::<M61>(committee(n), 1000);
        assert_eq!(
            unshuffle,
            OpCost {
                rounds: back,
                ..cost
            }
        );
        assert_eq!((cost.rounds, cost.payload_bytes), (rounds, per_row * 8000));
        assert_eq!(
            cost.bytes() - cost.payload_bytes,
            per_row * HEADER_BYTES as u64
        );
        assert_eq!(cost::shuffle::<M61>(committee(n), 0), OpCost::default());
    }
}

type Start = dyn Fn(&mut Engine, Vec<Wires>) -> Result<(), Error>;

#[test]
fn what_does_not_fit_is_refused() {
    let refused = |n: u8, start: &Start| {
        let inputs = inputs(n, &[values(4, 1), values(4, 2)]);
        let mut network = Network::new(committee(n), 0);
        let Err(Error::Misuse(misuse)) = start(&mut network.engines[0], inputs[0].clone()) else {
            panic!("it was started");
        };
        misuse
    };
    let shuffle = |engine: &mut Engine, columns| engine.start_shuffle(SHUFFLE, BATCH, columns);
    assert_eq!(refused(9, &shuffle), Misuse::ShuffleCommittee { n: 9 });
    let uneven = |engine: &mut Engine, columns: Vec<Wires>| {
        engine.start_shuffle(
            SHUFFLE,
            BATCH,
            vec![columns[0].clone(), columns[1].part(0..3)],
        )
    };
    assert_eq!(refused(3, &uneven), Misuse::Lengths { left: 4, right: 3 });
    let back = |engine: &mut Engine, columns: Vec<Wires>| {
        engine.start_shuffle(SHUFFLE, BATCH, vec![columns[0].part(0..3)])?;
        engine.start_unshuffle(BACK, BATCH, SHUFFLE, columns)
    };
    assert_eq!(refused(3, &back), Misuse::NoShuffle { of: SHUFFLE });
    let unknown =
        |engine: &mut Engine, columns| engine.start_unshuffle(BACK, BATCH, SHUFFLE, columns);
    assert_eq!(refused(3, &unknown), Misuse::NoShuffle { of: SHUFFLE });
    let twice = |engine: &mut Engine, columns: Vec<Wires>| {
        engine.start_shuffle(SHUFFLE, BATCH, columns.clone())?;
        engine.start_shuffle(SHUFFLE, BATCH, columns)
    };
    assert_eq!(refused(3, &twice), Misuse::OpReused { op: SHUFFLE });
}

#[test]
fn nothing_shuffled_is_opened_before_its_batch_is_accepted() {
    let inputs = inputs(3, &[values(4, 1)]);
    let mut network = Network::new(committee(3), 0);
    shuffle(&mut network, &inputs);
    network.run().expect("an honest run");
    let shuffled = network.take_wires(SHUFFLE);
    let not_yet = Misuse::NotVerified { batch: BATCH };
    for (engine, wires) in network.engines.iter().zip(&shuffled) {
        assert_eq!(engine.verified(wires.clone()).map(|_| ()), Err(not_yet));
        // Nor what was computed from it.
        let sum = Wires::computed([wires[0] + wires[1]].into_iter().collect(), [wires]);
        assert_eq!(engine.verified(sum).map(|_| ()), Err(not_yet));
    }
    network.start(|engine, _| engine.start_verify(BATCH));
    // One party has not accepted yet.
    network.tamper = Some(Box::new(|frame| {
        let last = frame.payload.len() == 64 && frame.from.number() == 3;
        if last { Vec::new() } else { vec![frame] }
    }));
    network.run().expect("they wait");
    for (engine, wires) in network.engines[..2].iter().zip(&shuffled) {
        assert_eq!(engine.verified(wires.clone()).map(|_| ()), Err(not_yet));
    }
}

type Edit = fn(&mut Delivery);

#[test]
fn what_is_not_expected_names_its_sender() {
    // Phases of three parties: {2, 3}, {1, 3}, {1, 2}; dealers send to the party before them.
    let cases: [(Slot, Edit); 5] = [
        (slot(0, 0), |frame| frame.slot.step = 3),
        (slot(0, 0), |frame| frame.slot.step = 1),
        (slot(2, 0), |frame| frame.slot.part = 1),
        (slot(2, 0), |frame| frame.payload.truncate(31)),
        (slot(0, 0), |frame| frame.payload[7] = 0xff),
    ];
    for (place, edit) in cases {
        let inputs = inputs(3, &[values(4, 1)]);
        let mut network = Network::new(committee(3), 0);
        let done = Rc::new(Cell::new(false));
        let seen = done.clone();
        network.tamper = Some(Box::new(move |mut frame| {
            if frame.from.number() == 2 && frame.slot == place {
                seen.set(true);
                edit(&mut frame);
            }
            vec![frame]
        }));
        shuffle(&mut network, &inputs);
        let (_, fault) = network.run().expect_err("it is refused");
        assert!(done.get());
        assert_eq!(
            fault.culprits(),
            [Party::new(2).expect("a party")],
            "{fault}"
        );
    }
}

const fn slot(step: u8, part: u32) -> Slot {
    let op = SHUFFLE;
    Slot { op, step, part }
}

#[test]
fn a_silent_member_is_waited_for() {
    for n in [3, 5] {
        for silent in committee(n).parties() {
            let inputs = inputs(n, &[values(4, 1)]);
            let mut network = Network::new(committee(n), 0);
            network.tamper = Some(Box::new(move |frame| {
                if frame.from == silent {
                    Vec::new()
                } else {
                    vec![frame]
                }
            }));
            shuffle(&mut network, &inputs);
            network.run().expect("they wait");
            let waited: Vec<Vec<Party>> = (network.engines.iter())
                .map(|engine| engine.waiting_for_any())
                .collect();
            assert!(waited.iter().any(|parties| parties.contains(&silent)));
        }
    }
}

#[test]
fn all_orders_of_four_rows_come_equally_often() {
    let column: Vec<M61> = (0..4).map(M61::new).collect();
    let inputs = inputs(3, &[column]);
    let mut counts: BTreeMap<Vec<u64>, u32> = BTreeMap::new();
    let draws = 2400u32;
    for seed in 0..u64::from(draws) / 8 {
        let mut network = Network::new(committee(3), seed);
        for op in 0..8 {
            network.start(|engine, k| engine.start_shuffle(op, BATCH, inputs[k].clone()));
            network.run().expect("an honest run");
            let order = reconstruct(committee(3), &bare(&network.take_wires(op)));
            let order = order.iter().map(|x| x.value()).collect();
            *counts.entry(order).or_default() += 1;
        }
    }
    assert_eq!(counts.len(), 24);
    let expected = f64::from(draws) / 24.0;
    let chi: f64 = (counts.values())
        .map(|count| (f64::from(*count) - expected).powi(2) / expected)
        .sum();
    // 23 degrees of freedom: above 58.6 with probability below 2^-14.
    assert!(chi < 58.6, "chi-square {chi}");
}

#[test]
fn a_shuffle_and_its_opening_go_together() {
    let column: Vec<M61> = (0..100).map(M61::new).collect();
    for n in [3, 5, 7] {
        let inputs = inputs(n, std::slice::from_ref(&column));
        let mut network = Network::new(committee(n), 1);
        shuffle(&mut network, &inputs);
        network.run().expect("an honest run");
        let shuffled = network.take_wires(SHUFFLE);
        network.start(|engine, _| engine.start_verify(BATCH));
        network.run().expect("everybody accepts");
        network.take(BATCH);
        network.start(|engine, k| {
            let verified = engine.verified(shuffled[k].clone())?;
            engine.start_open(OPEN, verified)
        });
        network.run().expect("an honest run");
        for finished in network.take(OPEN) {
            let Finished::Opened(opened) = finished else {
                panic!("not opened");
            };
            let mut all: Vec<u64> = opened.iter().map(|x| x.value()).collect();
            assert!(!all.is_sorted());
            all.sort_unstable();
            assert!(all.into_iter().eq(0..100));
        }
    }
}
