//! One stage in the making: what it takes in, what it hands out, what it opens.

use std::collections::BTreeMap;

use enigma_field::{Committee, PrimeField};

use super::check::number_of;
use super::pieces::ZERO;
use super::tables::Cells;
use super::{Port, Shows, Sink, Stage, calls};
use crate::interval::{Interval, Wide};
use crate::model::S;
use crate::plan::build::Builder;
use crate::plan::cost::Limits;
use crate::plan::error::{Limit, PlanError};
use crate::plan::gate::Value;
use crate::plan::ir::View;
use crate::plan::program::{Expansion, Known, Refusal, narrow};

pub(super) struct Making<F: PrimeField> {
    pub(super) expansion: Expansion<F>,
    inputs: Vec<Port>,
    /// What was taken in already.
    given: BTreeMap<Port, Value>,
    /// The numbers of the members who gave the rows of collections.
    members: BTreeMap<u16, View>,
    outputs: Vec<Sink>,
    opened: Vec<(Shows, View)>,
    /// What was stored in columns of secret slots.
    pub(super) slots: BTreeMap<(u16, u16), Value>,
    /// One-hots of keys over so many cells.
    pub(super) cells: BTreeMap<(Value, u32), Cells>,
}

impl<F: PrimeField> Making<F> {
    /// Of the stage with this number.
    pub(super) fn new(committee: Committee, stage: u32, limits: Limits) -> Making<F> {
        Making {
            expansion: Expansion::over(Builder::new(committee, calls(stage), limits)),
            inputs: Vec::new(),
            given: BTreeMap::new(),
            members: BTreeMap::new(),
            outputs: Vec::new(),
            opened: Vec::new(),
            slots: BTreeMap::new(),
            cells: BTreeMap::new(),
        }
    }

    /// Whether anything comes of it.
    pub(super) fn is_idle(&self) -> bool {
        self.outputs.is_empty() && self.opened.is_empty() && self.slots.is_empty()
    }

    /// Shares from outside, in a range, taken in once.
    pub(super) fn take(&mut self, port: Port, len: u32, range: Interval) -> Result<Value, Refusal> {
        if let Some(value) = self.given.get(&port) {
            return Ok(*value);
        }
        let expansion = &mut self.expansion;
        expansion
            .b
            .limits()
            .check(Limit::VectorLength, u64::from(len))?;
        let range = narrow::<F>(Wide::from(range))?;
        let known = if len == 0 {
            expansion.b.begin();
            let view = expansion.b.constant(F::ZERO, 0);
            Known { view, range: ZERO }
        } else {
            let view = expansion.b.input(number_of(self.inputs.len())?, len);
            self.inputs.push(port);
            Known { view, range }
        };
        let value = expansion.put(known);
        self.given.insert(port, value);
        Ok(value)
    }

    /// The numbers of the members who gave a collection's rows.
    pub(super) fn members(&mut self, collection: u16, rows: u32) -> View {
        let b = &mut self.expansion.b;
        let view = self.members.entry(collection);
        *view.or_insert_with(|| b.members(collection, rows))
    }

    /// Hands a value to recipients, re-randomised.
    pub(super) fn show(&mut self, sink: Sink, value: Value) -> Result<(), Refusal> {
        let view = self.expansion.value(value)?.view;
        let b = &mut self.expansion.b;
        b.begin();
        let fresh = b.reshare(view)?;
        b.output(number_of(self.outputs.len())?, fresh);
        self.outputs.push(sink);
        Ok(())
    }

    /// Opens a value when the stage ends.
    pub(super) fn open(&mut self, shows: Shows, value: Value) -> Result<(), Refusal> {
        let view = self.expansion.value(value)?.view;
        self.opened.push((shows, view));
        Ok(())
    }

    /// The finished stage. `kept`: what later stages read.
    pub(super) fn finish(mut self, kept: &[(S, Value)]) -> Result<Stage<F>, PlanError> {
        let slots = std::mem::take(&mut self.slots);
        let slots = slots
            .into_iter()
            .map(|((slot, column), value)| (Sink::Slot { slot, column }, value));
        let kept = kept.iter().map(|(name, value)| (Sink::Kept(*name), *value));
        for (sink, value) in slots.chain(kept) {
            let view = self.expansion.value(value).map_err(Refusal::from);
            let view = view.map_err(|refusal| refusal.at(0))?.view;
            let b = &mut self.expansion.b;
            b.begin();
            // An output is a whole register, and only one output.
            let whole = b.concat(&[view]);
            b.output(number_of(self.outputs.len())?, whole);
            self.outputs.push(sink);
        }
        let mut b = self.expansion.b;
        if !self.opened.is_empty() {
            // Everything is verified before anything is opened.
            let flushed = b.flush();
            for (place, (_, view)) in self.opened.iter().enumerate() {
                b.begin();
                let values = b.open_flushed(*view, &flushed)?;
                b.opened_rows(number_of(place)?, values);
            }
        }
        Ok(Stage {
            plan: b.finish()?,
            inputs: self.inputs,
            outputs: self.outputs,
            opened: self.opened.into_iter().map(|(shows, _)| shows).collect(),
        })
    }
}
