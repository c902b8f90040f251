//! Gates on keys: equality, first occurrences, joins.

use enigma_field::PrimeField;

use super::tables::{blocks_of, with_zero};
use super::{BIT, Expansion, Known, Refusal, check, is_bit};
use crate::plan::error::{GateProblem, Limit};
use crate::plan::gate::{Gate, Value};
use crate::plan::sets::{self, Keys, Right};

impl<F: PrimeField> Expansion<F> {
    pub(super) fn sets(&mut self, gate: &Gate) -> Result<Known, Refusal> {
        match gate {
            Gate::EqualRows { a, b, limbs } => {
                let (a, b) = (self.keys(*a, *limbs)?, self.keys(*b, *limbs)?);
                check(a.rows() == b.rows(), GateProblem::Length)?;
                let view = sets::equal_rows(&mut self.b, a, b)?;
                Ok(Known { view, range: BIT })
            }
            Gate::Distinct { a, limbs } => {
                let keys = self.keys(*a, *limbs)?;
                let view = sets::distinct(&mut self.b, keys)?;
                Ok(Known { view, range: BIT })
            }
            Gate::Join {
                left,
                right,
                limbs,
                valid,
                columns,
            } => {
                let (left, right) = (self.keys(*left, *limbs)?, self.keys(*right, *limbs)?);
                let rows = u64::from(left.rows()) + u64::from(right.rows());
                self.b.limits().check(Limit::VectorLength, rows)?;
                let valid = self.value(*valid)?;
                is_bit(valid)?;
                check(valid.view.len == right.rows(), GateProblem::Length)?;
                let known: Result<Vec<Known>, _> =
                    columns.iter().map(|column| self.value(*column)).collect();
                let known = known?;
                let long = |column: &Known| column.view.len == right.rows();
                check(known.iter().all(long), GateProblem::Length)?;
                let views: Vec<_> = known.iter().map(|column| column.view).collect();
                let right = Right {
                    keys: right,
                    valid: valid.view,
                    columns: &views,
                };
                let found = sets::join(&mut self.b, left, &right)?;
                let brought = found[1..].iter().zip(known).map(|(view, known)| Known {
                    view: *view,
                    range: with_zero(known.range),
                });
                self.joined
                    .insert(self.values.len() as u32, brought.collect());
                Ok(Known {
                    view: found[0],
                    range: BIT,
                })
            }
            Gate::Joined { join, column } => {
                let columns = self.joined.get(&join.0).ok_or(GateProblem::Operand)?;
                let column = columns.get(*column as usize);
                Ok(*column.ok_or(GateProblem::Parameter)?)
            }
            _ => unreachable!("sorted by `gate`"),
        }
    }

    fn keys(&self, of: Value, limbs: u32) -> Result<Keys, GateProblem> {
        let few = (1..=sets::MOST_LIMBS).contains(&limbs);
        check(few, GateProblem::Parameter)?;
        let known = self.value(of)?;
        blocks_of(known, limbs)?;
        Ok(Keys {
            limbs: known.view,
            count: limbs,
            range: known.range,
        })
    }
}
