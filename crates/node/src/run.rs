//! Starts a node, runs it until it is told to stop, and stops it cleanly.

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::sync_channel;

use anyhow::Context as _;
use enigma_chain::{Chain, Wallet};
use enigma_core::{Config, Keys, Party, Timeouts};
use enigma_net::{Net, Waker};
use enigma_store::Store;
use enigma_wire::controller::{Event, NodeInfo};
use enigma_wire::eip712::Domain;
use rand::TryRng as _;
use tokio::net::TcpListener;
use tokio::sync::{mpsc, oneshot};

use crate::driver::Driver;
use crate::keys::NodeKeys;
use crate::{NodeConfig, api, chain, disk};

/// Blocks, disk requests and submissions that may wait.
const QUEUE_LEN: usize = 4096;

/// Runs a node until `stop` resolves.
///
/// # Errors
/// When the configuration, keys, disk, network or chain cannot be used; the message says which.
pub async fn run(config: NodeConfig, stop: impl Future<Output = ()>) -> anyhow::Result<()> {
    let keys_folder = config.data_dir.join("keys");
    let keys = NodeKeys::load(&keys_folder)
        .context("cannot load the node's keys; `enigma node init` makes them")?;
    let store = open_store(&config.data_dir, &keys)?;
    let chain = Chain::connect(&config.chain_url, Some(config.controller)).await?;
    let domain = Domain {
        chain_id: chain.chain_id(),
        controller: config.controller,
    };

    let party_thread: Arc<std::sync::OnceLock<std::thread::Thread>> = Arc::default();
    let wake: Waker = {
        let thread = party_thread.clone();
        Arc::new(move || thread.get().map_or((), std::thread::Thread::unpark))
    };
    let peer_key = keys.identity.peer_key();
    let identity = enigma_net::Identity::from_pkcs8(&keys.identity.to_pkcs8())?;
    let net_config = enigma_net::Config::new(identity, config.listen_peer);
    let (net, frames) =
        Net::start(net_config, wake.clone()).context("cannot listen for committee members")?;
    let listener = TcpListener::bind(config.listen_api)
        .await
        .with_context(|| format!("cannot listen for clients at {}", config.listen_api))?;
    let info = NodeInfo {
        peer_key,
        seal_key: keys.seal.public(),
        signer: keys.signer.address(),
        peer_address: config
            .public_peer
            .clone()
            .unwrap_or_else(|| net.local_addr().to_string()),
        api_address: match &config.public_api {
            Some(address) => address.clone(),
            None => format!("http://{}", listener.local_addr()?),
        },
    };
    tracing::info!(peer = %info.peer_address, api = %info.api_address, "listening");

    let (requests_in, requests) = mpsc::channel(api::QUEUE_LEN);
    let (blocks_in, blocks) = sync_channel(QUEUE_LEN);
    let (disk_in, disk_requests) = sync_channel(QUEUE_LEN);
    let (disk_done_in, disk_done) = sync_channel(QUEUE_LEN);
    let (submissions, calls) = mpsc::channel(QUEUE_LEN);
    let (submitted_in, submitted) = sync_channel(QUEUE_LEN);
    let stopping = Arc::new(AtomicBool::new(false));

    let mut seed = [0u8; 32];
    rand::rngs::SysRng
        .try_fill_bytes(&mut seed)
        .context("the operating system gave no randomness")?;
    let party_config = Config {
        peer_key,
        domain,
        timeouts: Timeouts::default(),
        version: env!("CARGO_PKG_VERSION").to_owned(),
    };
    let party_keys = Keys {
        signer: keys.signer.clone(),
        seal: keys.seal_copy(),
    };
    let driver = Driver {
        party: Party::new(party_config, party_keys, seed),
        net,
        frames,
        requests,
        blocks,
        disk: disk_in,
        disk_done,
        submissions,
        submitted,
        stop: stopping.clone(),
    };
    let disk_wake = wake.clone();
    let disk_thread = std::thread::Builder::new()
        .name("disk".to_owned())
        .spawn(move || disk::run(&store, &disk_requests, &disk_done_in, &disk_wake))?;
    let driver_thread = std::thread::Builder::new()
        .name("party".to_owned())
        .spawn(move || driver.run())?;
    // Nothing can have been sent before: the sources are started below.
    let _ = party_thread.set(driver_thread.thread().clone());

    let from_block = chain.deployment_block().await?;
    if !is_registered(&chain, from_block, &info).await? {
        chain::register(&chain, &domain, &config, &keys, info)
            .await
            .context("cannot register on the chain")?;
    }
    let follow = tokio::spawn(chain::follow(
        chain.clone(),
        from_block,
        blocks_in,
        wake.clone(),
    ));
    let operator = Wallet::new(keys.operator.clone());
    let submit = tokio::spawn(chain::submit(
        chain.clone(),
        operator,
        calls,
        submitted_in,
        wake.clone(),
    ));
    let (end_api, api_ended) = oneshot::channel::<()>();
    let gate = api::Gate::new(domain, peer_key);
    let router = api::router(requests_in, wake.clone(), gate);
    let service = router.into_make_service_with_connect_info::<std::net::SocketAddr>();
    let server = tokio::spawn(async move {
        axum::serve(listener, service)
            .with_graceful_shutdown(async { drop(api_ended.await) })
            .await
    });

    stop.await;
    tracing::info!("stopping");
    let _ = end_api.send(());
    follow.abort();
    submit.abort();
    stopping.store(true, Ordering::Release);
    wake();
    let joined = tokio::task::spawn_blocking(move || (driver_thread.join(), disk_thread.join()));
    let (party, disk) = joined.await?;
    server.abort();
    anyhow::ensure!(
        party.is_ok() && disk.is_ok(),
        "a thread of the node ended with a panic"
    );
    Ok(())
}

fn open_store(data_dir: &Path, keys: &NodeKeys) -> anyhow::Result<Store> {
    let owner = keys.identity.peer_key().0;
    let store =
        Store::open(&data_dir.join("store"), &owner).context("cannot open the node's data")?;
    if let Some(damage) = store.damage() {
        anyhow::bail!("the node's data is damaged: {damage}");
    }
    Ok(store)
}

/// Is this node registered with the keys and addresses it has now?
async fn is_registered(chain: &Chain, from_block: u64, info: &NodeInfo) -> anyhow::Result<bool> {
    let head = chain.head().await?;
    let blocks = chain.events(from_block, head.number).await?;
    let mut events = blocks.iter().flat_map(|block| &block.events);
    let same_key = events.find_map(|event| match event {
        Event::NodeRegistered { info: known, .. } if known.peer_key == info.peer_key => Some(known),
        _ => None,
    });
    match same_key {
        None => Ok(false),
        Some(known) if known == info => Ok(true),
        Some(known) => anyhow::bail!(
            "this node is registered with other addresses ({} and {}); set listen_peer and listen_api to them",
            known.peer_address,
            known.api_address
        ),
    }
}
