//! The run of an entry: walks, makes stages of what it meets, takes in what they opened.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use enigma_field::{Committee, M61, PrimeField};

use super::stage::Making;
use super::walk::{At, Walk, reads};
use super::{Environment, MOST_STAGES, Next, Port, Shows, Stage};
use crate::interval::Interval;
use crate::model::{Contract, Op, Order, S};
use crate::plan::cost::{Cost, Limits};
use crate::plan::error::{GateProblem, Limit, PlanError};
use crate::plan::gate::Value;
use crate::plan::program::Refusal;

/// The run of an entry for one committee: a plan at a time.
pub struct Run<F: PrimeField = M61> {
    pub(super) walk: Walk,
    committee: Committee,
    limits: Limits,
    pub(super) secrets: BTreeMap<S, Secret>,
    /// What was found of vectors in orders.
    pub(super) found: BTreeMap<(S, Order), Found>,
    pub(super) wanted: Wanted,
    pub(super) stage: Making<F>,
    /// How many stages have been given.
    stages: u32,
    /// The operations whose values the stage opens, in the order of its openings.
    pub(super) showing: Vec<usize>,
    /// What is opened by the stage that is being run.
    opened: Vec<Shows>,
    cost: Cost,
}

/// A secret register.
#[derive(Clone, Copy)]
pub(super) struct Secret {
    pub(super) place: Place,
    pub(super) len: u32,
    pub(super) range: Interval,
    /// The collection over whose rows it is.
    pub(super) over: Option<u16>,
}

/// Where a secret register is.
#[derive(Clone, Copy)]
pub(super) enum Place {
    /// In this stage.
    Here(Value),
    /// To be taken in; it will be the same in later stages.
    From(Port),
}

/// The first of a vector, the second, and the member who gave the first.
#[derive(Clone, Copy, Default)]
pub(super) struct Found {
    pub(super) first: Option<Secret>,
    pub(super) second: Option<Secret>,
    pub(super) member: Option<Secret>,
}

/// What the code asks for, so that what belongs together is computed together.
pub(super) struct Wanted {
    /// Of which vectors and orders the code asks who gave the first.
    pub(super) members: BTreeSet<(S, Order)>,
    /// Of which it asks for the second.
    pub(super) seconds: BTreeSet<(S, Order)>,
    /// Keys and cells that more than counts are asked of.
    pub(super) cells: BTreeSet<(S, u32)>,
}

impl<F: PrimeField> Run<F> {
    /// A run of an entry that has not begun.
    ///
    /// # Errors
    /// [`PlanError`] if the numbers of rows are not allowed, a public parameter is out of range, or the code is not sound.
    pub fn new(
        contract: Arc<Contract>,
        entry: usize,
        environment: Environment,
        committee: Committee,
        limits: Limits,
    ) -> Result<Run<F>, PlanError> {
        let walk = Walk::new(contract, entry, environment, limits)?;
        Ok(Run::along(walk, committee, limits))
    }

    pub(super) fn along(walk: Walk, committee: Committee, limits: Limits) -> Run<F> {
        Run {
            wanted: Wanted::by(walk.code()),
            walk,
            committee,
            limits,
            secrets: BTreeMap::new(),
            found: BTreeMap::new(),
            stage: Making::new(committee, 0, limits),
            stages: 0,
            showing: Vec::new(),
            opened: Vec::new(),
            cost: Cost::zero(committee),
        }
    }

    /// The same, with the numbers of its stages from one on: those before are of other runs in the same session.
    #[must_use]
    pub fn from_stage(mut self, first: u32) -> Run<F> {
        let first = first.min(MOST_STAGES - 1);
        self.stage = Making::new(self.committee, first, self.limits);
        self.stages = first;
        self
    }

    /// What comes next. `opened`: by place of the last stage's [`Stage::opened`], the elements that were opened; nothing
    /// at first.
    ///
    /// # Errors
    /// [`PlanError::Refused`] if the entry refuses the call, [`PlanError::PublicOverflow`], [`PlanError::Gate`] if an
    /// operation cannot be applied to its operands or not as many vectors were opened as planned,
    /// [`PlanError::OverLimit`] if the run would pass a limit. Nothing of the call stays then.
    pub fn next(&mut self, opened: &[Vec<F>]) -> Result<Next<F>, PlanError> {
        self.take_in(opened)?;
        loop {
            match self.walk.advance()? {
                At::Secret(place) => {
                    if !self.operate(place).map_err(|refusal| refusal.at(place))? {
                        break;
                    }
                    self.walk.pass();
                }
                At::Waiting => break,
                At::End if self.stage.is_idle() => return Ok(Next::Done(self.walk.end())),
                At::End => break,
            }
        }
        let stage = self.finish_stage()?;
        Ok(Next::Stage(Box::new(stage)))
    }

    /// What all stages so far cost together.
    #[must_use]
    pub fn cost(&self) -> &Cost {
        &self.cost
    }

    /// Where the values of a register lie; none before it is defined.
    #[must_use]
    pub fn range(&self, register: S) -> Option<Interval> {
        self.secrets.get(&register).map(|secret| secret.range)
    }

    /// The walk through the code.
    #[must_use]
    pub fn walk(&self) -> &Walk {
        &self.walk
    }

    /// Where a register's elements are in this stage.
    pub(super) fn value(&mut self, register: S) -> Result<Value, Refusal> {
        let secret = self.secret(register)?;
        self.here(secret)
    }

    /// The same of what is no register.
    pub(super) fn here(&mut self, secret: Secret) -> Result<Value, Refusal> {
        match secret.place {
            Place::Here(value) => Ok(value),
            Place::From(port) => self.stage.take(port, secret.len, secret.range),
        }
    }

    pub(super) fn secret(&self, register: S) -> Result<Secret, GateProblem> {
        let secret = self.secrets.get(&register).copied();
        secret.ok_or(GateProblem::Operand)
    }

    pub(super) fn define(&mut self, register: S, secret: Secret) -> Result<(), GateProblem> {
        match self.secrets.insert(register, secret) {
            None => Ok(()),
            Some(_) => Err(GateProblem::Operand),
        }
    }

    /// A result of this stage.
    pub(super) fn made(&self, value: Value, over: Option<u16>) -> Result<Secret, GateProblem> {
        let known = self.stage.expansion.value(value)?;
        Ok(Secret {
            place: Place::Here(value),
            len: known.view.len,
            range: known.range,
            over,
        })
    }

    fn take_in(&mut self, opened: &[Vec<F>]) -> Result<(), PlanError> {
        let shown = std::mem::take(&mut self.opened);
        if opened.len() != shown.len() {
            return Err(PlanError::Gate {
                gate: self.walk.place(),
                problem: GateProblem::Length,
            });
        }
        let places = std::mem::take(&mut self.showing);
        let mut at = 0;
        while let Some(&place) = places.get(at) {
            let (mut columns, mut there) = (Vec::new(), Vec::new());
            while places.get(at) == Some(&place) {
                let elements = opened.get(at).map_or(&[][..], |elements| elements);
                match shown.get(at) {
                    Some(Shows::Bit { .. }) => {
                        there.push(elements.iter().map(|bit| *bit == F::ONE).collect());
                    }
                    _ => columns.push(elements.iter().map(|x| number(*x)).collect()),
                }
                at += 1;
            }
            self.walk.show(place, &columns, there)?;
        }
        self.walk.resume()
    }

    /// Ends a stage that is not to be run. However many there are, they need no numbers.
    pub(super) fn leave_stage(&mut self) -> Result<Stage<F>, PlanError> {
        self.stages = 0;
        self.showing.clear();
        self.cost = Cost::zero(self.committee);
        self.finish_stage()
    }

    fn finish_stage(&mut self) -> Result<Stage<F>, PlanError> {
        let kept = self.keep();
        let number = self.stages + 1;
        if number > MOST_STAGES {
            return Err(PlanError::OverLimit {
                limit: Limit::Calls,
                allowed: MOST_STAGES.into(),
                needed: number.into(),
            });
        }
        // The numbers of one more stage are never used.
        let next = Making::new(self.committee, number.min(MOST_STAGES - 1), self.limits);
        let stage = std::mem::replace(&mut self.stage, next).finish(&kept)?;
        self.stages = number;
        self.cost = self.cost.then(&stage.plan.cost);
        self.limits.check_all(&self.cost)?;
        self.opened.clone_from(&stage.opened);
        Ok(stage)
    }

    /// Gives what is read later a name under which it is kept; the rest of this stage is forgotten.
    fn keep(&mut self) -> Vec<(S, Value)> {
        let rest = self.walk.code().get(self.walk.place()..).unwrap_or(&[]);
        let mut read: BTreeSet<S> = BTreeSet::new();
        let mut orders: BTreeMap<(S, Order), [Option<S>; 3]> = BTreeMap::new();
        for op in rest {
            let (vector, which, dst) = match *op {
                Op::First { dst, a, order } => ((a, order), 0, dst),
                Op::Second { dst, a, order } => ((a, order), 1, dst),
                Op::FirstMember { dst, a, order } => ((a, order), 2, dst),
                _ => {
                    read.extend(reads(op).1);
                    continue;
                }
            };
            if self
                .found
                .get(&vector)
                .is_some_and(|found| found.has(which))
            {
                orders.entry(vector).or_default()[which].get_or_insert(dst);
            } else {
                read.insert(vector.0);
            }
        }
        let mut kept = Kept::default();
        let secrets = std::mem::take(&mut self.secrets).into_iter();
        // A register that is not read again stays defined, but nothing of it is kept.
        self.secrets = secrets
            .map(|(register, secret)| {
                if read.contains(&register) {
                    (register, kept.under(register, secret))
                } else {
                    (
                        register,
                        Secret {
                            place: Place::From(Port::Kept(register)),
                            ..secret
                        },
                    )
                }
            })
            .collect();
        let found = std::mem::take(&mut self.found);
        for (vector, names) in orders {
            let Some(found) = found.get(&vector) else {
                continue;
            };
            let mut keep = |which: usize, secret: Option<Secret>| {
                let name = names[which]?;
                secret.map(|secret| kept.under(name, secret))
            };
            let later = Found {
                first: keep(0, found.first),
                second: keep(1, found.second),
                member: keep(2, found.member),
            };
            self.found.insert(vector, later);
        }
        kept.values
    }
}

/// What a stage keeps, each value once.
#[derive(Default)]
struct Kept {
    values: Vec<(S, Value)>,
    names: BTreeMap<Value, S>,
}

impl Kept {
    fn under(&mut self, name: S, secret: Secret) -> Secret {
        let Place::Here(value) = secret.place else {
            return secret;
        };
        let values = &mut self.values;
        let name = self.names.entry(value).or_insert_with(|| {
            values.push((name, value));
            name
        });
        Secret {
            place: Place::From(Port::Kept(*name)),
            ..secret
        }
    }
}

impl Found {
    fn has(&self, which: usize) -> bool {
        [self.first, self.second, self.member][which].is_some()
    }
}

impl Wanted {
    fn by(code: &[Op]) -> Wanted {
        let mut wanted = Wanted {
            members: BTreeSet::new(),
            seconds: BTreeSet::new(),
            cells: BTreeSet::new(),
        };
        for op in code {
            match *op {
                Op::FirstMember { a, order, .. } => {
                    wanted.members.insert((a, order));
                }
                Op::Second { a, order, .. } => {
                    wanted.seconds.insert((a, order));
                }
                Op::CellSum { keys, len, .. } | Op::CellQuantile { keys, len, .. } => {
                    wanted.cells.insert((keys, len));
                }
                _ => {}
            }
        }
        wanted
    }
}

/// An opened element. Values fit into 64 bits.
fn number<F: PrimeField>(element: F) -> i64 {
    let number = element.to_i128();
    number.clamp(i64::MIN.into(), i64::MAX.into()) as i64
}
