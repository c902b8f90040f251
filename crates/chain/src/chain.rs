//! A connection to a chain: which chain it is, its blocks, and what every other part asks.

use std::collections::BTreeMap;
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use alloy::primitives::{Bytes, U64, U256};
use alloy::rpc::json_rpc::{RpcRecv, RpcSend};
use alloy::rpc::types::{Block, BlockNumberOrTag, TransactionInput, TransactionRequest};
use alloy::sol_types::{SolCall, SolInterface as _};
use enigma_wire::controller::Amount;
use enigma_wire::eip712::Domain;
use enigma_wire::id::{Address, Hash};
use enigma_wire::ledger::Head;
use tokio::sync::Mutex;

use crate::abi::{Controller, account, hash};
use crate::rpc::{Endpoint, Fault};
use crate::{ChainError, reason};

/// Blocks that must follow a block before it counts, on chains that are not development chains.
const CONFIRMATIONS: u64 = 12;

/// A connection to the chain and, once deployed, its controller. Cloning shares the connection.
#[derive(Clone, Debug)]
pub struct Chain {
    endpoint: Arc<Endpoint>,
    chain_id: u64,
    /// The first block's hash; none where the endpoint does not keep it.
    genesis: Option<Hash>,
    controller: Option<Address>,
    /// The controller's first block, once it was asked for and counts.
    pub(crate) deployment: Arc<OnceLock<(u64, Hash)>>,
    development: bool,
    confirmations: u64,
    /// One transaction of a wallet at a time, so that nonces are in order.
    pub(crate) turns: Arc<Mutex<BTreeMap<Address, Arc<Mutex<()>>>>>,
}

/// How often a chain is looked at, and how long something is waited for.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Pace {
    /// Between looks for a new block.
    pub(crate) block: Duration,
    /// Between looks for a receipt.
    pub(crate) receipt: Duration,
    /// After a nonce was lost to another program, times the number of tries.
    pub(crate) nonce: Duration,
    /// Between closer looks at a transaction that is not mined.
    pub(crate) check: Duration,
    /// After which a transaction that blocks left out offers a higher price.
    pub(crate) reprice: Duration,
    /// Longest wait for a transaction, or for the next block after it.
    pub(crate) patience: Duration,
}

const DEVELOPMENT_PACE: Pace = Pace {
    block: Duration::from_millis(60),
    receipt: Duration::from_millis(15),
    nonce: Duration::from_millis(40),
    check: Duration::from_millis(300),
    reprice: Duration::from_secs(3),
    patience: Duration::from_secs(120),
};

const PUBLIC_PACE: Pace = Pace {
    block: Duration::from_secs(1),
    receipt: Duration::from_secs(1),
    nonce: Duration::from_secs(1),
    check: Duration::from_secs(10),
    reprice: Duration::from_secs(60),
    patience: Duration::from_secs(900),
};

impl Chain {
    /// Connects to a JSON-RPC endpoint by its `http://` or `ws://` URL. Without a controller only
    /// [`Chain::deploy_controller`] and the plain account calls are of use.
    ///
    /// Blocks and transactions count once 12 blocks follow them, and at once on development chains; see
    /// [`Chain::with_confirmations`].
    ///
    /// # Errors
    /// When the endpoint cannot be reached or holds no controller at the address.
    pub async fn connect(url: &str, controller: Option<Address>) -> Result<Self, ChainError> {
        let mut chain = Self {
            endpoint: Arc::new(Endpoint::new(url)?),
            chain_id: 0,
            genesis: None,
            controller,
            deployment: Arc::default(),
            development: false,
            confirmations: CONFIRMATIONS,
            turns: Arc::default(),
        };
        chain.chain_id = chain.ask_chain_id().await?;
        let first = chain.header(BlockNumberOrTag::Number(0)).await?;
        chain.genesis = first.map(|head| head.hash);
        // Some endpoints do not say what they are; they are no development chains.
        let version: Result<String, Fault> = chain.endpoint.ask("web3_clientVersion", ()).await;
        if version.is_ok_and(|version| is_development(&version)) {
            chain.development = true;
            chain.confirmations = 0;
        }
        if let Some(controller) = controller {
            chain.check_controller(controller).await?;
        }
        Ok(chain)
    }

    /// The same connection, on which blocks and transactions count once so many blocks follow them. A
    /// reorganisation of at most so many blocks goes unnoticed.
    pub fn with_confirmations(self, confirmations: u64) -> Self {
        Self {
            confirmations,
            ..self
        }
    }

    /// How many blocks must follow one before it counts.
    pub fn confirmations(&self) -> u64 {
        self.confirmations
    }

    /// Is it a chain for trying things out, by its own word: anvil, or the embedded one?
    pub fn is_development(&self) -> bool {
        self.development
    }

    /// How long to wait between looks whether there is a new block.
    pub fn poll_pause(&self) -> Duration {
        self.pace().block
    }

    /// The chain's id.
    pub fn chain_id(&self) -> u64 {
        self.chain_id
    }

    /// The endpoint's URL.
    pub fn url(&self) -> &str {
        self.endpoint.url()
    }

    /// The last block, confirmed or not.
    ///
    /// # Errors
    /// When the chain cannot be reached.
    pub async fn head(&self) -> Result<Head, ChainError> {
        let latest = self.header(BlockNumberOrTag::Latest).await?;
        latest.ok_or_else(|| ChainError::Unexpected("no latest block".into()))
    }

    /// An account's coins.
    ///
    /// # Errors
    /// When the chain cannot be reached.
    pub async fn balance_of(&self, of: Address) -> Result<Amount, ChainError> {
        let params = (account(of), BlockNumberOrTag::Latest);
        let balance: U256 = self.ask("eth_getBalance", params).await?;
        Ok(balance.saturating_to())
    }

    /// Has a development chain mine a block.
    ///
    /// # Errors
    /// When the chain is not a development chain.
    pub async fn mine_block(&self) -> Result<(), ChainError> {
        let mined: serde_json::Value = self.ask("evm_mine", ()).await?;
        drop(mined);
        Ok(())
    }

    /// Is the chain that answers now the one that was connected to?
    ///
    /// # Errors
    /// [`ChainError::WrongChain`] or [`ChainError::Replaced`] when it is not.
    pub(crate) async fn check_origin(&self) -> Result<(), ChainError> {
        let found = self.ask_chain_id().await?;
        if found != self.chain_id {
            return Err(ChainError::WrongChain {
                url: self.url().to_owned(),
                expected: self.chain_id,
                found,
            });
        }
        let first = self.genesis.map(|hash| (0, hash));
        for (number, known) in first.iter().chain(self.deployment.get()) {
            let now = self.header(BlockNumberOrTag::Number(*number)).await?;
            if now.is_some_and(|now| now.hash != *known) {
                return Err(self.replaced());
            }
        }
        Ok(())
    }

    /// Is the chain still the one that was connected to, with the controller on it? Asked before coins
    /// or calls are sent: on another chain the address may be anybody's, or nobody's.
    pub(crate) async fn check_same(&self) -> Result<(), ChainError> {
        self.check_origin().await?;
        match self.controller {
            Some(controller) => match self.check_controller(controller).await {
                Err(ChainError::NoContract { .. } | ChainError::NotController { .. }) => {
                    Err(self.replaced())
                }
                other => other,
            },
            None => Ok(()),
        }
    }

    pub(crate) fn replaced(&self) -> ChainError {
        ChainError::Replaced {
            url: self.url().to_owned(),
        }
    }

    async fn check_controller(&self, controller: Address) -> Result<(), ChainError> {
        let call = Controller::domainSeparatorCall {};
        let request = TransactionRequest::default()
            .to(account(controller))
            .input(TransactionInput::new(call.abi_encode().into()));
        let answer: Bytes = match self.endpoint.ask("eth_call", (request, "latest")).await {
            Ok(answer) => answer,
            Err(Fault::Refused(_)) => return Err(ChainError::NotController { controller }),
            Err(fault) => return Err(self.world(&fault)),
        };
        // What owners and nodes sign is bound to this domain: it must be ours.
        let domain = Domain {
            chain_id: self.chain_id,
            controller,
        };
        let separator = Controller::domainSeparatorCall::abi_decode_returns(&answer);
        if separator.is_ok_and(|found| hash(found) == domain.separator()) {
            return Ok(());
        }
        let code: Bytes = self
            .ask("eth_getCode", (account(controller), "latest"))
            .await?;
        Err(if code.is_empty() {
            ChainError::NoContract {
                url: self.url().to_owned(),
                controller,
            }
        } else {
            ChainError::NotController { controller }
        })
    }

    async fn ask_chain_id(&self) -> Result<u64, ChainError> {
        let id: U64 = self.ask("eth_chainId", ()).await?;
        Ok(id.to())
    }

    pub(crate) fn pace(&self) -> Pace {
        if self.development {
            DEVELOPMENT_PACE
        } else {
            PUBLIC_PACE
        }
    }

    pub(crate) fn endpoint(&self) -> &Endpoint {
        &self.endpoint
    }

    pub(crate) fn controller(&self) -> Result<Address, ChainError> {
        self.controller
            .ok_or_else(|| ChainError::Misuse("no controller was named when connecting".to_owned()))
    }

    /// A request whose refusal has no reason of the controller's.
    pub(crate) async fn ask<R: RpcRecv>(
        &self,
        method: &'static str,
        params: impl RpcSend,
    ) -> Result<R, ChainError> {
        let answer = self.endpoint.ask(method, params).await;
        answer.map_err(|fault| self.world(&fault))
    }

    pub(crate) async fn header(&self, which: BlockNumberOrTag) -> Result<Option<Head>, ChainError> {
        let block: Option<Block> = self.ask("eth_getBlockByNumber", (which, false)).await?;
        Ok(block.map(|block| Head {
            number: block.header.number,
            time: block.header.timestamp,
            hash: hash(block.header.hash),
        }))
    }

    pub(crate) async fn view<C: SolCall>(&self, call: &C) -> Result<C::Return, ChainError> {
        let request = TransactionRequest::default()
            .to(account(self.controller()?))
            .input(TransactionInput::new(call.abi_encode().into()));
        let answer: Result<Bytes, Fault> = self.endpoint.ask("eth_call", (request, "latest")).await;
        let answer = answer.map_err(|fault| self.refusal(&fault))?;
        C::abi_decode_returns(&answer).map_err(|error| ChainError::Unexpected(error.to_string()))
    }

    pub(crate) fn world(&self, fault: &Fault) -> ChainError {
        match fault {
            Fault::Refused(payload) => ChainError::Refused(payload.message.to_string()),
            Fault::Silent(why) => ChainError::Unreachable {
                url: self.url().to_owned(),
                why: why.clone(),
            },
        }
    }

    /// A refused call, with the controller's own reason where there is one.
    pub(crate) fn refusal(&self, fault: &Fault) -> ChainError {
        let data = match fault {
            Fault::Refused(payload) => payload.as_revert_data(),
            Fault::Silent(_) => None,
        };
        let reason = data.and_then(|data| Controller::ControllerErrors::abi_decode(&data).ok());
        reason.map_or_else(|| self.world(fault), |reason| reason::reverted(&reason))
    }
}

/// By the client's word about itself: the name before the slash.
fn is_development(version: &str) -> bool {
    let name = version.split('/').next().unwrap_or_default();
    matches!(name.to_ascii_lowercase().as_str(), "anvil" | "enigma-dev")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn development_chains_are_known_by_name() {
        assert!(is_development("anvil/v1.7.1"));
        assert!(is_development("enigma-dev/0.1.0"));
        for other in ["", "Geth/v1.16.0/linux", "enigma-development", "x/anvil/1"] {
            assert!(!is_development(other), "{other}");
        }
    }
}
