//! What a committee keeps secret between runs: nobody sees it, every honest member has what the chain says, and nothing else stays.

use enigma_core::controller::Call;
use enigma_core::{Fact, Table};
use enigma_wire::arguments::{self, Arguments};
use enigma_wire::controller::{FailureReason, JobRequest};
use enigma_wire::id::JobId;
use enigma_wire::ledger::JobState;
use enigma_wire::output::PublicValue;
use enigma_wire::peer::{self, Control, Frame};

use crate::committee::{Disk, Owner, PAST_ANY_FEE, Setting, Survey};

const SOURCE: &str = "
contract Kept version 1 {
  group people min 3 max 50;
  collect pay: private u64 from each people range 0..=1000 allow aggregate(3) to public;
  state MPC {
    tally: private [u64; 2] accumulator = [0, 0] allow aggregate(3) to public;
    pin:   private u64 allow bit to public;
  }
  state L { tries: u64 = 0; }
  entry vote(choice: private u64 from caller range 0..=1) {
    MPC.tally[0] += choice;
    MPC.tally[1] += 1 - choice;
  }
  entry close() { reveal result = MPC.tally to public; }
  entry enroll(pin: private u64 from caller range 0..=9999) { MPC.pin = pin; }
  entry unlock(guess: private u64 from caller range 0..=9999) {
    reveal open = guess == MPC.pin to public;
    L.tries += 1;
  }
  entry total() { reveal sum = pay.sum() to public; }
}";

const KEPT: Setting<'_> = Setting {
    source: SOURCE,
    parties: 0,
    bound: &[],
};
const VOTE: u16 = 0;
const CLOSE: u16 = 1;
const ENROLL: u16 = 2;
const UNLOCK: u16 = 3;

fn ready(committee: u8, seed: u64) -> Survey {
    Survey::ready_in(KEPT, committee, 3, seed)
}

fn voter(number: usize) -> Owner {
    Owner::new(600 + number, 1)
}

fn request(survey: &mut Survey, by: &Owner, entry: u16, secret: Option<i64>) -> JobId {
    let dealt = secret.map(|secret| {
        let until = survey.world.chain.time() + 600;
        let deposits = survey.deal_parameters(by, (entry, until), &[secret]);
        survey.keep_parameters(&deposits)
    });
    let values = dealt.iter().map(|_| Vec::new()).collect();
    let request = JobRequest {
        collections: Vec::new(),
        arguments: arguments::encode(&Arguments { values, dealt }),
        seal_key: None,
        ..survey.job_request(entry)
    };
    let job = survey.request_job(by.address(), &request, PAST_ANY_FEE);
    job.expect("the chain takes it")
}

fn settle(survey: &mut Survey, by: &Owner, entry: u16, secret: Option<i64>) -> JobId {
    let job = request(survey, by, entry, secret);
    survey.settle(job);
    job
}

fn vote(survey: &mut Survey, number: usize, choice: i64) {
    settle(survey, &voter(number), VOTE, Some(choice));
}

/// What everyone is shown of a result, element by element.
fn shown(survey: &mut Survey, job: JobId, name: &str) -> Vec<i64> {
    let public = survey.public(job).expect("settled");
    let numbers = public[name]
        .columns
        .iter()
        .flatten()
        .map(|value| match value {
            PublicValue::Number(number) => *number,
            other => panic!("no number: {other:?}"),
        });
    numbers.collect()
}

fn close(survey: &mut Survey) -> Vec<i64> {
    let job = settle(survey, &voter(99), CLOSE, None);
    shown(survey, job, "result")
}

/// The run is refused for this reason before it was started.
fn refused(survey: &mut Survey, job: JobId, why: &str) {
    let state = survey.finish(job);
    let JobState::Failed(failure) = state else {
        panic!("not failed: {state:?}");
    };
    assert_eq!(failure.reason, FailureReason::Refused);
    let said = survey.given_up(job);
    assert!(said.iter().any(|(.., said)| said.contains(why)), "{said:?}");
    assert_eq!(survey.world.chain.ledger().jobs[&job].started, None);
}

/// How many versions each member keeps.
fn kept(survey: &Survey) -> Vec<usize> {
    let nodes = survey.committee().into_iter();
    let count = |node: usize| survey.world.nodes[node].count(Table::Secrets);
    nodes.map(count).collect()
}

fn restart(survey: &mut Survey, node: usize) {
    survey.world.kill(node);
    survey.world.restart(node);
    survey.world.settle_down();
}

#[test]
fn votes_are_counted_where_nobody_sees_them() {
    for (committee, seed) in [(3, 1), (5, 2)] {
        let mut survey = ready(committee, seed);
        for (number, choice) in [(0, 1), (1, 0), (2, 1)] {
            vote(&mut survey, number, choice);
            assert_eq!(kept(&survey), vec![1; committee.into()]);
        }
        // Not even a member that was away for a while forgets.
        let node = survey.committee()[1];
        restart(&mut survey, node);
        vote(&mut survey, 3, 1);
        assert_eq!(close(&mut survey), [3, 1]);
        assert_eq!(kept(&survey), vec![1; committee.into()]);
        assert_eq!(survey.world.trouble(), Vec::<String>::new());
    }
}

#[test]
fn a_secret_is_compared_with_and_replaced() {
    let mut survey = ready(3, 3);
    let owner = voter(0);
    for (pin, guess, open) in [(1234, 1234, 1), (1234, 1235, 0), (7, 7, 1), (7, 1234, 0)] {
        settle(&mut survey, &owner, ENROLL, Some(pin));
        // What another entry adds to is not touched.
        vote(&mut survey, 1, 1);
        let job = settle(&mut survey, &voter(1), UNLOCK, Some(guess));
        assert_eq!(shown(&mut survey, job, "open"), [open], "{pin} {guess}");
    }
    // Before anything was stored it is what the contract says.
    let mut fresh = ready(3, 4);
    let job = settle(&mut fresh, &voter(1), UNLOCK, Some(0));
    assert_eq!(shown(&mut fresh, job, "open"), [1]);
    assert_eq!(kept(&fresh), [0, 0, 0]);
}

/// An accumulator is shown when three accounts have added to it, and again after three more.
#[test]
fn contributions_are_counted_by_account_and_from_the_last_show() {
    let mut survey = ready(3, 5);
    let needs = "needs 3";
    for number in [0, 1, 0] {
        vote(&mut survey, number, 1);
        let job = request(&mut survey, &voter(99), CLOSE, None);
        refused(&mut survey, job, needs);
    }
    vote(&mut survey, 2, 0);
    assert_eq!(close(&mut survey), [3, 1]);
    for number in [3, 4] {
        vote(&mut survey, number, 0);
        let job = request(&mut survey, &voter(99), CLOSE, None);
        refused(&mut survey, job, needs);
    }
    vote(&mut survey, 5, 0);
    assert_eq!(close(&mut survey), [3, 4]);
}

/// A member that sees what a run opens and breaks it off has seen the sum: the same is shown again, one with a vote more is not.
#[test]
fn a_show_that_was_broken_off_counts_as_one() {
    let mut survey = ready(3, 6);
    for number in 0..3 {
        vote(&mut survey, number, 1);
    }
    let broken_off = |survey: &mut Survey| {
        let job = request(survey, &voter(99), CLOSE, None);
        let victim = survey.committee()[2];
        survey.world.run_until("the last opening", 60_000, |world| {
            let phase = "publishing";
            world.nodes[victim]
                .reports
                .contains(&Fact::JobPhase { job, phase })
        });
        survey.world.kill(victim);
        let state = survey.finish(job);
        assert!(matches!(state, JobState::Failed(_)), "{state:?}");
        survey.world.restart(victim);
        survey.world.settle_down();
    };
    broken_off(&mut survey);
    vote(&mut survey, 3, 0);
    let job = request(&mut survey, &voter(99), CLOSE, None);
    refused(
        &mut survey,
        job,
        "`tally` has 1 contributions; this entry needs 3",
    );
    for number in [4, 5] {
        vote(&mut survey, number, 0);
    }
    broken_off(&mut survey);
    assert_eq!(close(&mut survey), [3, 3]);
}

/// A member that starts what the others refuse has shown nothing, and cannot have contributions count from 0.
#[test]
fn what_one_member_starts_alone_spoils_no_count() {
    let mut survey = ready(3, 11);
    for number in 0..2 {
        vote(&mut survey, number, 1);
    }
    // Too early, and as something that it is not.
    for changes in [true, false] {
        let request = JobRequest {
            changes,
            collections: Vec::new(),
            ..survey.job_request(CLOSE)
        };
        let job = survey.request_job(voter(99).address(), &request, PAST_ANY_FEE);
        let job = job.expect("the chain takes it");
        let liar = survey.committee()[1];
        let operator = survey.world.nodes[liar].operator();
        let started = survey.world.call(operator, 0, &Call::StartJob(job));
        assert!(started.is_ok(), "{started:?}");
        let state = survey.finish(job);
        assert!(matches!(state, JobState::Failed(_)), "{state:?}");
    }
    vote(&mut survey, 2, 0);
    assert_eq!(close(&mut survey), [2, 1]);
}

/// At whatever moment a member is killed: what the chain has settled counts, and nothing else, at every member.
#[test]
fn one_of_three_is_killed_at_any_moment() {
    let mut survey = ready(3, 7);
    let before = survey.world.effects;
    vote(&mut survey, 0, 1);
    let length = survey.world.effects - before;
    let (mut expected, mut failed) = ([1, 0], 0);
    let moments = 40;
    for moment in 0..=moments {
        let victim = moment as usize % 3;
        let choice = i64::from(moment % 2 == 0);
        // Most of them in the last part, and past the end, too: those are settled.
        let end = survey.world.effects + length / 3 + length * moment / moments;
        let job = request(&mut survey, &voter(moment as usize), VOTE, Some(choice));
        survey.world.run_until("moment", 180_000, |world| {
            world.effects >= end || world.chain.ledger().jobs[&job].state != JobState::Open
        });
        survey.world.kill(victim);
        if survey.state(job) == JobState::Open {
            survey.finish(job);
        }
        survey.world.restart(victim);
        survey.world.settle_down();
        match survey.state(job) {
            JobState::Settled(_) => expected[usize::from(choice == 0)] += 1,
            _ => failed += 1,
        }
        assert_eq!(kept(&survey), [1, 1, 1], "moment {moment}");
    }
    assert!(
        failed > 5 && expected.iter().sum::<i64>() > 5,
        "{failed} failed, {expected:?}"
    );
    assert_eq!(close(&mut survey), expected);
}

/// Who hears of a member's root knows that it has kept what the run leaves.
#[test]
fn secrets_are_durable_before_the_root_is_sent() {
    let mut survey = ready(3, 8);
    vote(&mut survey, 0, 1);
    let node = survey.committee()[0];
    let roots = |survey: &Survey| {
        let sent = &survey.world.nodes[node].sent;
        let is_root = |frame: &[u8]| match peer::decode(frame) {
            Ok(Frame::Control(_, message)) => matches!(*message, Control::OutputRoot(_)),
            _ => false,
        };
        sent.iter().filter(|(_, frame)| is_root(frame)).count()
    };
    let before = roots(&survey);
    let job = request(&mut survey, &voter(1), VOTE, Some(1));
    survey.world.run_until("the entry", 60_000, |world| {
        let phase = "entry";
        world.nodes[node]
            .reports
            .contains(&Fact::JobPhase { job, phase })
    });
    survey.world.nodes[node].disk_mode = Disk::Waits;
    survey.world.run_until("the write", 60_000, |world| {
        !world.nodes[node].waiting_writes.is_empty()
    });
    for _ in 0..60 {
        survey.world.step();
    }
    assert_eq!(survey.state(job), JobState::Open);
    assert_eq!(roots(&survey), before);
    survey.world.release(node);
    survey.settle(job);
    assert!(roots(&survey) > before);
}

#[test]
fn a_member_that_has_lost_its_secrets_says_so() {
    let mut survey = ready(3, 9);
    for number in 0..3 {
        vote(&mut survey, number, 1);
    }
    let node = survey.committee()[0];
    let disk = &mut survey.world.nodes[node].disk;
    disk.retain(|(table, _), _| *table != Table::Secrets);
    let job = request(&mut survey, &voter(99), CLOSE, None);
    refused(&mut survey, job, "no longer has the secrets that job");
}

/// A member that computes from other shares than it has kept is found, and what is shown is never wrong.
#[test]
fn a_member_with_other_shares_changes_nothing() {
    let mut survey = ready(3, 10);
    for number in 0..3 {
        vote(&mut survey, number, 1);
    }
    let liar = survey.committee()[1];
    let honest = survey.world.nodes[liar].disk.clone();
    for (_, value) in (survey.world.nodes[liar].disk.iter_mut())
        .filter(|((table, _), _)| *table == Table::Secrets)
    {
        let last = value.len() - 8;
        value[last] ^= 1;
    }
    let job = request(&mut survey, &voter(99), CLOSE, None);
    let state = survey.finish(job);
    assert!(matches!(state, JobState::Failed(_)), "{state:?}");
    assert!(survey.public(job).is_err());
    let nodes = survey.committee();
    for (node, culprits, why) in survey.given_up(job) {
        let blames_honest = culprits
            .iter()
            .any(|named| *named != liar && nodes.contains(named));
        assert!(node == liar || !blames_honest, "node {node}: {why}");
    }
    survey.world.nodes[liar].disk = honest;
    assert_eq!(close(&mut survey), [3, 0]);
}
