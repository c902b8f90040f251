//! Functions on two vectors of rows: sets, joins, products of matrices and linear models.

use enigma_bytecode::interval::Wide;

use super::call::{Call, column_spaces, has_space, rounds, whole_spaces};
use super::{BIT, picking};
use crate::flow::expression::shifted_up;
use crate::flow::numbers::Op;
use crate::flow::operator::shifted_down;
use crate::flow::sources::{Combination, Mix, Sources};
use crate::flow::value::{Leaf, Move, Moves, Value, hull};
use crate::flow::walk::Walk;
use crate::hir::{Builtin, Type};

/// Coefficients of `linreg` are cut to this magnitude, so that what is predicted with them has a bound.
const COEFFICIENT_LIMIT: i128 = 1 << 15;
/// The same of weights of `logreg_train`.
const WEIGHT_LIMIT: i128 = 1 << 5;

impl Walk<'_> {
    /// Sets of rows of two collections.
    ///
    /// `psi_count` mixes all rows of both. Where each row of `a` learns about `b`, of `b` it is a hidden part: the equal rows.
    pub(super) fn sets(&mut self, call: &Call<'_>) -> Value {
        use Builtin as B;
        let (a, b) = (call.whole(0, self), call.whole(1, self));
        let types: Vec<&Type> = call.args.iter().map(|arg| &arg.ty).collect();
        let number = call.combined(Combination::Number, self).number;
        let largest = |walk: &Self, i: usize| types.get(i).map_or(0, |t| walk.elements(t).high);
        match call.builtin {
            B::PsiCount => {
                let over = whole_spaces(&types);
                let both = a.combine(&b, Combination::Number, number);
                let chosen = both.sources.chosen_in(&over);
                let sources = both
                    .sources
                    .clone()
                    .several()
                    .reduced(&over, Mix::Aggregate);
                let range = Wide {
                    low: 0,
                    high: largest(self, 0).min(largest(self, 1)),
                };
                let moves: Moves = over
                    .iter()
                    .map(|c| {
                        let each = self.rows_per_giver(*c);
                        (
                            *c,
                            Move {
                                each,
                                together: None,
                            },
                        )
                    })
                    .collect();
                let still = a.moves.is_empty() && b.moves.is_empty();
                let mut value = both
                    .derived(sources, number)
                    .lying(Some(range), still.then_some(&moves));
                if chosen {
                    value.subsets.insert(number);
                }
                value.counts = Some(number);
                value.rounds = value.rounds.saturating_add(rounds(call.builtin));
                Value::Leaf(value)
            }
            B::Contains => {
                let over = call.spaces(1);
                let both = a.combine(&b, Combination::Truth, number);
                let chosen = both.sources.chosen_in(&over);
                let sources = both.sources.clone().reduced(&over, Mix::Aggregate);
                let sources = sources.decided(Combination::Truth);
                let mut value = both.derived(sources, number).lying(Some(BIT), None);
                if chosen {
                    value.subsets.insert(number);
                }
                value.rounds = value.rounds.saturating_add(rounds(call.builtin));
                Value::Leaf(value)
            }
            B::Psi => {
                let of_b = b.sources.clone().several().rows_become(Mix::Hidden);
                let sources = a.sources.combine(&of_b, Combination::Choice);
                let mut value = a
                    .combine(&b, Combination::Choice, number)
                    .derived(sources, number);
                value.subsets.insert(number);
                value = value.lying(Some(BIT), None);
                value.rounds = value.rounds.saturating_add(rounds(call.builtin));
                Value::Many(Box::new(Value::Leaf(value)))
            }
            _ => self.join(call, &a, &b, number),
        }
    }

    fn join(&mut self, call: &Call<'_>, a: &Leaf, b: &Leaf, number: u32) -> Value {
        let keys = b.sources.clone().rows_become(Mix::Hidden);
        let looked = a.sources.combine(&keys, Combination::Choice);
        let Some(content) = call.values.get(2) else {
            return self.unknown();
        };
        let mut content = content.element();
        content.each_leaf(&mut |leaf| {
            let own = leaf.sources.clone().joined();
            let is_of_rows = !own.is_empty();
            let sources = looked.combine(&own, Combination::Choice);
            let number = self.numbers.of(Op::Call, &[u32::MAX, number, leaf.number]);
            let range = hull(leaf.range, Some(Wide::exactly(0)));
            *leaf = Leaf {
                private: leaf.private || a.private || b.private,
                ..leaf.derived(sources, number)
            };
            *leaf = leaf.clone().lying(range, None);
            // For rows with equal keys, of which one may have them all, it is what the same row has: no count is one of the
            // rows behind it.
            if is_of_rows {
                leaf.subsets.insert(self.numbers.fresh());
            }
            leaf.rounds = leaf.rounds.saturating_add(rounds(call.builtin));
        });
        let mut present = a
            .combine(b, Combination::Choice, number)
            .derived(looked.clone(), number);
        present = present.lying(Some(BIT), None);
        Value::Many(Box::new(Value::Parts(vec![Value::Leaf(present), content])))
    }

    /// Products of matrices and linear models: mixed over the collections whose rows they add up.
    pub(super) fn matrix(&mut self, call: &Call<'_>) -> Value {
        let whole = call.combined(Combination::Number, self);
        let types: Vec<&Type> = call.args.iter().map(|a| &a.ty).collect();
        let mut over = column_spaces(&types);
        if call.builtin == Builtin::MatMul {
            let (Some(a), Some(b)) = (types.first(), types.get(1)) else {
                return self.unknown();
            };
            // Only in the places of rows do rows meet what belongs to them: a list weighs each as it likes.
            let space = |ty: Option<&Type>| match ty {
                Some(Type::Rows(_, collection)) => Some(*collection),
                _ => None,
            };
            let (inner, outer) = (space(a.element()), space(Some(b)));
            over.retain(|c| inner == Some(*c) && outer == Some(*c));
        }
        let sources = match call.builtin {
            Builtin::MatMul => self.product_sources(call, &over),
            // Coefficients on a condition are means of those who fulfil it and of the others. And what is likely is nothing
            // here and all there: with a column of a large multiple, as a condition would say.
            _ => {
                let is_step = call.builtin == Builtin::LogReg && whole.columns.len() > 1;
                let all = whole.sources.clone().several();
                let all = all.decided(picking(whole.picks_itself() || is_step));
                all.reduced(&over, Mix::Aggregate)
            }
        };
        let number = self.numbers.fresh();
        let within = |limit: i128| {
            let range = Wide {
                low: -limit,
                high: limit,
            };
            Some(shifted_up(range, call.fraction().unwrap_or(0)))
        };
        let range = match call.builtin {
            Builtin::LinReg => within(COEFFICIENT_LIMIT),
            Builtin::LogReg => within(WEIGHT_LIMIT),
            _ => self.product_range(call),
        };
        let mut leaf = whole.derived(sources, number);
        leaf.rounds = leaf.rounds.saturating_add(rounds(call.builtin));
        let mut value = Value::like(&leaf, &call.expr.ty, self.hir, &mut self.numbers);
        value.each_leaf(&mut |leaf| *leaf = leaf.clone().lying(range, None));
        if self.muted == 0 {
            self.entry.scaled_products |= leaf.private;
        }
        value
    }

    /// The places of rows over which a product of matrices adds are gone: those inside of the first, and those of the second. Rows
    /// of the first, and columns of the second, stand where they stood.
    fn product_sources(&mut self, call: &Call<'_>, over: &[usize]) -> Sources {
        let is_rows =
            |i: usize| matches!(call.args.get(i).map(|arg| &arg.ty), Some(Type::Rows(..)));
        let (a, b) = (call.whole(0, self).sources, call.whole(1, self).sources);
        let (mut a, mut b) = (a.several(), b.several());
        if call.whole(0, self).picks(&call.whole(1, self)) {
            // A sum of products with truth values is a sum of those that are picked.
            (a, b) = (
                a.decided(Combination::Selection),
                b.decided(Combination::Selection),
            );
        }
        if !is_rows(0) {
            a = a.reduced(over, Mix::Aggregate);
        }
        if is_rows(1) || !has_space(&call.expr.ty) {
            b = b.reduced(over, Mix::Aggregate);
        } else if is_rows(0) {
            b = b.loose();
        }
        let both = a.combine(&b, Combination::Number);
        match has_space(&call.expr.ty) {
            true => both,
            false => both.reduced(over, Mix::Aggregate),
        }
    }

    fn product_range(&mut self, call: &Call<'_>) -> Option<Wide> {
        let (a, b) = (call.whole(0, self).range?, call.whole(1, self).range?);
        let terms = call.args.get(1).map(|b| self.elements(&b.ty).high)?;
        let sum = a.times(b).times(Wide {
            low: 0,
            high: terms,
        });
        Some(call.fraction().map_or(sum, |f| shifted_down(sum, f)))
    }
}
