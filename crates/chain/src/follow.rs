//! Follows the chain block by block, without gaps, through lost connections.

use std::collections::VecDeque;
use std::time::Duration;

use enigma_wire::controller::BlockEvents;

use crate::Chain;

/// Pause between looks at the chain.
const POLL: Duration = Duration::from_millis(60);
/// Longest pause after failures.
const POLL_MAX: Duration = Duration::from_secs(5);
/// Blocks read at once when catching up.
const RANGE: u64 = 500;

/// Yields every block once, in order.
#[derive(Debug)]
pub struct Follower {
    chain: Chain,
    next: u64,
    head: u64,
    ready: VecDeque<BlockEvents>,
}

impl Follower {
    pub(crate) fn new(chain: Chain, from_block: u64) -> Self {
        Self {
            chain,
            next: from_block,
            head: 0,
            ready: VecDeque::new(),
        }
    }

    /// The next block, and whether it is the last one there is. Waits for it as long as it takes; while
    /// the chain cannot be reached, tries again with growing pauses.
    pub async fn next(&mut self) -> (BlockEvents, bool) {
        let mut pause = POLL;
        loop {
            if let Some(block) = self.ready.pop_front() {
                let last = block.number >= self.head;
                return (block, last);
            }
            match self.read().await {
                Ok(true) => {}
                Ok(false) => {
                    pause = POLL;
                    tokio::time::sleep(pause).await;
                }
                Err(error) => {
                    tracing::warn!(%error, "cannot read the chain; trying again");
                    tokio::time::sleep(pause).await;
                    pause = (pause * 2).min(POLL_MAX);
                }
            }
        }
    }

    async fn read(&mut self) -> Result<bool, crate::ChainError> {
        self.head = self.chain.head().await?.number;
        if self.head < self.next {
            return Ok(false);
        }
        let last = self.head.min(self.next + RANGE - 1);
        self.ready.extend(self.chain.events(self.next, last).await?);
        self.next = last + 1;
        Ok(true)
    }
}
