//! Sends transactions and follows each until it is final, whatever the chain does meanwhile.
//!
//! A transaction that the chain lost is sent again; one that blocks leave out offers a higher price. Both
//! keep the nonce, so at most one of them is ever mined. Only when its nonce was spent on somebody else's
//! transaction, in a block that counts, is it made anew with the next nonce.

use std::time::{Duration, Instant};

use alloy::consensus::TxEip1559;
use alloy::primitives::{B256, Bytes, TxKind, U64, U256};
use alloy::rpc::types::{
    BlockNumberOrTag, TransactionInput, TransactionReceipt, TransactionRequest,
};
use alloy::sol_types::SolCall;
use enigma_wire::controller::{Amount, Event};
use enigma_wire::id::Address;
use rand::RngExt as _;
use serde::Deserialize;

use crate::abi::account;
use crate::refusal::Refusal;
use crate::rpc::Fault;
use crate::{Chain, ChainError, Wallet, events};

/// Times that a nonce may be lost to another program before it is given up.
const NONCE_TRIES: u32 = 20;
/// Longest wait for a chain that has a transaction to answer again.
const SILENCE_PATIENCE: Duration = Duration::from_secs(60);
/// Times that a higher price is offered.
const PRICE_RAISES: u32 = 20;
/// The gas of the cheapest transaction.
const TRANSFER_GAS: u64 = 21_000;
/// Makes the price ceilings of two programs differ, and so their transactions: one that is "already
/// known" is then one's own. Ceilings are not what is paid.
const CEILING_SALT: std::ops::Range<u128> = 0..1 << 16;

/// What is to be done on the chain.
pub(crate) struct Order<'a> {
    pub(crate) by: &'a Wallet,
    pub(crate) to: TxKind,
    pub(crate) input: Bytes,
    pub(crate) value: Amount,
}

/// An order as it was sent, at one price or several.
struct Sent {
    nonce: u64,
    /// The last block before it was sent.
    after: u64,
    gas_limit: u64,
    fees: Fees,
    raises: u32,
    /// The transaction with the last price.
    raw: Bytes,
    /// All of them; at most one is ever mined.
    hashes: Vec<B256>,
}

#[derive(Clone, Copy)]
struct Fees {
    ceiling: u128,
    tip: u128,
}

/// A block as far as it says whose nonces it spends.
#[derive(Debug, Deserialize)]
struct Spenders {
    transactions: Vec<Spender>,
}

#[derive(Debug, Deserialize)]
struct Spender {
    from: alloy::primitives::Address,
    nonce: U64,
    hash: B256,
}

/// An order that is in a block.
pub(crate) struct Mined {
    sent: Sent,
    receipt: TransactionReceipt,
}

impl Chain {
    /// Sends coins.
    ///
    /// # Errors
    /// When the chain refuses the transaction.
    pub async fn transfer(
        &self,
        by: &Wallet,
        to: Address,
        amount: Amount,
    ) -> Result<(), ChainError> {
        let to = TxKind::Call(account(to));
        self.transact(by, to, Bytes::new(), amount).await.map(drop)
    }

    /// Sends a call and gives the events it made, once they are final.
    pub(crate) async fn call(
        &self,
        by: &Wallet,
        call: &impl SolCall,
        value: Amount,
    ) -> Result<Vec<Event>, ChainError> {
        let to = TxKind::Call(account(self.controller()?));
        let input = call.abi_encode().into();
        let receipt = self.transact(by, to, input, value).await?;
        let mut made = Vec::new();
        for log in receipt.inner.logs() {
            made.extend(events::decode(&log.inner).map_err(ChainError::Unexpected)?);
        }
        Ok(made)
    }

    /// Sends calls, each after the one before was accepted, and waits for all to be final.
    pub(crate) async fn call_each<C: SolCall>(
        &self,
        by: &Wallet,
        calls: impl Iterator<Item = C>,
    ) -> Result<(), ChainError> {
        let to = TxKind::Call(account(self.controller()?));
        let mut all = Vec::new();
        for call in calls {
            let order = Order {
                by,
                to,
                input: call.abi_encode().into(),
                value: 0,
            };
            let mined = self.mined(&order).await?;
            if !mined.receipt.status() {
                return Err(self.why_reverted(&order).await);
            }
            all.push((order, mined));
        }
        for (order, mined) in all {
            self.confirmed(&order, mined).await?;
        }
        Ok(())
    }

    /// Sends a transaction and waits until it is final.
    pub(crate) async fn transact(
        &self,
        by: &Wallet,
        to: TxKind,
        input: Bytes,
        value: Amount,
    ) -> Result<TransactionReceipt, ChainError> {
        let order = Order {
            by,
            to,
            input,
            value,
        };
        let mined = self.mined(&order).await?;
        self.confirmed(&order, mined).await
    }

    /// Sends an order and waits until it is in a block. The wallet's other orders wait so long.
    async fn mined(&self, order: &Order<'_>) -> Result<Mined, ChainError> {
        let by = order.by.address();
        let turn = self.turns.lock().await.entry(by).or_default().clone();
        let _turn = turn.lock().await;
        for attempt in 1..=NONCE_TRIES {
            if let Some(sent) = self.send(order).await?
                && let Some(mined) = self.until_mined(order, sent).await?
            {
                return Ok(mined);
            }
            tokio::time::sleep(self.pace().nonce * attempt).await;
        }
        Err(ChainError::Crowded { account: by })
    }

    /// Waits until enough blocks follow, seeing to it that the order stays in the chain.
    async fn confirmed(
        &self,
        order: &Order<'_>,
        mined: Mined,
    ) -> Result<TransactionReceipt, ChainError> {
        let receipt = match self.confirmations() {
            0 => mined.receipt,
            confirmations => self.buried(order, mined, confirmations).await?,
        };
        if receipt.status() {
            Ok(receipt)
        } else {
            Err(self.why_reverted(order).await)
        }
    }

    /// The order's receipt once so many blocks follow it.
    async fn buried(
        &self,
        order: &Order<'_>,
        mut mined: Mined,
        confirmations: u64,
    ) -> Result<TransactionReceipt, ChainError> {
        let pace = self.pace();
        let mut head = None;
        let mut progress = Instant::now();
        let mut heard = progress;
        loop {
            match self.head().await {
                Ok(_) if progress.elapsed() > pace.patience => {
                    return Err(ChainError::NotFinal {
                        transaction: mined.receipt.transaction_hash.to_string(),
                        block: mined.receipt.block_number.unwrap_or_default(),
                        confirmations,
                    });
                }
                Ok(now) if head != Some(now.hash) => {
                    heard = Instant::now();
                    mined = match self.receipt_of(&mined.sent).await {
                        Ok(Some(receipt)) => Mined { receipt, ..mined },
                        // Not to be had: the same block is looked at again.
                        Err(_) => {
                            tokio::time::sleep(pace.block).await;
                            continue;
                        }
                        // A reorganisation dropped it.
                        Ok(None) => match self.until_mined(order, mined.sent).await? {
                            Some(again) => again,
                            None => self.mined(order).await?,
                        },
                    };
                    head = Some(now.hash);
                    progress = Instant::now();
                    let block = mined.receipt.block_number.unwrap_or(u64::MAX);
                    if now.number >= block.saturating_add(confirmations) {
                        return Ok(mined.receipt);
                    }
                }
                Ok(_) => heard = Instant::now(),
                Err(error) if heard.elapsed() > SILENCE_PATIENCE => return Err(error),
                Err(_) => {}
            }
            tokio::time::sleep(pace.block).await;
        }
    }

    /// Signs and sends an order with the next nonce; none when another program was first to use it.
    async fn send(&self, order: &Order<'_>) -> Result<Option<Sent>, ChainError> {
        self.check_same().await?;
        let fees = self.fees().await?;
        let gas_limit = self.gas(order, fees).await?;
        let after: U64 = self.ask("eth_blockNumber", ()).await?;
        let params = (account(order.by.address()), BlockNumberOrTag::Pending);
        let nonce: U64 = self.ask("eth_getTransactionCount", params).await?;
        let mut sent = Sent {
            nonce: nonce.to(),
            after: after.to(),
            gas_limit,
            fees,
            raises: 0,
            raw: Bytes::new(),
            hashes: Vec::new(),
        };
        loop {
            self.sign(order, &mut sent);
            let payload = match self.submit(&sent).await {
                // Whether it arrived in spite of the silence will show.
                Ok(()) | Err(Fault::Silent(_)) => return Ok(Some(sent)),
                Err(Fault::Refused(payload)) => payload,
            };
            match Refusal::of(&payload.message) {
                Refusal::Known => return Ok(Some(sent)),
                Refusal::NonceTaken => {
                    // By itself, if it was sent twice because the first answer was lost.
                    let spender = self.spender(order, &sent, 0).await?;
                    let own = spender.is_some_and(|hash| sent.hashes.contains(&hash));
                    return Ok(own.then_some(sent));
                }
                Refusal::TooCheap if sent.raises < PRICE_RAISES => {
                    sent.fees = self.raised(sent.fees).await?;
                    sent.raises += 1;
                    sent.hashes.clear();
                }
                Refusal::Funds => {
                    let gas = U256::from(sent.gas_limit) * U256::from(sent.fees.ceiling);
                    return Err(self.out_of_funds(order, gas).await?);
                }
                Refusal::TooCheap | Refusal::Other => {
                    // Perhaps it is another chain now.
                    self.check_same().await?;
                    return Err(self.refusal(&Fault::Refused(payload)));
                }
            }
        }
    }

    /// Waits until one of a sent order's transactions is in a block; none when its nonce was spent on
    /// another transaction.
    async fn until_mined(
        &self,
        order: &Order<'_>,
        mut sent: Sent,
    ) -> Result<Option<Mined>, ChainError> {
        let pace = self.pace();
        let start = Instant::now();
        let (mut checked, mut priced, mut heard) = (start, start, start);
        loop {
            let fault = match self.receipt_of(&sent).await {
                Ok(Some(receipt)) => return Ok(Some(Mined { sent, receipt })),
                Ok(None) => {
                    heard = Instant::now();
                    None
                }
                Err(fault) => Some(fault),
            };
            if fault.is_none() && checked.elapsed() >= pace.check {
                checked = Instant::now();
                if self.is_superseded(order, &sent).await.unwrap_or(false) {
                    return Ok(None);
                }
                if priced.elapsed() >= pace.reprice && sent.raises < PRICE_RAISES {
                    priced = Instant::now();
                    sent.raises += 1;
                    if let Ok(fees) = self.raised(sent.fees).await {
                        sent.fees = fees;
                        self.sign(order, &mut sent);
                    }
                }
                // The chain may have lost it; if not, it says that it knows it.
                if let Err(fault) = self.submit(&sent).await {
                    tracing::debug!(?fault, "a transaction that waits was sent again");
                }
            }
            match fault {
                Some(fault) if heard.elapsed() > SILENCE_PATIENCE => {
                    return Err(self.world(&fault));
                }
                None if start.elapsed() > pace.patience => {
                    return Err(ChainError::NotMined(sent.hashes[0].to_string()));
                }
                _ => {}
            }
            tokio::time::sleep(pace.receipt).await;
        }
    }

    fn sign(&self, order: &Order<'_>, sent: &mut Sent) {
        let raw = order.by.sign(TxEip1559 {
            chain_id: self.chain_id(),
            nonce: sent.nonce,
            gas_limit: sent.gas_limit,
            max_fee_per_gas: sent.fees.ceiling,
            max_priority_fee_per_gas: sent.fees.tip,
            to: order.to,
            value: U256::from(order.value),
            access_list: Default::default(),
            input: order.input.clone(),
        });
        sent.hashes.push(alloy::primitives::keccak256(&raw));
        sent.raw = raw.into();
    }

    async fn submit(&self, sent: &Sent) -> Result<(), Fault> {
        let params = (sent.raw.clone(),);
        let hash: B256 = self
            .endpoint()
            .ask("eth_sendRawTransaction", params)
            .await?;
        tracing::debug!(%hash, nonce = sent.nonce, "a transaction was sent");
        Ok(())
    }

    async fn receipt_of(&self, sent: &Sent) -> Result<Option<TransactionReceipt>, Fault> {
        for hash in sent.hashes.iter().rev() {
            let params = (*hash,);
            let receipt: Option<TransactionReceipt> = self
                .endpoint()
                .ask("eth_getTransactionReceipt", params)
                .await?;
            if receipt.is_some() {
                return Ok(receipt);
            }
        }
        Ok(None)
    }

    /// Was the order's nonce spent, in a block that counts, on a transaction that is none of its forms?
    async fn is_superseded(&self, order: &Order<'_>, sent: &Sent) -> Result<bool, ChainError> {
        let spender = self.spender(order, sent, self.confirmations()).await?;
        Ok(spender.is_some_and(|hash| !sent.hashes.contains(&hash)))
    }

    /// The transaction that spent the order's nonce, in a block with so many after it. The blocks
    /// themselves are looked at: that a receipt is missing may mean that it is late.
    async fn spender(
        &self,
        order: &Order<'_>,
        sent: &Sent,
        confirmations: u64,
    ) -> Result<Option<B256>, ChainError> {
        let by = account(order.by.address());
        let params = (by, BlockNumberOrTag::Latest);
        let count: U64 = self.ask("eth_getTransactionCount", params).await?;
        if count.to::<u64>() <= sent.nonce {
            return Ok(None);
        }
        let last = self.head().await?.number.saturating_sub(confirmations);
        let first = sent.after.saturating_sub(self.confirmations());
        for number in (first..=last).rev() {
            let params = (BlockNumberOrTag::Number(number), true);
            let block: Option<Spenders> = self.ask("eth_getBlockByNumber", params).await?;
            let mut transactions = block.into_iter().flat_map(|block| block.transactions);
            let spender = transactions
                .find(|other| other.from == by && other.nonce.to::<u64>() == sent.nonce);
            if let Some(spender) = spender {
                return Ok(Some(spender.hash));
            }
        }
        Ok(None)
    }

    async fn fees(&self) -> Result<Fees, ChainError> {
        let price: U256 = self.ask("eth_gasPrice", ()).await?;
        let tip: U256 = self.ask("eth_maxPriorityFeePerGas", ()).await?;
        let (price, tip): (u128, u128) = (price.saturating_to(), tip.saturating_to());
        let salt = rand::rng().random_range(CEILING_SALT);
        Ok(Fees {
            ceiling: price
                .saturating_mul(2)
                .saturating_add(tip)
                .saturating_add(salt),
            tip,
        })
    }

    /// Fees that replace others by the rules of all clients: an eighth more, and what is asked now.
    async fn raised(&self, fees: Fees) -> Result<Fees, ChainError> {
        let now = self.fees().await?;
        let eighth_more = |fee: u128| fee.saturating_add(fee / 8).saturating_add(1);
        Ok(Fees {
            ceiling: eighth_more(fees.ceiling).max(now.ceiling),
            tip: eighth_more(fees.tip).max(now.tip),
        })
    }

    /// The gas an order may use. One that would be refused is refused here, with its reason and without
    /// a fee.
    async fn gas(&self, order: &Order<'_>, fees: Fees) -> Result<u64, ChainError> {
        let request = (request(order),);
        let gas: Result<U64, Fault> = self.endpoint().ask("eth_estimateGas", request).await;
        match gas {
            Ok(gas) => {
                let gas: u64 = gas.to();
                // State may differ a little when the transaction is mined.
                Ok(gas.saturating_add(gas / 4))
            }
            Err(Fault::Refused(payload)) if Refusal::of(&payload.message) == Refusal::Funds => {
                let least = U256::from(TRANSFER_GAS) * U256::from(fees.ceiling);
                Err(self.out_of_funds(order, least).await?)
            }
            Err(fault) => Err(self.refusal(&fault)),
        }
    }

    async fn out_of_funds(&self, order: &Order<'_>, gas: U256) -> Result<ChainError, ChainError> {
        let account = order.by.address();
        let needed = gas.saturating_add(U256::from(order.value));
        Ok(ChainError::OutOfFunds {
            account,
            needed: needed.saturating_to(),
            available: self.balance_of(account).await?,
        })
    }

    /// Why an order that was mined had no effect: what it would be told now, if it would be refused.
    async fn why_reverted(&self, order: &Order<'_>) -> ChainError {
        let params = (request(order), BlockNumberOrTag::Latest);
        let again: Result<Bytes, Fault> = self.endpoint().ask("eth_call", params).await;
        match again.map_err(|fault| self.refusal(&fault)) {
            Err(reason @ ChainError::Reverted { .. }) => reason,
            _ => ChainError::Reverted {
                name: "unknown".to_owned(),
                meaning: "the state changed before the transaction was mined".to_owned(),
            },
        }
    }
}

fn request(order: &Order<'_>) -> TransactionRequest {
    let mut request = TransactionRequest::default()
        .from(account(order.by.address()))
        .value(U256::from(order.value))
        .input(TransactionInput::new(order.input.clone()));
    request.to = Some(order.to);
    request
}
