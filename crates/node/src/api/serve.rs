//! Connections of clients: how many, how long, and how they end.

use std::collections::BTreeMap;
use std::net::{IpAddr, SocketAddr};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use axum::extract::ConnectInfo;
use axum::{Extension, Router};
use enigma_wire::api::{ApiError, ErrorCode};
use hyper::server::conn::http1;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::service::TowerToHyperService;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{OwnedSemaphorePermit, Semaphore, watch};

use super::limits;
use super::patient::Patient;
use crate::NodeConfig;

/// Longest wait for a request's whole head; an idle connection is closed after it, too.
const HEAD_TIMEOUT: Duration = Duration::from_secs(15);
/// Longest wait for a client to take some of its answer.
const WRITE_TIMEOUT: Duration = Duration::from_secs(30);
/// Longest head of a request.
const HEAD_BYTES_MAX: usize = 32 << 10;
/// How long a connection over the limits may take to hear so.
const REFUSE_TIMEOUT: Duration = Duration::from_secs(1);
/// Connections over the limits that are told so at once; more are just closed.
const REFUSALS_MAX: usize = 64;
/// After the system refused a connection (for instance: too many open files), before the next try.
const ACCEPT_PAUSE: Duration = Duration::from_millis(50);

/// How many connections there may be.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Limits {
    pub(crate) in_all: u32,
    pub(crate) per_address: u32,
}

impl From<&NodeConfig> for Limits {
    fn from(config: &NodeConfig) -> Self {
        Self {
            in_all: config.api_connections,
            per_address: config.api_connections_per_address,
        }
    }
}

/// Open connections by client.
#[derive(Debug, Default)]
struct Connections(Mutex<BTreeMap<IpAddr, u32>>);

/// A connection's place; given back when dropped.
struct Place {
    connections: Arc<Connections>,
    client: IpAddr,
}

/// Serves until every sender of `ended` is gone; requests in hand are then answered to their end.
pub(crate) async fn serve(
    listener: TcpListener,
    router: Router,
    limits: Limits,
    mut ended: watch::Receiver<()>,
) {
    let connections = Arc::new(Connections::default());
    let refusals = Arc::new(Semaphore::new(REFUSALS_MAX));
    let mut tasks = tokio::task::JoinSet::new();
    loop {
        let accepted = tokio::select! {
            accepted = listener.accept() => accepted,
            _ = ended.changed() => break,
            Some(_) = tasks.join_next() => continue,
        };
        match accepted {
            Ok((stream, client)) => match connections.enter(limits::client(client.ip()), limits) {
                Some(place) => {
                    tasks.spawn(answer(stream, client, router.clone(), ended.clone(), place));
                }
                None => {
                    if let Ok(turn) = refusals.clone().try_acquire_owned() {
                        tasks.spawn(refuse(stream, turn));
                    }
                }
            },
            Err(error) => {
                tracing::warn!(%error, "cannot accept a client");
                tokio::time::sleep(ACCEPT_PAUSE).await;
            }
        }
    }
    drop(listener);
    while tasks.join_next().await.is_some() {}
}

async fn answer(
    stream: TcpStream,
    client: SocketAddr,
    router: Router,
    mut ended: watch::Receiver<()>,
    place: Place,
) {
    let service = TowerToHyperService::new(router.layer(Extension(ConnectInfo(client))));
    let connection = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(HEAD_TIMEOUT)
        .max_buf_size(HEAD_BYTES_MAX)
        .serve_connection(TokioIo::new(Patient::new(stream, WRITE_TIMEOUT)), service);
    tokio::pin!(connection);
    tokio::select! {
        _ = connection.as_mut() => {}
        _ = ended.changed() => {
            connection.as_mut().graceful_shutdown();
            let _ = connection.await;
        }
    }
    drop(place);
}

/// Says that there are too many connections, whatever is asked.
async fn refuse(mut stream: TcpStream, _turn: OwnedSemaphorePermit) {
    let error = ApiError {
        code: ErrorCode::Unavailable,
        message: "too many connections; try again".to_owned(),
    };
    let body = serde_json::to_string(&error).unwrap_or_default();
    let answer = format!(
        "HTTP/1.1 503 Service Unavailable\r\ncontent-type: application/json\r\nretry-after: 1\r\n\
         connection: close\r\ncontent-length: {}\r\n\r\n{body}",
        body.len()
    );
    // A client takes an answer only after it has asked; and closing before all it sent is read would
    // make the system reset the connection and throw the answer away.
    let mut piece = [0; 4096];
    let say = async {
        let _part_of_its_request = stream.read(&mut piece).await?;
        stream.write_all(answer.as_bytes()).await?;
        stream.shutdown().await?;
        while stream.read(&mut piece).await? > 0 {}
        Ok::<(), std::io::Error>(())
    };
    let _ = tokio::time::timeout(REFUSE_TIMEOUT, say).await;
}

impl Connections {
    fn enter(self: &Arc<Self>, client: IpAddr, limits: Limits) -> Option<Place> {
        let mut open = self.lock();
        let all: u64 = open.values().copied().map(u64::from).sum();
        let own = open.get(&client).copied().unwrap_or(0);
        if all >= u64::from(limits.in_all) || own >= limits.per_address {
            return None;
        }
        open.insert(client, own + 1);
        let connections = self.clone();
        Some(Place {
            connections,
            client,
        })
    }

    fn lock(&self) -> MutexGuard<'_, BTreeMap<IpAddr, u32>> {
        // Every critical section is a single change of the map, so poison carries no news.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let mut open = self.connections.lock();
        if let Some(count) = open.get_mut(&self.client) {
            *count -= 1;
            if *count == 0 {
                open.remove(&self.client);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_are_bounded_in_all_and_per_address_and_given_back() {
        let connections = Arc::new(Connections::default());
        let limits = Limits {
            in_all: 3,
            per_address: 2,
        };
        let (one, other): (IpAddr, IpAddr) = ([127, 0, 0, 1].into(), [127, 0, 0, 2].into());
        let first = connections.enter(one, limits).expect("room");
        let _second = connections.enter(one, limits).expect("room");
        assert!(connections.enter(one, limits).is_none());
        let _third = connections.enter(other, limits).expect("room");
        assert!(connections.enter(other, limits).is_none(), "no more in all");
        drop(first);
        assert!(connections.enter(other, limits).is_some());
    }
}
