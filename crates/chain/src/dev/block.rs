//! Blocks and receipts, as memory holds them and as JSON-RPC shows them.

use alloy::consensus::{Header, Transaction as _, TxEnvelope};
use alloy::primitives::{Address, B256, Bloom, LogData, keccak256};
use serde_json::{Value, json};

use super::evm::Moment;

/// Most gas of a block.
pub(super) const GAS_LIMIT: u64 = 120_000_000;
/// What gas costs; there is no base fee.
pub(super) const GAS_PRICE: u128 = 1;

/// A mined block with at most one transaction.
#[derive(Clone, Debug)]
pub(super) struct Block {
    pub(super) header: Header,
    pub(super) hash: B256,
    pub(super) mined: Option<Mined>,
}

/// A transaction and what it did.
#[derive(Clone, Debug)]
pub(super) struct Mined {
    pub(super) envelope: TxEnvelope,
    pub(super) hash: B256,
    pub(super) from: Address,
    pub(super) success: bool,
    pub(super) gas_used: u64,
    pub(super) created: Option<Address>,
    pub(super) logs: Vec<alloy::primitives::Log<LogData>>,
}

/// A block's randomness: of no use to anybody who could choose it, for there is one miner.
pub(super) fn randomness(parent: B256, number: u64) -> B256 {
    keccak256([&parent[..], &number.to_be_bytes()[..]].concat())
}

impl Block {
    pub(super) fn new(parent: B256, at: Moment, mined: Option<Mined>) -> Self {
        let header = Header {
            parent_hash: parent,
            number: at.number,
            timestamp: at.time,
            gas_limit: GAS_LIMIT,
            gas_used: mined.as_ref().map_or(0, |mined| mined.gas_used),
            logs_bloom: mined.as_ref().map_or(Bloom::ZERO, Mined::bloom),
            base_fee_per_gas: Some(0),
            mix_hash: at.randomness,
            // Binds the block's content to its hash, in place of the root of a trie.
            transactions_root: mined.as_ref().map(|mined| mined.hash).unwrap_or_default(),
            ..Header::default()
        };
        Self {
            hash: header.hash_slow(),
            header,
            mined,
        }
    }

    pub(super) fn json(&self, full: bool) -> Value {
        let mut value = json!(self.header);
        let transactions: Vec<Value> = self
            .mined
            .iter()
            .map(|mined| {
                if full {
                    self.transaction_json(mined)
                } else {
                    json!(mined.hash)
                }
            })
            .collect();
        value["hash"] = json!(self.hash);
        value["size"] = json!("0x0");
        value["totalDifficulty"] = json!("0x0");
        value["uncles"] = json!([]);
        value["transactions"] = Value::Array(transactions);
        value
    }

    pub(super) fn transaction_json(&self, mined: &Mined) -> Value {
        let mut value = json!(mined.envelope);
        value["hash"] = json!(mined.hash);
        value["from"] = json!(mined.from);
        value["blockHash"] = json!(self.hash);
        value["blockNumber"] = number(self.header.number);
        value["transactionIndex"] = number(0u8);
        value["gasPrice"] = number(mined.price());
        value
    }

    pub(super) fn receipt_json(&self, mined: &Mined) -> Value {
        json!({
            "transactionHash": mined.hash,
            "transactionIndex": number(0u8),
            "blockHash": self.hash,
            "blockNumber": number(self.header.number),
            "from": mined.from,
            "to": mined.envelope.to(),
            "contractAddress": mined.created,
            "gasUsed": number(mined.gas_used),
            "cumulativeGasUsed": number(mined.gas_used),
            "effectiveGasPrice": number(mined.price()),
            "type": number(mined.envelope.tx_type() as u8),
            "status": number(u8::from(mined.success)),
            "logsBloom": self.header.logs_bloom,
            "logs": self.logs_json(mined).collect::<Vec<_>>(),
        })
    }

    pub(super) fn logs_json<'a>(&'a self, mined: &'a Mined) -> impl Iterator<Item = Value> + 'a {
        mined.logs.iter().enumerate().map(move |(index, log)| {
            json!({
                "address": log.address,
                "topics": log.topics(),
                "data": log.data.data,
                "blockHash": self.hash,
                "blockNumber": number(self.header.number),
                "blockTimestamp": number(self.header.timestamp),
                "transactionHash": mined.hash,
                "transactionIndex": number(0u8),
                "logIndex": number(index as u64),
                "removed": false,
            })
        })
    }
}

/// A transaction that waits for its turn.
pub(super) fn waiting_json(envelope: &TxEnvelope, from: Address) -> Value {
    let mut value = json!(envelope);
    value["hash"] = json!(envelope.tx_hash());
    value["from"] = json!(from);
    value["gasPrice"] = number(envelope.effective_gas_price(Some(0)));
    for field in ["blockHash", "blockNumber", "transactionIndex"] {
        value[field] = Value::Null;
    }
    value
}

impl Mined {
    fn bloom(&self) -> Bloom {
        self.logs.iter().collect()
    }

    fn price(&self) -> u128 {
        self.envelope.effective_gas_price(Some(0))
    }
}

/// A quantity as JSON-RPC writes it.
pub(super) fn number(value: impl Into<u128>) -> Value {
    Value::String(format!("{:#x}", value.into()))
}
