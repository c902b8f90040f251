//! `enigma node`: makes, registers, runs, shows and retires a node.

pub(crate) mod args;
mod status;

use std::path::Path;

use enigma_node::{
    KEYS_FOLDER, LogFormat, LogLevel, NodeConfig, NodeKeys, Registration, Withdrawal,
};
use serde_json::json;
use tokio::io::AsyncReadExt as _;
use tokio::runtime::Runtime;
use tracing_subscriber::filter::EnvFilter;

use crate::context::Context;
use crate::report::{self, Problem};
use args::{InitOptions, NodeCommand, RegisterOptions, RunOptions, Source, WithdrawOptions};

/// The configuration file's name in a node's folder.
pub(crate) const CONFIG_FILE: &str = "node.toml";

/// Performs one of the commands.
pub(crate) fn command(context: &Context, command: &NodeCommand) -> Result<(), Problem> {
    match command {
        NodeCommand::Init(options) => init(options),
        NodeCommand::Run(options) => run(options),
        NodeCommand::Register(options) => register(context, options),
        NodeCommand::Status(options) => status::status(context, options),
        NodeCommand::Withdraw(options) => withdraw(context, options),
    }
}

/// Makes a node's folder.
fn init(options: &InitOptions) -> Result<(), Problem> {
    let config = NodeConfig {
        listen_peer: options.listen_peer,
        listen_api: options.listen_api,
        ..NodeConfig::new(options.chain.clone(), options.controller)
    };
    if options.dir.join(CONFIG_FILE).exists() {
        let message = format!("{} holds a node already", options.dir.display());
        return Err(Problem::new(message).hint("choose a folder that does not hold a node yet"));
    }
    let keys =
        NodeKeys::generate(&options.dir.join(KEYS_FOLDER), &mut rand::rng()).map_err(|error| {
            Problem::new(error.to_string()).hint("choose a folder that does not hold a node yet")
        })?;
    let path = write_config(&options.dir, &config)?;
    report::data(&format!("configuration  {}", path.display()));
    report::data(&format!("operator       {}", keys.operator.address()));
    report::progress(
        "Next: look through the configuration, send the operator coins for its deposit and fees, then",
    );
    report::progress(&format!("  enigma node run --config {}", path.display()));
    Ok(())
}

/// Writes a node's configuration file.
pub(crate) fn write_config(
    folder: &Path,
    config: &NodeConfig,
) -> Result<std::path::PathBuf, Problem> {
    let path = folder.join(CONFIG_FILE);
    std::fs::write(&path, config.to_toml()).map_err(|error| {
        Problem::failed(format!("{}: cannot be written: {error}", path.display()))
    })?;
    Ok(path)
}

/// Reads settings: file, environment, flags.
fn config(source: &Source) -> Result<NodeConfig, Problem> {
    let environment = std::env::vars_os()
        .filter_map(|(name, value)| Some((name.into_string().ok()?, value.into_string().ok()?)));
    NodeConfig::load(&source.config, environment, &source.settings).map_err(|error| {
        Problem::new(error.to_string())
            .hint("`enigma node init` makes a configuration that says what each setting means")
    })
}

fn keys_problem(error: enigma_node::KeyError) -> Problem {
    Problem::new(error.to_string()).hint("`enigma node init` makes keys")
}

fn runtime() -> Result<Runtime, Problem> {
    tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()
        .map_err(|error| Problem::failed(format!("cannot start: {error}")))
}

/// Runs a node.
fn run(options: &RunOptions) -> Result<(), Problem> {
    let config = config(&options.source)?;
    start_log(&config);
    let runtime = runtime()?;
    let stop_with_input = options.stop_with_input;
    runtime
        .block_on(enigma_node::run(config, stop_signal(stop_with_input)))
        .map_err(|error| Problem::failed(format!("{error:#}")))?;
    // A read of standard input cannot be cancelled; it must not keep the process alive.
    runtime.shutdown_background();
    Ok(())
}

/// Log lines go to standard error.
fn start_log(config: &NodeConfig) {
    let log = tracing_subscriber::fmt()
        .with_writer(std::io::stderr)
        .with_env_filter(EnvFilter::new(log_filter(config.log_level)));
    match config.log_format {
        LogFormat::Json => log.json().init(),
        LogFormat::Text => log.init(),
    }
}

/// What is logged. A lost socket to the chain is an error to the library that held it; here it is opened
/// anew, and what the node makes of a silent chain it logs itself.
fn log_filter(level: LogLevel) -> &'static str {
    match level {
        LogLevel::Error => "error,alloy_pubsub=off,alloy_transport_ws=off",
        LogLevel::Warn => "warn,alloy_pubsub=off,alloy_transport_ws=off",
        LogLevel::Info => "info,alloy_pubsub=off,alloy_transport_ws=off",
        LogLevel::Debug => "debug",
        LogLevel::Trace => "trace",
    }
}

fn register(context: &Context, options: &RegisterOptions) -> Result<(), Problem> {
    let config = config(&options.source)?;
    let Registration {
        node,
        deposit,
        already,
    } = runtime()?
        .block_on(enigma_node::register(&config))
        .map_err(|error| Problem::failed(format!("{error:#}")))?;
    if context.json {
        let object = json!({"node": node, "deposit": deposit.to_string(), "already": already});
        report::data(&object.to_string());
    } else {
        let when = if already {
            "was registered before"
        } else {
            "is registered"
        };
        report::data(&format!(
            "node {node} {when}; deposit {}",
            report::amount(deposit)
        ));
    }
    Ok(())
}

fn withdraw(context: &Context, options: &WithdrawOptions) -> Result<(), Problem> {
    let config = config(&options.source)?;
    let outcome = runtime()?
        .block_on(enigma_node::withdraw(&config))
        .map_err(|error| Problem::failed(format!("{error:#}")))?;
    let (object, text) = match outcome {
        Withdrawal::Retired { releasable_at } => (
            json!({"state": "retired", "releasable_at": releasable_at}),
            format!(
                "the node is retired and gets no new committees; keep it running for those it has, and withdraw \
                 again after {releasable_at} (Unix seconds)"
            ),
        ),
        Withdrawal::Locked { releasable_at, now } => (
            json!({"state": "locked", "releasable_at": releasable_at, "now": now}),
            format!(
                "the deposit is locked for {} s more, until {releasable_at} (Unix seconds)",
                releasable_at - now
            ),
        ),
        Withdrawal::Paid { amount } => (
            json!({"state": "paid", "amount": amount.to_string()}),
            format!("{} paid out to the operator", report::amount(amount)),
        ),
    };
    report::data(&if context.json {
        object.to_string()
    } else {
        text
    });
    Ok(())
}

/// Resolves when the process is told to stop: Ctrl-C, a termination signal, or the end of its input.
pub(crate) async fn stop_signal(stop_with_input: bool) {
    let input_ends = async {
        if !stop_with_input {
            std::future::pending::<()>().await;
        }
        let mut byte = [0; 64];
        while matches!(tokio::io::stdin().read(&mut byte).await, Ok(1..)) {}
    };
    tokio::select! {
        () = input_ends => {}
        result = tokio::signal::ctrl_c() => drop(result),
        () = terminated() => {}
    }
}

#[cfg(unix)]
async fn terminated() {
    use tokio::signal::unix::{SignalKind, signal};
    match signal(SignalKind::terminate()) {
        Ok(mut signal) => drop(signal.recv().await),
        Err(_) => std::future::pending().await,
    }
}

#[cfg(not(unix))]
async fn terminated() {
    std::future::pending().await
}
