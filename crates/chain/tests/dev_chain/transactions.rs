//! Sending: what is mined, what is refused and in which words, what waits for its turn.

use alloy::consensus::{SignableTransaction, TxEip1559, TxLegacy};
use alloy::consensus::{Transaction as _, TxEnvelope};
use alloy::eips::eip2718::Encodable2718;
use alloy::primitives::{Address, Bytes, Signature, TxKind, U256};
use alloy::providers::Provider;
use serde_json::json;

use crate::client::{COINS, Running, STORE, account, installer, transfer, word};

#[tokio::test]
async fn a_transfer_moves_coins_and_costs_gas() {
    let dir = tempfile::tempdir().expect("a folder");
    let chain = Running::start(dir.path()).await;
    let (from, to) = (account(1), account(2));
    let transaction = from.sign(TxEip1559 {
        to: TxKind::Call(to.address()),
        value: U256::from(1_000),
        ..transfer(0)
    });
    let receipt = chain.send(&transaction).await;
    assert!(receipt.status());
    assert_eq!(receipt.gas_used, 21_000);
    assert_eq!(receipt.effective_gas_price, 1);
    assert_eq!(
        (receipt.from, receipt.to),
        (from.address(), Some(to.address()))
    );
    assert_eq!(receipt.block_number, Some(1));

    let balance = |of: Address| {
        let rpc = chain.rpc.clone();
        async move { rpc.get_balance(of).await.expect("a balance") }
    };
    assert_eq!(balance(from.address()).await, U256::from(COINS - 22_000));
    assert_eq!(balance(to.address()).await, U256::from(COINS + 1_000));
    assert_eq!(chain.nonce(&from).await, 1);

    let hash = *transaction.tx_hash();
    let found = chain
        .rpc
        .get_transaction_by_hash(hash)
        .await
        .expect("an answer")
        .expect("there");
    assert_eq!(found.block_number, Some(1));
    assert_eq!(found.inner.signer(), from.address());
    assert_eq!(found.inner.inner(), &transaction);
    // The client's own way of waiting works too.
    let raw = from.sign(transfer(1)).encoded_2718();
    let pending = chain
        .rpc
        .send_raw_transaction(&raw)
        .await
        .expect("accepted");
    assert!(pending.get_receipt().await.expect("mined").status());
}

#[tokio::test]
async fn older_kinds_of_transactions_are_mined() {
    let dir = tempfile::tempdir().expect("a folder");
    let chain = Running::start(dir.path()).await;
    let key = enigma_wire::sign::SecretKey::from_bytes(&[7; 32]).expect("a key");
    let to = Address::new(key.address().0);
    let fund = TxEip1559 {
        to: TxKind::Call(to),
        value: U256::from(COINS / 2),
        ..transfer(0)
    };
    chain.send(&account(0).sign(fund)).await;
    let legacy = TxLegacy {
        chain_id: Some(crate::client::CHAIN_ID),
        gas_price: 3,
        gas_limit: 21_000,
        to: TxKind::Call(Address::ZERO),
        ..TxLegacy::default()
    };
    let signed = |transaction: TxLegacy| {
        let digest = enigma_wire::id::Hash(transaction.signature_hash().0);
        let raw = key.sign(&digest).0;
        let signature = Signature::from_bytes_and_parity(&raw[..64], raw[64] % 27 == 1);
        TxEnvelope::from(transaction.into_signed(signature))
    };
    let receipt = chain.send(&signed(legacy.clone())).await;
    assert!(receipt.status());
    assert_eq!(receipt.effective_gas_price, 3);
    let anywhere = TxLegacy {
        chain_id: None,
        nonce: 1,
        ..legacy
    };
    assert!(chain.refused(&signed(anywhere)).await.contains("chain id"));
}

#[tokio::test]
async fn refusals_use_the_words_that_clients_know() {
    let dir = tempfile::tempdir().expect("a folder");
    let chain = Running::start(dir.path()).await;
    let from = account(1);
    chain.send(&from.sign(transfer(0))).await;

    let check = async |transaction: TxEip1559, words: &str| {
        let said = chain.refused(&from.sign(transaction)).await;
        assert!(said.contains(words), "{said:?} should say {words:?}");
    };
    check(
        TxEip1559 {
            value: U256::ZERO,
            ..transfer(0)
        },
        "nonce too low",
    )
    .await;
    check(transfer(0), "already known").await;
    check(
        TxEip1559 {
            chain_id: 1,
            ..transfer(1)
        },
        "invalid chain id",
    )
    .await;
    check(
        TxEip1559 {
            gas_limit: 20_999,
            ..transfer(1)
        },
        "intrinsic gas too low",
    )
    .await;
    check(
        TxEip1559 {
            gas_limit: u64::MAX,
            ..transfer(1)
        },
        "gas",
    )
    .await;
    let poor = TxEip1559 {
        value: U256::from(COINS),
        ..transfer(1)
    };
    check(poor, "insufficient funds").await;
    let poor = TxEip1559 {
        value: U256::MAX,
        ..transfer(1)
    };
    check(poor, "").await;
    // Refused ones leave nothing behind.
    assert_eq!(chain.rpc.get_block_number().await.expect("a number"), 1);
    assert_eq!(chain.nonce(&from).await, 1);

    let zero = Signature::new(U256::ZERO, U256::ZERO, false);
    let unsigned: TxEnvelope = transfer(1).into_signed(zero).into();
    assert!(chain.refused(&unsigned).await.contains("signature"));
    let high_s = Signature::new(U256::from(1), U256::MAX, false);
    let unsigned: TxEnvelope = transfer(1).into_signed(high_s).into();
    assert!(chain.refused(&unsigned).await.contains("signature"));
    for garbage in ["0x", "0x02", "0xc0", "0x02c0ffee", "0x7fffffff", "0xf8"] {
        let error = chain.ask("eth_sendRawTransaction", json!([garbage])).await;
        assert_eq!(error.expect_err("refused")["code"], -32000, "{garbage}");
    }
    let mut longer = from.sign(transfer(1)).encoded_2718();
    longer.push(0);
    let longer = Bytes::from(longer).to_string();
    assert!(
        chain
            .ask("eth_sendRawTransaction", json!([longer]))
            .await
            .is_err()
    );
}

#[tokio::test]
async fn a_gap_in_the_nonces_waits_until_it_closes() {
    let dir = tempfile::tempdir().expect("a folder");
    let chain = Running::start(dir.path()).await;
    let from = account(1);
    let later: Vec<_> = [3, 1, 2].map(|nonce| from.sign(transfer(nonce))).into();
    for transaction in &later {
        let sent = chain
            .rpc
            .send_raw_transaction(&transaction.encoded_2718())
            .await;
        assert_eq!(sent.expect("kept").tx_hash(), transaction.tx_hash());
        assert!(chain.receipt(*transaction.tx_hash()).await.is_none());
        let found = chain
            .rpc
            .get_transaction_by_hash(*transaction.tx_hash())
            .await;
        let found = found.expect("an answer").expect("waits");
        assert_eq!(
            (found.block_number, found.inner.signer()),
            (None, from.address())
        );
    }
    assert_eq!(chain.nonce(&from).await, 0);
    assert!(chain.refused(&later[0]).await.contains("already known"));
    let other = from.sign(TxEip1559 {
        value: U256::from(2),
        ..transfer(3)
    });
    assert!(chain.refused(&other).await.contains("replacement"));
    // What could not be mined in its turn either does not wait.
    let poor = TxEip1559 {
        value: U256::from(COINS),
        ..transfer(9)
    };
    assert!(
        chain
            .refused(&from.sign(poor))
            .await
            .contains("insufficient funds")
    );
    let weak = TxEip1559 {
        gas_limit: 20_999,
        ..transfer(9)
    };
    assert!(
        chain
            .refused(&from.sign(weak))
            .await
            .contains("intrinsic gas")
    );

    chain.send(&from.sign(transfer(0))).await;
    for (transaction, block) in later.iter().zip([4, 2, 3]) {
        let receipt = chain.receipt(*transaction.tx_hash()).await.expect("mined");
        assert_eq!(receipt.block_number, Some(block));
    }
    assert_eq!(chain.nonce(&from).await, 4);
}

#[tokio::test]
async fn those_that_wait_are_bounded() {
    let dir = tempfile::tempdir().expect("a folder");
    let chain = Running::start(dir.path()).await;
    let from = account(1);
    let mut refused = None;
    for nonce in 1..200 {
        let raw = from.sign(transfer(nonce)).encoded_2718();
        if let Err(error) = chain.rpc.send_raw_transaction(&raw).await {
            refused = Some((nonce, error.to_string()));
            break;
        }
    }
    let (nonce, why) = refused.expect("at some point");
    assert!(why.contains("full"), "{why}");
    chain.send(&from.sign(transfer(0))).await;
    assert_eq!(
        chain.nonce(&from).await,
        nonce,
        "all that waited were mined"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn senders_at_once_each_get_their_blocks() {
    let dir = tempfile::tempdir().expect("a folder");
    let chain = std::sync::Arc::new(Running::start(dir.path()).await);
    let contract = chain.deploy(&account(0), STORE).await;
    let tasks = (1..8).map(|seed| {
        let chain = std::sync::Arc::clone(&chain);
        tokio::spawn(async move {
            for nonce in 0..10 {
                let transaction = TxEip1559 {
                    to: TxKind::Call(contract),
                    value: U256::ZERO,
                    input: word(nonce + 1),
                    gas_limit: 100_000,
                    ..transfer(nonce)
                };
                let receipt = chain.send(&account(seed).sign(transaction)).await;
                assert!(receipt.status());
            }
        })
    });
    for task in tasks.collect::<Vec<_>>() {
        task.await.expect("done");
    }
    assert_eq!(chain.rpc.get_block_number().await.expect("a number"), 71);
    let value = chain
        .rpc
        .get_storage_at(contract, U256::ZERO)
        .await
        .expect("a value");
    assert!(value >= U256::from(1) && value <= U256::from(10));
}

#[tokio::test]
async fn contracts_may_have_24_kib() {
    let dir = tempfile::tempdir().expect("a folder");
    let chain = Running::start(dir.path()).await;
    // PUSH2 size, PUSH0, RETURN: so many zero bytes of code.
    let create = |size: u16| {
        let size = size.to_be_bytes();
        Bytes::from(vec![0x61, size[0], size[1], 0x5f, 0xf3])
    };
    let receipt = chain
        .invoke(&account(1), TxKind::Create, create(0x6000))
        .await;
    assert!(receipt.status());
    let code = chain
        .rpc
        .get_code_at(receipt.contract_address.expect("made"))
        .await;
    assert_eq!(code.expect("code").len(), 0x6000);
    let receipt = chain
        .invoke(&account(1), TxKind::Create, create(0x6001))
        .await;
    assert!(!receipt.status());
    assert_eq!(
        receipt.gas_used, 10_000_000,
        "a failed installation takes all gas"
    );

    let transaction = account(1).sign(TxEip1559 {
        to: TxKind::Create,
        input: installer(STORE),
        gas_limit: 1_000_000,
        ..transfer(2)
    });
    let made = chain.send(&transaction).await.contract_address;
    assert_eq!(made, Some(account(1).address().create(transaction.nonce())));
}
