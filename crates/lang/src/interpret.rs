//! Runs a contract on plain values, directly on the checked contract. This is the meaning of the language: bytecode and
//! committees are compared with it, and it runs `test` blocks.
//!
//! [`World`] is one instance of a contract, and a call of an entry one transaction in it. Values are whole numbers and exact fixed
//! point throughout; nothing here knows a backend, a field or a share.
//!
//! Invariants: no input makes it panic; the checker excludes every [`Refusal::Internal`]; work and depth are bounded; a refused call
//! changes nothing.

mod effect;
mod elementary;
mod enter;
mod expr;
mod library;
mod machine;
mod operator;
mod refusal;
mod stmt;
mod transcript;
mod uses;
mod world;

use std::collections::BTreeMap;

use crate::Checked;
use crate::hir::{Collection, Provider, Role, Rows as PerGiver};
use crate::value::{Account, Value};

pub(crate) use elementary::laplace_decay;
pub(crate) use operator::{binary, cast, unary};
pub use refusal::Refusal;
pub use transcript::{Event, Transcript};
pub(crate) use uses::collections_used;
pub use world::{DEPOSIT, Outcome, Transfer, World};

/// What a reveal shows.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Shown {
    /// One value to all recipients.
    One(Value),
    /// One value per given row, to its owner; `None` for a row that was refused.
    PerOwner(Vec<Option<Value>>),
}

/// What has been given for a collection.
#[derive(Clone, Debug, Default)]
struct Given {
    /// Each with who gave it; `None` for what is no value of a row at all, which is refused.
    rows: Vec<(Account, Option<Value>)>,
    /// In how many runs it has taken part.
    runs: u32,
    /// What noise on it has cost, in millionths.
    epsilon: u64,
    /// The same of delta, in units of 10^-12.
    delta: u64,
}

/// The rows of a collection in one run.
#[derive(Clone, Debug)]
struct Rows {
    /// Those that count, as one vector.
    values: Value,
    /// Who gave each of them.
    givers: Vec<Account>,
    /// Which of all given rows count.
    valid: Vec<bool>,
}

impl Rows {
    /// One value per row that counts, as one per given row.
    fn per_giver(&self, values: &Value) -> Option<Vec<Option<Value>>> {
        let values = values.elements()?;
        if values.len() != self.givers.len() {
            return None;
        }
        let mut values = values.iter();
        let shown = self
            .valid
            .iter()
            .map(|valid| if *valid { values.next().cloned() } else { None });
        Some(shown.collect())
    }
}

impl World<'_> {
    /// Gives the rows of a collection anew, in order of givers. `None` is a row that is no value of its type: it is refused.
    ///
    /// Of one row per member, row k is of member k. Of several, the rows are spread evenly over as many members as there can be,
    /// without changing their order.
    pub fn give(&mut self, collection: usize, rows: Vec<Option<Value>>) {
        let Some(declared) = self.checked.hir.collections.get(collection) else {
            return;
        };
        let len = rows.len();
        let giver = |row: usize| match declared.provider {
            Provider::Party(party) => Account::Party(party),
            Provider::Each(group) => Account::Member(group, self.giver(declared, group, row, len)),
        };
        let rows: Vec<(Account, Option<Value>)> = rows
            .into_iter()
            .enumerate()
            .map(|(k, row)| (giver(k), row))
            .collect();
        self.give_by(collection, rows);
    }

    /// The same, with the giver of each row stated. Rows must be in order of givers.
    pub fn give_by(&mut self, collection: usize, rows: Vec<(Account, Option<Value>)>) {
        let given = Given {
            rows,
            ..Given::default()
        };
        self.given.insert(collection, given);
    }

    fn giver(&self, declared: &Collection, group: usize, row: usize, len: usize) -> u32 {
        let members = self
            .checked
            .hir
            .groups
            .get(group)
            .map_or(0, |group| group.max as usize);
        let place = match declared.rows {
            PerGiver::One => row,
            // `row` < `len`, and both are far below 2^32: vectors are short.
            PerGiver::UpTo(_) => row.saturating_mul(members.min(len)) / len.max(1),
        };
        u32::try_from(place).unwrap_or(u32::MAX)
    }
}

/// Runs an entry without parameters, as somebody who may, on an instance in which nothing else has happened. `inputs`: the rows
/// of each collection, by its name, in the order of members; truth values as 1 and 0, names of enumerations as their places.
/// Returns what is revealed, by name.
///
/// # Errors
/// [`Refusal`] if a real run would be refused.
pub fn interpret(
    checked: &Checked,
    entry: &str,
    inputs: &BTreeMap<String, Vec<i64>>,
) -> Result<BTreeMap<String, Shown>, Refusal> {
    let hir = &checked.hir;
    let found = hir.entries.iter().position(|e| e.name == entry);
    let Some((index, found)) = found.and_then(|i| Some((i, hir.entries.get(i)?))) else {
        let entry = entry.to_owned();
        return Err(Refusal::UnknownEntry { entry });
    };
    let mut world = World::new(checked);
    for (collection, declared) in hir.collections.iter().enumerate() {
        if let Some(rows) = inputs.get(&declared.name) {
            let row = |x: &i64| Value::Number((*x).into()).typed(&declared.row, hir);
            world.give(collection, rows.iter().map(row).collect());
        }
    }
    let caller = match found.by {
        Some(Role::Party(party)) => Account::Party(party),
        Some(Role::Member(group)) => Account::Member(group, 0),
        None => Account::Anyone,
    };
    world.run(index, &[], caller).map(|outcome| outcome.results)
}
