//! Tests on a committee: every call of a test is run there, too, by the compiled contract on shares, and must come to what the
//! interpreter says: results, stores, transfers, and whether the call is refused at all.
//!
//! What only a ledger decides (who may call, deposits, budgets) is left to the interpreter.

use std::collections::{BTreeMap, BTreeSet};

use enigma_bytecode::model::{Contract, Kind, Known, Op, Recipient};
use enigma_bytecode::plan::{Effect, Ended, Environment};

use crate::codegen::columns::{self, Side};
use crate::hir::{Hir, Provider, Store, Type};
use crate::interpret::{Event, Outcome, Refusal, Shown, World};
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
    /// By manifest line and column: what recipients get.
    pub shown: BTreeMap<(u16, u16), Vec<i64>>,
    /// By manifest line and count: whether what is counted is shown.
    pub bits: BTreeMap<(u16, u16), Vec<bool>>,
    /// Columns of secret slots that were stored.
    pub slots: BTreeMap<(u16, u16), i64>,
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
    pub(super) contract: &'a Contract,
    pub(super) committee: &'a mut dyn Committee,
}

/// A call that the interpreter is about to run.
pub(super) fn prepare(
    contract: &Contract,
    world: &World,
    entry: usize,
    args: &[Value],
    caller: &Account,
) -> Option<Call> {
    let hir = world.hir();
    let declared = hir.entries.get(entry)?;
    let mut environment = Environment {
        caller: account(caller),
        height: i64::try_from(world.height).ok()?,
        parties: (0..hir.parties.len())
            .map(|party| account(&Account::Party(party)))
            .collect(),
        groups: vec![Vec::new(); hir.groups.len()],
        ..Environment::default()
    };
    let mut collections = Vec::new();
    let used = contract.collections_used(entry);
    for (index, collection) in hir.collections.iter().enumerate() {
        let is_used = used.iter().any(|used| usize::from(*used) == index);
        let width = contract.collections.get(index)?.columns.len();
        let mut columns = vec![Vec::new(); width];
        let mut givers = Vec::new();
        let given = world.given_rows(index).iter().filter(|_| is_used);
        // What is no value of a row at all is refused when it is given.
        for (giver, row) in given.filter_map(|(giver, row)| Some((giver, row.as_ref()?))) {
            let numbers = numbers(row, &collection.row, hir)?;
            for (column, number) in columns.iter_mut().zip(numbers) {
                column.push(number);
            }
            givers.push(account(giver));
        }
        environment.rows.push(u32::try_from(givers.len()).ok()?);
        if let Provider::Each(group) = collection.provider {
            let members = environment.groups.get_mut(group)?;
            let new: BTreeSet<&Vec<u8>> = givers.iter().filter(|g| !members.contains(g)).collect();
            let mut seen = BTreeSet::new();
            let ordered = givers.iter().filter(|g| new.contains(g) && seen.insert(*g));
            let ordered: Vec<Vec<u8>> = ordered.cloned().collect();
            members.extend(ordered);
        }
        environment.row_accounts.push(givers);
        collections.push(columns);
    }
    let mut params = Vec::new();
    for (param, arg) in declared.params.iter().zip(args) {
        let ty = &declared.locals.get(param.local.0 as usize)?.ty;
        let value = arg.typed(ty, hir)?;
        let (public, private) = if param.private {
            (Vec::new(), numbers(&value, ty, hir)?)
        } else {
            (known(&value, ty, hir)?, Vec::new())
        };
        environment.params.push(public);
        params.push(private);
    }
    let mut slots = BTreeMap::new();
    for (number, (index, slot)) in stored_slots(hir).enumerate() {
        let number = u16::try_from(number).ok()?;
        if slot.store == Store::Mpc {
            let value = world.stored(index, None)?;
            for (column, value) in (0..).zip(numbers(&value, &slot.ty, hir)?) {
                slots.insert((number, column), value);
            }
            let contributions = u32::try_from(world.contributions(index)).unwrap_or(u32::MAX);
            environment.contributions.insert(number, contributions);
            continue;
        }
        for (key, value) in world.entries(index) {
            let key = match (&key, &slot.key) {
                (Some(key), Some(ty)) => Some(known(key, ty, hir)?.pop()?),
                _ => None,
            };
            let columns = known(&value, &slot.ty, hir)?;
            environment.ledger.insert((number, key), columns);
        }
    }
    Some(Call {
        entry,
        environment,
        collections,
        params,
        slots,
    })
}

/// Slots that bytecode knows, in its order.
fn stored_slots(hir: &Hir) -> impl Iterator<Item = (usize, &crate::hir::Slot)> {
    let slots = hir.slots.iter().enumerate();
    slots.filter(|(_, slot)| slot.store != Store::Dht && !matches!(slot.ty, Type::Key(_)))
}

/// In what the committee differs from the interpreter, in one line. `world`: as the interpreter left it.
pub(super) fn difference(
    contract: &Contract,
    world: &World,
    call: &Call,
    interpreted: &Result<Outcome, Refusal>,
    returned: &Result<Returned, CallError>,
) -> Option<String> {
    match (interpreted, returned) {
        (_, Err(CallError::Failed(why))) => Some(format!("the committee failed: {why}")),
        (Ok(_), Err(CallError::Refused(why))) => Some(format!(
            "the committee refuses what the interpreter runs: {why}"
        )),
        (Err(refusal), Ok(_)) if !of_the_ledger(refusal) => Some(format!(
            "the committee runs what the interpreter refuses: {refusal}"
        )),
        (Err(_), _) => None,
        (Ok(outcome), Ok(returned)) => {
            let compared = Compared {
                contract,
                hir: world.hir(),
                call,
                returned,
            };
            compared
                .results(outcome)
                .or_else(|| compared.slots(world))
                .or_else(|| compared.ledger(world))
                .or_else(|| compared.payments(outcome))
        }
    }
}

/// Refusals that no program decides.
fn of_the_ledger(refusal: &Refusal) -> bool {
    matches!(
        refusal,
        Refusal::NotAllowed { .. }
            | Refusal::Arguments { .. }
            | Refusal::NoInput { .. }
            | Refusal::Spent { .. }
            | Refusal::Budget { .. }
            | Refusal::Deposit { .. }
            | Refusal::Funds { .. }
            | Refusal::TooLong
    )
}

/// What a line shows: by column its elements, by count which of them are there.
#[derive(PartialEq, Eq)]
struct Seen {
    columns: Vec<Vec<Known>>,
    there: Vec<Vec<bool>>,
}

struct Compared<'a> {
    contract: &'a Contract,
    hir: &'a Hir,
    call: &'a Call,
    returned: &'a Returned,
}

impl Compared<'_> {
    fn results(&self, outcome: &Outcome) -> Option<String> {
        let lines = (0..).zip(&self.contract.manifest);
        let mut lines = lines.filter(|(_, line)| usize::from(line.entry) == self.call.entry);
        lines.find_map(|(number, line)| {
            let expected = outcome.results.get(&line.name);
            let skipped = self.returned.ended.skipped.contains(&number);
            let name = &line.name;
            let expected = match (expected, skipped) {
                (None, true) => return None,
                (None, false) => return Some(format!("the committee reveals `{name}`, the interpreter does not")),
                (Some(_), true) => return Some(format!("the committee does not reveal `{name}`")),
                (Some(expected), false) => expected,
            };
            let found = self.line(number, line.recipients.contains(&Recipient::Public));
            let expected = self.expected(number, expected)?;
            if found.there != expected.there {
                let (a, b) = (&found.there, &expected.there);
                return Some(format!("which parts of `{name}` are shown: the committee says {a:?}, the interpreter {b:?}"));
            }
            // Noise makes them differ, on purpose.
            let differ = line.noise.is_none() && found.columns != expected.columns;
            differ.then(|| {
                let (a, b) = (numbers_of(&found.columns), numbers_of(&expected.columns));
                format!("`{name}`: the committee says {a}, the interpreter {b}")
            })
        })
    }

    /// What the committee shows by a line: columns, and which are there.
    fn line(&self, number: u16, public: bool) -> Seen {
        if public {
            let shown = self.returned.ended.public.get(&number).cloned();
            let shown = shown.unwrap_or_default();
            return Seen {
                columns: shown.columns,
                there: shown.there,
            };
        }
        let of_line = (number, 0)..=(number, u16::MAX);
        let kinds = &self.contract.manifest[usize::from(number)].columns;
        let columns = self
            .returned
            .shown
            .range(of_line.clone())
            .map(|((_, column), values)| {
                let kind = kinds.get(usize::from(*column)).map(|column| column.kind);
                let known = |value: &i64| self.shown(*value, kind);
                values.iter().map(known).collect()
            });
        let there = self
            .returned
            .bits
            .range(of_line)
            .map(|(_, bits)| bits.clone());
        Seen {
            columns: columns.collect(),
            there: there.collect(),
        }
    }

    /// Members are told by number; tests know accounts.
    fn shown(&self, value: i64, kind: Option<Kind>) -> Known {
        let Some(Kind::MemberOf(collection)) = kind else {
            return Known::Number(value);
        };
        let accounts = self
            .call
            .environment
            .row_accounts
            .get(usize::from(collection));
        let account = usize::try_from(value)
            .ok()
            .and_then(|row| accounts?.get(row).cloned());
        Known::Bytes(account.unwrap_or_default())
    }

    /// The same of what the interpreter shows; nothing if it has another shape than the line.
    fn expected(&self, number: u16, shown: &Shown) -> Option<Seen> {
        let counts = self.counts(number);
        let width = self
            .contract
            .manifest
            .get(usize::from(number))?
            .columns
            .len();
        let values: Vec<&Value> = match shown {
            Shown::One(value) => vec![value],
            Shown::PerOwner(rows) => rows.iter().flatten().collect(),
        };
        let mut columns = vec![Vec::new(); width];
        let mut there = vec![Vec::new(); counts];
        for value in values {
            // A guard makes a `maybe` of the value, or of each element of a list.
            let parts: Vec<(Option<&Value>, bool)> = match (counts, value) {
                (0, value) => vec![(Some(value), true)],
                (_, Value::Maybe(value)) => vec![(value.as_deref(), value.is_some())],
                (_, Value::List(parts)) => (parts.iter())
                    .map(|part| match part {
                        Value::Maybe(value) => (value.as_deref(), value.is_some()),
                        other => (Some(other), true),
                    })
                    .collect(),
                _ => return None,
            };
            let each = width / parts.len().max(1);
            let mut numbers = Vec::new();
            for (part, shown) in &parts {
                let mut leaves = Vec::new();
                if let (Some(part), true) = (part, *shown) {
                    plain(part, &mut leaves);
                }
                leaves.resize(each, Known::Number(0));
                numbers.extend(leaves);
            }
            for (column, number) in columns.iter_mut().zip(numbers) {
                column.push(number);
            }
            let each = counts / parts.len().max(1);
            let bits = parts.iter().flat_map(|(_, shown)| vec![*shown; each]);
            for (place, bit) in there.iter_mut().zip(bits) {
                place.push(bit);
            }
        }
        Some(Seen { columns, there })
    }

    /// How many counts guard a line.
    fn counts(&self, number: u16) -> usize {
        let code = self.contract.entries.get(self.call.entry);
        let outs = code.iter().flat_map(|entry| &entry.code);
        let mut counts = outs.filter_map(|op| match op {
            Op::Out { reveal, counts, .. } if *reveal == number => Some(counts.len()),
            _ => None,
        });
        counts.next().unwrap_or(0)
    }

    /// Secret slots: what was stored, else what was there.
    fn slots(&self, world: &World) -> Option<String> {
        let code = self.contract.entries.get(self.call.entry)?;
        if code.code.iter().any(|op| matches!(op, Op::Random { .. })) {
            return None;
        }
        for (number, (index, slot)) in (0..).zip(stored_slots(self.hir)) {
            if slot.store != Store::Mpc {
                continue;
            }
            let expected = numbers(&world.stored(index, None)?, &slot.ty, self.hir)?;
            for (column, expected) in (0..).zip(expected) {
                let place = (number, column);
                let stored = self.returned.slots.get(&place);
                let found = stored.or_else(|| self.call.slots.get(&place)).copied();
                if found != Some(expected) {
                    let name = &slot.name;
                    let found = found.map_or_else(|| "nothing".to_owned(), |x| x.to_string());
                    return Some(format!(
                        "`MPC.{name}`: the committee stores {found}, the interpreter {expected}"
                    ));
                }
            }
        }
        None
    }

    /// The ledger, with the effects of the committee.
    fn ledger(&self, world: &World) -> Option<String> {
        let mut found = self.call.environment.ledger.clone();
        for effect in &self.returned.ended.effects {
            let Effect::Store {
                slot,
                column,
                key,
                value,
            } = effect
            else {
                continue;
            };
            let initial = &self.contract.slots.get(usize::from(*slot))?.initial;
            let columns = found
                .entry((*slot, key.clone()))
                .or_insert_with(|| initial.clone());
            *columns.get_mut(usize::from(*column))? = value.clone();
        }
        for (number, (index, slot)) in (0..).zip(stored_slots(self.hir)) {
            if slot.store == Store::Mpc {
                continue;
            }
            let mut expected = BTreeMap::new();
            for (key, value) in world.entries(index) {
                let key = match (&key, &slot.key) {
                    (Some(key), Some(ty)) => Some(known(key, ty, self.hir)?.pop()?),
                    _ => None,
                };
                expected.insert((number, key), known(&value, &slot.ty, self.hir)?);
            }
            let of_slot = found.iter().filter(|((of, _), _)| *of == number);
            let of_slot: BTreeMap<_, _> = of_slot.map(|(k, v)| (k.clone(), v.clone())).collect();
            if of_slot != expected {
                let name = &slot.name;
                return Some(format!(
                    "`L.{name}`: the committee stores {of_slot:?}, the interpreter {expected:?}"
                ));
            }
        }
        None
    }

    fn payments(&self, outcome: &Outcome) -> Option<String> {
        let paid = outcome
            .transcript
            .events
            .iter()
            .filter_map(|event| match event {
                Event::Pays(amount) => Some((
                    Some(self.call.environment.caller.clone()),
                    Vec::new(),
                    *amount,
                )),
                _ => None,
            });
        let moved = outcome.transfers.iter().map(|transfer| {
            let from = transfer.from.as_ref().map(account);
            (from, account(&transfer.to), transfer.amount)
        });
        let expected: Vec<_> = paid.chain(moved).collect();
        let effects = self.returned.ended.effects.iter();
        let found = effects.filter_map(|effect| match effect {
            Effect::Pays { amount } => Some((
                Some(self.call.environment.caller.clone()),
                Vec::new(),
                i128::from(*amount),
            )),
            Effect::Transfer { from, to, amount } => {
                Some((from.clone(), to.clone(), i128::from(*amount)))
            }
            Effect::Store { .. } => None,
        });
        let found: Vec<_> = found.collect();
        (found != expected).then(|| {
            format!("payments: the committee makes {found:?}, the interpreter {expected:?}")
        })
    }
}

fn numbers_of(columns: &[Vec<Known>]) -> String {
    let columns = columns.iter().map(|column| {
        let values = column.iter().map(|value| match value {
            Known::Number(number) => number.to_string(),
            Known::Bytes(bytes) => format!("{bytes:02x?}"),
        });
        values.collect::<Vec<_>>().join(" ")
    });
    columns.collect::<Vec<_>>().join(", ")
}

/// The address of an account of a test: nobody's is zero.
fn account(account: &Account) -> Vec<u8> {
    if *account == Account::Nobody {
        return vec![0; 20];
    }
    let text = format!("{account:?}");
    blake3::hash(text.as_bytes()).as_bytes()[..20].to_vec()
}

/// The leaves of a value that is shown.
fn plain(value: &Value, leaves: &mut Vec<Known>) {
    match value {
        Value::List(parts) | Value::Tuple(parts) | Value::Struct(_, parts) => {
            parts.iter().for_each(|part| plain(part, leaves));
        }
        Value::Maybe(Some(value)) => {
            leaves.push(Known::Number(1));
            plain(value, leaves);
        }
        Value::Bytes(bytes) => {
            let limbs = columns::limbs(bytes, bytes.len() as u32);
            leaves.extend(limbs.into_iter().map(Known::Number));
        }
        other => leaves.push(leaf(other)),
    }
}

fn leaf(value: &Value) -> Known {
    match value {
        Value::Truth(truth) => Known::Number((*truth).into()),
        Value::Variant { place, .. } => Known::Number((*place).into()),
        Value::Account(who) => Known::Bytes(account(who)),
        Value::Bytes(bytes) => Known::Bytes(bytes.to_vec()),
        Value::Text(text) => Known::Bytes(text.as_bytes().to_vec()),
        other => {
            let number = other.number().and_then(|x| i64::try_from(x).ok());
            Known::Number(number.unwrap_or(0))
        }
    }
}

/// The private columns of a value.
fn numbers(value: &Value, ty: &Type, hir: &Hir) -> Option<Vec<i64>> {
    let mut columns = Vec::new();
    flatten(value, ty, Side::Secret, hir, &mut columns)?;
    let number = |known: Known| match known {
        Known::Number(number) => Some(number),
        Known::Bytes(_) => None,
    };
    columns.into_iter().map(number).collect()
}

/// The public columns of a value.
fn known(value: &Value, ty: &Type, hir: &Hir) -> Option<Vec<Known>> {
    let mut columns = Vec::new();
    flatten(value, ty, Side::Public, hir, &mut columns)?;
    Some(columns)
}

fn flatten(
    value: &Value,
    ty: &Type,
    side: Side,
    hir: &Hir,
    columns: &mut Vec<Known>,
) -> Option<()> {
    match (value, ty) {
        (Value::Bytes(_) | Value::Text(_), Type::Bytes(len) | Type::Text(len)) => {
            let mut bytes = match value {
                Value::Text(text) => text.as_bytes().to_vec(),
                Value::Bytes(bytes) => bytes.to_vec(),
                _ => return None,
            };
            bytes.resize(*len as usize, 0);
            match side {
                Side::Public => columns.push(Known::Bytes(bytes)),
                Side::Secret => {
                    let limbs = columns::limbs(&bytes, *len);
                    columns.extend(limbs.into_iter().map(Known::Number));
                }
            }
        }
        (Value::List(parts), Type::List(element, _)) => {
            for part in parts.iter() {
                flatten(part, element, side, hir, columns)?;
            }
        }
        (Value::Tuple(parts), Type::Tuple(types)) => {
            for (part, ty) in parts.iter().zip(types) {
                flatten(part, ty, side, hir, columns)?;
            }
        }
        (Value::Struct(_, parts), Type::Struct(index)) => {
            let fields = &hir.structs.get(*index)?.fields;
            for (part, field) in parts.iter().zip(fields) {
                flatten(part, &field.ty, side, hir, columns)?;
            }
        }
        (Value::Maybe(inside), Type::Maybe(inner)) => {
            columns.push(Known::Number(inside.is_some().into()));
            let zero = Value::zero(inner, hir, &crate::value::Lengths::default());
            let inside = inside.as_deref().cloned().or(zero)?;
            flatten(&inside, inner, side, hir, columns)?;
        }
        (Value::Number(_) | Value::Fixed { .. }, _) => {
            let number = value.number().and_then(|x| i64::try_from(x).ok())?;
            columns.push(Known::Number(number));
        }
        (Value::Truth(_) | Value::Variant { .. } | Value::Account(_), _) => {
            columns.push(leaf(value));
        }
        _ => return None,
    }
    Some(())
}
