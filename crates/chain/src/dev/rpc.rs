//! JSON-RPC: one request or a batch, and what each method answers.

use alloy::eips::eip2930::AccessList;
use alloy::primitives::{Address, B256, Bytes, TxKind, U256};
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

use super::block::{Block, number, waiting_json};
use super::evm::Message;
use super::machine::{Machine, Refusal};

/// Most requests of a batch.
const MAX_BATCH: usize = 100;
/// Most logs of an answer about several blocks; some 10 MB.
const MAX_LOGS: usize = 10_000;

/// An error as JSON-RPC writes it.
pub(super) struct Failure {
    code: i32,
    message: String,
    data: Option<String>,
}

/// The answer, unless nothing was asked that wants one.
pub(super) fn answer(machine: &mut Machine, body: &[u8]) -> Option<Value> {
    match serde_json::from_slice::<Value>(body) {
        Ok(Value::Array(batch)) if batch.is_empty() || batch.len() > MAX_BATCH => Some(error(
            &Value::Null,
            failure(-32600, format!("a batch holds 1 to {MAX_BATCH} requests")),
        )),
        Ok(Value::Array(batch)) => {
            let answers = batch
                .iter()
                .filter_map(|request| answer_one(machine, request));
            let answers: Vec<_> = answers.collect();
            (!answers.is_empty()).then_some(Value::Array(answers))
        }
        Ok(request) => answer_one(machine, &request),
        Err(_) => Some(error(
            &Value::Null,
            failure(-32700, "the request is not JSON"),
        )),
    }
}

/// A request without an id is carried out and not answered.
fn answer_one(machine: &mut Machine, request: &Value) -> Option<Value> {
    let id = match request.get("id") {
        Some(id @ (Value::Null | Value::String(_) | Value::Number(_))) => Some(id),
        Some(_) => return Some(error(&Value::Null, failure(-32600, "not a request's id"))),
        None => None,
    };
    let shown = id.unwrap_or(&Value::Null);
    let (Some("2.0"), Some(method)) = (request["jsonrpc"].as_str(), request["method"].as_str())
    else {
        let invalid = failure(-32600, "not a JSON-RPC 2.0 request that names a method");
        return Some(error(shown, invalid));
    };
    let done = match &request["params"] {
        Value::Array(params) => dispatch(machine, method, &Params(params)),
        Value::Null => dispatch(machine, method, &Params(&[])),
        _ => Err(failure(-32602, "parameters must be a list")),
    };
    id.map(|id| match done {
        Ok(result) => json!({"jsonrpc": "2.0", "id": id, "result": result}),
        Err(failure) => error(id, failure),
    })
}

pub(super) fn error(id: &Value, failure: Failure) -> Value {
    let mut error = json!({"code": failure.code, "message": failure.message});
    if let Some(data) = failure.data {
        error["data"] = Value::String(data);
    }
    json!({"jsonrpc": "2.0", "id": id, "error": error})
}

pub(super) fn failure(code: i32, message: impl Into<String>) -> Failure {
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
            let message = params.get::<Request>(0)?.message();
            json!(Bytes::from(latest(machine, params, 1)?.call(message)?))
        }
        "eth_estimateGas" => {
            let message = params.get::<Request>(0)?.message();
            number(latest(machine, params, 1)?.estimate(&message)?)
        }
        "eth_sendRawTransaction" => json!(machine.send(params.get::<Bytes>(0)?.to_vec())?),
        "eth_getTransactionReceipt" => {
            let found = machine.transaction(params.get(0)?);
            found.map_or(Value::Null, |(block, mined)| block.receipt_json(mined))
        }
        "eth_getTransactionByHash" => {
            let hash = params.get(0)?;
            match (machine.transaction(hash), machine.waiting(hash)) {
                (Some((block, mined)), _) => block.transaction_json(mined),
                (None, Some((from, envelope))) => waiting_json(envelope, from),
                (None, None) => Value::Null,
            }
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
            let ahead = quantity(&seconds).and_then(|seconds| machine.move_clock(seconds));
            let refused = || failure(-32602, "not a number of seconds within a century");
            number(ahead.ok_or_else(refused)?)
        }
        "evm_setNextBlockTimestamp" => {
            let time: Value = params.get(0)?;
            let set = quantity(&time).and_then(|time| machine.set_next_time(time));
            let refused = || failure(-32602, "not a time between the last block and a century on");
            set.ok_or_else(refused)?;
            Value::Null
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
    let wanted = params.optional::<Value>(at)?;
    let head = machine.head().header.number;
    let number = match &wanted {
        None => head,
        Some(Value::Object(block)) => match (block.get("blockHash"), block.get("blockNumber")) {
            (Some(hash), None) => number_of(machine, hash)?,
            (None, Some(number)) => block_number(machine, number)?,
            _ => return Err(failure(-32602, "not a block")),
        },
        // Some clients send a hash as it is.
        Some(Value::String(hash)) if hash.len() == 66 => {
            number_of(machine, &Value::String(hash.clone()))?
        }
        Some(tag) => block_number(machine, tag)?,
    };
    if number == head {
        Ok(machine)
    } else if number < head {
        let message = format!("state of block {number} is not kept; the last block is {head}");
        Err(failure(-32000, message))
    } else {
        Err(failure(-32000, "unknown block"))
    }
}

fn number_of(machine: &Machine, hash: &Value) -> Result<u64, Failure> {
    let hash = serde_json::from_value(hash.clone())
        .map_err(|error| failure(-32602, format!("not a block's hash: {error}")))?;
    let block = machine.block_by_hash(hash);
    block
        .map(|block| block.header.number)
        .ok_or_else(|| failure(-32000, "unknown block"))
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
    let newest = block_number(machine, &params.get(1)?)?;
    if newest > machine.head().header.number {
        return Err(failure(-32000, "unknown block"));
    }
    let count = quantity(&params.get(0)?)
        .ok_or_else(|| failure(-32602, "not a number of blocks"))?
        .clamp(1, 1024)
        .min(newest + 1) as usize;
    let rewards = params
        .optional::<Vec<f64>>(2)?
        .map_or(0, |percentiles| percentiles.len());
    let oldest = newest + 1 - count as u64;
    let blocks = machine.blocks(oldest, newest).iter();
    let used: Vec<f64> = blocks
        .map(|block| block.header.gas_used as f64 / block.header.gas_limit as f64)
        .collect();
    Ok(json!({
        "oldestBlock": number(oldest),
        "baseFeePerGas": vec!["0x0"; count + 1],
        "gasUsedRatio": used,
        "reward": vec![vec!["0x0"; rewards]; count],
    }))
}

/// A call or transaction as a client describes it.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Request {
    #[serde(default)]
    from: Option<Address>,
    #[serde(default)]
    to: Option<Address>,
    #[serde(default)]
    value: Option<U256>,
    #[serde(default)]
    input: Option<Bytes>,
    /// The older name of `input`; some clients send both.
    #[serde(default)]
    data: Option<Bytes>,
    #[serde(default)]
    gas: Option<U256>,
    #[serde(default)]
    gas_price: Option<U256>,
    #[serde(default)]
    max_fee_per_gas: Option<U256>,
    #[serde(default)]
    access_list: Option<AccessList>,
}

impl Request {
    fn message(self) -> Message {
        Message {
            from: self.from.unwrap_or_default(),
            to: self.to.map_or(TxKind::Create, TxKind::Call),
            value: self.value.unwrap_or_default(),
            input: self.input.or(self.data).unwrap_or_default(),
            gas_limit: self.gas.unwrap_or_default().saturating_to(),
            // Free unless a price is named, so that accounts without coins can ask.
            gas_price: self
                .gas_price
                .or(self.max_fee_per_gas)
                .unwrap_or_default()
                .saturating_to(),
            access_list: self.access_list.unwrap_or_default(),
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
        if found.len() > MAX_LOGS && blocks.len() > 1 {
            return Err(failure(
                -32005,
                format!("more than {MAX_LOGS} logs; ask for fewer blocks"),
            ));
        }
    }
    Ok(Value::Array(found))
}
