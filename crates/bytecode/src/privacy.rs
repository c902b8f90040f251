//! Noise and its price: whether a manifest line's noise is as wide as its epsilon says, found in the code alone.
//!
//! Two runs are neighbours if they differ in the rows of one giver: of all collections of one group, or of one party. How
//! far a line's values, and its counts, move between neighbours is derived here from ranges and operations (`moves`),
//! by other code than the compiler's. A node that has checked this needs nothing but [`crate::model::Contract::epsilon`]
//! to know what a run costs each giver.
//!
//! What noise of which decay costs is said in `plan::decay`. Gaussian noise has a delta beside its epsilon, a probability with which it
//! may hide less; [`crate::model::Contract::delta`] adds it up.

mod moves;

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use crate::model::{Blur, Contract, Entry, Noise, Provider, S};
use crate::plan::{Demand, bounds, is_gaussian_enough};
use crate::ranges::Ranges;
use moves::Walk;

/// Why noise does not do what its line says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    /// It is added to what comes from a slot: how far one person moves that is not known.
    Unbounded,
    /// Its delta is none that its kind of noise has.
    Delta,
    /// One giver moves the numbers further than noise of this price hides.
    Narrow {
        /// How far, all of them together.
        moved: i128,
    },
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Fault::Unbounded => f.write_str(
                "adds noise to what comes from a slot, which one person may move without bound",
            ),
            Fault::Delta => f.write_str(
                "has a delta that does not fit its noise: that of Gauss has one between 0 and 1, and no other",
            ),
            Fault::Narrow { moved } => write!(
                f,
                "adds less noise than its price says: one giver moves its numbers by {moved}"
            ),
        }
    }
}

/// How far givers move the values of one entry.
#[derive(Debug)]
pub struct Moved<'a> {
    contract: &'a Contract,
    walk: Walk<'a>,
}

impl<'a> Moved<'a> {
    /// Of well-formed code, with its ranges.
    #[must_use]
    pub fn new(contract: &'a Contract, entry: &'a Entry, ranges: &'a Ranges) -> Moved<'a> {
        Moved {
            contract,
            walk: Walk::through(contract, entry, ranges),
        }
    }

    /// The most by which one giver moves these values together, summed up; `None` if that is not bounded.
    #[must_use]
    pub fn together(&self, values: &[S]) -> Option<i128> {
        if values.iter().any(|value| self.walk.is_stored(*value)) {
            return None;
        }
        // One person may have given to several collections: those of one group or party move together.
        let mut people: BTreeMap<Provider, i128> = BTreeMap::new();
        for (collection, moved) in self.walk.joint(values) {
            let declared = self.contract.collections.get(usize::from(collection))?;
            let own = people.entry(declared.provider).or_default();
            *own = own.saturating_add(moved);
        }
        Some(people.into_values().max().unwrap_or(0))
    }

    /// Whether a line's noise is as wide as its price says. `values` and `counts` are those of its `Out`; a count that
    /// stands there several times is drawn for once.
    ///
    /// # Errors
    /// [`Fault`].
    pub fn check(&self, blur: &Blur, values: &[S], counts: &[S]) -> Result<(), Fault> {
        if !blur.has_fitting_delta() {
            return Err(Fault::Delta);
        }
        let counts: Vec<S> = counts
            .iter()
            .copied()
            .collect::<BTreeSet<S>>()
            .into_iter()
            .collect();
        let drawn = [(Some(blur.values), values), (blur.counts, &counts)];
        for (noise, blurred) in drawn {
            let Some(noise) = noise else { continue };
            let moved = self.together(blurred).ok_or(Fault::Unbounded)?;
            if moved > 0 && !self.hides(noise, blur, blurred, moved) {
                return Err(Fault::Narrow { moved });
            }
        }
        Ok(())
    }

    fn hides(&self, noise: Noise, blur: &Blur, blurred: &[S], moved: i128) -> bool {
        match noise {
            Noise::Laplace { decay } => {
                let least = bounds::least_decay(blur.epsilon, moved);
                least.is_some_and(|least| decay > least)
            }
            Noise::Gaussian(width) => {
                let demand = Demand {
                    epsilon: blur.epsilon,
                    delta: blur.delta,
                    numbers: self.walk.elements(blurred),
                    moved,
                };
                is_gaussian_enough(&demand, width)
            }
        }
    }
}
