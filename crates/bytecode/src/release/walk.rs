//! The forward data flow: what each operation makes of the sources of its operands.

use std::collections::BTreeMap;

use super::form::Form;
use super::set::{Origin, Set};
use super::stored::Stored;
use super::subset::{Columns, Part, Parts, given_as};
use super::value::{Filter, Reduction, Value, both, same, unless, with_filter};
use crate::interval::Wide;
use crate::model::{C, Contract, Entry, Op, S, Source};
use crate::ranges::{Extent, Ranges};

/// The value of every secret register of an entry. Of ill-formed code some are missing.
pub(super) fn values(
    contract: &Contract,
    entry: &Entry,
    ranges: &Ranges,
    stored: &Stored,
) -> Vec<Value> {
    let mut walk = Walk {
        contract,
        ranges,
        stored,
        values: Vec::new(),
        gathered: BTreeMap::new(),
        firsts: BTreeMap::new(),
        found: BTreeMap::new(),
        products: BTreeMap::new(),
    };
    for op in &entry.code {
        walk.step(op);
    }
    walk.values
}

struct Walk<'a> {
    contract: &'a Contract,
    ranges: &'a Ranges,
    stored: &'a Stored,
    values: Vec<Value>,
    /// The parts of vectors that were made of scalars.
    gathered: BTreeMap<S, &'a [S]>,
    /// Which rows are the first of those with equal keys, by these.
    firsts: BTreeMap<S, &'a [S]>,
    /// Whether there is such a row for each of these keys.
    found: BTreeMap<S, &'a [S]>,
    /// Products of truth values, by their operands, the lower first.
    products: BTreeMap<(S, S), S>,
}

impl<'a> Walk<'a> {
    fn step(&mut self, op: &'a Op) {
        match op {
            Op::Input { .. }
            | Op::SecretParam { .. }
            | Op::LoadSecret { .. }
            | Op::Hide { .. }
            | Op::Random { .. }
            | Op::RandomLike { .. }
            | Op::Merge { .. } => self.origin(op),
            Op::Add { .. }
            | Op::Sub { .. }
            | Op::AddPublic { .. }
            | Op::MulPublic { .. }
            | Op::Mul { .. }
            | Op::MulFixed { .. }
            | Op::DivPublic { .. }
            | Op::Div { .. }
            | Op::ModuloPublic { .. }
            | Op::Modulo { .. }
            | Op::DivFixed { .. }
            | Op::SquareRoot { .. }
            | Op::SquareRootFixed { .. }
            | Op::Absolute { .. }
            | Op::Smaller { .. }
            | Op::Larger { .. }
            | Op::Select { .. }
            | Op::Logistic { .. }
            | Op::Exp { .. }
            | Op::Ln { .. }
            | Op::Compare { .. }
            | Op::ComparePublic { .. }
            | Op::EqualKeys { .. }
            | Op::Remainder { .. }
            | Op::ShiftRight { .. }
            | Op::Bitwise { .. }
            | Op::BitwisePublic { .. } => self.element_wise(op),
            Op::Bits { a, width, .. } => {
                for _ in 0..*width {
                    let bit = with_filter(self.settled(*a).computed().decided(), Filter::Unknown);
                    self.define(bit);
                }
            }
            Op::Gather { parts, .. } => {
                self.gathered.insert(self.next(), parts);
                let all = self.all(parts);
                self.define(all);
            }
            Op::Element { a, at, .. } => self.element(*a, *at),
            Op::Lookup { table, index, .. } => {
                let table = self.settled(*table).interwoven();
                let value = table.with(&self.settled(*index));
                let picks = value.columns.are_several();
                let mut value = self.picked_if(picks, value.decided());
                value.filter = Filter::Unknown;
                self.define(value);
            }
            Op::Rank { a, .. } => {
                let value = self.settled(*a).interwoven();
                let mut value = self.picked_if(value.picks_itself(), value.decided());
                value.ranked = value.aligned;
                self.define(value);
            }
            Op::Distinct { keys, .. } => {
                let mut value = self.all(keys).interwoven();
                value.distinct = true;
                // It says of a row whether one before it is equal.
                value.ranked = value.aligned;
                self.firsts.insert(self.next(), keys);
                self.define(value);
            }
            Op::Join {
                left,
                right,
                valid,
                columns,
                ..
            } => self.join(left, right, *valid, columns),
            Op::Sort { keys, columns, .. } => {
                let by = self.settled(*keys);
                for column in columns {
                    let column = self.settled(*column);
                    self.reordered(column.with(&by).decided());
                }
            }
            Op::Top { a, .. } => self.reordered(self.settled(*a).computed().decided()),
            Op::PrefixSums { a, .. } => self.reordered(self.settled(*a).computed()),
            Op::Shuffle { columns, .. } => {
                for column in columns {
                    self.reordered(self.settled(*column).computed());
                }
            }
            Op::Sum { .. }
            | Op::Dot { .. }
            | Op::DotFixed { .. }
            | Op::First { .. }
            | Op::Second { .. }
            | Op::FirstMember { .. }
            | Op::Quantile { .. }
            | Op::Histogram { .. }
            | Op::CountEach { .. }
            | Op::CellSum { .. }
            | Op::CellQuantile { .. }
            | Op::Covariance { .. }
            | Op::Correlation { .. }
            | Op::MeanSquare { .. }
            | Op::Regression { .. }
            | Op::LogisticRegression { .. } => self.reduction(op),
            // These define no secret register.
            Op::Const { .. }
            | Op::ConstBytes { .. }
            | Op::Rows { .. }
            | Op::Param { .. }
            | Op::Caller { .. }
            | Op::PartyAccount { .. }
            | Op::Height { .. }
            | Op::Time { .. }
            | Op::Load { .. }
            | Op::LoadAt { .. }
            | Op::Public { .. }
            | Op::Choose { .. }
            | Op::Require { .. }
            | Op::Pays { .. }
            | Op::Store { .. }
            | Op::Transfer { .. }
            | Op::If { .. }
            | Op::Else
            | Op::End
            | Op::EachMember { .. }
            | Op::MergePublic { .. }
            | Op::StoreSecret { .. }
            | Op::Accumulate { .. }
            | Op::Out { .. } => {}
        }
    }

    fn origin(&mut self, op: &Op) {
        let value = match *op {
            Op::Input {
                collection, column, ..
            } => {
                let rows = Set::source(Source::Collection(collection));
                let declared = self.contract.collections.get(usize::from(collection));
                if declared.is_some_and(|c| c.is_single()) {
                    Value::of(rows, |value| &mut value.row)
                } else {
                    let columns = declared.map_or(&[][..], |declared| &declared.columns);
                    let own = Columns::one(collection, given_as(columns, column));
                    // A column of two values is a condition as it is.
                    let is_decided = self.is_two_valued(self.next());
                    Value {
                        deciding: if is_decided {
                            own.clone()
                        } else {
                            Columns::default()
                        },
                        columns: own,
                        form: Form::column(self.range(self.next())),
                        ..Value::of(rows, |value| &mut value.aligned)
                    }
                }
            }
            Op::SecretParam { param, .. } => {
                Value::of(Set::source(Source::Param(param)), |value| &mut value.row)
            }
            Op::LoadSecret { slot, .. } => self.load(slot),
            Op::Random { .. } => drawn(),
            // It stands where those elements stand, and in so far depends on them; of each row it can choose what it
            // lets through, as another column could, whatever is known of the vector that it is like.
            Op::RandomLike { like, .. } => {
                let mut value = self.settled(like).computed().with(&drawn());
                if self.extent(like) != Extent::Scalar {
                    value.columns.add(&Columns::drawn());
                    value.deciding = value.columns.clone();
                }
                with_filter(value, Filter::Unknown)
            }
            Op::Merge {
                then, otherwise, ..
            } => {
                let value = self.settled(then).either(&self.settled(otherwise));
                let filter = unless(value.is_selective(), value.filter);
                with_filter(value, filter)
            }
            _ => Value::default(),
        };
        self.push(value);
    }

    /// One truth value, if the slot has room for no more: in a larger number an entry could put those of many calls.
    fn load(&self, slot: u16) -> Value {
        let mixes = self.stored.of(slot);
        let is_bit = self.is_bit(self.next());
        let source = Set::source(Source::Slot(slot));
        let where_it_is = |holds: bool| if holds { source } else { Set::default() };
        Value {
            present: source,
            aggregate: where_it_is(mixes.aggregate),
            hidden: where_it_is(mixes.hidden),
            bit: where_it_is(mixes.bit && is_bit),
            member: where_it_is(mixes.member),
            row: where_it_is(mixes.row || mixes.bit && !is_bit),
            parts: if mixes.hidden {
                Parts::unknown()
            } else {
                Parts::default()
            },
            ..Value::default()
        }
    }

    fn element_wise(&mut self, op: &Op) {
        let value = match *op {
            Op::Add { a, b, .. } | Op::Sub { a, b, .. } => {
                let (x, y) = (self.settled(a), self.settled(b));
                let form = x.form_of_sum(&y);
                with_filter(x.with(&y).of_form(form), same(x.filter, y.filter))
            }
            Op::AddPublic { a, .. } => {
                let x = self.settled(a).computed();
                let form = x.form.shifted();
                with_filter(x.of_form(form), Filter::Unknown)
            }
            Op::MulPublic { a, b, .. } => {
                let x = self.settled(a).computed();
                let form = match self.public(b) {
                    Some(-1) => x.form,
                    _ => x.form.scaled(),
                };
                x.of_form(form)
            }
            Op::Mul { a, b, .. } => {
                if self.is_bit(a) && self.is_bit(b) {
                    self.products.insert((a.min(b), a.max(b)), self.next());
                }
                if a == b && self.is_bit(self.next()) {
                    // Whether two truth values differ, as the square of their difference.
                    let x = self.settled(a);
                    with_filter(x.with(&x), x.filter)
                } else {
                    self.product(a, b)
                }
            }
            Op::MulFixed { a, b, .. } => {
                let (x, y) = (self.settled(a), self.settled(b));
                let product = x.with(&y).of_form(x.form_of_product(&y));
                let picks = x.picks(&y);
                let value = self.picked_if(picks, product);
                with_filter(value, unless(picks, both(x.filter, y.filter)))
            }
            // Of 0 they are 0, so that filters stay.
            Op::DivPublic { a, .. }
            | Op::ModuloPublic { a, .. }
            | Op::SquareRoot { a, .. }
            | Op::SquareRootFixed { a, .. }
            | Op::Remainder { a, .. }
            | Op::ShiftRight { a, .. }
            | Op::Absolute { a, .. } => {
                let x = self.settled(a);
                let filter = match x.filter {
                    Filter::By(part) => Filter::By(part),
                    _ => Filter::Unknown,
                };
                let picks = match op {
                    // A magnitude is a number or its negation, as a comparison says, and a root is flat where numbers are large.
                    Op::Absolute { .. } | Op::SquareRoot { .. } | Op::SquareRootFixed { .. } => {
                        x.columns.are_several()
                    }
                    _ => x.picks_itself(),
                };
                let value = self.picked_if(picks, x.computed().decided());
                with_filter(value, unless(picks, filter))
            }
            Op::Div { a, b, .. } | Op::Modulo { a, b, .. } | Op::DivFixed { a, b, .. } => {
                let (x, y) = (self.settled(a), self.settled(b));
                // What is left of a number is all of it where the other is larger.
                let is_fair = !matches!(op, Op::Modulo { .. }) && y.form.divides(self.range(b));
                let picks = y.divides_and_picks(&x, is_fair);
                // By what nobody can choose: what is 0 for all but a few rows of the part has none of its own.
                let filter = match x.filter {
                    Filter::By(part) if y.present.is_empty() => Filter::By(part),
                    _ => Filter::Unknown,
                };
                let value = self.picked_if(picks, x.with(&y).decided());
                with_filter(value, unless(picks, filter))
            }
            // Bits of one are let through where the other has ones.
            Op::Bitwise { a, b, .. } => {
                let (x, y) = (self.settled(a), self.settled(b));
                let value = x.with(&y);
                let picks = value.columns.are_several();
                let value = self.picked_if(picks, value.decided());
                with_filter(value, Filter::Unknown)
            }
            Op::Smaller { a, b, .. } => {
                let (x, y) = (self.settled(a), self.settled(b));
                let mut value = self.further(&x, &y);
                if !x.counts.is_empty() && !y.counts.is_empty() {
                    value.counts = x.counts.clone();
                    value.counts.add(&y.counts);
                    // It is one of both, and says nothing of their difference.
                    value.parts = x.parts.clone();
                    value.parts.add(&y.parts);
                }
                with_filter(value, Filter::Unknown)
            }
            Op::Larger { a, b, .. } => {
                let (x, y) = (self.settled(a), self.settled(b));
                with_filter(self.further(&x, &y), Filter::Unknown)
            }
            Op::Select {
                bit,
                then,
                otherwise,
                ..
            } => self.select(bit, then, otherwise),
            Op::Logistic { a, .. } | Op::Exp { a, .. } | Op::Ln { a, .. } => {
                // They are nothing on one side and the same for all on the other.
                let value = self.settled(a).computed();
                let picks = value.columns.are_several();
                let value = self.picked_if(picks, value.decided());
                with_filter(value, Filter::Unknown)
            }
            Op::BitwisePublic { a, .. } | Op::ComparePublic { a, .. } => {
                let value = self.settled(a).computed();
                let value = self.picked_if(value.picks_itself(), value.decided());
                with_filter(value, Filter::Unknown)
            }
            Op::Compare { a, b, .. } => {
                let value = self.settled(a).with(&self.settled(b)).decided();
                with_filter(value, Filter::Unknown)
            }
            Op::EqualKeys { ref a, ref b, .. } => {
                let value = self.all(a).with(&self.all(b)).decided();
                with_filter(value, Filter::Unknown)
            }
            _ => return,
        };
        self.define(value);
    }

    /// The smaller or larger of two: a comparison and a selection in one.
    fn further(&self, x: &Value, y: &Value) -> Value {
        let value = x.with(y);
        let picks = value.columns.are_several();
        self.picked_if(picks, value.decided())
    }

    /// Of the next register. How many rows fulfil a condition, on whatever columns, is a count of them: a truth value lets
    /// nothing through but itself.
    fn picked_if(&self, picks: bool, value: Value) -> Value {
        if picks && !self.is_bit(self.next()) {
            value.picked()
        } else {
            value
        }
    }

    /// An intersection stays one where equal rows are counted once. A product with a truth value is a selection, but
    /// that of two truth values is one truth value.
    fn product(&self, a: S, b: S) -> Value {
        let (mut x, mut y) = (self.raw(a), self.raw(b));
        let bits = (self.is_bit(a), self.is_bit(b));
        let first = x.distinct || y.distinct;
        let is_count = self.finds_each_once(a, b) || self.finds_each_once(b, a);
        let named = (self.named(a), self.named(b));
        if !is_count {
            (x, y) = (x.settled(), y.settled());
        }
        let mut value = x.with(&y).of_form(x.form_of_product(&y));
        value.distinct = is_count;
        // A product of truth values is one, and so is what cannot be but 0 or 1. But what is drawn chooses them, too.
        let drawn = x.columns.are_drawn() || y.columns.are_drawn();
        let crosses = x.picks(&y) && (drawn || bits != (true, true));
        let picks = crosses || first && !is_count;
        let filter = match bits {
            (true, false) if picks => both(named.0, y.filter),
            (false, true) if picks => both(x.filter, named.1),
            _ => unless(picks, both(x.filter, y.filter)),
        };
        let value = if picks { value.picked() } else { value };
        with_filter(value, filter)
    }

    /// What a truth value lets through, if that is what its own sum counts. The first of equal rows are such a part, too, and choose for
    /// everything else.
    fn named(&self, bit: S) -> Filter {
        let own = Filter::By(Part::Where(bit));
        match self.raw(bit).filter {
            Filter::All => own,
            filter if filter == own => own,
            _ => Filter::Unknown,
        }
    }

    /// Whether the sum of the product of these truth values is the size of an intersection: each key is looked for once.
    fn finds_each_once(&self, first: S, found: S) -> bool {
        let keys = self.firsts.get(&first);
        keys.is_some() && keys == self.found.get(&found)
    }

    fn select(&self, bit: S, then: S, otherwise: S) -> Value {
        let (condition, x, y) = (
            self.settled(bit),
            self.settled(then),
            self.settled(otherwise),
        );
        // One of both, so that the same truth value in both is still one.
        let branches = x.either(&y);
        let picks = condition.picks(&branches);
        let value = self.picked_if(picks, condition.with(&branches).decided());
        let is_zero = |register: S| {
            let known = self.ranges.secret(register);
            known.is_some_and(|known| known.interval.low == 0 && known.interval.high == 0)
        };
        let is_mask = self.extent(bit) != Extent::Scalar;
        let filter = match (self.named(bit), x.filter) {
            _ if !is_mask || !is_zero(otherwise) => Filter::Unknown,
            (Filter::By(part), Filter::All) => Filter::By(part),
            (Filter::By(part), Filter::By(other)) if part == other => Filter::By(part),
            _ => Filter::Unknown,
        };
        with_filter(value, filter)
    }

    fn element(&mut self, a: S, at: u32) {
        let part = self.gathered.get(&a).and_then(|parts| {
            let at = usize::try_from(at).ok()?;
            parts.get(at).copied()
        });
        if let Some(part) = part {
            let value = self.settled(part);
            self.push(value);
            return;
        }
        let mut value = self.settled(a);
        if let Extent::Over(_) = self.extent(a) {
            self.define(value.interwoven());
            return;
        }
        value.parts = value.parts.element(at);
        value.counts = value.counts.element(at);
        self.define(value);
    }

    fn reduction(&mut self, op: &Op) {
        let value = match *op {
            Op::Sum { a, .. } => {
                let mut value = self.raw(a);
                if !self.is_bit(a) {
                    value = value.settled();
                }
                let mut value = value.reduced(Reduction::Sum);
                if self.is_bit(a) {
                    value.counts = Parts::one(Part::Where(a));
                }
                value
            }
            Op::Dot { a, b, .. } => self.dot(a, b),
            Op::DotFixed { a, b, .. } => {
                let (x, y) = (self.settled(a), self.settled(b));
                let picks = x.picks(&y);
                let filter = unless(picks, both(x.filter, y.filter));
                let products = with_filter(x.with(&y), filter);
                let products = if picks { products.picked() } else { products };
                products.reduced(Reduction::Sum)
            }
            Op::First { a, .. } | Op::Second { a, .. } | Op::Quantile { a, .. } => {
                self.ordered(a).reduced(Reduction::Mixture)
            }
            Op::FirstMember { a, .. } => self.ordered(a).reduced(Reduction::Place),
            Op::MeanSquare { a, .. } => self.mixed(a, a).reduced(Reduction::Mixture),
            // They are of sums of products, too.
            Op::Covariance { a, b, .. } | Op::Correlation { a, b, .. } => {
                self.mixed(a, b).reduced(Reduction::Mixture)
            }
            Op::Regression { ref columns, y, .. }
            | Op::LogisticRegression { ref columns, y, .. } => {
                let all = self.all(columns).with(&self.settled(y));
                // Coefficients on a condition are means of those who fulfil it and of the others. And what is likely is nothing
                // here and all there: with a column of a large multiple, as a condition would say.
                let is_step = matches!(op, Op::LogisticRegression { .. });
                let all = if all.picks_itself() || is_step && all.columns.are_several() {
                    all.picked()
                } else {
                    all
                };
                all.reduced(Reduction::Mixture)
            }
            Op::CountEach { a, .. } => self.counted(a, a),
            Op::Histogram { a, .. } => self.counted(a, self.next()),
            Op::CellSum { keys, a, .. } => self.cells(keys, a, false),
            Op::CellQuantile { keys, a, .. } => {
                self.cells(keys, a, self.settled(a).orders_itself())
            }
            _ => return,
        };
        self.define(value);
    }

    /// What a place in the order of a vector's elements mixes.
    fn ordered(&self, a: S) -> Value {
        let x = self.settled(a).computed();
        if x.orders_itself() { x.picked() } else { x }
    }

    /// What a reduction that is not linear mixes, of one vector or of two.
    fn mixed(&self, a: S, b: S) -> Value {
        let (x, y) = (self.settled(a), self.settled(b));
        let picks = x.picks(&y) || x.picks_itself() || y.picks_itself();
        let all = if a == b { x.computed() } else { x.with(&y) };
        if picks { all.picked() } else { all }
    }

    fn dot(&self, a: S, b: S) -> Value {
        let mut products = self.product(a, b);
        if !(self.is_bit(a) && self.is_bit(b)) {
            return products.settled().reduced(Reduction::Sum);
        }
        let pair = (a.min(b), a.max(b));
        let part = match self.products.get(&pair) {
            Some(product) => Part::Where(*product),
            None => Part::WhereBoth(pair.0, pair.1),
        };
        if products.is_selective() {
            products.filter = Filter::By(part);
        }
        let mut value = products.reduced(Reduction::Sum);
        value.counts = Parts::one(part);
        value
    }

    /// How many rows each cell has. `cells`: by which register cells are named.
    fn counted(&self, a: S, cells: S) -> Value {
        let parts = Parts::one(Part::Cells(cells));
        let value = self.settled(a);
        // Of rows that a random number chooses a count is one of a hidden part.
        let picks = value.columns.are_drawn() && value.picks_itself();
        let value = self.picked_if(picks, value);
        let mut value = value.reduced(Reduction::Cells(parts.clone()));
        value.counts = parts;
        value
    }

    /// A statistic of the rows of each cell: of rows that are hidden, whatever the keys depend on.
    /// `picks`: whether the statistic lets one column of a row pick another, so that it is of other rows, too.
    fn cells(&self, keys: S, a: S, picks: bool) -> Value {
        let (by, x) = (self.settled(keys), self.settled(a));
        let mut parts = Parts::one(Part::Cells(keys));
        if x.is_selective() || picks {
            parts.add(&Parts::unknown());
        }
        let mut value = by.with(&x).decided();
        value.chosen = value.aligned;
        value.reduced(Reduction::Cells(parts))
    }

    /// Rows of the right side that were looked up for the left one.
    fn join(&mut self, left: &'a [S], right: &[S], valid: S, columns: &[S]) {
        let by = self.all(left);
        let extent = self.extent_of(left.iter().copied());
        let over_rows = matches!(extent, Extent::Over(_));
        let valid = match self.firsts.get(&valid) {
            // Of equal rows the first: whatever is among the rows is among these.
            Some(keys) if *keys == right => self.raw(valid),
            _ => self.settled(valid),
        };
        let mut found = self.all(right).with(&valid).interwoven();
        found.filter = Filter::All;
        let is_selective = found.is_selective();
        let (aligned, joined) = (found.aligned.take(), found.joined.take());
        found.chosen = Set::default();
        if is_selective {
            found.hidden.add(aligned.or(joined));
            found.parts.add(&Parts::unknown());
        } else {
            found.matched = aligned;
        }
        let mut found = with_filter(by.with(&found), Filter::Unknown);
        if found.matched.is_empty() {
            found = found.decided();
        }
        let place = self.next();
        self.found.insert(place, left);
        self.define(found);
        let looked = self.settled(place);
        for column in columns {
            let mut own = self.settled(*column).interwoven();
            let is_selective = own.is_selective();
            let rows = own.aligned.take().or(own.joined.take());
            own.chosen = Set::default();
            if over_rows {
                own.joined = rows;
            } else {
                own.row.add(rows);
            }
            let mut value = looked.with(&own).decided();
            if !value.joined.is_empty() {
                // For rows with equal keys, of which one may have them all, it is what the same row has.
                value.parts.add(&Parts::unknown());
            }
            value.filter = match looked.filter {
                Filter::By(part) if !is_selective => Filter::By(part),
                _ => Filter::Unknown,
            };
            if over_rows && !is_selective && value.filter != Filter::Unknown {
                // It is 0 where nothing is found, also where it is 0 or 1 itself.
                self.push(value);
            } else {
                self.define(value);
            }
        }
    }

    /// A vector of whose elements each can be of any row: it has as many, and none stands at its row's place. A truth value
    /// in one of them is one of several.
    fn reordered(&mut self, value: Value) {
        self.define(value.interwoven().loose());
    }

    // Registers.

    fn raw(&self, register: S) -> Value {
        let value = self.values.get(usize::from(register.0)).cloned();
        value.unwrap_or_default()
    }

    fn settled(&self, register: S) -> Value {
        self.raw(register).settled()
    }

    /// A value that is made of all of them.
    fn all(&self, registers: &[S]) -> Value {
        let mut registers = registers.iter();
        let first = registers.next().map(|register| self.settled(*register));
        registers.fold(first.unwrap_or_default().computed(), |all, register| {
            all.with(&self.settled(*register))
        })
    }

    fn extent(&self, register: S) -> Extent {
        let known = self.ranges.secret(register);
        known.map_or(Extent::Scalar, |known| known.extent)
    }

    /// The extent of an element-wise result.
    fn extent_of(&self, registers: impl IntoIterator<Item = S>) -> Extent {
        let extents = registers.into_iter().map(|register| self.extent(register));
        let mut vectors = extents.filter(|extent| *extent != Extent::Scalar);
        vectors.next().unwrap_or(Extent::Scalar)
    }

    fn is_bit(&self, register: S) -> bool {
        let known = self.ranges.secret(register);
        known.is_some_and(|known| known.interval.low >= 0 && known.interval.high <= 1)
    }

    /// What a public register is, if it is the same in all runs.
    fn public(&self, register: C) -> Option<i64> {
        let known = self.ranges.public(register)?;
        let number = known.number().filter(|range| range.low == range.high);
        number.map(|range| range.low)
    }

    /// Where its values lie.
    fn range(&self, register: S) -> Wide {
        let known = self.ranges.secret(register);
        known.map_or(Wide::exactly(0), |known| known.interval.into())
    }

    /// Whether it has the same value whatever the inputs are.
    fn is_constant(&self, register: S) -> bool {
        let known = self.ranges.secret(register);
        known.is_some_and(|known| known.interval.low == known.interval.high)
    }

    /// Whether it has one of two neighbouring values, as a condition has.
    fn is_two_valued(&self, register: S) -> bool {
        let known = self.ranges.secret(register);
        known.is_some_and(|known| known.interval.high.saturating_sub(known.interval.low) <= 1)
    }

    /// The next register.
    fn next(&self) -> S {
        S(u16::try_from(self.values.len()).unwrap_or(u16::MAX))
    }

    /// The next register is the result of a computation.
    fn define(&mut self, mut value: Value) {
        let dst = self.next();
        if self.is_constant(dst) {
            value = value.of_no_row();
        } else if self.is_two_valued(dst) {
            value.deciding = value.columns.clone();
        }
        let value = match self.extent(dst) {
            Extent::Over(_) if value.is_selective() && self.is_bit(dst) => {
                with_filter(value, Filter::By(Part::Where(dst)))
            }
            // Something has chosen rows, and no mask that would have a name.
            Extent::Over(_) if value.is_selective() && value.filter == Filter::All => {
                with_filter(value, Filter::Unknown)
            }
            Extent::Over(_) if value.is_selective() => value,
            Extent::Over(_) => with_filter(value, Filter::All),
            Extent::Fixed(_) => with_filter(value.loose(), Filter::All),
            Extent::Scalar => {
                let value = with_filter(value.loose(), Filter::All);
                if self.is_bit(dst) {
                    value.truth()
                } else {
                    value
                }
            }
        };
        self.push(value);
    }

    fn push(&mut self, value: Value) {
        self.values.push(value);
    }
}

/// Numbers that nobody knows.
fn drawn() -> Value {
    Value::of(Set::of(Origin::Random), |value| &mut value.aggregate)
}
