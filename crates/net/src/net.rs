//! The handle the node holds, and the thread behind it.

use std::{
    collections::{BTreeMap, BTreeSet},
    fmt,
    net::{SocketAddr, TcpListener},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    thread::JoinHandle,
    time::Duration,
};

use bytes::Bytes;
use enigma_wire::id::PeerKey;
use tokio::{sync::watch, time::timeout};
use tokio_rustls::TlsAcceptor;

use crate::{
    Config, DialFailure, DownReason, Identity, Inbox, NetError, SendError, dial,
    inbox::{self, Feed},
    link::{Link, Stream},
    listen,
    pace::Uplink,
    trust::{self, Peers},
    wheel::{self, Wheel},
};

/// The running transport. Dropping it stops it as [`Net::stop`] does.
pub struct Net {
    shared: Arc<Shared>,
    wheel: Arc<Wheel>,
    local_addr: SocketAddr,
    thread: Option<JoinHandle<()>>,
}

/// What is known about one peer.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct PeerStatus {
    /// A link exists.
    pub connected: bool,
    /// Bytes waiting to be sent over it: payloads and our headers, as in all counts here.
    pub queued_bytes: usize,
    /// Bytes sent over it so far.
    pub sent_bytes: u64,
    /// Bytes received over it so far.
    pub received_bytes: u64,
    /// Failed attempts to dial since the last link; always 0 for a peer that dials us.
    pub failures: u32,
    /// Why the last of them failed.
    pub last_failure: Option<DialFailure>,
    /// The version of the program at the other end of the link, once it has told it.
    pub version: Option<String>,
    /// Its clock less ours in seconds, when the link began.
    pub clock_offset_seconds: Option<i64>,
}

impl Net {
    /// Starts the network thread and listens. No peer is known yet; see [`Net::set_peers`].
    ///
    /// # Errors
    /// A setting out of range, an address that cannot be listened on, or no thread.
    pub fn start(config: Config) -> Result<(Self, Inbox), NetError> {
        config.check()?;
        let listen_failed = |error: std::io::Error| NetError::Listen {
            address: config.listen,
            kind: error.kind(),
        };
        let listener = TcpListener::bind(config.listen).map_err(listen_failed)?;
        let local_addr = listener.local_addr().map_err(listen_failed)?;
        listener.set_nonblocking(true).map_err(listen_failed)?;

        let thread_failed = |error: std::io::Error| NetError::Thread { kind: error.kind() };
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_io()
            .enable_time()
            .build()
            .map_err(thread_failed)?;
        let wheel = Arc::new(Wheel::new(runtime));
        let (feed, inbox) = inbox::inbox(config.inbox_bytes, wheel.clone());
        let uplink = config.pace.map(Uplink::start).transpose();
        let shared = Arc::new(Shared {
            uplink: uplink.map_err(thread_failed)?,
            limits: Limits::new(&config),
            identity: config.identity,
            peers: watch::Sender::new(Peers::default()),
            stopping: watch::Sender::new(false),
            links: Mutex::default(),
            dialers: Mutex::default(),
            failures: Mutex::default(),
            past: Mutex::default(),
            feed,
        });
        let acceptor =
            trust::server_config(&shared.identity, shared.peers.subscribe()).map_err(|_| {
                NetError::Thread {
                    kind: std::io::ErrorKind::Unsupported,
                }
            })?;
        let thread = std::thread::Builder::new()
            .name("net".into())
            .spawn({
                let (shared, wheel) = (shared.clone(), wheel.clone());
                let acceptor = TlsAcceptor::from(Arc::new(acceptor));
                move || run(shared, &wheel, listener, acceptor)
            })
            .map_err(thread_failed)?;
        Ok((
            Self {
                shared,
                wheel,
                local_addr,
                thread: Some(thread),
            },
            inbox,
        ))
    }

    /// The address others can dial, with the port that was given.
    pub fn local_addr(&self) -> SocketAddr {
        self.local_addr
    }

    /// The key this node is known by.
    pub fn peer_key(&self) -> PeerKey {
        self.shared.identity.peer_key()
    }

    /// Replaces the set of peers, each with its address as `host:port`. Links to keys that are no
    /// longer in it are closed; new ones are dialled or awaited; our own key is ignored.
    pub fn set_peers(&self, peers: BTreeMap<PeerKey, String>) {
        self.shared.peers.send_if_modified(|current| {
            let changed = **current != peers;
            if changed {
                *current = Arc::new(peers);
            }
            changed
        });
    }

    /// Queues a frame for `peer`; never waits.
    ///
    /// # Errors
    /// `NotConnected` without a link; `QueueFull` when the peer is too slow, which also closes the
    /// link; `TooLong` when the payload exceeds `max_frame`. The frame is not sent in these cases.
    pub fn send(&self, peer: PeerKey, bytes: Bytes) -> Result<(), SendError> {
        let limits = &self.shared.limits;
        if bytes.len() > limits.max_frame {
            return Err(SendError::TooLong {
                len: bytes.len(),
                max: limits.max_frame,
            });
        }
        let link = self.shared.links().get(&peer).cloned();
        let link = link.ok_or(SendError::NotConnected { peer })?;
        let uplink = self.shared.uplink.as_ref();
        let due = uplink.map(|uplink| uplink.admit(bytes.len(), &link));
        let (waiting_bytes, was_idle) = link.push(bytes, due, limits.queue_bytes)?;
        if was_idle {
            self.wheel.tell(&link);
        }
        if waiting_bytes > wheel::MUCH {
            self.wheel.call();
        }
        Ok(())
    }

    /// Does more than a quarter of `queue_bytes` wait for `peer`, or did it and half of that still
    /// does? Who can should then pause: [`NetEvent::Drained`](crate::NetEvent::Drained) or `Down`
    /// says when to go on.
    pub fn is_crowded(&self, peer: PeerKey) -> bool {
        let link = self.shared.links().get(&peer).cloned();
        link.is_some_and(|link| link.is_crowded())
    }

    /// The state of every peer in the set, and of links about to be closed.
    pub fn status(&self) -> BTreeMap<PeerKey, PeerStatus> {
        let mut all: BTreeMap<PeerKey, PeerStatus> = self
            .shared
            .peers
            .borrow()
            .keys()
            .map(|peer| (*peer, PeerStatus::default()))
            .collect();
        for (peer, (failures, last)) in lock(&self.shared.failures).iter() {
            if let Some(status) = all.get_mut(peer) {
                status.failures = *failures;
                status.last_failure = Some(*last);
            }
        }
        for (peer, link) in self.shared.links().iter() {
            let status = all.entry(*peer).or_default();
            status.connected = true;
            (
                status.queued_bytes,
                status.sent_bytes,
                status.received_bytes,
            ) = link.counts();
            if let Some((version, offset)) = link.about() {
                status.version = Some(version);
                status.clock_offset_seconds = Some(offset);
            }
        }
        all
    }

    /// Bytes sent and received over all links so far, those that are gone included.
    pub fn traffic(&self) -> (u64, u64) {
        let links = self.shared.links();
        let (mut sent, mut received) = *lock(&self.shared.past);
        for link in links.values() {
            let (_, out, r#in) = link.counts();
            sent += out;
            received += r#in;
        }
        (sent, received)
    }

    /// Says farewell to all peers, letting queued frames flow out for at most `flush_timeout`, and
    /// ends the thread. The inbox then reports `Stopped` after its last event.
    pub fn stop(mut self) {
        self.end();
    }

    fn end(&mut self) {
        self.shared.stopping.send_replace(true);
        self.wheel.call();
        if let Some(thread) = self.thread.take()
            && thread.join().is_err()
        {
            tracing::error!("the network thread panicked");
        }
    }
}

impl Drop for Net {
    fn drop(&mut self) {
        self.end();
    }
}

impl fmt::Debug for Net {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Net")
            .field("key", &self.peer_key())
            .field("local_addr", &self.local_addr)
            .finish()
    }
}

/// The settings the tasks need.
pub(crate) struct Limits {
    pub(crate) max_frame: usize,
    pub(crate) queue_bytes: usize,
    pub(crate) idle_timeout: Duration,
    pub(crate) ping_interval: Duration,
    pub(crate) handshake_timeout: Duration,
    pub(crate) retry_min: Duration,
    pub(crate) retry_max: Duration,
    pub(crate) flush_timeout: Duration,
    pub(crate) max_handshakes: usize,
    pub(crate) version: String,
    pub(crate) clock_skew_max: Duration,
}

impl Limits {
    fn new(config: &Config) -> Self {
        Self {
            max_frame: config.max_frame,
            queue_bytes: config.queue_bytes,
            idle_timeout: config.idle_timeout,
            ping_interval: config.ping_interval,
            handshake_timeout: config.handshake_timeout,
            retry_min: config.retry_min,
            retry_max: config.retry_max,
            flush_timeout: config.flush_timeout,
            max_handshakes: config.max_handshakes,
            version: config.version.clone(),
            clock_skew_max: config.clock_skew_max,
        }
    }

    /// The pause after `failures` failed attempts in a row and one more.
    pub(crate) fn retry_pause(&self, failures: u32) -> Duration {
        self.retry_min
            .saturating_mul(1 << failures.min(16))
            .min(self.retry_max)
    }
}

/// What the handle and the tasks share.
pub(crate) struct Shared {
    pub(crate) identity: Identity,
    pub(crate) limits: Limits,
    /// Of a network that is slowed down.
    uplink: Option<Uplink>,
    pub(crate) peers: watch::Sender<Peers>,
    stopping: watch::Sender<bool>,
    links: Mutex<BTreeMap<PeerKey, Arc<Link>>>,
    /// Peers with a task that dials them.
    dialers: Mutex<BTreeSet<PeerKey>>,
    /// Failed attempts in a row, and the last failure.
    failures: Mutex<BTreeMap<PeerKey, (u32, DialFailure)>>,
    /// Bytes sent and received over links that are gone.
    past: Mutex<(u64, u64)>,
    feed: Feed,
}

impl Shared {
    pub(crate) fn is_stopping(&self) -> bool {
        *self.stopping.borrow()
    }

    pub(crate) fn dialer_ended(&self, peer: PeerKey) {
        lock(&self.dialers).remove(&peer);
        lock(&self.failures).remove(&peer);
    }

    pub(crate) fn dial_succeeded(&self, peer: PeerKey) {
        lock(&self.failures).remove(&peer);
    }

    pub(crate) fn dial_failed(&self, peer: PeerKey, failure: DialFailure) {
        let mut failures = lock(&self.failures);
        let entry = failures.entry(peer).or_insert((0, failure));
        if entry.0 == 0 || entry.1 != failure {
            tracing::warn!(%peer, %failure, "cannot reach a peer");
        }
        *entry = (entry.0.saturating_add(1), failure);
    }

    /// Runs an authenticated connection as an admitted link, from its `Up` to its `Down`.
    pub(crate) async fn run_link(&self, link: Arc<Link>, stream: Stream) {
        let peer = link.peer;
        tracing::info!(%peer, "link up");
        self.feed.up(peer);
        let reason = link.run(stream, &self.feed, &self.limits).await;
        tracing::info!(%peer, %reason, "link down");
        self.forget(&link);
        self.feed.down(peer, reason);
        link.set_gone();
    }

    /// Takes a link that has ended out of the set; what it moved still counts.
    fn forget(&self, link: &Link) {
        let mut links = self.links();
        links.remove(&link.peer);
        let (_, sent, received) = link.counts();
        let mut past = lock(&self.past);
        *past = (past.0 + sent, past.1 + received);
    }

    /// Makes the new link the only one of this peer, unless the peer may not have one (any more).
    /// The caller runs the link at once: an admitted link that is never run would never end.
    pub(crate) async fn admit(&self, peer: PeerKey) -> Option<Arc<Link>> {
        loop {
            self.feed.room(peer).await;
            if self.is_stopping() || !self.peers.borrow().contains_key(&peer) {
                return None;
            }
            let old = {
                let mut links = self.links();
                match links.get(&peer) {
                    Some(old) => old.clone(),
                    None => {
                        let link = Arc::new(Link::new(peer));
                        links.insert(peer, link.clone());
                        return Some(link);
                    }
                }
            };
            old.close(DownReason::Replaced);
            old.gone().await;
        }
    }

    fn links(&self) -> MutexGuard<'_, BTreeMap<PeerKey, Arc<Link>>> {
        lock(&self.links)
    }

    /// Closes links that lost their right to exist and starts dialling new peers.
    fn apply_peers(self: &Arc<Self>, peers: &Peers) {
        for (peer, link) in self.links().iter() {
            if !peers.contains_key(peer) {
                link.close(DownReason::NotAllowed);
            }
        }
        let me = self.identity.peer_key();
        for peer in peers.keys().filter(|peer| **peer > me) {
            if lock(&self.dialers).insert(*peer) {
                tokio::spawn(dial::keep(self.clone(), *peer));
            }
        }
    }

    /// Lets all links flush and end.
    async fn wind_down(&self) {
        let links: Vec<Arc<Link>> = self.links().values().cloned().collect();
        for link in &links {
            link.close(DownReason::Stopped);
        }
        for link in &links {
            link.gone().await;
        }
    }
}

/// The network thread.
fn run(shared: Arc<Shared>, wheel: &Wheel, listener: TcpListener, acceptor: TlsAcceptor) {
    /// Ends all tasks and tells the inbox that the thread has ended, however it ends.
    struct Ended<'a>(Feed, &'a Wheel);
    impl Drop for Ended<'_> {
        fn drop(&mut self) {
            self.0.stop();
            self.1.end();
        }
    }
    let _ended = Ended(shared.feed.clone(), wheel);
    wheel.keep(serve(shared, listener, acceptor));
}

/// Accepts and keeps links until the transport is stopped.
async fn serve(shared: Arc<Shared>, listener: TcpListener, acceptor: TlsAcceptor) {
    let listener = match tokio::net::TcpListener::from_std(listener) {
        Ok(listener) => listener,
        Err(error) => {
            return tracing::error!(kind = %error.kind(), "cannot watch the listening socket");
        }
    };
    let accepting = tokio::spawn(listen::accept(shared.clone(), listener, acceptor));
    let mut peers = shared.peers.subscribe();
    let mut stopping = shared.stopping.subscribe();
    while !*stopping.borrow_and_update() {
        let current = peers.borrow_and_update().clone();
        shared.apply_peers(&current);
        tokio::select! {
            _ = peers.changed() => {}
            _ = stopping.changed() => {}
        }
    }
    accepting.abort();
    // Each link bounds its own flush; the margin covers one that is being replaced meanwhile.
    let bound = shared.limits.flush_timeout + Duration::from_millis(500);
    if timeout(bound, shared.wind_down()).await.is_err() {
        tracing::warn!("some links did not end in time");
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    // Every critical section is a single change of the map, so poison carries no news.
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
