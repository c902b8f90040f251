//! What was answered is still there after a stop, an abort and a kill.

use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use alloy::consensus::TxEip1559;
use alloy::primitives::{TxKind, U256};
use alloy::providers::Provider;
use alloy::rpc::types::{Block, Filter, TransactionReceipt};
use enigma_chain::dev::{DevChain, DevConfig, DevError};
use serde_json::json;
use tokio::io::AsyncWriteExt as _;

use crate::client::{LOG, Running, STORE, account, config, connect, transfer, word};

/// Everything that is compared before and after.
#[derive(Debug, PartialEq)]
struct Seen {
    blocks: Vec<Block>,
    receipts: Vec<TransactionReceipt>,
    logs: usize,
    balances: Vec<U256>,
    nonces: Vec<u64>,
    slot: U256,
}

async fn look(chain: &Running) -> Seen {
    let contract = account(1).address().create(0);
    let head = chain.rpc.get_block_number().await.expect("a number");
    let mut blocks = Vec::new();
    let mut receipts = Vec::new();
    for number in 0..=head {
        let block = chain
            .rpc
            .get_block_by_number(number.into())
            .await
            .expect("an answer");
        let block = block.expect("a block");
        for hash in block.transactions.hashes() {
            receipts.push(chain.receipt(hash).await.expect("a receipt"));
        }
        blocks.push(block);
    }
    let mut balances = Vec::new();
    let mut nonces = Vec::new();
    for seed in 0..8 {
        let address = account(seed).address();
        balances.push(chain.rpc.get_balance(address).await.expect("a balance"));
        nonces.push(chain.nonce(&account(seed)).await);
    }
    let logs = chain
        .rpc
        .get_logs(&Filter::new().from_block(0))
        .await
        .expect("logs");
    let slot = chain
        .rpc
        .get_storage_at(contract, U256::ZERO)
        .await
        .expect("a word");
    Seen {
        blocks,
        receipts,
        logs: logs.len(),
        balances,
        nonces,
        slot,
    }
}

async fn fill(chain: &Running) {
    let from = account(1);
    let contract = chain.deploy(&from, STORE).await;
    let logger = chain.deploy(&from, LOG).await;
    chain.invoke(&from, TxKind::Call(contract), word(77)).await;
    chain.invoke(&from, TxKind::Call(logger), word(5)).await;
    chain.ask("evm_mine", json!([])).await.expect("mines");
    chain.send(&account(2).sign(transfer(0))).await;
}

async fn goes_on(chain: &Running) {
    let head = chain.rpc.get_block_number().await.expect("a number");
    let nonce = chain.nonce(&account(2)).await;
    let receipt = chain.send(&account(2).sign(transfer(nonce))).await;
    assert_eq!(receipt.block_number, Some(head + 1));
}

#[tokio::test]
async fn a_stopped_chain_goes_on() {
    let dir = tempfile::tempdir().expect("a folder");
    let chain = Running::start(dir.path()).await;
    fill(&chain).await;
    let before = look(&chain).await;
    assert_eq!((before.slot, before.logs), (U256::from(77), 5));
    chain.host.stop().await;
    let chain = Running::start(dir.path()).await;
    assert_eq!(look(&chain).await, before);
    goes_on(&chain).await;
}

#[tokio::test]
async fn a_dropped_chain_goes_on() {
    let dir = tempfile::tempdir().expect("a folder");
    let chain = Running::start(dir.path()).await;
    fill(&chain).await;
    let before = look(&chain).await;
    drop(chain);
    let chain = Running::start(dir.path()).await;
    assert_eq!(look(&chain).await, before);
    goes_on(&chain).await;
}

#[tokio::test]
async fn open_connections_do_not_keep_the_folder() {
    let dir = tempfile::tempdir().expect("a folder");
    let chain = Running::start(dir.path()).await;
    let mut silent = tokio::net::TcpStream::connect(chain.host.addr())
        .await
        .expect("connects");
    let half = b"POST / HTTP/1.1\r\nhost: x\r\ncontent-length: 100\r\n\r\n{\"json";
    silent.write_all(half).await.expect("writes");
    tokio::time::sleep(Duration::from_millis(50)).await;
    chain.host.stop().await;
    let chain = Running::start(dir.path()).await;
    goes_on(&chain).await;
    drop(silent);
}

#[tokio::test]
async fn the_moved_clock_survives() {
    let dir = tempfile::tempdir().expect("a folder");
    let chain = Running::start(dir.path()).await;
    chain
        .ask("evm_increaseTime", json!([100_000]))
        .await
        .expect("moved");
    chain.ask("evm_mine", json!([])).await.expect("mines");
    let time = async |chain: &Running| {
        let block = chain.rpc.get_block_by_number(Default::default()).await;
        block.expect("an answer").expect("a block").header.timestamp
    };
    let before = time(&chain).await;
    chain.host.stop().await;
    let chain = Running::start(dir.path()).await;
    tokio::time::sleep(Duration::from_millis(1_100)).await;
    chain.ask("evm_mine", json!([])).await.expect("mines");
    let after = time(&chain).await;
    assert!(after > before, "time goes on");
    assert!(after < before + 60);
}

#[tokio::test]
async fn a_folder_belongs_to_one_chain() {
    let dir = tempfile::tempdir().expect("a folder");
    let chain = Running::start(dir.path()).await;
    let second = DevChain::start(config(dir.path())).await;
    assert!(matches!(second, Err(DevError::InUse { .. })), "{second:?}");
    chain.host.stop().await;
    let other = DevConfig {
        chain_id: 5,
        ..config(dir.path())
    };
    let other = DevChain::start(other).await;
    assert!(
        matches!(other, Err(DevError::OtherChain { .. })),
        "{other:?}"
    );
    let other = DevConfig {
        funded: Vec::new(),
        ..config(dir.path())
    };
    let other = DevChain::start(other).await;
    assert!(
        matches!(other, Err(DevError::OtherChain { .. })),
        "{other:?}"
    );
    let chain = Running::start(dir.path()).await;
    let taken = tempfile::tempdir().expect("a folder");
    let taken = DevConfig {
        listen: chain.host.addr(),
        ..config(taken.path())
    };
    let taken = DevChain::start(taken).await;
    let Err(error @ DevError::PortInUse { .. }) = taken else {
        panic!("{taken:?}");
    };
    let port = chain.host.addr().port();
    assert_eq!(
        error.to_string(),
        format!("port {port} of 127.0.0.1 is in use by another program")
    );
}

/// Not a test by itself: the process that the next test kills. It does nothing unless that test made the
/// folder.
#[tokio::test]
async fn chain_to_be_killed() {
    let Some(dir) = std::env::var_os("ENIGMA_TEST_CHAIN_TO_BE_KILLED") else {
        return;
    };
    let dir = Path::new(&dir);
    let host = DevChain::start(config(&dir.join("chain")))
        .await
        .expect("starts");
    std::fs::write(dir.join("url.new"), host.url()).expect("writes");
    std::fs::rename(dir.join("url.new"), dir.join("url")).expect("renames");
    tokio::time::sleep(Duration::from_secs(120)).await;
}

/// Runs the process above by a command that ends with this program's name, and waits for its URL.
async fn start_child(mut program: Command, dir: &Path) -> (Child, String) {
    let mut child = program
        .args(["--exact", "restart::chain_to_be_killed", "--test-threads=1"])
        .env("ENIGMA_TEST_CHAIN_TO_BE_KILLED", dir)
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .expect("starts");
    let url = loop {
        match std::fs::read_to_string(dir.join("url")) {
            Ok(url) => break url,
            Err(_) => tokio::time::sleep(Duration::from_millis(20)).await,
        }
        let ended = child.try_wait().expect("a state");
        assert!(ended.is_none(), "the child ended by itself");
    };
    std::fs::remove_file(dir.join("url")).expect("removes");
    (child, url)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_killed_chain_has_what_it_answered() {
    let dir = tempfile::tempdir().expect("a folder");
    let mut acknowledged = 0;
    for round in 0..3u64 {
        let program = std::env::current_exe().expect("this program");
        let (mut child, url) = start_child(Command::new(program), dir.path()).await;
        let rpc = connect(&url);
        // The kill falls somewhere into the stream of transactions.
        let killer = tokio::spawn(async move {
            tokio::time::sleep(Duration::from_millis(150 + 70 * round)).await;
            child.kill().expect("kills");
            child.wait().expect("ends");
        });
        let start = rpc
            .get_transaction_count(account(3).address())
            .await
            .expect("a nonce");
        assert!(
            start == acknowledged || start == acknowledged + 1,
            "{start} {acknowledged}"
        );
        acknowledged = start;
        loop {
            let transaction = TxEip1559 {
                value: U256::from(1),
                ..transfer(acknowledged)
            };
            let raw =
                alloy::eips::eip2718::Encodable2718::encoded_2718(&account(3).sign(transaction));
            match rpc.send_raw_transaction(&raw).await {
                Ok(_) => acknowledged += 1,
                Err(_) => break,
            }
        }
        killer.await.expect("killed");
    }
    assert!(acknowledged > 3, "some transactions came through");
    let chain = Running::start(&dir.path().join("chain")).await;
    let mined = chain.nonce(&account(3)).await;
    // The last one may have become durable without an answer.
    assert!(
        mined == acknowledged || mined == acknowledged + 1,
        "{mined} {acknowledged}"
    );
    assert_eq!(chain.rpc.get_block_number().await.expect("a number"), mined);
    goes_on(&chain).await;
}

/// A file that may not grow stands for a full disk: what cannot be stored is refused, and the chain
/// stays as it was, before and after it is started again.
#[tokio::test(flavor = "multi_thread")]
async fn a_full_disk_refuses_and_forgets_nothing() {
    let dir = tempfile::tempdir().expect("a folder");
    let mut shell = Command::new("sh");
    // Some megabytes at most, whether the shell counts in halves or whole kilobytes.
    let limited = "trap '' XFSZ; ulimit -f 6000; exec \"$0\" \"$@\"";
    shell.args(["-c", limited]);
    shell.arg(std::env::current_exe().expect("this program"));
    let (mut child, url) = start_child(shell, dir.path()).await;
    let rpc = connect(&url);
    let large = |nonce| TxEip1559 {
        gas_limit: 10_000_000,
        input: vec![0; 100_000].into(),
        ..transfer(nonce)
    };
    let mut acknowledged = 0;
    let refused = loop {
        let signed = account(3).sign(large(acknowledged));
        let raw = alloy::eips::eip2718::Encodable2718::encoded_2718(&signed);
        match rpc.send_raw_transaction(&raw).await {
            Ok(_) => acknowledged += 1,
            Err(error) => break error,
        }
        assert!(acknowledged < 1_000, "the limit is not reached");
    };
    assert!(acknowledged > 0, "{refused}");
    let words = refused.to_string();
    assert!(words.contains("could not be stored"), "{words}");
    let head = rpc.get_block_number().await.expect("a number");
    let nonce = rpc.get_transaction_count(account(3).address()).await;
    assert_eq!((head, nonce.ok()), (acknowledged, Some(acknowledged)));
    child.kill().expect("kills");
    child.wait().expect("ends");

    let chain = Running::start(&dir.path().join("chain")).await;
    let head = chain.rpc.get_block_number().await.expect("a number");
    assert_eq!(head, acknowledged);
    assert_eq!(chain.nonce(&account(3)).await, acknowledged);
    chain.send(&account(3).sign(large(acknowledged))).await;
    goes_on(&chain).await;
}

/// How long a long chain takes to start: to be run by hand, in release.
#[tokio::test(flavor = "multi_thread")]
#[allow(clippy::print_stdout)] // The figure is what it is for.
#[ignore = "takes a minute; says how fast, and passes at any speed"]
async fn ten_thousand_blocks_start() {
    let dir = tempfile::tempdir().expect("a folder");
    let chain = Running::start(dir.path()).await;
    let contract = chain.deploy(&account(1), STORE).await;
    for number in 1..10_000 {
        chain
            .invoke(&account(1), TxKind::Call(contract), word(number))
            .await;
    }
    chain.host.stop().await;
    let start = std::time::Instant::now();
    let chain = Running::start(dir.path()).await;
    let took = start.elapsed();
    assert_eq!(
        chain.rpc.get_block_number().await.expect("a number"),
        10_000
    );
    println!("10,000 blocks: started in {} ms", took.as_millis());
}
