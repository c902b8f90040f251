//! The ledger in a walk: what is stored and loaded, what takes place, and what of the environment a run may begin with.

use std::collections::BTreeSet;

use enigma_wire::effects::StatePlace;

use super::{ACCOUNT_BYTES, Walk, bytes_of, unsound};
use crate::model::{C, Column, Contract, Kind, Known, Op, Provider, RowCount, Slot};
use crate::plan::error::PlanError;
use crate::plan::run::{Effect, Environment};

/// What an effect takes beside its values, about.
const EFFECT_BYTES: u64 = 256;

impl Walk {
    /// An operation that changes the ledger.
    pub(super) fn effect(&mut self, op: &Op, place: usize) -> Result<(), PlanError> {
        let effect = match op {
            Op::Store {
                slot,
                column,
                key,
                src,
            } => {
                let value = self.known(*src, place)?.clone();
                self.store((*slot, *column), *key, value, place)?
            }
            Op::Transfer { from, to, amount } => Effect::Transfer {
                from: from.map(|from| self.account(from, place)).transpose()?,
                to: self.account(*to, place)?,
                amount: self.amount(*amount, place)?,
            },
            Op::Pays { amount } => Effect::Pays {
                amount: self.amount(*amount, place)?,
            },
            _ => return Err(unsound(place)),
        };
        self.hold(EFFECT_BYTES)?;
        self.ended.effects.push(effect);
        Ok(())
    }

    /// What the caller has been asked to pay so far.
    #[must_use]
    pub fn paid(&self) -> u64 {
        let paid = self.ended.effects.iter().map(|effect| match effect {
            Effect::Pays { amount } => amount.unsigned_abs(),
            _ => 0,
        });
        paid.fold(0, u64::saturating_add)
    }

    /// A slot, and where in it.
    fn place_in(
        &self,
        (slot, column): (u16, u16),
        key: Option<C>,
        place: usize,
    ) -> Result<(&Slot, StatePlace), PlanError> {
        let declared = self.contract.slots.get(usize::from(slot));
        let declared = declared.filter(|declared| declared.store.is_public());
        let declared = declared.ok_or_else(|| unsound(place))?;
        if declared.key.is_some() != key.is_some() {
            return Err(unsound(place));
        }
        let key = key.map(|key| self.known(key, place)).transpose()?.cloned();
        Ok((declared, StatePlace { slot, key, column }))
    }

    /// See [`Op::Load`] and [`Op::LoadAt`].
    pub(super) fn load(
        &self,
        (slot, column): (u16, u16),
        key: Option<C>,
        height: Option<C>,
        place: usize,
    ) -> Result<Known, PlanError> {
        let (declared, at) = self.place_in((slot, column), key, place)?;
        let ledger = &self.environment.ledger;
        let value = match height {
            None => {
                let found = || ledger.value(declared.store, &at);
                self.stored.get(&at).or_else(found)
            }
            Some(height) => {
                let height = self.number(height, place)?.ok_or_else(|| unsound(place))?;
                // Of later blocks not all members know the same.
                let height = height.min(self.environment.height);
                ledger.after(u64::try_from(height).unwrap_or(0), &at)
            }
        };
        let value = value.or_else(|| declared.initial.get(usize::from(column)));
        let column = declared.columns.get(usize::from(column));
        let (Some(column), Some(value)) = (column, value) else {
            return Err(unsound(place));
        };
        if !fits(column, value) {
            let why = format!("what is stored in `{}` is not of its range", declared.name);
            return Err(PlanError::Refused { why });
        }
        Ok(value.clone())
    }

    fn store(
        &mut self,
        (slot, column): (u16, u16),
        key: Option<C>,
        value: Known,
        place: usize,
    ) -> Result<Effect, PlanError> {
        let (declared, at) = self.place_in((slot, column), key, place)?;
        let declared_column = declared.columns.get(usize::from(column));
        let declared_column = declared_column.ok_or_else(|| unsound(place))?;
        if !fits(declared_column, &value) {
            let why = format!("`{}` takes no such value", declared.name);
            return Err(PlanError::Refused { why });
        }
        let key = at.key.clone();
        let bytes = bytes_of(&value) + key.as_ref().map_or(0, bytes_of);
        self.hold(2 * bytes)?;
        self.stored.insert(at, value.clone());
        Ok(Effect::Store {
            slot,
            column,
            key,
            value,
        })
    }

    fn account(&self, register: C, place: usize) -> Result<Vec<u8>, PlanError> {
        match self.known(register, place)? {
            Known::Bytes(bytes) if bytes.len() == ACCOUNT_BYTES => Ok(bytes.clone()),
            _ => Err(unsound(place)),
        }
    }

    fn amount(&self, register: C, place: usize) -> Result<i64, PlanError> {
        match self.known(register, place)? {
            Known::Number(amount) if *amount >= 0 => Ok(*amount),
            Known::Number(_) => Err(PlanError::Refused {
                why: "an amount is below 0".to_owned(),
            }),
            Known::Bytes(_) => Err(unsound(place)),
        }
    }
}

impl Environment {
    /// Whether the public parameters are what the entry takes. A run asks this itself when it begins; whoever starts runs
    /// can ask it before anything is spent.
    ///
    /// # Errors
    /// Naming the first one that is not.
    pub fn check_params(&self, contract: &Contract, entry: usize) -> Result<(), PlanError> {
        let params = contract.entries.get(entry).map_or(&[][..], |e| &e.params);
        let given = |param: usize| self.params.get(param).map_or(&[][..], |known| known);
        let public = params
            .iter()
            .enumerate()
            .filter(|(_, param)| !param.private);
        for (place, param) in public {
            let given = given(place);
            let whole = given.len() == param.columns.len();
            if !whole || !param.columns.iter().zip(given).all(|(c, v)| fits(c, v)) {
                return Err(PlanError::refused_param(param));
            }
        }
        Ok(())
    }

    /// Whether accumulators that the entry shows have enough contributions, to each of their numbers. A run asks this itself when it
    /// begins, like [`Environment::check_params`].
    ///
    /// # Errors
    /// Naming the first one that has not.
    pub fn check_contributions(&self, contract: &Contract, entry: usize) -> Result<(), PlanError> {
        for (slot, declared) in (0..).zip(&contract.slots) {
            let needed = contract.minimum_contributions(entry, usize::from(slot));
            let columns = (0..).zip(&declared.columns);
            let given = columns.map(|(column, _)| {
                let contributed = self.contributions.get(&(slot, column));
                contributed.copied().unwrap_or(0)
            });
            let given = given.min().unwrap_or(0);
            if given < needed {
                let name = &declared.name;
                let why = format!("`{name}` has {given} contributions; this entry needs {needed}");
                return Err(PlanError::Refused { why });
            }
        }
        Ok(())
    }
}

/// Where members give several rows each, enough members gave some: rows alone do not say it.
pub(super) fn check_givers(
    contract: &Contract,
    entry: usize,
    environment: &Environment,
) -> Result<(), PlanError> {
    for collection in contract.collections_used(entry) {
        let at = usize::from(collection);
        let Some(declared) = contract.collections.get(at) else {
            continue;
        };
        let (Provider::Each(group), RowCount::UpTo(_)) = (declared.provider, declared.rows) else {
            continue;
        };
        let Some(group) = contract.groups.get(usize::from(group)) else {
            continue;
        };
        let accounts = environment.row_accounts.get(at).into_iter().flatten();
        let givers = accounts.collect::<BTreeSet<_>>().len();
        if (givers as u64) < u64::from(group.min) {
            let (name, needed) = (&declared.name, group.min);
            let why = format!("{givers} members gave rows of `{name}`; the group needs {needed}");
            return Err(PlanError::Refused { why });
        }
    }
    Ok(())
}

/// Whether a column can hold a value.
pub(in crate::plan::run) fn fits(column: &Column, value: &Known) -> bool {
    match (column.kind, value) {
        (Kind::Bytes(most), Known::Bytes(bytes)) => bytes.len() as u64 <= u64::from(most),
        (Kind::Account | Kind::MemberOf(_), Known::Bytes(bytes)) => bytes.len() == ACCOUNT_BYTES,
        (Kind::Bytes(_) | Kind::Account | Kind::MemberOf(_), Known::Number(_)) => false,
        (_, Known::Number(number)) => (column.low..=column.high).contains(number),
        (_, Known::Bytes(_)) => false,
    }
}
