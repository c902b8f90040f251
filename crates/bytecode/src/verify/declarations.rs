//! Rules of declarations: names, numbers, indices, kinds, first values.

use std::collections::BTreeSet;

use super::{
    MAX_COLUMNS, MAX_COUNTED, MAX_DECLARATIONS, MAX_GROUP, MAX_KEY_BYTES, MAX_PARTIES, MAX_REVEALS,
    MAX_TOGETHER_BYTES, MAX_VALUE_BYTES, VALUE_BYTES, VerifyError,
};
use crate::container::{is_name, is_path};
use crate::model::{
    Allow, Budget, Collection, Column, Contract, DELTA_END, Entry, Kind, Known, Param, Profile,
    Provider, Recipient, Role, RowCount, Shape, Slot, Store,
};
use crate::plan::bounds;
use crate::ranges::MAX_CONTRIBUTION;
use crate::values::LIMB_BITS;

/// Bytes of an account.
const ACCOUNT_LEN: usize = 20;
/// Largest value of a piece of private bytes.
const MAX_LIMB: i64 = (1 << LIMB_BITS) - 1;
/// Sums of contributions stay strictly below this.
const SUM_LIMIT: i64 = 1 << 59;

pub(super) fn check(contract: &Contract) -> Result<(), VerifyError> {
    numbers(contract)?;
    distinct([&contract.name])?;
    distinct(contract.groups.iter().map(|group| &group.name))?;
    distinct(&contract.parties)?;
    distinct(contract.enums.iter().map(|item| &item.name))?;
    distinct(contract.collections.iter().map(|item| &item.name))?;
    distinct(contract.entries.iter().map(|entry| &entry.name))?;
    // The ledger's and the committee's slots may share names: sources say where they mean.
    for store in [Store::Ledger, Store::Secret, Store::Dht] {
        let slots = contract.slots.iter().filter(|slot| slot.store == store);
        distinct(slots.map(|slot| &slot.name))?;
    }
    for (index, group) in contract.groups.iter().enumerate() {
        if group.min == 0 || group.min > group.max || group.max > MAX_GROUP {
            return Err(VerifyError::BadGroup { group: index });
        }
    }
    for (index, item) in contract.enums.iter().enumerate() {
        if !(1..=MAX_COLUMNS).contains(&item.variants.len()) {
            return Err(VerifyError::BadEnum { index });
        }
        distinct(&item.variants)?;
    }
    for (index, collection) in contract.collections.iter().enumerate() {
        names_of_columns(&collection.columns)?;
        if !collection_is_valid(contract, index, collection) {
            return Err(VerifyError::BadCollection { collection: index });
        }
    }
    for (index, slot) in contract.slots.iter().enumerate() {
        names_of_columns(&slot.columns)?;
        if !slot_is_valid(contract, slot) {
            return Err(VerifyError::BadSlot { slot: index });
        }
        if together(slot) > MAX_TOGETHER_BYTES {
            return Err(VerifyError::LargeSlot { slot: index });
        }
    }
    if contract.slots.iter().map(counted).sum::<u64>() > MAX_COUNTED {
        return Err(VerifyError::TooManyContributions);
    }
    if let Some(budget) = contract.budget
        && !budget_is_valid(budget)
    {
        return Err(VerifyError::BadBudget);
    }
    for (index, entry) in contract.entries.iter().enumerate() {
        self::entry(contract, index, entry)?;
    }
    Ok(())
}

fn budget_is_valid(budget: Budget) -> bool {
    let deltas = 1..DELTA_END;
    budget.epsilon_total != Some(0)
        && budget.runs_per_input != Some(0)
        && budget
            .delta_total
            .is_none_or(|delta| deltas.contains(&delta))
}

fn numbers(contract: &Contract) -> Result<(), VerifyError> {
    let counts = [
        contract.groups.len(),
        contract.enums.len(),
        contract.collections.len(),
        contract.slots.len(),
        contract.entries.len(),
    ];
    let params = contract.entries.iter().map(|entry| entry.params.len());
    let mut counts = counts.into_iter().chain(params);
    if counts.any(|n| n > MAX_DECLARATIONS)
        || contract.parties.len() > MAX_PARTIES
        || contract.manifest.len() > MAX_DECLARATIONS * MAX_REVEALS
    {
        return Err(VerifyError::TooMany);
    }
    Ok(())
}

/// Each is a name, and all are different.
pub(super) fn distinct<'a>(names: impl IntoIterator<Item = &'a String>) -> Result<(), VerifyError> {
    different(names, is_name)
}

/// The ways to the numbers of one value: the value itself is the only one without a name.
pub(super) fn names_of_columns(columns: &[Column]) -> Result<(), VerifyError> {
    let names = columns.iter().map(|column| &column.name);
    different(names, |name| {
        let fits = !name.is_empty() || columns.len() == 1;
        fits && is_path(name)
    })
}

fn different<'a>(
    names: impl IntoIterator<Item = &'a String>,
    is_valid: impl Fn(&str) -> bool,
) -> Result<(), VerifyError> {
    let mut seen = BTreeSet::new();
    for name in names {
        if !is_valid(name) {
            return Err(VerifyError::BadName { name: name.clone() });
        }
        if !seen.insert(name) {
            return Err(VerifyError::DuplicateName { name: name.clone() });
        }
    }
    Ok(())
}

fn entry(contract: &Contract, index: usize, entry: &Entry) -> Result<(), VerifyError> {
    let role_exists = match entry.by {
        None => true,
        Some(Role::Party(party)) => usize::from(party) < contract.parties.len(),
        Some(Role::Member(group)) => usize::from(group) < contract.groups.len(),
    };
    if !role_exists {
        return Err(VerifyError::BadRole { entry: index });
    }
    distinct(entry.params.iter().map(|param| &param.name))?;
    for (place, param) in entry.params.iter().enumerate() {
        names_of_columns(&param.columns)?;
        if !param_is_valid(contract, param) {
            return Err(VerifyError::BadParam {
                entry: index,
                param: place,
            });
        }
    }
    Ok(())
}

fn collection_is_valid(contract: &Contract, index: usize, collection: &Collection) -> bool {
    let provided = match collection.provider {
        Provider::Each(group) => usize::from(group) < contract.groups.len(),
        Provider::Party(party) => usize::from(party) < contract.parties.len(),
    };
    let rows = match collection.rows {
        RowCount::One => true,
        RowCount::UpTo(rows) => rows > 0,
    };
    let own = u16::try_from(index).ok().map(Recipient::OwnerOf);
    provided
        && rows
        && contract.maximum_rows(index) <= MAX_GROUP
        && columns_are_valid(contract, &collection.columns, true)
        && allows_are_valid(contract, &collection.allows, own)
        && mixes_enough(contract, &collection.allows, Some(collection.provider))
}

fn slot_is_valid(contract: &Contract, slot: &Slot) -> bool {
    let secret = slot.store == Store::Secret;
    let fits = if secret {
        slot.key.is_none()
    } else {
        !slot.accumulator && slot.allows.is_empty()
    };
    let key = slot.key.as_slice();
    let short = |column: &Column| !matches!(column.kind, Kind::Bytes(most) if most > MAX_KEY_BYTES);
    let keyed =
        key.is_empty() || (columns_are_valid(contract, key, false) && key.iter().all(short));
    let stated = (slot.store == Store::Dht) == slot.access.is_some();
    let initial = slot.initial.len() == slot.columns.len()
        && (slot.columns.iter().zip(&slot.initial)).all(|(column, known)| {
            match (column.kind, known) {
                (Kind::Bytes(most), Known::Bytes(bytes)) => {
                    u32::try_from(bytes.len()).is_ok_and(|len| len <= most)
                }
                (Kind::Account, Known::Bytes(bytes)) => bytes.len() == ACCOUNT_LEN,
                (Kind::Bytes(_) | Kind::Account, _) | (_, Known::Bytes(_)) => false,
                (_, Known::Number(value)) => (column.low..=column.high).contains(value),
            }
        });
    fits && keyed
        && stated
        && initial
        && columns_are_valid(contract, &slot.columns, secret)
        && allows_are_valid(contract, &slot.allows, None)
        && mixes_enough(contract, &slot.allows, None)
        && (!slot.accumulator || accumulates(slot))
}

/// Most bytes that a slot beside the ledger holds, of a map at one key.
fn together(slot: &Slot) -> u64 {
    if slot.store != Store::Dht {
        return 0;
    }
    let bytes = |column: &Column| match column.kind {
        Kind::Bytes(most) => u64::from(most),
        Kind::Account => ACCOUNT_LEN as u64,
        _ => 8,
    };
    let key = slot.key.as_ref().map_or(0, bytes);
    let values = slot.columns.iter();
    values.map(|column| bytes(column) + key + VALUE_BYTES).sum()
}

/// How many contributions to a slot have to be counted, at most: 0 but of accumulators.
fn counted(slot: &Slot) -> u64 {
    let thresholds = slot.allows.iter().map(|allow| match allow.shape {
        Shape::Aggregate(k) if slot.accumulator => u64::from(k),
        _ => 0,
    });
    let numbers = slot.columns.len() as u64;
    numbers.saturating_mul(thresholds.max().unwrap_or(0))
}

/// What is added up has room for as many contributions as there can be.
fn accumulates(slot: &Slot) -> bool {
    let most = SUM_LIMIT - 1;
    let wide = |column: &Column| {
        let low = column.low == 0 || column.low <= -most;
        let number = matches!(column.kind, Kind::Integer | Kind::Fixed(_));
        number && low && column.high >= most
    };
    let small = |known: &Known| match known {
        Known::Number(value) => value.unsigned_abs() <= MAX_CONTRIBUTION.unsigned_abs(),
        Known::Bytes(_) => false,
    };
    slot.columns.iter().all(wide) && slot.initial.iter().all(small)
}

fn param_is_valid(contract: &Contract, param: &Param) -> bool {
    columns_are_valid(contract, &param.columns, param.private)
}

fn columns_are_valid(contract: &Contract, columns: &[Column], private: bool) -> bool {
    let mut all = columns.iter();
    (1..=MAX_COLUMNS).contains(&columns.len()) && all.all(|c| column_is_valid(contract, c, private))
}

/// Whether a column is of a kind that can be given and stored, and its range is one of the kind.
fn column_is_valid(contract: &Contract, column: &Column, private: bool) -> bool {
    match column.kind {
        Kind::Bytes(most) => {
            let len = (1..=MAX_VALUE_BYTES).contains(&most);
            !private && len && (column.low, column.high) == (0, 0)
        }
        Kind::Account => !private && (column.low, column.high) == (0, 0),
        Kind::MemberOf(_) => false,
        Kind::Limb if !private => false,
        _ => numbers_are_valid(contract, column) && (!private || is_within_field(contract, column)),
    }
}

/// Whether a range is one of numbers of this kind.
pub(super) fn numbers_are_valid(contract: &Contract, column: &Column) -> bool {
    let high = match column.kind {
        Kind::Integer => i64::MAX,
        Kind::Fixed(bits) if bits <= bounds::MOST_FRACTION => i64::MAX,
        Kind::Bool => 1,
        Kind::Limb => MAX_LIMB,
        Kind::Enum(index) => match contract.enums.get(usize::from(index)) {
            Some(item) => i64::try_from(item.variants.len()).unwrap_or(i64::MAX) - 1,
            None => return false,
        },
        Kind::Fixed(_) | Kind::Bytes(_) | Kind::Account | Kind::MemberOf(_) => return false,
    };
    let low = match column.kind {
        Kind::Integer | Kind::Fixed(_) => i64::MIN,
        _ => 0,
    };
    low <= column.low && column.low <= column.high && column.high <= high
}

/// Whether all numbers of a range can be shared.
pub(super) fn is_within_field(contract: &Contract, column: &Column) -> bool {
    let limit = Profile::magnitude_limit(contract.profile);
    let inside = |value: i64| i128::from(value).abs() < limit;
    inside(column.low) && inside(column.high)
}

/// `own`: the owners of a collection's rows; a slot has none.
fn allows_are_valid(contract: &Contract, allows: &[Allow], own: Option<Recipient>) -> bool {
    allows.iter().all(|allow| {
        let mut recipients = allow.recipients.iter();
        let shape = match allow.shape {
            Shape::Aggregate(k) => (1..=MAX_GROUP).contains(&k),
            Shape::PerOwner => allow.recipients.iter().all(|r| Some(*r) == own),
            Shape::Member | Shape::Bit | Shape::Any => true,
        };
        shape && !allow.recipients.is_empty() && recipients.all(|r| exists(contract, *r))
    })
}

/// What everyone sees mixes at least three rows, or two where two people are enough: from an aggregate of two, each of
/// them can work out the other's row.
fn mixes_enough(contract: &Contract, allows: &[Allow], provider: Option<Provider>) -> bool {
    let groups = &contract.groups;
    let fewest = match provider {
        Some(Provider::Each(group)) => groups.get(usize::from(group)).map(|group| group.min),
        _ => groups.iter().map(|group| group.min).min(),
    };
    let parties = u32::try_from(contract.parties.len()).unwrap_or(u32::MAX);
    let least = fewest.unwrap_or(parties).clamp(2, 3);
    allows.iter().all(|allow| match allow.shape {
        Shape::Aggregate(k) => k >= least || !allow.recipients.contains(&Recipient::Public),
        _ => true,
    })
}

pub(super) fn exists(contract: &Contract, recipient: Recipient) -> bool {
    match recipient {
        Recipient::EachOf(group) => usize::from(group) < contract.groups.len(),
        Recipient::OwnerOf(collection) => usize::from(collection) < contract.collections.len(),
        Recipient::Party(party) => usize::from(party) < contract.parties.len(),
        Recipient::Caller | Recipient::Public => true,
    }
}
