//! In what a committee differs from the interpreter.

use enigma_bytecode::model::{Contract, Kind, Known, Op, Recipient, Reveal};
use enigma_bytecode::plan::{Effect, Sink};
use enigma_bytecode::stored::{StatePlace, Values};

use super::{Call, CallError, Returned, public_slot};
use crate::Checked;
use crate::codegen::columns::{self, Side};
use crate::hir::{Store, Type};
use crate::interpret::{Event, Outcome, Refusal, Shown, World};
use crate::value::{Account, Value};

/// Whether a committee came to what the interpreter did; `world` is as the interpreter left it, `checked` what `contract` was
/// compiled from.
///
/// # Errors
/// The first difference, in one line.
pub(in crate::testing) fn compare(
    (contract, checked): (&Contract, &Checked),
    world: &World,
    call: &Call,
    interpreted: &Result<Outcome, Refusal>,
    returned: &Result<Returned, CallError>,
) -> Result<(), String> {
    match (interpreted, returned) {
        (_, Err(CallError::Failed(why))) => Err(format!("the committee failed: {why}")),
        (Ok(_), Err(CallError::Refused(why))) => Err(format!(
            "the committee refuses what the interpreter runs: {why}"
        )),
        (Err(refusal), Ok(_)) if !of_the_ledger(refusal) => Err(format!(
            "the committee runs what the interpreter refuses: {refusal}"
        )),
        (Err(_), _) => Ok(()),
        (Ok(outcome), Ok(returned)) => {
            let compared = Compared {
                contract,
                checked,
                call,
                returned,
            };
            compared.results(outcome)?;
            compared.slots(world)?;
            compared.ledger(world)?;
            compared.payments(outcome)
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

/// What the interpreter has is not what the contract's columns can say.
fn incomparable(what: &str) -> String {
    format!("`{what}` has another shape in the contract than in the interpreter")
}

/// What a line shows: by column its elements, by count which of them are there.
#[derive(PartialEq, Eq)]
struct Seen {
    columns: Vec<Vec<Known>>,
    there: Vec<Vec<bool>>,
}

struct Compared<'a> {
    contract: &'a Contract,
    checked: &'a Checked,
    call: &'a Call,
    returned: &'a Returned,
}

impl Compared<'_> {
    fn results(&self, outcome: &Outcome) -> Result<(), String> {
        let lines = (0..).zip(&self.contract.manifest);
        for (number, line) in lines.filter(|(_, line)| usize::from(line.entry) == self.call.entry) {
            self.result(number, line, outcome)?;
        }
        Ok(())
    }

    fn result(&self, number: u16, line: &Reveal, outcome: &Outcome) -> Result<(), String> {
        let name = &line.name;
        let skipped = self.returned.ended.skipped.contains(&number);
        let expected = match (outcome.results.get(name), skipped) {
            (None, true) => return Ok(()),
            (None, false) => {
                return Err(format!(
                    "the committee reveals `{name}`, the interpreter does not"
                ));
            }
            (Some(_), true) => return Err(format!("the committee does not reveal `{name}`")),
            (Some(expected), false) => expected,
        };
        let found = self.found(number, line);
        let expected = self.expected(number, line, expected);
        let expected = expected.ok_or_else(|| incomparable(name))?;
        // Counts beside noise are compared with noise of their own, on purpose.
        let blurred = line.noise.is_some_and(|noise| noise.counts.is_some());
        let lengths = |there: &[Vec<bool>]| there.iter().map(Vec::len).collect::<Vec<_>>();
        if lengths(&found.there) != lengths(&expected.there) {
            return Err(format!(
                "`{name}`: the committee says whether {} parts are shown, the interpreter {}",
                found.there.len(),
                expected.there.len()
            ));
        }
        if !blurred && found.there != expected.there {
            return Err(format!(
                "which parts of `{name}` are shown: the committee says {:?}, the interpreter {:?}",
                found.there, expected.there
            ));
        }
        // Noise makes them differ, on purpose.
        if line.noise.is_none() && found.columns != expected.columns {
            let (a, b) = (text(&found.columns), text(&expected.columns));
            return Err(format!(
                "`{name}`: the committee says {a}, the interpreter {b}"
            ));
        }
        Ok(())
    }

    /// What the committee shows by a line.
    fn found(&self, number: u16, line: &Reveal) -> Seen {
        if line.recipients.contains(&Recipient::Public) {
            let shown = self.returned.ended.public.get(&number).cloned();
            let shown = shown.unwrap_or_default();
            return Seen {
                columns: shown.columns,
                there: shown.there,
            };
        }
        let mut seen = Seen {
            columns: Vec::new(),
            there: Vec::new(),
        };
        for (sink, values) in &self.returned.outputs {
            match *sink {
                Sink::Shown { reveal, column } if reveal == number => {
                    let kind = line.columns.get(usize::from(column)).map(|c| c.kind);
                    let values = values.iter().map(|value| self.shown(*value, kind));
                    seen.columns.push(values.collect());
                }
                Sink::Bit { reveal, .. } if reveal == number => {
                    seen.there
                        .push(values.iter().map(|bit| *bit == 1).collect());
                }
                _ => {}
            }
        }
        seen
    }

    /// Members are told by number; tests know accounts.
    fn shown(&self, value: i64, kind: Option<Kind>) -> Known {
        let Some(Kind::MemberOf(collection)) = kind else {
            return Known::Number(value);
        };
        let environment = &self.call.environment;
        let collection = usize::from(collection);
        let members = environment.row_members.get(collection);
        let row = match members.filter(|members| !members.is_empty()) {
            Some(members) => (members.iter()).position(|member| i64::from(*member) == value),
            None => usize::try_from(value).ok(),
        };
        let accounts = environment.row_accounts.get(collection);
        let account = accounts.and_then(|accounts| accounts.get(row?).cloned());
        Known::Bytes(account.unwrap_or_default())
    }

    /// The same of what the interpreter shows; `None` if it has another shape than the line.
    fn expected(&self, number: u16, line: &Reveal, shown: &Shown) -> Option<Seen> {
        let facts = self.checked.facts.entries.get(self.call.entry)?;
        let mut reveals = facts.reveals.iter();
        let ty = &reveals.find(|reveal| reveal.name == line.name)?.ty;
        let counts = self.counts(number);
        let mut seen = Seen {
            columns: vec![Vec::new(); line.columns.len()],
            there: vec![Vec::new(); counts],
        };
        match shown {
            Shown::One(value) => self.see(value, ty, &mut seen)?,
            Shown::PerOwner(rows) => {
                let Type::Rows(row_type, _) = ty else {
                    return None;
                };
                for row in rows.iter().flatten() {
                    self.see(row, row_type, &mut seen)?;
                }
            }
        }
        Some(seen)
    }

    /// Adds the columns of a value. A guard makes a `maybe` of it, or of each element of a list.
    fn see(&self, value: &Value, ty: &Type, seen: &mut Seen) -> Option<()> {
        let counts = seen.there.len();
        let parts: Vec<(Option<&Value>, &Type)> = match (counts, value, ty) {
            (0, value, ty) => vec![(Some(value), ty)],
            (_, Value::Maybe(value), ty) => vec![(value.as_deref(), ty)],
            (_, Value::List(parts), Type::List(element, _)) => {
                let inside = parts.iter().map(|part| match part {
                    Value::Maybe(value) => Some((value.as_deref(), &**element)),
                    _ => None,
                });
                inside.collect::<Option<_>>()?
            }
            _ => return None,
        };
        let width = seen.columns.len() / parts.len().max(1);
        let mut columns = Vec::new();
        for (part, ty) in &parts {
            match part {
                Some(part) => {
                    let hir = &self.checked.hir;
                    columns.extend(columns::of_value(part, ty, Side::Secret, hir)?);
                }
                None => columns.extend(vec![Known::Number(0); width]),
            }
        }
        if columns.len() != seen.columns.len() {
            return None;
        }
        for (column, value) in seen.columns.iter_mut().zip(columns) {
            column.push(value);
        }
        let each = counts / parts.len().max(1);
        let bits = parts
            .iter()
            .flat_map(|(part, _)| vec![part.is_some(); each]);
        for (place, bit) in seen.there.iter_mut().zip(bits) {
            place.push(bit);
        }
        Some(())
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

    /// Secret slots: what was stored, else what was there. Of an entry that draws random numbers nothing is known.
    fn slots(&self, world: &World) -> Result<(), String> {
        let code = self.contract.entries.get(self.call.entry);
        let mut code = code.iter().flat_map(|entry| &entry.code);
        if code.any(Op::draws) {
            return Ok(());
        }
        let hir = &self.checked.hir;
        for (slot, (index, declared)) in (0..).zip(columns::slots(hir)) {
            if declared.store != Store::Mpc {
                continue;
            }
            let name = &declared.name;
            let value = world.stored(index, None);
            let expected = value.and_then(|value| columns::numbers(&value, &declared.ty, hir));
            for (column, expected) in (0..).zip(expected.ok_or_else(|| incomparable(name))?) {
                let stored = self.returned.outputs.get(&Sink::Slot { slot, column });
                let stored = stored.and_then(|values| values.first());
                let found = stored.or_else(|| self.call.slots.get(&(slot, column)));
                if found != Some(&expected) {
                    let found = found.map_or_else(|| "nothing".to_owned(), |x| x.to_string());
                    return Err(format!(
                        "`MPC.{name}`: the committee stores {found}, the interpreter {expected}"
                    ));
                }
            }
        }
        Ok(())
    }

    /// The ledger, with the effects of the committee.
    fn ledger(&self, world: &World) -> Result<(), String> {
        let before = &self.call.environment.ledger;
        let mut found = before.on_chain.values.clone();
        found.extend((*before.beside).clone());
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
            let declared = self.contract.slots.get(usize::from(*slot));
            let declared = declared.ok_or("the committee stores in a slot that does not exist")?;
            let place = |column| StatePlace {
                slot: *slot,
                key: key.clone(),
                column,
            };
            // What has never been written has its first values.
            for (column, first) in (0..).zip(&declared.initial) {
                found.entry(place(column)).or_insert_with(|| first.clone());
            }
            found.insert(place(*column), value.clone());
        }
        for (number, (index, declared)) in (0..).zip(columns::slots(&self.checked.hir)) {
            if declared.store == Store::Mpc {
                continue;
            }
            let name = &declared.name;
            let expected = public_slot(world, number, index, declared);
            let expected = expected.ok_or_else(|| incomparable(name))?;
            let of_slot = found.iter().filter(|(place, _)| place.slot == number);
            let of_slot: Values = of_slot.map(|(k, v)| (k.clone(), v.clone())).collect();
            if of_slot != expected {
                return Err(format!(
                    "`{}.{name}`: the committee stores {of_slot:?}, the interpreter {expected:?}",
                    declared.store.name()
                ));
            }
        }
        Ok(())
    }

    fn payments(&self, outcome: &Outcome) -> Result<(), String> {
        let caller = || Some(self.call.environment.caller.clone());
        let events = outcome.transcript.events.iter();
        let paid = events.filter_map(|event| match event {
            Event::Pays(amount) => Some((caller(), Vec::new(), *amount)),
            _ => None,
        });
        let moved = outcome.transfers.iter().map(|transfer| {
            let from = transfer.from.as_ref().map(Account::address);
            (from, transfer.to.address(), transfer.amount)
        });
        let expected: Vec<_> = paid.chain(moved).collect();
        let effects = self.returned.ended.effects.iter();
        let found = effects.filter_map(|effect| match effect {
            Effect::Pays { amount } => Some((caller(), Vec::new(), i128::from(*amount))),
            Effect::Transfer { from, to, amount } => {
                Some((from.clone(), to.clone(), i128::from(*amount)))
            }
            Effect::Store { .. } => None,
        });
        let found: Vec<_> = found.collect();
        if found != expected {
            return Err(format!(
                "payments: the committee makes {found:?}, the interpreter {expected:?}"
            ));
        }
        Ok(())
    }
}

fn text(columns: &[Vec<Known>]) -> String {
    let columns = columns.iter().map(|column| {
        let values = column.iter().map(|value| match value {
            Known::Number(number) => number.to_string(),
            Known::Bytes(bytes) => format!("{bytes:02x?}"),
        });
        values.collect::<Vec<_>>().join(" ")
    });
    columns.collect::<Vec<_>>().join(", ")
}
