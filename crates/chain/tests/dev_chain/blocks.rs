//! Blocks: their chain, their time and randomness, and the logs in them.

use std::collections::BTreeSet;

use alloy::eips::BlockNumberOrTag;
use alloy::primitives::{Address, B256, Bloom, TxKind, U256};
use alloy::providers::Provider;
use alloy::rpc::types::{Block, Filter};
use serde_json::json;

use crate::client::{CHAIN_ID, LOG, ORACLE, RECORD, Running, account, call, transfer, word};

async fn block(chain: &Running, number: u64) -> Block {
    let found = chain.rpc.get_block_by_number(number.into()).await;
    found.expect("an answer").expect("a block")
}

#[tokio::test]
async fn blocks_form_a_chain_of_hashes() {
    let dir = tempfile::tempdir().expect("a folder");
    let chain = Running::start(dir.path()).await;
    let from = account(1);
    let logger = chain.deploy(&from, LOG).await;
    chain.send(&from.sign(transfer(1))).await;
    chain.invoke(&from, TxKind::Call(logger), word(3)).await;
    assert_eq!(chain.ask("evm_mine", json!([])).await, Ok(json!("0x0")));

    let mut seen = BTreeSet::new();
    let mut parent = block(&chain, 0).await;
    for number in 1..=4 {
        let this = block(&chain, number).await;
        let header = &this.header;
        assert_eq!(
            header.hash,
            header.inner.hash_slow(),
            "the hash is the header's"
        );
        assert_eq!(header.parent_hash, parent.header.hash);
        assert_eq!(header.number, number);
        assert!(header.timestamp >= parent.header.timestamp);
        assert!(seen.insert(header.mix_hash), "randomness differs");
        assert!(header.gas_limit >= 60_000_000);
        assert_eq!(header.base_fee_per_gas, Some(0));
        assert_eq!(this.transactions.len(), usize::from(number < 4));
        let found = chain
            .rpc
            .get_block_by_hash(header.hash)
            .await
            .expect("an answer");
        assert_eq!(found.as_ref(), Some(&this));
        let full = chain.rpc.get_block_by_number(number.into()).full().await;
        let full = full.expect("an answer").expect("a block");
        let hashes: Vec<_> = full.transactions.hashes().collect();
        assert_eq!(hashes, this.transactions.hashes().collect::<Vec<_>>());
        parent = this;
    }
    let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH);
    let age = now.expect("after 1970").as_secs() - parent.header.timestamp;
    assert!(age < 60, "the time is the clock's");
    let none = chain
        .rpc
        .get_block_by_number(5.into())
        .await
        .expect("an answer");
    assert!(none.is_none());
    let none = chain
        .rpc
        .get_block_by_hash(B256::ZERO)
        .await
        .expect("an answer");
    assert!(none.is_none());
    for (tag, number) in [
        (BlockNumberOrTag::Latest, 4),
        (BlockNumberOrTag::Pending, 4),
        (BlockNumberOrTag::Finalized, 4),
        (BlockNumberOrTag::Safe, 4),
        (BlockNumberOrTag::Earliest, 0),
    ] {
        let found = chain.rpc.get_block_by_number(tag).await.expect("an answer");
        assert_eq!(found.expect("a block").header.number, number, "{tag}");
    }
}

#[tokio::test]
async fn code_sees_the_hashes_of_the_last_256_blocks() {
    let dir = tempfile::tempdir().expect("a folder");
    let chain = Running::start(dir.path()).await;
    let from = account(1);
    let record = chain.deploy(&from, RECORD).await;
    let oracle = chain.deploy(&from, ORACLE).await;
    let recorded = async |of: u64| {
        let receipt = chain.invoke(&from, TxKind::Call(record), word(of)).await;
        let slot = U256::from(receipt.block_number.expect("mined"));
        B256::from(
            chain
                .rpc
                .get_storage_at(record, slot)
                .await
                .expect("a word"),
        )
    };
    // In block 3: its parent, one before, itself, one that is not there yet.
    assert_eq!(recorded(2).await, block(&chain, 2).await.header.hash);
    assert_eq!(recorded(1).await, block(&chain, 1).await.header.hash);
    assert_eq!(recorded(5).await, B256::ZERO);
    assert_eq!(recorded(1000).await, B256::ZERO);

    for _ in 0..254 {
        chain.ask("evm_mine", json!([])).await.expect("mines");
    }
    // The next block is 261.
    assert_eq!(chain.rpc.get_block_number().await.expect("a number"), 260);
    let fifth = block(&chain, 5).await.header.hash;
    assert_eq!(recorded(5).await, fifth, "256 blocks ago");
    assert_eq!(recorded(5).await, B256::ZERO, "257 blocks ago");

    // A call runs as part of the next block.
    let answer = chain
        .rpc
        .call(call(oracle, word(262)))
        .await
        .expect("answers");
    let words: Vec<_> = answer.chunks(32).map(U256::from_be_slice).collect();
    let head = block(&chain, 262).await;
    assert_eq!(B256::from(words[0]), head.header.hash);
    assert_eq!(words[2], U256::from(263));
    assert!(words[3] >= U256::from(head.header.timestamp));
    chain.ask("evm_mine", json!([])).await.expect("mines");
    assert_eq!(
        B256::from(words[1]),
        block(&chain, 263).await.header.mix_hash
    );
}

#[tokio::test]
async fn the_clock_can_be_moved_ahead_only() {
    let dir = tempfile::tempdir().expect("a folder");
    let chain = Running::start(dir.path()).await;
    chain.ask("evm_mine", json!([])).await.expect("mines");
    let before = block(&chain, 1).await.header.timestamp;
    assert_eq!(
        chain.ask("evm_increaseTime", json!([1_000])).await,
        Ok(json!("0x3e8"))
    );
    assert_eq!(
        chain.ask("evm_increaseTime", json!(["0x10"])).await,
        Ok(json!("0x3f8"))
    );
    chain.ask("evm_mine", json!([])).await.expect("mines");
    let after = block(&chain, 2).await.header.timestamp;
    assert!(
        (before + 1_016..before + 1_076).contains(&after),
        "{before} {after}"
    );

    let next = after + 50_000;
    chain
        .ask("evm_setNextBlockTimestamp", json!([next]))
        .await
        .expect("set");
    chain.ask("evm_mine", json!([])).await.expect("mines");
    assert_eq!(block(&chain, 3).await.header.timestamp, next);
    chain.ask("evm_mine", json!([])).await.expect("mines");
    let time = block(&chain, 4).await.header.timestamp;
    assert!((next..next + 60).contains(&time), "it goes on from there");

    for (method, wrong) in [
        ("evm_increaseTime", json!([-1])),
        ("evm_increaseTime", json!([u64::MAX])),
        ("evm_increaseTime", json!(["0xffffffffffffffff"])),
        ("evm_increaseTime", json!(["soon"])),
        ("evm_increaseTime", json!([])),
        ("evm_setNextBlockTimestamp", json!([1])),
        ("evm_setNextBlockTimestamp", json!([u64::MAX])),
    ] {
        let error = chain.ask(method, wrong.clone()).await.expect_err("refused");
        assert_eq!(error["code"], -32602, "{method} {wrong}");
    }
    chain.ask("evm_mine", json!([])).await.expect("still mines");
}

#[tokio::test]
async fn logs_are_found_by_address_topics_and_blocks() {
    let dir = tempfile::tempdir().expect("a folder");
    let chain = Running::start(dir.path()).await;
    let from = account(1);
    let first = chain.deploy(&from, LOG).await;
    let second = chain.deploy(&from, LOG).await;
    chain.invoke(&from, TxKind::Call(first), word(3)).await; // block 3: 3, 2, 1
    chain.invoke(&from, TxKind::Call(second), word(2)).await; // block 4: 2, 1
    chain.invoke(&from, TxKind::Call(first), word(1)).await; // block 5: 1
    let topic = |value: u64| B256::from(U256::from(value));
    let found = async |filter: Filter| -> Vec<(u64, u64)> {
        let logs = chain.rpc.get_logs(&filter).await.expect("logs");
        let of = |log: &alloy::rpc::types::Log| {
            let value = U256::from_be_slice(&log.data().data).to();
            assert_eq!(log.topics(), [topic(0x2a), topic(value)]);
            (log.block_number.expect("mined"), value)
        };
        logs.iter().map(of).collect()
    };
    let all = Filter::new().from_block(0);
    let everything = [(3, 3), (3, 2), (3, 1), (4, 2), (4, 1), (5, 1)];
    assert_eq!(found(all.clone()).await, everything);
    assert_eq!(
        found(all.clone().address(first)).await,
        [(3, 3), (3, 2), (3, 1), (5, 1)]
    );
    assert_eq!(
        found(all.clone().address(vec![first, second])).await,
        everything
    );
    assert_eq!(found(all.clone().address(Address::ZERO)).await, []);
    assert_eq!(
        found(all.clone().event_signature(topic(0x2a))).await,
        everything
    );
    assert_eq!(found(all.clone().event_signature(topic(0x2b))).await, []);
    // No condition on the first topic.
    assert_eq!(found(all.clone().topic1(topic(2))).await, [(3, 2), (4, 2)]);
    let either = all.clone().topic1(vec![topic(3), topic(2)]);
    assert_eq!(found(either).await, [(3, 3), (3, 2), (4, 2)]);
    assert_eq!(
        found(all.clone().topic2(topic(1))).await,
        [],
        "there is no third topic"
    );
    assert_eq!(
        found(all.clone().from_block(4).to_block(4)).await,
        [(4, 2), (4, 1)]
    );
    assert_eq!(
        found(all.clone().from_block(5).to_block(900)).await,
        [(5, 1)]
    );
    assert_eq!(found(Filter::new()).await, [(5, 1)], "the latest block");
    assert_eq!(found(Filter::new().from_block(6).to_block(9)).await, []);
    assert_eq!(found(Filter::new().from_block(5).to_block(3)).await, []);
    let third = block(&chain, 3).await;
    let there = Filter::new().at_block_hash(third.header.hash);
    assert_eq!(found(there.clone()).await, [(3, 3), (3, 2), (3, 1)]);
    let unknown = Filter::new().at_block_hash(B256::repeat_byte(1));
    assert!(chain.rpc.get_logs(&unknown).await.is_err());

    let logs = chain.rpc.get_logs(&there).await.expect("logs");
    let receipt = chain
        .receipt(logs[0].transaction_hash.expect("mined"))
        .await
        .expect("mined");
    assert_eq!(receipt.logs(), logs);
    let indices: Vec<_> = logs.iter().map(|log| log.log_index).collect();
    assert_eq!(indices, [Some(0), Some(1), Some(2)]);
    let bloom: Bloom = logs.iter().map(|log| &log.inner).collect();
    assert_eq!(third.header.logs_bloom, bloom);
    assert_eq!(*receipt.inner.logs_bloom(), bloom);
    assert!(all.address(first).matches_bloom(third.header.logs_bloom));
}

#[tokio::test]
async fn a_transaction_may_emit_hundreds_of_logs() {
    let dir = tempfile::tempdir().expect("a folder");
    let chain = Running::start(dir.path()).await;
    let from = account(1);
    let logger = chain.deploy(&from, LOG).await;
    let receipt = chain.invoke(&from, TxKind::Call(logger), word(2_000)).await;
    assert!(receipt.status());
    assert_eq!(receipt.logs().len(), 2_000);
    let logs = chain
        .rpc
        .get_logs(&Filter::new().from_block(0).address(logger))
        .await;
    assert_eq!(logs.expect("logs"), receipt.logs());
}

#[tokio::test]
async fn fees_suit_the_clients_estimator() {
    let dir = tempfile::tempdir().expect("a folder");
    let chain = Running::start(dir.path()).await;
    assert_eq!(chain.rpc.get_chain_id().await.expect("an id"), CHAIN_ID);
    assert_eq!(chain.rpc.get_net_version().await.expect("an id"), CHAIN_ID);
    assert!(
        chain
            .rpc
            .get_client_version()
            .await
            .expect("a name")
            .contains("enigma")
    );
    let from = account(1);
    for nonce in 0..3 {
        let fees = chain
            .rpc
            .estimate_eip1559_fees()
            .await
            .expect("an estimate");
        let price = chain.rpc.get_gas_price().await.expect("a price");
        chain
            .rpc
            .get_max_priority_fee_per_gas()
            .await
            .expect("a tip");
        let transaction = alloy::consensus::TxEip1559 {
            max_fee_per_gas: fees.max_fee_per_gas.max(price),
            max_priority_fee_per_gas: fees.max_priority_fee_per_gas,
            ..transfer(nonce)
        };
        assert!(chain.send(&from.sign(transaction)).await.status());
    }
    let history = chain
        .rpc
        .get_fee_history(10, BlockNumberOrTag::Latest, &[50.0])
        .await;
    let history = history.expect("a history");
    assert_eq!(history.oldest_block, 0);
    assert_eq!(history.base_fee_per_gas, [0; 5]);
    assert_eq!(history.gas_used_ratio.len(), 4);
    assert!(history.gas_used_ratio[0] == 0.0 && history.gas_used_ratio[3] > 0.0);
    assert_eq!(history.reward.expect("asked for").len(), 4);
    let two = chain
        .rpc
        .get_fee_history(2, 2.into(), &[])
        .await
        .expect("a history");
    assert_eq!((two.oldest_block, two.gas_used_ratio.len()), (1, 2));
    assert!(chain.rpc.get_fee_history(2, 9.into(), &[]).await.is_err());
}
