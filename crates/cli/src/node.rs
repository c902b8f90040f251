//! `enigma node`: makes and runs a node.

use std::path::Path;

use enigma_node::{NodeConfig, NodeKeys};
use tokio::io::AsyncReadExt as _;

use crate::args::{NodeInitOptions, NodeRunOptions};
use crate::report::{self, Problem};

/// The configuration file's name in a node's folder.
pub(crate) const CONFIG_FILE: &str = "node.toml";
/// The keys' folder in a node's folder.
pub(crate) const KEYS_FOLDER: &str = "keys";

/// Makes a node's folder.
pub(crate) fn init(options: &NodeInitOptions) -> Result<(), Problem> {
    let config = NodeConfig {
        data_dir: ".".into(),
        chain_url: options.chain.clone(),
        controller: options.controller,
        listen_peer: options.listen_peer,
        listen_api: options.listen_api,
        public_peer: None,
        public_api: None,
        deposit: None,
    };
    let keys =
        NodeKeys::generate(&options.dir.join(KEYS_FOLDER), &mut rand::rng()).map_err(|error| {
            Problem::new(error.to_string()).hint("choose a folder that does not hold a node yet")
        })?;
    let path = write_config(&options.dir, &config)?;
    report::data(&format!("configuration  {}", path.display()));
    report::data(&format!("operator       {}", keys.operator.address()));
    report::progress("Next: send the operator coins for its deposit and fees, then");
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

/// Runs a node.
pub(crate) fn run(options: &NodeRunOptions) -> Result<(), Problem> {
    let config = NodeConfig::load(&options.config).map_err(|error| {
        Problem::new(error.to_string()).hint("`enigma node init` makes a configuration")
    })?;
    tracing_subscriber::fmt()
        .json()
        .with_writer(std::io::stderr)
        .with_max_level(tracing_subscriber::filter::LevelFilter::INFO)
        .init();
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()
        .map_err(|error| Problem::failed(format!("cannot start: {error}")))?;
    let stop_with_input = options.stop_with_input;
    runtime
        .block_on(enigma_node::run(config, stop_signal(stop_with_input)))
        .map_err(|error| Problem::failed(format!("{error:#}")))?;
    // A read of standard input cannot be cancelled; it must not keep the process alive.
    runtime.shutdown_background();
    Ok(())
}

async fn stop_signal(stop_with_input: bool) {
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
