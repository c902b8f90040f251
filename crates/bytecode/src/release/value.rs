//! What is known of a secret register: its sources, how each is mixed, and which hidden parts of rows are behind it.

use super::form::Form;
use super::set::Set;
use super::subset::{Columns, Part, Parts};

/// On which rows a vector is other than 0.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Filter {
    /// Any; nothing has chosen rows.
    #[default]
    All,
    /// In this part, and nothing else has chosen rows.
    By(Part),
    /// It is not known which have been chosen.
    Unknown,
}

/// All mixes of all sources in one value. A source can be in several of these sets; one that is in `present` only has
/// nothing in it yet.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Value {
    /// Every source.
    pub(super) present: Set,
    /// Over all rows.
    pub(super) aggregate: Set,
    /// Over rows that private data chose.
    pub(super) hidden: Set,
    /// One truth value.
    pub(super) bit: Set,
    /// It points at a member.
    pub(super) member: Set,
    /// On single rows, or on single values.
    pub(super) row: Set,
    /// Element i is of row i.
    pub(super) aligned: Set,
    /// Those of `aligned` of which foreign private data decided what becomes of a row.
    pub(super) chosen: Set,
    /// Element i is of a row that was looked up for row i of another collection.
    pub(super) joined: Set,
    /// Element i says where its row stands among all, and so something of the others.
    pub(super) ranked: Set,
    /// Element i is whether there is such a row, and nothing else: the sum is the size of an intersection.
    pub(super) matched: Set,
    /// Whether it is 1 only for the first of equal rows, so that a sum counts each key once.
    pub(super) distinct: bool,
    /// The columns of rows that it depends on, of a value that has places.
    pub(super) columns: Columns,
    /// Those of `columns` by which a comparison, or what rounds, has decided what it is.
    pub(super) deciding: Columns,
    /// How it is made of `columns`.
    pub(super) form: Form,
    /// Where it is other than 0.
    pub(super) filter: Filter,
    /// The hidden parts behind it.
    pub(super) parts: Parts,
    /// Those of `hidden` of which no part is counted, whatever `parts` says of others.
    pub(super) uncounted: Set,
    /// Of what it is the number of rows, or at most that.
    pub(super) counts: Parts,
}

/// What the rows become in a reduction.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Reduction {
    /// A sum, linear in the elements.
    Sum,
    /// Another mixture of all.
    Mixture,
    /// A count or a statistic for each cell, of which these are the parts.
    Cells(Parts),
    /// A pointer to one.
    Place,
}

impl Value {
    /// A value with only one source in only one set.
    pub(super) fn of(origin: Set, set: impl FnOnce(&mut Value) -> &mut Set) -> Value {
        let mut value = Value {
            present: origin,
            ..Value::default()
        };
        *set(&mut value) = origin;
        value
    }

    /// All sources of both, as one of both is taken.
    pub(super) fn either(&self, other: &Value) -> Value {
        let mut parts = self.parts.clone();
        parts.add(&other.parts);
        let mut columns = self.columns.clone();
        columns.add(&other.columns);
        let mut deciding = self.deciding.clone();
        deciding.add(&other.deciding);
        Value {
            present: self.present.or(other.present),
            aggregate: self.aggregate.or(other.aggregate),
            hidden: self.hidden.or(other.hidden),
            bit: self.bit.or(other.bit),
            member: self.member.or(other.member),
            row: self.row.or(other.row),
            aligned: self.aligned.or(other.aligned),
            chosen: self.chosen.or(other.chosen),
            joined: self.joined.or(other.joined),
            matched: self.matched.or(other.matched),
            ranked: self.ranked.or(other.ranked),
            uncounted: self.uncounted.or(other.uncounted),
            columns,
            deciding,
            form: Form::Other,
            distinct: false,
            filter: match (self.filter, other.filter) {
                (a, b) if a == b => a,
                _ => Filter::Unknown,
            },
            parts,
            counts: if self.counts == other.counts {
                self.counts.clone()
            } else {
                Parts::default()
            },
        }
    }

    /// A number made of both. Two truth values of one source are more than one bit; and two sums over different parts
    /// can differ by one row, so that counts of both guard neither.
    pub(super) fn with(&self, other: &Value) -> Value {
        let mut both = self.either(other);
        both.row.add(self.bit.and(other.bit));
        let hides = |value: &Value| !value.parts.is_empty();
        if hides(self) && hides(other) && !self.parts.are_one_with(&other.parts) {
            both.parts.add(&Parts::unknown());
        }
        both.counts = Parts::default();
        both
    }

    /// A number made of it: it is no count.
    pub(super) fn computed(mut self) -> Value {
        self.counts = Parts::default();
        self
    }

    /// What one source is decided what becomes of the others, and what one column is what becomes of others.
    pub(super) fn decided(mut self) -> Value {
        if self.present.is_several() {
            self.chosen.add(self.aligned);
        }
        self.deciding = self.columns.clone();
        self.form = Form::Other;
        self
    }

    /// The same number, of this form.
    pub(super) fn of_form(mut self, form: Form) -> Value {
        self.form = form;
        self
    }

    /// For anything but counting, an intersection is a hidden part of both collections, and the first of equal rows are a part
    /// of theirs.
    pub(super) fn settled(mut self) -> Value {
        if std::mem::take(&mut self.distinct) {
            self.chosen.add(self.aligned);
            if self.filter == Filter::All {
                self.filter = Filter::Unknown;
            }
        }
        let matched = self.matched.take();
        if !matched.is_empty() {
            self.hidden.add(matched);
            // Whoever asks again and again for one row has a count of questions, and may weigh them.
            self.uncounted.add(matched);
            self.chosen.add(self.aligned);
            let part = self.part();
            self.parts.add(&part);
        }
        self
    }

    /// After a reduction of all elements to one value, or to one for each cell.
    pub(super) fn reduced(mut self, to: Reduction) -> Value {
        let (is_sum, is_place) = (to == Reduction::Sum, to == Reduction::Place);
        let part = match to {
            Reduction::Sum => self.part(),
            Reduction::Cells(parts) => parts,
            Reduction::Mixture | Reduction::Place => Parts::unknown(),
        };
        let (aligned, chosen) = (self.aligned.take(), self.chosen.take());
        let (joined, matched) = (self.joined.take(), self.matched.take());
        self.ranked = Set::default();
        // A number made of many truth values is more than one bit.
        self.row.add(self.bit);
        if is_place {
            self.member.add(aligned);
        } else {
            self.aggregate.add(aligned.without(chosen));
        }
        let mut hidden = chosen.or(joined);
        if chosen.is_empty() && is_sum && self.distinct {
            self.aggregate.add(matched);
        } else {
            hidden.add(matched);
            self.uncounted.add(matched);
        }
        self.parts = self.parts.scattered();
        if !hidden.is_empty() {
            self.hidden.add(hidden);
            self.parts.add(&part);
        }
        self.filter = Filter::All;
        self.distinct = false;
        self.counts = Parts::default();
        self.of_no_row()
    }

    /// The rows that are behind a sum of the elements.
    fn part(&self) -> Parts {
        match self.filter {
            Filter::By(part) => Parts::one(part),
            Filter::All | Filter::Unknown => Parts::unknown(),
        }
    }

    /// Whether private data has chosen rows of the vector.
    pub(super) fn is_selective(&self) -> bool {
        !self.chosen.or(self.joined).or(self.matched).is_empty()
    }

    /// The value has left its places: it depends on some row.
    pub(super) fn loose(mut self) -> Value {
        let rows = self.aligned.take().or(self.joined.take());
        self.row.add(rows);
        self.chosen = Set::default();
        self.of_no_row()
    }

    /// It depends on no row at its place, so that no column of one could pick another.
    pub(super) fn of_no_row(mut self) -> Value {
        self.columns = Columns::default();
        self.deciding = Columns::default();
        self.form = Form::Other;
        self
    }

    /// Whether both come from rows, and together from more than one column of them.
    pub(super) fn crosses(&self, other: &Value) -> bool {
        let mut both = self.columns.clone();
        both.add(&other.columns);
        !self.columns.is_empty() && !other.columns.is_empty() && both.are_several()
    }

    /// Of a sum or difference. What no row is behind is the same for all of them.
    pub(super) fn form_of_sum(&self, other: &Value) -> Form {
        match (self.columns.is_empty(), other.columns.is_empty()) {
            (false, true) => self.form.shifted(),
            (true, false) => other.form.shifted(),
            _ => {
                let apart = self.columns.are_apart_from(&other.columns);
                self.form.plus(other.form, apart)
            }
        }
    }

    /// Of a product.
    pub(super) fn form_of_product(&self, other: &Value) -> Form {
        match (self.columns.is_empty(), other.columns.is_empty()) {
            (false, true) => self.form.scaled(),
            (true, false) => other.form.scaled(),
            _ => self.form.times(other.form),
        }
    }

    /// Whether what a comparison has decided of one would let through or hold back what another column of the row holds in
    /// the other. It stays so when it is multiplied, added to, or compared again: `2 * flag` picks as well as `flag`.
    pub(super) fn picks(&self, other: &Value) -> bool {
        let is_decided = !self.deciding.is_empty() || !other.deciding.is_empty();
        is_decided && self.crosses(other)
    }

    /// Whether a step or a square of this value would let one of its columns pick another: of `1000 * flag + income` the largest
    /// is the income of one who has the flag.
    pub(super) fn picks_itself(&self) -> bool {
        !self.deciding.is_empty() && self.columns.are_several()
    }

    /// Whether an order by this value would: also where no column decides, of `1000 * age + income`, unless each counts as it
    /// was given.
    pub(super) fn orders_itself(&self) -> bool {
        self.picks_itself() || self.columns.are_several() && !self.form.is_even()
    }

    /// Whether the division of a number by this one would let one of the columns of both pick another: what is left is large where
    /// this is small, and nothing where this is large. `is_fair`: whether it is neither for rows of the program's choice.
    pub(super) fn divides_and_picks(&self, other: &Value, is_fair: bool) -> bool {
        let mut columns = self.columns.clone();
        columns.add(&other.columns);
        let is_of_rows = !self.columns.is_empty() && columns.are_several();
        let is_decided = !self.deciding.is_empty() || !other.deciding.is_empty();
        columns.are_several() && is_decided || is_of_rows && !is_fair
    }

    /// A condition on one column of a row has let through another: of the rows of which it does nobody knows how
    /// many they are, even though nothing but the rows themselves decides.
    pub(super) fn picked(mut self) -> Value {
        self.chosen.add(self.aligned);
        self
    }

    /// Each element depends on all of them.
    pub(super) fn interwoven(mut self) -> Value {
        self.row.add(self.bit);
        self.parts = self.parts.scattered();
        self.filter = Filter::Unknown;
        self.counts = Parts::default();
        self
    }

    /// A scalar that is 0 or 1 says of each source one truth value.
    pub(super) fn truth(mut self) -> Value {
        let rows = self.row.take();
        self.bit.add(rows);
        self
    }
}

pub(super) fn with_filter(mut value: Value, filter: Filter) -> Value {
    value.filter = filter;
    value
}

/// Of a sum: 0 where both are.
pub(super) fn same(a: Filter, b: Filter) -> Filter {
    if a == b { a } else { Filter::Unknown }
}

/// Of a product: 0 where one is.
pub(super) fn both(a: Filter, b: Filter) -> Filter {
    match (a, b) {
        (Filter::All, other) | (other, Filter::All) => other,
        (a, b) => same(a, b),
    }
}

/// Where one column has picked another in between, the rows behind it are fewer than those of any part before.
pub(super) fn unless(picks: bool, filter: Filter) -> Filter {
    if picks { Filter::Unknown } else { filter }
}
