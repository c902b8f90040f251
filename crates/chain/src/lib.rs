//! Client of the controller contract on any EVM chain, and an embedded development chain.
//!
//! The client speaks the vocabulary of `wire::controller`; the RPC library stays inside. What it
//! promises: calls of one wallet get nonces in order; a refused call is reported by the controller's own
//! reason; blocks are followed without gaps.

mod abi;
mod client;
pub mod dev;
mod error;
mod events;
mod follow;
mod interface;
mod logs;
mod reason;
mod rpc;
mod transact;
#[cfg(test)]
mod typed;
mod wallet;

pub use client::SignedContribution;
pub use error::ChainError;
pub use follow::Follower;
pub use rpc::Chain;
pub use wallet::Wallet;
