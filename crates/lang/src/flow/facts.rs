//! What the analysis found, for the passes behind it: the interpreter, code generation, reports and the language server.

use std::collections::{BTreeMap, BTreeSet};

use enigma_bytecode::interval::Wide;

use crate::hir::{AllowShape, ExprId, Hir, Label, LocalId, Noise, Provider, Recipient, Rows, Type};
use crate::span::Span;

/// What is known of a contract without running it.
#[derive(Clone, Debug, Default)]
pub struct Facts {
    /// By [`ExprId`].
    pub(super) exprs: Vec<ExprFacts>,
    /// Those that a [`SourceSet`] can name.
    pub(super) sources: Vec<Source>,
    /// As many as the contract has entries, in order.
    pub entries: Vec<EntryFacts>,
    /// Of the conditions on rows, as far as they are like entries.
    pub checks: Vec<EntryFacts>,
}

/// What is known of an expression, whenever it is evaluated.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct ExprFacts {
    pub(super) private: bool,
    pub(super) range: Option<Wide>,
    pub(super) sources: SourceSet,
}

/// Sources of a value, for people: the first 128 that a contract meets.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct SourceSet(u128);

impl SourceSet {
    pub(super) fn and(self, other: SourceSet) -> SourceSet {
        SourceSet(self.0 | other.0)
    }
}

/// What is known of an entry.
#[derive(Clone, Debug, Default)]
pub struct EntryFacts {
    /// Who knows each local, at any time; by [`LocalId`].
    pub locals: Vec<LocalFacts>,
    /// Its reveals, in source order.
    pub reveals: Vec<RevealFacts>,
    /// The collections that it reads or counts.
    pub collections: BTreeSet<usize>,
    /// How many rows of a collection it needs before it may compute anything, beyond what the group demands.
    pub minimum_rows: BTreeMap<usize, u32>,
    /// How many contributions must be in an accumulator, by index of the slot, before the entry may run.
    pub minimum_contributions: BTreeMap<usize, u32>,
    /// Where something that the caller gives is added to an accumulator, whatever private conditions are: the places that are
    /// added to. Only these count as contributions.
    pub contributions: BTreeSet<Span>,
    /// The accumulators to which it adds, and where last.
    pub added: BTreeMap<usize, Span>,
    /// Sources of which it shows, or stores where it can be shown, a truth value under nothing but `allow bit`, and where first.
    pub bits: BTreeMap<Source, Span>,
    /// The largest magnitude of any number that takes part in a computation on private ones; `fix` scaled. Below 2^59 the
    /// small field holds all of them.
    pub magnitude: i128,
    /// Whether numbers of `fix` are multiplied or divided, whose exact products go beyond the magnitude.
    pub scaled_products: bool,
    /// What one run costs each giver of a collection of the budget of noise, in millionths.
    pub epsilon: BTreeMap<usize, u64>,
    /// The same of delta, in units of 10^-12.
    pub delta: BTreeMap<usize, u64>,
    /// What it puts into slots of `state MPC`, by index: from where, and how far single rows could be told from it.
    pub stores: BTreeMap<usize, BTreeMap<Source, BTreeSet<Exposure>>>,
}

/// What is known of a local, over the whole entry.
#[derive(Clone, Copy, Debug, Default)]
pub struct LocalFacts {
    /// Whether it is private at any time.
    pub private: bool,
    /// Where its numbers lie, if it is a number or a vector of numbers.
    pub range: Option<Wide>,
    /// What it is made from.
    pub sources: SourceSet,
}

/// A reveal that follows the policy.
#[derive(Clone, Debug)]
pub struct RevealFacts {
    /// Its name in the results.
    pub name: String,
    /// The value.
    pub value: ExprId,
    /// Where it stands.
    pub span: Span,
    /// Its type, before a guard makes a `maybe` of it.
    pub ty: Type,
    /// Who sees it.
    pub recipients: Vec<Recipient>,
    /// From where the value comes, and under which shape each source releases it, the most demanding one.
    pub sources: Vec<(Source, AllowShape)>,
    /// All sources, those too that need no `allow`, and how far single rows of each can be told from what the recipients see: the
    /// value, and whether a guard hides it. Of what comes from a key alone there are none.
    pub shows: BTreeMap<Source, BTreeSet<Exposure>>,
    /// Guards on the number of rows of a collection, which is known before the run: with fewer the entry does not run.
    pub row_guards: Vec<(usize, u32)>,
    /// Whether a guard on a private number makes a `maybe` of it.
    pub suppressed: bool,
    /// What blurs it.
    pub noise: Option<NoiseFacts>,
}

/// How a reveal is blurred.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NoiseFacts {
    /// How the noise is distributed.
    pub noise: Noise,
    /// How far one giver can move the value: the sum of the moves of all its elements; of `fix` scaled.
    pub sensitivity: u64,
    /// How far one giver can move one element.
    pub each: u64,
    /// How far one giver can move all private counts that guard the value, if any do: they have noise of their own.
    pub counts: Option<u64>,
}

/// Where private data comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Source {
    /// A collection, by index.
    Collection(usize),
    /// A slot of `state MPC`, by index.
    Slot(usize),
    /// A private parameter, by its local in the entry.
    Param(usize),
    /// Values that nobody knows.
    Random,
}

/// How far single rows of a source can be told from a value. From what says least to what says most.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Exposure {
    /// Not at all: nobody's data goes into the slot.
    Initial,
    /// It mixes all rows.
    Aggregate,
    /// It mixes rows that private data chose.
    Hidden,
    /// One truth value about single rows.
    Bit,
    /// It points at the giver of a row.
    Member,
    /// One value for each row, at its place.
    Own,
    /// Single rows, anywhere.
    Row,
}

impl Facts {
    /// Who knows the value of an expression. Private if it is private at any time it is evaluated.
    #[must_use]
    pub fn label(&self, expr: ExprId) -> Label {
        let private = self.expr(expr).private;
        if private {
            Label::Private
        } else {
            Label::Public
        }
    }

    /// Where the numbers of an expression lie, at any time it is evaluated; of `fix` scaled as its type says. `None` if it is not a
    /// number or a vector of numbers, or is never evaluated.
    #[must_use]
    pub fn range(&self, expr: ExprId) -> Option<Wide> {
        self.expr(expr).range
    }

    /// What an expression is made from, at any time it is evaluated.
    #[must_use]
    pub fn sources(&self, expr: ExprId) -> SourceSet {
        self.expr(expr).sources
    }

    /// The sources of a set. A parameter is one of the entry that the set belongs to.
    pub fn sources_in(&self, set: SourceSet) -> impl Iterator<Item = Source> + '_ {
        let all = self.sources.iter().enumerate();
        all.filter(move |(place, _)| set.0 >> (*place).min(127) & 1 == 1)
            .map(|(_, source)| *source)
    }

    /// Adds a source to a set, if there is room for it.
    pub(super) fn add_source(&mut self, set: SourceSet, source: Source) -> SourceSet {
        let known = self.sources.iter().position(|known| *known == source);
        let place = known.unwrap_or(self.sources.len());
        if place >= 128 {
            return set;
        }
        if known.is_none() {
            self.sources.push(source);
        }
        SourceSet(set.0 | 1 << place)
    }

    /// How many rows of a collection an entry needs before it may compute anything: those of the `aggregate(k)` under which
    /// the collection is shown or stored, those that guards ask for, and where each member gives one row the group's `min`. 0
    /// for what does not exist.
    #[must_use]
    pub fn minimum_rows(&self, hir: &Hir, entry: usize, collection: usize) -> u32 {
        let declared = hir.collections.get(collection);
        let members = declared.map_or(0, |c| match (c.provider, c.rows) {
            (Provider::Each(group), Rows::One) => hir.groups.get(group).map_or(0, |g| g.min),
            (Provider::Party(_), Rows::One) => 1,
            (_, Rows::UpTo(_)) => 0,
        });
        let entry = self.entries.get(entry);
        let asked = entry.and_then(|e| e.minimum_rows.get(&collection).copied());
        members.max(asked.unwrap_or(0))
    }

    /// Takes everything for public, as a checker that is wrong might.
    #[cfg(test)]
    pub(crate) fn forget_labels(&mut self) {
        self.exprs.iter_mut().for_each(|expr| expr.private = false);
    }

    fn expr(&self, expr: ExprId) -> ExprFacts {
        let index = usize::try_from(expr.0).unwrap_or(usize::MAX);
        self.exprs.get(index).copied().unwrap_or_default()
    }
}

impl EntryFacts {
    /// Who knows a local: private if it is private at any time.
    #[must_use]
    pub fn label(&self, local: LocalId) -> Label {
        let index = usize::try_from(local.0).unwrap_or(usize::MAX);
        match self.locals.get(index) {
            Some(facts) if facts.private => Label::Private,
            _ => Label::Public,
        }
    }
}
