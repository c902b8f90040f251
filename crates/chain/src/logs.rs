//! The controller's log by block, in pieces that endpoints allow and without tears.

use std::collections::BTreeMap;
use std::time::Duration;

use alloy::primitives::B256;
use alloy::rpc::types::{BlockNumberOrTag, Filter, Log};
use alloy::sol_types::SolEvent as _;
use enigma_wire::controller::{BlockEvents, Event};
use enigma_wire::ledger::Head;

use crate::abi::{Controller, account, hash};
use crate::rpc::Fault;
use crate::{Chain, ChainError, Follower, events};

/// Most blocks whose log is asked for at once.
pub(crate) const SPAN: u64 = 2_000;
/// Times the chain may change under a reading before it is given up.
const READ_TRIES: u32 = 5;
/// Pause between them.
const READ_PAUSE: Duration = Duration::from_millis(15);

/// The events of a block that is known so far by its log only.
struct Found {
    hash: Option<B256>,
    time: Option<u64>,
    events: Vec<Event>,
}

impl Chain {
    /// Blocks from `from` to `to` that hold events of the controller, and `to` itself, with their events
    /// in order. All are of one chain: ancestors of the block that is `to` at the end.
    ///
    /// # Errors
    /// When the chain cannot be reached, has no block `to` or changes all the time, or a log is not a
    /// controller's.
    pub async fn events(&self, from: u64, to: u64) -> Result<Vec<BlockEvents>, ChainError> {
        for _ in 0..READ_TRIES {
            if let Some(blocks) = self.read_events(from, to).await? {
                return Ok(blocks);
            }
            tokio::time::sleep(READ_PAUSE).await;
        }
        Err(ChainError::Unexpected(format!(
            "block {to} is missing, or changed each time it was read"
        )))
    }

    /// Follows the chain from a block on.
    pub fn follow(&self, from_block: u64) -> Follower {
        Follower::new(self.clone(), from_block)
    }

    /// The block in which the controller was deployed: that of its first event.
    ///
    /// # Errors
    /// When the chain cannot be reached or the contract is not a controller.
    pub async fn deployment_block(&self) -> Result<u64, ChainError> {
        let controller = self.controller()?;
        let head = self.head().await?.number;
        let mut to = head;
        // All at once where the endpoint allows it; else backwards, for controllers are rarely old.
        let mut span = to + 1;
        loop {
            let from = (to + 1).saturating_sub(span);
            let filter = Filter::new()
                .address(account(controller))
                .event_signature(Controller::Configured::SIGNATURE_HASH)
                .from_block(from)
                .to_block(to);
            let logs: Result<Vec<Log>, Fault> = self.endpoint().ask("eth_getLogs", (filter,)).await;
            match logs {
                Ok(logs) => match logs.first().map(|log| (log.block_number, log.block_hash)) {
                    Some((Some(number), Some(at))) => {
                        if number + self.confirmations() <= head {
                            let _ = self.deployment.set((number, hash(at)));
                        }
                        return Ok(number);
                    }
                    Some(_) => return Err(ChainError::Unexpected("a log without a block".into())),
                    None if from == 0 => return Err(ChainError::NotController { controller }),
                    None => to = from - 1,
                },
                Err(Fault::Refused(_)) if span > 1 => span = span.div_ceil(2),
                Err(fault) => return Err(self.world(&fault)),
            }
        }
    }

    /// None when the chain changed meanwhile.
    async fn read_events(
        &self,
        from: u64,
        to: u64,
    ) -> Result<Option<Vec<BlockEvents>>, ChainError> {
        let Some(top) = self.header(BlockNumberOrTag::Number(to)).await? else {
            return Ok(None);
        };
        let Some(logs) = self.logs(from, &top).await? else {
            return Ok(None);
        };
        let mut found: BTreeMap<u64, Found> = BTreeMap::new();
        for log in logs {
            let number = log
                .block_number
                .ok_or_else(|| ChainError::Unexpected("a log without a block".into()))?;
            let event = events::decode(&log.inner).map_err(ChainError::Unexpected)?;
            let block = found.entry(number).or_insert_with(|| Found {
                hash: log.block_hash,
                time: log.block_timestamp,
                events: Vec::new(),
            });
            if block.hash != log.block_hash {
                return Ok(None);
            }
            block.events.extend(event);
        }
        let mut blocks = Vec::with_capacity(found.len() + 1);
        let at_top = found.remove(&to);
        for (number, block) in found {
            let Some(head) = self.head_of(number, &block).await? else {
                return Ok(None);
            };
            blocks.push(with_events(head, block.events));
        }
        blocks.push(with_events(
            top,
            at_top.map_or(Vec::new(), |block| block.events),
        ));
        // An unchanged block has unchanged ancestors: nothing of the above is of another chain.
        let unchanged = from == to || {
            let now = self.header(BlockNumberOrTag::Number(to)).await?;
            now.is_some_and(|now| now.hash == top.hash)
        };
        Ok(unchanged.then_some(blocks))
    }

    /// The controller's logs from `from` to `top`, in order; none when `top` is no longer there.
    async fn logs(&self, from: u64, top: &Head) -> Result<Option<Vec<Log>>, ChainError> {
        let filter = Filter::new().address(account(self.controller()?));
        if from == top.number {
            // By hash: an endpoint that does not have the block yet then says so.
            let filter = filter.at_block_hash(B256::from(top.hash.0));
            return match self.endpoint().ask("eth_getLogs", (filter,)).await {
                Ok(logs) => Ok(Some(logs)),
                Err(Fault::Refused(_)) => Ok(None),
                Err(fault) => Err(self.world(&fault)),
            };
        }
        let mut logs: Vec<Log> = Vec::new();
        let (mut next, mut span) = (from, SPAN);
        while next <= top.number {
            let last = top.number.min(next + span - 1);
            let filter = filter.clone().from_block(next).to_block(last);
            match self
                .endpoint()
                .ask::<Vec<Log>>("eth_getLogs", (filter,))
                .await
            {
                Ok(some) => {
                    logs.extend(some);
                    next = last + 1;
                }
                // Endpoints limit blocks or logs, each in its own words.
                Err(Fault::Refused(_)) if last > next => span = (last - next).div_ceil(2),
                Err(fault) => return Err(self.world(&fault)),
            }
        }
        logs.sort_by_key(|log| (log.block_number, log.log_index));
        Ok(Some(logs))
    }

    /// Some endpoints give the time with each log; the others are asked for the block.
    async fn head_of(&self, number: u64, found: &Found) -> Result<Option<Head>, ChainError> {
        if let (Some(known), Some(time)) = (found.hash, found.time) {
            return Ok(Some(Head {
                number,
                time,
                hash: hash(known),
            }));
        }
        self.header(BlockNumberOrTag::Number(number)).await
    }
}

fn with_events(head: Head, events: Vec<Event>) -> BlockEvents {
    BlockEvents {
        number: head.number,
        time: head.time,
        hash: head.hash,
        events,
    }
}
