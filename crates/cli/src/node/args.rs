//! The arguments of `enigma node`.

use std::net::SocketAddr;
use std::path::PathBuf;

use clap::{Args, Subcommand};
use enigma_wire::id::Address;

#[derive(Debug, Subcommand)]
pub(crate) enum NodeCommand {
    /// Make a node's keys and configuration file.
    Init(InitOptions),
    /// Run a node until it is told to stop (Ctrl-C).
    Run(RunOptions),
    /// Register a node on the chain and put its deposit down; once is enough.
    Register(RegisterOptions),
    /// Say how a node stands, by the chain and by the running node itself.
    Status(StatusOptions),
    /// Retire a node; when its deposit is no longer locked, take deposit and fees out.
    Withdraw(WithdrawOptions),
}

/// Where a node's settings come from.
#[derive(Debug, Args)]
pub(crate) struct Source {
    /// The node's configuration file; environment variables `ENIGMA_NODE_KEY` override it.
    #[arg(long, value_name = "FILE")]
    pub(crate) config: PathBuf,
    /// Override one setting of file and environment.
    #[arg(long = "set", value_name = "KEY=VALUE", value_parser = setting)]
    pub(crate) settings: Vec<(String, String)>,
}

#[derive(Debug, Args)]
#[command(after_help = "Example:
  enigma node init --dir node-1 --chain http://127.0.0.1:8545 --controller 0x5fbdb2315678afecb367f032d93f642f64180aa3")]
pub(crate) struct InitOptions {
    /// The node's new folder.
    #[arg(long, value_name = "DIR")]
    pub(crate) dir: PathBuf,
    /// The chain's JSON-RPC endpoint.
    #[arg(long, value_name = "URL")]
    pub(crate) chain: String,
    /// The controller contract's address.
    #[arg(long, value_name = "ADDRESS")]
    pub(crate) controller: Address,
    /// Where committee members connect.
    #[arg(long, value_name = "HOST:PORT", default_value = "127.0.0.1:0")]
    pub(crate) listen_peer: SocketAddr,
    /// Where the public HTTP API listens.
    #[arg(long, value_name = "HOST:PORT", default_value = "127.0.0.1:0")]
    pub(crate) listen_api: SocketAddr,
}

#[derive(Debug, Args)]
#[command(after_help = "Examples:
  enigma node run --config node-1/node.toml
  ENIGMA_NODE_LOG_FORMAT=text enigma node run --config node-1/node.toml --set log_level=debug")]
pub(crate) struct RunOptions {
    #[command(flatten)]
    pub(crate) source: Source,
    /// Stop when standard input ends, as it does when the process that started the node is gone.
    #[arg(long)]
    pub(crate) stop_with_input: bool,
}

#[derive(Debug, Args)]
#[command(after_help = "Example:
  enigma node register --config node-1/node.toml")]
pub(crate) struct RegisterOptions {
    #[command(flatten)]
    pub(crate) source: Source,
}

#[derive(Debug, Args)]
#[command(after_help = "Examples:
  enigma node status --config node-1/node.toml
  enigma node status --config node-1/node.toml --json")]
pub(crate) struct StatusOptions {
    #[command(flatten)]
    pub(crate) source: Source,
}

#[derive(Debug, Args)]
#[command(
    after_help = "Example (twice: now, and when the deposit is no longer locked):
  enigma node withdraw --config node-1/node.toml"
)]
pub(crate) struct WithdrawOptions {
    #[command(flatten)]
    pub(crate) source: Source,
}

fn setting(text: &str) -> Result<(String, String), String> {
    let (key, value) = text
        .split_once('=')
        .ok_or("a setting is written KEY=VALUE")?;
    Ok((key.trim().to_owned(), value.to_owned()))
}
