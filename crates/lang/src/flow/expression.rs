//! Expressions: label, range and sources of each.

use std::rc::Rc;

use enigma_bytecode::interval::Wide;
use enigma_bytecode::release::Form;

use super::facts::Source;
use super::numbers::Op;
use super::sources::{Combination, Mix, Mixes, Sources};
use super::value::{Leaf, Value, cut, hull, natural};
use super::walk::{MAX_DEPTH, Walk};
use crate::code::Code;
use crate::diagnostic::Diagnostic;
use crate::hir::{Expr, ExprKind, Length, LocalId, Provider, Rows, Slot, Store, Type, UnaryOp};

/// What slots of `state MPC` hold stays strictly below this in magnitude.
pub(crate) const STORED_LIMIT: i128 = 1 << 59;

impl<'a> Walk<'a> {
    /// The abstract value of an expression.
    pub(super) fn eval(&mut self, expr: &'a Expr) -> Value {
        if !self.works(expr.span) || self.depth > MAX_DEPTH {
            return self.unknown();
        }
        self.depth += 1;
        let value = self.evaluated(expr);
        self.depth -= 1;
        self.record(expr, &value);
        value
    }

    /// Of what nothing is known, because an error has been reported.
    pub(super) fn unknown(&mut self) -> Value {
        let number = self.numbers.fresh();
        Value::Leaf(Leaf::public(None, number))
    }

    /// A public value of a type, of which no more is known.
    pub(super) fn public(&mut self, ty: &Type) -> Value {
        let number = self.numbers.fresh();
        Value::like(&Leaf::public(None, number), ty, self.hir, &mut self.numbers)
    }

    fn evaluated(&mut self, expr: &'a Expr) -> Value {
        match &expr.kind {
            ExprKind::Bool(value) => self.constant(i128::from(*value)),
            ExprKind::Variant(place) => self.constant(i128::from(*place)),
            ExprKind::Int(value) | ExprKind::Fix(value) => {
                let constant = self.constant(*value);
                self.fitted(expr, &[], constant)
            }
            ExprKind::Bytes(_)
            | ExprKind::Text(_)
            | ExprKind::Caller
            | ExprKind::Party(_)
            | ExprKind::Height
            | ExprKind::Time => self.public(&expr.ty),
            ExprKind::Nothing => {
                let mut nothing = self.public(&expr.ty);
                nothing.each_leaf(&mut |leaf| leaf.range = leaf.range.map(|_| Wide::exactly(0)));
                nothing
            }
            ExprKind::Something(content) => {
                let content = self.eval(content);
                Value::Parts(vec![self.constant(1), content])
            }
            ExprKind::Local(local) => match self.get(*local) {
                Some(value) => (*value).clone(),
                None => self.unknown(),
            },
            ExprKind::Collection(index) => self.collection(*index),
            ExprKind::RowCount(index) => {
                self.entry.collections.insert(*index);
                Value::Leaf(self.row_count(*index))
            }
            ExprKind::MemberCount(group) => self.member_count(*group),
            ExprKind::Load { slot, key, height } => {
                self.load(expr, *slot, key.as_deref(), height.as_deref())
            }
            ExprKind::Unary(op, operand) => self.unary(expr, *op, operand),
            ExprKind::Binary(op, a, b) => {
                let (x, y) = (self.eval(a), self.eval(b));
                self.binary(expr, *op, (a, &x), (b, &y))
            }
            ExprKind::Cast(operand) => self.cast(expr, operand),
            ExprKind::Select(condition, a, b) => {
                let condition = self.eval(condition);
                let (a, b) = (self.eval(a), self.eval(b));
                self.select(expr, &condition, &a, &b)
            }
            ExprKind::Field(of, index) => self.eval(of).part(*index),
            ExprKind::Tuple(parts) => {
                Value::Parts(parts.iter().map(|part| self.eval(part)).collect())
            }
            ExprKind::Struct(parts) => {
                let mut values = Vec::with_capacity(parts.len());
                for (i, part) in parts.iter().enumerate() {
                    let value = self.eval(part);
                    values.push(self.fits_field(part, value, &expr.ty, i));
                }
                Value::Parts(values)
            }
            ExprKind::List(elements) => self.list(expr, elements),
            ExprKind::Repeat(element, length) => {
                let mut element = self.eval(element);
                let length = self.numbers.constant((*length).into());
                element.each_leaf(&mut |leaf| {
                    leaf.displace(&mut self.numbers);
                    leaf.number = self.numbers.of(Op::List, &[u32::MAX, length, leaf.number]);
                });
                Value::Many(Box::new(element))
            }
            ExprKind::Index(vector, index) => self.index(expr, vector, index),
            ExprKind::Map {
                over,
                element,
                body,
            } => self.map(expr, over, *element, body),
            ExprKind::Call(builtin, args) => {
                let values: Vec<Value> = args.iter().map(|arg| self.eval(arg)).collect();
                self.call(expr, *builtin, args, &values)
            }
            ExprKind::Inline { block, result, .. } => {
                self.begin(*result);
                self.block(block);
                let value = self.get(*result);
                value.map_or_else(|| self.unknown(), |value| (*value).clone())
            }
            ExprKind::Error => self.unknown(),
        }
    }

    pub(super) fn constant(&mut self, value: i128) -> Value {
        let number = self.numbers.constant(value);
        let range = Wide {
            low: value,
            high: value,
        };
        Value::Leaf(Leaf::public(Some(range), number))
    }

    pub(super) fn collection(&mut self, index: usize) -> Value {
        let Some(collection) = self.hir.collections.get(index) else {
            return self.unknown();
        };
        self.entry.collections.insert(index);
        let mixes = if collection.is_single() {
            Mixes::only(Mix::Row)
        } else {
            Mixes::own_rows()
        };
        let place = u32::try_from(index).unwrap_or(u32::MAX);
        let number = self.numbers.of(Op::Collection, &[place]);
        let sources = Sources::of(Source::Collection(index), mixes);
        let leaf = Leaf::private(None, sources, number);
        let stated = (&collection.row, collection.range);
        let mut row = Value::within(&leaf, stated, self.hir, &mut self.numbers);
        row.in_columns(&collection.row, self.hir);
        if collection.is_single() {
            row
        } else {
            Value::Many(Box::new(row))
        }
    }

    /// How many rows there can be, fewest and most.
    pub(super) fn rows(&self, collection: usize) -> Wide {
        let Some(declared) = self.hir.collections.get(collection) else {
            return Wide::exactly(0);
        };
        let low = match (declared.provider, declared.rows) {
            (Provider::Each(group), Rows::One) => self.hir.groups.get(group).map_or(0, |g| g.min),
            (Provider::Party(_), Rows::One) => 1,
            (_, Rows::UpTo(_)) => 0,
        };
        let high = i128::from(declared.max_rows(&self.hir.groups));
        Wide {
            low: i128::from(low).min(high),
            high,
        }
    }

    /// The number of rows of a collection, as a value.
    pub(super) fn row_count(&mut self, collection: usize) -> Leaf {
        let number = self.all_rows(collection);
        Leaf {
            counts: Some(number),
            ..Leaf::public(Some(self.rows(collection)), number)
        }
    }

    /// The value number of the number of rows, which also stands for the mask that chooses all of them.
    pub(super) fn all_rows(&mut self, collection: usize) -> u32 {
        let place = u32::try_from(collection).unwrap_or(u32::MAX);
        self.numbers.of(Op::Count, &[place])
    }

    fn member_count(&mut self, group: usize) -> Value {
        let range = self.hir.groups.get(group).map(|g| Wide {
            low: g.min.into(),
            high: g.max.into(),
        });
        let place = u32::try_from(group).unwrap_or(u32::MAX);
        let number = self.numbers.of(Op::Count, &[u32::MAX, place]);
        Value::Leaf(Leaf::public(range, number))
    }

    /// How many elements a vector can have, fewest and most.
    pub(super) fn elements(&self, ty: &Type) -> Wide {
        let of = |length: &Length| {
            let fixed = Wide {
                low: length.fixed.into(),
                high: length.fixed.into(),
            };
            let rows = length.rows.iter().map(|c| self.rows(*c));
            rows.fold(fixed, Wide::plus)
        };
        match ty {
            Type::Rows(_, collection) => self.rows(*collection),
            Type::List(_, length) => of(length),
            _ => Wide::exactly(1),
        }
    }

    fn load(
        &mut self,
        expr: &'a Expr,
        slot: usize,
        key: Option<&'a Expr>,
        height: Option<&'a Expr>,
    ) -> Value {
        if let Some(key) = key {
            let value = self.eval(key);
            self.public_key(key, &value);
        }
        if let Some(height) = height {
            let value = self.eval(height);
            self.needs_public(height.span, &value, "a block's height");
        }
        let Some(declared) = self.hir.slots.get(slot) else {
            return self.unknown();
        };
        if declared.store != Store::Mpc {
            return self.public(&expr.ty);
        }
        let number = self.numbers.fresh();
        // Keys say themselves what may be made of them.
        let sources = match declared.ty {
            Type::Key(_) => Sources::default(),
            _ => Sources::of(
                Source::Slot(slot),
                self.slots.get(slot).copied().unwrap_or_default(),
            ),
        };
        let leaf = Leaf::private(None, sources, number);
        let mut value = Value::like(&leaf, &expr.ty, self.hir, &mut self.numbers);
        value.each_leaf(&mut |leaf| {
            leaf.range = leaf.range.map(|range| stored(declared, range));
            // In a larger number an entry could put the truth values of many calls.
            let is_bit = leaf
                .range
                .is_some_and(|range| range.low >= 0 && range.high <= 1);
            if !is_bit {
                leaf.sources = leaf.sources.clone().several();
            }
        });
        value
    }

    fn unary(&mut self, expr: &'a Expr, op: UnaryOp, operand: &'a Expr) -> Value {
        let mut value = self.eval(operand);
        let code = match op {
            UnaryOp::Negate => 0,
            UnaryOp::Not => 1,
        };
        value.each_leaf(&mut |leaf| {
            let number = self.numbers.of(Op::Unary, &[code, leaf.number]);
            let range = leaf.range.map(|range| match op {
                UnaryOp::Negate => Wide::exactly(0).minus(range),
                UnaryOp::Not => Wide::exactly(1).minus(range),
            });
            let moves = leaf.moves.clone();
            let form = match op {
                UnaryOp::Negate => leaf.form,
                UnaryOp::Not => Form::Other,
            };
            *leaf = leaf
                .derived(leaf.sources.clone(), number)
                .lying(range, Some(&moves));
            leaf.form = form;
        });
        self.fitted(expr, &[operand], value)
    }

    fn cast(&mut self, expr: &'a Expr, operand: &'a Expr) -> Value {
        let mut value = self.eval(operand);
        let (from, to) = (scalar(&operand.ty), scalar(&expr.ty));
        let scale = |ty: &Type| match ty {
            Type::Fix(fix) => Some(fix.fraction),
            _ => None,
        };
        let limits = natural(to, self.hir);
        value.each_leaf(&mut |leaf| {
            let Some(range) = leaf.range else { return };
            let scaled = match (scale(from), scale(to)) {
                (None, Some(fraction)) => shifted_up(range, fraction),
                (Some(fraction), None) => range.divided_by(power(fraction)),
                (Some(before), Some(after)) if before < after => shifted_up(range, after - before),
                (Some(before), Some(after)) if before > after => {
                    let quotient = range.divided_by(power(before - after));
                    quotient.plus(Wide { low: -1, high: 1 })
                }
                _ => range,
            };
            let fits = limits.is_none_or(|limits| scaled.within(limits));
            if fits && scaled == range {
                return;
            }
            let number = self.numbers.fresh();
            let saturated = limits.map_or(scaled, |l| super::value::clamped(scaled, l));
            if leaf.private {
                self.entry.magnitude = self.entry.magnitude.max(super::value::magnitude(range));
            }
            let rounds = leaf.rounds + if leaf.private { 7 } else { 0 };
            // What is cut is compared; of fewer bits behind the point it is a quotient.
            let is_exact = fits && scale(to) >= scale(from);
            let picks = match fits {
                true => leaf.picks_itself(),
                false => leaf.columns.len() > 1,
            };
            let how = match is_exact || !picks {
                true => Combination::Number,
                false => Combination::Selection,
            };
            let sources = leaf.sources.clone().decided(how);
            let form = leaf.form.scaled();
            *leaf = leaf.derived(sources, number).lying(Some(saturated), None);
            if is_exact {
                leaf.form = form;
            } else {
                leaf.deciding.clone_from(&leaf.columns);
            }
            leaf.rounds = rounds;
        });
        value
    }

    /// `c ? a : b`, element by element in `c`.
    pub(super) fn select(&mut self, expr: &'a Expr, c: &Value, a: &Value, b: &Value) -> Value {
        let condition = c.whole(Combination::Truth, &mut self.numbers);
        let how = selection(*scalar(&expr.ty) == Type::Bool);
        let wide = |value: &Value| match value {
            Value::Many(_) => value.clone(),
            other => Value::Many(Box::new(other.clone())),
        };
        let vector = matches!(c, Value::Many(_));
        let (a, b) = if vector {
            (wide(a), wide(b))
        } else {
            (a.clone(), b.clone())
        };
        let value = a.zip(&b, &mut self.numbers, &mut |a, b, numbers| {
            selected(&condition, a, b, how, numbers)
        });
        if condition.private {
            self.spend(1, self.size(&expr.ty));
        }
        value
    }

    fn list(&mut self, expr: &'a Expr, elements: &'a [Expr]) -> Value {
        let values: Vec<Value> = elements.iter().map(|e| self.eval(e)).collect();
        // The number of a list is made of those of its elements, of which there may be several leaves each.
        let mut keys: Vec<Vec<u32>> = Vec::new();
        let mut all: Option<Value> = None;
        for value in values {
            let leaves = value.leaves();
            keys.resize_with(keys.len().max(leaves.len()), Vec::new);
            for (key, leaf) in keys.iter_mut().zip(leaves) {
                key.push(leaf.number);
            }
            all = Some(match all {
                None => value,
                Some(so_far) => so_far.join(&value, &mut self.numbers),
            });
        }
        let mut keys = keys.into_iter();
        if let Some(element) = &mut all {
            element.each_leaf(&mut |leaf| {
                leaf.displace(&mut self.numbers);
                leaf.number = match keys.next() {
                    Some(key) if key.len() == elements.len() => self.numbers.of(Op::List, &key),
                    _ => self.numbers.fresh(),
                };
            });
        }
        let element = match (all, expr.ty.element()) {
            (Some(value), _) => value,
            (None, Some(ty)) => self.public(ty),
            (None, None) => self.unknown(),
        };
        Value::Many(Box::new(element))
    }

    fn index(&mut self, expr: &'a Expr, vector: &'a Expr, index: &'a Expr) -> Value {
        let value = self.eval(vector);
        let place = self.eval(index);
        self.public_index(index, &place);
        let place = place.whole(Combination::Number, &mut self.numbers);
        let mut element = self.left_vector(&value, &vector.ty, Some(place.number));
        let inside = place.range.is_some_and(|place| {
            let count = self.elements(&vector.ty);
            place.low >= 0 && place.high < count.low
        });
        // A place outside gives zeros.
        if !inside {
            element.each_leaf(&mut |leaf| {
                leaf.range = hull(leaf.range, Some(Wide::exactly(0)));
            });
        }
        let _ = expr;
        element
    }

    /// One element of a vector, that is at its place no more. Of a list of columns that is a column, whose rows still are.
    pub(super) fn left_vector(&mut self, vector: &Value, ty: &Type, place: Option<u32>) -> Value {
        let column = matches!(ty, Type::List(element, _) if has_rows(element));
        let mut element = vector.element();
        element.each_leaf(&mut |leaf| {
            let number = match place {
                Some(place) => self.numbers.of(Op::Index, &[leaf.number, place]),
                None => self.numbers.fresh(),
            };
            let base = leaf.base;
            *leaf = if column {
                Leaf {
                    number,
                    ..leaf.clone()
                }
            } else {
                leaf.loosened(number, &mut self.numbers)
            };
            leaf.base = base;
        });
        element
    }

    fn map(&mut self, expr: &'a Expr, over: &'a Expr, element: LocalId, body: &'a Expr) -> Value {
        let vector = self.eval(over);
        self.level += 1;
        let level = self.level;
        let column = matches!(&over.ty, Type::List(element, _) if has_rows(element));
        let mut parameter = vector.element();
        // Marks of cells inside of the lambda, and what they are outside.
        let mut placed: Vec<(u32, u32)> = Vec::new();
        parameter.each_leaf(&mut |leaf| {
            let number = self.numbers.of(Op::Element, &[level, leaf.number]);
            // Of a list of columns, the element is a column whose rows stand where they stood.
            let sources = leaf.sources.clone();
            let subsets = leaf
                .subsets
                .iter()
                .map(|mask| match self.numbers.is_cells(*mask) {
                    true => {
                        let inside = self.numbers.entering(*mask, level);
                        placed.push((inside, *mask));
                        inside
                    }
                    false => *mask,
                });
            let subsets = subsets.collect();
            *leaf = Leaf {
                sources: if column {
                    sources
                } else {
                    sources.entering(level)
                },
                number,
                base: None,
                counts: None,
                sums: None,
                at_most: None,
                subsets,
                ..leaf.clone()
            };
        });
        let over_numbers: Vec<u32> = vector.leaves().iter().map(|l| l.number).collect();
        self.set(element, Rc::new(parameter));
        let before = self.cost;
        let mut value = self.eval(body);
        let per_element = self.cost - before;
        self.cost = before;
        self.spend(per_element, self.size(&over.ty).max(1));
        value.each_leaf(&mut |leaf| {
            let key = [&[level, leaf.number], &over_numbers[..]].concat();
            // Cells that the parameter is of stand at their places again; others never stood at these.
            let subsets = leaf.subsets.iter().map(|mask| {
                let outside = placed.iter().find(|(inside, _)| inside == mask);
                match outside {
                    Some((_, outside)) => *outside,
                    None if self.numbers.is_cells(*mask) => self.numbers.fresh(),
                    None => *mask,
                }
            });
            let subsets = subsets.collect();
            *leaf = Leaf {
                sources: leaf.sources.clone().leaving(level),
                number: self.numbers.of(Op::Map, &key),
                base: None,
                counts: None,
                sums: None,
                at_most: None,
                subsets,
                ..leaf.clone()
            };
            let (range, moves) = (leaf.range, leaf.moves.clone());
            *leaf = leaf.clone().lying(range, Some(&moves));
        });
        self.level -= 1;
        let _ = expr;
        Value::Many(Box::new(value))
    }

    /// A slot's key is public.
    pub(super) fn public_key(&mut self, key: &'a Expr, value: &Value) {
        let leaves = value.leaves();
        if let Some(leaf) = leaves.into_iter().find(|leaf| leaf.private) {
            let diagnostic = Diagnostic::error(Code::E0307, key.span, "a private key of a map")
                .because("everyone would see at which key the store is read or written");
            let diagnostic = self.because(diagnostic, leaf);
            self.report(diagnostic.help("take a public key, like `caller`, or reveal it first"));
        }
    }

    /// Places in vectors are public.
    pub(super) fn public_index(&mut self, index: &'a Expr, value: &Value) {
        let leaves = value.leaves();
        if let Some(leaf) = leaves.into_iter().find(|leaf| leaf.private) {
            let diagnostic = Diagnostic::error(Code::E0307, index.span, "a private index")
                .because("everyone would see which element is read");
            let diagnostic = self.because(diagnostic, leaf);
            self.report(
                diagnostic.help("write `vector.lookup(index)`: it does not show the place"),
            );
        }
    }

    /// Most scalars in a value of a type, for costs.
    pub(super) fn size(&self, ty: &Type) -> u64 {
        match ty {
            Type::List(element, _) | Type::Rows(element, _) => {
                let count = u64::try_from(self.elements(ty).high).unwrap_or(u64::MAX);
                count.saturating_mul(self.size(element))
            }
            _ => 1,
        }
    }
}

/// The scalar type at the bottom of a vector.
pub(super) fn scalar(ty: &Type) -> &Type {
    match ty.element() {
        Some(element) => scalar(element),
        None => ty,
    }
}

/// Whether it is a column, or a vector of columns.
pub(super) fn has_rows(ty: &Type) -> bool {
    match ty {
        Type::Rows(..) => true,
        Type::List(element, _) => has_rows(element),
        _ => false,
    }
}

/// Where numbers of a slot of `state MPC` lie.
pub(super) fn stored(slot: &Slot, range: Wide) -> Wide {
    let most = STORED_LIMIT - 1;
    if slot.accumulator {
        return Wide {
            low: if range.low < 0 { -most } else { 0 },
            high: most,
        };
    }
    cut(range, most)
}

/// What a selection makes of its parts; of truth values a truth value. A selection by the very column that is selected is a
/// formula of that column, as a rounding is, and chooses nothing.
pub(super) fn selection(truth: bool) -> Combination {
    if truth {
        Combination::Truth
    } else {
        Combination::Selection
    }
}

/// One of two values, as a private or public condition says.
pub(super) fn selected(
    condition: &Leaf,
    a: &Leaf,
    b: &Leaf,
    how: Combination,
    numbers: &mut super::numbers::Numbers,
) -> Leaf {
    let either = a.join(b, numbers);
    // One value that both branches have, not two that look alike.
    let same = a.number == b.number && a.private == b.private && a.range == b.range;
    if same && a.sources == b.sources {
        return a.clone();
    }
    // What is a truth value whichever is taken lets nothing through but itself.
    let how = match how {
        Combination::Selection if !condition.picks(&either) || either.is_bit() => {
            Combination::Choice
        }
        how => how,
    };
    let number = numbers.of(Op::Select, &[condition.number, a.number, b.number]);
    let base = either.base;
    let moves = super::value::weighted(&a.moves, 1, &b.moves, 1);
    let mut value = condition.combine(&either, how, number);
    if !condition.private {
        value.sources = condition.sources.clone();
        value.sources.join(&either.sources);
        value.deciding = either.deciding;
    }
    let depends = !condition.sources.is_empty();
    let mut value = value.lying(either.range, (!depends).then_some(&moves));
    value.base = base;
    value.rounds = value.rounds.saturating_add(u64::from(condition.private));
    value
}

fn power(bits: u32) -> Wide {
    let value = 1_i128 << bits.min(120);
    Wide {
        low: value,
        high: value,
    }
}

pub(super) fn shifted_up(range: Wide, bits: u32) -> Wide {
    range.times(power(bits))
}
