//! What the gates of the language's library mean, on plain integers.

use enigma_bytecode::interval::Interval;
use enigma_bytecode::plan::{Gate, Rounding, Value, reference};

/// What a gate of the library gives; none for other gates.
pub(crate) fn meaning<'a>(
    gates: &[Gate],
    gate: &Gate,
    of: impl Fn(&Value) -> &'a Vec<i64>,
) -> Option<Vec<i64>> {
    Some(match gate {
        Gate::AtLeast { a, least } => of(a).iter().map(|x| (x >= least).into()).collect(),
        Gate::BlockSums { a, blocks } => {
            let rows = of(a).len() / *blocks as usize;
            of(a).chunks(rows).map(|block| block.iter().sum()).collect()
        }
        Gate::SumWhere { bits, a } => each_subset(of(bits), of(a), |rows| sum(&rows)),
        Gate::MeanWhere { bits, a, rounding } => each_subset(of(bits), of(a), |rows| {
            quotient(sum(&rows).into(), rows.len() as i128, *rounding)
        }),
        Gate::Covariance {
            a,
            b,
            bits,
            rounding,
        } => {
            let wide = |a: &Value| of(a).iter().map(|x| i128::from(*x)).collect::<Vec<_>>();
            let (x, y, rows) = (wide(a), wide(b), of(a).len() as i128);
            let products: i128 = x.iter().zip(&y).map(|(x, y)| x * y).sum();
            let scaled = rows * products - x.iter().sum::<i128>() * y.iter().sum::<i128>();
            vec![quotient(scaled, (rows * rows) << bits, *rounding)]
        }
        Gate::Correlation { a, b, bits } => vec![reference::correlation(of(a), of(b), *bits)?],
        Gate::CellQuantile {
            hots,
            a,
            numerator,
            denominator,
        } => each_subset(of(hots), of(a), |mut rows| {
            rows.sort_unstable();
            let position = (rows.len() * *numerator as usize).div_ceil(*denominator as usize);
            if rows.is_empty() {
                0
            } else {
                rows[position - 1]
            }
        }),
        Gate::EqualRows { a, b, limbs } => {
            let rows = keys(of(a), *limbs).into_iter().zip(keys(of(b), *limbs));
            rows.map(|(a, b)| (a == b).into()).collect()
        }
        Gate::Distinct { a, limbs } => {
            let keys = keys(of(a), *limbs);
            let first = |row: usize| !keys[..row].contains(&keys[row]);
            (0..keys.len()).map(|row| first(row).into()).collect()
        }
        Gate::Join {
            left,
            right,
            limbs,
            valid,
            ..
        } => {
            let matches = matches(of(left), of(right), *limbs, of(valid));
            matches
                .into_iter()
                .map(|row| row.is_some().into())
                .collect()
        }
        Gate::Joined { join, column } => {
            let Gate::Join {
                left,
                right,
                limbs,
                valid,
                columns,
            } = &gates[join.0 as usize]
            else {
                unreachable!("it follows a join");
            };
            let matches = matches(of(left), of(right), *limbs, of(valid));
            let values = of(&columns[*column as usize]);
            matches
                .into_iter()
                .map(|row| row.map_or(0, |row| values[row]))
                .collect()
        }
        _ => return numbers(gates, gate, of),
    })
}

/// Of gates in fixed point.
fn numbers<'a>(
    gates: &[Gate],
    gate: &Gate,
    of: impl Fn(&Value) -> &'a Vec<i64>,
) -> Option<Vec<i64>> {
    let each = |a: &Value, f: &dyn Fn(i64) -> i64| of(a).iter().map(|x| f(*x)).collect();
    let pairs = |a: &Value, b: &Value, f: &dyn Fn(i128, i128) -> i128| {
        let (a, b) = (of(a), of(b));
        let at =
            |values: &[i64], k: usize| i128::from(values[if values.len() == 1 { 0 } else { k }]);
        let rows = a.len().max(b.len());
        let results = (0..rows).map(|k| f(at(a, k), at(b, k)));
        results.collect::<Vec<i128>>()
    };
    let small = |all: Vec<i128>| {
        let all = all.into_iter().map(i64::try_from);
        all.collect::<Result<Vec<i64>, _>>()
            .expect("values fit into 64 bits")
    };
    Some(match gate {
        Gate::MultiplyRounded { a, b, bits } => {
            small(pairs(a, b, &|x, y| reference::cut(x * y, *bits)))
        }
        Gate::DotRounded { a, b, bits } => {
            let sum = pairs(a, b, &|x, y| x * y).iter().sum();
            small(vec![reference::cut(sum, *bits)])
        }
        Gate::DivideRounded { a, b, bits } => {
            small(pairs(a, b, &|x, y| reference::nearest(x << bits, y)))
        }
        Gate::SquareRootRounded { a, bits } => {
            small(pairs(a, a, &|x, _| reference::root(x << bits)))
        }
        Gate::Absolute { a } => each(a, &i64::abs),
        Gate::Smaller { a, b } => small(pairs(a, b, &i128::min)),
        Gate::Larger { a, b } => small(pairs(a, b, &i128::max)),
        Gate::Clamp { a, low, high } => each(a, &|x| x.clamp(*low, *high)),
        Gate::Logistic { a, bits } => each(a, &|x| reference::logistic(x, *bits)),
        Gate::Exp { a, bits } => each(a, &|x| reference::exp(x, *bits)),
        Gate::Ln { a, bits } => each(a, &|x| reference::ln(x, *bits)),
        Gate::Regression {
            columns,
            y,
            bits,
            ridge,
            most,
        } => {
            let all = columns.iter().chain([y]);
            // Of inputs: what their gates say.
            let range = |value: &Value| match gates[value.0 as usize] {
                Gate::Input { range, .. } => range,
                _ => unreachable!("columns are inputs"),
            };
            let all: Vec<(&[i64], Interval)> =
                all.map(|column| (&of(column)[..], range(column))).collect();
            reference::regression(&all, *bits, *ridge, *most)
        }
        Gate::LogisticRegression {
            columns,
            y,
            bits,
            rate,
            steps,
            most,
        } => {
            let all = columns.iter().chain([y]);
            let all: Vec<&[i64]> = all.map(|column| &of(column)[..]).collect();
            reference::logistic_regression(&all, *bits, (*rate, *steps, *most))?
        }
        Gate::MeanSquare { a, bits } => {
            let squares: i128 = of(a).iter().map(|x| i128::from(*x).pow(2)).sum();
            small(vec![reference::nearest(
                squares,
                (of(a).len() as i128) << bits,
            )])
        }
        _ => return None,
    })
}

/// The rows of `limbs` blocks.
fn keys(blocks: &[i64], limbs: u32) -> Vec<Vec<i64>> {
    let rows = blocks.len() / limbs as usize;
    let key = |row: usize| blocks[row..].iter().step_by(rows).copied().collect();
    (0..rows).map(key).collect()
}

/// For each left key the last valid right row with it.
fn matches(left: &[i64], right: &[i64], limbs: u32, valid: &[i64]) -> Vec<Option<usize>> {
    let right = keys(right, limbs);
    let row = |key: Vec<i64>| (0..right.len()).rfind(|row| right[*row] == key && valid[*row] == 1);
    keys(left, limbs).into_iter().map(row).collect()
}

/// A quotient, rounded; 0 for a divisor 0.
pub(crate) fn quotient(dividend: i128, divisor: i128, rounding: Rounding) -> i64 {
    let exact = match (divisor, rounding) {
        (0, _) => 0,
        (_, Rounding::TowardZero) => dividend / divisor,
        (_, Rounding::Nearest) => {
            let (x, d) = (dividend * divisor.signum(), divisor.abs());
            (2 * x + d).div_euclid(2 * d)
        }
    };
    i64::try_from(exact).expect("values fit into 64 bits")
}

fn sum(rows: &[i64]) -> i64 {
    rows.iter().sum()
}

/// What `f` makes of the rows whose bit is 1, for each block of bits.
fn each_subset(bits: &[i64], column: &[i64], f: impl Fn(Vec<i64>) -> i64) -> Vec<i64> {
    let blocks = bits.chunks(column.len());
    let chosen = blocks.map(|bits| {
        let rows = bits.iter().zip(column).filter(|(bit, _)| **bit == 1);
        rows.map(|(_, value)| *value).collect()
    });
    chosen.map(f).collect()
}
