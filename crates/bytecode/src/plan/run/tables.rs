//! Operations on tables: vectors of constant length, cells, keys of several columns, joins.
//!
//! Keys of cells may be any numbers: those that are no cell's are brought to one cell before the first or behind the last,
//! whose results are left out.

use enigma_field::PrimeField;

use super::entry::{Run, Secret};
use super::secret::part;
use crate::interval::Interval;
use crate::model::{Op, S};
use crate::plan::error::{GateProblem, Limit};
use crate::plan::gate::{Gate, Value};
use crate::plan::program::{Refusal, below, check};

/// One-hots of keys.
#[derive(Clone, Copy)]
pub(super) struct Cells {
    hots: Value,
    count: u32,
    /// The first cell that is asked for.
    first: u32,
}

impl<F: PrimeField> Run<F> {
    pub(super) fn table(&mut self, op: &Op) -> Result<Value, Refusal> {
        match op {
            Op::Histogram { a, bounds, .. } => {
                let (a, bounds) = (self.value(*a)?, bounds.clone());
                self.stage.expansion.add(&Gate::Histogram { a, bounds })
            }
            Op::CountEach { a, len, .. } => self.count_each(*a, *len),
            Op::CellSum { keys, a, len, .. } => {
                let (cells, a) = self.column_in_cells(*keys, *a, *len)?;
                let bits = cells.hots;
                let sums = self.stage.expansion.add(&Gate::SumWhere { bits, a })?;
                part(&mut self.stage.expansion, sums, (cells.first, *len))
            }
            Op::CellQuantile {
                keys,
                a,
                len,
                numerator,
                denominator,
                ..
            } => {
                let (cells, a) = self.column_in_cells(*keys, *a, *len)?;
                let found = self.stage.expansion.add(&Gate::CellQuantile {
                    hots: cells.hots,
                    a,
                    numerator: *numerator,
                    denominator: *denominator,
                })?;
                part(&mut self.stage.expansion, found, (cells.first, *len))
            }
            Op::Gather { parts, .. } => {
                for register in parts {
                    let part = self.secret(*register)?;
                    let scalar = part.len == 1 && part.over.is_none();
                    check(scalar, GateProblem::Length)?;
                }
                let parts = self.values(parts)?;
                let limits = self.stage.expansion.b.limits();
                limits.check(Limit::VectorLength, parts.len() as u64)?;
                self.stage.expansion.joined(&parts)
            }
            Op::Element { a, at, .. } => {
                let rows = self.secret(*a)?;
                if rows.over.is_some() && *at >= rows.len {
                    return self.stage.expansion.constant(0, 1);
                }
                let a = self.value(*a)?;
                part(&mut self.stage.expansion, a, (*at, 1))
            }
            Op::Lookup { table, index, .. } => {
                check(self.secret(*table)?.over.is_none(), GateProblem::Length)?;
                let (table, index) = (self.value(*table)?, self.value(*index)?);
                let gate = Gate::LookupShared { index, table };
                self.stage.expansion.add(&gate)
            }
            Op::Distinct { keys, .. } => {
                let a = self.key_blocks(keys, 1)?;
                let limbs = keys.len() as u32;
                self.stage.expansion.add(&Gate::Distinct { a, limbs })
            }
            Op::EqualKeys { a, b, .. } => {
                check(a.len() == b.len(), GateProblem::Length)?;
                let rows = self.rows(a)?.max(self.rows(b)?);
                let limbs = a.len() as u32;
                let (a, b) = (self.key_blocks(a, rows)?, self.key_blocks(b, rows)?);
                self.stage.expansion.add(&Gate::EqualRows { a, b, limbs })
            }
            _ => Err(GateProblem::Operand.into()),
        }
    }

    /// See [`Op::Join`].
    pub(super) fn join(
        &mut self,
        dst: S,
        (left, right): (&[S], &[S]),
        valid: S,
        columns: &[S],
    ) -> Result<(), Refusal> {
        check(left.len() == right.len(), GateProblem::Length)?;
        self.alike(left)?;
        self.alike(&[right, &[valid], columns].concat())?;
        let (own, theirs) = (self.rows(left)?, self.rows(right)?);
        let over = self.secret(*left.first().ok_or(GateProblem::Length)?)?.over;
        let mut results = Vec::new();
        if own == 0 || theirs == 0 {
            let nothing = self.stage.expansion.constant(0, own)?;
            results.resize(1 + columns.len(), nothing);
        } else {
            let limbs = left.len() as u32;
            let left = self.key_blocks(left, own)?;
            let right = self.key_blocks(right, theirs)?;
            let valid = self.value(valid)?;
            let valid = self.stage.expansion.repeated_to(valid, theirs)?;
            let mut brought = Vec::new();
            for column in columns {
                let column = self.value(*column)?;
                brought.push(self.stage.expansion.repeated_to(column, theirs)?);
            }
            let join = self.stage.expansion.add(&Gate::Join {
                left,
                right,
                limbs,
                valid,
                columns: brought,
            })?;
            results.push(join);
            for column in 0..columns.len() as u32 {
                let joined = Gate::Joined { join, column };
                results.push(self.stage.expansion.add(&joined)?);
            }
        }
        self.define_each(dst, results, over)
    }

    /// Results of one length, in consecutive registers.
    pub(super) fn define_each(
        &mut self,
        dst: S,
        results: Vec<Value>,
        over: Option<u16>,
    ) -> Result<(), Refusal> {
        for (at, value) in results.into_iter().enumerate() {
            let register = u16::try_from(at).ok().and_then(|at| dst.0.checked_add(at));
            let made: Secret = self.made(value, over)?;
            self.define(S(register.ok_or(GateProblem::Operand)?), made)?;
        }
        Ok(())
    }

    fn count_each(&mut self, a: S, len: u32) -> Result<Value, Refusal> {
        if self.wanted.cells.contains(&(a, len)) {
            let cells = self.cells(a, len)?;
            let (hots, blocks) = (cells.hots, cells.count);
            let sums = Gate::BlockSums { a: hots, blocks };
            let sums = self.stage.expansion.add(&sums)?;
            return part(&mut self.stage.expansion, sums, (cells.first, len));
        }
        let (a, count, first) = self.cell_numbers(a, len)?;
        let counts = Gate::CountEach { a, len: count };
        let counts = self.stage.expansion.add(&counts)?;
        part(&mut self.stage.expansion, counts, (first, len))
    }

    /// The one-hots of keys over cells, made once, and the column.
    fn column_in_cells(&mut self, keys: S, a: S, len: u32) -> Result<(Cells, Value), Refusal> {
        let a = self.value(a)?;
        Ok((self.cells(keys, len)?, a))
    }

    fn cells(&mut self, keys: S, len: u32) -> Result<Cells, Refusal> {
        let value = self.value(keys)?;
        if let Some(cells) = self.stage.cells.get(&(value, len)) {
            return Ok(*cells);
        }
        let (index, count, first) = self.cell_numbers(keys, len)?;
        let hots = Gate::OneHots { index, len: count };
        let cells = Cells {
            hots: self.stage.expansion.add(&hots)?,
            count,
            first,
        };
        self.stage.cells.insert((value, len), cells);
        Ok(cells)
    }

    /// Keys as numbers of cells, how many cells there are, and the number of the first that is asked for.
    fn cell_numbers(&mut self, keys: S, len: u32) -> Result<(Value, u32, u32), Refusal> {
        check(len > 0, GateProblem::Parameter)?;
        let a = self.value(keys)?;
        let expansion = &mut self.stage.expansion;
        if below(expansion.value(a)?.range, len.into()) {
            return Ok((a, len, 0));
        }
        let bounds = Interval {
            low: -1,
            high: len.into(),
        };
        let a = expansion.add(&Gate::Clamp {
            a,
            low: bounds.low,
            high: bounds.high,
        })?;
        let count = len.checked_add(2).ok_or(GateProblem::Parameter)?;
        Ok((expansion.sum_of(&[(1, a)], 1)?, count, 1))
    }

    /// How many rows keys of several columns have: single elements are repeated.
    fn rows(&self, keys: &[S]) -> Result<u32, GateProblem> {
        let mut rows = 1;
        for key in keys {
            let len = self.secret(*key)?.len;
            if len != 1 {
                check(rows == 1 || rows == len, GateProblem::Length)?;
                rows = len;
            }
        }
        Ok(rows)
    }

    /// The columns of keys behind one another, each of so many rows at least.
    fn key_blocks(&mut self, keys: &[S], rows: u32) -> Result<Value, Refusal> {
        let rows = self.rows(keys)?.max(rows);
        let mut blocks = Vec::new();
        for key in keys {
            let key = self.value(*key)?;
            blocks.push(self.stage.expansion.repeated_to(key, rows)?);
        }
        self.stage.expansion.joined(&blocks)
    }
}
