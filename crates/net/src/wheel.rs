//! Who moves frames: the thread that takes events from the inbox, while it waits for them, or else the
//! network thread.
//!
//! The tasks of all links belong to one current-thread runtime, which runs on whichever thread enters it.
//! A message that must wake one thread to be read and another to be used costs a multiple of its own
//! sending; so a thread that waits in the inbox enters the runtime and does both. Two things bring the
//! network thread in:
//!
//! - **Much to move.** Of long messages the encryption costs more than the waking, and it can go on
//!   beside the computation. Once more than [`MUCH`] bytes wait or were moved, the network thread takes
//!   over, and gives way only when less than that was moved for a [`PERIOD`].
//! - **An inbox nobody waits in.** Whoever computes for long, or never comes back, moves nothing. The
//!   network thread looks after each period whether the other came by, and takes over if not. While
//!   the other waits in the runtime, it sleeps.
//!
//! So a queued frame is never left alone for longer than two periods.

use std::{
    sync::{
        Arc, Condvar, Mutex, MutexGuard, PoisonError, RwLock,
        atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering::SeqCst},
    },
    time::{Duration, Instant},
};

use tokio::runtime::Runtime;
use tokio::sync::Notify;
use tokio::task::JoinHandle;
use tokio::time::sleep;

use crate::link::Link;

/// How often the network thread looks whether somebody moves frames.
const PERIOD: Duration = Duration::from_millis(2);
/// How often a visitor who does not wait moves frames.
const TURN: Duration = Duration::from_micros(20);
/// Bytes from which moving them is worth a thread of its own.
pub(crate) const MUCH: usize = 64 << 10;

pub(crate) struct Wheel {
    /// None once the transport has ended. Held for reading by whoever is inside.
    runtime: RwLock<Option<Runtime>>,
    /// Threads inside the runtime.
    inside: AtomicUsize,
    /// Threads inside that wait in the inbox.
    waiting: AtomicUsize,
    /// How often somebody came to the inbox.
    visits: AtomicU64,
    /// When the last of them left.
    left: Mutex<Instant>,
    /// Bytes sent and received so far.
    moved: AtomicU64,
    /// Links with frames of which their tasks were not told, as nobody was inside.
    untold: Mutex<Vec<Arc<Link>>>,
    /// Somebody waits in the inbox while the network thread moves frames.
    wanted: Notify,
    /// That was said, and the network thread has not given way since.
    asked: AtomicBool,
    /// The network thread sleeps until it is called.
    asleep: AtomicBool,
    /// The network thread is to take over.
    called: Mutex<bool>,
    call: Condvar,
}

impl Wheel {
    pub(crate) fn new(runtime: Runtime) -> Self {
        Self {
            runtime: RwLock::new(Some(runtime)),
            inside: AtomicUsize::new(0),
            waiting: AtomicUsize::new(0),
            visits: AtomicU64::new(0),
            left: Mutex::new(Instant::now()),
            moved: AtomicU64::new(0),
            untold: Mutex::default(),
            wanted: Notify::new(),
            asked: AtomicBool::new(false),
            asleep: AtomicBool::new(false),
            called: Mutex::new(false),
            call: Condvar::new(),
        }
    }

    /// Runs the tasks of all links on this thread until the future of a visitor of the inbox is ready;
    /// none once the transport has ended. If another thread runs them, only waits.
    pub(crate) fn visit<T>(&self, future: impl Future<Output = T>) -> Option<T> {
        self.visits.fetch_add(1, SeqCst);
        let waiting = Counted::new(&self.waiting);
        let before = self.moved.load(SeqCst);
        if self.inside.load(SeqCst) > 0 && !self.asked.swap(true, SeqCst) {
            self.wanted.notify_one();
        }
        let outcome = self.enter(future);
        drop(waiting);
        *lock(&self.left) = Instant::now();
        if self.moved.load(SeqCst) - before > MUCH as u64 {
            self.call();
        } else if self.asleep.load(SeqCst) {
            // It looks from now on whether we come back. The lock waits until it does sleep.
            drop(lock(&self.called));
            self.call.notify_one();
        }
        outcome
    }

    /// Runs all tasks that can go on, without waiting for anything, unless another thread is at it.
    pub(crate) fn turn(&self) {
        if self.is_left() {
            self.visit(async {
                // The first pass writes what is queued and asks the system for events, the second
                // handles those.
                tokio::task::yield_now().await;
                tokio::task::yield_now().await;
            });
        }
    }

    /// Is nobody moving frames, and was nobody for a moment?
    pub(crate) fn is_stale(&self) -> bool {
        self.is_left() && lock(&self.left).elapsed() >= TURN
    }

    /// Is nobody moving frames?
    fn is_left(&self) -> bool {
        self.inside.load(SeqCst) == 0
    }

    /// Do frames wait of which nobody was told?
    pub(crate) fn has_untold(&self) -> bool {
        !lock(&self.untold).is_empty()
    }

    /// The link's queue is not empty any more.
    pub(crate) fn tell(&self, link: &Arc<Link>) {
        lock(&self.untold).push(link.clone());
        // Who enters after this look finds the link in the list.
        if !self.is_left() {
            self.tell_all();
        }
    }

    /// The network thread takes over.
    pub(crate) fn call(&self) {
        *lock(&self.called) = true;
        self.call.notify_one();
    }

    pub(crate) fn count_moved(&self, bytes: usize) {
        self.moved.fetch_add(bytes as u64, SeqCst);
    }

    /// The network thread: moves frames whenever nobody else does, until the task `serving` is done,
    /// which then was called to its end ([`Wheel::call`]).
    pub(crate) fn keep(&self, serving: impl Future<Output = ()> + Send + 'static) {
        // A task, so that it goes on whoever is inside.
        let Some(mut serving) = self.spawn(serving) else {
            return;
        };
        loop {
            let turn = async {
                tokio::select! {
                    biased;
                    done = &mut serving => {
                        if let Err(error) = done {
                            tracing::error!(%error, "the transport ended");
                        }
                        true
                    }
                    () = self.not_needed() => false,
                }
            };
            match self.enter(turn) {
                Some(false) => self.doze(),
                _ => return,
            }
        }
    }

    /// Ends all tasks, once nobody is inside any more.
    pub(crate) fn end(&self) {
        let mut runtime = self.runtime.write().unwrap_or_else(PoisonError::into_inner);
        if let Some(runtime) = runtime.take() {
            runtime.shutdown_background();
        }
    }

    fn enter<T>(&self, future: impl Future<Output = T>) -> Option<T> {
        let runtime = self.runtime.read().unwrap_or_else(PoisonError::into_inner);
        let runtime = runtime.as_ref()?;
        let _inside = Counted::new(&self.inside);
        Some(runtime.block_on(async {
            self.tell_all();
            future.await
        }))
    }

    fn spawn(&self, task: impl Future<Output = ()> + Send + 'static) -> Option<JoinHandle<()>> {
        let runtime = self.runtime.read().unwrap_or_else(PoisonError::into_inner);
        Some(runtime.as_ref()?.spawn(task))
    }

    fn tell_all(&self) {
        let links = std::mem::take(&mut *lock(&self.untold));
        for link in links {
            link.wake();
        }
    }

    /// Returns when somebody else waits in the inbox and little is moved.
    async fn not_needed(&self) {
        loop {
            self.wanted.notified().await;
            self.asked.store(false, SeqCst);
            loop {
                let before = self.moved.load(SeqCst);
                sleep(PERIOD).await;
                let little = self.moved.load(SeqCst) - before < MUCH as u64;
                match self.waiting.load(SeqCst) {
                    0 => break,
                    _ if little => return,
                    _ => {}
                }
            }
        }
    }

    /// Returns when the network thread is called, or nobody has come to the inbox for a period.
    fn doze(&self) {
        let poisoned = PoisonError::into_inner;
        let mut called = lock(&self.called);
        loop {
            let seen = self.visits.load(SeqCst);
            called = (self.call.wait_timeout(called, PERIOD))
                .map_or_else(|poison| poison.into_inner().0, |(called, _)| called);
            if !*called && self.visits.load(SeqCst) == seen {
                self.asleep.store(true, SeqCst);
                // A visitor that leaves after this look sees that we sleep.
                let somebody_waits = self.waiting.load(SeqCst) > 0;
                if somebody_waits {
                    called = self.call.wait(called).unwrap_or_else(poisoned);
                }
                self.asleep.store(false, SeqCst);
                if !somebody_waits {
                    return;
                }
            }
            if std::mem::take(&mut *called) {
                return;
            }
        }
    }
}

/// Counts a thread for as long as it lives.
struct Counted<'a>(&'a AtomicUsize);

impl<'a> Counted<'a> {
    fn new(count: &'a AtomicUsize) -> Self {
        count.fetch_add(1, SeqCst);
        Self(count)
    }
}

impl Drop for Counted<'_> {
    fn drop(&mut self) {
        self.0.fetch_sub(1, SeqCst);
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    // Every critical section is a single change, so poison carries no news.
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
