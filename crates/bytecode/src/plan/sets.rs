//! Sets of keys wider than an element: equal rows, first occurrences, intersections and joins.
//!
//! A key is a row of limbs, given by one block for each limb. Nobody learns which keys are equal, nor how many.
//!
//! **Digests.** Keys of one limb stand for themselves. Of longer ones the committee takes h(x) = x_0 + rho x_1 +
//! rho^2 x_2 + ... for an element rho that is random, shared and never opened (den Boer, "A simple and key-economical
//! unconditional authentication scheme", 1993): rho is drawn in the run, after all keys are fixed. Two different
//! keys of L limbs have equal digests for at most L - 1 of all rho. So with D keys no two of them that differ have
//! equal digests but with probability D^2 / 2 (L - 1) / p; where that is above 2^-40, two digests are
//! taken ([`Digests::of`] plans it). All results are exact unless that happens, hence but with
//! probability 2^-39. A sort goes by as many low bits of the digests as keep that bound, 42 + log2(D^2 / 2) +
//! log2(L - 1) of one digest: integers with k equal low bits differ by one of 2^(b-k+1) multiples of 2^k.
//! Where the limbs themselves have no more bits, they are sorted by and compared, and nothing errs.
//!
//! **By sorting** (Blanton, Aguiar, "Private and oblivious set and multiset operations", 2012): all keys of both sides, those of the right side first, are sorted by digests ([`super::sort`],
//! which is stable), and each row is compared with the one before. What a valid right row brings goes down its run
//! of equal keys: v_k = a_k + c_k v_(k-1), with c_k = [same key] (1 - [valid right row]), which joins
//! neighbours' steps in ceil(log2 N) layers (Hillis, Steele, "Data parallel algorithms", 1986) of two products
//! a row, and one more for each further column. The way back of the sort's shuffle puts results to their rows.
//! Of several valid right rows with one key the last counts.
//!
//! **By pairs**: every left row is compared with every right one. Which of both is taken, its exact cost
//! decides, a round weighed as the traffic it is worth; joins that bring columns always sort.
//!
//! N rows by sorting: L - 2 + N products for each digest, the sort by its bits, N - 1 equalities for each
//! column compared, N for the c_k, N log2 N for each of (columns + 1) of the scan, two shuffles of the columns. By
//! pairs: n m equalities for each column compared, and n.

use enigma_field::{Committee, PrimeField};

use super::build::Builder;
use super::cost::{Cost, Limits};
use super::error::PlanError;
use super::ir::View;
use super::sort::{self, Permutation};
use super::tiling::by_rows;
use super::{FIRST_MAIN_CALL, bits, product, rank, relation};
use crate::interval::Interval;
use crate::model::Relation;

/// Most limbs of a key.
pub(super) const MOST_LIMBS: u32 = 64;

/// Most pairs that are compared one by one.
const MOST_PAIRS: u64 = 1 << 20;

/// The probability that an operation errs is below 2 to the power of minus this, and one less.
const ERROR_BITS: u32 = 40;

/// Keys, one block for each limb.
#[derive(Clone, Copy)]
pub(super) struct Keys {
    pub(super) limbs: View,
    pub(super) count: u32,
    /// Where limbs lie.
    pub(super) range: Interval,
}

impl Keys {
    /// How many keys.
    pub(super) fn rows(self) -> u32 {
        self.limbs.len / self.count
    }

    fn limb(self, limb: u32) -> View {
        self.limbs.part(limb * self.rows(), self.rows())
    }

    /// These keys and then others, of as many limbs.
    fn and<F: PrimeField>(self, b: &mut Builder<F>, others: Keys) -> Keys {
        let both = |limb: u32| [self.limb(limb), others.limb(limb)];
        let all: Vec<View> = (0..self.count).flat_map(both).collect();
        Keys {
            limbs: b.concat(&all),
            range: Interval {
                low: self.range.low.min(others.range.low),
                high: self.range.high.max(others.range.high),
            },
            ..self
        }
    }
}

/// Whether keys are equal, row by row. Exact: as many equalities as there are limbs, and one product fewer.
pub(super) fn equal_rows<F: PrimeField>(
    b: &mut Builder<F>,
    x: Keys,
    y: Keys,
) -> Result<View, PlanError> {
    let difference = [(F::ONE, x.limbs), (-F::ONE, y.limbs)];
    let equal = relation::exactly(b, Relation::Equal, &difference, F::ZERO)?;
    let rows = x.rows();
    let limbs = (0..x.count).map(|limb| equal.part(limb * rows, rows));
    all_set(b, limbs.collect())
}

/// Which keys are the first of those equal to them.
pub(super) fn distinct<F: PrimeField>(b: &mut Builder<F>, keys: Keys) -> Result<View, PlanError> {
    let rows = keys.rows();
    if rows < 2 {
        b.begin();
        return Ok(b.constant(F::ONE, rows));
    }
    let pairs = u64::from(rows) * u64::from(rows - 1) / 2;
    let by_pairs = |b: &mut Builder<F>, keys: Keys| {
        let columns = Digests::of(b, keys)?.columns;
        let earlier = rank::earlier_equals(b, &columns)?;
        relation::exactly(b, Relation::Equal, &[(F::ONE, earlier)], F::ZERO)
    };
    let cheapest = cheaper(
        b,
        pairs,
        &[keys],
        |b, keys| by_pairs(b, keys[0]),
        |b, keys| distinct_by_sorting(b, keys[0]),
    )?;
    match cheapest {
        Method::Pairs => by_pairs(b, keys),
        Method::Sorting => distinct_by_sorting(b, keys),
    }
}

fn distinct_by_sorting<F: PrimeField>(b: &mut Builder<F>, keys: Keys) -> Result<View, PlanError> {
    let digests = Digests::of(b, keys)?;
    let order = digests.order(b)?;
    let (sorted, back) = order.apply_and_remember(b, &digests.columns)?;
    let same = same_as_before(b, &sorted)?;
    b.begin();
    let first = b.linear(&[(-F::ONE, same)], F::ONE);
    Ok(back.put_back(b, &[first])?[0])
}

/// The right side of a join.
pub(super) struct Right<'a> {
    pub(super) keys: Keys,
    /// Which rows take part.
    pub(super) valid: View,
    /// What they bring.
    pub(super) columns: &'a [View],
}

/// For each left row: whether a valid right row has its key, and the columns of that row, or zeros. One
/// vector for each.
pub(super) fn join<F: PrimeField>(
    b: &mut Builder<F>,
    left: Keys,
    right: &Right<'_>,
) -> Result<Vec<View>, PlanError> {
    if !right.columns.is_empty() {
        return join_by_sorting(b, left, right);
    }
    let pairs = u64::from(left.rows()) * u64::from(right.keys.rows());
    let by_pairs = |b: &mut Builder<F>, left: Keys, right: &Right<'_>| {
        match_by_pairs(b, left, right).map(|matched| vec![matched])
    };
    let right_of = |b: &mut Builder<F>, keys: Keys| {
        b.begin();
        Right {
            valid: b.constant(F::ONE, keys.rows()),
            keys,
            columns: &[],
        }
    };
    let cheapest = cheaper(
        b,
        pairs,
        &[left, right.keys],
        |b, keys| {
            let right = right_of(b, keys[1]);
            by_pairs(b, keys[0], &right)
        },
        |b, keys| {
            let right = right_of(b, keys[1]);
            join_by_sorting(b, keys[0], &right)
        },
    )?;
    match cheapest {
        Method::Pairs => by_pairs(b, left, right),
        Method::Sorting => join_by_sorting(b, left, right),
    }
}

fn join_by_sorting<F: PrimeField>(
    b: &mut Builder<F>,
    left: Keys,
    right: &Right<'_>,
) -> Result<Vec<View>, PlanError> {
    b.begin();
    let (before, own) = (right.keys.rows(), left.rows());
    let keys = right.keys.and(b, left);
    let nothing = b.constant(F::ZERO, own);
    let mut brought = vec![b.concat(&[right.valid, nothing])];
    for column in right.columns {
        let taking_part = product::product(b, *column, right.valid)?;
        b.begin();
        brought.push(b.concat(&[taking_part, nothing]));
    }

    let digests = Digests::of(b, keys)?;
    let order = digests.order(b)?;
    let columns = [&digests.columns[..], &brought].concat();
    let (sorted, back) = order.apply_and_remember(b, &columns)?;
    let (sorted, brought) = sorted.split_at(digests.columns.len());
    let same = same_as_before(b, sorted)?;
    let found = carried(b, same, brought)?;
    let found = back.put_back(b, &found)?;
    Ok(found.iter().map(|all| all.part(before, own)).collect())
}

/// What the last row before with a bit of the first column brings, within a run of equal keys.
fn carried<F: PrimeField>(
    b: &mut Builder<F>,
    same: View,
    brought: &[View],
) -> Result<Vec<View>, PlanError> {
    let rows = same.len;
    let ends = product::product(b, same, brought[0])?;
    b.begin();
    let mut goes_on = b.linear(&[(F::ONE, same), (-F::ONE, ends)], F::ZERO);
    let mut values = brought.to_vec();
    let mut distance = 1;
    while distance < rows {
        let left = rows - distance;
        let upper = goes_on.part(distance, left);
        let mut products = Vec::new();
        for value in &values {
            products.push(product::product(b, upper, value.part(0, left))?);
        }
        let joined = product::product(b, upper, goes_on.part(0, left))?;
        b.begin();
        for (value, more) in values.iter_mut().zip(products) {
            let nothing = b.constant(F::ZERO, distance);
            let more = b.concat(&[nothing, more]);
            *value = b.linear(&[(F::ONE, *value), (F::ONE, more)], F::ZERO);
        }
        // The first rows have nothing before them.
        let nothing = b.constant(F::ZERO, distance);
        goes_on = b.concat(&[nothing, joined]);
        distance *= 2;
    }
    Ok(values)
}

/// Whether a valid right row has the key of each left row.
fn match_by_pairs<F: PrimeField>(
    b: &mut Builder<F>,
    left: Keys,
    right: &Right<'_>,
) -> Result<View, PlanError> {
    b.begin();
    let (before, own) = (right.keys.rows(), left.rows());
    let keys = right.keys.and(b, left);
    let digests = Digests::of(b, keys)?;
    let most = super::TILE / before;
    let matches = by_rows(b, own, 1, most, |b, first, rows| {
        let mut equal = Vec::new();
        for column in &digests.columns {
            b.begin();
            let theirs = column.part(0, before);
            let differences: Vec<View> = (first..first + rows)
                .map(|row| {
                    let mine = column.part(before + row, 1);
                    b.linear(&[(F::ONE, mine), (-F::ONE, theirs)], F::ZERO)
                })
                .collect();
            let differences = b.concat(&differences);
            let zero = [(F::ONE, differences)];
            equal.push(relation::exactly(b, Relation::Equal, &zero, F::ZERO)?);
        }
        let equal = all_set(b, equal)?;
        b.begin();
        b.matrix_product((equal, right.valid), [rows, before, 1])
    })?;
    let none = relation::exactly(b, Relation::Equal, &[(F::ONE, matches)], F::ZERO)?;
    b.begin();
    Ok(b.linear(&[(-F::ONE, none)], F::ONE))
}

/// What keys are compared and sorted by.
struct Digests {
    /// Different for different keys.
    columns: Vec<View>,
    /// How many low bits of each column, less `low`, the order goes by.
    widths: Vec<u32>,
    low: i64,
}

impl Digests {
    /// Of keys, of which any two may be compared.
    fn of<F: PrimeField>(b: &mut Builder<F>, keys: Keys) -> Result<Digests, PlanError> {
        let width = sort::width(keys.range);
        let rows = keys.rows();
        let widths = digest_widths(F::BITS, rows, keys.count);
        if keys.count == 1 || widths.iter().sum::<u32>() >= keys.count * width {
            return Ok(Digests {
                columns: (0..keys.count).map(|limb| keys.limb(limb)).collect(),
                widths: vec![width; keys.count as usize],
                low: keys.range.low,
            });
        }
        let higher = keys.limbs.part(rows, keys.limbs.len - rows);
        let mut columns = Vec::new();
        for _ in &widths {
            b.begin();
            let rho = b.random(1)?;
            let mut powers = vec![rho];
            for _ in 2..keys.count {
                let last = powers[powers.len() - 1];
                powers.push(b.multiply(&[(last, rho)])?);
            }
            let powers = b.concat(&powers);
            let sums = b.matrix_product((powers, higher), [1, keys.count - 1, rows])?;
            columns.push(b.linear(&[(F::ONE, keys.limb(0)), (F::ONE, sums)], F::ZERO));
        }
        Ok(Digests {
            columns,
            widths,
            low: 0,
        })
    }

    /// The stable order by these bits.
    fn order<F: PrimeField>(&self, b: &mut Builder<F>) -> Result<Permutation, PlanError> {
        let mut all = Vec::new();
        for (column, width) in self.columns.iter().zip(&self.widths) {
            b.begin();
            let numbers = b.linear(&[(F::ONE, *column)], -F::from_i64(self.low));
            all.push(bits::decompose(b, numbers, *width)?);
        }
        b.begin();
        let all = b.concat(&all);
        sort::by_digits(b, all, self.widths.iter().sum())
    }
}

/// For D keys of L limbs, how many low bits of each digest the order goes by, so that some two different
/// keys have all of them equal with probability 2^-[`ERROR_BITS`] at most. Each digest but the last is taken
/// whole.
fn digest_widths(field_bits: u32, rows: u32, limbs: u32) -> Vec<u32> {
    let log2 = |x: u64| x.next_power_of_two().ilog2();
    let roots = log2(u64::from(limbs) - 1);
    let pairs = log2(u64::from(rows) * u64::from(rows) / 2);
    let mut wanted = ERROR_BITS + pairs;
    let mut widths = Vec::new();
    loop {
        // Of k low bits they are equal with probability (L - 1) 2^(2 - k) at most, of all of them with
        // (L - 1) / p.
        let needed = wanted + roots + 2;
        if needed < field_bits {
            widths.push(needed);
            return widths;
        }
        widths.push(field_bits);
        wanted -= (field_bits - 1 - roots).min(wanted);
    }
}

/// For each sorted row, whether it has the key of the row before.
fn same_as_before<F: PrimeField>(b: &mut Builder<F>, sorted: &[View]) -> Result<View, PlanError> {
    let mut equal = Vec::new();
    for column in sorted {
        let left = column.len - 1;
        let difference = [
            (F::ONE, column.part(1, left)),
            (-F::ONE, column.part(0, left)),
        ];
        equal.push(relation::exactly(b, Relation::Equal, &difference, F::ZERO)?);
    }
    let equal = all_set(b, equal)?;
    b.begin();
    let nothing = b.constant(F::ZERO, 1);
    Ok(b.concat(&[nothing, equal]))
}

/// Where all of some bits are 1.
fn all_set<F: PrimeField>(b: &mut Builder<F>, bits: Vec<View>) -> Result<View, PlanError> {
    let mut left = bits;
    while left.len() > 1 {
        let mut joined = Vec::new();
        for pair in left.chunks(2) {
            joined.push(match *pair {
                [x, y] => product::product(b, x, y)?,
                _ => pair[0],
            });
        }
        left = joined;
    }
    Ok(left[0])
}

/// How rows are compared.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Method {
    Pairs,
    Sorting,
}

/// The method that costs less for keys like these, alone in a plan.
fn cheaper<F: PrimeField, T>(
    b: &Builder<F>,
    pairs: u64,
    keys: &[Keys],
    by_pairs: impl Fn(&mut Builder<F>, &[Keys]) -> Result<T, PlanError>,
    sorting: impl Fn(&mut Builder<F>, &[Keys]) -> Result<T, PlanError>,
) -> Result<Method, PlanError> {
    let right = keys[keys.len() - 1].rows();
    if pairs > MOST_PAIRS || right > super::TILE {
        return Ok(Method::Sorting);
    }
    let (committee, limits) = (b.committee(), b.limits());
    let sorted = match alone(committee, limits, keys, sorting) {
        Err(PlanError::ShuffleCommittee { .. }) => return Ok(Method::Pairs),
        cost => cost?,
    };
    Ok(match alone(committee, limits, keys, by_pairs) {
        Ok(cost) if cost.weight_bytes() <= sorted.weight_bytes() => Method::Pairs,
        _ => Method::Sorting,
    })
}

/// What an operation costs alone.
fn alone<F: PrimeField, T>(
    committee: Committee,
    limits: Limits,
    keys: &[Keys],
    operation: impl Fn(&mut Builder<F>, &[Keys]) -> Result<T, PlanError>,
) -> Result<Cost, PlanError> {
    let mut b: Builder<F> = Builder::new(committee, (FIRST_MAIN_CALL, u32::MAX), limits);
    let given = (0..).zip(keys).map(|(place, keys)| Keys {
        limbs: b.input(place, keys.limbs.len),
        ..*keys
    });
    let given: Vec<Keys> = given.collect();
    operation(&mut b, &given)?;
    Ok(b.finish()?.cost)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// log2 of the bound on the probability that two of the keys have equal digests.
    fn error_log2(field_bits: u32, rows: u32, limbs: u32, widths: &[u32]) -> f64 {
        let roots = f64::from(limbs - 1).log2();
        let pairs = (f64::from(rows) * f64::from(rows) / 2.0).log2();
        let each = widths.iter().map(|width| {
            if *width == field_bits {
                roots - f64::from(field_bits - 1)
            } else {
                roots + 2.0 - f64::from(*width)
            }
        });
        pairs + each.sum::<f64>()
    }

    #[test]
    fn digests_are_as_long_as_the_bound_asks() {
        for field_bits in [61, 127] {
            for rows in [2, 100, 8192, 1 << 20, 1 << 21] {
                for limbs in [2, 3, 5, 64] {
                    let widths = digest_widths(field_bits, rows, limbs);
                    let error = error_log2(field_bits, rows, limbs, &widths);
                    assert!(error <= -40.0, "{rows} rows, {limbs} limbs: 2^{error}");
                    assert!(error > -70.0, "{rows} rows, {limbs} limbs: 2^{error}");
                }
            }
        }
        assert_eq!(digest_widths(127, 8192, 5), [40 + 25 + 2 + 2]);
        assert_eq!(digest_widths(61, 8192, 5), [61, 40 + 25 - 58 + 2 + 2]);
    }
}
