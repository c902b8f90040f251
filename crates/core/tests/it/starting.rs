//! The start of a job on the chain, and cancelling before it.

use enigma_core::controller::{Call, Revert};
use enigma_wire::api::JobPhase;
use enigma_wire::id::JobId;
use enigma_wire::ledger::JobState;

use crate::committee::{PAST_ANY_FEE, Survey};

const VALUES: [i64; 5] = [3_000, 5_000, 4_000, 4_000, 4_000];
const EVERYBODY: [usize; 5] = [0, 1, 2, 3, 4];

fn started(survey: &Survey, job: JobId) -> bool {
    let jobs = &survey.world.chain.ledger().jobs;
    jobs[&job].started.is_some()
}

fn frames_sent(survey: &Survey) -> usize {
    let nodes = survey.world.nodes.iter();
    nodes.map(|node| node.sent.len()).sum()
}

fn cancel(survey: &mut Survey, job: JobId) -> Result<(), Revert> {
    let requester = survey.requester;
    let call = Call::CancelJob(job);
    survey.world.call(requester, 0, &call).map(drop)
}

/// Nobody computes for a cancelled job, nobody is named, the fee is back and the next job runs.
fn assert_cancelled(survey: &mut Survey, job: JobId, frames_before: usize) {
    survey.world.settle_down();
    assert_eq!(survey.state(job), JobState::Cancelled);
    assert_eq!(frames_sent(survey), frames_before);
    assert_eq!(survey.given_up(job), []);
    survey.assert_refunds();
    survey.assert_phase(job, JobPhase::Failed);
    let job = survey.request(PAST_ANY_FEE);
    survey.settle(job);
    survey.assert_right(job, &EVERYBODY, &VALUES);
}

#[test]
fn no_frame_leaves_before_the_start() {
    for seed in 40..50 {
        let mut survey = Survey::sealed(3, &VALUES, seed);
        let before = frames_sent(&survey);
        let job = survey.request(PAST_ANY_FEE);
        survey.world.run_until("start", 60_000, |world| {
            world.chain.ledger().jobs[&job].started.is_some()
        });
        assert_eq!(frames_sent(&survey), before);
        assert_eq!(cancel(&mut survey, job), Err(Revert::AlreadyStarted));
        survey.settle(job);
        survey.assert_right(job, &EVERYBODY, &VALUES);
        assert_eq!(survey.world.trouble(), Vec::<String>::new());
    }
}

#[test]
fn a_job_cancelled_at_once() {
    let mut survey = Survey::sealed(3, &VALUES, 41);
    let before = frames_sent(&survey);
    let job = survey.request(PAST_ANY_FEE);
    cancel(&mut survey, job).expect("nobody has started it");
    assert_cancelled(&mut survey, job, before);
}

/// At every moment either the cancellation comes first or the start does.
#[test]
fn a_job_cancelled_at_any_moment() {
    let mut survey = Survey::sealed(3, &VALUES, 42);
    let (mut cancelled, mut late) = (0, 0);
    for moment in 0..40 {
        let before = frames_sent(&survey);
        let job = survey.request(PAST_ANY_FEE);
        for _ in 0..moment {
            survey.world.step();
        }
        let was_started = started(&survey, job);
        match cancel(&mut survey, job) {
            Ok(()) => {
                assert!(!was_started);
                cancelled += 1;
                assert_cancelled(&mut survey, job, before);
            }
            Err(rule) => {
                assert!(was_started);
                assert_eq!(rule, Revert::AlreadyStarted);
                late += 1;
                survey.settle(job);
            }
        }
    }
    assert!(
        cancelled > 2 && late > 2,
        "{cancelled} cancelled, {late} late"
    );
}

#[test]
fn a_job_cancelled_while_a_member_cannot_be_reached() {
    let mut survey = Survey::sealed(3, &VALUES, 43);
    survey.world.cut(0, 1);
    survey.world.cut(0, 2);
    survey.world.cut(1, 2);
    let before = frames_sent(&survey);
    let job = survey.request(PAST_ANY_FEE);
    let later = survey.world.now.0 + 3_000;
    survey
        .world
        .run_until("later", 10_000, |world| world.now.0 >= later);
    assert!(!started(&survey, job), "nobody can reach the others");
    cancel(&mut survey, job).expect("not started");
    survey.world.heal();
    assert_cancelled(&mut survey, job, before);
}
