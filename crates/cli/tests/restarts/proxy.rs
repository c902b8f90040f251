//! A connection that breaks where a test says, between a client and a node's API.

use std::collections::VecDeque;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::{Arc, Mutex, PoisonError};

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::tcp::{OwnedReadHalf, OwnedWriteHalf};
use tokio::net::{TcpListener, TcpStream};

/// Where a connection breaks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Cut {
    /// After so many bytes of the client's.
    Request(usize),
    /// After so many bytes of the node's answer; the node has done what it was asked.
    Answer(usize),
}

/// Forwards connections to a node.
pub(crate) struct Proxy {
    /// Where it listens.
    pub(crate) addr: SocketAddr,
    plan: Arc<Plan>,
    task: tokio::task::JoinHandle<()>,
}

#[derive(Default)]
struct Plan {
    target: Mutex<Option<SocketAddr>>,
    cuts: Mutex<VecDeque<Cut>>,
}

impl Proxy {
    pub(crate) async fn start() -> Self {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await;
        let listener = listener.expect("a free port");
        let addr = listener.local_addr().expect("bound");
        let plan = Arc::<Plan>::default();
        let task = tokio::spawn(accept(listener, plan.clone()));
        Self { addr, plan, task }
    }

    /// Where it forwards to.
    pub(crate) fn set_target(&self, target: SocketAddr) {
        *lock(&self.plan.target) = Some(target);
    }

    /// The next connections break there, one after the other; those after them do not.
    pub(crate) fn cut(&self, cuts: &[Cut]) {
        lock(&self.plan.cuts).extend(cuts);
    }

    /// Cuts that no connection has come for.
    pub(crate) fn left(&self) -> usize {
        lock(&self.plan.cuts).len()
    }
}

impl Drop for Proxy {
    fn drop(&mut self) {
        self.task.abort();
    }
}

async fn accept(listener: TcpListener, plan: Arc<Plan>) {
    while let Ok((client, _)) = listener.accept().await {
        let target = lock(&plan.target).expect("set before the first client");
        let cut = lock(&plan.cuts).pop_front();
        tokio::spawn(async move {
            if let Ok(node) = TcpStream::connect(target).await {
                forward(client, node, cut).await;
            }
        });
    }
}

/// Both directions until one ends or breaks; then both are closed.
async fn forward(client: TcpStream, node: TcpStream, cut: Option<Cut>) {
    let (from_client, to_client) = client.into_split();
    let (from_node, to_node) = node.into_split();
    let (request, answer) = match cut {
        Some(Cut::Request(bytes)) => (bytes, usize::MAX),
        Some(Cut::Answer(bytes)) => (usize::MAX, bytes),
        None => (usize::MAX, usize::MAX),
    };
    tokio::select! {
        () = copy(from_client, to_node, request) => {}
        () = copy(from_node, to_client, answer) => {}
    }
}

/// Copies up to so many bytes and returns.
async fn copy(mut from: OwnedReadHalf, mut to: OwnedWriteHalf, bytes: usize) {
    let mut left = bytes;
    let mut buffer = vec![0; 4096];
    loop {
        // Something must be there to be held back: then the other side has answered.
        let Ok(read @ 1..) = from.read(&mut buffer).await else {
            return;
        };
        let kept = read.min(left);
        left -= kept;
        if to.write_all(&buffer[..kept]).await.is_err() || kept < read || left == 0 {
            return;
        }
    }
}

fn lock<T>(of: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    of.lock().unwrap_or_else(PoisonError::into_inner)
}
