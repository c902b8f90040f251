//! The embedded development chain: a real EVM behind the JSON-RPC subset that the client needs,
//! persistent, mining one block for each transaction.
//!
//! Durable is the list of blocks: their times and raw transactions. Everything else (accounts, receipts,
//! logs) follows from it and is computed again at start, which also checks the list. Not a chain to
//! trust: there is no consensus, no state proof (roots in headers are zero), and history is answered for
//! the latest state only.

mod block;
mod evm;
mod journal;
mod machine;
mod rpc;

use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::{Arc, Mutex};

use enigma_wire::controller::Amount;
use enigma_wire::id::Address;
use tokio::net::TcpListener;
use tokio::sync::oneshot;
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
    #[error("{} holds another chain (its id or first accounts differ)", dir.display())]
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
#[derive(Debug)]
pub struct DevChain {
    address: SocketAddr,
    end: Option<oneshot::Sender<()>>,
    server: JoinHandle<()>,
}

impl DevChain {
    /// Starts or continues a chain on the current runtime.
    ///
    /// # Errors
    /// See [`DevError`].
    pub async fn start(config: DevConfig) -> Result<Self, DevError> {
        let listen = |error| DevError::Listen {
            address: config.listen,
            error,
        };
        let listener = TcpListener::bind(config.listen).await.map_err(listen)?;
        let address = listener.local_addr().map_err(listen)?;
        let opened = tokio::task::spawn_blocking(move || Machine::open(&config)).await;
        let machine = opened.map_err(|error| DevError::Storage {
            dir: PathBuf::new(),
            why: error.to_string(),
        })??;
        let router = rpc::router(Arc::new(Mutex::new(machine)));
        let (end, ended) = oneshot::channel::<()>();
        let server = tokio::spawn(async move {
            let serve =
                axum::serve(listener, router).with_graceful_shutdown(async { drop(ended.await) });
            if let Err(error) = serve.await {
                tracing::error!(%error, "the development chain stopped");
            }
        });
        Ok(Self {
            address,
            end: Some(end),
            server,
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

    /// Stops answering. Kept-alive connections are cut.
    pub async fn stop(mut self) {
        drop(self.end.take());
        self.server.abort();
        let _ = (&mut self.server).await;
    }
}

impl Drop for DevChain {
    fn drop(&mut self) {
        self.server.abort();
    }
}
