//! The state of the analysis while it walks through an entry.

use std::collections::{BTreeMap, BTreeSet};
use std::rc::Rc;

use enigma_bytecode::interval::Wide;

use super::facts::{EntryFacts, ExprFacts, Facts, SourceSet};
use super::numbers::Numbers;
use super::sources::{Combination, Mixes};
use super::value::{Leaf, Value, around, magnitude};
use crate::code::Code;
use crate::diagnostic::Diagnostic;
use crate::hir::{Expr, ExprId, Hir, Local, LocalId};
use crate::span::Span;

/// Most evaluations of expressions: loops inside loops are walked through several times each.
const MAX_WORK: u64 = 4_000_000;
/// Deepest nesting of expressions and blocks, those of functions put in place too.
pub(super) const MAX_DEPTH: u32 = 1_200;

/// Values of locals that a piece of code has changed, and whether its end is reached.
#[derive(Clone, Debug, Default)]
pub(super) struct Changes {
    pub(super) values: BTreeMap<LocalId, Rc<Value>>,
    pub(super) ends: bool,
}

/// A private condition around the code.
#[derive(Clone, Debug)]
pub(super) struct Condition {
    pub(super) leaf: Leaf,
    pub(super) span: Span,
}

/// A loop around the code.
#[derive(Debug)]
pub(super) struct Frame {
    /// Where the pass began in the journal.
    pub(super) mark: usize,
    /// What was changed in the pass where it is left.
    pub(super) breaks: Vec<BTreeMap<LocalId, Rc<Value>>>,
}

/// The analysis of a contract. Most of its methods lie beside what they are about.
pub(super) struct Walk<'a> {
    pub(super) hir: &'a Hir,
    pub(super) facts: Facts,
    /// The worst of what any entry stores in a slot, by slot.
    pub(super) slots: Vec<Mixes>,
    pub(super) numbers: Numbers,
    /// The entry's, while one is walked through.
    pub(super) locals: &'a [Local],
    pub(super) entry: EntryFacts,
    pub(super) conditions: Vec<Condition>,
    pub(super) frames: Vec<Frame>,
    /// How many lambdas are around the code.
    pub(super) level: u32,
    /// How often the code runs at most, by the loops around it.
    pub(super) passes: u64,
    /// What the code costs, in multiplications of private numbers, roughly.
    pub(super) cost: u64,
    /// Where a local was assigned last.
    pub(super) assigned: BTreeMap<LocalId, Span>,
    /// Which local a loop's variable is, by the number in [`Leaf::base`].
    pub(super) bases: Vec<LocalId>,
    /// Whether the end of the code so far is reached.
    pub(super) ends: bool,
    /// Greater than 0 while nothing is reported or written down.
    pub(super) muted: u32,
    pub(super) depth: u32,
    values: Vec<Option<Rc<Value>>>,
    journal: Vec<(LocalId, Option<Rc<Value>>)>,
    diagnostics: Vec<Diagnostic>,
    /// One error of a kind at a place; of a reveal, one for each source and recipient.
    reported: BTreeSet<(Code, Span, String)>,
    work: u64,
}

impl<'a> Walk<'a> {
    pub(super) fn new(hir: &'a Hir) -> Walk<'a> {
        let exprs = usize::try_from(hir.exprs).unwrap_or(0);
        Walk {
            hir,
            facts: Facts {
                exprs: vec![ExprFacts::default(); exprs],
                sources: Vec::new(),
                entries: Vec::new(),
                checks: Vec::new(),
            },
            slots: vec![Mixes::default(); hir.slots.len()],
            numbers: Numbers::default(),
            locals: &[],
            entry: EntryFacts::default(),
            conditions: Vec::new(),
            frames: Vec::new(),
            level: 0,
            passes: 1,
            cost: 0,
            assigned: BTreeMap::new(),
            bases: Vec::new(),
            ends: true,
            muted: 0,
            depth: 0,
            values: Vec::new(),
            journal: Vec::new(),
            diagnostics: Vec::new(),
            reported: BTreeSet::new(),
            work: 0,
        }
    }

    /// What is reported, and the facts.
    pub(super) fn finish(self) -> (Facts, Vec<Diagnostic>) {
        (self.facts, self.diagnostics)
    }

    /// Begins with other locals.
    pub(super) fn enter(&mut self, locals: &'a [Local]) {
        self.locals = locals;
        self.values = vec![None; locals.len()];
        self.journal.clear();
        self.conditions.clear();
        self.frames.clear();
        self.assigned.clear();
        self.bases.clear();
        self.ends = true;
        self.level = 0;
        self.passes = 1;
        self.entry = EntryFacts {
            locals: vec![super::facts::LocalFacts::default(); locals.len()],
            ..EntryFacts::default()
        };
    }

    pub(super) fn report(&mut self, diagnostic: Diagnostic) {
        if self.muted > 0 {
            return;
        }
        let what = match diagnostic.code {
            Code::E0310 => diagnostic.message.clone(),
            _ => String::new(),
        };
        let key = (diagnostic.code, diagnostic.primary.span, what);
        if self.reported.insert(key) {
            self.diagnostics.push(diagnostic);
        }
    }

    /// How much has been reported.
    pub(super) fn reports(&self) -> usize {
        self.diagnostics.len()
    }

    /// Takes back what was reported since about the range of this place: there is a worse error.
    pub(super) fn forget_ranges(&mut self, since: usize, at: Span) {
        let mut place = 0;
        self.diagnostics.retain(|d| {
            place += 1;
            place <= since || d.code != Code::E0501 || d.primary.span != at
        });
    }

    /// Counts an evaluation; `false` when there were too many.
    pub(super) fn works(&mut self, span: Span) -> bool {
        self.work = self.work.saturating_add(1);
        if self.work < MAX_WORK {
            return true;
        }
        let text = "loops inside loops make this contract too large to be checked";
        let diagnostic = Diagnostic::error(Code::E0601, span, text).help(
            "take fewer loops inside each other, or functions of the library on whole vectors",
        );
        let muted = std::mem::take(&mut self.muted);
        if !self.diagnostics.iter().any(|d| d.code == Code::E0601) {
            self.report(diagnostic);
        }
        self.muted = muted;
        false
    }

    pub(super) fn is_exhausted(&self) -> bool {
        self.work >= MAX_WORK
    }

    pub(super) fn local(&self, local: LocalId) -> Option<&'a Local> {
        self.locals.get(index(local))
    }

    pub(super) fn get(&self, local: LocalId) -> Option<Rc<Value>> {
        self.values.get(index(local)).cloned().flatten()
    }

    pub(super) fn set(&mut self, local: LocalId, value: Rc<Value>) {
        let sources = self.sources_of(&value);
        if self.muted == 0
            && let Some(facts) = self.entry.locals.get_mut(index(local))
        {
            facts.private |= value.is_private();
            let range = value.leaf().and_then(|leaf| leaf.range);
            facts.range = match (facts.range, range) {
                (Some(a), Some(b)) => Some(around(a, b)),
                (a, b) => a.or(b),
            };
            facts.sources = facts.sources.and(sources);
        }
        self.put(local, value);
    }

    /// A local begins to exist. Something else is put into it before it is read.
    pub(super) fn begin(&mut self, local: LocalId) {
        if let Some(declared) = self.local(local) {
            let leaf = Leaf::public(None, self.numbers.fresh());
            let empty = Value::like(&leaf, &declared.ty, self.hir, &mut self.numbers);
            self.put(local, Rc::new(empty));
        }
    }

    fn put(&mut self, local: LocalId, value: Rc<Value>) {
        if let Some(slot) = self.values.get_mut(index(local)) {
            let old = slot.replace(value);
            self.journal.push((local, old));
        }
    }

    /// The place in the journal from which changes can be told and undone.
    pub(super) fn mark(&self) -> usize {
        self.journal.len()
    }

    /// What has been changed since, with the values of now.
    pub(super) fn changed_since(&self, mark: usize) -> BTreeMap<LocalId, Rc<Value>> {
        let changed = self.journal.get(mark..).unwrap_or_default();
        let values = changed
            .iter()
            .filter_map(|(local, _)| Some((*local, self.get(*local)?)));
        values.collect()
    }

    /// Takes back all changes since.
    pub(super) fn undo(&mut self, mark: usize) {
        while self.journal.len() > mark {
            let Some((local, old)) = self.journal.pop() else {
                return;
            };
            if let Some(slot) = self.values.get_mut(index(local)) {
                *slot = old;
            }
        }
    }

    /// Runs a piece of code and takes its changes back.
    pub(super) fn tried(&mut self, run: impl FnOnce(&mut Self)) -> Changes {
        let mark = self.mark();
        let ends = std::mem::replace(&mut self.ends, true);
        run(self);
        let changes = Changes {
            values: self.changed_since(mark),
            ends: std::mem::replace(&mut self.ends, ends),
        };
        self.undo(mark);
        changes
    }

    /// Writes down what is known of an expression.
    pub(super) fn record(&mut self, expr: &Expr, value: &Value) {
        if self.muted > 0 {
            return;
        }
        let private = value.is_private();
        let range = value.leaf().and_then(|leaf| leaf.range);
        if private && let Some(range) = range {
            self.notice(range);
        }
        let sources = self.sources_of(value);
        let ExprId(id) = expr.id;
        let place = usize::try_from(id).unwrap_or(usize::MAX);
        if let Some(facts) = self.facts.exprs.get_mut(place) {
            facts.private |= private;
            facts.range = match (facts.range, range) {
                (Some(a), Some(b)) => Some(around(a, b)),
                (a, b) => a.or(b),
            };
            facts.sources = facts.sources.and(sources);
        }
    }

    fn sources_of(&mut self, value: &Value) -> SourceSet {
        let mut set = SourceSet::default();
        if self.muted == 0 {
            for leaf in value.leaves() {
                for (source, _) in leaf.sources.iter() {
                    set = self.facts.add_source(set, source);
                }
            }
        }
        set
    }

    /// Numbers of this range take part in a private computation.
    pub(super) fn notice(&mut self, range: Wide) {
        if self.muted == 0 {
            self.entry.magnitude = self.entry.magnitude.max(magnitude(range));
        }
    }

    /// The private conditions around the code as one leaf.
    pub(super) fn condition(&mut self) -> Option<Leaf> {
        let (first, rest) = self.conditions.split_first()?;
        let mut all = first.leaf.clone();
        all.because = Some(first.span);
        for condition in rest {
            let number = self.numbers.fresh();
            all = all.combine(&condition.leaf, Combination::Truth, number);
        }
        Some(all)
    }

    /// Counts what an operation costs at each place of a vector.
    pub(super) fn spend(&mut self, multiplications: u64, elements: u64) {
        self.cost = self
            .cost
            .saturating_add(multiplications.saturating_mul(elements));
    }
}

fn index(local: LocalId) -> usize {
    usize::try_from(local.0).unwrap_or(usize::MAX)
}
