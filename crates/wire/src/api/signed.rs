//! Signed requests: who asks a node for something, proven by the account's signature.
//!
//! A request carries `authorization: Enigma ACCOUNT TIME NONCE SIGNATURE`. What is signed is the
//! EIP-712 struct
//!
//! ```text
//! Request(bytes32 node,string method,string target,bytes32 body,uint64 time,uint128 nonce)
//! ```
//!
//! in the controller's domain, so that any wallet can sign it and a request is good for one node of
//! one controller on one chain, one method, one path with query and one body, for as long as the node
//! remembers its nonce.

use std::str::FromStr;

use super::VERSION;
use crate::eip712::{Domain, Typed, Words};
use crate::id::{Address, Hash, PeerKey};
use crate::sign::{SecretKey, Signature, keccak256};

/// How far a request's time may be from the node's clock, in seconds, before or after. A nonce must be
/// remembered for twice as long.
pub const CLOCK_TOLERANCE_SECONDS: u64 = 60;
/// The header's scheme.
pub const SCHEME: &str = "Enigma";

/// What is asked of whom.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Request<'a> {
    /// The node's transport key, as registered.
    pub node: PeerKey,
    /// HTTP method in capitals.
    pub method: &'a str,
    /// Path and query, beginning with `/v1/`: what stands before it belongs to proxies.
    pub target: &'a str,
    /// BLAKE3 hash of the body; of nothing when there is none.
    pub body: Hash,
}

impl<'a> Request<'a> {
    /// A request as both sides see it.
    pub fn new(node: PeerKey, method: &'a str, target: &'a str, body: &[u8]) -> Self {
        Self {
            node,
            method,
            target,
            body: Hash(blake3::hash(body).into()),
        }
    }
}

/// A path of this version of the API, without the node's base address.
pub fn target(path: &str) -> String {
    format!("/{VERSION}/{path}")
}

/// The proof that an account makes a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Authorization {
    /// Who asks.
    pub account: Address,
    /// When, in Unix seconds.
    pub time: u64,
    /// Makes the request different from every other one.
    pub nonce: u128,
    /// The account's signature.
    pub signature: Signature,
}

struct Signed<'a> {
    request: &'a Request<'a>,
    time: u64,
    nonce: u128,
}

impl Typed for Signed<'_> {
    fn struct_hash(&self) -> Hash {
        Words::new(
            "Request(bytes32 node,string method,string target,bytes32 body,uint64 time,uint128 nonce)",
        )
        .word(self.request.node.0)
        .hash(keccak256(self.request.method.as_bytes()))
        .hash(keccak256(self.request.target.as_bytes()))
        .hash(self.request.body)
        .uint(u128::from(self.time))
        .uint(self.nonce)
        .finish()
    }
}

/// The digest an account signs.
pub fn digest(domain: &Domain, request: &Request<'_>, time: u64, nonce: u128) -> Hash {
    domain.digest(&Signed {
        request,
        time,
        nonce,
    })
}

impl Authorization {
    /// Signs a request. `time` is in Unix seconds; `nonce` must be fresh randomness.
    pub fn sign(
        key: &SecretKey,
        domain: &Domain,
        request: &Request<'_>,
        time: u64,
        nonce: u128,
    ) -> Self {
        Self {
            account: key.address(),
            time,
            nonce,
            signature: key.sign(&digest(domain, request, time, nonce)),
        }
    }

    /// Checks time and signature; `now` is the node's clock in Unix seconds. Whether the nonce was used
    /// before only the node knows.
    ///
    /// # Errors
    /// When the time is too far from the node's, or the account did not sign this request.
    pub fn check(
        &self,
        domain: &Domain,
        request: &Request<'_>,
        now: u64,
    ) -> Result<Address, AuthorizationError> {
        if self.time.abs_diff(now) > CLOCK_TOLERANCE_SECONDS {
            return Err(AuthorizationError::Clock {
                request: self.time,
                node: now,
            });
        }
        let digest = digest(domain, request, self.time, self.nonce);
        if self.signature.signer(&digest) != Some(self.account) {
            return Err(AuthorizationError::NotSigned {
                account: self.account,
            });
        }
        Ok(self.account)
    }
}

impl std::fmt::Display for Authorization {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let (account, time, nonce) = (self.account, self.time, self.nonce);
        let signature = hex::encode(self.signature.0);
        write!(f, "{SCHEME} {account} {time} {nonce:#034x} 0x{signature}")
    }
}

impl FromStr for Authorization {
    type Err = AuthorizationError;

    fn from_str(header: &str) -> Result<Self, Self::Err> {
        parse(header).ok_or(AuthorizationError::Malformed)
    }
}

fn parse(header: &str) -> Option<Authorization> {
    let mut words = header.split(' ');
    if words.next()? != SCHEME {
        return None;
    }
    let account = words.next()?.parse().ok()?;
    let time = words.next()?.parse().ok()?;
    let nonce = u128::from_str_radix(words.next()?.strip_prefix("0x")?, 16).ok()?;
    let mut signature = [0u8; 65];
    hex::decode_to_slice(words.next()?.strip_prefix("0x")?, &mut signature).ok()?;
    let authorization = Authorization {
        account,
        time,
        nonce,
        signature: Signature(signature),
    };
    words.next().is_none().then_some(authorization)
}

/// Why a request is not taken for its account's.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AuthorizationError {
    /// The header is not of this scheme.
    Malformed,
    /// The clocks differ too much, or the request is old.
    Clock {
        /// The request's time, Unix seconds.
        request: u64,
        /// The node's time, Unix seconds.
        node: u64,
    },
    /// The signature is not this account's over this request to this node.
    NotSigned {
        /// Who was named.
        account: Address,
    },
}

impl std::fmt::Display for AuthorizationError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Malformed => write!(
                f,
                "the authorization header is not \"{SCHEME} ACCOUNT TIME NONCE SIGNATURE\""
            ),
            Self::Clock { request, node } => write!(
                f,
                "the request was signed at {request}, and this node's clock says {node}: they may differ by \
                 {CLOCK_TOLERANCE_SECONDS} s"
            ),
            Self::NotSigned { account } => write!(
                f,
                "the signature is not {account}'s over this request to this node"
            ),
        }
    }
}

impl std::error::Error for AuthorizationError {}

#[cfg(test)]
mod tests {
    use super::*;

    const DOMAIN: Domain = Domain {
        chain_id: 31_337,
        controller: Address([0x11; 20]),
    };
    const TIME: u64 = 1_700_000_000;
    const NONCE: u128 = 0x0102_0304_0506_0708_090a_0b0c_0d0e_0f10;

    fn key() -> SecretKey {
        SecretKey::from_bytes(&[7; 32]).expect("a valid key")
    }

    fn request() -> Request<'static> {
        Request::new(
            PeerKey([0x22; 32]),
            "GET",
            "/v1/jobs/1/outputs/2?wait=1",
            b"",
        )
    }

    #[test]
    fn golden() {
        let digest = digest(&DOMAIN, &request(), TIME, NONCE);
        assert_eq!(
            digest.to_string(),
            "0x0c2a69016a9e3432f688a58dea8b2d390b6e85eff0eb9c34debe10377f05053a"
        );
        let signed = Authorization::sign(&key(), &DOMAIN, &request(), TIME, NONCE);
        assert_eq!(
            signed.to_string(),
            "Enigma 0x4a62316623ad457f02cdc5d997ded67a383ec569 1700000000 0x0102030405060708090a0b0c0d0e0f10 0x160ea319b7b315f104e0cb596a74c269435d4150b9cc05f9161bb15a5661fc0a453b0979f13cc2bb7fcb70f800bb39d9b05fdff06f9718b181b90ce49b308f5c1b"
        );
    }

    #[test]
    fn the_header_is_read_as_it_is_written_and_nothing_else_is() {
        let signed = Authorization::sign(&key(), &DOMAIN, &request(), TIME, NONCE);
        let header = signed.to_string();
        assert_eq!(header.parse(), Ok(signed));
        for wrong in [
            "",
            "Enigma",
            "Bearer abc",
            &header.replace("Enigma", "enigma"),
            &format!("{header} more"),
            &header[..header.len() - 1],
            &header.replace(" 1700000000 ", " -1 "),
        ] {
            assert_eq!(
                wrong.parse::<Authorization>(),
                Err(AuthorizationError::Malformed),
                "{wrong}"
            );
        }
    }

    #[test]
    fn a_signature_holds_for_one_request_to_one_node_for_a_while() {
        let signed = Authorization::sign(&key(), &DOMAIN, &request(), TIME, NONCE);
        let account = key().address();
        assert_eq!(signed.check(&DOMAIN, &request(), TIME + 60), Ok(account));
        assert_eq!(signed.check(&DOMAIN, &request(), TIME - 60), Ok(account));
        for now in [TIME + 61, TIME - 61, 0, u64::MAX] {
            let error = signed
                .check(&DOMAIN, &request(), now)
                .expect_err("too far off");
            assert!(
                error.to_string().contains(&TIME.to_string())
                    && error.to_string().contains(&now.to_string())
            );
        }
        let not_signed = Err(AuthorizationError::NotSigned { account });
        let others = [
            Request {
                node: PeerKey([0x23; 32]),
                ..request()
            },
            Request {
                method: "PUT",
                ..request()
            },
            Request {
                target: "/v1/jobs/1/outputs/3?wait=1",
                ..request()
            },
            Request::new(
                PeerKey([0x22; 32]),
                "GET",
                "/v1/jobs/1/outputs/2?wait=1",
                b"x",
            ),
        ];
        for other in others {
            assert_eq!(signed.check(&DOMAIN, &other, TIME), not_signed);
        }
        let elsewhere = Domain {
            chain_id: 1,
            ..DOMAIN
        };
        assert_eq!(signed.check(&elsewhere, &request(), TIME), not_signed);
        let later = Authorization {
            time: TIME + 1,
            ..signed
        };
        assert_eq!(later.check(&DOMAIN, &request(), TIME), not_signed);
        let renamed = Authorization {
            account: Address([9; 20]),
            ..signed
        };
        assert!(renamed.check(&DOMAIN, &request(), TIME).is_err());
    }
}
