//! The dialling side: one task per peer whose key is greater than ours.

use std::{sync::Arc, time::Instant};

use enigma_wire::id::PeerKey;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
    time::{sleep, timeout},
};
use tokio_rustls::TlsConnector;

use crate::{
    DialFailure,
    frame::{self, HELLO_LEN, PROTOCOL_VERSION},
    link::{Stream, transport},
    net::Shared,
    trust,
};

/// Keeps a link to `peer` for as long as it is in the set of peers.
pub(crate) async fn keep(shared: Arc<Shared>, peer: PeerKey) {
    let mut peers = shared.peers.subscribe();
    let mut failures = 0u32;
    loop {
        let address = peers.borrow_and_update().get(&peer).cloned();
        // No await lies between this look and the note that the task is gone, and all tasks share
        // one thread: a peer that comes back finds either this task still looking or none.
        let Some(address) = address.filter(|_| !shared.is_stopping()) else {
            shared.dialer_ended(peer);
            return;
        };
        let started = Instant::now();
        let connecting = async {
            let stream = connect(&shared, peer, &address).await?;
            Ok(shared.admit(peer).await.map(|link| (link, stream)))
        };
        match timeout(shared.limits.handshake_timeout, connecting).await {
            Ok(Ok(None)) => continue,
            Ok(Ok(Some((link, stream)))) => {
                shared.dial_succeeded(peer);
                shared.run_link(link, stream).await;
                // A link that held for a while was a success; one that dies at once is not.
                if started.elapsed() > shared.limits.retry_max {
                    failures = 0;
                }
            }
            Ok(Err(failure)) => shared.dial_failed(peer, failure),
            Err(_) => shared.dial_failed(peer, DialFailure::Timeout),
        }
        let pause = shared.limits.retry_pause(failures);
        failures = failures.saturating_add(1);
        tokio::select! {
            () = sleep(pause) => {}
            // An error would mean that the set is gone; the next look at it then ends the task.
            _ = peers.changed() => failures = 0,
        }
    }
}

async fn connect(shared: &Shared, peer: PeerKey, address: &str) -> Result<Stream, DialFailure> {
    let stream = TcpStream::connect(address).await.and_then(transport);
    let stream = stream.map_err(|error| DialFailure::Connect(error.kind()))?;
    let config = trust::client_config(&shared.identity, peer)
        .map_err(|_| DialFailure::Handshake(std::io::ErrorKind::Unsupported))?;
    let failed = |error| DialFailure::from_handshake(&error);
    let mut stream = TlsConnector::from(Arc::new(config))
        .connect(trust::server_name(), stream)
        .await
        .map_err(failed)?;
    stream.write_all(&frame::hello()).await.map_err(failed)?;
    stream.flush().await.map_err(failed)?;
    // In TLS 1.3 the listener judges our certificate after our side of the handshake is complete;
    // its hello is the first sign that it accepted us.
    let mut hello = [0u8; HELLO_LEN];
    stream.read_exact(&mut hello).await.map_err(failed)?;
    match frame::hello_version(&hello) {
        Some(PROTOCOL_VERSION) => Ok(stream.into()),
        Some(theirs) => Err(DialFailure::Version { theirs }),
        None => Err(DialFailure::Handshake(std::io::ErrorKind::InvalidData)),
    }
}
