//! Counts what calls cost, exactly: multiplications, bytes by sender, random bits; and the limits
//! of a run (language.md section 7, decisions 5).
//!
//! The message patterns of the engine are restated here, because the plan must not depend on the
//! engine; tests of the machine pin them to the engine's counters.

use enigma_field::interpolation::{self, PartySet, deals_randoms};
use enigma_field::{Committee, Levels, PrimeField};
use enigma_wire::peer;

use super::error::{Limit, PlanError};
use super::ir::Form;
use crate::verify::MAX_MEMBER_STEPS;

/// Bytes of our own header before each frame's payload.
pub const HEADER_BYTES: u64 = peer::HEADER_BYTES as u64;

/// Most elements of so many bytes in one frame.
#[must_use]
pub const fn frame_elements(element_bytes: u64) -> u32 {
    (peer::MAX_PAYLOAD_BYTES as u64 / element_bytes) as u32
}

/// Most elements of a chunk of random bits: kings rotate by chunk.
const BITS_CHUNK_ELEMENTS: u64 = 4096;

/// Most elements of a chunk of products through kings.
const KINGS_CHUNK_ELEMENTS: u64 = 8192;

/// The traffic of one party that is worth a round: what a link of 1 Gbit/s carries in a quarter of a
/// millisecond. All parties must plan alike, so this is no setting.
const ROUND_BYTES: u64 = 32 << 10;

/// The largest committee with seeds of subsets whose products go through kings: beyond, the random values
/// that hide them cost more time than the traffic saved. Larger ones deal random values.
const KINGS_PARTIES_MAX: u8 = 7;

/// The largest committee that shuffles.
const MAX_SHUFFLE_PARTIES: u8 = 7;
/// Comparisons over bits that go through the layers of gates together.
const COMPARE_PART_LEN: u32 = 4096;

/// Bytes of an element of a field that challenges of verification are drawn from.
const CHALLENGE_BYTES: u64 = 16;

/// Bytes of a setup hello: tag, key, proof of possession, signature.
const HELLO_BYTES: u64 = 1 + 32 + 64 + 65;

/// Bytes of a hello passed on with the claims: without its tag.
const SHOWN_BYTES: u64 = HELLO_BYTES - 1;

/// Bytes of one seed's signed delivery to a member of its subset, and of one claim to have it.
const SEED_BYTES: u64 = 32 + 65;

/// Bytes of the tag before claims.
const CLAIMS_TAG_BYTES: u64 = 1;

/// Bytes of a verification's checkpoint (coins' anchor, digest, signature) without hashes of links, of a
/// coin, of a checkpoint passed on beside the first coin, of the opening of three elements of the
/// extension, signed, without hashes of links, and of an acceptance.
const CHECKPOINT_BYTES: u64 = 32 + 32 + 64;
const COIN_BYTES: u64 = 32;
const PASSED_ON_BYTES: u64 = 32 + 64;
const OPENING_BYTES: u64 = 3 * 16 + 64;
const ACCEPTANCE_BYTES: u64 = 64;

/// Bytes of the hashes of a link, both ways: a checkpoint has those of all the sender's links, and so has an
/// opening.
const LINK_HASHES_BYTES: u64 = 2 * 32;

/// Bytes of the points of masks that go with the first coin to t parties.
const MASK_BYTES: u64 = 2 * 16;

/// What a run costs. `then` adds two runs that follow one another.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Cost {
    /// Products of shared values.
    pub multiplications: u64,
    /// Values given fresh polynomials; each costs as much as a product.
    pub reshares: u64,
    /// Rounds of messages on the longest path of dependencies.
    pub rounds: u64,
    /// Bytes that the busiest party sends: payload and our headers, without TLS.
    pub bytes_per_party: u64,
    /// Bytes that all parties together send.
    pub bytes_total: u64,
    /// Bytes sent, by party.
    pub bytes_sent: Vec<u64>,
    /// Products of shared bits.
    pub gates: u64,
    /// Shared random bits.
    pub random_bits: u64,
    /// Values opened to the committee: masked differences and validity bits.
    pub openings: u64,
    /// Batches of products that are verified.
    pub verifications: u64,
    /// A node's memory for registers, messages in flight and logs of products, in bytes: what the plan
    /// lets it hold at once at most.
    pub memory_bytes: u64,
}

impl Cost {
    /// Nothing at all.
    #[must_use]
    pub fn zero(committee: Committee) -> Cost {
        // No element, of whatever field.
        Tally::new(committee, 0).cost()
    }

    /// What compares ways to the same result: the busiest party's bytes, and for each round the bytes that it
    /// is worth.
    pub(super) fn weight_bytes(&self) -> u64 {
        self.bytes_per_party + self.rounds * ROUND_BYTES
    }

    /// The session's setup: two rounds, in which everyone greets everyone, the lowest member of
    /// each subset of t+1 parties sends the others its seed, and everyone claims what it has and shows
    /// the hellos it got.
    #[must_use]
    pub fn of_setup(committee: Committee) -> Cost {
        let subsets = interpolation::prss_subsets(&committee).unwrap_or_default();
        let others = committee.len() as u64 - 1;
        let mut tally = Tally::new(committee, 0);
        for party in committee.parties() {
            let mine = subsets.iter().filter(|subset| subset.contains(party));
            let claims = mine.clone().count() as u64;
            let sampled = mine.filter(|subset| subset.lowest() == Some(party)).count() as u64;
            let deliveries = sampled * committee.degree() as u64;
            let shown = (others - 1) * SHOWN_BYTES;
            tally.sent[party.index()] += others * (HELLO_BYTES + CLAIMS_TAG_BYTES + shown)
                + (deliveries + others * claims) * SEED_BYTES
                + 2 * others * HEADER_BYTES;
        }
        Cost {
            rounds: 2,
            ..tally.cost()
        }
    }

    /// This run, and `next` after it.
    #[must_use]
    pub fn then(&self, next: &Cost) -> Cost {
        let both = self.bytes_sent.iter().zip(&next.bytes_sent);
        let bytes_sent: Vec<u64> = both.map(|(a, b)| a + b).collect();
        Cost {
            multiplications: self.multiplications + next.multiplications,
            reshares: self.reshares + next.reshares,
            rounds: self.rounds + next.rounds,
            bytes_per_party: bytes_sent.iter().copied().max().unwrap_or(0),
            bytes_total: bytes_sent.iter().sum(),
            bytes_sent,
            gates: self.gates + next.gates,
            random_bits: self.random_bits + next.random_bits,
            openings: self.openings + next.openings,
            verifications: self.verifications + next.verifications,
            memory_bytes: self.memory_bytes.max(next.memory_bytes),
        }
    }
}

/// The most one run may cost.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Multiplications.
    pub multiplications: u64,
    /// Rounds.
    pub rounds: u64,
    /// Bytes one party sends.
    pub bytes_per_party: u64,
    /// Elements of one vector of a contract.
    pub vector_length: u64,
    /// Manifest lines of one entry.
    pub reveals: u64,
    /// Bytes of memory that one node needs, as far as the plan tells: [`Cost::memory_bytes`].
    pub memory_bytes: u64,
    /// Bytes of public values: [`Limit::PublicBytes`]. A chain takes less in one settlement.
    pub public_bytes: u64,
    /// Operations for members: [`Limit::MemberSteps`].
    pub member_steps: u64,
}

impl Default for Limits {
    fn default() -> Limits {
        Limits {
            multiplications: 1 << 31,
            rounds: 20_000,
            bytes_per_party: 4_000_000_000,
            vector_length: 1 << 20,
            reveals: 64,
            memory_bytes: 4_000_000_000,
            public_bytes: 64 << 20,
            member_steps: MAX_MEMBER_STEPS,
        }
    }
}

impl Limits {
    /// Refuses a quantity above its limit.
    pub(super) fn check(&self, limit: Limit, needed: u64) -> Result<(), PlanError> {
        let allowed = match limit {
            Limit::Multiplications => self.multiplications,
            Limit::Rounds => self.rounds,
            Limit::BytesPerParty => self.bytes_per_party,
            Limit::VectorLength => self.vector_length,
            Limit::Reveals => self.reveals,
            Limit::Memory => self.memory_bytes,
            Limit::PublicBytes => self.public_bytes,
            Limit::MemberSteps => self.member_steps,
            Limit::Calls => u64::from(u32::MAX),
        };
        if needed <= allowed {
            return Ok(());
        }
        Err(PlanError::OverLimit {
            limit,
            allowed,
            needed,
        })
    }

    /// Refuses a cost above any limit.
    pub(super) fn check_all(&self, cost: &Cost) -> Result<(), PlanError> {
        self.check(Limit::Multiplications, cost.multiplications)?;
        self.check(Limit::Rounds, cost.rounds)?;
        self.check(Limit::BytesPerParty, cost.bytes_per_party)
    }
}

/// How a vector of products is made: through kings if that saves each party the traffic of the rounds that it
/// takes more.
pub(super) fn form<F: PrimeField>(committee: Committee, results: u32) -> Form {
    let (n, t) = (u64::from(committee.n()), u64::from(committee.t()));
    // t elements for each result when dealt; 3t/n through kings, or 4t/n.
    let (elements, rounds) = if deals_randoms(&committee) {
        (4, 2)
    } else if committee.n() <= KINGS_PARTIES_MAX {
        (3, 1)
    } else {
        return Form::Dealt;
    };
    let saved = t * (n - elements) * u64::from(results) * F::BYTES as u64 / n;
    if saved >= rounds * ROUND_BYTES {
        Form::Kings
    } else {
        Form::Dealt
    }
}

/// What the committee does together, for counting.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum CallKind {
    Multiply(Form),
    Reshare,
    Open,
    /// Over bits, with so many gates for each, in layers.
    Compare {
        gates: u32,
        layers: u32,
    },
    Masks,
    Random,
    Shuffle(Phases),
    Verify,
    VerifyGates,
}

impl CallKind {
    /// Rounds of messages of a call on `len` elements.
    pub(super) fn rounds(self, committee: Committee, len: u32) -> u64 {
        let dealt = u64::from(deals_randoms(&committee));
        match self {
            CallKind::Random if len > 0 => dealt,
            CallKind::Random => 0,
            CallKind::Masks | CallKind::Multiply(Form::Kings) => 2 + dealt,
            CallKind::Shuffle(phases) if len > 0 => phases.rounds,
            CallKind::Shuffle(_) => 0,
            CallKind::Compare { layers, .. } => 1 + u64::from(layers),
            // Checkpoint, opening, acceptance; each coin; each dealing, one fewer than coins.
            CallKind::Verify => 2 + 2 * Levels::new(len as usize).coins() as u64,
            CallKind::VerifyGates => 2 + 2 * Levels::of_bits(len as usize).coins() as u64,
            _ => 1,
        }
    }
}

/// Counts calls as they are planned.
#[derive(Clone, Debug)]
pub(super) struct Tally {
    committee: Committee,
    element_bytes: u64,
    sent: Vec<u64>,
    multiplications: u64,
    reshares: u64,
    gates: u64,
    random_bits: u64,
    openings: u64,
    verifications: u64,
}

impl Tally {
    /// Of a run over a field whose elements have so many bytes.
    pub(super) fn new(committee: Committee, element_bytes: u64) -> Tally {
        Tally {
            committee,
            element_bytes,
            sent: vec![0; committee.len()],
            multiplications: 0,
            reshares: 0,
            gates: 0,
            random_bits: 0,
            openings: 0,
            verifications: 0,
        }
    }

    /// Counts a call on `len` elements: of a verification, the elements of its claim, or words of 64 gates;
    /// of masks, bits.
    pub(super) fn add(&mut self, kind: CallKind, len: u32) {
        let (others, t) = (
            self.committee.len() as u64 - 1,
            self.committee.degree() as u64,
        );
        match kind {
            CallKind::Multiply(form) => {
                self.multiplications += u64::from(len);
                match form {
                    Form::Dealt => self.everyone_sends(t * self.vector_bytes(len)),
                    Form::Kings => {
                        let (rows, most) = (others + 1, KINGS_CHUNK_ELEMENTS);
                        let chunk = if deals_randoms(&self.committee) {
                            self.dealt_randoms(len, rows, most)
                        } else {
                            chunk_elements(u64::from(len), rows, most)
                        };
                        self.through_kings(len, chunk, t);
                    }
                }
            }
            CallKind::Reshare => {
                self.reshares += u64::from(len);
                self.everyone_sends(t * self.vector_bytes(len));
            }
            CallKind::Open => {
                self.openings += u64::from(len);
                self.everyone_sends(others * self.vector_bytes(len));
            }
            CallKind::Masks => {
                self.random_bits += u64::from(len);
                let chunk = if deals_randoms(&self.committee) {
                    self.dealt_randoms(len, t + 1, BITS_CHUNK_ELEMENTS)
                } else {
                    BITS_CHUNK_ELEMENTS
                };
                self.through_kings(len, chunk, others);
            }
            CallKind::Random => self.random(len),
            CallKind::Shuffle(phases) => {
                // In the phase of a subset of t+1 parties each of them deals to t.
                let mine = u64::from(phases.count) * (t + 1) / (others + 1);
                self.everyone_sends(mine * t * self.vector_bytes(len));
            }
            CallKind::Compare { gates, layers } => {
                self.openings += u64::from(len);
                self.gates += u64::from(gates) * u64::from(len);
                let parts = u64::from(len.div_ceil(COMPARE_PART_LEN));
                // All parts but the last end with a whole byte.
                let layers = u64::from(gates) * u64::from(len.div_ceil(8))
                    + parts * u64::from(layers) * HEADER_BYTES;
                self.everyone_sends(others * self.vector_bytes(len) + layers);
            }
            CallKind::Verify => {
                self.verifications += 1;
                let levels = Levels::new(len as usize);
                // A level of k blocks deals 2 (k - 1) elements, of the larger field after the first
                // challenge; the last one has a block for each element and one for the mask.
                self.everyone_sends(verification_bytes(others, t, &levels, self.element_bytes));
            }
            CallKind::VerifyGates => {
                self.verifications += 1;
                let levels = Levels::of_bits(len as usize);
                self.everyone_sends(verification_bytes(others, t, &levels, CHALLENGE_BYTES));
            }
        }
    }

    /// The most bytes that one party sends so far.
    pub(super) fn bytes_per_party(&self) -> u64 {
        self.sent.iter().copied().max().unwrap_or(0)
    }

    /// Multiplications so far.
    pub(super) fn multiplications(&self) -> u64 {
        self.multiplications
    }

    /// The counts, without what only the whole plan has.
    pub(super) fn cost(&self) -> Cost {
        Cost {
            multiplications: self.multiplications,
            reshares: self.reshares,
            rounds: 0,
            bytes_per_party: self.bytes_per_party(),
            bytes_total: self.sent.iter().sum(),
            bytes_sent: self.sent.clone(),
            gates: self.gates,
            random_bits: self.random_bits,
            openings: self.openings,
            verifications: self.verifications,
            memory_bytes: 0,
        }
    }

    /// Bytes of a vector of elements sent to one party.
    fn vector_bytes(&self, len: u32) -> u64 {
        let frames = len.div_ceil(frame_elements(self.element_bytes));
        u64::from(len) * self.element_bytes + u64::from(frames) * HEADER_BYTES
    }

    fn everyone_sends(&mut self, bytes: u64) {
        for sent in &mut self.sent {
            *sent += bytes;
        }
    }

    /// Random values, each used by itself.
    fn random(&mut self, len: u32) {
        if deals_randoms(&self.committee) {
            let rows = self.committee.degree() as u64 + 1;
            let most = u64::from(frame_elements(self.element_bytes));
            self.dealt_randoms(len, rows, most);
        }
    }

    /// Everyone deals random values for a vector in chunks of `most` elements or fewer: for each turn of
    /// `rows` chunks as many as one of them has. The elements of a chunk.
    fn dealt_randoms(&mut self, len: u32, rows: u64, most: u64) -> u64 {
        let len = u64::from(len);
        let chunk = chunk_elements(len, rows, most);
        let turn = rows * chunk;
        let dealt = len / turn * chunk + (len % turn).min(chunk);
        let frames = len.div_ceil(turn);
        self.everyone_sends(
            self.committee.degree() as u64 * (dealt * self.element_bytes + frames * HEADER_BYTES),
        );
        chunk
    }

    /// Everyone sends chunks of a vector to kings, who take turns by chunk and tell so many others what
    /// comes of it.
    fn through_kings(&mut self, len: u32, chunk_elements: u64, told: u64) {
        if len == 0 {
            return;
        }
        let (n, len) = (self.sent.len() as u64, u64::from(len));
        let chunks = len.div_ceil(chunk_elements);
        let (rounds, left_over) = (chunks / n, chunks % n);
        let last = len - (chunks - 1) * chunk_elements;
        let missing = (chunk_elements - last) * self.element_bytes;
        let chunk = chunk_elements * self.element_bytes + HEADER_BYTES;
        let last_king = (chunks - 1) % n;
        for (party, sent) in (0u64..).zip(&mut self.sent) {
            let as_king = rounds + u64::from(party < left_over);
            let messages = as_king * told + (chunks - as_king);
            let last_messages = if party == last_king { told } else { 1 };
            *sent += messages * chunk - last_messages * missing;
        }
    }
}

/// The phases of a shuffle, one for each subset of t+1 parties.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Phases {
    pub(super) count: u32,
    /// Messages one after the other.
    rounds: u64,
}

impl Phases {
    /// Of a shuffle.
    pub(super) fn forth(committee: Committee) -> Result<Phases, PlanError> {
        let mut subsets = shuffling(committee)?;
        subsets.reverse();
        Ok(Phases::of(committee, &subsets))
    }

    /// Of the way back from a shuffle.
    pub(super) fn back(committee: Committee) -> Result<Phases, PlanError> {
        Ok(Phases::of(committee, &shuffling(committee)?))
    }

    fn of(committee: Committee, subsets: &[PartySet]) -> Phases {
        // A party waits for those of the t parties after it who deal in the phase.
        let mut ready = vec![0; committee.len()];
        for members in subsets {
            let after = |party| {
                let dealers = (1..=committee.degree()).map(|steps| committee.after(party, steps));
                let dealers = dealers.filter(|dealer| members.contains(*dealer));
                dealers.map(|dealer| ready[dealer.index()] + 1).max()
            };
            let own = committee.parties().zip(&ready);
            ready = own
                .map(|(party, own)| after(party).unwrap_or(0).max(*own))
                .collect();
        }
        Phases {
            count: subsets.len() as u32,
            rounds: ready.into_iter().max().unwrap_or(0),
        }
    }
}

/// The subsets of t+1 parties of a committee that can shuffle.
fn shuffling(committee: Committee) -> Result<Vec<PartySet>, PlanError> {
    let n = committee.n();
    match interpolation::prss_subsets(&committee) {
        Ok(subsets) if n <= MAX_SHUFFLE_PARTIES => Ok(subsets),
        _ => Err(PlanError::ShuffleCommittee { n }),
    }
}

/// Bytes that one party sends in a verification: dealings to t parties, all else to all others.
/// `first_bytes`: of an element before the first challenge.
fn verification_bytes(others: u64, t: u64, levels: &Levels, first_bytes: u64) -> u64 {
    let bytes = |level: usize| match level {
        0 => first_bytes,
        _ => CHALLENGE_BYTES,
    };
    let before: u64 = (levels.blocks.iter().enumerate())
        .map(|(level, blocks)| bytes(level) * 2 * (*blocks as u64 - 1))
        .sum();
    let dealt = before + CHALLENGE_BYTES * 2 * levels.last_len as u64;
    let dealings = levels.blocks.len() as u64 + 1;
    let to_all = CHECKPOINT_BYTES
        + (others - 1) * PASSED_ON_BYTES
        + levels.coins() as u64 * COIN_BYTES
        + OPENING_BYTES
        + ACCEPTANCE_BYTES
        + 2 * others * LINK_HASHES_BYTES;
    let frames_to_all = 3 + levels.coins() as u64;
    others * (to_all + frames_to_all * HEADER_BYTES)
        + t * (MASK_BYTES + dealt + dealings * HEADER_BYTES)
}

/// Elements of a chunk where `rows` chunks of at most `most` make a turn: turns are as few and chunks as
/// even as can be.
fn chunk_elements(len: u64, rows: u64, most: u64) -> u64 {
    let turns = len.div_ceil(rows * most).max(1);
    len.div_ceil(rows * turns).max(1)
}
