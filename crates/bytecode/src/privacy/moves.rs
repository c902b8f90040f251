//! How far one giver moves each register: a forward walk over the code.
//!
//! For each collection a register has the most by which it changes when one giver's rows of that collection do: one
//! element, and all elements of a vector of constant length together. Of a vector over rows this does not count
//! what an element owes to the giver's own row at its place: that is added where the vector is summed up or counted, as the
//! whole width of its range, or its magnitude, since a row may also be dropped.
//!
//! Sums, products and divisions by public numbers move as calculus says. A count of each cell moves by 1 where a row leaves
//! and where it comes in. Everything else moves as far as its range is wide, if it depends on the collection at all.

use std::collections::{BTreeMap, BTreeSet};

use crate::interval::Wide;
use crate::model::{C, Contract, Entry, Op, Register, RowCount, S};
use crate::ranges::{Extent, Ranges};

/// The largest change.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Move {
    /// Of one element.
    each: i128,
    /// Of all elements of a vector of constant length, if that is less than their number times `each`.
    together: Option<i128>,
}

/// By collection; those that are not here move nothing.
type Moves = BTreeMap<u16, Move>;

/// An element of a vector of constant length, or that many times the element.
#[derive(Clone, Copy, Debug)]
struct Part {
    of: S,
    at: u32,
    times: i128,
}

/// What a quotient may be the mean of.
#[derive(Clone, Copy, Debug)]
enum Made {
    Sum(S),
    Dot(S, S),
}

#[derive(Clone, Debug, Default)]
struct Value {
    moves: Moves,
    /// Whether something of it comes from a slot.
    stored: bool,
    part: Option<Part>,
    made: Option<Made>,
}

#[derive(Debug)]
pub(super) struct Walk<'a> {
    contract: &'a Contract,
    ranges: &'a Ranges,
    values: Vec<Value>,
}

impl<'a> Walk<'a> {
    pub(super) fn through(
        contract: &'a Contract,
        entry: &'a Entry,
        ranges: &'a Ranges,
    ) -> Walk<'a> {
        let mut walk = Walk {
            contract,
            ranges,
            values: Vec::new(),
        };
        for op in &entry.code {
            let results = op.defines().1;
            if results == 0 {
                continue;
            }
            // Once for all results, of which there can be as many as operands.
            let reads = reads(op);
            let depends = walk.depends(op, &reads);
            let stored = matches!(op, Op::LoadSecret { .. })
                || reads.iter().any(|register| walk.is_stored(*register));
            for _ in 0..results {
                let value = Value {
                    stored,
                    ..walk.defined(op, &depends)
                };
                walk.values.push(value);
            }
        }
        walk
    }

    pub(super) fn is_stored(&self, register: S) -> bool {
        self.value(register).is_none_or(|value| value.stored)
    }

    /// How many numbers these are at most.
    pub(super) fn elements(&self, registers: &[S]) -> u64 {
        let lens = registers.iter().map(|register| self.len(*register));
        let all = lens.fold(0, i128::saturating_add);
        u64::try_from(all).unwrap_or(u64::MAX)
    }

    /// The most by which these move together, by collection.
    pub(super) fn joint(&self, registers: &[S]) -> BTreeMap<u16, i128> {
        let mut single: BTreeMap<u16, i128> = BTreeMap::new();
        let mut parts: BTreeMap<S, Vec<S>> = BTreeMap::new();
        for register in registers {
            let part = self.value(*register).and_then(|value| value.part);
            match part {
                Some(part) => parts.entry(part.of).or_default().push(*register),
                None => add(&mut single, self.whole(*register)),
            }
        }
        for (of, elements) in parts {
            add(&mut single, self.joint_of(of, &elements));
        }
        single
    }

    /// Of elements of one vector.
    fn joint_of(&self, vector: S, elements: &[S]) -> BTreeMap<u16, i128> {
        let mut sums: BTreeMap<u16, i128> = BTreeMap::new();
        let (mut times, mut places) = (0, BTreeMap::<u32, i128>::new());
        for element in elements {
            add(&mut sums, self.whole(*element));
            if let Some(part) = self.value(*element).and_then(|value| value.part) {
                times = part.times.max(times);
                *places.entry(part.at).or_default() += 1;
            }
        }
        let copies = places.into_values().max().unwrap_or(1);
        for (collection, sum) in &mut sums {
            let moved = self.value(vector).and_then(|v| v.moves.get(collection));
            if let Some(together) = moved.and_then(|moved| moved.together) {
                let all = together.saturating_mul(times).saturating_mul(copies);
                *sum = all.min(*sum);
            }
        }
        sums
    }

    /// Of all elements of a register.
    fn whole(&self, register: S) -> BTreeMap<u16, i128> {
        let len = self.len(register);
        let moves = self.moves(register).into_iter();
        let all = moves.map(|(collection, moved)| {
            let most = moved.each.saturating_mul(len);
            (collection, moved.together.map_or(most, |t| t.min(most)))
        });
        all.collect()
    }

    /// The next register. `depends`: the collections that move something of it.
    fn defined(&self, op: &Op, depends: &BTreeSet<u16>) -> Value {
        let dst = S(u16::try_from(self.values.len()).unwrap_or(u16::MAX));
        let single = self.extent(dst) == Extent::Scalar;
        let part = self.part(op).filter(|_| single);
        let range = self.range(dst);
        let range = self.mean(op).unwrap_or(range);
        let width = range.high.saturating_sub(range.low);
        // It moves as far as it can, where nothing better is known.
        let whole = Move {
            each: width,
            together: None,
        };
        let all = || depends.iter().map(|own| (*own, whole)).collect();
        let mut moves = self.known(op).unwrap_or_else(all);
        for moved in moves.values_mut() {
            moved.each = moved.each.min(width);
        }
        Value {
            moves,
            stored: false,
            part,
            made: match *op {
                Op::Sum { a, .. } => Some(Made::Sum(a)),
                Op::Dot { a, b, .. } => Some(Made::Dot(a, b)),
                _ => None,
            },
        }
    }

    /// What moves less than its range is wide; `None` of everything else.
    fn known(&self, op: &Op) -> Option<Moves> {
        let moves = |register: S| self.moves(register);
        match *op {
            Op::Hide { .. } | Op::Random { .. } | Op::SecretParam { .. } => Some(Moves::new()),
            Op::Add { a, b, .. } | Op::Sub { a, b, .. } => {
                Some(weighted(&moves(a), 1, &moves(b), 1))
            }
            Op::AddPublic { a, .. } | Op::Absolute { a, .. } => Some(moves(a)),
            Op::MulPublic { a, b, .. } => Some(scaled(&moves(a), magnitude(self.public(b)))),
            Op::Mul { a, b, .. } => Some(self.product(a, b)),
            Op::MulFixed { a, b, bits, .. } => Some(divided(self.product(a, b), 1 << bits)),
            Op::DivPublic { a, b, .. } => {
                let by = self.public(b);
                let least = by.low.saturating_abs().min(by.high.saturating_abs());
                (by.low > 0 || by.high < 0).then(|| divided(moves(a), least))
            }
            Op::Smaller { a, b, .. } | Op::Larger { a, b, .. } => {
                Some(larger(&moves(a), &moves(b)))
            }
            Op::Select {
                bit,
                then,
                otherwise,
                ..
            } => (moves(bit).is_empty()).then(|| larger(&moves(then), &moves(otherwise))),
            Op::Merge {
                then, otherwise, ..
            } => Some(larger(&moves(then), &moves(otherwise))),
            Op::Sum { a, .. } => Some(self.summed(a, moves(a), self.range(a))),
            Op::Dot { a, b, .. } => Some(self.dot(a, b)),
            Op::DotFixed { a, b, bits, .. } => Some(divided(self.dot(a, b), 1 << bits)),
            Op::Element { a, .. } => {
                let constant = matches!(self.extent(a), Extent::Fixed(_));
                constant.then(|| alone(moves(a)))
            }
            Op::Gather { ref parts, .. } => Some(self.gathered(parts)),
            Op::Histogram { a, .. } | Op::CountEach { a, .. } => self.counted(a),
            _ => None,
        }
    }

    /// Where the mean of the elements lies that a mask of truth values lets through: among them, or it is 0 of none.
    fn mean(&self, op: &Op) -> Option<Wide> {
        let Op::Div { a, b, .. } = *op else {
            return None;
        };
        let (Made::Dot(x, y), Made::Sum(mask)) = (self.value(a)?.made?, self.value(b)?.made?)
        else {
            return None;
        };
        let values = match mask {
            _ if mask == y => x,
            _ if mask == x => y,
            _ => return None,
        };
        let truths = Wide { low: 0, high: 1 };
        (self.range(mask).within(truths)).then(|| self.range(values).with_zero())
    }

    /// The collections of which a giver moves results wherever they stand.
    fn depends(&self, op: &Op, reads: &[S]) -> BTreeSet<u16> {
        let mut collections: BTreeSet<u16> = BTreeSet::new();
        for register in reads {
            let moves = self.value(*register).map(|value| value.moves.keys());
            collections.extend(moves.into_iter().flatten());
            if let (Extent::Over(own), false) = (self.extent(*register), op.is_element_wise()) {
                collections.insert(own);
            }
        }
        if let Op::Input { collection, .. } = op {
            let declared = self.contract.collections.get(usize::from(*collection));
            if declared.is_some_and(|declared| declared.is_single()) {
                collections.insert(*collection);
            }
        }
        collections
    }

    /// |xy - x'y'| <= |x| |y - y'| + |y'| |x - x'|.
    fn product(&self, a: S, b: S) -> Moves {
        let (x, y) = (magnitude(self.range(a)), magnitude(self.range(b)));
        weighted(&self.moves(a), y, &self.moves(b), x)
    }

    fn dot(&self, a: S, b: S) -> Moves {
        let range = self.range(a).times(self.range(b));
        let over = if self.extent(a) == Extent::Scalar {
            b
        } else {
            a
        };
        self.summed(over, self.product(a, b), range)
    }

    /// A sum of as many elements as `like` has, which move so and lie there.
    fn summed(&self, like: S, elements: Moves, range: Wide) -> Moves {
        let len = self.len(like);
        let all = elements.into_iter().map(|(collection, moved)| {
            let most = moved.each.saturating_mul(len);
            let each = moved.together.map_or(most, |together| together.min(most));
            let sum = Move {
                each,
                together: None,
            };
            (collection, sum)
        });
        let all: Moves = all.collect();
        let Extent::Over(collection) = self.extent(like) else {
            return all;
        };
        // The giver's own rows change, come or go.
        let width = range.high.saturating_sub(range.low);
        let own = Move {
            each: magnitude(range)
                .max(width)
                .saturating_mul(self.rows(collection)),
            together: None,
        };
        weighted(&all, 1, &Moves::from([(collection, own)]), 1)
    }

    /// How many rows each cell has: where keys depend on their own rows alone.
    fn counted(&self, keys: S) -> Option<Moves> {
        let Extent::Over(collection) = self.extent(keys) else {
            return None;
        };
        if !self.moves(keys).is_empty() {
            return None;
        }
        let rows = self.rows(collection);
        let own = Move {
            each: rows,
            together: Some(rows.saturating_mul(2)),
        };
        Some(Moves::from([(collection, own)]))
    }

    fn gathered(&self, parts: &[S]) -> Moves {
        let mut each = Moves::new();
        for part in parts {
            each = larger(&each, &alone(self.moves(*part)));
        }
        let together = self.joint(parts);
        for (collection, moved) in &mut each {
            moved.together = together.get(collection).copied();
        }
        each
    }

    /// Of what stays an element of a vector, but for what does not move.
    fn part(&self, op: &Op) -> Option<Part> {
        let of = |register: S| self.value(register).and_then(|value| value.part);
        match *op {
            Op::Element { a, at, .. } if matches!(self.extent(a), Extent::Fixed(_)) => Some(Part {
                of: a,
                at,
                times: 1,
            }),
            Op::AddPublic { a, .. } => of(a),
            Op::MulPublic { a, b, .. } => {
                let part = of(a)?;
                let times = part.times.saturating_mul(magnitude(self.public(b)));
                Some(Part { times, ..part })
            }
            Op::Add { a, b, .. } | Op::Sub { a, b, .. } if self.is_still(b) => of(a),
            Op::Add { a, b, .. } | Op::Sub { a, b, .. } if self.is_still(a) => of(b),
            _ => None,
        }
    }

    /// Whether no giver moves it, and it is no vector over rows.
    fn is_still(&self, register: S) -> bool {
        self.moves(register).is_empty() && !matches!(self.extent(register), Extent::Over(_))
    }

    // Registers. Of ill-formed code some are missing.

    fn value(&self, register: S) -> Option<&Value> {
        self.values.get(usize::from(register.0))
    }

    fn moves(&self, register: S) -> Moves {
        let value = self.value(register);
        value.map_or_else(Moves::new, |value| value.moves.clone())
    }

    fn extent(&self, register: S) -> Extent {
        let known = self.ranges.secret(register);
        known.map_or(Extent::Scalar, |known| known.extent)
    }

    fn range(&self, register: S) -> Wide {
        let known = self.ranges.secret(register);
        known.map_or(EVERYWHERE, |known| known.interval.into())
    }

    fn public(&self, register: C) -> Wide {
        let known = self
            .ranges
            .public(register)
            .and_then(|known| known.number());
        known.map_or(EVERYWHERE, Wide::from)
    }

    /// The most elements.
    fn len(&self, register: S) -> i128 {
        match self.extent(register) {
            Extent::Scalar => 1,
            Extent::Fixed(len) => len.into(),
            Extent::Over(own) => self.contract.maximum_rows(usize::from(own)).into(),
        }
    }

    /// How many rows one giver has.
    fn rows(&self, collection: u16) -> i128 {
        let declared = self.contract.collections.get(usize::from(collection));
        match declared.map(|declared| declared.rows) {
            Some(RowCount::UpTo(rows)) => rows.into(),
            Some(RowCount::One) | None => 1,
        }
    }
}

const EVERYWHERE: Wide = Wide {
    low: i64::MIN as i128,
    high: i64::MAX as i128,
};

fn reads(op: &Op) -> Vec<S> {
    let (mut op, mut reads) = (op.clone(), Vec::new());
    op.each_register(|register, defined| {
        if let (Register::Secret(register), false) = (register, defined) {
            reads.push(*register);
        }
    });
    reads
}

fn add(sums: &mut BTreeMap<u16, i128>, moved: BTreeMap<u16, i128>) {
    for (collection, moved) in moved {
        let sum = sums.entry(collection).or_default();
        *sum = sum.saturating_add(moved);
    }
}

fn magnitude(range: Wide) -> i128 {
    range.low.saturating_abs().max(range.high.saturating_abs())
}

fn scaled(moves: &Moves, factor: i128) -> Moves {
    let times = |moved: &Move| Move {
        each: moved.each.saturating_mul(factor),
        together: moved.together.map(|t| t.saturating_mul(factor)),
    };
    moves
        .iter()
        .map(|(own, moved)| (*own, times(moved)))
        .collect()
}

/// Of a sum, each part times a factor.
fn weighted(a: &Moves, x: i128, b: &Moves, y: i128) -> Moves {
    let mut moves = scaled(a, x);
    for (collection, moved) in scaled(b, y) {
        match moves.get_mut(&collection) {
            Some(own) => {
                own.each = own.each.saturating_add(moved.each);
                let both = own.together.zip(moved.together);
                own.together = both.map(|(s, t)| s.saturating_add(t));
            }
            None => {
                moves.insert(collection, moved);
            }
        }
    }
    moves
}

/// Of the one or the other.
fn larger(a: &Moves, b: &Moves) -> Moves {
    let mut moves = a.clone();
    for (collection, moved) in b {
        let own = moves.entry(*collection).or_insert(*moved);
        own.each = own.each.max(moved.each);
        own.together = None;
    }
    moves
}

/// Of one element, which is no vector.
fn alone(mut moves: Moves) -> Moves {
    moves.values_mut().for_each(|moved| moved.together = None);
    moves
}

/// Of quotients by at least so much: rounded up, and one more for the rounding of the quotient.
fn divided(moves: Moves, least: i128) -> Moves {
    let mut moves = alone(moves);
    for moved in moves.values_mut() {
        moved.each = moved.each / least.max(1) + 2;
    }
    moves
}
