//! What is checked before an entry's body, in this order: who calls, `when`, parameters, rows, payment.

use std::collections::BTreeSet;

use enigma_bytecode::interval::Wide;

use super::machine::Machine;
use super::operator::range;
use super::refusal::{Refusal, Run, internal};
use super::stmt::Then;
use super::transcript::Event;
use super::uses::{Uses, uses};
use super::{Given, Rows};
use crate::hir::{Collection, Entry, Hir, Provider, Role, Rows as PerGiver, Type};
use crate::span::Span;
use crate::value::{Account, Value};

impl<'a> Machine<'a> {
    /// A whole call.
    pub(super) fn enter(&mut self, index: usize, args: &[Value]) -> Run<()> {
        let Some(entry) = self.hir.entries.get(index) else {
            let entry = index.to_string();
            return Err(Box::new(Refusal::UnknownEntry { entry }));
        };
        self.entry = index;
        self.locals = vec![None; entry.locals.len()];
        self.types = entry.locals.iter().map(|local| &local.ty).collect();
        let uses = uses(self.hir, entry);
        self.may_call(entry)?;
        self.bind_args(entry, args)?;
        // `when` may ask how many rows there are, and comes before what they are refused for.
        let admitted = self.admit_rows(&uses);
        if let Some(when) = &entry.when
            && !self.truth(when)?
        {
            return Err(Box::new(Refusal::Condition));
        }
        self.check_args(entry)?;
        admitted?;
        self.check_rows(index, &uses)?;
        self.check_contributions(index)?;
        self.check_budget(index)?;
        if let Some(pays) = &entry.pays {
            let amount = self.whole(pays)?;
            let caller = self.caller.clone();
            self.pay(&caller, amount)?;
            self.earned += amount;
            self.see(|| Event::Pays(amount));
        }
        let then = self.block(&entry.body)?;
        if then == Then::Break {
            return internal(entry.span, "`break` outside of a loop");
        }
        Ok(())
    }

    fn may_call(&mut self, entry: &Entry) -> Run<()> {
        let hir = self.hir;
        let (allowed, by) = match entry.by {
            None => return Ok(()),
            Some(Role::Party(party)) => {
                let name = hir
                    .parties
                    .get(party)
                    .map_or("", |party| party.name.as_str());
                (self.caller == Account::Party(party), format!("`{name}`"))
            }
            Some(Role::Member(group)) => {
                let name = hir
                    .groups
                    .get(group)
                    .map_or("", |group| group.name.as_str());
                let caller = self.caller.clone();
                (
                    self.is_member(group, &caller)?,
                    format!("members of `{name}`"),
                )
            }
        };
        if allowed {
            return Ok(());
        }
        Err(Box::new(Refusal::NotAllowed { by }))
    }

    /// Whether an account belongs to a group: `admit` decides if there is one.
    fn is_member(&mut self, group: usize, who: &Account) -> Run<bool> {
        let Some(declared) = self.hir.groups.get(group) else {
            return Ok(false);
        };
        match &declared.admit {
            Some(admit) => self.holds(admit, vec![Value::Account(who.clone())]),
            None => Ok(matches!(who, Account::Member(of, k) if *of == group && *k < declared.max)),
        }
    }

    fn bind_args(&mut self, entry: &'a Entry, args: &[Value]) -> Run<()> {
        if args.len() != entry.params.len() {
            let expected = format!("{} parameters, not {}", entry.params.len(), args.len());
            return Err(Box::new(Refusal::Arguments { expected }));
        }
        for (param, arg) in entry.params.iter().zip(args) {
            let Some(local) = entry.locals.get(param.local.0 as usize) else {
                return internal(entry.span, "a parameter without a variable");
            };
            let Some(value) = arg.typed(&local.ty, self.hir) else {
                let expected = format!("another kind of value for `{}`", local.name);
                return Err(Box::new(Refusal::Arguments { expected }));
            };
            self.bind(param.local, value);
        }
        Ok(())
    }

    fn check_args(&mut self, entry: &Entry) -> Run<()> {
        for param in &entry.params {
            let Some(local) = entry.locals.get(param.local.0 as usize) else {
                continue;
            };
            let value = self.local(param.local, local.span)?;
            if !in_range(self.hir, &value, &local.ty, param.range) {
                let parameter = local.name.clone();
                return Err(Box::new(Refusal::OutOfRange { parameter }));
            }
        }
        Ok(())
    }

    /// Reads in what has been given. Rows that are out of range, of nobody who belongs to the group, or for which `check` does not
    /// hold are dropped: they are refused to their givers and never counted.
    fn admit_rows(&mut self, uses: &Uses) -> Run<()> {
        self.lengths.0 = vec![0; self.hir.collections.len()];
        let world = self.world;
        let mut missing = None;
        for index in uses.collections.iter().copied() {
            let Some(collection) = self.hir.collections.get(index) else {
                return internal(Span::default(), "no such collection");
            };
            let Some(given) = world.given.get(&index) else {
                missing = missing.or(Some(collection.name.clone()));
                continue;
            };
            too_many(self.hir, collection, given)?;
            let rows = self.valid_rows(collection, given)?;
            let count = rows.givers.len();
            if let Some(len) = self.lengths.0.get_mut(index) {
                *len = count;
            }
            self.see(|| Event::Rows {
                collection: index,
                rows: count,
            });
            if let Provider::Each(group) = collection.provider {
                let members = self.members.entry(group).or_default();
                members.extend(rows.givers.iter().cloned());
                members.sort_unstable();
                members.dedup();
            }
            self.rows.insert(index, rows);
        }
        match missing {
            Some(collection) => Err(Box::new(Refusal::NoInput { collection })),
            None => Ok(()),
        }
    }

    fn valid_rows(&mut self, collection: &'a Collection, given: &Given) -> Run<Rows> {
        // Rows are in order of givers: each is asked for once.
        let mut belongs: Option<(&Account, bool)> = None;
        let (mut values, mut givers, mut valid) = (Vec::new(), Vec::new(), Vec::new());
        for (giver, row) in &given.rows {
            self.work(1)?;
            let admitted = match (
                collection.provider,
                belongs.filter(|(who, _)| *who == giver),
            ) {
                (Provider::Party(_), _) => true,
                (Provider::Each(_), Some((_, known))) => known,
                (Provider::Each(group), None) => {
                    let member = self.is_member(group, giver)?;
                    belongs = Some((giver, member));
                    member
                }
            };
            let row = row.as_ref().filter(|row| {
                admitted && in_range(self.hir, row, &collection.row, collection.range)
            });
            let row = match (row, &collection.check) {
                (Some(row), Some(check)) => self.holds(check, vec![row.clone()])?.then_some(row),
                (row, _) => row,
            };
            valid.push(row.is_some());
            if let Some(row) = row {
                values.push(row.clone());
                givers.push(giver.clone());
            }
        }
        let values = Value::list(values);
        Ok(Rows {
            values,
            givers,
            valid,
        })
    }

    fn check_rows(&mut self, entry: usize, uses: &Uses) -> Run<()> {
        for index in uses.collections.iter().copied() {
            let (Some(collection), Some(rows)) =
                (self.hir.collections.get(index), self.rows.get(&index))
            else {
                continue;
            };
            let name = || collection.name.clone();
            let group = match collection.provider {
                Provider::Each(group) => self.hir.groups.get(group),
                Provider::Party(_) => None,
            };
            let minimum = self.facts.minimum_rows(self.hir, entry, index);
            let valid = rows.givers.len();
            if (valid as u64) < u64::from(minimum) {
                return Err(Box::new(Refusal::TooFewRows {
                    collection: name(),
                    valid,
                    minimum,
                }));
            }
            let mut givers = rows.givers.iter().collect::<Vec<_>>();
            givers.dedup();
            if let Some(group) = group
                && (givers.len() as u64) < u64::from(group.min)
            {
                return Err(Box::new(Refusal::TooFewMembers {
                    group: group.name.clone(),
                    contribute: givers.len(),
                    minimum: group.min,
                }));
            }
        }
        Ok(())
    }

    /// `aggregate(k)` of an accumulator counts contributors since it was shown last: otherwise two results would show what few have
    /// added between them.
    fn check_contributions(&mut self, entry: usize) -> Run<()> {
        let facts = self.facts.entries.get(entry);
        for (slot, minimum) in facts.iter().flat_map(|facts| &facts.minimum_contributions) {
            self.taken.insert(*slot);
            let contributions = self.world.contributions(*slot);
            if contributions < u64::from(*minimum) {
                let slot = self.hir.slots.get(*slot);
                return Err(Box::new(Refusal::TooFewContributions {
                    slot: slot.map_or(String::new(), |slot| slot.name.clone()),
                    contributions,
                    minimum: *minimum,
                }));
            }
        }
        Ok(())
    }

    /// Values take part in so many runs, and pay for noise on them, as `privacy` admits.
    fn check_budget(&mut self, entry: usize) -> Run<()> {
        let (Some(budget), Some(facts)) = (&self.hir.budget, self.facts.entries.get(entry)) else {
            return Ok(());
        };
        // Noise costs the givers, of what else they have given, too.
        let given: BTreeSet<usize> = self
            .rows
            .keys()
            .chain(facts.epsilon.keys())
            .copied()
            .collect();
        for index in &given {
            let Some(given) = self.world.given.get(index) else {
                continue;
            };
            let collection = || {
                let collection = self.hir.collections.get(*index);
                collection.map_or(String::new(), |collection| collection.name.clone())
            };
            let runs = budget.runs_per_input.filter(|runs| given.runs >= *runs);
            if let Some(runs) = runs.filter(|_| self.rows.contains_key(index)) {
                let collection = collection();
                return Err(Box::new(Refusal::Spent { collection, runs }));
            }
            let cost =
                |of: &std::collections::BTreeMap<usize, u64>| of.get(index).copied().unwrap_or(0);
            let (epsilon, delta) = (cost(&facts.epsilon), cost(&facts.delta));
            let is_over = |spent: u64, cost: u64, total: Option<u64>| {
                cost > 0 && total.is_some_and(|total| spent.saturating_add(cost) > total)
            };
            if is_over(given.epsilon, epsilon, budget.epsilon_total)
                || is_over(given.delta, delta, budget.delta_total)
            {
                let collection = collection();
                return Err(Box::new(Refusal::Budget { collection }));
            }
            self.epsilon.insert(*index, epsilon);
            self.delta.insert(*index, delta);
        }
        Ok(())
    }
}

/// Refuses more rows than there may be.
fn too_many(hir: &Hir, collection: &Collection, given: &Given) -> Run<()> {
    let len = given.rows.len();
    let refused = |maximum: u64| {
        let collection = collection.name.clone();
        Err(Box::new(Refusal::TooManyRows {
            collection,
            given: len,
            maximum,
        }))
    };
    let most = collection.max_rows(&hir.groups);
    if len as u64 > most {
        return refused(most);
    }
    let each = match collection.rows {
        PerGiver::One => 1,
        PerGiver::UpTo(rows) => u64::from(rows),
    };
    // Rows are in order of givers.
    let mut of_giver = given.rows.chunk_by(|(a, _), (b, _)| a == b);
    if of_giver.any(|rows| rows.len() as u64 > each) {
        refused(each)
    } else {
        Ok(())
    }
}

/// Whether all numbers of a value lie where they are declared to: `range` is of a number or of the numbers of a list, fields have
/// their own.
pub(super) fn in_range(hir: &Hir, value: &Value, ty: &Type, stated: Option<Wide>) -> bool {
    match (value, ty) {
        (Value::Number(x) | Value::Fixed { scaled: x, .. }, _) => {
            let inside = |(low, high): (i128, i128)| low <= *x && *x <= high;
            range(ty).is_none_or(inside)
                && stated.is_none_or(|stated| inside((stated.low, stated.high)))
        }
        (Value::List(items), Type::List(element, _) | Type::Rows(element, _)) => items
            .iter()
            .all(|item| in_range(hir, item, element, stated)),
        (Value::Maybe(Some(value)), Type::Maybe(ty)) => in_range(hir, value, ty, stated),
        (Value::Tuple(parts), Type::Tuple(types)) => {
            let mut parts = parts.iter().zip(types);
            parts.all(|(part, ty)| in_range(hir, part, ty, None))
        }
        (Value::Struct(_, fields), Type::Struct(index)) => {
            let declared = hir.structs.get(*index).into_iter().flat_map(|s| &s.fields);
            let mut fields = fields.iter().zip(declared);
            fields.all(|(field, declared)| in_range(hir, field, &declared.ty, declared.range))
        }
        _ => true,
    }
}
