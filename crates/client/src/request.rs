//! A client's view of the network: the ledger as the chain tells it, the nodes' APIs, quotes.

use std::time::{Duration, Instant};

use enigma_bytecode::model::Contract;
use enigma_bytecode::plan::{self, Cost};
use enigma_chain::{Chain, Follower};
use enigma_field::Committee;
use enigma_wire::api::{JobStatus, NodeStatus};
use enigma_wire::controller::Amount;
use enigma_wire::eip712::Domain;
use enigma_wire::id::{Address, CollectionId, Hash, JobId, NodeId};
use enigma_wire::ledger::Ledger;
use enigma_wire::pricing;
use enigma_wire::sign::SecretKey;

use crate::ClientError;
use crate::http::NodeApi;

/// Longest wait for one TCP connection to a node.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);

/// The network as a client sees it.
#[derive(Debug)]
pub struct Network {
    chain: Chain,
    domain: Domain,
    ledger: Ledger,
    follower: Follower,
    http: reqwest::Client,
}

/// What a job will cost.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Quote {
    /// The work, exactly as it will be certified.
    pub cost: Cost,
    /// The fee to put in escrow.
    pub price: Amount,
}

impl Network {
    /// Connects to a controller and reads its whole log.
    ///
    /// # Errors
    /// When the chain cannot be reached or holds no such controller.
    pub async fn connect(url: &str, controller: Address) -> Result<Self, ClientError> {
        let chain = Chain::connect(url, Some(controller)).await?;
        let domain = Domain {
            chain_id: chain.chain_id(),
            controller,
        };
        let follower = chain.follow(chain.deployment_block().await?);
        let http = reqwest::Client::builder()
            .connect_timeout(CONNECT_TIMEOUT)
            // A node has no business sending its clients elsewhere.
            .redirect(reqwest::redirect::Policy::none())
            .build()
            .map_err(|error| ClientError::Misuse(format!("cannot set up HTTP: {error}")))?;
        let mut network = Self {
            chain,
            domain,
            ledger: Ledger::default(),
            follower,
            http,
        };
        network.refresh().await?;
        Ok(network)
    }

    /// Reads what is new on the chain and has enough blocks after it to stay.
    ///
    /// # Errors
    /// When the chain cannot be reached, is another than before, or its log is not a controller's.
    pub async fn refresh(&mut self) -> Result<(), ClientError> {
        while let Some((block, last)) = self.follower.poll().await? {
            self.ledger
                .apply_block(&block)
                .map_err(|error| ClientError::Misuse(error.to_string()))?;
            if last {
                break;
            }
        }
        Ok(())
    }

    /// Follows the chain until `found` answers; `None` when the time is over.
    ///
    /// # Errors
    /// When the chain cannot be reached.
    pub async fn wait_for<T>(
        &mut self,
        patience: Duration,
        mut found: impl FnMut(&Ledger) -> Option<T>,
    ) -> Result<Option<T>, ClientError> {
        let start = Instant::now();
        loop {
            self.refresh().await?;
            if let Some(answer) = found(&self.ledger) {
                return Ok(Some(answer));
            }
            if start.elapsed() > patience {
                return Ok(None);
            }
            tokio::time::sleep(self.chain.poll_pause()).await;
        }
    }

    /// The chain.
    pub fn chain(&self) -> &Chain {
        &self.chain
    }

    /// What signatures are made for.
    pub fn domain(&self) -> Domain {
        self.domain
    }

    /// The ledger as last read.
    pub fn ledger(&self) -> &Ledger {
        &self.ledger
    }

    /// Brings a compiled contract to every node of a collection's committee; `deployer` is the key of an
    /// account that deployed an instance of it.
    ///
    /// # Errors
    /// When a node refuses it or cannot be reached.
    pub async fn upload_contract(
        &self,
        deployer: &SecretKey,
        collection: CollectionId,
        contract: Hash,
        bytecode: &[u8],
    ) -> Result<(), ClientError> {
        for node in self.committee(collection)? {
            node.put_contract(deployer, contract, bytecode).await?;
        }
        Ok(())
    }

    /// A compiled contract as the first member of the collection's committee has it that answers with
    /// the right one: its hash is checked, so that any node is as good as another.
    ///
    /// # Errors
    /// What the last member said when none has it.
    pub async fn fetch_contract(
        &self,
        collection: CollectionId,
        contract: Hash,
    ) -> Result<Vec<u8>, ClientError> {
        let mut outcome = Err(ClientError::Misuse(format!(
            "collection {collection} has no committee yet"
        )));
        for node in self.committee(collection)? {
            outcome = node.contract(contract).await;
            if outcome.is_ok() {
                break;
            }
        }
        outcome
    }

    /// The exact price of running an entry on `rows` rows of a collection.
    ///
    /// # Errors
    /// When the entry cannot run on so many rows, or the collection has no committee.
    pub fn quote(
        &self,
        program: &Contract,
        collection: CollectionId,
        entry: usize,
        rows: u32,
    ) -> Result<Quote, ClientError> {
        let misuse = |why: String| ClientError::Misuse(why);
        let record = self.ledger.collections.get(&collection);
        let record = record.ok_or_else(|| misuse(format!("no collection {collection}")))?;
        let committee = Committee::new(record.committee.len() as u8)
            .map_err(|error| misuse(error.to_string()))?;
        let sizes = plan::Sizes::single(program, record.terms.slot, rows);
        let cost = plan::quote(program, entry, &sizes, committee)
            .map_err(|error| misuse(error.to_string()))?;
        let config = self
            .ledger
            .config
            .ok_or_else(|| misuse("the controller's prices are unknown".to_owned()))?;
        let price = pricing::price(
            &config.prices,
            cost.multiplications,
            cost.rounds,
            cost.bytes_total,
        );
        Ok(Quote { cost, price })
    }

    /// What each committee member tells its requester, its opener or a member about a job; members that
    /// cannot be reached or refuse are left out.
    pub async fn job_statuses(
        &self,
        caller: &SecretKey,
        collection: CollectionId,
        job: JobId,
    ) -> Vec<(NodeId, JobStatus)> {
        let mut statuses = Vec::new();
        for node in self.committee(collection).unwrap_or_default() {
            if let Ok(status) = node.job(caller, job).await {
                statuses.push((node.node, status));
            }
        }
        statuses
    }

    /// What a node says about itself, whatever block it has seen.
    ///
    /// # Errors
    /// When there is no such node or it cannot be reached.
    pub async fn node_status(&self, node: NodeId) -> Result<NodeStatus, ClientError> {
        let api = self.api(node);
        let api = api.ok_or_else(|| ClientError::Misuse(format!("no node {node}")))?;
        NodeApi {
            min_block: 0,
            ..api
        }
        .status()
        .await
    }

    fn api(&self, node: NodeId) -> Option<NodeApi> {
        let info = &self.ledger.nodes.get(&node)?.info;
        Some(NodeApi {
            node,
            peer_key: info.peer_key,
            base: info.api_address.clone(),
            domain: self.domain,
            http: self.http.clone(),
            min_block: self.ledger.head.number,
        })
    }

    /// The APIs of a collection's committee, in committee order.
    pub(crate) fn committee(&self, collection: CollectionId) -> Result<Vec<NodeApi>, ClientError> {
        let record = self.ledger.collections.get(&collection);
        let record =
            record.ok_or_else(|| ClientError::Misuse(format!("no collection {collection}")))?;
        let apis = record.committee.iter().map(|node| self.api(*node));
        let apis: Option<Vec<NodeApi>> = apis.collect();
        apis.ok_or_else(|| ClientError::Misuse("the committee names an unknown node".to_owned()))
    }

    /// The account that signs for a node.
    pub(crate) fn signer(&self, node: NodeId) -> Result<Address, ClientError> {
        let record = self.ledger.nodes.get(&node);
        Ok(record
            .ok_or_else(|| ClientError::Misuse(format!("no node {node}")))?
            .info
            .signer)
    }
}
