//! `enigma devnet`: a chain and nodes that stay up on this machine and survive restarts.

mod control;
mod layout;
mod running;

use std::path::PathBuf;

use clap::{Args, Subcommand};
use serde_json::json;

use crate::context::Context;
use crate::local::chain::ExternalChain;
use crate::report::{self, Problem};
use control::Action;
use layout::{Layout, Wanted};
use running::Running;

/// Where the embedded chain listens when no port is named.
const DEFAULT_PORT: u16 = 8545;

#[derive(Debug, Args)]
#[command(
    args_conflicts_with_subcommands = true,
    after_help = "Examples:
  enigma devnet
  enigma devnet --nodes 5 --dir my-net --port 0
  enigma devnet kill 2          (in another terminal; stop and start work alike)

The folder keeps everything: start again with the same --dir to go on. Ctrl-C stops chain and nodes."
)]
pub(crate) struct DevnetOptions {
    #[command(subcommand)]
    command: Option<DevnetCommand>,
    /// How many nodes a new devnet gets [default: 3].
    #[arg(long, value_name = "N", value_parser = crate::args::committee_size)]
    nodes: Option<u8>,
    /// The devnet's folder [default: devnet in the folder of --home].
    #[arg(long, value_name = "DIR")]
    dir: Option<PathBuf>,
    /// The chain's port; the nodes use those after it. 0 takes any free ones [default: 8545].
    #[arg(long, value_name = "PORT")]
    port: Option<u16>,
    #[command(flatten)]
    chain: ExternalChain,
    /// Stop when standard input ends.
    #[arg(long, hide = true)]
    stop_with_input: bool,
}

#[derive(Debug, Subcommand)]
enum DevnetCommand {
    /// Start a node that was stopped or killed.
    Start(NodeOptions),
    /// Stop a node; the others go on.
    Stop(NodeOptions),
    /// Kill a node, as a crash would.
    Kill(NodeOptions),
}

/// Which node of which devnet.
#[derive(Debug, Args)]
struct NodeOptions {
    /// The node's number.
    #[arg(value_name = "NODE")]
    node: usize,
    /// The devnet's folder [default: devnet in the folder of --home].
    #[arg(long, value_name = "DIR")]
    dir: Option<PathBuf>,
}

/// Runs a devnet, or tells a running one what to do with a node.
pub(crate) fn run(context: &Context, options: &DevnetOptions) -> Result<(), Problem> {
    match &options.command {
        None => crate::runtime()?.block_on(keep_up(context, options)),
        Some(DevnetCommand::Start(node)) => tell(context, node, Action::Start),
        Some(DevnetCommand::Stop(node)) => tell(context, node, Action::Stop),
        Some(DevnetCommand::Kill(node)) => tell(context, node, Action::Kill),
    }
}

fn tell(context: &Context, options: &NodeOptions, action: Action) -> Result<(), Problem> {
    let folder = folder(context, options.dir.as_ref())?;
    let done = crate::runtime()?.block_on(control::ask(&folder, action, options.node))?;
    if context.json {
        report::data(&json!({"node": options.node, "state": done}).to_string());
    } else {
        report::data(&format!("node {} is {done}", options.node));
    }
    Ok(())
}

fn folder(context: &Context, named: Option<&PathBuf>) -> Result<PathBuf, Problem> {
    named.cloned().map_or_else(|| context.devnet_folder(), Ok)
}

async fn keep_up(context: &Context, options: &DevnetOptions) -> Result<(), Problem> {
    let folder = folder(context, options.dir.as_ref())?;
    let wanted = Wanted {
        nodes: options.nodes,
        port: options.port,
        external: options.chain.chain.as_deref(),
    };
    let layout = Layout::open(&folder, &wanted)?;
    let stop = crate::node::stop_signal(options.stop_with_input);
    tokio::pin!(stop);
    // Ctrl-C counts from the beginning.
    let mut running = tokio::select! {
        running = Running::start(layout, &options.chain) => running?,
        () = &mut stop => return Ok(()),
    };
    running.tell(context);
    let outcome = running.serve(stop).await;
    running.stop().await;
    outcome
}
