//! Whole vectors in another order.

use enigma_field::PrimeField;

use super::entry::Run;
use crate::model::{Order, S};
use crate::plan::error::{GateProblem, Limit};
use crate::plan::gate::Value;
use crate::plan::ir::View;
use crate::plan::program::{Known, Refusal, check};
use crate::plan::{sort, top};
use crate::ranges::MAX_MOVED;

/// Columns of rows that are moved together, and the collection over whose rows they are.
struct Table {
    columns: Vec<Known>,
    over: Option<u16>,
}

impl Table {
    fn rows(&self) -> u32 {
        self.columns.first().map_or(0, |column| column.view.len)
    }

    fn views(&self) -> Vec<View> {
        self.columns.iter().map(|column| column.view).collect()
    }
}

impl<F: PrimeField> Run<F> {
    /// See [`crate::model::Op::Sort`].
    pub(super) fn sort(
        &mut self,
        dst: S,
        (keys, order): (S, Order),
        columns: &[S],
    ) -> Result<(), Refusal> {
        let by = self.rows_of(&[keys])?;
        let table = self.rows_of(columns)?;
        check(
            (by.over, by.rows()) == (table.over, table.rows()),
            GateProblem::Length,
        )?;
        let views = table.views();
        let sorted = match by.columns[..] {
            [by] if table.rows() > 1 => {
                let b = &mut self.stage.expansion.b;
                sort::by_keys(b, by.view, by.range, order)?.apply(b, &views)?
            }
            _ => views,
        };
        self.moved(dst, &table, &sorted)
    }

    /// See [`crate::model::Op::Shuffle`].
    pub(super) fn shuffle(&mut self, dst: S, columns: &[S]) -> Result<(), Refusal> {
        let table = self.rows_of(columns)?;
        let mut views = table.views();
        let rows = table.rows();
        if rows > 1 {
            let b = &mut self.stage.expansion.b;
            b.begin();
            let (all, _) = b.shuffle(&views)?;
            for (at, view) in (0..).zip(&mut views) {
                *view = all.part(at * rows, rows);
            }
        }
        self.moved(dst, &table, &views)
    }

    /// See [`crate::model::Op::Top`]; there is an element at least.
    pub(super) fn top(&mut self, a: S, len: u32) -> Result<Value, Refusal> {
        let value = self.value(a)?;
        let expansion = &mut self.stage.expansion;
        (expansion.b.limits()).check(Limit::VectorLength, len.into())?;
        check(len > 0, GateProblem::Parameter)?;
        let known = expansion.value(value)?;
        let count = len.min(known.view.len);
        let wanted = (count, Order::Descending);
        let view = top::first(&mut expansion.b, known.view, known.range, wanted)?;
        let found = expansion.put(Known { view, ..known });
        if count == len {
            return Ok(found);
        }
        let nothing = expansion.constant(0, len - count)?;
        expansion.joined(&[found, nothing])
    }

    /// Columns of one length and one collection, from one to as many as are moved at once.
    fn rows_of(&mut self, columns: &[S]) -> Result<Table, Refusal> {
        let some = (1..=MAX_MOVED).contains(&columns.len());
        check(some, GateProblem::Parameter)?;
        let first = self.secret(columns[0])?;
        let mut table = Table {
            columns: Vec::new(),
            over: first.over,
        };
        for column in columns {
            let secret = self.secret(*column)?;
            let alike = (secret.over, secret.len) == (first.over, first.len);
            check(alike, GateProblem::Length)?;
            let value = self.here(secret)?;
            table.columns.push(self.stage.expansion.value(value)?);
        }
        Ok(table)
    }

    /// Defines columns whose elements stand elsewhere now.
    fn moved(&mut self, dst: S, table: &Table, views: &[View]) -> Result<(), Refusal> {
        let pairs = table.columns.iter().zip(views);
        let moved = pairs.map(|(known, view)| {
            self.stage.expansion.put(Known {
                view: *view,
                ..*known
            })
        });
        let moved = moved.collect();
        self.define_each(dst, moved, table.over)
    }
}
