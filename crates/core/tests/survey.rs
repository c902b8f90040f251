//! A whole job in memory: right answers, refusals, failures that name who.

mod harness;

use enigma_core::{ClientRequest, Fact, Response, Table};
use enigma_wire::api::ErrorCode;
use enigma_wire::controller::FailureReason;
use enigma_wire::id::{JobId, NodeId};
use enigma_wire::ledger::JobState;
use harness::{COLLECTION, World};

const VALUES: [i64; 6] = [3_000, 5_000, 4_000, 4_000, 4_001, 100_000_000];

fn state(world: &World, job: JobId) -> JobState {
    world.controller.ledger().jobs[&job].state.clone()
}

#[track_caller]
fn check_results(world: &mut World, job: JobId, values: &[i64]) {
    let average = values.iter().sum::<i64>() / values.len() as i64;
    for (member, value) in values.iter().enumerate() {
        let rank = 1 + values.iter().filter(|other| *other > value).count() as i64;
        let learned = world.collect(job, member);
        assert_eq!(
            learned.into_values().collect::<Vec<_>>(),
            [average, rank],
            "member {member}"
        );
    }
}

#[test]
fn everyone_learns_the_average_and_their_own_rank() {
    for n in [3, 5, 7] {
        for seed in 0..3 {
            let mut world = World::new(n, VALUES.len(), seed);
            world.share(&VALUES);
            let job = world.request(VALUES.len() as u32);
            world.run();
            let JobState::Settled(certificate) = state(&world, job) else {
                panic!("n = {n}: {:?}", state(&world, job))
            };
            assert_eq!(certificate.rows, VALUES.len() as u32);
            check_results(&mut world, job, &VALUES);
        }
    }
}

#[test]
fn what_is_certified_is_what_was_sent() {
    let mut world = World::new(3, VALUES.len(), 4);
    world.share(&VALUES);
    let job = world.request(VALUES.len() as u32);
    world.run();
    let JobState::Settled(certificate) = state(&world, job) else {
        panic!("settled")
    };
    let mut sent = 0;
    for at in 0..3 {
        let Response::Job(status) = world.ask(at, ClientRequest::Job(job)) else {
            panic!("a status")
        };
        assert_eq!(status.security, "semi-honest");
        sent += status.bytes_sent;
    }
    assert_eq!(certificate.bytes, sent);
}

#[test]
fn a_dealer_that_sends_one_node_a_wrong_row_is_refused_and_named() {
    let mut world = World::new(3, VALUES.len(), 5);
    let (dealt, other) = (world.deal(0, 1_000), world.deal(0, 2_000));
    let honest = world.deposits(0, dealt.root, &dealt);
    let wrong = world.deposits(0, dealt.root, &other);
    let committee = world.committee();
    let owner = world.owners[0].key.address();
    for (at, node) in committee.iter().enumerate() {
        let place = World::place(*node);
        let deposit = if at == 1 {
            wrong[at].clone()
        } else {
            honest[at].clone()
        };
        match world.ask(place, ClientRequest::Deposit(Box::new(deposit))) {
            Response::DepositAccepted(accepted) if at != 1 => assert_eq!(accepted.node, *node),
            Response::Error(error) if at == 1 => {
                assert_eq!(error.code, ErrorCode::BadDealing);
                assert!(
                    error.message.contains(&owner.to_string()),
                    "{}",
                    error.message
                );
                let named = |fact: &Fact| matches!(fact, Fact::DealingRefused { owner: o, .. } if *o == owner);
                assert!(world.nodes[place].tap.facts.iter().any(named));
                assert!(world.nodes[place].tap.rows.is_empty(), "nothing is stored");
                assert!(
                    world.nodes[place]
                        .disk
                        .keys()
                        .all(|(table, _)| *table != Table::Rows)
                );
            }
            unexpected => panic!("node {node}: {unexpected:?}"),
        }
    }
}

#[test]
fn deposits_are_refused_before_anything_is_stored() {
    let mut world = World::new(3, VALUES.len(), 6);
    let place = World::place(world.committee()[0]);
    let dealt = world.deal(0, 1_000);
    let good = world.deposits(0, dealt.root, &dealt)[0].clone();
    let mut bad = Vec::new();
    let mut add = |edit: &dyn Fn(&mut enigma_wire::api::Deposit)| {
        let mut deposit = good.clone();
        edit(&mut deposit);
        bad.push(deposit);
    };
    add(&|d| d.contribution.collection.0 = 2);
    add(&|d| d.contribution.member.0 = 1);
    add(&|d| d.contribution.revision = 1);
    add(&|d| d.contribution.root.0[0] ^= 1);
    add(&|d| d.contribution.seal_key.0[0] ^= 1);
    add(&|d| d.signature.0[0] ^= 1);
    add(&|d| d.member_proof.clear());
    add(&|d| d.sealed_row.truncate(40));
    add(&|d| d.sealed_row[60] ^= 1);
    // A victim's row under another owner's contribution.
    let other = world.deal(1, 7);
    let theirs = world.deposits(1, other.root, &other)[0].clone();
    bad.push(enigma_wire::api::Deposit {
        sealed_row: good.sealed_row.clone(),
        ..theirs
    });
    for (number, deposit) in bad.into_iter().enumerate() {
        match world.ask(place, ClientRequest::Deposit(Box::new(deposit))) {
            Response::Error(_) => {}
            unexpected => panic!("case {number}: {unexpected:?}"),
        }
        assert!(
            world.nodes[place].tap.rows.is_empty(),
            "case {number}: nothing is stored"
        );
    }
    let accepted = world.ask(place, ClientRequest::Deposit(Box::new(good)));
    assert!(
        matches!(accepted, Response::DepositAccepted(_)),
        "{accepted:?}"
    );
}

#[test]
fn a_value_out_of_range_is_dropped_and_its_owner_named() {
    for wild in [-1, 100_000_001, i64::from(u32::MAX) << 26] {
        let mut world = World::new(3, 7, 8);
        let values = [10, 20, 30, wild, 40, 50, 60];
        world.share(&values);
        let job = world.request(7);
        world.run();
        let JobState::Settled(certificate) = state(&world, job) else {
            panic!("settled")
        };
        assert_eq!(certificate.rows, 6);
        let Response::Job(status) = world.ask(0, ClientRequest::Job(job)) else {
            panic!("a status")
        };
        assert_eq!(
            status
                .dropped
                .iter()
                .map(|member| member.0)
                .collect::<Vec<_>>(),
            [3]
        );
        for (member, rank) in [(0, 6), (1, 5), (2, 4), (4, 3), (5, 2), (6, 1)] {
            assert_eq!(
                world.collect(job, member).into_values().collect::<Vec<_>>(),
                [35, rank]
            );
        }
    }
}

#[test]
fn a_fee_below_the_price_is_refused_and_refunded() {
    let mut world = World::new(3, VALUES.len(), 9);
    world.share(&VALUES);
    let job = world.request_for(5);
    world.pass(10_000);
    let JobState::Failed(failure) = state(&world, job) else {
        panic!("failed")
    };
    assert_eq!(
        (failure.culprits, failure.reason),
        (0, FailureReason::Refused)
    );
    assert_eq!(world.refund(), 5);
}

/// Kills a node after so many inputs of the job, and gives how the job ended.
fn kill_at(n: usize, victim: usize, after: u64) -> (JobState, u32, u128) {
    let mut world = World::new(n, 5, 11);
    world.share(&VALUES[..5]);
    let job = world.request(5);
    let victim = NodeId(victim as u32 + 1);
    let bit = world
        .committee()
        .iter()
        .position(|node| *node == victim)
        .expect("on the committee");
    world.kill = Some((World::place(victim), world.steps + after));
    world.run();
    world.pass(60_000);
    (state(&world, job), 1 << bit, world.refund())
}

#[test]
fn a_node_killed_at_any_moment_is_named_or_too_late_to_matter() {
    let (mut failed, mut settled) = (0, 0);
    for (n, stride) in [(3, 37), (5, 211)] {
        for after in (0..6_000).step_by(stride) {
            let (state, bit, refund) = kill_at(n, 1, after);
            match state {
                JobState::Failed(failure) => {
                    failed += 1;
                    assert_eq!(failure.culprits, bit, "n = {n}, after {after}");
                    assert_eq!(failure.reason, FailureReason::Unresponsive);
                    assert!(refund > 0);
                }
                JobState::Settled(_) => settled += 1,
                other => panic!("n = {n}, after {after}: {other:?}"),
            }
        }
    }
    assert!(
        failed > 10 && settled > 0,
        "{failed} failed, {settled} settled"
    );
}

#[test]
fn the_same_seed_gives_the_same_run() {
    let run = |seed| {
        let mut world = World::new(3, 5, seed);
        world.share(&VALUES[..5]);
        world.request(5);
        world.run();
        let node = &world.nodes[0];
        (
            world.steps,
            node.tap.frames.concat(),
            node.tap.stored.concat(),
        )
    };
    assert_eq!(run(21), run(21));
    assert_ne!(run(21).1, run(22).1);
    assert_eq!(COLLECTION.0, 1);
}
