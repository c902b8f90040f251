//! The demo's network: an embedded chain in this process, and each node a process of its own with its
//! own folder, started and stopped here.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::time::Duration;

use enigma_chain::{Chain, Wallet};
use enigma_client::Network;
use enigma_node::{KEYS_FOLDER, NodeConfig, NodeKeys};
use enigma_wire::id::{NodeId, PeerKey};
use enigma_wire::sign::SecretKey;

use crate::args::DemoOptions;
use crate::local::chain::Host;
use crate::local::nodes::{NodeProcess, stop_all};
use crate::local::{FUNDS, MIN_DEPOSIT, PRICES, UNBONDING_SECONDS, loopback};
use crate::node::write_config;
use crate::report::{self, Problem};

/// Longest wait for all nodes to register.
const REGISTER_PATIENCE: Duration = Duration::from_secs(60);

/// A running network.
pub(crate) struct Running {
    pub(crate) network: Network,
    /// The account that publishes, opens, requests and pays.
    pub(crate) organiser: Wallet,
    chain: Host,
    nodes: Vec<NodeProcess>,
    folder: Folder,
}

/// Where everything is kept while the demo runs, and perhaps afterwards.
enum Folder {
    Temporary(tempfile::TempDir),
    Kept(PathBuf),
}

impl Folder {
    fn path(&self) -> &Path {
        match self {
            Self::Temporary(folder) => folder.path(),
            Self::Kept(path) => path,
        }
    }
}

impl Running {
    /// Starts the chain and the nodes, and waits until all are registered.
    pub(crate) async fn start(options: &DemoOptions) -> Result<Self, Problem> {
        let folder = make_folder(options.keep.as_deref())?;
        let organiser = Wallet::new(SecretKey::random(&mut rand::rng()));
        let mut prepared = Vec::new();
        for number in 1..=options.nodes {
            let node_folder = folder.path().join(format!("node-{number}"));
            let keys = NodeKeys::generate(&node_folder.join(KEYS_FOLDER), &mut rand::rng())
                .map_err(|error| Problem::failed(error.to_string()))?;
            prepared.push((node_folder, keys));
        }
        let operators = prepared.iter().map(|(_, keys)| keys.operator.address());
        let accounts: Vec<_> = operators.chain([organiser.address()]).collect();
        let home = folder.path().join("chain");
        let chain = Host::start(&options.chain, &home, loopback(0), &accounts, FUNDS).await?;
        let client = Chain::connect(&chain.url(), None).await?;
        let controller = client
            .deploy_controller(&organiser, &PRICES, MIN_DEPOSIT, UNBONDING_SECONDS)
            .await?;
        let mut nodes = Vec::new();
        for (node_folder, keys) in prepared {
            let config = NodeConfig::new(chain.url(), controller);
            write_config(&node_folder, &config)?;
            nodes.push(NodeProcess::start(&node_folder, keys.identity.peer_key())?);
        }
        let network = Network::connect(&chain.url(), controller).await?;
        let mut running = Self {
            network,
            organiser,
            chain,
            nodes,
            folder,
        };
        match running.await_registration().await {
            Ok(()) => Ok(running),
            Err(problem) => {
                running.stop().await;
                Err(problem)
            }
        }
    }

    async fn await_registration(&mut self) -> Result<(), Problem> {
        let count = self.nodes.len();
        let start = std::time::Instant::now();
        loop {
            let step = Duration::from_millis(200);
            let ready = self
                .network
                .wait_for(step, |ledger| (ledger.nodes.len() == count).then_some(()))
                .await?;
            self.check_alive()?;
            if ready.is_some() {
                break;
            }
            if start.elapsed() > REGISTER_PATIENCE {
                return Err(
                    Problem::failed("not all nodes registered in time").hint(self.logs_hint())
                );
            }
        }
        for process in &self.nodes {
            let id = self.node_id(process.peer_key()).map_or(0, |node| node.0);
            report::progress(&format!("  node {id}  process {}", process.id()));
        }
        Ok(())
    }

    fn node_id(&self, peer_key: PeerKey) -> Option<NodeId> {
        let mut nodes = self.network.ledger().nodes.iter();
        nodes
            .find(|(_, record)| record.info.peer_key == peer_key)
            .map(|(id, _)| *id)
    }

    /// Is every node's process still there?
    ///
    /// # Errors
    /// Names the first that is not, with the end of its log.
    pub(crate) fn check_alive(&mut self) -> Result<(), Problem> {
        let ids: BTreeMap<PeerKey, Option<NodeId>> = self
            .nodes
            .iter()
            .map(|process| (process.peer_key(), self.node_id(process.peer_key())))
            .collect();
        for (number, process) in self.nodes.iter_mut().enumerate() {
            if let Some(status) = process.ended() {
                let id = ids
                    .get(&process.peer_key())
                    .copied()
                    .flatten()
                    .map_or(number as u32 + 1, |node| node.0);
                let last = process.last_words();
                return Err(Problem::failed(format!(
                    "node {id} has ended ({status}); it last said: {last}"
                )));
            }
        }
        Ok(())
    }

    /// Where a person can read more.
    pub(crate) fn logs_hint(&self) -> String {
        match &self.folder {
            Folder::Temporary(_) => "run again with --keep DIR to keep the nodes' logs".to_owned(),
            Folder::Kept(path) => {
                format!("the nodes' logs are in {}/node-*/node.log", path.display())
            }
        }
    }

    /// Stops nodes and chain. Nodes stop by themselves when their input ends; one that does not is
    /// killed.
    pub(crate) async fn stop(self) {
        stop_all(self.nodes).await;
        self.chain.stop().await;
        if let Folder::Kept(path) = &self.folder {
            report::progress(&format!("kept in {}", path.display()));
        }
    }
}

fn make_folder(keep: Option<&Path>) -> Result<Folder, Problem> {
    let Some(path) = keep else {
        let folder = tempfile::Builder::new().prefix("enigma-demo-").tempdir();
        return folder
            .map(Folder::Temporary)
            .map_err(|error| Problem::failed(format!("cannot make a temporary folder: {error}")));
    };
    let empty = match std::fs::read_dir(path) {
        Ok(mut entries) => entries.next().is_none(),
        Err(_) => true,
    };
    if !empty {
        return Err(
            Problem::new(format!("{} is not empty", path.display())).hint("name a new folder")
        );
    }
    std::fs::create_dir_all(path)
        .map_err(|error| Problem::new(format!("{}: cannot be made: {error}", path.display())))?;
    Ok(Folder::Kept(path.to_owned()))
}
