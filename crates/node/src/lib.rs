//! The node daemon: performs the effects of `core::Party` with the real network, disk and chain, and
//! serves the public HTTP API.
//!
//! Threads: one for the party (all decisions and field arithmetic), one for the committee links
//! (`net`), one for the disk, and a runtime for the API and the chain. The party never waits for any
//! of them; everything it hears arrives in bounded queues.

mod api;
pub mod bench;
mod chain;
mod config;
mod disk;
mod driver;
mod keys;
mod metrics;
mod operator;
pub mod rehearsal;
mod run;
mod telemetry;
#[cfg(test)]
mod written;

pub use api::description as openapi;
pub use config::{
    ConfigError, ENVIRONMENT_PREFIX, LogFormat, LogLevel, NodeConfig, Place, SETTINGS, Setting,
};
pub use keys::{KeyError, NodeKeys};
pub use operator::{Registration, Withdrawal, register, withdraw};
pub use run::run;

/// The folder of a node's keys in its data folder.
pub const KEYS_FOLDER: &str = "keys";
