//! Session setup: the keys that pairs and subsets of the committee derive common randomness from
//! (protocols B.1, S2; pseudo-random secret sharing after Cramer-Damgard-Ishai 05).
//!
//! n = 2t+1 parties, at most t corrupt; synchronous links that are authenticated and encrypted. Two
//! rounds, every message to one receiver:
//!
//! 1. *Hello*: a fresh session key with proof of possession, signed by the sender's long-term key.
//!    With it, for every subset A of t+1 parties of which the sender is the lowest member and the
//!    receiver another, the seed of A and the sender's signature over its commitment.
//! 2. *Claims*, once a party has its hellos: for every subset with the sender, the commitment to the
//!    seed it holds and the sampler's signature over it; and everybody's session key as it was told.
//!
//! A pair's seed is the Diffie-Hellman secret of the two session keys, through HKDF with the session
//! and both keys. The session key is an ed25519 key whose signature over session, committee and
//! party is the (Schnorr) proof; X25519 uses its birational image. Proven keys make it impossible to
//! present somebody else's key as one's own.
//!
//! Two members that got different seeds for a subset both show the sampler's signature, which names
//! the sampler; a member that claims what it cannot show is named itself. An aborted setup reveals
//! nothing but seeds of that session, which is never used.
//!
//! A committee of more than nine has no seeds of subsets: its random values are dealt, for which pairs' seeds
//! are enough. Its messages are the same, with nothing for any subset.
//!
//! Session keys also sign what parties state in the session. If one told parties different keys, what
//! it signed for one would seem unsigned to another, which would blame who passes it on; so keys are
//! compared like seeds.

mod messages;

use std::collections::{BTreeMap, VecDeque};

use ed25519_dalek::{Signer, SigningKey, VerifyingKey};
use enigma_field::interpolation::{PartySet, prss_subsets};
use enigma_field::{Committee, Party};
use hkdf::Hkdf;
use rand_core::CryptoRng;
use sha2::Sha256;
use x25519_dalek::{PublicKey, StaticSecret};
use zeroize::Zeroizing;

pub(crate) use self::messages::{
    CLAIM_BYTES, CLAIMS_TAG_BYTES, DELIVERY_BYTES, HELLO_BYTES, SHOWN_BYTES,
};
use self::messages::{Claim, Delivery, Domain, Hello};
use crate::fault::{Fault, Misuse};
use crate::keys::{Seed, SessionId, SessionIdentity, SessionSeeds};

/// Bytes of a signature by a long-term key.
pub const IDENTITY_SIGNATURE_BYTES: usize = 65;

const PAIR_CONTEXT: &[u8] = b"enigma mpc v1: seed of a pair";

/// This party's long-term signing key.
pub trait Identity {
    /// Signs a digest that is already separated by domain.
    fn sign(&self, digest: [u8; 32]) -> [u8; IDENTITY_SIGNATURE_BYTES];
}

/// The long-term keys of the committee.
pub trait Peers {
    /// Did the party sign the digest?
    fn verify(
        &self,
        party: Party,
        digest: [u8; 32],
        signature: &[u8; IDENTITY_SIGNATURE_BYTES],
    ) -> bool;
}

/// One party's side of a session's setup.
pub struct Setup {
    domain: Domain,
    committee: Committee,
    me: Party,
    key: SigningKey,
    /// Drawn for this session and sent to nobody.
    own: Seed,
    /// Session keys whose possession was proved, ours included, by party.
    keys: Vec<Option<VerifyingKey>>,
    subsets: Vec<PartySet>,
    /// Seeds of the subsets with us.
    seeds: BTreeMap<PartySet, Seed>,
    /// For every subset, the first commitment seen with its sampler's signature.
    claims: BTreeMap<PartySet, Claim>,
    /// The hellos that came, by party.
    hellos: Vec<Option<Hello>>,
    /// Session keys that parties signed for others, and that came before their hellos to us.
    shown: BTreeMap<Party, [u8; 32]>,
    /// Whose claims have come, by party; ours count once sent.
    claimed: Vec<bool>,
    outbox: VecDeque<(Party, Vec<u8>)>,
    /// Have the seeds been handed out?
    finished: bool,
    fault: Option<Fault>,
}

impl Setup {
    /// Begins a setup. `session` must be new with every attempt, and `rng` of cryptographic quality.
    ///
    /// # Errors
    /// [`Misuse::NotAMember`].
    pub fn new<R: CryptoRng + ?Sized>(
        session: SessionId,
        committee: Committee,
        me: Party,
        identity: &dyn Identity,
        rng: &mut R,
    ) -> Result<Self, Misuse> {
        if !committee.contains(me) {
            return Err(Misuse::NotAMember { party: me });
        }
        // A committee that is too large for them has none.
        let subsets = prss_subsets(&committee).unwrap_or_default();
        let n = committee.n();
        let domain = Domain { session, n };
        let mut secret = Zeroizing::new([0; 32]);
        rng.fill_bytes(&mut secret[..]);
        let key = SigningKey::from_bytes(&secret);
        let mut own = Seed::default();
        rng.fill_bytes(&mut own[..]);
        let mut setup = Self {
            domain,
            committee,
            me,
            keys: vec![None; committee.len()],
            subsets,
            seeds: BTreeMap::new(),
            claims: BTreeMap::new(),
            hellos: vec![None; committee.len()],
            shown: BTreeMap::new(),
            claimed: vec![false; committee.len()],
            outbox: VecDeque::new(),
            finished: false,
            fault: None,
            key,
            own,
        };
        setup.keys[me.index()] = Some(setup.key.verifying_key());
        for subset in setup.led_by(me).collect::<Vec<_>>() {
            let mut seed = Zeroizing::new([0; 32]);
            rng.fill_bytes(&mut seed[..]);
            let commitment = domain.commitment(subset, &seed);
            let signature = identity.sign(domain.claim_digest(subset, me, &commitment));
            let claim = Claim {
                commitment,
                signature,
            };
            setup.claims.insert(subset, claim);
            setup.seeds.insert(subset, seed);
        }
        setup.send_hellos(identity);
        Ok(setup)
    }

    /// Takes a message that `from` sent over its authenticated link. Messages may come in any order.
    ///
    /// # Errors
    /// The fault, now or earlier, that ended the session.
    pub fn handle(&mut self, from: Party, bytes: &[u8], peers: &dyn Peers) -> Result<(), Fault> {
        if let Some(fault) = &self.fault {
            return Err(fault.clone());
        }
        let outcome = self.accept(from, bytes, peers);
        if let Err(fault) = &outcome {
            self.fault = Some(fault.clone());
            self.seeds.clear();
            self.outbox.clear();
        }
        outcome
    }

    /// The next message to send.
    pub fn next_send(&mut self) -> Option<(Party, Vec<u8>)> {
        self.outbox.pop_front()
    }

    /// The seeds, once the setup is complete; `None` before, after a fault, and the second time.
    pub fn finish(&mut self) -> Option<SessionSeeds> {
        let complete = self.fault.is_none() && self.claimed.iter().all(|claimed| *claimed);
        if !complete || !self.all_hellos() || self.finished {
            return None;
        }
        let others = self.committee.others(self.me);
        let pairs = others.map(|party| Some((party, self.pair_seed(party)?)));
        let pairs = pairs.collect::<Option<Vec<_>>>()?;
        let verifying = self.keys.iter().copied().collect::<Option<Vec<_>>>()?;
        let subsets = std::mem::take(&mut self.seeds).into_iter().collect();
        self.finished = true;
        Some(SessionSeeds {
            session: self.domain.session,
            committee: self.committee,
            me: self.me,
            pairs,
            subsets,
            identity: SessionIdentity {
                own: std::mem::take(&mut self.own),
                signing: self.key.clone(),
                verifying,
            },
        })
    }

    /// The parties whose messages the setup is waiting for, in order.
    pub fn waiting_for(&self) -> Vec<Party> {
        let no_hello = |party: &Party| self.keys[party.index()].is_none();
        let silent: Vec<Party> = self.committee.parties().filter(no_hello).collect();
        // Who has not got the hellos of the silent cannot make its claims.
        if !silent.is_empty() {
            return silent;
        }
        let others = self.committee.others(self.me);
        others
            .filter(|party| !self.claimed[party.index()])
            .collect()
    }

    fn accept(&mut self, from: Party, bytes: &[u8], peers: &dyn Peers) -> Result<(), Fault> {
        if !self.committee.contains(from) || from == self.me {
            return Err(Fault::SetupFormat { from });
        }
        match bytes.first() {
            Some(&messages::HELLO_TAG) => self.accept_hello(from, bytes, peers)?,
            Some(&messages::CLAIMS_TAG) => self.accept_claims(from, bytes, peers)?,
            _ => return Err(Fault::SetupFormat { from }),
        }
        if self.all_hellos() && !self.claimed[self.me.index()] {
            self.claimed[self.me.index()] = true;
            self.send_claims();
        }
        Ok(())
    }

    fn accept_hello(&mut self, from: Party, bytes: &[u8], peers: &dyn Peers) -> Result<(), Fault> {
        if self.keys[from.index()].is_some() {
            return Err(Fault::SetupRepeated { from, round: 1 });
        }
        let delivered: Vec<PartySet> = self
            .led_by(from)
            .filter(|subset| subset.contains(self.me))
            .collect();
        let (hello, deliveries) =
            messages::decode_hello(bytes, delivered.len()).ok_or(Fault::SetupFormat { from })?;
        if !peers.verify(
            from,
            self.domain.hello_digest(from, &hello),
            &hello.signature,
        ) {
            return Err(Fault::SetupSignature { from });
        }
        let key = self.proven_key(from, &hello)?;
        if self
            .shown
            .remove(&from)
            .is_some_and(|shown| shown != hello.key)
        {
            return Err(Fault::SetupTwoKeys { from });
        }
        let twin = (self.committee.parties())
            .find(|other| self.keys[other.index()].is_some_and(|known| known == key));
        if let Some(other) = twin {
            // Nobody but us has our secret, so a proven copy of our key cannot happen; in any other
            // case both parties have the secret.
            let parties = [other.min(from), other.max(from)];
            return Err(Fault::SetupSharedKey { parties });
        }
        for (subset, delivery) in delivered.into_iter().zip(deliveries) {
            let commitment = self.domain.commitment(subset, &delivery.seed);
            let claim = Claim {
                commitment,
                signature: delivery.signature,
            };
            let digest = self.domain.claim_digest(subset, from, &commitment);
            if !peers.verify(from, digest, &claim.signature) {
                return Err(Fault::SetupSignature { from });
            }
            self.note_signed_claim(subset, claim)?;
            self.seeds.insert(subset, delivery.seed);
        }
        self.keys[from.index()] = Some(key);
        self.hellos[from.index()] = Some(hello);
        Ok(())
    }

    fn accept_claims(&mut self, from: Party, bytes: &[u8], peers: &dyn Peers) -> Result<(), Fault> {
        if std::mem::replace(&mut self.claimed[from.index()], true) {
            return Err(Fault::SetupRepeated { from, round: 2 });
        }
        let with_sender = self.subsets.iter().copied();
        let with_sender: Vec<PartySet> =
            with_sender.filter(|subset| subset.contains(from)).collect();
        let others = self.committee.others(self.me);
        let others: Vec<Party> = others.filter(|other| *other != from).collect();
        let (claims, shown) = messages::decode_claims(bytes, with_sender.len(), others.len())
            .ok_or(Fault::SetupFormat { from })?;
        for (party, hello) in others.into_iter().zip(shown) {
            self.compare_key(from, party, &hello, peers)?;
        }
        for (subset, claim) in with_sender.into_iter().zip(claims) {
            let known = self.claims.get(&subset);
            if known.is_some_and(|known| known.commitment == claim.commitment) {
                continue;
            }
            let sampler = subset.lowest().expect("subsets are not empty");
            let digest = self.domain.claim_digest(subset, sampler, &claim.commitment);
            if !peers.verify(sampler, digest, &claim.signature) {
                return Err(Fault::SetupClaim { from });
            }
            self.note_signed_claim(subset, claim)?;
        }
        Ok(())
    }

    /// Compares the session key of a party with the one that `from` says the party told it.
    fn compare_key(
        &mut self,
        from: Party,
        party: Party,
        hello: &Hello,
        peers: &dyn Peers,
    ) -> Result<(), Fault> {
        let told = self.keys[party.index()].map(|key| key.to_bytes());
        let known = told.or_else(|| self.shown.get(&party).copied());
        if known == Some(hello.key) {
            return Ok(());
        }
        let digest = self.domain.hello_digest(party, hello);
        if !peers.verify(party, digest, &hello.signature) {
            return Err(Fault::SetupClaim { from });
        }
        if known.is_some() {
            return Err(Fault::SetupTwoKeys { from: party });
        }
        self.shown.insert(party, hello.key);
        Ok(())
    }

    /// The session key of a hello, if its owner proved possession.
    fn proven_key(&self, from: Party, hello: &Hello) -> Result<VerifyingKey, Fault> {
        let unproven = Fault::SetupPossession { from };
        let Ok(key) = VerifyingKey::from_bytes(&hello.key) else {
            return Err(unproven);
        };
        let proof = ed25519_dalek::Signature::from_bytes(&hello.proof);
        // Strict verification refuses keys of small order, too.
        match key.verify_strict(&self.domain.possession_digest(from), &proof) {
            Ok(()) => Ok(key),
            Err(_) => Err(unproven),
        }
    }

    /// Notes a commitment that its sampler signed; a second one names the sampler.
    fn note_signed_claim(&mut self, subset: PartySet, claim: Claim) -> Result<(), Fault> {
        let known = self.claims.entry(subset).or_insert_with(|| claim.clone());
        if known.commitment == claim.commitment {
            return Ok(());
        }
        Err(Fault::SetupTwoSeeds {
            sampler: subset.lowest().expect("subsets are not empty"),
            subset: subset.bits(),
        })
    }

    fn send_hellos(&mut self, identity: &dyn Identity) {
        let mut hello = Hello {
            key: self.key.verifying_key().to_bytes(),
            proof: self
                .key
                .sign(&self.domain.possession_digest(self.me))
                .to_bytes(),
            signature: [0; IDENTITY_SIGNATURE_BYTES],
        };
        hello.signature = identity.sign(self.domain.hello_digest(self.me, &hello));
        for to in self.committee.others(self.me) {
            let with_receiver = self.led_by(self.me).filter(|subset| subset.contains(to));
            let deliveries: Vec<Delivery> = with_receiver
                .map(|subset| Delivery {
                    seed: self.seeds[&subset].clone(),
                    signature: self.claims[&subset].signature,
                })
                .collect();
            self.outbox
                .push_back((to, messages::encode_hello(&hello, &deliveries)));
        }
    }

    fn send_claims(&mut self) {
        let mine = self
            .subsets
            .iter()
            .filter(|subset| subset.contains(self.me));
        let claims: Vec<&Claim> = mine.map(|subset| &self.claims[subset]).collect();
        for to in self.committee.others(self.me) {
            let others = self.committee.others(self.me).filter(|other| *other != to);
            let shown: Option<Vec<&Hello>> = others
                .map(|other| self.hellos[other.index()].as_ref())
                .collect();
            let shown = shown.expect("all hellos have come");
            let message = messages::encode_claims(&claims, &shown);
            self.outbox.push_back((to, message));
        }
    }

    /// The seed shared with a party whose key is known.
    fn pair_seed(&self, party: Party) -> Option<Seed> {
        let theirs = self.keys[party.index()]?;
        let secret = StaticSecret::from(*Zeroizing::new(self.key.to_scalar_bytes()));
        let shared = secret.diffie_hellman(&PublicKey::from(theirs.to_montgomery().to_bytes()));
        let (low, high) = (self.me.min(party), self.me.max(party));
        let key_of = |party: Party| self.keys[party.index()].map(|key| key.to_bytes());
        let mut seed = Zeroizing::new([0; 32]);
        let info = [
            PAIR_CONTEXT,
            &[self.domain.n, low.number(), high.number()],
            &key_of(low)?,
            &key_of(high)?,
        ];
        Hkdf::<Sha256>::new(Some(&self.domain.session.0), shared.as_bytes())
            .expand_multi_info(&info, &mut seed[..])
            .expect("32 bytes are within the limit");
        Some(seed)
    }

    fn led_by(&self, party: Party) -> impl Iterator<Item = PartySet> + '_ {
        let all = self.subsets.iter().copied();
        all.filter(move |subset| subset.lowest() == Some(party))
    }

    fn all_hellos(&self) -> bool {
        self.keys.iter().all(Option::is_some)
    }
}

impl std::fmt::Debug for Setup {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Setup")
            .field("session", &self.domain.session)
            .field("me", &self.me)
            .field("fault", &self.fault)
            .finish_non_exhaustive()
    }
}
