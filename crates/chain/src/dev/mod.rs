//! The embedded development chain: a real EVM behind the JSON-RPC subset that the client needs,
//! persistent, mining one block for each transaction.
//!
//! Durable is the list of blocks: their times and raw transactions. Everything else (accounts, receipts,
//! logs) follows from it and is computed again at start, which also checks the list. Not a chain to
//! trust: there is no consensus, no state proof (roots in headers are zero), and history is answered for
//! the latest state only. Transactions that wait for an earlier nonce are kept in memory only. A block's
//! time is the clock's, or its parent's if that is later: blocks may share a second.

mod block;
mod evm;
mod journal;
mod machine;
mod pool;
mod rpc;
mod serve;

use std::fmt;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};

use enigma_wire::controller::Amount;
use enigma_wire::id::Address;
use tokio::net::TcpListener;
use tokio::sync::watch;
use tokio::task::JoinHandle;

use machine::Machine;

/// How to start a chain.
#[derive(Clone, Debug)]
pub struct DevConfig {
    /// Where blocks are kept; made if it does not exist, continued if it does.
    pub dir: PathBuf,
    /// The chain's id.
    pub chain_id: u64,
    /// Where JSON-RPC listens; port 0 takes a free one.
    pub listen: SocketAddr,
    /// Accounts that have coins in the first block.
    pub funded: Vec<(Address, Amount)>,
}

/// Why a chain does not start.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum DevError {
    /// Another program listens there.
    #[error("port {} of {} is in use by another program", address.port(), address.ip())]
    PortInUse {
        /// The address.
        address: SocketAddr,
    },
    /// The address cannot be listened on.
    #[error("cannot listen at {address}: {error}")]
    Listen {
        /// The address.
        address: SocketAddr,
        /// Why.
        error: std::io::Error,
    },
    /// Another process has the folder open.
    #[error("{} is in use by another process", dir.display())]
    InUse {
        /// The folder.
        dir: PathBuf,
    },
    /// The folder holds a chain that began differently.
    #[error("{} holds another chain (its id, first accounts or format differ)", dir.display())]
    OtherChain {
        /// The folder.
        dir: PathBuf,
    },
    /// The folder cannot be used.
    #[error("{}: {why}", dir.display())]
    Storage {
        /// The folder.
        dir: PathBuf,
        /// Why.
        why: String,
    },
    /// A stored block does not lead to what it led to before.
    #[error("stored block {number} is damaged")]
    Damaged {
        /// The block.
        number: u64,
    },
}

/// A running chain. Dropping it stops it; what was answered is durable either way.
pub struct DevChain {
    address: SocketAddr,
    end: Option<watch::Sender<()>>,
    server: JoinHandle<()>,
    host: Host,
}

/// The machine while the chain runs; none afterwards, whatever connections are still open.
type Host = Arc<Mutex<Option<Machine>>>;

impl DevChain {
    /// Starts or continues a chain on the current runtime.
    ///
    /// # Errors
    /// See [`DevError`].
    pub async fn start(config: DevConfig) -> Result<Self, DevError> {
        let address = config.listen;
        let listen = |error: std::io::Error| match error.kind() {
            std::io::ErrorKind::AddrInUse => DevError::PortInUse { address },
            _ => DevError::Listen { address, error },
        };
        let listener = TcpListener::bind(config.listen).await.map_err(listen)?;
        let address = listener.local_addr().map_err(listen)?;
        let opened = tokio::task::spawn_blocking(move || Machine::open(&config)).await;
        let machine = opened.map_err(|error| DevError::Storage {
            dir: PathBuf::new(),
            why: error.to_string(),
        })??;
        let host: Host = Arc::new(Mutex::new(Some(machine)));
        let (end, mut ended) = watch::channel(());
        let router = serve::router(Arc::clone(&host), ended.clone());
        let server = tokio::spawn(async move {
            let serve = axum::serve(listener, router)
                .with_graceful_shutdown(async move { drop(ended.changed().await) });
            if let Err(error) = serve.await {
                tracing::error!(%error, "the development chain stopped");
            }
        });
        Ok(Self {
            address,
            end: Some(end),
            server,
            host,
        })
    }

    /// Where it listens.
    pub fn addr(&self) -> SocketAddr {
        self.address
    }

    /// The JSON-RPC endpoint.
    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// The same endpoint over a WebSocket.
    pub fn ws_url(&self) -> String {
        format!("ws://{}", self.address)
    }

    /// Stops answering once the request in work is done; when this returns, the folder is free.
    /// Open connections are cut.
    pub async fn stop(mut self) {
        drop(self.end.take());
        self.server.abort();
        let _ = (&mut self.server).await;
        let host = Arc::clone(&self.host);
        let _ = tokio::task::spawn_blocking(move || close(&host)).await;
    }
}

impl fmt::Debug for DevChain {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "DevChain({})", self.address)
    }
}

impl Drop for DevChain {
    fn drop(&mut self) {
        self.server.abort();
        // Not waiting for a long request here: the machine then goes with the last reference to it.
        if let Ok(mut machine) = self.host.try_lock() {
            drop(machine.take());
        }
    }
}

fn close(host: &Mutex<Option<Machine>>) {
    drop(host.lock().unwrap_or_else(PoisonError::into_inner).take());
}
