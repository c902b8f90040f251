//! Guards: what must hold of the number of rows behind a value, and values over hidden parts of the rows.

use std::collections::BTreeMap;

use super::facts::Source;
use super::sources::{Combination, Mix, Sources};
use super::value::Leaf;
use super::walk::Walk;
use crate::code::Code;
use crate::diagnostic::{Diagnostic, grouped};
use crate::hir::{AllowShape, ExprKind, Guard, Reveal, Slot, Type};
use crate::span::Span;

/// What the guards of a reveal say.
#[derive(Clone, Debug, Default)]
pub(super) struct Guards {
    /// With fewer rows of the collection the entry does not run.
    pub(super) rows: Vec<(usize, u32)>,
    /// Whether one on a private number makes a `maybe` of the value.
    pub(super) suppressed: bool,
    /// What the recipients learn from whether a private number is large enough, and where the last such number stands.
    pub(super) shown: Option<(Sources, Span)>,
    /// How far one giver moves all private numbers that are compared.
    pub(super) moved: i128,
    /// Masks whose rows are counted, the fewest that a guard lets through, and where.
    counted: BTreeMap<u32, (i128, Span)>,
    /// A private number that counts no rows.
    pub(super) uncounted: Option<Span>,
}

/// A value over a hidden part of the rows of a source, with no count of just these.
pub(crate) fn unguarded(source: &str, value: Span) -> Diagnostic {
    let message = format!("a hidden part of the rows of `{source}` would be shown without a guard");
    Diagnostic::error(Code::E0312, value, message)
        .because("nobody knows how many rows are behind this: it may be the value of one person")
        .help(
            "take `sum_where(mask)`, and write `with min_group(mask.count_true(), N)` behind it, with the mask that chose the rows",
        )
}

impl<'a> Walk<'a> {
    pub(super) fn guards(&mut self, reveal: &'a Reveal) -> Guards {
        let mut guards = Guards::default();
        let mut rows: BTreeMap<usize, u32> = BTreeMap::new();
        for guard in &reveal.guards {
            let Guard::MinGroup { count, least, span } = guard else {
                continue;
            };
            let counted = self.eval(count);
            let fewest = self.eval(least);
            self.needs_public(least.span, &fewest, "the least number of a guard");
            let fewest = fewest.leaf().and_then(|leaf| leaf.range);
            let whole = counted.whole(Combination::Number, &mut self.numbers);
            if whole.private {
                guards.suppressed = true;
                if let Some(leaf) = counted.leaf() {
                    let moved = self.moved(&count.ty, &counted, leaf).0;
                    guards.moved = guards.moved.saturating_add(moved);
                }
                let mut sources = whole.sources.clone().decided(Combination::Truth);
                if matches!(count.ty, Type::List(..)) || self.passes > 1 {
                    sources = sources.several();
                }
                guards.shown = Some(match guards.shown.take() {
                    Some((shown, _)) => (shown.combine(&sources, Combination::Number), count.span),
                    None => (sources, count.span),
                });
            }
            let constant = fewest.filter(|r| r.low == r.high).map(|r| r.low);
            match (whole.counts, constant) {
                (Some(mask), Some(k)) => {
                    let own = guards.counted.entry(mask).or_insert((k, *span));
                    own.0 = own.0.max(k);
                }
                (None, _) if whole.private => guards.uncounted = Some(count.span),
                _ => {}
            }
            if let (ExprKind::RowCount(collection), Some(k)) = (&count.kind, constant) {
                let most = self.rows(*collection).high;
                match u32::try_from(k) {
                    Ok(k) if k >= 1 && i128::from(k) <= most => {
                        let own = rows.entry(*collection).or_default();
                        *own = k.max(*own);
                    }
                    _ => {
                        let message = format!(
                            "`min_group` takes a number from 1 to {}, the most rows there can be",
                            grouped(most)
                        );
                        self.report(Diagnostic::error(Code::E0212, least.span, message));
                    }
                }
            }
        }
        guards.rows = rows.into_iter().collect();
        guards
    }

    /// What mixes a hidden part of the rows needs a guard that counts just that part. Noise is none: owners were promised as many
    /// rows, and not an epsilon.
    pub(super) fn check_hidden(
        &mut self,
        reveal: &Reveal,
        whole: &Leaf,
        allowed: &BTreeMap<Source, AllowShape>,
        guards: &Guards,
    ) {
        for (source, mixes) in whole.sources.iter() {
            let shape = allowed.get(&source);
            let (true, Some(AllowShape::Aggregate(k))) = (mixes.has(Mix::Hidden), shape) else {
                continue;
            };
            let name = self.name(source).unwrap_or("?");
            let mut fewest: Option<(i128, Span)> = None;
            let mut uncounted = whole.subsets.is_empty();
            for mask in &whole.subsets {
                match guards.counted.get(mask) {
                    Some(&own) if fewest.is_none_or(|(least, _)| own.0 < least) => {
                        fewest = Some(own);
                    }
                    Some(_) => {}
                    None => uncounted = true,
                }
            }
            if !uncounted && let Some((least, span)) = fewest {
                if least < i128::from(*k) {
                    let message = format!(
                        "a hidden part of {} rows of `{name}` would be shown, and it allows {}",
                        grouped(least),
                        grouped((*k).into())
                    );
                    let diagnostic = Diagnostic::error(Code::E0312, span, message)
                        .because("with as many rows as this the value is shown")
                        .also(
                            reveal.value.span,
                            "this mixes just the rows that are counted",
                        )
                        .help(format!(
                            "write {} in `min_group`, or more",
                            grouped((*k).into())
                        ));
                    self.report(self.because(diagnostic, whole));
                }
                continue;
            }
            let mut diagnostic = unguarded(name, reveal.value.span);
            for (_, span) in guards.counted.values() {
                let text = "this does not count the rows that are behind the value";
                diagnostic = diagnostic.also(*span, text);
            }
            self.report(self.because(diagnostic, whole));
        }
    }

    /// Counts that this reveal needs before the entry computes anything.
    pub(super) fn require_rows(&mut self, allowed: &BTreeMap<Source, AllowShape>, guards: &Guards) {
        for (source, shape) in allowed {
            if let AllowShape::Aggregate(k) = shape {
                match source {
                    Source::Collection(collection) => self.at_least(*collection, *k),
                    Source::Slot(slot) => self.at_least_contributed(*slot, *k),
                    Source::Param(_) | Source::Random => {}
                }
            }
        }
        for (collection, k) in &guards.rows {
            self.entry.collections.insert(*collection);
            self.at_least(*collection, *k);
        }
    }

    /// What is stored under `aggregate(k)` mixes as many rows, so that the slot need not be asked again.
    pub(super) fn require_rows_of_slot(&mut self, slot: &Slot, value: &Leaf) {
        if self.muted > 0 {
            return;
        }
        let thresholds = slot.allows.iter().filter_map(|allow| match allow.shape {
            AllowShape::Aggregate(k) => Some(k),
            _ => None,
        });
        let Some(most) = thresholds.max() else { return };
        for (source, _) in value.sources.iter() {
            match source {
                Source::Collection(collection) => self.at_least(collection, most),
                Source::Slot(slot) => self.at_least_contributed(slot, most),
                Source::Param(_) | Source::Random => {}
            }
        }
    }

    /// So many must have contributed to an accumulator before what it holds goes on, to people or to another slot.
    fn at_least_contributed(&mut self, slot: usize, contributions: u32) {
        if self.hir.slots.get(slot).is_some_and(|s| s.accumulator) {
            let own = self.entry.minimum_contributions.entry(slot).or_default();
            *own = contributions.max(*own);
        }
    }

    pub(super) fn at_least(&mut self, collection: usize, rows: u32) {
        if self.muted > 0 {
            return;
        }
        let own = self.entry.minimum_rows.entry(collection).or_default();
        *own = rows.max(*own);
    }
}
