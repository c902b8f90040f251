//! Where events wait for the node: one bounded lane per peer, emptied in turn.

use std::{
    collections::{BTreeMap, VecDeque},
    fmt,
    sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError},
    time::{Duration, Instant},
};

use bytes::Bytes;
use enigma_wire::id::PeerKey;
use tokio::sync::Notify;

use crate::{DownReason, NetEvent, RecvError, Waker};

// What an event weighs against the bound beyond its payload, so that empty frames are bounded too.
const EVENT_BYTES: usize = 64;

/// The receiving end of the transport, for one plain thread.
///
/// Peers take turns, so that a chatty one cannot starve the others; the order of one peer's events is
/// kept. Dropping the inbox makes the transport discard what arrives.
pub struct Inbox(Arc<Shared>);

/// The end held by the links.
#[derive(Clone)]
pub(crate) struct Feed(Arc<Shared>);

struct Shared {
    state: Mutex<State>,
    arrived: Condvar,
    room: Notify,
    lane_bytes: usize,
    waker: Waker,
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
pub(crate) fn inbox(lane_bytes: usize, waker: Waker) -> (Feed, Inbox) {
    let shared = Arc::new(Shared {
        state: Mutex::default(),
        arrived: Condvar::new(),
        room: Notify::new(),
        lane_bytes,
        waker,
    });
    (Feed(shared.clone()), Inbox(shared))
}

impl Inbox {
    /// Takes the next event if one is waiting.
    ///
    /// # Errors
    /// `Empty` now, or `Stopped` for ever.
    pub fn try_recv(&self) -> Result<NetEvent, RecvError> {
        let mut state = self.0.lock();
        self.0.pop(&mut state)
    }

    /// Takes the next event, waiting up to `timeout` for it.
    ///
    /// # Errors
    /// `Empty` when the time is over, `Stopped` once the transport has stopped and all is taken.
    pub fn recv_timeout(&self, timeout: Duration) -> Result<NetEvent, RecvError> {
        let deadline = Instant::now() + timeout;
        let mut state = self.0.lock();
        loop {
            match self.0.pop(&mut state) {
                Err(RecvError::Empty) => {}
                done => return done,
            }
            let left = deadline.saturating_duration_since(Instant::now());
            if left.is_zero() {
                return Err(RecvError::Empty);
            }
            state = self
                .0
                .arrived
                .wait_timeout(state, left)
                .unwrap_or_else(PoisonError::into_inner)
                .0;
        }
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
        self.0.arrived.notify_all();
        (self.0.waker)();
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
        (self.waker)();
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
    use std::sync::atomic::{AtomicUsize, Ordering};

    use super::*;

    const A: PeerKey = PeerKey([1; 32]);
    const B: PeerKey = PeerKey([2; 32]);

    fn quiet() -> Waker {
        Arc::new(|| {})
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
        let (feed, inbox) = inbox(1 << 20, quiet());
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
        let (feed, inbox) = inbox(2 * (EVENT_BYTES + 1), quiet());
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
        let wakes = Arc::new(AtomicUsize::new(0));
        let count = wakes.clone();
        let (feed, inbox) = inbox(
            1 << 20,
            Arc::new(move || {
                count.fetch_add(1, Ordering::Relaxed);
            }),
        );
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
        assert_eq!(wakes.load(Ordering::Relaxed), 2);
    }

    #[test]
    fn a_dropped_inbox_never_blocks_the_feed() {
        let (feed, inbox) = inbox(1, quiet());
        block_on(async {
            feed.frame(A, Bytes::from_static(b"1")).await;
            drop(inbox);
            feed.frame(A, Bytes::from_static(b"2")).await;
        });
    }
}
