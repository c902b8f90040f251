//! What an entry shows: noise, hiding of small counts, and whom it goes to.

use std::collections::BTreeMap;

use enigma_field::PrimeField;

use super::entry::Run;
use super::{Shows, Sink};
use crate::model::{C, Noise, Recipient, S};
use crate::plan::error::GateProblem;
use crate::plan::gate::{Gate, Value};
use crate::plan::program::{Refusal, check};

impl<F: PrimeField> Run<F> {
    /// See [`Op::Out`](crate::model::Op::Out).
    pub(super) fn out(
        &mut self,
        place: usize,
        reveal: u16,
        (values, counts): (&[S], &[S]),
        public: Option<C>,
    ) -> Result<(), Refusal> {
        let line = self.walk.line(reveal, place)?;
        check(values.len() == line.columns.len(), GateProblem::Length)?;
        // What is to be hidden is not shown without its counts.
        let guarded = line.hidden_below.is_some() != counts.is_empty();
        let each = [0, 1, values.len()].contains(&counts.len());
        check(guarded && each, GateProblem::Parameter)?;
        let to_everyone = line.recipients.contains(&Recipient::Public);
        check(public.is_none() || to_everyone, GateProblem::Parameter)?;

        let (mut bits, mut blurred) = (Vec::new(), BTreeMap::new());
        for count in counts {
            // Whether there are enough is shown, so what is compared is blurred as well; once, if several columns are
            // of one count.
            let a = match blurred.get(count) {
                Some(a) => *a,
                None => {
                    let a = self.value(*count)?;
                    self.with_noise(a, line.noise.and_then(|noise| noise.counts))?
                }
            };
            blurred.insert(*count, a);
            let least = line.hidden_below.unwrap_or(0).into();
            let bit = if self.secret(*count)?.len == 0 {
                a
            } else {
                self.stage.expansion.add(&Gate::AtLeast { a, least })?
            };
            bits.push(bit);
        }
        let mut shown = Vec::new();
        for (at, value) in values.iter().enumerate() {
            let value = self.value(*value)?;
            let value = self.with_noise(value, line.noise.map(|noise| noise.values))?;
            let bit = bits.get(at).or_else(|| bits.first()).copied();
            shown.push(self.hidden_unless(bit, value)?);
        }
        if let Some(first) = public {
            for value in shown.iter().chain(&bits) {
                let single = self.stage.expansion.value(*value)?.view.len == 1;
                check(single, GateProblem::Length)?;
            }
            self.walk.expect(first, shown.len() + bits.len(), place)?;
        }
        if to_everyone {
            let lengths = shown.iter().map(|value| {
                let value = self.stage.expansion.value(*value)?;
                Ok(value.view.len as usize)
            });
            let lengths = lengths.collect::<Result<Vec<usize>, Refusal>>()?;
            self.walk.will_show(&line, lengths)?;
        }
        for (column, value) in (0..).zip(shown) {
            if to_everyone {
                self.open(place, Shows::Column { reveal, column }, value)?;
            } else {
                self.stage.show(Sink::Shown { reveal, column }, value)?;
            }
        }
        for (count, value) in (0..).zip(bits) {
            if to_everyone {
                self.open(place, Shows::Bit { reveal, count }, value)?;
            } else {
                self.stage.show(Sink::Bit { reveal, count }, value)?;
            }
        }
        Ok(())
    }

    fn open(&mut self, place: usize, shows: Shows, value: Value) -> Result<(), Refusal> {
        self.stage.open(shows, value)?;
        self.showing.push(place);
        Ok(())
    }

    /// One draw for each element.
    fn with_noise(&mut self, value: Value, noise: Option<Noise>) -> Result<Value, Refusal> {
        let expansion = &mut self.stage.expansion;
        let len = expansion.value(value)?.view.len;
        let gate = match noise {
            None => return Ok(value),
            Some(_) if len == 0 => return Ok(value),
            Some(Noise::Laplace { decay }) => Gate::Laplace { len, decay },
            Some(Noise::Gaussian(width)) => Gate::Gaussian { len, width },
        };
        let drawn = expansion.add(&gate)?;
        expansion.sum_of(&[(1, value), (1, drawn)], 0)
    }

    fn hidden_unless(&mut self, bit: Option<Value>, value: Value) -> Result<Value, Refusal> {
        let Some(bit) = bit else {
            return Ok(value);
        };
        let expansion = &mut self.stage.expansion;
        let len = expansion.value(value)?.view.len;
        if len == 0 {
            return Ok(value);
        }
        // One count stands for all elements; a count for each goes with its own.
        let bit = expansion.repeated_to(bit, len)?;
        expansion.add(&Gate::Multiply { a: bit, b: value })
    }
}
