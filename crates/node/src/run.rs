//! Starts a node, runs it until it is told to stop, and stops it cleanly.

use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::sync_channel;
use std::time::Duration;

use anyhow::Context as _;
use enigma_chain::{Chain, Wallet};
use enigma_core::{Config, Keys, Party, Timeouts};
use enigma_net::{Inbox, Net};
use enigma_store::Store;
use enigma_wire::controller::NodeInfo;
use enigma_wire::eip712::Domain;
use enigma_wire::id::PeerKey;
use rand::TryRng as _;
use tokio::net::TcpListener;
use tokio::sync::{mpsc, watch};

use crate::disk::Disk;
use crate::driver::{Driver, Waker};
use crate::keys::NodeKeys;
use crate::telemetry::Telemetry;
use crate::{KEYS_FOLDER, NodeConfig, api, chain, metrics, operator};

/// Blocks, disk requests and submissions that may wait.
const QUEUE_LEN: usize = 4096;
/// How long requests in hand may take to end when the node stops.
const API_FAREWELL: Duration = Duration::from_secs(2);

/// Runs a node until `stop` resolves. While the chain cannot be reached the node waits for it.
///
/// # Errors
/// When the configuration, keys, disk or network cannot be used, or the chain holds no such controller;
/// the message says which.
pub async fn run(config: NodeConfig, stop: impl Future<Output = ()>) -> anyhow::Result<()> {
    let keys = NodeKeys::load(&config.data_dir.join(KEYS_FOLDER))
        .context("cannot load the node's keys; `enigma node init` makes them")?;
    tokio::pin!(stop);
    let doors = Doors::open(&config, &keys).await?;
    let bell = doors.frames.bell();
    let wake: Waker = Arc::new(move || bell.ring());
    let info = operator::advertised(
        &config,
        &keys,
        doors.net.local_addr(),
        doors.api.local_addr()?,
    );
    tracing::info!(peer = %info.peer_address, api = %info.api_address, "listening");
    let telemetry = Arc::new(Telemetry::default());

    let joining = join(&config, &keys, &info);
    let (chain, from_block) = tokio::select! {
        joined = joining => joined?,
        () = &mut stop => return Ok(()),
    };
    let domain = Domain {
        chain_id: chain.chain_id(),
        controller: config.controller,
    };
    telemetry.chain_answered(from_block);
    let disk = open_disk(
        &config.data_dir,
        keys.identity.peer_key(),
        &domain,
        &telemetry,
    )?;

    let (requests_in, requests) = mpsc::channel(api::QUEUE_LEN);
    let (blocks_in, blocks) = sync_channel(QUEUE_LEN);
    let (disk_in, disk_requests) = sync_channel(QUEUE_LEN);
    let (disk_done_in, disk_done) = sync_channel(QUEUE_LEN);
    let (submissions, calls) = mpsc::channel(QUEUE_LEN);
    let (submitted_in, submitted) = sync_channel(QUEUE_LEN);
    let stopping = Arc::new(AtomicBool::new(false));
    let driver = Driver {
        party: party(&keys, domain)?,
        net: doors.net,
        frames: doors.frames,
        requests,
        blocks,
        disk: disk_in,
        disk_done,
        submissions,
        submitted,
        stop: stopping.clone(),
        telemetry: telemetry.clone(),
    };
    let disk_wake = wake.clone();
    let disk_thread = std::thread::Builder::new()
        .name("disk".to_owned())
        .spawn(move || disk.run(&disk_requests, &disk_done_in, &disk_wake))?;
    let driver_thread = std::thread::Builder::new()
        .name("party".to_owned())
        .spawn(move || driver.run())?;

    let wallet = Wallet::new(keys.operator.clone());
    let mut follow = tokio::spawn(chain::follow(
        chain.clone(),
        from_block,
        blocks_in,
        wake.clone(),
    ));
    let tasks = [
        tokio::spawn(chain::submit(
            chain.clone(),
            wallet,
            calls,
            submitted_in,
            wake.clone(),
        )),
        tokio::spawn(chain::watch(chain, telemetry.clone())),
        tokio::spawn(metrics::serve(doors.metrics, telemetry.clone())),
    ];
    let (end_api, api_ended) = watch::channel(());
    let gate = api::Gate::new(domain, info.peer_key);
    let router = api::router(requests_in, wake.clone(), gate, telemetry, &config);
    let server = tokio::spawn(api::serve(
        doors.api,
        router,
        api::Limits::from(&config),
        api_ended,
    ));

    // The chain is followed as long as the node runs, unless it turns out to be another.
    let lost = tokio::select! {
        () = stop => None,
        ended = &mut follow => ended?.err(),
    };
    tracing::info!("stopping");
    drop(end_api);
    let _ = tokio::time::timeout(API_FAREWELL, server).await;
    follow.abort();
    for task in tasks {
        task.abort();
    }
    stopping.store(true, Ordering::Release);
    wake();
    let joined = tokio::task::spawn_blocking(move || (driver_thread.join(), disk_thread.join()));
    let (party, disk) = joined.await?;
    anyhow::ensure!(
        party.is_ok() && disk.is_ok(),
        "a thread of the node ended with a panic"
    );
    match lost {
        Some(error) => Err(error.into()),
        None => Ok(()),
    }
}

/// Everything the node listens on.
struct Doors {
    net: Net,
    frames: Inbox,
    api: TcpListener,
    metrics: Option<TcpListener>,
}

impl Doors {
    async fn open(config: &NodeConfig, keys: &NodeKeys) -> anyhow::Result<Self> {
        let identity = enigma_net::Identity::from_pkcs8(&keys.identity.to_pkcs8())?;
        let net_config = enigma_net::Config {
            version: env!("CARGO_PKG_VERSION").to_owned(),
            clock_skew_max: Duration::from_secs(config.clock_skew_seconds.into()),
            ..enigma_net::Config::new(identity, config.listen_peer)
        };
        let (net, frames) = Net::start(net_config).context("setting listen_peer")?;
        let api = listen(config.listen_api, "listen_api").await?;
        let metrics = match config.listen_metrics {
            Some(address) => Some(listen(address, "listen_metrics").await?),
            None => None,
        };
        Ok(Self {
            net,
            frames,
            api,
            metrics,
        })
    }
}

async fn listen(address: SocketAddr, setting: &str) -> anyhow::Result<TcpListener> {
    TcpListener::bind(address)
        .await
        .with_context(|| format!("setting {setting}: cannot listen on {address}"))
}

/// Waits for the chain, and registers the node there if need be; gives the first block to read.
async fn join(
    config: &NodeConfig,
    keys: &NodeKeys,
    info: &NodeInfo,
) -> anyhow::Result<(Chain, u64)> {
    let chain = chain::connect(config).await?;
    let from_block = chain::patiently(|| chain.deployment_block()).await?;
    let ledger = chain::patiently(|| chain::ledger(&chain, from_block)).await?;
    let known = operator::known(&ledger, info)?;
    if known.is_none() && config.register {
        operator::put_down(&chain, config, keys, info)
            .await
            .context("cannot register on the chain")?;
    }
    Ok((chain, from_block))
}

fn party(keys: &NodeKeys, domain: Domain) -> anyhow::Result<Party> {
    let mut seed = [0u8; 32];
    rand::rngs::SysRng
        .try_fill_bytes(&mut seed)
        .context("the operating system gave no randomness")?;
    let config = Config {
        peer_key: keys.identity.peer_key(),
        domain,
        timeouts: Timeouts::default(),
        version: env!("CARGO_PKG_VERSION").to_owned(),
    };
    let keys = Keys {
        signer: keys.signer.clone(),
        seal: keys.seal_copy(),
    };
    Ok(Party::new(config, keys, seed))
}

/// Opens the node's data, which belongs to one node of one controller on one chain.
fn open_disk(
    data_dir: &Path,
    node: PeerKey,
    domain: &Domain,
    telemetry: &Arc<Telemetry>,
) -> anyhow::Result<Disk<Store>> {
    let folder = data_dir.join("store");
    let owner = [
        &node.0[..],
        &domain.chain_id.to_be_bytes(),
        &domain.controller.0,
    ]
    .concat();
    let store = Store::open(&folder, &owner).context("cannot open the node's data")?;
    if let Some(damage) = store.damage() {
        anyhow::bail!(
            "the node's data in {} is damaged: {damage}; restore a backup",
            folder.display()
        );
    }
    let open = move || Store::open(&folder, &owner);
    Ok(Disk::new(store, open, telemetry.clone()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use enigma_wire::id::Address;

    const DOMAIN: Domain = Domain {
        chain_id: 1,
        controller: Address([7; 20]),
    };
    const NODE: PeerKey = PeerKey([1; 32]);

    fn open(folder: &Path, node: PeerKey, domain: &Domain) -> Result<Disk<Store>, String> {
        open_disk(folder, node, domain, &Arc::default()).map_err(|error| format!("{error:#}"))
    }

    /// A node's folder with keys, and its settings.
    fn node(chain_url: &str) -> (tempfile::TempDir, NodeConfig) {
        let folder = tempfile::tempdir().expect("temporary folder");
        NodeKeys::generate(&folder.path().join(KEYS_FOLDER), &mut rand::rng()).expect("keys");
        let config = NodeConfig {
            data_dir: folder.path().to_owned(),
            ..NodeConfig::new(chain_url.to_owned(), DOMAIN.controller)
        };
        (folder, config)
    }

    #[test]
    fn foreign_data_is_refused() {
        let folder = tempfile::tempdir().expect("temporary folder");
        drop(open(folder.path(), NODE, &DOMAIN).expect("made"));
        drop(open(folder.path(), NODE, &DOMAIN).expect("opened again"));
        let other_chain = Domain {
            chain_id: 2,
            ..DOMAIN
        };
        let other_controller = Domain {
            controller: Address([8; 20]),
            ..DOMAIN
        };
        for (node, domain) in [
            (PeerKey([2; 32]), DOMAIN),
            (NODE, other_chain),
            (NODE, other_controller),
        ] {
            let error = open(folder.path(), node, &domain).err().expect("refused");
            assert!(
                error.contains("of another node, chain or controller"),
                "{error}"
            );
        }
    }

    #[test]
    fn data_in_use_is_refused() {
        let folder = tempfile::tempdir().expect("temporary folder");
        let first = open(folder.path(), NODE, &DOMAIN).expect("made");
        let error = open(folder.path(), NODE, &DOMAIN).err().expect("refused");
        assert!(error.contains("in use by another process"), "{error}");
        drop(first);
        open(folder.path(), NODE, &DOMAIN).expect("free again");
    }

    #[test]
    fn corrupt_data_is_refused() {
        let folder = tempfile::tempdir().expect("temporary folder");
        drop(open(folder.path(), NODE, &DOMAIN).expect("made"));
        let path = folder.path().join("store/enigma.redb");
        let mut bytes = std::fs::read(&path).expect("the data file");
        // Both copies of the database's header are behind the first 64 bytes.
        bytes[64..320].fill(0xff);
        std::fs::write(&path, bytes).expect("written");
        let error = open(folder.path(), NODE, &DOMAIN).err().expect("refused");
        assert!(
            error.contains("damaged") || error.contains("not a data file"),
            "{error}"
        );
    }

    #[tokio::test]
    async fn a_port_in_use_is_named() {
        let taken = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let address = taken.local_addr().expect("bound");
        let (_folder, config) = node("http://127.0.0.1:1");
        let cases = [
            (
                "listen_peer",
                NodeConfig {
                    listen_peer: address,
                    ..config.clone()
                },
            ),
            (
                "listen_api",
                NodeConfig {
                    listen_api: address,
                    ..config.clone()
                },
            ),
            (
                "listen_metrics",
                NodeConfig {
                    listen_metrics: Some(address),
                    ..config.clone()
                },
            ),
        ];
        for (setting, config) in cases {
            let error = run(config, std::future::pending())
                .await
                .expect_err("refused");
            let error = format!("{error:#}");
            assert!(
                error.contains(setting) && error.contains(&address.to_string()),
                "{error}"
            );
        }
    }

    #[tokio::test]
    async fn a_node_waits_for_a_chain_that_cannot_be_reached() {
        let silent = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let url = format!("http://{}", silent.local_addr().expect("bound"));
        let (_folder, config) = node(&url);
        // Two connections that are closed at once: the node has tried again after the first failure.
        let tried_again = async {
            for _ in 0..2 {
                drop(silent.accept().await);
            }
        };
        run(config, tried_again)
            .await
            .expect("it waits until it is told to stop");
    }
}
