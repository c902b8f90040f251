//! Programs of vector operations: each gate is one template over the results of earlier gates.
//!
//! A program is written by trusted code: a test, a benchmark, a compiler. It says of each input where
//! its values lie, and every further range follows; a gate whose result could leave |x| < 2^59 (S15), over
//! 2^127 - 1 |x| < 2^63, is refused, so that comparisons are right for all inputs that keep their promise. Over 2^127 - 1 the promise is one of
//! privacy, too: a value outside its range shows below a bounded mask (`super::statistical`). Inputs of owners who do
//! not trust each other must have passed a range check before. Outputs are **as
//! computed**, fit to be opened only for values that are nobody's secret; a run with recipients
//! re-randomises them.

mod keys;
mod numbers;
mod tables;

use std::collections::BTreeMap;

use enigma_field::{Committee, PrimeField};

use super::build::Builder;
use super::cost::Limits;
use super::error::{GateProblem, Limit, PlanError};
use super::gate::{Gate, Rounding, Value};
use super::ir::{Plan, View};
use super::quotient::Factor;
use super::{
    FIRST_MAIN_CALL, Security, bits, division, extremes, lookup, noise, product, quotient, rank,
    relation, root, select, sort, spread, statistical, statistics, truncation, zero,
};
use crate::interval::{Interval, Wide};

/// The plan of a program. Its inputs are numbered from 0 in place of collections, its outputs are the
/// results of the gates in `shown`, numbered from 0 in place of manifest lines.
///
/// # Errors
/// [`PlanError::Gate`] if a gate cannot be applied to its operands, [`PlanError::OverLimit`] if the run
/// would pass a limit, [`PlanError::ShuffleCommittee`].
pub fn program<F: PrimeField>(
    gates: &[Gate],
    shown: &[Value],
    committee: Committee,
    security: Security,
    limits: Limits,
) -> Result<Plan<F>, PlanError> {
    let mut b = Builder::new(committee, (FIRST_MAIN_CALL, u32::MAX), limits);
    if security == Security::SemiHonest {
        b.leave_unverified();
    }
    let mut expansion = Expansion::over(b);
    for (place, gate) in gates.iter().enumerate() {
        expansion.add(gate).map_err(|why| why.at(place))?;
    }
    for (reveal, value) in (0..).zip(shown) {
        let Some(value) = expansion.values.get(value.0 as usize) else {
            return Err(PlanError::Gate {
                gate: value.0 as usize,
                problem: GateProblem::Operand,
            });
        };
        let view = value.view;
        expansion.b.begin();
        // An output is a whole register.
        let whole = expansion.b.concat(&[view]);
        expansion.b.output(reveal, whole);
    }
    expansion.b.finish()
}

/// A result: where it is, and where its elements lie.
#[derive(Clone, Copy)]
pub(super) struct Known {
    pub(super) view: View,
    pub(super) range: Interval,
}

/// Why a gate is not added.
pub(super) enum Refusal {
    Gate(GateProblem),
    Plan(PlanError),
}

impl Refusal {
    /// The error of the gate, or operation, at a place.
    pub(super) fn at(self, place: usize) -> PlanError {
        match self {
            Refusal::Gate(problem) => PlanError::Gate {
                gate: place,
                problem,
            },
            Refusal::Plan(error) => error,
        }
    }
}

impl From<PlanError> for Refusal {
    fn from(error: PlanError) -> Refusal {
        Refusal::Plan(error)
    }
}

impl From<GateProblem> for Refusal {
    fn from(problem: GateProblem) -> Refusal {
        Refusal::Gate(problem)
    }
}

pub(super) const BIT: Interval = Interval { low: 0, high: 1 };

/// Gates on their way to a plan, of programs and of the stages of entries ([`super::run`]).
pub(super) struct Expansion<F: PrimeField> {
    pub(super) b: Builder<F>,
    inputs: u16,
    values: Vec<Known>,
    /// What joins bring beside their results, by the place of the gate.
    joined: BTreeMap<u32, Vec<Known>>,
}

impl<F: PrimeField> Expansion<F> {
    /// No gates yet.
    pub(super) fn over(b: Builder<F>) -> Expansion<F> {
        Expansion {
            b,
            inputs: 0,
            values: Vec::new(),
            joined: BTreeMap::new(),
        }
    }

    /// Adds a gate.
    pub(super) fn add(&mut self, gate: &Gate) -> Result<Value, Refusal> {
        let known = self.gate(gate)?;
        Ok(self.put(known))
    }

    /// Takes a result in that no gate gives.
    pub(super) fn put(&mut self, known: Known) -> Value {
        let value = Value(self.values.len() as u32);
        self.values.push(known);
        value
    }

    fn gate(&mut self, gate: &Gate) -> Result<Known, Refusal> {
        match gate {
            Gate::Input { len, range } => self.input(*len, *range),
            Gate::Linear { .. }
            | Gate::Multiply { .. }
            | Gate::Sum { .. }
            | Gate::PrefixSums { .. }
            | Gate::Part { .. }
            | Gate::Select { .. } => self.arithmetic(gate),
            Gate::DividePublic { .. }
            | Gate::Divide { .. }
            | Gate::ModuloPublic { .. }
            | Gate::Modulo { .. }
            | Gate::SquareRoot { .. }
            | Gate::Remainder { .. }
            | Gate::Truncate { .. }
            | Gate::MultiplyFixed { .. } => self.division(gate),
            Gate::Bits { .. }
            | Gate::Compose { .. }
            | Gate::OneHots { .. }
            | Gate::Lookup { .. }
            | Gate::LookupShared { .. } => self.digits(gate),
            Gate::AtLeast { .. }
            | Gate::BlockSums { .. }
            | Gate::SumWhere { .. }
            | Gate::MeanWhere { .. }
            | Gate::Covariance { .. }
            | Gate::Correlation { .. }
            | Gate::CellQuantile { .. } => self.subsets(gate),
            Gate::EqualRows { .. }
            | Gate::Distinct { .. }
            | Gate::Join { .. }
            | Gate::Joined { .. } => self.sets(gate),
            Gate::MultiplyRounded { .. }
            | Gate::DotRounded { .. }
            | Gate::DivideRounded { .. }
            | Gate::SquareRootRounded { .. }
            | Gate::Absolute { .. }
            | Gate::Smaller { .. }
            | Gate::Larger { .. }
            | Gate::Clamp { .. }
            | Gate::Logistic { .. }
            | Gate::Exp { .. }
            | Gate::Ln { .. }
            | Gate::Regression { .. }
            | Gate::LogisticRegression { .. }
            | Gate::MeanSquare { .. } => self.numbers(gate),
            _ => self.order(gate),
        }
    }

    fn input(&mut self, len: u32, range: Interval) -> Result<Known, Refusal> {
        self.b.limits().check(Limit::VectorLength, len.into())?;
        check(len > 0 && range.low <= range.high, GateProblem::Length)?;
        let range = narrow::<F>(range.into())?;
        let view = self.b.input(self.inputs, len);
        self.inputs += 1;
        Ok(Known { view, range })
    }

    fn arithmetic(&mut self, gate: &Gate) -> Result<Known, Refusal> {
        match gate {
            Gate::Linear { terms, constant } => self.linear(terms, *constant),
            Gate::Multiply { a, b } => {
                let range = if a == b {
                    Wide::from(self.value(*a)?.range).square()
                } else {
                    Wide::from(self.value(*a)?.range).times(self.value(*b)?.range.into())
                };
                let range = narrow::<F>(range)?;
                let [a, b] = self.together([*a, *b])?;
                let view = product::product(&mut self.b, a.view, b.view)?;
                Ok(Known { view, range })
            }
            Gate::Sum { a } | Gate::PrefixSums { a } => {
                let a = self.value(*a)?;
                let all = Wide::from(a.range).times(Wide::exactly(a.view.len.into()));
                self.b.begin();
                if matches!(gate, Gate::Sum { .. }) {
                    let range = narrow::<F>(all)?;
                    let view = self.b.sum(a.view);
                    return Ok(Known { view, range });
                }
                let one = Wide::from(a.range);
                let range = narrow::<F>(Wide {
                    low: one.low.min(all.low),
                    high: one.high.max(all.high),
                })?;
                let view = self.b.prefix_sums(a.view);
                Ok(Known { view, range })
            }
            Gate::Part { a, start, len } => {
                let a = self.value(*a)?;
                let inside = *len > 0 && *start < a.view.len && *len <= a.view.len - start;
                check(inside, GateProblem::Length)?;
                let view = a.view.part(*start, *len);
                Ok(Known { view, ..a })
            }
            Gate::Select {
                bit,
                then,
                otherwise,
            } => {
                let [bit, then, otherwise] = self.together([*bit, *then, *otherwise])?;
                is_bit(bit)?;
                let range = union(then.range, otherwise.range);
                let view = select::select(&mut self.b, bit.view, then.view, otherwise.view)?;
                Ok(Known { view, range })
            }
            _ => unreachable!("sorted by `gate`"),
        }
    }

    fn linear(&mut self, terms: &[(i64, Value)], constant: i64) -> Result<Known, Refusal> {
        check((1..=64).contains(&terms.len()), GateProblem::Length)?;
        let mut coefficients: BTreeMap<Value, i128> = BTreeMap::new();
        let mut views = Vec::new();
        let mut len = 1;
        for &(coefficient, place) in terms {
            let fits = i128::from(coefficient).abs() < magnitude_limit::<F>();
            check(fits, GateProblem::Range)?;
            let value = self.value(place)?;
            let fits = len == 1 || value.view.len == 1 || value.view.len == len;
            check(fits, GateProblem::Length)?;
            len = len.max(value.view.len);
            *coefficients.entry(place).or_default() += i128::from(coefficient);
            views.push((F::from_i64(coefficient), value.view));
        }
        // What is added and taken away is not there: `a - a` is 0, as the verifier has it.
        let mut range = Wide::exactly(constant);
        for (value, coefficient) in coefficients {
            let times = Wide {
                low: coefficient,
                high: coefficient,
            };
            range = range.plus(Wide::from(self.value(value)?.range).times(times));
        }
        let range = narrow::<F>(range)?;
        self.b.begin();
        let view = self.b.linear(&views, F::from_i64(constant));
        Ok(Known { view, range })
    }

    fn division(&mut self, gate: &Gate) -> Result<Known, Refusal> {
        match gate {
            Gate::DividePublic { a, divisor } => {
                let a = self.value(*a)?;
                let (dividends, divisor) = (Wide::from(a.range), *divisor);
                let range = narrow::<F>(dividends.divided_by(Wide::exactly(divisor)))?;
                let (divisor, rounding) = (divisor.into(), Rounding::TowardZero);
                let view = division::divide(&mut self.b, a.view, dividends, divisor, rounding)?;
                Ok(Known { view, range })
            }
            Gate::Divide { a, b } => {
                let [a, b] = self.together([*a, *b])?;
                let range = narrow::<F>(Wide::from(a.range).divided_by(b.range.into()))?;
                let factors = [a, b].map(|known| Factor {
                    value: known.view,
                    range: known.range.into(),
                });
                let [a, b] = factors;
                let view = quotient::divide(&mut self.b, a, b, Rounding::TowardZero)?;
                Ok(Known { view, range })
            }
            Gate::ModuloPublic { a, divisor } => {
                let a = self.value(*a)?;
                let (dividends, divisor) = (Wide::from(a.range), *divisor);
                let range = narrow::<F>(dividends.modulo(Wide::exactly(divisor)))?;
                let rounding = Rounding::TowardZero;
                let view =
                    division::divide(&mut self.b, a.view, dividends, divisor.into(), rounding)?;
                self.b.begin();
                // A quotient by 0 is 0, but nothing is left.
                let own = if divisor == 0 { F::ZERO } else { F::ONE };
                let terms = [(own, a.view), (-F::from_i64(divisor), view)];
                let view = self.b.linear(&terms, F::ZERO);
                Ok(Known { view, range })
            }
            Gate::Modulo { a, b } => {
                let [a, b] = self.together([*a, *b])?;
                let range = narrow::<F>(Wide::from(a.range).modulo(b.range.into()))?;
                let [a, b] = [a, b].map(|known| Factor {
                    value: known.view,
                    range: known.range.into(),
                });
                let view = quotient::modulo(&mut self.b, a, b)?;
                Ok(Known { view, range })
            }
            Gate::SquareRoot { a } => {
                let a = self.value(*a)?;
                check(a.range.low >= 0, GateProblem::Range)?;
                let range = Interval {
                    low: a.range.low.isqrt(),
                    high: a.range.high.isqrt(),
                };
                let high = a.range.high.unsigned_abs().into();
                let view = root::root(&mut self.b, a.view, high, Rounding::TowardZero)?;
                Ok(Known { view, range })
            }
            Gate::Remainder { a, bits } => {
                let a = self.value(*a)?;
                check(*bits <= value_bits::<F>(), GateProblem::Parameter)?;
                let view = truncation::remainder(&mut self.b, a.view, a.range.into(), *bits)?;
                let high = (1 << bits) - 1;
                let range = if a.range.low >= 0 {
                    Interval {
                        low: 0,
                        high: high.min(a.range.high),
                    }
                } else {
                    Interval { low: 0, high }
                };
                Ok(Known { view, range })
            }
            Gate::Truncate { a, bits } => {
                let a = self.value(*a)?;
                check(*bits <= most_bits::<F>(), GateProblem::Parameter)?;
                let view = truncation::truncate(&mut self.b, a.view, a.range.into(), *bits)?;
                let range = Interval {
                    low: a.range.low >> bits,
                    high: a.range.high >> bits,
                };
                Ok(Known { view, range })
            }
            Gate::MultiplyFixed { a, b, bits } => self.multiply_fixed(*a, *b, *bits),
            _ => unreachable!("sorted by `gate`"),
        }
    }

    /// The product may be longer than values are, as long as what is left of it is not.
    fn multiply_fixed(&mut self, a: Value, b: Value, bits: u32) -> Result<Known, Refusal> {
        check(
            (1..=most_bits::<F>()).contains(&bits),
            GateProblem::Parameter,
        )?;
        let [a, b] = self.together([a, b])?;
        let product = Wide::from(a.range).times(b.range.into());
        let magnitude = product.low.unsigned_abs().max(product.high.unsigned_abs());
        // A quarter of the field (S15), so that exact truncation has room, too.
        check(magnitude >> (F::BITS - 2) == 0, GateProblem::Range)?;
        let k = (u128::BITS - magnitude.leading_zeros()).max(bits);
        let (low, high) = (product.low >> bits, product.high >> bits);
        let statistical = statistical::cuts::<F>(self.b.committee(), k);
        let (below, above) = if statistical {
            statistical::error(self.b.committee())
        } else {
            (0, 0)
        };
        let range = narrow::<F>(Wide {
            low: low - below,
            high: high + above,
        })?;
        let whole = product::product(&mut self.b, a.view, b.view)?;
        let view = if statistical {
            statistical::truncate(&mut self.b, whole, k, bits)?
        } else {
            truncation::truncate(&mut self.b, whole, product, bits)?
        };
        Ok(Known { view, range })
    }

    fn digits(&mut self, gate: &Gate) -> Result<Known, Refusal> {
        match gate {
            Gate::Bits { a, width } => {
                let a = self.value(*a)?;
                let few = (1..=most_bits::<F>()).contains(width);
                check(few || *width == F::BITS, GateProblem::Parameter)?;
                if *width < F::BITS {
                    check(below(a.range, 1 << width), GateProblem::Range)?;
                }
                self.fits(a.view, *width)?;
                let view = bits::decompose(&mut self.b, a.view, *width)?;
                Ok(Known { view, range: BIT })
            }
            Gate::Compose { bits, width } => {
                let bits = self.value(*bits)?;
                is_bit(bits)?;
                let few = (1..=value_bits::<F>()).contains(width);
                check(few, GateProblem::Parameter)?;
                let divides = bits.view.len.is_multiple_of(*width);
                check(divides, GateProblem::Length)?;
                let view = bits::compose(&mut self.b, bits.view, *width);
                let high = (1 << width) - 1;
                Ok(Known {
                    view,
                    range: Interval { low: 0, high },
                })
            }
            Gate::OneHots { index, len } => {
                let index = self.index(*index, *len)?;
                self.fits(index, *len)?;
                let view = lookup::one_hots(&mut self.b, index, *len)?;
                Ok(Known { view, range: BIT })
            }
            Gate::Lookup { index, table } => {
                let index = self.index(*index, table.len() as u32)?;
                let ends = table.iter().copied().min().zip(table.iter().copied().max());
                let (low, high) = ends.ok_or(GateProblem::Parameter)?;
                let range = narrow::<F>(Interval { low, high }.into())?;
                let entries: Vec<F> = table.iter().map(|entry| F::from_i64(*entry)).collect();
                let view = lookup::public_table(&mut self.b, index, &entries)?;
                Ok(Known { view, range })
            }
            Gate::LookupShared { index, table } => {
                let table = self.value(*table)?;
                let index = self.index(*index, table.view.len)?;
                let view = lookup::shared_table(&mut self.b, index, table.view)?;
                Ok(Known {
                    view,
                    range: table.range,
                })
            }
            _ => unreachable!("sorted by `gate`"),
        }
    }

    fn order(&mut self, gate: &Gate) -> Result<Known, Refusal> {
        match gate {
            Gate::Compare { relation, a, b } => {
                let (a, b) = (self.value(*a)?, self.value(*b)?);
                let (x, y) = (a.view.len, b.view.len);
                check(x == y || x == 1 || y == 1, GateProblem::Length)?;
                let difference = [(F::ONE, a.view), (-F::ONE, b.view)];
                let view = relation::holds(&mut self.b, *relation, &difference, F::ZERO)?;
                Ok(Known { view, range: BIT })
            }
            Gate::ShowZeros { a } => {
                let a = self.value(*a)?;
                let view = zero::show_zeros(&mut self.b, a.view)?;
                Ok(Known { view, range: BIT })
            }
            Gate::Rank { a, order } => {
                let a = self.value(*a)?;
                let view = rank::rank(&mut self.b, a.view, *order)?;
                let high = a.view.len.into();
                Ok(Known {
                    view,
                    range: Interval { low: 1, high },
                })
            }
            Gate::First { a, order } => {
                let a = self.value(*a)?;
                let view = extremes::first(&mut self.b, a.view, *order)?;
                Ok(Known { view, ..a })
            }
            Gate::FirstPlace { a, order } => {
                let a = self.value(*a)?;
                let view = extremes::place(&mut self.b, a.view, *order)?;
                let high = i64::from(a.view.len) - 1;
                Ok(Known {
                    view,
                    range: Interval { low: 0, high },
                })
            }
            Gate::FirstTwo { a, order } => {
                let a = self.value(*a)?;
                check(a.view.len >= 2, GateProblem::Length)?;
                let view = extremes::first_two(&mut self.b, a.view, a.range, *order)?;
                Ok(Known { view, ..a })
            }
            Gate::Sort { keys, a, order } => {
                let (keys, a) = (self.value(*keys)?, self.value(*a)?);
                check(keys.view.len == a.view.len, GateProblem::Length)?;
                let sorted = sort::by_keys(&mut self.b, keys.view, keys.range, *order)?;
                let columns = sorted.apply(&mut self.b, &[a.view])?;
                Ok(Known {
                    view: columns[0],
                    ..a
                })
            }
            _ => self.counts(gate),
        }
    }

    fn counts(&mut self, gate: &Gate) -> Result<Known, Refusal> {
        match gate {
            Gate::Histogram { a, bounds } => {
                let a = self.value(*a)?;
                let ascending = bounds.windows(2).all(|pair| pair[0] < pair[1]);
                let few = (1..=statistics::MOST_BOUNDS).contains(&bounds.len());
                check(ascending && few, GateProblem::Parameter)?;
                for &bound in bounds {
                    narrow::<F>(Wide::exactly(bound))?;
                }
                let view = statistics::histogram(&mut self.b, a.view, bounds)?;
                Ok(counted(view, a))
            }
            Gate::CountEach { a, len } => {
                let index = self.index(*a, *len)?;
                let view = statistics::count_each(&mut self.b, index, *len)?;
                Ok(counted(view, self.value(*a)?))
            }
            Gate::Quantile { a, position } => {
                let a = self.value(*a)?;
                let inside = (1..=a.view.len).contains(position);
                check(inside, GateProblem::Parameter)?;
                let view = statistics::quantile(&mut self.b, a.view, *position)?;
                Ok(Known { view, ..a })
            }
            _ => self.random(gate),
        }
    }

    fn random(&mut self, gate: &Gate) -> Result<Known, Refusal> {
        let (Gate::Uniform { len, .. } | Gate::Laplace { len, .. } | Gate::Gaussian { len, .. }) =
            *gate
        else {
            unreachable!("sorted by `gate`");
        };
        self.b.limits().check(Limit::VectorLength, len.into())?;
        check(len > 0, GateProblem::Length)?;
        let (view, range) = match *gate {
            Gate::Uniform { end, .. } => {
                let inside = (1..=noise::MOST_UNIFORM).contains(&end);
                check(inside, GateProblem::Parameter)?;
                let high = end as i64 - 1;
                let view = noise::uniform(&mut self.b, len, end)?;
                (view, Interval { low: 0, high })
            }
            Gate::Laplace { decay, .. } => {
                let thresholds = noise::geometric_thresholds(decay);
                let thresholds = thresholds.ok_or(GateProblem::Parameter)?;
                let high = (1 << thresholds.len()) - 1;
                let view = noise::laplace(&mut self.b, len, &thresholds)?;
                (view, Interval { low: -high, high })
            }
            Gate::Gaussian { width, .. } => {
                let tables = spread::Tables::of(width);
                let tables = tables.ok_or(GateProblem::Parameter)?;
                let high = i128::from(tables.reach());
                let range = narrow::<F>(Wide { low: -high, high })?;
                (spread::gaussian(&mut self.b, len, &tables)?, range)
            }
            _ => unreachable!("sorted by `gate`"),
        };
        Ok(Known { view, range })
    }

    pub(super) fn value(&self, value: Value) -> Result<Known, GateProblem> {
        let known = self.values.get(value.0 as usize).copied();
        known.ok_or(GateProblem::Operand)
    }

    /// Operands of one length: single elements are repeated.
    pub(super) fn together<const N: usize>(
        &mut self,
        values: [Value; N],
    ) -> Result<[Known; N], GateProblem> {
        let mut known = [self.value(values[0])?; N];
        for (place, value) in known.iter_mut().zip(values) {
            *place = self.value(value)?;
        }
        let longest = known.iter().max_by_key(|known| known.view.len);
        let like = longest.map_or(known[0].view, |longest| longest.view);
        let fits = |known: &Known| known.view.len == 1 || known.view.len == like.len;
        check(known.iter().all(fits), GateProblem::Length)?;
        let views = self.b.together(known.map(|known| known.view));
        for (known, view) in known.iter_mut().zip(views) {
            known.view = view;
        }
        Ok(known)
    }

    /// Refuses a result of so many blocks that memory, or a register's 32-bit length, cannot hold it.
    pub(super) fn fits(&self, block: View, blocks: u32) -> Result<(), PlanError> {
        let element = F::BYTES as u64;
        let mut limits = self.b.limits();
        limits.memory_bytes = limits.memory_bytes.min(u64::from(u32::MAX) * element);
        let elements = u64::from(block.len) * u64::from(blocks);
        limits.check(Limit::Memory, elements * element)
    }

    /// Indices below `len`.
    fn index(&self, index: Value, len: u32) -> Result<View, GateProblem> {
        let index = self.value(index)?;
        check(
            (1..=lookup::MOST_ENTRIES).contains(&len),
            GateProblem::Parameter,
        )?;
        check(below(index.range, len.into()), GateProblem::Range)?;
        Ok(index.view)
    }
}

pub(super) fn check(holds: bool, problem: GateProblem) -> Result<(), GateProblem> {
    if holds { Ok(()) } else { Err(problem) }
}

/// Values stay strictly below this in magnitude: a quarter of the field (S15), and what fits into 64
/// bits.
pub(super) const fn magnitude_limit<F: PrimeField>() -> i128 {
    let bits = if F::BITS - 2 < 63 { F::BITS - 2 } else { 63 };
    1 << bits
}

/// Bits of values that are not negative; one fewer than there can be where 2 to this power must be an
/// `i64`.
const fn value_bits<F: PrimeField>() -> u32 {
    let bits = magnitude_limit::<F>().trailing_zeros();
    if bits < 62 { bits } else { 62 }
}

/// Most bits that can be cut off a value.
const fn most_bits<F: PrimeField>() -> u32 {
    value_bits::<F>() + 1
}

pub(super) fn narrow<F: PrimeField>(range: Wide) -> Result<Interval, GateProblem> {
    let narrow = range.narrow_to(magnitude_limit::<F>());
    narrow.ok_or(GateProblem::Range)
}

/// Whether all values are from 0 to `end` - 1.
pub(super) fn below(range: Interval, end: i128) -> bool {
    range.low >= 0 && i128::from(range.high) < end
}

fn is_bit(known: Known) -> Result<(), GateProblem> {
    check(below(known.range, 2), GateProblem::Range)
}

pub(super) fn union(a: Interval, b: Interval) -> Interval {
    Interval {
        low: a.low.min(b.low),
        high: a.high.max(b.high),
    }
}

/// Counts of rows of `a`.
fn counted(view: View, a: Known) -> Known {
    let high = a.view.len.into();
    Known {
        view,
        range: Interval { low: 0, high },
    }
}
