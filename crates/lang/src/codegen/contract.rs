//! Declarations: groups, collections, slots, policy, and the manifest that the entries fill.

use std::collections::BTreeSet;

use enigma_bytecode::interval::MAGNITUDE_LIMIT;
use enigma_bytecode::model::{Column, Kind};
use enigma_bytecode::plan::noise_reach;
use enigma_bytecode::{model, ranges, release, verify};

use super::columns::{self, Side};
use super::statement::Execution;
use super::{Done, Stop, enums, index, not_built, not_supported, prune, stop};
use crate::Checked;
use crate::diagnostic::Diagnostic;
use crate::flow::STORED_LIMIT;
use crate::hir::visit::in_entry;
use crate::hir::{
    Allow, AllowShape, Block, Entry, ExprKind, Group, Hir, Param, Predicate, Provider, Recipient,
    Role, Rows, Slot, Store,
};
use crate::interpret;
use crate::span::Span;
use crate::value::Value;

/// The compiled contract, which the verifier has not seen yet.
///
/// # Errors
/// What cannot be built, each at its place: warnings, and errors where a limit is passed.
pub(crate) fn generate(checked: &Checked) -> Result<model::Contract, Vec<Diagnostic>> {
    let hir = &checked.hir;
    let mut problems = Problems::default();
    let profile = profile(checked);
    let limit = limit(profile);
    keys(hir, &mut problems);
    let mut collections = Vec::new();
    for index in 0..hir.collections.len() {
        collections.extend(problems.of(collection(checked, index, limit)));
    }
    let mut slots = Vec::new();
    for (_, declared) in columns::slots(hir).filter(|(_, slot)| !slot.is_key()) {
        slots.extend(problems.of(slot(checked, declared, limit)));
    }
    let mut groups = Vec::new();
    for group in &hir.groups {
        groups.extend(problems.of(self::group(checked, group, limit)));
    }
    let mut manifest = Vec::new();
    let mut entries = Vec::new();
    if problems.0.is_empty() {
        for (index, entry) in hir.entries.iter().enumerate() {
            let made = self::entry(checked, index, entry, limit, &mut manifest);
            if let Err(Stop::TooLong) = made {
                let what = "so long an entry, with its loops and lists written out";
                let problem = not_built(entry.span, what);
                let help = "an entry has at most 65_536 registers: shorten its loops, or use functions of whole vectors";
                (problems.0).push(problem.help(help));
            }
            entries.extend(problems.of(made));
        }
    }
    if !problems.0.is_empty() {
        return Err(problems.0);
    }
    let enums = hir.enums.iter().map(|declared| model::Enum {
        name: declared.name.clone(),
        variants: declared.variants.clone(),
    });
    let mut contract = model::Contract {
        name: hir.name.clone(),
        version: hir.version,
        profile,
        groups,
        parties: hir.parties.iter().map(|party| party.name.clone()).collect(),
        enums: enums.collect(),
        collections,
        slots,
        budget: hir.budget.as_ref().map(|budget| model::Budget {
            epsilon_total: budget.epsilon_total,
            delta_total: budget.delta_total,
            runs_per_input: budget.runs_per_input,
        }),
        manifest,
        entries,
    };
    enums::keep_used(&mut contract);
    enums::check_names(hir, &contract).map_err(|problem| vec![*problem])?;
    name_ranges(&mut contract);
    name_sources(&mut contract);
    Ok(contract)
}

/// Keys, and what is done with them.
fn keys(hir: &Hir, problems: &mut Problems) {
    for (_, slot) in columns::slots(hir).filter(|(_, slot)| slot.is_key()) {
        problems.0.push(not_supported(slot.span, "a key"));
    }
    for entry in &hir.entries {
        in_entry(entry, &mut |expr| match &expr.kind {
            ExprKind::Call(builtin, _) if builtin.is_of_keys() => {
                let what = format!("`{}`", builtin.name());
                problems.0.push(not_supported(expr.span, &what));
            }
            _ => {}
        });
    }
}

/// What could not be built so far.
#[derive(Default)]
struct Problems(Vec<Diagnostic>);

impl Problems {
    fn of<T>(&mut self, made: Done<T>) -> Option<T> {
        match made {
            Ok(made) => Some(made),
            Err(Stop::NotBuilt(diagnostic)) => {
                self.0.push(diagnostic);
                None
            }
            Err(Stop::TooLong) => None,
        }
    }
}

/// The small field where all numbers fit, which is faster, else the large one. Products of numbers with a point
/// go beyond their magnitude.
fn profile(checked: &Checked) -> model::Profile {
    let mut facts = checked.facts.entries.iter().chain(&checked.facts.checks);
    let small =
        facts.all(|entry| entry.magnitude < i128::from(MAGNITUDE_LIMIT) && !entry.scaled_products);
    if small {
        model::Profile::ShamirM61V1
    } else {
        model::Profile::ShamirM127V1
    }
}

fn limit(profile: model::Profile) -> i128 {
    match profile {
        model::Profile::ShamirM61V1 => MAGNITUDE_LIMIT.into(),
        model::Profile::ShamirM127V1 => 1 << 63,
    }
}

/// Writes the ranges into the manifest that nodes derive for what is shown. What is opened is read by what comes
/// behind, so lines are settled one after the other.
fn name_ranges(contract: &mut model::Contract) {
    for index in 0..contract.entries.len() {
        for _ in 0..=contract.manifest.len() {
            let Ok(ranges) = ranges::declared(contract, index) else {
                break;
            };
            let outs: Vec<(usize, Vec<model::S>)> = (contract.entries[index].code.iter())
                .filter_map(|op| match op {
                    model::Op::Out { reveal, values, .. } => {
                        Some((usize::from(*reveal), values.clone()))
                    }
                    _ => None,
                })
                .collect();
            let before = contract.manifest.clone();
            for (line, values) in outs {
                let Some(reveal) = contract.manifest.get_mut(line) else {
                    continue;
                };
                let noise = reveal.noise.map(|noise| noise.values);
                let reach = noise.map_or(Some(0), noise_reach).unwrap_or(0);
                for (column, value) in reveal.columns.iter_mut().zip(values) {
                    let shown = ranges.secret(value).map(|value| value.interval);
                    let (Some(shown), Kind::Integer | Kind::Fixed(_)) = (shown, column.kind) else {
                        continue;
                    };
                    column.low = shown.low.saturating_sub(reach);
                    column.high = shown.high.saturating_add(reach);
                    if reveal.hidden_below.is_some() {
                        // What is hidden is zero.
                        (column.low, column.high) = (column.low.min(0), column.high.max(0));
                    }
                }
            }
            if contract.manifest == before {
                break;
            }
        }
    }
}

/// Writes the sources into the manifest that nodes find in the code. They are those of the source, unless code
/// computes with what makes no difference. What the owners do not allow stays as it is: the
/// verifier refuses it.
fn name_sources(contract: &mut model::Contract) {
    for (line, sources) in release::derived(contract) {
        if let Some(reveal) = contract.manifest.get_mut(line) {
            reveal.sources = sources;
        }
    }
}

/// A group, with its condition as an entry's code: what everyone knows, of who calls.
fn group(checked: &Checked, group: &Group, limit: i128) -> Done<model::Group> {
    let admit = group.admit.as_ref().map(|admit| {
        let write = |execution: &mut Execution<'_>| execution.condition(admit);
        predicate(checked, (admit, &group.name, group.span), limit, write)
    });
    let admit: Option<Vec<model::Op>> = admit.transpose()?;
    let steps = admit.as_deref().map_or(0, verify::condition_steps);
    if steps.saturating_mul(group.max.into()) > verify::MAX_MEMBER_STEPS {
        return stop(group.span, "so long a condition for so many members");
    }
    Ok(model::Group {
        name: group.name.clone(),
        min: group.min,
        max: group.max,
        admit,
    })
}

fn entry(
    checked: &Checked,
    index: usize,
    entry: &Entry,
    limit: i128,
    manifest: &mut Vec<model::Reveal>,
) -> Done<model::Entry> {
    let by = entry.by.map(|role| match role {
        Role::Party(party) => super::index(party).map(model::Role::Party),
        Role::Member(group) => super::index(group).map(model::Role::Member),
    });
    let params = entry.params.iter();
    let params = params.map(|param| self::param(param, entry, &checked.hir, limit));
    let params = params.collect::<Done<_>>()?;
    let lines = manifest.len();
    let mut code = self::code(checked, (index, entry), limit, manifest, &BTreeSet::new())?;
    let unread = unread(&code, manifest.get(lines..), checked, entry);
    if !unread.is_empty() {
        manifest.truncate(lines);
        code = self::code(checked, (index, entry), limit, manifest, &unread)?;
    }
    Ok(model::Entry {
        name: entry.name.clone(),
        by: by.transpose()?,
        params,
        code,
    })
}

fn code(
    checked: &Checked,
    entry: (usize, &Entry),
    limit: i128,
    manifest: &mut Vec<model::Reveal>,
    counted: &BTreeSet<usize>,
) -> Done<Vec<model::Op>> {
    let mut execution = Execution::new(checked, entry, limit, manifest);
    execution.entry(counted)?;
    Ok(prune::needed(execution.into_code()))
}

/// Collections that the entry uses in the source and not in its code: nothing that counts is made of them, but who
/// gives to them contributes to the call, and too few refuse it.
fn unread(
    code: &[model::Op],
    lines: Option<&[model::Reveal]>,
    checked: &Checked,
    entry: &Entry,
) -> BTreeSet<usize> {
    let guards = lines
        .unwrap_or_default()
        .iter()
        .flat_map(|line| &line.min_groups);
    let read = code.iter().filter_map(|op| match op {
        model::Op::Input { collection, .. } | model::Op::Rows { collection, .. } => {
            Some(*collection)
        }
        _ => None,
    });
    let read = read.chain(guards.map(|(collection, _)| *collection));
    let read: BTreeSet<usize> = read.map(usize::from).collect();
    let used = interpret::collections_used(&checked.hir, entry);
    used.difference(&read).copied().collect()
}

fn param(param: &Param, entry: &Entry, hir: &Hir, limit: i128) -> Done<model::Param> {
    let Some(local) = entry.locals.get(param.local.0 as usize) else {
        return stop(entry.span, "this parameter");
    };
    let side = if param.private {
        Side::Secret
    } else {
        Side::Public
    };
    match columns::columns(&local.ty, param.range, side, hir, limit) {
        Ok(columns) => Ok(model::Param {
            name: local.name.clone(),
            private: param.private,
            columns,
        }),
        Err(what) => stop(local.span, &what),
    }
}

fn collection(checked: &Checked, index: usize, limit: i128) -> Done<model::Collection> {
    let hir = &checked.hir;
    let collection = &hir.collections[index];
    let columns = columns::columns(&collection.row, collection.range, Side::Secret, hir, limit);
    let columns = match columns {
        Ok(columns) => columns,
        Err(what) => return stop(collection.span, &what),
    };
    Ok(model::Collection {
        name: collection.name.clone(),
        provider: match collection.provider {
            Provider::Each(group) => model::Provider::Each(super::index(group)?),
            Provider::Party(party) => model::Provider::Party(super::index(party)?),
        },
        rows: match collection.rows {
            Rows::One => model::RowCount::One,
            Rows::UpTo(rows) => model::RowCount::UpTo(rows),
        },
        columns,
        allows: allows(&collection.allows)?,
        check: match &collection.check {
            Some(check) => {
                let write = |execution: &mut Execution<'_>| execution.row_check(check, index);
                Some(predicate(
                    checked,
                    (check, &collection.name, collection.span),
                    limit,
                    write,
                )?)
            }
            None => None,
        },
    })
}

/// The code of a declaration's condition.
fn predicate(
    checked: &Checked,
    (condition, name, span): (&Predicate, &str, Span),
    limit: i128,
    write: impl FnOnce(&mut Execution<'_>) -> Done<()>,
) -> Done<Vec<model::Op>> {
    let entry = Entry {
        name: name.to_owned(),
        params: Vec::new(),
        by: None,
        when: None,
        pays: None,
        locals: condition.locals.clone(),
        body: Block::default(),
        span,
    };
    let mut manifest = Vec::new();
    let mut execution = Execution::new(checked, (usize::MAX, &entry), limit, &mut manifest);
    write(&mut execution)?;
    Ok(prune::needed(execution.into_code()))
}

fn slot(checked: &Checked, slot: &Slot, limit: i128) -> Done<model::Slot> {
    let hir = &checked.hir;
    let (store, side) = match slot.store {
        Store::Ledger => (model::Store::Ledger, Side::Public),
        Store::Mpc => (model::Store::Secret, Side::Secret),
        Store::Dht => (model::Store::Dht, Side::Public),
    };
    let access = slot.access.as_ref().map(|access| {
        let write = |execution: &mut Execution<'_>| execution.condition(access);
        predicate(checked, (access, &slot.name, slot.span), limit, write)
    });
    let access: Option<Vec<model::Op>> = access.transpose()?;
    let steps = access.as_deref().map_or(0, verify::condition_steps);
    if steps > verify::MAX_ACCESS_STEPS {
        return stop(slot.span, "so long a condition on who may read");
    }
    let most = match slot.store {
        Store::Mpc => limit.min(STORED_LIMIT),
        Store::Ledger | Store::Dht => limit,
    };
    let columns: Vec<Column> = match columns::columns(&slot.ty, None, side, hir, most) {
        Ok(columns) => columns,
        Err(what) => return stop(slot.span, &what),
    };
    let initial = Value::constant(&slot.initial, &slot.ty, hir)
        .and_then(|value| columns::of_value(&value, &slot.ty, side, hir))
        .filter(|initial| initial.len() == columns.len());
    let Some(initial) = initial else {
        return stop(slot.span, "what is in this slot at first");
    };
    Ok(model::Slot {
        name: slot.name.clone(),
        store,
        key: slot
            .key
            .as_ref()
            .map(|key| key_column(key, slot, hir, limit))
            .transpose()?,
        accumulator: slot.accumulator,
        columns,
        initial,
        allows: allows(&slot.allows)?,
        access,
    })
}

/// What keys of a map are: one public value.
fn key_column(key: &crate::hir::Type, slot: &Slot, hir: &Hir, limit: i128) -> Done<Column> {
    let columns = columns::columns(key, None, Side::Public, hir, limit);
    match columns.as_deref() {
        Ok([column]) => Ok(column.clone()),
        _ => stop(slot.span, "keys like these"),
    }
}

fn allows(allows: &[Allow]) -> Done<Vec<model::Allow>> {
    let allow = |allow: &Allow| {
        let recipients = allow.recipients.iter().map(|(who, _)| recipient(*who));
        // An allow names each recipient once.
        let recipients: BTreeSet<model::Recipient> = recipients.collect::<Done<_>>()?;
        Ok(model::Allow {
            shape: shape(allow.shape),
            recipients: recipients.into_iter().collect(),
        })
    };
    allows.iter().map(allow).collect()
}

/// What an owner allows.
pub(super) fn shape(allowed: AllowShape) -> model::Shape {
    match allowed {
        AllowShape::Aggregate(k) => model::Shape::Aggregate(k),
        AllowShape::PerOwner => model::Shape::PerOwner,
        AllowShape::Any => model::Shape::Any,
        AllowShape::Member => model::Shape::Member,
        AllowShape::Bit => model::Shape::Bit,
    }
}

/// Who gets a value.
pub(super) fn recipient(who: Recipient) -> Done<model::Recipient> {
    Ok(match who {
        Recipient::EachOf(group) => model::Recipient::EachOf(index(group)?),
        Recipient::OwnerOf(collection) => model::Recipient::OwnerOf(index(collection)?),
        Recipient::Party(party) => model::Recipient::Party(index(party)?),
        Recipient::Caller => model::Recipient::Caller,
        Recipient::Public => model::Recipient::Public,
    })
}
