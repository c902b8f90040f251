//! Executes transactions and calls on the state. The one file that knows revm.

use alloy::eips::eip2930::AccessList;
use revm::context::result::{EVMError, ExecutionResult, InvalidTransaction, ResultAndState};
use revm::context::{BlockEnv, Context, TxEnv};
use revm::database::{CacheDB, EmptyDB};
use revm::primitives::hardfork::SpecId;
use revm::primitives::{Address, B256, Bytes, TxKind, U256};
use revm::state::{AccountInfo, EvmState};
use revm::{
    DatabaseCommit as _, DatabaseRef as _, ExecuteEvm as _, MainBuilder as _, MainContext as _,
};

use super::block::GAS_LIMIT;

/// All accounts.
pub(super) struct State {
    database: CacheDB<EmptyDB>,
    chain_id: u64,
}

/// Where in the chain something is executed.
#[derive(Clone, Copy, Debug)]
pub(super) struct Moment {
    pub(super) number: u64,
    pub(super) time: u64,
    pub(super) randomness: B256,
}

/// A message to execute.
#[derive(Clone, Debug, Default)]
pub(super) struct Message {
    pub(super) from: Address,
    pub(super) to: TxKind,
    pub(super) value: U256,
    pub(super) input: Bytes,
    pub(super) gas_limit: u64,
    pub(super) gas_price: u128,
    /// Accounts and slots that the sender pays for up front.
    pub(super) access_list: AccessList,
    /// Checked against the account's when given.
    pub(super) nonce: Option<u64>,
}

impl State {
    /// The state before the first block.
    pub(super) fn new(chain_id: u64, funded: impl IntoIterator<Item = (Address, u128)>) -> Self {
        let mut database = CacheDB::new(EmptyDB::new());
        for (account, amount) in funded {
            database.insert_account_info(
                account,
                AccountInfo {
                    balance: U256::from(amount),
                    ..Default::default()
                },
            );
        }
        Self { database, chain_id }
    }

    /// Executes a message. What it changed is handed out, to be kept by [`State::commit`] once the block
    /// is durable.
    pub(super) fn execute(
        &self,
        message: &Message,
        at: Moment,
    ) -> Result<(ExecutionResult, EvmState), String> {
        let outcome = self.run(message, at)?;
        Ok((outcome.result, outcome.state))
    }

    /// Keeps what a message changed.
    pub(super) fn commit(&mut self, changes: EvmState) {
        self.database.commit(changes);
    }

    /// Executes a message and forgets what it changed.
    pub(super) fn simulate(
        &self,
        message: &Message,
        at: Moment,
    ) -> Result<ExecutionResult, String> {
        Ok(self.run(message, at)?.result)
    }

    fn run(&self, message: &Message, at: Moment) -> Result<ResultAndState, String> {
        let block = BlockEnv {
            number: U256::from(at.number),
            timestamp: U256::from(at.time),
            gas_limit: GAS_LIMIT,
            basefee: 0,
            prevrandao: Some(at.randomness),
            ..Default::default()
        };
        let transaction = TxEnv {
            // Only type 1 is charged for its list; without one, types 0 to 2 cost the same.
            tx_type: u8::from(!message.access_list.is_empty()),
            access_list: message.access_list.clone(),
            caller: message.from,
            kind: message.to,
            value: message.value,
            data: message.input.clone(),
            gas_limit: message.gas_limit,
            gas_price: message.gas_price,
            nonce: message.nonce.unwrap_or_default(),
            chain_id: Some(self.chain_id),
            ..Default::default()
        };
        let mut evm = Context::mainnet()
            .with_db(revm::database::WrapDatabaseRef(&self.database))
            .with_block(block)
            .modify_cfg_chained(|cfg| {
                cfg.set_spec_and_mainnet_gas_params(SpecId::CANCUN);
                cfg.chain_id = self.chain_id;
                cfg.disable_nonce_check = message.nonce.is_none();
            })
            .build_mainnet();
        evm.transact(transaction).map_err(|error| plain(&error))
    }

    /// Later blocks may ask for this block's hash.
    pub(super) fn note_block(&mut self, number: u64, hash: B256) {
        self.database
            .cache
            .block_hashes
            .insert(U256::from(number), hash);
    }

    pub(super) fn balance(&self, account: Address) -> U256 {
        self.account(account).balance
    }

    pub(super) fn nonce(&self, account: Address) -> u64 {
        self.account(account).nonce
    }

    pub(super) fn code(&self, account: Address) -> Bytes {
        let info = self.account(account);
        let code = info
            .code
            .or_else(|| self.database.code_by_hash_ref(info.code_hash).ok());
        code.map(|code| code.original_bytes()).unwrap_or_default()
    }

    pub(super) fn storage(&self, account: Address, slot: U256) -> U256 {
        self.database.storage_ref(account, slot).unwrap_or_default()
    }

    fn account(&self, account: Address) -> AccountInfo {
        self.database
            .basic_ref(account)
            .ok()
            .flatten()
            .unwrap_or_default()
    }
}

/// Refusals in the words that clients of other chains know.
fn plain<E: std::fmt::Display>(error: &EVMError<E, InvalidTransaction>) -> String {
    match error {
        EVMError::Transaction(InvalidTransaction::NonceTooLow { tx, state }) => {
            format!("nonce too low: next nonce {state}, tx nonce {tx}")
        }
        EVMError::Transaction(InvalidTransaction::NonceTooHigh { tx, state }) => {
            format!("nonce too high: next nonce {state}, tx nonce {tx}")
        }
        EVMError::Transaction(InvalidTransaction::LackOfFundForMaxFee { fee, balance }) => {
            format!("insufficient funds for gas * price + value: balance {balance}, needed {fee}")
        }
        EVMError::Transaction(InvalidTransaction::CallGasCostMoreThanGasLimit {
            initial_gas,
            gas_limit,
        }) => {
            format!("intrinsic gas too low: have {gas_limit}, want {initial_gas}")
        }
        other => other.to_string(),
    }
}
