//! The node's side of the chain: follows blocks for the party, submits its calls, registers the node.

use std::sync::mpsc::SyncSender;

use enigma_chain::{Chain, Wallet};
use enigma_core::{Call, EffectId, Outcome};
use enigma_wire::controller::{BlockEvents, NodeInfo};
use enigma_wire::eip712::{Domain, NodeBinding};
use tokio::sync::mpsc;

use crate::NodeConfig;
use crate::keys::NodeKeys;

/// Hands every block to the party, in order, from the beginning.
pub(crate) async fn follow(
    chain: Chain,
    from_block: u64,
    blocks: SyncSender<(BlockEvents, bool)>,
    wake: enigma_net::Waker,
) {
    let mut follower = chain.follow(from_block);
    loop {
        let (block, caught_up) = follower.next().await;
        // Waiting here is the stated behaviour when the party is busy.
        let sent = tokio::task::block_in_place(|| blocks.send((block, caught_up)));
        if sent.is_err() {
            return;
        }
        wake();
    }
}

/// Performs the party's calls, one after the other.
pub(crate) async fn submit(
    chain: Chain,
    operator: Wallet,
    mut calls: mpsc::Receiver<(EffectId, Call)>,
    done: SyncSender<(EffectId, Outcome)>,
    wake: enigma_net::Waker,
) {
    while let Some((id, call)) = calls.recv().await {
        let result = match call {
            Call::StartJob(job) => chain.start_job(&operator, job).await,
            Call::Settle {
                certificate,
                members,
                signatures,
            } => {
                chain
                    .settle(&operator, &certificate, &members, &signatures)
                    .await
            }
            Call::FailJob {
                failure,
                members,
                signatures,
            } => {
                chain
                    .fail_job(&operator, &failure, &members, &signatures)
                    .await
            }
        };
        let outcome = match result {
            Ok(_) => Outcome::Submitted,
            Err(error) => Outcome::Failed(error.to_string()),
        };
        if done.send((id, outcome)).is_err() {
            return;
        }
        wake();
    }
}

/// Registers the node unless a live registration with its key exists already.
pub(crate) async fn register(
    chain: &Chain,
    domain: &Domain,
    config: &NodeConfig,
    keys: &NodeKeys,
    info: NodeInfo,
) -> anyhow::Result<()> {
    let operator = Wallet::new(keys.operator.clone());
    let deposit = match config.deposit {
        Some(deposit) => u128::from(deposit),
        None => chain.min_deposit().await?,
    };
    let binding = NodeBinding {
        operator: keys.operator.address(),
        info: &info,
    };
    let proof = keys.signer.sign(&domain.digest(&binding));
    chain
        .register_node(&operator, &info, &proof, deposit)
        .await?;
    Ok(())
}
