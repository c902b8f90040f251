//! The format of setup messages, and the digests that are signed.
//!
//! ```text
//! hello  = 01 | session key 32 | proof of possession 64 | signature 65 | delivery*
//! delivery = seed 32 | signature 65        for the subsets sampled by the sender with the receiver
//! claims = 02 | claim* | shown*
//! claim  = commitment 32 | signature 65    for the subsets with the sender
//! shown  = session key 32 | proof 64 | signature 65     as in the hellos that the sender got from
//!                                                       all but itself and the receiver, in order
//! ```
//! Subsets are in the order of [`enigma_field::interpolation::prss_subsets`]; every length is known
//! beforehand.

use enigma_field::Party;
use enigma_field::interpolation::PartySet;
use zeroize::Zeroizing;

use super::IDENTITY_SIGNATURE_BYTES;
use crate::keys::{Seed, SessionId};

pub(super) const HELLO_TAG: u8 = 1;
pub(super) const CLAIMS_TAG: u8 = 2;

pub(crate) const HELLO_BYTES: usize = 1 + 32 + 64 + IDENTITY_SIGNATURE_BYTES;
/// A hello passed on, without tag and deliveries.
pub(crate) const SHOWN_BYTES: usize = HELLO_BYTES - 1;
pub(crate) const DELIVERY_BYTES: usize = 32 + IDENTITY_SIGNATURE_BYTES;
pub(crate) const CLAIMS_TAG_BYTES: usize = 1;
pub(crate) const CLAIM_BYTES: usize = 32 + IDENTITY_SIGNATURE_BYTES;

const POSSESSION_CONTEXT: &str = "enigma mpc v1: possession of a session key";
const HELLO_CONTEXT: &str = "enigma mpc v1: session key";
const COMMITMENT_CONTEXT: &str = "enigma mpc v1: commitment to a subset seed";
const CLAIM_CONTEXT: &str = "enigma mpc v1: subset seed";

/// What every signature and commitment is bound to.
#[derive(Clone, Copy)]
pub(super) struct Domain {
    pub(super) session: SessionId,
    pub(super) n: u8,
}

#[derive(Clone)]
pub(super) struct Hello {
    pub(super) key: [u8; 32],
    pub(super) proof: [u8; 64],
    pub(super) signature: [u8; IDENTITY_SIGNATURE_BYTES],
}

pub(super) struct Delivery {
    pub(super) seed: Seed,
    pub(super) signature: [u8; IDENTITY_SIGNATURE_BYTES],
}

/// A commitment to a seed, signed by the party that sampled it.
#[derive(Clone)]
pub(super) struct Claim {
    pub(super) commitment: [u8; 32],
    pub(super) signature: [u8; IDENTITY_SIGNATURE_BYTES],
}

impl Domain {
    pub(super) fn possession_digest(&self, party: Party) -> [u8; 32] {
        self.digest(POSSESSION_CONTEXT, &[&[party.number()]])
    }

    pub(super) fn hello_digest(&self, party: Party, hello: &Hello) -> [u8; 32] {
        let parts = [&[party.number()][..], &hello.key, &hello.proof];
        self.digest(HELLO_CONTEXT, &parts)
    }

    pub(super) fn commitment(&self, subset: PartySet, seed: &Seed) -> [u8; 32] {
        let parts = [&subset.bits().to_le_bytes()[..], &seed[..]];
        self.digest(COMMITMENT_CONTEXT, &parts)
    }

    pub(super) fn claim_digest(
        &self,
        subset: PartySet,
        sampler: Party,
        commitment: &[u8; 32],
    ) -> [u8; 32] {
        let subset = subset.bits().to_le_bytes();
        let parts = [&subset[..], &[sampler.number()], commitment];
        self.digest(CLAIM_CONTEXT, &parts)
    }

    /// All parts have fixed lengths, so that concatenation is unambiguous.
    fn digest(&self, context: &str, parts: &[&[u8]]) -> [u8; 32] {
        let mut hasher = blake3::Hasher::new_derive_key(context);
        hasher.update(&self.session.0).update(&[self.n]);
        for part in parts {
            hasher.update(part);
        }
        *hasher.finalize().as_bytes()
    }
}

impl Hello {
    fn write_to(&self, bytes: &mut Vec<u8>) {
        bytes.extend_from_slice(&self.key);
        bytes.extend_from_slice(&self.proof);
        bytes.extend_from_slice(&self.signature);
    }
}

pub(super) fn encode_hello(hello: &Hello, deliveries: &[Delivery]) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(HELLO_BYTES + deliveries.len() * DELIVERY_BYTES);
    bytes.push(HELLO_TAG);
    hello.write_to(&mut bytes);
    for delivery in deliveries {
        bytes.extend_from_slice(&delivery.seed[..]);
        bytes.extend_from_slice(&delivery.signature);
    }
    bytes
}

/// Reads a hello with so many deliveries; `None` for bytes of another format.
pub(super) fn decode_hello(bytes: &[u8], deliveries: usize) -> Option<(Hello, Vec<Delivery>)> {
    let mut reader = Reader(bytes);
    let [HELLO_TAG] = reader.take()? else {
        return None;
    };
    let hello = reader.hello()?;
    let deliveries = (0..deliveries).map(|_| {
        Some(Delivery {
            seed: Zeroizing::new(reader.take()?),
            signature: reader.take()?,
        })
    });
    let deliveries = deliveries.collect::<Option<Vec<_>>>()?;
    reader.end().then_some((hello, deliveries))
}

pub(super) fn encode_claims(claims: &[&Claim], shown: &[&Hello]) -> Vec<u8> {
    let len = CLAIMS_TAG_BYTES + claims.len() * CLAIM_BYTES + shown.len() * SHOWN_BYTES;
    let mut bytes = Vec::with_capacity(len);
    bytes.push(CLAIMS_TAG);
    for claim in claims {
        bytes.extend_from_slice(&claim.commitment);
        bytes.extend_from_slice(&claim.signature);
    }
    shown.iter().for_each(|hello| hello.write_to(&mut bytes));
    bytes
}

/// Reads so many claims and hellos shown; `None` for bytes of another format.
pub(super) fn decode_claims(
    bytes: &[u8],
    claims: usize,
    shown: usize,
) -> Option<(Vec<Claim>, Vec<Hello>)> {
    let mut reader = Reader(bytes);
    let [CLAIMS_TAG] = reader.take()? else {
        return None;
    };
    let claims = (0..claims).map(|_| {
        Some(Claim {
            commitment: reader.take()?,
            signature: reader.take()?,
        })
    });
    let claims = claims.collect::<Option<Vec<_>>>()?;
    let shown = (0..shown).map(|_| reader.hello());
    let shown = shown.collect::<Option<Vec<_>>>()?;
    reader.end().then_some((claims, shown))
}

struct Reader<'a>(&'a [u8]);

impl Reader<'_> {
    fn take<const LEN: usize>(&mut self) -> Option<[u8; LEN]> {
        let (head, rest) = self.0.split_first_chunk()?;
        self.0 = rest;
        Some(*head)
    }

    fn hello(&mut self) -> Option<Hello> {
        Some(Hello {
            key: self.take()?,
            proof: self.take()?,
            signature: self.take()?,
        })
    }

    fn end(&self) -> bool {
        self.0.is_empty()
    }
}
