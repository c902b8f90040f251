//! Entries that branch on what they have shown: both sides, refusals, cheats in a later stage, restarts; and who may call.

use std::collections::BTreeMap;

use enigma_bytecode::plan::STAGE_CALLS;
use enigma_core::{ClientRequest, Response, Table};
use enigma_wire::api::ErrorCode;
use enigma_wire::controller::FailureReason;
use enigma_wire::id::{Address, CollectionId, JobId, MemberIndex};
use enigma_wire::ledger::JobState;
use enigma_wire::output::{PublicLine, PublicValue, Recipient};
use enigma_wire::peer::{self, Frame, HEADER_BYTES};

use crate::committee::{Consented, PAST_ANY_FEE, Setting, Survey};

const SOURCE: &str = "
contract Stages version 1 {
  group people min 3 max 50;
  party host;
  collect v: private u64 from each people range 0..=1_000
    allow aggregate(3) to public, host, each people
    allow member to public;
  entry run() by people {
    reveal total = v.sum() to public;
    if total > 100 {
      reveal most = v.max()                to host;
      reveal who  = v.owner_at(v.argmax()) to public;
    } else {
      reveal least = v.min() to each people;
    }
    require total != 7, \"seven is refused\";
    reveal mean = v.mean() to host;
  }
}";

const STAGES: Setting<'_> = Setting {
    source: SOURCE,
    parties: 1,
    bound: &[0],
};
const HOST: Recipient = Recipient::Party(0);
/// Who calls: the third member.
const CALLER: usize = 2;
/// The first number of calls is that of the input check; stages follow.
const SECOND_STAGE: u32 = (1 << 31) + STAGE_CALLS;

fn sealed(values: &[i64], seed: u64) -> (Survey, Address) {
    let mut survey = Survey::ready_in(STAGES, 3, values.len(), seed);
    let caller = survey.owners[CALLER].address();
    for (member, value) in values.iter().enumerate() {
        survey.contribute(member, *value);
        let terms = Consented {
            requester: caller,
            ..survey.wide()
        };
        survey.consent_to(member, terms);
    }
    survey.seal();
    (survey, caller)
}

fn requested(survey: &mut Survey, caller: Address) -> JobId {
    let job = survey.request_entry(caller, 0, PAST_ANY_FEE);
    job.expect("the controller does not judge this")
}

fn line(reveal: u16, value: PublicValue) -> PublicLine {
    PublicLine {
        reveal,
        columns: vec![vec![value]],
        there: vec![],
    }
}

fn named<T, const N: usize>(all: [(&str, T); N]) -> BTreeMap<String, T> {
    all.map(|(name, value)| (name.to_owned(), value)).into()
}

fn member(number: u32) -> Recipient {
    Recipient::Member {
        collection: CollectionId(1),
        member: MemberIndex(number),
    }
}

#[test]
fn one_side_of_a_branch() {
    let (mut survey, caller) = sealed(&[30, 70, 5, 70], 1);
    let job = requested(&mut survey, caller);
    let certificate = survey.settle(job);
    let first = survey.owners[1].address().0.to_vec();
    let public = named([
        ("total", line(0, PublicValue::Number(175))),
        ("who", line(2, PublicValue::Bytes(first))),
    ]);
    assert_eq!(survey.public(job), Ok(public));
    let host = named([("most", 70), ("mean", 43)]);
    assert_eq!(survey.results(job, HOST), Ok(host));
    for number in 0..4 {
        // They have a place in the tree, and no line in it.
        let nothing = survey.fetch(job, member(number)).expect("all is stored");
        assert_eq!(nothing.len(), 3);
    }
    // What is certified is what was quoted: the bound, with both sides in it.
    let quote = survey.quote(4);
    assert_eq!(certificate.multiplications, quote.multiplications);
    assert_eq!(certificate.rounds, quote.rounds);
    assert_eq!(certificate.bytes, quote.bytes_total);
    assert_eq!(survey.world.trouble(), Vec::<String>::new());
}

#[test]
fn the_other_side() {
    let (mut survey, caller) = sealed(&[30, 40, 5, 1_001, 6], 2);
    let job = requested(&mut survey, caller);
    assert_eq!(survey.settle(job).rows, 4);
    let public = named([("total", line(0, PublicValue::Number(81)))]);
    assert_eq!(survey.public(job), Ok(public));
    assert_eq!(survey.results(job, HOST), Ok(named([("mean", 20)])));
    for number in [0, 1, 2, 4] {
        let least = named([("least", 5)]);
        assert_eq!(survey.results(job, member(number)), Ok(least));
    }
}

/// Nothing of the job is kept, and nothing is handed out.
fn nothing_is_shown(survey: &mut Survey, job: JobId) {
    for node in 0..3 {
        let mut written = survey.world.nodes[node].written.iter();
        assert!(written.all(|(table, ..)| *table != Table::Outputs));
        for recipient in [Recipient::Public, HOST, member(0)] {
            let request = ClientRequest::Output { job, recipient };
            match survey.world.answer(node, request) {
                Response::Error(error) => assert_eq!(error.code, ErrorCode::NotAllowed),
                other => panic!("an output: {other:?}"),
            }
        }
    }
}

fn refused(survey: &mut Survey, job: JobId, why: &str) {
    let JobState::Failed(failure) = survey.finish(job) else {
        panic!("not failed: {:?}", survey.state(job));
    };
    assert_eq!(
        (failure.culprits, failure.reason),
        (0, FailureReason::Refused)
    );
    let said = survey.given_up(job);
    assert!(said.iter().any(|(.., text)| text.contains(why)), "{said:?}");
}

/// A call can be refused when its first stage has ended: by all members, without blame.
#[test]
fn a_call_that_is_refused_for_what_it_has_opened() {
    for seed in 3..9 {
        let (mut survey, caller) = sealed(&[1, 3, 1, 2], seed);
        let job = requested(&mut survey, caller);
        refused(&mut survey, job, "seven is refused");
        nothing_is_shown(&mut survey, job);
        assert_eq!(survey.world.trouble(), Vec::<String>::new());
    }
}

#[test]
fn only_a_member_whose_row_is_used_may_call() {
    let (mut survey, _) = sealed(&[1, 2, 3, 4], 9);
    let job = survey.request(PAST_ANY_FEE);
    let why = "may be called by members of the group people whose rows are used alone";
    refused(&mut survey, job, why);
    // A member who does not let its own row be used.
    let other = survey.owners[0].address();
    for member in 1..4 {
        let terms = Consented {
            requester: other,
            ..survey.wide()
        };
        survey.consent_to(member, terms);
    }
    let job = requested(&mut survey, other);
    refused(&mut survey, job, why);
}

fn is_of_second_stage(frame: &[u8]) -> bool {
    match peer::decode(frame) {
        Ok(Frame::Compute(_, place, _)) => place.op >= SECOND_STAGE,
        _ => false,
    }
}

/// The first stage opens the total; who then cheats is named, and nobody sees even that.
#[test]
fn a_cheat_in_the_second_stage() {
    let (mut cheated, mut blamed) = (0, 0);
    for seed in 10..22 {
        let (mut survey, caller) = sealed(&[30, 70, 5, 70], seed);
        let adversary = survey.committee()[1];
        let tamper = |_: usize, frame: &[u8]| {
            let mut frame = frame.to_vec();
            if is_of_second_stage(&frame) {
                frame.truncate((frame.len() - 8).max(HEADER_BYTES));
            }
            vec![frame]
        };
        survey.world.corrupt(adversary, Box::new(tamper));
        let job = requested(&mut survey, caller);
        let JobState::Failed(failure) = survey.finish(job) else {
            panic!("not failed: {:?}", survey.state(job));
        };
        let sent = &survey.world.nodes[adversary].sent;
        cheated += u32::from(sent.iter().any(|(_, frame)| is_of_second_stage(frame)));
        let named = survey.named(&failure);
        assert!(named.iter().all(|node| *node == adversary), "{named:?}");
        blamed += u32::from(named == [adversary]);
        for (node, culprits, why) in survey.given_up(job) {
            let honest = culprits.iter().any(|named| *named != adversary);
            assert!(node == adversary || !honest, "node {node} blames: {why}");
        }
        nothing_is_shown(&mut survey, job);
        survey.world.reform();
        let job = requested(&mut survey, caller);
        survey.settle(job);
        assert_eq!(survey.public(job).expect("settled").len(), 2);
    }
    assert_eq!(cheated, 12, "the second stage was reached");
    assert!(blamed > 1, "the chain names it {blamed} times");
}

/// Who dies in the second stage fails the job; with everybody back the next one settles, and what a node stored it serves.
#[test]
fn restarts_in_the_second_stage_and_after_the_job() {
    let (mut survey, caller) = sealed(&[30, 70, 5, 70], 30);
    let job = requested(&mut survey, caller);
    let victim = survey.committee()[0];
    survey.world.run_until("second stage", 60_000, |world| {
        let sent = &world.nodes[victim].sent;
        sent.iter().any(|(_, frame)| is_of_second_stage(frame))
    });
    survey.world.kill(victim);
    let state = survey.finish(job);
    assert!(matches!(state, JobState::Failed(_)), "{state:?}");
    survey.world.restart(victim);
    survey.world.settle_down();
    nothing_is_shown(&mut survey, job);
    let job = requested(&mut survey, caller);
    survey.settle(job);
    let before = survey.public(job);
    for node in 0..3 {
        survey.world.kill(node);
        survey.world.restart(node);
    }
    survey.world.settle_down();
    assert_eq!(survey.public(job), before);
    assert_eq!(before.expect("settled").len(), 2);
}

/// There is nothing for everyone before the job is settled, nor of a job that shows everyone nothing.
#[test]
fn public_results_that_are_not_there() {
    let (mut survey, caller) = sealed(&[30, 70, 5, 70], 31);
    let job = requested(&mut survey, caller);
    let early = ask_public(&mut survey, job);
    assert_eq!(early, Some(ErrorCode::NotAllowed));
    survey.settle(job);
    assert_eq!(ask_public(&mut survey, job), None);
    assert_eq!(
        ask_public(&mut survey, JobId(99)),
        Some(ErrorCode::NotFound)
    );
    let mut plain = Survey::sealed(3, &[10, 20, 30, 40, 50], 32);
    let job = plain.request(PAST_ANY_FEE);
    plain.settle(job);
    assert_eq!(ask_public(&mut plain, job), Some(ErrorCode::NotFound));
}

fn ask_public(survey: &mut Survey, job: JobId) -> Option<ErrorCode> {
    let recipient = Recipient::Public;
    let request = ClientRequest::Output { job, recipient };
    match survey.world.answer_as(0, None, request) {
        Response::Output(_) => None,
        Response::Error(error) => Some(error.code),
        other => panic!("neither output nor error: {other:?}"),
    }
}
