//! One member sends what no honest one would: it is named or the job is refunded; nobody else is
//! named, no wrong result is accepted, nothing panics.

use std::cell::Cell;
use std::rc::Rc;

use enigma_core::Fact;
use enigma_wire::controller::{Failure, FailureReason};
use enigma_wire::id::{Hash, JobId};
use enigma_wire::ledger::JobState;
use enigma_wire::output;
use enigma_wire::peer::{self, Control, Frame, HEADER_BYTES, Place, RunKey};
use enigma_wire::sign::Signature;
use rand_core::Rng as _;

use crate::committee::{PAST_ANY_FEE, Survey, expected, generator};

const VALUES: [i64; 5] = [3_000, 5_000, 4_000, 4_000, 4_000];
const EVERYBODY: [usize; 5] = [0, 1, 2, 3, 4];

/// The kinds of frames, in the order in which a job sends them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Kind {
    Setup,
    Compute,
    Root,
    Certified,
    Failed,
}

fn kind(frame: &[u8]) -> Kind {
    match peer::decode(frame).expect("a party's own frame") {
        Frame::Setup(..) => Kind::Setup,
        Frame::Compute(..) => Kind::Compute,
        Frame::Control(_, message) => match *message {
            Control::OutputRoot(_) => Kind::Root,
            Control::Certified(..) => Kind::Certified,
            Control::Failed(..) => Kind::Failed,
        },
    }
}

/// How a frame is changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Change {
    ByteLess,
    ElementLess,
    ByteMore,
    ElementMore,
    NonCanonical,
    Empty,
    Garbage,
    GarbageKind,
    Reserved,
    HeaderCut,
    OtherJob,
    OtherAttempt,
    OtherPlace,
    Twice,
    Drop,
}

const CHANGES: [Change; 15] = [
    Change::ByteLess,
    Change::ElementLess,
    Change::ByteMore,
    Change::ElementMore,
    Change::NonCanonical,
    Change::Empty,
    Change::Garbage,
    Change::GarbageKind,
    Change::Reserved,
    Change::HeaderCut,
    Change::OtherJob,
    Change::OtherAttempt,
    Change::OtherPlace,
    Change::Twice,
    Change::Drop,
];

fn change(frame: &[u8], how: Change) -> Vec<Vec<u8>> {
    let mut changed = frame.to_vec();
    match how {
        Change::ByteLess => changed.truncate(frame.len() - 1),
        Change::ElementLess => changed.truncate((frame.len() - 8).max(HEADER_BYTES)),
        Change::ByteMore => changed.push(0),
        Change::ElementMore => changed.extend([1, 0, 0, 0, 0, 0, 0, 0]),
        Change::NonCanonical => {
            let end = frame.len().min(HEADER_BYTES + 8);
            changed[HEADER_BYTES..end].fill(0xff);
        }
        Change::Empty => changed.truncate(HEADER_BYTES),
        Change::Garbage => {
            let mut random = generator("garbage", frame.len() as u64);
            random.fill_bytes(&mut changed[HEADER_BYTES..]);
        }
        Change::GarbageKind => changed[0] = 77,
        Change::Reserved => changed[HEADER_BYTES - 1] = 1,
        Change::HeaderCut => changed.truncate(HEADER_BYTES - 1),
        // A job that no test reaches.
        Change::OtherJob => changed[6] ^= 0x40,
        Change::OtherAttempt => changed[9] ^= 2,
        Change::OtherPlace => changed[14] ^= 0x20,
        Change::Twice => return vec![changed.clone(), changed],
        Change::Drop => return Vec::new(),
    }
    vec![changed]
}

/// The job ends; at most the adversary is named; results that are accepted are right. Gives the
/// failure, if it failed.
fn harmless(survey: &mut Survey, job: JobId, adversary: usize) -> Option<Failure> {
    let state = survey.finish(job);
    survey.assert_refunds();
    for (node, culprits, why) in survey.given_up(job) {
        let honest = culprits.iter().any(|named| *named != adversary);
        assert!(node == adversary || !honest, "node {node} blames: {why}");
    }
    match state {
        JobState::Settled(_) => {
            // Who withholds messages may keep a member from storing its outputs; then recipients get
            // an error, but never a wrong result.
            for (member, right) in expected(&VALUES).into_iter().enumerate() {
                if let Ok(learned) = survey.collect(job, member) {
                    assert_eq!(learned, right);
                }
            }
            None
        }
        JobState::Failed(failure) => {
            let named = survey.named(&failure);
            assert!(named.iter().all(|node| *node == adversary), "{named:?}");
            Some(failure)
        }
        other => panic!("not over: {other:?}"),
    }
}

/// Lets the adversary change frames of one kind from the `from`-th on, `count` of them.
fn corrupt(
    survey: &mut Survey,
    adversary: usize,
    of: Kind,
    from: usize,
    count: usize,
    how: Change,
) {
    let mut seen = 0;
    let tamper = move |_: usize, frame: &[u8]| {
        if kind(frame) != of {
            return vec![frame.to_vec()];
        }
        seen += 1;
        if (from..from.saturating_add(count)).contains(&(seen - 1)) {
            change(frame, how)
        } else {
            vec![frame.to_vec()]
        }
    };
    survey.world.corrupt(adversary, Box::new(tamper));
}

/// Every change of every kind of frame, at several places and by every member. Gives how many of the
/// jobs failed, and in how many of those the adversary was named.
fn sweep(n: u8, places: &[usize], count: usize, seed: u64) -> (u32, u32) {
    let mut survey = Survey::sealed(n, &VALUES, seed);
    let (mut failed, mut named) = (0, 0);
    let mut adversary = 0;
    for of in [Kind::Setup, Kind::Compute, Kind::Root, Kind::Certified] {
        for how in CHANGES {
            for from in places {
                adversary = (adversary + 1) % usize::from(n);
                corrupt(&mut survey, adversary, of, *from, count, how);
                let job = survey.request(PAST_ANY_FEE);
                if let Some(failure) = harmless(&mut survey, job, adversary) {
                    failed += 1;
                    named += u32::from(failure.culprits != 0);
                }
                survey.world.reform();
                survey.world.settle_down();
            }
        }
    }
    let job = survey.request(PAST_ANY_FEE);
    survey.settle(job);
    survey.assert_right(job, &EVERYBODY, &VALUES);
    assert!(failed > 0, "no change did anything");
    (failed, named)
}

#[test]
fn single_frames_of_one_of_three() {
    sweep(3, &[0, 3], 1, 1);
    sweep(3, &[40], 1, 2);
}

#[test]
fn all_frames_of_one_of_three() {
    let (failed, named) = sweep(3, &[0, 30], usize::MAX, 3);
    assert!(named > 0, "none of {failed}");
}

#[test]
fn frames_of_one_of_five() {
    sweep(5, &[7], 1, 4);
    sweep(5, &[2], usize::MAX, 5);
}

/// When t+1 members see the same fault before they hear of each other's, it is proved to the chain.
/// Elements of a product go to t members each, so that of those one member may be the only witness.
#[test]
fn a_fault_that_everybody_sees_is_named() {
    for how in [Change::ByteLess, Change::NonCanonical, Change::ElementMore] {
        let mut named = 0;
        for seed in 0..24 {
            let mut survey = Survey::sealed(3, &VALUES, seed);
            let adversary = survey.committee()[1];
            corrupt(&mut survey, adversary, Kind::Setup, 0, usize::MAX, how);
            let job = survey.request(PAST_ANY_FEE);
            let failure = harmless(&mut survey, job, adversary).expect("it cannot settle");
            if failure.culprits != 0 {
                assert_eq!(failure.reason, FailureReason::Misbehaved);
                named += 1;
            }
            let key = survey.world.nodes[adversary].peer_key();
            let reported = survey.world.nodes.iter().any(|node| {
                let by_key =
                    |fact: &Fact| matches!(fact, Fact::PeerMisbehaved { peer, .. } if *peer == key);
                node.reports.iter().any(by_key)
            });
            assert!(reported);
        }
        assert!(named > 1, "{how:?}");
    }
}

/// Sends another message in place of each of the adversary's control messages of a kind.
fn speak(
    survey: &mut Survey,
    adversary: usize,
    of: Kind,
    say: impl Fn(usize, Control) -> Control + 'static,
) {
    let tamper = move |to: usize, frame: &[u8]| {
        if kind(frame) != of {
            return vec![frame.to_vec()];
        }
        match peer::decode(frame) {
            Ok(Frame::Control(run, message)) => vec![peer::encode_control(run, &say(to, *message))],
            _ => vec![frame.to_vec()],
        }
    };
    survey.world.corrupt(adversary, Box::new(tamper));
}

#[test]
fn a_certificate_with_a_wrong_signature() {
    for seed in 0..4 {
        let mut survey = Survey::sealed(3, &VALUES, seed);
        let adversary = 1;
        speak(
            &mut survey,
            adversary,
            Kind::Certified,
            |_, message| match message {
                Control::Certified(certificate, roots, mut signature) => {
                    signature.0[3] ^= 1;
                    Control::Certified(certificate, roots, signature)
                }
                other => other,
            },
        );
        let job = survey.request(PAST_ANY_FEE);
        harmless(&mut survey, job, adversary);
        assert!(
            survey
                .given_up(job)
                .iter()
                .any(|(_, culprits, why)| *culprits == [adversary]
                    && why.contains("without a valid signature"))
        );
    }
}

#[test]
fn a_failure_statement_with_a_wrong_signature() {
    for seed in 0..4 {
        let mut survey = Survey::sealed(3, &VALUES, seed);
        let adversary = 2;
        let job = survey.request(PAST_ANY_FEE);
        let run = RunKey { job, attempt: 1 };
        survey.world.run_until("computation", 60_000, |world| {
            let entry = Fact::JobPhase {
                job,
                phase: "entry",
            };
            world.nodes[0].reports.contains(&entry)
        });
        let failure = Failure {
            job,
            culprits: 1,
            reason: FailureReason::Misbehaved,
        };
        let forged = Control::Failed(failure, Signature([7; 65]));
        for to in 0..2 {
            let frame = peer::encode_control(run, &forged);
            survey.world.inject(adversary, to, frame);
        }
        let failure = harmless(&mut survey, job, adversary).expect("it cannot settle");
        if failure.culprits != 0 {
            assert_eq!(failure.reason, FailureReason::Misbehaved);
        }
    }
}

/// One liar alone cannot get anybody named, whatever it signs.
#[test]
fn a_false_accusation() {
    for seed in 0..3 {
        let mut survey = Survey::sealed(3, &VALUES, seed);
        let adversary = 2;
        let job = survey.request(PAST_ANY_FEE);
        let position = survey
            .committee()
            .iter()
            .position(|node| *node == 0)
            .expect("all are members");
        for reason in [FailureReason::Unresponsive, FailureReason::Misbehaved] {
            let failure = Failure {
                job,
                culprits: 1 << position,
                reason,
            };
            let signer = survey.world.nodes[adversary].signer();
            let signature = signer.sign(&survey.domain().digest(&failure));
            let run = RunKey { job, attempt: 1 };
            for to in 0..2 {
                let statement = Control::Failed(failure.clone(), signature);
                let frame = peer::encode_control(run, &statement);
                survey.world.inject(adversary, to, frame);
            }
        }
        let failure = harmless(&mut survey, job, adversary);
        assert!(failure.is_none_or(|failure| failure.culprits == 0));
    }
}

/// Different roots for different members: their certificates differ, and no wrong one is settled.
#[test]
fn an_equivocated_output_root() {
    for n in [3, 5] {
        for seed in 0..3 {
            let mut survey = Survey::sealed(n, &VALUES, seed);
            speak(&mut survey, 1, Kind::Root, |to, message| match message {
                Control::OutputRoot(_) => Control::OutputRoot(Hash([to as u8; 32])),
                other => other,
            });
            let job = survey.request(PAST_ANY_FEE);
            assert!(harmless(&mut survey, job, 1).is_some());
        }
    }
}

/// A certificate for another result, properly signed, settles nothing.
#[test]
fn a_signed_certificate_of_another_result() {
    let mut survey = Survey::sealed(3, &VALUES, 1);
    let (signer, domain) = (survey.world.nodes[1].signer(), survey.domain());
    speak(
        &mut survey,
        1,
        Kind::Certified,
        move |_, message| match message {
            Control::Certified(mut certificate, mut roots, _) => {
                roots[1] = Hash([9; 32]);
                certificate.outputs = output::commitment(&roots);
                let signature = signer.sign(&domain.digest(&certificate));
                Control::Certified(certificate, roots, signature)
            }
            other => other,
        },
    );
    let job = survey.request(PAST_ANY_FEE);
    assert_eq!(harmless(&mut survey, job, 1), None);
}

/// A certificate comes with the roots it is about.
#[test]
fn a_certificate_of_other_roots_than_it_comes_with() {
    let mut survey = Survey::sealed(3, &VALUES, 1);
    speak(
        &mut survey,
        1,
        Kind::Certified,
        |_, message| match message {
            Control::Certified(certificate, mut roots, signature) => {
                roots.pop();
                Control::Certified(certificate, roots, signature)
            }
            other => other,
        },
    );
    let job = survey.request(PAST_ANY_FEE);
    harmless(&mut survey, job, 1);
    let said = survey.given_up(job);
    let why = "a certificate of other roots than it comes with";
    assert!(
        said.iter()
            .any(|(_, named, said)| *named == [1] && said.contains(why)),
        "{said:?}"
    );
}

/// A member that sends its root and its signature to one other member only can settle the job with that one alone. The third
/// one's outputs are there all the same, and everybody reads their results.
#[test]
fn a_root_for_one_member_only_withholds_nothing() {
    for (adversary, favoured) in [(1, 0), (0, 2), (2, 1)] {
        let mut survey = Survey::sealed(3, &VALUES, 1);
        let tamper = move |to: usize, frame: &[u8]| match kind(frame) {
            Kind::Root | Kind::Certified if to != favoured => Vec::new(),
            _ => vec![frame.to_vec()],
        };
        survey.world.corrupt(adversary, Box::new(tamper));
        let job = survey.request(PAST_ANY_FEE);
        survey.settle(job);
        for (member, right) in expected(&VALUES).into_iter().enumerate() {
            assert_eq!(survey.collect(job, member), Ok(right));
        }
    }
}

/// A node that is not on the committee, on links it has for another collection.
#[test]
fn frames_of_an_outsider() {
    let mut survey = Survey::open(4, 3, 5, 1);
    survey.upload();
    for (member, value) in VALUES.iter().enumerate() {
        survey.contribute(member, *value);
        survey.consent(member);
    }
    survey.seal();
    let committee = survey.committee();
    let outsider = (0..4).find(|node| !committee.contains(node)).expect("one");
    let job = survey.request(PAST_ANY_FEE);
    let run = RunKey { job, attempt: 1 };
    let place = Place {
        op: 0,
        step: 0,
        part: 0,
    };
    for round in 0..40 {
        for to in &committee {
            let frame = match round % 3 {
                0 => peer::encode_compute(run, place, &[0; 8]),
                1 => peer::encode_setup(run, &[0; 100]),
                _ => peer::encode_control(run, &Control::OutputRoot(Hash::default())),
            };
            survey.world.inject_from_outside(outsider, *to, frame);
            survey.world.step();
        }
    }
    survey.settle(job);
    survey.assert_right(job, &EVERYBODY, &VALUES);
    let key = survey.world.nodes[outsider].peer_key();
    let reported = survey.world.nodes[committee[0]].reports.iter().any(|fact| {
        matches!(fact, Fact::PeerMisbehaved { peer, why } if *peer == key
            && why.contains("without being on its committee"))
    });
    assert!(reported);
}

/// Frames for jobs that do not exist are kept up to a bound and do not hurt those that do.
#[test]
fn a_flood_of_frames_for_later_jobs() {
    let mut survey = Survey::sealed(3, &VALUES, 2);
    survey.world.settle_down();
    for number in 0..500 {
        let run = RunKey {
            job: JobId(2 + number),
            attempt: 1,
        };
        for to in 0..2 {
            survey
                .world
                .inject(2, to, peer::encode_setup(run, &[1; 1_000]));
        }
    }
    survey.world.settle_down();
    let over = |fact: &Fact| matches!(fact, Fact::PeerMisbehaved { why, .. } if why.contains("over the limit"));
    assert!(survey.world.nodes[0].reports.iter().any(over));
    // There is no room for the flooder's own early frames; those of the others are kept.
    for _ in 0..4 {
        let job = survey.request(PAST_ANY_FEE);
        harmless(&mut survey, job, 2);
    }
}

/// Frames of a job that is over.
#[test]
fn frames_after_the_end() {
    let mut survey = Survey::sealed(3, &VALUES, 3);
    let job = survey.request(PAST_ANY_FEE);
    survey.settle(job);
    let frames: Vec<(usize, Vec<u8>)> = survey.world.nodes[2].sent.clone();
    for (to, frame) in frames {
        survey.world.inject(2, to, frame);
    }
    survey.world.settle_down();
    assert_eq!(survey.given_up(job), []);
    survey.assert_right(job, &EVERYBODY, &VALUES);
}

/// Any bytes at all, canonical elements among them: the job ends, and nobody honest is named. (That
/// wrong elements do not lead to wrong results is not claimed before openings are verified.)
#[test]
fn random_changes() {
    let mut survey = Survey::sealed(3, &VALUES, 4);
    let mut ended = [0, 0];
    for round in 0..120 {
        let adversary = round % 3;
        let mut random = generator("changes", round as u64);
        let changed = Rc::new(Cell::new(false));
        let seen = changed.clone();
        let rarity = 1 + random.next_u64() % 300;
        let tamper = move |_: usize, frame: &[u8]| {
            let mut frame = frame.to_vec();
            if random.next_u64().is_multiple_of(rarity) {
                seen.set(true);
                // Not in the job's number: a frame for the next job, where another party cheats, would be
                // one of this cheat's all the same.
                let at = 9 + random.next_u64() as usize % (frame.len() - 9);
                frame[at] ^= 1 << (random.next_u64() % 8);
            }
            vec![frame]
        };
        survey.world.corrupt(adversary, Box::new(tamper));
        let job = survey.request(PAST_ANY_FEE);
        let state = survey.finish(job);
        for (node, culprits, why) in survey.given_up(job) {
            let honest = culprits.iter().any(|named| *named != adversary);
            assert!(node == adversary || !honest, "node {node} blames: {why}");
        }
        match state {
            JobState::Settled(_) => ended[0] += 1,
            JobState::Failed(failure) => {
                ended[1] += 1;
                let said = survey.given_up(job);
                assert!(
                    changed.get(),
                    "nothing was changed in round {round}: {said:?}"
                );
                let named = survey.named(&failure);
                assert!(named.iter().all(|node| *node == adversary));
            }
            other => panic!("not over: {other:?}"),
        }
        survey.world.reform();
        survey.world.settle_down();
    }
    assert!(ended[0] > 0 && ended[1] > 0, "{ended:?}");
}
