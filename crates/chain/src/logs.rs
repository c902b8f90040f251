//! The controller's log, by block.

use std::collections::BTreeMap;

use alloy::providers::Provider;
use alloy::rpc::types::Filter;
use enigma_wire::controller::{BlockEvents, Event};

use crate::abi::{Controller, account};
use crate::{Chain, ChainError, Follower, events};

impl Chain {
    /// Blocks from `from` to `to` that hold events of the controller, and `to` itself, with their events
    /// in order.
    ///
    /// # Errors
    /// When the chain cannot be reached or a log is not a controller's.
    pub async fn events(&self, from: u64, to: u64) -> Result<Vec<BlockEvents>, ChainError> {
        let filter = Filter::new()
            .address(account(self.controller()?))
            .from_block(from)
            .to_block(to);
        let mut by_block: BTreeMap<u64, Vec<Event>> = BTreeMap::from([(to, Vec::new())]);
        for log in self
            .provider
            .get_logs(&filter)
            .await
            .map_err(|error| self.world(&error))?
        {
            let number = log
                .block_number
                .ok_or_else(|| ChainError::Unexpected("a log without a block".into()))?;
            if let Some(event) = events::decode(&log.inner).map_err(ChainError::Unexpected)? {
                by_block.entry(number).or_default().push(event);
            }
        }
        let mut blocks = Vec::with_capacity(by_block.len());
        for (number, events) in by_block {
            let head = self.block(number).await?;
            blocks.push(BlockEvents {
                number,
                time: head.time,
                hash: head.hash,
                events,
            });
        }
        Ok(blocks)
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
        let filter = Filter::new()
            .address(account(self.controller()?))
            .event_signature(<Controller::Configured as alloy::sol_types::SolEvent>::SIGNATURE_HASH)
            .from_block(0);
        let logs = self
            .provider
            .get_logs(&filter)
            .await
            .map_err(|error| self.world(&error))?;
        let first = logs.first().and_then(|log| log.block_number);
        first.ok_or_else(|| {
            ChainError::Misuse("the contract at this address is not a controller".to_owned())
        })
    }
}
