//! The first of a vector, the second, and who gave the first: found once for a vector and an order, also across stages.

use enigma_field::PrimeField;

use super::entry::{Found, Run, Secret};
use super::secret::part;
use crate::interval::Interval;
use crate::model::{Order, S};
use crate::plan::error::GateProblem;
use crate::plan::first::{self, Field};
use crate::plan::gate::Gate;
use crate::plan::program::{Known, Refusal, check};

/// Numbers of members.
const MEMBER_NUMBERS: Interval = Interval {
    low: 0,
    high: u32::MAX as i64,
};

impl<F: PrimeField> Run<F> {
    pub(super) fn first(&mut self, vector: S, order: Order) -> Result<Secret, Refusal> {
        if let Some(found) = self.found_of(vector, order).first {
            return Ok(found);
        }
        let asked = (vector, order);
        if self.secret(vector)?.len == 0 {
            return self.nothing();
        }
        if self.wanted.members.contains(&asked) && self.secret(vector)?.over.is_some() {
            self.tournament(vector, order)?;
        } else if self.wanted.seconds.contains(&asked) && self.secret(vector)?.len > 1 {
            self.first_two(vector, order)?;
        } else {
            let a = self.value(vector)?;
            let first = self.stage.expansion.add(&Gate::First { a, order })?;
            let first = self.made(first, None)?;
            self.found.entry(asked).or_default().first = Some(first);
        }
        let found = self.found_of(vector, order).first;
        Ok(found.ok_or(GateProblem::Operand)?)
    }

    pub(super) fn second(&mut self, vector: S, order: Order) -> Result<Secret, Refusal> {
        if let Some(found) = self.found_of(vector, order).second {
            return Ok(found);
        }
        if self.secret(vector)?.len < 2 {
            return self.nothing();
        }
        self.first_two(vector, order)?;
        let found = self.found_of(vector, order).second;
        Ok(found.ok_or(GateProblem::Operand)?)
    }

    pub(super) fn first_member(&mut self, vector: S, order: Order) -> Result<Secret, Refusal> {
        if let Some(found) = self.found_of(vector, order).member {
            return Ok(found);
        }
        if self.secret(vector)?.len == 0 {
            return self.nothing();
        }
        self.tournament(vector, order)?;
        let found = self.found_of(vector, order).member;
        Ok(found.ok_or(GateProblem::Operand)?)
    }

    fn found_of(&self, vector: S, order: Order) -> Found {
        let found = self.found.get(&(vector, order));
        found.copied().unwrap_or_default()
    }

    /// Value and member of the first, from one tournament.
    fn tournament(&mut self, vector: S, order: Order) -> Result<(), Refusal> {
        let over = self.secret(vector)?.over.ok_or(GateProblem::Operand)?;
        let value = self.value(vector)?;
        let known = self.stage.expansion.value(value)?;
        let members = self.stage.members(over, known.view.len);
        check(members.len == known.view.len, GateProblem::Length)?;
        let field = Field {
            values: known.view,
            members: Some(members),
        };
        let expansion = &mut self.stage.expansion;
        let found = first::first(&mut expansion.b, field, order)?;
        let first = expansion.put(Known {
            view: found.values,
            ..known
        });
        let member = expansion.put(Known {
            view: found.members.ok_or(GateProblem::Operand)?,
            range: MEMBER_NUMBERS,
        });
        let (first, member) = (self.made(first, None)?, self.made(member, None)?);
        let found = self.found.entry((vector, order)).or_default();
        found.first.get_or_insert(first);
        found.member = Some(member);
        Ok(())
    }

    fn first_two(&mut self, vector: S, order: Order) -> Result<(), Refusal> {
        let a = self.value(vector)?;
        let expansion = &mut self.stage.expansion;
        let both = expansion.add(&Gate::FirstTwo { a, order })?;
        let [first, second] = [0, 1].map(|start| part(expansion, both, (start, 1)));
        let (first, second) = (self.made(first?, None)?, self.made(second?, None)?);
        let found = self.found.entry((vector, order)).or_default();
        found.first.get_or_insert(first);
        found.second = Some(second);
        Ok(())
    }
}
