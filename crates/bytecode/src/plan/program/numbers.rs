//! Gates on numbers in fixed point, and regression.

use enigma_field::PrimeField;

use super::tables::quarter;
use super::{Expansion, Known, Refusal, check, narrow};
use crate::interval::{Interval, Wide};
use crate::model::Relation;
use crate::plan::error::GateProblem;
use crate::plan::gate::{Gate, Rounding, Value};
use crate::plan::ir::View;
use crate::plan::quotient::Factor;
use crate::plan::regression::{self, Problem};
use crate::plan::{elementary, fixed, logistic, product, quotient, root};

/// Most bits behind the point.
const MOST_BITS: u32 = 62;

impl<F: PrimeField> Expansion<F> {
    pub(super) fn numbers(&mut self, gate: &Gate) -> Result<Known, Refusal> {
        match gate {
            Gate::MultiplyRounded { a, b, bits } => {
                check(*bits <= MOST_BITS, GateProblem::Parameter)?;
                let same = a == b;
                let [a, b] = self.together([*a, *b])?;
                let products = product_range(a, b, same);
                let range = self.cut_range(products, *bits)?;
                let whole = product::product(&mut self.b, a.view, b.view)?;
                let view = fixed::cut(&mut self.b, whole, products, *bits)?;
                Ok(Known { view, range })
            }
            Gate::DotRounded { a, b, bits } => {
                check(*bits <= MOST_BITS, GateProblem::Parameter)?;
                let same = a == b;
                let [a, b] = self.together([*a, *b])?;
                let rows = Wide::exactly(a.view.len.into());
                let sums = product_range(a, b, same).times(rows);
                let range = self.cut_range(sums, *bits)?;
                let whole = fixed::dot(&mut self.b, a.view, b.view)?;
                let view = fixed::cut(&mut self.b, whole, sums, *bits)?;
                Ok(Known { view, range })
            }
            Gate::DivideRounded { a, b, bits } => self.divide_rounded(*a, *b, *bits),
            Gate::SquareRootRounded { a, bits } => {
                check(*bits <= MOST_BITS, GateProblem::Parameter)?;
                let a = self.value(*a)?;
                check(a.range.low >= 0, GateProblem::Range)?;
                let raised = raised(a.range, *bits);
                quarter::<F>(raised)?;
                let high = raised.high.unsigned_abs();
                let range = narrow::<F>(Wide {
                    low: raised.low.isqrt(),
                    high: high.isqrt() as i128 + 1,
                })?;
                self.b.begin();
                let factor = F::from_i128(1 << bits);
                let x = self.b.linear(&[(factor, a.view)], F::ZERO);
                let view = root::root(&mut self.b, x, high, Rounding::Nearest)?;
                Ok(Known { view, range })
            }
            Gate::Absolute { a } => {
                let a = self.value(*a)?;
                let most = a.range.low.unsigned_abs().max(a.range.high.unsigned_abs());
                let low = if a.range.low <= 0 && a.range.high >= 0 {
                    0
                } else {
                    a.range.low.unsigned_abs().min(a.range.high.unsigned_abs())
                };
                let range = narrow::<F>(Wide {
                    low: low.into(),
                    high: most.into(),
                })?;
                let view = fixed::absolute(&mut self.b, a.view)?;
                Ok(Known { view, range })
            }
            Gate::Smaller { a, b } => self.better(Relation::Less, [*a, *b]),
            Gate::Larger { a, b } => self.better(Relation::Greater, [*a, *b]),
            Gate::Clamp { a, low, high } => {
                check(low <= high, GateProblem::Parameter)?;
                let bounds = Interval {
                    low: *low,
                    high: *high,
                };
                narrow::<F>(bounds.into())?;
                let a = self.value(*a)?;
                let view = fixed::clamp(&mut self.b, a.view, a.range.into(), bounds)?;
                let range = Interval {
                    low: a.range.low.clamp(*low, *high),
                    high: a.range.high.clamp(*low, *high),
                };
                Ok(Known { view, range })
            }
            Gate::Logistic { a, bits } | Gate::Exp { a, bits } | Gate::Ln { a, bits } => {
                let few = elementary::LEAST_FRACTION..=elementary::MOST_FRACTION;
                check(few.contains(bits), GateProblem::Parameter)?;
                let a = self.value(*a)?;
                self.elementary(gate, a, *bits)
            }
            Gate::Regression { .. } | Gate::LogisticRegression { .. } | Gate::MeanSquare { .. } => {
                self.regression(gate)
            }
            _ => unreachable!("sorted by `gate`"),
        }
    }

    fn divide_rounded(&mut self, a: Value, b: Value, bits: u32) -> Result<Known, Refusal> {
        check(bits <= MOST_BITS, GateProblem::Parameter)?;
        let [a, b] = self.together([a, b])?;
        let dividends = raised(a.range, bits);
        quarter::<F>(dividends)?;
        let cut_off = dividends.divided_by(b.range.into());
        let range = narrow::<F>(Wide {
            low: cut_off.low - 1,
            high: cut_off.high + 1,
        })?;
        self.b.begin();
        let dividend = Factor {
            value: self.b.linear(&[(F::from_i128(1 << bits), a.view)], F::ZERO),
            range: dividends,
        };
        let divisor = Factor {
            value: b.view,
            range: b.range.into(),
        };
        let view = quotient::divide(&mut self.b, dividend, divisor, Rounding::Nearest)?;
        Ok(Known { view, range })
    }

    fn better(&mut self, relation: Relation, values: [Value; 2]) -> Result<Known, Refusal> {
        let [a, b] = self.together(values)?;
        let pick = match relation {
            Relation::Greater => i64::max,
            _ => i64::min,
        };
        let range = Interval {
            low: pick(a.range.low, b.range.low),
            high: pick(a.range.high, b.range.high),
        };
        let view = fixed::better(&mut self.b, relation, a.view, b.view)?;
        Ok(Known { view, range })
    }

    fn elementary(&mut self, gate: &Gate, a: Known, bits: u32) -> Result<Known, Refusal> {
        match gate {
            Gate::Logistic { .. } => {
                check(elementary::logistic_fits(bits, F::BITS), GateProblem::Range)?;
                let high = 1 << bits;
                let view = elementary::logistic(&mut self.b, a.view, a.range, bits)?;
                Ok(Known {
                    view,
                    range: Interval { low: 0, high },
                })
            }
            Gate::Exp { .. } => {
                let range = elementary::exp_range(a.range, bits, F::BITS);
                let range = narrow::<F>(range.ok_or(GateProblem::Range)?.into())?;
                let view = elementary::exp(&mut self.b, a.view, a.range, bits)?;
                Ok(Known { view, range })
            }
            _ => {
                check(elementary::ln_fits(bits, F::BITS), GateProblem::Range)?;
                let range = elementary::ln_range(a.range, bits);
                let view = elementary::ln(&mut self.b, a.view, a.range, bits)?;
                Ok(Known { view, range })
            }
        }
    }

    fn regression(&mut self, gate: &Gate) -> Result<Known, Refusal> {
        match gate {
            Gate::Regression {
                columns,
                y,
                bits,
                ridge,
                most,
            } => {
                let few = (1..=regression::MOST_COLUMNS).contains(&columns.len());
                let inside = *bits <= regression::MOST_FRACTION && *ridge >= 0 && *most > 0;
                check(few && inside, GateProblem::Parameter)?;
                let (ranges, views) = self.columns(columns, *y)?;
                let problem = Problem {
                    ranges,
                    rows: views[0].len,
                    fraction: *bits,
                    ridge: *ridge,
                    bounds: Interval {
                        low: -most,
                        high: *most,
                    },
                };
                check(problem.fits(F::BITS), GateProblem::Range)?;
                let range = narrow::<F>(problem.bounds.into())?;
                let view = regression::coefficients(&mut self.b, &problem, &views)?;
                Ok(Known { view, range })
            }
            Gate::LogisticRegression {
                columns,
                y,
                bits,
                rate,
                steps,
                most,
            } => {
                let few = (1..=regression::MOST_COLUMNS).contains(&columns.len());
                check(few, GateProblem::Parameter)?;
                let (ranges, views) = self.columns(columns, *y)?;
                let problem = logistic::Problem {
                    ranges,
                    rows: views[0].len,
                    fraction: *bits,
                    rate: *rate,
                    steps: *steps,
                    most: *most,
                };
                check(problem.is_sound(), GateProblem::Parameter)?;
                check(problem.fits(F::BITS), GateProblem::Range)?;
                let range = narrow::<F>(problem.bounds().into())?;
                let view = logistic::weights(&mut self.b, &problem, &views)?;
                Ok(Known { view, range })
            }
            Gate::MeanSquare { a, bits } => {
                check(*bits <= MOST_BITS, GateProblem::Parameter)?;
                let a = self.value(*a)?;
                let square = Wide::from(a.range).square();
                let rows = Wide::exactly(a.view.len.into());
                let sum = square.times(rows);
                quarter::<F>(sum)?;
                let divisor = i128::from(a.view.len) << bits;
                quarter::<F>(Wide {
                    low: 0,
                    high: divisor,
                })?;
                let range = narrow::<F>(fixed::cut_range(square, *bits))?;
                let view = regression::mean_square(&mut self.b, a.view, sum, *bits)?;
                Ok(Known { view, range })
            }
            _ => unreachable!("sorted by `numbers`"),
        }
    }

    /// Columns of one length, and y as the last: where their values lie, and the values.
    fn columns(
        &self,
        columns: &[Value],
        y: Value,
    ) -> Result<(Vec<Interval>, Vec<View>), GateProblem> {
        let all = columns.iter().chain([&y]);
        let known = all.map(|column| self.value(*column));
        let known: Vec<Known> = known.collect::<Result<_, _>>()?;
        let rows = known[0].view.len;
        let long = known.iter().all(|column| column.view.len == rows);
        check(long, GateProblem::Length)?;
        Ok(known
            .iter()
            .map(|column| (column.range, column.view))
            .unzip())
    }

    /// Where values from a range lie when they are cut, if that can be done.
    fn cut_range(&self, range: Wide, bits: u32) -> Result<Interval, GateProblem> {
        let half = Wide {
            low: 0,
            high: 1 << bits,
        };
        quarter::<F>(range.plus(half))?;
        narrow::<F>(fixed::cut_range(range, bits))
    }
}

fn product_range(a: Known, b: Known, same: bool) -> Wide {
    if same {
        Wide::from(a.range).square()
    } else {
        Wide::from(a.range).times(b.range.into())
    }
}

/// A range times 2^bits; bits are at most 62.
fn raised(range: Interval, bits: u32) -> Wide {
    Wide::from(range).times(Wide::exactly(1 << bits))
}
