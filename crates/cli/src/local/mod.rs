//! A network on this machine: an embedded chain in this process, and each node a process of its own with
//! its own folder. The demo lives in one for a minute, `enigma devnet` keeps one.

pub(crate) mod chain;
pub(crate) mod nodes;

use std::net::{Ipv4Addr, SocketAddr};

use enigma_wire::controller::{Amount, Prices};

/// The chain's smallest units in a coin.
pub(crate) const COIN: Amount = 1_000_000_000_000_000_000;
/// Deposit of each node, and how long it stays locked after retiring.
pub(crate) const MIN_DEPOSIT: Amount = COIN;
pub(crate) const UNBONDING_SECONDS: u64 = 24 * 3600;
/// What jobs cost on networks made here.
pub(crate) const PRICES: Prices = Prices {
    base: COIN / 1_000,
    per_multiplication: COIN / 10_000_000_000,
    per_round: COIN / 10_000_000,
    per_kilobyte: COIN / 1_000_000_000,
};
/// What every funded account gets to begin with.
pub(crate) const FUNDS: Amount = 100 * COIN;

/// A port of this machine, for this machine only; 0 is any free one.
pub(crate) fn loopback(port: u16) -> SocketAddr {
    SocketAddr::from((Ipv4Addr::LOCALHOST, port))
}
