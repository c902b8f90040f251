//! The controller's calls and state, typed; one method for each.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::{Duration, Instant};

use alloy::consensus::TxEip1559;
use alloy::primitives::{Bytes, TxKind, U256};
use alloy::providers::{Provider, ProviderBuilder, RootProvider};
use alloy::rpc::types::{
    BlockNumberOrTag, Filter, TransactionInput, TransactionReceipt, TransactionRequest,
};
use alloy::sol_types::{SolCall, SolConstructor as _, SolInterface as _};
use alloy::transports::{RpcError, TransportErrorKind};
use enigma_wire::controller::{
    Amount, BlockEvents, Certificate, CollectionTerms, Consent, Contribution, Event, Failure,
    NodeInfo, PartyBinding, Prices, Revocation,
};
use enigma_wire::eip712::Domain;
use enigma_wire::id::{Address, CollectionId, Hash, JobId};
use enigma_wire::ledger::Head;
use enigma_wire::sign::Signature;
use tokio::sync::Mutex;

use crate::abi::{self, Controller, account, hash, word};
use crate::{ChainError, Follower, Wallet, events, reason};

type Rpc = RpcError<TransportErrorKind>;

/// Pause between looks for a receipt.
const RECEIPT_POLL: Duration = Duration::from_millis(15);
/// Longest wait for a receipt.
const RECEIPT_PATIENCE: Duration = Duration::from_secs(120);
/// Times a block may change between reading its header and its logs before we give up.
const READ_TRIES: u32 = 3;

/// Gas that a batch may need: with the margin added to estimates below 2^24, the most that chains
/// since EIP-7825 allow one transaction.
const BATCH_GAS: u64 = 12_000_000;
/// Gas of one contribution or consent, without receipts, and of one receipt: measured, rounded up. A
/// test holds batches to the limit.
const GAS_OF_ITEM: u64 = 90_000;
const GAS_OF_RECEIPT: u64 = 7_000;

/// A contribution with everything that must come with it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SignedContribution {
    /// What the owner signed.
    pub contribution: Contribution,
    /// The owner's signature.
    pub signature: Signature,
    /// Proof that the owner is on the member list.
    pub member_proof: Vec<Hash>,
    /// One receipt from each committee node, in committee order.
    pub receipts: Vec<Signature>,
}

/// A connection to the chain and, once deployed, its controller. Cloning shares the connection.
#[derive(Clone, Debug)]
pub struct Chain {
    url: String,
    provider: RootProvider,
    chain_id: u64,
    controller: Option<Address>,
    /// One transaction of a wallet at a time, so that nonces are in order.
    turns: Arc<Mutex<BTreeMap<Address, Arc<Mutex<()>>>>>,
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

    /// Blocks from `from` to `to` that hold events of the controller, and `to` itself, with their events
    /// in order.
    ///
    /// # Errors
    /// When the chain cannot be reached or a log is not a controller's.
    pub async fn events(&self, from: u64, to: u64) -> Result<Vec<BlockEvents>, ChainError> {
        let filter = Filter::new()
            .address(account(self.controller()?))
            .from_block(from)
            .to_block(to);
        let mut by_block: BTreeMap<u64, Vec<Event>> = BTreeMap::from([(to, Vec::new())]);
        for log in self
            .provider
            .get_logs(&filter)
            .await
            .map_err(|error| self.world(&error))?
        {
            let number = log
                .block_number
                .ok_or_else(|| ChainError::Unexpected("a log without a block".into()))?;
            if let Some(event) = events::decode(&log.inner).map_err(ChainError::Unexpected)? {
                by_block.entry(number).or_default().push(event);
            }
        }
        let mut blocks = Vec::with_capacity(by_block.len());
        for (number, events) in by_block {
            let head = self.block(number).await?;
            blocks.push(BlockEvents {
                number,
                time: head.time,
                hash: head.hash,
                events,
            });
        }
        Ok(blocks)
    }

    /// Follows the chain from a block on.
    pub fn follow(&self, from_block: u64) -> Follower {
        Follower::new(self.clone(), from_block)
    }

    /// The block in which the controller was deployed: that of its first event.
    ///
    /// # Errors
    /// When the chain cannot be reached or the contract is not a controller.
    pub async fn deployment_block(&self) -> Result<u64, ChainError> {
        let filter = Filter::new()
            .address(account(self.controller()?))
            .event_signature(<Controller::Configured as alloy::sol_types::SolEvent>::SIGNATURE_HASH)
            .from_block(0);
        let logs = self
            .provider
            .get_logs(&filter)
            .await
            .map_err(|error| self.world(&error))?;
        let first = logs.first().and_then(|log| log.block_number);
        first.ok_or_else(|| {
            ChainError::Misuse("the contract at this address is not a controller".to_owned())
        })
    }

    /// Deploys a controller; afterwards connect to its address.
    ///
    /// # Errors
    /// When the chain refuses the transaction.
    pub async fn deploy_controller(
        &self,
        by: &Wallet,
        prices: &Prices,
        min_deposit: Amount,
        unbonding_seconds: u64,
    ) -> Result<Address, ChainError> {
        let arguments = Controller::constructorCall {
            prices_: prices.into(),
            minDeposit_: min_deposit,
            unbondingSeconds_: unbonding_seconds,
        };
        let code = [&artifact_bytecode()?[..], &arguments.abi_encode()].concat();
        let receipt = self.transact(by, TxKind::Create, code.into(), 0).await?;
        let address = receipt.contract_address.map(abi::address);
        address.ok_or_else(|| ChainError::Unexpected("a deployment without an address".into()))
    }

    /// Registers the wallet's node.
    ///
    /// # Errors
    /// The controller's reason.
    pub async fn register_node(
        &self,
        by: &Wallet,
        info: &NodeInfo,
        proof: &Signature,
        deposit: Amount,
    ) -> Result<(), ChainError> {
        let call = Controller::registerNodeCall {
            info: info.into(),
            proof: abi::bytes(proof),
        };
        self.call(by, &call, deposit).await.map(drop)
    }

    /// Retires the wallet's node.
    ///
    /// # Errors
    /// The controller's reason.
    pub async fn retire_node(&self, by: &Wallet) -> Result<(), ChainError> {
        self.call(by, &Controller::retireNodeCall {}, 0)
            .await
            .map(drop)
    }

    /// Credits a retired node's deposit.
    ///
    /// # Errors
    /// The controller's reason.
    pub async fn release_deposit(&self, by: &Wallet) -> Result<(), ChainError> {
        self.call(by, &Controller::releaseDepositCall {}, 0)
            .await
            .map(drop)
    }

    /// Publishes a contract's hashes.
    ///
    /// # Errors
    /// The controller's reason.
    pub async fn publish(
        &self,
        by: &Wallet,
        contract: Hash,
        manifest: Hash,
    ) -> Result<(), ChainError> {
        let call = Controller::publishCall {
            contractHash: word(contract),
            manifestHash: word(manifest),
        };
        self.call(by, &call, 0).await.map(drop)
    }

    /// Creates an instance of a published contract; `parties` are its parties' accounts in the order in
    /// which the contract's source names them, fixed for ever.
    ///
    /// # Errors
    /// The controller's reason.
    pub async fn deploy_instance(
        &self,
        by: &Wallet,
        contract: Hash,
        parties: &[Address],
    ) -> Result<Hash, ChainError> {
        let call = Controller::deployCall {
            contractHash: word(contract),
            parties: parties.iter().map(|party| account(*party)).collect(),
        };
        let events = self.call(by, &call, 0).await?;
        find(&events, |event| match event {
            Event::InstanceDeployed { instance, .. } => Some(*instance),
            _ => None,
        })
    }

    /// Binds a party's key, by the party's signature or (without one) as the party.
    ///
    /// # Errors
    /// The controller's reason.
    pub async fn bind_party(
        &self,
        by: &Wallet,
        binding: &PartyBinding,
        signature: Option<&Signature>,
    ) -> Result<(), ChainError> {
        let call = Controller::bindPartyCall {
            binding: binding.into(),
            signature: signature.map(abi::bytes).unwrap_or_default(),
        };
        self.call(by, &call, 0).await.map(drop)
    }

    /// Opens a collection.
    ///
    /// # Errors
    /// The controller's reason.
    pub async fn open_collection(
        &self,
        by: &Wallet,
        terms: &CollectionTerms,
    ) -> Result<CollectionId, ChainError> {
        let events = self
            .call(
                by,
                &Controller::openCollectionCall {
                    terms: terms.into(),
                },
                0,
            )
            .await?;
        find(&events, |event| match event {
            Event::CollectionOpened { collection, .. } => Some(*collection),
            _ => None,
        })
    }

    /// Draws a collection's committee.
    ///
    /// # Errors
    /// The controller's reason.
    pub async fn draw_committee(
        &self,
        by: &Wallet,
        collection: CollectionId,
    ) -> Result<(), ChainError> {
        self.call(by, &Controller::drawCommitteeCall { id: collection.0 }, 0)
            .await
            .map(drop)
    }

    /// Posts contributions, in as many transactions as chains' limits demand.
    ///
    /// # Errors
    /// The controller's reason; then none of the refused transaction's contributions is recorded, nor
    /// any after them.
    pub async fn contribute(
        &self,
        by: &Wallet,
        items: &[SignedContribution],
    ) -> Result<(), ChainError> {
        let receipts = items.iter().map(|item| item.receipts.len() as u64).max();
        let gas_each = GAS_OF_ITEM + GAS_OF_RECEIPT * receipts.unwrap_or(0);
        for items in items.chunks(at_once(gas_each)) {
            let batch = items.iter().map(|item| abi::SignedContribution {
                contribution: (&item.contribution).into(),
                signature: abi::bytes(&item.signature),
                memberProof: item.member_proof.iter().map(|hash| word(*hash)).collect(),
                receipts: item.receipts.iter().map(abi::bytes).collect(),
            });
            let batch = batch.collect();
            self.call(by, &Controller::contributeCall { batch }, 0)
                .await?;
        }
        Ok(())
    }

    /// Posts consents, in as many transactions as chains' limits demand.
    ///
    /// # Errors
    /// The controller's reason; then none of the refused transaction's consents is recorded, nor any
    /// after them.
    pub async fn grant(
        &self,
        by: &Wallet,
        items: &[(Consent, Signature)],
    ) -> Result<(), ChainError> {
        for items in items.chunks(at_once(GAS_OF_ITEM)) {
            let batch = items.iter().map(|(consent, signature)| abi::SignedConsent {
                consent: consent.into(),
                signature: abi::bytes(signature),
            });
            let batch = batch.collect();
            self.call(by, &Controller::grantCall { batch }, 0).await?;
        }
        Ok(())
    }

    /// Ends a right, by the owner's signature or (without one) as the owner.
    ///
    /// # Errors
    /// The controller's reason.
    pub async fn revoke(
        &self,
        by: &Wallet,
        revocation: &Revocation,
        signature: Option<&Signature>,
    ) -> Result<(), ChainError> {
        let signature = signature.map(abi::bytes).unwrap_or_default();
        let call = Controller::revokeCall {
            revocation: revocation.into(),
            signature,
        };
        self.call(by, &call, 0).await.map(drop)
    }

    /// Seals a collection.
    ///
    /// # Errors
    /// The controller's reason.
    pub async fn seal_collection(
        &self,
        by: &Wallet,
        collection: CollectionId,
    ) -> Result<(), ChainError> {
        self.call(by, &Controller::sealCollectionCall { id: collection.0 }, 0)
            .await
            .map(drop)
    }

    /// Requests a job; `fee` goes into escrow.
    ///
    /// # Errors
    /// The controller's reason.
    pub async fn request_job(
        &self,
        by: &Wallet,
        collection: CollectionId,
        entry: u16,
        deadline: u64,
        fee: Amount,
    ) -> Result<JobId, ChainError> {
        let call = Controller::requestJobCall {
            collectionId: collection.0,
            entry,
            deadline,
        };
        let events = self.call(by, &call, fee).await?;
        find(&events, |event| match event {
            Event::JobRequested { job, .. } => Some(*job),
            _ => None,
        })
    }

    /// Settles a job.
    ///
    /// # Errors
    /// The controller's reason.
    pub async fn settle(
        &self,
        by: &Wallet,
        certificate: &Certificate,
        members: &[u8],
        signatures: &[Signature],
    ) -> Result<(), ChainError> {
        let call = Controller::settleCall {
            certificate: certificate.into(),
            members: members.to_vec(),
            signatures: signatures.iter().map(abi::bytes).collect(),
        };
        self.call(by, &call, 0).await.map(drop)
    }

    /// Fails a job.
    ///
    /// # Errors
    /// The controller's reason.
    pub async fn fail_job(
        &self,
        by: &Wallet,
        failure: &Failure,
        members: &[u8],
        signatures: &[Signature],
    ) -> Result<(), ChainError> {
        let call = Controller::failJobCall {
            failure: failure.into(),
            members: members.to_vec(),
            signatures: signatures.iter().map(abi::bytes).collect(),
        };
        self.call(by, &call, 0).await.map(drop)
    }

    /// Refunds a job whose deadline has passed.
    ///
    /// # Errors
    /// The controller's reason.
    pub async fn expire_job(&self, by: &Wallet, job: JobId) -> Result<(), ChainError> {
        self.call(by, &Controller::expireJobCall { id: job.0 }, 0)
            .await
            .map(drop)
    }

    /// Pays out the wallet's credit and says how much it was.
    ///
    /// # Errors
    /// The controller's reason.
    pub async fn withdraw(&self, by: &Wallet) -> Result<Amount, ChainError> {
        let events = self.call(by, &Controller::withdrawCall {}, 0).await?;
        find(&events, |event| match event {
            Event::Withdrawn { amount, .. } => Some(*amount),
            _ => None,
        })
    }

    /// What an account may withdraw from the controller.
    ///
    /// # Errors
    /// When the chain cannot be reached.
    pub async fn credit_of(&self, of: Address) -> Result<Amount, ChainError> {
        self.view(&Controller::creditOfCall {
            account: account(of),
        })
        .await
    }

    /// The smallest deposit of a node.
    ///
    /// # Errors
    /// When the chain cannot be reached.
    pub async fn min_deposit(&self) -> Result<Amount, ChainError> {
        self.view(&Controller::minDepositCall {}).await
    }

    /// A collection's terms root as it stands: final once the collection is sealed.
    ///
    /// # Errors
    /// When the chain cannot be reached.
    pub async fn terms_root(&self, collection: CollectionId) -> Result<Hash, ChainError> {
        let call = Controller::collectionOfCall { id: collection.0 };
        Ok(hash(self.view(&call).await?.termsRoot))
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

    /// Has a development chain mine a block.
    ///
    /// # Errors
    /// When the chain is not a development chain.
    pub async fn mine_block(&self) -> Result<(), ChainError> {
        let mined: Result<serde_json::Value, Rpc> =
            self.provider.raw_request("evm_mine".into(), ()).await;
        mined.map(drop).map_err(|error| self.world(&error))
    }

    fn controller(&self) -> Result<Address, ChainError> {
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

    async fn block(&self, number: u64) -> Result<Head, ChainError> {
        for _ in 0..READ_TRIES {
            if let Some(head) = self.header(BlockNumberOrTag::Number(number)).await? {
                return Ok(head);
            }
            tokio::time::sleep(RECEIPT_POLL).await;
        }
        Err(ChainError::Unexpected(format!("block {number} is missing")))
    }

    async fn view<C: SolCall>(&self, call: &C) -> Result<C::Return, ChainError> {
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

    /// Sends a call and gives the events it made.
    async fn call(
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

    async fn transact(
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

    fn world(&self, error: &Rpc) -> ChainError {
        match error {
            RpcError::ErrorResp(payload) => ChainError::Refused(payload.message.to_string()),
            other => ChainError::Unreachable {
                url: self.url.clone(),
                why: other.to_string(),
            },
        }
    }

    /// A refused call, with the controller's own reason where there is one.
    fn refusal(&self, error: &Rpc) -> ChainError {
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

/// How many items of so much gas go in one transaction.
fn at_once(gas_each: u64) -> usize {
    (BATCH_GAS / gas_each).max(1) as usize
}

fn find<T>(events: &[Event], wanted: impl Fn(&Event) -> Option<T>) -> Result<T, ChainError> {
    events
        .iter()
        .find_map(wanted)
        .ok_or_else(|| ChainError::Unexpected("the expected event is missing".into()))
}

/// The compiled controller.
fn artifact_bytecode() -> Result<Bytes, ChainError> {
    #[derive(serde::Deserialize)]
    struct Artifact {
        bytecode: Bytes,
    }
    let text = include_str!("../../../contracts/artifacts/Controller.json");
    let artifact: Artifact =
        serde_json::from_str(text).map_err(|error| ChainError::Unexpected(error.to_string()))?;
    Ok(artifact.bytecode)
}
