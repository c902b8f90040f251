//! Settings of a node's links.

use std::{net::SocketAddr, time::Duration};

use crate::{Identity, NetError, Pace, frame::VERSION_LEN_MAX};

/// Everything the transport needs to know at start. [`Config::new`] fills in the usual values.
#[derive(Debug)]
pub struct Config {
    /// The key this node is known by.
    pub identity: Identity,
    /// Where to accept connections; port 0 takes any free port.
    pub listen: SocketAddr,
    /// Longest payload of one frame, in bytes. All nodes of a network use the same value.
    pub max_frame: usize,
    /// Bytes that may wait to be sent to one peer before its link is closed.
    pub queue_bytes: usize,
    /// Bytes received from one peer that may wait in the inbox before its socket is left unread.
    pub inbox_bytes: usize,
    /// Silence after which a link is given up.
    pub idle_timeout: Duration,
    /// Pause in sending after which a ping is sent.
    pub ping_interval: Duration,
    /// Longest time from the first packet of a connection to an admitted link.
    pub handshake_timeout: Duration,
    /// Pause before the first new attempt to dial; it doubles with each failure.
    pub retry_min: Duration,
    /// Longest pause between attempts to dial.
    pub retry_max: Duration,
    /// How long [`Net::stop`](crate::Net::stop) lets queued frames flow out.
    pub flush_timeout: Duration,
    /// Incoming connections that may be in their handshake at once. One more ends the oldest, so
    /// that a stranger who opens many slow connections cannot keep members out.
    pub max_handshakes: usize,
    /// The program's version, told to every peer: up to 32 printable ASCII characters.
    pub version: String,
    /// A peer whose clock differs by more is warned about.
    pub clock_skew_max: Duration,
    /// For benchmarks: sends as through a slower network.
    pub pace: Option<Pace>,
}

impl Config {
    /// The usual settings for a node that listens at `listen`.
    pub fn new(identity: Identity, listen: SocketAddr) -> Self {
        Self {
            identity,
            listen,
            max_frame: 300 << 10,
            queue_bytes: 64 << 20,
            inbox_bytes: 16 << 20,
            // A machine whose cores are all busy may keep a node from its links for seconds.
            idle_timeout: Duration::from_secs(15),
            ping_interval: Duration::from_secs(1),
            handshake_timeout: Duration::from_secs(5),
            retry_min: Duration::from_millis(50),
            retry_max: Duration::from_secs(2),
            flush_timeout: Duration::from_secs(2),
            max_handshakes: 64,
            version: env!("CARGO_PKG_VERSION").to_owned(),
            clock_skew_max: Duration::from_secs(30),
            pace: None,
        }
    }

    /// Refuses settings that could never work.
    pub(crate) fn check(&self) -> Result<(), NetError> {
        if self.max_frame == 0 || self.max_frame >= u32::MAX as usize {
            return Err(NetError::Setting { name: "max_frame" });
        }
        if self.queue_bytes < self.max_frame {
            return Err(NetError::Setting {
                name: "queue_bytes",
            });
        }
        if self.inbox_bytes == 0 {
            return Err(NetError::Setting {
                name: "inbox_bytes",
            });
        }
        if self.ping_interval.is_zero() || self.idle_timeout <= self.ping_interval {
            return Err(NetError::Setting {
                name: "idle_timeout",
            });
        }
        if self.handshake_timeout.is_zero() {
            return Err(NetError::Setting {
                name: "handshake_timeout",
            });
        }
        if self.retry_min.is_zero() || self.retry_max < self.retry_min {
            return Err(NetError::Setting { name: "retry_max" });
        }
        if self.max_handshakes == 0 {
            return Err(NetError::Setting {
                name: "max_handshakes",
            });
        }
        if self
            .pace
            .is_some_and(|pace| pace.bits_per_second == Some(0))
        {
            return Err(NetError::Setting { name: "pace" });
        }
        let printable = self.version.bytes().all(|byte| byte.is_ascii_graphic());
        if self.version.len() > VERSION_LEN_MAX || !printable {
            return Err(NetError::Setting { name: "version" });
        }
        Ok(())
    }
}
