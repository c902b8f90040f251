//! The connection to a chain: requests, their errors, and what every other part asks.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use alloy::providers::{Provider, ProviderBuilder, RootProvider};
use alloy::rpc::types::{BlockNumberOrTag, TransactionInput, TransactionRequest};
use alloy::sol_types::{SolCall, SolInterface as _};
use alloy::transports::{RpcError, TransportErrorKind};
use enigma_wire::controller::Amount;
use enigma_wire::eip712::Domain;
use enigma_wire::id::Address;
use enigma_wire::ledger::Head;
use tokio::sync::Mutex;

use crate::abi::{Controller, account, hash};
use crate::{ChainError, reason};

pub(crate) type Rpc = RpcError<TransportErrorKind>;

/// Times a block may change between reading its header and its logs before we give up.
const READ_TRIES: u32 = 3;
/// Pause between them.
const READ_PAUSE: Duration = Duration::from_millis(15);

/// A connection to the chain and, once deployed, its controller. Cloning shares the connection.
#[derive(Clone, Debug)]
pub struct Chain {
    pub(crate) url: String,
    pub(crate) provider: RootProvider,
    pub(crate) chain_id: u64,
    controller: Option<Address>,
    /// One transaction of a wallet at a time, so that nonces are in order.
    pub(crate) turns: Arc<Mutex<BTreeMap<Address, Arc<Mutex<()>>>>>,
}

impl Chain {
    /// Connects to a JSON-RPC endpoint. Without a controller only [`Chain::deploy_controller`] and the
    /// plain account calls are of use.
    ///
    /// # Errors
    /// When the endpoint cannot be reached or holds no contract at the address.
    pub async fn connect(url: &str, controller: Option<Address>) -> Result<Self, ChainError> {
        let endpoint = url
            .parse()
            .map_err(|_| ChainError::Misuse(format!("{url:?} is not a URL")))?;
        let provider = ProviderBuilder::default().connect_http(endpoint);
        let mut chain = Self {
            url: url.to_owned(),
            provider,
            chain_id: 0,
            controller,
            turns: Arc::default(),
        };
        chain.chain_id = chain
            .provider
            .get_chain_id()
            .await
            .map_err(|error| chain.world(&error))?;
        if let Some(controller) = controller {
            let code = chain
                .provider
                .get_code_at(account(controller))
                .await
                .map_err(|error| chain.world(&error))?;
            if code.is_empty() {
                return Err(ChainError::Misuse(format!(
                    "there is no contract at {controller} on the chain at {url}"
                )));
            }
            // What owners and nodes sign is bound to this domain: it must be ours.
            let domain = Domain {
                chain_id: chain.chain_id,
                controller,
            };
            let separator = chain.view(&Controller::domainSeparatorCall {}).await;
            if separator.map(hash) != Ok(domain.separator()) {
                return Err(ChainError::Misuse(format!(
                    "the contract at {controller} is not a controller of this version"
                )));
            }
        }
        Ok(chain)
    }

    /// The chain's id.
    pub fn chain_id(&self) -> u64 {
        self.chain_id
    }

    /// The last block.
    ///
    /// # Errors
    /// When the chain cannot be reached.
    pub async fn head(&self) -> Result<Head, ChainError> {
        self.header(BlockNumberOrTag::Latest)
            .await?
            .ok_or_else(|| ChainError::Unexpected("no latest block".into()))
    }

    /// An account's coins.
    ///
    /// # Errors
    /// When the chain cannot be reached.
    pub async fn balance_of(&self, of: Address) -> Result<Amount, ChainError> {
        let balance = self
            .provider
            .get_balance(account(of))
            .await
            .map_err(|error| self.world(&error))?;
        Ok(balance.saturating_to())
    }

    /// Has a development chain mine a block.
    ///
    /// # Errors
    /// When the chain is not a development chain.
    pub async fn mine_block(&self) -> Result<(), ChainError> {
        let mined: Result<serde_json::Value, Rpc> =
            self.provider.raw_request("evm_mine".into(), ()).await;
        mined.map(drop).map_err(|error| self.world(&error))
    }

    pub(crate) fn controller(&self) -> Result<Address, ChainError> {
        self.controller
            .ok_or_else(|| ChainError::Misuse("no controller was named when connecting".to_owned()))
    }

    async fn header(&self, which: BlockNumberOrTag) -> Result<Option<Head>, ChainError> {
        let block = self
            .provider
            .get_block_by_number(which)
            .await
            .map_err(|error| self.world(&error))?;
        Ok(block.map(|block| Head {
            number: block.header.number,
            time: block.header.timestamp,
            hash: hash(block.header.hash),
        }))
    }

    pub(crate) async fn block(&self, number: u64) -> Result<Head, ChainError> {
        for _ in 0..READ_TRIES {
            if let Some(head) = self.header(BlockNumberOrTag::Number(number)).await? {
                return Ok(head);
            }
            tokio::time::sleep(READ_PAUSE).await;
        }
        Err(ChainError::Unexpected(format!("block {number} is missing")))
    }

    pub(crate) async fn view<C: SolCall>(&self, call: &C) -> Result<C::Return, ChainError> {
        let request = TransactionRequest::default()
            .to(account(self.controller()?))
            .input(TransactionInput::new(call.abi_encode().into()));
        let answer = self
            .provider
            .call(request)
            .await
            .map_err(|error| self.refusal(&error))?;
        C::abi_decode_returns(&answer).map_err(|error| ChainError::Unexpected(error.to_string()))
    }

    pub(crate) fn world(&self, error: &Rpc) -> ChainError {
        match error {
            RpcError::ErrorResp(payload) => ChainError::Refused(payload.message.to_string()),
            other => ChainError::Unreachable {
                url: self.url.clone(),
                why: other.to_string(),
            },
        }
    }

    /// A refused call, with the controller's own reason where there is one.
    pub(crate) fn refusal(&self, error: &Rpc) -> ChainError {
        let data = error
            .as_error_resp()
            .and_then(|payload| payload.as_revert_data());
        let Some(data) = data else {
            return self.world(error);
        };
        match Controller::ControllerErrors::abi_decode(&data) {
            Ok(reason) => reason::reverted(&reason),
            Err(_) => self.world(error),
        }
    }
}
