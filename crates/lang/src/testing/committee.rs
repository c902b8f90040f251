//! Tests on a committee: every call of a test is run there, too, by the compiled contract on shares, and must come to what the
//! interpreter says: results, stores, transfers, and whether the call is refused at all.
//!
//! What only a ledger decides (who may call, deposits, budgets) is left to the interpreter.

mod compare;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use enigma_bytecode::model::Contract;
use enigma_bytecode::plan::{Admission, Ended, Environment, Sink};
use enigma_bytecode::stored::{InstanceState, Past, StatePlace, Stored, Values};

pub(super) use compare::compare;

use crate::Checked;
use crate::codegen::columns::{self, Side};
use crate::hir::{Hir, Provider, Slot, Store};
use crate::interpret::World;
use crate::value::{Account, Value};

/// A call, as everyone who takes part sees it, and what its secrets are.
#[derive(Clone, Debug)]
pub struct Call {
    /// The entry, by index.
    pub entry: usize,
    /// What everyone knows.
    pub environment: Environment,
    /// By collection and column: the submitted rows.
    pub collections: Vec<Vec<Vec<i64>>>,
    /// By parameter and column: the values of private ones.
    pub params: Vec<Vec<i64>>,
    /// What is in the columns of secret slots.
    pub slots: BTreeMap<(u16, u16), i64>,
}

/// What came of a call, with all shares opened: only a test may see that.
#[derive(Clone, Debug, Default)]
pub struct Returned {
    /// What recipients get and what is stored, by where it goes.
    pub outputs: BTreeMap<Sink, Vec<i64>>,
    /// Effects, and what everyone sees.
    pub ended: Ended,
}

/// Why a committee gave no result.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum CallError {
    /// The call is refused, as its contract says.
    Refused(String),
    /// Something broke.
    Failed(String),
}

/// Runs calls of one contract.
pub trait Committee {
    /// Runs a call on shares.
    ///
    /// # Errors
    /// [`CallError`] if there is no result.
    fn call(&mut self, call: &Call) -> Result<Returned, CallError>;
}

/// A committee and the contract it runs.
pub(super) struct Running<'a> {
    /// What `contract` was compiled from: perhaps without what depends on a key ([`super::Keyless`]).
    pub(super) checked: &'a Checked,
    pub(super) contract: &'a Contract,
    pub(super) committee: &'a mut dyn Committee,
}

/// A call that the interpreter is about to run. `None` if something about it has no columns.
pub(super) fn prepare(
    (contract, hir): (&Contract, &Hir),
    world: &World,
    entry: usize,
    args: &[Value],
    caller: &Account,
) -> Option<Call> {
    let mut call = Call {
        entry,
        environment: Environment {
            caller: caller.address(),
            height: i64::try_from(world.height).ok()?,
            time: i64::try_from(world.time).ok()?,
            parties: (0..hir.parties.len())
                .map(|party| Account::Party(party).address())
                .collect(),
            ..Environment::default()
        },
        collections: Vec::new(),
        params: Vec::new(),
        slots: BTreeMap::new(),
    };
    call.give_params(hir, args)?;
    call.give_slots(hir, world)?;
    call.give_rows(contract, world)?;
    Some(call)
}

impl Call {
    /// Rows of the collections that the entry uses, of who belongs to the group, and who gave them.
    fn give_rows(&mut self, contract: &Contract, world: &World) -> Option<()> {
        let hir = &world.checked().hir;
        let used = contract.collections_used(self.entry);
        let mut contributors = vec![BTreeSet::new(); hir.groups.len()];
        let mut givers = Vec::new();
        for (index, collection) in hir.collections.iter().enumerate() {
            let is_used = used.contains(&u16::try_from(index).ok()?);
            let width = contract.collections.get(index)?.columns.len();
            let mut columns = vec![Vec::new(); width];
            let (mut accounts, mut members) = (Vec::new(), Vec::new());
            let mut admission = match collection.provider {
                Provider::Each(group) if contract.admits(group) => {
                    let contract = Arc::new(contract.clone());
                    Admission::new(&contract, group, &self.environment).ok()?
                }
                Provider::Each(_) | Provider::Party(_) => None,
            };
            let mut belongs = |giver: &Account| {
                let admission = admission.as_mut();
                admission.is_none_or(|admission| admission.admits(&giver.address()))
            };
            let given = world.given_rows(index).iter();
            let given = given.filter(|(giver, _)| is_used && belongs(giver));
            // What is no value of a row at all is refused when it is given.
            for (giver, row) in given.filter_map(|(giver, row)| Some((giver, row.as_ref()?))) {
                let numbers = columns::numbers(row, &collection.row, hir)?;
                for (column, number) in columns.iter_mut().zip(numbers) {
                    column.push(number);
                }
                accounts.push(giver.address());
                members.push(giver);
                if let Provider::Each(group) = collection.provider {
                    contributors.get_mut(group)?.insert(giver);
                }
            }
            let rows = u32::try_from(accounts.len()).ok()?;
            self.environment.rows.push(rows);
            self.environment.row_accounts.push(accounts);
            self.collections.push(columns);
            givers.push(members);
        }
        for (collection, givers) in hir.collections.iter().zip(givers) {
            let Provider::Each(group) = collection.provider else {
                self.environment.row_members.push(Vec::new());
                continue;
            };
            let members = contributors.get(group)?;
            let number = |giver: &&Account| members.iter().position(|member| member == giver);
            let numbers = givers
                .iter()
                .map(|giver| u32::try_from(number(giver)?).ok());
            let numbers = numbers.collect::<Option<_>>()?;
            self.environment.row_members.push(numbers);
        }
        // Accounts of members are ordered as the members are.
        let groups = contributors.into_iter();
        let groups = groups.map(|members| members.into_iter().map(Account::address).collect());
        self.environment.groups = groups.collect();
        Some(())
    }

    fn give_params(&mut self, hir: &Hir, args: &[Value]) -> Option<()> {
        let declared = hir.entries.get(self.entry)?;
        for (param, arg) in declared.params.iter().zip(args) {
            let ty = &declared.locals.get(param.local.0 as usize)?.ty;
            let value = arg.typed(ty, hir)?;
            let (public, private) = if param.private {
                (Vec::new(), columns::numbers(&value, ty, hir)?)
            } else {
                let public = columns::of_value(&value, ty, Side::Public, hir)?;
                (public, Vec::new())
            };
            self.environment.params.push(public);
            self.params.push(private);
        }
        Some(())
    }

    fn give_slots(&mut self, hir: &Hir, world: &World) -> Option<()> {
        let (mut on_chain, mut beside) = (InstanceState::default(), Values::new());
        let mut past = Past::default();
        for (number, (index, slot)) in (0..).zip(columns::slots(hir)) {
            match slot.store {
                Store::Ledger => {
                    let now = public_slot(world, number, index, slot)?;
                    on_chain.values.extend(now);
                    look_back(&mut past, world, (number, index, slot))?;
                }
                Store::Dht => beside.extend(public_slot(world, number, index, slot)?),
                Store::Mpc => {}
            }
            if slot.store != Store::Mpc {
                continue;
            }
            let value = world.stored(index, None)?;
            let numbers = columns::numbers(&value, &slot.ty, hir)?;
            let places = (0..).map(|column| (number, column));
            self.slots.extend(places.zip(numbers));
            let counted = (0..).zip(world.contributions_each(index));
            let counted = counted.map(|(column, accounts)| {
                let accounts = u32::try_from(accounts).unwrap_or(u32::MAX);
                ((number, column), accounts)
            });
            self.environment.contributions.extend(counted);
        }
        self.environment.ledger = Stored {
            on_chain: Arc::new(on_chain),
            past,
            beside: Arc::new(beside),
        };
        Some(())
    }
}

/// What is in a slot of the ledger. `number`: its number in bytecode.
fn public_slot(world: &World, number: u16, index: usize, slot: &Slot) -> Option<Values> {
    values(world, world.entries(index), (number, slot))
}

/// What was in a slot of the ledger before it changed, and when it did.
fn look_back(
    past: &mut Past,
    world: &World,
    (number, index, slot): (u16, usize, &Slot),
) -> Option<()> {
    let mut before: Option<Values> = None;
    for (height, entries) in world.entries_before(index) {
        let height = u64::try_from(height).ok()?;
        let now = values(world, entries, (number, slot))?;
        let before = before.replace(now.clone());
        for (place, value) in before.iter().flat_map(|_| &now) {
            let earlier = before.as_ref().and_then(|before| before.get(place));
            if earlier != Some(value) {
                past.replace(height, place.clone(), earlier.cloned());
            }
        }
    }
    Some(())
}

/// Entries of a slot, by place.
fn values(
    world: &World,
    entries: Vec<(Option<Value>, Value)>,
    (number, slot): (u16, &Slot),
) -> Option<Values> {
    let hir = &world.checked().hir;
    let mut values = Values::new();
    for (key, value) in entries {
        let key = match (&key, &slot.key) {
            (Some(key), Some(ty)) => {
                let mut columns = columns::of_value(key, ty, Side::Public, hir)?;
                Some(columns.pop()?)
            }
            _ => None,
        };
        let columns = columns::of_value(&value, &slot.ty, Side::Public, hir)?;
        let places = (0..).map(|column| StatePlace {
            slot: number,
            key: key.clone(),
            column,
        });
        values.extend(places.zip(columns));
    }
    Some(values)
}
