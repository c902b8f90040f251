//! Calls, estimates and reads of the state.

use alloy::consensus::TxEip1559;
use alloy::eips::BlockId;
use alloy::primitives::{Address, B256, Bytes, TxKind, U256};
use alloy::providers::Provider;
use alloy::rpc::types::TransactionRequest;
use serde_json::json;

use crate::client::{
    COINS, FORWARD, LOOP, ORACLE, REVERT, Running, STORE, account, call, transfer, word,
};

#[tokio::test]
async fn state_is_read_and_calls_change_nothing() {
    let dir = tempfile::tempdir().expect("a folder");
    let chain = Running::start(dir.path()).await;
    let from = account(1);
    let contract = chain.deploy(&from, STORE).await;
    let code = chain.rpc.get_code_at(contract).await.expect("code");
    assert_eq!(
        code,
        Bytes::from(alloy::primitives::hex::decode(STORE).expect("hexadecimal"))
    );
    assert!(
        chain
            .rpc
            .get_code_at(from.address())
            .await
            .expect("none")
            .is_empty()
    );

    chain.invoke(&from, TxKind::Call(contract), word(42)).await;
    chain
        .rpc
        .call(call(contract, word(43)))
        .await
        .expect("succeeds");
    let slot = |index: u64| {
        let rpc = chain.rpc.clone();
        async move {
            rpc.get_storage_at(contract, U256::from(index))
                .await
                .expect("a word")
        }
    };
    assert_eq!(slot(0).await, U256::from(42));
    assert_eq!(slot(1).await, U256::ZERO);
    chain.invoke(&from, TxKind::Call(contract), word(0)).await;
    assert_eq!(slot(0).await, U256::ZERO);
}

#[tokio::test]
async fn a_revert_comes_with_its_bytes() {
    let dir = tempfile::tempdir().expect("a folder");
    let chain = Running::start(dir.path()).await;
    let from = account(1);
    let contract = chain.deploy(&from, REVERT).await;
    let reason = Bytes::from_static(&[0xde, 0xad, 0xbe, 0xef, 1, 2, 3]);
    let request = call(contract, reason.clone());
    let called = chain.rpc.call(request.clone()).await.map(drop);
    let estimated = chain.rpc.estimate_gas(request).await.map(drop);
    for outcome in [called, estimated] {
        let error = outcome.expect_err("reverts");
        let error = error.as_error_resp().expect("an answer");
        assert_eq!((error.code, &*error.message), (3, "execution reverted"));
        assert_eq!(error.as_revert_data(), Some(reason.clone()));
    }
    let receipt = chain.invoke(&from, TxKind::Call(contract), reason).await;
    assert!(!receipt.status());
    assert!(receipt.gas_used < 30_000, "a revert gives gas back");
    assert_eq!(chain.nonce(&from).await, 2);
}

#[tokio::test]
async fn a_call_without_end_is_cut() {
    let dir = tempfile::tempdir().expect("a folder");
    let chain = Running::start(dir.path()).await;
    let contract = chain.deploy(&account(1), LOOP).await;
    for gas in [json!("0x30000"), json!(null), json!("0xffffffffffffffffff")] {
        let request = json!([{"to": contract, "gas": gas}, "latest"]);
        let error = chain
            .ask("eth_call", request)
            .await
            .expect_err("runs out of gas");
        assert_eq!(error["code"], -32000);
        let words = error["message"].as_str().expect("text").to_lowercase();
        assert!(words.contains("gas"), "{words}");
    }
    let receipt = chain
        .invoke(&account(1), TxKind::Call(contract), Bytes::new())
        .await;
    assert!(!receipt.status());
    assert_eq!(receipt.gas_used, 10_000_000);
}

#[tokio::test]
async fn estimates_are_enough() {
    let dir = tempfile::tempdir().expect("a folder");
    let chain = Running::start(dir.path()).await;
    let from = account(1);
    let store = chain.deploy(&from, STORE).await;
    let forward = chain.deploy(&from, FORWARD).await;
    let plain = TransactionRequest::default()
        .from(from.address())
        .to(Address::repeat_byte(1));
    assert_eq!(
        chain.rpc.estimate_gas(plain).await.expect("an estimate"),
        21_000
    );

    let mut input = B256::left_padding_from(store.as_slice()).to_vec();
    input.extend_from_slice(&word(5));
    // The second write is to a slot in use, and so is cheaper.
    for (to, input) in [
        (forward, Bytes::from(input.clone())),
        (store, word(7)),
        (store, word(0)),
    ] {
        let request = call(to, input.clone()).from(from.address());
        let gas_limit = chain.rpc.estimate_gas(request).await.expect("an estimate");
        let transaction = TxEip1559 {
            to: TxKind::Call(to),
            value: U256::ZERO,
            input,
            gas_limit,
            ..transfer(chain.nonce(&from).await)
        };
        let receipt = chain.send(&from.sign(transaction)).await;
        assert!(receipt.status(), "{gas_limit} gas was not enough");
        assert!(gas_limit <= receipt.gas_used + receipt.gas_used / 2);
    }
    let value = chain
        .rpc
        .get_storage_at(store, U256::ZERO)
        .await
        .expect("a word");
    assert_eq!(value, U256::ZERO);
}

#[tokio::test]
async fn who_has_no_coins_may_ask_but_not_pay() {
    let dir = tempfile::tempdir().expect("a folder");
    let chain = Running::start(dir.path()).await;
    let (rich, poor) = (account(1), account(99));
    let contract = chain.deploy(&rich, STORE).await;
    let free = call(contract, word(1)).from(poor.address());
    chain.rpc.call(free.clone()).await.expect("free");
    assert!(chain.rpc.estimate_gas(free.clone()).await.expect("free") > 21_000);
    let paid = TransactionRequest {
        gas_price: Some(5),
        ..free
    };
    let refused = chain
        .rpc
        .estimate_gas(paid)
        .await
        .expect_err("no coins")
        .to_string();
    assert!(refused.contains("insufficient funds"), "{refused}");
    let gift = call(contract, word(1))
        .from(poor.address())
        .value(U256::from(1));
    for refused in [
        chain.rpc.call(gift.clone()).await.map(drop),
        chain.rpc.estimate_gas(gift).await.map(drop),
    ] {
        let refused = refused.expect_err("no coins").to_string();
        assert!(refused.contains("insufficient funds"), "{refused}");
    }
    let refused = chain.refused(&poor.sign(transfer(0))).await;
    assert!(refused.contains("insufficient funds"), "{refused}");
    assert_eq!(
        chain.rpc.get_balance(poor.address()).await.expect("none"),
        U256::ZERO
    );
    assert!(chain.rpc.get_balance(rich.address()).await.expect("some") < U256::from(COINS));
}

#[tokio::test]
async fn both_names_of_the_input_are_understood() {
    let dir = tempfile::tempdir().expect("a folder");
    let chain = Running::start(dir.path()).await;
    let contract = chain.deploy(&account(1), REVERT).await;
    for names in [&["input"][..], &["data"], &["input", "data"]] {
        let mut request = json!({"to": contract});
        for name in names {
            request[*name] = json!("0xabcd");
        }
        let error = chain
            .ask("eth_call", json!([request]))
            .await
            .expect_err("reverts");
        assert_eq!(error["data"], "0xabcd", "{names:?}");
    }
}

#[tokio::test]
async fn only_the_latest_state_is_kept_and_that_is_said() {
    let dir = tempfile::tempdir().expect("a folder");
    let chain = Running::start(dir.path()).await;
    let from = account(1);
    let oracle = chain.deploy(&from, ORACLE).await;
    chain.send(&from.sign(transfer(1))).await;
    let head = chain
        .rpc
        .get_block(BlockId::latest())
        .await
        .expect("an answer")
        .expect("a block");
    let parent = head.header.parent_hash;
    let request = || call(oracle, word(1));
    for block in [
        BlockId::latest(),
        BlockId::pending(),
        2.into(),
        head.header.hash.into(),
    ] {
        chain
            .rpc
            .call(request())
            .block(block)
            .await
            .expect("the latest state");
        chain
            .rpc
            .get_balance(from.address())
            .block_id(block)
            .await
            .expect("the latest state");
    }
    for (block, words) in [
        (BlockId::from(1), "not kept"),
        (BlockId::earliest(), "not kept"),
        (parent.into(), "not kept"),
        (3.into(), "unknown block"),
        (B256::repeat_byte(9).into(), "unknown block"),
    ] {
        let called = chain.rpc.call(request()).block(block).await.map(drop);
        let balance = chain
            .rpc
            .get_balance(from.address())
            .block_id(block)
            .await
            .map(drop);
        for refused in [called, balance] {
            let refused = refused.expect_err("not the latest").to_string();
            assert!(refused.contains(words), "{block:?}: {refused}");
        }
    }
}

#[tokio::test]
async fn access_lists_are_charged_for() {
    let dir = tempfile::tempdir().expect("a folder");
    let chain = Running::start(dir.path()).await;
    let list = json!([{"address": Address::ZERO, "storageKeys": [B256::ZERO]}]);
    for (list, gas) in [(json!([]), 21_000), (list, 21_000 + 2_400 + 1_900)] {
        let request = json!({
            "from": account(1).address(), "to": account(2).address(), "accessList": list,
        });
        let estimate = chain.ask("eth_estimateGas", json!([request])).await;
        assert_eq!(estimate, Ok(json!(format!("{gas:#x}"))));
    }
}
