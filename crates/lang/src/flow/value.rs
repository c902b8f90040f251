//! Abstract values: what is known of a value in all runs at once.

use std::collections::{BTreeMap, BTreeSet};

use enigma_bytecode::interval::Wide;
use enigma_bytecode::release::Form;

use super::numbers::{Number, Numbers, Op};
use super::sources::{Combination, Mix, Source, Sources};
use crate::hir::{Hir, Type};
use crate::span::Span;

/// Numbers stay strictly below this in magnitude; `fix` scaled likewise.
pub(super) const LIMIT: i128 = 1 << 63;
/// Values with more parts than this are not followed.
const MAX_PARTS: usize = 4096;

/// What is known of one scalar, or of all the scalars at one place of the elements of a vector.
#[derive(Clone, Debug)]
pub(super) struct Leaf {
    /// Whether nobody knows it.
    pub(super) private: bool,
    /// Where it lies; truth values and names of enumerations as numbers. `None` of what is no number, and where an error has been
    /// reported.
    pub(super) range: Option<Wide>,
    /// Whose data it depends on.
    pub(super) sources: Sources,
    /// Columns of collections on which it depends, by their numbers.
    pub(super) columns: BTreeSet<Number>,
    /// Those of `columns` by which a comparison, or what rounds, has decided what it is.
    pub(super) deciding: BTreeSet<Number>,
    /// How it is made of `columns`.
    pub(super) form: Form,
    /// The private condition under which it was assigned.
    pub(super) because: Option<Span>,
    /// Its value number; of a vector, that of all its elements together.
    pub(super) number: Number,
    /// It is the value that a loop's variable had when the pass began, and a number in this range.
    pub(super) base: Option<(u32, Wide)>,
    /// It is the number of rows that a mask with this number chooses.
    pub(super) counts: Option<Number>,
    /// It is a sum over the rows that a mask with this number chooses, of values in this range.
    pub(super) sums: Option<(Number, Wide)>,
    /// It is never more than the value with this number.
    pub(super) at_most: Option<Number>,
    /// Masks that chose rows for it.
    pub(super) subsets: BTreeSet<Number>,
    /// How far one giver moves it.
    pub(super) moves: Moves,
    /// Rounds of messages one behind the other until it is known, roughly.
    pub(super) rounds: u64,
}

/// An abstract value. Its form follows the type; a leaf may stand for any form of which nothing is known in detail.
#[derive(Clone, Debug)]
#[expect(clippy::large_enum_variant, reason = "most values are leaves")]
pub(super) enum Value {
    Leaf(Leaf),
    /// A struct or tuple; a `maybe` as (is there, content).
    Parts(Vec<Value>),
    /// A vector: one value for all elements.
    Many(Box<Value>),
}

/// How far the rows of one giver can move a value, by collection; 0 for collections that are not here. What an aligned element
/// owes to its own row is not in it.
pub(super) type Moves = BTreeMap<usize, Move>;

/// The largest change.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Move {
    /// Of one element.
    pub(super) each: i128,
    /// Of all elements of a list together, if that is less than their number times `each`.
    pub(super) together: Option<i128>,
}

impl Leaf {
    /// Everyone knows it.
    pub(super) fn public(range: Option<Wide>, number: Number) -> Leaf {
        Leaf {
            private: false,
            range,
            sources: Sources::default(),
            columns: BTreeSet::new(),
            deciding: BTreeSet::new(),
            form: Form::Other,
            because: None,
            number,
            base: None,
            counts: None,
            sums: None,
            at_most: None,
            subsets: BTreeSet::new(),
            moves: Moves::new(),
            rounds: 0,
        }
    }

    /// Nobody knows it.
    pub(super) fn private(range: Option<Wide>, sources: Sources, number: Number) -> Leaf {
        Leaf {
            private: true,
            sources,
            ..Leaf::public(range, number)
        }
    }

    /// The number that it is, if it is known.
    pub(super) fn constant(&self) -> Option<i128> {
        self.range.filter(|r| r.low == r.high).map(|r| r.low)
    }

    /// Of two ways that everyone sees, one was taken.
    pub(super) fn join(&self, other: &Leaf, numbers: &mut Numbers) -> Leaf {
        let mut sources = self.sources.clone();
        sources.join(&other.sources);
        let same = self.number == other.number;
        Leaf {
            private: self.private || other.private,
            range: hull(self.range, other.range),
            sources,
            columns: &self.columns | &other.columns,
            deciding: &self.deciding | &other.deciding,
            form: if same { self.form } else { Form::Other },
            because: self.because.or(other.because),
            number: if same { self.number } else { numbers.fresh() },
            base: match (self.base, other.base) {
                (Some((a, x)), Some((b, y))) if a == b => Some((a, around(x, y))),
                _ => None,
            },
            counts: self.counts.filter(|c| other.counts == Some(*c)),
            sums: match (self.sums, other.sums) {
                (Some((a, x)), Some((b, y))) if a == b => Some((a, around(x, y))),
                _ => None,
            },
            at_most: self.at_most.filter(|m| other.at_most == Some(*m)),
            subsets: &self.subsets | &other.subsets,
            moves: larger(&self.moves, &other.moves),
            rounds: self.rounds.max(other.rounds),
        }
    }

    /// A value that is made of both: the labels and sources. Its range, moves and number are still to be said.
    pub(super) fn combine(&self, other: &Leaf, how: Combination, number: Number) -> Leaf {
        let columns = &self.columns | &other.columns;
        let deciding = match how {
            Combination::Number => &self.deciding | &other.deciding,
            _ => columns.clone(),
        };
        Leaf {
            private: self.private || other.private,
            range: None,
            sources: self.sources.combine(&other.sources, how),
            columns,
            deciding,
            form: Form::Other,
            because: self.because.or(other.because),
            number,
            base: None,
            counts: None,
            sums: None,
            at_most: None,
            subsets: &self.subsets | &other.subsets,
            moves: Moves::new(),
            rounds: self.rounds.max(other.rounds),
        }
    }

    /// Whether both come from rows, and together from more than one column of them.
    pub(super) fn crosses(&self, other: &Leaf) -> bool {
        let both = !self.columns.is_empty() && !other.columns.is_empty();
        both && (&self.columns | &other.columns).len() > 1
    }

    /// Whether what a comparison has decided of one would let through or hold back what another column of the row holds in
    /// the other. It stays so when it is multiplied, added to, or compared again: `2 * flag` picks as well as `flag`.
    pub(super) fn picks(&self, other: &Leaf) -> bool {
        let is_decided = !self.deciding.is_empty() || !other.deciding.is_empty();
        is_decided && self.crosses(other)
    }

    /// Whether a step or a square of this value would let one of its columns pick another: of `1000 * flag + pay` the largest
    /// is the pay of one who has the flag.
    pub(super) fn picks_itself(&self) -> bool {
        !self.deciding.is_empty() && self.columns.len() > 1
    }

    /// Whether an order by this value would: also where no column decides, of `1000 * age + pay`, unless each counts as it was
    /// given.
    pub(super) fn orders_itself(&self) -> bool {
        self.picks_itself() || self.columns.len() > 1 && !self.form.is_even()
    }

    /// Whether the division of a number by this one would let one of the columns of both pick another: what is left is large where
    /// this is small, and nothing where this is large.
    pub(super) fn divides_and_picks(&self, other: &Leaf) -> bool {
        let is_fair = self.range.is_some_and(|range| self.form.divides(range));
        self.picks_beside(other, is_fair)
    }

    /// The same of what leaves all of one number where the other is large.
    pub(super) fn lets_through(&self, other: &Leaf) -> bool {
        self.picks_beside(other, false)
    }

    fn picks_beside(&self, other: &Leaf, is_fair: bool) -> bool {
        let is_several = (&self.columns | &other.columns).len() > 1;
        let is_decided = !self.deciding.is_empty() || !other.deciding.is_empty();
        is_several && (is_decided || !self.columns.is_empty() && !is_fair)
    }

    /// It is what the givers gave as this column.
    fn as_column(&mut self, column: Number) {
        self.columns = BTreeSet::from([column]);
        self.form = self.range.map_or(Form::Other, Form::column);
        // A column of two values is a condition as it is.
        if self.range.is_some_and(|range| range.high - range.low <= 1) {
            self.deciding.clone_from(&self.columns);
        }
    }

    /// Where it has left the places of rows, no column of a row can pick another.
    fn placed(mut self) -> Leaf {
        if !self.sources.has_places() {
            self.columns.clear();
            self.deciding.clear();
            self.form = Form::Other;
        }
        self
    }

    /// Whether it is 0 or 1.
    pub(super) fn is_bit(&self) -> bool {
        self.range
            .is_some_and(|range| range.within(Wide { low: 0, high: 1 }))
    }

    /// A value that is made of this one alone. The rest as for `combine`.
    pub(super) fn derived(&self, sources: Sources, number: Number) -> Leaf {
        Leaf {
            sources,
            number,
            form: Form::Other,
            range: None,
            base: None,
            counts: None,
            sums: None,
            at_most: None,
            moves: Moves::new(),
            ..self.clone()
        }
        .placed()
    }

    /// Says where it lies and how far givers move it: as far as the range is wide, or less if `linear` says so.
    pub(super) fn lying(mut self, range: Option<Wide>, linear: Option<&Moves>) -> Leaf {
        self.range = range;
        self.moves = Moves::new();
        let Some(range) = range else { return self };
        let width = range.high.saturating_sub(range.low);
        // What has two values only is a condition.
        if width <= 1 {
            self.deciding.clone_from(&self.columns);
        }
        for (source, mixes) in self.sources.iter() {
            let Source::Collection(collection) = source else {
                continue;
            };
            if !mixes.moves_everywhere() {
                continue;
            }
            let known = linear.map(|moves| moves.get(&collection).copied());
            let all = Move {
                each: width,
                together: None,
            };
            let least = match known {
                None | Some(None) => all,
                Some(Some(moved)) => Move {
                    each: moved.each.min(width),
                    together: moved.together,
                },
            };
            self.moves.insert(collection, least);
        }
        self
    }

    /// It has left its vector.
    pub(super) fn loosened(&self, number: Number, numbers: &mut Numbers) -> Leaf {
        let mut leaf = Leaf {
            sources: self.sources.clone().loose(),
            number,
            counts: None,
            sums: None,
            at_most: None,
            ..self.clone()
        }
        .placed();
        leaf.displace(numbers);
        let range = leaf.range;
        leaf.lying(range, None)
    }

    /// Its elements stand at other places: what counts the cell at a place counts other rows than those behind it.
    pub(super) fn displace(&mut self, numbers: &mut Numbers) {
        let subsets = self
            .subsets
            .iter()
            .map(|mask| match numbers.is_cells(*mask) {
                true => numbers.fresh(),
                false => *mask,
            });
        self.subsets = subsets.collect();
        self.counts = self.counts.filter(|mask| !numbers.is_cells(*mask));
        self.sums = self.sums.filter(|(mask, _)| !numbers.is_cells(*mask));
    }
}

impl Value {
    /// A value of this type whose parts are all like `leaf`, numbers anywhere in their types.
    pub(super) fn like(leaf: &Leaf, ty: &Type, hir: &Hir, numbers: &mut Numbers) -> Value {
        Value::within(leaf, (ty, None), hir, numbers)
    }

    /// The same, numbers in the range that is stated beside the type.
    pub(super) fn within(
        leaf: &Leaf,
        stated: (&Type, Option<Wide>),
        hir: &Hir,
        numbers: &mut Numbers,
    ) -> Value {
        let mut left = MAX_PARTS;
        let value = Value::shaped(leaf, stated, hir, numbers, &mut left);
        value.unwrap_or_else(|| Value::Leaf(leaf.clone()))
    }

    fn shaped(
        leaf: &Leaf,
        (ty, stated): (&Type, Option<Wide>),
        hir: &Hir,
        numbers: &mut Numbers,
        left: &mut usize,
    ) -> Option<Value> {
        *left = left.checked_sub(1)?;
        let mut part = |index: usize, stated: (&Type, Option<Wide>), numbers: &mut Numbers| {
            let place = u32::try_from(index).unwrap_or(u32::MAX);
            let number = numbers.of(Op::Field, &[leaf.number, place]);
            let leaf = Leaf {
                number,
                ..leaf.clone()
            };
            Value::shaped(&leaf, stated, hir, numbers, left)
        };
        let value = match ty {
            Type::Tuple(types) => {
                let parts = types.iter().enumerate();
                let parts = parts.map(|(i, ty)| part(i, (ty, None), numbers));
                Value::Parts(parts.collect::<Option<_>>()?)
            }
            Type::Struct(index) => {
                let fields = hir.structs.get(*index).map_or(&[][..], |s| &s.fields);
                let parts = fields.iter().enumerate();
                let parts = parts.map(|(i, field)| part(i, (&field.ty, field.range), numbers));
                Value::Parts(parts.collect::<Option<_>>()?)
            }
            Type::Maybe(content) => Value::Parts(vec![
                part(0, (&Type::Bool, None), numbers)?,
                part(1, (content, stated), numbers)?,
            ]),
            Type::List(element, _) | Type::Rows(element, _) => {
                let each = Value::shaped(leaf, (element, stated), hir, numbers, left)?;
                Value::Many(Box::new(each))
            }
            _ => {
                let stated = match ty {
                    Type::Int(_) | Type::Fix(_) => stated.map(|range| cut(range, LIMIT - 1)),
                    _ => None,
                };
                let range = stated.or(natural(ty, hir));
                Value::Leaf(leaf.clone().lying(range, None))
            }
        };
        Some(value)
    }

    /// Of rows, or of one: every number is a column, and so is a number with whether it is there.
    pub(super) fn in_columns(&mut self, ty: &Type, hir: &Hir) {
        match (self, ty) {
            (Value::Leaf(leaf), _) => leaf.as_column(leaf.number),
            (Value::Many(element), Type::List(ty, _) | Type::Rows(ty, _)) => {
                element.in_columns(ty, hir);
            }
            (Value::Parts(parts), Type::Tuple(types)) => {
                let parts = parts.iter_mut().zip(types);
                parts.for_each(|(part, ty)| part.in_columns(ty, hir));
            }
            (Value::Parts(parts), Type::Struct(index)) => {
                let fields = hir.structs.get(*index).map_or(&[][..], |s| &s.fields);
                let parts = parts.iter_mut().zip(fields);
                parts.for_each(|(part, field)| part.in_columns(&field.ty, hir));
            }
            (Value::Parts(parts), Type::Maybe(inner)) => {
                if let [Value::Leaf(there), content] = &mut parts[..] {
                    there.as_column(there.number);
                    match content.only() {
                        Some(one) => one.as_column(there.number),
                        None => content.in_columns(inner, hir),
                    }
                }
            }
            (Value::Parts(_) | Value::Many(_), _) => {}
        }
    }

    /// The only leaf of a scalar, or of a struct of one.
    fn only(&mut self) -> Option<&mut Leaf> {
        match self {
            Value::Leaf(leaf) => Some(leaf),
            Value::Parts(parts) => match &mut parts[..] {
                [one] => one.only(),
                _ => None,
            },
            Value::Many(_) => None,
        }
    }

    /// The one leaf of a scalar or of a vector of scalars.
    pub(super) fn leaf(&self) -> Option<&Leaf> {
        match self {
            Value::Leaf(leaf) => Some(leaf),
            Value::Parts(_) => None,
            Value::Many(element) => element.leaf(),
        }
    }

    /// Calls for every leaf, in order.
    pub(super) fn visit<'a>(&'a self, f: &mut impl FnMut(&'a Leaf)) {
        match self {
            Value::Leaf(leaf) => f(leaf),
            Value::Parts(parts) => parts.iter().for_each(|part| part.visit(f)),
            Value::Many(element) => element.visit(f),
        }
    }

    /// Changes every leaf, in order.
    pub(super) fn each_leaf(&mut self, f: &mut impl FnMut(&mut Leaf)) {
        match self {
            Value::Leaf(leaf) => f(leaf),
            Value::Parts(parts) => parts.iter_mut().for_each(|part| part.each_leaf(f)),
            Value::Many(element) => element.each_leaf(f),
        }
    }

    /// All its leaves in order.
    pub(super) fn leaves(&self) -> Vec<&Leaf> {
        let mut leaves = Vec::new();
        self.visit(&mut |leaf| leaves.push(leaf));
        leaves
    }

    /// Whether any part of it is private.
    pub(super) fn is_private(&self) -> bool {
        self.leaves().iter().any(|leaf| leaf.private)
    }

    /// The leaf of a value that was made of all parts.
    pub(super) fn whole(&self, how: Combination, numbers: &mut Numbers) -> Leaf {
        let leaves = self.leaves();
        let Some((first, rest)) = leaves.split_first() else {
            let number = numbers.fresh();
            return Leaf::public(None, number);
        };
        let mut whole = (*first).clone();
        for leaf in rest {
            let number = numbers.of(Op::Binary, &[u32::MAX, whole.number, leaf.number]);
            let range = hull(whole.range, leaf.range);
            whole = whole.combine(leaf, how, number);
            whole.range = range;
        }
        whole
    }

    /// Leaf by leaf; where forms differ, all of both becomes one leaf.
    pub(super) fn zip(
        &self,
        other: &Value,
        numbers: &mut Numbers,
        f: &mut impl FnMut(&Leaf, &Leaf, &mut Numbers) -> Leaf,
    ) -> Value {
        match (self, other) {
            (Value::Leaf(a), Value::Leaf(b)) => Value::Leaf(f(a, b, numbers)),
            (Value::Parts(a), Value::Parts(b)) if a.len() == b.len() => {
                let pairs = a.iter().zip(b);
                Value::Parts(pairs.map(|(a, b)| a.zip(b, numbers, f)).collect())
            }
            (Value::Many(a), Value::Many(b)) => Value::Many(Box::new(a.zip(b, numbers, f))),
            (a, b) => {
                let a = a.whole(Combination::Number, numbers);
                let b = b.whole(Combination::Number, numbers);
                Value::Leaf(f(&a, &b, numbers))
            }
        }
    }

    /// Of two ways that everyone sees, one was taken.
    pub(super) fn join(&self, other: &Value, numbers: &mut Numbers) -> Value {
        self.zip(other, numbers, &mut |a, b, numbers| a.join(b, numbers))
    }

    /// A part of a struct, tuple or `maybe`; of a vector of them, the column.
    pub(super) fn part(&self, index: usize) -> Value {
        match self {
            Value::Leaf(leaf) => Value::Leaf(leaf.clone()),
            Value::Parts(parts) => parts
                .get(index)
                .cloned()
                .unwrap_or(Value::Parts(Vec::new())),
            Value::Many(element) => Value::Many(Box::new(element.part(index))),
        }
    }

    /// The element of a vector, where it stands.
    pub(super) fn element(&self) -> Value {
        match self {
            Value::Many(element) => (**element).clone(),
            other => other.clone(),
        }
    }
}

/// The numbers of a scalar type; of others `None`. Unsigned numbers end below 2^63.
pub(super) fn natural(ty: &Type, hir: &Hir) -> Option<Wide> {
    match ty {
        Type::Bool => Some(Wide { low: 0, high: 1 }),
        Type::Int(int) => Some(cut(int.range(), LIMIT - 1)),
        Type::Fix(fix) => Some(cut(fix.range(), LIMIT - 1)),
        Type::Enum(index) => {
            let names = hir.enums.get(*index).map_or(1, |e| e.variants.len().max(1));
            Some(Wide {
                low: 0,
                high: i128::try_from(names).unwrap_or(1) - 1,
            })
        }
        _ => None,
    }
}

/// What of a range lies within +-`most`.
pub(super) fn cut(range: Wide, most: i128) -> Wide {
    Wide {
        low: range.low.clamp(-most, most),
        high: range.high.clamp(-most, most),
    }
}

/// What lies in both, the nearest number of `limits` if nothing does.
pub(super) fn clamped(range: Wide, limits: Wide) -> Wide {
    Wide {
        low: range.low.clamp(limits.low, limits.high),
        high: range.high.clamp(limits.low, limits.high),
    }
}

/// The smallest range that holds both.
pub(super) fn around(a: Wide, b: Wide) -> Wide {
    Wide {
        low: a.low.min(b.low),
        high: a.high.max(b.high),
    }
}

/// The same, unknown if one of them is.
pub(super) fn hull(a: Option<Wide>, b: Option<Wide>) -> Option<Wide> {
    Some(around(a?, b?))
}

/// The largest magnitude in a range.
pub(super) fn magnitude(range: Wide) -> i128 {
    range.low.saturating_abs().max(range.high.saturating_abs())
}

/// For each collection the larger move.
pub(super) fn larger(a: &Moves, b: &Moves) -> Moves {
    let mut moves = a.clone();
    for (collection, moved) in b {
        let own = moves.entry(*collection).or_insert(*moved);
        own.each = own.each.max(moved.each);
        own.together = own.together.zip(moved.together).map(|(x, y)| x.max(y));
    }
    moves
}

/// Moves of a sum, each times a factor.
pub(super) fn weighted(a: &Moves, x: i128, b: &Moves, y: i128) -> Moves {
    let scale = |moved: &Move, factor: i128| Move {
        each: moved.each.saturating_mul(factor),
        together: moved.together.map(|t| t.saturating_mul(factor)),
    };
    let mut moves: Moves = a.iter().map(|(c, m)| (*c, scale(m, x))).collect();
    for (collection, moved) in b {
        let scaled = scale(moved, y);
        match moves.get_mut(collection) {
            None => {
                moves.insert(*collection, scaled);
            }
            Some(own) => {
                own.each = own.each.saturating_add(scaled.each);
                let both = own.together.zip(scaled.together);
                own.together = both.map(|(s, t)| s.saturating_add(t));
            }
        }
    }
    moves
}

/// Whether all leaves say the same about who knows them and whose data it is.
pub(super) fn same_flow(a: &Value, b: &Value) -> bool {
    let (a, b) = (a.leaves(), b.leaves());
    let same = |(x, y): (&&Leaf, &&Leaf)| {
        x.private == y.private
            && x.sources == y.sources
            && x.columns == y.columns
            && x.deciding == y.deciding
            && x.form == y.form
            && x.counts.is_some() == y.counts.is_some()
    };
    a.len() == b.len() && a.iter().zip(&b).all(same)
}

impl super::sources::Mixes {
    /// Whether one giver may move the value wherever it stands, not only at the place of the giver's own rows.
    fn moves_everywhere(self) -> bool {
        self.is_joined() || Mix::ALL.iter().any(|mix| self.has(*mix))
    }
}
