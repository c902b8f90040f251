//! A session of three engines, one party of which sends what the bytes make of its frames.

use std::cell::RefCell;
use std::collections::VecDeque;
use std::rc::Rc;

use enigma_field::{Committee, M61, Party, Shares};
use enigma_mpc::testing::{Delivery, Network, share, values};
use enigma_mpc::{Engine, Fault, Finished, Wires};

/// Elements of each vector.
const LEN: usize = 5;
/// Numbers of the operations.
const BITS: u32 = 1;
const BITS_VERIFIED: u32 = 2;
const PRODUCTS: u32 = 3;
const OPENED_MASKED: u32 = 4;
const SAME: u32 = 5;
const PRODUCTS_VERIFIED: u32 = 6;
const OPENED: u32 = 7;

/// The first byte decides in which order frames arrive. Each frame of party 3 takes a byte that says
/// what becomes of it, and more where that is asked. The honest parties open the right values, or
/// find a fault, and name nobody but party 3.
pub fn session(bytes: &[u8]) {
    let (order, edits) = bytes.split_first().unwrap_or((&0, &[]));
    let committee = Committee::new(3).expect("an odd size");
    let corrupt = committee.party(3).expect("three parties");
    let edits: VecDeque<u8> = edits.iter().copied().collect();
    let edits = Rc::new(RefCell::new(edits));
    let mut network = Network::new(committee, u64::from(*order));
    network.tamper = Some(Box::new(move |frame: Delivery| {
        if frame.from == corrupt {
            edit(frame, &mut edits.borrow_mut())
        } else {
            vec![frame]
        }
    }));
    match compute(&mut network) {
        Ok(opened) => {
            let right: Vec<M61> = values::<M61>(LEN, 1).iter().map(|x| *x * *x).collect();
            for opened in opened {
                assert_eq!(opened, right, "no wrong value is accepted");
            }
        }
        Err(End::Silence) => {}
        Err(End::Fault(receiver, fault)) => {
            let named = fault.culprits();
            let blamed = named.iter().all(|party| *party == corrupt);
            assert!(receiver == corrupt || blamed, "{receiver:?}: {fault:?}");
        }
    }
}

/// Why a session did not come to its end.
enum End {
    /// A frame that is needed was not sent.
    Silence,
    Fault(Party, Fault),
}

/// Squares of some values, opened once under masks and once verified; what the honest parties opened
/// last.
fn compute(network: &mut Network) -> Result<Vec<Vec<M61>>, End> {
    let x: Vec<Shares> = share(network.committee(), &values(LEN, 1), 2);
    let blocks = M61::MODULUS.count_ones();
    let exponents: Vec<u32> = (0..blocks).collect();
    network.start(|engine, _| engine.start_random_bits(BITS, BITS_VERIFIED, LEN * exponents.len()));
    let bits = finish(network)?;
    network.start(|engine, _| engine.start_verify(BITS_VERIFIED));
    finish(network)?;
    network.start(|engine, party| {
        let x = Wires::input(x[party].clone());
        engine.start_multiply(PRODUCTS, PRODUCTS_VERIFIED, vec![(x.clone(), x)])
    });
    let squares = wires(finish(network)?);
    let mut masks = bits.into_iter().map(|bits| match bits {
        Finished::Bits(bits) => bits.into_masks(&exponents).expect("61 blocks of bits").1,
        other => unreachable!("not bits: {other:?}"),
    });
    network.start(|engine, party| {
        let mask = masks.next().expect("masks for every party");
        let mask = engine.verified(mask).expect("the bits were verified");
        engine.start_open_masked(OPENED_MASKED, &squares[party], mask)
    });
    finish(network)?;
    network.start(|engine, party| {
        engine.start_reshare(SAME, PRODUCTS_VERIFIED, squares[party].clone())
    });
    let same = wires(finish(network)?);
    network.start(|engine, _| engine.start_verify(PRODUCTS_VERIFIED));
    finish(network)?;
    network.start(|engine: &mut Engine, party| {
        let result = engine.verified(same[party].clone());
        engine.start_open(OPENED, result.expect("the products were verified"))
    });
    let opened = finish(network)?.into_iter().map(|opened| match opened {
        Finished::Opened(values) => values.into_inner(),
        other => unreachable!("not opened: {other:?}"),
    });
    // What party 3 opens for itself is nobody's concern.
    Ok(opened.take(2).collect())
}

/// Delivers everything, and takes what each party finished.
fn finish(network: &mut Network) -> Result<Vec<Finished>, End> {
    let ended = network.run();
    ended.map_err(|(receiver, fault)| End::Fault(receiver, fault))?;
    let finished = network.engines.iter_mut().map(Engine::take_finished);
    let finished: Option<Vec<_>> = finished.collect();
    let finished = finished.ok_or(End::Silence)?;
    Ok(finished.into_iter().map(|(_, result)| result).collect())
}

fn wires(finished: Vec<Finished>) -> Vec<Wires> {
    let wires = finished.into_iter().map(|finished| match finished {
        Finished::Wires(wires) => wires,
        other => unreachable!("not wires: {other:?}"),
    });
    wires.collect()
}

/// What becomes of a frame.
fn edit(mut frame: Delivery, edits: &mut VecDeque<u8>) -> Vec<Delivery> {
    let what = edits.pop_front().unwrap_or(0);
    let mut next = || edits.pop_front().map_or(0, usize::from);
    match what {
        // Most frames stay as they are, so that a session gets somewhere.
        0..200 => {}
        200..220 => {
            // Anywhere in the frame, but its length.
            let (place, flip) = (next() << 8 | next(), next() as u8);
            let len = frame.payload.len().max(1);
            if let Some(byte) = frame.payload.get_mut(place % len) {
                *byte ^= flip;
            }
        }
        220..226 => {
            let len = next() << 8 | next();
            frame.payload.resize(len, what);
        }
        226..230 => frame.slot.op = next() as u32,
        230..234 => frame.slot.step = next() as u8,
        234..238 => frame.slot.part = next() as u32,
        238..244 => return vec![frame.clone(), frame],
        244..250 => return Vec::new(),
        _ => {
            let first = frame.clone();
            frame.payload.reverse();
            return vec![first, frame];
        }
    }
    vec![frame]
}
