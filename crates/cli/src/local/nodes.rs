//! Node processes: started with a configuration file, stopped by closing their input, killed when that
//! does not help. A node whose parent is gone stops by itself.

use std::path::{Path, PathBuf};
use std::process::{ExitStatus, Stdio};
use std::time::Duration;

use enigma_wire::id::PeerKey;
use tokio::process::{Child, Command};

use crate::report::Problem;

/// Longest wait for a node to stop by itself.
const STOP_PATIENCE: Duration = Duration::from_secs(5);
/// A node's log in its folder.
const LOG_FILE: &str = "node.log";

/// A running node.
pub(crate) struct NodeProcess {
    child: Child,
    folder: PathBuf,
    peer_key: PeerKey,
}

impl NodeProcess {
    /// Starts the node whose configuration is in `folder`; its log is appended to.
    pub(crate) fn start(folder: &Path, peer_key: PeerKey) -> Result<Self, Problem> {
        let failed =
            |error: std::io::Error| Problem::failed(format!("cannot start a node: {error}"));
        let log = std::fs::OpenOptions::new()
            .create(true)
            .append(true)
            .open(folder.join(LOG_FILE))
            .map_err(failed)?;
        let child = Command::new(std::env::current_exe().map_err(failed)?)
            .args(["node", "run", "--stop-with-input", "--config"])
            .arg(folder.join(crate::node::CONFIG_FILE))
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .stderr(log)
            .kill_on_drop(true)
            .spawn()
            .map_err(failed)?;
        Ok(Self {
            child,
            folder: folder.to_owned(),
            peer_key,
        })
    }

    /// The node's transport identity.
    pub(crate) fn peer_key(&self) -> PeerKey {
        self.peer_key
    }

    /// The process's number.
    pub(crate) fn id(&self) -> u32 {
        self.child.id().unwrap_or_default()
    }

    /// How it ended, if it has.
    pub(crate) fn ended(&mut self) -> Option<ExitStatus> {
        self.child.try_wait().ok().flatten()
    }

    /// The last line of its log.
    pub(crate) fn last_words(&self) -> String {
        let log = std::fs::read_to_string(self.folder.join(LOG_FILE)).unwrap_or_default();
        log.lines().next_back().unwrap_or("nothing").to_owned()
    }

    /// Asks it to stop; returns at once.
    pub(crate) fn ask_to_stop(&mut self) {
        drop(self.child.stdin.take());
    }

    /// Stops it, with force when asking does not help.
    pub(crate) async fn stop(mut self) {
        self.ask_to_stop();
        if tokio::time::timeout(STOP_PATIENCE, self.child.wait())
            .await
            .is_err()
        {
            self.kill().await;
        }
    }

    /// Ends it at once.
    pub(crate) async fn kill(mut self) {
        let _ = self.child.kill().await;
    }
}

/// Stops all of them side by side.
pub(crate) async fn stop_all(nodes: impl IntoIterator<Item = NodeProcess>) {
    let mut nodes: Vec<NodeProcess> = nodes.into_iter().collect();
    nodes.iter_mut().for_each(NodeProcess::ask_to_stop);
    for node in nodes {
        node.stop().await;
    }
}
