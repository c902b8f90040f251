//! Which hidden parts of the rows are behind a value, and which a count counts.
//!
//! A part is named by the registers that make it. If a value is 0 for all rows but those where a truth value is 1, and
//! otherwise depends on the row alone, the sum of it is over the rows that the sum of the truth values counts.

use crate::model::{Column, S};

/// More parts than this are not told apart.
const MOST: usize = 8;
/// More columns than this are not.
const MOST_COLUMNS: usize = 256;

/// A part of the rows of a collection.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Part {
    /// Where this truth value is 1.
    Where(S),
    /// Where both are, the lower register first.
    WhereBoth(S, S),
    /// In a vector with one value for each cell: the rows of that cell, of these keys.
    Cells(S),
    /// The rows of one cell.
    Cell(S, u32),
}

/// Some columns of collections: (collection, column).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Columns {
    /// Ascending.
    known: Vec<(u16, u16)>,
    /// Whether there are others.
    more: bool,
    /// Whether random numbers of rows are among them.
    drawn: bool,
}

impl Columns {
    pub(super) fn one(collection: u16, column: u16) -> Columns {
        Columns {
            known: vec![(collection, column)],
            ..Columns::default()
        }
    }

    /// A random number for each row: as another column, which no owner knows.
    pub(super) fn drawn() -> Columns {
        Columns {
            drawn: true,
            more: true,
            ..Columns::default()
        }
    }

    pub(super) fn are_drawn(&self) -> bool {
        self.drawn
    }

    pub(super) fn is_empty(&self) -> bool {
        self.known.is_empty() && !self.more
    }

    /// Whether there is more than one.
    pub(super) fn are_several(&self) -> bool {
        self.known.len() > 1 || self.more
    }

    pub(super) fn add(&mut self, other: &Columns) {
        self.more |= other.more;
        self.drawn |= other.drawn;
        if other.are_among(self) {
            return;
        }
        self.known.extend(&other.known);
        self.known.sort_unstable();
        self.known.dedup();
        self.more |= self.known.len() > MOST_COLUMNS;
        self.known.truncate(MOST_COLUMNS);
    }

    /// Whether all of them are known, and none is among `others`.
    pub(super) fn are_apart_from(&self, others: &Columns) -> bool {
        let are_known = !self.more && !others.more;
        are_known
            && !self
                .known
                .iter()
                .any(|column| others.known.contains(column))
    }

    /// Whether all of them are known to be among `others`.
    pub(super) fn are_among(&self, others: &Columns) -> bool {
        !self.more
            && self
                .known
                .iter()
                .all(|column| others.known.contains(column))
    }
}

/// The column of which a number of a row is a part: of one number that may be missing, whether it is there. What is missing and what
/// is there are answers to one question, as 0 and others are.
pub(super) fn given_as(columns: &[Column], place: u16) -> u16 {
    let whole = usize::from(place).checked_sub(1).filter(|&there| {
        let [there, content, beyond @ ..] = columns.get(there..).unwrap_or_default() else {
            return false;
        };
        let way = there.way_to_optional();
        let is_inside = |column: &Column| {
            let inside = way.and_then(|way| column.name.strip_prefix(way)?.strip_prefix("value"));
            inside.is_some_and(|rest| rest.is_empty() || rest.starts_with('.'))
        };
        is_inside(content) && !beyond.first().is_some_and(is_inside)
    });
    whole.map_or(place, |_| place - 1)
}

/// Some parts.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Parts {
    /// Ascending.
    known: Vec<Part>,
    /// Whether there are others, of which nothing is known.
    more: bool,
}

impl Parts {
    pub(super) fn one(part: Part) -> Parts {
        Parts {
            known: vec![part],
            more: false,
        }
    }

    pub(super) fn unknown() -> Parts {
        Parts {
            known: Vec::new(),
            more: true,
        }
    }

    pub(super) fn add(&mut self, other: &Parts) {
        if other.known.is_empty() && !other.more {
            return;
        }
        self.known.extend(&other.known);
        self.known.sort_unstable();
        self.known.dedup();
        self.more |= other.more || self.known.len() > MOST;
        self.known.truncate(MOST);
    }

    /// Whether `counts` says of each of them how many rows it has. Of none nothing can be said.
    pub(super) fn are_counted_by(&self, counts: &Parts) -> bool {
        let counted = self.known.iter().all(|part| counts.known.contains(part));
        !self.known.is_empty() && !self.more && counted
    }

    pub(super) fn is_empty(&self) -> bool {
        self.known.is_empty() && !self.more
    }

    /// Whether both are the same single part.
    pub(super) fn are_one_with(&self, other: &Parts) -> bool {
        self.known.len() == 1 && self == other
    }

    /// Of one element of a vector of cells.
    pub(super) fn element(&self, at: u32) -> Parts {
        let parts = self.known.iter().map(|part| match *part {
            Part::Cells(keys) => Part::Cell(keys, at),
            other => other,
        });
        let mut known: Vec<Part> = parts.collect();
        known.sort_unstable();
        known.dedup();
        Parts {
            known,
            more: self.more,
        }
    }

    /// Of what mixes the elements of a vector: which cells are behind it is not known.
    pub(super) fn scattered(mut self) -> Parts {
        let before = self.known.len();
        self.known.retain(|part| !matches!(part, Part::Cells(_)));
        self.more |= self.known.len() < before;
        self
    }
}
