//! Measures one link over the loopback interface: `cargo run --release -p enigma-net --example loopback`.

use std::{
    collections::BTreeMap,
    io::Write,
    time::{Duration, Instant},
};

use bytes::Bytes;
use enigma_net::{Config, Identity, Inbox, Net, NetEvent, SendError};

const WAIT: Duration = Duration::from_secs(10);

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let (a, a_inbox) = start()?;
    let (b, b_inbox) = start()?;
    a.set_peers(BTreeMap::from([(b.peer_key(), b.local_addr().to_string())]));
    b.set_peers(BTreeMap::from([(a.peer_key(), a.local_addr().to_string())]));
    assert!(matches!(a_inbox.recv_timeout(WAIT)?, NetEvent::Up(_)));
    assert!(matches!(b_inbox.recv_timeout(WAIT)?, NetEvent::Up(_)));

    let mut out = std::io::stdout();
    for (name, frame_len, total) in [
        ("256 KiB", 256 << 10, 2usize << 30),
        ("1 KiB", 1 << 10, 128 << 20),
    ] {
        let seconds = one_way(&a, &b, &b_inbox, frame_len, total)?;
        writeln!(
            out,
            "one way, {name} frames: {:.0} MB/s",
            total as f64 / seconds / 1e6
        )?;
    }
    for frame_len in [16, 256 << 10] {
        let micros = round_trip(&a, &a_inbox, &b, &b_inbox, frame_len)?;
        writeln!(out, "round trip, {frame_len} bytes: {micros:.1} us")?;
    }
    a.stop();
    b.stop();
    Ok(())
}

fn start() -> Result<(Net, Inbox), Box<dyn std::error::Error>> {
    let config = Config::new(Identity::generate(&mut rand::rng()), "127.0.0.1:0".parse()?);
    Ok(Net::start(config)?)
}

fn one_way(
    a: &Net,
    b: &Net,
    inbox: &Inbox,
    frame_len: usize,
    total: usize,
) -> Result<f64, Box<dyn std::error::Error>> {
    let payload = Bytes::from(vec![7u8; frame_len]);
    let to = b.peer_key();
    let count = total / frame_len;
    let start = Instant::now();
    std::thread::scope(|scope| {
        let sender = scope.spawn(move || -> Result<(), SendError> {
            for sent in 0..count {
                // Half the default bound, looked at now and then: the link must not overflow.
                while sent % 64 == 0
                    && a.status()
                        .get(&to)
                        .is_some_and(|peer| peer.queued_bytes > 32 << 20)
                {
                    std::thread::sleep(Duration::from_micros(200));
                }
                a.send(to, payload.clone())?;
            }
            Ok(())
        });
        for _ in 0..count {
            assert!(matches!(inbox.recv_timeout(WAIT)?, NetEvent::Frame { .. }));
        }
        sender.join().expect("the sender does not panic")?;
        Ok(start.elapsed().as_secs_f64())
    })
}

fn round_trip(
    a: &Net,
    a_inbox: &Inbox,
    b: &Net,
    b_inbox: &Inbox,
    frame_len: usize,
) -> Result<f64, Box<dyn std::error::Error>> {
    const ROUNDS: u32 = 2000;
    let (a_key, b_key) = (a.peer_key(), b.peer_key());
    std::thread::scope(|scope| {
        scope.spawn(move || {
            for _ in 0..ROUNDS {
                let Ok(NetEvent::Frame { bytes, .. }) = b_inbox.recv_timeout(WAIT) else {
                    return;
                };
                if b.send(a_key, bytes).is_err() {
                    return;
                }
            }
        });
        let payload = Bytes::from(vec![7u8; frame_len]);
        let start = Instant::now();
        for _ in 0..ROUNDS {
            a.send(b_key, payload.clone())?;
            assert!(matches!(
                a_inbox.recv_timeout(WAIT)?,
                NetEvent::Frame { .. }
            ));
        }
        Ok(start.elapsed().as_secs_f64() * 1e6 / f64::from(ROUNDS))
    })
}
