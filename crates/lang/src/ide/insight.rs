//! What the checker knows of the values in a source: who knows them, where they lie, and whose data they are made from.

use std::collections::{BTreeMap, BTreeSet};

use enigma_bytecode::interval::Wide;

use super::Analysis;
use crate::diagnostic::grouped;
use crate::flow::{Source, SourceSet};
use crate::hir::visit::{in_block, in_expr, statements};
use crate::hir::{Entry, Expr, Label, StmtKind, Type};
use crate::program::Program;
use crate::resolve::Root;
use crate::span::Span;
use crate::syntax::SyntaxToken;
use crate::value::Value;
use crate::{Checked, analyse};

/// What is known of the expressions and variables of a source, by their places. What stands in a function is of all its calls together.
#[derive(Debug, Default)]
pub(super) struct Insights(BTreeMap<Span, Insight>);

/// What is known of one value.
#[derive(Clone, Debug, Default)]
struct Insight {
    private: bool,
    /// Of `fix` with the bits behind its point.
    range: Option<(Wide, Option<u32>)>,
    /// Names.
    sources: BTreeSet<String>,
}

impl Insights {
    /// Of a source with errors as much as can be known.
    pub(super) fn of(program: &Program) -> Insights {
        let mut insights = Insights::default();
        if let Some(checked) = analyse(program, Root::Contract, &mut Vec::new()) {
            for index in 0..checked.hir.entries.len() {
                insights.entry(&checked, index);
            }
        }
        insights
    }

    fn entry(&mut self, checked: &Checked, index: usize) {
        let (hir, facts) = (&checked.hir, &checked.facts);
        let (Some(entry), Some(found)) = (hir.entries.get(index), facts.entries.get(index)) else {
            return;
        };
        let names = |set: SourceSet| {
            let named = facts
                .sources_in(set)
                .map(|source| name(checked, entry, source));
            named.collect::<BTreeSet<String>>()
        };
        for (local, known) in entry.locals.iter().zip(&found.locals) {
            let range = known.range.map(|range| (range, fraction(&local.ty)));
            self.add(local.span, known.private, range, names(known.sources));
        }
        let mut add = |expr: &Expr, at: Span| {
            let private = facts.label(expr.id) == Label::Private;
            let range = facts
                .range(expr.id)
                .map(|range| (range, fraction(&expr.ty)));
            self.add(at, private, range, names(facts.sources(expr.id)));
        };
        for expr in entry.when.iter().chain(&entry.pays) {
            in_expr(expr, &mut |expr| add(expr, expr.span));
        }
        in_block(&entry.body, &mut |expr| add(expr, expr.span));
        statements(&entry.body, &mut |stmt| {
            if let StmtKind::Reveal(reveal) = &stmt.kind
                && reveal.local.is_none()
            {
                add(&reveal.value, reveal.name_span);
            }
        });
    }

    fn add(
        &mut self,
        at: Span,
        private: bool,
        range: Option<(Wide, Option<u32>)>,
        sources: BTreeSet<String>,
    ) {
        let known = self.0.entry(at).or_default();
        known.private |= private;
        known.range = match (known.range, range) {
            (Some((a, fraction)), Some((b, _))) => {
                let low = a.low.min(b.low);
                let high = a.high.max(b.high);
                Some((Wide { low, high }, fraction))
            }
            (a, b) => a.or(b),
        };
        known.sources.extend(sources);
    }
}

impl Analysis {
    /// What is known of the value that a name stands for, or that a call of a method gives.
    pub(super) fn insight(&self, token: &SyntaxToken) -> Option<String> {
        let name = token.parent()?;
        let around = name.parent().map(|node| Span::from(node.text_range()));
        let own = Span::from(token.text_range());
        let insights = &self.insights.get_or_init(|| Insights::of(&self.program)).0;
        let found = insights.get(&own).or_else(|| insights.get(&around?))?;
        Some(found.text())
    }
}

impl Insight {
    fn text(&self) -> String {
        let mut text = match self.private {
            true => "**private**".to_owned(),
            false => "**public**".to_owned(),
        };
        if let Some((range, fraction)) = self.range {
            let end = |n| match fraction {
                Some(fraction) => {
                    let scaled = Value::Fixed {
                        fraction,
                        scaled: n,
                    };
                    scaled.show(&crate::Hir::default())
                }
                None => grouped(n),
            };
            text.push_str(&match range.low == range.high {
                true => format!(", {}", end(range.low)),
                false => format!(", {} to {}", end(range.low), end(range.high)),
            });
        }
        if self.private && !self.sources.is_empty() {
            let sources: Vec<&str> = self.sources.iter().map(String::as_str).collect();
            text.push_str(&format!(", made from {}", sources.join(", ")));
        }
        text
    }
}

fn name(checked: &Checked, entry: &Entry, source: Source) -> String {
    let hir = &checked.hir;
    let name = match source {
        Source::Collection(index) => hir.collections.get(index).map(|c| c.name.clone()),
        Source::Slot(index) => {
            let slot = hir.slots.get(index);
            slot.map(|slot| format!("{}.{}", slot.store.name(), slot.name))
        }
        Source::Param(local) => entry.locals.get(local).map(|local| local.name.clone()),
        Source::Random => return "random numbers".to_owned(),
    };
    format!("`{}`", name.unwrap_or_default())
}

/// Bits behind the point, of numbers in fixed point and vectors of them.
fn fraction(ty: &Type) -> Option<u32> {
    match ty {
        Type::Fix(fix) => Some(fix.fraction),
        Type::List(element, _) | Type::Rows(element, _) | Type::Maybe(element) => fraction(element),
        _ => None,
    }
}
