//! Where events wait for the node: one bounded lane per peer, emptied in turn.

use std::{
    collections::{BTreeMap, VecDeque},
    fmt,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
    time::{Duration, Instant},
};

use bytes::Bytes;
use enigma_wire::id::PeerKey;
use tokio::{sync::Notify, task::yield_now, time::sleep};

use crate::{DownReason, NetEvent, RecvError, wheel::Wheel};

// What an event weighs against the bound beyond its payload, so that empty frames are bounded too.
const EVENT_BYTES: usize = 64;

// How long a visitor who was busy a moment ago gives way to other threads instead of sleeping: to be
// woken takes longer than most answers do.
const PATIENCE: Duration = Duration::from_micros(100);

/// The receiving end of the transport, for one plain thread.
///
/// Peers take turns, so that a chatty one cannot starve the others; the order of one peer's events is
/// kept. Dropping the inbox makes the transport discard what arrives.
///
/// While a thread waits here, it moves the frames of all links itself; see [`Net`](crate::Net).
pub struct Inbox(Arc<Shared>);

/// Ends a wait in the inbox from another thread; for who waits there for other sources, too.
#[derive(Clone)]
pub struct Bell(Arc<Shared>);

/// The end held by the links.
#[derive(Clone)]
pub(crate) struct Feed(Arc<Shared>);

struct Shared {
    state: Mutex<State>,
    /// Something happened that a visitor may wait for.
    arrived: Notify,
    room: Notify,
    lane_bytes: usize,
    rung: AtomicBool,
    /// An event was taken since the last wait.
    busy: AtomicBool,
    wheel: Arc<Wheel>,
}

#[derive(Default)]
struct State {
    lanes: BTreeMap<PeerKey, Lane>,
    /// Peers with waiting events, in the order of their turns.
    turns: VecDeque<PeerKey>,
    stopped: bool,
    abandoned: bool,
}

#[derive(Default)]
struct Lane {
    events: VecDeque<NetEvent>,
    bytes: usize,
}

/// An inbox whose lanes hold at most `lane_bytes` and one frame, and the end that feeds it.
pub(crate) fn inbox(lane_bytes: usize, wheel: Arc<Wheel>) -> (Feed, Inbox) {
    let shared = Arc::new(Shared {
        state: Mutex::default(),
        arrived: Notify::new(),
        room: Notify::new(),
        lane_bytes,
        rung: AtomicBool::new(false),
        busy: AtomicBool::new(false),
        wheel,
    });
    (Feed(shared.clone()), Inbox(shared))
}

impl Inbox {
    /// Takes the next event if one is waiting. Does not wait, but moves frames if nobody else does. Not to be
    /// called in an async task.
    ///
    /// # Errors
    /// `Empty` now, or `Stopped` for ever.
    pub fn try_recv(&self) -> Result<NetEvent, RecvError> {
        let wheel = &self.0.wheel;
        if wheel.has_untold() {
            wheel.turn();
        }
        let event = self.0.take();
        if event == Err(RecvError::Empty) && wheel.is_stale() {
            wheel.turn();
            return self.0.take();
        }
        event
    }

    /// Takes the next event, waiting up to `timeout` for it. Not to be called in an async task.
    ///
    /// # Errors
    /// `Empty` when the time is over, `Stopped` once the transport has stopped and all is taken.
    pub fn recv_timeout(&self, timeout: Duration) -> Result<NetEvent, RecvError> {
        let take = || match self.0.take() {
            Err(RecvError::Empty) => None,
            done => Some(done),
        };
        self.0.wait(timeout, take).unwrap_or_else(|| self.0.take())
    }

    /// Waits up to `timeout` for an event, which stays in the inbox, or a [`Bell`]. Not to be called in
    /// an async task.
    pub fn wait(&self, timeout: Duration) {
        let shared = &self.0;
        let is_over = || {
            let state = shared.lock();
            let news = !state.turns.is_empty() || state.stopped;
            (shared.rung.swap(false, Ordering::AcqRel) || news).then_some(())
        };
        shared.wait(timeout, is_over);
    }

    /// What ends a [`Inbox::wait`].
    pub fn bell(&self) -> Bell {
        Bell(self.0.clone())
    }
}

impl Bell {
    /// Ends the wait that is under way, or else the next one.
    pub fn ring(&self) {
        self.0.rung.store(true, Ordering::Release);
        self.0.arrived.notify_one();
    }
}

impl fmt::Debug for Bell {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Bell").finish_non_exhaustive()
    }
}

impl fmt::Debug for Inbox {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Inbox").finish_non_exhaustive()
    }
}

impl Drop for Inbox {
    fn drop(&mut self) {
        let mut state = self.0.lock();
        state.abandoned = true;
        state.lanes.clear();
        state.turns.clear();
        drop(state);
        self.0.room.notify_waiters();
    }
}

impl Feed {
    /// Waits until the peer's lane has room.
    pub(crate) async fn room(&self, peer: PeerKey) {
        loop {
            // Created before the check: a lane emptied in between is not missed.
            let room = self.0.room.notified();
            if self
                .0
                .lock()
                .lanes
                .get(&peer)
                .is_none_or(|lane| lane.bytes < self.0.lane_bytes)
            {
                return;
            }
            room.await;
        }
    }

    /// Adds a frame once the peer's lane has room.
    pub(crate) async fn frame(&self, peer: PeerKey, bytes: Bytes) {
        self.room(peer).await;
        self.0.push(NetEvent::Frame { peer, bytes });
    }

    /// Adds the news of a new link. The caller has waited for room.
    pub(crate) fn up(&self, peer: PeerKey) {
        self.0.push(NetEvent::Up(peer));
    }

    /// Adds the news of a lost link, even to a full lane: each follows an `up` that had room.
    pub(crate) fn down(&self, peer: PeerKey, reason: DownReason) {
        self.0.push(NetEvent::Down { peer, reason });
    }

    /// Adds the news of a drained queue, even to a full lane: each follows a crowd that the inbox's
    /// own node has made.
    pub(crate) fn drained(&self, peer: PeerKey) {
        self.0.push(NetEvent::Drained(peer));
    }

    /// Tells the inbox that nothing more will come.
    pub(crate) fn stop(&self) {
        self.0.lock().stopped = true;
        self.0.arrived.notify_one();
    }

    /// Counts bytes that a link sent or received.
    pub(crate) fn count_moved(&self, bytes: usize) {
        self.0.wheel.count_moved(bytes);
    }
}

impl Shared {
    fn lock(&self) -> MutexGuard<'_, State> {
        // The state is whole between any two statements that can panic, so poison carries no news.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn push(&self, event: NetEvent) {
        let mut state = self.lock();
        if state.abandoned {
            return;
        }
        let peer = event.peer();
        let lane = state.lanes.entry(peer).or_default();
        lane.bytes += weight(&event);
        lane.events.push_back(event);
        if lane.events.len() == 1 {
            state.turns.push_back(peer);
        }
        drop(state);
        self.arrived.notify_one();
    }

    /// Moves frames, or lets the network thread do so, until `look` gives something or the time is
    /// over.
    fn wait<T>(&self, timeout: Duration, mut look: impl FnMut() -> Option<T>) -> Option<T> {
        if self.wheel.has_untold() {
            self.wheel.turn();
        }
        if let Some(found) = look() {
            return Some(found);
        }
        let is_busy = self.busy.swap(false, Ordering::Relaxed);
        let waiting = async {
            let mut time = std::pin::pin!(sleep(timeout));
            let begun = Instant::now();
            while is_busy && begun.elapsed() < PATIENCE {
                // The first pass asks the system for events, the second handles them.
                for _ in 0..2 {
                    yield_now().await;
                    if let Some(found) = look() {
                        return Some(found);
                    }
                }
                std::thread::yield_now();
            }
            loop {
                let arrived = self.arrived.notified();
                if let Some(found) = look() {
                    return Some(found);
                }
                tokio::select! {
                    biased;
                    () = arrived => {}
                    () = &mut time => return None,
                }
            }
        };
        self.wheel.visit(waiting).flatten()
    }

    fn take(&self) -> Result<NetEvent, RecvError> {
        let event = self.pop(&mut self.lock());
        if event.is_ok() {
            self.busy.store(true, Ordering::Relaxed);
        }
        event
    }

    fn pop(&self, state: &mut State) -> Result<NetEvent, RecvError> {
        let Some(peer) = state.turns.pop_front() else {
            return Err(if state.stopped {
                RecvError::Stopped
            } else {
                RecvError::Empty
            });
        };
        let lane = state
            .lanes
            .get_mut(&peer)
            .expect("a peer with a turn has a lane");
        let event = lane
            .events
            .pop_front()
            .expect("a peer with a turn has events");
        let was_full = lane.bytes >= self.lane_bytes;
        lane.bytes -= weight(&event);
        let has_room = lane.bytes < self.lane_bytes;
        if lane.events.is_empty() {
            state.lanes.remove(&peer);
        } else {
            state.turns.push_back(peer);
        }
        if was_full && has_room {
            self.room.notify_waiters();
        }
        Ok(event)
    }
}

fn weight(event: &NetEvent) -> usize {
    match event {
        NetEvent::Frame { bytes, .. } => EVENT_BYTES + bytes.len(),
        NetEvent::Up(_) | NetEvent::Drained(_) | NetEvent::Down { .. } => EVENT_BYTES,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const A: PeerKey = PeerKey([1; 32]);
    const B: PeerKey = PeerKey([2; 32]);

    fn wheel() -> Arc<Wheel> {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_time()
            .build()
            .expect("a runtime without I/O always builds");
        Arc::new(Wheel::new(runtime))
    }

    fn frame(peer: PeerKey, byte: u8) -> NetEvent {
        NetEvent::Frame {
            peer,
            bytes: Bytes::copy_from_slice(&[byte]),
        }
    }

    fn block_on<F: Future>(future: F) -> F::Output {
        tokio::runtime::Builder::new_current_thread()
            .enable_time()
            .build()
            .expect("a runtime without I/O always builds")
            .block_on(future)
    }

    #[test]
    fn peers_take_turns_and_keep_their_order() {
        let (feed, inbox) = inbox(1 << 20, wheel());
        for byte in 0..3 {
            feed.0.push(frame(A, byte));
        }
        feed.0.push(frame(B, 9));
        feed.down(B, DownReason::PeerStopped);
        let order: Vec<_> = std::iter::from_fn(|| inbox.try_recv().ok()).collect();
        let down = NetEvent::Down {
            peer: B,
            reason: DownReason::PeerStopped,
        };
        assert_eq!(
            order,
            [frame(A, 0), frame(B, 9), frame(A, 1), down, frame(A, 2)]
        );
        assert_eq!(inbox.try_recv(), Err(RecvError::Empty));
    }

    #[test]
    fn a_full_lane_waits_and_others_do_not() {
        let (feed, inbox) = inbox(2 * (EVENT_BYTES + 1), wheel());
        block_on(async {
            feed.frame(A, Bytes::from_static(b"1")).await;
            feed.frame(A, Bytes::from_static(b"2")).await;
            let mut third = std::pin::pin!(feed.frame(A, Bytes::from_static(b"3")));
            let pause = Duration::from_millis(20);
            assert!(
                tokio::time::timeout(pause, third.as_mut()).await.is_err(),
                "the lane of A is full"
            );
            feed.frame(B, Bytes::from_static(b"4")).await;
            inbox.try_recv().expect("the first frame of A");
            tokio::time::timeout(Duration::from_secs(5), third)
                .await
                .expect("the lane of A has room again");
        });
    }

    #[test]
    fn waiting_ends_by_event_time_or_stop() {
        let (feed, inbox) = inbox(1 << 20, wheel());
        assert_eq!(
            inbox.recv_timeout(Duration::from_millis(5)),
            Err(RecvError::Empty)
        );
        let feeder = std::thread::spawn(move || {
            std::thread::sleep(Duration::from_millis(20));
            feed.up(A);
            feed.stop();
        });
        assert_eq!(
            inbox.recv_timeout(Duration::from_secs(5)),
            Ok(NetEvent::Up(A))
        );
        assert_eq!(
            inbox.recv_timeout(Duration::from_secs(5)),
            Err(RecvError::Stopped)
        );
        feeder.join().expect("the feeder does not panic");
    }

    #[test]
    fn a_bell_ends_a_wait() {
        let (_feed, inbox) = inbox(1 << 20, wheel());
        let bell = inbox.bell();
        let begun = Instant::now();
        let ringer = std::thread::spawn(move || {
            std::thread::sleep(Duration::from_millis(20));
            bell.ring();
        });
        inbox.wait(Duration::from_secs(20));
        assert!(begun.elapsed() < Duration::from_secs(10));
        ringer.join().expect("the ringer does not panic");
        inbox.bell().ring();
        inbox.wait(Duration::from_secs(20));
        assert!(
            begun.elapsed() < Duration::from_secs(10),
            "the ring before the wait is lost"
        );
        inbox.wait(Duration::from_millis(20));
        assert!(begun.elapsed() >= Duration::from_millis(40));
    }

    #[test]
    fn a_dropped_inbox_never_blocks_the_feed() {
        let (feed, inbox) = inbox(1, wheel());
        block_on(async {
            feed.frame(A, Bytes::from_static(b"1")).await;
            drop(inbox);
            feed.frame(A, Bytes::from_static(b"2")).await;
        });
    }
}
