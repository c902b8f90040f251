//! Answers on their way to who asked. Large ones have room for a bounded number of bytes, all together and for each client, until they
//! have been taken: whoever reads slowly holds up its own large answers, and not the node's memory.

use std::collections::BTreeMap;
use std::collections::btree_map::Entry;
use std::io::{Error, ErrorKind};
use std::net::IpAddr;
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, ready};
use std::time::Duration;

use axum::body::{Body, Bytes};
use axum::response::Response;
use hyper::body::{Body as _, Frame, SizeHint};
use tokio::time::Instant;

use super::limits::client;

/// Answers are handed on in pieces of so many bytes: what is handed on waits in the connection's own buffer.
const PIECE: usize = 16 << 10;
/// Answers up to this size need no room: each connection has one at most.
const SMALL: u64 = 64 << 10;
/// All the room there is, in bytes. An answer that is larger takes all of it.
pub(super) const ROOM: u64 = 256 << 20;
/// One client has this part of it, and one answer in any case.
const SHARE: u64 = 8;
/// Bytes that a client takes in a second, at the least.
const RATE: u64 = 4 << 10;
/// Seconds that it may be behind.
const PATIENCE: Duration = Duration::from_secs(30);

/// Room for large answers.
#[derive(Clone)]
pub(super) struct Room {
    all: u64,
    taken: Arc<Mutex<Taken>>,
}

/// Bytes of answers that are on their way.
#[derive(Default)]
struct Taken {
    all: u64,
    of_client: BTreeMap<IpAddr, u64>,
}

impl Room {
    /// For so many bytes.
    pub(super) fn new(all: u64) -> Room {
        Room {
            all,
            taken: Arc::default(),
        }
    }

    /// The answer, which has its room until it has been taken; `None` if there is none for this client now.
    pub(super) fn hold(&self, from: IpAddr, answer: Response) -> Option<Response> {
        let bytes = answer.body().size_hint().upper().unwrap_or(u64::MAX);
        if bytes <= SMALL {
            return Some(answer);
        }
        let place = self.take(client(from), bytes.min(self.all))?;
        let held = |body| {
            Body::new(Held {
                body,
                rest: Bytes::new(),
                handed_on: 0,
                since: Instant::now(),
                _place: place,
            })
        };
        Some(answer.map(held))
    }

    fn take(&self, client: IpAddr, bytes: u64) -> Option<Place> {
        let mut taken = self.lock();
        let own = taken.of_client.get(&client).copied().unwrap_or(0);
        let fits_share = own == 0 || own + bytes <= self.all / SHARE;
        if taken.all + bytes > self.all || !fits_share {
            return None;
        }
        taken.all += bytes;
        *taken.of_client.entry(client).or_default() += bytes;
        Some(Place {
            room: self.clone(),
            client,
            bytes,
        })
    }

    fn lock(&self) -> MutexGuard<'_, Taken> {
        self.taken.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Room that an answer has.
struct Place {
    room: Room,
    client: IpAddr,
    bytes: u64,
}

impl Drop for Place {
    fn drop(&mut self) {
        let mut taken = self.room.lock();
        taken.all -= self.bytes;
        if let Entry::Occupied(mut own) = taken.of_client.entry(self.client) {
            *own.get_mut() -= self.bytes;
            if *own.get() == 0 {
                own.remove();
            }
        }
    }
}

/// A body that has its room.
struct Held {
    body: Body,
    /// What it gave and is not handed on yet.
    rest: Bytes,
    handed_on: u64,
    since: Instant,
    _place: Place,
}

impl Held {
    /// Whether the client takes what it is given, on the whole.
    fn is_taken(&self) -> bool {
        let due = PATIENCE + Duration::from_secs(self.handed_on / RATE);
        self.since.elapsed() <= due
    }
}

impl hyper::body::Body for Held {
    type Data = Bytes;
    type Error = axum::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, axum::Error>>> {
        if !self.is_taken() {
            let slow = Error::new(ErrorKind::TimedOut, "the client reads too slowly");
            return Poll::Ready(Some(Err(axum::Error::new(slow))));
        }
        while self.rest.is_empty() {
            let Some(frame) = ready!(Pin::new(&mut self.body).poll_frame(context)) else {
                return Poll::Ready(None);
            };
            match frame?.into_data() {
                Ok(data) => self.rest = data,
                Err(other) => return Poll::Ready(Some(Ok(other))),
            }
        }
        let len = self.rest.len().min(PIECE);
        // A copy: a part of the whole would keep the whole in memory.
        let piece = Bytes::copy_from_slice(&self.rest.split_to(len));
        self.handed_on += len as u64;
        Poll::Ready(Some(Ok(Frame::data(piece))))
    }

    fn is_end_stream(&self) -> bool {
        self.rest.is_empty() && self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        let (mut hint, rest) = (self.body.size_hint(), self.rest.len() as u64);
        if let Some(upper) = hint.upper() {
            hint.set_upper(upper.saturating_add(rest));
        }
        hint.set_lower(hint.lower().saturating_add(rest));
        hint
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ALL: u64 = 1_600_000;

    fn answer(len: usize) -> Response {
        Response::new(Body::from(vec![7; len]))
    }

    fn from(host: u8) -> IpAddr {
        [10, 0, 0, host].into()
    }

    async fn next(body: &mut Body) -> Option<Result<Bytes, axum::Error>> {
        let frame = std::future::poll_fn(|context| Pin::new(&mut *body).poll_frame(context)).await;
        frame.map(|frame| frame.map(|frame| frame.into_data().expect("data")))
    }

    #[tokio::test]
    async fn large_answers_have_room_until_they_are_taken() {
        let room = Room::new(ALL);
        let large = room.hold(from(1), answer(120_000)).expect("room");
        assert_eq!(large.body().size_hint().exact(), Some(120_000));
        // A client has an eighth: two of these do not fit in it, with others there is room.
        assert!(room.hold(from(1), answer(120_000)).is_none());
        let other = room.hold(from(1), answer(70_000)).expect("room");
        assert!(room.hold(from(2), answer(120_000)).is_some());
        // Small ones need none.
        assert!(room.hold(from(1), answer(60_000)).is_some());

        let (mut body, mut taken) = (large.into_body(), 0);
        while let Some(piece) = next(&mut body).await {
            let piece = piece.expect("in memory");
            assert!(piece.len() <= PIECE && piece.iter().all(|byte| *byte == 7));
            taken += piece.len();
            let left = body.size_hint().exact();
            assert_eq!(left, Some(120_000 - taken as u64));
        }
        assert_eq!(taken, 120_000);
        assert!(room.hold(from(1), answer(120_000)).is_none());
        drop(body);
        let again = room.hold(from(1), answer(120_000)).expect("room again");
        drop((again, other));
        assert_eq!(room.lock().all, 0);
        assert!(room.lock().of_client.is_empty());
    }

    #[test]
    fn all_clients_together_have_so_much_and_one_answer_may_be_large() {
        let room = Room::new(ALL);
        let large = room.hold(from(1), answer(1_500_000)).expect("room");
        assert!(room.hold(from(2), answer(120_000)).is_none());
        let second = room.hold(from(2), answer(90_000)).expect("room");
        drop(large);
        // One that is larger than all there is takes all.
        assert!(room.hold(from(3), answer(2_000_000)).is_none());
        drop(second);
        let all = room.hold(from(3), answer(2_000_000)).expect("room");
        assert!(room.hold(from(4), answer(70_000)).is_none());
        drop(all);
        assert!(room.hold(from(4), answer(70_000)).is_some());
    }

    #[tokio::test]
    async fn who_reads_too_slowly_is_given_up() {
        let mut held = Held {
            body: Body::from(vec![7; 100_000]),
            rest: Bytes::new(),
            handed_on: 0,
            since: Instant::now(),
            _place: Room::new(ALL).take(from(1), 100_000).expect("room"),
        };
        let behind = |held: &mut Held, seconds| {
            held.since = Instant::now()
                .checked_sub(Duration::from_secs(seconds))
                .expect("a while ago");
        };
        behind(&mut held, 29);
        assert!(held.is_taken());
        behind(&mut held, 31);
        assert!(!held.is_taken());
        held.handed_on = 3 * RATE;
        assert!(held.is_taken());
        behind(&mut held, 34);
        let error = next(&mut Body::new(held)).await.expect("an end");
        assert!(error.is_err_and(|error| error.to_string().contains("too slowly")));
    }
}
