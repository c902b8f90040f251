//! A client's view of the network: the ledger as the chain tells it, the nodes' APIs, quotes.

use std::sync::Arc;
use std::time::{Duration, Instant};

use enigma_bytecode::model::Contract;
use enigma_bytecode::plan::{self, Admission, Cost, Environment, Sizes};
use enigma_chain::{Chain, ChainError, Follower, Wallet};
use enigma_field::{Committee, MAX_PARTIES};
use enigma_wire::api::{JobStatus, NodeStatus};
use enigma_wire::controller::{Amount, Certificate, Failure};
use enigma_wire::eip712::Domain;
use enigma_wire::id::{Address, CollectionId, Hash, JobId, NodeId};
use enigma_wire::ledger::{InstanceRecord, JobState, Ledger, RightQuestion};
use enigma_wire::pricing;
use enigma_wire::sign::SecretKey;

use crate::http::NodeApi;
use crate::{ClientError, Program};

/// How often the chain is asked while waiting for something.
const POLL: Duration = Duration::from_millis(50);
/// Longest wait for one TCP connection to a node.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);

/// The network as a client sees it.
#[derive(Debug)]
pub struct Network {
    chain: Chain,
    domain: Domain,
    ledger: Ledger,
    first_block: u64,
    follower: Follower,
    http: reqwest::Client,
}

/// How a job ended, or that it has not.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Ended {
    /// Finished and paid.
    Settled(Certificate),
    /// Given up and refunded.
    Failed(Failure),
    /// Called off by its requester and refunded.
    Cancelled,
    /// Timed out and refunded.
    Expired,
    /// Not within the time that was waited.
    StillOpen,
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
        let first_block = chain.deployment_block().await?;
        let follower = chain.follow(first_block);
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
            first_block,
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
            tokio::time::sleep(POLL).await;
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

    /// Brings an instance's contract to every node of its committee; `deployer` is the key of the account that
    /// deployed it.
    ///
    /// # Errors
    /// When a node refuses it or cannot be reached.
    pub async fn upload_contract(
        &self,
        deployer: &SecretKey,
        instance: Hash,
        bytecode: &[u8],
    ) -> Result<(), ClientError> {
        let record = self.instance(instance)?;
        for node in self.apis(&record.committee)? {
            node.put_contract(deployer, record.contract, bytecode)
                .await?;
        }
        Ok(())
    }

    /// The exact price of running an entry of an instance on so many rows of each of its contract's collections.
    ///
    /// # Errors
    /// When the entry cannot run on so many rows, or there is no such instance.
    pub fn quote(
        &self,
        program: &Contract,
        instance: Hash,
        entry: usize,
        sizes: &Sizes,
    ) -> Result<Quote, ClientError> {
        let misuse = |why: String| ClientError::Misuse(why);
        let committee = committee(self.instance(instance)?.committee.len())?;
        let cost = plan::quote(program, entry, sizes, committee)
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

    /// Who belongs to a group of an instance, as the ledger stands; none if the group has no condition.
    ///
    /// # Errors
    /// When there is no such instance, or its program is not sound.
    pub fn admission(
        &self,
        program: &Arc<Contract>,
        instance: Hash,
        group: usize,
    ) -> Result<Option<Admission>, ClientError> {
        if !program.admits(group) {
            return Ok(None);
        }
        let record = self.instance(instance)?;
        let head = &self.ledger.head;
        let environment = Environment::on_ledger(record, head.number, head.time);
        let admission = Admission::new(program, group, &environment);
        admission.map_err(|error| ClientError::Misuse(error.to_string()))
    }

    /// An instance's program as the first node of its committee has it that answers with the right one: its hash is
    /// checked, so that any node is as good as another.
    ///
    /// # Errors
    /// What the last node said when none has it.
    pub async fn fetch_program(&self, instance: Hash) -> Result<Program, ClientError> {
        let record = self.instance(instance)?;
        let mut outcome = Err(ClientError::Misuse(format!(
            "instance {instance} has no committee yet"
        )));
        for node in self.apis(&record.committee)? {
            outcome = node.contract(record.contract).await;
            if outcome.is_ok() {
                break;
            }
        }
        Program::load(outcome?, Some(record.contract))
    }

    /// Creates an instance of a published contract, to be served by a committee of so many nodes.
    ///
    /// # Errors
    /// When such a committee could never compute, before anything is paid; or the controller's reason.
    pub async fn deploy_instance(
        &self,
        by: &Wallet,
        contract: Hash,
        committee_size: u8,
        parties: &[Address],
    ) -> Result<Hash, ClientError> {
        committee(usize::from(committee_size))?;
        let chain = &self.chain;
        Ok(chain
            .deploy_instance(by, contract, committee_size, parties)
            .await?)
    }

    /// Has an instance's committee drawn, waiting for the blocks that this needs; a development chain
    /// mines them on demand. Nothing is done when it is drawn already.
    ///
    /// # Errors
    /// When the chain refuses or is slower than `patience`.
    pub async fn draw_committee(
        &mut self,
        by: &Wallet,
        instance: Hash,
        patience: Duration,
    ) -> Result<(), ClientError> {
        let start = Instant::now();
        loop {
            self.refresh().await?;
            let record = self.instance(instance)?;
            if !record.committee.is_empty() {
                return Ok(());
            }
            let draw_block = record.draw_block;
            if self.ledger.head.number > draw_block {
                // Somebody else may be first: the next look tells.
                match self.chain.draw_committee(by, instance).await {
                    Err(ChainError::Reverted { name, .. }) if name == "AlreadyDrawn" => {}
                    Err(ChainError::Reverted { name, .. }) if name == "NotEnoughNodes" => {
                        let why = format!(
                            "instance {instance} can never be drawn: a node retired in the block of its deployment; deploy again"
                        );
                        return Err(ClientError::Misuse(why));
                    }
                    other => other?,
                }
            } else if start.elapsed() > patience {
                let why = format!("the chain did not reach block {} in time", draw_block + 1);
                return Err(ClientError::Misuse(why));
            } else if self.chain.is_development() {
                self.chain.mine_block().await?;
            } else {
                tokio::time::sleep(POLL).await;
            }
        }
    }

    /// What decides which rows a job requested now could use.
    pub fn right_question(
        &self,
        collection: CollectionId,
        program: &Program,
        entry: usize,
        requester: Address,
    ) -> RightQuestion {
        let (contract, entry) = (program.hash(), entry as u16);
        let uses = self.ledger.uses.get(&(collection, contract, entry));
        RightQuestion {
            collection,
            contract,
            entry,
            requester,
            use_index: uses.copied().unwrap_or(0),
            at_block: self.ledger.head.number,
            at_time: self.ledger.head.time,
        }
    }

    /// Waits for a job's end.
    ///
    /// # Errors
    /// When the chain cannot be reached.
    pub async fn await_job(
        &mut self,
        job: JobId,
        patience: Duration,
    ) -> Result<Ended, ClientError> {
        let ended = self
            .wait_for(patience, |ledger| match &ledger.jobs.get(&job)?.state {
                JobState::Open => None,
                JobState::Settled(certificate) => Some(Ended::Settled(certificate.clone())),
                JobState::Failed(failure) => Some(Ended::Failed(failure.clone())),
                JobState::Cancelled => Some(Ended::Cancelled),
                JobState::Expired => Some(Ended::Expired),
            })
            .await?;
        Ok(ended.unwrap_or(Ended::StillOpen))
    }

    /// What every registered node says about itself, or why it does not.
    pub async fn node_statuses(&self) -> Vec<(NodeId, Result<NodeStatus, String>)> {
        let asked = self.ledger.nodes.iter().map(|(node, record)| async move {
            let answer = match record.until {
                Some(_) => Err("retired".to_owned()),
                None => self
                    .node_status(*node)
                    .await
                    .map_err(|error| error.to_string()),
            };
            (*node, answer)
        });
        futures::future::join_all(asked).await
    }

    /// The block of the controller's first event.
    pub fn first_block(&self) -> u64 {
        self.first_block
    }

    /// What each committee member tells its requester, its opener or a member about a job; members that
    /// cannot be reached or refuse are left out.
    pub async fn job_statuses(&self, caller: &SecretKey, job: JobId) -> Vec<(NodeId, JobStatus)> {
        let mut statuses = Vec::new();
        for node in self.job_committee(job).unwrap_or_default() {
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
        let committee = self.ledger.committee(collection);
        let committee =
            committee.ok_or_else(|| ClientError::Misuse(format!("no collection {collection}")))?;
        self.apis(committee)
    }

    /// The APIs of a job's committee, in committee order.
    pub(crate) fn job_committee(&self, job: JobId) -> Result<Vec<NodeApi>, ClientError> {
        let committee = self.ledger.job_committee(job);
        self.apis(committee.ok_or_else(|| ClientError::Misuse(format!("no job {job}")))?)
    }

    pub(crate) fn apis(&self, nodes: &[NodeId]) -> Result<Vec<NodeApi>, ClientError> {
        let apis: Option<Vec<NodeApi>> = nodes.iter().map(|node| self.api(*node)).collect();
        apis.ok_or_else(|| ClientError::Misuse("the committee names an unknown node".to_owned()))
    }

    /// The same nodes, each with the account that signs for it.
    pub(crate) fn with_signers(
        &self,
        nodes: Vec<NodeApi>,
    ) -> Result<Vec<(NodeApi, Address)>, ClientError> {
        let with = |api: NodeApi| self.signer(api.node).map(|signer| (api, signer));
        nodes.into_iter().map(with).collect()
    }

    pub(crate) fn instance(&self, instance: Hash) -> Result<&InstanceRecord, ClientError> {
        let record = self.ledger.instances.get(&instance);
        record.ok_or_else(|| ClientError::Misuse(format!("no instance {instance}")))
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

/// A committee of so many nodes, if there is one.
pub(crate) fn committee(nodes: usize) -> Result<Committee, ClientError> {
    let committee = u8::try_from(nodes).map(Committee::new);
    let Ok(Ok(committee)) = committee else {
        return Err(ClientError::Misuse(format!(
            "a committee of {nodes} nodes cannot compute: it takes an odd number from 3 to {MAX_PARTIES}"
        )));
    };
    Ok(committee)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn committees_that_cannot_compute_are_refused() {
        for nodes in [3, 5, 7, 9, 11, 21, 31] {
            assert_eq!(committee(nodes).expect("a committee").len(), nodes);
        }
        // Too large, also for the number's type; and not n = 2t+1.
        for nodes in [33, 259, 0, 1, 4] {
            let error = committee(nodes).expect_err("refused").to_string();
            assert!(error.contains("odd number from 3 to 31"), "{error}");
        }
    }
}
