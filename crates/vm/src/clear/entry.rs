//! A whole call on plain integers.

use std::collections::BTreeMap;
use std::sync::Arc;

use enigma_bytecode::interval::Interval;
use enigma_bytecode::model::{Column, Contract, Known, Op, Profile, Recipient, S};
use enigma_bytecode::plan::{
    At, Ended, Environment, Limits, Next, PlanError, Run, Shows, Sink, Walk, checked_collections,
    keep_fulfilled, row_condition,
};
use enigma_field::{Committee, M61, M127, PrimeField};

use super::{ClearError, models, operations, orders, tables};

/// What a call is given.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Inputs {
    /// By collection and column: the submitted rows. Empty for collections that the entry does not use.
    pub collections: Vec<Vec<Vec<i64>>>,
    /// By parameter: the columns of private ones; empty for public ones.
    pub params: Vec<Vec<i64>>,
    /// What is stored in columns of secret slots; where nothing is, the slot's initial value is.
    pub slots: BTreeMap<(u16, u16), i64>,
}

/// What a call gives.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Called {
    /// By collection of those that the entry uses: which submitted rows are valid.
    pub valid: BTreeMap<u16, Vec<bool>>,
    /// What recipients are shown, in the order of the code.
    pub shown: Vec<(Sink, Vec<i64>)>,
    /// What is stored in secret slots.
    pub slots: BTreeMap<(u16, u16), i64>,
    /// Effects, and what everyone is shown.
    pub ended: Ended,
}

/// A secret register.
#[derive(Clone, Debug, Default)]
pub(super) struct Vector {
    pub(super) values: Vec<i64>,
    /// The collection over whose rows it is.
    pub(super) over: Option<u16>,
}

/// What a line shows.
struct Visible {
    /// By column: its elements, 0 in place of what is hidden.
    columns: Vec<Vec<i64>>,
    /// By count: where it is large enough.
    there: Vec<Vec<bool>>,
}

/// Runs a whole call: drops rows that are out of range, then does what the entry says. `environment` counts what was
/// submitted. Noise is 0; `draw` gives a number below the one it is told.
///
/// # Errors
/// [`ClearError`] if the sizes are not allowed, the call is refused, a value leaves 64 bits or the code is unsound.
pub fn call(
    contract: &Arc<Contract>,
    entry: usize,
    environment: &Environment,
    inputs: &Inputs,
    draw: impl FnMut(u64) -> u64,
) -> Result<Called, ClearError> {
    let limits = Limits::default();
    // The submitted rows must be allowed, too.
    Walk::new(Arc::clone(contract), entry, environment.clone(), limits)?;
    let mut valid = valid_rows(contract, entry, inputs);
    for collection in checked_collections(contract, entry) {
        fulfil(contract, collection, inputs, &mut valid)?;
    }
    let mut environment = environment.clone();
    environment.drop_rows(contract, &valid);
    check_params(contract, entry, inputs)?;
    let mut calling = Calling {
        entry,
        walk: Walk::new(Arc::clone(contract), entry, environment, limits)?,
        inputs,
        draw,
        secrets: BTreeMap::new(),
        opened: BTreeMap::new(),
        called: Called {
            valid,
            ..Called::default()
        },
    };
    loop {
        match calling.walk.advance()? {
            At::Secret(place) => {
                let done = calling.operate(place)?;
                done.ok_or(ClearError::Overflow { op: place })?;
                calling.walk.pass();
            }
            // Every opened value is known at once.
            At::Waiting => {
                let op = calling.walk.place();
                return Err(ClearError::Overflow { op });
            }
            At::End => break,
        }
    }
    calling.called.ended = calling.walk.end();
    Ok(calling.called)
}

fn valid_rows(contract: &Contract, entry: usize, inputs: &Inputs) -> BTreeMap<u16, Vec<bool>> {
    let used = contract.collections_used(entry).into_iter();
    used.filter_map(|collection| {
        let at = usize::from(collection);
        let declared = contract.collections.get(at)?;
        let columns = inputs.collections.get(at)?;
        let valid = |row: usize| {
            let mut pairs = declared.columns.iter().zip(columns);
            pairs.all(|(declared, values)| values.get(row).is_some_and(|x| inside(declared, *x)))
        };
        let rows = columns.iter().map(Vec::len).max().unwrap_or(0);
        Some((collection, (0..rows).map(valid).collect()))
    })
    .collect()
}

/// Of the rows that are in their ranges, those stay valid that fulfil the condition.
fn fulfil(
    contract: &Contract,
    collection: u16,
    inputs: &Inputs,
    valid: &mut BTreeMap<u16, Vec<bool>>,
) -> Result<(), ClearError> {
    let at = usize::from(collection);
    let bits = valid.entry(collection).or_default();
    let rows = bits.iter().filter(|valid| **valid).count();
    let Some((check, environment)) = row_condition(contract, collection, rows as u32) else {
        return Ok(());
    };
    let mut inside = Inputs {
        collections: vec![Vec::new(); check.collections.len()],
        ..Inputs::default()
    };
    if let (Some(columns), Some(given)) =
        (inside.collections.get_mut(at), inputs.collections.get(at))
    {
        let kept = |column: &Vec<i64>| {
            let pairs = column.iter().zip(bits.iter()).filter(|(_, valid)| **valid);
            pairs.map(|(x, _)| *x).collect()
        };
        *columns = given.iter().map(kept).collect();
    }
    let called = call(&check, 0, &environment, &inside, |_| 0)?;
    keep_fulfilled(bits, &called.ended).ok_or(ClearError::Overflow { op: 0 })
}

fn check_params(contract: &Contract, entry: usize, inputs: &Inputs) -> Result<(), PlanError> {
    let params = contract.entries.get(entry).map_or(&[][..], |e| &e.params);
    for (at, param) in params.iter().enumerate().filter(|(_, param)| param.private) {
        let given = inputs.params.get(at).map_or(&[][..], |given| given);
        let mut pairs = param.columns.iter().zip(given);
        if given.len() != param.columns.len() || !pairs.all(|(column, x)| inside(column, *x)) {
            return Err(PlanError::refused_param(param));
        }
    }
    Ok(())
}

fn inside(column: &Column, x: i64) -> bool {
    (column.low..=column.high).contains(&x)
}

pub(super) struct Calling<'a, D> {
    entry: usize,
    walk: Walk,
    inputs: &'a Inputs,
    draw: D,
    secrets: BTreeMap<S, Vector>,
    /// What was opened so far, for a planner that asks.
    opened: BTreeMap<Shows, Vec<i64>>,
    called: Called,
}

impl<D: FnMut(u64) -> u64> Calling<'_, D> {
    /// Does the operation at a place. `None`: it has no result on these values.
    fn operate(&mut self, place: usize) -> Result<Option<()>, ClearError> {
        let contract = Arc::clone(self.walk.contract());
        let Some(op) = contract.entries[self.entry].code.get(place) else {
            return Ok(None);
        };
        if let Op::Out { .. } = op {
            return self.out(op, place);
        }
        if let Op::Merge {
            dst,
            condition,
            then,
            otherwise,
        } = op
        {
            let Some(condition) = self.walk.number(*condition, place)? else {
                return Ok(None);
            };
            let taken = if condition == 0 { otherwise } else { then };
            let taken = self.secrets.get(taken).cloned();
            return Ok(taken.and_then(|taken| self.define(*dst, taken)));
        }
        let results = match op {
            Op::Regression { .. } => match self.regression(op)? {
                None => return Ok(None),
                Some(values) => Some(vec![values]),
            },
            op => self.results(op, place)?,
        };
        let Some(results) = results else {
            return Ok(None);
        };
        let Some(dst) = operations::destination(op) else {
            return Ok(results.is_empty().then_some(()));
        };
        let over = operations::over(op, |s| self.secrets.get(&s)?.over);
        for (at, values) in results.into_iter().enumerate() {
            let register = u16::try_from(at).ok().and_then(|at| dst.0.checked_add(at));
            let vector = Vector {
                values,
                over: over.or_else(|| self.spread_over(op)),
            };
            if register
                .and_then(|register| self.define(S(register), vector))
                .is_none()
            {
                return Ok(None);
            }
        }
        Ok(Some(()))
    }

    fn define(&mut self, register: S, vector: Vector) -> Option<()> {
        self.secrets
            .insert(register, vector)
            .is_none()
            .then_some(())
    }

    /// Of an input: the collection over whose rows it is.
    fn spread_over(&self, op: &Op) -> Option<u16> {
        let Op::Input { collection, .. } = op else {
            return None;
        };
        let declared = self
            .walk
            .contract()
            .collections
            .get(usize::from(*collection))?;
        (!declared.is_single()).then_some(*collection)
    }

    fn results(&mut self, op: &Op, place: usize) -> Result<Option<Vec<Vec<i64>>>, ClearError> {
        let mut public = None;
        if let Op::Hide { a: c, .. }
        | Op::AddPublic { b: c, .. }
        | Op::MulPublic { b: c, .. }
        | Op::DivPublic { b: c, .. }
        | Op::ModuloPublic { b: c, .. }
        | Op::ComparePublic { b: c, .. }
        | Op::BitwisePublic { b: c, .. }
        | Op::Quantile { place: c, .. } = op
        {
            public = self.walk.number(*c, place)?;
        }
        Ok(self.values_of(op, public))
    }

    fn values_of(&mut self, op: &Op, public: Option<i64>) -> Option<Vec<Vec<i64>>> {
        match op {
            Op::Input {
                collection, column, ..
            } => self.input(*collection, *column).map(|rows| vec![rows]),
            Op::SecretParam { param, column, .. } => {
                let columns = self.inputs.params.get(usize::from(*param))?;
                Some(vec![vec![*columns.get(usize::from(*column))?]])
            }
            Op::LoadSecret { slot, column, .. } => Some(vec![vec![self.slot((*slot, *column))?]]),
            Op::StoreSecret { slot, column, src } => {
                let [value] = self.secrets.get(src)?.values[..] else {
                    return None;
                };
                self.called.slots.insert((*slot, *column), value);
                Some(Vec::new())
            }
            Op::Accumulate { slot, column, src } => {
                let [value] = self.secrets.get(src)?.values[..] else {
                    return None;
                };
                let sum = self.slot((*slot, *column))?.checked_add(value)?;
                self.called.slots.insert((*slot, *column), sum);
                Some(Vec::new())
            }
            Op::Random { len, end, .. } => {
                let drawn = (0..*len).map(|_| i64::try_from((self.draw)(*end)).ok());
                Some(vec![drawn.collect::<Option<Vec<i64>>>()?])
            }
            Op::RandomLike { like, end, .. } => {
                let len = self.secrets.get(like)?.values.len();
                let drawn = (0..len).map(|_| i64::try_from((self.draw)(*end)).ok());
                Some(vec![drawn.collect::<Option<Vec<i64>>>()?])
            }
            Op::Shuffle { columns, .. } => {
                let of = |s: S| self.secrets.get(&s).map(|vector| &vector.values[..]);
                orders::shuffled(columns, of, &mut self.draw)
            }
            Op::FirstMember { a, order, .. } => {
                let vector = self.secrets.get(a)?;
                let row = operations::first(&vector.values, *order);
                let members = self
                    .walk
                    .environment()
                    .row_members
                    .get(usize::from(vector.over?));
                let numbers = members.filter(|members| !members.is_empty());
                let number = match (row, numbers) {
                    (None, _) => 0,
                    (Some(row), None) => i64::try_from(row).ok()?,
                    (Some(row), Some(numbers)) => i64::from(*numbers.get(row)?),
                };
                Some(vec![vec![number]])
            }
            op => {
                let of = |s: S| self.secrets.get(&s).map(|vector| &vector.values[..]);
                let single =
                    operations::meaning(op, public, of).or_else(|| models::meaning(op, of));
                match single {
                    Some(values) => Some(vec![values]),
                    None => orders::meaning(op, of).or_else(|| tables::meaning(op, of)),
                }
            }
        }
    }

    fn input(&self, collection: u16, column: u16) -> Option<Vec<i64>> {
        let valid = self.called.valid.get(&collection)?;
        let columns = self.inputs.collections.get(usize::from(collection))?;
        let rows = columns.get(usize::from(column))?.iter().zip(valid);
        Some(rows.filter(|(_, valid)| **valid).map(|(x, _)| *x).collect())
    }

    fn slot(&self, (slot, column): (u16, u16)) -> Option<i64> {
        let stored = self.called.slots.get(&(slot, column));
        let stored = stored.or_else(|| self.inputs.slots.get(&(slot, column)));
        if let Some(stored) = stored {
            return Some(*stored);
        }
        let declared = self.walk.contract().slots.get(usize::from(slot))?;
        match declared.initial.get(usize::from(column))? {
            Known::Number(number) => Some(*number),
            Known::Bytes(_) => None,
        }
    }

    fn out(&mut self, op: &Op, place: usize) -> Result<Option<()>, ClearError> {
        let Op::Out {
            reveal,
            values,
            counts,
            ..
        } = op
        else {
            return Ok(None);
        };
        let line = self.walk.line(*reveal, place)?;
        let shown = self.shown(values, counts, line.hidden_below);
        let Some(Visible { columns, there }) = shown else {
            return Ok(None);
        };
        if line.recipients.contains(&Recipient::Public) {
            self.walk.will_show(&line, columns.iter().map(Vec::len))?;
            for (column, values) in (0..).zip(&columns) {
                let shows = Shows::Column {
                    reveal: *reveal,
                    column,
                };
                self.opened.insert(shows, values.clone());
            }
            for (count, bits) in (0..).zip(&there) {
                let shows = Shows::Bit {
                    reveal: *reveal,
                    count,
                };
                let bits = bits.iter().map(|bit| i64::from(*bit)).collect();
                self.opened.insert(shows, bits);
            }
            self.walk.show(place, &columns, there)?;
            return Ok(Some(()));
        }
        let (reveal, shown) = (*reveal, &mut self.called.shown);
        for (column, values) in (0..).zip(columns) {
            shown.push((Sink::Shown { reveal, column }, values));
        }
        for (count, bits) in (0..).zip(there) {
            let bits = bits.into_iter().map(i64::from).collect();
            shown.push((Sink::Bit { reveal, count }, bits));
        }
        Ok(Some(()))
    }

    fn shown(&self, values: &[S], counts: &[S], hidden_below: Option<u32>) -> Option<Visible> {
        let least = i64::from(hidden_below.unwrap_or(0));
        let of = |s: &S| self.secrets.get(s).map(|vector| &vector.values);
        let there: Option<Vec<Vec<bool>>> = counts
            .iter()
            .map(|count| Some(of(count)?.iter().map(|count| *count >= least).collect()))
            .collect();
        let there = there?;
        let columns: Option<Vec<Vec<i64>>> = values
            .iter()
            .enumerate()
            .map(|(at, value)| {
                let bits = there.get(at).or_else(|| there.first());
                let kept = |(k, x): (usize, &i64)| match bits.map(|bits| &bits[..]) {
                    None | Some([true]) => *x,
                    Some([false]) => 0,
                    Some(bits) => x * i64::from(bits.get(k).copied().unwrap_or(false)),
                };
                Some(of(value)?.iter().enumerate().map(kept).collect())
            })
            .collect();
        Some(Visible {
            columns: columns?,
            there,
        })
    }

    /// A regression's rounding depends on where its columns can lie, which planning derives.
    fn regression(&mut self, op: &Op) -> Result<Option<Vec<i64>>, ClearError> {
        let Op::Regression { columns, y, .. } = op else {
            return Ok(None);
        };
        let registers: Vec<S> = columns.iter().chain([y]).copied().collect();
        let ranges = match self.walk.contract().profile {
            Profile::ShamirM61V1 => self.ranges::<M61>(&registers)?,
            Profile::ShamirM127V1 => self.ranges::<M127>(&registers)?,
        };
        let all: Option<Vec<(&[i64], Interval)>> = registers
            .iter()
            .zip(ranges)
            .map(|(s, range)| Some((&self.secrets.get(s)?.values[..], range)))
            .collect();
        Ok(all.and_then(|all| models::regression(op, &all)))
    }

    /// Where the values of registers lie, as a planner derives it that was told what was opened so far.
    fn ranges<F: PrimeField>(&self, registers: &[S]) -> Result<Vec<Interval>, ClearError> {
        let Ok(committee) = Committee::new(3) else {
            return Ok(Vec::new());
        };
        let (contract, environment) = (self.walk.contract(), self.walk.environment());
        let mut run = Run::<F>::new(
            Arc::clone(contract),
            self.entry,
            environment.clone(),
            committee,
            Limits::default(),
        )?;
        let mut opened: Vec<Vec<F>> = Vec::new();
        loop {
            let next = run.next(&opened)?;
            let ranges: Option<Vec<Interval>> = registers
                .iter()
                .map(|register| run.range(*register))
                .collect();
            match (ranges, next) {
                (Some(ranges), _) => return Ok(ranges),
                (None, Next::Done(_)) => return Ok(Vec::new()),
                (None, Next::Stage(stage)) => {
                    let values = stage.opened.iter().map(|shows| {
                        let values = self.opened.get(shows).map_or(&[][..], |values| values);
                        values.iter().map(|x| F::from_i64(*x)).collect()
                    });
                    opened = values.collect();
                }
            }
        }
    }
}
