//! A whole computation that one party spoils at a named message in a named way, and what must hold
//! whatever it does.
//!
//! The program makes masks and verifies them, multiplies, shuffles rows and puts them back, opens a product under masks, goes on with
//! what that gave, verifies everything, and opens the results. Every party goes on as soon as it can.

use std::cell::{Cell, RefCell};
use std::collections::{BTreeMap, BTreeSet};
use std::rc::Rc;

use enigma_field::{Committee, Levels, M61, Party, shamir};
use enigma_mpc::testing::{Delivery, Forger, Network, TestRng, dealt_seeds, share, values};
use enigma_mpc::{BITS_CHUNK_LEN, Engine, Error, Fault, Finished, Mask, Wires};

pub(crate) const MAKE_BITS: u32 = 0;
pub(crate) const MULTIPLY: u32 = 1;
pub(crate) const DOT: u32 = 2;
pub(crate) const RESHARE: u32 = 3;
pub(crate) const OPEN_MASKED: u32 = 4;
pub(crate) const SCALE: u32 = 5;
pub(crate) const OPEN: u32 = 6;
pub(crate) const SHUFFLE: u32 = 7;
pub(crate) const UNSHUFFLE: u32 = 8;
pub(crate) const BY_KINGS: u32 = 9;
/// The batch of masks.
pub(crate) const BITS: u32 = 100;
/// The batch of everything else.
pub(crate) const VALUES: u32 = 101;

/// Elements multiplied, enough for two levels of blocks.
const LEN: usize = 140;
/// Elements of inner products, three results.
const DOT_LEN: usize = 12;
const DOT_WIDTH: usize = 4;
/// Rows shuffled, of two columns.
const ROWS: usize = 5;
/// Elements multiplied through kings: each of three, five or seven parties is king of as many.
const KINGS_LEN: usize = 105;

/// A kind of message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    Multiply,
    Dot,
    Terms,
    Sums,
    Reshare,
    /// A phase of the shuffle, and of the way back.
    Shuffle(u8),
    Unshuffle(u8),
    Squares,
    Roots,
    MaskedOpening,
    Opening,
    /// A step of the verification of [`VALUES`].
    Checkpoint,
    Coin(u8),
    Deal(u8),
    VerifyOpening,
    Acceptance,
}

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
}

#[derive(Clone, Copy, Debug)]
pub(crate) struct Case {
    pub(crate) n: u8,
    pub(crate) corrupt: Party,
    pub(crate) kind: Kind,
    pub(crate) mutation: Mutation,
    pub(crate) seed: u64,
}

/// How many elements the claim of [`VALUES`] has.
fn claim_len(n: u8) -> usize {
    LEN + DOT_LEN + KINGS_LEN + 2 + 2 * ROWS * usize::from(phases(n))
}

/// Phases of a shuffle, if so many parties shuffle.
fn phases(n: u8) -> u8 {
    match n {
        3 => 3,
        5 => 10,
        7 => 35,
        _ => 0,
    }
}

impl Kind {
    pub(crate) fn all(n: u8) -> Vec<Self> {
        let coins = Levels::new(claim_len(n)).coins() as u8;
        let last = phases(n) - 1;
        let mut all = vec![
            Self::Multiply,
            Self::Dot,
            Self::Terms,
            Self::Sums,
            Self::Reshare,
            Self::Squares,
            Self::Roots,
            Self::MaskedOpening,
            Self::Opening,
            Self::Checkpoint,
        ];
        for phase in [0, last / 2, last] {
            all.extend([Self::Shuffle(phase), Self::Unshuffle(phase)]);
        }
        all.extend((0..coins).map(Self::Coin));
        all.extend((0..coins - 1).map(Self::Deal));
        all.extend([Self::VerifyOpening, Self::Acceptance]);
        all
    }

    /// Its operation and step.
    pub(crate) fn place(self, n: u8) -> (u32, u8) {
        let coins = Levels::new(claim_len(n)).coins() as u8;
        match self {
            Self::Multiply => (MULTIPLY, 0),
            Self::Dot => (DOT, 0),
            Self::Terms => (BY_KINGS, 0),
            Self::Sums => (BY_KINGS, 1),
            Self::Reshare => (RESHARE, 0),
            Self::Shuffle(phase) => (SHUFFLE, phase),
            Self::Unshuffle(phase) => (UNSHUFFLE, phase),
            Self::Squares => (MAKE_BITS, 0),
            Self::Roots => (MAKE_BITS, 1),
            Self::MaskedOpening => (OPEN_MASKED, 0),
            Self::Opening => (OPEN, 0),
            Self::Checkpoint => (VALUES, 0),
            Self::Coin(number) => (VALUES, 1 + 2 * number),
            Self::Deal(level) => (VALUES, 2 + 2 * level),
            Self::VerifyOpening => (VALUES, 2 * coins),
            Self::Acceptance => (VALUES, 2 * coins + 1),
        }
    }

    /// The batch that must not be accepted when the message is wrong.
    fn batch(self) -> Option<u32> {
        match self {
            Self::Squares | Self::Roots => Some(BITS),
            Self::Opening | Self::Acceptance => None,
            _ => Some(VALUES),
        }
    }

    /// Bytes of a message that are field elements.
    fn elements(self, payload: &[u8]) -> usize {
        match self {
            Self::Checkpoint | Self::Coin(_) | Self::Acceptance => 0,
            // f, g and h; behind them stand hashes of links, and the signature.
            Self::VerifyOpening => 48,
            _ => payload.len(),
        }
    }
}

impl Mutation {
    pub(crate) const ALL: [Self; 15] = [
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
    ];

    pub(crate) fn applies_to(self, kind: Kind) -> bool {
        let signed = matches!(kind, Kind::Checkpoint | Kind::VerifyOpening);
        match self {
            Self::SignedForAll | Self::SignedForOne => signed,
            _ => true,
        }
    }
}

/// One party's way through the program.
#[derive(Default)]
struct Player {
    stage: u8,
    results: BTreeMap<u32, Finished>,
    masks: Option<Mask>,
    /// What it finished as wires, by operation.
    wires: BTreeMap<u32, Wires>,
    fault: Option<Fault>,
}

const DONE: u8 = 8;

/// A run, and then what is left of it.
pub(crate) struct Run {
    pub(crate) network: Network,
    inputs: Vec<[Wires; 2]>,
    plain: [Vec<M61>; 2],
    masks: usize,
    players: Vec<Player>,
    held: Rc<RefCell<Vec<Delivery>>>,
}

impl Run {
    /// `masks`: how many masks are made.
    pub(crate) fn new(n: u8, masks: usize, seed: u64) -> Self {
        let committee = Committee::new(n).expect("an odd size");
        let plain = [1, 2].map(|salt| values(LEN, 10 * seed + salt));
        let [x, y] = [0, 1].map(|k| share(committee, &plain[k], seed + k as u64));
        let inputs = x.into_iter().zip(y);
        Self {
            network: Network::new(committee, seed),
            inputs: inputs.map(|(x, y)| [x, y].map(Wires::input)).collect(),
            plain,
            masks,
            players: committee.parties().map(|_| Player::default()).collect(),
            held: Rc::default(),
        }
    }

    /// Goes on until nothing is left to do; what was held back is then let go.
    pub(crate) fn finish(&mut self) {
        loop {
            // What a frame is replaced by must be known before its sender signs for it.
            self.network.collect();
            for k in 0..self.players.len() {
                self.play(k);
            }
            match self.network.deliver_one() {
                Ok(true) => {}
                Err((receiver, fault)) => {
                    let seen = &mut self.players[receiver.index()].fault;
                    seen.get_or_insert(fault);
                }
                Ok(false) => {
                    let mut held = self.held.borrow_mut();
                    if held.is_empty() {
                        return;
                    }
                    self.network.in_flight.append(&mut held);
                }
            }
        }
    }

    /// What a party got out, once it has.
    pub(crate) fn output(&self, party: Party) -> Option<&[M61]> {
        match self.players[party.index()].results.get(&OPEN)? {
            Finished::Opened(opened) => Some(opened),
            other => panic!("not opened: {other:?}"),
        }
    }

    /// What a party must get out but for random bits at the end, given what it opened under masks.
    pub(crate) fn expected(&self, party: Party) -> Vec<M61> {
        let [x, y] = &self.plain;
        let opened = self.players[party.index()].results.get(&OPEN_MASKED);
        let Some(Finished::Opened(opened)) = opened else {
            panic!("party {party} got an output without opening under masks");
        };
        let products: Vec<M61> = x.iter().zip(y).map(|(x, y)| *x * *y).collect();
        let dots = products[..DOT_LEN].chunks(DOT_WIDTH);
        let dots: Vec<M61> = dots.map(|run| run.iter().sum()).collect();
        let scaled: Vec<M61> = x.iter().map(|x| *x * opened[0]).collect();
        let rows = [&x[..ROWS], &y[..ROWS]].concat();
        let by_kings = &products[..KINGS_LEN];
        [&products[..], &dots, by_kings, x, &scaled, &rows].concat()
    }

    pub(crate) fn fault(&self, party: Party) -> Option<&Fault> {
        self.players[party.index()].fault.as_ref()
    }

    pub(crate) fn accepted(&self, party: Party, batch: u32) -> bool {
        self.players[party.index()].results.contains_key(&batch)
    }

    /// Starts what the party can start.
    fn play(&mut self, k: usize) {
        let (engine, player) = (&mut self.network.engines[k], &mut self.players[k]);
        while let Some((op, finished)) = engine.take_finished() {
            let wires = match finished {
                Finished::Bits(bits) => {
                    let exponents: Vec<u32> = (0..61).collect();
                    let (bits, masks) = bits.into_masks(&exponents).expect("complete");
                    player.masks = Some(masks);
                    Some(bits)
                }
                Finished::Wires(wires) => Some(wires),
                other => {
                    player.results.insert(op, other);
                    None
                }
            };
            player.wires.extend(wires.map(|wires| (op, wires)));
        }
        if engine.fault().is_some() {
            return;
        }
        while let Some(started) = player.step(engine, &self.inputs[k], self.masks) {
            match started {
                Ok(()) => player.stage += 1,
                Err(Error::Fault(fault)) => {
                    player.fault.get_or_insert(fault);
                    return;
                }
                Err(misuse) => panic!("the program is right: {misuse}"),
            }
        }
    }
}

impl Player {
    /// The next stage, if everything for it is there.
    fn step(
        &mut self,
        engine: &mut Engine,
        [x, y]: &[Wires; 2],
        masks: usize,
    ) -> Option<Result<(), Error>> {
        let has = |ops: &[u32]| {
            let known = |op: &u32| self.wires.contains_key(op) || self.results.contains_key(op);
            ops.iter().all(known).then_some(())
        };
        match self.stage {
            0 => Some(start(engine, x, y, masks)),
            1 => {
                has(&[MAKE_BITS])?;
                Some(engine.start_verify(BITS))
            }
            2 => {
                has(&[BITS, MULTIPLY])?;
                let masks = self.masks.take()?;
                let product = &self.wires[&MULTIPLY];
                let repeated = (0..masks.len()).map(|k| product[k % LEN]).collect();
                let repeated = Wires::computed(repeated, [product]);
                let masks = engine.verified(masks).expect("they are accepted");
                Some(engine.start_open_masked(OPEN_MASKED, &repeated, masks))
            }
            3 => {
                has(&[OPEN_MASKED])?;
                let Finished::Opened(opened) = &self.results[&OPEN_MASKED] else {
                    panic!("not opened");
                };
                let scaled = x.iter().map(|x| opened[0] * *x).collect();
                let scaled = Wires::computed(scaled, [x]).depending_on(opened);
                Some(engine.start_reshare(SCALE, VALUES, scaled))
            }
            4 => {
                has(&[SHUFFLE])?;
                let shuffled = &self.wires[&SHUFFLE];
                let columns = [0..ROWS, ROWS..2 * ROWS].map(|range| shuffled.part(range));
                Some(engine.start_unshuffle(UNSHUFFLE, VALUES, SHUFFLE, columns.to_vec()))
            }
            5 => {
                has(&[SCALE, DOT, BY_KINGS, RESHARE, UNSHUFFLE])?;
                Some(engine.start_verify(VALUES))
            }
            6 => {
                has(&[VALUES])?;
                let parts = [
                    MULTIPLY, DOT, BY_KINGS, RESHARE, SCALE, UNSHUFFLE, SHUFFLE, MAKE_BITS,
                ];
                let parts = parts.map(|op| &self.wires[&op]);
                let all = parts.iter().flat_map(|part| part.iter().copied()).collect();
                let all = engine.verified(Wires::computed(all, parts));
                Some(engine.start_open(OPEN, all.expect("everything is accepted")))
            }
            7 => {
                has(&[OPEN])?;
                Some(Ok(()))
            }
            _ => None,
        }
    }
}

fn start(engine: &mut Engine, x: &Wires, y: &Wires, masks: usize) -> Result<(), Error> {
    engine.start_random_bits(MAKE_BITS, BITS, 61 * masks)?;
    engine.start_multiply(MULTIPLY, VALUES, vec![(x.clone(), y.clone())])?;
    let (left, right) = (x.part(0..DOT_LEN), y.part(0..DOT_LEN));
    engine.start_dot(DOT, VALUES, left, right, DOT_WIDTH)?;
    engine.start_shuffle(SHUFFLE, VALUES, vec![x.part(0..ROWS), y.part(0..ROWS)])?;
    let factors = vec![(x.part(0..KINGS_LEN), y.part(0..KINGS_LEN))];
    engine.start_multiply_by_kings(BY_KINGS, VALUES, factors)?;
    engine.start_reshare(RESHARE, VALUES, x.clone())
}

impl Case {
    /// Runs the case and holds the run against what must hold; `false` when the corrupt party sends
    /// no such message, so that there was nothing to spoil.
    pub(crate) fn check(self) -> bool {
        // Kings rotate by chunk: enough of them that the corrupt party is king of the last.
        let chunks_before = match self.kind {
            Kind::Roots => self.corrupt.index(),
            Kind::Squares => usize::from(self.corrupt.index() == 0),
            _ => 0,
        };
        let masks = (chunks_before * BITS_CHUNK_LEN / 61 + 1).max(2);
        let mut run = Run::new(self.n, masks, self.seed);
        let spoiled = Rc::new(RefCell::new(BTreeSet::new()));
        run.network.tamper = Some(self.tamper(spoiled.clone(), run.held.clone()));
        run.finish();
        let spoiled = spoiled.borrow();
        if !spoiled.is_empty() {
            Verdict {
                case: self,
                run: &run,
            }
            .check(&spoiled);
        }
        !spoiled.is_empty()
    }

    /// Spoils every message of the kind, and notes to whom.
    fn tamper(
        self,
        spoiled: Rc<RefCell<BTreeSet<Party>>>,
        held: Rc<RefCell<Vec<Delivery>>>,
    ) -> enigma_mpc::testing::Tamper {
        let committee = Committee::new(self.n).expect("an odd size");
        let mut rng = TestRng::new(self.seed ^ 0x5eed);
        let seeds = dealt_seeds(committee, self.seed);
        let mut forger = Forger::new(&seeds[self.corrupt.index()]);
        let (op, step) = self.kind.place(self.n);
        let mut earlier: BTreeMap<Party, Vec<Vec<u8>>> = BTreeMap::new();
        // One place for all receivers, so that they may agree on what is wrong.
        let place = Cell::new(None);
        let victim = Cell::new(None);
        Box::new(move |mut frame| {
            if frame.slot.op == VALUES && frame.slot.step == 0 {
                forger.observe(&frame);
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
                let bound = match self.kind {
                    // Behind the link and what a checkpoint said stands a signature, which nobody
                    // reads when all saw the same.
                    Kind::Coin(_) => frame.payload.len().min(64),
                    _ if elements > 0 => elements,
                    _ => frame.payload.len(),
                };
                place.set(Some(rng.below(bound)));
            }
            let place = place.get().expect("it was set");
            let payload = &mut frame.payload;
            match self.mutation {
                Mutation::AddToAll | Mutation::AddToOne => add(payload, elements, place, 1),
                Mutation::AddDifferent => {
                    add(payload, elements, place, u64::from(frame.to.number()));
                }
                Mutation::SignedForAll | Mutation::SignedForOne => match self.kind {
                    Kind::Checkpoint => {
                        add(payload, 0, place % 64, 1);
                        forger.sign_checkpoint(op, payload);
                    }
                    _ => {
                        add(payload, elements, place, 1);
                        forger.sign_opening(op, payload);
                    }
                },
                Mutation::NonCanonical if elements > 0 => {
                    payload[place / 8 * 8..][..8].fill(0xff);
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

/// Adds to the element at a byte place; flips a bit there when there are no elements.
fn add(payload: &mut [u8], elements: usize, place: usize, delta: u64) {
    if elements == 0 {
        payload[place] ^= 1 << (delta % 8);
        return;
    }
    let bytes = &mut payload[place / 8 * 8..][..8];
    let word = u64::from_le_bytes((&*bytes).try_into().expect("eight bytes"));
    let element = M61::new(word) + M61::new(delta);
    bytes.copy_from_slice(&element.to_bytes());
}

/// What must hold after a case.
struct Verdict<'a> {
    case: Case,
    run: &'a Run,
}

impl Verdict<'_> {
    fn check(&self, spoiled: &BTreeSet<Party>) {
        self.check_outputs();
        self.check_accepted();
        self.check_blame();
        self.check_waiting();
        self.check_mutation(spoiled);
    }

    fn honest(&self) -> impl Iterator<Item = Party> + '_ {
        let committee = self.run.network.committee();
        committee.others(self.case.corrupt)
    }

    fn players(&self) -> impl Iterator<Item = (Party, &Player)> + '_ {
        self.honest()
            .map(|party| (party, &self.run.players[party.index()]))
    }

    /// Nobody got a wrong value.
    fn check_outputs(&self) {
        let mut bits: Option<&[M61]> = None;
        for party in self.honest() {
            let Some(output) = self.run.output(party) else {
                continue;
            };
            let expected = self.run.expected(party);
            let (values, made) = output.split_at(expected.len());
            let (shuffled, made) = made.split_at(2 * ROWS);
            self.check_shuffled(shuffled);
            assert_eq!(
                values, expected,
                "{:?}: party {party} got it wrong",
                self.case
            );
            assert!(made.iter().all(|bit| bit.value() < 2), "{:?}", self.case);
            assert_eq!(*bits.get_or_insert(made), made, "{:?}", self.case);
        }
        // What was opened under masks is the same for all who got it.
        let opened: Vec<&[M61]> = (self.players())
            .filter_map(|(_, player)| match player.results.get(&OPEN_MASKED)? {
                Finished::Opened(opened) => Some(&**opened),
                other => panic!("not opened: {other:?}"),
            })
            .collect();
        assert!(
            opened.windows(2).all(|two| two[0] == two[1]),
            "{:?}",
            self.case
        );
    }

    /// These are the rows, in some order.
    fn check_shuffled(&self, shuffled: &[M61]) {
        let [x, y] = &self.run.plain;
        let sorted = |x: &[M61], y: &[M61]| {
            let rows = x.iter().zip(y).map(|(x, y)| [x.value(), y.value()]);
            let mut rows: Vec<_> = rows.collect();
            rows.sort_unstable();
            rows
        };
        let (left, right) = shuffled.split_at(ROWS);
        assert_eq!(
            sorted(left, right),
            sorted(&x[..ROWS], &y[..ROWS]),
            "{:?}",
            self.case
        );
    }

    /// Who accepted a batch has right shares of right values in it.
    fn check_accepted(&self) {
        for party in self.honest() {
            if self.run.accepted(party, BITS) {
                let bits = self.reconstruct(MAKE_BITS);
                assert!(bits.iter().all(|bit| bit.value() < 2), "{:?}", self.case);
            }
            if self.run.accepted(party, VALUES) {
                let ops = [MULTIPLY, DOT, BY_KINGS, RESHARE, SCALE, UNSHUFFLE];
                let values: Vec<M61> = ops.iter().flat_map(|op| self.reconstruct(*op)).collect();
                assert_eq!(values, self.run.expected(party), "{:?}", self.case);
                self.check_shuffled(&self.reconstruct(SHUFFLE));
            }
        }
    }

    /// The values of wires, from the honest parties' shares, the first and the last t + 1 of them.
    fn reconstruct(&self, op: u32) -> Vec<M61> {
        let t = self.run.network.committee().degree();
        let all: Vec<(M61, &Wires)> = (self.players())
            .map(|(party, player)| (party.point(), &player.wires[&op]))
            .collect();
        let value = |some: &[(M61, &Wires)], k: usize| {
            let points: Vec<M61> = some.iter().map(|(point, _)| *point).collect();
            let shares: Vec<M61> = some.iter().map(|(_, wires)| wires[k]).collect();
            shamir::reconstruct(&points, &shares).expect("distinct points")
        };
        let both = |k: usize| {
            let first = value(&all[..t + 1], k);
            assert_eq!(
                first,
                value(&all[all.len() - t - 1..], k),
                "{:?}",
                self.case
            );
            first
        };
        (0..all[0].1.len()).map(both).collect()
    }

    /// No honest party is named.
    fn check_blame(&self) {
        for (party, player) in self.players() {
            let named = player.fault.iter().flat_map(Fault::culprits);
            for culprit in named {
                let fault = player.fault.as_ref();
                assert_eq!(
                    culprit, self.case.corrupt,
                    "{:?}: {party}: {fault:?}",
                    self.case
                );
            }
        }
    }

    /// Who is neither done nor stopped by a fault waits for somebody who does not send.
    fn check_waiting(&self) {
        let stuck = |party: &Party| {
            let player = &self.run.players[party.index()];
            player.stage < DONE && player.fault.is_none()
        };
        let faults = self.players().any(|(_, player)| player.fault.is_some());
        for party in self.honest().filter(stuck) {
            let mut reached = BTreeSet::from([party]);
            let mut todo = vec![party];
            while let Some(next) = todo.pop() {
                let waits_for = self.run.network.engines[next.index()].waiting_for_any();
                let fresh = waits_for.into_iter().filter(|other| reached.insert(*other));
                todo.extend(fresh);
            }
            let silent = |other: &Party| {
                *other == self.case.corrupt || (faults && self.run.fault(*other).is_some())
            };
            assert!(
                reached.len() > 1,
                "{:?}: {party} waits for nobody",
                self.case
            );
            assert!(reached.iter().any(silent), "{:?}: {reached:?}", self.case);
            let blamed = |other: &Party| silent(other) || stuck(other);
            assert!(reached.iter().all(blamed), "{:?}: {reached:?}", self.case);
        }
    }

    /// What holds for this mutation beside that.
    fn check_mutation(&self, spoiled: &BTreeSet<Party>) {
        let case = self.case;
        let faults: Vec<&Fault> = self
            .players()
            .filter_map(|(_, p)| p.fault.as_ref())
            .collect();
        match case.mutation {
            Mutation::AddToAll
            | Mutation::AddToOne
            | Mutation::AddDifferent
            | Mutation::SignedForAll
            | Mutation::SignedForOne => {
                assert!(!faults.is_empty(), "{case:?}");
                for party in self.honest() {
                    let refuses = match case.kind.batch() {
                        Some(batch) => !self.run.accepted(party, batch),
                        None if case.kind == Kind::Opening => self.run.output(party).is_none(),
                        None => !self.run.accepted(party, VALUES),
                    };
                    let told = case.kind.batch().is_some() || spoiled.contains(&party);
                    assert!(refuses || !told, "{case:?}: {party}");
                }
            }
            Mutation::NonCanonical | Mutation::Truncated | Mutation::Extended => {
                assert!(!faults.is_empty(), "{case:?}");
                let names = |fault: &&Fault| fault.culprits() == [case.corrupt];
                assert!(faults.iter().all(names), "{case:?}: {faults:?}");
            }
            Mutation::Duplicated => {
                assert!(!faults.is_empty(), "{case:?}");
                let copy =
                    |fault: &&Fault| matches!(fault, Fault::Duplicate { .. } | Fault::Stale { .. });
                assert!(faults.iter().all(copy), "{case:?}: {faults:?}");
            }
            Mutation::Dropped | Mutation::DroppedForOne => {
                assert!(faults.is_empty(), "{case:?}: {faults:?}");
                assert!(self.players().any(|(_, p)| p.stage < DONE), "{case:?}");
            }
            Mutation::Delayed => {
                assert!(faults.is_empty(), "{case:?}: {faults:?}");
                assert!(self.players().all(|(_, p)| p.stage == DONE), "{case:?}");
            }
            Mutation::Replayed | Mutation::Exchanged | Mutation::RandomBytes => {}
        }
    }
}
