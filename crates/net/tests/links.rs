//! Links between well-behaved nodes: up, down, again, bounded, and stopped.

mod common;

use std::{
    collections::BTreeMap,
    io::{BufRead, BufReader, Write},
    process::{Command, Stdio},
    time::{Duration, Instant},
};

use bytes::Bytes;
use common::{
    ClientPuppet, Node, WAIT, any_port, connect, data, identities, only, start, start_with,
    wait_for,
};
use enigma_net::{
    Config, DownReason, Identity, Net, NetError, NetEvent, Pace, RecvError, SendError,
};

#[test]
fn three_nodes_exchange_frames_of_all_sizes_in_order() {
    let nodes: Vec<_> = identities(3).into_iter().map(start).collect();
    connect(&nodes.iter().collect::<Vec<_>>());
    let max = 300 << 10;
    let lengths = [0, 1, 5, 8192, 8193, 65_536, 100_000, max];
    let payload = |from: usize, len: usize| {
        Bytes::from((0..len).map(|i| (i * 3 + from) as u8).collect::<Vec<u8>>())
    };
    for (from, node) in nodes.iter().enumerate() {
        for to in nodes.iter().filter(|to| to.key() != node.key()) {
            for len in lengths {
                node.net
                    .send(to.key(), payload(from, len))
                    .expect("linked, and the queue is short");
            }
        }
    }
    for node in &nodes {
        let mut received: BTreeMap<_, Vec<Bytes>> = BTreeMap::new();
        for _ in 0..2 * lengths.len() {
            let NetEvent::Frame { peer, bytes } = node.next() else {
                panic!("only frames are expected")
            };
            received.entry(peer).or_default().push(bytes);
        }
        for (from, sender) in nodes
            .iter()
            .enumerate()
            .filter(|(_, sender)| sender.key() != node.key())
        {
            let expected: Vec<_> = lengths.iter().map(|len| payload(from, *len)).collect();
            assert!(
                received.get(&sender.key()) == Some(&expected),
                "frames changed or out of order"
            );
        }
    }
    let status = nodes[0].net.status();
    let all: u64 = lengths.iter().map(|len| *len as u64 + 5).sum();
    for other in &nodes[1..] {
        let peer = &status[&other.key()];
        assert!(peer.connected && peer.failures == 0);
        // Pings may have been added.
        assert!((all..all + 1000).contains(&peer.received_bytes), "{peer:?}");
        assert!((all..all + 1000).contains(&peer.sent_bytes), "{peer:?}");
    }
}

#[test]
fn a_slowed_network_delivers_everything_in_order_and_not_before_its_time() {
    let [a, b]: [_; 2] = identities(2).try_into().expect("two of them");
    let latency = Duration::from_millis(40);
    let slow = |config: &mut Config| {
        config.pace = Some(Pace {
            latency,
            bits_per_second: Some(8_000_000),
        });
    };
    let (a, b) = (start_with(a, slow), start_with(b, slow));
    connect(&[&a, &b]);
    let start = Instant::now();
    let frame = |number: u8| vec![number; 10_000];
    for number in 0..4 {
        a.net
            .send(b.key(), frame(number).into())
            .expect("linked, and the queue is short");
    }
    for number in 0..4 {
        b.expect_frame(a.key(), &frame(number));
        // Ten thousand bytes take ten milliseconds.
        let passing = Duration::from_millis(10) * (u32::from(number) + 1);
        assert!(start.elapsed() >= latency + passing, "frame {number}");
    }
    // What waits when a node stops is not lost.
    b.net.send(a.key(), frame(9).into()).expect("linked");
    let b_key = b.key();
    drop(b);
    a.expect_frame(b_key, &frame(9));
    assert_eq!(a.expect_down(b_key), DownReason::PeerStopped);
}

#[test]
fn what_cannot_be_sent_is_refused() {
    let [a, b]: [_; 2] = identities(2).try_into().expect("two of them");
    let (a, b) = (start(a), start(b));
    let not_connected = Err(SendError::NotConnected { peer: b.key() });
    assert_eq!(a.net.send(b.key(), Bytes::new()), not_connected);
    let (len, max) = ((300 << 10) + 1, 300 << 10);
    assert_eq!(
        a.net.send(b.key(), vec![0; len].into()),
        Err(SendError::TooLong { len, max })
    );
    connect(&[&a, &b]);
    assert_eq!(
        a.net.send(b.key(), vec![0; len].into()),
        Err(SendError::TooLong { len, max })
    );
    // One's own key is no peer.
    assert_eq!(
        a.net.send(a.key(), Bytes::new()),
        Err(SendError::NotConnected { peer: a.key() })
    );
}

#[test]
fn stopping_delivers_what_was_queued_and_says_farewell() {
    let [a, b]: [_; 2] = identities(2).try_into().expect("two of them");
    let (a, b) = (start(a), start(b));
    connect(&[&a, &b]);
    let (a_key, count) = (a.key(), 40u8);
    for number in 0..count {
        a.net
            .send(b.key(), vec![number; 200_000].into())
            .expect("linked, and the queue is not full");
    }
    a.net.stop();
    for number in 0..count {
        b.expect_frame(a_key, &vec![number; 200_000]);
    }
    assert_eq!(b.expect_down(a_key), DownReason::PeerStopped);
    assert_eq!(
        b.net.send(a_key, Bytes::new()),
        Err(SendError::NotConnected { peer: a_key })
    );
    assert_eq!(
        a.inbox.recv_timeout(WAIT),
        Ok(NetEvent::Down {
            peer: b.key(),
            reason: DownReason::Stopped
        })
    );
    assert_eq!(a.inbox.recv_timeout(WAIT), Err(RecvError::Stopped));
}

#[test]
fn stopping_does_not_wait_for_a_peer_that_does_not_read() {
    let [a, b]: [_; 2] = identities(2).try_into().expect("two of them");
    let node = start_with(b, |config| {
        config.flush_timeout = Duration::from_millis(200)
    });
    node.net.set_peers(only(a.peer_key(), "unused:1"));
    let _puppet = ClientPuppet::member(node.net.local_addr(), &a);
    node.expect_up(a.peer_key());
    for _ in 0..100 {
        node.net
            .send(a.peer_key(), vec![0; 300_000].into())
            .expect("linked, and the queue is not full");
    }
    let start = Instant::now();
    node.net.stop();
    assert!(
        start.elapsed() < Duration::from_secs(3),
        "{:?}",
        start.elapsed()
    );
}

#[test]
fn a_node_that_comes_back_is_linked_again() {
    let [a, b]: [_; 2] = identities(2).try_into().expect("two of them");
    // Both directions of dialling: the node that restarts is the listener, then the dialer.
    let (a_document, b_document) = (a.to_pkcs8(), b.to_pkcs8());
    let again = |document: &[u8]| Identity::from_pkcs8(document).expect("our own document");
    let (a, b) = (start(a), start(b));
    connect(&[&a, &b]);

    let (b_key, b_address) = (b.key(), b.net.local_addr());
    drop(b);
    assert_eq!(a.expect_down(b_key), DownReason::PeerStopped);
    let b = start_with(again(&b_document), |config| config.listen = b_address);
    b.net.set_peers(only(a.key(), a.address()));
    a.expect_up(b_key);
    b.expect_up(a.key());

    let a_key = a.key();
    drop(a);
    assert_eq!(b.expect_down(a_key), DownReason::PeerStopped);
    let a = start(again(&a_document));
    a.net.set_peers(only(b.key(), b.address()));
    b.expect_up(a_key);
    a.expect_up(b_key);
    a.net
        .send(b_key, Bytes::from_static(b"again"))
        .expect("linked");
    b.expect_frame(a_key, b"again");
}

#[test]
fn the_dialer_waits_for_a_node_that_starts_later() {
    let [a, b]: [_; 2] = identities(2).try_into().expect("two of them");
    let (a, b) = (start(a), start(b));
    // Nobody listens on a port that was just given back.
    let nowhere = std::net::TcpListener::bind(any_port())
        .and_then(|free| free.local_addr())
        .expect("a free port");
    b.net.set_peers(only(a.key(), a.address()));
    a.net.set_peers(only(b.key(), nowhere));
    let failure = a.dial_failure(b.key());
    assert_eq!(
        failure,
        enigma_net::DialFailure::Connect(std::io::ErrorKind::ConnectionRefused)
    );
    a.net.set_peers(only(b.key(), b.address()));
    a.expect_up(b.key());
    b.expect_up(a.key());
    assert_eq!(a.net.status()[&b.key()].failures, 0);
}

#[test]
fn a_peer_taken_out_of_the_set_is_cut_off_and_stays_out() {
    let [a, b]: [_; 2] = identities(2).try_into().expect("two of them");
    let (a, b) = (start(a), start(b));
    for (one, other) in [(&a, &b), (&b, &a)] {
        connect(&[&a, &b]);
        one.net.set_peers(BTreeMap::new());
        assert_eq!(one.expect_down(other.key()), DownReason::NotAllowed);
        assert!(matches!(
            other.expect_down(one.key()),
            DownReason::Broken(_)
        ));
        one.expect_quiet(Duration::from_millis(300));
        other.expect_quiet(Duration::from_millis(10));
        assert!(!other.net.status()[&one.key()].connected);
        other.net.set_peers(BTreeMap::new());
    }
}

#[test]
fn a_second_connection_of_a_peer_replaces_the_first() {
    let [a, b]: [_; 2] = identities(2).try_into().expect("two of them");
    let node = start(b);
    node.net.set_peers(only(a.peer_key(), "unused:1"));
    let mut first = ClientPuppet::member(node.net.local_addr(), &a);
    node.expect_up(a.peer_key());
    let mut second = ClientPuppet::member(node.net.local_addr(), &a);
    assert_eq!(node.expect_down(a.peer_key()), DownReason::Replaced);
    node.expect_up(a.peer_key());
    assert!(first.is_cut_off());
    second
        .say(&data(b"from the second"))
        .expect("the node reads");
    node.expect_frame(a.peer_key(), b"from the second");
}

#[test]
fn silence_ends_a_link_and_pings_keep_it() {
    let [a, b]: [_; 2] = identities(2).try_into().expect("two of them");
    let quick = |config: &mut Config| {
        config.idle_timeout = Duration::from_millis(400);
        config.ping_interval = Duration::from_millis(100);
    };
    let silent = Identity::from_pkcs8(&a.to_pkcs8()).expect("our own document");
    let (a, b) = (start_with(a, quick), start_with(b, quick));
    connect(&[&a, &b]);
    a.expect_quiet(Duration::from_millis(1200));
    b.expect_quiet(Duration::from_millis(10));

    // The same peer, but it never says anything.
    let a_key = a.key();
    drop(a);
    assert_eq!(b.expect_down(a_key), DownReason::PeerStopped);
    let _puppet = ClientPuppet::member(b.net.local_addr(), &silent);
    b.expect_up(a_key);
    let start = Instant::now();
    assert_eq!(
        b.expect_down(a_key),
        DownReason::Idle(Duration::from_millis(400))
    );
    assert!(
        start.elapsed() >= Duration::from_millis(350),
        "{:?}",
        start.elapsed()
    );
}

#[test]
fn pings_go_on_whenever_the_last_frame_left() {
    let [a, b]: [_; 2] = identities(2).try_into().expect("two of them");
    let quick = |config: &mut Config| {
        config.idle_timeout = Duration::from_millis(400);
        config.ping_interval = Duration::from_millis(100);
    };
    let (a, b) = (start_with(a, quick), start_with(b, quick));
    connect(&[&a, &b]);
    // Between two rings of the timer, on both sides.
    std::thread::sleep(Duration::from_millis(30));
    a.net.send(b.key(), vec![1; 60].into()).expect("linked");
    b.expect_frame(a.key(), &[1; 60]);
    std::thread::sleep(Duration::from_millis(30));
    b.net.send(a.key(), vec![2; 60].into()).expect("linked");
    a.expect_frame(b.key(), &[2; 60]);
    a.expect_quiet(Duration::from_millis(1500));
    b.expect_quiet(Duration::from_millis(10));
}

#[test]
fn a_full_inbox_slows_the_sender_down_without_breaking_the_link() {
    let [a, b]: [_; 2] = identities(2).try_into().expect("two of them");
    let bounded = |config: &mut Config| {
        config.inbox_bytes = 1 << 20;
        // Longer than nothing, shorter than the reader's pause below: not reading is not silence.
        config.idle_timeout = Duration::from_millis(600);
        config.ping_interval = Duration::from_millis(100);
    };
    let (a, b) = (start_with(a, bounded), start_with(b, bounded));
    connect(&[&a, &b]);
    let (len, count) = (250_000, 200usize);
    for number in 0..count {
        a.net
            .send(b.key(), vec![number as u8; len].into())
            .expect("the queue holds 64 MiB");
    }
    std::thread::sleep(Duration::from_millis(1500));
    let queued = a.net.status()[&b.key()].queued_bytes;
    // The system's buffers take some; most must still be with the sender, since b holds 1 MiB.
    assert!(queued > 25_000_000, "only {queued} bytes were held back");
    for number in 0..count {
        b.expect_frame(a.key(), &vec![number as u8; len]);
    }
    wait_for(|| (a.net.status()[&b.key()].queued_bytes == 0).then_some(()));
    assert_eq!(a.next(), NetEvent::Drained(b.key()));
    a.expect_quiet(Duration::from_millis(10));
}

#[test]
fn a_sender_that_pauses_keeps_its_link_to_a_slow_reader() {
    let [a, b]: [_; 2] = identities(2).try_into().expect("two of them");
    // The bound is a small part of what is sent.
    let a = start_with(a, |config| config.queue_bytes = 4 << 20);
    let b = start_with(b, |config| config.inbox_bytes = 1 << 20);
    connect(&[&a, &b]);
    let (len, count) = (250_000, 120usize);
    let (a_key, b_key) = (a.key(), b.key());
    let reader = std::thread::spawn(move || {
        for number in 0..count {
            std::thread::sleep(Duration::from_millis(5));
            b.expect_frame(a_key, &vec![number as u8; len]);
        }
        b
    });
    let mut pauses = 0;
    for number in 0..count {
        a.net
            .send(b_key, vec![number as u8; len].into())
            .expect("the link holds");
        while a.net.is_crowded(b_key) {
            pauses += 1;
            assert_eq!(a.next(), NetEvent::Drained(b_key));
        }
        let queued = a.net.status()[&b_key].queued_bytes;
        assert!(queued <= (1 << 20) + len, "{queued} bytes wait");
    }
    let b = reader.join().expect("every frame came in order");
    assert!(pauses > 10, "only {pauses} pauses");
    // A crowd may also have ended unseen, between a send and the look after it.
    while let Ok(event) = a.inbox.recv_timeout(Duration::from_millis(50)) {
        assert_eq!(event, NetEvent::Drained(b_key));
    }
    b.expect_quiet(Duration::from_millis(10));
}

#[test]
fn a_full_queue_closes_the_link_and_says_so() {
    let [a, b]: [_; 2] = identities(2).try_into().expect("two of them");
    let limit = 8 << 20;
    let node = start_with(b, |config| config.queue_bytes = limit);
    node.net.set_peers(only(a.peer_key(), "unused:1"));
    // A peer that never reads.
    let _puppet = ClientPuppet::member(node.net.local_addr(), &a);
    node.expect_up(a.peer_key());
    let mut accepted = 0;
    let refused = loop {
        match node.net.send(a.peer_key(), vec![0; 300_000].into()) {
            Ok(()) => accepted += 1,
            Err(error) => break error,
        }
        assert!(accepted < 1000, "the queue has no bound");
    };
    assert_eq!(
        refused,
        SendError::QueueFull {
            peer: a.peer_key(),
            limit
        }
    );
    assert!(
        accepted >= limit / 300_005,
        "only {accepted} frames were accepted"
    );
    assert_eq!(node.expect_down(a.peer_key()), DownReason::QueueFull(limit));
    assert_eq!(
        node.net.send(a.peer_key(), Bytes::new()),
        Err(SendError::NotConnected { peer: a.peer_key() })
    );
}

#[test]
fn frames_move_while_nobody_waits_in_the_inbox() {
    let [a, b]: [_; 2] = identities(2).try_into().expect("two of them");
    let short = |config: &mut Config| {
        config.ping_interval = Duration::from_millis(100);
        config.idle_timeout = Duration::from_millis(500);
    };
    let (a, b) = (start_with(a, short), start_with(b, short));
    connect(&[&a, &b]);
    let received = || a.net.status()[&b.key()].received_bytes;
    let before = received();
    b.net
        .send(a.key(), vec![7; 1000].into())
        .expect("they are linked");
    wait_for(|| (received() >= before + 1000).then_some(()));
    // Much longer than the silence that a link bears.
    std::thread::sleep(Duration::from_millis(1500));
    a.expect_frame(b.key(), &[7; 1000]);
    assert!(a.inbox.try_recv().is_err() && b.inbox.try_recv().is_err());
}

#[test]
fn a_visitor_who_never_waits_gets_everything() {
    let [a, b]: [_; 2] = identities(2).try_into().expect("two of them");
    let (a, b) = (start(a), start(b));
    connect(&[&a, &b]);
    let next = |node: &Node| wait_for(|| node.inbox.try_recv().ok());
    for number in 0..100 {
        let bytes = Bytes::from(vec![number; 1 + usize::from(number) * 1000]);
        a.net.send(b.key(), bytes.clone()).expect("they are linked");
        let peer = a.key();
        assert_eq!(next(&b), NetEvent::Frame { peer, bytes });
    }
}

#[test]
fn a_bell_ends_a_wait_on_idle_links() {
    let [a, b]: [_; 2] = identities(2).try_into().expect("two of them");
    let (a, b) = (start(a), start(b));
    connect(&[&a, &b]);
    let bell = a.inbox.bell();
    let begun = Instant::now();
    std::thread::scope(|scope| {
        scope.spawn(|| {
            std::thread::sleep(Duration::from_millis(50));
            bell.ring();
        });
        a.inbox.wait(WAIT);
    });
    assert!(begun.elapsed() < WAIT);
    b.net.send(a.key(), "x".into()).expect("they are linked");
    a.inbox.wait(WAIT);
    assert!(begun.elapsed() < WAIT);
    a.expect_frame(b.key(), b"x");
}

#[test]
fn impossible_settings_and_taken_ports_are_refused() {
    let start = |change: fn(&mut Config)| {
        let mut config = Config::new(identities(1).remove(0), any_port());
        change(&mut config);
        Net::start(config).map(|_| ())
    };
    assert_eq!(
        start(|config| config.max_frame = 0),
        Err(NetError::Setting { name: "max_frame" })
    );
    assert_eq!(
        start(|config| config.max_frame = usize::MAX),
        Err(NetError::Setting { name: "max_frame" })
    );
    assert_eq!(
        start(|config| config.queue_bytes = 1000),
        Err(NetError::Setting {
            name: "queue_bytes"
        })
    );
    assert_eq!(
        start(|config| config.idle_timeout = config.ping_interval),
        Err(NetError::Setting {
            name: "idle_timeout"
        })
    );
    let taken = std::net::TcpListener::bind(any_port()).expect("a free port");
    let address = taken.local_addr().expect("it has an address");
    let config = Config::new(identities(1).remove(0), address);
    let refused = Net::start(config).map(|_| ());
    assert_eq!(
        refused,
        Err(NetError::Listen {
            address,
            kind: std::io::ErrorKind::AddrInUse
        })
    );
}

// Tell the child process below who it is and whom to link to.
const CHILD_KEY: &str = "ENIGMA_NET_TEST_KEY";
const PARENT_KEY: &str = "ENIGMA_NET_TEST_PARENT_KEY";
const PARENT_ADDRESS: &str = "ENIGMA_NET_TEST_PARENT_ADDRESS";

/// Not a test: the process that is killed by the test below.
#[test]
#[ignore = "runs as the child of another test"]
fn child_that_sends_until_killed() {
    let Ok(key) = std::env::var(CHILD_KEY) else {
        return;
    };
    let variable = |name| std::env::var(name).expect("the parent sets it");
    let document: Vec<u8> = key
        .split(',')
        .map(|byte| byte.parse().expect("a byte"))
        .collect();
    let node = start(Identity::from_pkcs8(&document).expect("the parent's document"));
    let parent = variable(PARENT_KEY).parse().expect("a key");
    node.net.set_peers(only(parent, variable(PARENT_ADDRESS)));
    let mut out = std::io::stdout();
    writeln!(out, "\nlistening {}", node.address())
        .and_then(|()| out.flush())
        .expect("the parent reads");
    node.expect_up(parent);
    loop {
        // Refused when the queue is full or the parent is gone; either way the test goes on.
        let _ = node.net.send(parent, vec![1; 10_000].into());
        std::thread::sleep(Duration::from_millis(1));
    }
}

#[test]
fn kill_9_of_a_peer_shows_within_a_second() {
    // Once the child dials, once it is dialled.
    for child_dials in [true, false] {
        let [low, high]: [_; 2] = identities(2).try_into().expect("two of them");
        let (child, parent) = if child_dials {
            (low, high)
        } else {
            (high, low)
        };
        let parent = start(parent);
        let document = child
            .to_pkcs8()
            .iter()
            .map(u8::to_string)
            .collect::<Vec<_>>()
            .join(",");
        parent.net.set_peers(only(child.peer_key(), "unused:1"));
        let mut process =
            Command::new(std::env::current_exe().expect("the test binary has a path"))
                .args([
                    "--exact",
                    "child_that_sends_until_killed",
                    "--ignored",
                    "--nocapture",
                ])
                .env(CHILD_KEY, document)
                .env(PARENT_KEY, parent.key().to_string())
                .env(PARENT_ADDRESS, parent.address())
                .stdout(Stdio::piped())
                .spawn()
                .expect("the test binary starts again");
        let lines = BufReader::new(process.stdout.take().expect("the output is piped")).lines();
        let address = lines
            .map_while(Result::ok)
            .find_map(|line| Some(line.strip_prefix("listening ")?.to_owned()))
            .expect("the child says where it listens");
        parent.net.set_peers(only(child.peer_key(), address));
        parent.expect_up(child.peer_key());
        for _ in 0..5 {
            parent.expect_frame(child.peer_key(), &[1; 10_000]);
        }
        process.kill().expect("the child runs");
        let killed = Instant::now();
        let reason = loop {
            match parent.next() {
                NetEvent::Frame { .. } => {}
                NetEvent::Down { reason, .. } => break reason,
                NetEvent::Up(_) | NetEvent::Drained(_) => {
                    panic!("nobody else links, nothing is sent")
                }
            }
        };
        let after = killed.elapsed();
        process.wait().expect("the child was killed");
        assert!(matches!(reason, DownReason::Broken(_)), "{reason:?}");
        assert!(after < Duration::from_secs(1), "noticed after {after:?}");
    }
}

/// What a peer says about itself, as it goes over the link.
fn about(time: u64, version: &str) -> Vec<u8> {
    let len = (1 + 8 + version.len()) as u32;
    [
        &len.to_le_bytes()[..],
        &[3],
        &time.to_le_bytes(),
        version.as_bytes(),
    ]
    .concat()
}

#[test]
fn peers_tell_each_other_their_version_and_their_clock() {
    let [a, b] = &identities(2).into_iter().map(start).collect::<Vec<_>>()[..] else {
        panic!("two nodes")
    };
    connect(&[a, b]);
    let status = wait_for(|| {
        let status = a.net.status()[&b.key()].clone();
        status.version.is_some().then_some(status)
    });
    assert_eq!(status.version.as_deref(), Some(env!("CARGO_PKG_VERSION")));
    let offset = status.clock_offset_seconds.expect("told with the version");
    assert!(offset.abs() < 60, "one machine, one clock: {offset}");
}

#[test]
fn a_clock_that_is_off_shows_and_telling_it_twice_ends_the_link() {
    let mut identities = identities(2).into_iter();
    let (Some(low), Some(middle)) = (identities.next(), identities.next()) else {
        panic!("two identities")
    };
    let (low_key, node) = (low.peer_key(), start(middle));
    node.net.set_peers(only(low_key, "unused:1"));
    let mut puppet = ClientPuppet::member(node.net.local_addr(), &low);
    node.expect_up(low_key);
    puppet.say(&about(1_000, "9.9.9")).expect("the node reads");
    let status = wait_for(|| {
        let status = node.net.status()[&low_key].clone();
        status.version.is_some().then_some(status)
    });
    assert_eq!(status.version.as_deref(), Some("9.9.9"));
    let offset = status.clock_offset_seconds.expect("told with the version");
    assert!(offset < -1_000_000_000, "{offset}");
    puppet.say(&about(1_000, "9.9.9")).expect("the node reads");
    assert_eq!(node.expect_down(low_key), DownReason::BadFrame);
}
