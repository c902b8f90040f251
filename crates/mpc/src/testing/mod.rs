//! For tests: a committee in memory, with seeds dealt from one number, frames delivered in an order
//! drawn from that number, and a hook for an adversary that edits frames on their way.

#[cfg(not(test))]
mod instances;

use ed25519_dalek::{SigningKey, VerifyingKey};
use enigma_field::interpolation::prss_subsets;
use enigma_field::{Committee, M61, Party, PrimeField, Shares, shamir};
use rand_core::{Infallible, TryCryptoRng, TryRng};
use zeroize::Zeroizing;

#[cfg(not(test))]
pub use self::instances::INSTANCES;
pub use crate::engine::Forger;
use crate::engine::{Engine, Finished};
use crate::fault::Fault;
use crate::keys::{Seed, SessionId, SessionIdentity, SessionSeeds};
use crate::message::Slot;
use crate::wires::Wires;

/// A frame on its way.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Delivery {
    /// The sender.
    pub from: Party,
    /// The receiver.
    pub to: Party,
    /// Its place.
    pub slot: Slot,
    /// Its content.
    pub payload: Vec<u8>,
}

/// Replaces a frame by what arrives in its stead: edited, twice, or not at all.
pub type Tamper = Box<dyn FnMut(Delivery) -> Vec<Delivery>>;

/// A committee whose frames arrive in any order.
pub struct Network<F: PrimeField = M61> {
    /// By party.
    pub engines: Vec<Engine<F>>,
    /// Frames that were sent and have not arrived.
    pub in_flight: Vec<Delivery>,
    /// Applied to every frame when it is sent.
    pub tamper: Option<Tamper>,
    /// Whether frames are edited behind the back of their senders, who sign hashes of what they meant to
    /// send.
    pub on_the_way: bool,
    rng: TestRng,
}

impl<F: PrimeField> Network<F> {
    /// A committee with dealt seeds.
    pub fn new(committee: Committee, seed: u64) -> Self {
        let seeds = dealt_seeds(committee, seed);
        let engines = (committee.parties().zip(seeds))
            .map(|(party, seeds)| Engine::new(committee, party, seeds))
            .collect();
        Self::with_engines(engines, seed)
    }

    /// A committee of these engines, in order.
    pub fn with_engines(engines: Vec<Engine<F>>, seed: u64) -> Self {
        Self {
            engines,
            in_flight: Vec::new(),
            tamper: None,
            on_the_way: false,
            rng: TestRng::new(seed ^ 0x6e65_7477_6f72_6b00),
        }
    }

    /// The committee.
    pub fn committee(&self) -> Committee {
        self.engines[0].committee()
    }

    /// Calls `start` with every party's engine and index.
    ///
    /// # Panics
    /// When an engine refuses.
    pub fn start<E: std::fmt::Debug>(
        &mut self,
        mut start: impl FnMut(&mut Engine<F>, usize) -> Result<(), E>,
    ) {
        for (index, engine) in self.engines.iter_mut().enumerate() {
            start(engine, index).expect("the engine starts the operation");
        }
    }

    /// Puts what the engines want to send on its way.
    pub fn collect(&mut self) {
        for engine in &mut self.engines {
            let from = engine.me();
            while let Some(outgoing) = engine.next_send() {
                let delivery = Delivery {
                    from,
                    to: outgoing.to,
                    slot: outgoing.slot,
                    payload: outgoing.payload,
                };
                match &mut self.tamper {
                    None => self.in_flight.push(delivery),
                    Some(tamper) => {
                        let (to, slot) = (delivery.to, delivery.slot);
                        let sent = tamper(delivery);
                        // A cheat signs hashes of what it really sent.
                        let same = |frame: &&Delivery| (frame.to, frame.slot) == (to, slot);
                        if !self.on_the_way
                            && let Some(frame) = sent.iter().find(same)
                        {
                            engine.sent_instead(to, slot, &frame.payload);
                        }
                        self.in_flight.extend(sent);
                    }
                }
            }
        }
    }

    /// Delivers one frame, any of those in flight; `false` when there is none.
    ///
    /// # Errors
    /// The receiver and its fault.
    pub fn deliver_one(&mut self) -> Result<bool, (Party, Fault)> {
        self.collect();
        if self.in_flight.is_empty() {
            return Ok(false);
        }
        let place = self.rng.below(self.in_flight.len());
        let Delivery {
            from,
            to,
            slot,
            payload,
        } = self.in_flight.swap_remove(place);
        match self.engines[to.index()].handle(from, slot, &payload) {
            Ok(()) => Ok(true),
            Err(fault) => Err((to, fault)),
        }
    }

    /// Delivers frames until none is left.
    ///
    /// # Errors
    /// The first receiver with a fault, and the fault.
    pub fn run(&mut self) -> Result<(), (Party, Fault)> {
        while self.deliver_one()? {}
        Ok(())
    }

    /// What every party finished last, by party.
    ///
    /// # Panics
    /// When a party has not finished this operation next.
    pub fn take(&mut self, op: u32) -> Vec<Finished<F>> {
        let take = |engine: &mut Engine<F>| {
            let (finished, result) = engine.take_finished().expect("an operation finished");
            assert_eq!(finished, op, "this operation finished next");
            result
        };
        self.engines.iter_mut().map(take).collect()
    }

    /// As [`Self::take`], for operations that end in wires.
    ///
    /// # Panics
    /// Also when the result is something else.
    pub fn take_wires(&mut self, op: u32) -> Vec<Wires<F>> {
        let wires = |finished| match finished {
            Finished::Wires(wires) => wires,
            other => panic!("not wires: {other:?}"),
        };
        self.take(op).into_iter().map(wires).collect()
    }
}

/// The random values of a committee of up to nine, which come without messages, by one party.
///
/// # Panics
/// When the engine refuses, or something else has finished.
pub fn draw<F: PrimeField>(engine: &mut Engine<F>, op: u32, len: usize) -> Wires<F> {
    engine.start_random(op, len).expect("a number not used");
    match engine.take_finished() {
        Some((finished, Finished::Wires(wires))) if finished == op => wires,
        other => panic!("no random values: {other:?}"),
    }
}

/// The shares in wires that tests look into, verified or not.
pub fn bare<F: PrimeField>(wires: &[Wires<F>]) -> Vec<Shares<F>> {
    wires
        .iter()
        .map(|wires| Shares::from(wires.to_vec()))
        .collect()
}

/// Every party's seeds, as an honest setup would make them.
pub fn dealt_seeds(committee: Committee, seed: u64) -> Vec<SessionSeeds> {
    let derive = |what: &str, a: u32, b: u32| -> Seed {
        let mut hasher = blake3::Hasher::new_derive_key("enigma mpc: dealt test seeds");
        hasher.update(&seed.to_le_bytes()).update(what.as_bytes());
        hasher.update(&a.to_le_bytes()).update(&b.to_le_bytes());
        Zeroizing::new(*hasher.finalize().as_bytes())
    };
    let number = |party: Party| u32::from(party.number());
    let subsets = prss_subsets(&committee).unwrap_or_default();
    let signing = |party| SigningKey::from_bytes(&derive("signing", number(party), 0));
    let verifying: Vec<VerifyingKey> = (committee.parties())
        .map(|party| signing(party).verifying_key())
        .collect();
    let seeds = committee.parties().map(|me| SessionSeeds {
        session: SessionId(*derive("session", 0, 0)),
        committee,
        me,
        pairs: (committee.others(me))
            .map(|other| {
                let (low, high) = (me.min(other), me.max(other));
                (other, derive("pair", number(low), number(high)))
            })
            .collect(),
        subsets: (subsets.iter())
            .filter(|subset| subset.contains(me))
            .map(|subset| (*subset, derive("subset", subset.bits(), 0)))
            .collect(),
        identity: SessionIdentity {
            own: derive("own", number(me), 0),
            signing: signing(me),
            verifying: verifying.clone(),
        },
    });
    seeds.collect()
}

/// Shares values with randomness from `seed`; by party.
pub fn share<F: PrimeField>(committee: Committee, values: &[F], seed: u64) -> Vec<Shares<F>> {
    let mut rng = TestRng::new(seed);
    let mut columns = vec![Vec::with_capacity(values.len()); committee.len()];
    for value in values {
        let shares = shamir::share(*value, &committee, &mut rng);
        for (column, share) in columns.iter_mut().zip(shares) {
            column.push(share);
        }
    }
    columns.into_iter().map(Shares::from).collect()
}

/// The values behind shares by party, all of degree t.
///
/// # Panics
/// When shares are inconsistent or of different lengths.
pub fn reconstruct<F: PrimeField>(committee: Committee, shares: &[Shares<F>]) -> Vec<F> {
    assert!(shares.iter().all(|column| column.len() == shares[0].len()));
    let value = |k: usize| {
        let point: Vec<F> = shares.iter().map(|column| column[k]).collect();
        shamir::reconstruct_checked(&committee, &point).expect("shares of degree t")
    };
    (0..shares[0].len()).map(value).collect()
}

/// `len` values from `seed`.
pub fn values<F: PrimeField>(len: usize, seed: u64) -> Vec<F> {
    let mut rng = TestRng::new(seed);
    (0..len).map(|_| F::random(&mut rng)).collect()
}

/// A deterministic generator (SplitMix64): statistically fine, cryptographically worthless, which
/// its marker hides from interfaces that demand more.
pub struct TestRng(u64);

impl TestRng {
    /// A generator.
    pub fn new(seed: u64) -> Self {
        Self(seed)
    }

    /// A number below `bound`, nearly uniform.
    pub fn below(&mut self, bound: usize) -> usize {
        (self.word() % bound as u64) as usize
    }

    fn word(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }
}

impl TryRng for TestRng {
    type Error = Infallible;

    fn try_next_u32(&mut self) -> Result<u32, Infallible> {
        Ok(self.word() as u32)
    }

    fn try_next_u64(&mut self) -> Result<u64, Infallible> {
        Ok(self.word())
    }

    fn try_fill_bytes(&mut self, out: &mut [u8]) -> Result<(), Infallible> {
        for chunk in out.chunks_mut(8) {
            let word = self.word().to_le_bytes();
            chunk.copy_from_slice(&word[..chunk.len()]);
        }
        Ok(())
    }
}

impl TryCryptoRng for TestRng {}
