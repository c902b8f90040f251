//! Links between the nodes of a committee: one TCP connection per pair, TLS 1.3 only, both ends
//! known by the ed25519 key of their certificate, whole frames in and out.
//!
//! Payloads are never interpreted. What this crate promises:
//!
//! - **Identity.** A link exists only to a key in the current set of peers ([`Net::set_peers`]), and
//!   only after that key signed the handshake. Taking a key out of the set closes its link.
//! - **One link per pair.** The node with the smaller key dials, the other one listens. A second
//!   connection of the same peer replaces the first, because the dialer only dials when it believes
//!   it has none.
//! - **Order.** Events of one peer arrive in order: `Up`, its frames, `Down`, and so on. A frame
//!   that was accepted by [`Net::send`] may still be lost with its link; nothing is sent again.
//! - **Bounds.** Outgoing frames wait in a queue of at most `queue_bytes` per peer; when it is full
//!   the link is closed with [`DownReason::QueueFull`]; long before, [`Net::is_crowded`] tells who can
//!   pause, and [`NetEvent::Drained`] when to go on. Incoming events wait in the [`Inbox`], at
//!   most `inbox_bytes` (and one frame) per peer; when it is full that peer's socket is not read, so
//!   TCP slows the sender down. A frame's announced length is checked before memory is taken for it.
//! - **Silence.** A link on which nothing is heard for `idle_timeout` is closed with
//!   [`DownReason::Idle`]. Pings keep a healthy link alive; time spent not reading does not count.
//! - **Threads.** Everything runs in one current-thread runtime: on the thread that waits in the inbox, so
//!   that a short message costs no switch of threads, and else on a thread of our own, within
//!   milliseconds, so that nothing depends on anybody's waiting. [`Net`] and [`Inbox`] are used from
//!   plain threads, never from async tasks. No call but those of [`Inbox::recv_timeout`],
//!   [`Inbox::wait`] and [`Net::stop`] waits.
//!
//! ```
//! use std::{collections::BTreeMap, time::Duration};
//! use enigma_net::{Config, Identity, Net, NetEvent};
//!
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let mut rng = rand::rng();
//! let any_port = "127.0.0.1:0".parse()?;
//! let (alice, alice_inbox) = Net::start(Config::new(Identity::generate(&mut rng), any_port))?;
//! let (bob, bob_inbox) = Net::start(Config::new(Identity::generate(&mut rng), any_port))?;
//! alice.set_peers(BTreeMap::from([(bob.peer_key(), bob.local_addr().to_string())]));
//! bob.set_peers(BTreeMap::from([(alice.peer_key(), alice.local_addr().to_string())]));
//!
//! let wait = Duration::from_secs(5);
//! assert_eq!(alice_inbox.recv_timeout(wait)?, NetEvent::Up(bob.peer_key()));
//! alice.send(bob.peer_key(), "hello".into())?;
//! assert_eq!(bob_inbox.recv_timeout(wait)?, NetEvent::Up(alice.peer_key()));
//! assert_eq!(bob_inbox.recv_timeout(wait)?, NetEvent::Frame { peer: alice.peer_key(), bytes: "hello".into() });
//! # Ok(())
//! # }
//! ```

mod config;
mod dial;
mod error;
mod event;
mod frame;
mod identity;
mod inbox;
mod link;
mod listen;
mod net;
mod pace;
mod trust;
mod wheel;

pub use config::Config;
pub use error::{DialFailure, IdentityError, NetError, RecvError, Refusal, SendError};
pub use event::{DownReason, NetEvent};
pub use frame::PROTOCOL_VERSION;
pub use identity::Identity;
pub use inbox::{Bell, Inbox};
pub use net::{Net, PeerStatus};
pub use pace::Pace;
