//! Sealing to a recipient: HPKE (RFC 9180) in base mode with X25519, HKDF-SHA256 and AES-128-GCM.
//!
//! The associated data names what is sealed and for whom, so that a relay can neither pass one
//! message off as another nor re-submit it under other terms (protocols S3).

use borsh::{BorshDeserialize, BorshSerialize};
use hpke::aead::AesGcm128;
use hpke::kdf::HkdfSha256;
use hpke::kem::X25519HkdfSha256;
use hpke::{Deserializable, Kem, OpModeR, OpModeS, Serializable};
use rand_core::CryptoRng;
use zeroize::Zeroizing;

use crate::id::{Address, CollectionId, Hash, JobId, MemberIndex, NodeId, SealKey};
use crate::output::Recipient;
use crate::parameters::Parameters;
use crate::sign::SecretKey;

const INFO: &[u8] = b"enigma seal v1";
const ACCOUNT_SALT: &[u8] = b"enigma sealing key of an account v1";
/// Bytes a sealed message is longer than its plaintext: encapsulated key and tag.
pub const OVERHEAD_BYTES: usize = 48;

/// What a sealed message is and whom it is for; authenticated, not transmitted.
#[allow(missing_docs)] // The fields' names and types say what they are.
#[derive(Clone, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub enum Purpose {
    /// An owner's row package for one node.
    Row {
        owner: Address,
        collection: CollectionId,
        member: MemberIndex,
        revision: u32,
        root: Hash,
        node: NodeId,
    },
    /// One node's output shares for one recipient.
    Output {
        job: JobId,
        node: NodeId,
        recipient: Recipient,
        account: Address,
    },
    /// A caller's package of private parameters for one node.
    Parameters {
        parameters: Parameters,
        node: NodeId,
    },
}

/// The ciphertext could not be opened: wrong key, wrong purpose, or altered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SealError;

impl std::fmt::Display for SealError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("sealed message does not open: wrong key, wrong purpose, or altered")
    }
}

impl std::error::Error for SealError {}

/// The secret half of a sealing key; zeroised when dropped.
pub struct SealSecret(<X25519HkdfSha256 as Kem>::PrivateKey);

impl std::fmt::Debug for SealSecret {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("SealSecret(..)")
    }
}

impl SealSecret {
    /// Draws a fresh key.
    pub fn random(rng: &mut impl CryptoRng) -> Self {
        let mut bytes = Zeroizing::new([0u8; 32]);
        rng.fill_bytes(&mut bytes[..]);
        Self::from_bytes(&bytes)
    }

    /// Reads a key: any 32 bytes are an X25519 secret.
    pub fn from_bytes(bytes: &[u8; 32]) -> Self {
        let key = <X25519HkdfSha256 as Kem>::PrivateKey::from_bytes(bytes);
        Self(key.expect("every 32-byte string is an X25519 secret"))
    }

    /// The sealing key that belongs to an account: HKDF-SHA256 (RFC 5869) over the account's secret, so
    /// that whoever keeps one key file keeps everything. Knowing the sealing key tells nothing about the
    /// account's secret.
    pub fn of_account(account: &SecretKey) -> Self {
        let mut bytes = Zeroizing::new([0u8; 32]);
        hkdf::Hkdf::<sha2::Sha256>::new(Some(ACCOUNT_SALT), &account.to_bytes()[..])
            .expand(INFO, &mut bytes[..])
            .expect("32 bytes are a valid output length");
        Self::from_bytes(&bytes)
    }

    /// The key's bytes, for a key file.
    pub fn to_bytes(&self) -> Zeroizing<[u8; 32]> {
        Zeroizing::new(self.0.to_bytes().into())
    }

    /// The public half.
    pub fn public(&self) -> SealKey {
        SealKey(X25519HkdfSha256::sk_to_pk(&self.0).to_bytes().into())
    }

    /// Opens a message sealed with [`seal`] for the same purpose.
    ///
    /// # Errors
    /// When the key or purpose differ or the message was altered.
    pub fn open(&self, sealed: &[u8], purpose: &Purpose) -> Result<Zeroizing<Vec<u8>>, SealError> {
        let (encapsulated, ciphertext) = sealed.split_at_checked(32).ok_or(SealError)?;
        let encapsulated = <X25519HkdfSha256 as Kem>::EncappedKey::from_bytes(encapsulated)
            .map_err(|_| SealError)?;
        hpke::single_shot_open::<AesGcm128, HkdfSha256, X25519HkdfSha256>(
            &OpModeR::Base,
            &self.0,
            &encapsulated,
            INFO,
            ciphertext,
            &associated_data(purpose),
        )
        .map(Zeroizing::new)
        .map_err(|_| SealError)
    }
}

/// Seals a message. The result is [`OVERHEAD_BYTES`] longer than the message.
///
/// # Errors
/// When the recipient's key is not a usable X25519 key (a point of small order).
pub fn seal(
    to: &SealKey,
    message: &[u8],
    purpose: &Purpose,
    rng: &mut impl CryptoRng,
) -> Result<Vec<u8>, SealError> {
    let to = <X25519HkdfSha256 as Kem>::PublicKey::from_bytes(&to.0).map_err(|_| SealError)?;
    let (encapsulated, ciphertext) =
        hpke::single_shot_seal_with_rng::<AesGcm128, HkdfSha256, X25519HkdfSha256>(
            &OpModeS::Base,
            &to,
            INFO,
            message,
            &associated_data(purpose),
            rng,
        )
        .map_err(|_| SealError)?;
    let mut sealed = encapsulated.to_bytes().to_vec();
    sealed.extend_from_slice(&ciphertext);
    Ok(sealed)
}

fn associated_data(purpose: &Purpose) -> Vec<u8> {
    borsh::to_vec(purpose).expect("writing to memory cannot fail")
}

#[cfg(test)]
mod tests {
    use super::*;
    use rand_chacha::ChaCha20Rng;
    use rand_core::SeedableRng;

    fn purpose(job: u64) -> Purpose {
        Purpose::Output {
            job: JobId(job),
            node: NodeId(3),
            recipient: Recipient::Member {
                collection: CollectionId(2),
                member: MemberIndex(9),
            },
            account: Address([7; 20]),
        }
    }

    #[test]
    fn opens_only_with_the_key_and_purpose() {
        let mut rng = ChaCha20Rng::seed_from_u64(5);
        let secret = SealSecret::random(&mut rng);
        let sealed = seal(&secret.public(), b"share", &purpose(1), &mut rng).expect("valid key");
        assert_eq!(sealed.len(), 5 + OVERHEAD_BYTES);
        assert_eq!(
            &secret.open(&sealed, &purpose(1)).expect("opens")[..],
            b"share"
        );
        assert_eq!(secret.open(&sealed, &purpose(2)), Err(SealError));
        // The same account as a party instead of a member.
        let as_party = Purpose::Output {
            job: JobId(1),
            node: NodeId(3),
            recipient: Recipient::Party(9),
            account: Address([7; 20]),
        };
        assert_eq!(secret.open(&sealed, &as_party), Err(SealError));
        let other = SealSecret::random(&mut rng);
        assert_eq!(other.open(&sealed, &purpose(1)), Err(SealError));
        for position in 0..sealed.len() {
            let mut altered = sealed.clone();
            altered[position] ^= 1;
            assert_eq!(
                secret.open(&altered, &purpose(1)),
                Err(SealError),
                "byte {position}"
            );
        }
        for len in 0..sealed.len() {
            assert_eq!(secret.open(&sealed[..len], &purpose(1)), Err(SealError));
        }
    }

    #[test]
    fn key_survives_its_file() {
        let mut rng = ChaCha20Rng::seed_from_u64(6);
        let secret = SealSecret::random(&mut rng);
        assert_eq!(
            SealSecret::from_bytes(&secret.to_bytes()).public(),
            secret.public()
        );
    }

    #[test]
    fn a_key_of_small_order_is_refused() {
        let mut rng = ChaCha20Rng::seed_from_u64(7);
        assert_eq!(
            seal(&SealKey([0; 32]), b"x", &purpose(1), &mut rng),
            Err(SealError)
        );
    }
}
