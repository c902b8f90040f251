//! One party's messages of one kind, spoiled in one way.

use std::cell::{Cell, RefCell};

use enigma_mpc::BITS_CHUNK_LEN;
use enigma_mpc::testing::{Forger, TestRng, dealt_seeds};

use super::verdict::Verdict;
use super::*;

/// What becomes of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Mutation {
    /// Adds one to an element; flips a bit where there are no elements.
    AddToAll,
    /// The same for one receiver only.
    AddToOne,
    /// A different number for each receiver.
    AddDifferent,
    NonCanonical,
    Truncated,
    Extended,
    Duplicated,
    Dropped,
    DroppedForOne,
    /// Until nothing else happens.
    Delayed,
    /// Carries what the sender sent at an earlier step.
    Replayed,
    /// Carries what the sender sends next, and the other way round.
    Exchanged,
    RandomBytes,
    /// As [`Self::AddToAll`] and [`Self::AddToOne`], and properly signed.
    SignedForAll,
    SignedForOne,
    /// Deals another value by a polynomial of the right degree, its own point included, so that all shares
    /// remain consistent: what a cheat does that keeps to its lie.
    Consistent,
}

#[derive(Clone, Copy, Debug)]
pub(crate) struct Case {
    pub(crate) n: u8,
    pub(crate) corrupt: Party,
    pub(crate) kind: Kind,
    pub(crate) mutation: Mutation,
    pub(crate) seed: u64,
}

impl Mutation {
    pub(crate) const ALL: [Self; 16] = [
        Self::AddToAll,
        Self::AddToOne,
        Self::AddDifferent,
        Self::NonCanonical,
        Self::Truncated,
        Self::Extended,
        Self::Duplicated,
        Self::Dropped,
        Self::DroppedForOne,
        Self::Delayed,
        Self::Replayed,
        Self::Exchanged,
        Self::RandomBytes,
        Self::SignedForAll,
        Self::SignedForOne,
        Self::Consistent,
    ];

    pub(crate) fn applies_to(self, kind: Kind) -> bool {
        match self {
            Self::SignedForAll | Self::SignedForOne => kind.is_signed(),
            Self::NonCanonical => kind.is_canonical(),
            Self::Consistent => kind.is_dealt_by_all(),
            _ => true,
        }
    }
}

impl Case {
    /// Runs the case twice, with other values of the honest parties, and holds both runs against what
    /// must hold, and against each other; `false` when the corrupt party sends no such message, so that
    /// there was nothing to spoil.
    pub(crate) fn check<F: PrimeField>(self) -> bool {
        // Kings rotate by chunk: enough of them that the corrupt party is king of the last.
        let chunks_before = match self.kind {
            Kind::Roots => self.corrupt.index(),
            Kind::Squares => usize::from(self.corrupt.index() == 0),
            _ => 0,
        };
        let masks = (chunks_before * BITS_CHUNK_LEN / F::BITS as usize + 1).max(2);
        let first = self.run(Run::<F>::new(self.n, masks, self.seed));
        let Some(first) = first else {
            return false;
        };
        let twin = Run::twin(self.n, masks, self.seed, self.corrupt);
        let second = self.run(twin).expect("it sends the same messages");
        Verdict::check_twins(self, &first, &second);
        true
    }

    /// Spoils a run and judges it; none when there was nothing to spoil.
    fn run<F: PrimeField>(self, mut run: Run<F>) -> Option<Run<F>> {
        let spoiled = Rc::new(RefCell::new(BTreeSet::new()));
        let mut tamper = self.tamper::<F>(spoiled.clone(), run.held.clone());
        let transcript = run.transcript.clone();
        run.network.tamper = Some(Box::new(move |frame| {
            if frame.from != self.corrupt {
                let len = frame.payload.len();
                let sent = (frame.from, frame.to, frame.slot, len);
                transcript.borrow_mut().push(sent);
            }
            tamper(frame)
        }));
        run.finish();
        let spoiled = spoiled.borrow();
        if spoiled.is_empty() {
            return None;
        }
        let case = self;
        Verdict { case, run: &run }.check(&spoiled);
        Some(run)
    }

    /// Spoils every message of the kind, and notes to whom.
    fn tamper<F: PrimeField>(
        self,
        spoiled: Rc<RefCell<BTreeSet<Party>>>,
        held: Rc<RefCell<Vec<Delivery>>>,
    ) -> enigma_mpc::testing::Tamper {
        let committee = Committee::new(self.n).expect("an odd size");
        let mut rng = TestRng::new(self.seed ^ 0x5eed);
        let seeds = dealt_seeds(committee, self.seed);
        let mut forger = Forger::new(&seeds[self.corrupt.index()]);
        let (op, step) = self.kind.place::<F>(self.n);
        let mut earlier: BTreeMap<Party, Vec<Vec<u8>>> = BTreeMap::new();
        // One place for all receivers, so that they may agree on what is wrong.
        let place = Cell::new(None);
        let victim = Cell::new(None);
        let mut own_point = false;
        Box::new(move |mut frame| {
            if self.kind.is_signed() && (frame.slot.op, frame.slot.step) == (op, 0) {
                forger.observe(&frame);
            }
            if self.mutation == Mutation::Consistent {
                let of_kind = (frame.slot.op, frame.slot.step) == (op, step);
                if of_kind && (frame.from == self.corrupt || frame.to == self.corrupt) {
                    let elements = frame.payload.len() / F::BYTES;
                    let at = place.get().unwrap_or_else(|| rng.below(elements));
                    place.set(Some(at));
                    self.deal_otherwise::<F>(&mut frame, at, &mut own_point);
                    spoiled.borrow_mut().insert(frame.to);
                }
                return vec![frame];
            }
            if frame.from != self.corrupt {
                return vec![frame];
            }
            if (frame.slot.op, frame.slot.step) != (op, step) {
                earlier
                    .entry(frame.to)
                    .or_default()
                    .push(frame.payload.clone());
                let mut held = held.borrow_mut();
                let waiting = held.iter().position(|other| other.to == frame.to);
                if self.mutation == Mutation::Exchanged
                    && let Some(waiting) = waiting
                {
                    let mut other = held.swap_remove(waiting);
                    std::mem::swap(&mut other.payload, &mut frame.payload);
                    spoiled.borrow_mut().insert(frame.to);
                    return vec![other, frame];
                }
                return vec![frame];
            }
            let for_one = matches!(
                self.mutation,
                Mutation::AddToOne | Mutation::DroppedForOne | Mutation::SignedForOne
            );
            if for_one && victim.get().is_some_and(|victim| victim != frame.to) {
                return vec![frame];
            }
            victim.set(Some(frame.to));
            let elements = self.kind.elements(&frame.payload);
            if place.get().is_none() {
                place.set(Some(rng.below(self.kind.body(&frame.payload))));
            }
            let place = place.get().expect("it was set");
            let payload = &mut frame.payload;
            match self.mutation {
                Mutation::AddToAll | Mutation::AddToOne => add::<F>(payload, elements, place, 1),
                Mutation::AddDifferent => {
                    add::<F>(payload, elements, place, u64::from(frame.to.number()));
                }
                Mutation::SignedForAll | Mutation::SignedForOne => match self.kind {
                    Kind::Checkpoint(_) => {
                        add::<F>(payload, 0, place % 64, 1);
                        forger.sign_checkpoint(op, payload);
                    }
                    _ => {
                        add::<F>(payload, elements, place, 1);
                        forger.sign_opening(op, payload);
                    }
                },
                Mutation::Consistent => unreachable!("it has been done"),
                Mutation::NonCanonical if elements > 0 => {
                    payload[place / F::BYTES * F::BYTES..][..F::BYTES].fill(0xff);
                }
                Mutation::NonCanonical => payload.fill(0xff),
                Mutation::Truncated => payload.truncate(place),
                Mutation::Extended => payload.extend([0; 8]),
                Mutation::RandomBytes => {
                    payload
                        .iter_mut()
                        .for_each(|byte| *byte = rng.below(256) as u8);
                }
                Mutation::Replayed => {
                    let earlier = earlier.get(&frame.to);
                    // Something of the same length, if there is.
                    let fitting = earlier.and_then(|earlier| {
                        let same = |other: &&Vec<u8>| other.len() == payload.len();
                        earlier.iter().rev().find(same).or(earlier.last())
                    });
                    match fitting {
                        None => return vec![frame],
                        Some(other) => payload.clone_from(other),
                    }
                }
                Mutation::Exchanged => {
                    held.borrow_mut().push(frame);
                    return Vec::new();
                }
                Mutation::Duplicated => {
                    spoiled.borrow_mut().insert(frame.to);
                    return vec![frame.clone(), frame];
                }
                Mutation::Dropped | Mutation::DroppedForOne => {
                    spoiled.borrow_mut().insert(frame.to);
                    return Vec::new();
                }
                Mutation::Delayed => {
                    spoiled.borrow_mut().insert(frame.to);
                    held.borrow_mut().push(frame);
                    return Vec::new();
                }
            }
            spoiled.borrow_mut().insert(frame.to);
            vec![frame]
        })
    }
}

impl Case {
    /// Adds to element `at` of a dealing its point of the polynomial that vanishes where points are derived.
    /// The cheat's own point, `own_point` if that is done, is added to what it receives instead: shares are
    /// sums of what all deal.
    fn deal_otherwise<F: PrimeField>(self, frame: &mut Delivery, at: usize, own_point: &mut bool) {
        if frame.to == self.corrupt && std::mem::replace(own_point, true) {
            return;
        }
        let committee = Committee::new(self.n).expect("an odd size");
        let derived = (1..=committee.degree()).map(|steps| committee.after(self.corrupt, steps));
        let point = |party: Party| party.point::<F>();
        let error = derived.fold(F::ONE, |error, party| {
            error * (point(frame.to) - point(party))
        });
        add_element(&mut frame.payload, at, error);
    }
}

/// Adds to the element at a byte place; flips a bit there when there are no elements.
fn add<F: PrimeField>(payload: &mut [u8], elements: usize, place: usize, delta: u64) {
    if elements == 0 {
        // Behind the last of some comparisons come two bits that nobody may set.
        payload[place] ^= 1 << (delta % 6);
        return;
    }
    add_element(payload, place / F::BYTES, F::from_u64(delta));
}

fn add_element<F: PrimeField>(payload: &mut [u8], at: usize, error: F) {
    let bytes = &mut payload[F::BYTES * at..][..F::BYTES];
    let element = F::read_from(bytes).expect("an honest party's element");
    (element + error).put(bytes);
}
