//! The key a node is known by, and the certificate that carries it.

use std::{fmt, sync::Arc};

use enigma_wire::id::PeerKey;
use rand_core::CryptoRng;
use rcgen::{CertificateParams, DistinguishedName, DnType, PublicKeyData, SignatureAlgorithm};
use rustls::{
    SignatureScheme,
    pki_types::{CertificateDer, PrivatePkcs8KeyDer},
    sign::{CertifiedKey, Signer, SigningKey},
};
use zeroize::Zeroizing;

use crate::{IdentityError, trust};

// RFC 8410, section 7: version 0, algorithm id-Ed25519, then the 32-byte seed.
const PKCS8_PREFIX: [u8; 16] = [
    0x30, 0x2e, 0x02, 0x01, 0x00, 0x30, 0x05, 0x06, 0x03, 0x2b, 0x65, 0x70, 0x04, 0x22, 0x04, 0x20,
];
const SEED_LEN: usize = 32;

/// An ed25519 key pair with its self-signed certificate.
///
/// The certificate is a function of the key, so that it is the same after every start. Our copies of
/// the private key are wiped when dropped; the copy inside the TLS library is not.
pub struct Identity {
    pkcs8: Zeroizing<Vec<u8>>,
    key: PeerKey,
    certified: Arc<CertifiedKey>,
}

impl Identity {
    /// Makes a new key from 32 bytes of `rng`.
    pub fn generate<R: CryptoRng + ?Sized>(rng: &mut R) -> Self {
        let mut pkcs8 = Zeroizing::new(PKCS8_PREFIX.to_vec());
        pkcs8.reserve_exact(SEED_LEN);
        pkcs8.resize(PKCS8_PREFIX.len() + SEED_LEN, 0);
        rng.fill_bytes(&mut pkcs8[PKCS8_PREFIX.len()..]);
        Self::from_document(pkcs8).expect("every 32-byte seed is an ed25519 key")
    }

    /// Reads what [`Identity::to_pkcs8`] wrote.
    ///
    /// # Errors
    /// `NotEd25519` for any other document.
    pub fn from_pkcs8(document: &[u8]) -> Result<Self, IdentityError> {
        Self::from_document(Zeroizing::new(document.to_vec()))
    }

    /// The private key as a PKCS #8 document, for a file only the operator can read.
    pub fn to_pkcs8(&self) -> Zeroizing<Vec<u8>> {
        self.pkcs8.clone()
    }

    /// The public key, by which others know this node.
    pub fn peer_key(&self) -> PeerKey {
        self.key
    }

    pub(crate) fn certified(&self) -> Arc<CertifiedKey> {
        self.certified.clone()
    }

    fn from_document(pkcs8: Zeroizing<Vec<u8>>) -> Result<Self, IdentityError> {
        if pkcs8.len() != PKCS8_PREFIX.len() + SEED_LEN || !pkcs8.starts_with(&PKCS8_PREFIX) {
            return Err(IdentityError::NotEd25519);
        }
        let der = PrivatePkcs8KeyDer::from(pkcs8.as_slice());
        let signing = rustls::crypto::ring::sign::any_eddsa_type(&der)
            .map_err(|_| IdentityError::NotEd25519)?;
        let (key, signer) = public_parts(&*signing).ok_or(IdentityError::NotEd25519)?;
        let certificate = certificate(key, &*signer).ok_or(IdentityError::NotEd25519)?;
        let certified = Arc::new(CertifiedKey::new(vec![certificate], signing));
        Ok(Self {
            pkcs8,
            key,
            certified,
        })
    }
}

impl fmt::Debug for Identity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Identity")
            .field("key", &self.key)
            .finish_non_exhaustive()
    }
}

fn public_parts(signing: &dyn SigningKey) -> Option<(PeerKey, Box<dyn Signer>)> {
    let key = trust::ed25519_key(&signing.public_key()?)?;
    Some((key, signing.choose_scheme(&[SignatureScheme::ED25519])?))
}

fn certificate(key: PeerKey, signer: &dyn Signer) -> Option<CertificateDer<'static>> {
    let mut params = CertificateParams::new(Vec::new()).ok()?;
    params.distinguished_name = DistinguishedName::new();
    params
        .distinguished_name
        .push(DnType::CommonName, "enigma node");
    let certificate = params
        .self_signed(&CertificateSigner { key, signer })
        .ok()?;
    Some(certificate.der().clone())
}

/// Lets the certificate builder sign with the TLS library's key, so that no other copy of the
/// private key is made.
struct CertificateSigner<'a> {
    key: PeerKey,
    signer: &'a dyn Signer,
}

impl PublicKeyData for CertificateSigner<'_> {
    fn der_bytes(&self) -> &[u8] {
        &self.key.0
    }

    fn algorithm(&self) -> &'static SignatureAlgorithm {
        &rcgen::PKCS_ED25519
    }
}

impl rcgen::SigningKey for CertificateSigner<'_> {
    fn sign(&self, message: &[u8]) -> Result<Vec<u8>, rcgen::Error> {
        self.signer
            .sign(message)
            .map_err(|_| rcgen::Error::RemoteKeyError)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_comes_back_with_the_same_certificate() {
        let identity = Identity::generate(&mut rand::rng());
        let again =
            Identity::from_pkcs8(&identity.to_pkcs8()).expect("the document was written by us");
        assert_eq!(again.peer_key(), identity.peer_key());
        assert_eq!(again.certified().cert, identity.certified().cert);
    }

    // RFC 8410, section 10.3: a private key and the matching public key.
    #[test]
    fn rfc_8410_example() {
        let seed = [
            0xd4, 0xee, 0x72, 0xdb, 0xf9, 0x13, 0x58, 0x4a, 0xd5, 0xb6, 0xd8, 0xf1, 0xf7, 0x69,
            0xf8, 0xad, 0x3a, 0xfe, 0x7c, 0x28, 0xcb, 0xf1, 0xd4, 0xfb, 0xe0, 0x97, 0xa8, 0x8f,
            0x44, 0x75, 0x58, 0x42,
        ];
        let identity = Identity::from_pkcs8(&[&PKCS8_PREFIX[..], &seed].concat())
            .expect("the RFC's key is valid");
        let expected = "19bf44096984cdfe8541bac167dc3b96c85086aa30b6b6cb0c5c38ad703166e1";
        assert_eq!(
            identity.peer_key(),
            expected.parse().expect("32 bytes in hexadecimal")
        );
    }

    #[test]
    fn other_documents_are_refused() {
        let document = Identity::generate(&mut rand::rng()).to_pkcs8();
        let mut wrong_algorithm = document.to_vec();
        wrong_algorithm[11] ^= 1;
        let longer = [&document[..], &[0]].concat();
        for bad in [&[][..], &document[..47], &longer, &wrong_algorithm] {
            assert_eq!(
                Identity::from_pkcs8(bad).map(|_| ()),
                Err(IdentityError::NotEd25519)
            );
        }
    }

    #[test]
    fn debug_hides_the_private_key() {
        let identity = Identity::generate(&mut rand::rng());
        let shown = format!("{identity:?}");
        let seed = identity.to_pkcs8()[PKCS8_PREFIX.len()..].to_vec();
        assert!(shown.contains(&identity.peer_key().to_string()));
        assert!(
            !shown.contains(&format!("{seed:?}")) && !shown.contains("pkcs8"),
            "{shown}"
        );
    }
}
