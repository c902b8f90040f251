//! One instance of a contract: what is in its stores, what has been given, what accounts have deposited.
//!
//! A call is a transaction: [`World::run`] changes all of it or nothing. It is judged by the world's block, and what it
//! writes is there from the next block on.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use super::machine::Machine;
use super::refusal::{Refusal, Run};
use super::transcript::Transcript;
use super::{Given, Shown};
use crate::Checked;
use crate::hir::Slot;
use crate::value::{Account, Lengths, Value};

/// What every account has deposited before anything is said about it: enough for every test.
pub const DEPOSIT: i128 = 1 << 62;
/// Seconds from one block to the next.
const BLOCK_SECONDS: i128 = 12;

/// What a call did.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Outcome {
    /// What was revealed, by name.
    pub results: BTreeMap<String, Shown>,
    /// What the ledger moved, in order.
    pub transfers: Vec<Transfer>,
    /// What everyone saw.
    pub transcript: Transcript,
}

/// An amount that the ledger moves.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Transfer {
    /// Whose deposit pays; the contract's own funds if nobody's.
    pub from: Option<Account>,
    /// Who gets it.
    pub to: Account,
    /// How much.
    pub amount: i128,
}

/// What stands behind an accumulator.
#[derive(Clone, Debug, Default)]
struct Contributions {
    /// By accounts that nothing is known of.
    stated: u64,
    /// Who has contributed, by the way to the part that was added to; the empty way is the whole.
    places: BTreeMap<Vec<usize>, BTreeSet<Account>>,
}

impl Contributions {
    /// Accounts behind each number within `value`, which stands at `way`.
    fn count(&self, value: &Value, way: &mut Vec<usize>, each: &mut Vec<u64>) {
        let Some(parts) = value.parts() else {
            let around = (0..=way.len()).filter_map(|end| self.places.get(way.get(..end)?));
            let accounts: BTreeSet<&Account> = around.flatten().collect();
            each.push(self.stated.saturating_add(accounts.len() as u64));
            return;
        };
        for (place, part) in parts.iter().enumerate() {
            way.push(place);
            self.count(part, way, each);
            way.pop();
        }
    }
}

/// What is in a slot.
#[derive(Clone, Debug)]
enum Stored {
    One(Value),
    /// Where nothing has been written the initial value is.
    Map(Arc<BTreeMap<Value, Value>>),
}

/// An instance of a contract.
#[derive(Clone, Debug)]
pub struct World<'a> {
    pub(super) checked: &'a Checked,
    /// The block by which the next run is judged. Each run that is not refused makes a block.
    pub height: i128,
    /// That block's time in seconds.
    pub time: i128,
    /// What the contract has received, less what it has paid.
    pub funds: i128,
    pub(super) given: BTreeMap<usize, Given>,
    initial: Vec<Option<Value>>,
    slots: Vec<Option<Stored>>,
    /// What slots had, each from a block on; only of those that the contract reads back.
    past: BTreeMap<usize, Vec<(i128, Option<Stored>)>>,
    /// Of each accumulator since it was shown last.
    contributions: BTreeMap<usize, Contributions>,
    deposits: BTreeMap<Account, i128>,
    pub(super) keys: u64,
}

impl<'a> World<'a> {
    /// A new instance: nothing has been given, slots have their initial values.
    #[must_use]
    pub fn new(checked: &'a Checked) -> World<'a> {
        let hir = &checked.hir;
        let initial = |slot: &Slot| Value::constant(&slot.initial, &slot.ty, hir);
        let initial: Vec<Option<Value>> = hir.slots.iter().map(initial).collect();
        let stored = |(slot, value): (&Slot, &Option<Value>)| match slot.key {
            Some(_) => Some(Stored::Map(Arc::default())),
            None => value.clone().map(Stored::One),
        };
        let slots: Vec<Option<Stored>> = hir.slots.iter().zip(&initial).map(stored).collect();
        let read_back = super::uses::slots_read_back(hir).into_iter();
        let past = read_back.map(|slot| (slot, vec![(0, slots.get(slot).cloned().flatten())]));
        World {
            checked,
            height: 1,
            time: BLOCK_SECONDS,
            funds: 0,
            given: BTreeMap::new(),
            past: past.collect(),
            initial,
            slots,
            contributions: BTreeMap::new(),
            deposits: BTreeMap::new(),
            keys: 0,
        }
    }

    /// Runs an entry. `args`: one value per parameter, in order.
    ///
    /// # Errors
    /// [`Refusal`] if a real run would be refused; the world is as before.
    pub fn run(
        &mut self,
        entry: usize,
        args: &[Value],
        caller: Account,
    ) -> Result<Outcome, Refusal> {
        let (outcome, change) = self
            .try_run(entry, args, caller)
            .map_err(|refusal| *refusal)?;
        self.commit(change);
        Ok(outcome)
    }

    fn try_run(&self, entry: usize, args: &[Value], caller: Account) -> Run<(Outcome, Change)> {
        let mut machine = Machine::new(self, caller);
        machine.enter(entry, args)?;
        let outcome = Outcome {
            results: machine.results,
            transfers: machine.transfers,
            transcript: machine.transcript,
        };
        let change = Change {
            writes: machine.writes,
            caller: machine.caller,
            accumulated: machine.accumulated,
            taken: machine.taken,
            paid: machine.paid,
            earned: machine.earned,
            keys: machine.keys,
            used: machine.rows.into_keys().collect(),
            epsilon: machine.epsilon,
            delta: machine.delta,
        };
        Ok((outcome, change))
    }

    fn commit(&mut self, change: Change) {
        self.height += 1;
        self.time += BLOCK_SECONDS;
        let mut written = Vec::new();
        for ((slot, key), value) in change.writes {
            self.store(slot, key, value);
            written.push(slot);
        }
        written.dedup();
        for slot in written {
            self.remember(slot);
        }
        for (slot, way) in change.accumulated {
            let places = &mut self.contributions.entry(slot).or_default().places;
            places.entry(way).or_default().insert(change.caller.clone());
        }
        // What was added in the same run may have been shown with the rest.
        for slot in change.taken {
            self.contributions.remove(&slot);
        }
        for (account, amount) in change.paid {
            *self.deposits.entry(account).or_insert(DEPOSIT) -= amount;
        }
        self.funds += change.earned;
        self.keys += change.keys;
        for collection in change.used {
            if let Some(given) = self.given.get_mut(&collection) {
                given.runs += 1;
            }
        }
        for (collection, cost) in change.epsilon {
            if let Some(given) = self.given.get_mut(&collection) {
                given.epsilon = given.epsilon.saturating_add(cost);
            }
        }
        for (collection, cost) in change.delta {
            if let Some(given) = self.given.get_mut(&collection) {
                given.delta = given.delta.saturating_add(cost);
            }
        }
    }

    /// Puts a value of the slot's type into a slot, at a key of a map, as if an entry had written it.
    pub fn set(&mut self, slot: usize, key: Option<Value>, value: Value) {
        self.store(slot, key, value);
        self.remember(slot);
    }

    /// So many contributions stand behind an accumulator, each of an account of which nothing else is known.
    pub fn set_contributions(&mut self, slot: usize, contributions: u64) {
        let stated = Contributions {
            stated: contributions,
            ..Contributions::default()
        };
        self.contributions.insert(slot, stated);
    }

    /// How many accounts have contributed to an accumulator since it was shown last: to each of its numbers, so many at least.
    #[must_use]
    pub fn contributions(&self, slot: usize) -> u64 {
        let each = self.contributions_each(slot);
        each.into_iter().min().unwrap_or(0)
    }

    /// The same of each number, in order.
    #[must_use]
    pub fn contributions_each(&self, slot: usize) -> Vec<u64> {
        let mut each = Vec::new();
        if let (Some(contributions), Some(value)) =
            (self.contributions.get(&slot), self.stored(slot, None))
        {
            contributions.count(&value, &mut Vec::new(), &mut each);
        }
        each
    }

    /// Sets what an account has deposited.
    pub fn set_deposit(&mut self, account: Account, amount: i128) {
        self.deposits.insert(account, amount);
    }

    /// What an account has deposited and not paid.
    #[must_use]
    pub fn deposit(&self, account: &Account) -> i128 {
        self.deposits.get(account).copied().unwrap_or(DEPOSIT)
    }

    /// The contract.
    pub(crate) fn checked(&self) -> &'a Checked {
        self.checked
    }

    /// What has been given for a collection, with who gave it.
    pub(crate) fn given_rows(&self, collection: usize) -> &[(Account, Option<Value>)] {
        let given = self.given.get(&collection);
        given.map_or(&[], |given| &given.rows)
    }

    /// All that has been written to a slot, by key of a map; of others what is in it.
    pub(crate) fn entries(&self, slot: usize) -> Vec<(Option<Value>, Value)> {
        let stored = self.slots.get(slot).and_then(Option::as_ref);
        stored.map_or_else(Vec::new, entries)
    }

    /// The same after each block that has changed it, if the contract reads the slot back.
    pub(crate) fn entries_before(
        &self,
        slot: usize,
    ) -> impl Iterator<Item = (i128, Vec<(Option<Value>, Value)>)> {
        let past = self.past.get(&slot).map_or(&[][..], Vec::as_slice);
        past.iter().map(|(height, stored)| {
            let entries = stored.as_ref().map_or_else(Vec::new, entries);
            (*height, entries)
        })
    }

    /// What is in a slot, at a key of a map. `None` for slots that there are not.
    #[must_use]
    pub fn stored(&self, slot: usize, key: Option<&Value>) -> Option<Value> {
        self.look(slot, self.slots.get(slot)?.as_ref()?, key)
    }

    /// What was in a ledger slot after a block: of one to come what is there now, before the first the initial value.
    pub(super) fn stored_at(
        &self,
        slot: usize,
        key: Option<&Value>,
        height: i128,
    ) -> Option<Value> {
        let past = self.past.get(&slot)?;
        let then = past.iter().rev().find(|(from, _)| *from <= height);
        let (_, stored) = then.or(past.first())?;
        self.look(slot, stored.as_ref()?, key)
    }

    /// What the nodes that hold a `DHT` slot answer to `who`: the value, if the slot's `access` admits.
    ///
    /// # Errors
    /// [`Refusal`] if the condition cannot be judged.
    pub fn read(
        &self,
        slot: usize,
        key: Option<&Value>,
        who: &Account,
    ) -> Result<Option<Value>, Refusal> {
        let declared = self.checked.hir.slots.get(slot);
        if let Some(access) = declared.and_then(|slot| slot.access.as_ref()) {
            let mut args = vec![Value::Account(who.clone())];
            args.extend(key.cloned());
            args.truncate(access.parameters);
            let mut machine = Machine::new(self, who.clone());
            if !machine.holds(access, args).map_err(|refusal| *refusal)? {
                return Ok(None);
            }
        }
        Ok(self.stored(slot, key))
    }

    fn look(&self, slot: usize, stored: &Stored, key: Option<&Value>) -> Option<Value> {
        match (stored, key) {
            (Stored::One(value), None) => Some(value.clone()),
            (Stored::Map(map), Some(key)) => match map.get(key) {
                Some(value) => Some(value.clone()),
                None => self.at_first(slot),
            },
            _ => None,
        }
    }

    fn at_first(&self, slot: usize) -> Option<Value> {
        let zero = || {
            let ty = &self.checked.hir.slots.get(slot)?.ty;
            Value::zero(ty, &self.checked.hir, &Lengths::default())
        };
        self.initial.get(slot).cloned().flatten().or_else(zero)
    }

    fn store(&mut self, slot: usize, key: Option<Value>, value: Value) {
        match (self.slots.get_mut(slot), key) {
            (Some(Some(Stored::Map(map))), Some(key)) => {
                Arc::make_mut(map).insert(key, value);
            }
            (Some(stored), None) => *stored = Some(Stored::One(value)),
            _ => {}
        }
    }

    fn remember(&mut self, slot: usize) {
        let now = self.slots.get(slot).cloned().flatten();
        let height = self.height;
        if let Some(past) = self.past.get_mut(&slot) {
            past.push((height, now));
        }
    }
}

/// What is stored, by key of a map.
fn entries(stored: &Stored) -> Vec<(Option<Value>, Value)> {
    match stored {
        Stored::One(value) => vec![(None, value.clone())],
        Stored::Map(map) => {
            let entries = map.iter();
            entries
                .map(|(key, value)| (Some(key.clone()), value.clone()))
                .collect()
        }
    }
}

/// What a run that is not refused leaves behind.
struct Change {
    writes: BTreeMap<(usize, Option<Value>), Value>,
    caller: Account,
    accumulated: BTreeSet<(usize, Vec<usize>)>,
    taken: BTreeSet<usize>,
    paid: BTreeMap<Account, i128>,
    earned: i128,
    keys: u64,
    used: Vec<usize>,
    epsilon: BTreeMap<usize, u64>,
    delta: BTreeMap<usize, u64>,
}
