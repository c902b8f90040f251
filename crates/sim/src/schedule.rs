//! Which message of a run is what: the plans say under which number each call runs, and the protocols
//! say what the steps of a call are. Corrupt parties aim with this.

use std::collections::BTreeMap;
use std::fmt;
use std::str::FromStr;

use enigma_bytecode::plan::{Call, Form, Plan, Step};
use enigma_field::interpolation::{deals_randoms, prss_subsets};
use enigma_field::{Committee, Levels, Party, PrimeField};
use enigma_mpc::{
    COMPARE_PART_LEN, Slot, bits_chunk_len, chunk_len, compare_layers, cost, kings_chunk_len,
};

/// What a message is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Kind {
    /// No message: the party's own shares of rows.
    Input,
    /// Set-up: session key and seeds.
    Hello,
    /// Set-up: commitments to seeds.
    Claims,
    /// Points of a multiplication's, or a reshare's, dealing.
    Product,
    /// Points of a dealing in a phase of a shuffle.
    Shuffle,
    /// Products through kings: masked local products, to the king.
    Term,
    /// Products through kings: what the king tells t others, or deals them.
    Sum,
    /// Points of random values, for what is made with them.
    Random,
    /// Random bits: shares of squares, to the king.
    Square,
    /// Random bits: the king's roots.
    Root,
    /// Shares of opened values.
    Opening,
    /// A comparison's bits of a layer of gates.
    Gates,
    /// Verification: what a party commits to.
    Checkpoint,
    /// Verification: a link of a coin chain; with the first, others' checkpoints.
    Coin,
    /// Verification: points of a level's dealing.
    Dealing,
    /// Verification: signed shares of the last values.
    CheckOpening,
    /// Verification: a signed acceptance.
    Acceptance,
}

impl Kind {
    /// All kinds.
    pub const ALL: [Kind; 17] = [
        Kind::Input,
        Kind::Hello,
        Kind::Claims,
        Kind::Product,
        Kind::Shuffle,
        Kind::Term,
        Kind::Sum,
        Kind::Random,
        Kind::Square,
        Kind::Root,
        Kind::Opening,
        Kind::Gates,
        Kind::Checkpoint,
        Kind::Coin,
        Kind::Dealing,
        Kind::CheckOpening,
        Kind::Acceptance,
    ];

    /// Its word in adversaries.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Kind::Input => "input",
            Kind::Hello => "hello",
            Kind::Claims => "claims",
            Kind::Product => "product",
            Kind::Shuffle => "shuffle",
            Kind::Term => "term",
            Kind::Sum => "sum",
            Kind::Random => "random",
            Kind::Square => "square",
            Kind::Root => "root",
            Kind::Opening => "opening",
            Kind::Gates => "gates",
            Kind::Checkpoint => "checkpoint",
            Kind::Coin => "coin",
            Kind::Dealing => "dealing",
            Kind::CheckOpening => "check-opening",
            Kind::Acceptance => "acceptance",
        }
    }

    /// Do messages of this kind begin with field elements? Others are keys, hashes and signatures.
    pub(crate) fn has_elements(self) -> bool {
        match self {
            Kind::Input
            | Kind::Product
            | Kind::Shuffle
            | Kind::Term
            | Kind::Sum
            | Kind::Random
            | Kind::Square
            | Kind::Root
            | Kind::Opening
            | Kind::Dealing
            | Kind::CheckOpening => true,
            Kind::Hello
            | Kind::Claims
            | Kind::Gates
            | Kind::Checkpoint
            | Kind::Coin
            | Kind::Acceptance => false,
        }
    }
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.word())
    }
}

impl FromStr for Kind {
    type Err = ();

    fn from_str(text: &str) -> Result<Kind, ()> {
        let mut all = Kind::ALL.into_iter();
        all.find(|kind| kind.word() == text).ok_or(())
    }
}

/// Every place of a run's computation, by kind, in order.
#[derive(Clone, Debug)]
pub(crate) struct Schedule {
    committee: Committee,
    places: BTreeMap<Kind, Vec<Slot>>,
    kinds: BTreeMap<(u32, u8, u32), Kind>,
}

impl Schedule {
    pub(crate) fn of<F: PrimeField>(committee: Committee, plans: &[Plan<F>]) -> Schedule {
        let mut schedule = Schedule {
            committee,
            places: BTreeMap::new(),
            kinds: BTreeMap::new(),
        };
        for plan in plans {
            schedule.add(plan);
        }
        for places in schedule.places.values_mut() {
            places.sort_unstable();
        }
        let kinds = schedule.places.iter().flat_map(|(kind, places)| {
            let places = places.iter();
            places.map(|slot| ((slot.op, slot.step, slot.part), *kind))
        });
        schedule.kinds = kinds.collect();
        schedule
    }

    /// What the message at a place is; none if nobody sends anything there.
    pub(crate) fn kind(&self, slot: Slot) -> Option<Kind> {
        self.kinds.get(&(slot.op, slot.step, slot.part)).copied()
    }

    /// The place of this number among those of a kind; numbers beyond the last begin again, so that
    /// an adversary fits a smaller run. None if there is no such message.
    pub(crate) fn place(&self, kind: Kind, number: u32) -> Option<Slot> {
        let places = self.places.get(&kind)?;
        places.get(number as usize % places.len().max(1)).copied()
    }

    /// The numbers of the messages of a kind that a party sends.
    pub(crate) fn sent_by(&self, party: Party, kind: Kind) -> Vec<u32> {
        let no_places = Vec::new();
        let places = self.places.get(&kind).unwrap_or(&no_places);
        let sends = |slot: &Slot| match kind {
            Kind::Term | Kind::Square => cost::king(self.committee, slot.part) != party,
            Kind::Sum | Kind::Root => cost::king(self.committee, slot.part) == party,
            _ => true,
        };
        let numbered = (0u32..).zip(places).filter(|(_, slot)| sends(slot));
        numbered.map(|(number, _)| number).collect()
    }

    /// Does a party send messages of a kind, of which there are some, to another? Points of dealings go
    /// to the t parties before the dealer, and so do bits of gates; sums go to the t parties after the
    /// king, unless it deals them.
    pub(crate) fn sends(&self, from: u8, to: Party, kind: Kind) -> bool {
        if from == to.number() {
            return false;
        }
        let t = self.committee.degree();
        match kind {
            Kind::Sum if !deals_randoms(&self.committee) => (1..=t).any(|steps| {
                let king = self.committee.after(to, self.committee.len() - steps);
                king.number() == from
            }),
            Kind::Product
            | Kind::Gates
            | Kind::Shuffle
            | Kind::Dealing
            | Kind::Sum
            | Kind::Random => (1..=t).any(|steps| self.committee.after(to, steps).number() == from),
            _ => true,
        }
    }

    /// What is dealt at a step for a vector of chunks, so many of whose elements come from one turn.
    fn randoms(&mut self, op: u32, step: u8, len: usize, turn: usize) {
        if deals_randoms(&self.committee) {
            self.vector(op, step, len, turn, Kind::Random);
        }
    }

    fn add<F: PrimeField>(&mut self, plan: &Plan<F>) {
        let mut batches: BTreeMap<u32, usize> = BTreeMap::new();
        // Words of 64 gates.
        let mut gates: BTreeMap<u32, usize> = BTreeMap::new();
        let calls = plan.strands.iter().flat_map(|strand| &strand.steps);
        let calls: Vec<&Call> = calls
            .filter_map(|step| match step {
                Step::Call(call) => Some(call),
                Step::Local(_) => None,
            })
            .collect();
        // Of what is dealt by all, t + 1 values are independent.
        let independent = self.committee.degree() + 1;
        for call in &calls {
            match call {
                Call::Multiply {
                    op,
                    batch,
                    form,
                    factors,
                    ..
                } => {
                    let len = factors.iter().map(|(left, _)| left.len as usize).sum();
                    *batches.entry(*batch).or_default() += len;
                    self.products::<F>(*op, len, *form);
                }
                Call::MatrixProduct {
                    op,
                    batch,
                    form,
                    rows,
                    inner,
                    columns,
                    ..
                } => {
                    *batches.entry(*batch).or_default() += *inner as usize;
                    let len = *rows as usize * *columns as usize;
                    self.products::<F>(*op, len, *form);
                }
                Call::Dot {
                    op,
                    batch,
                    left,
                    width,
                    ..
                } => {
                    *batches.entry(*batch).or_default() += left.len as usize;
                    let len = (left.len / width) as usize;
                    self.vector(*op, 0, len, chunk_len::<F>(), Kind::Product);
                }
                Call::Shuffle {
                    op, batch, columns, ..
                } => {
                    let rows = columns.first().map_or(0, |column| column.len as usize);
                    let phases = prss_subsets(&self.committee).unwrap_or_default().len();
                    *batches.entry(*batch).or_default() += phases * rows;
                    for phase in 0..phases as u8 {
                        let len = rows * columns.len();
                        self.vector(*op, phase, len, chunk_len::<F>(), Kind::Shuffle);
                    }
                }
                Call::Reshare { op, batch, src, .. } => {
                    *batches.entry(*batch).or_default() += 1;
                    self.vector(*op, 0, src.len as usize, chunk_len::<F>(), Kind::Product);
                }
                Call::Open { op, src, .. } | Call::OpenMasked { op, src, .. } => {
                    self.vector(*op, 0, src.len as usize, chunk_len::<F>(), Kind::Opening);
                }
                Call::Compare {
                    op,
                    batch,
                    src,
                    want,
                    ..
                } => {
                    let len = src.len as usize;
                    let words = want.gates(F::BITS) as usize * len.div_ceil(64);
                    *gates.entry(*batch).or_default() += words;
                    self.vector(*op, 0, len, chunk_len::<F>(), Kind::Opening);
                    for layer in 1..=compare_layers::<F>() {
                        self.vector(*op, layer, len, COMPARE_PART_LEN, Kind::Gates);
                    }
                }
                Call::Masks {
                    op, batch, bits, ..
                }
                | Call::Bits {
                    op,
                    batch,
                    dst: bits,
                } => {
                    let len = plan.lengths[bits.0 as usize] as usize;
                    *batches.entry(*batch).or_default() += len;
                    let chunk_len = bits_chunk_len(self.committee, len);
                    self.vector(*op, 0, len, chunk_len, Kind::Square);
                    self.vector(*op, 1, len, chunk_len, Kind::Root);
                    self.randoms(*op, 2, len, independent * chunk_len);
                }
                Call::Random { op, dst } => {
                    let len = plan.lengths[dst.0 as usize] as usize;
                    self.randoms(*op, 0, len, independent * chunk_len::<F>());
                }
                // Nobody sends anything for bounded values.
                Call::Bounded { .. } | Call::Verify { .. } => {}
            }
        }
        for call in calls {
            if let Call::Verify { op } = call {
                let levels = match gates.get(op) {
                    Some(words) => Levels::of_bits(*words),
                    None => Levels::new(batches.get(op).copied().unwrap_or(0)),
                };
                self.verification(*op, &levels);
            }
        }
    }

    fn products<F: PrimeField>(&mut self, op: u32, len: usize, form: Form) {
        match form {
            Form::Dealt => self.vector(op, 0, len, chunk_len::<F>(), Kind::Product),
            Form::Kings => {
                let chunk_len = kings_chunk_len(self.committee, len);
                self.vector(op, 0, len, chunk_len, Kind::Term);
                self.vector(op, 1, len, chunk_len, Kind::Sum);
                self.randoms(op, 2, len, self.committee.len() * chunk_len);
            }
        }
    }

    fn vector(&mut self, op: u32, step: u8, len: usize, chunk_len: usize, kind: Kind) {
        for part in 0..len.div_ceil(chunk_len) as u32 {
            self.note(kind, Slot { op, step, part });
        }
    }

    /// A checkpoint; coins with a dealing between each two; the opening; the acceptance.
    fn verification(&mut self, op: u32, levels: &Levels) {
        let mut kinds = vec![Kind::Checkpoint, Kind::Coin];
        for _ in 1..levels.coins() {
            kinds.extend([Kind::Dealing, Kind::Coin]);
        }
        kinds.extend([Kind::CheckOpening, Kind::Acceptance]);
        for (step, kind) in (0u8..).zip(kinds) {
            self.note(kind, Slot { op, step, part: 0 });
        }
    }

    fn note(&mut self, kind: Kind, slot: Slot) {
        self.places.entry(kind).or_default().push(slot);
    }
}
