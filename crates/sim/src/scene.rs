//! What a case fixes before anything runs: sizes, which rows are valid, plans, values, results.

use std::fmt;
use std::sync::Arc;

use enigma_bytecode::model::{Column, Contract, Known, Profile, Provider};
use enigma_bytecode::plan::{self, Environment, Limits, Next, Plan, PlanError, Run, Shows};
use enigma_field::{Committee, M61, M127, PrimeField, Shares, shamir};
use enigma_vm::clear::{self, Called, ClearError, Inputs};

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
    pub(crate) contract: Arc<Contract>,
    /// The collections that the entry uses.
    pub(crate) used: Vec<u16>,
    /// Which rows are valid, of every collection.
    pub(crate) valid: Vec<bool>,
    /// What everyone knows when the call begins. Where each member gives one row, row k is member k's.
    pub(crate) environment: Environment,
    /// Of the plans to which the first twin's values lead.
    pub(crate) schedule: Schedule,
}

/// Values and what comes of them.
pub(crate) struct Values<F: PrimeField> {
    /// By party, collection and column: its shares of all rows of every collection used.
    pub(crate) shares: Vec<Vec<Vec<Shares<F>>>>,
    /// What the call should come to.
    pub(crate) expected: Called,
    pub(crate) route: Route<F>,
}

/// The plans of a call: the input check's, then those of its stages.
pub(crate) struct Route<F: PrimeField>(Vec<Plan<F>>);

impl<F: PrimeField> Route<F> {
    pub(crate) fn hash(&self) -> [u8; 32] {
        *blake3::hash(format!("{:?}", self.0).as_bytes()).as_bytes()
    }
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
        let contract = Arc::new(program.contract.clone());
        let used: Vec<u16> = contract
            .collections_used(program.entry)
            .into_iter()
            .collect();
        let mut scene = Scene {
            seed: case.seed,
            committee,
            notary: Notary::new(committee),
            valid: validity(case),
            environment: environment(&contract, &used, all, case.invalid),
            schedule: Schedule::of::<M61>(committee, &[]),
            program: program.clone(),
            contract,
            used,
        };
        scene.schedule = match scene.profile() {
            Profile::ShamirM61V1 => scene.schedule_over::<M61>()?,
            Profile::ShamirM127V1 => scene.schedule_over::<M127>()?,
        };
        Ok(scene)
    }

    /// Which says over which field everything is; all that is generic here is called with that one.
    pub(crate) fn profile(&self) -> Profile {
        self.contract.profile
    }

    fn schedule_over<F: PrimeField>(&self) -> Result<Schedule, SceneError> {
        let Route(plans) = self.values::<F>(Twin::First)?.route;
        Ok(Schedule::of(self.committee, &plans))
    }

    /// The values of a twin, dealt. Twins share everything else.
    pub(crate) fn values<F: PrimeField>(&self, twin: Twin) -> Result<Values<F>, SceneError> {
        let mut draw = Draw::new(self.seed, twin.stream());
        let mut dealer = Draw::new(self.seed, "dealer");
        let collections = self.contract.collections.len();
        let mut shares = vec![vec![Vec::new(); collections]; self.committee.len()];
        let mut inputs = Inputs {
            collections: vec![Vec::new(); collections],
            ..Inputs::default()
        };
        for &collection in &self.used {
            let at = usize::from(collection);
            let columns = self.columns::<F>(&mut draw, &self.contract.collections[at].columns);
            for party in &mut shares {
                party[at] = vec![Vec::new(); columns.len()];
            }
            // In the order of rows, as owners come.
            for row in 0..self.valid.len() {
                for (column, values) in columns.iter().enumerate() {
                    let value = values[row];
                    let dealt = shamir::share(value, &self.committee, &mut dealer.0);
                    for (party, share) in shares.iter_mut().zip(dealt) {
                        party[at][column].push(share);
                    }
                }
            }
            let plain = |values: &Vec<F>| values.iter().copied().map(in_the_clear).collect();
            inputs.collections[at] = columns.iter().map(plain).collect();
        }
        let (entry, environment) = (self.program.entry, &self.environment);
        let expected = clear::call(&self.contract, entry, environment, &inputs, |_| 0);
        let expected = expected.map_err(SceneError::Clear)?;
        let whole = |columns: Vec<Vec<F>>| columns.into_iter().map(Shares::from).collect();
        let party = |party: Vec<Vec<Vec<F>>>| party.into_iter().map(whole).collect();
        Ok(Values {
            shares: shares.into_iter().map(party).collect(),
            route: self.route(&expected).map_err(SceneError::Plan)?,
            expected,
        })
    }

    /// The values of a collection's columns: of an invalid row one is, of another all are in range.
    fn columns<F: PrimeField>(&self, draw: &mut Draw, described: &[Column]) -> Vec<Vec<F>> {
        let mut columns: Vec<Vec<F>> = vec![Vec::new(); described.len()];
        let mut kept: Vec<Vec<i64>> = vec![Vec::new(); described.len()];
        for valid in &self.valid {
            let wrong = match described.len() {
                _ if *valid => None,
                1 => Some(0),
                len => Some(draw.below(len as u64) as usize),
            };
            for (at, column) in described.iter().enumerate() {
                columns[at].push(if wrong == Some(at) {
                    invalid_value(draw, column)
                } else {
                    let value = valid_value(draw, column, &kept[at]);
                    kept[at].push(value);
                    F::from_i64(value)
                });
            }
        }
        columns
    }

    /// The plans to which a call comes that opens these values.
    fn route<F: PrimeField>(&self, called: &Called) -> Result<Route<F>, PlanError> {
        let (limits, entry) = (Limits::default(), self.program.entry);
        let rows = &self.environment.rows;
        let check = plan::check::<F>(&self.contract, entry, rows, self.committee, limits)?;
        let mut environment = self.environment.clone();
        environment.drop_rows(&self.contract, &called.valid);
        let contract = Arc::clone(&self.contract);
        let mut run = Run::<F>::new(contract, entry, environment, self.committee, limits)?;
        let mut plans = vec![check.plan];
        let mut opened: Vec<Vec<F>> = Vec::new();
        while let Next::Stage(stage) = run.next(&opened)? {
            let shown = stage.opened.iter();
            opened = shown.map(|shows| elements(called, *shows)).collect();
            plans.push(stage.plan);
        }
        Ok(Route(plans))
    }
}

/// What everyone knows of a call on so many rows of each collection used, of which some are invalid.
fn environment(contract: &Contract, used: &[u16], rows: u32, invalid: u32) -> Environment {
    let of = |collection: usize| used.contains(&(collection as u16));
    let collections = 0..contract.collections.len();
    let counts = collections.clone().map(|at| if of(at) { rows } else { 0 });
    // The account of all parties is that of no member.
    let party = account(rows);
    let mut environment = Environment {
        rows: counts.collect(),
        caller: account(0),
        height: 1,
        time: 12,
        parties: vec![party.clone(); contract.parties.len()],
        row_accounts: vec![Vec::new(); contract.collections.len()],
        row_members: vec![Vec::new(); contract.collections.len()],
        groups: vec![(0..rows).map(account).collect(); contract.groups.len()],
        ..Environment::default()
    };
    for at in collections.filter(|at| of(*at)) {
        let (accounts, members) = match contract.collections[at].provider {
            Provider::Party(_) => (vec![party.clone(); rows as usize], vec![0; rows as usize]),
            Provider::Each(group) => {
                let givers = givers(contract, at, rows, invalid);
                // Those of a giver stand together, and each gives about as many.
                let giver =
                    |row: u32| (u64::from(row) * u64::from(givers) / u64::from(rows)) as u32;
                if let Some(group) = environment.groups.get_mut(usize::from(group)) {
                    group.truncate(givers as usize);
                }
                let members = (0..rows).map(giver);
                (members.clone().map(account).collect(), members.collect())
            }
        };
        environment.row_accounts[at] = accounts;
        environment.row_members[at] = members;
    }
    environment
}

/// How many members give the rows of a collection: as few as can, but so many that enough are left whatever rows are invalid.
fn givers(contract: &Contract, collection: usize, rows: u32, invalid: u32) -> u32 {
    let declared = &contract.collections[collection];
    let least = match declared.provider {
        Provider::Each(group) => contract.groups.get(usize::from(group)).map_or(1, |g| g.min),
        Provider::Party(_) => return 1,
    };
    let enough = least.saturating_add(invalid).min(rows);
    let givers = rows.div_ceil(declared.rows_each().max(1)).max(enough);
    givers.clamp(1, contract.maximum_givers(collection).max(1))
}

/// The account of a member: none is all zeros.
fn account(member: u32) -> Vec<u8> {
    let mut account = vec![0; 16];
    account.extend((member + 1).to_be_bytes());
    account
}

/// What the plaintext back end is given for an element: one beyond 64 bits is outside of every range, and so is the smallest
/// integer of 64 bits.
fn in_the_clear<F: PrimeField>(element: F) -> i64 {
    i64::try_from(element.to_i128()).unwrap_or(i64::MIN)
}

/// The elements that were opened for what everyone is shown.
fn elements<F: PrimeField>(called: &Called, shows: Shows) -> Vec<F> {
    let (Shows::Column { reveal, .. } | Shows::Bit { reveal, .. }) = shows;
    let Some(shown) = called.ended.public.get(&reveal) else {
        return Vec::new();
    };
    let element = |known: &Known| match known {
        Known::Number(number) => F::from_i64(*number),
        // A member's account, whose number was opened; nobody's stands for 0.
        Known::Bytes(bytes) => {
            let last = bytes.last_chunk::<4>().copied().unwrap_or_default();
            F::from_i64(i64::from(u32::from_be_bytes(last).saturating_sub(1)))
        }
    };
    match shows {
        Shows::Column { column, .. } => {
            let elements = shown.columns.get(usize::from(column)).into_iter().flatten();
            elements.map(element).collect()
        }
        Shows::Bit { count, .. } => {
            let bits = shown.there.get(usize::from(count)).into_iter().flatten();
            bits.map(|bit| F::from_i64(i64::from(*bit))).collect()
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
fn invalid_value<F: PrimeField>(draw: &mut Draw, column: &Column) -> F {
    match draw.below(4) {
        0 => F::from_i64(column.low) - F::ONE,
        1 => F::from_i64(column.high) + F::ONE,
        _ => loop {
            let value = F::random(&mut draw.0);
            if !(column.low.into()..=column.high.into()).contains(&value.to_i128()) {
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
