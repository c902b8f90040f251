//! Expressions.

use enigma_bytecode::interval::Wide;
use enigma_bytecode::model::{Known, Op};
use enigma_bytecode::ranges::MAX_LEN;
use enigma_bytecode::values;

use super::arithmetic::Arithmetic;
use super::columns::{self, Side};
use super::statement::Execution;
use super::value::{Secret, Value};
use super::{Done, index, stop};
use crate::hir::{BinaryOp, Expr, ExprKind, FixType, IntType, Provider, Rows, Type, UnaryOp};
use crate::span::Span;

impl Execution<'_> {
    pub(super) fn arithmetic(&mut self, span: Span) -> Arithmetic<'_> {
        Arithmetic {
            registers: &mut self.registers,
            span,
        }
    }

    pub(super) fn expression(&mut self, expr: &Expr) -> Done<Value> {
        let value = self.value(expr)?;
        // Inside a `map`, registers hold one value per row where the source speaks of one: a vector
        // that depends on the element would be a table.
        if matches!(expr.ty, Type::Rows(..)) && value.is_lifted() {
            return stop(expr.span, "a vector for each row");
        }
        Ok(value)
    }

    fn value(&mut self, expr: &Expr) -> Done<Value> {
        let span = expr.span;
        match &expr.kind {
            ExprKind::Bool(value) => Ok(Value::Known((*value).into())),
            ExprKind::Int(value) => match i64::try_from(*value) {
                Ok(value) => Ok(Value::Known(value)),
                Err(_) => stop(span, "a number beyond 63 bits"),
            },
            ExprKind::Fix(scaled) => match i64::try_from(*scaled) {
                Ok(value) => Ok(Value::Known(value)),
                Err(_) => stop(span, "a number beyond 63 bits"),
            },
            ExprKind::Variant(place) => Ok(Value::Known((*place).into())),
            ExprKind::Bytes(bytes) => Ok(self.bytes(bytes, &expr.ty)),
            ExprKind::Text(text) => Ok(self.bytes(text.as_bytes(), &expr.ty)),
            ExprKind::Something(value) => {
                let there = Box::new(Value::Known(1));
                Ok(Value::Maybe(there, Box::new(self.expression(value)?)))
            }
            ExprKind::Nothing => self.zero(&expr.ty, span),
            ExprKind::Caller => Ok(Value::Public(
                self.registers.public(|dst| Op::Caller { dst })?,
            )),
            ExprKind::Party(party) => {
                let party = index(*party)?;
                let register = (self.registers).public(|dst| Op::PartyAccount { dst, party })?;
                Ok(Value::Public(register))
            }
            ExprKind::Height => Ok(Value::Public(
                self.registers.public(|dst| Op::Height { dst })?,
            )),
            ExprKind::Time => Ok(Value::Public(
                self.registers.public(|dst| Op::Time { dst })?,
            )),
            ExprKind::MemberCount(group) => self.member_count(*group, span),
            ExprKind::Load { slot, key, height } => {
                self.load(*slot, key.as_deref(), height.as_deref(), span)
            }
            ExprKind::Local(local) => match self.local(*local) {
                Some(value) => Ok(value.clone()),
                None => stop(span, "this variable"),
            },
            ExprKind::Collection(index) => self.rows(*index, span),
            ExprKind::RowCount(index) => self.row_count(*index),
            ExprKind::Unary(op, operand) => {
                let operand = self.expression(operand)?;
                self.unary(*op, &operand, span)
            }
            ExprKind::Binary(op, a, b) => {
                let (left, right) = (self.expression(a)?, self.expression(b)?);
                self.binary(*op, (&a.ty, &left), (&b.ty, &right), span)
            }
            ExprKind::Cast(operand) => self.cast(operand, expr),
            ExprKind::Select(condition, a, b) => {
                let condition = self.expression(condition)?;
                let (a, b) = (self.expression(a)?, self.expression(b)?);
                let mut condition = condition;
                let choices = [&a, &b];
                let is_run_time =
                    |value: &&Value| matches!(value, Value::Public(_) | Value::Secret(_));
                let is_hidden = |value: &&Value| matches!(value, Value::Secret(_));
                if matches!(condition, Value::Public(_))
                    && choices.iter().all(is_run_time)
                    && choices.iter().any(is_hidden)
                    && *leaf(&expr.ty) == Type::Bool
                {
                    // Nodes see of a selection alone that a truth value comes of it.
                    condition = Value::Secret(self.arithmetic(span).secret(&condition)?);
                }
                self.arithmetic(span).select(&condition, &a, &b)
            }
            ExprKind::Field(of, place) => match self.expression(of)? {
                Value::Many(parts) if *place < parts.len() => Ok(parts[*place].clone()),
                _ => stop(span, "a field of this value"),
            },
            ExprKind::Struct(parts) | ExprKind::Tuple(parts) | ExprKind::List(parts) => {
                let parts = parts.iter().map(|part| self.expression(part));
                Ok(Value::Many(parts.collect::<Done<_>>()?))
            }
            ExprKind::Repeat(value, times) => {
                let value = self.expression(value)?;
                match usize::try_from(*times) {
                    Ok(times) if times <= MOST_PARTS => Ok(Value::Many(vec![value; times])),
                    _ => stop(span, "so long a list"),
                }
            }
            ExprKind::Index(list, place) => {
                let is_list = outer(&list.ty, true).is_list;
                let (list, place) = (self.expression(list)?, self.expression(place)?);
                match (list, place) {
                    (rows, Value::Known(place)) if !is_list => self.row(rows, place, span),
                    (Value::Many(parts), place @ (Value::Known(_) | Value::Public(_)))
                        if is_list =>
                    {
                        self.element(&parts, &place, &expr.ty, span)
                    }
                    _ => stop(span, "a single row"),
                }
            }
            ExprKind::Map {
                over,
                element,
                body,
            } => {
                let vector = self.expression(over)?;
                self.map((vector, &over.ty), *element, body, span)
            }
            ExprKind::Call(builtin, args) => self.call(*builtin, args, expr),
            ExprKind::Inline { block, result, .. } => {
                self.block(block)?;
                match self.local(*result) {
                    Some(value) => Ok(value.clone()),
                    None => stop(span, "this function"),
                }
            }
            _ => stop(span, "this value"),
        }
    }

    /// The row at a place, or zeros.
    pub(super) fn row(&mut self, rows: Value, place: i64, span: Span) -> Done<Value> {
        let place = u32::try_from(place).ok().filter(|place| *place < MAX_LEN);
        let Some(at) = place.filter(|_| !rows.is_lifted()) else {
            return stop(span, "a single row");
        };
        let mut problem = None;
        let row = rows.leaves(&mut |leaf| {
            let element = match &leaf {
                Value::Secret(Secret {
                    register: a,
                    vector: true,
                    ..
                }) => self.registers.secret(|dst| Op::Element { dst, a: *a, at }),
                _ => stop(span, "a single row"),
            };
            element.map_or_else(
                |stop| {
                    problem.get_or_insert(stop);
                    Value::Known(0)
                },
                Value::scalar,
            )
        });
        problem.map_or(Ok(row), Err)
    }

    /// All rows of a collection, column by column; of a party's single value the value.
    pub(super) fn rows(&mut self, collection: usize, span: Span) -> Done<Value> {
        let Some(declared) = self.checked.hir.collections.get(collection) else {
            return stop(span, "this collection");
        };
        let vector = !declared.is_single();
        let collection = index(collection)?;
        self.columns(&declared.row, Side::Secret, |this, column| {
            let register = this.registers.secret(|dst| Op::Input {
                dst,
                collection,
                column,
            })?;
            Ok(Value::Secret(Secret {
                register,
                vector,
                lifted: false,
            }))
        })
    }

    /// A value of this type, whose column k is what `leaf` gives for k.
    pub(super) fn columns(
        &mut self,
        ty: &Type,
        side: Side,
        mut leaf: impl FnMut(&mut Self, u16) -> Done<Value>,
    ) -> Done<Value> {
        let hir = &self.checked.hir;
        let (mut next, mut problem) = (0_u16, None);
        let value = columns::value(ty, side, hir, &mut || {
            let column = next;
            next = next.saturating_add(1);
            leaf(self, column).unwrap_or_else(|stop| {
                problem.get_or_insert(stop);
                Value::Known(0)
            })
        });
        problem.map_or(Ok(value), Err)
    }

    /// Known bytes: pieces where the type is one that can be shared.
    fn bytes(&self, bytes: &[u8], ty: &Type) -> Value {
        match ty {
            Type::Bytes(len) | Type::Text(len) => {
                let mut padded = bytes.to_vec();
                padded.resize(*len as usize, 0);
                Value::Bytes(padded)
            }
            _ => Value::Bytes(bytes.to_vec()),
        }
    }

    /// The element of a list at a place that is known or that a run decides; `ty` is its type. Outside there are zeros.
    pub(super) fn element(
        &mut self,
        list: &[Value],
        place: &Value,
        ty: &Type,
        span: Span,
    ) -> Done<Value> {
        if let Value::Known(place) = place {
            let part = usize::try_from(*place).ok().and_then(|k| list.get(k));
            return match part {
                Some(part) => Ok(part.clone()),
                None => self.nothing(ty, list, span),
            };
        }
        let mut found = self.nothing(ty, list, span)?;
        for (k, part) in (0..).zip(list) {
            self.step()?;
            let mut equal = self.arithmetic(span);
            let here = equal.compare(BinaryOp::Equal, place, &Value::Known(k))?;
            found = self.pick(&here, part, &found, span)?;
        }
        Ok(found)
    }

    /// What is at a place outside of a list: zeros, of a list that everyone knows as everyone knows them.
    fn nothing(&mut self, ty: &Type, list: &[Value], span: Span) -> Done<Value> {
        if list.iter().any(Value::is_secret) {
            return self.zero(ty, span);
        }
        let hir = &self.checked.hir;
        let zero = crate::value::Value::zero(ty, hir, &Default::default());
        let known = zero.and_then(|zero| columns::of_value(&zero, ty, Side::Public, hir));
        let Some(known) = known else {
            return stop(span, "nothing of this type");
        };
        let mut leaves = known.into_iter().map(|leaf| match leaf {
            Known::Number(number) => Value::Known(number),
            Known::Bytes(bytes) => Value::Bytes(bytes),
        });
        Ok(columns::value(ty, Side::Public, hir, &mut || {
            leaves.next().unwrap_or(Value::Known(0))
        }))
    }

    /// The zero of a type; nothing, of a `maybe`.
    pub(super) fn zero(&mut self, ty: &Type, span: Span) -> Done<Value> {
        let known = crate::value::Value::zero(ty, &self.checked.hir, &Default::default());
        let hir = &self.checked.hir;
        let zero = known.map(|_| columns::value(ty, Side::Secret, hir, &mut || Value::Known(0)));
        zero.map_or_else(|| stop(span, "nothing of this type"), Ok)
    }

    /// How many members of a group contribute: as many as there are rows of a collection to which each gives
    /// one.
    fn member_count(&mut self, group: usize, span: Span) -> Done<Value> {
        let facts = self.checked.facts.entries.get(self.index);
        let used = facts.map_or_else(Default::default, |facts| facts.collections.clone());
        let collections = &self.checked.hir.collections;
        let one_each = |collection: &usize| {
            let declared = collections.get(*collection)?;
            let each = declared.provider == Provider::Each(group) && declared.rows == Rows::One;
            each.then_some(*collection)
        };
        let mut found = used.iter().filter_map(one_each);
        match (found.next(), found.next()) {
            (Some(collection), None) => self.row_count(collection),
            _ => stop(span, "how many members contribute to several collections"),
        }
    }

    fn unary(&mut self, op: UnaryOp, operand: &Value, span: Span) -> Done<Value> {
        if let Value::Many(parts) = operand {
            let parts = parts.iter().map(|part| self.unary(op, part, span));
            return Ok(Value::Many(parts.collect::<Done<_>>()?));
        }
        if matches!(
            operand,
            Value::Maybe(..) | Value::Bytes(_) | Value::Place { .. }
        ) {
            return stop(span, "this operator on this value");
        }
        match op {
            UnaryOp::Negate => self.arithmetic(span).negate(operand),
            UnaryOp::Not => self.arithmetic(span).not(operand),
        }
    }

    /// `a op b`, element by element: the operand with more vectors around it is taken apart, or both.
    pub(super) fn binary(
        &mut self,
        op: BinaryOp,
        (left, a): (&Type, &Value),
        (right, b): (&Type, &Value),
        span: Span,
    ) -> Done<Value> {
        let (x, y) = (depth(left), depth(right));
        if (x, y) == (0, 0) {
            return match op {
                BinaryOp::Equal => self.equal((left, a), (right, b), span),
                BinaryOp::NotEqual => {
                    let equal = self.equal((left, a), (right, b), span)?;
                    self.arithmetic(span).not(&equal)
                }
                _ => self.leaves(op, (left, a), (right, b), span),
            };
        }
        let deepest = x.max(y);
        let (first, second) = (outer(left, x == deepest), outer(right, y == deepest));
        let parts = |value: &Value, is_list: bool| match value {
            Value::Many(parts) if is_list => Some(parts.clone()),
            _ => None,
        };
        let lists = (parts(a, first.is_list), parts(b, second.is_list));
        let pairs: Vec<(Value, Value)> = match lists {
            (Some(a), Some(b)) if a.len() == b.len() => a.into_iter().zip(b).collect(),
            (Some(a), None) if !second.is_list => a.into_iter().map(|a| (a, b.clone())).collect(),
            (None, Some(b)) if !first.is_list => b.into_iter().map(|b| (a.clone(), b)).collect(),
            (None, None) if !first.is_list && !second.is_list => {
                // Rows: their columns are computed with as a whole.
                return self.binary(op, (first.inner, a), (second.inner, b), span);
            }
            _ => return stop(span, "lists of these lengths together"),
        };
        let results = pairs
            .iter()
            .map(|(a, b)| self.binary(op, (first.inner, a), (second.inner, b), span));
        Ok(Value::Many(results.collect::<Done<_>>()?))
    }

    fn leaves(
        &mut self,
        op: BinaryOp,
        (left, a): (&Type, &Value),
        (right, b): (&Type, &Value),
        span: Span,
    ) -> Done<Value> {
        match (leaf(left), leaf(right)) {
            (Type::Bool, _) => self.arithmetic(span).truth(op, a, b),
            (Type::Enum(_) | Type::Id, _) if op.is_comparison() => {
                self.arithmetic(span).compare(op, a, b)
            }
            (Type::Int(_) | Type::Fix(_), _) if op.is_comparison() => {
                let (a, b) = self.meet((left, a), (right, b), span)?;
                self.arithmetic(span).compare(op, &a, &b)
            }
            (Type::Int(_), Type::Int(_)) => match (op, b) {
                (BinaryOp::Shl, Value::Known(places @ 0..=62)) => {
                    let power = Value::Known(1 << places);
                    self.arithmetic(span).number(BinaryOp::Mul, a, &power)
                }
                (BinaryOp::Shr, Value::Known(places @ 0..)) => {
                    let places = u8::try_from(*places).unwrap_or(u8::MAX);
                    self.arithmetic(span).shift_right(a, places)
                }
                (BinaryOp::Shl | BinaryOp::Shr, _) => stop(span, "this shift"),
                (BinaryOp::BitAnd | BinaryOp::BitOr | BinaryOp::BitXor, _) => {
                    self.arithmetic(span).bitwise(op, a, b)
                }
                _ => self.arithmetic(span).number(op, a, b),
            },
            (Type::Fix(fix), _) | (_, Type::Fix(fix)) => {
                let fraction = fix.fraction;
                let (a, b) = self.meet((left, a), (right, b), span)?;
                self.arithmetic(span).fixed(op, fraction, &a, &b)
            }
            _ => stop(span, "an operator on values of this type"),
        }
    }

    /// Two numbers of which one may be `fix` and the other whole: both scaled like it.
    pub(super) fn meet(
        &mut self,
        (left, a): (&Type, &Value),
        (right, b): (&Type, &Value),
        span: Span,
    ) -> Done<(Value, Value)> {
        match (leaf(left), leaf(right)) {
            (Type::Fix(x), Type::Fix(y)) if x.fraction != y.fraction => {
                stop(span, "numbers with different places behind the point")
            }
            (Type::Fix(fix), Type::Int(_)) => {
                let one = Value::Known(1 << fix.fraction.min(62));
                let b = self.arithmetic(span).number(BinaryOp::Mul, b, &one)?;
                Ok((a.clone(), b))
            }
            (Type::Int(_), Type::Fix(fix)) => {
                let one = Value::Known(1 << fix.fraction.min(62));
                let a = self.arithmetic(span).number(BinaryOp::Mul, a, &one)?;
                Ok((a, b.clone()))
            }
            _ => Ok((a.clone(), b.clone())),
        }
    }

    /// Whether two values are equal in all parts.
    fn equal(
        &mut self,
        (left, a): (&Type, &Value),
        (right, b): (&Type, &Value),
        span: Span,
    ) -> Done<Value> {
        match (a, b) {
            (Value::Bytes(a), Value::Bytes(b)) => Ok(Value::Known((a == b).into())),
            (Value::Bytes(known), Value::Many(limbs))
            | (Value::Many(limbs), Value::Bytes(known)) => {
                let pieces = values::limbs(known, known.len() as u32);
                let pieces: Vec<Value> = pieces.into_iter().map(Value::Known).collect();
                self.equal_keys(limbs, &pieces, span)
            }
            (Value::Many(a), Value::Many(b)) if matches!(left, Type::Bytes(_) | Type::Text(_)) => {
                self.equal_keys(a, b, span)
            }
            (Value::Many(a), Value::Many(b)) => {
                if a.len() != b.len() {
                    return stop(span, "a comparison of lists of different lengths");
                }
                let mut all = Value::Known(1);
                for (place, (a, b)) in a.iter().zip(b).enumerate() {
                    let (left, right) = (self.part_type(left, place), self.part_type(right, place));
                    let same = self.equal((&left, a), (&right, b), span)?;
                    all = self.arithmetic(span).truth(BinaryOp::And, &all, &same)?;
                }
                Ok(all)
            }
            (Value::Maybe(a_there, a), Value::Maybe(b_there, b)) => {
                // Both are there and equal, or neither is.
                let (Type::Maybe(left), Type::Maybe(right)) = (left, right) else {
                    return stop(span, "this comparison");
                };
                let same = self.equal((left, a), (right, b), span)?;
                let mut truth = self.arithmetic(span);
                let both = truth.truth(BinaryOp::And, a_there, b_there)?;
                let both = truth.truth(BinaryOp::And, &both, &same)?;
                let either = truth.truth(BinaryOp::Or, a_there, b_there)?;
                let neither = truth.not(&either)?;
                truth.truth(BinaryOp::Or, &both, &neither)
            }
            _ if matches!(left, Type::Bytes(_) | Type::Text(_) | Type::Str) => {
                self.arithmetic(span).compare(BinaryOp::Equal, a, b)
            }
            _ => self.leaves(BinaryOp::Equal, (left, a), (right, b), span),
        }
    }

    /// Whether pieces are equal, all of them.
    pub(super) fn equal_keys(&mut self, a: &[Value], b: &[Value], span: Span) -> Done<Value> {
        if a.len() != b.len() {
            return stop(span, "a comparison of bytes of different lengths");
        }
        let mut like = None;
        let mut registers = |this: &mut Self, pieces: &[Value]| {
            let mut registers = Vec::new();
            for piece in pieces {
                let secret = this.arithmetic(span).secret(piece)?;
                if secret.vector || like.is_none() {
                    like = Some(secret);
                }
                registers.push(secret.register);
            }
            Done::Ok(registers)
        };
        let (a, b) = (registers(self, a)?, registers(self, b)?);
        let Some(like) = like else {
            return Ok(Value::Known(1));
        };
        (self.arithmetic(span)).mapped(like, |dst| Op::EqualKeys {
            dst,
            a: a.clone(),
            b: b.clone(),
        })
    }

    /// The type of a part of a list, tuple or struct.
    pub(super) fn part_type(&self, whole: &Type, place: usize) -> Type {
        let part = match whole {
            Type::List(element, _) => Some((**element).clone()),
            Type::Tuple(parts) => parts.get(place).cloned(),
            Type::Struct(index) => {
                let item = self.checked.hir.structs.get(*index);
                item.and_then(|item| item.fields.get(place))
                    .map(|field| field.ty.clone())
            }
            _ => None,
        };
        part.unwrap_or(Type::Unknown)
    }

    fn cast(&mut self, operand: &Expr, to: &Expr) -> Done<Value> {
        let value = self.expression(operand)?;
        let range = self.range(operand);
        match (leaf(&operand.ty), leaf(&to.ty)) {
            (Type::Bool | Type::Enum(_), Type::Int(_)) => Ok(value),
            (Type::Int(_), Type::Int(int)) => self.saturated(value, range, int.range(), to.span),
            (from, to_type) if from == to_type => Ok(value),
            (Type::Int(_) | Type::Bool, Type::Fix(fix)) => self
                .one_by_one(&value, &mut |this, value| {
                    this.with_a_point(value, range, *fix, to.span)
                }),
            (Type::Fix(from), Type::Int(int)) => {
                // Toward zero, as whole numbers divide.
                let one = Value::Known(1 << from.fraction.min(62));
                let whole = Type::Int(IntType::I64);
                let value =
                    self.binary(BinaryOp::Div, (&whole, &value), (&whole, &one), to.span)?;
                let range = range
                    .map(|range| range.divided_by(Wide::exactly(1_i64 << from.fraction.min(62))));
                self.saturated(value, range, int.range(), to.span)
            }
            _ => stop(to.span, "this conversion"),
        }
    }

    /// The nearest number in fixed point to a whole number.
    fn with_a_point(
        &mut self,
        value: &Value,
        range: Option<Wide>,
        fix: FixType,
        span: Span,
    ) -> Done<Value> {
        let places = fix.fraction.min(62);
        let ends = fix.range();
        let whole = Wide {
            low: ends.low >> places,
            high: ends.high >> places,
        };
        let near = self.saturated(value.clone(), range, whole, span)?;
        let mut arithmetic = self.arithmetic(span);
        let scaled = arithmetic.number(BinaryOp::Mul, &near, &Value::Known(1 << places))?;
        if range.is_some_and(|range| range.high <= whole.high) {
            return Ok(scaled);
        }
        // The last number of the type lies a little above the last whole one.
        let (last, rest) = (whole.high, ends.high - (whole.high << places));
        let (Ok(last), Ok(rest)) = (i64::try_from(last), i64::try_from(rest)) else {
            return stop(span, "this conversion");
        };
        let beyond = arithmetic.compare(BinaryOp::Greater, value, &Value::Known(last))?;
        let rest = arithmetic.number(BinaryOp::Mul, &beyond, &Value::Known(rest))?;
        arithmetic.number(BinaryOp::Add, &scaled, &rest)
    }

    /// The nearest number of the type, unless all values are numbers of it.
    fn saturated(
        &mut self,
        value: Value,
        range: Option<Wide>,
        ends: Wide,
        span: Span,
    ) -> Done<Value> {
        if let Value::Many(parts) = value {
            let parts = parts
                .into_iter()
                .map(|part| self.saturated(part, range, ends, span));
            return Ok(Value::Many(parts.collect::<Done<_>>()?));
        }
        if let Value::Known(known) = value {
            let nearest = i128::from(known).clamp(ends.low, ends.high);
            return match i64::try_from(nearest) {
                Ok(nearest) => Ok(Value::Known(nearest)),
                Err(_) => stop(span, "this conversion"),
            };
        }
        let range = range.unwrap_or(IntType::Literal.range());
        let mut value = value;
        // The larger of a number and the low end; nodes see that it lies above.
        for (outside, relation, end) in [
            (range.low < ends.low, BinaryOp::Greater, ends.low),
            (range.high > ends.high, BinaryOp::Less, ends.high),
        ] {
            if outside {
                let Ok(end) = i64::try_from(end) else {
                    return stop(span, "this conversion");
                };
                value = self.further(relation, &value, &Value::Known(end), span)?;
            }
        }
        Ok(value)
    }
}

/// Longest list of separate registers.
const MOST_PARTS: usize = 65_536;

/// How many vectors a type nests.
fn depth(ty: &Type) -> usize {
    ty.element().map_or(0, |element| 1 + depth(element))
}

/// What is left of a type when its outermost vector is taken apart, and whether that is a list.
struct Outer<'a> {
    inner: &'a Type,
    is_list: bool,
}

fn outer(ty: &Type, take_apart: bool) -> Outer<'_> {
    match ty {
        Type::List(inner, length) if take_apart => Outer {
            inner,
            is_list: length.constant().is_some(),
        },
        Type::Rows(inner, _) if take_apart => Outer {
            inner,
            is_list: false,
        },
        _ => Outer {
            inner: ty,
            is_list: false,
        },
    }
}

/// What the elements of vectors of vectors are in the end.
pub(super) fn leaf(ty: &Type) -> &Type {
    match ty.element() {
        Some(element) => leaf(element),
        None => ty,
    }
}
