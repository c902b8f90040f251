//! Crashes, broken links and bad disks at every moment of a job: it ends, with a refund or right
//! results; who is gone is named, who is there is not.

use enigma_core::controller::Call;
use enigma_core::{Fact, Table, Timeouts};
use enigma_wire::controller::FailureReason;
use enigma_wire::id::JobId;
use enigma_wire::ledger::JobState;
use enigma_wire::peer::{self, Frame};

use crate::committee::{Disk, PAST_ANY_FEE, Survey, World};

const VALUES: [i64; 5] = [3_000, 5_000, 4_000, 4_000, 4_000];
const EVERYBODY: [usize; 5] = [0, 1, 2, 3, 4];

/// How a job ended whose run was disturbed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum End {
    Settled,
    Named,
    Unnamed,
}

/// Effects that a job takes from request to settlement.
fn length(survey: &mut Survey) -> u64 {
    let before = survey.world.effects;
    let job = survey.request(PAST_ANY_FEE);
    survey.settle(job);
    survey.world.effects - before
}

/// Requests a job and lets it run until so many effects were performed or it is over.
fn run_for(survey: &mut Survey, effects: u64) -> JobId {
    let end = survey.world.effects + effects;
    let job = survey.request(PAST_ANY_FEE);
    survey.world.run_until("moment", 180_000, |world| {
        world.effects >= end || world.chain.ledger().jobs[&job].state != JobState::Open
    });
    job
}

/// The job ends; its fee is paid back unless it is settled; nobody but these is ever named.
fn end(survey: &mut Survey, job: JobId, gone: &[usize]) -> End {
    let ended = match survey.state(job) {
        JobState::Settled(_) => End::Settled,
        _ => match survey.finish(job) {
            JobState::Settled(_) => End::Settled,
            JobState::Failed(failure) => {
                let named = survey.named(&failure);
                assert!(named.iter().all(|node| gone.contains(node)), "{named:?}");
                let blames = failure.reason == FailureReason::Unresponsive;
                assert!(named.is_empty() || blames, "{failure:?}");
                if named.is_empty() {
                    End::Unnamed
                } else {
                    End::Named
                }
            }
            other => panic!("not over: {other:?}"),
        },
    };
    survey.assert_refunds();
    for (node, culprits, why) in survey.given_up(job) {
        let honest = culprits.iter().any(|named| !gone.contains(named));
        assert!(gone.contains(&node) || !honest, "node {node}: {why}");
    }
    ended
}

/// Kills each node at many moments of a job of its own; all jobs are of one survey, so every crash is
/// also followed by a restart that has to work.
fn kill_sweep(n: u8, moments: u64, seed: u64) {
    let mut survey = Survey::sealed(n, &VALUES, seed);
    let length = length(&mut survey);
    let (mut named, mut settled) = (0, 0);
    for moment in 0..=moments {
        for victim in 0..usize::from(n) {
            // Past the end too: those jobs are settled.
            let job = run_for(&mut survey, moment * (length + length / 10) / moments);
            survey.world.kill(victim);
            match end(&mut survey, job, &[victim]) {
                End::Named => named += 1,
                End::Settled => settled += 1,
                End::Unnamed => panic!("node {victim} is not named at moment {moment}"),
            }
            survey.world.restart(victim);
            survey.world.settle_down();
            if let JobState::Settled(_) = survey.state(job) {
                survey.assert_right(job, &EVERYBODY, &VALUES);
            }
        }
    }
    assert!(named > moments, "{named} named, {settled} settled");
    assert!(settled > 0);
    let job = survey.request(PAST_ANY_FEE);
    survey.settle(job);
    survey.assert_right(job, &EVERYBODY, &VALUES);
}

#[test]
fn one_of_three_is_killed_at_any_moment() {
    kill_sweep(3, 60, 0);
}

#[test]
fn one_of_five_is_killed_at_any_moment() {
    kill_sweep(5, 16, 3);
}

#[test]
fn one_of_seven_is_killed_at_any_moment() {
    kill_sweep(7, 2, 4);
}

#[test]
fn the_last_moments_before_settlement() {
    let mut survey = Survey::sealed(3, &VALUES, 20);
    let length = length(&mut survey);
    let (mut named, mut settled) = (0, 0);
    for before in 0..60 {
        let job = run_for(&mut survey, length + 40 - 2 * before);
        let victim = before as usize % 3;
        survey.world.kill(victim);
        match end(&mut survey, job, &[victim]) {
            End::Named => named += 1,
            End::Settled => settled += 1,
            End::Unnamed => panic!("node {victim} is not named ({before})"),
        }
        survey.world.restart(victim);
        survey.world.settle_down();
        if let JobState::Settled(_) = survey.state(job) {
            survey.assert_right(job, &EVERYBODY, &VALUES);
        }
    }
    assert!(named > 5 && settled > 5, "{named} named, {settled} settled");
}

#[test]
fn a_node_that_comes_back_during_the_job() {
    let mut survey = Survey::sealed(5, &VALUES, 7);
    let length = length(&mut survey);
    let (mut failed, mut settled) = (0, 0);
    for moment in 0..60 {
        let victim = moment as usize % 5;
        // The last ones are over when the node comes back.
        let job = run_for(&mut survey, moment * length / 48);
        survey.world.kill(victim);
        for _ in 0..moment % 7 * 4 {
            survey.world.step();
        }
        survey.world.restart(victim);
        let ended = end(&mut survey, job, &[victim]);
        if ended == End::Settled {
            settled += 1;
            survey.assert_right(job, &EVERYBODY, &VALUES);
        } else {
            failed += 1;
        }
        survey.world.settle_down();
    }
    assert!(
        failed > 5 && settled > 0,
        "{failed} failed, {settled} settled"
    );
    let job = survey.request(PAST_ANY_FEE);
    survey.settle(job);
}

/// While links are awaited nobody has seen the node leave, so nobody is named.
#[test]
fn a_node_that_restarts_before_the_set_up() {
    let mut survey = Survey::sealed(3, &VALUES, 6);
    survey.world.cut(0, 1);
    survey.world.settle_down();
    let job = survey.request(PAST_ANY_FEE);
    survey.world.settle_down();
    survey.world.kill(2);
    survey.world.restart(2);
    survey.world.settle_down();
    survey.world.heal();
    let failure = survey.fail(job);
    assert_eq!(
        (failure.culprits, failure.reason),
        (0, FailureReason::Refused)
    );
    let why = survey.given_up(job);
    assert!(
        why.iter()
            .any(|(node, _, text)| *node == 2 && text.contains("restarted")),
        "{why:?}"
    );
}

#[test]
fn a_node_that_never_starts_is_named() {
    let mut survey = Survey::sealed(3, &VALUES, 7);
    survey.world.settle_down();
    survey.world.kill(1);
    let job = survey.request(PAST_ANY_FEE);
    let failure = survey.fail(job);
    assert_eq!(survey.named(&failure), [1]);
    assert_eq!(failure.reason, FailureReason::Unresponsive);
}

#[test]
fn links_that_come_up_late_are_waited_for() {
    let mut survey = Survey::sealed(3, &VALUES, 8);
    survey.world.cut(0, 1);
    survey.world.cut(1, 2);
    survey.world.settle_down();
    let job = survey.request(PAST_ANY_FEE);
    let later = survey.world.now.0 + Timeouts::default().links_ms * 3 / 4;
    survey
        .world
        .run_until("later", 60_000, |world| world.now.0 >= later);
    survey.world.heal();
    survey.settle(job);
    survey.assert_right(job, &EVERYBODY, &VALUES);
}

#[test]
fn two_of_five_are_killed() {
    let mut survey = Survey::sealed(5, &VALUES, 9);
    let length = length(&mut survey);
    for moment in 0..12 {
        let job = run_for(&mut survey, moment * length / 12);
        let gone = [moment as usize % 5, (moment as usize + 2) % 5];
        survey.world.kill(gone[0]);
        for _ in 0..moment {
            survey.world.step();
        }
        survey.world.kill(gone[1]);
        assert_ne!(end(&mut survey, job, &gone), End::Unnamed);
        survey.world.restart(gone[0]);
        survey.world.restart(gone[1]);
        survey.world.settle_down();
    }
}

/// More than t are gone: the rest cannot prove anything, but the deadline frees the fee.
#[test]
fn two_of_three_are_killed() {
    let mut survey = Survey::sealed(3, &VALUES, 10);
    let length = length(&mut survey);
    let job = run_for(&mut survey, length / 2);
    survey.world.kill(0);
    survey.world.kill(2);
    let later = survey.world.now.0 + 60_000;
    survey
        .world
        .run_until("later", 70_000, |world| world.now.0 >= later);
    assert_eq!(survey.state(job), JobState::Open);
    let expire = Call::ExpireJob(job);
    let requester = survey.requester;
    assert!(
        survey.world.call(requester, 0, &expire).is_err(),
        "too early"
    );
    survey.world.chain.pass(2_000_000);
    survey
        .world
        .call(requester, 0, &expire)
        .expect("after the deadline");
    survey.world.settle_down();
    assert_eq!(
        survey.world.chain.controller.credit(requester),
        PAST_ANY_FEE
    );
    survey.world.restart(0);
    survey.world.restart(2);
    survey.world.settle_down();
    let job = survey.request(PAST_ANY_FEE);
    survey.settle(job);
    survey.assert_right(job, &EVERYBODY, &VALUES);
}

/// Those who come back cannot go on, and say so when nobody hears it yet: once links are up it is
/// said again, and the fee is refunded long before the deadline.
#[test]
fn two_of_three_come_back() {
    let mut survey = Survey::sealed(3, &VALUES, 30);
    let length = length(&mut survey);
    let job = run_for(&mut survey, length / 2);
    survey.world.kill(0);
    survey.world.kill(2);
    for (a, b) in [(0, 1), (0, 2), (1, 2)] {
        survey.world.cut(a, b);
    }
    survey.world.restart(0);
    survey.world.restart(2);
    let later = survey.world.now.0 + 20_000;
    survey
        .world
        .run_until("later", 30_000, |world| world.now.0 >= later);
    assert_eq!(survey.state(job), JobState::Open);
    survey.world.heal();
    assert_eq!(end(&mut survey, job, &[0, 2]), End::Unnamed);
    let job = survey.request(PAST_ANY_FEE);
    survey.settle(job);
}

#[test]
fn a_broken_link_between_two_that_work_blames_neither() {
    for n in [3, 5] {
        let mut survey = Survey::sealed(n, &VALUES, 11);
        let length = length(&mut survey);
        let mut failed = 0;
        for moment in 0..20 {
            let job = run_for(&mut survey, moment * length / 20);
            survey.world.cut(0, 1);
            match survey.finish(job) {
                JobState::Settled(_) => survey.assert_right(job, &EVERYBODY, &VALUES),
                JobState::Failed(failure) => {
                    failed += 1;
                    assert_eq!(survey.named(&failure), Vec::<usize>::new());
                }
                other => panic!("not over: {other:?}"),
            }
            survey.world.heal();
            survey.world.settle_down();
        }
        assert!(failed > 10);
    }
}

#[test]
fn a_disk_that_fails_during_a_job() {
    let mut survey = Survey::sealed(3, &VALUES, 12);
    let length = length(&mut survey);
    let mut failed = 0;
    for moment in 0..30 {
        let job = run_for(&mut survey, moment * length / 30);
        survey.world.nodes[1].disk_mode = Disk::Fails;
        match end(&mut survey, job, &[]) {
            End::Settled => {}
            End::Unnamed => failed += 1,
            End::Named => unreachable!("nobody is gone"),
        }
        survey.world.nodes[1].disk_mode = Disk::Works;
    }
    assert!(failed > 10);
}

/// Nothing is sent for a job before its attempt is durable (protocols S1).
#[test]
fn the_attempt_is_durable_before_anything_is_sent() {
    let mut survey = Survey::sealed(3, &VALUES, 13);
    survey.world.settle_down();
    survey.world.nodes[1].disk_mode = Disk::Waits;
    let sent = survey.world.nodes[1].sent.len();
    let job = survey.request(PAST_ANY_FEE);
    survey.world.settle_down();
    assert_eq!(survey.world.nodes[1].sent.len(), sent);
    assert_eq!(survey.world.nodes[1].count(Table::Jobs), 0);
    survey.world.release(1);
    survey.settle(job);
    survey.assert_right(job, &EVERYBODY, &VALUES);
    assert_eq!(survey.world.nodes[1].count(Table::Jobs), 1);
}

#[test]
fn a_disk_that_hangs_is_not_named_but_ends_the_job() {
    let mut survey = Survey::sealed(3, &VALUES, 14);
    survey.world.settle_down();
    survey.world.nodes[1].disk_mode = Disk::Waits;
    let job = survey.request(PAST_ANY_FEE);
    assert_eq!(end(&mut survey, job, &[]), End::Unnamed);
}

/// The certificate says that outputs are durable; a member whose disk is slow is not waited for
/// forever, but stores them all the same.
#[test]
fn outputs_of_a_slow_disk_come_after_the_settlement() {
    let mut survey = Survey::sealed(3, &VALUES, 15);
    let job = survey.request(PAST_ANY_FEE);
    // While it computes, before it has outputs to store.
    let computing = Fact::JobPhase {
        job,
        phase: "entry",
    };
    survey.world.run_until("the entry", 60_000, |world| {
        world.nodes[2].reports.contains(&computing)
    });
    survey.world.nodes[2].disk_mode = Disk::Waits;
    survey.settle(job);
    assert!(survey.collect(job, 0).is_err());
    let signed = Fact::JobPhase {
        job,
        phase: "certifying",
    };
    assert!(!survey.world.nodes[2].reports.contains(&signed));
    survey.world.release(2);
    survey.world.settle_down();
    survey.assert_right(job, &EVERYBODY, &VALUES);
}

/// The chain takes a certificate also after the deadline, as long as nobody has asked for the refund:
/// members that have outputs keep them until then.
#[test]
fn outputs_outlive_the_deadline() {
    let mut survey = Survey::sealed(3, &VALUES, 78);
    let job = survey.request(PAST_ANY_FEE);
    let phase = |world: &World, phase| {
        let fact = Fact::JobPhase { job, phase };
        let has = |node: &usize| world.nodes[*node].reports.contains(&fact);
        (0..3).filter(has).count()
    };
    survey.world.run_until("range check", 60_000, |world| {
        phase(world, "range check") == 3
    });
    for node in 0..3 {
        survey.world.nodes[node].disk_mode = Disk::Waits;
    }
    survey
        .world
        .run_until("outputs", 60_000, |world| phase(world, "publishing") == 3);
    survey.world.chain.pass(2_000_000);
    survey.world.idle_blocks(1);
    let later = survey.world.now.0 + 1_000;
    survey
        .world
        .run_until("ticks", 2_000, |world| world.now.0 >= later);
    assert_eq!(survey.state(job), JobState::Open);
    for node in 0..3 {
        survey.world.release(node);
    }
    survey.settle(job);
    survey.assert_right(job, &EVERYBODY, &VALUES);
}

#[test]
fn a_row_that_is_lost_or_damaged() {
    let mut survey = Survey::sealed(3, &VALUES, 16);
    survey.world.settle_down();
    for damage in [0, 1, 2] {
        let rows = survey.world.nodes[0].load(Table::Rows, &[]);
        let (key, value) = rows[1].clone();
        let place = (Table::Rows, key);
        let mut damaged = value.clone();
        match damage {
            0 => {
                survey.world.nodes[0].disk.remove(&place);
            }
            1 => {
                damaged.truncate(value.len() - 1);
                survey.world.nodes[0].disk.insert(place.clone(), damaged);
            }
            _ => {
                damaged[..8].fill(0xff);
                survey.world.nodes[0].disk.insert(place.clone(), damaged);
            }
        }
        let job = survey.request(PAST_ANY_FEE);
        let failure = survey.fail(job);
        assert_eq!(
            (failure.culprits, failure.reason),
            (0, FailureReason::Refused)
        );
        let why = &survey.given_up(job)[0];
        assert!(
            why.0 == 0 && why.2.contains("the row of member 1"),
            "{why:?}"
        );
        survey.world.nodes[0].disk.insert(place, value);
    }
    let job = survey.request(PAST_ANY_FEE);
    survey.settle(job);
}

#[test]
fn everybody_restarts_between_jobs() {
    let mut survey = Survey::sealed(5, &VALUES, 17);
    let first = survey.request(PAST_ANY_FEE);
    survey.settle(first);
    for node in 0..5 {
        survey.world.kill(node);
    }
    for node in 0..5 {
        survey.world.restart(node);
    }
    survey.world.settle_down();
    survey.assert_right(first, &EVERYBODY, &VALUES);
    let second = survey.request(PAST_ANY_FEE);
    survey.settle(second);
    survey.assert_right(second, &EVERYBODY, &VALUES);
}

/// What a member does not do while its turns are held back, and that it goes on afterwards. The
/// other members' frames reach it all the time.
#[test]
fn a_member_without_turns_computes_nothing_and_goes_on_later() {
    let mut survey = Survey::sealed(3, &VALUES, 77);
    let slow = survey.committee()[0];
    let computed = |survey: &Survey, from: usize| {
        let sent = survey.world.nodes[from].sent.iter();
        sent.filter(|(_, frame)| matches!(peer::decode(frame), Ok(Frame::Compute(..))))
            .count()
    };
    survey.world.held = Some(slow);
    let job = survey.request(PAST_ANY_FEE);
    for _ in 0..5_000 {
        survey.world.step();
        if survey.world.now.0 > 10_000 {
            break;
        }
    }
    let took = survey.world.nodes[slow].received.iter();
    let took = took.filter(|(_, frame)| matches!(peer::decode(frame), Ok(Frame::Compute(..))));
    assert!(took.count() > 0);
    assert_eq!(computed(&survey, slow), 0);

    survey.world.held = None;
    survey.settle(job);
    assert!(computed(&survey, slow) > 0);
    survey.assert_right(job, &EVERYBODY, &VALUES);
    assert_eq!(survey.world.trouble(), Vec::<String>::new());
}
