//! Sums of products and models.

use enigma_bytecode::model::{Op, S};
use enigma_bytecode::plan::reference;

use super::super::expression::leaf;
use super::super::statement::Execution;
use super::super::value::Value;
use super::super::{Done, stop};
use super::Call;
use crate::hir::{BinaryOp, Builtin, Type};
use crate::span::Span;

/// Coefficients of `linreg` are cut to this magnitude.
const MOST_COEFFICIENT: i64 = 32_768;
/// Weights of `logreg_train` are.
const MOST_WEIGHT: i64 = 32;

impl Execution<'_> {
    pub(super) fn moments(&mut self, call: &Call) -> Done<Value> {
        use Builtin as B;
        let span = call.span;
        match (call.builtin, &call.values[..], call.fraction(0)) {
            (B::LinReg, _, _) => self.regression(call),
            (B::LogReg, _, _) => self.logistic_regression(call),
            (B::MatMul, [Value::Many(a), Value::Many(b)], fraction) => {
                self.matrix_product(call, (a, b), fraction.unwrap_or(0))
            }
            (B::Dot, [a, b], None) => self.sum_of_products(a, b, span),
            (B::Dot, [a, b], Some(bits)) => {
                let (a, b) = (self.vector(a, span)?, self.vector(b, span)?);
                let (a, b) = (a.register, b.register);
                self.reduced(|dst| Op::DotFixed { dst, a, b, bits })
            }
            (B::Distance2, [a, b], fraction) => {
                let steps = self.each(BinaryOp::Sub, a, b, span)?;
                match fraction {
                    None => self.sum_of_products(&steps, &steps, span),
                    Some(bits) => {
                        let a = self.vector(&steps, span)?.register;
                        self.reduced(|dst| Op::DotFixed { dst, a, b: a, bits })
                    }
                }
            }
            (B::MeanSquare, [all], None) => {
                let sum = self.sum_of_products(all, all, span)?;
                let len = self.len((all, &call.args[0]), span)?;
                (self.arithmetic(span)).number(BinaryOp::Div, &sum, &len)
            }
            (B::MeanSquare, [all], Some(bits)) => {
                let a = self.vector(all, span)?.register;
                self.reduced(|dst| Op::MeanSquare { dst, a, bits })
            }
            (B::Variance | B::Covariance, [a, rest @ ..], fraction) => {
                let a = self.vector(a, span)?.register;
                let b = match rest.first() {
                    Some(b) => self.vector(b, span)?.register,
                    None => a,
                };
                let bits = fraction.unwrap_or(0);
                self.reduced(|dst| Op::Covariance { dst, a, b, bits })
            }
            (B::StdDev, [all], fraction) => {
                let a = self.vector(all, span)?.register;
                let bits = fraction.unwrap_or(0);
                let variance =
                    (self.registers).secret(|dst| Op::Covariance { dst, a, b: a, bits })?;
                self.reduced(|dst| match fraction {
                    None => Op::SquareRoot { dst, a: variance },
                    Some(bits) => Op::SquareRootFixed {
                        dst,
                        a: variance,
                        bits,
                    },
                })
            }
            (B::Corr, [a, b], _) => {
                let Type::Fix(fix) = leaf(call.ty) else {
                    return self.unknown(call);
                };
                if fix.fraction > reference::MOST_CORRELATION_FRACTION {
                    return stop(span, "a correlation with so many bits behind the point");
                }
                let bits = fix.fraction as u8;
                let (a, b) = (self.vector(a, span)?, self.vector(b, span)?);
                let (a, b) = (a.register, b.register);
                self.reduced(|dst| Op::Correlation { dst, a, b, bits })
            }
            _ => self.unknown(call),
        }
    }

    /// Each entry is a sum of products that is rounded once.
    fn matrix_product(
        &mut self,
        call: &Call,
        (a, b): (&[Value], &[Value]),
        bits: u8,
    ) -> Done<Value> {
        let mut columns: Vec<Vec<Value>> = Vec::new();
        for row in b {
            let Value::Many(row) = row else {
                return self.unknown(call);
            };
            columns.resize(columns.len().max(row.len()), Vec::new());
            for (column, entry) in columns.iter_mut().zip(row) {
                column.push(entry.clone());
            }
        }
        let mut rows = Vec::new();
        for row in a {
            let mut entries = Vec::new();
            for column in &columns {
                entries.push(self.matrix_entry(call, row, &Value::Many(column.clone()), bits)?);
            }
            rows.push(Value::Many(entries));
        }
        Ok(Value::Many(rows))
    }

    fn matrix_entry(&mut self, call: &Call, row: &Value, column: &Value, bits: u8) -> Done<Value> {
        if let (Some(row), Some(column)) = (known(row), known(column)) {
            let products = row
                .iter()
                .zip(column)
                .map(|(x, y)| i128::from(*x) * i128::from(y));
            let sum = products.sum::<i128>();
            return match i64::try_from(reference::cut(sum, bits.into())) {
                Ok(entry) => Ok(Value::Known(entry)),
                Err(_) => self.unknown(call),
            };
        }
        if !row.is_secret() && !column.is_secret() {
            // Of what only a run knows everyone computes with whole numbers.
            return self.unknown(call);
        }
        let (a, b) = (
            self.vector(row, call.span)?,
            self.vector(column, call.span)?,
        );
        let (a, b) = (a.register, b.register);
        self.reduced(|dst| Op::DotFixed { dst, a, b, bits })
    }

    fn regression(&mut self, call: &Call) -> Done<Value> {
        let span = call.span;
        let ([Value::Many(columns), y, Value::Known(ridge)], Some(bits)) =
            (&call.values[..], call.fraction(0))
        else {
            return self.unknown(call);
        };
        let ridge = *ridge;
        let (registers, y) = self.model(columns, y, span)?;
        let most = MOST_COEFFICIENT << bits.min(40);
        let coefficients = (self.registers).secret(|dst| Op::Regression {
            dst,
            columns: registers.clone(),
            y,
            bits,
            ridge,
            most,
        })?;
        self.listed(coefficients, 1 + columns.len() as u32)
    }

    fn logistic_regression(&mut self, call: &Call) -> Done<Value> {
        let span = call.span;
        let (
            [
                Value::Many(columns),
                y,
                Value::Known(rate),
                Value::Known(steps),
            ],
            Some(bits),
        ) = (&call.values[..], call.fraction(0))
        else {
            return self.unknown(call);
        };
        let (fewest, most) = reference::ELEMENTARY_FRACTIONS;
        if !(fewest..=most).contains(&bits.into()) {
            let what = "a logistic regression with so many bits behind the point";
            return stop(span, what);
        }
        let Ok(steps) = u32::try_from(*steps) else {
            return self.unknown(call);
        };
        let rate = *rate;
        let (registers, y) = self.model(columns, y, span)?;
        let weights = (self.registers).secret(|dst| Op::LogisticRegression {
            dst,
            columns: registers.clone(),
            y,
            bits,
            rate,
            steps,
            most: MOST_WEIGHT << bits,
        })?;
        self.listed(weights, 1 + columns.len() as u32)
    }

    /// The columns of a model, and `y`.
    fn model(&mut self, columns: &[Value], y: &Value, span: Span) -> Done<(Vec<S>, S)> {
        if columns.len() > reference::MOST_COLUMNS {
            return stop(span, "a model of so many columns");
        }
        let mut registers = Vec::new();
        for column in columns {
            registers.push(self.vector(column, span)?.register);
        }
        Ok((registers, self.vector(y, span)?.register))
    }
}

/// The numbers of a list, if all are known.
fn known(list: &Value) -> Option<Vec<i64>> {
    let Value::Many(parts) = list else {
        return None;
    };
    let number = |part: &Value| match part {
        Value::Known(number) => Some(*number),
        _ => None,
    };
    parts.iter().map(number).collect()
}
