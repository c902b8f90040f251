//! A collection's whole life on every kind of chain, beside the reference model: the same calls give
//! the same events, refusals and credits.

mod support;

use enigma_core::controller::Call;
use enigma_wire::controller::Event;
use enigma_wire::id::Hash;
use enigma_wire::ledger::JobState;
use support::*;

on_every_chain!(
    three_nodes,
    five_nodes,
    seven_nodes,
    terms_root_covers_what_was_accepted_before_the_seal,
    a_late_draw_is_postponed_not_lost,
    candidates_are_those_of_the_deployments_block,
);

async fn whole_life(n: u32) {
    // One node more than the committee needs.
    let (mut pair, instance) = Pair::with_committee(n + 1, n as u8).await;
    let collection = pair.sealed(instance).await;
    assert_eq!(pair.committee(collection).len(), n as usize);
    let t = (n as u8 - 1) / 2;
    let quorum: Vec<u8> = (0..=t).collect();

    // A job that is settled pays the whole committee, the remainder to its first member.
    let fee = 10_007;
    let job = pair.job(collection, fee, FAR).await;
    pair.start(job).await;
    let settle = pair.settle(collection, pair.certificate(collection, job), &quorum);
    pair.ok(&key(RELAYER), 0, &settle).await;
    let committee = pair.committee(collection);
    let share = fee / u128::from(n);
    for (position, node) in committee.iter().enumerate() {
        let credit = pair
            .chain
            .credit_of(operator(node.0).address())
            .await
            .expect("a credit");
        let rest = if position == 0 {
            fee - share * u128::from(n)
        } else {
            0
        };
        assert_eq!(credit, share + rest, "credit of position {position}");
    }

    // The next job's use counts on; a failure refunds it.
    let job = pair.job(collection, 500, FAR).await;
    assert_eq!(pair.model.ledger().jobs[&job].use_indexes, [1]);
    let others: Vec<u8> = (1..=t + 1).collect();
    let fail = pair.fail(collection, pair.failure(job, 1), &others);
    pair.ok(&key(RELAYER), 0, &fail).await;
    assert_eq!(pair.model.credit(key(REQUESTER).address()), 500);

    // So does cancelling before the start, and the use does not count.
    let job = pair.job(collection, 300, FAR).await;
    pair.ok(&key(REQUESTER), 0, &Call::CancelJob(job)).await;
    assert_eq!(pair.model.ledger().jobs[&job].state, JobState::Cancelled);
    assert_eq!(pair.model.credit(key(REQUESTER).address()), 800);

    // So does a deadline, even after the start.
    let deadline = now() + 50;
    let job = pair.job(collection, 40, deadline).await;
    pair.start(job).await;
    assert_eq!(pair.model.ledger().jobs[&job].use_indexes, [1]);
    pair.refused(
        &key(RELAYER),
        0,
        &Call::ExpireJob(job),
        "DeadlineNotReached",
    )
    .await;
    pair.pass(60).await;
    pair.ok(&key(RELAYER), 0, &Call::ExpireJob(job)).await;
    assert_eq!(pair.model.ledger().jobs[&job].state, JobState::Expired);

    // Credits are paid out once, in coins.
    let requester = key(REQUESTER);
    let held = pair.chain.balance_of(pair.domain.controller).await;
    let events = pair.ok(&requester, 0, &Call::Withdraw).await;
    assert!(matches!(events[..], [Event::Withdrawn { amount: 840, .. }]));
    let left = pair.chain.balance_of(pair.domain.controller).await;
    assert_eq!(left, held.map(|held| held - 840));
    pair.refused(&requester, 0, &Call::Withdraw, "NothingToWithdraw")
        .await;

    // A node leaves and gets its deposit back.
    let node = committee[0].0;
    pair.ok(&operator(node), 0, &Call::RetireNode).await;
    pair.refused(&operator(node), 0, &Call::ReleaseDeposit, "DepositLocked")
        .await;
    pair.pass(UNBONDING + 1).await;
    pair.ok(&operator(node), 0, &Call::ReleaseDeposit).await;
    let credit = pair.model.credit(operator(node).address());
    let events = pair.ok(&operator(node), 0, &Call::Withdraw).await;
    assert!(matches!(&events[..], [Event::Withdrawn { amount, .. }] if *amount == credit));
    pair.check_state().await;
}

async fn three_nodes() {
    whole_life(3).await;
}

async fn five_nodes() {
    whole_life(5).await;
}

async fn seven_nodes() {
    whole_life(7).await;
}

/// Corrections before the seal replace a row; consents before and after it differ in the terms root.
async fn terms_root_covers_what_was_accepted_before_the_seal() {
    let (mut pair, instance) = Pair::with_committee(3, 3).await;
    let collection = pair.opened(instance).await;
    let mut roots = vec![terms_root(&pair, collection).await];
    for call in [
        Call::Contribute(
            (0..3)
                .map(|member| pair.contribution(collection, member, 0))
                .collect(),
        ),
        Call::Contribute(vec![pair.contribution(collection, 1, 1)]),
        Call::Grant(vec![pair.consent(collection, 1, 1)]),
    ] {
        pair.ok(&key(RELAYER), 0, &call).await;
        roots.push(terms_root(&pair, collection).await);
    }
    let mut distinct = roots.clone();
    distinct.sort();
    distinct.dedup();
    assert_eq!(distinct.len(), roots.len());
    let seal = Call::SealCollection(collection);
    let events = pair.ok(&key(DEVELOPER), 0, &seal).await;
    let [
        Event::CollectionSealed {
            rows: 3,
            terms_root: sealed,
            ..
        },
    ] = events[..]
    else {
        panic!("{events:?}");
    };
    assert_eq!(sealed, roots[3]);
    // A consent after the seal is a right, but no longer part of the terms.
    pair.ok(
        &key(RELAYER),
        0,
        &Call::Grant(vec![pair.consent(collection, 2, 1)]),
    )
    .await;
    assert_eq!(terms_root(&pair, collection).await, sealed);
    pair.check_state().await;
}

/// The contract's own running hash, read from the contract.
async fn terms_root(pair: &Pair, collection: enigma_wire::id::CollectionId) -> Hash {
    pair.chain
        .terms_root(collection)
        .await
        .expect("a collection")
}

/// When nobody draws while the chain knows the draw block's hash, the draw moves to a new block.
async fn a_late_draw_is_postponed_not_lost() {
    let (mut pair, instance) = Pair::with_instance(3, 3).await;
    let draw = Call::DrawCommittee(instance);
    pair.refused(&key(RELAYER), 0, &draw, "TooEarly").await;
    pair.mine(260).await;
    let events = pair.ok(&key(RELAYER), 0, &draw).await;
    assert!(
        matches!(events[..], [Event::DrawPostponed { .. }]),
        "{events:?}"
    );
    pair.refused(&key(RELAYER), 0, &draw, "TooEarly").await;
    pair.mine(1).await;
    let events = pair.ok(&key(RELAYER), 0, &draw).await;
    assert!(
        matches!(events[..], [Event::CommitteeDrawn { .. }]),
        "{events:?}"
    );
    pair.check_state().await;
}

/// Joining or leaving after the deployment changes nothing about who may be drawn.
async fn candidates_are_those_of_the_deployments_block() {
    let (mut pair, instance) = Pair::with_instance(3, 3).await;
    pair.ok(&operator(2), 0, &Call::RetireNode).await;
    let join = pair.register(4);
    pair.ok(&operator(4), DEPOSIT, &join).await;
    pair.ok(&key(RELAYER), 0, &Call::DrawCommittee(instance))
        .await;
    let mut drawn = pair.model.ledger().instances[&instance].committee.clone();
    drawn.sort();
    assert_eq!(drawn, [1, 2, 3].map(enigma_wire::id::NodeId));
    // It is of no use any more.
    let open = Call::OpenCollection(terms(instance));
    pair.refused(&key(DEVELOPER), 0, &open, "CommitteeRetired")
        .await;
    pair.check_state().await;
}
