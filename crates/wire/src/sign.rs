//! secp256k1 keys and recoverable signatures, in the form the controller contract verifies
//! (`r || s || v`, low s, v = 27 or 28).

use borsh::{BorshDeserialize, BorshSerialize};
use k256::ecdsa::{RecoveryId, Signature as EcdsaSignature, SigningKey, VerifyingKey};
use rand_core::CryptoRng;
use sha3::{Digest, Keccak256};
use zeroize::Zeroizing;

use crate::id::{Address, Hash};

/// Keccak-256, as Ethereum uses it.
pub fn keccak256(bytes: &[u8]) -> Hash {
    Hash(Keccak256::digest(bytes).into())
}

/// A recoverable signature over a 32-byte digest.
#[derive(Clone, Copy, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct Signature(pub [u8; 65]);

impl std::fmt::Debug for Signature {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Signature(0x{})", hex::encode(self.0))
    }
}

impl Signature {
    /// The account that signed `digest`, or `None` for a malformed or high-s signature.
    pub fn signer(&self, digest: &Hash) -> Option<Address> {
        let signature = EcdsaSignature::from_slice(&self.0[..64]).ok()?;
        if signature != signature.normalize_s() {
            return None;
        }
        let recovery = RecoveryId::from_byte(self.0[64].checked_sub(27)?)?;
        if recovery.is_x_reduced() {
            return None;
        }
        let key = VerifyingKey::recover_from_prehash(&digest.0, &signature, recovery).ok()?;
        Some(address_of(&key))
    }
}

/// A secp256k1 secret key: an account on the chain, or a node's transcript-signing key.
/// The inner key is zeroised when dropped.
#[derive(Clone)]
pub struct SecretKey(SigningKey);

impl std::fmt::Debug for SecretKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "SecretKey(account {})", self.address())
    }
}

impl SecretKey {
    /// Draws a fresh key.
    pub fn random(rng: &mut impl CryptoRng) -> Self {
        loop {
            let mut bytes = Zeroizing::new([0u8; 32]);
            rng.fill_bytes(&mut bytes[..]);
            // Fails with probability below 2^-127 (zero or at least the group order).
            if let Some(key) = Self::from_bytes(&bytes) {
                return key;
            }
        }
    }

    /// Reads a key; `None` when it is zero or not below the group order.
    pub fn from_bytes(bytes: &[u8; 32]) -> Option<Self> {
        SigningKey::from_slice(bytes).ok().map(Self)
    }

    /// The key's bytes, for a key file.
    pub fn to_bytes(&self) -> Zeroizing<[u8; 32]> {
        Zeroizing::new(self.0.to_bytes().into())
    }

    /// The account that belongs to the key.
    pub fn address(&self) -> Address {
        address_of(self.0.verifying_key())
    }

    /// Signs a digest (deterministic, RFC 6979).
    pub fn sign(&self, digest: &Hash) -> Signature {
        let (signature, recovery) = self.0.sign_prehash_recoverable(&digest.0);
        let mut bytes = [0u8; 65];
        bytes[..64].copy_from_slice(&signature.to_bytes());
        bytes[64] = 27 + recovery.to_byte();
        Signature(bytes)
    }
}

fn address_of(key: &VerifyingKey) -> Address {
    let point = key.to_sec1_point(false);
    let hash = keccak256(&point.as_bytes()[1..]);
    let mut address = [0u8; 20];
    address.copy_from_slice(&hash.0[12..]);
    Address(address)
}

#[cfg(test)]
mod tests {
    use super::*;
    use rand_chacha::ChaCha20Rng;
    use rand_core::SeedableRng;

    #[test]
    fn known_account_of_known_key() {
        // The well-known first account of the "test test ... junk" mnemonic.
        let mut bytes = [0u8; 32];
        hex::decode_to_slice(
            "ac0974bec39a17e36ba4a6b4d238ff944bacb478cbed5efcae784d7bf4f2ff80",
            &mut bytes,
        )
        .expect("hex");
        let key = SecretKey::from_bytes(&bytes).expect("valid key");
        assert_eq!(
            key.address().to_string(),
            "0xf39fd6e51aad88f6f4ce6ab8827279cfffb92266"
        );
    }

    #[test]
    fn signatures_name_their_signer_and_only_for_their_digest() {
        let mut rng = ChaCha20Rng::seed_from_u64(1);
        for i in 0..20u8 {
            let key = SecretKey::random(&mut rng);
            let digest = keccak256(&[i]);
            let signature = key.sign(&digest);
            assert_eq!(signature.signer(&digest), Some(key.address()));
            assert_ne!(signature.signer(&keccak256(&[i, 1])), Some(key.address()));
            let mut high_v = signature;
            high_v.0[64] = 29;
            assert_eq!(high_v.signer(&digest), None);
        }
    }

    #[test]
    fn high_s_is_refused() {
        let mut rng = ChaCha20Rng::seed_from_u64(2);
        let key = SecretKey::random(&mut rng);
        let digest = keccak256(b"x");
        let mut signature = key.sign(&digest);
        // n - s, with the recovery bit flipped, verifies in plain ECDSA; here it must not.
        let order = hex::decode("fffffffffffffffffffffffffffffffebaaedce6af48a03bbfd25e8cd0364141")
            .expect("hex");
        let mut borrow = 0i16;
        for i in (0..32).rev() {
            let difference = i16::from(order[i]) - i16::from(signature.0[32 + i]) - borrow;
            borrow = i16::from(difference < 0);
            signature.0[32 + i] = (difference + (borrow << 8)) as u8;
        }
        signature.0[64] = if signature.0[64] == 27 { 28 } else { 27 };
        assert_eq!(signature.signer(&digest), None);
    }
}
