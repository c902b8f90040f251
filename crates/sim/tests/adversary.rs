//! Every kind of message, edited in every way that matters: who sees it, and as what.

mod common;

use common::checked;
use enigma_sim::{Ending, Kind, Run};

fn run(parties: u8, adversary: &str) -> Run {
    let verdict = checked(&format!(
        "program=payroll_total parties={parties} rows=4 invalid=1 seed=17 network=fair adversary={adversary}"
    ));
    let run = verdict.run.expect("nothing panicked");
    assert!(!run.edits_done.is_empty(), "{adversary} meets no message");
    run
}

/// What honest parties see of it; one of them at least.
const CAUGHT: [(&str, &str); 43] = [
    ("2:input:add@0.1", "are inconsistent"),
    ("2:input:zero@0.3", "are inconsistent"),
    ("2:hello:add@0.40", "a setup signature of party 2"),
    ("2:hello:flip@0.3", "party 2 sent a malformed"),
    ("2:hello:truncate", "party 2 sent a malformed"),
    ("2:hello:repeat", "party 2 sent its setup message 1 twice"),
    ("2:hello:drop", "waits for party 2"),
    ("1:hello:add@0.165>3", "a setup signature of party 1"),
    (
        "2:claims:add@0.3",
        "party 2 claims a seed or key that nobody",
    ),
    ("2:claims:extend", "party 2 sent a malformed"),
    ("2:product:add@3", "are inconsistent"),
    ("2:product:flip@3.5", "are inconsistent"),
    ("2:product:noncanonical@3.2", "element 2 that party 2 sent"),
    ("2:product:truncate@3", "party 2 sent 552 bytes"),
    ("2:product:extend@3", "party 2 sent 568 bytes"),
    ("2:product:swap@3", "party 2 sent 240 bytes"),
    ("2:product:misplace@3", "an unexpected frame at 7.0.1"),
    ("2:opening:misplace@1.1", "an unexpected frame at 12.1.0"),
    ("2:coin:misplace@0.1", "an unexpected frame at 0.2.0"),
    ("2:product:repeat@3", "party 2 sent 7.0.0 after"),
    ("2:product:replay@3", "party 2 sent 7.0.0 after"),
    ("2:product:drop@3", "waits for party 2"),
    ("2:square:add@0", "the products of batch 0"),
    ("3:square:noncanonical@0", "element 0 that party 3 sent"),
    ("1:root:zero@0.5", "king 1 sent a zero root"),
    ("1:root:equivocate@0.5", "disagrees about opened values"),
    ("1:root:negate@0.5>2", "disagrees about opened values"),
    ("2:opening:add@0", "are inconsistent"),
    ("2:opening:equivocate@1", "are inconsistent"),
    ("2:opening:zero@1>1", "are inconsistent"),
    ("2:checkpoint:add@0.3", "party 2 did not sign"),
    ("2:checkpoint:add@1.40>1", "party 2 did not sign"),
    ("2:coin:add@0.3", "party 2 broke its commitment"),
    ("2:coin:add@2", "party 2 broke its commitment"),
    ("2:coin:add@0.40", "party 2 did not sign"),
    ("2:coin:crash@5", "waits for party 2"),
    ("2:dealing:add@1", "are inconsistent"),
    ("2:dealing:equivocate@0.3", "are inconsistent"),
    ("2:check-opening:add@0", "party 2 did not sign"),
    ("2:check-opening:noncanonical@0", "party 2 did not sign"),
    ("2:acceptance:flip@0.3", "party 2 did not sign"),
    ("2:acceptance:drop@0", "waits for party 2"),
    ("2:in/product:add@3", "party 2 signed to have got"),
];

/// The same of three parties, who compare over bits.
const CAUGHT_OF_THREE: [(&str, &str); 14] = [
    ("2:gates:flip@0.1", "are inconsistent"),
    ("2:gates:add@3", "are inconsistent"),
    ("2:gates:noncanonical@1", "that party 2 sent"),
    ("2:gates:truncate@2", "party 2 sent"),
    ("2:gates:extend@7", "party 2 sent"),
    ("2:gates:repeat@0", "party 2 sent 1.1.0 twice"),
    ("2:gates:misplace@5.0", "an unexpected frame"),
    ("2:gates:misplace@5.1", "party 2 sent 14 bytes at 1.7.0"),
    ("2:gates:drop@1", "waits for party 2"),
    ("1:in/gates:flip@4.1", "party 1 signed to have got"),
    ("2:opening:equivocate@0", "are inconsistent"),
    ("2:dealing:flip@0.3", "are inconsistent"),
    ("2:check-opening:flip@0", "party 2 did not sign"),
    ("2:coin:add@2", "party 2 broke its commitment"),
];

#[test]
fn every_kind_of_edit_is_caught() {
    let mut kinds: Vec<Kind> = Vec::new();
    let mut missed = Vec::new();
    let of_five = CAUGHT
        .into_iter()
        .map(|(adversary, seen)| (5, adversary, seen));
    let of_three = CAUGHT_OF_THREE
        .into_iter()
        .map(|(adversary, seen)| (3, adversary, seen));
    for (parties, adversary, seen) in of_five.chain(of_three) {
        let run = run(parties, adversary);
        let corrupt: usize = adversary[..1].parse().expect("begins with a party");
        let honest = (1..)
            .zip(&run.endings)
            .filter(|(party, _)| *party != corrupt);
        let endings: Vec<String> = honest.map(|(_, ending)| ending.to_string()).collect();
        if !endings.iter().any(|ending| ending.contains(seen)) {
            missed.push(format!("{parties} {adversary}: {endings:?}"));
        }
        let edit: enigma_sim::Adversary = adversary.parse().expect("well formed");
        kinds.extend(edit.mutations.iter().map(|mutation| mutation.kind));
    }
    assert!(missed.is_empty(), "{}", missed.join("\n"));
    // No contract shuffles, and these runs are too short for kings: the campaign of
    // `mpc/tests/cheating.rs` spoils those messages. Committees as small as these deal no random values:
    // `mpc/tests/adversary/large.rs` does.
    let elsewhere = [Kind::Shuffle, Kind::Term, Kind::Sum, Kind::Random];
    let mut sent = Kind::ALL.iter().filter(|kind| !elsewhere.contains(kind));
    assert!(sent.all(|kind| kinds.contains(kind)));
}

#[test]
fn what_cancels_or_only_comes_late_is_accepted() {
    for (parties, adversary) in [
        (3, "2:product:delay@3"),
        (3, "1:root:delay@0,1:hello:delay"),
        (5, "2+3:product:cancel@3"),
        (5, "3+4:square:cancel@0.4"),
        (5, "4+5:dealing:cancel@0,5+4:dealing:cancel@3.2"),
        (7, "3+2:product:cancel@9.1,4+2:product:cancel@9.1"),
    ] {
        let run = run(parties, adversary);
        assert!(run.endings.iter().all(Ending::is_finished), "{adversary}");
    }
}

#[test]
fn colluders_whose_lies_do_not_cancel_are_caught() {
    for adversary in [
        "2:product:add@3,3:product:add@3",
        "2:check-opening:add@0,4:acceptance:drop@0>1",
        "1:root:equivocate@0.1,2:checkpoint:swap@0",
        "2:opening:add@2,5:opening:add@2",
        "1:in/square:add@0,3:in/root:flip@0",
    ] {
        let run = run(5, adversary);
        let corrupt: enigma_sim::Adversary = adversary.parse().expect("well formed");
        let corrupt = corrupt.parties();
        let honest = (1u8..)
            .zip(&run.endings)
            .filter(|(party, _)| !corrupt.contains(party));
        assert!(
            honest.into_iter().all(|(_, ending)| !ending.is_finished()),
            "{adversary}"
        );
    }
}
