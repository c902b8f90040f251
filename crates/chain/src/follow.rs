//! Follows the chain block by block, without gaps or repetitions, through lost connections and
//! reorganisations up to a stated depth.
//!
//! A block is handed on once `confirmations` blocks follow it. The hashes of the last blocks handed on are
//! compared with the chain whenever it changes: when one is gone, the chain was reorganised deeper than
//! was promised, or is another chain. What was handed on cannot be taken back, so that is the end.

use std::collections::VecDeque;
use std::time::{Duration, Instant};

use alloy::rpc::types::BlockNumberOrTag;
use enigma_wire::controller::BlockEvents;
use enigma_wire::id::Hash;
use enigma_wire::ledger::Head;

use crate::logs::SPAN;
use crate::{Chain, ChainError};

/// Longest pause after failures.
const PAUSE_MAX: Duration = Duration::from_secs(5);
/// How often a chain that cannot be read is complained about.
const COMPLAIN_EVERY: Duration = Duration::from_secs(60);
/// How many of the last blocks handed on are remembered, besides the first.
const KNOWN_LEN: usize = 64;

/// Yields every block that holds events once, in order, and the last one there is.
#[derive(Debug)]
pub struct Follower {
    chain: Chain,
    next: u64,
    /// The last block that counted when we last looked.
    last_final: u64,
    ready: VecDeque<BlockEvents>,
    /// Number and hash of the first block read and of the last ones.
    known: VecDeque<(u64, Hash)>,
    /// The chain's last block when everything that counted had been read.
    seen: Option<Hash>,
    /// A request failed since the chain was last known to be the same.
    suspect: bool,
    trouble: Option<Trouble>,
}

/// Since when the chain cannot be read, and when that was last said.
#[derive(Debug)]
struct Trouble {
    since: Instant,
    said: Instant,
}

impl Follower {
    pub(crate) fn new(chain: Chain, from_block: u64) -> Self {
        Self {
            chain,
            next: from_block,
            last_final: 0,
            ready: VecDeque::new(),
            known: VecDeque::new(),
            seen: None,
            suspect: false,
            trouble: None,
        }
    }

    /// The next block, and whether it is the last one there is. Waits for it as long as it takes; while
    /// the chain cannot be read, tries again with growing pauses.
    ///
    /// # Errors
    /// Fatal ones only, see [`ChainError::is_fatal`]: the chain is another, or was reorganised deeper
    /// than its confirmations allow. What was handed on before no longer holds.
    pub async fn next(&mut self) -> Result<(BlockEvents, bool), ChainError> {
        let pace = self.chain.pace().block;
        let mut pause = pace;
        loop {
            match self.poll().await {
                Ok(found) => {
                    self.recovered();
                    if let Some(block) = found {
                        return Ok(block);
                    }
                    pause = pace;
                }
                Err(error) if error.is_fatal() => return Err(error),
                Err(error) => {
                    self.complain(&error);
                    pause = (pause * 2).min(PAUSE_MAX);
                }
            }
            tokio::time::sleep(pause).await;
        }
    }

    /// The next block if there is one now, and whether it is the last one there is.
    ///
    /// # Errors
    /// As [`Follower::next`], and when the chain cannot be read; then it may be asked again.
    pub async fn poll(&mut self) -> Result<Option<(BlockEvents, bool)>, ChainError> {
        if self.ready.is_empty() {
            let read = self.read().await;
            self.suspect |= read.is_err();
            read?;
        }
        let block = self.ready.pop_front();
        Ok(block.map(|block| {
            let last = block.number >= self.last_final;
            (block, last)
        }))
    }

    /// Reads what is new, if anything is.
    async fn read(&mut self) -> Result<(), ChainError> {
        if self.suspect {
            self.chain.check_origin().await?;
            self.suspect = false;
        }
        let latest = self.chain.head().await?;
        if self.seen == Some(latest.hash) {
            return Ok(());
        }
        let last_final = latest.number.checked_sub(self.chain.confirmations());
        let Some(last_final) = last_final.filter(|last| *last >= self.next) else {
            self.check_known(&latest).await?;
            self.seen = Some(latest.hash);
            return Ok(());
        };
        let to = last_final.min(self.next.saturating_add(SPAN - 1));
        let blocks = self.chain.events(self.next, to).await?;
        // Afterwards: what was read then follows what was handed on.
        self.check_known(&latest).await?;
        for block in &blocks {
            self.remember(block);
        }
        self.ready.extend(blocks);
        self.next = to + 1;
        self.last_final = last_final;
        self.seen = (to == last_final).then_some(latest.hash);
        Ok(())
    }

    fn remember(&mut self, block: &BlockEvents) {
        self.known.push_back((block.number, block.hash));
        if self.known.len() > KNOWN_LEN {
            // The first stays: it tells another chain from a reorganised one.
            self.known.remove(1);
        }
    }

    /// Are the blocks handed on still part of the chain?
    async fn check_known(&self, latest: &Head) -> Result<(), ChainError> {
        let Some((newest, _)) = self.known.back() else {
            return Ok(());
        };
        let mut first_gone = None;
        for (number, known) in self.known.iter().rev() {
            if *number > latest.number {
                continue;
            }
            let now = self.chain.header(BlockNumberOrTag::Number(*number)).await?;
            let Some(now) = now else {
                let why = format!("block {number} is missing");
                return Err(ChainError::Unexpected(why));
            };
            if now.hash == *known {
                return match first_gone {
                    None => Ok(()),
                    Some(block) => Err(ChainError::Reorganised {
                        url: self.chain.url().to_owned(),
                        block,
                        depth: newest + self.chain.confirmations() + 1 - block,
                        confirmations: self.chain.confirmations(),
                    }),
                };
            }
            first_gone = Some(*number);
        }
        self.chain.check_origin().await?;
        match first_gone {
            // Not even the first block read is there.
            Some(_) => Err(self.chain.replaced()),
            None => Err(ChainError::Unexpected(format!(
                "the last block is {}, but block {newest} was read before",
                latest.number
            ))),
        }
    }

    fn complain(&mut self, error: &ChainError) {
        let now = Instant::now();
        match &mut self.trouble {
            None => {
                tracing::warn!(%error, "cannot read the chain; trying again until it answers");
                self.trouble = Some(Trouble {
                    since: now,
                    said: now,
                });
            }
            Some(trouble) if now - trouble.said >= COMPLAIN_EVERY => {
                let seconds = (now - trouble.since).as_secs();
                tracing::warn!(%error, seconds, "still cannot read the chain");
                trouble.said = now;
            }
            Some(_) => {}
        }
    }

    fn recovered(&mut self) {
        if let Some(trouble) = self.trouble.take() {
            let seconds = trouble.since.elapsed().as_secs();
            tracing::info!(
                seconds,
                next_block = self.next,
                "the chain can be read again"
            );
        }
    }
}
