//! What parties sign about the links between them, and who is named when it is not so.

use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};
use std::rc::Rc;

use enigma_field::{M61, Party};
use enigma_mpc::testing::{Delivery, Forger, Network, Tamper, dealt_seeds, values};
use enigma_mpc::{Compare, Engine, Fault, LinkWay, Slot, Wires};

use super::{BATCH, SIZES, add, committee, inputs, party, slot};

const MULTIPLY: u32 = 1;
const SEED: u64 = 8;

/// Anchor and digest of openings, before the hashes of links.
const BEFORE_LINKS: usize = 64;

/// A batch of products and bits.
fn start(network: &mut Network, x: &[Wires]) {
    network.start(|engine, k| {
        let factors = vec![(x[k].clone(), x[k].clone())];
        engine.start_multiply(MULTIPLY, BATCH, factors)?;
        engine.start_random_bits(2, BATCH, 20)
    });
}

/// Runs the batch and its verification with this adversary, and gives the fault that each party saw.
fn faults(n: u8, on_the_way: bool, tamper: Tamper) -> Vec<Option<Fault>> {
    let committee = committee(n);
    let x = inputs(committee, &values(40, 1));
    let mut network = Network::new(committee, SEED);
    network.tamper = Some(tamper);
    network.on_the_way = on_the_way;
    start(&mut network, &x);
    network.run().expect("nobody notices");
    network.start(|engine, _| engine.start_verify(BATCH));
    while !matches!(network.deliver_one(), Ok(false)) {}
    let engines = network.engines.iter();
    engines.map(|engine| engine.fault().cloned()).collect()
}

/// What party `from` signed to the party's disadvantage.
fn link(from: Party, way: LinkWay) -> Option<Fault> {
    let op = BATCH;
    Some(Fault::Link { from, op, way })
}

/// Whoever is no end of the link sees that the two contradict each other.
fn check_others(faults: &[Option<Fault>], ends: [Party; 2]) {
    let parties = [ends[0].min(ends[1]), ends[0].max(ends[1])];
    let between = Fault::LinkBetween { parties, op: BATCH };
    assert!(between.culprits().is_empty());
    for (index, fault) in faults.iter().enumerate() {
        if ends.iter().all(|end| end.index() != index) {
            assert_eq!(fault.as_ref(), Some(&between));
        }
    }
}

#[test]
fn a_frame_that_changed_on_the_way_names_its_sender_to_the_receiver_alone() {
    for n in SIZES {
        let cheat = party(n);
        let receiver = committee(n).after(cheat, usize::from(n) - 1);
        let edit = move |mut frame: Delivery| {
            if frame.from == cheat && frame.to == receiver && frame.slot == slot(MULTIPLY, 0, 0) {
                add(&mut frame, 3, 1);
            }
            vec![frame]
        };
        let faults = faults(n, true, Box::new(edit));
        let seen = &faults[receiver.index()];
        assert_eq!(*seen, link(cheat, LinkWay::Sent));
        assert_eq!(seen.as_ref().map(Fault::culprits), Some(vec![cheat]));
        // To its sender the receiver is the liar.
        let seen = &faults[cheat.index()];
        assert_eq!(*seen, link(receiver, LinkWay::Received));
        check_others(&faults, [cheat, receiver]);
    }
}

#[test]
fn so_does_a_frame_of_the_verification_before_it_tells_anything() {
    for n in SIZES {
        for step in [2, 4] {
            let cheat = party(n);
            let receiver = committee(n).after(cheat, usize::from(n) - 1);
            let edit = move |mut frame: Delivery| {
                if frame.from == cheat && frame.to == receiver && frame.slot == slot(BATCH, step, 0)
                {
                    add(&mut frame, 0, 1);
                }
                vec![frame]
            };
            let faults = faults(n, true, Box::new(edit));
            assert_eq!(faults[receiver.index()], link(cheat, LinkWay::Sent));
            check_others(&faults, [cheat, receiver]);
        }
    }
}

/// Signs one hash anew, of those about the link with the next party, in the checkpoints that go to these
/// parties.
fn lie_about(
    n: u8,
    way: LinkWay,
    to: fn(Party, Party) -> bool,
) -> (Vec<Option<Fault>>, [Party; 2]) {
    let committee = committee(n);
    let cheat = party(n - 1);
    let other = committee.after(cheat, 1);
    let forger = Forger::new(&dealt_seeds(committee, SEED)[cheat.index()]);
    let place = other.index() - usize::from(other > cheat);
    let byte = BEFORE_LINKS + 64 * place + if way == LinkWay::Sent { 5 } else { 37 };
    let edit = move |mut frame: Delivery| {
        if frame.from == cheat && frame.slot == slot(BATCH, 0, 0) && to(frame.to, other) {
            frame.payload[byte] ^= 1;
            forger.sign_checkpoint(BATCH, &mut frame.payload);
        }
        vec![frame]
    };
    (faults(n, false, Box::new(edit)), [cheat, other])
}

#[test]
fn who_signs_another_hash_of_what_it_sent_or_got_is_named_by_the_other_end() {
    for n in SIZES {
        for way in [LinkWay::Sent, LinkWay::Received] {
            let (faults, [cheat, other]) = lie_about(n, way, |_, _| true);
            assert_eq!(faults[other.index()], link(cheat, way));
            check_others(&faults, [cheat, other]);
        }
    }
}

#[test]
fn who_signs_different_hashes_to_different_parties_is_named_by_all_with_a_proof() {
    // To the other end something else than to the rest, and the other way round.
    let lies: [fn(Party, Party) -> bool; 2] = [|to, other| to == other, |to, other| to != other];
    for n in SIZES {
        for lie in lies {
            let (faults, [cheat, _]) = lie_about(n, LinkWay::Sent, lie);
            let (from, op) = (cheat, BATCH);
            for honest in committee(n).others(cheat) {
                let seen = faults[honest.index()].as_ref();
                assert_eq!(seen, Some(&Fault::Equivocation { from, op }));
            }
        }
    }
}

#[test]
fn the_checkpoint_is_pinned() {
    let committee = committee(3);
    let x = inputs(committee, &[M61::new(1), M61::new(2)]);
    let mut network = Network::new(committee, SEED);
    start(&mut network, &x);
    network.run().expect("an honest run");
    network.start(|engine, _| engine.start_verify(BATCH));
    network.collect();
    let of_second = |frame: &&Delivery| frame.from == party(2);
    let mut sent = network.in_flight.iter().filter(of_second);
    let (first, second) = (sent.next().expect("one"), sent.next().expect("two"));
    assert_eq!(first.payload, second.payload);
    assert_eq!(first.payload.len(), BEFORE_LINKS + 2 * 64 + 64);
    let digest = Forger::content(&first.payload);
    assert_eq!(
        blake3::Hash::from(digest).to_hex().as_str(),
        "f3070d61b488bc233e6315ad81e8dfea15bc926f2c8b10c5265e4a2a36ce7088"
    );
}

/// Edits the points of masks that `cheat` sends to `receiver` beside its first coin.
fn edit_masks(cheat: Party, receiver: Party, edit: fn(&mut Delivery, usize)) -> Tamper {
    Box::new(move |mut frame: Delivery| {
        if frame.from == cheat && frame.to == receiver && frame.slot == slot(BATCH, 1, 0) {
            let first = (frame.payload.len() - 32) / 8;
            edit(&mut frame, first);
        }
        vec![frame]
    })
}

#[test]
fn a_wrong_point_of_a_mask_is_found_like_that_of_any_dealing() {
    for n in SIZES {
        let cheat = party(n);
        let receiver = committee(n).after(cheat, usize::from(n) - 1);
        // Elements start at a multiple of eight bytes.
        let wrong: fn(&mut Delivery, usize) = |frame, first| add(frame, first + 1, 1);
        let seen = faults(n, false, edit_masks(cheat, receiver, wrong));
        for honest in committee(n).others(cheat) {
            let fault = seen[honest.index()].as_ref().expect("everybody finds out");
            assert_eq!(
                *fault,
                Fault::Inconsistent {
                    op: BATCH,
                    index: 0
                }
            );
        }
        // And if the cheat signs for another one, by its receiver.
        let seen = faults(n, true, edit_masks(cheat, receiver, wrong));
        assert_eq!(seen[receiver.index()], link(cheat, LinkWay::Sent));
        let broken = edit_masks(cheat, receiver, |frame, first| {
            frame.payload[8 * first + 16..][..8].fill(0xff);
        });
        let (from, slot, index) = (cheat, slot(BATCH, 1, 0), 2);
        let not_canonical = Fault::NonCanonical { from, slot, index };
        assert_eq!(
            faults(n, false, broken)[receiver.index()],
            Some(not_canonical)
        );
    }
}

/// How many receivers a content has, by sender and place.
type Told = BTreeMap<(Party, Slot, Vec<u8>), usize>;

/// Runs to the end, and gives operations and steps at which one content goes to several parties, with how
/// many.
fn told(network: &mut Network) -> BTreeSet<(u32, u8, usize)> {
    let sent: Rc<RefCell<Told>> = Rc::default();
    let receivers = sent.clone();
    network.tamper = Some(Box::new(move |frame| {
        let told = (frame.from, frame.slot, frame.payload.clone());
        *receivers.borrow_mut().entry(told).or_default() += 1;
        vec![frame]
    }));
    network.run().expect("an honest run");
    let sent = sent.borrow();
    let several = sent.iter().filter(|(_, count)| **count > 1);
    several
        .map(|((_, slot, _), count)| (slot.op, slot.step, *count))
        .collect()
}

/// Shares that are opened, and what kings say. Whoever adds to this list must say why parties that are
/// told different things cannot come to disagree unnoticed (protocols C.4, C.5 R4): see decision 0033.
#[test]
fn every_value_told_to_several_parties_is_checked_or_bound() {
    let five = committee(5);
    let x = inputs(five, &values(40, 1));
    let mut network = Network::new(five, SEED);
    network.start(|engine, k| {
        let x = &x[k];
        engine.start_multiply(1, BATCH, vec![(x.clone(), x.clone())])?;
        engine.start_dot(2, BATCH, x.clone(), x.clone(), 4)?;
        engine.start_reshare(3, BATCH, x.clone())?;
        engine.start_multiply_by_kings(4, BATCH, vec![(x.clone(), x.clone())])?;
        engine.start_random_bits(5, BATCH, 20)?;
        engine.start_shuffle(6, BATCH, vec![x.clone()])?;
        let opened = engine.verified(x.clone()).expect("inputs");
        engine.start_open(7, opened)
    });
    // Roots: to all, bound by a digest. Sums: to t, only added. Openings: all shares to all.
    let expected = BTreeSet::from([(4, 1, 2), (5, 1, 4), (7, 0, 4)]);
    assert_eq!(told(&mut network), expected);
    // A verification tells all its statements to all, but the first coin, which differs by receiver.
    let finished = |engine: &mut Engine| while engine.take_finished().is_some() {};
    network.engines.iter_mut().for_each(finished);
    network.start(|engine, _| engine.start_verify(BATCH));
    let of_verification = told(&mut network);
    let statements = of_verification.iter().map(|(op, _, count)| (*op, *count));
    assert!(statements.clone().count() > 3);
    assert!(statements.into_iter().all(|told| told == (BATCH, 4)));

    let three = committee(3);
    let x = inputs(three, &values(40, 1));
    let mut network = Network::new(three, SEED);
    network.start(|engine, k| engine.start_compare(1, BATCH, &x[k], Compare::Less));
    assert_eq!(told(&mut network), BTreeSet::from([(1, 0, 2)]));
}
