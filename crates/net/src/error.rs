//! What can go wrong, by who is to blame.

use std::io::ErrorKind;

use enigma_wire::id::PeerKey;

use crate::PROTOCOL_VERSION;

/// The transport could not start.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum NetError {
    /// Misuse: a setting contradicts itself or another one.
    #[error("the network setting {name} is out of range")]
    Setting {
        /// The field of [`Config`](crate::Config).
        name: &'static str,
    },
    /// World: the address cannot be listened on.
    #[error("cannot listen on {address}: {kind}")]
    Listen {
        /// The address asked for.
        address: std::net::SocketAddr,
        /// Why the system refused.
        kind: ErrorKind,
    },
    /// World: the network thread or its runtime could not be created.
    #[error("cannot start the network thread: {kind}")]
    Thread {
        /// Why the system refused.
        kind: ErrorKind,
    },
}

/// Misuse: the stored bytes are not an ed25519 key.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum IdentityError {
    /// Not a PKCS #8 version 1 document holding an ed25519 private key (RFC 8410, section 7).
    #[error("the transport key is not an ed25519 key in PKCS #8 form")]
    NotEd25519,
}

/// A frame was not accepted for sending.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum SendError {
    /// World: there is no link to this peer now.
    #[error("not connected to {peer}")]
    NotConnected {
        /// The peer that was to receive the frame.
        peer: PeerKey,
    },
    /// Peer: it takes frames more slowly than they are produced; its link is being closed.
    #[error("{peer} takes frames too slowly: more than {limit} bytes wait for it")]
    QueueFull {
        /// The slow peer.
        peer: PeerKey,
        /// The bound that was reached, in bytes.
        limit: usize,
    },
    /// Misuse: the payload is longer than a frame may be.
    #[error("a frame of {len} bytes exceeds the limit of {max}")]
    TooLong {
        /// Length of the payload.
        len: usize,
        /// Longest payload allowed.
        max: usize,
    },
}

/// No event was taken from the inbox.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum RecvError {
    /// Nothing has arrived (in time).
    #[error("no network event is waiting")]
    Empty,
    /// The transport has stopped and every event was taken.
    #[error("the network has stopped")]
    Stopped,
}

/// Peer: why a certificate or a connection was turned away.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Refusal {
    /// The certificate cannot be read.
    #[error("the certificate is malformed")]
    Malformed,
    /// The certificate's key is of another kind.
    #[error("the certificate does not hold an ed25519 key")]
    NotEd25519,
    /// The certificate is not signed by the key it holds, or came with others.
    #[error("the certificate is not signed by its own key")]
    NotSelfSigned,
    /// The key is not in the set of peers.
    #[error("{0} is not a peer of this node")]
    NotAllowed(PeerKey),
    /// The key is in the set of peers, but this node is the one that dials it.
    #[error("{0} dialled although this node dials it")]
    WrongDirection(PeerKey),
    /// Somebody else answers at the peer's address.
    #[error("expected {expected}, found {found}")]
    WrongKey {
        /// The key the address was registered for.
        expected: PeerKey,
        /// The key that answered.
        found: PeerKey,
    },
}

/// Why the last attempt to reach a peer failed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum DialFailure {
    /// The address cannot be resolved or connected to.
    #[error("cannot connect: {0}")]
    Connect(ErrorKind),
    /// The connection broke during the handshake, or what answers does not speak this protocol.
    #[error("the handshake failed: {0}")]
    Handshake(ErrorKind),
    /// This node turned the other side away.
    #[error("refused: {0}")]
    Refused(Refusal),
    /// The other side turned this node away.
    #[error("the peer refused this node")]
    RefusedByPeer,
    /// The other side speaks another version of the protocol.
    #[error(
        "the peer speaks link protocol version {theirs}, this node speaks version {PROTOCOL_VERSION}"
    )]
    Version {
        /// The peer's version.
        theirs: u8,
    },
    /// No admitted link within the time allowed.
    #[error("the peer did not answer in time")]
    Timeout,
}

impl DialFailure {
    /// Finds out what an error of the TLS stream during a handshake means.
    pub(crate) fn from_handshake(error: &std::io::Error) -> Self {
        use rustls::{CertificateError, Error};
        let Some(tls) = error
            .get_ref()
            .and_then(|inner| inner.downcast_ref::<Error>())
        else {
            return Self::Handshake(error.kind());
        };
        match tls {
            Error::InvalidCertificate(CertificateError::Other(other)) => other
                .0
                .downcast_ref::<Refusal>()
                .map_or(Self::Handshake(error.kind()), |refusal| {
                    Self::Refused(*refusal)
                }),
            Error::AlertReceived(_) => Self::RefusedByPeer,
            _ => Self::Handshake(error.kind()),
        }
    }
}
