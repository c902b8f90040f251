//! Sets of sources.

use crate::model::Source;

/// So many sources of one kind are told apart; a contract has no more.
const EACH: u16 = crate::verify::MAX_DECLARATIONS as u16;
const RANDOM: usize = 3 * EACH as usize;
/// A source whose number is beyond: nobody allows anything of it.
const STRANGE: usize = RANDOM + 1;
const WORDS: usize = STRANGE / 64 + 1;

/// What a value can come from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Origin {
    /// Somebody's data.
    Source(Source),
    /// Numbers that nobody knows.
    Random,
    /// What no valid contract has.
    Strange,
}

/// A set of origins.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Set([u64; WORDS]);

impl Set {
    pub(super) fn of(origin: Origin) -> Set {
        let place = match origin {
            Origin::Source(Source::Collection(i)) if i < EACH => usize::from(i),
            Origin::Source(Source::Slot(i)) if i < EACH => usize::from(EACH + i),
            Origin::Source(Source::Param(i)) if i < EACH => usize::from(2 * EACH + i),
            Origin::Random => RANDOM,
            Origin::Source(_) | Origin::Strange => STRANGE,
        };
        let mut set = Set::default();
        if let Some(word) = set.0.get_mut(place / 64) {
            *word |= 1 << (place % 64);
        }
        set
    }

    pub(super) fn source(source: Source) -> Set {
        Set::of(Origin::Source(source))
    }

    pub(super) fn is_empty(self) -> bool {
        self == Set::default()
    }

    /// Whether there is more than one.
    pub(super) fn is_several(self) -> bool {
        self.0.iter().map(|word| word.count_ones()).sum::<u32>() > 1
    }

    pub(super) fn meets(self, other: Set) -> bool {
        !self.and(other).is_empty()
    }

    pub(super) fn and(self, other: Set) -> Set {
        self.with(other, |a, b| a & b)
    }

    pub(super) fn or(self, other: Set) -> Set {
        self.with(other, |a, b| a | b)
    }

    pub(super) fn without(self, other: Set) -> Set {
        self.with(other, |a, b| a & !b)
    }

    pub(super) fn add(&mut self, other: Set) {
        *self = self.or(other);
    }

    /// Empties it, and gives what was in it.
    pub(super) fn take(&mut self) -> Set {
        std::mem::take(self)
    }

    /// In the order of [`Source`].
    pub(super) fn iter(self) -> impl Iterator<Item = Origin> {
        let places = (0..=STRANGE).filter(move |place| {
            let word = self.0.get(place / 64).copied().unwrap_or(0);
            word >> (place % 64) & 1 == 1
        });
        places.map(|place| {
            let number = (place % usize::from(EACH)) as u16;
            match place / usize::from(EACH) {
                0 => Origin::Source(Source::Collection(number)),
                1 => Origin::Source(Source::Slot(number)),
                2 => Origin::Source(Source::Param(number)),
                _ if place == RANDOM => Origin::Random,
                _ => Origin::Strange,
            }
        })
    }

    fn with(self, other: Set, f: impl Fn(u64, u64) -> u64) -> Set {
        let mut set = self;
        for (word, other) in set.0.iter_mut().zip(other.0) {
            *word = f(*word, other);
        }
        set
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sources_come_back_in_order() {
        let sources = [
            Source::Collection(0),
            Source::Collection(63),
            Source::Slot(5),
            Source::Param(63),
        ];
        let mut set = Set::default();
        for source in sources.into_iter().rev() {
            set.add(Set::source(source));
        }
        set.add(Set::of(Origin::Random));
        set.add(Set::source(Source::Slot(64)));
        let mut wanted = sources.map(Origin::Source).to_vec();
        wanted.extend([Origin::Random, Origin::Strange]);
        assert_eq!(set.iter().collect::<Vec<_>>(), wanted);
        assert!(set.is_several());
        assert!(set.meets(Set::source(Source::Param(63))));
        assert!(!set.meets(Set::source(Source::Param(0))));
    }
}
