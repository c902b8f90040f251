//! An account that signs and pays for transactions.

use alloy::consensus::{SignableTransaction as _, TxEip1559, TxEnvelope};
use alloy::eips::eip2718::Encodable2718 as _;
use alloy::primitives::Signature;
use enigma_wire::id::{Address, Hash};
use enigma_wire::sign::SecretKey;

/// An account with its key. Cloning gives the same account.
#[derive(Clone, Debug)]
pub struct Wallet(SecretKey);

impl Wallet {
    /// The account of a key.
    pub fn new(key: SecretKey) -> Self {
        Self(key)
    }

    /// The account.
    pub fn address(&self) -> Address {
        self.0.address()
    }

    /// The account's key, to sign what is not a transaction.
    pub fn key(&self) -> &SecretKey {
        &self.0
    }

    /// A signed transaction, ready to send.
    pub(crate) fn sign(&self, transaction: TxEip1559) -> Vec<u8> {
        let digest = Hash(transaction.signature_hash().0);
        let signature = self.0.sign(&digest).0;
        let odd = signature[64] == 28;
        let signature = Signature::from_bytes_and_parity(&signature[..64], odd);
        TxEnvelope::from(transaction.into_signed(signature)).encoded_2718()
    }
}
