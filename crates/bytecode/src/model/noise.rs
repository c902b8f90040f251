//! Noise on what is shown, what it costs, and how much of that there may be.

use super::{Contract, Shape, Source};

/// A delta of 1 in units of 10^-12, in which deltas are counted: noise of so much would never hide anything.
pub const DELTA_END: u64 = 1_000_000_000_000;

/// A distribution of noise that is added before a value is shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Noise {
    /// Discrete Laplace: x has probability proportional to (decay / 2^64)^|x|.
    Laplace {
        /// Of the neighbour's probability, in 2^-64.
        decay: u64,
    },
    /// Discrete Gaussian: x has probability proportional to exp(-x^2 / (2 sigma^2)).
    Gaussian(Width),
}

/// How wide Gaussian noise is. Of two that can be drawn the larger is wider: each width has one form (`plan::spread`).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Width {
    /// How often a number of variance 77 is added to four times what was there before. None where one table is long
    /// enough, else two or more.
    pub steps: u8,
    /// Of what was there at first: of 1's probability to 0's, in 2^-64.
    pub decay: u64,
}

impl Width {
    /// Of what is drawn from one table: x has probability proportional to (decay / 2^64)^(x^2).
    #[must_use]
    pub const fn table(decay: u64) -> Width {
        Width { steps: 0, decay }
    }
}

/// Noise on a manifest line, and what it costs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Blur {
    /// Added to every column, one draw for each element.
    pub values: Noise,
    /// Added to every count before it is compared, one draw for each. There where the line has counts, and only there.
    pub counts: Option<Noise>,
    /// What either of both costs each giver, in millionths of epsilon: it hides so well how far one giver moves all
    /// columns, and all counts ([`crate::privacy`]).
    pub epsilon: u64,
    /// With which probability either of both may hide less than that, in units of 10^-12: above 0 and below [`DELTA_END`] where
    /// noise is Gaussian, else 0.
    pub delta: u64,
}

impl Blur {
    /// What the line costs each giver of its sources, in millionths of epsilon.
    #[must_use]
    pub fn cost(&self) -> u64 {
        self.epsilon.saturating_mul(self.draws())
    }

    /// The same in units of 10^-12 of delta.
    #[must_use]
    pub fn delta_cost(&self) -> u64 {
        self.delta.saturating_mul(self.draws())
    }

    /// Whether it says a delta if it is of a kind that has one, and none if not.
    #[must_use]
    pub fn has_fitting_delta(&self) -> bool {
        match self.is_gaussian() {
            true => (1..DELTA_END).contains(&self.delta),
            false => self.delta == 0,
        }
    }

    /// Whether Gaussian noise is drawn.
    #[must_use]
    pub fn is_gaussian(&self) -> bool {
        let gaussian = |noise: Noise| matches!(noise, Noise::Gaussian(_));
        gaussian(self.values) || self.counts.is_some_and(gaussian)
    }

    fn draws(&self) -> u64 {
        1 + u64::from(self.counts.is_some())
    }
}

/// `privacy { ... }`: nodes refuse a run that would pass it for any contributor.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Budget {
    /// What all noise on one contributor's data may cost together, in millionths of epsilon.
    pub epsilon_total: Option<u64>,
    /// The same in units of 10^-12 of delta, below [`DELTA_END`]. Without it there is no noise that has a delta.
    pub delta_total: Option<u64>,
    /// In how many runs one input may take part.
    pub runs_per_input: Option<u32>,
}

impl Contract {
    /// What one run of an entry costs each giver of a collection, in millionths of epsilon: all noise on what is computed
    /// from rows of the same givers, as if both sides of every `If` were taken. 0 for what does not exist.
    #[must_use]
    pub fn epsilon(&self, entry: usize, collection: usize) -> u64 {
        let costs = self.blurs(entry, collection).map(Blur::cost);
        costs.fold(0, u64::saturating_add)
    }

    /// The same in units of 10^-12 of delta: with at most this probability the run tells more of a giver than its epsilon says.
    #[must_use]
    pub fn delta(&self, entry: usize, collection: usize) -> u64 {
        let costs = self.blurs(entry, collection).map(Blur::delta_cost);
        costs.fold(0, u64::saturating_add)
    }

    /// All noise on what an entry computes from rows of those who give to a collection.
    fn blurs(&self, entry: usize, collection: usize) -> impl Iterator<Item = &Blur> {
        let provider = |of: usize| self.collections.get(of).map(|c| c.provider);
        let givers = provider(collection);
        let own = move |(source, _): &(Source, Shape)| match source {
            Source::Collection(of) => givers.is_some() && provider(usize::from(*of)) == givers,
            Source::Slot(_) | Source::Param(_) => false,
        };
        let lines = self.reveals_of(entry);
        let lines = lines.filter(move |line| line.sources.iter().any(own));
        lines.filter_map(|line| line.noise.as_ref())
    }
}
