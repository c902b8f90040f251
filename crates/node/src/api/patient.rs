//! A connection whose other end must take what is written to it.

use std::io::{self, ErrorKind, IoSlice};
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::time::{Instant, Sleep, sleep};

/// Bytes that a slow reader takes in one patience at the least, so that it cannot spin an answer out
/// byte by byte.
const TAKEN_MIN: usize = 16 << 10;

/// Writes fail once the other end has taken less than [`TAKEN_MIN`] bytes within the patience while more
/// waited. Reading is not timed.
pub(crate) struct Patient<S> {
    stream: S,
    patience: Duration,
    /// Runs while a write waits.
    timer: Pin<Box<Sleep>>,
    waiting: bool,
    /// Bytes taken since the timer was set.
    taken: usize,
}

impl<S> Patient<S> {
    pub(crate) fn new(stream: S, patience: Duration) -> Self {
        Self {
            stream,
            patience,
            timer: Box::pin(sleep(patience)),
            waiting: false,
            taken: 0,
        }
    }

    fn set_timer(&mut self) {
        self.timer.as_mut().reset(Instant::now() + self.patience);
        self.taken = 0;
    }

    /// Passes a write's outcome on, unless it has waited for too long.
    fn judge(
        &mut self,
        context: &mut Context<'_>,
        written: Poll<io::Result<usize>>,
    ) -> Poll<io::Result<usize>> {
        match written {
            Poll::Ready(Ok(bytes)) => {
                self.taken += bytes;
                if self.waiting && self.taken >= TAKEN_MIN {
                    self.set_timer();
                }
                return written;
            }
            Poll::Ready(Err(_)) => return written,
            Poll::Pending if !self.waiting => {
                self.waiting = true;
                self.set_timer();
            }
            Poll::Pending => {}
        }
        ready!(self.timer.as_mut().poll(context));
        Poll::Ready(Err(ErrorKind::TimedOut.into()))
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for Patient<S> {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        let written = Pin::new(&mut self.stream).poll_write(context, bytes);
        self.judge(context, written)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        parts: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let written = Pin::new(&mut self.stream).poll_write_vectored(context, parts);
        self.judge(context, written)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    /// The server flushes once it has written all there is: nothing waits any more.
    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        let flushed = Pin::new(&mut self.stream).poll_flush(context);
        if flushed.is_ready() {
            self.waiting = false;
        }
        flushed
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(context)
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for Patient<S> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_read(context, buffer)
    }
}

#[cfg(test)]
mod tests {
    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _, duplex};

    use super::*;

    const PATIENCE: Duration = Duration::from_millis(300);
    const PAUSE: Duration = Duration::from_millis(30);

    /// Writes `len` bytes to an end that takes `portion` bytes at a time, with pauses.
    async fn write(len: usize, portion: usize) -> io::Result<()> {
        let (ours, mut theirs) = duplex(1_000);
        let mut ours = Patient::new(ours, PATIENCE);
        let reader = tokio::spawn(async move {
            let mut piece = vec![0; portion];
            loop {
                tokio::time::sleep(PAUSE).await;
                match theirs.read(&mut piece).await {
                    Ok(0) | Err(_) => return,
                    Ok(_) => {}
                }
            }
        });
        ours.write_all(&vec![0; len]).await?;
        ours.flush().await?;
        drop(ours);
        reader.await.map_err(io::Error::other)
    }

    #[tokio::test]
    async fn a_reader_that_takes_nothing_or_next_to_nothing_is_given_up() {
        let (ours, _theirs) = duplex(1_000);
        let mut ours = Patient::new(ours, PATIENCE);
        let error = ours.write_all(&[0; 5_000]).await.expect_err("nobody reads");
        assert_eq!(error.kind(), ErrorKind::TimedOut);
        let error = write(100_000, 10).await.expect_err("too slow");
        assert_eq!(error.kind(), ErrorKind::TimedOut);
    }

    #[tokio::test]
    async fn a_slow_reader_gets_everything_and_idling_costs_nothing() {
        let (ours, mut theirs) = duplex(100_000);
        let mut ours = Patient::new(ours, PATIENCE);
        for _ in 0..2 {
            ours.write_all(&[0; 50_000]).await.expect("room");
            ours.flush().await.expect("room");
            tokio::time::sleep(2 * PATIENCE).await;
            theirs.read_exact(&mut [0; 50_000]).await.expect("written");
        }
        // A last small answer needs less than the least that a long one must move.
        write(5_000, 1_000).await.expect("slow, but taken");
    }
}
