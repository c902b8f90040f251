//! Functions of the library, as far as there are opcodes for them.

use enigma_bytecode::model::{Op, Order, S};

use super::contract::number;
use super::expression::leaf;
use super::statement::Execution;
use super::value::{Secret, Value};
use super::{Done, stop};
use crate::hir::{BinaryOp, Builtin, Expr, IntType, LocalId, Type};
use crate::span::Span;

impl Execution<'_> {
    /// A call of `expr`'s function.
    pub(super) fn call(&mut self, builtin: Builtin, args: &[Expr], expr: &Expr) -> Done<Value> {
        let span = expr.span;
        let mut values = Vec::new();
        for arg in args {
            values.push(self.expression(arg)?);
        }
        let whole = (args.iter()).all(|arg| matches!(leaf(&arg.ty), Type::Int(_) | Type::Bool));
        if !whole && builtin != Builtin::OwnerAt {
            return self.unknown(builtin, span);
        }
        match (builtin, &values[..]) {
            (Builtin::OwnerAt, [_, Value::Place { of, order }]) => {
                let Type::Rows(_, collection) = args[0].ty else {
                    return self.unknown(builtin, span);
                };
                self.owner(*of, *order, collection, span)
            }
            (Builtin::Max2, [a, b]) => self.further(BinaryOp::Greater, a, b, span),
            (Builtin::Min2, [a, b]) => self.further(BinaryOp::Less, a, b, span),
            (Builtin::Clamp, [value, low, high]) => {
                let value = self.further(BinaryOp::Less, value, high, span)?;
                self.further(BinaryOp::Greater, &value, low, span)
            }
            (Builtin::Abs, [value]) => {
                let minus = self.arithmetic(span).negate(value)?;
                self.further(BinaryOp::Greater, value, &minus, span)
            }
            (Builtin::Sqrt, [Value::Secret(value)]) => {
                let not_negative = self.range(&args[0]).is_some_and(|range| range.low >= 0);
                if !not_negative {
                    return stop(span, "the root of a number that may be negative");
                }
                let a = value.register;
                (self.arithmetic(span)).mapped(*value, |dst| Op::SquareRoot { dst, a })
            }
            _ => self.vector(builtin, &values, args, span),
        }
    }

    /// Who gave the row in which the first of a vector stands.
    fn owner(&mut self, a: S, order: Order, collection: usize, span: Span) -> Done<Value> {
        let of = Secret {
            register: a,
            vector: true,
            lifted: false,
        };
        let member =
            (self.arithmetic(span)).reduced(of, |dst| Op::FirstMember { dst, a, order })?;
        if let (Value::Secret(member), Some(collection)) = (&member, number(collection)) {
            self.members.insert(member.register, collection);
        }
        Ok(member)
    }

    fn unknown<T>(&self, builtin: Builtin, span: Span) -> Done<T> {
        stop(span, &format!("`{}` of these values", builtin.name()))
    }

    /// `a` where it stands to `b` in the relation, else `b`.
    fn further(&mut self, relation: BinaryOp, a: &Value, b: &Value, span: Span) -> Done<Value> {
        let further = self.arithmetic(span).compare(relation, a, b)?;
        self.arithmetic(span).select(&further, a, b)
    }

    fn vector(
        &mut self,
        builtin: Builtin,
        values: &[Value],
        args: &[Expr],
        span: Span,
    ) -> Done<Value> {
        match (builtin, values) {
            (Builtin::Sum | Builtin::CountTrue, [all]) => self.sum(all, span),
            (Builtin::SumWhere | Builtin::Dot, [a, b]) => {
                let products = self.each(BinaryOp::Mul, a, b, span)?;
                self.sum(&products, span)
            }
            (Builtin::Distance2, [a, b]) => {
                let steps = self.each(BinaryOp::Sub, a, b, span)?;
                let squares = self.each(BinaryOp::Mul, &steps, &steps, span)?;
                self.sum(&squares, span)
            }
            (Builtin::Mean, [all]) => {
                let sum = self.sum(all, span)?;
                self.divided_by_len(&sum, (all, &args[0]), span)
            }
            (Builtin::MeanSquare, [all]) => {
                let squares = self.each(BinaryOp::Mul, all, all, span)?;
                let sum = self.sum(&squares, span)?;
                self.divided_by_len(&sum, (all, &args[0]), span)
            }
            (Builtin::MeanWhere, [all, mask]) => {
                let chosen = self.each(BinaryOp::Mul, all, mask, span)?;
                let (sum, count) = (self.sum(&chosen, span)?, self.sum(mask, span)?);
                (self.arithmetic(span)).number(BinaryOp::Div, &sum, &count)
            }
            (Builtin::Any, [all]) => {
                let count = self.sum(all, span)?;
                (self.arithmetic(span)).compare(BinaryOp::Greater, &count, &Value::Known(0))
            }
            (Builtin::All, [all]) => {
                let len = self.len((all, &args[0]), span)?;
                let count = self.sum(all, span)?;
                (self.arithmetic(span)).compare(BinaryOp::Equal, &count, &len)
            }
            (_, [Value::Secret(all)]) if all.vector && !all.lifted => {
                self.ordered(builtin, *all, &args[0], span)
            }
            (Builtin::Quantile, [Value::Secret(all), Value::Known(a), Value::Known(b)])
                if all.vector && !all.lifted =>
            {
                // ceil(n a / b); the opcode takes 1 for 0.
                let len = self.len((&values[0], &args[0]), span)?;
                let mut arithmetic = self.arithmetic(span);
                let scaled = arithmetic.number(BinaryOp::Mul, &len, &Value::Known(*a))?;
                let up = arithmetic.number(BinaryOp::Add, &scaled, &Value::Known(b - 1))?;
                let place = arithmetic.number(BinaryOp::Div, &up, &Value::Known(*b))?;
                self.place(*all, &place, span)
            }
            _ => self.unknown(builtin, span),
        }
    }

    /// Orders of a whole vector.
    fn ordered(&mut self, builtin: Builtin, all: Secret, arg: &Expr, span: Span) -> Done<Value> {
        let a = all.register;
        let order = match builtin {
            Builtin::Min | Builtin::Rank | Builtin::ArgMin => Order::Ascending,
            _ => Order::Descending,
        };
        let mut arithmetic = self.arithmetic(span);
        match builtin {
            Builtin::Min | Builtin::Max => {
                arithmetic.reduced(all, |dst| Op::First { dst, a, order })
            }
            Builtin::Rank | Builtin::RankDesc => {
                arithmetic.mapped(all, |dst| Op::Rank { dst, a, order })
            }
            Builtin::ArgMin | Builtin::ArgMax => Ok(Value::Place { of: a, order }),
            Builtin::Median => {
                let len = self.len((&Value::Secret(all), arg), span)?;
                let mut arithmetic = self.arithmetic(span);
                let up = arithmetic.number(BinaryOp::Add, &len, &Value::Known(1))?;
                let place = arithmetic.number(BinaryOp::Div, &up, &Value::Known(2))?;
                self.place(all, &place, span)
            }
            _ => self.unknown(builtin, span),
        }
    }

    fn place(&mut self, all: Secret, place: &Value, span: Span) -> Done<Value> {
        let a = all.register;
        let place = match place {
            Value::Public(place) => *place,
            Value::Known(place) => self.registers.constant(*place)?,
            _ => return stop(span, "this place"),
        };
        (self.arithmetic(span)).reduced(all, |dst| Op::Quantile { dst, a, place })
    }

    fn each(&mut self, op: BinaryOp, a: &Value, b: &Value, span: Span) -> Done<Value> {
        let number = Type::Int(IntType::I64);
        self.binary(op, (&number, a), (&number, b), span)
    }

    fn sum(&mut self, all: &Value, span: Span) -> Done<Value> {
        match all {
            Value::Secret(vector) if vector.vector && !vector.lifted => {
                let a = vector.register;
                (self.arithmetic(span)).reduced(*vector, |dst| Op::Sum { dst, a })
            }
            Value::Many(parts) => {
                let mut sum = Value::Known(0);
                for part in parts {
                    sum = match sum {
                        Value::Known(0) => part.clone(),
                        sum => (self.arithmetic(span)).number(BinaryOp::Add, &sum, part)?,
                    };
                }
                Ok(sum)
            }
            _ => stop(span, "this sum"),
        }
    }

    fn divided_by_len(&mut self, sum: &Value, vector: (&Value, &Expr), span: Span) -> Done<Value> {
        let len = self.len(vector, span)?;
        (self.arithmetic(span)).number(BinaryOp::Div, sum, &len)
    }

    /// How many elements a vector has.
    fn len(&mut self, (value, expr): (&Value, &Expr), span: Span) -> Done<Value> {
        match (value, &expr.ty) {
            (Value::Many(parts), _) => Ok(Value::Known(parts.len() as i64)),
            (_, Type::Rows(_, collection)) => self.row_count(*collection, span),
            _ => stop(span, "the length of this list"),
        }
    }

    /// `over.map(|element| body)`: of rows, all at once.
    pub(super) fn map(
        &mut self,
        over: Value,
        element: LocalId,
        body: &Expr,
        span: Span,
    ) -> Done<Value> {
        match over {
            Value::Many(parts) => {
                let mut mapped = Vec::new();
                for part in parts {
                    self.set(element, part);
                    mapped.push(self.expression(body)?);
                }
                Ok(Value::Many(mapped))
            }
            Value::Secret(rows) if rows.vector && !rows.lifted && !self.mapping => {
                self.mapping = true;
                self.set(element, Value::Secret(rows).with_lifted(true));
                let value = self.expression(body);
                self.mapping = false;
                self.as_vector(value?, rows, span)
            }
            _ => stop(span, "a `map` inside a `map`"),
        }
    }

    /// The result of a `map`: what does not depend on the element is repeated.
    fn as_vector(&mut self, value: Value, rows: Secret, span: Span) -> Done<Value> {
        match value {
            Value::Secret(secret) if secret.vector => Ok(Value::Secret(secret).with_lifted(false)),
            Value::Many(parts) => {
                let parts = parts
                    .into_iter()
                    .map(|part| self.as_vector(part, rows, span));
                Ok(Value::Many(parts.collect::<Done<_>>()?))
            }
            Value::Known(known) => {
                let hidden = self.arithmetic(span).hidden(known, rows)?;
                Ok(Value::Secret(hidden))
            }
            Value::Secret(_) | Value::Public(_) => {
                let zeros = self.arithmetic(span).hidden(0, rows)?;
                let zeros = Value::Secret(zeros);
                (self.arithmetic(span)).number(BinaryOp::Add, &zeros, &value)
            }
            Value::Place { .. } => stop(span, "places in a `map`"),
        }
    }
}
