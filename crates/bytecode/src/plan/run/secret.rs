//! Operations on secrets as gates.

use std::sync::Arc;

use enigma_field::PrimeField;

use super::Port;
use super::entry::{Place, Run, Secret};
use super::walk::reads;
use crate::interval::Interval;
use crate::model::{C, Column, Op, Register, S, Store};
use crate::plan::error::{GateProblem, Limit};
use crate::plan::gate::{Gate, Rounding, Value};
use crate::plan::program::{Expansion, Known, Refusal, check};

/// What one call adds to an accumulator, at most: 2^31 calls stay below 2^59 (decisions 37).
const MOST_ADDED: i64 = 1 << 28;

impl<F: PrimeField> Run<F> {
    /// Does the operation at a place. `false`: it needs a value that is not known yet, and nothing is done.
    pub(super) fn operate(&mut self, place: usize) -> Result<bool, Refusal> {
        let contract = Arc::clone(self.walk.contract());
        let Some(op) = self.walk.code().get(place).cloned() else {
            return Err(GateProblem::Operand.into());
        };
        match &op {
            Op::Merge {
                dst,
                condition,
                then,
                otherwise,
            } => {
                let Some(condition) = self.walk.number(*condition, place)? else {
                    return Ok(false);
                };
                let taken = if condition == 0 { otherwise } else { then };
                self.define(*dst, self.secret(*taken)?)?;
            }
            Op::Input {
                dst,
                collection,
                column,
            } => {
                let at = usize::from(*collection);
                let declared = contract.collections.get(at).ok_or(GateProblem::Operand)?;
                let rows = self.walk.environment().rows.get(at).copied();
                let port = Port::Column {
                    collection: *collection,
                    column: *column,
                };
                let given = Secret {
                    len: rows.ok_or(GateProblem::Operand)?,
                    over: (!declared.is_single()).then_some(*collection),
                    ..from(port, declared.columns.get(usize::from(*column)))?
                };
                self.define(*dst, given)?;
            }
            Op::SecretParam { dst, param, column } => {
                let params = self.walk.params();
                let declared = params.get(usize::from(*param)).filter(|p| p.private);
                let declared = declared.ok_or(GateProblem::Operand)?;
                let port = Port::Param {
                    param: *param,
                    column: *column,
                };
                let given = from(port, declared.columns.get(usize::from(*column)))?;
                self.define(*dst, given)?;
            }
            Op::LoadSecret { dst, slot, column } => {
                let value = self.slot((*slot, *column))?;
                let loaded = self.made(value, None)?;
                self.define(*dst, loaded)?;
            }
            Op::StoreSecret { slot, column, src } => self.store((*slot, *column), *src)?,
            Op::Accumulate { slot, column, src } => self.accumulate((*slot, *column), *src)?,
            Op::First { dst, a, order } => {
                let found = self.first(*a, *order)?;
                self.define(*dst, found)?;
            }
            Op::Second { dst, a, order } => {
                let found = self.second(*a, *order)?;
                self.define(*dst, found)?;
            }
            Op::FirstMember { dst, a, order } => {
                let found = self.first_member(*a, *order)?;
                self.define(*dst, found)?;
            }
            Op::Join {
                dst,
                left,
                right,
                valid,
                columns,
            } => self.join(*dst, (left, right), *valid, columns)?,
            Op::Bits { dst, a, width } => self.bits(*dst, *a, *width)?,
            Op::Sort {
                dst,
                keys,
                order,
                columns,
            } => self.sort(*dst, (*keys, *order), columns)?,
            Op::Shuffle { dst, columns } => self.shuffle(*dst, columns)?,
            Op::Out {
                reveal,
                values,
                counts,
                public,
            } => self.out(place, *reveal, (values, counts), *public)?,
            op => {
                let Some(value) = self.result(op, place)? else {
                    return Ok(false);
                };
                let over = self.over(op)?;
                let made = self.made(value, over)?;
                match op.clone().destination() {
                    Some(Register::Secret(dst)) => self.define(*dst, made)?,
                    _ => return Err(GateProblem::Operand.into()),
                }
            }
        }
        Ok(true)
    }

    /// The one result of an operation; none if it needs a value that is not known yet.
    fn result(&mut self, op: &Op, place: usize) -> Result<Option<Value>, Refusal> {
        let mut empty = false;
        for register in reads(op).1 {
            empty |= self.secret(register)?.len == 0;
        }
        for register in reads(op).0 {
            if self.walk.number(register, place)?.is_none() {
                return Ok(None);
            }
        }
        match op {
            Op::Lookup { .. } | Op::Gather { .. } => {}
            Op::CellSum { keys, a, .. } | Op::CellQuantile { keys, a, .. } => {
                let [keys, a] = [self.secret(*keys)?, self.secret(*a)?];
                check(
                    (keys.over, keys.len) == (a.over, a.len),
                    GateProblem::Length,
                )?;
            }
            op => self.alike(&reads(op).1)?,
        }
        if empty {
            return self.of_nothing(op).map(Some);
        }
        match op {
            Op::Histogram { .. }
            | Op::CountEach { .. }
            | Op::CellSum { .. }
            | Op::CellQuantile { .. }
            | Op::Gather { .. }
            | Op::Element { .. }
            | Op::Lookup { .. }
            | Op::EqualKeys { .. }
            | Op::Distinct { .. } => self.table(op).map(Some),
            Op::Top { a, len, .. } => self.top(*a, *len).map(Some),
            Op::Hide { a, .. } => {
                let number = self.public(*a, place)?;
                self.stage.expansion.constant(number, 1).map(Some)
            }
            Op::ComparePublic { relation, a, b, .. } => {
                let (a, number) = (self.value(*a)?, self.public(*b, place)?);
                let expansion = &mut self.stage.expansion;
                expansion.compared_with(*relation, a, number).map(Some)
            }
            Op::Bitwise { op, a, b, .. } => {
                let (a, b) = (self.value(*a)?, self.value(*b)?);
                self.stage.expansion.bitwise(*op, a, b).map(Some)
            }
            Op::BitwisePublic { op, a, b, .. } => {
                let (a, number) = (self.value(*a)?, self.public(*b, place)?);
                self.stage.expansion.bitwise_with(*op, a, number).map(Some)
            }
            op => {
                let gate = self.gate(op, place)?;
                self.stage.expansion.add(&gate).map(Some)
            }
        }
    }

    /// The gate that an operation is.
    fn gate(&mut self, op: &Op, place: usize) -> Result<Gate, Refusal> {
        let linear = |terms: Vec<(i64, Value)>, constant| Gate::Linear { terms, constant };
        Ok(match *op {
            Op::Add { a, b, .. } => linear(vec![(1, self.value(a)?), (1, self.value(b)?)], 0),
            Op::Sub { a, b, .. } => linear(vec![(1, self.value(a)?), (-1, self.value(b)?)], 0),
            Op::AddPublic { a, b, .. } => {
                let constant = self.public(b, place)?;
                linear(vec![(1, self.value(a)?)], constant)
            }
            Op::MulPublic { a, b, .. } => {
                let factor = self.public(b, place)?;
                linear(vec![(factor, self.value(a)?)], 0)
            }
            Op::Mul { a, b, .. } => {
                let (a, b) = (self.value(a)?, self.value(b)?);
                Gate::Multiply { a, b }
            }
            Op::Sum { a, .. } => Gate::Sum { a: self.value(a)? },
            Op::PrefixSums { a, .. } => Gate::PrefixSums { a: self.value(a)? },
            Op::DivPublic { a, b, .. } => Gate::DividePublic {
                divisor: self.public(b, place)?,
                a: self.value(a)?,
            },
            Op::Div { a, b, .. } => {
                let (a, b) = (self.value(a)?, self.value(b)?);
                Gate::Divide { a, b }
            }
            Op::ModuloPublic { a, b, .. } => Gate::ModuloPublic {
                divisor: self.public(b, place)?,
                a: self.value(a)?,
            },
            Op::Modulo { a, b, .. } => {
                let (a, b) = (self.value(a)?, self.value(b)?);
                Gate::Modulo { a, b }
            }
            Op::SquareRoot { a, .. } => Gate::SquareRoot { a: self.value(a)? },
            Op::Select {
                bit,
                then,
                otherwise,
                ..
            } => Gate::Select {
                bit: self.value(bit)?,
                then: self.value(then)?,
                otherwise: self.value(otherwise)?,
            },
            Op::Random { len, end, .. } => Gate::Uniform { len, end },
            Op::RandomLike { like, end, .. } => {
                let len = self.secret(like)?.len;
                Gate::Uniform { len, end }
            }
            Op::Remainder { a, bits, .. } => Gate::Remainder {
                a: self.value(a)?,
                bits: bits.into(),
            },
            Op::ShiftRight { a, bits, .. } => Gate::Truncate {
                a: self.value(a)?,
                bits: bits.into(),
            },
            Op::Compare { relation, a, b, .. } => {
                let (a, b) = (self.value(a)?, self.value(b)?);
                Gate::Compare { relation, a, b }
            }
            Op::Rank { a, order, .. } => {
                let a = self.value(a)?;
                Gate::Rank { a, order }
            }
            Op::Quantile { a, place: at, .. } => {
                let rows = i64::from(self.secret(a)?.len);
                let position = self.public(at, place)?.clamp(1, rows.max(1));
                Gate::Quantile {
                    a: self.value(a)?,
                    position: u32::try_from(position).unwrap_or(1),
                }
            }
            ref op => self.gate_of_numbers(op)?,
        })
    }

    /// The same of fixed point and models.
    fn gate_of_numbers(&mut self, op: &Op) -> Result<Gate, Refusal> {
        let fraction = |bits: u8| u32::from(bits);
        Ok(match *op {
            Op::Absolute { a, .. } => Gate::Absolute { a: self.value(a)? },
            Op::Smaller { a, b, .. } => {
                let (a, b) = (self.value(a)?, self.value(b)?);
                Gate::Smaller { a, b }
            }
            Op::Larger { a, b, .. } => {
                let (a, b) = (self.value(a)?, self.value(b)?);
                Gate::Larger { a, b }
            }
            Op::MulFixed { a, b, bits, .. } => {
                let (a, b, bits) = (self.value(a)?, self.value(b)?, fraction(bits));
                Gate::MultiplyRounded { a, b, bits }
            }
            // A sum of whole numbers is cut by no bit.
            Op::Dot { a, b, .. } => {
                let (a, b) = (self.value(a)?, self.value(b)?);
                Gate::DotRounded { a, b, bits: 0 }
            }
            Op::DotFixed { a, b, bits, .. } => {
                let (a, b, bits) = (self.value(a)?, self.value(b)?, fraction(bits));
                Gate::DotRounded { a, b, bits }
            }
            Op::DivFixed { a, b, bits, .. } => {
                let (a, b, bits) = (self.value(a)?, self.value(b)?, fraction(bits));
                Gate::DivideRounded { a, b, bits }
            }
            Op::SquareRootFixed { a, bits, .. } => {
                let (a, bits) = (self.value(a)?, fraction(bits));
                Gate::SquareRootRounded { a, bits }
            }
            Op::Logistic { a, bits, .. } => {
                let (a, bits) = (self.value(a)?, fraction(bits));
                Gate::Logistic { a, bits }
            }
            Op::Exp { a, bits, .. } => {
                let (a, bits) = (self.value(a)?, fraction(bits));
                Gate::Exp { a, bits }
            }
            Op::Ln { a, bits, .. } => {
                let (a, bits) = (self.value(a)?, fraction(bits));
                Gate::Ln { a, bits }
            }
            Op::Covariance { a, b, bits, .. } => Gate::Covariance {
                a: self.value(a)?,
                b: self.value(b)?,
                bits: fraction(bits),
                rounding: if bits == 0 {
                    Rounding::TowardZero
                } else {
                    Rounding::Nearest
                },
            },
            Op::Correlation { a, b, bits, .. } => Gate::Correlation {
                a: self.value(a)?,
                b: self.value(b)?,
                bits: fraction(bits),
            },
            Op::MeanSquare { a, bits, .. } => {
                let (a, bits) = (self.value(a)?, fraction(bits));
                Gate::MeanSquare { a, bits }
            }
            Op::Regression {
                ref columns,
                y,
                bits,
                ridge,
                most,
                ..
            } => Gate::Regression {
                columns: self.values(columns)?,
                y: self.value(y)?,
                bits: fraction(bits),
                ridge,
                most,
            },
            Op::LogisticRegression {
                ref columns,
                y,
                bits,
                rate,
                steps,
                most,
                ..
            } => Gate::LogisticRegression {
                columns: self.values(columns)?,
                y: self.value(y)?,
                bits: fraction(bits),
                rate,
                steps,
                most,
            },
            _ => return Err(GateProblem::Operand.into()),
        })
    }

    /// Refuses vectors of different lengths or collections: beside scalars, only vectors of one kind meet.
    pub(super) fn alike(&self, registers: &[S]) -> Result<(), GateProblem> {
        let mut first = None;
        for register in registers {
            let secret = self.secret(*register)?;
            let kind = (secret.over, secret.len);
            if kind != (None, 1) {
                check(*first.get_or_insert(kind) == kind, GateProblem::Length)?;
            }
        }
        Ok(())
    }

    pub(super) fn values(&mut self, registers: &[S]) -> Result<Vec<Value>, Refusal> {
        let values = registers.iter().map(|register| self.value(*register));
        values.collect()
    }

    fn public(&self, register: C, place: usize) -> Result<i64, Refusal> {
        let number = self.walk.number(register, place)?;
        Ok(number.ok_or(GateProblem::Operand)?)
    }

    /// The collection over whose rows the result is.
    fn over(&self, op: &Op) -> Result<Option<u16>, GateProblem> {
        let operands = match op {
            Op::Sum { .. }
            | Op::Dot { .. }
            | Op::DotFixed { .. }
            | Op::Quantile { .. }
            | Op::Element { .. }
            | Op::MeanSquare { .. }
            | Op::Covariance { .. }
            | Op::Correlation { .. }
            | Op::Histogram { .. }
            | Op::CountEach { .. }
            | Op::CellSum { .. }
            | Op::CellQuantile { .. }
            | Op::Gather { .. }
            | Op::Random { .. }
            | Op::Regression { .. }
            | Op::LogisticRegression { .. }
            | Op::Top { .. }
            | Op::Hide { .. } => Vec::new(),
            Op::Lookup { index, .. } => vec![*index],
            op => reads(op).1,
        };
        for operand in operands {
            if let Some(over) = self.secret(operand)?.over {
                return Ok(Some(over));
            }
        }
        Ok(None)
    }

    /// The result of an operation of which an operand has no elements.
    fn of_nothing(&mut self, op: &Op) -> Result<Value, Refusal> {
        let len = match op {
            Op::Sum { .. }
            | Op::Dot { .. }
            | Op::DotFixed { .. }
            | Op::Quantile { .. }
            | Op::MeanSquare { .. }
            | Op::Covariance { .. }
            | Op::Correlation { .. } => 1,
            Op::Histogram { bounds, .. } => bounds.len() as u32 + 1,
            Op::CountEach { len, .. } | Op::CellSum { len, .. } | Op::CellQuantile { len, .. } => {
                *len
            }
            Op::Top { len, .. } => {
                let limits = self.stage.expansion.b.limits();
                limits.check(Limit::VectorLength, (*len).into())?;
                *len
            }
            Op::Regression { columns, .. } | Op::LogisticRegression { columns, .. } => {
                columns.len() as u32 + 1
            }
            Op::Element { a, .. } if self.secret(*a)?.over.is_some() => 1,
            Op::Element { .. } | Op::Gather { .. } => return Err(GateProblem::Length.into()),
            Op::Lookup { table, .. } if self.secret(*table)?.len == 0 => {
                return Err(GateProblem::Length.into());
            }
            _ => 0,
        };
        self.stage.expansion.constant(0, len)
    }

    fn slot_range(&self, (slot, column): (u16, u16)) -> Result<Interval, GateProblem> {
        let declared = self.walk.contract().slots.get(usize::from(slot));
        let declared = declared.filter(|declared| declared.store == Store::Secret);
        let column = declared.and_then(|declared| declared.columns.get(usize::from(column)));
        let column = column.ok_or(GateProblem::Operand)?;
        Ok(Interval {
            low: column.low,
            high: column.high,
        })
    }

    /// What a column of a secret slot holds.
    fn slot(&mut self, (slot, column): (u16, u16)) -> Result<Value, Refusal> {
        let range = self.slot_range((slot, column))?;
        match self.stage.slots.get(&(slot, column)) {
            Some(value) => Ok(*value),
            None => self.stage.take(Port::Slot { slot, column }, 1, range),
        }
    }

    fn store(&mut self, at: (u16, u16), src: S) -> Result<(), Refusal> {
        let range = self.slot_range(at)?;
        let value = self.value(src)?;
        let known = self.stage.expansion.value(value)?;
        check(known.view.len == 1, GateProblem::Length)?;
        let inside = range.low <= known.range.low && known.range.high <= range.high;
        check(inside, GateProblem::Range)?;
        self.stage.slots.insert(at, value);
        Ok(())
    }

    fn accumulate(&mut self, at: (u16, u16), src: S) -> Result<(), Refusal> {
        let declared = self.walk.contract().slots.get(usize::from(at.0));
        let accumulates = declared.is_some_and(|declared| declared.accumulator);
        check(accumulates, GateProblem::Operand)?;
        let added = self.value(src)?;
        let added = self.stage.expansion.value(added)?;
        check(added.view.len == 1, GateProblem::Length)?;
        let small = -MOST_ADDED <= added.range.low && added.range.high <= MOST_ADDED;
        check(small, GateProblem::Range)?;
        let sum = self.slot(at)?;
        let expansion = &mut self.stage.expansion;
        let sum = expansion.value(sum)?;
        expansion.b.begin();
        let terms = [(F::ONE, sum.view), (F::ONE, added.view)];
        // All calls together stay in the column's range.
        let view = expansion.b.linear(&terms, F::ZERO);
        let value = expansion.put(Known { view, ..sum });
        self.stage.slots.insert(at, value);
        Ok(())
    }

    /// A single 0.
    pub(super) fn nothing(&mut self) -> Result<Secret, Refusal> {
        let zero = self.stage.expansion.constant(0, 1)?;
        Ok(self.made(zero, None)?)
    }
}

/// A part of a value: first element and length.
pub(super) fn part<F: PrimeField>(
    expansion: &mut Expansion<F>,
    a: Value,
    (start, len): (u32, u32),
) -> Result<Value, Refusal> {
    expansion.add(&Gate::Part { a, start, len })
}

/// One element of a column that comes from outside.
fn from(port: Port, column: Option<&Column>) -> Result<Secret, GateProblem> {
    let column = column.ok_or(GateProblem::Operand)?;
    check(column.low <= column.high, GateProblem::Range)?;
    let range = Interval {
        low: column.low,
        high: column.high,
    };
    Ok(Secret {
        place: Place::From(port),
        len: 1,
        range,
        over: None,
    })
}
