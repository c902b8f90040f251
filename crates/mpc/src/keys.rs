//! The keys of a session: one per pair of parties, and in committees of up to nine one per subset of t + 1
//! parties.

use std::fmt;

use ed25519_dalek::{SigningKey, VerifyingKey};
use enigma_field::interpolation::PartySet;
use enigma_field::{Committee, Party};
use zeroize::Zeroizing;

const STAGE_CONTEXT: &str = "enigma mpc v1: seed of a stage";
const STAGE_SESSION_CONTEXT: &str = "enigma mpc v1: session id of a stage";

/// A session's id: a hash of the request, contract, committee, inputs, epoch and attempt
/// (protocols S1), so that a retry never meets the randomness of an earlier run.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct SessionId(pub [u8; 32]);

impl fmt::Debug for SessionId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "SessionId({:02x}{:02x}..)", self.0[0], self.0[1])
    }
}

pub(crate) type Seed = Zeroizing<[u8; 32]>;

/// What one party keeps of a session's setup: enough to run one [`crate::Engine`], once.
pub struct SessionSeeds {
    pub(crate) session: SessionId,
    pub(crate) committee: Committee,
    pub(crate) me: Party,
    /// With each other party, in order; known to exactly these two.
    pub(crate) pairs: Vec<(Party, Seed)>,
    /// For each subset of t + 1 parties with this one, in the order of
    /// [`enigma_field::interpolation::prss_coefficients`]; known to exactly its members. None in a
    /// committee of more than nine.
    pub(crate) subsets: Vec<(PartySet, Seed)>,
    pub(crate) identity: SessionIdentity,
}

/// What a party states in a session, it signs with a key of this session, which its long-term key
/// signed in the setup.
#[derive(Clone)]
pub(crate) struct SessionIdentity {
    /// Known to this party alone: where its coins come from, and the random values that it deals.
    pub(crate) own: Seed,
    pub(crate) signing: SigningKey,
    /// Everybody's, by party.
    pub(crate) verifying: Vec<VerifyingKey>,
}

impl SessionIdentity {
    /// Forgets the secrets.
    pub(crate) fn forget(&mut self) {
        self.own = Seed::default();
        self.signing = SigningKey::from_bytes(&[0; 32]);
    }
}

impl SessionSeeds {
    /// The session.
    pub fn session(&self) -> SessionId {
        self.session
    }

    /// Seeds for `count` engines that run one after the other or side by side, each with operation
    /// numbers of its own: stage k of every party belongs together.
    pub fn into_stages(self, count: u8) -> Vec<SessionSeeds> {
        (0..count).map(|stage| self.stage(stage)).collect()
    }

    // Private and by reference: handing out one stage twice would repeat its randomness.
    fn stage(&self, stage: u8) -> SessionSeeds {
        let derive = |context, seed: &[u8; 32]| {
            let mut hasher = blake3::Hasher::new_derive_key(context);
            hasher.update(seed).update(&[stage]);
            *hasher.finalize().as_bytes()
        };
        let derive_seed = |seed: &Seed| Zeroizing::new(derive(STAGE_CONTEXT, seed));
        SessionSeeds {
            session: SessionId(derive(STAGE_SESSION_CONTEXT, &self.session.0)),
            committee: self.committee,
            me: self.me,
            pairs: (self.pairs.iter())
                .map(|(party, seed)| (*party, derive_seed(seed)))
                .collect(),
            subsets: (self.subsets.iter())
                .map(|(subset, seed)| (*subset, derive_seed(seed)))
                .collect(),
            identity: SessionIdentity {
                own: derive_seed(&self.identity.own),
                ..self.identity.clone()
            },
        }
    }
}

impl fmt::Debug for SessionSeeds {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "SessionSeeds({:?}, redacted)", self.session)
    }
}
