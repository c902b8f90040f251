//! The listening side: accepts connections, lets members in, and bounds what strangers can hold.

use std::{collections::VecDeque, sync::Arc, sync::Mutex, sync::PoisonError, time::Duration};

use enigma_wire::id::PeerKey;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
    task::AbortHandle,
    time::{sleep, timeout},
};
use tokio_rustls::TlsAcceptor;

use crate::{
    DialFailure, Refusal,
    frame::{self, HELLO_LEN, PROTOCOL_VERSION},
    link::{Stream, transport},
    net::Shared,
    trust,
};

// After the system refused a connection (for instance: too many open files), before the next try.
const ACCEPT_PAUSE: Duration = Duration::from_millis(50);

/// Handshakes in progress, oldest first.
#[derive(Default)]
struct Handshakes(Mutex<VecDeque<(u64, AbortHandle)>>);

/// Accepts connections until the task is dropped.
pub(crate) async fn accept(shared: Arc<Shared>, listener: TcpListener, acceptor: TlsAcceptor) {
    let handshakes = Arc::new(Handshakes::default());
    for number in 0u64.. {
        let stream = loop {
            match listener.accept().await {
                Ok((stream, _)) => break stream,
                Err(error) => {
                    tracing::warn!(kind = %error.kind(), "cannot accept a connection");
                    sleep(ACCEPT_PAUSE).await;
                }
            }
        };
        let task = tokio::spawn(serve(
            shared.clone(),
            stream,
            acceptor.clone(),
            handshakes.clone(),
            number,
        ));
        handshakes.add(number, task.abort_handle(), shared.limits.max_handshakes);
    }
}

async fn serve(
    shared: Arc<Shared>,
    stream: TcpStream,
    acceptor: TlsAcceptor,
    handshakes: Arc<Handshakes>,
    number: u64,
) {
    let entering = async {
        let (peer, stream) = handshake(&shared, stream, acceptor).await?;
        Ok::<_, DialFailure>(shared.admit(peer).await.map(|link| (link, stream)))
    };
    let outcome = timeout(shared.limits.handshake_timeout, entering).await;
    // Without a wait since the admission: a link that was let in is never aborted as a handshake.
    handshakes.remove(number);
    match outcome {
        Ok(Ok(Some((link, stream)))) => shared.run_link(link, stream).await,
        Ok(Ok(None)) => tracing::debug!("a peer was taken out of the set while it connected"),
        Ok(Err(failure)) => tracing::debug!(%failure, "turned a connection away"),
        Err(_) => tracing::debug!("a connection did not finish its handshake"),
    }
}

async fn handshake(
    shared: &Shared,
    stream: TcpStream,
    acceptor: TlsAcceptor,
) -> Result<(PeerKey, Stream), DialFailure> {
    let stream = transport(stream).map_err(|error| DialFailure::Connect(error.kind()))?;
    let failed = |error| DialFailure::from_handshake(&error);
    let mut stream = acceptor.accept(stream).await.map_err(failed)?;
    let certificate = stream
        .get_ref()
        .1
        .peer_certificates()
        .and_then(|chain| chain.first());
    let peer = certificate
        .and_then(trust::key_of)
        .ok_or(DialFailure::Refused(Refusal::Malformed))?;
    if peer >= shared.identity.peer_key() {
        return Err(DialFailure::Refused(Refusal::WrongDirection(peer)));
    }
    let mut hello = [0u8; HELLO_LEN];
    stream.read_exact(&mut hello).await.map_err(failed)?;
    let theirs = frame::hello_version(&hello)
        .ok_or(DialFailure::Handshake(std::io::ErrorKind::InvalidData))?;
    // Answered in any case, so that the other side learns which version is spoken here.
    stream.write_all(&frame::hello()).await.map_err(failed)?;
    stream.flush().await.map_err(failed)?;
    if theirs != PROTOCOL_VERSION {
        let failure = DialFailure::Version { theirs };
        tracing::warn!(%peer, %failure, "refused a link");
        return Err(failure);
    }
    Ok((peer, stream.into()))
}

impl Handshakes {
    fn add(&self, number: u64, task: AbortHandle, max: usize) {
        let mut running = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if running.len() >= max
            && let Some((_, oldest)) = running.pop_front()
        {
            oldest.abort();
        }
        running.push_back((number, task));
    }

    fn remove(&self, number: u64) {
        let mut running = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        running.retain(|(other, _)| *other != number);
    }
}
