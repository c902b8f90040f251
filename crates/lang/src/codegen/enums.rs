//! Enumerations of a compiled contract: those that its columns are of, in the order in which columns need them. So neither
//! where one is declared nor what else is declared makes a difference.

use std::collections::{BTreeMap, BTreeSet};

use enigma_bytecode::model::{Column, Contract, Kind};

use crate::code::Code;
use crate::diagnostic::Diagnostic;
use crate::hir::Hir;

/// Leaves out enumerations that no column is of, and numbers the others by their first column.
pub(super) fn keep_used(contract: &mut Contract) {
    let mut places: BTreeMap<u16, u16> = BTreeMap::new();
    let mut kept = Vec::new();
    let columns = (contract.collections.iter_mut().map(|c| &mut c.columns))
        .chain(contract.slots.iter_mut().map(|slot| &mut slot.columns))
        .chain(
            (contract.entries.iter_mut())
                .flat_map(|entry| entry.params.iter_mut().map(|param| &mut param.columns)),
        )
        .chain(contract.manifest.iter_mut().map(|line| &mut line.columns))
        .flatten();
    for Column { kind, .. } in columns {
        let Kind::Enum(index) = kind else { continue };
        let place = *places.entry(*index).or_insert_with(|| {
            kept.push(*index);
            // No more than there were.
            (kept.len() - 1) as u16
        });
        *index = place;
    }
    let all = std::mem::take(&mut contract.enums);
    let named = kept
        .into_iter()
        .filter_map(|index| all.get(usize::from(index)).cloned());
    contract.enums = named.collect();
}

/// Clients know enumerations by their names alone, so two of different files cannot have one name.
pub(super) fn check_names(hir: &Hir, contract: &Contract) -> Result<(), Box<Diagnostic>> {
    let mut seen = BTreeSet::new();
    let mut names = contract.enums.iter().map(|one| &one.name);
    let Some(name) = names.find(|name| !seen.insert(*name)) else {
        return Ok(());
    };
    let mut places = hir.enums.iter().filter(|one| one.name == *name);
    let first = places.next().map_or(Default::default(), |one| one.span);
    let second = places.next().map_or(first, |one| one.span);
    let message = format!("two enumerations of this contract are called `{name}`");
    let diagnostic = Diagnostic::error(Code::E0202, second, message)
        .because("both are in what is given or shown, where clients see their names")
        .also(first, "the other one")
        .help("give one of them another name; `as` only changes what a file calls it");
    Err(Box::new(diagnostic))
}
