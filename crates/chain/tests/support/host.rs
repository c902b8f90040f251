//! The chains that tests run on: the embedded one and anvil, each over HTTP and WebSockets.

use std::io::{BufRead as _, BufReader};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use enigma_chain::dev::{DevChain, DevConfig};
use serde_json::json;

use super::{CHAIN_ID, COINS, config, key, rpc};

/// Where a test's chain runs, and how it is asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    Embedded,
    EmbeddedWs,
    Anvil,
    AnvilWs,
}

thread_local! {
    /// The kind this test runs on; each test has its own thread.
    static KIND: std::cell::Cell<Kind> = const { std::cell::Cell::new(Kind::Embedded) };
}

impl Kind {
    /// Chooses the chain of this thread's test; says whether it can be had.
    pub(crate) fn choose(self) -> bool {
        KIND.with(|kind| kind.set(self));
        matches!(self, Self::Embedded | Self::EmbeddedWs) || anvil().is_some()
    }

    pub(crate) fn chosen() -> Self {
        KIND.with(std::cell::Cell::get)
    }
}

/// Makes of each test without parameters one for each kind of chain.
macro_rules! on_every_chain {
    ($($test:ident),* $(,)?) => {
        mod on_every_chain {
            $(mod $test {
                use crate::support::host::Kind;

                #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
                async fn embedded() {
                    assert!(Kind::Embedded.choose());
                    crate::$test().await;
                }

                #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
                async fn embedded_by_websocket() {
                    assert!(Kind::EmbeddedWs.choose());
                    crate::$test().await;
                }

                #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
                async fn anvil() {
                    if Kind::Anvil.choose() {
                        crate::$test().await;
                    }
                }

                #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
                async fn anvil_by_websocket() {
                    if Kind::AnvilWs.choose() {
                        crate::$test().await;
                    }
                }
            })*
        }
    };
}
pub(crate) use on_every_chain;

/// The path of anvil: what `ENIGMA_ANVIL` says, else what was installed in the target folder. None is
/// said aloud, and is a failure when `ENIGMA_REQUIRE_ANVIL` is set.
#[allow(clippy::print_stdout)] // A test that did not run says so.
pub(crate) fn anvil() -> Option<PathBuf> {
    let named = std::env::var_os("ENIGMA_ANVIL").map(PathBuf::from);
    let found = named.or_else(installed_anvil);
    if found.is_none() {
        assert!(
            std::env::var_os("ENIGMA_REQUIRE_ANVIL").is_none(),
            "anvil is required but neither ENIGMA_ANVIL nor the target folder names it"
        );
        println!("SKIPPED: no anvil here; .ci/run shows how to install it");
    }
    found
}

/// This program is somewhere in the target folder; tools are in the folder `tools` beside.
fn installed_anvil() -> Option<PathBuf> {
    let program = std::env::current_exe().ok()?;
    program.ancestors().find_map(|folder| {
        let packages = folder.join("tools/node_modules/@foundry-rs");
        let mut entries = std::fs::read_dir(packages).ok()?.flatten();
        entries.find_map(|entry| {
            let binary = entry.path().join("bin/anvil");
            binary.is_file().then_some(binary)
        })
    })
}

/// A running chain of either kind.
pub(crate) enum Host {
    Embedded(DevChain),
    Anvil(Anvil),
}

impl Host {
    /// Starts the chosen kind of chain, with coins for the tests' accounts.
    pub(crate) async fn start(dir: &Path) -> Self {
        match Kind::chosen() {
            Kind::Embedded | Kind::EmbeddedWs => {
                Self::Embedded(DevChain::start(config(dir)).await.expect("starts"))
            }
            Kind::Anvil | Kind::AnvilWs => {
                let state = dir.join("anvil.json");
                let state = state.to_str().expect("text");
                Self::Anvil(Anvil::start(&["--state", state]).await)
            }
        }
    }

    /// Stops the chain; it can be started again where it was.
    pub(crate) async fn stop(self) -> Stopped {
        let address = self.addr();
        match self {
            Self::Embedded(chain) => chain.stop().await,
            Self::Anvil(anvil) => anvil.stop_with_state(),
        }
        Stopped { address }
    }

    pub(crate) fn addr(&self) -> SocketAddr {
        match self {
            Self::Embedded(chain) => chain.addr(),
            Self::Anvil(anvil) => anvil.address,
        }
    }

    /// For requests by hand.
    pub(crate) fn url(&self) -> String {
        format!("http://{}", self.addr())
    }

    /// As the chosen kind asks.
    pub(crate) fn client_url(&self) -> String {
        match Kind::chosen() {
            Kind::Embedded | Kind::Anvil => self.url(),
            Kind::EmbeddedWs | Kind::AnvilWs => format!("ws://{}", self.addr()),
        }
    }
}

/// Where a chain was.
pub(crate) struct Stopped {
    address: SocketAddr,
}

impl Stopped {
    /// Starts the chain again, at the same place.
    pub(crate) async fn start(self, dir: &Path) -> Host {
        self.start_another(dir, CHAIN_ID).await
    }

    /// Starts the chain of a folder there.
    pub(crate) async fn start_another(self, dir: &Path, chain_id: u64) -> Host {
        let config = DevConfig {
            listen: self.address,
            chain_id,
            ..config(dir)
        };
        match Kind::chosen() {
            Kind::Embedded | Kind::EmbeddedWs => {
                // The old listener may take a moment to let go.
                for _ in 0..50 {
                    match DevChain::start(config.clone()).await {
                        Ok(chain) => return Host::Embedded(chain),
                        Err(_) => tokio::time::sleep(Duration::from_millis(100)).await,
                    }
                }
                panic!("the chain does not start again");
            }
            Kind::Anvil | Kind::AnvilWs => {
                let state = dir.join("anvil.json");
                if !state.exists() {
                    // Begun in the same second, it would be the same chain.
                    tokio::time::sleep(Duration::from_millis(1_100)).await;
                }
                let options = ["--state", state.to_str().expect("text")];
                let anvil = Anvil::start_at(self.address.port(), chain_id, &options);
                anvil.fund().await;
                Host::Anvil(anvil)
            }
        }
    }
}

/// A process of anvil, ended when dropped.
pub(crate) struct Anvil {
    child: Child,
    pub(crate) address: SocketAddr,
}

impl Anvil {
    /// Starts anvil on a free port, with coins for the tests' accounts.
    pub(crate) async fn start(options: &[&str]) -> Self {
        let this = Self::start_at(0, CHAIN_ID, options);
        this.fund().await;
        this
    }

    /// Gives all tests' accounts coins.
    async fn fund(&self) {
        for seed in 0..=255 {
            let coins = format!("{COINS:#x}");
            let params = json!([key(seed).address().to_string(), coins]);
            rpc(&self.url(), "anvil_setBalance", params).await;
        }
    }

    fn start_at(port: u16, chain_id: u64, options: &[&str]) -> Self {
        let binary = anvil().expect("looked for before");
        let mut child = Command::new(binary)
            .args(["--host", "127.0.0.1", "--accounts", "1"])
            .args(["--port", &port.to_string()])
            .args(["--chain-id", &chain_id.to_string()])
            .args(options)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .expect("anvil starts");
        let mut lines = BufReader::new(child.stdout.take().expect("piped")).lines();
        let address = loop {
            let line = lines.next().expect("anvil listens").expect("text");
            if let Some(address) = line.strip_prefix("Listening on ") {
                break address.parse().expect("an address");
            }
        };
        // It goes on telling what it does.
        std::thread::spawn(move || lines.for_each(drop));
        Self { child, address }
    }

    pub(crate) fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// Ends it by an interrupt, on which it writes its state.
    fn stop_with_state(mut self) {
        let id = self.child.id().to_string();
        let status = Command::new("kill").args(["-INT", &id]).status();
        assert!(status.expect("kill runs").success());
        self.child.wait().expect("ends");
    }

    fn end(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

impl Drop for Anvil {
    fn drop(&mut self) {
        self.end();
    }
}
