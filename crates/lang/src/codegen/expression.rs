//! Expressions.

use enigma_bytecode::interval::Wide;
use enigma_bytecode::model::Op;

use super::arithmetic::Arithmetic;
use super::contract::number;
use super::statement::Execution;
use super::value::{Secret, Value};
use super::{Done, stop};
use crate::hir::{BinaryOp, Expr, ExprKind, IntType, Type, UnaryOp};
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
            ExprKind::Variant(place) => Ok(Value::Known((*place).into())),
            ExprKind::Local(local) => match self.local(*local) {
                Some(value) => Ok(value.clone()),
                None => stop(span, "this variable"),
            },
            ExprKind::Collection(index) => self.rows(*index, span),
            ExprKind::RowCount(index) => {
                let Some(collection) = number(*index) else {
                    return stop(span, "so many collections");
                };
                let register = (self.registers).public(|dst| Op::Rows { dst, collection })?;
                Ok(Value::Public(register))
            }
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
                let (list, place) = (self.expression(list)?, self.expression(place)?);
                match (list, place) {
                    (Value::Many(parts), Value::Known(place)) => {
                        let part = usize::try_from(place)
                            .ok()
                            .and_then(|k| parts.get(k).cloned());
                        match part {
                            Some(part) => Ok(part),
                            None => stop(span, "a place outside of the list"),
                        }
                    }
                    _ => stop(span, "a single row"),
                }
            }
            ExprKind::Map {
                over,
                element,
                body,
            } => {
                let over = self.expression(over)?;
                self.map(over, *element, body, span)
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

    fn rows(&mut self, index: usize, span: Span) -> Done<Value> {
        let Some(collection) = number(index) else {
            return stop(span, "so many collections");
        };
        let register = (self.registers).secret(|dst| Op::Input { dst, collection })?;
        Ok(Value::Secret(Secret {
            register,
            vector: true,
            lifted: false,
        }))
    }

    fn unary(&mut self, op: UnaryOp, operand: &Value, span: Span) -> Done<Value> {
        if let Value::Many(parts) = operand {
            let parts = parts.iter().map(|part| self.unary(op, part, span));
            return Ok(Value::Many(parts.collect::<Done<_>>()?));
        }
        match op {
            UnaryOp::Negate => self.arithmetic(span).negate(operand),
            UnaryOp::Not => self.arithmetic(span).not(operand),
        }
    }

    pub(super) fn binary(
        &mut self,
        op: BinaryOp,
        (left, a): (&Type, &Value),
        (right, b): (&Type, &Value),
        span: Span,
    ) -> Done<Value> {
        let whole = matches!(op, BinaryOp::Equal | BinaryOp::NotEqual);
        match (a, b) {
            (Value::Many(x), Value::Many(y)) if whole => {
                self.equal(op, (left, x), (right, y), span)
            }
            (Value::Many(x), Value::Many(y)) if x.len() == y.len() => {
                let parts = x.iter().zip(y);
                let parts =
                    parts.map(|(a, b)| self.binary(op, part(left, a), part(right, b), span));
                Ok(Value::Many(parts.collect::<Done<_>>()?))
            }
            (Value::Many(x), _) => {
                let parts = x
                    .iter()
                    .map(|a| self.binary(op, part(left, a), (right, b), span));
                Ok(Value::Many(parts.collect::<Done<_>>()?))
            }
            (_, Value::Many(y)) => {
                let parts = y
                    .iter()
                    .map(|b| self.binary(op, (left, a), part(right, b), span));
                Ok(Value::Many(parts.collect::<Done<_>>()?))
            }
            _ => self.leaves(op, (left, a), b, span),
        }
    }

    fn leaves(
        &mut self,
        op: BinaryOp,
        (left, a): (&Type, &Value),
        b: &Value,
        span: Span,
    ) -> Done<Value> {
        match leaf(left) {
            Type::Bool => self.arithmetic(span).truth(op, a, b),
            Type::Int(_) if op.is_comparison() => self.arithmetic(span).compare(op, a, b),
            Type::Int(_) if op == BinaryOp::Shl => match b {
                Value::Known(places @ 0..=62) => {
                    let power = Value::Known(1 << places);
                    self.arithmetic(span).number(BinaryOp::Mul, a, &power)
                }
                _ => stop(span, "this shift"),
            },
            Type::Int(_) => self.arithmetic(span).number(op, a, b),
            Type::Enum(_) if op.is_comparison() => self.arithmetic(span).compare(op, a, b),
            _ => stop(span, "an operator on values of this type"),
        }
    }

    /// Whether lists, tuples or structs are equal in all parts.
    fn equal(
        &mut self,
        op: BinaryOp,
        (left, a): (&Type, &[Value]),
        (right, b): (&Type, &[Value]),
        span: Span,
    ) -> Done<Value> {
        if a.len() != b.len() {
            return stop(span, "a comparison of lists of different lengths");
        }
        let mut all = Value::Known(1);
        for (place, (a, b)) in a.iter().zip(b).enumerate() {
            let (left, right) = (self.part_type(left, place), self.part_type(right, place));
            let same = self.binary(BinaryOp::Equal, (&left, a), (&right, b), span)?;
            all = self.arithmetic(span).truth(BinaryOp::And, &all, &same)?;
        }
        match op {
            BinaryOp::Equal => Ok(all),
            _ => self.arithmetic(span).not(&all),
        }
    }

    /// The type of a part of a list, tuple or struct.
    fn part_type(&self, whole: &Type, place: usize) -> Type {
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
        let Type::Int(int) = leaf(&to.ty) else {
            return stop(to.span, "this conversion");
        };
        match leaf(&operand.ty) {
            Type::Bool | Type::Enum(_) => Ok(value),
            Type::Int(_) => {
                let range = self.range(operand);
                self.saturated(value, range, *int, to.span)
            }
            _ => stop(to.span, "this conversion"),
        }
    }

    /// The nearest number of the type, unless all values are numbers of it.
    fn saturated(
        &mut self,
        value: Value,
        range: Option<Wide>,
        int: IntType,
        span: Span,
    ) -> Done<Value> {
        let ends = int.range();
        if let Value::Many(parts) = value {
            let parts = parts
                .into_iter()
                .map(|part| self.saturated(part, range, int, span));
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
        for (outside, relation, end) in [
            (range.low < ends.low, BinaryOp::Less, ends.low),
            (range.high > ends.high, BinaryOp::Greater, ends.high),
        ] {
            if outside {
                let Ok(end) = i64::try_from(end) else {
                    return stop(span, "this conversion");
                };
                let end = Value::Known(end);
                let beyond = self.arithmetic(span).compare(relation, &value, &end)?;
                value = self.arithmetic(span).select(&beyond, &end, &value)?;
            }
        }
        Ok(value)
    }
}

/// Longest list of separate registers.
const MOST_PARTS: usize = 65_536;

fn part<'a>(whole: &'a Type, value: &'a Value) -> (&'a Type, &'a Value) {
    (whole.element().unwrap_or(whole), value)
}

/// What the elements of vectors of vectors are in the end.
pub(super) fn leaf(ty: &Type) -> &Type {
    match ty.element() {
        Some(element) => leaf(element),
        None => ty,
    }
}
