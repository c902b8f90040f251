//! Coins and signed statements of one verification (protocols C.1, S6).
//!
//! Every party commits to a hash chain in its checkpoint and reveals one link for each coin, from
//! the end; a coin is the hash of all parties' links. It cannot be predicted before the last honest
//! party reveals, and that party does so only after all messages that the coin must not influence
//! have arrived.

use ed25519_dalek::{Signature, Signer};
use enigma_field::{Committee, Field, Party, PrimeField};
use zeroize::Zeroizing;

use crate::engine::context::Context;
use crate::keys::SessionId;
use crate::prg::Prg;

const CHAIN: &str = "enigma mpc v1: coin chain";
const SEED: &str = "enigma mpc v1: end of a coin chain";
const COIN: &str = "enigma mpc v1: coin";
const CHALLENGE: &str = "enigma mpc v1: challenge of a coin";

pub(super) const LINK_BYTES: usize = 32;
pub(super) const SIGNATURE_BYTES: usize = 64;

pub(super) type Link = [u8; LINK_BYTES];

/// Everybody's chains in one verification.
pub(super) struct Coins {
    op: u32,
    /// Ours, from the end to the anchor.
    mine: Zeroizing<Vec<Link>>,
    /// The last link that each party revealed; at first its anchor.
    last: Vec<Link>,
    /// Coins drawn so far.
    drawn: u32,
}

/// The outcome of a toss.
pub(in crate::engine) struct Coin(blake3::Hash);

impl Coins {
    /// Chains for `count` coins. What the end of our chain is derived from is known to nobody else.
    pub(super) fn new<F: PrimeField>(context: &Context<F>, op: u32, count: usize) -> Self {
        let mut hasher = blake3::Hasher::new_derive_key(SEED);
        hasher.update(&context.session.0);
        hasher.update(&context.identity.own[..]);
        hasher.update(&op.to_le_bytes());
        let mut link = *hasher.finalize().as_bytes();
        let mut mine = Zeroizing::new(Vec::with_capacity(count + 1));
        mine.push(link);
        for _ in 0..count {
            link = next(context, op, context.me(), &link);
            mine.push(link);
        }
        Self {
            op,
            mine,
            last: vec![link; context.committee.len()],
            drawn: 0,
        }
    }

    /// What our checkpoint commits to.
    pub(super) fn anchor(&self) -> Link {
        self.mine[self.mine.len() - 1]
    }

    pub(super) fn set_anchor(&mut self, party: Party, anchor: Link) {
        self.last[party.index()] = anchor;
    }

    /// Our link for the next coin.
    pub(super) fn reveal(&mut self, me: Party) -> Link {
        let drawn = self.drawn as usize;
        let link = self.mine[self.mine.len() - 2 - drawn];
        self.last[me.index()] = link;
        link
    }

    /// Takes a party's link; `false` if it does not belong to the party's chain.
    pub(super) fn take<F: PrimeField>(
        &mut self,
        context: &Context<F>,
        party: Party,
        link: Link,
    ) -> bool {
        let known = &mut self.last[party.index()];
        let right = next(context, self.op, party, &link) == *known;
        *known = link;
        right
    }

    /// The coin, when all parties' links were taken. `view`: the digest of all checkpoints.
    pub(super) fn draw<F: PrimeField>(
        &mut self,
        context: &Context<F>,
        view: &blake3::Hash,
    ) -> Coin {
        let mut hasher = blake3::Hasher::new_derive_key(COIN);
        hasher.update(&context.session.0);
        hasher.update(&self.op.to_le_bytes());
        hasher.update(&self.drawn.to_le_bytes());
        hasher.update(view.as_bytes());
        for link in &self.last {
            hasher.update(link);
        }
        self.drawn += 1;
        Coin(hasher.finalize())
    }
}

impl Coin {
    /// A generator of public weights.
    pub(super) fn weights(&self) -> Prg {
        Prg::new(&Zeroizing::new(*self.0.as_bytes()))
    }

    /// A uniform element outside the first `points` points, where the polynomials are fixed; `element`
    /// makes one of uniform bytes.
    pub(super) fn challenge<E: Field>(&self, points: usize, element: impl Fn([u8; 16]) -> E) -> E {
        let mut hasher = blake3::Hasher::new_derive_key(CHALLENGE);
        hasher.update(self.0.as_bytes());
        let mut reader = hasher.finalize_xof();
        loop {
            let mut bytes = [0; 16];
            reader.fill(&mut bytes);
            let challenge = element(bytes);
            let is_point = |point: u64| challenge == E::point(point);
            if !(0..points as u64).any(is_point) {
                return challenge;
            }
        }
    }
}

/// What a party states in a verification, and signs.
#[derive(Clone, Copy)]
pub(super) enum Statement {
    Checkpoint,
    Opening,
    Acceptance,
}

impl Statement {
    fn context(self) -> &'static str {
        match self {
            Self::Checkpoint => "enigma mpc v1: checkpoint of a batch",
            Self::Opening => "enigma mpc v1: opening of a verification",
            Self::Acceptance => "enigma mpc v1: acceptance of a batch",
        }
    }

    /// The digest that `party` signs.
    pub(super) fn digest(
        self,
        session: SessionId,
        committee: Committee,
        op: u32,
        party: Party,
        body: &[&[u8]],
    ) -> blake3::Hash {
        let mut hasher = blake3::Hasher::new_derive_key(self.context());
        hasher.update(&session.0);
        hasher.update(&[committee.n(), party.number()]);
        hasher.update(&op.to_le_bytes());
        // Every part has a length that the statement fixes.
        for part in body {
            hasher.update(part);
        }
        hasher.finalize()
    }
}

pub(super) fn sign<F: PrimeField>(
    context: &Context<F>,
    digest: &blake3::Hash,
) -> [u8; SIGNATURE_BYTES] {
    context.identity.signing.sign(digest.as_bytes()).to_bytes()
}

pub(super) fn signed<F: PrimeField>(
    context: &Context<F>,
    party: Party,
    digest: &[u8; 32],
    signature: &[u8; SIGNATURE_BYTES],
) -> bool {
    let key = &context.identity.verifying[party.index()];
    key.verify_strict(digest, &Signature::from_bytes(signature))
        .is_ok()
}

/// The link before `link` in a party's chain.
fn next<F: PrimeField>(context: &Context<F>, op: u32, party: Party, link: &Link) -> Link {
    let mut hasher = blake3::Hasher::new_derive_key(CHAIN);
    hasher.update(&context.session.0);
    hasher.update(&op.to_le_bytes()).update(&[party.number()]);
    hasher.update(link);
    *hasher.finalize().as_bytes()
}
