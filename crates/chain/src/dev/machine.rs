//! The chain: blocks in order, each made durable before anybody hears of it.

use std::collections::BTreeMap;
use std::time::{SystemTime, UNIX_EPOCH};

use alloy::consensus::TxEnvelope;
use alloy::consensus::transaction::Transaction as _;
use alloy::eips::eip2718::{Decodable2718 as _, Encodable2718 as _};
use alloy::primitives::{Address, B256, U256};
use enigma_wire::id::Hash;
use enigma_wire::sign::Signature;
use revm::context::result::ExecutionResult;
use revm::state::EvmState;

use super::block::{Block, GAS_LIMIT, GAS_PRICE, Mined, randomness};
use super::evm::{Message, Moment, State};
use super::journal::{Journal, Kept, Opened};
use super::pool::{Pool, Refused};
use super::{DevConfig, DevError};

/// Most that a guess of the gas needed is raised by before it is given up.
const ESTIMATE_TRIES: u32 = 40;
/// The gas of the cheapest transaction.
const TRANSFER_GAS: u64 = 21_000;
/// Most seconds that the clock may be ahead: a century, far from where time overflows.
const AHEAD_LIMIT: u64 = 100 * 366 * 24 * 3600;

/// The chain's state and history.
pub(super) struct Machine {
    pub(super) chain_id: u64,
    pub(super) state: State,
    blocks: Vec<Block>,
    by_hash: BTreeMap<B256, u64>,
    by_transaction: BTreeMap<B256, u64>,
    journal: Journal,
    waiting: Pool,
    /// Seconds the clock was moved ahead.
    ahead: u64,
    /// The time asked for the next block.
    next_time: Option<u64>,
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
        let Opened {
            journal,
            birth,
            blocks: kept,
        } = Journal::open(config)?;
        let funded = config
            .funded
            .iter()
            .map(|(account, amount)| (Address::new(account.0), *amount));
        let origin = Moment {
            number: 0,
            time: 0,
            randomness: B256::new(birth),
        };
        let mut machine = Self {
            chain_id: config.chain_id,
            state: State::new(config.chain_id, funded),
            blocks: Vec::new(),
            by_hash: BTreeMap::new(),
            by_transaction: BTreeMap::new(),
            journal,
            waiting: Pool::default(),
            ahead: 0,
            next_time: None,
        };
        machine.push(Block::new(B256::ZERO, origin, None), EvmState::default());
        for (index, kept) in kept.into_iter().enumerate() {
            let number = index as u64 + 1;
            machine
                .replay(number, &kept)
                .ok_or(DevError::Damaged { number })?;
        }
        // A clock that was moved ahead goes on from there.
        machine.ahead = machine.head().header.timestamp.saturating_sub(wall_clock());
        Ok(machine)
    }

    fn replay(&mut self, number: u64, kept: &Kept) -> Option<()> {
        let at = self.moment(number, kept.time);
        let (mined, changes) = match &kept.transaction {
            None => (None, EvmState::default()),
            Some(raw) => {
                let (envelope, from) = decode(raw).ok()?;
                let (mined, changes) = self.execute(envelope, from, at).ok()?;
                (Some(mined), changes)
            }
        };
        let block = Block::new(self.head().hash, at, mined);
        (block.hash.0 == kept.hash).then(|| self.push(block, changes))
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

    /// A transaction that waits for its turn, and its sender.
    pub(super) fn waiting(&self, hash: B256) -> Option<(Address, &TxEnvelope)> {
        self.waiting.find(hash)
    }

    /// Mines a raw transaction, and those that waited for it, and gives its hash. One whose nonce is not
    /// next waits, within bounds and until the process ends.
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
        if envelope.nonce() > self.state.nonce(from) {
            self.wait(envelope, from)?;
        } else {
            self.mine(Some((envelope, from)))?;
            self.mine_waiting(from);
        }
        Ok(hash)
    }

    fn wait(&mut self, envelope: TxEnvelope, from: Address) -> Result<(), Refusal> {
        // What could never be mined is refused now, when the sender still listens.
        let message = Message {
            nonce: None,
            ..message(&envelope, from)
        };
        let at = self.next_moment();
        self.state
            .simulate(&message, at)
            .map_err(Refusal::Invalid)?;
        self.waiting.insert(from, envelope).map_err(|refused| {
            Refusal::Invalid(match refused {
                Refused::Known => "already known".to_owned(),
                Refused::NonceTaken => "replacement transaction underpriced".to_owned(),
                Refused::Full => "txpool is full: too many nonces ahead".to_owned(),
            })
        })
    }

    fn mine_waiting(&mut self, from: Address) {
        while let Some(next) = self.waiting.take_next(from, self.state.nonce(from)) {
            let hash = *next.tx_hash();
            if let Err(refusal) = self.mine(Some((next, from))) {
                tracing::warn!(%hash, ?refusal, "a waiting transaction was dropped");
                return;
            }
        }
    }

    /// Mines an empty block.
    pub(super) fn mine_empty(&mut self) -> Result<(), Refusal> {
        self.mine(None)
    }

    fn mine(&mut self, transaction: Option<(TxEnvelope, Address)>) -> Result<(), Refusal> {
        let at = self.next_moment();
        let (raw, mined, changes) = match transaction {
            None => (None, None, EvmState::default()),
            Some((envelope, from)) => {
                let raw = envelope.encoded_2718();
                let (mined, changes) = self.execute(envelope, from, at)?;
                (Some(raw), Some(mined), changes)
            }
        };
        let block = Block::new(self.head().hash, at, mined);
        let kept = Kept {
            time: at.time,
            transaction: raw,
            hash: block.hash.0,
        };
        // State follows the list, so a failed write changes nothing.
        self.journal
            .append(at.number, &kept)
            .map_err(Refusal::Storage)?;
        self.push(block, changes);
        self.next_time = None;
        Ok(())
    }

    fn execute(
        &self,
        envelope: TxEnvelope,
        from: Address,
        at: Moment,
    ) -> Result<(Mined, EvmState), Refusal> {
        let message = message(&envelope, from);
        let (result, changes) = self.state.execute(&message, at).map_err(Refusal::Invalid)?;
        let mined = Mined {
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
        };
        Ok((mined, changes))
    }

    fn push(&mut self, block: Block, changes: EvmState) {
        let number = block.header.number;
        self.state.commit(changes);
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
        let head = &self.head().header;
        let time = self
            .next_time
            .unwrap_or_else(|| wall_clock().saturating_add(self.ahead));
        self.moment(head.number + 1, time.max(head.timestamp))
    }

    /// Moves the clock ahead and gives by how much it is ahead in all; none beyond a century.
    pub(super) fn move_clock(&mut self, seconds: u64) -> Option<u64> {
        let ahead = self.ahead.checked_add(seconds)?;
        (ahead <= AHEAD_LIMIT).then(|| {
            self.ahead = ahead;
            ahead
        })
    }

    /// Gives the next block this time, and lets the clock go on from there; none when it is in the past
    /// or beyond a century.
    pub(super) fn set_next_time(&mut self, time: u64) -> Option<()> {
        let ahead = time.saturating_sub(wall_clock());
        let allowed = time >= self.head().header.timestamp && ahead <= AHEAD_LIMIT;
        allowed.then(|| {
            self.ahead = ahead;
            self.next_time = Some(time);
        })
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
        let wanted = match message.gas_limit {
            0 => GAS_LIMIT,
            limit => limit.min(GAS_LIMIT),
        };
        let affordable = match message.gas_price {
            0 => wanted,
            price => {
                let balance = self.state.balance(message.from);
                let left = balance.saturating_sub(message.value) / U256::from(price);
                left.min(U256::from(wanted)).to::<u64>()
            }
        };
        if affordable < wanted && affordable < TRANSFER_GAS {
            return Err(Refusal::Invalid(format!(
                "insufficient funds for gas * price + value: they pay for {affordable} gas"
            )));
        }
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

fn wall_clock() -> u64 {
    SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .map_or(0, |time| time.as_secs())
}

fn message(envelope: &TxEnvelope, from: Address) -> Message {
    Message {
        from,
        to: envelope.kind(),
        value: envelope.value(),
        input: envelope.input().clone(),
        gas_limit: envelope.gas_limit(),
        gas_price: envelope.effective_gas_price(Some(0)),
        access_list: envelope.access_list().cloned().unwrap_or_default(),
        nonce: Some(envelope.nonce()),
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
