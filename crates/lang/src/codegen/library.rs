//! Functions of the library: each becomes the operations that stand for it.

mod cells;
mod elements;
mod moments;
mod orders;
mod reordered;
mod sets;
mod ways;
mod written_out;

use enigma_bytecode::model::{C, Op, S};

use super::expression::leaf;
use super::statement::Execution;
use super::value::{Secret, Value};
use super::{Done, stop};
use crate::hir::{BinaryOp, Builtin, Expr, IntType, LocalId, Type};
use crate::span::Span;

/// A call: its function, its arguments and their values.
pub(super) struct Call<'a> {
    builtin: Builtin,
    args: &'a [Expr],
    values: Vec<Value>,
    /// The type of the result.
    ty: &'a Type,
    span: Span,
}

impl Call<'_> {
    /// Bits behind the point of the numbers in an argument; none of whole numbers.
    fn fraction(&self, place: usize) -> Option<u8> {
        match leaf(&self.args.get(place)?.ty) {
            Type::Fix(fix) => u8::try_from(fix.fraction).ok(),
            _ => None,
        }
    }
}

impl Execution<'_> {
    /// A call of `expr`'s function.
    pub(super) fn call(&mut self, builtin: Builtin, args: &[Expr], expr: &Expr) -> Done<Value> {
        use Builtin as B;
        let mut values = Vec::new();
        for arg in args {
            values.push(self.expression(arg)?);
        }
        let call = Call {
            builtin,
            args,
            values,
            ty: &expr.ty,
            span: expr.span,
        };
        if let Some(value) = self.written_out(&call)? {
            return Ok(value);
        }
        match builtin {
            B::Sum | B::CountTrue | B::Mean | B::SumWhere | B::MeanWhere | B::Any | B::All => {
                self.sums(&call)
            }
            B::Variance
            | B::StdDev
            | B::Covariance
            | B::Corr
            | B::MeanSquare
            | B::Dot
            | B::Distance2
            | B::MatMul
            | B::LinReg
            | B::LogReg => self.moments(&call),
            B::Min
            | B::Max
            | B::ArgMin
            | B::ArgMax
            | B::Top2
            | B::Median
            | B::Quantile
            | B::Highest
            | B::Rank
            | B::RankDesc
            | B::OwnerAt => self.orders(&call),
            B::Sort | B::SortDesc | B::SortBy | B::Top | B::PrefixSums | B::Shuffle => {
                self.reordered(&call)
            }
            B::Histogram
            | B::HistogramEnum
            | B::CellCount
            | B::CellSum
            | B::CellMean
            | B::CellMedian
            | B::CellMin
            | B::CellMax => self.cells(&call),
            B::Distinct | B::Psi | B::PsiCount | B::Join | B::Contains => self.sets(&call),
            B::Max2
            | B::Min2
            | B::Clamp
            | B::Abs
            | B::Sqrt
            | B::Exp
            | B::Ln
            | B::Sigmoid
            | B::CheckedDiv
            | B::StartsWith
            | B::Lookup
            | B::IsSome
            | B::Or
            | B::Random
            | B::RandomBits => self.elements(&call),
            B::WrappingAdd
            | B::WrappingSub
            | B::WrappingMul
            | B::SaturatingAdd
            | B::SaturatingSub
            | B::SaturatingMul
            | B::Bits => self.ways(&call),
            _ => self.unknown(&call),
        }
    }

    fn unknown<T>(&self, call: &Call) -> Done<T> {
        stop(
            call.span,
            &format!("`{}` of these values", call.builtin.name()),
        )
    }

    /// A vector in one register: rows as they are, the elements of a list gathered.
    fn vector(&mut self, value: &Value, span: Span) -> Done<Secret> {
        match value {
            Value::Secret(secret) if secret.vector && !secret.lifted => Ok(*secret),
            Value::Many(parts) if !parts.is_empty() => {
                let mut registers = Vec::new();
                for part in parts {
                    match self.arithmetic(span).secret(part)? {
                        secret if secret.vector => return stop(span, "a vector for each row"),
                        secret => registers.push(secret.register),
                    }
                }
                let register = (self.registers).secret(|dst| Op::Gather {
                    dst,
                    parts: registers.clone(),
                })?;
                Ok(Secret {
                    register,
                    vector: true,
                    lifted: false,
                })
            }
            _ => stop(span, "this vector"),
        }
    }

    /// A vector of constant length as a list of scalars.
    fn listed(&mut self, a: S, len: u32) -> Done<Value> {
        let mut parts = Vec::new();
        for at in 0..len {
            let element = self.registers.secret(|dst| Op::Element { dst, a, at })?;
            parts.push(Value::scalar(element));
        }
        Ok(Value::Many(parts))
    }

    /// A scalar made from registers.
    fn reduced(&mut self, op: impl Fn(S) -> Op) -> Done<Value> {
        Ok(Value::scalar(self.registers.secret(op)?))
    }

    /// `a op b`, of whole numbers, element by element where they are lists.
    fn each(&mut self, op: BinaryOp, a: &Value, b: &Value, span: Span) -> Done<Value> {
        match (a, b) {
            (Value::Many(x), Value::Many(y)) if x.len() == y.len() => {
                let parts = x.iter().zip(y).map(|(a, b)| self.each(op, a, b, span));
                Ok(Value::Many(parts.collect::<Done<_>>()?))
            }
            (Value::Many(x), _) => {
                let parts = x.iter().map(|a| self.each(op, a, b, span));
                Ok(Value::Many(parts.collect::<Done<_>>()?))
            }
            (_, Value::Many(y)) => {
                let parts = y.iter().map(|b| self.each(op, a, b, span));
                Ok(Value::Many(parts.collect::<Done<_>>()?))
            }
            _ => self.arithmetic(span).number(op, a, b),
        }
    }

    fn sums(&mut self, call: &Call) -> Done<Value> {
        use Builtin as B;
        let span = call.span;
        match (call.builtin, &call.values[..]) {
            (B::Sum | B::CountTrue, [all]) => self.sum(all, span),
            (B::SumWhere, [all, mask]) => self.sum_of_products(all, mask, span),
            (B::Mean, [all]) => {
                let sum = self.sum(all, span)?;
                let len = self.len((all, &call.args[0]), span)?;
                self.divided(&sum, &len, call.fraction(0), span)
            }
            (B::MeanWhere, [all, mask]) => {
                let sum = self.sum_of_products(all, mask, span)?;
                let count = self.sum(mask, span)?;
                self.divided(&sum, &count, call.fraction(0), span)
            }
            (B::Any, [all]) => {
                let count = self.sum(all, span)?;
                (self.arithmetic(span)).compare(BinaryOp::Greater, &count, &Value::Known(0))
            }
            (B::All, [all]) => {
                let len = self.len((all, &call.args[0]), span)?;
                let count = self.sum(all, span)?;
                (self.arithmetic(span)).compare(BinaryOp::Equal, &count, &len)
            }
            _ => self.unknown(call),
        }
    }

    fn sum(&mut self, all: &Value, span: Span) -> Done<Value> {
        match all {
            Value::Secret(vector) if vector.vector && !vector.lifted => {
                let a = vector.register;
                self.reduced(|dst| Op::Sum { dst, a })
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

    /// The sum of products, of whole numbers.
    fn sum_of_products(&mut self, a: &Value, b: &Value, span: Span) -> Done<Value> {
        if let (Value::Secret(x), Value::Secret(y)) = (a, b)
            && x.vector
            && y.vector
        {
            let (a, b) = (x.register, y.register);
            return self.reduced(|dst| Op::Dot { dst, a, b });
        }
        let products = self.each(BinaryOp::Mul, a, b, span)?;
        self.sum(&products, span)
    }

    /// A sum divided by a count, as `/` divides numbers of its type.
    fn divided(
        &mut self,
        sum: &Value,
        count: &Value,
        fraction: Option<u8>,
        span: Span,
    ) -> Done<Value> {
        let Some(bits) = fraction else {
            return self.arithmetic(span).number(BinaryOp::Div, sum, count);
        };
        // (sum 2^bits) / (count 2^bits), to nearest.
        let one = Value::Known(1 << bits.min(62));
        let count = self.arithmetic(span).number(BinaryOp::Mul, count, &one)?;
        self.arithmetic(span)
            .fixed(BinaryOp::Div, bits.into(), sum, &count)
    }

    /// How many elements a vector has.
    fn len(&mut self, (value, expr): (&Value, &Expr), span: Span) -> Done<Value> {
        match (&expr.ty, value) {
            (Type::Rows(_, collection), _) => self.row_count(*collection),
            (Type::List(_, length), _) => match (length.constant(), &length.rows[..]) {
                (Some(len), _) => Ok(Value::Known(i64::try_from(len).unwrap_or(i64::MAX))),
                (None, [collection]) if length.fixed == 0 => self.row_count(*collection),
                _ => stop(span, "the length of this list"),
            },
            _ => stop(span, "the length of this value"),
        }
    }

    /// A public place as a register.
    fn place(&mut self, place: &Value, span: Span) -> Done<C> {
        self.arithmetic(span).public(place)
    }

    /// `over.map(|element| body)`: of rows, all at once.
    pub(super) fn map(
        &mut self,
        over: (Value, &Type),
        element: LocalId,
        body: &Expr,
        span: Span,
    ) -> Done<Value> {
        let (value, ty) = over;
        let constant = matches!(ty, Type::List(_, length) if length.constant().is_some());
        match value {
            Value::Many(parts) if constant => {
                let mut mapped = Vec::new();
                for part in parts {
                    self.set(element, part);
                    mapped.push(self.expression(body)?);
                }
                Ok(Value::Many(mapped))
            }
            rows if !constant && !rows.is_lifted() && self.mapping.is_none() => {
                let Some(like) = first_vector(&rows) else {
                    return stop(span, "a `map` over these rows");
                };
                self.mapping = Some(like);
                self.set(element, rows.with_lifted(true));
                let value = self.expression(body);
                self.mapping = None;
                self.as_vector(value?, like, span)
            }
            _ => stop(span, "a `map` inside a `map`"),
        }
    }

    /// The result of a `map`: what does not depend on the element is repeated.
    fn as_vector(&mut self, value: Value, rows: Secret, span: Span) -> Done<Value> {
        let mut problem = None;
        let vector = value.leaves(&mut |leaf| {
            self.repeated(leaf, rows, span).unwrap_or_else(|stop| {
                problem.get_or_insert(stop);
                Value::Known(0)
            })
        });
        problem.map_or(Ok(vector), Err)
    }

    fn repeated(&mut self, leaf: Value, rows: Secret, span: Span) -> Done<Value> {
        match leaf {
            Value::Secret(secret) if secret.vector => Ok(Value::Secret(secret).with_lifted(false)),
            Value::Known(known) => {
                let hidden = self.arithmetic(span).hidden(known, rows)?;
                Ok(Value::Secret(hidden))
            }
            Value::Secret(_) | Value::Public(_) => {
                let zeros = Value::Secret(self.arithmetic(span).hidden(0, rows)?);
                (self.arithmetic(span)).number(BinaryOp::Add, &zeros, &leaf)
            }
            _ => stop(span, "this value for each row"),
        }
    }
}

/// A vector over rows in a value.
fn first_vector(value: &Value) -> Option<Secret> {
    match value {
        Value::Secret(secret) if secret.vector => Some(*secret),
        Value::Many(parts) => parts.iter().find_map(first_vector),
        Value::Maybe(there, value) => first_vector(there).or_else(|| first_vector(value)),
        _ => None,
    }
}

/// Whole numbers, for operations on counts.
const WHOLE: Type = Type::Int(IntType::I64);
