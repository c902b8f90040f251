//! What endpoints do to a client: limits, silence, other programs with the same account, other chains
//! at the same address, empty accounts.

mod support;

use std::sync::atomic::Ordering;

use enigma_chain::{Chain, ChainError, Wallet};
use enigma_core::controller::Call;
use enigma_wire::id::Hash;
use support::proxy::{Manners, Proxy};
use support::*;

on_every_chain!(
    two_programs_may_use_one_account,
    the_same_transaction_of_two_programs_is_two,
    an_empty_account_is_named,
    another_chain_at_the_same_place_is_recognised,
    a_chain_with_another_id_is_recognised,
    a_lost_answer_is_not_a_lost_transaction,
);

/// Connections share nothing, like two processes.
async fn two_programs_may_use_one_account() {
    let pair = Pair::new().await;
    let url = pair.host.as_ref().expect("running").client_url();
    let mut programs = Vec::new();
    for program in 0..3u8 {
        let (url, controller) = (url.clone(), pair.domain.controller);
        programs.push(tokio::spawn(async move {
            let chain = Chain::connect(&url, Some(controller)).await?;
            for call in 0..6 {
                let contract = Hash([1 + 6 * program + call; 32]);
                chain
                    .publish(&Wallet::new(key(DEVELOPER)), contract, MANIFEST)
                    .await?;
            }
            Ok::<_, ChainError>(())
        }));
    }
    for program in programs {
        program.await.expect("no panic").expect("accepted");
    }
    let published = pair.all_events().await;
    let published = published.iter().map(|block| block.events.len());
    assert_eq!(published.sum::<usize>(), 1 + 18);
}

async fn the_same_transaction_of_two_programs_is_two() {
    let pair = Pair::new().await;
    let url = pair.host.as_ref().expect("running").client_url();
    let to = enigma_wire::id::Address([0x77; 20]);
    let mut programs = Vec::new();
    for _ in 0..4 {
        let url = url.clone();
        programs.push(tokio::spawn(async move {
            let chain = Chain::connect(&url, None).await?;
            chain.transfer(&Wallet::new(key(DEVELOPER)), to, 5).await
        }));
    }
    for program in programs {
        program.await.expect("no panic").expect("accepted");
    }
    assert_eq!(pair.chain.balance_of(to).await, Ok(20));
}

async fn an_empty_account_is_named() {
    let pair = Pair::new().await;
    let poor = enigma_wire::sign::SecretKey::from_bytes(&[0x99; 32]).expect("a key");
    let account_of_poor = poor.address();
    let poor = Wallet::new(poor);
    let to = key(1).address();
    let sent = pair.chain.transfer(&poor, to, 1_000).await;
    let Err(ChainError::OutOfFunds {
        account,
        needed,
        available,
    }) = sent
    else {
        panic!("{sent:?}");
    };
    assert_eq!((account, available), (account_of_poor, 0));
    assert!(needed > 1_000, "{needed}");

    // A little is not enough either, and the same account can pay once it has more.
    let rich = Wallet::new(key(DEVELOPER));
    pair.chain
        .transfer(&rich, account_of_poor, 900)
        .await
        .expect("sent");
    let sent = pair.chain.transfer(&poor, to, 1_000).await;
    assert!(
        matches!(sent, Err(ChainError::OutOfFunds { available: 900, .. })),
        "{sent:?}"
    );
    pair.chain
        .transfer(&rich, account_of_poor, COINS / 2)
        .await
        .expect("sent");
    pair.chain.transfer(&poor, to, 1_000).await.expect("sent");
}

/// The chain begins again with the same id, and the same controller is deployed by the same account, so
/// that it has the same address. Nothing that was read or is to be sent is about that chain.
async fn another_chain_at_the_same_place_is_recognised() {
    let mut pair = Pair::new().await;
    let mut follower = pair.chain.follow(0);
    follower.next().await.expect("a block");
    let stopped = pair.host.take().expect("running").stop().await;
    let elsewhere = tempfile::tempdir().expect("a folder");
    let host = stopped.start_another(elsewhere.path(), CHAIN_ID).await;
    let sent = pair
        .chain
        .publish(&Wallet::new(key(DEVELOPER)), CONTRACT, MANIFEST)
        .await;
    assert!(matches!(sent, Err(ChainError::Replaced { .. })), "{sent:?}");

    let bare = Chain::connect(&host.client_url(), None).await;
    let again = bare
        .expect("connects")
        .deploy_controller(&Wallet::new(key(0)), &PRICES, DEPOSIT, UNBONDING)
        .await;
    assert_eq!(again, Ok(pair.domain.controller), "deployed anew");
    let sent = pair
        .chain
        .publish(&Wallet::new(key(DEVELOPER)), CONTRACT, MANIFEST)
        .await;
    assert!(matches!(sent, Err(ChainError::Replaced { .. })), "{sent:?}");
    let followed = follower.next().await;
    assert!(
        matches!(followed, Err(ChainError::Replaced { .. })),
        "{followed:?}"
    );
    let words = followed.expect_err("refused").to_string();
    assert!(
        words.contains("is not the one this controller lives on"),
        "{words}"
    );
}

async fn a_chain_with_another_id_is_recognised() {
    let mut pair = Pair::new().await;
    let mut follower = pair.chain.follow(0);
    follower.next().await.expect("a block");
    let stopped = pair.host.take().expect("running").stop().await;
    let elsewhere = tempfile::tempdir().expect("a folder");
    let _host = stopped.start_another(elsewhere.path(), 5).await;
    let sent = pair
        .chain
        .publish(&Wallet::new(key(DEVELOPER)), CONTRACT, MANIFEST)
        .await;
    let wrong = |error: &ChainError| matches!(error, ChainError::WrongChain { expected, found: 5, .. } if *expected == CHAIN_ID);
    assert!(sent.as_ref().is_err_and(wrong), "{sent:?}");
    let followed = follower.next().await;
    assert!(followed.as_ref().is_err_and(wrong), "{followed:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn limits_on_logs_are_kept() {
    let (mut pair, instance) = Pair::with_committee(5, 3).await;
    pair.sealed(instance).await;
    pair.mine(20).await;
    let head = pair.chain.head().await.expect("a head").number;
    let expected = pair.chain.events(0, head).await.expect("events");
    let direct = pair.chain.deployment_block().await;
    for (most_blocks, most_logs) in [(Some(3), None), (Some(1), None), (None, Some(3))] {
        let manners = Manners {
            most_blocks,
            most_logs,
            ..Manners::default()
        };
        let to = pair.host.as_ref().expect("running").url();
        let proxy = Proxy::start(to, manners).await;
        let chain = Chain::connect(&proxy.url(), Some(pair.domain.controller)).await;
        let chain = chain.expect("connects");
        let limits = (most_blocks, most_logs);
        assert_eq!(
            chain.events(0, head).await.as_ref(),
            Ok(&expected),
            "{limits:?}"
        );
        assert_eq!(chain.deployment_block().await, direct, "{limits:?}");
    }
    // What no piece is small enough for is said.
    let manners = Manners {
        most_logs: Some(0),
        ..Manners::default()
    };
    let proxy = Proxy::start(pair.host.as_ref().expect("running").url(), manners).await;
    let chain = Chain::connect(&proxy.url(), Some(pair.domain.controller)).await;
    let refused = chain.expect("connects").events(0, head).await;
    assert!(
        matches!(refused, Err(ChainError::Refused(_))),
        "{refused:?}"
    );
}

/// The chain took a transaction, but the answer was lost: it is not sent as another one.
async fn a_lost_answer_is_not_a_lost_transaction() {
    let pair = Pair::new().await;
    let to = pair.host.as_ref().expect("running").url();
    let proxy = Proxy::start(to, Manners::default()).await;
    let chain = Chain::connect(&proxy.url(), None).await.expect("connects");
    let nobody = enigma_wire::id::Address([0x42; 20]);
    proxy.manners.swallow_answer.store(true, Ordering::SeqCst);
    chain
        .transfer(&Wallet::new(key(RELAYER)), nobody, 7)
        .await
        .expect("arrives");
    assert!(!proxy.manners.swallow_answer.load(Ordering::SeqCst));
    assert_eq!(pair.chain.balance_of(nobody).await, Ok(7), "once");
}

/// A chain that is restarted between two calls is asked on a new connection.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_websocket_is_opened_again() {
    assert!(host::Kind::EmbeddedWs.choose());
    let mut pair = Pair::new().await;
    for contract in 1..=3 {
        let stopped = pair.host.take().expect("running").stop().await;
        let down = pair.chain.head().await;
        assert!(
            matches!(down, Err(ChainError::Unreachable { .. })),
            "{down:?}"
        );
        pair.host = Some(stopped.start(pair.dir.path()).await);
        let publish = Call::Publish {
            contract: Hash([contract; 32]),
            manifest: MANIFEST,
        };
        pair.ok(&key(DEVELOPER), 0, &publish).await;
    }
    pair.check_state().await;
}
