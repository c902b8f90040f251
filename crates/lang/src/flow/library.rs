//! Functions of the library: whose data their results are, where they lie, and how far one giver moves them.
//!
//! Reductions lift rows only over a whole index space, `Rows` of a collection. Functions that take columns or whole lists
//! ([`whole`]) lift the collections whose rows they take. Of any other list, results stay rows.

mod call;
mod cells;
mod sets;

use enigma_bytecode::interval::Wide;
use enigma_bytecode::plan::reference;

use call::{Call, bigger, has_space, root, rounds, smaller, spread};

use super::expression::{scalar, shifted_up};
use super::numbers::Op;
use super::operator::{COMPARISON_COST, shifted_down};
use super::sources::{Combination, Mix, Mixes, Source, Sources};
use super::value::{
    LIMIT, Leaf, Move, Moves, Value, around, clamped, hull, magnitude, natural, weighted,
};
use super::walk::Walk;
use crate::code::Code;
use crate::diagnostic::Diagnostic;
use crate::hir::{Builtin, Expr, Provider, Rows, Type};

const BIT: Wide = Wide { low: 0, high: 1 };

impl<'a> Walk<'a> {
    pub(super) fn call(
        &mut self,
        expr: &'a Expr,
        builtin: Builtin,
        args: &'a [Expr],
        values: &[Value],
    ) -> Value {
        self.public_arguments(builtin, args, values);
        let call = Call {
            expr,
            builtin,
            args,
            values,
        };
        let mut value = self.result(&call);
        if !call::keeps_places(builtin) {
            value.each_leaf(&mut |leaf| leaf.displace(&mut self.numbers));
        }
        if value.is_private() {
            self.spend_on(&call);
        }
        self.fitted(expr, &args.iter().collect::<Vec<_>>(), value)
    }

    fn result(&mut self, call: &Call<'_>) -> Value {
        use Builtin as B;
        match call.builtin {
            B::Sum
            | B::Mean
            | B::Min
            | B::Max
            | B::Median
            | B::Quantile
            | B::Highest
            | B::CountTrue
            | B::Any
            | B::All
            | B::SumWhere
            | B::MeanWhere
            | B::Variance
            | B::StdDev
            | B::Covariance
            | B::Corr
            | B::MeanSquare
            | B::Dot
            | B::Distance2 => Value::Leaf(self.reduction(call)),
            B::ArgMin | B::ArgMax => Value::Leaf(self.place(call)),
            B::Top2 => {
                let place = self.place(call);
                let value = self.reduction(call);
                let second = Leaf {
                    number: self.numbers.fresh(),
                    ..value.clone()
                };
                // Of one value, the second is 0, which may be more than the first.
                let with_zero = hull(second.range, Some(Wide::exactly(0)));
                let mut second = second.lying(with_zero, None);
                let two = call
                    .args
                    .first()
                    .is_some_and(|a| self.elements(&a.ty).low >= 2);
                let ordered = two || value.range.is_some_and(|range| range.low >= 0);
                second.at_most = ordered.then_some(value.number);
                Value::Parts([place, value, second].map(Value::Leaf).to_vec())
            }
            B::Rank | B::RankDesc | B::PrefixSums => self.in_space(call),
            B::Top | B::Sort | B::SortDesc | B::SortBy | B::Distinct | B::Shuffle => {
                self.reordered(call)
            }
            B::Histogram
            | B::HistogramEnum
            | B::CellCount
            | B::CellSum
            | B::CellMean
            | B::CellMedian
            | B::CellMin
            | B::CellMax => self.cells(call),
            B::Psi | B::PsiCount | B::Join | B::Contains => self.sets(call),
            B::MatMul | B::LinReg | B::LogReg => self.matrix(call),
            B::OwnerAt => {
                let place = call.whole(1, self);
                let number = self.numbers.fresh();
                Value::Leaf(place.derived(place.sources.clone(), number))
            }
            B::Random | B::RandomBits | B::Keygen => self.random(call),
            B::PublicKey | B::Sign | B::Ecdh => self.of_key(call),
            B::IsSome => {
                let present = call.values.first().map(|value| value.part(0));
                present.unwrap_or_else(|| self.unknown())
            }
            B::Or => self.or(call),
            _ => self.element_wise(call),
        }
    }

    /// One value of a whole vector.
    fn reduction(&mut self, call: &Call<'_>) -> Leaf {
        use Builtin as B;
        let mask = matches!(call.builtin, B::SumWhere | B::MeanWhere);
        let truth = matches!(call.builtin, B::Any | B::All);
        let how = if mask {
            Combination::Choice
        } else {
            Combination::Number
        };
        let mut whole = call.combined(how, self);
        if call.picks_in_all_rows(self) {
            whole.sources = std::mem::take(&mut whole.sources).decided(Combination::Selection);
        }
        let over = call.spaces(2);
        let chosen = whole.sources.chosen_in(&over);
        let to = if mask { Mix::Hidden } else { Mix::Aggregate };
        let mut sources = std::mem::take(&mut whole.sources);
        // A number made of bits is more than one bit, also where the bits stand in the space of other rows.
        if !truth {
            sources = sources.several();
        }
        sources = sources.reduced(&over, to);
        if truth {
            sources = sources.decided(Combination::Truth);
        }
        let number = whole.number;
        let values = call.whole(0, self);
        if mask {
            whole.subsets.insert(call.whole(1, self).number);
        }
        // What has been chosen before the mask is a part of its rows.
        if !mask && chosen || mask && values.sources.chosen_in(&over) {
            whole.subsets.insert(values.number);
        }
        let range = self.reduced_range(call);
        let moves = self.reduced_moves(call, &over);
        let mut value = whole.derived(sources, number).lying(range, moves.as_ref());
        self.tag(call, &mut value);
        value.rounds = value.rounds.saturating_add(rounds(call.builtin));
        value
    }

    /// What is a count or a sum of which rows.
    fn tag(&mut self, call: &Call<'_>, value: &mut Leaf) {
        use Builtin as B;
        let first = call.whole(0, self);
        match call.builtin {
            B::CountTrue => value.counts = Some(first.number),
            B::Min => {
                let largest = [B::Max as u32, first.number];
                value.at_most = Some(self.numbers.of(Op::Call, &largest));
            }
            B::Sum => {
                if let Some(Type::Rows(_, collection)) = call.args.first().map(|a| &a.ty) {
                    value.sums = Some(self.all_rows(*collection)).zip(first.range);
                }
            }
            B::SumWhere => {
                value.sums = Some(call.whole(1, self).number).zip(first.range);
            }
            _ => {}
        }
    }

    fn reduced_range(&mut self, call: &Call<'_>) -> Option<Wide> {
        use Builtin as B;
        let zero = Wide::exactly(0);
        let count = call.args.first().map(|a| self.elements(&a.ty))?;
        let any = Wide {
            low: 0,
            high: count.high,
        };
        let fraction = call.fraction();
        let product = |p: Wide| fraction.map_or(p, |f| shifted_down(p, f));
        let v = call.whole(0, self).range;
        Some(match call.builtin {
            B::CountTrue => any,
            B::Any | B::All => BIT,
            B::Sum => v?.times(count),
            B::SumWhere => v?.times(any),
            B::Min | B::Max | B::Median | B::Quantile | B::Highest | B::Top2 if count.low > 0 => v?,
            B::Min | B::Max | B::Median | B::Quantile | B::Highest | B::Top2 => around(v?, zero),
            B::Mean | B::MeanWhere => {
                // The sum is a number on the way.
                let sum = v?.times(count);
                let fits = magnitude(sum) < LIMIT || fraction.is_some();
                if fits { around(v?, zero) } else { sum }
            }
            B::MeanSquare => around(product(v?.square()), zero),
            // At most a quarter of the square of the width; `fix` rounds twice.
            B::Variance => spread(v?, v?, fraction),
            B::Covariance => {
                let all = spread(v?, call.whole(1, self).range?, fraction);
                Wide {
                    low: -all.high,
                    high: all.high,
                }
            }
            B::StdDev => Wide {
                low: 0,
                high: v?.high.saturating_sub(v?.low).saturating_add(1),
            },
            B::Corr => {
                let one = 1_i128 << fraction.unwrap_or(0).min(100);
                Wide {
                    low: -one,
                    high: one,
                }
            }
            // Products of `fix` are added exactly, and only their sum is rounded.
            B::Dot => product(v?.times(call.whole(1, self).range?).times(count)),
            B::Distance2 => {
                let difference = v?.minus(call.whole(1, self).range?);
                product(difference.square().times(count))
            }
            _ => return None,
        })
    }

    /// Tighter bounds than the width of the range.
    ///
    /// Sum: the rows of one giver, each of which changes by the width or is added or left out; and every element moves by
    /// what it owes to the whole collection. Count: one for each row.
    fn reduced_moves(&mut self, call: &Call<'_>, over: &[usize]) -> Option<Moves> {
        use Builtin as B;
        let most = |walk: &Self| call.args.first().map(|a| walk.elements(&a.ty).high);
        let each = match call.builtin {
            B::CountTrue => 1,
            B::Sum | B::SumWhere | B::Mean => {
                let range = call.whole(0, self).range?;
                let width = range.high.saturating_sub(range.low);
                magnitude(range).max(width)
            }
            _ => return None,
        };
        // Of a masked sum the mask moves, too, and each of its bits brings a whole value: |v m - w n| <= |v - w| + |w| |m - n|.
        let elements = match call.builtin {
            B::SumWhere => {
                let (values, mask) = (call.whole(0, self), call.whole(1, self));
                weighted(&values.moves, 1, &mask.moves, magnitude(values.range?))
            }
            _ => call.combined(Combination::Number, self).moves,
        };
        let mut moves = weighted(&elements, most(self)?, &Moves::new(), 1);
        for collection in over {
            let own = Move {
                each: each.saturating_mul(self.rows_per_giver(*collection)),
                together: None,
            };
            moves = weighted(&moves, 1, &Moves::from([(*collection, own)]), 1);
        }
        if call.builtin == B::Mean {
            let fewest = call.args.first().map(|a| self.elements(&a.ty).low)?;
            if fewest < 1 {
                return None;
            }
            for moved in moves.values_mut() {
                moved.each = moved.each / fewest + 2;
            }
        }
        Some(moves)
    }

    pub(super) fn rows_per_giver(&self, collection: usize) -> i128 {
        match self
            .hir
            .collections
            .get(collection)
            .map(|c| (c.provider, c.rows))
        {
            Some((Provider::Each(_) | Provider::Party(_), Rows::UpTo(each))) => each.into(),
            _ => 1,
        }
    }

    /// A place among rows points at a member; one in a list is a number.
    fn place(&mut self, call: &Call<'_>) -> Leaf {
        let whole = call.combined(Combination::Number, self);
        let over = call.spaces(1);
        let sources = whole.sources.clone().several();
        let picks = whole.orders_itself() || call.compares_columns(&whole);
        let sources = sources.decided(picking(picks));
        let sources = sources.reduced(&over, Mix::Member);
        let number = self
            .numbers
            .of(Op::Call, &[call.builtin as u32, u32::MAX, whole.number]);
        let mut value = whole.derived(sources, number);
        if over.is_empty() {
            let count = call.args.first().map(|a| self.elements(&a.ty).high);
            let range = count.map(|count| Wide {
                low: 0,
                high: (count - 1).max(0),
            });
            value = value.lying(range, None);
        }
        value.rounds = value.rounds.saturating_add(rounds(call.builtin));
        value
    }

    /// Ranks stay with their rows, and each tells of all others; prefix sums are a list, of single rows.
    fn in_space(&mut self, call: &Call<'_>) -> Value {
        let whole = call.combined(Combination::Number, self);
        let count = call
            .args
            .first()
            .map_or(Wide::exactly(0), |a| self.elements(&a.ty));
        let (sources, range) = if call.builtin == Builtin::PrefixSums {
            let upto = Wide {
                low: 1,
                high: count.high.max(1),
            };
            (
                whole.sources.clone().several().loose(),
                whole.range.map(|r| r.times(upto)),
            )
        } else {
            let range = Wide {
                low: 1,
                high: count.high.max(1),
            };
            let how = picking(whole.picks_itself());
            let sources = whole.sources.clone().several().decided(how);
            (sources.ordered(), Some(range))
        };
        let mut value = whole.derived(sources, whole.number).lying(range, None);
        value.deciding.clone_from(&value.columns);
        value.rounds = value.rounds.saturating_add(rounds(call.builtin));
        Value::Many(Box::new(Value::Leaf(value)))
    }

    /// Lists of rows in another order: whole ones may still be counted or matched as a whole; the k largest are single rows.
    fn reordered(&mut self, call: &Call<'_>) -> Value {
        let mut number = self.numbers.fresh();
        if matches!(
            call.builtin,
            Builtin::Distinct | Builtin::Sort | Builtin::SortDesc
        ) {
            number = call.combined(Combination::Number, self).number;
        }
        let Some(vector) = call.values.first() else {
            return self.unknown();
        };
        let mut element = vector.element();
        let keys = (call.builtin == Builtin::SortBy).then(|| call.whole(1, self));
        let top = call.builtin == Builtin::Top;
        let truth = |leaf: &Leaf| leaf.range == Some(BIT);
        element.each_leaf(&mut |leaf| {
            let mut sources = leaf.sources.clone();
            if let Some(keys) = &keys {
                let how = if truth(leaf) {
                    Combination::Truth
                } else {
                    Combination::Choice
                };
                sources = sources.combine(&keys.sources, how);
                leaf.private |= keys.private;
                leaf.subsets.extend(&keys.subsets);
            }
            sources = sources.several();
            if call.builtin != Builtin::Distinct && call.compares_columns(leaf) {
                sources = sources.decided(Combination::Selection);
            }
            if call.builtin == Builtin::Shuffle && !leaf.private {
                // Everyone knows what is in it, and nobody the order.
                sources = Sources::of(Source::Random, Mixes::only(Mix::Aggregate));
                leaf.private = true;
            }
            if top {
                sources = sources.loose();
                leaf.range = hull(leaf.range, Some(Wide::exactly(0)));
            }
            number = self.numbers.of(Op::Field, &[number, leaf.number]);
            let range = leaf.range;
            *leaf = leaf.derived(sources, number).lying(range, None);
            leaf.rounds = leaf.rounds.saturating_add(rounds(call.builtin));
        });
        if call.builtin == Builtin::Distinct {
            let number = self.numbers.fresh();
            let present = element.whole(Combination::Number, &mut self.numbers);
            let present = present.derived(present.sources.clone(), number);
            let present = Value::Leaf(present.lying(Some(BIT), None));
            // A missing element has zeros.
            element.each_leaf(&mut |leaf| leaf.range = hull(leaf.range, Some(Wide::exactly(0))));
            element = Value::Parts(vec![present, element]);
        }
        Value::Many(Box::new(element))
    }

    fn random(&mut self, call: &Call<'_>) -> Value {
        let number = self.numbers.fresh();
        let sources = match call.builtin {
            Builtin::Keygen => Sources::default(),
            _ => Sources::of(Source::Random, Mixes::only(Mix::Aggregate)),
        };
        let leaf = Leaf::private(None, sources, number);
        let mut value = Value::like(&leaf, &call.expr.ty, self.hir, &mut self.numbers);
        if call.builtin == Builtin::Random {
            let end = call.whole(0, self).range.map_or(1, |r| r.high);
            let range = Wide {
                low: 0,
                high: (end - 1).max(0),
            };
            value.each_leaf(&mut |leaf| leaf.range = Some(range));
        }
        value
    }

    /// What keys make is private until it is revealed, and owes nothing to anybody's data but what goes in.
    fn of_key(&mut self, call: &Call<'_>) -> Value {
        let whole = call.combined(Combination::Choice, self);
        let number = self.numbers.fresh();
        let mut leaf = whole.derived(whole.sources.clone(), number);
        leaf.private = true;
        Value::like(&leaf, &call.expr.ty, self.hir, &mut self.numbers)
    }

    /// What is there, or the default. Who has made it missing has chosen; filling it does not choose again.
    fn or(&mut self, call: &Call<'_>) -> Value {
        let [maybe, default] = call.values else {
            return self.unknown();
        };
        let (present, content) = (maybe.part(0), maybe.part(1));
        let condition = present.whole(Combination::Truth, &mut self.numbers);
        let how = match *scalar(&call.expr.ty) == Type::Bool {
            true => Combination::Truth,
            false => Combination::Choice,
        };
        let wide = |value: &Value| match value {
            Value::Many(_) => value.clone(),
            other => Value::Many(Box::new(other.clone())),
        };
        let parts = [&present, &content, default];
        let (a, b) = match parts.iter().any(|v| matches!(v, Value::Many(_))) {
            true => (wide(&content), wide(default)),
            false => (content.clone(), default.clone()),
        };
        a.zip(&b, &mut self.numbers, &mut |a, b, numbers| {
            super::expression::selected(&condition, a, b, how, numbers)
        })
    }

    /// One value for each element, or of single values.
    fn element_wise(&mut self, call: &Call<'_>) -> Value {
        let truth = *scalar(&call.expr.ty) == Type::Bool && call.builtin != Builtin::Bits;
        let how = if truth {
            Combination::Truth
        } else {
            Combination::Choice
        };
        let whole = call.combined(how, self);
        let is_picked = call.picks_in_each_row(&whole, self);
        let is_bit = self.element_range(call).is_some_and(|r| r.within(BIT));
        let how = match is_picked && !truth && !is_bit {
            true => Combination::Selection,
            false => how,
        };
        let mut sources = whole.sources.clone().decided(how);
        let picks = call.builtin == Builtin::Lookup;
        if picks || !has_space(&call.expr.ty) {
            sources = sources.loose().decided(how);
        }
        let number = whole.number;
        let mut leaf = whole.derived(sources, number);
        leaf.private = whole.private;
        leaf.deciding.clone_from(&leaf.columns);
        if leaf.private {
            leaf.rounds = leaf.rounds.saturating_add(rounds(call.builtin));
        }
        let range = self.element_range(call);
        let mut value = Value::like(&leaf, &call.expr.ty, self.hir, &mut self.numbers);
        let structured = value.leaf().is_none();
        // A quotient that may be missing: whether it is there, and the number.
        let quotient = self.quotient(call);
        let mut place = 0;
        value.each_leaf(&mut |leaf| {
            let range = match (quotient, range) {
                (Some(quotient), _) if place == 1 => Some(quotient),
                (_, Some(range)) if !structured => leaf.range.map(|_| range),
                _ => leaf.range,
            };
            *leaf = leaf.clone().lying(range, None);
            place += 1;
        });
        value
    }

    /// Where the content of a `checked_div` lies; 0 where it is missing.
    fn quotient(&mut self, call: &Call<'_>) -> Option<Wide> {
        let (Builtin::CheckedDiv, Type::Maybe(inner)) = (call.builtin, scalar(&call.expr.ty))
        else {
            return None;
        };
        let (a, b) = (call.whole(0, self).range?, call.whole(1, self).range?);
        let quotient = match **inner {
            // To nearest, which is at most one away from toward zero.
            Type::Fix(fix) => shifted_up(a, fix.fraction)
                .divided_by(b)
                .plus(Wide { low: -1, high: 1 }),
            _ => a.divided_by(b),
        };
        Some(around(quotient, Wide::exactly(0)))
    }

    fn element_range(&mut self, call: &Call<'_>) -> Option<Wide> {
        use Builtin as B;
        let of = |i: usize, walk: &mut Self| call.whole(i, walk).range;
        let ty = scalar(&call.expr.ty);
        let own = natural(ty, self.hir);
        let zero = Wide::exactly(0);
        let fraction = call.fraction().unwrap_or(0).min(100);
        let one = 1_i128 << fraction;
        Some(match call.builtin {
            B::Max2 => bigger(of(0, self)?, of(1, self)?),
            B::Min2 => smaller(of(0, self)?, of(1, self)?),
            // max(low, min(a, high)), also where low is above high.
            B::Clamp => bigger(of(1, self)?, smaller(of(0, self)?, of(2, self)?)),
            B::Abs => {
                let a = of(0, self)?;
                let inside = a.low <= 0 && a.high >= 0;
                Wide {
                    low: if inside {
                        0
                    } else {
                        a.low.abs().min(a.high.abs())
                    },
                    high: magnitude(a),
                }
            }
            // Of `fix`, sqrt(k / s) is sqrt(k s) / s.
            B::Sqrt => Wide {
                low: 0,
                high: root(of(0, self)?.high.max(0).saturating_mul(one)).saturating_add(1),
            },
            B::Exp => Wide {
                low: 0,
                high: own?.high,
            },
            // |ln k/s| <= ln 2 * bits; 1 more for rounding.
            B::Ln => Wide {
                low: -64 * one,
                high: 64 * one,
            },
            B::Sigmoid => Wide { low: 0, high: one },
            B::WrappingAdd => wrapped(of(0, self)?.plus(of(1, self)?), own?),
            B::WrappingSub => wrapped(of(0, self)?.minus(of(1, self)?), own?),
            B::WrappingMul => wrapped(of(0, self)?.times(of(1, self)?), own?),
            B::SaturatingAdd => clamped(of(0, self)?.plus(of(1, self)?), own?),
            B::SaturatingSub => clamped(of(0, self)?.minus(of(1, self)?), own?),
            B::SaturatingMul => {
                let product = of(0, self)?.times(of(1, self)?);
                let product = match ty {
                    Type::Fix(_) => shifted_down(product, fraction),
                    _ => product,
                };
                clamped(product, own?)
            }
            B::Lookup => {
                let element = call.values.first().and_then(|v| v.leaf()?.range);
                around(element?, zero)
            }
            B::Bits | B::StartsWith => BIT,
            _ => own?,
        })
    }

    fn public_arguments(&mut self, builtin: Builtin, args: &'a [Expr], values: &[Value]) {
        use Builtin as B;
        let public: &[usize] = match builtin {
            B::StartsWith | B::Top | B::Highest | B::Bits | B::Histogram => &[1],
            B::Quantile => &[1, 2],
            B::Digest | B::Random | B::RandomBits => &[0],
            B::LinReg => &[2],
            B::LogReg => &[2, 3],
            _ => &[],
        };
        for &place in public {
            if let (Some(arg), Some(value)) = (args.get(place), values.get(place)) {
                let what = format!("this argument of `{}`", builtin.name());
                self.needs_public(arg.span, value, &what);
            }
        }
        if builtin == B::Ecdh
            && let (Some(arg), Some(value)) = (args.get(1), values.get(1))
        {
            self.needs_public(arg.span, value, "the other side's public key");
        }
        // Modulo 2^64 there are values that a computation on private numbers cannot hold.
        let wraps = matches!(builtin, B::WrappingAdd | B::WrappingSub | B::WrappingMul);
        if let (true, Some(arg)) = (wraps, args.first()) {
            let ty = scalar(&arg.ty);
            let unlimited = match ty {
                Type::Int(int) => int.range().high >= LIMIT - 1,
                _ => false,
            };
            if unlimited && values.iter().any(Value::is_private) {
                let text =
                    "`wrapping` arithmetic on private numbers of 64 bits is not supported yet";
                let diagnostic = Diagnostic::error(Code::E0900, arg.span, text)
                    .because("numbers of private computations stay below 2^63 in magnitude")
                    .help("take u32 or i32");
                self.report(diagnostic);
            }
        }
    }

    fn spend_on(&mut self, call: &Call<'_>) {
        use Builtin as B;
        let size = call.args.first().map_or(1, |a| self.size(&a.ty));
        let logarithm = u64::from(64 - size.leading_zeros());
        let each = match call.builtin {
            B::Sum | B::Mean | B::CountTrue | B::Random | B::RandomBits => 0,
            B::SumWhere | B::MeanWhere | B::Dot | B::Distance2 | B::MeanSquare | B::Variance => 1,
            B::Rank | B::RankDesc => COMPARISON_COST.saturating_mul(size / 2 + 1),
            B::Sort
            | B::SortDesc
            | B::SortBy
            | B::Median
            | B::Quantile
            | B::Highest
            | B::Distinct
            | B::PsiCount
            | B::Psi
            | B::Join => COMPARISON_COST.saturating_mul(logarithm),
            _ => COMPARISON_COST,
        };
        self.spend(each, size);
        if matches!(call.builtin, B::Exp | B::Ln | B::Sigmoid) && self.muted == 0 {
            // They are made of products of `fix`.
            self.entry.scaled_products = true;
        }
        self.notice_sums(call);
        if let Some(leaf) = call.values.first().and_then(Value::leaf)
            && let Some(range) = leaf.range
        {
            self.notice(range);
        }
    }

    /// Numbers on the way to a result that go beyond it and its operands: sums before they are divided, and products before
    /// they are added and scaled down. A variance is (n sum(x^2) - sum(x)^2) / n^2.
    fn notice_sums(&mut self, call: &Call<'_>) {
        use Builtin as B;
        let Some(count) = call.args.first().map(|a| self.elements(&a.ty).high) else {
            return;
        };
        let (x, y) = (call.whole(0, self).range, call.whole(1, self).range);
        let (Some(x), y) = (x.map(magnitude), y.map_or(0, magnitude)) else {
            return;
        };
        let squares = |of: i128| of.saturating_mul(of).saturating_mul(count);
        let is_private = call.values.iter().any(Value::is_private);
        let most = match call.builtin {
            B::Mean | B::MeanWhere | B::CellMean => x.max(y).saturating_mul(count),
            B::MeanSquare => squares(x),
            B::Dot => x.saturating_mul(y).saturating_mul(count),
            B::Distance2 => squares(x.saturating_add(y)),
            // Before they are made to fit.
            B::WrappingAdd | B::WrappingSub | B::SaturatingAdd | B::SaturatingSub if is_private => {
                x.saturating_add(y)
            }
            B::WrappingMul | B::SaturatingMul if is_private => x.saturating_mul(y),
            B::Variance | B::StdDev => squares(x).saturating_mul(count),
            B::Covariance => x
                .max(y)
                .saturating_mul(x.max(y))
                .saturating_mul(count)
                .saturating_mul(count),
            // What a variance has on the way, with the bits of its root behind the point.
            B::Corr => {
                let bits = 2 * reference::correlation_bits(call.fraction().unwrap_or(0).min(60));
                let scale = 1_i128.checked_shl(bits).unwrap_or(i128::MAX);
                (squares(x.max(y)).saturating_mul(count)).saturating_mul(scale)
            }
            _ => return,
        };
        let is_fix = matches!(call.args.first().map(|a| scalar(&a.ty)), Some(Type::Fix(_)));
        if is_fix && self.muted == 0 {
            // Products of `fix` are told apart from magnitudes.
            self.entry.scaled_products = true;
        }
        let most = match (is_fix, call.builtin) {
            (true, B::Mean | B::MeanWhere | B::CellMean) | (false, _) => most,
            (true, _) => return,
        };
        self.notice(Wide { low: 0, high: most });
    }
}

/// Modulo the size of a type: what fits it stays what it is.
fn wrapped(exact: Wide, own: Wide) -> Wide {
    if exact.within(own) { exact } else { own }
}

/// What an operation that is not linear makes of one value.
fn picking(picks: bool) -> Combination {
    match picks {
        true => Combination::Selection,
        false => Combination::Number,
    }
}
