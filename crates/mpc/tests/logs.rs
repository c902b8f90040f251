//! Logs for localisation: what they hold, for how long, and how much.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::rc::Rc;

use enigma_field::{Committee, M61, Party};
use enigma_mpc::testing::{Delivery, Network, dealt_seeds, share, values};
use enigma_mpc::{Engine, Error, FRAME_OVERHEAD_BYTES, LinkWay, Misuse, Slot, Wires};

const MULTIPLY: u32 = 1;
const BITS: u32 = 2;
const BATCH: u32 = 99;
const LEN: usize = 300;

fn committee(n: u8) -> Committee {
    Committee::new(n).expect("an odd size")
}

fn inputs(committee: Committee) -> Vec<Wires> {
    let shares = share(committee, &values(LEN, 1), 2);
    shares.into_iter().map(Wires::input).collect()
}

/// A committee whose engines keep so many bytes.
fn identifying(committee: Committee, bytes: usize) -> Network {
    let parties = committee.parties().zip(dealt_seeds(committee, 3));
    let engines = parties.map(|(me, seeds)| Engine::new(committee, me, seeds).identifying(bytes));
    Network::with_engines(engines.collect(), 3)
}

fn multiply(engine: &mut Engine, op: u32, batch: u32, x: &Wires) -> Result<(), Error> {
    engine.start_multiply(op, batch, vec![(x.clone(), x.clone())])
}

/// Products and bits, and their verification as far as it comes.
fn run(network: &mut Network, x: &[Wires]) {
    network.start(|engine, k| {
        multiply(engine, MULTIPLY, BATCH, &x[k])?;
        engine.start_random_bits(BITS, BATCH, 50)
    });
    network.run().expect("nobody notices");
    network.start(|engine, _| engine.start_verify(BATCH));
    while !matches!(network.deliver_one(), Ok(false)) {}
}

type Frames = BTreeMap<(Slot, Party, Party), Vec<u8>>;

/// What a party's log says went over its links.
fn logged(engine: &Engine) -> Frames {
    let me = engine.me();
    let log = engine.link_log(BATCH).expect("it is kept");
    let frames = log.frames().map(|(way, other, slot, payload)| {
        let (from, to) = match way {
            LinkWay::Sent => (me, other),
            LinkWay::Received => (other, me),
        };
        ((slot, from, to), payload.to_vec())
    });
    frames.collect()
}

#[test]
fn logs_hold_what_went_over_every_link_from_the_first_operation_to_the_last_coin() {
    for n in [3, 5] {
        let committee = committee(n);
        let x = inputs(committee);
        let mut network = identifying(committee, 1 << 20);
        let seen: Rc<RefCell<Frames>> = Rc::default();
        let all = seen.clone();
        network.tamper = Some(Box::new(move |frame: Delivery| {
            let place = (frame.slot, frame.from, frame.to);
            all.borrow_mut().insert(place, frame.payload.clone());
            vec![frame]
        }));
        run(&mut network, &x);
        let mut seen = seen.borrow().clone();
        // Checkpoints, openings and acceptances are signed statements.
        let steps = seen.keys().filter(|(slot, ..)| slot.op == BATCH);
        let last = steps
            .map(|(slot, ..)| slot.step)
            .max()
            .expect("it was verified");
        seen.retain(|(slot, ..), _| slot.op != BATCH || (1..last - 1).contains(&slot.step));
        for engine in &network.engines {
            assert!(engine.fault().is_none());
            let me = engine.me();
            let mine = seen
                .iter()
                .filter(|((_, from, to), _)| *from == me || *to == me);
            let mine: Frames = mine
                .map(|(place, payload)| (*place, payload.clone()))
                .collect();
            assert_eq!(logged(engine), mine);
            // 8 bytes for each point of a product, both ways.
            let products = mine.iter().filter(|((slot, ..), _)| slot.op == MULTIPLY);
            let bytes: usize = products.map(|(_, payload)| payload.len()).sum();
            assert_eq!(bytes, 2 * committee.degree() * 8 * LEN);
        }
    }
}

#[test]
fn a_log_outlives_the_fault_that_it_is_for_and_does_not_print() {
    let committee = committee(3);
    let mut network = identifying(committee, 1 << 20);
    let cheat = committee.party(2).expect("a member");
    network.tamper = Some(Box::new(move |mut frame: Delivery| {
        if frame.from == cheat && frame.slot.op == MULTIPLY {
            let word = u64::from_le_bytes(*frame.payload.first_chunk().expect("an element"));
            let wrong = M61::new(word) + M61::ONE;
            frame.payload[..8].copy_from_slice(&wrong.to_bytes());
        }
        vec![frame]
    }));
    run(&mut network, &inputs(committee));
    for engine in &network.engines {
        assert!(
            engine
                .fault()
                .is_some_and(|fault| fault.culprits().is_empty())
        );
        let frames = logged(engine).len();
        let log = engine.link_log(BATCH).expect("it is kept");
        assert_eq!(
            format!("{log:?}"),
            format!("LinkLog({frames} frames, redacted)")
        );
    }
}

#[test]
fn nothing_is_kept_unless_asked_for() {
    let committee = committee(3);
    let mut network = Network::new(committee, 3);
    run(&mut network, &inputs(committee));
    assert!(
        network
            .engines
            .iter()
            .all(|engine| engine.fault().is_none())
    );
    assert!(
        network
            .engines
            .iter()
            .all(|engine| engine.link_log(BATCH).is_none())
    );
}

#[test]
fn logs_stay_below_their_limit_until_batches_are_forgotten() {
    let committee = committee(3);
    let x = inputs(committee);
    // One point sent and one received for each product.
    let limit = 2 * (8 * LEN + FRAME_OVERHEAD_BYTES);
    let mut network = identifying(committee, limit);
    network.start(|engine, k| multiply(engine, MULTIPLY, BATCH, &x[k]));
    network.run().expect("an honest run");
    let full = Err(Error::Misuse(Misuse::LogFull { limit }));
    let refused = multiply(&mut network.engines[0], 3, 98, &x[0]);
    assert_eq!(refused, full);
    // What has begun can be finished.
    network.start(|engine, _| engine.start_verify(BATCH));
    network.run().expect("honest parties accept");
    assert_eq!(multiply(&mut network.engines[0], 3, 98, &x[0]), full);
    network.start(|engine, k| {
        engine.forget_link_log(BATCH);
        multiply(engine, 3, 98, &x[k])
    });
    network.run().expect("an honest run");
    assert!(network.engines[0].link_log(BATCH).is_none());
}
