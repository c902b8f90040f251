//! Declarations: groups, collections, policy, and the manifest that the entries fill.

use enigma_bytecode::interval::Wide;
use enigma_bytecode::{model, ranges, release};

use super::statement::Execution;
use super::{Stop, not_built, prune};
use crate::Checked;
use crate::code::Code;
use crate::diagnostic::Diagnostic;
use crate::hir::{AllowShape, Collection, Entry, Hir, Provider, Recipient, Rows, Type};
use crate::span::Span;

/// The compiled contract, which the verifier has not seen yet.
///
/// # Errors
/// What cannot be built, each at its place: warnings, and errors where a limit is passed.
pub(crate) fn generate(checked: &Checked) -> Result<model::Contract, Vec<Diagnostic>> {
    let hir = &checked.hir;
    let mut problems = Vec::new();
    declarations(hir, &mut problems);
    let collections: Vec<Option<model::Collection>> = (hir.collections.iter())
        .map(|collection| self::collection(collection, &mut problems))
        .collect();
    if !problems.is_empty() {
        return Err(problems);
    }
    let mut manifest = Vec::new();
    let mut entries = Vec::new();
    for (index, entry) in hir.entries.iter().enumerate() {
        match self::entry(checked, index, entry, &mut manifest) {
            Ok(entry) => entries.push(entry),
            Err(Stop::NotBuilt(diagnostic)) => problems.push(diagnostic),
            Err(Stop::TooLong) => {
                let message = "an entry needs more than 65_536 registers";
                problems.push(Diagnostic::error(Code::E0601, entry.span, message));
            }
        }
    }
    if !problems.is_empty() {
        return Err(problems);
    }
    let mut contract = model::Contract {
        name: hir.name.clone(),
        version: hir.version,
        profile: model::Profile::ShamirM61V1,
        groups: (hir.groups.iter())
            .map(|group| model::Group {
                name: group.name.clone(),
                min: group.min,
                max: group.max,
            })
            .collect(),
        parties: hir.parties.iter().map(|party| party.name.clone()).collect(),
        collections: collections.into_iter().flatten().collect(),
        manifest,
        entries,
    };
    name_sources(&mut contract);
    Ok(contract)
}

/// Writes the sources into the manifest that nodes find in the code. They are those of the source, unless code
/// computes with what makes no difference. What the owners do not allow stays as it is: the
/// verifier refuses it.
fn name_sources(contract: &mut model::Contract) {
    for index in 0..contract.entries.len() {
        let Ok(ranges) = ranges::declared(contract, index) else {
            return;
        };
        let entry = &contract.entries[index];
        let flow = release::flow(entry, &ranges);
        let outs = entry.code.iter().filter_map(|op| match *op {
            model::Op::Out { reveal, src } => Some((usize::from(reveal), usize::from(src.0))),
            _ => None,
        });
        for (line, register) in outs.collect::<Vec<_>>() {
            let (Some(sources), Some(reveal)) = (flow.get(register), contract.manifest.get(line))
            else {
                continue;
            };
            let released = sources.iter().map(|(&source, mixes)| {
                let shape = release::release(contract, source, mixes, reveal.recipient)?;
                Some((source, shape))
            });
            if let Some(released) = released.collect::<Option<Vec<_>>>() {
                contract.manifest[line].sources = released;
            }
        }
    }
}

fn declarations(hir: &Hir, problems: &mut Vec<Diagnostic>) {
    for group in hir.groups.iter().filter(|group| group.admit.is_some()) {
        problems.push(not_built(group.span, "`admit`"));
    }
    // Once: who stores something stores more.
    if let Some(slot) = hir.slots.first() {
        problems.push(not_built(slot.span, "stored state"));
    }
    if let Some(budget) = &hir.budget {
        problems.push(not_built(budget.span, "a privacy budget"));
    }
}

fn entry(
    checked: &Checked,
    index: usize,
    entry: &Entry,
    manifest: &mut Vec<model::Reveal>,
) -> Result<model::Entry, Stop> {
    let conditions = [
        ("a parameter of an entry", !entry.params.is_empty()),
        ("`by`", entry.by.is_some()),
        ("`when`", entry.when.is_some()),
        ("`pays`", entry.pays.is_some()),
    ];
    if let Some((what, _)) = conditions.into_iter().find(|(_, used)| *used) {
        return Err(Stop::NotBuilt(not_built(entry.span, what)));
    }
    let mut execution = Execution::new(checked, index, entry, manifest);
    execution.entry()?;
    Ok(model::Entry {
        name: entry.name.clone(),
        code: prune::needed(&execution.into_code()),
    })
}

fn collection(
    collection: &Collection,
    problems: &mut Vec<Diagnostic>,
) -> Option<model::Collection> {
    let Provider::Each(group) = collection.provider else {
        problems.push(not_built(collection.span, "values from one party"));
        return None;
    };
    if collection.rows != Rows::One {
        problems.push(not_built(collection.span, "several rows from one giver"));
        return None;
    }
    if collection.check.is_some() {
        problems.push(not_built(collection.span, "`check`"));
        return None;
    }
    let (kind, whole) = match &collection.row {
        Type::Bool => (model::Kind::Bool, Wide { low: 0, high: 1 }),
        Type::Int(int) => (model::Kind::Integer, int.range()),
        _ => {
            let what = "rows that are not numbers or truth values";
            problems.push(not_built(collection.span, what));
            return None;
        }
    };
    let Some(range) = collection.range.unwrap_or(whole).narrow() else {
        let what = "the whole range of this type";
        problems.push(not_built(collection.span, what).help("add a `range`, as narrow as you can"));
        return None;
    };
    let allows = (collection.allows.iter()).filter_map(|allow| {
        let Some(shape) = shape(allow.shape) else {
            problems.push(not_built(allow.span, "`allow bit`"));
            return None;
        };
        let recipients = (allow.recipients.iter())
            .filter_map(|&(who, span)| match recipient(who, span) {
                Ok(recipient) => Some(recipient),
                Err(problem) => {
                    problems.push(problem);
                    None
                }
            })
            .collect();
        Some(model::Allow { shape, recipients })
    });
    let allows = allows.collect();
    Some(model::Collection {
        name: collection.name.clone(),
        group: number(group)?,
        kind,
        low: range.low,
        high: range.high,
        allows,
    })
}

/// What an owner allows, as far as bytecode can say it.
pub(super) fn shape(allowed: AllowShape) -> Option<model::Shape> {
    match allowed {
        AllowShape::Aggregate(k) => Some(model::Shape::Aggregate(k)),
        AllowShape::PerOwner => Some(model::Shape::PerOwner),
        AllowShape::Any => Some(model::Shape::Any),
        AllowShape::Member => Some(model::Shape::Member),
        AllowShape::Bit => None,
    }
}

/// Who gets a value, as far as bytecode can say it.
pub(super) fn recipient(who: Recipient, span: Span) -> Result<model::Recipient, Diagnostic> {
    let known = match who {
        Recipient::EachOf(group) => number(group).map(model::Recipient::EachOf),
        Recipient::OwnerOf(collection) => number(collection).map(model::Recipient::OwnerOf),
        Recipient::Party(party) => number(party).map(model::Recipient::Party),
        Recipient::Public | Recipient::Caller => None,
    };
    known.ok_or_else(|| {
        not_built(span, "this recipient")
            .help("in this version values go `to each GROUP`, `to owner(COLLECTION)` or to a party")
    })
}

/// Declarations are numbered with 16 bits; there are far fewer of each.
pub(super) fn number(index: usize) -> Option<u16> {
    u16::try_from(index).ok()
}
