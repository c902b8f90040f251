//! A running devnet: chain, controller, node processes; watched until it is told to stop.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use enigma_chain::{Chain, Wallet};
use enigma_client::Network;
use enigma_node::NodeConfig;
use enigma_wire::id::{NodeId, PeerKey};
use serde_json::json;

use super::control::{Action, Asked, Control};
use super::layout::{self, Layout};
use crate::context::{Context, Development, NETWORK_FILE, NetworkFile, Selected};
use crate::local::chain::{ExternalChain, Host};
use crate::local::nodes::{NodeProcess, stop_all};
use crate::local::{FUNDS, MIN_DEPOSIT, PRICES, UNBONDING_SECONDS, loopback};
use crate::node::{CONFIG_FILE, write_config};
use crate::report::{self, Problem};

/// Longest wait for a node to register and answer.
const READY_PATIENCE: Duration = Duration::from_secs(60);
const POLL: Duration = Duration::from_millis(50);
/// Time between looks at the processes.
const WATCH: Duration = Duration::from_millis(500);

/// Everything that runs.
pub(super) struct Running {
    layout: Layout,
    file: NetworkFile,
    network: Network,
    host: Host,
    /// By number, counted from 1; absent while stopped.
    nodes: BTreeMap<usize, NodeProcess>,
    peer_keys: Vec<PeerKey>,
    control: Control,
}

impl Running {
    /// Starts or continues everything; returns when every node answers.
    pub(super) async fn start(layout: Layout, external: &ExternalChain) -> Result<Self, Problem> {
        let host = start_chain(&layout, external).await?;
        let (file, network) = match open_network(&layout, &host).await {
            Ok(opened) => opened,
            Err(problem) => {
                host.stop().await;
                return Err(problem);
            }
        };
        let control = Control::open(&layout.folder).await;
        let control = control
            .map_err(|error| Problem::failed(format!("{}: {error}", layout.folder.display())))?;
        let numbers = 1..=layout.settings.nodes.len();
        let peer_keys = numbers
            .map(|number| Ok(layout.node_keys(number)?.identity.peer_key()))
            .collect::<Result<Vec<PeerKey>, Problem>>()?;
        let mut running = Self {
            layout,
            file,
            network,
            host,
            nodes: BTreeMap::new(),
            peer_keys,
            control,
        };
        for number in 1..=running.peer_keys.len() {
            running.start_node(number)?;
        }
        for number in 1..=running.peer_keys.len() {
            if let Err(problem) = running.await_node(number).await {
                running.stop().await;
                return Err(problem);
            }
        }
        Ok(running)
    }

    fn start_node(&mut self, number: usize) -> Result<(), Problem> {
        let folder = self.layout.node_folder(number);
        let node = NodeProcess::start(&folder, self.peer_keys[number - 1])?;
        self.nodes.insert(number, node);
        Ok(())
    }

    /// Waits until a node is registered and its API answers.
    async fn await_node(&mut self, number: usize) -> Result<(), Problem> {
        let start = Instant::now();
        loop {
            self.network.refresh().await?;
            if let Some(id) = self.node_id(number)
                && self.network.node_status(id).await.is_ok()
            {
                return Ok(());
            }
            let log = self.layout.node_folder(number).join("node.log");
            let hint = format!("its log is {}", log.display());
            if let Some(node) = self.nodes.get_mut(&number)
                && let Some(status) = node.ended()
            {
                let words = node.last_words();
                return Err(Problem::failed(format!(
                    "node {number} has ended ({status}); it last said: {words}"
                ))
                .hint(hint));
            }
            if start.elapsed() > READY_PATIENCE {
                return Err(
                    Problem::failed(format!("node {number} did not get ready in time")).hint(hint),
                );
            }
            tokio::time::sleep(POLL).await;
        }
    }

    fn node_id(&self, number: usize) -> Option<NodeId> {
        let peer_key = self.peer_keys.get(number - 1)?;
        let mut nodes = self.network.ledger().nodes.iter();
        nodes
            .find(|(_, record)| record.info.peer_key == *peer_key)
            .map(|(id, _)| *id)
    }

    /// Says that it is up, and what next.
    pub(super) fn tell(&self, context: &Context) {
        let path = self.layout.folder.join(NETWORK_FILE);
        let ledger = self.network.ledger();
        let nodes: Vec<_> = (1..=self.peer_keys.len())
            .map(|number| {
                let info = self
                    .node_id(number)
                    .and_then(|id| ledger.nodes.get(&id))
                    .map(|record| &record.info);
                let process = self.nodes.get(&number).map_or(0, NodeProcess::id);
                let folder = self.layout.node_folder(number);
                (
                    number,
                    info.map_or("", |info| &info.api_address),
                    process,
                    folder,
                )
            })
            .collect();
        let keys = self.layout.funded_keys().unwrap_or_default();
        if context.json {
            let nodes = nodes.iter().map(|(number, api, process, folder)| {
                json!({"number": number, "api": api, "process": process, "folder": folder})
            });
            let keys = keys
                .iter()
                .map(|(name, key)| json!({"name": name, "account": key.address()}));
            let object = json!({
                "ready": true, "chain": self.file.chain, "chain_id": self.file.chain_id,
                "controller": self.file.controller, "network": path,
                "nodes": nodes.collect::<Vec<_>>(), "keys": keys.collect::<Vec<_>>(),
            });
            report::data(&object.to_string());
            return;
        }
        report::data(&format!(
            "chain       {} (id {})",
            self.file.chain, self.file.chain_id
        ));
        report::data(&format!("controller  {}", self.file.controller));
        report::data(&format!("network     {}", path.display()));
        for (number, api, process, _) in &nodes {
            report::data(&format!("node {number}      {api}  process {process}"));
        }
        for (name, key) in &keys {
            report::data(&format!(
                "key         {name}  {}  {}",
                key.address(),
                report::amount(FUNDS)
            ));
        }
        report::data("");
        report::data("Next, in another terminal:");
        let default = context
            .devnet_folder()
            .is_ok_and(|folder| folder == self.layout.folder);
        if !default {
            report::data(&format!("  export ENIGMA_NETWORK={}", path.display()));
        }
        report::data("  enigma status");
        report::data("  enigma deploy CONTRACT.enigma");
        report::data("Ctrl-C stops everything; the folder keeps it for the next start.");
    }

    /// Watches the nodes and serves requests until `stop`.
    pub(super) async fn serve(&mut self, stop: impl Future<Output = ()>) -> Result<(), Problem> {
        tokio::pin!(stop);
        let mut watch = tokio::time::interval(WATCH);
        loop {
            tokio::select! {
                () = &mut stop => return Ok(()),
                _ = watch.tick() => self.notice_ended(),
                asked = self.control.requests.recv() => {
                    if let Some(Asked { action, node, answer }) = asked {
                        let done = self.perform(action, node).await;
                        // Who has hung up does not hear the answer.
                        let _ = answer.send(done.map_err(|problem| problem.to_string()));
                    }
                }
            }
        }
    }

    fn notice_ended(&mut self) {
        let mut ended = Vec::new();
        for (number, node) in &mut self.nodes {
            if let Some(status) = node.ended() {
                report::progress(&format!(
                    "node {number} has ended ({status}); it last said: {}\n  start it again with: enigma devnet start {number} --dir {}",
                    node.last_words(),
                    self.layout.folder.display()
                ));
                ended.push(*number);
            }
        }
        for number in ended {
            self.nodes.remove(&number);
        }
    }

    async fn perform(&mut self, action: Action, number: usize) -> Result<String, Problem> {
        if !(1..=self.peer_keys.len()).contains(&number) {
            return Err(Problem::new(format!(
                "there is no node {number}; nodes are 1 to {}",
                self.peer_keys.len()
            )));
        }
        self.notice_ended();
        match (action, self.nodes.contains_key(&number)) {
            (Action::Start, true) => Err(Problem::new(format!("node {number} is running"))),
            (Action::Stop | Action::Kill, false) => {
                Err(Problem::new(format!("node {number} is not running")))
            }
            (Action::Start, false) => {
                self.start_node(number)?;
                self.await_node(number).await?;
                Ok("running".to_owned())
            }
            (Action::Stop, true) => {
                if let Some(node) = self.nodes.remove(&number) {
                    node.stop().await;
                }
                Ok("stopped".to_owned())
            }
            (Action::Kill, true) => {
                if let Some(node) = self.nodes.remove(&number) {
                    node.kill().await;
                }
                Ok("killed".to_owned())
            }
        }
    }

    /// Stops nodes, then the chain.
    pub(super) async fn stop(self) {
        stop_all(self.nodes.into_values()).await;
        self.host.stop().await;
    }
}

async fn start_chain(layout: &Layout, external: &ExternalChain) -> Result<Host, Problem> {
    let funded = layout
        .funded_keys()?
        .into_iter()
        .map(|(_, key)| key.address());
    let mut accounts: Vec<_> = funded.collect();
    for number in 1..=layout.settings.nodes.len() {
        accounts.push(layout.node_keys(number)?.operator.address());
    }
    if let (Some(url), None) = (&layout.settings.external, &external.chain) {
        // Made before: the accounts have their coins.
        return Ok(Host::External { url: url.clone() });
    }
    let listen = loopback(layout.settings.chain_port.unwrap_or(0));
    Host::start(external, &layout.chain_folder(), listen, &accounts, FUNDS).await
}

/// The network that the folder describes; on the first start its controller is deployed and everything
/// written down, the network file last.
async fn open_network(layout: &Layout, host: &Host) -> Result<(NetworkFile, Network), Problem> {
    let path = layout.folder.join(NETWORK_FILE);
    if !path.exists() {
        let keys = layout.funded_keys()?;
        let (name, key) = keys
            .first()
            .ok_or_else(|| Problem::failed("the devnet's keys are gone"))?;
        let chain = Chain::connect(&host.url(), None).await?;
        let by = Wallet::new(key.clone());
        let controller = chain
            .deploy_controller(&by, &PRICES, MIN_DEPOSIT, UNBONDING_SECONDS)
            .await?;
        let file = NetworkFile {
            chain: host.url(),
            chain_id: chain.chain_id(),
            controller,
            development: Some(Development {
                keys: layout::KEYS.into(),
                password: layout::PASSWORD.to_owned(),
                default_key: name.clone(),
            }),
        };
        for (at, ports) in layout.settings.nodes.iter().enumerate() {
            let config = NodeConfig {
                listen_peer: loopback(ports.peer),
                listen_api: loopback(ports.api),
                ..NodeConfig::new(file.chain.clone(), controller)
            };
            write_config(&layout.node_folder(at + 1), &config)?;
        }
        let text = format!(
            "# Written by `enigma devnet`; nodes read their own {CONFIG_FILE}.\n{}",
            file.to_toml()
        );
        let new = path.with_extension("new");
        std::fs::write(&new, text)
            .and_then(|()| std::fs::rename(&new, &path))
            .map_err(|error| {
                Problem::failed(format!("{}: cannot be written: {error}", path.display()))
            })?;
    }
    let file = NetworkFile::read(&path)?;
    let selected = Selected { path, file };
    let network = selected.connect().await?;
    Ok((selected.file, network))
}
