//! Peers and strangers that misbehave: nobody gets in without the right key, nothing breaks the node.

mod common;

use std::{
    io::{ErrorKind, Read, Write},
    net::{TcpListener, TcpStream},
    time::Duration,
};

use common::{
    ClientPuppet, HELLO, Node, Papers, ServerPuppet, WAIT, any_port, data, identities, only, start,
    start_with,
};
use enigma_net::{DialFailure, DownReason, Identity, Refusal};
use enigma_wire::id::PeerKey;

const PAUSE: Duration = Duration::from_millis(300);

/// Three identities: a member that dials the node, the node, and a member the node dials.
fn cast() -> (Identity, Identity, Identity) {
    let [low, middle, high]: [_; 3] = identities(3).try_into().expect("three of them");
    (low, middle, high)
}

/// The node still serves a member that behaves.
fn still_serves(node: &Node, member: &Identity) {
    let mut puppet = ClientPuppet::member(node.net.local_addr(), member);
    node.expect_up(member.peer_key());
    puppet.say(&data(b"still there?")).expect("the node reads");
    node.expect_frame(member.peer_key(), b"still there?");
}

#[test]
fn an_unknown_key_is_refused_by_the_listener() {
    let [a, b]: [_; 2] = identities(2).try_into().expect("two of them");
    let (a, b) = (start(a), start(b));
    a.net.set_peers(only(b.key(), b.address()));
    assert_eq!(a.dial_failure(b.key()), DialFailure::RefusedByPeer);
    a.expect_quiet(PAUSE);
    b.expect_quiet(Duration::from_millis(10));
}

#[test]
fn a_wrong_key_at_an_address_is_refused_by_the_dialer() {
    let (low, middle, high) = cast();
    let (dialer, expected, other) = (start(low), middle.peer_key(), start(high));
    // The other one even welcomes the dialer, but is not the one that was expected there.
    other.net.set_peers(only(dialer.key(), "unused:1"));
    dialer.net.set_peers(only(expected, other.address()));
    let refusal = Refusal::WrongKey {
        expected,
        found: other.key(),
    };
    assert_eq!(dialer.dial_failure(expected), DialFailure::Refused(refusal));
    dialer.expect_quiet(PAUSE);
    other.expect_quiet(Duration::from_millis(10));
}

#[test]
fn only_a_self_signed_ed25519_certificate_with_its_key_lets_in() {
    let (low, middle, _) = cast();
    let node = start(middle);
    node.net.set_peers(only(low.peer_key(), "unused:1"));
    let with_company = || {
        let mut papers = Papers::of(&low);
        papers.chain.extend(Papers::ecdsa().chain);
        papers
    };
    let garbage = || Papers {
        chain: vec![vec![0x30, 0x03, 1, 2, 3].into()],
        ..Papers::of(&low)
    };
    let cases: [(&str, &dyn Fn() -> Papers); 6] = [
        ("another kind of key", &Papers::ecdsa),
        ("signed by another", &|| Papers::signed_by_another(&low)),
        ("another's certificate", &|| Papers::stolen(&low)),
        ("a chain", &with_company),
        ("not a certificate", &garbage),
        ("nobody known", &|| Papers::of(&identities(1)[0])),
    ];
    for (name, papers) in cases {
        // The client's side of the handshake may end before the server has judged; the hello never comes.
        if let Ok(mut puppet) = ClientPuppet::connect(node.net.local_addr(), papers()) {
            let _ = puppet.say(&HELLO);
            let mut hello = [0; 5];
            assert!(
                puppet.0.read_exact(&mut hello).is_err(),
                "{name}: the node answered"
            );
        }
    }
    node.expect_quiet(PAUSE);
    still_serves(&node, &low);
}

#[test]
fn the_dialer_judges_certificates_as_strictly() {
    let not_self_signed = DialFailure::Refused(Refusal::NotSelfSigned);
    type Forge = fn(&Identity) -> Papers;
    let cases: [(Forge, DialFailure); 3] = [
        // No such key was offered in the handshake, so an honest library gives up by itself.
        (|_| Papers::ecdsa(), DialFailure::RefusedByPeer),
        (Papers::signed_by_another, not_self_signed),
        // The signature on the handshake does not fit the certificate.
        (
            Papers::stolen,
            DialFailure::Handshake(ErrorKind::InvalidData),
        ),
    ];
    for (papers, failure) in cases {
        let (low, middle, _) = cast();
        let node = start(low);
        let listener = TcpListener::bind(any_port()).expect("a free port");
        let address = listener.local_addr().expect("it has an address");
        node.net.set_peers(only(middle.peer_key(), address));
        let accepted = ServerPuppet::accept(&listener, papers(&middle));
        assert!(accepted.is_err(), "the node completed the handshake");
        assert_eq!(node.dial_failure(middle.peer_key()), failure);
        node.expect_quiet(Duration::from_millis(10));
    }
}

#[test]
fn a_peer_that_should_be_dialled_may_not_dial() {
    let (_, middle, high) = cast();
    let node = start(middle);
    node.net.set_peers(only(high.peer_key(), "unused:1"));
    let mut puppet = ClientPuppet::connect(node.net.local_addr(), Papers::of(&high))
        .expect("a member's handshake");
    // The node may already have gone when the hello is written.
    let _ = puppet.say(&HELLO);
    assert!(puppet.is_cut_off());
    node.expect_quiet(PAUSE);
}

#[test]
fn another_version_is_refused_by_both_sides() {
    let (low, middle, high) = cast();
    let node = start(middle);
    let listener = TcpListener::bind(any_port()).expect("a free port");
    let mut peers = only(low.peer_key(), "unused:1");
    peers.insert(
        high.peer_key(),
        listener
            .local_addr()
            .expect("it has an address")
            .to_string(),
    );
    node.net.set_peers(peers);

    let mut other = HELLO;
    other[4] += 1;
    let mut puppet = ServerPuppet::accept(&listener, Papers::of(&high)).expect("the node dials");
    puppet.say(&other).expect("the node reads");
    assert_eq!(
        node.dial_failure(high.peer_key()),
        DialFailure::Version { theirs: other[4] }
    );

    let mut puppet = ClientPuppet::connect(node.net.local_addr(), Papers::of(&low))
        .expect("a member's handshake");
    puppet.say(&other).expect("the node reads");
    let mut hello = [0; 5];
    puppet
        .0
        .read_exact(&mut hello)
        .expect("the node tells its version");
    assert_eq!(hello, HELLO);
    assert!(puppet.is_cut_off());
    node.expect_quiet(PAUSE);
}

#[test]
fn an_oversize_frame_ends_the_link_at_its_header() {
    let (low, middle, _) = cast();
    let node = start_with(middle, |config| {
        config.max_frame = 1000;
        config.queue_bytes = 1 << 20;
    });
    node.net.set_peers(only(low.peer_key(), "unused:1"));
    for len in [1001usize, u32::MAX as usize - 1] {
        let mut puppet = ClientPuppet::member(node.net.local_addr(), &low);
        node.expect_up(low.peer_key());
        puppet.say(&data(&[7; 1000])).expect("the node reads");
        node.expect_frame(low.peer_key(), &[7; 1000]);
        puppet
            .say(&[&(len as u32 + 1).to_le_bytes()[..], &[0]].concat())
            .expect("the node reads");
        assert_eq!(
            node.expect_down(low.peer_key()),
            DownReason::Oversize { len, max: 1000 }
        );
        assert!(puppet.is_cut_off());
    }
    still_serves(&node, &low);
}

#[test]
fn bytes_that_are_no_frames_end_the_link() {
    let (low, middle, _) = cast();
    let node = start(middle);
    node.net.set_peers(only(low.peer_key(), "unused:1"));
    let cases: [&[u8]; 4] = [
        &[0, 0, 0, 0, 0],
        &[1, 0, 0, 0, 9],
        &[2, 0, 0, 0, 1, 0],
        &[0xff; 64],
    ];
    for bytes in cases {
        let mut puppet = ClientPuppet::member(node.net.local_addr(), &low);
        node.expect_up(low.peer_key());
        puppet.say(bytes).expect("the node reads");
        assert_eq!(
            node.expect_down(low.peer_key()),
            DownReason::BadFrame,
            "{bytes:?}"
        );
    }
    still_serves(&node, &low);
}

#[test]
fn a_member_that_vanishes_in_the_middle_of_a_frame_is_reported() {
    let (low, middle, _) = cast();
    let node = start(middle);
    node.net.set_peers(only(low.peer_key(), "unused:1"));
    let mut puppet = ClientPuppet::member(node.net.local_addr(), &low);
    node.expect_up(low.peer_key());
    puppet
        .say(&data(&[7; 1000])[..500])
        .expect("the node reads");
    drop(puppet);
    assert!(matches!(
        node.expect_down(low.peer_key()),
        DownReason::Broken(_)
    ));
    node.expect_quiet(Duration::from_millis(10));
}

#[test]
fn garbage_on_the_port_makes_no_link_and_does_no_harm() {
    let (low, middle, _) = cast();
    let node = start(middle);
    node.net.set_peers(only(low.peer_key(), "unused:1"));
    let mut random = 0x9e37_79b9_7f4a_7c15u64;
    for round in 0..50usize {
        let mut stream = TcpStream::connect(node.net.local_addr()).expect("the node listens");
        let bytes: Vec<u8> = (0..round * 40)
            .map(|_| {
                random ^= random << 13;
                random ^= random >> 7;
                random ^= random << 17;
                random as u8
            })
            .collect();
        // Something that begins like TLS gets further.
        let start: &[u8] = if round % 2 == 0 {
            &[0x16, 3, 1, 0, 200, 1, 0, 0, 196, 3, 3]
        } else {
            &[]
        };
        let _ = stream.write_all(&[start, &bytes].concat());
    }
    node.expect_quiet(PAUSE);
    still_serves(&node, &low);
}

#[test]
fn slow_strangers_cannot_keep_members_out() {
    let (low, middle, _) = cast();
    let node = start_with(middle, |config| {
        config.max_handshakes = 8;
        config.handshake_timeout = WAIT;
    });
    node.net.set_peers(only(low.peer_key(), "unused:1"));
    let strangers: Vec<_> = (0..50)
        .map(|_| TcpStream::connect(node.net.local_addr()).expect("the node listens"))
        .collect();
    still_serves(&node, &low);
    // The oldest were ended to make room.
    let mut oldest = &strangers[0];
    oldest
        .set_read_timeout(Some(WAIT))
        .expect("a timeout can be set");
    let ended = match oldest.read(&mut [0]) {
        Ok(count) => count == 0,
        Err(error) => !matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut),
    };
    assert!(ended, "the oldest stranger is still there");
}

#[test]
fn a_slow_handshake_times_out() {
    let (low, middle, _) = cast();
    let node = start_with(middle, |config| {
        config.handshake_timeout = Duration::from_millis(200)
    });
    node.net.set_peers(only(low.peer_key(), "unused:1"));
    // A member that never says hello.
    let mut puppet = ClientPuppet::connect(node.net.local_addr(), Papers::of(&low))
        .expect("a member's handshake");
    assert!(puppet.is_cut_off());
    node.expect_quiet(Duration::from_millis(10));

    // A peer that accepts the connection and never answers.
    let (low, middle, _) = cast();
    let node = start_with(low, |config| {
        config.handshake_timeout = Duration::from_millis(200)
    });
    let listener = TcpListener::bind(any_port()).expect("a free port");
    let address = listener.local_addr().expect("it has an address");
    node.net.set_peers(only(middle.peer_key(), address));
    assert_eq!(node.dial_failure(middle.peer_key()), DialFailure::Timeout);
}

#[test]
fn an_address_that_cannot_be_resolved_is_a_failure_like_any_other() {
    let (low, middle, _) = cast();
    let node = start(low);
    for address in ["", "no port", "127.0.0.1:99999"] {
        node.net.set_peers(only(middle.peer_key(), address));
        assert!(
            matches!(
                node.dial_failure(middle.peer_key()),
                DialFailure::Connect(_)
            ),
            "{address:?}"
        );
    }
}

#[test]
fn a_node_ignores_its_own_key_among_the_peers() {
    let [a, b]: [_; 2] = identities(2).try_into().expect("two of them");
    let (a, b) = (start(a), start(b));
    let all: std::collections::BTreeMap<PeerKey, String> = [&a, &b]
        .map(|node| (node.key(), node.address()))
        .into_iter()
        .collect();
    a.net.set_peers(all.clone());
    b.net.set_peers(all);
    a.expect_up(b.key());
    b.expect_up(a.key());
    a.expect_quiet(PAUSE);
}
