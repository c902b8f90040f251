//! One link: its outgoing queue, and the task that moves frames until the link ends.

use std::{
    collections::VecDeque,
    io::ErrorKind,
    sync::{
        Mutex, MutexGuard, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
    time::{Duration, Instant, SystemTime, UNIX_EPOCH},
};

use bytes::{Buf, Bytes, BytesMut};
use enigma_wire::id::PeerKey;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt, BufReader, ReadHalf, WriteHalf},
    net::TcpStream,
    sync::{Notify, watch},
    time::{sleep, timeout},
};
use tokio_rustls::TlsStream;

use crate::{
    DownReason, SendError,
    frame::{self, About, Frame, HEADER_LEN},
    inbox::Feed,
    net::Limits,
};

// TLS reads 4 KiB at a time; the buffer below it asks the system for this many bytes at once.
const RECEIVE: usize = 64 << 10;
// Most bytes that one read of a TLS stream gives.
const RECORD: usize = 16 << 10;
// Frames are gathered into writes of about this many bytes.
const PIECE: usize = 64 << 10;
// Frames from this length on are not gathered.
const LONG: usize = 16 << 10;
// What the writer takes from the queue at a time; the rest stays where its bound is checked.
const BATCH: usize = 256 << 10;

/// An encrypted connection.
pub(crate) type Stream = TlsStream<BufReader<TcpStream>>;

/// What lies below the encryption: small frames leave at once, and reads are gathered.
pub(crate) fn transport(stream: TcpStream) -> std::io::Result<BufReader<TcpStream>> {
    stream.set_nodelay(true)?;
    Ok(BufReader::with_capacity(RECEIVE, stream))
}

pub(crate) struct Link {
    pub(crate) peer: PeerKey,
    queue: Mutex<Queue>,
    filled: Notify,
    closing: watch::Sender<Option<DownReason>>,
    gone: watch::Sender<bool>,
    sent: AtomicU64,
    received: AtomicU64,
    /// What the peer said about itself, and its clock less ours when it did, in seconds.
    about: Mutex<Option<(String, i64)>>,
}

#[derive(Default)]
struct Queue {
    /// With the time before which each must not be written, in a network that is slowed down.
    frames: VecDeque<(Bytes, Option<Instant>)>,
    /// Payload and header bytes not yet handed to the system, those being written included.
    bytes: usize,
    /// It rose above the mark and has not drained since.
    crowded: bool,
}

impl Link {
    pub(crate) fn new(peer: PeerKey) -> Self {
        Self {
            peer,
            queue: Mutex::default(),
            filled: Notify::new(),
            closing: watch::Sender::new(None),
            gone: watch::Sender::new(false),
            sent: AtomicU64::new(0),
            received: AtomicU64::new(0),
            about: Mutex::default(),
        }
    }

    /// The peer's program version and its clock less ours in seconds, once it has told them.
    pub(crate) fn about(&self) -> Option<(String, i64)> {
        self.about
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone()
    }

    /// Takes note of what the peer says about itself; it says so once.
    fn meet(&self, about: About, limits: &Limits) -> Result<(), DownReason> {
        let offset = i128::from(about.time) - i128::from(unix_now());
        let offset = i64::try_from(offset).unwrap_or(i64::MAX);
        if offset.unsigned_abs() > limits.clock_skew_max.as_secs() {
            let peer = self.peer;
            tracing::warn!(%peer, offset_seconds = offset, "a peer's clock differs; one of the two is wrong");
        }
        let mut known = self.about.lock().unwrap_or_else(PoisonError::into_inner);
        if known.is_some() {
            return Err(DownReason::BadFrame);
        }
        *known = Some((about.version, offset));
        Ok(())
    }

    /// Queues a frame, to be written when it is `due`, and tells how many bytes now wait and whether the
    /// link was idle and must be woken. When it does not fit, the link is closed.
    pub(crate) fn push(
        &self,
        payload: Bytes,
        due: Option<Instant>,
        limit: usize,
    ) -> Result<(usize, bool), SendError> {
        if self.closing.borrow().is_some() {
            return Err(SendError::NotConnected { peer: self.peer });
        }
        let mut queue = self.lock();
        let bytes = queue.bytes + HEADER_LEN + payload.len();
        if bytes > limit + HEADER_LEN {
            drop(queue);
            self.close(DownReason::QueueFull(limit));
            return Err(SendError::QueueFull {
                peer: self.peer,
                limit,
            });
        }
        queue.bytes = bytes;
        queue.crowded |= bytes > crowd_mark(limit);
        queue.frames.push_back((payload, due));
        Ok((bytes, queue.frames.len() == 1))
    }

    /// Makes the link look at its queue.
    pub(crate) fn wake(&self) {
        self.filled.notify_one();
    }

    /// Asks the link to end. The first reason stays, except that nothing delays for `Stopped`.
    pub(crate) fn close(&self, reason: DownReason) {
        let changed = self.closing.send_if_modified(|current| {
            let replace = matches!(current, None | Some(DownReason::Stopped));
            if replace {
                *current = Some(reason);
            }
            replace
        });
        if changed {
            self.filled.notify_one();
        }
    }

    /// Returns once the link has ended and its `Down` is in the inbox.
    pub(crate) async fn gone(&self) {
        // An error means that the sender, which is part of the link, is gone; it cannot be.
        let _ = self.gone.subscribe().wait_for(|gone| *gone).await;
    }

    pub(crate) fn set_gone(&self) {
        self.gone.send_replace(true);
    }

    /// Bytes waiting to be sent, bytes sent, bytes received: payloads and headers.
    pub(crate) fn counts(&self) -> (usize, u64, u64) {
        (
            self.lock().bytes,
            self.sent.load(Ordering::Relaxed),
            self.received.load(Ordering::Relaxed),
        )
    }

    /// Is more waiting than a sender that can pause should add to?
    pub(crate) fn is_crowded(&self) -> bool {
        self.lock().crowded
    }

    /// Moves frames until the link ends, and says why it did.
    pub(crate) async fn run(&self, stream: Stream, feed: &Feed, limits: &Limits) -> DownReason {
        let (mut reader, mut writer) = tokio::io::split(stream);
        let reason = tokio::select! {
            biased;
            reason = self.read(&mut reader, feed, limits) => reason,
            reason = self.closed(limits.flush_timeout) => reason,
            reason = self.write(&mut writer, feed, limits) => reason,
        };
        // A request to close is the cause of what the streams report after it.
        let requested = *self.closing.borrow();
        let reason = requested.unwrap_or(reason);
        self.close(reason);
        reason
    }

    /// Waits for a request to close; a stopping node first gets time to flush.
    async fn closed(&self, flush_timeout: Duration) -> DownReason {
        let mut closing = self.closing.subscribe();
        loop {
            let reason = *closing.borrow_and_update();
            match reason {
                Some(DownReason::Stopped) => {
                    // Another reason, such as a full queue, still ends the wait.
                    if !matches!(timeout(flush_timeout, closing.changed()).await, Ok(Ok(()))) {
                        return DownReason::Stopped;
                    }
                }
                Some(reason) => return reason,
                None => {
                    if closing.changed().await.is_err() {
                        return DownReason::Stopped;
                    }
                }
            }
        }
    }

    async fn read(
        &self,
        stream: &mut ReadHalf<Stream>,
        feed: &Feed,
        limits: &Limits,
    ) -> DownReason {
        let mut buffer = BytesMut::new();
        // One timer for all reads: when it rings, it is set anew if the wait has not been as long.
        let mut silence = std::pin::pin!(sleep(limits.idle_timeout));
        loop {
            // Frames are handed on as parts of this buffer: no byte of a long one is copied here.
            buffer.reserve(RECORD);
            // Only this wait is timed: while a full inbox keeps us from reading, the peer is not silent.
            let since = Instant::now();
            let count = loop {
                tokio::select! {
                    biased;
                    count = stream.read_buf(&mut buffer) => break count,
                    () = &mut silence => {
                        let end = since + limits.idle_timeout;
                        if end <= Instant::now() {
                            return DownReason::Idle(limits.idle_timeout);
                        }
                        silence.as_mut().reset(end.into());
                    }
                }
            };
            let count = match count {
                Err(error) => return DownReason::Broken(error.kind()),
                Ok(0) => return DownReason::Broken(ErrorKind::UnexpectedEof),
                Ok(count) => count,
            };
            self.received.fetch_add(count as u64, Ordering::Relaxed);
            feed.count_moved(count);
            loop {
                match frame::take(&mut buffer, limits.max_frame) {
                    Ok(Some(Frame::Data(bytes))) => feed.frame(self.peer, bytes).await,
                    Ok(Some(Frame::Ping)) => {}
                    Ok(Some(Frame::About(about))) => {
                        if let Err(reason) = self.meet(about, limits) {
                            return reason;
                        }
                    }
                    Ok(Some(Frame::Farewell)) => return DownReason::PeerStopped,
                    Ok(None) => break,
                    Err(reason) => return reason,
                }
            }
        }
    }

    async fn write(
        &self,
        stream: &mut WriteHalf<Stream>,
        feed: &Feed,
        limits: &Limits,
    ) -> DownReason {
        let mut out = Vec::with_capacity(2 * PIECE);
        let about = About {
            time: unix_now(),
            version: limits.version.clone(),
        };
        frame::put_about(&mut out, &about);
        if let Err(error) = self.write_out(stream, &mut out).await {
            return DownReason::Broken(error.kind());
        }
        // As for reads, one timer for all pauses.
        let mut pause = std::pin::pin!(sleep(limits.ping_interval));
        // When something was written last; the timer may have been set before that.
        let mut since = Instant::now();
        let error = loop {
            let closing = self.closing.borrow().is_some();
            let batch = self.take_batch(closing);
            if !batch.is_empty() {
                match self.write_batch(stream, &mut out, batch).await {
                    Ok(len) => {
                        since = Instant::now();
                        feed.count_moved(len);
                        if self.written(len, crowd_mark(limits.queue_bytes)) {
                            feed.drained(self.peer);
                        }
                        continue;
                    }
                    Err(error) => break error,
                }
            }
            if closing {
                frame::put_farewell(&mut out);
                match self.write_out(stream, &mut out).await {
                    // The peer closes after the farewell. Closing first could make the system reset
                    // the connection and throw away what the peer has not read yet.
                    Ok(()) => {
                        let _ = stream.shutdown().await;
                        return std::future::pending().await;
                    }
                    Err(error) => break error,
                }
            }
            if let Err(error) = stream.flush().await {
                break error;
            }
            tokio::select! {
                biased;
                () = self.filled.notified() => {}
                () = &mut pause => {
                    let now = Instant::now();
                    let end = since + limits.ping_interval;
                    if end > now {
                        pause.as_mut().reset(end.into());
                        continue;
                    }
                    since = now;
                    pause.as_mut().reset((now + limits.ping_interval).into());
                    frame::put_ping(&mut out);
                    if let Err(error) = self.write_out(stream, &mut out).await {
                        break error;
                    }
                }
            }
        };
        DownReason::Broken(error.kind())
    }

    async fn write_batch(
        &self,
        stream: &mut WriteHalf<Stream>,
        out: &mut Vec<u8>,
        batch: Vec<Bytes>,
    ) -> std::io::Result<usize> {
        let len: usize = batch.iter().map(|payload| HEADER_LEN + payload.len()).sum();
        for payload in batch {
            if payload.len() >= LONG {
                self.write_long(stream, out, payload).await?;
                continue;
            }
            frame::put_data(out, &payload);
            if out.len() >= PIECE {
                self.write_out(stream, out).await?;
            }
        }
        self.write_out(stream, out).await?;
        Ok(len)
    }

    /// Counts bytes that the system has taken, and tells whether they end a crowd. Half of the mark
    /// lies between beginning and end, so that a sender is not stopped and woken for each frame.
    fn written(&self, len: usize, crowd_mark: usize) -> bool {
        let mut queue = self.lock();
        queue.bytes -= len;
        let drained = queue.crowded && queue.bytes <= crowd_mark / 2;
        queue.crowded &= !drained;
        drained
    }

    /// What is gathered so far and a long frame, which is encrypted from where it is.
    async fn write_long(
        &self,
        stream: &mut WriteHalf<Stream>,
        out: &mut Vec<u8>,
        payload: Bytes,
    ) -> std::io::Result<()> {
        frame::put_data_header(out, payload.len());
        let sent = out.len() + payload.len();
        let mut bytes = Buf::chain(&out[..], payload);
        stream.write_all_buf(&mut bytes).await?;
        self.sent.fetch_add(sent as u64, Ordering::Relaxed);
        out.clear();
        Ok(())
    }

    async fn write_out(
        &self,
        stream: &mut WriteHalf<Stream>,
        out: &mut Vec<u8>,
    ) -> std::io::Result<()> {
        stream.write_all(out).await?;
        self.sent.fetch_add(out.len() as u64, Ordering::Relaxed);
        out.clear();
        Ok(())
    }

    /// The next frames that are due, or whatever is left of a link that is closing.
    fn take_batch(&self, closing: bool) -> Vec<Bytes> {
        let mut queue = self.lock();
        let mut batch = Vec::new();
        let mut bytes = 0;
        // Only a network that is slowed down asks for the time.
        let is_due = |due: Option<Instant>| closing || due.is_none_or(|due| due <= Instant::now());
        while bytes < BATCH
            && let Some((payload, _)) = queue.frames.pop_front_if(|(_, due)| is_due(*due))
        {
            bytes += HEADER_LEN + payload.len();
            batch.push(payload);
        }
        batch
    }

    fn lock(&self) -> MutexGuard<'_, Queue> {
        // No statement under this lock can leave the queue half changed.
        self.queue.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Bytes in a queue of at most `limit` above which it is crowded.
fn crowd_mark(limit: usize) -> usize {
    limit / 4
}

/// Unix seconds by this machine's clock; 0 when it is set before 1970.
fn unix_now() -> u64 {
    SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .map_or(0, |time| time.as_secs())
}
