//! Whose data a value comes from, and how far it is mixed: part C of section 3.4 of the language.

use std::collections::BTreeMap;

pub(super) use super::facts::Source;

/// How a value depends on the rows of a source.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Mix {
    /// Over all rows.
    Aggregate,
    /// The place of a row among all. Owners of the others agree as to an aggregate; of its own row it is one value.
    Order,
    /// Over rows that private data chose.
    Hidden,
    /// It points at a row.
    Member,
    /// One truth value.
    Bit,
    /// On single rows.
    Row,
}

impl Mix {
    /// From what says least to what says most.
    pub(super) const ALL: [Mix; 6] = [
        Mix::Aggregate,
        Mix::Order,
        Mix::Hidden,
        Mix::Bit,
        Mix::Member,
        Mix::Row,
    ];

    fn bit(self) -> u8 {
        match self {
            Mix::Aggregate => 1,
            Mix::Hidden => 2,
            Mix::Member => 4,
            Mix::Bit => 8,
            Mix::Row => 16,
            Mix::Order => 32,
        }
    }
}

/// Deepest nesting of lambdas whose elements are followed; deeper ones count as single rows.
pub(super) const MAX_LEVELS: u32 = 60;

/// All mixes of one source in one value: what looks like a row may show a sum as well.
///
/// *Aligned* is a row that stands at its own place: element i of the vector depends on row i. Only that is lifted by a
/// reduction; `a.map(|x| a[3])` has one value per row of `a` and yet shows a single row only. Level 0 is the vector of which this is
/// the element; level d the vector over which the d-th enclosing lambda runs. A lambda's element is aligned with
/// its own level, so that no other reduction inside takes it for a row of its vector.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Mixes {
    plain: u8,
    /// Bit d: aligned at level d.
    aligned: u64,
    /// Those of `aligned` at which foreign private data chose what becomes of a row: a sum over them is one over a hidden subset.
    chosen: u64,
    /// Bit d: a row of this source that was looked up for a row of another collection, as by `join`.
    joined: u64,
}

impl Mixes {
    pub(super) fn only(mix: Mix) -> Mixes {
        Mixes {
            plain: mix.bit(),
            ..Mixes::default()
        }
    }

    /// Of the rows of a collection as they are.
    pub(super) fn own_rows() -> Mixes {
        Mixes {
            aligned: 1,
            ..Mixes::default()
        }
    }

    pub(super) fn has(self, mix: Mix) -> bool {
        self.plain & mix.bit() != 0
    }

    pub(super) fn add(&mut self, mix: Mix) {
        self.plain |= mix.bit();
    }

    pub(super) fn remove(&mut self, mix: Mix) {
        self.plain &= !mix.bit();
    }

    pub(super) fn is_empty(self) -> bool {
        self == Mixes::default()
    }

    /// Whether elements stand at the places of their own rows.
    pub(super) fn is_aligned(self) -> bool {
        self.aligned & 1 != 0
    }

    pub(super) fn is_joined(self) -> bool {
        self.joined & 1 != 0
    }

    pub(super) fn is_row(self) -> bool {
        self.aligned | self.joined != 0 || self.has(Mix::Row)
    }

    fn union(self, other: Mixes) -> Mixes {
        Mixes {
            plain: self.plain | other.plain,
            aligned: self.aligned | other.aligned,
            chosen: self.chosen | other.chosen,
            joined: self.joined | other.joined,
        }
    }

    fn take_level_0(&mut self) -> (bool, bool, bool) {
        let taken = (
            self.aligned & 1 != 0,
            self.chosen & 1 != 0,
            self.joined & 1 != 0,
        );
        self.aligned &= !1;
        self.chosen &= !1;
        self.joined &= !1;
        taken
    }

    /// What is left when a value leaves its vector: some row.
    fn loose(mut self) -> Mixes {
        let (aligned, _, joined) = self.take_level_0();
        if aligned || joined {
            self.add(Mix::Row);
        }
        self
    }
}

/// The sources of a value.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Sources(BTreeMap<Source, Mixes>);

/// What an operation makes of several values.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Combination {
    /// A number in which each part counts by itself, as a sum or product.
    Number,
    /// What one of them is decides what becomes of the others, as in a comparison or selection; the result is any value.
    Choice,
    /// A condition on one column of a row lets through another: the rows of which it does are a hidden part, even though nothing but
    /// the rows themselves decides.
    Selection,
    /// As a choice, and the result is one truth value.
    Truth,
}

impl Sources {
    pub(super) fn of(source: Source, mixes: Mixes) -> Sources {
        Sources(BTreeMap::from([(source, mixes)]))
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = (Source, Mixes)> + '_ {
        self.0.iter().map(|(source, mixes)| (*source, *mixes))
    }

    /// How a value depends on one source.
    pub(super) fn only(&self, source: Source) -> Option<Mixes> {
        self.0.get(&source).copied()
    }

    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Those that are among `others`.
    pub(super) fn only_of(&self, others: &Sources) -> Sources {
        let own = self
            .iter()
            .filter(|(source, _)| others.0.contains_key(source));
        Sources(own.collect())
    }

    /// Either of them: after a branch that everyone sees.
    pub(super) fn join(&mut self, other: &Sources) {
        for (source, mixes) in other.iter() {
            let own = self.0.entry(source).or_default();
            *own = own.union(mixes);
        }
    }

    /// Of a value made of both.
    ///
    /// Two bits of one source are more than one bit. Where a choice is made by private data of other sources, whoever sums
    /// rows afterwards sums those that were chosen.
    pub(super) fn combine(&self, other: &Sources, how: Combination) -> Sources {
        let mut both = self.clone();
        for (source, mixes) in other.iter() {
            let own = both.0.entry(source).or_default();
            let two_bits = own.has(Mix::Bit) && mixes.has(Mix::Bit);
            *own = own.union(mixes);
            if two_bits && how != Combination::Truth {
                own.add(Mix::Row);
            }
        }
        both.decided(how)
    }

    /// Of a value that an operation makes of one operand with these sources.
    pub(super) fn decided(mut self, how: Combination) -> Sources {
        let foreign = how != Combination::Number && self.0.len() > 1;
        if foreign || how == Combination::Selection {
            for mixes in self.0.values_mut() {
                mixes.chosen |= mixes.aligned;
            }
        }
        if how == Combination::Truth {
            for mixes in self.0.values_mut() {
                if mixes.has(Mix::Row) {
                    mixes.remove(Mix::Row);
                    mixes.add(Mix::Bit);
                }
            }
        }
        self
    }

    /// After a reduction over the rows of these collections. `to`: what the rows become.
    pub(super) fn reduced(mut self, over: &[usize], to: Mix) -> Sources {
        for (source, mixes) in &mut self.0 {
            let lifted = matches!(source, Source::Collection(c) if over.contains(c));
            let (aligned, chosen, joined) = mixes.take_level_0();
            if aligned && !lifted {
                mixes.add(Mix::Row);
            } else if aligned && chosen {
                mixes.add(Mix::Hidden);
            }
            if aligned && lifted && (!chosen || to == Mix::Member) {
                mixes.add(to);
            }
            if joined {
                mixes.add(if over.is_empty() {
                    Mix::Row
                } else {
                    Mix::Hidden
                });
            }
        }
        self
    }

    /// Whether a reduction over these collections sums what private data chose.
    pub(super) fn chosen_in(&self, over: &[usize]) -> bool {
        self.iter().any(|(source, mixes)| {
            let own = matches!(source, Source::Collection(c) if over.contains(&c));
            own && mixes.chosen & 1 != 0 || !over.is_empty() && mixes.is_joined()
        })
    }

    /// The value is one of a vector's: it has left the places of the rows.
    pub(super) fn loose(mut self) -> Sources {
        self.0.values_mut().for_each(|m| *m = m.loose());
        self
    }

    /// The parameter of a lambda at this level.
    pub(super) fn entering(mut self, level: u32) -> Sources {
        for mixes in self.0.values_mut() {
            if level > MAX_LEVELS {
                *mixes = mixes.loose();
                continue;
            }
            let (aligned, chosen, joined) = mixes.take_level_0();
            mixes.aligned |= u64::from(aligned) << level;
            mixes.chosen |= u64::from(chosen) << level;
            mixes.joined |= u64::from(joined) << level;
        }
        self
    }

    /// What a lambda of this level gives, as an element of the vector that it makes.
    pub(super) fn leaving(mut self, level: u32) -> Sources {
        for mixes in self.0.values_mut() {
            *mixes = mixes.loose();
            if level > MAX_LEVELS {
                continue;
            }
            for part in [&mut mixes.aligned, &mut mixes.chosen, &mut mixes.joined] {
                *part |= *part >> level & 1;
                *part &= !(1 << level);
            }
        }
        self
    }

    /// Each row has been put in order with the others.
    pub(super) fn ordered(mut self) -> Sources {
        for mixes in self.0.values_mut() {
            if mixes.is_row() {
                mixes.add(Mix::Order);
            }
        }
        self
    }

    /// All rows become this.
    pub(super) fn rows_become(mut self, mix: Mix) -> Sources {
        for mixes in self.0.values_mut() {
            let (aligned, _, joined) = mixes.take_level_0();
            if aligned || joined || mixes.has(Mix::Row) {
                mixes.remove(Mix::Row);
                mixes.add(mix);
            }
        }
        self
    }

    /// Rows at their places have been looked up for those of another collection.
    pub(super) fn joined(mut self) -> Sources {
        for mixes in self.0.values_mut() {
            let (aligned, _, joined) = mixes.take_level_0();
            mixes.joined |= u64::from(aligned || joined);
        }
        self
    }

    /// Several values of these sources are shown together: two bits are more than one.
    pub(super) fn several(mut self) -> Sources {
        for mixes in self.0.values_mut() {
            if mixes.has(Mix::Bit) {
                mixes.add(Mix::Row);
            }
        }
        self
    }

    /// Every source, as the mixes of what is stored.
    pub(super) fn stored(&self) -> Mixes {
        let all = self.iter().map(|(_, mixes)| {
            let mut loose = mixes.loose();
            if loose.is_row() {
                loose.add(Mix::Row);
            }
            Mixes::default().union(Mixes {
                plain: loose.plain,
                ..Mixes::default()
            })
        });
        all.fold(Mixes::default(), Mixes::union)
    }

    /// Whether a caller of the entry gave part of it.
    pub(super) fn has_params(&self) -> bool {
        self.0
            .keys()
            .any(|source| matches!(source, Source::Param(_)))
    }

    /// Whether any source has single rows in the value.
    pub(super) fn has_rows(&self) -> bool {
        self.iter().any(|(_, mixes)| mixes.is_row())
    }

    /// Whether there is one value for each row of any source.
    pub(super) fn has_places(&self) -> bool {
        self.iter().any(|(_, mixes)| mixes.aligned != 0)
    }

    /// Sums of what each caller contributed: for this accumulator. Where anything but their own data has a say, nobody knows whose
    /// contributions are in the sum; nor where what it holds itself has one, which could take it out again.
    pub(super) fn accumulated(mut self, slot: usize) -> Sources {
        let others = |source: &Source| matches!(source, Source::Slot(_) | Source::Collection(_));
        let chosen = self.0.keys().any(others);
        for (source, mixes) in &mut self.0 {
            if matches!(source, Source::Param(_)) {
                *mixes = Mixes::only(Mix::Aggregate);
                if chosen {
                    mixes.add(Mix::Hidden);
                }
            }
            if *source == Source::Slot(slot) {
                mixes.add(Mix::Hidden);
            }
        }
        self
    }
}
