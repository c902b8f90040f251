//! Accounts, hand-made contracts and requests that the tests share.

use std::path::Path;
use std::time::Duration;

use alloy::consensus::{SignableTransaction, TxEip1559, TxEnvelope};
use alloy::eips::eip2718::Encodable2718;
use alloy::primitives::{Address, B256, Bytes, Signature, TxKind, U256, hex};
use alloy::providers::{Provider, ProviderBuilder, RootProvider};
use alloy::rpc::types::{TransactionInput, TransactionReceipt, TransactionRequest};
use enigma_chain::dev::{DevChain, DevConfig};
use enigma_wire::id::Hash;
use enigma_wire::sign::{SecretKey, keccak256};
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};

pub(crate) const CHAIN_ID: u64 = 24_601;
pub(crate) const COINS: u128 = 1_000_000_000_000_000_000;

/// Stores the word it is called with in slot 0.
pub(crate) const STORE: &str = "5f355f5500";
/// Reverts with the bytes it is called with.
pub(crate) const REVERT: &str = "365f5f37365ffd";
/// Emits as many logs as the word it is called with says: topics 0x2a and the countdown.
pub(crate) const LOG: &str = "5f355b8015601957805f5280602a60205fa2600190036002565b00";
/// Returns the hash of the block it is asked about, then this block's randomness, number and time.
pub(crate) const ORACLE: &str = "5f35405f52 44602052 43604052 42606052 60805ff3";
/// Stores the hash of the block it is asked about in the slot of this block's number.
pub(crate) const RECORD: &str = "5f3540435500";
/// Calls the contract in its first word with its second, with all the gas it may pass on.
pub(crate) const FORWARD: &str = "602060205f37 5f5f60205f5f 5f35 5af1 601657 5f5ffd 5b00";
/// Never ends.
pub(crate) const LOOP: &str = "5b5f56";

/// An account that always has the same key.
#[derive(Clone)]
pub(crate) struct Account(SecretKey);

pub(crate) fn account(seed: u8) -> Account {
    Account(SecretKey::from_bytes(&keccak256(&[seed]).0).expect("a hash is a key"))
}

impl Account {
    pub(crate) fn address(&self) -> Address {
        Address::new(self.0.address().0)
    }

    pub(crate) fn sign(&self, transaction: TxEip1559) -> TxEnvelope {
        let digest = Hash(transaction.signature_hash().0);
        let signature = self.0.sign(&digest).0;
        let odd = signature[64] % 27 == 1;
        let signature = Signature::from_bytes_and_parity(&signature[..64], odd);
        transaction.into_signed(signature).into()
    }
}

/// A plain transfer of one coin, to be changed at will.
pub(crate) fn transfer(nonce: u64) -> TxEip1559 {
    TxEip1559 {
        chain_id: CHAIN_ID,
        nonce,
        gas_limit: 21_000,
        max_fee_per_gas: 1,
        max_priority_fee_per_gas: 1,
        to: TxKind::Call(Address::repeat_byte(0xee)),
        value: U256::from(1),
        ..TxEip1559::default()
    }
}

/// A word of call data.
pub(crate) fn word(value: u64) -> Bytes {
    B256::from(U256::from(value)).to_vec().into()
}

pub(crate) fn call(to: Address, input: Bytes) -> TransactionRequest {
    TransactionRequest {
        to: Some(TxKind::Call(to)),
        input: TransactionInput::new(input),
        ..TransactionRequest::default()
    }
}

/// Code that installs `runtime`.
pub(crate) fn installer(runtime: &str) -> Bytes {
    let runtime = hex::decode(runtime.replace(' ', "")).expect("hexadecimal");
    let length = u16::try_from(runtime.len()).expect("short").to_be_bytes();
    // PUSH2 length, DUP1, PUSH1 10, PUSH0, CODECOPY, PUSH0, RETURN
    let mut code = vec![
        0x61, length[0], length[1], 0x80, 0x60, 10, 0x5f, 0x39, 0x5f, 0xf3,
    ];
    code.extend(runtime);
    code.into()
}

pub(crate) fn config(dir: &Path) -> DevConfig {
    DevConfig {
        dir: dir.to_owned(),
        chain_id: CHAIN_ID,
        listen: ([127, 0, 0, 1], 0).into(),
        funded: (0..8)
            .map(|seed| (account(seed).0.address(), COINS))
            .collect(),
    }
}

/// A running chain with a client of it.
pub(crate) struct Running {
    pub(crate) host: DevChain,
    pub(crate) rpc: RootProvider,
}

impl Running {
    pub(crate) async fn start(dir: &Path) -> Self {
        let host = DevChain::start(config(dir))
            .await
            .expect("the chain starts");
        let rpc = connect(&host.url());
        Self { host, rpc }
    }

    pub(crate) async fn nonce(&self, account: &Account) -> u64 {
        let count = self.rpc.get_transaction_count(account.address());
        count.pending().await.expect("a nonce")
    }

    /// Sends a signed transaction that is mined at once.
    pub(crate) async fn send(&self, transaction: &TxEnvelope) -> TransactionReceipt {
        let sent = self
            .rpc
            .send_raw_transaction(&transaction.encoded_2718())
            .await;
        let hash = *sent.expect("accepted").tx_hash();
        assert_eq!(hash, *transaction.tx_hash());
        self.receipt(hash).await.expect("mined at once")
    }

    /// What the chain says to a transaction that it refuses.
    pub(crate) async fn refused(&self, transaction: &TxEnvelope) -> String {
        let sent = self
            .rpc
            .send_raw_transaction(&transaction.encoded_2718())
            .await;
        let error = sent.expect_err("refused");
        let error = error.as_error_resp().expect("an answer");
        assert_eq!(error.code, -32000, "{error}");
        error.message.to_string()
    }

    pub(crate) async fn receipt(&self, hash: B256) -> Option<TransactionReceipt> {
        self.rpc
            .get_transaction_receipt(hash)
            .await
            .expect("an answer")
    }

    /// Sends a call from an account with plenty of gas.
    pub(crate) async fn invoke(
        &self,
        from: &Account,
        to: TxKind,
        input: Bytes,
    ) -> TransactionReceipt {
        let nonce = self.nonce(from).await;
        let transaction = TxEip1559 {
            to,
            input,
            gas_limit: 10_000_000,
            value: U256::ZERO,
            ..transfer(nonce)
        };
        self.send(&from.sign(transaction)).await
    }

    /// Installs a contract and gives its address.
    pub(crate) async fn deploy(&self, from: &Account, runtime: &str) -> Address {
        let receipt = self.invoke(from, TxKind::Create, installer(runtime)).await;
        assert!(receipt.status());
        receipt.contract_address.expect("a contract")
    }

    /// A request by hand: the result, or the error.
    pub(crate) async fn ask(&self, method: &str, params: Value) -> Result<Value, Value> {
        let request = json!({"jsonrpc": "2.0", "id": 7, "method": method, "params": params});
        let (status, answer) = self.post(request.to_string().as_bytes()).await;
        assert_eq!(status, 200);
        assert_eq!(
            (&answer["jsonrpc"], &answer["id"]),
            (&json!("2.0"), &json!(7))
        );
        match answer.get("error") {
            Some(error) => Err(error.clone()),
            None => Ok(answer["result"].clone()),
        }
    }

    /// A body by hand: the HTTP status and the JSON that comes back (null for none).
    pub(crate) async fn post(&self, body: &[u8]) -> (u16, Value) {
        let address = self.host.addr();
        let mut stream = tokio::net::TcpStream::connect(address)
            .await
            .expect("connects");
        let head = format!(
            "POST / HTTP/1.1\r\nhost: {address}\r\ncontent-length: {}\r\nconnection: close\r\n\r\n",
            body.len()
        );
        stream.write_all(head.as_bytes()).await.expect("writes");
        // Who refuses a body need not read it.
        let _ = stream.write_all(body).await;
        let mut answer = Vec::new();
        let read = stream.read_to_end(&mut answer);
        let _ = tokio::time::timeout(Duration::from_secs(20), read)
            .await
            .expect("answers");
        let answer = String::from_utf8(answer).expect("text");
        let (head, body) = answer.split_once("\r\n\r\n").expect("a head and a body");
        let status = head
            .split(' ')
            .nth(1)
            .expect("a status")
            .parse()
            .expect("a number");
        let body = if body.is_empty() { "null" } else { body };
        (status, serde_json::from_str(body).expect("JSON"))
    }
}

pub(crate) fn connect(url: &str) -> RootProvider {
    ProviderBuilder::default().connect_http(url.parse().expect("a URL"))
}
