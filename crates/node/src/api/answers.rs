//! Answers on their way to who asked. Large ones have room together for a bounded number of bytes, until they have been taken: whoever
//! reads slowly holds up other large answers, and not the node's memory.

use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use axum::body::{Body, Bytes};
use axum::response::Response;
use hyper::body::{Body as _, Frame, SizeHint};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

/// Room is counted in these, and answers are handed on in them: what is handed on waits in the connection's own buffer.
const PIECE: usize = 16 << 10;
/// Answers up to this size need no room: each connection has one at most.
const SMALL: u64 = 64 << 10;
/// All the room there is, in bytes. An answer that is larger takes all of it.
pub(super) const ROOM: usize = 256 << 20;

/// Room for large answers.
#[derive(Clone)]
pub(super) struct Room {
    pieces: Arc<Semaphore>,
    all: u32,
    /// Longest wait for room.
    patience: Duration,
}

impl Room {
    /// For so many bytes; who needs some waits so long at most.
    pub(super) fn new(bytes: usize, patience: Duration) -> Room {
        let all = u32::try_from(bytes.div_ceil(PIECE)).unwrap_or(u32::MAX);
        Room {
            pieces: Arc::new(Semaphore::new(all as usize)),
            all,
            patience,
        }
    }

    /// The answer, which has its room until it has been taken; `None` if there is none for too long.
    pub(super) async fn hold(&self, answer: Response) -> Option<Response> {
        let bytes = answer.body().size_hint().upper().unwrap_or(u64::MAX);
        if bytes <= SMALL {
            return Some(answer);
        }
        let needed = u32::try_from(bytes.div_ceil(PIECE as u64)).unwrap_or(u32::MAX);
        let room = Arc::clone(&self.pieces).acquire_many_owned(needed.min(self.all));
        let room = tokio::time::timeout(self.patience, room).await.ok()?.ok()?;
        let held = |body| {
            Body::new(Held {
                body,
                rest: Bytes::new(),
                _room: room,
            })
        };
        Some(answer.map(held))
    }
}

/// A body that has its room.
struct Held {
    body: Body,
    /// What it gave and is not handed on yet.
    rest: Bytes,
    _room: OwnedSemaphorePermit,
}

impl hyper::body::Body for Held {
    type Data = Bytes;
    type Error = axum::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, axum::Error>>> {
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

    fn answer(len: usize) -> Response {
        Response::new(Body::from(vec![7; len]))
    }

    async fn next(body: &mut Body) -> Option<Bytes> {
        let frame = std::future::poll_fn(|context| Pin::new(&mut *body).poll_frame(context)).await;
        let frame = frame.map(|frame| frame.expect("in memory").into_data());
        frame.map(|data| data.expect("data"))
    }

    #[tokio::test]
    async fn large_answers_have_room_until_they_are_taken() {
        let room = Room::new(300_000, Duration::from_millis(20));
        let large = room.hold(answer(200_000)).await.expect("room");
        assert_eq!(large.body().size_hint().exact(), Some(200_000));
        assert!(room.hold(answer(200_000)).await.is_none());
        // Small ones need none.
        assert!(room.hold(answer(60_000)).await.is_some());

        let (mut body, mut taken) = (large.into_body(), 0);
        while let Some(piece) = next(&mut body).await {
            assert!(piece.len() <= PIECE && piece.iter().all(|byte| *byte == 7));
            taken += piece.len();
            let left = body.size_hint().exact();
            assert_eq!(left, Some(200_000 - taken as u64));
        }
        assert_eq!(taken, 200_000);
        assert!(room.hold(answer(200_000)).await.is_none());
        drop(body);
        let again = room.hold(answer(200_000)).await.expect("room again");
        drop(again);
        // One that is larger than all there is takes all.
        let all = room.hold(answer(1_000_000)).await.expect("room");
        assert!(room.hold(answer(70_000)).await.is_none());
        drop(all);
        assert!(room.hold(answer(70_000)).await.is_some());
    }
}
