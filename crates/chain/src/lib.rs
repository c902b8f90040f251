//! Client of the controller contract on any EVM chain, and an embedded development chain.
//!
//! The client speaks the vocabulary of `wire::controller`; the RPC library stays inside. What it
//! promises: calls of one wallet get nonces in order, and none is lost or made twice; a refused call is
//! reported by the controller's own reason; blocks are followed without gaps, once enough others follow
//! them, and a chain that takes more back, or another one, is an error.

mod abi;
mod chain;
mod client;
pub mod dev;
mod error;
mod events;
mod follow;
mod interface;
mod logs;
mod reason;
mod refusal;
mod rpc;
mod transact;
#[cfg(test)]
mod typed;
mod wallet;

pub use chain::Chain;
pub use client::SignedContribution;
pub use error::ChainError;
pub use follow::Follower;
pub use wallet::Wallet;
