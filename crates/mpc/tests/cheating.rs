//! A party that cheats at any message of a whole computation, in many ways: nobody gets a wrong
//! value, nobody honest is named, nobody accepts a wrong batch. And colluders, and lies that a party
//! signed itself.
//!
//! Setups are attacked in `setup.rs` in the same ways.

mod common;

use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};
use std::num::NonZero;
use std::ops::Range;
use std::panic::resume_unwind;
use std::path::Path;
use std::rc::Rc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;

use common::{Case, Kind, MULTIPLY, Mutation, Run, VALUES};
use enigma_field::{Committee, M61, M127, Party, PrimeField};
use enigma_mpc::Fault;
use enigma_mpc::testing::{Forger, dealt_seeds};

fn committee(n: u8) -> Committee {
    Committee::new(n).expect("an odd size")
}

/// Runs every message kind x corrupt party x mutation x seed, or one in `every` of these, each with two
/// sets of values. How many can be seen with `--no-capture`.
fn campaign<F: PrimeField>(n: u8, seeds: Range<u64>, every: u64) {
    let (mut run, first) = (0, seeds.start);
    for seed in seeds {
        // Seeds that follow each other take different parts, `every` of them take all.
        let taken = (0..).map(|number: u64| (number + seed).is_multiple_of(every));
        let cases = cases::<F>(n, seed).into_iter().zip(taken);
        let cases: Vec<Case> = cases
            .filter_map(|(case, taken)| taken.then_some(case))
            .collect();
        run += check_all::<F>(&cases);
        print(format_args!(
            "{n} parties, {} bits, seeds {first} to {seed}: {run} cases, each with two sets of values\n",
            F::BITS
        ));
    }
}

fn cases<F: PrimeField>(n: u8, seed: u64) -> Vec<Case> {
    let mut cases = Vec::new();
    for kind in Kind::all::<F>(n) {
        for corrupt in committee(n).parties() {
            let fitting = Mutation::ALL.iter().filter(|m| m.applies_to(kind));
            cases.extend(fitting.map(|mutation| Case {
                n,
                corrupt,
                kind,
                mutation: *mutation,
                seed,
            }));
        }
    }
    cases
}

/// Checks cases on all cores; in how many of them there was something to spoil.
fn check_all<F: PrimeField>(cases: &[Case]) -> usize {
    let next = AtomicUsize::new(0);
    let work = || {
        let mut run = 0;
        while let Some(case) = cases.get(next.fetch_add(1, Ordering::Relaxed)) {
            run += usize::from(case.check::<F>());
        }
        run
    };
    let cores = thread::available_parallelism().map_or(1, NonZero::get);
    thread::scope(|scope| {
        let workers: Vec<_> = (0..cores).map(|_| scope.spawn(work)).collect();
        let run = workers.into_iter().map(thread::ScopedJoinHandle::join);
        run.map(|run| run.unwrap_or_else(|panic| resume_unwind(panic)))
            .sum()
    })
}

fn print(line: std::fmt::Arguments<'_>) {
    let mut out = std::io::stdout().lock();
    std::io::Write::write_fmt(&mut out, line).expect("standard output");
}

#[test]
fn any_one_of_three_parties_may_cheat_anywhere() {
    campaign::<M61>(3, 0..1, 3);
    campaign::<M127>(3, 1..2, 6);
}

#[test]
fn any_one_of_five_parties_may_cheat_anywhere() {
    campaign::<M61>(5, 0..1, 6);
    campaign::<M127>(5, 1..2, 12);
}

#[test]
fn any_one_of_seven_parties_may_cheat_anywhere() {
    campaign::<M61>(7, 0..1, 15);
    campaign::<M127>(7, 1..2, 30);
}

// Everything, twenty times over: `cargo xtask campaign`.

/// One case in how many of a long campaign is run: all, unless this variable says otherwise.
const EVERY: &str = "ENIGMA_CAMPAIGN_EVERY";

fn long_campaign(n: u8) {
    let every = std::env::var(EVERY).map_or(1, |text| text.parse().expect("a number"));
    campaign::<M61>(n, 100..120, every);
    campaign::<M127>(n, 100..120, every);
}

#[test]
#[ignore = "takes many minutes"]
fn the_long_campaign_of_three_parties() {
    long_campaign(3);
}

#[test]
#[ignore = "takes many minutes"]
fn the_long_campaign_of_five_parties() {
    long_campaign(5);
}

#[test]
#[ignore = "takes an hour"]
fn the_long_campaign_of_seven_parties() {
    long_campaign(7);
}

fn check_kinds<F: PrimeField>() {
    for n in [3, 5, 7] {
        let sent: Rc<RefCell<BTreeSet<(u32, u8)>>> = Rc::default();
        let seen = sent.clone();
        let mut run = Run::<F>::new(n, 2, 1);
        run.network.tamper = Some(Box::new(move |frame| {
            seen.borrow_mut().insert((frame.slot.op, frame.slot.step));
            vec![frame]
        }));
        run.finish();
        for party in committee(n).parties() {
            assert!(run.output(party).is_some(), "an honest run ends well");
        }
        let every = Kind::every::<F>(n);
        let known: BTreeSet<(u32, u8)> = every.iter().map(|kind| kind.place::<F>(n)).collect();
        assert_eq!(known.len(), every.len());
        assert_eq!(*sent.borrow(), known);
    }
}

#[test]
fn the_campaign_knows_every_message_of_the_program() {
    check_kinds::<M61>();
    check_kinds::<M127>();
}

#[test]
fn the_program_has_every_operation_of_the_engine() {
    fn starts(folder: &Path, found: &mut BTreeSet<String>) {
        for entry in std::fs::read_dir(folder).expect("the engine's sources") {
            let path = entry.expect("a source").path();
            if path.is_dir() {
                starts(&path, found);
                continue;
            }
            let text = std::fs::read_to_string(&path).expect("text");
            let declared = text.split("pub fn start_").skip(1);
            let names = declared.filter_map(|rest| rest.split(['(', '<']).next());
            found.extend(names.map(str::to_owned));
        }
    }
    let sources = Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/src/engine"));
    let mut operations = BTreeSet::new();
    starts(sources, &mut operations);
    assert!(operations.len() > 10);
    let program = include_str!("common/mod.rs");
    // Committees of these sizes send nothing for random values; `adversary/large.rs` spoils what larger ones do.
    assert!(operations.remove("random"));
    let missing: Vec<&String> = (operations.iter())
        .filter(|name| !program.contains(&format!("engine.start_{name}(")))
        .collect();
    assert!(missing.is_empty(), "no campaign spoils {missing:?}");
}

/// Adds to the first element of a dealing.
fn add(payload: &mut [u8], delta: M61) {
    let word = u64::from_le_bytes(*payload.first_chunk().expect("an element"));
    let element = M61::new(word) + delta;
    payload[..8].copy_from_slice(&element.to_bytes());
}

/// Two parties that each add something to what they deal to a third, which gets dealings of both.
fn collude(n: u8, pair: [Party; 2], kind: Kind, deltas: [M61; 2]) -> Option<Run<M61>> {
    let committee = committee(n);
    // Dealings are sent to the t parties before the dealer, terms to every king.
    let sent = |from: Party, to: Party| {
        let before = (1..=committee.degree()).any(|steps| committee.after(to, steps) == from);
        before || kind == Kind::Terms
    };
    let receives = |to: &Party| pair.iter().all(|from| sent(*from, *to)) && !pair.contains(to);
    let receiver = committee.parties().find(receives)?;
    let mut run = Run::<M61>::new(n, 2, 7);
    let place = kind.place::<M61>(n);
    run.network.tamper = Some(Box::new(move |mut frame| {
        let colluder = pair.iter().position(|party| *party == frame.from);
        if let Some(colluder) = colluder
            && frame.to == receiver
            && (frame.slot.op, frame.slot.step) == place
        {
            add(&mut frame.payload, deltas[colluder]);
        }
        vec![frame]
    }));
    run.finish();
    Some(run)
}

fn pairs(n: u8) -> impl Iterator<Item = [Party; 2]> {
    let all = move || committee(n).parties();
    all().flat_map(move |a| all().filter(move |b| a < *b).map(move |b| [a, b]))
}

#[test]
fn colluders_whose_errors_cancel_are_accepted_with_the_right_output() {
    let delta = M61::new(123_456);
    let mut runs = 0;
    for n in [5, 7] {
        for kind in [
            Kind::Multiply,
            Kind::Dot,
            Kind::Reshare,
            Kind::Deal(VALUES, 0),
        ] {
            for pair in pairs(n) {
                let Some(run) = collude(n, pair, kind, [delta, -delta]) else {
                    continue;
                };
                runs += 1;
                for party in committee(n).parties() {
                    assert_eq!(run.fault(party), None);
                    let output = run.output(party).expect("everybody finishes");
                    let expected = run.expected(party);
                    assert_eq!(output[..expected.len()], expected);
                }
            }
        }
    }
    assert!(runs > 40);
}

#[test]
fn colluders_whose_errors_do_not_cancel_are_not_accepted() {
    for n in [5, 7] {
        for kind in [Kind::Multiply, Kind::Terms, Kind::Deal(VALUES, 0)] {
            for pair in pairs(n).step_by(3) {
                let deltas = [M61::new(5), M61::new(6)];
                let Some(run) = collude(n, pair, kind, deltas) else {
                    continue;
                };
                for party in committee(n).parties() {
                    assert!(!run.accepted(party, VALUES));
                    let fault = run.fault(party).expect("everybody finds out");
                    assert!(fault.culprits().is_empty());
                }
            }
        }
    }
}

/// Runs the program with the frames of one party at a step of the verification edited, with its
/// signing key at hand.
fn lie(
    n: u8,
    cheat: Party,
    kind: Kind,
    mut edit: impl FnMut(&mut Forger, Party, &mut Vec<u8>) + 'static,
) -> Run<M61> {
    let mut run = Run::<M61>::new(n, 2, 9);
    let seeds = dealt_seeds(committee(n), 9);
    let mut forger = Forger::new(&seeds[cheat.index()]);
    let place = kind.place::<M61>(n);
    run.network.tamper = Some(Box::new(move |mut frame| {
        if (frame.slot.op, frame.slot.step) == (VALUES, 0) {
            forger.observe(&frame);
        }
        if frame.from == cheat && (frame.slot.op, frame.slot.step) == place {
            edit(&mut forger, frame.to, &mut frame.payload);
        }
        vec![frame]
    }));
    run.finish();
    run
}

#[test]
fn a_party_that_signs_two_checkpoints_is_named_by_all() {
    for n in [3, 5, 7] {
        let cheats = committee(n).parties();
        for cheat in cheats {
            let victim = committee(n).after(cheat, 1);
            let run = lie(
                n,
                cheat,
                Kind::Checkpoint(VALUES),
                move |forger, to, checkpoint| {
                    if to == victim {
                        // Another anchor.
                        checkpoint[3] ^= 1;
                        forger.sign_checkpoint(VALUES, checkpoint);
                    }
                },
            );
            let (from, op) = (cheat, VALUES);
            for party in committee(n).others(cheat) {
                let fault = run.fault(party).expect("everybody sees both");
                assert_eq!(fault.culprits(), [cheat]);
                // The victim may see first that the coin is not of its anchor.
                let coin = Fault::Coin { from, op };
                let equivocation = Fault::Equivocation { from, op };
                assert!(*fault == equivocation || party == victim && *fault == coin);
            }
        }
    }
}

#[test]
fn a_coin_of_no_commitment_names_its_party() {
    for n in [3, 5, 7] {
        let cheat = committee(n).parties().last().expect("a member");
        for number in 0..4 {
            let kind = Kind::Coin(VALUES, number);
            if !Kind::all::<M61>(n).contains(&kind) {
                continue;
            }
            let run = lie(n, cheat, kind, |_, _, coin| coin[31] ^= 0x80);
            for party in committee(n).others(cheat) {
                let (from, op) = (cheat, VALUES);
                assert_eq!(run.fault(party), Some(&Fault::Coin { from, op }));
            }
        }
        // An anchor of no chain, the same for all.
        let run = lie(
            n,
            cheat,
            Kind::Checkpoint(VALUES),
            |forger, _, checkpoint| {
                checkpoint[..32].fill(7);
                forger.sign_checkpoint(VALUES, checkpoint);
            },
        );
        for party in committee(n).others(cheat) {
            let (from, op) = (cheat, VALUES);
            assert_eq!(run.fault(party), Some(&Fault::Coin { from, op }));
        }
    }
}

#[test]
fn a_statement_that_was_never_signed_names_who_passes_it_on() {
    for n in [3, 5, 7] {
        let cheat = committee(n).parties().last().expect("a member");
        let run = lie(n, cheat, Kind::Coin(VALUES, 0), |_, _, coin| coin[32] ^= 1);
        for party in committee(n).others(cheat) {
            let (from, op) = (cheat, VALUES);
            assert_eq!(run.fault(party), Some(&Fault::Unsigned { from, op }));
        }
    }
}

#[test]
fn what_an_honest_party_signed_about_another_batch_proves_nothing_against_it() {
    // Passed on beside the first coin: what everybody's checkpoints of the batch of masks said, which
    // they signed. The first coins of both batches have one format.
    for n in [3, 5, 7] {
        let cheat = committee(n).parties().last().expect("a member");
        let mut run = Run::<M61>::new(n, 2, 9);
        let mut first_coins = BTreeMap::new();
        run.network.tamper = Some(Box::new(move |mut frame| {
            if frame.from == cheat && frame.slot.step == 1 {
                match frame.slot.op {
                    common::BITS => {
                        first_coins.insert(frame.to, frame.payload.clone());
                    }
                    VALUES => frame.payload[32..].copy_from_slice(&first_coins[&frame.to][32..]),
                    _ => {}
                }
            }
            vec![frame]
        }));
        run.finish();
        for party in committee(n).others(cheat) {
            let (from, op) = (cheat, VALUES);
            assert_eq!(run.fault(party), Some(&Fault::Unsigned { from, op }));
        }
    }
}

#[test]
fn wrong_shares_of_the_last_claim_are_refused_and_name_nobody() {
    for n in [3, 5, 7] {
        for cheat in committee(n).parties() {
            for value in 0..3 {
                let run = lie(
                    n,
                    cheat,
                    Kind::VerifyOpening(VALUES),
                    move |forger, _, opening| {
                        add(&mut opening[16 * value..], M61::ONE);
                        forger.sign_opening(VALUES, opening);
                    },
                );
                for party in committee(n).others(cheat) {
                    let (op, index) = (VALUES, value);
                    assert_eq!(run.fault(party), Some(&Fault::Inconsistent { op, index }));
                }
            }
        }
    }
}

#[test]
fn an_acceptance_is_signed_by_its_sender() {
    let cheat = committee(3).parties().last().expect("a member");
    // Signing anew changes nothing: an acceptance says one thing only.
    let run = lie(
        3,
        cheat,
        Kind::Acceptance(VALUES),
        |forger, _, acceptance| {
            let before = acceptance.clone();
            forger.sign_acceptance(VALUES, acceptance);
            assert_eq!(*acceptance, before);
        },
    );
    for party in committee(3).parties() {
        assert!(run.accepted(party, VALUES));
        assert!(run.output(party).is_some());
    }
    let run = lie(3, cheat, Kind::Acceptance(VALUES), |_, _, acceptance| {
        acceptance[0] ^= 1
    });
    for party in committee(3).others(cheat) {
        let (from, op) = (cheat, VALUES);
        assert_eq!(run.fault(party), Some(&Fault::Unsigned { from, op }));
        assert!(!run.accepted(party, VALUES));
    }
}

#[test]
fn a_party_that_says_nothing_is_waited_for() {
    let cheat = committee(5).party(2).expect("a member");
    let mut run = Run::<M61>::new(5, 2, 3);
    run.network.tamper = Some(Box::new(move |frame| {
        let silent = frame.from == cheat && frame.slot.op == MULTIPLY;
        if silent { Vec::new() } else { vec![frame] }
    }));
    run.finish();
    for party in committee(5).others(cheat) {
        assert_eq!(run.fault(party), None);
        assert!(run.output(party).is_none());
    }
}
