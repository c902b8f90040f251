//! The chain: blocks in order, each made durable before anybody hears of it.

use std::collections::BTreeMap;
use std::time::{SystemTime, UNIX_EPOCH};

use alloy::consensus::TxEnvelope;
use alloy::consensus::transaction::Transaction as _;
use alloy::eips::eip2718::Decodable2718 as _;
use alloy::primitives::{Address, B256, U256};
use enigma_wire::id::Hash;
use enigma_wire::sign::Signature;
use revm::context::result::ExecutionResult;

use super::block::{Block, GAS_LIMIT, GAS_PRICE, Mined, randomness};
use super::evm::{Message, Moment, State};
use super::journal::{Journal, Kept};
use super::{DevConfig, DevError};

/// Most that a guess of the gas needed is raised by before it is given up.
const ESTIMATE_TRIES: u32 = 40;

/// The chain's state and history.
pub(super) struct Machine {
    pub(super) chain_id: u64,
    pub(super) state: State,
    blocks: Vec<Block>,
    by_hash: BTreeMap<B256, u64>,
    by_transaction: BTreeMap<B256, u64>,
    journal: Journal,
    /// Seconds the clock was moved ahead.
    pub(super) ahead: u64,
}

/// Why a transaction or call is refused.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Refusal {
    /// With the error code of the invalid-input family.
    Invalid(String),
    /// The contract reverted with these bytes.
    Reverted(Vec<u8>),
    /// The disk failed.
    Storage(String),
}

impl Machine {
    /// Opens a chain and executes its blocks again.
    pub(super) fn open(config: &DevConfig) -> Result<Self, DevError> {
        let (journal, kept) = Journal::open(config)?;
        let funded = config
            .funded
            .iter()
            .map(|(account, amount)| (Address::new(account.0), *amount));
        let origin = Moment {
            number: 0,
            time: 0,
            randomness: B256::ZERO,
        };
        let mut machine = Self {
            chain_id: config.chain_id,
            state: State::new(config.chain_id, funded),
            blocks: Vec::new(),
            by_hash: BTreeMap::new(),
            by_transaction: BTreeMap::new(),
            journal,
            ahead: 0,
        };
        machine.push(Block::new(B256::ZERO, origin, None));
        for (index, kept) in kept.into_iter().enumerate() {
            let number = index as u64 + 1;
            machine
                .replay(number, &kept)
                .ok_or(DevError::Damaged { number })?;
        }
        Ok(machine)
    }

    fn replay(&mut self, number: u64, kept: &Kept) -> Option<()> {
        let at = self.moment(number, kept.time);
        let mined = match &kept.transaction {
            None => None,
            Some(raw) => {
                let (envelope, from) = decode(raw).ok()?;
                Some(self.execute(envelope, from, at).ok()?)
            }
        };
        let block = Block::new(self.head().hash, at, mined);
        (block.hash.0 == kept.hash).then(|| self.push(block))
    }

    pub(super) fn head(&self) -> &Block {
        &self.blocks[self.blocks.len() - 1]
    }

    pub(super) fn block(&self, number: u64) -> Option<&Block> {
        self.blocks.get(usize::try_from(number).ok()?)
    }

    pub(super) fn block_by_hash(&self, hash: B256) -> Option<&Block> {
        self.block(*self.by_hash.get(&hash)?)
    }

    pub(super) fn transaction(&self, hash: B256) -> Option<(&Block, &Mined)> {
        let block = self.block(*self.by_transaction.get(&hash)?)?;
        Some((block, block.mined.as_ref()?))
    }

    pub(super) fn blocks(&self, from: u64, to: u64) -> &[Block] {
        let end = self
            .blocks
            .len()
            .min(usize::try_from(to).unwrap_or(usize::MAX).saturating_add(1));
        let start = usize::try_from(from).unwrap_or(usize::MAX).min(end);
        &self.blocks[start..end]
    }

    /// Mines a raw transaction and gives its hash.
    pub(super) fn send(&mut self, raw: Vec<u8>) -> Result<B256, Refusal> {
        let (envelope, from) = decode(&raw)?;
        if envelope.chain_id() != Some(self.chain_id) {
            return Err(Refusal::Invalid(format!(
                "invalid chain id: this is chain {}",
                self.chain_id
            )));
        }
        let hash = *envelope.tx_hash();
        if self.by_transaction.contains_key(&hash) {
            return Err(Refusal::Invalid("already known".to_owned()));
        }
        self.mine(Some((raw, envelope, from)))?;
        Ok(hash)
    }

    /// Mines an empty block.
    pub(super) fn mine_empty(&mut self) -> Result<(), Refusal> {
        self.mine(None)
    }

    fn mine(&mut self, transaction: Option<(Vec<u8>, TxEnvelope, Address)>) -> Result<(), Refusal> {
        let at = self.next_moment();
        let (raw, mined) = match transaction {
            None => (None, None),
            Some((raw, envelope, from)) => (Some(raw), Some(self.execute(envelope, from, at)?)),
        };
        let block = Block::new(self.head().hash, at, mined);
        let kept = Kept {
            time: at.time,
            transaction: raw,
            hash: block.hash.0,
        };
        // A failed write leaves the state ahead of the list: the process must not go on, and does not,
        // because every later write fails the same check.
        self.journal
            .append(at.number, &kept)
            .map_err(Refusal::Storage)?;
        self.push(block);
        Ok(())
    }

    fn execute(
        &mut self,
        envelope: TxEnvelope,
        from: Address,
        at: Moment,
    ) -> Result<Mined, Refusal> {
        let message = Message {
            from,
            to: envelope.kind(),
            value: envelope.value(),
            input: envelope.input().clone(),
            gas_limit: envelope.gas_limit(),
            gas_price: envelope.effective_gas_price(Some(0)),
            nonce: Some(envelope.nonce()),
        };
        let result = self.state.execute(&message, at).map_err(Refusal::Invalid)?;
        Ok(Mined {
            hash: *envelope.tx_hash(),
            from,
            success: result.is_success(),
            gas_used: result.tx_gas_used(),
            created: result.created_address(),
            logs: if result.is_success() {
                result.into_logs()
            } else {
                Vec::new()
            },
            envelope,
        })
    }

    fn push(&mut self, block: Block) {
        let number = block.header.number;
        self.state.note_block(number, block.hash);
        self.by_hash.insert(block.hash, number);
        if let Some(mined) = &block.mined {
            self.by_transaction.insert(mined.hash, number);
        }
        self.blocks.push(block);
    }

    fn moment(&self, number: u64, time: u64) -> Moment {
        Moment {
            number,
            time,
            randomness: randomness(self.head().hash, number),
        }
    }

    /// The next block's number and time; several blocks may share a second.
    pub(super) fn next_moment(&self) -> Moment {
        let clock = SystemTime::now()
            .duration_since(UNIX_EPOCH)
            .map_or(0, |time| time.as_secs());
        let head = &self.head().header;
        self.moment(head.number + 1, (clock + self.ahead).max(head.timestamp))
    }

    /// A call's answer.
    pub(super) fn call(&self, mut message: Message) -> Result<Vec<u8>, Refusal> {
        message.gas_limit = if message.gas_limit == 0 {
            GAS_LIMIT
        } else {
            message.gas_limit.min(GAS_LIMIT)
        };
        match self
            .state
            .simulate(&message, self.next_moment())
            .map_err(Refusal::Invalid)?
        {
            ExecutionResult::Success { output, .. } => Ok(output.into_data().to_vec()),
            ExecutionResult::Revert { output, .. } => Err(Refusal::Reverted(output.to_vec())),
            ExecutionResult::Halt { reason, .. } => {
                Err(Refusal::Invalid(format!("execution halted: {reason:?}")))
            }
        }
    }

    /// Gas with which a message succeeds, at most some percent too much.
    pub(super) fn estimate(&self, message: &Message) -> Result<u64, Refusal> {
        let at = self.next_moment();
        let try_with = |gas_limit| {
            let message = Message {
                gas_limit,
                ..message.clone()
            };
            self.state.simulate(&message, at)
        };
        let affordable = match message.gas_price {
            0 => GAS_LIMIT,
            price => {
                let left = self
                    .state
                    .balance(message.from)
                    .saturating_sub(message.value)
                    / U256::from(price);
                left.min(U256::from(GAS_LIMIT)).to::<u64>()
            }
        };
        let first = match try_with(affordable).map_err(Refusal::Invalid)? {
            ExecutionResult::Success { gas, .. } => gas.total_gas_spent().max(gas.tx_gas_used()),
            ExecutionResult::Revert { output, .. } => {
                return Err(Refusal::Reverted(output.to_vec()));
            }
            ExecutionResult::Halt { reason, .. } => {
                return Err(Refusal::Invalid(format!("execution halted: {reason:?}")));
            }
        };
        // Calls pass on at most 63/64 of the gas, so what was spent may not be enough to start with.
        let mut guess = first;
        for _ in 0..ESTIMATE_TRIES {
            if guess >= affordable || try_with(guess).is_ok_and(|result| result.is_success()) {
                return Ok(guess.min(affordable));
            }
            guess += guess / 32 + 1;
        }
        Ok(affordable)
    }

    /// What gas costs.
    pub(super) fn gas_price(&self) -> u128 {
        GAS_PRICE
    }
}

fn decode(raw: &[u8]) -> Result<(TxEnvelope, Address), Refusal> {
    let mut rest = raw;
    let envelope = TxEnvelope::decode_2718(&mut rest)
        .map_err(|error| Refusal::Invalid(format!("the transaction does not decode: {error}")))?;
    if !rest.is_empty() {
        return Err(Refusal::Invalid("bytes follow the transaction".to_owned()));
    }
    if envelope.blob_versioned_hashes().is_some() || envelope.authorization_list().is_some() {
        return Err(Refusal::Invalid(
            "blob and delegation transactions are not supported".to_owned(),
        ));
    }
    let signature = Signature(envelope.signature().as_bytes());
    let signer = signature.signer(&Hash(envelope.signature_hash().0));
    let from = signer.ok_or_else(|| Refusal::Invalid("invalid signature".to_owned()))?;
    Ok((envelope, Address::new(from.0)))
}
