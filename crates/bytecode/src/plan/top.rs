//! The first few of a vector in an order.
//!
//! Of what can give them, exact costs decide, a round weighed as the traffic it is worth:
//! - up to two by the tournaments of [`super::extremes`];
//! - **by pairs**, for few rows: positions from n(n-1)/2 comparisons ([`super::rank`]), k n equalities with the
//!   positions wanted, which are public, and k inner products. It opens nothing but masked differences, so that any
//!   committee can do it;
//! - **by sorting** ([`super::sort`]): the first k of the sorted vector. It grows as the rows do.

use enigma_field::PrimeField;

use super::build::Builder;
use super::error::PlanError;
use super::ir::View;
use super::{FIRST_MAIN_CALL, extremes, rank, relation, sort};
use crate::interval::Interval;
use crate::model::{Order, Relation};

/// Most pairs that are compared one by one.
const MOST_PAIRS: u64 = 1 << 20;

/// The first `count` of a vector in an order: from one to as many as it has. `range`: where its values lie.
pub(super) fn first<F: PrimeField>(
    b: &mut Builder<F>,
    values: View,
    range: Interval,
    (count, order): (u32, Order),
) -> Result<View, PlanError> {
    let wanted = Wanted {
        values,
        range,
        count,
        order,
    };
    let mut best: Option<(u64, Method)> = None;
    let mut problem = None;
    for method in wanted.methods() {
        match wanted.weight(b, method) {
            Ok(weight) if best.is_none_or(|(least, _)| weight < least) => {
                best = Some((weight, method));
            }
            Ok(_) => {}
            Err(error) => problem = Some(error),
        }
    }
    match (best, problem) {
        (None, Some(error)) => Err(error),
        (best, _) => {
            let method = best.map_or(Method::Sorting, |(_, method)| method);
            wanted.found_by(b, method)
        }
    }
}

#[derive(Clone, Copy)]
enum Method {
    Tournament,
    Pairs,
    Sorting,
}

#[derive(Clone, Copy)]
struct Wanted {
    values: View,
    range: Interval,
    count: u32,
    order: Order,
}

impl Wanted {
    /// How they can be found.
    fn methods(self) -> Vec<Method> {
        let rows = u64::from(self.values.len);
        let few = rows * (rows - 1) / 2 <= MOST_PAIRS;
        let equalities = rows * u64::from(self.count) <= super::TILE.into();
        let methods = [
            (self.count <= 2, Method::Tournament),
            (few && equalities, Method::Pairs),
            (true, Method::Sorting),
        ];
        let possible = methods.into_iter().filter(|(possible, _)| *possible);
        possible.map(|(_, method)| method).collect()
    }

    /// What it costs alone.
    fn weight<F: PrimeField>(self, b: &Builder<F>, method: Method) -> Result<u64, PlanError> {
        let calls = (FIRST_MAIN_CALL, u32::MAX);
        let mut alone: Builder<F> = Builder::new(b.committee(), calls, b.limits());
        let values = alone.input(0, self.values.len);
        Wanted { values, ..self }.found_by(&mut alone, method)?;
        Ok(alone.finish()?.cost.weight_bytes())
    }

    fn found_by<F: PrimeField>(
        self,
        b: &mut Builder<F>,
        method: Method,
    ) -> Result<View, PlanError> {
        let (values, range, order) = (self.values, self.range, self.order);
        match (method, self.count) {
            (Method::Tournament, 1) => extremes::first(b, values, order),
            (Method::Tournament, _) => extremes::first_two(b, values, range, order),
            (Method::Pairs, _) => self.by_pairs(b),
            (Method::Sorting, count) => {
                let sorted = sort::by_keys(b, values, range, order)?;
                Ok(sorted.apply(b, &[values])?[0].part(0, count))
            }
        }
    }

    fn by_pairs<F: PrimeField>(self, b: &mut Builder<F>) -> Result<View, PlanError> {
        let positions = rank::positions(b, self.values)?;
        let rows = self.values.len;
        let distances = (0..self.count).map(|at| {
            let wanted = match self.order {
                Order::Ascending => 1 + at,
                Order::Descending => rows - at,
            };
            (F::ONE, -F::from_u64(wanted.into()))
        });
        b.begin();
        let distances = b.blocks(positions, distances.collect());
        let zero = [(F::ONE, distances)];
        let hot = relation::holds(b, Relation::Equal, &zero, F::ZERO)?;
        b.begin();
        b.matrix_product((hot, self.values), [self.count, rows, 1])
    }
}
