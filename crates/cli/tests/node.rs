//! A node's life through the commands, against an embedded chain: made, registered, run, shown, retired.

mod support;

use std::io::{Read as _, Write as _};
use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::time::Duration;

use enigma_chain::dev::{DevChain, DevConfig};
use enigma_chain::{Chain, Wallet};
use enigma_wire::controller::{Amount, Prices};
use enigma_wire::id::Address;
use enigma_wire::sign::SecretKey;
use support::{run, stderr, stdout};

const COIN: Amount = 1_000_000_000_000_000_000;

/// A chain with a controller, and a folder for everything.
struct World {
    chain: DevChain,
    client: Chain,
    controller: Address,
    funder: Wallet,
    folder: tempfile::TempDir,
}

impl World {
    async fn new() -> Self {
        let folder = tempfile::tempdir().expect("temporary folder");
        let funder = Wallet::new(SecretKey::random(&mut rand::rng()));
        let config = DevConfig {
            dir: folder.path().join("chain"),
            chain_id: 7,
            listen: SocketAddr::from((Ipv4Addr::LOCALHOST, 0)),
            funded: vec![(funder.address(), 1_000 * COIN)],
        };
        let chain = DevChain::start(config).await.expect("the chain starts");
        let client = Chain::connect(&chain.url(), None).await.expect("connects");
        let prices = Prices {
            base: 1,
            per_multiplication: 1,
            per_round: 1,
            per_kilobyte: 1,
        };
        let controller = client
            .deploy_controller(&funder, &prices, COIN, 0)
            .await
            .expect("deployed");
        Self {
            chain,
            client,
            controller,
            funder,
            folder,
        }
    }

    /// Makes a node with fixed addresses; gives its configuration file and its operator's account.
    fn init(&self, name: &str) -> (PathBuf, Address) {
        let folder = self.folder.path().join(name);
        let output = self.try_init(&folder);
        assert!(output.status.success(), "{}", stderr(&output));
        let text = stdout(&output);
        let operator = text.lines().find_map(|line| line.strip_prefix("operator"));
        let operator = operator.and_then(|word| word.trim().parse().ok());
        (
            folder.join("node.toml"),
            operator.expect("the operator's account"),
        )
    }

    fn try_init(&self, folder: &Path) -> Output {
        run(&[
            "node",
            "init",
            "--dir",
            &folder.display().to_string(),
            "--chain",
            &self.chain.url(),
            "--controller",
            &self.controller.to_string(),
            "--listen-peer",
            &free_address(),
            "--listen-api",
            &free_address(),
        ])
    }
}

fn free_address() -> String {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("a free port");
    listener.local_addr().expect("bound").to_string()
}

fn node(command: &str, config: &Path, more: &[&str]) -> Output {
    let config = config.display().to_string();
    run(&[&["node", command, "--config", &config], more].concat())
}

fn object(output: &Output) -> serde_json::Value {
    assert!(output.status.success(), "{}", stderr(output));
    serde_json::from_slice(&output.stdout).expect("one JSON object")
}

/// A node's process; it ends when its input does.
struct Process(Child);

impl Process {
    fn start(config: &Path, more: &[&str]) -> Self {
        let child = Command::new(env!("CARGO_BIN_EXE_enigma"))
            .args(["node", "run", "--stop-with-input", "--config"])
            .arg(config)
            .args(more)
            .stdin(Stdio::piped())
            .stderr(Stdio::null())
            .spawn();
        Self(child.expect("the node starts"))
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        drop(self.0.stdin.take());
        let _ = self.0.wait();
    }
}

/// The answer to a GET request: status line, headers and body.
fn get(address: &str, path: &str) -> String {
    let mut stream = TcpStream::connect(address).expect("somebody listens");
    let request = format!("GET {path} HTTP/1.1\r\nhost: {address}\r\nconnection: close\r\n\r\n");
    stream.write_all(request.as_bytes()).expect("sent");
    let mut answer = String::new();
    stream.read_to_string(&mut answer).expect("text");
    answer
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_node_is_made_registered_run_shown_and_retired() {
    let world = World::new().await;
    let (config, operator) = world.init("node");
    let again = world.try_init(&world.folder.path().join("node"));
    assert_eq!(again.status.code(), Some(2));
    assert!(
        stderr(&again).contains("holds a node already"),
        "{}",
        stderr(&again)
    );

    let poor = node("register", &config, &[]);
    assert_eq!(poor.status.code(), Some(1));
    assert!(
        stderr(&poor).contains(&operator.to_string()),
        "{}",
        stderr(&poor)
    );
    let status = object(&node("status", &config, &["--json"]));
    assert!(status["registered"].is_null(), "{status}");

    let funded = world
        .client
        .transfer(&world.funder, operator, 10 * COIN)
        .await;
    funded.expect("coins");
    let first = object(&node("register", &config, &["--json"]));
    assert_eq!(first["node"], 1);
    assert_eq!(first["already"], false);
    assert_eq!(first["deposit"], COIN.to_string());
    assert_eq!(
        object(&node("register", &config, &["--json"]))["already"],
        true
    );

    let metrics = free_address();
    let process = Process::start(&config, &["--set", &format!("listen_metrics={metrics}")]);
    let status = loop {
        let status = object(&node("status", &config, &["--json"]));
        if status["running"]["status"]["node"].is_number() {
            break status;
        }
        std::thread::sleep(Duration::from_millis(100));
    };
    let running = &status["running"]["status"];
    assert_eq!(running["node"], 1);
    assert_eq!(running["version"], env!("CARGO_PKG_VERSION"));
    assert_eq!(running["block"], status["block"]);
    let page = get(&metrics, "/metrics");
    assert!(page.starts_with("HTTP/1.1 200"), "{page}");
    assert!(page.contains("\nenigma_ready 1\n"), "{page}");
    let text = stdout(&node("status", &config, &[]));
    for word in [
        "node 1, since block",
        "link protocol",
        "0 behind",
        "0 of 0 up",
    ] {
        assert!(text.contains(word), "{word} in\n{text}");
    }

    // The same data in a second process, with other ports and the registered addresses.
    let registered = &status["registered"];
    let word = |key: &str| registered[key].as_str().expect("an address").to_owned();
    let second = Command::new(env!("CARGO_BIN_EXE_enigma"))
        .args(["node", "run", "--config"])
        .arg(&config)
        .args(["--set", "listen_peer=127.0.0.1:0"])
        .args(["--set", "listen_api=127.0.0.1:0"])
        .args(["--set", &format!("public_peer={}", word("peer_address"))])
        .args(["--set", &format!("public_api={}", word("api_address"))])
        .stdin(Stdio::null())
        .output()
        .expect("the binary starts");
    assert_eq!(second.status.code(), Some(1));
    let errors = stderr(&second);
    assert!(errors.contains("in use by another process"), "{errors}");
    drop(process);

    assert_eq!(
        object(&node("withdraw", &config, &["--json"]))["state"],
        "retired"
    );
    let paid = object(&node("withdraw", &config, &["--json"]));
    assert_eq!(paid["state"], "paid");
    assert_eq!(paid["amount"], COIN.to_string());
    let status = object(&node("status", &config, &["--json"]));
    assert_eq!(status["registered"]["deposit"], "0");
    world.chain.stop().await;
}

#[test]
fn settings_that_do_not_exist_are_named_with_a_suggestion() {
    let folder = tempfile::tempdir().expect("temporary folder");
    let path = folder.path().join("node.toml");
    std::fs::write(&path, "chain_url = \"http://a\"\nlisten_apy = 1\n").expect("write");
    for command in ["run", "register", "status", "withdraw"] {
        let output = node(command, &path, &[]);
        assert_eq!(output.status.code(), Some(2));
        let errors = stderr(&output);
        assert!(errors.contains("node.toml:2"), "{errors}");
        assert!(errors.contains("did you mean \"listen_api\"?"), "{errors}");
        assert!(errors.contains("\nhint: "), "{errors}");
    }
}

/// Not a test of speed: says what an idle node uses, for the operator's page.
#[cfg(target_os = "linux")]
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
#[ignore = "measures for half a minute"]
#[allow(clippy::print_stderr)] // What it is for.
async fn what_an_idle_node_uses() {
    let world = World::new().await;
    let (config, operator) = world.init("node");
    let funded = world.client.transfer(&world.funder, operator, 10 * COIN);
    funded.await.expect("coins");
    let process = Process::start(&config, &[]);
    let read = |name: &str| {
        let path = format!("/proc/{}/{name}", process.0.id());
        std::fs::read_to_string(path).expect("the process runs")
    };
    // Fields 14 and 15 are ticks of processor time, a hundredth of a second each.
    let ticks = || -> u64 {
        let stat = read("stat");
        let after_name = stat.rsplit(')').next().expect("fields");
        let fields = after_name.split_whitespace().skip(11).take(2);
        fields
            .map(|field| field.parse::<u64>().expect("ticks"))
            .sum()
    };
    tokio::time::sleep(Duration::from_secs(5)).await;
    let before = ticks();
    tokio::time::sleep(Duration::from_secs(30)).await;
    let used = ticks() - before;
    let status = read("status");
    let memory = status.lines().find(|line| line.starts_with("VmRSS"));
    eprintln!("idle for 30 s: {used} ticks of 10 ms, {memory:?}");
    drop(process);
    world.chain.stop().await;
}
