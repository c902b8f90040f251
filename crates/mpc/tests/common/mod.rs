//! A whole computation that one party spoils at a named message in a named way, and what must hold
//! whatever it does.
//!
//! The program makes masks and verifies them, multiplies in every way, compares (if three parties do it),
//! shuffles rows and puts them back, opens a product under masks, goes on with what that gave, verifies
//! everything, and opens the results. Every party goes on as soon as it can.

mod kind;
mod mutation;
mod verdict;

use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};
use std::rc::Rc;

use enigma_field::{Committee, Party, PrimeField, Shares};
use enigma_mpc::testing::{Delivery, Network, share, values};
use enigma_mpc::{Compare, Engine, Error, Fault, Finished, Mask, Shape, Slot, Wires};

pub(crate) use self::kind::Kind;
pub(crate) use self::mutation::{Case, Mutation};

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
pub(crate) const MATRIX: u32 = 10;
pub(crate) const MATRIX_BY_KINGS: u32 = 11;
pub(crate) const COMPARE: u32 = 12;
/// The batch of masks.
pub(crate) const BITS: u32 = 100;
/// The batch of all other products.
pub(crate) const VALUES: u32 = 101;
/// The batch of gates of comparisons.
pub(crate) const GATES: u32 = 102;

/// Elements multiplied, enough for two levels of blocks.
const LEN: usize = 140;
/// Elements of inner products, three results.
const DOT_LEN: usize = 12;
const DOT_WIDTH: usize = 4;
/// Rows shuffled, of two columns.
const ROWS: usize = 5;
/// Elements multiplied through kings: each of three, five or seven parties is king of as many.
const KINGS_LEN: usize = 105;
/// Matrices multiplied, in both ways; of the result each party is king of as much.
const SHAPE: Shape = Shape {
    rows: 5,
    inner: 2,
    columns: 21,
};
/// Elements compared: the last byte of their bits is not full.
const COMPARED: usize = 30;

/// What was computed of the inputs, in the order of [`Run::expected`].
const RIGHT: [u32; 8] = [
    MULTIPLY,
    DOT,
    BY_KINGS,
    MATRIX,
    MATRIX_BY_KINGS,
    RESHARE,
    SCALE,
    UNSHUFFLE,
];

/// One party's way through the program.
struct Player<F: PrimeField> {
    stage: u8,
    results: BTreeMap<u32, Finished<F>>,
    masks: Option<Mask<F>>,
    /// What it finished as wires, by operation.
    wires: BTreeMap<u32, Wires<F>>,
    fault: Option<Fault>,
}

const DONE: u8 = 9;

/// From whom, to whom, where, how many bytes.
type Sent = (Party, Party, Slot, usize);

/// A run, and then what is left of it.
pub(crate) struct Run<F: PrimeField> {
    pub(crate) network: Network<F>,
    inputs: Vec<[Wires<F>; 2]>,
    plain: [Vec<F>; 2],
    masks: usize,
    players: Vec<Player<F>>,
    held: Rc<RefCell<Vec<Delivery>>>,
    /// What honest parties sent, in order.
    transcript: Rc<RefCell<Vec<Sent>>>,
}

impl<F: PrimeField> Run<F> {
    /// `masks`: how many masks are made.
    pub(crate) fn new(n: u8, masks: usize, seed: u64) -> Self {
        let committee = Committee::new(n).expect("an odd size");
        let mut plain = [1, 2].map(|salt| values(LEN, 10 * seed + salt));
        // Where comparisons change.
        plain[0][1..4].copy_from_slice(&[F::ZERO, F::ONE, -F::ONE]);
        let shares = [0, 1].map(|k| share(committee, &plain[k], seed + k as u64));
        Self::of_shares(committee, plain, shares, masks, seed)
    }

    /// As [`Self::new`], with other values, of which this party has the same shares.
    pub(crate) fn twin(n: u8, masks: usize, seed: u64, knowing: Party) -> Self {
        let first = Self::new(n, masks, seed);
        let committee = first.network.committee();
        // Extreme values in every second run: all zero, or all equal.
        let plain = match seed % 2 {
            0 => [vec![F::ZERO; LEN], vec![F::ONE; LEN]],
            _ => [3, 4].map(|salt| values(LEN, 10 * seed + salt)),
        };
        let at = knowing.point::<F>().inverse().expect("points are not zero");
        let shares = [0, 1].map(|k| {
            let shifted = |party: Party| -> Shares<F> {
                let factor = F::ONE - party.point::<F>() * at;
                let change = plain[k].iter().zip(&first.plain[k]);
                let shares = first.inputs[party.index()][k].iter();
                let pairs = shares.zip(change);
                pairs
                    .map(|(share, (new, old))| *share + factor * (*new - *old))
                    .collect()
            };
            committee.parties().map(shifted).collect()
        });
        Self::of_shares(committee, plain, shares, masks, seed)
    }

    fn of_shares(
        committee: Committee,
        plain: [Vec<F>; 2],
        [x, y]: [Vec<Shares<F>>; 2],
        masks: usize,
        seed: u64,
    ) -> Self {
        let inputs = x.into_iter().zip(y);
        Self {
            network: Network::new(committee, seed),
            inputs: inputs.map(|(x, y)| [x, y].map(Wires::input)).collect(),
            plain,
            masks,
            players: committee.parties().map(|_| Player::new()).collect(),
            held: Rc::default(),
            transcript: Rc::default(),
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
    pub(crate) fn output(&self, party: Party) -> Option<&[F]> {
        match self.players[party.index()].results.get(&OPEN)? {
            Finished::Opened(opened) => Some(opened),
            other => panic!("not opened: {other:?}"),
        }
    }

    /// What a party must get out but for random bits at the end, given what it opened under masks.
    pub(crate) fn expected(&self, party: Party) -> Vec<F> {
        let [x, y] = &self.plain;
        let opened = self.players[party.index()].results.get(&OPEN_MASKED);
        let Some(Finished::Opened(opened)) = opened else {
            panic!("party {party} got an output without opening under masks");
        };
        let products: Vec<F> = x.iter().zip(y).map(|(x, y)| *x * *y).collect();
        let dots = products[..DOT_LEN].chunks(DOT_WIDTH);
        let dots: Vec<F> = dots.map(|run| run.iter().copied().sum()).collect();
        let scaled: Vec<F> = x.iter().map(|x| *x * opened[0]).collect();
        let rows = [&x[..ROWS], &y[..ROWS]].concat();
        let by_kings = &products[..KINGS_LEN];
        let matrix = matrix_product(x, y);
        let parts: [&[F]; 8] = [
            &products, &dots, by_kings, &matrix, &matrix, x, &scaled, &rows,
        ];
        parts.concat()
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
                    let exponents: Vec<u32> = (0..F::BITS).collect();
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

impl<F: PrimeField> Player<F> {
    fn new() -> Self {
        Self {
            stage: 0,
            results: BTreeMap::new(),
            masks: None,
            wires: BTreeMap::new(),
            fault: None,
        }
    }

    /// The next stage, if everything for it is there.
    fn step(
        &mut self,
        engine: &mut Engine<F>,
        [x, y]: &[Wires<F>; 2],
        masks: usize,
    ) -> Option<Result<(), Error>> {
        let has = |ops: &[u32]| {
            let known = |op: &u32| self.wires.contains_key(op) || self.results.contains_key(op);
            ops.iter().all(known).then_some(())
        };
        let compares = engine.committee().n() == 3;
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
                has(&RIGHT)?;
                Some(engine.start_verify(VALUES))
            }
            6 if compares => {
                has(&[COMPARE])?;
                Some(engine.start_verify(GATES))
            }
            6 => Some(Ok(())),
            7 => {
                has(&[VALUES])?;
                let mut parts = RIGHT.to_vec();
                parts.push(SHUFFLE);
                if compares {
                    has(&[GATES])?;
                    parts.push(COMPARE);
                }
                parts.push(MAKE_BITS);
                let parts: Vec<&Wires<F>> = parts.iter().map(|op| &self.wires[op]).collect();
                let all = parts.iter().flat_map(|part| part.iter().copied()).collect();
                let all = engine.verified(Wires::computed(all, parts));
                Some(engine.start_open(OPEN, all.expect("everything is accepted")))
            }
            8 => {
                has(&[OPEN])?;
                Some(Ok(()))
            }
            _ => None,
        }
    }
}

fn start<F: PrimeField>(
    engine: &mut Engine<F>,
    x: &Wires<F>,
    y: &Wires<F>,
    masks: usize,
) -> Result<(), Error> {
    engine.start_random_bits(MAKE_BITS, BITS, F::BITS as usize * masks)?;
    engine.start_multiply(MULTIPLY, VALUES, vec![(x.clone(), y.clone())])?;
    let (left, right) = (x.part(0..DOT_LEN), y.part(0..DOT_LEN));
    engine.start_dot(DOT, VALUES, left, right, DOT_WIDTH)?;
    engine.start_shuffle(SHUFFLE, VALUES, vec![x.part(0..ROWS), y.part(0..ROWS)])?;
    let factors = vec![(x.part(0..KINGS_LEN), y.part(0..KINGS_LEN))];
    engine.start_multiply_by_kings(BY_KINGS, VALUES, factors)?;
    let (left, right) = matrices(x, y);
    engine.start_matrix_product(MATRIX, VALUES, left.clone(), right.clone(), SHAPE)?;
    engine.start_matrix_product_by_kings(MATRIX_BY_KINGS, VALUES, left, right, SHAPE)?;
    if engine.committee().n() == 3 {
        let compared = x.part(0..COMPARED);
        engine.start_compare(COMPARE, GATES, &compared, Compare::LessAndEqual)?;
    }
    engine.start_reshare(RESHARE, VALUES, x.clone())
}

fn matrices<F: PrimeField>(x: &Wires<F>, y: &Wires<F>) -> (Wires<F>, Wires<F>) {
    let left = x.part(0..SHAPE.rows * SHAPE.inner);
    (left, y.part(0..SHAPE.inner * SHAPE.columns))
}

fn matrix_product<F: PrimeField>(x: &[F], y: &[F]) -> Vec<F> {
    let element = |place: usize| {
        let (row, column) = (place / SHAPE.columns, place % SHAPE.columns);
        (0..SHAPE.inner)
            .map(|k| x[row * SHAPE.inner + k] * y[k * SHAPE.columns + column])
            .sum()
    };
    (0..SHAPE.rows * SHAPE.columns).map(element).collect()
}
