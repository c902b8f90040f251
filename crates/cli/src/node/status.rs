//! `enigma node status`: what the chain says about a node, and what the running node says.

use std::time::{SystemTime, UNIX_EPOCH};

use enigma_client::Network;
use enigma_node::{KEYS_FOLDER, NodeConfig, NodeKeys};
use enigma_wire::api::NodeStatus;
use enigma_wire::id::{CollectionId, JobId, NodeId, PeerKey};
use enigma_wire::ledger::{JobState, Ledger, NodeRecord};
use serde_json::{Value, json};

use super::{args::StatusOptions, config, keys_problem, runtime};
use crate::context::Context;
use crate::report::{self, Problem};

/// How a node stands.
struct Standing {
    /// Its registration, if there is one.
    registered: Option<(NodeId, NodeRecord)>,
    operator: String,
    balance: u128,
    committees: Vec<u64>,
    open_jobs: Vec<u64>,
    block: u64,
    /// What the running node says; otherwise why it says nothing.
    running: Result<NodeStatus, String>,
}

/// Says how a node stands.
pub(crate) fn status(context: &Context, options: &StatusOptions) -> Result<(), Problem> {
    let config = config(&options.source)?;
    let keys = NodeKeys::load(&config.data_dir.join(KEYS_FOLDER)).map_err(keys_problem)?;
    let standing = runtime()?.block_on(look(&config, &keys))?;
    let now = SystemTime::now().duration_since(UNIX_EPOCH);
    let now = now.map_or(0, |time| time.as_secs());
    if context.json {
        report::data(&object(&standing, now).to_string());
    } else {
        report::data(&text(&standing, now));
    }
    Ok(())
}

async fn look(config: &NodeConfig, keys: &NodeKeys) -> Result<Standing, Problem> {
    let network = Network::connect(&config.chain_url, config.controller).await?;
    let ledger = network.ledger();
    let registered = find(ledger, keys.identity.peer_key());
    let operator = keys.operator.address();
    let own = registered.as_ref().map(|(node, _)| *node);
    let is_on = |committee: Option<&[NodeId]>| {
        own.is_some_and(|node| committee.is_some_and(|nodes| nodes.contains(&node)))
    };
    let serves = |collection: &CollectionId| is_on(ledger.committee(*collection));
    let computes = |job: JobId| is_on(ledger.job_committee(job));
    let committees: Vec<_> = ledger.collections.keys().copied().filter(serves).collect();
    let open_jobs = ledger
        .jobs
        .iter()
        .filter(|(id, job)| job.state == JobState::Open && computes(**id))
        .map(|(id, _)| id.0)
        .collect();
    let running = match own {
        Some(node) => network
            .node_status(node)
            .await
            .map_err(|error| error.to_string()),
        None => Err("the node is not registered, so that nobody knows where it is".to_owned()),
    };
    Ok(Standing {
        operator: operator.to_string(),
        balance: network.chain().balance_of(operator).await?,
        committees: committees.iter().map(|id| id.0).collect(),
        open_jobs,
        block: ledger.head.number,
        registered,
        running,
    })
}

fn find(ledger: &Ledger, peer_key: PeerKey) -> Option<(NodeId, NodeRecord)> {
    let mut nodes = ledger.nodes.iter();
    let (node, record) = nodes.find(|(_, record)| record.info.peer_key == peer_key)?;
    Some((*node, record.clone()))
}

/// The node's clock less ours.
fn clock_offset(status: &NodeStatus, now: u64) -> i64 {
    i64::try_from(i128::from(status.time) - i128::from(now)).unwrap_or(i64::MAX)
}

fn object(standing: &Standing, now: u64) -> Value {
    let registered = standing.registered.as_ref().map(|(node, record)| {
        json!({
            "node": node,
            "deposit": record.deposit.to_string(),
            "since_block": record.since,
            "retired_in_block": record.until,
            "releasable_at": record.releasable_at,
            "peer_address": record.info.peer_address,
            "api_address": record.info.api_address,
        })
    });
    let running = match &standing.running {
        Ok(status) => json!({"status": status, "clock_offset_seconds": clock_offset(status, now)}),
        Err(why) => json!({"unreachable": why}),
    };
    json!({
        "registered": registered,
        "operator": standing.operator,
        "balance": standing.balance.to_string(),
        "committees": standing.committees,
        "open_jobs": standing.open_jobs,
        "block": standing.block,
        "running": running,
    })
}

fn text(standing: &Standing, now: u64) -> String {
    let mut lines = Vec::new();
    let mut line = |name: &str, value: String| lines.push(format!("{name:<12} {value}"));
    match &standing.registered {
        None => line("registered", "no".to_owned()),
        Some((node, record)) => {
            line(
                "registered",
                format!("node {node}, since block {}", record.since),
            );
            line("deposit", report::amount(record.deposit));
            if let (Some(block), Some(time)) = (record.until, record.releasable_at) {
                line(
                    "retired",
                    format!("in block {block}; the deposit is locked until {time} (Unix seconds)"),
                );
            }
            line("peers", record.info.peer_address.clone());
            line("clients", record.info.api_address.clone());
        }
    }
    line(
        "operator",
        format!(
            "{}, {}",
            standing.operator,
            report::amount(standing.balance)
        ),
    );
    line("collections", list(&standing.committees));
    line("open jobs", list(&standing.open_jobs));
    line("chain", format!("block {}", standing.block));
    match &standing.running {
        Err(why) => line("running", format!("no answer: {why}")),
        Ok(status) => {
            line(
                "running",
                format!(
                    "version {}, link protocol {}",
                    status.version, status.protocol
                ),
            );
            line(
                "block",
                format!(
                    "{}, {} behind",
                    status.block,
                    standing.block.saturating_sub(status.block)
                ),
            );
            line(
                "clock",
                format!("{:+} s against this machine", clock_offset(status, now)),
            );
            line("jobs", format!("{} in hand", status.jobs));
            line(
                "links",
                format!("{} of {} up", status.links, status.peers.len()),
            );
            for peer in &status.peers {
                let state = if peer.connected { "up" } else { "down" };
                let version = peer.version.as_deref().unwrap_or("version unknown");
                let clock = peer
                    .clock_offset_seconds
                    .map_or_else(String::new, |offset| format!(", clock {offset:+} s"));
                line("", format!("{} {state}, {version}{clock}", peer.peer));
            }
        }
    }
    lines.join("\n")
}

fn list(numbers: &[u64]) -> String {
    if numbers.is_empty() {
        return "none".to_owned();
    }
    let words: Vec<String> = numbers.iter().map(u64::to_string).collect();
    words.join(", ")
}
