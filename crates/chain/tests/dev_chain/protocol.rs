//! JSON-RPC itself: whatever comes in, a proper answer goes out and the chain goes on.

use serde_json::{Value, json};

use crate::client::Running;

async fn error_code(chain: &Running, body: &[u8]) -> i64 {
    let (status, answer) = chain.post(body).await;
    assert_eq!(status, 200);
    assert_eq!(answer["jsonrpc"], "2.0");
    assert!(answer["error"]["message"].is_string(), "{answer}");
    answer["error"]["code"].as_i64().expect("a code")
}

#[tokio::test]
async fn what_is_not_a_request_gets_an_error() {
    let dir = tempfile::tempdir().expect("a folder");
    let chain = Running::start(dir.path()).await;
    let deep = "[".repeat(100_000);
    for body in [
        "",
        "{",
        "eth_chainId",
        "\u{0}",
        "[1,",
        deep.as_str(),
        "{\"jsonrpc\":",
    ] {
        assert_eq!(
            error_code(&chain, body.as_bytes()).await,
            -32700,
            "{body:.20}"
        );
    }
    assert_eq!(error_code(&chain, &[0xff, 0xfe]).await, -32700);
    for body in [
        json!(1),
        json!(null),
        json!("eth_chainId"),
        json!([]),
        json!({}),
        json!({"jsonrpc": "2.0", "id": 1}),
        json!({"jsonrpc": "2.0", "id": 1, "method": 5}),
        json!({"jsonrpc": "1.0", "id": 1, "method": "eth_chainId"}),
        json!({"jsonrpc": "2.0", "id": {}, "method": "eth_chainId"}),
        json!(vec![json!({}); 1_000]),
    ] {
        assert_eq!(
            error_code(&chain, body.to_string().as_bytes()).await,
            -32600,
            "{body:.60}"
        );
    }
    let unknown = chain
        .ask("eth_mining", json!([]))
        .await
        .expect_err("unknown");
    assert_eq!(unknown["code"], -32601);
    assert!(
        chain.ask("eth_chainId", json!(null)).await.is_ok(),
        "nothing is no parameters"
    );
}

#[tokio::test]
async fn wrong_parameters_get_an_error() {
    let dir = tempfile::tempdir().expect("a folder");
    let chain = Running::start(dir.path()).await;
    let address = json!("0x0000000000000000000000000000000000000001");
    for (method, params) in [
        ("eth_chainId", json!({})),
        ("eth_getBalance", json!([])),
        ("eth_getBalance", json!(["0x12"])),
        ("eth_getBalance", json!([address, "newest"])),
        ("eth_getBalance", json!([address, {}])),
        (
            "eth_getBalance",
            json!([address, {"blockHash": "0x00", "blockNumber": "0x0"}]),
        ),
        ("eth_getTransactionCount", json!([7])),
        ("eth_getStorageAt", json!([address])),
        ("eth_getStorageAt", json!([address, "zero"])),
        ("eth_call", json!([])),
        ("eth_call", json!(["0x"])),
        ("eth_call", json!([{"to": "nobody"}])),
        ("eth_call", json!([{"input": "0xabc"}])),
        ("eth_estimateGas", json!([{"value": "-1"}])),
        ("eth_sendRawTransaction", json!([])),
        ("eth_sendRawTransaction", json!(["0xzz"])),
        ("eth_sendRawTransaction", json!([[1, "two"]])),
        ("eth_getTransactionReceipt", json!(["0x01"])),
        ("eth_getTransactionByHash", json!([null])),
        (
            "eth_getBlockByNumber",
            json!(["0xffffffffffffffffff", false]),
        ),
        ("eth_getBlockByNumber", json!(["latest", "yes"])),
        ("eth_getBlockByHash", json!([1])),
        ("eth_getLogs", json!([])),
        ("eth_getLogs", json!([{"topics": "all"}])),
        ("eth_getLogs", json!([{"fromBlock": -1}])),
        ("eth_feeHistory", json!(["many", "latest", []])),
        ("eth_feeHistory", json!(["0x1", "latest", ["half"]])),
    ] {
        let error = chain
            .ask(method, params.clone())
            .await
            .expect_err("refused");
        assert_eq!(error["code"], -32602, "{method} {params}: {error}");
    }
    // Neither does a number that is as large as can be do harm.
    let most = "0xffffffffffffffff";
    let none = chain.ask("eth_getBlockByNumber", json!([most, true])).await;
    assert_eq!(none, Ok(Value::Null));
    let logs = chain
        .ask(
            "eth_getLogs",
            json!([{"fromBlock": "0x0", "toBlock": most}]),
        )
        .await;
    assert_eq!(logs, Ok(json!([])));
    let logs = chain
        .ask("eth_getLogs", json!([{"fromBlock": most, "toBlock": most}]))
        .await;
    assert_eq!(logs, Ok(json!([])));
    assert!(
        chain
            .ask("eth_feeHistory", json!([most, most, []]))
            .await
            .is_err()
    );
    assert!(
        chain
            .ask("eth_feeHistory", json!([most, "latest", []]))
            .await
            .is_ok()
    );
    let huge = format!("0x{}", "ff".repeat(32));
    let request = json!([{"to": address, "value": huge, "gasPrice": huge, "gas": huge}]);
    assert!(chain.ask("eth_call", request.clone()).await.is_err());
    assert!(chain.ask("eth_estimateGas", request).await.is_err());
}

#[tokio::test]
async fn batches_are_answered_in_order() {
    let dir = tempfile::tempdir().expect("a folder");
    let chain = Running::start(dir.path()).await;
    let batch = json!([
        {"jsonrpc": "2.0", "id": 1, "method": "eth_blockNumber"},
        {"jsonrpc": "2.0", "method": "evm_mine"},
        {"jsonrpc": "2.0", "id": "two", "method": "eth_blockNumber", "params": []},
        17,
        {"jsonrpc": "2.0", "id": null, "method": "eth_nothing"},
    ]);
    let (status, answer) = chain.post(batch.to_string().as_bytes()).await;
    assert_eq!(status, 200);
    assert_eq!(
        answer[0],
        json!({"jsonrpc": "2.0", "id": 1, "result": "0x0"})
    );
    assert_eq!(
        answer[1],
        json!({"jsonrpc": "2.0", "id": "two", "result": "0x1"})
    );
    assert_eq!(answer[2]["error"]["code"], -32600);
    assert_eq!(answer[3]["error"]["code"], -32601);
    assert_eq!(answer.as_array().map(Vec::len), Some(4));
}

#[tokio::test]
async fn what_wants_no_answer_gets_none() {
    let dir = tempfile::tempdir().expect("a folder");
    let chain = Running::start(dir.path()).await;
    let quiet = json!({"jsonrpc": "2.0", "method": "evm_mine"});
    for body in [quiet.clone(), json!([quiet, quiet])] {
        assert_eq!(
            chain.post(body.to_string().as_bytes()).await,
            (204, Value::Null)
        );
    }
    assert_eq!(
        chain.ask("eth_blockNumber", json!([])).await,
        Ok(json!("0x3"))
    );
}

#[tokio::test]
async fn a_body_too_large_is_refused() {
    let dir = tempfile::tempdir().expect("a folder");
    let chain = Running::start(dir.path()).await;
    let (status, answer) = chain.post(&vec![b' '; 5 << 20]).await;
    assert_eq!(status, 413);
    assert_eq!(answer["error"]["code"], -32600);
    assert!(
        answer["error"]["message"]
            .as_str()
            .is_some_and(|words| words.contains("larger"))
    );
    assert_eq!(
        chain.ask("eth_blockNumber", json!([])).await,
        Ok(json!("0x0"))
    );
}
