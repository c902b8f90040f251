//! What an operator does with a node's registration: make it, and end it.

use anyhow::Context as _;
use enigma_chain::{Chain, Wallet};
use enigma_wire::controller::{Amount, NodeInfo};
use enigma_wire::eip712::{Domain, NodeBinding};
use enigma_wire::id::{NodeId, PeerKey};
use enigma_wire::ledger::{Ledger, NodeRecord};
use std::net::SocketAddr;

use crate::keys::NodeKeys;
use crate::{KEYS_FOLDER, NodeConfig, chain};

/// A node's registration.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Registration {
    /// Its number.
    pub node: NodeId,
    /// What is locked for it.
    pub deposit: Amount,
    /// It was registered before.
    pub already: bool,
}

/// How far a withdrawal got.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Withdrawal {
    /// The node was retired now.
    Retired {
        /// When the deposit may be taken back (Unix seconds, by the chain's clock).
        releasable_at: u64,
    },
    /// The node was retired before, and the deposit is still locked.
    Locked {
        /// When the deposit may be taken back (Unix seconds, by the chain's clock).
        releasable_at: u64,
        /// The chain's clock now.
        now: u64,
    },
    /// Deposit and fees were paid out to the operator's account.
    Paid {
        /// How much.
        amount: Amount,
    },
}

/// Registers the node unless the chain knows it already.
///
/// # Errors
/// When keys or chain cannot be used, the operator has too few coins, or the configured addresses are
/// not fixed or not those that are registered.
pub async fn register(config: &NodeConfig) -> anyhow::Result<Registration> {
    let keys = keys(config)?;
    let fixed = |public: &Option<String>, listen: SocketAddr, names: &str| {
        anyhow::ensure!(
            public.is_some() || listen.port() != 0,
            "{names} must name a fixed address before the node is registered"
        );
        Ok(())
    };
    fixed(
        &config.public_peer,
        config.listen_peer,
        "listen_peer or public_peer",
    )?;
    fixed(
        &config.public_api,
        config.listen_api,
        "listen_api or public_api",
    )?;
    let info = advertised(config, &keys, config.listen_peer, config.listen_api);
    let chain = chain::dial(config).await?;
    let from_block = chain.deployment_block().await?;
    let before = chain::ledger(&chain, from_block).await?;
    let already = known(&before, &info)?.is_some();
    if !already {
        put_down(&chain, config, &keys, &info).await?;
    }
    let after = chain::ledger(&chain, from_block).await?;
    let (node, record) = record(&after, info.peer_key)
        .context("the registration is not on the chain yet; ask again with `enigma node status`")?;
    Ok(Registration {
        node,
        deposit: record.deposit,
        already,
    })
}

/// Retires the node; once its deposit is no longer locked, takes deposit and fees out.
///
/// # Errors
/// When keys or chain cannot be used or the node is not registered.
pub async fn withdraw(config: &NodeConfig) -> anyhow::Result<Withdrawal> {
    let keys = keys(config)?;
    let operator = Wallet::new(keys.operator.clone());
    let peer_key = keys.identity.peer_key();
    let chain = chain::dial(config).await?;
    let from_block = chain.deployment_block().await?;
    let ledger = chain::ledger(&chain, from_block).await?;
    let (_, own) = record(&ledger, peer_key).context("this node is not registered")?;
    let Some(releasable_at) = own.releasable_at else {
        chain.retire_node(&operator).await?;
        let ledger = chain::ledger(&chain, from_block).await?;
        let releasable_at = record(&ledger, peer_key).and_then(|(_, own)| own.releasable_at);
        let releasable_at =
            releasable_at.context("the node was retired, but the chain does not say so yet")?;
        return Ok(Withdrawal::Retired { releasable_at });
    };
    let now = chain.head().await?.time;
    if own.deposit > 0 && now < releasable_at {
        return Ok(Withdrawal::Locked { releasable_at, now });
    }
    if own.deposit > 0 {
        chain.release_deposit(&operator).await?;
    }
    let credit = chain.credit_of(operator.address()).await?;
    let amount = match credit {
        0 => 0,
        _ => chain.withdraw(&operator).await?,
    };
    Ok(Withdrawal::Paid { amount })
}

fn keys(config: &NodeConfig) -> anyhow::Result<NodeKeys> {
    NodeKeys::load(&config.data_dir.join(KEYS_FOLDER))
        .context("cannot load the node's keys; `enigma node init` makes them")
}

/// What the node says about itself when it registers; the addresses are those it listens on unless
/// others are to be told.
pub(crate) fn advertised(
    config: &NodeConfig,
    keys: &NodeKeys,
    peer: SocketAddr,
    api: SocketAddr,
) -> NodeInfo {
    NodeInfo {
        peer_key: keys.identity.peer_key(),
        seal_key: keys.seal.public(),
        signer: keys.signer.address(),
        peer_address: config
            .public_peer
            .clone()
            .unwrap_or_else(|| peer.to_string()),
        api_address: config
            .public_api
            .clone()
            .unwrap_or_else(|| format!("http://{api}")),
    }
}

/// The node's registration as it should be now, if there is one.
///
/// # Errors
/// When it is registered with other keys or addresses.
pub(crate) fn known(ledger: &Ledger, info: &NodeInfo) -> anyhow::Result<Option<NodeId>> {
    match record(ledger, info.peer_key) {
        None => Ok(None),
        Some((node, record)) if record.info == *info => Ok(Some(node)),
        Some((node, record)) => anyhow::bail!(
            "this node is registered as node {node} with other addresses ({} and {}); set listen_peer and listen_api, \
             or public_peer and public_api, to them",
            record.info.peer_address,
            record.info.api_address
        ),
    }
}

fn record(ledger: &Ledger, peer_key: PeerKey) -> Option<(NodeId, &NodeRecord)> {
    let mut nodes = ledger.nodes.iter();
    let (node, record) = nodes.find(|(_, record)| record.info.peer_key == peer_key)?;
    Some((*node, record))
}

/// Registers the node and puts its deposit down.
pub(crate) async fn put_down(
    chain: &Chain,
    config: &NodeConfig,
    keys: &NodeKeys,
    info: &NodeInfo,
) -> anyhow::Result<()> {
    let operator = Wallet::new(keys.operator.clone());
    let deposit = match config.deposit {
        Some(deposit) => u128::from(deposit),
        None => chain.min_deposit().await?,
    };
    let balance = chain.balance_of(operator.address()).await?;
    anyhow::ensure!(
        balance > deposit,
        "the operator {} has {balance} of the chain's smallest unit, and the deposit alone is {deposit}; send it coins",
        operator.address()
    );
    let domain = Domain {
        chain_id: chain.chain_id(),
        controller: config.controller,
    };
    let binding = NodeBinding {
        operator: operator.address(),
        info,
    };
    let proof = keys.signer.sign(&domain.digest(&binding));
    chain
        .register_node(&operator, info, &proof, deposit)
        .await?;
    Ok(())
}
