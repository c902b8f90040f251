//! Functions of lists that are no vector: of numbers that everyone knows, and of numbers with a value for each row. They are written out,
//! element by element, with comparisons and choices. So are places in lists, which no operation gives.

use enigma_bytecode::model::Order;

use super::super::statement::Execution;
use super::super::value::Value;
use super::super::{Done, stop};
use super::Call;
use super::reordered::known_order;
use crate::hir::{BinaryOp, Builtin};
use crate::span::Span;

/// Longest list that is sorted so, by some 540 comparisons.
const MOST_SORTED: usize = 64;

/// The furthest of some elements: its place, itself, and the furthest of the others, if there are any.
struct Furthest {
    place: Value,
    first: Value,
    second: Option<Value>,
}

impl Execution<'_> {
    /// What a call gives, if it is one that is written out.
    pub(super) fn written_out(&mut self, call: &Call) -> Done<Option<Value>> {
        use Builtin as B;
        let Some(Value::Many(list)) = call.values.first() else {
            return Ok(None);
        };
        let span = call.span;
        let is_place = matches!(call.builtin, B::ArgMin | B::ArgMax | B::Top2);
        if !is_place && !is_no_vector(list) {
            return Ok(None);
        }
        let (up, down) = (BinaryOp::Greater, BinaryOp::Less);
        Ok(Some(match call.builtin {
            B::Max => self.furthest(list, up, span)?.first,
            B::Min => self.furthest(list, down, span)?.first,
            B::ArgMax => self.furthest(list, up, span)?.place,
            B::ArgMin => self.furthest(list, down, span)?.place,
            B::Top2 => {
                let found = self.furthest(list, up, span)?;
                let second = found.second.unwrap_or(Value::Known(0));
                Value::Many(vec![found.place, found.first, second])
            }
            B::Rank => self.places(list, down, span)?,
            B::RankDesc => self.places(list, up, span)?,
            B::Sort => Value::Many(self.in_order(list, span)?),
            B::SortDesc => Value::Many(self.descending(list, span)?),
            B::Top => {
                let Some(Value::Known(count)) = call.values.get(1) else {
                    return self.unknown(call);
                };
                let mut largest = self.descending(list, span)?;
                largest.resize(usize::try_from(*count).unwrap_or(0), Value::Known(0));
                Value::Many(largest)
            }
            B::Median | B::Quantile | B::Highest => self.at_its_place(call, list)?,
            B::Histogram => self.between(call, list)?,
            _ => return Ok(None),
        }))
    }

    /// The furthest element, of equal ones the first; of no elements 0 at 0. As a tree, so that few comparisons wait for each other.
    fn furthest(&mut self, list: &[Value], relation: BinaryOp, span: Span) -> Done<Furthest> {
        self.furthest_from(0, list, relation, span)
    }

    fn furthest_from(
        &mut self,
        at: i64,
        list: &[Value],
        relation: BinaryOp,
        span: Span,
    ) -> Done<Furthest> {
        self.step()?;
        if let [] | [_] = list {
            return Ok(Furthest {
                place: Value::Known(at),
                first: list.first().cloned().unwrap_or(Value::Known(0)),
                second: None,
            });
        }
        let half = list.len() / 2;
        let left = self.furthest_from(at, &list[..half], relation, span)?;
        let right = self.furthest_from(at + half as i64, &list[half..], relation, span)?;
        let mut arithmetic = self.arithmetic(span);
        let wins = arithmetic.compare(relation, &right.first, &left.first)?;
        let place = arithmetic.select(&wins, &right.place, &left.place)?;
        let first = arithmetic.select(&wins, &right.first, &left.first)?;
        // The second of the side that loses is no further than its first.
        let mut second = arithmetic.select(&wins, &left.first, &right.first)?;
        for other in [left.second, right.second].into_iter().flatten() {
            second = self.further(relation, &second, &other, span)?;
        }
        Ok(Furthest {
            place,
            first,
            second: Some(second),
        })
    }

    /// For each element 1 + how many come strictly before.
    fn places(&mut self, list: &[Value], relation: BinaryOp, span: Span) -> Done<Value> {
        let mut places = Vec::new();
        for one in list {
            let mut place = Value::Known(1);
            for other in list {
                self.step()?;
                let before = self.arithmetic(span).compare(relation, other, one)?;
                place = (self.arithmetic(span)).number(BinaryOp::Add, &place, &before)?;
            }
            places.push(place);
        }
        Ok(Value::Many(places))
    }

    /// The elements, ascending: Batcher's merge exchange (Knuth, The Art of Computer Programming 3, 5.2.2, algorithm M).
    fn in_order(&mut self, list: &[Value], span: Span) -> Done<Vec<Value>> {
        if let Some(places) = known_order(list, Order::Ascending) {
            return Ok(places.iter().map(|place| list[*place].clone()).collect());
        }
        if list.len() > MOST_SORTED {
            return stop(span, "so long a list");
        }
        let mut sorted = list.to_vec();
        let top = list.len().next_power_of_two() / 2;
        let mut p = top;
        while p > 0 {
            let (mut q, mut r, mut d) = (top, 0, p);
            loop {
                for i in (0..list.len().saturating_sub(d)).filter(|i| i & p == r) {
                    self.step()?;
                    let (a, b) = (sorted[i].clone(), sorted[i + d].clone());
                    let mut arithmetic = self.arithmetic(span);
                    let turn = arithmetic.compare(BinaryOp::Greater, &a, &b)?;
                    sorted[i] = arithmetic.select(&turn, &b, &a)?;
                    sorted[i + d] = arithmetic.select(&turn, &a, &b)?;
                }
                if q == p {
                    break;
                }
                (d, q, r) = (q - p, q / 2, p);
            }
            p /= 2;
        }
        Ok(sorted)
    }

    fn descending(&mut self, list: &[Value], span: Span) -> Done<Vec<Value>> {
        let mut sorted = self.in_order(list, span)?;
        sorted.reverse();
        Ok(sorted)
    }

    /// One element of the sorted list; 0 of no elements.
    fn at_its_place(&mut self, call: &Call, list: &[Value]) -> Done<Value> {
        let len = list.len() as i64;
        // Counted from 1.
        let place = match (call.builtin, call.values.get(1), call.values.get(2)) {
            (Builtin::Median, ..) => (len + 1) / 2,
            (Builtin::Quantile, Some(Value::Known(part)), Some(Value::Known(of))) => {
                (len * part + of - 1) / of
            }
            (Builtin::Highest, Some(Value::Known(from_above)), _) => {
                len + 1 - from_above.clamp(&0, &len)
            }
            _ => return stop(call.span, "a place that a run decides"),
        };
        let sorted = self.in_order(list, call.span)?;
        let place = place.clamp(1, len.max(1)) as usize - 1;
        Ok(sorted.get(place).cloned().unwrap_or(Value::Known(0)))
    }

    /// How many elements lie below the first edge, between neighbours, and from the last one on.
    fn between(&mut self, call: &Call, list: &[Value]) -> Done<Value> {
        let Some(Value::Many(edges)) = call.values.get(1) else {
            return self.unknown(call);
        };
        let span = call.span;
        let (mut counts, mut so_far) = (Vec::new(), Value::Known(0));
        for edge in edges {
            let mut below = Value::Known(0);
            for one in list {
                self.step()?;
                let is_below = (self.arithmetic(span)).compare(BinaryOp::Less, one, edge)?;
                below = (self.arithmetic(span)).number(BinaryOp::Add, &below, &is_below)?;
            }
            counts.push((self.arithmetic(span)).number(BinaryOp::Sub, &below, &so_far)?);
            so_far = below;
        }
        let len = Value::Known(list.len() as i64);
        counts.push((self.arithmetic(span)).number(BinaryOp::Sub, &len, &so_far)?);
        Ok(Value::Many(counts))
    }
}

/// Whether no vector can be made of the elements: everyone knows all of them, or one has a value for each row.
fn is_no_vector(list: &[Value]) -> bool {
    let is_number =
        |part: &Value| matches!(part, Value::Known(_) | Value::Public(_) | Value::Secret(_));
    let per_row = |part: &Value| matches!(part, Value::Secret(secret) if secret.vector);
    list.iter().all(is_number) && (!list.iter().any(Value::is_secret) || list.iter().any(per_row))
}
