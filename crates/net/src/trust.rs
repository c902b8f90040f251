//! Who may be at the other end: certificate checks for both sides, and the TLS settings around them.
//!
//! A certificate says nothing but a key, so it is accepted when it is signed by that key and the key
//! is expected. Possession is proven by the signature on the handshake, which only ed25519 may make.
//! Sessions are never resumed: every link proves its key afresh and against the current set of peers.

use std::{collections::BTreeMap, fmt, sync::Arc};

use enigma_wire::id::PeerKey;
use rustls::{
    CertificateError, ClientConfig, DigitallySignedStruct, DistinguishedName, Error, OtherError,
    PeerMisbehaved, RootCertStore, ServerConfig, SignatureScheme,
    client::{
        Resumption,
        danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier},
        verify_server_cert_signed_by_trust_anchor,
    },
    crypto::{CryptoProvider, WebPkiSupportedAlgorithms, ring, verify_tls13_signature},
    pki_types::{CertificateDer, ServerName, UnixTime},
    server::{
        NoServerSessionStorage, ParsedCertificate,
        danger::{ClientCertVerified, ClientCertVerifier},
    },
    sign::SingleCertAndKey,
};
use tokio::sync::watch;

use crate::{Identity, Refusal};

/// The keys a node links to, and the address of each.
pub(crate) type Peers = Arc<BTreeMap<PeerKey, String>>;

/// Whom a verifier accepts.
pub(crate) enum Expect {
    /// The listening side: whoever is in the set at that moment.
    Member(watch::Receiver<Peers>),
    /// The dialling side: the key it dialled.
    Exactly(PeerKey),
}

/// Settings for accepting links.
pub(crate) fn server_config(
    identity: &Identity,
    peers: watch::Receiver<Peers>,
) -> Result<ServerConfig, Error> {
    let provider = Arc::new(provider());
    let verifier = Arc::new(Verifier::new(Expect::Member(peers), &provider));
    let certificate = Arc::new(SingleCertAndKey::from(identity.certified()));
    let mut config = ServerConfig::builder_with_provider(provider)
        .with_protocol_versions(&[&rustls::version::TLS13])?
        .with_client_cert_verifier(verifier)
        .with_cert_resolver(certificate);
    config.session_storage = Arc::new(NoServerSessionStorage {});
    config.send_tls13_tickets = 0;
    Ok(config)
}

/// Settings for dialling `peer`.
pub(crate) fn client_config(identity: &Identity, peer: PeerKey) -> Result<ClientConfig, Error> {
    let provider = Arc::new(provider());
    let verifier = Arc::new(Verifier::new(Expect::Exactly(peer), &provider));
    let certificate = Arc::new(SingleCertAndKey::from(identity.certified()));
    let mut config = ClientConfig::builder_with_provider(provider)
        .with_protocol_versions(&[&rustls::version::TLS13])?
        .dangerous()
        .with_custom_certificate_verifier(verifier)
        .with_client_cert_resolver(certificate);
    config.resumption = Resumption::disabled();
    config.enable_sni = false;
    Ok(config)
}

/// The name every node is called by, since TLS wants one; keys, not names, are checked.
pub(crate) fn server_name() -> ServerName<'static> {
    ServerName::try_from("enigma").expect("a valid DNS name")
}

/// The key in a certificate that was already verified.
pub(crate) fn key_of(certificate: &CertificateDer<'_>) -> Option<PeerKey> {
    let parsed = ParsedCertificate::try_from(certificate).ok()?;
    ed25519_key(&parsed.subject_public_key_info())
}

/// The key in a `SubjectPublicKeyInfo`, if it is ed25519 (RFC 8410, section 4).
pub(crate) fn ed25519_key(spki: &[u8]) -> Option<PeerKey> {
    const PREFIX: [u8; 12] = [
        0x30, 0x2a, 0x30, 0x05, 0x06, 0x03, 0x2b, 0x65, 0x70, 0x03, 0x21, 0x00,
    ];
    spki.strip_prefix(&PREFIX)?.try_into().ok().map(PeerKey)
}

fn provider() -> CryptoProvider {
    CryptoProvider {
        // Measured: AES-GCM moves about 1.7 times as much as ChaCha20 where AES is in hardware.
        cipher_suites: vec![
            ring::cipher_suite::TLS13_AES_128_GCM_SHA256,
            ring::cipher_suite::TLS13_AES_256_GCM_SHA384,
            ring::cipher_suite::TLS13_CHACHA20_POLY1305_SHA256,
        ],
        kx_groups: vec![ring::kx_group::X25519],
        ..ring::default_provider()
    }
}

struct Verifier {
    expect: Expect,
    algorithms: WebPkiSupportedAlgorithms,
}

impl Verifier {
    fn new(expect: Expect, provider: &CryptoProvider) -> Self {
        Self {
            expect,
            algorithms: provider.signature_verification_algorithms,
        }
    }

    fn check(
        &self,
        end_entity: &CertificateDer<'_>,
        others: usize,
        now: UnixTime,
    ) -> Result<(), Refusal> {
        let certificate =
            ParsedCertificate::try_from(end_entity).map_err(|_| Refusal::Malformed)?;
        let key = ed25519_key(&certificate.subject_public_key_info()).ok_or(Refusal::NotEd25519)?;
        if others > 0 {
            return Err(Refusal::NotSelfSigned);
        }
        let mut itself = RootCertStore::empty();
        itself
            .add(end_entity.clone())
            .map_err(|_| Refusal::Malformed)?;
        verify_server_cert_signed_by_trust_anchor(
            &certificate,
            &itself,
            &[],
            now,
            self.algorithms.all,
        )
        .map_err(|_| Refusal::NotSelfSigned)?;
        match &self.expect {
            Expect::Member(peers) if !peers.borrow().contains_key(&key) => {
                Err(Refusal::NotAllowed(key))
            }
            Expect::Exactly(expected) if *expected != key => Err(Refusal::WrongKey {
                expected: *expected,
                found: key,
            }),
            _ => Ok(()),
        }
    }

    fn check_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        if signed.scheme != SignatureScheme::ED25519 {
            return Err(PeerMisbehaved::SignedHandshakeWithUnadvertisedSigScheme.into());
        }
        verify_tls13_signature(message, certificate, signed, &self.algorithms)
    }
}

fn refuse(refusal: Refusal) -> Error {
    Error::InvalidCertificate(CertificateError::Other(OtherError(Arc::new(refusal))))
}

impl fmt::Debug for Verifier {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self.expect {
            Expect::Member(_) => "Verifier(any peer)",
            Expect::Exactly(_) => "Verifier(one peer)",
        })
    }
}

impl ServerCertVerifier for Verifier {
    fn verify_server_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        _server_name: &ServerName<'_>,
        _ocsp_response: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        self.check(end_entity, intermediates.len(), now)
            .map_err(refuse)?;
        Ok(ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        _message: &[u8],
        _certificate: &CertificateDer<'_>,
        _signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        Err(Error::General("only TLS 1.3 is spoken".into()))
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        self.check_signature(message, certificate, signed)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        vec![SignatureScheme::ED25519]
    }
}

impl ClientCertVerifier for Verifier {
    fn root_hint_subjects(&self) -> &[DistinguishedName] {
        &[]
    }

    fn verify_client_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        now: UnixTime,
    ) -> Result<ClientCertVerified, Error> {
        self.check(end_entity, intermediates.len(), now)
            .map_err(refuse)?;
        Ok(ClientCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        _message: &[u8],
        _certificate: &CertificateDer<'_>,
        _signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        Err(Error::General("only TLS 1.3 is spoken".into()))
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        self.check_signature(message, certificate, signed)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        vec![SignatureScheme::ED25519]
    }
}

#[cfg(test)]
mod tests {
    use rcgen::{
        CertificateParams, Issuer, KeyPair, PKCS_ECDSA_P256_SHA256, PKCS_ED25519,
        SignatureAlgorithm,
    };

    use super::*;

    fn judge(expect: Expect, chain: &[CertificateDer<'_>]) -> Result<(), Refusal> {
        Verifier::new(expect, &provider()).check(&chain[0], chain.len() - 1, UnixTime::now())
    }

    fn params() -> CertificateParams {
        CertificateParams::new(Vec::new()).expect("no names to refuse")
    }

    fn self_signed(kind: &'static SignatureAlgorithm) -> CertificateDer<'static> {
        let pair = KeyPair::generate_for(kind).expect("a new key");
        params()
            .self_signed(&pair)
            .expect("a certificate")
            .der()
            .clone()
    }

    #[test]
    fn certificates_are_judged_by_key_and_signature() {
        let identity = Identity::generate(&mut rand::rng());
        let me = identity.peer_key();
        let own = identity.certified().cert.clone();
        assert_eq!(key_of(&own[0]), Some(me));
        assert_eq!(judge(Expect::Exactly(me), &own), Ok(()));

        let other = PeerKey([7; 32]);
        let wrong = Refusal::WrongKey {
            expected: other,
            found: me,
        };
        assert_eq!(judge(Expect::Exactly(other), &own), Err(wrong));

        let ecdsa = self_signed(&PKCS_ECDSA_P256_SHA256);
        assert_eq!(
            judge(Expect::Exactly(me), std::slice::from_ref(&ecdsa)),
            Err(Refusal::NotEd25519)
        );
        assert_eq!(
            judge(Expect::Exactly(me), &[own[0].clone(), ecdsa]),
            Err(Refusal::NotSelfSigned)
        );

        let issuer = Issuer::new(
            params(),
            KeyPair::generate_for(&PKCS_ED25519).expect("a new key"),
        );
        let pair = KeyPair::generate_for(&PKCS_ED25519).expect("a new key");
        let signed = params()
            .signed_by(&pair, &issuer)
            .expect("a certificate")
            .der()
            .clone();
        let key = key_of(&signed).expect("an ed25519 key");
        assert_eq!(
            judge(Expect::Exactly(key), &[signed]),
            Err(Refusal::NotSelfSigned)
        );

        // Any changed byte makes it another certificate, or none.
        for at in 0..own[0].len() {
            let mut bytes = own[0].to_vec();
            bytes[at] ^= 1;
            assert!(
                judge(Expect::Exactly(me), &[bytes.into()]).is_err(),
                "byte {at}"
            );
        }
    }

    #[test]
    fn membership_is_looked_up_at_each_handshake() {
        let identity = Identity::generate(&mut rand::rng());
        let own = identity.certified().cert.clone();
        let peers = watch::Sender::new(Peers::default());
        let judge = || judge(Expect::Member(peers.subscribe()), &own);
        assert_eq!(judge(), Err(Refusal::NotAllowed(identity.peer_key())));
        peers.send_replace(Arc::new(BTreeMap::from([(
            identity.peer_key(),
            String::new(),
        )])));
        assert_eq!(judge(), Ok(()));
        peers.send_replace(Peers::default());
        assert_eq!(judge(), Err(Refusal::NotAllowed(identity.peer_key())));
    }
}
