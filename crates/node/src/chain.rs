//! The node's side of the chain: follows blocks for the party, submits its calls, sees whether it answers.

use std::sync::Arc;
use std::sync::mpsc::SyncSender;
use std::time::Duration;

use enigma_chain::{Chain, ChainError, Wallet};
use enigma_core::{Call, EffectId, Outcome};
use enigma_wire::controller::BlockEvents;
use enigma_wire::ledger::Ledger;
use tokio::sync::mpsc;
use tokio::task::JoinSet;

use crate::NodeConfig;
use crate::telemetry::Telemetry;

/// Shortest and longest pause between attempts to reach the chain.
const RETRY_MIN: Duration = Duration::from_millis(500);
const RETRY_MAX: Duration = Duration::from_secs(15);
/// Pause between looks whether the chain answers.
const WATCH_PAUSE: Duration = Duration::from_secs(10);

/// Hands every block to the party, in order, from the beginning. Ends with an error when the chain is no
/// longer the one that was read: what the party learnt from it does not hold.
pub(crate) async fn follow(
    chain: Chain,
    from_block: u64,
    blocks: SyncSender<(BlockEvents, bool)>,
    wake: crate::driver::Waker,
) -> Result<(), ChainError> {
    let mut follower = chain.follow(from_block);
    loop {
        let (block, caught_up) = follower.next().await?;
        // Waiting here is the stated behaviour when the party is busy.
        let sent = tokio::task::block_in_place(|| blocks.send((block, caught_up)));
        if sent.is_err() {
            return Ok(());
        }
        wake();
    }
}

/// Performs the party's calls, each until it is final; the wallet sends them in order.
pub(crate) async fn submit(
    chain: Chain,
    operator: Wallet,
    mut calls: mpsc::Receiver<(EffectId, Call)>,
    done: SyncSender<(EffectId, Outcome)>,
    wake: crate::driver::Waker,
) {
    // At most one for each running job.
    let mut running = JoinSet::new();
    loop {
        tokio::select! {
            call = calls.recv() => {
                let Some((id, call)) = call else { return };
                let (chain, operator) = (chain.clone(), operator.clone());
                let overtaken = overtaken(&call);
                running.spawn(async move {
                    let outcome = match perform(&chain, &operator, call).await {
                        Ok(()) => Outcome::Submitted,
                        Err(error) if overtaken.iter().any(|rule| error.is_revert(rule)) => {
                            tracing::debug!(%error, "another call came first");
                            Outcome::Overtaken
                        }
                        Err(error) => Outcome::Failed(error.to_string()),
                    };
                    (id, outcome)
                });
            }
            Some(Ok((id, outcome))) = running.join_next() => {
                if done.send((id, outcome)).is_err() {
                    return;
                }
                wake();
            }
        }
    }
}

/// The rules that refuse a call when somebody else's came first: every member submits in its turn, and
/// requesters may cancel.
fn overtaken(call: &Call) -> &'static [&'static str] {
    match call {
        Call::StartJob(_) => &["AlreadyStarted", "JobNotOpen"],
        Call::Settle { .. } | Call::FailJob { .. } => &["JobNotOpen"],
    }
}

async fn perform(chain: &Chain, operator: &Wallet, call: Call) -> Result<(), ChainError> {
    match call {
        Call::StartJob(job) => chain.start_job(operator, job).await,
        Call::Settle {
            certificate,
            effects,
            members,
            signatures,
        } => {
            let quorum = (&members[..], &signatures[..]);
            chain.settle(operator, &certificate, &effects, quorum).await
        }
        Call::FailJob {
            failure,
            members,
            signatures,
        } => {
            chain
                .fail_job(operator, &failure, &members, &signatures)
                .await
        }
    }
}

/// Connects to the chain and its controller, however long it takes until the chain answers.
///
/// # Errors
/// When the chain answers, but not as it should.
pub(crate) async fn connect(config: &NodeConfig) -> Result<Chain, ChainError> {
    patiently(|| dial(config)).await
}

/// Connects to the chain and its controller, with the configured confirmations.
///
/// # Errors
/// When the chain does not answer, or not as it should.
pub(crate) async fn dial(config: &NodeConfig) -> Result<Chain, ChainError> {
    let chain = Chain::connect(&config.chain_url, Some(config.controller)).await?;
    Ok(match config.confirmations {
        Some(confirmations) => chain.with_confirmations(confirmations.into()),
        None => chain,
    })
}

/// Tries until the chain answers, with growing pauses; gives what it answers.
pub(crate) async fn patiently<T, F: Future<Output = Result<T, ChainError>>>(
    mut attempt: impl FnMut() -> F,
) -> Result<T, ChainError> {
    let mut pause = RETRY_MIN;
    loop {
        match attempt().await {
            Err(error @ ChainError::Unreachable { .. }) => {
                tracing::warn!(%error, "waiting for the chain");
                tokio::time::sleep(pause).await;
                pause = (pause * 2).min(RETRY_MAX);
            }
            answer => return answer,
        }
    }
}

/// The controller's state now.
pub(crate) async fn ledger(chain: &Chain, from_block: u64) -> Result<Ledger, ChainError> {
    let head = chain.head().await?;
    let mut ledger = Ledger::default();
    for block in chain.events(from_block, head.number).await? {
        ledger
            .apply_block(&block)
            .map_err(|error| ChainError::Unexpected(error.to_string()))?;
    }
    Ok(ledger)
}

/// Looks now and then whether the chain answers, so that its silence shows also when nothing happens.
pub(crate) async fn watch(chain: Chain, telemetry: Arc<Telemetry>) {
    loop {
        if let Ok(head) = chain.head().await {
            telemetry.chain_answered(head.number);
        }
        tokio::time::sleep(WATCH_PAUSE).await;
    }
}
