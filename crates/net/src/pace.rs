//! A slower network than the real one, for benchmarks: what leaves a node passes one uplink of a given
//! rate, and each frame reaches the link a given time after its last bit has passed.
//!
//! Frames wait in the queues of their links, each with the time it is due; the uplink only computes
//! that time and wakes the link then. A thread of its own sleeps until each, because the timers of
//! the network thread count whole milliseconds.

use std::{
    sync::{Arc, Mutex, PoisonError, mpsc},
    thread,
    time::{Duration, Instant},
};

use crate::link::Link;

/// How slow the network is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Pace {
    /// From one node to another.
    pub latency: Duration,
    /// What all frames that a node sends share; none for a network that only has latency.
    pub bits_per_second: Option<u64>,
}

/// A node's way into a slower network.
pub(crate) struct Uplink {
    pace: Pace,
    state: Mutex<State>,
}

struct State {
    /// When the uplink has sent everything so far.
    free: Instant,
    wake: mpsc::Sender<(Instant, Arc<Link>)>,
}

impl Uplink {
    /// Starts the thread that wakes links; it ends when the uplink is dropped.
    ///
    /// # Errors
    /// When there is no thread.
    pub(crate) fn start(pace: Pace) -> std::io::Result<Self> {
        let (wake, due) = mpsc::channel::<(Instant, Arc<Link>)>();
        thread::Builder::new().name("pace".into()).spawn(move || {
            for (time, link) in due {
                thread::sleep(time.saturating_duration_since(Instant::now()));
                link.wake();
            }
        })?;
        let free = Instant::now();
        Ok(Self {
            pace,
            state: Mutex::new(State { free, wake }),
        })
    }

    /// When a frame of so many bytes, sent now over the link, is due there; the link is woken then.
    pub(crate) fn admit(&self, bytes: usize, link: &Arc<Link>) -> Instant {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        state.free = state.free.max(Instant::now()) + self.pace.passing(bytes);
        let due = state.free + self.pace.latency;
        // Without the thread the link's next ping finds the frame.
        let _ = state.wake.send((due, Arc::clone(link)));
        due
    }
}

impl Pace {
    fn passing(&self, bytes: usize) -> Duration {
        let bits = bytes as u64 * 8;
        match self.bits_per_second {
            Some(rate) => Duration::from_secs_f64(bits as f64 / rate as f64),
            None => Duration::ZERO,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use enigma_wire::id::PeerKey;

    #[test]
    fn frames_share_the_uplink_and_each_has_the_latency() {
        let pace = Pace {
            latency: Duration::from_millis(20),
            bits_per_second: Some(8_000_000),
        };
        let uplink = Uplink::start(pace).expect("a thread");
        let link = Arc::new(Link::new(PeerKey([1; 32])));
        let other = Arc::new(Link::new(PeerKey([2; 32])));
        let start = Instant::now();
        let first = uplink.admit(10_000, &link);
        let second = uplink.admit(5_000, &other);
        assert!(first - start >= Duration::from_millis(30));
        assert_eq!(second - first, Duration::from_millis(5));
    }

    #[test]
    fn latency_alone_holds_nothing_up() {
        let pace = Pace {
            latency: Duration::from_millis(20),
            bits_per_second: None,
        };
        assert_eq!(pace.passing(1 << 30), Duration::ZERO);
    }
}
