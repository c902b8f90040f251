//! JSON-RPC over HTTP: one request or a batch.

use std::sync::{Arc, Mutex, PoisonError};

use alloy::primitives::{Address, B256, Bytes, TxKind, U256};
use axum::body::Bytes as Body;
use axum::extract::{DefaultBodyLimit, State as Shared};
use axum::routing::post;
use axum::{Json, Router};
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

use super::block::{Block, number};
use super::evm::Message;
use super::machine::{Machine, Refusal};

/// Largest request.
pub(super) const MAX_BODY_BYTES: usize = 4 << 20;
/// Most requests of a batch.
const MAX_BATCH: usize = 100;
/// Most logs of an answer.
const MAX_LOGS: usize = 100_000;

type Chain = Arc<Mutex<Machine>>;

/// An error as JSON-RPC writes it.
struct Failure {
    code: i32,
    message: String,
    data: Option<String>,
}

pub(super) fn router(chain: Chain) -> Router {
    Router::new()
        .route("/", post(answer))
        .layer(DefaultBodyLimit::max(MAX_BODY_BYTES))
        .with_state(chain)
}

async fn answer(Shared(chain): Shared<Chain>, body: Body) -> Json<Value> {
    // Execution takes milliseconds and the disk is waited for: not on the runtime's own threads.
    let answered = tokio::task::spawn_blocking(move || {
        let mut machine = chain.lock().unwrap_or_else(PoisonError::into_inner);
        answer_body(&mut machine, &body)
    });
    Json(
        answered
            .await
            .unwrap_or_else(|_| error(&Value::Null, failure(-32603, "internal error"))),
    )
}

fn answer_body(machine: &mut Machine, body: &[u8]) -> Value {
    match serde_json::from_slice::<Value>(body) {
        Ok(Value::Array(batch)) if batch.is_empty() || batch.len() > MAX_BATCH => error(
            &Value::Null,
            failure(-32600, format!("a batch holds 1 to {MAX_BATCH} requests")),
        ),
        Ok(Value::Array(batch)) => batch
            .iter()
            .map(|request| answer_one(machine, request))
            .collect(),
        Ok(request) => answer_one(machine, &request),
        Err(_) => error(&Value::Null, failure(-32700, "the request is not JSON")),
    }
}

fn answer_one(machine: &mut Machine, request: &Value) -> Value {
    let id = &request["id"];
    let Some(method) = request["method"].as_str() else {
        return error(id, failure(-32600, "the request names no method"));
    };
    let params = match &request["params"] {
        Value::Array(params) => Params(params),
        Value::Null => Params(&[]),
        _ => return error(id, failure(-32602, "parameters must be a list")),
    };
    match dispatch(machine, method, &params) {
        Ok(result) => json!({"jsonrpc": "2.0", "id": id, "result": result}),
        Err(failure) => error(id, failure),
    }
}

fn error(id: &Value, failure: Failure) -> Value {
    let mut error = json!({"code": failure.code, "message": failure.message});
    if let Some(data) = failure.data {
        error["data"] = Value::String(data);
    }
    json!({"jsonrpc": "2.0", "id": id, "error": error})
}

fn failure(code: i32, message: impl Into<String>) -> Failure {
    Failure {
        code,
        message: message.into(),
        data: None,
    }
}

impl From<Refusal> for Failure {
    fn from(refusal: Refusal) -> Self {
        match refusal {
            Refusal::Invalid(message) => failure(-32000, message),
            Refusal::Storage(message) => {
                failure(-32603, format!("the block could not be stored: {message}"))
            }
            Refusal::Reverted(data) => Failure {
                code: 3,
                message: "execution reverted".to_owned(),
                data: Some(Bytes::from(data).to_string()),
            },
        }
    }
}

/// A request's parameters by place.
struct Params<'a>(&'a [Value]);

impl Params<'_> {
    fn get<T: DeserializeOwned>(&self, at: usize) -> Result<T, Failure> {
        self.optional(at)?
            .ok_or_else(|| failure(-32602, format!("parameter {at} is missing")))
    }

    fn optional<T: DeserializeOwned>(&self, at: usize) -> Result<Option<T>, Failure> {
        match self.0.get(at) {
            None | Some(Value::Null) => Ok(None),
            Some(value) => serde_json::from_value(value.clone())
                .map(Some)
                .map_err(|error| failure(-32602, format!("parameter {at}: {error}"))),
        }
    }
}

fn dispatch(machine: &mut Machine, method: &str, params: &Params<'_>) -> Result<Value, Failure> {
    Ok(match method {
        "eth_chainId" => number(machine.chain_id),
        "net_version" => json!(machine.chain_id.to_string()),
        "web3_clientVersion" => json!(concat!("enigma-dev/", env!("CARGO_PKG_VERSION"))),
        "eth_blockNumber" => number(machine.head().header.number),
        "eth_gasPrice" => number(machine.gas_price()),
        "eth_maxPriorityFeePerGas" => number(0u8),
        "eth_feeHistory" => fee_history(machine, params)?,
        "eth_getBalance" => json!(latest(machine, params, 1)?.state.balance(params.get(0)?)),
        "eth_getTransactionCount" => {
            number(latest(machine, params, 1)?.state.nonce(params.get(0)?))
        }
        "eth_getCode" => json!(latest(machine, params, 1)?.state.code(params.get(0)?)),
        "eth_getStorageAt" => {
            let value = latest(machine, params, 2)?
                .state
                .storage(params.get(0)?, params.get::<U256>(1)?);
            json!(B256::from(value))
        }
        "eth_call" => {
            let message = params.get::<Request>(0)?.message(0);
            json!(Bytes::from(latest(machine, params, 1)?.call(message)?))
        }
        "eth_estimateGas" => {
            let message = params.get::<Request>(0)?.message(machine.gas_price());
            number(latest(machine, params, 1)?.estimate(&message)?)
        }
        "eth_sendRawTransaction" => json!(machine.send(params.get::<Bytes>(0)?.to_vec())?),
        "eth_getTransactionReceipt" => {
            let found = machine.transaction(params.get(0)?);
            found.map_or(Value::Null, |(block, mined)| block.receipt_json(mined))
        }
        "eth_getTransactionByHash" => {
            let found = machine.transaction(params.get(0)?);
            found.map_or(Value::Null, |(block, mined)| block.transaction_json(mined))
        }
        "eth_getBlockByNumber" => {
            let number = block_number(machine, &params.get(0)?)?;
            let full = params.optional(1)?.unwrap_or(false);
            machine
                .block(number)
                .map_or(Value::Null, |block| block.json(full))
        }
        "eth_getBlockByHash" => {
            let full = params.optional(1)?.unwrap_or(false);
            machine
                .block_by_hash(params.get(0)?)
                .map_or(Value::Null, |block| block.json(full))
        }
        "eth_getLogs" => logs(machine, &params.get(0)?)?,
        "evm_mine" | "anvil_mine" => {
            machine.mine_empty()?;
            json!("0x0")
        }
        "evm_increaseTime" => {
            let seconds: Value = params.get(0)?;
            let seconds =
                quantity(&seconds).ok_or_else(|| failure(-32602, "not a number of seconds"))?;
            machine.ahead = machine.ahead.saturating_add(seconds);
            number(machine.ahead)
        }
        _ => return Err(failure(-32601, format!("method {method} is not offered"))),
    })
}

/// The machine, if the parameter asks for the latest state; history is not kept.
fn latest<'a>(
    machine: &'a Machine,
    params: &Params<'_>,
    at: usize,
) -> Result<&'a Machine, Failure> {
    let wanted = params.optional::<Value>(at)?.unwrap_or(Value::Null);
    let wanted = match &wanted {
        Value::Null => return Ok(machine),
        Value::Object(object) => object.get("blockNumber").cloned().unwrap_or(Value::Null),
        other => other.clone(),
    };
    if wanted.is_null() || block_number(machine, &wanted)? == machine.head().header.number {
        return Ok(machine);
    }
    Err(failure(-32000, "state of earlier blocks is not kept"))
}

fn block_number(machine: &Machine, tag: &Value) -> Result<u64, Failure> {
    match tag.as_str() {
        Some("latest" | "pending" | "safe" | "finalized") => Ok(machine.head().header.number),
        Some("earliest") => Ok(0),
        _ => quantity(tag).ok_or_else(|| failure(-32602, "not a block number")),
    }
}

fn quantity(value: &Value) -> Option<u64> {
    match value {
        Value::String(text) => u64::from_str_radix(text.strip_prefix("0x")?, 16).ok(),
        other => other.as_u64(),
    }
}

fn fee_history(machine: &Machine, params: &Params<'_>) -> Result<Value, Failure> {
    let count = quantity(&params.get(0)?).unwrap_or(1).clamp(1, 1024) as usize;
    let newest = block_number(machine, &params.get(1)?)?;
    let rewards = params
        .optional::<Vec<f64>>(2)?
        .map_or(0, |percentiles| percentiles.len());
    Ok(json!({
        "oldestBlock": number(newest.saturating_sub(count as u64 - 1)),
        "baseFeePerGas": vec!["0x0"; count + 1],
        "gasUsedRatio": vec![0.0; count],
        "reward": vec![vec!["0x0"; rewards]; count],
    }))
}

/// A call or transaction as a client describes it.
#[derive(Deserialize)]
struct Request {
    #[serde(default)]
    from: Option<Address>,
    #[serde(default)]
    to: Option<Address>,
    #[serde(default)]
    value: Option<U256>,
    #[serde(default, alias = "data")]
    input: Option<Bytes>,
    #[serde(default)]
    gas: Option<U256>,
}

impl Request {
    fn message(self, gas_price: u128) -> Message {
        Message {
            from: self.from.unwrap_or_default(),
            to: self.to.map_or(TxKind::Create, TxKind::Call),
            value: self.value.unwrap_or_default(),
            input: self.input.unwrap_or_default(),
            gas_limit: self.gas.unwrap_or_default().saturating_to(),
            gas_price,
            nonce: None,
        }
    }
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct LogFilter {
    #[serde(default)]
    address: Option<OneOrMany<Address>>,
    #[serde(default)]
    topics: Vec<Option<OneOrMany<B256>>>,
    #[serde(default)]
    from_block: Option<Value>,
    #[serde(default)]
    to_block: Option<Value>,
    #[serde(default)]
    block_hash: Option<B256>,
}

#[derive(Deserialize)]
#[serde(untagged)]
enum OneOrMany<T> {
    One(T),
    Many(Vec<T>),
}

impl<T: PartialEq> OneOrMany<T> {
    fn admits(&self, value: &T) -> bool {
        match self {
            Self::One(wanted) => wanted == value,
            Self::Many(wanted) => wanted.is_empty() || wanted.contains(value),
        }
    }
}

fn logs(machine: &Machine, filter: &LogFilter) -> Result<Value, Failure> {
    let blocks: &[Block] = match filter.block_hash {
        Some(hash) => {
            let block = machine
                .block_by_hash(hash)
                .ok_or_else(|| failure(-32000, "unknown block"))?;
            std::slice::from_ref(block)
        }
        None => {
            let bound = |tag: &Option<Value>| {
                tag.as_ref()
                    .map_or(Ok(machine.head().header.number), |tag| {
                        block_number(machine, tag)
                    })
            };
            machine.blocks(bound(&filter.from_block)?, bound(&filter.to_block)?)
        }
    };
    let mut found = Vec::new();
    for block in blocks {
        let Some(mined) = &block.mined else { continue };
        for (log, shown) in mined.logs.iter().zip(block.logs_json(mined)) {
            let address = filter
                .address
                .as_ref()
                .is_none_or(|wanted| wanted.admits(&log.address));
            let topics = filter
                .topics
                .iter()
                .enumerate()
                .all(|(at, wanted)| match wanted {
                    None => true,
                    Some(wanted) => log
                        .topics()
                        .get(at)
                        .is_some_and(|topic| wanted.admits(topic)),
                });
            if address && topics {
                found.push(shown);
            }
        }
        if found.len() > MAX_LOGS {
            return Err(failure(
                -32005,
                format!("more than {MAX_LOGS} logs; ask for fewer blocks"),
            ));
        }
    }
    Ok(Value::Array(found))
}
