//! Reveals: columns of what is shown, guards, noise, and the line of the manifest.

use std::collections::{BTreeMap, BTreeSet};

use enigma_bytecode::model::{self, C, Column, Kind, Op, S};
use enigma_bytecode::plan::{Demand, gaussian_width, noise_reach};

use super::columns::{self, Side};
use super::contract::{recipient, shape};
use super::state::leaves;
use super::statement::Execution;
use super::value::Value;
use super::{Done, index, stop};
use crate::flow::{NoiseFacts, RevealFacts, Source};
use crate::hir::{BinaryOp, Expr, ExprKind, Guard, Label, Noise, Recipient, Reveal, Type};
use crate::interpret;
use crate::span::Span;

/// What stands behind `with`.
#[derive(Default)]
struct Guards {
    /// The fewest rows, by collection.
    rows: BTreeMap<u16, u32>,
    /// Private counts: one, or one for each element.
    counts: Vec<Value>,
    /// What counts fewer is hidden.
    least: Option<u32>,
}

impl Execution<'_> {
    pub(super) fn reveal(&mut self, reveal: &Reveal) -> Done<()> {
        let span = reveal.name_span;
        if !self.active.is_empty() {
            return stop(span, "a reveal under a private condition");
        }
        let mut recipients: Vec<model::Recipient> = (reveal.recipients.iter())
            .map(|(who, _)| recipient(*who))
            .collect::<Done<_>>()?;
        recipients.sort_unstable();
        recipients.dedup();
        let entry = index(self.index)?;
        let is_same = |line: &model::Reveal| line.entry == entry && line.name == reveal.name;
        if self.manifest.iter().any(is_same) {
            return stop(span, "a reveal that is done several times");
        }
        let guards = self.guards(reveal)?;
        let value = self.expression(&reveal.value)?;
        let ty = match (&reveal.value.ty, &reveal.recipients[..]) {
            (Type::Rows(row, _), [(Recipient::OwnerOf(_), _)]) => row,
            (ty, _) => ty,
        };
        let shown = self.shaped(&value, ty, span)?;
        let values = self.registers_of(&shown, span)?;
        let counts = self.counts(&guards, ty, values.len(), span)?;
        let facts = self.reveal_facts(reveal)?;
        let columns = self.shown_columns(ty, &reveal.value, &values)?;
        let distinct: BTreeSet<&S> = counts.iter().collect();
        let elements = self.most_elements(&reveal.value.ty, ty);
        let drawn = (values.len() as u64 * elements, distinct.len() as u64);
        let noise = facts.noise.map(|noise| blur(&noise, drawn, span));
        let noise = noise.transpose()?;
        let sources = self.sources(&facts, span)?;
        let public = match recipients.contains(&model::Recipient::Public) {
            true => Some(self.registers.new_public(values.len() + counts.len())?),
            false => None,
        };
        // Bytes come in pieces: everyone puts them together, and code that goes on with them has no operation for that.
        let in_pieces = columns.iter().any(|column| column.kind == Kind::Limb);
        if let (Some(first), Some(local), false) = (public, reveal.local, in_pieces) {
            let known = self.known(ty, first, (values.len(), counts.len()), &guards, span)?;
            self.set(local, known);
        }
        let line = index(self.manifest.len())?;
        self.registers.emit(Op::Out {
            reveal: line,
            values,
            counts,
            public,
        });
        self.manifest.push(model::Reveal {
            name: reveal.name.clone(),
            entry,
            recipients,
            columns,
            sources,
            min_groups: guards.rows.into_iter().collect(),
            hidden_below: guards.least,
            noise,
        });
        Ok(())
    }

    /// How many elements each register of what is shown has at most: `shown` is what goes to each owner of `value`.
    fn most_elements(&self, value: &Type, shown: &Type) -> u64 {
        let hir = &self.checked.hir;
        match value {
            Type::Rows(_, collection) if value != shown => {
                let declared = hir.collections.get(*collection);
                declared.map_or(1, |declared| declared.max_rows(&hir.groups))
            }
            _ => 1,
        }
    }

    /// The registers of what is shown: rows stay vectors.
    fn registers_of(&mut self, shown: &Value, span: Span) -> Done<Vec<S>> {
        let mut registers = Vec::new();
        for leaf in leaves(shown) {
            registers.push(self.arithmetic(span).secret(&leaf)?.register);
        }
        Ok(registers)
    }

    /// One count for all columns, or one for each.
    fn counts(&mut self, guards: &Guards, ty: &Type, columns: usize, span: Span) -> Done<Vec<S>> {
        let mut registers = Vec::new();
        for count in &guards.counts {
            registers.push(self.arithmetic(span).secret(count)?.register);
        }
        if registers.len() <= 1 || registers.len() == columns {
            return Ok(registers);
        }
        if !matches!(ty, Type::List(..)) || !columns.is_multiple_of(registers.len()) {
            return stop(span, "guards on parts of this value");
        }
        let each = columns / registers.len();
        let repeated = registers.into_iter().flat_map(|count| vec![count; each]);
        Ok(repeated.collect())
    }

    /// What everyone knows from here on.
    fn known(
        &mut self,
        ty: &Type,
        first: C,
        (values, counts): (usize, usize),
        guards: &Guards,
        span: Span,
    ) -> Done<Value> {
        let register = |place: usize| Value::Public(C(first.0.saturating_add(place as u16)));
        let mut next = 0;
        let mut whole = |ty: &Type, hir: &crate::hir::Hir| {
            columns::value(ty, Side::Secret, hir, &mut || {
                next += 1;
                register(next - 1)
            })
        };
        if counts == 0 {
            return Ok(whole(ty, &self.checked.hir));
        }
        if guards.counts.len() == 1 {
            let there = register(values);
            return Ok(Value::Maybe(
                Box::new(there),
                Box::new(whole(ty, &self.checked.hir)),
            ));
        }
        let Type::List(element, _) = ty else {
            return stop(span, "guards on parts of this value");
        };
        let each = counts / guards.counts.len();
        let parts = (0..guards.counts.len()).map(|place| {
            let there = register(values + place * each);
            Value::Maybe(Box::new(there), Box::new(whole(element, &self.checked.hir)))
        });
        Ok(Value::Many(parts.collect()))
    }

    /// What is shown, without guards and noise: `contract` writes the ranges that nodes derive into them.
    fn shown_columns(&self, ty: &Type, value: &Expr, registers: &[S]) -> Done<Vec<Column>> {
        if *ty == Type::Id {
            let of = registers.first().and_then(|s| self.members.get(s));
            let Some(collection) = of else {
                return stop(value.span, "an account");
            };
            return Ok(vec![Column {
                name: String::new(),
                kind: Kind::MemberOf(*collection),
                low: 0,
                high: u32::MAX.into(),
            }]);
        }
        let (range, hir) = (self.range(value), &self.checked.hir);
        match columns::columns(ty, range, Side::Secret, hir, self.limit) {
            Ok(columns) => Ok(columns),
            Err(what) => stop(value.span, &what),
        }
    }

    fn reveal_facts(&self, reveal: &Reveal) -> Done<RevealFacts> {
        let facts = self.checked.facts.entries.get(self.index);
        let facts = facts.and_then(|entry| {
            let mut reveals = entry.reveals.iter();
            reveals.find(|facts| facts.value == reveal.value.id)
        });
        match facts {
            Some(facts) => Ok(facts.clone()),
            None => stop(reveal.name_span, "this reveal"),
        }
    }

    /// From what the value comes, and under which shape each lets it go.
    fn sources(&self, facts: &RevealFacts, span: Span) -> Done<Vec<(model::Source, model::Shape)>> {
        let mut sources = Vec::new();
        for (source, allowed) in &facts.sources {
            let source = match source {
                Source::Collection(collection) => model::Source::Collection(index(*collection)?),
                Source::Slot(slot) => model::Source::Slot(self.slot_index(*slot)?),
                Source::Param(local) => {
                    let mut params = self.entry.params.iter();
                    match params.position(|param| param.local.0 as usize == *local) {
                        Some(param) => model::Source::Param(index(param)?),
                        None => return stop(span, "a value of this kind"),
                    }
                }
                Source::Random => continue,
            };
            sources.push((source, shape(*allowed)));
        }
        sources.sort_unstable();
        Ok(sources)
    }

    fn guards(&mut self, reveal: &Reveal) -> Done<Guards> {
        let mut guards = Guards::default();
        for guard in &reveal.guards {
            let Guard::MinGroup { count, least, span } = guard else {
                continue;
            };
            let fewest = self.expression(least)?;
            if self.checked.facts.label(count.id) == Label::Public {
                self.public_guard(&mut guards, count, &fewest, *span)?;
                continue;
            }
            let Value::Known(least) = fewest else {
                return stop(least.span, "a guard whose least number a run decides");
            };
            let (Ok(least), None) = (u32::try_from(least), guards.least) else {
                return stop(*span, "several guards on private numbers");
            };
            guards.least = Some(least);
            guards.counts = match self.expression(count)? {
                Value::Many(counts) => counts,
                count => vec![count],
            };
        }
        Ok(guards)
    }

    /// Fewer rows, or a smaller public number, refuse the run.
    fn public_guard(
        &mut self,
        guards: &mut Guards,
        count: &Expr,
        least: &Value,
        span: Span,
    ) -> Done<()> {
        let value = self.expression(count)?;
        if let (ExprKind::RowCount(collection), Value::Known(least)) = (&count.kind, least)
            && let Ok(least) = u32::try_from(*least)
        {
            let so_far = guards.rows.entry(index(*collection)?).or_insert(least);
            *so_far = least.max(*so_far);
            return Ok(());
        }
        let values = match value {
            Value::Many(parts) => parts,
            single => vec![single],
        };
        for value in values {
            let enough = (self.arithmetic(span)).compare(BinaryOp::GreaterEqual, &value, least)?;
            self.require(
                &enough,
                "a group is smaller than `min_group` says".to_owned(),
                span,
            )?;
        }
        Ok(())
    }
}

/// What hides how far one giver can move the value, and the counts that guard it.
fn blur(facts: &NoiseFacts, (values, counts): (u64, u64), span: Span) -> Done<model::Blur> {
    let of_counts = (facts.counts).map(|moved| noise(facts.noise, counts, moved, span));
    Ok(model::Blur {
        values: noise(facts.noise, values, facts.sensitivity, span)?,
        counts: of_counts.transpose()?,
        epsilon: facts.noise.epsilon(),
        delta: facts.noise.delta(),
    })
}

/// The distribution that hides how far one giver moves so many numbers.
fn noise(noise: Noise, numbers: u64, moved: u64, span: Span) -> Done<model::Noise> {
    let noise = match noise {
        Noise::Laplace { epsilon } => {
            let decay = interpret::laplace_decay(epsilon, moved);
            decay.map(|decay| model::Noise::Laplace { decay })
        }
        Noise::Gaussian { epsilon, delta } => {
            let demand = |moved: u64| Demand {
                epsilon,
                delta,
                numbers,
                moved: moved.into(),
            };
            let width = gaussian_width(&demand(moved));
            // Draws are exact to 2^-46, which is too rough if nothing suffices for what moves by one.
            let exact = Demand {
                numbers: numbers.saturating_mul(2),
                ..demand(1)
            };
            if width.is_none() && gaussian_width(&exact).is_none() {
                return stop(
                    span,
                    "so small a delta for this epsilon and so many numbers",
                );
            }
            width.map(model::Noise::Gaussian)
        }
    };
    // Noise is drawn from tables of limited length, and within 63 bits.
    match noise.filter(|noise| noise_reach(*noise).is_some()) {
        Some(noise) => Ok(noise),
        None => stop(span, "noise of this size"),
    }
}
