//! One party's engine: operations on vectors of shares, each under a number that the program fixes.
//!
//! A caller starts operations, hands in frames, and drains frames to send and finished operations,
//! in any order: parties need not run operations in the same order, only under the same numbers.
//! Everything received is checked on arrival, against lengths known from the start of its operation.
//!
//! Products and random bits belong to batches. A batch is closed and verified by an operation that
//! bears its number; until that has finished, nothing that depends on the batch can be opened or
//! handed out, but for what a verified mask hides.
//! After a fault the engine is dead: its secrets are gone and every call answers with the fault; only
//! frames queued before are still to be sent.

mod batch;
pub(crate) mod binary;
mod bits;
mod context;
mod dealing;
mod dealing_kings;
mod early;
mod gathering;
mod kings;
mod logs;
mod opening;
mod randoms;
mod shuffle;
mod start;
mod transcript;
mod verify;

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use enigma_field::interpolation::{deals_randoms, prss_subsets};
use enigma_field::shamir::Checker;
use enigma_field::{Committee, M61, Party, PrimeField, Shares};

pub use self::batch::Shape;
use self::batch::{Batch, Entry, Factors};
use self::binary::Comparing;
pub use self::binary::{COMPARE_PART_LEN, Compare, compare_layers};
use self::bits::MakingBits;
use self::context::Context;
use self::dealing::Product;
use self::dealing_kings::DealingKings;
pub use self::early::FRAME_OVERHEAD_BYTES;
use self::early::{Early, UsedOps};
use self::kings::KingProduct;
pub use self::logs::LinkLog;
use self::logs::Logs;
use self::opening::FullOpening;
use self::randoms::RandomValues;
pub use self::shuffle::MAX_SHUFFLE_PARTIES;
use self::shuffle::{MAX_SHUFFLE_LEN, Shuffling, Way};
pub use self::transcript::LinkWay;
#[cfg(any(test, feature = "testing"))]
pub use self::verify::forge::Forger;
pub(crate) use self::verify::{
    ACCEPTANCE_BYTES, COIN_BYTES, MASK_BYTES, PASSED_ON_BYTES, checkpoint_bytes, dealt_bytes,
    dealt_bytes_of_bits, opening_bytes,
};
use self::verify::{OverBits, OverElements, Verification, Verifying};
use crate::fault::{Error, Fault, Misuse};
use crate::keys::{SessionId, SessionSeeds};
use crate::message::{HEADER_BYTES, MAX_PAYLOAD_BYTES, Outgoing, Slot, chunk_len, chunks};
use crate::prg::Purpose;
use crate::wires::{Mask, Opened, RandomBits, Sourced, Sources, Verified, Wires};

/// Bytes of early frames that an engine keeps for one peer, unless told otherwise.
pub const EARLY_LIMIT_BYTES: usize = 64 << 20;

const UNVERIFIED_SESSION: &str = "enigma mpc v1: session without verification";

/// One party's side of a session's computation.
pub struct Engine<F: PrimeField = M61> {
    context: Context<F>,
    checker: Checker<F>,
    running: BTreeMap<u32, Operation<F>>,
    used: UsedOps,
    early: Early,
    finished: VecDeque<(u32, Finished<F>)>,
    /// Batches that are open.
    batches: BTreeMap<u32, Batch<F>>,
    /// Shuffles so far, and how many rows they have.
    shuffles: BTreeMap<u32, usize>,
    /// Batches that all parties accepted.
    accepted: BTreeSet<u32>,
    /// Never in a job; see [`Engine::without_verification`].
    semi_honest: bool,
    /// Batches for which something was opened on one party's word, until they are accepted.
    on_one_word: BTreeSet<u32>,
    fault: Option<Fault>,
}

/// The result of an operation.
#[derive(Debug)]
pub enum Finished<F: PrimeField = M61> {
    /// Of a multiplication, inner products, fresh polynomials, random values, a shuffle, or comparisons.
    Wires(Wires<F>),
    /// Of an opening.
    Opened(Opened<F>),
    /// Of random bits.
    Bits(RandomBits<F>),
    /// Of a verification: the batch is accepted.
    Accepted,
}

/// What an engine did so far; `cost` predicts it exactly.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counters {
    /// Bytes queued for sending, headers included.
    pub bytes_sent: u64,
    /// Frames queued for sending.
    pub frames_sent: u64,
    /// Bytes accepted, headers included.
    pub bytes_received: u64,
    /// Frames accepted.
    pub frames_received: u64,
    /// Results of multiplications and inner products.
    pub multiplications: u64,
    /// Values given fresh polynomials.
    pub reshares: u64,
    /// Values opened.
    pub openings: u64,
    /// Batches given to verification.
    pub verifications: u64,
    /// Products of shared bits, those that fill up words not counted.
    pub gates: u64,
    /// Random bits.
    pub random_bits: u64,
    /// Random values, not counting those behind bits.
    pub random_values: u64,
}

enum Operation<F: PrimeField> {
    Product {
        product: Product<F>,
        batch: u32,
        factors: Factors<F>,
    },
    KingProduct {
        product: KingProduct<F>,
        batch: u32,
        factors: Factors<F>,
    },
    DealingKings {
        product: Box<DealingKings<F>>,
        batch: u32,
        factors: Factors<F>,
    },
    Random(RandomValues<F>),
    Opening {
        opening: FullOpening<F>,
        /// What the values come from and is not verified.
        sources: Sources,
    },
    Bits {
        bits: MakingBits<F>,
        batch: u32,
    },
    Shuffling {
        shuffling: Shuffling<F>,
        batch: u32,
    },
    Comparing {
        comparing: Box<Comparing<F>>,
        batch: u32,
        /// Of the batch and of what is compared.
        sources: Sources,
    },
    Verifying(Box<dyn Verification<F>>),
}

impl<F: PrimeField> Engine<F> {
    /// An engine for these seeds.
    ///
    /// # Panics
    /// When the seeds are of another committee or party.
    pub fn new(committee: Committee, me: Party, seeds: SessionSeeds) -> Self {
        assert!(
            seeds.committee == committee && seeds.me == me,
            "seeds belong to one party of one committee"
        );
        Self {
            context: Context::new(committee, me, &seeds),
            checker: Checker::new(&committee),
            running: BTreeMap::new(),
            used: UsedOps::default(),
            early: Early::new(committee.len(), EARLY_LIMIT_BYTES),
            finished: VecDeque::new(),
            batches: BTreeMap::new(),
            shuffles: BTreeMap::new(),
            accepted: BTreeSet::new(),
            semi_honest: false,
            on_one_word: BTreeSet::new(),
            fault: None,
        }
    }

    /// Keeps up to `bytes` of early frames for each peer: at least what the program's window of
    /// operations in flight can send.
    pub fn with_early_limit(mut self, bytes: usize) -> Self {
        self.early.set_limit(bytes);
        self
    }

    /// Keeps what goes over links for batches, so that a cheat can be localised: at most `bytes` and what
    /// the operations that are then running bring. No job selects it yet. See [`Self::forget_link_log`].
    #[must_use]
    pub fn identifying(mut self, bytes: usize) -> Self {
        self.context.transcript.keep_logs(bytes);
        self
    }

    /// For benchmarks alone, to measure what verification costs: products are not logged, and
    /// everything counts as verified. Values that are anybody's secret must never meet such an engine.
    #[must_use]
    pub fn without_verification(mut self) -> Self {
        self.semi_honest = true;
        self.context.transcript.turn_off();
        // What this engine calls verified must mean nothing to one that verifies.
        let session = blake3::derive_key(UNVERIFIED_SESSION, &self.context.session.0);
        self.context.session = SessionId(session);
        self
    }

    /// The committee.
    pub fn committee(&self) -> Committee {
        self.context.committee
    }

    /// Which party this is.
    pub fn me(&self) -> Party {
        self.context.me()
    }

    /// The session of this engine's randomness.
    pub fn session(&self) -> SessionId {
        self.context.session
    }

    /// What the engine did so far.
    pub fn counters(&self) -> Counters {
        self.context.counters
    }

    /// Why the session ended, if it did.
    pub fn fault(&self) -> Option<&Fault> {
        self.fault.as_ref()
    }

    /// Proof that all batches the value came from were accepted by all parties.
    ///
    /// # Errors
    /// [`Misuse::NotVerified`] when one was not yet.
    pub fn verified<T: Sourced>(&self, value: T) -> Result<Verified<T>, Misuse> {
        let session = self.context.session;
        if self.semi_honest {
            return Ok(Verified::new(value, session));
        }
        let sources = value.sources();
        match sources.open(self.context.session, &self.accepted) {
            None => Ok(Verified::new(value, session)),
            Some(batch) => Err(Misuse::NotVerified { batch }),
        }
    }

    /// Makes shares of uniform random values that nobody knows. Finishes with [`Finished::Wires`]: at once
    /// in a committee of up to nine, after one round in a larger one, which deals them.
    ///
    /// # Errors
    /// [`Misuse::OpReused`], or the fault that ended the session.
    pub fn start_random(&mut self, op: u32, len: usize) -> Result<(), Error> {
        self.open_number(op)?;
        self.context.counters.random_values += len as u64;
        if deals_randoms(&self.context.committee) {
            let values = RandomValues::start(&mut self.context, op, len);
            return self.run(op, Operation::Random(values));
        }
        let mut shares = Shares::zeros(len);
        for (part, range) in chunks(len, chunk_len::<F>()) {
            let chunk = &mut shares[range];
            self.context.add_random(Purpose::Random, op, part, chunk);
        }
        self.check_silence(op)?;
        let finished = Finished::Wires(Wires::input(shares));
        self.finished.push_back((op, finished));
        Ok(())
    }

    /// Nobody has anything to send for an operation without interaction.
    fn check_silence(&mut self, op: u32) -> Result<(), Error> {
        match self.early.take(op).first() {
            None => Ok(()),
            Some((from, slot, _)) => Err(self.die(Fault::Unexpected {
                from: *from,
                slot: *slot,
            })),
        }
    }

    /// Shares of random integers that no t parties know, each the sum of one below 2^`bits` for every
    /// subset of t+1 parties (protocols F.4); and of the sums of these without their `shift` low bits.
    /// Without interaction, and right by construction (R1). As masks they hide values statistically, so
    /// what is opened under them must be verified (R3): [`Engine::start_open`] takes nothing else.
    ///
    /// # Errors
    /// [`Misuse::OpReused`], [`Misuse::Bounds`] when the sums can reach the field's size, or the fault
    /// that ended the session.
    pub fn bounded(
        &mut self,
        op: u32,
        len: usize,
        bits: u32,
        shift: u32,
    ) -> Result<[Wires<F>; 2], Error> {
        let terms = prss_subsets(&self.context.committee).map_or(0, |subsets| subsets.len());
        let room = F::BITS.saturating_sub(terms.next_power_of_two().ilog2());
        if terms == 0 || bits >= room || shift > bits {
            return Err(Misuse::Bounds { bits }.into());
        }
        self.open_number(op)?;
        self.context.counters.random_values += len as u64;
        let [mut whole, mut cut] = [Shares::zeros(len), Shares::zeros(len)];
        for (part, range) in chunks(len, chunk_len::<F>()) {
            let (whole, cut) = (&mut whole[range.clone()], &mut cut[range]);
            let context = &mut self.context;
            context.add_bounded((op, part), (bits, shift), whole, cut);
        }
        self.check_silence(op)?;
        Ok([whole, cut].map(Wires::input))
    }

    /// Takes a frame that `from` sent over its authenticated link.
    ///
    /// # Errors
    /// The fault, now or earlier, that ended the session.
    pub fn handle(&mut self, from: Party, slot: Slot, payload: &[u8]) -> Result<(), Fault> {
        if let Some(fault) = &self.fault {
            return Err(fault.clone());
        }
        let outcome = self.accept(from, slot, payload);
        if let Err(fault) = &outcome {
            self.end(fault.clone());
        }
        outcome
    }

    /// The next frame to send.
    pub fn next_send(&mut self) -> Option<Outgoing> {
        self.context.outbox.pop_front()
    }

    /// What went over the links for a batch, once it is being verified; also after a fault. Nothing unless the
    /// engine is [`Self::identifying`].
    pub fn link_log(&self, batch: u32) -> Option<&LinkLog> {
        self.context.transcript.logs()?.of(batch)
    }

    /// Drops the log of a batch: right when no value is in use any more whose shares are sums of what its
    /// frames carried (S24), and not as soon as the batch is accepted: where a later one is rejected, what
    /// its factors came from is asked for.
    pub fn forget_link_log(&mut self, batch: u32) {
        self.context.transcript.forget_log(batch);
    }

    /// Notes that the caller sent another payload than this engine gave for a frame. For simulated cheats
    /// alone, who know what they sent: otherwise the hashes that they sign would betray every lie.
    pub fn sent_instead(&mut self, to: Party, slot: Slot, payload: &[u8]) {
        let transcript = &mut self.context.transcript;
        transcript.replace(LinkWay::Sent, to, slot, payload);
    }

    /// The next finished operation, in the order of finishing.
    pub fn take_finished(&mut self) -> Option<(u32, Finished<F>)> {
        self.finished.pop_front()
    }

    /// The parties whose frames an operation is waiting for; empty when it is not running. They may
    /// be waiting themselves: a king cannot answer before it has everybody's terms.
    pub fn waiting_for(&self, op: u32) -> Vec<Party> {
        match self.running.get(&op) {
            None => Vec::new(),
            Some(Operation::Product { product, .. }) => product.waiting_for(),
            Some(Operation::KingProduct { product, .. }) => product.waiting_for(&self.context),
            Some(Operation::DealingKings { product, .. }) => product.waiting_for(&self.context),
            Some(Operation::Random(values)) => values.waiting_for(),
            Some(Operation::Opening { opening, .. }) => opening.waiting_for(),
            Some(Operation::Bits { bits, .. }) => bits.waiting_for(&self.context),
            Some(Operation::Shuffling { shuffling, .. }) => shuffling.waiting_for(),
            Some(Operation::Comparing { comparing, .. }) => comparing.waiting_for(&self.context),
            Some(Operation::Verifying(verifying)) => verifying.waiting_for(&self.context),
        }
    }

    /// The parties whose frames any running operation is waiting for, in order.
    pub fn waiting_for_any(&self) -> Vec<Party> {
        let all: BTreeSet<Party> = (self.running.keys())
            .flat_map(|op| self.waiting_for(*op))
            .collect();
        all.into_iter().collect()
    }

    fn accept(&mut self, from: Party, slot: Slot, payload: &[u8]) -> Result<(), Fault> {
        if !self.context.committee.contains(from) || from == self.context.me() {
            return Err(Fault::Unexpected { from, slot });
        }
        if payload.len() > MAX_PAYLOAD_BYTES {
            return Err(Fault::Length {
                from,
                slot,
                expected: MAX_PAYLOAD_BYTES,
                found: payload.len(),
            });
        }
        if self.running.contains_key(&slot.op) {
            self.receive(from, slot, payload)?;
            self.finish_if_complete(slot.op);
        } else if self.used.contains(slot.op) {
            return Err(Fault::Stale { from, slot });
        } else {
            self.early.keep(from, slot, payload)?;
        }
        let counters = &mut self.context.counters;
        counters.frames_received += 1;
        counters.bytes_received += (payload.len() + HEADER_BYTES) as u64;
        Ok(())
    }

    /// Hands a frame to its running operation, and notes it.
    fn receive(&mut self, from: Party, slot: Slot, payload: &[u8]) -> Result<(), Fault> {
        self.receive_in(from, slot, payload)?;
        // Of a verification, only some steps belong to what is signed; it notes them itself.
        if !matches!(self.running.get(&slot.op), Some(Operation::Verifying(_))) {
            let transcript = &mut self.context.transcript;
            transcript.note(LinkWay::Received, from, slot, payload);
        }
        Ok(())
    }

    fn receive_in(&mut self, from: Party, slot: Slot, payload: &[u8]) -> Result<(), Fault> {
        let Some(operation) = self.running.get_mut(&slot.op) else {
            return Err(Fault::Stale { from, slot });
        };
        match operation {
            Operation::Bits { bits, .. } => bits.receive(&mut self.context, from, slot, payload),
            Operation::KingProduct { product, .. } => {
                product.receive(&mut self.context, from, slot, payload)
            }
            Operation::DealingKings { product, .. } => {
                product.receive(&mut self.context, from, slot, payload)
            }
            Operation::Shuffling { shuffling, .. } => {
                shuffling.receive(&mut self.context, from, slot, payload)
            }
            Operation::Comparing { comparing, .. } => {
                comparing.receive(&mut self.context, &self.checker, from, slot, payload)
            }
            Operation::Verifying(verifying) => {
                verifying.receive(&mut self.context, from, slot, payload)
            }
            _ if slot.step != 0 => Err(Fault::Unexpected { from, slot }),
            Operation::Product { product, .. } => product.receive(from, slot, payload),
            Operation::Random(values) => values.receive(from, slot, payload),
            Operation::Opening { opening, .. } => {
                opening.receive(&self.checker, from, slot, payload)
            }
        }
    }

    /// Enters a started operation and gives it the frames that came early.
    fn run(&mut self, op: u32, operation: Operation<F>) -> Result<(), Error> {
        self.running.insert(op, operation);
        for (from, slot, payload) in self.early.take(op) {
            if let Err(fault) = self.receive(from, slot, &payload) {
                return Err(self.die(fault));
            }
        }
        self.finish_if_complete(op);
        Ok(())
    }

    fn finish_if_complete(&mut self, op: u32) {
        let complete = match self.running.get(&op) {
            None => false,
            Some(Operation::Product { product, .. }) => product.complete(),
            Some(Operation::KingProduct { product, .. }) => product.complete(),
            Some(Operation::DealingKings { product, .. }) => product.complete(),
            Some(Operation::Random(values)) => values.complete(),
            Some(Operation::Opening { opening, .. }) => opening.complete(),
            Some(Operation::Bits { bits, .. }) => bits.complete(),
            Some(Operation::Shuffling { shuffling, .. }) => shuffling.complete(),
            Some(Operation::Comparing { comparing, .. }) => comparing.complete(),
            Some(Operation::Verifying(verifying)) => verifying.complete(),
        };
        if !complete {
            return;
        }
        let session = self.context.session;
        let finished = match self.running.remove(&op).expect("it is complete") {
            Operation::Product {
                product,
                batch,
                factors,
            } => self.finish_product(op, batch, factors, product.into_shares()),
            Operation::KingProduct {
                product,
                batch,
                factors,
            } => self.finish_product(op, batch, factors, product.into_shares()),
            Operation::DealingKings {
                product,
                batch,
                factors,
            } => self.finish_product(op, batch, factors, product.into_shares()),
            Operation::Random(values) => {
                // Right by construction, as pseudo-random sharings are: no batch vouches for them.
                Finished::Wires(Wires::input(values.finish(self.context.committee)))
            }
            Operation::Opening { opening, sources } => {
                Finished::Opened(Opened::new(opening.into_values(), sources))
            }
            Operation::Bits { bits, batch } => {
                let (bits, digest) = bits.finish();
                let wires = Wires::new(bits, Sources::batch(session, batch));
                self.log(batch, op, Entry::Bits(wires.clone(), digest));
                Finished::Bits(RandomBits::new(wires))
            }
            Operation::Shuffling { shuffling, batch } => {
                let shuffled = shuffling.finish();
                let wires = shuffled.result().clone();
                self.log(batch, op, Entry::Shuffle(shuffled));
                Finished::Wires(wires)
            }
            Operation::Comparing {
                comparing,
                batch,
                sources,
            } => {
                let (results, gates) = comparing.finish();
                if !self.semi_honest {
                    let batch = self.batches.get_mut(&batch);
                    let batch = batch.expect("a batch stays open while its operations run");
                    batch.log_gates(op, gates, &sources);
                }
                Finished::Wires(Wires::new(results, sources))
            }
            Operation::Verifying(_) => {
                self.accepted.insert(op);
                self.on_one_word.remove(&op);
                Finished::Accepted
            }
        };
        self.finished.push_back((op, finished));
    }

    fn finish_product(
        &mut self,
        op: u32,
        batch: u32,
        factors: Factors<F>,
        results: Shares<F>,
    ) -> Finished<F> {
        let mut sources = Sources::batch(self.context.session, batch);
        sources.join(&Wires::joined_sources(factors.wires()));
        let wires = Wires::new(results, sources);
        self.log(batch, op, Entry::Products(factors, wires.clone()));
        Finished::Wires(wires)
    }

    fn log(&mut self, batch: u32, op: u32, entry: Entry<F>) {
        if self.semi_honest {
            return;
        }
        let batch = self.batches.get_mut(&batch);
        let batch = batch.expect("a batch stays open while its operations run");
        batch.log(op, entry);
    }

    /// Takes a number for an operation of a batch.
    fn open_number_in(&mut self, op: u32, batch: u32, of_bits: bool) -> Result<(), Error> {
        self.alive()?;
        if batch == op || self.used.contains(batch) {
            return Err(Misuse::BatchClosed { batch }.into());
        }
        if (self.batches.get(&batch)).is_some_and(|open| open.of_bits != of_bits) {
            return Err(Misuse::BatchKind { batch }.into());
        }
        let logs = self.context.transcript.logs();
        if let Some(limit) = logs.and_then(Logs::full) {
            return Err(Misuse::LogFull { limit }.into());
        }
        self.open_number(op)?;
        let open = self.batches.entry(batch).or_default();
        open.of_bits = of_bits;
        open.running += 1;
        self.context.transcript.begin(op);
        Ok(())
    }

    /// Takes a number for an operation that is about to start.
    fn open_number(&mut self, op: u32) -> Result<(), Error> {
        self.alive()?;
        // The number of an open batch is kept for its verification.
        if self.used.contains(op) || self.batches.contains_key(&op) {
            return Err(Misuse::OpReused { op }.into());
        }
        self.used.insert(op);
        Ok(())
    }

    fn check_lengths(&self, left: usize, right: usize, fit: bool) -> Result<(), Error> {
        self.alive()?;
        if fit {
            Ok(())
        } else {
            Err(Misuse::Lengths { left, right }.into())
        }
    }

    /// Refuses matrices that do not have their shape, or have no products behind their results.
    fn check_pairs(&self, factors: &[(Wires<F>, Wires<F>)]) -> Result<(), Error> {
        let mut pairs = factors.iter();
        pairs.try_for_each(|(x, y)| self.check_lengths(x.len(), y.len(), x.len() == y.len()))
    }

    fn check_shape(&self, x: &Wires<F>, y: &Wires<F>, shape: Shape) -> Result<(), Error> {
        let [left, right, results] = shape.sizes();
        // Results of no products would be zeros that no claim is about.
        self.check_lengths(shape.inner, results, shape.inner > 0 || results == 0)?;
        self.check_lengths(x.len(), left, x.len() == left)?;
        self.check_lengths(y.len(), right, y.len() == right)
    }

    /// Refuses wires that come from batches of another session.
    fn check_session(&self, wires: &Wires<F>) -> Result<(), Error> {
        if wires.sources().fit(self.context.session) {
            Ok(())
        } else {
            Err(Misuse::OtherSession.into())
        }
    }

    /// Refuses what comes from a batch, other than this one, for which parties may have been told
    /// different things.
    fn check_agreed(&self, sources: &Sources, except: Option<u32>) -> Result<(), Error> {
        let mut waiting = self.on_one_word.iter().copied();
        match waiting.find(|batch| Some(*batch) != except && sources.contains(*batch)) {
            None => Ok(()),
            Some(batch) => Err(Misuse::NotVerified { batch }.into()),
        }
    }

    fn alive(&self) -> Result<(), Error> {
        match &self.fault {
            None => Ok(()),
            Some(fault) => Err(fault.clone().into()),
        }
    }

    fn die(&mut self, fault: Fault) -> Error {
        self.end(fault.clone());
        fault.into()
    }

    /// Ends the session: nothing more is computed, and the secrets go. What was queued before still
    /// leaves: it was right to send whatever came after, and who does not get it would wait for us
    /// instead of seeing the fault that we saw.
    fn end(&mut self, fault: Fault) {
        self.fault = Some(fault);
        self.running.clear();
        self.finished.clear();
        self.batches.clear();
        self.shuffles.clear();
        self.accepted.clear();
        self.on_one_word.clear();
        self.context.forget();
        self.early = Early::new(self.context.committee.len(), 0);
    }
}

impl<F: PrimeField> std::fmt::Debug for Engine<F> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Engine")
            .field("me", &self.context.me())
            .field("committee", &self.context.committee)
            .field("running", &self.running.len())
            .field("fault", &self.fault)
            .finish_non_exhaustive()
    }
}
