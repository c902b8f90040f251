//! Identifiers: newtypes that cannot be swapped for one another.

use std::fmt;

use borsh::{BorshDeserialize, BorshSerialize};

/// An account on the controller chain (20 bytes, as Ethereum derives it from a secp256k1 key).
#[derive(
    Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, BorshSerialize, BorshDeserialize,
)]
pub struct Address(pub [u8; 20]);

/// A 32-byte hash; which function made it is said where it is used.
#[derive(
    Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, BorshSerialize, BorshDeserialize,
)]
pub struct Hash(pub [u8; 32]);

/// The ed25519 key of a node's transport certificate.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, BorshSerialize, BorshDeserialize)]
pub struct PeerKey(pub [u8; 32]);

/// An X25519 public key to which HPKE messages are sealed.
#[derive(
    Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, BorshSerialize, BorshDeserialize,
)]
pub struct SealKey(pub [u8; 32]);

macro_rules! hex_id {
    ($($name:ident[$len:literal]),*) => {$(
        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, "0x{}", hex::encode(self.0))
            }
        }
        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, "{}({self})", stringify!($name))
            }
        }
        impl std::str::FromStr for $name {
            type Err = ParseIdError;
            fn from_str(text: &str) -> Result<Self, ParseIdError> {
                let digits = text.strip_prefix("0x").unwrap_or(text);
                let mut bytes = [0u8; $len];
                hex::decode_to_slice(digits, &mut bytes).map_err(|_| ParseIdError { expected_bytes: $len })?;
                Ok(Self(bytes))
            }
        }
        impl serde::Serialize for $name {
            fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.collect_str(self)
            }
        }
        impl<'de> serde::Deserialize<'de> for $name {
            fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                let text = <std::borrow::Cow<'de, str> as serde::Deserialize>::deserialize(deserializer)?;
                text.parse().map_err(serde::de::Error::custom)
            }
        }
    )*};
}
hex_id!(Address[20], Hash[32], PeerKey[32], SealKey[32]);

/// The text is not the expected number of hexadecimal bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ParseIdError {
    /// How many bytes the identifier has.
    pub expected_bytes: usize,
}

impl fmt::Display for ParseIdError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "expected {} bytes in hexadecimal", self.expected_bytes)
    }
}

impl std::error::Error for ParseIdError {}

macro_rules! number_id {
    ($($(#[$doc:meta])* $name:ident($int:ty)),* $(,)?) => {$(
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash,
                 BorshSerialize, BorshDeserialize, serde::Serialize, serde::Deserialize)]
        pub struct $name(pub $int);
        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, "{}", self.0)
            }
        }
    )*};
}
number_id! {
    /// A node's number in the registry, counted from 1 in order of registration.
    NodeId(u32),
    /// A collection's number, counted from 1 in order of opening.
    CollectionId(u64),
    /// A job's number, counted from 1 in order of request.
    JobId(u64),
    /// A member's place in a collection's member list, counted from 0. It is also the member's
    /// place in every vector over the group.
    MemberIndex(u32),
}
