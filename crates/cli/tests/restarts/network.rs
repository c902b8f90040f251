//! Node processes with fixed folders and ports, so that a node that was killed comes back as itself;
//! the chain runs in the test's own process and is never disturbed.

use std::fs::OpenOptions;
use std::net::{Ipv4Addr, SocketAddr, TcpListener};
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use enigma_chain::dev::{DevChain, DevConfig};
use enigma_chain::{Chain, Wallet};
use enigma_client::Network;
use enigma_node::{KEYS_FOLDER, NodeConfig, NodeKeys};
use enigma_store::Store;
use enigma_wire::controller::{Amount, Prices};
use enigma_wire::id::Address;
use enigma_wire::sign::SecretKey;
use rand::RngExt as _;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

const COIN: Amount = 1_000_000_000_000_000_000;
const CHAIN_ID: u64 = 24_602;
const PRICES: Prices = Prices {
    base: COIN / 1_000,
    per_multiplication: COIN / 10_000_000_000,
    per_round: COIN / 10_000_000,
    per_kilobyte: COIN / 1_000_000_000,
};
/// How long a node may take to serve before the test gives up. Not a measure of speed.
const PATIENCE: Duration = Duration::from_secs(180);
const POLL: Duration = Duration::from_millis(50);

/// A running network.
pub(crate) struct TestNetwork {
    /// Publishes, opens, seals, posts what owners signed.
    pub(crate) organiser: Wallet,
    /// Requests jobs and pays for them.
    pub(crate) requester: Wallet,
    controller: Address,
    nodes: Vec<Node>,
    chain: DevChain,
    folder: tempfile::TempDir,
}

/// One node, running or not.
struct Node {
    folder: PathBuf,
    api: SocketAddr,
    process: Mutex<Option<Child>>,
}

impl TestNetwork {
    /// A chain and this many registered nodes. `public_api` says, from a node's number and where its
    /// API listens, which address clients are told.
    pub(crate) async fn start(
        count: usize,
        public_api: impl Fn(usize, SocketAddr) -> Option<String>,
    ) -> Self {
        let folder = tempfile::tempdir().expect("temporary folder");
        let account = || Wallet::new(SecretKey::random(&mut rand::rng()));
        let (organiser, requester) = (account(), account());
        let folders: Vec<PathBuf> = (1..=count)
            .map(|number| folder.path().join(format!("node-{number}")))
            .collect();
        let keys: Vec<NodeKeys> = folders
            .iter()
            .map(|folder| {
                NodeKeys::generate(&folder.join(KEYS_FOLDER), &mut rand::rng()).expect("new keys")
            })
            .collect();
        let accounts = keys
            .iter()
            .map(|keys| keys.operator.address())
            .chain([organiser.address(), requester.address()]);
        let chain = DevChain::start(DevConfig {
            dir: folder.path().join("chain"),
            chain_id: CHAIN_ID,
            listen: SocketAddr::from((Ipv4Addr::LOCALHOST, 0)),
            funded: accounts.map(|account| (account, 1_000 * COIN)).collect(),
        })
        .await
        .expect("the chain starts");
        let client = Chain::connect(&chain.url(), None).await.expect("answers");
        let controller = client
            .deploy_controller(&organiser, &PRICES, COIN, 3_600)
            .await
            .expect("deployed");
        let ports = free_ports(2 * count);
        let mut nodes = Vec::new();
        for (at, folder) in folders.into_iter().enumerate() {
            let (peer, api) = (ports[2 * at], ports[2 * at + 1]);
            let config = NodeConfig {
                listen_peer: peer,
                listen_api: api,
                public_api: public_api(at, api),
                ..NodeConfig::new(chain.url(), controller)
            };
            std::fs::write(folder.join("node.toml"), config.to_toml()).expect("write");
            nodes.push(Node {
                folder,
                api,
                process: Mutex::new(None),
            });
        }
        let network = Self {
            organiser,
            requester,
            controller,
            nodes,
            chain,
            folder,
        };
        for node in 0..count {
            network.restart(node);
        }
        let registered = network
            .client()
            .await
            .wait_for(PATIENCE, |ledger| {
                (ledger.nodes.len() == count).then_some(())
            })
            .await
            .expect("the chain answers");
        assert_eq!(registered, Some(()), "not all nodes registered");
        network
    }

    /// A client's own view of the network.
    pub(crate) async fn client(&self) -> Network {
        Network::connect(&self.chain.url(), self.controller)
            .await
            .expect("the chain answers")
    }

    /// How many nodes there are.
    pub(crate) fn count(&self) -> usize {
        self.nodes.len()
    }

    /// SIGKILL, whatever the node is doing.
    pub(crate) fn kill(&self, node: usize) {
        let child = self.nodes[node].lock().take();
        let mut child = child.expect("it is running");
        child.kill().expect("killed");
        child.wait().expect("gone");
    }

    /// Starts a node's process with its folder as it is.
    pub(crate) fn restart(&self, node: usize) {
        let node = &self.nodes[node];
        let log = OpenOptions::new()
            .create(true)
            .append(true)
            .open(node.log())
            .expect("a log file");
        // It stops when its input ends, that is also when this process is killed.
        let child = Command::new(env!("CARGO_BIN_EXE_enigma"))
            .args(["node", "run", "--stop-with-input", "--config"])
            .arg(node.folder.join("node.toml"))
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .stderr(log)
            .spawn()
            .expect("the binary starts");
        let before = node.lock().replace(child);
        assert!(before.is_none(), "it was running");
    }

    /// Waits until a node has seen this block and has this many links to others.
    pub(crate) async fn await_serving(&self, node: usize, block: u64, links: usize) {
        let start = Instant::now();
        loop {
            let status = self.status(node).await;
            let serves = status.as_ref().is_some_and(|status| {
                let peers = status["peers"].as_array().into_iter().flatten();
                let linked = peers.filter(|peer| peer["connected"] == true).count();
                status["block"].as_u64() >= Some(block) && linked >= links
            });
            if serves {
                return;
            }
            let ended = self.nodes[node]
                .lock()
                .as_mut()
                .and_then(|child| child.try_wait().expect("a child"));
            assert!(
                ended.is_none() && start.elapsed() < PATIENCE,
                "node {node} does not serve: {status:?}, ended: {ended:?}; its log:\n{}",
                self.log(node)
            );
            tokio::time::sleep(POLL).await;
        }
    }

    async fn status(&self, node: usize) -> Option<serde_json::Value> {
        let mut stream = TcpStream::connect(self.nodes[node].api).await.ok()?;
        let request = "GET /v1/status HTTP/1.1\r\nhost: node\r\nconnection: close\r\n\r\n";
        stream.write_all(request.as_bytes()).await.ok()?;
        let mut answer = String::new();
        stream.read_to_string(&mut answer).await.ok()?;
        let (head, body) = answer.split_once("\r\n\r\n")?;
        head.starts_with("HTTP/1.1 200").then_some(())?;
        serde_json::from_str(body).ok()
    }

    /// Everything a node has logged in all its lives.
    pub(crate) fn log(&self, node: usize) -> String {
        std::fs::read_to_string(self.nodes[node].log()).unwrap_or_default()
    }

    /// Opens the database of a node that is not running.
    pub(crate) fn store(&self, node: usize) -> Store {
        let folder = &self.nodes[node].folder;
        let keys = NodeKeys::load(&folder.join(KEYS_FOLDER)).expect("its keys");
        let owner = [
            &keys.identity.peer_key().0[..],
            &CHAIN_ID.to_be_bytes(),
            &self.controller.0,
        ];
        Store::open(&folder.join("store"), &owner.concat()).expect("opens")
    }

    /// Stops everything. Nodes stop by themselves; one that does not fails the test.
    pub(crate) async fn stop(self) {
        for (number, node) in self.nodes.iter().enumerate() {
            let Some(mut child) = node.lock().take() else {
                continue;
            };
            drop(child.stdin.take());
            let start = Instant::now();
            let status = loop {
                if let Some(status) = child.try_wait().expect("a child") {
                    break status;
                }
                if start.elapsed() > PATIENCE {
                    let _ = child.kill();
                }
                tokio::time::sleep(POLL).await;
            };
            assert!(
                status.success(),
                "node {number} ended with {status}; its log:\n{}",
                self.log(number)
            );
        }
        for node in 0..self.nodes.len() {
            assert!(!self.log(node).contains("panicked"), "{}", self.log(node));
        }
        let Self { chain, folder, .. } = self;
        chain.stop().await;
        folder.close().expect("removed");
    }
}

impl Node {
    fn log(&self) -> PathBuf {
        self.folder.join("node.log")
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Option<Child>> {
        self.process.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A test that fails leaves nothing running.
impl Drop for Node {
    fn drop(&mut self) {
        if let Some(mut child) = self.lock().take() {
            let _ = child.kill();
            let _ = child.wait();
        }
    }
}

/// Ports that are free now. They lie below those that systems give to outgoing connections, so that
/// they are still free when a node comes back.
fn free_ports(count: usize) -> Vec<SocketAddr> {
    let mut held = Vec::new();
    while held.len() < count {
        let port = rand::rng().random_range(12_000..30_000);
        held.extend(TcpListener::bind((Ipv4Addr::LOCALHOST, port)));
    }
    let address = |listener: &TcpListener| listener.local_addr().expect("bound");
    held.iter().map(address).collect()
}
