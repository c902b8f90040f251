//! JSON-RPC over WebSockets, at the address that also answers over HTTP.

use alloy::providers::{Provider, ProviderBuilder, RootProvider};
use alloy::rpc::client::ClientBuilder;
use alloy_transport_ws::WsConnect;
use serde_json::json;

use crate::client::{Running, account, transfer};

async fn by_socket(chain: &Running) -> RootProvider {
    let connect = WsConnect::new(chain.host.ws_url()).with_max_retries(1);
    let client = ClientBuilder::default().pubsub(connect).await;
    ProviderBuilder::default().connect_client(client.expect("connects"))
}

#[tokio::test]
async fn both_ways_lead_to_one_chain() {
    let dir = tempfile::tempdir().expect("a folder");
    let chain = Running::start(dir.path()).await;
    let socket = by_socket(&chain).await;
    let signed = account(1).sign(transfer(0));
    let raw = alloy::eips::eip2718::Encodable2718::encoded_2718(&signed);
    let sent = socket.send_raw_transaction(&raw).await.expect("accepted");
    let hash = *sent.tx_hash();
    let receipt = socket.get_transaction_receipt(hash).await;
    assert_eq!(receipt.expect("an answer"), chain.receipt(hash).await);
    // Errors come with their code, and the connection goes on.
    let unknown: Result<serde_json::Value, _> =
        socket.raw_request("eth_mining".into(), json!([])).await;
    let unknown = unknown.expect_err("unknown");
    assert_eq!(
        unknown.as_error_resp().map(|error| error.code),
        Some(-32601)
    );
    let numbers = (0..50).map(|_| socket.get_block_number());
    for number in numbers {
        assert_eq!(number.await.expect("a number"), 1);
    }
}

#[tokio::test]
async fn sockets_end_with_the_chain() {
    let dir = tempfile::tempdir().expect("a folder");
    let chain = Running::start(dir.path()).await;
    let socket = by_socket(&chain).await;
    assert_eq!(socket.get_block_number().await.expect("a number"), 0);
    chain.host.stop().await;
    assert!(socket.get_block_number().await.is_err());
    let chain = Running::start(dir.path()).await;
    assert_eq!(
        by_socket(&chain)
            .await
            .get_block_number()
            .await
            .expect("a number"),
        0
    );
}
