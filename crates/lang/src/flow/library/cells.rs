//! Counts and statistics of the rows with each key.

use enigma_bytecode::interval::Wide;

use super::call::{Call, rounds, whole_spaces};
use crate::flow::sources::{Combination, Mix};
use crate::flow::value::{Move, Moves, Value, hull};
use crate::flow::walk::Walk;
use crate::hir::Builtin;

impl Walk<'_> {
    /// Counts and statistics of the rows with each key.
    ///
    /// Moves: a row that changes its key leaves one cell and enters another, so that two counts move by one.
    pub(super) fn cells(&mut self, call: &Call<'_>) -> Value {
        use Builtin as B;
        let counted = matches!(call.builtin, B::Histogram | B::HistogramEnum | B::CellCount);
        let open = matches!(call.builtin, B::Histogram | B::HistogramEnum);
        let how = if open {
            Combination::Number
        } else {
            Combination::Choice
        };
        let whole = call.combined(how, self);
        let keys = call.whole(0, self);
        let over = whole_spaces(&call.args.iter().map(|a| &a.ty).collect::<Vec<_>>());
        let chosen = whole.sources.chosen_in(&over);
        let to = if open { Mix::Aggregate } else { Mix::Hidden };
        let sources = whole.sources.clone().several().reduced(&over, to);
        let count = call
            .args
            .first()
            .map_or(Wide::exactly(0), |a| self.elements(&a.ty));
        let any = Wide {
            low: 0,
            high: count.high,
        };
        let v = call
            .args
            .get(1)
            .and(call.values.get(1))
            .and_then(|v| v.leaf()?.range);
        let range = match call.builtin {
            _ if counted => Some(any),
            B::CellSum => v.map(|v| v.times(any)),
            _ => hull(v, Some(Wide::exactly(0))),
        };
        // Of a histogram over numbers its edges say which rows are in which cell.
        let mark = match call.builtin {
            B::Histogram => [call.builtin as u32, whole.number],
            _ => [u32::MAX, keys.number],
        };
        let mark = self.numbers.cells(&mark);
        let number = whole.number;
        let mut value = whole.derived(sources, number);
        value.displace(&mut self.numbers);
        if !open || chosen {
            value.subsets.insert(mark);
        }
        let is_linear = matches!(call.builtin, B::CellSum | B::CellMean);
        let of = call.whole(1, self);
        let picks = of.sources.chosen_in(&over) || !is_linear && of.orders_itself();
        if !counted && picks {
            // Of the rows of a cell it is those that one column picks.
            value.subsets.insert(self.numbers.fresh());
        }
        let moves = counted.then(|| {
            let own = over.iter().map(|collection| {
                let rows = self.rows_per_giver(*collection);
                let moved = Move {
                    each: rows,
                    together: Some(rows.saturating_mul(2)),
                };
                (*collection, moved)
            });
            own.collect::<Moves>()
        });
        // Only where keys depend on their own rows alone does a giver move no other row.
        let moves = moves.filter(|_| keys.moves.is_empty());
        value = value.lying(range, moves.as_ref());
        value.counts = counted.then_some(mark);
        value.sums = match call.builtin {
            B::CellSum => Some(mark).zip(v),
            _ => None,
        };
        value.rounds = value.rounds.saturating_add(rounds(call.builtin));
        Value::Many(Box::new(Value::Leaf(value)))
    }
}
