//! Noise: how far one giver can move a value, and what hiding that costs of the budget.
//!
//! Two runs are neighbours if they differ in the rows of one giver, of all collections of one group or party. The sensitivity of a value is the most by
//! which it differs between neighbours; of a list, the sum over its elements. It is derived from ranges and shapes
//! ([`super::value::Moves`]) and never more than the width of the value's range.

use std::collections::{BTreeMap, BTreeSet};

use enigma_bytecode::interface::trillionths;
use enigma_bytecode::plan::{Demand, gaussian_width, noise_reach};

use super::facts::{NoiseFacts, Source};
use super::guard::Guards;
use super::value::{LIMIT, Leaf, Value};
use super::walk::Walk;
use crate::code::Code;
use crate::diagnostic::{Diagnostic, grouped};
use crate::hir::{Guard, Noise, Provider, Reveal, Type};
use crate::span::Span;

/// Noise of Laplace is cut off at so many times its scale: beyond lies less than 2^-80 of it.
const TAIL: i128 = 64;

impl<'a> Walk<'a> {
    pub(super) fn noise_of(
        &mut self,
        reveal: &Reveal,
        value: &Value,
        whole: &Leaf,
        guards: &Guards,
    ) -> Option<NoiseFacts> {
        let mut found = None;
        for guard in &reveal.guards {
            let Guard::Noise { noise, span } = guard else {
                continue;
            };
            if let Some(count) = guards.uncounted {
                let message = "this counts no rows, and noise is drawn for counts";
                let diagnostic = Diagnostic::error(Code::E0801, count, message)
                    .because("how far one person can move this number is not bounded by their rows")
                    .also(*span, "with noise the guard is tested on the noised count")
                    .help("count with `count_true()` or the `count()` of cells");
                self.report(diagnostic);
            }
            let counts = u64::try_from(guards.moved).unwrap_or(u64::MAX);
            let blurred = self.blurred(reveal, value, whole, (*noise, *span));
            found = blurred.map(|facts| NoiseFacts {
                counts: guards.suppressed.then_some(counts),
                ..facts
            });
            self.charge(*noise, whole, guards, *span);
        }
        found
    }

    fn blurred(
        &mut self,
        reveal: &Reveal,
        value: &Value,
        whole: &Leaf,
        (noise, span): (Noise, Span),
    ) -> Option<NoiseFacts> {
        let number = matches!(
            super::expression::scalar(&reveal.value.ty),
            Type::Int(_) | Type::Fix(_)
        );
        let leaf = match value.leaf() {
            Some(leaf) if number => leaf.clone(),
            _ => {
                let message = "noise is added to numbers";
                let diagnostic = Diagnostic::error(Code::E0801, reveal.value.span, message)
                    .because("this is no number and no list of numbers")
                    .help("reveal a count or a sum");
                self.report(diagnostic);
                return None;
            }
        };
        for (source, _) in whole.sources.iter() {
            if let Source::Slot(slot) = source {
                let name = self.hir.slots.get(slot).map_or("?", |s| s.name.as_str());
                let message = format!("how far one person can move `{name}` is not known");
                let diagnostic = Diagnostic::error(Code::E0801, span, message)
                    .because("the right amount of noise follows from that")
                    .also(
                        reveal.value.span,
                        "this comes from a store, filled by any number of calls",
                    );
                let diagnostic = self.because(diagnostic, whole);
                self.report(diagnostic.help("add noise to values of collections only"));
                return None;
            }
        }
        leaf.range?;
        let (all, each) = self.moved(&reveal.value.ty, value, &leaf);
        let reach = reach(noise, self.elements(&reveal.value.ty).high, all);
        if reach >= LIMIT / 2 {
            let message = "one person can move this value too far for any noise to hide";
            let diagnostic = Diagnostic::error(Code::E0801, span, message)
                .because("the noise would be larger than the numbers of a computation may be")
                .also(
                    reveal.value.span,
                    format!("one person can move this by {}", grouped(all)),
                );
            let diagnostic = self.because(diagnostic, whole);
            self.report(
                diagnostic.help("narrow the `range` of the input, or clip values with `clamp`"),
            );
            return None;
        }
        let narrow = |x: i128| u64::try_from(x).unwrap_or(u64::MAX);
        if self.muted == 0 {
            self.notice(super::value::around(
                enigma_bytecode::interval::Wide {
                    low: -reach,
                    high: reach,
                },
                leaf.range?,
            ));
        }
        Some(NoiseFacts {
            noise,
            sensitivity: narrow(all),
            each: narrow(each),
            counts: None,
        })
    }

    /// How far one giver moves all elements of a value together, and one of them.
    pub(super) fn moved(&self, ty: &Type, value: &Value, leaf: &Leaf) -> (i128, i128) {
        let count = self.elements(ty).high.max(1);
        let vector = matches!(value, Value::Many(_));
        // One person may be a giver of several collections: those of one group or party move together.
        let mut people: BTreeMap<Provider, (i128, i128)> = BTreeMap::new();
        for (collection, moved) in &leaf.moves {
            let most = if vector {
                moved.each.saturating_mul(count)
            } else {
                moved.each
            };
            let together = moved.together.map_or(most, |t| t.min(most));
            let Some(collection) = self.hir.collections.get(*collection) else {
                continue;
            };
            let (all, each) = people.entry(collection.provider).or_default();
            *all = all.saturating_add(together);
            *each = each.saturating_add(moved.each.min(together));
        }
        let all = people.values().map(|moved| moved.0).max().unwrap_or(0);
        let each = people.values().map(|moved| moved.1).max().unwrap_or(0);
        (all, each)
    }

    /// What the noise costs every giver. A guard on a private count is tested on the noised count, which costs as much again.
    fn charge(&mut self, noise: Noise, whole: &Leaf, guards: &Guards, span: Span) {
        let once = noise.epsilon();
        if once == 0 {
            let diagnostic = Diagnostic::error(
                Code::E0801,
                span,
                "an epsilon of 0 hides nothing and shows nothing",
            )
            .help("take a number above 0, like 0.5: smaller ones hide more");
            self.report(diagnostic);
        }
        let times = self
            .passes
            .saturating_mul(if guards.suppressed { 2 } else { 1 });
        let (cost, delta) = (
            once.saturating_mul(times),
            noise.delta().saturating_mul(times),
        );
        if self.muted > 0 {
            return;
        }
        // It costs the people: with what they gave here, all else that they gave has less left.
        let hir = self.hir;
        let givers: BTreeSet<Provider> = whole
            .sources
            .iter()
            .filter_map(|(source, _)| match source {
                Source::Collection(collection) => Some(hir.collections.get(collection)?.provider),
                _ => None,
            })
            .collect();
        for (collection, declared) in hir.collections.iter().enumerate() {
            if givers.contains(&declared.provider) {
                let own = self.entry.epsilon.entry(collection).or_default();
                *own = own.saturating_add(cost);
                let own = self.entry.delta.entry(collection).or_default();
                *own = own.saturating_add(delta);
            }
        }
        let budget = self.hir.budget.as_ref();
        if budget.and_then(|b| b.epsilon_total).is_none() {
            let text = "noise without a privacy budget";
            let diagnostic = Diagnostic::error(Code::E0802, span, text)
                .because("each run would tell a little more, without end")
                .help("add `privacy { epsilon_total: 2.0; }` to the contract");
            self.report(diagnostic);
        } else if delta > 0 && budget.and_then(|b| b.delta_total).is_none() {
            let text = "Gaussian noise without a budget of delta";
            let mut diagnostic = Diagnostic::error(Code::E0803, span, text).because(
                "with a probability of delta it hides less than its epsilon says, in each run anew",
            );
            if let Some(budget) = budget {
                diagnostic = diagnostic.also(budget.span, "there is no `delta_total`");
            }
            self.report(diagnostic.help(
                "add `delta_total: 0.000001;` to `privacy`, or take `laplace`, which has no delta",
            ));
        }
        self.check_budget(span);
    }

    /// One run must not cost anybody more than the whole budget.
    fn check_budget(&mut self, span: Span) {
        let Some(budget) = self.hir.budget.as_ref() else {
            return;
        };
        let found = [
            self.too_dear(&EPSILON, &self.entry.epsilon, budget.epsilon_total),
            self.too_dear(&DELTA, &self.entry.delta, budget.delta_total),
        ];
        for (price, name, [cost, total]) in found.into_iter().flatten() {
            let (what, part) = (price.what, price.part);
            let message = format!("one run would cost more than the whole budget of {what}");
            let diagnostic = Diagnostic::error(price.code, span, message)
                .because(format!(
                    "with this it costs each owner of `{name}` {cost}; a guard on a noised count is paid too"
                ))
                .also(budget.span, format!("the budget is {total}"))
                .help(format!("take smaller {part}s, or a larger `{part}_total`"));
            self.report(diagnostic);
        }
    }

    /// Of whose data one run costs more than the budget, how much, and what the budget is.
    fn too_dear(
        &self,
        price: &'static Price,
        costs: &BTreeMap<usize, u64>,
        total: Option<u64>,
    ) -> Option<(&'static Price, String, [String; 2])> {
        let total = total?;
        let (collection, cost) = costs.iter().find(|(_, cost)| **cost > total)?;
        let declared = self.hir.collections.get(*collection);
        let name = declared.map_or("?", |c| c.name.as_str());
        Some((price, name.to_owned(), [*cost, total].map(price.digits)))
    }
}

/// How far noise goes that hides how far one giver moves so many numbers.
fn reach(noise: Noise, numbers: i128, moved: i128) -> i128 {
    match noise {
        Noise::Laplace { epsilon } => moved
            .saturating_mul(1_000_000)
            .saturating_div(epsilon.max(1).into())
            .saturating_mul(TAIL),
        Noise::Gaussian { epsilon, delta } => {
            let reach = |moved, numbers| {
                let width = gaussian_width(&Demand {
                    epsilon,
                    delta,
                    numbers: u64::try_from(numbers).unwrap_or(u64::MAX),
                    moved,
                })?;
                noise_reach(enigma_bytecode::model::Noise::Gaussian(width))
            };
            // In steps draws are exact as those of twice as many numbers from one table.
            match (reach(moved, numbers), reach(1, numbers.saturating_mul(2))) {
                (Some(reach), _) => reach.into(),
                // What moves further than noise can be wide; or code generation says why nothing is enough.
                (None, Some(_)) if moved > 0 => LIMIT,
                (None, _) => 0,
            }
        }
    }
}

/// A part of what noise costs.
struct Price {
    code: Code,
    /// What it is a budget of.
    what: &'static str,
    part: &'static str,
    digits: fn(u64) -> String,
}

const EPSILON: Price = Price {
    code: Code::E0802,
    what: "noise",
    part: "epsilon",
    digits: epsilon,
};
const DELTA: Price = Price {
    code: Code::E0803,
    what: "delta",
    part: "delta",
    digits: trillionths,
};

/// As it would be written.
fn epsilon(millionths: u64) -> String {
    let fraction = format!("{:06}", millionths % 1_000_000);
    let digits = fraction.trim_end_matches('0');
    let digits = if digits.is_empty() { "0" } else { digits };
    format!("{}.{digits}", millionths / 1_000_000)
}
