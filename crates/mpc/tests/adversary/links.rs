//! What parties sign about the links between them, and who is named when it is not so.

use enigma_field::{M61, Party};
use enigma_mpc::testing::{Delivery, Forger, Network, Tamper, dealt_seeds, values};
use enigma_mpc::{Fault, LinkWay, Wires};

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
