//! Small pieces of an expansion that entries need beside the gates of programs.

use enigma_field::PrimeField;

use crate::interval::{Interval, Wide};
use crate::model::Relation;
use crate::plan::error::GateProblem;
use crate::plan::gate::{Gate, Value};
use crate::plan::program::{BIT, Expansion, Known, Refusal, check, magnitude_limit, narrow, union};
use crate::plan::relation;

/// The range of zeros.
pub(super) const ZERO: Interval = Interval { low: 0, high: 0 };

impl<F: PrimeField> Expansion<F> {
    /// `len` times a public number.
    pub(super) fn constant(&mut self, number: i64, len: u32) -> Result<Value, Refusal> {
        let range = narrow::<F>(Wide::exactly(number))?;
        self.b.begin();
        let view = self.b.constant(F::from_i64(number), len);
        Ok(self.put(Known { view, range }))
    }

    /// Values behind one another; a single one stays as it is.
    pub(super) fn joined(&mut self, parts: &[Value]) -> Result<Value, Refusal> {
        if let [only] = parts {
            return Ok(*only);
        }
        let mut known = Vec::new();
        for part in parts {
            known.push(self.value(*part)?);
        }
        let ranges = known.iter().map(|part| part.range).reduce(union);
        let range = ranges.ok_or(GateProblem::Length)?;
        let len: u64 = known.iter().map(|part| u64::from(part.view.len)).sum();
        // As long as a register can be.
        check(u32::try_from(len).is_ok(), GateProblem::Length)?;
        let views: Vec<_> = known.iter().map(|part| part.view).collect();
        self.b.begin();
        let view = self.b.concat(&views);
        Ok(self.put(Known { view, range }))
    }

    /// A single element repeated `len` times; a vector must be as long.
    pub(super) fn repeated_to(&mut self, value: Value, len: u32) -> Result<Value, Refusal> {
        let known = self.value(value)?;
        if known.view.len == len {
            return Ok(value);
        }
        check(known.view.len == 1, GateProblem::Length)?;
        self.b.begin();
        let zeros = self.b.constant(F::ZERO, len);
        let terms = [(F::ONE, known.view), (F::ONE, zeros)];
        let view = self.b.linear(&terms, F::ZERO);
        Ok(self.put(Known { view, ..known }))
    }

    /// 1 where an element stands to a public number in this relation, else 0. A number beyond the limit of values
    /// stands for the limit: no value reaches it.
    pub(super) fn compared_with(
        &mut self,
        relation: Relation,
        a: Value,
        number: i64,
    ) -> Result<Value, Refusal> {
        let a = self.value(a)?;
        let limit = magnitude_limit::<F>();
        let number = i128::from(number).clamp(-limit, limit);
        let difference = [(F::ONE, a.view)];
        let view = relation::holds(&mut self.b, relation, &difference, F::from_i128(-number))?;
        Ok(self.put(Known { view, range: BIT }))
    }

    /// The sum of coefficient times value.
    pub(super) fn sum_of(
        &mut self,
        terms: &[(i64, Value)],
        constant: i64,
    ) -> Result<Value, Refusal> {
        self.add(&Gate::Linear {
            terms: terms.to_vec(),
            constant,
        })
    }
}
