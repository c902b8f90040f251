//! Histograms, and what is computed for each name of an enumeration.

use enigma_bytecode::model::Op;

use super::super::Done;
use super::super::statement::Execution;
use super::super::value::Value;
use super::{Call, WHOLE};
use crate::codegen::expression::leaf;
use crate::hir::{BinaryOp, Builtin, Type};

impl Execution<'_> {
    pub(super) fn cells(&mut self, call: &Call) -> Done<Value> {
        use Builtin as B;
        let span = call.span;
        let Some(value) = call.values.first() else {
            return self.unknown(call);
        };
        let a = self.vector(value, span)?.register;
        match (call.builtin, &call.values[..]) {
            (B::Histogram, [_, Value::Many(edges)]) => {
                let bounds = edges.iter().map(|edge| match edge {
                    Value::Known(edge) => Some(*edge),
                    _ => None,
                });
                let Some(bounds) = bounds.collect::<Option<Vec<i64>>>() else {
                    return self.unknown(call);
                };
                let len = bounds.len() as u32 + 1;
                let counts = (self.registers).secret(|dst| Op::Histogram {
                    dst,
                    a,
                    bounds: bounds.clone(),
                })?;
                self.listed(counts, len)
            }
            (B::HistogramEnum | B::CellCount, [_]) => {
                let len = self.variants(call);
                let counts = self.registers.secret(|dst| Op::CountEach { dst, a, len })?;
                self.listed(counts, len)
            }
            (B::CellSum, [_, values]) => self.cell_sums(call, values),
            (B::CellMean, [_, values]) => {
                let sums = self.cell_sums(call, values)?;
                let len = self.variants(call);
                let counts = self.registers.secret(|dst| Op::CountEach { dst, a, len })?;
                let counts = self.listed(counts, len)?;
                match (sums, counts) {
                    (sums, counts) if call.fraction(1).is_none() => {
                        self.each(BinaryOp::Div, &sums, &counts, span)
                    }
                    (Value::Many(sums), Value::Many(counts)) => {
                        let means = sums
                            .iter()
                            .zip(&counts)
                            .map(|(sum, count)| self.divided(sum, count, call.fraction(1), span));
                        Ok(Value::Many(means.collect::<Done<_>>()?))
                    }
                    _ => self.unknown(call),
                }
            }
            (B::CellMedian, [_, values]) => self.cell_quantiles(call, values, (1, 2)),
            (B::CellMax, [_, values]) => self.cell_quantiles(call, values, (1, 1)),
            (B::CellMin, [_, values]) => {
                // The largest of the negated ones, negated; where there is none it is 0 either way.
                let minus = Value::Known(-1);
                let negated = self.each(BinaryOp::Mul, values, &minus, span)?;
                let most = self.cell_quantiles(call, &negated, (1, 1))?;
                self.each(BinaryOp::Mul, &most, &minus, span)
            }
            _ => self.unknown(call),
        }
    }

    /// How many names the keys can be.
    fn variants(&self, call: &Call) -> u32 {
        match leaf(call.args.first().map_or(&WHOLE, |arg| &arg.ty)) {
            Type::Enum(index) => {
                let declared = self.checked.hir.enums.get(*index);
                declared.map_or(1, |e| e.variants.len() as u32)
            }
            _ => 2,
        }
    }

    fn cell_sums(&mut self, call: &Call, values: &Value) -> Done<Value> {
        let len = self.variants(call);
        let keys = self.vector(&call.values[0], call.span)?.register;
        let a = self.vector(values, call.span)?.register;
        let sums = self
            .registers
            .secret(|dst| Op::CellSum { dst, keys, a, len })?;
        self.listed(sums, len)
    }

    fn cell_quantiles(&mut self, call: &Call, values: &Value, part: (u32, u32)) -> Done<Value> {
        let len = self.variants(call);
        let keys = self.vector(&call.values[0], call.span)?.register;
        let a = self.vector(values, call.span)?.register;
        let (numerator, denominator) = part;
        let found = (self.registers).secret(|dst| Op::CellQuantile {
            dst,
            keys,
            a,
            len,
            numerator,
            denominator,
        })?;
        self.listed(found, len)
    }
}
