//! What the client promises beyond single calls: concurrent calls of one wallet, batches of any size,
//! following through gaps and restarts, and refusing what is not a controller.

mod support;

use std::time::Duration;

use enigma_chain::{Chain, ChainError, SignedContribution, Wallet};
use enigma_core::controller::Call;
use enigma_wire::controller::{CollectionTerms, Event};
use enigma_wire::id::{Address, CollectionId, Hash};
use enigma_wire::ledger::Ledger;
use enigma_wire::merkle::Tree;
use support::*;

on_every_chain!(
    one_wallet_may_call_concurrently,
    a_refused_call_does_not_block_the_wallet,
    what_is_not_our_controller_is_refused,
    a_follower_misses_nothing,
);

async fn one_wallet_may_call_concurrently() {
    let (pair, _) = Pair::with_instance(3, 3).await;
    let wallet = Wallet::new(key(DEVELOPER));
    let calls = (0..20u8).map(|i| {
        let (chain, wallet) = (pair.chain.clone(), wallet.clone());
        tokio::spawn(async move {
            let contract = Hash([i + 1; 32]);
            chain.publish(&wallet, contract, MANIFEST).await?;
            chain.deploy_instance(&wallet, contract, 3, &[]).await
        })
    });
    let mut instances = Vec::new();
    for call in calls.collect::<Vec<_>>() {
        instances.push(call.await.expect("no panic").expect("accepted"));
    }
    instances.sort();
    instances.dedup();
    assert_eq!(instances.len(), 20);
}

async fn a_refused_call_does_not_block_the_wallet() {
    let mut pair = Pair::new().await;
    pair.refused(&key(DEVELOPER), 0, &Call::Withdraw, "NothingToWithdraw")
        .await;
    let publish = Call::Publish {
        contract: CONTRACT,
        manifest: MANIFEST,
    };
    pair.ok(&key(DEVELOPER), 0, &publish).await;
}

async fn what_is_not_our_controller_is_refused() {
    let pair = Pair::new().await;
    let url = pair.host.as_ref().expect("running").client_url();
    let nobody = Chain::connect(&url, Some(Address([9; 20]))).await;
    assert!(
        matches!(nobody, Err(ChainError::NoContract { .. })),
        "{nobody:?}"
    );
    let no_url = Chain::connect("not a url", None).await;
    assert!(matches!(no_url, Err(ChainError::Misuse(_))), "{no_url:?}");
    for url in ["https://127.0.0.1:1", "wss://127.0.0.1:1", "ftp://x"] {
        let no_way = Chain::connect(url, None).await;
        assert!(matches!(no_way, Err(ChainError::Misuse(_))), "{no_way:?}");
    }
    for url in ["http://127.0.0.1:1", "ws://127.0.0.1:1"] {
        let no_chain = Chain::connect(url, None).await;
        assert!(
            matches!(&no_chain, Err(ChainError::Unreachable { url: named, .. }) if named == url),
            "{no_chain:?}"
        );
    }
    let no_controller = Chain::connect(&url, None).await.expect("connects");
    let refusal = no_controller.withdraw(&Wallet::new(key(1))).await;
    assert!(matches!(refusal, Err(ChainError::Misuse(_))), "{refusal:?}");
}

/// Blocks come in order and once, whether they are read at once or as they are mined, and through a
/// restart of the chain.
async fn a_follower_misses_nothing() {
    let (mut pair, instance) = Pair::with_committee(3, 3).await;
    let mut follower = pair.chain.follow(0);
    let mut ledger = Ledger::default();
    let mut caught_up = false;
    while !caught_up {
        let (block, last) = follower.next().await.expect("the same chain");
        ledger.apply_block(&block).expect("in order");
        caught_up = last;
    }
    assert_eq!(ledger.nodes.len(), 3);

    pair.opened(instance).await;
    let head = pair.chain.head().await.expect("a head");
    while ledger.head.number < head.number {
        let (block, _) = follower.next().await.expect("the same chain");
        ledger.apply_block(&block).expect("in order");
    }
    assert_eq!(ledger.collections, pair.model.ledger().collections);

    // The chain goes away without warning and comes back at the same place.
    let stopped = pair.host.take().expect("running").stop().await;
    let waiting = tokio::time::timeout(Duration::from_millis(300), follower.next()).await;
    assert!(
        waiting.is_err(),
        "there is no block while there is no chain"
    );
    pair.host = Some(stopped.start(pair.dir.path()).await);
    let rows = (0..3)
        .map(|member| pair.contribution(CollectionId(1), member, 0))
        .collect();
    pair.ok(&key(RELAYER), 0, &Call::Contribute(rows)).await;
    pair.ok(&key(DEVELOPER), 0, &Call::SealCollection(CollectionId(1)))
        .await;
    while ledger.collections[&CollectionId(1)].sealed.is_none() {
        let (block, _) = follower.next().await.expect("the same chain");
        ledger.apply_block(&block).expect("in order");
    }
    pair.check_state().await;
}

/// Many rows go in as few transactions as fit below the gas that chains allow for one.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn batches_fit_the_chains_limits() {
    if host::Kind::AnvilWs.choose() {
        batches_fit().await;
    }
    assert!(host::Kind::Embedded.choose());
    batches_fit().await;
}

async fn batches_fit() {
    for (nodes, people) in [(3u32, 170usize), (31, 50)] {
        let (mut pair, instance) = Pair::with_committee(nodes, nodes as u8).await;
        let owners: Vec<_> = (0..people).map(owner_of_many).collect();
        let accounts: Vec<_> = owners.iter().map(|owner| owner.address()).collect();
        let tree = Tree::of_members(&accounts);
        let open = Call::OpenCollection(CollectionTerms {
            member_root: tree.root(),
            member_count: people as u32,
            ..terms(instance)
        });
        pair.ok(&key(DEVELOPER), 0, &open).await;
        let collection = CollectionId(1);
        let mut rows = Vec::new();
        let mut consents = Vec::new();
        for (member, owner) in owners.iter().enumerate() {
            let mut given = pair.contribution(collection, 0, 0).contribution;
            given.member = enigma_wire::id::MemberIndex(member as u32);
            given.owner = owner.address();
            let signed = pair.signed(given, owner);
            rows.push(SignedContribution {
                contribution: signed.contribution,
                signature: signed.signature,
                member_proof: tree.proof(member).expect("a leaf"),
                receipts: signed.receipts,
            });
            let (mut consent, _) = pair.consent(collection, 0, 1);
            consent.right.member = enigma_wire::id::MemberIndex(member as u32);
            consent.owner = owner.address();
            let signature = owner.sign(&pair.domain.digest(&consent));
            consents.push((consent, signature));
        }
        let relayer = Wallet::new(key(RELAYER));
        let before = pair.chain.head().await.expect("a head").number;
        pair.chain
            .contribute(&relayer, &rows)
            .await
            .expect("accepted");
        let between = pair.chain.head().await.expect("a head").number;
        pair.chain
            .grant(&relayer, &consents)
            .await
            .expect("accepted");
        let after = pair.chain.head().await.expect("a head").number;
        assert_eq!(between - before, 2, "transactions with contributions");
        let url = pair.host.as_ref().expect("running").url();
        for number in before + 1..=after {
            let tag = serde_json::json!([format!("{number:#x}"), true]);
            let block = rpc(&url, "eth_getBlockByNumber", tag).await;
            let limit = &block["transactions"][0]["gas"];
            let limit = quantity(limit);
            assert!(limit <= 1 << 24, "block {number}: gas limit {limit}");
        }
        let events = pair.chain.events(before + 1, after).await.expect("events");
        let made: Vec<&Event> = events.iter().flat_map(|block| &block.events).collect();
        assert_eq!(made.len(), 2 * people);
    }
}

fn quantity(value: &serde_json::Value) -> u64 {
    let text = value.as_str().expect("a quantity");
    u64::from_str_radix(text.trim_start_matches("0x"), 16).expect("hexadecimal")
}

fn owner_of_many(index: usize) -> enigma_wire::sign::SecretKey {
    let seed = enigma_wire::sign::keccak256(&(index as u64).to_le_bytes());
    enigma_wire::sign::SecretKey::from_bytes(&seed.0).expect("a hash is a key")
}
