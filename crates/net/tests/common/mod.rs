//! Nodes for tests, and a peer that speaks TLS but not necessarily our protocol.

#![allow(dead_code, reason = "each test binary uses its own part")]

use std::{
    collections::BTreeMap,
    io::{self, Read, Write},
    net::{SocketAddr, TcpListener, TcpStream},
    sync::Arc,
    time::{Duration, Instant},
};

use enigma_net::{
    Config, DialFailure, DownReason, Identity, Inbox, Net, NetEvent, PROTOCOL_VERSION,
};
use enigma_wire::id::PeerKey;
use rustls::{
    ClientConfig, ClientConnection, DigitallySignedStruct, DistinguishedName, Error, ServerConfig,
    ServerConnection, SignatureScheme, StreamOwned,
    client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier},
    crypto::ring::default_provider,
    pki_types::{CertificateDer, PrivatePkcs8KeyDer, ServerName, UnixTime},
    server::danger::{ClientCertVerified, ClientCertVerifier},
};

/// Longer than anything here should take on a busy machine.
pub(crate) const WAIT: Duration = Duration::from_secs(20);

pub(crate) struct Node {
    pub(crate) net: Net,
    pub(crate) inbox: Inbox,
}

impl Node {
    pub(crate) fn key(&self) -> PeerKey {
        self.net.peer_key()
    }

    pub(crate) fn address(&self) -> String {
        self.net.local_addr().to_string()
    }

    pub(crate) fn next(&self) -> NetEvent {
        self.inbox.recv_timeout(WAIT).expect("an event arrives")
    }

    pub(crate) fn expect_up(&self, peer: PeerKey) {
        assert_eq!(self.next(), NetEvent::Up(peer));
    }

    pub(crate) fn expect_frame(&self, peer: PeerKey, expected: &[u8]) {
        assert_eq!(
            self.next(),
            NetEvent::Frame {
                peer,
                bytes: expected.to_vec().into()
            }
        );
    }

    /// The next event must be the end of the link to `peer`; says why it ended.
    pub(crate) fn expect_down(&self, peer: PeerKey) -> DownReason {
        match self.next() {
            NetEvent::Down { peer: who, reason } if who == peer => reason,
            other => panic!("expected the end of the link, got {other:?}"),
        }
    }

    pub(crate) fn expect_quiet(&self, time: Duration) {
        let event = self.inbox.recv_timeout(time);
        assert!(event.is_err(), "{event:?}");
    }

    /// Waits until an attempt to dial `peer` has failed, and says how.
    pub(crate) fn dial_failure(&self, peer: PeerKey) -> DialFailure {
        wait_for(|| {
            self.net
                .status()
                .get(&peer)
                .and_then(|status| status.last_failure)
        })
    }
}

/// Asks again and again until there is an answer.
pub(crate) fn wait_for<T>(mut ask: impl FnMut() -> Option<T>) -> T {
    let deadline = Instant::now() + WAIT;
    loop {
        if let Some(answer) = ask() {
            return answer;
        }
        assert!(Instant::now() < deadline, "nothing happened");
        std::thread::sleep(Duration::from_millis(5));
    }
}

pub(crate) fn any_port() -> SocketAddr {
    SocketAddr::from(([127, 0, 0, 1], 0))
}

/// Identities in ascending order of their keys: each dials those after it.
pub(crate) fn identities(count: usize) -> Vec<Identity> {
    let mut identities: Vec<_> = (0..count)
        .map(|_| Identity::generate(&mut rand::rng()))
        .collect();
    identities.sort_by_key(Identity::peer_key);
    identities
}

pub(crate) fn start(identity: Identity) -> Node {
    start_with(identity, |_| {})
}

pub(crate) fn start_with(identity: Identity, change: impl FnOnce(&mut Config)) -> Node {
    let mut config = Config::new(identity, any_port());
    config.retry_max = Duration::from_millis(200);
    change(&mut config);
    let (net, inbox) = Net::start(config).expect("the node starts");
    Node { net, inbox }
}

/// Makes all nodes peers of each other and waits until each is linked to all others.
pub(crate) fn connect(nodes: &[&Node]) {
    for node in nodes {
        let others = nodes.iter().filter(|other| other.key() != node.key());
        node.net
            .set_peers(others.map(|other| (other.key(), other.address())).collect());
    }
    for node in nodes {
        let mut ups: Vec<_> = (1..nodes.len()).map(|_| node.next()).collect();
        ups.sort_by_key(NetEvent::peer);
        let mut expected: Vec<_> = nodes
            .iter()
            .map(|other| other.key())
            .filter(|key| *key != node.key())
            .map(NetEvent::Up)
            .collect();
        expected.sort_by_key(NetEvent::peer);
        assert_eq!(ups, expected);
    }
}

pub(crate) fn only(peer: PeerKey, address: impl ToString) -> BTreeMap<PeerKey, String> {
    BTreeMap::from([(peer, address.to_string())])
}

/// A peer under the test's control: TLS with any certificate, trusting everybody.
pub(crate) struct Puppet<C>(pub(crate) C);

pub(crate) type ClientPuppet = Puppet<StreamOwned<ClientConnection, TcpStream>>;
pub(crate) type ServerPuppet = Puppet<StreamOwned<ServerConnection, TcpStream>>;

pub(crate) const HELLO: [u8; 5] = [b'E', b'n', b'L', b'k', PROTOCOL_VERSION];

/// A certificate and its key.
pub(crate) struct Papers {
    pub(crate) chain: Vec<CertificateDer<'static>>,
    pub(crate) key: PrivatePkcs8KeyDer<'static>,
}

impl Papers {
    /// What a node with this identity shows.
    pub(crate) fn of(identity: &Identity) -> Self {
        let key = PrivatePkcs8KeyDer::from(identity.to_pkcs8().to_vec());
        let pair = rcgen::KeyPair::from_pkcs8_der_and_sign_algo(&key, &rcgen::PKCS_ED25519)
            .expect("an ed25519 key");
        Self {
            chain: vec![self_signed(&pair)],
            key,
        }
    }

    /// A self-signed certificate with a key of another kind.
    pub(crate) fn ecdsa() -> Self {
        let pair = rcgen::KeyPair::generate_for(&rcgen::PKCS_ECDSA_P256_SHA256).expect("a new key");
        Self {
            chain: vec![self_signed(&pair)],
            key: PrivatePkcs8KeyDer::from(pair.serialize_der()),
        }
    }

    /// A certificate for the key of `identity`, signed by somebody else.
    pub(crate) fn signed_by_another(identity: &Identity) -> Self {
        let own = Self::of(identity);
        let pair = rcgen::KeyPair::from_pkcs8_der_and_sign_algo(&own.key, &rcgen::PKCS_ED25519)
            .expect("a key");
        let issuer_pair = rcgen::KeyPair::generate_for(&rcgen::PKCS_ED25519).expect("a new key");
        let issuer = rcgen::Issuer::new(params(), issuer_pair);
        let certificate = params().signed_by(&pair, &issuer).expect("a certificate");
        Self {
            chain: vec![certificate.der().clone()],
            ..own
        }
    }

    /// The certificate of `identity`, but the private key of somebody else.
    pub(crate) fn stolen(identity: &Identity) -> Self {
        Self {
            chain: Self::of(identity).chain,
            ..Self::of(&identities(1)[0])
        }
    }
}

fn params() -> rcgen::CertificateParams {
    let mut params = rcgen::CertificateParams::new(Vec::new()).expect("no names to refuse");
    params.distinguished_name = rcgen::DistinguishedName::new();
    params
        .distinguished_name
        .push(rcgen::DnType::CommonName, "enigma node");
    params
}

fn self_signed(pair: &rcgen::KeyPair) -> CertificateDer<'static> {
    params()
        .self_signed(pair)
        .expect("a certificate")
        .der()
        .clone()
}

impl ClientPuppet {
    /// Connects to a node and completes the TLS handshake; no hello yet.
    pub(crate) fn connect(address: SocketAddr, papers: Papers) -> io::Result<Self> {
        let config = ClientConfig::builder_with_provider(default_provider().into())
            .with_protocol_versions(&[&rustls::version::TLS13])
            .expect("ring speaks TLS 1.3")
            .dangerous()
            .with_custom_certificate_verifier(Arc::new(Credulous))
            .with_client_cert_resolver(Arc::new(Shows::new(papers)));
        let name = ServerName::try_from("enigma").expect("a name");
        let connection = ClientConnection::new(config.into(), name).map_err(io::Error::other)?;
        let mut stream = StreamOwned::new(connection, TcpStream::connect(address)?);
        stream.sock.set_read_timeout(Some(WAIT))?;
        while stream.conn.is_handshaking() {
            stream.conn.complete_io(&mut stream.sock)?;
        }
        Ok(Self(stream))
    }

    /// Connects as the peer `identity` and exchanges hellos.
    pub(crate) fn member(address: SocketAddr, identity: &Identity) -> Self {
        let mut puppet = Self::connect(address, Papers::of(identity)).expect("the node answers");
        puppet.exchange_hellos();
        puppet
    }
}

impl ServerPuppet {
    /// Accepts one connection and completes the TLS handshake.
    pub(crate) fn accept(listener: &TcpListener, papers: Papers) -> io::Result<Self> {
        let config = ServerConfig::builder_with_provider(default_provider().into())
            .with_protocol_versions(&[&rustls::version::TLS13])
            .expect("ring speaks TLS 1.3")
            .with_client_cert_verifier(Arc::new(Credulous))
            .with_cert_resolver(Arc::new(Shows::new(papers)));
        let connection = ServerConnection::new(config.into()).map_err(io::Error::other)?;
        let mut stream = StreamOwned::new(connection, listener.accept()?.0);
        stream.sock.set_read_timeout(Some(WAIT))?;
        while stream.conn.is_handshaking() {
            stream.conn.complete_io(&mut stream.sock)?;
        }
        Ok(Self(stream))
    }
}

impl<C: Read + Write> Puppet<C> {
    pub(crate) fn exchange_hellos(&mut self) {
        self.say(&HELLO).expect("the node reads");
        let mut hello = [0; HELLO.len()];
        self.0.read_exact(&mut hello).expect("the node says hello");
        assert_eq!(hello, HELLO);
    }

    pub(crate) fn say(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.0.write_all(bytes)?;
        self.0.flush()
    }

    /// Reads until the node ends the connection.
    pub(crate) fn is_cut_off(&mut self) -> bool {
        let mut piece = [0; 4096];
        loop {
            match self.0.read(&mut piece) {
                Ok(0) => return true,
                Ok(_) => {}
                Err(error) => {
                    return !matches!(
                        error.kind(),
                        io::ErrorKind::WouldBlock | io::ErrorKind::TimedOut
                    );
                }
            }
        }
    }
}

/// A data frame as it goes over the link.
pub(crate) fn data(payload: &[u8]) -> Vec<u8> {
    [&(payload.len() as u32 + 1).to_le_bytes()[..], &[0], payload].concat()
}

#[derive(Debug)]
struct Shows(Arc<rustls::sign::CertifiedKey>);

impl Shows {
    fn new(papers: Papers) -> Self {
        let key = default_provider()
            .key_provider
            .load_private_key(papers.key.into())
            .expect("a usable key");
        Self(Arc::new(rustls::sign::CertifiedKey::new(papers.chain, key)))
    }
}

impl rustls::client::ResolvesClientCert for Shows {
    fn resolve(
        &self,
        _: &[&[u8]],
        _: &[SignatureScheme],
    ) -> Option<Arc<rustls::sign::CertifiedKey>> {
        Some(self.0.clone())
    }

    fn has_certs(&self) -> bool {
        true
    }
}

impl rustls::server::ResolvesServerCert for Shows {
    fn resolve(
        &self,
        _: rustls::server::ClientHello<'_>,
    ) -> Option<Arc<rustls::sign::CertifiedKey>> {
        Some(self.0.clone())
    }
}

/// Accepts every certificate: what is tested is what the node accepts.
#[derive(Debug)]
struct Credulous;

impl ServerCertVerifier for Credulous {
    fn verify_server_cert(
        &self,
        _: &CertificateDer<'_>,
        _: &[CertificateDer<'_>],
        _: &ServerName<'_>,
        _: &[u8],
        _: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        Ok(ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        _: &[u8],
        _: &CertificateDer<'_>,
        _: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        Ok(HandshakeSignatureValid::assertion())
    }

    fn verify_tls13_signature(
        &self,
        _: &[u8],
        _: &CertificateDer<'_>,
        _: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        Ok(HandshakeSignatureValid::assertion())
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        vec![
            SignatureScheme::ED25519,
            SignatureScheme::ECDSA_NISTP256_SHA256,
        ]
    }
}

impl ClientCertVerifier for Credulous {
    fn root_hint_subjects(&self) -> &[DistinguishedName] {
        &[]
    }

    fn verify_client_cert(
        &self,
        _: &CertificateDer<'_>,
        _: &[CertificateDer<'_>],
        _: UnixTime,
    ) -> Result<ClientCertVerified, Error> {
        Ok(ClientCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        _: &[u8],
        _: &CertificateDer<'_>,
        _: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        Ok(HandshakeSignatureValid::assertion())
    }

    fn verify_tls13_signature(
        &self,
        _: &[u8],
        _: &CertificateDer<'_>,
        _: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        Ok(HandshakeSignatureValid::assertion())
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        vec![
            SignatureScheme::ED25519,
            SignatureScheme::ECDSA_NISTP256_SHA256,
        ]
    }
}
