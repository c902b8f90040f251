//! What the transport tells the node.

use std::{fmt, io::ErrorKind, time::Duration};

use bytes::Bytes;
use enigma_wire::id::PeerKey;

/// One thing that happened to the links of this node.
#[derive(Clone, PartialEq, Eq)]
pub enum NetEvent {
    /// A link to the peer exists from now on.
    Up(PeerKey),
    /// The link to the peer is gone.
    Down {
        /// The peer that is no longer connected.
        peer: PeerKey,
        /// Why.
        reason: DownReason,
    },
    /// The peer sent a frame.
    Frame {
        /// The sender, as proven by the handshake.
        peer: PeerKey,
        /// The payload as it was sent; may be empty.
        bytes: Bytes,
    },
    /// What waits for the peer was a crowd ([`Net::is_crowded`](crate::Net::is_crowded)) and is none
    /// any more.
    Drained(PeerKey),
}

impl NetEvent {
    /// The peer this event is about.
    pub fn peer(&self) -> PeerKey {
        match self {
            Self::Up(peer)
            | Self::Drained(peer)
            | Self::Down { peer, .. }
            | Self::Frame { peer, .. } => *peer,
        }
    }
}

impl fmt::Debug for NetEvent {
    // Payloads may hold shares; only their length is shown.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Up(peer) => f.debug_tuple("Up").field(peer).finish(),
            Self::Drained(peer) => f.debug_tuple("Drained").field(peer).finish(),
            Self::Down { peer, reason } => f
                .debug_struct("Down")
                .field("peer", peer)
                .field("reason", reason)
                .finish(),
            Self::Frame { peer, bytes } => f
                .debug_struct("Frame")
                .field("peer", peer)
                .field("len", &bytes.len())
                .finish(),
        }
    }
}

/// Why a link ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum DownReason {
    /// The peer announced that it stops.
    #[error("the peer stopped")]
    PeerStopped,
    /// The connection ended without a farewell, as when the peer's process is killed.
    #[error("the connection broke: {0}")]
    Broken(ErrorKind),
    /// Nothing was heard from the peer.
    #[error("nothing was heard for {0:?}")]
    Idle(Duration),
    /// The peer announced a frame longer than allowed.
    #[error("the peer announced a frame of {len} bytes, the limit is {max}")]
    Oversize {
        /// Announced length of the payload.
        len: usize,
        /// Longest payload allowed.
        max: usize,
    },
    /// The peer sent something that is not a frame.
    #[error("the peer broke the framing")]
    BadFrame,
    /// More than this many bytes were waiting for the peer to take them.
    #[error("more than {0} bytes waited for the peer")]
    QueueFull(usize),
    /// The peer is no longer in the set of peers.
    #[error("the peer was taken out of the set of peers")]
    NotAllowed,
    /// The same peer connected anew.
    #[error("the peer connected anew")]
    Replaced,
    /// This node stops.
    #[error("this node stopped")]
    Stopped,
}
