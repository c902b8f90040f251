//! Sends transactions and waits until they are mined.

use std::time::{Duration, Instant};

use alloy::consensus::TxEip1559;
use alloy::primitives::{Bytes, TxKind, U256};
use alloy::providers::Provider;
use alloy::rpc::types::{TransactionInput, TransactionReceipt, TransactionRequest};
use alloy::sol_types::SolCall;
use enigma_wire::controller::{Amount, Event};
use enigma_wire::id::Address;

use crate::abi::account;
use crate::{Chain, ChainError, Wallet, events};

/// Pause between looks for a receipt.
const RECEIPT_POLL: Duration = Duration::from_millis(15);
/// Longest wait for a receipt.
const RECEIPT_PATIENCE: Duration = Duration::from_secs(120);

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
        self.transact(by, TxKind::Call(account(to)), Bytes::new(), amount)
            .await
            .map(drop)
    }

    /// Sends a call and gives the events it made.
    pub(crate) async fn call(
        &self,
        by: &Wallet,
        call: &impl SolCall,
        value: Amount,
    ) -> Result<Vec<Event>, ChainError> {
        let to = TxKind::Call(account(self.controller()?));
        let receipt = self
            .transact(by, to, call.abi_encode().into(), value)
            .await?;
        let mut made = Vec::new();
        for log in receipt.inner.logs() {
            made.extend(events::decode(&log.inner).map_err(ChainError::Unexpected)?);
        }
        Ok(made)
    }

    pub(crate) async fn transact(
        &self,
        by: &Wallet,
        to: TxKind,
        input: Bytes,
        value: Amount,
    ) -> Result<TransactionReceipt, ChainError> {
        let turn = self
            .turns
            .lock()
            .await
            .entry(by.address())
            .or_default()
            .clone();
        let _turn = turn.lock().await;
        let from = account(by.address());
        let mut request = TransactionRequest::default()
            .from(from)
            .value(U256::from(value))
            .input(TransactionInput::new(input.clone()));
        request.to = Some(to);
        // A call that would be refused is refused here, with its reason and without a fee.
        let gas = self
            .provider
            .estimate_gas(request)
            .await
            .map_err(|error| self.refusal(&error))?;
        let price = self
            .provider
            .get_gas_price()
            .await
            .map_err(|error| self.world(&error))?;
        let tip = self
            .provider
            .get_max_priority_fee_per_gas()
            .await
            .map_err(|error| self.world(&error))?;
        let nonce = self
            .provider
            .get_transaction_count(from)
            .pending()
            .await
            .map_err(|error| self.world(&error))?;
        let raw = by.sign(TxEip1559 {
            chain_id: self.chain_id,
            nonce,
            // State may differ a little when the transaction is mined.
            gas_limit: gas + gas / 4,
            max_fee_per_gas: price * 2 + tip,
            max_priority_fee_per_gas: tip,
            to,
            value: U256::from(value),
            access_list: Default::default(),
            input,
        });
        let pending = self
            .provider
            .send_raw_transaction(&raw)
            .await
            .map_err(|error| self.refusal(&error))?;
        self.receipt(*pending.tx_hash()).await
    }

    async fn receipt(
        &self,
        transaction: alloy::primitives::B256,
    ) -> Result<TransactionReceipt, ChainError> {
        let start = Instant::now();
        loop {
            let receipt = self.provider.get_transaction_receipt(transaction).await;
            match receipt {
                Ok(Some(receipt)) if receipt.status() => return Ok(receipt),
                Ok(Some(_)) => {
                    return Err(ChainError::Reverted {
                        name: "unknown".to_owned(),
                        meaning: "the state changed before the transaction was mined".to_owned(),
                    });
                }
                Ok(None) if start.elapsed() > RECEIPT_PATIENCE => {
                    return Err(ChainError::NotMined(transaction.to_string()));
                }
                // The transaction was sent: what became of it is asked until there is an answer.
                Err(error) if start.elapsed() > RECEIPT_PATIENCE => return Err(self.world(&error)),
                Ok(None) | Err(_) => tokio::time::sleep(RECEIPT_POLL).await,
            }
        }
    }
}
