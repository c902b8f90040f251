//! One party's engine: operations on vectors of shares, each under a number that the program fixes.
//!
//! A caller starts operations, hands in frames, and drains frames to send and finished operations,
//! in any order: parties need not run operations in the same order, only under the same numbers.
//! Everything received is checked on arrival, against lengths known from the start of its operation.
//! After a fault the engine is dead: its secrets are gone and every call answers with the fault.

mod agreement;
mod bits;
mod context;
mod dealing;
mod early;
mod opening;

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use enigma_field::shamir::Checker;
use enigma_field::{Committee, M61, Party, Shares};

use self::agreement::{Agreement, digest_of};
use self::bits::MakingBits;
use self::context::Context;
use self::dealing::{Local, Product};
pub use self::early::FRAME_OVERHEAD_BYTES;
use self::early::{Early, UsedOps};
use self::opening::{CheapOpening, FullOpening};
use crate::fault::{Error, Fault, Misuse};
use crate::keys::{SessionId, SessionSeeds};
use crate::message::{CHUNK_LEN, HEADER_BYTES, MAX_PAYLOAD_BYTES, Outgoing, Slot, chunks};
use crate::prg::Purpose;
use crate::values::{Agreed, CheapOpened, Opened, Origin, RandomBits};

/// Bytes of early frames that an engine keeps for one peer, unless told otherwise.
pub const EARLY_LIMIT_BYTES: usize = 64 << 20;

/// One party's side of a session's computation.
pub struct Engine {
    context: Context,
    checker: Checker<M61>,
    running: BTreeMap<u32, Operation>,
    used: UsedOps,
    early: Early,
    finished: VecDeque<(u32, Finished)>,
    /// Digests of what was opened cheaply and not agreed on yet, by operation.
    opened: BTreeMap<u32, blake3::Hash>,
    fault: Option<Fault>,
}

/// The result of an operation.
#[derive(Debug)]
pub enum Finished {
    /// Of a multiplication, inner products, or fresh polynomials.
    Shares(Shares),
    /// Of a full opening.
    Opened(Opened),
    /// Of a cheap opening.
    Cheap(CheapOpened),
    /// Of random bits.
    Bits(RandomBits),
    /// Of an agreement.
    Agreed(Agreed),
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
    /// Values opened in full.
    pub full_openings: u64,
    /// Values opened cheaply.
    pub cheap_openings: u64,
    /// Random bits.
    pub random_bits: u64,
    /// Random values, not counting those behind bits.
    pub random_values: u64,
}

enum Operation {
    Product(Product),
    FullOpening(FullOpening),
    CheapOpening(CheapOpening),
    Bits(MakingBits),
    Agreement(Agreement),
}

impl Engine {
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
            opened: BTreeMap::new(),
            fault: None,
        }
    }

    /// Keeps up to `bytes` of early frames for each peer: at least what the program's window of
    /// operations in flight can send.
    pub fn with_early_limit(mut self, bytes: usize) -> Self {
        self.early.set_limit(bytes);
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

    /// Multiplies elements pairwise. Finishes with [`Finished::Shares`]; one round.
    ///
    /// # Errors
    /// [`Misuse::OpReused`], [`Misuse::Lengths`], or the fault that ended the session.
    pub fn start_multiply(&mut self, op: u32, x: &[M61], y: &[M61]) -> Result<(), Error> {
        self.check_equal_lengths(x, y)?;
        self.open_number(op)?;
        self.context.counters.multiplications += x.len() as u64;
        let product = Product::start(&mut self.context, op, Local::Products(x, y));
        self.run(op, Operation::Product(product))
    }

    /// Inner products of consecutive runs of `width` elements: result k is the sum over l below
    /// `width` of `x[k * width + l] * y[k * width + l]`. Finishes with [`Finished::Shares`]; one
    /// round, and the traffic of one multiplication per result.
    ///
    /// # Errors
    /// [`Misuse::OpReused`], [`Misuse::Lengths`] (also for a length that is not a multiple of the
    /// width), or the fault that ended the session.
    pub fn start_dot(&mut self, op: u32, x: &[M61], y: &[M61], width: usize) -> Result<(), Error> {
        self.check_equal_lengths(x, y)?;
        // A width of zero divides nothing but the empty vector, and not even that has results then.
        if width == 0 || !x.len().is_multiple_of(width) {
            let (left, right) = (x.len(), width);
            return Err(Misuse::Lengths { left, right }.into());
        }
        self.open_number(op)?;
        self.context.counters.multiplications += (x.len() / width) as u64;
        let (left, right) = (x, y);
        let local = Local::Dots { left, right, width };
        let product = Product::start(&mut self.context, op, local);
        self.run(op, Operation::Product(product))
    }

    /// Fresh polynomials for the same values, as for a product with one: what comes out says nothing
    /// about how the shares came about. Finishes with [`Finished::Shares`]; one round.
    ///
    /// # Errors
    /// [`Misuse::OpReused`], or the fault that ended the session.
    pub fn start_reshare(&mut self, op: u32, x: &[M61]) -> Result<(), Error> {
        self.open_number(op)?;
        self.context.counters.reshares += x.len() as u64;
        let product = Product::start(&mut self.context, op, Local::Same(x));
        self.run(op, Operation::Product(product))
    }

    /// Opens values to all parties, who check all shares. Finishes with [`Finished::Opened`]; one
    /// round. The values are public from this call on, also when the session ends with a fault.
    ///
    /// # Errors
    /// [`Misuse::OpReused`], or the fault that ended the session.
    pub fn start_open_full(&mut self, op: u32, x: &[M61]) -> Result<(), Error> {
        self.open_number(op)?;
        self.context.counters.full_openings += x.len() as u64;
        let opening = FullOpening::start(&mut self.context, op, x);
        self.run(op, Operation::FullOpening(opening))
    }

    /// Opens values to all parties, who check nothing yet. Finishes with [`Finished::Cheap`]; one
    /// round. The values are public from this call on, also when the session ends with a fault.
    ///
    /// # Errors
    /// [`Misuse::OpReused`], or the fault that ended the session.
    pub fn start_open_cheap(&mut self, op: u32, x: &[M61]) -> Result<(), Error> {
        self.open_number(op)?;
        self.context.counters.cheap_openings += x.len() as u64;
        let opening = CheapOpening::start(&mut self.context, op, x);
        self.run(op, Operation::CheapOpening(opening))
    }

    /// Makes uniform random bits. Finishes with [`Finished::Bits`]; two rounds.
    ///
    /// # Errors
    /// [`Misuse::OpReused`], or the fault that ended the session.
    pub fn start_random_bits(&mut self, op: u32, len: usize) -> Result<(), Error> {
        self.open_number(op)?;
        self.context.counters.random_bits += len as u64;
        let bits = MakingBits::start(&mut self.context, op, len);
        self.run(op, Operation::Bits(bits))
    }

    /// Compares with all parties what the operations `covered` (cheap openings and random bits that
    /// have finished here) opened. Finishes with [`Finished::Agreed`]; one round.
    ///
    /// The covered operations are listed because parties finish operations in different orders; the
    /// program must list the same ones for every party.
    ///
    /// # Errors
    /// [`Misuse::OpReused`], [`Misuse::NothingToAgree`], or the fault that ended the session.
    pub fn start_agree(&mut self, op: u32, covered: &[u32]) -> Result<(), Error> {
        self.alive()?;
        let unknown = covered.iter().find(|op| !self.opened.contains_key(op));
        if let Some(op) = unknown {
            return Err(Misuse::NothingToAgree { op: *op }.into());
        }
        self.open_number(op)?;
        let digests = covered.iter().filter_map(|op| self.opened.remove_entry(op));
        let digests: BTreeMap<_, _> = digests.collect();
        let agreement = Agreement::start(&mut self.context, op, &digests);
        self.run(op, Operation::Agreement(agreement))
    }

    /// Shares of uniform random values that nobody knows. Without interaction.
    ///
    /// # Errors
    /// [`Misuse::OpReused`], or the fault that ended the session.
    pub fn random(&mut self, op: u32, len: usize) -> Result<Shares, Error> {
        self.open_number(op)?;
        self.context.counters.random_values += len as u64;
        let mut shares = Shares::zeros(len);
        for (part, range) in chunks(len, CHUNK_LEN) {
            let chunk = &mut shares[range];
            self.context.add_random(Purpose::Random, op, part, chunk);
        }
        // Nobody has anything to send for such an operation.
        match self.early.take(op).first() {
            None => Ok(shares),
            Some((from, slot, _)) => Err(self.die(Fault::Unexpected {
                from: *from,
                slot: *slot,
            })),
        }
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

    /// The next finished operation, in the order of finishing.
    pub fn take_finished(&mut self) -> Option<(u32, Finished)> {
        self.finished.pop_front()
    }

    /// The parties whose frames an operation is waiting for; empty when it is not running. They may
    /// be waiting themselves: a king cannot answer before it has everybody's squares.
    pub fn waiting_for(&self, op: u32) -> Vec<Party> {
        match self.running.get(&op) {
            None => Vec::new(),
            Some(Operation::Product(product)) => product.waiting_for(),
            Some(Operation::FullOpening(opening)) => opening.waiting_for(),
            Some(Operation::CheapOpening(opening)) => opening.waiting_for(),
            Some(Operation::Bits(bits)) => bits.waiting_for(&self.context),
            Some(Operation::Agreement(agreement)) => agreement.waiting_for(),
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

    /// Hands a frame to its running operation.
    fn receive(&mut self, from: Party, slot: Slot, payload: &[u8]) -> Result<(), Fault> {
        let Some(operation) = self.running.get_mut(&slot.op) else {
            return Err(Fault::Stale { from, slot });
        };
        if let Operation::Bits(bits) = operation {
            return bits.receive(&mut self.context, from, slot, payload);
        }
        if slot.step != 0 {
            return Err(Fault::Unexpected { from, slot });
        }
        match operation {
            Operation::Product(product) => product.receive(from, slot, payload),
            Operation::FullOpening(opening) => opening.receive(&self.checker, from, slot, payload),
            Operation::CheapOpening(opening) => opening.receive(from, slot, payload),
            Operation::Agreement(agreement) => agreement.receive(from, slot, payload),
            Operation::Bits(_) => unreachable!("bits were handled above"),
        }
    }

    /// Enters a started operation and gives it the frames that came early.
    fn run(&mut self, op: u32, operation: Operation) -> Result<(), Error> {
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
            Some(Operation::Product(product)) => product.complete(),
            Some(Operation::FullOpening(opening)) => opening.complete(),
            Some(Operation::CheapOpening(opening)) => opening.complete(),
            Some(Operation::Bits(bits)) => bits.complete(),
            Some(Operation::Agreement(agreement)) => agreement.complete(),
        };
        if !complete {
            return;
        }
        let session = self.context.session;
        let origin = Origin { session, op };
        let finished = match self.running.remove(&op).expect("it is complete") {
            Operation::Product(product) => Finished::Shares(product.into_shares()),
            Operation::FullOpening(opening) => Finished::Opened(Opened::new(opening.into_values())),
            Operation::CheapOpening(opening) => {
                let values = opening.into_values();
                self.opened.insert(op, digest_of(&values));
                Finished::Cheap(CheapOpened::new(origin, values))
            }
            Operation::Bits(bits) => {
                let (bits, digest) = bits.finish();
                self.opened.insert(op, digest);
                Finished::Bits(RandomBits::new(origin, bits))
            }
            Operation::Agreement(agreement) => {
                let ops = agreement.into_ops().into_iter().collect();
                Finished::Agreed(Agreed::new(session, ops))
            }
        };
        self.finished.push_back((op, finished));
    }

    /// Takes a number for an operation that is about to start.
    fn open_number(&mut self, op: u32) -> Result<(), Error> {
        self.alive()?;
        if self.used.contains(op) {
            return Err(Misuse::OpReused { op }.into());
        }
        self.used.insert(op);
        Ok(())
    }

    fn check_equal_lengths(&self, x: &[M61], y: &[M61]) -> Result<(), Error> {
        self.alive()?;
        if x.len() == y.len() {
            Ok(())
        } else {
            let (left, right) = (x.len(), y.len());
            Err(Misuse::Lengths { left, right }.into())
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

    /// Ends the session: nothing more leaves this engine, and its secrets go.
    fn end(&mut self, fault: Fault) {
        self.fault = Some(fault);
        self.running.clear();
        self.finished.clear();
        self.opened.clear();
        self.context.outbox.clear();
        self.context.forget();
        self.early = Early::new(self.context.committee.len(), 0);
    }
}

impl std::fmt::Debug for Engine {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Engine")
            .field("me", &self.context.me())
            .field("committee", &self.context.committee)
            .field("running", &self.running.len())
            .field("fault", &self.fault)
            .finish_non_exhaustive()
    }
}
