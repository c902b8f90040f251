//! A compiled contract as text, for people who want to see what runs.

mod operation;

use std::fmt::{self, Write};

use crate::interface::{Names, hex, millionths, profile, shape, trillionths};
use crate::model::{Allow, Column, Contract, Entry, Kind, Known, Op, Role, RowCount, Slot, Store};

/// One line per declaration and operation; what depends on a condition or is done for each member is
/// indented.
#[must_use]
pub fn disassemble(contract: &Contract) -> String {
    let mut out = String::new();
    // Writing to a string cannot fail.
    let written = listing(Names(contract), &mut out);
    debug_assert!(written.is_ok());
    out
}

fn listing(names: Names<'_>, out: &mut String) -> fmt::Result {
    let contract = names.0;
    writeln!(
        out,
        "contract {} version {} for {}",
        contract.name,
        contract.version,
        profile(contract.profile)
    )?;
    for (i, group) in contract.groups.iter().enumerate() {
        let (name, min, max) = (&group.name, group.min, group.max);
        writeln!(out, "group {i} {name} min {min} max {max}")?;
        for op in group.admit.iter().flatten() {
            // What a condition says is of no entry.
            writeln!(out, "  {}", operation::text(names, usize::MAX, op))?;
        }
    }
    for (i, party) in contract.parties.iter().enumerate() {
        writeln!(out, "party {i} {party}")?;
    }
    for (i, one) in contract.enums.iter().enumerate() {
        writeln!(out, "enum {i} {} {}", one.name, one.variants.join(", "))?;
    }
    for (i, collection) in contract.collections.iter().enumerate() {
        let from = names.provider(collection.provider);
        write!(out, "collection {i} {} from {from}", collection.name)?;
        if let RowCount::UpTo(most) = collection.rows {
            write!(out, " max_rows {most}")?;
        }
        writeln!(out)?;
        columns(names, &collection.columns, "  ", out)?;
        allows(names, &collection.allows, out)?;
        for op in collection.check.iter().flatten() {
            writeln!(out, "  {}", operation::text(names, usize::MAX, op))?;
        }
    }
    for (i, one) in contract.slots.iter().enumerate() {
        slot(names, i, one, out)?;
    }
    if let Some(budget) = contract.budget {
        if let Some(epsilon) = budget.epsilon_total {
            writeln!(out, "budget epsilon_total {}", millionths(epsilon))?;
        }
        if let Some(delta) = budget.delta_total {
            writeln!(out, "budget delta_total {}", trillionths(delta))?;
        }
        if let Some(runs) = budget.runs_per_input {
            writeln!(out, "budget runs_per_input {runs}")?;
        }
    }
    let mut entries = contract.entries.iter().enumerate();
    entries.try_for_each(|(i, one)| entry(names, i, one, out))
}

fn columns(names: Names<'_>, columns: &[Column], indent: &str, out: &mut String) -> fmt::Result {
    for column in columns {
        write!(out, "{indent}column")?;
        if !column.name.is_empty() {
            write!(out, " {}", column.name)?;
        }
        write!(out, ": {}", names.kind(column.kind))?;
        match column.kind {
            Kind::Bool | Kind::Bytes(_) | Kind::Account => writeln!(out)?,
            _ => writeln!(out, " {}..={}", column.low, column.high)?,
        }
    }
    Ok(())
}

fn allows(names: Names<'_>, allows: &[Allow], out: &mut String) -> fmt::Result {
    allows.iter().try_for_each(|allow| {
        let to = names.recipients(&allow.recipients);
        writeln!(out, "  allow {} to {to}", shape(allow.shape))
    })
}

fn slot(names: Names<'_>, index: usize, slot: &Slot, out: &mut String) -> fmt::Result {
    let store = match slot.store {
        Store::Ledger => "ledger",
        Store::Secret => "secret",
        Store::Dht => "dht",
    };
    let keyed = if slot.key.is_some() { " map" } else { "" };
    let accumulator = if slot.accumulator { " accumulator" } else { "" };
    let initial: Vec<String> = slot.initial.iter().map(known).collect();
    let initial = initial.join(", ");
    writeln!(
        out,
        "slot {index} {store}.{}{keyed}{accumulator} = {initial}",
        slot.name
    )?;
    columns(names, &slot.columns, "  ", out)?;
    allows(names, &slot.allows, out)?;
    for op in slot.access.iter().flatten() {
        writeln!(out, "  {}", operation::text(names, usize::MAX, op))?;
    }
    Ok(())
}

fn known(value: &Known) -> String {
    match value {
        Known::Number(value) => value.to_string(),
        Known::Bytes(bytes) => hex(bytes),
    }
}

fn entry(names: Names<'_>, index: usize, entry: &Entry, out: &mut String) -> fmt::Result {
    write!(out, "entry {}", entry.name)?;
    match entry.by {
        Some(Role::Party(party)) => writeln!(out, " by {}", names.party(party))?,
        Some(Role::Member(group)) => writeln!(out, " by {}", names.group(group))?,
        None => writeln!(out)?,
    }
    for param in &entry.params {
        let private = if param.private { "private" } else { "public" };
        writeln!(out, "  param {private} {}", param.name)?;
        columns(names, &param.columns, "    ", out)?;
    }
    let mut depth = 1_usize;
    for op in &entry.code {
        if matches!(op, Op::Else | Op::End) {
            depth = depth.saturating_sub(1).max(1);
        }
        let indent = 2 * depth.min(MAX_DEPTH);
        let text = operation::text(names, index, op);
        writeln!(out, "{:indent$}{text}", "")?;
        if matches!(op, Op::If { .. } | Op::EachMember { .. } | Op::Else) {
            depth += 1;
        }
    }
    Ok(())
}

/// Deeper nesting is indented no further: a listing is not much longer than its code.
const MAX_DEPTH: usize = 64;
