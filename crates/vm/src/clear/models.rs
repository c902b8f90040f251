//! Models on plain integers. `None` as in [`super::operations`].

use enigma_bytecode::interval::Interval;
use enigma_bytecode::model::{Op, S};
use enigma_bytecode::plan::reference;

use super::operations::{dot, small};

/// The result of an operation.
pub(super) fn meaning<'a>(op: &Op, of: impl Fn(S) -> Option<&'a [i64]>) -> Option<Vec<i64>> {
    let value = match *op {
        Op::Covariance { a, b, bits, .. } => covariance(of(a)?, of(b)?, bits)?,
        Op::Correlation { a, b, bits, .. } => reference::correlation(of(a)?, of(b)?, bits.into())?,
        Op::MeanSquare { a, bits, .. } => {
            let a = of(a)?;
            let divisor = i128::try_from(a.len()).ok()?.checked_shl(bits.into())?;
            small(reference::nearest(dot(a, a)?, divisor))?
        }
        Op::LogisticRegression {
            ref columns,
            y,
            bits,
            rate,
            steps,
            most,
            ..
        } => {
            let all = columns.iter().copied().chain([y]).map(of);
            let all: Vec<&[i64]> = all.collect::<Option<_>>()?;
            return reference::logistic_regression(&all, bits.into(), (rate, steps, most));
        }
        _ => return None,
    };
    Some(vec![value])
}

/// The result of [`Op::Regression`] on its columns and y, with their ranges.
pub(super) fn regression(op: &Op, all: &[(&[i64], Interval)]) -> Option<Vec<i64>> {
    let Op::Regression {
        columns,
        bits,
        ridge,
        most,
        ..
    } = op
    else {
        return None;
    };
    if all.first()?.0.is_empty() {
        return Some(vec![0; columns.len() + 1]);
    }
    Some(reference::regression(all, (*bits).into(), *ridge, *most))
}

fn covariance(x: &[i64], y: &[i64], bits: u8) -> Option<i64> {
    if x.is_empty() || y.is_empty() {
        return Some(0);
    }
    let rows = i128::try_from(x.len()).ok()?;
    let scaled = reference::spread(x, y)?;
    let divisor = (rows * rows).checked_shl(bits.into())?;
    small(if bits == 0 {
        scaled / divisor
    } else {
        reference::nearest(scaled, divisor)
    })
}
