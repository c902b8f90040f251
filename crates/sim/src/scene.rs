//! What a case fixes before anything runs: sizes, which rows are valid, plans, values, results.

use std::fmt;
use std::sync::Arc;

use enigma_bytecode::model::{Column, Kind};
use enigma_bytecode::plan::{self, Plan, PlanError, Sizes};
use enigma_field::{Committee, M61, Shares, shamir};
use enigma_vm::clear::{self, ClearError, Shown};

use crate::case::Case;
use crate::draw::Draw;
use crate::notary::Notary;
use crate::program::Program;
use crate::run::Twin;
use crate::schedule::Schedule;

/// The largest committee that is simulated, the smallest that deals random values: larger ones do the same
/// and take longer.
const PARTIES_MAX: u8 = 11;

/// A case cannot be run: it is wrong in itself.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum SceneError {
    /// Not a committee of n = 2t+1 parties, or too large a one.
    Committee(u8),
    /// The adversary does not fit the committee.
    Adversary(crate::AdversaryError),
    /// The entry does not take so many rows.
    Rows {
        /// Rows asked for, valid ones.
        rows: u32,
        /// The fewest.
        least: u32,
        /// The most.
        most: u32,
    },
    /// The planner refuses.
    Plan(PlanError),
    /// The entry does not run on plain values.
    Clear(ClearError),
}

/// Everything about a case but the values.
pub(crate) struct Scene {
    pub(crate) seed: u64,
    pub(crate) committee: Committee,
    pub(crate) notary: Notary,
    pub(crate) program: Program,
    /// The collections that the entry uses.
    pub(crate) used: Vec<u16>,
    /// Which rows are valid, of every collection.
    pub(crate) valid: Vec<bool>,
    pub(crate) prologue: Arc<Plan>,
    main: Arc<Plan>,
    pub(crate) schedule: Schedule,
}

/// Values and what comes of them.
pub(crate) struct Values {
    /// By party: its shares of all rows of every collection used.
    pub(crate) shares: Vec<Vec<(u16, Shares)>>,
    /// What each reveal shows.
    pub(crate) expected: Vec<Shown>,
}

impl Scene {
    pub(crate) fn new(case: &Case, program: &Program) -> Result<Scene, SceneError> {
        let n = case.parties;
        let committee = Committee::new(n).ok().filter(|_| n <= PARTIES_MAX);
        let committee = committee.ok_or(SceneError::Committee(n))?;
        let adversary = &case.adversary;
        adversary.fits(committee).map_err(SceneError::Adversary)?;
        let (least, most) = program.rows();
        let all = case.rows.saturating_add(case.invalid);
        if case.rows < least || all > most {
            let rows = case.rows;
            return Err(SceneError::Rows { rows, least, most });
        }
        let contract = &program.contract;
        let used: Vec<u16> = contract
            .collections_used(program.entry)
            .into_iter()
            .collect();
        let sizes = |rows| Sizes {
            rows: (0..contract.collections.len())
                .map(|c| if used.contains(&(c as u16)) { rows } else { 0 })
                .collect(),
        };
        let entry = program.entry;
        let prologue = plan::prologue(contract, entry, &sizes(all), committee);
        let prologue = prologue.map_err(SceneError::Plan)?;
        let main = plan::main(contract, entry, &sizes(case.rows), committee);
        let main = main.map_err(SceneError::Plan)?;
        Ok(Scene {
            seed: case.seed,
            committee,
            notary: Notary::new(committee),
            valid: validity(case),
            schedule: Schedule::of(committee, &[&prologue, &main]),
            prologue: Arc::new(prologue),
            main: Arc::new(main),
            program: program.clone(),
            used,
        })
    }

    /// The entry's plan for what the input check opened.
    ///
    /// # Errors
    /// Why there is none.
    pub(crate) fn main_for(&self, opened: &[(u16, Vec<bool>)]) -> Result<Arc<Plan>, String> {
        let expected = self
            .used
            .iter()
            .map(|collection| (*collection, &self.valid));
        if opened.iter().map(|(c, bits)| (*c, bits)).eq(expected) {
            return Ok(Arc::clone(&self.main));
        }
        let contract = &self.program.contract;
        let mut rows = vec![0; contract.collections.len()];
        for (collection, bits) in opened {
            let valid = bits.iter().filter(|bit| **bit).count();
            rows[usize::from(*collection)] = valid as u32;
        }
        plan::main(
            contract,
            self.program.entry,
            &Sizes { rows },
            self.committee,
        )
        .map(Arc::new)
        .map_err(|error| error.to_string())
    }

    /// The values of a twin, dealt. Twins share everything else.
    pub(crate) fn values(&self, twin: Twin) -> Result<Values, SceneError> {
        let contract = &self.program.contract;
        let mut draw = Draw::new(self.seed, twin.stream());
        let mut dealer = Draw::new(self.seed, "dealer");
        let mut shares = vec![Vec::new(); self.committee.len()];
        let mut plain: Vec<Vec<i64>> = vec![Vec::new(); contract.collections.len()];
        for &collection in &self.used {
            let described = &contract.collections[usize::from(collection)].columns[0];
            let mut columns = vec![Vec::new(); self.committee.len()];
            for valid in &self.valid {
                let kept = &mut plain[usize::from(collection)];
                let value = if *valid {
                    let value = valid_value(&mut draw, described, kept);
                    kept.push(value);
                    M61::from_i64(value)
                } else {
                    invalid_value(&mut draw, described)
                };
                let dealt = shamir::share(value, &self.committee, &mut dealer.0);
                for (column, share) in columns.iter_mut().zip(dealt) {
                    column.push(share);
                }
            }
            for (party, column) in shares.iter_mut().zip(columns) {
                party.push((collection, Shares::from(column)));
            }
        }
        let mut expected = clear::run(contract, self.program.entry, &plain);
        if let Ok(shown) = &mut expected {
            shown.iter_mut().for_each(|shown| self.name_members(shown));
        }
        Ok(Values {
            shares,
            expected: expected.map_err(SceneError::Clear)?,
        })
    }

    /// The plain back end numbers the rows that take part, parties all rows that were given.
    fn name_members(&self, shown: &mut Shown) {
        let reveal = &self.program.contract.manifest[usize::from(shown.reveal)];
        if !matches!(reveal.columns[0].kind, Kind::MemberOf(_)) {
            return;
        }
        let rows = (0i64..).zip(&self.valid).filter(|(_, valid)| **valid);
        let members: Vec<i64> = rows.map(|(row, _)| row).collect();
        for value in &mut shown.values {
            *value = members[*value as usize];
        }
    }
}

/// Invalid rows lie at places that the seed chooses.
fn validity(case: &Case) -> Vec<bool> {
    let mut valid = vec![true; case.rows as usize];
    let mut draw = Draw::new(case.seed, "validity");
    for _ in 0..case.invalid {
        let place = draw.below(valid.len() as u64 + 1) as usize;
        valid.insert(place, false);
    }
    valid
}

/// A value in range: often an edge, or one that came before.
fn valid_value(draw: &mut Draw, column: &Column, before: &[i64]) -> i64 {
    let (low, high) = (column.low, column.high);
    match draw.below(8) {
        0 => low,
        1 => high,
        2 => low.saturating_add(1).min(high),
        3 | 4 if !before.is_empty() => *draw.pick(before),
        _ => draw.between(low, high),
    }
}

/// A value that no honest owner deals: beside the range, or anywhere in the field.
fn invalid_value(draw: &mut Draw, column: &Column) -> M61 {
    let one = M61::ONE;
    match draw.below(4) {
        0 => M61::from_i64(column.low) - one,
        1 => M61::from_i64(column.high) + one,
        _ => loop {
            let value = M61::random(&mut draw.0);
            if !(column.low..=column.high).contains(&value.to_i64()) {
                return value;
            }
        },
    }
}

impl fmt::Display for SceneError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            SceneError::Committee(n) => {
                write!(
                    f,
                    "{n} parties are not a committee of 3 to {PARTIES_MAX}, odd"
                )
            }
            SceneError::Adversary(error) => error.fmt(f),
            SceneError::Rows { rows, least, most } => {
                write!(
                    f,
                    "{rows} valid rows: the entry takes {least} to {most}, invalid ones included"
                )
            }
            SceneError::Plan(error) => error.fmt(f),
            SceneError::Clear(error) => error.fmt(f),
        }
    }
}

impl std::error::Error for SceneError {}
